#include "textflag.h"

#define SYS_rt_sigreturn 15
#define SYS_prctl 157
#define PR_SET_TIMERSLACK 29

// handler runs on the monitor's thread as a C function.
TEXT ·handler(SB), NOSPLIT|NOFRAME, $0
	MOVQ $SYS_prctl, AX
	MOVQ $PR_SET_TIMERSLACK, DI
	MOVQ ·slack(SB), SI
	XORL DX, DX
	XORL R10, R10
	XORL R8, R8
	SYSCALL
	DECQ AX
	MOVQ AX, ·answered(SB)
	RET

// restorer is where the handler returns to: on this processor the kernel asks for one.
TEXT ·restorer(SB), NOSPLIT|NOFRAME, $0
	MOVQ $SYS_rt_sigreturn, AX
	SYSCALL
	INT  $3

// func handlerPC() uintptr
TEXT ·handlerPC(SB), NOSPLIT, $0-8
	LEAQ ·handler(SB), AX
	MOVQ AX, ret+0(FP)
	RET

// func restorerPC() uintptr
TEXT ·restorerPC(SB), NOSPLIT, $0-8
	LEAQ ·restorer(SB), AX
	MOVQ AX, ret+0(FP)
	RET
