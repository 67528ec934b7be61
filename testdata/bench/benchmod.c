/* benchmod: what `make bench` loads into both servers.
 *
 *   bench.one            replies one integer
 *   bench.ten            replies ten integers
 *   bench.list           replies the names that bench.api takes
 *   bench.api NAME N     does one module call (or one pair of calls) N times and replies [whatever it replied, nanoseconds]
 *
 * The loops run inside the module, so what they time is the calls and nothing of the command around them. A call that the
 * server does not have is a NULL pointer; bench.api answers with an error that names it. */

#include "redismodule.h"

#include <string.h>
#include <strings.h>
#include <time.h>

static long long nanotime(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* TIMED is the nanoseconds that n times the statement takes. */
#define TIMED(n, statement)                             \
    ({                                                  \
        long long from_ = nanotime();                   \
        for (long long i = 0; i < (n); i++) statement;  \
        nanotime() - from_;                             \
    })

/* Values that calls return are put here, so that the compiler has to make them. */
static volatile long long sink;

/* ---- replies: n of them, into an array that is already open ---- */

static long long replyLongLong(RedisModuleCtx *ctx, long long n) {
    return TIMED(n, RedisModule_ReplyWithLongLong(ctx, i & 7));
}

static long long replyNull(RedisModuleCtx *ctx, long long n) {
    return TIMED(n, RedisModule_ReplyWithNull(ctx));
}

static long long replyEmptyArray(RedisModuleCtx *ctx, long long n) {
    return TIMED(n, RedisModule_ReplyWithArray(ctx, 0));
}

static long long replySimpleString(RedisModuleCtx *ctx, long long n) {
    return TIMED(n, RedisModule_ReplyWithSimpleString(ctx, "OK"));
}

static long long replyStringBuffer(RedisModuleCtx *ctx, long long n) {
    return TIMED(n, RedisModule_ReplyWithStringBuffer(ctx, "0123456789abcdef", 16));
}

static long long replyDouble(RedisModuleCtx *ctx, long long n) {
    return TIMED(n, RedisModule_ReplyWithDouble(ctx, 3.25));
}

static long long replyString(RedisModuleCtx *ctx, long long n) {
    RedisModuleString *s = RedisModule_CreateString(ctx, "0123456789abcdef", 16);
    long long ns = TIMED(n, RedisModule_ReplyWithString(ctx, s));
    RedisModule_FreeString(ctx, s);
    return ns;
}

/* ---- accessors ---- */

static long long stringPtrLen(RedisModuleCtx *ctx, long long n) {
    size_t len;
    RedisModuleString *s = RedisModule_CreateString(ctx, "0123456789abcdef", 16);
    long long ns = TIMED(n, sink = RedisModule_StringPtrLen(s, &len)[0]);
    RedisModule_FreeString(ctx, s);
    return ns;
}

static long long stringToLongLong(RedisModuleCtx *ctx, long long n) {
    long long v = 0;
    RedisModuleString *s = RedisModule_CreateString(ctx, "123456", 6);
    long long ns = TIMED(n, { RedisModule_StringToLongLong(s, &v); sink = v; });
    RedisModule_FreeString(ctx, s);
    return ns;
}

static long long selectedDb(RedisModuleCtx *ctx, long long n) {
    return TIMED(n, sink = RedisModule_GetSelectedDb(ctx));
}

static long long clientId(RedisModuleCtx *ctx, long long n) {
    return TIMED(n, sink = (long long)RedisModule_GetClientId(ctx));
}

static long long contextFlags(RedisModuleCtx *ctx, long long n) {
    return TIMED(n, sink = RedisModule_GetContextFlags(ctx));
}

static long long milliseconds(RedisModuleCtx *ctx, long long n) {
    (void)ctx;
    return TIMED(n, sink = RedisModule_Milliseconds());
}

/* ---- memory and strings ---- */

static long long allocFree(RedisModuleCtx *ctx, long long n) {
    (void)ctx;
    return TIMED(n, RedisModule_Free(RedisModule_Alloc(64)));
}

static long long createFreeString(RedisModuleCtx *ctx, long long n) {
    return TIMED(n, RedisModule_FreeString(ctx, RedisModule_CreateString(ctx, "0123456789abcdef", 16)));
}

static long long createFreeNumber(RedisModuleCtx *ctx, long long n) {
    return TIMED(n, RedisModule_FreeString(ctx, RedisModule_CreateStringFromLongLong(ctx, 1234567890 + i)));
}

static long long createFreePrintf(RedisModuleCtx *ctx, long long n) {
    return TIMED(n, RedisModule_FreeString(ctx, RedisModule_CreateStringPrintf(ctx, "%s:%d", "user", (int)i)));
}

static long long retainFree(RedisModuleCtx *ctx, long long n) {
    RedisModuleString *s = RedisModule_CreateString(ctx, "0123456789abcdef", 16);
    long long ns = TIMED(n, { RedisModule_RetainString(ctx, s); RedisModule_FreeString(ctx, s); });
    RedisModule_FreeString(ctx, s);
    return ns;
}

/* ---- keys ---- */

static const char stringKey[] = "bench:string", missingKey[] = "bench:missing", listKey[] = "bench:list";

static RedisModuleString *name(RedisModuleCtx *ctx, const char *s) {
    return RedisModule_CreateString(ctx, s, strlen(s));
}

/* putString makes sure that bench:string holds a string of 16 bytes. */
static void putString(RedisModuleCtx *ctx, RedisModuleString *k) {
    RedisModuleString *v = name(ctx, "0123456789abcdef");
    RedisModuleKey *key = RedisModule_OpenKey(ctx, k, REDISMODULE_WRITE);
    RedisModule_StringSet(key, v);
    RedisModule_CloseKey(key);
    RedisModule_FreeString(ctx, v);
}

static long long openMissing(RedisModuleCtx *ctx, long long n) {
    RedisModuleString *k = name(ctx, missingKey);
    long long ns = TIMED(n, RedisModule_CloseKey(RedisModule_OpenKey(ctx, k, REDISMODULE_READ)));
    RedisModule_FreeString(ctx, k);
    return ns;
}

static long long openClose(RedisModuleCtx *ctx, long long n) {
    RedisModuleString *k = name(ctx, stringKey);
    putString(ctx, k);
    long long ns = TIMED(n, RedisModule_CloseKey(RedisModule_OpenKey(ctx, k, REDISMODULE_READ)));
    RedisModule_FreeString(ctx, k);
    return ns;
}

static long long keyType(RedisModuleCtx *ctx, long long n) {
    RedisModuleString *k = name(ctx, stringKey);
    putString(ctx, k);
    RedisModuleKey *key = RedisModule_OpenKey(ctx, k, REDISMODULE_READ);
    long long ns = TIMED(n, sink = RedisModule_KeyType(key));
    RedisModule_CloseKey(key);
    RedisModule_FreeString(ctx, k);
    return ns;
}

static long long stringDMA(RedisModuleCtx *ctx, long long n) {
    size_t len;
    RedisModuleString *k = name(ctx, stringKey);
    putString(ctx, k);
    RedisModuleKey *key = RedisModule_OpenKey(ctx, k, REDISMODULE_READ);
    long long ns = TIMED(n, sink = RedisModule_StringDMA(key, &len, REDISMODULE_READ)[0]);
    RedisModule_CloseKey(key);
    RedisModule_FreeString(ctx, k);
    return ns;
}

static long long stringSet(RedisModuleCtx *ctx, long long n) {
    RedisModuleString *k = name(ctx, stringKey), *v = name(ctx, "fedcba9876543210");
    RedisModuleKey *key = RedisModule_OpenKey(ctx, k, REDISMODULE_WRITE);
    long long ns = TIMED(n, RedisModule_StringSet(key, v));
    RedisModule_CloseKey(key);
    RedisModule_FreeString(ctx, k);
    RedisModule_FreeString(ctx, v);
    return ns;
}

static long long listPushPop(RedisModuleCtx *ctx, long long n) {
    RedisModuleString *k = name(ctx, listKey), *v = name(ctx, "0123456789abcdef");
    RedisModuleKey *key = RedisModule_OpenKey(ctx, k, REDISMODULE_WRITE);
    RedisModule_ListPush(key, REDISMODULE_LIST_TAIL, v); /* the list never becomes empty, so the key stays */
    long long ns = TIMED(n, {
        RedisModule_ListPush(key, REDISMODULE_LIST_TAIL, v);
        RedisModule_FreeString(ctx, RedisModule_ListPop(key, REDISMODULE_LIST_HEAD));
    });
    RedisModule_FreeString(ctx, RedisModule_ListPop(key, REDISMODULE_LIST_HEAD));
    RedisModule_CloseKey(key);
    RedisModule_FreeString(ctx, k);
    RedisModule_FreeString(ctx, v);
    return ns;
}

static const char hashKey[] = "bench:hash", zsetKey[] = "bench:zset";

/* members writes the name of the nth of a thousand members. */
static RedisModuleString *member(RedisModuleCtx *ctx, int n) {
    return RedisModule_CreateStringPrintf(ctx, "member:%03d", n);
}

/* hashOpened is a hash of a thousand fields, open for reading and writing. */
static RedisModuleKey *hashOpened(RedisModuleCtx *ctx) {
    RedisModuleString *k = name(ctx, hashKey);
    RedisModuleKey *key = RedisModule_OpenKey(ctx, k, REDISMODULE_READ | REDISMODULE_WRITE);
    for (int i = 0; i < 1000; i++) {
        RedisModuleString *f = member(ctx, i);
        RedisModule_HashSet(key, REDISMODULE_HASH_NONE, f, f, NULL);
        RedisModule_FreeString(ctx, f);
    }
    RedisModule_FreeString(ctx, k);
    return key;
}

static long long hashGet(RedisModuleCtx *ctx, long long n) {
    RedisModuleKey *key = hashOpened(ctx);
    RedisModuleString *f = member(ctx, 500), *v;
    long long ns = TIMED(n, {
        RedisModule_HashGet(key, REDISMODULE_HASH_NONE, f, &v, NULL);
        RedisModule_FreeString(ctx, v);
    });
    RedisModule_FreeString(ctx, f);
    RedisModule_CloseKey(key);
    return ns;
}

static long long hashSet(RedisModuleCtx *ctx, long long n) {
    RedisModuleKey *key = hashOpened(ctx);
    RedisModuleString *f = member(ctx, 500);
    long long ns = TIMED(n, RedisModule_HashSet(key, REDISMODULE_HASH_NONE, f, f, NULL));
    RedisModule_FreeString(ctx, f);
    RedisModule_CloseKey(key);
    return ns;
}

/* zsetOpened is a sorted set of a thousand members, open for reading and writing. */
static RedisModuleKey *zsetOpened(RedisModuleCtx *ctx) {
    RedisModuleString *k = name(ctx, zsetKey);
    RedisModuleKey *key = RedisModule_OpenKey(ctx, k, REDISMODULE_READ | REDISMODULE_WRITE);
    for (int i = 0; i < 1000; i++) {
        RedisModuleString *m = member(ctx, i);
        RedisModule_ZsetAdd(key, i, m, NULL);
        RedisModule_FreeString(ctx, m);
    }
    RedisModule_FreeString(ctx, k);
    return key;
}

static long long zsetScore(RedisModuleCtx *ctx, long long n) {
    RedisModuleKey *key = zsetOpened(ctx);
    RedisModuleString *m = member(ctx, 500);
    double score = 0;
    long long ns = TIMED(n, { RedisModule_ZsetScore(key, m, &score); sink = (long long)score; });
    RedisModule_FreeString(ctx, m);
    RedisModule_CloseKey(key);
    return ns;
}

static long long zsetAdd(RedisModuleCtx *ctx, long long n) {
    RedisModuleKey *key = zsetOpened(ctx);
    RedisModuleString *m = member(ctx, 500);
    long long ns = TIMED(n, RedisModule_ZsetAdd(key, i % 1000, m, NULL));
    RedisModule_FreeString(ctx, m);
    RedisModule_CloseKey(key);
    return ns;
}

/* ---- calling commands ---- */

static long long callGet(RedisModuleCtx *ctx, long long n) {
    RedisModuleString *k = name(ctx, stringKey);
    putString(ctx, k);
    long long ns = TIMED(n, RedisModule_FreeCallReply(RedisModule_Call(ctx, "GET", "s", k)));
    RedisModule_FreeString(ctx, k);
    return ns;
}

static long long callSet(RedisModuleCtx *ctx, long long n) {
    return TIMED(n, RedisModule_FreeCallReply(RedisModule_Call(ctx, "SET", "cc", stringKey, "0123456789abcdef")));
}

static long long callEcho(RedisModuleCtx *ctx, long long n) {
    return TIMED(n, RedisModule_FreeCallReply(RedisModule_Call(ctx, "ECHO", "l", i)));
}

/* ---- dictionaries ---- */

static long long dictCreateFree(RedisModuleCtx *ctx, long long n) {
    return TIMED(n, RedisModule_FreeDict(ctx, RedisModule_CreateDict(ctx)));
}

/* filled is a dictionary with the 1,000 keys k000 to k999. */
static RedisModuleDict *filled(RedisModuleCtx *ctx) {
    RedisModuleDict *d = RedisModule_CreateDict(ctx);
    char k[4] = "k";
    for (int i = 0; i < 1000; i++) {
        k[1] = '0' + i / 100, k[2] = '0' + i / 10 % 10, k[3] = '0' + i % 10;
        RedisModule_DictReplaceC(d, k, 4, (void *)(size_t)(i + 1));
    }
    return d;
}

static long long dictGet(RedisModuleCtx *ctx, long long n) {
    RedisModuleDict *d = filled(ctx);
    long long ns = TIMED(n, sink = (long long)(size_t)RedisModule_DictGetC(d, "k500", 4, NULL));
    RedisModule_FreeDict(ctx, d);
    return ns;
}

static long long dictReplace(RedisModuleCtx *ctx, long long n) {
    RedisModuleDict *d = filled(ctx);
    long long ns = TIMED(n, RedisModule_DictReplaceC(d, "k500", 4, d));
    RedisModule_FreeDict(ctx, d);
    return ns;
}

static long long dictSetDel(RedisModuleCtx *ctx, long long n) {
    RedisModuleDict *d = filled(ctx);
    long long ns = TIMED(n, { RedisModule_DictSetC(d, "x", 1, d); RedisModule_DictDelC(d, "x", 1, NULL); });
    RedisModule_FreeDict(ctx, d);
    return ns;
}

static long long dictNext(RedisModuleCtx *ctx, long long n) {
    RedisModuleDict *d = filled(ctx);
    RedisModuleDictIter *it = RedisModule_DictIteratorStartC(d, "^", NULL, 0);
    size_t len;
    long long ns = TIMED(n, {
        if (RedisModule_DictNextC(it, &len, NULL) == NULL) RedisModule_DictIteratorReseekC(it, "^", NULL, 0);
    });
    RedisModule_DictIteratorStop(it);
    RedisModule_FreeDict(ctx, d);
    return ns;
}

/* ---- timers ---- */

static void never(RedisModuleCtx *ctx, void *data) { (void)ctx, (void)data; }

static long long timerCreateStop(RedisModuleCtx *ctx, long long n) {
    return TIMED(n, RedisModule_StopTimer(ctx, RedisModule_CreateTimer(ctx, 3600000, never, NULL), NULL));
}

/* ---- the table ---- */

typedef struct {
    const char *name;
    void *const *address; /* of the function pointer that the header declares */
} need;

typedef struct {
    const char *name;
    int replies; /* the loop itself writes n replies */
    long long (*run)(RedisModuleCtx *ctx, long long n);
    need needs[5]; /* ends at the first without a name */
} apiCase;

#define N(f) {#f, (void *const *)&RedisModule_##f}

static const apiCase cases[] = {
    {"ReplyWithLongLong", 1, replyLongLong, {N(ReplyWithLongLong)}},
    {"ReplyWithNull", 1, replyNull, {N(ReplyWithNull)}},
    {"ReplyWithArray", 1, replyEmptyArray, {N(ReplyWithArray)}},
    {"ReplyWithSimpleString", 1, replySimpleString, {N(ReplyWithSimpleString)}},
    {"ReplyWithStringBuffer", 1, replyStringBuffer, {N(ReplyWithStringBuffer)}},
    {"ReplyWithString", 1, replyString, {N(ReplyWithString), N(CreateString), N(FreeString)}},
    {"ReplyWithDouble", 1, replyDouble, {N(ReplyWithDouble)}},
    {"StringPtrLen", 0, stringPtrLen, {N(StringPtrLen), N(CreateString), N(FreeString)}},
    {"StringToLongLong", 0, stringToLongLong, {N(StringToLongLong), N(CreateString), N(FreeString)}},
    {"GetSelectedDb", 0, selectedDb, {N(GetSelectedDb)}},
    {"GetClientId", 0, clientId, {N(GetClientId)}},
    {"GetContextFlags", 0, contextFlags, {N(GetContextFlags)}},
    {"Milliseconds", 0, milliseconds, {N(Milliseconds)}},
    {"Alloc+Free", 0, allocFree, {N(Alloc), N(Free)}},
    {"CreateString+FreeString", 0, createFreeString, {N(CreateString), N(FreeString)}},
    {"CreateStringFromLongLong+FreeString", 0, createFreeNumber, {N(CreateStringFromLongLong), N(FreeString)}},
    {"CreateStringPrintf+FreeString", 0, createFreePrintf, {N(CreateStringPrintf), N(FreeString)}},
    {"RetainString+FreeString", 0, retainFree, {N(RetainString), N(CreateString), N(FreeString)}},
    {"OpenKey+CloseKey (missing)", 0, openMissing, {N(OpenKey), N(CloseKey)}},
    {"OpenKey+CloseKey", 0, openClose, {N(OpenKey), N(CloseKey), N(StringSet)}},
    {"KeyType", 0, keyType, {N(KeyType), N(OpenKey), N(CloseKey), N(StringSet)}},
    {"StringDMA", 0, stringDMA, {N(StringDMA), N(OpenKey), N(CloseKey), N(StringSet)}},
    {"StringSet", 0, stringSet, {N(StringSet), N(OpenKey), N(CloseKey)}},
    {"ListPush+ListPop+FreeString", 0, listPushPop, {N(ListPush), N(ListPop), N(OpenKey), N(CloseKey)}},
    {"HashGet+FreeString", 0, hashGet, {N(HashGet), N(HashSet), N(OpenKey), N(CloseKey)}},
    {"HashSet", 0, hashSet, {N(HashSet), N(OpenKey), N(CloseKey)}},
    {"ZsetScore", 0, zsetScore, {N(ZsetScore), N(ZsetAdd), N(OpenKey), N(CloseKey)}},
    {"ZsetAdd", 0, zsetAdd, {N(ZsetAdd), N(OpenKey), N(CloseKey)}},
    {"Call GET+FreeCallReply", 0, callGet, {N(Call), N(FreeCallReply), N(OpenKey), N(StringSet)}},
    {"Call SET+FreeCallReply", 0, callSet, {N(Call), N(FreeCallReply)}},
    {"Call ECHO+FreeCallReply", 0, callEcho, {N(Call), N(FreeCallReply)}},
    {"CreateDict+FreeDict", 0, dictCreateFree, {N(CreateDict), N(FreeDict)}},
    {"DictGetC", 0, dictGet, {N(DictGetC), N(CreateDict), N(FreeDict), N(DictReplaceC)}},
    {"DictReplaceC", 0, dictReplace, {N(DictReplaceC), N(CreateDict), N(FreeDict)}},
    {"DictSetC+DictDelC", 0, dictSetDel, {N(DictSetC), N(DictDelC), N(CreateDict), N(FreeDict), N(DictReplaceC)}},
    {"DictNextC", 0, dictNext,
     {N(DictNextC), N(DictIteratorStartC), N(DictIteratorReseekC), N(DictIteratorStop), N(DictReplaceC)}},
    {"CreateTimer+StopTimer", 0, timerCreateStop, {N(CreateTimer), N(StopTimer)}},
};

enum { ncases = sizeof cases / sizeof *cases };

static int cmdOne(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    (void)argv, (void)argc;
    return RedisModule_ReplyWithLongLong(ctx, 1);
}

static int cmdTen(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    (void)argv, (void)argc;
    RedisModule_ReplyWithArray(ctx, 10);
    for (int i = 0; i < 10; i++) RedisModule_ReplyWithLongLong(ctx, i);
    return REDISMODULE_OK;
}

static int cmdList(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    (void)argv, (void)argc;
    RedisModule_ReplyWithArray(ctx, ncases);
    for (int i = 0; i < ncases; i++) RedisModule_ReplyWithSimpleString(ctx, cases[i].name);
    return REDISMODULE_OK;
}

static int cmdApi(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 3) return RedisModule_WrongArity(ctx);
    long long n;
    if (RedisModule_StringToLongLong(argv[2], &n) != REDISMODULE_OK || n < 1)
        return RedisModule_ReplyWithError(ctx, "ERR the count is not a positive number");
    const char *wanted = RedisModule_StringPtrLen(argv[1], NULL);
    for (const apiCase *c = cases; c < cases + ncases; c++) {
        if (strcasecmp(c->name, wanted) != 0) continue;
        for (int i = 0; i < 5 && c->needs[i].name; i++) {
            if (*c->needs[i].address != NULL) continue;
            char text[100] = "ERR the server has no RedisModule_";
            strncat(text, c->needs[i].name, sizeof text - strlen(text) - 1);
            return RedisModule_ReplyWithError(ctx, text);
        }
        RedisModule_ReplyWithArray(ctx, 2);
        if (c->replies) RedisModule_ReplyWithArray(ctx, n);
        long long ns = c->run(ctx, n);
        if (!c->replies) RedisModule_ReplyWithNull(ctx);
        return RedisModule_ReplyWithLongLong(ctx, ns);
    }
    return RedisModule_ReplyWithError(ctx, "ERR no such case, see bench.list");
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    (void)argv, (void)argc;
    if (RedisModule_Init(ctx, "bench", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR) return REDISMODULE_ERR;
    if (RedisModule_CreateCommand(ctx, "bench.one", cmdOne, "fast", 0, 0, 0) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "bench.ten", cmdTen, "fast", 0, 0, 0) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "bench.list", cmdList, "fast", 0, 0, 0) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "bench.api", cmdApi, "write", 0, 0, 0) == REDISMODULE_ERR)
        return REDISMODULE_ERR;
    return REDISMODULE_OK;
}
