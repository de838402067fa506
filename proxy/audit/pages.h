/* The pages of a mapped file that one thread fills from its beginning, looked after by another one: made writable ahead
 * of the writer, sent to the disk behind it, and dropped from memory when they are there. Every call is a short one: the
 * writer may share the core, and a kernel without preemption gives it back only when the call is over. */
#ifndef PRIVET_AUDIT_PAGES_H
#define PRIVET_AUDIT_PAGES_H

#include <stddef.h>

#define PAGES_WARM_MOST (256u * 1024u) /* made writable in one call: some 0.1 ms, more where the host must find them first */
#define PAGES_SEND_MOST (512u * 1024u)
#define PAGES_DROP_MOST (1024u * 1024u)

struct pages {
    char *map;
    size_t size;
    /* How far each of it is done: offsets. */
    size_t warm, sent, dropped;
};

/* The writer is at `end`: makes pages writable up to `ahead` bytes further, PAGES_WARM_MOST of them at most. */
void pages_warm(struct pages *p, size_t end, size_t ahead);
/* Starts the writing of what is complete below `end`, where it is at least PAGES_SEND_MOST; does not wait for it. Says
 * nothing of success: an msync or fsync afterwards does. */
void pages_send(struct pages *p, int fd, size_t end);
/* An msync or fsync succeeded up to `synced`: the cache forgets the pages below, PAGES_DROP_MOST at most. The next ones
 * are made of the same memory, which is still warm, and nobody else's pages have to go for records that were written. */
void pages_drop(struct pages *p, int fd, size_t synced);

#endif
