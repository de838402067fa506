/* Views: text with a map back to its source. The map is a list of pieces in view order; a search by halves finds the
 * piece of a byte, and a piece is either one to one or a unit that is taken whole. */
#include "filters/text/view.h"

#include "filters/text/json.h"

#include <assert.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define PIECES_FIRST 512u
#define PIECES_KEPT  (128u * 1024u)

struct view view_make(size_t cap) { return (struct view){.text = buf_make(cap)}; }

void view_reset(struct view *v, size_t keep)
{
    if (v->text.size > keep) buf_free(&v->text);
    else {
        mem_wipe(v->text.p, v->text.high);
        v->text.off = v->text.end = v->text.high = 0;
    }
    if (v->room > PIECES_KEPT) {
        mem_free_used(v->piece, 0);
        v->piece = NULL;
        v->room = 0;
    }
    v->count = 0;
}

void view_free(struct view *v)
{
    buf_free(&v->text);
    mem_free_used(v->piece, 0);
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
    void *q = mem_resize(v->piece, room * sizeof *v->piece); /* offsets, no text: nothing to be wiped, and pages move */
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

static enum err room_for(struct view *v, size_t pieces)
{
    while (v->room - v->count < pieces) {
        enum err e = grow(v);
        if (e) return e;
    }
    return ERR_OK;
}

enum err view_split(struct view *v, uint32_t at, struct view *tail)
{
    assert(tail->count == 0 && buf_len(&tail->text) == 0);
    if (at == v->text.end) return ERR_OK;
    size_t first = view_piece_at(v, at), n = v->count - first;
    assert(v->piece[first].v == at);
    enum err e = room_for(tail, n);
    if (!e) e = buf_add(&tail->text, slice_of(v->text.p + at, v->text.end - at));
    if (e) return e;
    for (size_t i = 0; i < n; i++) {
        tail->piece[i] = v->piece[first + i];
        tail->piece[i].v -= at;
    }
    tail->count = n;
    v->count = first;
    buf_truncate(&v->text, at - v->text.off);
    return ERR_OK;
}

enum err view_append(struct view *v, const struct view *other)
{
    uint32_t at = (uint32_t)v->text.end;
    enum err e = room_for(v, other->count);
    if (!e) e = buf_add(&v->text, buf_slice(&other->text));
    if (e) return e;
    for (size_t i = 0; i < other->count; i++) {
        struct view_piece p = other->piece[i];
        p.v += at;
        v->piece[v->count++] = p;
    }
    return ERR_OK;
}

/* One to one bytes [v, v + n) that come from under's text at s: a piece for each of under's they lie in. */
static enum err rebase_run(struct view *v, uint32_t at, uint32_t s, uint32_t n, const struct view *under, size_t *j)
{
    while (n) {
        while (*j + 1 < under->count && under->piece[*j + 1].v <= s) ++*j;
        const struct view_piece *u = &under->piece[*j];
        uint32_t end = *j + 1 < under->count ? under->piece[*j + 1].v : (uint32_t)under->text.end;
        uint32_t k = end - s < n ? end - s : n;
        enum err e = room_for(v, 1);
        if (e) return e;
        v->piece[v->count++] = (struct view_piece){at, u->width ? u->s : u->s + (s - u->v), u->width};
        at += k;
        s += k;
        n -= k;
    }
    return ERR_OK;
}

enum err view_rebase(struct view *v, size_t first, const struct view *under)
{
    size_t last = v->count, j = 0;
    enum err e = ERR_OK;
    for (size_t i = first; i < last && !e; i++) {
        struct view_piece p = v->piece[i];
        uint32_t end = i + 1 < last ? v->piece[i + 1].v : (uint32_t)v->text.end;
        if (!p.width) e = rebase_run(v, p.v, p.s, end - p.v, under, &j);
        else if (!(e = room_for(v, 1))) {
            uint32_t a, b;
            view_back(under, p.s, p.s + p.width, &a, &b);
            v->piece[v->count++] = (struct view_piece){p.v, a, b - a};
        }
    }
    if (e) return e;
    memmove(v->piece + first, v->piece + last, (v->count - last) * sizeof *v->piece);
    v->count -= last - first;
    return ERR_OK;
}

/* Copies up to the next backslash; up to 16 bytes behind the end of what is copied are overwritten. Returns the bytes. */
static inline size_t copy_plain(char *out, const char *p, size_t n)
{
    size_t i = 0;
#if defined(__x86_64__)
    for (; n - i >= 16; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
        _mm_storeu_si128((__m128i *)(void *)(out + i), v);
        unsigned m = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
        if (m) return i + (unsigned)__builtin_ctz(m);
    }
#endif
    for (; i < n && p[i] != '\\'; i++) out[i] = p[i];
    return i;
}

/* What the letter behind a backslash means, of the escapes of one byte; 0: another. */
static const char short_escapes[256] = {
    ['"'] = '"', ['\\'] = '\\', ['/'] = '/', ['b'] = '\b', ['f'] = '\f', ['n'] = '\n', ['r'] = '\r', ['t'] = '\t'};

enum err view_unescape(struct view *v, struct slice raw, uint32_t s)
{
    enum err e = buf_reserve(&v->text, raw.n + VIEW_SLACK);
    if (e) return e;
    char *first = buf_tail(&v->text), *out = first;
    uint32_t base = (uint32_t)v->text.end;
    for (size_t i = 0; i < raw.n;) {
        if (v->room - v->count < 2 && (e = grow(v))) break;
        size_t run = copy_plain(out, raw.p + i, raw.n - i);
        if (run) v->piece[v->count++] = (struct view_piece){base + (uint32_t)(out - first), s + (uint32_t)i, 0};
        out += run;
        i += run;
        if (i == raw.n) break;
        size_t used = 2, n = 1;
        const char c = raw.n - i >= 2 ? short_escapes[(unsigned char)raw.p[i + 1]] : 0;
        if (c) *out = c;
        else n = json_escape_read(slice_of(raw.p + i, raw.n - i), out, &used);
        v->piece[v->count++] = (struct view_piece){base + (uint32_t)(out - first), s + (uint32_t)i, (uint32_t)used};
        out += n;
        i += used;
    }
    buf_commit(&v->text, (size_t)(out - first));
    if (v->text.high < v->text.end + VIEW_SLACK) v->text.high = v->text.end + VIEW_SLACK; /* written, and to be wiped */
    return e;
}
