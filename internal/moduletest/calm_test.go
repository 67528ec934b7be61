//go:build linux

package moduletest

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// calmThreads are the server's threads that do not interrupt others when they wake up.
func calmThreads(s *server) (tids []int) {
	s.t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", s.pid))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range entries {
		tid, err := strconv.Atoi(e.Name())
		if err != nil {
			s.t.Fatal(err)
		}
		if attr, err := unix.SchedGetAttr(tid, 0); err == nil && attr.Policy == unix.SCHED_BATCH {
			tids = append(tids, tid)
		}
	}
	return tids
}

// The threads that a module starts when it is loaded leave the loop its processor; the
// loop's own thread is scheduled as ever.
func TestModuleThreadsAreCalm(t *testing.T) {
	if attr, err := unix.SchedGetAttr(0, 0); err != nil || attr.Policy != unix.SCHED_NORMAL {
		t.Skipf("the tests are scheduled unlike others themselves: %+v, %v", attr, err)
	}
	s := startBerth(t)
	c := s.dial()
	if tids := calmThreads(s); len(tids) != 0 {
		t.Fatalf("calm before there is a module: %v", tids)
	}
	c.expect(t, "OK", "MODULE", "LOAD", module(t, "testdata/bench/asyncmod.c"))
	if tids := calmThreads(s); len(tids) != 1 || tids[0] == s.pid {
		t.Errorf("of process %d, the threads %v are calm: there should be the module's", s.pid, tids)
	}
	c.expect(t, "(integer) 1", "BENCH.UNBLOCK")
}
