/* Cuts a byte stream into server-sent events (WHATWG HTML 9.2.6). Lines are looked for once, sixteen bytes at a time,
 * and only positions are kept, so that an event of one data line is never copied again. */
#include "filters/text/sse.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static const char bom[3] = "\xef\xbb\xbf";

void sse_start(struct sse *s, size_t max)
{
    size_t cap = max > SIZE_MAX / 2 ? SIZE_MAX / 2 : max;
    *s = (struct sse){.raw = buf_make(cap + SSE_FEED_MAX), .joined = buf_make(cap + 1), .max = cap};
}

void sse_free(struct sse *s)
{
    buf_free(&s->raw);
    buf_free(&s->joined);
    sse_start(s, s->max);
}

/* Drops the event given out last, and what is known of it. */
static void forget(struct sse *s)
{
    if (!s->consumed) return;
    buf_consume(&s->raw, s->consumed);
    buf_truncate(&s->joined, 0);
    s->line -= s->consumed;
    s->scanned -= s->consumed;
    s->consumed = s->data_lines = s->data = s->data_n = s->type = s->type_n = 0;
}

enum err sse_feed(struct sse *s, struct slice in)
{
    forget(s);
    enum err e = buf_add(&s->raw, in);
    return e == ERR_LIMIT ? ERR_UP_TOO_LARGE : e;
}

/* The index of the first CR or LF from i on, or n. */
static size_t find_line_end(const char *p, size_t i, size_t n)
{
#ifdef __SSE2__
    const __m128i lf = _mm_set1_epi8('\n'), cr = _mm_set1_epi8('\r');
    for (; i + 16 <= n; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
        int m = _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(v, lf), _mm_cmpeq_epi8(v, cr)));
        if (m) return i + (size_t)__builtin_ctz((unsigned)m);
    }
#endif
    while (i < n && p[i] != '\n' && p[i] != '\r') i++;
    return i;
}

/* Takes one more data value, at `at` in raw. The second one starts the joined copy. */
static enum err add_data(struct sse *s, size_t at, size_t n)
{
    const char *p = s->raw.p + s->raw.off;
    enum err e = ERR_OK;
    if (s->data_lines == 0) {
        s->data = at;
        s->data_n = n;
    } else {
        if (s->data_lines == 1) e = buf_add(&s->joined, slice_of(p + s->data, s->data_n));
        if (!e) e = buf_add_byte(&s->joined, '\n');
        if (!e) e = buf_add(&s->joined, slice_of(p + at, n));
    }
    s->data_lines++;
    return e == ERR_LIMIT ? ERR_UP_TOO_LARGE : e;
}

/* One line without its end: from `at`, n bytes. Fields other than data and event are for the client alone. */
static enum err take_line(struct sse *s, size_t at, size_t n)
{
    struct slice l = slice_of(s->raw.p + s->raw.off + at, n);
    size_t name = slice_find(l, ':'), value = name < n ? name + 1 : n;
    if (value < n && l.p[value] == ' ') value++;
    l.n = name;
    if (slice_eq(l, SLICE("data"))) return add_data(s, at + value, n - value);
    if (slice_eq(l, SLICE("event"))) {
        s->type = at + value;
        s->type_n = n - value;
    }
    return ERR_OK;
}

/* The first n bytes of raw are an event. */
static enum err give(struct sse *s, size_t n, struct sse_event *ev)
{
    if (n > s->max) return ERR_UP_TOO_LARGE;
    const char *p = s->raw.p + s->raw.off;
    ev->raw = slice_of(p, n);
    ev->type = slice_of(p + s->type, s->type_n);
    ev->data = s->data_lines > 1 ? buf_slice(&s->joined) : slice_of(p + s->data, s->data_n);
    ev->has_data = s->data_lines > 0;
    s->consumed = s->line = s->scanned = n;
    return ERR_OK;
}

/* Skips a byte order mark at the very start; false while it is not known whether there is one. */
static bool started(struct sse *s)
{
    struct slice have = buf_slice(&s->raw);
    if (s->started) return true;
    size_t n = have.n < sizeof bom ? have.n : sizeof bom;
    bool same = n == 0 || memcmp(have.p, bom, n) == 0;
    if (same && n < sizeof bom) return false;
    if (same) s->line = s->scanned = sizeof bom;
    s->started = true;
    return true;
}

enum err sse_next(struct sse *s, struct sse_event *ev)
{
    forget(s);
    if (!started(s)) return ERR_AGAIN;
    struct slice have = buf_slice(&s->raw);
    for (;;) {
        size_t eol = find_line_end(have.p, s->scanned, have.n);
        s->scanned = eol;
        if (eol == have.n || (have.p[eol] == '\r' && eol + 1 == have.n)) break;
        size_t next = eol + (have.p[eol] == '\r' && have.p[eol + 1] == '\n' ? 2 : 1);
        if (eol == s->line) return give(s, next, ev);
        enum err e = take_line(s, s->line, eol - s->line);
        if (e) return e;
        s->line = s->scanned = next;
    }
    return have.n > s->max ? ERR_UP_TOO_LARGE : ERR_AGAIN;
}

enum err sse_last(struct sse *s, struct sse_event *ev)
{
    enum err e = sse_next(s, ev);
    if (e != ERR_AGAIN) return e;
    size_t n = buf_len(&s->raw);
    if (n == 0) return ERR_AGAIN;
    if (s->scanned > s->line) e = take_line(s, s->line, s->scanned - s->line);
    else e = ERR_OK;
    return e ? e : give(s, n, ev);
}
