/* A server inside a module: it listens on a port of its own, speaks a protocol
 * of its own (modules/line_protocol.h), and turns each line into a command
 * through direct clients: on the server's loop and on threads of its own at the
 * same time.
 *
 *   ECHOSERVER.START address port [threads]   listens; replies the port (0 takes any that is free)
 *   ECHOSERVER.STOP                           closes everything
 *   ECHOSERVER.STATS                          visitors, commands sent by the loop, commands sent by threads
 *
 * A direct client is not asked for a password: whoever reaches the port may run
 * every command. So the address has no default, and should be a private one.
 *
 * How it works. Each visitor gets a direct client: RedisModule_CreateClient
 * gives one end of a socket pair, and the server serves the other end like any
 * connection. A session translates between the two sockets. It needs no call of
 * the module interface for that (but for memory, which any thread may ask for),
 * so a thread can do it without ever taking the server's lock, and the same code
 * serves the loop, which is told by file events, and the threads, which poll.
 * What does need the lock, making and freeing direct clients, is done on the
 * loop: a thread hands the sessions that are over back. As threads never wait
 * for the loop, the loop may wait for them: so STOP and unloading end them.
 *
 * Visitors go to the loop and to each thread in turn. */
#define _GNU_SOURCE /* pipe2 */
#include "line_protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define READABLE REDISMODULE_FILE_READABLE
#define WRITABLE REDISMODULE_FILE_WRITABLE

enum {
    LINE_BYTES_MAX = 64 * 1024,
    PENDING_MAX = 256 * 1024, /* of what one side does not take, before we stop reading from the other */
    UNANSWERED_MAX = 256,     /* commands: their replies may be long, and wait in the server for us */
    CHUNK = 16 * 1024,
    THREADS_MAX = 64,
    BACKLOG = 511,
    PATIENCE = 3, /* seconds without an answer for a visitor that sends nothing more */
};

/* ---- sessions: between a visitor and its direct client ---- */

enum side { PEER, DIRECT };

/* A session belongs to whoever serves it: the loop or one thread. */
struct session {
    struct session *prev, *next;
    atomic_ullong *commands; /* counts those sent */
    int fds[2];              /* by side: the visitor's socket, the direct client's */
    int watched[2];          /* the file events of each, on the loop */
    int closing;             /* no more is read from the visitor */
    int gone;                /* the server has closed the direct client */
    time_t news;             /* when there was any last, once it is closing */
    size_t unanswered;       /* commands sent whose reply has not come */
    struct buffer request, command, reply, answer;
    struct printer printer;
};

/* fill reads what a socket has, a bounded amount at a time so that a busy
 * connection does not keep the others waiting: -1 when the other side closed. */
static int fill(struct buffer *b, int fd) {
    ssize_t n = recv(fd, space(b, CHUNK), CHUNK, 0);
    if (n > 0) b->to += (size_t)n;
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)) ? 0 : -1;
}

/* drain writes as much as a socket takes: -1 when the other side is gone. That
 * must not raise a signal, whose handlers are the server's. */
static int drain(struct buffer *b, int fd) {
    while (pending(b) > 0) {
        ssize_t n = send(fd, head(b), pending(b), MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno == EAGAIN ? 0 : -1;
        b->from += (size_t)n;
    }
    return 0;
}

/* translate makes commands of the lines that have come whole. A line that is no
 * command is answered here, and so waits until those before it are answered. */
static void translate(struct session *s) {
    while (pending(&s->request) > 0 && s->unanswered < UNANSWERED_MAX) {
        const char *line = head(&s->request), *end = memchr(line, '\n', pending(&s->request));
        size_t len = end != NULL ? (size_t)(end - line) : pending(&s->request);
        if (len > LINE_BYTES_MAX) {
            if (s->unanswered > 0) return;
            addText(&s->answer, "! ERR the line is too long\n");
            discard(&s->request);
            s->closing = 1;
            return;
        }
        if (end == NULL) return;
        ssize_t words = lineToCommand(&s->command, line, len > 0 && end[-1] == '\r' ? end - 1 : end);
        if (words == WORDS_UNBALANCED) {
            if (s->unanswered > 0) return;
            addText(&s->answer, "! ERR the quotes are not in pairs\n");
        } else if (words > 0) {
            s->unanswered++;
            atomic_fetch_add_explicit(s->commands, 1, memory_order_relaxed);
        }
        s->request.from += len + 1;
    }
}

/* readReplies prints what the direct client says. A subscriber gets messages
 * that answer no command. */
static void readReplies(struct session *s) {
    int got = fill(&s->reply, s->fds[DIRECT]), printed;
    while ((printed = replyToLine(&s->printer, &s->reply, &s->answer)) > 0)
        if (s->unanswered > 0) s->unanswered--;
    if (got == 0 && printed == 0) return;
    /* The command was QUIT, or somebody killed the client. */
    s->gone = s->closing = 1;
    s->unanswered = 0;
    discard(&s->request);
    discard(&s->command);
}

static time_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

/* forsaken is a session whose visitor may have left: it sends nothing more, and its
 * commands are not answered. One may be BLPOP, and never be. */
static int forsaken(const struct session *s) {
    return s->closing && pending(&s->answer) == 0 && now() - s->news > PATIENCE;
}

/* advance does what can be done now that the sockets are ready as said: 0 when
 * the session is over. A visitor that has closed its side still gets the answers
 * to what it sent. */
static int advance(struct session *s, const int ready[2]) {
    if (ready[DIRECT] & READABLE) readReplies(s);
    if ((ready[PEER] & READABLE) && fill(&s->request, s->fds[PEER]) < 0) s->closing = 1;
    if (!s->gone) translate(s);
    /* When this fails, replies may still lie in the socket, and their end after them. */
    if (drain(&s->command, s->fds[DIRECT]) < 0) discard(&s->command);
    if (drain(&s->answer, s->fds[PEER]) < 0) return 0;
    if (s->closing) s->news = now();
    return !s->closing || s->unanswered > 0 || pending(&s->answer) > 0;
}

/* wanted is what a session waits for on one of its sockets. Where one side takes
 * nothing, the other is not read, so that no buffer grows without a bound. */
static int wanted(const struct session *s, enum side side) {
    if (side == PEER) {
        int room = pending(&s->request) <= LINE_BYTES_MAX && pending(&s->command) < PENDING_MAX;
        return (!s->closing && room ? READABLE : 0) | (pending(&s->answer) > 0 ? WRITABLE : 0);
    }
    return (!s->gone && pending(&s->answer) < PENDING_MAX ? READABLE : 0) | (pending(&s->command) > 0 ? WRITABLE : 0);
}

/* ---- mailboxes: sessions change hands ---- */

struct mailbox {
    pthread_mutex_t lock;
    struct session *first; /* linked by next */
    int wake[2];           /* a pipe that is readable when there is mail */
};

static int openMailbox(struct mailbox *m) {
    m->first = NULL;
    if (pipe2(m->wake, O_NONBLOCK | O_CLOEXEC) < 0) return -1;
    pthread_mutex_init(&m->lock, NULL);
    return 0;
}

static void closeMailbox(struct mailbox *m) {
    close(m->wake[0]);
    close(m->wake[1]);
    pthread_mutex_destroy(&m->lock);
}

/* ring wakes the reader. A pipe that is full has woken it already. */
static void ring(struct mailbox *m) {
    while (write(m->wake[1], "", 1) < 0 && errno == EINTR) continue;
}

static void post(struct mailbox *m, struct session *s) {
    pthread_mutex_lock(&m->lock);
    s->next = m->first;
    m->first = s;
    pthread_mutex_unlock(&m->lock);
    ring(m);
}

/* collect empties the box. The pipe comes first: mail that is posted in between
 * rings again. */
static struct session *collect(struct mailbox *m) {
    char rings[256];
    while (read(m->wake[0], rings, sizeof(rings)) > 0) continue;
    pthread_mutex_lock(&m->lock);
    struct session *list = m->first;
    m->first = NULL;
    pthread_mutex_unlock(&m->lock);
    return list;
}

/* ---- threads ---- */

struct worker {
    pthread_t thread;
    struct mailbox inbox;
    struct mailbox *finished; /* sessions that are over, to the loop */
    atomic_int stop;
    struct session **sessions;
    struct pollfd *polled; /* the inbox, then two for each session */
    size_t count, cap;
};

static void adopt(struct worker *w, struct session *s) {
    if (w->count == w->cap) {
        w->cap = w->cap * 2 + 16;
        w->sessions = RedisModule_Realloc(w->sessions, w->cap * sizeof(*w->sessions));
        w->polled = RedisModule_Realloc(w->polled, (1 + 2 * w->cap) * sizeof(*w->polled));
    }
    w->sessions[w->count++] = s;
}

/* pollFor is what to ask of poll. A socket of which nothing is wanted is left
 * out: poll would report its hang-up at once, again and again. */
static struct pollfd pollFor(const struct session *s, enum side side) {
    int want = wanted(s, side);
    struct pollfd p = {.fd = want ? s->fds[side] : -1};
    if (want & READABLE) p.events |= POLLIN;
    if (want & WRITABLE) p.events |= POLLOUT;
    return p;
}

/* readiness is what poll said; an error or a hang-up counts as both. */
static int readiness(const struct pollfd *p) {
    int ready = 0;
    if (p->revents & ~POLLOUT) ready |= READABLE;
    if (p->revents & ~POLLIN) ready |= WRITABLE;
    return ready;
}

static void serveSessions(struct worker *w) {
    for (size_t i = w->count; i-- > 0;) {
        struct session *s = w->sessions[i];
        const int ready[2] = {readiness(&w->polled[1 + 2 * i]), readiness(&w->polled[2 + 2 * i])};
        if (((ready[PEER] || ready[DIRECT]) && !advance(s, ready)) || forsaken(s)) {
            w->sessions[i] = w->sessions[--w->count]; /* which was looked at before */
            post(w->finished, s);
        }
    }
}

static void *work(void *data) {
    struct worker *w = data;
    while (!atomic_load(&w->stop)) {
        int ms = -1;
        w->polled[0] = (struct pollfd){.fd = w->inbox.wake[0], .events = POLLIN};
        for (size_t i = 0; i < w->count; i++) {
            if (w->sessions[i]->closing) ms = 1000;
            for (enum side side = PEER; side <= DIRECT; side++)
                w->polled[1 + 2 * i + side] = pollFor(w->sessions[i], side);
        }
        if (poll(w->polled, 1 + 2 * w->count, ms) < 0) continue; /* a signal */
        serveSessions(w);
        if (w->polled[0].revents == 0) continue;
        for (struct session *s = collect(&w->inbox), *next; s != NULL; s = next) {
            next = s->next;
            adopt(w, s);
        }
    }
    while (w->count > 0) post(w->finished, w->sessions[--w->count]);
    return NULL;
}

/* startWorker allocates what the thread needs at once, so that the thread has
 * room for the inbox before there is a session. */
static int startWorker(struct worker *w, struct mailbox *finished) {
    if (openMailbox(&w->inbox) < 0) return -1;
    w->finished = finished;
    w->cap = 16;
    w->sessions = RedisModule_Alloc(w->cap * sizeof(*w->sessions));
    w->polled = RedisModule_Alloc((1 + 2 * w->cap) * sizeof(*w->polled));
    if (pthread_create(&w->thread, NULL, work, w) == 0) return 0;
    closeMailbox(&w->inbox);
    RedisModule_Free(w->sessions);
    RedisModule_Free(w->polled);
    return -1;
}

/* stopWorker waits for the thread, which ends soon as it never waits for anybody
 * but poll. Its sessions are in the box of those finished then, but for the last
 * that it was sent. */
static void stopWorker(struct worker *w) {
    atomic_store(&w->stop, 1);
    ring(&w->inbox);
    pthread_join(w->thread, NULL);
    for (struct session *s = collect(&w->inbox), *next; s != NULL; s = next) {
        next = s->next;
        post(w->finished, s);
    }
    closeMailbox(&w->inbox);
    RedisModule_Free(w->sessions);
    RedisModule_Free(w->polled);
}

/* ---- the loop's part ---- */

struct server {
    int listener; /* -1 while stopped */
    struct mailbox finished;
    struct worker *workers;
    int threads, turn;        /* who gets the next visitor: 0 is the loop */
    struct session *sessions; /* the loop's own */
    long long timer;          /* looks after them */
    long long visitors;
    atomic_ullong byLoop, byThreads; /* commands */
};

/* endSession gives back what a session holds. Nobody serves it any more. */
static void endSession(RedisModuleCtx *ctx, struct server *srv, struct session *s) {
    for (enum side side = PEER; side <= DIRECT; side++)
        if (s->watched[side]) RedisModule_DeleteFileEvent(ctx, s->fds[side], s->watched[side]);
    /* FreeClient closes the descriptor. It refuses where the client has gone already. */
    if (s->gone || RedisModule_FreeClient(ctx, s->fds[DIRECT]) != REDISMODULE_OK) close(s->fds[DIRECT]);
    close(s->fds[PEER]);
    freeBuffer(&s->request);
    freeBuffer(&s->command);
    freeBuffer(&s->reply);
    freeBuffer(&s->answer);
    RedisModule_Free(s);
    srv->visitors--;
}

static void endLoopSession(RedisModuleCtx *ctx, struct server *srv, struct session *s) {
    if (s->prev) s->prev->next = s->next;
    else srv->sessions = s->next;
    if (s->next) s->next->prev = s->prev;
    endSession(ctx, srv, s);
}

static void onReady(RedisModuleCtx *ctx, int fd, void *data, int mask);

/* watch asks the loop for what the session waits for: 0 when it cannot be had. */
static int watch(RedisModuleCtx *ctx, struct session *s) {
    for (enum side side = PEER; side <= DIRECT; side++) {
        int want = wanted(s, side), less = s->watched[side] & ~want, more = want & ~s->watched[side];
        if (less) RedisModule_DeleteFileEvent(ctx, s->fds[side], less);
        if (more && RedisModule_CreateFileEvent(ctx, s->fds[side], more, onReady, s) != REDISMODULE_OK) return 0;
        s->watched[side] = want;
    }
    return 1;
}

static void onReady(RedisModuleCtx *ctx, int fd, void *data, int mask) {
    struct session *s = data;
    const int ready[2] = {fd == s->fds[PEER] ? mask : 0, fd == s->fds[DIRECT] ? mask : 0};
    if (!advance(s, ready) || !watch(ctx, s)) endLoopSession(ctx, RedisModule_GetAttachment(ctx, NULL, 0), s);
}

static void onVisitor(RedisModuleCtx *ctx, int fd, void *data, int mask) {
    struct server *srv = data;
    int peer, direct;
    REDISMODULE_NOT_USED(mask);
    if (RedisModule_TcpAccept(ctx, fd, NULL, 0, NULL, &peer) != REDISMODULE_OK) return;
    if (RedisModule_CreateClient(ctx, &direct) != REDISMODULE_OK) {
        close(peer);
        return;
    }
    RedisModule_EnableNonBlock(ctx, direct);
    RedisModule_EnableTcpNoDelay(ctx, peer);
    struct session *s = RedisModule_Calloc(1, sizeof(*s));
    s->fds[PEER] = peer;
    s->fds[DIRECT] = direct;
    srv->visitors++;
    int turn = srv->turn++ % (srv->threads + 1);
    if (turn > 0) {
        s->commands = &srv->byThreads;
        post(&srv->workers[turn - 1].inbox, s);
        return;
    }
    s->commands = &srv->byLoop;
    s->next = srv->sessions;
    if (s->next) s->next->prev = s;
    srv->sessions = s;
    if (!watch(ctx, s)) endLoopSession(ctx, srv, s);
}

/* onTick ends the loop's sessions that are forsaken. */
static int onTick(RedisModuleCtx *ctx, long long id, void *data) {
    struct server *srv = data;
    REDISMODULE_NOT_USED(id);
    for (struct session *s = srv->sessions, *next; s != NULL; s = next) {
        next = s->next;
        if (forsaken(s)) endLoopSession(ctx, srv, s);
    }
    return 1000;
}

/* onFinished ends the sessions that the threads are done with. */
static void onFinished(RedisModuleCtx *ctx, int fd, void *data, int mask) {
    struct server *srv = data;
    REDISMODULE_NOT_USED(fd);
    REDISMODULE_NOT_USED(mask);
    for (struct session *s = collect(&srv->finished), *next; s != NULL; s = next) {
        next = s->next;
        endSession(ctx, srv, s);
    }
}

/* stop undoes start, also one that failed on the way. It may run inside one of
 * the very clients that it frees: the server puts off the end of that one. */
static void stop(RedisModuleCtx *ctx, struct server *srv) {
    if (srv->listener < 0) return;
    RedisModule_DeleteFileEvent(ctx, srv->listener, READABLE);
    close(srv->listener);
    srv->listener = -1;
    for (int i = 0; i < srv->threads; i++) stopWorker(&srv->workers[i]);
    onFinished(ctx, srv->finished.wake[0], srv, READABLE);
    while (srv->sessions != NULL) endLoopSession(ctx, srv, srv->sessions);
    if (srv->timer) RedisModule_DeleteTimeEvent(ctx, srv->timer);
    srv->timer = 0;
    RedisModule_DeleteFileEvent(ctx, srv->finished.wake[0], READABLE);
    closeMailbox(&srv->finished);
    RedisModule_Free(srv->workers);
    srv->workers = NULL;
    srv->threads = 0;
}

/* start listens and starts the threads: NULL, or why it failed. */
static const char *start(RedisModuleCtx *ctx, struct server *srv, const char *address, int port, int threads) {
    if (openMailbox(&srv->finished) < 0) return "ERR could not make a pipe";
    if (RedisModule_TcpServer(ctx, port, address, BACKLOG, &srv->listener) != REDISMODULE_OK) {
        srv->listener = -1;
        closeMailbox(&srv->finished);
        return "ERR could not listen there";
    }
    srv->turn = 0;
    srv->workers = RedisModule_Calloc((size_t)threads + 1, sizeof(*srv->workers));
    while (srv->threads < threads && startWorker(&srv->workers[srv->threads], &srv->finished) == 0) srv->threads++;
    if (srv->threads == threads &&
        RedisModule_CreateTimeEvent(ctx, 1000, onTick, srv, NULL, &srv->timer) == REDISMODULE_OK &&
        RedisModule_CreateFileEvent(ctx, srv->finished.wake[0], READABLE, onFinished, srv) == REDISMODULE_OK &&
        RedisModule_CreateFileEvent(ctx, srv->listener, READABLE, onVisitor, srv) == REDISMODULE_OK)
        return NULL;
    stop(ctx, srv);
    return "ERR could not start the threads or watch the sockets";
}

/* ---- commands ---- */

/* ECHOSERVER.START address port [threads] */
static int startCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    struct server *srv = RedisModule_GetAttachment(ctx, NULL, 0);
    long long port, threads = 0;
    int bound = 0;
    char ip[64];
    if (argc != 3 && argc != 4) return RedisModule_WrongArity(ctx);
    if (RedisModule_StringToLongLong(argv[2], &port) != REDISMODULE_OK || port < 0 || port > 65535)
        return RedisModule_ReplyWithError(ctx, "ERR invalid port");
    if (argc == 4 && (RedisModule_StringToLongLong(argv[3], &threads) != REDISMODULE_OK || threads < 0 ||
                      threads > THREADS_MAX))
        return RedisModule_ReplyWithError(ctx, "ERR invalid number of threads");
    if (srv->listener >= 0) return RedisModule_ReplyWithError(ctx, "ERR it runs already");
    const char *error = start(ctx, srv, RedisModule_StringPtrLen(argv[1], NULL), (int)port, (int)threads);
    if (error != NULL) return RedisModule_ReplyWithError(ctx, error);
    RedisModule_SockName(ctx, srv->listener, ip, sizeof(ip), &bound);
    RedisModule_Log(ctx, "notice", "listening on %s:%d, with %d threads beside the loop", ip, bound, srv->threads);
    return RedisModule_ReplyWithLongLong(ctx, bound);
}

/* ECHOSERVER.STOP */
static int stopCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    struct server *srv = RedisModule_GetAttachment(ctx, NULL, 0);
    REDISMODULE_NOT_USED(argv);
    if (argc != 1) return RedisModule_WrongArity(ctx);
    if (srv->listener < 0) return RedisModule_ReplyWithError(ctx, "ERR it does not run");
    stop(ctx, srv);
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

/* ECHOSERVER.STATS */
static int statsCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    struct server *srv = RedisModule_GetAttachment(ctx, NULL, 0);
    REDISMODULE_NOT_USED(argv);
    if (argc != 1) return RedisModule_WrongArity(ctx);
    RedisModule_ReplyWithArray(ctx, 3);
    RedisModule_ReplyWithLongLong(ctx, srv->visitors);
    RedisModule_ReplyWithLongLong(ctx, (long long)atomic_load(&srv->byLoop));
    return RedisModule_ReplyWithLongLong(ctx, (long long)atomic_load(&srv->byThreads));
}

/* freeServer runs when the module goes. */
static void freeServer(RedisModuleCtx *ctx, void *data) {
    stop(ctx, data);
    RedisModule_Free(data);
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    if (RedisModule_Init(ctx, "echoserver", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR) return REDISMODULE_ERR;
    if (!RMAPI_FUNC_SUPPORTED(RedisModule_CreateClient)) {
        RedisModule_Log(ctx, "warning", "this server lacks the calls of redis pull request 4158");
        return REDISMODULE_ERR;
    }
    if (RedisModule_CreateCommand(ctx, "echoserver.start", startCommand, "admin", 0, 0, 0) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "echoserver.stop", stopCommand, "admin", 0, 0, 0) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "echoserver.stats", statsCommand, "fast", 0, 0, 0) == REDISMODULE_ERR)
        return REDISMODULE_ERR;
    struct server *srv = RedisModule_Calloc(1, sizeof(*srv));
    srv->listener = -1;
    RedisModule_Attach(ctx, NULL, 0, srv, freeServer);
    return REDISMODULE_OK;
}
