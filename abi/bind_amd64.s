#include "textflag.h"

// bindM is a C function of one argument: it has the calling thread's key hold it.
TEXT ·bindM(SB), NOSPLIT|NOFRAME, $0
	LOCK
	INCL ·boundThreads(SB)
	MOVQ DI, SI
	MOVQ ·threadKey(SB), DI
	MOVQ ·setSpecific(SB), AX
	JMP  AX

// threadExit is the key's destructor, a C function of one argument. To call nothing
// with what the key held is how the runtime is told that the thread ends.
TEXT ·threadExit(SB), NOSPLIT|NOFRAME, $0
	LOCK
	DECL ·boundThreads(SB)
	MOVQ DI, SI
	XORL DI, DI
	XORL DX, DX
	XORL CX, CX
	JMP  crosscall2(SB)

// func bindMAddr() uintptr
TEXT ·bindMAddr(SB), NOSPLIT, $0-8
	LEAQ ·bindM(SB), AX
	MOVQ AX, ret+0(FP)
	RET

// func threadExitAddr() uintptr
TEXT ·threadExitAddr(SB), NOSPLIT, $0-8
	LEAQ ·threadExit(SB), AX
	MOVQ AX, ret+0(FP)
	RET
