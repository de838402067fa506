/* Where strings lie: every way of looking against one that reads byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "filters/text/quotes.h"
#include "tests/unit/any.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define WAYS 4u
#define MOST 500u

static struct quotes q;

static bool has(enum quotes_row row, size_t i) { return bits_next(quotes_bits(&q, row), i, i + 1) == i; }

static bool good_escape(struct slice t, size_t i)
{
    if (t.n - i < 2 || !t.p[i + 1] || !strchr("\"\\/bfnrtu", t.p[i + 1])) return false;
    for (size_t k = 2; t.p[i + 1] == 'u' && k < 6; k++)
        if (t.n - i <= k || !isxdigit((unsigned char)t.p[i + k])) return false;
    return true;
}

static void check(struct slice t)
{
    bool inside = false, ascii = true;
    size_t bad = SIZE_MAX;
    assert_int_equal(quotes_make(&q, t), ERR_OK);
    for (size_t i = 0; i < t.n; i++) {
        const char c = t.p[i];
        if (has(QUOTES_HIGH, i) != ((unsigned char)c >= 0x7F)) fail_msg("high at %zu of %zu", i, t.n);
        ascii = ascii && (unsigned char)c < 0x7F;
        if (has(QUOTES_END, i) != (c == '"')) fail_msg("quote at %zu of %zu: %.*s", i, t.n, (int)t.n, t.p);
        if (has(QUOTES_ESCAPE, i) != (c == '\\')) fail_msg("escape at %zu of %zu: %.*s", i, t.n, (int)t.n, t.p);
        if (inside && bad == SIZE_MAX && ((unsigned char)c < 0x20 || (c == '\\' && !good_escape(t, i)))) bad = i;
        if (c == '"') inside = !inside;
        if (c != '\\' || ++i == t.n) continue; /* what is escaped is neither */
        if (has(QUOTES_END, i) || has(QUOTES_ESCAPE, i)) fail_msg("escaped at %zu of %zu: %.*s", i, t.n, (int)t.n, t.p);
        const bool hides = (unsigned char)t.p[i] >= 0x7F || t.p[i] == 'b' || t.p[i] == 'f';
        if (has(QUOTES_HIGH, i) != hides) fail_msg("high at %zu", i);
        ascii = ascii && !hides;
        if (inside && bad == SIZE_MAX && (unsigned char)t.p[i] < 0x20) fail_msg("an escape that is none must have been seen");
    }
    assert_int_equal(q.ascii, ascii);
    if (q.bad != bad) fail_msg("bad %zu, not %zu, of %zu: %.*s", q.bad, bad, t.n, (int)t.n, t.p);
}

static void test_ways(void **state)
{
    (void)state;
    static const char *const pieces[] = {"\"",  "\"",   "\\",           "\\\\", "\\\"",    "\\n",  "\\u00e9",  "\\u12",
                                         "\\x", "word", "longer words", "\n",   "{\"a\":", "\x01", "\xC3\xA9", "\\\\\\\\\\",
                                         "  ",  "7",    "\\/",          "\\b",  "\x7f",    "\\f"};
    static char t[MOST];
    for (unsigned way = 0; way < WAYS; way++) {
        if (!quotes_way(way)) continue;
        for (unsigned round = 0; round < 6000; round++) {
            /* a few kinds at a time: with all of them every text is wrong from the beginning */
            const uint32_t kinds = any(1u << 22) | 3, most = any(round % 2 ? 150 : MOST);
            size_t n = 0;
            while (n < most) {
                const uint32_t k = any(sizeof pieces / sizeof pieces[0]);
                if (!(kinds >> k & 1)) continue;
                for (const char *p = pieces[k]; *p && n < most; p++) t[n++] = *p;
            }
            check(slice_of(t, n));
        }
    }
    for (unsigned way = 0; !quotes_way(way);) way++;
}

/* Rows of backslashes of every length, ending at every place round a block. */
static void test_slashes(void **state)
{
    (void)state;
    static char t[300];
    for (unsigned way = 0; way < WAYS; way++) {
        if (!quotes_way(way)) continue;
        for (size_t at = 40; at < 140; at++)
            for (size_t n = 0; n < 80; n++) {
                memset(t, 'a', sizeof t);
                t[0] = '"';
                memset(t + at, '\\', n);
                t[at + n] = '"';
                t[at + n + 1] = '"';
                check(slice_of(t, at + n + 2));
                check(slice_of(t + 1, at + n));
            }
    }
    for (unsigned way = 0; !quotes_way(way);) way++;
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ways), cmocka_unit_test(test_slashes)};
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    quotes_free(&q);
    return rc;
}
