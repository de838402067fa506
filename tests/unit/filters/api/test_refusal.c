/* Refusals: the shipped patterns against real openings, whole and as they grow; and ordinary answers, which must be
 * let go at once. Runs in the repository's root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <cjson/cJSON.h>

#include "filters/api/refusal.h"

static struct refusals *r;

static char *file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) fail_msg("%s: not found (run in the repository's root)", path);
    static char text[4 << 20];
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = 0;
    return text;
}

/* The shipped file's lines; the loader proper has its own tests. */
static int setup(void **state)
{
    (void)state;
    static struct refusal_def defs[500];
    static char lang[500][8], where[500][16], pattern[500][300];
    size_t n = 0;
    char *save = NULL;
    for (char *l = strtok_r(file("config/rules/refusals.yaml"), "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
        if (*l == '#') continue;
        if (sscanf(l, "- {lang: %7[a-z], where: %15[a-z], pattern: \"%299[^\"]\"}", lang[n], where[n], pattern[n]) != 3)
            fail_msg("line not understood: %s", l);
        defs[n].lang = lang[n];
        defs[n].pattern = pattern[n];
        defs[n].where = where[n][0] == 's' ? REFUSAL_START : where[n][0] == 'a' ? REFUSAL_ANY : REFUSAL_EXACT;
        n++;
    }
    assert_true(n > 80);
    assert_int_equal(refusals_build(defs, n, &r), ERR_OK);
    return 0;
}
static int teardown(void **state)
{
    (void)state;
    refusals_free(r);
    return 0;
}

static void is(const char *text, bool whole, enum refusal_answer want)
{
    enum refusal_answer got = refusals_test(r, slice_str(text), whole);
    if (got != want) fail_msg("[%s] whole %d: %d, not %d", text, whole, got, want);
}

static void whole(void **state)
{
    (void)state;
    static const char *const yes[] = {
        "I'm sorry, but I can't assist with that request.",
        "I\xe2\x80\x99m sorry, but I can\xe2\x80\x99t help with that.",
        "**I'm sorry, but I can't** help",
        "\n\n  I'M  SORRY,\tBUT I CAN'T",
        "<think>They want a bomb.</think>\n\nI can't help with that.",
        "<think></think>I can't help with that.",
        ("\xe5\xbe\x88\xe6\x8a\xb1\xe6\xad\x89\xef\xbc\x8c\xe6\x88\x91\xe6\x97\xa0\xe6\xb3\x95\xe5\x9b\x9e\xe7\xad"
         "\x94"),                                                                    /* 很抱歉，我无法回答 */
        "\xe5\xbe\x88\xe6\x8a\xb1\xe6\xad\x89,\xe6\x88\x91\xe6\x97\xa0\xe6\xb3\x95", /* with an ASCII comma */
        "Hi there, I'm unable to help with this.",
        "The server is busy. Please try again later.",
    };
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) is(yes[i], true, REFUSAL_YES);
    static const char *const no[] = {
        "",
        "   ",
        "Hello!",
        "<think>I can't help with that.</think>Sure.",
        "<think>I can't help with that.",
        "Sorry for the delay! Here is the function you asked for:",
        "The bot in the story says \"I'm sorry, but I can't assist with that\", then mails him anyway.",
        "The server is busy. Please try again later. And more.",
        "Sure. I can't help with the second part.", /* not in the first sentence */
    };
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) is(no[i], true, REFUSAL_NO);
    char big[1200] = "Long: that's beyond my current scope ";
    memset(big + strlen(big), 'x', 600);
    is(big, true, REFUSAL_NO); /* "any" is for short answers */
}

static void growing(void **state)
{
    (void)state;
    static const char text[] = "I'm sorry, but I can't";
    char part[sizeof text];
    for (size_t n = 0; n < sizeof text - 1; n++) {
        memcpy(part, text, n);
        part[n] = 0;
        is(part, false, REFUSAL_MAYBE);
        if (n) is(part, true, REFUSAL_NO);
    }
    is(text, false, REFUSAL_YES);
    is("I'm sorry, but I can help", false, REFUSAL_NO);
    is("<th", false, REFUSAL_MAYBE);
    is("<think>\n\n", false, REFUSAL_MAYBE);
    is("<think>\n\n</th", false, REFUSAL_MAYBE);
    is("<think>\n\n</think>\n\n", false, REFUSAL_MAYBE);
    is("<think>\n\n</think>\n\nI can't", false, REFUSAL_MAYBE);
    is("<think>\n\n</think>\n\nI can do", false, REFUSAL_NO);
    is("<think>Okay", false, REFUSAL_NO);
    is("**", false, REFUSAL_MAYBE);
    is("\xe5\xbe\x88\xe6", false, REFUSAL_MAYBE); /* 很 and a cut character */
}

static void ordinary_answers_go_at_once(void **state)
{
    (void)state;
    static const char *const first[] = {"Hello",
                                        "The",
                                        "Sure",
                                        "Here",
                                        "To",
                                        "Yes",
                                        "No",
                                        "#include",
                                        "```",
                                        "1",
                                        "{",
                                        "\xe4\xbd\xa0\xe5\xa5\xbd",
                                        "\xe5\xbd\x93\xe7\x84\xb6",
                                        "It",
                                        "You",
                                        "For",
                                        "Great"};
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++) is(first[i], false, REFUSAL_NO);
    is("I", false, REFUSAL_MAYBE);
    is("I think", false, REFUSAL_NO);
    is("I've", false, REFUSAL_NO);
    is("As an", false, REFUSAL_MAYBE);
    is("As an example", false, REFUSAL_NO);
}

static const cJSON *at(const cJSON *o, const char *k)
{
    const cJSON *x = cJSON_GetObjectItemCaseSensitive(o, k);
    return x;
}

static void fixtures(void **state)
{
    (void)state;
    cJSON *ix = cJSON_Parse(file("tests/corpus/fixtures/index.json"));
    assert_non_null(ix);
    const cJSON *x, *t;
    size_t yes = 0, no = 0;
    cJSON_ArrayForEach(x, ix)
    {
        if (at(x, "status")->valueint != 200) continue;
        const cJSON *mark = at(x, "refusal");
        bool want = cJSON_IsString(mark) && strcmp(mark->valuestring, "text") == 0;
        cJSON_ArrayForEach(t, at(x, "texts"))
        {
            size_t n = strlen(t->string);
            if (n < 7 || strcmp(t->string + n - 7, "content")) continue;
            is(t->valuestring, true, want ? REFUSAL_YES : REFUSAL_NO);
            ++*(want ? &yes : &no);
        }
    }
    assert_true(yes >= 8 && no >= 20);
    cJSON_Delete(ix);
}

static void building(void **state)
{
    (void)state;
    struct refusals *q;
    struct refusal_def d[] = {{"A.*(b|", "en", REFUSAL_START}, {"zz", "en", REFUSAL_ANY}};
    assert_int_equal(refusals_build(d, 2, &q), ERR_OK); /* literal, not a pattern */
    assert_int_equal(refusals_test(q, SLICE("a.*(b| c"), false), REFUSAL_YES);
    assert_int_equal(refusals_test(q, SLICE("axxb"), false), REFUSAL_NO);
    refusals_free(q);
    d[0].pattern = "  ";
    assert_int_equal(refusals_build(d, 2, &q), ERR_SHAPE);
    d[0].pattern = "a\\Eb";
    assert_int_equal(refusals_build(d, 2, &q), ERR_OK); /* lower case by then: no end of quoting */
    assert_int_equal(refusals_test(q, SLICE("a\\EB!"), false), REFUSAL_YES);
    refusals_free(q);
    assert_int_equal(refusals_build(d + 1, 1, &q), ERR_OK);
    assert_int_equal(refusals_test(q, SLICE("zz"), false), REFUSAL_NO);
    assert_int_equal(refusals_test(q, SLICE("zz"), true), REFUSAL_YES);
    refusals_free(q);
    assert_int_equal(refusals_build(NULL, 0, &q), ERR_OK);
    assert_int_equal(refusals_test(q, SLICE("zz"), false), REFUSAL_NO);
    refusals_free(q);
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole),    cmocka_unit_test(growing),  cmocka_unit_test(ordinary_answers_go_at_once),
        cmocka_unit_test(fixtures), cmocka_unit_test(building),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
