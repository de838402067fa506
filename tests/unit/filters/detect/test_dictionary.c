/* Dictionaries, plain and hashed: what is a term in a text, and that a file of fingerprints opens with its key only. */
#include "filters/detect/dictionary.h"
#include "filters/detect/engine.h"
#include "filters/detect/siphash.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char said[400];
static void report(void *arg, const struct rule_def *def, const char *message)
{
    (void)arg;
    assert_null(def);
    (void)snprintf(said, sizeof said, "%s", message);
}

static const char list[] = "Acme-42 GmbH\nJohn Smith\nJohn Smith Jones\r\nM\xc3\xbcller\n4111 1111 22\n\n"
                           "\xe7\x8e\x8b\xe5\xb0\x8f\xe6\x98\x8e\nproject blue\n";
#define KEY SLICE("0123456789abcdef-key")

static struct ruleset *open_plain(struct slice terms)
{
    struct ruleset *rs = NULL;
    assert_int_equal(ruleset_build(NULL, 0, NULL, NULL, &rs), ERR_OK);
    struct dictionary_def d = {.name = "names", .terms = terms};
    assert_int_equal(ruleset_add_dictionary(rs, &d, report, NULL), ERR_OK);
    return rs;
}

static struct ruleset *open_hashed(struct slice terms)
{
    struct ruleset *rs = NULL;
    struct buf file = buf_make(1 << 26);
    struct dictionary_hashed n;
    assert_int_equal(dictionary_hash(terms, KEY, &file, &n), ERR_OK);
    assert_int_equal(n.skipped, 0);
    assert_int_equal(ruleset_build(NULL, 0, NULL, NULL, &rs), ERR_OK);
    struct dictionary_def d = {.name = "names", .fingerprints = buf_slice(&file), .key = KEY};
    assert_int_equal(ruleset_add_dictionary(rs, &d, report, NULL), ERR_OK);
    buf_free(&file);
    return rs;
}

static void expect(const struct ruleset *rs, const char *text, const char *want)
{
    struct detect_scratch *s = detect_scratch_new();
    struct findings f = {0};
    char out[500] = "";
    size_t n = strlen(text);
    char *copy = malloc(n + 1);
    assert_non_null(copy);
    memcpy(copy, text, n);
    assert_int_equal(detect_scan(rs, s, slice_of(copy, n), &f), ERR_OK);
    findings_resolve(rs, &f);
    for (size_t i = 0; i < f.count; i++) {
        if (i) strcat(out, "|");
        strncat(out, text + f.v[i].start, f.v[i].end - f.v[i].start);
    }
    assert_string_equal(out, want);
    free(copy);
    findings_free(&f);
    detect_scratch_free(s);
}

static void terms_are_found(const struct ruleset *rs)
{
    assert_int_equal(ruleset_count(rs), 1);
    assert_string_equal(ruleset_rule(rs, 0)->id, "dictionary:names");
    assert_string_equal(ruleset_rule(rs, 0)->type, "DICTIONARY");
    expect(rs, "we sell to ACME-42 GMBH.", "ACME-42 GMBH");
    expect(rs, "acme 42\ngmbh", "acme 42\ngmbh");
    expect(rs, "john smith and John  Smith, Jones; John Smithson; Long John Smith", "john smith|John  Smith, Jones|John Smith");
    expect(rs, "John, who is a Smith", "");
    expect(rs, "M\xc3\x9cLLER, m\xc3\xbcller, M\xc3\xbcllers", "M\xc3\x9cLLER|m\xc3\xbcller");
    expect(rs, "4111111122 4111-1111-22 41 1111 1122 411111112 x4111111122", "4111111122|4111-1111-22|41 1111 1122");
    expect(rs, "\xe6\x88\x91\xe6\x98\xaf\xe7\x8e\x8b\xe5\xb0\x8f\xe6\x98\x8e\xe3\x80\x82",
           "\xe7\x8e\x8b\xe5\xb0\x8f\xe6\x98\x8e");
    expect(rs, "{\"a\":\"Project Blue\"}", "Project Blue");
    expect(rs, "", "");
    expect(rs, "\xff\xfe john\xf0", "");
}

static void plain(void **state)
{
    (void)state;
    struct ruleset *rs = open_plain(SLICE(list));
    terms_are_found(rs);
    ruleset_free(rs);
}

static void hashed(void **state)
{
    (void)state;
    struct ruleset *rs = open_hashed(SLICE(list));
    terms_are_found(rs);
    ruleset_free(rs);
}

static void many_terms(void **state)
{
    (void)state;
    struct buf b = buf_make(1 << 26);
    for (unsigned i = 0; i < 200000; i++) assert_int_equal(buf_addf(&b, "customer %u\n", 1000000 + i * 7), ERR_OK);
    struct ruleset *rs = open_plain(buf_slice(&b));
    expect(rs, "customer 1000000, customer 1000001, Customer 1000007; customer 2399993 customer 2400000",
           "customer 1000000|Customer 1000007|customer 2399993");
    ruleset_free(rs);
    buf_free(&b);
}

static void mistakes(void **state)
{
    (void)state;
    struct ruleset *rs = NULL;
    assert_int_equal(ruleset_build(NULL, 0, NULL, NULL, &rs), ERR_OK);
    struct buf file = buf_make(1 << 20);
    struct dictionary_hashed n;
    assert_int_equal(dictionary_hash(SLICE(list), SLICE("short"), &file, &n), ERR_SHAPE);
    assert_int_equal(dictionary_hash(SLICE(list), KEY, &file, &n), ERR_OK);
    assert_int_equal(n.terms, 7);
    struct slice f = buf_slice(&file);
    /* Nothing of the list can be read in the file. */
    assert_int_equal(slice_search(f, SLICE("mith")), f.n);
    assert_int_equal(slice_search(f, SLICE("1111")), f.n);
    struct {
        struct slice file, key;
        const char *say;
    } row[] = {
        {f, SLICE("another key of 16 bytes"), "it was made with another key"},
        {f, SLICE_NONE, "its key is missing"},
        {slice_of(f.p, f.n - 1), KEY, "it is cut short"},
        {slice_of(f.p, 40), KEY, "its head is damaged"},
        {SLICE("John Smith\n"), KEY, "it is no file of"},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        struct dictionary_def d = {.name = "names", .fingerprints = row[i].file, .key = row[i].key};
        said[0] = 0;
        assert_int_equal(ruleset_add_dictionary(rs, &d, report, NULL), ERR_SHAPE);
        assert_non_null(strstr(said, row[i].say));
    }
    struct dictionary_def d = {.name = "names", .terms = SLICE("good\nx\n")};
    assert_int_equal(ruleset_add_dictionary(rs, &d, report, NULL), ERR_SHAPE);
    assert_non_null(strstr(said, "no term"));
    assert_int_equal(ruleset_count(rs), 0);
    buf_free(&file);
    ruleset_free(rs);
}

/* SipHash is what the file's filter is made of: the values must never change. Key 0001..0f, inputs 00, 0001, ... */
static void siphash_is_stable(void **state)
{
    (void)state;
    uint64_t key[2] = {0x0706050403020100u, 0x0f0e0d0c0b0a0908u};
    char in[16];
    for (int i = 0; i < 16; i++) in[i] = (char)i;
    assert_true(siphash13(key, in, 0) == 0xabac0158050fc4dcu);
    assert_true(siphash13(key, in, 1) == 0xc9f49bf37d57ca93u);
    assert_true(siphash13(key, in, 7) == 0xd3927d989bb11140u);
    assert_true(siphash13(key, in, 8) == 0x369095118d299a8eu);
    assert_true(siphash13(key, in, 15) == 0xd320d86d2a519956u);
}

/* A million plain terms: bounded memory, and a scan that does not mind how many there are. */
static void test_million(void **state)
{
    (void)state;
    struct buf terms = buf_make(1u << 26);
    uint32_t x = 1;
    for (uint32_t i = 0; i < 1000000; i++) {
        x = x * 1664525u + 1013904223u;
        assert_int_equal(buf_addf(&terms, "name%x family%u\n", x >> 4, i), ERR_OK);
    }
    struct mallinfo2 before = mallinfo2();
    struct ruleset *rs = open_plain(buf_slice(&terms));
    struct mallinfo2 after = mallinfo2();
    size_t took = after.uordblks + after.hblkhd - before.uordblks - before.hblkhd;
    if (after.uordblks) assert_true(took > 1u << 20 && took < 64u << 20); /* a sanitizer tells nothing */
    char text[200];
    (void)snprintf(text, sizeof text, "and NAME%x Family%u said", x >> 4, 999999u);
    struct detect_scratch *s = detect_scratch_new();
    struct findings f = {0};
    assert_int_equal(detect_scan(rs, s, slice_str(text), &f), ERR_OK);
    assert_true(f.count == 1 && f.v[0].start == 4 && f.v[0].end == strlen(text) - 5);
    f.count = 0;
    assert_int_equal(detect_scan(rs, s, SLICE("name0 family1000001 and namez family"), &f), ERR_OK);
    assert_int_equal(f.count, 0);
    findings_free(&f);
    detect_scratch_free(s);
    ruleset_free(rs);
    buf_free(&terms);
}

/* Case and accents, in whatever way they are written; and a term across the lines of a list. */
static void letters(void **state)
{
    static const char names[] =
        "M\xc3\xbcller\n\xce\x95\xce\xbb\xce\xad\xce\xbd\xce\xb7 \xce\xa0\xce\xb1\xcf\x80\xcf\x80\xce\xac\xcf\x82\nWei\xc3\x9f & "
        "S\xc3\xb6hne\nnguy\xe1\xbb\x85n \xc3\x81nh\n\xc4\xb0zmir A\xc5\x9e\n\xc5\xbb\xc3\xb3\xc5\x82\xc4\x87 7\n";
    (void)state;
    struct ruleset *rs = open_plain(SLICE(names));
    expect(rs, "a I\xcc\x87ZMIR AS\xcc\xa7 b", "I\xcc\x87ZMIR AS\xcc\xa7");
    expect(rs, "a I\xcc\x87zmir AS\xcc\xa7 b", "I\xcc\x87zmir AS\xcc\xa7");
    expect(rs, "a MU\xcc\x88LLER b", "MU\xcc\x88LLER");
    expect(rs, "a Mu\xcc\x88ller b", "Mu\xcc\x88ller");
    expect(rs, "a M\xc3\x9cLLER b", "M\xc3\x9cLLER");
    expect(rs, "a M\xc3\xbcller b", "M\xc3\xbcller");
    expect(rs, "a NGUYE\xcc\x82\xcc\x83N A\xcc\x81NH b", "NGUYE\xcc\x82\xcc\x83N A\xcc\x81NH");
    expect(rs, "a NGUY\xe1\xbb\x84N \xc3\x81NH b", "NGUY\xe1\xbb\x84N \xc3\x81NH");
    expect(rs, "a WEISS & SO\xcc\x88HNE b", "WEISS & SO\xcc\x88HNE");
    expect(rs, "a WEISS & S\xc3\x96HNE b", "WEISS & S\xc3\x96HNE");
    expect(rs, "a Wei\xc3\x9f\n    &\n    S\xc3\xb6hne b", "Wei\xc3\x9f\n    &\n    S\xc3\xb6hne");
    expect(rs, "a Wei\xc3\x9f & So\xcc\x88hne b", "Wei\xc3\x9f & So\xcc\x88hne");
    expect(rs, "a Wei\xc3\x9f & S\xc3\xb6hne b", "Wei\xc3\x9f & S\xc3\xb6hne");
    expect(rs,
           "a Z\xcc\x87O\xcc\x81\xc5\x81"
           "C\xcc\x81 7 b",
           "Z\xcc\x87O\xcc\x81\xc5\x81"
           "C\xcc\x81 7");
    expect(rs,
           "a Z\xcc\x87o\xcc\x81\xc5\x82"
           "c\xcc\x81 7 b",
           "Z\xcc\x87o\xcc\x81\xc5\x82"
           "c\xcc\x81 7");
    expect(rs, "a i\xcc\x87zmir a\xc5\x9f b", "i\xcc\x87zmir a\xc5\x9f");
    expect(rs, "a m\xc3\xbcller b", "m\xc3\xbcller");
    expect(rs, "a nguye\xcc\x82\xcc\x83n A\xcc\x81nh b", "nguye\xcc\x82\xcc\x83n A\xcc\x81nh");
    expect(rs, "a nguy\xe1\xbb\x85n\n    \xc3\x81nh b", "nguy\xe1\xbb\x85n\n    \xc3\x81nh");
    expect(rs, "a nguy\xe1\xbb\x85n \xc3\x81nh b", "nguy\xe1\xbb\x85n \xc3\x81nh");
    expect(rs, "a nguy\xe1\xbb\x85n \xc3\xa1nh b", "nguy\xe1\xbb\x85n \xc3\xa1nh");
    expect(rs, "a wei\xc3\x9f & s\xc3\xb6hne b", "wei\xc3\x9f & s\xc3\xb6hne");
    expect(rs, "a \xc4\xb0ZMIR A\xc5\x9e b", "\xc4\xb0ZMIR A\xc5\x9e");
    expect(rs, "a \xc4\xb0zmir\n    A\xc5\x9e b", "\xc4\xb0zmir\n    A\xc5\x9e");
    expect(rs, "a \xc4\xb0zmir A\xc5\x9e b", "\xc4\xb0zmir A\xc5\x9e");
    expect(rs, "a \xc5\xbb\xc3\x93\xc5\x81\xc4\x86 7 b", "\xc5\xbb\xc3\x93\xc5\x81\xc4\x86 7");
    expect(rs, "a \xc5\xbb\xc3\xb3\xc5\x82\xc4\x87\n    7 b", "\xc5\xbb\xc3\xb3\xc5\x82\xc4\x87\n    7");
    expect(rs, "a \xc5\xbb\xc3\xb3\xc5\x82\xc4\x87 7 b", "\xc5\xbb\xc3\xb3\xc5\x82\xc4\x87 7");
    expect(rs, "a \xc5\xbc\xc3\xb3\xc5\x82\xc4\x87 7 b", "\xc5\xbc\xc3\xb3\xc5\x82\xc4\x87 7");
    expect(rs, "a \xce\x95\xce\x9b\xce\x88\xce\x9d\xce\x97 \xce\xa0\xce\x91\xce\xa0\xce\xa0\xce\x86\xce\xa3 b",
           "\xce\x95\xce\x9b\xce\x88\xce\x9d\xce\x97 \xce\xa0\xce\x91\xce\xa0\xce\xa0\xce\x86\xce\xa3");
    expect(rs, "a \xce\x95\xce\x9b\xce\x95\xcc\x81\xce\x9d\xce\x97 \xce\xa0\xce\x91\xce\xa0\xce\xa0\xce\x91\xcc\x81\xce\xa3 b",
           "\xce\x95\xce\x9b\xce\x95\xcc\x81\xce\x9d\xce\x97 \xce\xa0\xce\x91\xce\xa0\xce\xa0\xce\x91\xcc\x81\xce\xa3");
    expect(rs, "a \xce\x95\xce\xbb\xce\xad\xce\xbd\xce\xb7\n    \xce\xa0\xce\xb1\xcf\x80\xcf\x80\xce\xac\xcf\x82 b",
           "\xce\x95\xce\xbb\xce\xad\xce\xbd\xce\xb7\n    \xce\xa0\xce\xb1\xcf\x80\xcf\x80\xce\xac\xcf\x82");
    expect(rs, "a \xce\x95\xce\xbb\xce\xad\xce\xbd\xce\xb7 \xce\xa0\xce\xb1\xcf\x80\xcf\x80\xce\xac\xcf\x82 b",
           "\xce\x95\xce\xbb\xce\xad\xce\xbd\xce\xb7 \xce\xa0\xce\xb1\xcf\x80\xcf\x80\xce\xac\xcf\x82");
    expect(rs, "a \xce\x95\xce\xbb\xce\xb5\xcc\x81\xce\xbd\xce\xb7 \xce\xa0\xce\xb1\xcf\x80\xcf\x80\xce\xb1\xcc\x81\xcf\x82 b",
           "\xce\x95\xce\xbb\xce\xb5\xcc\x81\xce\xbd\xce\xb7 \xce\xa0\xce\xb1\xcf\x80\xcf\x80\xce\xb1\xcc\x81\xcf\x82");
    expect(rs, "a \xce\xb5\xce\xbb\xce\xad\xce\xbd\xce\xb7 \xcf\x80\xce\xb1\xcf\x80\xcf\x80\xce\xac\xcf\x82 b",
           "\xce\xb5\xce\xbb\xce\xad\xce\xbd\xce\xb7 \xcf\x80\xce\xb1\xcf\x80\xcf\x80\xce\xac\xcf\x82");
    expect(rs, "Muller Mu\xcc\x81ller Weis nguyen Anh e\xcc\x81", "");
    ruleset_free(rs);
}

static void a_list_in_another_encoding_is_refused(void **state)
{
    (void)state;
    struct ruleset *rs = NULL;
    assert_int_equal(dictionary_bad_line(SLICE("a\n\xc3\xa9\n")), 0);
    assert_int_equal(dictionary_bad_line(SLICE("a\nb\ncaf\xe9\nd\n")), 3);
    assert_int_equal(ruleset_build(NULL, 0, NULL, NULL, &rs), ERR_OK);
    struct dictionary_def d = {.name = "names", .terms = SLICE("Acme\ncaf\xe9\n")};
    assert_int_equal(ruleset_add_dictionary(rs, &d, report, NULL), ERR_SHAPE);
    assert_non_null(strstr(said, "line 2 is not UTF-8"));
    ruleset_free(rs);
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters),
        cmocka_unit_test(a_list_in_another_encoding_is_refused),
        cmocka_unit_test(plain),
        cmocka_unit_test(hashed),
        cmocka_unit_test(many_terms),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(siphash_is_stable),
        cmocka_unit_test(test_million),
    };
    return cmocka_run_group_tests_name("detect dictionary", tests, NULL, NULL);
}
