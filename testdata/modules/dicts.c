/* Dictionaries through the module interface: one of them, with an iterator that
 * stays, and one that a thread has for itself. */
#include "redismodule.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static RedisModuleDict *dict;
static RedisModuleDictIter *iter;

static void *number(RedisModuleString *s) {
    long long n = 0;
    RedisModule_StringToLongLong(s, &n);
    return (void *)(size_t)n;
}

/* With a name that ends in c the key is passed as a buffer, as a string otherwise. */
static int buffered(RedisModuleString **argv) {
    size_t n;
    const char *name = RedisModule_StringPtrLen(argv[0], &n);
    return name[n - 1] == 'c';
}

static void *bytes(RedisModuleString *s, size_t *n) { return (void *)RedisModule_StringPtrLen(s, n); }

/* dicts.set[c], dicts.replace[c] KEY NUMBER */
static int put(RedisModuleCtx *ctx, RedisModuleString **argv, int argc, int replace) {
    if (argc != 3) return RedisModule_WrongArity(ctx);
    size_t n;
    void *key = bytes(argv[1], &n), *value = number(argv[2]);
    int got;
    if (buffered(argv))
        got = replace ? RedisModule_DictReplaceC(dict, key, n, value) : RedisModule_DictSetC(dict, key, n, value);
    else
        got = replace ? RedisModule_DictReplace(dict, argv[1], value) : RedisModule_DictSet(dict, argv[1], value);
    return RedisModule_ReplyWithLongLong(ctx, got);
}

static int set(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) { return put(ctx, argv, argc, 0); }
static int replace(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) { return put(ctx, argv, argc, 1); }

/* dicts.get[c] KEY: the value, and whether there is none. */
static int get(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 2) return RedisModule_WrongArity(ctx);
    size_t n;
    int nokey = 7;
    void *key = bytes(argv[1], &n);
    void *v = buffered(argv) ? RedisModule_DictGetC(dict, key, n, &nokey) : RedisModule_DictGet(dict, argv[1], &nokey);
    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ReplyWithLongLong(ctx, (long long)(size_t)v);
    return RedisModule_ReplyWithLongLong(ctx, nokey);
}

/* dicts.del[c] KEY: what was returned, the old value, how many keys are left. */
static int del(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 2) return RedisModule_WrongArity(ctx);
    size_t n;
    void *key = bytes(argv[1], &n), *old = NULL;
    int got = buffered(argv) ? RedisModule_DictDelC(dict, key, n, &old) : RedisModule_DictDel(dict, argv[1], &old);
    RedisModule_ReplyWithArray(ctx, 3);
    RedisModule_ReplyWithLongLong(ctx, got);
    RedisModule_ReplyWithLongLong(ctx, (long long)(size_t)old);
    return RedisModule_ReplyWithLongLong(ctx, (long long)RedisModule_DictSize(dict));
}

/* dicts.seek[c] OPERATOR KEY: what a new iterator or, with one, reseeking answers. */
static int seek(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 3) return RedisModule_WrongArity(ctx);
    size_t n;
    const char *op = RedisModule_StringPtrLen(argv[1], NULL);
    void *key = bytes(argv[2], &n);
    if (iter) {
        int got = buffered(argv) ? RedisModule_DictIteratorReseekC(iter, op, key, n)
                                 : RedisModule_DictIteratorReseek(iter, op, argv[2]);
        return RedisModule_ReplyWithLongLong(ctx, got);
    }
    iter = buffered(argv) ? RedisModule_DictIteratorStartC(dict, op, key, n)
                          : RedisModule_DictIteratorStart(dict, op, argv[2]);
    return RedisModule_ReplyWithSimpleString(ctx, iter ? "started" : "none");
}

/* dicts.step[c] COUNT: keys and values, forward, or backward below zero. */
static int step(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 2) return RedisModule_WrongArity(ctx);
    long long count = (long long)(size_t)number(argv[1]);
    int back = count < 0;
    if (back) count = -count;
    RedisModule_ReplyWithArray(ctx, 2 * count);
    while (count-- > 0) {
        void *value = (void *)99;
        if (buffered(argv)) {
            size_t n = 99;
            char *key = back ? RedisModule_DictPrevC(iter, &n, &value) : RedisModule_DictNextC(iter, &n, &value);
            if (key) RedisModule_ReplyWithStringBuffer(ctx, key, n);
            else RedisModule_ReplyWithNull(ctx);
        } else {
            RedisModuleString *key = back ? RedisModule_DictPrev(ctx, iter, &value) : RedisModule_DictNext(ctx, iter, &value);
            if (key) {
                RedisModule_ReplyWithString(ctx, key);
                RedisModule_FreeString(ctx, key);
            } else {
                RedisModule_ReplyWithNull(ctx);
            }
        }
        RedisModule_ReplyWithLongLong(ctx, (long long)(size_t)value);
    }
    return REDISMODULE_OK;
}

/* dicts.compare[c] OPERATOR KEY */
static int compare(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 3) return RedisModule_WrongArity(ctx);
    size_t n;
    const char *op = RedisModule_StringPtrLen(argv[1], NULL);
    void *key = bytes(argv[2], &n);
    return RedisModule_ReplyWithLongLong(ctx, buffered(argv) ? RedisModule_DictCompareC(iter, op, key, n)
                                                             : RedisModule_DictCompare(iter, op, argv[2]));
}

/* dicts.stop: ends the iterator; dicts.free: and the dictionary, for a new one. */
static int stop(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv), REDISMODULE_NOT_USED(argc);
    if (iter) RedisModule_DictIteratorStop(iter);
    iter = NULL;
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

static int renew(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    RedisModule_FreeDict(NULL, dict);
    dict = RedisModule_CreateDict(NULL);
    return stop(ctx, argv, argc);
}

/* dicts.sweep: deletes every key by the pointer that the iterator gave, which is
 * set upon the next key after that. */
static int sweep(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv), REDISMODULE_NOT_USED(argc);
    RedisModuleDictIter *it = RedisModule_DictIteratorStartC(dict, "^", NULL, 0);
    size_t n;
    char *key;
    long long count = 0;
    while ((key = RedisModule_DictNextC(it, &n, NULL)) != NULL) {
        char copy[1000];
        if (n > sizeof copy) n = sizeof copy;
        memcpy(copy, key, n);
        if (RedisModule_DictDelC(dict, key, n, NULL) == REDISMODULE_OK) count++;
        RedisModule_DictIteratorReseekC(it, ">", copy, n);
    }
    RedisModule_DictIteratorStop(it);
    return RedisModule_ReplyWithLongLong(ctx, count);
}

/* alone fills a dictionary, walks over it and empties it, and returns how much of
 * that went as it should. */
static long long alone(long long n) {
    RedisModuleDict *d = RedisModule_CreateDict(NULL);
    long long good = 0;
    char key[32];
    for (long long i = 0; i < n; i++) {
        int len = snprintf(key, sizeof key, "%lld", i);
        good += RedisModule_DictSetC(d, key, len, (void *)(size_t)i) == REDISMODULE_OK;
    }
    RedisModuleDictIter *it = RedisModule_DictIteratorStartC(d, "^", NULL, 0);
    size_t len;
    void *value;
    char *at;
    while ((at = RedisModule_DictNextC(it, &len, &value)) != NULL) {
        snprintf(key, sizeof key, "%lld", (long long)(size_t)value);
        good += strlen(key) == len && memcmp(key, at, len) == 0;
    }
    RedisModule_DictIteratorStop(it);
    for (long long i = 0; i < n; i += 2) {
        int len = snprintf(key, sizeof key, "%lld", i);
        good += RedisModule_DictDelC(d, key, len, &value) == REDISMODULE_OK && value == (void *)(size_t)i;
    }
    good += (long long)RedisModule_DictSize(d) == n / 2;
    RedisModule_FreeDict(NULL, d);
    return good;
}

static void *threaded(void *count) {
    long long *n = count;
    *n = alone(*n);
    return NULL;
}

/* dicts.alone THREADS COUNT: what each of some threads, without any lock, and the
 * command beside them make of dictionaries of their own. */
static int beside(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 3) return RedisModule_WrongArity(ctx);
    long long threads = (long long)(size_t)number(argv[1]), n = (long long)(size_t)number(argv[2]), counts[8];
    pthread_t t[8];
    if (threads > 8) threads = 8;
    for (int i = 0; i < threads; i++) {
        counts[i] = n;
        if (pthread_create(&t[i], NULL, threaded, &counts[i])) return RedisModule_ReplyWithError(ctx, "ERR no thread");
    }
    RedisModule_ReplyWithArray(ctx, threads + 1);
    RedisModule_ReplyWithLongLong(ctx, alone(n));
    for (int i = 0; i < threads; i++) {
        pthread_join(t[i], NULL);
        RedisModule_ReplyWithLongLong(ctx, counts[i]);
    }
    return REDISMODULE_OK;
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv), REDISMODULE_NOT_USED(argc);
    if (RedisModule_Init(ctx, "dicts", 1, REDISMODULE_APIVER_1)) return REDISMODULE_ERR;
    static const struct {
        const char *name;
        RedisModuleCmdFunc run;
    } commands[] = {
        {"dicts.set", set},         {"dicts.setc", set},         {"dicts.replace", replace}, {"dicts.replacec", replace},
        {"dicts.get", get},         {"dicts.getc", get},         {"dicts.del", del},         {"dicts.delc", del},
        {"dicts.seek", seek},       {"dicts.seekc", seek},       {"dicts.step", step},       {"dicts.stepc", step},
        {"dicts.compare", compare}, {"dicts.comparec", compare}, {"dicts.stop", stop},       {"dicts.free", renew},
        {"dicts.sweep", sweep},     {"dicts.alone", beside},
    };
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (RedisModule_CreateCommand(ctx, commands[i].name, commands[i].run, "", 0, 0, 0)) return REDISMODULE_ERR;
    dict = RedisModule_CreateDict(NULL);
    return REDISMODULE_OK;
}
