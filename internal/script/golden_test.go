package script

import (
	"bytes"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"berth/internal/resp"
)

var (
	rewrite = flag.Bool("rewrite", false, "let the server at -redis say what scripts reply")
	oracle  = flag.String("redis", "", "the address of a redis-server 7.2; random programs do with the system's")
)

var shaName = regexp.MustCompile("[0-9a-f]{40}")

// TestGolden runs the scripts of testdata/golden: a body, "----" and the reply that Redis gives. Cases are divided by empty lines.
// A line "! reply" below it is what this engine replies instead: a difference that is known.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { golden(t, file) })
	}
}

func golden(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	e := New(&fakeHost{}, "7.2.6")
	for _, block := range strings.Split(strings.TrimSpace(string(text)), "\n\n") {
		body, want, _ := strings.Cut(block, "\n----\n")
		want, differs, _ := strings.Cut(want, "\n! ")
		got := shaName.ReplaceAllString(evalOn(e, body, "k"), "SHA")
		if *rewrite {
			want = askRedis(t, body)
			fmt.Fprintf(&out, "%s\n----\n%s\n", body, want)
			if differs != "" && got == differs {
				fmt.Fprintf(&out, "! %s\n", differs)
			}
			out.WriteByte('\n')
		}
		if differs != "" {
			want = differs
		}
		if got != want {
			t.Errorf("%s\n\tgot  %s\n\twant %s", body, got, want)
		}
	}
	if *rewrite {
		if err := os.WriteFile(file, []byte(strings.TrimSuffix(out.String(), "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// askRedis runs a body on the real server, in RESP3.
func askRedis(t *testing.T, body string) string {
	t.Helper()
	c, err := net.DialTimeout("tcp", *oracle, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	send := func(args ...string) resp.Reply {
		b := resp.AppendArray(nil, len(args))
		for _, arg := range args {
			b = resp.AppendBulk(b, []byte(arg))
		}
		if _, err := c.Write(b); err != nil {
			t.Fatal(err)
		}
		var in []byte
		for buf := make([]byte, 1<<16); ; {
			n, err := c.Read(buf)
			if err != nil {
				t.Fatalf("%s: %v", body, err)
			}
			in = append(in, buf[:n]...)
			if r, _, err := resp.ParseReply(in); err == nil {
				return r
			}
		}
	}
	send("HELLO", "3")
	r := send("EVAL", body, "1", "k", "one", "two")
	out := &sink{}
	render(out, &r)
	return shaName.ReplaceAllString(strings.TrimSuffix(out.b.String(), " "), "SHA")
}

func render(out *sink, r *resp.Reply) {
	switch r.Kind {
	case resp.KindStatus:
		out.WriteStatus(string(r.Str))
	case resp.KindError:
		out.WriteError(string(r.Str))
	case resp.KindInt:
		out.WriteInt(r.Int)
	case resp.KindBulk:
		out.WriteBulk(r.Str)
	case resp.KindBool:
		out.WriteBool(r.Bool())
	case resp.KindDouble:
		out.WriteDouble(r.Double)
	case resp.KindBigNumber:
		out.WriteBigNumber(string(r.Str))
	case resp.KindVerbatim:
		out.WriteVerbatim(r.Format, bytes.Clone(r.Str))
	case resp.KindArray:
		out.WriteArray(r.Len)
		for i := range r.Len {
			render(out, r.Elem(i))
		}
	case resp.KindSet:
		out.WriteSet(r.Len)
		for i := range r.Len {
			render(out, r.Elem(i))
		}
	case resp.KindMap:
		out.WriteMap(r.Len)
		for i := range r.Len {
			k, v := r.Pair(i)
			render(out, k)
			render(out, v)
		}
	default:
		out.WriteNull()
	}
}
