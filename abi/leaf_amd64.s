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

// LOCKED goes to slow unless the calling thread is the loop's, where C code runs
// only under the host lock, or another that holds it: then the local lists of free
// cells are its own. It uses CX.
#define LOCKED \
	BYTE $0x64; BYTE $0x48; BYTE $0x8B; BYTE $0x0C; BYTE $0x25; LONG $0 \ // MOVQ FS:0, CX
	CMPQ CX, ·loopThread(SB)  \
	JEQ  locked               \
	CMPQ CX, ·quickHolder(SB) \
	JNE  slow                 \
locked:

// MANUAL goes to slow if context DI, which may be NULL, is not a live one or
// manages memory automatically. It uses AX.
#define MANUAL \
	TESTQ DI, DI                            \
	JEQ   manual                            \
	CELL(DI, ctxCell_head, const_headCtx)   \
	CMPL  ctxCell_auto(DI), $0              \
	JNE   slow                              \
manual:

// DROP ends the life of the cell at reg, of a class whose list must be the
// caller's. It uses AX.
#define DROP(reg, class) \
	MOVQ $const_headFree, AX                 \
	MOVQ AX, cellHead_head(reg)              \
	MOVQ class+cellClass_local(SB), AX       \
	MOVQ AX, (reg)                           \
	MOVQ reg, class+cellClass_local(SB)      \
	DECQ class+cellClass_localLive(SB)

// LOCAL goes to slow unless the calling thread is the loop's, on the stack that it
// began with, and reg the address of a word of what is in use of that. There modules
// have what functions store to, as a rule, and can be written without a guard. It uses
// R11.
#define LOCAL(reg) \
	BYTE $0x64; BYTE $0x4C; BYTE $0x8B; BYTE $0x1C; BYTE $0x25; LONG $0 \ // MOVQ FS:0, R11
	CMPQ R11, ·quickThread(SB)        \
	JNE  slow                         \
	MOVQ (TLS), R11                   \
	CMPQ SP, const_gStackLow(R11)     \
	JCS  slow                         \
	CMPQ reg, SP                      \
	JCS  slow                         \
	MOVQ const_gStackHigh(R11), R11   \
	SUBQ $8, R11                      \
	CMPQ reg, R11                     \
	JHI  slow

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

// int StringToLongLong(const RedisModuleString *str, long long *ll)
//
// Up to 18 digits, for which nothing can run over.
TEXT ·leafStringToLongLong(SB), NOSPLIT|NOFRAME, $0
	CELL(DI, stringCell_head, const_headString)
	LOCAL(SI)
	MOVQ  stringCell_ptr(DI), R8
	MOVQ  stringCell_len(DI), R9
	LEAQ  -1(R9), CX
	CMPQ  CX, $17
	JHI   slow
	XORL  R10, R10
	MOVBLZX (R8), AX
	CMPL  AX, $'-'
	JEQ   minus

begin:
	SUBL  $'1', AX
	CMPL  AX, $8
	JHI   slow
	INCL  AX

digit:
	DECQ  R9
	JEQ   sign
	INCQ  R8
	MOVBLZX (R8), CX
	SUBL  $'0', CX
	CMPL  CX, $9
	JHI   slow
	LEAQ  (AX)(AX*4), AX
	LEAQ  (CX)(AX*2), AX
	JMP   digit

sign:
	TESTL R10, R10
	JEQ   store
	NEGQ  AX

store:
	MOVQ  AX, (SI)
	XORL  AX, AX
	RET

minus:
	DECQ  R9
	JEQ   slow
	INCQ  R8
	INCL  R10
	MOVBLZX (R8), AX
	JMP   begin

slow:
	JMP ·tryStringToLongLong(SB)

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

// RedisModuleString *CreateString(RedisModuleCtx *ctx, const char *ptr, size_t len)
TEXT ·leafCreateString(SB), NOSPLIT|NOFRAME, $0
	LOCKED
	MANUAL
	TESTQ SI, SI
	JEQ   slow
	CMPQ  DX, $const_inlineString
	JCC   slow
	MOVQ  ·stringCells+cellClass_local(SB), R8
	TESTQ R8, R8
	JEQ   slow
	MOVQ  (R8), R9
	MOVQ  R9, ·stringCells+cellClass_local(SB)
	INCQ  ·stringCells+cellClass_localLive(SB)
	MOVQ  $const_headString, AX
	MOVQ  AX, stringCell_head(R8)
	MOVQ  DX, stringCell_len(R8)
	MOVQ  $1, stringCell_refs(R8)       // and heap, the word's upper half, is 0
	LEAQ  stringCell_inner(R8), R10
	MOVQ  R10, stringCell_ptr(R8)
	MOVB  $0, (R10)(DX*1)
	CMPQ  DX, $16
	JCC   from16
	CMPQ  DX, $8
	JCC   from8
	TESTQ DX, DX
	JEQ   copied

byte:
	MOVB -1(SI)(DX*1), AX
	MOVB AX, -1(R10)(DX*1)
	DECQ DX
	JNE  byte

copied:
	MOVQ R8, AX
	RET

from8:
	MOVQ (SI), AX
	MOVQ -8(SI)(DX*1), CX
	MOVQ AX, (R10)
	MOVQ CX, -8(R10)(DX*1)
	MOVQ R8, AX
	RET

from16:
	MOVUPS (SI), X0
	MOVUPS -16(SI)(DX*1), X1
	MOVUPS X0, (R10)
	MOVUPS X1, -16(R10)(DX*1)
	MOVQ   R8, AX
	RET

slow:
	JMP ·tryCreateString(SB)

// void FreeString(RedisModuleCtx *ctx, RedisModuleString *str)
TEXT ·leafFreeString(SB), NOSPLIT|NOFRAME, $0
	MANUAL
	CELL(SI, stringCell_head, const_headString)
	CMPL stringCell_refs(SI), $1
	JLE  last
	DECL stringCell_refs(SI)
	RET

last:
	CMPL stringCell_heap(SI), $0
	JNE  slow
	LOCKED
	DROP(SI, ·stringCells)
	RET

slow:
	JMP ·tryFreeString(SB)

// void RetainString(RedisModuleCtx *ctx, RedisModuleString *str)
TEXT ·leafRetainString(SB), NOSPLIT|NOFRAME, $0
	MANUAL
	CELL(SI, stringCell_head, const_headString)
	INCL stringCell_refs(SI)
	RET

slow:
	JMP ·tryRetainString(SB)

// int KeyType(RedisModuleKey *kp)
TEXT ·leafKeyType(SB), NOSPLIT|NOFRAME, $0
	CELL(DI, keyCell_head, const_headKey)
	MOVQ  keyCell_counter(DI), CX
	TESTQ CX, CX
	JEQ   slow
	MOVQ  (CX), CX
	CMPQ  CX, keyCell_moves(DI)
	JNE   slow
	MOVL  keyCell_kind(DI), AX
	RET

slow:
	MOVL $const_fnKeyType, AX
	JMP  ·tail(SB)

// char *StringDMA(RedisModuleKey *key, size_t *len, int mode)
//
// Of a key that is open for reading, and has a string with the raw encoding and
// without a time of expiry.
TEXT ·leafStringDMA(SB), NOSPLIT|NOFRAME, $0
	CELL(DI, keyCell_head, const_headKey)
	LOCAL(SI)
	CMPL  keyCell_quick(DI), $1
	JNE   slow
	MOVQ  keyCell_counter(DI), CX
	TESTQ CX, CX
	JEQ   slow
	MOVQ  (CX), CX
	CMPQ  CX, keyCell_moves(DI)
	JNE   slow
	MOVQ  keyCell_entry(DI), R8
	TESTQ R8, R8
	JEQ   slow
	MOVQ  (R8), CX
	TESTL $const_entryKind, CX
	JNE   slow
	MOVQ  CX, AX
	SHRQ  $const_entryFlags, AX
	ANDL  $const_entryWords, AX
	JNE   words
	SHRQ  $const_entryKey, CX
	MOVBLZX CX, AX
	SHRQ  $(const_entryValue-const_entryKey), CX
	JEQ   slow                                     // nothing to point to
	LEAQ  const_entryHead(R8)(AX*1), AX
	MOVQ  CX, (SI)
	RET

words:
	CMPL  AX, $const_entryBlock
	JNE   slow
	MOVQ  const_entryHead(R8), AX
	MOVQ  (AX), CX
	TESTQ CX, CX
	JEQ   slow
	ADDQ  $const_entryBlockHead, AX
	MOVQ  CX, (SI)
	RET

slow:
	JMP ·tryStringDMA(SB)

// void CloseKey(RedisModuleKey *kp)
TEXT ·leafCloseKey(SB), NOSPLIT|NOFRAME, $0
	TESTQ DI, DI
	JEQ   none
	CELL(DI, keyCell_head, const_headKey)
	CMPL keyCell_quick(DI), $1
	JNE  slow
	LOCKED
	DROP(DI, ·keyCells)

none:
	RET

slow:
	JMP ·tryCloseKey(SB)

// int CallReplyType(RedisModuleCallReply *reply)
TEXT ·leafCallReplyType(SB), NOSPLIT|NOFRAME, $0
	CELL(DI, replyCell_head, const_headReply)
	MOVL replyCell_kind(DI), AX
	RET

slow:
	MOVL $const_fnCallReplyType, AX
	JMP  ·tail(SB)

// size_t CallReplyLength(RedisModuleCallReply *reply)
TEXT ·leafCallReplyLength(SB), NOSPLIT|NOFRAME, $0
	CELL(DI, replyCell_head, const_headReply)
	MOVQ replyCell_len(DI), AX
	RET

slow:
	MOVL $const_fnCallReplyLength, AX
	JMP  ·tail(SB)

// long long CallReplyInteger(RedisModuleCallReply *reply)
TEXT ·leafCallReplyInteger(SB), NOSPLIT|NOFRAME, $0
	CELL(DI, replyCell_head, const_headReply)
	CMPL replyCell_kind(DI), $const_replyInteger
	JNE  slow
	MOVQ replyCell_n(DI), AX
	RET

slow:
	MOVL $const_fnCallReplyInteger, AX
	JMP  ·tail(SB)

// const char *CallReplyStringPtr(RedisModuleCallReply *reply, size_t *len)
TEXT ·leafCallReplyStringPtr(SB), NOSPLIT|NOFRAME, $0
	CELL(DI, replyCell_head, const_headReply)
	CMPL  replyCell_kind(DI), $const_replyError
	JHI   slow                                      // neither a string nor an error
	TESTQ SI, SI
	JEQ   done
	MOVQ  replyCell_len(DI), AX
	MOVQ  AX, (SI)

done:
	MOVQ replyCell_str(DI), AX
	RET

slow:
	MOVL $const_fnCallReplyStringPtr, AX
	JMP  ·tail(SB)

// void FreeCallReply(RedisModuleCallReply *reply)
TEXT ·leafFreeCallReply(SB), NOSPLIT|NOFRAME, $0
	CELL(DI, replyCell_head, const_headReply)
	CMPW replyCell_quick(DI), $1
	JNE  slow
	LOCKED
	DROP(DI, ·replyCells)
	RET

slow:
	JMP ·tryFreeCallReply(SB)

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
	JMP ·tryReplyWithArray(SB)

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

// CLOCK calls the C library for the time, CLOCK_REALTIME of clock_gettime: seconds to
// AX, nanoseconds to CX. Any thread.
#define CLOCK \
	MOVQ  ·libcClock(SB), AX \
	TESTQ AX, AX             \
	JEQ   slow               \
	SUBQ  $24, SP            \
	XORL  DI, DI             \
	MOVQ  SP, SI             \
	CALL  AX                 \
	MOVQ  (SP), AX           \
	MOVQ  8(SP), CX          \
	ADDQ  $24, SP

// long long Milliseconds(void)
TEXT ·leafMilliseconds(SB), NOSPLIT|NOFRAME, $0
	CLOCK
	IMULQ $1000, AX
	IMULQ $0x431BDE83, CX // 2^50 by a million
	SHRQ  $50, CX
	ADDQ  CX, AX
	RET

slow:
	MOVL $const_fnMilliseconds, AX
	JMP  ·tail(SB)

// uint64_t Microseconds(void)
TEXT ·leafMicroseconds(SB), NOSPLIT|NOFRAME, $0
	CLOCK
	IMULQ $1000000, AX
	IMULQ $0x10624DD3, CX // 2^38 by a thousand
	SHRQ  $38, CX
	ADDQ  CX, AX
	RET

slow:
	MOVL $const_fnMicroseconds, AX
	JMP  ·tail(SB)
