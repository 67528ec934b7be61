#include "textflag.h"
#include "go_asm.h"

// Leaf functions: what GetApi hands out instead of a stub for calls that only
// read a field or append a scalar to the reply. They run on the module's stack
// in the C calling convention and never enter Go. Whenever anything is unusual
// they jump to tail with their index, as the stub would have done, all
// argument registers intact.

// CELL goes to slow unless reg points to a live cell with the given head. It
// uses AX.
#define CELL(reg, offset, headword) \
	CMPQ  reg, ·arenaLow(SB) \
	JCS   slow               \
	CMPQ  reg, ·arenaEnd(SB) \
	JCC   slow               \
	TESTL $63, reg           \
	JNE   slow               \
	MOVQ  $headword, AX      \
	CMPQ  offset(reg), AX    \
	JNE   slow

// ROOM puts the place for the next reply bytes of context DI in R8, and goes
// to slow unless replies may be gathered here and 48 bytes are free.
#define ROOM \
	MOVQ  ctxCell_wpos(DI), R8 \
	TESTQ R8, R8               \
	JEQ   slow                 \
	LEAQ  48(R8), R9           \
	CMPQ  R9, ctxCell_wend(DI) \
	JHI   slow

// const char *StringPtrLen(const RedisModuleString *str, size_t *len)
TEXT ·leafStringPtrLen(SB), NOSPLIT|NOFRAME, $0
	CELL(DI, stringCell_head, const_headString)
	MOVQ  stringCell_ptr(DI), AX
	TESTQ SI, SI
	JEQ   done
	MOVQ  stringCell_len(DI), CX
	MOVQ  CX, (SI)

done:
	RET

slow:
	MOVL $const_fnStringPtrLen, AX
	JMP  ·tail(SB)

// int GetSelectedDb(RedisModuleCtx *ctx)
TEXT ·leafGetSelectedDb(SB), NOSPLIT|NOFRAME, $0
	CELL(DI, ctxCell_head, const_headCtx)
	MOVLQSX ctxCell_db(DI), AX
	RET

slow:
	MOVL $const_fnGetSelectedDb, AX
	JMP  ·tail(SB)

// unsigned long long GetClientId(RedisModuleCtx *ctx)
TEXT ·leafGetClientId(SB), NOSPLIT|NOFRAME, $0
	CELL(DI, ctxCell_head, const_headCtx)
	MOVQ ctxCell_id(DI), AX
	RET

slow:
	MOVL $const_fnGetClientId, AX
	JMP  ·tail(SB)

// void *GetBlockedClientPrivateData(RedisModuleCtx *ctx)
TEXT ·leafGetBlockedClientPrivateData(SB), NOSPLIT|NOFRAME, $0
	CELL(DI, ctxCell_head, const_headCtx)
	MOVQ ctxCell_data(DI), AX
	RET

slow:
	MOVL $const_fnGetBlockedClientPrivateData, AX
	JMP  ·tail(SB)

// int ReplyWithLongLong(RedisModuleCtx *ctx, long long ll)
TEXT ·leafReplyWithLongLong(SB), NOSPLIT|NOFRAME, $0
	CELL(DI, ctxCell_head, const_headCtx)
	ROOM
	MOVB  $':', (R8)
	INCQ  R8
	JMP   ·appendNumber(SB)

slow:
	MOVL $const_fnReplyWithLongLong, AX
	JMP  ·tail(SB)

// int ReplyWithArray(RedisModuleCtx *ctx, long len)
TEXT ·leafReplyWithArray(SB), NOSPLIT|NOFRAME, $0
	CELL(DI, ctxCell_head, const_headCtx)
	TESTQ SI, SI
	JLT   slow             // the length comes later
	ROOM
	MOVB  $'*', (R8)
	INCQ  R8
	JMP   ·appendNumber(SB)

slow:
	MOVL $const_fnReplyWithArray, AX
	JMP  ·tail(SB)

// int ReplyWithNull(RedisModuleCtx *ctx)
TEXT ·leafReplyWithNull(SB), NOSPLIT|NOFRAME, $0
	CELL(DI, ctxCell_head, const_headCtx)
	ROOM
	CMPL  ctxCell_resp3(DI), $0
	JNE   resp3
	MOVL  $0x0D312D24, (R8)  // $-1\r
	MOVB  $0x0A, 4(R8)
	ADDQ  $5, R8
	MOVQ  R8, ctxCell_wpos(DI)
	XORL  AX, AX
	RET

resp3:
	MOVL $0x000A0D5F, (R8) // _\r\n
	ADDQ $3, R8
	MOVQ R8, ctxCell_wpos(DI)
	XORL AX, AX
	RET

slow:
	MOVL $const_fnReplyWithNull, AX
	JMP  ·tail(SB)

// appendNumber writes SI in decimal and the end of line at R8, stores the
// context's new position and returns 0 to the module. Digits are made from the
// last to the first in the red zone below SP and then moved as three words.
TEXT ·appendNumber(SB), NOSPLIT|NOFRAME, $0
	MOVQ  SI, AX
	CMPQ  SI, $10
	JCC   many
	ADDL  $0x0A0D30, AX // the digit, \r and \n in one word
	MOVL  AX, (R8)
	ADDQ  $3, R8
	MOVQ  R8, ctxCell_wpos(DI)
	XORL  AX, AX
	RET

many:
	TESTQ AX, AX
	JGE   positive
	MOVB  $'-', (R8)
	INCQ  R8
	NEGQ  AX

positive:
	LEAQ -32(SP), R9
	MOVQ R9, SI
	MOVQ $0xCCCCCCCCCCCCCCCD, R10

digit:
	MOVQ  AX, CX
	MULQ  R10
	SHRQ  $3, DX
	LEAQ  (DX)(DX*4), R11
	ADDQ  R11, R11
	SUBQ  R11, CX
	ADDL  $0x30, CX
	DECQ  R9
	MOVB  CX, (R9)
	MOVQ  DX, AX
	TESTQ DX, DX
	JNE   digit

	MOVQ (R9), AX
	MOVQ AX, (R8)
	MOVQ 8(R9), AX
	MOVQ AX, 8(R8)
	MOVL 16(R9), AX
	MOVL AX, 16(R8)
	SUBQ R9, SI
	ADDQ SI, R8
	MOVW $0x0A0D, (R8)
	ADDQ $2, R8
	MOVQ R8, ctxCell_wpos(DI)
	XORL AX, AX
	RET
