// Command gohello is a module in Go that replies: built with
// go build -buildmode=c-shared, it loads as any other.
package main

// #cgo CFLAGS: -I${SRCDIR}/../../include
// #define REDISMODULE_API static
// #define REDISMODULE_ATTR __attribute__((unused))
// #include "redismodule.h"
//
// int goEcho(RedisModuleCtx *ctx, RedisModuleString **argv, int argc);
// int goSum(RedisModuleCtx *ctx, RedisModuleString **argv, int argc);
//
// static inline int start(RedisModuleCtx *ctx) {
//     if (RedisModule_Init(ctx, "gohello", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR) return REDISMODULE_ERR;
//     if (RedisModule_CreateCommand(ctx, "gohello.echo", goEcho, "readonly fast", 0, 0, 0) == REDISMODULE_ERR) return REDISMODULE_ERR;
//     return RedisModule_CreateCommand(ctx, "gohello.sum", goSum, "readonly fast", 0, 0, 0);
// }
// static inline int wrongArity(RedisModuleCtx *ctx) { return RedisModule_WrongArity(ctx); }
// static inline int replyString(RedisModuleCtx *ctx, RedisModuleString *s) { return RedisModule_ReplyWithString(ctx, s); }
// static inline int replyNumber(RedisModuleCtx *ctx, long long n) { return RedisModule_ReplyWithLongLong(ctx, n); }
// static inline int replyError(RedisModuleCtx *ctx, const char *text) { return RedisModule_ReplyWithError(ctx, text); }
// static inline int toNumber(RedisModuleString *s, long long *n) { return RedisModule_StringToLongLong(s, n); }
import "C"

import "unsafe"

var notNumber = C.CString("ERR value is not an integer or out of range")

// args is a command's argument list; it is good during the call only.
func args(argv **C.RedisModuleString, argc C.int) []*C.RedisModuleString {
	return unsafe.Slice(argv, int(argc))
}

// goEcho is GOHELLO.ECHO text.
//
//export goEcho
func goEcho(ctx *C.RedisModuleCtx, argv **C.RedisModuleString, argc C.int) C.int {
	if argc != 2 {
		return C.wrongArity(ctx)
	}
	return C.replyString(ctx, args(argv, argc)[1])
}

// goSum is GOHELLO.SUM number [number ...].
//
//export goSum
func goSum(ctx *C.RedisModuleCtx, argv **C.RedisModuleString, argc C.int) C.int {
	if argc < 2 {
		return C.wrongArity(ctx)
	}
	var sum C.longlong
	for _, a := range args(argv, argc)[1:] {
		var n C.longlong
		if C.toNumber(a, &n) != C.REDISMODULE_OK {
			return C.replyError(ctx, notNumber)
		}
		sum += n
	}
	return C.replyNumber(ctx, sum)
}

// RedisModule_OnLoad is what the server calls first.
//
//export RedisModule_OnLoad
func RedisModule_OnLoad(ctx *C.RedisModuleCtx, argv **C.RedisModuleString, argc C.int) C.int {
	return C.start(ctx)
}

func main() {}
