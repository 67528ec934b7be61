package server

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// writerNice is how much nicer than the loop the writer of a snapshot is.
const writerNice = 10

// yieldProcessor has the calling goroutine give way to the loop, and to whoever asks
// it: it does not interrupt others when it wakes, and gets less of a processor that is
// short. Both are properties of the thread, which the goroutine keeps for itself: it
// must end without unlocking it, so that the thread ends too. That any of this is
// denied is no reason not to write.
func yieldProcessor() {
	runtime.LockOSThread()
	attr, err := unix.SchedGetAttr(0, 0)
	if err != nil || attr.Policy != unix.SCHED_NORMAL {
		return // somebody has decided otherwise for the whole process
	}
	attr.Policy, attr.Nice = unix.SCHED_BATCH, min(attr.Nice+writerNice, 19)
	_ = unix.SchedSetAttr(0, attr, 0)
}
