/* Comparing, searching, numbers and globs over borrowed bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/base/slice.h"

static void test_compare(void **state)
{
    (void)state;
    assert_true(slice_eq(SLICE_NONE, SLICE("")));
    assert_true(slice_eq(SLICE("a\0b"), SLICE("a\0b")));
    assert_false(slice_eq(SLICE("a\0b"), SLICE("a\0c")));
    assert_false(slice_eq(SLICE("a"), SLICE("ab")));
    assert_true(slice_ieq(SLICE("Content-Type"), SLICE("cONTENT-tYPE")));
    assert_false(slice_ieq(SLICE("[a]"), SLICE("{a}"))); /* one bit apart, as cases are */
    assert_false(slice_ieq(SLICE("k"), SLICE("\xe2\x84\xaa")));
    assert_false(slice_ieq(SLICE("\xc3\x84"), SLICE("\xc3\xa4")));
    assert_true(slice_starts(SLICE("abc"), SLICE("ab")));
    assert_true(slice_starts(SLICE("abc"), SLICE("")));
    assert_false(slice_starts(SLICE("abc"), SLICE("abcd")));
    assert_true(slice_ends(SLICE("abc"), SLICE("bc")));
    assert_true(slice_ends(SLICE_NONE, SLICE_NONE));
    assert_false(slice_ends(SLICE("abc"), SLICE("ab")));
    assert_int_equal(slice_str(NULL).n, 0);
}

static void test_search(void **state)
{
    (void)state;
    assert_int_equal(slice_find(SLICE("abcb"), 'b'), 1);
    assert_int_equal(slice_find(SLICE("abc"), 'x'), 3);
    assert_int_equal(slice_find(SLICE_NONE, 'x'), 0);
    assert_int_equal(slice_search(SLICE("aabaab"), SLICE("aab")), 0);
    assert_int_equal(slice_search(SLICE("ababac"), SLICE("abac")), 2);
    assert_int_equal(slice_search(SLICE("abc"), SLICE("abcd")), 3);
    assert_int_equal(slice_search(SLICE("abc"), SLICE("")), 0);
    assert_int_equal(slice_search(SLICE_NONE, SLICE("a")), 0);
    assert_true(slice_eq(slice_trim(SLICE(" \t a b\t ")), SLICE("a b")));
    assert_int_equal(slice_trim(SLICE(" \t ")).n, 0);
    assert_true(slice_eq(slice_trim(SLICE("\va\n")), SLICE("\va\n"))); /* OWS is SP and HTAB only */
}

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t max;
        bool good;
        uint64_t want;
    } rows[] = {
        {"0", 0, true, 0},
        {"00012", 100, true, 12},
        {"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, false, 0},
        {"18446744073709551626", UINT64_MAX, false, 0},
        {"99999999999999999999999", UINT64_MAX, false, 0},
        {"100", 100, true, 100},
        {"101", 100, false, 0},
        {"1000", 100, false, 0},
        {"9", 8, false, 0},
        {"", 9, false, 0},
        {"+1", 9, false, 0},
        {"-1", 9, false, 0},
        {" 1", 9, false, 0},
        {"1 ", 9, false, 0},
        {"1a", 99, false, 0},
        {"0x1", 99, false, 0},
        {"1_0", 99, false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t v = 77;
        bool good = slice_u64(slice_str(rows[i].text), rows[i].max, &v);
        if (good != rows[i].good || v != (good ? rows[i].want : 77)) fail_msg("%s", rows[i].text);
    }
}

static void test_glob(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool want;
    } rows[] = {
        {"*", "", true},
        {"*", "abc", true},
        {"", "", true},
        {"", "a", false},
        {"a*", "abc", true},
        {"a*c", "abc", true},
        {"a*c", "abcd", false},
        {"*c", "abcbc", true},
        {"a?c", "abc", true},
        {"a?c", "ac", false},
        {"?", "", false},
        {"chat-*", "chat-large", true},
        {"chat-*", "Chat-x", false},
        {"a*b*c", "aXbYbZc", true},
        {"a*b*c", "aXcYc", false},
        {"**a**", "bab", true},
        {"*a", "b", false},
        {"[a]", "a", false},
        {"a/*", "a/b/c", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (slice_glob(slice_str(rows[i].pattern), slice_str(rows[i].text)) != rows[i].want)
            fail_msg("%s %s", rows[i].pattern, rows[i].text);
    /* A pattern that makes a backtracking matcher take ages ends at once. */
    char text[4001];
    memset(text, 'a', 4000);
    text[4000] = 0;
    assert_false(slice_glob(SLICE("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b"), slice_str(text)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_search),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_glob),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
