/* A module whose callbacks hold the loop as long as they are told to, in every
 * way that there is. */
#include "redismodule.h"

#include <pthread.h>
#include <string.h>

/* hold keeps the processor for so many milliseconds. */
static void hold(long long ms) {
    long long end = RedisModule_Milliseconds() + ms + 1;
    while (RedisModule_Milliseconds() < end) {}
}

static void onTimer(RedisModuleCtx *ctx, void *data) {
    REDISMODULE_NOT_USED(ctx);
    hold((long long)(intptr_t)data);
}

static long long eventMs;

static int onKey(RedisModuleCtx *ctx, int type, const char *event, RedisModuleString *key) {
    REDISMODULE_NOT_USED(ctx);
    REDISMODULE_NOT_USED(type);
    REDISMODULE_NOT_USED(event);
    REDISMODULE_NOT_USED(key);
    if (eventMs) hold(eventMs);
    eventMs = 0;
    return REDISMODULE_OK;
}

static int onReply(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    hold((long long)(intptr_t)RedisModule_GetBlockedClientPrivateData(ctx));
    return RedisModule_ReplyWithSimpleString(ctx, "done");
}

struct job {
    RedisModuleBlockedClient *client;
    long long ms;
};

static void *underLock(void *arg) {
    struct job *job = arg;
    RedisModuleCtx *ctx = RedisModule_GetThreadSafeContext(job->client);
    RedisModule_ThreadSafeContextLock(ctx);
    hold(job->ms);
    RedisModule_ReplyWithSimpleString(ctx, "done");
    RedisModule_ThreadSafeContextUnlock(ctx);
    RedisModule_FreeThreadSafeContext(ctx);
    RedisModule_UnblockClient(job->client, NULL);
    RedisModule_Free(job);
    return NULL;
}

/* SLOW.HOLD way ms */
static int slowHold(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    long long ms;
    if (argc != 3 || RedisModule_StringToLongLong(argv[2], &ms) != REDISMODULE_OK) return RedisModule_WrongArity(ctx);
    const char *way = RedisModule_StringPtrLen(argv[1], NULL);
    if (!strcmp(way, "command")) {
        hold(ms);
    } else if (!strcmp(way, "timer")) {
        RedisModule_CreateTimer(ctx, 0, onTimer, (void *)(intptr_t)ms);
    } else if (!strcmp(way, "event")) {
        eventMs = ms;
        RedisModuleCallReply *r = RedisModule_Call(ctx, "SET", "cc", "slow:key", "value");
        RedisModule_FreeCallReply(r);
    } else if (!strcmp(way, "reply")) {
        RedisModuleBlockedClient *bc = RedisModule_BlockClient(ctx, onReply, NULL, NULL, 0);
        RedisModule_UnblockClient(bc, (void *)(intptr_t)ms);
        return REDISMODULE_OK;
    } else if (!strcmp(way, "thread")) {
        struct job *job = RedisModule_Alloc(sizeof(*job));
        job->client = RedisModule_BlockClient(ctx, NULL, NULL, NULL, 0);
        job->ms = ms;
        pthread_t thread;
        if (pthread_create(&thread, NULL, underLock, job) != 0) return RedisModule_ReplyWithError(ctx, "ERR no thread");
        pthread_detach(thread);
        return REDISMODULE_OK;
    } else {
        return RedisModule_ReplyWithError(ctx, "ERR no such way");
    }
    return RedisModule_ReplyWithSimpleString(ctx, "done");
}

/* The value of a key is how long it takes to save it. */
static RedisModuleType *saved;

static void *loadSaved(RedisModuleIO *io, int encver) {
    REDISMODULE_NOT_USED(encver);
    return (void *)(intptr_t)RedisModule_LoadSigned(io);
}

static void saveSaved(RedisModuleIO *io, void *value) {
    hold((long long)(intptr_t)value);
    RedisModule_SaveSigned(io, (long long)(intptr_t)value);
}

static void freeSaved(void *value) {
    REDISMODULE_NOT_USED(value);
}

/* SLOW.SAVED key ms: makes a value. */
static int slowSaved(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    long long ms;
    if (argc != 3 || RedisModule_StringToLongLong(argv[2], &ms) != REDISMODULE_OK) return RedisModule_WrongArity(ctx);
    RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ | REDISMODULE_WRITE);
    RedisModule_ModuleTypeSetValue(key, saved, (void *)(intptr_t)ms);
    RedisModule_CloseKey(key);
    return RedisModule_ReplyWithSimpleString(ctx, "done");
}

static void *kept[4];

static void *dropKept(void *unused) {
    REDISMODULE_NOT_USED(unused);
    for (int i = 0; i < 4; i++) RedisModule_Free(kept[i]);
    memset(kept, 0, sizeof(kept));
    RedisModule_Free(NULL);
    return NULL;
}

/* SLOW.MEMORY n: keeps five times n bytes, taken in all ways; none: frees them, on
 * a thread. */
static int slowMemory(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    long long n;
    if (argc == 1) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, dropKept, NULL) != 0) return RedisModule_ReplyWithError(ctx, "ERR no thread");
        pthread_join(thread, NULL);
    } else if (kept[0] == NULL && RedisModule_StringToLongLong(argv[1], &n) == REDISMODULE_OK) {
        kept[0] = RedisModule_Alloc(n);
        memset(kept[0], 'x', n - 1);
        ((char *)kept[0])[n - 1] = 0;
        kept[1] = RedisModule_Calloc(n, 1);
        kept[2] = RedisModule_Realloc(RedisModule_Realloc(NULL, n), 2 * n);
        kept[3] = RedisModule_Strdup(kept[0]);
        void *gone = RedisModule_Realloc(RedisModule_Alloc(n), 0);
        if (gone != NULL || ((char *)kept[1])[n - 1] != 0 || strlen(kept[3]) != (size_t)n - 1)
            return RedisModule_ReplyWithError(ctx, "ERR the memory is not as it should be");
    }
    return RedisModule_ReplyWithSimpleString(ctx, "done");
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    if (RedisModule_Init(ctx, "slow", 1, REDISMODULE_APIVER_1) != REDISMODULE_OK) return REDISMODULE_ERR;
    RedisModuleTypeMethods methods = {
        .version = REDISMODULE_TYPE_METHOD_VERSION, .rdb_load = loadSaved, .rdb_save = saveSaved, .free = freeSaved};
    saved = RedisModule_CreateDataType(ctx, "slowsaved", 0, &methods);
    if (saved == NULL) return REDISMODULE_ERR;
    if (RedisModule_CreateCommand(ctx, "slow.saved", slowSaved, "write", 1, 1, 1) != REDISMODULE_OK) return REDISMODULE_ERR;
    if (RedisModule_SubscribeToKeyspaceEvents(ctx, REDISMODULE_NOTIFY_STRING, onKey) != REDISMODULE_OK) return REDISMODULE_ERR;
    if (RedisModule_CreateCommand(ctx, "slow.memory", slowMemory, "", 0, 0, 0) != REDISMODULE_OK) return REDISMODULE_ERR;
    return RedisModule_CreateCommand(ctx, "slow.hold", slowHold, "write", 0, 0, 0);
}
