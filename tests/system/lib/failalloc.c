/* Preloaded into the program under test: after SIGUSR2, every FAILALLOC_EVERY-th allocation fails; another SIGUSR2 ends
 * that. Counts over all threads, so that each run fails other calls. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t count, size_t n);
extern void *__libc_realloc(void *p, size_t n);

static _Atomic unsigned long calls, failing;
static unsigned long every = 97;

static void toggle(int sig)
{
    (void)sig;
    failing = !failing;
}

__attribute__((constructor)) static void start(void)
{
    const char *text = getenv("FAILALLOC_EVERY");
    if (text) every = strtoul(text, NULL, 10);
    signal(SIGUSR2, toggle);
}

static int fails(void)
{
    if (!failing || atomic_fetch_add(&calls, 1) % every != every - 1) return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t n) { return fails() ? NULL : __libc_malloc(n); }
void *calloc(size_t count, size_t n) { return fails() ? NULL : __libc_calloc(count, n); }
void *realloc(void *p, size_t n) { return fails() ? NULL : __libc_realloc(p, n); }
