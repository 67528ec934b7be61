#include "textflag.h"
#include "go_asm.h"

// The functions of the heap section, as modules get them: the C library's own, and
// the size of what they give and take is added to the module's sum. Each module has
// a place in moduleHeaps and stubs of its own, which say which one; its number is in
// R11, which carries no argument.

#define STUB(n, routine) \
	MOVL $(n), R11       \
	JMP  routine(SB)     \
	PCALIGN $16

#include "heap_stubs.h"

// COUNT adds AX to the sum of the place in R11. The loop's thread has a sum of its
// own, so that it need not lock the bus. It uses CX and DX.
#define COUNT(shared, done) \
	SHLQ  $const_heapShift, R11     \
	LEAQ  ·moduleHeaps(SB), DX      \
	BYTE  $0x64; BYTE $0x48; BYTE $0x8B; BYTE $0x0C; BYTE $0x25; LONG $0 \ // MOVQ FS:0, CX
	CMPQ  CX, ·loopThread(SB)       \
	JNE   shared                    \
	ADDQ  AX, moduleHeap_local(DX)(R11*1) \
	JMP   done                      \
shared:                             \
	LOCK                            \
	ADDQ  AX, moduleHeap_shared(DX)(R11*1) \
done:

// GIVE calls a function that gives memory, with the arguments as they are, and
// counts that.
#define GIVE(function) \
	SUBQ  $24, SP          \
	MOVQ  R11, 8(SP)       \
	MOVQ  function(SB), AX \
	CALL  AX               \
	MOVQ  AX, 16(SP)       \
	TESTQ AX, AX           \
	JEQ   none             \
	MOVQ  AX, DI           \
	MOVQ  ·libcUsable(SB), AX \
	CALL  AX               \
	MOVQ  8(SP), R11       \
	COUNT(shared, counted) \
	MOVQ  16(SP), AX       \
none:                      \
	ADDQ  $24, SP          \
	RET

TEXT ·countedMalloc(SB), NOSPLIT|NOFRAME, $0
	GIVE(·libcMalloc)

TEXT ·countedCalloc(SB), NOSPLIT|NOFRAME, $0
	GIVE(·libcCalloc)

TEXT ·countedStrdup(SB), NOSPLIT|NOFRAME, $0
	GIVE(·libcStrdup)

TEXT ·countedFree(SB), NOSPLIT|NOFRAME, $0
	TESTQ DI, DI
	JEQ   none
	SUBQ  $24, SP
	MOVQ  R11, 8(SP)
	MOVQ  DI, 16(SP)
	MOVQ  ·libcUsable(SB), AX
	CALL  AX
	NEGQ  AX
	MOVQ  8(SP), R11
	COUNT(shared, counted)
	MOVQ  16(SP), DI
	MOVQ  ·libcFree(SB), AX
	ADDQ  $24, SP
	JMP   AX

none:
	RET

// What realloc was given is at 16(SP) and 24(SP), its size at 32(SP).
TEXT ·countedRealloc(SB), NOSPLIT|NOFRAME, $0
	SUBQ  $40, SP
	MOVQ  R11, 8(SP)
	MOVQ  DI, 16(SP)
	MOVQ  SI, 24(SP)
	XORL  AX, AX
	TESTQ DI, DI
	JEQ   fresh
	MOVQ  ·libcUsable(SB), AX
	CALL  AX

fresh:
	MOVQ  AX, 32(SP)
	MOVQ  16(SP), DI
	MOVQ  24(SP), SI
	MOVQ  ·libcRealloc(SB), AX
	CALL  AX
	MOVQ  AX, 16(SP)
	TESTQ AX, AX
	JEQ   nothing
	MOVQ  AX, DI
	MOVQ  ·libcUsable(SB), AX
	CALL  AX
	SUBQ  32(SP), AX

count:
	MOVQ  8(SP), R11
	COUNT(shared, counted)

out:
	MOVQ  16(SP), AX
	ADDQ  $40, SP
	RET

nothing:
	CMPQ  24(SP), $0
	JNE   out // there was no memory, and what was given is as it was
	XORL  AX, AX
	SUBQ  32(SP), AX
	JMP   count

// func heapStubsAddr() uintptr
TEXT ·heapStubsAddr(SB), NOSPLIT, $0-8
	LEAQ ·heapStubs(SB), AX
	MOVQ AX, ret+0(FP)
	RET
