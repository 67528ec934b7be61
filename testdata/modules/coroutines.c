/* A module whose commands run on stacks of its own, as those of libraries for
 * coroutines do. COROUTINES.RUN n has n of them take turns: each counts to ten with
 * INCR, waits for the others behind every step, and replies what it got. */
#include "redismodule.h"

#include <stdlib.h>
#include <ucontext.h>

#define STACK (96 << 10)
#define STEPS 10

typedef struct {
    ucontext_t at;
    RedisModuleCtx *ctx;
    void *stack;
    long long sum, seen;
    int done;
} Coroutine;

static ucontext_t loop;
static Coroutine *running;

static void take_turns(void) {
    Coroutine *me = running;
    swapcontext(&me->at, &loop);
    running = me;
}

/* Runs on the coroutine's stack, called by the server, and calls it. */
static void seen(RedisModuleCtx *ctx, RedisModuleString *name, RedisModuleKey *key, void *data) {
    Coroutine *me = data;
    size_t len;
    REDISMODULE_NOT_USED(ctx);
    RedisModule_StringPtrLen(name, &len);
    if (key != NULL && RedisModule_KeyType(key) == REDISMODULE_KEYTYPE_STRING && RedisModule_StringDMA(key, &len, REDISMODULE_READ) != NULL)
        me->seen++;
}

static void count(void) {
    Coroutine *me = running;
    for (int i = 0; i < STEPS; i++) {
        RedisModuleString *name = RedisModule_CreateStringPrintf(me->ctx, "%s-%d", "counter", i);
        RedisModuleCallReply *reply = RedisModule_Call(me->ctx, "INCR", "s", name);
        me->sum += RedisModule_CallReplyInteger(reply);
        RedisModule_FreeCallReply(reply);
        RedisModule_FreeString(me->ctx, name);
        take_turns();
    }
    RedisModuleScanCursor *cursor = RedisModule_ScanCursorCreate();
    while (RedisModule_Scan(me->ctx, cursor, seen, me)) {}
    RedisModule_ScanCursorDestroy(cursor);
    me->done = 1;
    swapcontext(&me->at, &loop);
}

static int run(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    long long n;
    if (argc != 2 || RedisModule_StringToLongLong(argv[1], &n) != REDISMODULE_OK) return RedisModule_WrongArity(ctx);
    Coroutine *all = calloc(n, sizeof(*all));
    for (long long i = 0; i < n; i++) {
        all[i].ctx = ctx;
        all[i].stack = malloc(STACK);
        getcontext(&all[i].at);
        all[i].at.uc_stack.ss_sp = all[i].stack;
        all[i].at.uc_stack.ss_size = STACK;
        makecontext(&all[i].at, count, 0);
    }
    for (long long left = n; left > 0;)
        for (long long i = 0; i < n; i++)
            if (!all[i].done) {
                running = &all[i];
                swapcontext(&loop, &all[i].at);
                left -= all[i].done;
            }
    RedisModule_ReplyWithArray(ctx, 2 * n);
    for (long long i = 0; i < n; i++) {
        RedisModule_ReplyWithLongLong(ctx, all[i].sum);
        RedisModule_ReplyWithLongLong(ctx, all[i].seen);
        free(all[i].stack);
    }
    free(all);
    return REDISMODULE_OK;
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    if (RedisModule_Init(ctx, "coroutines", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR) return REDISMODULE_ERR;
    return RedisModule_CreateCommand(ctx, "coroutines.run", run, "write", 0, 0, 0);
}
