/* Puts an asynchronous connection of hiredis on the server's loop by the calls of
 * redis pull request 4158. modules/hiredis_eventloop.h does the same by the calls
 * that redis-server has. */
#ifndef HIREDIS_FILEEVENTS_H
#define HIREDIS_FILEEVENTS_H

#include "redismodule.h"

#include <hiredis/async.h>

/* One for each connection; hiredis frees it, by hiredisFileCleanup, with the
 * connection. */
struct hiredisFileEvents {
    RedisModuleCtx *ctx;
    redisAsyncContext *connection;
    int watched;
};

/* Both of these may end the connection, and then free the events, too. */
static void hiredisFileReady(RedisModuleCtx *ctx, int fd, void *data, int mask) {
    struct hiredisFileEvents *e = data;
    REDISMODULE_NOT_USED(ctx);
    REDISMODULE_NOT_USED(fd);
    if (mask & REDISMODULE_FILE_READABLE) redisAsyncHandleRead(e->connection);
    else redisAsyncHandleWrite(e->connection);
}

/* hiredis asks for what it has already, again and again. When the loop refuses,
 * hiredis cannot be told: the requests run into their timeout. */
static void hiredisFileAdd(struct hiredisFileEvents *e, int mask) {
    if (!(e->watched & mask) &&
        RedisModule_CreateFileEvent(e->ctx, e->connection->c.fd, mask, hiredisFileReady, e) == REDISMODULE_OK)
        e->watched |= mask;
}

static void hiredisFileDel(struct hiredisFileEvents *e, int mask) {
    if (e->watched & mask) RedisModule_DeleteFileEvent(e->ctx, e->connection->c.fd, mask);
    e->watched &= ~mask;
}

static void hiredisFileAddRead(void *data) { hiredisFileAdd(data, REDISMODULE_FILE_READABLE); }
static void hiredisFileDelRead(void *data) { hiredisFileDel(data, REDISMODULE_FILE_READABLE); }
static void hiredisFileAddWrite(void *data) { hiredisFileAdd(data, REDISMODULE_FILE_WRITABLE); }
static void hiredisFileDelWrite(void *data) { hiredisFileDel(data, REDISMODULE_FILE_WRITABLE); }

static void hiredisFileCleanup(void *data) {
    hiredisFileDel(data, REDISMODULE_FILE_READABLE);
    hiredisFileDel(data, REDISMODULE_FILE_WRITABLE);
    RedisModule_Free(data);
}

/* hiredisAttachFileEvents is called once for a new connection, on the loop. The
 * context has to outlive the connection: a detached thread-safe one does. */
static inline void hiredisAttachFileEvents(RedisModuleCtx *ctx, redisAsyncContext *connection) {
    struct hiredisFileEvents *e = RedisModule_Calloc(1, sizeof(*e));
    e->ctx = ctx;
    e->connection = connection;
    connection->ev.data = e;
    connection->ev.addRead = hiredisFileAddRead;
    connection->ev.delRead = hiredisFileDelRead;
    connection->ev.addWrite = hiredisFileAddWrite;
    connection->ev.delWrite = hiredisFileDelWrite;
    connection->ev.cleanup = hiredisFileCleanup;
}

#endif
