/* A module whose OnLoad takes one thing after the other from the server and
 * then refuses: after as many steps as the argument says, or not at all when it
 * says -1. Whatever the server forgets to take back points into code that is
 * gone, and is called within milliseconds. */
#include "redismodule.h"

#include <string.h>

static long long left;

static int command(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    return RedisModule_ReplyWithLongLong(ctx, left);
}

static void timer(RedisModuleCtx *ctx, void *data) {
    REDISMODULE_NOT_USED(ctx);
    REDISMODULE_NOT_USED(data);
    left--;
}

static int timeEvent(RedisModuleCtx *ctx, long long id, void *data) {
    REDISMODULE_NOT_USED(ctx);
    REDISMODULE_NOT_USED(id);
    REDISMODULE_NOT_USED(data);
    return 1;
}

static void fileEvent(RedisModuleCtx *ctx, int fd, void *data, int mask) {
    REDISMODULE_NOT_USED(ctx);
    REDISMODULE_NOT_USED(fd);
    REDISMODULE_NOT_USED(data);
    REDISMODULE_NOT_USED(mask);
}

static void filter(RedisModuleCommandFilterCtx *filter) {
    if (RedisModule_CommandFilterArgsCount(filter) == 2) RedisModule_CommandFilterArgDelete(filter, 1);
}

static void finalizer(RedisModuleCtx *ctx, void *data) {
    RedisModule_Log(ctx, "notice", "finalizer ran");
    RedisModule_Free(data);
}

static void info(RedisModuleInfoCtx *ctx, int crash) {
    REDISMODULE_NOT_USED(crash);
    RedisModule_InfoAddSection(ctx, "section");
    RedisModule_InfoAddFieldLongLong(ctx, "field", 1);
}

static long long number = 3;

static long long getNumber(const char *name, void *data) {
    REDISMODULE_NOT_USED(name);
    REDISMODULE_NOT_USED(data);
    return number;
}

static int setNumber(const char *name, long long value, void *data, RedisModuleString **err) {
    REDISMODULE_NOT_USED(name);
    REDISMODULE_NOT_USED(data);
    REDISMODULE_NOT_USED(err);
    number = value;
    return REDISMODULE_OK;
}

static int takeCommand(RedisModuleCtx *ctx) { return RedisModule_CreateCommand(ctx, "fails.command", command, "readonly", 0, 0, 0); }

static int takeTimer(RedisModuleCtx *ctx) {
    RedisModule_CreateTimer(ctx, 5, timer, NULL);
    return REDISMODULE_OK;
}

static int takeTimeEvent(RedisModuleCtx *ctx) { return RedisModule_CreateTimeEvent(ctx, 1, timeEvent, NULL, NULL, NULL); }

static int takeSocket(RedisModuleCtx *ctx) {
    int fd;
    if (RedisModule_TcpServer(ctx, 0, "127.0.0.1", 4, &fd) != REDISMODULE_OK) return REDISMODULE_ERR;
    return RedisModule_CreateFileEvent(ctx, fd, REDISMODULE_FILE_READABLE, fileEvent, NULL);
}

static int takeClient(RedisModuleCtx *ctx) {
    int fd;
    if (RedisModule_CreateClient(ctx, &fd) != REDISMODULE_OK) return REDISMODULE_ERR;
    return RedisModule_CreateFileEvent(ctx, fd, REDISMODULE_FILE_READABLE | REDISMODULE_FILE_WRITABLE, fileEvent, NULL);
}

static int takeFilter(RedisModuleCtx *ctx) {
    return RedisModule_RegisterCommandFilter(ctx, filter, 0) == NULL ? REDISMODULE_ERR : REDISMODULE_OK;
}

static int takeAttachment(RedisModuleCtx *ctx) {
    RedisModule_Attach(ctx, "name", 4, RedisModule_Alloc(100), finalizer);
    return REDISMODULE_OK;
}

static int takeInfo(RedisModuleCtx *ctx) { return RedisModule_RegisterInfoFunc(ctx, info); }

static int takeConfig(RedisModuleCtx *ctx) {
    if (RedisModule_RegisterNumericConfig(ctx, "number", 3, REDISMODULE_CONFIG_DEFAULT, 0, 9, getNumber, setNumber, NULL, NULL) !=
        REDISMODULE_OK)
        return REDISMODULE_ERR;
    return RedisModule_LoadConfigs(ctx);
}

static int takeShared(RedisModuleCtx *ctx) { return RedisModule_ExportSharedAPI(ctx, "fails_shared", (void *)command); }

static int takeString(RedisModuleCtx *ctx) {
    RedisModule_AutoMemory(ctx);
    RedisModule_CreateString(ctx, "a text", 6);
    return REDISMODULE_OK;
}

static int keyEvent(RedisModuleCtx *ctx, int type, const char *event, RedisModuleString *key) {
    RedisModule_Log(ctx, "notice", "%s %d of %s", event, type, RedisModule_StringPtrLen(key, NULL));
    return REDISMODULE_OK;
}

static int takeKeyEvents(RedisModuleCtx *ctx) { return RedisModule_SubscribeToKeyspaceEvents(ctx, REDISMODULE_NOTIFY_ALL, keyEvent); }

static void serverEvent(RedisModuleCtx *ctx, RedisModuleEvent e, uint64_t sub, void *data) {
    REDISMODULE_NOT_USED(data);
    if (e.id != REDISMODULE_EVENT_EVENTLOOP) RedisModule_Log(ctx, "notice", "event %d %d", (int)e.id, (int)sub);
}

static int takeEvents(RedisModuleCtx *ctx) {
    RedisModuleEvent all[] = {RedisModuleEvent_FlushDB,      RedisModuleEvent_ClientChange, RedisModuleEvent_Shutdown, RedisModuleEvent_CronLoop,
                              RedisModuleEvent_ModuleChange, RedisModuleEvent_SwapDB,       RedisModuleEvent_Config,   RedisModuleEvent_Key,
                              RedisModuleEvent_EventLoop};
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
        if (RedisModule_SubscribeToServerEvent(ctx, all[i], serverEvent) != REDISMODULE_OK) return REDISMODULE_ERR;
    return REDISMODULE_OK;
}

static void job(RedisModuleCtx *ctx, void *data) {
    REDISMODULE_NOT_USED(data);
    RedisModule_Log(ctx, "notice", "a job ran");
}

static int takeJob(RedisModuleCtx *ctx) { return RedisModule_AddPostNotificationJob(ctx, job, RedisModule_Alloc(10), RedisModule_Free); }

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    int (*const steps[])(RedisModuleCtx *) = {takeCommand, takeTimer, takeTimeEvent, takeSocket, takeClient, takeFilter,
                                              takeAttachment, takeInfo, takeConfig, takeShared, takeString,
                                              takeKeyEvents, takeEvents, takeJob};
    if (argc != 1 || RedisModule_Init(ctx, "fails", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR) return REDISMODULE_ERR;
    if (RedisModule_StringToLongLong(argv[0], &left) != REDISMODULE_OK) return REDISMODULE_ERR;
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        if (left >= 0 && i == (size_t)left) return REDISMODULE_ERR;
        if (steps[i](ctx) != REDISMODULE_OK) {
            RedisModule_Log(ctx, "warning", "step %d was refused", (int)i);
            return REDISMODULE_ERR;
        }
    }
    return left < 0 ? REDISMODULE_OK : REDISMODULE_ERR;
}
