package sched

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

func own(t *testing.T) unix.SchedAttr {
	t.Helper()
	attr, err := unix.SchedGetAttr(0, 0)
	if err != nil {
		t.Fatal(err)
	}
	return *attr
}

func TestCalm(t *testing.T) {
	runtime.LockOSThread() // for good: the thread must not go back to others
	before := own(t)
	if before.Policy != unix.SCHED_NORMAL || before.Nice > mostNice-2 {
		t.Skipf("the tests are scheduled unlike others themselves: %+v", before)
	}
	for _, nicer := range []int32{0, 2} {
		undo := Calm(int(nicer))
		if a := own(t); a.Policy != unix.SCHED_BATCH || a.Nice != before.Nice+nicer {
			t.Errorf("calm, nicer by %d: %+v", nicer, a)
		}
		Calm(1)() // of a thread that is calm already
		if a := own(t); a.Policy != unix.SCHED_BATCH || a.Nice != before.Nice+nicer {
			t.Errorf("calm twice: %+v", a)
		}
		if nicer != 0 {
			continue // to be less nice again is a privilege
		}
		undo()
		if a := own(t); a != before {
			t.Errorf("calm no more: %+v, it was %+v", a, before)
		}
	}
}
