/* Screening in steps: which text others are shown, and that what they find there is masked in the right bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "filters/screen.h"
#include "tests/unit/filters/few_rules.h"

#include <stdio.h>

static struct ruleset *rules;
static struct policy *tokenizing;
static struct screener *screener;
static struct detect_scratch *scratch;
static const struct screen_limits limits = {128, 2, 1, 1, NULL};
static struct screening out;
static uint16_t person;

static void report(void *arg, const struct rule_def *def, const char *message)
{
    (void)arg;
    print_error("%s: %s\n", def ? def->id : "-", message);
}

static int setup(void **state)
{
    static struct rule_def defs[] = {
        FEW_EMAIL,
    };
    const struct policy_def d = {.name = "test",
                                 .cls = {ACTION_REDACT, ACTION_TOKENIZE, ACTION_FLAG},
                                 .restore_text = true,
                                 .key = SLICE("0123456789abcdef")};
    (void)state;
    if (ruleset_build(defs, 1, report, NULL, &rules) != ERR_OK) return 1;
    for (unsigned i = 0; i < 100; i++) { /* the list of rules grows */
        char id[40];
        snprintf(id, sizeof id, "ner:TYPE_%u", i);
        if (ruleset_add_external(rules, id, i == 7 ? "PERSON" : "OTHER") != ERR_OK) return 1;
    }
    person = (uint16_t)ruleset_find(rules, "ner:TYPE_7");
    screener = screener_new();
    scratch = detect_scratch_new();
    return !screener || !scratch || policy_build(&d, rules, report, NULL, &tokenizing) != ERR_OK;
}

static int teardown(void **state)
{
    (void)state;
    screener_free(screener);
    detect_scratch_free(scratch);
    policy_free(tokenizing);
    ruleset_free(rules);
    return 0;
}

/* Begins, and writes the pieces one after the other with a bar behind each. */
static void begin(const char *body, char *shown, size_t room)
{
    struct slice text;
    const struct gather_piece *p;
    size_t n, at = 0;
    shown[0] = 0;
    assert_int_equal(screen_begin(screener, scratch, rules, tokenizing, &limits, endpoint_find(SLICE("/v1/chat/completions")),
                                  slice_str(body), &out),
                     ERR_OK);
    assert_int_equal(screen_pieces(screener, &text, &p, &n), ERR_OK);
    for (size_t i = 0; i < n; i++) {
        assert_true(p[i].start < p[i].end && p[i].end <= text.n);
        at += (size_t)snprintf(shown + at, room - at, "%.*s|", (int)(p[i].end - p[i].start), text.p + p[i].start);
        assert_true(at < room);
    }
}

/* Every occurrence of `name` in a piece becomes a finding of somebody else's. */
static void mark(const char *name)
{
    struct slice text;
    const struct gather_piece *p;
    size_t n;
    assert_int_equal(screen_pieces(screener, &text, &p, &n), ERR_OK);
    for (size_t i = 0; i < n; i++) {
        size_t k = slice_search(slice_of(text.p + p[i].start, p[i].end - p[i].start), slice_str(name));
        if (k == p[i].end - p[i].start) continue;
        uint32_t start = p[i].start + (uint32_t)k;
        assert_int_equal(screen_add(screener, (struct finding){start, start + (uint32_t)strlen(name), person, 850}), ERR_OK);
    }
}

static void finish(const char *want)
{
    assert_int_equal(screen_finish(screener), ERR_OK);
    assert_int_equal(out.changed, want != NULL);
    if (want && !slice_eq(buf_slice(&out.body), slice_str(want))) {
        print_error("%.*s\n", (int)buf_len(&out.body), buf_slice(&out.body).p);
        fail();
    }
    screening_free(&out);
}

static void texts_are_shown_and_names_are_not(void **state)
{
    char shown[2000];
    (void)state;
    begin("{\"model\":\"m\",\"user\":\"u1\",\"messages\":[{\"role\":\"user\",\"content\":\"I am Ada\"},"
          "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c1\",\"type\":\"function\",\"function\":{\"name\":"
          "\"send_mail\","
          "\"arguments\":\"{\\\"to\\\":\\\"Ada\\\",\\\"Ada\\\":[12345678901,\\\"x\\\\ny\\\"]}\"}}]}]}",
          shown, sizeof shown);
    assert_non_null(strstr(shown, "I am Ada|"));
    assert_non_null(strstr(shown, "|Ada|"));
    assert_non_null(strstr(shown, "x\ny|"));
    assert_null(strstr(shown, "send_mail"));
    assert_null(strstr(shown, "\"to\""));
    assert_null(strstr(shown, "12345"));
    screen_drop(screener);
    screening_free(&out);
}

static void findings_of_others_are_masked(void **state)
{
    char shown[2000];
    (void)state;
    begin("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"\\u00e9\\n\xE6\x9D\x8E Ada, mail a@b.example\"}]}",
          shown, sizeof shown);
    mark("Ada");
    finish("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"\\u00e9\\n\xE6\x9D\x8E <PERSON_1>, mail "
           "<EMAIL_ADDRESS_1>\"}]}");
    begin("{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\","
          "\"function\":{\"name\":\"f\","
          "\"arguments\":\"{\\\"to\\\":\\\"q\\\\\\\"Ada\\\"}\"}}]}]}",
          shown, sizeof shown);
    mark("Ada");
    finish("{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\","
           "\"function\":{\"name\":\"f\","
           "\"arguments\":\"{\\\"to\\\":\\\"q\\\\\\\"<PERSON_1>\\\"}\"}}]}]}");
}

static void the_screener_is_clean_afterwards(void **state)
{
    char shown[2000];
    (void)state;
    begin("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"I am Ada\"}]}", shown, sizeof shown);
    mark("Ada");
    screen_drop(screener);
    screening_free(&out);
    begin("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"I am Ada\"}]}", shown, sizeof shown);
    assert_string_equal(shown, "I am Ada|");
    finish(NULL);
    assert_int_equal(screen_begin(screener, scratch, rules, tokenizing, &limits, endpoint_find(SLICE("/v1/chat/completions")),
                                  SLICE("{"), &out),
                     ERR_JSON);
    screening_free(&out);
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_shown_and_names_are_not),
        cmocka_unit_test(findings_of_others_are_masked),
        cmocka_unit_test(the_screener_is_clean_afterwards),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
