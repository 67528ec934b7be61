/* What boundary_test.go drives: each function calls the interface in a way
 * that the test can check or time. It uses no header, so that the test does
 * not depend on what it tests. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct Ctx Ctx;
typedef struct String String;

static int (*getapi)(const char *, void *);
static int (*ReplyWithLongLong)(Ctx *, long long);
static int (*ReplyWithArray)(Ctx *, long);
static int (*ReplyWithLongDouble)(Ctx *, long double);
static int (*ReplyWithDouble)(Ctx *, double);
static int (*ReplyWithNull)(Ctx *);
static int (*ReplyWithErrorFormat)(Ctx *, const char *, ...);
static String *(*CreateString)(Ctx *, const char *, size_t);
static String *(*CreateStringPrintf)(Ctx *, const char *, ...);
static String *(*CreateStringFromLongDouble)(Ctx *, long double, int);
static void (*FreeString)(Ctx *, String *);
static const char *(*StringPtrLen)(const String *, size_t *);
static int (*StringToLongDouble)(const String *, long double *);
static int (*StringToDouble)(const String *, double *);
static int (*GetSelectedDb)(Ctx *);
static long long (*Milliseconds)(void);
static int (*GetServerVersion)(void);
static int (*EventLoopAdd)(int, int, void *, void *);
static int (*ThreadSafeContextTryLock)(Ctx *);

int setup(void **ctx) {
    getapi = (int (*)(const char *, void *))(uintptr_t)ctx[0];
    int missing = 0;
#define GET(name) missing += getapi("RedisModule_" #name, &name) != 0
    GET(ReplyWithLongLong); GET(ReplyWithArray); GET(ReplyWithLongDouble); GET(ReplyWithDouble);
    GET(ReplyWithNull); GET(ReplyWithErrorFormat); GET(CreateString); GET(CreateStringPrintf);
    GET(CreateStringFromLongDouble); GET(FreeString); GET(StringPtrLen); GET(StringToLongDouble);
    GET(StringToDouble); GET(GetSelectedDb); GET(Milliseconds); GET(GetServerVersion); GET(EventLoopAdd); GET(ThreadSafeContextTryLock);
    void *valkey = NULL, *absent = &missing;
    missing += getapi("ValkeyModule_CreateString", &valkey) != 0 || valkey != (void *)CreateString;
    missing += getapi("RedisModule_NoSuchFunction", &absent) == 0 || absent != NULL;
    return missing;
}

int replies(Ctx *ctx) {
    static const long long numbers[] = {0, 7, 9, 10, -1, -10, 99, 100, 12345678901234LL, INT64_MAX, INT64_MIN};
    for (unsigned i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) ReplyWithLongLong(ctx, numbers[i]);
    ReplyWithArray(ctx, 3);
    ReplyWithNull(ctx);
    ReplyWithDouble(ctx, 1.5);
    ReplyWithLongDouble(ctx, 3.25L);
    ReplyWithErrorFormat(ctx, "ERR %d %s %.2f %c %ld %d %d %d %.1f %Lg", 1, "two", 3.0, '4', 5L, 6, 7, 8, 9.5, 10.5L);
    return 0;
}

int strings(Ctx *ctx) {
    size_t len;
    char big[5000];
    memset(big, 'x', sizeof big);
    String *s = CreateString(ctx, "hello", 5);
    if (strcmp(StringPtrLen(s, &len), "hello") || len != 5) return 1;
    FreeString(ctx, s);
    s = CreateString(ctx, big, sizeof big);
    const char *p = StringPtrLen(s, &len);
    if (len != sizeof big || memcmp(p, big, len) || p[len] != 0) return 2;
    FreeString(ctx, s);
    big[sizeof big - 1] = 0;
    s = CreateStringPrintf(NULL, "%s-%d-%s", "a", 42, big);
    if (strncmp(StringPtrLen(s, &len), "a-42-xxx", 8) || len != 5 + sizeof big - 1) return 3;
    FreeString(NULL, s);
    s = CreateStringFromLongDouble(ctx, 0.1L, 1);
    long double ld = 0;
    if (StringToLongDouble(s, &ld) != 0 || ld < 0.0999L || ld > 0.1001L) return 4;
    FreeString(ctx, s);
    s = CreateString(ctx, "1e3", 3);
    double d = 0;
    if (StringToDouble(s, &d) != 0 || d != 1000) return 5;
    FreeString(ctx, s);
    errno = 0;
    if (EventLoopAdd(-1, 1, (void *)replies, NULL) != 1 || errno != ERANGE) return 6;
    return 0;
}

/* The pointers here are wrong on purpose. */
int misuse(Ctx *ctx) {
    size_t len;
    String *s = CreateString(ctx, "x", 1);
    FreeString(ctx, s);
    FreeString(ctx, s);
    StringPtrLen((String *)ctx, &len);
    StringPtrLen((String *)&len, &len);
    StringPtrLen((String *)8, &len);
    ReplyWithLongLong((Ctx *)s, 1);
    CreateString(ctx, (const char *)16, 100);
    return 0;
}

static int threadResult;
static void *threadMain(void *ctx) {
    String *s = CreateString(NULL, "thread", 6);
    threadResult = s == NULL;
    FreeString(NULL, s);
    threadResult += Milliseconds() < 1000;
    threadResult += GetSelectedDb(ctx) != 0;
    threadResult += EventLoopAdd(0, 1, (void *)replies, NULL) != 1; /* wants the lock */
    return NULL;
}

int thread(Ctx *ctx) {
    pthread_t t;
    if (pthread_create(&t, NULL, threadMain, ctx)) return 100;
    pthread_join(t, NULL);
    return threadResult;
}

long timeLeaf(Ctx *ctx, long n) {
    long sum = 0;
    for (long i = 0; i < n; i++) sum += GetSelectedDb(ctx);
    return sum;
}
long timeLeafString(String *s, long n) {
    long sum = 0;
    size_t len;
    for (long i = 0; i < n; i++) { StringPtrLen(s, &len); sum += len; }
    return sum;
}
long timeEnter(Ctx *ctx, long n) {
    (void)ctx;
    long sum = 0;
    for (long i = 0; i < n; i++) sum += GetServerVersion();
    return sum;
}
long timeMilliseconds(Ctx *ctx, long n) {
    (void)ctx;
    long sum = 0;
    for (long i = 0; i < n; i++) sum += Milliseconds();
    return sum;
}
static long calls;
static void *callerMain(void *unused) {
    (void)unused;
    for (long i = 0; i < calls; i++) Milliseconds();
    return NULL;
}

/* n calls by each of so many threads, one after the other. */
static long byThreads(long threads, long n) {
    calls = n;
    for (; threads > 0; threads--) {
        pthread_t t;
        if (pthread_create(&t, NULL, callerMain, NULL)) return 1;
        pthread_join(t, NULL);
    }
    return 0;
}

long timeThread(Ctx *ctx, long n) {
    (void)ctx;
    return byThreads(1, n);
}

long manyThreads(Ctx *ctx, long n) {
    (void)ctx;
    return byThreads(n, 3);
}

long timeStrings(Ctx *ctx, long n) {
    for (long i = 0; i < n; i++) FreeString(ctx, CreateString(ctx, "hello", 5));
    return 0;
}
long timeReply(Ctx *ctx, long n) {
    for (long i = 0; i < n; i++) ReplyWithLongLong(ctx, 5);
    return 0;
}
long nothing(Ctx *ctx) { (void)ctx; return 0; }
