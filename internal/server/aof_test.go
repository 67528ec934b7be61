package server

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"berth/internal/persist/aof"
)

// startSaved runs a server in a directory with a configuration, its data loaded.
func startSaved(t *testing.T, dir, config string) *live {
	t.Helper()
	t.Chdir(dir)
	return start(t, func(set *Settings) { set.EnableDebugCommand = ProtectionYes }, func(s *Server) error {
		s.EnablePersistence()
		if err := s.Config.LoadText("save ''\n" + config); err != nil {
			return err
		}
		return s.loadData()
	})
}

// files are the files of the append-only file's directory with what they hold.
func files(t *testing.T) map[string]string {
	t.Helper()
	m := make(map[string]string)
	paths, err := filepath.Glob("appendonlydir/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		m[filepath.Base(path)] = string(data)
	}
	return m
}

// protocol writes commands as an append-only file has them.
func protocol(lines ...string) string {
	var b strings.Builder
	for _, line := range lines {
		b.Write(request(line))
	}
	return b.String()
}

// What is written is there after a restart, in each way of syncing.
func TestAppendOnly(t *testing.T) {
	for _, policy := range []string{"always", "everysec", "no"} {
		t.Run(policy, func(t *testing.T) {
			dir := t.TempDir()
			config := "appendonly yes\nappendfsync " + policy + "\n"
			l := startSaved(t, dir, config)
			w := l.dial()
			w.expect("set a 1", "OK", "select 2", "OK", "rpush l x y", "2", "multi", "OK", "incr n", "QUEUED", "incr n", "QUEUED", "exec", "[1 2]", "get n", "2")
			want := protocol("SELECT 0", "set a 1", "SELECT 2", "rpush l x y", "MULTI", "incr n", "incr n", "EXEC")
			if got := files(t)["appendonly.aof.1.incr.aof"]; got != want {
				t.Errorf("the file has %q, want %q", got, want)
			}
			l.stop()
			w = startSaved(t, dir, config).dial()
			w.expect("get a", "1", "dbsize", "1", "select 2", "OK", "lrange l 0 -1", "[x y]", "get n", "2")
		})
	}
}

// The switch to yes writes a base file of what there is; what changes meanwhile, and
// behind it, follows.
func TestAppendOnlyLive(t *testing.T) {
	dir := t.TempDir()
	l := startSaved(t, dir, "")
	w := l.dial()
	w.expect("set a 1", "OK", "config set rdb-key-save-delay 1000", "OK", "config set appendonly yes", "OK", "incr a", "2", "incr a", "3")
	on := func(s *Server) bool { return s.aof.mode == aofOn }
	l.until("the base file is written", on)
	w.expect("incr a", "4", "config set appendonly no", "OK", "incr a", "5")
	if got := files(t); !strings.Contains(got["appendonly.aof.manifest"], "file appendonly.aof.1.base.rdb seq 1 type b\n") {
		t.Errorf("files: %q", got)
	}
	w.expect("config set appendonly yes", "OK")
	l.until("the base file is written again", on)
	w.expect("incr a", "6", "debug loadaof", "OK", "get a", "6", "multi", "OK", "config set appendonly no", "QUEUED",
		"incr a", "QUEUED", "config set appendonly yes", "QUEUED", "incr a", "QUEUED", "exec", "[OK 7 OK 8]")
	l.until("the base file is written a third time", on)
	w.expect("incr a", "9")
	l.stop()
	startSaved(t, dir, "appendonly yes").dial().expect("get a", "9")
}

// The file is switched on while a rewrite runs that began without it: what changes until
// its own begins is in memory only.
func TestAppendOnlyDuringRewrite(t *testing.T) {
	dir := t.TempDir()
	l := startSaved(t, dir, "")
	w := l.dial()
	w.expect("debug populate 20", "OK", "set a 1", "OK", "config set rdb-key-save-delay 20000", "OK", "bgrewriteaof", "Background append only file rewriting started",
		"config set appendonly yes", "OK", "incr a", "2", "config set rdb-key-save-delay 0", "OK", "incr a", "3")
	l.until("the file is on", func(s *Server) bool { return s.aof.mode == aofOn })
	w.expect("incr a", "4")
	l.stop()
	startSaved(t, dir, "appendonly yes").dial().expect("get a", "4")
}

// A rewrite leaves one base file with one that follows it, and no change is lost or
// made twice.
func TestRewrite(t *testing.T) {
	for _, preamble := range []string{"yes", "no"} {
		t.Run(preamble, func(t *testing.T) {
			dir := t.TempDir()
			config := "appendonly yes\naof-timestamp-enabled yes\naof-use-rdb-preamble " + preamble + "\n"
			l := startSaved(t, dir, config)
			w := l.dial()
			for range 3 {
				w.do("debug populate 2000")
				w.expect("incr a", "1", "bgrewriteaof", "Background append only file rewriting started")
				for range 200 {
					w.do("incr a")
				}
				w.do("bgrewriteaof")
				l.until("the rewrite is over", func(s *Server) bool { return s.aof.rewrite.running == nil && s.persist.running == nil })
				w.expect("get a", "201", "del a", "1")
			}
			w.expect("incr a", "1")
			if got := files(t); len(got) != 3 {
				t.Errorf("%d files: %q", len(got), got["appendonly.aof.manifest"])
			}
			l.stop()
			startSaved(t, dir, config).dial().expect("get a", "1", "dbsize", "2001")
		})
	}
}

// After a second the disk has what was written, though nothing more is.
func TestEverySecond(t *testing.T) {
	l := startSaved(t, t.TempDir(), "appendonly yes")
	w := l.dial()
	w.expect("set a 1", "OK")
	l.until("the file is synced", func(s *Server) bool {
		return s.aof.sync.asked == s.aof.log.Size() && s.aof.sync.pending == 0
	})
	time.Sleep(10 * time.Millisecond)
	w.expect("set a 2", "OK")
	l.until("the file is synced again", func(s *Server) bool {
		return s.aof.sync.asked == s.aof.log.Size() && s.aof.sync.pending == 0
	})
}

// populate makes a value of each type and several sizes: with numbers, empty ones,
// times of expiry and consumer groups.
func populate(w *wire) {
	w.t.Helper()
	for _, n := range []int{1, 63, 64, 65, 700} {
		var lines []string
		for i := range n {
			for _, line := range []string{"rpush l%d %d", "rpush L%d long-element-number-%d", "sadd s%d %d", "sadd S%d member-%d",
				"hset h%d f%[2]d %[2]d", "zadd z%d %[2]d.5 m%[2]d", "xadd x%d 1-%d f v"} {
				lines = append(lines, fmt.Sprintf(line, n, i+1))
			}
		}
		w.send(lines...)
		for range lines {
			w.next()
		}
		w.do(fmt.Sprintf("xgroup create x%d g 1-1", n))
		w.do(fmt.Sprintf("xreadgroup group g c count 40 streams x%d >", n))
		w.do(fmt.Sprintf("xgroup createconsumer x%d g idle", n))
	}
	for _, line := range []string{"set int 12", "set text abc", "append app x", "select 5", "set a 1 ex 10000", "rpush timed 1", "expire timed 20000",
		"xadd gone 5-5 a b", "xdel gone 5-5", "xgroup create new g $ mkstream", "xadd s 1-1 a 1 b 2", "xadd s 1-2 c 3", "xdel s 1-1",
		"setrange big 3000000 x", "zadd inf inf a -inf b 0.1 c 3e300 d", "select 0"} {
		if got := w.do(line); strings.HasPrefix(got, "-") {
			w.t.Errorf("%s: %s", line, got)
		}
	}
}

// change changes every value that populate has made.
func change(w *wire) {
	w.t.Helper()
	for _, n := range []int{1, 63, 64, 65, 700} {
		for _, line := range []string{"lpop L%d", "rpush l%d new", "lset l%d 0 other", "sadd s%d new", "spop S%d", "hset h%d f1 new", "zincrby z%d 7 m1",
			"xadd x%d 2-1 f v", "xack x%d g 1-2", "xtrim x%d maxlen 30", "expire l%d 100000", "copy h%d copied%[1]d", "rename z%d renamed%[1]d"} {
			w.do(fmt.Sprintf(line, n))
		}
	}
	for _, line := range []string{"append text tail", "incr int", "setbit app 7 1", "select 5", "persist a", "append big tail", "del inf", "xadd s * d 4", "select 0"} {
		if got := w.do(line); strings.HasPrefix(got, "-") {
			w.t.Errorf("%s: %s", line, got)
		}
	}
}

// times are what a base file of commands does not have: when consumers were seen.
var times = regexp.MustCompile(`(seen|active)-time [-0-9]+`)

// What a base file makes again is what it was made of, and what changes while it is
// written comes behind it.
func TestRewriteValues(t *testing.T) {
	for _, tc := range []struct{ preamble, begin, name string }{
		{"yes", "REDIS0011", "appendonly.aof.2.base.rdb"},
		{"no", "*2\r\n$6\r\nSELECT", "appendonly.aof.2.base.aof"},
	} {
		t.Run(tc.preamble, func(t *testing.T) {
			dir := t.TempDir()
			config := "appendonly yes\naof-use-rdb-preamble " + tc.preamble + "\n"
			l := startSaved(t, dir, config)
			w := l.dial()
			populate(w)
			rewritten := func() {
				t.Helper()
				l.until("the rewrite is over", func(s *Server) bool { return s.aof.rewrite.running == nil && s.persist.running == nil })
			}
			const started = "Background append only file rewriting started"
			w.expect("bgrewriteaof", started)
			rewritten()
			if got := files(t); !strings.HasPrefix(got[tc.name], tc.begin) || got["appendonly.aof.2.incr.aof"] != "" {
				t.Errorf("the base file begins with %.40q, and %q follows", got[tc.name], got["appendonly.aof.2.incr.aof"])
			}
			facts := func() string {
				return w.do("debug digest") + " " + times.ReplaceAllString(w.do("xinfo stream x700 full"), "")
			}
			again := func() {
				t.Helper()
				before := facts()
				l.stop()
				l = startSaved(t, dir, config)
				if w = l.dial(); facts() != before {
					t.Errorf("loaded: %s\nthere was: %s", facts(), before)
				}
			}
			again()
			w.expect("config set rdb-key-save-delay 3000", "OK", "bgrewriteaof", started)
			// Commands cannot make a pending entry whose item is gone: the rewrite must see
			// the items.
			l.until("the base file is begun", func(s *Server) bool { return s.persist.running != nil || s.aof.rewrite.running == nil })
			change(w)
			w.expect("config set rdb-key-save-delay 0", "OK")
			rewritten()
			again()
			for key, db := range map[string]int{"a": 5, "timed": 5, "l1": 0} {
				w.do(fmt.Sprintf("select %d", db))
				if got := w.do("ttl " + key); got != "-1" && len(got) < 5 {
					t.Errorf("ttl %s is %s", key, got)
				}
			}
		})
	}
}

// While the file cannot be written, commands that write are refused; when it can again
// they are not, and the file has all that was acknowledged.
func TestAppendOnlyFails(t *testing.T) {
	full, err := aof.OpenLog("/dev/full")
	if err != nil {
		t.Skipf("SKIPPED: nothing here is always full: %v", err)
	}
	l := startSaved(t, t.TempDir(), "appendonly yes\n")
	w := l.dial()
	w.expect("incr a", "1")
	var good *aof.Log
	l.on(func(s *Server) {
		s.log.level.Store(int32(LogWarning + 1))
		good, s.aof.log = s.aof.log, full
	})
	const misconf = "-MISCONF Errors writing to the AOF file: No space left on device"
	w.expect("incr a", "2") // it is found out behind that
	w.expect("incr a", misconf, "ping", misconf, "get a", "2", "multi", "OK", "get a", "QUEUED", "exec", "[2]")
	if got := w.do("info persistence"); !strings.Contains(got, "aof_last_write_status:err") {
		t.Errorf("no error: %s", got)
	}
	w.expect("bgrewriteaof", "Background append only file rewriting started")
	l.until("the rewrite is refused", func(s *Server) bool { return s.aof.rewrite.failed && s.aof.rewrite.running == nil })
	l.on(func(s *Server) { s.aof.log = good })
	l.until("the write is tried again", func(s *Server) bool { return s.aof.failed == "" })
	w.expect("incr a", "3", "ping", "PONG", "bgrewriteaof", "Background append only file rewriting started")
	l.until("the rewrite is over", func(s *Server) bool { return s.aof.rewrite.running == nil })
	w.expect("debug loadaof", "OK", "get a", "3")
	if got := w.do("info persistence"); !strings.Contains(got, "aof_last_write_status:ok") || !strings.Contains(got, "aof_last_bgrewrite_status:ok") {
		t.Errorf("an error stays: %s", got)
	}
	_ = full.Close()
}
