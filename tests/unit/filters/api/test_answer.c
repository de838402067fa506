/* Answers: the fixtures of tests/corpus (placeholders cut over events in every awkward place) read as a client reads
 * them, for many cuts of the bytes; what is held, what lets go, what counts as whole. Runs in the repository's root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <cjson/cJSON.h>

#include "filters/api/answer.h"
#include "filters/text/sse.h"

#define FIXTURES "tests/corpus/fixtures/"

static const struct dialect openai = {.name = "openai"};
static const struct endpoint chat = {"/v1/chat/completions", "chat.completions", EP_CHAT, 0, &openai};
static const struct endpoint other = {"/v1/other", "unknown", EP_SCAN, 0, &openai};

/* What answers ask a policy. */
struct policy {
    bool text, tools;
    const char *never;
};
bool policy_restores_text(const struct policy *p) { return p->text; }
bool policy_restores_tool(const struct policy *p, struct slice tool)
{
    return p->tools && tool.n && !slice_eq(tool, slice_str(p->never));
}
static const struct policy open_policy = {true, true, "never_me"};

static const struct {
    const char *type, *value, *placeholder;
    enum rule_class cls;
} secrets[] = {
    {"EMAIL_ADDRESS", "maria.keller@hospital.example.org", "<EMAIL_ADDRESS_1>", RULE_PII},
    {"EMAIL_ADDRESS", "wang.wei@example.cn", "<EMAIL_ADDRESS_2>", RULE_PII},
    {"API_KEY_OR_TOKEN", "AKIAIOSFODNN7EXAMPLE", "<API_KEY_OR_TOKEN_1>", RULE_SECRETS},
    {"PERSON", "M\xc3\xbcller \"Mo\" \\o/", "<PERSON_1>", RULE_PII},
};
#define SECRETS (sizeof secrets / sizeof secrets[0])

static struct vault *vault;
static struct refusals *refusals;
static cJSON *fixture_index;

static struct slice file(const char *path)
{
    static char text[1 << 20];
    FILE *f = fopen(path, "rb");
    if (!f) fail_msg("%s: not found (run in the repository's root)", path);
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = 0;
    return slice_of(text, n);
}

static int setup(void **state)
{
    (void)state;
    static const struct refusal_def defs[] = {
        {"i'm sorry, but i can't", "en", REFUSAL_START},
        {"i can't help with", "en", REFUSAL_START},
        {"that's beyond my current scope", "en", REFUSAL_ANY},
        {"\xe6\x88\x91\xe6\x97\xa0\xe6\xb3\x95\xe6\x8f\x90\xe4\xbe\x9b", "zh", REFUSAL_START}};
    vault = vault_new();
    for (size_t i = 0; i < SECRETS; i++) {
        struct slice out;
        assert_int_equal(vault_tokenize(vault, secrets[i].type, secrets[i].cls, slice_str(secrets[i].value), &out), ERR_OK);
        assert_true(slice_eq(out, slice_str(secrets[i].placeholder)));
    }
    assert_int_equal(refusals_build(defs, sizeof defs / sizeof defs[0], &refusals), ERR_OK);
    fixture_index = cJSON_Parse(file(FIXTURES "index.json").p);
    assert_non_null(fixture_index);
    return 0;
}
static int teardown(void **state)
{
    (void)state;
    vault_free(vault);
    refusals_free(refusals);
    cJSON_Delete(fixture_index);
    return 0;
}

/* ---- a client: adds up strings by their path, as SDKs do ---- */

struct text {
    char path[200];
    char *s;
    size_t n;
};
struct client {
    struct text t[400];
    size_t count;
    bool unreadable;
};

static void client_add(struct client *c, const char *path, const char *s, bool stream)
{
    size_t i = 0;
    while (i < c->count && strcmp(c->t[i].path, path)) i++;
    assert_true(i < 400);
    if (i == c->count) {
        c->t[c->count++] = (struct text){.s = calloc(1, 1)};
        snprintf(c->t[i].path, sizeof c->t[i].path, "%s", path);
    }
    struct text *t = &c->t[i];
    size_t n = strlen(s);
    if (!stream) t->n = 0;
    t->s = realloc(t->s, t->n + n + 1);
    memcpy(t->s + t->n, s, n + 1);
    t->n += n;
}

static void client_walk(struct client *c, const cJSON *x, const char *path, bool stream)
{
    char next[200];
    const cJSON *k;
    if (cJSON_IsString(x)) client_add(c, path, x->valuestring, stream);
    if (strstr(path, "logprobs.")) return;
    int i = 0;
    cJSON_ArrayForEach(k, x)
    {
        const cJSON *own = cJSON_GetObjectItemCaseSensitive(k, "index");
        if (cJSON_IsArray(x)) snprintf(next, sizeof next, "%s[%d]", path, cJSON_IsNumber(own) ? own->valueint : i);
        else snprintf(next, sizeof next, "%s%s%s", path, *path ? "." : "", k->string);
        client_walk(c, k, next, stream);
        i++;
    }
}

static void client_json(struct client *c, struct slice data, bool stream)
{
    cJSON *x = cJSON_ParseWithLength(data.p, data.n);
    if (!x) c->unreadable = true;
    else client_walk(c, x, "", stream);
    cJSON_Delete(x);
}

static void client_stream(struct client *c, struct slice bytes)
{
    struct sse s;
    struct sse_event ev;
    sse_start(&s, 1 << 20);
    assert_int_equal(sse_feed(&s, bytes), ERR_OK);
    while (sse_next(&s, &ev) == ERR_OK || sse_last(&s, &ev) == ERR_OK)
        if (ev.has_data && !slice_eq(slice_trim(ev.data), SLICE("[DONE]"))) client_json(c, ev.data, true);
    sse_free(&s);
}

static const char *client_text(const struct client *c, const char *path)
{
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->t[i].path, path) == 0) return c->t[i].s;
    return "";
}

static void client_free(struct client *c)
{
    for (size_t i = 0; i < c->count; i++) free(c->t[i].s);
    *c = (struct client){.count = 0};
}

/* The text with originals in the placeholders' places. `tool`: no secrets there. */
static char *restored(const char *s, bool tool)
{
    static char out[20000];
    size_t n = 0;
    while (*s) {
        size_t k = 0;
        while (k < SECRETS && strncmp(s, secrets[k].placeholder, strlen(secrets[k].placeholder))) k++;
        if (k == SECRETS || (tool && secrets[k].cls == RULE_SECRETS)) {
            out[n++] = *s++;
            continue;
        }
        n += (size_t)sprintf(out + n, "%s", secrets[k].value);
        s += strlen(secrets[k].placeholder);
    }
    out[n] = 0;
    return out;
}

/* ---- runs ---- */

struct run {
    struct buf out;
    enum err end;
    enum answer_state state;
    struct answer_facts facts;
};

static struct answer *open_answer(const struct endpoint *ep, bool restoring)
{
    struct answer_opts o = {.endpoint = ep,
                            .refusals = refusals,
                            .vault = restoring ? vault : NULL,
                            .policy = &open_policy,
                            .event_max = 1 << 20,
                            .hold_max = 400};
    struct answer *a = answer_new(&o);
    assert_non_null(a);
    return a;
}

/* piece(): how many bytes the next push gets. */
static struct run run_stream(struct slice in, bool restoring, size_t cut, unsigned seed)
{
    struct run r = {.out = buf_make(4 << 20)};
    struct answer *a = open_answer(&chat, restoring);
    for (size_t at = 0; at < in.n;) {
        size_t n = cut && at < cut ? cut - at : in.n - at;
        if (seed) n = seed == 1 ? 1 : 1 + (size_t)rand() % seed;
        if (n > in.n - at) n = in.n - at;
        assert_int_equal(answer_push(a, slice_of(in.p + at, n), &r.out), ERR_OK);
        at += n;
    }
    r.end = answer_finish(a, &r.out);
    r.state = answer_state(a);
    r.facts = *answer_facts(a);
    answer_free(a);
    return r;
}

static const char *str(const cJSON *o, const char *k)
{
    const cJSON *x = cJSON_GetObjectItemCaseSensitive(o, k);
    return cJSON_IsString(x) ? x->valuestring : NULL;
}

static void check_texts(const cJSON *x, struct client *c, bool restoring)
{
    const cJSON *t;
    cJSON_ArrayForEach(t, cJSON_GetObjectItemCaseSensitive(x, "texts"))
    {
        if (strstr(t->string, "logprobs.content")) continue; /* null where text was restored: see its own test */
        const char *want = restoring ? restored(t->valuestring, strstr(t->string, "tool_calls") != NULL) : t->valuestring;
        const char *got = client_text(c, t->string);
        if (strcmp(got, want)) fail_msg("%s %s: [%s], not [%s]", str(x, "file"), t->string, got, want);
    }
}

static void check_facts(const cJSON *x, const struct run *r)
{
    const char *file_ = str(x, "file"), *finish = str(x, "finish"), *mark = str(x, "refusal");
    bool whole = !cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(x, "complete"));
    bool error = cJSON_GetObjectItemCaseSensitive(x, "error") != NULL;
    if ((r->end == ERR_OK) != (whole || error)) fail_msg("%s: ended with %d", file_, r->end);
    if (!error && r->facts.terminal != whole) fail_msg("%s: terminal %d", file_, r->facts.terminal);
    if (r->facts.error_event != error) fail_msg("%s: error %d", file_, r->facts.error_event);
    if (finish && strcmp(finish, r->facts.finish)) fail_msg("%s: finish %s", file_, r->facts.finish);
    bool refused = mark && (strcmp(mark, "field") == 0 || strcmp(mark, "text") == 0);
    bool filtered = mark && (strcmp(mark, "finish") == 0 || strcmp(mark, "error") == 0);
    if (r->facts.refused != refused || r->facts.filtered != filtered)
        fail_msg("%s: refused %d filtered %d", file_, r->facts.refused, r->facts.filtered);
}

static void one_stream(const cJSON *x)
{
    char path[300];
    snprintf(path, sizeof path, FIXTURES "%s", str(x, "file"));
    struct slice in = file(path);
    for (int restoring = 0; restoring < 2; restoring++) {
        struct run whole = run_stream(in, restoring, 0, 0);
        struct slice want = buf_slice(&whole.out);
        if (!restoring) assert_true(slice_eq(want, in)); /* nothing to restore: the bytes as they came */
        struct client c = {.count = 0};
        client_stream(&c, want);
        if (restoring || !strstr(path, "surrogates")) assert_false(c.unreadable);
        if (!c.unreadable) check_texts(x, &c, restoring);
        check_facts(x, &whole);
        client_free(&c);
        size_t step = in.n / 150 + 1;
        for (size_t cut = 0; cut < in.n; cut += step) {
            struct run r = run_stream(in, restoring, cut ? cut : 0, cut == 0 ? 1 : cut % 5 == 0 ? 2 + (unsigned)(cut % 90) : 0);
            if (!slice_eq(buf_slice(&r.out), want)) fail_msg("%s: other bytes when cut at %zu", path, cut);
            assert_int_equal(r.end, whole.end);
            assert_int_equal(r.state, whole.state);
            assert_memory_equal(&r.facts, &whole.facts, sizeof r.facts);
            buf_free(&r.out);
        }
        buf_free(&whole.out);
    }
}

static void streams(void **state)
{
    (void)state;
    srand(5);
    const cJSON *x;
    size_t n = 0;
    cJSON_ArrayForEach(x, fixture_index) if (strstr(str(x, "file"), ".sse"))
    {
        one_stream(x);
        n++;
    }
    assert_true(n >= 35);
}

static void one_body(const cJSON *x)
{
    char path[300];
    snprintf(path, sizeof path, FIXTURES "%s", str(x, "file"));
    struct slice in = file(path);
    int status = cJSON_GetObjectItemCaseSensitive(x, "status")->valueint;
    for (int restoring = 0; restoring < 2; restoring++) {
        struct answer *a = open_answer(&chat, restoring);
        struct run r = {.out = buf_make(4 << 20)};
        bool changed;
        assert_int_equal(answer_whole(a, status, in, &r.out, &changed), ERR_OK);
        r.facts = *answer_facts(a);
        r.state = answer_state(a);
        assert_true(restoring || !changed);
        assert_int_equal(buf_len(&r.out) > 0, changed);
        struct client c = {.count = 0};
        client_json(&c, changed ? buf_slice(&r.out) : in, false);
        if (!strstr(path, ".html")) assert_false(c.unreadable);
        check_texts(x, &c, restoring);
        if (status == 200) {
            check_facts(x, &r);
            const char *mark = str(x, "refusal");
            assert_int_equal(r.state, !mark ? ANSWER_GO : strcmp(mark, "finish") == 0 ? ANSWER_FILTERED : ANSWER_REFUSED);
        }
        client_free(&c);
        buf_free(&r.out);
        answer_free(a);
    }
}

static void bodies(void **state)
{
    (void)state;
    const cJSON *x;
    size_t n = 0;
    /* The shipped patterns have their own test; here only these few are built in. */
    static const char *const own[] = {"gpt-oss", "text.openai", "deepseek-en", "claude"};
    cJSON_ArrayForEach(x, fixture_index)
    {
        const char *f = str(x, "file");
        if (!strstr(f, ".json") && !strstr(f, ".html")) continue;
        bool use = !strstr(f, "refusal-text");
        for (size_t i = 0; i < 4; i++) use = use || strstr(f, own[i]);
        if (!use) continue;
        one_body(x);
        n++;
    }
    assert_true(n > 20);
}

/* ---- small streams written here ---- */

#define EV(choice) "data: {\"id\":\"c\",\"model\":\"m-1\",\"choices\":[" choice "]}\n\n"
#define DELTA(d)   EV("{\"index\":0,\"delta\":{" d "},\"logprobs\":null,\"finish_reason\":null}")
#define STOP       EV("{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}")
#define DONE       "data: [DONE]\n\n"
#define ROLE       DELTA("\"role\":\"assistant\",\"content\":\"\",\"refusal\":null")

static void push(struct answer *a, const char *s, struct buf *out)
{
    assert_int_equal(answer_push(a, slice_str(s), out), ERR_OK);
}

static void output_is(struct buf *out, const char *want)
{
    struct slice got = buf_slice(out);
    if (!slice_eq(got, slice_str(want))) fail_msg("[%.*s], not [%s]", (int)got.n, got.p, want);
    buf_truncate(out, 0);
}

static void holding(void **state)
{
    (void)state;
    static const struct {
        const char *events[8];
        enum answer_state after[8];
    } rows[] = {
        {{": ping\n\n", ROLE, DELTA("\"content\":\"\""), DELTA("\"content\":\"Hello\"")},
         {ANSWER_HOLD, ANSWER_HOLD, ANSWER_HOLD, ANSWER_GO}},
        {{ROLE, DELTA("\"content\":\"I\""), DELTA("\"content\":\"'m sorry, but I\""), DELTA("\"content\":\" can't\"")},
         {ANSWER_HOLD, ANSWER_HOLD, ANSWER_HOLD, ANSWER_REFUSED}},
        {{ROLE, DELTA("\"content\":\"I\""), DELTA("\"content\":\"'m sorry, but I can\""), DELTA("\"content\":\" help\"")},
         {ANSWER_HOLD, ANSWER_HOLD, ANSWER_HOLD, ANSWER_GO}},
        {{ROLE, DELTA("\"refusal\":\"I\"")}, {ANSWER_HOLD, ANSWER_REFUSED}},
        {{ROLE, EV("{\"index\":0,\"delta\":{},\"finish_reason\":\"content_filter\"}")}, {ANSWER_HOLD, ANSWER_FILTERED}},
        {{ROLE, DELTA("\"content\":\"Hi\""), EV("{\"index\":0,\"delta\":{},\"finish_reason\":\"content_filter\"}")},
         {ANSWER_HOLD, ANSWER_GO, ANSWER_GO}},
        {{"data: {\"error\":{\"message\":\"x\"}}\n\n", DONE}, {ANSWER_FAILED, ANSWER_FAILED}},
        {{ROLE, "data: {\"error\":{\"code\":\"content_filter\"}}\n\n"}, {ANSWER_HOLD, ANSWER_FILTERED}},
        {{"data: {\"error\":null,\"choices\":[]}\n\n", DELTA("\"tool_calls\":[]"), DELTA("\"tool_calls\":[{\"index\":0}]")},
         {ANSWER_HOLD, ANSWER_HOLD, ANSWER_GO}},
        {{ROLE, DELTA("\"reasoning_content\":\"Hm\"")}, {ANSWER_HOLD, ANSWER_GO}},
        {{ROLE, DELTA("\"content\":\"Sorry, that's beyond my current scope.\""), STOP}, {ANSWER_HOLD, ANSWER_GO, ANSWER_GO}},
        {{ROLE, DELTA("\"content\":\"I\""), STOP}, {ANSWER_HOLD, ANSWER_HOLD, ANSWER_GO}},
        {{ROLE, STOP}, {ANSWER_HOLD, ANSWER_GO}},
        {{ROLE, DONE}, {ANSWER_HOLD, ANSWER_GO}},
        {{EV("{\"index\":1,\"delta\":{\"content\":\"Hello\"}}"), EV("{\"index\":0,\"delta\":{\"content\":\"Hello\"}}")},
         {ANSWER_HOLD, ANSWER_GO}},
        {{DELTA("\"content\":[{\"type\":\"text\",\"text\":\"I can't help with\"}]")}, {ANSWER_REFUSED}},
        {{DELTA("\"content\":\"<think>\\n\\n</think>\\n\""), DELTA("\"content\":\"Sure\"")}, {ANSWER_HOLD, ANSWER_GO}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct answer *a = open_answer(&chat, true);
        struct buf out = buf_make(1 << 20);
        for (size_t k = 0; k < 8 && rows[i].events[k]; k++) {
            push(a, rows[i].events[k], &out);
            if (answer_state(a) != rows[i].after[k]) fail_msg("row %zu event %zu: state %d", i, k, answer_state(a));
        }
        buf_free(&out);
        answer_free(a);
    }
}

static void release_and_limits(void **state)
{
    (void)state;
    struct buf out = buf_make(1 << 20);
    struct answer *a = open_answer(&chat, false);
    push(a, ROLE, &out);
    answer_release(a);
    assert_int_equal(answer_state(a), ANSWER_GO);
    push(a, DELTA("\"content\":\"I can't help with that\""), &out);
    assert_int_equal(answer_state(a), ANSWER_GO);
    assert_true(answer_facts(a)->refused); /* still told in the record */
    answer_free(a);
    struct answer_opts o = {
        .endpoint = &chat, .refusals = refusals, .policy = &open_policy, .event_max = 1 << 20, .hold_max = 10};
    a = answer_new(&o);
    push(a, DELTA("\"content\":\"I'm sorry, but\""), &out); /* more than may be held */
    assert_int_equal(answer_state(a), ANSWER_GO);
    answer_free(a);
    o.event_max = 100;
    a = answer_new(&o);
    char big[300];
    memset(big, 'x', sizeof big);
    assert_int_equal(answer_push(a, slice_of(big, sizeof big), &out), ERR_UP_TOO_LARGE);
    answer_free(a);
    a = open_answer(&chat, false);
    assert_int_equal(answer_push(a, SLICE("data: {\"a\":\n\n"), &out), ERR_UP_MALFORMED);
    answer_free(a);
    a = open_answer(&other, true); /* nobody knows this endpoint: strings are restored, the rest passes */
    buf_truncate(&out, 0);
    push(a, "data: hello\n\ndata: {\"x\":[\"<PERSON_1>\"]}\n\n", &out);
    output_is(&out, "data: hello\n\ndata: {\"x\":[\"M\xc3\xbcller \\\"Mo\\\" \\\\o/\"]}\n\n");
    assert_int_equal(answer_finish(a, &out), ERR_OK);
    answer_free(a);
    buf_free(&out);
}

static void copies(void **state)
{
    (void)state;
    struct buf out = buf_make(1 << 20);
    struct answer *a = open_answer(&chat, true);
    push(a,
         "event: x\nid: 7\ndata: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"a "
         "<PER\"},\"logprobs\":{\"content\":[]},\"finish_reason\":null}],\"usage\":null}\n\n",
         &out);
    output_is(&out,
              "event: x\nid: 7\ndata: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"a "
              "\"},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n");
    /* the channel ends with the finish: a copy of its last event, with this text alone */
    push(a, STOP, &out);
    output_is(&out, "event: x\ndata: "
                    "{\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"<PER\"},\"logprobs\":null,\"finish_"
                    "reason\":null}],\"usage\":null}\n\n" STOP);
    push(a, DONE, &out);
    output_is(&out, DONE);
    assert_int_equal(answer_finish(a, &out), ERR_OK);
    answer_free(a);
    /* tool calls: the copy carries the index, not the id and the name again */
    a = open_answer(&chat, true);
    push(a, DELTA("\"content\":\"mail \\u003cEMAIL_ADDRESS_1\""), &out);
    output_is(&out, DELTA("\"content\":\"mail \""));
    push(a,
         DELTA("\"tool_calls\":[{\"index\":3,\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":"
               "\"{\\\"n\\\":\\\"<PERSON_1\"}}]"),
         &out);
    output_is(&out, DELTA("\"content\":\"<maria.keller@hospital.example.org\"")
                        DELTA("\"tool_calls\":[{\"index\":3,\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"f\","
                              "\"arguments\":\"{\\\"n\\\":\\\"\"}}]"));
    push(a, DELTA("\"tool_calls\":[{\"index\":3,\"function\":{\"arguments\":\">\\\"}\"}}]"), &out);
    output_is(
        &out,
        DELTA(
            "\"tool_calls\":[{\"index\":3,\"function\":{\"arguments\":\"M\xc3\xbcller \\\\\\\"Mo\\\\\\\" \\\\\\\\o/\\\"}\"}}]"));
    push(a,
         DELTA("\"tool_calls\":[{\"index\":3,\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":"
               "\"EMAIL\"}}]"),
         &out);
    buf_truncate(&out, 0);
    assert_int_equal(answer_finish(a, &out), ERR_UP_TRUNCATED);
    output_is(&out, DELTA("\"tool_calls\":[{\"index\":3,\"type\":\"function\",\"function\":{\"arguments\":\"EMAIL\"}}]"));
    assert_int_equal(answer_facts(a)->restored, 2);
    answer_free(a);
    buf_free(&out);
}

static void finish_with_text(void **state)
{
    (void)state;
    struct buf out = buf_make(1 << 20);
    struct answer *a = open_answer(&chat, true);
    push(a, DELTA("\"content\":\"<PERSON\""), &out);
    buf_truncate(&out, 0);
    push(a, EV("{\"index\":0,\"delta\":{\"content\":\"_1> <EMAIL\"},\"finish_reason\":\"stop\"}"), &out);
    output_is(&out,
              EV("{\"index\":0,\"delta\":{\"content\":\"M\xc3\xbcller \\\"Mo\\\" \\\\o/ <EMAIL\"},\"finish_reason\":\"stop\"}"));
    assert_int_equal(answer_finish(a, &out), ERR_OK); /* a finish reason for every choice is an end */
    assert_int_equal(buf_len(&out), 0);
    answer_free(a);
    buf_free(&out);
}

static void half_pairs(void **state)
{
    (void)state;
    struct buf out = buf_make(1 << 20);
    struct answer *a = open_answer(&chat, true);
    push(a, DELTA("\"content\":\"x\\ud83d\""), &out);
    output_is(&out, DELTA("\"content\":\"x\""));
    push(a, DELTA("\"content\":\"\\ude4f b\""), &out);
    output_is(&out, DELTA("\"content\":\"\xf0\x9f\x99\x8f b\""));
    push(a, DELTA("\"content\":\"\\\\ud83d\""), &out); /* an escaped backslash: no half pair */
    output_is(&out, DELTA("\"content\":\"\\\\ud83d\""));
    push(a, DELTA("\"content\":\"\\ud83d\""), &out);
    buf_truncate(&out, 0);
    push(a, STOP, &out);
    output_is(&out, DELTA("\"content\":\"\\ud83d\"") STOP);
    answer_free(a);
    buf_free(&out);
}

/* One whole answer, restored. */
static void whole_becomes(const struct policy *p, const char *in, const char *want)
{
    struct answer_opts o = {.endpoint = &chat, .vault = vault, .policy = p, .event_max = 1 << 20, .hold_max = 400};
    struct answer *a = answer_new(&o);
    struct buf out = buf_make(1 << 20);
    bool changed;
    assert_int_equal(answer_whole(a, 200, slice_str(in), &out, &changed), ERR_OK);
    if (!changed) assert_int_equal(buf_add(&out, slice_str(in)), ERR_OK);
    output_is(&out, want);
    buf_free(&out);
    answer_free(a);
}

static void tools(void **state)
{
    (void)state;
    const struct policy no_text = {false, true, ""}, no_tools = {true, false, ""};
#define CALL(name, args)                                                                                                         \
    "{\"choices\":[{\"message\":{\"content\":\"<PERSON_1>\",\"tool_calls\":[{\"id\":\"x\",\"function\":{\"name\":\"" name        \
    "\",\"arguments\":" args "}}]}}]}"
#define ARGS      "\"{\\\"a\\\":\\\"<EMAIL_ADDRESS_1> <API_KEY_OR_TOKEN_1>\\\"}\""
#define ARGS_BACK "\"{\\\"a\\\":\\\"maria.keller@hospital.example.org <API_KEY_OR_TOKEN_1>\\\"}\""
#define CALL_BACK(name, args)                                                                                                    \
    "{\"choices\":[{\"message\":{\"content\":\"M\xc3\xbcller \\\"Mo\\\" "                                                        \
    "\\\\o/\",\"tool_calls\":[{\"id\":\"x\",\"function\":{\"name\":\"" name "\",\"arguments\":" args "}}]}}]}"
    whole_becomes(&open_policy, CALL("f", ARGS), CALL_BACK("f", ARGS_BACK));
    whole_becomes(&open_policy, CALL("never_me", ARGS), CALL_BACK("never_me", ARGS));
    whole_becomes(&no_tools, CALL("f", ARGS), CALL_BACK("f", ARGS));
    whole_becomes(&no_text, CALL("f", ARGS), CALL("f", ARGS_BACK));
    /* arguments as an object */
    whole_becomes(&open_policy,
                  CALL("f", "{\"name\":\"<EMAIL_ADDRESS_1>\",\"id\":\"<EMAIL_ADDRESS_1>\",\"k\":[\"<API_KEY_OR_TOKEN_1>\"]}"),
                  CALL_BACK("f", "{\"name\":\"maria.keller@hospital.example.org\",\"id\":\"maria.keller@hospital.example.org\","
                                 "\"k\":[\"<API_KEY_OR_TOKEN_1>\"]}"));
    whole_becomes(&open_policy, CALL("never_me", "{\"name\":\"<EMAIL_ADDRESS_1>\"}"),
                  CALL_BACK("never_me", "{\"name\":\"<EMAIL_ADDRESS_1>\"}"));
}

/* Calls of tools as other dialects write them: no secret in one, whatever it is called; the stub's name is not "never_me". */
static void tools_of_others(void **state)
{
    (void)state;
#define SHAPES(secret, mail)                                                                                                     \
    "{\"content\":[{\"type\":\"tool_use\",\"name\":\"f\",\"input\":{\"k\":[\"" secret "\"],\"m\":\"" mail "\"}}]}",              \
        "{\"output\":[{\"type\":\"function_call\",\"name\":\"f\",\"arguments\":\"{\\\"k\\\":\\\"" secret " " mail "\\\"}\"}]}",  \
        "{\"output\":[{\"type\":\"custom_tool_call\",\"name\":\"f\",\"input\":\"" secret " " mail "\"}]}",                       \
        "{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":{\"k\":\"" secret " " mail         \
        "\"}}}]}}]}",                                                                                                            \
        "{\"output\":{\"message\":{\"content\":[{\"toolUse\":{\"name\":\"f\",\"input\":{\"k\":\"" secret " " mail "\"}}}]}}}",   \
        "{\"message\":{\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":{\"k\":\"" secret " " mail "\"}}}]}}"
#define EVENTS(secret)                                                                                                           \
    "{\"type\":\"response.function_call_arguments.delta\",\"delta\":\"{\\\"k\\\":\\\"" secret "\\\"}\"}",                        \
        "{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"\\\"" secret "\\\"\"}}",  \
        "{\"type\":\"response.code_interpreter_call_code.delta\",\"delta\":\"x='" secret "'\"}"
    static const char *const from[] = {SHAPES("<API_KEY_OR_TOKEN_1>", "<EMAIL_ADDRESS_2>"), EVENTS("<API_KEY_OR_TOKEN_1>")};
    static const char *const want[] = {SHAPES("<API_KEY_OR_TOKEN_1>", "wang.wei@example.cn"), EVENTS("<API_KEY_OR_TOKEN_1>")};
    for (size_t i = 0; i < sizeof from / sizeof from[0]; i++) whole_becomes(&open_policy, from[i], want[i]);
    /* text beside a call is text */
    whole_becomes(&open_policy, "{\"content\":[{\"type\":\"text\",\"text\":\"<API_KEY_OR_TOKEN_1>\"}]}",
                  "{\"content\":[{\"type\":\"text\",\"text\":\"AKIAIOSFODNN7EXAMPLE\"}]}");
}

static void never_tool_in_pieces(void **state)
{
    (void)state;
    struct buf out = buf_make(1 << 20);
    struct answer *a = open_answer(&chat, true);
    push(a,
         DELTA("\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"never_\"}},{\"index\":1,\"function\":{\"name\":\"ok\"}}]"),
         &out);
    push(a, DELTA("\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"\",\"name\":\"me\"}}]"), &out);
    buf_truncate(&out, 0);
    push(a,
         DELTA("\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"<EMAIL_ADDRESS_1>\"}},{\"index\":1,\"function\":{"
               "\"name\":\"ok\",\"arguments\":\"<EMAIL_ADDRESS_2>\"}}]"),
         &out);
    output_is(&out, DELTA("\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"<EMAIL_ADDRESS_1>\"}},{\"index\":1,"
                          "\"function\":{\"name\":\"ok\",\"arguments\":\"wang.wei@example.cn\"}}]"));
    answer_free(a);
    buf_free(&out);
}

static void logprobs(void **state)
{
    (void)state;
    whole_becomes(
        &open_policy,
        "{\"choices\":[{\"logprobs\":{\"content\":[{\"token\":\"<PERSON_1>\"}]},\"message\":{\"content\":\"<PERSON_1>\"}},"
        "{\"logprobs\":{\"content\":[{\"token\":\"x\"}]},\"message\":{\"content\":\"x\"}}]}",
        "{\"choices\":[{\"logprobs\":null,\"message\":{\"content\":\"M\xc3\xbcller \\\"Mo\\\" \\\\o/\"}},"
        "{\"logprobs\":{\"content\":[{\"token\":\"x\"}]},\"message\":{\"content\":\"x\"}}]}");
}

static void facts(void **state)
{
    (void)state;
    struct buf out = buf_make(1 << 20);
    struct answer *a = open_answer(&chat, true);
    push(a, DELTA("\"content\":\"Hi <PERSON_1> <PERSON_9>\""), &out);
    push(a, "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":34}}\n\n", &out);
    const struct answer_facts *f = answer_facts(a);
    assert_int_equal(f->prompt_tokens, 12);
    assert_int_equal(f->completion_tokens, 34);
    assert_string_equal(f->model, "m-1");
    assert_int_equal(f->restored, 1);
    assert_int_equal(f->foreign, 1);
    assert_false(f->terminal);
    assert_int_equal(answer_finish(a, &out), ERR_UP_TRUNCATED);
    answer_free(a);
    bool changed;
    a = open_answer(&chat, true);
    assert_int_equal(answer_whole(a, 200, SLICE("<html>"), &out, &changed), ERR_UP_MALFORMED);
    assert_int_equal(answer_whole(a, 502, SLICE("<html>"), &out, &changed), ERR_OK);
    assert_false(changed);
    answer_free(a);
    a = open_answer(&chat, false);
    assert_int_equal(answer_whole(a, 200, SLICE("{\"error\":{\"message\":\"x\"}}"), &out, &changed), ERR_OK);
    assert_int_equal(answer_state(a), ANSWER_FAILED);
    answer_free(a);
    buf_free(&out);
}

/* The last event is cut in the middle: nothing of it goes out, and it is no clean end. */
static void cut_event(void **state)
{
    (void)state;
    struct buf out = buf_make(1 << 20);
    struct answer *a = open_answer(&chat, true);
    push(a, DELTA("\"content\":\"Hi\"") "data: {\"choices\":[{\"delta\":{\"cont", &out);
    assert_int_equal(answer_finish(a, &out), ERR_UP_TRUNCATED);
    output_is(&out, DELTA("\"content\":\"Hi\""));
    answer_free(a);
    buf_free(&out);
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams),
        cmocka_unit_test(bodies),
        cmocka_unit_test(holding),
        cmocka_unit_test(copies),
        cmocka_unit_test(finish_with_text),
        cmocka_unit_test(half_pairs),
        cmocka_unit_test(tools),
        cmocka_unit_test(tools_of_others),
        cmocka_unit_test(never_tool_in_pieces),
        cmocka_unit_test(logprobs),
        cmocka_unit_test(facts),
        cmocka_unit_test(cut_event),
        cmocka_unit_test(release_and_limits),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
