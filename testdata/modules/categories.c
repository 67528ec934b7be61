/* categories: access categories of a module's commands, which only OnLoad may set. */

#include "redismodule.h"

/* set sets the categories named in argv[2] for the command in argv[1] and says whether that was allowed. */
static int set(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 3) return RedisModule_WrongArity(ctx);
    RedisModuleCommand *command = RedisModule_GetCommand(ctx, RedisModule_StringPtrLen(argv[1], NULL));
    int failed = RedisModule_SetCommandACLCategories(command, RedisModule_StringPtrLen(argv[2], NULL));
    return RedisModule_ReplyWithLongLong(ctx, failed);
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (RedisModule_Init(ctx, "categories", 1, REDISMODULE_APIVER_1)) return REDISMODULE_ERR;
    if (RedisModule_CreateCommand(ctx, "cat.set", set, "", 0, 0, 0)) return REDISMODULE_ERR;
    if (argc == 0) return REDISMODULE_OK;
    return RedisModule_SetCommandACLCategories(RedisModule_GetCommand(ctx, "cat.set"), RedisModule_StringPtrLen(argv[0], NULL));
}
