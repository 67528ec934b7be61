//go:build linux && !android

#include "textflag.h"
#include "go_asm.h"

#define SYS_openat 56
#define SYS_close 57
#define SYS_getdents64 61
#define SYS_tgkill 131
#define SYS_rt_sigaction 134

// See chain_linux_amd64.s.
#define SIGINFO_MARK 120
#define SIGINFO_CODE 8
#define SIGINFO_ADDR 16
#define UCONTEXT_LR 424
#define UCONTEXT_SP 432
#define UCONTEXT_PC 440
#define SIGABRT 6
#define SI_TKILL -6
#define MARK 0x6265727468210000
#define AT_FDCWD -100
#define SIGURG 23
#define DIRENT_RECLEN 16
#define DIRENT_NAME 19

GLOBL ·dlcallPC(SB), NOPTR|RODATA, $8
DATA ·dlcallPC(SB)/8, $·dlcall(SB)

GLOBL ·chainPC(SB), NOPTR|RODATA, $8
DATA ·chainPC(SB)/8, $·chainHandler(SB)

// dlcall runs on the system stack with the C calling convention.
// R0: *call.
TEXT ·dlcall(SB), NOSPLIT|NOFRAME, $0
	STP.W (R29, R30), -64(RSP)
	STP   (R19, R20), 16(RSP)
	STP   (R21, R27), 32(RSP)
	STP   (R22, R23), 48(RSP)
	MOVD  RSP, R29
	MOVD  R0, R19

	MOVD call_errfn(R19), R9
	CBZ  R9, run
	CALL (R9)

run:
	MOVD call_fn(R19), R9
	CBZ  R9, ran
	MOVD call_a1(R19), R0
	MOVD call_a2(R19), R1
	MOVD call_a3(R19), R2
	CALL (R9)
	MOVD R0, call_result(R19)

ran:
	MOVD call_watch(R19), R20
	MOVD call_n(R19), R21

	// R22: whether to wake everyone.
	MOVD $0, R22
	MOVD call_nudge(R19), R9
	CBZ  R9, next
	MOVD nudge_forced(R9), R22

next:
	CBZ  R21, watched
	MOVD watched_sig(R20), R0
	MOVD $0, R1
	ADD  $watched_cur, R20, R2
	MOVD $8, R3
	MOVD $SYS_rt_sigaction, R8
	SVC
	CBNZ R0, step

	MOVD (watched_cur+sigact_handler)(R20), R9
	CMP  $1, R9
	BLS  step
	MOVD $·chainHandler(SB), R10
	CMP  R10, R9
	BEQ  step

	MOVD  watched_slot(R20), R10
	STLR  R9, (R10)
	MOVD  watched_sig(R20), R0
	ADD   $watched_act, R20, R1
	MOVD  $0, R2
	MOVD  $8, R3
	MOVD  $SYS_rt_sigaction, R8
	SVC
	MOVD  watched_sig(R20), R9
	CMP   $SIGURG, R9
	BNE   step
	MOVD  $1, R22

step:
	ADD $watched__size, R20
	SUB $1, R21
	B   next

watched:
	CBZ  R22, woken
	MOVD call_nudge(R19), R20
	MOVD $AT_FDCWD, R0
	MOVD nudge_dir(R20), R1
	MOVD nudge_flags(R20), R2
	MOVD $0, R3
	MOVD $SYS_openat, R8
	SVC
	CMP  $0, R0
	BLT  woken
	MOVD R0, R21 // the directory

page:
	MOVD R21, R0
	ADD  $nudge_buf, R20, R1
	MOVD $const_nudgeBuffer, R2
	MOVD $SYS_getdents64, R8
	SVC
	CMP  $0, R0
	BLE  read
	ADD  $nudge_buf, R20, R22
	ADD  R22, R0, R23

entry:
	CMP  R23, R22
	BHS  page
	ADD  $DIRENT_NAME, R22, R9
	MOVD $0, R1 // the thread's number
	MOVD $10, R11

digit:
	MOVBU (R9), R10
	SUBW  $0x30, R10
	CMPW  $9, R10
	BHI   number
	MULW  R11, R1
	ADDW  R10, R1
	ADD   $1, R9
	B     digit

number:
	CBZW R1, skip
	MOVD nudge_pid(R20), R0
	MOVD $SIGURG, R2
	MOVD $SYS_tgkill, R8
	SVC

skip:
	MOVHU DIRENT_RECLEN(R22), R9
	ADD   R9, R22
	B     entry

read:
	MOVD R21, R0
	MOVD $SYS_close, R8
	SVC

woken:
	MOVD call_errfn(R19), R9
	CBZ  R9, done
	CALL (R9)
	MOVD R0, call_errtext(R19)

done:
	MOVD  $0, R0
	LDP   16(RSP), (R19, R20)
	LDP   32(RSP), (R21, R27)
	LDP   48(RSP), (R22, R23)
	LDP.P 64(RSP), (R29, R30)
	RET

// chainHandler is the signal handler.
// R0: signal, R1: *siginfo, R2: *ucontext.
TEXT ·chainHandler(SB), NOSPLIT|NOFRAME, $0
	CMPW $65, R0
	BHS  out
	MOVWU R0, R0

	// R4: the depth. R5: the mark as found. R6: the mark to set.
	MOVD  $0, R4
	MOVD  $0, R5
	MOVD  $MARK, R6
	MOVD  RSP, R7
	CMP   R1, R7
	BEQ   fresh // the kernel's frame, which begins with the siginfo, is on top
	MOVD  SIGINFO_MARK(R1), R5
	LSR   $8, R5, R7
	LSR   $8, R6, R8
	CMP   R8, R7
	BNE   fresh
	MOVBU R5, R4
	ADD   $1, R4

fresh:
	MOVD  $·rows(SB), R3
	MOVD  $·faults(SB), R7
	MOVBU (R7)(R0), R7
	CBNZ  R7, fault
	CBNZ  R4, out

	// Counted in before the row is read.
	MOVD  $·running(SB), R10
	MOVD  $·epoch(SB), R9
	MOVWU (R9), R9
	ADD   R9<<2, R10

in:
	LDAXRW (R10), R7
	ADDW   $1, R7
	STLXRW R7, (R10), R9
	CBNZW  R9, in
	DMB    $0xb
	MOVD   (R3)(R0<<3), R3
	CBZ    R3, none
	STP.W (R29, R30), -64(RSP)
	STP   (R19, R20), 16(RSP)
	STP   (R21, R22), 32(RSP)
	STP   (R23, R24), 48(RSP)
	MOVD  RSP, R29
	MOVD  R0, R19
	MOVD  R1, R20
	MOVD  R2, R21
	MOVD  R3, R22
	MOVD  R10, R23
	MOVD  R6, SIGINFO_MARK(R20)

each:
	MOVD (R22), R9
	CBZ  R9, all
	MOVD R19, R0
	MOVD R20, R1
	MOVD R21, R2
	CALL (R9)
	ADD  $8, R22
	B    each

all:
	MOVD  ZR, SIGINFO_MARK(R20)
	MOVD  R23, R10
	LDP   16(RSP), (R19, R20)
	LDP   32(RSP), (R21, R22)
	LDP   48(RSP), (R23, R24)
	LDP.P 64(RSP), (R29, R30)

none:

leave:
	LDAXRW (R10), R7
	SUBW   $1, R7
	STLXRW R7, (R10), R9
	CBNZW  R9, leave

out:
	RET

fault:
	MOVD (R3)(R0<<3), R3
	CBZ  R3, out
	CBNZ R4, newest
	MOVW SIGINFO_CODE(R1), R7
	CMPW $0, R7
	BLE  one
	MOVD UCONTEXT_PC(R2), R7
	MOVD $·hostText(SB), R8
	MOVD (R8), R9
	CMP  R9, R7
	BLO  newest
	MOVD 8(R8), R9
	CMP  R9, R7
	BLO  one

newest:
	MOVD R3, R7

last:
	MOVD 8(R3), R9
	CBZ  R9, back
	ADD  $8, R3
	B    last

back:
	SUB R4<<3, R3
	CMP R7, R3
	BHS one
	MOVD R7, R3

one:
	// See chain_linux_amd64.s.
	MOVD $·rows(SB), R9
	MOVD (R9)(R0<<3), R9
	CMP  R9, R3
	BNE  call
	MOVD $·guard(SB), R7
	MOVD guardState_frame(R7), R9
	CBZ  R9, call
	MOVD (R9), R9
	CBZ  R9, call
	MRS  TPIDR_EL0, R8
	MOVD guardState_thread(R7), R10
	CMP  R10, R8
	BEQ  guarded
	MOVD guardState_other(R7), R10
	MOVD (R10), R10
	CMP  R10, R8
	BNE  call

guarded:
	MOVW SIGINFO_CODE(R1), R8
	CMPW $0, R8
	BGT  land
	CMPW $SIGABRT, R0
	BNE  call
	CMPW $SI_TKILL, R8
	BNE  call

land:
	MOVD R0, GuardFrame_Signal(R9)
	MOVD SIGINFO_ADDR(R1), R8
	MOVD R8, GuardFrame_Addr(R9)
	MOVD ZR, GuardFrame_Caller(R9)
	MOVD UCONTEXT_PC(R2), R8
	MOVD R8, GuardFrame_PC(R9)
	CMP  $4096, R8
	BHS  go
	MOVD UCONTEXT_LR(R2), R8
	MOVD R8, GuardFrame_Caller(R9)

go:
	MOVD GuardFrame_SP(R9), R8
	MOVD R8, UCONTEXT_SP(R2)
	MOVD guardState_landing(R7), R8
	MOVD R8, UCONTEXT_PC(R2)
	RET

call:
	STP.W (R29, R30), -32(RSP)
	STP   (R19, R20), 16(RSP)
	MOVD  RSP, R29
	MOVD  R1, R19
	MOVD  R5, R20
	ADD   R4, R6
	MOVD  R6, SIGINFO_MARK(R19)
	MOVD  (R3), R9
	CALL  (R9)
	MOVD  R20, SIGINFO_MARK(R19)
	LDP   16(RSP), (R19, R20)
	LDP.P 32(RSP), (R29, R30)
	RET
