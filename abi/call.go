package abi

import (
	"unsafe"

	_ "github.com/ebitengine/purego" // brings the C runtime's thread set-up, with and without cgo

	"berth/internal/dl"
)

// callFrame is what callC reads and writes for one call into a module.
//
// On the loop's thread it is a guard as well: a fault in the code called ends
// the call, and says so in guard.Signal.
type callFrame struct {
	guard dl.GuardFrame
	fn    uintptr
	args  [numInts]uint64
	ret   uint64
	outer *Module // which was the running one before
}

// callDepth bounds how deep modules and host may call each other in turn. A
// module that recurses through Call runs out of C stack near here anyway.
const callDepth = 1024

// callReserve is how many of these calls are left when callbacks are left out.
// Commands are refused before.
const callReserve = 4

// callFrames is the LIFO of frames for calls into modules. It is not on a
// goroutine's stack, since a callback can move that, and it is protected by
// the host lock, under which every such call is made.
var (
	callFrames [callDepth]callFrame
	callTop    int
)

//go:linkname cgocall runtime.cgocall
func cgocall(fn uintptr, arg unsafe.Pointer) int32

// guardFrame is the frame of the C code that the loop's thread runs right now, 0
// while it runs Go code. callC and tail keep it, the signal handler reads it.
var guardFrame uintptr

// Where the assembly finds the fields of a guard.
const (
	guardSP     = unsafe.Offsetof(dl.GuardFrame{}.SP)
	guardSignal = unsafe.Offsetof(dl.GuardFrame{}.Signal)
	guardSize   = unsafe.Sizeof(dl.GuardFrame{})
)

// landingPC is the address of landing, set in assembly.
var landingPC uintptr

func stubBase() uintptr
func callCAddr() uintptr
func threadPointer() uintptr

var callCPC = callCAddr()

// call calls a C function of a module with integer and pointer arguments and
// returns what it returned, or the fault that ended it. The host lock must be
// held.
func call(fn uintptr, a0, a1, a2, a3, a4, a5 uint64) (uint64, *fault) {
	c := pushCall(fn, a0, a1, a2, a3, a4, a5)
	cgocall(callCPC, unsafe.Pointer(c))
	if f := c.popCall(); f != nil {
		return 0, f
	}
	return c.ret, nil
}

// pushCall takes and fills the frame of a call, popCall gives it back and answers the
// fault that ended the call. Both are for inlining: see Module.handler.
func pushCall(fn uintptr, a0, a1, a2, a3, a4, a5 uint64) *callFrame {
	if callTop == callDepth {
		panic("BUG: calls between host and modules are nested too deep")
	}
	c := &callFrames[callTop]
	callTop++
	c.fn = fn
	c.args[0], c.args[1], c.args[2] = a0, a1, a2
	c.args[3], c.args[4], c.args[5] = a3, a4, a5
	return c
}

func (c *callFrame) popCall() *fault {
	callTop--
	if c.guard.Signal != 0 {
		return c.failed()
	}
	return nil
}

// failed is the fault that ended a call.
func (c *callFrame) failed() *fault {
	if host.srv.InFork() {
		host.returned(c)
	}
	return newFault(c)
}

// callFree is call for threads that do not hold the host lock: its frame is
// its own. It is for functions of the C library. ok is false for one that was
// ended by a fault, which a module's pointer must have caused.
func callFree(fn uintptr, args ...uint64) (ret uint64, ok bool) {
	c := new(callFrame)
	c.fn = fn
	copy(c.args[:], args)
	cgocall(callCPC, unsafe.Pointer(c))
	return c.ret, c.guard.Signal == 0
}
