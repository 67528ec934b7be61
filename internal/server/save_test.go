package server

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A snapshot that was given up, though it is whole by then, does not take the place
// of a newer one.
func TestStaleSnapshot(t *testing.T) {
	dir := t.TempDir()
	l := startSaved(t, dir, "")
	path := filepath.Join(dir, "dump.rdb")
	var f *snapshotFile
	l.on(func(s *Server) {
		var err error
		if f, err = s.createSnapshot(path); err != nil {
			t.Error(err)
		}
	})
	if _, err := f.Write([]byte("old")); err != nil {
		t.Fatal(err)
	}
	f.giveUp()
	if err := os.WriteFile(path, []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.finish(); !errors.Is(err, ErrSnapshotAborted) {
		t.Errorf("finishing it: %v", err)
	}
	if b, err := os.ReadFile(path); string(b) != "new" {
		t.Errorf("the file has %q, %v", b, err)
	}
	if names, err := filepath.Glob(filepath.Join(dir, "*")); len(names) != 1 {
		t.Errorf("files: %q, %v", names, err)
	}
}

// FLUSHALL and what is saved for it are not undone by a BGSAVE that began before, nor
// does it count changes as saved.
func TestFlushDuringSave(t *testing.T) {
	l := startSaved(t, t.TempDir(), "save 3600 100\nrdb-key-save-delay 10000")
	w := l.dial()
	w.expect("debug populate 30", "OK", "set a b", "OK", "bgsave", "Background saving started", "config set rdb-key-save-delay 0", "OK", "flushall", "OK", "set c d", "OK")
	l.until("the background save is over", func(s *Server) bool { return s.persist.running == nil })
	l.on(func(s *Server) {
		if s.Dirty < 31 { // as in Redis they count until the next save
			t.Errorf("%d changes are unsaved", s.Dirty)
		}
	})
	w.expect("debug reload nosave", "OK", "dbsize", "0")
}

// SORT, which only reads, gives a sorted set another encoding: not while a snapshot is
// in the middle of the old one.
func TestSortDuringSave(t *testing.T) {
	l := startSaved(t, t.TempDir(), "rdb-key-save-delay 20000")
	w := l.dial()
	w.expect("config set zset-max-listpack-entries 10000", "OK")
	const sets = 5
	for i := range sets {
		var b strings.Builder
		fmt.Fprintf(&b, "zadd z%d", i)
		for j := range 4000 {
			fmt.Fprintf(&b, " %d member-with-a-long-name-%d", j, j)
		}
		w.expect(b.String(), "4000", fmt.Sprintf("object encoding z%d", i), "listpack")
	}
	before := w.do("debug digest")
	w.expect("bgsave", "Background saving started")
	for range 20 {
		for i := range sets {
			w.expect(fmt.Sprintf("sort z%d by nosort limit 0 1", i), "[member-with-a-long-name-0]")
		}
		time.Sleep(5 * time.Millisecond)
	}
	l.until("the background save is over", func(s *Server) bool { return s.persist.running == nil })
	w.expect("debug reload nosave", "OK", "debug digest", before)
}
