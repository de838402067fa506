/* Digits made all at once are those that printf makes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "proxy/base/hex.h"

#include <stdio.h>

static void test_every_byte(void **state)
{
    (void)state;
    char got[9] = "", want[9];
    for (uint32_t byte = 0; byte < 256; byte++)
        for (int at = 0; at < 4; at++) {
            uint32_t v = 0x1f2e9a7bu ^ byte << (8 * at);
            hex8(got, v);
            snprintf(want, sizeof want, "%08x", v);
            assert_string_equal(got, want);
        }
}

static void test_bytes(void **state)
{
    (void)state;
    const unsigned char in[8] = {0x00, 0x01, 0x9a, 0xff, 0xde, 0xad, 0xbe, 0xef};
    char out[17] = "";
    hex_bytes(out, in, sizeof in);
    assert_string_equal(out, "00019affdeadbeef");
}

static int digit(unsigned char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Every number in both cases; every two bytes at every two places among digits. */
static void test_read(void **state)
{
    (void)state;
    char t[9];
    for (int v = 0; v < 0x10000; v++) {
        snprintf(t, sizeof t, "%04x", (unsigned)v);
        assert_int_equal(hex4_read(t), v);
        snprintf(t, sizeof t, "%04X", (unsigned)v);
        assert_int_equal(hex4_read(t), v);
    }
    for (int a = 0; a < 4; a++)
        for (int b = 0; b < a; b++)
            for (int v = 0; v < 0x10000; v++) {
                memcpy(t, "9aF0", 4);
                t[a] = (char)(v >> 8);
                t[b] = (char)v;
                int want = 0;
                for (int i = 0; i < 4 && want >= 0; i++) {
                    const int d = digit((unsigned char)t[i]);
                    want = d < 0 ? -1 : want << 4 | d;
                }
                assert_int_equal(hex4_read(t), want);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_byte), cmocka_unit_test(test_bytes),
                                       cmocka_unit_test(test_read)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
