/* Numbers and texts in the forms that the module interface takes and gives them, with
 * the results where modules have them, on the stack, and elsewhere. */
#include "redismodule.h"
#include <string.h>

static long long elsewhere;

/* numbers.parse TEXT: what was returned and stored, on the stack and elsewhere. */
static int parse(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 2) return RedisModule_WrongArity(ctx);
    long long here = 77;
    elsewhere = 78;
    int a = RedisModule_StringToLongLong(argv[1], &here), b = RedisModule_StringToLongLong(argv[1], &elsewhere);
    RedisModule_ReplyWithArray(ctx, 4);
    RedisModule_ReplyWithLongLong(ctx, a);
    RedisModule_ReplyWithLongLong(ctx, here);
    RedisModule_ReplyWithLongLong(ctx, b);
    return RedisModule_ReplyWithLongLong(ctx, elsewhere);
}

static void reply(RedisModuleCtx *ctx, RedisModuleString *s) {
    RedisModule_ReplyWithString(ctx, s);
    RedisModule_FreeString(ctx, s);
}

/* numbers.format TEXT: it in several formats, which take arguments of all kinds. */
static int format(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 2) return RedisModule_WrongArity(ctx);
    const char *s = RedisModule_StringPtrLen(argv[1], NULL);
    RedisModule_ReplyWithArray(ctx, 7);
    reply(ctx, RedisModule_CreateStringPrintf(ctx, "nothing"));
    reply(ctx, RedisModule_CreateStringPrintf(ctx, "%s", s));
    reply(ctx, RedisModule_CreateStringPrintf(NULL, "%c%d%s", 'c', -5, s));
    reply(ctx, RedisModule_CreateStringPrintf(ctx, "%d %s %lld %x %s %u %zu %d", 1, s, -2LL, 3, "four", 5, strlen(s), 7));
    reply(ctx, RedisModule_CreateStringPrintf(ctx, "%g %d %g %.1f %g", 0.5, 1, 1.5, 2.25, 1e300));
    reply(ctx, RedisModule_CreateStringPrintf(ctx, "%g %g %g %g %g %g %g %g %g %g %d %d %d %d %d %d", 1.0, 2.0, 3.0, 4.0, 5.0, 6.0,
                                              7.0, 8.0, 9.0, 10.0, 1, 2, 3, 4, 5, 6));
    reply(ctx, RedisModule_CreateStringPrintf(ctx, "%Lg %s%s%s%s", 1.25L, s, s, s, s));
    return REDISMODULE_OK;
}

/* numbers.dma KEY: what a string is that is open for reading, three times. */
static int dma(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 2) return RedisModule_WrongArity(ctx);
    static size_t there;
    RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ);
    if (!key) return RedisModule_ReplyWithNull(ctx);
    RedisModule_ReplyWithArray(ctx, 3);
    for (int i = 0; i < 3; i++) {
        size_t here = 77;
        size_t *n = i == 1 ? &there : &here;
        *n = 0;
        const char *p = RedisModule_StringDMA(key, n, REDISMODULE_READ);
        if (p) RedisModule_ReplyWithStringBuffer(ctx, p, *n);
        else RedisModule_ReplyWithNull(ctx);
    }
    RedisModule_CloseKey(key);
    return REDISMODULE_OK;
}

/* numbers.clock: whether the clocks agree and do not go back. */
static int clocks(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv), REDISMODULE_NOT_USED(argc);
    long long before = RedisModule_Milliseconds(), good = 0;
    for (int i = 0; i < 1000; i++) {
        long long ms = RedisModule_Milliseconds();
        good += ms >= before && ms - before < 60000;
        before = ms;
    }
    return RedisModule_ReplyWithLongLong(ctx, good);
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv), REDISMODULE_NOT_USED(argc);
    if (RedisModule_Init(ctx, "numbers", 1, REDISMODULE_APIVER_1) || RedisModule_CreateCommand(ctx, "numbers.parse", parse, "", 0, 0, 0) ||
        RedisModule_CreateCommand(ctx, "numbers.format", format, "", 0, 0, 0) ||
        RedisModule_CreateCommand(ctx, "numbers.dma", dma, "", 1, 1, 1) ||
        RedisModule_CreateCommand(ctx, "numbers.clock", clocks, "", 0, 0, 0))
        return REDISMODULE_ERR;
    return REDISMODULE_OK;
}
