//go:build linux && !android

#include "textflag.h"
#include "go_asm.h"

#define SYS_close 3
#define SYS_rt_sigaction 13
#define SYS_getdents64 217
#define SYS_tgkill 234
#define SYS_openat 257

#define AT_FDCWD -100
#define SIGURG 23
#define SIGABRT 6
#define SI_TKILL -6

// In struct linux_dirent64.
#define DIRENT_RECLEN 16
#define DIRENT_NAME 19

// Where chainHandler marks a siginfo as its own: the last word of its 128
// bytes, which no signal uses. Offsets in struct ucontext and siginfo are the
// kernel's.
#define SIGINFO_MARK 120
#define SIGINFO_CODE 8
#define SIGINFO_ADDR 16
#define UCONTEXT_SP 160
#define UCONTEXT_PC 168
#define FRAME_UCONTEXT 8

// The mark's low byte counts how often the signal came back.
#define MARK 0x6265727468210000

GLOBL ·dlcallPC(SB), NOPTR|RODATA, $8
DATA ·dlcallPC(SB)/8, $·dlcall(SB)

GLOBL ·chainPC(SB), NOPTR|RODATA, $8
DATA ·chainPC(SB)/8, $·chainHandler(SB)

// dlcall runs on the system stack with the C calling convention.
// DI: *call.
TEXT ·dlcall(SB), NOSPLIT|NOFRAME, $0
	PUSHQ BX
	PUSHQ BP
	PUSHQ R12
	PUSHQ R13
	PUSHQ R14
	PUSHQ R15
	SUBQ  $8, SP
	MOVQ  DI, BX

	// Clear what an earlier call left in dlerror.
	MOVQ  call_errfn(BX), AX
	TESTQ AX, AX
	JZ    run
	CALL  AX

run:
	MOVQ  call_fn(BX), AX
	TESTQ AX, AX
	JZ    ran
	MOVQ  call_a1(BX), DI
	MOVQ  call_a2(BX), SI
	MOVQ  call_a3(BX), DX
	CALL  AX
	MOVQ  AX, call_result(BX)

ran:
	MOVQ call_watch(BX), R12
	MOVQ call_n(BX), R13

	// R14: whether to wake everyone.
	XORL  R14, R14
	MOVQ  call_nudge(BX), AX
	TESTQ AX, AX
	JZ    next
	MOVQ  nudge_forced(AX), R14

next:
	TESTQ R13, R13
	JZ    watched
	MOVQ  $SYS_rt_sigaction, AX
	MOVQ  watched_sig(R12), DI
	XORL  SI, SI
	LEAQ  watched_cur(R12), DX
	MOVQ  $8, R10
	SYSCALL
	TESTQ AX, AX
	JNZ   step

	// SIG_DFL and SIG_IGN are somebody's decision, not a handler to chain.
	MOVQ (watched_cur+sigact_handler)(R12), AX
	CMPQ AX, $1
	JLS  step
	LEAQ ·chainHandler(SB), CX
	CMPQ AX, CX
	JEQ  step

	// First into the row, then ours over it: the signal that comes in
	// between finds everyone.
	MOVQ watched_slot(R12), CX
	MOVQ AX, (CX)
	MOVQ $SYS_rt_sigaction, AX
	MOVQ watched_sig(R12), DI
	LEAQ watched_act(R12), SI
	XORL DX, DX
	MOVQ $8, R10
	SYSCALL
	CMPQ watched_sig(R12), $SIGURG
	JNE  step
	MOVL $1, R14

step:
	ADDQ $watched__size, R12
	DECQ R13
	JMP  next

watched:
	// This must not wait for Go: a collection may have begun while fn ran, lost
	// its signal, and now keep this thread from going back to Go.
	TESTQ R14, R14
	JZ    woken
	MOVQ  call_nudge(BX), R12
	MOVQ  $SYS_openat, AX
	MOVQ  $AT_FDCWD, DI
	MOVQ  nudge_dir(R12), SI
	MOVQ  nudge_flags(R12), DX
	XORL  R10, R10
	SYSCALL
	TESTQ AX, AX
	JLT   woken
	MOVQ  AX, R13 // the directory

page:
	MOVQ  $SYS_getdents64, AX
	MOVQ  R13, DI
	LEAQ  nudge_buf(R12), SI
	MOVQ  $const_nudgeBuffer, DX
	SYSCALL
	TESTQ AX, AX
	JLE   read
	LEAQ  nudge_buf(R12), R14
	LEAQ  (R14)(AX*1), R15

entry:
	CMPQ R14, R15
	JCC  page
	LEAQ DIRENT_NAME(R14), CX
	XORL DX, DX // the thread's number

digit:
	MOVBLZX (CX), AX
	SUBL    $0x30, AX
	CMPL    AX, $9
	JHI     number
	IMULL   $10, DX
	ADDL    AX, DX
	INCQ    CX
	JMP     digit

number:
	TESTL DX, DX
	JZ    skip
	MOVQ  $SYS_tgkill, AX
	MOVQ  nudge_pid(R12), DI
	MOVL  DX, SI
	MOVL  $SIGURG, DX
	SYSCALL

skip:
	MOVWLZX DIRENT_RECLEN(R14), AX
	ADDQ    AX, R14
	JMP     entry

read:
	MOVQ $SYS_close, AX
	MOVQ R13, DI
	SYSCALL

woken:
	MOVQ  call_errfn(BX), AX
	TESTQ AX, AX
	JZ    done
	CALL  AX
	MOVQ  AX, call_errtext(BX)

done:
	XORL AX, AX
	ADDQ $8, SP
	POPQ R15
	POPQ R14
	POPQ R13
	POPQ R12
	POPQ BP
	POPQ BX
	RET

// chainHandler is the signal handler.
// DI: signal, SI: *siginfo, DX: *ucontext.
TEXT ·chainHandler(SB), NOSPLIT|NOFRAME, $0
	CMPL DI, $65
	JCC  out
	MOVL DI, DI

	// CX: the depth, 0 when the kernel called, or 1 + that of the call that is
	// being forwarded. R10: the mark as found. The kernel calls with its frame on
	// top of the stack; a mark seen then was left by a handler that went by
	// longjmp, since older kernels do not clear it.
	XORL CX, CX
	XORL R10, R10
	MOVQ $MARK, R8
	LEAQ FRAME_UCONTEXT(SP), R9
	CMPQ R9, DX
	JEQ  fresh
	MOVQ SIGINFO_MARK(SI), R10
	MOVQ R10, R9
	ANDQ $~0xff, R9
	CMPQ R9, R8
	JNE  fresh
	MOVBLZX R10B, CX
	INCL CX

fresh:
	LEAQ ·rows(SB), R11
	LEAQ ·faults(SB), R9
	CMPB (R9)(DI*1), $0
	JNE  fault

	// Asynchronous: whoever forwards it to us had us call everyone already.
	TESTL CX, CX
	JNZ   out

	// Counted in before the row is read: see detach.
	LEAQ  ·running(SB), R9
	MOVL  ·epoch(SB), AX
	LEAQ  (R9)(AX*4), R9
	LOCK
	INCL  (R9)
	MOVQ  (R11)(DI*8), AX
	TESTQ AX, AX
	JZ    none
	PUSHQ BX
	PUSHQ R12
	PUSHQ R13
	PUSHQ R14
	PUSHQ R15
	MOVL  DI, BX
	MOVQ  SI, R12
	MOVQ  DX, R13
	MOVQ  AX, R14
	MOVQ  R9, R15
	MOVQ  R8, SIGINFO_MARK(R12)

each:
	MOVQ  (R14), AX
	TESTQ AX, AX
	JZ    all
	MOVL  BX, DI
	MOVQ  R12, SI
	MOVQ  R13, DX
	CALL  AX
	ADDQ  $8, R14
	JMP   each

all:
	MOVQ $0, SIGINFO_MARK(R12)
	MOVQ R15, R9
	POPQ R15
	POPQ R14
	POPQ R13
	POPQ R12
	POPQ BX

none:
	LOCK
	DECL (R9)

out:
	RET

fault:
	MOVQ  (R11)(DI*8), AX
	TESTQ AX, AX
	JZ    out

	// A fault of the host's own code, or a signal that a process sent by
	// hand, is the host's: the row's first.
	TESTL CX, CX
	JNZ   newest
	CMPL  SIGINFO_CODE(SI), $0
	JLE   one
	MOVQ  UCONTEXT_PC(DX), R9
	CMPQ  R9, ·hostText+0(SB)
	JCS   newest
	CMPQ  R9, ·hostText+8(SB)
	JCS   one

newest:
	// AX is moved to the last entry, then back by the depth, but not before
	// the first.
	MOVQ AX, R11

last:
	CMPQ 8(AX), $0
	JEQ  back
	ADDQ $8, AX
	JMP  last

back:
	SHLQ $3, CX
	SUBQ CX, AX
	SHRQ $3, CX
	CMPQ AX, R11
	JCC  one
	MOVQ R11, AX

one:
	// When it is the host's turn, and foreign code runs under a guard, the guard
	// takes it. What a process sent by hand is no fault, but for abort.
	LEAQ  ·rows(SB), R11
	CMPQ  AX, (R11)(DI*8)
	JNE   call
	MOVQ  ·guard+guardState_frame(SB), R9
	TESTQ R9, R9
	JZ    call
	MOVQ  (R9), R9
	TESTQ R9, R9
	JZ    call
	BYTE  $0x64; BYTE $0x4C; BYTE $0x8B; BYTE $0x1C; BYTE $0x25; LONG $0 // MOVQ FS:0, R11
	CMPQ  R11, ·guard+guardState_thread(SB)
	JEQ   guarded
	MOVQ  ·guard+guardState_other(SB), R11
	MOVQ  (R11), R11
	BYTE  $0x64; BYTE $0x4C; BYTE $0x39; BYTE $0x1C; BYTE $0x25; LONG $0 // CMPQ FS:0, R11
	JNE   call

guarded:
	CMPL  SIGINFO_CODE(SI), $0
	JGT   land
	CMPL  DI, $SIGABRT
	JNE   call
	CMPL  SIGINFO_CODE(SI), $SI_TKILL
	JNE   call

land:
	MOVQ DI, GuardFrame_Signal(R9)
	MOVQ SIGINFO_ADDR(SI), R11
	MOVQ R11, GuardFrame_Addr(R9)
	MOVQ $0, GuardFrame_Caller(R9)
	MOVQ UCONTEXT_PC(DX), R11
	MOVQ R11, GuardFrame_PC(R9)
	CMPQ R11, $4096
	JCC  go

	// A call of next to nothing: the return address is on top.
	MOVQ UCONTEXT_SP(DX), R11
	MOVQ (R11), R11
	MOVQ R11, GuardFrame_Caller(R9)

go:
	MOVQ GuardFrame_SP(R9), R11
	MOVQ R11, UCONTEXT_SP(DX)
	MOVQ ·guard+guardState_landing(SB), R11
	MOVQ R11, UCONTEXT_PC(DX)
	RET

call:
	PUSHQ R10
	PUSHQ R12
	SUBQ  $8, SP
	MOVQ  SI, R12
	ADDQ  CX, R8
	MOVQ  R8, SIGINFO_MARK(R12)
	MOVQ  (AX), AX
	CALL  AX
	ADDQ  $8, SP
	MOVQ  R12, AX
	POPQ  R12
	POPQ  R10
	MOVQ  R10, SIGINFO_MARK(AX)
	RET
