/* Preloaded into the program under test: after SIGUSR2, every FAILALLOC_EVERY-th allocation fails; another SIGUSR2 ends
 * that. Counts over all threads, so that each run fails other calls.
 * FAILALLOC_AT=k fails the k-th allocation (from 0) alone; FAILALLOC_COUNT=FILE writes there, at SIGUSR1, how many there
 * were. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t count, size_t n);
extern void *__libc_realloc(void *p, size_t n);

static _Atomic unsigned long calls, all, failing;
static unsigned long every = 97;
static long at = -1;
static int count_fd = -1;

static void toggle(int sig)
{
    (void)sig;
    failing = !failing;
}

static void tell(int sig)
{
    char text[24];
    size_t n = sizeof text;
    (void)sig;
    text[--n] = '\n';
    for (unsigned long v = all; v || n == sizeof text - 1; v /= 10) text[--n] = (char)('0' + v % 10);
    ssize_t w = write(count_fd, text + n, sizeof text - n);
    (void)w;
}

__attribute__((constructor)) static void start(void)
{
    const char *text = getenv("FAILALLOC_EVERY");
    if (text) every = strtoul(text, NULL, 10);
    text = getenv("FAILALLOC_AT");
    if (text) at = strtol(text, NULL, 10);
    text = getenv("FAILALLOC_COUNT");
    if (text) count_fd = open(text, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
    signal(SIGUSR2, toggle);
    if (count_fd >= 0) signal(SIGUSR1, tell);
}

static int fails(void)
{
    if ((long)atomic_fetch_add(&all, 1) == at) {
        errno = ENOMEM;
        return 1;
    }
    if (!failing || atomic_fetch_add(&calls, 1) % every != every - 1) return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t n) { return fails() ? NULL : __libc_malloc(n); }
void *calloc(size_t count, size_t n) { return fails() ? NULL : __libc_calloc(count, n); }
void *realloc(void *p, size_t n) { return fails() ? NULL : __libc_realloc(p, n); }
