/* A module that calls commands which wait, and deals with their replies in all
 * the ways that promises have. */
#include "redismodule.h"

#include <pthread.h>
#include <string.h>

/* Under the host lock. */
static RedisModuleCallReply *kept;
static int answered, aborted;

static void answer(RedisModuleCtx *ctx, RedisModuleCallReply *reply, void *data) {
    REDISMODULE_NOT_USED(ctx);
    RedisModuleBlockedClient *bc = data;
    answered++;
    RedisModuleCtx *out = RedisModule_GetThreadSafeContext(bc);
    RedisModule_ReplyWithCallReply(out, reply);
    RedisModule_FreeThreadSafeContext(out);
    RedisModule_FreeCallReply(reply);
    RedisModule_UnblockClient(bc, NULL);
}

/* wait has the client wait for what a call gives later, or answers at once. */
static int wait(RedisModuleCtx *ctx, RedisModuleBlockedClient *bc, RedisModuleCallReply *reply) {
    if (RedisModule_CallReplyType(reply) != REDISMODULE_REPLY_PROMISE) {
        RedisModule_ReplyWithCallReply(ctx, reply);
        RedisModule_FreeCallReply(reply);
        return 0;
    }
    if (bc == NULL) bc = RedisModule_BlockClient(ctx, NULL, NULL, NULL, 0);
    RedisModule_CallReplyPromiseSetUnblockHandler(reply, answer, bc);
    RedisModule_FreeCallReply(reply);
    return 1;
}

/* PROMISES.CALL flags command [arg ...] */
static int call(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc < 3) return RedisModule_WrongArity(ctx);
    char format[16] = "KEv";
    strncat(format, RedisModule_StringPtrLen(argv[1], NULL), 8);
    wait(ctx, NULL, RedisModule_Call(ctx, RedisModule_StringPtrLen(argv[2], NULL), format, argv + 3, (size_t)argc - 3));
    return REDISMODULE_OK;
}

/* PROMISES.AUTO command [arg ...]: with automatic memory, which frees the promise
 * and not the wait. */
static int callAuto(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc < 2) return RedisModule_WrongArity(ctx);
    RedisModule_AutoMemory(ctx);
    RedisModuleCallReply *reply = RedisModule_Call(ctx, RedisModule_StringPtrLen(argv[1], NULL), "KEv", argv + 2, (size_t)argc - 2);
    if (RedisModule_CallReplyType(reply) != REDISMODULE_REPLY_PROMISE) return RedisModule_ReplyWithCallReply(ctx, reply);
    RedisModule_CallReplyPromiseSetUnblockHandler(reply, answer, RedisModule_BlockClient(ctx, NULL, NULL, NULL, 0));
    return REDISMODULE_OK;
}

static void neverCalled(RedisModuleCtx *ctx, RedisModuleCallReply *reply, void *data) {
    REDISMODULE_NOT_USED(ctx);
    REDISMODULE_NOT_USED(reply);
    REDISMODULE_NOT_USED(data);
    answered = -1000;
}

/* PROMISES.KEEP command [arg ...]: replies whether there is a promise now. */
static int keep(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc < 2 || kept != NULL) return RedisModule_ReplyWithError(ctx, "ERR");
    kept = RedisModule_Call(ctx, RedisModule_StringPtrLen(argv[1], NULL), "KEv", argv + 2, (size_t)argc - 2);
    int promise = RedisModule_CallReplyType(kept) == REDISMODULE_REPLY_PROMISE;
    if (promise) RedisModule_CallReplyPromiseSetUnblockHandler(kept, neverCalled, &kept);
    return RedisModule_ReplyWithLongLong(ctx, promise);
}

/* PROMISES.ABORT: aborts what KEEP kept, twice, and frees it. */
static int abortKept(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    void *data = NULL;
    RedisModule_ReplyWithArray(ctx, 3);
    RedisModule_ReplyWithLongLong(ctx, RedisModule_CallReplyPromiseAbort(kept, &data) == REDISMODULE_OK);
    RedisModule_ReplyWithLongLong(ctx, data == &kept);
    RedisModule_ReplyWithLongLong(ctx, RedisModule_CallReplyPromiseAbort(kept, NULL) == REDISMODULE_OK);
    RedisModule_FreeCallReply(kept);
    kept = NULL;
    return REDISMODULE_OK;
}

/* PROMISES.FORGET command [arg ...]: nobody gets the reply. */
static int forget(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc < 2) return RedisModule_WrongArity(ctx);
    RedisModuleCallReply *reply = RedisModule_Call(ctx, RedisModule_StringPtrLen(argv[1], NULL), "KEv", argv + 2, (size_t)argc - 2);
    RedisModule_FreeCallReply(reply);
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

struct job {
    RedisModuleBlockedClient *bc;
    RedisModuleString *key;
};

static void *threadMain(void *arg) {
    struct job *job = arg;
    RedisModuleCtx *ctx = RedisModule_GetThreadSafeContext(job->bc);
    RedisModule_ThreadSafeContextLock(ctx);
    RedisModuleCallReply *reply = RedisModule_Call(ctx, "BLPOP", "KEsc", job->key, "0");
    int waits = wait(ctx, job->bc, reply);
    RedisModule_FreeString(NULL, job->key);
    RedisModule_ThreadSafeContextUnlock(ctx);
    RedisModule_FreeThreadSafeContext(ctx);
    if (!waits) RedisModule_UnblockClient(job->bc, NULL);
    RedisModule_Free(job);
    return NULL;
}

/* PROMISES.THREAD key: BLPOP, called by a thread. */
static int onThread(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 2) return RedisModule_WrongArity(ctx);
    struct job *job = RedisModule_Alloc(sizeof(*job));
    job->key = RedisModule_HoldString(NULL, argv[1]);
    job->bc = RedisModule_BlockClient(ctx, NULL, NULL, NULL, 0);
    pthread_t thread;
    if (pthread_create(&thread, NULL, threadMain, job) != 0) return RedisModule_ReplyWithError(ctx, "ERR no thread");
    pthread_detach(thread);
    return REDISMODULE_OK;
}

static RedisModuleBlockedClient *held;

static void gone(RedisModuleCtx *ctx, RedisModuleBlockedClient *bc) {
    REDISMODULE_NOT_USED(ctx);
    aborted++;
    held = NULL;
    RedisModule_AbortBlock(bc);
}

static int heldReply(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argc);
    return RedisModule_ReplyWithString(ctx, argv[1]);
}

static int heldTimeout(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    held = NULL;
    return RedisModule_ReplyWithError(ctx, "TIMEOUT");
}

/* PROMISES.HOLD text ms: waits until PROMISES.RELEASE. */
static int hold(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    long long ms;
    if (argc != 3 || RedisModule_StringToLongLong(argv[2], &ms) != REDISMODULE_OK) return RedisModule_WrongArity(ctx);
    held = RedisModule_BlockClient(ctx, heldReply, ms ? heldTimeout : NULL, NULL, ms);
    RedisModule_SetDisconnectCallback(held, gone);
    return REDISMODULE_OK;
}

static int release(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    if (held) RedisModule_UnblockClient(held, NULL);
    held = NULL;
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

/* PROMISES.MISUSE: an ordinary reply is no promise. */
static int misuse(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    RedisModuleCallReply *reply = RedisModule_Call(ctx, "PING", "K");
    RedisModule_CallReplyPromiseSetUnblockHandler(reply, neverCalled, NULL);
    int failed = RedisModule_CallReplyPromiseAbort(reply, NULL) == REDISMODULE_ERR;
    RedisModule_FreeCallReply(reply);
    return RedisModule_ReplyWithLongLong(ctx, failed);
}

static int counts(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ReplyWithLongLong(ctx, answered);
    return RedisModule_ReplyWithLongLong(ctx, aborted);
}

static int crash(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(ctx);
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    *(volatile int *)0 = 1;
    return REDISMODULE_OK;
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    if (RedisModule_Init(ctx, "promises", 1, REDISMODULE_APIVER_1) != REDISMODULE_OK) return REDISMODULE_ERR;
    const struct { const char *name; RedisModuleCmdFunc fn; } commands[] = {
        {"promises.call", call}, {"promises.auto", callAuto}, {"promises.keep", keep}, {"promises.abort", abortKept},
        {"promises.forget", forget}, {"promises.thread", onThread}, {"promises.hold", hold},
        {"promises.release", release}, {"promises.misuse", misuse}, {"promises.counts", counts}, {"promises.crash", crash},
    };
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (RedisModule_CreateCommand(ctx, commands[i].name, commands[i].fn, "", 0, 0, 0) != REDISMODULE_OK) return REDISMODULE_ERR;
    return REDISMODULE_OK;
}
