package abi

import (
	"math"
	"unsafe"
)

// frame is what tail saves on the C stack for one call from a module. The
// assembly knows its offsets from go_asm.h; frame_test.go proves the size.
//
// A frame lives as long as the call and belongs to the calling thread.
type frame struct {
	ints   [numInts]uint64      // integer argument registers in order
	floats [numFloats][2]uint64 // floating argument registers, whole: with ints, what C's va_arg reads
	stack  uintptr              // first argument that travelled on the stack
	thread uintptr              // thread pointer of the caller
	caller uintptr              // where the call returns to
	index  uint32               // which function: an fn… constant
	errno  int32                // stored for the caller when not zero, see errnoZero
	ret    uint64               // integer or pointer result
	fret   uint64               // double or float result, as bits
	long   [16]byte             // long double result
	isLong uint32               // 1: the result is in long
	_      uint32
	guard  uintptr // what guardFrame was in the module's code
	// away is g if the call came from a stack that the module made for itself, and
	// bounds are what the runtime took for the thread's stack before.
	away   uintptr
	bounds [3]uintptr
}

// int returns argument i, which must be of an integer class and among those
// that travel in registers or, past them, on the stack.
func (f *frame) int(i int) uint64 {
	if i < numInts {
		return f.ints[i]
	}
	return *(*uint64)(at(f.stack + uintptr(i-numInts)*8))
}

func (f *frame) i32(i int) int32     { return int32(f.int(i)) }
func (f *frame) i64(i int) int64     { return int64(f.int(i)) }
func (f *frame) uptr(i int) uintptr  { return uintptr(f.int(i)) }
func (f *frame) float(i int) float64 { return math.Float64frombits(f.floats[i][0]) }

func (f *frame) setInt(v int64)     { f.ret = uint64(v) }
func (f *frame) setPtr(p uintptr)   { f.ret = uint64(p) }
func (f *frame) setFloat(v float64) { f.fret = math.Float64bits(v) }

// setFloat32 answers a C float, which is the low half of the register.
func (f *frame) setFloat32(v float32) { f.fret = uint64(math.Float32bits(v)) }

// setBool answers the interface's 1 and 0.
func (f *frame) setBool(v bool) {
	f.ret = 0
	if v {
		f.ret = 1
	}
}

const (
	statusOK  = 0 // REDISMODULE_OK
	statusErr = 1 // REDISMODULE_ERR
)

// setOK answers REDISMODULE_OK, or REDISMODULE_ERR.
func (f *frame) setOK(ok bool) {
	f.ret = statusErr
	if ok {
		f.ret = statusOK
	}
}

// at makes a pointer of an address outside the Go heap. The conversion goes
// through memory because a direct one is what vet rightly forbids for
// addresses of Go objects; these never are.
func at(addr uintptr) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(&addr))
}
