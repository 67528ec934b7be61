/* The first module to read: commands that reply, call other commands, and work
 * on keys directly. Build: gcc -O2 -shared -fPIC -Iinclude -o helloworld.so */
#include "redismodule.h"

#include <ctype.h>
#include <string.h>

/* HELLO.SIMPLE: the number of the selected database. */
static int simple(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    if (argc != 1) return RedisModule_WrongArity(ctx);
    return RedisModule_ReplyWithLongLong(ctx, RedisModule_GetSelectedDb(ctx));
}

/* HELLO.PUSH.NATIVE key value: RPUSH by the functions on keys. */
static int pushNative(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 3) return RedisModule_WrongArity(ctx);
    RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ | REDISMODULE_WRITE);
    int type = RedisModule_KeyType(key);
    if (type != REDISMODULE_KEYTYPE_EMPTY && type != REDISMODULE_KEYTYPE_LIST) {
        RedisModule_CloseKey(key);
        return RedisModule_ReplyWithError(ctx, REDISMODULE_ERRORMSG_WRONGTYPE);
    }
    RedisModule_ListPush(key, REDISMODULE_LIST_TAIL, argv[2]);
    size_t length = RedisModule_ValueLength(key);
    RedisModule_CloseKey(key);
    return RedisModule_ReplyWithLongLong(ctx, length);
}

/* HELLO.PUSH.CALL key value: the same by calling the command. */
static int pushCall(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 3) return RedisModule_WrongArity(ctx);
    RedisModuleCallReply *reply = RedisModule_Call(ctx, "RPUSH", "ss", argv[1], argv[2]);
    if (reply == NULL) return RedisModule_ReplyWithError(ctx, "ERR RPUSH could not be called");
    int status = RedisModule_ReplyWithCallReply(ctx, reply);
    RedisModule_FreeCallReply(reply);
    return status;
}

/* HELLO.LIST.SUM.LEN key: the sum of the lengths of a list's elements. */
static int listSumLen(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 2) return RedisModule_WrongArity(ctx);
    RedisModule_AutoMemory(ctx);
    RedisModuleCallReply *reply = RedisModule_Call(ctx, "LRANGE", "sll", argv[1], 0LL, -1LL);
    if (RedisModule_CallReplyType(reply) == REDISMODULE_REPLY_ERROR)
        return RedisModule_ReplyWithCallReply(ctx, reply);
    size_t sum = 0, n = RedisModule_CallReplyLength(reply);
    for (size_t i = 0; i < n; i++) sum += RedisModule_CallReplyLength(RedisModule_CallReplyArrayElement(reply, i));
    return RedisModule_ReplyWithLongLong(ctx, sum);
}

/* HELLO.LIST.SPLICE source destination count: moves elements from the end of
 * one list to the beginning of another, and replies the source's length. */
static int listSplice(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    long long count;
    if (argc != 4) return RedisModule_WrongArity(ctx);
    RedisModule_AutoMemory(ctx);
    if (RedisModule_StringToLongLong(argv[3], &count) != REDISMODULE_OK || count < 0)
        return RedisModule_ReplyWithError(ctx, "ERR invalid count");
    RedisModuleKey *src = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ | REDISMODULE_WRITE);
    RedisModuleKey *dst = RedisModule_OpenKey(ctx, argv[2], REDISMODULE_READ | REDISMODULE_WRITE);
    int st = RedisModule_KeyType(src), dt = RedisModule_KeyType(dst);
    if ((st != REDISMODULE_KEYTYPE_LIST && st != REDISMODULE_KEYTYPE_EMPTY) ||
        (dt != REDISMODULE_KEYTYPE_LIST && dt != REDISMODULE_KEYTYPE_EMPTY))
        return RedisModule_ReplyWithError(ctx, REDISMODULE_ERRORMSG_WRONGTYPE);
    while (count-- > 0) {
        RedisModuleString *item = RedisModule_ListPop(src, REDISMODULE_LIST_TAIL);
        if (item == NULL) break;
        RedisModule_ListPush(dst, REDISMODULE_LIST_HEAD, item);
    }
    return RedisModule_ReplyWithLongLong(ctx, RedisModule_ValueLength(src));
}

/* HELLO.TOGGLE.CASE key: swaps upper and lower case inside the string. */
static int toggleCase(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 2) return RedisModule_WrongArity(ctx);
    RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ | REDISMODULE_WRITE);
    int type = RedisModule_KeyType(key);
    if (type != REDISMODULE_KEYTYPE_EMPTY && type != REDISMODULE_KEYTYPE_STRING) {
        RedisModule_CloseKey(key);
        return RedisModule_ReplyWithError(ctx, REDISMODULE_ERRORMSG_WRONGTYPE);
    }
    if (type == REDISMODULE_KEYTYPE_STRING) {
        size_t len;
        char *s = RedisModule_StringDMA(key, &len, REDISMODULE_WRITE);
        for (size_t i = 0; i < len; i++) s[i] = isupper((unsigned char)s[i]) ? tolower((unsigned char)s[i]) : toupper((unsigned char)s[i]);
    }
    RedisModule_CloseKey(key);
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

/* HELLO.MORE.EXPIRE key milliseconds: prolongs a key that expires. */
static int moreExpire(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    long long more;
    if (argc != 3) return RedisModule_WrongArity(ctx);
    if (RedisModule_StringToLongLong(argv[2], &more) != REDISMODULE_OK)
        return RedisModule_ReplyWithError(ctx, "ERR invalid expire time");
    RedisModule_AutoMemory(ctx);
    RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ | REDISMODULE_WRITE);
    mstime_t left = RedisModule_GetExpire(key);
    if (left != REDISMODULE_NO_EXPIRE) RedisModule_SetExpire(key, left + more);
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (RedisModule_Init(ctx, "helloworld", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR) return REDISMODULE_ERR;
    for (int i = 0; i < argc; i++)
        RedisModule_Log(ctx, "notice", "Module loaded with ARGV[%d] = %s", i, RedisModule_StringPtrLen(argv[i], NULL));
    const struct { const char *name; RedisModuleCmdFunc run; const char *flags; int first, last, step; } commands[] = {
        {"hello.simple", simple, "readonly", 0, 0, 0},
        {"hello.push.native", pushNative, "write deny-oom", 1, 1, 1},
        {"hello.push.call", pushCall, "write deny-oom", 1, 1, 1},
        {"hello.list.sum.len", listSumLen, "readonly", 1, 1, 1},
        {"hello.list.splice", listSplice, "write deny-oom", 1, 2, 1},
        {"hello.toggle.case", toggleCase, "write", 1, 1, 1},
        {"hello.more.expire", moreExpire, "write", 1, 1, 1},
    };
    for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
        if (RedisModule_CreateCommand(ctx, commands[i].name, commands[i].run, commands[i].flags, commands[i].first,
                                      commands[i].last, commands[i].step) == REDISMODULE_ERR)
            return REDISMODULE_ERR;
    return REDISMODULE_OK;
}
