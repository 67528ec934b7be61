package exchangetest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"berth/internal/resp"
	"berth/internal/sessiontest"
	"berth/internal/testkit"
)

// aofDir is where servers have their append-only file.
const aofDir = "appendonlydir"

// rewritten has the server rewrite its append-only file, and waits for the end.
func (s server) rewritten() {
	s.t.Helper()
	deadline := time.Now().Add(patience)
	for s.Do("BGREWRITEAOF").Kind == resp.KindError && time.Now().Before(deadline) {
		time.Sleep(5 * time.Millisecond) // one is under way
	}
	for ; ; time.Sleep(5 * time.Millisecond) {
		info := string(s.must("INFO", "persistence").Str)
		if strings.Contains(info, "aof_rewrite_in_progress:0\r\n") && strings.Contains(info, "aof_rewrite_scheduled:0\r\n") {
			if !strings.Contains(info, "aof_last_bgrewrite_status:ok\r\n") {
				s.t.Fatalf("%s: the rewrite failed:\n%s", s.Server.Name, s.Log())
			}
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%s: the rewrite does not end:\n%s", s.Server.Name, s.Log())
		}
	}
}

// loaded waits until the server has loaded its data.
func (s server) loaded() {
	s.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		r := s.Do("DBSIZE")
		if r.Kind != resp.KindError {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%s: %s", s.Server.Name, r.Str)
		}
	}
}

// seen is when a consumer was seen last: the time of loading, where that runs
// commands.
var seen = regexp.MustCompile(`"seen-time" \(integer\) \d+`)

// lasting is the state of all keys without what depends on the time of loading.
func (s server) lasting() map[string]value {
	s.t.Helper()
	state := s.state()
	for k, v := range state {
		state[k] = value{v.encoding, seen.ReplaceAllString(v.rest, "")}
	}
	return state
}

// A server that is started beside the other's append-only file has what it holds, and
// goes on with it; then the first one takes it back.
func TestAppendOnlyDirectories(t *testing.T) {
	t.Parallel()
	values, count := everywhere(), 1000
	if testkit.Raced() {
		values, count = few(), 300
	}
	for _, preamble := range []string{"yes", "no"} {
		for _, first := range []string{"berth", "redis-server"} {
			t.Run(first+", preamble "+preamble, func(t *testing.T) {
				args := []string{"--appendonly", "yes", "--aof-use-rdb-preamble", preamble}
				launch := func(name, dir string) server {
					t.Helper()
					o := testkit.Options{Args: slices.Clone(args)}
					if dir != "" {
						o.Args = append(o.Args, "--dir", dir)
					}
					start := testkit.StartRedis
					if name == "berth" {
						o.Args = append(o.Args, "--rdb-version", fileVersion)
						start = testkit.StartBerth
					}
					s := start(t, o)
					up := server{s, s.Dial(), t}
					up.loaded()
					return up
				}
				second := map[string]string{"berth": "redis-server", "redis-server": "berth"}[first]
				from, g := launch(first, ""), sessiontest.NewGen(11)
				dir := from.Dir
				from.fill(values)
				for _, name := range []string{second, first} {
					from.must("RESET")
					from.rewritten()
					cmds := make([][]string, count)
					for i := range cmds {
						cmds[i] = g.Command()
					}
					from.many(cmds) // many of them are wrong
					from.must("RESET")
					from.must("FUNCTION", "LOAD", "REPLACE", "#!lua name=kept\nredis.register_function('kept', function() return '"+name+"' end)")
					from.must("DEBUG", "LOADAOF") // a file does not tell how a value came to its encoding
					want, digest := from.lasting(), from.digest()
					from.Stop()
					dir = copied(t, dir)
					to := launch(name, dir)
					what := fmt.Sprintf("from %s to %s", from.Server.Name, to.Server.Name)
					sameState(t, what, want, to.lasting())
					if r := to.must("FCALL", "kept", "0"); string(r.Str) != name {
						t.Errorf("%s: the function replies %s", what, testkit.Show(&r))
					}
					if got := to.digest(); got != digest {
						t.Errorf("%s: the digest was %s and is %s", what, digest, got)
					}
					from = to
				}
			})
		}
	}
}

// copied copies an append-only file into a directory of its own.
func copied(t *testing.T, from string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, aofDir), os.DirFS(filepath.Join(from, aofDir))); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A file of one part, as servers before version 7 have it, is taken over: with a
// snapshot in front, and without one.
func TestOldAppendOnlyFile(t *testing.T) {
	t.Parallel()
	redis := testkit.StartRedis(t, testkit.Options{})
	r := server{redis, redis.Dial(), t}
	r.fill(everything())
	r.load(r.save())
	for _, tc := range []struct {
		name string
		base []byte
	}{
		{"a snapshot in front", r.save()},
		{"commands", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var tail []byte
			for _, args := range [][]string{{"SELECT", "9"}, {"SET", "after", "1"}, {"MULTI"}, {"INCR", "after"}, {"EXEC"}} {
				tail = append(tail, testkit.Request(args...)...)
			}
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "appendonly.aof"), append(tc.base, tail...), 0o600); err != nil {
				t.Fatal(err)
			}
			b := testkit.StartBerth(t, testkit.Options{Args: []string{"--dir", dir, "--appendonly", "yes"}})
			berth := server{b, b.Dial(), t}
			berth.loaded()
			size := berth.must("DBSIZE")
			berth.must("SELECT", "9")
			if got := berth.must("GET", "after"); string(got.Str) != "2" {
				t.Errorf("what follows gives %s", testkit.Show(&got))
			}
			if tc.base != nil {
				if want := r.must("DBSIZE"); size.Int != want.Int {
					t.Errorf("%d keys, want %d", size.Int, want.Int)
				}
			}
			berth.must("SET", "more", "1")
			if _, err := os.Stat(filepath.Join(dir, "appendonly.aof")); err == nil {
				t.Error("the file was not moved")
			}
			want := berth.digest()
			berth.must("DEBUG", "LOADAOF")
			if got := berth.digest(); got != want {
				t.Errorf("loaded again the digest is %s, not %s", got, want)
			}
		})
	}
}

// appended are the commands of the server's last file, a line each, without times.
func (s server) appended() (lines []string) {
	s.t.Helper()
	paths, err := filepath.Glob(filepath.Join(s.Dir, aofDir, "*.incr.aof"))
	if err != nil || len(paths) != 1 {
		s.t.Fatalf("%s: %v %v", s.Server.Name, paths, err)
	}
	data, err := os.ReadFile(paths[0])
	if err != nil {
		s.t.Fatal(err)
	}
	for len(data) > 0 {
		r, n, err := resp.ParseReply(data)
		if err != nil {
			s.t.Fatalf("%s: %v", s.Server.Name, err)
		}
		var words []string
		for i := range r.Len {
			words = append(words, string(r.Elem(i).Str))
		}
		lines = append(lines, millis.ReplaceAllString(strings.Join(words, " "), "TIME"))
		data = data[n:]
	}
	return lines
}

// millis are milliseconds since 1970 in this and the next decades.
var millis = regexp.MustCompile(`\b[12][0-9]{12}\b`)
