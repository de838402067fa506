/* Rules started by digits against PCRE2 asked at every place a number may begin at: the same findings, with all the
 * vectors this processor has, on texts made of what the rules tell apart. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "filters/detect/engine.h"
#include "tests/unit/filters/detect/naive_numbers.h"

#include <pcre2.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD "code"

static const struct {
    const char *regex;
    bool near; /* needs WORD */
} rule[] = {
    {"(?<![0-9A-Za-z._-])(?<![0-9][:/])((?:25[0-5]|1[0-9]{2}|[1-9]?[0-9])(?:\\.(?:25[0-5]|1[0-9]{2}|[1-9]?[0-9])){3})(?![0-9.])",
     false},
    {"(?<![0-9A-Za-z])([0-9]{3}-[0-9]{2}-[0-9]{4})(?![0-9])", false},
    {"(?i)(?<![0-9A-Za-z])([a-z]{2}[0-9]{2}(?:[ -]?[0-9a-z]{4}){2,4})(?![0-9A-Za-z])", false},
    {"(?<![0-9])(\\+?[1-9][0-9]{6,10})(?![0-9])", false},
    {"(\\([0-9]{3}\\) ?[0-9]{3}-[0-9]{4})", false},
    {"(?<![0-9a-z.,/:$#-])([0-9]{1,4}(?: ?bis)?,? (?:rue|Main)(?: de)? \\p{Lu}\\p{Ll}+)(?![0-9A-Za-z])", false},
    {"(?:(?<=is )|(?<=was a ))([1-9][0-9])(?=,? years?)", false},
    {"(?<![0-9])([0-9]{6})(?![0-9])", true},
    {"(CHE-[0-9]{3}\\.[0-9]{3}\\.[0-9]{3})", false},
    {"(?i)(?<![a-z0-9])((?:id|nr) ?[0-9]{4,8})(?![0-9])", false},
    {"(?<![0-9])([0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2})(?![0-9])", true},
    {"([0-9]{1,3}(?:岁|\xe6\xad\xb2))", false},
    {"(?<![0-9A-Za-z])([0-9](?:[ .-]?[0-9]){10,15})(?![0-9A-Za-z])(?![.,-][0-9])", true},
    {"(?<![A-Za-z0-9])(x[0-9]{2}y?[a-f]*)(?=[\"\\s]|$)", false},
    {"(?:(?<![\\s\\S])|(?<=\\A\\s))([0-9]{2,9})(?=\\s)", false},
    {"(?<![0-9][.:-])(?<![A-Za-z]-)([0-9]{2,5}[A-Z]{1,3})(?![0-9A-Za-z])", false},
};
#define RULES (sizeof rule / sizeof rule[0])

static uint64_t state = 88172645463325252u;
static unsigned rnd(unsigned n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % n;
}

/* --- texts */

static struct slice make_text(size_t n)
{
    static const char *const piece[] = {"192.168.1.10",
                                        "078-05-1120",
                                        "GB82 WEST 1234 5698",
                                        "gb82west12345698",
                                        "+4930123456",
                                        "(415) 555-0100",
                                        "12 bis, rue de Lyon",
                                        "7 Main Street",
                                        "is 42 years",
                                        "was a 42, year",
                                        " " WORD " ",
                                        "x" WORD "r",
                                        "123456",
                                        "CHE-116.281.710",
                                        "id 12345",
                                        "NR1234",
                                        "2024-01-02",
                                        "2024/1/2",
                                        "12岁",
                                        "\xe6\xad\xb2",
                                        "1234 5678 9012",
                                        "4111-1111-1111-1111",
                                        "x12ab\"",
                                        "x12yf ",
                                        "345ABC",
                                        "99X",
                                        "12:34:56",
                                        "550e8400-e29b-41d4-a716-446655440000",
                                        "\n",
                                        " ",
                                        " ",
                                        "\"",
                                        "-",
                                        ".",
                                        ":",
                                        "/",
                                        ",",
                                        "(",
                                        "+",
                                        "#",
                                        "_",
                                        "é",
                                        "Z"};
    char *p = malloc(n ? n : 1);
    assert_non_null(p);
    for (size_t i = 0; i < n;) {
        unsigned what = rnd(10);
        if (what < 2) {
            for (unsigned k = 1 + rnd(rnd(4) ? 4 : 20); k && i < n; k--) p[i++] = (char)('0' + rnd(10));
        } else {
            const char *s = piece[rnd(sizeof piece / sizeof piece[0])];
            size_t first = i;
            for (; *s && i < n; s++) p[i++] = *s;
            if (what == 9) p[first + rnd((unsigned)(i - first))] = " -./:0123456789aZ"[rnd(17)];
        }
    }
    return slice_of(p, n);
}

/* --- the naive search */

static pcre2_code *code[RULES];
static pcre2_match_data *md;
struct range {
    size_t start, end;
} last[RULES];
static struct finding want[100000];
static size_t wanted;

static bool alnum(struct slice t, size_t i) { return naive_digit(t, i) || naive_letter(t, i); }

/* Letters of two bytes, and letters that are no hump, make a word part of a longer one. */
static bool letter2(struct slice t, size_t i)
{
    return i < t.n && (unsigned char)t.p[i] >= 0xc3 && (unsigned char)t.p[i] <= 0xdf;
}
static bool bound_before(struct slice t, size_t i)
{
    return i > 0 && (alnum(t, i - 1) || (((unsigned char)t.p[i - 1] & 0xc0) == 0x80 && i > 1 && letter2(t, i - 2)));
}
static bool bound_behind(struct slice t, size_t i) { return letter2(t, i) || (naive_letter(t, i) && t.p[i] >= 'a'); }

static bool word_near(struct slice t, size_t start, size_t end)
{
    size_t lo = start > 80 ? start - 80 : 0, hi = end + 40 < t.n ? end + 40 : t.n, n = strlen(WORD);
    for (size_t i = lo; i + n <= hi; i++) {
        if (memcmp(t.p + i, WORD, n) != 0 || (i < end && i + n > start)) continue;
        if (!bound_before(t, i) && !bound_behind(t, i + n)) return true;
    }
    return false;
}

static void try_at(struct slice t, size_t at)
{
    for (size_t r = 0; r < RULES; r++) {
        if (at >= last[r].start && at < last[r].end) continue;
        if (pcre2_match(code[r], (PCRE2_SPTR)t.p, t.n, at, 0, md, NULL) < 0) continue;
        const PCRE2_SIZE *ov = pcre2_get_ovector_pointer(md);
        if (ov[0] != at) continue; /* behind bytes that are no UTF-8 PCRE2 begins anew */
        if (rule[r].near && !word_near(t, ov[2], ov[3])) continue;
        last[r] = (struct range){ov[0], ov[1]};
        assert_true(wanted < sizeof want / sizeof want[0]);
        want[wanted++] = (struct finding){(uint32_t)ov[2], (uint32_t)ov[3], (uint16_t)r, 0};
    }
}

static bool sign(struct slice t, size_t i) { return t.p[i] == '+' || t.p[i] == '('; }

static void search(struct slice t)
{
    wanted = 0;
    memset(last, 0, sizeof last);
    for (size_t i = 0; i < t.n; i++) {
        bool glued;
        if (!naive_number(t, i, &glued)) continue;
        size_t n = naive_letters(t, i), signs = 0;
        if (glued && n <= NUMBER_LETTERS) try_at(t, i - n);
        while (signs < 3 && signs < i && sign(t, i - signs - 1)) signs++;
        if (signs) try_at(t, i - signs);
        if (signs > 1) try_at(t, i - 1);
        try_at(t, i);
        if (glued || i < 2 || (t.p[i - 1] != ' ' && t.p[i - 1] != '-')) continue;
        n = naive_letters(t, i - 1);
        if (n && n <= NUMBER_PREFIX) try_at(t, i - 1 - n);
    }
}

/* --- comparing */

static int by_place(const void *a, const void *b)
{
    const struct finding *x = a, *y = b;
    if (x->start != y->start) return x->start < y->start ? -1 : 1;
    if (x->rule != y->rule) return x->rule < y->rule ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

static struct ruleset *build(void)
{
    static struct rule_def def[RULES];
    static char id[RULES][12], name[] = "X", word[] = WORD, *words[] = {word};
    struct ruleset *rs = NULL;
    for (size_t i = 0; i < RULES; i++) {
        (void)snprintf(id[i], sizeof id[i], "rule-%zu", i);
        def[i] = (struct rule_def){.id = id[i],
                                   .type = name,
                                   .cls = RULE_PII, /* secrets are looked for once more elsewhere */
                                   .regex = (char *)(uintptr_t)rule[i].regex,
                                   .triggers = TRIGGER_DIGITS,
                                   .digits_min = 1,
                                   .digits_max = 40,
                                   .score = 0.9f};
        if (rule[i].near) def[i].context = (struct rule_context){.words = words, .count = 1, .require = true};
        int error;
        PCRE2_SIZE at;
        code[i] = pcre2_compile((PCRE2_SPTR)rule[i].regex, PCRE2_ZERO_TERMINATED,
                                PCRE2_ANCHORED | (strstr(rule[i].regex, "\\p") ? PCRE2_UTF | PCRE2_MATCH_INVALID_UTF : 0), &error,
                                &at, NULL);
        assert_non_null(code[i]);
        (void)pcre2_jit_compile(code[i], PCRE2_JIT_COMPLETE);
    }
    md = pcre2_match_data_create(30, NULL);
    assert_int_equal(ruleset_build(def, RULES, NULL, NULL, &rs), ERR_OK);
    return rs;
}

static void nothing_is_lost(void **arg)
{
    (void)arg;
    struct ruleset *rs = build();
    struct detect_scratch *s = detect_scratch_new();
    struct findings f = {0};
    size_t met[RULES] = {0};
    assert_non_null(s);
    for (unsigned round = 0; round < 400; round++) {
        struct slice t = make_text(round < 250 ? rnd(400) : rnd(36000));
        search(t);
        qsort(want, wanted, sizeof *want, by_place);
        for (size_t i = 0; i < wanted; i++) met[want[i].rule]++;
        for (unsigned way = VECTORS_SSE2; way <= VECTORS_AVX512; way++) {
            if (structure_limit((enum vectors)way) != (enum vectors)way) continue;
            f.count = 0;
            assert_int_equal(detect_scan(rs, s, t, &f), ERR_OK);
            qsort(f.v, f.count, sizeof *f.v, by_place);
            for (size_t i = 0; i < f.count && i < wanted; i++) {
                if (by_place(&f.v[i], &want[i]) == 0) continue;
                size_t lo = want[i].start < f.v[i].start ? want[i].start : f.v[i].start;
                print_error("found %u-%u rule %u, wanted %u-%u rule %u at: %.80s\n", f.v[i].start, f.v[i].end, f.v[i].rule,
                            want[i].start, want[i].end, want[i].rule, t.p + (lo > 20 ? lo - 20 : 0));
                fail();
            }
            assert_int_equal(f.count, wanted);
        }
        free((void *)(uintptr_t)t.p);
    }
    for (size_t i = 0; i < RULES; i++)
        if (met[i] < 8) print_error("rule %zu was met %zu times\n", i, met[i]);
    for (size_t i = 0; i < RULES; i++) assert_true(met[i] >= 8);
    (void)structure_limit(VECTORS_AVX512);
    for (size_t i = 0; i < RULES; i++) pcre2_code_free(code[i]);
    pcre2_match_data_free(md);
    findings_free(&f);
    detect_scratch_free(s);
    ruleset_free(rs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_lost)};
    mem_install_hooks();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
