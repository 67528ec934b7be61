package server

import "testing"

// Whoever waits for the disk is told when it has what he wrote, and what follows in
// his input is served then.
func TestWaitaof(t *testing.T) {
	l := startSaved(t, t.TempDir(), "appendonly yes\nappendfsync always\n")
	w, o := l.dial(), l.dial()
	w.expect("waitaof 1 0 0", "[1 0]", "set a 1", "OK", "waitaof 1 0 0", "[1 0]", "waitaof 0 0 0", "[1 0]", "waitaof 1 1 1", "[1 0]")
	w.send("set a 2", "waitaof 1 0 0", "set a 3", "waitaof 1 0 0", "ping")
	for _, want := range []string{"OK", "[1 0]", "OK", "[1 0]", "PONG"} {
		if got := w.next(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	w.expect("config set appendfsync no", "OK", "set a 4", "OK", "waitaof 1 0 5", "[0 0]", "waitaof 0 0 5", "[0 0]",
		"multi", "OK", "set a 5", "QUEUED", "waitaof 1 0 0", "QUEUED", "exec", "[OK [0 0]]")
	o.expect("waitaof 1 0 0", "[1 0]") // it wrote nothing
	w.send("waitaof 1 0 0")
	w.quiet()
	o.expect("config set appendfsync everysec", "OK")
	if got := w.next(); got != "[1 0]" {
		t.Errorf("once a second: %s", got)
	}
	w.expect("config set appendfsync no", "OK", "set a 6", "OK")
	w.send("waitaof 1 0 0", "ping")
	o.expect("bgrewriteaof", "Background append only file rewriting started")
	if got := w.next() + " " + w.next(); got != "[1 0] PONG" {
		t.Errorf("with the next file: %s", got)
	}
	w.expect("set a 7", "OK")
	w.send("waitaof 1 0 0")
	w.quiet()
	o.expect("config set appendonly no", "OK", "waitaof 0 0 0", "[0 0]", "waitaof 1 0 0", "-"+errTextNoAOF)
	if got := w.next(); got != "-"+errTextNoAOF {
		t.Errorf("switched off: %s", got)
	}
	// What was written before it was on is in the base file.
	o.expect("set a 8", "OK", "config set appendonly yes", "OK", "waitaof 1 0 0", "[1 0]")
	w.expect("waitaof 1 0 0", "[1 0]", "waitaof 2 0 0", "-ERR value is out of range, value must between 0 and 1", "waitaof 1 -1 0", "-ERR value is out of range, must be positive",
		"waitaof 1 0 -1", "-ERR timeout is negative", "ping", "PONG")
}
