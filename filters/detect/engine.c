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
    s->leads = mem_zalloc(sizeof *s->leads);
    s->structure = mem_alloc(sizeof *s->structure);
    s->numbers = mem_alloc(sizeof *s->numbers);
    s->lexicon_hits = mem_alloc(LEXICON_ROOM * sizeof *s->lexicon_hits);
    s->word_hits = mem_alloc(LEXICON_ROOM * sizeof *s->word_hits);
    for (size_t i = 0; i < PAGES; i++) {
        s->page[i].hits = mem_alloc(PAGE_HITS * sizeof *s->page[i].hits);
        if (!s->page[i].hits) goto fail;
    }
    if (!s->quick || !s->patient || !s->md || !s->hits || !s->leads || !s->structure || !s->numbers || !s->lexicon_hits ||
        !s->word_hits)
        goto fail;
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
    if (keyword == NO_KEYWORD) return 0;
    const struct keyword *k = &s->rs->keywords[keyword];
    size_t start = end - k->len;
    if (!keyword_passes(k, s->text, start)) return 0;
    s->hits[s->hit_count++] = (struct hit){(uint32_t)start, keyword};
    s->last_hit_end = (uint32_t)end;
    return s->hit_count == HITS_MAX;
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
        if (l->may[i]) try_ref(s, l->lead[i].ref, l->lead[i].start);
    l->count = l->walks = 0;
}

/* Keeps those rules of a keyword that the first bytes behind it allow. */
static void add_leads(struct detect_scratch *s, const struct keyword *k, size_t start)
{
    const char *end = s->text.p + start + k->len;
    const size_t n = s->text.n - start - k->len;
    const unsigned char c0 = n > 0 ? (unsigned char)end[0] : 0, c1 = n > 1 ? (unsigned char)end[1] : 0;
    if (s->stats) s->stats->keyword_hits++;
    for (uint32_t j = k->first; j < k->first + k->count && !s->err; j++) {
        const struct keyword_ref *ref = &s->rs->refs[j];
        struct leads *l = s->leads;
        if ((n > 0 && !byteset_has(&ref->after[0], c0)) || (n > 1 && !byteset_has(&ref->after[1], c1))) continue;
        l->lead[l->count] = (struct lead){ref, (uint32_t)start};
        l->may[l->count] = true;
        if (ref->tail) l->walk[l->walks++] = tail_walk(ref->tail, end, (uint32_t)l->count);
        if (++l->count == TAIL_WALKS) try_leads(s);
    }
}

static void process_hits(struct detect_scratch *s)
{
    for (size_t i = 0; i < s->hit_count && !s->err; i++) add_leads(s, &s->rs->keywords[s->hits[i].keyword], s->hits[i].start);
    s->hit_count = 0;
}

/* Keywords that begin words. */
static void scan_words(struct detect_scratch *s, size_t from, size_t to)
{
    const struct ruleset *rs = s->rs;
    while (rs->lexicon && from < to && !s->err) {
        size_t n = lexicon_find(rs->lexicon, s->text, from, to, s->word_hits, &from);
        for (size_t i = 0; i < n && !s->err; i++) {
            const struct lexicon_hit *h = &s->word_hits[i];
            add_leads(s, &rs->keywords[rs->word_keyword[h->word]], h->start);
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
    s->line.allow = NULL;
    s->err = ERR_OK;
    s->hit_count = s->leads->count = s->leads->walks = 0;
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
        scan_words(s, from, to);
        try_leads(s);
        if (!meter_add(s->meter, to - from)) s->err = ERR_NOT_SCANNED;
        if (want && !s->err) triggers_scan(s, from, to, want);
    }
    if (out->count > first && !s->err) echo_scan(s, first);
    for (size_t i = rs->regex_count; i < rs->count && !s->err; i++)
        if (rs->rules[i].dictionary) dictionary_scan(s, (uint16_t)i);
    return s->err;
}
