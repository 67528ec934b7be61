#include "textflag.h"
#include "funcdata.h"

// func callHere(fn uintptr) uintptr
//
// callHere calls a C function on the goroutine's stack, with plenty of room. The C
// ABI keeps R14, where Go has its g, and BX.
TEXT ·callHere(SB), 0, $65536-16
	NO_LOCAL_POINTERS
	MOVQ fn+0(FP), AX
	MOVQ SP, BX
	ANDQ $~15, SP
	CALL AX
	MOVQ BX, SP
	MOVQ AX, ret+8(FP)
	RET
