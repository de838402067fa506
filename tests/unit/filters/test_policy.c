/* Policies: which row wins, what the allow list lets through, what is refused when a policy is built. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "filters/policy.h"

/* A stand-in for the rule set: policies ask it for no more than this. */
static const struct rule rules[] = {
    {"aws-access-token", "API_KEY_OR_TOKEN", "", RULE_SECRETS, NULL, 0},
    {"aws-secret", "API_KEY_OR_TOKEN", "", RULE_SECRETS, NULL, 0},
    {"private-key", "PRIVATE_KEY", "", RULE_SECRETS, NULL, 0},
    {"email", "EMAIL_ADDRESS", "", RULE_PII, NULL, 0},
    {"card", "CREDIT_CARD", "", RULE_PII, NULL, 0},
    {"ignore-previous", "PROMPT_INJECTION", "", RULE_INJECTION, NULL, 0},
    {"dictionary:projects", "DICTIONARY", "", RULE_PII, NULL, 0},
    {"dictionary:customers", "DICTIONARY", "", RULE_PII, NULL, 0},
};
enum { AWS, AWS_SECRET, PEM, EMAIL, CARD, INJECTION, PROJECTS, CUSTOMERS };
size_t ruleset_count(const struct ruleset *rs)
{
    (void)rs;
    return sizeof rules / sizeof rules[0];
}
const struct rule *ruleset_rule(const struct ruleset *rs, size_t i)
{
    (void)rs;
    return &rules[i];
}
int ruleset_find(const struct ruleset *rs, const char *id)
{
    (void)rs;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (strcmp(rules[i].id, id) == 0) return (int)i;
    return -1;
}

static char said[2000];
static void report(void *arg, const struct rule_def *def, const char *message)
{
    assert_null(def);
    ++*(int *)arg;
    snprintf(said, sizeof said, "%s", message);
}

static struct policy_def base(void)
{
    return (struct policy_def){.name = "default",
                               .cls = {ACTION_REDACT, ACTION_TOKENIZE, ACTION_FLAG},
                               .restore_text = true,
                               .restore_tool_arguments = true,
                               .key = SLICE("0123456789abcdef")};
}

static struct policy *built(const struct policy_def *d)
{
    struct policy *p;
    int n = 0;
    assert_int_equal(policy_build(d, NULL, report, &n, &p), ERR_OK);
    assert_int_equal(n, 0);
    return p;
}

static void refused(const struct policy_def *d, const char *word)
{
    struct policy *p;
    int n = 0;
    assert_int_equal(policy_build(d, NULL, report, &n, &p), ERR_SHAPE);
    assert_true(n > 0);
    assert_non_null(strstr(said, word));
    assert_null(p);
}

static void finer_wins(void **state)
{
    (void)state;
    struct policy_rule_def r[] = {
        {"aws-access-token", ACTION_BLOCK}, {"API_KEY_OR_TOKEN", ACTION_HASH}, {"*", ACTION_FLAG},  {"aws-*", ACTION_MASK},
        {"CREDIT_CARD", ACTION_MASK},       {"priv*", ACTION_ALLOW},           {"p*", ACTION_BLOCK}};
    struct policy_def d = base();
    d.rules = r;
    d.rule_count = sizeof r / sizeof r[0];
    struct policy *p = built(&d);
    assert_int_equal(policy_action(p, AWS), ACTION_BLOCK);       /* id over type */
    assert_int_equal(policy_action(p, AWS_SECRET), ACTION_HASH); /* type over prefix */
    assert_int_equal(policy_action(p, PEM), ACTION_ALLOW);       /* the longer prefix, though it stands first */
    assert_int_equal(policy_action(p, EMAIL), ACTION_FLAG);      /* "*" over class */
    assert_int_equal(policy_action(p, CARD), ACTION_MASK);
    assert_int_equal(policy_action(p, 999), ACTION_BLOCK); /* a rule it does not know */
    policy_free(p);
}

static void class_and_later_row(void **state)
{
    (void)state;
    struct policy_rule_def r[] = {{"email", ACTION_BLOCK}, {"email", ACTION_FLAG}};
    struct policy_def d = base();
    d.rules = r;
    d.rule_count = 2;
    struct policy *p = built(&d);
    assert_int_equal(policy_action(p, AWS), ACTION_REDACT);
    assert_int_equal(policy_action(p, CARD), ACTION_TOKENIZE);
    assert_int_equal(policy_action(p, INJECTION), ACTION_FLAG);
    assert_int_equal(policy_action(p, EMAIL), ACTION_FLAG);
    policy_free(p);
}

static void names_must_mean_something(void **state)
{
    (void)state;
    struct policy_rule_def r[] = {{"PERSON", ACTION_FLAG}, {"CREDIT_CRAD", ACTION_MASK}};
    struct policy_def d = base();
    d.rules = r;
    d.rule_count = 1;
    policy_free(built(&d)); /* known, though no rule here has it */
    d.rule_count = 2;
    refused(&d, "CREDIT_CRAD");
    r[1].rule = "nothing-*";
    refused(&d, "nothing-*");
    d.rule_count = 0;
    const char *dict[] = {"nobody"};
    d.dictionaries = dict;
    d.dictionary_count = 1;
    refused(&d, "nobody");
}

static void dictionaries(void **state)
{
    (void)state;
    struct policy_def d = base();
    struct policy *p = built(&d); /* none named: all apply */
    assert_int_equal(policy_action(p, PROJECTS), ACTION_TOKENIZE);
    assert_int_equal(policy_action(p, CUSTOMERS), ACTION_TOKENIZE);
    policy_free(p);
    const char *dict[] = {"projects"};
    d.dictionaries = dict;
    d.dictionary_count = 1;
    p = built(&d);
    assert_int_equal(policy_action(p, PROJECTS), ACTION_TOKENIZE);
    assert_int_equal(policy_action(p, CUSTOMERS), ACTION_ALLOW);
    policy_free(p);
}

static void allow_list(void **state)
{
    (void)state;
    const char *allow[] = {"Support@Example.com", "4111111111111111", "re:.*@example\\.org", "re:(a+)+$", "Zed"};
    struct policy_def d = base();
    d.allow = allow;
    d.allow_count = 5;
    struct policy *p = built(&d);
    assert_true(policy_allows(p, SLICE("support@example.COM")));
    assert_true(policy_allows(p, SLICE("4111111111111111")));
    assert_false(policy_allows(p, SLICE("411111111111111")));
    assert_false(policy_allows(p, SLICE("41111111111111111")));
    assert_true(policy_allows(p, SLICE("Zed")));
    assert_false(policy_allows(p, SLICE("zed"))); /* case is ignored only in what looks like an address */
    assert_true(policy_allows(p, SLICE("a.b@example.org")));
    assert_false(policy_allows(p, SLICE("a.b@example.org.evil.com"))); /* the whole value */
    assert_false(policy_allows(p, SLICE("x@example.com")));
    assert_false(policy_allows(p, SLICE("")));
    assert_false(policy_allows(p, SLICE("\xff\xfe@example.or")));
    char bomb[5000];
    memset(bomb, 'a', sizeof bomb);
    bomb[sizeof bomb - 1] = 'b';
    assert_false(policy_allows(p, slice_of(bomb, sizeof bomb))); /* a limit that ran out is no leave */
    policy_free(p);
    const char *bad[] = {"re:(unclosed"};
    d.allow = bad;
    d.allow_count = 1;
    refused(&d, "(unclosed");
}

static void allow_by_rule_and_place(void **state)
{
    (void)state;
    const char *allow[] = {"rule:aws-* AKIATEST", "rule:card", "at:tools",
                           "at:messages[role=system].content rule:EMAIL_ADDRESS re:.*@example\\.org"};
    struct policy_def d = base();
    d.allow = allow;
    d.allow_count = 4;
    struct policy *p = built(&d);
    const char *body = "{\"tools\":[{\"a\":\"x\"}],\"messages\":[{\"role\":\"system\",\"content\":\"x\"},{\"role\":\"user\","
                       "\"content\":\"x\"}]}";
    struct json_doc j = {.text = SLICE_NONE};
    assert_int_equal(json_parse(&j, slice_str(body), NULL, NULL), ERR_OK);
    uint32_t x[3], n = 0;
    for (uint32_t i = 0; i < j.count && n < 3; i++)
        if (j.node[i].type == JSON_STRING && json_text_eq(&j, i, SLICE("x"))) x[n++] = i;
    assert_true(policy_allows_at(p, AWS, SLICE("AKIATEST"), NULL, 0));
    assert_true(policy_allows_at(p, AWS_SECRET, SLICE("AKIATEST"), &j, x[2]));
    assert_false(policy_allows_at(p, PEM, SLICE("AKIATEST"), NULL, 0));
    assert_false(policy_allows_at(p, AWS, SLICE("AKIATEST2"), NULL, 0));
    assert_true(policy_allows_at(p, CARD, SLICE("anything"), NULL, 0));
    assert_true(policy_allows_at(p, PEM, SLICE("anything"), &j, x[0]));
    assert_false(policy_allows_at(p, PEM, SLICE("anything"), &j, x[1]));
    assert_true(policy_allows_at(p, EMAIL, SLICE("a@example.org"), &j, x[1]));
    assert_false(policy_allows_at(p, EMAIL, SLICE("a@example.com"), &j, x[1]));
    assert_false(policy_allows_at(p, EMAIL, SLICE("a@example.org"), &j, x[2]));
    assert_false(policy_allows_at(p, EMAIL, SLICE("a@example.org"), NULL, 0)); /* in no place */
    assert_false(policy_allows(p, SLICE("AKIATEST")));                         /* not by itself */
    json_doc_free(&j);
    policy_free(p);
    static const char *const bad[][2] = {{"rule:nobody", "nobody"},          {"at:a..b", "empty"}, {"at:a[b]", "KEY=VALUE"},
                                         {"at:a.b.c.d.e.f.g.h.i", "8 keys"}, {"at:", "empty"},     {"rule:card re:(", "compile"},
                                         {"at:a[b=c]d", "KEY=VALUE"},        {"at:[b=c]", "empty"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        d.allow = &bad[i][0];
        d.allow_count = 1;
        refused(&d, bad[i][1]);
    }
}

static void injection_levels(void **state)
{
    (void)state;
    struct policy_def d = base();
    d.injection[INJECTION_HIGH] = ACTION_BLOCK;
    d.injection[INJECTION_MEDIUM] = ACTION_REROUTE;
    struct policy *p = built(&d);
    assert_int_equal(policy_injection(p, INJECTION_NONE), ACTION_ALLOW);
    assert_int_equal(policy_injection(p, INJECTION_MEDIUM), ACTION_REROUTE);
    assert_int_equal(policy_injection(p, INJECTION_HIGH), ACTION_BLOCK);
    policy_free(p);
    d.injection[INJECTION_LOW] = ACTION_REDACT;
    refused(&d, "flagged, rerouted or blocked");
}

static void tools(void **state)
{
    (void)state;
    const char *never[] = {"http_get", "Send_*"};
    struct policy_def d = base();
    struct policy *p = built(&d);
    assert_true(policy_restores_tool(p, SLICE("http_get")));
    assert_true(policy_restores_tool(p, SLICE("")));
    policy_free(p);
    d.never_tools = never;
    d.never_tool_count = 2;
    p = built(&d);
    assert_false(policy_restores_tool(p, SLICE("http_get")));
    assert_false(policy_restores_tool(p, SLICE("HTTP_GET")));
    assert_false(policy_restores_tool(p, SLICE("send_email")));
    assert_true(policy_restores_tool(p, SLICE("http_get2")));
    assert_false(policy_restores_tool(p, SLICE(""))); /* no name: the careful answer */
    policy_free(p);
    d.restore_tool_arguments = false;
    p = built(&d);
    assert_false(policy_restores_tool(p, SLICE("anything")));
    policy_free(p);
}

static void key_needed(void **state)
{
    (void)state;
    struct policy_def d = base();
    d.key = SLICE("short");
    policy_free(built(&d)); /* nothing asks for it */
    d.cls[RULE_PII] = ACTION_HASH;
    refused(&d, "16 bytes");
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finer_wins),
        cmocka_unit_test(class_and_later_row),
        cmocka_unit_test(names_must_mean_something),
        cmocka_unit_test(dictionaries),
        cmocka_unit_test(allow_list),
        cmocka_unit_test(allow_by_rule_and_place),
        cmocka_unit_test(injection_levels),
        cmocka_unit_test(tools),
        cmocka_unit_test(key_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
