/* Surrogates: valid where the kind can be checked, in ranges nobody owns, never the original, never the same for two
 * values, the same again under the same key, and put back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "config/rules.h"
#include "filters/detect/engine.h"
#include "filters/detect/validators.h"
#include "filters/mask/restore.h"
#include "filters/mask/surrogate.h"

static const struct slice key = SLICE_INIT("0123456789abcdef0123456789abcdef");

static const char *make_by(struct vault *v, const struct rule *r, const char *value)
{
    static char text[1000];
    struct buf out = buf_make(10000);
    assert_int_equal(surrogate_value(v, key, r, slice_str(value), &out), ERR_OK);
    struct slice s = buf_slice(&out);
    memcpy(text, s.p, s.n);
    text[s.n] = 0;
    buf_free(&out);
    assert_string_not_equal(text, value);
    return text;
}

static const char *make(struct vault *v, const char *type, const char *value)
{
    const struct rule r = {"some-rule", type, "", RULE_PII, NULL, 0};
    return make_by(v, &r, value);
}

/* The same shape: digits for digits, letters for letters, the rest as it is. */
static void same_shape(const char *a, const char *b)
{
    assert_int_equal(strlen(a), strlen(b));
    for (; *a; a++, b++) {
        bool digit = *a >= '0' && *a <= '9', letter = (*a | 32) >= 'a' && (*a | 32) <= 'z';
        if (digit) assert_true(*b >= '0' && *b <= '9');
        else if (letter) assert_true((*b | 32) >= 'a' && (*b | 32) <= 'z');
        else assert_int_equal(*a, *b);
    }
}

static bool valid(const char *validator, const char *value)
{
    const struct validator *v = validator_find(validator);
    assert_non_null(v);
    return v->ok(slice_str(value));
}

static void cards(void **state)
{
    (void)state;
    static const char *const in[] = {"4012 8888 8888 1881", "5105105105105100", "3714-496353-98431", "6011000990139424",
                                     "6228480402564890018"};
    static const char *const start[] = {"4242 42", "555555", "3782-82", "601111", "620000"};
    for (size_t i = 0; i < 5; i++) {
        struct vault *v = vault_new();
        const char *s = make(v, "CREDIT_CARD", in[i]);
        same_shape(in[i], s);
        assert_true(valid("luhn", s));
        assert_int_equal(strncmp(s, start[i], strlen(start[i])), 0);
        vault_free(v);
    }
}

static void starts(const char *type, const char *value, const char *start)
{
    struct vault *v = vault_new();
    const char *s = make(v, type, value);
    if (strncmp(s, start, strlen(start))) fail_msg("%s %s became %s", type, value, s);
    vault_free(v);
}

static void kinds(void **state)
{
    (void)state;
    struct vault *v = vault_new();
    const char *s = make(v, "EMAIL_ADDRESS", "maria.keller@hospital.example");
    assert_true(strstr(s, "@example.com") || strstr(s, "@example.org") || strstr(s, "@example.net"));
    assert_true(valid("email", s));
    s = make(v, "IBAN_CODE", "DE89 3704 0044 0532 0130 00");
    same_shape("DE89 3704 0044 0532 0130 00", s);
    assert_true(valid("iban", s));
    s = make(v, "IBAN_CODE", "GB29ABCD60161331926819"); /* letters that are hex digits stay letters */
    same_shape("GB29ABCD60161331926819", s);
    assert_true(valid("iban", s));
    s = make(v, "PHONE_NUMBER", "+49 (0)171 234-5678");
    same_shape("+49 (0)171 234-5678", s);
    s = make(v, "US_SSN", "123-45-6789");
    same_shape("123-45-6789", s);
    assert_int_equal(s[0], '9');
    s = make(v, "DATE_OF_BIRTH", "1980-12-31");
    same_shape("1980-12-31", s);
    assert_true(valid("date", s));
    const struct validator *il = validator_find("il_id");
    struct rule r = {"il-id-context", "SOME_ID", "", RULE_PII, &il, 1}; /* its own validators come before the type's name */
    s = make_by(v, &r, "123456782");
    assert_true(valid("il_id", s));
    s = make(v, "PERSON", "MARIA KELLER");
    assert_true(s[0] >= 'A' && s[1] <= 'Z' && strchr(s, ' '));
    s = make(v, "API_KEY_OR_TOKEN", "ghp_16C7e42F292c6912E7710c838347Ae178B4a");
    same_shape("ghp_16C7e42F292c6912E7710c838347Ae178B4a", s);
    s = make(v, "API_KEY_OR_TOKEN", "9f86d081884c7d659a2feaa0c55ad015");
    assert_int_equal(strspn(s, "0123456789abcdef"), 32);
    vault_free(v);
    starts("PHONE_NUMBER", "+49 171 2345678", "+49 1");
    starts("PHONE_NUMBER", "13812345678", "13");
    starts("PHONE_NUMBER", "86-139-0182-6463", "86-13");
    starts("PHONE_NUMBER", "(010)50036790", "(010)5");
    starts("URL", "linkedin.com/in/jane-doe-4829", "h");
    starts("AGE", "35 Jahre alt", "");
    starts("CRYPTO", "0x683E07492fBDfDA84457C16546ac3f433BFaa128", "0x");
    starts("PHONE_NUMBER", "+371 2123 4567", "+371 2");
    starts("IP_ADDRESS", "2a00:1450:4001::200e", "2001:db8:");
    starts("MAC_ADDRESS", "a4:5e:60:c2:11:7f", "02:");
    starts("URL", "https://intra.corp.com/u/maria?x=1", "https://h");
    starts("DATE_TIME", "2024-03-12T10:11:12Z", "20");
    v = vault_new();
    s = make(v, "PHONE_NUMBER", "(415) 867-5309");
    same_shape("(415) 867-5309", s);
    assert_int_equal(strncmp(s + 5, " 555-01", 7), 0);
    s = make(v, "IP_ADDRESS", "10.1.2.3/24");
    assert_true(strncmp(s, "192.0.2.", 8) == 0 || strncmp(s, "198.51.100.", 11) == 0 || strncmp(s, "203.0.113.", 10) == 0);
    assert_non_null(strstr(s, "/24"));
    s = make(v, "DATE_TIME", "12 March 1980");
    assert_null(strstr(s, "12 March 1980"));
    s = make(v, "PERSON", "\xe5\xbc\xa0\xe4\xbc\x9f");
    assert_int_equal(strlen(s) % 3, 0);
    vault_free(v);
}

/* What has no good surrogate is tokenized. */
static void tokenized(void **state)
{
    (void)state;
    starts("CVV", "1234", "<CVV_1>"); /* too short to be told from other numbers */
    starts("AGE", "42", "<AGE_1>");
    starts("LOCATION", "\xe5\x8c\x97\xe4\xba\xac\xe5\xb8\x82 88 5555", "<LOCATION_1>"); /* part of it would stay */
    starts("PRIVATE_KEY", "-----BEGIN\nabcdefghijk", "<PRIVATE_KEY_1>");
    char big[2000];
    memset(big, 'k', sizeof big);
    big[1999] = 0;
    starts("API_KEY_OR_TOKEN", big, "<API_KEY_OR_TOKEN_1>");
    struct vault *v = vault_new();
    struct rule r = {"r", "EMAIL_ADDRESS", "", RULE_PII, NULL, 0};
    struct buf out = buf_make(100);
    assert_int_equal(surrogate_value(v, SLICE_NONE, &r, SLICE("a@bcd.ef"), &out), ERR_OK); /* no key */
    assert_int_equal(buf_slice(&out).p[0], '<');
    buf_free(&out);
    vault_free(v);
}

/* National identifiers: what every validator accepts must become something else that it accepts. */
static void identifiers(void **state)
{
    (void)state;
    size_t n, tried = 0, good = 0;
    const struct validator *rows = validators(&n);
    static const char *const ids[] = {"us_npi",    "ca_sin",  "br_cpf", "br_cnpj",        "mx_curp",      "ar_cuit", "cl_rut",
                                      "cn_id",     "cn_uscc", "hk_id",  "kr_rrn",         "jp_my_number", "sg_nric", "in_aadhaar",
                                      "in_pan",    "tr_tckn", "il_id",  "za_id",          "uk_nhs",       "uk_nino", "fr_nir",
                                      "de_tax_id", "es_nif",  "es_nie", "it_fiscal_code", "pt_nif",       "nl_bsn",  "be_nn",
                                      "ch_ahv",    "at_svnr", "ie_pps", "pl_pesel",       "tw_id"};
    for (size_t i = 0; i < n; i++) {
        bool mine = false;
        for (size_t k = 0; k < sizeof ids / sizeof ids[0]; k++) mine = mine || strcmp(ids[k], rows[i].name) == 0;
        if (!mine) continue;
        for (const char *const *g = rows[i].good; *g; g++) {
            struct vault *v = vault_new();
            const char *s = make(v, rows[i].name, *g);
            tried++;
            if (rows[i].ok(slice_str(s))) good++;
            else print_message("%s: %s became %s\n", rows[i].name, *g, s);
            vault_free(v);
        }
    }
    assert_true(tried > 30);
    assert_true(good * 20 >= tried * 19);
}

/* Every example of every rule for personal data: what takes its place passes the rule's own checks, or is a placeholder. */
static struct rule_pack pack;
static struct ruleset *rules;

static int load(void **state)
{
    struct config *c = config_standard();
    struct config_report r = {.text = buf_make(1 << 20)};
    char file[4096];
    (void)state;
    if (!c) return 1;
    rule_pack_path(c, "pii", file, sizeof file);
    if (!rule_pack_load(&pack, file, &r)) return 1;
    config_free(c);
    buf_free(&r.text);
    return ruleset_build(pack.defs, pack.count, NULL, NULL, &rules) != ERR_OK;
}

static int unload(void **state)
{
    (void)state;
    ruleset_free(rules);
    rule_pack_free(&pack);
    return 0;
}

/* 1: another valid value; 0: a placeholder. */
static int replaced(const struct rule *r, const char *value)
{
    struct vault *v = vault_new();
    char text[1000];
    snprintf(text, sizeof text, "%s", make_by(v, r, value));
    vault_free(v);
    if (strlen(value) > 3 && strstr(text, value)) fail_msg("%s: %s became %s", r->id, value, text);
    if (text[0] == '<') return 0;
    if (!strcmp(r->type, "US_SSN")) return 1; /* never issued, so not valid either */
    for (size_t i = 0; i < r->validate_count; i++)
        if (!r->validate[i]->ok(slice_str(text))) fail_msg("%s: %s became %s, no %s", r->id, value, text, r->validate[i]->name);
    return 1;
}

static void every_rule(void **state)
{
    (void)state;
    struct detect_scratch *scratch = detect_scratch_new();
    struct findings f = {0};
    size_t values = 0, good = 0;
    for (size_t i = 0; i < pack.count; i++)
        for (size_t k = 0; k < pack.defs[i].example_count; k++) {
            const char *text = pack.defs[i].examples[k];
            f.count = 0;
            assert_int_equal(detect_scan(rules, scratch, slice_str(text), &f), ERR_OK);
            for (size_t n = 0; n < f.count; n++) {
                char value[300];
                if (f.v[n].rule != i || f.v[n].end - f.v[n].start >= sizeof value) continue;
                snprintf(value, sizeof value, "%.*s", (int)(f.v[n].end - f.v[n].start), text + f.v[n].start);
                values++;
                good += (size_t)replaced(ruleset_rule(rules, i), value);
            }
        }
    print_message("%zu values, %zu of them replaced by others of their kind\n", values, good);
    assert_true(values > 500 && good * 3 > values * 2);
    findings_free(&f);
    detect_scratch_free(scratch);
}

static void apart(const char *type, const char *fmt, unsigned count)
{
    struct vault *v = vault_new(), *w = vault_new();
    static char all[3000][64];
    char value[100];
    for (unsigned i = 0; i < count; i++) {
        snprintf(value, sizeof value, fmt, i);
        snprintf(all[i], sizeof all[i], "%s", make(v, type, value));
        for (unsigned k = 0; k < i; k++)
            if (strcmp(all[k], all[i]) == 0) fail_msg("%s: %s twice", type, all[i]);
    }
    for (unsigned i = 0; i < count; i++) { /* again, and in another vault: the same */
        snprintf(value, sizeof value, fmt, i);
        assert_string_equal(make(v, type, value), all[i]);
    }
    snprintf(value, sizeof value, fmt, 0);
    assert_string_equal(make(w, type, value), all[0]);
    vault_free(v);
    vault_free(w);
}

static void never_twice(void **state)
{
    (void)state;
    apart("EMAIL_ADDRESS", "user%u@corp.test", 2000);
    apart("CREDIT_CARD", "4012888888%06u", 2000);
    apart("PHONE_NUMBER", "+49 30 555%05u", 2000);
    apart("PHONE_NUMBER", "(415) 867-%04u", 2000);
    apart("IP_ADDRESS", "10.0.7.%u", 250);
    apart("US_SSN", "123-45-%04u", 2000);
    apart("API_KEY_OR_TOKEN", "tok-%05u", 2000);
    apart("PERSON", "Person Number%u", 1000);
    apart("IP_ADDRESS", "10.1.%u.9", 256);
    apart("DATE_OF_BIRTH", "12.%02u.1980", 12);
}

static void put_back(void **state)
{
    (void)state;
    static const struct {
        const char *type, *value;
    } x[] = {{"CREDIT_CARD", "4012 8888 8888 1881"},
             {"EMAIL_ADDRESS", "maria@corp.test"},
             {"PHONE_NUMBER", "+49 171 2345678"},
             {"PERSON", "Maria Keller"},
             {"IP_ADDRESS", "10.1.2.3"},
             {"API_KEY_OR_TOKEN", "tok-\"12345\"\\x"}};
    struct vault *v = vault_new();
    struct buf masked = buf_make(10000), out = buf_make(10000), plain = buf_make(10000);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(buf_addf(&plain, "x %s, ", x[i].value), ERR_OK);
        assert_int_equal(buf_addf(&masked, "x %s, ", make(v, x[i].type, x[i].value)), ERR_OK);
    }
    struct slice in = buf_slice(&masked);
    srand(3);
    for (int round = 0; round < 200; round++) {
        struct restore r;
        assert_int_equal(restore_init(&r, v, RESTORE_TEXT), ERR_OK);
        for (size_t at = 0; at < in.n;) {
            size_t n = round ? 1 + (size_t)rand() % 9 : 1;
            if (n > in.n - at) n = in.n - at;
            assert_int_equal(restore_push(&r, slice_of(in.p + at, n), &out), ERR_OK);
            at += n;
        }
        assert_int_equal(restore_flush(&r, &out), ERR_OK);
        assert_true(slice_eq(buf_slice(&out), buf_slice(&plain)));
        assert_int_equal(r.restored, 6);
        buf_truncate(&out, 0);
        restore_free(&r);
    }
    buf_free(&masked);
    buf_free(&out);
    buf_free(&plain);
    vault_free(v);
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cards),       cmocka_unit_test(kinds),    cmocka_unit_test(tokenized),  cmocka_unit_test(identifiers),
        cmocka_unit_test(never_twice), cmocka_unit_test(put_back), cmocka_unit_test(every_rule),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
