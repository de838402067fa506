/* The tokenizer: what is JSON and what is not, where values lie, duplicate keys, escapes, splices, and the vector paths
 * against a byte-wise reference at every length and offset. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "filters/text/json.h"
#include "filters/text/utf8.h"
#include "tests/unit/slurp.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

#define S(x) slice_str(x)

static struct json_doc doc;

static enum err parse(struct slice s)
{
    size_t at = 12345678;
    enum err e = json_parse(&doc, s, NULL, &at);
    if (e) assert_true(at <= s.n);
    return e;
}

static const struct {
    const char *text;
    enum err want;
} bodies[] = {
    {"null", ERR_OK},
    {" true ", ERR_OK},
    {"false\n", ERR_OK},
    {"0", ERR_OK},
    {"-0", ERR_OK},
    {"-0.0e-0", ERR_OK},
    {"1E+5", ERR_OK},
    {"123456789012345678901234567890", ERR_OK},
    {"1e400", ERR_OK},
    {"\"\"", ERR_OK},
    {"[]", ERR_OK},
    {"{}", ERR_OK},
    {"[ ]", ERR_OK},
    {"{ }", ERR_OK},
    {"[1,2 , 3]", ERR_OK},
    {"{\"a\":1,\"b\":[{\"a\":null}]}", ERR_OK},
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00eF\"", ERR_OK},
    {"\"\\ud800\"", ERR_OK},
    {"\"\\udc00\\ud800\"", ERR_OK},
    {"\"\x7f\"", ERR_OK},
    {"", ERR_JSON},
    {" ", ERR_JSON},
    {"nul", ERR_JSON},
    {"nulll", ERR_JSON},
    {"tru", ERR_JSON},
    {"True", ERR_JSON},
    {"01", ERR_JSON},
    {"-", ERR_JSON},
    {"-01", ERR_JSON},
    {"+1", ERR_JSON},
    {".5", ERR_JSON},
    {"1.", ERR_JSON},
    {"1.e1", ERR_JSON},
    {"1e", ERR_JSON},
    {"1e+", ERR_JSON},
    {"0x1", ERR_JSON},
    {"1 2", ERR_JSON},
    {"NaN", ERR_JSON},
    {"\"", ERR_JSON},
    {"\"\\", ERR_JSON},
    {"\"\\\"", ERR_JSON},
    {"\"\\x41\"", ERR_JSON},
    {"\"\\u12\"", ERR_JSON},
    {"\"\\u12g4\"", ERR_JSON},
    {"\"\\u1", ERR_JSON},
    {"\"a\nb\"", ERR_JSON},
    {"\"a\tb\"", ERR_JSON},
    {"[", ERR_JSON},
    {"]", ERR_JSON},
    {"[1", ERR_JSON},
    {"[1,", ERR_JSON},
    {"[1,]", ERR_JSON},
    {"[,1]", ERR_JSON},
    {"[1 2]", ERR_JSON},
    {"[1}", ERR_JSON},
    {"{", ERR_JSON},
    {"{\"a\"", ERR_JSON},
    {"{\"a\":", ERR_JSON},
    {"{\"a\":1", ERR_JSON},
    {"{\"a\":1,", ERR_JSON},
    {"{\"a\":1,}", ERR_JSON},
    {"{,}", ERR_JSON},
    {"{1:1}", ERR_JSON},
    {"{\"a\" 1}", ERR_JSON},
    {"{\"a\":1]", ERR_JSON},
    {"{\"a\"}", ERR_JSON},
    {"{a:1}", ERR_JSON},
    {"'a'", ERR_JSON},
    {"[1]x", ERR_JSON},
    {"{}{}", ERR_JSON},
    {"/**/1", ERR_JSON},
    {"\xEF\xBB\xBF{}", ERR_JSON},
    {"\xC2\xA0{}", ERR_JSON},
    {"\v1", ERR_JSON},
    {"\"\xff\"", ERR_UTF8},
    {"\"\xc3\"", ERR_UTF8},
    {"\"\xed\xa0\x80\"", ERR_UTF8},
    {"{\"a\":1,\"a\":2}", ERR_JSON_DUPLICATE},
    {"{\"a\":1,\"\\u0061\":2}", ERR_JSON_DUPLICATE},
    {"{\"\\u0061\":1,\"b\":0,\"\\u0061\":2}", ERR_JSON_DUPLICATE},
    {"{\"\\ud83d\\ude00\":1,\"😀\":2}", ERR_JSON_DUPLICATE},
    {"{\"\":1,\"\":2}", ERR_JSON_DUPLICATE},
    {"{\"\\/\":1,\"/\":2}", ERR_JSON_DUPLICATE},
    {"{\"a\":{\"b\":1},\"b\":{\"a\":1}}", ERR_OK},
    {"{\"a\":1,\"A\":2}", ERR_OK},
    {"{\"a\":1,\"a\\u0000\":2}", ERR_OK},
    {"[{\"a\":1},{\"a\":1}]", ERR_OK},
    {"{\"a\":{\"a\":{\"a\":1}}}", ERR_OK},
    {"{\"x\":[{\"k\":1,\"k\":1}]}", ERR_JSON_DUPLICATE},
    {"{\"ab\":{\"ab\":1,\"c\":[{}]},\"c\":0,\"ab\":2}", ERR_JSON_DUPLICATE},
    {"[{},{\"a\":{},\"b\":{\"a\":0},\"a\":{}}]", ERR_JSON_DUPLICATE},
    {"{\"abc\":1,\"aXc\":2,\"aYc\":{\"abc\":3}}", ERR_OK}, /* alike but for the middle */
};

static void test_valid_and_invalid(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        enum err e = parse(S(bodies[i].text));
        if (e != bodies[i].want) fail_msg("%s: %s, not %s", bodies[i].text, err_name(e), err_name(bodies[i].want));
    }
    assert_int_equal(parse(SLICE("{}\0")), ERR_JSON);
    assert_int_equal(parse(SLICE("\"a\0b\"")), ERR_JSON);
}

static void test_nodes(void **state)
{
    (void)state;
    static const char text[] = " {\"a\" : [1,-2.5e3, {\"b\":\"x\\ny\"}], \"c\":\"\xC3\xA9\", \"d\":[], \"e\":null}";
    assert_int_equal(parse(SLICE(text)), ERR_OK);
    assert_int_equal(doc.count, 14);
    assert_int_equal(doc.node[0].type, JSON_OBJECT);
    assert_int_equal(doc.node[0].off, 1);
    assert_int_equal(doc.node[0].end, sizeof text - 1);
    assert_int_equal(doc.node[0].parent, JSON_NONE);
    assert_int_equal(doc.node[0].next, doc.count);
    uint32_t a = json_member(&doc, 0, SLICE("a"));
    assert_int_equal(a, 2);
    assert_int_equal(doc.node[a].type, JSON_ARRAY);
    assert_int_equal(doc.node[a].key, 1);
    assert_int_equal(doc.node[a].depth, 1);
    assert_true(slice_eq(json_raw(&doc, json_element(&doc, a, 1)), SLICE("-2.5e3")));
    uint32_t o = json_element(&doc, a, 2), b = json_member(&doc, o, SLICE("b"));
    assert_int_equal(doc.node[o].index, 2);
    assert_int_equal(doc.node[o].key, JSON_NONE);
    assert_true(slice_eq(json_raw(&doc, b), SLICE("x\\ny")));
    assert_true(doc.node[b].escaped && doc.node[b].ascii);
    assert_int_equal(doc.node[b].depth, 3);
    assert_int_equal(json_element(&doc, a, 3), JSON_NONE);
    uint32_t c = json_member(&doc, 0, SLICE("c"));
    assert_false(doc.node[c].ascii);
    assert_int_equal(doc.node[c].index, 1);
    assert_int_equal(doc.node[doc.node[c].key].index, 1);
    assert_int_equal(json_first(&doc, json_member(&doc, 0, SLICE("d"))), JSON_NONE);
    assert_int_equal(json_member(&doc, 0, SLICE("b")), JSON_NONE);
    assert_int_equal(json_first(&doc, 0), 1);
    unsigned children = 0;
    for (uint32_t k = json_first(&doc, 0); k < doc.node[0].next; k = doc.node[k].next) {
        assert_int_equal(doc.node[k].parent, 0);
        children++;
    }
    assert_int_equal(children, 8); /* four keys, four values */
}

static void test_text_eq(void **state)
{
    (void)state;
    assert_int_equal(parse(SLICE("[\"\\u0061b\\n\\ud83d\\ude00\", \"\", \"\\ud800x\"]")), ERR_OK);
    assert_true(json_text_eq(&doc, 1, SLICE("ab\n\xF0\x9F\x98\x80")));
    assert_false(json_text_eq(&doc, 1, SLICE("ab\n\xF0\x9F\x98")));
    assert_false(json_text_eq(&doc, 1, SLICE("ab\n\xF0\x9F\x98\x80z")));
    assert_false(json_text_eq(&doc, 1, SLICE("ab")));
    assert_true(json_text_eq(&doc, 2, SLICE("")));
    assert_true(json_text_eq(&doc, 3, SLICE("\xEF\xBF\xBDx")));
}

static void test_limits(void **state)
{
    (void)state;
    enum { N = 1000 };
    char *t = malloc(2 * N);
    memset(t, '[', N);
    memset(t + N, ']', N);
    struct json_limits lim = {.max_depth = N};
    assert_int_equal(json_parse(&doc, slice_of(t, 2 * N), &lim, NULL), ERR_OK);
    lim.max_depth = N - 1;
    size_t at;
    assert_int_equal(json_parse(&doc, slice_of(t, 2 * N), &lim, &at), ERR_JSON_DEPTH);
    assert_int_equal(at, N - 1);
    assert_int_equal(parse(slice_of(t + N - 128, 256)), ERR_OK);
    assert_int_equal(parse(slice_of(t + N - 129, 258)), ERR_JSON_DEPTH);
    free(t);
    lim = (struct json_limits){.max_nodes = 3};
    assert_int_equal(json_parse(&doc, SLICE("[1,2]"), &lim, NULL), ERR_OK);
    assert_int_equal(json_parse(&doc, SLICE("[1,2,3]"), &lim, NULL), ERR_LIMIT);
    lim = (struct json_limits){.allow_duplicates = true};
    assert_int_equal(json_parse(&doc, SLICE("{\"a\":1,\"a\":2}"), &lim, NULL), ERR_OK);
    assert_int_equal(json_parse(&doc, SLICE("{\"a\":1,\"a\":2}"), NULL, &at), ERR_JSON_DUPLICATE);
    assert_int_equal(at, 8);
}

/* Objects on both sides of the limit between comparing each with each and the table, and a large one. */
static void test_duplicates_large(void **state)
{
    (void)state;
    static const unsigned sizes[] = {2, 11, 12, 13, 14, 33, 64, 100, 50000};
    for (size_t z = 0; z < sizeof sizes / sizeof sizes[0]; z++) {
        unsigned n = sizes[z];
        char *t = malloc(n * 24 + 64);
        size_t len = 0;
        t[len++] = '{';
        for (unsigned i = 0; i < n; i++) len += (size_t)sprintf(t + len, "%s\"k%u\":{\"v\":%u}", i ? "," : "", i, i);
        t[len] = '}';
        assert_int_equal(parse(slice_of(t, len + 1)), ERR_OK);
        assert_int_equal(doc.count, 1 + 4 * n);
        for (unsigned plain = 0; plain < 2; plain++) {
            size_t all = len + (size_t)sprintf(t + len, ",\"%s%u\":1}", plain ? "k" : "\\u006b", n / 2);
            assert_int_equal(parse(slice_of(t, all)), ERR_JSON_DUPLICATE);
        }
        free(t);
    }
}

static bool utf8_slow(const unsigned char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint32_t c = s[i];
        unsigned more = c < 0x80 ? 0 : c >= 0xF0 && c < 0xF8 ? 3 : c >= 0xE0 && c < 0xF0 ? 2 : c >= 0xC0 && c < 0xE0 ? 1 : 9;
        if (more == 9 || n - i <= more) return false;
        if (more) c &= 0x3Fu >> more;
        for (unsigned k = 1; k <= more; k++) {
            if ((s[i + k] & 0xC0) != 0x80) return false;
            c = c << 6 | (s[i + k] & 0x3Fu);
        }
        static const uint32_t least[4] = {0, 0x80, 0x800, 0x10000};
        if (c < least[more] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) return false;
        i += more + 1;
    }
    return true;
}

#define UTF8_WAYS 3u

/* Every pair and many triples and quadruples of bytes, at places all over the vectors. */
static void test_utf8_exact(void **state)
{
    (void)state;
    static const unsigned char odd[] = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF,
                                        0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF8, 0xFF};
    enum { ODD = sizeof odd };
    unsigned char t[600];
    static const size_t places[] = {0, 1, 28, 29, 30, 31, 32, 33, 60, 61, 62, 63, 64, 93, 94, 95, 96, 126, 189, 254, 317, 383};
    for (size_t z = 0; z < sizeof places / sizeof places[0]; z++) {
        memset(t, 'x', sizeof t);
        for (unsigned a = 0; a < ODD; a++)
            for (unsigned b = 0; b < ODD; b++)
                for (unsigned c = 0; c < ODD; c++)
                    for (unsigned d = 0; d < ODD; d += (unsigned)(z % 3) + 1) {
                        unsigned char *p = t + places[z];
                        p[0] = odd[a];
                        p[1] = odd[b];
                        p[2] = odd[c];
                        p[3] = odd[d];
                        const size_t n = places[z] + 4 + (z > 17 ? b * 8 : 0);
                        const bool want = utf8_slow(t, n);
                        size_t at = 1000;
                        for (unsigned way = 0; way < UTF8_WAYS; way++)
                            if (utf8_way(way) && utf8_valid(slice_of(t, n), &at) != want)
                                fail_msg("way %u: %02x %02x %02x %02x at %zu", way, p[0], p[1], p[2], p[3], places[z]);
                        if (!want) assert_true(at < n && utf8_slow(t, at) && !utf8_slow(t, at + 4 < n ? at + 4 : n));
                    }
    }
    for (unsigned way = 0; !utf8_way(way);) way++;
}

/* A quote, a backslash, a control byte and a high byte at every place of strings of every length. */
static void test_scan_places(void **state)
{
    (void)state;
    char *t = malloc(256);
    for (size_t n = 0; n < 150; n++)
        for (size_t at = 0; at < n; at++) {
            t[0] = '"';
            memset(t + 1, 'a', n);
            t[n + 1] = '"';
            assert_int_equal(parse(slice_of(t, n + 2)), ERR_OK);
            assert_true(doc.node[0].end == n + 1 && doc.node[0].ascii && !doc.node[0].escaped);
            assert_int_equal(parse(slice_of(t, n + 1)), ERR_JSON);
            t[1 + at] = '\x1f';
            size_t where;
            assert_int_equal(json_parse(&doc, slice_of(t, n + 2), NULL, &where), ERR_JSON);
            assert_int_equal(where, 1 + at);
            t[1 + at] = '\n';
            assert_int_equal(parse(slice_of(t, n + 2)), ERR_JSON);
            t[1 + at] = '"';
            assert_int_equal(json_parse(&doc, slice_of(t, n + 2), NULL, &where), ERR_JSON);
            assert_int_equal(where, 2 + at);
            if (at + 1 == n) continue;
            t[1 + at] = '\\';
            t[2 + at] = 'n';
            assert_int_equal(parse(slice_of(t, n + 2)), ERR_OK);
            assert_true(doc.node[0].end == n + 1 && doc.node[0].escaped && doc.node[0].ascii);
            memcpy(t + 1 + at, "\xC3\xA9", 2);
            assert_int_equal(parse(slice_of(t, n + 2)), ERR_OK);
            assert_true(doc.node[0].end == n + 1 && !doc.node[0].escaped && !doc.node[0].ascii);
        }
    free(t);
}

static void test_high_byte_behind_the_string(void **state)
{
    (void)state;
    assert_int_equal(parse(SLICE("[\"ascii\",\"\xC3\xA9\",\"also ascii, and longer than one vector\",\"\xC3\xA9\"]")), ERR_OK);
    assert_true(doc.node[1].ascii && !doc.node[2].ascii && doc.node[3].ascii && !doc.node[4].ascii);
}

static void expect_unescape(const char *raw, struct slice want)
{
    struct buf b = buf_make(1000), back = buf_make(1000);
    assert_int_equal(json_unescape(S(raw), &b), ERR_OK);
    assert_true(slice_eq(buf_slice(&b), want));
    assert_int_equal(json_escape(want, &back), ERR_OK);
    buf_truncate(&b, 0);
    assert_int_equal(json_unescape(buf_slice(&back), &b), ERR_OK);
    assert_true(slice_eq(buf_slice(&b), want));
    buf_free(&b);
    buf_free(&back);
}

static void test_unescape(void **state)
{
    (void)state;
    expect_unescape("", SLICE(""));
    expect_unescape("plain", SLICE("plain"));
    expect_unescape("\\\"\\\\\\/\\b\\f\\n\\r\\t", SLICE("\"\\/\b\f\n\r\t"));
    expect_unescape("a\\u0000b", SLICE("a\0b"));
    expect_unescape("\\u00e9\\u20AC", SLICE("\xC3\xA9\xE2\x82\xAC"));
    expect_unescape("\\ud83d\\ude00!", SLICE("\xF0\x9F\x98\x80!"));
    expect_unescape("\\ud83d", SLICE("\xEF\xBF\xBD"));
    expect_unescape("\\ud83dx\\ude00", SLICE("\xEF\xBF\xBDx\xEF\xBF\xBD"));
    expect_unescape("\\ud83d\\u0041", SLICE("\xEF\xBF\xBD"
                                            "A"));
    expect_unescape("\\ud83d\\ud83d\\ude00", SLICE("\xEF\xBF\xBD\xF0\x9F\x98\x80"));
    struct buf b = buf_make(100);
    assert_int_equal(json_escape(SLICE("q\" b\\ \x01 \n \x7f /"), &b), ERR_OK);
    assert_true(slice_eq(buf_slice(&b), SLICE("q\\\" b\\\\ \\u0001 \\n \x7f /")));
    assert_int_equal(json_escape(SLICE("\xC3"), &b), ERR_UTF8);
    struct buf small = buf_make(3);
    assert_int_equal(json_escape(SLICE("\"\""), &small), ERR_LIMIT);
    buf_free(&b);
    buf_free(&small);
}

static void test_splice(void **state)
{
    (void)state;
    struct buf b = buf_make(100);
    const struct splice s[] = {
        {0, 1, SLICE_INIT("<<")}, {3, 3, SLICE_INIT("+")}, {4, 6, SLICE_INIT("")}, {9, 10, SLICE_INIT("z")}};
    assert_int_equal(json_splice(SLICE("0123456789"), s, 4, &b), ERR_OK);
    assert_true(slice_eq(buf_slice(&b), SLICE("<<12+3678z")));
    buf_truncate(&b, 0);
    assert_int_equal(json_splice(SLICE("0123456789"), NULL, 0, &b), ERR_OK);
    assert_true(slice_eq(buf_slice(&b), SLICE("0123456789")));
    struct buf tight = buf_make(9);
    assert_int_equal(json_splice(SLICE("0123456789"), s, 4, &tight), ERR_LIMIT);
    buf_free(&tight);
    tight = buf_make(4); /* the result fits although the source does not */
    const struct splice cut = {2, 8, SLICE_INIT("")};
    assert_int_equal(json_splice(SLICE("0123456789"), &cut, 1, &tight), ERR_OK);
    assert_true(slice_eq(buf_slice(&tight), SLICE("0189")));
    buf_free(&tight);
    buf_free(&b);
}

/* ---- the public suite and our own cases, where they are ------------------------------------------------------ */

static void test_suite(void **state)
{
    (void)state;
    static const char *const dirs[] = {"../shared/cases/json", "/work/shared/cases/json"};
    size_t n, at = 0, seen = 0;
    char *index = NULL;
    for (; at < 2 && !index; at++) index = slurp(dirs[at], "suite.json", &n);
    if (!index) skip();
    cJSON *all = cJSON_Parse(index), *row;
    assert_non_null(all);
    char sub[256];
    snprintf(sub, sizeof sub, "%s/suite", dirs[at - 1]);
    cJSON_ArrayForEach(row, cJSON_GetObjectItem(all, "files"))
    {
        const char *name = cJSON_GetObjectItem(row, "file")->valuestring;
        const char *want = cJSON_GetObjectItem(row, "raw_strict")->valuestring;
        char *t = slurp(sub, name, &n);
        if (!t) continue;
        enum err e = parse(slice_of(t, n));
        if ((e == ERR_OK) != (strcmp(want, "valid") == 0)) fail_msg("%s: %s, expected %s", name, err_name(e), want);
        if (strcmp(want, "too deep") == 0) assert_int_equal(e, ERR_JSON_DEPTH);
        if (strcmp(want, "duplicate key") == 0) assert_int_equal(e, ERR_JSON_DUPLICATE);
        if (strcmp(want, "not UTF-8") == 0) assert_int_equal(e, ERR_UTF8);
        free(t);
        seen++;
    }
    assert_true(seen > 300);
    cJSON_Delete(all);
    free(index);
}

static void test_cases(void **state)
{
    (void)state;
    size_t n;
    char *index = slurp("tests/corpus/json", "index.json", &n);
    if (!index) skip();
    cJSON *all = cJSON_Parse(index), *row;
    cJSON_ArrayForEach(row, all)
    {
        const char *name = cJSON_GetObjectItem(row, "file")->valuestring;
        const char *kind = cJSON_GetObjectItem(row, "kind")->valuestring;
        const char *expect = cJSON_GetObjectItem(row, "expect")->valuestring;
        char *t = slurp("tests/corpus/json", name, &n);
        if (!t) continue;
        enum err e = parse(slice_of(t, n));
        bool top = strncmp(name, "bad-top", 7) == 0, args = strcmp(name, "bad-deep-args.json") == 0;
        bool want = strcmp(expect, "400") != 0 || top || args; /* those are for the caller of the tokenizer */
        if ((e == ERR_OK) != want) fail_msg("%s (%s): %s", name, kind, err_name(e));
        free(t);
    }
    cJSON_Delete(all);
    free(index);
}

static int teardown(void **state)
{
    (void)state;
    json_doc_free(&doc);
    return 0;
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid_and_invalid),
        cmocka_unit_test(test_nodes),
        cmocka_unit_test(test_text_eq),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_duplicates_large),
        cmocka_unit_test(test_utf8_exact),
        cmocka_unit_test(test_scan_places),
        cmocka_unit_test(test_high_byte_behind_the_string),
        cmocka_unit_test(test_unescape),
        cmocka_unit_test(test_splice),
        cmocka_unit_test(test_suite),
        cmocka_unit_test(test_cases),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
