/* Any body, and any bytes as plain text, through screening with a small rule set. What comes out must still be JSON of
 * the same shape, and so must JSON inside its strings; a key that stands in the open in the input is not in the output;
 * findings of plain text lie in it, ascending. */
#include "filters/screen.h"
#include "tests/unit/filters/few_rules.h"

#include <stdlib.h>

#define CHECK(x)                                                                                                                 \
    do {                                                                                                                         \
        if (!(x)) abort();                                                                                                       \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ruleset *rules;
static struct policy *redact, *tokens;
static struct screener *screener;
static struct detect_scratch *scratch;
static struct json_doc before, after, inner_before, inner_after;

static void report(void *arg, const struct rule_def *def, const char *message)
{
    (void)arg, (void)def, (void)message;
    abort();
}

static void setup(void)
{
    static char *aws[] = {"akia"}, *word[] = {"password"};
    static struct rule_def defs[] = {
        {.id = "aws",
         .description = "",
         .cls = RULE_SECRETS,
         .type = "API_KEY",
         .keyword_count = 1,
         .keywords = aws,
         .regex = "AKIA[A-Z2-7]{16}",
         .score = 0.95F,
         .join = true},
        {.id = "password",
         .description = "",
         .cls = RULE_SECRETS,
         .type = "PASSWORD",
         .keywords = word,
         .keyword_count = 1,
         .regex = "(?i)password.{0,8}?[:=].{0,4}?(\\S{4,64})",
         .score = 0.6F},
        FEW_EMAIL,
        FEW_CARD,
    };
    CHECK(ruleset_build(defs, sizeof defs / sizeof defs[0], report, NULL, &rules) == ERR_OK);
    struct policy_def d = {.name = "r", .cls = {ACTION_REDACT, ACTION_MASK, ACTION_FLAG}, .key = SLICE("0123456789abcdef")};
    CHECK(policy_build(&d, rules, report, NULL, &redact) == ERR_OK);
    d.cls[0] = d.cls[1] = ACTION_TOKENIZE;
    CHECK(policy_build(&d, rules, report, NULL, &tokens) == ERR_OK);
    screener = screener_new();
    scratch = detect_scratch_new();
    CHECK(screener && scratch);
}

/* JSON in a string was JSON before: it still is. */
static void check_inner(struct slice a, struct slice b)
{
    struct buf x = buf_make(1 << 24), y = buf_make(1 << 24);
    const struct json_limits lim = {.allow_duplicates = true};
    CHECK(json_unescape(a, &x) == ERR_OK && json_unescape(b, &y) == ERR_OK);
    if (json_parse(&inner_before, buf_slice(&x), &lim, NULL) == ERR_OK && inner_before.node[0].type >= JSON_ARRAY) {
        CHECK(json_parse(&inner_after, buf_slice(&y), &lim, NULL) == ERR_OK);
        CHECK(inner_before.count == inner_after.count);
    }
    buf_free(&x);
    buf_free(&y);
}

static void check_body(const struct policy *p, struct slice body)
{
    const struct screen_limits lim = {64, 2, 2, 2, NULL};
    const struct endpoint *ep = endpoint_find(SLICE("/v1/chat/completions"));
    struct screening s;
    enum err e = screen_request(screener, scratch, rules, p, &lim, ep, body, &s);
    CHECK(e == s.error && (!e || !s.changed) && e != ERR_NOT_SCANNED && e != ERR_INTERNAL);
    if (s.changed) {
        struct slice out = buf_slice(&s.body);
        CHECK(json_parse(&before, body, NULL, NULL) == ERR_OK && json_parse(&after, out, NULL, NULL) == ERR_OK);
        CHECK(before.count == after.count);
        for (uint32_t i = 0; i < before.count; i++) {
            CHECK(before.node[i].type == after.node[i].type && before.node[i].next == after.node[i].next);
            struct slice a = json_raw(&before, i), b = json_raw(&after, i);
            if (before.node[i].type == JSON_STRING) check_inner(a, b);
            else if (before.node[i].type < JSON_ARRAY) CHECK(slice_eq(a, b));
        }
        CHECK(slice_search(out, SLICE("AKIAQX3BD7ZJ2M5KW6RT")) == out.n ||
              slice_search(body, SLICE("AKIAQX3BD7ZJ2M5KW6RT")) == body.n);
    }
    screening_free(&s);
}

static void check_text(struct slice text)
{
    const struct screen_limits lim = {64, 2, 2, 2, NULL};
    struct findings f = {0};
    struct buf out = buf_make(1 << 24);
    CHECK(screen_text(screener, scratch, rules, &lim, text, &f) == ERR_OK);
    for (size_t i = 0; i < f.count; i++) {
        CHECK(f.v[i].start < f.v[i].end && f.v[i].end <= text.n);
        if (i) CHECK(f.v[i].start >= f.v[i - 1].end);
    }
    struct vault *v = NULL;
    CHECK(screen_redact(screener, rules, redact, text, &f, &v, &out) == ERR_OK);
    vault_free(v);
    buf_free(&out);
    findings_free(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!rules) setup();
    struct slice body = slice_of(data, size);
    check_body(redact, body);
    check_body(tokens, body);
    check_text(body);
    return 0;
}
