/* A module that blocks clients in every way that threads make possible. It is compiled twice, under two names, so that all
 * symbols of the two clash.
 *
 *   NAME.work N     a thread takes the lock, calls commands, replies N numbers from its own context, unblocks
 *   NAME.race N     a timeout of 1 to 4 ms against a thread that unblocks after about as long
 *   NAME.early N    unblocked before the command returns
 *   NAME.abort      blocked and given up at once
 *
 * Unloading fails unless everything that was ever allotted to a blocked client has been freed exactly once. */

#include "redismodule.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define TEXT2(x) #x
#define TEXT(x) TEXT2(x)

struct job {
    RedisModuleBlockedClient *client;
    pthread_t thread;
    struct job *next;
    long long n;
    int kind;
};

enum { WORK, RACE };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct job *jobs; /* all whose threads are still to be joined */
static atomic_long made, freed, doubled;

/* A mark that lives as long as its client is blocked; it is poisoned before it is freed. */
struct mark {
    long alive;
    long long n;
};

static struct mark *newMark(long long n) {
    struct mark *m = RedisModule_Alloc(sizeof *m);
    m->alive = 0x600d;
    m->n = n;
    made++;
    return m;
}

static void freeMark(RedisModuleCtx *ctx, void *p) {
    REDISMODULE_NOT_USED(ctx);
    struct mark *m = p;
    if (m->alive != 0x600d) doubled++;
    m->alive = 0xdead;
    freed++;
    RedisModule_Free(m);
}

/* One function for both, as modules have it. */
static int answer(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    if (RedisModule_IsBlockedTimeoutRequest(ctx)) return RedisModule_ReplyWithLongLong(ctx, -1);
    struct mark *m = RedisModule_GetBlockedClientPrivateData(ctx);
    return RedisModule_ReplyWithLongLong(ctx, m->n);
}

static void gone(RedisModuleCtx *ctx, RedisModuleBlockedClient *client) {
    REDISMODULE_NOT_USED(ctx);
    REDISMODULE_NOT_USED(client);
}

static void *run(void *arg) {
    struct job *j = arg;
    if (j->kind == WORK) {
        RedisModuleCtx *ctx = RedisModule_GetThreadSafeContext(j->client);
        RedisModule_ReplyWithArray(ctx, REDISMODULE_POSTPONED_LEN);
        for (long long i = 0; i < j->n; i++) {
            RedisModule_ThreadSafeContextLock(ctx);
            RedisModuleCallReply *r = RedisModule_Call(ctx, "INCR", "c", TEXT(NAME));
            long long v = r ? RedisModule_CallReplyInteger(r) : -1;
            if (r) RedisModule_FreeCallReply(r);
            RedisModule_ThreadSafeContextUnlock(ctx);
            RedisModule_ReplyWithLongLong(ctx, v);
        }
        RedisModule_ReplySetArrayLength(ctx, (long)j->n);
        RedisModule_FreeThreadSafeContext(ctx);
    } else {
        usleep((useconds_t)(j->n % 5) * 1000);
    }
    RedisModule_UnblockClient(j->client, newMark(j->n));
    return NULL;
}

static int begin(RedisModuleCtx *ctx, RedisModuleString **argv, int argc, int kind) {
    long long n;
    if (argc != 2) return RedisModule_WrongArity(ctx);
    if (RedisModule_StringToLongLong(argv[1], &n) != REDISMODULE_OK)
        return RedisModule_ReplyWithError(ctx, "ERR not a number");
    struct job *j = RedisModule_Calloc(1, sizeof *j);
    j->n = n;
    j->kind = kind;
    if (kind == WORK) j->client = RedisModule_BlockClient(ctx, NULL, NULL, freeMark, 0);
    else j->client = RedisModule_BlockClient(ctx, answer, answer, freeMark, 1 + n % 4);
    if (j->client == NULL) {
        RedisModule_Free(j);
        return REDISMODULE_OK;
    }
    if (n % 2) RedisModule_SetDisconnectCallback(j->client, gone);
    if (pthread_create(&j->thread, NULL, run, j) != 0) {
        RedisModule_AbortBlock(j->client);
        RedisModule_Free(j);
        return RedisModule_ReplyWithError(ctx, "ERR no thread");
    }
    pthread_mutex_lock(&lock);
    j->next = jobs;
    jobs = j;
    pthread_mutex_unlock(&lock);
    return REDISMODULE_OK;
}

static int work(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) { return begin(ctx, argv, argc, WORK); }

static int race(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) { return begin(ctx, argv, argc, RACE); }

static int early(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    long long n;
    if (argc != 2) return RedisModule_WrongArity(ctx);
    if (RedisModule_StringToLongLong(argv[1], &n) != REDISMODULE_OK)
        return RedisModule_ReplyWithError(ctx, "ERR not a number");
    RedisModuleBlockedClient *client = RedisModule_BlockClient(ctx, answer, NULL, freeMark, 0);
    if (client) RedisModule_UnblockClient(client, newMark(n));
    return REDISMODULE_OK;
}

static int giveUp(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    RedisModuleBlockedClient *client = RedisModule_BlockClient(ctx, answer, NULL, freeMark, 0);
    if (client == NULL) return REDISMODULE_OK;
    RedisModule_AbortBlock(client);
    return RedisModule_ReplyWithSimpleString(ctx, "aborted");
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    if (RedisModule_Init(ctx, TEXT(NAME), 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR) return REDISMODULE_ERR;
    if (RedisModule_CreateCommand(ctx, TEXT(NAME) ".work", work, "write", 0, 0, 0) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, TEXT(NAME) ".race", race, "", 0, 0, 0) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, TEXT(NAME) ".early", early, "", 0, 0, 0) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, TEXT(NAME) ".abort", giveUp, "", 0, 0, 0) == REDISMODULE_ERR)
        return REDISMODULE_ERR;
    return REDISMODULE_OK;
}

/* The server unloads a module only when none of its clients is blocked: every thread has unblocked its client by then and is
 * about to end. Its code must not be unmapped before it has. */
int RedisModule_OnUnload(RedisModuleCtx *ctx) {
    while (jobs) {
        struct job *j = jobs;
        jobs = j->next;
        pthread_join(j->thread, NULL);
        RedisModule_Free(j);
    }
    if (made == freed && doubled == 0) return REDISMODULE_OK;
    RedisModule_Log(ctx, "warning", "LEAK: %ld marks made, %ld freed, %ld of them before", (long)made, (long)freed, (long)doubled);
    return REDISMODULE_ERR;
}
