/* Warm ahead, send behind, drop what was synced: hints to the kernel about a mapped file, each of them bounded.
 * None of them changes a byte, and none can fail in a way that matters: what is not done here costs the writer a page
 * fault, or an msync time. */
#include "proxy/audit/pages.h"
#include "proxy/base/clock.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define CALM_TIMES  3u
#define LONG_NS     (2 * MS_NS) /* a huge page that costs more is the last one for a while: */
#define PAUSE_LEAST (1 * S_NS)
#define PAUSE_MOST  (64 * S_NS) /* twice as long each time */
#define GOOD_RUN    64u         /* after so many fast ones all is forgotten */

static size_t floor_page(size_t n) { return n & ~((size_t)sysconf(_SC_PAGESIZE) - 1); }
static size_t floor_huge(size_t n) { return n & ~((size_t)PAGES_HUGE - 1); }

/* An older kernel cannot: then the writer takes the page faults. */
static void make_writable(struct pages *p, size_t to)
{
    if (madvise(p->map + p->warm, to - p->warm, MADV_POPULATE_WRITE) == 0) p->warm = to;
}

/* Small pages, not beyond `limit`. */
static void warm_small(struct pages *p, size_t end, size_t ahead, size_t limit)
{
    size_t to = limit - end > ahead ? floor_page(end + ahead) : limit;
    if (to <= p->warm || (to - p->warm < ahead / 4 && to < limit)) return;
    make_writable(p, to - p->warm > PAGES_WARM_MOST ? p->warm + PAGES_WARM_MOST : to);
}

void pages_warm(struct pages *p, size_t end, size_t ahead)
{
    if (p->warm < end) p->warm = floor_page(end);
    warm_small(p, end, ahead, p->size);
}

static uint64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * S_NS + (uint64_t)t.tv_nsec;
}

static void remember(struct pages_mood *m, uint64_t took)
{
    if (took <= LONG_NS) {
        if (++m->good >= GOOD_RUN) m->pause = 0;
        return;
    }
    m->good = 0;
    m->pause = m->pause ? 2 * m->pause : PAUSE_LEAST;
    if (m->pause > PAUSE_MOST) m->pause = PAUSE_MOST;
    m->until = clock_mono_ns() + m->pause;
}

void pages_warm_huge(struct pages *p, struct pages_mood *mood, size_t end)
{
    if (p->warm < end) p->warm = floor_page(end);
    size_t from = floor_huge(p->warm), to = from + PAGES_HUGE;
    if (to > p->size || clock_mono_ns() < mood->until) {
        warm_small(p, end, PAGES_HUGE / 2, p->size);
    } else if (from < p->warm) { /* one that was begun with small ones cannot be huge any more */
        warm_small(p, end, PAGES_HUGE / 2, to);
    } else if (p->warm < end + PAGES_HUGE / 2) {
        uint64_t before = cpu_ns();
        (void)madvise(p->map + from, PAGES_HUGE, MADV_HUGEPAGE);
        make_writable(p, to);
        remember(mood, cpu_ns() - before);
        p->huge = to;
        p->calmed = 0;
    }
}

void pages_send(struct pages *p, int fd, size_t end)
{
    size_t to = end < p->huge ? floor_huge(end) : floor_page(end);
    if (to < p->sent + PAGES_SEND_MOST) return;
    (void)madvise(p->map + p->sent, to - p->sent, MADV_DONTNEED); /* as pages_unmap */
    (void)sync_file_range(fd, (off_t)p->sent, (off_t)(to - p->sent), SYNC_FILE_RANGE_WRITE);
    p->sent = to;
}

void pages_unmap(struct pages *p, size_t end)
{
    size_t to = end < p->huge ? floor_huge(end) + PAGES_HUGE : floor_page(end);
    if (to > p->sent) (void)madvise(p->map + p->sent, to - p->sent, MADV_DONTNEED);
}

void pages_drop(struct pages *p, int fd, size_t synced)
{
    size_t to = floor_huge(synced); /* a huge page goes as a whole or not at all */
    if (to > p->dropped + PAGES_HUGE) to = p->dropped + PAGES_HUGE;
    if (to <= p->dropped) return;
    if (p->sent < to) { /* synced without being sent: still in the page table */
        (void)madvise(p->map + p->sent, to - p->sent, MADV_DONTNEED);
        p->sent = to;
    }
    (void)posix_fadvise(fd, (off_t)p->dropped, (off_t)(to - p->dropped), POSIX_FADV_DONTNEED);
    p->dropped = to;
}

void pages_calm(struct pages *p, int fd, size_t end)
{
    size_t from = floor_huge(end);
    if (p->huge <= from) return;
    (void)madvise(p->map + from, p->huge - from, MADV_NOHUGEPAGE);
    (void)madvise(p->map + from, p->huge - from, MADV_DONTNEED);
    (void)posix_fadvise(fd, (off_t)from, (off_t)(p->huge - from), POSIX_FADV_DONTNEED);
    p->warm = floor_page(end);
    if (++p->calmed == CALM_TIMES) p->huge = 0; /* one that the writer had just changed stayed: not so each time */
}
