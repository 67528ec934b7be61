#include "textflag.h"
#include "go_asm.h"

// FRAME is frame__size plus the eight bytes that bring SP, which C leaves at
// 8 modulo 16 on entry, back to 0 modulo 16 for the calls below.
#define FRAME (frame__size+8)

// CROSS is the room for three arguments of cgocallback and six registers that C wants
// back, a multiple of 16.
#define CROSS 80

// tail is the common end of every stub: AX holds the function's index, the
// rest of the registers and the stack are as the module's call left them.
TEXT ·tail(SB), NOSPLIT|NOFRAME, $0
	SUBQ  $FRAME, SP
	MOVQ  DI, (frame_ints+0)(SP)
	MOVQ  SI, (frame_ints+8)(SP)
	MOVQ  DX, (frame_ints+16)(SP)
	MOVQ  CX, (frame_ints+24)(SP)
	MOVQ  R8, (frame_ints+32)(SP)
	MOVQ  R9, (frame_ints+40)(SP)
	MOVUPS X0, (frame_floats+0)(SP)
	MOVUPS X1, (frame_floats+16)(SP)
	MOVUPS X2, (frame_floats+32)(SP)
	MOVUPS X3, (frame_floats+48)(SP)
	MOVUPS X4, (frame_floats+64)(SP)
	MOVUPS X5, (frame_floats+80)(SP)
	MOVUPS X6, (frame_floats+96)(SP)
	MOVUPS X7, (frame_floats+112)(SP)
	LEAQ  (FRAME+8)(SP), R10               // past the return address
	MOVQ  R10, frame_stack(SP)
	MOVQ  FRAME(SP), R10
	MOVQ  R10, frame_caller(SP)
	BYTE  $0x64; BYTE $0x48; BYTE $0x8B; BYTE $0x0C; BYTE $0x25; LONG $0 // MOVQ FS:0, CX
	MOVQ  CX, frame_thread(SP)
	MOVL  AX, frame_index(SP)

	// A fault in Go code is Go's.
	XORL R10, R10
	XORL R11, R11
	CMPQ CX, ·loopThread(SB)
	JNE  guarded
	MOVQ ·guardFrame(SB), R10
	MOVQ $0, ·guardFrame(SB)
	MOVQ (TLS), R8
	CMPQ SP, const_gStackHigh(R8)
	JHI  away
	CMPQ SP, const_gStackLow(R8)
	JCS  away

guarded:
	MOVQ  R11, frame_away(SP)
	MOVQ  R10, frame_guard(SP)
	XORL  CX, CX
	MOVL  CX, frame_errno(SP)
	MOVQ  CX, frame_ret(SP)
	MOVQ  CX, frame_fret(SP)
	MOVL  CX, frame_isLong(SP)

	// What crosscall2 does, without its return address: see Module.handler.
	MOVQ ·dispatchFunc(SB), DI // the func value; its first word is the code
	MOVQ (DI), DI
	MOVQ SP, SI
	SUBQ $CROSS, SP
	MOVQ DI, 0(SP)
	MOVQ SI, 8(SP)
	MOVQ $0, 16(SP)
	MOVQ BX, 24(SP)
	MOVQ R12, 32(SP)
	MOVQ R13, 40(SP)
	MOVQ R14, 48(SP)
	MOVQ R15, 56(SP)
	MOVQ BP, 64(SP)
	LEAQ 64(SP), BP
	CALL runtime·cgocallback(SB)
	MOVQ 24(SP), BX
	MOVQ 32(SP), R12
	MOVQ 40(SP), R13
	MOVQ 48(SP), R14
	MOVQ 56(SP), R15
	MOVQ 64(SP), BP
	ADDQ $CROSS, SP

	MOVQ  frame_away(SP), R11
	TESTQ R11, R11
	JNE   back

returned:
	MOVL  frame_errno(SP), CX
	TESTL CX, CX
	JNE   errno

result:
	MOVQ  frame_guard(SP), CX
	TESTQ CX, CX
	JEQ   unguarded
	MOVQ  CX, ·guardFrame(SB)

unguarded:
	MOVQ  frame_ret(SP), AX
	MOVSD frame_fret(SP), X0
	CMPL  frame_isLong(SP), $0
	JNE   long
	ADDQ  $FRAME, SP
	RET

errno:
	MOVQ ·errnoLocation(SB), AX
	CALL AX
	MOVL frame_errno(SP), CX
	CMPL CX, $const_errnoZero
	JNE  store
	XORL CX, CX

store:
	MOVL CX, (AX)
	JMP  result

long:
	LEAQ  frame_long(SP), AX
	BYTE  $0xDB; BYTE $0x28 // fldt (%rax)
	ADDQ  $FRAME, SP
	RET

away:
	// A module may have stacks that it switches to. The runtime, whose own code runs
	// on the thread's below this call, is told to take this one for it.
	MOVQ R8, R11
	MOVQ const_gStackLow(R11), R8
	MOVQ const_gStackHigh(R11), R9
	MOVQ const_gStackGuard(R11), DX
	MOVQ R8, (frame_bounds+0)(SP)
	MOVQ R9, (frame_bounds+8)(SP)
	MOVQ DX, (frame_bounds+16)(SP)
	SUBQ R8, DX                        // how far the guard is from the end
	LEAQ -const_awayRoom(SP), R8
	LEAQ FRAME(SP), R9
	ADDQ R8, DX
	MOVQ R8, const_gStackLow(R11)
	MOVQ R9, const_gStackHigh(R11)
	MOVQ DX, const_gStackGuard(R11)
	MOVQ DX, (const_gStackGuard+8)(R11)
	JMP  guarded

back:
	MOVQ (frame_bounds+0)(SP), R8
	MOVQ (frame_bounds+8)(SP), R9
	MOVQ (frame_bounds+16)(SP), DX
	MOVQ R8, const_gStackLow(R11)
	MOVQ R9, const_gStackHigh(R11)
	MOVQ DX, const_gStackGuard(R11)
	MOVQ DX, (const_gStackGuard+8)(R11)
	JMP  returned

GLOBL ·landingPC(SB), NOPTR|RODATA, $8
DATA ·landingPC(SB)/8, $·landing(SB)

// callC runs on the C stack: it calls the function that the callFrame at DI
// describes and stores what it returns there. All callee-saved registers are on
// the stack, in case the code called never returns: see landing.
TEXT ·callC(SB), NOSPLIT|NOFRAME, $0
	PUSHQ BX
	PUSHQ BP
	PUSHQ R12
	PUSHQ R13
	PUSHQ R14
	PUSHQ R15
	SUBQ  $8, SP
	MOVQ  DI, BX
	XORL  AX, AX
	MOVQ  AX, (callFrame_guard+const_guardSP)(BX)
	MOVQ  AX, (callFrame_guard+const_guardSignal)(BX)
	BYTE  $0x64; BYTE $0x48; BYTE $0x8B; BYTE $0x0C; BYTE $0x25; LONG $0 // MOVQ FS:0, CX
	CMPQ  CX, ·loopThread(SB)
	JNE   arguments
	MOVQ  SP, (callFrame_guard+const_guardSP)(BX)
	MOVQ  BX, ·guardFrame(SB)

arguments:
	MOVQ  (callFrame_args+0)(BX), DI
	MOVQ  (callFrame_args+8)(BX), SI
	MOVQ  (callFrame_args+16)(BX), DX
	MOVQ  (callFrame_args+24)(BX), CX
	MOVQ  (callFrame_args+32)(BX), R8
	MOVQ  (callFrame_args+40)(BX), R9
	MOVQ  callFrame_fn(BX), R10
	CALL  R10
	MOVQ  AX, callFrame_ret(BX)
	CMPQ  (callFrame_guard+const_guardSP)(BX), $0
	JEQ   done
	MOVQ  $0, ·guardFrame(SB)

done:
	XORL  AX, AX
	ADDQ  $8, SP
	POPQ  R15
	POPQ  R14
	POPQ  R13
	POPQ  R12
	POPQ  BP
	POPQ  BX
	RET

// landing is where a fault in the code that callC called goes on, on the stack
// that callC left, or one in a quick function, on that of quick, or one in
// leafCreateStringPrintf, on its own. The state of the floating-point unit is
// whatever it was.
TEXT ·landing(SB), NOSPLIT|NOFRAME, $0
	CLD
	MOVQ  ·guardFrame(SB), AX
	SUBQ  SP, AX
	CMPQ  AX, ·quickGuard(SB)
	JEQ   quick
	CMPQ  AX, ·formatGuard(SB)
	JEQ   format
	MOVQ  $0, ·guardFrame(SB)
	BYTE  $0xDB; BYTE $0xE3 // FNINIT
	LDMXCSR ·mxcsr(SB)
	XORL  AX, AX
	JMP   restore // to vet, what follows would overwrite a caller's frame pointer

restore:
	MOVQ  8(SP), R15
	MOVQ  16(SP), R14
	MOVQ  24(SP), R13
	MOVQ  32(SP), R12
	MOVQ  40(SP), BP
	MOVQ  48(SP), BX
	LEAQ  56(SP), SP // the assembler balances what it sees as pops
	RET

quick:
	JMP ·undoQuick(SB)

format:
	JMP ·undoFormat(SB)

// mxcsr is the state that processes begin with: all exceptions masked.
GLOBL ·mxcsr(SB), NOPTR|RODATA, $4
DATA ·mxcsr(SB)/4, $0x1F80

// func stubBase() uintptr
TEXT ·stubBase(SB), NOSPLIT, $0-8
	LEAQ ·stubs(SB), AX
	MOVQ AX, ret+0(FP)
	RET

// func callCAddr() uintptr
TEXT ·callCAddr(SB), NOSPLIT, $0-8
	LEAQ ·callC(SB), AX
	MOVQ AX, ret+0(FP)
	RET

// func threadPointer() uintptr
TEXT ·threadPointer(SB), NOSPLIT, $0-8
	BYTE $0x64; BYTE $0x48; BYTE $0x8B; BYTE $0x04; BYTE $0x25; LONG $0 // MOVQ FS:0, AX
	MOVQ AX, ret+0(FP)
	RET
