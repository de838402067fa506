/* The scan: block by block, one Vectorscan pass for keywords and one vector pass for numbers, '@' and the like; what
 * passes a few lookups in tables of bytes is confirmed. Nothing here allocates once a scratch has grown. */
#include "filters/detect/scan.h"

#include <string.h>

#define QUICK_STEPS   3000u    /* match limit of a first try */
#define PATIENT_STEPS 2000000u /* of the second */
#define DEPTH_STEPS   20000u
#define JIT_STACK_MAX (1024u * 1024u)
#define GROUPS_MAX    64u

/* --- scratch */

static pcre2_match_context *match_context(struct detect_scratch *s, uint32_t steps)
{
    pcre2_match_context *mc = pcre2_match_context_create(s->general);
    if (!mc) return NULL;
    (void)pcre2_set_match_limit(mc, steps);
    (void)pcre2_set_depth_limit(mc, DEPTH_STEPS);
    pcre2_jit_stack_assign(mc, NULL, s->stack);
    return mc;
}

struct detect_scratch *detect_scratch_new(void)
{
    struct detect_scratch *s = mem_zalloc(sizeof *s);
    if (!s) return NULL;
    s->general = pcre2_general_context_create(mem_pcre2_alloc, mem_pcre2_free, NULL);
    if (!s->general) goto fail;
    s->stack = pcre2_jit_stack_create(32 * 1024, JIT_STACK_MAX, s->general);
    s->quick = match_context(s, QUICK_STEPS);
    s->patient = match_context(s, PATIENT_STEPS);
    s->md = pcre2_match_data_create(GROUPS_MAX, s->general);
    s->hits = mem_alloc(HITS_MAX * sizeof *s->hits);
    s->structure = mem_alloc(sizeof *s->structure);
    s->lexicon_hits = mem_alloc(LEXICON_ROOM * sizeof *s->lexicon_hits);
    s->word_hits = mem_alloc(LEXICON_ROOM * sizeof *s->word_hits);
    for (size_t i = 0; i < PAGES; i++) {
        s->page[i].hits = mem_alloc(PAGE_HITS * sizeof *s->page[i].hits);
        if (!s->page[i].hits) goto fail;
    }
    if (!s->quick || !s->patient || !s->md || !s->hits || !s->structure || !s->lexicon_hits || !s->word_hits) goto fail;
    return s;
fail:
    detect_scratch_free(s);
    return NULL;
}

void detect_scratch_free(struct detect_scratch *s)
{
    if (!s) return;
    if (s->outer) (void)hs_free_scratch(s->outer);
    if (s->inner) (void)hs_free_scratch(s->inner);
    pcre2_match_data_free(s->md);
    pcre2_match_context_free(s->quick);
    pcre2_match_context_free(s->patient);
    pcre2_jit_stack_free(s->stack);
    pcre2_general_context_free(s->general);
    for (size_t i = 0; i < PAGES; i++) {
        mem_free(s->page[i].hits);
        mem_free(s->page[i].rules);
    }
    mem_free(s->seen);
    mem_free(s->hits);
    mem_free(s->lexicon_hits);
    mem_free(s->word_hits);
    mem_free(s->structure);
    mem_free(s);
}

void detect_scratch_stats(struct detect_scratch *s, struct detect_stats *stats) { s->stats = stats; }

static bool grow_hs(hs_scratch_t **scratch, const hs_database_t *db)
{
    return !db || hs_alloc_scratch(db, scratch) == HS_SUCCESS;
}

/* Makes everything large enough for a set not seen before. */
static enum err scratch_fit(struct detect_scratch *s, const struct ruleset *rs)
{
    if (s->set == rs->id && s->rules >= rs->count) return ERR_OK;
    if (!grow_hs(&s->outer, rs->triggers.db)) return ERR_MEMORY;
    for (size_t i = 0; i < rs->count; i++)
        for (size_t k = 0; k < rs->rules[i].allow_count; k++)
            if (!grow_hs(&s->inner, rs->rules[i].allow[k].stopwords.db)) return ERR_MEMORY;
    if (rs->count > s->rules) {
        struct seen *v = mem_realloc(s->seen, rs->count * sizeof *v);
        if (!v) return ERR_MEMORY;
        memset(v, 0, rs->count * sizeof *v);
        s->seen = v;
        s->rules = rs->count;
    }
    if (rs->rule_words > s->page_words) {
        for (size_t i = 0; i < PAGES; i++) {
            uint64_t *w = mem_realloc(s->page[i].rules, rs->rule_words * sizeof *w);
            if (!w) return ERR_MEMORY;
            s->page[i].rules = w;
        }
        s->page_words = rs->rule_words;
    }
    s->set = rs->id;
    return ERR_OK;
}

/* --- keywords */

/* The first and cheapest check of a keyword at `start`: what all its rules have in common. */
static bool keyword_passes(const struct keyword *k, struct slice text, size_t start)
{
    const unsigned char *t = (const unsigned char *)text.p;
    size_t end = start + k->len;
    if (end + 1 < text.n && (!byteset_has(&k->after[0], t[end]) || !byteset_has(&k->after[1], t[end + 1]))) return false;
    return !start || byteset_has(&k->prev, t[start - 1]);
}

static int on_keyword(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
    (void)from, (void)flags;
    struct detect_scratch *s = arg;
    size_t end = s->block_base + (size_t)to;
    if (end <= s->block_from) return 0;
    uint32_t keyword = s->rs->trigger_keyword[id];
    const struct keyword *k = &s->rs->keywords[keyword];
    size_t start = end - k->len;
    if (!keyword_passes(k, s->text, start)) return 0;
    s->hits[s->hit_count++] = (struct hit){(uint32_t)start, keyword};
    s->last_hit_end = (uint32_t)end;
    return s->hit_count == HITS_MAX;
}

static bool may_follow(const struct byteset *after, struct slice t, size_t end)
{
    size_t n = t.n - end < AFTER_BYTES ? t.n - end : AFTER_BYTES;
    for (size_t i = 0; i < n; i++)
        if (!byteset_has(&after[i], (unsigned char)t.p[end + i])) return false;
    return true;
}

/* Whether the keyword's letters have the case the rule asks for. */
static bool right_case(const struct keyword_ref *ref, const char *p, size_t len)
{
    if ((ref->lower & ref->upper) == ~0ull) return true;
    for (size_t i = 0; i < len; i++) {
        if (p[i] >= 'a' && p[i] <= 'z' && !(ref->lower >> i & 1)) return false;
        if (p[i] >= 'A' && p[i] <= 'Z' && !(ref->upper >> i & 1)) return false;
    }
    return true;
}

static void try_ref(struct detect_scratch *s, const struct keyword_ref *ref, size_t start, size_t len)
{
    if (!may_follow(ref->after, s->text, start + len) || !right_case(ref, s->text.p + start, len)) return;
    if (ref->tail && !tail_may(ref->tail, s->text.p + start + len, s->text.n - start - len)) return;
    if (ref->mode == REF_ANCHORED) {
        if (start < ref->lo) return;
        size_t anchor = start - ref->lo;
        if (anchor && !byteset_has(&ref->prev, (unsigned char)s->text.p[anchor - 1])) return;
        (void)confirm_anchored(s, ref->rule, anchor);
        return;
    }
    size_t back = ref->mode == REF_WINDOW ? ref->hi : SEARCH_BEFORE;
    size_t from = start > back ? start - back : 0;
    size_t limit = ref->mode == REF_WINDOW ? (start > ref->lo ? start - ref->lo : 0) : start + len + SEARCH_AFTER;
    if (limit > s->text.n) limit = s->text.n;
    (void)confirm_search(s, ref->rule, from, limit);
}

static void try_keyword(struct detect_scratch *s, const struct keyword *k, size_t start)
{
    if (s->stats) s->stats->keyword_hits++;
    for (uint32_t j = k->first; j < k->first + k->count && !s->err; j++) try_ref(s, &s->rs->refs[j], start, k->len);
}

static void process_hits(struct detect_scratch *s)
{
    for (size_t i = 0; i < s->hit_count && !s->err; i++) try_keyword(s, &s->rs->keywords[s->hits[i].keyword], s->hits[i].start);
    s->hit_count = 0;
}

/* Keywords that begin words. */
static void scan_words(struct detect_scratch *s, size_t from, size_t to)
{
    const struct ruleset *rs = s->rs;
    while (rs->lexicon && from < to && !s->err) {
        size_t n = lexicon_find(rs->lexicon, s->text, from, to, s->word_hits, &from);
        for (size_t i = 0; i < n && !s->err; i++) {
            const struct keyword *k = &rs->keywords[rs->word_keyword[s->word_hits[i].word]];
            if (keyword_passes(k, s->text, s->word_hits[i].start)) try_keyword(s, k, s->word_hits[i].start);
        }
    }
}

static void scan_keywords(struct detect_scratch *s, size_t from, size_t to)
{
    const struct literals *l = &s->rs->triggers;
    if (!l->db) return;
    while (from < to && !s->err) {
        s->block_from = from;
        s->block_base = from >= l->longest ? from - l->longest + 1 : 0;
        hs_error_t rc = hs_scan(l->db, s->text.p + s->block_base, (unsigned)(to - s->block_base), 0, s->outer, on_keyword, s);
        if (rc != HS_SUCCESS && rc != HS_SCAN_TERMINATED) s->err = ERR_NOT_SCANNED;
        process_hits(s);
        if (rc != HS_SCAN_TERMINATED) return;
        /* Others may end where the last one did: look at that byte again; what was tried is not tried twice. */
        from = s->last_hit_end - 1 > from ? s->last_hit_end - 1 : s->last_hit_end;
    }
}

/* --- structural triggers */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
static bool is_hex(char c) { return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

/* Which rules of `only` may match at the anchor, by the byte before it and those from it on. False if none. */
static bool table_look(struct detect_scratch *s, const struct table *t, size_t anchor, const struct bits *only, struct bits *out)
{
    const unsigned char *p = (const unsigned char *)s->text.p + anchor;
    bool far = anchor > START_REACH && (scan_segment(s, anchor), anchor - s->seg_lo > START_REACH);
    const struct bits *prev = anchor ? &t->prev[anchor > 1 && is_digit((char)p[-2])][p[-1]] : &t->none, *may = prev;
    if (t->automaton.next && !(may = automaton_run(&t->automaton, p, s->text.n - anchor))) return false;
    /* Few rules are left: only the words that hold one are looked at from here on. */
    size_t n = s->text.n - anchor < t->looked ? s->text.n - anchor : t->looked, live = 0;
    uint64_t word[TABLE_WORDS];
    uint8_t at[TABLE_WORDS];
    for (size_t i = 0; i < TABLE_WORDS; i++) {
        word[live] = prev->w[i] & may->w[i] & only->w[i];
        if (far) word[live] &= ~t->at_start.w[i];
        at[live] = (uint8_t)i;
        live += word[live] != 0;
    }
    for (size_t k = 0; k < n && live; k++) {
        const struct bits *f = &t->front[k * t->classes + t->cls[p[k]]];
        size_t left = 0;
        for (size_t i = 0; i < live; i++) {
            word[left] = word[i] & f->w[at[i]];
            at[left] = at[i];
            left += word[left] != 0;
        }
        live = left;
    }
    if (!live) return false;
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < live; i++) out->w[at[i]] = word[i];
    return true;
}

static void table_confirm(struct detect_scratch *s, const struct table *t, size_t anchor, const struct bits *m)
{
    if (s->stats) s->stats->structural_hits++;
    for (size_t i = 0; i < TABLE_WORDS; i++)
        for (uint64_t w = m->w[i]; w && !s->err; w &= w - 1) {
            uint16_t rule = t->rule[i * 64 + (size_t)__builtin_ctzll(w)];
            if (context_possible(s, rule, anchor)) (void)confirm_anchored(s, rule, anchor);
        }
}

#define NUMBER_GAP 6u /* bytes between two groups of one number: "+49 (0) 30", "GB29 NWBK 6016" */

/* Numbers of digits the run may be taken to have: up to the end of each of its groups. */
static uint32_t digit_counts(struct slice t, size_t at)
{
    /* 1 digits, 2 what may stand between two groups */
    static const uint8_t kind[256] = {['0' ... '9'] = 1, ['a' ... 'z'] = 2, ['A' ... 'Z'] = 2, [' '] = 2, ['-'] = 2,
                                      ['.'] = 2,         ['/'] = 2,         ['('] = 2,         [')'] = 2};
    const unsigned char *p = (const unsigned char *)t.p;
    uint32_t counts = 0;
    unsigned n = 0;
    while (n < 31) {
        while (at < t.n && kind[p[at]] == 1) at++, n++;
        counts |= 1u << (n < 31 ? n : 31);
        size_t end = t.n - at < NUMBER_GAP ? t.n : at + NUMBER_GAP;
        while (at < end && kind[p[at]] == 2) at++;
        if (at == t.n || kind[p[at]] != 1) break;
    }
    return counts;
}

static const struct bits every_rule = {{~0ull, ~0ull, ~0ull, ~0ull, ~0ull, ~0ull}};
_Static_assert(TABLE_WORDS == 6, "every_rule has all words");

struct numbers { /* one of the two tables of numbers, and the rules of it that may apply here */
    const struct table *t;
    const struct bits *only;
    bool ask; /* words near by have not been looked for yet */
};

static void try_number(struct detect_scratch *s, const struct numbers *x, size_t anchor, size_t digit)
{
    struct bits m, by_count = {{0}};
    if (!table_look(s, x->t, anchor, x->only, &m)) return;
    uint64_t any = 0;
    for (uint32_t c = digit_counts(s->text, digit); c; c &= c - 1)
        for (size_t i = 0; i < TABLE_WORDS; i++) by_count.w[i] |= x->t->digits[__builtin_ctz(c)].w[i];
    for (size_t i = 0; i < TABLE_WORDS; i++) any |= m.w[i] &= by_count.w[i];
    if (any && x->ask) {
        const struct bits *near = context_numbers(s, digit);
        any = 0;
        for (size_t i = 0; near && i < TABLE_WORDS; i++) any |= m.w[i] &= near->w[i];
    }
    if (any) table_confirm(s, x->t, anchor, &m);
}

/* The short word before a number that a blank or dash sets apart. */
static void try_prefixed(struct detect_scratch *s, const struct numbers *x, size_t at)
{
    const char *t = s->text.p;
    size_t a = at - 1;
    while (a > 0 && at - a <= PREFIX_MAX + 1 && is_letter(t[a - 1])) a--;
    if (at - a <= PREFIX_MAX + 1) try_number(s, x, a, at);
}

static void try_signed(struct detect_scratch *s, const struct numbers *x, size_t at)
{
    const char *t = s->text.p;
    size_t a = at;
    while (a > 0 && at - a < NUMBER_SIGNS && (t[a - 1] == '+' || t[a - 1] == '(')) a--;
    if (a < at) try_number(s, x, a, at);
    if (at - a > 1) try_number(s, x, at - 1, at);
}

static void try_lettered(struct detect_scratch *s, const struct numbers *x, size_t at)
{
    const char *t = s->text.p;
    size_t a = at;
    while (a > 0 && at - a <= LETTERS_MAX && is_letter(t[a - 1])) a--;
    if (at - a <= LETTERS_MAX) try_number(s, x, a, at);
}

static void try_ways(struct detect_scratch *s, const struct numbers *x, size_t at, unsigned how)
{
    if (how & NUMBER_LETTERED) try_lettered(s, x, at);
    if (how & NUMBER_SIGNED) try_signed(s, x, at);
    if (how & (NUMBER_CLEAN | NUMBER_JOINED | NUMBER_JOINED_DIGIT | NUMBER_BEHIND_LETTER)) try_number(s, x, at, at);
    if (how & NUMBER_PREFIXED) try_prefixed(s, x, at);
}

static void scan_numbers(struct detect_scratch *s)
{
    const struct structure *st = s->structure;
    struct numbers alone = {&s->rs->table[TABLE_DIGITS], &every_rule, false}, near = {&s->rs->table[TABLE_NEAR], NULL, false};
    for (size_t i = 0; i < st->numbers && !s->err; i++) {
        const struct structure_number *n = &st->number[i];
        if (n->how[0]) try_ways(s, &alone, n->at, n->how[0]);
        if (!n->how[1]) continue;
        near.ask = !context_crowded(s, n->at);
        near.only = near.ask ? &every_rule : context_numbers(s, n->at);
        if (near.only) try_ways(s, &near, n->at, n->how[1]);
    }
}

#define LOCAL_MAX 64u

static bool is_local(unsigned char c)
{
    return is_digit((char)c) || is_letter((char)c) || c == '.' || c == '_' || c == '-' || c == '+' || c == '%' || c == '\'';
}

static void try_table(struct detect_scratch *s, const struct table *t, size_t anchor)
{
    struct bits m;
    if (table_look(s, t, anchor, &every_rule, &m)) table_confirm(s, t, anchor, &m);
}

static void scan_ats(struct detect_scratch *s)
{
    const struct table *t = &s->rs->table[TABLE_AT];
    const unsigned char *p = (const unsigned char *)s->text.p;
    for (size_t i = 0; i < s->structure->ats && !s->err; i++) {
        size_t at = s->structure->at[i], a = at, wide;
        if (at + 1 >= s->text.n || p[at + 1] <= ' ') continue;
        while (a > 0 && at - a < LOCAL_MAX && is_local(p[a - 1])) a--;
        for (wide = a; wide > 0 && at - wide < LOCAL_MAX && (is_local(p[wide - 1]) || p[wide - 1] >= 0x80); wide--) {
        }
        if (wide < a) try_table(s, t, wide);
        while (a < at && !is_digit((char)p[a]) && !is_letter((char)p[a]) && p[a] != '_') a++;
        if (a < at) try_table(s, t, a);
    }
}

/* The start of the token a colon or dash belongs to, if it is the first of it and there may be an address; else NONE. */
#define NONE ((size_t)-1)
static size_t colon_token(struct slice t, size_t at)
{
    size_t a = at, colons = 0, end = at;
    while (a > 0 && at - a < 5 && is_hex(t.p[a - 1])) a--;
    if (at - a == 5) return NONE;
    char before = a ? t.p[a - 1] : ' ';
    if (before == t.p[at] || is_letter(before) || is_digit(before) || before == '_') return NONE;
    if (t.p[at] == '-') return at - a == 2 ? a : NONE;
    bool pair = false;
    for (; end < t.n && end - at < 64 && (is_hex(t.p[end]) || t.p[end] == ':' || t.p[end] == '.'); end++) {
        if (t.p[end] != ':') continue;
        colons++;
        if (end + 1 < t.n && t.p[end + 1] == ':') pair = true;
    }
    return colons >= 5 || (pair && end - a >= 3) ? a : NONE;
}

static void scan_colons(struct detect_scratch *s)
{
    for (size_t i = 0; i < s->structure->colons && !s->err; i++) {
        size_t a = colon_token(s->text, s->structure->colon[i]);
        if (a != NONE) try_table(s, &s->rs->table[TABLE_COLON], a);
    }
}

#define TOKEN_MAX SHAPE_RUN /* what is longer is data, not a key */

/* Whether a token changes between small letters, capitals and digits often enough to be no word, path or number. */
static bool token_rare(struct slice token)
{
    /* 1 digits, 2 small letters, 3 capitals, 4 the rest */
    unsigned changes = 0, digits = 0, letters = 0, last = 0;
    for (size_t i = 0; i < token.n; i++) {
        char c = token.p[i];
        unsigned cls = is_digit(c) ? 1 : c >= 'a' && c <= 'z' ? 2 : c >= 'A' && c <= 'Z' ? 3 : 4;
        digits += cls == 1;
        letters += cls == 2 || cls == 3;
        changes += cls != last;
        last = cls;
    }
    return digits >= 2 && letters >= 4 && changes * 4 >= token.n;
}

static void scan_tokens(struct detect_scratch *s)
{
    const struct table *t = &s->rs->table[TABLE_ENTROPY];
    for (size_t i = 0; i < s->structure->tokens && !s->err; i++) {
        size_t at = s->structure->token[i].start, len = s->structure->token[i].len;
        struct bits m;
        if (len > TOKEN_MAX || !shape_runs_has(&t->runs[t->count], len)) continue;
        if (!table_look(s, t, at, &every_rule, &m)) continue;
        uint64_t any = 0;
        for (size_t k = 0; k < TABLE_WORDS; k++) {
            for (uint64_t w = m.w[k]; w; w &= w - 1) {
                size_t bit = (size_t)__builtin_ctzll(w);
                if (!shape_runs_has(&t->runs[k * 64 + bit], len)) m.w[k] &= ~(1ull << bit);
            }
            any |= m.w[k];
        }
        if (any && token_rare(slice_of(s->text.p + at, len))) table_confirm(s, t, at, &m);
    }
}

/* --- entry */

static unsigned wanted(const struct ruleset *rs)
{
    static const unsigned want[TABLE_COUNT] = {STRUCTURE_NUMBERS, STRUCTURE_NUMBERS, STRUCTURE_AT, STRUCTURE_COLON,
                                               STRUCTURE_TOKENS};
    unsigned w = 0;
    for (int k = 0; k < TABLE_COUNT; k++)
        if (rs->table[k].count) w |= want[k];
    return w;
}

enum err detect_scan(const struct ruleset *rs, struct detect_scratch *s, struct slice text, struct findings *out)
{
    if (text.n >= UINT32_MAX / 2) return ERR_NOT_SCANNED;
    enum err e = scratch_fit(s, rs);
    if (e) return e;
    s->rs = rs;
    s->text = text;
    s->out = out;
    s->seg_lo = s->seg_hi = 0;
    s->err = ERR_OK;
    s->hit_count = 0;
    s->budget = 100000 + (int64_t)text.n;
    if (++s->scans == 0) { /* once in four billion scans the stamps come round */
        memset(s->seen, 0, s->rules * sizeof *s->seen);
        s->scans = 1;
    }
    if (s->stats) s->stats->bytes += text.n;
    context_reset(s);
    unsigned want = wanted(rs);
    size_t first = out->count;
    for (size_t from = 0; from < text.n && !s->err; from += STRUCTURE_BLOCK) {
        size_t to = text.n - from < STRUCTURE_BLOCK ? text.n : from + STRUCTURE_BLOCK;
        scan_keywords(s, from, to);
        scan_words(s, from, to);
        if (!want || s->err) continue;
        structure_find(text, from, to, want, rs->looks, s->structure);
        scan_numbers(s);
        scan_ats(s);
        scan_colons(s);
        scan_tokens(s);
    }
    if (out->count > first && !s->err) echo_scan(s, first);
    for (size_t i = rs->regex_count; i < rs->count && !s->err; i++)
        if (rs->rules[i].dictionary) dictionary_scan(s, (uint16_t)i);
    return s->err;
}
