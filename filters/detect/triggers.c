/* Structural triggers: what the vector pass found of numbers, '@', colon groups and tokens is looked at with tables of
 * bytes, and what may begin a match of some rule is confirmed there. */
#include "filters/detect/scan.h"

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
static bool is_hex(char c) { return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

/* --- numbers */

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

/* Takes out the rules whose tail says that they can't match. */
static void keep_tails(const struct numbers *t, struct slice text, size_t anchor, struct bits *m)
{
    for (size_t i = 0; i < TABLE_WORDS; i++)
        for (uint64_t w = m->w[i]; w; w &= w - 1) {
            const struct tail *tail = t->tail[i * 64 + (size_t)__builtin_ctzll(w)];
            if (tail && !tail_may(tail, text.p + anchor, text.n - anchor)) m->w[i] ^= w & -w;
        }
}

/* Those whose number of digits it is not. */
static void keep_counts(const struct numbers *t, struct slice text, size_t digit, struct bits *m)
{
    struct bits by_count = {{0}};
    for (uint32_t c = digit_counts(text, digit); c; c &= c - 1)
        for (size_t i = 0; i < TABLE_WORDS; i++) by_count.w[i] |= t->digits[__builtin_ctz(c)].w[i];
    for (size_t i = 0; i < TABLE_WORDS; i++) m->w[i] &= by_count.w[i];
}

/* Takes out those that need a word near by where there is none. */
static void keep_near(const struct bits *near, struct bits *m)
{
    for (size_t i = 0; i < TABLE_WORDS; i++) m->w[i] &= near->w[i];
}

static uint64_t any_from(const struct bits *m, size_t first)
{
    uint64_t any = 0;
    for (size_t i = first; i < TABLE_WORDS; i++) any |= m->w[i];
    return any;
}

/* Confirms the rules of a set at an anchor: the cheapest questions first. */
static void try_set(struct detect_scratch *s, size_t anchor, size_t digit, struct bits *m)
{
    const struct numbers *t = s->rs->numbers;
    if (any_from(m, t->near_word) && context_crowded(s, digit)) keep_near(context_numbers(s, digit), m);
    keep_tails(t, s->text, anchor, m);
    if (!any_from(m, 0)) return;
    keep_counts(t, s->text, digit, m);
    if (any_from(m, t->near_word)) keep_near(context_window(s, digit), m);
    if (s->stats) s->stats->structural_hits += any_from(m, 0) != 0;
    for (size_t i = 0; i < TABLE_WORDS; i++)
        for (uint64_t w = m->w[i]; w && !s->err; w &= w - 1) {
            uint16_t rule = t->rule[i * 64 + (size_t)__builtin_ctzll(w)];
            if (context_possible(s, rule, anchor)) (void)confirm_anchored(s, rule, anchor);
        }
}

static void try_anchor(struct detect_scratch *s, size_t anchor, size_t digit, const struct bits *only)
{
    struct bits m;
    if (numbers_at(s->rs->numbers, s->text, anchor, only, &m)) try_set(s, anchor, digit, &m);
}

/* At the signs before a number: where they begin, and at the last. */
static void try_signed(struct detect_scratch *s, size_t at, const struct bits *only)
{
    const char *t = s->text.p;
    size_t a = at;
    while (a > 0 && at - a < NUMBER_SIGNS && (t[a - 1] == '+' || t[a - 1] == '(')) a--;
    if (a < at) try_anchor(s, a, at, only);
    if (at - a > 1) try_anchor(s, at - 1, at, only);
}

static size_t letters_before(struct slice t, size_t at, size_t most)
{
    size_t a = at;
    while (a > 0 && at - a <= most && is_letter(t.p[a - 1])) a--;
    return at - a;
}

/* A number so near to an end of the text that nothing is known of it. */
static void try_edge(struct detect_scratch *s, const struct structure_number *v, const struct bits *only)
{
    struct slice t = s->text;
    size_t at = v->at, n;
    bool glued = v->how & NUMBER_GLUED;
    if (glued && (n = letters_before(t, at, NUMBER_LETTERS)) <= NUMBER_LETTERS) try_anchor(s, at - n, at, only);
    try_signed(s, at, only);
    try_anchor(s, at, at, only);
    if (glued || at < 2 || (t.p[at - 1] != ' ' && t.p[at - 1] != '-')) return;
    n = letters_before(t, at - 1, NUMBER_PREFIX);
    if (n > 0 && n <= NUMBER_PREFIX) try_anchor(s, at - 1 - n, at, only);
}

static void try_odd(struct detect_scratch *s, const struct structure_number *v, const struct bits *only)
{
    const struct numbers *t = s->rs->numbers;
    if (v->how & NUMBER_EDGE) {
        try_edge(s, v, only);
        return;
    }
    struct bits m = t->set[t->look[WAY_SIGNED][v->key]];
    for (size_t i = 0; i < TABLE_WORDS; i++) m.w[i] &= only->w[i];
    if (any_from(&m, 0)) try_signed(s, v->at, &m);
}

/* All that may begin, in the order of the text: a match is not looked for inside another of its rule. */
static void try_batch(struct detect_scratch *s, const struct number_asked *q, struct number_batch *b)
{
    struct number_found *plain = b->plain, *lettered = b->lettered;
    const uint32_t *odd = b->odd;
    while (!s->err) {
        uint32_t i = plain->number < lettered->number ? plain->number : lettered->number;
        if (*odd < i) i = *odd;
        if (i == NUMBER_NONE) return;
        const struct structure_number *v = &q->v[i];
        bool glued = v->how & NUMBER_GLUED;
        if (glued && lettered->number == i) try_set(s, v->at - v->letters, v->at, &lettered++->set);
        if (*odd == i) try_odd(s, &q->v[*odd++], q->only);
        if (plain->number == i) try_set(s, v->at, v->at, &plain++->set);
        if (lettered->number == i) try_set(s, v->at - v->letters - 1, v->at, &lettered++->set);
    }
}

#define DENSE 64u /* numbers in a page: its words are looked for first */

/* Rules for the beginning of a text are only asked there, and those that need a word near by only where there is one, if
 * that is known. */
static void scan_numbers(struct detect_scratch *s)
{
    const struct numbers *t = s->rs->numbers;
    struct number_asked q = {.v = s->structure->number, .n = s->structure->numbers};
    struct number_batch *b = s->numbers;
    for (size_t i = 0; i < q.n && !s->err; i = b->next) {
        size_t at = q.v[i].at, end = at / PAGE_BYTES * PAGE_BYTES + PAGE_BYTES;
        scan_segment(s, at);
        size_t beginning = s->seg_lo + NUMBER_START + NUMBER_LETTERS + 1;
        q.only = at < beginning ? &t->all : &t->later;
        q.limit = at < beginning ? beginning : s->seg_hi;
        if (q.limit > end) q.limit = end;
        if (i + DENSE < q.n && q.v[i + DENSE].at < end) context_load(s, at);
        const struct page *page = context_page(s, at);
        q.near = page ? page->near : &t->all;
        q.near_mask = page ? GRANULES - 1 : 0;
        q.bare = page ? page->bare : 0;
        numbers_look(t, s->text, &q, i, b);
        try_batch(s, &q, b);
    }
}

/* --- '@', colons, tokens */

/* Which rules of a table may match at the anchor, by the byte before it and those from it on. */
static uint64_t table_look(struct detect_scratch *s, const struct table *t, size_t anchor)
{
    const unsigned char *p = (const unsigned char *)s->text.p + anchor;
    uint64_t may = ~0ull;
    if (anchor) may = t->prev[anchor > 1 && is_digit((char)p[-2])][p[-1]];
    if (anchor > NUMBER_START && (may & t->at_start) && (scan_segment(s, anchor), anchor - s->seg_lo > NUMBER_START))
        may &= ~t->at_start;
    size_t n = s->text.n - anchor < SHAPE_FRONT ? s->text.n - anchor : SHAPE_FRONT;
    for (size_t k = 0; k < n && may; k++) may &= t->front[k][p[k]];
    return may;
}

static void table_confirm(struct detect_scratch *s, const struct table *t, size_t anchor, uint64_t may)
{
    if (s->stats) s->stats->structural_hits++;
    for (; may && !s->err; may &= may - 1) {
        uint16_t rule = t->rule[__builtin_ctzll(may)];
        if (context_possible(s, rule, anchor)) (void)confirm_anchored(s, rule, anchor);
    }
}

static void try_table(struct detect_scratch *s, const struct table *t, size_t anchor)
{
    uint64_t may = table_look(s, t, anchor);
    if (may) table_confirm(s, t, anchor, may);
}

#define LOCAL_MAX 64u

static bool is_local(unsigned char c)
{
    return is_digit((char)c) || is_letter((char)c) || c == '.' || c == '_' || c == '-' || c == '+' || c == '%' || c == '\'';
}

/* Rules of '@' that what follows it allows. */
static void try_at(struct detect_scratch *s, const struct table *t, size_t anchor, size_t at)
{
    uint64_t may = table_look(s, t, anchor);
    for (uint64_t w = may; w; w &= w - 1) {
        const struct tail *behind = t->behind[__builtin_ctzll(w)];
        if (behind && !tail_may(behind, s->text.p + at + 1, s->text.n - at - 1)) may ^= w & -w;
    }
    if (may) table_confirm(s, t, anchor, may);
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
        if (wide < a) try_at(s, t, wide, at);
        while (a < at && !is_digit((char)p[a]) && !is_letter((char)p[a]) && p[a] != '_') a++;
        if (a < at) try_at(s, t, a, at);
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

/* Rules that know a byte far behind, and it is another one. */
static uint64_t keep_far(const struct table *t, struct slice text, size_t at, uint64_t may)
{
    for (uint64_t w = may & t->far; w; w &= w - 1) {
        unsigned i = (unsigned)__builtin_ctzll(w);
        size_t place = at + t->place[i].at;
        if (place < text.n && !byteset_has(&t->place[i].set, (unsigned char)text.p[place])) may ^= w & -w;
    }
    return may;
}

static void scan_tokens(struct detect_scratch *s)
{
    const struct table *t = &s->rs->table[TABLE_ENTROPY];
    for (size_t i = 0; i < s->structure->tokens && !s->err; i++) {
        size_t at = s->structure->token[i].start, len = s->structure->token[i].len;
        if (len > TOKEN_MAX || !t->run[len]) continue;
        struct slice token = slice_of(s->text.p + at, len);
        uint64_t may = table_look(s, t, at) & t->run[len];
        if (!may) continue;
        const struct structure_bytes has = structure_bytes(token, TOKEN_EXTRAS);
        may &= t->extra[has.extras] & (has.extras ? ~0ull : t->plain[len]) & t->kinds[has.kinds];
        if (may) may = keep_far(t, s->text, at, may);
        if (may && structure_rare(token)) table_confirm(s, t, at, may);
    }
}

/* --- names */

_Static_assert(STRUCTURE_BLOCK <= NAMES_BLOCK, "a block's names find room");

static void scan_names(struct detect_scratch *s, size_t from, size_t to)
{
    const struct ruleset *rs = s->rs;
    uint32_t found[NAMES_ROOM];
    if (!rs->names) return;
    size_t n = names_find(rs->names, s->text, from, to, found);
    if (!meter_add(s->meter, WORK_TRIGGER * n)) s->err = ERR_NOT_SCANNED;
    if (s->stats) s->stats->structural_hits += n;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < rs->named_count && !s->err; k++) {
            s->seen[rs->named[k]].found_to = 0; /* of three words the last two are a name too: all is to be covered */
            (void)confirm_anchored(s, rs->named[k], found[i]);
        }
}

/* --- entry */

unsigned triggers_wanted(const struct ruleset *rs)
{
    static const unsigned want[TABLE_COUNT] = {STRUCTURE_AT, STRUCTURE_COLON, STRUCTURE_TOKENS};
    unsigned w = (rs->numbers ? STRUCTURE_NUMBERS : 0u) | (rs->names ? STRUCTURE_AT : 0u);
    for (int k = 0; k < TABLE_COUNT; k++)
        if (rs->table[k].count) w |= want[k];
    return w;
}

void triggers_scan(struct detect_scratch *s, size_t from, size_t to, unsigned want)
{
    structure_find(s->text, from, to, want, s->structure);
    const struct structure *st = s->structure;
    if (!meter_add(s->meter, WORK_NUMBER * st->numbers + WORK_TRIGGER * (st->ats + st->colons + st->tokens)))
        s->err = ERR_NOT_SCANNED;
    scan_numbers(s);
    scan_ats(s);
    scan_colons(s);
    scan_tokens(s);
    scan_names(s, from, to);
}
