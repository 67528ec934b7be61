int helper(void);
int RedisModule_OnLoad(void *ctx, void **argv, int argc) {
    (void)ctx; (void)argv; (void)argc;
    return helper();
}
