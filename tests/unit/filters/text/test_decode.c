/* Decoders: what is found, what it reads as, where it came from, and what is left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "filters/text/decode.h"

#include <stdlib.h>

static struct marks marks;

/* The next run, in a text that is marked anew each time. */
static bool next(struct slice t, enum decode_kind kind, uint32_t *from, struct decode_run *run)
{
    if (*from == 0) assert_int_equal(marks_make(&marks, t), ERR_OK);
    return decode_next(t, &marks, 0, kind, from, run);
}

/* The first run of `kind` in text, decoded; want NULL: none. `span`, if not NULL, is the run itself. */
static void expect(enum decode_kind kind, const char *text, const char *want, const char *span)
{
    struct slice t = slice_str(text);
    struct view v = view_make(100000);
    struct decode_run run;
    uint32_t from = 0;
    enum err e = ERR_SHAPE;
    while (e == ERR_SHAPE && next(t, kind, &from, &run)) {
        e = decode_run(t, &run, 0, &v);
        if (e == ERR_SHAPE) assert_int_equal(buf_len(&v.text), 0);
    }
    struct slice got = buf_slice(&v.text);
    if (!want) {
        if (e != ERR_SHAPE) fail_msg("%s decoded to %.*s", text, (int)got.n, got.p);
    } else {
        if (e != ERR_OK) fail_msg("%s: nothing found", text);
        if (!slice_eq(got, slice_str(want))) fail_msg("%s decoded to %.*s", text, (int)got.n, got.p);
    }
    if (want && span && !slice_eq(slice_of(text + run.start, run.end - run.start), slice_str(span)))
        fail_msg("%s: run %.*s", text, (int)(run.end - run.start), text + run.start);
    view_free(&v);
}

static void test_base64(void **state)
{
    (void)state;
    expect(DECODE_BASE64, "key QUtJQVFYM0JEN1pKMk01S1c2UlQ= end", "AKIAQX3BD7ZJ2M5KW6RT", "QUtJQVFYM0JEN1pKMk01S1c2UlQ=");
    expect(DECODE_BASE64, "key QUtJQVFYM0JEN1pKMk01S1c2UlQ", "AKIAQX3BD7ZJ2M5KW6RT", NULL);
    expect(DECODE_BASE64, "amFuZS5kb2VAY29ycC5leGFtcGxl", "jane.doe@corp.example", NULL);
    expect(DECODE_BASE64, "https://host/v1/QUtJQVFYM0JEN1pKMk01S1c2UlQ=", "AKIAQX3BD7ZJ2M5KW6RT", "QUtJQVFYM0JEN1pKMk01S1c2UlQ=");
    expect(DECODE_BASE64, "5L2g5aW977yM5LiW55WM5L2g5aW9", "你好，世界你好", NULL);
    expect(DECODE_BASE64, "YWJjPz8_fn5-YWJjPz8_", "abc???~~~abc???", NULL); /* base64url */
    expect(DECODE_BASE64, "YWJjPz8/fn5+YWJjPz8/", "abc???~~~abc???", NULL);
    expect(DECODE_BASE64, "powershell -enc agBhAG4AZQAuAGQAbwBlAEAAYwBvAHIAcAA=", "jane.doe@corp", NULL); /* UTF-16 */
    expect(DECODE_BASE64, "AGoAYQBuAGUALgBkAG8AZQBAAGMAbwByAHA=", "jane.doe@corp", NULL);
    expect(DECODE_BASE64, "//5qAGEAbgBlAC4AZABvAGUAQABjAG8AcgBwAA==", "jane.doe@corp", NULL); /* with its mark */
    expect(DECODE_BASE64, "NTAwNzI1NDYzMjQ=", "50072546324", NULL);
    expect(DECODE_BASE64, "QUtJQVFYM0JEN1pKMk01\nS1c2UlQ= end", "AKIAQX3BD7ZJ2M5KW6RT", "QUtJQVFYM0JEN1pKMk01\nS1c2UlQ=");
    expect(DECODE_BASE64, "QUtJQVFYM0JEN1pKMk01\\\nS1c2UlQ= end", "AKIAQX3BD7ZJ2M5KW6RT", "QUtJQVFYM0JEN1pKMk01\\\nS1c2UlQ=");
    expect(DECODE_BASE64, "QUtJQVFYM0JEN1pKMk01\nand so on", "AKIAQX3BD7ZJ2M5", "QUtJQVFYM0JEN1pKMk01");
    expect(DECODE_BASE64, "short QUtJQQ==", NULL, NULL);
    expect(DECODE_BASE64, "/usr/local/share/privet/config/rules and internationalization", NULL, NULL);
    expect(DECODE_BASE64, "550e8400-e29b-41d4-a716-446655440000 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b", NULL, NULL);
    expect(DECODE_BASE64, "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk", NULL, NULL);
    expect(DECODE_BASE64, "JVBERi0xLjQKMSAwIG9iaiA8PCAvVHlwZSAvQ2F0YWxvZyA+PiBlbmRvYmo=", NULL, NULL);
    expect(DECODE_BASE64,
           "MIME:\nVGhpcyBpcyBhIGxvbmcgdGV4dCB0aGF0IGlzIHdyYXBwZWQgYXQgc2l4dHktZm91ciBj\n"
           "aGFyYWN0ZXJzIGEgbGluZSwgd2l0aCBBS0lBUVgzQkQ3WkoyTTVLVzZSVCBpbnNpZGUu\nend",
           "This is a long text that is wrapped at sixty-four characters a line, with AKIAQX3BD7ZJ2M5KW6RT inside.",
           "VGhpcyBpcyBhIGxvbmcgdGV4dCB0aGF0IGlzIHdyYXBwZWQgYXQgc2l4dHktZm91ciBj\n"
           "aGFyYWN0ZXJzIGEgbGluZSwgd2l0aCBBS0lBUVgzQkQ3WkoyTTVLVzZSVCBpbnNpZGUu");
}

static void test_hex(void **state)
{
    (void)state;
    expect(DECODE_HEX, "x 414b494151583342443755 y", "AKIAQX3BD7U", "414b494151583342443755");
    expect(DECODE_HEX, "0x6a616e652e646f6540636f72702e6578", "jane.doe@corp.ex", NULL);
    expect(DECODE_HEX, "414b4941515833424437", "AKIAQX3BD7", NULL);
    expect(DECODE_HEX, "41004b004900410051005800", "AKIAQX", NULL);
    expect(DECODE_HEX, "414b49415158334244", "AKIAQX3BD", NULL);
    expect(DECODE_HEX, "414b494151583342", NULL, NULL);
    expect(DECODE_HEX, "x 414b4941515833424437\n  34434435\ny", "AKIAQX3BD74CD5", "414b4941515833424437\n  34434435");
    expect(DECODE_PAIRS, "41-4b-49-41-51-58-33-42-44-37", "AKIAQX3BD7", NULL);
    expect(DECODE_PAIRS, "is 41 4b 49 41 51 58 33 42 44 37 .", "AKIAQX3BD7", "41 4b 49 41 51 58 33 42 44 37");
    expect(DECODE_PAIRS, "41:4B:49:41:51:58:33:42:44:37", "AKIAQX3BD7", NULL);
    expect(DECODE_PAIRS, "{0x41, 0x4b, 0x49, 0x41, 0x51, 0x58, 0x33, 0x42, 0x44, 0x37}", "AKIAQX3BD7",
           "0x41, 0x4b, 0x49, 0x41, 0x51, 0x58, 0x33, 0x42, 0x44, 0x37");
    expect(DECODE_PAIRS, "we see: 41 4b 49 41 51 58 33 42 44 37", "AKIAQX3BD7",
           "41 4b 49 41 51 58 33 42 44 37"); /* "ee" is a word's */
    expect(DECODE_PAIRS, "be 41, 4b, 49, 41, 51, 58, 33, 42, 44", "AKIAQX3BD", "41, 4b, 49, 41, 51, 58, 33, 42, 44");
    expect(DECODE_PAIRS, "414b 4941 5158 3342 4437 5a4a 6a", "AKIAQX3BD7ZJj", "414b 4941 5158 3342 4437 5a4a 6a");
    expect(DECODE_PAIRS, "3127,3128,3129,3130,3131,3132,3133,3134", NULL, NULL);
    expect(DECODE_PAIRS, "5112 5118 5114 5110 5115 5180 51AA 51DD 5291", NULL, NULL);
    expect(DECODE_PAIRS, "2001:0db8:85a3:0000:0000:8a2e:0370:7334", NULL, NULL);
    expect(DECODE_PAIRS, "to be or no it is as we do so if in", NULL, NULL);
    expect(DECODE_PAIRS, "9f:86:d0:81:88:4c:7d:65:9a:2f:ea:a0:c5:5a", NULL, NULL);
    expect(DECODE_HEX, "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", NULL, NULL);
    expect(DECODE_HEX, "00000000000000000000000000", NULL, NULL);
}

static void test_base32(void **state)
{
    (void)state;
    expect(DECODE_BASE32, "k IFFUSQKRLAZUERBXLJFDE=== e", "AKIAQX3BD7ZJ2", "IFFUSQKRLAZUERBXLJFDE===");
    expect(DECODE_BASE32, "iffusqkrlazuerbxljfde", "AKIAQX3BD7ZJ2", NULL);
    expect(DECODE_BASE32, "IFFUSQKRLAZUERBXLJFDETJV\nJNLTMUSU e", "AKIAQX3BD7ZJ2M5KW6RT", "IFFUSQKRLAZUERBXLJFDETJV\nJNLTMUSU");
    expect(DECODE_BASE32, "internationalizationings MISUNDERSTANDINGSAREOFTENMADE", NULL, NULL);
    expect(DECODE_BASE32, "JBSWY3DPEHPK3PXP 9f86d081884c7d659a2feaa0c55ad015", NULL, NULL); /* a seed of one-time passwords */
}

static void test_codes(void **state)
{
    (void)state;
    expect(DECODE_CODES, "k [65, 75, 73, 65, 81, 88, 51, 66, 68, 55] e", "AKIAQX3BD7", "65, 75, 73, 65, 81, 88, 51, 66, 68, 55");
    expect(DECODE_CODES, "String.fromCharCode(106,97,110,101,64,99,111,114,112,46)", "jane@corp.", NULL);
    expect(DECODE_CODES, "is 106 97 110 101 64 99 111 114 112 46.", "jane@corp.", NULL);
    expect(DECODE_CODES, "7, 1, 106 97 110 101 64 99 111 114 112 46", NULL, NULL);
    expect(DECODE_CODES, "rates 72, 75, 80, 78, 90, 101, 94, 60, 62, 91, 93, 88, 96", NULL, NULL); /* signs of the rare kind */
    expect(DECODE_CODES, "34, 12, 56, 78, 90, 123, 45, 67, 89, 10, 11, 12, 13", NULL, NULL);
    expect(DECODE_CODES, "106 97 110 101 64 99 111 114 112", NULL, NULL); /* too short */
    expect(DECODE_CODES, "1.106 97.5 110 101 64 99 111 114 112 46 99 111 1119", "ne@corp.co", NULL);
}

static void test_units(void **state)
{
    (void)state;
    expect(DECODE_PERCENT, "q=jane%2Edoe+and+more", "q=jane.doe and more", NULL); /* as forms are sent */
    expect(DECODE_PERCENT, "%u0061+b+%u0063", "a+b+c", NULL);
    expect(DECODE_PERCENT, "mailto:jane+news%40corp.example", "mailto:jane+news@corp.example", NULL);
    expect(DECODE_ENTITIES, "a&#0000000000064;b&#x00000040;c", "a@b@c", NULL);
    expect(DECODE_ENTITIES, "a&UnderBar;b&ast;c&excl;", "a_b*c!", NULL);
    expect(DECODE_ESCAPES, "\\x{41}\\x{4b}", "AK", NULL);
    expect(DECODE_PERCENT, "GET /x?mail=jane%40corp.example&k=1 z", "GET /x?mail=jane@corp.example&k=1 z",
           "GET /x?mail=jane%40corp.example&k=1 z");
    expect(DECODE_QUOTED, "a =41=4B=49A\nb", "a AKIA", "a =41=4B=49A");
    expect(DECODE_QUOTED, "a=41 and b=2c5d, w=40", NULL, NULL);
    expect(DECODE_PERCENT, "100% sure %zz %4", NULL, NULL);
    expect(DECODE_PERCENT, "%41%4B%u0049A", "AKIA", NULL);
    expect(DECODE_ENTITIES, "to jane&#64;corp.example now", "to jane@corp.example now", NULL);
    expect(DECODE_ENTITIES, "&#x41;KIA&commat;&amp;", "AKIA@&", NULL);
    expect(DECODE_ENTITIES, "a & b &c; &#; &#x;", NULL, NULL);
    expect(DECODE_ENTITIES, "&#99999999;", "\xEF\xBF\xBD", NULL);
    expect(DECODE_ESCAPES, "line\n{\"a\": \"\\u0041\\x4bIA\\tx\\101\\u{42}\"\nnext \\d", "{\"a\": \"AKIA\txAB\"", NULL);
    expect(DECODE_ESCAPES, "\\ud83d\\ude00\\U0001F600", "😀😀", NULL);
    expect(DECODE_ESCAPES, "regex \\d+\\s \\", NULL, NULL);
    expect(DECODE_ESCAPES, "sk\\_live\\_4e", "sk_live_4e", NULL); /* of Markdown */
    expect(DECODE_ESCAPES, "\\-\\-\\-BEGIN", "---BEGIN", NULL);
    expect(DECODE_ESCAPES, "call \\+49 30", "call +49 30", NULL);
    expect(DECODE_ESCAPES, "see [\\#123], \\_this\\_ or \\. and \\$", NULL, NULL);
    expect(DECODE_ENTITIES, "AK&zwnj;IA&shy;&ZeroWidthSpace;QX", "AK\xC2\xADIA\xC2\xAD\xC2\xADQX", NULL);
    expect(DECODE_ENTITIES, "AK&#73;A\n  Q&#88;3", "AKIA\n  QX3", NULL); /* its lines are read together */
    expect(DECODE_ENTITIES, "AK&#73;A\x1EQ&#88;3", "AKIA", "AK&#73;A");
    expect(DECODE_ENTITIES, "a &zw; &No; &Zero; b", NULL, NULL);
}

static void test_unit_offsets(void **state)
{
    (void)state;
    static const char text[] = "ab jane%40x.org";
    struct view v = view_make(1000);
    struct decode_run run;
    uint32_t from = 0, a, b;
    assert_true(next(SLICE(text), DECODE_PERCENT, &from, &run));
    assert_int_equal(decode_run(SLICE(text), &run, 1000, &v), ERR_OK);
    view_back(&v, 7, 8, &a, &b); /* the '@' */
    assert_int_equal(a, 1007);
    assert_int_equal(b, 1010);
    view_back(&v, 3, 13, &a, &b);
    assert_int_equal(a, 1003);
    assert_int_equal(b, 1000 + sizeof text - 1);
    view_free(&v);
}

/* A run found at every place round the vector blocks. */
static void test_runs_everywhere(void **state)
{
    (void)state;
    static const char run64[] = "QUtJQVFYM0JEN1pKMk01S1c2UlQ";
    char t[800];
    for (size_t at = 0; at < 450; at++) {
        memset(t, ' ', sizeof t);
        memcpy(t + at, run64, sizeof run64 - 1);
        struct decode_run r;
        uint32_t from = 0;
        struct slice s = slice_of(t, at + sizeof run64 + 60);
        assert_true(next(s, DECODE_BASE64, &from, &r));
        assert_int_equal(r.start, at);
        assert_int_equal(r.end, at + sizeof run64 - 1);
        assert_false(next(s, DECODE_BASE64, &from, &r));
        memset(t, ' ', sizeof t);
        memcpy(t + at, "abcdefghijklmno", 15);
        from = 0;
        assert_false(next(s, DECODE_BASE64, &from, &r));
    }
}

static void test_payload(void **state)
{
    (void)state;
    static const char png[] = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
    static const char text[] = "VGhpcyBpcyBhIGxvbmcgdGV4dCB0aGF0IGlzIHdyYXBwZWQgYXQgc2l4dHktZm91ciBj";
    assert_int_equal(decode_payload(SLICE(png)), PAYLOAD_FORMAT);
    assert_int_equal(decode_payload(slice_of(png, 60)), PAYLOAD_NONE);
    assert_int_equal(decode_payload(SLICE(text)), PAYLOAD_NONE);
    char t[300];
    memset(t, 'A', sizeof t);
    assert_int_equal(decode_payload(slice_of(t, 300)), PAYLOAD_BINARY);
    memcpy(t, png, 60);
    assert_int_equal(decode_payload(slice_of(t, 300)), PAYLOAD_FORMAT);
    t[200] = '\\';
    t[201] = '/';
    assert_int_equal(decode_payload(slice_of(t, 300)), PAYLOAD_FORMAT);
    t[201] = 'n';
    assert_int_equal(decode_payload(slice_of(t, 300)), PAYLOAD_NONE);
    t[200] = ' ';
    assert_int_equal(decode_payload(slice_of(t, 300)), PAYLOAD_NONE);
    t[200] = '=';
    assert_int_equal(decode_payload(slice_of(t, 300)), PAYLOAD_NONE);
    assert_int_equal(decode_payload(SLICE("JVBERi0xLjQKMSAwIG9iaiA8PCAvVHlwZSAvQ2F0YWxvZyA+PiBlbmRvYmogMiAwIG9iago=")),
                     PAYLOAD_FORMAT);
}

/* Linear whatever comes: the worst shapes we know, a megabyte of each, in well under the time a square would take. */
static void test_worst(void **state)
{
    (void)state;
    enum { N = 1 << 20 };
    static const char *const units[] = {
        "YWFhYWFhYWFhYWFh/",    "%41", "&#64;", "\\u0041", "41", "YWFh", "/", "%4", "&", "\\", "41 ", "0x9f, ", "9f:",
        "YWFhYWFhYWFhYWFhAAAA-"};
    char *t = malloc(N);
    for (size_t k = 0; k < sizeof units / sizeof units[0]; k++) {
        size_t n = strlen(units[k]);
        for (size_t i = 0; i < N; i++) t[i] = units[k][i % n];
        for (enum decode_kind kind = 0; kind < DECODE_KINDS; kind++) {
            struct view v = view_make(4 * N);
            uint32_t from = 0, last = 0;
            struct decode_run r;
            while (next(slice_of(t, N), kind, &from, &r)) {
                assert_true(r.start >= last && r.end > r.start && from >= r.end);
                last = r.end;
                enum err e = decode_run(slice_of(t, N), &r, 0, &v);
                assert_true(e == ERR_OK || e == ERR_SHAPE);
            }
            assert_true(buf_len(&v.text) <= N);
            view_free(&v);
        }
    }
    free(t);
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base64),  cmocka_unit_test(test_hex),
        cmocka_unit_test(test_base32),  cmocka_unit_test(test_codes),
        cmocka_unit_test(test_units),   cmocka_unit_test(test_unit_offsets),
        cmocka_unit_test(test_payload), cmocka_unit_test(test_runs_everywhere),
        cmocka_unit_test(test_worst),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
