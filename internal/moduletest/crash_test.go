package moduletest

import (
	"runtime"
	"strings"
	"testing"
)

// A fault in a module's code ends the call, not the server: the client gets an
// error, the log says where, the module is fenced off and can be unloaded and
// loaded again.
func TestCrash(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("SKIPPED: faults are caught on Linux only")
	}
	so := module(t, "testdata/modules/crash.c")
	s := startBerth(t)
	c := s.dial()
	// A Go library has handlers for faults of its own, which see them first.
	c.expect(t, "OK", "MODULE", "LOAD", module(t, "modules/gohello"))
	fenced := func(signal string) string {
		return "(error) ERR the module 'crash' crashed (" + signal + "), see the log; MODULE UNLOAD removes it"
	}
	for _, tc := range []struct{ how, signal, log string }{
		{"read", "SIGSEGV", "accessing address 0x0 in crash"},
		{"write", "SIGSEGV", "accessing address 0x0 in crash"},
		{"wild", "SIGSEGV", "in crash"},
		{"null-call", "SIGSEGV", "a function at address 0x0 was called from crash"},
		{"divide", "SIGFPE", "in crash"},
		{"illegal", "SIGILL", "in crash"},
		{"abort", "SIGABRT", "in libc"},
		{"libc", "SIGSEGV", "in libc"},
		{"stack", "SIGSEGV", "in crash"},
		{"float", "SIGSEGV", "in crash"},
		{"leaf", "SIGSEGV", "accessing address 0x8"},
		{"after-call", "SIGSEGV", "in crash"},
		{"nested", "SIGSEGV", "in crash"},
		{"part", "SIGSEGV", "in crash"},
	} {
		t.Run(tc.how, func(t *testing.T) {
			from := len(s.output())
			if got := c.do(t, "MODULE", "LOAD", so); got != "OK" {
				t.Fatal(got)
			}
			waiter := s.dial()
			if err := waiter.send("CRASH.WAIT"); err != nil {
				t.Fatal(err)
			}
			s.eventually("the other client to wait", func() bool {
				return strings.Contains(c.do(t, "INFO", "clients"), "blocked_clients:1")
			})
			if got := c.do(t, "CRASH.NOW", tc.how); got != fenced(tc.signal) {
				t.Fatalf("got %q, want %q", got, fenced(tc.signal))
			}
			if r, err := waiter.receive(); err != nil || notation(&r) != fenced(tc.signal) {
				t.Errorf("the client that waited got %q, %v", notation(&r), err)
			}
			c.expect(t, fenced(tc.signal), "CRASH.LATER")
			if info := c.do(t, "INFO", "modules"); !strings.Contains(info, "module:name=crash,ver=1,api=1,filters=0,usedby=[],using=[],options=[crashed]") {
				t.Errorf("INFO does not say that it crashed: %s", info)
			}
			c.expect(t, "PONG", "PING")
			if log := s.output()[from:]; !strings.Contains(log, "Module crash crashed: "+tc.signal) || !strings.Contains(log, tc.log) {
				t.Errorf("the log does not have %s and %q:\n%s", tc.signal, tc.log, log)
			}
			c.expect(t, "OK", "MODULE", "UNLOAD", "crash")
			c.expect(t, "(error) ERR unknown command 'CRASH.WAIT', with args beginning with: ", "CRASH.WAIT")
		})
	}
	t.Run("in a script", func(t *testing.T) {
		c.expect(t, "OK", "MODULE", "LOAD", module(t, "testdata/modules/scripts.c"))
		for _, call := range [][]string{
			{"EVAL", "return redis.pcall('crash.now', 'read').err", "0"},
			{"SCRIPTS.CALL", "-", "EVAL", "return redis.pcall('crash.now', 'after-call').err", "0"},
			{"EVAL", "return redis.pcall('scripts.call', '-', 'crash.now', 'read').err", "0"},
		} {
			c.expect(t, "OK", "MODULE", "LOAD", so)
			if got := c.do(t, call...); !strings.Contains(got, "the module 'crash' crashed (SIGSEGV)") {
				t.Errorf("%q: %s", call, got)
			}
			c.expect(t, "OK", "MODULE", "UNLOAD", "crash")
			c.expect(t, "(integer) 7", "EVAL", "return 7", "0")
		}
		c.expect(t, "OK", "MODULE", "UNLOAD", "scripts")
	})
	t.Run("in a timer", func(t *testing.T) {
		c.expect(t, "OK", "MODULE", "LOAD", so)
		c.expect(t, "OK", "CRASH.LATER")
		s.eventually("the crash", func() bool { return c.do(t, "CRASH.NOW", "none") == fenced("SIGSEGV") })
		c.expect(t, "OK", "MODULE", "UNLOAD", "crash")
	})
	t.Run("in OnLoad", func(t *testing.T) {
		c.expect(t, "(error) ERR Error loading the extension. Please check the server logs.", "MODULE", "LOAD", so, "read")
		if !strings.Contains(s.output(), "it crashed: SIGSEGV") {
			t.Error("the log does not say why loading failed")
		}
	})
	c.expect(t, `"v"`, "GET", "crash:key")
	t.Run("again and again", func(t *testing.T) {
		for range 300 {
			c.expect(t, "OK", "MODULE", "LOAD", so)
			c.expect(t, fenced("SIGSEGV"), "CRASH.NOW", "read")
			c.expect(t, "OK", "MODULE", "UNLOAD", "crash")
		}
	})
}
