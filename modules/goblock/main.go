// Command goblock is a module in Go that blocks its clients and answers them
// from goroutines.
package main

// #cgo CFLAGS: -I${SRCDIR}/../../include
// #define REDISMODULE_API static
// #define REDISMODULE_ATTR __attribute__((unused))
// #include "redismodule.h"
//
// int goSleep(RedisModuleCtx *ctx, RedisModuleString **argv, int argc);
// int goMany(RedisModuleCtx *ctx, RedisModuleString **argv, int argc);
//
// static inline int start(RedisModuleCtx *ctx) {
//     if (RedisModule_Init(ctx, "goblock", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR) return REDISMODULE_ERR;
//     if (RedisModule_CreateCommand(ctx, "goblock.sleep", goSleep, "readonly", 0, 0, 0) == REDISMODULE_ERR) return REDISMODULE_ERR;
//     return RedisModule_CreateCommand(ctx, "goblock.many", goMany, "readonly", 0, 0, 0);
// }
// static inline int wrongArity(RedisModuleCtx *ctx) { return RedisModule_WrongArity(ctx); }
// static inline int replyError(RedisModuleCtx *ctx, const char *text) { return RedisModule_ReplyWithError(ctx, text); }
// static inline int toNumber(RedisModuleString *s, long long *n) { return RedisModule_StringToLongLong(s, n); }
// static inline RedisModuleBlockedClient *block(RedisModuleCtx *ctx) { return RedisModule_BlockClient(ctx, NULL, NULL, NULL, 0); }
// static inline RedisModuleCtx *enter(RedisModuleBlockedClient *bc) { return RedisModule_GetThreadSafeContext(bc); }
// static inline void leave(RedisModuleCtx *ctx, RedisModuleBlockedClient *bc) {
//     RedisModule_FreeThreadSafeContext(ctx);
//     RedisModule_UnblockClient(bc, NULL);
// }
// static inline void replyNumber(RedisModuleCtx *ctx, long long n) { RedisModule_ReplyWithLongLong(ctx, n); }
// static inline void replyArray(RedisModuleCtx *ctx, long n) { RedisModule_ReplyWithArray(ctx, n); }
// static inline long long keys(RedisModuleCtx *ctx) {
//     RedisModule_ThreadSafeContextLock(ctx);
//     RedisModuleCallReply *r = RedisModule_Call(ctx, "DBSIZE", "");
//     long long n = RedisModule_CallReplyInteger(r);
//     RedisModule_FreeCallReply(r);
//     RedisModule_ThreadSafeContextUnlock(ctx);
//     return n;
// }
import "C"

import (
	"time"
	"unsafe"
)

var notNumber = C.CString("ERR value is not an integer or out of range")

// number reads the one argument of both commands.
func number(argv **C.RedisModuleString) (n C.longlong, ok bool) {
	arg := unsafe.Slice(argv, 2)[1]
	ok = C.toNumber(arg, &n) == C.REDISMODULE_OK && n >= 0
	return n, ok
}

// goSleep is GOBLOCK.SLEEP milliseconds: replies the number of keys after a
// while.
//
//export goSleep
func goSleep(ctx *C.RedisModuleCtx, argv **C.RedisModuleString, argc C.int) C.int {
	if argc != 2 {
		return C.wrongArity(ctx)
	}
	ms, ok := number(argv)
	if !ok {
		return C.replyError(ctx, notNumber)
	}
	bc := C.block(ctx)
	go func() {
		time.Sleep(time.Duration(ms) * time.Millisecond)
		own := C.enter(bc)
		C.replyNumber(own, C.keys(own))
		C.leave(own, bc)
	}()
	return C.REDISMODULE_OK
}

// goMany is GOBLOCK.MANY n: replies the numbers below n, from a goroutine.
//
//export goMany
func goMany(ctx *C.RedisModuleCtx, argv **C.RedisModuleString, argc C.int) C.int {
	if argc != 2 {
		return C.wrongArity(ctx)
	}
	n, ok := number(argv)
	if !ok {
		return C.replyError(ctx, notNumber)
	}
	bc := C.block(ctx)
	go func() {
		own := C.enter(bc)
		C.replyArray(own, C.long(n))
		for i := C.longlong(0); i < n; i++ {
			C.replyNumber(own, i)
		}
		C.leave(own, bc)
	}()
	return C.REDISMODULE_OK
}

// RedisModule_OnLoad is what the server calls first.
//
//export RedisModule_OnLoad
func RedisModule_OnLoad(ctx *C.RedisModuleCtx, argv **C.RedisModuleString, argc C.int) C.int {
	return C.start(ctx)
}

func main() {}
