/* Loops that can read a text in two ways, and such that cannot. */
#include "filters/detect/ambiguous.h"
#include "filters/detect/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static bool ambiguous(const char *regex)
{
    struct shape *s = NULL;
    const char *complaint = NULL;
    bool yes = false;
    assert_int_equal(shape_read(regex, shape_needs_utf(regex), SHAPE_BOUNDED | SHAPE_SHORT, &s, &complaint), ERR_OK);
    assert_int_equal(shape_ambiguous(s, &yes), ERR_OK);
    shape_free(s);
    return yes;
}

static void loops(void **state)
{
    static const char *const two_ways[] = {"(a|a)*b",         "(a|aa)+b",       "x(?:ab|a|b)*y", "(?: (?:de|du)| (?:l|de l)')* x",
                                           "([a-z]|[x-z])+!", "(?:\\d{3,4})*x", "(?:a?b?a?)*c",  "(?i)(?:k|K|q)+x",
                                           "((a|b)c|ac){2,}d"};
    static const char *const one_way[] = {"abc",
                                          "[a-z]+[a-z0-9]+",
                                          "(?:[a-z]+\\.)+com",
                                          "(?:a|b)*c",
                                          "(?:\\d{3}\\s?)+x",
                                          "(?:[a-z]{4}-)+",
                                          "(?:ab|ac|ad)*",
                                          "(?:\"[^\"]*\"|'[^']*'|[^\"'])*",
                                          "(?:[^\\\\\"]|\\\\.)*\"",
                                          "(?:a|aa){1,9}b", /* to a limit: the match limit is enough */
                                          "(.)\\1+"};
    (void)state;
    for (size_t i = 0; i < sizeof two_ways / sizeof two_ways[0]; i++)
        if (!ambiguous(two_ways[i])) fail_msg("%s", two_ways[i]);
    for (size_t i = 0; i < sizeof one_way / sizeof one_way[0]; i++)
        if (ambiguous(one_way[i])) fail_msg("%s", one_way[i]);
}

static char said[1000];

static void keep(void *arg, const struct rule_def *def, const char *message)
{
    (void)arg;
    snprintf(said + strlen(said), sizeof said - strlen(said), "%s: %s\n", def ? def->id : "", message);
}

/* In a rule and in its allowlists. */
static void rules_are_refused(void **state)
{
    char *words[] = {(char *)(uintptr_t) "ab"}, *allow[] = {(char *)(uintptr_t) "^(x|x)*$"};
    struct rule_allow a = {.regexes = allow, .regex_count = 1};
    struct rule_def d[] = {
        {.id = (char *)(uintptr_t) "first", .regex = (char *)(uintptr_t) "ab(c|cc)*d"},
        {.id = (char *)(uintptr_t) "second", .regex = (char *)(uintptr_t) "ab(c|d)*e", .allow = &a, .allow_count = 1},
        {.id = (char *)(uintptr_t) "third", .regex = (char *)(uintptr_t) "ab(c|d)*f"}};
    struct ruleset *rs = NULL;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        d[i].type = (char *)(uintptr_t) "T";
        d[i].description = d[i].id;
        d[i].keywords = words;
        d[i].keyword_count = 1;
    }
    assert_int_equal(ruleset_build(d, 3, keep, NULL, &rs), ERR_SHAPE);
    assert_non_null(strstr(said, "first: regex: a repetition can read the same text in two ways"));
    assert_non_null(strstr(said, "second: an allowlist's regex: a repetition can read"));
    assert_null(strstr(said, "third"));
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {cmocka_unit_test(loops), cmocka_unit_test(rules_are_refused)};
    return cmocka_run_group_tests_name("detect ambiguous", tests, NULL, NULL);
}
