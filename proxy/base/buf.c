/* The capped, wiping byte queue. */
#include "proxy/base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

static void release(char *p, size_t size, size_t high)
{
    if (!p) return;
    if (size == MEM_BLOCK) {
        mem_block_put(p, high);
        return;
    }
    mem_free_used(p, high);
}

void buf_free(struct buf *b)
{
    release(b->p, b->size, b->high);
    *b = buf_make(b->cap);
}

enum err buf_reserve(struct buf *b, size_t n)
{
    size_t len = buf_len(b);
    if (n > b->cap || len > b->cap - n) return ERR_LIMIT;
    if (b->size - b->end >= n && b->p) return ERR_OK;
    if (b->p && b->size - len >= n && b->off >= len) { /* enough room once moved, and the move is cheap */
        memmove(b->p, b->p + b->off, len);
        b->off = 0;
        b->end = len;
        return ERR_OK;
    }
    size_t want = len + n, size = MEM_BLOCK;
    if (want > MEM_BLOCK) {
        size = b->size > MEM_BLOCK ? b->size : MEM_BLOCK;
        while (size < want) size *= 2;
    }
    char *q = size == MEM_BLOCK ? mem_block_get() : mem_alloc(size);
    if (!q) return ERR_MEMORY;
    if (len) memcpy(q, b->p + b->off, len);
    release(b->p, b->size, b->high);
    b->p = q;
    b->off = 0;
    b->end = b->high = len;
    b->size = size;
    return ERR_OK;
}

void buf_commit(struct buf *b, size_t n)
{
    assert(b->size - b->end >= n);
    b->end += n;
    if (b->end > b->high) b->high = b->end;
}

enum err buf_add_slow(struct buf *b, struct slice s)
{
    if (s.n == 0) return ERR_OK;
    enum err e = buf_reserve(b, s.n);
    if (e) return e;
    memcpy(buf_tail(b), s.p, s.n);
    buf_commit(b, s.n);
    return ERR_OK;
}

enum err buf_add_byte(struct buf *b, char c) { return buf_add(b, slice_of(&c, 1)); }

enum err buf_add_u64(struct buf *b, uint64_t v)
{
    char d[20];
    size_t i = sizeof d;
    do d[--i] = (char)('0' + v % 10);
    while (v /= 10);
    return buf_add(b, slice_of(d + i, sizeof d - i));
}

enum err buf_addf(struct buf *b, const char *fmt, ...)
{
    char tmp[512];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(tmp, sizeof tmp, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof tmp) return ERR_LIMIT;
    enum err e = buf_add(b, slice_of(tmp, (size_t)n));
    mem_wipe(tmp, (size_t)n);
    return e;
}

void buf_consume(struct buf *b, size_t n)
{
    assert(n <= buf_len(b));
    b->off += n;
    if (b->off == b->end) buf_free(b);
}

void buf_truncate(struct buf *b, size_t n)
{
    assert(n <= buf_len(b));
    b->end = b->off + n;
}
