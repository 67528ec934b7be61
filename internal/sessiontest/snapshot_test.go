package sessiontest

import (
	"crypto/sha1"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"berth/internal/resp"
	"berth/internal/testkit"
)

// must is the reply to a command, which must be no error.
func must(t *testing.T, c *testkit.Conn, args ...string) resp.Reply {
	t.Helper()
	r := c.Do(args...)
	if r.Kind == resp.KindError {
		t.Fatalf("%q: %s", args, show(&r))
	}
	return r
}

// mustAll is must for many commands, whose replies do not matter.
func mustAll(t *testing.T, c *testkit.Conn, cmds [][]string) {
	t.Helper()
	for len(cmds) > 0 {
		some := cmds[:min(len(cmds), batch)]
		var req []byte
		for _, args := range some {
			req = append(req, testkit.Request(args...)...)
		}
		c.Write(req)
		for _, args := range some {
			if r := c.Read(); r.Kind == resp.KindError {
				t.Fatalf("%q: %s", args, show(&r))
			}
		}
		cmds = cmds[len(some):]
	}
}

// field is a field of INFO.
func field(t *testing.T, c *testkit.Conn, section, name string) string {
	t.Helper()
	r := must(t, c, "INFO", section)
	for line := range strings.Lines(string(r.Str)) {
		if text, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(text)
		}
	}
	t.Fatalf("INFO %s has no %s", section, name)
	return ""
}

// fill runs random commands, and makes some large values.
func fill(t *testing.T, srv *testkit.Server, g *Gen, n int) {
	t.Helper()
	c := srv.Dial()
	defer c.Close()
	cmds := bigValues()
	for _, db := range []string{"0", "1", "2"} {
		cmds = append(cmds, []string{"SELECT", db})
		for i := range 2000 {
			cmds = append(cmds, []string{"SET", "small:" + strconv.Itoa(i), strings.Repeat("v", i%90)})
		}
	}
	mustAll(t, c, cmds)
	churn(c, g, n)
	must(t, c, "RESET")
}

// churn sends random commands and waits for the replies.
func churn(c *testkit.Conn, g *Gen, n int) {
	for ; n > 0; n -= batch {
		var req []byte
		for range batch {
			req = append(req, testkit.Request(g.Command()...)...)
		}
		c.Write(req)
		for range batch {
			c.Read()
		}
	}
}

// keepAll takes the times of expiry off that are near, so that no key goes by itself.
func keepAll(t *testing.T, c *testkit.Conn) {
	t.Helper()
	const near = 10_000_000 // milliseconds; that of random commands is later, or soon
	for db := range 16 {
		must(t, c, "SELECT", strconv.Itoa(db))
		keys := must(t, c, "KEYS", "*")
		var ask []byte
		for i := range keys.Len {
			ask = append(ask, testkit.Request("PTTL", string(keys.Elem(i).Str))...)
		}
		c.Write(ask)
		var cmds [][]string
		for i := range keys.Len {
			if left := c.Read(); left.Int >= 0 && left.Int < near {
				cmds = append(cmds, []string{"PERSIST", string(keys.Elem(i).Str)})
			}
		}
		mustAll(t, c, cmds)
	}
	must(t, c, "SELECT", "0")
}

// picture is all that a server holds: the digest, and besides what that leaves out,
// the times of expiry, and what streams tells of streams.
func picture(t *testing.T, srv *testkit.Server, streams streamPicture) string {
	t.Helper()
	c := srv.Dial()
	defer c.Close()
	var b strings.Builder
	b.Write(must(t, c, "DEBUG", "DIGEST").Str)
	for db := range 16 {
		must(t, c, "SELECT", strconv.Itoa(db))
		r := must(t, c, "KEYS", "*")
		keys := make([]string, r.Len)
		for i := range keys {
			keys[i] = string(r.Elem(i).Str)
		}
		slices.Sort(keys)
		var req []byte
		for _, key := range keys {
			for _, ask := range [][]string{{"PEXPIRETIME", key}, {"DEBUG", "DIGEST-VALUE", key}, {"TYPE", key}} {
				req = append(req, testkit.Request(ask...)...)
			}
		}
		c.Write(req)
		var names []string
		for _, key := range keys {
			if at := c.Read(); at.Int != -1 {
				fmt.Fprintf(&b, "\n%d %q goes at %d", db, key, at.Int)
			}
			sum := c.Read()
			fmt.Fprintf(&b, "\n%d %q has %s", db, key, sum.Elem(0).Str)
			if kind := c.Read(); string(kind.Str) == "stream" {
				names = append(names, key)
			}
		}
		for _, key := range names {
			fmt.Fprintf(&b, "\n%d %q is %s", db, key, streams(t, c, key))
		}
	}
	return b.String()
}

// streamPicture tells what a stream is.
type streamPicture func(t *testing.T, c *testkit.Conn, key string) string

// whole is a stream with all that is in a snapshot.
func whole(t *testing.T, c *testkit.Conn, key string) string {
	dump := must(t, c, "DUMP", key)
	return fmt.Sprintf("%x", sha1.Sum(dump.Str))
}

// differ shows the lines in which two pictures differ.
func differ(before, after string) string {
	was, is := strings.Split(before, "\n"), strings.Split(after, "\n")
	var b strings.Builder
	for _, line := range was {
		if !slices.Contains(is, line) {
			b.WriteString("\n- " + line)
		}
	}
	for _, line := range is {
		if !slices.Contains(was, line) {
			b.WriteString("\n+ " + line)
		}
	}
	return b.String()
}

// carry copies the file of one server to another, which loads it, and gives the
// picture of what it has then.
func carry(t *testing.T, from, to *testkit.Server) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(from.Dir, "dump.rdb"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(to.Dir, "dump.rdb"), b, 0o644); err != nil {
		t.Fatal(err)
	}
	c := to.Dial()
	defer c.Close()
	must(t, c, "DEBUG", "RELOAD", "NOSAVE")
	return picture(t, to, whole)
}

// waitSaved waits until no BGSAVE is under way.
func waitSaved(t *testing.T, c *testkit.Conn) {
	t.Helper()
	for range 3000 {
		if field(t, c, "persistence", "rdb_bgsave_in_progress") == "0" {
			if status := field(t, c, "persistence", "rdb_last_bgsave_status"); status != "ok" {
				t.Fatalf("the status of BGSAVE is %s", status)
			}
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("BGSAVE does not end")
}

// A snapshot holds what was there when it began, whatever commands do meanwhile.
func TestSnapshotUnderWrites(t *testing.T) {
	t.Parallel()
	berth := testkit.StartBerth(t, testkit.Options{Args: []string{"--rdb-key-save-delay", "20"}})
	second := testkit.StartBerth(t, testkit.Options{})
	c, worker := berth.Dial(), berth.Dial()
	for round := range *rounds {
		// Many keys: each is saved early only once.
		g := NewGen(*seed + uint64(round))
		g.Spread = 20
		fill(t, berth, g, 5000)
		keepAll(t, c)
		before := picture(t, berth, whole)
		must(t, c, "BGSAVE")
		switch round % 4 {
		case 1:
			must(t, c, "SWAPDB", "0", "1")
			must(t, c, "FLUSHDB")
		case 2:
			must(t, c, "SELECT", "1")
			must(t, c, "FLUSHDB", "ASYNC")
			must(t, c, "SELECT", "0")
			must(t, c, "SWAPDB", "1", "2")
		}
		// Large values change in every way: by commands that wait, and by others.
		for _, args := range [][]string{
			{"RENAME", "b:hash", "b:hash renamed"}, {"APPEND", "b:zeros", "more"}, {"DEL", "b:zset"}, {"LPUSH", "b:list", "x"},
			{"XACK", "b:stream", "g", "1-600", "1-601"}, {"XAUTOCLAIM", "b:stream", "g", "e", "0", "-"}, {"XCLAIM", "b:stream", "g", "f", "0", "1-505"},
			{"XREADGROUP", "GROUP", "g", "new", "STREAMS", "b:stream", ">"}, {"XREADGROUP", "GROUP", "g", "c", "STREAMS", "b:stream", "0"},
			{"SPOP", "b:set", "1000"}, {"XTRIM", "b:stream", "MAXLEN", "10"}, {"PEXPIRE", "b:ints", "1"},
		} {
			c.Do(args...)
		}
		for field(t, c, "persistence", "rdb_bgsave_in_progress") == "1" {
			churn(worker, g, batch)
		}
		waitSaved(t, c)
		worker.Do("RESET")
		if after := carry(t, berth, second); after != before {
			t.Errorf("round %d: what the snapshot holds is not what there was when it began:%s", round, differ(before, after))
		}
		c.Do("FLUSHALL")
	}
}
