/* Sorted sets through the module interface: ranges walked both ways, and scores
 * set with the flags that a caller gives. */
#include "redismodule.h"
#include <math.h>

static RedisModuleKey *open_key(RedisModuleCtx *ctx, RedisModuleString *name) {
    return RedisModule_OpenKey(ctx, name, REDISMODULE_READ | REDISMODULE_WRITE);
}

/* Replies what the range holds, then where it stands after a step back, and after
 * it was stopped. */
static int reply_range(RedisModuleCtx *ctx, RedisModuleKey *key, int forward) {
    long n = 0;
    RedisModule_ReplyWithArray(ctx, REDISMODULE_POSTPONED_LEN);
    while (!RedisModule_ZsetRangeEndReached(key) && n < 2000) {
        double score = -1;
        RedisModuleString *member = RedisModule_ZsetRangeCurrentElement(key, &score);
        RedisModule_ReplyWithString(ctx, member);
        RedisModule_ReplyWithDouble(ctx, score);
        RedisModule_FreeString(ctx, member);
        n += 2;
        if (forward) RedisModule_ZsetRangeNext(key); else RedisModule_ZsetRangePrev(key);
    }
    int moved = forward ? RedisModule_ZsetRangePrev(key) : RedisModule_ZsetRangeNext(key);
    RedisModule_ReplyWithLongLong(ctx, moved);
    RedisModuleString *here = RedisModule_ZsetRangeCurrentElement(key, NULL);
    if (here) {
        RedisModule_ReplyWithString(ctx, here);
        RedisModule_FreeString(ctx, here);
    } else {
        RedisModule_ReplyWithNull(ctx);
    }
    RedisModule_ZsetRangeStop(key);
    RedisModule_ReplyWithLongLong(ctx, RedisModule_ZsetRangeEndReached(key));
    RedisModule_ReplyWithLongLong(ctx, RedisModule_ZsetRangeNext(key));
    RedisModule_ReplySetArrayLength(ctx, n + 4);
    RedisModule_CloseKey(key);
    return REDISMODULE_OK;
}

/* zsets.score KEY MIN MAX MIN-EXCLUDED MAX-EXCLUDED FORWARD */
static int by_score(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 7) return RedisModule_WrongArity(ctx);
    double min, max;
    long long minex, maxex, forward;
    if (RedisModule_StringToDouble(argv[2], &min) || RedisModule_StringToDouble(argv[3], &max) ||
        RedisModule_StringToLongLong(argv[4], &minex) || RedisModule_StringToLongLong(argv[5], &maxex) ||
        RedisModule_StringToLongLong(argv[6], &forward))
        return RedisModule_ReplyWithError(ctx, "ERR a number was expected");
    RedisModuleKey *key = open_key(ctx, argv[1]);
    int err = forward ? RedisModule_ZsetFirstInScoreRange(key, min, max, (int)minex, (int)maxex)
                      : RedisModule_ZsetLastInScoreRange(key, min, max, (int)minex, (int)maxex);
    if (!err) return reply_range(ctx, key, (int)forward);
    RedisModule_CloseKey(key);
    return RedisModule_ReplyWithError(ctx, "ERR no range of scores");
}

/* zsets.lex KEY MIN MAX FORWARD */
static int by_lex(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    long long forward;
    if (argc != 5) return RedisModule_WrongArity(ctx);
    if (RedisModule_StringToLongLong(argv[4], &forward)) return RedisModule_ReplyWithError(ctx, "ERR a number was expected");
    RedisModuleKey *key = open_key(ctx, argv[1]);
    int err = forward ? RedisModule_ZsetFirstInLexRange(key, argv[2], argv[3]) : RedisModule_ZsetLastInLexRange(key, argv[2], argv[3]);
    if (!err) return reply_range(ctx, key, (int)forward);
    RedisModule_CloseKey(key);
    return RedisModule_ReplyWithError(ctx, "ERR no range of members");
}

/* zsets.add KEY FLAGS SCORE MEMBER and zsets.incrby KEY FLAGS SCORE MEMBER. A score
 * that is no number is passed on as NaN. */
static int put(RedisModuleCtx *ctx, RedisModuleString **argv, int argc, int incr) {
    long long given;
    double score, now = -77;
    if (argc != 5) return RedisModule_WrongArity(ctx);
    if (RedisModule_StringToLongLong(argv[2], &given)) return RedisModule_ReplyWithError(ctx, "ERR a number was expected");
    if (RedisModule_StringToDouble(argv[3], &score)) score = NAN;
    int flags = (int)given;
    RedisModuleKey *key = open_key(ctx, argv[1]);
    int result = incr ? RedisModule_ZsetIncrby(key, score, argv[4], &flags, &now) : RedisModule_ZsetAdd(key, score, argv[4], &flags);
    RedisModule_ReplyWithArray(ctx, 4);
    RedisModule_ReplyWithLongLong(ctx, result);
    RedisModule_ReplyWithLongLong(ctx, flags);
    RedisModule_ReplyWithDouble(ctx, now);
    RedisModule_ReplyWithLongLong(ctx, RedisModule_KeyType(key));
    RedisModule_CloseKey(key);
    return REDISMODULE_OK;
}

static int add(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) { return put(ctx, argv, argc, 0); }
static int incrby(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) { return put(ctx, argv, argc, 1); }

/* zsets.behind KEY COMMAND [ARG ...]: the rest of a walk after a command that
 * changed the key under it. */
static int behind(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc < 3) return RedisModule_WrongArity(ctx);
    RedisModuleKey *key = open_key(ctx, argv[1]);
    if (RedisModule_ZsetFirstInScoreRange(key, -INFINITY, INFINITY, 0, 0)) {
        RedisModule_CloseKey(key);
        return RedisModule_ReplyWithError(ctx, "ERR no range of scores");
    }
    RedisModule_ZsetRangeNext(key);
    RedisModuleCallReply *reply = RedisModule_Call(ctx, RedisModule_StringPtrLen(argv[2], NULL), "v", argv + 3, (size_t)(argc - 3));
    if (reply) RedisModule_FreeCallReply(reply);
    return reply_range(ctx, key, 1);
}

/* zsets.sweep KEY BEFORE BACK: replies and removes every member on the way, before
 * going on from it or after. */
static int sweep(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    long long before, back;
    long n = 0;
    if (argc != 4) return RedisModule_WrongArity(ctx);
    if (RedisModule_StringToLongLong(argv[2], &before) || RedisModule_StringToLongLong(argv[3], &back))
        return RedisModule_ReplyWithError(ctx, "ERR a number was expected");
    RedisModuleKey *key = open_key(ctx, argv[1]);
    RedisModule_ReplyWithArray(ctx, REDISMODULE_POSTPONED_LEN);
    if (back) RedisModule_ZsetLastInScoreRange(key, -INFINITY, INFINITY, 0, 0);
    else RedisModule_ZsetFirstInScoreRange(key, -INFINITY, INFINITY, 0, 0);
    while (!RedisModule_ZsetRangeEndReached(key)) {
        RedisModuleString *member = RedisModule_ZsetRangeCurrentElement(key, NULL);
        if (!member) break;
        if (before) RedisModule_ZsetRem(key, member, NULL);
        if (back) RedisModule_ZsetRangePrev(key); else RedisModule_ZsetRangeNext(key);
        if (!before) RedisModule_ZsetRem(key, member, NULL);
        RedisModule_ReplyWithString(ctx, member);
        RedisModule_FreeString(ctx, member);
        n++;
    }
    RedisModule_ReplySetArrayLength(ctx, n);
    RedisModule_CloseKey(key);
    return REDISMODULE_OK;
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    if (RedisModule_Init(ctx, "zsets", 1, REDISMODULE_APIVER_1) || RedisModule_CreateCommand(ctx, "zsets.score", by_score, "write", 1, 1, 1) ||
        RedisModule_CreateCommand(ctx, "zsets.lex", by_lex, "write", 1, 1, 1) ||
        RedisModule_CreateCommand(ctx, "zsets.add", add, "write", 1, 1, 1) ||
        RedisModule_CreateCommand(ctx, "zsets.incrby", incrby, "write", 1, 1, 1) ||
        RedisModule_CreateCommand(ctx, "zsets.sweep", sweep, "write", 1, 1, 1) ||
        RedisModule_CreateCommand(ctx, "zsets.behind", behind, "write", 1, 1, 1))
        return REDISMODULE_ERR;
    return REDISMODULE_OK;
}
