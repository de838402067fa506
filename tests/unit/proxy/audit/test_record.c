/* The JSON of a record: what goes in comes out, nothing can break out of a string, texts are cut and say so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "proxy/audit/line.h"
#include "proxy/audit/record.h"
#include "proxy/base/clock.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

static struct audit_record sample(void)
{
    struct audit_record r = {.id = "req-1",
                             .wall_ns = 1795437000123456789u,
                             .client = "support-bot",
                             .peer = "127.0.0.1:4711",
                             .policy = "strict",
                             .route = "chat",
                             .dialect = "openai",
                             .endpoint = "/v1/chat/completions",
                             .method = "POST",
                             .model_asked = "chat-large",
                             .model_served = "gpt-4o",
                             .error = "ok",
                             .stream = true,
                             .status = 200,
                             .screen_us = 7,
                             .first_byte_us = 1200,
                             .total_us = 99000,
                             .request_bytes = 2048,
                             .sent_bytes = 2000,
                             .answer_bytes = 512,
                             .prompt_tokens = 400,
                             .completion_tokens = UINT64_MAX,
                             .restored = 3,
                             .snapshot = 1,
                             .attempts = 2,
                             .findings = 2};
    r.attempt[0] = (struct audit_attempt){"local/qwen", "first_byte", 0, 20000};
    r.attempt[1] = (struct audit_attempt){"openai/gpt-4o", "ok", 200, 700};
    r.finding[0] = (struct audit_finding){"aws-access-token", "API_KEY_OR_TOKEN", "redact", 1};
    r.finding[1] = (struct audit_finding){"email", "EMAIL_ADDRESS", "tokenize", 12};
    return r;
}

/* The record as a parser other than ours sees it. */
static cJSON *parse(const struct audit_record *r, bool outcome, size_t cap)
{
    struct buf b = buf_make(cap);
    assert_int_equal(audit_record_write(r, outcome, &b), ERR_OK);
    assert_int_equal(buf_add(&b, SLICE("}")), ERR_OK);
    const char *end = NULL;
    assert_int_equal(buf_add(&b, slice_of("", 1)), ERR_OK);
    cJSON *j = cJSON_ParseWithOpts(buf_slice(&b).p, &end, true);
    assert_non_null(j);
    buf_free(&b);
    return j;
}

static const char *text(const cJSON *j, const char *name)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(j, name);
    return v ? v->valuestring : NULL;
}
static double number(const cJSON *j, const char *name)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(j, name);
    return v ? v->valuedouble : -1;
}

static void test_outcome(void **state)
{
    (void)state;
    struct audit_record r = sample();
    char time[25];
    clock_rfc3339(r.wall_ns, time);
    cJSON *j = parse(&r, true, 1u << 20);
    assert_string_equal(text(j, "event"), "outcome");
    assert_string_equal(text(j, "id"), "req-1");
    assert_string_equal(text(j, "time"), time);
    assert_string_equal(text(j, "client"), "support-bot");
    assert_string_equal(text(j, "model_served"), "gpt-4o");
    assert_int_equal((int)number(j, "status"), 200);
    assert_int_equal((int)number(j, "total_us"), 99000);
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(j, "stream")));
    assert_null(cJSON_GetObjectItem(j, "truncated"));
    const cJSON *a = cJSON_GetObjectItem(j, "attempts"), *f = cJSON_GetObjectItem(j, "findings");
    assert_int_equal(cJSON_GetArraySize(a), 2);
    assert_string_equal(text(cJSON_GetArrayItem(a, 0), "reason"), "first_byte");
    assert_int_equal((int)number(cJSON_GetArrayItem(a, 1), "status"), 200);
    assert_int_equal(cJSON_GetArraySize(f), 2);
    assert_string_equal(text(cJSON_GetArrayItem(f, 1), "type"), "EMAIL_ADDRESS");
    assert_int_equal((int)number(cJSON_GetArrayItem(f, 1), "count"), 12);
    cJSON_Delete(j);
}

static void test_intent(void **state)
{
    (void)state;
    struct audit_record r = sample();
    cJSON *j = parse(&r, false, 1u << 20);
    assert_string_equal(text(j, "event"), "intent");
    assert_null(cJSON_GetObjectItem(j, "status"));
    assert_null(cJSON_GetObjectItem(j, "attempts"));
    assert_non_null(cJSON_GetObjectItem(j, "findings"));
    cJSON_Delete(j);
}

/* The outcome is the same whether its first members come from the intent or are written anew. */
static void test_kept(void **state)
{
    (void)state;
    struct audit_kept kept = {.n = 0};
    struct audit_record r = sample();
    struct buf b[3] = {buf_make(1u << 16), buf_make(1u << 16), buf_make(1u << 16)};
    assert_int_equal(audit_record_write(&r, true, &b[0]), ERR_OK);
    r.kept = &kept;
    assert_int_equal(audit_record_write(&r, true, &b[1]), ERR_OK); /* without an intent */
    assert_int_equal(kept.n, 0);
    assert_true(slice_eq(buf_slice(&b[0]), buf_slice(&b[1])));
    buf_truncate(&b[1], 0);
    assert_int_equal(audit_record_write(&r, false, &b[1]), ERR_OK);
    assert_true(kept.n > 0);
    assert_int_equal(audit_record_write(&r, true, &b[2]), ERR_OK);
    assert_true(slice_eq(buf_slice(&b[0]), buf_slice(&b[2])));

    for (size_t i = 0; i < AUDIT_FINDINGS_MAX; i++) r.finding[i] = r.finding[0]; /* more than there is room for */
    r.findings = AUDIT_FINDINGS_MAX;
    kept.n = 0;
    for (int i = 0; i < 3; i++) buf_truncate(&b[i], 0);
    assert_int_equal(audit_record_write(&r, false, &b[1]), ERR_OK);
    assert_int_equal(kept.n, 0);
    assert_int_equal(audit_record_write(&r, true, &b[2]), ERR_OK);
    r.kept = NULL;
    assert_int_equal(audit_record_write(&r, true, &b[0]), ERR_OK);
    assert_true(slice_eq(buf_slice(&b[0]), buf_slice(&b[2])));
    for (int i = 0; i < 3; i++) buf_free(&b[i]);
}

/* Every byte, at every place of strings of every small length, comes back as it was or as U+FFFD; the line stays one. */
static void test_escapes(void **state)
{
    (void)state;
    for (int c = 1; c < 256; c++)
        for (int k = 0; k < 17 * 17; k++) {
            int at = k % 17, length = k / 17 + 1;
            char name[18] = "aaaaaaaaaaaaaaaaa";
            struct audit_record r = {.client = name, .id = "x"};
            struct buf b = buf_make(8192);
            if (at >= length || (length < 17 && c % 16 && c != '"' && c != '\\' && c != 0x7f)) continue;
            name[length] = 0;
            name[at] = (char)c;
            assert_int_equal(audit_record_write(&r, false, &b), ERR_OK);
            struct slice s = buf_slice(&b);
            for (size_t i = 0; i < s.n; i++) assert_true((unsigned char)s.p[i] >= 0x20 && s.p[i] != 0x7f);
            buf_free(&b);
            cJSON *j = parse(&r, false, 8192);
            if (c < 0x80) {
                assert_string_equal(text(j, "client"), name);
            } else {
                assert_non_null(strstr(text(j, "client"), "\xef\xbf\xbd"));
            }
            cJSON_Delete(j);
        }
}

static void test_utf8(void **state)
{
    (void)state;
    static const char *const good[] = {"\u00e9", "\u4f60\u597d", "\U0001f600", "a\xc2\x80-b", "\uffff", "\U0010ffff"};
    static const char *const bad[] = {"\x80", "\xc0\xaf",  "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                      "\xff", "ab\xe4\xbd"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct audit_record r = {.id = "x", .redacted_request = slice_str(good[i])};
        cJSON *j = parse(&r, false, 8192);
        assert_string_equal(text(j, "redacted_request"), good[i]);
        cJSON_Delete(j);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct audit_record r = {.id = "x", .redacted_request = slice_str(bad[i])};
        cJSON *j = parse(&r, false, 8192);
        assert_non_null(strstr(text(j, "redacted_request"), "\xef\xbf\xbd"));
        cJSON_Delete(j);
    }
}

/* A text grows the buffer, and is cut at a character where the cap or AUDIT_TEXT_MAX comes. */
static void test_long_text(void **state)
{
    (void)state;
    size_t n = 3u << 20;
    char *big = malloc(n + 1);
    assert_non_null(big);
    for (size_t i = 0; i + 3 <= n; i += 3) memcpy(big + i, "\u4f60", 3);
    static const size_t caps[] = {16384, 65536, 4u << 20};
    for (size_t k = 0; k < 3; k++) {
        struct audit_record r = {.id = "x", .redacted_answer = slice_of(big, n)};
        cJSON *j = parse(&r, true, caps[k]);
        size_t got = strlen(text(j, "redacted_answer"));
        size_t most = caps[k] / 2 < AUDIT_TEXT_MAX ? caps[k] / 2 : AUDIT_TEXT_MAX;
        assert_true(got <= most && got > most - 16 && got % 3 == 0);
        assert_int_equal((size_t)number(j, "redacted_answer_cut_from"), n);
        cJSON_Delete(j);
        r.redacted_answer.n = 3000;
        j = parse(&r, true, caps[k]);
        assert_int_equal(strlen(text(j, "redacted_answer")), 3000);
        assert_null(cJSON_GetObjectItem(j, "redacted_answer_cut_from"));
        cJSON_Delete(j);
    }
    free(big);
}

static void test_full(void **state)
{
    (void)state;
    struct audit_record r = sample();
    struct buf b = buf_make(100);
    assert_int_equal(audit_record_write(&r, true, &b), ERR_LIMIT);
    assert_int_equal(buf_len(&b), 0);
    buf_free(&b);
    r.findings = AUDIT_FINDINGS_MAX; /* more than the first room of 4 KiB */
    for (size_t i = 0; i < AUDIT_FINDINGS_MAX; i++)
        r.finding[i] = (struct audit_finding){"a-rule-with-a-long-long-name-and-more", "SOME_ENTITY_TYPE", "redact", 4000000000u};
    cJSON *j = parse(&r, true, 1u << 20);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(j, "findings")), AUDIT_FINDINGS_MAX);
    cJSON_Delete(j);
}

/* A line closes, parses, holds its mac, and loses it with any bit changed. */
static void test_line(void **state)
{
    (void)state;
    struct chain c;
    char last[LINE_MAC];
    struct line l;
    struct audit_record r = sample();
    struct buf b = buf_make(1u << 16);
    memcpy(last, LINE_FIRST, LINE_MAC);
    chain_init(&c, SLICE("a key of more than sixteen bytes"));
    assert_int_equal(audit_record_write(&r, true, &b), ERR_OK);
    assert_int_equal(line_close(&b, &c, SLICE("0123abcd.w3"), 42, last), ERR_OK);
    struct slice s = buf_slice(&b);
    assert_true(s.p[s.n - 1] == '\n');
    s.n--;
    assert_true(line_parse(s, &l));
    assert_int_equal(l.seq, 42);
    assert_true(slice_eq(l.journal, SLICE("0123abcd.w3")));
    assert_memory_equal(l.prev, LINE_FIRST, LINE_MAC);
    assert_memory_equal(l.mac, last, LINE_MAC);
    assert_true(line_mac_holds(&l, &c));
    assert_true(slice_eq(line_get(l.record, "id"), SLICE("req-1")));
    assert_true(slice_eq(line_get(l.record, "total_us"), SLICE("99000")));
    assert_true(slice_starts(line_get(l.record, "attempts"), SLICE("[{\"target\":\"local/qwen\"")));
    assert_int_equal(line_get(l.record, "count").n, 0);
    for (size_t i = 0; i < s.n; i++) {
        char *p = b.p + b.off + i;
        *p ^= 1;
        assert_false(line_parse(s, &l) && line_mac_holds(&l, &c));
        *p ^= 1;
    }
    for (size_t i = 0; i < s.n; i++) assert_false(line_parse(slice_of(s.p, i), &l));
    buf_free(&b);
}

/* RFC 4231, test cases 1, 2 and 6 (a key longer than a block). */
static void test_hmac(void **state)
{
    (void)state;
    struct chain c;
    char hex[LINE_MAC], key[131];
    memset(key, 0x0b, 20);
    chain_init(&c, slice_of(key, 20));
    chain_mac(&c, SLICE("Hi There"), hex);
    assert_memory_equal(hex, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7", LINE_MAC);
    chain_init(&c, SLICE("Jefe"));
    chain_mac(&c, SLICE("what do ya want for nothing?"), hex);
    assert_memory_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", LINE_MAC);
    memset(key, 0xaa, sizeof key);
    chain_init(&c, slice_of(key, sizeof key));
    chain_mac(&c, SLICE("Test Using Larger Than Block-Size Key - Hash Key First"), hex);
    assert_memory_equal(hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54", LINE_MAC);
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outcome), cmocka_unit_test(test_intent), cmocka_unit_test(test_kept),
        cmocka_unit_test(test_escapes), cmocka_unit_test(test_utf8),   cmocka_unit_test(test_long_text),
        cmocka_unit_test(test_full),    cmocka_unit_test(test_line),   cmocka_unit_test(test_hmac),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
