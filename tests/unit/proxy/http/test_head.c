/* The head parser: tables of what must pass and what must be refused, the same result for every cut, and the framing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proxy/base/mem.h"
#include "proxy/http/chars.h"
#include "proxy/http/head.h"

#define LIMIT 32768u

static struct http_head head;

/* Parses from memory of exactly the right size, so that ASan sees a read past its end. */
static enum err parse(struct slice in, bool answer, struct http_head *h, size_t *used)
{
    char *copy = malloc(in.n ? in.n : 1);
    assert_non_null(copy);
    memcpy(copy, in.p, in.n);
    size_t seen = 0;
    enum err e = answer ? http_response_head(slice_of(copy, in.n), LIMIT, &seen, h, used)
                        : http_request_head(slice_of(copy, in.n), LIMIT, &seen, h, used);
    free(copy);
    return e;
}

static enum err request(const char *text)
{
    size_t used, seen = 0;
    return http_request_head(slice_str(text), LIMIT, &seen, &head, &used);
}

static enum err answer(const char *text)
{
    size_t used, seen = 0;
    return http_response_head(slice_str(text), LIMIT, &seen, &head, &used);
}

static void assert_slice(struct slice s, const char *want)
{
    assert_int_equal(s.n, strlen(want));
    if (s.n) assert_memory_equal(s.p, want, s.n);
}

static void test_a_request(void **state)
{
    (void)state;
    const char
        *text = "POST /v1/chat/completions?x=%41&y HTTP/1.1\r\nHost: api.test:8443\r\ncontent-TYPE:\t application/json \r\n"
                "Content-Length: 057\r\nConnection: x-a, close\r\nX-A: 1\r\nX-Empty:\r\nExpect: 100-Continue\r\n\r\nBODY";
    size_t used = 0, seen = 0;
    assert_int_equal(http_request_head(slice_str(text), LIMIT, &seen, &head, &used), ERR_OK);
    assert_int_equal(used, strlen(text) - 4);
    assert_int_equal(head.method, HM_POST);
    assert_slice(head.method_text, "POST");
    assert_slice(head.target, "/v1/chat/completions?x=%41&y");
    assert_slice(head.path, "/v1/chat/completions");
    assert_slice(head.query, "x=%41&y");
    assert_slice(head.host, "api.test:8443");
    assert_int_equal(head.minor, 1);
    assert_false(head.keep_alive);
    assert_true(head.expect_continue);
    assert_int_equal(head.count, 7);
    assert_slice(http_value(&head, HF_CONTENT_TYPE), "application/json");
    assert_slice(head.field[1].name, "content-TYPE");
    assert_slice(head.field[5].value, "");
    assert_true(head.field[4].nominated);
    assert_true(http_field_is_hop(&head.field[4]));
    assert_false(http_field_is_hop(&head.field[1]));
    assert_true(http_field_is_hop(http_get(&head, HF_HOST)));
    assert_true(http_field_is_hop(http_get(&head, HF_CONTENT_LENGTH)));
    assert_null(http_get(&head, HF_TRANSFER_ENCODING));
    struct http_framing f;
    assert_int_equal(http_request_framing(&head, 57, &f), ERR_OK);
    assert_int_equal(f.kind, HTTP_LENGTH);
    assert_int_equal(f.length, 57);
    assert_int_equal(http_request_framing(&head, 56, &f), ERR_BODY_TOO_LARGE);
}

static void test_an_answer(void **state)
{
    (void)state;
    assert_int_equal(answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nX: \xc3\xab\r\n\r\n"), ERR_OK);
    assert_int_equal(head.status, 200);
    assert_true(head.keep_alive);
    struct http_framing f;
    assert_int_equal(http_response_framing(&head, HM_POST, 10, &f), ERR_OK);
    assert_int_equal(f.kind, HTTP_CHUNKED);
    assert_int_equal(http_response_framing(&head, HM_HEAD, 10, &f), ERR_OK);
    assert_int_equal(f.kind, HTTP_NO_BODY);
    assert_int_equal(answer("HTTP/1.0 503\r\n\r\n"), ERR_OK);
    assert_int_equal(head.status, 503);
    assert_false(head.keep_alive);
    assert_int_equal(http_response_framing(&head, HM_GET, 10, &f), ERR_OK);
    assert_int_equal(f.kind, HTTP_UNTIL_CLOSE);
    assert_int_equal(answer("HTTP/1.1 100 Continue\r\n\r\n"), ERR_OK);
    assert_int_equal(head.status, 100);
}

static const struct {
    const char *text;
    enum err want;
} requests[] = {
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", ERR_OK},
    {"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", ERR_OK},
    {"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.0\r\n\r\n", ERR_OK},
    {"GET / HTTP/1.1\r\nHost:a\r\n\r\n", ERR_OK},
    {"GET / HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n", ERR_OK},
    {"GET / HTTP/1.1\r\nHost: a_b.c-d:1\r\n\r\n", ERR_OK},
    {"GET http://a HTTP/1.1\r\nHost: A\r\n\r\n", ERR_OK},
    {"GET HTTPS://a:1?q HTTP/1.1\r\nHost: a:1\r\n\r\n", ERR_OK},
    {"GET http://a/b HTTP/1.0\r\n\r\n", ERR_OK},
    {"OPTIONS /v1 HTTP/1.1\r\nHost: a\r\n\r\n", ERR_OK},
    {"GET /a%2Bb/%E4%BD%A0;x=1/@:!$&'()*+,= HTTP/1.1\r\nHost: a\r\n\r\n", ERR_OK},
    {"GET /v1/models/ HTTP/1.1\r\nHost: a\r\n\r\n", ERR_OK},
    {"GET /...a/.b/c. HTTP/1.1\r\nHost: a\r\n\r\n", ERR_OK},
    {"GET /?a=/../%0a%2f HTTP/1.1\r\nHost: a\r\n\r\n", ERR_OK},
    {"GET / HTTP/1.1\r\nHost: a\r\nCookie: a\r\nCookie: b\r\n\r\n", ERR_OK},
    {"GET / HTTP/1.1\r\nHost: a\r\nsession_id: b\r\n\r\n", ERR_OK},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: , ,close ,\r\n\r\n", ERR_OK},
    {"GET / HTTP/1.0\r\nExpect: something\r\n\r\n", ERR_OK},
    /* request line */
    {"GET / HTTP/1.1\nHost: a\n\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: a\n\r\n", ERR_HEAD},
    {" GET / HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET /  HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET /\r HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET /\v HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET /\r\n\r\n", ERR_HEAD},
    {"GET HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET / http/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1x\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/01.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.2\r\nHost: a\r\n\r\n", ERR_VERSION},
    {"GET / HTTP/0.9\r\nHost: a\r\n\r\n", ERR_VERSION},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ERR_VERSION},
    {"get / HTTP/1.1\r\nHost: a\r\n\r\n", ERR_METHOD},
    {"FOO / HTTP/1.1\r\nHost: a\r\n\r\n", ERR_METHOD},
    {"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", ERR_METHOD},
    {"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", ERR_METHOD},
    {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", ERR_METHOD},
    {"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GETGETGETGETGETGE / HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"\x16\x03\x01", ERR_HEAD},
    {"GET / HT\x01", ERR_HEAD},
    {"\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    /* target */
    {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET a HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET ?a HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET http:/// HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET http:// HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET //a HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET /a//b HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET /. HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET /a/.. HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET /a/..;x/b HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET /a/%2e%2E/b HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET /%76 HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET /a%00 HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET /a%0d%0a HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET /a%7F HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET /a%2Fb HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET /a%5cb HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET /a%zz HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET /a%4 HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET /a% HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET /a?b#c HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET /a?%4 HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET /a?<\"> HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HEAD},
    /* host */
    {"GET / HTTP/1.1\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost:\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.0\r\nHost: \r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: http://a\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: a:\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: a:000080\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: :80\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: []\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: [::g]\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: [::1]a\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: \xc3\xab\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: a%2e\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: host\r\n\r\n", ERR_HEAD},
    /* fields */
    {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: a\r\n X: b\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\tc\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: a\r\nX\t: b\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: a\r\nX(: b\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: a\r\nX\x80: b\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: b\rY: c\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: b\nY: c\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: \x1b[1m\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: a\r\nContent_Length: 1\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: a\r\ntransfer_encoding: chunked\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: a\r\nauthorization: b\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: a\r\nContent-Encoding: identity\r\nContent-Encoding: gzip\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: a\r\nContent-Type: a/b\r\nContent-Type: a/b\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: a b\r\n\r\n", ERR_HEAD},
    {"GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue, x\r\n\r\n", ERR_EXPECTATION},
    {"GET / HTTP/1.1\r\nHost: a\r\nExpect:\r\n\r\n", ERR_EXPECTATION},
    /* not whole */
    {"", ERR_AGAIN},
    {"\r", ERR_AGAIN},
    {"\r\n", ERR_AGAIN},
    {"GET", ERR_AGAIN},
    {"GET / HTTP/1.1\r\nHost: a\r\n\r", ERR_AGAIN},
};

static void test_table_of_requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        size_t used;
        enum err e = parse(slice_str(requests[i].text), false, &head, &used);
        if (e != requests[i].want) fail_msg("%s, not %s: %s", err_name(e), err_name(requests[i].want), requests[i].text);
    }
}

static const struct {
    const char *text;
    enum err want;
} answers[] = {
    {"HTTP/1.1 200 OK\r\n\r\n", ERR_OK},
    {"HTTP/1.1 200 \r\n\r\n", ERR_OK},
    {"HTTP/1.1 200\r\n\r\n", ERR_OK},
    {"HTTP/1.1 599 \xc3\xab\r\nA: b\r\n\r\n", ERR_OK},
    {"HTTP/1.1 20", ERR_AGAIN},
    {"H", ERR_AGAIN},
    {"", ERR_AGAIN},
    {"\r\nHTTP/1.1 200 OK\r\n\r\n", ERR_UP_MALFORMED},
    {"HTTP/2", ERR_UP_MALFORMED},
    {"<html>", ERR_UP_MALFORMED},
    {"HTTP/1.1  200 OK\r\n\r\n", ERR_UP_MALFORMED},
    {"HTTP/1.1 2000 OK\r\n\r\n", ERR_UP_MALFORMED},
    {"HTTP/1.1 20 OK\r\n\r\n", ERR_UP_MALFORMED},
    {"HTTP/1.1 099 OK\r\n\r\n", ERR_UP_MALFORMED},
    {"HTTP/1.1 600 OK\r\n\r\n", ERR_UP_MALFORMED},
    {"HTTP/1.1 101 OK\r\n\r\n", ERR_UP_MALFORMED},
    {"HTTP/1.2 200 OK\r\n\r\n", ERR_UP_MALFORMED},
    {"HTTP/1.1 200 OK\n\n", ERR_UP_MALFORMED},
    {"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", ERR_UP_MALFORMED},
    {"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", ERR_UP_MALFORMED},
    {"HTTP/1.1 200 O\rK\r\n\r\n", ERR_UP_MALFORMED},
};

static void test_table_of_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        size_t used;
        enum err e = parse(slice_str(answers[i].text), true, &head, &used);
        if (e != answers[i].want) fail_msg("%s, not %s: %s", err_name(e), err_name(answers[i].want), answers[i].text);
    }
}

/* Every control byte at every place of a head is refused, and none is read past. */
static void test_control_bytes(void **state)
{
    (void)state;
    static const char good[] = "GET /v1/models?q=1 HTTP/1.1\r\nHost: abc.test\r\nAccept: text/plain, a/b\r\n\r\n";
    for (int c = 0; c < 256; c++) {
        if ((c >= 0x20 && c != 0x7f) || c == '\t') continue;
        for (size_t i = 0; i < sizeof good - 1; i++) {
            char text[sizeof good - 1];
            memcpy(text, good, sizeof text);
            if (text[i] == (char)c) continue;
            text[i] = (char)c;
            size_t used;
            enum err e = parse(slice_of(text, sizeof text), false, &head, &used);
            if (e != ERR_HEAD && !(e == ERR_AGAIN && i >= sizeof good - 2)) fail_msg("byte %d at %zu: %s", c, i, err_name(e));
        }
    }
}

/* Feeds the text grown in steps; the marks and the result must be those of the whole. */
static void check_cuts(const char *text, size_t n, bool is_answer, size_t limit)
{
    static struct http_head whole, part;
    size_t used = 0, seen = 0;
    enum err want = is_answer ? http_response_head(slice_of(text, n), limit, &seen, &whole, &used)
                              : http_request_head(slice_of(text, n), limit, &seen, &whole, &used);
    for (size_t step = 1; step < 40; step++) {
        size_t got_used = 0, have = 0;
        enum err e;
        seen = 0;
        do {
            have = have + step < n ? have + step : n;
            e = is_answer ? http_response_head(slice_of(text, have), limit, &seen, &part, &got_used)
                          : http_request_head(slice_of(text, have), limit, &seen, &part, &got_used);
            assert_true(seen <= have);
        } while (e == ERR_AGAIN && have < n);
        if (e != want) fail_msg("step %zu: %s, whole: %s: %.60s", step, err_name(e), err_name(want), text);
        if (e) continue;
        assert_int_equal(used, got_used);
        assert_int_equal(whole.count, part.count);
        assert_memory_equal(whole.first, part.first, sizeof whole.first);
        assert_true(slice_eq(whole.path, part.path) && slice_eq(whole.host, part.host));
        for (size_t i = 0; i < whole.count; i++) {
            assert_true(slice_eq(whole.field[i].name, part.field[i].name));
            assert_true(slice_eq(whole.field[i].value, part.field[i].value));
        }
    }
}

static void test_cuts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++)
        check_cuts(requests[i].text, strlen(requests[i].text), false, LIMIT);
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        check_cuts(answers[i].text, strlen(answers[i].text), true, LIMIT);
    const char *text = "GET /abc HTTP/1.1\r\nHost: abc.test\r\nA: b\r\n\r\n";
    for (size_t limit = 20; limit < 50; limit++) check_cuts(text, strlen(text), false, limit);
}

static void test_limits(void **state)
{
    (void)state;
    size_t n = 200000, used, seen = 0;
    char *big = malloc(n);
    assert_non_null(big);
    memset(big, 'a', n);
    memcpy(big, "GET /", 5);
    assert_int_equal(http_request_head(slice_of(big, 1000), LIMIT, &seen, &head, &used), ERR_AGAIN);
    assert_int_equal(http_request_head(slice_of(big, n), LIMIT, &seen, &head, &used), ERR_TARGET_TOO_LONG);
    memcpy(big, "GET / HTTP/1.1\r\nX: ", 19);
    seen = 0;
    assert_int_equal(http_request_head(slice_of(big, n), LIMIT, &seen, &head, &used), ERR_HEAD_TOO_LARGE);
    memset(big, 'a', n);
    memcpy(big, "GET /", 5);
    memcpy(big + 5 + HTTP_TARGET_MAX - 1, " HTTP/1.1\r\nHost: a\r\n\r\n", 22);
    seen = 0;
    assert_int_equal(http_request_head(slice_of(big, n), LIMIT, &seen, &head, &used), ERR_OK);
    assert_int_equal(used, 5 + HTTP_TARGET_MAX - 1 + 22);
    memcpy(big + 5 + HTTP_TARGET_MAX - 1, "b HTTP/1.1\r\nHost: a\r\n\r\n", 23);
    seen = 0;
    assert_int_equal(http_request_head(slice_of(big, n), LIMIT, &seen, &head, &used), ERR_TARGET_TOO_LONG);
    /* fields: 128 pass, 129 do not */
    for (size_t fields = HTTP_FIELDS_MAX; fields <= HTTP_FIELDS_MAX + 1; fields++) {
        size_t at = (size_t)snprintf(big, n, "GET / HTTP/1.1\r\nHost: a\r\n");
        for (size_t i = 1; i < fields; i++) at += (size_t)snprintf(big + at, n - at, "X: b\r\n");
        at += (size_t)snprintf(big + at, n - at, "\r\n");
        seen = 0;
        enum err want = fields == HTTP_FIELDS_MAX ? ERR_OK : ERR_HEAD_TOO_LARGE;
        assert_int_equal(http_request_head(slice_of(big, at), LIMIT, &seen, &head, &used), want);
    }
    /* Connection options are limited */
    size_t at = (size_t)snprintf(big, n, "GET / HTTP/1.1\r\nHost: a\r\nConnection: ");
    for (size_t i = 0; i < 33; i++) at += (size_t)snprintf(big + at, n - at, "x%zu,", i);
    at += (size_t)snprintf(big + at, n - at, "\r\n\r\n");
    seen = 0;
    assert_int_equal(http_request_head(slice_of(big, at), LIMIT, &seen, &head, &used), ERR_HEAD);
    free(big);
}

static void test_keep_alive(void **state)
{
    (void)state;
    static const struct {
        const char *version, *connection;
        bool want;
    } rows[] = {
        {"1.1", "x", true},
        {"1.1", "close", false},
        {"1.1", "CLOSE", false},
        {"1.1", "keep-alive, x, Close", false},
        {"1.0", "x", false},
        {"1.0", "close", false},
        {"1.0", "Keep-Alive", true},
        {"1.0", "keep-alive, close", false},
        {"1.1", "closed", true},
        {"1.1", "", true},
        {"1.1", "a\r\nConnection: close", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[200];
        snprintf(text, sizeof text, "GET / HTTP/%s\r\nHost: a\r\nConnection: %s\r\n\r\n", rows[i].version, rows[i].connection);
        assert_int_equal(request(text), ERR_OK);
        if (head.keep_alive != rows[i].want) fail_msg("%s %s", rows[i].version, rows[i].connection);
    }
}

static void test_nominated(void **state)
{
    (void)state;
    assert_int_equal(request("GET / HTTP/1.1\r\nX-A: 1\r\nHost: a\r\nConnection: x-a, keep-alive\r\nX-B: 2\r\nX-C: 3\r\n"
                             "Connection: X-B, Authorization\r\nauthorization: t\r\n\r\n"),
                     ERR_OK);
    bool want[] = {true, true, true, true, false, true, true};
    assert_int_equal(head.count, 7);
    for (size_t i = 0; i < head.count; i++)
        if (http_field_is_hop(&head.field[i]) != want[i]) fail_msg("field %zu", i);
    assert_true(head.field[6].nominated);
    assert_false(head.field[4].nominated);
}

static void test_request_framing(void **state)
{
    (void)state;
    static const struct {
        const char *fields; /* of a POST */
        enum err want;
        enum http_framing_kind kind;
        uint64_t length;
    } rows[] = {
        {"Content-Length: 0", ERR_OK, HTTP_LENGTH, 0},
        {"Content-Length: 1000", ERR_OK, HTTP_LENGTH, 1000},
        {"Content-Length: 0000000000000000000000000000012", ERR_OK, HTTP_LENGTH, 12},
        {"Transfer-Encoding: chunked", ERR_OK, HTTP_CHUNKED, 0},
        {"Transfer-Encoding: CHUNKED", ERR_OK, HTTP_CHUNKED, 0},
        {"X: y", ERR_LENGTH_REQUIRED, HTTP_NO_BODY, 0},
        {"Content-Length: 1001", ERR_BODY_TOO_LARGE, HTTP_NO_BODY, 0},
        {"Content-Length: 18446744073709551616", ERR_BODY_TOO_LARGE, HTTP_NO_BODY, 0},
        {"Content-Length: 18446744073709551626", ERR_BODY_TOO_LARGE, HTTP_NO_BODY, 0},
        {"Content-Length: 4294967296", ERR_BODY_TOO_LARGE, HTTP_NO_BODY, 0},
        {"Content-Length:", ERR_FRAMING, HTTP_NO_BODY, 0},
        {"Content-Length: +1", ERR_FRAMING, HTTP_NO_BODY, 0},
        {"Content-Length: -1", ERR_FRAMING, HTTP_NO_BODY, 0},
        {"Content-Length: 1 0", ERR_FRAMING, HTTP_NO_BODY, 0},
        {"Content-Length: 0x1", ERR_FRAMING, HTTP_NO_BODY, 0},
        {"Content-Length: 1e1", ERR_FRAMING, HTTP_NO_BODY, 0},
        {"Content-Length: 1, 1", ERR_FRAMING, HTTP_NO_BODY, 0},
        {"Content-Length: 1\r\nContent-Length: 1", ERR_FRAMING, HTTP_NO_BODY, 0},
        {"Content-Length: 1\r\nContent-Length: 2", ERR_FRAMING, HTTP_NO_BODY, 0},
        {"Content-Length: 1\r\nX: y\r\ncontent-length:", ERR_FRAMING, HTTP_NO_BODY, 0},
        {"Content-Length: 1\r\nTransfer-Encoding: chunked", ERR_FRAMING, HTTP_NO_BODY, 0},
        {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", ERR_FRAMING, HTTP_NO_BODY, 0},
        {"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked", ERR_FRAMING, HTTP_NO_BODY, 0},
        {"Transfer-Encoding: chunked, chunked", ERR_FRAMING, HTTP_NO_BODY, 0},
        {"Transfer-Encoding: gzip, chunked", ERR_FRAMING, HTTP_NO_BODY, 0},
        {"Transfer-Encoding: chunked,", ERR_FRAMING, HTTP_NO_BODY, 0},
        {"Transfer-Encoding: chunked;a=b", ERR_FRAMING, HTTP_NO_BODY, 0},
        {"Transfer-Encoding: identity", ERR_FRAMING, HTTP_NO_BODY, 0},
        {"Transfer-Encoding: chun\xe2\x84\xaa"
         "ed",
         ERR_FRAMING, HTTP_NO_BODY, 0},
        {"Transfer-Encoding: \x85"
         "chunked",
         ERR_FRAMING, HTTP_NO_BODY, 0},
        {"Transfer-Encoding:", ERR_FRAMING, HTTP_NO_BODY, 0},
        {"Content-Length: 1\r\nConnection: content-length", ERR_FRAMING, HTTP_NO_BODY, 0},
        {"Transfer-Encoding: chunked\r\nConnection: Transfer-Encoding", ERR_FRAMING, HTTP_NO_BODY, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[300];
        struct http_framing f;
        snprintf(text, sizeof text, "POST / HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n", rows[i].fields);
        assert_int_equal(request(text), ERR_OK);
        enum err e = http_request_framing(&head, 1000, &f);
        if (e != rows[i].want) fail_msg("%s: %s", rows[i].fields, err_name(e));
        if (e) continue;
        assert_int_equal(f.kind, rows[i].kind);
        assert_int_equal(f.length, rows[i].length);
    }
    struct http_framing f;
    assert_int_equal(request("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"), ERR_OK);
    assert_int_equal(http_request_framing(&head, 1000, &f), ERR_FRAMING);
    assert_int_equal(request("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), ERR_OK);
    assert_int_equal(http_request_framing(&head, 1000, &f), ERR_OK);
    assert_int_equal(f.kind, HTTP_NO_BODY);
    assert_int_equal(request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n"), ERR_OK);
    assert_int_equal(http_request_framing(&head, UINT64_MAX, &f), ERR_OK);
    assert_true(f.length == UINT64_MAX);
}

static void test_response_framing(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *fields;
        enum http_method asked;
        enum err want;
        enum http_framing_kind kind;
    } rows[] = {
        {200, "Content-Length: 5", HM_POST, ERR_OK, HTTP_LENGTH},
        {200, "X: y", HM_POST, ERR_OK, HTTP_UNTIL_CLOSE},
        {200, "Transfer-Encoding: chunked", HM_GET, ERR_OK, HTTP_CHUNKED},
        {200, "Content-Length: 5000", HM_HEAD, ERR_OK, HTTP_NO_BODY},
        {304, "Content-Length: 5000", HM_GET, ERR_OK, HTTP_NO_BODY},
        {204, "Content-Length: 0", HM_GET, ERR_OK, HTTP_NO_BODY},
        {204, "X: y", HM_GET, ERR_OK, HTTP_NO_BODY},
        {100, "X: y", HM_GET, ERR_OK, HTTP_NO_BODY},
        {204, "Content-Length: 5", HM_GET, ERR_UP_MALFORMED, HTTP_NO_BODY},
        {204, "Transfer-Encoding: chunked", HM_GET, ERR_UP_MALFORMED, HTTP_NO_BODY},
        {200, "Content-Length: 5000", HM_GET, ERR_UP_TOO_LARGE, HTTP_NO_BODY},
        {200, "Content-Length: 5\r\nTransfer-Encoding: chunked", HM_GET, ERR_UP_MALFORMED, HTTP_NO_BODY},
        {200, "Content-Length: x", HM_GET, ERR_UP_MALFORMED, HTTP_NO_BODY},
        {200, "Content-Length: x", HM_HEAD, ERR_UP_MALFORMED, HTTP_NO_BODY},
        {200, "Transfer-Encoding: gzip", HM_GET, ERR_UP_MALFORMED, HTTP_NO_BODY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[200];
        struct http_framing f;
        snprintf(text, sizeof text, "HTTP/1.1 %d x\r\n%s\r\n\r\n", rows[i].status, rows[i].fields);
        assert_int_equal(answer(text), ERR_OK);
        enum err e = http_response_framing(&head, rows[i].asked, 1000, &f);
        if (e != rows[i].want) fail_msg("row %zu: %s", i, err_name(e));
        if (!e) assert_int_equal(f.kind, rows[i].kind);
    }
}

static const char *const field_names[HF_COUNT] = {
    [HF_HOST] = "Host",
    [HF_CONTENT_LENGTH] = "Content-Length",
    [HF_TRANSFER_ENCODING] = "Transfer-Encoding",
    [HF_CONNECTION] = "Connection",
    [HF_KEEP_ALIVE] = "Keep-Alive",
    [HF_PROXY_CONNECTION] = "Proxy-Connection",
    [HF_PROXY_AUTHORIZATION] = "Proxy-Authorization",
    [HF_PROXY_AUTHENTICATE] = "Proxy-Authenticate",
    [HF_TE] = "TE",
    [HF_TRAILER] = "Trailer",
    [HF_UPGRADE] = "Upgrade",
    [HF_HTTP2_SETTINGS] = "HTTP2-Settings",
    [HF_EXPECT] = "Expect",
    [HF_CONTENT_TYPE] = "Content-Type",
    [HF_CONTENT_ENCODING] = "Content-Encoding",
    [HF_CONTENT_RANGE] = "Content-Range",
    [HF_ACCEPT_ENCODING] = "Accept-Encoding",
    [HF_AUTHORIZATION] = "Authorization",
    [HF_X_API_KEY] = "X-Api-Key",
    [HF_API_KEY] = "Api-Key",
    [HF_X_GOOG_API_KEY] = "X-Goog-Api-Key",
    [HF_COOKIE] = "Cookie",
    [HF_X_REQUEST_ID] = "X-Request-Id",
    [HF_RETRY_AFTER] = "Retry-After",
    [HF_RETRY_AFTER_MS] = "Retry-After-Ms",
    [HF_X_SHOULD_RETRY] = "X-Should-Retry",
    [HF_DATE] = "Date",
    [HF_SERVER] = "Server",
    [HF_SET_COOKIE] = "Set-Cookie",
    [HF_RANGE] = "Range",
    [HF_X_FORWARDED_FOR] = "X-Forwarded-For",
    [HF_X_FORWARDED_HOST] = "X-Forwarded-Host",
    [HF_X_FORWARDED_PROTO] = "X-Forwarded-Proto",
    [HF_FORWARDED] = "Forwarded",
    [HF_VIA] = "Via",
    [HF_CONTENT_MD5] = "Content-MD5",
    [HF_DIGEST] = "Digest",
    [HF_ETAG] = "ETag",
};

static void test_field_names(void **state)
{
    (void)state;
    for (int id = 1; id < HF_COUNT; id++) {
        struct slice name = slice_str(field_names[id]);
        assert_true(name.n > 0);
        char bent[32];
        for (int upper = 0; upper < 2; upper++) {
            for (size_t i = 0; i < name.n; i++) {
                char c = name.p[i];
                bent[i] = upper && c >= 'a' && c <= 'z' ? (char)(c - 32) : !upper && c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
            }
            assert_int_equal(http_field_id(slice_of(bent, name.n)), id);
        }
        for (size_t i = 0; i < name.n; i++) { /* one byte changed: another name */
            memcpy(bent, name.p, name.n);
            bent[i] = bent[i] == 'q' ? 'w' : 'q';
            assert_int_equal(http_field_id(slice_of(bent, name.n)), HF_OTHER);
        }
        assert_int_equal(http_field_id(slice_of(name.p, name.n - 1)), HF_OTHER);
    }
    assert_int_equal(http_field_id(SLICE("x-client-request-identifier")), HF_OTHER);
    assert_int_equal(http_field_id(SLICE("a")), HF_OTHER);
    assert_int_equal(http_field_id(SLICE("Content\rLength")), HF_OTHER);
    assert_int_equal(http_field_id(SLICE("")), HF_OTHER);
}

static void test_hop_fields(void **state)
{
    (void)state;
    static const enum http_fid hop[] = {HF_HOST,
                                        HF_CONTENT_LENGTH,
                                        HF_TRANSFER_ENCODING,
                                        HF_CONNECTION,
                                        HF_KEEP_ALIVE,
                                        HF_PROXY_CONNECTION,
                                        HF_PROXY_AUTHORIZATION,
                                        HF_PROXY_AUTHENTICATE,
                                        HF_TE,
                                        HF_TRAILER,
                                        HF_UPGRADE,
                                        HF_HTTP2_SETTINGS,
                                        HF_EXPECT};
    for (int id = 1; id < HF_COUNT; id++) {
        bool want = false;
        for (size_t i = 0; i < sizeof hop / sizeof hop[0]; i++) want |= hop[i] == (enum http_fid)id;
        char text[128];
        struct http_head h;
        size_t seen = 0, used;
        int n = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nX-Other: a\r\n%s: b\r\n\r\n", field_names[id]);
        assert_int_equal(http_response_head(slice_of(text, (size_t)n), sizeof text, &seen, &h, &used), ERR_OK);
        assert_int_equal(h.count, 2);
        assert_false(http_field_is_hop(&h.field[0]));
        if (http_field_is_hop(&h.field[1]) != want) fail_msg("%s", field_names[id]);
    }
}

/* The byte classes, from the grammars. */
static void test_classes(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool unreserved = alnum || (c && strchr("-._~", c));
        bool path = unreserved || (c && strchr("!$&'()*+,;=:@/", c));
        bool value = c == '\t' || (c >= 0x20 && c != 0x7f);
        assert_int_equal(http_is((char)c, HC_TOKEN), alnum || (c && strchr("!#$%&'*+-.^_`|~", c)));
        assert_int_equal(http_is((char)c, HC_HOST), unreserved);
        assert_int_equal(http_is((char)c, HC_PATH), path);
        assert_int_equal(http_is((char)c, HC_QUERY), path || c == '?');
        assert_int_equal(http_is((char)c, HC_VALUE), value);
        assert_int_equal(http_is((char)c, HC_QUOTED), value && c != '"' && c != '\\');
    }
}

static void test_reasons(void **state)
{
    (void)state;
    assert_string_equal(http_reason(200), "OK");
    assert_string_equal(http_reason(299), "Unknown");
    for (int e = 0; e < ERR_COUNT; e++)
        if (err_row((enum err)e)->status) assert_string_not_equal(http_reason(err_row((enum err)e)->status), "Unknown");
}

static void a_moved_head_is_the_same_head(void **state)
{
    (void)state;
    static const char text[] = "GET http://b.example HTTP/1.1\r\nHost: b.example\r\nX-A: one\r\nX-B:\r\n\r\n";
    static struct http_head h, m;
    char copy[sizeof text];
    size_t seen = 0, used;
    memcpy(copy, text, sizeof text);
    assert_int_equal(http_request_head(slice_of(text, sizeof text - 1), 4096, &seen, &h, &used), ERR_OK);
    http_head_moved(&m, &h, slice_of(text, used), copy);
    assert_true(slice_eq(m.path, SLICE("/")) && slice_eq(m.query, h.query) && slice_eq(m.host, h.host));
    assert_int_equal(m.count, h.count);
    for (size_t i = 0; i < h.count; i++) {
        assert_true(slice_eq(m.field[i].name, h.field[i].name) && slice_eq(m.field[i].value, h.field[i].value));
        assert_true(m.field[i].name.p >= copy && m.field[i].name.p < copy + sizeof copy);
    }
    assert_true(slice_eq(http_value(&m, HF_HOST), SLICE("b.example")));
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_moved_head_is_the_same_head),
        cmocka_unit_test(test_a_request),
        cmocka_unit_test(test_an_answer),
        cmocka_unit_test(test_table_of_requests),
        cmocka_unit_test(test_table_of_answers),
        cmocka_unit_test(test_control_bytes),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_keep_alive),
        cmocka_unit_test(test_nominated),
        cmocka_unit_test(test_request_framing),
        cmocka_unit_test(test_response_framing),
        cmocka_unit_test(test_field_names),
        cmocka_unit_test(test_hop_fields),
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
