#include "textflag.h"
#include "go_asm.h"

// FRAME is frame__size and the link register, rounded up to sixteen bytes.
#define FRAME ((frame__size+8+15)&~15)

// tail is the common end of every stub: R16 holds the function's index, the
// rest of the registers and the stack are as the module's call left them.
TEXT ·tail(SB), NOSPLIT|NOFRAME, $0
	SUB   $FRAME, RSP
	MOVD  R30, (FRAME-8)(RSP)
	STP   (R0, R1), (frame_ints+0)(RSP)
	STP   (R2, R3), (frame_ints+16)(RSP)
	STP   (R4, R5), (frame_ints+32)(RSP)
	STP   (R6, R7), (frame_ints+48)(RSP)
	FMOVQ F0, (frame_floats+0)(RSP)
	FMOVQ F1, (frame_floats+16)(RSP)
	FMOVQ F2, (frame_floats+32)(RSP)
	FMOVQ F3, (frame_floats+48)(RSP)
	FMOVQ F4, (frame_floats+64)(RSP)
	FMOVQ F5, (frame_floats+80)(RSP)
	FMOVQ F6, (frame_floats+96)(RSP)
	FMOVQ F7, (frame_floats+112)(RSP)
	ADD   $FRAME, RSP, R9
	MOVD  R9, frame_stack(RSP)
	MOVD  R30, frame_caller(RSP)
	MRS   TPIDR_EL0, R9
	MOVD  R9, frame_thread(RSP)
	MOVW  R16, frame_index(RSP)

	// A fault in Go code is Go's.
	MOVD ZR, R11
	MOVD ·loopThread(SB), R10
	CMP  R10, R9
	BNE  guarded
	MOVD ·guardFrame(SB), R11
	MOVD ZR, ·guardFrame(SB)

guarded:
	MOVD  R11, frame_guard(RSP)
	MOVW  ZR, frame_errno(RSP)
	MOVD  ZR, frame_ret(RSP)
	MOVD  ZR, frame_fret(RSP)
	MOVW  ZR, frame_isLong(RSP)

	MOVD ·dispatchFunc(SB), R0 // the func value; its first word is the code
	MOVD (R0), R0
	MOVD RSP, R1
	MOVD ZR, R2
	MOVD ZR, R3
	BL   crosscall2(SB)

	MOVW frame_errno(RSP), R9
	CBNZ R9, errno

result:
	MOVD frame_guard(RSP), R9
	CBZ  R9, unguarded
	MOVD R9, ·guardFrame(SB)

unguarded:
	MOVWU frame_isLong(RSP), R9
	CBNZ  R9, long
	MOVD  frame_ret(RSP), R0
	FMOVD frame_fret(RSP), F0
	B     end

long:
	FMOVQ frame_long(RSP), F0

end:
	MOVD (FRAME-8)(RSP), R30
	ADD  $FRAME, RSP
	RET

errno:
	MOVD ·errnoLocation(SB), R9
	BL   (R9)
	MOVW frame_errno(RSP), R9
	CMPW $const_errnoZero, R9
	CSEL EQ, ZR, R9, R9
	MOVW R9, (R0)
	B    result

GLOBL ·landingPC(SB), NOPTR|RODATA, $8
DATA ·landingPC(SB)/8, $·landing(SB)

// callC runs on the C stack: it calls the function that the callFrame at R0
// describes and stores what it returns there. All callee-saved registers that Go
// minds are on the stack, in case the code called never returns: see landing.
TEXT ·callC(SB), NOSPLIT|NOFRAME, $0
	STP.W (R29, R30), -96(RSP)
	STP   (R19, R20), 16(RSP)
	STP   (R21, R22), 32(RSP)
	STP   (R23, R24), 48(RSP)
	STP   (R25, R26), 64(RSP)
	STP   (R27, g), 80(RSP)
	MOVD  R0, R19
	MOVD  ZR, (callFrame_guard+const_guardSP)(R19)
	MOVD  ZR, (callFrame_guard+const_guardSignal)(R19)
	MRS   TPIDR_EL0, R9
	MOVD  ·loopThread(SB), R10
	CMP   R10, R9
	BNE   arguments
	MOVD  RSP, R9
	MOVD  R9, (callFrame_guard+const_guardSP)(R19)
	MOVD  R19, ·guardFrame(SB)

arguments:
	MOVD callFrame_fn(R19), R9
	MOVD callFrame_args(R19), R8 // where a function that returns a structure puts it
	LDP  (callFrame_args+16)(R19), (R2, R3)
	LDP  (callFrame_args+32)(R19), (R4, R5)
	LDP  (callFrame_args+48)(R19), (R6, R7)
	LDP  (callFrame_args+0)(R19), (R0, R1)
	BL   (R9)
	MOVD R0, callFrame_ret(R19)
	MOVD (callFrame_guard+const_guardSP)(R19), R9
	CBZ  R9, done
	MOVD ZR, ·guardFrame(SB)

done:
	MOVD ZR, R0
	LDP   16(RSP), (R19, R20)
	LDP   32(RSP), (R21, R22)
	LDP   48(RSP), (R23, R24)
	LDP   64(RSP), (R25, R26)
	LDP   80(RSP), (R27, g)
	LDP.P 96(RSP), (R29, R30)
	RET

// landing is where a fault in the code that callC called goes on, on the stack
// that callC left.
TEXT ·landing(SB), NOSPLIT|NOFRAME, $0
	MOVD ZR, ·guardFrame(SB)
	MSR  ZR, FPCR
	MOVD ZR, R0
	B    restore // to vet, what follows would overwrite a caller's frame pointer

restore:
	LDP   16(RSP), (R19, R20)
	LDP   32(RSP), (R21, R22)
	LDP   48(RSP), (R23, R24)
	LDP   64(RSP), (R25, R26)
	LDP   80(RSP), (R27, g)
	LDP.P 96(RSP), (R29, R30)
	RET

// func stubBase() uintptr
TEXT ·stubBase(SB), NOSPLIT, $0-8
	MOVD $·stubs(SB), R0
	MOVD R0, ret+0(FP)
	RET

// func callCAddr() uintptr
TEXT ·callCAddr(SB), NOSPLIT, $0-8
	MOVD $·callC(SB), R0
	MOVD R0, ret+0(FP)
	RET

// func threadPointer() uintptr
TEXT ·threadPointer(SB), NOSPLIT, $0-8
	MRS  TPIDR_EL0, R0
	MOVD R0, ret+0(FP)
	RET
