/* Memory that runs out at each allocation of a screening and of an answer in turn: the body is either as it should be or
 * refused, a value never stays in what goes on, and nothing is lost. The allocator's calls are wrapped by the linker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "filters/api/answer.h"
#include "filters/screen.h"
#include "tests/unit/filters/few_rules.h"

static long left; /* allocations until one fails; below 0: none does */
static long live; /* blocks that are not freed */
static unsigned long calls;

void *__real_mem_alloc(size_t n);
void *__real_mem_zalloc(size_t n);
void *__real_mem_realloc(void *p, size_t n);
void *__real_mem_resize(void *p, size_t n);
void __real_mem_free(void *p);
void __real_mem_free_used(void *p, size_t used);

static bool fails(void)
{
    calls++;
    return left >= 0 && left-- == 0;
}

static void *counted(void *p)
{
    live += p != NULL;
    return p;
}

void *__wrap_mem_alloc(size_t n) { return fails() ? NULL : counted(__real_mem_alloc(n)); }
void *__wrap_mem_zalloc(size_t n) { return fails() ? NULL : counted(__real_mem_zalloc(n)); }
void *__wrap_mem_realloc(void *p, size_t n)
{
    if (fails()) return NULL;
    return p ? __real_mem_realloc(p, n) : counted(__real_mem_realloc(p, n));
}
void *__wrap_mem_resize(void *p, size_t n)
{
    if (fails()) return NULL;
    return p ? __real_mem_resize(p, n) : counted(__real_mem_resize(p, n));
}
void __wrap_mem_free(void *p)
{
    live -= p != NULL;
    __real_mem_free(p);
}
void __wrap_mem_free_used(void *p, size_t used)
{
    live -= p != NULL;
    __real_mem_free_used(p, used);
}

/* ---- one exchange's text ---- */

#define KEY   "AKIAQ3EGRIJ5JZQUK4WP"
#define MAIL  "jane@corp.example"
#define MAIL2 "joe@corp.example"

/* Plain, in parts, in inner JSON, encoded, escaped, with invisible characters and tags, across breaks. */
static const char request[] =
    "{\"model\":\"m\",\"stream\":true,\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"description\":\"for " MAIL2
    "\"}}],\"messages\":[{\"role\":\"system\",\"content\":\"write to " MAIL " \xf3\xa0\x81\xa1\"},"
    "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"AKIAQ3EGRI\"},{\"type\":\"text\",\"text\":\"J5JZQUK4WP\"}]},"
    "{\"role\":\"user\",\"content\":\"amFuZUBjb3JwLmV4YW1wbGUgaXMgc2hl %6aane%40corp.example \\u006aane@corp.example "
    "AKIAQ3EGRI\\nJ5JZQUK4WP ja\xe2\x80\x8bne@corp.example\"},{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c\",\"type\":"
    "\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"to\\\":\\\"" MAIL "\\\",\\\"key\\\":\\\"" KEY "\\\"}\"}}]}]}";
static const char whole[] =
    "{\"id\":\"c\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"role\":"
    "\"assistant\",\"content\":\"to <EMAIL_ADDRESS_1> and <EMAIL_ADDRESS_2>\"},\"finish_reason\":\"stop\"}]}";
static const char *const events[] = {
    "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"to "
    "<EMAIL_ADD\"}}]}\n\n",
    "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"RESS_1> "
    "\"}}]}\n\n",
    "data: "
    "{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
    "data: [DONE]\n\n"};

static struct ruleset *rules;
static struct policy *policy;
static struct detect_scratch *scratch;
static const struct screen_limits limits = {128, 2, 1, 1, "support-bot"};

struct outcome {
    enum err screen, whole, stream;
    char request[sizeof request + 512], whole_out[1024], stream_out[2048];
};

static void take(char *to, size_t room, struct slice s)
{
    assert_true(s.n < room);
    memcpy(to, s.p, s.n);
    to[s.n] = 0;
}

static enum err read_whole(const struct answer_opts *o, struct outcome *x)
{
    struct buf out = buf_make(1 << 20);
    struct answer *a = answer_new(o);
    bool changed = false;
    enum err e = a ? answer_whole(a, 200, slice_str(whole), &out, &changed) : ERR_MEMORY;
    if (!e) take(x->whole_out, sizeof x->whole_out, changed ? buf_slice(&out) : slice_str(whole));
    answer_free(a);
    buf_free(&out);
    return e;
}

static enum err read_stream(const struct answer_opts *o, struct outcome *x)
{
    struct buf out = buf_make(1 << 20);
    struct answer *a = answer_new(o);
    enum err e = a ? ERR_OK : ERR_MEMORY;
    for (size_t i = 0; i < sizeof events / sizeof events[0] && !e; i++) e = answer_push(a, slice_str(events[i]), &out);
    if (!e) e = answer_finish(a, &out);
    if (!e) take(x->stream_out, sizeof x->stream_out, buf_slice(&out));
    answer_free(a);
    buf_free(&out);
    return e;
}

/* Everything from an empty screener on, with the n-th allocation failing. */
static void run(long n, struct outcome *x)
{
    struct screening sc;
    const struct endpoint *chat = endpoint_find(SLICE("/v1/chat/completions"));
    *x = (struct outcome){.whole = ERR_MEMORY, .stream = ERR_MEMORY};
    left = n;
    struct screener *s = screener_new();
    x->screen = s ? screen_request(s, scratch, rules, policy, &limits, chat, slice_str(request), &sc) : ERR_MEMORY;
    if (!x->screen) {
        const struct answer_opts o = {.endpoint = chat, .vault = sc.vault, .policy = policy, .event_max = 4096, .hold_max = 400};
        assert_true(sc.changed);
        take(x->request, sizeof x->request, buf_slice(&sc.body));
        x->whole = read_whole(&o, x);
        x->stream = read_stream(&o, x);
    } else if (s) {
        assert_false(sc.changed);
    }
    left = -1;
    if (s) screening_free(&sc);
    screener_free(s);
}

static void each_allocation_fails_once(void **state)
{
    (void)state;
    static struct outcome good, x;
    run(-1, &good); /* what is made once a process is made */
    calls = 0;
    run(-1, &good);
    unsigned long all = calls;
    assert_int_equal(good.screen, ERR_OK);
    assert_int_equal(good.whole, ERR_OK);
    assert_int_equal(good.stream, ERR_OK);
    assert_null(strstr(good.request, MAIL));
    assert_null(strstr(good.request, KEY));
    assert_non_null(strstr(good.whole_out, MAIL));
    assert_non_null(strstr(good.stream_out, "@corp.example"));
    assert_true(all > 30);
    const long before = live;
    unsigned refused = 0;
    for (unsigned long n = 0; n < all; n++) {
        run((long)n, &x);
        if (live != before) fail_msg("allocation %lu: %ld blocks are lost", n, live - before);
        if (x.screen && x.screen != ERR_MEMORY) fail_msg("allocation %lu: %s", n, err_name(x.screen));
        if (!x.screen) assert_string_equal(x.request, good.request);
        if (!x.screen && !x.whole) assert_string_equal(x.whole_out, good.whole_out);
        if (!x.screen && !x.stream) assert_string_equal(x.stream_out, good.stream_out);
        refused += x.screen || x.whole || x.stream;
    }
    print_message("%lu allocations, %u of them were told\n", all, refused);
    assert_true(refused > all / 2);
}

static int setup(void **state)
{
    static struct rule_def defs[] = {
        FEW_AWS,
        FEW_EMAIL,
    };
    const struct policy_def d = {.name = "p",
                                 .cls = {ACTION_REDACT, ACTION_TOKENIZE, ACTION_FLAG},
                                 .restore_text = true,
                                 .key = SLICE("0123456789abcdef")};
    (void)state;
    left = -1;
    scratch = detect_scratch_new();
    return !scratch || ruleset_build(defs, 2, NULL, NULL, &rules) != ERR_OK ||
           policy_build(&d, rules, NULL, NULL, &policy) != ERR_OK;
}

static int teardown(void **state)
{
    (void)state;
    policy_free(policy);
    detect_scratch_free(scratch);
    ruleset_free(rules);
    return 0;
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_allocation_fails_once)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
