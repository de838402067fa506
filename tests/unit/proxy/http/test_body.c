/* Bodies: the same data and the same verdict for every cut of the bytes; tables of good and bad chunked bodies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proxy/base/mem.h"
#include "proxy/http/body.h"

struct outcome {
    enum err err;
    bool done;
    size_t used; /* of the input; the rest belongs to the next message */
    size_t n;
    char data[4096];
};

/* Feeds `in` in pieces of `step` bytes, each copied to memory of its own size, and keeps what is not used. */
static void run(struct slice in, struct http_framing f, uint64_t max, size_t step, struct outcome *o)
{
    struct http_body b;
    http_body_start(&b, f, max);
    o->err = ERR_OK;
    o->used = o->n = 0;
    while (o->used < in.n && !b.done && !o->err) {
        size_t n = in.n - o->used < step ? in.n - o->used : step, used = 1;
        char *copy = malloc(n);
        assert_non_null(copy);
        memcpy(copy, in.p + o->used, n);
        for (size_t at = 0; at < n && used > 0 && !b.done && !o->err; at += used, o->used += used) {
            struct slice data;
            o->err = http_body_next(&b, slice_of(copy + at, n - at), &used, &data);
            if (o->err) break;
            assert_true(used <= n - at);
            assert_true(data.n <= used);
            assert_true(o->n + data.n <= sizeof o->data);
            if (data.n) memcpy(o->data + o->n, data.p, data.n);
            o->n += data.n;
        }
        free(copy);
    }
    if (!o->err) assert_int_equal(b.total, o->n);
    if (!o->err) o->err = http_body_eof(&b);
    o->done = b.done;
}

static const struct http_framing chunked = {HTTP_CHUNKED, 0};

static const struct {
    const char *in;
    enum err want;
    const char *data;
    size_t rest; /* bytes of the next message */
} rows[] = {
    {"0\r\n\r\n", ERR_OK, "", 0},
    {"5\r\nhello\r\n0\r\n\r\n", ERR_OK, "hello", 0},
    {"5\r\nhello\r\n0\r\n\r\nGET /", ERR_OK, "hello", 5},
    {"2\r\nhe\r\n3\r\nllo\r\n000\r\n\r\n", ERR_OK, "hello", 0},
    {"a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", ERR_OK, "01234567890123456789", 0},
    {"0000000000000005\r\nhello\r\n0\r\n\r\n", ERR_OK, "hello", 0},
    {"5;a\r\nhello\r\n0;fin\r\n\r\n", ERR_OK, "hello", 0},
    {"5;a=b;c=\"d;\\\"\\\\ \t\xff\";e\r\nhello\r\n0\r\n\r\n", ERR_OK, "hello", 0},
    {"2\r\n\r\n\r\n0\r\n\r\n", ERR_OK, "\r\n", 0},
    {"0\r\nX-Sum: abc\r\nETag: \"x\"\r\nY:\r\n\r\n", ERR_OK, "", 0},
    {"0\r\nA-Very-Long-Trailer-Name-Of-Nobody: x\r\n\r\nG", ERR_OK, "", 1},
    /* sizes */
    {"\r\n0\r\n\r\n", ERR_FRAMING, "", 0},
    {" 5\r\nhello\r\n0\r\n\r\n", ERR_FRAMING, "", 0},
    {"\t5\r\nhello\r\n0\r\n\r\n", ERR_FRAMING, "", 0},
    {"5 \r\nhello\r\n0\r\n\r\n", ERR_FRAMING, "", 0},
    {"+5\r\nhello\r\n0\r\n\r\n", ERR_FRAMING, "", 0},
    {"-5\r\nhello\r\n0\r\n\r\n", ERR_FRAMING, "", 0},
    {"0x5\r\nhello\r\n0\r\n\r\n", ERR_FRAMING, "", 0},
    {"5.0\r\nhello\r\n0\r\n\r\n", ERR_FRAMING, "", 0},
    {"5g\r\nhello\r\n0\r\n\r\n", ERR_FRAMING, "", 0},
    {"5these are no extension\r\nhello\r\n0\r\n\r\n", ERR_FRAMING, "", 0},
    {"5\nhello\r\n0\r\n\r\n", ERR_FRAMING, "", 0},
    {"5\rhello\r\n0\r\n\r\n", ERR_FRAMING, "", 0},
    {"5\r\r\nhello\r\n0\r\n\r\n", ERR_FRAMING, "", 0},
    {";a\r\n\r\n", ERR_FRAMING, "", 0},
    {"00000000000000005\r\nhello\r\n0\r\n\r\n", ERR_FRAMING, "", 0},
    {"10000000000000000\r\n\r\n", ERR_FRAMING, "", 0},
    {"ffffffffffffffff\r\nx", ERR_BODY_TOO_LARGE, "", 0},
    {"7fffffffffffffff\r\nx", ERR_BODY_TOO_LARGE, "", 0},
    {"100000005\r\nhello\r\n0\r\n\r\n", ERR_BODY_TOO_LARGE, "", 0},
    {"0g\r\n\r\n", ERR_FRAMING, "", 0},
    {"0x0\r\n\r\n", ERR_FRAMING, "", 0},
    /* data */
    {"5\r\nhello0\r\n\r\n", ERR_FRAMING, "", 0},
    {"5\r\nhelloo\r\n0\r\n\r\n", ERR_FRAMING, "", 0},
    {"5\r\nhello\n0\r\n\r\n", ERR_FRAMING, "", 0},
    {"5\r\nhello\r0\r\n\r\n", ERR_FRAMING, "", 0},
    {"5\r\nhelloxx0\r\n\r\n", ERR_FRAMING, "", 0},
    {"5\r\nhell", ERR_CLIENT_EOF, "hell", 0},
    {"5\r\nhello\r\n", ERR_CLIENT_EOF, "hello", 0},
    {"5\r\nhello\r\n0\r\n", ERR_CLIENT_EOF, "hello", 0},
    {"5\r\nhello\r\n0\r\n\r", ERR_CLIENT_EOF, "hello", 0},
    {"", ERR_CLIENT_EOF, "", 0},
    /* extensions */
    {"5;\r\nhello\r\n0\r\n\r\n", ERR_FRAMING, "", 0},
    {"5;;a\r\nhello\r\n0\r\n\r\n", ERR_FRAMING, "", 0},
    {"5 ;a\r\nhello\r\n0\r\n\r\n", ERR_FRAMING, "", 0},
    {"5; a\r\nhello\r\n0\r\n\r\n", ERR_FRAMING, "", 0},
    {"5;a =b\r\nhello\r\n0\r\n\r\n", ERR_FRAMING, "", 0},
    {"5;a=\r\nhello\r\n0\r\n\r\n", ERR_FRAMING, "", 0},
    {"5;a=b=c\r\nhello\r\n0\r\n\r\n", ERR_FRAMING, "", 0},
    {"5;=b\r\nhello\r\n0\r\n\r\n", ERR_FRAMING, "", 0},
    {"5;a=\"b\r\nhello\"\r\n0\r\n\r\n", ERR_FRAMING, "", 0},
    {"5;a=\"b\"c\r\nhello\r\n0\r\n\r\n", ERR_FRAMING, "", 0},
    {"5;a=\"\\\r\n\"\r\nhello\r\n0\r\n\r\n", ERR_FRAMING, "", 0},
    {"5;a\nhello\r\n0\r\n\r\n", ERR_FRAMING, "", 0},
    {"5;a\rb\r\nhello\r\n0\r\n\r\n", ERR_FRAMING, "", 0},
    {"5;a\x80\r\nhello\r\n0\r\n\r\n", ERR_FRAMING, "", 0},
    /* trailers */
    {"0\r\nContent-Length: 5\r\n\r\n", ERR_FRAMING, "", 0},
    {"0\r\ntransfer-encoding: chunked\r\n\r\n", ERR_FRAMING, "", 0},
    {"0\r\nHost: a\r\n\r\n", ERR_FRAMING, "", 0},
    {"0\r\nAUTHORIZATION: a\r\n\r\n", ERR_FRAMING, "", 0},
    {"0\r\nX: y\r\nproxy-authorization: a\r\n\r\n", ERR_FRAMING, "", 0},
    {"0\r\nX: y\r\n z\r\n\r\n", ERR_FRAMING, "", 0},
    {"0\r\nX : y\r\n\r\n", ERR_FRAMING, "", 0},
    {"0\r\n: y\r\n\r\n", ERR_FRAMING, "", 0},
    {"0\r\nX\r\n\r\n", ERR_FRAMING, "", 0},
    {"0\r\nX: y\n\r\n", ERR_FRAMING, "", 0},
    {"0\r\nX: y\r\n\n", ERR_FRAMING, "", 0},
    {"0\r\nX: y\rz\r\n\r\n", ERR_FRAMING, "", 0},
    {"0\r\nX: \x7f\r\n\r\n", ERR_FRAMING, "", 0},
    {"0\r\nPOST /smuggled HTTP/1.1\r\n\r\n", ERR_FRAMING, "", 0},
    {"0\r\n\rX", ERR_FRAMING, "", 0},
};

static void test_table_and_cuts(void **state)
{
    (void)state;
    static struct outcome o;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slice in = slice_str(rows[i].in), want = slice_str(rows[i].data);
        for (size_t step = 1; step <= in.n + 1; step++) {
            run(in, chunked, 1000, step, &o);
            if (o.err != rows[i].want)
                fail_msg("%s, not %s, step %zu: %s", err_name(o.err), err_name(rows[i].want), step, rows[i].in);
            if (o.err && o.err != ERR_CLIENT_EOF) continue;
            assert_int_equal(o.n, want.n);
            assert_memory_equal(o.data, want.p, want.n);
            if (o.err) continue;
            assert_true(o.done);
            assert_int_equal(in.n - o.used, rows[i].rest);
        }
    }
}

static void test_nul_bytes(void **state)
{
    (void)state;
    static struct outcome o;
    static const char good[] = "5;a=\"b\"\r\nhello\r\n0\r\nX: y\r\n\r\n";
    for (size_t i = 0; i < sizeof good - 1; i++) {
        char text[sizeof good - 1];
        memcpy(text, good, sizeof text);
        text[i] = 0;
        run(slice_of(text, sizeof text), chunked, 1000, 7, &o);
        bool data = i >= 9 && i < 14;
        assert_int_equal(o.err, data ? ERR_OK : ERR_FRAMING);
    }
}

static void test_length(void **state)
{
    (void)state;
    static struct outcome o;
    struct slice in = SLICE("helloGET /");
    for (size_t step = 1; step < 12; step++) {
        run(in, (struct http_framing){HTTP_LENGTH, 5}, 5, step, &o);
        assert_int_equal(o.err, ERR_OK);
        assert_true(o.done && o.n == 5 && o.used == 5);
        run(in, (struct http_framing){HTTP_LENGTH, 11}, 11, step, &o);
        assert_int_equal(o.err, ERR_CLIENT_EOF);
        assert_int_equal(o.n, 10);
        run(in, (struct http_framing){HTTP_UNTIL_CLOSE, 0}, 10, step, &o);
        assert_int_equal(o.err, ERR_OK);
        assert_true(o.done && o.n == 10);
        run(in, (struct http_framing){HTTP_UNTIL_CLOSE, 0}, 9, step, &o);
        assert_int_equal(o.err, ERR_BODY_TOO_LARGE);
        run(in, (struct http_framing){HTTP_LENGTH, 10}, 9, step, &o);
        assert_int_equal(o.err, ERR_BODY_TOO_LARGE);
        run(in, (struct http_framing){HTTP_LENGTH, 0}, 9, step, &o);
        assert_true(o.err == ERR_OK && o.used == 0 && o.done);
        run(in, (struct http_framing){HTTP_NO_BODY, 0}, 9, step, &o);
        assert_true(o.err == ERR_OK && o.used == 0 && o.done);
    }
}

static void test_chunked_limit(void **state)
{
    (void)state;
    static struct outcome o;
    struct slice in = SLICE("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    run(in, chunked, 5, 100, &o);
    assert_int_equal(o.err, ERR_OK);
    run(in, chunked, 4, 100, &o);
    assert_int_equal(o.err, ERR_BODY_TOO_LARGE);
}

/* Many tiny chunks pass; long extensions, and many short ones beside little data, do not. */
static void test_overhead(void **state)
{
    (void)state;
    static struct outcome o;
    static char in[100000];
    size_t at = 0;
    for (size_t i = 0; i < 4000; i++) at += (size_t)snprintf(in + at, sizeof in - at, "1;a=bcd\r\nx\r\n");
    at += (size_t)snprintf(in + at, sizeof in - at, "0\r\n\r\n");
    run(slice_of(in, at), chunked, 10000, 4096, &o);
    assert_int_equal(o.err, ERR_OK);
    assert_int_equal(o.n, 4000);

    at = (size_t)snprintf(in, sizeof in, "1;a=");
    memset(in + at, 'b', HTTP_OVERHEAD_MAX);
    run(slice_of(in, at + HTTP_OVERHEAD_MAX), chunked, 10000, 4096, &o);
    assert_int_equal(o.err, ERR_FRAMING);

    for (size_t i = at = 0; i < 40; i++) at += (size_t)snprintf(in + at, sizeof in - at, "1;a=%01000d\r\nx\r\n", 0);
    run(slice_of(in, at), chunked, 10000, 4096, &o);
    assert_int_equal(o.err, ERR_FRAMING);

    at = (size_t)snprintf(in, sizeof in, "0\r\n");
    for (size_t i = 0; i < 2000; i++) at += (size_t)snprintf(in + at, sizeof in - at, "X: y\r\n");
    at += (size_t)snprintf(in + at, sizeof in - at, "\r\n");
    run(slice_of(in, at), chunked, 10000, 4096, &o);
    assert_int_equal(o.err, ERR_FRAMING);
}

static void test_chunk_head(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 9, 10, 15, 16, 255, 256, 4096, 65535, 1234567890, SIZE_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char got[20], want[24];
        size_t n = http_chunk_head(got, sizes[i]);
        snprintf(want, sizeof want, "%zx\r\n", sizes[i]);
        assert_int_equal(n, strlen(want));
        assert_memory_equal(got, want, n);
    }
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_and_cuts), cmocka_unit_test(test_nul_bytes), cmocka_unit_test(test_length),
        cmocka_unit_test(test_chunked_limit),  cmocka_unit_test(test_overhead),  cmocka_unit_test(test_chunk_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
