/* crash: commands and callbacks that end in a fault, each in its own way. */

#include "redismodule.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OK REDISMODULE_OK
#define ERR REDISMODULE_ERR

static volatile int *volatile null;
static volatile int seven = 7, zero, sink;

static int deep(volatile char *above) {
    volatile char here[4096];
    here[0] = above[0];
    return deep(here) + here[1];
}

static int __attribute__((noinline)) fault(RedisModuleCtx *ctx, const char *how) {
    if (!strcmp(how, "read")) return *null;
    if (!strcmp(how, "write")) *null = 1;
    if (!strcmp(how, "wild")) *(volatile int *)0x4141414141414140 = 1;
    if (!strcmp(how, "null-call")) ((void (*volatile)(void))NULL)();
    if (!strcmp(how, "divide")) sink = seven / zero;
    if (!strcmp(how, "illegal")) __builtin_trap();
    if (!strcmp(how, "abort")) abort();
    if (!strcmp(how, "libc")) sink = (int)strlen((const char *)null);
    if (!strcmp(how, "stack")) sink = deep((volatile char *)how);
    if (!strcmp(how, "float")) return (int)lrint(NAN), *null;
    if (!strcmp(how, "leaf")) {
        RedisModuleString *s = RedisModule_CreateString(ctx, "x", 1);
        RedisModule_StringPtrLen(s, (size_t *)8);
    }
    if (!strcmp(how, "after-call")) {
        RedisModuleCallReply *r = RedisModule_Call(ctx, "SET", "cc", "crash:key", "v");
        RedisModule_FreeCallReply(r);
        return *null;
    }
    if (!strcmp(how, "nested")) {
        /* The inner call crashes; what it returns here is the server's error. */
        RedisModuleCallReply *r = RedisModule_Call(ctx, "crash.now", "Ec", "read");
        if (RedisModule_CallReplyType(r) == REDISMODULE_REPLY_ERROR) RedisModule_FreeCallReply(r);
        return *null;
    }
    if (!strcmp(how, "part")) {
        RedisModule_ReplyWithArray(ctx, REDISMODULE_POSTPONED_LEN);
        RedisModule_ReplyWithSimpleString(ctx, "one");
        return *null;
    }
    return OK;
}

static int now(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 2) return RedisModule_WrongArity(ctx);
    fault(ctx, RedisModule_StringPtrLen(argv[1], NULL));
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

static void onTimer(RedisModuleCtx *ctx, void *data) {
    (void)data;
    fault(ctx, "read");
}

static int later(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    (void)argv, (void)argc;
    RedisModule_CreateTimer(ctx, 1, onTimer, NULL);
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

/* crash.wait blocks for good: only a crash ends it. */
static int waitCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    (void)argv, (void)argc;
    RedisModule_BlockClient(ctx, NULL, NULL, NULL, 0);
    return OK;
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (RedisModule_Init(ctx, "crash", 1, REDISMODULE_APIVER_1) == ERR) return ERR;
    if (argc == 1) fault(ctx, RedisModule_StringPtrLen(argv[0], NULL));
    if (RedisModule_CreateCommand(ctx, "crash.now", now, "", 0, 0, 0) == ERR ||
        RedisModule_CreateCommand(ctx, "crash.later", later, "", 0, 0, 0) == ERR ||
        RedisModule_CreateCommand(ctx, "crash.wait", waitCommand, "", 0, 0, 0) == ERR)
        return ERR;
    return OK;
}
