/* Any bytes through the chunked coding, cut as the first byte says. A cut must not change data, verdict or what is
 * left for the next message; what is accepted must be what a plain decoder of the whole finds; and written anew it
 * must come back. */
#include "proxy/http/body.h"

#include <stdlib.h>

#define MAX 100000u
#define CHECK(x)                                                                                                                 \
    do {                                                                                                                         \
        if (!(x)) abort();                                                                                                       \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err decode(struct slice in, size_t step, struct buf *out, size_t *used)
{
    struct http_body b;
    http_body_start(&b, (struct http_framing){HTTP_CHUNKED, 0}, MAX);
    *used = 0;
    while (*used < in.n && !b.done) {
        size_t n = in.n - *used < step ? in.n - *used : step, took = 1;
        for (size_t at = 0; at < n && took && !b.done; at += took, *used += took) {
            struct slice piece, rest = slice_of(in.p + *used, n - at);
            enum err e = http_body_next(&b, rest, &took, &piece);
            if (e) return e;
            CHECK(took <= rest.n && piece.n <= took && (!piece.n || (piece.p >= rest.p && piece.p + piece.n <= rest.p + rest.n)));
            CHECK(took > 0 || b.done);
            CHECK(buf_add(out, piece) == ERR_OK);
        }
    }
    CHECK(b.total == buf_len(out));
    return http_body_eof(&b);
}

/* Trusting, for bodies that were accepted: sizes by strtoull, lines by memmem. */
static size_t plain_decode(struct slice in, struct buf *out)
{
    size_t at = 0;
    for (;;) {
        struct slice rest = slice_of(in.p + at, in.n - at);
        size_t eol = slice_search(rest, SLICE("\r\n"));
        char digits[20] = {0};
        memcpy(digits, rest.p, eol < 16 ? eol : 16);
        size_t n = (size_t)strtoull(digits, NULL, 16);
        at += eol + 2;
        if (n == 0) break;
        CHECK(buf_add(out, slice_of(in.p + at, n)) == ERR_OK);
        at += n + 2;
    }
    for (;;) {
        size_t eol = slice_search(slice_of(in.p + at, in.n - at), SLICE("\r\n"));
        at += eol + 2;
        if (eol == 0) return at;
    }
}

static void check_anew(struct slice text, size_t step)
{
    struct buf coded = buf_make(8 * MAX), back = buf_make(MAX);
    char head[20];
    for (size_t at = 0; at < text.n; at += step) {
        size_t n = text.n - at < step ? text.n - at : step;
        CHECK(buf_add(&coded, slice_of(head, http_chunk_head(head, n))) == ERR_OK);
        CHECK(buf_add(&coded, slice_of(text.p + at, n)) == ERR_OK && buf_add(&coded, HTTP_CHUNK_END) == ERR_OK);
    }
    CHECK(buf_add(&coded, HTTP_LAST_CHUNK) == ERR_OK);
    size_t used;
    CHECK(decode(buf_slice(&coded), 7, &back, &used) == ERR_OK && used == buf_len(&coded));
    CHECK(slice_eq(buf_slice(&back), text));
    buf_free(&coded);
    buf_free(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    struct slice in = slice_of(data + 1, size - 1);
    struct buf whole = buf_make(MAX), part = buf_make(MAX), plain = buf_make(MAX);
    size_t used, used_part, step = 1 + data[0] % 64u;
    enum err e = decode(in, in.n + 1, &whole, &used);
    CHECK(e == ERR_OK || e == ERR_FRAMING || e == ERR_BODY_TOO_LARGE || e == ERR_CLIENT_EOF);
    CHECK(decode(in, step, &part, &used_part) == e);
    if (e == ERR_OK || e == ERR_CLIENT_EOF) CHECK(used == used_part && slice_eq(buf_slice(&whole), buf_slice(&part)));
    if (e == ERR_OK) {
        CHECK(plain_decode(in, &plain) == used && slice_eq(buf_slice(&whole), buf_slice(&plain)));
        check_anew(buf_slice(&whole), step);
    }
    buf_free(&whole);
    buf_free(&part);
    buf_free(&plain);
    return 0;
}
