/* Validators: every row's own examples, and every row against bytes that are no number at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "filters/detect/structure.h"
#include "filters/detect/validators.h"
#include "proxy/base/mem.h"

static void each_row_knows_its_examples(void **state)
{
    size_t n, wrong = 0;
    const struct validator *v = validators(&n);
    (void)state;
    assert_true(n > 120);
    for (size_t i = 0; i < n; i++) {
        assert_non_null(v[i].source);
        assert_non_null(v[i].good[0]);
        assert_non_null(v[i].bad[0]);
        for (const char *const *g = v[i].good; *g; g++)
            if (!v[i].ok(slice_str(*g)) || (validator_needs(&v[i]) & ~structure_bytes(slice_str(*g), "+/_-").kinds))
                print_error("%s refuses %s\n", v[i].name, *g), wrong++;
        for (const char *const *b = v[i].bad; *b; b++)
            if (v[i].ok(slice_str(*b))) print_error("%s accepts %s\n", v[i].name, *b), wrong++;
    }
    assert_int_equal(wrong, 0);
}

static void names_are_unique_and_found(void **state)
{
    size_t n;
    const struct validator *v = validators(&n);
    (void)state;
    for (size_t i = 0; i < n; i++) {
        assert_ptr_equal(validator_find(v[i].name), &v[i]);
        for (size_t k = i + 1; k < n; k++) assert_string_not_equal(v[i].name, v[k].name);
    }
    assert_null(validator_find("no such"));
}

static unsigned next(unsigned *seed) { return *seed = *seed * 1103515245u + 12345u, *seed >> 16; }

/* Exactly sized heap copies, so that a sanitizer sees a byte read too far. */
static void rows_are_total(void **state)
{
    static const char alphabet[] = "0123456789ABCXYZabcxyz-. /:+()@_<\xc2\xa0\xe5\x8f\xb7";
    unsigned seed = 7;
    size_t n;
    const struct validator *v = validators(&n);
    (void)state;
    for (unsigned round = 0; round < 600; round++) {
        size_t len = round < 70 ? round : next(&seed) % 300;
        char *p = malloc(len ? len : 1);
        assert_non_null(p);
        for (size_t i = 0; i < len; i++) {
            unsigned r = next(&seed);
            p[i] = round % 3 == 0 ? (char)r : round % 3 == 1 ? (char)('0' + r % 10) : alphabet[r % (sizeof alphabet - 1)];
        }
        for (size_t i = 0; i < n; i++) (void)v[i].ok(slice_of(p, len));
        free(p);
    }
    for (size_t i = 0; i < n; i++) {
        assert_false(v[i].ok(SLICE_NONE));
        /* Cut and lengthened examples must not be read past their end. */
        for (const char *const *g = v[i].good; *g; g++)
            for (size_t len = strlen(*g); len > 0; len--) {
                char *p = malloc(len);
                assert_non_null(p);
                memcpy(p, *g, len);
                (void)v[i].ok(slice_of(p, len));
                free(p);
            }
    }
}

/* A check digit that is wrong must be refused: of each ten last digits at most one or two may pass. */
static void checks_depend_on_the_last_digit(void **state)
{
    static const char *const names[] = {"luhn",      "card",   "iban",    "aba",        "uk_nhs", "fr_siren",
                                        "de_tax_id", "nl_bsn", "be_nn",   "pl_pesel",   "hr_oib", "se_personnummer",
                                        "ru_inn",    "br_cpf", "br_cnpj", "in_aadhaar", "kr_rrn", "jp_my_number",
                                        "th_id",     "cn_id",  "cn_uscc", "au_tfn",     "au_abn", "nz_ird",
                                        "ca_sin",    "imei",   "tr_tckn", "za_id",      "us_npi", "ch_ahv",
                                        "ro_cnp"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct validator *v = validator_find(names[i]);
        assert_non_null(v);
        char s[64];
        unsigned passed = 0;
        size_t len = strlen(v->good[0]);
        memcpy(s, v->good[0], len);
        for (char c = '0'; c <= '9'; c++) {
            s[len - 1] = c;
            passed += v->ok(slice_of(s, len));
        }
        if (passed > 1) print_error("%s: %u last digits pass\n", names[i], passed);
        assert_true(passed <= 1);
    }
}

static void entropy_is_shannons(void **state)
{
    (void)state;
    assert_true(entropy_shannon(SLICE_NONE) == 0.0f);
    assert_true(entropy_shannon(SLICE("aaaa")) == 0.0f);
    assert_true(entropy_shannon(SLICE("abcd")) == 2.0f);
    assert_true(entropy_shannon(SLICE("0123456789abcdef")) == 4.0f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_knows_its_examples),
        cmocka_unit_test(names_are_unique_and_found),
        cmocka_unit_test(rows_are_total),
        cmocka_unit_test(checks_depend_on_the_last_digit),
        cmocka_unit_test(entropy_is_shannons),
    };
    mem_install_hooks();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
