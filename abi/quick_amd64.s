#include "textflag.h"
#include "go_asm.h"

// What calls quick functions: see quick_amd64.go.

// The frame of quick: room in which Go code may store its argument, quickArgs, the
// callee-saved registers, the function's index, the guard and what it replaced.
// With the return address it is a multiple of 16 bytes.
#define ARGS   16
#define SAVED  (ARGS+quickArgs__size)
#define GUARD  (SAVED+64)
#define QFRAME (GUARD+const_guardSize+8)

// ROOMY goes to slow unless the runtime takes this stack for its own, with room: a
// module may have stacks that it switches to. It leaves g in R11, and uses R10.
#define ROOMY \
	MOVQ  (TLS), R11                 \
	TESTQ R11, R11                   \ // a thread that never entered Go
	JEQ   slow                       \
	CMPQ  SP, const_gStackHigh(R11)  \
	JHI   slow                       \
	MOVQ  const_gStackGuard(R11), R10 \
	ADDQ  $const_quickRoom, R10      \
	CMPQ  SP, R10                    \
	JCS   slow

// RUN calls quick function AX with what Go code expects: g, which is in R11, a register
// of zeros, the argument. The result is in AL.
#define RUN \
	LEAQ  ·quickEntries(SB), R10 \
	MOVQ  (R10)(AX*8), R10       \
	MOVQ  R11, R14               \
	XORPS X15, X15               \
	LEAQ  ARGS(SP), AX           \
	CALL  R10

// SAVE puts the arguments, the callee-saved registers and the function's index into
// the frame. RESTORE and REGAIN take them out again, all but the result's register.
#define SAVE \
	MOVQ DI, (ARGS+quickArgs_ints+0)(SP)  \
	MOVQ SI, (ARGS+quickArgs_ints+8)(SP)  \
	MOVQ DX, (ARGS+quickArgs_ints+16)(SP) \
	MOVQ CX, (ARGS+quickArgs_ints+24)(SP) \
	MOVQ R8, (ARGS+quickArgs_ints+32)(SP) \
	MOVQ R9, (ARGS+quickArgs_ints+40)(SP) \
	MOVQ BX, (SAVED+0)(SP)                \
	MOVQ BP, (SAVED+8)(SP)                \
	MOVQ R12, (SAVED+16)(SP)              \
	MOVQ R13, (SAVED+24)(SP)              \
	MOVQ R14, (SAVED+32)(SP)              \
	MOVQ R15, (SAVED+40)(SP)              \
	MOVQ AX, (SAVED+48)(SP)               \
	MOVSD X0, (ARGS+quickArgs_floats)(SP)

#define RESTORE \
	MOVQ (SAVED+0)(SP), BX   \
	MOVQ (SAVED+8)(SP), BP   \
	MOVQ (SAVED+16)(SP), R12 \
	MOVQ (SAVED+24)(SP), R13 \
	MOVQ (SAVED+32)(SP), R14 \
	MOVQ (SAVED+40)(SP), R15

#define REGAIN \
	MOVQ (ARGS+quickArgs_ints+0)(SP), DI  \
	MOVQ (ARGS+quickArgs_ints+8)(SP), SI  \
	MOVQ (ARGS+quickArgs_ints+16)(SP), DX \
	MOVQ (ARGS+quickArgs_ints+24)(SP), CX \
	MOVQ (ARGS+quickArgs_ints+32)(SP), R8 \
	MOVQ (ARGS+quickArgs_ints+40)(SP), R9 \
	MOVSD (ARGS+quickArgs_floats)(SP), X0 \
	MOVQ (SAVED+48)(SP), AX

// quick calls the quick function for API function AX on the thread that has the
// host lock, and goes on to tail on others, or if that left it to do or met a bad
// pointer.
TEXT ·quick(SB), NOSPLIT|NOFRAME, $0
	BYTE  $0x64; BYTE $0x4C; BYTE $0x8B; BYTE $0x1C; BYTE $0x25; LONG $0 // MOVQ FS:0, R11
	CMPQ  R11, ·quickThread(SB)
	JEQ   held
	CMPQ  R11, ·quickHolder(SB)
	JNE   slow

held:
	ROOMY
	SUBQ  $QFRAME, SP
	SAVE
	MOVQ  ·guardFrame(SB), R10
	MOVQ  R10, (SAVED+56)(SP)
	MOVQ  SP, (GUARD+const_guardSP)(SP)
	LEAQ  GUARD(SP), R10
	MOVQ  R10, ·guardFrame(SB)
	RUN
	TESTB AL, AL
	JEQ   undone
	MOVQ  (SAVED+56)(SP), AX
	MOVQ  AX, ·guardFrame(SB)
	RESTORE
	MOVQ  (ARGS+quickArgs_ret)(SP), AX
	ADDQ  $QFRAME, SP
	RET

undone:
	JMP ·undoQuick(SB)

slow:
	JMP ·tail(SB)

// undoQuick is where a quick function that did nothing, or faulted, goes on:
// the call begins again in tail.
TEXT ·undoQuick(SB), NOSPLIT|NOFRAME, $0
	MOVQ (SAVED+56)(SP), AX
	MOVQ AX, ·guardFrame(SB)
	JMP  restore // to vet, what follows would overwrite a caller's frame pointer

restore:
	RESTORE
	REGAIN
	LEAQ QFRAME(SP), SP
	JMP  ·tail(SB)

// threadQuick is quick for all threads, with the host lock and without. Only the loop's
// has the guard, which belongs to the lock.
TEXT ·threadQuick(SB), NOSPLIT|NOFRAME, $0
	BYTE  $0x64; BYTE $0x4C; BYTE $0x8B; BYTE $0x1C; BYTE $0x25; LONG $0 // MOVQ FS:0, R11
	CMPQ  R11, ·quickThread(SB)
	JEQ   loop
	CMPQ  ·quickThread(SB), $0
	JEQ   slow
	ROOMY
	SUBQ  $QFRAME, SP
	SAVE
	RUN
	TESTB AL, AL
	RESTORE
	JEQ   undone
	MOVQ  (ARGS+quickArgs_ret)(SP), AX
	ADDQ  $QFRAME, SP
	RET

undone:
	REGAIN
	ADDQ $QFRAME, SP
	JMP  ·tail(SB)

loop:
	JMP ·quick(SB)

slow:
	JMP ·tail(SB)

// quickGuard is how far over its stack pointer quick's guard lies.
GLOBL ·quickGuard(SB), NOPTR|RODATA, $8
DATA ·quickGuard(SB)/8, $GUARD
