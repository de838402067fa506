/* A secret found once is found again near by; a word, a piece of another token and a text behind a gap are left alone.
 * And a password before the host of a URL is no mailbox. */
#include "filters/detect/scan.h"
#include "tests/unit/any.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT(s) ((char *)(uintptr_t)(s))

static char *token_word[] = {TEXT("token")}, *scheme[] = {TEXT("://")};
static const struct rule_def defs[] = {
    {.id = TEXT("named"),
     .type = TEXT("API_KEY_OR_TOKEN"),
     .regex = TEXT("token=([A-Za-z0-9]{8,64})"),
     .keywords = token_word,
     .keyword_count = 1},
    {.id = TEXT("url"),
     .type = TEXT("URL_OR_DB_CREDENTIALS"),
     .regex = TEXT("://[a-z]{1,20}:([^@\\s]{3,60})@"),
     .keywords = scheme,
     .keyword_count = 1},
    {.id = TEXT("email"),
     .type = TEXT("EMAIL_ADDRESS"),
     .regex = TEXT("(?<![A-Za-z0-9.])[A-Za-z0-9.]{1,60}@[a-z0-9]{1,40}\\.[a-z]{2,10}"),
     .cls = RULE_PII,
     .triggers = TRIGGER_AT},
    {.id = TEXT("name"),
     .type = TEXT("PERSON"),
     .regex = TEXT("[A-Z][a-z]+ [A-Z][a-z]+"),
     .cls = RULE_PII,
     .triggers = TRIGGER_NAMES,
     .given = TEXT("Margaret Bo"),
     .given_words = TEXT("Rose"),
     .family = TEXT("Holloway")},
};

/* Spans found in text, as "start-end start-end". */
static const char *spans(const char *text, size_t n)
{
    static char out[2048];
    struct ruleset *rs = NULL;
    assert_int_equal(ruleset_build(defs, sizeof defs / sizeof *defs, NULL, NULL, &rs), ERR_OK);
    struct detect_scratch *s = detect_scratch_new();
    struct findings f = {0};
    assert_non_null(s);
    assert_int_equal(detect_scan(rs, s, slice_of(text, n), &f), ERR_OK);
    findings_resolve(rs, &f);
    size_t at = 0;
    out[0] = 0;
    for (size_t i = 0; i < f.count; i++) {
        int k = snprintf(out + at, sizeof out - at, "%s%u-%u", i ? " " : "", f.v[i].start, f.v[i].end);
        assert_true(k > 0 && (size_t)k < sizeof out - at);
        at += (size_t)k;
    }
    findings_free(&f);
    detect_scratch_free(s);
    ruleset_free(rs);
    return out;
}

static const char *in(const char *text) { return spans(text, strlen(text)); }

static void a_value_is_found_again(void **state)
{
    (void)state;
    assert_string_equal(in("a1B2c3D4e5F6 and token=a1B2c3D4e5F6, or 'a1B2c3D4e5F6'"), "0-12 23-35 41-53");
    assert_string_equal(in("token=WjXkCfZoWePrQh or WjXkCfZoWePrQh"), "6-20 24-38");
}

static void others_are_left_alone(void **state)
{
    (void)state;
    assert_string_equal(in("token=a1B2c3D4e5F6 xa1B2c3D4e5F6 a1B2c3D4e5F67"), "6-18");
    assert_string_equal(in("token=administrator the administrator"), "6-19");
    assert_string_equal(in("token=a1B2c3D4 a1B2c3D4"), "6-14"); /* too short */
    assert_string_equal(in("token=202311231405 202311231405"), "6-18");
}

static void gaps_and_windows_bound_it(void **state)
{
    (void)state;
    const char *gap = "token=a1B2c3D4e5F6" DETECT_GAP "a1B2c3D4e5F6";
    assert_string_equal(in(gap), "6-18");
    size_t far = 40000;
    char *text = malloc(far + 32);
    assert_non_null(text);
    memset(text, ' ', far + 32);
    memcpy(text, "token=a1B2c3D4e5F6", 18);
    memcpy(text + 8000, "a1B2c3D4e5F6", 12);
    memcpy(text + far, "a1B2c3D4e5F6", 12);
    assert_string_equal(spans(text, far + 32), "6-18 8000-8012");
    free(text);
}

static void a_credential_is_no_mailbox(void **state)
{
    (void)state;
    assert_string_equal(in("db://svc:s3cretPw@host.example"), "9-17");
    assert_string_equal(in("write to svc.s3cretPw@host.example"), "9-34");
}

static void parts_of_a_name_are_found_alone(void **state)
{
    (void)state;
    assert_string_equal(in("Margaret Holloway. Dear Margaret, Holloway's"), "0-17 24-32 34-42");
    assert_string_equal(in("Holloway, that is Margaret Holloway"), "0-8 18-35");
    assert_string_equal(in("Margaret here, Holloway there"), "");
    /* What is no name of its own, of a path, an identifier or an address, or shorter than four bytes. */
    assert_string_equal(in("Rose Holloway, the Rose; Bo Holloway, Bo"), "0-13 25-36");
    assert_string_equal(
        in("Margaret Zyx: Zyx Margarets margaret Margaret_x Margaret@y Margaret.z /Margaret x: Margaret( x.Margaret"), "0-12");
    assert_string_equal(in("Margaret Zyx" DETECT_GAP "Margaret"), "0-12");
}

/* However many words and occurrences there are. */
static void names_are_bounded(void **state)
{
    (void)state;
    struct ruleset *rs = NULL;
    size_t n = 1 << 20, at = 0;
    char *text = malloc(n);
    assert_non_null(text);
    at += (size_t)sprintf(text, "Margaret Zyx ");
    for (; at + 10 < n; at += 10) memcpy(text + at, "Margaret. ", 10);
    assert_int_equal(ruleset_build(defs, sizeof defs / sizeof *defs, NULL, NULL, &rs), ERR_OK);
    struct detect_scratch *s = detect_scratch_new();
    struct findings f = {0};
    assert_non_null(s);
    assert_int_equal(detect_scan(rs, s, slice_of(text, at), &f), ERR_OK);
    assert_true(f.count > 100 && f.count < 1000);
    findings_free(&f);
    detect_scratch_free(s);
    ruleset_free(rs);
    free(text);
}

/* Every way of looking finds what memmem() does, wherever the text begins and ends. Few kinds of bytes, so that values nearly
 * stand in many places; the text is an allocation of its own for the sanitizer. */
static void every_way_finds_the_same(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 60000; round++) {
        const uint32_t n = 1 + any(round % 3 ? 90 : 400), kinds = 2 + any(3);
        char *text = malloc(n), value[40];
        assert_non_null(text);
        for (uint32_t i = 0; i < n; i++) text[i] = (char)('a' + any(kinds));
        const uint32_t len = 1 + any(round % 2 ? 6 : sizeof value - 1), from = any(n);
        for (uint32_t i = 0; i < len; i++) value[i] = (char)('a' + any(kinds));
        if (round % 4 == 0 && from + len <= n) memcpy(value, text + from, len);
        for (int way = VECTORS_SSE2; way <= VECTORS_AVX512; way++) {
            (void)structure_limit((enum vectors)way);
            assert_ptr_equal(echo_find(slice_of(text, n), slice_of(value, len)), memmem(text, n, value, len));
        }
        free(text);
    }
    (void)structure_limit(VECTORS_AVX512);
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_found_again),          cmocka_unit_test(others_are_left_alone),
        cmocka_unit_test(gaps_and_windows_bound_it),       cmocka_unit_test(a_credential_is_no_mailbox),
        cmocka_unit_test(parts_of_a_name_are_found_alone), cmocka_unit_test(names_are_bounded),
        cmocka_unit_test(every_way_finds_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
