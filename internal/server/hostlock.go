package server

import (
	"sync/atomic"

	"berth/internal/sched"
)

// LoopHolder is the holder that HostLock records for the loop itself.
const LoopHolder = 1

// HostLock guards all that the loop owns against the modules' own threads. The
// loop holds it except while it waits in the kernel; a thread that takes it
// runs as if it were the loop. It is not recursive.
type HostLock struct {
	mu     threadMutex
	holder atomic.Int64
}

// Lock waits for the lock. who is recorded as its holder: LoopHolder, or the
// number of the calling thread. Any thread that does not hold it.
func (l *HostLock) Lock(who int64) {
	l.mu.Lock()
	l.holder.Store(who)
}

// TryLock takes the lock if nobody holds it and reports whether it did.
func (l *HostLock) TryLock(who int64) bool {
	if !l.mu.TryLock() {
		return false
	}
	l.holder.Store(who)
	return true
}

// Unlock gives the lock back. It need not be called on the thread that took
// it, but only for the holder. It says whether somebody who waits was woken.
func (l *HostLock) Unlock() (woke bool) {
	l.holder.Store(0)
	return l.mu.Unlock()
}

// Yield is Unlock for the loop, which takes the lock again in a moment: a thread that
// waits for it, and has to share the loop's processor, gets that first. Otherwise it
// would wake only to find that the loop has the lock.
func (l *HostLock) Yield() {
	if l.Unlock() {
		sched.Yield()
	}
}

// Holder is who took the lock last and has not given it back, 0 for nobody.
// Any thread; the answer may be old when it arrives, except to the holder.
func (l *HostLock) Holder() int64 { return l.holder.Load() }
