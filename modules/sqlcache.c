/* A read-through cache before a MariaDB database, on the server's own loop and
 * without a thread.
 *
 *   loadmodule sqlcache.so socket /run/mysqld/mysqld.sock user app database shop
 *              query user 60 "SELECT name, email FROM users WHERE id = ?"
 *
 *   SQLCACHE.GET key                   the row, as HGETALL replies it; empty when there is none
 *   SQLCACHE.INVALIDATE key [key ...]  forgets rows; how many were cached
 *   SQLCACHE.STATS                     counters
 *
 * A key is the name of a statement, a colon, and what stands for its question
 * mark: user:42. The row's columns become the fields of a hash at that key, which
 * expires after the statement's seconds; a column that is NULL becomes no field.
 * While the hash is there, no database is asked: SQLCACHE.GET is HGETALL then,
 * and other commands may use the hash, too. A row that is not there is not cached.
 *
 * Further arguments: host (a number) and port instead of socket, password,
 * connections (4), timeout in milliseconds (1000), more queries. A statement is
 * configured and never comes from a client; what comes from a client is quoted.
 *
 * One statement serves all clients that miss the same key meanwhile. Clients block
 * for the timeout at most, whatever the database does; its errors are their
 * errors. After a change in the database invalidate the key, rather than delete
 * it: so a statement that is under way, and may bring the row as it was before, is
 * neither cached nor shared with those who ask after that.
 *
 * modules/sqlpool.h has the connections. */
#include "sqlpool.h"

#include <strings.h>

/* A statement is configured at the start and lives as long as the module. */
struct statement {
    struct statement *next;
    char *name;
    size_t nameLen;
    long long seconds;
    char *before, *after; /* around the question mark */
};

/* A query is a statement that is under way for a key. It lives until the pool is
 * done with it, or until nobody waits for it any more and the pool gives it back. */
struct query {
    struct sqlJob job; /* first: a job of ours is a query */
    const struct statement *statement;
    RedisModuleString *key;
    int db;
    struct waiter *waiters;
    int stale; /* invalidated, and no longer in cache.running */
};

/* A waiter is a client that is blocked for a query. */
struct waiter {
    struct waiter *prev, *next;
    struct query *query;
    RedisModuleBlockedClient *client;
};

static struct {
    struct sqlPool pool;
    struct statement *statements;
    RedisModuleDict *running; /* queries by database and key */
    RedisModuleCtx *ctx;      /* for what happens outside of commands */
    char **settings;          /* the strings that the pool refers to */
    int settingsCount;
    long long hits, misses, merged, queries, errors, timeouts, waiting;
} cache;

/* ---- queries under way ---- */

/* runningName is what a query is called in cache.running. Free it. */
static char *runningName(int db, RedisModuleString *key, size_t *len) {
    size_t keyLen;
    const char *bytes = RedisModule_StringPtrLen(key, &keyLen);
    char *name = RedisModule_Alloc(sizeof(db) + keyLen);
    memcpy(name, &db, sizeof(db));
    memcpy(name + sizeof(db), bytes, keyLen);
    *len = sizeof(db) + keyLen;
    return name;
}

static struct query *findQuery(int db, RedisModuleString *key) {
    size_t len;
    char *name = runningName(db, key, &len);
    struct query *q = RedisModule_DictGetC(cache.running, name, len, NULL);
    RedisModule_Free(name);
    return q;
}

/* retire has a query serve those who wait for it, and nobody else. */
static void retire(struct query *q) {
    size_t len;
    if (q->stale) return;
    char *name = runningName(q->db, q->key, &len);
    RedisModule_DictDelC(cache.running, name, len, NULL);
    RedisModule_Free(name);
    q->stale = 1;
}

static void freeQuery(struct query *q) {
    retire(q);
    RedisModule_FreeString(NULL, q->key);
    RedisModule_Free(q);
}

/* release unblocks a client, which has its answer or is gone. */
static void release(struct waiter *w) {
    if (w->prev) w->prev->next = w->next;
    else w->query->waiters = w->next;
    if (w->next) w->next->prev = w->prev;
    cache.waiting--;
    RedisModule_UnblockClient(w->client, NULL);
    RedisModule_Free(w);
}

/* leave is release before the answer has come. A query that nobody waits for is
 * not begun; one that is under way goes on, for the cache. */
static void leave(struct waiter *w) {
    struct query *q = w->query;
    release(w);
    if (q->waiters == NULL && sqlCancel(&cache.pool, &q->job)) freeQuery(q);
}

/* ---- what the database says ---- */

/* statementText is the statement with the key's part quoted, by the rules of the
 * connection that will send it. */
static char *statementText(struct sqlJob *job, MYSQL *my, size_t *len) {
    const struct query *q = (const struct query *)job;
    const struct statement *st = q->statement;
    size_t keyLen, before = strlen(st->before), after = strlen(st->after);
    const char *key = RedisModule_StringPtrLen(q->key, &keyLen), *value = key + st->nameLen + 1;
    size_t valueLen = keyLen - st->nameLen - 1;
    char *text = RedisModule_Alloc(before + 1 + 2 * valueLen + 1 + after + 1), *at = text;
    memcpy(at, st->before, before);
    at += before;
    *at++ = '\'';
    at += mysql_real_escape_string(my, at, value, valueLen);
    *at++ = '\'';
    memcpy(at, st->after, after);
    *len = (size_t)(at - text) + after;
    return text;
}

/* freeReply drops a reply that nobody reads; a refused call has none. */
static void freeReply(RedisModuleCallReply *reply) {
    if (reply != NULL) RedisModule_FreeCallReply(reply);
}

/* store puts a row into the key. What others have put there meanwhile stays, and
 * a server that is out of memory does without: the row is answered all the same. */
static void store(struct query *q, MYSQL_RES *rows, MYSQL_ROW row) {
    const MYSQL_FIELD *fields = mysql_fetch_fields(rows);
    const unsigned long *lengths = mysql_fetch_lengths(rows);
    unsigned columns = mysql_num_fields(rows);
    size_t n = 0;
    RedisModule_SelectDb(cache.ctx, q->db);
    if (RedisModule_KeyExists(cache.ctx, q->key)) return;
    RedisModuleString **words = RedisModule_Alloc(2 * columns * sizeof(*words));
    for (unsigned i = 0; i < columns; i++) {
        if (row[i] == NULL) continue;
        words[n++] = RedisModule_CreateString(NULL, fields[i].name, fields[i].name_length);
        words[n++] = RedisModule_CreateString(NULL, row[i], lengths[i]);
    }
    if (n > 0) {
        freeReply(RedisModule_Call(cache.ctx, "HSET", "!Msv", q->key, words, n));
        freeReply(RedisModule_Call(cache.ctx, "EXPIRE", "!Msl", q->key, q->statement->seconds));
    }
    while (n > 0) RedisModule_FreeString(NULL, words[--n]);
    RedisModule_Free(words);
}

static void replyRow(RedisModuleCtx *ctx, MYSQL_RES *rows, MYSQL_ROW row) {
    const MYSQL_FIELD *fields = mysql_fetch_fields(rows);
    const unsigned long *lengths = mysql_fetch_lengths(rows);
    unsigned columns = row != NULL ? mysql_num_fields(rows) : 0, n = 0;
    for (unsigned i = 0; i < columns; i++) n += row[i] != NULL;
    RedisModule_ReplyWithMap(ctx, n);
    for (unsigned i = 0; i < columns; i++) {
        if (row[i] == NULL) continue;
        RedisModule_ReplyWithStringBuffer(ctx, fields[i].name, fields[i].name_length);
        RedisModule_ReplyWithStringBuffer(ctx, row[i], lengths[i]);
    }
}

/* answer ends a query: its row is cached, and all that wait for it get it. */
static void answer(struct sqlJob *job, MYSQL_RES *rows, const char *error) {
    struct query *q = (struct query *)job;
    MYSQL_ROW row = rows != NULL ? mysql_fetch_row(rows) : NULL;
    if (row != NULL && !q->stale) store(q, rows, row);
    cache.errors += rows == NULL;
    while (q->waiters != NULL) {
        RedisModuleCtx *ctx = RedisModule_GetThreadSafeContext(q->waiters->client);
        if (rows != NULL) replyRow(ctx, rows, row);
        else RedisModule_ReplyWithErrorFormat(ctx, "ERR database: %s", error);
        RedisModule_FreeThreadSafeContext(ctx);
        release(q->waiters);
    }
    freeQuery(q);
}

/* ---- commands ---- */

static const struct statement *findStatement(RedisModuleString *key) {
    size_t len;
    const char *bytes = RedisModule_StringPtrLen(key, &len), *colon = memchr(bytes, ':', len);
    const struct statement *st = colon != NULL ? cache.statements : NULL;
    while (st != NULL && (st->nameLen != (size_t)(colon - bytes) || memcmp(st->name, bytes, st->nameLen) != 0))
        st = st->next;
    return st;
}

static int onTimeout(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    struct waiter *w = RedisModule_GetBlockedClientPrivateData(ctx);
    REDISMODULE_NOT_USED(argv);
    REDISMODULE_NOT_USED(argc);
    cache.timeouts++;
    leave(w);
    return RedisModule_ReplyWithError(ctx, "ERR database: no answer in time");
}

/* onDisconnect may come for a client that was released a moment ago, too, and then
 * finds what release passed to UnblockClient: NULL. */
static void onDisconnect(RedisModuleCtx *ctx, RedisModuleBlockedClient *client) {
    struct waiter *w = RedisModule_BlockClientGetPrivateData(client);
    REDISMODULE_NOT_USED(ctx);
    if (w != NULL) leave(w);
}

/* await blocks the client until the database has been asked. */
static int await(RedisModuleCtx *ctx, RedisModuleString *key) {
    const struct statement *st = findStatement(key);
    int db = RedisModule_GetSelectedDb(ctx);
    if (st == NULL) return RedisModule_ReplyWithError(ctx, "ERR no statement has the name before the key's colon");
    if (RedisModule_GetContextFlags(ctx) & REDISMODULE_CTX_FLAGS_DENY_BLOCKING)
        return RedisModule_ReplyWithError(ctx, "ERR the row is not cached, and this client may not wait");

    struct query *q = findQuery(db, key);
    int asked = q != NULL;
    if (!asked) {
        size_t len;
        q = RedisModule_Calloc(1, sizeof(*q));
        q->job.text = statementText;
        q->job.done = answer;
        q->statement = st;
        q->key = RedisModule_HoldString(ctx, key);
        q->db = db;
        char *name = runningName(db, key, &len);
        RedisModule_DictSetC(cache.running, name, len, q);
        RedisModule_Free(name);
    }
    struct waiter *w = RedisModule_Calloc(1, sizeof(*w));
    w->query = q;
    w->client = RedisModule_BlockClient(ctx, NULL, onTimeout, NULL, cache.pool.timeout);
    RedisModule_BlockClientSetPrivateData(w->client, w);
    RedisModule_SetDisconnectCallback(w->client, onDisconnect);
    w->next = q->waiters;
    if (w->next) w->next->prev = w;
    q->waiters = w;
    cache.waiting++;
    cache.misses++;
    if (asked) {
        cache.merged++;
    } else {
        cache.queries++;
        sqlSubmit(&cache.pool, &q->job);
    }
    return REDISMODULE_OK;
}

/* SQLCACHE.GET key */
static int getCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc != 2) return RedisModule_WrongArity(ctx);
    /* A hit is all in these few calls: the reply goes through as it is, whatever the number of its fields. */
    RedisModuleCallReply *row = RedisModule_Call(ctx, "HGETALL", "0s", argv[1]);
    if (row == NULL) return RedisModule_ReplyWithError(ctx, "ERR this server has no HGETALL");
    int error = RedisModule_CallReplyType(row) == REDISMODULE_REPLY_ERROR, hit = RedisModule_CallReplyLength(row) > 0;
    if (hit) RedisModule_ReplyWithCallReply(ctx, row);
    RedisModule_FreeCallReply(row);
    if (!hit) return await(ctx, argv[1]);
    cache.hits += !error;
    return REDISMODULE_OK;
}

/* SQLCACHE.INVALIDATE key [key ...] */
static int invalidateCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (argc < 2) return RedisModule_WrongArity(ctx);
    for (int i = 1; i < argc; i++) {
        struct query *q = findQuery(RedisModule_GetSelectedDb(ctx), argv[i]);
        if (q != NULL) retire(q);
    }
    RedisModuleCallReply *deleted = RedisModule_Call(ctx, "DEL", "!v", argv + 1, (size_t)argc - 1);
    RedisModule_ReplyWithCallReply(ctx, deleted);
    RedisModule_FreeCallReply(deleted);
    return REDISMODULE_OK;
}

/* SQLCACHE.STATS */
static int statsCommand(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    const struct { const char *name; long long value; } stats[] = {
        {"hits", cache.hits}, {"misses", cache.misses}, {"merged", cache.merged}, {"queries", cache.queries},
        {"errors", cache.errors}, {"timeouts", cache.timeouts}, {"waiting", cache.waiting},
        {"running", (long long)RedisModule_DictSize(cache.running)}, {"connected", sqlConnected(&cache.pool)},
        {"connects", cache.pool.connects},
    };
    const long n = sizeof(stats) / sizeof(*stats);
    REDISMODULE_NOT_USED(argv);
    if (argc != 1) return RedisModule_WrongArity(ctx);
    RedisModule_ReplyWithMap(ctx, n);
    for (long i = 0; i < n; i++) {
        RedisModule_ReplyWithSimpleString(ctx, stats[i].name);
        RedisModule_ReplyWithLongLong(ctx, stats[i].value);
    }
    return REDISMODULE_OK;
}

/* ---- the module ---- */

/* addStatement takes three arguments: NULL, or what is wrong with them. */
static const char *addStatement(RedisModuleString **argv) {
    long long seconds;
    const char *name = RedisModule_StringPtrLen(argv[0], NULL), *text = RedisModule_StringPtrLen(argv[2], NULL);
    const char *mark = strchr(text, '?');
    if (*name == '\0' || strchr(name, ':') != NULL) return "a query's name must not be empty or have a colon";
    if (RedisModule_StringToLongLong(argv[1], &seconds) != REDISMODULE_OK || seconds < 1 || seconds > 1LL << 32)
        return "a query's second argument is the seconds that its rows are kept";
    if (mark == NULL || strchr(mark + 1, '?') != NULL) return "a statement has one question mark";
    struct statement *st = RedisModule_Calloc(1, sizeof(*st));
    st->name = RedisModule_Strdup(name);
    st->nameLen = strlen(name);
    st->seconds = seconds;
    st->before = RedisModule_Strdup(text);
    st->before[mark - text] = '\0';
    st->after = RedisModule_Strdup(mark + 1);
    st->next = cache.statements;
    cache.statements = st;
    return NULL;
}

/* keep copies a setting for the life of the module. */
static const char *keep(RedisModuleString *value) {
    cache.settings = RedisModule_Realloc(cache.settings, (size_t)(cache.settingsCount + 1) * sizeof(*cache.settings));
    return cache.settings[cache.settingsCount++] = RedisModule_Strdup(RedisModule_StringPtrLen(value, NULL));
}

static const char *configure(RedisModuleString **argv, int argc) {
    struct sqlPool *p = &cache.pool;
    long long port = 0, connections = 4;
    const struct { const char *name; const char **text; long long *number, max; } settings[] = {
        {"socket", &p->socket, NULL, 0}, {"host", &p->host, NULL, 0}, {"port", NULL, &port, 65535},
        {"user", &p->user, NULL, 0}, {"password", &p->password, NULL, 0}, {"database", &p->database, NULL, 0},
        {"connections", NULL, &connections, 1000}, {"timeout", NULL, &p->timeout, 3600 * 1000},
    };
    const size_t count = sizeof(settings) / sizeof(*settings);
    p->timeout = 1000;
    for (int i = 0; i < argc;) {
        const char *name = RedisModule_StringPtrLen(argv[i], NULL);
        if (strcasecmp(name, "query") == 0 && i + 3 < argc) {
            const char *wrong = addStatement(argv + i + 1);
            if (wrong != NULL) return wrong;
            i += 4;
            continue;
        }
        size_t s = 0;
        while (s < count && strcasecmp(name, settings[s].name) != 0) s++;
        if (s == count || i + 1 == argc) return "unknown argument, or one without its value";
        if (settings[s].text != NULL) {
            *settings[s].text = keep(argv[i + 1]);
        } else if (RedisModule_StringToLongLong(argv[i + 1], settings[s].number) != REDISMODULE_OK ||
                   *settings[s].number < 1 || *settings[s].number > settings[s].max) {
            return "a number is out of its range";
        }
        i += 2;
    }
    p->port = (unsigned)port;
    p->size = (int)connections;
    return cache.statements != NULL ? NULL : "there has to be a query: name seconds statement";
}

static void freeSettings(void) {
    for (struct statement *st = cache.statements, *next; st != NULL; st = next) {
        next = st->next;
        RedisModule_Free(st->name);
        RedisModule_Free(st->before);
        RedisModule_Free(st->after);
        RedisModule_Free(st);
    }
    while (cache.settingsCount > 0) RedisModule_Free(cache.settings[--cache.settingsCount]);
    RedisModule_Free(cache.settings);
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
    if (RedisModule_Init(ctx, "sqlcache", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR) return REDISMODULE_ERR;
    if (!RMAPI_FUNC_SUPPORTED(RedisModule_CreateFileEvent)) {
        RedisModule_Log(ctx, "warning", "this server lacks the calls of redis pull request 4158");
        return REDISMODULE_ERR;
    }
    const char *wrong = configure(argv, argc);
    if (wrong != NULL) RedisModule_Log(ctx, "warning", "%s", wrong);
    if (wrong != NULL ||
        RedisModule_CreateCommand(ctx, "sqlcache.get", getCommand, "readonly blocking", 1, 1, 1) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "sqlcache.invalidate", invalidateCommand, "write", 1, -1, 1) == REDISMODULE_ERR ||
        RedisModule_CreateCommand(ctx, "sqlcache.stats", statsCommand, "fast", 0, 0, 0) == REDISMODULE_ERR) {
        freeSettings();
        return REDISMODULE_ERR;
    }
    cache.ctx = RedisModule_GetDetachedThreadSafeContext(ctx);
    cache.running = RedisModule_CreateDict(NULL);
    sqlOpen(&cache.pool, cache.ctx);
    return REDISMODULE_OK;
}

/* OnUnload runs when nobody is blocked any more; queries that only the cache
 * waits for may still be under way. */
int RedisModule_OnUnload(RedisModuleCtx *ctx) {
    REDISMODULE_NOT_USED(ctx);
    sqlShut(&cache.pool);
    RedisModule_FreeDict(NULL, cache.running);
    RedisModule_FreeThreadSafeContext(cache.ctx);
    freeSettings();
    return REDISMODULE_OK;
}
