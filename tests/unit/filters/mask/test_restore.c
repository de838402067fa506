/* Restoring: what is put back and what is left alone; the same answer for every cut; and that ordinary text is not
 * held back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "filters/mask/restore.h"

static struct vault *vault;

static void token(const char *type, enum rule_class cls, const char *value, const char *want)
{
    struct slice out;
    assert_int_equal(vault_tokenize(vault, type, cls, slice_str(value), &out), ERR_OK);
    assert_true(slice_eq(out, slice_str(want)));
}

static void give(const char *type, enum rule_class cls, const char *value, const char *surrogate)
{
    assert_int_equal(vault_surrogate(vault, type, cls, slice_str(value), slice_str(surrogate)), ERR_OK);
}

static int setup(void **state)
{
    (void)state;
    vault = vault_new();
    assert_int_equal(vault_reserve(vault, SLICE("I know <EMAIL_ADDRESS_2> myself")), ERR_OK);
    token("EMAIL_ADDRESS", RULE_PII, "maria@example.org", "<EMAIL_ADDRESS_1>");
    token("EMAIL_ADDRESS", RULE_PII, "wang@example.cn", "<EMAIL_ADDRESS_3>");
    token("PERSON", RULE_PII, "M\xc3\xbcller \"Mo\"\n", "<PERSON_1>");
    token("API_KEY", RULE_SECRETS, "AKIA0", "<API_KEY_1>");
    for (int i = 0; i < 12; i++) {
        char v[20], w[20];
        snprintf(v, sizeof v, "u%d", i);
        snprintf(w, sizeof w, "<URL_%d>", i + 1);
        token("URL", RULE_PII, v, w);
    }
    assert_int_equal(vault_surrogate(vault, "PHONE_NUMBER", RULE_PII, SLICE("+49 30 1111"), SLICE("+49 30 9876")), ERR_OK);
    assert_int_equal(vault_surrogate(vault, "PHONE_NUMBER", RULE_PII, SLICE("+49 30 2222"), SLICE("+49 30 98765")), ERR_OK);
    assert_int_equal(vault_surrogate(vault, "PERSON", RULE_PII, SLICE("Zed"), SLICE("Ann")), ERR_OK);
    assert_int_equal(vault_surrogate(vault, "API_KEY", RULE_SECRETS, SLICE("k-9"), SLICE("q-7.")), ERR_OK);
    give("CREDIT_CARD", RULE_PII, "4539 1488 0343 6467", "4242 4276 0471 73");
    give("EMAIL_ADDRESS", RULE_PII, "maria@example.org", "pia.k7@example.net");
    give("PERSON", RULE_PII, "Maria Keller", "Livia Winkler");
    give("PHONE_NUMBER", RULE_PII, "(415) 555-2671", "(682) 555-0105");
    give("IP_ADDRESS", RULE_PII, "203.0.113.77", "192.0.2.121");
    give("API_KEY", RULE_SECRETS, "sk-12345678", "tx-87654321");
    give("CUSTOMER", RULE_PII, "one", "KD 111222");
    give("CUSTOMER", RULE_PII, "two", "kd-111222");
    return 0;
}
static int teardown(void **state)
{
    (void)state;
    vault_free(vault);
    return 0;
}

struct row {
    const char *in, *out;
    unsigned restored, foreign;
};

#define FW  "\xef\xbc\x9c" /* full-width < and > */
#define FWE "\xef\xbc\x9e"

static const struct row text_rows[] = {
    {"", "", 0, 0},
    {"plain text, 3 < 4 > 2 & so on \\ end", "plain text, 3 < 4 > 2 & so on \\ end", 0, 0},
    {"<EMAIL_ADDRESS_1>", "maria@example.org", 1, 0},
    {"mail <EMAIL_ADDRESS_1>!", "mail maria@example.org!", 1, 0},
    {"<<EMAIL_ADDRESS_1>>", "<maria@example.org>", 1, 0},
    {"x<EMAIL_ADDRESS_1>y", "xmaria@example.orgy", 1, 0},
    {"<EMAIL_ADDRESS_1><EMAIL_ADDRESS_3>", "maria@example.orgwang@example.cn", 2, 0},
    /* bent */
    {"mail EMAIL_ADDRESS_1.", "mail maria@example.org.", 1, 0},
    {"EMAIL_ADDRESS_1", "maria@example.org", 1, 0},
    {"**EMAIL_ADDRESS_1**, `EMAIL_ADDRESS_3`", "**maria@example.org**, `wang@example.cn`", 2, 0},
    {"\\<EMAIL\\_ADDRESS\\_1\\>", "maria@example.org", 1, 0},
    {"EMAIL\\_ADDRESS\\_1\\", "maria@example.org\\", 1, 0},
    {"<email_address_1>", "maria@example.org", 1, 0},
    {"<Email_Address_1> email_address_3", "maria@example.org wang@example.cn", 2, 0},
    {FW "EMAIL_ADDRESS_1" FWE "\xe3\x80\x82", "maria@example.org\xe3\x80\x82", 1, 0},
    {"\xe3\x80\x88"
     "EMAIL_ADDRESS_1\xe3\x80\x89",
     "maria@example.org", 1, 0},
    {"&lt;EMAIL_ADDRESS_1&gt;", "maria@example.org", 1, 0},
    {"\\u003cEMAIL_ADDRESS_1\\u003E", "maria@example.org", 1, 0},
    {"<EMAIL_ADDRESS_1 or <EMAIL_ADDRESS_1/>", "<maria@example.org or <maria@example.org/>", 2, 0},
    {"\xe9\x82\xae\xe7\xae\xb1"
     "EMAIL_ADDRESS_1\xef\xbc\x8c",
     "\xe9\x82\xae\xe7\xae\xb1maria@example.org\xef\xbc\x8c", 1, 0},
    {"<person_1> PERSON_1", "M\xc3\xbcller \"Mo\"\n M\xc3\xbcller \"Mo\"\n", 2, 0},
    {"<URL_1> <URL_12> <URL_1", "u0 u11 <u0", 3, 0},
    {"<API_KEY_1>", "AKIA0", 1, 0},
    /* left alone */
    {"person_1 = Person(url_1)", "person_1 = Person(url_1)", 0, 0}, /* a name of two words is no accident, one is */
    {"MY_EMAIL_ADDRESS_1 EMAIL_ADDRESS_1x EMAIL_ADDRESS_12 EMAIL_ADDRESS_01",
     "MY_EMAIL_ADDRESS_1 EMAIL_ADDRESS_1x EMAIL_ADDRESS_12 EMAIL_ADDRESS_01", 0, 0},
    {"<EMAIL_ADDRESS_2> EMAIL_ADDRESS_2", "<EMAIL_ADDRESS_2> EMAIL_ADDRESS_2", 0, 0}, /* the user's own */
    {"<EMAIL_ADDRESS_> <EMAIL_ADDRESS>", "<EMAIL_ADDRESS_> <EMAIL_ADDRESS>", 0, 0},
    {"<EMAIL_ADDRESS_9> <IBAN_CODE_1> <x_1> <<IBAN_CODE_2>", "<EMAIL_ADDRESS_9> <IBAN_CODE_1> <x_1> <<IBAN_CODE_2>", 0, 3},
    {"<EMAIL_ADDRESS_12345678901234567890123456789012345678901234567890123456789012345678901234567890>",
     "<EMAIL_ADDRESS_12345678901234567890123456789012345678901234567890123456789012345678901234567890>", 0, 0},
    {"<EMAIL_ADDRESS_1", "<maria@example.org", 1, 0},
    {"<EMAIL_ADDRESS", "<EMAIL_ADDRESS", 0, 0},
    {"<", "<", 0, 0},
    {"\\", "\\", 0, 0},
    {"&l", "&l", 0, 0},
    {"\xef\xbc\x9c", "\xef\xbc\x9c", 0, 0},
    /* surrogates */
    {"call +49 30 9876, Ann", "call +49 30 1111, Zed", 2, 0},
    {"call +49 30 98765!", "call +49 30 2222!", 1, 0},
    {"+49 30 987654 +49 30 987 Anna HAnn", "+49 30 987654 +49 30 987 Anna HAnn", 0, 0},
    {"Ann_Ann Ann", "Zed_Zed Zed", 3, 0},
    {"q-7.8 q-7. q-7", "k-98 k-9 q-7", 2, 0},
    /* surrogates, bent: in other groups */
    {"4242427604717 3 42424276047173", "4539 1488 0343 6467 4539148803436467", 2, 0},
    {"4242-4276-0471-73. 4242.4276.0471.73", "4539 1488 0343 6467. 4539 1488 0343 6467", 2, 0},
    {"4242\xc2\xa0"
     "4276\xe2\x80\xaf"
     "0471\xe2\x80\x91"
     "73",
     "4539 1488 0343 6467", 1, 0},
    {"+4930 9876 +49 (30) 98-76 49309876", "+49 30 1111 +49 30 1111 +49301111", 3, 0},
    {"682-555-0105 (682)5550105 6825550105 +6825550105", "(415) 555-2671 (415) 555-2671 4155552671 +4155552671", 4, 0},
    {"424242760471735 142424276047173 4242 4276 0471\n73 4242   4276 0471 73",
     "424242760471735 142424276047173 4242 4276 0471\n73 4242   4276 0471 73", 0, 0},
    {"4242 4276 0471", "4242 4276 0471", 0, 0},
    {"(682", "(682", 0, 0},
    {"+", "+", 0, 0},
    /* in other case */
    {"PIA.K7@EXAMPLE.NET Pia.K7@example.net,", "maria@example.org maria@example.org,", 2, 0},
    {"livia winkler, LIVIA\xc2\xa0WINKLER; Livia Winklers", "Maria Keller, Maria Keller; Livia Winklers", 2, 0},
    {"ann ANN", "ann ANN", 0, 0}, /* may be a word */
    {"192.0.2.121 19202121 192-0-2-121", "203.0.113.77 19202121 192-0-2-121", 1, 0},
    {"tx-87654321 TX-87654321 tx 87654321", "sk-12345678 TX-87654321 tx 87654321", 1, 0}, /* secrets: as given out */
    {"KD 111222 kd-111222 kd 111222 KD111222", "one two one KD111222", 3, 0},             /* the last: whose? */
    {"\xc2", "\xc2", 0, 0},
    {"livia\xc2", "livia\xc2", 0, 0},
};

static const struct row json_rows[] = {
    {"{\"to\":\"<EMAIL_ADDRESS_1>\"}", "{\"to\":\"maria@example.org\"}", 1, 0},
    {"{\"to\":\"<PERSON_1>\"}", "{\"to\":\"M\xc3\xbcller \\\"Mo\\\"\\n\"}", 1, 0},
    {"{\"k\":\"<API_KEY_1> API_KEY_1 q-7.\"}", "{\"k\":\"<API_KEY_1> API_KEY_1 q-7.\"}", 0, 0}, /* secrets never */
    {"{\"b\":\"\\nEMAIL_ADDRESS_1\\tEMAIL_ADDRESS_3\"}", "{\"b\":\"\\nmaria@example.org\\twang@example.cn\"}", 2, 0},
    {"{\"b\":\"\\u00e9EMAIL_ADDRESS_1\"}", "{\"b\":\"\\u00e9maria@example.org\"}", 1, 0},
    {"{\"b\":\"\\u003cEMAIL_ADDRESS_1\\u003e\\\\<EMAIL_ADDRESS_3>\"}", "{\"b\":\"maria@example.org\\\\wang@example.cn\"}", 2, 0},
    {"{\"b\":\"+49 30 9876\"}", "{\"b\":\"+49 30 1111\"}", 1, 0},
    {"{\"n\":\"42424276047173\",\"m\":\"\\nPIA.K7@example.net\"}", "{\"n\":\"4539148803436467\",\"m\":\"\\nmaria@example.org\"}",
     2, 0},
    {"{\"k\":\"tx-87654321\"}", "{\"k\":\"tx-87654321\"}", 0, 0},
};

static const struct row tool_rows[] = {
    {"to <PERSON_1> with <API_KEY_1>, q-7. and Ann", "to M\xc3\xbcller \"Mo\"\n with <API_KEY_1>, q-7. and Zed", 2, 0},
};

static const struct row none_rows[] = {
    {"<EMAIL_ADDRESS_1> <IBAN_CODE_1> Ann", "<EMAIL_ADDRESS_1> <IBAN_CODE_1> Ann", 0, 1},
};

/* The text in pieces: cut[i] true cuts before byte i. */
static void in_pieces(enum restore_mode mode, const struct row *x, const bool *cut)
{
    struct restore r;
    struct buf out = buf_make(1 << 20);
    struct slice in = slice_str(x->in);
    assert_int_equal(restore_init(&r, vault, mode), ERR_OK);
    size_t from = 0;
    for (size_t i = 1; i <= in.n; i++) {
        if (i < in.n && !cut[i]) continue;
        assert_int_equal(restore_push(&r, slice_of(in.p + from, i - from), &out), ERR_OK);
        from = i;
    }
    assert_int_equal(restore_flush(&r, &out), ERR_OK);
    struct slice got = buf_slice(&out);
    if (!slice_eq(got, slice_str(x->out))) fail_msg("[%s] became [%.*s]", x->in, (int)got.n, got.p);
    if (r.restored != x->restored || r.foreign != x->foreign)
        fail_msg("[%s]: restored %u, foreign %u", x->in, r.restored, r.foreign);
    assert_int_equal(restore_held(&r), 0);
    restore_free(&r);
    buf_free(&out);
}

static void every_cut(enum restore_mode mode, const struct row *rows, size_t n)
{
    static bool cut[4096];
    for (size_t k = 0; k < n; k++) {
        size_t len = strlen(rows[k].in);
        memset(cut, 0, sizeof cut);
        in_pieces(mode, &rows[k], cut);
        for (size_t i = 1; i < len; i++) {
            cut[i] = true;
            in_pieces(mode, &rows[k], cut);
            cut[i] = false;
        }
        memset(cut, 1, sizeof cut);
        in_pieces(mode, &rows[k], cut);
        for (int round = 0; round < 40; round++) {
            for (size_t i = 0; i < len; i++) cut[i] = rand() % (2 + round % 5) == 0;
            in_pieces(mode, &rows[k], cut);
        }
    }
}

static void texts(void **state)
{
    (void)state;
    srand(7);
    every_cut(RESTORE_TEXT, text_rows, sizeof text_rows / sizeof text_rows[0]);
    every_cut(RESTORE_JSON_TEXT, json_rows, sizeof json_rows / sizeof json_rows[0]);
    every_cut(RESTORE_TOOL_TEXT, tool_rows, sizeof tool_rows / sizeof tool_rows[0]);
    every_cut(RESTORE_NONE, none_rows, sizeof none_rows / sizeof none_rows[0]);
}

/* Random texts made of awkward bits: whole and cut give the same, in every mode. */
static void random_texts(void **state)
{
    (void)state;
    static const char *const bits[] = {"<",
                                       ">",
                                       "\\",
                                       "\\<",
                                       "\\>",
                                       "_",
                                       "\\_",
                                       "EMAIL_ADDRESS_",
                                       "EMAIL",
                                       "_ADDRESS",
                                       "1",
                                       "3",
                                       "2",
                                       "URL_1",
                                       "email_address_1",
                                       FW,
                                       FWE,
                                       "\xef",
                                       "\xbc",
                                       "&lt;",
                                       "&",
                                       "gt;",
                                       "\\u003c",
                                       "\\u003",
                                       "e",
                                       " ",
                                       "+49 30 9876",
                                       "5",
                                       "Ann",
                                       "\n",
                                       "<EMAIL_ADDRESS_1>",
                                       "PERSON_1",
                                       "API_KEY_1",
                                       "\"",
                                       "q-7.",
                                       "\\n",
                                       "u00e9",
                                       "<IBAN_CODE_1>"};
    static char text[2000], want[40000];
    static bool cut[2000];
    srand(11);
    for (int round = 0; round < 20000; round++) {
        size_t n = 0;
        for (int k = rand() % 14; k >= 0; k--) {
            const char *b = bits[(size_t)rand() % (sizeof bits / sizeof bits[0])];
            memcpy(text + n, b, strlen(b));
            n += strlen(b);
        }
        text[n] = 0;
        enum restore_mode mode = (enum restore_mode)(round % 4);
        struct restore r;
        struct buf out = buf_make(sizeof want);
        assert_int_equal(restore_init(&r, vault, mode), ERR_OK);
        assert_int_equal(restore_push(&r, slice_of(text, n), &out), ERR_OK);
        assert_int_equal(restore_flush(&r, &out), ERR_OK);
        struct slice got = buf_slice(&out);
        memcpy(want, got.p, got.n);
        want[got.n] = 0;
        struct row x = {text, want, r.restored, r.foreign};
        restore_free(&r);
        buf_free(&out);
        for (size_t i = 0; i < n; i++) cut[i] = round % 8 < 4 || rand() % 3 == 0;
        in_pieces(mode, &x, cut);
    }
}

/* What is held after a text: the candidate's bytes and no more. */
static void holds(const char *in, size_t want)
{
    struct restore r;
    struct buf out = buf_make(1 << 20);
    assert_int_equal(restore_init(&r, vault, RESTORE_TEXT), ERR_OK);
    assert_int_equal(restore_push(&r, slice_str(in), &out), ERR_OK);
    if (restore_held(&r) != want) fail_msg("after [%s] %zu bytes are held", in, restore_held(&r));
    assert_int_equal(buf_len(&out), strlen(in) - want);
    restore_free(&r);
    buf_free(&out);
}

static void ordinary_text_is_not_held(void **state)
{
    (void)state;
    holds("Hello, ", 0);
    holds("a < b", 0);
    holds("<div", 0);
    holds("<b", 0);
    holds("List<", 1);
    holds("List<S", 0);
    holds("x <PE", 3);
    holds("x <PERSON_1", 9);
    holds("x <PERSON_1x", 0);
    holds("x <EMAIL_ADDRESS_2", 16); /* may still become _2x or _20; decided with the next byte */
    holds("x <EMAIL_ADDRESS_2>", 0);
    holds("the user", 0); /* "user" cannot grow into URL_ */
    holds("the ur", 0);   /* in lower case and bare only types of two words count */
    holds("the UR", 2);
    holds("the URx", 0);
    holds("the em", 2);
    holds("the emo", 0);
    holds("hour", 0);
    holds("+49 30 98", 9);
    holds("+49 31", 0);
    holds("1+49 30", 7 - 1);
}

static void big(void **state)
{
    (void)state;
    static char text[1 << 20];
    for (size_t i = 0; i < sizeof text; i++) text[i] = "<EMAIL_ADDRESS_\\"[i % 16];
    struct restore r;
    struct buf out = buf_make(2 << 20);
    assert_int_equal(restore_init(&r, vault, RESTORE_TEXT), ERR_OK);
    assert_int_equal(restore_push(&r, SLICE("<EMAIL"), &out), ERR_OK); /* a tail before a large piece */
    assert_int_equal(restore_push(&r, SLICE("_ADDRESS_1> and a large piece: "), &out), ERR_OK);
    assert_int_equal(restore_push(&r, slice_of(text, sizeof text), &out), ERR_OK);
    assert_int_equal(restore_flush(&r, &out), ERR_OK);
    assert_int_equal(r.restored, 1);
    assert_int_equal(buf_len(&out), sizeof text + strlen("maria@example.org and a large piece: "));
    struct buf tiny = buf_make(3);
    assert_int_equal(restore_push(&r, SLICE("<EMAIL_ADDRESS_1>"), &tiny), ERR_LIMIT);
    restore_free(&r);
    buf_free(&out);
    buf_free(&tiny);
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(texts, setup, teardown),
        cmocka_unit_test_setup_teardown(random_texts, setup, teardown),
        cmocka_unit_test_setup_teardown(ordinary_text_is_not_held, setup, teardown),
        cmocka_unit_test_setup_teardown(big, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
