/* Nearly all line ends lie between words, and words are told by counting bits: a row of words from the break on, however many
 * lines it has, holds no value. What is left is looked at byte by byte. */
#include "filters/text/breaks.h"

#include <string.h>

#define LEAF static inline __attribute__((always_inline)) /* made anew for each processor */

#define WORDS         32u /* of a row at a step */
#define WHITE_MOST    64u
#define TAG_MOST      64u
#define COMMENT_LEAST 7u
#define MARKS_MOST    128u /* bytes of emphasis and tags in a row */
#define MARGIN_MOST   3u
#define HOPS_MOST     8u  /* lines of one word each */
#define TOGETHER      9u  /* bytes: two pieces that are shorter together are no value, if not of one number */
#define WORDS_MOST    24u /* two words are no longer */
#define WORD_LEAST    4u
#define CASES_LEAST   6u /* changes between small letters and capitals (gather_join.c) */
#define CHANGES_FEW   2u /* of case: a word has fewer */
#define STAMP_MOST    64 /* bytes of a margin, and of what stands before it */
#define GROUPS_MOST   32 /* of a number behind it */
#define LINE_MOST     256u
#define TOKEN_MOST    512u
#define URL_HEAD      10
#define RECORD_ALIKE  3 /* bytes that two lines go on with behind their margins: each is a record of its own */

enum {
    CUT = 1,       /* line feed, emphasis, a tag: a token may be broken here */
    QUOTE = 2,     /* ... or here */
    SLASH = 4,     /* ... or here: backslash, carriage return */
    MARGIN = 8,    /* a list's, a comment's or a table's mark */
    GROUP = 16,    /* between groups of a number */
    FIGURE = 32,   /* a digit */
    EMPHASIS = 64, /* and tags */
    STAMP = 128,   /* what a line may begin with that has a margin of its own */
};
static uint8_t classes[256];

__attribute__((constructor)) static void make_classes(void)
{
    static const struct {
        const char *bytes;
        uint8_t bits;
    } rows[] = {
        {"\n", CUT},
        {"`*~<", CUT | EMPHASIS},
        {"\"'", QUOTE},
        {"\\\r", SLASH},
        {" ()", GROUP},
        {"-*+#/|", MARGIN | STAMP},
        {"0123456789", FIGURE | STAMP},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZ[;", STAMP},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (const char *p = rows[i].bytes; *p; p++) classes[(unsigned char)*p] |= rows[i].bits;
}

struct rows {
    struct slice text;
    const uint64_t *token, *digit, *change, *white, *gap;
};

LEAF unsigned ones(uint64_t x) { return ~x ? (unsigned)__builtin_ctzll(~x) : 64; }
LEAF unsigned ones_above(uint64_t x) { return ~x ? (unsigned)__builtin_clzll(~x) : 64; }
LEAF unsigned count(uint64_t x) { return (unsigned)__builtin_popcountll(x); }

LEAF unsigned class_at(const struct rows *r, size_t i) { return i < r->text.n ? classes[(unsigned char)r->text.p[i]] : 0; }
LEAF bool is_byte(const struct rows *r, size_t i, char c) { return i < r->text.n && r->text.p[i] == c; }

static inline bool is_white(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static inline size_t skip_white(struct slice s, size_t i)
{
    const size_t most = s.n - i < WHITE_MOST ? s.n : i + WHITE_MOST;
    while (i < most && is_white(s.p[i])) i++;
    return i;
}

size_t breaks_literal(struct slice s, size_t i)
{
    size_t k = skip_white(s, i + 1);
    const bool next = k + 1 < s.n && s.p[k] == '\\' && (s.p[k + 1] == '\n' || s.p[k + 1] == '\r');
    if (k < s.n && (s.p[k] == '+' || s.p[k] == '.' || s.p[k] == '&' || next)) k++;
    if (k < s.n && s.p[k] == '.' && s.p[k - 1] == '.') k++;
    k = skip_white(s, k);
    return k > i + 1 && k < s.n && s.p[k] == s.p[i] ? k + 1 : i;
}

/* Behind the white space that a line begins with at k, and a list's or a comment's mark; SIZE_MAX: too far. */
LEAF size_t line_begin(const struct rows *r, size_t k)
{
    const unsigned white = ones(bits_from(r->white, k));
    if (white == 64) return SIZE_MAX;
    k += white;
    size_t list = k;
    while (list - k < MARGIN_MOST && class_at(r, list) & MARGIN) list++;
    return list > k && is_byte(r, list, ' ') ? list + 1 : k;
}

/* ---- words ------------------------------------------------------------------------------------------------- */

/* Whether the row of pieces goes on behind the piece that ends at `end`, as far as is told from there: 1: at a line end, 0: not,
 * -1: maybe. */
LEAF int goes_on(const struct rows *r, size_t end)
{
    const unsigned c = class_at(r, end);
    if (!(c & (CUT | QUOTE | SLASH | GROUP))) return 0;
    if (c & QUOTE) return breaks_literal(r->text, end) > end ? -1 : 0;
    if (c & GROUP) return class_at(r, end + 1) & (CUT | SLASH | GROUP | FIGURE) ? -1 : 0;
    return is_byte(r, end, '\n') || (is_byte(r, end, '\r') && is_byte(r, end + 1, '\n')) ? 1 : -1;
}

/* True if pieces from the line end at i on are sure to be words only. */
LEAF bool is_words(const struct rows *r, size_t i)
{
    const size_t first = i - (r->text.p[i - 1] == '\r');
    const unsigned n0 = ones_above(bits_before(r->token, first));
    if (n0 == 0) return first && r->text.p[first - 1] == '\n'; /* an empty line */
    if (n0 == 64) return false;
    const uint64_t own = ~0ull << (64 - n0);
    if (bits_before(r->digit, first) & own) return false;
    unsigned changes = count(bits_before(r->change, first) & own);
    for (unsigned hop = 0; hop < HOPS_MOST; hop++) {
        const size_t k = line_begin(r, i + 1);
        if (k == SIZE_MAX || class_at(r, k) & EMPHASIS) return false;
        const unsigned n = ones(bits_from(r->token, k));
        if (n == 64) return false;
        if (n == 0) return hop == 0 || (changes < CASES_LEAST && !(class_at(r, k) & (GROUP | MARGIN)));
        const uint64_t piece = (1ull << n) - 1;
        if (bits_from(r->digit, k) & piece) return false;
        changes += count(bits_from(r->change, k) & piece);
        const int more = goes_on(r, k + n);
        const bool few = hop == 0 && n0 + n < WORDS_MOST && !(class_at(r, k + n) & (CUT | QUOTE | SLASH));
        if (!more || few) return few || changes < CASES_LEAST;
        if (more < 0) return false;
        i = k + n + is_byte(r, k + n, '\r');
    }
    return false;
}

/* True of a line end or of emphasis behind a word, if up to the next gap there are only words: most are so, and this is asked
 * without a branch. A row has others before it: what is read of them can only make a word longer. */
LEAF bool is_prose(const struct rows *r, size_t i)
{
    const char c = r->text.p[i];
    const size_t first = i - (r->text.p[i - 1] == '\r'), k = i + 1 + (c != '\n' && is_byte(r, i + 1, c)); /* two signs are one */
    const uint64_t token = bits_near_before(r->token, first), gap = bits_near(r->gap, k);
    const unsigned n = ones_above(token);
    const uint64_t own = ~0ull << (64 - n) % 64, next = (gap & -gap) - 1;
    const uint64_t odd = (bits_near_before(r->digit, first) & own) | (bits_near(r->digit, k) & next);
    const unsigned changes = count(bits_near_before(r->change, first) & own), more = count(bits_near(r->change, k) & next);
    const bool word = (n - 1 < BITS_NEAR - 1) & (changes < CHANGES_FEW),
               kind = (c == '\n') | (c == '*') | (c == '`') | (c == '~');
    return kind & word & (gap != 0) & (odd == 0) & (changes + more < CASES_LEAST);
}

/* ---- what is left ------------------------------------------------------------------------------------------ */

/* Where the tag at i ends; i if there is none. */
static size_t behind_tag(const struct rows *r, size_t i)
{
    const size_t n = r->text.n - i < TAG_MOST ? r->text.n - i : TAG_MOST;
    if (n < 3) return i;
    const char *p = r->text.p + i, c = (char)((p[1] == '/' ? p[2] : p[1]) | 32);
    const bool comment = n >= COMMENT_LEAST && p[1] == '!'; /* there may be tags in it */
    const char *end = NULL;
    if (comment) end = memmem(p + 4, n - 4, "-->", 3);
    else if (c >= 'a' && c <= 'z') end = memchr(p, '>', n);
    return end ? (size_t)(end - r->text.p) + (comment ? 3 : 1) : i;
}

/* Behind emphasis and tags; SIZE_MAX: too far. (Each tag of a row of them may have a break in it.) */
LEAF size_t behind_marks(const struct rows *r, size_t i)
{
    for (const size_t first = i; class_at(r, i) & EMPHASIS;) {
        if (i - first >= MARKS_MOST) return SIZE_MAX;
        const size_t k = is_byte(r, i, '<') ? behind_tag(r, i) : i + 1;
        if (k == i) return i;
        i = k;
    }
    return i;
}

/* Where the break at i ends: marks of emphasis, or a line end with what may stand round it. SIZE_MAX: too far. */
LEAF size_t behind_break(const struct rows *r, size_t i)
{
    i = behind_marks(r, i);
    if (i == SIZE_MAX) return i;
    size_t k = i;
    if (is_byte(r, k, '\\')) k++;
    if (is_byte(r, k, '\r')) k++;
    if (!is_byte(r, k, '\n')) return i;
    k = line_begin(r, k + 1);
    return k == SIZE_MAX ? k : behind_marks(r, k);
}

/* Whether the token that ends before i has no digit. */
static bool is_plain(const struct rows *r, size_t i)
{
    unsigned n;
    do {
        n = ones_above(bits_before(r->token, i));
        if (n && bits_before(r->digit, i) & ~0ull << (64 - n)) return false;
        i -= n;
    } while (n == 64);
    return true;
}

static inline bool is_blank(char c) { return c == ' ' || c == '\t'; }
static inline bool is_figure(char c) { return c >= '0' && c <= '9'; }
static inline bool is_small(char c) { return c >= 'a' && c <= 'z'; }
static inline bool is_letter(char c) { return is_small((char)(c | 32)); }
static inline bool is_group(char c) { return is_figure(c) || (c >= 'A' && c <= 'Z') || (c >= '(' && c <= '.' && c != ','); }

static bool has_alnum(struct slice s)
{
    size_t k = 0;
    while (k < s.n && !is_letter(s.p[k]) && !is_figure(s.p[k])) k++;
    return k < s.n;
}

/* Whether the piece begins with a word, or is one before the next. */
static bool is_words_begin(const struct rows *r, struct slice piece)
{
    size_t k = is_letter(piece.p[0]);
    while (k && k < piece.n && is_small(piece.p[k])) k++;
    if (k < piece.n) {
        const char c = piece.p[k];
        return k >= WORD_LEAST && !is_letter(c) && !is_figure(c) && c != '_' && c != '-';
    }
    const char *next = piece.p + piece.n;
    return k >= WORD_LEAST || (r->text.p + r->text.n - next >= 2 && *next == ' ' && (is_letter(next[1]) || next[1] == '='));
}

/* Whether no value ends in the n bytes at k, the last of two pieces, behind a line end: in a word, or where there is neither
 * letter nor digit (worth() of gather_join.c). A mailbox may. The first piece has `left` bytes before the break at i. */
static bool ends_nothing(const struct rows *r, size_t i, size_t k, unsigned n, unsigned left)
{
    const char *const p = r->text.p;
    if (left == 0 || left == 64 || (p[i] != '\n' && !memchr(p + i, '\n', k - i))) return false;
    const char last = p[k + n - 1];
    if (class_at(r, k + n) & GROUP && (is_figure(last) || (last >= 'A' && last <= 'Z'))) return false; /* a number may go on */
    const bool added = p[k] == '+' && n > 1 && p[k + 1] != '+' && !(class_at(r, k - 1) & EMPHASIS);    /* a diff's mark */
    const struct slice head = slice_of(p + i - left, left), tail = slice_of(p + k + added, n - added);
    if (!is_words_begin(r, tail) && has_alnum(tail) && has_alnum(head)) return false;
    const bool before = memchr(head.p, '@', head.n), at = before || memchr(tail.p, '@', tail.n);
    return !at || !((before && memchr(head.p, '.', head.n)) || memchr(tail.p, '.', tail.n));
}

/* Whether there may be a piece behind the one that ends at `end`: not behind an empty line, nor a name with a colon at the end of
 * its line. */
static bool is_more(const struct rows *r, size_t end)
{
    const unsigned c = class_at(r, end);
    if (c & QUOTE) return breaks_literal(r->text, end) > end;
    if (!is_byte(r, end, '\n')) return c & (CUT | SLASH);
    const char *const p = r->text.p + end;
    const bool name = p[-1] == ':' && end > 1 && is_letter(p[-2]) && (p[-2] | 32) > 'f'; /* no part of an address */
    return !name && !is_byte(r, end + 1, '\n');
}

/* False if the break at i is sure to hold no value. */
LEAF bool is_worth(const struct rows *r, size_t i)
{
    const size_t k = behind_break(r, i);
    if (k == i) return false;
    if (k == SIZE_MAX) return true;
    const unsigned n = ones(bits_from(r->token, k)), left = ones_above(bits_before(r->token, i));
    if (n == 0) return class_at(r, i - 1) & FIGURE && is_byte(r, k, ' ') && class_at(r, k + 1) & FIGURE; /* groups of a number */
    if (n == 64 || is_more(r, k + n)) return true;
    const bool digit = bits_from(r->digit, k) & ((1ull << n) - 1), plain = left && is_plain(r, i);
    if (plain && !digit && (left + n < WORDS_MOST || left == 64)) return false;
    if (left && left + n < TOGETHER && (!digit || plain)) return false;
    return !ends_nothing(r, i, k, n, left);
}

/* Where the number in groups begins whose last group is at `token`: behind the first word of its line, if not before. */
static const char *first_group(const char *first, const char *token)
{
    while (1) {
        const char *end = token;
        while (end > first && is_blank(end[-1])) end--;
        const char *begin = end;
        while (begin > first && is_group(begin[-1])) begin--;
        if (begin == end || begin == first || !is_blank(begin[-1]) || token - end > 2) return token;
        if (!is_figure(end[-1]) && !is_figure(*token)) return token;
        token = begin;
    }
}

/* Behind what reads at p as [margin, end) does, a margin: its numbers may be others. NULL: it does not. */
static const char *behind_alike(const char *p, const char *margin, const char *end)
{
    while (margin < end) {
        const bool figure = is_figure(*margin), blank = is_blank(*margin);
        if (figure ? !is_figure(*p) : blank ? !is_blank(*p) : *p != *margin) return NULL;
        p++;
        margin++;
        while (figure && is_figure(*p)) p++;
        while (figure && margin < end && is_figure(*margin)) margin++;
        while (blank && is_blank(*p)) p++;
        while (blank && margin < end && is_blank(*margin)) margin++;
    }
    return p;
}

/* The last word of [first, end): a token, or a number in groups. NULL if there is none behind a margin of its own. */
static const char *last_token(const char *first, const char *end)
{
    if (end > first && end[-1] == '\r') end--;
    if (end > first && end[-1] == '\\') end--; /* the line goes on */
    if (end - first > 1 && is_blank(end[-1]) && is_group(end[-2])) end--;
    const char *blank = memrchr(first, ' ', (size_t)(end - first)), *token = blank ? blank + 1 : first;
    blank = memrchr(token, '\t', (size_t)(end - token));
    if (blank) token = blank + 1;
    if (token == end || token == first || end[-1] == ':' || *token & 0x80) return NULL;
    if (end - token > URL_HEAD && memmem(token, URL_HEAD, "://", 3)) return NULL; /* one of its own */
    const char *k = token;
    while (k < end && *k >= 'a' && *k <= 'z') k++;
    if (k == end) return NULL; /* a word */
    for (k = token; k < end && is_group(*k);) k++;
    if (k == end) token = first_group(first, token);
    const char *sign = token;
    while (is_blank(sign[-1])) sign--; /* the first is none */
    if (sign[-1] == '=' || (sign[-1] == ':' && sign - first > 1 && sign[-2] >= 'a' && sign[-2] <= 'z')) return NULL; /* a name */
    return token - first > STAMP_MOST ? NULL : token;
}

/* Whether the line that begins at k goes on to where no margin and no number behind it reaches, and has white space there. */
static bool is_long(const uint64_t *white, size_t at, struct slice text, size_t k)
{
    const size_t far = k + STAMP_MOST + GROUPS_MOST;
    const uint64_t row = far < text.n ? bits_from(white, at + far) : 0;
    return row && !memchr(text.p + k, '\n', far - k + (unsigned)__builtin_ctzll(row));
}

size_t breaks_margin(const uint64_t *white, size_t at, struct slice text, size_t i)
{
    const char *first = text.p + i + 1, *const last = text.p + text.n;
    while (first < last && is_blank(*first)) first++;
    if (first == last || !(classes[(unsigned char)*first] & STAMP)) return 0;
    if (is_long(white, at, text, (size_t)(first - text.p))) return 0;
    const size_t back = i < LINE_MOST ? i : LINE_MOST;
    const char *const before = memrchr(text.p + i - back, '\n', back), *line = before ? before + 1 : text.p + i - back;
    while (is_blank(*line)) line++;
    if (is_figure(*first) ? !is_figure(*line) : *first != *line) return 0;
    const size_t most = last - first > STAMP_MOST + TOKEN_MOST ? STAMP_MOST + TOKEN_MOST : (size_t)(last - first);
    const char *end = memchr(first, '\n', most);
    if (!end && last - first > (ptrdiff_t)most) return 0;
    if (!end) end = last;
    const char *const token = last_token(first, end);
    const char *const behind = token ? behind_alike(line, first, token) : NULL;
    if (!behind || (end - token >= RECORD_ALIKE && memcmp(behind, token, RECORD_ALIKE) == 0)) return 0;
    return (size_t)(token - text.p);
}

/* Whether the line behind the line end at i may go on behind a margin: number, time, level. */
LEAF bool is_stamped(const struct rows *r, size_t i)
{
    const size_t k = i + 1 + ones(bits_from(r->white, i + 1));
    if (!(class_at(r, k) & STAMP)) return false;
    const size_t end = i - (r->text.p[i - 1] == '\r');
    const unsigned n = ones_above(bits_before(r->token, end));
    if (n == 0) return false;
    const uint64_t own = ~0ull << (64 - n) % 64;
    if (!(bits_before(r->digit, end) & own) && count(bits_before(r->change, end) & own) < CHANGES_FEW) return false;
    return breaks_margin(r->white, 0, r->text, i) > 0;
}

LEAF bool stays(const struct rows *r, size_t i)
{
    const char c = r->text.p[i];
    if (c == '\n') return (!is_words(r, i) && is_worth(r, i)) || is_stamped(r, i);
    return c == '"' || c == '\'' ? breaks_literal(r->text, i) > i : is_worth(r, i);
}

/* The places of the bits in n words. Returns how many. */
LEAF size_t list(const uint64_t *word, size_t n, uint32_t *place)
{
    uint8_t some[WORDS];
    size_t all = 0, k = 0;
    for (size_t i = 0; i < n; i++) {
        some[k] = (uint8_t)i;
        k += word[i] != 0;
    }
    for (size_t i = 0; i < k; i++) {
        uint64_t w = word[some[i]];
        do place[all++] = some[i] * 64u + (unsigned)__builtin_ctzll(w);
        while (w &= w - 1);
    }
    return all;
}

LEAF void mark(struct marks *m, struct slice text)
{
    const size_t room = m->room, words = text.n / 64 + 1;
    uint64_t *breaks = m->word + MARK_BREAK * room, *any = m->word + MARK_ANY * room;
    const struct rows r = {text,
                           m->word + MARK_TOKEN * room,
                           m->word + MARK_DIGIT * room,
                           m->word + MARK_CHANGE * room,
                           m->word + MARK_WHITE * room,
                           m->word + MARK_GAP * room};
    uint32_t place[WORDS * 64 + 4];
    uint64_t all = 0;
    for (size_t w = 0; w < words; w += WORDS) {
        const size_t some = words - w < WORDS ? words - w : WORDS, n = list(breaks + w, some, place);
        size_t left = 0;
        for (size_t k = 0; k < n; k++) {
            const uint64_t prose = is_prose(&r, w * 64 + place[k]);
            breaks[w + place[k] / 64] &= ~(prose << place[k] % 64);
            place[left] = place[k];
            left += !prose;
        }
        for (size_t k = 0; k < left; k++) {
            const size_t i = w * 64 + place[k];
            if (!stays(&r, i)) breaks[i / 64] &= ~(1ull << i % 64);
        }
        for (size_t i = w; i < w + some; i++) {
            any[i] |= breaks[i];
            all |= breaks[i];
        }
    }
    m->kinds |= all ? 1u << MARK_BREAK | 1u << MARK_ANY : 0;
}

static void mark_plain(struct marks *m, struct slice text) { mark(m, text); }
#if defined(__x86_64__)
__attribute__((target("bmi,bmi2,lzcnt,popcnt"))) static void mark_bmi(struct marks *m, struct slice text) { mark(m, text); }
#endif

static void (*chosen)(struct marks *m, struct slice text) = mark_plain;

bool breaks_way(unsigned way)
{
    bool known = way == 1;
#if defined(__x86_64__)
    if (way == 0) known = __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt"); /* who has those has LZCNT */
    if (known) chosen = way == 0 ? mark_bmi : mark_plain;
#endif
    return known;
}

__attribute__((constructor)) static void choose(void)
{
    for (unsigned way = 0; !breaks_way(way);) way++;
}

void breaks_mark(struct marks *m, struct slice text) { chosen(m, text); }
