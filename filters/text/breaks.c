/* Nearly all line ends lie between words, and words are told by counting bits: a row of words from the break on, however many
 * lines it has, holds no value. What is left is looked at byte by byte. */
#include "filters/text/breaks.h"

#include <string.h>

#define LEAF static inline __attribute__((always_inline)) /* made anew for each processor */

#define WORDS       32u /* of a row at a step */
#define TAG_MOST    64u
#define MARGIN_MOST 3u
#define HOPS_MOST   8u  /* lines of one word each */
#define TOGETHER    9u  /* bytes: two pieces that are shorter together are no value, if not of one number */
#define WORDS_MOST  24u /* two words are no longer */
#define CHANGES_FEW 2u
#define CASES_LEAST 6u /* changes between small letters and capitals (gather_join.c) */

enum {
    CUT = 1,      /* line feed, emphasis, a tag: a token may be broken here */
    QUOTE = 2,    /* ... or here */
    SLASH = 4,    /* ... or here: backslash, carriage return */
    MARGIN = 8,   /* a list's, a comment's or a table's mark */
    GROUP = 16,   /* between groups of a number */
    FIGURE = 32,  /* a digit */
    EMPHASIS = 64 /* and tags */
};
static uint8_t classes[256];

__attribute__((constructor)) static void make_classes(void)
{
    static const struct {
        const char *bytes;
        uint8_t bits;
    } rows[] = {
        {"\n", CUT},    {"`*~<", CUT | EMPHASIS}, {"\"'", QUOTE},         {"\\\r", SLASH},
        {" ()", GROUP}, {"-*+#/|", MARGIN},       {"0123456789", FIGURE},
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

/* Whether a string literal that ends with the quote at i might go on: white space or an operator comes next, and then more
 * of those or a quote. */
static bool quote_goes_on(const struct rows *r, size_t i)
{
    if (r->text.n - i < 3 || !memchr(" \t\n\r+.&\\", r->text.p[i + 1], 8)) return false;
    return r->text.p[i + 2] == r->text.p[i] || memchr(" \t\n\r+.&\\", r->text.p[i + 2], 8);
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
    if (c & QUOTE) return quote_goes_on(r, end) ? -1 : 0;
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
    const char *end = c >= 'a' && c <= 'z' ? memchr(p, '>', n) : NULL;
    return end ? (size_t)(end - r->text.p) + 1 : i;
}

/* Behind emphasis and tags. */
LEAF size_t behind_marks(const struct rows *r, size_t i)
{
    while (class_at(r, i) & EMPHASIS) {
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

/* False if the break at i is sure to hold no value. */
LEAF bool is_worth(const struct rows *r, size_t i)
{
    const size_t k = behind_break(r, i);
    if (k == i) return false;
    if (k == SIZE_MAX) return true;
    const unsigned n = ones(bits_from(r->token, k)), left = ones_above(bits_before(r->token, i));
    if (n == 0) return class_at(r, i - 1) & FIGURE && is_byte(r, k, ' ') && class_at(r, k + 1) & FIGURE; /* groups of a number */
    if (n == 64 || class_at(r, k + n) & (CUT | QUOTE | SLASH)) return true; /* there may be a third piece */
    const bool digit = bits_from(r->digit, k) & ((1ull << n) - 1), plain = left && is_plain(r, i);
    if (plain && !digit && (left + n < WORDS_MOST || left == 64)) return false;
    return left == 0 || left + n >= TOGETHER || (digit && !plain);
}

LEAF bool stays(const struct rows *r, size_t i)
{
    const char c = r->text.p[i];
    return c == '\n' ? !is_words(r, i) && is_worth(r, i) : c == '"' || c == '\'' || is_worth(r, i);
}

/* The places of the bits in n words: most have one or two, which are written without a question. Returns how many. */
LEAF size_t list(const uint64_t *word, size_t n, uint32_t *place)
{
    const uint64_t top = 1ull << 63;
    size_t all = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t w = word[i];
        const unsigned bits = count(w);
        for (unsigned k = 0; k < 3 || k < bits; k++, w &= w - 1)
            place[all + k] = (uint32_t)(i * 64) + (uint32_t)__builtin_ctzll(w | top);
        all += bits;
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
