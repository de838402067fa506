/* Any bytes through the head parser. The first byte says how it is cut and whether it is an answer. A cut must not
 * change the result; what is accepted, written anew from its fields, must parse to the same; and two facts that
 * smuggling needs must never hold: a control byte in a part, or framing fields that were not counted. */
#include "proxy/http/chars.h"
#include "proxy/http/head.h"

#include <stdlib.h>

#define LIMIT 4096u
#define CHECK(x)                                                                                                                 \
    do {                                                                                                                         \
        if (!(x)) abort();                                                                                                       \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err parse(bool answer, struct slice in, size_t *seen, struct http_head *h, size_t *used)
{
    return answer ? http_response_head(in, LIMIT, seen, h, used) : http_request_head(in, LIMIT, seen, h, used);
}

static void check_same(const struct http_head *a, const struct http_head *b)
{
    CHECK(a->method == b->method && a->status == b->status && a->minor == b->minor && a->count == b->count);
    CHECK(a->keep_alive == b->keep_alive && a->expect_continue == b->expect_continue);
    CHECK(slice_eq(a->target, b->target) && slice_eq(a->path, b->path) && slice_eq(a->query, b->query));
    CHECK(slice_eq(a->host, b->host) && memcmp(a->first, b->first, sizeof a->first) == 0);
    for (size_t i = 0; i < a->count; i++) {
        CHECK(a->field[i].id == b->field[i].id && a->field[i].nominated == b->field[i].nominated);
        CHECK(slice_eq(a->field[i].name, b->field[i].name) && slice_eq(a->field[i].value, b->field[i].value));
    }
}

static void write_anew(bool answer, const struct http_head *h, struct buf *out)
{
    enum err e = ERR_OK;
    if (answer) {
        e = buf_addf(out, "HTTP/1.%d %03d %s\r\n", h->minor, h->status, http_reason(h->status));
    } else {
        if (!e) e = buf_add(out, h->method_text);
        if (!e) e = buf_add_byte(out, ' ');
        if (!e) e = buf_add(out, h->target);
        if (!e) e = buf_addf(out, " HTTP/1.%d\r\n", h->minor);
    }
    for (size_t i = 0; !e && i < h->count; i++) {
        e = buf_add(out, h->field[i].name);
        if (!e) e = buf_add(out, SLICE(": "));
        if (!e) e = buf_add(out, h->field[i].value);
        if (!e) e = buf_add(out, SLICE("\r\n"));
    }
    if (!e) e = buf_add(out, SLICE("\r\n"));
    CHECK(!e);
}

static void check_framing(bool answer, const struct http_head *h)
{
    struct http_framing f;
    size_t lengths = 0, codings = 0;
    for (size_t i = 0; i < h->count; i++) {
        lengths += slice_ieq(h->field[i].name, SLICE("content-length"));
        codings += slice_ieq(h->field[i].name, SLICE("transfer-encoding"));
        CHECK(http_all(h->field[i].name, HC_TOKEN));
        CHECK(h->field[i].value.n == 0 || http_all(h->field[i].value, HC_VALUE));
    }
    enum err e = answer ? http_response_framing(h, HM_POST, 1000, &f) : http_request_framing(h, 1000, &f);
    if (e) return;
    CHECK(lengths + codings <= 1);
    if (f.kind == HTTP_LENGTH) CHECK(lengths == 1 && f.length <= 1000);
    if (f.kind == HTTP_CHUNKED) CHECK(codings == 1);
    if (!answer && lengths + codings == 0) CHECK(f.kind == HTTP_NO_BODY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct http_head whole, part;
    if (size == 0) return 0;
    bool answer = data[0] & 1;
    size_t step = 1 + (data[0] >> 1) % 64, seen = 0, used = 0, n = size - 1;
    struct slice in = slice_of(data + 1, n);
    enum err want = parse(answer, in, &seen, &whole, &used), got = ERR_AGAIN;
    CHECK(answer ? want == ERR_OK || want == ERR_AGAIN || want == ERR_UP_MALFORMED : want < ERR_UP_CONNECT);
    seen = 0;
    for (size_t have = 0, at = 0; got == ERR_AGAIN && have < n;) {
        have = have + step < n ? have + step : n;
        got = parse(answer, slice_of(in.p, have), &seen, &part, &at);
        CHECK(seen <= have && (got || at == used));
    }
    CHECK(got == want);
    if (want) return 0;
    check_same(&whole, &part);
    CHECK(used <= n && used >= 4 && memcmp(in.p + used - 4, "\r\n\r\n", 4) == 0);
    CHECK(!answer ? whole.path.n > 0 && whole.path.p[0] == '/' : whole.status >= 100);
    check_framing(answer, &whole);
    struct buf out = buf_make(1 << 20);
    write_anew(answer, &whole, &out);
    seen = 0;
    size_t again = 0;
    enum err e = answer ? http_response_head(buf_slice(&out), 1 << 20, &seen, &part, &again)
                        : http_request_head(buf_slice(&out), 1 << 20, &seen, &part, &again);
    CHECK(e == ERR_OK && again == buf_len(&out));
    check_same(&whole, &part);
    buf_free(&out);
    return 0;
}
