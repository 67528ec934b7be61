#include "textflag.h"

// bindM is a C function of one argument: it has the calling thread's key hold it.
TEXT ·bindM(SB), NOSPLIT|NOFRAME, $0
	MOVD $·boundThreads(SB), R3

one:
	LDAXRW (R3), R4
	ADDW   $1, R4
	STLXRW R4, (R3), R5
	CBNZW  R5, one
	MOVD R0, R1
	MOVD ·threadKey(SB), R0
	MOVD ·setSpecific(SB), R16
	JMP  (R16)

// threadExit is the key's destructor, a C function of one argument. To call nothing
// with what the key held is how the runtime is told that the thread ends.
TEXT ·threadExit(SB), NOSPLIT|NOFRAME, $0
	MOVD $·boundThreads(SB), R3

one:
	LDAXRW (R3), R4
	SUBW   $1, R4
	STLXRW R4, (R3), R5
	CBNZW  R5, one
	MOVD R0, R1
	MOVD $0, R0
	MOVD $0, R2
	MOVD $0, R3
	JMP  crosscall2(SB)

// func bindMAddr() uintptr
TEXT ·bindMAddr(SB), NOSPLIT, $0-8
	MOVD $·bindM(SB), R0
	MOVD R0, ret+0(FP)
	RET

// func threadExitAddr() uintptr
TEXT ·threadExitAddr(SB), NOSPLIT, $0-8
	MOVD $·threadExit(SB), R0
	MOVD R0, ret+0(FP)
	RET
