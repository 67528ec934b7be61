/* Command filters: words that change a command on its way.
 * @log    is taken out, and the command is appended to a list,
 * @delme  is taken out, @insertbefore and @insertafter put a word beside
 * themselves, @replaceme is replaced. */
#include "redismodule.h"

#include <string.h>

static RedisModuleString *logKey;
static RedisModuleCommandFilter *registered;
static int logging;

static int is(RedisModuleString *s, const char *word) {
    size_t len;
    const char *p = RedisModule_StringPtrLen(s, &len);
    return len == strlen(word) && memcmp(p, word, len) == 0;
}

static RedisModuleString *word(const char *s) { return RedisModule_CreateString(NULL, s, strlen(s)); }

static void filter(RedisModuleCommandFilterCtx *filter) {
    if (logging) return; /* the command comes from HELLOFILTER.LOG itself */
    int log = 0;
    for (int i = 0; i < RedisModule_CommandFilterArgsCount(filter); i++) {
        RedisModuleString *arg = (RedisModuleString *)RedisModule_CommandFilterArgGet(filter, i);
        if (is(arg, "@delme")) {
            RedisModule_CommandFilterArgDelete(filter, i--);
        } else if (is(arg, "@replaceme")) {
            RedisModule_CommandFilterArgReplace(filter, i, word("--replaced--"));
        } else if (is(arg, "@insertbefore")) {
            RedisModule_CommandFilterArgInsert(filter, i++, word("--inserted-before--"));
        } else if (is(arg, "@insertafter")) {
            RedisModule_CommandFilterArgInsert(filter, ++i, word("--inserted-after--"));
        } else if (is(arg, "@log")) {
            RedisModule_CommandFilterArgDelete(filter, i--);
            log = 1;
        }
    }
    if (log) RedisModule_CommandFilterArgInsert(filter, 0, word("hellofilter.log"));
}

/* HELLOFILTER.LOG command [arg ...]: notes the command, then runs it. */
static int logCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc < 2) return RedisModule_WrongArity(ctx);
    RedisModuleString *line = RedisModule_CreateString(ctx, "", 0);
    for (int i = 1; i < argc; i++) {
        size_t len;
        const char *p = RedisModule_StringPtrLen(argv[i], &len);
        if (i > 1) RedisModule_StringAppendBuffer(ctx, line, " ", 1);
        RedisModule_StringAppendBuffer(ctx, line, p, len);
    }
    logging = 1;
    RedisModuleCallReply *pushed = RedisModule_Call(ctx, "RPUSH", "ss", logKey, line);
    if (pushed != NULL) RedisModule_FreeCallReply(pushed);
    const char *name = RedisModule_StringPtrLen(argv[1], NULL);
    RedisModuleCallReply *reply = RedisModule_Call(ctx, name, "v", argv + 2, (size_t)argc - 2);
    if (reply != NULL) {
        RedisModule_ReplyWithCallReply(ctx, reply);
        RedisModule_FreeCallReply(reply);
    } else {
        RedisModule_ReplyWithSimpleString(ctx, "Unknown command or invalid arguments");
    }
    logging = 0;
    RedisModule_FreeString(ctx, line);
    return REDISMODULE_OK;
}

/* HELLOFILTER.UNREGISTER: commands pass unchanged from here on. */
static int unregister(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    if (registered == NULL) return RedisModule_ReplyWithError(ctx, "ERR the filter is not registered");
    RedisModule_ReplyWithLongLong(ctx, RedisModule_UnregisterCommandFilter(ctx, registered));
    registered = NULL;
    return REDISMODULE_OK;
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (RedisModule_Init(ctx, "hellofilter", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR) return REDISMODULE_ERR;
    if (argc != 1) {
        RedisModule_Log(ctx, "warning", "the key of the log is needed as the one argument");
        return REDISMODULE_ERR;
    }
    logKey = RedisModule_CreateStringFromString(NULL, argv[0]);
    if (RedisModule_CreateCommand(ctx, "hellofilter.log", logCommand, "write deny-oom", 1, 1, 1) == REDISMODULE_ERR) return REDISMODULE_ERR;
    if (RedisModule_CreateCommand(ctx, "hellofilter.unregister", unregister, "write deny-oom", 1, 1, 1) == REDISMODULE_ERR) return REDISMODULE_ERR;
    registered = RedisModule_RegisterCommandFilter(ctx, filter, REDISMODULE_CMDFILTER_NOSELF);
    return registered == NULL ? REDISMODULE_ERR : REDISMODULE_OK;
}

int RedisModule_OnUnload(RedisModuleCtx *ctx) {
    REDISMODULE_NOT_USED(ctx);
    RedisModule_FreeString(NULL, logKey);
    return REDISMODULE_OK;
}
