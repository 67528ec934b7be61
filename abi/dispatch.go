package abi

import (
	"runtime/debug"
	"unsafe"

	"berth/internal/server"
)

// dispatchFunc is the func value that tail enters Go with.
var dispatchFunc = dispatch

// threadRule says which threads may call a function.
type threadRule uint8

const (
	ruleLock threadRule = iota // the holder of the host lock
	ruleAny
)

// loopThread is the thread pointer of the loop's thread.
var loopThread uintptr

// loopErrno is where that thread's errno is.
var loopErrno uintptr

// quickThread is the thread whose calls quick functions serve: the loop's, or 0 in
// programs with the race detector, whose own code cannot run there.
var quickThread uintptr

// quickHolder is the module's thread that holds the host lock, 0 when none does, and
// in programs with the race detector. It is written under the lock: a thread that
// reads its own value holds it.
var quickHolder uintptr

// locked says whether the calling thread holds the host lock.
func (f *frame) locked() bool {
	h := host.srv.HostLock.Holder()
	return h == int64(f.thread) || h == server.LoopHolder && f.thread == loopThread
}

// dispatch runs the handler of one call from a module. It runs on the
// goroutine of the innermost Go-to-C call of the calling thread.
func dispatch(p unsafe.Pointer) {
	f := (*frame)(p)
	locked := f.locked()
	if !locked {
		if apiThreads[f.index] == ruleLock {
			f.misuse("this thread does not hold the host lock")
			return
		}
		debug.SetPanicOnFault(true) // the loop's goroutine has it for good
		makeRoom()
	}
	top, running := 0, (*Module)(nil)
	if locked {
		top, running = callTop, host.running
	}
	done := false
	defer func() {
		if done {
			return
		}
		if r := recover(); r != nil {
			f.rescue(r, top, running)
		}
	}()
	handlers[f.index](f)
	done = true
}
