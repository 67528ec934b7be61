package abi

import (
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"
)

// A thread that Go did not make borrows an M, the runtime's idea of a thread, to
// run Go code. Borrowing and giving back take system calls for its signal stack
// and mask, a microsecond in all. With a pthread key the runtime leaves the M with
// the thread until that ends, when the key's destructor gives it back. cgo makes
// such a key when a function that it exported is first called; here there are no
// such functions, and without cgo there is nobody to make it. So New does.

// cgoKeyCreated points to the word that tells the runtime whether there is a key.
//
//go:linkname cgoKeyCreated _cgo_pthread_key_created
var cgoKeyCreated *uintptr

// cgoBindM is the C function that the runtime calls with what the key is to hold
// for the calling thread.
//
//go:linkname cgoBindM _cgo_bindm
var cgoBindM uintptr

// threadKey is the key, and setSpecific the C library's function that sets it, for
// bindM.
var (
	threadKey   uint64
	setSpecific uintptr
)

// boundThreads is how many threads have an M. bindM and threadExit keep it.
var boundThreads int32

// A thread that has called keeps its P, the runtime's right to run Go code, for the
// tens of microseconds until the runtime takes that back. Threads can so have all there
// are, and the loop then waits for one when it wakes. The runtime is therefore given one
// more than there are threads. With one that is free it is also in no hurry to take that
// of the loop, when that sleeps, and its monitor does not wake up every 20 us.
var room struct {
	sync.Mutex
	threads atomic.Int32 // for so many there is room
	cpus    int
}

// mostRoom is how many Ps there may be beyond the processors. The collector takes a
// quarter of them while it works.
const mostRoom = 4

// makeRoom sees to it that the threads there are do not take all Ps. Any thread.
func makeRoom() {
	n := atomic.LoadInt32(&boundThreads)
	if n <= room.threads.Load() {
		return
	}
	room.Lock()
	defer room.Unlock()
	if room.cpus == 0 {
		room.cpus = runtime.GOMAXPROCS(0)
	}
	room.threads.Store(n)
	want := min(int(n)+1, room.cpus+mostRoom)
	if want > runtime.GOMAXPROCS(0) && os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(want)
	}
}

func bindMAddr() uintptr
func threadExitAddr() uintptr

// bindThreads has the runtime keep its Ms with the threads of modules. It must run
// before any such thread calls. Where something is missing it does nothing: calls
// are slower then.
func bindThreads() {
	create, set := libcFunc("pthread_key_create"), libcFunc("pthread_setspecific")
	if runtime.GOOS != "linux" || create == 0 || set == 0 || cgoKeyCreated == nil || *cgoKeyCreated != 0 {
		return
	}
	failed, ok := callFree(create, uint64(uintptr(unsafe.Pointer(&threadKey))), uint64(threadExitAddr()))
	if !ok || int32(failed) != 0 {
		return
	}
	setSpecific, cgoBindM = set, bindMAddr()
	atomic.StoreUintptr(cgoKeyCreated, 1)
}
