/* Blocking a client without blocking the server: a thread works, the client
 * waits, and everybody else is served. */
#include "redismodule.h"

#include <pthread.h>
#include <unistd.h>

struct job {
    RedisModuleBlockedClient *client;
    long long delay; /* seconds */

};

static int reply(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    int *result = RedisModule_GetBlockedClientPrivateData(ctx);
    return RedisModule_ReplyWithLongLong(ctx, *result);
}

static int timedOut(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    return RedisModule_ReplyWithSimpleString(ctx, "Request timedout");
}

static void freeResult(RedisModuleCtx *ctx, void *result) {
    REDISMODULE_NOT_USED(ctx);
    RedisModule_Free(result);
}

static void *work(void *arg) {
    struct job *job = arg;
    int *result = RedisModule_Alloc(sizeof(int));
    sleep((unsigned)job->delay);
    *result = (int)job->delay;
    RedisModule_UnblockClient(job->client, result);
    RedisModule_Free(job);
    return NULL;
}

static int start(RedisModuleBlockedClient *client, void *(*run)(void *), long long delay) {
    pthread_t thread;
    struct job *job = RedisModule_Alloc(sizeof(*job));
    job->client = client;
    job->delay = delay;
    if (pthread_create(&thread, NULL, run, job) != 0) {
        RedisModule_Free(job);
        return REDISMODULE_ERR;
    }
    pthread_detach(thread);
    return REDISMODULE_OK;
}

/* HELLO.BLOCK seconds timeout: replies the seconds once a thread has slept them,
 * or says that the timeout, in seconds as well, came first. */
static int block(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    long long delay, timeout;
    if (argc != 3) return RedisModule_WrongArity(ctx);
    if (RedisModule_StringToLongLong(argv[1], &delay) != REDISMODULE_OK || delay < 0)
        return RedisModule_ReplyWithError(ctx, "ERR invalid count");
    if (RedisModule_StringToLongLong(argv[2], &timeout) != REDISMODULE_OK || timeout < 0)
        return RedisModule_ReplyWithError(ctx, "ERR invalid timeout");
    RedisModuleBlockedClient *client = RedisModule_BlockClient(ctx, reply, timedOut, freeResult, timeout * 1000);
    if (start(client, work, delay) != REDISMODULE_OK) {
        RedisModule_AbortBlock(client);
        return RedisModule_ReplyWithError(ctx, "ERR the thread could not be started");
    }
    return REDISMODULE_OK;
}

/* The thread of HELLO.KEYS takes the lock for one SCAN at a time, and writes the
 * reply without it. */
static void *scanKeys(void *arg) {
    struct job *job = arg;
    RedisModuleCtx *ctx = RedisModule_GetThreadSafeContext(job->client);
    long long cursor = 0;
    size_t n = 0;
    RedisModule_ReplyWithArray(ctx, REDISMODULE_POSTPONED_LEN);
    do {
        RedisModule_ThreadSafeContextLock(ctx);
        RedisModuleCallReply *scan = RedisModule_Call(ctx, "SCAN", "l", cursor);
        RedisModule_ThreadSafeContextUnlock(ctx);
        RedisModuleCallReply *next = RedisModule_CallReplyArrayElement(scan, 0);
        RedisModuleCallReply *keys = RedisModule_CallReplyArrayElement(scan, 1);
        RedisModuleString *s = RedisModule_CreateStringFromCallReply(next);
        RedisModule_StringToLongLong(s, &cursor);
        RedisModule_FreeString(NULL, s);
        for (size_t i = 0; i < RedisModule_CallReplyLength(keys); i++, n++)
            RedisModule_ReplyWithCallReply(ctx, RedisModule_CallReplyArrayElement(keys, i));
        RedisModule_FreeCallReply(scan);
    } while (cursor != 0);
    RedisModule_ReplySetArrayLength(ctx, (long)n);
    RedisModule_FreeThreadSafeContext(ctx);
    RedisModule_UnblockClient(job->client, NULL);
    RedisModule_Free(job);
    return NULL;
}

/* HELLO.KEYS: all keys, gathered by a thread. */
static int helloKeys(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    if (argc != 1) return RedisModule_WrongArity(ctx);
    RedisModuleBlockedClient *client = RedisModule_BlockClient(ctx, NULL, NULL, NULL, 0);
    if (start(client, scanKeys, 0) != REDISMODULE_OK) {
        RedisModule_AbortBlock(client);
        return RedisModule_ReplyWithError(ctx, "ERR the thread could not be started");
    }
    return REDISMODULE_OK;
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    if (RedisModule_Init(ctx, "helloblock", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR) return REDISMODULE_ERR;
    if (RedisModule_CreateCommand(ctx, "hello.block", block, "", 0, 0, 0) == REDISMODULE_ERR) return REDISMODULE_ERR;
    return RedisModule_CreateCommand(ctx, "hello.keys", helloKeys, "", 0, 0, 0);
}
