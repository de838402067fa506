/* What folding could care about: every way of looking against the rule, and the rule against folding itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "filters/text/odd.h"
#include "tests/unit/any.h"
#include "filters/text/utf8.h"
#include "filters/text/view.h"

#include <string.h>

#define PLAIN 2u /* the way that looks byte by byte */

static size_t next(struct slice t, size_t i)
{
    struct odd o = odd_of(t);
    return odd_next(&o, i);
}

/* Folds t and says whether anything changed. */
static bool changes(struct slice t)
{
    struct view v = view_make(10000);
    struct fold_counts c = {0, 0, 0};
    assert_int_equal(view_fold(&v, t, 0, &c), ERR_OK);
    bool same = slice_eq(buf_slice(&v.text), t);
    view_free(&v);
    return !same;
}

/* No character that is folded is passed by, whatever stands beside it. */
static void test_every_character(void **state)
{
    (void)state;
    static const char *const sides[] = {" ", "a", "9", "_", "\xC3\xA9", "\xD0\xB6", "\xE4\xBD\xA0"};
    enum { SIDES = sizeof sides / sizeof sides[0] };
    for (uint32_t c = 1; c < 0xE1000; c++) {
        if (c >= 0xD800 && c < 0xE000) continue;
        if (c == 0x20000) c = 0xDFF00;
        char one[4], t[100];
        size_t n = utf8_put(c, one);
        for (unsigned k = 0; k < (c < 0x3400 ? SIDES * SIDES : 2); k++) {
            const char *l = sides[k / SIDES], *r = sides[k % SIDES];
            memset(t, '.', sizeof t);
            size_t at = 40;
            memcpy(t + at, l, strlen(l));
            at += strlen(l);
            size_t here = at;
            memcpy(t + at, one, n);
            at += n;
            memcpy(t + at, r, strlen(r));
            const struct slice s = slice_of(t, sizeof t), alone = slice_of(t + here, n);
            bool folds = changes(s);
            if (folds && next(s, 0) > here) fail_msg("U+%04X between %s and %s is passed by", c, l, r);
            if (folds != view_needs_fold(s)) fail_msg("U+%04X between %s and %s: needs_fold", c, l, r);
            if (changes(alone) && next(alone, 0) != 0) fail_msg("U+%04X alone is passed by", c);
        }
    }
}

/* The ways agree, also on bytes that are no UTF-8; words of another script are given from their beginning. */
static void test_ways(void **state)
{
    (void)state;
    static const char *const pieces[] = {"word",
                                         " ",
                                         "_",
                                         "9",
                                         "\xD0\xBF\xD1\x80\xD0\xB8",
                                         "\xD0\xB6",
                                         "\xCE\xB1",
                                         "\xE4\xBD\xA0\xE5\xA5\xBD",
                                         "\xE3\x80\x81",
                                         "\xE3\x80\x80",
                                         "\xEF\xBC\x8C",
                                         "\xEF\xBC\xA1",
                                         "\xED\x95\x9C",
                                         "\xEA\xB0\x80",
                                         "\xEA\x9C\xB0",
                                         "\xE2\x80\x8B",
                                         "\xC2\xA0",
                                         "\xC3\xA9",
                                         "\xC4\xB1",
                                         "\xC5\x82",
                                         "\xF0\x9F\x98\x80",
                                         "\x80",
                                         "\xD0",
                                         "\xE3\x80",
                                         "\x1b",
                                         "plain ASCII, of some length.",
                                         "\xD7\x90",
                                         "-",
                                         "-a",
                                         "b-",
                                         "\x01",
                                         "\x7f"};
    static char t[600];
    for (unsigned round = 0; round < 20000; round++) {
        const uint32_t kinds = any(1u << 24) | any(1u << 24) << 8 | 1u << 25;
        size_t n = 0, most = any(round % 4 ? 120 : sizeof t);
        while (n < most) {
            const uint32_t k = any(sizeof pieces / sizeof pieces[0]);
            if (!(kinds >> k & 1)) continue;
            for (const char *p = pieces[k]; *p && n < most; p++) t[n++] = *p;
        }
        const struct slice s = slice_of(t, n);
        for (size_t i = 0; i <= n; i += 1 + any(7)) {
            assert_true(odd_way(PLAIN));
            const size_t at = next(s, i);
            for (unsigned way = 0; way < PLAIN; way++) {
                struct odd o = odd_of(s);
                if (odd_way(way)) (void)odd_next(&o, i - any(i < 70 ? (uint32_t)i + 1 : 70)); /* what is known may be of before */
                const size_t got = odd_way(way) ? odd_next(&o, i) : at;
                if (got != at) fail_msg("way %u: %zu, not %zu, from %zu of %zu: %.*s", way, got, at, i, n, (int)n, t);
            }
            if (at < n && odd_foreign((unsigned char)t[at]) && at >= i + 2)
                assert_false(odd_foreign((unsigned char)t[at - 2]) && ((unsigned char)t[at - 1] & 0xC0) == 0x80);
        }
    }
    for (unsigned way = 0; !odd_way(way);) way++;
}

static void test_words(void **state)
{
    (void)state;
    const struct slice plain = SLICE(
        "\xD0\xBF\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82, \xD0\xBC\xD0\xB8\xD1\x80: caf\xC3\xA9 \xE4\xBD\xA0");
    assert_int_equal(next(plain, 0), plain.n);
    const struct slice mixed = SLICE("one \xD0\xBF\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82"
                                     "1 and more of it, behind");
    assert_int_equal(next(mixed, 0), 4);
    assert_int_equal(odd_foreign_end(mixed, 4), 16);
    assert_int_equal(next(mixed, 8), 8);
    assert_int_equal(next(mixed, 16), mixed.n);
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_character), cmocka_unit_test(test_ways),
                                       cmocka_unit_test(test_words)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
