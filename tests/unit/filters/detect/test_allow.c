/* Where an allow-list's expression may begin: never behind a match that PCRE2 finds, with all the vectors there are; and where
 * nothing of it stands nothing is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "filters/detect/allow.h"
#include "filters/detect/structure.h"
#include "proxy/base/mem.h"
#include "tests/unit/any.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

static const char *const regexes[] = {"(?i)(?<![a-z])(?:upgrad|versions? |version[:=]|apt |rpm )",
                                      "^(?:19|20)[0-9]{2}[- .][0-9]{2}$",
                                      "\\.(?:c|h|py)$",
                                      "(?i)\\bsha(?:1|256)\\b|integrity|h1:",
                                      "(?<=a)\\d",
                                      "(?:x|$)",
                                      "a*",
                                      "\xe5\xaf\x86[\xe7\xa0\x81\xe9\x92\xa5]|caf\xc3\xa9"};
enum { REGEXES = sizeof regexes / sizeof *regexes };

static struct slice random_text(void)
{
    static const char *const pieces[] = {"Version",  "version:",    "upgrade",   "apt ", "rpm", " ", ".c",
                                         ".py",      "2024-01",     "sha256",    "h1:",  "a1",  "x", "\xe5\xaf\x86\xe7\xa0\x81",
                                         "\xe5\xaf", "caf\xc3\xa9", "integrity", "-"};
    const uint32_t n = any(200), kinds = 1 + any(sizeof pieces / sizeof *pieces);
    char *t = malloc(n ? n : 1);
    assert_non_null(t);
    for (uint32_t i = 0; i < n;)
        for (const char *p = any(3) ? "." : pieces[any(kinds)]; *p && i < n; p++) t[i++] = *p;
    return slice_of(t, n);
}

static void check(const struct allow_front *f, const pcre2_code *code, pcre2_match_data *md, struct slice t)
{
    const int rc = pcre2_match(code, (PCRE2_SPTR)t.p, t.n, 0, 0, md, NULL);
    for (int way = VECTORS_SSE2; way <= VECTORS_AVX512; way++) {
        size_t from = 1000;
        (void)structure_limit((enum vectors)way);
        const bool begins = allow_begins(f, t, &from);
        if (rc < 0) continue;
        assert_true(begins && from <= pcre2_get_ovector_pointer(md)[0]);
        assert_int_equal(pcre2_match(code, (PCRE2_SPTR)t.p, t.n, from, 0, md, NULL), rc);
    }
}

static void test_no_match_is_passed_by(void **state)
{
    (void)state;
    struct tail_maker *maker = tail_maker_new();
    assert_non_null(maker);
    for (unsigned k = 0; k < REGEXES; k++) {
        struct allow_front f;
        int error;
        PCRE2_SIZE at;
        assert_int_equal(allow_front(regexes[k], maker, &f), ERR_OK);
        pcre2_code *code = pcre2_compile((PCRE2_SPTR)regexes[k], PCRE2_ZERO_TERMINATED,
                                         k + 1 == REGEXES ? PCRE2_UTF | PCRE2_MATCH_INVALID_UTF : 0, &error, &at, NULL);
        assert_non_null(code);
        pcre2_match_data *md = pcre2_match_data_create_from_pattern(code, NULL);
        for (unsigned round = 0; round < 8000; round++) {
            struct slice t = random_text();
            check(&f, code, md, t);
            free((void *)(uintptr_t)t.p);
        }
        pcre2_match_data_free(md);
        pcre2_code_free(code);
        mem_free(f.tail);
    }
    tail_maker_free(maker);
    (void)structure_limit(VECTORS_AVX512);
}

static void test_most_lines_hold_none(void **state)
{
    (void)state;
    const struct slice line = SLICE(
        "2024-05-01 12:00:00 GET /index.html from 203.0.113.9 by somebody at home 200 17 - and so on and on and on");
    struct allow_front f;
    struct tail_maker *maker = tail_maker_new();
    size_t from;
    assert_non_null(maker);
    assert_int_equal(allow_front(regexes[0], maker, &f), ERR_OK);
    for (int way = VECTORS_SSE2; way <= VECTORS_AVX512; way++) {
        (void)structure_limit((enum vectors)way);
        assert_false(allow_begins(&f, line, &from));
    }
    mem_free(f.tail);
    assert_int_equal(allow_front("(?(DEFINE)(a))", maker, &f), ERR_OK); /* not understood: anywhere */
    assert_true(allow_begins(&f, line, &from) && from == 0);
    mem_free(f.tail);
    tail_maker_free(maker);
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_no_match_is_passed_by), cmocka_unit_test(test_most_lines_hold_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
