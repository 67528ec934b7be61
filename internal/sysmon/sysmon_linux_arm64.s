#include "textflag.h"

#define SYS_prctl 167
#define PR_SET_TIMERSLACK 29

// handler runs on the monitor's thread as a C function. It returns to the kernel's own
// restorer.
TEXT ·handler(SB), NOSPLIT|NOFRAME, $0
	MOVD $SYS_prctl, R8
	MOVD $PR_SET_TIMERSLACK, R0
	MOVD ·slack(SB), R1
	MOVD ZR, R2
	MOVD ZR, R3
	MOVD ZR, R4
	SVC
	SUB  $1, R0
	MOVD R0, ·answered(SB)
	RET

// func handlerPC() uintptr
TEXT ·handlerPC(SB), NOSPLIT, $0-8
	MOVD $·handler(SB), R0
	MOVD R0, ret+0(FP)
	RET

// func restorerPC() uintptr
TEXT ·restorerPC(SB), NOSPLIT, $0-8
	MOVD ZR, ret+0(FP)
	RET
