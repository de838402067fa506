/* Words near a value. The words of all rules are one set of literals; a page of text is searched for them the first
 * time somebody asks, and what was found serves every rule. */
#include "filters/detect/scan.h"

static bool is_alnum(unsigned char c) { return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'); }
static bool is_lower(unsigned char c) { return c >= 'a' && c <= 'z'; }
static bool is_upper(unsigned char c) { return c >= 'A' && c <= 'Z'; }
/* Lead bytes of two-byte letters: Latin, Greek, Cyrillic, Hebrew, Arabic. */
static bool is_letter2(unsigned char c) { return c >= 0xc3 && c <= 0xdf; }

/* Words end where the alphabet ends, and at the hump of aCamel. */
static bool free_before(struct slice t, size_t at)
{
    if (at == 0) return true;
    unsigned char c = (unsigned char)t.p[at], b = (unsigned char)t.p[at - 1];
    if (is_alnum(b)) return is_upper(c) && !is_upper(b);
    return !((b & 0xc0) == 0x80 && at >= 2 && is_letter2((unsigned char)t.p[at - 2]));
}

static bool free_behind(struct slice t, size_t end)
{
    if (end >= t.n) return true;
    unsigned char last = (unsigned char)t.p[end - 1], c = (unsigned char)t.p[end];
    if (is_alnum(c)) return (is_upper(c) && is_lower(last)) || (c >= '0' && c <= '9' && !(last >= '0' && last <= '9'));
    return !is_letter2(c);
}

static bool is_whole(struct slice t, const struct context_word *w, size_t start)
{
    return (!w->edge_start || free_before(t, start)) && (!w->edge_end || free_behind(t, start + w->len));
}

/* Enters a word that was found, if it is a whole one. */
static void add_word(struct detect_scratch *s, struct page *p, const struct lexicon_hit *h)
{
    const struct ruleset *rs = s->rs;
    const struct context_word *w = &rs->words[h->word];
    size_t start = h->start, end = start + w->len;
    if (!is_whole(s->text, w, start)) return;
    if (p->count == PAGE_HITS) {
        p->overflow = true;
        return;
    }
    p->hits[p->count++] = (struct word_hit){(uint32_t)start, (uint32_t)end, h->word};
    const uint64_t *bits = &rs->word_rules[h->word * rs->rule_words];
    for (size_t i = 0; i < rs->rule_words; i++) p->rules[i] |= bits[i];
}

static struct page *page_slot(struct detect_scratch *s, uint32_t number)
{
    struct page *p = &s->page[number % PAGES];
    if (p->number != number) {
        p->number = number;
        p->asked = p->windows = p->count = p->spread = 0;
        p->loaded = p->overflow = false;
    }
    return p;
}

static struct page *page_load(struct detect_scratch *s, uint32_t number)
{
    struct page *p = page_slot(s, number);
    if (p->loaded) return p;
    const struct ruleset *rs = s->rs;
    size_t at = (size_t)number * PAGE_BYTES, to = at + PAGE_BYTES < s->text.n ? at + PAGE_BYTES : s->text.n;
    memset(p->rules, 0, rs->rule_words * sizeof *p->rules);
    p->loaded = true;
    if (s->stats) s->stats->context_bytes += to - at;
    while (at < to) {
        size_t n = lexicon_find(rs->context, s->text, at, to, s->lexicon_hits, &at);
        for (size_t i = 0; i < n; i++) add_word(s, p, &s->lexicon_hits[i]);
    }
    return p;
}

void context_reset(struct detect_scratch *s)
{
    for (size_t i = 0; i < PAGES; i++) s->page[i].number = UINT32_MAX;
}

static bool is_word_of(const struct ruleset *rs, uint32_t word, uint16_t rule)
{
    return (rs->word_rules[word * rs->rule_words + (rule >> 6)] >> (rule & 63)) & 1;
}

/* Where a word is looked for: in [lo, hi), not over [start, end); `own`: not where it has another number. */
struct place {
    size_t lo, hi, start, end;
    bool own;
};

#define NUMBER_LEAST 5u /* digits in a row of a number that is a word's own */
#define JOINS_ASCII  3u /* bytes of a word that may stand between two numbers of one kind: "and", "or", "ref" */
#define JOINS_WIDE   6u /* ... in another script */

/* The token at i, of letters and digits or of another script, its end in *end: whether a number is in it, and whether it is a
 * word of some length. */
static void read_token(struct slice t, size_t i, size_t to, size_t *end, bool *number, bool *word)
{
    const bool wide = (unsigned char)t.p[i] >= 0x80;
    bool digit = false;
    size_t k = i, run = 0;
    for (; k < to && (wide ? (unsigned char)t.p[k] >= 0x80 : is_alnum((unsigned char)t.p[k])); k++) {
        const bool d = t.p[k] >= '0' && t.p[k] <= '9';
        run = d ? run + 1 : 0;
        digit |= d;
        if (run >= NUMBER_LEAST) *number = true;
    }
    *word = !digit && k - i > (wide ? JOINS_WIDE : JOINS_ASCII);
    *end = k;
}

/* Whether what stands between a word's end and a value leaves the value to the word: no number behind it in its line and then
 * other words. The heads of tables have none, and in "accounts 4711001 and 4711002" nothing comes between. */
static bool is_left(struct slice t, size_t from, size_t to)
{
    bool number = false, word = false;
    for (size_t i = from, end; i < to; i = end) {
        if (t.p[i] == '\n' && !number) return true;
        const bool had = number;
        read_token(t, i, to, &end, &number, &word);
        if (had && word) return false;
        if (end == i) end++;
    }
    return true;
}

static bool is_in(struct slice t, const struct place *in, size_t start, size_t end)
{
    if (start < in->lo || end > in->hi) return false;
    return start >= in->end || (end <= in->start && (!in->own || is_left(t, end, in->start)));
}

static bool page_has(const struct detect_scratch *s, const struct page *p, uint16_t rule, const struct place *in)
{
    if (p->overflow) return true;
    if (!((p->rules[rule >> 6] >> (rule & 63)) & 1)) return false;
    for (uint32_t i = 0; i < p->count; i++)
        if (is_word_of(s->rs, p->hits[i].word, rule) && is_in(s->text, in, p->hits[i].start, p->hits[i].end)) return true;
    return false;
}

/* The same without a page: for the few that ask where nobody else does. */
static bool place_has(struct detect_scratch *s, uint16_t rule, const struct place *in)
{
    const struct ruleset *rs = s->rs;
    if (s->stats) s->stats->context_bytes += in->hi - in->lo;
    for (size_t at = in->lo; at < in->hi;) {
        size_t n = lexicon_find(rs->context, s->text, at, in->hi, s->lexicon_hits, &at);
        for (size_t i = 0; i < n; i++) {
            const struct lexicon_hit *h = &s->lexicon_hits[i];
            const struct context_word *w = &rs->words[h->word];
            if (is_word_of(rs, h->word, rule) && is_whole(s->text, w, h->start) &&
                is_in(s->text, in, h->start, h->start + w->len))
                return true;
        }
    }
    return false;
}

#define WINDOWS     4u   /* looks at parts of a page that cost as much as all of it */
#define WINDOW_MOST 640u /* bytes of one; a token and what is near by is less */

/* True if a word of the rule stands there. */
static bool word_between(struct detect_scratch *s, uint16_t rule, struct place in)
{
    uint32_t first = (uint32_t)(in.lo / PAGE_BYTES), n = first;
    struct page *p = page_slot(s, first);
    if (!p->loaded && in.hi - in.lo <= WINDOW_MOST && p->windows++ < WINDOWS) return place_has(s, rule, &in);
    for (; (size_t)n * PAGE_BYTES < in.hi; n++) /* a page has the words that start in it */
        if (page_has(s, page_load(s, n), rule, &in)) return true;
    return false;
}

bool context_near(struct detect_scratch *s, uint16_t rule, size_t start, size_t end)
{
    const struct crule *r = &s->rs->rules[rule];
    if (!s->rs->context) return false;
    size_t lo = start > s->seg_lo + r->before ? start - r->before : s->seg_lo;
    size_t hi = end + r->after < s->seg_hi ? end + r->after : s->seg_hi;
    return word_between(s, rule, (struct place){lo, hi, start, end, r->own});
}

#define VALUE_LONG 400u /* more than any token has that triggers a rule */

bool context_possible(struct detect_scratch *s, uint16_t rule, size_t at)
{
    const struct crule *r = &s->rs->rules[rule];
    if (!r->needs || !s->rs->context) return true;
    size_t lo = at > r->before ? at - r->before : 0, hi = at + VALUE_LONG + r->after;
    return word_between(s, rule, (struct place){lo, hi < s->text.n ? hi : s->text.n, 0, 0, false});
}

#define CROWD 24u /* sets of rules that would be less work with the words of the page */

bool context_crowded(struct detect_scratch *s, size_t at)
{
    struct page *p = page_slot(s, (uint32_t)(at / PAGE_BYTES));
    return p->loaded || p->asked++ >= CROWD;
}

#define NUMBER_LONG 96u /* bytes of the longest number, its extension included */
#define NUMBER_LEAD 32u /* ... of what may stand before its first digit */

/* How far a word may stand from a number's first digit: where it begins before it, where it ends behind it. */
static size_t reach_before(const struct ruleset *rs) { return rs->widest_before + NUMBER_LEAD; }
static size_t reach_behind(const struct ruleset *rs) { return rs->widest_after + NUMBER_LONG; }

/* Adds the rules that need a word near by. */
static void add_near(const struct numbers *t, struct bits *into, const struct bits *set)
{
    for (size_t k = t->near_word; k * 64 < t->count; k++) into->w[k] |= set->w[k];
}

static bool any_near(const struct numbers *t, const struct bits *set)
{
    uint64_t any = 0;
    for (size_t k = t->near_word; k * 64 < t->count; k++) any |= set->w[k];
    return any != 0;
}

/* Enters the words of page q into the granules of page p that they are near to. */
static void spread_words(const struct ruleset *rs, struct page *p, const struct page *q)
{
    size_t base = (size_t)p->number * PAGE_BYTES, before = reach_before(rs), behind = reach_behind(rs);
    if (q->overflow) {
        for (size_t g = 0; g < GRANULES; g++) p->near[g] = rs->numbers->all;
        return;
    }
    for (uint32_t i = 0; i < q->count; i++) {
        const struct word_hit *h = &q->hits[i];
        const struct bits *near = &rs->word_near[h->word];
        if (h->start + before < base || h->end > base + PAGE_BYTES + behind || !any_near(rs->numbers, near)) continue;
        size_t last = (h->start + before - base) / GRANULE, first = 0;
        if (h->end > base + behind) first = (h->end - base - behind) / GRANULE;
        for (size_t g = first; g <= last && g < GRANULES; g++) add_near(rs->numbers, &p->near[g], near);
    }
}

static void spread_all(struct page *p, size_t first, size_t to, const struct bits *all)
{
    for (size_t g = first; g < to; g++) p->near[g] = *all;
}

static bool is_loaded(const struct detect_scratch *s, uint32_t number)
{
    const struct page *p = &s->page[number % PAGES];
    return p->number == number && p->loaded;
}

const struct page *context_page(struct detect_scratch *s, size_t at)
{
    const struct ruleset *rs = s->rs;
    uint32_t number = (uint32_t)(at / PAGE_BYTES);
    struct page *p = &s->page[number % PAGES];
    if (!is_loaded(s, number)) return NULL;
    bool before = number == 0 || (is_loaded(s, number - 1) && (number == 1 || reach_before(rs) <= PAGE_BYTES));
    size_t next = (size_t)(number + 1) * PAGE_BYTES; /* words farther off than a page are not asked about here */
    bool behind = next >= s->text.n ||
                  (is_loaded(s, number + 1) && (next + PAGE_BYTES >= s->text.n || reach_behind(rs) <= PAGE_BYTES));
    uint8_t spread = (uint8_t)(SPREAD_DONE | (before ? SPREAD_BEFORE : 0) | (behind ? SPREAD_BEHIND : 0));
    if (p->spread == spread) return p;
    p->spread = spread;
    spread_all(p, 0, GRANULES, &rs->numbers->alone);
    spread_words(rs, p, p);
    if (is_loaded(s, number + 1)) spread_words(rs, p, &s->page[(number + 1) % PAGES]);
    if (number && before) spread_words(rs, p, &s->page[(number - 1) % PAGES]);
    size_t far = (reach_before(rs) + GRANULE - 1) / GRANULE;
    if (!before) spread_all(p, 0, far < GRANULES ? far : GRANULES, &rs->numbers->all);
    far = (reach_behind(rs) + GRANULE - 1) / GRANULE;
    if (!behind) spread_all(p, far < GRANULES ? GRANULES - far : 0, GRANULES, &rs->numbers->all);
    p->bare = 0;
    for (size_t g = 0; g < GRANULES; g++) p->bare |= (uint32_t)!any_near(rs->numbers, &p->near[g]) << g;
    return p;
}

void context_load(struct detect_scratch *s, size_t at)
{
    uint32_t number = (uint32_t)(at / PAGE_BYTES);
    if (!s->rs->context) return;
    if (number) (void)page_load(s, number - 1);
    (void)page_load(s, number);
    if ((size_t)(number + 1) * PAGE_BYTES < s->text.n) (void)page_load(s, number + 1);
}

const struct bits *context_numbers(struct detect_scratch *s, size_t at)
{
    const struct ruleset *rs = s->rs;
    uint32_t number = (uint32_t)(at / PAGE_BYTES);
    size_t in = at % PAGE_BYTES / GRANULE * GRANULE;
    if (!rs->context) return &rs->numbers->alone;
    (void)page_load(s, number);
    if (number && in < reach_before(rs)) (void)page_load(s, number - 1);
    if (in + GRANULE + reach_behind(rs) > PAGE_BYTES && (size_t)(number + 1) * PAGE_BYTES < s->text.n)
        (void)page_load(s, number + 1);
    return &context_page(s, at)->near[at % PAGE_BYTES / GRANULE];
}

const struct bits *context_window(struct detect_scratch *s, size_t at)
{
    const struct ruleset *rs = s->rs;
    struct page *p = page_slot(s, (uint32_t)(at / PAGE_BYTES));
    if (!rs->context || p->loaded || p->windows++ >= WINDOWS) return context_numbers(s, at);
    size_t from = at > reach_before(rs) ? at - reach_before(rs) : 0;
    size_t to = s->text.n - at > reach_behind(rs) ? at + reach_behind(rs) : s->text.n;
    if (s->stats) s->stats->context_bytes += to - from;
    s->window = rs->numbers->alone;
    while (from < to) {
        size_t n = lexicon_find(rs->context, s->text, from, to, s->lexicon_hits, &from);
        for (size_t i = 0; i < n; i++) {
            const struct lexicon_hit *h = &s->lexicon_hits[i];
            if (is_whole(s->text, &rs->words[h->word], h->start)) add_near(rs->numbers, &s->window, &rs->word_near[h->word]);
        }
    }
    return &s->window;
}
