/* Automata of what may follow against PCRE2's partial matching, which says the same of the same text: whether a match ends
 * in it or may go on behind it. Walked alone and many at once. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "filters/detect/tail.h"
#include "tests/unit/any.h"

#include <pcre2.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define TEXT (TAIL_LOOK + 20)

/* Without lookaheads, and what repeats is short or without bound: then an automaton is exact. */
static const struct {
    const char *regex, *bytes; /* bytes: what its texts are made of */
} row[] = {
    {"a[bc]{2,5}d", "abcd"},
    {"(?:ab|a[bc])*d?[cd]", "abcd"},
    {"[\\w.-]{0,9}[ ]{0,3}(?:=>?|:|\\|=)[ ]{0,2}[\"']?[0-9a-f]{8}", "af0 =:|>\"x"},
    {"(?i)s?[_.-]?(?:key|token)s*[:=]+", "skeytons_:=K"},
    {"[^@:/]{0,7}:[^@]*@x", "a:@/x"},
    {"(?:[ \\t][a-z]{1,6}){1,3}[ \\t]?[:=]", "ab \t:=A"},
    {"(?:aaaa|aaab|aaba|abaa){1,4}b", "ab"},
    {"x*(?:ab?c?d?e?f?)+;", "xabcdef;"},
    {"[A-Z0-9]{16}!", "AZ0!"},
    {"[a-c.]{3,}(?<![.a])[ ;]", "abc. ;"},
    {"x(?:a+|[ab]*(?:(?<=b)c|(?<![b])d))+;", "xabcd;"},
    {"[ab]{2}(?<=b)(?<!a)(?:x|[a-z](?<=[l-z])!)", "abxz!"},
    {"(?:a|b|c|d|e|f|g|h)(?:is|was|ist|lautet|es|est)[ ]", "abisw tel"},
};
#define ROWS (sizeof row / sizeof row[0])

static struct tail *make(const char *regex)
{
    struct shape *s;
    struct tail *t;
    const char *complaint;
    struct tail_start start;
    assert_int_equal(shape_read(regex, false, SHAPE_SHORT, &s, &complaint), ERR_OK);
    struct tail_maker *m = tail_maker_new();
    assert_non_null(m);
    start.states = shape_begin(s, &start.n);
    assert_int_equal(tail_build(m, s, &start, 1, &t), ERR_OK);
    assert_true(!t || start.row == TAIL_START * t->classes);
    tail_maker_free(m);
    shape_free(s);
    return t;
}

static pcre2_code *compile(const char *regex)
{
    int error;
    PCRE2_SIZE at;
    pcre2_code *c = pcre2_compile((PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED,
                                  PCRE2_ANCHORED | PCRE2_NO_START_OPTIMIZE | PCRE2_NO_AUTO_POSSESS, &error, &at, NULL);
    assert_non_null(c);
    return c;
}

static bool may(pcre2_code *c, pcre2_match_data *md, const char *text, size_t n)
{
    int rc = pcre2_match(c, (PCRE2_SPTR)text, n < TAIL_LOOK ? n : TAIL_LOOK, 0, PCRE2_PARTIAL_SOFT, md, NULL);
    assert_true(rc >= 0 || rc == PCRE2_ERROR_PARTIAL || rc == PCRE2_ERROR_NOMATCH);
    return rc != PCRE2_ERROR_NOMATCH;
}

static void test_alone(void **state)
{
    (void)state;
    pcre2_match_data *md = pcre2_match_data_create(10, NULL);
    size_t said[2] = {0};
    for (size_t r = 0; r < ROWS; r++) {
        struct tail *t = make(row[r].regex);
        pcre2_code *c = compile(row[r].regex);
        for (int i = 0; i < 3000; i++) {
            char text[TEXT];
            size_t n = 1 + any(i % 2 ? 12 : TEXT - 1);
            for (size_t k = 0; k < n; k++) text[k] = row[r].bytes[any((uint32_t)strlen(row[r].bytes))];
            bool want = may(c, md, text, n);
            if (tail_may(t, text, n) != want) fail_msg("%s: %.*s: not %d", row[r].regex, (int)n, text, want);
            said[want]++;
        }
        pcre2_code_free(c);
        mem_free(t);
    }
    pcre2_match_data_free(md);
    assert_true(said[0] > 1000 && said[1] > 1000);
}

static void test_together(void **state)
{
    (void)state;
    struct tail *t[ROWS];
    struct tail_walk w[TAIL_WALKS];
    bool got[TAIL_WALKS], want[TAIL_WALKS];
    for (size_t r = 0; r < ROWS; r++) t[r] = make(row[r].regex);
    for (int i = 0; i < 300; i++) {
        char text[400];
        size_t n = any(sizeof text), walks = any(TAIL_WALKS + 1);
        for (size_t k = 0; k < n; k++) {
            const char *bytes = row[k / 40 % ROWS].bytes;
            text[k] = bytes[any((uint32_t)strlen(bytes))];
        }
        for (size_t k = 0; k < walks; k++) {
            size_t at = any((uint32_t)n + 1);
            const struct tail *x = t[at < n ? at / 40 % ROWS : 0];
            w[k] = (struct tail_walk){x, (const unsigned char *)text + at, TAIL_START * x->classes, (uint32_t)k};
            want[k] = tail_may(x, text + at, n - at);
            if (n - at < TAIL_FIRST || n - at > TAIL_LOOK || any(2)) continue;
            w[k].row = tail_first(x, w[k].row, w[k].p); /* the first bytes apart, as for keywords */
            w[k].p += TAIL_FIRST;
        }
        tail_follow(w, walks, text + n, got);
        assert_memory_equal(got, want, walks * sizeof *got);
    }
    for (size_t r = 0; r < ROWS; r++) mem_free(t[r]);
}

/* States that cannot fail, and classes that nothing tells apart, are not kept. */
static void test_least(void **state)
{
    (void)state;
    struct tail *t = make("[a-f]{4}[^\\n]*x?");
    assert_int_equal(t->classes, 2);
    assert_true(tail_may(t, "abcd", 4) && tail_may(t, "abcdz", 5));
    assert_false(tail_may(t, "abcz", 4));
    mem_free(t);
    assert_null(make("[^\\n]*x?"));
}

/* Of lookaheads the first byte is kept, whatever they ask behind it: never what PCRE2 would let through falls away. */
static void test_ahead(void **state)
{
    static const struct {
        const char *regex, *bytes, *falls;
    } ahead[] = {
        {"x(?=[ab]{0,3}[^abc])[a-e]{2,5};", "xabcde;", "xcd"},     {"x(?=a|bc|[d-e]x)[a-ex]{1,4};", "xabcde;", "xca"},
        {"[ab]{1,3}(?=[cd]e|[ef]{2})[a-f]+;", "abcdef;", "ab;"},   {"x(?=(?:ab)?[c;])[a-c]+;", "xabc;", "xba"},
        {"x(?=(?i:ab|cd))[A-Da-d]+;", "xabcdABCD;", "xba"},        {"x(?=(?:ab)?)[a-c]+;", "xabc;", "x;;"},
        {"x(?:(?=ab|ac)[a-c]|(?=bb|bc)[b-d])+;", "xabcd;", "xdd"},
    };
    (void)state;
    pcre2_match_data *md = pcre2_match_data_create(10, NULL);
    size_t let = 0;
    for (size_t r = 0; r < sizeof ahead / sizeof ahead[0]; r++) {
        struct tail *t = make(ahead[r].regex);
        pcre2_code *c = compile(ahead[r].regex);
        assert_false(tail_may(t, ahead[r].falls, strlen(ahead[r].falls)));
        for (int i = 0; i < 3000; i++) {
            char text[12];
            size_t n = 1 + any(sizeof text - 1);
            text[0] = ahead[r].bytes[0];
            for (size_t k = 1; k < n; k++) text[k] = ahead[r].bytes[any((uint32_t)strlen(ahead[r].bytes))];
            if (!may(c, md, text, n)) continue;
            let++;
            if (!tail_may(t, text, n)) fail_msg("%s: %.*s falls away", ahead[r].regex, (int)n, text);
        }
        pcre2_code_free(c);
        mem_free(t);
    }
    pcre2_match_data_free(md);
    assert_true(let > 1000);
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alone),
        cmocka_unit_test(test_together),
        cmocka_unit_test(test_least),
        cmocka_unit_test(test_ahead),
    };
    return cmocka_run_group_tests_name("tail", tests, NULL, NULL);
}
