/* Rule packs from YAML: a table of fields, gitleaks' names first. A gitleaks file (turned into YAML) loads as it is; what
 * means nothing here is accepted, what cannot be done is left out with a note. */
#include "config/rules.h"
#include "config/doc.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define PACK_CAP     (32u << 20)
#define RULES_MAX    20000u
#define LIST_MAX     100000u
#define NOTES_CAP    (1u << 20)
#define REGEX_CAP    65536u
#define ALLOWS_MAX   64u
#define NUMBER_CHARS 24u

struct reader {
    struct rule_pack *pack;
    struct config_report *report;
    struct doc doc;
    struct mistakes m;
    const char *path;
    char *file;  /* path, owned by the pack */
    char id[96]; /* of the rule being read, for messages; "" at the top */
    enum rule_class cls;
    bool native; /* the file or the rule says what only we say: its regexes are PCRE2's, not RE2's */
    bool no_memory;
};

struct field;
typedef void (*field_fn)(struct reader *r, const struct field *f, yaml_node_t *node, void *base);
struct field {
    const char *name;
    field_fn load; /* NULL: gitleaks' own, without meaning here */
    size_t offset, count_offset;
    double min, max;
    const char *const *words;
};

static void wrong(struct reader *r, struct config_pos pos, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void wrong(struct reader *r, struct config_pos pos, const char *fmt, ...)
{
    char text[700];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (r->id[0]) mistake_add(&r->m, pos, "rule `%s`: %s", r->id, text);
    else mistake_add(&r->m, pos, "%s", text);
}

static void note(struct reader *r, struct config_pos pos, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void note(struct reader *r, struct config_pos pos, const char *fmt, ...)
{
    char text[300];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (!r->pack->notes.cap) r->pack->notes.cap = NOTES_CAP;
    if (buf_addf(&r->pack->notes, "%.200s:%u:%u: %s%s%s%s\n", r->path, pos.line, pos.col, r->id[0] ? "rule `" : "", r->id,
                 r->id[0] ? "`: " : "", text) != ERR_OK)
        return; /* a note may be lost, a mistake not */
}

static void *take(struct reader *r, size_t n)
{
    void *p = arena_alloc(&r->pack->memory, n);
    if (!p) r->no_memory = true;
    return p;
}

static void expected(struct reader *r, const struct field *f, const yaml_node_t *node, const char *what)
{
    char found[80];
    wrong(r, doc_pos(node), "%s: expected %s, found %s", f->name, what, doc_found(node, found));
}

/* A scalar as a C string of the pack's, or NULL with a mistake. */
static char *text_of(struct reader *r, const struct field *f, yaml_node_t *node)
{
    if (!doc_is_scalar(node) || doc_is_null(node)) {
        expected(r, f, node, "a text");
        return NULL;
    }
    struct slice s = doc_text(node);
    if (memchr(s.p, 0, s.n)) {
        wrong(r, doc_pos(node), "%s: holds a NUL byte", f->name);
        return NULL;
    }
    char *p = arena_copy(&r->pack->memory, s);
    if (!p) r->no_memory = true;
    return p;
}

/* ---- types of fields -------------------------------------------------------------------------------------------- */

static void load_text(struct reader *r, const struct field *f, yaml_node_t *node, void *base)
{
    char *p = text_of(r, f, node);
    if (p) memcpy((char *)base + f->offset, &p, sizeof p);
}

static void load_texts(struct reader *r, const struct field *f, yaml_node_t *node, void *base)
{
    bool list = doc_is_list(node);
    size_t n = list ? doc_count(node) : 1, good = 0;
    if (doc_is_null(node)) return;
    if (n > LIST_MAX) {
        wrong(r, doc_pos(node), "%s: more than %u items", f->name, LIST_MAX);
        return;
    }
    char **v = take(r, (n ? n : 1) * sizeof *v);
    if (!v) return;
    for (size_t i = 0; i < n; i++)
        if ((v[good] = text_of(r, f, list ? doc_item(&r->doc, node, i) : node))) good++;
    memcpy((char *)base + f->offset, &v, sizeof v);
    memcpy((char *)base + f->count_offset, &good, sizeof good);
}

static bool number_of(struct reader *r, const struct field *f, yaml_node_t *node, double *out)
{
    char text[NUMBER_CHARS + 1], what[80], *end;
    struct slice s = doc_is_scalar(node) ? doc_text(node) : SLICE_NONE;
    snprintf(what, sizeof what, "a number from %g to %g", f->min, f->max);
    if (s.n && s.n <= NUMBER_CHARS) {
        memcpy(text, s.p, s.n);
        text[s.n] = 0;
        *out = strtod(text, &end);
        if (*end == 0 && strspn(text, "0123456789.") == s.n && *out >= f->min && *out <= f->max) return true;
    }
    expected(r, f, node, what);
    return false;
}

static void load_float(struct reader *r, const struct field *f, yaml_node_t *node, void *base)
{
    double d;
    if (!number_of(r, f, node, &d)) return;
    float v = (float)d;
    memcpy((char *)base + f->offset, &v, sizeof v);
}

static bool whole_of(struct reader *r, const struct field *f, yaml_node_t *node, int *out)
{
    double d;
    if (!number_of(r, f, node, &d)) return false;
    *out = (int)d;
    if ((double)*out == d) return true;
    expected(r, f, node, "a whole number");
    return false;
}

static void load_int(struct reader *r, const struct field *f, yaml_node_t *node, void *base)
{
    int v;
    if (whole_of(r, f, node, &v)) memcpy((char *)base + f->offset, &v, sizeof v);
}

static void load_u16(struct reader *r, const struct field *f, yaml_node_t *node, void *base)
{
    int v;
    if (!whole_of(r, f, node, &v)) return;
    uint16_t u = (uint16_t)v;
    memcpy((char *)base + f->offset, &u, sizeof u);
}

static void load_bool(struct reader *r, const struct field *f, yaml_node_t *node, void *base)
{
    bool yes = doc_is_scalar(node) && slice_eq(doc_text(node), SLICE("true"));
    if (!yes && !(doc_is_scalar(node) && slice_eq(doc_text(node), SLICE("false")))) expected(r, f, node, "true or false");
    else memcpy((char *)base + f->offset, &yes, sizeof yes);
}

/* The index of a word, or -1 with a mistake that names the nearest. */
static int word_of(struct reader *r, const struct field *f, yaml_node_t *node)
{
    size_t n = 0;
    char *p = text_of(r, f, node);
    for (; p && f->words[n]; n++)
        if (slice_ieq(slice_str(p), slice_str(f->words[n]))) return (int)n;
    if (!p) return -1;
    const char *near = config_nearest(p, f->words, n);
    if (near) wrong(r, doc_pos(node), "%s: unknown `%.60s`; did you mean `%s`?", f->name, p, near);
    else wrong(r, doc_pos(node), "%s: unknown `%.60s`; it may be `%s` for example", f->name, p, f->words[0]);
    return -1;
}

/* gitleaks reads keys in any case. */
static bool key_is(const struct reader *r, struct slice key, const char *name)
{
    return r->native ? slice_eq(key, slice_str(name)) : slice_ieq(key, slice_str(name));
}

/* Finds the field of each key of a mapping and loads it. */
static void load_fields(struct reader *r, const char *where, const struct field *fields, yaml_node_t *map, void *base)
{
    const char *known[64];
    size_t n = 0;
    for (; fields[n].name; n++) known[n] = fields[n].name;
    assert(n < 64);
    if (!doc_check_keys(&r->doc, map, &r->m)) return;
    for (size_t i = 0; i < doc_count(map); i++) {
        yaml_node_t *k = doc_key(&r->doc, map, i);
        size_t j = 0;
        while (j < n && !key_is(r, doc_text(k), known[j])) j++;
        if (j < n && fields[j].load) fields[j].load(r, &fields[j], doc_value(&r->doc, map, i), base);
        if (j < n) continue;
        const char *near = config_nearest(doc_text(k).p, known, n);
        wrong(r, doc_pos(k), "unknown key `%.60s`%s%s%s%s", doc_text(k).p, where, near ? "; did you mean `" : "",
              near ? near : "", near ? "`?" : "");
    }
}

/* ---- parts of a rule -------------------------------------------------------------------------------------------- */

static const char *const classes[] = {"secrets", "pii", "injection", NULL};
static const char *const triggers[] = {"keywords", "digits", "at", "colon", "entropy", "names", NULL};
static const char *const targets[] = {"secret", "match", "line", NULL};
static const char *const conditions[] = {"OR", "AND", "||", "&&", NULL};

static void load_class(struct reader *r, const struct field *f, yaml_node_t *node, void *base)
{
    int i = word_of(r, f, node);
    enum rule_class c = (enum rule_class)i;
    if (i >= 0) memcpy((char *)base + f->offset, &c, sizeof c);
}

static void load_trigger(struct reader *r, const struct field *f, yaml_node_t *node, void *base)
{
    struct rule_def *d = base;
    bool list = doc_is_list(node);
    for (size_t i = 0; i < (list ? doc_count(node) : 1); i++) {
        int k = word_of(r, f, list ? doc_item(&r->doc, node, i) : node);
        if (k >= 0) d->triggers |= 1u << k;
    }
}

/* [least, most], or one number for both. */
static void load_digits(struct reader *r, const struct field *f, yaml_node_t *node, void *base)
{
    struct rule_def *d = base;
    int v[2] = {0, 0};
    bool list = doc_is_list(node);
    if (list && doc_count(node) != 2) {
        expected(r, f, node, "[least, most]");
        return;
    }
    for (size_t i = 0; i < 2; i++)
        if (!whole_of(r, f, list ? doc_item(&r->doc, node, i) : node, &v[i])) return;
    if (v[0] > v[1]) wrong(r, doc_pos(node), "digits: the least is above the most");
    d->digits_min = (unsigned)v[0];
    d->digits_max = (unsigned)v[1];
}

#define AT(s, member)          offsetof(struct s, member), 0, 0, 0, NULL
#define LIST(s, member, n)     offsetof(struct s, member), offsetof(struct s, n), 0, 0, NULL
#define NUM(s, member, lo, hi) offsetof(struct s, member), 0, lo, hi, NULL
#define WORD(s, member, w)     offsetof(struct s, member), 0, 0, 0, w
#define MEANINGLESS            NULL, 0, 0, 0, 0, NULL

static const struct field context_fields[] = {{"words", load_texts, LIST(rule_context, words, count)},
                                              {"require", load_bool, AT(rule_context, require)},
                                              {"own", load_bool, AT(rule_context, own)},
                                              {"before", load_u16, NUM(rule_context, before, 0, 4096)},
                                              {"after", load_u16, NUM(rule_context, after, 0, 4096)},
                                              {"boost", load_float, NUM(rule_context, boost, 0, 1)},
                                              {0}};

static void load_context(struct reader *r, const struct field *f, yaml_node_t *node, void *base)
{
    struct rule_def *d = base;
    if (!doc_is_map(node)) {
        expected(r, f, node, "a mapping with words");
        return;
    }
    load_fields(r, " of context", context_fields, node, &d->context);
    if (!d->context.count) wrong(r, doc_pos(node), "context: needs words");
}

/* An allowlist as it is written; what it comes to is in keep_allow. */
struct allow {
    struct rule_allow a;
    int condition;
    char **paths, **commits, **rules, *description;
    size_t path_count, commit_count, rule_count;
};

static void load_word(struct reader *r, const struct field *f, yaml_node_t *node, void *base)
{
    int i = word_of(r, f, node);
    if (i >= 0) memcpy((char *)base + f->offset, &i, sizeof i);
}

static void load_regexes(struct reader *r, const struct field *f, yaml_node_t *node, void *base);

static const struct field allow_fields[] = {{"regexes", load_regexes, LIST(allow, a.regexes, a.regex_count)},
                                            {"stopwords", load_texts, LIST(allow, a.stopwords, a.stopword_count)},
                                            {"regexTarget", load_word, WORD(allow, a.target, targets)},
                                            {"condition", load_word, WORD(allow, condition, conditions)},
                                            {"paths", load_texts, LIST(allow, paths, path_count)},
                                            {"commits", load_texts, LIST(allow, commits, commit_count)},
                                            {"targetRules", load_texts, LIST(allow, rules, rule_count)},
                                            {"description", load_text, AT(allow, description)},
                                            {"id", load_text, AT(allow, description)},
                                            {0}};

/* Files and commits mean nothing for a prompt: what depends on them can never hold here. */
static bool keep_allow(struct reader *r, const struct allow *a, struct config_pos pos)
{
    bool all = a->condition == 1 || a->condition == 3;
    if (all && (a->path_count || a->commit_count)) return false;
    if (all && a->a.regex_count && a->a.stopword_count) {
        note(r, pos, "an allowlist that asks for a regex and a stopword together is left out: more is found, not less");
        return false;
    }
    return a->a.regex_count || a->a.stopword_count;
}

static void load_allow(struct reader *r, yaml_node_t *node, struct allow *out)
{
    char found[80];
    *out = (struct allow){.condition = 0};
    if (doc_is_map(node)) load_fields(r, " of an allowlist", allow_fields, node, out);
    else wrong(r, doc_pos(node), "allowlists: expected a mapping, found %s", doc_found(node, found));
}

static void append_allow(struct reader *r, struct rule_def *d, const struct rule_allow *a)
{
    struct rule_allow *v = take(r, (d->allow_count + 1) * sizeof *v);
    if (!v) return;
    if (d->allow_count) memcpy(v, d->allow, d->allow_count * sizeof *v);
    v[d->allow_count++] = *a;
    d->allow = v;
}

static void load_allows(struct reader *r, const struct field *f, yaml_node_t *node, void *base)
{
    bool list = doc_is_list(node);
    size_t n = list ? doc_count(node) : 1;
    if (doc_is_null(node)) return;
    if (n > ALLOWS_MAX) {
        wrong(r, doc_pos(node), "%s: more than %u", f->name, ALLOWS_MAX);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        struct allow a;
        yaml_node_t *item = list ? doc_item(&r->doc, node, i) : node;
        load_allow(r, item, &a);
        if (keep_allow(r, &a, doc_pos(item))) append_allow(r, base, &a.a);
    }
}

/* What only a scan of files or of several rules together can do. */
struct extras {
    struct rule_def d;
    char *path;
    bool skip_report;
};

static const struct field rule_fields[] = {{"id", load_text, AT(rule_def, id)},
                                           {"description", load_text, AT(rule_def, description)},
                                           {"class", load_class, WORD(rule_def, cls, classes)},
                                           {"type", load_text, AT(rule_def, type)},
                                           {"regex", load_text, AT(rule_def, regex)},
                                           {"secretGroup", load_int, NUM(rule_def, secret_group, 0, 64)},
                                           {"keywords", load_texts, LIST(rule_def, keywords, keyword_count)},
                                           {"trigger", load_trigger, WORD(rule_def, triggers, triggers)},
                                           {"digits", load_digits, NUM(rule_def, digits_min, 1, 64)},
                                           {"entropy", load_float, NUM(rule_def, entropy, 0, 8)},
                                           {"before", load_text, AT(rule_def, before)},
                                           {"given", load_text, AT(rule_def, given)},
                                           {"given_words", load_text, AT(rule_def, given_words)},
                                           {"family", load_text, AT(rule_def, family)},
                                           {"never", load_text, AT(rule_def, never)},
                                           {"score", load_float, NUM(rule_def, score, 0, 1)},
                                           {"min_score", load_float, NUM(rule_def, min_score, 0, 1)},
                                           {"validate", load_texts, LIST(rule_def, validate, validate_count)},
                                           {"context", load_context, AT(rule_def, context)},
                                           {"allowlists", load_allows, AT(rule_def, allow)},
                                           {"allowlist", load_allows, AT(rule_def, allow)},
                                           {"join", load_bool, AT(rule_def, join)},
                                           {"lines_before", load_bool, AT(rule_def, lines)},
                                           {"examples", load_texts, LIST(rule_def, examples, example_count)},
                                           {"counterexamples", load_texts, LIST(rule_def, counterexamples, counterexample_count)},
                                           {"path", load_text, AT(extras, path)},
                                           {"skipReport", load_bool, AT(extras, skip_report)},
                                           {"tags", MEANINGLESS},
                                           {"required", MEANINGLESS},
                                           {0}};

/* ---- a rule ----------------------------------------------------------------------------------------------------- */

/* True if a mapping says something that gitleaks does not know. */
static bool says_ours(struct reader *r, yaml_node_t *map)
{
    static const char *const ours[] = {"class", "type",      "trigger",  "digits",          "validate", "context",     "score",
                                       "join",  "min_score", "examples", "counterexamples", "before",   "lines_before"};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (doc_get(&r->doc, map, ours[i])) return true;
    return false;
}

/* The regex in PCRE2's syntax; NULL with a mistake. */
static char *translated(struct reader *r, const char *name, const char *regex, struct config_pos pos)
{
    struct buf out = buf_make(REGEX_CAP);
    const char *why = "";
    char *p = NULL;
    if (re2_translate(slice_str(regex), &out, &why)) {
        p = arena_copy(&r->pack->memory, buf_slice(&out));
        if (!p) r->no_memory = true;
    } else {
        wrong(r, pos, "%s: cannot be translated from RE2: %s", name, why);
    }
    buf_free(&out);
    return p;
}

static void load_regexes(struct reader *r, const struct field *f, yaml_node_t *node, void *base)
{
    struct allow *a = base;
    load_texts(r, f, node, base);
    for (size_t i = 0; !r->native && i < a->a.regex_count; i++) {
        char *p = translated(r, f->name, a->a.regexes[i], doc_pos(node));
        if (p) a->a.regexes[i] = p;
    }
}

/* "\d{15,16}" at the front: the numbers in braces. */
static bool leading_digits(const char *p, unsigned *least, unsigned *most)
{
    uint64_t lo, hi;
    struct slice s = slice_str(p);
    if (!slice_starts(s, SLICE("\\d{"))) return false;
    size_t end = slice_find(s, '}'), comma = slice_find(s, ',');
    if (end == s.n) return false;
    if (comma > end) comma = end;
    if (!slice_u64(slice_of(p + 3, comma - 3), 64, &lo)) return false;
    hi = lo;
    if (comma < end && !slice_u64(slice_of(p + comma + 1, end - comma - 1), 64, &hi)) return false;
    *least = (unsigned)lo;
    *most = (unsigned)hi;
    return lo >= 1 && lo <= hi;
}

/* The words without which the regex never matches, as keywords. */
static bool find_keywords(struct reader *r, struct rule_def *d)
{
    char word[LITERALS_MAX][LITERAL_LEN + 1];
    size_t n = regex_literals(slice_str(d->regex), word);
    char **v = n ? take(r, n * sizeof *v) : NULL;
    for (size_t i = 0; v && i < n; i++)
        if (!(v[i] = arena_copy(&r->pack->memory, slice_str(word[i])))) r->no_memory = true;
    d->keywords = v;
    d->keyword_count = v ? n : 0;
    return v != NULL;
}

/* gitleaks tries a rule without keywords everywhere. Here something must lead to it: words that it cannot do without, else
 * digits if it begins with them, else any long token. */
static void find_trigger(struct reader *r, struct rule_def *d, struct config_pos pos)
{
    const char *p = d->regex;
    if (find_keywords(r, d)) return;
    for (bool more = true; more;) {
        if (!strncmp(p, "(?i)", 4)) p += 4;
        else if (!strncmp(p, "(?:", 3)) p += 3;
        else if (*p == '(' && p[1] != '?') p++;
        else if (!strncmp(p, "\\b", 2)) p += 2;
        else more = false;
    }
    bool digits = leading_digits(p, &d->digits_min, &d->digits_max);
    d->triggers = digits ? TRIGGER_DIGITS : TRIGGER_ENTROPY;
    note(r, pos, "names no keywords: it is tried at %s", digits ? "runs of digits" : "long tokens");
}

static void set_keywords(struct reader *r, struct rule_def *d, struct config_pos pos)
{
    for (size_t i = 0; i < d->keyword_count; i++) {
        if (strlen(d->keywords[i]) < 2) wrong(r, pos, "keywords: `%.10s` is shorter than 2 bytes", d->keywords[i]);
        for (char *k = d->keywords[i]; *k; k++)
            if (*k >= 'A' && *k <= 'Z') *k = (char)(*k + 32);
    }
    if (d->triggers == 0 && d->keyword_count == 0 && !r->native) find_trigger(r, d, pos);
}

/* What kind of thing a rule of another house finds. */
static const char *default_type(const struct rule_def *d)
{
    static const struct {
        const char *part, *type;
    } rows[] = {{"private-key", "PRIVATE_KEY"}, {"jwt", "JWT"}, {"password", "PASSWORD"}, {"age-secret-key", "PRIVATE_KEY"}};
    if (d->cls == RULE_INJECTION) return "PROMPT_INJECTION";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strstr(d->id, rows[i].part)) return rows[i].type;
    return "API_KEY_OR_TOKEN";
}

/* Types stand in placeholders and headers. */
static bool type_ok(const char *t)
{
    size_t n = strlen(t);
    return n > 0 && n <= 40 && t[0] >= 'A' && t[0] <= 'Z' && strspn(t, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == n;
}

static char *value_groups(struct reader *r, const char *regex)
{
    struct buf out = buf_make(REGEX_CAP * 2);
    char *p = regex_value_groups(slice_str(regex), &out) == ERR_OK ? arena_copy(&r->pack->memory, buf_slice(&out)) : NULL;
    if (!p) r->no_memory = true;
    buf_free(&out);
    return p;
}

static void finish_rule(struct reader *r, struct extras *x, struct config_pos pos)
{
    struct rule_def *d = &x->d;
    if (d->type && !type_ok(d->type)) wrong(r, pos, "type: expected capitals, digits and `_`, found `%.60s`", d->type);
    if (!d->type && d->cls == RULE_PII) wrong(r, pos, "a rule for personal data needs a type");
    if (!d->type) d->type = arena_copy(&r->pack->memory, slice_str(default_type(d)));
    if (!d->description) d->description = d->id;
    if (!r->native) d->regex = translated(r, "regex", d->regex, pos);
    if (!r->native && d->regex && !d->secret_group) d->regex = value_groups(r, d->regex);
    if (d->regex) set_keywords(r, d, pos);
    d->file = r->file;
    d->line = pos.line;
}

static void add_rule(struct reader *r, const struct rule_def *d)
{
    struct rule_pack *p = r->pack;
    if (p->count == p->room) {
        size_t room = p->room ? p->room * 2 : 128;
        struct rule_def *v = mem_realloc(p->defs, room * sizeof *v);
        if (!v) {
            r->no_memory = true;
            return;
        }
        p->defs = v;
        p->room = room;
    }
    p->defs[p->count++] = *d;
}

/* What ids are made of: they stand in placeholders, policies and records. */
static bool id_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-_.", c));
}

/* The id first, so that every message can name the rule. gitleaks takes anything for one: here `My key` is My-key. */
static bool read_id(struct reader *r, yaml_node_t *node)
{
    char found[80];
    yaml_node_t *id = doc_get(&r->doc, node, "id");
    struct slice s = id && doc_is_scalar(id) ? doc_text(id) : SLICE_NONE;
    bool ok = s.n > 0 && s.n <= 80, bent = false;
    for (size_t i = 0; ok && i < s.n; i++) {
        bent |= !id_byte(s.p[i]);
        r->id[i] = id_byte(s.p[i]) ? s.p[i] : '-';
        r->id[i + 1] = 0;
    }
    if (ok && (!bent || !r->native)) {
        if (bent) note(r, doc_pos(id), "stands for an id with other bytes than letters, digits, `-`, `_` and `.`");
        return true;
    }
    r->id[0] = 0;
    if (!id) wrong(r, doc_pos(node), "a rule needs an id");
    else wrong(r, doc_pos(id), "id: expected at most 80 letters, digits, `-`, `_` and `.`, found %s", doc_found(id, found));
    return false;
}

/* A rule of a file that extends others may only add allowlists to the rule of that id, in a pack before. */
static bool amend(struct reader *r, const struct rule_def *d, struct config_pos pos)
{
    if (!d->allow_count || !doc_get(&r->doc, r->doc.root, "extend")) return false;
    struct rule_def *to = NULL;
    for (size_t i = 0; i < r->pack->count && !to; i++)
        if (!strcmp(r->pack->defs[i].id, r->id)) to = &r->pack->defs[i];
    for (size_t i = 0; to && i < d->allow_count; i++) append_allow(r, to, &d->allow[i]);
    note(r, pos, to ? "adds to the allowlists of the rule before it" : "adds to a rule that no pack before it has: left out");
    return true;
}

static void load_rule(struct reader *r, yaml_node_t *node)
{
    struct extras x = {.d = {.cls = r->cls,
                             .score = 0.85f,
                             .min_score = 0.5f,
                             .context = {.before = 80, .after = 40, .boost = 0.35f},
                             .join = true}};
    bool file_native = r->native;
    char found[80];
    if (!doc_is_map(node)) {
        wrong(r, doc_pos(node), "rules: expected a mapping, found %s", doc_found(node, found));
        return;
    }
    r->native = r->native || says_ours(r, node);
    if (!read_id(r, node)) {
        r->native = file_native;
        return;
    }
    struct config_pos pos = doc_pos(node);
    size_t before = r->m.count;
    load_fields(r, " of a rule", rule_fields, node, &x);
    if (x.d.id && !(x.d.id = arena_copy(&r->pack->memory, slice_str(r->id)))) r->no_memory = true;
    if (x.d.regex && !x.skip_report && doc_get(&r->doc, node, "required"))
        note(r, pos, "asks for findings of other rules near by: found without them as well, more and not less");
    if (x.d.regex && x.skip_report) note(r, pos, "only helps other rules: left out");
    else if (x.d.regex && x.d.id) finish_rule(r, &x, pos);
    else if (x.path) note(r, pos, "looks at names of files only: left out");
    else if (r->m.count == before && !amend(r, &x.d, pos)) wrong(r, pos, "needs a regex");
    if (r->m.count == before && x.d.regex && x.d.file) add_rule(r, &x.d);
    r->native = file_native;
    r->id[0] = 0;
}

/* ---- a file ----------------------------------------------------------------------------------------------------- */

static void load_rules(struct reader *r, const struct field *f, yaml_node_t *node, void *base)
{
    size_t n = doc_count(node);
    (void)base;
    if (doc_is_null(node)) return;
    if (!doc_is_list(node)) {
        expected(r, f, node, "a list");
        return;
    }
    if (n + r->pack->count > RULES_MAX) {
        wrong(r, doc_pos(node), "rules: more than %u", RULES_MAX);
        return;
    }
    for (size_t i = 0; i < n && !r->no_memory; i++) load_rule(r, doc_item(&r->doc, node, i));
}

static void load_extend(struct reader *r, const struct field *f, yaml_node_t *node, void *base)
{
    (void)base;
    note(r, doc_pos(node), "%s: has no meaning here: name several packs under filters.packs", f->name);
}

static const struct field class_field = {"class", load_class, WORD(reader, cls, classes)};
static const struct field file_fields[] = {{"class", MEANINGLESS}, /* before the rules */
                                           {"rules", load_rules, 0, 0, 0, 0, NULL},
                                           {"allowlist", MEANINGLESS}, /* after the rules */
                                           {"allowlists", MEANINGLESS},
                                           {"title", MEANINGLESS},
                                           {"description", MEANINGLESS},
                                           {"version", MEANINGLESS},
                                           {"minVersion", MEANINGLESS},
                                           {"extend", load_extend, 0, 0, 0, 0, NULL},
                                           {0}};

static bool named(const struct allow *a, const char *id)
{
    for (size_t i = 0; i < a->rule_count; i++)
        if (!strcmp(a->rules[i], id)) return true;
    return a->rule_count == 0;
}

/* The file's own allowlists hold for each of its rules, or for those they name. */
static void load_file_allows(struct reader *r, size_t first, const char *key)
{
    yaml_node_t *node = doc_get(&r->doc, r->doc.root, key);
    bool list = node && doc_is_list(node);
    size_t n = !node || doc_is_null(node) ? 0 : list ? doc_count(node) : 1;
    if (n > ALLOWS_MAX) {
        wrong(r, doc_pos(node), "%s: more than %u", key, ALLOWS_MAX);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        struct allow a;
        yaml_node_t *item = list ? doc_item(&r->doc, node, i) : node;
        load_allow(r, item, &a);
        if (!keep_allow(r, &a, doc_pos(item))) continue;
        for (size_t k = first; k < r->pack->count; k++)
            if (named(&a, r->pack->defs[k].id)) append_allow(r, &r->pack->defs[k], &a.a);
    }
}

static void load_file(struct reader *r)
{
    size_t first = r->pack->count;
    if (!doc_open(&r->doc, r->path, PACK_CAP, &r->m)) return;
    if (!r->doc.root || !doc_is_map(r->doc.root)) {
        mistake_add(&r->m, (struct config_pos){1, 1}, "expected a mapping with rules");
        return;
    }
    yaml_node_t *cls = doc_get(&r->doc, r->doc.root, "class"), *rules = doc_get(&r->doc, r->doc.root, "rules");
    r->native = cls != NULL;
    if (cls) load_class(r, &class_field, cls, r);
    load_fields(r, "", file_fields, r->doc.root, r);
    if (!rules) mistake_add(&r->m, doc_pos(r->doc.root), "`rules` is missing");
    load_file_allows(r, first, "allowlist");
    load_file_allows(r, first, "allowlists");
}

bool rule_pack_load(struct rule_pack *p, const char *path, struct config_report *report)
{
    struct reader r = {.pack = p, .report = report, .path = path, .cls = RULE_SECRETS};
    r.file = arena_copy(&p->memory, slice_str(path));
    if (r.file) load_file(&r);
    else r.no_memory = true;
    if (r.no_memory) mistake_add(&r.m, (struct config_pos){0, 0}, "out of memory");
    bool ok = r.m.count == 0 && !r.m.lost;
    mistakes_report(&r.m, path, report);
    doc_close(&r.doc);
    return ok;
}

void rule_pack_free(struct rule_pack *p)
{
    mem_free(p->defs);
    arena_free(&p->memory);
    buf_free(&p->notes);
    *p = (struct rule_pack){0};
}

/* ---- refusals --------------------------------------------------------------------------------------------------- */

static const char *const wheres[] = {"start", "any", "exact", NULL};

struct refusal {
    char *pattern, *lang;
    int where;
};
static const struct field refusal_fields[] = {{"pattern", load_text, AT(refusal, pattern)},
                                              {"lang", load_text, AT(refusal, lang)},
                                              {"where", load_word, WORD(refusal, where, wheres)},
                                              {0}};

static bool add_refusal(struct refusal_pack *p, const struct refusal *x)
{
    if (p->count == p->room) {
        size_t room = p->room ? p->room * 2 : 128;
        struct refusal_def *v = mem_realloc(p->defs, room * sizeof *v);
        if (!v) return false;
        p->defs = v;
        p->room = room;
    }
    p->defs[p->count++] = (struct refusal_def){x->pattern, x->lang ? x->lang : "", (enum refusal_where)x->where};
    return true;
}

static void load_refusals(struct reader *r, struct refusal_pack *p)
{
    char found[80];
    yaml_node_t *root = r->doc.root;
    if (!root || !doc_is_list(root) || doc_count(root) > RULES_MAX) {
        mistake_add(&r->m, (struct config_pos){1, 1}, "expected a list of {lang, where, pattern}");
        return;
    }
    for (size_t i = 0; i < doc_count(root); i++) {
        yaml_node_t *item = doc_item(&r->doc, root, i);
        struct refusal x = {.where = 0};
        if (!doc_is_map(item)) {
            mistake_add(&r->m, doc_pos(item), "expected {lang, where, pattern}, found %s", doc_found(item, found));
            continue;
        }
        load_fields(r, "", refusal_fields, item, &x);
        if (!x.pattern || !x.pattern[0]) mistake_add(&r->m, doc_pos(item), "`pattern` is missing");
        else if (!add_refusal(p, &x)) r->no_memory = true;
    }
}

bool refusal_pack_load(struct refusal_pack *p, const char *path, struct config_report *report)
{
    struct rule_pack texts = {.memory = p->memory}; /* the readers of fields put their texts there */
    struct reader r = {.pack = &texts, .report = report, .path = path};
    if (doc_open(&r.doc, path, PACK_CAP, &r.m)) load_refusals(&r, p);
    p->memory = texts.memory;
    if (r.no_memory) mistake_add(&r.m, (struct config_pos){0, 0}, "out of memory");
    bool ok = r.m.count == 0 && !r.m.lost;
    mistakes_report(&r.m, path, report);
    doc_close(&r.doc);
    return ok;
}

void refusal_pack_free(struct refusal_pack *p)
{
    mem_free(p->defs);
    arena_free(&p->memory);
    *p = (struct refusal_pack){0};
}
