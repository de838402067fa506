/* Views: text with a map back to its source. The map is a list of pieces in view order; a search by halves finds the
 * piece of a byte, and a piece is one to one, or so but for the escapes in it, or a unit that is taken whole. */
#include "filters/text/view.h"

#include "filters/text/json.h"

#include <assert.h>

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

/* A unit of a piece that is VIEW_ESCAPED: view bytes [v, v + n), source bytes [s, s + used). */
struct unit {
    uint32_t v, n, s, used;
};

/* The unit that holds view byte `at` or source byte `from`, whichever comes first; of an escaped piece in which a unit begins
 * at view byte i, source byte s. */
static struct unit walk(const struct view *v, uint32_t i, uint32_t s, uint32_t at, uint32_t from)
{
    const struct slice src = s & VIEW_SELF ? buf_slice(&v->text) : v->source;
    const uint32_t flag = s & VIEW_SELF;
    s &= ~VIEW_SELF;
    from &= ~VIEW_SELF;
    while (s < src.n) {
        const uint32_t most = at - i < from - s ? at - i : from - s; /* bytes to go at most */
        const size_t look = (size_t)most + 1 < src.n - s ? (size_t)most + 1 : src.n - s;
        const char *hit = memchr(src.p + s, '\\', look);
        const uint32_t plain = hit ? (uint32_t)(hit - src.p) - s : most;
        i += plain;
        s += plain;
        if (!hit) return (struct unit){i, 1, s | flag, 1};
        char c[4];
        size_t used;
        const uint32_t n = (uint32_t)json_escape_read(slice_of(src.p + s, src.n - s), c, &used);
        if (at < i + n || from < s + used) return (struct unit){i, n, s | flag, (uint32_t)used};
        i += n;
        s += (uint32_t)used;
    }
    return (struct unit){i, 1, s | flag, 1};
}

/* The source of view byte `at`, of its whole unit. */
static void back(const struct view *v, uint32_t at, uint32_t *start, uint32_t *end)
{
    const struct view_piece *p = &v->piece[view_piece_at(v, at)];
    if (p->width == VIEW_ESCAPED) {
        const struct unit u = walk(v, p->v, p->s, at, UINT32_MAX);
        *start = u.s;
        *end = u.s + u.used;
        return;
    }
    const uint32_t width = p->width & ~VIEW_UNDER;
    *start = width ? p->s : p->s + (at - p->v);
    *end = *start + (width ? width : 1);
    if (p->width & VIEW_UNDER) view_back(v->under, *start, *end, start, end);
}

void view_back(const struct view *v, uint32_t start, uint32_t end, uint32_t *s_start, uint32_t *s_end)
{
    uint32_t ignored;
    assert(start < end && end <= v->text.end);
    const size_t i = view_piece_at(v, start);
    if (v->piece[i].width == VIEW_ESCAPED && (i + 1 == v->count || v->piece[i + 1].v >= end)) { /* what is read once will do */
        const struct unit first = walk(v, v->piece[i].v, v->piece[i].s, start, UINT32_MAX);
        const struct unit last = walk(v, first.v, first.s, end - 1, UINT32_MAX);
        *s_start = first.s;
        *s_end = last.s + last.used;
        return;
    }
    back(v, end - 1, &ignored, s_end);
    back(v, start, s_start, &ignored);
}

void view_forward(const struct view *v, size_t i, uint32_t s, uint32_t *start, uint32_t *end)
{
    const struct view_piece *p = &v->piece[i];
    assert(!(p->width & VIEW_UNDER));
    const uint32_t most = i + 1 < v->count ? p[1].v : (uint32_t)v->text.end;
    *start = p->width ? p->v : p->v + (s - p->s);
    *end = p->width ? most : *start + 1;
    if (p->width == VIEW_ESCAPED) {
        const struct unit u = walk(v, p->v, p->s, UINT32_MAX, s);
        *start = u.v;
        *end = u.v + u.n;
    }
    if (*end > most) *end = most;
    if (*start >= *end) *start = *end - 1;
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

enum err view_room(struct view *v, size_t pieces)
{
    while (v->room - v->count < pieces) {
        enum err e = grow(v);
        if (e) return e;
    }
    return ERR_OK;
}

enum err view_split(struct view *v, uint32_t at, struct view *tail)
{
    const uint32_t base = (uint32_t)tail->text.end;
    if (at == v->text.end) return ERR_OK;
    size_t first = view_piece_at(v, at), n = v->count - first;
    assert(v->piece[first].v == at && tail->text.off == 0);
    enum err e = view_room(tail, n);
    /* for all that may come: it need not grow again and again */
    if (!e && buf_room(&tail->text) < v->text.end - at && base == 0) e = buf_reserve(&tail->text, tail->source.n);
    if (!e) e = buf_add(&tail->text, slice_of(v->text.p + at, v->text.end - at));
    if (e) return e;
    for (size_t i = 0; i < n; i++) {
        struct view_piece p = v->piece[first + i];
        p.v = p.v - at + base;
        tail->piece[tail->count++] = p;
    }
    v->count = first;
    buf_truncate(&v->text, at - v->text.off);
    return ERR_OK;
}

void view_on_under(struct view *v, size_t first)
{
    for (size_t i = first; i < v->count; i++) v->piece[i].width |= VIEW_UNDER;
}
