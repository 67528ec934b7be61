/* A module with values that are saved: a text and a number. Its arguments are words
 * that change how it does that. It also tells what it was called for, saves and loads
 * files, and forks. */
#include "redismodule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    char *text;
    size_t len;
    long long number;
} Parcel;

static RedisModuleType *type;
static char notes[1 << 16];  /* what it was called for, a word each */
static char aux[2][256];     /* what is saved before the keys, and behind them */
static int greedy, refuses, broken, spoilt;
static int forked = -1, exited = -1, signalled = -1;

static const char *text(const RedisModuleString *s) { return RedisModule_StringPtrLen(s, NULL); }

static void note(const char *what, const char *detail) {
    if (strlen(notes) + strlen(what) + strlen(detail) + 2 >= sizeof(notes)) return;
    if (notes[0]) strcat(notes, " ");
    strcat(notes, what);
    strcat(notes, detail);
}

static void noteKey(RedisModuleIO *io, const char *what) {
    const RedisModuleString *key = RedisModule_GetKeyNameFromIO(io);
    char b[128] = {(char)('0' + RedisModule_GetDbIdFromIO(io)), '/'};
    strncpy(b + 2, key ? text(key) : "none", sizeof(b) - 3);
    note(what, b);
}

static void save(RedisModuleIO *io, void *v) {
    Parcel *p = v;
    noteKey(io, "save:");
    if (broken) *(volatile int *)NULL = 1;
    RedisModule_SaveStringBuffer(io, p->text, p->len);
    RedisModule_SaveSigned(io, p->number);
    if (spoilt) RedisModule_SaveDouble(io, 0.5);
}

static void freed(void *v) {
    Parcel *p = v;
    RedisModule_Free(p->text);
    RedisModule_Free(p);
}

static void *load(RedisModuleIO *io, int encver) {
    noteKey(io, encver == 3 ? "load:" : "oldload:");
    if (refuses) return NULL;
    Parcel *p = RedisModule_Calloc(1, sizeof(*p));
    p->text = RedisModule_LoadStringBuffer(io, &p->len);
    p->number = greedy ? (long long)RedisModule_LoadDouble(io) : RedisModule_LoadSigned(io);
    if (RedisModule_IsIOError(io)) {
        note("ioerror", "");
        if (p->text != NULL) freed(p);
        else RedisModule_Free(p);
        return NULL;
    }
    return p;
}

static void saveAux(RedisModuleIO *io, int when) {
    const char *what = aux[when == REDISMODULE_AUX_AFTER_RDB];
    if (what[0]) RedisModule_SaveStringBuffer(io, what, strlen(what) + 1);
}

static int loadAux(RedisModuleIO *io, int encver, int when) {
    RedisModuleCtx *ctx = RedisModule_GetContextFromIO(io);
    if (ctx == NULL || encver != 3 || refuses) return REDISMODULE_ERR;
    char *what = RedisModule_LoadStringBuffer(io, NULL);
    if (RedisModule_IsIOError(io) || what == NULL) return REDISMODULE_ERR;
    note(when == REDISMODULE_AUX_BEFORE_RDB ? "before:" : "after:", what);
    strcpy(aux[when == REDISMODULE_AUX_AFTER_RDB], what);
    RedisModule_Free(what);
    return REDISMODULE_OK;
}

static void digest(RedisModuleDigest *d, void *v) {
    Parcel *p = v;
    RedisModule_DigestAddStringBuffer(d, p->text, p->len);
    RedisModule_DigestAddLongLong(d, p->number);
    RedisModule_DigestEndSequence(d);
}

static void onPersistence(RedisModuleCtx *ctx, RedisModuleEvent e, uint64_t sub, void *data) {
    static const char *names[] = {"rdb", "aof", "syncrdb", "ended", "failed", "syncaof"};
    REDISMODULE_NOT_USED(ctx);
    REDISMODULE_NOT_USED(e);
    REDISMODULE_NOT_USED(data);
    note("persistence:", names[sub]);
}

static void onLoading(RedisModuleCtx *ctx, RedisModuleEvent e, uint64_t sub, void *data) {
    static const char *names[] = {"rdb", "aof", "replica", "ended", "failed"};
    REDISMODULE_NOT_USED(e);
    REDISMODULE_NOT_USED(data);
    note("loading:", names[sub]);
    if (sub < 3 && RedisModule_GetContextFlags(ctx) & REDISMODULE_CTX_FLAGS_LOADING) note("flag", "");
}

static void onFork(RedisModuleCtx *ctx, RedisModuleEvent e, uint64_t sub, void *data) {
    REDISMODULE_NOT_USED(ctx);
    REDISMODULE_NOT_USED(e);
    REDISMODULE_NOT_USED(data);
    note("fork:", sub == REDISMODULE_SUBEVENT_FORK_CHILD_BORN ? "born" : "died");
}

/* PARCEL.SET key text number */
static int setCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    long long n;
    if (argc != 4 || RedisModule_StringToLongLong(argv[3], &n) != REDISMODULE_OK) return RedisModule_WrongArity(ctx);
    RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ | REDISMODULE_WRITE);
    if (RedisModule_KeyType(key) != REDISMODULE_KEYTYPE_EMPTY && RedisModule_ModuleTypeGetType(key) != type) {
        RedisModule_CloseKey(key);
        return RedisModule_ReplyWithError(ctx, REDISMODULE_ERRORMSG_WRONGTYPE);
    }
    Parcel *p = RedisModule_ModuleTypeGetValue(key);
    if (p == NULL) {
        p = RedisModule_Calloc(1, sizeof(*p));
        RedisModule_ModuleTypeSetValue(key, type, p);
    }
    size_t len;
    const char *from = RedisModule_StringPtrLen(argv[2], &len);
    RedisModule_Free(p->text);
    p->text = RedisModule_Alloc(len + 1);
    memcpy(p->text, from, len);
    p->len = len;
    p->number = n;
    RedisModule_CloseKey(key);
    RedisModule_ReplicateVerbatim(ctx);
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

/* PARCEL.GET key */
static int getCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 2) return RedisModule_WrongArity(ctx);
    RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ);
    Parcel *p = RedisModule_ModuleTypeGetType(key) == type ? RedisModule_ModuleTypeGetValue(key) : NULL;
    if (p == NULL) RedisModule_ReplyWithNull(ctx);
    else {
        RedisModule_ReplyWithArray(ctx, 2);
        RedisModule_ReplyWithStringBuffer(ctx, p->text, p->len);
        RedisModule_ReplyWithLongLong(ctx, p->number);
    }
    RedisModule_CloseKey(key);
    return REDISMODULE_OK;
}

/* PARCEL.AUX [before after] */
static int auxCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc == 3) {
        strncpy(aux[0], text(argv[1]), 255);
        strncpy(aux[1], text(argv[2]), 255);
    }
    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ReplyWithCString(ctx, aux[0]);
    return RedisModule_ReplyWithCString(ctx, aux[1]);
}

/* PARCEL.NOTES replies what was noted since it was asked last. */
static int notesCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    RedisModule_ReplyWithSimpleString(ctx, notes);
    notes[0] = 0;
    return REDISMODULE_OK;
}

static int fileReply(RedisModuleCtx *ctx, int status) {
    if (status != REDISMODULE_OK) return RedisModule_ReplyWithError(ctx, strerror(errno));
    return RedisModule_ReplyWithSimpleString(ctx, errno == 0 ? "OK" : "OK, but errno is set");
}

/* PARCEL.FILE save|load name */
static int fileCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 3) return RedisModule_WrongArity(ctx);
    RedisModuleRdbStream *s = RedisModule_RdbStreamCreateFromFile(text(argv[2]));
    int status = !strcmp(text(argv[1]), "save") ? RedisModule_RdbSave(ctx, s, 0) : RedisModule_RdbLoad(ctx, s, 0);
    fileReply(ctx, status);
    RedisModule_RdbStreamFree(s);
    return REDISMODULE_OK;
}

static void done(int code, int signal, void *data) {
    exited = code;
    signalled = signal;
    if (data == (void *)&forked) forked = -1;
}

/* What the forked process does: PARCEL.FORK save|call|yield|exit|return|crash|wait|again argument */
static void child(RedisModuleCtx *ctx, const char *what, const char *argument) {
    if (!(RedisModule_GetContextFlags(ctx) & REDISMODULE_CTX_FLAGS_IS_CHILD)) RedisModule_ExitFromChild(99);
    if (!strcmp(what, "save")) {
        RedisModuleRdbStream *s = RedisModule_RdbStreamCreateFromFile(argument);
        int status = RedisModule_RdbSave(ctx, s, 0);
        RedisModule_RdbStreamFree(s);
        RedisModule_ExitFromChild(status == REDISMODULE_OK ? 0 : errno);
    }
    if (!strcmp(what, "call")) {
        RedisModuleCallReply *r = RedisModule_Call(ctx, "DBSIZE", "");
        int n = (int)RedisModule_CallReplyInteger(r);
        RedisModule_FreeCallReply(r);
        RedisModule_Log(ctx, "notice", "the child counts %d keys", n);
        RedisModule_ExitFromChild(n);
    }
    if (!strcmp(what, "yield")) { /* the clients are the parent's */
        for (int i = 0; i < 20; i++) {
            RedisModule_Yield(ctx, REDISMODULE_YIELD_FLAG_CLIENTS, "busy");
            usleep(5000);
        }
        RedisModule_ExitFromChild(5);
    }
    if (!strcmp(what, "exit")) RedisModule_ExitFromChild(atoi(argument));
    if (!strcmp(what, "crash")) *(volatile int *)NULL = 1;
    if (!strcmp(what, "again")) RedisModule_ExitFromChild(RedisModule_Fork(done, NULL) == -1 && errno == EEXIST ? 7 : 8);
    if (!strcmp(what, "wait")) {
        RedisModule_SendChildHeartbeat(0.25);
        RedisModule_Log(ctx, "notice", "the child waits");
        sleep(100);
    }
}

static int forkCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 3) return RedisModule_WrongArity(ctx);
    exited = signalled = -1;
    int pid = RedisModule_Fork(done, &forked);
    if (pid == -1) return RedisModule_ReplyWithError(ctx, strerror(errno));
    if (pid == 0) {
        child(ctx, text(argv[1]), text(argv[2]));
        return REDISMODULE_OK;
    }
    forked = pid;
    return RedisModule_ReplyWithLongLong(ctx, pid);
}

/* PARCEL.KILL [pid] */
static int killCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    int pid = argc == 2 ? atoi(text(argv[1])) : forked;
    return RedisModule_ReplyWithSimpleString(ctx, RedisModule_KillForkChild(pid) == REDISMODULE_OK ? "OK" : "ERR");
}

/* PARCEL.ENDED replies how the forked process ended. */
static int endedCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    RedisModule_ReplyWithArray(ctx, 3);
    RedisModule_ReplyWithLongLong(ctx, forked);
    RedisModule_ReplyWithLongLong(ctx, exited);
    return RedisModule_ReplyWithLongLong(ctx, signalled);
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    RedisModuleTypeMethods tm = {
        .version = REDISMODULE_TYPE_METHOD_VERSION, .rdb_load = load, .rdb_save = save, .free = freed, .digest = digest,
        .aux_load = loadAux, .aux_save2 = saveAux, .aux_save_triggers = REDISMODULE_AUX_BEFORE_RDB | REDISMODULE_AUX_AFTER_RDB,
    };
    if (RedisModule_Init(ctx, "parcel", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR) return REDISMODULE_ERR;
    for (int i = 0; i < argc; i++) {
        const char *word = text(argv[i]);
        if (!strcmp(word, "aware")) RedisModule_SetModuleOptions(ctx, REDISMODULE_OPTIONS_HANDLE_IO_ERRORS);
        greedy |= !strcmp(word, "greedy");   /* reads a number of another kind than it saved */
        refuses |= !strcmp(word, "refuses"); /* loads nothing */
        broken |= !strcmp(word, "broken");   /* crashes when it saves */
        spoilt |= !strcmp(word, "spoilt");   /* saves more than it reads */
        if (!strcmp(word, "always")) tm.aux_save = saveAux, tm.aux_save2 = NULL;
    }
    if ((type = RedisModule_CreateDataType(ctx, "parcel-mt", 3, &tm)) == NULL ||
        RedisModule_SubscribeToServerEvent(ctx, RedisModuleEvent_Persistence, onPersistence) == REDISMODULE_ERR ||
        RedisModule_SubscribeToServerEvent(ctx, RedisModuleEvent_Loading, onLoading) == REDISMODULE_ERR ||
        RedisModule_SubscribeToServerEvent(ctx, RedisModuleEvent_ForkChild, onFork) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "parcel.set", setCommand, "write", 1, 1, 1) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "parcel.get", getCommand, "readonly", 1, 1, 1) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "parcel.aux", auxCommand, "", 0, 0, 0) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "parcel.notes", notesCommand, "", 0, 0, 0) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "parcel.file", fileCommand, "", 0, 0, 0) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "parcel.fork", forkCommand, "", 0, 0, 0) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "parcel.kill", killCommand, "", 0, 0, 0) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "parcel.ended", endedCommand, "", 0, 0, 0) == REDISMODULE_ERR) {
        return REDISMODULE_ERR;
    }
    return REDISMODULE_OK;
}
