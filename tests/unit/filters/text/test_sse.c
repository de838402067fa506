/* Server-sent events: a table of streams with the events they hold, at every cut of the bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proxy/base/mem.h"
#include "filters/text/sse.h"

/* Events as text: "[type|data]" each, "[-]" without data; then an error's name, if there is one. */
static void note(char *out, size_t size, const struct sse_event *ev)
{
    size_t n = strlen(out);
    if (ev->has_data) snprintf(out + n, size - n, "[%.*s|%.*s]", (int)ev->type.n, ev->type.p, (int)ev->data.n, ev->data.p);
    else snprintf(out + n, size - n, "[-]");
}

/* Runs a stream in pieces of `step`; checks that the raw parts make up the whole. */
static void run(struct slice in, size_t step, size_t max, char *out, size_t size)
{
    struct sse s;
    struct sse_event ev;
    struct buf raw = buf_make(1 << 20);
    enum err e = ERR_AGAIN;
    sse_start(&s, max);
    *out = 0;
    for (size_t at = 0; at < in.n && e == ERR_AGAIN; at += step) {
        size_t n = in.n - at < step ? in.n - at : step;
        char *copy = malloc(n);
        assert_non_null(copy);
        memcpy(copy, in.p + at, n);
        assert_int_equal(sse_feed(&s, slice_of(copy, n)), ERR_OK);
        free(copy);
        while ((e = sse_next(&s, &ev)) == ERR_OK) {
            note(out, size, &ev);
            assert_int_equal(buf_add(&raw, ev.raw), ERR_OK);
        }
    }
    while (e == ERR_AGAIN && (e = sse_last(&s, &ev)) == ERR_OK) {
        note(out, size, &ev);
        assert_int_equal(buf_add(&raw, ev.raw), ERR_OK);
        e = ERR_AGAIN;
        assert_int_equal(sse_last(&s, &ev), ERR_AGAIN);
        break;
    }
    if (e == ERR_AGAIN) assert_true(slice_eq(buf_slice(&raw), in));
    else strcat(out, err_name(e));
    buf_free(&raw);
    sse_free(&s);
}

static const struct {
    const char *in, *want;
} rows[] = {
    {"", ""},
    {"data: a\n\n", "[|a]"},
    {"data:a\n\n", "[|a]"},
    {"data:  a \n\n", "[| a ]"},
    {"data: a\r\n\r\n", "[|a]"},
    {"data: a\r\rdata: b\r\r", "[|a][|b]"},
    {"data: a\r\n\ndata: b\n\r\ndata: c\r\r\ndata: d\n\r", "[|a][|b][|c][|d]"},
    {"data: a\n\ndata: b\n\n", "[|a][|b]"},
    {"event: t\ndata: a\n\n", "[t|a]"},
    {"data: a\nevent:t\n\n", "[t|a]"},
    {"event: t\nevent: u\ndata: a\n\ndata: b\n\n", "[u|a][|b]"},
    {"data: a\ndata: b\ndata:c\n\ndata: d\n\n", "[|a\nb\nc][|d]"},
    {"data: a\r\ndata: b\r\n\r\n", "[|a\nb]"},
    {"data\n\n", "[|]"},
    {"data:\n\n", "[|]"},
    {"data\ndata\n\n", "[|\n]"},
    {"data: \n\n", "[|]"},
    {": ping\n\n", "[-]"},
    {": ping\ndata: a\n\n", "[|a]"},
    {"id: 1\nretry: 5\ndata: a\n\n", "[|a]"},
    {"event: t\n\n", "[-]"},
    {"\n\n\ndata: a\n\n", "[-][-][-][|a]"},
    {"datax: a\nDATA: b\n data: c\n\n", "[-]"},
    {"data: a: b\n\n", "[|a: b]"},
    {"\xef\xbb\xbf"
     "data: a\n\n",
     "[|a]"},
    {"\xef\xbb\xbf\n", "[-]"},
    {"\xef\xbb", "[-]"},
    {"data: a\n\n\xef\xbb\xbf"
     "data: b\n\n",
     "[|a][-]"},
    {"data: \xe4\xbd\xa0\xe5\xa5\xbd\n\n", "[|\xe4\xbd\xa0\xe5\xa5\xbd]"},
    {"data: a\n", "[|a]"},
    {"data: a", "[|a]"},
    {"data: a\r", "[|a]"},
    {"data: a\r\n\r", "[|a]"},
    {"data: a\n\ndata: b", "[|a][|b]"},
    {"data: a\ndata: b", "[|a\nb]"},
    {"data: [DONE]\n\n", "[|[DONE]]"},
    {"event: content_block_delta\ndata: "
     "{\"type\":\"content_block_delta\",\"delta\":{\"text\":\"0123456789012345678901234567890\"}}\n\n",
     "[content_block_delta|{\"type\":\"content_block_delta\",\"delta\":{\"text\":\"0123456789012345678901234567890\"}}]"},
};

static void test_table_and_cuts(void **state)
{
    (void)state;
    char got[1000];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slice in = slice_str(rows[i].in);
        for (size_t step = 1; step <= in.n + 1; step++) {
            run(in, step, 1000, got, sizeof got);
            if (strcmp(got, rows[i].want) != 0) fail_msg("row %zu, step %zu: %s, not %s", i, step, got, rows[i].want);
        }
    }
}

/* Every stream of up to seven bytes of a small alphabet gives at each cut what it gives whole. */
static void test_small_streams(void **state)
{
    (void)state;
    static const char *const words[] = {"\n", "\r", "data", ":", "x", "\r\n"};
    char whole[200], part[200], text[40];
    for (unsigned code = 0; code < 6 * 6 * 6 * 6 * 6; code++) {
        text[0] = 0;
        for (unsigned c = code, i = 0; i < 5; i++, c /= 6) strcat(text, words[c % 6]);
        run(slice_str(text), 100, 1000, whole, sizeof whole);
        for (size_t step = 1; step < 4; step++) {
            run(slice_str(text), step, 1000, part, sizeof part);
            if (strcmp(part, whole) != 0) fail_msg("%u at step %zu: %s, not %s", code, step, part, whole);
        }
    }
}

static void test_limit(void **state)
{
    (void)state;
    char got[200];
    struct slice in = SLICE("data: a\n\ndata: 0123456789\n\n"); /* 9 bytes, then 18 */
    for (size_t step = 1; step < 30; step++) {
        run(in, step, 18, got, sizeof got);
        assert_string_equal(got, "[|a][|0123456789]");
        run(in, step, 17, got, sizeof got);
        assert_string_equal(got, "[|a]up_too_large");
        run(SLICE("data: a\n: 0123456789"), step, 17, got, sizeof got);
        assert_string_equal(got, "up_too_large");
    }
}

static void test_feed_is_bounded(void **state)
{
    (void)state;
    struct sse s;
    sse_start(&s, 100);
    char *big = calloc(1, SSE_FEED_MAX + 101);
    assert_non_null(big);
    assert_int_equal(sse_feed(&s, slice_of(big, SSE_FEED_MAX + 101)), ERR_UP_TOO_LARGE);
    assert_int_equal(sse_feed(&s, slice_of(big, SSE_FEED_MAX)), ERR_OK);
    free(big);
    sse_free(&s);
    struct sse_event ev;
    assert_int_equal(sse_next(&s, &ev), ERR_AGAIN);
}

/* One data line is given where it lies in the event, without a copy. */
static void test_no_copy(void **state)
{
    (void)state;
    struct sse s;
    struct sse_event ev;
    sse_start(&s, 100);
    assert_int_equal(sse_feed(&s, SLICE("event: t\ndata: abc\n\nrest")), ERR_OK);
    assert_int_equal(sse_next(&s, &ev), ERR_OK);
    assert_ptr_equal(ev.data.p, ev.raw.p + 15);
    assert_ptr_equal(ev.type.p, ev.raw.p + 7);
    assert_int_equal(sse_next(&s, &ev), ERR_AGAIN);
    sse_free(&s);
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_and_cuts),  cmocka_unit_test(test_small_streams), cmocka_unit_test(test_limit),
        cmocka_unit_test(test_feed_is_bounded), cmocka_unit_test(test_no_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
