package moduletest

import (
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A forked process runs the module's code and calls the host.
func TestFork(t *testing.T) {
	s, c, _ := withParcels(t)
	for range 3000 {
		if err := c.send("SET", "key:"+time.Now().String(), strings.Repeat("v", 100)); err != nil {
			t.Fatal(err)
		}
		if _, err := c.receive(); err != nil {
			t.Fatal(err)
		}
	}
	c.expect(t, "OK", "PARCEL.SET", "k", "v", "1")
	before := c.do(t, "DEBUG", "DIGEST")
	fork := func(what, argument, code, signal string) {
		t.Helper()
		c.do(t, "PARCEL.NOTES")
		if got := c.do(t, "PARCEL.FORK", what, argument); !strings.HasPrefix(got, "(integer) ") {
			t.Fatalf("the fork for %s: %s", what, got)
		}
		if got := c.do(t, "PARCEL.NOTES"); got != "fork:born" {
			t.Errorf("the notes are %q", got)
		}
		waitFork(t, s, c, code, signal)
		if got := c.do(t, "PARCEL.NOTES"); got != "fork:died" {
			t.Errorf("the notes are %q", got)
		}
	}
	fork("exit", "3", "3", "0")
	fork("save", "child.rdb", "0", "0")
	fork("save", "no/folder.rdb", "2", "0") // ENOENT
	fork("again", "", "7", "0")
	c.expect(t, "OK", "CONFIG", "SET", "busy-reply-threshold", "1")
	fork("yield", "", "5", "0")
	fork("return", "", "0", "0")
	s.logged(`:C .* Module fork returned`)
	fork("crash", "", "1", "0")
	s.logged(`:C .* Module fork crashed: SIGSEGV`)
	c.expect(t, "(integer) 3001", "DBSIZE")
	c.expect(t, "OK", "PARCEL.FILE", "load", "child.rdb")
	c.expect(t, before, "DEBUG", "DIGEST")
	c.expect(t, "OK", "FLUSHALL")
	c.expect(t, "OK", "SET", "x", "1")
	fork("call", "", "1", "0")
	s.logged(`:C .* the child counts 1 keys`)
	if got := c.info(t, "stats", "total_forks"); got != "8" {
		t.Errorf("total_forks is %s", got)
	}
	if got := c.info(t, "persistence", "module_fork_last_cow_size"); got == "0" {
		t.Error("no fork took memory")
	}
}

// waitFork waits until the forked process has ended, and compares how.
func waitFork(t *testing.T, s *server, c *client, code, signal string) {
	t.Helper()
	s.eventually("the end of the fork", func() bool { return c.info(t, "persistence", "module_fork_in_progress") == "0" })
	c.expect(t, "1) (integer) -1\n2) (integer) "+code+"\n3) (integer) "+signal, "PARCEL.ENDED")
}

// One is enough; it tells how far it is, and is killed.
func TestForkKill(t *testing.T) {
	s, c, load := withParcels(t)
	c.do(t, "PARCEL.FORK", "wait", "")
	s.logged(":C .* the child waits")
	s.eventually("the heartbeat", func() bool { return c.info(t, "persistence", "current_fork_perc") == "25.00" })
	c.expect(t, "(error) File exists", "PARCEL.FORK", "exit", "0")
	s.logged("Can't fork for module: File exists")
	c.expect(t, "ERR", "PARCEL.KILL", "1")
	c.expect(t, "OK", "PARCEL.KILL")
	c.expect(t, "ERR", "PARCEL.KILL")
	s.logged("Received SIGUSR1 in child")
	if got := c.info(t, "persistence", "module_fork_in_progress"); got != "0" {
		t.Errorf("module_fork_in_progress is %s", got)
	}
	// The module is not told of an end that it wanted, but of others.
	if got := c.do(t, "PARCEL.ENDED"); !strings.HasSuffix(got, "2) (integer) -1\n3) (integer) -1") {
		t.Errorf("the module was told: %s", got)
	}
	pid := strings.TrimPrefix(c.do(t, "PARCEL.FORK", "wait", ""), "(integer) ")
	if err := syscall.Kill(atoi(t, pid), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	waitFork(t, s, c, "-1", "9")

	// Not while a snapshot is written, and not beyond the server's end.
	c.expect(t, "OK", "SET", "x", "1")
	c.expect(t, "OK", "CONFIG", "SET", "rdb-key-save-delay", "10000000")
	c.expect(t, "Background saving started", "BGSAVE")
	c.expect(t, "(error) File exists", "PARCEL.FORK", "exit", "0")
	s = s.restart(load...)
	c = s.dial()
	pid = strings.TrimPrefix(c.do(t, "PARCEL.FORK", "wait", ""), "(integer) ")
	s.stop()
	if err := syscall.Kill(atoi(t, pid), 0); err == nil {
		t.Error("the fork outlives the server")
	}
}

func atoi(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
