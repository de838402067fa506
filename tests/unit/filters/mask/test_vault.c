/* The vault and the actions: what is given out, that it is given out once, and that the user's own words are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "filters/mask/vault.h"

#define assert_slice(s, lit)                                                                                                     \
    do {                                                                                                                         \
        struct slice s_ = (s);                                                                                                   \
        assert_int_equal(s_.n, sizeof(lit) - 1);                                                                                 \
        assert_memory_equal(s_.p, lit, sizeof(lit) - 1);                                                                         \
    } while (0)

/* A policy is only asked for its key here. */
struct policy {
    int unused;
};
struct slice policy_key(const struct policy *p)
{
    (void)p;
    return SLICE("key");
}

static struct slice token(struct vault *v, const char *type, const char *value)
{
    struct slice out;
    assert_int_equal(vault_tokenize(v, type, RULE_PII, slice_str(value), &out), ERR_OK);
    return out;
}

static void numbers(void **state)
{
    (void)state;
    struct vault *v = vault_new();
    assert_slice(token(v, "EMAIL_ADDRESS", "a@b.cd"), "<EMAIL_ADDRESS_1>");
    assert_slice(token(v, "EMAIL_ADDRESS", "c@b.cd"), "<EMAIL_ADDRESS_2>");
    assert_slice(token(v, "PERSON", "a@b.cd"), "<PERSON_1>");
    assert_slice(token(v, "EMAIL_ADDRESS", "a@b.cd"), "<EMAIL_ADDRESS_1>");
    assert_int_equal(vault_count(v), 3);
    const struct vault_entry *e = vault_find_word(v, SLICE("EMAIL_ADDRESS_2"));
    assert_non_null(e);
    assert_slice(e->value, "c@b.cd");
    assert_null(vault_find_word(v, SLICE("EMAIL_ADDRESS_3")));
    assert_null(vault_find_word(v, SLICE("EMAIL_ADDRESS")));
    vault_free(v);
}

static void reserved(void **state)
{
    (void)state;
    const char *own[] = {"see <EMAIL_ADDRESS_1>",
                         "`email_address_2`",
                         "\\<EMAIL\\_ADDRESS\\_3\\>",
                         "a\\nEMAIL_ADDRESS_4 b",
                         "\\u003cEMAIL_ADDRESS_5\\u003e",
                         ("\xef\xbc\x9c"
                          "EMAIL_ADDRESS_6\xef\xbc\x9e")};
    struct vault *v = vault_new();
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) assert_int_equal(vault_reserve(v, slice_str(own[i])), ERR_OK);
    assert_int_equal(vault_reserve(v, SLICE("EMAIL_ADDRESS_08 EMAIL_ADDRESS_x xEMAIL_ADDRESS_9 _ __1 1_1 a_")), ERR_OK);
    assert_slice(token(v, "EMAIL_ADDRESS", "a@b.cd"), "<EMAIL_ADDRESS_7>");
    assert_slice(token(v, "EMAIL_ADDRESS", "b@b.cd"), "<EMAIL_ADDRESS_8>");
    assert_slice(token(v, "EMAIL_ADDRESS", "c@b.cd"), "<EMAIL_ADDRESS_9>");
    assert_true(vault_is_reserved(v, SLICE("EMAIL_ADDRESS_3")));
    assert_false(vault_is_reserved(v, SLICE("EMAIL_ADDRESS_7")));
    assert_null(vault_find_word(v, SLICE("EMAIL_ADDRESS_3")));
    vault_free(v);
}

static void reserve_long_words(void **state)
{
    (void)state;
    static char big[1 << 20]; /* "_1_1_1...": must not take quadratic time, and finds what follows */
    for (size_t i = 0; i < sizeof big; i += 2) memcpy(big + i, "_1", 2);
    static const char tail[] = " <PERSON_1>";
    memcpy(big + sizeof big - sizeof tail, tail, sizeof tail - 1);
    struct vault *v = vault_new();
    assert_int_equal(vault_reserve(v, slice_of(big, sizeof big - 1)), ERR_OK);
    assert_true(vault_is_reserved(v, SLICE("PERSON_1")));
    vault_free(v);
}

static void many(void **state)
{
    (void)state;
    struct vault *v = vault_new();
    char value[32], want[32];
    struct slice out;
    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = 1; i <= VAULT_MAX; i++) {
            int n = snprintf(value, sizeof value, "v%u", i), m = snprintf(want, sizeof want, "<URL_%u>", i);
            assert_int_equal(vault_tokenize(v, "URL", RULE_PII, slice_of(value, (size_t)n), &out), ERR_OK);
            assert_true(slice_eq(out, slice_of(want, (size_t)m)));
        }
    assert_int_equal(vault_tokenize(v, "URL", RULE_PII, SLICE("one more"), &out), ERR_LIMIT);
    assert_int_equal(vault_count(v), VAULT_MAX);
    vault_free(v);
}

static void long_values_and_types(void **state)
{
    (void)state;
    static char big[300000];
    memset(big, 'x', sizeof big);
    struct vault *v = vault_new();
    struct slice out;
    assert_int_equal(vault_tokenize(v, "PRIVATE_KEY", RULE_SECRETS, slice_of(big, sizeof big), &out), ERR_OK);
    assert_int_equal(vault_find_word(v, SLICE("PRIVATE_KEY_1"))->value.n, sizeof big);
    assert_true(vault_find_word(v, SLICE("PRIVATE_KEY_1"))->secret);
    assert_slice(token(v, "odd-type name", "1"), "<ODD_TYPE_NAME_1>");
    assert_int_equal(vault_tokenize(v, "", RULE_PII, SLICE("1"), &out), ERR_SHAPE);
    char type[200];
    memset(type, 'T', sizeof type);
    type[199] = 0;
    assert_int_equal(vault_tokenize(v, type, RULE_PII, SLICE("1"), &out), ERR_OK);
    assert_true(out.n <= VAULT_PLACEHOLDER_MAX);
    vault_free(v);
}

static void surrogates(void **state)
{
    (void)state;
    struct vault *v = vault_new();
    struct slice out;
    assert_int_equal(vault_surrogate(v, "PHONE", RULE_PII, SLICE("555-1234"), SLICE("555-9999")), ERR_OK);
    assert_int_equal(vault_surrogate(v, "PHONE", RULE_PII, SLICE("555-1234"), SLICE("555-9999")), ERR_OK);
    assert_int_equal(vault_surrogate(v, "PHONE", RULE_PII, SLICE("555-1235"), SLICE("555-9999")), ERR_INTERNAL);
    assert_false(vault_surrogate_free(v, SLICE("555-9999")));
    assert_false(vault_surrogate_free(v, SLICE("555-1234"))); /* somebody's original */
    assert_true(vault_surrogate_free(v, SLICE("555-99")));
    assert_true(vault_surrogate_of(v, "PHONE", SLICE("555-1234"), &out));
    assert_slice(out, "555-9999");
    assert_false(vault_surrogate_of(v, "PERSON", SLICE("555-1234"), &out));
    vault_free(v);
}

static void becomes(enum action a, const char *value, const char *want)
{
    static const struct rule rule = {"test-rule", "EMAIL_ADDRESS", "", RULE_PII, NULL, 0};
    struct policy p;
    struct vault *v = vault_new();
    struct buf out = buf_make(100000);
    struct mask_ctx m = {v, &p, policy_key(&p)};
    assert_int_equal(buf_add(&out, SLICE("x")), ERR_OK);
    assert_int_equal(mask_value(&m, a, &rule, slice_str(value), &out), ERR_OK);
    struct slice got = buf_slice(&out);
    assert_int_equal(got.n, 1 + strlen(want));
    assert_memory_equal(got.p + 1, want, strlen(want));
    buf_free(&out);
    vault_free(v);
}

static void actions(void **state)
{
    (void)state;
    becomes(ACTION_REDACT, "secret", "[REDACTED:test-rule]");
    becomes(ACTION_MASK, "4111111111111234", "************1234");
    becomes(ACTION_MASK, "123456", "***456");
    becomes(ACTION_MASK, "1", "*");
    becomes(ACTION_MASK, "", "*");
    becomes(ACTION_MASK, "\xe5\xbc\xa0\xe4\xb8\x89\xe5\xbc\xa0\xe4\xb8\x89", "**\xe5\xbc\xa0\xe4\xb8\x89");
    /* HMAC-SHA256("key", "The quick brown fox jumps over the lazy dog") = f7bc83f430538424b132... */
    becomes(ACTION_HASH, "The quick brown fox jumps over the lazy dog", "[HASH:test-rule:f7bc83f430538424]");
    becomes(ACTION_TOKENIZE, "a@b.cd", "<EMAIL_ADDRESS_1>");
    becomes(ACTION_REROUTE, "a@b.cd", "<EMAIL_ADDRESS_1>");
    char big[3001];
    memset(big, 'k', 3000);
    big[3000] = 0;
    becomes(ACTION_MASK, big, "********************************kkkk");
}

static void nothing_to_put(void **state)
{
    (void)state;
    static const struct rule rule = {"r", "T", "", RULE_PII, NULL, 0};
    struct buf out = buf_make(100);
    struct mask_ctx m = {NULL, NULL, SLICE_NONE};
    const enum action none[] = {ACTION_ALLOW, ACTION_FLAG, ACTION_BLOCK, ACTION_TOKENIZE, ACTION_SURROGATE};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_int_equal(mask_value(&m, none[i], &rule, SLICE("v"), &out), ERR_INTERNAL);
    assert_int_equal(buf_len(&out), 0);
    struct buf tiny = buf_make(5);
    assert_int_equal(mask_value(&m, ACTION_REDACT, &rule, SLICE("v"), &tiny), ERR_LIMIT);
    assert_int_equal(buf_len(&tiny), 0);
    buf_free(&out);
    buf_free(&tiny);
}

static void table(void **state)
{
    (void)state;
    for (int a = 0; a < ACTION_COUNT; a++) {
        const struct action_row *r = action_row((enum action)a);
        assert_int_equal(r->action, a);
        assert_int_equal(action_find(slice_str(r->name)), a);
        assert_true(strlen(r->help) > 5);
    }
    assert_int_equal(action_find(SLICE("redac")), ACTION_COUNT);
    assert_true(action_row(ACTION_REROUTE)->reversible && !action_row(ACTION_HASH)->reversible);
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(reserved),
        cmocka_unit_test(reserve_long_words),
        cmocka_unit_test(many),
        cmocka_unit_test(long_values_and_types),
        cmocka_unit_test(surrogates),
        cmocka_unit_test(actions),
        cmocka_unit_test(nothing_to_put),
        cmocka_unit_test(table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
