package sched

import "golang.org/x/sys/unix"

// mostNice is the nicest that the kernel lets a thread be.
const mostNice = 19

// Calm has the calling thread, and the threads that it makes, not interrupt others when
// they wake up: they run when the processor is idle, or the running thread has had its
// share. Their own share is as large as before, but for nicer, which is added to how
// nice the thread is. A thread whose scheduling is not the usual one is left as it is.
// undo takes it back for the calling thread; the threads made meanwhile stay calm.
func Calm(nicer int) (undo func()) {
	attr, err := unix.SchedGetAttr(0, 0)
	if err != nil || attr.Policy != unix.SCHED_NORMAL {
		return func() {}
	}
	was := *attr
	attr.Policy, attr.Nice = unix.SCHED_BATCH, min(attr.Nice+int32(nicer), mostNice)
	if unix.SchedSetAttr(0, attr, 0) != nil {
		return func() {}
	}
	return func() { _ = unix.SchedSetAttr(0, &was, 0) }
}

// Yield lets other threads that want this processor run first.
func Yield() { _, _, _ = unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0) }
