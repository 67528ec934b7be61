/* A pool of connections to MariaDB on the server's own loop, by libmariadb's
 * non-blocking calls and the file and time events of redis pull request 4158.
 * modules/sqlcache.c uses it.
 *
 * A job is one statement. It belongs to the pool from sqlSubmit until its done
 * is called, which happens exactly once, unless sqlCancel gives it back before.
 * Connections are made when there is work for them, and made again when they
 * are lost; a job whose connection was lost under it is sent again, so statements
 * must be such as may run twice. A job that has not ended a timeout after it was
 * sent fails, and its connection goes with it: there is no other way to take a
 * statement back.
 *
 * Everything here belongs to the loop. */
#ifndef SQLPOOL_H
#define SQLPOOL_H

#include "redismodule.h"

#include <mariadb/mysql.h>
#include <string.h>

enum { SQL_RETRY_US = 100 * 1000 }; /* between two tries to connect when nothing is connected */

struct sqlJob {
    /* text makes the statement, which the pool frees, for a connection whose settings say how to quote. */
    char *(*text)(struct sqlJob *job, MYSQL *my, size_t *len);
    /* done gets the rows, which the pool frees, or NULL and an error. */
    void (*done)(struct sqlJob *job, MYSQL_RES *rows, const char *error);
    struct sqlJob *next;
    int queued, retries;
};

enum sqlStep { SQL_CLOSED, SQL_IDLE, SQL_CONNECTING, SQL_ASKING, SQL_READING };

struct sqlLink {
    struct sqlPool *pool;
    enum sqlStep step;
    MYSQL my; /* unless closed */
    int fd, watched;
    long long timer; /* ends the step, 0 for none */
    struct sqlJob *job;
    char *text;
    /* What the library's calls result in. */
    MYSQL *connected;
    int refused;
    MYSQL_RES *rows;
};

struct sqlPool {
    const char *socket, *host, *user, *password, *database; /* NULL for the library's defaults */
    unsigned port;
    long long timeout; /* milliseconds */
    RedisModuleCtx *ctx;
    struct sqlLink *links;
    int size;
    struct sqlJob *first, **last; /* jobs that wait for a connection */
    int queued;
    uint64_t retryAt; /* no connecting before, in microseconds */
    char error[512];  /* why the last try failed */
    long long connects;
};

/* ---- waiting ---- */

/* The loop's words for what is ready, and the library's. */
static inline int sqlEvents(int mask) {
    return (mask & REDISMODULE_FILE_READABLE ? MYSQL_WAIT_READ : 0) |
           (mask & REDISMODULE_FILE_WRITABLE ? MYSQL_WAIT_WRITE : 0);
}

static inline int sqlMask(int events) {
    return (events & MYSQL_WAIT_READ ? REDISMODULE_FILE_READABLE : 0) |
           (events & MYSQL_WAIT_WRITE ? REDISMODULE_FILE_WRITABLE : 0);
}

/* sqlUnwatch comes before every call of the library, which may close the socket
 * in any of them: a descriptor has to leave the loop before it is closed. */
static inline void sqlUnwatch(struct sqlLink *l) {
    if (l->watched) RedisModule_DeleteFileEvent(l->pool->ctx, l->fd, l->watched);
    l->watched = 0;
}

static inline void sqlReady(RedisModuleCtx *ctx, int fd, void *data, int mask);
static inline int sqlDeadline(RedisModuleCtx *ctx, long long id, void *data);

/* sqlWatch waits for what the library asks for. Should the loop refuse, the
 * deadline ends the wait. */
static inline void sqlWatch(struct sqlLink *l, int events) {
    int mask = sqlMask(events);
    l->fd = mysql_get_socket(&l->my);
    if (mask && RedisModule_CreateFileEvent(l->pool->ctx, l->fd, mask, sqlReady, l) == REDISMODULE_OK)
        l->watched = mask;
}

static inline void sqlStopTimer(struct sqlLink *l) {
    if (l->timer) RedisModule_DeleteTimeEvent(l->pool->ctx, l->timer);
    l->timer = 0;
}

/* sqlBegin enters a step that has to end in time. */
static inline void sqlBegin(struct sqlLink *l, enum sqlStep step) {
    l->step = step;
    RedisModule_CreateTimeEvent(l->pool->ctx, l->pool->timeout, sqlDeadline, l, NULL, &l->timer);
}

/* ---- the ends of a step ---- */

/* sqlEndStep releases what a step holds. */
static inline void sqlEndStep(struct sqlLink *l) {
    sqlUnwatch(l);
    sqlStopTimer(l);
    RedisModule_Free(l->text);
    l->text = NULL;
    l->job = NULL;
    l->rows = NULL;
}

/* sqlClose closes a connection on which no call of the library is under way. */
static inline void sqlClose(struct sqlLink *l) {
    if (l->step == SQL_CLOSED) return;
    sqlEndStep(l);
    mysql_close(&l->my);
    l->step = SQL_CLOSED;
}

/* sqlRest makes a connection idle. It is watched all the same: when the database
 * closes it, it is noticed right then and not by the next statement. */
static inline void sqlRest(struct sqlLink *l) {
    sqlEndStep(l);
    l->step = SQL_IDLE;
    sqlWatch(l, MYSQL_WAIT_READ);
}

static inline void sqlEnqueue(struct sqlPool *p, struct sqlJob *job, int front) {
    job->next = front ? p->first : NULL;
    if (front) p->first = job;
    else *p->last = job;
    if (job->next == NULL) p->last = &job->next;
    job->queued = 1;
    p->queued++;
}

/* sqlBackOff remembers why there is no connection. */
static inline void sqlBackOff(struct sqlPool *p, const char *error) {
    snprintf(p->error, sizeof(p->error), "%s", error);
    p->retryAt = RedisModule_MonotonicMicroseconds() + SQL_RETRY_US;
}

/* sqlFail ends a step with the library's error. The connection survives the
 * errors of a statement, but not those of the connection: the library's own
 * (2000 and up), a shutdown (1053) and a KILL (1927). */
static inline void sqlFail(struct sqlLink *l) {
    struct sqlPool *p = l->pool;
    struct sqlJob *job = l->job;
    char error[512];
    unsigned no = mysql_errno(&l->my);
    int lost = l->step == SQL_CONNECTING || (no >= 2000 && no < 3000) || no == 1053 || no == 1927;
    snprintf(error, sizeof(error), "(%u) %s", no, mysql_error(&l->my));
    if (lost) sqlClose(l);
    else sqlRest(l);
    if (job == NULL) {
        sqlBackOff(p, error);
    } else if (lost && job->retries++ < p->size) { /* all of them may be lost without our knowing */
        sqlEnqueue(p, job, 1);
    } else {
        job->done(job, NULL, error);
    }
}

/* sqlFinish ends a job with its rows. */
static inline void sqlFinish(struct sqlLink *l) {
    struct sqlJob *job = l->job;
    MYSQL_RES *rows = l->rows;
    if (rows == NULL && mysql_errno(&l->my)) {
        sqlFail(l);
        return;
    }
    sqlRest(l);
    job->done(job, rows, rows != NULL ? NULL : "the statement gives no rows");
    if (rows != NULL) mysql_free_result(rows);
}

/* ---- going on ---- */

/* sqlAdvance goes on from what a call of the library returned: what to wait for,
 * or 0 when its step is done. */
static inline void sqlAdvance(struct sqlLink *l, int status) {
    if (status == 0 && l->step == SQL_ASKING && !l->refused) {
        l->step = SQL_READING;
        status = mysql_store_result_start(&l->rows, &l->my);
    }
    if (status != 0) sqlWatch(l, status);
    else if (l->step == SQL_READING) sqlFinish(l);
    else if (l->step == SQL_CONNECTING && l->connected != NULL) {
        l->pool->connects++;
        sqlRest(l);
    } else {
        sqlFail(l);
    }
}

/* sqlContinue tells the library what has happened. */
static inline int sqlContinue(struct sqlLink *l, int events) {
    if (l->step == SQL_CONNECTING) return mysql_real_connect_cont(&l->connected, &l->my, events);
    if (l->step == SQL_ASKING) return mysql_real_query_cont(&l->refused, &l->my, events);
    return mysql_store_result_cont(&l->rows, &l->my, events);
}

static inline void sqlConnect(struct sqlLink *l) {
    const struct sqlPool *p = l->pool;
    unsigned off = 0;
    mysql_init(&l->my);
    mysql_options(&l->my, MYSQL_OPT_NONBLOCK, NULL);
    mysql_options(&l->my, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_options(&l->my, MYSQL_OPT_LOCAL_INFILE, &off); /* a database must not read our files */
    sqlBegin(l, SQL_CONNECTING);
    sqlAdvance(l, mysql_real_connect_start(&l->connected, &l->my, p->host, p->user, p->password, p->database, p->port,
                                           p->socket, 0));
}

static inline void sqlAsk(struct sqlLink *l, struct sqlJob *job) {
    size_t len;
    sqlUnwatch(l);
    l->job = job;
    l->text = job->text(job, &l->my, &len); /* which the library reads until the statement is sent */
    sqlBegin(l, SQL_ASKING);
    sqlAdvance(l, mysql_real_query_start(&l->refused, &l->my, l->text, len));
}

static inline struct sqlJob *sqlDequeue(struct sqlPool *p) {
    struct sqlJob *job = p->first;
    p->first = job->next;
    if (p->first == NULL) p->last = &p->first;
    job->queued = 0;
    p->queued--;
    return job;
}

/* sqlDispatch gives jobs to connections, and makes as many connections as there
 * are jobs without one. It follows everything that may have changed either. */
static inline void sqlDispatch(struct sqlPool *p) {
    while (p->first != NULL) {
        struct sqlLink *idle = NULL, *closed = NULL;
        int connecting = 0, open = 0;
        for (int i = 0; i < p->size; i++) {
            struct sqlLink *l = &p->links[i];
            if (l->step == SQL_CLOSED) closed = l;
            else open++;
            if (l->step == SQL_IDLE) idle = l;
            connecting += l->step == SQL_CONNECTING;
        }
        if (idle != NULL) {
            sqlAsk(idle, sqlDequeue(p));
        } else if (closed == NULL || connecting >= p->queued) {
            return;
        } else if (RedisModule_MonotonicMicroseconds() >= p->retryAt) {
            sqlConnect(closed);
        } else if (open == 0) {
            /* Nothing will happen that could help those who wait. */
            struct sqlJob *job = sqlDequeue(p);
            job->done(job, NULL, p->error);
        } else {
            return;
        }
    }
}

static inline void sqlReady(RedisModuleCtx *ctx, int fd, void *data, int mask) {
    struct sqlLink *l = data;
    REDISMODULE_NOT_USED(ctx);
    REDISMODULE_NOT_USED(fd);
    sqlUnwatch(l);
    if (l->step == SQL_IDLE) sqlClose(l); /* nothing was asked: it is the end */
    else sqlAdvance(l, sqlContinue(l, sqlEvents(mask)));
    sqlDispatch(l->pool);
}

/* sqlAbort closes a connection in the middle of a call of the library. The call
 * goes on, on a stack of its own, until it sees that its time is over. */
static inline void sqlAbort(struct sqlLink *l) {
    sqlUnwatch(l);
    if (l->step > SQL_IDLE)
        while (sqlContinue(l, MYSQL_WAIT_TIMEOUT) != 0) continue;
    MYSQL_RES *rows = l->step == SQL_READING ? l->rows : NULL;
    sqlClose(l);
    if (rows != NULL) mysql_free_result(rows);
}

static inline int sqlDeadline(RedisModuleCtx *ctx, long long id, void *data) {
    struct sqlLink *l = data;
    struct sqlPool *p = l->pool;
    struct sqlJob *job = l->job;
    REDISMODULE_NOT_USED(ctx);
    REDISMODULE_NOT_USED(id);
    l->timer = 0;
    sqlAbort(l);
    if (job != NULL) job->done(job, NULL, "no answer in time");
    else sqlBackOff(p, "no connection in time");
    sqlDispatch(p);
    return REDISMODULE_TIME_NOMORE;
}

/* ---- for those who use the pool ---- */

/* sqlOpen readies a pool whose settings are set. The context has to live as long
 * as the pool. The library prepares itself once for a process, which is better
 * done now than in the first request; it is never told the end, since others may
 * use it, too. */
static inline void sqlOpen(struct sqlPool *p, RedisModuleCtx *ctx) {
    mysql_library_init(0, NULL, NULL);
    p->ctx = ctx;
    p->last = &p->first;
    p->links = RedisModule_Calloc((size_t)p->size, sizeof(*p->links));
    for (int i = 0; i < p->size; i++) p->links[i].pool = p;
}

static inline void sqlSubmit(struct sqlPool *p, struct sqlJob *job) {
    sqlEnqueue(p, job, 0);
    sqlDispatch(p);
}

/* sqlCancel takes a job back that has not been sent: 0 when it has. */
static inline int sqlCancel(struct sqlPool *p, struct sqlJob *job) {
    if (!job->queued) return 0;
    struct sqlJob **at = &p->first;
    while (*at != job) at = &(*at)->next;
    *at = job->next;
    if (*at == NULL) p->last = at;
    job->queued = 0;
    p->queued--;
    return 1;
}

/* sqlShut closes the pool. Jobs that are left end with an error, and must not
 * submit others then. */
static inline void sqlShut(struct sqlPool *p) {
    for (int i = 0; i < p->size; i++) {
        struct sqlJob *job = p->links[i].job;
        sqlAbort(&p->links[i]);
        if (job != NULL) job->done(job, NULL, "the pool is closed");
    }
    while (p->first != NULL) {
        struct sqlJob *job = sqlDequeue(p);
        job->done(job, NULL, "the pool is closed");
    }
    RedisModule_Free(p->links);
}

static inline int sqlConnected(const struct sqlPool *p) {
    int n = 0;
    for (int i = 0; i < p->size; i++) n += p->links[i].step == SQL_IDLE || p->links[i].step > SQL_CONNECTING;
    return n;
}

#endif
