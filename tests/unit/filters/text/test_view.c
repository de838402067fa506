/* Views: pieces map back exactly, unescaping and folding read what a reader reads and nothing else is touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "filters/text/json.h"
#include "filters/text/view.h"

#include <stdio.h>

/* Unescapes raw, which stands at 100 in a source made for it. */
static enum err unescape(struct view *v, struct slice raw)
{
    static char source[1000];
    static struct quotes q;
    bool unicode = false;
    memset(source, 'x', sizeof source);
    memcpy(source + 100, raw.p, raw.n);
    v->source = slice_of(source, 100 + raw.n + 1);
    assert_int_equal(quotes_make(&q, v->source), ERR_OK);
    enum err e = view_unescape(v, slice_of(source + 100, raw.n), 100, quotes_bits(&q, QUOTES_ESCAPE), 100, &unicode);
    bool want = false;
    for (size_t i = 0; i + 1 < raw.n; i++)
        if (raw.p[i] == '\\') want = want || raw.p[++i] == 'u';
    assert_int_equal(unicode, want);
    quotes_free(&q);
    return e;
}

static struct slice text_of(const struct view *v) { return buf_slice(&v->text); }

static void test_pieces(void **state)
{
    (void)state;
    struct view v = view_make(100);
    assert_int_equal(view_add(&v, SLICE("abc"), 10), ERR_OK);
    assert_int_equal(view_add_unit(&v, SLICE("XY"), 20, 6), ERR_OK);
    assert_int_equal(view_add(&v, SLICE(""), 25), ERR_OK);
    assert_int_equal(view_add(&v, SLICE("de"), 30), ERR_OK);
    static const uint32_t rows[][4] = {{0, 1, 10, 11}, {0, 3, 10, 13}, {1, 2, 11, 12}, {2, 4, 12, 26}, {3, 4, 20, 26},
                                       {4, 5, 20, 26}, {4, 6, 20, 31}, {5, 7, 30, 32}, {0, 7, 10, 32}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t a, b;
        view_back(&v, rows[i][0], rows[i][1], &a, &b);
        assert_int_equal(a, rows[i][2]);
        assert_int_equal(b, rows[i][3]);
    }
    struct view tight = view_make(2);
    assert_int_equal(view_add(&tight, SLICE("abc"), 0), ERR_LIMIT);
    assert_int_equal(tight.count, 0);
    view_free(&tight);
    view_reset(&v, 1 << 20);
    assert_int_equal(buf_len(&v.text), 0);
    view_free(&v);
}

static void test_unescape(void **state)
{
    (void)state;
    struct view v = view_make(1000);
    static const char raw[] = "\\u0041KI\\nA \\ud83d\\ude00z";
    assert_int_equal(unescape(&v, SLICE(raw)), ERR_OK);
    assert_true(slice_eq(text_of(&v), SLICE("AKI\nA \xF0\x9F\x98\x80z")));
    uint32_t a, b;
    view_back(&v, 0, 3, &a, &b);
    assert_int_equal(a, 100);
    assert_int_equal(b, 108);
    view_back(&v, 2, 4, &a, &b);
    assert_int_equal(a, 107);
    assert_int_equal(b, 110);
    view_back(&v, 7, 8, &a, &b); /* inside the pair: the whole pair */
    assert_int_equal(a, 112);
    assert_int_equal(b, 124);
    view_free(&v);
}

/* Every byte of what was unescaped, and where it came from, against reading escape by escape. */
static void check_unescape(struct slice raw)
{
    struct view v = view_make(10000);
    uint32_t at = 0, first, last;
    assert_int_equal(view_add(&v, SLICE("head"), 3), ERR_OK);
    assert_int_equal(unescape(&v, raw), ERR_OK);
    const struct slice got = slice_of(v.text.p + 4, v.text.end - 4);
    for (size_t i = 0; i < raw.n;) {
        char c[4] = {raw.p[i], 0, 0, 0};
        size_t used = 1, n = raw.p[i] == '\\' ? json_escape_read(slice_of(raw.p + i, raw.n - i), c, &used) : 1;
        for (size_t k = 0; k < n; k++, at++) {
            uint32_t a, b;
            if (at >= got.n || got.p[at] != c[k])
                fail_msg("%u of %zu: %.*s became %.*s", at, got.n, (int)raw.n, raw.p, (int)got.n, got.p);
            view_back(&v, 4 + at, 5 + at, &a, &b);
            if (a != 100 + i || b != 100 + i + used) fail_msg("%u: [%u, %u): %.*s", at, a, b, (int)raw.n, raw.p);
        }
        uint32_t from, to, a, b;
        view_back(&v, 4 + at - (uint32_t)n, 4 + at, &a, &b);
        view_forward(&v, view_piece_at(&v, 3 + at), a + (uint32_t)used - 1, &from, &to);
        assert_int_equal(from, 4 + at - n);
        assert_int_equal(to, 4 + at);
        i += used;
    }
    assert_int_equal(at, got.n);
    if (at) view_back(&v, 4, 4 + at, &first, &last);
    if (at) assert_true(first == 100 && last == 100 + raw.n);
    view_free(&v);
}

static void test_unescape_ways(void **state)
{
    (void)state;
    static const char *const pieces[] = {"\\n",
                                         "\\t",
                                         "\\\"",
                                         "\\\\",
                                         "\\/",
                                         "\\b\\f\\r",
                                         "\\u0041",
                                         "\\ud83d\\ude00",
                                         "\\ud83d",
                                         "\\u00e9",
                                         "\\u4f60",
                                         "word",
                                         "nine words are here, without an escape",
                                         " ",
                                         "\xC3\xA9",
                                         "u",
                                         "n"};
    static char t[900];
    uint32_t seed = 7;
    for (unsigned way = 0; way < 4; way++) {
        if (!view_unescape_way(way)) continue;
        for (unsigned round = 0; round < 3000; round++) {
            uint32_t kinds = (seed >> 3) | 1u << 11;
            size_t n = 0, most = 20 + seed % (round % 2 ? 200 : 850);
            while (n < most) {
                seed = seed * 1664525u + 1013904223u;
                const uint32_t k = (seed >> 8) % (sizeof pieces / sizeof pieces[0]);
                if (!(kinds >> k & 1)) continue;
                const size_t len = strlen(pieces[k]);
                if (n + len > sizeof t) break;
                memcpy(t + n, pieces[k], len);
                n += len;
            }
            check_unescape(slice_of(t, n));
        }
    }
    for (unsigned way = 0; !view_unescape_way(way);) way++;
}

/* Rows of \\u: every number, in rows of every length, with one that is none in them. */
static void test_unescape_rows(void **state)
{
    (void)state;
    static char t[600];
    for (unsigned way = 0; way < 4; way++) {
        if (!view_unescape_way(way)) continue;
        for (unsigned c = 0; c < 0x10000;) {
            const unsigned row = 1 + c % 29;
            int n = 0;
            for (unsigned k = 0; k < row; k++, c++)
                n += snprintf(t + n, sizeof t - (size_t)n, c % 2 ? "\\u%04x" : "\\u%04X", c & 0xFFFF);
            check_unescape(slice_of(t, (size_t)n));
            t[6 * (c * 7 % row) + 2 + c % 4] = "g:/@`G \x80"[c % 8];
            check_unescape(slice_of(t, (size_t)n));
        }
    }
    for (unsigned way = 0; !view_unescape_way(way);) way++;
}

static void fold(const char *in, const char *want, unsigned invisible, unsigned tags, unsigned folded)
{
    struct view v = view_make(10000);
    struct fold_counts c = {0, 0, 0};
    assert_int_equal(view_fold(&v, slice_str(in), 0, &c), ERR_OK);
    struct slice t = text_of(&v);
    if (!slice_eq(t, slice_str(want))) fail_msg("%s became %.*s", in, (int)t.n, t.p);
    assert_int_equal(c.invisible, invisible);
    assert_int_equal(c.tags, tags);
    assert_int_equal(c.folded, folded);
    if (view_needs_fold(slice_str(in)) != (strcmp(in, want) != 0)) fail_msg("%s: needs_fold", in);
    for (uint32_t i = 0; i < t.n; i++) {
        uint32_t a, b;
        view_back(&v, i, i + 1, &a, &b);
        assert_true(a < b && b <= strlen(in));
        if (i + 1 < t.n) {
            uint32_t a2, b2;
            view_back(&v, i + 1, i + 2, &a2, &b2);
            assert_true(a2 >= a);
        }
    }
    view_free(&v);
}

static void test_fold(void **state)
{
    (void)state;
    fold("plain ASCII, \t\n kept", "plain ASCII, \t\n kept", 0, 0, 0);
    fold("ＡＫＩＡ９＠ｘ：", "AKIA9@x:", 0, 0, 6);
    fold("你好，世界。、；", "你好，世界。、；", 0, 0, 0);
    fold("A\u200bK\u200dI\u2060A\ufeff", "AKIA", 4, 0, 0);
    fold("\u00adsoft\u034f", "soft", 2, 0, 0);
    fold("A\x01K\x08I\x0c\x7f\x1e"
         "A\xC2\x80\xC2\x9F\u2065\U000e0080\ufffd\uffff\ue000",
         "AKIA", 12, 0, 0);
    fold("a\u2028b\xC2\x85"
         "c",
         "a\nb\nc", 0, 0, 0);
    fold("a\u1ab0b\u0489c\u1dc4", "abc", 0, 0, 0);
    fold("a\u2043b\ufe4dc\ua789d", "a-b_c:d", 0, 0, 0);
    fold("ꓮꓗꓲꓮ", "AKIA", 0, 0, 4);
    fold("РRIVАТЕ КЕУ, мир КЕУ", "PRIVATE KEY, мир КЕУ", 0, 0, 7);
    fold("ѕ-рrоj руpi-АgЕ, х", "s-proj pypi-AgE, х", 0, 0, 7);
    fold("какой-то веб, 90-е", "какой-то веб, 90-е", 0, 0, 0);
    fold("\U000e0041\U000e007fx", "x", 0, 2, 0);
    fold("𝐀𝑏𝟗𝟘𝔸", "Ab90A", 0, 0, 5);
    fold("ℌℯ①⑳⒜ⓩ⓪²₉", "He120az029", 0, 0, 9);
    fold("٤٢ ۴۲ ४२ ๔๒", "42 42 42 42", 0, 0, 8);
    fold("4111\u20111111\u00a01111\u30001111", "4111-1111 1111 1111", 0, 0, 0);
    fold("Привет, мир", "Привет, мир", 0, 0, 0);
    fold("Ελληνικά", "Ελληνικά", 0, 0, 0);
    fold("раураl1 и пароль", "paypal1 и пароль", 0, 0, 5);
    fold("АКIАQX", "AKIAQX", 0, 0, 3);
    fold("“x” ‘y’ – —", "\"x\" 'y' - -", 0, 0, 0);
    fold("caf\u00e9 na\u00efve", "caf\u00e9 na\u00efve", 0, 0, 0);
    fold("\u0441afe\u0301", "cafe", 0, 0, 1);
    fold("❤\ufe0f 👨\u200d👩\u200d👧 می\u200cخواهم", "❤\ufe0f 👨\u200d👩\u200d👧 می\u200cخواهم", 0, 0, 0);
    fold("Ａ\u200dＫ", "AK", 1, 0, 2);
    fold("A\x1b[31mK\x1b[0mI\x1bZ", "AKIZ", 3, 0, 0);
    fold("1\ufe0f\u20e3", "1", 1, 0, 0);
    fold("x\u202eyz\u2066", "xyz", 2, 0, 0);
    fold("ﾊﾝｶｸ 한국어 ひらがな カタカナ", "ﾊﾝｶｸ 한국어 ひらがな カタカナ", 0, 0, 0);
}

static void test_fold_nul(void **state)
{
    (void)state;
    struct view v = view_make(100);
    struct fold_counts c = {0, 0, 0};
    assert_true(view_needs_fold(SLICE("AK\0IA")));
    assert_int_equal(view_fold(&v, SLICE("AK\0IA"), 7, &c), ERR_OK);
    assert_true(slice_eq(text_of(&v), SLICE("AKIA")));
    uint32_t a, b;
    view_back(&v, 0, 4, &a, &b);
    assert_int_equal(a, 7);
    assert_int_equal(b, 12);
    view_free(&v);
}

/* Folding what was unescaped: going back at once is the same as going back twice. */
static void test_under(void **state)
{
    (void)state;
    static const char raw[] = "a\\n\\uff21\\u200bKI\xEF\xBC\xA1\\u201cx\\u201d \xE2\x80\x99 tail\\t.";
    struct view whole = view_make(1000), under = view_make(1000), twice = view_make(1000);
    assert_int_equal(view_add(&under, SLICE("before"), 1), ERR_OK);
    assert_int_equal(view_add(&whole, SLICE("key"), 7), ERR_OK);
    assert_int_equal(unescape(&whole, SLICE(raw)), ERR_OK);
    under.source = whole.source;
    whole.under = &under;
    assert_int_equal(view_split(&whole, 3, &under), ERR_OK);
    assert_true(slice_eq(text_of(&whole), SLICE("key")));
    const struct slice was = slice_of(under.text.p + 6, under.text.end - 6);
    struct fold_counts c = {0, 0, 0};
    size_t first = whole.count;
    assert_int_equal(view_fold(&whole, was, 6, &c), ERR_OK);
    view_on_under(&whole, first);
    assert_int_equal(view_fold(&twice, was, 6, &c), ERR_OK);
    assert_true(slice_eq(text_of(&whole), SLICE("keya\nAKIA\"x\" ' tail\t.")));
    uint32_t n = (uint32_t)buf_len(&twice.text);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = i + 1; k <= n; k++) {
            uint32_t a, b, s, e, x, y;
            view_back(&twice, i, k, &a, &b);
            view_back(&under, a, b, &s, &e);
            view_back(&whole, 3 + i, 3 + k, &x, &y);
            assert_int_equal(s, x);
            assert_int_equal(e, y);
        }
    view_free(&whole);
    view_free(&under);
    view_free(&twice);
}

/* The quick check must never say no where folding changes something: at every alignment. */
static void test_needs_fold_everywhere(void **state)
{
    (void)state;
    static const char *const odd[] = {"\u200b", "Ａ", "\u00a0", "\U000e0041", "²", "\x1b[1m", "٤", "②"};
    char t[128];
    for (size_t k = 0; k < sizeof odd / sizeof odd[0]; k++)
        for (size_t at = 0; at < 70; at++) {
            memset(t, 'a', sizeof t);
            assert_false(view_needs_fold(slice_of(t, 80)));
            memcpy(t + at, odd[k], strlen(odd[k]));
            assert_true(view_needs_fold(slice_of(t, 80)));
            struct view v = view_make(1000);
            struct fold_counts c = {0, 0, 0};
            assert_int_equal(view_fold(&v, slice_of(t, 80), 0, &c), ERR_OK);
            assert_false(slice_eq(text_of(&v), slice_of(t, 80)));
            view_free(&v);
        }
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_unescape),
        cmocka_unit_test(test_unescape_ways),
        cmocka_unit_test(test_unescape_rows),
        cmocka_unit_test(test_fold),
        cmocka_unit_test(test_fold_nul),
        cmocka_unit_test(test_needs_fold_everywhere),
        cmocka_unit_test(test_under),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
