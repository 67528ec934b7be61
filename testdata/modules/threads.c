/* A module whose threads do all that threads may: answer, work under the lock,
 * call commands, give up, look whether the client is still there. It goes only
 * when the last thread has ended, and its counters must add up then. */
#include "redismodule.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct job {
    RedisModuleBlockedClient *client;
    RedisModuleCtx *ctx;
    pthread_t thread;
    long long ms;
    struct job *next;
};

/* All jobs since the module came; under the host lock. */
static struct job *jobs;
static atomic_int given, freed, disconnected;

static int reply(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    const char *data = RedisModule_GetBlockedClientPrivateData(ctx);
    return RedisModule_ReplyWithCString(ctx, data);
}

static int timedOut(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    return RedisModule_ReplyWithSimpleString(ctx, "TIMEOUT");
}

static void freeData(RedisModuleCtx *ctx, void *data) {
    REDISMODULE_NOT_USED(ctx);
    freed++;
    RedisModule_Free(data);
}

static void onDisconnect(RedisModuleCtx *ctx, RedisModuleBlockedClient *client) {
    REDISMODULE_NOT_USED(ctx);
    REDISMODULE_NOT_USED(client);
    disconnected++;
}

static void *work(void *arg) {
    struct job *job = arg;
    usleep((useconds_t)job->ms * 1000);
    RedisModule_ThreadSafeContextLock(job->ctx);
    RedisModuleCallReply *r = RedisModule_Call(job->ctx, "INCR", "c", "threads:counter");
    if (r != NULL) RedisModule_FreeCallReply(r);
    RedisModule_ThreadSafeContextUnlock(job->ctx);
    RedisModule_FreeThreadSafeContext(job->ctx);
    given++;
    RedisModule_UnblockClient(job->client, RedisModule_Strdup("done"));
    return NULL;
}

/* The thread writes the reply itself; it takes the lock when it is free only, and
 * leaves the closing of keys to the end of its context. */
static void *write3(void *arg) {
    struct job *job = arg;
    RedisModule_AutoMemory(job->ctx);
    RedisModule_ReplyWithArray(job->ctx, REDISMODULE_POSTPONED_LEN);
    for (int i = 0; i < 3; i++) {
        if (RedisModule_ThreadSafeContextTryLock(job->ctx) == REDISMODULE_OK) {
            RedisModuleString *s = RedisModule_CreateStringPrintf(job->ctx, "%d", i);
            RedisModule_OpenKey(job->ctx, s, REDISMODULE_READ | REDISMODULE_WRITE);
            RedisModule_FreeString(job->ctx, s);
            RedisModule_ThreadSafeContextUnlock(job->ctx);
        }
        usleep((useconds_t)job->ms * 300);
        RedisModule_ReplyWithLongLong(job->ctx, i);
    }
    RedisModule_ReplySetArrayLength(job->ctx, 3);
    RedisModule_FreeThreadSafeContext(job->ctx);
    RedisModule_UnblockClient(job->client, NULL);
    return NULL;
}

static int begin(RedisModuleCtx *ctx, RedisModuleString **argv, int argc, int write) {
    long long ms, timeout;
    if (argc != 3) return RedisModule_WrongArity(ctx);
    if (RedisModule_StringToLongLong(argv[1], &ms) != REDISMODULE_OK || ms < 0 ||
        RedisModule_StringToLongLong(argv[2], &timeout) != REDISMODULE_OK || timeout < 0)
        return RedisModule_ReplyWithError(ctx, "ERR not a number");
    struct job *job = RedisModule_Calloc(1, sizeof(*job));
    job->ms = ms;
    job->client = RedisModule_BlockClient(ctx, write ? NULL : reply, timedOut, freeData, timeout);
    RedisModule_SetDisconnectCallback(job->client, onDisconnect);
    job->ctx = RedisModule_GetThreadSafeContext(job->client);
    if (pthread_create(&job->thread, NULL, write ? write3 : work, job) != 0) {
        RedisModule_FreeThreadSafeContext(job->ctx);
        RedisModule_AbortBlock(job->client);
        RedisModule_Free(job);
        return RedisModule_ReplyWithError(ctx, "ERR no thread");
    }
    job->next = jobs;
    jobs = job;
    return REDISMODULE_OK;
}

/* THREADS.WORK ms timeout: done, or TIMEOUT. */
static int workCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) { return begin(ctx, argv, argc, 0); }

/* THREADS.WRITE ms timeout: 0 1 2, or TIMEOUT. */
static int writeCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) { return begin(ctx, argv, argc, 1); }

/* THREADS.ABORT: blocks and thinks better of it. */
static int abortCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    RedisModuleBlockedClient *client = RedisModule_BlockClient(ctx, reply, timedOut, freeData, 0);
    RedisModule_AbortBlock(client);
    return RedisModule_ReplyWithSimpleString(ctx, "aborted");
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    if (RedisModule_Init(ctx, "threads", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR) return REDISMODULE_ERR;
    if (RedisModule_CreateCommand(ctx, "threads.work", workCommand, "", 0, 0, 0) == REDISMODULE_ERR) return REDISMODULE_ERR;
    if (RedisModule_CreateCommand(ctx, "threads.write", writeCommand, "", 0, 0, 0) == REDISMODULE_ERR) return REDISMODULE_ERR;
    return RedisModule_CreateCommand(ctx, "threads.abort", abortCommand, "", 0, 0, 0);
}

/* No client waits any more, so no thread wants the lock: all are at their end. */
int RedisModule_OnUnload(RedisModuleCtx *ctx) {
    while (jobs != NULL) {
        struct job *job = jobs;
        jobs = job->next;
        pthread_join(job->thread, NULL);
        RedisModule_Free(job);
    }
    RedisModule_Log(ctx, given == freed ? "notice" : "warning", "threads: %d answers given, %d freed, %d clients gone",
                    given, freed, disconnected);
    return REDISMODULE_OK;
}
