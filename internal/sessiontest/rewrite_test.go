package sessiontest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"berth/internal/testkit"
)

// replayed is what of a stream is in an append-only file. That a consumer was seen, or
// got entries once more, is not, and how many a group has read only now and then.
func replayed(t *testing.T, c *testkit.Conn, key string) string {
	return outline(t, c, key, "name", "pending", "last-delivered-id")
}

// rewritten is what is in one that begins with commands: what is pending, but was
// deleted, is not.
func rewritten(t *testing.T, c *testkit.Conn, key string) string {
	return outline(t, c, key, "name", "last-delivered-id")
}

// outline is some of what XINFO tells of a stream and of its groups.
func outline(t *testing.T, c *testkit.Conn, key string, facts ...string) string {
	var b strings.Builder
	info := must(t, c, "XINFO", "STREAM", key)
	for i := 0; i+1 < info.Len; i += 2 {
		switch name := string(info.Elem(i).Str); name {
		case "length", "last-generated-id", "max-deleted-entry-id", "entries-added", "recorded-first-entry-id":
			fmt.Fprintf(&b, "%s %s ", name, show(info.Elem(i+1)))
		}
	}
	groups := must(t, c, "XINFO", "GROUPS", key)
	for i := range groups.Len {
		g := groups.Elem(i)
		for j := 0; j+1 < g.Len; j += 2 {
			if name := string(g.Elem(j).Str); slices.Contains(facts, name) {
				fmt.Fprintf(&b, "%s %s ", name, show(g.Elem(j+1)))
			}
		}
		if slices.Contains(facts, "pending") {
			pending := must(t, c, "XPENDING", key, string(g.Elem(1).Str))
			b.WriteString(show(&pending) + " ")
		}
	}
	return strings.ReplaceAll(b.String(), "\n", " ")
}

// replay copies a server's append-only file to another one, which loads it, and gives
// the picture of what it has then.
func replay(t *testing.T, from, to *testkit.Server, streams streamPicture) string {
	t.Helper()
	dir := filepath.Join(to.Dir, "appendonlydir")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(from.Dir, "appendonlydir"))); err != nil {
		t.Fatal(err)
	}
	c := to.Dial()
	defer c.Close()
	must(t, c, "DEBUG", "LOADAOF")
	return picture(t, to, streams)
}

// An append-only file holds what the server does at any time: before, while and after
// it is rewritten.
func TestRewriteUnderWrites(t *testing.T) {
	t.Parallel()
	for round := range *rounds / 2 {
		preamble, streams := "yes", replayed
		if round%2 == 1 {
			preamble, streams = "no", rewritten
		}
		berth := testkit.StartBerth(t, testkit.Options{Args: []string{"--appendonly", "yes", "--aof-use-rdb-preamble", preamble}})
		second := testkit.StartBerth(t, testkit.Options{Args: []string{"--appendonly", "yes"}})
		g := NewGen(*seed + uint64(round))
		g.Spread = 20
		c, worker := berth.Dial(), berth.Dial()
		compare := func(when string) {
			t.Helper()
			worker.Do("RESET")
			keepAll(t, c)
			is := picture(t, berth, streams)
			if has := replay(t, berth, second, streams); has != is {
				t.Errorf("round %d: %s a rewrite the file has not what the server has:%s", round, when, differ(is, has))
			}
		}
		fill(t, berth, g, 3000)
		compare("before")
		must(t, c, "CONFIG", "SET", "rdb-key-save-delay", "5000") // longer than what is done meanwhile takes
		must(t, c, "BGREWRITEAOF")
		for range 5 {
			churn(worker, g, batch)
		}
		compare("in the middle of")
		if field(t, c, "persistence", "aof_rewrite_in_progress") != "1" {
			t.Error("the rewrite was over too early")
		}
		must(t, c, "CONFIG", "SET", "rdb-key-save-delay", "20")
		for field(t, c, "persistence", "aof_rewrite_in_progress") == "1" {
			churn(worker, g, batch)
			time.Sleep(time.Millisecond)
		}
		if status := field(t, c, "persistence", "aof_last_bgrewrite_status"); status != "ok" {
			t.Errorf("the rewrite ended with the status %q", status)
		}
		compare("right after")
		churn(worker, g, 10*batch)
		compare("long after")
	}
}
