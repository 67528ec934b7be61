package moduletest

import (
	"runtime"
	"strings"
	"testing"
)

// promised is a server with the module promises, and two clients of it.
func promised(t *testing.T) (s *server, c, other *client) {
	t.Helper()
	so := module(t, "testdata/modules/promises.c")
	s = startBerth(t)
	c, other = s.dial(), s.dial()
	c.expect(t, "OK", "MODULE", "LOAD", so)
	return s, c, other
}

// waiting has the client send a command and wait for its reply.
func (c *client) waiting(t *testing.T, s *server, args ...string) {
	t.Helper()
	if err := c.send(args...); err != nil {
		t.Fatal(err)
	}
	watcher := s.dial()
	s.eventually("the client to wait", func() bool { return watcher.info(t, "clients", "blocked_clients") == "1" })
}

// gets compares the reply that comes with what redis-cli would show.
func (c *client) gets(t *testing.T, want string) {
	t.Helper()
	r, err := c.receive()
	if err != nil {
		t.Fatal(err)
	}
	if got := notation(&r); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A command that waits gives a promise, and its reply reaches the callback,
// however the wait ends.
func TestPromises(t *testing.T) {
	s, c, other := promised(t)
	popped := "1) \"k\"\n2) \"v\""
	for _, tc := range []struct {
		name    string
		command []string
		end     []string
		want    string
	}{
		{"a key", []string{"PROMISES.CALL", "", "BLPOP", "k", "0"}, []string{"LPUSH", "k", "v"}, popped},
		{"automatic memory", []string{"PROMISES.AUTO", "BLPOP", "k", "0"}, []string{"LPUSH", "k", "v"}, popped},
		{"a thread", []string{"PROMISES.THREAD", "k"}, []string{"LPUSH", "k", "v"}, popped},
		{"propagated", []string{"PROMISES.CALL", "!", "BLPOP", "k", "0"}, []string{"LPUSH", "k", "v"}, popped},
		{"time over", []string{"PROMISES.CALL", "", "BLPOP", "k", "0.1"}, nil, "(nil)"},
		{"time over, nested", []string{"PROMISES.CALL", "", "PROMISES.CALL", "", "BLPOP", "k", "0.1"}, nil, "(nil)"},
		{"a module's command", []string{"PROMISES.CALL", "", "PROMISES.HOLD", "text", "0"}, []string{"PROMISES.RELEASE"}, `"text"`},
		{"a module's time over", []string{"PROMISES.CALL", "", "PROMISES.HOLD", "text", "50"}, nil, "(error) TIMEOUT"},
		{"nested", []string{"PROMISES.CALL", "", "PROMISES.CALL", "", "PROMISES.CALL", "", "BRPOP", "k", "0"}, []string{"LPUSH", "k", "v"}, popped},
		{"nothing to wait for", []string{"PROMISES.CALL", "", "PING"}, nil, "PONG"},
		{"an error", []string{"PROMISES.CALL", "", "BLPOP", "k", "soon"}, nil, "(error) ERR timeout is not a float or out of range"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.end == nil {
				c.expect(t, tc.want, tc.command...)
				return
			}
			c.waiting(t, s, tc.command...)
			other.do(t, tc.end...)
			c.gets(t, tc.want)
			other.expect(t, "(integer) 0", "EXISTS", "k")
		})
	}
	c.expect(t, "(integer) 1", "PROMISES.MISUSE")
	s.logged("the reply is not a promise")
	for _, command := range []string{"SUBSCRIBE", "MONITOR"} {
		args := []string{"PROMISES.CALL", "", command}
		if command == "SUBSCRIBE" {
			args = append(args, "channel")
		}
		if got := c.do(t, args...); !strings.HasPrefix(got, "(error) ERR "+command+" isn't allowed for") {
			t.Errorf("%s: %s", command, got)
		}
	}
}

// An aborted call has no effect any more and no reply, one that is forgotten has
// its effect.
func TestPromiseAbort(t *testing.T) {
	s, c, other := promised(t)
	c.expect(t, "(integer) 1", "PROMISES.KEEP", "BLPOP", "k", "0")
	c.expect(t, "1) (integer) 1\n2) (integer) 1\n3) (integer) 0", "PROMISES.ABORT")
	other.expect(t, "(integer) 1", "LPUSH", "k", "v")
	other.expect(t, "(integer) 1", "LLEN", "k")
	other.do(t, "DEL", "k")

	// A module's command hears that its client went.
	c.expect(t, "(integer) 1", "PROMISES.KEEP", "PROMISES.HOLD", "text", "0")
	c.expect(t, "1) (integer) 1\n2) (integer) 1\n3) (integer) 0", "PROMISES.ABORT")
	c.expect(t, "1) (integer) 0\n2) (integer) 1", "PROMISES.COUNTS")

	// What was aborted is over for a callback too, what is over cannot be aborted.
	c.expect(t, "(integer) 1", "PROMISES.KEEP", "BLPOP", "k", "0.05")
	s.eventually("the wait to end", func() bool {
		return c.do(t, "PROMISES.COUNTS") == "1) (integer) -1000\n2) (integer) 1"
	})
	c.expect(t, "1) (integer) 0\n2) (integer) 0\n3) (integer) 0", "PROMISES.ABORT")

	c.expect(t, "OK", "PROMISES.FORGET", "BLPOP", "k", "0")
	other.expect(t, "(integer) 1", "LPUSH", "k", "v")
	other.expect(t, "(integer) 0", "LLEN", "k")

	// Nobody is left who counts as blocked, and what is forgotten keeps the module
	// from nothing.
	c.expect(t, "OK", "PROMISES.FORGET", "BLPOP", "k", "0")
	if got := c.info(t, "clients", "blocked_clients"); got != "0" {
		t.Errorf("%s clients are blocked", got)
	}
	c.expect(t, "OK", "MODULE", "UNLOAD", "promises")
	other.expect(t, "(integer) 1", "LPUSH", "k", "v")
	other.expect(t, "(integer) 0", "LLEN", "k")
}

// Whoever waits for a module that crashes gets an error, also through another's
// promise.
func TestPromiseCrash(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("SKIPPED: faults are caught on Linux only")
	}
	s, c, other := promised(t)
	c.waiting(t, s, "PROMISES.CALL", "", "PROMISES.HOLD", "text", "0")
	fenced := "(error) ERR the module 'promises' crashed (SIGSEGV), see the log; MODULE UNLOAD removes it"
	other.expect(t, fenced, "PROMISES.CRASH")
	c.gets(t, fenced)
	other.expect(t, "PONG", "PING")
	s.eventually("the module to be unloadable", func() bool { return other.do(t, "MODULE", "UNLOAD", "promises") == "OK" })
}
