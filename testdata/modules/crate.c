/* A module with values of everything that can be saved, made from a text; what it
 * saves besides is the text that it was given last. */
#include "redismodule.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    RedisModuleString *text;
    char *twice; /* the text twice, a string that compresses */
    size_t len;
    uint64_t sum;
    int64_t below;
    double half;
    float third;
    long double seventh;
} Crate;

static RedisModuleType *type;
static char last[256]; /* the text that was given last, by a command or a file */
static char came[256]; /* the texts that the last file had */

static void freed(void *v) {
    Crate *c = v;
    if (c->text) RedisModule_FreeString(NULL, c->text);
    RedisModule_Free(c->twice);
    RedisModule_Free(c);
}

static Crate *make(RedisModuleString *text) {
    Crate *c = RedisModule_Calloc(1, sizeof(*c));
    size_t len;
    const char *s = RedisModule_StringPtrLen(text, &len);
    c->text = RedisModule_CreateStringFromString(NULL, text);
    c->len = 2 * len;
    c->twice = RedisModule_Alloc(c->len + 1);
    memcpy(c->twice, s, len);
    memcpy(c->twice + len, s, len);
    c->sum = 0xcbf29ce484222325;
    for (size_t i = 0; i < len; i++) c->sum = (c->sum ^ (unsigned char)s[i]) * 0x100000001b3;
    c->below = -(int64_t)(c->sum >> (len % 64));
    c->half = (double)c->below / 2;
    c->third = (float)c->half / 3;
    c->seventh = (long double)c->sum / 7;
    return c;
}

static void save(RedisModuleIO *io, void *v) {
    Crate *c = v;
    RedisModule_SaveString(io, c->text);
    RedisModule_SaveStringBuffer(io, c->twice, c->len);
    RedisModule_SaveUnsigned(io, c->sum);
    RedisModule_SaveSigned(io, c->below);
    RedisModule_SaveDouble(io, c->half);
    RedisModule_SaveFloat(io, c->third);
    RedisModule_SaveLongDouble(io, c->seventh);
}

static void *load(RedisModuleIO *io, int encver) {
    if (encver != 7) return NULL;
    Crate *c = RedisModule_Calloc(1, sizeof(*c));
    c->text = RedisModule_LoadString(io);
    c->twice = RedisModule_LoadStringBuffer(io, &c->len);
    c->sum = RedisModule_LoadUnsigned(io);
    c->below = RedisModule_LoadSigned(io);
    c->half = RedisModule_LoadDouble(io);
    c->third = RedisModule_LoadFloat(io);
    c->seventh = RedisModule_LoadLongDouble(io);
    if (RedisModule_IsIOError(io)) {
        freed(c);
        return NULL;
    }
    return c;
}

static void auxSave(RedisModuleIO *io, int when) {
    RedisModule_SaveSigned(io, when);
    RedisModule_SaveStringBuffer(io, last, strlen(last));
}

static int auxLoad(RedisModuleIO *io, int encver, int when) {
    int64_t then = RedisModule_LoadSigned(io);
    size_t len;
    char *s = RedisModule_LoadStringBuffer(io, &len);
    if (RedisModule_IsIOError(io) || encver != 7 || then != when || len >= sizeof(came) / 2) return REDISMODULE_ERR;
    size_t at = when == REDISMODULE_AUX_BEFORE_RDB ? 0 : strlen(came);
    memcpy(came + at, s, len);
    came[at + len] = 0;
    memcpy(last, s, len);
    last[len] = 0;
    RedisModule_Free(s);
    return REDISMODULE_OK;
}

static void digest(RedisModuleDigest *d, void *v) {
    Crate *c = v;
    RedisModule_DigestAddStringBuffer(d, c->twice, c->len);
    RedisModule_DigestAddLongLong(d, c->below);
    RedisModule_DigestEndSequence(d);
}

static int setCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 3) return RedisModule_WrongArity(ctx);
    RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ | REDISMODULE_WRITE);
    RedisModule_ModuleTypeSetValue(key, type, make(argv[2]));
    RedisModule_CloseKey(key);
    snprintf(last, sizeof(last) / 2, "%s", RedisModule_StringPtrLen(argv[2], NULL));
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

static int getCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 2) return RedisModule_WrongArity(ctx);
    RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ);
    if (!key || RedisModule_ModuleTypeGetType(key) != type) {
        RedisModule_CloseKey(key);
        return RedisModule_ReplyWithNull(ctx);
    }
    Crate *c = RedisModule_ModuleTypeGetValue(key);
    char b[256];
    int n = snprintf(b, sizeof(b), "%llu %lld %a %a %La", (unsigned long long)c->sum, (long long)c->below, c->half, c->third, c->seventh);
    RedisModule_ReplyWithArray(ctx, 3);
    RedisModule_ReplyWithString(ctx, c->text);
    RedisModule_ReplyWithStringBuffer(ctx, c->twice, c->len);
    RedisModule_ReplyWithStringBuffer(ctx, b, n);
    RedisModule_CloseKey(key);
    return REDISMODULE_OK;
}

static int cameCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    (void)argv, (void)argc;
    return RedisModule_ReplyWithCString(ctx, came);
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    (void)argv, (void)argc;
    RedisModuleTypeMethods m = {
        .version = 3, .rdb_load = load, .rdb_save = save, .aux_load = auxLoad, .aux_save = auxSave,
        .aux_save_triggers = REDISMODULE_AUX_BEFORE_RDB | REDISMODULE_AUX_AFTER_RDB, .digest = digest, .free = freed,
    };
    if (RedisModule_Init(ctx, "crate", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "crate.set", setCommand, "write", 1, 1, 1) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "crate.get", getCommand, "readonly", 1, 1, 1) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "crate.came", cameCommand, "readonly", 0, 0, 0) == REDISMODULE_ERR)
        return REDISMODULE_ERR;
    RedisModule_SetModuleOptions(ctx, REDISMODULE_OPTIONS_HANDLE_IO_ERRORS);
    type = RedisModule_CreateDataType(ctx, "cratetype", 7, &m);
    return type ? REDISMODULE_OK : REDISMODULE_ERR;
}
