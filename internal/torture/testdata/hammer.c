/* Clients that wait by the thousand, and threads that end their waits in random order.
 *
 *   HAMMER.WAIT KIND MS   waits until HAMMER.GO, or MS milliseconds if that is not 0. KIND says who replies: "callback", or
 *                         "thread", through a context of its own. They say "done", or "late" when the time is over.
 *   HAMMER.KEY KEY MS     waits for a key that HAMMER.GO makes; says "key" or "late"
 *   HAMMER.GO THREADS     starts threads that unblock all who wait
 *   HAMMER.STATS          data made, freed, freed twice, still allocated; replies by the callbacks, timeouts, disconnections;
 *                         threads that have not come to their end
 *
 * Every wait has a private datum. Its record outlives it, so that freeing it twice is seen and does not crash. */

#include "redismodule.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST (1 << 17)
#define MOST_THREADS 64

struct datum {
    RedisModuleBlockedClient *client;
    RedisModuleCtx *ctx; /* a thread's, or NULL */
    void *load;          /* something to leak */
    atomic_int freed;
};

static struct datum data[MOST];
static atomic_long made, freed, twice, loads, replies, timeouts, disconnections, running;

/* Who waits and has not been taken by a thread yet, and the keys that are to be made. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct datum *waiting[MOST];
static int waiters;
static char *keys[MOST];
static int nkeys;

static pthread_t threads[MOST_THREADS];
static int nthreads;

static struct datum *newDatum(void) {
    struct datum *d = &data[made++ % MOST];
    d->ctx = NULL;
    d->load = RedisModule_Alloc(100);
    atomic_store(&d->freed, 0);
    loads++;
    return d;
}

static void freeDatum(RedisModuleCtx *ctx, void *p) {
    REDISMODULE_NOT_USED(ctx);
    struct datum *d = p;
    if (atomic_fetch_add(&d->freed, 1) != 0) {
        twice++;
        return;
    }
    RedisModule_Free(d->load);
    loads--;
    freed++;
}

static int reply(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    replies++;
    struct datum *d = RedisModule_GetBlockedClientPrivateData(ctx);
    return RedisModule_ReplyWithSimpleString(ctx, d->freed ? "FREED" : "done");
}

static int keyReply(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argc);
    if (RedisModule_StringCompare(RedisModule_GetBlockedClientReadyKey(ctx), argv[1]) != 0)
        return RedisModule_ReplyWithError(ctx, "ERR another key");
    if (rand() % 4 == 0) { /* not yet: somebody will ask again */
        RedisModule_SignalKeyAsReady(ctx, argv[1]);
        return REDISMODULE_ERR;
    }
    replies++;
    struct datum *d = RedisModule_GetBlockedClientPrivateData(ctx);
    return RedisModule_ReplyWithSimpleString(ctx, d->freed ? "FREED" : "key");
}

static int late(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    timeouts++;
    return RedisModule_ReplyWithSimpleString(ctx, "late");
}

static void gone(RedisModuleCtx *ctx, RedisModuleBlockedClient *client) {
    REDISMODULE_NOT_USED(ctx);
    REDISMODULE_NOT_USED(client);
    disconnections++;
}

static int waitCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    long long ms;
    if (argc != 3) return RedisModule_WrongArity(ctx);
    if (RedisModule_StringToLongLong(argv[2], &ms) != REDISMODULE_OK)
        return RedisModule_ReplyWithError(ctx, "ERR not a number");
    int thread = strcmp(RedisModule_StringPtrLen(argv[1], NULL), "thread") == 0;
    struct datum *d = newDatum();
    d->client = RedisModule_BlockClient(ctx, thread ? NULL : reply, late, freeDatum, ms);
    RedisModule_SetDisconnectCallback(d->client, gone);
    if (thread) d->ctx = RedisModule_GetThreadSafeContext(d->client);
    pthread_mutex_lock(&lock);
    waiting[waiters++] = d;
    pthread_mutex_unlock(&lock);
    return REDISMODULE_OK;
}

static int keyCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    long long ms;
    if (argc != 3) return RedisModule_WrongArity(ctx);
    if (RedisModule_StringToLongLong(argv[2], &ms) != REDISMODULE_OK)
        return RedisModule_ReplyWithError(ctx, "ERR not a number");
    size_t n;
    const char *key = RedisModule_StringPtrLen(argv[1], &n);
    struct datum *d = newDatum();
    RedisModule_SetDisconnectCallback(
        RedisModule_BlockClientOnKeysWithFlags(ctx, keyReply, late, freeDatum, ms, &argv[1], 1, d,
                                               REDISMODULE_BLOCK_UNBLOCK_DEFAULT), gone);
    pthread_mutex_lock(&lock);
    int i = 0;
    while (i < nkeys && strcmp(keys[i], key) != 0) i++;
    if (i == nkeys) keys[nkeys++] = RedisModule_Strdup(key);
    pthread_mutex_unlock(&lock);
    return REDISMODULE_OK;
}

/* makeKey makes a key that clients wait for, under the server's lock. */
static void makeKey(RedisModuleCtx *ctx, char *key) {
    RedisModule_ThreadSafeContextLock(ctx);
    RedisModuleCallReply *r = RedisModule_Call(ctx, "RPUSH", "cc", key, "x");
    if (r != NULL) RedisModule_FreeCallReply(r);
    RedisModule_ThreadSafeContextUnlock(ctx);
    RedisModule_Free(key);
}

static void *work(void *arg) {
    unsigned seed = (unsigned)(size_t)arg;
    RedisModuleCtx *own = RedisModule_GetThreadSafeContext(NULL);
    for (;;) {
        struct datum *d = NULL;
        char *key = NULL;
        pthread_mutex_lock(&lock);
        if (waiters > 0) {
            int i = rand_r(&seed) % waiters;
            d = waiting[i];
            waiting[i] = waiting[--waiters];
        } else if (nkeys > 0) {
            key = keys[--nkeys];
        }
        pthread_mutex_unlock(&lock);
        if (d == NULL && key == NULL) break;
        if (key != NULL) {
            makeKey(own, key);
            continue;
        }
        int locked = rand_r(&seed) % 4 == 0;
        if (locked) RedisModule_ThreadSafeContextLock(own);
        if (d->ctx != NULL) {
            RedisModule_ReplyWithSimpleString(d->ctx, "done");
            RedisModule_FreeThreadSafeContext(d->ctx);
        }
        RedisModule_UnblockClient(d->client, d);
        if (locked) RedisModule_ThreadSafeContextUnlock(own);
        usleep(rand_r(&seed) % 400);
    }
    RedisModule_FreeThreadSafeContext(own);
    running--;
    return NULL;
}

static int goCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    long long n;
    if (argc != 2) return RedisModule_WrongArity(ctx);
    if (RedisModule_StringToLongLong(argv[1], &n) != REDISMODULE_OK || n < 1 || nthreads + n > MOST_THREADS)
        return RedisModule_ReplyWithError(ctx, "ERR not a number of threads");
    for (; n > 0; n--) {
        running++;
        if (pthread_create(&threads[nthreads], NULL, work, (void *)(size_t)nthreads) == 0) nthreads++;
        else running--;
    }
    return RedisModule_ReplyWithLongLong(ctx, nthreads);
}

static int statsCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    long all[] = {made, freed, twice, loads, replies, timeouts, disconnections, running};
    int n = sizeof(all) / sizeof(all[0]);
    RedisModule_ReplyWithArray(ctx, n);
    for (int i = 0; i < n; i++) RedisModule_ReplyWithLongLong(ctx, all[i]);
    return REDISMODULE_OK;
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    if (RedisModule_Init(ctx, "hammer", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "hammer.wait", waitCommand, "", 0, 0, 0) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "hammer.key", keyCommand, "", 1, 1, 1) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "hammer.go", goCommand, "", 0, 0, 0) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "hammer.stats", statsCommand, "", 0, 0, 0) == REDISMODULE_ERR)
        return REDISMODULE_ERR;
    return REDISMODULE_OK;
}

/* No client waits for this module any more, so its threads are about to end. */
int RedisModule_OnUnload(RedisModuleCtx *ctx) {
    REDISMODULE_NOT_USED(ctx);
    while (nthreads > 0) pthread_join(threads[--nthreads], NULL);
    return REDISMODULE_OK;
}
