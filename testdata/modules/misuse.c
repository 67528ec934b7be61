/* A module that uses the interface wrongly, each time in another way: MISUSE
 * name replies 1 when the call failed as the interface says it does. Uses in
 * callbacks and threads reply 0 at once, and MISUSE.LAST tells later whether the
 * call failed: -1 until then. */
#include "redismodule.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static atomic_int last = -1;
static RedisModuleCtx *oldCtx;
static RedisModuleString *oldString;

static void noFilter(RedisModuleCommandFilterCtx *filter) { REDISMODULE_NOT_USED(filter); }

static RedisModuleString *text(const char *s) { return RedisModule_CreateString(NULL, s, strlen(s)); }

static int freedString(RedisModuleCtx *ctx) {
    RedisModuleString *s = text("some text that does not fit into a small cell");
    size_t len = 1;
    REDISMODULE_NOT_USED(ctx);
    RedisModule_FreeString(NULL, s);
    const char *p = RedisModule_StringPtrLen(s, &len);
    return p == NULL || *p == '\0';
}

static int freedTwice(RedisModuleCtx *ctx) {
    RedisModuleString *s = text("text");
    REDISMODULE_NOT_USED(ctx);
    RedisModule_FreeString(NULL, s);
    RedisModule_FreeString(NULL, s);
    return 1;
}

static int foreignString(RedisModuleCtx *ctx) {
    static char memory[256];
    memset(memory, 'x', sizeof(memory));
    return RedisModule_ReplyWithString(ctx, (RedisModuleString *)(void *)(memory + 64)) == REDISMODULE_ERR;
}

static int foreignHeap(RedisModuleCtx *ctx) {
    long long n;
    void *p = RedisModule_Calloc(1, 64);
    REDISMODULE_NOT_USED(ctx);
    int failed = RedisModule_StringToLongLong(p, &n) == REDISMODULE_ERR;
    RedisModule_Free(p);
    return failed;
}

static int wildPointer(RedisModuleCtx *ctx) {
    return RedisModule_ReplyWithString(ctx, (RedisModuleString *)0x10) == REDISMODULE_ERR;
}

static int unmapped(RedisModuleCtx *ctx) {
    return RedisModule_ReplyWithString(ctx, (RedisModuleString *)0x7000deadb000) == REDISMODULE_ERR;
}

static int nullString(RedisModuleCtx *ctx) { return RedisModule_ReplyWithString(ctx, NULL) == REDISMODULE_ERR; }

static int badBuffer(RedisModuleCtx *ctx) {
    return RedisModule_ReplyWithStringBuffer(ctx, (const char *)0x7000deadb000, 100) == REDISMODULE_ERR;
}

/* More bytes than there are addresses. */
static int endlessBuffer(RedisModuleCtx *ctx) {
    return RedisModule_ReplyWithStringBuffer(ctx, "x", (size_t)-1) == REDISMODULE_ERR;
}

static int endlessKey(RedisModuleCtx *ctx) {
    RedisModuleDict *d = RedisModule_CreateDict(NULL);
    int nokey = 0;
    REDISMODULE_NOT_USED(ctx);
    int failed = RedisModule_DictGetC(d, "x", (size_t)-1, &nokey) == NULL;
    RedisModule_FreeDict(NULL, d);
    return failed;
}

static int contextAsKey(RedisModuleCtx *ctx) {
    RedisModuleString *s = text("x");
    int failed = RedisModule_ListPush((RedisModuleKey *)(void *)ctx, REDISMODULE_LIST_TAIL, s) == REDISMODULE_ERR;
    RedisModule_FreeString(NULL, s);
    return failed;
}

static int stringAsDict(RedisModuleCtx *ctx) {
    RedisModuleString *s = text("x");
    REDISMODULE_NOT_USED(ctx);
    int failed = RedisModule_DictSetC((RedisModuleDict *)(void *)s, "k", 1, NULL) == REDISMODULE_ERR;
    RedisModule_FreeString(NULL, s);
    return failed;
}

static int stringAsContext(RedisModuleCtx *ctx) {
    RedisModuleString *s = text("x");
    REDISMODULE_NOT_USED(ctx);
    int failed = RedisModule_ReplyWithLongLong((RedisModuleCtx *)(void *)s, 1) == REDISMODULE_ERR;
    RedisModule_FreeString(NULL, s);
    return failed;
}

static int freedReply(RedisModuleCtx *ctx) {
    RedisModuleCallReply *r = RedisModule_Call(ctx, "TIME", "");
    RedisModule_FreeCallReply(r);
    return RedisModule_CallReplyArrayElement(r, 0) == NULL;
}

static int freedDict(RedisModuleCtx *ctx) {
    RedisModuleDict *d = RedisModule_CreateDict(NULL);
    REDISMODULE_NOT_USED(ctx);
    RedisModule_FreeDict(NULL, d);
    return RedisModule_DictSetC(d, "k", 1, NULL) == REDISMODULE_ERR;
}

static int closedKey(RedisModuleCtx *ctx) {
    RedisModuleString *name = text("closed");
    RedisModuleKey *key = RedisModule_OpenKey(ctx, name, REDISMODULE_WRITE);
    RedisModule_CloseKey(key);
    int failed = RedisModule_StringSet(key, name) == REDISMODULE_ERR;
    RedisModule_FreeString(NULL, name);
    return failed;
}

static int noPostponed(RedisModuleCtx *ctx) {
    RedisModule_ReplySetArrayLength(ctx, 3);
    return 1;
}

static int keepContext(RedisModuleCtx *ctx) {
    oldCtx = ctx;
    return 1;
}

static int useContext(RedisModuleCtx *ctx) {
    /* A new context may have the place of the old one. */
    return oldCtx == ctx || RedisModule_ReplyWithLongLong(oldCtx, 1) == REDISMODULE_ERR;
}

static int unlockUntaken(RedisModuleCtx *ctx) {
    RedisModule_ThreadSafeContextUnlock(ctx);
    return 1;
}

static int lockTwice(RedisModuleCtx *ctx) {
    RedisModule_ThreadSafeContextLock(ctx);
    return 1;
}

static int unblockTwice(RedisModuleCtx *ctx) {
    RedisModuleBlockedClient *bc = RedisModule_BlockClient(ctx, NULL, NULL, NULL, 0);
    RedisModuleCtx *own = RedisModule_GetThreadSafeContext(bc);
    RedisModule_ReplyWithLongLong(own, 0);
    RedisModule_FreeThreadSafeContext(own);
    RedisModule_UnblockClient(bc, NULL);
    last = RedisModule_UnblockClient(bc, NULL) == REDISMODULE_ERR;
    return -1;
}

/* What is no misuse: refusals that a correct program meets. */
static int wrongType(RedisModuleCtx *ctx) {
    RedisModuleString *name = text("a string"), *value = text("value");
    RedisModuleKey *key = RedisModule_OpenKey(ctx, name, REDISMODULE_WRITE);
    RedisModule_StringSet(key, value);
    int failed = RedisModule_ListPush(key, REDISMODULE_LIST_TAIL, value) == REDISMODULE_ERR;
    failed &= RedisModule_ListPop(key, REDISMODULE_LIST_HEAD) == NULL;
    RedisModule_CloseKey(key);
    RedisModule_FreeString(NULL, name);
    RedisModule_FreeString(NULL, value);
    return failed;
}

static int readOnly(RedisModuleCtx *ctx) {
    RedisModuleString *name = text("a string");
    RedisModuleKey *key = RedisModule_OpenKey(ctx, name, REDISMODULE_READ);
    int failed = RedisModule_StringSet(key, name) == REDISMODULE_ERR;
    RedisModule_CloseKey(key);
    RedisModule_FreeString(NULL, name);
    return failed;
}

static void replyInTimer(RedisModuleCtx *ctx, void *data) {
    REDISMODULE_NOT_USED(data);
    last = RedisModule_ReplyWithLongLong(ctx, 1) == REDISMODULE_ERR;
}

static void blockInTimer(RedisModuleCtx *ctx, void *data) {
    REDISMODULE_NOT_USED(data);
    last = RedisModule_BlockClient(ctx, NULL, NULL, NULL, 0) == NULL;
}

static int timerReply(RedisModuleCtx *ctx) {
    RedisModule_CreateTimer(ctx, 1, replyInTimer, NULL);
    return 0;
}

static int timerBlock(RedisModuleCtx *ctx) {
    RedisModule_CreateTimer(ctx, 1, blockInTimer, NULL);
    return 0;
}

static void *callUnlocked(void *arg) {
    RedisModuleCtx *ctx = arg;
    last = RedisModule_Call(ctx, "SET", "cc", "by thread", "x") == NULL;
    RedisModule_FreeThreadSafeContext(ctx);
    return NULL;
}

static void *openUnlocked(void *arg) {
    RedisModuleCtx *ctx = arg;
    last = RedisModule_OpenKey(ctx, oldString, REDISMODULE_WRITE) == NULL;
    RedisModule_FreeThreadSafeContext(ctx);
    return NULL;
}

static void *lockTwiceThere(void *arg) {
    RedisModuleCtx *ctx = arg;
    RedisModule_ThreadSafeContextLock(ctx);
    RedisModule_ThreadSafeContextLock(ctx);
    RedisModule_ThreadSafeContextUnlock(ctx);
    RedisModule_FreeThreadSafeContext(ctx);
    last = 1;
    return NULL;
}

static void *unlockThere(void *arg) {
    RedisModuleCtx *ctx = arg;
    RedisModule_ThreadSafeContextUnlock(ctx);
    RedisModule_FreeThreadSafeContext(ctx);
    last = 1;
    return NULL;
}

static void *unblockWild(void *arg) {
    RedisModule_FreeThreadSafeContext(arg);
    last = RedisModule_UnblockClient((RedisModuleBlockedClient *)0x7000deadb000, NULL) == REDISMODULE_ERR;
    return NULL;
}

static void *wildLocked(void *arg) {
    RedisModuleCtx *ctx = arg;
    RedisModule_ThreadSafeContextLock(ctx);
    last = RedisModule_OpenKey(ctx, (RedisModuleString *)0x7000deadb000, REDISMODULE_READ) == NULL;
    RedisModule_ThreadSafeContextUnlock(ctx);
    RedisModule_FreeThreadSafeContext(ctx);
    return NULL;
}

static void *storeWild(void *arg) {
    RedisModuleCtx *ctx = arg;
    RedisModule_ThreadSafeContextLock(ctx);
    RedisModuleString *seven = RedisModule_CreateStringFromLongLong(NULL, 7);
    int refused = RedisModule_StringToLongLong(seven, (long long *)0x7000deadb000) == REDISMODULE_ERR;
    RedisModule_FreeString(NULL, seven);
    RedisModule_ThreadSafeContextUnlock(ctx);
    RedisModule_FreeThreadSafeContext(ctx);
    last = refused;
    return NULL;
}

static int inThread(RedisModuleCtx *ctx, void *(*fn)(void *)) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, fn, RedisModule_GetDetachedThreadSafeContext(ctx)) != 0) return -2;
    pthread_detach(thread);
    return 0;
}

static int threadCall(RedisModuleCtx *ctx) { return inThread(ctx, callUnlocked); }
static int threadOpen(RedisModuleCtx *ctx) { return inThread(ctx, openUnlocked); }

static int threadLockTwice(RedisModuleCtx *ctx) { return inThread(ctx, lockTwiceThere); }
static int threadUnlock(RedisModuleCtx *ctx) { return inThread(ctx, unlockThere); }
static int threadUnblock(RedisModuleCtx *ctx) { return inThread(ctx, unblockWild); }
static int threadWild(RedisModuleCtx *ctx) { return inThread(ctx, wildLocked); }
static int threadStore(RedisModuleCtx *ctx) { return inThread(ctx, storeWild); }

static int filterTwice(RedisModuleCtx *ctx) {
    RedisModuleCommandFilter *f = RedisModule_RegisterCommandFilter(ctx, noFilter, 0);
    RedisModule_UnregisterCommandFilter(ctx, f);
    return RedisModule_UnregisterCommandFilter(ctx, f) == REDISMODULE_ERR;
}

static int strayIterator(RedisModuleCtx *ctx) {
    RedisModuleDict *d = RedisModule_CreateDict(NULL);
    RedisModuleDictIter *it = RedisModule_DictIteratorStartC(d, "^", NULL, 0);
    size_t len;
    REDISMODULE_NOT_USED(ctx);
    RedisModule_DictIteratorStop(it);
    int failed = RedisModule_DictNextC(it, &len, NULL) == NULL;
    RedisModule_FreeDict(NULL, d);
    return failed;
}

static int badFormat(RedisModuleCtx *ctx) {
    return RedisModule_CreateStringPrintf(ctx, "%d %s", 1, (char *)0x7000deadb000) == NULL;
}

static int freedUnder(RedisModuleCtx *ctx) {
    RedisModuleDict *d = RedisModule_CreateDict(NULL);
    RedisModule_DictSetC(d, "k", 1, NULL);
    RedisModuleDictIter *it = RedisModule_DictIteratorStartC(d, "^", NULL, 0);
    RedisModule_FreeDict(ctx, d);
    d = RedisModule_CreateDict(NULL); /* where the other was */
    int failed = RedisModule_DictNextC(it, NULL, NULL) == NULL;
    RedisModule_DictIteratorStop(it);
    RedisModule_FreeDict(NULL, d);
    return failed;
}

static int badOperator(RedisModuleCtx *ctx) {
    RedisModuleDict *d = RedisModule_CreateDict(NULL);
    REDISMODULE_NOT_USED(ctx);
    int failed = RedisModule_DictIteratorStartC(d, "??", "a", 1) == NULL;
    RedisModule_FreeDict(NULL, d);
    return failed;
}

static int callBadFormat(RedisModuleCtx *ctx) {
    return RedisModule_Call(ctx, "GET", "s", (RedisModuleString *)0x7000deadb000) == NULL;
}

static int freedBlocked(RedisModuleCtx *ctx) {
    RedisModuleBlockedClient *bc = RedisModule_BlockClient(ctx, NULL, NULL, NULL, 0);
    RedisModule_AbortBlock(bc);
    return RedisModule_UnblockClient(bc, NULL) == REDISMODULE_ERR;
}

static void neverReady(RedisModuleCtx *ctx, int fd, void *data, int mask) {
    REDISMODULE_NOT_USED(fd);
    REDISMODULE_NOT_USED(data);
    REDISMODULE_NOT_USED(mask);
    RedisModule_Log(ctx, "warning", "an event of another's descriptor");
}

/* The next connection has the number of a descriptor whose events are still there. */
static int closedWatched(RedisModuleCtx *ctx) {
    int fds[2];
    if (pipe(fds) != 0) return 0;
    int failed = RedisModule_CreateFileEvent(ctx, fds[0], REDISMODULE_FILE_READABLE, neverReady, NULL) == REDISMODULE_ERR;
    close(fds[0]);
    close(fds[1]);
    return !failed;
}

/* A context may be freed without the lock, and with it a key that it closes. */
static void *freeUnlocked(void *arg) {
    RedisModuleCtx *ctx = arg;
    RedisModule_AutoMemory(ctx);
    RedisModule_ThreadSafeContextLock(ctx);
    RedisModuleKey *key = RedisModule_OpenKey(ctx, oldString, REDISMODULE_WRITE);
    RedisModule_StringSet(key, oldString);
    RedisModule_DeleteKey(key);
    RedisModule_ThreadSafeContextUnlock(ctx);
    RedisModule_FreeThreadSafeContext(ctx);
    last = 1;
    return NULL;
}

static int threadFree(RedisModuleCtx *ctx) { return inThread(ctx, freeUnlocked); }

/* A module that unloads itself has no code to return to. */
static void *unloadThere(void *arg) {
    RedisModuleCtx *ctx = arg;
    RedisModule_ThreadSafeContextLock(ctx);
    RedisModuleCallReply *reply = RedisModule_Call(ctx, "MODULE", "cc", "UNLOAD", "misuse");
    int refused = reply != NULL && RedisModule_CallReplyType(reply) == REDISMODULE_REPLY_ERROR;
    RedisModule_FreeCallReply(reply);
    RedisModule_ThreadSafeContextUnlock(ctx);
    RedisModule_FreeThreadSafeContext(ctx);
    last = refused;
    return NULL;
}

static int threadUnload(RedisModuleCtx *ctx) { return inThread(ctx, unloadThere); }

static const struct { const char *name; int (*run)(RedisModuleCtx *); } uses[] = {
    {"freedString", freedString}, {"freedTwice", freedTwice}, {"foreignString", foreignString},
    {"foreignHeap", foreignHeap}, {"wildPointer", wildPointer}, {"unmapped", unmapped},
    {"nullString", nullString}, {"badBuffer", badBuffer}, {"endlessBuffer", endlessBuffer}, {"endlessKey", endlessKey}, {"contextAsKey", contextAsKey},
    {"stringAsDict", stringAsDict}, {"stringAsContext", stringAsContext}, {"freedReply", freedReply},
    {"freedDict", freedDict}, {"closedKey", closedKey}, {"noPostponed", noPostponed},
    {"keepContext", keepContext}, {"useContext", useContext}, {"unlockUntaken", unlockUntaken},
    {"lockTwice", lockTwice}, {"unblockTwice", unblockTwice}, {"wrongType", wrongType},
    {"readOnly", readOnly}, {"timerReply", timerReply}, {"timerBlock", timerBlock},
    {"threadCall", threadCall}, {"threadOpen", threadOpen},
    {"threadLockTwice", threadLockTwice}, {"threadUnlock", threadUnlock}, {"threadUnblock", threadUnblock},
    {"threadWild", threadWild}, {"threadStore", threadStore}, {"filterTwice", filterTwice}, {"strayIterator", strayIterator},
    {"freedUnder", freedUnder}, {"badFormat", badFormat}, {"badOperator", badOperator}, {"callBadFormat", callBadFormat}, {"freedBlocked", freedBlocked},
    {"closedWatched", closedWatched}, {"threadFree", threadFree}, {"threadUnload", threadUnload},
};

static int misuse(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 2) return RedisModule_WrongArity(ctx);
    const char *name = RedisModule_StringPtrLen(argv[1], NULL);
    last = -1;
    for (size_t i = 0; i < sizeof(uses) / sizeof(*uses); i++)
        if (strcmp(name, uses[i].name) == 0) {
            int result = uses[i].run(ctx);
            return result == -1 ? REDISMODULE_OK : RedisModule_ReplyWithLongLong(ctx, result);
        }
    return RedisModule_ReplyWithError(ctx, "ERR no such misuse");
}

static int lastResult(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    return RedisModule_ReplyWithLongLong(ctx, last);
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    if (RedisModule_Init(ctx, "misuse", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR) return REDISMODULE_ERR;
    oldString = text("opened by thread");
    if (RedisModule_CreateCommand(ctx, "misuse.last", lastResult, "readonly", 0, 0, 0) == REDISMODULE_ERR) return REDISMODULE_ERR;
    return RedisModule_CreateCommand(ctx, "misuse", misuse, "write", 0, 0, 0);
}

int RedisModule_OnUnload(RedisModuleCtx *ctx) {
    REDISMODULE_NOT_USED(ctx);
    RedisModule_FreeString(NULL, oldString);
    return REDISMODULE_OK;
}
