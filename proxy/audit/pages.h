/* The pages of a mapped file that one thread fills from its beginning, looked after by another one: made writable ahead
 * of the writer, sent to the disk behind it, and dropped from memory when they are there. Every call is a short one: the
 * writer may share the core, and a kernel without preemption gives it back only when the call is over.
 *
 * Where much is written the pages ahead are huge ones, if the kernel has them: a fault and a place in the cache for each
 * 2 MiB. Where little is written they are not, because a page goes to the disk as a whole, however little is new in it. */
#ifndef PRIVET_AUDIT_PAGES_H
#define PRIVET_AUDIT_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGES_HUGE      (2048u * 1024u)
#define PAGES_WARM_MOST (256u * 1024u) /* small ones made writable in one call: some 0.3 ms */
#define PAGES_SEND_MOST (512u * 1024u)

struct pages {
    char *map;
    size_t size;
    /* How far each of it is done: offsets. `huge`: up to here there may be huge ones; 0: nowhere ahead. */
    size_t warm, sent, dropped, huge;
    unsigned calmed; /* calls of pages_calm since the last huge one */
};

/* How huge pages do on this machine. Zeros to begin with. Where the host of a virtual machine has to find their memory
 * first, one takes 10 ms: then they are tried ever more rarely. */
struct pages_mood {
    uint64_t pause, until; /* ns; mono ns: no huge ones before */
    unsigned good;         /* fast ones in a row */
};

/* The writer is at `end`: makes pages writable up to `ahead` bytes further, PAGES_WARM_MOST of them at most. */
void pages_warm(struct pages *p, size_t end, size_t ahead);
/* The same with one huge page, when less than half of one is left and the mood is good. */
void pages_warm_huge(struct pages *p, struct pages_mood *mood, size_t end);
/* Starts the writing of what is complete below `end`, where it is at least PAGES_SEND_MOST; does not wait for it. Says
 * nothing of success: an msync or fsync afterwards does. */
void pages_send(struct pages *p, int fd, size_t end);
/* Before an msync up to `end`: takes out of the page table at once what msync would take out page by page, each time with
 * an interrupt to every core the process runs on. */
void pages_unmap(struct pages *p, size_t end);
/* An msync or fsync succeeded up to `synced`: the cache forgets the pages below, PAGES_HUGE bytes at most. The next ones
 * are made of the same memory, which is still warm, and nobody else's pages have to go for records that were written. */
void pages_drop(struct pages *p, int fd, size_t synced);
/* Less is written now: the huge pages from `end` on are given up. Right after an msync up to there; what the writer
 * changed since then stays as it is until the next call. */
void pages_calm(struct pages *p, int fd, size_t end);

#endif
