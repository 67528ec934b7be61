/* asyncmod: what `make bench` loads into both servers to time what does not happen inside of one command.
 *
 *   bench.timers N        makes N timers that are due at once, and replies the nanoseconds until the last has fired
 *   bench.files FDS N     watches FDS descriptors that are always ready, and replies the nanoseconds of N events
 *   bench.unblock         blocks the client, has a thread unblock it, and replies 1
 *   bench.loop ON         begins to time the iterations of the loop, from when it wakes to when it goes to sleep
 *   bench.loop OFF        ends that, and replies [iterations, median, 99th percentile, longest], in nanoseconds */

#include "redismodule.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

static long long nanotime(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* ---- what one client waits for at a time ---- */

static RedisModuleBlockedClient *waiter;
static long long began, left;

static int replyTime(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    (void)argv, (void)argc;
    return RedisModule_ReplyWithLongLong(ctx, (long long)(size_t)RedisModule_GetBlockedClientPrivateData(ctx));
}

static void begin(RedisModuleCtx *ctx, long long n) {
    waiter = RedisModule_BlockClient(ctx, replyTime, NULL, NULL, 0);
    left = n;
    began = nanotime();
}

/* done reports whether that was the last. */
static int done(void) {
    if (--left != 0) return 0;
    RedisModule_UnblockClient(waiter, (void *)(size_t)(nanotime() - began));
    waiter = NULL;
    return 1;
}

/* count reads an argument above zero, unless somebody waits already. */
static int count(RedisModuleString *arg, long long *n) {
    return waiter == NULL && RedisModule_StringToLongLong(arg, n) == REDISMODULE_OK && *n > 0;
}

static void onTimer(RedisModuleCtx *ctx, void *data) {
    (void)ctx, (void)data;
    done();
}

static int cmdTimers(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    long long n;
    if (argc != 2) return RedisModule_WrongArity(ctx);
    if (!count(argv[1], &n)) return RedisModule_ReplyWithError(ctx, "ERR not now, or not so many");
    begin(ctx, n);
    while (n-- > 0) RedisModule_CreateTimer(ctx, 1, onTimer, NULL);
    return REDISMODULE_OK;
}

/* ---- descriptors ---- */

enum { maxFiles = 1000 };
static int files[maxFiles];
static long long nfiles;

static void onFile(int fd, void *data, int mask) {
    (void)fd, (void)data, (void)mask;
    if (left == 0 || !done()) return;
    for (int i = 0; i < nfiles; i++) {
        RedisModule_EventLoopDel(files[i], REDISMODULE_EVENTLOOP_READABLE);
        close(files[i]);
    }
}

static int cmdFiles(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    long long n;
    if (argc != 3) return RedisModule_WrongArity(ctx);
    if (RedisModule_EventLoopAdd == NULL) return RedisModule_ReplyWithError(ctx, "ERR the server has no RedisModule_EventLoopAdd");
    if (!count(argv[1], &nfiles) || nfiles > maxFiles || !count(argv[2], &n))
        return RedisModule_ReplyWithError(ctx, "ERR not now, or not so many");
    for (int i = 0; i < nfiles; i++) {
        files[i] = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
        RedisModule_EventLoopAdd(files[i], REDISMODULE_EVENTLOOP_READABLE, onFile, NULL);
    }
    begin(ctx, n);
    return REDISMODULE_OK;
}

/* ---- a thread that unblocks ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t some = PTHREAD_COND_INITIALIZER;
static RedisModuleBlockedClient *queue[1 << 16];
static unsigned first, last;

static void *unblocker(void *unused) {
    (void)unused;
    for (;;) {
        pthread_mutex_lock(&mutex);
        while (first == last) pthread_cond_wait(&some, &mutex);
        RedisModuleBlockedClient *bc = queue[first++ % (1 << 16)];
        pthread_mutex_unlock(&mutex);
        RedisModule_UnblockClient(bc, (void *)1);
    }
    return NULL;
}

static int cmdUnblock(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    (void)argv, (void)argc;
    RedisModuleBlockedClient *bc = RedisModule_BlockClient(ctx, replyTime, NULL, NULL, 0);
    pthread_mutex_lock(&mutex);
    queue[last++ % (1 << 16)] = bc;
    pthread_cond_signal(&some);
    pthread_mutex_unlock(&mutex);
    return REDISMODULE_OK;
}

/* ---- the loop ---- */

enum { maxIterations = 1 << 21 };
static long long *iterations, niterations, woke;

static void onLoop(RedisModuleCtx *ctx, RedisModuleEvent e, uint64_t sub, void *data) {
    (void)ctx, (void)e, (void)data;
    if (sub == REDISMODULE_SUBEVENT_EVENTLOOP_AFTER_SLEEP) {
        woke = nanotime();
    } else if (woke != 0 && niterations < maxIterations) {
        iterations[niterations++] = nanotime() - woke;
    }
}

static int compare(const void *a, const void *b) {
    long long x = *(const long long *)a, y = *(const long long *)b;
    return (x > y) - (x < y);
}

static int cmdLoop(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 2) return RedisModule_WrongArity(ctx);
    if (!strcmp(RedisModule_StringPtrLen(argv[1], NULL), "ON")) {
        if (iterations == NULL) iterations = malloc(maxIterations * sizeof *iterations);
        if (iterations == NULL) return RedisModule_ReplyWithError(ctx, "ERR no memory");
        niterations = woke = 0;
        if (RedisModule_SubscribeToServerEvent(ctx, RedisModuleEvent_EventLoop, onLoop) != REDISMODULE_OK)
            return RedisModule_ReplyWithError(ctx, "ERR the server does not tell of its loop");
        return RedisModule_ReplyWithSimpleString(ctx, "OK");
    }
    RedisModule_SubscribeToServerEvent(ctx, RedisModuleEvent_EventLoop, NULL);
    long long n = niterations;
    if (n == 0) return RedisModule_ReplyWithError(ctx, "ERR there was no iteration");
    qsort(iterations, n, sizeof *iterations, compare);
    RedisModule_ReplyWithArray(ctx, 4);
    RedisModule_ReplyWithLongLong(ctx, n);
    RedisModule_ReplyWithLongLong(ctx, iterations[n / 2]);
    RedisModule_ReplyWithLongLong(ctx, iterations[n - n / 100 - 1]);
    return RedisModule_ReplyWithLongLong(ctx, iterations[n - 1]);
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    (void)argv, (void)argc;
    if (RedisModule_Init(ctx, "benchasync", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR) return REDISMODULE_ERR;
    pthread_t thread;
    if (pthread_create(&thread, NULL, unblocker, NULL) != 0) return REDISMODULE_ERR;
    if (RedisModule_CreateCommand(ctx, "bench.timers", cmdTimers, "", 0, 0, 0) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "bench.files", cmdFiles, "", 0, 0, 0) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "bench.unblock", cmdUnblock, "", 0, 0, 0) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "bench.loop", cmdLoop, "", 0, 0, 0) == REDISMODULE_ERR)
        return REDISMODULE_ERR;
    return REDISMODULE_OK;
}
