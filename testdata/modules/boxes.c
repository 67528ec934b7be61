/* A module with data types of its own, one for each version of the methods: a
 * box holds a text. What the callbacks are told goes to a list, which BOX.LOG
 * replies and empties. */
#include "redismodule.h"

#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define VERSIONS 5
#define LINES 64

typedef struct {
    int version;
    long long effort;
    char *text;
} box;

static RedisModuleType *types[VERSIONS + 1];
static int refused; /* bits of names that CreateDataType accepted and should not have */

/* Values are freed on other threads, too. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char lines[LINES][128];
static int count;

static void note(const char *format, ...) {
    va_list args;
    va_start(args, format);
    pthread_mutex_lock(&mutex);
    if (count < LINES) vsnprintf(lines[count++], sizeof(lines[0]), format, args);
    pthread_mutex_unlock(&mutex);
    va_end(args);
}

static const char *text(const RedisModuleString *s) { return s == NULL ? "(null)" : RedisModule_StringPtrLen(s, NULL); }

static box *newBox(int version, const char *s, long long effort) {
    box *b = RedisModule_Alloc(sizeof(*b));
    b->version = version;
    b->effort = effort;
    b->text = RedisModule_Strdup(s);
    return b;
}

static void boxFree(void *value) {
    box *b = value;
    note("free %s", b->text);
    RedisModule_Free(b->text);
    RedisModule_Free(b);
}

/* The methods of version 1. */

static size_t boxUsage(const void *value) {
    const box *b = value;
    return 1000 + strlen(b->text);
}

static void boxDigest(RedisModuleDigest *d, void *value) {
    box *b = value;
    RedisModule_DigestAddStringBuffer(d, b->text, strlen(b->text));
    RedisModule_DigestAddLongLong(d, b->version);
    RedisModule_DigestEndSequence(d);
    RedisModule_DigestAddLongLong(d, b->effort);
    RedisModule_DigestEndSequence(d);
    if (RedisModule_GetKeyNameFromDigest) {
        note("digest %s %d", text(RedisModule_GetKeyNameFromDigest(d)), RedisModule_GetDbIdFromDigest(d));
    }
}

static void boxSave(RedisModuleIO *io, void *value) {
    box *b = value;
    RedisModule_SaveUnsigned(io, (uint64_t)b->version);
    RedisModule_SaveSigned(io, b->effort);
    RedisModule_SaveStringBuffer(io, b->text, strlen(b->text));
}

static void *boxLoad(RedisModuleIO *io, int encver) {
    size_t len = 0;
    unsigned long long version = RedisModule_LoadUnsigned(io);
    long long effort = RedisModule_LoadSigned(io);
    char *s = RedisModule_LoadStringBuffer(io, &len);
    if (RedisModule_IsIOError(io) || version > VERSIONS) {
        if (s) RedisModule_Free(s);
        note("load fails, encver %d", encver);
        return NULL;
    }
    char *copy = RedisModule_Calloc(1, len + 1);
    memcpy(copy, s, len);
    RedisModule_Free(s);
    box *b = newBox((int)version, copy, effort);
    RedisModule_Free(copy);
    note("load %s, encver %d, key %s, db %d", b->text, encver, text(RedisModule_GetKeyNameFromIO(io)), RedisModule_GetDbIdFromIO(io));
    return b;
}

/* Those that version 3 has besides. */

static size_t boxEffort(RedisModuleString *key, const void *value) {
    note("effort %s", text(key));
    return (size_t)((const box *)value)->effort;
}

static void boxUnlink(RedisModuleString *key, const void *value) { note("unlink %s %s", text(key), ((const box *)value)->text); }

static void *boxCopy(RedisModuleString *from, RedisModuleString *to, const void *value) {
    const box *b = value;
    note("copy %s %s %s", text(from), text(to), b->text);
    return strcmp(b->text, "unique") ? newBox(b->version, b->text, b->effort) : NULL;
}

static int boxDefrag(RedisModuleDefragCtx *ctx, RedisModuleString *key, void **value) {
    box *b = RedisModule_DefragAlloc(ctx, *value);
    REDISMODULE_NOT_USED(key);
    if (b != NULL) *value = b;
    return 0;
}

/* Those that version 4 has instead. */

static size_t boxUsage2(RedisModuleKeyOptCtx *ctx, const void *value, size_t samples) {
    note("usage2 %s %d %zu", text(RedisModule_GetKeyNameFromOptCtx(ctx)), RedisModule_GetDbIdFromOptCtx(ctx), samples);
    return 2000 + strlen(((const box *)value)->text);
}

static size_t boxEffort2(RedisModuleKeyOptCtx *ctx, const void *value) {
    note("effort2 %s %d", text(RedisModule_GetKeyNameFromOptCtx(ctx)), RedisModule_GetDbIdFromOptCtx(ctx));
    return (size_t)((const box *)value)->effort;
}

static void boxUnlink2(RedisModuleKeyOptCtx *ctx, const void *value) {
    note("unlink2 %s %d %s %d %s", text(RedisModule_GetKeyNameFromOptCtx(ctx)), RedisModule_GetDbIdFromOptCtx(ctx),
         text(RedisModule_GetToKeyNameFromOptCtx(ctx)), RedisModule_GetToDbIdFromOptCtx(ctx), ((const box *)value)->text);
}

static void *boxCopy2(RedisModuleKeyOptCtx *ctx, const void *value) {
    const box *b = value;
    note("copy2 %s %d %s %d %s", text(RedisModule_GetKeyNameFromOptCtx(ctx)), RedisModule_GetDbIdFromOptCtx(ctx),
         text(RedisModule_GetToKeyNameFromOptCtx(ctx)), RedisModule_GetToDbIdFromOptCtx(ctx), b->text);
    return strcmp(b->text, "unique") ? newBox(b->version, b->text, b->effort) : NULL;
}

/* BOX.SET key version text [effort] */
static int boxSet(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    long long version, effort = 1;
    if (argc < 4 || argc > 5) return RedisModule_WrongArity(ctx);
    if (RedisModule_StringToLongLong(argv[2], &version) != REDISMODULE_OK || version < 1 || version > VERSIONS ||
        (argc == 5 && RedisModule_StringToLongLong(argv[4], &effort) != REDISMODULE_OK)) {
        return RedisModule_ReplyWithError(ctx, "ERR not a number");
    }
    RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_WRITE);
    RedisModule_ModuleTypeSetValue(key, types[version], newBox((int)version, text(argv[3]), effort));
    int kind = RedisModule_KeyType(key), same = RedisModule_ModuleTypeGetType(key) == types[version];
    RedisModule_CloseKey(key);
    if (kind != REDISMODULE_KEYTYPE_MODULE || !same) return RedisModule_ReplyWithError(ctx, "ERR the key has another type");
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

/* BOX.GET key */
static int boxGet(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 2) return RedisModule_WrongArity(ctx);
    RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ);
    RedisModuleType *t = RedisModule_ModuleTypeGetType(key);
    box *b = RedisModule_ModuleTypeGetValue(key);
    size_t len = RedisModule_ValueLength(key);
    RedisModule_CloseKey(key);
    if (b == NULL) return t == NULL ? RedisModule_ReplyWithNull(ctx) : RedisModule_ReplyWithError(ctx, "ERR a type without a value");
    if (t != types[b->version] || len != 0) return RedisModule_ReplyWithError(ctx, "ERR the value has another type");
    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ReplyWithLongLong(ctx, b->version);
    return RedisModule_ReplyWithCString(ctx, b->text);
}

/* BOX.REPLACE key version text: the former text, which is freed. */
static int boxReplace(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    long long version;
    void *old = NULL;
    if (argc != 4) return RedisModule_WrongArity(ctx);
    if (RedisModule_StringToLongLong(argv[2], &version) != REDISMODULE_OK || version < 1 || version > VERSIONS) {
        return RedisModule_ReplyWithError(ctx, "ERR not a number");
    }
    box *b = newBox((int)version, text(argv[3]), 1);
    RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_WRITE);
    int status = RedisModule_ModuleTypeReplaceValue(key, types[version], b, &old);
    RedisModule_CloseKey(key);
    if (status != REDISMODULE_OK) {
        boxFree(b);
        return RedisModule_ReplyWithError(ctx, "ERR not replaced");
    }
    RedisModule_ReplyWithCString(ctx, ((box *)old)->text);
    boxFree(old);
    return REDISMODULE_OK;
}

/* BOX.DUMP key */
static int boxDump(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 2) return RedisModule_WrongArity(ctx);
    RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ);
    box *b = RedisModule_ModuleTypeGetValue(key);
    RedisModule_CloseKey(key);
    if (b == NULL) return RedisModule_ReplyWithNull(ctx);
    RedisModuleString *s = RedisModule_SaveDataTypeToString(ctx, b, types[b->version]);
    RedisModule_ReplyWithString(ctx, s);
    RedisModule_FreeString(ctx, s);
    return REDISMODULE_OK;
}

/* BOX.RESTORE key version payload [encver] */
static int boxRestore(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    long long version, encver = 0;
    if (argc < 4 || argc > 5) return RedisModule_WrongArity(ctx);
    if (RedisModule_StringToLongLong(argv[2], &version) != REDISMODULE_OK || version < 1 || version > VERSIONS ||
        (argc == 5 && RedisModule_StringToLongLong(argv[4], &encver) != REDISMODULE_OK)) {
        return RedisModule_ReplyWithError(ctx, "ERR not a number");
    }
    box *b = argc == 5 ? RedisModule_LoadDataTypeFromStringEncver(argv[3], types[version], (int)encver)
                       : RedisModule_LoadDataTypeFromString(argv[3], types[version]);
    if (b == NULL) return RedisModule_ReplyWithError(ctx, "ERR bad payload");
    RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_WRITE);
    RedisModule_ModuleTypeSetValue(key, types[version], b);
    RedisModule_CloseKey(key);
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

/* BOX.DROP key DEL|UNLINK */
static int boxDrop(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 3) return RedisModule_WrongArity(ctx);
    RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_WRITE);
    int status = strcmp(text(argv[2]), "UNLINK") ? RedisModule_DeleteKey(key) : RedisModule_UnlinkKey(key);
    int kind = RedisModule_KeyType(key);
    RedisModule_CloseKey(key);
    return RedisModule_ReplyWithLongLong(ctx, status == REDISMODULE_OK && kind == REDISMODULE_KEYTYPE_EMPTY);
}

/* BOX.LOG */
static int boxLog(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    pthread_mutex_lock(&mutex);
    RedisModule_ReplyWithArray(ctx, count);
    for (int i = 0; i < count; i++) RedisModule_ReplyWithCString(ctx, lines[i]);
    count = 0;
    pthread_mutex_unlock(&mutex);
    return REDISMODULE_OK;
}

/* BOX.NAMES: which of the names that it should refuse CreateDataType took. A name
 * that the module itself has is no such name while the module is loaded. */
static int boxNames(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    RedisModuleTypeMethods tm = {.version = REDISMODULE_TYPE_METHOD_VERSION, .free = boxFree};
    if (RedisModule_CreateDataType(ctx, "too--late", 0, &tm) != NULL) refused |= 1 << 20;
    return RedisModule_ReplyWithLongLong(ctx, refused);
}

/* The structure of an early version ends early: behind it is what must not be
 * called. */
static RedisModuleType *early(RedisModuleCtx *ctx, const char *name, uint64_t version) {
    RedisModuleTypeMethods tm = {
        .version = version,
        .rdb_load = boxLoad,
        .rdb_save = boxSave,
        .mem_usage = boxUsage,
        .digest = boxDigest,
        .free = boxFree,
        .free_effort = boxEffort,
        .unlink = boxUnlink,
        .copy = boxCopy,
        .defrag = boxDefrag,
        .mem_usage2 = boxUsage2,
        .free_effort2 = boxEffort2,
        .unlink2 = boxUnlink2,
        .copy2 = boxCopy2,
    };
    void **words = (void **)&tm;
    size_t end = sizeof(tm) / sizeof(void *);
    if (version == 1) end = 7;
    if (version == 2) end = 10;
    if (version == 3) end = 14;
    if (version == 4) end = 18;
    for (size_t i = end; i < sizeof(tm) / sizeof(void *); i++) words[i] = (void *)0x10;
    return RedisModule_CreateDataType(ctx, name, (int)version, &tm);
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    static const char *bad[] = {"", "short", "ten--chars", "bad name!", "eight\303\251--", "box-berth"};
    RedisModuleTypeMethods tm = {.version = REDISMODULE_TYPE_METHOD_VERSION, .free = boxFree};
    char name[] = "box-berth";
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    if (RedisModule_Init(ctx, "boxes", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR) return REDISMODULE_ERR;
    RedisModule_SetModuleOptions(ctx, REDISMODULE_OPTIONS_HANDLE_IO_ERRORS);
    for (int v = 1; v <= VERSIONS; v++) {
        if (v < VERSIONS) snprintf(name, sizeof(name), "boxberth%d", v);
        else strcpy(name, "box-berth");
        if ((types[v] = early(ctx, name, (uint64_t)v)) == NULL) return REDISMODULE_ERR;
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (RedisModule_CreateDataType(ctx, bad[i], 0, &tm) != NULL) refused |= 1 << i;
    }
    if (RedisModule_CreateDataType(ctx, "encver--1", -1, &tm) != NULL) refused |= 1 << 10;
    if (RedisModule_CreateDataType(ctx, "encver1k-", 1024, &tm) != NULL) refused |= 1 << 11;
    tm.version = 0;
    if (RedisModule_CreateDataType(ctx, "version-0", 0, &tm) != NULL) refused |= 1 << 12;
    if (RedisModule_CreateCommand(ctx, "box.set", boxSet, "write", 1, 1, 1) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "box.get", boxGet, "readonly", 1, 1, 1) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "box.replace", boxReplace, "write", 1, 1, 1) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "box.dump", boxDump, "readonly", 1, 1, 1) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "box.restore", boxRestore, "write", 1, 1, 1) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "box.drop", boxDrop, "write", 1, 1, 1) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "box.log", boxLog, "", 0, 0, 0) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "box.names", boxNames, "", 0, 0, 0) == REDISMODULE_ERR) {
        return REDISMODULE_ERR;
    }
    return REDISMODULE_OK;
}
