/* Asks for functions in the way of redismodule.h, and calls some of them. */
#define FUNCTIONS(F) F(Alloc) F(Free) F(CreateCommand) F(ReplyWithNull) F(StreamAdd) F(StreamDelete) F(Yield) F(ZsetAdd) F(ZsetRem)
#define POINTER(name) int (*RedisModule_##name)(void *) __attribute__((__common__));
FUNCTIONS(POINTER)
int (*RedisModule_GetApi)(const char *, void *) __attribute__((__common__));

static int RedisModule_Init(void *ctx) {
    RedisModule_GetApi = *(int (**)(const char *, void *))ctx;
#define ASK(name) RedisModule_GetApi("RedisModule_" #name, (void *)&RedisModule_##name);
    FUNCTIONS(ASK)
    return 0;
}

int command(void *ctx) {
    if (RedisModule_StreamAdd(ctx)) return RedisModule_Free(ctx);
    return RedisModule_ReplyWithNull(ctx);
}

int RedisModule_OnLoad(void *ctx, void **argv, int argc) {
    (void)argv; (void)argc;
    if (RedisModule_Init(ctx)) return 1;
    return RedisModule_CreateCommand(ctx);
}
