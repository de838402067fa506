/* The search: spans, anchors, caps, boundaries, every kind of trigger, and what happens when PCRE2 gives up. */
#include "filters/detect/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static char report_text[4096];

static void report(void *arg, const struct rule_def *def, const char *message)
{
    (void)arg;
    size_t n = strlen(report_text);
    (void)snprintf(report_text + n, sizeof report_text - n, "%s: %s\n", def && def->id ? def->id : "-", message);
}

static struct ruleset *build(const struct rule_def *defs, size_t n)
{
    struct ruleset *rs = NULL;
    report_text[0] = 0;
    enum err e = ruleset_build(defs, n, report, NULL, &rs);
    if (e) print_error("%s", report_text);
    assert_int_equal(e, ERR_OK);
    return rs;
}

static char *kw(char **list, const char *a)
{
    list[0] = (char *)(uintptr_t)a;
    return list[0];
}

struct fixture {
    struct ruleset *rs;
    struct detect_scratch *s;
    struct findings f;
};

static void start(struct fixture *x, const struct rule_def *defs, size_t n)
{
    memset(x, 0, sizeof *x);
    x->rs = build(defs, n);
    x->s = detect_scratch_new();
    assert_non_null(x->s);
}

static void stop(struct fixture *x)
{
    findings_free(&x->f);
    detect_scratch_free(x->s);
    ruleset_free(x->rs);
}

static enum err scan_n(struct fixture *x, const char *text, size_t n)
{
    x->f.count = 0;
    /* An exact copy, so that a sanitizer sees a byte read too far. */
    char *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    memcpy(copy, text, n);
    enum err e = detect_scan(x->rs, x->s, slice_of(copy, n), &x->f);
    if (!e) findings_resolve(x->rs, &x->f);
    free(copy);
    return e;
}

/* The values found, joined by '|'. */
static const char *found(struct fixture *x, const char *text)
{
    static char out[4096];
    assert_int_equal(scan_n(x, text, strlen(text)), ERR_OK);
    size_t n = 0;
    out[0] = 0;
    for (size_t i = 0; i < x->f.count; i++) {
        int k = snprintf(out + n, sizeof out - n, "%s%.*s", i ? "|" : "", (int)(x->f.v[i].end - x->f.v[i].start),
                         text + x->f.v[i].start);
        assert_true(k >= 0 && (size_t)k < sizeof out - n);
        n += (size_t)k;
    }
    return out;
}

#define RULE(i, t, r) .id = (char *)(uintptr_t)(i), .type = (char *)(uintptr_t)(t), .regex = (char *)(uintptr_t)(r)

static void keyword_at_the_start(void **state)
{
    (void)state;
    char *k[1];
    kw(k, "ghp_");
    struct rule_def d = {RULE("github-pat", "API_KEY_OR_TOKEN", "(?<![0-9A-Za-z])ghp_[0-9A-Za-z]{36}(?![0-9A-Za-z])"),
                         .keywords = k, .keyword_count = 1};
    struct fixture x;
    start(&x, &d, 1);
    const char *token = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
    char text[300];
    assert_string_equal(found(&x, token), token);
    (void)snprintf(text, sizeof text, "x='%s'; y=%s\xef\xbc\x8c", token, token);
    (void)found(&x, text);
    assert_int_equal(x.f.count, 2);
    assert_int_equal(x.f.v[0].start, 3);
    assert_int_equal(x.f.v[0].end, 43);
    (void)snprintf(text, sizeof text, "a%s %sb %.20s", token, token, token);
    assert_string_equal(found(&x, text), "");
    (void)snprintf(text, sizeof text, "GHP_%s", token + 4); /* the keyword ignores case, the regex does not */
    assert_string_equal(found(&x, text), "");
    stop(&x);
}

static void name_operator_value(void **state)
{
    (void)state;
    char *k[1];
    kw(k, "adafruit");
    struct rule_def d = {RULE("adafruit-api-key", "API_KEY_OR_TOKEN",
                              "(?i)[\\w.-]{0,50}?(?:adafruit)(?:[ "
                              "\\t\\w.-]{0,20})[\\s'\"]{0,3}(?:=|>|:{1,3}=|\\|\\||:|=>|\\?=|,)[\\x60'\"\\s=]{0,5}([a-z0-9_-]{32})"
                              "(?:[\\x60'\"\\s;]|\\\\[nr]|$)"),
                         .keywords = k, .keyword_count = 1};
    struct fixture x;
    start(&x, &d, 1);
    assert_string_equal(found(&x, "export MY_ADAFRUIT_KEY=\"0123456789abcdef0123456789abcdef\""),
                        "0123456789abcdef0123456789abcdef");
    assert_string_equal(found(&x, "adafruit adafruit_key = 0123456789abcdef0123456789abcdef"),
                        "0123456789abcdef0123456789abcdef");
    assert_string_equal(found(&x, "adafruit is nice"), "");
    stop(&x);
}

static void keyword_inside(void **state)
{
    (void)state;
    char *a[1], *b[1], *c[1];
    kw(a, ".atlasv1.");
    kw(b, "q~");
    kw(c, "vendorword");
    struct rule_def d[] = {
        {RULE("hashicorp-tf-api-token", "API_KEY_OR_TOKEN", "(?i)[a-z0-9]{14}\\.atlasv1\\.[a-z0-9_=-]{60,70}"), .keywords = a,
         .keyword_count = 1},
        {RULE("azure-ad-client-secret", "API_KEY_OR_TOKEN",
              "(?<![\\w~.-])[a-zA-Z0-9_~.]{3}\\dQ~[a-zA-Z0-9_~.-]{31,34}(?![\\w~.-])"),
         .keywords = b, .keyword_count = 1},
        {RULE("near-word", "SECRET", "[0-9a-f]{40}"), .keywords = c, .keyword_count = 1},
    };
    struct fixture x;
    start(&x, d, 3);
    const char *tf = "0123456789abcd.atlasv1.0123456789012345678901234567890123456789012345678901234567890123";
    assert_string_equal(found(&x, tf), tf);
    assert_string_equal(found(&x, "123456789abcd.atlasv1.0123456789012345678901234567890123456789012345678901234567890123"), "");
    assert_string_equal(found(&x, "s=abc1Q~0123456789012345678901234567890 "), "abc1Q~0123456789012345678901234567890");
    const char *hex = "0123456789abcdef0123456789abcdef01234567";
    char text[3000];
    (void)snprintf(text, sizeof text, "%s is the vendorword's, %s too", hex, hex);
    (void)found(&x, text);
    assert_int_equal(x.f.count, 2);
    (void)snprintf(text, sizeof text, "vendorword %500s %s", "", hex);
    assert_string_equal(found(&x, text), "");
    stop(&x);
}

static void windows_and_variable_offsets(void **state)
{
    (void)state;
    char *k[1];
    kw(k, "-us");
    struct rule_def d = {RULE("mailchimp", "API_KEY_OR_TOKEN", "(?<![0-9a-f])[0-9a-f]{6,32}-us[0-9]{1,2}(?![0-9a-z])"),
                         .keywords = k, .keyword_count = 1};
    struct fixture x;
    start(&x, &d, 1);
    assert_string_equal(found(&x, "k=0123456789abcdef0123456789abcdef-us12,abcdef-us1"),
                        "0123456789abcdef0123456789abcdef-us12|abcdef-us1");
    assert_string_equal(found(&x, "x-us1 contact-us2"), "");
    stop(&x);
}

/* Keywords that differ before their rarest part only, behind what is no letter and within a word. */
static void keywords_that_end_alike(void **state)
{
    (void)state;
    enum { RULES = 120 };
    static char id[RULES][8], word[RULES][16], regex[RULES][32], *list[RULES][1];
    static struct rule_def d[RULES];
    char text[40];
    for (unsigned i = 0; i < RULES; i++) {
        (void)snprintf(id[i], sizeof id[i], "r%u", i);
        (void)snprintf(word[i], sizeof word[i], "%c%c%spassword", 'a' + (int)(i % 26), 'a' + (int)(i / 26), i % 2 ? "_" : "");
        (void)snprintf(regex[i], sizeof regex[i], "%.15s=([0-9]{4})", word[i]);
        list[i][0] = word[i];
        d[i] = (struct rule_def){RULE(id[i], "PASSWORD", regex[i]), .keywords = list[i], .keyword_count = 1};
    }
    struct fixture x;
    start(&x, d, RULES);
    for (unsigned i = 0; i < RULES; i++) {
        (void)snprintf(text, sizeof text, "x%.15s=1234", word[i]);
        assert_string_equal(found(&x, text), "1234");
        assert_int_equal(x.f.v[0].rule, i);
    }
    stop(&x);
}

static void secret_groups(void **state)
{
    (void)state;
    char *k[1];
    kw(k, "key");
    struct rule_def d[] = {
        {RULE("first-taken", "SECRET", "key(?:=([a-z]{4})|:([0-9]{4}))"), .keywords = k, .keyword_count = 1},
        {RULE("named", "PASSWORD", "key~([a-z]{2})([0-9]{2})"), .secret_group = 2, .keywords = k, .keyword_count = 1},
        {RULE("whole", "SECRET", "key![a-z]{2}"), .keywords = k, .keyword_count = 1},
    };
    struct fixture x;
    start(&x, d, 3);
    assert_string_equal(found(&x, "key=abcd key:1234 key~ab12 key!xy"), "abcd|1234|12|key!xy");
    stop(&x);
}

static void digits_are_bucketed(void **state)
{
    (void)state;
    struct rule_def d[] = {
        {RULE("card", "CREDIT_CARD", "(?<![0-9A-Za-z])[0-9]{4}(?:[ -]?[0-9]{4}){3}(?![0-9A-Za-z])"), .triggers = TRIGGER_DIGITS,
         .digits_min = 16, .digits_max = 16},
        {RULE("phone", "PHONE_NUMBER", "(?<![0-9A-Za-z])(?:\\+[0-9]{2} )?\\(?[0-9]{3}\\) ?[0-9]{3}-[0-9]{4}(?![0-9])"),
         .triggers = TRIGGER_DIGITS, .digits_min = 10, .digits_max = 12},
        {RULE("nie", "ES_NIE", "(?<![0-9A-Za-z])[XYZ][0-9]{7}[A-Z](?![0-9A-Za-z])"), .triggers = TRIGGER_DIGITS, .digits_min = 7,
         .digits_max = 7},
        {RULE("cf", "IT_FISCAL_CODE", "(?<![0-9A-Za-z])[A-Z]{6}[0-9]{2}[A-Z][0-9]{2}[A-Z][0-9]{3}[A-Z](?![0-9A-Za-z])"),
         .triggers = TRIGGER_DIGITS, .digits_min = 7, .digits_max = 7},
    };
    struct fixture x;
    start(&x, d, 4);
    assert_string_equal(found(&x, "\xe5\x8d\xa1\xe5\x8f\xb7"
                                  "4111111111111111\xe3\x80\x82, 4111 1111 1111 1111"),
                        "4111111111111111|4111 1111 1111 1111");
    assert_string_equal(found(&x, "41111111111111111 x4111111111111111 411111111111111"), "");
    assert_string_equal(found(&x, "call +49 (555) 123-4567 or (555)123-4567"), "+49 (555) 123-4567|(555)123-4567");
    assert_string_equal(found(&x, "X1234567L,RSSMRA85T10A562S"), "X1234567L|RSSMRA85T10A562S");
    assert_string_equal(found(&x, "2024-01-05 4111 1111 1111 1111"), "4111 1111 1111 1111");
    stop(&x);
}

/* A run that crosses the vector words and the blocks in every way. */
static void runs_cross_words_and_blocks(void **state)
{
    (void)state;
    struct rule_def d[] = {
        {RULE("nie", "ES_NIE", "(?<![0-9A-Za-z])[XYZ][0-9]{7}[A-Z](?![0-9A-Za-z])"), .triggers = TRIGGER_DIGITS, .digits_min = 7,
         .digits_max = 7},
        {RULE("ten", "PHONE_NUMBER", "(?<![0-9A-Za-z])[0-9]{10}(?![0-9A-Za-z])"), .triggers = TRIGGER_DIGITS, .digits_min = 10,
         .digits_max = 10},
        {RULE("mail", "EMAIL_ADDRESS", "[a-z]{3}@[a-z]{3}\\.org"), .triggers = TRIGGER_AT},
        {RULE("mac", "MAC_ADDRESS", "[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}(?![0-9a-f:-])"), .triggers = TRIGGER_COLON},
        {RULE("v6", "IP_ADDRESS", "[0-9a-f]{1,4}::[0-9a-f]{1,4}(?![0-9a-f:])"), .triggers = TRIGGER_COLON},
        {RULE("rare", "SECRET", "[A-Za-z0-9]{24}(?![A-Za-z0-9])"), .triggers = TRIGGER_ENTROPY},
    };
    static const char *const value[] = {"X1234567L",
                                        "0123456789",
                                        "abc@def.org",
                                        "01:23:45:67:89:ab",
                                        "01-23-45-67-89-ab",
                                        "fe80::1a",
                                        "aB3dE5gH7jK9mN1pQ3sT5vX7"};
    struct fixture x;
    start(&x, d, 6);
    size_t size = 3 * 16384 + 100;
    char *text = malloc(size + 1);
    assert_non_null(text);
    for (size_t v = 0; v < sizeof value / sizeof value[0]; v++) {
        size_t n = strlen(value[v]);
        for (size_t at = 0; at < 140; at++) {
            memset(text, ' ', size);
            text[size] = 0;
            size_t places[] = {at, 16384 - 70 + at, size - n - at};
            for (size_t k = 0; k < 3; k++) memcpy(text + places[k], value[v], n);
            assert_int_equal(scan_n(&x, text, size), ERR_OK);
            assert_int_equal(x.f.count, 3);
            for (size_t k = 0; k < 3; k++) {
                assert_int_equal(x.f.v[k].start, places[k]);
                assert_int_equal(x.f.v[k].end, places[k] + n);
            }
        }
    }
    free(text);
    stop(&x);
}

static void at_colon_and_token(void **state)
{
    (void)state;
    struct rule_def d[] = {
        {RULE("email", "EMAIL_ADDRESS",
              "[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@[A-Za-z0-9-]{1,63}(?:\\.[A-Za-z0-9-]{1,63}){1,5}(?![A-Za-z0-9])"),
         .triggers = TRIGGER_AT},
        {RULE("mac", "MAC_ADDRESS", "(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}(?![0-9A-Fa-f:-])"), .triggers = TRIGGER_COLON},
        {RULE("ipv6", "IP_ADDRESS", "(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}(?![0-9A-Fa-f:])|::1(?![0-9A-Fa-f:])"),
         .triggers = TRIGGER_COLON},
        {RULE("rare", "SECRET", "[A-Za-z0-9+/]{32,64}(?![A-Za-z0-9+/])"), .triggers = TRIGGER_ENTROPY},
    };
    struct fixture x;
    start(&x, d, 4);
    assert_string_equal(found(&x, "<john.doe+x@mail.example.org>,...a@b.co \xe9\x82\xae\xe7\xae\xb1joe@example.cn\xe3\x80\x82"),
                        "john.doe+x@mail.example.org|a@b.co|joe@example.cn");
    assert_string_equal(found(&x, "@Override @types/node a @ b"), "");
    assert_string_equal(found(&x, "mac 00:1A:2B:3C:4D:5E or 00-1a-2b-3c-4d-5e, at 12:30:45"),
                        "00:1A:2B:3C:4D:5E|00-1a-2b-3c-4d-5e");
    assert_string_equal(found(&x, "2001:0db8:85a3:0000:0000:8a2e:0370:7334 and [::1] std::dec"),
                        "2001:0db8:85a3:0000:0000:8a2e:0370:7334|::1");
    assert_string_equal(found(&x, "t wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY9a/8B ThisIsJustAVeryLongIdentifierNameInCode"),
                        "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY9a/8B");
    stop(&x);
}

static void context_words(void **state)
{
    (void)state;
    char *words[] = {(char *)(uintptr_t) "lic", (char *)(uintptr_t) "card number", (char *)(uintptr_t) "\xe5\x8d\xa1\xe5\x8f\xb7",
                     (char *)(uintptr_t) "t\xc3\xa9l\xc3\xa9phone"};
    struct rule_def d[] = {
        {RULE("needs", "A", "(?<![0-9])[0-9]{6}(?![0-9])"), .triggers = TRIGGER_DIGITS, .digits_min = 6, .digits_max = 6,
         .context = {words, 4, true, 30, 20, 0.2f, false}},
        {RULE("raised", "B", "(?<![0-9])[0-9]{8}(?![0-9])"), .triggers = TRIGGER_DIGITS, .digits_min = 8, .digits_max = 8,
         .score = 0.3f, .min_score = 0.1f, .context = {words, 4, false, 30, 20, 0.35f, false}},
    };
    struct fixture x;
    start(&x, d, 2);
    assert_string_equal(found(&x, "lic 123456"), "123456");
    assert_string_equal(found(&x, "public 123456 license"), "");
    assert_string_equal(found(&x, "123456 is the Card Number"), "123456");
    assert_string_equal(found(&x, "cardLic: 123456"), "123456");
    assert_string_equal(found(&x, "\xe6\x88\x91\xe7\x9a\x84\xe5\x8d\xa1\xe5\x8f\xb7\xe6\x98\xaf"
                                  "123456"),
                        "123456");
    assert_string_equal(found(&x, "T\xc3\x89L\xc3\x89PHONE 123456"), "123456");
    assert_string_equal(found(&x, "lic                                        123456"), "");
    assert_string_equal(found(&x, "lic " DETECT_GAP "123456" DETECT_GAP "lic"), "");
    (void)found(&x, "12345678");
    assert_int_equal(x.f.count, 1);
    assert_int_equal(x.f.v[0].score, 300);
    (void)found(&x, "lic 12345678");
    assert_int_equal(x.f.v[0].score, 650);
    /* Many candidates on one page take the other way and must agree. */
    char text[4000] = "";
    for (int i = 0; i < 200; i++) strcat(text, "654321 ");
    strcat(text, "lic 123456 ");
    for (int i = 0; i < 200; i++) strcat(text, "\n 654321 ");
    assert_int_equal(scan_n(&x, text, strlen(text)), ERR_OK);
    assert_int_equal(x.f.count, 3 + 1 + 2);
    stop(&x);
}

/* Words farther off than a page of the search count as any other. */
static void context_words_far(void **state)
{
    (void)state;
    enum { STEP = 7, NUMBERS = 2500, FAR = 4096 };
    char *words[] = {(char *)(uintptr_t) "lic"};
    struct rule_def d = {RULE("needs", "A", "(?<![0-9])[0-9]{6}(?![0-9])"), .triggers = TRIGGER_DIGITS, .digits_min = 6,
                         .digits_max = 6, .context = {words, 1, true, FAR, FAR, 0.2f, false}};
    static char text[STEP * NUMBERS + 1];
    struct fixture x;
    start(&x, &d, 1);
    for (size_t word = 0; word < NUMBERS; word += 311) {
        size_t want = 0;
        for (size_t i = 0; i < NUMBERS; i++) {
            memcpy(text + STEP * i, i == word ? "lic    " : "654321 ", STEP + 1);
            want += i > word ? STEP * (i - word) <= FAR : i < word && STEP * (word - i) + 3 <= FAR + 6;
        }
        assert_int_equal(scan_n(&x, text, STEP * NUMBERS), ERR_OK);
        assert_int_equal(x.f.count, want);
    }
    stop(&x);
}

/* What a rule wants before a value is part of it, no line before that, and not too far away. */
static void words_before(void **state)
{
    (void)state;
    char *k[1], text[597]; /* words of six bytes, then the value */
    kw(k, "room");
    struct rule_def d[] = {
        {RULE("a", "ADDRESS", "[0-9]{1,4}, [0-9]{5}(?![0-9])"), .triggers = TRIGGER_DIGITS, .digits_min = 1, .digits_max = 4,
         .before = (char *)(uintptr_t) "(?:[A-Z\\x{c4}][a-z\\x{e4}]+ )+"},
        {RULE("b", "ROOM", "[A-Z]?room [0-9]+"), .keywords = k, .keyword_count = 1,
         .before = (char *)(uintptr_t) "(?<![0-9])[0-9]+ "},
    };
    struct fixture x;
    start(&x, d, 2);
    assert_string_equal(found(&x, "at Alte Gasse 12, 10115"), "Alte Gasse 12, 10115");
    assert_string_equal(found(&x, "Äää Gasse 12, 10115; 12, 10115"), "Äää Gasse 12, 10115");
    assert_string_equal(found(&x, "Alte\nGasse 12, 10115"), "Gasse 12, 10115");
    assert_string_equal(found(&x, "12, 10115 gasse 12, 10115"), "");
    assert_string_equal(found(&x, "Gasse " DETECT_GAP "12, 10115"), "");
    assert_string_equal(found(&x, "room 7, 3 room 8, room 9"), "3 room 8");
    for (size_t i = 0; i + 9 < sizeof text; i += 6) memcpy(text + i, "Gasse ", 6);
    memcpy(text + sizeof text - 9, "12, 10115", 9);
    assert_int_equal(scan_n(&x, text, sizeof text), ERR_OK);
    assert_int_equal(x.f.count, 1);
    assert_int_equal(x.f.v[0].end, sizeof text);
    assert_true(x.f.v[0].start > sizeof text - 120 && x.f.v[0].start < sizeof text - 60);
    stop(&x);
}

/* Of three words each two that are a name are found, so that all of it is covered; lists of several rules are one. */
static void names_of_lists(void **state)
{
    (void)state;
    char *k[1];
    kw(k, "my name is");
    struct rule_def d[] = {
        {RULE("a", "PERSON", "[A-Z][a-z]+(?: [A-Z]\\.)? [A-Z][a-z]+"), .triggers = TRIGGER_NAMES,
         .given = (char *)(uintptr_t) "Anna Juan Jose", .never = (char *)(uintptr_t) "Street"},
        {RULE("b", "PERSON", "my name is ([a-z ]+)"), .keywords = k, .keyword_count = 1},
        {RULE("c", "PERSON", "[A-Z]{3,} [A-Z]{3,}"), .triggers = TRIGGER_NAMES, .family = (char *)(uintptr_t) "Meyer"},
    };
    struct fixture x;
    start(&x, d, 3);
    assert_string_equal(found(&x, "Juan Street met Zyx Meyer, Anna B. Olm and anna olm."), "Zyx Meyer|Anna B. Olm");
    assert_string_equal(found(&x, "Juan Jose Meyer"), "Juan Jose Meyer");
    assert_string_equal(found(&x, "ANNA MEYER; my name is anna"), "ANNA MEYER|anna");
    stop(&x);
}

static void entropy_validators_and_allowlists(void **state)
{
    (void)state;
    char *k[1], *luhn[] = {(char *)(uintptr_t) "luhn"};
    kw(k, "tok_");
    char *res[] = {(char *)(uintptr_t) "^tok_0000"}, *stop_words[] = {(char *)(uintptr_t) "example"},
         *line[] = {(char *)(uintptr_t) "# ignore"};
    struct rule_allow allow[] = {{.regexes = res, .regex_count = 1},
                                 {.stopwords = stop_words, .stopword_count = 1},
                                 {.regexes = line, .regex_count = 1, .target = 2}};
    struct rule_def d[] = {
        {RULE("tok", "SECRET", "tok_[A-Za-z0-9]{12}"), .keywords = k, .keyword_count = 1, .entropy = 2.5f, .allow = allow,
         .allow_count = 3},
        {RULE("card", "CREDIT_CARD", "[0-9]{16}"), .triggers = TRIGGER_DIGITS, .digits_min = 16, .digits_max = 16,
         .validate = luhn, .validate_count = 1},
    };
    struct fixture x;
    start(&x, d, 2);
    assert_string_equal(found(&x, "tok_a8F3k9Q2z7X1"), "tok_a8F3k9Q2z7X1");
    assert_string_equal(found(&x, "tok_aaaaaaaaaaaa tok_00003k9Q2z7X tok_myEXAMPLE123"), "");
    assert_string_equal(found(&x, "tok_a8F3k9Q2z7X1 # ignore\ntok_a8F3k9Q2z7X2"), "tok_a8F3k9Q2z7X2");
    assert_string_equal(found(&x, "4111111111111111 4111111111111112"), "4111111111111111");
    stop(&x);
}

static void long_values_are_not_cut(void **state)
{
    (void)state;
    char *k[1], *p[1];
    kw(k, "bearer ");
    kw(p, "-----begin");
    struct rule_def d[] = {
        {RULE("bearer", "SECRET", "(?i)bearer ([a-z0-9]{8,})(?![a-z0-9])"), .keywords = k, .keyword_count = 1},
        {RULE("private-key", "PRIVATE_KEY", "-----BEGIN PRIVATE KEY-----[\\s\\S]{20,}?-----END PRIVATE KEY-----"), .keywords = p,
         .keyword_count = 1},
    };
    struct fixture x;
    start(&x, d, 2);
    size_t n = 20000;
    char *text = malloc(n + 200);
    assert_non_null(text);
    memcpy(text, "Bearer ", 7);
    memset(text + 7, 'a', n);
    text[7 + n] = ' ';
    assert_int_equal(scan_n(&x, text, n + 8), ERR_OK);
    assert_int_equal(x.f.count, 1);
    assert_int_equal(x.f.v[0].end - x.f.v[0].start, n);
    strcpy(text, "-----BEGIN PRIVATE KEY-----\n");
    size_t at = strlen(text);
    memset(text + at, 'A', n);
    strcpy(text + at + n, "\n-----END PRIVATE KEY-----");
    size_t all = strlen(text);
    assert_int_equal(scan_n(&x, text, all), ERR_OK);
    assert_int_equal(x.f.count, 1);
    assert_int_equal(x.f.v[0].end, all);
    free(text);
    stop(&x);
}

static void lines_before_a_value_are_part_of_it(void **state)
{
    (void)state;
    char *k[1];
    kw(k, "-----end");
    struct rule_def d[] = {
        {RULE("key-end", "PRIVATE_KEY", "-----END [A-Z]{0,20} ?KEY-----"), .keywords = k, .keyword_count = 1, .lines = true},
    };
    struct fixture x;
    start(&x, d, 1);
#define LINE64 "MIIEpAIBAAKCAQEA0Z3VS5JJcds3xfn/ygWyF8PbnGy0AHB7MhgwMbRvI0MBZhpI"
#define LINE70 "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAABlwAAAAdzc2gtcn"
#define END    "-----END KEY-----"
    static const char *const whole[] = {LINE64 "\n" LINE64 "\nF8Pbn+/=\n" END,
                                        LINE70 "\r\n" LINE70 "\r\n" END,
                                        LINE64 "\\n" LINE64 "\\nAb==\\n" END,
                                        LINE64 " " LINE64 " " END,
                                        LINE64 "\\n\" +\n    \"" LINE64 "\\n\" +\n \"" END,
                                        "nGy0\n" LINE64 "\n" END,
                                        LINE64 "\nAbcd\n=njUN\n" END,
                                        ("F8PbnGy0AHB7MhgwMbRv==\n" END)};
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) assert_string_equal(found(&x, whole[i]), whole[i]);
    assert_string_equal(found(&x, "The rest: " LINE64 "\n" END " thanks"), LINE64 "\n" END);
    assert_string_equal(found(&x, "The rest of it\nF8PbnGy0AHB7\n" LINE64 "\n" END), "F8PbnGy0AHB7\n" LINE64 "\n" END);
    assert_string_equal(found(&x, LINE64 ": a key\n" LINE64 "\n" END), LINE64 "\n" END);
    assert_string_equal(found(&x, LINE64 DETECT_GAP END), "");
    assert_string_equal(found(&x, "between BEGIN KEY and the line with \"" END "\""), "");
    assert_string_equal(found(&x, "the line with " END), "");
    assert_string_equal(found(&x, "said " END " and " END END), "");
    assert_string_equal(found(&x, "acknowledgements\n" END), "");
    assert_string_equal(found(&x, END), "");
    stop(&x);
}

/* "Account 4711001, paid 1500000": the word has its number already. */
static void a_word_has_one_number(void **state)
{
    (void)state;
    char account[] = "account", *words[] = {account};
    struct rule_def d = {RULE("account-near", "BANK_ACCOUNT", "(?<![0-9])[0-9]{7}(?![0-9])"), .triggers = TRIGGER_DIGITS,
                         .digits_min = 7, .digits_max = 7, .context = {words, 1, true, 60, 1, 0.2f, true}};
    static const char *const text[][2] = {
        {"account 4711001, paid 1500000", "4711001"},
        {"account 4711001 and 4711002 or 4711003", "4711001|4711002|4711003"},
        {"account 4711001; account of hers 4711002", "4711001|4711002"},
        {"account\t4711001\npaid by\t1500000", "4711001"},
        {"name,account\nAnna Li,4711001\nPaul Roe,4711002", "4711001|4711002"},
        {"account, opened in 2019 for Anna, 4711001", "4711001"},
        {"account 4711001\xe3\x80\x81"
         "4711002",
         "4711001|4711002"},
        {"account 4711001\xe4\xbb\x98\xe6\xac\xbe\xe9\x87\x91 1500000", "4711001"},
    };
    for (unsigned own = 0; own < 2; own++) {
        struct fixture x;
        d.context.own = own;
        start(&x, &d, 1);
        if (!own) assert_string_equal(found(&x, text[0][0]), "4711001|1500000");
        for (size_t i = 0; own && i < sizeof text / sizeof text[0]; i++) assert_string_equal(found(&x, text[i][0]), text[i][1]);
        stop(&x);
    }
}

/* However many values ask for them, no line is walked over twice; nor are more lines taken than any key has. */
static void lines_before_a_value_are_bounded(void **state)
{
    (void)state;
    char *k[1];
    kw(k, "-----end");
    struct rule_def d[] = {
        {RULE("key-end", "PRIVATE_KEY", "-----END KEY-----"), .keywords = k, .keyword_count = 1, .lines = true},
    };
    struct fixture x;
    start(&x, d, 1);
    const size_t n = 100000;
    char *text = malloc(n + 64);
    assert_non_null(text);
    for (size_t i = 0; i < n; i++) text[i] = "MIIEpAIBAAKCAQEA0Z3VS5JJcds3xfn+ygWyF8PbnGy0AHB7MhgwMbRvI0MBZhp\n"[i % 64];
    strcpy(text + n, "\n" END);
    assert_int_equal(scan_n(&x, text, n + 1 + strlen(END)), ERR_OK);
    assert_int_equal(x.f.count, 1);
    assert_int_equal(x.f.v[0].end, n + 1 + strlen(END));
    assert_in_range(x.f.v[0].end - x.f.v[0].start, 16000, 17000);
    free(text);
    stop(&x);
}

static void gaps_are_walls(void **state)
{
    (void)state;
    char *k[1];
    kw(k, "ab");
    struct rule_def d = {RULE("any", "SECRET", "ab[\\s\\S]{6}cd"), .keywords = k, .keyword_count = 1};
    struct fixture x;
    start(&x, &d, 1);
    assert_string_equal(found(&x, "ab123456cd"), "ab123456cd");
    assert_string_equal(found(&x, "ab1" DETECT_GAP "23cd"), "");
    assert_string_equal(found(&x, "zz" DETECT_GAP "ab123456cd" DETECT_GAP "zz"), "ab123456cd");
    assert_string_equal(found(&x, "ab1\x1e"
                                  "3456cd"),
                        "ab1\x1e"
                        "3456cd"); /* a lone control character is text */
    stop(&x);
}

static void overlaps_are_resolved(void **state)
{
    (void)state;
    struct finding v[] = {
        {10, 20, 1, 900}, {15, 30, 2, 950}, {40, 50, 3, 990}, {38, 52, 4, 500},
        {60, 70, 5, 500}, {60, 70, 6, 600}, {70, 80, 7, 1},   {90, 95, 8, 1},
    };
    struct findings f = {0};
    for (size_t i = 0; i < sizeof v / sizeof v[0]; i++)
        assert_int_equal(findings_add(&f, v[sizeof v / sizeof v[0] - 1 - i]), ERR_OK);
    findings_resolve(NULL, &f);
    assert_int_equal(f.count, 5);
    static const struct finding want[] = {{10, 30, 2, 950}, {38, 52, 4, 500}, {60, 70, 6, 600}, {70, 80, 7, 1}, {90, 95, 8, 1}};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(f.v[i].start, want[i].start);
        assert_int_equal(f.v[i].end, want[i].end);
        assert_int_equal(f.v[i].rule, want[i].rule);
    }
    findings_free(&f);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    char *k[1], *bad[] = {(char *)(uintptr_t) "no-such-check"};
    kw(k, "ab");
    struct rule_def d[] = {
        {RULE("a", "T", "a(b"), .keywords = k, .keyword_count = 1},
        {RULE("b", "T", "ab"), .keywords = k, .keyword_count = 1, .validate = bad, .validate_count = 1},
        {RULE("b", "T", "ab"), .keywords = k, .keyword_count = 1},
        {RULE("c", "T", "ab")},
        {RULE("d", "T", "ab(?:a+)+x"), .keywords = k, .keyword_count = 1},
        {RULE("e", "T", "ab(?:[a-z]*|[0-9]+)*x"), .keywords = k, .keyword_count = 1},
        {RULE("f", "T", "ab(?:[a-z]+\\.)*x"), .keywords = k, .keyword_count = 1}, /* fine: each round needs its dot */
        {RULE("g", "T", "ab"), .keywords = k, .keyword_count = 1, .secret_group = 1},
        {RULE("h", "T", "ab"), .triggers = TRIGGER_NAMES},
        {RULE("j", "T", "ab"), .keywords = k, .keyword_count = 1, .before = (char *)(uintptr_t) "a(b"},
        {RULE("i", "T", "ab"), .keywords = k, .keyword_count = 1, .never = (char *)(uintptr_t) "The"},
    };
    struct ruleset *rs = (void *)&rs;
    report_text[0] = 0;
    assert_int_equal(ruleset_build(d, sizeof d / sizeof d[0], report, NULL, &rs), ERR_SHAPE);
    assert_null(rs);
    static const char *const want[] = {"a: regex does not compile",  "b: unknown validator \"no-such-check\"",
                                       "b: duplicate rule id",       "c: the rule has no trigger",
                                       "d: regex: a repetition",     "e: regex: a repetition",
                                       "g: secretGroup is 1",        "h: trigger names needs lists",
                                       "j: before does not compile", "i: given, given_words, family and never are"};
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
        if (!strstr(report_text, want[i])) fail_msg("not reported: %s in\n%s", want[i], report_text);
    assert_null(strstr(report_text, "f: "));

    char store[40][48], *nested[40];
    for (size_t i = 0; i < 40; i++) {
        memset(store[i], 'a', 2 + i);
        store[i][2 + i] = 0;
        nested[i] = store[i];
    }
    struct rule_def many = {RULE("k", "T", "b"), .keywords = nested, .keyword_count = 40};
    report_text[0] = 0;
    assert_int_equal(ruleset_build(&many, 1, report, NULL, &rs), ERR_LIMIT);
    assert_non_null(strstr(report_text, "too many keywords"));
}

/* A match that PCRE2 gives up must never look clean. */
static void giving_up_is_an_error(void **state)
{
    (void)state;
    char *k[1];
    kw(k, "start");
    /* Polynomial of a high degree: within the rules' grammar, beyond any match limit. */
    struct rule_def d = {RULE("slow", "T", "start(?:a{0,15}){1,15}(?:[ab]{0,15}){1,15}(?:a{0,15}){1,15}!"), .keywords = k,
                         .keyword_count = 1};
    struct fixture x;
    start(&x, &d, 1);
    char text[800] = "start"; /* the "!" is there, or PCRE2 would not even begin */
    memset(text + 5, 'a', 700);
    memcpy(text + 705, "c!", 2);
    assert_int_equal(scan_n(&x, text, 707), ERR_NOT_SCANNED);
    stop(&x);
}

static double cpu(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* The worst strings cost in proportion to their length: four times the text, by no means sixteen times the work. Counted
 * in calls of PCRE2, not in time. */
static void worst_strings_are_linear(void **state)
{
    (void)state;
    char *a[1], *p[1], *g[1];
    kw(a, "akia");
    kw(p, "password");
    kw(g, "-----begin");
    struct rule_def d[] = {
        {RULE("aws", "API_KEY_OR_TOKEN", "(?<![A-Z0-9])AKIA[A-Z2-7]{16}(?![A-Z0-9])"), .keywords = a, .keyword_count = 1},
        {RULE("password", "PASSWORD", "(?i)password[\\w.-]{0,20}[ '\"]{0,3}[:=][ '\"=]{0,5}([^\\s'\"=]{8,100})(?![^\\s'\"=])"),
         .keywords = p, .keyword_count = 1},
        {RULE("pem", "PRIVATE_KEY", "-----BEGIN[ A-Z]{0,40}PRIVATE KEY-----[\\s\\S]{20,8000}?-----END"), .keywords = g,
         .keyword_count = 1},
        {RULE("card", "CREDIT_CARD", "(?<![0-9])[0-9]{4}(?:[ -]?[0-9]{4}){3}(?![0-9])"), .triggers = TRIGGER_DIGITS,
         .digits_min = 16, .digits_max = 16},
        {RULE("email", "EMAIL_ADDRESS",
              "[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@[A-Za-z0-9-]{1,63}(?:\\.[A-Za-z0-9-]{1,63}){1,5}(?![A-Za-z0-9])"),
         .triggers = TRIGGER_AT},
        {RULE("mac", "MAC_ADDRESS", "(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}(?![0-9A-Fa-f:-])"), .triggers = TRIGGER_COLON},
        {RULE("rare", "SECRET", "[A-Za-z0-9+/]{32,64}(?![A-Za-z0-9+/])"), .triggers = TRIGGER_ENTROPY},
    };
    static const char *const units[] = {
        "AKIA", "password=", "@@@@",  "0123456789", "a@", "1 ",       "1:",   "-----BEGIN PRIVATE KEY-----",
        "aB3d", "0-",        "1111 ", "password",   "x.", "\n\x1e\n", "\x1e", "(+1"};
    struct fixture x;
    start(&x, d, sizeof d / sizeof d[0]);
    struct detect_stats stats;
    size_t size = 1 << 18;
    char *text = malloc(4 * size);
    assert_non_null(text);
    for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
        uint64_t tries[2];
        double began = cpu();
        for (int round = 0; round < 2; round++) {
            size_t n = round ? 4 * size : size, len = strlen(units[u]);
            for (size_t i = 0; i < n; i++) text[i] = units[u][i % len];
            memset(&stats, 0, sizeof stats);
            detect_scratch_stats(x.s, &stats);
            enum err e = scan_n(&x, text, n);
            assert_true(e == ERR_OK || e == ERR_NOT_SCANNED);
            tries[round] = stats.tries;
        }
        assert_true(tries[1] <= 4 * tries[0] + 1000);
        assert_true(tries[1] <= 4 * size + 200000);
        if (getenv("TIMES"))
            print_message("%-12.10s %8llu tries, %.3f s\n", units[u], (unsigned long long)tries[1], cpu() - began);
    }
    free(text);
    detect_scratch_stats(x.s, NULL);
    stop(&x);
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keyword_at_the_start),
        cmocka_unit_test(name_operator_value),
        cmocka_unit_test(keyword_inside),
        cmocka_unit_test(windows_and_variable_offsets),
        cmocka_unit_test(keywords_that_end_alike),
        cmocka_unit_test(secret_groups),
        cmocka_unit_test(digits_are_bucketed),
        cmocka_unit_test(runs_cross_words_and_blocks),
        cmocka_unit_test(at_colon_and_token),
        cmocka_unit_test(context_words),
        cmocka_unit_test(context_words_far),
        cmocka_unit_test(names_of_lists),
        cmocka_unit_test(words_before),
        cmocka_unit_test(entropy_validators_and_allowlists),
        cmocka_unit_test(long_values_are_not_cut),
        cmocka_unit_test(lines_before_a_value_are_part_of_it),
        cmocka_unit_test(lines_before_a_value_are_bounded),
        cmocka_unit_test(a_word_has_one_number),
        cmocka_unit_test(gaps_are_walls),
        cmocka_unit_test(overlaps_are_resolved),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(giving_up_is_an_error),
        cmocka_unit_test(worst_strings_are_linear),
    };
    return cmocka_run_group_tests_name("detect engine", tests, NULL, NULL);
}
