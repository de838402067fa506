/* The handler of SIGBUS and the ranges it knows: a row is written by one thread at a time and read by a handler on any. */
#include "proxy/audit/mapguard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#define RANGES_MAX 4096u

static struct range {
    _Atomic uintptr_t from; /* 0: free; stored last */
    _Atomic uintptr_t to;
    _Atomic(_Atomic bool *) cut;
} ranges[RANGES_MAX];
static _Atomic unsigned used; /* rows that ever were */
static uintptr_t page;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* adding and removing */
static struct sigaction before;

/* Only what a signal handler may do. errno is the interrupted code's. */
static bool fill(uintptr_t at)
{
    unsigned n = atomic_load_explicit(&used, memory_order_acquire);
    for (unsigned i = 0; i < n; i++) {
        uintptr_t from = atomic_load_explicit(&ranges[i].from, memory_order_acquire), to = atomic_load(&ranges[i].to);
        if (!from || at < from || at >= to) continue;
        uintptr_t hole = at / page * page;
        atomic_store(atomic_load(&ranges[i].cut), true);
        void *p = mmap((void *)hole, to - hole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        return p != MAP_FAILED;
    }
    return false;
}

static void on_bus(int sig, siginfo_t *info, void *context)
{
    int was = errno;
    (void)context;
    bool ours = info->si_code == BUS_ADRERR && fill((uintptr_t)info->si_addr);
    errno = was;
    if (!ours) (void)sigaction(sig, &before, NULL); /* it comes again at once, to whoever else takes it */
}

/* Also where somebody else took the signal meanwhile. */
static void install(void)
{
    struct sigaction a = {.sa_sigaction = on_bus, .sa_flags = SA_SIGINFO | SA_ONSTACK}, now;
    if (sigaction(SIGBUS, NULL, &now) == 0 && now.sa_flags & SA_SIGINFO && now.sa_sigaction == on_bus) return;
    before = now;
    page = (uintptr_t)sysconf(_SC_PAGESIZE);
    sigemptyset(&a.sa_mask);
    (void)sigaction(SIGBUS, &a, NULL);
}

unsigned mapguard_add(void *map, size_t size, _Atomic bool *cut)
{
    unsigned i = 0;
    pthread_mutex_lock(&lock);
    install();
    while (i < RANGES_MAX && atomic_load(&ranges[i].from)) i++;
    if (i < RANGES_MAX) {
        atomic_store(&ranges[i].cut, cut);
        atomic_store(&ranges[i].to, (uintptr_t)map + size);
        atomic_store_explicit(&ranges[i].from, (uintptr_t)map, memory_order_release);
        if (i == atomic_load(&used)) atomic_store_explicit(&used, i + 1, memory_order_release);
    }
    pthread_mutex_unlock(&lock);
    return i < RANGES_MAX ? i + 1 : 0;
}

void mapguard_remove(unsigned guard)
{
    if (!guard) return;
    pthread_mutex_lock(&lock);
    atomic_store(&ranges[guard - 1].from, 0);
    pthread_mutex_unlock(&lock);
}
