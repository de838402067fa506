/* Views: text with a map back to its source. The map is a list of pieces in view order; a search by halves finds the
 * piece of a byte, and a piece is either one to one or a unit that is taken whole. */
#include "filters/text/view.h"

#include "filters/text/json.h"

#include <assert.h>

#define PIECES_FIRST 128u
#define PIECES_KEPT  (64u * 1024u)

struct view view_make(size_t cap) { return (struct view){.text = buf_make(cap)}; }

void view_reset(struct view *v, size_t keep)
{
    if (v->text.size > keep) buf_free(&v->text);
    else {
        mem_wipe(v->text.p, v->text.high);
        v->text.off = v->text.end = v->text.high = 0;
    }
    if (v->room > PIECES_KEPT) {
        mem_free(v->piece);
        v->piece = NULL;
        v->room = 0;
    }
    v->count = 0;
}

void view_free(struct view *v)
{
    buf_free(&v->text);
    mem_free(v->piece);
    *v = view_make(v->text.cap);
}

size_t view_piece_at(const struct view *v, uint32_t at)
{
    size_t low = 0, high = v->count;
    assert(high > 0 && v->piece[0].v <= at);
    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;
        if (v->piece[mid].v <= at) low = mid;
        else high = mid;
    }
    return low;
}

void view_back(const struct view *v, uint32_t start, uint32_t end, uint32_t *s_start, uint32_t *s_end)
{
    assert(start < end && end <= v->text.end);
    const struct view_piece *a = &v->piece[view_piece_at(v, start)], *b = &v->piece[view_piece_at(v, end - 1)];
    *s_start = a->width ? a->s : a->s + (start - a->v);
    *s_end = b->width ? b->s + b->width : b->s + (end - b->v);
}

static enum err grow(struct view *v)
{
    size_t room = v->room ? v->room * 2 : PIECES_FIRST;
    if (room > SIZE_MAX / sizeof *v->piece) return ERR_LIMIT;
    void *q = mem_realloc(v->piece, room * sizeof *v->piece);
    if (!q) return ERR_MEMORY;
    v->piece = q;
    v->room = room;
    return ERR_OK;
}

static inline enum err add(struct view *v, struct slice bytes, uint32_t s, uint32_t width)
{
    if (bytes.n == 0) return ERR_OK;
    if (v->count == v->room) {
        enum err e = grow(v);
        if (e) return e;
    }
    uint32_t at = (uint32_t)v->text.end;
    if (buf_room(&v->text) >= bytes.n && v->text.p && v->text.end + bytes.n <= v->text.cap) {
        memcpy(buf_tail(&v->text), bytes.p, bytes.n);
        buf_commit(&v->text, bytes.n);
    } else {
        enum err e = buf_add(&v->text, bytes);
        if (e) return e;
    }
    v->piece[v->count++] = (struct view_piece){at, s, width};
    return ERR_OK;
}

enum err view_add(struct view *v, struct slice src, uint32_t s) { return add(v, src, s, 0); }

enum err view_add_unit(struct view *v, struct slice bytes, uint32_t s, uint32_t width)
{
    assert(width > 0);
    return add(v, bytes, s, width);
}

enum err view_mark(struct view *v, uint32_t at, uint32_t s, uint32_t width)
{
    assert(width > 0 && at <= v->text.end);
    if (v->count == v->room) {
        enum err e = grow(v);
        if (e) return e;
    }
    v->piece[v->count++] = (struct view_piece){at, s, width};
    return ERR_OK;
}

enum err view_unescape(struct view *v, struct slice raw, uint32_t s)
{
    size_t i = 0;
    while (i < raw.n) {
        const char *hit = memchr(raw.p + i, '\\', raw.n - i);
        size_t run = (hit ? (size_t)(hit - raw.p) : raw.n) - i;
        enum err e = add(v, slice_of(raw.p + i, run), s + (uint32_t)i, 0);
        if (e) return e;
        i += run;
        if (i == raw.n) break;
        char c[4];
        size_t used, n = json_escape_read(slice_of(raw.p + i, raw.n - i), c, &used);
        e = add(v, slice_of(c, n), s + (uint32_t)i, (uint32_t)used);
        if (e) return e;
        i += used;
    }
    return ERR_OK;
}
