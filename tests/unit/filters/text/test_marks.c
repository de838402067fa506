/* Marks: every way of sorting bytes against one written plainly, at every place round the blocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "filters/text/alphabet.h"
#include "filters/text/breaks.h"
#include "filters/text/marks.h"
#include "tests/unit/any.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WAYS 4u
#define MOST 700u

static struct marks m;

static bool has(enum mark kind, size_t i) { return marks_next(&m, kind, i, i + 1) == i; }

static bool in(char c, const char *set) { return c && strchr(set, c); }
static bool is_base64(char c) { return isalnum((unsigned char)c) || in(c, "+/-_"); }
static bool is_token(char c) { return is_base64(c) || in(c, "=.@:!#$%&"); }
static bool is_hex(char c) { return isxdigit((unsigned char)c) != 0; }

static bool run_at(struct slice t, size_t i)
{
    for (size_t k = 0; k < MARK_RUN_LEAST; k++) {
        if (i + k >= t.n) return false;
        const bool padding = k + 1 == MARK_RUN_LEAST && in(t.p[i + k], "=.@:!#$%&"); /* the last may be one */
        if (!is_base64(t.p[i + k]) && !padding) return false;
    }
    return true;
}

/* Base64 begins at i, or a part of it. */
static bool base64_at(struct slice t, size_t i)
{
    if (!run_at(t, i)) return false;
    const bool begins = i == 0 || !is_base64(t.p[i - 1]), part = i && in(t.p[i - 1], "+/-_") && !in(t.p[i], "+/-_");
    return (begins || part) && alphabet_begins_base64(t.p + i);
}

static bool hex_at(struct slice t, size_t i)
{
    if (i && is_hex(t.p[i - 1])) return false;
    for (size_t k = 0; k < MARK_HEX_LEAST; k++)
        if (i + k >= t.n || !is_hex(t.p[i + k])) return false;
    return alphabet_begins_hex(t.p + i);
}

/* A run of base32 begins at i that may stand for text: no figure at its beginning, no sign in it and one case. */
static bool base32_at(struct slice t, size_t i)
{
    const bool begins = i == 0 || !is_base64(t.p[i - 1]) || in(t.p[i - 1], "+/-_");
    bool small = false, capital = false;
    for (size_t k = i; k < i + ALPHABET_BASE32; k++) {
        if (k >= t.n || !isalnum((unsigned char)t.p[k])) return false;
        small |= islower((unsigned char)t.p[k]) != 0;
        capital |= isupper((unsigned char)t.p[k]) != 0;
    }
    return begins && !isdigit((unsigned char)t.p[i]) && !(small && capital) && alphabet_begins_base32(t.p + i);
}

/* Where what is broken at i goes on; t.n if nowhere. */
static size_t goes_on(struct slice t, size_t i)
{
    while (i < t.n && in(t.p[i], "*`~")) i++;
    size_t k = i;
    if (k < t.n && t.p[k] == '\\') k++;
    if (k < t.n && t.p[k] == '\r') k++;
    if (k < t.n && t.p[k] == '\n') {
        i = k + 1;
        while (i < t.n && in(t.p[i], " \t>")) i++;
        for (k = i; k < t.n && k - i < 3 && in(t.p[k], "-*+#/|");) k++;
        if (k > i && k < t.n && t.p[k] == ' ') i = k + 1; /* a list's mark */
        while (i < t.n && in(t.p[i], "*`~")) i++;
    }
    return i < t.n && is_token(t.p[i]) ? i : t.n;
}

static bool has_alnum(const char *p, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (isalnum((unsigned char)p[k])) return true;
    return false;
}

/* Whether no value ends in a piece behind a line end: a word, or what is none of letters and digits. */
static bool ends_nothing(struct slice t, size_t k, size_t n)
{
    if (n > 1 && t.p[k] == '+' && t.p[k + 1] != '+' && !in(t.p[k - 1], "*`~")) k++, n--; /* a diff's mark */
    size_t word = isalpha((unsigned char)t.p[k]) != 0;
    while (word && word < n && islower((unsigned char)t.p[k + word])) word++;
    const bool on = word < n && (isalnum((unsigned char)t.p[k + word]) || in(t.p[k + word], "_-"));
    const bool alone = word == n && t.n - k - n >= 2 && t.p[k + n] == ' ' &&
                       (isalpha((unsigned char)t.p[k + n + 1]) || t.p[k + n + 1] == '=');
    return (word >= 4 && !on) || alone || !has_alnum(t.p + k, n);
}

/* Whether the break at i must be marked: the pieces round it come to sixteen bytes with a digit among them, and are more than two
 * or may be a mailbox or end a value. */
static bool break_at(struct slice t, size_t i)
{
    size_t left = i, n, digits = 0;
    if (i == 0 || !in(t.p[i], "\n*`~")) return false;
    if (t.p[left - 1] == '\r') left--;
    for (n = 0; left > n && is_token(t.p[left - n - 1]); n++) digits += isdigit((unsigned char)t.p[left - n - 1]) != 0;
    if (!n) return false;
    size_t k = goes_on(t, i), pieces = 1;
    if (k == t.n) return false;
    const size_t first = n, second = k;
    size_t end = k;
    while (k < t.n) {
        pieces++;
        for (; k < t.n && is_token(t.p[k]); k++, n++) digits += isdigit((unsigned char)t.p[k]) != 0;
        end = k;
        if (k == t.n || !in(t.p[k], "\n*`~\r\\")) break;
        k = goes_on(t, k);
    }
    const char *at = memchr(t.p + left - first, '@', end - left + first);
    const bool line = memchr(t.p + i, '\n', second - i) != NULL, mail = at && memchr(at, '.', (size_t)(t.p + end - at));
    if (pieces == 2 && line && !mail && (ends_nothing(t, second, n - first) || !has_alnum(t.p + left - first, first)))
        return false;
    return digits && n >= 16;
}

static void check(struct slice t)
{
    static const char *const names[] = {"lt",     "gt",    "amp", "quot",           "apos",   "nbsp",   "commat",
                                        "period", "colon", "sol", "bsol",           "lowbar", "hyphen", "dash",
                                        "equals", "plus",  "num", "dollar",         "percnt", "shy",    "zwnj",
                                        "zwj",    "lrm",   "rlm", "ZeroWidthSpace", "NoBreak"};
    assert_int_equal(marks_make(&m, t), ERR_OK);
    for (size_t i = 0; i < t.n; i++) {
        const char c = t.p[i];
        bool two = t.n - i >= 3 && is_base64(t.p[i + 2]);
        bool percent = two && c == '%' && ((is_hex(t.p[i + 1]) && is_hex(t.p[i + 2])) || (t.p[i + 1] | 32) == 'u');
        bool entity = two && c == '&' && t.p[i + 1] == '#';
        for (size_t k = 0; two && c == '&' && k < sizeof names / sizeof names[0]; k++)
            entity = entity || memcmp(t.p + i + 1, names[k], 2) == 0;
        if (has(MARK_ESCAPE, i) != (c == '\\')) fail_msg("escape at %zu of %zu", i, t.n);
        if (has(MARK_PERCENT, i) != percent) fail_msg("percent at %zu of %zu", i, t.n);
        if (has(MARK_ENTITY, i) != entity) fail_msg("entity at %zu of %zu", i, t.n);
        if (has(MARK_BASE64, i) != base64_at(t, i)) fail_msg("base64 at %zu of %zu", i, t.n);
        if (has(MARK_HEX, i) != hex_at(t, i)) fail_msg("hex at %zu of %zu", i, t.n);
        if (base32_at(t, i) && !has(MARK_BASE32, i)) fail_msg("base32 at %zu of %zu: %.*s", i, t.n, (int)t.n, t.p);
        if (has(MARK_BASE32, i) && !(t.n - i >= ALPHABET_BASE32 && alphabet_begins_base32(t.p + i)))
            fail_msg("no base32 at %zu", i);
        if (break_at(t, i) && !has(MARK_BREAK, i)) fail_msg("break at %zu of %zu: %.*s", i, t.n, 90, t.p + (i > 30 ? i - 30 : 0));
        if (has(MARK_BREAK, i) && !in(c, "\n*`~<\"'")) fail_msg("no break at %zu", i);
        bool any = false;
        for (enum mark k = MARK_ANY + 1; k < MARK_KINDS; k++) any |= has(k, i);
        assert_int_equal(has(MARK_ANY, i), any);
    }
    for (enum mark k = 0; k < MARK_KINDS; k++) {
        assert_int_equal(marks_next(&m, k, t.n, t.n + 1), t.n + 1);
        assert_int_equal(marks_has(&m, k), marks_next(&m, k, 0, t.n) < t.n);
    }
}

/* Pieces of what marks are about, thrown together. */
static size_t throw_together(char *t, size_t n)
{
    static const char *const pieces[] = {"\n",
                                         " ",
                                         "word",
                                         "Token9",
                                         "\r\n",
                                         "*",
                                         "**",
                                         "`",
                                         "\\",
                                         "\\\n",
                                         "%41",
                                         "%u00",
                                         "%",
                                         "&amp;",
                                         "&#1;",
                                         "& ",
                                         "\"",
                                         "\" ",
                                         "\"\n",
                                         "'",
                                         "abcdef",
                                         "=",
                                         ".",
                                         "@",
                                         "-",
                                         "/usr/",
                                         "_x_",
                                         "\n    ",
                                         "\n > ",
                                         "\xC3\xA9",
                                         "7",
                                         "\xFF",
                                         "\x80",
                                         "12345678",
                                         "ABCDEFGHIJKLMNOP",
                                         "~",
                                         "{",
                                         ": ",
                                         "\t",
                                         "\x1e",
                                         "SGVsbG8gd29ybGQh",
                                         "414b4941515833424437",
                                         "+",
                                         "0x41"};
    size_t at = 0;
    while (at < n) {
        const char *p = pieces[any(sizeof pieces / sizeof pieces[0])];
        for (; *p && at < n; p++) t[at++] = *p;
    }
    return at;
}

static void test_ways(void **state)
{
    (void)state;
    static char t[MOST];
    unsigned ways = 0;
    for (unsigned way = 0; way < 2 * WAYS; way++) {
        if (!marks_way(way / 2) || !breaks_way(way % 2)) continue;
        ways++;
        for (unsigned round = 0; round < 3000; round++) {
            size_t n = any(round < 2000 ? 200 : MOST);
            check(slice_of(t, throw_together(t, n)));
        }
    }
    assert_true(ways > 0);
    for (unsigned way = 0; !marks_way(way);) way++;
    for (unsigned way = 0; !breaks_way(way);) way++;
}

/* All ways mark the same. */
static void test_alike(void **state)
{
    (void)state;
    static char t[MOST];
    static uint64_t rows[MARK_KINDS][MOST / 64 + 1];
    for (unsigned round = 0; round < 1000; round++) {
        const struct slice s = slice_of(t, throw_together(t, any(MOST)));
        bool first = true;
        for (unsigned way = 0; way < 2 * WAYS; way++) {
            if (!marks_way(way / 2) || !breaks_way(way % 2)) continue;
            assert_int_equal(marks_make(&m, s), ERR_OK);
            for (enum mark k = 0; k < MARK_KINDS; k++) {
                const size_t bytes = (s.n / 64 + 1) * sizeof rows[k][0];
                if (first) memcpy(rows[k], m.word + k * m.room, bytes);
                assert_memory_equal(rows[k], m.word + k * m.room, bytes);
            }
            first = false;
        }
    }
    for (unsigned way = 0; !marks_way(way);) way++;
    for (unsigned way = 0; !breaks_way(way);) way++;
}

/* Hex in pairs is marked somewhere, wherever it stands. */
static void test_pairs(void **state)
{
    (void)state;
    static const char *const lists[] = {"41 4b 49 41 51 58 33 42 44",
                                        "41-4B-49-41-51-58-33-42-44",
                                        "41:4b:49:41:51:58:33:42:44",
                                        "0x41,0x4b,0x49,0x41,0x51,0x58,0x33,0x42,0x44",
                                        "0x41, 0x4b, 0x49, 0x41, 0x51, 0x58, 0x33, 0x42, 0x44",
                                        "41, 4b, 49, 41, 51, 58, 33, 42, 44",
                                        "414b 4941 5158 3342 4437 5a4a"};
    static char t[300];
    for (unsigned way = 0; way < WAYS; way++) {
        if (!marks_way(way)) continue;
        for (size_t k = 0; k < sizeof lists / sizeof lists[0]; k++)
            for (size_t at = 0; at < 200; at++) {
                const size_t n = strlen(lists[k]);
                memset(t, ' ', sizeof t);
                memcpy(t + at, lists[k], n);
                assert_int_equal(marks_make(&m, slice_of(t, sizeof t)), ERR_OK);
                assert_in_range(marks_next(&m, MARK_PAIRS, 0, sizeof t), at, at + n - 1);
            }
        const struct slice words = SLICE("is to be of it in as we go by at an or on no so up us");
        assert_int_equal(marks_make(&m, words), ERR_OK);
        assert_false(marks_has(&m, MARK_PAIRS));
    }
    for (unsigned way = 0; !marks_way(way);) way++;
}

/* So are lists of decimal numbers, and a run of base32 where it begins. */
static void test_codes(void **state)
{
    (void)state;
    static const char *const lists[] = {"65,75,73,65,81,88,51,66,68,55", "65, 107, 73, 97, 81, 88, 101, 66, 68, 105",
                                        "107 97 101 115 107 97 101 115 107 97"};
    static const char base32[] = "IFFUSQKRLAZUERBXLJFDE===";
    static char t[300];
    for (unsigned way = 0; way < WAYS; way++) {
        if (!marks_way(way)) continue;
        for (size_t k = 0; k < sizeof lists / sizeof lists[0]; k++)
            for (size_t at = 0; at < 200; at++) {
                const size_t n = strlen(lists[k]);
                memset(t, ' ', sizeof t);
                memcpy(t + at, lists[k], n);
                assert_int_equal(marks_make(&m, slice_of(t, sizeof t)), ERR_OK);
                assert_in_range(marks_next(&m, MARK_CODES, 0, sizeof t), at, at + n - 1);
                memcpy(t + at, base32, sizeof base32 - 1);
                check(slice_of(t, sizeof t));
                assert_int_equal(marks_next(&m, MARK_BASE32, 0, sizeof t), at);
            }
        const struct slice words = SLICE("on 2026-11-23 at 10:15:10, 1.2.3.4 had 12 or 13; internationalization");
        assert_int_equal(marks_make(&m, words), ERR_OK);
        assert_false(marks_has(&m, MARK_CODES) || marks_has(&m, MARK_BASE32));
    }
    for (unsigned way = 0; !marks_way(way);) way++;
}

/* Every byte alone at every place: nothing is taken for something else. */
static void test_bytes(void **state)
{
    (void)state;
    static char t[192];
    for (unsigned way = 0; way < WAYS; way++) {
        if (!marks_way(way)) continue;
        for (unsigned c = 0; c < 256; c++)
            for (size_t at = 60; at < 70; at++) {
                memset(t, ' ', sizeof t);
                memset(t + at - 15, 'a', 31);
                t[at] = (char)c;
                check(slice_of(t, sizeof t));
            }
    }
    for (unsigned way = 0; !marks_way(way);) way++;
}

/* A broken value at every place round the blocks is marked; a line end between words is not. */
static void test_breaks(void **state)
{
    (void)state;
    static const char *const broken[] = {"AKIAQX3BD7\nZJ2M5KW6RT",         "AKIAQX3BD7\r\n   ZJ2M5KW6RT",
                                         "AKIAQX3BD7**ZJ2M5KW6RT",         "TokenAsMixedCase\nGoesOnInTwoLines\n\n",
                                         "mail\nof\nsomebody@host\n",      "Words\nand\nwords\nand\n4digits\n",
                                         "ghp_abcdefgh\n> > ijklmnop12",   "abcdefgh1ijklmno\\\nabc",
                                         "AKIAQX3BD7<!-- x -->ZJ2M5KW6RT", "AKIAQX3BD7<!-- <b> -->ZJ2M5KW6RT"};
    static char t[400];
    for (size_t k = 0; k < sizeof broken / sizeof broken[0]; k++)
        for (size_t at = 0; at < 200; at++) {
            size_t n = strlen(broken[k]), cut = strcspn(broken[k], "\n*<");
            memset(t, ' ', sizeof t);
            memcpy(t + at, broken[k], n);
            assert_int_equal(marks_make(&m, slice_of(t, at + n)), ERR_OK);
            assert_true(has(MARK_BREAK, at + cut));
            check(slice_of(t, sizeof t));
            memcpy(t + at, "two words.\nAnd more of them, in lines.\n", 39);
            assert_int_equal(marks_make(&m, slice_of(t, at + 39)), ERR_OK);
            assert_int_equal(marks_next(&m, MARK_BREAK, 0, at + 39), at + 39);
        }
}

/* What ends no value is told from what may. */
static void test_ends(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool marked; /* its first line end or quote */
    } rows[] = {
        {"AKIAQX3BD7ZJ2M5K\ncommitter of it", false},   {"AKIAQX3BD7ZJ2M5K\ncommi7ter of it", true},
        {"AKIAQX3BD7ZJ2M5K\n+committer: of it", false}, {"AKIAQX3BD7ZJ2M5K\n++committer: of it", true},
        {"AKIAQX3BD7ZJ2M5K\nand so on", false},         {"AKIAQX3BD7ZJ2M5K\nand7 so on", true},
        {"AKIAQX3BD7ZJ2M5K\n----\tend", false},         {"----------------\n12345678, ", false},
        {"jane.doe@host.x7\nexample.org is it", true},  {"AKIAQX3BD7ZJ2M5K\nTotal=5\nand", true},

        {"AKIAQX3BD7ZJ2M5K\nand:\n12", true},           {"AKIAQX3BD7ZJ2M5K\nrules:\n12", false},
        {"AKIAQX3BD7ZJ2M5K\nfeed:\n12", true},          {"AKIAQX3BD7ZJ2M5K\nrule\n12", true},
        {"AKIAQX3BD7ZJ2M5K\nrule\n\n12", false},        {"AKIAQX3BD7ZJ2M5K\n@@ -1", false},
        {"jane@host7x8y9z1\ncommitter of it", false},   {"x = \"AKIAQX3BD7\" + \"ZJ2M5K\"", true},
        {"x = \"AKIAQX3BD7\" + ZJ2M5K", false},         {"x: \"AKIAQX3BD7\"\n  y: \"ZJ2M5K\"", false},
        {"x: \"AKIAQX3BD7\"\n  \"ZJ2M5K\"", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct slice s = slice_str(rows[i].text);
        assert_int_equal(marks_make(&m, s), ERR_OK);
        if (marks_has(&m, MARK_BREAK) != rows[i].marked) fail_msg("%s", rows[i].text);
    }
}

/* Each of many tags has a break in it, and none is looked at more often for that: a text takes no longer than its length. */
static void test_tags(void **state)
{
    (void)state;
    static const char *const units[] = {"<b1<b>", "<b1*<b>", "<!--1<!-->"};
    static char t[1u << 20];
    for (size_t k = 0; k < sizeof units / sizeof units[0]; k++) {
        const size_t n = strlen(units[k]);
        for (size_t i = 0; i < sizeof t; i++) t[i] = units[k][i % n];
        const clock_t begin = clock();
        assert_int_equal(marks_make(&m, slice_of(t, sizeof t)), ERR_OK);
        if (clock() - begin > 8 * CLOCKS_PER_SEC) fail_msg("%s: too long", units[k]); /* some milliseconds, or minutes */
    }
}

/* Where the token behind a margin begins that the line before it has, too. */
static void test_margins(void **state)
{
    (void)state;
    static const struct {
        const char *text, *token; /* or NULL: it goes on nowhere */
    } rows[] = {
        {"12: key AKIAQX3BD7\n13: ZJ2M5KW6RT", "ZJ2M5KW6RT"},
        {" 99  AKIAQX3BD7\r\n100  ZJ2M5KW6RT\r\n", "ZJ2M5KW6RT"},
        {"9\tAKIAQX3BD7\n10\tZJ2M5KW6RT\n11\t\n", "ZJ2M5KW6RT"},
        {"[INFO] AKIAQX3BD7\n[INFO] ZJ2M5KW6RT", "ZJ2M5KW6RT"},
        {"2026-11-23 10:15:09 AKIAQX3BD7\n2026-11-23 10:15:10 ZJ2M5KW6RT", "ZJ2M5KW6RT"},
        {"; card 4111 11\n; 11 1111 1111", "11 1111 1111"},
        {"[INFO] AKIAQX3BD7\n[WARN] ZJ2M5KW6RT", NULL},
        {"[INFO] AKIAQX3BD7\n[INFO] ZJ2M5KW6RT and more", NULL},
        {"[INFO] AKIAQX3BD7\n[INFO] ZJ2M5KW6RT:", NULL},
        {"1 key=AKIAQX3BD7\n2 key=ZJ2M5KW6RT", NULL}, /* records */
        {"[1]: https://a/AKIAQX3BD7\n[2]: https://a/ZJ2M5KW6RT", NULL},
        {"4111 \\\n1111 \\\n", NULL}, /* a number in groups, and no margin */
        {"12: AKIAQX3BD7\\\n13: ZJ2M5KW6RT\\\n", "ZJ2M5KW6RT"},
        {"4111 1111 11\n11 \u8c22\u8c22", NULL},
        {"12: AKIAQX3BD7\n13:", NULL},
        {"12: AKIAQX3BD7\n", NULL},
        {"AKIAQX3BD7\nZJ2M5KW6RT", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct slice t = slice_str(rows[i].text);
        const size_t cut = strcspn(t.p, "\n"), want = rows[i].token ? (size_t)(strstr(t.p + cut, rows[i].token) - t.p) : 0;
        assert_int_equal(marks_make(&m, t), ERR_OK);
        const size_t got = breaks_margin(marks_row(&m, MARK_WHITE), 0, t, cut);
        if (got != want) fail_msg("%s: %zu, not %zu", t.p, got, want);
        if (want) assert_true(has(MARK_BREAK, cut));
    }
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ways),    cmocka_unit_test(test_alike), cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_codes),   cmocka_unit_test(test_bytes), cmocka_unit_test(test_breaks),
        cmocka_unit_test(test_margins), cmocka_unit_test(test_ends),  cmocka_unit_test(test_tags),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    marks_free(&m);
    return rc;
}
