/* FF1 against NIST's published samples (SP 800-38G, "FF1samples"), and that it is a permutation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "filters/mask/ff1.h"

static const unsigned char key[32] = {0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15,
                                      0x88, 0x09, 0xcf, 0x4f, 0x3c, 0xef, 0x43, 0x59, 0xd8, 0xd5, 0x80,
                                      0xaa, 0x4f, 0x7f, 0x03, 0x6d, 0x6f, 0x04, 0xfc, 0x6a, 0x94};

static const struct {
    size_t key_len;
    unsigned radix;
    struct slice tweak;
    const char *in, *out;
} samples[] = {
    {16, 10, {"", 0}, "0123456789", "2433477484"},
    {16, 10, SLICE_INIT("9876543210"), "0123456789", "6124200773"},
    {16, 36, SLICE_INIT("7777pqrs777"), "0123456789abcdefghi", "a9tv40mll9kdu509eum"},
    {24, 10, {"", 0}, "0123456789", "2830668132"},
    {24, 10, SLICE_INIT("9876543210"), "0123456789", "2496655549"},
    {24, 36, SLICE_INIT("7777pqrs777"), "0123456789abcdefghi", "xbj3kv35jrawxv32ysr"},
    {32, 10, {"", 0}, "0123456789", "6657667009"},
    {32, 10, SLICE_INIT("9876543210"), "0123456789", "1001623463"},
    {32, 36, SLICE_INIT("7777pqrs777"), "0123456789abcdefghi", "xs8a0azh2avyalyzuwd"},
};

static void nist(void **state)
{
    (void)state;
    static const char alphabet[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        uint8_t d[40];
        size_t n = strlen(samples[i].in);
        for (size_t k = 0; k < n; k++) d[k] = (uint8_t)(strchr(alphabet, samples[i].in[k]) - alphabet);
        assert_int_equal(ff1_encrypt(slice_of(key, samples[i].key_len), samples[i].tweak, samples[i].radix, d, n), ERR_OK);
        char got[41] = {0};
        for (size_t k = 0; k < n; k++) got[k] = alphabet[d[k]];
        assert_string_equal(got, samples[i].out);
    }
}

static void permutation(void **state)
{
    (void)state;
    static uint8_t seen[1000];
    for (unsigned x = 0; x < 1000; x++) {
        uint8_t d[3] = {(uint8_t)(x / 100), (uint8_t)(x / 10 % 10), (uint8_t)(x % 10)};
        assert_int_equal(ff1_encrypt(slice_of(key, 32), SLICE("t"), 10, d, 3), ERR_OK);
        unsigned y = d[0] * 100u + d[1] * 10u + d[2];
        assert_int_equal(seen[y], 0);
        seen[y] = 1;
    }
}

static void limits(void **state)
{
    (void)state;
    uint8_t d[128] = {0};
    assert_true(ff1_max(10) == 72 && ff1_max(62) == 40 && ff1_max(26) == 50);
    assert_int_equal(ff1_encrypt(slice_of(key, 32), SLICE_NONE, 10, d, 72), ERR_OK);
    assert_int_equal(ff1_encrypt(slice_of(key, 32), SLICE_NONE, 10, d, 73), ERR_INTERNAL);
    assert_int_equal(ff1_encrypt(slice_of(key, 32), SLICE_NONE, 10, d, 1), ERR_INTERNAL);
    assert_int_equal(ff1_encrypt(slice_of(key, 31), SLICE_NONE, 10, d, 10), ERR_INTERNAL);
    d[3] = 10;
    assert_int_equal(ff1_encrypt(slice_of(key, 32), SLICE_NONE, 10, d, 10), ERR_INTERNAL);
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {cmocka_unit_test(nist), cmocka_unit_test(permutation), cmocka_unit_test(limits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
