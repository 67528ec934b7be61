package server

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

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
