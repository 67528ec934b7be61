#include "textflag.h"
#include "go_asm.h"

// The frame of leafCreateStringPrintf: the C library's va_list, the registers in the
// order in which that has them, those that a function keeps, the guard and what it
// replaced, the text. With the return address it is a multiple of 16 bytes.
#define INTS   32
#define FLOATS (INTS+48)
#define KEPT   (FLOATS+128)
#define GUARD  (KEPT+64)
#define TEXTAT (GUARD+const_guardSize)
#define SIZE   512
#define FRAME  (TEXTAT+SIZE)

// RedisModuleString *CreateStringPrintf(RedisModuleCtx *ctx, const char *fmt, ...)
//
// What the C library formats in here becomes a string as any other.
TEXT ·leafCreateStringPrintf(SB), NOSPLIT|NOFRAME, $0
	BYTE  $0x64; BYTE $0x4C; BYTE $0x8B; BYTE $0x1C; BYTE $0x25; LONG $0 // MOVQ FS:0, R11
	CMPQ  R11, ·quickThread(SB)
	JNE   slow
	TESTQ SI, SI
	JEQ   slow
	TESTQ DI, DI
	JEQ   begin
	CMPQ  DI, ·arenaLow(SB)
	JCS   slow
	CMPQ  DI, ·arenaEnd(SB)
	JCC   slow
	TESTL $63, DI
	JNE   slow
	MOVQ  $const_headCtx, R11
	CMPQ  ctxCell_head(DI), R11
	JNE   slow

begin:
	SUBQ   $FRAME, SP
	MOVQ   DI, (INTS+0)(SP)
	MOVQ   SI, (INTS+8)(SP)
	MOVQ   DX, (INTS+16)(SP)
	MOVQ   CX, (INTS+24)(SP)
	MOVQ   R8, (INTS+32)(SP)
	MOVQ   R9, (INTS+40)(SP)
	MOVUPS X0, (FLOATS+0)(SP)
	MOVUPS X1, (FLOATS+16)(SP)
	MOVUPS X2, (FLOATS+32)(SP)
	MOVUPS X3, (FLOATS+48)(SP)
	MOVUPS X4, (FLOATS+64)(SP)
	MOVUPS X5, (FLOATS+80)(SP)
	MOVUPS X6, (FLOATS+96)(SP)
	MOVUPS X7, (FLOATS+112)(SP)
	MOVQ   BX, (KEPT+0)(SP)
	MOVQ   BP, (KEPT+8)(SP)
	MOVQ   R12, (KEPT+16)(SP)
	MOVQ   R13, (KEPT+24)(SP)
	MOVQ   R14, (KEPT+32)(SP)
	MOVQ   R15, (KEPT+40)(SP)
	MOVQ   ·guardFrame(SB), R10
	MOVQ   R10, (KEPT+48)(SP)
	MOVQ   SP, (GUARD+const_guardSP)(SP)
	LEAQ   GUARD(SP), R10
	MOVQ   R10, ·guardFrame(SB)
	MOVL   $16, 0(SP)         // two arguments are not for the format
	MOVL   $48, 4(SP)
	LEAQ   (FRAME+8)(SP), R10
	MOVQ   R10, 8(SP)
	LEAQ   INTS(SP), R10
	MOVQ   R10, 16(SP)
	LEAQ   TEXTAT(SP), DI
	MOVQ   SI, DX
	MOVL   $SIZE, SI
	MOVQ   SP, CX
	MOVQ   ·libcVsnprintf(SB), AX
	CALL   AX
	CMPL   AX, $SIZE
	JCC    undo               // longer, or an error
	MOVQ   (KEPT+48)(SP), R10
	MOVQ   R10, ·guardFrame(SB)
	MOVQ   (INTS+0)(SP), DI
	LEAQ   TEXTAT(SP), SI
	MOVL   AX, DX
	CALL   ·leafCreateString(SB)
	ADDQ   $FRAME, SP
	RET

undo:
	JMP ·undoFormat(SB)

slow:
	MOVL $const_fnCreateStringPrintf, AX
	JMP  ·tail(SB)

// undoFormat begins the call again in tail, also where the C library met a bad
// pointer.
TEXT ·undoFormat(SB), NOSPLIT|NOFRAME, $0
	MOVQ (KEPT+48)(SP), R10
	MOVQ R10, ·guardFrame(SB)
	JMP  restore // to vet, what follows would overwrite a caller's frame pointer

restore:
	MOVQ   (INTS+0)(SP), DI
	MOVQ   (INTS+8)(SP), SI
	MOVQ   (INTS+16)(SP), DX
	MOVQ   (INTS+24)(SP), CX
	MOVQ   (INTS+32)(SP), R8
	MOVQ   (INTS+40)(SP), R9
	MOVUPS (FLOATS+0)(SP), X0
	MOVUPS (FLOATS+16)(SP), X1
	MOVUPS (FLOATS+32)(SP), X2
	MOVUPS (FLOATS+48)(SP), X3
	MOVUPS (FLOATS+64)(SP), X4
	MOVUPS (FLOATS+80)(SP), X5
	MOVUPS (FLOATS+96)(SP), X6
	MOVUPS (FLOATS+112)(SP), X7
	MOVQ   (KEPT+0)(SP), BX
	MOVQ   (KEPT+8)(SP), BP
	MOVQ   (KEPT+16)(SP), R12
	MOVQ   (KEPT+24)(SP), R13
	MOVQ   (KEPT+32)(SP), R14
	MOVQ   (KEPT+40)(SP), R15
	LEAQ   FRAME(SP), SP
	MOVL   $const_fnCreateStringPrintf, AX
	JMP    ·tail(SB)

// formatGuard is how far over its stack pointer the guard of leafCreateStringPrintf lies.
GLOBL ·formatGuard(SB), NOPTR|RODATA, $8
DATA ·formatGuard(SB)/8, $GUARD
