/* A module that scripts call, and that calls scripts. */
#include "redismodule.h"

#include <pthread.h>

/* SCRIPTS.CALL flags command [arg ...] calls a command and replies what it does. */
static int callCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc < 3) return RedisModule_WrongArity(ctx);
    char format[32];
    size_t len, n = 0;
    const char *flags = RedisModule_StringPtrLen(argv[1], &len);
    format[n++] = 'v';
    format[n++] = 'E';
    for (size_t i = 0; i < len && n < sizeof(format) - 1; i++) {
        if (flags[i] != '-') format[n++] = flags[i];
    }
    format[n] = '\0';
    const char *command = RedisModule_StringPtrLen(argv[2], NULL);
    RedisModuleCallReply *r = RedisModule_Call(ctx, command, format, argv + 3, (size_t)argc - 3);
    if (r == NULL) return RedisModule_ReplyWithError(ctx, "ERR no reply");
    RedisModule_ReplyWithCallReply(ctx, r);
    RedisModule_FreeCallReply(r);
    return REDISMODULE_OK;
}

/* SCRIPTS.INSIDE tells whether a script is running. */
static int insideCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    return RedisModule_ReplyWithBool(ctx, (RedisModule_GetContextFlags(ctx) & REDISMODULE_CTX_FLAGS_LUA) != 0);
}

static int timeOut(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    return RedisModule_ReplyWithSimpleString(ctx, "late");
}

/* SCRIPTS.WAIT waits ten milliseconds. */
static int waitCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    RedisModuleBlockedClient *b = RedisModule_BlockClient(ctx, NULL, timeOut, NULL, 10);
    if (b != NULL && (RedisModule_GetContextFlags(ctx) & (REDISMODULE_CTX_FLAGS_LUA | REDISMODULE_CTX_FLAGS_MULTI))) {
        RedisModule_AbortBlock(b);
    }
    return REDISMODULE_OK;
}

/* SCRIPTS.COUNT key adds one and replicates itself, not what it called. */
static int countCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 2) return RedisModule_WrongArity(ctx);
    RedisModuleCallReply *r = RedisModule_Call(ctx, "INCR", "s", argv[1]);
    RedisModule_ReplicateVerbatim(ctx);
    RedisModule_ReplyWithCallReply(ctx, r);
    RedisModule_FreeCallReply(r);
    return REDISMODULE_OK;
}

typedef struct {
    RedisModuleBlockedClient *client;
    RedisModuleString *code;
} job;

static void *work(void *arg) {
    job *j = arg;
    RedisModuleCtx *ctx = RedisModule_GetThreadSafeContext(j->client);
    RedisModule_ThreadSafeContextLock(ctx);
    RedisModuleCallReply *r = RedisModule_Call(ctx, "EVAL", "scE", j->code, "0");
    RedisModule_ReplyWithCallReply(ctx, r);
    RedisModule_FreeCallReply(r);
    RedisModule_FreeString(ctx, j->code);
    RedisModule_ThreadSafeContextUnlock(ctx);
    RedisModule_FreeThreadSafeContext(ctx);
    RedisModule_UnblockClient(j->client, NULL);
    RedisModule_Free(j);
    return NULL;
}

/* SCRIPTS.THREAD script runs a script on a thread. */
static int threadCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 2) return RedisModule_WrongArity(ctx);
    job *j = RedisModule_Alloc(sizeof(*j));
    j->code = RedisModule_HoldString(NULL, argv[1]);
    j->client = RedisModule_BlockClient(ctx, NULL, NULL, NULL, 0);
    pthread_t thread;
    if (pthread_create(&thread, NULL, work, j) != 0) {
        RedisModule_AbortBlock(j->client);
        return RedisModule_ReplyWithError(ctx, "ERR no thread");
    }
    pthread_detach(thread);
    return REDISMODULE_OK;
}

/* What a set key causes: a script that counts it, in the same piece of work. */
static int heard(RedisModuleCtx *ctx, int type, const char *event, RedisModuleString *key) {
    REDISMODULE_NOT_USED(type);
    REDISMODULE_NOT_USED(event);
    size_t len;
    const char *name = RedisModule_StringPtrLen(key, &len);
    if (len < 6 || name[0] != 'h' || name[1] != 'e' || name[2] != 'a') return REDISMODULE_OK;
    RedisModuleCallReply *r = RedisModule_Call(ctx, "EVAL", "!ccs", "return redis.call('INCR', KEYS[1] .. ':count')", "1", key);
    if (r != NULL) RedisModule_FreeCallReply(r);
    return REDISMODULE_OK;
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    if (RedisModule_Init(ctx, "scripts", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "scripts.call", callCommand, "", 0, 0, 0) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "scripts.inside", insideCommand, "", 0, 0, 0) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "scripts.wait", waitCommand, "", 0, 0, 0) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "scripts.thread", threadCommand, "", 0, 0, 0) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "scripts.count", countCommand, "write", 1, 1, 1) == REDISMODULE_ERR ||
        RedisModule_SubscribeToKeyspaceEvents(ctx, REDISMODULE_NOTIFY_STRING, heard) == REDISMODULE_ERR) {
        return REDISMODULE_ERR;
    }
    return REDISMODULE_OK;
}
