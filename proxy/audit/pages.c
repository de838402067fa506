/* Warm ahead, send behind, drop what was synced: three hints to the kernel about a mapped file, each of them bounded.
 * None of them can fail in a way that matters: what is not done here costs the writer a page fault, or an msync time. */
#include "proxy/audit/pages.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t floor_page(size_t n) { return n & ~((size_t)sysconf(_SC_PAGESIZE) - 1); }

void pages_warm(struct pages *p, size_t end, size_t ahead)
{
    if (p->warm < end) p->warm = floor_page(end);
    size_t to = p->size - end > ahead ? floor_page(end + ahead) : p->size;
    if (to <= p->warm || (to - p->warm < ahead / 4 && to < p->size)) return;
    if (to - p->warm > PAGES_WARM_MOST) to = p->warm + PAGES_WARM_MOST;
    if (madvise(p->map + p->warm, to - p->warm, MADV_POPULATE_WRITE)) return; /* an older kernel: the writer takes the faults */
    p->warm = to;
}

void pages_send(struct pages *p, int fd, size_t end)
{
    size_t to = floor_page(end);
    if (to < p->sent + PAGES_SEND_MOST) return;
    /* Out of the page table first, at once: else the kernel does so page by page, and interrupts every core each time. */
    (void)madvise(p->map + p->sent, to - p->sent, MADV_DONTNEED);
    (void)sync_file_range(fd, (off_t)p->sent, (off_t)(to - p->sent), SYNC_FILE_RANGE_WRITE);
    p->sent = to;
}

void pages_drop(struct pages *p, int fd, size_t synced)
{
    size_t to = floor_page(synced);
    if (p->sent < to) { /* synced without being sent: still in the page table */
        (void)madvise(p->map + p->sent, to - p->sent, MADV_DONTNEED);
        p->sent = to;
    }
    if (to <= p->dropped) return;
    if (to - p->dropped > PAGES_DROP_MOST) to = p->dropped + PAGES_DROP_MOST;
    (void)posix_fadvise(fd, (off_t)p->dropped, (off_t)(to - p->dropped), POSIX_FADV_DONTNEED);
    p->dropped = to;
}
