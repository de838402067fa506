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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_byte), cmocka_unit_test(test_bytes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
