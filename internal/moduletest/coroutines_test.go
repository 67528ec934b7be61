package moduletest

import (
	"runtime"
	"testing"
)

// A module may call from stacks that it made itself, and be called on them.
func TestCoroutines(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("SKIPPED: calls from stacks of modules' own work on amd64 only")
	}
	s := startBerth(t)
	c := s.dial()
	c.expect(t, "OK", "MODULE", "LOAD", module(t, "testdata/modules/coroutines.c"))
	c.expect(t, "1) (integer) 10\n2) (integer) 10\n3) (integer) 20\n4) (integer) 10", "COROUTINES.RUN", "2")
	for range 20 {
		c.do(t, "COROUTINES.RUN", "50")
		c.expect(t, "PONG", "PING") // on the usual stack
	}
	c.expect(t, `"1002"`, "GET", "counter-9")
}
