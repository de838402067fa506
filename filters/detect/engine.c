/* The scan: block by block, vector passes for keywords and one for numbers, '@' and the like; what passes a few lookups
 * in tables of bytes is confirmed. Nothing here allocates once a scratch has grown. */
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
    s->leads = mem_zalloc(sizeof *s->leads);
    s->structure = mem_alloc(sizeof *s->structure);
    s->numbers = mem_alloc(sizeof *s->numbers);
    s->lexicon_hits = mem_alloc(LEXICON_ROOM * sizeof *s->lexicon_hits);
    s->word_hits = mem_alloc(LEXICON_ROOM * sizeof *s->word_hits);
    for (size_t i = 0; i < PAGES; i++) {
        s->page[i].hits = mem_alloc(PAGE_HITS * sizeof *s->page[i].hits);
        if (!s->page[i].hits) goto fail;
    }
    if (!s->quick || !s->patient || !s->md || !s->leads || !s->structure || !s->numbers || !s->lexicon_hits || !s->word_hits)
        goto fail;
    return s;
fail:
    detect_scratch_free(s);
    return NULL;
}

void detect_scratch_free(struct detect_scratch *s)
{
    if (!s) return;
    if (s->stopwords) (void)hs_free_scratch(s->stopwords);
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
    mem_free(s->leads);
    mem_free(s->lexicon_hits);
    mem_free(s->word_hits);
    mem_free(s->structure);
    mem_free(s->numbers);
    mem_free(s);
}

void detect_scratch_stats(struct detect_scratch *s, struct detect_stats *stats) { s->stats = stats; }
void detect_scratch_meter(struct detect_scratch *s, struct meter *m) { s->meter = m; }

static bool grow_hs(hs_scratch_t **scratch, const hs_database_t *db)
{
    return !db || hs_alloc_scratch(db, scratch) == HS_SUCCESS;
}

/* Makes everything large enough for a set not seen before. */
static enum err scratch_fit(struct detect_scratch *s, const struct ruleset *rs)
{
    if (s->set == rs->id && s->rules >= rs->count) return ERR_OK;
    for (size_t i = 0; i < rs->count; i++)
        for (size_t k = 0; k < rs->rules[i].allow_count; k++)
            if (!grow_hs(&s->stopwords, rs->rules[i].allow[k].stopwords)) return ERR_MEMORY;
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

static void try_ref(struct detect_scratch *s, const struct keyword_ref *ref, size_t start)
{
    if (!right_case(ref, s->text.p + start, ref->len)) return;
    if (ref->mode == REF_ANCHORED) {
        if (start < ref->lo) return;
        size_t anchor = start - ref->lo;
        if (anchor && !byteset_has(&ref->prev, (unsigned char)s->text.p[anchor - 1])) return;
        (void)confirm_anchored(s, ref->rule, anchor);
        return;
    }
    size_t back = ref->mode == REF_WINDOW ? ref->hi : SEARCH_BEFORE;
    size_t from = start > back ? start - back : 0;
    size_t limit = ref->mode == REF_WINDOW ? (start > ref->lo ? start - ref->lo : 0) : start + ref->len + SEARCH_AFTER;
    if (limit > s->text.n) limit = s->text.n;
    (void)confirm_search(s, ref->rule, from, limit);
}

/* Follows all leads, and tries those that may match, in their order. */
static void try_leads(struct detect_scratch *s)
{
    struct leads *l = s->leads;
    tail_follow(l->walk, l->walks, s->text.p + s->text.n, l->may);
    for (size_t i = 0; i < l->count && !s->err; i++)
        if (l->may[i]) try_ref(s, &s->rs->refs[l->lead[i].ref], l->lead[i].start);
    l->count = l->walks = 0;
}

/* Whether the bytes behind a keyword are those its rule asks for; behind the text's end all are. */
static bool has_after(const struct detect_scratch *s, const struct keyword_lead *lead, struct slice behind)
{
    for (size_t i = 0; i < SHAPE_AFTER && i < behind.n; i++)
        if (!byteset_has(&s->rs->sets[lead->after[i]], (unsigned char)behind.p[i])) return false;
    return true;
}

/* Keeps those rules of a keyword that the first bytes behind it allow. Every rule is written down, and those that stay are
 * counted: which do nobody can foretell. */
static void add_leads(struct detect_scratch *s, struct keyword k, size_t start)
{
    const struct slice behind = slice_of(s->text.p + start + k.len, s->text.n - start - k.len);
    const unsigned char *p = (const unsigned char *)behind.p, *far = p + (behind.n < TAIL_FIRST ? 0 : TAIL_FIRST);
    const struct keyword_lead *lead = s->rs->leads + k.first;
    struct leads *l = s->leads;
    size_t count = l->count, walks = l->walks;
    if (s->stats) s->stats->keyword_hits++;
    for (uint32_t j = 0; j < k.count; j++) {
        const struct tail *t = lead[j].tail;
        l->lead[count] = (struct lead){k.first + j, (uint32_t)start};
        l->may[count] = true;
        if (__builtin_expect(t != NULL, 1)) {
            uint32_t row = far > p ? tail_first(t, lead[j].row, p) : lead[j].row;
            l->walk[walks] = (struct tail_walk){t, far, row, (uint32_t)count};
            walks += row > t->classes;
            count += row != TAIL_NONE;
        } else {
            count += has_after(s, &lead[j], behind);
        }
        if (count < TAIL_WALKS) continue;
        l->count = count;
        l->walks = walks;
        try_leads(s);
        if (s->err) return;
        count = walks = 0;
    }
    l->count = count;
    l->walks = walks;
}

static void add_words(struct detect_scratch *s, size_t n, const struct keyword *keyword)
{
    for (size_t i = 0; i < n && !s->err; i++) add_leads(s, keyword[s->word_hits[i].word], s->word_hits[i].start);
}

static void scan_keywords(struct detect_scratch *s, size_t from, size_t to)
{
    const struct ruleset *rs = s->rs;
    for (size_t at = from; rs->needles && at < to && !s->err;)
        add_words(s, needles_find(rs->needles, s->text, at, to, s->word_hits, &at), rs->needle_keyword);
    for (size_t at = from; rs->lexicon && at < to && !s->err;)
        add_words(s, lexicon_find(rs->lexicon, s->text, at, to, s->word_hits, &at), rs->word_keyword);
    try_leads(s);
}

/* --- entry */

enum err detect_scan(const struct ruleset *rs, struct detect_scratch *s, struct slice text, struct findings *out)
{
    if (text.n >= UINT32_MAX / 2) return ERR_NOT_SCANNED;
    enum err e = scratch_fit(s, rs);
    if (e) return e;
    s->rs = rs;
    s->text = text;
    s->out = out;
    s->seg_lo = s->seg_hi = 0;
    s->gaps.known = false;
    s->line.allow = NULL;
    s->err = ERR_OK;
    s->leads->count = s->leads->walks = 0;
    s->budget = 100000 + (int64_t)text.n;
    if (++s->scans == 0) { /* once in four billion scans the stamps come round */
        memset(s->seen, 0, s->rules * sizeof *s->seen);
        s->scans = 1;
    }
    if (s->stats) s->stats->bytes += text.n;
    context_reset(s);
    unsigned want = triggers_wanted(rs);
    size_t first = out->count;
    for (size_t from = 0; from < text.n && !s->err; from += STRUCTURE_BLOCK) {
        size_t to = text.n - from < STRUCTURE_BLOCK ? text.n : from + STRUCTURE_BLOCK;
        scan_keywords(s, from, to);
        if (!meter_add(s->meter, to - from)) s->err = ERR_NOT_SCANNED;
        if (want && !s->err) triggers_scan(s, from, to, want);
    }
    if (out->count > first && !s->err) echo_scan(s, first);
    for (size_t i = rs->regex_count; i < rs->count && !s->err; i++)
        if (rs->rules[i].dictionary) dictionary_scan(s, (uint16_t)i);
    return s->err;
}
