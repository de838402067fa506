/* Alphabets: all ways say the same of any digits, and none refuses what text begins with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "filters/text/alphabet.h"
#include "proxy/base/mem.h"
#include "tests/unit/any.h"

#include <stdio.h>
#include <string.h>

#define WAYS   2u
#define ROUNDS 200000u

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void encode(const unsigned char *b, char base64[17], char hex[25])
{
    for (unsigned i = 0; i < 4; i++) {
        const unsigned x = (unsigned)b[3 * i] << 16 | (unsigned)b[3 * i + 1] << 8 | b[3 * i + 2];
        for (unsigned k = 0; k < 4; k++) base64[4 * i + k] = digits[x >> (18 - 6 * k) & 63];
    }
    for (unsigned i = 0; i < 12; i++) (void)snprintf(hex + 2 * i, 3, "%02x", b[i]);
}

static void all_ways(const char *base64, const char *hex, bool base64_is, bool hex_is)
{
    for (unsigned way = 0; way < WAYS; way++) {
        if (!alphabet_way(way)) continue;
        if (base64) assert_int_equal(alphabet_begins_base64(base64), base64_is);
        if (hex) assert_int_equal(alphabet_begins_hex(hex), hex_is);
    }
}

static void test_text(void **state)
{
    (void)state;
    static const char *const texts[] = {"jane.doe@cor",
                                        "AKIAQX3BD7ZJ",
                                        "{\"key\": \"a\n\t",
                                        "\xE4\xBD\xA0\xE5\xA5\xBD\xEF\xBC\x8C\xE4\xB8\x96",
                                        "gr\303\274\303\237e, ihr",
                                        "a\xF0\x9F\x98\x80 b\xC3\xA9 cde",
                                        "key = \xE2\x80\x9Cv\xE2\x80\x9D",
                                        "a\0b\0c\0d\0e\0f\0",
                                        "\0a\0b\0c\0d\0e\0f"};
    char base64[17], hex[25];
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        encode((const unsigned char *)texts[i], base64, hex);
        all_ways(base64, hex, true, true);
        for (unsigned k = 0; k < sizeof hex; k++) hex[k] = (char)(hex[k] >= 'a' ? hex[k] - 32 : hex[k]);
        all_ways(NULL, hex, true, true);
    }
    all_ways("//5qAGEAbgBlAC4A", NULL, true, true); /* marks of UTF-16 */
    all_ways("/v8AagBhAG4AZQAu", NULL, true, true);
    all_ways("YWJjPz8_fn5-YWI=", NULL, true, true); /* the other alphabet; padding */
    all_ways("YWJjPz8_fn5-YWI@", NULL, true, true);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const other[] = {"abc\x01"
                                        "defghijk",
                                        "abcd\x80"
                                        "efghijk",
                                        "ab\xC3"
                                        "defghijkl",
                                        "\xF8\x88\x80\x80 text abc",
                                        "abc\x7F"
                                        "defghijk",
                                        "abc\0defghijk",
                                        "\xC0\x80text text "};
    char base64[17], hex[25];
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
        encode((const unsigned char *)other[i], base64, hex);
        all_ways(base64, hex, false, false);
    }
    all_ways("internationaliza", NULL, false, false);
}

/* Whatever the digits are. */
static void test_alike(void **state)
{
    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned char b[12];
        char base64[17], hex[25];
        const unsigned most = round % 3 == 0 ? 256 : round % 3 == 1 ? 128 : 64; /* wild, ASCII, and near what controls */
        for (unsigned i = 0; i < sizeof b; i++) b[i] = (unsigned char)any(most);
        encode(b, base64, hex);
        base64[15] = "A=.@:!#$%&_-"[any(12)];
        (void)alphabet_way(1);
        all_ways(base64, hex, alphabet_begins_base64(base64), alphabet_begins_hex(hex));
    }
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_alike),
    };
    const int rc = cmocka_run_group_tests(tests, NULL, NULL);
    for (unsigned way = 0; !alphabet_way(way);) way++;
    return rc;
}
