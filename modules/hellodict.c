/* An ordered dictionary of the module's own, beside the keyspace. */
#include "redismodule.h"

static RedisModuleDict *keyspace;

/* HELLODICT.SET key value. */
static int set(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    RedisModuleString *old = NULL;
    if (argc != 3) return RedisModule_WrongArity(ctx);
    RedisModule_DictDel(keyspace, argv[1], &old);
    if (old != NULL) RedisModule_FreeString(NULL, old);
    RedisModule_DictSet(keyspace, argv[1], argv[2]);
    RedisModule_RetainString(NULL, argv[2]);
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

/* HELLODICT.GET key. */
static int get(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 2) return RedisModule_WrongArity(ctx);
    RedisModuleString *value = RedisModule_DictGet(keyspace, argv[1], NULL);
    return value == NULL ? RedisModule_ReplyWithNull(ctx) : RedisModule_ReplyWithString(ctx, value);
}

/* HELLODICT.KEYRANGE from to count: keys in order, both ends included. */
static int keyrange(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    long long count;
    if (argc != 4) return RedisModule_WrongArity(ctx);
    if (RedisModule_StringToLongLong(argv[3], &count) != REDISMODULE_OK || count < 0)
        return RedisModule_ReplyWithError(ctx, "ERR invalid count");
    RedisModuleDictIter *it = RedisModule_DictIteratorStart(keyspace, ">=", argv[1]);
    RedisModule_ReplyWithArray(ctx, REDISMODULE_POSTPONED_LEN);
    long n = 0;
    char *key;
    size_t len;
    while (n < count && (key = RedisModule_DictNextC(it, &len, NULL)) != NULL) {
        if (RedisModule_DictCompare(it, "<=", argv[2]) == REDISMODULE_ERR) break;
        RedisModule_ReplyWithStringBuffer(ctx, key, len);
        n++;
    }
    RedisModule_ReplySetArrayLength(ctx, n);
    RedisModule_DictIteratorStop(it);
    return REDISMODULE_OK;
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    if (RedisModule_Init(ctx, "hellodict", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR) return REDISMODULE_ERR;
    if (RedisModule_CreateCommand(ctx, "hellodict.set", set, "write deny-oom", 1, 1, 0) == REDISMODULE_ERR) return REDISMODULE_ERR;
    if (RedisModule_CreateCommand(ctx, "hellodict.get", get, "readonly", 1, 1, 0) == REDISMODULE_ERR) return REDISMODULE_ERR;
    if (RedisModule_CreateCommand(ctx, "hellodict.keyrange", keyrange, "readonly", 1, 1, 0) == REDISMODULE_ERR) return REDISMODULE_ERR;
    keyspace = RedisModule_CreateDict(NULL);
    return REDISMODULE_OK;
}
