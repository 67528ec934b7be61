/* A module that hears of everything, keeps a log of it that EV.LOG gives, and
 * does to the key of each event what EV.REACT said: delete it under the feet of
 * the command that caused the event, put something else in its place, and so
 * on. */
#include "redismodule.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAXLOG 20000
#define UNUSED(x) REDISMODULE_NOT_USED(x)

static char *lines[MAXLOG];
static int used;
static char react[32];
static int what = ~0;

static void say(const char *fmt, ...) {
    char buf[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(buf, sizeof(buf), fmt, ap);
    va_end(ap);
    if (used < MAXLOG) lines[used++] = strdup(buf);
}

/* call runs a command on a key and forgets the reply. */
static void call(RedisModuleCtx *ctx, const char *cmd, RedisModuleString *key, const char *a, const char *b) {
    const char *fmt = !a ? "s" : !b ? "sc" : "scc";
    RedisModuleCallReply *r = RedisModule_Call(ctx, cmd, fmt, key, a, b);
    if (r) RedisModule_FreeCallReply(r);
}

static void forget(void *pd) { free(pd); }

static void job(RedisModuleCtx *ctx, void *pd) {
    say("job %s db %d", (char *)pd, RedisModule_GetSelectedDb(ctx));
    RedisModuleCallReply *r = RedisModule_Call(ctx, "INCR", "c", "jobs");
    if (r) RedisModule_FreeCallReply(r);
}

/* act does what EV.REACT said. */
static void act(RedisModuleCtx *ctx, RedisModuleString *key) {
    if (!strcmp(react, "del")) call(ctx, "DEL", key, NULL, NULL);
    if (!strcmp(react, "unlink")) call(ctx, "UNLINK", key, NULL, NULL);
    if (!strcmp(react, "set")) call(ctx, "SET", key, "overwritten by the module with something that is not short at all", NULL);
    if (!strcmp(react, "list")) {
        call(ctx, "DEL", key, NULL, NULL);
        call(ctx, "RPUSH", key, "a", "b");
    }
    if (!strcmp(react, "append")) call(ctx, "APPEND", key, "0123456789012345678901234567890123456789012345678901234567890123456789", NULL);
    if (!strcmp(react, "expire")) call(ctx, "PEXPIRE", key, "100000", NULL);
    if (!strcmp(react, "gone")) call(ctx, "PEXPIREAT", key, "1", NULL);
    if (!strcmp(react, "rename")) call(ctx, "RENAME", key, "elsewhere", NULL);
    if (!strcmp(react, "flush") || !strcmp(react, "fill")) {
        RedisModuleCallReply *r = RedisModule_Call(ctx, "FLUSHALL", "");
        if (r) RedisModule_FreeCallReply(r);
    }
    if (!strcmp(react, "fill")) {
        for (int j = 0; j < 500; j++) {
            char name[32];
            snprintf(name, sizeof(name), "fill:%d", j);
            RedisModuleCallReply *r = RedisModule_Call(ctx, "SET", "cc", name, "a value that fills what was free");
            if (r) RedisModule_FreeCallReply(r);
        }
    }
    if (!strcmp(react, "other") && strcmp(RedisModule_StringPtrLen(key, NULL), "other")) {
        RedisModuleCallReply *r = RedisModule_Call(ctx, "SET", "cc", "other", "v");
        if (r) RedisModule_FreeCallReply(r);
    }
    if (!strcmp(react, "delkey")) {
        RedisModuleKey *k = RedisModule_OpenKey(ctx, key, REDISMODULE_WRITE);
        RedisModule_DeleteKey(k);
        RedisModule_CloseKey(k);
    }
    /* A job that causes the event that adds it would never end. */
    if (!strcmp(react, "job") && RedisModule_AddPostNotificationJob && strcmp(RedisModule_StringPtrLen(key, NULL), "jobs"))
        RedisModule_AddPostNotificationJob(ctx, job, strdup(RedisModule_StringPtrLen(key, NULL)), forget);
}

static int onKey(RedisModuleCtx *ctx, int type, const char *event, RedisModuleString *key) {
    say("%s %s type %d db %d", event, RedisModule_StringPtrLen(key, NULL), type, RedisModule_GetSelectedDb(ctx));
    act(ctx, key);
    return REDISMODULE_OK;
}

static void onServer(RedisModuleCtx *ctx, RedisModuleEvent e, uint64_t sub, void *data) {
    switch (e.id) {
    case REDISMODULE_EVENT_FLUSHDB: {
        RedisModuleFlushInfo *i = data;
        say("flush %d version %d sync %d db %d selected %d", (int)sub, (int)i->version, i->sync, i->dbnum, RedisModule_GetSelectedDb(ctx));
        break;
    }
    case REDISMODULE_EVENT_CLIENT_CHANGE: {
        RedisModuleClientInfo *i = data;
        if (sub && !strcmp(react, "kill")) {
            RedisModuleCallReply *r = RedisModule_Call(ctx, "CLIENT", "ccc", "KILL", "SKIPME", "yes");
            if (r) RedisModule_FreeCallReply(r);
        }
        say("client %s version %d same %d flags %d", sub ? "gone" : "here", (int)i->version, i->id == RedisModule_GetClientId(ctx), (int)i->flags);
        break;
    }
    case REDISMODULE_EVENT_SHUTDOWN:
        RedisModule_Log(ctx, "warning", "events: the end");
        break;
    case REDISMODULE_EVENT_CRON_LOOP: {
        RedisModuleCronLoop *i = data;
        say("cron %d", i->hz);
        break;
    }
    case REDISMODULE_EVENT_MODULE_CHANGE: {
        RedisModuleModuleChange *i = data;
        say("module %s %s %d", sub ? "unloaded" : "loaded", i->module_name, i->module_version);
        break;
    }
    case REDISMODULE_EVENT_SWAPDB: {
        RedisModuleSwapDbInfo *i = data;
        say("swap %d %d", i->dbnum_first, i->dbnum_second);
        break;
    }
    case REDISMODULE_EVENT_CONFIG: {
        RedisModuleConfigChange *i = data;
        say("config %d %s", (int)i->num_changes, i->config_names[i->num_changes - 1]);
        break;
    }
    case REDISMODULE_EVENT_EVENTLOOP:
        what |= 1 << (16 + sub);
        break;
    case REDISMODULE_EVENT_KEY: {
        static const char *subs[] = {"deleted", "expired", "evicted", "overwritten"};
        RedisModuleKeyInfo *i = data;
        RedisModuleString *name = (RedisModuleString *)RedisModule_GetKeyNameFromModuleKey(i->key);
        size_t len;
        char *s = RedisModule_StringDMA(i->key, &len, REDISMODULE_READ);
        say("key %s %s type %d length %d text %.*s db %d", RedisModule_StringPtrLen(name, NULL), subs[sub], RedisModule_KeyType(i->key),
            (int)RedisModule_ValueLength(i->key), s ? (int)len : 0, s ? s : "", RedisModule_GetDbIdFromModuleKey(i->key));
        act(ctx, name);
        break;
    }
    }
}

static int cmdLog(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    UNUSED(argv);
    UNUSED(argc);
    RedisModule_ReplyWithArray(ctx, used);
    for (int j = 0; j < used; j++) {
        RedisModule_ReplyWithCString(ctx, lines[j]);
        free(lines[j]);
    }
    used = 0;
    return REDISMODULE_OK;
}

static int cmdReact(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 2) return RedisModule_WrongArity(ctx);
    snprintf(react, sizeof(react), "%s", RedisModule_StringPtrLen(argv[1], NULL));
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

/* EV.NOTIFY type event key */
static int cmdNotify(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    long long type;
    if (argc != 4 || RedisModule_StringToLongLong(argv[1], &type)) return RedisModule_WrongArity(ctx);
    return RedisModule_ReplyWithLongLong(ctx, RedisModule_NotifyKeyspaceEvent(ctx, type, RedisModule_StringPtrLen(argv[2], NULL), argv[3]));
}

/* EV.PUT key string|list|truncate|delete|unlink [value]: with the functions on keys */
static int cmdPut(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc < 3) return RedisModule_WrongArity(ctx);
    const char *how = RedisModule_StringPtrLen(argv[2], NULL);
    RedisModuleKey *k = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_WRITE);
    int r = -1;
    if (!strcmp(how, "string") && argc > 3) r = RedisModule_StringSet(k, argv[3]);
    if (!strcmp(how, "list") && argc > 3) r = RedisModule_ListPush(k, REDISMODULE_LIST_TAIL, argv[3]);
    if (!strcmp(how, "pop")) {
        RedisModuleString *s = RedisModule_ListPop(k, REDISMODULE_LIST_TAIL);
        r = s != NULL;
        if (s) RedisModule_FreeString(ctx, s);
    }
    if (!strcmp(how, "truncate")) r = RedisModule_StringTruncate(k, 5);
    if (!strcmp(how, "delete")) r = RedisModule_DeleteKey(k);
    if (!strcmp(how, "unlink")) r = RedisModule_UnlinkKey(k);
    RedisModule_CloseKey(k);
    return RedisModule_ReplyWithLongLong(ctx, r);
}

static struct {
    const char *name;
    RedisModuleEvent e;
} kinds[] = {
    {"flush", {REDISMODULE_EVENT_FLUSHDB, 1}}, {"client", {REDISMODULE_EVENT_CLIENT_CHANGE, 1}},
    {"shutdown", {REDISMODULE_EVENT_SHUTDOWN, 1}}, {"cron", {REDISMODULE_EVENT_CRON_LOOP, 1}},
    {"module", {REDISMODULE_EVENT_MODULE_CHANGE, 1}}, {"swap", {REDISMODULE_EVENT_SWAPDB, 1}},
    {"config", {REDISMODULE_EVENT_CONFIG, 1}}, {"loop", {REDISMODULE_EVENT_EVENTLOOP, 1}},
    {"key", {REDISMODULE_EVENT_KEY, 1}}, {"newer", {REDISMODULE_EVENT_FLUSHDB, 2}}, {"none", {99, 1}},
};

/* EV.HEAR kind yes|no */
static int cmdHear(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 3) return RedisModule_WrongArity(ctx);
    const char *name = RedisModule_StringPtrLen(argv[1], NULL);
    int on = *RedisModule_StringPtrLen(argv[2], NULL) == 'y';
    for (size_t j = 0; j < sizeof(kinds) / sizeof(*kinds); j++)
        if (!strcmp(name, kinds[j].name))
            return RedisModule_ReplyWithLongLong(ctx, RedisModule_SubscribeToServerEvent(ctx, kinds[j].e, on ? onServer : NULL));
    return RedisModule_ReplyWithError(ctx, "ERR no such event");
}

/* EV.SUPPORTED id sub */
static int cmdSupported(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    long long id, sub;
    if (argc != 3 || RedisModule_StringToLongLong(argv[1], &id) || RedisModule_StringToLongLong(argv[2], &sub)) return RedisModule_WrongArity(ctx);
    RedisModuleEvent e = {id, 1};
    return RedisModule_ReplyWithLongLong(ctx, RedisModule_IsSubEventSupported(e, sub));
}

static int cmdLoops(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    UNUSED(argv);
    UNUSED(argc);
    return RedisModule_ReplyWithLongLong(ctx, what >> 16 & 3);
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    long long mask = REDISMODULE_NOTIFY_ALL | REDISMODULE_NOTIFY_KEY_MISS | REDISMODULE_NOTIFY_NEW;
    what = 0;
    if (RedisModule_Init(ctx, "events", 3, REDISMODULE_APIVER_1)) return REDISMODULE_ERR;
    if (argc > 0 && RedisModule_StringToLongLong(argv[0], &mask)) return REDISMODULE_ERR;
    if (argc > 1 && RedisModule_SetModuleOptions) RedisModule_SetModuleOptions(ctx, REDISMODULE_OPTIONS_ALLOW_NESTED_KEYSPACE_NOTIFICATIONS);
    if (RedisModule_CreateCommand(ctx, "ev.log", cmdLog, "", 0, 0, 0) ||
        RedisModule_CreateCommand(ctx, "ev.react", cmdReact, "", 0, 0, 0) ||
        RedisModule_CreateCommand(ctx, "ev.notify", cmdNotify, "", 0, 0, 0) ||
        RedisModule_CreateCommand(ctx, "ev.hear", cmdHear, "", 0, 0, 0) ||
        RedisModule_CreateCommand(ctx, "ev.supported", cmdSupported, "", 0, 0, 0) ||
        RedisModule_CreateCommand(ctx, "ev.put", cmdPut, "", 0, 0, 0) ||
        RedisModule_CreateCommand(ctx, "ev.loops", cmdLoops, "", 0, 0, 0))
        return REDISMODULE_ERR;
    return mask ? RedisModule_SubscribeToKeyspaceEvents(ctx, mask, onKey) : REDISMODULE_OK;
}
