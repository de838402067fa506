/* The pass: 64 bytes at a time become masks of a few classes of bytes; carries and shifts find runs in them, and only at a sign
 * is a byte looked at alone. Which breaks are worth it is told when all rows are written (breaks.c). */
#include "filters/text/marks.h"

#include "filters/text/alphabet.h"
#include "filters/text/breaks.h"

#include <string.h>

#if defined(__x86_64__)
#include "filters/text/vector.h"
#endif

/* ---- classes ----------------------------------------------------------------------------------------------- */

enum {
    BASE64 = 1, /* letters, digits, "+/-_" */
    DIGIT = 2,  /* and '@': what words do not have */
    TOKEN = 4,  /* what else a token has: "=.@:!#$%&" */
    CUT = 8,    /* line feed, emphasis, a tag: a token may be broken here */
    QUOTE = 16,
    SLASH = 32,
    WHITE = 64, /* what a line may begin with: blanks and '>' */
    RARE = 128, /* '%', '&' */
};
enum { /* the second table */
       HEX = 1,
       PART = 2, /* "+/-_": another part of a run of base64 begins behind it */
       SMALL = 4,
       CAPITAL = 8,
       JOIN = 16,   /* between two string literals */
       ONWARD = 32, /* what a line may begin with that goes on with a token */
       LINE = 64,
       RETURN = 128,
};
#define CLASSES 8u /* of each table */
static uint8_t classes[256], further[256];

struct class_row {
    const char *bytes;
    uint8_t bits;
};

static void sort_bytes(uint8_t table[256], const struct class_row *row, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (const char *p = row[i].bytes; *p; p++) table[(unsigned char)*p] |= row[i].bits;
}

__attribute__((constructor)) static void make_classes(void)
{
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define FIGURES "0123456789"
#define SIGNS   "=.:!#$%&"
#define MARKS   "`*~<"
    static const struct class_row first[] = {
        {LETTERS "+/-_", BASE64},
        {FIGURES, BASE64 | DIGIT},
        {SIGNS, TOKEN},
        {"@", TOKEN | DIGIT},
        {"\n" MARKS, CUT},
        {"\"'", QUOTE},
        {"\\", SLASH},
        {" \t>", WHITE},
        {"%&", RARE},
    };
    static const struct class_row second[] = {
        {FIGURES "abcdefABCDEF", HEX},
        {"+/-_", PART},
        {"abcdefghijklmnopqrstuvwxyz", SMALL},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZ", CAPITAL},
        {" \t\n\r+.&\\", JOIN},
        {LETTERS FIGURES SIGNS MARKS "+/-_@ \t>|", ONWARD},
        {"\n", LINE},
        {"\r", RETURN},
    };
    sort_bytes(classes, first, sizeof first / sizeof first[0]);
    sort_bytes(further, second, sizeof second / sizeof second[0]);
}

struct masks {
    uint64_t base64, digit, token, cut, quote, slash, white, rare; /* token: all a token has */
    uint64_t hex, part, small, capital, join, onward, lines, returns;
    uint64_t equals;
};

static inline void take_masks(const uint64_t first[CLASSES], const uint64_t second[CLASSES], uint64_t equals, struct masks *m)
{
    *m = (struct masks){first[0],  first[1],  first[0] | first[2], first[3],  first[4],  first[5],
                        first[6],  first[7],  second[0],           second[1], second[2], second[3],
                        second[4], second[5], second[6],           second[7], equals};
}

static void sort_plain(const char *p, struct masks *m)
{
    uint64_t first[CLASSES] = {0}, second[CLASSES] = {0}, equals = 0;
    for (unsigned i = 0; i < 64; i++) {
        const unsigned c = classes[(unsigned char)p[i]], d = further[(unsigned char)p[i]];
        equals |= (uint64_t)(p[i] == '=') << i;
        for (unsigned k = 0; k < CLASSES; k++) first[k] |= (uint64_t)(c >> k & 1) << i;
        for (unsigned k = 0; k < CLASSES; k++) second[k] |= (uint64_t)(d >> k & 1) << i;
    }
    take_masks(first, second, equals, m);
}

#if defined(__x86_64__)
#define AVX2   __attribute__((target("avx2,bmi,bmi2")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vbmi,avx2,bmi,bmi2")))

AVX2 static inline __m256i is(__m256i v, char c) { return _mm256_cmpeq_epi8(v, _mm256_set1_epi8(c)); }
AVX2 static inline __m256i either(__m256i a, __m256i b) { return _mm256_or_si256(a, b); }

AVX2 static inline __m256i within(__m256i v, char lo, char span) { return vector_within2(v, lo, span); }

AVX2 static inline void sort_avx2(const char *p, struct masks *m)
{
    const __m256i v[2] = {_mm256_loadu_si256((const __m256i *)(const void *)p),
                          _mm256_loadu_si256((const __m256i *)(const void *)(p + 32))};
#define EACH(what)    vector_join2(what(v[0]), what(v[1]))
#define IS_SMALL(v)   within(v, 'a', 25)
#define IS_CAPITAL(v) within(v, 'A', 25)
#define IS_FIGURE(v)  within(v, '0', 9)
#define IS_HEX(v)     within(either(v, _mm256_set1_epi8(32)), 'a', 5)
#define IS_DASH(v)    either(is(v, '-'), is(v, '/'))
#define IS_PLUS(v)    either(is(v, '+'), is(v, '_'))
#define IS_SIGN(v)    either(either(within(v, '#', 1), is(v, '!')), either(is(v, ':'), is(v, '@')))
#define IS_RARE(v)    within(v, '%', 1)
#define IS_DOT(v)     is(v, '.')
#define IS_EQUAL(v)   is(v, '=')
#define IS_AT(v)      is(v, '@')
#define IS_MARK(v)    either(either(is(v, '*'), is(v, '`')), either(is(v, '~'), is(v, '<')))
#define IS_LINE(v)    is(v, '\n')
#define IS_RETURN(v)  is(v, '\r')
#define IS_QUOTE(v)   either(is(v, '"'), is(v, '\''))
#define IS_SLASH(v)   is(v, '\\')
#define IS_BLANK(v)   either(is(v, ' '), is(v, '\t'))
#define IS_MORE(v)    is(v, '>')
#define IS_BAR(v)     is(v, '|')
#define IS_AND(v)     either(is(v, '+'), is(v, '&'))
    const uint64_t figure = EACH(IS_FIGURE), dot = EACH(IS_DOT), mark = EACH(IS_MARK), blank = EACH(IS_BLANK);
    m->small = EACH(IS_SMALL);
    m->capital = EACH(IS_CAPITAL);
    m->part = EACH(IS_DASH) | EACH(IS_PLUS);
    m->base64 = m->small | m->capital | figure | m->part;
    m->digit = figure | EACH(IS_AT);
    m->hex = figure | EACH(IS_HEX);
    m->rare = EACH(IS_RARE);
    m->equals = EACH(IS_EQUAL);
    m->token = m->base64 | EACH(IS_SIGN) | m->rare | dot | m->equals;
    m->lines = EACH(IS_LINE);
    m->returns = EACH(IS_RETURN);
    m->cut = mark | m->lines;
    m->quote = EACH(IS_QUOTE);
    m->slash = EACH(IS_SLASH);
    m->white = blank | EACH(IS_MORE);
    m->join = blank | m->lines | m->returns | m->slash | dot | EACH(IS_AND);
    m->onward = m->token | m->white | mark | EACH(IS_BAR);
}

/* Bit k of each byte, for all k. */
AVX512 static inline void spread(__m512i c, uint64_t bit[CLASSES])
{
#pragma GCC unroll 8
    for (unsigned k = CLASSES; k-- > 0; c = _mm512_add_epi8(c, c)) bit[k] = _mm512_movepi8_mask(c);
}

AVX512 static inline void sort_avx512(const char *p, struct masks *m)
{
    const __m512i v = _mm512_loadu_si512(p);
    const __mmask64 ascii = ~_mm512_movepi8_mask(v);
    uint64_t first[CLASSES], second[CLASSES];
    spread(_mm512_maskz_permutex2var_epi8(ascii, _mm512_loadu_si512(classes), v, _mm512_loadu_si512(classes + 64)), first);
    spread(_mm512_maskz_permutex2var_epi8(ascii, _mm512_loadu_si512(further), v, _mm512_loadu_si512(further + 64)), second);
    take_masks(first, second, _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('=')), m);
}
#endif

/* ---- what the masks tell ----------------------------------------------------------------------------------- */

/* The text, the block looked at and the one behind it. */
struct pass {
    struct slice text;
    size_t base; /* of the block */
    const struct masks *now, *next;
    size_t quoted;   /* behind the last sign of quoted-printable */
    uint64_t base64; /* bit 0: the byte before the block is base64 */
    uint64_t part;   /* ... it stands before another part of a run */
    uint64_t hex;    /* ... it is a hex digit */
    uint64_t before; /* ... a break may follow it */
    uint64_t digit;  /* ... it is a digit */
    uint64_t small, capital;
    unsigned kinds; /* met so far */
};

#define LEAF static inline __attribute__((always_inline)) /* made anew for each processor */

/* The 64 bits from bit n < 128 on, of two words. (Written so because shifts of 128 bits are slow on many processors.) */
static inline uint64_t ahead(uint64_t now, uint64_t next, unsigned n)
{
    return n < 64 ? now >> n | next << 1 << (63 - n) : next >> (n - 64);
}

/* Bit i: bits i and i + n are set; *next the same for the word behind. */
LEAF uint64_t pairs(uint64_t now, uint64_t *next, unsigned n)
{
    now &= now >> n | *next << (64 - n);
    *next &= *next >> n;
    return now;
}

LEAF uint64_t runs(const struct pass *s)
{
    uint64_t next = s->next->base64;
    const uint64_t eight = pairs(pairs(pairs(s->now->base64, &next, 1), &next, 2), &next, 4);
    const uint64_t whole = eight & ahead(eight, next, 8), less = eight & ahead(eight, next, 7) & ~whole;
    if (!less) return whole;
    return whole | (less & ahead(s->now->token & ~s->now->base64, s->next->token & ~s->next->base64, 15)); /* with its padding */
}

/* Where base64 of text may begin: with its run, or behind a sign that paths have, too. */
LEAF uint64_t base64_begins(const struct pass *s, uint64_t run)
{
    const uint64_t b = s->now->base64, part = s->now->part;
    uint64_t found = 0;
    for (uint64_t w = run & (~(b << 1 | s->base64) | (~part & (part << 1 | s->part))); w; w &= w - 1)
        if (alphabet_begins_base64(s->text.p + s->base + (size_t)__builtin_ctzll(w))) found |= w & -w;
    return found;
}

/* Where hex of text may begin. */
LEAF uint64_t hex_begins(const struct pass *s)
{
    uint64_t next = s->next->hex, found = 0;
    const uint64_t eight = pairs(pairs(pairs(s->now->hex, &next, 1), &next, 2), &next, 4);
    const uint64_t run = eight & ahead(eight, next, 8) & ahead(eight, next, MARK_HEX_LEAST - 8);
    for (uint64_t w = run & ~(s->now->hex << 1 | s->hex); w; w &= w - 1)
        if (alphabet_begins_hex(s->text.p + s->base + (size_t)__builtin_ctzll(w))) found |= w & -w;
    return found;
}

/* Where three groups of two hex digits in the block, or of four characters with such at their ends, stand apart by a sign, or
 * by two: of hex in pairs, which is longer than that, some place is marked. */
LEAF uint64_t listed(const struct pass *s)
{
    const uint64_t b = s->now->base64, h = s->now->hex, h2 = h & h >> 1, two = h2 & ~(h >> 2);
    const uint64_t four = b & b >> 1 & h2 >> 2 & ~(b >> 4);
    return (two & two >> 3 & two >> 6) | (four & four >> 5 & four >> 10) | (four & four >> 6 & four >> 12);
}

static bool is_hex(char c) { return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f'); }

#define QUOTED_NEAR 24u

/* "=41=4B": the second of two that are near each other. */
LEAF uint64_t quoted(struct pass *s)
{
    uint64_t found = 0;
    /* The two digits behind it may be in the next block. */
    for (uint64_t w = s->now->equals & ahead(s->now->base64, s->next->base64, 1) & ahead(s->now->base64, s->next->base64, 2); w;
         w &= w - 1) {
        const size_t at = s->base + (size_t)__builtin_ctzll(w);
        const char *p = s->text.p + at;
        if (!is_hex(p[1]) || !is_hex(p[2]) || p[1] >= 'a' || p[2] >= 'a') continue;
        bool near = s->quoted && at - s->quoted < QUOTED_NEAR;
        for (size_t k = s->quoted; near && k < at; k++) near = s->text.p[k] > ' ' && s->text.p[k] != '&';
        if (near) found |= w & -w;
        s->quoted = at + 1;
    }
    return found;
}

/* Whether a character reference that somebody reads (decode.c) begins with these two bytes. */
static inline bool begins_entity(char a, char b)
{
    static const char second[26][4] = {['a' - 'a'] = "mp", ['b' - 'a'] = "s",  ['c' - 'a'] = "o", ['d' - 'a'] = "ao",
                                       ['e' - 'a'] = "q",  ['g' - 'a'] = "t",  ['h' - 'a'] = "y", ['l' - 'a'] = "to",
                                       ['n' - 'a'] = "bu", ['p' - 'a'] = "el", ['q' - 'a'] = "u", ['s' - 'a'] = "oh"};
    if (a == '#') return true;
    if (a < 'a' || a > 'z') return false;
    const char *s = second[a - 'a'];
    return b && (b == s[0] || b == s[1]);
}

/* Percent escapes and character references among the rare bytes. */
LEAF void signs(const struct pass *s, uint64_t *percent, uint64_t *entity)
{
    for (uint64_t w = s->now->rare; w; w &= w - 1) {
        const size_t at = s->base + (size_t)__builtin_ctzll(w);
        if (s->text.n - at < 3) continue;
        const char a = s->text.p[at + 1], b = s->text.p[at + 2];
        if (s->text.p[at] == '%') *percent |= (is_hex(a) && is_hex(b)) || (a | 32) == 'u' ? w & -w : 0;
        else *entity |= begins_entity(a, b) ? w & -w : 0;
    }
}

/* Where a token may be broken and go on: by a line end before what it may go on with; by emphasis, before a token or more that
 * breaks it, or in a number in groups; by the end of a string literal, before white space or an operator and more of those or
 * a quote. */
LEAF uint64_t breaks(struct pass *s)
{
    const struct masks *m = s->now, *n = s->next;
    const uint64_t digit = m->digit << 1 | s->digit, follows = m->token | m->slash | m->returns | (m->white & digit);
    const uint64_t line = m->lines & ahead(m->onward, n->onward, 1);
    const uint64_t mark = m->cut & ~m->lines &
                          (ahead(m->token | m->cut | m->slash | m->returns, n->token | n->cut | n->slash | n->returns, 1) |
                           digit);
    const uint64_t open = ahead(m->join, n->join, 1) & ahead(m->join | m->quote, n->join | n->quote, 2);
    const uint64_t found = (line | mark | (m->quote & open)) & (follows << 1 | s->before);
    s->before = follows >> 63;
    s->digit = m->digit >> 63;
    return found;
}

LEAF uint64_t changes(struct pass *s)
{
    const struct masks *m = s->now;
    const uint64_t found = (m->small & (m->capital << 1 | s->capital)) | (m->capital & (m->small << 1 | s->small));
    s->small = m->small >> 63;
    s->capital = m->capital >> 63;
    return found;
}

typedef void (*sorter)(const char *p, struct masks *m);

LEAF void sort_at(struct slice text, size_t at, struct masks *m, sorter sort)
{
    if (at + 64 <= text.n) {
        sort(text.p + at, m);
        return;
    }
    char part[64] = {0};
    if (at < text.n) memcpy(part, text.p + at, text.n - at);
    sort(part, m);
}

LEAF unsigned kind(enum mark k, uint64_t mask) { return (unsigned)(mask != 0) << k; }

/* The rows of one block. */
LEAF void mark_block(struct pass *s, uint64_t *w, size_t room)
{
    const struct masks *m = s->now;
    uint64_t percent = 0, entity = 0, base64 = 0, hex = 0;
    if (m->rare) signs(s, &percent, &entity);
    const uint64_t run = runs(s);
    if (run) {
        base64 = base64_begins(s, run);
        hex = hex_begins(s);
    }
    const uint64_t pair = listed(s), equals = quoted(s), any = m->slash | percent | entity | equals | pair | base64 | hex;
    if (any)
        s->kinds |= 1u << MARK_ANY | kind(MARK_ESCAPE, m->slash) | kind(MARK_PERCENT, percent) | kind(MARK_ENTITY, entity) |
                    kind(MARK_QUOTED, equals) | kind(MARK_PAIRS, pair) | kind(MARK_BASE64, base64) | kind(MARK_HEX, hex);
#define ROW(k, mask) (w[(k)*room] = (mask))
    ROW(MARK_ANY, any);
    ROW(MARK_ESCAPE, m->slash);
    ROW(MARK_PERCENT, percent);
    ROW(MARK_ENTITY, entity);
    ROW(MARK_QUOTED, equals);
    ROW(MARK_PAIRS, pair);
    ROW(MARK_BASE64, base64);
    ROW(MARK_HEX, hex);
    ROW(MARK_BREAK, breaks(s));
    ROW(MARK_TOKEN, m->token);
    ROW(MARK_DIGIT, m->digit);
    ROW(MARK_CHANGE, changes(s));
    ROW(MARK_WHITE, m->white);
#undef ROW
    s->base64 = m->base64 >> 63;
    s->part = m->part >> 63;
    s->hex = m->hex >> 63;
}

LEAF void mark_all(struct marks *m, struct slice text, sorter sort)
{
    struct masks both[2];
    struct pass s = {.text = text};
    uint64_t *w = m->word;
    const size_t room = m->room;
    sort_at(text, 0, &both[0], sort);
    for (unsigned i = 0; s.base <= text.n; s.base += 64, w++, i ^= 1) { /* masks stay where they are: copies of them would wait */
        s.now = &both[i];
        s.next = &both[i ^ 1];
        sort_at(text, s.base + 64, &both[i ^ 1], sort);
        mark_block(&s, w, room);
    }
    for (unsigned k = 0; k < MARK_ROWS; k++) w[k * room] = 0; /* whoever reads 64 bits from somewhere on needs no end */
    m->kinds = s.kinds;
}

static void mark_plain(struct marks *m, struct slice text) { mark_all(m, text, sort_plain); }
#if defined(__x86_64__)
AVX2 static void mark_avx2(struct marks *m, struct slice text) { mark_all(m, text, sort_avx2); }
AVX512 static void mark_avx512(struct marks *m, struct slice text) { mark_all(m, text, sort_avx512); }
#endif

/* ---- the entry --------------------------------------------------------------------------------------------- */

static void (*chosen)(struct marks *m, struct slice text) = mark_plain;

bool marks_way(unsigned way)
{
    bool known = way == 2;
#if defined(__x86_64__)
    if (way == 0)
        known = __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("bmi2");
    if (way == 1) known = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
    if (known) chosen = way == 0 ? mark_avx512 : way == 1 ? mark_avx2 : mark_plain;
#endif
    return known;
}

__attribute__((constructor)) static void choose(void)
{
    for (unsigned way = 0; !marks_way(way);) way++;
}

enum err marks_make(struct marks *m, struct slice text)
{
    const size_t words = text.n / 64 + 2;
    if (words > m->room) {
        const size_t room = words + words / 2;
        uint64_t *v = mem_alloc(room * MARK_ROWS * sizeof *v);
        if (!v) return ERR_MEMORY;
        mem_free_used(m->word, 0); /* places, no text */
        m->word = v;
        m->room = room;
    }
    chosen(m, text);
    breaks_mark(m, text);
    return ERR_OK;
}

void marks_free(struct marks *m)
{
    mem_free_used(m->word, 0);
    *m = (struct marks){NULL, 0, 0};
}
