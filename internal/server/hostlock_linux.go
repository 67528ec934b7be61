package server

import (
	"sync/atomic"
	"syscall"
	"unsafe"
)

// threadMutex is a mutex for threads: who has to wait waits in the kernel. With
// sync.Mutex a goroutine would wait, and those who take this one are locked to their
// threads, the loop and callbacks of modules' threads: the runtime puts the thread to
// sleep, starts another one that finds nothing to do, and goes the same way back
// when the mutex is free. A module that indexes on a thread of its own hands the
// lock to and fro for every document.
type threadMutex struct {
	// state is 0 when the mutex is free, 1 when it is taken, 2 when somebody may be
	// waiting besides.
	state atomic.Uint32
}

// The futex operations, for threads of one process (futex(2)).
const (
	futexWait = 0 | 128
	futexWake = 1 | 128
)

// Lock waits for the mutex. The system call lets the collector go on meanwhile.
func (m *threadMutex) Lock() {
	if m.state.CompareAndSwap(0, 1) {
		return
	}
	for m.state.Swap(2) != 0 {
		// It returns at once when the mutex is free by now; a signal may end it, too.
		_, _, _ = syscall.Syscall6(syscall.SYS_FUTEX, uintptr(unsafe.Pointer(&m.state)), futexWait, 2, 0, 0, 0)
	}
}

// lockRaw is Lock for threads that the Go scheduler takes to be in C, or does not know.
func (m *threadMutex) lockRaw() bool {
	if !m.state.CompareAndSwap(0, 1) {
		for m.state.Swap(2) != 0 {
			_, _, _ = syscall.RawSyscall6(syscall.SYS_FUTEX, uintptr(unsafe.Pointer(&m.state)), futexWait, 2, 0, 0, 0)
		}
	}
	return true
}

// rawMutex says that TryLock and Unlock are for such threads, too.
const rawMutex = true

// TryLock takes the mutex if it is free.
func (m *threadMutex) TryLock() bool { return m.state.CompareAndSwap(0, 1) }

// Unlock frees the mutex and wakes one who waits. It says whether there was one.
func (m *threadMutex) Unlock() (woke bool) {
	if m.state.Swap(0) != 2 {
		return false
	}
	woken, _, _ := syscall.RawSyscall6(syscall.SYS_FUTEX, uintptr(unsafe.Pointer(&m.state)), futexWake, 1, 0, 0, 0)
	return woken != 0
}
