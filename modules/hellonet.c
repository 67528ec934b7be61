/* Non-blocking networking on the server's own loop, without a thread: the calls
 * that redis pull request 4158 proposed.
 *
 * HELLONET.TCP, .UNIX and .CLIENT ask a server for all its keys and answer the
 * waiting client with them. HELLONET.TCPSERVER, .TCP6SERVER and .UNIXSERVER
 * listen, and send the INFO text to whoever connects. Any number of requests
 * may be under way at once; each has a record of its own, and the module's
 * context, the default attachment, holds the list of all. */
#include "redismodule.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define BOTH (REDISMODULE_FILE_READABLE | REDISMODULE_FILE_WRITABLE)

enum kind { TCP, UNIX, CLIENT, LISTENER, VISITOR };

/* A task is one thing under way: a request for keys, a listening socket, or a
 * visitor that is being sent the INFO text. */
struct task {
    enum kind kind;
    struct task *prev, *next;
    int fd;          /* -1 for none */
    long long timer; /* of a request that has not begun, 0 for none */
    char key[32];    /* under which the blocked client is attached */
    char *address;
    const char *error;
    char *out; /* what is to be sent */
    size_t outLen, sent;
    char *in; /* what has come */
    size_t inLen, inCap;
};

struct context {
    struct task *tasks;
    unsigned long long made;
};

static const char KEYS[] = "*2\r\n$4\r\nKEYS\r\n$1\r\n*\r\n";

static struct task *newTask(RedisModuleCtx *ctx, enum kind kind, int fd) {
    struct context *all = RedisModule_GetAttachment(ctx, NULL, 0);
    struct task *t = RedisModule_Calloc(1, sizeof(*t));
    t->kind = kind;
    t->fd = fd;
    t->next = all->tasks;
    if (t->next) t->next->prev = t;
    all->tasks = t;
    snprintf(t->key, sizeof(t->key), "request-%llu", ++all->made);
    return t;
}

/* hangUp closes a task's connection and ends its timer. */
static void hangUp(RedisModuleCtx *ctx, struct task *t) {
    if (t->timer) RedisModule_DeleteTimeEvent(ctx, t->timer);
    t->timer = 0;
    if (t->fd < 0) return;
    RedisModule_DeleteFileEvent(ctx, t->fd, BOTH);
    if (t->kind == CLIENT) RedisModule_FreeClient(ctx, t->fd);
    else close(t->fd);
    t->fd = -1;
}

static void freeTask(struct task *t) {
    RedisModule_Free(t->address);
    RedisModule_Free(t->out);
    RedisModule_Free(t->in);
    RedisModule_Free(t);
}

/* forget takes a task off the list and closes what it holds. */
static void forget(RedisModuleCtx *ctx, struct context *all, struct task *t) {
    if (t->prev) t->prev->next = t->next;
    else all->tasks = t->next;
    if (t->next) t->next->prev = t->prev;
    t->prev = t->next = NULL;
    hangUp(ctx, t);
}

/* finish ends a request: its client, if it still waits, gets the answer. */
static void finish(RedisModuleCtx *ctx, struct task *t, const char *error) {
    forget(ctx, RedisModule_GetAttachment(ctx, NULL, 0), t);
    t->error = error;
    RedisModuleBlockedClient *client = RedisModule_GetAttachment(ctx, t->key, strlen(t->key));
    RedisModule_Detach(ctx, t->key, strlen(t->key));
    RedisModule_SetDisconnectCallback(client, NULL); /* it may leave before it is served */
    RedisModule_UnblockClient(client, t);
}

/* line finds the number of the line at *at, which begins with a letter for its
 * kind, and moves past it; 0 when the line is not complete. */
static int line(const struct task *t, size_t *at, char *kind, long *n) {
    const char *end = memchr(t->in + *at, '\n', t->inLen - *at);
    if (end == NULL) return 0;
    *kind = t->in[*at];
    *n = strtol(t->in + *at + 1, NULL, 10);
    *at = (size_t)(end - t->in) + 1;
    return 1;
}

/* complete says whether a whole reply has come: 1, 0 for not yet, -1 when it is
 * not an array of strings. */
static int complete(const struct task *t) {
    size_t at = 0;
    char kind;
    long n, len;
    if (!line(t, &at, &kind, &n)) return 0;
    if (kind != '*') return -1;
    for (; n > 0; n--) {
        if (!line(t, &at, &kind, &len)) return 0;
        if (kind != '$' || len < 0) return -1;
        if (t->inLen - at < (size_t)len + 2) return 0;
        at += (size_t)len + 2;
    }
    return 1;
}

static void onReadable(RedisModuleCtx *ctx, int fd, void *data, int mask) {
    struct task *t = data;
    REDISMODULE_NOT_USED(mask);
    for (;;) {
        if (t->inCap - t->inLen < 4096) {
            t->inCap = t->inCap * 2 + 16384;
            t->in = RedisModule_Realloc(t->in, t->inCap);
        }
        ssize_t n = read(fd, t->in + t->inLen, t->inCap - t->inLen - 1);
        if (n > 0) {
            t->inLen += (size_t)n;
            t->in[t->inLen] = '\0';
            continue;
        }
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) break;
        if (complete(t) == 1) break;
        finish(ctx, t, "ERR Could not read response from upstream");
        return;
    }
    int state = complete(t);
    if (state != 0) finish(ctx, t, state < 0 ? "ERR Could not read response from upstream" : NULL);
}

/* sendRest writes what is left to send: 1 when all is sent, -1 when it cannot be. */
static int sendRest(struct task *t) {
    while (t->sent < t->outLen) {
        ssize_t n = write(t->fd, t->out + t->sent, t->outLen - t->sent);
        if (n < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
        t->sent += (size_t)n;
    }
    return 1;
}

static void onWritable(RedisModuleCtx *ctx, int fd, void *data, int mask) {
    struct task *t = data;
    REDISMODULE_NOT_USED(mask);
    int state = sendRest(t);
    if (state < 0) {
        finish(ctx, t, "ERR Could not write keys request to upstream");
    } else if (state > 0) {
        RedisModule_DeleteFileEvent(ctx, fd, REDISMODULE_FILE_WRITABLE);
        RedisModule_CreateFileEvent(ctx, fd, REDISMODULE_FILE_READABLE, onReadable, t);
    }
}

static const char *connectTcp(RedisModuleCtx *ctx, struct task *t) {
    int port = 6379, localPort = 0;
    char local[256] = "";
    char *colon = strrchr(t->address, ':');
    if (colon != NULL) {
        *colon = '\0';
        port = atoi(colon + 1);
    }
    if (RedisModule_TcpNonBlockConnect(ctx, t->address, port, &t->fd) != REDISMODULE_OK) {
        t->fd = -1;
        return "ERR could not connect to redis server via tcp socket";
    }
    RedisModule_EnableTcpNoDelay(ctx, t->fd);
    RedisModule_TcpKeepAlive(ctx, t->fd, 120);
    RedisModule_SockName(ctx, t->fd, local, sizeof(local), &localPort);
    RedisModule_Log(ctx, "verbose", "connecting to %s:%d from %s:%d", t->address, port, local, localPort);
    return NULL;
}

/* begin runs when the delay is over: it connects. */
static int begin(RedisModuleCtx *ctx, long long id, void *data) {
    struct task *t = data;
    const char *error = NULL;
    REDISMODULE_NOT_USED(id);
    t->timer = 0;
    if (t->kind == TCP) {
        error = connectTcp(ctx, t);
    } else if (t->kind == UNIX) {
        if (RedisModule_UnixNonBlockConnect(ctx, t->address, &t->fd) != REDISMODULE_OK) {
            t->fd = -1;
            error = "ERR could not connect to redis server via unix socket";
        }
    } else if (RedisModule_CreateClient(ctx, &t->fd) != REDISMODULE_OK) {
        t->fd = -1;
        error = "ERR could not create client to redis server";
    } else {
        RedisModule_EnableNonBlock(ctx, t->fd);
    }
    static const char *watch[] = {"ERR could not watch for tcp connect finish event",
                                  "ERR could not watch for unix connect finish event", "ERR could not watch client fd"};
    if (error == NULL &&
        RedisModule_CreateFileEvent(ctx, t->fd, REDISMODULE_FILE_WRITABLE, onWritable, t) != REDISMODULE_OK)
        error = watch[t->kind];
    if (error != NULL) finish(ctx, t, error);
    return REDISMODULE_TIME_NOMORE;
}

/* replyKeys passes the upstream's array on. */
static int replyKeys(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    struct task *t = RedisModule_GetBlockedClientPrivateData(ctx);
    size_t at = 0;
    char kind;
    long n, len;
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    if (t->error != NULL) return RedisModule_ReplyWithError(ctx, t->error);
    line(t, &at, &kind, &n);
    RedisModule_ReplyWithArray(ctx, n > 0 ? n : 0); /* *-1 is no length to come later */
    for (; n > 0; n--) {
        line(t, &at, &kind, &len);
        RedisModule_ReplyWithStringBuffer(ctx, t->in + at, (size_t)len);
        at += (size_t)len + 2;
    }
    return REDISMODULE_OK;
}

/* A request that nobody waits for any more ends: its upstream may never answer. */
static int replyTimeout(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    finish(ctx, RedisModule_GetBlockedClientPrivateData(ctx), NULL);
    return RedisModule_ReplyWithError(ctx, "ERR Request timedout");
}

static void onLeave(RedisModuleCtx *ctx, RedisModuleBlockedClient *client) {
    finish(ctx, RedisModule_BlockClientGetPrivateData(client), NULL);
}

static void freeRequest(RedisModuleCtx *ctx, void *data) {
    REDISMODULE_NOT_USED(ctx);
    freeTask(data);
}

/* HELLONET.TCP|UNIX|CLIENT address delay timeout, times in milliseconds. */
static int askKeys(RedisModuleCtx *ctx, RedisModuleString **argv, int argc, enum kind kind) {
    long long delay, timeout;
    size_t len;
    if (argc != 4) return RedisModule_WrongArity(ctx);
    if (RedisModule_StringToLongLong(argv[2], &delay) != REDISMODULE_OK)
        return RedisModule_ReplyWithError(ctx, "ERR invalid delay");
    if (RedisModule_StringToLongLong(argv[3], &timeout) != REDISMODULE_OK)
        return RedisModule_ReplyWithError(ctx, "ERR invalid timeout");
    const char *address = RedisModule_StringPtrLen(argv[1], &len);
    struct task *t = newTask(ctx, kind, -1);
    t->address = RedisModule_Alloc(len + 1);
    memcpy(t->address, address, len + 1);
    t->outLen = sizeof(KEYS) - 1;
    t->out = RedisModule_Alloc(t->outLen);
    memcpy(t->out, KEYS, t->outLen);
    RedisModuleBlockedClient *client = RedisModule_BlockClient(ctx, replyKeys, replyTimeout, freeRequest, timeout);
    if (RedisModule_CreateTimeEvent(ctx, delay, begin, t, NULL, &t->timer) != REDISMODULE_OK) {
        RedisModule_AbortBlock(client);
        forget(ctx, RedisModule_GetAttachment(ctx, NULL, 0), t);
        freeTask(t);
        return RedisModule_ReplyWithError(ctx, "ERR could not create delay timer");
    }
    RedisModule_BlockClientSetPrivateData(client, t);
    RedisModule_SetDisconnectCallback(client, onLeave);
    RedisModule_Attach(ctx, t->key, strlen(t->key), client, NULL);
    return REDISMODULE_OK;
}

static int tcp(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) { return askKeys(ctx, argv, argc, TCP); }
static int unixSocket(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) { return askKeys(ctx, argv, argc, UNIX); }
static int direct(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) { return askKeys(ctx, argv, argc, CLIENT); }

/* serveVisitor sends the INFO text and closes. */
static void serveVisitor(RedisModuleCtx *ctx, int fd, void *data, int mask) {
    struct task *t = data;
    REDISMODULE_NOT_USED(fd);
    REDISMODULE_NOT_USED(mask);
    if (sendRest(t) == 0) return;
    forget(ctx, RedisModule_GetAttachment(ctx, NULL, 0), t);
    freeTask(t);
}

static void visit(RedisModuleCtx *ctx, int fd, int mask, int isUnix) {
    int conn = -1, port = 0;
    char ip[128] = "";
    REDISMODULE_NOT_USED(mask);
    if ((isUnix ? RedisModule_UnixAccept(ctx, fd, &conn)
                : RedisModule_TcpAccept(ctx, fd, ip, sizeof(ip), &port, &conn)) != REDISMODULE_OK)
        return;
    if (!isUnix) RedisModule_Log(ctx, "verbose", "accepted a connection from %s:%d", ip, port);
    struct task *t = newTask(ctx, VISITOR, conn);
    RedisModuleCallReply *info = RedisModule_Call(ctx, "info", "");
    const char *text = RedisModule_CallReplyStringPtr(info, &t->outLen);
    t->out = RedisModule_Alloc(t->outLen);
    memcpy(t->out, text, t->outLen);
    RedisModule_FreeCallReply(info);
    if (RedisModule_CreateFileEvent(ctx, conn, REDISMODULE_FILE_WRITABLE, serveVisitor, t) != REDISMODULE_OK) {
        forget(ctx, RedisModule_GetAttachment(ctx, NULL, 0), t);
        freeTask(t);
    }
}

static void visitTcp(RedisModuleCtx *ctx, int fd, void *data, int mask) {
    REDISMODULE_NOT_USED(data);
    visit(ctx, fd, mask, 0);
}

static void visitUnix(RedisModuleCtx *ctx, int fd, void *data, int mask) {
    REDISMODULE_NOT_USED(data);
    visit(ctx, fd, mask, 1);
}

enum family { IPV4, IPV6, LOCAL };

/* HELLONET.TCPSERVER|TCP6SERVER|UNIXSERVER address port backlog; for a unix
 * socket the address is its path and the port its mode. */
static int serve(RedisModuleCtx *ctx, RedisModuleString **argv, int argc, enum family family) {
    long long port, backlog;
    int fd = -1, status;
    if (argc != 4) return RedisModule_WrongArity(ctx);
    if (RedisModule_StringToLongLong(argv[2], &port) != REDISMODULE_OK ||
        RedisModule_StringToLongLong(argv[3], &backlog) != REDISMODULE_OK)
        return RedisModule_ReplyWithError(ctx, "ERR invalid backlog");
    const char *address = RedisModule_StringPtrLen(argv[1], NULL), *bind = *address ? address : NULL;
    if (family == IPV4) status = RedisModule_TcpServer(ctx, (int)port, bind, (int)backlog, &fd);
    else if (family == IPV6) status = RedisModule_Tcp6Server(ctx, (int)port, bind, (int)backlog, &fd);
    else status = RedisModule_UnixServer(ctx, address, (mode_t)port, (int)backlog, &fd);
    if (status != REDISMODULE_OK) return RedisModule_ReplyWithError(ctx, "ERR could not create server");
    if (RedisModule_CreateFileEvent(ctx, fd, REDISMODULE_FILE_READABLE, family == LOCAL ? visitUnix : visitTcp, NULL) !=
        REDISMODULE_OK) {
        close(fd);
        return RedisModule_ReplyWithError(ctx, "ERR could not wait for new connection");
    }
    newTask(ctx, LISTENER, fd);
    return RedisModule_ReplyWithLongLong(ctx, fd);
}

static int tcpServer(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) { return serve(ctx, argv, argc, IPV4); }
static int tcp6Server(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) { return serve(ctx, argv, argc, IPV6); }
static int unixServer(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) { return serve(ctx, argv, argc, LOCAL); }

/* freeContext runs when the module goes: everything still open is closed. */
static void freeContext(RedisModuleCtx *ctx, void *data) {
    struct context *all = data;
    while (all->tasks != NULL) {
        struct task *t = all->tasks;
        forget(ctx, all, t);
        freeTask(t);
    }
    RedisModule_Free(all);
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    if (RedisModule_Init(ctx, "hellonet", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR) return REDISMODULE_ERR;
    if (!RMAPI_FUNC_SUPPORTED(RedisModule_CreateFileEvent)) {
        RedisModule_Log(ctx, "warning", "this server lacks the calls of redis pull request 4158");
        return REDISMODULE_ERR;
    }
    const struct { const char *name; RedisModuleCmdFunc run; } commands[] = {
        {"hellonet.tcp", tcp}, {"hellonet.unix", unixSocket}, {"hellonet.client", direct},
        {"hellonet.tcpserver", tcpServer}, {"hellonet.tcp6server", tcp6Server}, {"hellonet.unixserver", unixServer},
    };
    for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
        if (RedisModule_CreateCommand(ctx, commands[i].name, commands[i].run, "", 0, 0, 0) == REDISMODULE_ERR)
            return REDISMODULE_ERR;
    RedisModule_Attach(ctx, NULL, 0, RedisModule_Calloc(1, sizeof(struct context)), freeContext);
    return REDISMODULE_OK;
}
