/* A C library for the tests of package dl that takes signals. */
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static volatile long heard;
static struct sigaction before;
static int chains;

static void on(int sig, siginfo_t *info, void *uc) {
    heard++;
    if (chains && before.sa_sigaction && before.sa_handler != SIG_IGN)
        before.sa_sigaction(sig, info, uc);
}

/* Take a signal; with chain, forward it to the handler before. */
int take(int sig, int chain) {
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_sigaction = on;
    /* Without SA_ONSTACK it would run on whatever stack a goroutine has. */
    sa.sa_flags = SA_SIGINFO | SA_ONSTACK;
    chains = chain;
    return sigaction(sig, &sa, &before);
}

long get(void) { return heard; }

static sigjmp_buf home;
static volatile int armed;

static void leave(int sig) {
    if (armed) siglongjmp(home, 1);
    (void)sig;
    abort();
}

/* Fault under a handler of our own: 1 if it came to us. */
int fault(void) {
    static int done;
    if (!done) {
        struct sigaction sa;
        memset(&sa, 0, sizeof sa);
        sa.sa_handler = leave;
        sa.sa_flags = SA_ONSTACK;
        sigaction(SIGSEGV, &sa, 0);
        done = 1;
        return 0;
    }
    armed = 1;
    if (sigsetjmp(home, 1) == 0) {
        *(volatile int *)8 = 1;
        armed = 0;
        return 0;
    }
    armed = 0;
    return 1;
}

/* Write to a pipe nobody reads, from whatever thread calls. */
int broken_pipe(void) {
    int fd[2];
    if (pipe(fd)) return -1;
    close(fd[0]);
    int r = (int)write(fd[1], "x", 1);
    close(fd[1]);
    return r;
}

#ifdef EARLY
/* Drops SIGURG for a while before dlopen is over, as a Go runtime does that has
   just started. */
__attribute__((constructor)) static void early(void) {
    take(SIGURG, 0);
    for (int i = 0; i < 20; i++) usleep(5000);
}
#endif
