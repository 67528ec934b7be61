package server

import (
	"os"
	"path/filepath"
	"testing"
)

// leftovers are the files of snapshots that did not get their names.
func leftovers(t *testing.T) []string {
	t.Helper()
	list, err := filepath.Glob("temp-*")
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// What BGSAVE writes when the data go, or the server, does not stay, nor come back.
func TestSaveAbandoned(t *testing.T) {
	l := startSaved(t, t.TempDir(), "rdb-key-save-delay 10000000")
	w := l.dial()
	w.expect("set x 1", "OK", "bgsave", "Background saving started", "bgsave", "-"+errTextSaving, "save", "-"+errTextSaving)
	if n := len(leftovers(t)); n != 1 {
		t.Errorf("there are %d files", n)
	}
	w.expect("flushall", "OK")
	l.until("BGSAVE has ended", func(s *Server) bool { return s.save.background == nil && s.persist.running == nil })
	if list := leftovers(t); len(list) != 0 {
		t.Errorf("%q are left", list)
	}
	w.expect("set y 1", "OK", "bgsave", "Background saving started")
	l.s.Loop.Post(func() { _ = l.s.Shutdown(ShutdownNoSave) })
	l.stop()
	if list := leftovers(t); len(list) != 0 {
		t.Errorf("%q are left", list)
	}
	if _, err := os.Stat("dump.rdb"); err == nil {
		t.Error("there is a snapshot")
	}
}

// A snapshot that cannot be written has writes refused, until one can.
func TestMisconf(t *testing.T) {
	l := startSaved(t, t.TempDir(), "")
	w := l.dial()
	l.on(func(s *Server) { s.Config.Values.SavePoints = []SavePoint{{Seconds: 900000, Changes: 1}} })
	w.expect("set x 1", "OK")
	if err := os.MkdirAll("dump.rdb/in the way", 0o755); err != nil {
		t.Fatal(err)
	}
	w.expect("bgsave", "Background saving started")
	l.until("BGSAVE has failed", func(s *Server) bool { return s.save.failed })
	w.expect("set x 2", "-"+ErrTextMisconf, "ping", "-"+ErrTextMisconf, "get x", "1", "multi", "OK", "set x 3", "-"+ErrTextMisconf,
		"exec", "-EXECABORT Transaction discarded because of previous errors.",
		"config set stop-writes-on-bgsave-error no", "OK", "set x 4", "OK", "config set stop-writes-on-bgsave-error yes", "OK",
		"set x 5", "-"+ErrTextMisconf)
	if err := os.RemoveAll("dump.rdb"); err != nil {
		t.Fatal(err)
	}
	w.expect("bgsave", "Background saving started")
	l.until("BGSAVE has succeeded", func(s *Server) bool { return !s.save.failed })
	w.expect("set x 6", "OK")
	if list := leftovers(t); len(list) != 0 {
		t.Errorf("%q are left", list)
	}
}
