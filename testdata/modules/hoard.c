/* A module that takes memory and gives it back when it is told to: the server
 * must count it. */
#include "redismodule.h"

#include <string.h>

static void *hoarded;

/* HOARD.TAKE bytes */
static int take(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    long long n;
    if (argc != 2) return RedisModule_WrongArity(ctx);
    if (RedisModule_StringToLongLong(argv[1], &n) != REDISMODULE_OK || n < 1) {
        return RedisModule_ReplyWithError(ctx, "ERR not a size");
    }
    RedisModule_Free(hoarded);
    hoarded = RedisModule_Alloc((size_t)n);
    memset(hoarded, 1, (size_t)n);
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

/* HOARD.DROP */
static int drop(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    RedisModule_Free(hoarded);
    hoarded = NULL;
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    if (RedisModule_Init(ctx, "hoard", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "hoard.take", take, "", 0, 0, 0) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "hoard.drop", drop, "", 0, 0, 0) == REDISMODULE_ERR) {
        return REDISMODULE_ERR;
    }
    return REDISMODULE_OK;
}
