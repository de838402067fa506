/* Compiles rule definitions into a set: triggers into sets of words and tables of bytes, every expression into JIT code.
 * A definition that is wrong is reported and compiling goes on, so that one run names every mistake. */
#include "filters/detect/compiled.h"

#include "filters/detect/ambiguous.h"
#include "filters/detect/letters.h"
#include "filters/detect/spellings.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* All that is known of a keyword and a rule of it. */
struct keyword_made {
    struct keyword_ref ref;
    const struct tail *tail;
    uint16_t row;
    struct byteset after[SHAPE_AFTER];
};

struct builder {
    struct ruleset *rs;
    ruleset_report report;
    void *arg;
    bool failed;
    /* keywords, variants of case included, before they are sorted into the set */
    struct word {
        struct slice text; /* owned */
        uint16_t rule;
        struct keyword_made *made; /* owned; of keywords */
    } * word;
    size_t word_count, word_room;
    struct shape **shape; /* by rule */
    struct tail_maker *tails;
};

static void complain(struct builder *b, const struct rule_def *def, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void complain(struct builder *b, const struct rule_def *def, const char *fmt, ...)
{
    char message[300];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    b->failed = true;
    if (b->report) b->report(b->arg, def, message);
}

/* --- expressions */

/* gitleaks' leading [\w.-]{0,50}? only widens a search; anchored at the keyword it is dead weight. */
static char *without_lead(const char *regex)
{
    static const char *const leads[] = {"[\\w.-]{0,50}?", "[\\w\\.-]{0,50}?", "[\\w.\\-]{0,50}?"};
    char *copy = mem_strdup(regex);
    for (size_t i = 0; copy && i < sizeof leads / sizeof leads[0]; i++) {
        char *at = strstr(copy, leads[i]);
        if (!at || at - copy > 8) continue;
        size_t n = strlen(leads[i]);
        memmove(at, at + n, strlen(at + n) + 1);
        break;
    }
    return copy;
}

static pcre2_code *compile(struct builder *b, const struct rule_def *def, const char *what, const char *regex, uint32_t options)
{
    int error = 0;
    PCRE2_SIZE at = 0;
    if (shape_needs_utf(regex)) options |= PCRE2_UTF | PCRE2_MATCH_INVALID_UTF;
    options |= PCRE2_NEVER_BACKSLASH_C;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED, options, &error, &at, b->rs->compile);
    if (!code) {
        char text[120] = "";
        (void)pcre2_get_error_message(error, (PCRE2_UCHAR *)text, sizeof text);
        complain(b, def, "%s does not compile: %s at offset %zu", what, text, (size_t)at);
    }
    return code;
}

/* True if the code runs as machine code. Where memory may not be made executable it is interpreted: slower, the same. */
static bool jit(pcre2_code *code) { return code && pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) == 0; }

static uint16_t thousandths(float f)
{
    if (!(f > 0)) return 0;
    return (uint16_t)(f >= 1 ? 1000 : f * 1000 + 0.5f);
}

static char *copy_or_empty(const char *s) { return mem_strdup(s ? s : ""); }

static bool build_validators(struct builder *b, struct crule *r, const struct rule_def *d)
{
    if (!d->validate_count) return true;
    r->validate = mem_zalloc(d->validate_count * sizeof *r->validate);
    if (!r->validate) return false;
    for (size_t i = 0; i < d->validate_count; i++) {
        const struct validator *v = validator_find(d->validate[i]);
        if (v) r->validate[r->validate_count++] = v;
        else complain(b, d, "unknown validator \"%s\"", d->validate[i]);
    }
    r->pub.validate = r->validate;
    r->pub.validate_count = r->validate_count;
    return true;
}

/* ASCII case ignored. */
static enum err build_stopwords(struct allow *a, const struct rule_allow *d)
{
    const char **text = mem_alloc(d->stopword_count * sizeof *text);
    size_t *len = mem_alloc(d->stopword_count * sizeof *len), n = 0;
    unsigned *id = mem_alloc(d->stopword_count * sizeof *id), *flag = mem_alloc(d->stopword_count * sizeof *flag);
    enum err e = ERR_MEMORY;
    if (!text || !len || !id || !flag) goto done;
    for (size_t i = 0; i < d->stopword_count; i++) {
        if (!d->stopwords[i] || !d->stopwords[i][0]) continue;
        text[n] = d->stopwords[i];
        len[n] = strlen(d->stopwords[i]);
        id[n] = (unsigned)n;
        flag[n++] = HS_FLAG_CASELESS;
    }
    e = ERR_OK;
    if (!n) goto done;
    hs_compile_error_t *ce = NULL;
    hs_error_t rc = hs_compile_lit_multi(text, flag, id, len, (unsigned)n, HS_MODE_BLOCK, NULL, &a->stopwords, &ce);
    if (ce) (void)hs_free_compile_error(ce);
    if (rc != HS_SUCCESS) e = ERR_INTERNAL;
done:
    mem_free(text);
    mem_free(len);
    mem_free(id);
    mem_free(flag);
    return e;
}

/* True if a group may be repeated without bound: nothing else can be read in two ways. */
static bool repeats_a_group(const char *p)
{
    for (; (p = strchr(p, ')')); p++) {
        size_t n = p[1] == '{' ? strspn(p + 2, "0123456789") : 0;
        if (p[1] == '*' || p[1] == '+' || (n && p[2 + n] == ',' && p[3 + n] == '}')) return true;
    }
    return false;
}

/* Complains of loops that can take exponential time. False: no memory. */
static bool check_loops(struct builder *b, const struct rule_def *d, const char *what, const char *regex)
{
    bool ambiguous = false;
    const char *complaint = NULL;
    struct shape *s = NULL;
    if (!repeats_a_group(regex)) return true;
    enum err e = shape_read(regex, shape_needs_utf(regex), SHAPE_BOUNDED | SHAPE_SHORT, &s, &complaint);
    if (!e) e = shape_ambiguous(s, &ambiguous);
    shape_free(s);
    if (complaint) complain(b, d, "%s: %s", what, complaint);
    else if (!e && ambiguous)
        complain(b, d, "%s: a repetition can read the same text in two ways, which can take exponential time", what);
    return e == ERR_OK;
}

static bool build_allow(struct builder *b, struct crule *r, const struct rule_def *d)
{
    if (!d->allow_count) return true;
    r->allow = mem_zalloc(d->allow_count * sizeof *r->allow);
    if (!r->allow) return false;
    r->allow_count = d->allow_count;
    for (size_t i = 0; i < d->allow_count; i++) {
        struct allow *a = &r->allow[i];
        a->target = d->allow[i].target;
        if (d->allow[i].stopword_count && build_stopwords(a, &d->allow[i])) return false;
        if (!d->allow[i].regex_count) continue;
        a->regexes = mem_zalloc(d->allow[i].regex_count * sizeof *a->regexes);
        a->begins = mem_zalloc(d->allow[i].regex_count * sizeof *a->begins);
        if (!a->regexes || !a->begins) return false;
        for (size_t k = 0; k < d->allow[i].regex_count; k++) {
            pcre2_code *code = compile(b, d, "an allowlist's regex", d->allow[i].regexes[k], 0);
            if (!code) continue;
            if (!check_loops(b, d, "an allowlist's regex", d->allow[i].regexes[k])) return pcre2_code_free(code), false;
            (void)jit(code);
            a->regexes[a->regex_count++] = code;
            if (allow_front(d->allow[i].regexes[k], b->tails, &a->begins[a->regex_count - 1]) != ERR_OK) return false;
        }
    }
    return true;
}

/* The end of the group that opens at p, or of the expression; alternatives at the group's own level set *alternatives. */
static const char *group_end(const char *p, bool *alternatives)
{
    int depth = 0;
    for (bool cls = false; *p; p++) {
        if (*p == '\\' && p[1]) p++;
        else if (cls) cls = *p != ']';
        else if (*p == '[') {
            cls = true;
            if (p[1] == '^') p++;
            if (p[1] == ']') p++;
        } else if (*p == '(') depth++;
        else if (*p == ')' && --depth == 0) return p + 1;
        else if (*p == '|' && depth == 0) *alternatives = true;
    }
    return p;
}

/* True if a '|' stands outside of every group: what the expression begins with is then not asked of all it matches. */
static bool has_alternatives(const char *p)
{
    bool alternatives = false;
    while (*p && !alternatives) p = group_end(p, &alternatives);
    return alternatives;
}

static struct byteset both(const struct byteset *a, const struct byteset *b)
{
    struct byteset s;
    for (int i = 0; i < 4; i++) s.w[i] = a->w[i] & b->w[i];
    return s;
}

/* True for an expression that begins with "(?:" and lookbehinds that all ask for the beginning of the text; others may
 * stand before that. */
static bool asks_for_start(const char *p)
{
    static const char none[] = "(?<![\\s\\S])", at[] = "(?<=\\A";
    if (has_alternatives(p)) return false;
    for (bool inner = false; strncmp(p, "(?<!", 4) == 0 || strncmp(p, "(?<=", 4) == 0;) p = group_end(p, &inner);
    if (strncmp(p, "(?:", 3) != 0) return false;
    for (p += 3;; p++) {
        bool alternatives = false;
        if (strncmp(p, none, sizeof none - 1) != 0 && strncmp(p, at, sizeof at - 1) != 0) return false;
        p = group_end(p, &alternatives);
        if (*p != '|') return *p == ')';
    }
}

/* True for a lookbehind that says the same of a byte whatever stands before it. */
static bool looks_far(const char *p, size_t n)
{
    for (size_t i = 0; i + 1 < n; i++) {
        if (p[i] == '\\' && strchr("AbBGzZ", p[i + 1])) return true;
        if (p[i] == '\\') i++;
        else if (p[i] == '^' && p[i - 1] != '[') return true;
    }
    return false;
}

/* The lookbehinds that an expression begins with and that can be asked one byte at a time: (?<!...), flags. False if
 * there are none. */
static bool negative_head(const char *regex, struct buf *head)
{
    bool looks = false, inner = false;
    enum err e = ERR_OK;
    for (const char *p = regex, *end; !e; p = end) {
        size_t flags = strncmp(p, "(?", 2) == 0 ? 2 + strspn(p + 2, "imsx") : 0;
        if (flags > 2 && p[flags] == ')') end = p + flags + 1;
        else if (strncmp(p, "(?<!", 4) == 0 || strncmp(p, "(?<=", 4) == 0) end = group_end(p, &inner);
        else break;
        if (p[3] == '=' || (p[3] == '!' && looks_far(p + 4, (size_t)(end - p - 4)))) continue;
        looks |= p[3] == '!';
        e = buf_add(head, slice_of(p, (size_t)(end - p)));
    }
    return looks && !e && buf_add(head, slice_of("", 1)) == ERR_OK;
}

/* Which bytes may stand before a match: the lookbehinds an expression begins with, asked one byte at a time. */
static void probe_prev(struct builder *b, struct crule *r, const char *regex, pcre2_match_data *md)
{
    struct buf head = buf_make(1u << 16);
    r->prev = r->prev_digit = byteset_all();
    if (!has_alternatives(regex) && negative_head(regex, &head)) {
        pcre2_code *code = compile(b, NULL, "lookbehind", buf_slice(&head).p, PCRE2_ANCHORED);
        for (unsigned c = 0; code && c < 128; c++) {
            unsigned char two[2] = {'5', (unsigned char)c};
            if (pcre2_match(code, two + 1, 1, 1, 0, md, NULL) == PCRE2_ERROR_NOMATCH) r->prev.w[c >> 6] &= ~(1ull << (c & 63));
            if (pcre2_match(code, two, 2, 2, 0, md, NULL) == PCRE2_ERROR_NOMATCH) r->prev_digit.w[c >> 6] &= ~(1ull << (c & 63));
        }
        pcre2_code_free(code);
    }
    buf_free(&head);
}

static void check_def(struct builder *b, const struct rule_def *d, size_t index, const struct rule_def *all)
{
    if (!d->id || !*d->id) complain(b, d, "a rule has no id");
    for (size_t i = 0; d->id && i < index; i++)
        if (all[i].id && strcmp(all[i].id, d->id) == 0) {
            complain(b, d, "duplicate rule id \"%s\": first at %.150s:%u", d->id, all[i].file ? all[i].file : "", all[i].line);
            break;
        }
    if (!d->type || !*d->type) complain(b, d, "the rule has no type");
    if (!d->regex || !*d->regex) complain(b, d, "the rule has no regex");
    unsigned triggers = d->triggers ? d->triggers : TRIGGER_KEYWORDS;
    if ((triggers & TRIGGER_KEYWORDS) && !d->keyword_count && !(triggers & ~(unsigned)TRIGGER_KEYWORDS))
        complain(b, d, "the rule has no trigger: it needs keywords, or trigger: digits, at, colon, entropy or names");
    if ((triggers & TRIGGER_DIGITS) && (d->digits_min == 0 || d->digits_max < d->digits_min))
        complain(b, d, "trigger digits needs digits: [least, most], both at least 1");
    bool lists = d->given || d->given_words || d->family || d->never;
    if (lists && !(triggers & TRIGGER_NAMES)) complain(b, d, "given, given_words, family and never are lists of trigger names");
    if ((triggers & TRIGGER_NAMES) && !d->given && !d->family)
        complain(b, d, "trigger names needs lists: given or family, or both");
}

static bool build_expression(struct builder *b, size_t index, const struct rule_def *d)
{
    struct crule *r = &b->rs->rules[index];
    char *regex = without_lead(d->regex);
    if (!regex) return false;
    const char *complaint = NULL;
    bool ok = false;
    r->anchored = compile(b, d, "regex", regex, PCRE2_ANCHORED);
    if (r->anchored) {
        r->jit_anchored = jit(r->anchored);
        unsigned copies = d->triggers & TRIGGER_ENTROPY ? SHAPE_LONG : SHAPE_SHORT;
        if (!(d->triggers & ~(unsigned)TRIGGER_KEYWORDS)) copies |= SHAPE_COARSE;
        ok = shape_read(regex, shape_needs_utf(regex), copies, &b->shape[index], &complaint) == ERR_OK;
        if (complaint) complain(b, d, "regex: %s", complaint);
        else if (ok) ok = check_loops(b, d, "regex", regex);
        pcre2_match_data *md = pcre2_match_data_create_from_pattern(r->anchored, b->rs->general);
        ok = ok && md;
        if (ok) {
            probe_prev(b, r, regex, md);
            struct byteset prev = shape_prev(b->shape[index]);
            r->prev = both(&r->prev, &prev);
            r->prev_digit = both(&r->prev_digit, &prev);
        }
        pcre2_match_data_free(md);
        uint32_t groups = 0;
        (void)pcre2_pattern_info(r->anchored, PCRE2_INFO_CAPTURECOUNT, &groups);
        if (d->secret_group < 0 || (uint32_t)d->secret_group > groups)
            complain(b, d, "secretGroup is %d, but the regex has %u groups", d->secret_group, groups);
        r->at_start = asks_for_start(regex);
        r->cap = strstr(regex, "-----BEGIN") || strstr(regex, "----[- ]") ? CAP_LONG : CAP_RULE;
    } else {
        ok = true; /* reported */
    }
    mem_free(regex);
    return ok;
}

/* It is searched for in few bytes, where the leftmost match is the longest. */
static bool build_front(struct builder *b, struct crule *r, const struct rule_def *d)
{
    if (!d->before || !*d->before) return true;
    size_t n = strlen(d->before) + 8;
    char *regex = mem_alloc(n);
    if (!regex) return false;
    (void)snprintf(regex, n, "(?:%s)\\z", d->before);
    r->front = compile(b, d, "before", regex, 0);
    r->jit_front = jit(r->front);
    mem_free(regex);
    return true;
}

static bool build_rule(struct builder *b, size_t index, const struct rule_def *d)
{
    struct crule *r = &b->rs->rules[index];
    r->pub.id = copy_or_empty(d->id);
    r->pub.type = copy_or_empty(d->type);
    r->pub.description = copy_or_empty(d->description);
    r->pub.cls = d->cls;
    r->join = d->join;
    r->lines = d->lines;
    r->group = (uint16_t)(d->secret_group > 0 ? d->secret_group : 0);
    r->entropy = d->entropy;
    r->score = thousandths(d->score > 0 ? d->score : 0.85f);
    r->min_score = thousandths(d->min_score > 0 ? d->min_score : 0.5f);
    r->has_context = d->context.count > 0;
    r->require = d->context.require && r->has_context;
    r->needs = r->require || (r->has_context && r->score < r->min_score);
    r->boost = thousandths(d->context.boost > 0 ? d->context.boost : 0.35f);
    r->own = d->context.own;
    r->before = d->context.before ? d->context.before : 80;
    r->after = d->context.after ? d->context.after : 40;
    if (!r->pub.id || !r->pub.type || !r->pub.description) return false;
    if (d->context.require && !r->has_context) complain(b, d, "context is required but has no words");
    if (!build_validators(b, r, d) || !build_allow(b, r, d) || !build_front(b, r, d)) return false;
    return !d->regex || !*d->regex || build_expression(b, index, d);
}

/* --- words in their cases */

/* Writes s with its letters beyond ASCII in lower case (mode 0), the first of all letters a capital (1), all capitals (2). */
static void recase(char *out, struct slice s, int mode)
{
    memcpy(out, s.p, s.n);
    for (size_t i = 0; i + 1 < s.n; i++) {
        unsigned char *p = (unsigned char *)out + i;
        if (!letter_is_lead2(p[0])) continue;
        bool upper, want = mode == 2 || (mode == 1 && i == 0);
        uint32_t other = letter_other_case(letter_read2(p), &upper);
        if (other && upper != want) letter_write2(other, p);
        i++;
    }
}

static bool word_push(struct builder *b, struct slice s, uint16_t rule)
{
    for (size_t i = b->word_count; i > 0 && b->word[i - 1].rule == rule; i--)
        if (slice_ieq(b->word[i - 1].text, s)) return true;
    if (b->word_count == b->word_room) {
        size_t room = b->word_room ? b->word_room * 2 : 256;
        struct word *w = mem_realloc(b->word, room * sizeof *w);
        if (!w) return false;
        b->word = w;
        b->word_room = room;
    }
    char *copy = mem_strndup(s.p, s.n);
    if (!copy) return false;
    for (size_t i = 0; i < s.n; i++)
        if (copy[i] >= 'A' && copy[i] <= 'Z') copy[i] = (char)(copy[i] + 32);
    b->word[b->word_count++] = (struct word){slice_of(copy, s.n), rule, NULL};
    return true;
}

static bool is_letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

static bool can_be_word(struct slice s)
{
    const struct lexicon_word w = {.text = s};
    return (is_letter(s.p[0]) || (unsigned char)s.p[0] >= 0xc2) && lexicon_takes(&w, true);
}

static bool word_add(struct builder *b, const struct rule_def *d, const char *what, const char *text, uint16_t rule)
{
    struct slice s = slice_str(text);
    if (what[0] == 'c' && s.n > 1 && !can_be_word(s)) {
        complain(b, d, "%s \"%.70s\" must begin with a letter", what, text);
        return true;
    }
    if (s.n < 2 || s.n > KEYWORD_MAX) {
        complain(b, d, "%s \"%.70s\" must have 2 to %u bytes", what, text, KEYWORD_MAX);
        return true;
    }
    char v[KEYWORD_MAX];
    for (int mode = 0; mode < 3; mode++) {
        recase(v, s, mode);
        if (!word_push(b, slice_of(v, s.n), rule)) return false;
    }
    return true;
}

static int word_order(const void *a, const void *b)
{
    const struct word *x = a, *y = b;
    size_t n = x->text.n < y->text.n ? x->text.n : y->text.n;
    int c = memcmp(x->text.p, y->text.p, n);
    if (c) return c;
    if (x->text.n != y->text.n) return x->text.n < y->text.n ? -1 : 1;
    return (x->rule > y->rule) - (x->rule < y->rule);
}

static void words_clear(struct builder *b)
{
    for (size_t i = 0; i < b->word_count; i++) {
        mem_free((void *)(uintptr_t)b->word[i].text.p);
        mem_free(b->word[i].made);
    }
    b->word_count = 0;
}

/* Sorts, and returns the number of different words; their texts are written to *unique (the caller frees it). */
static size_t words_unique(struct builder *b, struct slice **unique)
{
    if (b->word_count) qsort(b->word, b->word_count, sizeof *b->word, word_order);
    *unique = mem_alloc((b->word_count + 1) * sizeof **unique);
    if (!*unique) return 0;
    size_t n = 0;
    for (size_t i = 0; i < b->word_count; i++)
        if (i == 0 || !slice_eq(b->word[i].text, b->word[i - 1].text)) (*unique)[n++] = b->word[i].text;
    return n;
}

/* --- keywords */

static enum err need_search(struct builder *b, const struct rule_def *d, struct crule *r)
{
    if (r->search) return ERR_OK;
    char *regex = without_lead(d->regex);
    if (!regex) return ERR_MEMORY;
    r->search = compile(b, d, "regex", regex, PCRE2_USE_OFFSET_LIMIT);
    r->jit_search = jit(r->search);
    mem_free(regex);
    return ERR_OK;
}

/* The number of what follows a keyword among the tails of its shape, + 1; 0 if it is not kept. */
static uint16_t tail_number(struct shape *coarse, const struct shape_literal *lit, struct slice word)
{
    struct shape_literal other;
    if (!coarse) return (uint16_t)(lit->tail + 1);
    return shape_literal(coarse, word, &other) ? (uint16_t)(other.tail + 1) : 0;
}

/* One automaton for all keywords of a rule, b->word[first] and those behind it. */
static enum err build_tail(struct builder *b, uint16_t rule, const struct shape *s, size_t first)
{
    struct tail_start v[SHAPE_TAILS];
    size_t n = shape_tails(s);
    if (!n) return ERR_OK;
    for (size_t i = 0; i < n; i++) v[i].states = shape_tail(s, (unsigned)i, &v[i].n);
    struct tail *t;
    enum err e = tail_build(b->tails, s, v, n, &t);
    b->rs->rules[rule].tail = t;
    for (size_t i = first; i < b->word_count; i++) {
        struct keyword_made *made = b->word[i].made;
        made->row = t && made->row ? v[made->row - 1].row : 0;
        if (made->row) made->tail = t;
    }
    return e;
}

static enum err build_ref(struct builder *b, const struct rule_def *def, struct keyword_made *made, const struct word *w,
                          struct shape *coarse)
{
    struct shape_literal lit;
    struct keyword_ref *ref = &made->ref;
    *made = (struct keyword_made){.after = {byteset_all(), byteset_all()}};
    *ref = (struct keyword_ref){.rule = w->rule, .mode = REF_SEARCH, .lower = ~0ull, .upper = ~0ull, .prev = byteset_all()};
    ref->len = (uint8_t)w->text.n;
    struct shape *s = b->shape[w->rule];
    if (s && shape_literal(s, w->text, &lit)) {
        ref->mode = lit.lo == 0 || lit.lo == lit.hi ? REF_ANCHORED : REF_WINDOW;
        ref->lo = (uint8_t)lit.lo;
        ref->hi = (uint8_t)lit.hi;
        for (int k = 0; k < SHAPE_AFTER; k++) made->after[k] = lit.after[k];
        ref->lower = lit.lower;
        ref->upper = lit.upper;
        ref->prev = both(&lit.prev, &b->rs->rules[w->rule].prev);
        made->row = tail_number(coarse, &lit, w->text);
    }
    return ref->mode == REF_ANCHORED ? ERR_OK : need_search(b, def, &b->rs->rules[w->rule]);
}

static enum err read_again(const struct rule_def *d, unsigned copies, struct shape **out)
{
    const char *complaint;
    char *regex = without_lead(d->regex);
    enum err e = regex ? shape_read(regex, shape_needs_utf(regex), copies, out, &complaint) : ERR_MEMORY;
    mem_free(regex);
    return e;
}

/* Tables need a shape that is not coarse, and where a keyword stands behind a repetition the shape is read in full: then
 * there are two. Automata of a coarse one reach further. */
static enum err need_shapes(struct builder *b, const struct rule_def *d, uint16_t rule, struct shape **coarse)
{
    struct shape *s = b->shape[rule];
    bool want = false;
    unsigned lo, hi;
    if (!s) return ERR_OK;
    if (d->triggers & ~(unsigned)TRIGGER_KEYWORDS) {
        enum err e = read_again(d, SHAPE_SHORT | SHAPE_COARSE, coarse);
        if (e) return e;
        s = *coarse;
    }
    for (size_t k = 0; !want && k < d->keyword_count; k++)
        want = shape_find(s, slice_str(d->keywords[k]), &lo, &hi) && lo > 0 && lo != hi;
    if (!want) return ERR_OK;
    struct shape *far;
    enum err e = read_again(d, SHAPE_FAR, &far);
    if (e) return e;
    if (*coarse) shape_free(b->shape[rule]);
    else *coarse = s;
    b->shape[rule] = far;
    return ERR_OK;
}

/* A variant of case that the rule cannot take (of a word it takes in another) would only be searched for in vain. */
static void drop_vain(struct builder *b, size_t first)
{
    bool found = false;
    for (size_t i = first; i < b->word_count; i++) found |= b->word[i].made->ref.mode != REF_SEARCH;
    if (!found) return;
    size_t kept = first;
    for (size_t i = first; i < b->word_count; i++) {
        if (b->word[i].made->ref.mode != REF_SEARCH) {
            b->word[kept++] = b->word[i];
            continue;
        }
        mem_free((void *)(uintptr_t)b->word[i].text.p);
        mem_free(b->word[i].made);
    }
    b->word_count = kept;
}

/* A rule's keywords, with all that its shape says of them. */
static enum err collect_keywords(struct builder *b, const struct rule_def *d, uint16_t rule)
{
    if (d->triggers && !(d->triggers & TRIGGER_KEYWORDS)) return ERR_OK;
    struct shape *coarse = NULL;
    size_t first_word = b->word_count;
    enum err x = need_shapes(b, d, rule, &coarse);
    for (size_t k = 0; k < d->keyword_count && !x; k++) {
        size_t first = b->word_count;
        if (!word_add(b, d, "keyword", d->keywords[k], rule)) x = ERR_MEMORY;
        for (size_t i = first; i < b->word_count && !x; i++) {
            struct keyword_made *made = mem_alloc(sizeof *made);
            b->word[i].made = made;
            x = made ? build_ref(b, d, made, &b->word[i], coarse) : ERR_MEMORY;
        }
        if (!x) drop_vain(b, first);
    }
    if (!x && b->shape[rule]) x = build_tail(b, rule, coarse ? coarse : b->shape[rule], first_word);
    shape_free(coarse);
    return x;
}

static void merge_sets(struct byteset *into, const struct byteset *s)
{
    for (int i = 0; i < 4; i++) into->w[i] |= s->w[i];
}

/* A keyword to be looked for, with what all its rules have in common: v[0..n) are of one text. */
static struct lexicon_word sum_keyword(const struct word *v, size_t n)
{
    struct lexicon_word w = {.text = v->text};
    struct byteset all = byteset_all();
    for (size_t i = 0; i < n; i++) {
        const struct keyword_ref *ref = &v[i].made->ref;
        merge_sets(&w.prev, ref->mode == REF_ANCHORED && ref->lo == 0 ? &ref->prev : &all);
        for (int k = 0; k < SHAPE_AFTER; k++) merge_sets(&w.after[k], &v[i].made->after[k]);
    }
    return w;
}

#define SETS_MAX 4096u
#define RARE_RUN 5u /* letters: shorter words are in every line */

/* The place in a keyword where a word begins wherever it stands: its start or the byte behind that, or further on behind
 * what is no letter in it; there the longest run of letters is the rarest. False if there is none: then it is searched
 * for anywhere. */
static bool word_place(struct lexicon_word *w)
{
    const uint64_t letters = 0x07fffffe07fffffeu;
    const struct slice text = w->text;
    size_t longest = 0;
    if (((unsigned char)text.p[0] >= 0xc2 || !(w->prev.w[1] & letters)) && lexicon_takes(w, false)) return true;
    struct lexicon_word best = *w;
    for (w->lead = 1; w->lead + 2 <= text.n; w->lead++) {
        size_t run = w->lead;
        while (run < text.n && is_letter(text.p[run])) run++;
        run -= w->lead;
        if (is_letter(text.p[w->lead - 1]) || run <= longest || !lexicon_takes(w, false)) continue;
        if (w->lead > 1 && run < RARE_RUN) continue;
        longest = run;
        best = *w;
    }
    *w = best;
    return longest > 0;
}

/* A set's place among those that are told from each other. */
static uint16_t place_set(struct ruleset *rs, const struct byteset *set)
{
    size_t k = 0;
    while (k < rs->set_count && memcmp(&rs->sets[k], set, sizeof *set) != 0) k++;
    if (k == SETS_MAX) return 0; /* the first is all bytes */
    if (k == rs->set_count) rs->sets[rs->set_count++] = *set;
    return (uint16_t)k;
}

/* Puts a keyword and its rules where a search finds them: v[0..n) are of one text. */
static struct keyword place_keyword(struct ruleset *rs, const struct word *v, size_t n)
{
    struct keyword k = {(uint32_t)rs->ref_count, (uint16_t)n, (uint16_t)v->text.n};
    for (size_t i = 0; i < n; i++) {
        const struct keyword_made *made = v[i].made;
        struct keyword_lead *lead = &rs->leads[rs->ref_count];
        rs->refs[rs->ref_count++] = made->ref;
        *lead = (struct keyword_lead){.tail = made->tail, .row = made->row};
        for (int a = 0; a < SHAPE_AFTER; a++) lead->after[a] = place_set(rs, &made->after[a]);
    }
    return k;
}

/* Splits the keywords into those of the lexicon and the needles. */
static enum err build_keywords(struct builder *b)
{
    struct ruleset *rs = b->rs;
    struct slice *unique;
    size_t count = words_unique(b, &unique), words = 0, needles = 0;
    struct lexicon_word *word = mem_alloc((count + 1) * sizeof *word), *needle = mem_alloc((count + 1) * sizeof *needle);
    rs->word_keyword = mem_zalloc((count + 1) * sizeof *rs->word_keyword);
    rs->needle_keyword = mem_zalloc((count + 1) * sizeof *rs->needle_keyword);
    rs->refs = mem_zalloc((b->word_count + 1) * sizeof *rs->refs);
    rs->leads = mem_zalloc((b->word_count + 1) * sizeof *rs->leads);
    rs->sets = mem_zalloc(SETS_MAX * sizeof *rs->sets);
    bool ok = unique && word && needle && rs->word_keyword && rs->needle_keyword && rs->refs && rs->leads && rs->sets;
    if (ok) rs->sets[rs->set_count++] = byteset_all();
    for (size_t at = 0, n; ok && at < b->word_count; at += n) {
        for (n = 1; at + n < b->word_count && slice_eq(b->word[at + n].text, b->word[at].text);) n++;
        struct lexicon_word w = sum_keyword(&b->word[at], n);
        const struct keyword k = place_keyword(rs, &b->word[at], n);
        if (word_place(&w)) {
            word[words] = w;
            rs->word_keyword[words++] = k;
        } else {
            needle[needles] = w;
            rs->needle_keyword[needles++] = k;
        }
    }
    enum err e = ok ? lexicon_build(word, words, false, &rs->lexicon) : ERR_MEMORY;
    if (!e) e = needles_build(needle, needles, &rs->needles);
    if (e == ERR_LIMIT) complain(b, NULL, "too many keywords, or more than %u that begin with one another", LEXICON_NESTED);
    mem_free(word);
    mem_free(needle);
    mem_free(unique);
    words_clear(b);
    return e;
}

/* --- structural triggers */

static const char alphanumeric[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static struct byteset token_bytes(unsigned extras)
{
    struct byteset s = {{0}};
    for (const char *p = alphanumeric; *p; p++) byteset_add(&s, (unsigned char)*p);
    for (unsigned k = 0; k < 4; k++)
        if (extras >> k & 1) byteset_add(&s, (unsigned char)TOKEN_EXTRAS[k]);
    return s;
}

/* What the token may be that a rule begins with: how long, of what. */
static void enter_token(struct table *t, size_t i, const struct crule *r, struct shape *s)
{
    struct byteset token = token_bytes(15), plain = token_bytes(0), has = shape_run_bytes(s, &token);
    struct shape_runs runs, plain_runs;
    uint64_t bit = 1ull << i;
    unsigned needs = 0;
    shape_runs(s, &token, &runs);
    shape_runs(s, &plain, &plain_runs);
    for (size_t n = 0; n <= SHAPE_RUN; n++) {
        if (shape_runs_has(&runs, n)) t->run[n] |= bit;
        if (shape_runs_has(&plain_runs, n)) t->plain[n] |= bit;
    }
    for (size_t k = 0; k < r->validate_count && shape_only(s, &token); k++) needs |= validator_needs(r->validate[k]);
    for (unsigned kinds = 0; kinds < 8; kinds++)
        if (!(needs & ~kinds)) t->kinds[kinds] |= bit;
    for (unsigned extras = 0; extras < 16; extras++) {
        struct byteset only = token_bytes(extras);
        bool may = shape_run_of(s, &token, &only);
        for (unsigned k = 0; k < 4; k++)
            if (extras >> k & 1 && !byteset_has(&has, (unsigned char)TOKEN_EXTRAS[k])) may = false;
        if (may) t->extra[extras] |= bit;
    }
    if (shape_narrow(s, SHAPE_FRONT, TOKEN_FAR, &t->place[i].at, &t->place[i].set)) t->far |= bit;
}

static void enter_table(struct builder *b, struct table *t, uint16_t rule)
{
    const struct crule *r = &b->rs->rules[rule];
    struct byteset front[SHAPE_FRONT];
    uint64_t bit = 1ull << t->count;
    t->rule[t->count++] = rule;
    shape_front(b->shape[rule], front);
    for (unsigned c = 0; c < 256; c++) {
        for (unsigned k = 0; k < SHAPE_FRONT; k++)
            if (byteset_has(&front[k], (unsigned char)c)) t->front[k][c] |= bit;
        if (byteset_has(&r->prev, (unsigned char)c)) t->prev[0][c] |= bit;
        if (byteset_has(&r->prev_digit, (unsigned char)c)) t->prev[1][c] |= bit;
    }
    if (r->at_start) t->at_start |= bit;
}

static enum err build_table(struct builder *b, const struct rule_def *defs, size_t n, enum table_kind kind)
{
    static const unsigned trigger[TABLE_COUNT] = {TRIGGER_AT, TRIGGER_COLON, TRIGGER_ENTROPY};
    struct table *t = &b->rs->table[kind];
    for (size_t i = 0; i < n; i++) {
        if (!(defs[i].triggers & trigger[kind]) || !b->shape[i]) continue;
        if (t->count == TABLE_ROOM) {
            complain(b, &defs[i], "more than %u rules have this trigger", TABLE_ROOM);
            break;
        }
        enter_table(b, t, (uint16_t)i);
    }
    for (size_t i = 0; kind == TABLE_AT && i < t->count; i++) {
        struct tail_start start;
        start.states = shape_behind(b->shape[t->rule[i]], '@', &start.n);
        enum err e = start.n ? tail_build(b->tails, b->shape[t->rule[i]], &start, 1, &t->behind[i]) : ERR_OK;
        if (e) return e;
    }
    for (size_t i = 0; kind == TABLE_ENTROPY && i < t->count; i++)
        enter_token(t, i, &b->rs->rules[t->rule[i]], b->shape[t->rule[i]]);
    return ERR_OK;
}

static enum err build_numbers(struct builder *b, const struct rule_def *defs, size_t n)
{
    struct number_rule *v = mem_alloc((n + 1) * sizeof *v);
    size_t count = 0;
    if (!v) return ERR_MEMORY;
    for (size_t i = 0; i < n; i++) {
        const struct crule *r = &b->rs->rules[i];
        if (!(defs[i].triggers & TRIGGER_DIGITS) || !b->shape[i]) continue;
        v[count++] = (struct number_rule){.rule = (uint16_t)i,
                                          .near = r->needs,
                                          .start = r->at_start,
                                          .digits_min = defs[i].digits_min,
                                          .digits_max = defs[i].digits_max,
                                          .shape = b->shape[i],
                                          .prev = r->prev,
                                          .prev_digit = r->prev_digit};
    }
    enum err e = count ? numbers_build(v, count, &b->rs->numbers) : ERR_OK;
    if (e == ERR_LIMIT) complain(b, NULL, "more than %u rules are started by digits", TABLE_RULES);
    mem_free(v);
    return e == ERR_LIMIT ? ERR_OK : e;
}

/* --- names */

static enum err add_names(struct names *n, const struct rule_def *d)
{
    const struct {
        const char *words;
        unsigned kind;
    } lists[] = {{d->given, NAME_GIVEN}, {d->given_words, NAME_GIVEN_WORD}, {d->family, NAME_FAMILY}, {d->never, NAME_NEVER}};
    enum err e = ERR_OK;
    for (size_t k = 0; k < sizeof lists / sizeof *lists && !e; k++)
        if (lists[k].words) e = names_add(n, slice_str(lists[k].words), lists[k].kind);
    return e;
}

static enum err build_names(struct builder *b, const struct rule_def *defs, size_t n)
{
    struct ruleset *rs = b->rs;
    for (size_t i = 0; i < n; i++) {
        if (!(defs[i].triggers & TRIGGER_NAMES)) continue;
        enum err e = rs->names ? ERR_OK : names_new(&rs->names);
        if (!e) e = add_names(rs->names, &defs[i]);
        if (e == ERR_LIMIT || rs->named_count == NAMED_ROOM) complain(b, &defs[i], "too many names, or rules with trigger names");
        else if (e) return e;
        else rs->named[rs->named_count++] = (uint16_t)i;
    }
    return ERR_OK;
}

/* --- context words */

/* True if the word's edge is a letter or digit, so that another next to it would make it part of a longer word. */
static bool edge_binds(struct slice w, bool end)
{
    unsigned char c = (unsigned char)w.p[end ? w.n - 1 : 0];
    if (c < 0x80) return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
    if (!end) return c < 0xe0;
    size_t i = w.n - 1;
    while (i > 0 && ((unsigned char)w.p[i] & 0xc0) == 0x80) i--;
    return (unsigned char)w.p[i] < 0xe0;
}

static bool context_add(struct builder *b, const struct rule_def *d, const char *text, uint16_t rule)
{
    char form[SPELLINGS][KEYWORD_MAX + 1];
    size_t n = spellings(text, form);
    if (!n) return word_add(b, d, "context word", text, rule); /* which says what is wrong with it */
    for (size_t i = 0; i < n; i++)
        if (!word_add(b, d, "context word", form[i], rule)) return false;
    return true;
}

static enum err collect_context(struct builder *b, const struct rule_def *defs, size_t n)
{
    struct ruleset *rs = b->rs;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < defs[i].context.count; k++)
            if (!context_add(b, &defs[i], defs[i].context.words[k], (uint16_t)i)) return ERR_MEMORY;
        if (!defs[i].context.count || !(defs[i].triggers & TRIGGER_DIGITS) || !rs->rules[i].needs) continue;
        if (rs->rules[i].before > rs->widest_before) rs->widest_before = rs->rules[i].before;
        if (rs->rules[i].after > rs->widest_after) rs->widest_after = rs->rules[i].after;
    }
    return ERR_OK;
}

/* A whole word is not followed by a small letter, whatever else free_behind says. */
static struct byteset bytes_behind(const struct context_word *w)
{
    struct byteset s = byteset_all();
    if (w->edge_end) s.w[1] &= ~0x07fffffe00000000u;
    return s;
}

static enum err build_context(struct builder *b, const struct rule_def *defs, size_t n)
{
    struct ruleset *rs = b->rs;
    enum err e = collect_context(b, defs, n);
    if (e) return e;
    struct slice *unique;
    size_t count = words_unique(b, &unique), at = 0;
    struct lexicon_word *word = mem_alloc((count + 1) * sizeof *word);
    e = ERR_MEMORY;
    rs->rule_words = (n + 63) / 64 + 1;
    rs->words = mem_zalloc((count + 1) * sizeof *rs->words);
    rs->word_rules = mem_zalloc((count + 1) * rs->rule_words * sizeof *rs->word_rules);
    rs->word_near = mem_zalloc((count + 1) * sizeof *rs->word_near);
    uint16_t *near = mem_alloc((n + 1) * sizeof *near); /* place of a rule among the numbers that need a word, + 1 */
    if (!unique || !word || !near || !rs->words || !rs->word_rules || !rs->word_near) goto done;
    memset(near, 0, (n + 1) * sizeof *near);
    for (size_t i = rs->numbers ? rs->numbers->near_word * 64 : 0; rs->numbers && i < rs->numbers->count; i++)
        near[rs->numbers->rule[i]] = (uint16_t)(i + 1);
    for (size_t k = 0; k < count; k++) {
        rs->words[k] = (struct context_word){(uint32_t)unique[k].n, edge_binds(unique[k], false), edge_binds(unique[k], true)};
        word[k] = (struct lexicon_word){unique[k], byteset_all(), {bytes_behind(&rs->words[k]), byteset_all()}, 0};
        for (; at < b->word_count && slice_eq(b->word[at].text, unique[k]); at++) {
            uint16_t r = b->word[at].rule;
            rs->word_rules[k * rs->rule_words + (r >> 6)] |= 1ull << (r & 63);
            if (near[r]) bits_set(&rs->word_near[k], near[r] - 1u);
        }
    }
    e = lexicon_build(word, count, true, &rs->context);
    if (e == ERR_LIMIT) complain(b, NULL, "too many context words, or more than %u that begin with one another", LEXICON_NESTED);
done:
    mem_free(unique);
    mem_free(word);
    mem_free(near);
    words_clear(b);
    return e;
}

/* --- the whole */

static enum err build_all(struct builder *b, const struct rule_def *defs, size_t n)
{
    struct ruleset *rs = b->rs;
    if (n > RULES_MAX) {
        complain(b, NULL, "more than %u rules", RULES_MAX);
        return ERR_SHAPE;
    }
    rs->room = n;
    rs->rules = mem_zalloc((n + 1) * sizeof *rs->rules);
    b->shape = mem_zalloc((n + 1) * sizeof *b->shape);
    rs->general = pcre2_general_context_create(mem_pcre2_alloc, mem_pcre2_free, NULL);
    rs->compile = rs->general ? pcre2_compile_context_create(rs->general) : NULL;
    if (!rs->rules || !b->shape || !rs->compile) return ERR_MEMORY;
    rs->count = rs->regex_count = n;
    for (size_t i = 0; i < n; i++) {
        check_def(b, &defs[i], i, defs);
        if (!build_rule(b, i, &defs[i])) return ERR_MEMORY;
        enum err ke = collect_keywords(b, &defs[i], (uint16_t)i);
        if (ke) return ke;
        if (defs[i].triggers & ~(unsigned)TRIGGER_KEYWORDS) continue;
        shape_free(b->shape[i]); /* shapes are large: only those of the tables are kept */
        b->shape[i] = NULL;
    }
    enum err e = build_keywords(b);
    for (int k = 0; k < TABLE_COUNT && !e; k++) e = build_table(b, defs, n, (enum table_kind)k);
    if (!e) e = build_numbers(b, defs, n);
    if (!e) e = build_names(b, defs, n);
    if (!e) e = build_context(b, defs, n);
    return e ? e : b->failed ? ERR_SHAPE : ERR_OK;
}

enum err ruleset_build(const struct rule_def *defs, size_t n, ruleset_report report, void *arg, struct ruleset **out)
{
    static _Atomic uint64_t next_id = 1;
    *out = NULL;
    struct ruleset *rs = mem_zalloc(sizeof *rs);
    if (!rs) return ERR_MEMORY;
    rs->id = atomic_fetch_add(&next_id, 1);
    struct builder b = {.rs = rs, .report = report, .arg = arg, .tails = tail_maker_new()};
    enum err e = b.tails ? build_all(&b, defs, n) : ERR_MEMORY;
    for (size_t i = 0; b.shape && i < n; i++) shape_free(b.shape[i]);
    words_clear(&b);
    mem_free(b.word);
    mem_free(b.shape);
    tail_maker_free(b.tails);
    if (e) ruleset_free(rs);
    else *out = rs;
    return e;
}

enum err ruleset_append(struct ruleset *rs, struct rule pub, struct dictionary *d)
{
    if (rs->count >= RULES_MAX) return ERR_LIMIT;
    if (rs->count == rs->room) {
        struct crule *v = mem_realloc(rs->rules, (rs->room + 64) * sizeof *v);
        if (!v) return ERR_MEMORY;
        rs->rules = v;
        rs->room += 64;
    }
    struct crule r = {.score = 1000, .dictionary = d};
    r.pub = (struct rule){mem_strdup(pub.id), mem_strdup(pub.type), mem_strdup(pub.description), pub.cls, NULL, 0};
    if (!r.pub.id || !r.pub.type || !r.pub.description) {
        mem_free((void *)(uintptr_t)r.pub.id);
        mem_free((void *)(uintptr_t)r.pub.type);
        mem_free((void *)(uintptr_t)r.pub.description);
        return ERR_MEMORY;
    }
    rs->rules[rs->count++] = r;
    return ERR_OK;
}

enum err ruleset_add_external(struct ruleset *rs, const char *id, const char *type)
{
    return ruleset_append(rs, (struct rule){id, type, "what an external recogniser finds", RULE_PII, NULL, 0}, NULL);
}

static void free_rule(struct crule *r)
{
    mem_free((void *)(uintptr_t)r->pub.id);
    mem_free((void *)(uintptr_t)r->pub.type);
    mem_free((void *)(uintptr_t)r->pub.description);
    pcre2_code_free(r->anchored);
    pcre2_code_free(r->search);
    pcre2_code_free(r->front);
    mem_free(r->validate);
    for (size_t i = 0; i < r->allow_count; i++) {
        for (size_t k = 0; k < r->allow[i].regex_count; k++) {
            pcre2_code_free(r->allow[i].regexes[k]);
            mem_free(r->allow[i].begins[k].tail);
        }
        mem_free(r->allow[i].regexes);
        mem_free(r->allow[i].begins);
        if (r->allow[i].stopwords) (void)hs_free_database(r->allow[i].stopwords);
    }
    mem_free(r->allow);
    dictionary_free(r->dictionary);
    mem_free(r->tail);
}

void ruleset_free(struct ruleset *rs)
{
    if (!rs) return;
    for (size_t i = 0; rs->rules && i < rs->count; i++) free_rule(&rs->rules[i]);
    needles_free(rs->needles);
    lexicon_free(rs->context);
    lexicon_free(rs->lexicon);
    mem_free(rs->needle_keyword);
    mem_free(rs->word_keyword);
    mem_free(rs->rules);
    for (size_t i = 0; i < TABLE_ROOM; i++) mem_free(rs->table[TABLE_AT].behind[i]);
    numbers_free(rs->numbers);
    names_free(rs->names);
    mem_free(rs->refs);
    mem_free(rs->leads);
    mem_free(rs->sets);
    mem_free(rs->words);
    mem_free(rs->word_rules);
    mem_free(rs->word_near);
    if (rs->compile) pcre2_compile_context_free(rs->compile);
    if (rs->general) pcre2_general_context_free(rs->general);
    mem_free(rs);
}

size_t ruleset_count(const struct ruleset *rs) { return rs->count; }
const struct rule *ruleset_rule(const struct ruleset *rs, size_t i) { return &rs->rules[i].pub; }
bool ruleset_joins(const struct ruleset *rs, size_t i) { return rs->rules[i].join; }

int ruleset_find(const struct ruleset *rs, const char *id)
{
    for (size_t i = 0; i < rs->count; i++)
        if (strcmp(rs->rules[i].pub.id, id) == 0) return (int)i;
    return -1;
}
