/* The words beside a value in the keys of tables and programs: joined, hyphened, humped, without marks. */
#include "filters/detect/engine.h"
#include "filters/detect/spellings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT(s) ((char *)(uintptr_t)(s))

static bool has(const char *word, const char *form)
{
    char out[SPELLINGS][KEYWORD_MAX + 1];
    size_t n = spellings(word, out);
    for (size_t i = 0; i < n; i++)
        if (strcmp(out[i], form) == 0) return true;
    return false;
}

static void test_forms(void **state)
{
    (void)state;
    char out[SPELLINGS][KEYWORD_MAX + 1];
    assert_int_equal(spellings("passport", out), 1);
    assert_int_equal(spellings("tax id", out), 4);
    assert_int_equal(spellings("número fiscal", out), 8);
    assert_true(has("tax id", "tax id") && has("tax id", "tax_id") && has("tax id", "tax-id") && has("tax id", "taxid"));
    assert_true(has("número fiscal", "numero_fiscal") && has("número fiscal", "número-fiscal"));
    assert_true(has("Führerschein", "Fuhrerschein") && has("dowód osobisty", "dowod osobisty") && has("číslo", "cislo"));
    assert_false(has("née", "nee")); /* too short to be told from other words */
    assert_true(has("паспорт серия", "паспорт_серия") && !has("паспорт серия", "passport"));
    assert_true(has("a\xc3", "a\xc3")); /* a letter cut off is left as it is */
}

static void test_long(void **state)
{
    (void)state;
    char word[KEYWORD_MAX + 2], out[SPELLINGS][KEYWORD_MAX + 1];
    memset(word, 'a', sizeof word);
    word[KEYWORD_MAX] = 0;
    assert_int_equal(spellings(word, out), 1);
    word[KEYWORD_MAX] = 'a';
    word[KEYWORD_MAX + 1] = 0;
    assert_int_equal(spellings(word, out), 0);
}

static char *words[] = {TEXT("número de pasaporte")};
static const struct rule_def defs[] = {{.id = TEXT("near"),
                                        .type = TEXT("PASSPORT"),
                                        .regex = TEXT("(?<![0-9])([0-9]{8})(?![0-9])"),
                                        .cls = RULE_PII,
                                        .triggers = TRIGGER_DIGITS,
                                        .digits_min = 8,
                                        .digits_max = 8,
                                        .score = 0.5f,
                                        .context = {.words = words, .count = 1, .require = true, .before = 40, .after = 1}}};

static size_t found(const char *text)
{
    struct ruleset *rs = NULL;
    assert_int_equal(ruleset_build(defs, 1, NULL, NULL, &rs), ERR_OK);
    struct detect_scratch *s = detect_scratch_new();
    struct findings f = {0};
    assert_non_null(s);
    assert_int_equal(detect_scan(rs, s, slice_str(text), &f), ERR_OK);
    size_t n = f.count;
    findings_free(&f);
    detect_scratch_free(s);
    ruleset_free(rs);
    return n;
}

static void test_keys(void **state)
{
    (void)state;
    assert_int_equal(found("número de pasaporte 48291374"), 1);
    assert_int_equal(found("numero_de_pasaporte='48291374'"), 1);
    assert_int_equal(found("{\"numeroDePasaporte\":\"48291374\"}"), 1);
    assert_int_equal(found("clienteNumeroDePasaporte: 48291374"), 1);
    assert_int_equal(found("numero-de-pasaporte: 48291374"), 1);
    assert_int_equal(found("unnumerodepasaportes: 48291374"), 0);
    assert_int_equal(found("numero de 48291374"), 0);
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_forms), cmocka_unit_test(test_long), cmocka_unit_test(test_keys)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
