/* Forwards commands to another Redis server: hiredis's asynchronous client on the
 * server's own loop, without a thread.
 *
 *   loadmodule hiredisproxy.so ADDRESS [timeout MS] [events file|loop]
 *
 *   HIREDISPROXY.DO command [arg ...]   what the other server replies
 *   HIREDISPROXY.STATS                  counters
 *
 * ADDRESS is a number and a port, 127.0.0.1:6380, or the path of a unix socket:
 * hiredis would look a name up while the loop waits. A request without an answer
 * after MS milliseconds (1000) is answered with an error. Which calls put the
 * connection on the loop is the server's matter, those of redis pull request 4158
 * where it has them, unless `events` says it: `file` for them, `loop` for
 * EventLoopAdd. redis-server 7.2 loads this module as well, if it is linked with
 * libhiredis.a: that server has a hiredis of its own, of another version, whose
 * functions would take the place of a shared library's.
 *
 * One connection serves everybody. hiredis writes what has gathered when the
 * socket is ready, so that the requests of many clients travel together, and
 * answers come in the order of the requests. This is also why a command that
 * changes its connection or blocks it is refused.
 *
 * Who owns what. A request belongs to hiredis from redisAsyncCommandArgv until
 * onReply, which hiredis calls exactly once for each: with the reply, or with
 * NULL when the connection ends. A request has its blocked client until that is
 * released, by what comes first: the reply, the timeout, or the client's leaving.
 *
 * There is no timer that connects again: the next request does. It gets an error
 * at once if the last try failed a moment ago. A request that is lost with its
 * connection is not repeated: it may have been executed. */
#include "hiredis_eventloop.h"
#include "hiredis_fileevents.h"

#include <string.h>
#include <strings.h>

enum { TIMEOUT_MS = 1000, TIMEOUT_MS_MAX = 3600 * 1000, RETRY_US = 100 * 1000, QUEUED_MAX = 100 * 1000 };

struct request {
    RedisModuleBlockedClient *client; /* NULL once nobody waits for it */
    uint64_t sent;
};

static struct {
    char *address;
    char *host; /* the number in it, or the path, and then port is 0 */
    int port;
    long long timeout; /* milliseconds */
    int fileEvents;
    RedisModuleCtx *ctx;     /* for what happens outside of commands */
    redisAsyncContext *link; /* NULL for none; hiredis frees it after onConnect or onDisconnect say its end */
    uint64_t retryAt;        /* not before then, in microseconds */
    uint64_t lastReply;
    char error[160]; /* why the connection ended last */
    long long waiting, queued, connects, forwarded, answered, lost, timeouts;
} proxy;

static void remember(const char *error) { snprintf(proxy.error, sizeof(proxy.error), "%s", error); }

/* ---- the connection ---- */

static void onConnect(const redisAsyncContext *link, int status) {
    if (status == REDIS_OK) {
        proxy.connects++;
        RedisModule_Log(proxy.ctx, "notice", "connected to %s", proxy.address);
        return;
    }
    remember(link->c.errstr); /* hiredis copies it to link->errstr only after this */
    proxy.link = NULL;
    proxy.retryAt = RedisModule_MonotonicMicroseconds() + RETRY_US;
}

static void onDisconnect(const redisAsyncContext *link, int status) {
    if (status != REDIS_OK) remember(link->errstr);
    proxy.link = NULL;
    RedisModule_Log(proxy.ctx, "notice", "disconnected from %s: %s", proxy.address, proxy.error);
}

/* connection is the connection, perhaps one that has just begun to connect: what
 * it is given is sent when it has. NULL when there can be none now. */
static redisAsyncContext *connection(void) {
    if (proxy.link != NULL) return proxy.link;
    uint64_t now = RedisModule_MonotonicMicroseconds();
    if (now < proxy.retryAt) return NULL;
    redisAsyncContext *link = proxy.port ? redisAsyncConnect(proxy.host, proxy.port) : redisAsyncConnectUnix(proxy.host);
    if (link == NULL || link->err) {
        remember(link ? link->errstr : "out of memory");
        proxy.retryAt = now + RETRY_US;
        if (link) redisAsyncFree(link);
        return NULL;
    }
    if (proxy.fileEvents) hiredisAttachFileEvents(proxy.ctx, link);
    else hiredisAttachEventLoop(link);
    redisAsyncSetConnectCallback(link, onConnect);
    redisAsyncSetDisconnectCallback(link, onDisconnect);
    proxy.link = link;
    return link;
}

/* giveUp ends a connection, if there is one. All that wait for it get an error. */
static void giveUp(const char *why) {
    redisAsyncContext *link = proxy.link;
    if (link == NULL) return;
    remember(why);
    redisAsyncFree(link);
    proxy.link = NULL; /* a connection that was never made has no onDisconnect */
}

/* ---- requests ---- */

static void pass(RedisModuleCtx *ctx, const redisReply *reply) {
    switch (reply->type) {
    case REDIS_REPLY_STRING: RedisModule_ReplyWithStringBuffer(ctx, reply->str, reply->len); break;
    case REDIS_REPLY_STATUS: RedisModule_ReplyWithSimpleString(ctx, reply->str); break;
    case REDIS_REPLY_ERROR: RedisModule_ReplyWithError(ctx, reply->str); break;
    case REDIS_REPLY_INTEGER: RedisModule_ReplyWithLongLong(ctx, reply->integer); break;
    case REDIS_REPLY_ARRAY:
        /* hiredis bounds how deep arrays lie in arrays. */
        RedisModule_ReplyWithArray(ctx, (long)reply->elements);
        for (size_t i = 0; i < reply->elements; i++) pass(ctx, reply->element[i]);
        break;
    default: RedisModule_ReplyWithNull(ctx); break;
    }
}

/* release unblocks the client of a request, which has its answer or is gone. */
static void release(struct request *r) {
    RedisModule_UnblockClient(r->client, NULL);
    r->client = NULL;
    proxy.waiting--;
}

/* onReply ends a request. Its reply is hiredis's again when we return, so it is
 * passed on right now, by a context for the client that waits. */
static void onReply(redisAsyncContext *link, void *data, void *privdata) {
    const redisReply *reply = data;
    struct request *r = privdata;
    proxy.queued--;
    if (reply != NULL) {
        proxy.answered++;
        proxy.lastReply = RedisModule_MonotonicMicroseconds();
    } else {
        proxy.lost++;
    }
    if (r->client != NULL) {
        RedisModuleCtx *ctx = RedisModule_GetThreadSafeContext(r->client);
        if (reply != NULL) pass(ctx, reply);
        else RedisModule_ReplyWithErrorFormat(ctx, "ERR upstream: %s", link->err ? link->errstr : proxy.error);
        RedisModule_FreeThreadSafeContext(ctx);
        release(r);
    }
    RedisModule_Free(r);
}

/* onTimeout answers a client that has waited for too long, or was unblocked by
 * CLIENT UNBLOCK. Its request stays with hiredis, whose queue has no gaps. When
 * nothing at all has come since the request was sent, the connection is as good as
 * dead, and nobody shall wait for it. (By our clock it may be a little less than
 * the timeout: the server's stands still while a command runs.) */
static int onTimeout(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    struct request *r = RedisModule_GetBlockedClientPrivateData(ctx);
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    proxy.timeouts++;
    RedisModule_ReplyWithError(ctx, "ERR upstream: no answer in time");
    release(r);
    uint64_t waited = RedisModule_MonotonicMicroseconds() - r->sent;
    if (proxy.lastReply < r->sent && waited >= (uint64_t)proxy.timeout * 1000 / 2) giveUp("it does not answer");
    return REDISMODULE_OK;
}

/* onLeave may come for a client that was released a moment ago, too, and then
 * finds what release passed to UnblockClient: NULL. */
static void onLeave(RedisModuleCtx *ctx, RedisModuleBlockedClient *client) {
    struct request *r = RedisModule_BlockClientGetPrivateData(client);
    REDISMODULE_NOT_USED(ctx);
    if (r != NULL) release(r);
}

/* refused says whether a command is none for a connection that others use. */
static int refused(RedisModuleString **argv, int argc) {
    static const char *const names[] = {
        "auth", "asking", "blmove", "blmpop", "blpop", "brpop", "brpoplpush", "bzmpop", "bzpopmax", "bzpopmin", "client",
        "discard", "exec", "hello", "monitor", "multi", "psubscribe", "psync", "punsubscribe", "quit", "readonly",
        "readwrite", "replconf", "reset", "select", "ssubscribe", "subscribe", "sunsubscribe", "sync", "unsubscribe",
        "unwatch", "wait", "waitaof", "watch",
    };
    const char *name = RedisModule_StringPtrLen(argv[0], NULL);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strcasecmp(name, names[i]) == 0) return 1;
    if (strcasecmp(name, "xread") != 0 && strcasecmp(name, "xreadgroup") != 0) return 0;
    for (int i = 1; i < argc; i++) {
        const char *word = RedisModule_StringPtrLen(argv[i], NULL);
        if (strcasecmp(word, "block") == 0) return 1;
        if (strcasecmp(word, "streams") == 0) break; /* keys follow, which may be called anything */
    }
    return 0;
}

/* forward hands a command to hiredis, which copies it. */
static int forward(redisAsyncContext *link, struct request *r, RedisModuleString **argv, int argc) {
    const char **words = RedisModule_Alloc((size_t)argc * sizeof(*words));
    size_t *lengths = RedisModule_Alloc((size_t)argc * sizeof(*lengths));
    for (int i = 0; i < argc; i++) words[i] = RedisModule_StringPtrLen(argv[i], &lengths[i]);
    int status = redisAsyncCommandArgv(link, onReply, r, argc, words, lengths);
    RedisModule_Free(words);
    RedisModule_Free(lengths);
    return status;
}

/* HIREDISPROXY.DO command [arg ...] */
static int doCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc < 2) return RedisModule_WrongArity(ctx);
    if (refused(argv + 1, argc - 1))
        return RedisModule_ReplyWithError(ctx, "ERR this command needs a connection of its own");
    if (RedisModule_GetContextFlags(ctx) & REDISMODULE_CTX_FLAGS_DENY_BLOCKING)
        return RedisModule_ReplyWithError(ctx, "ERR this client may not wait");
    if (proxy.queued >= QUEUED_MAX) return RedisModule_ReplyWithError(ctx, "ERR upstream: too many requests wait");
    redisAsyncContext *link = connection();
    if (link == NULL) return RedisModule_ReplyWithErrorFormat(ctx, "ERR upstream: %s", proxy.error);

    struct request *r = RedisModule_Calloc(1, sizeof(*r));
    if (forward(link, r, argv + 1, argc - 1) != REDIS_OK) {
        RedisModule_Free(r);
        return RedisModule_ReplyWithError(ctx, "ERR upstream: the connection is ending");
    }
    /* Nothing is answered before we return to the loop, so there is time to block. */
    r->sent = RedisModule_MonotonicMicroseconds();
    r->client = RedisModule_BlockClient(ctx, NULL, onTimeout, NULL, proxy.timeout);
    RedisModule_BlockClientSetPrivateData(r->client, r);
    RedisModule_SetDisconnectCallback(r->client, onLeave);
    proxy.waiting++;
    proxy.queued++;
    proxy.forwarded++;
    return REDISMODULE_OK;
}

/* HIREDISPROXY.STATS */
static int statsCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    const struct { const char *name; long long value; } stats[] = {
        {"connected", proxy.link != NULL && (proxy.link->c.flags & REDIS_CONNECTED)}, {"connects", proxy.connects},
        {"waiting", proxy.waiting}, {"queued", proxy.queued}, {"forwarded", proxy.forwarded},
        {"answered", proxy.answered}, {"lost", proxy.lost}, {"timeouts", proxy.timeouts},
    };
    const long n = sizeof(stats) / sizeof(*stats);
    REDISMODULE_NOT_USED(argv);
    if (argc != 1) return RedisModule_WrongArity(ctx);
    RedisModule_ReplyWithMap(ctx, n);
    for (long i = 0; i < n; i++) {
        RedisModule_ReplyWithSimpleString(ctx, stats[i].name);
        RedisModule_ReplyWithLongLong(ctx, stats[i].value);
    }
    return REDISMODULE_OK;
}

/* ---- the module ---- */

static void freeAddress(void) {
    RedisModule_Free(proxy.address);
    RedisModule_Free(proxy.host);
}

/* configure reads the arguments: NULL, or what is wrong with them. */
static const char *configure(RedisModuleString **argv, int argc) {
    proxy.timeout = TIMEOUT_MS;
    proxy.fileEvents = RMAPI_FUNC_SUPPORTED(RedisModule_CreateFileEvent);
    if (argc < 1 || argc % 2 == 0) return "usage: ADDRESS [timeout MS] [events file|loop]";
    for (int i = 1; i < argc; i += 2) {
        const char *name = RedisModule_StringPtrLen(argv[i], NULL), *value = RedisModule_StringPtrLen(argv[i + 1], NULL);
        if (strcasecmp(name, "timeout") == 0) {
            if (RedisModule_StringToLongLong(argv[i + 1], &proxy.timeout) != REDISMODULE_OK || proxy.timeout < 1 ||
                proxy.timeout > TIMEOUT_MS_MAX)
                return "the timeout must be a number of milliseconds, an hour at most";
        } else if (strcasecmp(name, "events") == 0 && strcasecmp(value, "file") == 0) {
            if (!proxy.fileEvents) return "this server lacks the calls of redis pull request 4158";
        } else if (strcasecmp(name, "events") == 0 && strcasecmp(value, "loop") == 0) {
            proxy.fileEvents = 0;
        } else {
            return "unknown argument";
        }
    }
    proxy.address = RedisModule_Strdup(RedisModule_StringPtrLen(argv[0], NULL));
    proxy.host = RedisModule_Strdup(proxy.address);
    if (*proxy.host == '/') return NULL;
    char *colon = strrchr(proxy.host, ':');
    if (colon != NULL) {
        *colon = '\0';
        proxy.port = atoi(colon + 1);
    }
    return proxy.port > 0 && proxy.port <= 65535 ? NULL : "the address must be number:port or the path of a socket";
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (RedisModule_Init(ctx, "hiredisproxy", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR) return REDISMODULE_ERR;
    if (!RMAPI_FUNC_SUPPORTED(RedisModule_BlockClientSetPrivateData)) {
        RedisModule_Log(ctx, "warning", "this server is older than 7.2");
        return REDISMODULE_ERR;
    }
    const char *wrong = configure(argv, argc);
    if (wrong != NULL ||
        RedisModule_CreateCommand(ctx, "hiredisproxy.do", doCommand, "blocking", 0, 0, 0) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "hiredisproxy.stats", statsCommand, "fast", 0, 0, 0) == REDISMODULE_ERR) {
        if (wrong != NULL) RedisModule_Log(ctx, "warning", "%s", wrong);
        freeAddress();
        return REDISMODULE_ERR;
    }
    proxy.ctx = RedisModule_GetDetachedThreadSafeContext(ctx);
    return REDISMODULE_OK;
}

/* OnUnload runs when nobody is blocked any more; requests that nobody waits for
 * may still be under way. */
int RedisModule_OnUnload(RedisModuleCtx *ctx) {
    REDISMODULE_NOT_USED(ctx);
    giveUp("the module is unloaded");
    RedisModule_FreeThreadSafeContext(proxy.ctx);
    freeAddress();
    return REDISMODULE_OK;
}
