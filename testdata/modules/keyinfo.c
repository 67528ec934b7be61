/* A module whose commands hand on the functions that say and change what is
 * known of keys, clients and commands. Each replies what its function said. */
#include "redismodule.h"

#include <errno.h>
#include <string.h>

#define CMD(fn) static int fn(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
#define ARGS(n) \
    if (argc != (n)) return RedisModule_WrongArity(ctx)

static const char *text(RedisModuleString *s) { return RedisModule_StringPtrLen(s, NULL); }

static long long number(RedisModuleString *s) {
    long long n = 0;
    RedisModule_StringToLongLong(s, &n);
    return n;
}

/* KI.OPEN key mode: the type, or -1 for NULL */
CMD(kiOpen) {
    ARGS(3);
    RedisModuleKey *k = RedisModule_OpenKey(ctx, argv[1], number(argv[2]));
    int type = k ? RedisModule_KeyType(k) : -1;
    RedisModule_CloseKey(k);
    return RedisModule_ReplyWithLongLong(ctx, type);
}

/* KI.EXPIRE key what [value] */
CMD(kiExpire) {
    if (argc < 3) return RedisModule_WrongArity(ctx);
    const char *what = text(argv[2]);
    int mode = REDISMODULE_READ | (strncmp(what, "set", 3) ? 0 : REDISMODULE_WRITE);
    RedisModuleKey *k = RedisModule_OpenKey(ctx, argv[1], mode);
    if (!k) return RedisModule_ReplyWithNull(ctx);
    long long value = argc > 3 ? number(argv[3]) : 0, r = -100;
    if (!strcmp(what, "get")) r = RedisModule_GetExpire(k);
    if (!strcmp(what, "getabs")) r = RedisModule_GetAbsExpire(k);
    if (!strcmp(what, "set")) r = RedisModule_SetExpire(k, value);
    if (!strcmp(what, "setabs")) r = RedisModule_SetAbsExpire(k, value);
    if (!strcmp(what, "readonly")) r = RedisModule_SetExpire(k, 1000);
    if (!strcmp(what, "setpast")) {
        /* The key stays as long as it is open. */
        r = RedisModule_SetAbsExpire(k, 1000) * 1000 + RedisModule_GetAbsExpire(k) + RedisModule_KeyType(k) + RedisModule_GetExpire(k);
    }
    RedisModule_CloseKey(k);
    return RedisModule_ReplyWithLongLong(ctx, r);
}

/* KI.USE key getlru|setlru|getlfu|setlfu [value]: status and value */
CMD(kiUse) {
    if (argc < 3) return RedisModule_WrongArity(ctx);
    const char *what = text(argv[2]);
    long long value = argc > 3 ? number(argv[3]) : -7;
    int r = -100;
    RedisModuleKey *k = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ | REDISMODULE_WRITE | REDISMODULE_OPEN_KEY_NOTOUCH);
    if (!strcmp(what, "getlru")) {
        mstime_t t = -7;
        r = RedisModule_GetLRU(k, &t);
        value = t;
    }
    if (!strcmp(what, "setlru")) r = RedisModule_SetLRU(k, value);
    if (!strcmp(what, "getlfu")) r = RedisModule_GetLFU(k, &value);
    if (!strcmp(what, "setlfu")) r = RedisModule_SetLFU(k, value);
    RedisModule_CloseKey(k);
    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ReplyWithLongLong(ctx, r);
    return RedisModule_ReplyWithLongLong(ctx, value);
}

/* KI.DB db key: SelectDb, GetSelectedDb, DbSize, KeyExists, the key's database,
 * that of NULL; then its name and RandomKey */
CMD(kiDb) {
    ARGS(3);
    RedisModule_ReplyWithArray(ctx, 8);
    RedisModule_ReplyWithLongLong(ctx, RedisModule_SelectDb(ctx, number(argv[1])));
    RedisModule_ReplyWithLongLong(ctx, RedisModule_GetSelectedDb(ctx));
    RedisModule_ReplyWithLongLong(ctx, RedisModule_DbSize(ctx));
    RedisModule_ReplyWithLongLong(ctx, RedisModule_KeyExists(ctx, argv[2]));
    RedisModuleKey *k = RedisModule_OpenKey(ctx, argv[2], REDISMODULE_READ);
    RedisModule_ReplyWithLongLong(ctx, RedisModule_GetDbIdFromModuleKey(k));
    RedisModule_ReplyWithLongLong(ctx, RedisModule_GetDbIdFromModuleKey(NULL));
    const RedisModuleString *name = RedisModule_GetKeyNameFromModuleKey(k);
    if (name)
        RedisModule_ReplyWithString(ctx, (RedisModuleString *)name);
    else
        RedisModule_ReplyWithNull(ctx);
    RedisModule_CloseKey(k);
    RedisModuleString *random = RedisModule_RandomKey(ctx);
    if (!random) return RedisModule_ReplyWithNull(ctx);
    RedisModule_ReplyWithString(ctx, random);
    RedisModule_FreeString(ctx, random);
    return REDISMODULE_OK;
}

/* KI.CLIENT id [name]: the user, the certificate, the status of setting the name
 * and errno, the name */
CMD(kiClient) {
    if (argc < 2) return RedisModule_WrongArity(ctx);
    unsigned long long id = number(argv[1]) ? (unsigned long long)number(argv[1]) : RedisModule_GetClientId(ctx);
    RedisModule_ReplyWithArray(ctx, 5);
    RedisModuleString *s = RedisModule_GetClientUserNameById(ctx, id);
    s ? RedisModule_ReplyWithString(ctx, s) : RedisModule_ReplyWithNull(ctx);
    if (s) RedisModule_FreeString(ctx, s);
    s = RedisModule_GetClientCertificate(ctx, id);
    s ? RedisModule_ReplyWithString(ctx, s) : RedisModule_ReplyWithNull(ctx);
    errno = 0;
    RedisModule_ReplyWithLongLong(ctx, argc > 2 ? RedisModule_SetClientNameById(id, argv[2]) : -1);
    RedisModule_ReplyWithCString(ctx, errno == ENOENT ? "ENOENT" : errno == EINVAL ? "EINVAL" : "");
    s = RedisModule_GetClientNameById(ctx, id);
    s ? RedisModule_ReplyWithString(ctx, s) : RedisModule_ReplyWithNull(ctx);
    if (s) RedisModule_FreeString(ctx, s);
    return REDISMODULE_OK;
}

/* KI.INFO id: the status, flags, address, port and database; of version 9 the
 * status; of NULL too */
CMD(kiInfo) {
    ARGS(2);
    unsigned long long id = number(argv[1]) ? (unsigned long long)number(argv[1]) : RedisModule_GetClientId(ctx);
    RedisModuleClientInfo info = REDISMODULE_CLIENTINFO_INITIALIZER_V1, newer = {.version = 9};
    int r = RedisModule_GetClientInfoById(&info, id);
    RedisModule_ReplyWithArray(ctx, 7);
    RedisModule_ReplyWithLongLong(ctx, r);
    RedisModule_ReplyWithLongLong(ctx, info.flags);
    RedisModule_ReplyWithCString(ctx, info.addr);
    RedisModule_ReplyWithLongLong(ctx, info.port);
    RedisModule_ReplyWithLongLong(ctx, info.db);
    RedisModule_ReplyWithLongLong(ctx, RedisModule_GetClientInfoById(&newer, id));
    return RedisModule_ReplyWithLongLong(ctx, RedisModule_GetClientInfoById(NULL, id));
}

/* KI.KEYS command any ...: the position of each key, or errno. Their flags are not
 * compared: for most commands Redis leaves them zero. */
CMD(kiKeys) {
    if (argc < 2) return RedisModule_WrongArity(ctx);
    int n = 0, *flags = NULL;
    errno = 0;
    int *keys = RedisModule_GetCommandKeysWithFlags(ctx, argv + 1, argc - 1, &n, &flags);
    if (!keys) {
        int e = errno;
        return RedisModule_ReplyWithSimpleString(ctx, e == 0 ? "none" : e == ENOENT ? "ENOENT" : e == EINVAL ? "EINVAL" : "other");
    }
    RedisModule_ReplyWithArray(ctx, n);
    for (int j = 0; j < n; j++) RedisModule_ReplyWithLongLong(ctx, keys[j]);
    RedisModule_Free(keys);
    RedisModule_Free(flags);
    return REDISMODULE_OK;
}

/* KI.REDACT pos any ... */
CMD(kiRedact) {
    if (argc < 2) return RedisModule_WrongArity(ctx);
    return RedisModule_ReplyWithLongLong(ctx, RedisModule_RedactClientCommandArgument(ctx, number(argv[1])));
}

/* KI.RESET async: what is left */
CMD(kiReset) {
    ARGS(2);
    RedisModule_ResetDataset(0, number(argv[1]));
    return RedisModule_ReplyWithLongLong(ctx, RedisModule_DbSize(ctx));
}

/* KI.LATENCY event milliseconds */
CMD(kiLatency) {
    ARGS(3);
    RedisModule_LatencyAddSample(text(argv[1]), number(argv[2]));
    return RedisModule_ReplyWithNull(ctx);
}

/* KI.FLAGS: what the four functions say that tell all that there is, and the
 * configured classes of events */
CMD(kiFlags) {
    ARGS(1);
    RedisModule_ReplyWithArray(ctx, 5);
    RedisModule_ReplyWithLongLong(ctx, RedisModule_GetContextFlagsAll());
    RedisModule_ReplyWithLongLong(ctx, RedisModule_GetKeyspaceNotificationFlagsAll());
    RedisModule_ReplyWithLongLong(ctx, RedisModule_GetModuleOptionsAll ? RedisModule_GetModuleOptionsAll() : -1);
    RedisModule_ReplyWithLongLong(ctx, RedisModule_GetOpenKeyModesAll ? RedisModule_GetOpenKeyModesAll() : -1);
    return RedisModule_ReplyWithLongLong(ctx, RedisModule_GetNotifyKeyspaceEvents());
}

/* KI.CONTEXT: the flags of the context */
CMD(kiContext) {
    ARGS(1);
    return RedisModule_ReplyWithLongLong(ctx, RedisModule_GetContextFlags(ctx));
}

/* KI.REPLICATE command format any ... */
CMD(kiReplicate) {
    if (argc < 4) return RedisModule_WrongArity(ctx);
    int verbatim = RedisModule_ReplicateVerbatim(ctx);
    int r = RedisModule_Replicate(ctx, text(argv[1]), text(argv[2]), text(argv[3]));
    return RedisModule_ReplyWithLongLong(ctx, verbatim * 10 + r);
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    static const struct {
        const char *name;
        RedisModuleCmdFunc fn;
    } commands[] = {
        {"ki.open", kiOpen}, {"ki.expire", kiExpire}, {"ki.use", kiUse}, {"ki.db", kiDb}, {"ki.client", kiClient},
        {"ki.redact", kiRedact}, {"ki.reset", kiReset}, {"ki.latency", kiLatency}, {"ki.flags", kiFlags},
        {"ki.context", kiContext}, {"ki.replicate", kiReplicate}, {"ki.info", kiInfo}, {"ki.keys", kiKeys},
    };
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    if (RedisModule_Init(ctx, "keyinfo", 1, REDISMODULE_APIVER_1)) return REDISMODULE_ERR;
    for (size_t j = 0; j < sizeof(commands) / sizeof(*commands); j++)
        if (RedisModule_CreateCommand(ctx, commands[j].name, commands[j].fn, "", 0, 0, 0)) return REDISMODULE_ERR;
    return REDISMODULE_OK;
}
