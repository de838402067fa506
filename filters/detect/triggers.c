/* Structural triggers: what the vector pass found of numbers, '@', colon groups and tokens is looked at with tables of
 * bytes, and what may begin a match of some rule is confirmed there. */
#include "filters/detect/scan.h"

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

unsigned triggers_wanted(const struct ruleset *rs)
{
    static const unsigned want[TABLE_COUNT] = {STRUCTURE_NUMBERS, STRUCTURE_NUMBERS, STRUCTURE_AT, STRUCTURE_COLON,
                                               STRUCTURE_TOKENS};
    unsigned w = 0;
    for (int k = 0; k < TABLE_COUNT; k++)
        if (rs->table[k].count) w |= want[k];
    return w;
}

void triggers_scan(struct detect_scratch *s, size_t from, size_t to, unsigned want)
{
    structure_find(s->text, from, to, want, s->rs->looks, s->structure);
    const struct structure *st = s->structure;
    if (!meter_add(s->meter, WORK_TRIGGER * (st->numbers + st->ats + st->colons + st->tokens))) s->err = ERR_NOT_SCANNED;
    scan_numbers(s);
    scan_ats(s);
    scan_colons(s);
    scan_tokens(s);
}
