/* A module whose commands are told of in every way that there is: as they are, by
 * the commands that they call, and by others. Its type writes its values as commands. */
#include "redismodule.h"

#include <string.h>

static RedisModuleType *type;

/* What a rewrite of the type's values does wrong. */
static enum { GOOD, UNKNOWN, FORMAT } mode;

/* TELLER.CALL format cmd [arg ...]: calls a command with the letters of format
 * besides the arguments. */
static int call(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    char format[16];
    size_t len;
    if (argc < 3) return RedisModule_WrongArity(ctx);
    const char *letters = RedisModule_StringPtrLen(argv[1], &len);
    if (len > sizeof format - 2) return RedisModule_ReplyWithError(ctx, "ERR the format is long");
    memcpy(format, letters, len);
    format[len] = 'v';
    format[len + 1] = 0;
    const char *cmd = RedisModule_StringPtrLen(argv[2], NULL);
    RedisModuleCallReply *reply = RedisModule_Call(ctx, cmd, format, argv + 3, (size_t)(argc - 3));
    if (!reply) return RedisModule_ReplyWithError(ctx, "ERR the call failed");
    RedisModule_ReplyWithCallReply(ctx, reply);
    RedisModule_FreeCallReply(reply);
    return REDISMODULE_OK;
}

/* TELLER.VERBATIM key: writes a key, and is told of as it is. */
static int verbatim(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 2) return RedisModule_WrongArity(ctx);
    RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_WRITE);
    RedisModule_StringSet(key, argv[1]);
    RedisModule_CloseKey(key);
    RedisModule_ReplicateVerbatim(ctx);
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

/* TELLER.OTHER key: is told of by other commands, two of which go to one side only. */
static int other(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 2) return RedisModule_WrongArity(ctx);
    RedisModule_Replicate(ctx, "SET", "sl", argv[1], 1LL);
    RedisModule_Replicate(ctx, "APPEND", "scR", argv[1], "aof");
    RedisModule_Replicate(ctx, "APPEND", "scA", argv[1], "replicas");
    RedisModuleCallReply *reply = RedisModule_Call(ctx, "INCR", "c!", "teller:n");
    RedisModule_FreeCallReply(reply);
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

/* TELLER.MAKE key text: makes a value of the type. */
static int make(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 3) return RedisModule_WrongArity(ctx);
    RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_WRITE);
    RedisModule_ModuleTypeSetValue(key, type, RedisModule_CreateStringFromString(NULL, argv[2]));
    RedisModule_CloseKey(key);
    RedisModule_ReplicateVerbatim(ctx);
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

/* TELLER.GET key */
static int get(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 2) return RedisModule_WrongArity(ctx);
    RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ);
    RedisModuleString *text = key ? RedisModule_ModuleTypeGetValue(key) : NULL;
    if (text) {
        RedisModule_ReplyWithString(ctx, text);
    } else {
        RedisModule_ReplyWithNull(ctx);
    }
    RedisModule_CloseKey(key);
    return REDISMODULE_OK;
}

/* TELLER.MODE good|unknown|format */
static int setmode(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 2) return RedisModule_WrongArity(ctx);
    switch (*RedisModule_StringPtrLen(argv[1], NULL)) {
    case 'u': mode = UNKNOWN; break;
    case 'f': mode = FORMAT; break;
    default: mode = GOOD;
    }
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

/* TELLER.RESET restart: writes a key, empties all databases, and writes another one. */
static int reset(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    long long restart;
    if (argc != 2) return RedisModule_WrongArity(ctx);
    if (RedisModule_StringToLongLong(argv[1], &restart) != REDISMODULE_OK) {
        return RedisModule_ReplyWithError(ctx, "ERR not a number");
    }
    RedisModule_FreeCallReply(RedisModule_Call(ctx, "APPEND", "cc!", "before", "x"));
    RedisModule_ResetDataset((int)restart, 0);
    RedisModule_FreeCallReply(RedisModule_Call(ctx, "APPEND", "cc!", "after", "x"));
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

static void *load(RedisModuleIO *io, int encver) {
    REDISMODULE_NOT_USED(encver);
    return RedisModule_LoadString(io);
}

static void save(RedisModuleIO *io, void *value) { RedisModule_SaveString(io, value); }

static void rewrite(RedisModuleIO *io, RedisModuleString *key, void *value) {
    size_t len;
    const char *text = RedisModule_StringPtrLen(value, &len);
    switch (mode) {
    case UNKNOWN: RedisModule_EmitAOF(io, "TELLER.NOSUCH", "s", key); break;
    case FORMAT: RedisModule_EmitAOF(io, "TELLER.MAKE", "?", key); break;
    case GOOD: break;
    }
    RedisModule_EmitAOF(io, "TELLER.MAKE", "sc", key, "half");
    RedisModule_EmitAOF(io, "TELLER.MAKE", "sb", key, text, len);
}

static void discard(void *value) { RedisModule_FreeString(NULL, value); }

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    RedisModuleTypeMethods methods = {
        .version = REDISMODULE_TYPE_METHOD_VERSION, .rdb_load = load, .rdb_save = save, .aof_rewrite = rewrite, .free = discard,
    };
    if (RedisModule_Init(ctx, "teller", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "teller.call", call, "write", 0, 0, 0) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "teller.verbatim", verbatim, "write", 1, 1, 1) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "teller.other", other, "write", 1, 1, 1) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "teller.make", make, "write", 1, 1, 1) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "teller.get", get, "readonly", 1, 1, 1) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "teller.reset", reset, "write", 0, 0, 0) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "teller.mode", setmode, "", 0, 0, 0) == REDISMODULE_ERR) {
        return REDISMODULE_ERR;
    }
    type = RedisModule_CreateDataType(ctx, "tellertxt", 0, &methods);
    return type ? REDISMODULE_OK : REDISMODULE_ERR;
}
