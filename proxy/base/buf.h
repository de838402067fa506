/* A growable byte buffer with a mandatory cap: a queue that is appended to at the end and consumed from the front.
 * Memory comes from mem.h, so it is wiped when it goes. A buffer of at most MEM_BLOCK bytes is one pooled block.
 * Appending past the cap fails with ERR_LIMIT and leaves the buffer as it was. Not for sharing between threads. */
#ifndef PRIVET_BASE_BUF_H
#define PRIVET_BASE_BUF_H

#include "proxy/base/err.h"
#include "proxy/base/mem.h"
#include "proxy/base/slice.h"

struct buf {
    char *p;     /* start of the memory, or NULL */
    size_t off;  /* first byte not consumed */
    size_t end;  /* one past the last byte */
    size_t size; /* bytes of memory at p */
    size_t cap;  /* most bytes that may wait (end - off) */
    size_t high; /* highest `end` since the memory was taken: what must be wiped */
};

/* An empty buffer; takes no memory yet. */
static inline struct buf buf_make(size_t cap) { return (struct buf){.cap = cap}; }
/* Wipes and releases the memory; the buffer is empty and usable again. */
void buf_free(struct buf *b);

static inline size_t buf_len(const struct buf *b) { return b->end - b->off; }
static inline struct slice buf_slice(const struct buf *b) { return b->p ? slice_of(b->p + b->off, b->end - b->off) : SLICE_NONE; }

/* Room for n more bytes at buf_tail(); the caller writes there and calls buf_commit. */
enum err buf_reserve(struct buf *b, size_t n) MUST_CHECK;
static inline char *buf_tail(struct buf *b) { return b->p + b->end; }
static inline size_t buf_room(const struct buf *b) { return b->size - b->end; }
void buf_commit(struct buf *b, size_t n);

enum err buf_add_slow(struct buf *b, struct slice s) MUST_CHECK;
MUST_CHECK static inline enum err buf_add(struct buf *b, struct slice s)
{
    size_t len = buf_len(b);
    if (s.n == 0) return ERR_OK;
    if (b->size - b->end < s.n || s.n > b->cap - len || len > b->cap) return buf_add_slow(b, s);
    memcpy(b->p + b->end, s.p, s.n);
    b->end += s.n;
    if (b->end > b->high) b->high = b->end;
    return ERR_OK;
}
enum err buf_add_byte(struct buf *b, char c) MUST_CHECK;
enum err buf_add_u64(struct buf *b, uint64_t v) MUST_CHECK;
enum err buf_addf(struct buf *b, const char *fmt, ...) MUST_CHECK __attribute__((format(printf, 2, 3)));
/* Drops n bytes from the front; an empty buffer gives its memory back to the pool. n <= buf_len. */
void buf_consume(struct buf *b, size_t n);
/* Cuts the length to n <= buf_len, keeping the front. */
void buf_truncate(struct buf *b, size_t n);

#endif
