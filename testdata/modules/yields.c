/* A module whose commands take long and let the server work meanwhile: on the loop,
 * called by another command, and on a thread. */
#include "redismodule.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static atomic_int running, stop;

/* work yields until it is told to stop. */
static void work(RedisModuleCtx *ctx, int flags, const char *text) {
    running = 1;
    while (!stop) {
        RedisModule_Yield(ctx, flags, text);
        usleep(500);
    }
    stop = running = 0;
}

/* flagsOf reads the word CLIENTS or NONE. */
static int flagsOf(RedisModuleString *word) {
    return strcmp(RedisModule_StringPtrLen(word, NULL), "CLIENTS") ? REDISMODULE_YIELD_FLAG_NONE : REDISMODULE_YIELD_FLAG_CLIENTS;
}

/* YIELDS.WORK CLIENTS|NONE [text] */
static int cmdWork(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc < 2) return RedisModule_WrongArity(ctx);
    work(ctx, flagsOf(argv[1]), argc > 2 ? RedisModule_StringPtrLen(argv[2], NULL) : NULL);
    return RedisModule_ReplyWithSimpleString(ctx, "done");
}

/* YIELDS.CALL command [arg ...] */
static int cmdCall(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc < 2) return RedisModule_WrongArity(ctx);
    RedisModuleCallReply *r = RedisModule_Call(ctx, RedisModule_StringPtrLen(argv[1], NULL), "Ev", argv + 2, (size_t)argc - 2);
    RedisModule_ReplyWithCallReply(ctx, r);
    RedisModule_FreeCallReply(r);
    return REDISMODULE_OK;
}

static void *threadMain(void *arg) {
    RedisModuleBlockedClient *bc = arg;
    RedisModuleCtx *ctx = RedisModule_GetThreadSafeContext(bc);
    RedisModule_ThreadSafeContextLock(ctx);
    work(ctx, REDISMODULE_YIELD_FLAG_CLIENTS, "a thread works");
    RedisModule_ThreadSafeContextUnlock(ctx);
    RedisModule_ReplyWithSimpleString(ctx, "done");
    RedisModule_FreeThreadSafeContext(ctx);
    RedisModule_UnblockClient(bc, NULL);
    return NULL;
}

static int cmdThread(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    pthread_t thread;
    RedisModuleBlockedClient *bc = RedisModule_BlockClient(ctx, NULL, NULL, NULL, 0);
    if (pthread_create(&thread, NULL, threadMain, bc) != 0) RedisModule_AbortBlock(bc);
    else pthread_detach(thread);
    return REDISMODULE_OK;
}

/* YIELDS.STOP, which may run while another works */
static int cmdStop(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    stop = 1;
    return RedisModule_ReplyWithLongLong(ctx, running);
}

static void *stopMain(void *unused) {
    REDISMODULE_NOT_USED(unused);
    while (!running) usleep(500);
    usleep(100 * 1000);
    stop = 1;
    return NULL;
}

/* YIELDS.STOPLATER: a thread stops the next work when it has gone on for a while. */
static int cmdStopLater(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    pthread_t thread;
    if (pthread_create(&thread, NULL, stopMain, NULL) != 0) return RedisModule_ReplyWithError(ctx, "ERR no thread");
    pthread_detach(thread);
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    if (RedisModule_Init(ctx, "yields", 1, REDISMODULE_APIVER_1) != REDISMODULE_OK) return REDISMODULE_ERR;
    if (RedisModule_CreateCommand(ctx, "yields.work", cmdWork, "", 0, 0, 0) != REDISMODULE_OK ||
        RedisModule_CreateCommand(ctx, "yields.call", cmdCall, "", 0, 0, 0) != REDISMODULE_OK ||
        RedisModule_CreateCommand(ctx, "yields.thread", cmdThread, "", 0, 0, 0) != REDISMODULE_OK ||
        RedisModule_CreateCommand(ctx, "yields.stoplater", cmdStopLater, "", 0, 0, 0) != REDISMODULE_OK ||
        RedisModule_CreateCommand(ctx, "yields.stop", cmdStop, "allow-busy", 0, 0, 0) != REDISMODULE_OK)
        return REDISMODULE_ERR;
    return REDISMODULE_OK;
}
