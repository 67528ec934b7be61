#include "textflag.h"
#include "funcdata.h"

// func callHere(fn uintptr) uintptr
//
// callHere calls a C function on the goroutine's stack, with plenty of room. The C
// ABI keeps R28, where Go has its g, and Go's stack pointer is aligned as C wants it.
TEXT ·callHere(SB), 0, $65536-16
	NO_LOCAL_POINTERS
	MOVD fn+0(FP), R9
	CALL (R9)
	MOVD R0, ret+8(FP)
	RET
