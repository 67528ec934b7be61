/* A module that saves and loads values made of the elements it is told: a letter
 * for each. With the argument "aware" it looks for errors. It also uses what
 * belongs to data types wrongly: CARRY.WRONG name replies 1 when the call failed
 * as the interface says it does. */
#include "redismodule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static RedisModuleType *type, *bare;
static RedisModuleCtx *current;
static RedisModuleString **texts; /* what is saved */
static const char *letters;
static int loaded;
static const char *trick;
static int failed;
static RedisModuleIO *oldIO;
static RedisModuleDigest *oldDigest;
static RedisModuleKeyOptCtx *oldOpt;
static RedisModuleDefragCtx *oldDefrag;
static char value[] = "a value";

static const char *text(const RedisModuleString *s) { return RedisModule_StringPtrLen(s, NULL); }

static void saveElement(RedisModuleIO *io, char letter, RedisModuleString *s) {
    size_t len;
    const char *p = RedisModule_StringPtrLen(s, &len);
    switch (letter) {
    case 'u': RedisModule_SaveUnsigned(io, strtoull(p, NULL, 0)); break;
    case 'i': RedisModule_SaveSigned(io, strtoll(p, NULL, 0)); break;
    case 's': RedisModule_SaveString(io, s); break;
    case 'b': RedisModule_SaveStringBuffer(io, p, len); break;
    case 'd': RedisModule_SaveDouble(io, strtod(p, NULL)); break;
    case 'f': RedisModule_SaveFloat(io, strtof(p, NULL)); break;
    case 'l': RedisModule_SaveLongDouble(io, strtold(p, NULL)); break;
    }
}

static void save(RedisModuleIO *io, void *v) {
    if (trick != NULL && !strcmp(trick, "negativeSize")) {
        RedisModule_SaveStringBuffer(io, value, (size_t)-1);
        failed = 1;
        return;
    }
    if (trick != NULL && !strcmp(trick, "wrongSize")) {
        RedisModule_SaveStringBuffer(io, value, (size_t)1 << 46);
        failed = 1;
        return;
    }
    if (trick != NULL) { /* a load in a save */
        failed = RedisModule_LoadUnsigned(io) == 0 && v == value;
        return;
    }
    for (int i = 0; letters[i]; i++) saveElement(io, letters[i], texts[i]);
}

static void reply(const char *format, long double x) {
    char b[128];
    snprintf(b, sizeof(b), format, x);
    RedisModule_ReplyWithCString(current, b);
}

static void loadElement(RedisModuleIO *io, char letter) {
    size_t len = 0;
    char *p;
    RedisModuleString *s;
    switch (letter) {
    case 'u': RedisModule_ReplyWithLongLong(current, (long long)RedisModule_LoadUnsigned(io)); break;
    case 'i': RedisModule_ReplyWithLongLong(current, RedisModule_LoadSigned(io)); break;
    case 's':
        s = RedisModule_LoadString(io);
        if (s) {
            RedisModule_ReplyWithString(current, s);
            RedisModule_FreeString(NULL, s);
        } else RedisModule_ReplyWithNull(current);
        break;
    case 'b':
        p = RedisModule_LoadStringBuffer(io, &len);
        if (p) {
            RedisModule_ReplyWithStringBuffer(current, p, len);
            RedisModule_Free(p);
        } else RedisModule_ReplyWithNull(current);
        break;
    case 'd': reply("%.17Lg", RedisModule_LoadDouble(io)); break;
    case 'f': reply("%.9Lg", RedisModule_LoadFloat(io)); break;
    case 'l': reply("%.21Lg", RedisModule_LoadLongDouble(io)); break;
    }
}

static void *load(RedisModuleIO *io, int encver) {
    if (trick != NULL) { /* a save in a load */
        oldIO = io;
        RedisModule_SaveUnsigned(io, 1);
        failed = !RedisModule_IsIOError(io) && encver == 7;
        return NULL;
    }
    for (loaded = 0; letters[loaded]; loaded++) loadElement(io, letters[loaded]);
    RedisModule_ReplyWithSimpleString(current, RedisModule_IsIOError(io) ? "error" : "fine");
    RedisModuleCtx *ctx = RedisModule_GetContextFromIO(io);
    if (ctx == NULL || ctx != RedisModule_GetContextFromIO(io)) RedisModule_ReplyWithError(current, "ERR no context");
    RedisModule_LogIOError(io, "warning", "loaded %d elements, encver %d", loaded, encver);
    return RedisModule_IsIOError(io) ? NULL : value;
}

static void digest(RedisModuleDigest *d, void *v) {
    RedisModule_DigestAddStringBuffer(d, v, (size_t)1 << 46);
    oldDigest = d;
}

static int call(const char *command, const char *key) {
    RedisModuleCtx *ctx = RedisModule_GetThreadSafeContext(NULL);
    RedisModuleCallReply *r = strcmp(command, "SET") && strcmp(command, "COPY") ? RedisModule_Call(ctx, command, "c", key) : RedisModule_Call(ctx, command, "cc", key, "again");
    int ok = r != NULL;
    if (r) RedisModule_FreeCallReply(r);
    RedisModule_FreeThreadSafeContext(ctx);
    return ok;
}

static const char *inUnlink, *inCopy, *inFree;
static int forEver;

static void unlinked(RedisModuleKeyOptCtx *ctx, const void *v) {
    const char *command = inUnlink;
    REDISMODULE_NOT_USED(v);
    oldOpt = ctx;
    inUnlink = NULL;
    if (command) call(command, text(RedisModule_GetKeyNameFromOptCtx(ctx)));
}

static void *copy(RedisModuleKeyOptCtx *ctx, const void *v) {
    const char *command = inCopy;
    if (!forEver) inCopy = NULL;
    if (command) {
        call(command, text(RedisModule_GetKeyNameFromOptCtx(ctx)));
        call("SET", text(RedisModule_GetToKeyNameFromOptCtx(ctx)));
    }
    return (void *)v;
}

static void freed(void *v) {
    const char *command = inFree;
    REDISMODULE_NOT_USED(v);
    inFree = NULL;
    if (command) call(command, "k");
}

static int defrag(RedisModuleDefragCtx *ctx, RedisModuleString *key, void **v) {
    REDISMODULE_NOT_USED(key);
    REDISMODULE_NOT_USED(v);
    oldDefrag = ctx;
    return 0;
}

/* CARRY.SAVE letters [text ...] */
static int saveCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc < 2 || strlen(text(argv[1])) != (size_t)argc - 2) return RedisModule_WrongArity(ctx);
    letters = text(argv[1]);
    texts = argv + 2;
    trick = NULL;
    RedisModuleString *s = RedisModule_SaveDataTypeToString(ctx, value, type);
    if (s == NULL) return RedisModule_ReplyWithError(ctx, "ERR not saved");
    RedisModule_ReplyWithString(ctx, s);
    RedisModule_FreeString(ctx, s);
    return REDISMODULE_OK;
}

/* CARRY.LOAD letters payload */
static int loadCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 3) return RedisModule_WrongArity(ctx);
    letters = text(argv[1]);
    current = ctx;
    trick = NULL;
    RedisModule_ReplyWithArray(ctx, REDISMODULE_POSTPONED_ARRAY_LEN);
    loaded = -2;
    void *v = RedisModule_LoadDataTypeFromString(argv[2], type);
    RedisModule_ReplyWithSimpleString(ctx, v ? "loaded" : "nothing");
    RedisModule_ReplySetArrayLength(ctx, loaded + 2 + (loaded == -2 ? 1 : 0));
    return REDISMODULE_OK;
}

/* CARRY.PUT key [callback command]: a value whose next callback runs a command on
 * its key: every time if an exclamation mark is behind it. */
static int putCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    static char words[3][16];
    if (argc != 2 && argc != 4) return RedisModule_WrongArity(ctx);
    inUnlink = inCopy = inFree = NULL;
    RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_WRITE);
    RedisModule_ModuleTypeSetValue(key, type, value);
    RedisModule_CloseKey(key);
    if (argc == 4) {
        const char *which = text(argv[2]);
        forEver = !strcmp(which, "copy!");
        if (!strcmp(which, "unlink")) inUnlink = strncpy(words[0], text(argv[3]), 15);
        if (!strncmp(which, "copy", 4)) inCopy = strncpy(words[1], text(argv[3]), 15);
        if (!strcmp(which, "free")) inFree = strncpy(words[2], text(argv[3]), 15);
    }
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

/* CARRY.WRONG name */
static int wrongCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 2) return RedisModule_WrongArity(ctx);
    const char *name = text(argv[1]);
    RedisModuleString *k = RedisModule_CreateString(ctx, "wrong", 5), *payload = RedisModule_CreateString(ctx, "\x02\x05", 2);
    RedisModuleKey *key = RedisModule_OpenKey(ctx, k, REDISMODULE_WRITE);
    RedisModuleType *notype = (RedisModuleType *)(void *)k;
    void *old = value;
    unsigned long cursor = 3;
    failed = 0;
    RedisModule_ModuleTypeSetValue(key, type, value);
    trick = name;
    if (!strcmp(name, "stringAsType")) failed = RedisModule_ModuleTypeSetValue(key, notype, value) == REDISMODULE_ERR;
    if (!strcmp(name, "nullType")) failed = RedisModule_ModuleTypeSetValue(key, NULL, value) == REDISMODULE_ERR;
    if (!strcmp(name, "stringAsKey")) failed = RedisModule_ModuleTypeSetValue((RedisModuleKey *)(void *)k, type, value) == REDISMODULE_ERR;
    if (!strcmp(name, "otherType")) failed = RedisModule_ModuleTypeReplaceValue(key, bare, value, &old) == REDISMODULE_ERR && old == value;
    if (!strcmp(name, "replaceString")) failed = RedisModule_ModuleTypeReplaceValue(key, notype, value, NULL) == REDISMODULE_ERR;
    if (!strcmp(name, "saveString")) failed = RedisModule_SaveDataTypeToString(ctx, value, notype) == NULL;
    if (!strcmp(name, "loadString")) failed = RedisModule_LoadDataTypeFromString(payload, notype) == NULL;
    if (!strcmp(name, "loadNull")) failed = RedisModule_LoadDataTypeFromString(NULL, type) == NULL;
    if (!strcmp(name, "saveBare")) failed = RedisModule_SaveDataTypeToString(ctx, value, bare) == NULL;
    if (!strcmp(name, "loadBare")) failed = RedisModule_LoadDataTypeFromStringEncver(payload, bare, 1) == NULL;
    if (!strcmp(name, "saveInLoad")) RedisModule_LoadDataTypeFromStringEncver(payload, type, 7);
    if (!strcmp(name, "loadInSave")) RedisModule_SaveDataTypeToString(ctx, value, type);
    if (!strcmp(name, "negativeSize") || !strcmp(name, "wrongSize")) RedisModule_SaveDataTypeToString(ctx, value, type);
    if (!strcmp(name, "oldIO")) failed = RedisModule_LoadUnsigned(oldIO) == 0;
    if (!strcmp(name, "oldIOString")) failed = RedisModule_LoadString(oldIO) == NULL;
    if (!strcmp(name, "oldDigest")) {
        RedisModule_DigestEndSequence(oldDigest);
        failed = 1;
    }
    if (!strcmp(name, "oldOpt")) failed = RedisModule_GetKeyNameFromOptCtx(oldOpt) == NULL;
    if (!strcmp(name, "oldDefrag")) failed = RedisModule_DefragCursorGet(oldDefrag, &cursor) == REDISMODULE_ERR && cursor == 3;
    if (!strcmp(name, "stringAsDefrag")) failed = RedisModule_DefragAlloc((RedisModuleDefragCtx *)(void *)k, old) == NULL;
    if (!strcmp(name, "readOnly")) {
        RedisModuleKey *r = RedisModule_OpenKey(ctx, k, REDISMODULE_READ);
        failed = RedisModule_ModuleTypeSetValue(r, type, value) == REDISMODULE_ERR &&
                 RedisModule_ModuleTypeReplaceValue(r, type, value, NULL) == REDISMODULE_ERR;
        RedisModule_CloseKey(r);
    }
    if (!strcmp(name, "nullKey")) failed = RedisModule_ModuleTypeGetType(NULL) == NULL && RedisModule_ModuleTypeGetValue(NULL) == NULL;
    if (!strcmp(name, "gone")) {
        RedisModule_DeleteKey(key);
        failed = RedisModule_ModuleTypeGetValue(key) == NULL && RedisModule_ModuleTypeGetType(key) == NULL &&
                 RedisModule_ModuleTypeReplaceValue(key, type, value, NULL) == REDISMODULE_ERR;
    }
    if (!strcmp(name, "closedKey")) {
        RedisModule_CloseKey(key);
        failed = RedisModule_ModuleTypeSetValue(key, type, value) == REDISMODULE_ERR;
        key = RedisModule_OpenKey(ctx, k, REDISMODULE_WRITE);
    }
    RedisModule_DeleteKey(key);
    RedisModule_CloseKey(key);
    RedisModule_FreeString(ctx, k);
    RedisModule_FreeString(ctx, payload);
    return RedisModule_ReplyWithLongLong(ctx, failed);
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    RedisModuleTypeMethods tm = {
        .version = REDISMODULE_TYPE_METHOD_VERSION,
        .rdb_load = load, .rdb_save = save, .free = freed, .digest = digest, .unlink2 = unlinked, .copy2 = copy, .defrag = defrag,
    };
    RedisModuleTypeMethods none = {.version = REDISMODULE_TYPE_METHOD_VERSION};
    if (RedisModule_Init(ctx, "carrier", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR) return REDISMODULE_ERR;
    if (argc == 1 && !strcmp(text(argv[0]), "aware")) RedisModule_SetModuleOptions(ctx, REDISMODULE_OPTIONS_HANDLE_IO_ERRORS);
    if ((type = RedisModule_CreateDataType(ctx, "carrier--", 0, &tm)) == NULL ||
        (bare = RedisModule_CreateDataType(ctx, "bare-type", 0, &none)) == NULL ||
        RedisModule_CreateCommand(ctx, "carry.save", saveCommand, "", 0, 0, 0) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "carry.load", loadCommand, "", 0, 0, 0) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "carry.put", putCommand, "write", 1, 1, 1) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "carry.wrong", wrongCommand, "write", 0, 0, 0) == REDISMODULE_ERR) {
        return REDISMODULE_ERR;
    }
    if (argc == 1 && !strcmp(text(argv[0]), "fail")) {
        /* A value is there, and the module is not loaded. */
        RedisModuleString *k = RedisModule_CreateString(ctx, "left", 4);
        RedisModuleKey *key = RedisModule_OpenKey(ctx, k, REDISMODULE_WRITE);
        RedisModule_ModuleTypeSetValue(key, type, value);
        RedisModule_CloseKey(key);
        RedisModule_FreeString(ctx, k);
        return REDISMODULE_ERR;
    }
    return REDISMODULE_OK;
}
