/* Any bytes through the event parser, cut as the first byte says. The events must be those of a plain line splitter
 * over the whole stream, and their raw bytes together the stream. */
#include "filters/text/sse.h"

#include <stdlib.h>

#define MAX (1u << 20)
#define CHECK(x)                                                                                                                 \
    do {                                                                                                                         \
        if (!(x)) abort();                                                                                                       \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void note(struct buf *log, bool has_data, struct slice type, struct slice text)
{
    enum err e = buf_addf(log, "%d %zu %zu ", has_data, has_data ? type.n : 0, text.n);
    if (!e && has_data) e = buf_add(log, type);
    if (!e) e = buf_add(log, text);
    CHECK(!e);
}

static void run(struct slice in, size_t step, struct buf *log, struct buf *raw)
{
    struct sse s;
    struct sse_event ev;
    enum err e;
    sse_start(&s, MAX);
    for (size_t at = 0; at < in.n; at += step) {
        CHECK(sse_feed(&s, slice_of(in.p + at, in.n - at < step ? in.n - at : step)) == ERR_OK);
        while ((e = sse_next(&s, &ev)) == ERR_OK) {
            note(log, ev.has_data, ev.type, ev.data);
            CHECK(buf_add(raw, ev.raw) == ERR_OK);
        }
        CHECK(e == ERR_AGAIN);
    }
    while ((e = sse_last(&s, &ev)) == ERR_OK) {
        note(log, ev.has_data, ev.type, ev.data);
        CHECK(buf_add(raw, ev.raw) == ERR_OK);
    }
    CHECK(e == ERR_AGAIN);
    sse_free(&s);
}

/* The standard's words, one line after the other; a last line and a last event count without their ends. */
static void plain(struct slice in, struct buf *log)
{
    struct buf text = buf_make(MAX);
    struct slice type = SLICE_NONE;
    bool has_data = false, open = false;
    size_t at = slice_starts(in, SLICE("\xef\xbb\xbf")) ? 3 : 0;
    if (at == in.n && in.n) open = true;
    while (at < in.n) {
        size_t end = at;
        while (end < in.n && in.p[end] != '\r' && in.p[end] != '\n') end++;
        struct slice line = slice_of(in.p + at, end - at);
        at = end + (end + 1 < in.n && in.p[end] == '\r' && in.p[end + 1] == '\n' ? 2 : 1);
        if (line.n == 0 && end < in.n) {
            note(log, has_data, type, buf_slice(&text));
            buf_truncate(&text, 0);
            type = SLICE_NONE;
            has_data = open = false;
            continue;
        }
        open = true;
        size_t colon = slice_find(line, ':');
        struct slice name = slice_of(line.p, colon),
                     value = colon < line.n ? slice_of(line.p + colon + 1, line.n - colon - 1) : SLICE_NONE;
        if (value.n && value.p[0] == ' ') value = slice_of(value.p + 1, value.n - 1);
        if (slice_eq(name, SLICE("event"))) type = value;
        if (!slice_eq(name, SLICE("data"))) continue;
        if (has_data) CHECK(buf_add_byte(&text, '\n') == ERR_OK);
        CHECK(buf_add(&text, value) == ERR_OK);
        has_data = true;
    }
    if (open) note(log, has_data, type, buf_slice(&text));
    buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    struct slice in = slice_of(data + 1, size - 1);
    struct buf want = buf_make(1 << 24), got = buf_make(1 << 24), raw = buf_make(MAX);
    plain(in, &want);
    run(in, 1 + data[0] % 64u, &got, &raw);
    CHECK(slice_eq(buf_slice(&want), buf_slice(&got)));
    CHECK(slice_eq(buf_slice(&raw), in));
    buf_free(&want);
    buf_free(&got);
    buf_free(&raw);
    return 0;
}
