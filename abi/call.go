package abi

import (
	"unsafe"

	_ "github.com/ebitengine/purego" // brings the C runtime's thread set-up, with and without cgo
)

// callFrame is what callC reads and writes for one call into a module.
type callFrame struct {
	fn   uintptr
	args [numInts]uint64
	ret  uint64
}

// callDepth bounds how deep modules and host may call each other in turn. A
// module that recurses through Call runs out of C stack near here anyway.
const callDepth = 1024

// callFrames is the LIFO of frames for calls into modules. It is not on a
// goroutine's stack, since a callback can move that, and it is protected by
// the host lock, under which every such call is made.
var (
	callFrames [callDepth]callFrame
	callTop    int
)

//go:linkname cgocall runtime.cgocall
func cgocall(fn uintptr, arg unsafe.Pointer) int32

func stubBase() uintptr
func callCAddr() uintptr
func threadPointer() uintptr

var callCPC = callCAddr()

// call calls a C function of a module with integer and pointer arguments and
// returns what it returned. The host lock must be held.
func call(fn uintptr, a0, a1, a2, a3, a4, a5 uint64) uint64 {
	if callTop == callDepth {
		panic("BUG: calls between host and modules are nested too deep")
	}
	c := &callFrames[callTop]
	callTop++
	c.fn = fn
	c.args[0], c.args[1], c.args[2] = a0, a1, a2
	c.args[3], c.args[4], c.args[5] = a3, a4, a5
	cgocall(callCPC, unsafe.Pointer(c))
	callTop--
	return c.ret
}

// callFree is call for threads that do not hold the host lock: its frame is
// its own. It is for functions of the C library.
func callFree(fn uintptr, a0, a1, a2, a3 uint64) uint64 {
	c := new(callFrame)
	c.fn = fn
	c.args[0], c.args[1], c.args[2], c.args[3] = a0, a1, a2, a3
	cgocall(callCPC, unsafe.Pointer(c))
	return c.ret
}
