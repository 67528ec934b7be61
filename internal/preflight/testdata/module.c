/* A module that asks for some functions, for the tests of preflight. */
int RedisModule_GetApi(const char *, void *);
static int (*get_api)(const char *, void *);
void *RedisModule_Alloc, *RedisModule_CreateCommand, *RedisModule_FromTheFuture;
const char *log_line = "RedisModule_Log is not a name that is asked for";
const char *glued = "x RedisModule_Free";

#ifndef ENTRY
#define ENTRY RedisModule_OnLoad
#endif
int ENTRY(void *ctx, void **argv, int argc) {
    (void)argv; (void)argc;
    get_api = *(int (**)(const char *, void *))ctx;
    get_api("RedisModule_Alloc", &RedisModule_Alloc);
    get_api("RedisModule_CreateCommand", &RedisModule_CreateCommand);
    get_api("ValkeyModule_CreateCommand", &RedisModule_CreateCommand);
    return get_api("RedisModule_FromTheFuture", &RedisModule_FromTheFuture);
}
int RedisModule_OnUnload(void *ctx) { (void)ctx; return 0; }
