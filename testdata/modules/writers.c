/* A module that writes to keys in ways that a snapshot under way must notice: through
 * keys that it opened before, and in the middle of a command that asks for one. */
#include "redismodule.h"

#include <string.h>

static RedisModuleCtx *held;
static RedisModuleKey *keys[16];
static int count;

/* WRITERS.HOLD key [key ...] opens keys and keeps them open. */
static int holdCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (held == NULL) held = RedisModule_GetDetachedThreadSafeContext(ctx);
    for (int i = 1; i < argc && count < 16; i++) {
        keys[count++] = RedisModule_OpenKey(held, argv[i], REDISMODULE_READ | REDISMODULE_WRITE);
    }
    return RedisModule_ReplyWithLongLong(ctx, count);
}

static int change(RedisModuleKey *key, RedisModuleString *word) {
    size_t len;
    switch (RedisModule_KeyType(key)) {
    case REDISMODULE_KEYTYPE_STRING: {
        char *p = RedisModule_StringDMA(key, &len, REDISMODULE_WRITE);
        if (p == NULL || len == 0) return 0;
        p[0]++;
        return 1;
    }
    case REDISMODULE_KEYTYPE_LIST: return RedisModule_ListPush(key, REDISMODULE_LIST_TAIL, word) == REDISMODULE_OK;
    case REDISMODULE_KEYTYPE_HASH: return RedisModule_HashSet(key, REDISMODULE_HASH_COUNT_ALL, word, word, NULL) == 1;
    case REDISMODULE_KEYTYPE_ZSET: return RedisModule_ZsetAdd(key, 1.5, word, NULL) == REDISMODULE_OK;
    case REDISMODULE_KEYTYPE_STREAM: {
        RedisModuleString *pair[] = {word, word};
        return RedisModule_StreamAdd(key, REDISMODULE_STREAM_ADD_AUTOID, NULL, pair, 1) == REDISMODULE_OK;
    }
    default: return RedisModule_SetExpire(key, 1000000) == REDISMODULE_OK;
    }
}

/* WRITERS.CHANGE word changes what the held keys have, and closes them. It replies how
 * many could be changed. */
static int changeCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 2) return RedisModule_WrongArity(ctx);
    int n = 0;
    for (int i = 0; i < count; i++) {
        n += change(keys[i], argv[1]);
        RedisModule_CloseKey(keys[i]);
    }
    count = 0;
    return RedisModule_ReplyWithLongLong(ctx, n);
}

/* WRITERS.SAVE key command changes a string behind a pointer that it has from before
 * another command. */
static int saveCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 3) return RedisModule_WrongArity(ctx);
    size_t len;
    RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ | REDISMODULE_WRITE);
    char *p = RedisModule_StringDMA(key, &len, REDISMODULE_WRITE);
    memset(p, 'a', len);
    RedisModuleCallReply *r = RedisModule_Call(ctx, RedisModule_StringPtrLen(argv[2], NULL), "");
    memset(p, 'b', len / 2);
    RedisModule_CloseKey(key);
    RedisModule_ReplyWithCallReply(ctx, r);
    RedisModule_FreeCallReply(r);
    return REDISMODULE_OK;
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    if (RedisModule_Init(ctx, "writers", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "writers.hold", holdCommand, "write", 1, -1, 1) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "writers.change", changeCommand, "write", 0, 0, 0) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "writers.save", saveCommand, "write", 1, 1, 1) == REDISMODULE_ERR) {
        return REDISMODULE_ERR;
    }
    return REDISMODULE_OK;
}
