/* Puts an asynchronous connection of hiredis on the server's loop by the calls
 * that redis-server has, too: RedisModule_EventLoopAdd and EventLoopDel. */
#ifndef HIREDIS_EVENTLOOP_H
#define HIREDIS_EVENTLOOP_H

#include "redismodule.h"

#include <hiredis/async.h>

/* One for each connection; hiredis frees it, by hiredisLoopCleanup, with the
 * connection. */
struct hiredisLoopEvents {
    redisAsyncContext *connection;
    int watched;
};

/* Both of these may end the connection, and then free the events, too. */
static void hiredisLoopReady(int fd, void *data, int mask) {
    struct hiredisLoopEvents *e = data;
    REDISMODULE_NOT_USED(fd);
    if (mask & REDISMODULE_EVENTLOOP_READABLE) redisAsyncHandleRead(e->connection);
    else redisAsyncHandleWrite(e->connection);
}

/* hiredis asks for what it has already, again and again. When the loop refuses,
 * hiredis cannot be told: the requests run into their timeout. */
static void hiredisLoopAdd(struct hiredisLoopEvents *e, int mask) {
    if (!(e->watched & mask) &&
        RedisModule_EventLoopAdd(e->connection->c.fd, mask, hiredisLoopReady, e) == REDISMODULE_OK)
        e->watched |= mask;
}

static void hiredisLoopDel(struct hiredisLoopEvents *e, int mask) {
    if (e->watched & mask) RedisModule_EventLoopDel(e->connection->c.fd, mask);
    e->watched &= ~mask;
}

static void hiredisLoopAddRead(void *data) { hiredisLoopAdd(data, REDISMODULE_EVENTLOOP_READABLE); }
static void hiredisLoopDelRead(void *data) { hiredisLoopDel(data, REDISMODULE_EVENTLOOP_READABLE); }
static void hiredisLoopAddWrite(void *data) { hiredisLoopAdd(data, REDISMODULE_EVENTLOOP_WRITABLE); }
static void hiredisLoopDelWrite(void *data) { hiredisLoopDel(data, REDISMODULE_EVENTLOOP_WRITABLE); }

static void hiredisLoopCleanup(void *data) {
    hiredisLoopDel(data, REDISMODULE_EVENTLOOP_READABLE);
    hiredisLoopDel(data, REDISMODULE_EVENTLOOP_WRITABLE);
    RedisModule_Free(data);
}

/* hiredisAttachEventLoop is called once for a new connection, on the loop. */
static inline void hiredisAttachEventLoop(redisAsyncContext *connection) {
    struct hiredisLoopEvents *e = RedisModule_Calloc(1, sizeof(*e));
    e->connection = connection;
    connection->ev.data = e;
    connection->ev.addRead = hiredisLoopAddRead;
    connection->ev.delRead = hiredisLoopDelRead;
    connection->ev.addWrite = hiredisLoopAddWrite;
    connection->ev.delWrite = hiredisLoopDelWrite;
    connection->ev.cleanup = hiredisLoopCleanup;
}

#endif
