#include "textflag.h"
#include "go_asm.h"

// The functions of the heap section, as modules get them: the C library's own, and
// the size of what they give and take is added to the module's sum. Each module has
// a place in moduleHeaps and stubs of its own, which say which one; its number is in
// R16, which belongs to the linker and carries no argument.

#define STUB(n, routine) \
	MOVD $(n), R16       \
	B    routine(SB)     \
	PCALIGN $16

#include "heap_stubs.h"

// COUNT adds R0 to the sum of the place in R16. The loop's thread has a sum of its
// own, which it alone writes. It uses R9 to R13.
#define COUNT(shared, counted) \
	MOVD  $·moduleHeaps(SB), R10 \
	ADD   R16<<const_heapShift, R10 \
	MRS   TPIDR_EL0, R9          \
	MOVD  ·loopThread(SB), R11   \
	CMP   R9, R11                \
	BNE   shared                 \
	MOVD  moduleHeap_local(R10), R12 \
	ADD   R0, R12                \
	MOVD  R12, moduleHeap_local(R10) \
	B     counted                \
shared:                          \
	ADD   $moduleHeap_shared, R10 \
	LDAXR (R10), R12             \
	ADD   R0, R12                \
	STLXR R12, (R10), R13        \
	CBNZ  R13, -3(PC)            \
counted:

// GIVE calls a function that gives memory, with the arguments as they are, and
// counts that.
#define GIVE(function) \
	SUB  $32, RSP           \
	MOVD R30, 0(RSP)        \
	MOVD R16, 8(RSP)        \
	MOVD function(SB), R9   \
	CALL (R9)               \
	MOVD R0, 16(RSP)        \
	CBZ  R0, none           \
	MOVD ·libcUsable(SB), R9 \
	CALL (R9)               \
	MOVD 8(RSP), R16        \
	COUNT(shared, counted)  \
	MOVD 16(RSP), R0        \
none:                       \
	MOVD 0(RSP), R30        \
	ADD  $32, RSP           \
	RET

TEXT ·countedMalloc(SB), NOSPLIT|NOFRAME, $0
	GIVE(·libcMalloc)

TEXT ·countedCalloc(SB), NOSPLIT|NOFRAME, $0
	GIVE(·libcCalloc)

TEXT ·countedStrdup(SB), NOSPLIT|NOFRAME, $0
	GIVE(·libcStrdup)

TEXT ·countedFree(SB), NOSPLIT|NOFRAME, $0
	CBZ  R0, none
	SUB  $32, RSP
	MOVD R30, 0(RSP)
	MOVD R16, 8(RSP)
	MOVD R0, 16(RSP)
	MOVD ·libcUsable(SB), R9
	CALL (R9)
	NEG  R0, R0
	MOVD 8(RSP), R16
	COUNT(shared, counted)
	MOVD 16(RSP), R0
	MOVD 0(RSP), R30
	ADD  $32, RSP
	MOVD ·libcFree(SB), R9
	JMP  (R9)

none:
	RET

// What realloc was given is at 16(RSP) and 24(RSP), its size at 32(RSP).
TEXT ·countedRealloc(SB), NOSPLIT|NOFRAME, $0
	SUB  $48, RSP
	MOVD R30, 0(RSP)
	MOVD R16, 8(RSP)
	MOVD R0, 16(RSP)
	MOVD R1, 24(RSP)
	CBZ  R0, fresh
	MOVD ·libcUsable(SB), R9
	CALL (R9)

fresh:
	MOVD R0, 32(RSP)
	MOVD 16(RSP), R0
	MOVD 24(RSP), R1
	MOVD ·libcRealloc(SB), R9
	CALL (R9)
	MOVD R0, 16(RSP)
	CBZ  R0, nothing
	MOVD ·libcUsable(SB), R9
	CALL (R9)
	MOVD 32(RSP), R9
	SUB  R9, R0

count:
	MOVD 8(RSP), R16
	COUNT(shared, counted)

out:
	MOVD 16(RSP), R0
	MOVD 0(RSP), R30
	ADD  $48, RSP
	RET

nothing:
	MOVD 24(RSP), R9
	CBNZ R9, out // there was no memory, and what was given is as it was
	MOVD 32(RSP), R9
	NEG  R9, R0
	B    count

// func heapStubsAddr() uintptr
TEXT ·heapStubsAddr(SB), NOSPLIT, $0-8
	MOVD $·heapStubs(SB), R0
	MOVD R0, ret+0(FP)
	RET
