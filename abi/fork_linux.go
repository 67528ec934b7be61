package abi

import (
	"math"
	"runtime/debug"
	"unsafe"

	"golang.org/x/sys/unix"
)

func callHere(fn uintptr) uintptr

// procPin and procUnpin keep the goroutine where it is: the runtime neither
// preempts it nor begins a garbage collection on its account.
//
//go:linkname procPin runtime.procPin
func procPin() int

//go:linkname procUnpin runtime.procUnpin
func procUnpin()

// forkProcess forks. In the child there is only the calling thread, which is the
// loop's: see docs/RATIONALE.md for what it can do. pid is 0 there.
//
// The collector is switched off before, which waits for its end if it is running: in
// the child its threads would be missed. The goroutine stays pinned in the child; one
// that tries to wait for another ends the process with an error instead of waiting
// for ever. The C library's own fork is called, for it sees to its locks, and on the
// goroutine's stack, so that the runtime does not take what the thread runs on away as
// it may during a call into C.
func forkProcess() (pid int, errno unix.Errno) {
	fn, location := libcFunc("fork"), errnoLocation
	if fn == 0 {
		return -1, unix.ENOSYS
	}
	percent := debug.SetGCPercent(-1)
	limit := debug.SetMemoryLimit(math.MaxInt64)
	procPin()
	var all, before unix.Sigset_t
	for i := range all.Val {
		all.Val[i] = ^uint64(0)
	}
	setSignals(&all, &before)
	pid = int(int32(callHere(fn)))
	if pid < 0 {
		errno = unix.Errno(*(*int32)(at(callHere(location))))
	}
	if pid == 0 {
		dieOf(unix.SIGUSR1)
		setSignals(&before, nil)
		return 0, 0
	}
	setSignals(&before, nil)
	procUnpin()
	debug.SetMemoryLimit(limit)
	debug.SetGCPercent(percent)
	return pid, errno
}

// sigsetSize is how long a set of signals is to the kernel.
const sigsetSize = 8

// setSignals sets which signals the thread blocks.
func setSignals(set, old *unix.Sigset_t) {
	_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(old)), sigsetSize, 0, 0)
}

// dieOf has a signal do what it does by default.
func dieOf(sig unix.Signal) {
	var action [4]uint64 // the kernel's struct, all of it zero
	_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&action)), 0, sigsetSize, 0, 0)
}

// exitProcess ends a forked process, and nothing else happens.
func exitProcess(code int) {
	for {
		_, _, _ = unix.RawSyscall(unix.SYS_EXIT_GROUP, uintptr(code), 0, 0)
	}
}
