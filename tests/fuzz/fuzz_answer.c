/* Any bytes as a stream of events: the same bytes, facts and end must come out for every cut, and with nothing to
 * restore what is passed on is the input's beginning. A byte of the input seeds the cuts. Seeds: the fixtures. */
#include "filters/api/answer.h"

#include <stdlib.h>

#define CHECK(x)                                                                                                                 \
    do {                                                                                                                         \
        if (!(x)) abort();                                                                                                       \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct dialect openai = {.name = "openai"};
static const struct endpoint chat = {"/v1/chat/completions", "chat.completions", EP_CHAT, 0, &openai};

struct result {
    struct buf out;
    enum err pushed, end;
    enum answer_state state;
    struct answer_facts facts;
};

static struct result run(struct vault *v, struct refusals *r, struct slice s, unsigned seed)
{
    struct answer_opts o = {.endpoint = &chat, .refusals = r, .vault = v, .event_max = 1 << 16, .hold_max = 40};
    struct answer *a = answer_new(&o);
    struct result x = {.out = buf_make(1 << 26)};
    CHECK(a);
    for (size_t at = 0; at < s.n && !x.pushed;) {
        seed = seed * 1103515245u + 12345u;
        size_t n = seed ? 1 + (seed >> 16) % 40 : s.n;
        if (n > s.n - at) n = s.n - at;
        x.pushed = answer_push(a, slice_of(s.p + at, n), &x.out);
        at += n;
    }
    x.end = x.pushed ? ERR_OK : answer_finish(a, &x.out);
    x.state = answer_state(a);
    x.facts = *answer_facts(a);
    answer_free(a);
    return x;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct vault *v;
    static struct refusals *r;
    struct slice out;
    if (!v) {
        static const struct refusal_def defs[] = {{"i can't", "en", REFUSAL_START}, {"sorry", "en", REFUSAL_ANY}};
        v = vault_new();
        CHECK(v && refusals_build(defs, 2, &r) == ERR_OK);
        CHECK(vault_tokenize(v, "EMAIL_ADDRESS", RULE_PII, SLICE("x\"\\y\xc3\xa9"), &out) == ERR_OK);
        CHECK(vault_tokenize(v, "API_KEY_OR_TOKEN", RULE_SECRETS, SLICE("secret"), &out) == ERR_OK);
    }
    if (size < 1) return 0;
    struct slice s = slice_of(data, size);
    for (int restoring = 0; restoring < 2; restoring++) {
        struct result a = run(restoring ? v : NULL, r, s, 0), b = run(restoring ? v : NULL, r, s, data[size / 2]);
        CHECK(a.pushed == b.pushed && a.end == b.end && a.state == b.state);
        CHECK(memcmp(&a.facts, &b.facts, sizeof a.facts) == 0);
        CHECK(slice_eq(buf_slice(&a.out), buf_slice(&b.out)));
        if (!restoring) CHECK(slice_starts(s, buf_slice(&a.out)));
        bool changed;
        struct answer_opts o = {
            .endpoint = &chat, .refusals = r, .vault = restoring ? v : NULL, .event_max = 1 << 16, .hold_max = 40};
        struct answer *w = answer_new(&o);
        struct buf body = buf_make(1 << 26);
        CHECK(w);
        enum err e = answer_whole(w, 200, s, &body, &changed);
        CHECK(e == ERR_OK || e == ERR_UP_MALFORMED);
        CHECK(changed == (buf_len(&body) > 0));
        if (changed) { /* what comes out is JSON again */
            struct buf again = buf_make(1 << 26);
            CHECK(answer_whole(w, 200, buf_slice(&body), &again, &changed) == ERR_OK);
            buf_free(&again);
        }
        answer_free(w);
        buf_free(&body);
        buf_free(&a.out);
        buf_free(&b.out);
    }
    return 0;
}
