package server

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"berth/internal/persist/aof"
	"berth/internal/persist/rdb"
)

// putFiles writes an append-only file of several parts; the first one is the manifest.
func putFiles(t *testing.T, dir string, texts ...string) {
	t.Helper()
	dir = filepath.Join(dir, "appendonlydir")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for i, text := range texts {
		name := "appendonly.aof.manifest"
		if i > 0 {
			name = fmt.Sprint("part", i)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

const oneFile, twoFiles = "file part1 seq 1 type i\n", "file part1 seq 1 type b\nfile part2 seq 1 type i\n"

// A file whose end is missing is cut where it makes sense, if nothing follows.
func TestTruncated(t *testing.T) {
	good := protocol("SELECT 0", "set a 1")
	for _, tc := range []struct{ name, tail, manifest string }{
		{"a command", protocol("set a 2")[:20], oneFile},
		{"a transaction", protocol("MULTI", "set a 2"), oneFile},
		{"the end of a transaction", protocol("MULTI", "set a 2", "EXEC")[:50], oneFile},
		{"a remark", "#TS:17", oneFile},
		{"the file before an empty one", protocol("set a 2")[:20], twoFiles},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			putFiles(t, dir, tc.manifest, good+tc.tail, "")
			l := startSaved(t, dir, "appendonly yes")
			l.dial().expect("get a", "1", "incr a", "2")
			got, want := files(t), good+protocol("SELECT 0", "incr a")
			if got["part1"]+got["part2"] != want {
				t.Errorf("the files have %q and %q, want %q", got["part1"], got["part2"], want)
			}
		})
	}
}

// Files that make no sense are not loaded, and stay as they are.
func TestAppendOnlyRefused(t *testing.T) {
	good := protocol("SELECT 0", "set a 1")
	for _, tc := range []struct {
		name, manifest, first, second, config string
		err                                   error
	}{
		{"no manifest", "x", "", "", "", aof.ErrManifest},
		{"a file that is not there", "file part9 seq 1 type i\n", "", "", "", fs.ErrNotExist},
		{"a cut file that others follow", twoFiles, good[:20], good, "", aof.ErrTruncated},
		{"a cut file", oneFile, good[:20], "", "aof-load-truncated no", aof.ErrTruncated},
		{"a cut transaction", oneFile, protocol("MULTI", "set a 1"), "", "aof-load-truncated no", aof.ErrTruncated},
		{"no protocol", oneFile, good + "set a 1\r\n" + good, "", "", aof.ErrFormat},
		{"an unknown command", oneFile, good + protocol("nosuch a"), "", "", ErrAOFReplay},
		{"too few arguments", oneFile, good + protocol("get"), "", "", ErrAOFReplay},
		{"a command that is for operators", oneFile, good + protocol("shutdown nosave"), "", "", ErrAOFReplay},
		{"one that is for connections", oneFile, good + protocol("MULTI", "subscribe a", "EXEC"), "", "", ErrAOFReplay},
		{"one that connects", oneFile, good + protocol("migrate 127.0.0.1 1 a 0 1"), "", "", ErrAOFReplay},
		{"half a snapshot", oneFile, "REDIS0011\xfa\x09redis", "", "", rdb.ErrShort},
		{"a broken snapshot", oneFile, "REDIS0011\xf7\x99", "", "", rdb.ErrCorrupt},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			putFiles(t, dir, tc.manifest, tc.first, tc.second)
			t.Chdir(dir)
			var err error
			start(t, nil, func(s *Server) error {
				s.log.level.Store(int32(LogWarning + 1))
				if err = s.Config.LoadText("save ''\nappendonly yes\n" + tc.config); err == nil {
					err = s.loadData()
				}
				return nil
			})
			if !errors.Is(err, tc.err) {
				t.Errorf("got %v, want %v", err, tc.err)
			}
			if got := files(t); got["part1"] != tc.first || got["part2"] != tc.second {
				t.Errorf("the files became %q", got)
			}
		})
	}
}

// Files that no manifest has are not loaded: they stay, and nothing is appended to them.
func TestAppendOnlyOrphans(t *testing.T) {
	dir := t.TempDir()
	putFiles(t, dir)
	base, incr := "appendonly.aof.1.base.rdb", "appendonly.aof.1.incr.aof"
	for _, name := range []string{base, incr} {
		if err := os.WriteFile(filepath.Join(dir, "appendonlydir", name), []byte(protocol("SELECT 0", "incr a")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 3 {
		l := startSaved(t, dir, "appendonly yes")
		l.dial().expect("incr a", fmt.Sprint(n+1))
		l.stop()
	}
	got := files(t)
	if want := protocol("SELECT 0", "incr a"); got[base] != want || got[incr] != want {
		t.Errorf("the files became %q", got)
	}
	if want := "file appendonly.aof.2.base.rdb seq 2 type b\nfile appendonly.aof.2.incr.aof seq 2 type i\n"; got["appendonly.aof.manifest"] != want {
		t.Errorf("the manifest is %q", got["appendonly.aof.manifest"])
	}
}

// damaged changes, cuts or repeats a part of a file.
func damaged(rnd *rand.Rand, b []byte) []byte {
	b = slices.Clone(b)
	for range 1 + rnd.IntN(3) {
		if len(b) == 0 {
			return b
		}
		from := rnd.IntN(len(b))
		to := min(len(b), from+1+rnd.IntN(40))
		switch rnd.IntN(5) {
		case 0:
			b[from] ^= 1 << rnd.IntN(8)
		case 1:
			b = slices.Delete(b, from, to)
		case 2:
			b = slices.Insert(b, from, b[from:to]...)
		case 3:
			b = b[:from]
		case 4:
			b[from] = "0123456789*$\r\n"[rnd.IntN(14)]
		}
	}
	return b
}

// Whatever a file has become, it is loaded, or an error tells where it is wrong; the
// server goes on.
func TestDamagedAppendOnly(t *testing.T) {
	dir := t.TempDir()
	l := startSaved(t, dir, "appendonly yes\naof-use-rdb-preamble no\n")
	w := l.dial()
	for i := range 20 {
		for _, line := range []string{"rpush l%d a b %d", "sadd s%d 1 %d", "hset h%d f %d", "zadd z%d 1 m%d", "xadd x%d * f %d", "set k%d %d ex 1000"} {
			w.do(fmt.Sprintf(line, i%5, i))
		}
	}
	for _, line := range []string{"xgroup create x1 g 0", "xreadgroup group g c streams x1 >", "select 3", "multi", "incr n", "lpop l1", "exec", "spop s1",
		"restore r 0 " + "x", "bitfield b set u8 0 255", "pfadd p a b", "geoadd geo 1 1 a", "sort l1 by nosort store l9", "copy l2 l3", "select 0"} {
		w.do(line)
	}
	w.expect("bgrewriteaof", "Background append only file rewriting started")
	l.until("the rewrite is over", func(s *Server) bool { return s.aof.rewrite.running == nil && s.persist.running == nil })
	w.do("set last 1")
	all := files(t)
	base, incr := []byte(all["appendonly.aof.2.base.aof"]), []byte(all["appendonly.aof.2.incr.aof"])
	good := append(base, incr...)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d, %d bytes", seed, len(good))
	rnd := rand.New(rand.NewPCG(seed, 1))
	l.on(func(s *Server) {
		s.log.level.Store(int32(LogWarning + 1))
		s.StopAppendOnly()
	})
	loaded, cutOff := 0, 0
	for range 300 {
		if err := os.WriteFile("appendonlydir/part1", damaged(rnd, good), 0o644); err != nil {
			t.Fatal(err)
		}
		l.on(func(s *Server) {
			s.FlushDB(-1, false)
			s.aof.manifest, _ = aof.ParseManifest([]byte(oneFile))
			truncated, err := s.loadAOF()
			switch {
			case truncated:
				cutOff++
			case err == nil:
				loaded++
			case !strings.Contains(err.Error(), "offset") || !errors.Is(err, aof.ErrFormat) && !errors.Is(err, ErrAOFReplay):
				t.Errorf("another error: %v", err)
			}
			if s.Depth() != 0 || s.Loading() || s.InExec() {
				t.Errorf("after %v the server is not as it was", err)
			}
		})
	}
	t.Logf("%d were loaded, %d cut off", loaded, cutOff)
	if loaded == 0 || cutOff == 0 || loaded+cutOff == 300 {
		t.Error("the damage is too uniform")
	}
	w.expect("ping", "PONG")
}
