/* Rule packs: every field, places of mistakes, gitleaks' files, RE2's syntax, refusals. */
#include "config/rules.h"
#include "filters/detect/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

static char dir[64], path[96];

static int setup(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/privet-rules-XXXXXX");
    if (!mkdtemp(dir)) return -1;
    snprintf(path, sizeof path, "%s/p.yaml", dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir);
}

static void write_pack(const char *yaml)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(yaml, 1, strlen(yaml), f), strlen(yaml));
    assert_int_equal(fclose(f), 0);
}

static char report_text[16384];

static void keep_report(struct config_report *r)
{
    struct slice s = buf_slice(&r->text);
    size_t cut = strlen(dir) + 1, n = 0;
    for (size_t i = 0; i < s.n && n < sizeof report_text - 1;) {
        if (s.n - i >= cut && !memcmp(s.p + i, dir, cut - 1)) i += cut;
        else report_text[n++] = s.p[i++];
    }
    report_text[n] = 0;
    buf_free(&r->text);
}

static bool load(struct rule_pack *p, const char *yaml)
{
    struct config_report r = {0};
    write_pack(yaml);
    bool ok = rule_pack_load(p, path, &r);
    assert_int_equal(ok, r.count == 0);
    keep_report(&r);
    return ok;
}

static void must_load(struct rule_pack *p, const char *yaml)
{
    bool ok = load(p, yaml);
    if (!ok) print_error("%s", report_text);
    assert_true(ok);
}

static void must_fail(const char *yaml, const char *report)
{
    struct rule_pack p = {0};
    assert_false(load(&p, yaml));
    if (!strstr(report_text, report)) print_error("wanted: %s\nfound:\n%s", report, report_text);
    assert_non_null(strstr(report_text, report));
    rule_pack_free(&p);
}

static const char *notes_of(struct rule_pack *p, char out[2048])
{
    struct slice s = buf_slice(&p->notes);
    snprintf(out, 2048, "%.*s", (int)s.n, s.n ? s.p : "");
    return out;
}

static void test_every_field(void **state)
{
    struct rule_pack p = {0};
    (void)state;
    must_load(&p,
              "class: pii\nrules:\n  - id: card\n    description: a card\n    type: CREDIT_CARD\n    class: secrets\n"
              "    regex: '(\\d)(\\d+)'\n    secretGroup: 2\n    keywords: [Card, 卡号]\n    trigger: [digits, keywords]\n"
              "    digits: [13, 19]\n    entropy: 2.5\n    score: 0.4\n    min_score: 0.6\n    validate: [luhn, issuer]\n"
              "    context: {words: [visa], require: true, before: 10, after: 20, boost: 0.5}\n"
              "    allowlists: [{regexes: ['^0'], stopwords: [test], regexTarget: line}, {regexes: '1'}]\n    join: true\n"
              "    examples: ['4111 1111']\n    counterexamples: [a, b]\n"
              "  - {id: plain, type: X, regex: x, keywords: [ab], before: '[a-z]+ '}\n"
              "  - {id: names, type: P, regex: x, trigger: names, given: Anna Bo, given_words: Will, family: Abe, never: The}\n");
    assert_int_equal(p.count, 3);
    const struct rule_def *d = &p.defs[0];
    assert_string_equal(d->id, "card");
    assert_string_equal(d->description, "a card");
    assert_int_equal(d->cls, RULE_SECRETS);
    assert_string_equal(d->type, "CREDIT_CARD");
    assert_string_equal(d->regex, "(\\d)(\\d+)");
    assert_int_equal(d->secret_group, 2);
    assert_int_equal(d->keyword_count, 2);
    assert_string_equal(d->keywords[0], "card");
    assert_string_equal(d->keywords[1], "卡号");
    assert_int_equal(d->triggers, TRIGGER_DIGITS | TRIGGER_KEYWORDS);
    assert_int_equal(d->digits_min, 13);
    assert_int_equal(d->digits_max, 19);
    assert_true(d->entropy > 2.49f && d->entropy < 2.51f && d->score > 0.39f && d->score < 0.41f && d->min_score > 0.59f);
    assert_int_equal(d->validate_count, 2);
    assert_string_equal(d->validate[1], "issuer");
    assert_true(d->context.require && d->context.boost > 0.49f);
    assert_int_equal(d->context.before, 10);
    assert_int_equal(d->context.after, 20);
    assert_int_equal(d->allow_count, 2);
    assert_int_equal(d->allow[0].target, 2);
    assert_string_equal(d->allow[0].stopwords[0], "test");
    assert_string_equal(d->allow[1].regexes[0], "1");
    assert_true(d->join);
    assert_int_equal(d->example_count, 1);
    assert_int_equal(d->counterexample_count, 2);
    assert_string_equal(d->file, path);
    assert_int_equal(d->line, 3);
    d = &p.defs[1];
    assert_int_equal(d->cls, RULE_PII);
    assert_int_equal(d->line, 21);
    assert_string_equal(d->description, "plain");
    assert_true(d->score > 0.84f && d->score < 0.86f && d->min_score > 0.49f && d->min_score < 0.51f);
    assert_int_equal(d->context.before, 80);
    assert_int_equal(d->context.after, 40);
    assert_int_equal(d->triggers, 0);
    assert_string_equal(d->before, "[a-z]+ ");
    d = &p.defs[2];
    assert_int_equal(d->triggers, TRIGGER_NAMES);
    assert_string_equal(d->given, "Anna Bo");
    assert_string_equal(d->given_words, "Will");
    assert_string_equal(d->family, "Abe");
    assert_string_equal(d->never, "The");
    must_load(&p, "class: injection\nrules: [{id: third, regex: y, keywords: [cd]}]\n"); /* appended */
    assert_int_equal(p.count, 4);
    assert_string_equal(p.defs[0].id, "card");
    assert_string_equal(p.defs[3].type, "PROMPT_INJECTION");
    rule_pack_free(&p);
    assert_int_equal(p.count, 0);
}

static void test_mistakes(void **state)
{
    static const struct {
        const char *yaml, *report;
    } cases[] = {
        {"[]\n", "p.yaml:1:1: expected a mapping with rules"},
        {"class: secrets\n", "p.yaml:1:1: `rules` is missing"},
        {"class: secretz\nrules: []\n", "p.yaml:1:8: class: unknown `secretz`; did you mean `secrets`?"},
        {"class: pii\nrule: []\n", "p.yaml:2:1: unknown key `rule`; did you mean `rules`?"},
        {"rules: [{regex: x}]\n", "p.yaml:1:9: a rule needs an id"},
        {"rules: [{id: 'a b', type: T, regex: x}]\n", "p.yaml:1:14: id: expected at most 80 letters"},
        {"rules: [{id: a}]\n", "p.yaml:1:9: rule `a`: needs a regex"},
        {"rules:\n  - id: a\n    regex: x\n    keyword: [x]\n",
         "p.yaml:4:5: rule `a`: unknown key `keyword` of a rule; did you mean `keywords`?"},
        {"rules: [{id: a, regex: x, keywords: [x]}]\n", "rule `a`: keywords: `x` is shorter than 2 bytes"},
        {"rules: [{id: a, regex: x, score: 2}]\n", "p.yaml:1:34: rule `a`: score: expected a number from 0 to 1, found `2`"},
        {"rules: [{id: a, regex: x, entropy: x}]\n", "entropy: expected a number from 0 to 8"},
        {"rules: [{id: a, regex: x, secretGroup: 1.5}]\n", "secretGroup: expected a whole number"},
        {"rules: [{id: a, regex: x, trigger: digit}]\n", "trigger: unknown `digit`; did you mean `digits`?"},
        {"rules: [{id: a, regex: x, digits: [3]}]\n", "digits: expected [least, most], found a list"},
        {"rules: [{id: a, regex: x, digits: [3, 2]}]\n", "digits: the least is above the most"},
        {"rules: [{id: a, regex: x, join: yes}]\n", "join: expected true or false, found `yes`"},
        {"rules: [{id: a, regex: x, context: {word: [a]}}]\n", "unknown key `word` of context; did you mean `words`?"},
        {"rules: [{id: a, regex: x, context: {boost: 0.5}}]\n", "context: needs words"},
        {"rules: [{id: a, regex: x, type: lower}]\n", "type: expected capitals"},
        {"class: pii\nrules: [{id: a, regex: x}]\n", "rule `a`: a rule for personal data needs a type"},
        {"rules: [{id: a, regex: x, allowlists: [{regexs: [a]}]}]\n",
         "unknown key `regexs` of an allowlist; did you mean `regexes`?"},
        {"rules: [{id: a, regex: x, examples: [{a: b}]}]\n", "examples: expected a text, found a mapping"},
        {"rules: [{id: a, regex: x, examples: [\"a\\0b\"]}]\n", "examples: holds a NUL byte"},
        {"rules: [{id: a, regex: x, id: b}]\n", "duplicate key `id`"},
        {"rules: [{id: a, regex: 'x\\C'}]\n", "p.yaml:1:9: rule `a`: regex: cannot be translated from RE2: \\C matches"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) must_fail(cases[i].yaml, cases[i].report);
    struct rule_pack p = {0};
    struct config_report r = {0};
    assert_false(rule_pack_load(&p, "/no/such/pack.yaml", &r));
    assert_int_equal(slice_search(buf_slice(&r.text), SLICE("/no/such/pack.yaml: cannot be read")), 0);
    buf_free(&r.text);
    rule_pack_free(&p);
}

/* All mistakes of a file in one run, in its order. */
static void test_all_at_once(void **state)
{
    (void)state;
    must_fail("rules:\n- {id: a, regex: x, score: 9}\n- {id: b}\n- {id: c, regex: x, tpye: X}\n",
              "p.yaml:2:28: rule `a`: score: expected a number from 0 to 1, found `9`\n"
              "p.yaml:3:3: rule `b`: needs a regex\n"
              "p.yaml:4:21: rule `c`: unknown key `tpye` of a rule; did you mean `type`?\n");
}

static const char gitleaks[] =
    "title: some config\nminVersion: v8.25.0\nextend: {useDefault: true}\n"
    "allowlist:\n  description: everywhere\n  paths: ['\\.png$']\n  regexes: ['^true$']\n  stopwords: [aaaa]\n"
    "allowlists:\n  - {targetRules: [tok], regexes: ['^x$']}\n"
    "rules:\n"
    "  - id: named\n    description: a key with a name\n    keywords: [acme]\n    entropy: 3.5\n    secretGroup: 1\n    tags: "
    "[key]\n"
    "    regex: (?i)[\\w.-]{0,50}?(?:acme)[\\s'\"]{0,3}=\\v?([a-z]{32})(?:[\\x60'\"\\s;]|\\\\[nr]|$)\n"
    "    allowlists:\n      - condition: AND\n        paths: [a]\n        regexes: [b]\n"
    "      - condition: AND\n        regexes: [b]\n        stopwords: [c]\n      - {condition: OR, paths: [a], stopwords: [d]}\n"
    "  - id: tok\n    regex: tok_[[:alnum:]]{20}\n    path: \\.ya?ml$\n    keywords: [TOK_]\n"
    "  - id: file-only\n    path: \\.p12$\n"
    "  - id: digits-first\n    regex: (?i)\\b(\\d{15,16}(\\||%)[0-9a-z]{27})\n"
    "  - id: anywhere\n    regex: '[a-f]{40}'\n"
    "  - id: my-private-key\n    regex: BEGIN\n    keywords: [begin]\n"
    "  - id: part\n    regex: x\n    skipReport: true\n    keywords: [xx]\n"
    "  - id: whole\n    regex: x\n    keywords: [xx]\n    required: [{id: part}]\n";

static void test_gitleaks(void **state)
{
    struct rule_pack p = {0};
    char notes[2048];
    (void)state;
    must_load(&p, gitleaks);
    assert_int_equal(p.count, 6);
    const struct rule_def *d = &p.defs[0];
    assert_non_null(strstr(d->regex, "=\\x0b?("));
    assert_string_equal(d->type, "API_KEY_OR_TOKEN");
    assert_int_equal(d->cls, RULE_SECRETS);
    assert_int_equal(d->allow_count, 2); /* its own stop word, and the file's */
    assert_int_equal(d->allow[0].regex_count, 0);
    assert_string_equal(d->allow[0].stopwords[0], "d");
    assert_string_equal(d->allow[1].regexes[0], "^true$");
    d = &p.defs[1];
    assert_string_equal(d->id, "tok");
    assert_string_equal(d->keywords[0], "tok_");
    assert_int_equal(d->allow_count, 2);
    assert_string_equal(d->allow[1].regexes[0], "^x$");
    d = &p.defs[2];
    assert_int_equal(d->triggers, TRIGGER_DIGITS);
    assert_int_equal(d->digits_min, 15);
    assert_int_equal(d->digits_max, 16);
    assert_int_equal(p.defs[3].triggers, TRIGGER_ENTROPY);
    assert_string_equal(p.defs[4].type, "PRIVATE_KEY");
    notes_of(&p, notes);
    assert_non_null(strstr(notes, "p.yaml:3:9: extend: has no meaning"));
    assert_non_null(strstr(notes, "rule `named`: an allowlist that asks for a regex and a stopword"));
    assert_non_null(strstr(notes, "rule `file-only`: looks at names of files only"));
    assert_non_null(strstr(notes, "rule `digits-first`: names no keywords: it is tried at runs of digits"));
    assert_non_null(strstr(notes, "rule `anywhere`: names no keywords: it is tried at long tokens"));
    assert_non_null(strstr(notes, "rule `part`: only helps other rules"));
    assert_string_equal(p.defs[5].id, "whole");
    assert_non_null(strstr(notes, "rule `whole`: asks for findings of other rules near by: found without them"));
    rule_pack_free(&p);
}

/* What viper, which reads gitleaks' files, forgives: keys in any case; any text for an id. */
static void test_gitleaks_loosely(void **state)
{
    struct rule_pack p = {0};
    char notes[2048];
    (void)state;
    must_load(&p, "title: t\nrules:\n  - id: My key\n    Regex: (acme)-([0-9]{8})\n    secretgroup: 2\n    Keywords: [ACME-]\n"
                  "    allowlist: {regextarget: match, regexes: [acme-0]}\n");
    assert_string_equal(p.defs[0].id, "My-key");
    assert_int_equal(p.defs[0].secret_group, 2);
    assert_int_equal(p.defs[0].allow[0].target, 1);
    notes_of(&p, notes);
    assert_non_null(strstr(notes, "rule `My-key`: stands for an id"));
    rule_pack_free(&p);
    must_fail("rules: [{id: My key, type: T, regex: aa, keywords: [aa]}]\n", "found `My key`");
    must_fail("rules: [{id: a, type: T, Regex: aa, keywords: [aa]}]\n", "unknown key `Regex`");
}

/* A file that extends others may name a rule of theirs for the sake of an allowlist. */
static void test_amends(void **state)
{
    static const char more[] =
        "extend: {useDefault: true}\nrules: [{id: a, allowlists: [{regexes: ['x']}]}, {id: b, allowlist: {regexes: ['y']}}]\n";
    struct rule_pack p = {0};
    char notes[2048];
    (void)state;
    must_load(&p, "rules: [{id: a, regex: aa, keywords: [aa]}]\n");
    must_load(&p, more);
    assert_int_equal(p.count, 1);
    assert_int_equal(p.defs[0].allow_count, 1);
    assert_string_equal(p.defs[0].allow[0].regexes[0], "x");
    notes_of(&p, notes);
    assert_non_null(strstr(notes, "rule `a`: adds to the allowlists of the rule before it"));
    assert_non_null(strstr(notes, "rule `b`: adds to a rule that no pack before it has"));
    rule_pack_free(&p);
    must_fail(more + strlen("extend: {useDefault: true}\n"), "rule `a`: needs a regex");
}

static void test_value_groups(void **state)
{
    static const char *const rows[][2] = {
        {"sonar[_.-]?(login|token)=([a-z0-9]{40})", "sonar[_.-]?(?:login|token)=([a-z0-9]{40})"},
        {"hook/([a-z0-9]{4}-){3}x", "hook/(?:[a-z0-9]{4}-){3}x"},
        {"k=((live|test)_[a-f0-9]{35})", "k=((?:live|test)_[a-f0-9]{35})"},
        {"Z(?:(?P<alg>aGJH)|(?P<kid>cmFX))[a-z]+", "Z(?:(?:aGJH)|(?:cmFX))[a-z]+"},
        {"(\\d{15}(\\||%)[a-z]{27})x", "(\\d{15}(?:\\||%)[a-z]{27})x"},
        {"a([()]x*)(?i)(b\\()c", "a([()]x*)(?i)(?:b\\()c"},
        {"((a)(b))([0-9]+)?", "(?:(?:a)(?:b))([0-9]+)?"},
        {"\\Q((\\E(a)", "\\Q((\\E(a)"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf b = buf_make(1000);
        assert_int_equal(regex_value_groups(slice_str(rows[i][0]), &b), ERR_OK);
        assert_int_equal(buf_add_byte(&b, 0), ERR_OK);
        assert_string_equal(buf_slice(&b).p, rows[i][1]);
        buf_free(&b);
    }
}

static void test_literals(void **state)
{
    static const char *const rows[][2] = {
        {"(?i)[\\w.-]{0,50}?(?:db_passw(?:or)?d|pwd)(?:[ \\t]{0,20})[:=]([a-z]{8})", "db_password db_passwd pwd"},
        {"(?:ab|[Cc]d)-[0-9]{4}", "ab- cd-"},
        {"x?abc[0-9]+defgh", "defgh"},
        {"(?:abc)?[0-9]+", ""},
        {"[a-f0-9]{40}", ""},
        {"(?:abc|[a-z]{3})[0-9]", ""},
        {"(?:acme){2,3}[0-9]", "acme"},
        {"\\bKey\\x3a\\s*([a-z]+)", "key:"},
        {"\\Qa.(b\\E[0-9]", "a.(b"},
        {"[[:alpha:]]{3}-\\pL\\p{Greek}zz9", "zz9"},
        {"a{bc", "a{bc"},
        {"(unclosed", "unclosed"},
        {"stray)x", ""},
    };
    char word[LITERALS_MAX][LITERAL_LEN + 1];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char all[1024] = "";
        size_t n = regex_literals(slice_str(rows[i][0]), word);
        for (size_t k = 0; k < n; k++) snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", k ? " " : "", word[k]);
        assert_string_equal(all, rows[i][1]);
    }
}

static void test_re2(void **state)
{
    static const char *const good[][2] = {
        {"abc", "abc"},
        {"(?P<n>a)(?i)b(?-i:c)\\z", "(?P<n>a)(?i)b(?-i:c)\\Z"},
        {"\\v[\\v]", "\\x0b[\\x0b]"},
        {"[[:alnum:]\\]x][^]a]", "[[:alnum:]\\]x][^]a]"},
        {"[[.a][[=]", "[\\[.a][\\[=]"},
        {"a{,3}b{2,3}[{,]", "a\\{,3}b{2,3}[{,]"},
        {"\\x{1F600}\\pN\\p{Greek}", "\\x{1F600}\\pN\\p{Greek}"},
        {"\\Q[\\v{,\\E\\v", "\\Q[\\v{,\\E\\x0b"},
        {"\\Q[", "\\Q["},
        {"\\101\\377", "\\x41\\xff"},
        {"\\\\v", "\\\\v"},
        {"[]{,]x{,", "[]{,]x\\{,"},
        {"", ""},
    };
    static const char *const bad[] = {"\\C", "a\\", "\\1", "(a)\\2b", "\\9"};
    const char *why;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct buf b = buf_make(1000);
        assert_true(re2_translate(slice_str(good[i][0]), &b, &why));
        assert_int_equal(buf_add_byte(&b, 0), ERR_OK);
        assert_string_equal(buf_slice(&b).p, good[i][1]);
        buf_free(&b);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct buf b = buf_make(1000);
        why = NULL;
        assert_false(re2_translate(slice_str(bad[i]), &b, &why));
        assert_non_null(why);
        buf_free(&b);
    }
    struct buf b = buf_make(4);
    assert_false(re2_translate(SLICE("abcdef"), &b, &why));
    assert_string_equal(why, "too long");
    buf_free(&b);
}

/* A pack that says what only we say is PCRE2 already. */
static void test_native_is_not_translated(void **state)
{
    struct rule_pack p = {0};
    (void)state;
    must_load(&p, "class: secrets\nrules: [{id: a, regex: '\\v\\1', keywords: [aa]}]\n");
    assert_string_equal(p.defs[0].regex, "\\v\\1");
    must_load(&p, "rules: [{id: b, type: X, regex: '\\v', keywords: [aa]}, {id: c, regex: '\\v', keywords: [aa]}]\n");
    assert_string_equal(p.defs[1].regex, "\\v");
    assert_string_equal(p.defs[2].regex, "\\x0b");
    rule_pack_free(&p);
}

static bool load_refusals(struct refusal_pack *p, const char *yaml)
{
    struct config_report r = {0};
    write_pack(yaml);
    bool ok = refusal_pack_load(p, path, &r);
    assert_int_equal(ok, r.count == 0);
    keep_report(&r);
    return ok;
}

static void test_refusals(void **state)
{
    struct refusal_pack p = {0};
    (void)state;
    assert_true(load_refusals(&p, "- {lang: en, where: start, pattern: \"i can't\"}\n- {where: exact, pattern: no}\n"
                                  "- {pattern: 抱歉, lang: zh, where: any}\n"));
    assert_int_equal(p.count, 3);
    assert_string_equal(p.defs[0].pattern, "i can't");
    assert_int_equal(p.defs[1].where, REFUSAL_EXACT);
    assert_string_equal(p.defs[1].lang, "");
    assert_int_equal(p.defs[2].where, REFUSAL_ANY);
    assert_string_equal(p.defs[2].lang, "zh");
    refusal_pack_free(&p);
    static const char *const bad[][2] = {
        {"a: b\n", "p.yaml:1:1: expected a list"},
        {"- {lang: en}\n", "p.yaml:1:3: `pattern` is missing"},
        {"- {pattern: x, where: stat}\n", "p.yaml:1:23: where: unknown `stat`; did you mean `start`?"},
        {"- {patern: x}\n", "p.yaml:1:4: unknown key `patern`; did you mean `pattern`?"},
        {"- x\n", "expected {lang, where, pattern}, found `x`"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(load_refusals(&p, bad[i][0]));
        if (!strstr(report_text, bad[i][1])) print_error("wanted %s\nfound %s", bad[i][1], report_text);
        assert_non_null(strstr(report_text, bad[i][1]));
        refusal_pack_free(&p);
    }
}

static void on_problem(void *arg, const struct rule_def *def, const char *message)
{
    (void)arg;
    print_error("%s:%u: rule `%s`: %s\n", def ? def->file : "", def ? def->line : 0, def ? def->id : "", message);
}

static bool found(struct ruleset *rs, struct detect_scratch *s, struct findings *f, const char *id, const char *text)
{
    f->count = 0;
    assert_int_equal(detect_scan(rs, s, slice_str(text), f), ERR_OK);
    for (size_t i = 0; i < f->count; i++)
        if (f->v[i].rule == ruleset_find(rs, id)) return true;
    return false;
}

/* Go's syntax, read, built and found with: what is translated must also be triggered, anchored and matched. */
static void test_re2_finds(void **state)
{
    static const char *const rows[][4] = {
        /* keyword, regex, found in, not in */
        {"tok_", "tok_(?i)[a-z]{4}(?-i)[A-Z]{8}", "x tok_AbCdABCDEFGH", "tok_abcdabcdefgh"},
        {"end-", "end-([0-9a-f]{16})\\z", "an end-0123456789abcdef", "end-0123456789abcdef x"},
        {"uni:", "uni:(\\pL{6}\\pN{2})",
         "uni:\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f"
         "ab12",
         "uni:abc12"},
        {"cls_", "cls_[^\\PL]{4}\\p{Greek}", "cls_abcd\xce\xb1", "cls_abcda"},
        {"named=", "named=(?P<secret>[a-z0-9]{12})", "named=abc123def456", "named=ABC123DEF456"},
        {"posix_", "posix_[[:alnum:]]{8}[[:^digit:]]", "posix_abcdEF12x", "posix_abcdEF123"},
        {"cntrl_", "cntrl_[[:cntrl:]][[:xdigit:]]{4}", "cntrl_\tbeef", "cntrl_ beef"},
        {"ascii_", "ascii_[^[:space:]]{4}[[:ascii:]]", "ascii_abcd!", "ascii_ab cd"},
        {"ung_", "(?U)ung_(.+)_end", "ung_abc_end_def_end", "ung_abc"},
        {"nest_", "nest_(?:[a-z]+-)+[a-z]+", "nest_ab-cd-ef", "nest_AB-cd"},
        {"hexb:", "hexb\\x{3a}([a-f0-9]{12})", "hexb:abcdef012345", "hexb;abcdef012345"},
        {"oct:", "oct\\072([a-z]{6})", "oct:abcdef", "oct;abcdef"},
        {"lit.eral+", "\\Qlit.eral+\\E([0-9]{8})", "lit.eral+12345678", "litxeral+12345678"},
        {"multi_", "(?m)^multi_([a-z]{8})$", "a\nmulti_abcdefgh\nb", "a multi_abcdefgh"},
        {"dall_", "(?s)dall_.{3}_([a-z]{4})", "dall_a\nb_abcd", "dall_ab_abcd"},
        /* keywords that only some matches have so near their start */
        {"t3blbkfj", "(sk-proj-[A-Za-z0-9_-]{58}T3BlbkFJ[a-z]{4}|sk-[a-z0-9]{20}T3BlbkFJ)",
         "sk-proj-0123456789012345678901234567890123456789012345678901234567T3BlbkFJabcd", "sk-proj-0123T3BlbkFJabcd"},
        /* none at all: the regex has its own */
        {NULL, "(?i)acme[_-]?(?:key|secret)\\s*[:=]\\s*([0-9a-z]{6})", "my ACME_Secret = a1b2c3", "acme = a1b2c3"},
        {"adafruit",
         "(?i)[\\w.-]{0,50}?(?:adafruit)(?:[ \\t\\w.-]{0,20})[\\s'\"]{0,3}(?:=|>|:{1,3}=|\\|\\||:|=>|\\?=|,)[\\x60'\"\\s=]"
         "{0,5}([a-z0-9_-]{32})(?:[\\x60'\"\\s;]|\\\\[nr]|$)",
         "MY_ADAFRUIT_KEY = 'a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4'", "adafruit = 'short'"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rule_pack p = {0};
        struct ruleset *rs = NULL;
        struct findings f = {0};
        char yaml[1024], quoted[512];
        size_t n = 0;
        for (const char *c = rows[i][1]; *c && n < sizeof quoted - 3; c++) {
            if (*c == '\'') quoted[n++] = '\'';
            quoted[n++] = *c;
        }
        quoted[n] = 0;
        int len = snprintf(yaml, sizeof yaml, "title: gitleaks config\nrules:\n  - id: r\n    regex: '%s'\n", quoted);
        if (rows[i][0]) snprintf(yaml + len, sizeof yaml - (size_t)len, "    keywords: ['%s']\n", rows[i][0]);
        must_load(&p, yaml);
        assert_int_equal(ruleset_build(p.defs, p.count, on_problem, NULL, &rs), ERR_OK);
        struct detect_scratch *d = detect_scratch_new();
        assert_non_null(d);
        if (!found(rs, d, &f, "r", rows[i][2]) || found(rs, d, &f, "r", rows[i][3])) fail_msg("%s", rows[i][1]);
        findings_free(&f);
        detect_scratch_free(d);
        ruleset_free(rs);
        rule_pack_free(&p);
    }
}

/* Every rule that ships has examples it finds and counterexamples it leaves alone, all packs together. */
static void test_examples(void **state)
{
    static const char *const packs[] = {"secrets", "pii", "injection"};
    struct config *c = config_standard();
    struct rule_pack p = {0};
    struct config_report r = {0};
    struct ruleset *rs = NULL;
    struct findings f = {0};
    char file[4096];
    size_t wrong = 0;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        rule_pack_path(c, packs[i], file, sizeof file);
        assert_true(rule_pack_load(&p, file, &r));
    }
    assert_int_equal(ruleset_build(p.defs, p.count, on_problem, NULL, &rs), ERR_OK);
    struct detect_scratch *s = detect_scratch_new();
    assert_non_null(s);
    for (size_t i = 0; i < p.count; i++) {
        const struct rule_def *d = &p.defs[i];
        size_t before = wrong;
        for (size_t k = 0; k < d->example_count; k++) wrong += !found(rs, s, &f, d->id, d->examples[k]);
        for (size_t k = 0; k < d->counterexample_count; k++) wrong += found(rs, s, &f, d->id, d->counterexamples[k]);
        if (!d->example_count || !d->counterexample_count) wrong++;
        if (wrong > before) print_error("%s:%u: rule `%s`: see `privet rules test`\n", d->file, d->line, d->id);
    }
    assert_int_equal(wrong, 0);
    findings_free(&f);
    detect_scratch_free(s);
    ruleset_free(rs);
    rule_pack_free(&p);
    buf_free(&r.text);
    config_free(c);
}

/* What ships is free of mistakes. */
static void test_shipped(void **state)
{
    static const char *const packs[] = {"secrets", "pii", "injection", "refusals"};
    struct config *c = config_standard();
    char file[4096];
    (void)state;
    assert_non_null(c);
    assert_string_equal(c->policies[0].name, "default");
    for (size_t i = 0; i < 4; i++) {
        struct rule_pack p = {0};
        struct refusal_pack f = {0};
        struct config_report r = {0};
        rule_pack_path(c, packs[i], file, sizeof file);
        if (i == 3 ? !refusal_pack_load(&f, file, &r) : !rule_pack_load(&p, file, &r))
            fail_msg("%s: %.*s", packs[i], (int)buf_len(&r.text), buf_slice(&r.text).p);
        else assert_true(p.count + f.count > 20);
        rule_pack_free(&p);
        refusal_pack_free(&f);
        buf_free(&r.text);
    }
    config_free(c);
}

static void test_damaged(void **state)
{
    static const char swap[] = "\n {}[]:,&*\"'#\\$-\x01\xff";
    char text[sizeof gitleaks];
    (void)state;
    for (size_t i = 0; i < sizeof gitleaks - 1; i++) {
        struct rule_pack p = {0};
        memcpy(text, gitleaks, sizeof gitleaks);
        text[i] = swap[i % (sizeof swap - 1)];
        (void)load(&p, text);
        text[i] = 0;
        (void)load(&p, text);
        rule_pack_free(&p);
    }
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_field),      cmocka_unit_test(test_mistakes), cmocka_unit_test(test_all_at_once),
        cmocka_unit_test(test_gitleaks),         cmocka_unit_test(test_re2),      cmocka_unit_test(test_native_is_not_translated),
        cmocka_unit_test(test_refusals),         cmocka_unit_test(test_shipped),  cmocka_unit_test(test_examples),
        cmocka_unit_test(test_gitleaks_loosely), cmocka_unit_test(test_amends),   cmocka_unit_test(test_value_groups),
        cmocka_unit_test(test_literals),         cmocka_unit_test(test_damaged),  cmocka_unit_test(test_re2_finds),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
