package sessiontest

import (
	"os"
	"path/filepath"
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
	for _, args := range bigValues() {
		must(t, c, args...)
	}
	for _, db := range []string{"0", "1", "2"} {
		must(t, c, "SELECT", db)
		for i := range 2000 {
			must(t, c, "SET", "small:"+strconv.Itoa(i), strings.Repeat("v", i%90))
		}
	}
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

// persistAll takes the times of expiry off, so that no key goes by itself.
func persistAll(t *testing.T, c *testkit.Conn) {
	t.Helper()
	for db := range 16 {
		must(t, c, "SELECT", strconv.Itoa(db))
		keys := must(t, c, "KEYS", "*")
		for i := range keys.Len {
			must(t, c, "PERSIST", string(keys.Elem(i).Str))
		}
	}
	must(t, c, "SELECT", "0")
}

// carry copies the file of one server to another, which loads it, and gives the
// digest of what it has then.
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
	return string(must(t, c, "DEBUG", "DIGEST").Str)
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
	g := NewGen(*seed)
	c, worker := berth.Dial(), berth.Dial()
	rounds := 4
	for round := range rounds {
		fill(t, berth, g, 3000)
		persistAll(t, c)
		before := string(must(t, c, "DEBUG", "DIGEST").Str)
		must(t, c, "BGSAVE")
		switch round {
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
			t.Errorf("round %d: the digest was %s when the snapshot began, and is %s of what it holds", round, before, after)
		}
		c.Do("FLUSHALL")
	}
}
