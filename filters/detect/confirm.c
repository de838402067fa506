/* Confirmation: PCRE2 anchored at a trigger, on a capped subject, under match limits; then what a regex cannot say:
 * entropy, validators, allow-lists, words near by. */
#include "filters/detect/scan.h"

#include <x86intrin.h>

#define MATCH_UNIT 32u  /* bytes of a match that cost as much as a try: what checks it reads it again */
#define LINE_LOOK  512u /* of an allow-list that looks at the line */

/* --- the piece of text between gaps */

static bool is_gap(struct slice t, size_t at) { return at > 0 && at + 1 < t.n && t.p[at - 1] == '\n' && t.p[at + 1] == '\n'; }

/* The first gap from `at` on, or the text's end. */
static size_t gap_from(struct slice t, size_t at)
{
    while (at < t.n) {
        const char *p = memchr(t.p + at, 0x1e, t.n - at);
        if (!p || is_gap(t, (size_t)(p - t.p))) return p ? (size_t)(p - t.p) : t.n;
        at = (size_t)(p - t.p) + 1;
    }
    return t.n;
}

/* Where the piece begins that ends at `at` or behind it. */
static size_t piece_begin(struct slice t, size_t at)
{
    while (at > 0) {
        const char *p = memrchr(t.p, 0x1e, at);
        if (!p || is_gap(t, (size_t)(p - t.p))) return p ? (size_t)(p - t.p) + 1 : 0;
        at = (size_t)(p - t.p);
    }
    return 0;
}

/* The first gaps of the text are looked for once: every pass over it asks for them again. */
static void list_gaps(struct detect_scratch *s)
{
    struct gaps *g = &s->gaps;
    g->count = g->next = 0;
    for (g->end = 0; g->end < s->text.n;) {
        size_t at = gap_from(s->text, g->end);
        g->end = at;
        if (at == s->text.n || g->count == GAPS) break;
        g->at[g->count++] = (uint32_t)at;
        g->end++;
    }
    g->known = true;
}

void scan_segment(struct detect_scratch *s, size_t at)
{
    if (at >= s->seg_lo && at < s->seg_hi) return;
    struct gaps *g = &s->gaps;
    if (!g->known) list_gaps(s);
    while (g->next < g->count && g->at[g->next] < at) g->next++;
    while (g->next > 0 && g->at[g->next - 1] >= at) g->next--;
    if (at > g->end) s->seg_lo = piece_begin(s->text, at);
    else s->seg_lo = g->next ? g->at[g->next - 1] + 1 : 0;
    if (g->next < g->count) s->seg_hi = g->at[g->next];
    else s->seg_hi = gap_from(s->text, at > g->end ? at : g->end);
}

/* --- findings */

void scan_found(struct detect_scratch *s, uint16_t rule, size_t start, size_t end, uint16_t score)
{
    if (s->err) return;
    s->err = findings_add(s->out, (struct finding){(uint32_t)start, (uint32_t)end, rule, score});
    if (s->stats && s->stats->rule) s->stats->rule[rule].findings++;
}

/* --- PCRE2 */

#define NO_LIMIT PCRE2_UNSET

/* A match, no match, or a failure: in s->err, never taken for "clean". */
static int match(struct detect_scratch *s, const pcre2_code *code, bool jit, struct slice subject, size_t at, size_t limit)
{
    int rc = 0;
    for (int patient = 0; patient < 2; patient++) {
        pcre2_match_context *mc = patient ? s->patient : s->quick;
        if (limit != NO_LIMIT) (void)pcre2_set_offset_limit(mc, limit);
        s->budget -= patient ? 256 : 1;
        if (!meter_add(s->meter, patient ? WORK_PATIENT : WORK_TRY) || (patient && !meter_ask(s->meter))) s->budget = -1;
        if (s->stats) s->stats->tries++;
        if (jit) rc = pcre2_jit_match(code, (PCRE2_SPTR)subject.p, subject.n, at, 0, s->md, mc);
        else rc = pcre2_match(code, (PCRE2_SPTR)subject.p, subject.n, at, 0, s->md, mc);
        if (limit != NO_LIMIT) (void)pcre2_set_offset_limit(mc, PCRE2_UNSET);
        if (rc != PCRE2_ERROR_MATCHLIMIT) break;
    }
    if (s->budget < 0 || rc < PCRE2_ERROR_PARTIAL) s->err = ERR_NOT_SCANNED;
    return s->err ? PCRE2_ERROR_NOMATCH : rc;
}

/* Spans of a match, in the text. */
struct spans {
    size_t start, end; /* the value */
    size_t match_start, match_end;
};

static bool take_spans(struct detect_scratch *s, const struct crule *r, int rc, size_t base, struct spans *out)
{
    const PCRE2_SIZE *ov = pcre2_get_ovector_pointer(s->md);
    uint32_t groups = rc > 0 ? (uint32_t)rc : pcre2_get_ovector_count(s->md);
    uint32_t g = r->group;
    if (ov[1] < ov[0]) return false; /* \K in a lookahead */
    if (g >= groups || (g && (ov[2 * g] == PCRE2_UNSET || ov[2 * g] >= ov[2 * g + 1]))) g = 0;
    for (uint32_t i = 1; !g && i < groups; i++)
        if (ov[2 * i] != PCRE2_UNSET && ov[2 * i] < ov[2 * i + 1]) g = i;
    *out = (struct spans){base + ov[2 * g], base + ov[2 * g + 1], base + ov[0], base + ov[1]};
    return out->start < out->end;
}

/* --- what a regex cannot say */

static int on_stopword(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
    (void)id, (void)from, (void)to, (void)flags;
    *(bool *)arg = true;
    return 1;
}

static struct slice line_of(struct slice t, const struct spans *sp)
{
    size_t lo = sp->match_start > LINE_LOOK ? sp->match_start - LINE_LOOK : 0;
    size_t hi = t.n - sp->match_end > LINE_LOOK ? sp->match_end + LINE_LOOK : t.n;
    const char *before = memrchr(t.p + lo, '\n', sp->match_start - lo),
               *behind = memchr(t.p + sp->match_end, '\n', hi - sp->match_end);
    if (before) lo = (size_t)(before - t.p) + 1;
    if (behind) hi = (size_t)(behind - t.p);
    return slice_of(t.p + lo, hi - lo);
}

/* Whether one of an allow-list's expressions matches. What was said of a line last is remembered: many values of one rule
 * stand in one line. */
static bool allowed_regex(struct detect_scratch *s, const struct allow *a, struct slice target)
{
    struct line_said *m = &s->line;
    if (a->target == 2 && m->allow == a && m->line.p == target.p && m->line.n == target.n) return m->allowed;
    bool found = false;
    for (size_t i = 0; i < a->regex_count && !s->err && !found; i++) {
        size_t from;
        if (!allow_begins(&a->begins[i], target, &from)) continue;
        int rc = pcre2_match(a->regexes[i], (PCRE2_SPTR)target.p, target.n, from, 0, s->md, s->patient);
        if (rc < PCRE2_ERROR_PARTIAL) s->err = ERR_NOT_SCANNED;
        found = rc >= 0;
    }
    if (a->target == 2) *m = (struct line_said){a, target, found};
    return found;
}

static bool allowed(struct detect_scratch *s, const struct allow *a, const struct spans *sp)
{
    struct slice value = slice_of(s->text.p + sp->start, sp->end - sp->start), target = value;
    if (a->target == 1) target = slice_of(s->text.p + sp->match_start, sp->match_end - sp->match_start);
    else if (a->target == 2) target = line_of(s->text, sp);
    if (a->regex_count && allowed_regex(s, a, target)) return true;
    bool stop = false;
    if (a->stopwords) {
        hs_error_t rc = hs_scan(a->stopwords, value.p, (unsigned)value.n, 0, s->stopwords, on_stopword, &stop);
        if (rc != HS_SUCCESS && rc != HS_SCAN_TERMINATED) s->err = ERR_NOT_SCANNED;
    }
    return stop;
}

/* Takes what stands before the value on its line into the match. False if it does not stand there. */
static bool take_front(struct detect_scratch *s, const struct crule *r, struct spans *sp)
{
    size_t lo = sp->start > s->seg_lo + FRONT_MOST ? sp->start - FRONT_MOST : s->seg_lo;
    const char *line = memrchr(s->text.p + lo, '\n', sp->start - lo);
    if (line) lo = (size_t)(line - s->text.p) + 1;
    while (lo < sp->start && ((unsigned char)s->text.p[lo] & 0xc0) == 0x80) lo++;
    if (match(s, r->front, r->jit_front, slice_of(s->text.p + lo, sp->start - lo), 0, NO_LIMIT) < 0) return false;
    sp->start = sp->match_start = lo + pcre2_get_ovector_pointer(s->md)[0];
    return true;
}

/* --- base64 in lines before a value */

#define LINE_LEAST  32u /* of one that is whole */
#define PIECE_LEAST 16u /* of a piece of one that stands alone */
#define SPACE_MOST  64u /* between two lines, margins included */
#define ENDS_MOST   2u  /* short lines at the end: PGP has one with a sum there */

static bool is_base64(char c) { return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '+' || c == '/'; }

/* Where what may stand between two lines begins that ends at `at`: line ends, written ones too, quotes, margins. */
static size_t space_begin(const char *p, size_t lo, size_t at)
{
    const size_t end = at;
    while (at > lo && end - at < SPACE_MOST) {
        const char c = p[at - 1];
        const bool literal = (c == 'n' || c == 'r') && at > lo + 1 && p[at - 2] == '\\';
        const bool added = c == '+' && at > lo + 1 && at < end && !is_base64(p[at - 2]);
        if (literal) at -= 2;
        else if (added || (c && strchr(" \t\r\n\\\"'`>|,;#*", c))) at--;
        else break;
    }
    return at;
}

/* Where a line of base64 begins that ends at `at`, its padding taken off; *n: how long it is. */
static size_t line_begin(const char *p, size_t lo, size_t at, size_t *n)
{
    size_t begin = at;
    for (int k = 0; k < 2 && begin > lo && p[begin - 1] == '='; k++) begin--;
    while (begin > lo && is_base64(p[begin - 1])) begin--;
    *n = at - begin;
    return begin;
}

/* More than a word. */
static bool is_piece(struct slice t)
{
    bool digit = false;
    for (size_t i = 0; i < t.n && !digit; i++) digit = t.p[i] >= '0' && t.p[i] <= '9';
    return digit && entropy_shannon(t) > 3;
}

/* Takes base64 in lines before the value into it: the last line may be short, and the first may have been cut. Walks back
 * once over each byte, as another value ends the walk. False if there is none. */
static bool take_lines(struct detect_scratch *s, struct spans *sp)
{
    const char *p = s->text.p;
    const size_t lo = sp->start > s->seg_lo + LINES_MOST ? sp->start - LINES_MOST : s->seg_lo;
    size_t begin = sp->start, at = begin, n;
    for (unsigned lines = 0, ends = 0;;) {
        const size_t behind = at, end = space_begin(p, lo, at);
        at = line_begin(p, lo, end, &n);
        if (!n || (end == behind && behind < sp->start)) break;
        if (n >= LINE_LEAST) {
            lines++;
            begin = at;
        } else if (lines) {
            if (at == s->seg_lo || n >= PIECE_LEAST || is_piece(slice_of(p + at, n))) begin = at;
            break;
        } else if (++ends > ENDS_MOST) {
            break;
        } else {
            if (n == 4 && at > lo && p[at - 1] == '=') at--;
            if (n >= PIECE_LEAST && is_piece(slice_of(p + at, n))) begin = at;
        }
    }
    if (begin == sp->start) return false;
    sp->start = sp->match_start = begin;
    return true;
}

/* True if the match is a finding; it is added. */
static bool accept(struct detect_scratch *s, uint16_t rule, struct spans *sp)
{
    const struct crule *r = &s->rs->rules[rule];
    struct slice value = slice_of(s->text.p + sp->start, sp->end - sp->start);
    if (s->stats && s->stats->rule) s->stats->rule[rule].matches++;
    if (r->entropy > 0 && entropy_shannon(value) < r->entropy) return false;
    for (size_t i = 0; i < r->validate_count; i++)
        if (!r->validate[i]->ok(value)) return false;
    unsigned score = r->score;
    if (r->has_context) {
        bool near = context_near(s, rule, sp->start, sp->end);
        if (r->require && !near) return false;
        if (near) score = score + r->boost > 1000 ? 1000 : score + r->boost;
    }
    if (score < r->min_score) return false;
    if (r->front && !take_front(s, r, sp)) return false;
    if (r->lines && !take_lines(s, sp)) return false;
    for (size_t i = 0; i < r->allow_count; i++)
        if (allowed(s, &r->allow[i], sp)) return false;
    if (s->err) return false;
    scan_found(s, rule, sp->start, sp->end, (uint16_t)score);
    return true;
}

/* --- entry */

static bool try_once(struct detect_scratch *s, uint16_t rule, bool search, size_t from, size_t limit, struct spans *sp)
{
    const struct crule *r = &s->rs->rules[rule];
    scan_segment(s, from);
    size_t base = from > s->seg_lo + BEHIND ? from - BEHIND : s->seg_lo;
    for (uint32_t cap = r->cap;; cap = CAP_LONG) {
        size_t end = limit + cap < s->seg_hi ? limit + cap : s->seg_hi;
        if (from >= end) return false;
        struct slice subject = slice_of(s->text.p + base, end - base);
        int rc = search ? match(s, r->search, r->jit_search, subject, from - base, limit - base)
                        : match(s, r->anchored, r->jit_anchored, subject, from - base, NO_LIMIT);
        if (rc < 0 || !take_spans(s, r, rc, base, sp)) return false;
        s->budget -= (int64_t)((sp->match_end - sp->match_start) / MATCH_UNIT);
        if (!meter_add(s->meter, WORK_VALUE * (sp->match_end - sp->match_start))) s->budget = -1;
        /* A match that fills a capped subject may go on: once more, with room. */
        if (sp->match_end < end || end == s->seg_hi || cap >= CAP_LONG) return true;
    }
}

static uint64_t cycles(const struct detect_scratch *s) { return s->stats && s->stats->rule ? __rdtsc() : 0; }

static void count(struct detect_scratch *s, uint16_t rule, uint64_t since)
{
    if (!s->stats || !s->stats->rule) return;
    s->stats->rule[rule].tries++;
    s->stats->rule[rule].cycles += __rdtsc() - since;
}

static struct seen *seen_of(struct detect_scratch *s, uint16_t rule)
{
    struct seen *seen = &s->seen[rule];
    if (seen->scan != s->scans) *seen = (struct seen){.scan = s->scans};
    return seen;
}

static void remember(struct seen *seen, const struct spans *sp)
{
    seen->found_from = (uint32_t)sp->match_start;
    seen->found_to = (uint32_t)sp->match_end;
}

bool confirm_anchored(struct detect_scratch *s, uint16_t rule, size_t anchor)
{
    struct seen *seen = seen_of(s, rule);
    if (seen->tried == anchor + 1 || (anchor >= seen->found_from && anchor < seen->found_to)) return false;
    seen->tried = (uint32_t)anchor + 1;
    uint64_t t = cycles(s);
    struct spans sp;
    bool found = try_once(s, rule, false, anchor, anchor, &sp) && accept(s, rule, &sp);
    if (found) remember(seen, &sp);
    count(s, rule, t);
    return found;
}

/* Keywords come in the order of the text one pass at a time only: what another pass searched far away is forgotten. */
static void note_searched(struct seen *seen, size_t from, size_t to)
{
    if (from > seen->searched_to || to < seen->searched_from) {
        seen->searched_from = (uint32_t)from;
        seen->searched_to = (uint32_t)to;
        return;
    }
    if (from < seen->searched_from) seen->searched_from = (uint32_t)from;
    if (to > seen->searched_to) seen->searched_to = (uint32_t)to;
}

bool confirm_search(struct detect_scratch *s, uint16_t rule, size_t from, size_t limit)
{
    struct seen *seen = seen_of(s, rule);
    bool found = false;
    size_t first = from;
    if (from >= seen->searched_from && from < seen->searched_to) from = seen->searched_to;
    if (from >= seen->found_from && from < seen->found_to) from = seen->found_to;
    uint64_t t = cycles(s);
    while (from <= limit && from < s->text.n && !s->err) {
        struct spans sp = {0};
        scan_segment(s, from);
        size_t last = limit < s->seg_hi ? limit : s->seg_hi;
        bool matches = try_once(s, rule, true, from, last, &sp);
        size_t begin = sp.match_start; /* what stands before the value may be taken in */
        if (!matches) {
            from = last + 1;
        } else if (accept(s, rule, &sp)) {
            found = true;
            remember(seen, &sp);
            from = sp.match_end;
        } else {
            from = begin + 1;
        }
    }
    note_searched(seen, first, limit + 1);
    count(s, rule, t);
    return found;
}
