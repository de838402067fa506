/* Bodies made to be slow, and bodies that are only large. Work is counted (filters/meter.h), not timed: it grows in
 * proportion to the body, whoever may stop a screening is asked all along, and after he said stop little more is done.
 * Large lists of addresses and cards are screened, not refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "filters/screen.h"
#include "tests/unit/filters/packs.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SMALL (64u << 10)
#define LARGE (4u << 20)
#else
#define SMALL (256u << 10)
#define LARGE (16u << 20)
#endif
#define UNITS_A_BYTE 600u /* of work; the worst below takes half of that */

static struct rule_pack pack;
static struct ruleset *rules;
static struct detect_scratch *scratch;
static struct screener *screener;
static struct policy *policy;
static char *body; /* LARGE and a margin */
static size_t len;

static int setup(void **state)
{
    const struct policy_def d = {
        .name = "p", .cls = {ACTION_REDACT, ACTION_TOKENIZE, ACTION_FLAG}, .key = SLICE("0123456789abcdef")};
    (void)state;
    scratch = detect_scratch_new();
    screener = screener_new();
    body = malloc(LARGE + 65536);
    return !scratch || !screener || !body || !packs_build(&pack, &rules) ||
           policy_build(&d, rules, NULL, NULL, &policy) != ERR_OK;
}

static int teardown(void **state)
{
    (void)state;
    free(body);
    policy_free(policy);
    screener_free(screener);
    detect_scratch_free(scratch);
    ruleset_free(rules);
    rule_pack_free(&pack);
    return 0;
}

/* ---- bodies ---- */

static void add(struct slice s)
{
    memcpy(body + len, s.p, s.n);
    len += s.n;
}

/* Each row is written once, its unit over and over; "%u" in it is counted up. */
struct shape {
    const char *head, *unit, *tail;
};
#define CHAT(unit_)                                                                                                              \
    {                                                                                                                            \
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"", unit_, "\"}]}"                                       \
    }
#define MORE(open_, unit_, close_)                                                                                               \
    {                                                                                                                            \
        "{\"model\":\"m\",\"messages\":[],\"metadata\":" open_, unit_, close_ "}"                                                \
    }

static const struct shape shapes[] = {
    /* keywords and what nearly follows them */
    CHAT("password="),
    CHAT("Bearer "),
    CHAT("-----BEGIN RSA PRIVATE KEY-----\\n"),
    CHAT("AKIAQ3EGRIJ5JZQUK4W "),
    CHAT("ssn dob nhs passport iban %u23456789 "),
    /* numbers, brackets, '@', colons: near misses everywhere */
    CHAT("4111111111111111"),
    CHAT("4 1 1 1 "),
    CHAT("1-"),
    CHAT("(((((((("),
    CHAT("a@"),
    CHAT("a@b.c."),
    CHAT("aa:"),
    CHAT("+44 20 7946 0958 0 123-45-6789 1.2.3.4 12:34:56:78:9a:bc 2024-01-02 4111111111111112 "),
    /* encodings in encodings */
    CHAT("amFuZUBjb3JwLmV4YW1wbGUgNDExMTExMTExMTExMTExMSBhYW5k"),
    CHAT("YW1GdVpVQmpiM0p3TG1WNFlXMXdiR1VnTkRFeE1URXhNVEV4TVRFeE1URXhNU0JoWVc1aw"),
    CHAT("6a616e6540636f72702e6578616d706c65 "),
    CHAT("%%25%%36%%61ane%%2540corp.example "),
    CHAT("&#106;ane&#64;corp&#46;example "),
    CHAT("\\\\u006aane\\\\u0040corp.example "),
    CHAT("\\\\\\\""),
    CHAT("\\u0000"),
    CHAT("\\n\\u001e\\n"),
    /* tokens in pieces, text that is folded */
    CHAT("aB3\\n"),
    CHAT("a1b2c3d4e5f6a7b8c9*"),
    CHAT("MIIEowIBAAKCAQEA0Z3VS5JJcds3xfn/ygWyF0ee\\n"),
    CHAT("'a1' + "),
    CHAT("4\xe2\x80\x8b"),
    CHAT("a\xf3\xa0\x81\xa1 "),
    CHAT("\xef\xbc\x94\xef\xbc\x91\xef\xbc\x91\xef\xbc\x91 "),
    /* many small things */
    MORE("{\"a\":0", ",\"k%u\":\"v\"", "}"),
    MORE("{\"a\":0", ",\"a%u@b.example\":1", "}"),
    MORE("[0", ",4111111111111111", "]"),
    MORE("[0", ",{\"password\":\"x1y2z3w4\"}", "]"),
    MORE("[0", ",[\"a\"]", "]"),
    {"{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"}",
     ",{\"type\":\"text\",\"text\":\"sk_live_\"}", "]}]}"},
    {"{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"{\\\"a\\\":[0",
     ",\\\"{\\\\\\\"x\\\\\\\":\\\\\\\"a%u@b.example\\\\\\\"}\\\"", "]}\"}]}"},
};
#define SHAPES (sizeof shapes / sizeof shapes[0])

static void make(const struct shape *s, size_t size)
{
    len = 0;
    add(slice_str(s->head));
    for (unsigned i = 0; len < size; i++) { /* the units above are the only formats there are */
        size_t at = 0, n = strlen(s->unit);
        while (at < n) {
            const char *p = strchr(s->unit + at, '%');
            size_t k = p ? (size_t)(p - s->unit) : n;
            add(slice_of(s->unit + at, k - at));
            if (!p) break;
            if (p[1] == 'u') len += (size_t)sprintf(body + len, "%u", i);
            else body[len++] = '%';
            at = k + 2;
        }
    }
    add(slice_str(s->tail));
}

/* ---- screening ---- */

struct stopper {
    struct meter m;
    unsigned asks, stop_at; /* the ask that is answered with "stop"; 0: none is */
    uint64_t stopped_at;    /* work done by then */
};

static bool on_ask(void *arg)
{
    struct stopper *s = arg;
    if (++s->asks != s->stop_at) return false;
    s->stopped_at = s->m.done;
    return true;
}

static enum err screen(struct stopper *s, unsigned stop_at, uint32_t *found)
{
    const struct screen_limits lim = {128, 2, 1, 1, NULL};
    struct screening out;
    *s = (struct stopper){.m = {.stop = on_ask, .arg = s}, .stop_at = stop_at};
    screener_meter(screener, &s->m);
    enum err e = screen_request(screener, scratch, rules, policy, &lim, endpoint_find(SLICE("/v1/chat/completions")),
                                slice_of(body, len), &out);
    *found = out.counts_more;
    for (size_t i = 0; i < out.count_rows; i++) *found += out.counts[i].count;
    assert_true(e == ERR_OK || !out.changed);
    screening_free(&out);
    return e;
}

static void work_grows_with_the_body(void **state)
{
    (void)state;
    struct stopper s;
    uint32_t found;
    for (size_t i = 0; i < SHAPES; i++) {
        make(&shapes[i], SMALL);
        (void)screen(&s, 0, &found);
        uint64_t small = s.m.done;
        make(&shapes[i], 4 * SMALL);
        enum err e = screen(&s, 0, &found);
        if (e != ERR_OK && e != ERR_BLOCKED && e != ERR_NOT_SCANNED) fail_msg("%s: %s", shapes[i].unit, err_name(e));
        if (s.m.done > 5 * small || s.m.done > (uint64_t)UNITS_A_BYTE * len || s.m.done < len)
            fail_msg("%s: %llu units for %u bytes, %llu for four times as many", shapes[i].unit, (unsigned long long)small, SMALL,
                     (unsigned long long)s.m.done);
    }
}

/* Wherever a screening is when it is told to stop, it refuses the body and does hardly anything more. */
static void a_screening_can_be_stopped_anywhere(void **state)
{
    (void)state;
    struct stopper s;
    uint32_t found;
    for (size_t i = 0; i < SHAPES; i++) {
        make(&shapes[i], 2 * SMALL);
        (void)screen(&s, 0, &found);
        unsigned all = s.asks, step = all / 7 + 1;
        if (all == 0 && s.m.done >= METER_EVERY) fail_msg("%s: nobody was asked", shapes[i].unit);
        for (unsigned at = 1; at <= all; at += step) {
            enum err e = screen(&s, at, &found);
            if (e != ERR_NOT_SCANNED) fail_msg("%s, stopped at %u of %u: %s", shapes[i].unit, at, all, err_name(e));
            if (s.asks > at + 1) fail_msg("%s, stopped at %u of %u: asked %u times", shapes[i].unit, at, all, s.asks);
            assert_true(s.m.done - s.stopped_at < 2 * METER_EVERY);
        }
        assert_int_equal(screen(&s, 0, &found), screen(&s, 0, &found)); /* nothing of it is left */
    }
}

/* ---- keys ---- */

/* A key cannot be rewritten, so what is found in one blocks: a number of no kind is not enough, though alone. */
static void numbered_keys_are_no_documents(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        enum err e;
    } rows[] = {{"k1234567", ERR_OK}, {"a123456", ERR_OK}, {"jane@corp.example", ERR_BLOCKED}, {"4111111111111111", ERR_BLOCKED}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct stopper s;
        uint32_t found;
        len = (size_t)sprintf(body, "{\"model\":\"m\",\"messages\":[],\"metadata\":{\"%s\":1}}", rows[i].key);
        assert_int_equal(screen(&s, 0, &found), rows[i].e);
    }
}

/* ---- large lists ---- */

static char luhn(const char *d)
{
    unsigned sum = 0;
    for (int k = 0; k < 15; k++) {
        unsigned x = (unsigned)(d[k] - '0') << (k % 2 == 0);
        sum += x > 9 ? x - 9 : x;
    }
    return (char)('0' + (10 - sum % 10) % 10);
}

static void mails(unsigned i)
{
    len += (size_t)sprintf(body + len, "user%u.name@corp%u.example%s", i, i % 977, i % 8 == 7 ? "\\n" : ",");
}
static void cards(unsigned i)
{
    char d[40];
    snprintf(d, sizeof d, "%015llu", 411111000000000ull + i * 7919ull % 999999999ull);
    d[15] = luhn(d);
    len += (size_t)sprintf(body + len, "%.16s,%u,12/27\\n", d, i);
}
static void customers(unsigned i)
{
    len += (size_t)sprintf(body + len, "%u;Jane Doe;jane%u@corp.example;+44 20 7946 0%03u;192.168.%u.%u;1984-05-%02u\\n", i, i,
                           i % 1000, i / 256 % 256, i % 256, i % 28 + 1);
}

/* Every row of them is found, and the work a row takes does not grow. */
static void large_lists_are_screened(void **state)
{
    static void (*const lists[])(unsigned) = {mails, cards, customers};
    (void)state;
    const struct shape chat = CHAT("");
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        uint64_t work[2];
        for (int large = 0; large < 2; large++) {
            struct stopper s;
            uint32_t found;
            unsigned n = 0;
            len = 0;
            add(slice_str(chat.head));
            for (; len < (large ? LARGE : LARGE / 4); n++) lists[i](n);
            add(slice_str(chat.tail));
            assert_int_equal(screen(&s, 0, &found), ERR_OK);
            if (found < n) fail_msg("list %zu: %u findings in %u rows", i, found, n);
            work[large] = s.m.done;
        }
        assert_true(work[1] < 5 * work[0]);
    }
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_grows_with_the_body), cmocka_unit_test(a_screening_can_be_stopped_anywhere),
        cmocka_unit_test(numbered_keys_are_no_documents), cmocka_unit_test(large_lists_are_screened)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
