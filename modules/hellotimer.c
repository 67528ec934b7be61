/* Timers: each call of HELLOTIMER.TIMER starts ten of them. */
#include "redismodule.h"

#include <stdlib.h>

static long long fired;

static void fire(RedisModuleCtx *ctx, void *data) {
    RedisModule_Log(ctx, "verbose", "timer %p fired", data);
    RedisModule_Free(data);
    fired++;
}

/* HELLOTIMER.TIMER: ten timers within five seconds. */
static int timers(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    if (argc != 1) return RedisModule_WrongArity(ctx);
    for (int i = 0; i < 10; i++) RedisModule_CreateTimer(ctx, rand() % 5000, fire, RedisModule_Alloc(1));
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

/* HELLOTIMER.AFTER milliseconds: one timer after the given time. */
static int after(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    long long ms;
    if (argc != 2) return RedisModule_WrongArity(ctx);
    if (RedisModule_StringToLongLong(argv[1], &ms) != REDISMODULE_OK || ms < 0)
        return RedisModule_ReplyWithError(ctx, "ERR invalid time");
    RedisModule_CreateTimer(ctx, ms, fire, RedisModule_Alloc(1));
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

/* HELLOTIMER.FIRED: how many timers have fired. */
static int count(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    if (argc != 1) return RedisModule_WrongArity(ctx);
    return RedisModule_ReplyWithLongLong(ctx, fired);
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    if (RedisModule_Init(ctx, "hellotimer", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR) return REDISMODULE_ERR;
    if (RedisModule_CreateCommand(ctx, "hellotimer.timer", timers, "readonly", 0, 0, 0) == REDISMODULE_ERR) return REDISMODULE_ERR;
    if (RedisModule_CreateCommand(ctx, "hellotimer.after", after, "readonly", 0, 0, 0) == REDISMODULE_ERR) return REDISMODULE_ERR;
    return RedisModule_CreateCommand(ctx, "hellotimer.fired", count, "readonly", 0, 0, 0);
}
