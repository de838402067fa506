/* The vector pass against one that looks at every byte alone, with all the vectors this processor has, on texts made of
 * what it tells apart, across blocks. */
#include "proxy/base/mem.h"
#include "tests/unit/filters/detect/naive_numbers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static uint64_t state = 88172645463325252u;
static unsigned rnd(unsigned n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % n;
}

static struct structure st;
#define TEXT_MAX 40000u

/* An exact copy, so that a sanitizer sees a byte read too far. */
static struct slice make_text(size_t n)
{
    static const char *const piece[] = {"12:34:56",
                                        "2024-01-02",
                                        "550e8400-e29b-41d4-a716-446655440000",
                                        "fe80::1",
                                        "00:1a:2b:3c:4d:5e",
                                        "00-1a-2b-3c-4d-5e",
                                        "a@b",
                                        "192.168.1.1",
                                        "+49 (0) 30",
                                        "GB82 WEST 1234",
                                        "x1",
                                        "abcdef",
                                        "CHE-116.281",
                                        "\xc3\xa9",
                                        "\n",
                                        " ",
                                        "\"",
                                        "1",
                                        "12",
                                        "123",
                                        "0",
                                        "999999999999999999",
                                        "sha512-iRwwuamYMZulSPVnXDGkEzG4SglivWnVDMZ",
                                        "A",
                                        "-",
                                        ":",
                                        "+",
                                        "/",
                                        "_",
                                        "#",
                                        ",",
                                        "(",
                                        ")"};
    static const char wild[] = "0123456789abcxyzABCXYZ @:-+/_.,()#\n\"\xe4";
    char *p = malloc(n ? n : 1);
    assert_non_null(p);
    unsigned mode = rnd(4);
    for (size_t i = 0; i < n;) {
        const char *s = piece[rnd(sizeof piece / sizeof piece[0])];
        if (mode == 0 || rnd(8) == 0) {
            p[i++] = wild[rnd(sizeof wild - 1)];
        } else if (mode == 1) {
            p[i++] = "01ab"[rnd(4)]; /* long tokens */
            if (rnd(200) == 0) p[i - 1] = ' ';
        } else {
            for (; *s && i < n; s++) p[i++] = *s;
        }
    }
    return slice_of(p, n);
}

static void check_number(struct slice t, const struct structure_number *v, bool glued)
{
    size_t at = v->at, run = 0, run2 = 0;
    while (naive_digit(t, at + run)) run++;
    assert_int_equal((v->how & NUMBER_GLUED) != 0, glued);
    size_t first = run < NUMBER_RUN ? run : NUMBER_RUN;
    while (run2 < NUMBER_RUN && naive_digit(t, at + first + 1 + run2)) run2++;
    size_t most = first + run2 + 2 + NUMBER_BEHIND;
    if (most < run + NUMBER_BEHIND) most = run + NUMBER_BEHIND;
    if (most < NUMBER_AHEAD) most = NUMBER_AHEAD;
    bool edge = at < NUMBER_LETTERS + 3 || t.n - at < most || run >= 63;
    assert_int_equal((v->how & NUMBER_EDGE) != 0, edge);
    if (edge) return;
    char before = t.p[at - 1];
    assert_int_equal((v->how & NUMBER_SIGNED) != 0, before == '+' || before == '(');
    size_t letters = naive_letters(t, glued ? at : at - 1), may = glued ? NUMBER_LETTERS : NUMBER_PREFIX;
    if (letters > may || (!glued && before != ' ' && before != '-')) letters = 0;
    assert_int_equal(v->letters, letters);
    assert_int_equal(v->run, run);
    size_t alnum = 0;
    while (alnum < NUMBER_ALNUM && (naive_digit(t, at + alnum) || naive_letter(t, at + alnum))) alnum++;
    assert_int_equal(v->alnum, alnum);
    assert_int_equal(v->before, number_kind[(unsigned char)before]);
    assert_int_equal(v->key, number_key((unsigned)first, number_kind[(unsigned char)t.p[at + first]], (unsigned)run2,
                                        number_kind[(unsigned char)t.p[at + first + 1 + run2]]));
}

static bool hex(struct slice t, size_t i) { return naive_digit(t, i) || (naive_letter(t, i) && (t.p[i] | 0x20) <= 'f'); }
static bool is(struct slice t, size_t i, char c) { return i < t.n && t.p[i] == c; }

static bool naive_colon(struct slice t, size_t i)
{
    unsigned colons = 0;
    if (is(t, i, '-')) return is(t, i + 3, '-') && is(t, i + 6, '-') && hex(t, i + 1);
    if (!is(t, i, ':') || !(hex(t, i + 1) || is(t, i + 1, ':'))) return false;
    for (size_t k = i; k < i + 64; k++) {
        colons += is(t, k, ':');
        if (is(t, k, ':') && (k == i + 63 || is(t, k + 1, ':'))) return true;
    }
    return colons >= 5;
}

static bool token_byte(struct slice t, size_t i)
{
    return naive_digit(t, i) || naive_letter(t, i) || is(t, i, '+') || is(t, i, '/') || is(t, i, '_') || is(t, i, '-');
}

/* Two of the last 64 bytes of a run that ends before text[end]. */
static bool has_digits(struct slice t, size_t end, size_t run)
{
    size_t n = 0;
    for (size_t k = 1; k <= run && k <= 64; k++) n += naive_digit(t, end - k);
    return n >= 2;
}

static void check_block(struct slice t, size_t from, size_t to)
{
    size_t n = 0, a = 0, c = 0, k = 0, run = 0;
    structure_find(t, from, to, 15, &st);
    for (size_t i = from; i < to; i++) {
        bool glued;
        if (naive_number(t, i, &glued)) {
            assert_true(n < st.numbers);
            assert_int_equal(st.number[n].at, i);
            check_number(t, &st.number[n++], glued);
        }
        if (t.p[i] == '@') assert_int_equal(st.at[a++], i);
        if (naive_colon(t, i)) assert_int_equal(st.colon[c++], i);
    }
    while (run < from && token_byte(t, from - run - 1)) run++;
    for (size_t i = from; i <= to; i++) {
        if (i < to && token_byte(t, i)) {
            run++;
            continue;
        }
        if (i == from) run = 0; /* it ended in the block before */
        if (run >= STRUCTURE_TOKEN && has_digits(t, i, run) && (i < to || to == t.n || !token_byte(t, to))) {
            assert_true(k < st.tokens);
            assert_int_equal(st.token[k].start + st.token[k].len, i);
            if (run <= STRUCTURE_LONG) assert_int_equal(st.token[k].len, run);
            else assert_true(st.token[k].len >= STRUCTURE_LONG);
            k++;
        }
        run = 0;
    }
    assert_int_equal(st.numbers, n);
    assert_int_equal(st.ats, a);
    assert_int_equal(st.colons, c);
    assert_int_equal(st.tokens, k);
}

static void every_place_is_found(void **arg)
{
    (void)arg;
    for (unsigned way = VECTORS_SSE2; way <= VECTORS_AVX512; way++) {
        if (structure_limit((enum vectors)way) != (enum vectors)way) continue;
        for (unsigned round = 0; round < 120; round++) {
            struct slice t = make_text(round < 60 ? rnd(300) : rnd(TEXT_MAX));
            for (size_t from = 0; from < t.n; from += STRUCTURE_BLOCK)
                check_block(t, from, t.n - from < STRUCTURE_BLOCK ? t.n : from + STRUCTURE_BLOCK);
            free((void *)(uintptr_t)t.p);
        }
    }
    (void)structure_limit(VECTORS_AVX512);
}

/* --- tokens */

static bool naive_rare(struct slice t)
{
    unsigned changes = 0, digits = 0, letters = 0, last = 0;
    for (size_t i = 0; i < t.n; i++) {
        char c = t.p[i];
        unsigned kind = c >= '0' && c <= '9' ? 1 : c >= 'a' && c <= 'z' ? 2 : c >= 'A' && c <= 'Z' ? 3 : 4;
        digits += kind == 1;
        letters += kind == 2 || kind == 3;
        changes += kind != last;
        last = kind;
    }
    return digits >= 2 && letters >= 4 && changes * 4 >= t.n;
}

static void tokens_are_told(void **arg)
{
    (void)arg;
    static const char *const sets[] = {"abcdefghijABCDEFGHIJ0123456789+/",
                                       "abcdefghijklmnop0",
                                       "ABCDEF0123456789",
                                       "ab-_1",
                                       "0123456789ab",
                                       "0123456789abcdefABCDEF"};
    unsigned rare = 0, rounds = 20000;
    for (unsigned round = 0; round < rounds; round++) {
        const char *set = sets[rnd(6)];
        size_t n = rnd(330);
        char *p = malloc(n ? n : 1);
        assert_non_null(p);
        for (size_t i = 0; i < n; i++) p[i] = i && rnd(3) ? p[i - 1] : set[rnd((unsigned)strlen(set))];
        struct slice t = slice_of(p, n);
        assert_int_equal(structure_rare(t), naive_rare(t));
        rare += structure_rare(t);
        unsigned extras = 0;
        for (unsigned k = 0; k < 4; k++) extras |= (n && memchr(p, "+/_-"[k], n) ? 1u : 0u) << k;
        unsigned kinds = 0;
        for (size_t k = 0; k < n; k++) {
            if (p[k] >= 'a' && p[k] <= 'z') kinds |= VALUE_SMALL;
            if (p[k] >= 'A' && p[k] <= 'Z') kinds |= VALUE_CAPITAL;
            if (!p[k] || !strchr("0123456789abcdefABCDEF", p[k])) kinds |= VALUE_NO_HEX;
        }
        for (int way = VECTORS_SSE2; way <= VECTORS_AVX512; way++) {
            (void)structure_limit((enum vectors)way);
            assert_int_equal(structure_bytes(t, "+/_-").extras, extras);
            assert_int_equal(structure_bytes(t, "+/_-").kinds, kinds);
        }
        free(p);
    }
    assert_in_range(rare, rounds / 50, rounds - rounds / 50); /* both answers were met */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_place_is_found), cmocka_unit_test(tokens_are_told)};
    mem_install_hooks();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
