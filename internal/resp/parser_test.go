package resp

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	tidwall "github.com/tidwall/resp"
)

// parseAll reads every request in data, given to the parser in pieces. Each
// time the bytes are somewhere else, as in a server whose buffers move.
func parseAll(data []byte, piece int, lim *Limits) (out []string, err error) {
	p := Parser{Limits: lim}
	var buf []byte
	for len(data) > 0 {
		n := min(piece, len(data))
		buf = append(bytes.Clone(buf), data[:n]...)
		data = data[n:]
		for len(buf) > 0 {
			argv, used, err := p.Next(buf)
			if err != nil {
				return out, err
			}
			if used == 0 {
				break
			}
			if len(argv) > 0 {
				out = append(out, fmt.Sprintf("%q", argv))
			}
			buf = buf[used:]
		}
	}
	return out, nil
}

func TestParserCutAnywhere(t *testing.T) {
	const input = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\na\r\nbc\r\n" +
		"\r\nPING\r\n\n*0\r\n*-1\r\nset \"a\\x41\\n\" 'it\\'s'\r\n" +
		"*2\r\n$0\r\n\r\n$12\r\nhello\r\nworld\r\n*1\r\n$4\r\nPING\r\nECHO hi\n"
	want := []string{`["SET" "k" "a\r\nbc"]`, `["PING"]`, `["set" "aA\n" "it's"]`,
		`["" "hello\r\nworld"]`, `["PING"]`, `["ECHO" "hi"]`}
	for piece := 1; piece <= len(input); piece++ {
		got, err := parseAll([]byte(input), piece, nil)
		if err != nil || strings.Join(got, "~") != strings.Join(want, "~") {
			t.Fatalf("in pieces of %d: %s, %v", piece, got, err)
		}
	}
	// Cut in two at every place, too.
	for at := range input {
		var p Parser
		var got []string
		rest := []byte(input[:at])
		for _, more := range []string{"", input[at:]} {
			rest = append(bytes.Clone(rest), more...)
			for len(rest) > 0 {
				argv, used, err := p.Next(rest)
				if err != nil {
					t.Fatalf("cut at %d: %v", at, err)
				}
				if used == 0 {
					break
				}
				if len(argv) > 0 {
					got = append(got, fmt.Sprintf("%q", argv))
				}
				rest = rest[used:]
			}
		}
		if strings.Join(got, "~") != strings.Join(want, "~") {
			t.Fatalf("cut at %d: %s", at, got)
		}
	}
}

func TestParserErrors(t *testing.T) {
	strict := &Limits{MaxBulk: StrictMaxBulk, MaxArgs: StrictMaxArgs, Strict: true}
	small := &Limits{MaxBulk: 100, MaxArgs: DefaultMaxArgs}
	long := strings.Repeat("1", MaxInline+1)
	for _, tc := range []struct {
		in, want string
		lim      *Limits
	}{
		{"*x\r\n", "Protocol error: invalid multibulk length", nil},
		{"*01\r\n", "Protocol error: invalid multibulk length", nil},
		{"*+1\r\n", "Protocol error: invalid multibulk length", nil},
		{"*1048577\r\n", "Protocol error: invalid multibulk length", nil},
		{"*99999999999999999999\r\n", "Protocol error: invalid multibulk length", nil},
		{"*1\r\n:5\r\n", "Protocol error: expected '$', got ':'", nil},
		{"*2\r\n$1\r\na\r\nxyz\r\n", "Protocol error: expected '$', got 'x'", nil},
		{"*1\r\n$-1\r\n", "Protocol error: invalid bulk length", nil},
		{"*1\r\n$x\r\n", "Protocol error: invalid bulk length", nil},
		{"*1\r\n$101\r\n", "Protocol error: invalid bulk length", small},
		{"*1\r\n$536870913\r\n", "Protocol error: invalid bulk length", nil},
		{"*11\r\n", "Protocol error: unauthenticated multibulk length", strict},
		{"*1\r\n$16385\r\n", "Protocol error: unauthenticated bulk length", strict},
		{"*1\r\n$-5\r\n", "Protocol error: invalid bulk length", strict},
		{"set \"a\r\n", "Protocol error: unbalanced quotes in request", nil},
		{"set 'a\r\n", "Protocol error: unbalanced quotes in request", nil},
		{"set \"a\"b\r\n", "Protocol error: unbalanced quotes in request", nil},
		{strings.Repeat("a", MaxInline+1), "Protocol error: too big inline request", nil},
		{"*" + long, "Protocol error: too big mbulk count string", nil},
		{"*1\r\n$" + long, "Protocol error: too big bulk count string", nil},
		{"*2\r\n$1\r\na\r\n$" + long, "Protocol error: too big bulk count string", nil},
	} {
		for _, piece := range []int{1 << 20, 8192, 3} {
			_, err := parseAll([]byte(tc.in), piece, tc.lim)
			if err == nil || err.Error() != tc.want {
				t.Errorf("%.20q in pieces of %d: %v, want %s", tc.in, piece, err, tc.want)
			}
		}
	}
}

func TestParserAfterReset(t *testing.T) {
	var p Parser
	if _, n, err := p.Next([]byte("*2\r\n$1\r\na\r\n$")); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	p.Reset()
	argv, n, err := p.Next([]byte("PING\r\n"))
	if n != 6 || err != nil || len(argv) != 1 {
		t.Fatal(argv, n, err)
	}
}

func TestParserNeed(t *testing.T) {
	for _, tc := range []struct {
		in   string
		need int
	}{
		{"*1\r\n$100\r\nabc", len("*1\r\n$100\r\n") + 102},
		{"*2\r\n$3\r\nabc\r\n$5\r\n", len("*2\r\n$3\r\nabc\r\n$5\r\n") + 7},
		{"*2\r\n$3\r\nabc\r\n$5\r", 0},
		{"*2\r\n", 0},
		{"PING", 0},
	} {
		var p Parser
		if _, n, err := p.Next([]byte(tc.in)); n != 0 || err != nil {
			t.Fatal(tc.in, n, err)
		}
		if got := p.Need(); got != tc.need {
			t.Errorf("%q: needs %d, want %d", tc.in, got, tc.need)
		}
	}
}

// TestParserLongRequest counts on the parser to remember its place: with 200,000
// arguments in pieces of 500 bytes, starting over each time would take minutes.
func TestParserLongRequest(t *testing.T) {
	const count = 200_000
	req := AppendArray(nil, count)
	for i := 0; i < count; i++ {
		req = AppendBulkInt(req, int64(i))
	}
	var p Parser
	var argv [][]byte
	for n := 0; n < len(req); n += 500 {
		var used int
		var err error
		argv, used, err = p.Next(req[:min(n+500, len(req))])
		if err != nil || used != 0 && used != len(req) {
			t.Fatal(used, err)
		}
	}
	if len(argv) != count || string(argv[count-1]) != fmt.Sprint(count-1) {
		t.Fatalf("%d arguments", len(argv))
	}
}

func TestParserAllocatesNothing(t *testing.T) {
	req := []byte("*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000001\r\n$3\r\nxyz\r\n")
	var p Parser
	if n := testing.AllocsPerRun(100, func() {
		if _, n, err := p.Next(req); n != len(req) || err != nil {
			t.Fatal(n, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a request", n)
	}
}

func TestSplitArgs(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{``, `[]`},
		{"  \t ", `[]`},
		{`a b  c`, `["a" "b" "c"]`},
		{`a"b c"`, `["ab c"]`},
		{`"\x41\x4g\n\r\t\b\a\q\""`, `["Ax4g\n\r\t\b\aq\""]`},
		{`'\n\'x'`, `["\\n'x"]`},
		{`"" ''`, `["" ""]`},
		{"a\x00b", `["a"]`},
		{`"a`, `error`}, {`'a`, `error`}, {`"a"b`, `error`}, {`'a'b`, `error`}, {`"a\`, `error`},
	} {
		words, ok := SplitArgs([]byte(tc.in), nil)
		got := "error"
		if ok {
			got = fmt.Sprintf("%q", words)
		}
		if got != tc.want {
			t.Errorf("%q: %s, want %s", tc.in, got, tc.want)
		}
	}
}

// FuzzParser checks that no input upsets the parser, that the pieces in which
// it comes do not matter, and that another reader agrees on what it accepts.
func FuzzParser(f *testing.F) {
	seeds, err := filepath.Glob("testdata/requests/*")
	if err != nil || len(seeds) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, name := range seeds {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, len(name))
	}
	f.Fuzz(func(t *testing.T, data []byte, piece int) {
		if len(data) > 4096 {
			return
		}
		piece = 1 + (piece&0x7fffffff)%64
		whole, err1 := parseAll(data, len(data)+1, nil)
		parts, err2 := parseAll(data, piece, nil)
		if strings.Join(whole, "~") != strings.Join(parts, "~") || fmt.Sprint(err1) != fmt.Sprint(err2) {
			t.Fatalf("whole: %q %v, in pieces of %d: %q %v", whole, err1, piece, parts, err2)
		}
		if len(whole) == 0 || data[0] != '*' {
			return
		}
		v, _, err := tidwall.NewReader(bytes.NewReader(data)).ReadValue()
		if err != nil || len(v.Array()) == 0 {
			return // that one is stricter about line ends, and knows no empty requests
		}
		var words [][]byte
		for _, e := range v.Array() {
			if e.Type() != tidwall.BulkString {
				return
			}
			words = append(words, e.Bytes())
		}
		if got := fmt.Sprintf("%q", words); got != whole[0] {
			t.Fatalf("read %s, the other reader %s", whole[0], got)
		}
	})
}

// TestParserAgainstOther compares with the other reader over what clients
// really send.
func TestParserAgainstOther(t *testing.T) {
	var stream []byte
	var want []string
	for i := 0; i < 300; i++ {
		args := make([]tidwall.Value, 1+i%7)
		var words [][]byte
		for j := range args {
			w := bytes.Repeat([]byte{byte(i), '\r', '\n', '$', '*'}, (i*j)%23)
			args[j] = tidwall.BytesValue(w)
			words = append(words, w)
		}
		b, err := tidwall.ArrayValue(args).MarshalRESP()
		if err != nil {
			t.Fatal(err)
		}
		stream = append(stream, b...)
		want = append(want, fmt.Sprintf("%q", words))
	}
	rd := tidwall.NewReader(bytes.NewReader(stream))
	for i := range want {
		if _, _, err := rd.ReadValue(); err != nil && err != io.EOF {
			t.Fatal(i, err)
		}
	}
	for _, piece := range []int{1, 2, 7, 61, 4096, len(stream)} {
		got, err := parseAll(stream, piece, nil)
		if err != nil || strings.Join(got, "~") != strings.Join(want, "~") {
			t.Fatalf("in pieces of %d: %v, %d requests of %d", piece, err, len(got), len(want))
		}
	}
}

func BenchmarkParser(b *testing.B) {
	one := []byte("*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000001\r\n$3\r\nxyz\r\n")
	req := bytes.Repeat(one, 16)
	var p Parser
	b.ReportAllocs()
	for b.Loop() {
		for at := 0; at < len(req); {
			_, n, err := p.Next(req[at:])
			if n == 0 || err != nil {
				b.Fatal(n, err)
			}
			at += n
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/16, "ns/request")
}
