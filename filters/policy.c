/* Compiles what an operator wrote into what the hot path asks: one action a rule, an allow list, tool globs.
 * A policy is built once with its snapshot and shared by all threads; nothing in a request can reach into it. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "filters/policy.h"

#include "filters/place.h"

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

#define POLICY_KEY_MIN    16u
#define ALLOW_MAX         100000u /* entries of an allow list */
#define ALLOW_MATCH_LIMIT 100000u /* of PCRE2, for one value */
#define ALLOW_VALUE_MAX   65536u  /* a longer value is never on the list by pattern */
#define TOOL_NAME_MAX     256u
#define SCOPED_MAX        1000u /* entries that name a rule or a place */
#define DICTIONARY        "dictionary:"

/* An entry of the allow list that names a rule or a place. */
struct scoped {
    uint8_t *rules; /* by rule of the set: whether it is meant; NULL: all are */
    struct place place;
    bool placed;
    char *value; /* exact; NULL: a pattern, or any */
    pcre2_code *pattern;
};

struct policy {
    char *name;
    uint8_t *action; /* enum action, by rule of the set */
    size_t rule_count;
    char **allow; /* sorted; e-mail-like ones in lower case */
    size_t allow_count;
    pcre2_code **pattern;
    size_t pattern_count;
    struct scoped *scoped;
    size_t scoped_count;
    uint8_t injection[INJECTION_LEVELS]; /* enum action */
    char **never_tools;                  /* lower case */
    size_t never_tool_count;
    char *key;
    size_t key_len;
    pcre2_general_context *pcre;
    pcre2_match_context *match;
    bool observe, opaque_block, restore_text, restore_tools;
};

struct build {
    const struct policy_def *d;
    const struct ruleset *rs;
    ruleset_report report;
    void *arg;
    bool *used; /* by policy rule: it met a rule of the set */
    bool failed;
};

/* Entity types an operator may name although no loaded pack has a rule for them (names in free text, say). */
static const char *const known_types[] = {
    "AGE",
    "API_KEY_OR_TOKEN",
    "BANK_ACCOUNT",
    "CONNECTION_STRING",
    "COOKIE",
    "CREDIT_CARD",
    "CRYPTO",
    "CVV",
    "DATE_OF_BIRTH",
    "DATE_TIME",
    "DICTIONARY",
    "DRIVER_LICENSE",
    "EMAIL_ADDRESS",
    "GEO_COORDINATES",
    "IBAN_CODE",
    "IMEI",
    "IP_ADDRESS",
    "JWT",
    "LICENSE_PLATE",
    "LOCATION",
    "MAC_ADDRESS",
    "MEDICAL_LICENSE",
    "MEDICAL_RECORD",
    "NATIONAL_ID",
    "NRP",
    "ORGANIZATION",
    "PASSPORT",
    "PASSWORD",
    "PERSON",
    "PHONE_NUMBER",
    "PRIVATE_KEY",
    "PROMPT_INJECTION",
    "SEED_PHRASE",
    "STREET_ADDRESS",
    "SWIFT_CODE",
    "TAX_ID",
    "UK_NHS",
    "UK_NINO",
    "URL",
    "USERNAME",
    "US_BANK_NUMBER",
    "US_DRIVER_LICENSE",
    "US_ITIN",
    "US_PASSPORT",
    "US_SSN",
    "VIN",
};

static void complain(struct build *b, const char *what, const char *name)
{
    char text[400];
    snprintf(text, sizeof text, "policy %.100s: %s: %.200s", b->d->name ? b->d->name : "", what, name);
    b->failed = true;
    if (b->report) b->report(b->arg, NULL, text);
}

static void lower(char *s)
{
    for (; *s; s++)
        if (*s >= 'A' && *s <= 'Z') *s = (char)(*s + 32);
}

/* ---- which action a rule has ---- */

/* How finely a policy's row names a rule: 0 not at all; an id over a type over a prefix, a longer prefix over a
 * shorter one. */
static size_t fineness(const char *row, const struct rule *r)
{
    size_t n = strlen(row);
    if (n && row[n - 1] == '*') {
        if (strncmp(r->id, row, n - 1) && strncmp(r->type, row, n - 1)) return 0;
        return n;
    }
    if (strcmp(row, r->id) == 0) return SIZE_MAX;
    if (strcmp(row, r->type) == 0) return SIZE_MAX - 1;
    return 0;
}

static bool dictionary_applies(const struct policy_def *d, const char *id)
{
    if (strncmp(id, DICTIONARY, sizeof DICTIONARY - 1) || !d->dictionary_count) return true;
    for (size_t i = 0; i < d->dictionary_count; i++)
        if (strcmp(d->dictionaries[i], id + sizeof DICTIONARY - 1) == 0) return true;
    return false;
}

static enum action resolve(struct build *b, const struct rule *r)
{
    const struct policy_def *d = b->d;
    enum action a = d->cls[r->cls];
    size_t best = 0;
    for (size_t i = 0; i < d->rule_count; i++) {
        size_t fine = fineness(d->rules[i].rule, r);
        if (!fine) continue;
        b->used[i] = true;
        if (fine < best) continue; /* of equals the later row wins: it is the one that extends */
        best = fine;
        a = d->rules[i].action;
    }
    return dictionary_applies(d, r->id) ? a : ACTION_ALLOW;
}

static void check_rule_name(struct build *b, const char *name, bool used)
{
    for (size_t k = 0; !used && k < sizeof known_types / sizeof known_types[0]; k++) used = strcmp(known_types[k], name) == 0;
    if (!used) complain(b, "no rule, type or prefix of this name", name);
}

static void check_names(struct build *b)
{
    const struct policy_def *d = b->d;
    for (size_t i = 0; i < d->rule_count; i++) check_rule_name(b, d->rules[i].rule, b->used[i]);
    for (size_t i = 0; i < d->dictionary_count; i++) {
        char id[300];
        int n = snprintf(id, sizeof id, DICTIONARY "%s", d->dictionaries[i]);
        if (n < 0 || (size_t)n >= sizeof id || ruleset_find(b->rs, id) < 0)
            complain(b, "no dictionary of this name", d->dictionaries[i]);
    }
}

static enum err build_actions(struct build *b, struct policy *p)
{
    p->rule_count = ruleset_count(b->rs);
    p->action = mem_zalloc(p->rule_count);
    b->used = mem_zalloc(b->d->rule_count * sizeof *b->used);
    if (!p->action || !b->used) return ERR_MEMORY;
    bool keyed = false;
    for (size_t i = 0; i < p->rule_count; i++) {
        enum action a = resolve(b, ruleset_rule(b->rs, i));
        p->action[i] = (uint8_t)a;
        keyed = keyed || a == ACTION_HASH || a == ACTION_SURROGATE;
    }
    check_names(b);
    if (keyed && b->d->key.n < POLICY_KEY_MIN) complain(b, "hash and surrogate need a key of at least 16 bytes", "key");
    return ERR_OK;
}

/* ---- the allow list ---- */

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static enum err compile(struct build *b, struct policy *p, const char *regex, pcre2_code **out)
{
    int code = 0;
    PCRE2_SIZE at = 0;
    pcre2_compile_context *cc = pcre2_compile_context_create(p->pcre);
    if (!cc) return ERR_MEMORY;
    pcre2_code *re = pcre2_compile((PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED,
                                   PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_UTF | PCRE2_MATCH_INVALID_UTF |
                                       PCRE2_NEVER_BACKSLASH_C | PCRE2_DOTALL,
                                   &code, &at, cc);
    pcre2_compile_context_free(cc);
    if (!re) {
        complain(b, "allow pattern does not compile", regex);
        return ERR_OK;
    }
    (void)pcre2_jit_compile(re, PCRE2_JIT_COMPLETE); /* without a JIT the interpreter runs: same answers */
    *out = re;
    return ERR_OK;
}

/* Reads "rule:NAME" or "at:PLACE" off the front of an entry: its text, or NULL; *s moves behind it. */
static char *cut_word(char **s, const char *prefix)
{
    size_t n = strlen(prefix);
    if (strncmp(*s, prefix, n) != 0) return NULL;
    char *word = *s + n, *space = strchr(word, ' ');
    *s = space ? space + 1 : word + strlen(word);
    if (space) *space = 0;
    return word;
}

static enum err scope_rules(struct build *b, struct policy *p, struct scoped *x, const char *name)
{
    bool any = false;
    if (!(x->rules = mem_zalloc(p->rule_count + 1))) return ERR_MEMORY;
    for (size_t i = 0; i < p->rule_count; i++) {
        x->rules[i] = fineness(name, ruleset_rule(b->rs, i)) != 0;
        any = any || x->rules[i];
    }
    check_rule_name(b, name, any);
    return ERR_OK;
}

static enum err scope_place(struct build *b, struct scoped *x, const char *place)
{
    const char *why;
    enum err e = place_parse(slice_str(place), &x->place, &why);
    if (e == ERR_SHAPE) {
        char text[200];
        snprintf(text, sizeof text, "allow: at: %s", why);
        complain(b, text, place);
        return ERR_OK;
    }
    x->placed = e == ERR_OK;
    return e;
}

/* "[at:PLACE] [rule:NAME] [VALUE | re:PATTERN]" with one of the first two. */
static enum err add_scoped(struct build *b, struct policy *p, const char *entry)
{
    if (p->scoped_count == SCOPED_MAX) {
        complain(b, "allow: more than 1000 entries with rules and places", entry);
        return ERR_OK;
    }
    struct scoped *x = &p->scoped[p->scoped_count++];
    char *copy = mem_strdup(entry), *rest = copy;
    if (!copy) return ERR_MEMORY;
    char *place = cut_word(&rest, "at:"), *rule = cut_word(&rest, "rule:");
    enum err e = place ? scope_place(b, x, place) : ERR_OK;
    if (!e && rule) e = scope_rules(b, p, x, rule);
    if (!e && strncmp(rest, "re:", 3) == 0) e = compile(b, p, rest + 3, &x->pattern);
    else if (!e && *rest) e = (x->value = mem_strdup(rest)) ? ERR_OK : ERR_MEMORY;
    if (!e && x->value && strchr(x->value, '@')) lower(x->value);
    mem_free(copy);
    return e;
}

static enum err build_allow(struct build *b, struct policy *p)
{
    size_t n = b->d->allow_count;
    if (!n) return ERR_OK;
    if (n > ALLOW_MAX) {
        complain(b, "allow list is too long", "allow");
        return ERR_OK;
    }
    p->allow = mem_zalloc(n * sizeof *p->allow);
    p->pattern = mem_zalloc(n * sizeof *p->pattern);
    p->scoped = mem_zalloc((n < SCOPED_MAX ? n : SCOPED_MAX) * sizeof *p->scoped);
    p->pcre = pcre2_general_context_create(mem_pcre2_alloc, mem_pcre2_free, NULL);
    if (!p->allow || !p->pattern || !p->scoped || !p->pcre) return ERR_MEMORY;
    p->match = pcre2_match_context_create(p->pcre);
    if (!p->match) return ERR_MEMORY;
    pcre2_set_match_limit(p->match, ALLOW_MATCH_LIMIT);
    pcre2_set_depth_limit(p->match, 1000);
    pcre2_set_heap_limit(p->match, 1024);
    for (size_t i = 0; i < n; i++) {
        const char *s = b->d->allow[i];
        bool pattern = strncmp(s, "re:", 3) == 0, scoped = strncmp(s, "at:", 3) == 0 || strncmp(s, "rule:", 5) == 0;
        if (pattern || scoped) {
            enum err e = scoped ? add_scoped(b, p, s) : compile(b, p, s + 3, &p->pattern[p->pattern_count]);
            if (e) return e;
            if (pattern && p->pattern[p->pattern_count]) p->pattern_count++;
            continue;
        }
        char *copy = mem_strdup(s);
        if (!copy) return ERR_MEMORY;
        if (strchr(copy, '@')) lower(copy);
        p->allow[p->allow_count++] = copy;
    }
    if (p->allow_count) qsort(p->allow, p->allow_count, sizeof *p->allow, by_text);
    return ERR_OK;
}

/* strcmp's order, for a slice against a string. */
static int slice_cmp(struct slice v, const char *s)
{
    size_t n = strlen(s);
    int c = memcmp(v.p, s, v.n < n ? v.n : n);
    return c ? c : v.n < n ? -1 : v.n > n;
}

static bool listed(const struct policy *p, struct slice v)
{
    size_t lo = 0, hi = p->allow_count;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = slice_cmp(v, p->allow[mid]);
        if (c == 0) return true;
        if (c < 0) hi = mid;
        else lo = mid + 1;
    }
    return false;
}

/* Anything but a clean match means "not allowed": an exhausted limit must not let a value through. */
static bool pattern_allows(const struct policy *p, pcre2_code *const *pattern, size_t n, struct slice value)
{
    if (value.n > ALLOW_VALUE_MAX) return false;
    pcre2_match_data *md = pcre2_match_data_create(1, p->pcre);
    if (!md) return false;
    bool yes = false;
    for (size_t i = 0; i < n && !yes; i++) yes = pcre2_match(pattern[i], (PCRE2_SPTR)value.p, value.n, 0, 0, md, p->match) >= 0;
    pcre2_match_data_free(md);
    return yes;
}

bool policy_allows(const struct policy *p, struct slice value)
{
    if (value.n == 0) return false;
    if (p->allow_count) {
        char low[320]; /* no address is longer (RFC 5321: 254) */
        if (memchr(value.p, '@', value.n)) {
            if (value.n < sizeof low) {
                for (size_t i = 0; i < value.n; i++)
                    low[i] = (char)(value.p[i] >= 'A' && value.p[i] <= 'Z' ? value.p[i] + 32 : value.p[i]);
                bool yes = listed(p, slice_of(low, value.n));
                mem_wipe(low, value.n);
                if (yes) return true;
            }
        } else if (listed(p, value)) {
            return true;
        }
    }
    return p->pattern_count && pattern_allows(p, p->pattern, p->pattern_count, value);
}

static bool same_value(const char *want, struct slice v)
{
    return memchr(v.p, '@', v.n) ? slice_ieq(slice_str(want), v) : slice_eq(slice_str(want), v);
}

bool policy_allows_at(const struct policy *p, uint16_t rule, struct slice value, const struct json_doc *d, uint32_t i)
{
    for (size_t k = 0; k < p->scoped_count; k++) {
        const struct scoped *x = &p->scoped[k];
        if (x->rules && (rule >= p->rule_count || !x->rules[rule])) continue;
        if (x->value && !same_value(x->value, value)) continue;
        if (x->placed && (!d || !place_holds(&x->place, d, i))) continue;
        if (!x->pattern || pattern_allows(p, &x->pattern, 1, value)) return true;
    }
    return false;
}

enum action policy_injection(const struct policy *p, enum injection_level level) { return (enum action)p->injection[level]; }

/* ---- tools ---- */

static enum err build_tools(struct build *b, struct policy *p)
{
    size_t n = b->d->never_tool_count;
    p->never_tools = mem_zalloc(n * sizeof *p->never_tools);
    if (!p->never_tools) return ERR_MEMORY;
    for (size_t i = 0; i < n; i++) {
        if (!(p->never_tools[i] = mem_strdup(b->d->never_tools[i]))) return ERR_MEMORY;
        lower(p->never_tools[i]);
        p->never_tool_count++;
    }
    return ERR_OK;
}

bool policy_restores_tool(const struct policy *p, struct slice tool)
{
    if (!p->restore_tools) return false;
    if (!p->never_tool_count) return true;
    if (tool.n == 0 || tool.n > TOOL_NAME_MAX) return false; /* unknown: the careful answer */
    char low[TOOL_NAME_MAX + 1];                             /* letter case is no way round the list */
    memcpy(low, tool.p, tool.n);
    low[tool.n] = 0;
    lower(low);
    for (size_t i = 0; i < p->never_tool_count; i++)
        if (slice_glob(slice_str(p->never_tools[i]), slice_of(low, tool.n))) return false;
    return true;
}

/* ---- building ---- */

static void build_injection(struct build *b, struct policy *p)
{
    for (size_t i = 0; i < INJECTION_LEVELS; i++) {
        enum action a = b->d->injection[i];
        if (a != ACTION_ALLOW && a != ACTION_FLAG && a != ACTION_REROUTE && a != ACTION_BLOCK)
            complain(b, "injection_level: a request can be flagged, rerouted or blocked, not", action_row(a)->name);
        p->injection[i] = (uint8_t)a;
    }
}

enum err policy_build(const struct policy_def *d, const struct ruleset *rs, ruleset_report report, void *arg, struct policy **out)
{
    *out = NULL;
    struct build b = {.d = d, .rs = rs, .report = report, .arg = arg};
    struct policy *p = mem_zalloc(sizeof *p);
    if (!p) return ERR_MEMORY;
    p->observe = d->observe;
    p->opaque_block = d->opaque_block;
    p->restore_text = d->restore_text;
    p->restore_tools = d->restore_tool_arguments;
    p->name = mem_strdup(d->name ? d->name : "");
    p->key = mem_strndup(d->key.p, d->key.n);
    p->key_len = d->key.n;
    enum err e = p->name && p->key ? ERR_OK : ERR_MEMORY;
    if (!e) e = build_actions(&b, p);
    if (!e) e = build_allow(&b, p);
    if (!e) e = build_tools(&b, p);
    build_injection(&b, p);
    if (!e && b.failed) e = ERR_SHAPE;
    mem_free(b.used);
    if (e) {
        policy_free(p);
        return e;
    }
    *out = p;
    return ERR_OK;
}

void policy_free(struct policy *p)
{
    if (!p) return;
    for (size_t i = 0; i < p->allow_count; i++) mem_free(p->allow[i]);
    for (size_t i = 0; i < p->pattern_count; i++) pcre2_code_free(p->pattern[i]);
    for (size_t i = 0; i < p->never_tool_count; i++) mem_free(p->never_tools[i]);
    for (size_t i = 0; i < p->scoped_count; i++) {
        pcre2_code_free(p->scoped[i].pattern);
        place_free(&p->scoped[i].place);
        mem_free(p->scoped[i].rules);
        mem_free(p->scoped[i].value);
    }
    mem_free(p->scoped);
    pcre2_match_context_free(p->match);
    pcre2_general_context_free(p->pcre);
    mem_free(p->allow);
    mem_free(p->pattern);
    mem_free(p->never_tools);
    mem_free(p->action);
    mem_free(p->key);
    mem_free(p->name);
    mem_free(p);
}

enum action policy_action(const struct policy *p, uint16_t rule)
{
    /* A rule the policy was not built for: refuse rather than guess. */
    return rule < p->rule_count ? (enum action)p->action[rule] : ACTION_BLOCK;
}

bool policy_observes(const struct policy *p) { return p->observe; }
bool policy_opaque_block(const struct policy *p) { return p->opaque_block; }
bool policy_restores_text(const struct policy *p) { return p->restore_text; }
struct slice policy_key(const struct policy *p) { return slice_of(p->key, p->key_len); }
const char *policy_name(const struct policy *p) { return p->name; }
