/* A module whose clients wait for lists of some length.
 *
 *   WAITS.POP n ms key [key ...]      pops n elements of the first key that is ready and has as many; MS is the limit, 0 for none
 *   WAITS.STUBBORN n key [key ...]    the same without a limit and without anything to reply when somebody unblocks it
 *   WAITS.LOST n ms key [key ...]     the same as POP, but replies also when a key goes (Redis 7.2)
 *   WAITS.SIGNAL key                  says that a key is ready
 *   WAITS.TIMER ms key                the same from a timer
 *   WAITS.THREAD key element          pushes an element from a thread
 *   WAITS.END                         unblocks the newest wait, as if its time were over
 *   WAITS.ABORT                       aborts it
 *   WAITS.LOG                         what callbacks ran since the last time, with what they saw */

#include "redismodule.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* What a client waits for. */
struct want {
    long long n;
    int lost;
    long long serial;
};

static char notes[64][100];
static int nnotes;
static long long serials;
static RedisModuleBlockedClient *newest;

static void note(RedisModuleCtx *ctx, const char *what, struct want *w) {
    if (nnotes == 64) return;
    snprintf(notes[nnotes++], sizeof notes[0], "%s %lld%s%s%s", what, w == NULL ? -1 : w->serial,
             RedisModule_IsBlockedReplyRequest(ctx) ? " reply" : "", RedisModule_IsBlockedTimeoutRequest(ctx) ? " timeout" : "",
             RedisModule_BlockedClientDisconnected(ctx) ? " disconnected" : "");
}

static void freeWant(RedisModuleCtx *ctx, void *data) {
    note(ctx, "free", data);
    RedisModule_Free(data);
}

static void onDisconnect(RedisModuleCtx *ctx, RedisModuleBlockedClient *client) {
    REDISMODULE_NOT_USED(client);
    note(ctx, "disconnect", RedisModule_GetBlockedClientPrivateData(ctx));
}

/* pop replies n elements of a list, if it has as many. */
static int pop(RedisModuleCtx *ctx, RedisModuleString *name, long long n) {
    RedisModuleKey *key = RedisModule_OpenKey(ctx, name, REDISMODULE_READ | REDISMODULE_WRITE);
    if (RedisModule_KeyType(key) != REDISMODULE_KEYTYPE_LIST || RedisModule_ValueLength(key) < (size_t)n) {
        RedisModule_CloseKey(key);
        return REDISMODULE_ERR;
    }
    RedisModule_ReplyWithArray(ctx, (long)n + 1);
    RedisModule_ReplyWithString(ctx, name);
    while (n-- > 0) {
        RedisModuleString *s = RedisModule_ListPop(key, REDISMODULE_LIST_HEAD);
        RedisModule_ReplyWithString(ctx, s);
        RedisModule_FreeString(ctx, s);
    }
    RedisModule_CloseKey(key);
    return REDISMODULE_OK;
}

static int onReady(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    struct want *w = RedisModule_GetBlockedClientPrivateData(ctx);
    RedisModuleString *name = RedisModule_GetBlockedClientReadyKey(ctx);
    note(ctx, RedisModule_StringPtrLen(name, NULL), w);
    if (pop(ctx, name, w->n) == REDISMODULE_OK) return REDISMODULE_OK;
    RedisModuleKey *key = RedisModule_OpenKey(ctx, name, REDISMODULE_READ);
    int type = RedisModule_KeyType(key);
    RedisModule_CloseKey(key);
    if (w->lost && type != REDISMODULE_KEYTYPE_LIST) return RedisModule_ReplyWithError(ctx, "LOST it is no list any more");
    return REDISMODULE_ERR;
}

static int onTimeout(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argc);
    note(ctx, RedisModule_GetBlockedClientReadyKey(ctx) == NULL ? "over" : "with a key", RedisModule_GetBlockedClientPrivateData(ctx));
    return RedisModule_ReplyWithString(ctx, argv[0]);
}

static int wait(RedisModuleCtx *ctx, RedisModuleString **argv, int argc, int first, int lost, int stubborn) {
    long long n, ms = 0;
    if (argc <= first) return RedisModule_WrongArity(ctx);
    if (RedisModule_StringToLongLong(argv[1], &n) != REDISMODULE_OK || n < 1 ||
        (first == 3 && RedisModule_StringToLongLong(argv[2], &ms) != REDISMODULE_OK))
        return RedisModule_ReplyWithError(ctx, "ERR not a number");
    for (int i = first; i < argc; i++)
        if (pop(ctx, argv[i], n) == REDISMODULE_OK) return REDISMODULE_OK;
    struct want *w = RedisModule_Alloc(sizeof *w);
    w->n = n;
    w->lost = lost;
    w->serial = ++serials;
    if (lost)
        newest = RedisModule_BlockClientOnKeysWithFlags(ctx, onReady, onTimeout, freeWant, ms, argv + first, argc - first, w,
                                                        REDISMODULE_BLOCK_UNBLOCK_DELETED);
    else
        newest = RedisModule_BlockClientOnKeys(ctx, onReady, stubborn ? NULL : onTimeout, freeWant, ms, argv + first, argc - first, w);
    RedisModule_SetDisconnectCallback(newest, onDisconnect);
    return REDISMODULE_OK;
}

static int popCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) { return wait(ctx, argv, argc, 3, 0, 0); }

static int stubbornCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) { return wait(ctx, argv, argc, 2, 0, 1); }

static int lostCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) { return wait(ctx, argv, argc, 3, 1, 0); }

static int signalCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 2) return RedisModule_WrongArity(ctx);
    RedisModule_SignalKeyAsReady(ctx, argv[1]);
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

static void onTimer(RedisModuleCtx *ctx, void *data) {
    RedisModule_SignalKeyAsReady(ctx, data);
    RedisModule_FreeString(ctx, data);
}

static int timerCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    long long ms;
    if (argc != 3) return RedisModule_WrongArity(ctx);
    if (RedisModule_StringToLongLong(argv[1], &ms) != REDISMODULE_OK) return RedisModule_ReplyWithError(ctx, "ERR not a number");
    RedisModule_RetainString(ctx, argv[2]);
    RedisModule_CreateTimer(ctx, ms, onTimer, argv[2]);
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

struct push {
    RedisModuleCtx *ctx;
    RedisModuleString *key, *element;
};

static void *pushing(void *arg) {
    struct push *p = arg;
    RedisModule_ThreadSafeContextLock(p->ctx);
    RedisModuleCallReply *r = RedisModule_Call(p->ctx, "RPUSH", "ss", p->key, p->element);
    if (r != NULL) RedisModule_FreeCallReply(r);
    RedisModule_FreeString(p->ctx, p->key);
    RedisModule_FreeString(p->ctx, p->element);
    RedisModule_ThreadSafeContextUnlock(p->ctx);
    RedisModule_FreeThreadSafeContext(p->ctx);
    RedisModule_Free(p);
    return NULL;
}

static int threadCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    pthread_t thread;
    if (argc != 3) return RedisModule_WrongArity(ctx);
    struct push *p = RedisModule_Alloc(sizeof *p);
    p->ctx = RedisModule_GetDetachedThreadSafeContext(ctx);
    p->key = argv[1];
    p->element = argv[2];
    RedisModule_RetainString(ctx, p->key);
    RedisModule_RetainString(ctx, p->element);
    if (pthread_create(&thread, NULL, pushing, p) != 0) return RedisModule_ReplyWithError(ctx, "ERR no thread");
    pthread_detach(thread);
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

static int status(RedisModuleCtx *ctx, int s) {
    newest = NULL;
    return RedisModule_ReplyWithSimpleString(ctx, s == REDISMODULE_OK ? "OK" : "ERR");
}

static int endCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    if (newest == NULL) return RedisModule_ReplyWithNull(ctx);
    return status(ctx, RedisModule_UnblockClient(newest, (void *)1));
}

static int abortCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    if (newest == NULL) return RedisModule_ReplyWithNull(ctx);
    return status(ctx, RedisModule_AbortBlock(newest));
}

static int logCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    RedisModule_ReplyWithArray(ctx, nnotes);
    for (int i = 0; i < nnotes; i++) RedisModule_ReplyWithCString(ctx, notes[i]);
    nnotes = 0;
    return REDISMODULE_OK;
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    if (RedisModule_Init(ctx, "waits", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "waits.pop", popCommand, "write", 3, -1, 1) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "waits.stubborn", stubbornCommand, "write", 2, -1, 1) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "waits.signal", signalCommand, "", 1, 1, 1) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "waits.timer", timerCommand, "", 2, 2, 1) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "waits.thread", threadCommand, "write", 1, 1, 1) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "waits.end", endCommand, "", 0, 0, 0) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "waits.abort", abortCommand, "", 0, 0, 0) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "waits.log", logCommand, "", 0, 0, 0) == REDISMODULE_ERR)
        return REDISMODULE_ERR;
    if (RedisModule_BlockClientOnKeysWithFlags == NULL) return REDISMODULE_OK;
    return RedisModule_CreateCommand(ctx, "waits.lost", lostCommand, "write", 3, -1, 1);
}
