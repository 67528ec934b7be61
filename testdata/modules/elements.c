/* A module whose commands hand on HashSet, HashGet and ScanKey, with every flag,
 * and reply what the function said and left in errno. */
#include "redismodule.h"

#include <errno.h>
#include <string.h>

#define CMD(fn) static int fn(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)

static const char *text(RedisModuleString *s) { return RedisModule_StringPtrLen(s, NULL); }

static long long number(RedisModuleString *s) {
    long long n = 0;
    RedisModule_StringToLongLong(s, &n);
    return n;
}

/* The numbers of errno differ between systems. */
static const char *errnoName(void) {
    switch (errno) {
    case 0: return "0";
    case EINVAL: return "EINVAL";
    case EBADF: return "EBADF";
    case ENOTSUP: return "ENOTSUP";
    case ENOENT: return "ENOENT";
    }
    return "other";
}

static int reply(RedisModuleCtx *ctx, long long n) {
    const char *name = errnoName();
    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ReplyWithLongLong(ctx, n);
    return RedisModule_ReplyWithSimpleString(ctx, name);
}

static RedisModuleString *value(RedisModuleString *s) {
    return strcmp(text(s), "DELETE") ? s : REDISMODULE_HASH_DELETE;
}

/* EL.SET key r|w flags field value field value */
CMD(elSet) {
    if (argc != 8) return RedisModule_WrongArity(ctx);
    int mode = REDISMODULE_READ | (text(argv[2])[0] == 'w' ? REDISMODULE_WRITE : 0), flags = number(argv[3]), n;
    RedisModuleKey *k = RedisModule_OpenKey(ctx, argv[1], mode);
    RedisModuleString *a = value(argv[5]), *b = value(argv[7]);
    errno = 0;
    if (flags & REDISMODULE_HASH_CFIELDS)
        n = RedisModule_HashSet(k, flags, text(argv[4]), a, text(argv[6]), b, NULL);
    else
        n = RedisModule_HashSet(k, flags, argv[4], a, argv[6], b, NULL);
    reply(ctx, n);
    RedisModule_CloseKey(k);
    return REDISMODULE_OK;
}

static void maybe(RedisModuleCtx *ctx, RedisModuleString *s) {
    if (s)
        RedisModule_ReplyWithString(ctx, s);
    else
        RedisModule_ReplyWithNull(ctx);
}

/* EL.GET key flags field field: status, then values or whether they are there */
CMD(elGet) {
    if (argc != 5) return RedisModule_WrongArity(ctx);
    RedisModule_AutoMemory(ctx);
    RedisModuleKey *k = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ | REDISMODULE_WRITE);
    RedisModuleString *a = NULL, *b = NULL;
    int flags = number(argv[2]), hasA = -1, hasB = -1, r;
    int c = flags & REDISMODULE_HASH_CFIELDS, exists = flags & REDISMODULE_HASH_EXISTS;
    void *fieldA = c ? (void *)text(argv[3]) : argv[3], *fieldB = c ? (void *)text(argv[4]) : argv[4];
    if (exists)
        r = RedisModule_HashGet(k, flags, fieldA, &hasA, fieldB, &hasB, NULL);
    else
        r = RedisModule_HashGet(k, flags, fieldA, &a, fieldB, &b, NULL);
    RedisModule_ReplyWithArray(ctx, 3);
    RedisModule_ReplyWithLongLong(ctx, r);
    if (exists) {
        RedisModule_ReplyWithLongLong(ctx, hasA);
        RedisModule_ReplyWithLongLong(ctx, hasB);
    } else {
        maybe(ctx, a);
        maybe(ctx, b);
    }
    return REDISMODULE_OK;
}

static void element(RedisModuleKey *k, RedisModuleString *name, RedisModuleString *val, void *data) {
    REDISMODULE_NOT_USED(k);
    void **d = data;
    RedisModuleCtx *ctx = d[0];
    RedisModule_ReplyWithString(ctx, name);
    maybe(ctx, val);
    ++*(long *)d[1];
}

/* EL.SCAN key: all elements, each with its value, then errno, and what a
 * call after the end says */
CMD(elScan) {
    if (argc != 2) return RedisModule_WrongArity(ctx);
    RedisModuleKey *k = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ);
    RedisModuleScanCursor *cur = RedisModule_ScanCursorCreate();
    long n = 0;
    void *data[] = {ctx, &n};
    RedisModule_ReplyWithArray(ctx, REDISMODULE_POSTPONED_LEN);
    errno = 0;
    while (RedisModule_ScanKey(k, cur, element, data))
        ;
    const char *first = errnoName();
    errno = 0;
    int again = RedisModule_ScanKey(k, cur, element, data);
    const char *second = errnoName();
    RedisModule_ReplyWithSimpleString(ctx, first);
    RedisModule_ReplyWithLongLong(ctx, again);
    RedisModule_ReplyWithSimpleString(ctx, second);
    RedisModule_ReplySetArrayLength(ctx, 2 * n + 3);
    RedisModule_ScanCursorDestroy(cur);
    if (k) RedisModule_CloseKey(k);
    return REDISMODULE_OK;
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    if (RedisModule_Init(ctx, "elements", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR) return REDISMODULE_ERR;
    if (RedisModule_CreateCommand(ctx, "el.set", elSet, "write", 1, 1, 1) == REDISMODULE_ERR) return REDISMODULE_ERR;
    if (RedisModule_CreateCommand(ctx, "el.get", elGet, "readonly", 1, 1, 1) == REDISMODULE_ERR) return REDISMODULE_ERR;
    return RedisModule_CreateCommand(ctx, "el.scan", elScan, "readonly", 1, 1, 1);
}
