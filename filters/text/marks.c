/* The pass: 512 bytes at a time become masks of a few classes of bytes, 64 bits to a word and eight words to a step; shifts find
 * runs in them, and only at a sign is a byte looked at alone. Which breaks are worth it is told when all rows are written
 * (breaks.c). */
#include "filters/text/marks.h"

#include "filters/text/alphabet.h"
#include "filters/text/breaks.h"
#include "filters/text/lanes.h"

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
    RARE = 128, /* '%', '&', '=' */
};
enum { /* the second table */
       HEX = 1,
       PART = 2, /* "+/-_": another part of a run of base64 begins behind it */
       SMALL = 4,
       END = 8,     /* ends a word; with JOIN: a parenthesis, with CUT: a tag's beginning */
       JOIN = 16,   /* between two string literals */
       ONWARD = 32, /* what a line may begin with that goes on with a token */
       LINE = 64,
       NEVER = 128, /* text does not begin with what this digit of base64 begins (alphabet.c) */
};
#define CLASSES   8u     /* of each table */
#define ROOM_MOST 32768u /* words: a longer row does not stay, and needs none to spare */
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
        {"%&=", RARE},
    };
    static const struct class_row second[] = {
        {FIGURES "abcdefABCDEF", HEX},
        {"+/-_", PART},
        {"abcdefghijklmnopqrstuvwxyz", SMALL},
        {",;?]{|}()<", END},
        {" \t\n\r+.&\\()", JOIN},
        {LETTERS FIGURES SIGNS MARKS "+/-_@ \t>|[;", ONWARD},
        {"\n", LINE},
        {"BEFGHghijklmnopqrstuv+-", NEVER},
    };
    sort_bytes(classes, first, sizeof first / sizeof first[0]);
    sort_bytes(further, second, sizeof second / sizeof second[0]);
}

#define LEAF       LANES_LEAF
#define REACH_MOST 32u /* bytes up to a gap */

/* In the order of the classes; `token` is all a token has. */
struct masks {
    lanes base64, digit, token, cut, quote, slash, white, rare;
    lanes hex, part, small, end, join, onward, lines, never;
};
_Static_assert(sizeof(struct masks) == 2 * CLASSES * sizeof(lanes), "a row for each class");

LEAF void sort_plain(const char *p, struct masks *m)
{
    uint64_t row[2 * CLASSES][LANES] = {{0}};
    for (unsigned i = 0; i < LANES_STEP; i++) {
        const unsigned c = classes[(unsigned char)p[i]] | (unsigned)further[(unsigned char)p[i]] << CLASSES;
        for (unsigned k = 0; k < 2 * CLASSES; k++) row[k][i / 64] |= (uint64_t)(c >> k & 1) << i % 64;
    }
    memcpy(m, row, sizeof *m);
    m->token |= m->base64;
}

#if defined(__x86_64__)
#define AVX2   __attribute__((target("avx2,bmi,bmi2")))
#define AVX512 VECTOR_SPREAD

AVX2 static inline __m256i is(__m256i v, char c) { return _mm256_cmpeq_epi8(v, _mm256_set1_epi8(c)); }
AVX2 static inline __m256i either(__m256i a, __m256i b) { return _mm256_or_si256(a, b); }

AVX2 static inline __m256i within(__m256i v, char lo, char span) { return vector_within2(v, lo, span); }

/* Word k of the step. */
AVX2 static inline void sort_word(const char *p, struct masks *m, unsigned k)
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
#define IS_NEVER(v)   either(within(v, 'g', 15), within(v, 'E', 3))
#define IS_NEVER2(v)  either(is(v, 'B'), either(is(v, '+'), is(v, '-')))
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
#define IS_BAR(v)     either(is(v, '|'), either(is(v, '['), is(v, ';')))
#define IS_END(v)     either(either(within(v, '{', 2), is(v, ',')), either(is(v, ']'), either(is(v, ';'), is(v, '?'))))
#define IS_ROUND(v)   within(v, '(', 1)
#define IS_LESS(v)    is(v, '<')
#define IS_AND(v)     either(is(v, '+'), is(v, '&'))
    const uint64_t figure = EACH(IS_FIGURE), dot = EACH(IS_DOT), mark = EACH(IS_MARK), blank = EACH(IS_BLANK);
    const uint64_t small = EACH(IS_SMALL), capital = EACH(IS_CAPITAL), part = EACH(IS_DASH) | EACH(IS_PLUS);
    const uint64_t base64 = small | capital | figure | part, and = EACH(IS_RARE), equals = EACH(IS_EQUAL),
                   white = blank | EACH(IS_MORE);
    const uint64_t token = base64 | EACH(IS_SIGN) | and | dot | equals, lines = EACH(IS_LINE), returns = EACH(IS_RETURN);
    m->base64[k] = base64;
    m->digit[k] = figure | EACH(IS_AT);
    m->token[k] = token;
    m->cut[k] = mark | lines;
    m->quote[k] = EACH(IS_QUOTE);
    m->slash[k] = EACH(IS_SLASH);
    m->white[k] = white;
    m->rare[k] = and | equals;
    m->hex[k] = figure | EACH(IS_HEX);
    m->part[k] = part;
    m->small[k] = small;
    m->end[k] = EACH(IS_END) | EACH(IS_ROUND) | EACH(IS_LESS);
    m->join[k] = blank | lines | returns | m->slash[k] | dot | EACH(IS_AND) | EACH(IS_ROUND);
    m->onward[k] = token | white | mark | EACH(IS_BAR);
    m->lines[k] = lines;
    m->never[k] = EACH(IS_NEVER) | EACH(IS_NEVER2);
}

AVX2 LEAF void sort_avx2(const char *p, struct masks *m)
{
    for (unsigned k = 0; k < LANES; k++) sort_word(p + 64 * k, m, k);
}

AVX512 LEAF void part_avx512(const char *p, size_t n, struct masks *m)
{
    vector_spread(p, n, 0, classes, &m->base64);
    vector_spread(p, n, 0, further, &m->hex);
    m->token |= m->base64;
}

AVX512 LEAF void sort_avx512(const char *p, struct masks *m) { part_avx512(p, LANES_STEP, m); }
#endif

/* ---- what the masks tell ----------------------------------------------------------------------------------- */

/* The text, what is known of the step looked at, of the one behind it and of the last one. */
struct pass {
    struct slice text;
    size_t base; /* of the step */
    const struct masks *now, *next;
    struct {
        lanes base64, part, hex, digit, small, capital, alnum, low, word, one, two;
        lanes token, follows; /* a break may follow it */
    } last;
    lanes slash, pair, code, run, hex, base32; /* all met so far */
    size_t quoted;                             /* behind the last sign of quoted-printable */
    unsigned kinds;                            /* met so far, of those that are looked at alone */
};
/* What is looked at alone: places at first, then those of them where something is. */
struct signs {
    lanes rare; /* '%', '&', '=' */
    lanes percent, entity, equals;
};

/* Bit i: bits i and i + n are set; *behind the same for the word behind each. */
#define PAIRS(x, behind, n) ((x) &= (x) >> (n) | (behind) << (64 - (n)), (behind) &= (behind) >> (n))

/* Where base64 of text may begin: with its run, or behind a sign that paths have, too. *base32: where a run of that may begin:
 * no sign is in it, nor (but over the end of a word) a change between small letters and capitals, which `change` has, and `hex`, where
 * as long a run of hex digits begins, is none. */
LEAF void base64_places(const struct pass *s, const lanes *change, const lanes *hex, lanes *found, lanes *base32)
{
    const lanes b = s->now->base64, part = s->now->part, next = s->next->base64;
    const lanes other = s->now->token & ~b, other_next = s->next->token & ~next;
    lanes eight = b, behind = LANES_BEHIND(b, next);
    PAIRS(eight, behind, 1);
    PAIRS(eight, behind, 2);
    PAIRS(eight, behind, 4);
    const lanes whole = eight & (eight >> 8 | behind << 56), less = eight & (eight >> 7 | behind << 57);
    const lanes run = whole | (less & LANES_AHEAD(other, other_next, 15)); /* with its padding */
    const lanes begin = ~LANES_BACK(s->last.base64, b, 1) | (~part & LANES_BACK(s->last.part, part, 1));
    *found = run & ~s->now->never & begin;
    *base32 = whole & begin & ~(s->now->digit | *hex);
    if (!lanes_any(base32)) return;
    lanes other32 = *change >> 1 | part;
    other32 |= other32 >> 1;
    other32 |= other32 >> 2;
    other32 |= other32 >> 4;
    *base32 &= ~(other32 | other32 >> 7);
}

/* Where a run of hex digits may begin that is text; *sixteen: where as many stand together. */
LEAF void hex_places(const struct pass *s, lanes *found, lanes *sixteen)
{
    const lanes h = s->now->hex, next = s->next->hex;
    lanes eight = h, behind = LANES_BEHIND(h, next);
    PAIRS(eight, behind, 1);
    PAIRS(eight, behind, 2);
    PAIRS(eight, behind, 4);
    *sixteen = eight & (eight >> 8 | behind << 56);
    const lanes run = *sixteen & (eight >> (MARK_HEX_LEAST - 8) | behind << (72 - MARK_HEX_LEAST));
    *found = run & ~LANES_BACK(s->last.hex, h, 1);
}

/* Where three groups of two hex digits in a word, or of four characters with such at their ends, stand apart by a sign, or
 * by a sign and a blank: of hex in pairs, which is longer than that, some place is marked. */
LEAF void listed(const struct masks *m, lanes *found)
{
    const lanes b = m->base64, h = m->hex, h2 = h & h >> 1, two = h2 & ~(h >> 2);
    const lanes four = b & b >> 1 & h2 >> 2 & ~(b >> 4);
    *found = (two & two >> 3 & two >> 6) | (two & m->white >> 3 & two >> 4 & two >> 8) | (four & four >> 5 & four >> 10) |
             (four & four >> 6 & four >> 12);
}

/* Where three decimal numbers, of the two last digits at least, stand apart by a sign or two that lists have. */
LEAF void codes(const struct masks *m, lanes *found)
{
    const lanes d = m->digit, pairs = d & d >> 1;
    *found = pairs;
    if (!lanes_any(&pairs)) return;
    const lanes two = pairs & ~(d >> 2) & (m->end | m->white | m->lines) >> 2;
    const lanes next = two & (two >> 3 | two >> 4 | two >> 5);
    *found = two & (next >> 3 | next >> 4 | next >> 5);
}

/* Line ends and carriage returns, told by what they are not. */
LEAF void ends_of(const struct masks *m, lanes *found) { *found = m->join & ~(m->white | m->slash | m->token | m->end); }

/* Where a token may be broken and go on: by a line end before what it may go on with; by emphasis, before a token or more that
 * breaks it, or in a number in groups; by the end of a string literal, before white space or an operator and more of those or
 * a quote. *literal: such ends, whatever is before them. */
LEAF void breaks(struct pass *s, lanes *found, lanes *literal)
{
    const struct masks *m = s->now, *n = s->next;
    lanes ends, ends_next;
    ends_of(m, &ends);
    ends_of(n, &ends_next);
    const lanes digit = LANES_BACK(s->last.digit, m->digit, 1),
                follows = m->token | m->slash | (ends & ~m->lines) | (m->white & m->join & digit);
    const lanes line = m->lines & LANES_AHEAD(m->onward, n->onward, 1);
    const lanes more = m->token | m->cut | m->slash | ends, more_next = n->token | n->cut | n->slash | ends_next;
    const lanes mark = m->cut & ~m->lines & (LANES_AHEAD(more, more_next, 1) | digit);
    const lanes join = m->join & ~m->end, join_next = n->join & ~n->end, end = join | m->quote, end_next = join_next | n->quote;
    const lanes open = LANES_AHEAD(join, join_next, 1) & LANES_AHEAD(end, end_next, 2);
    *literal = m->quote & open;
    *found = (line | mark | *literal) & LANES_BACK(s->last.follows, follows, 1);
    s->last.follows = follows;
}

/* Where no token goes on, however it is broken (gather_join.c): a word's blank, if no line ends there, a capital's before a letter,
 * a comma or a parenthesis behind a word, emphasis or not; an empty line. */
LEAF void gaps(struct pass *s, lanes *found)
{
    const struct masks *m = s->now, *n = s->next;
    const lanes blank = m->white & m->join, round = m->join & m->end, comma = m->end & ~(m->join | m->cut);
    const lanes letter = m->base64 & ~(m->part | m->digit), letter_next = n->base64 & ~(n->part | n->digit);
    const lanes alnum = m->base64 & ~m->part, sign = m->token & ~m->base64 & LANES_BACK(s->last.alnum, alnum, 1);
    const lanes low = m->small | (m->join & m->token & ~m->part) | sign, word = low | letter; /* low: or a full stop, a colon */
    const lanes behind_low = LANES_BACK(s->last.low, low, 1), behind = LANES_BACK(s->last.word, word, 1);
    const lanes mark = m->cut & ~(m->lines | m->end), one = mark & behind, two = one | (mark & LANES_BACK(s->last.one, one, 1));
    const lanes either = behind | LANES_BACK(s->last.two, two, 1);
    lanes line, line_next;
    ends_of(m, &line);
    ends_of(n, &line_next);
    const lanes stop = line | m->slash, stop_next = line_next | n->slash;
    *found = (blank & behind_low & ~LANES_AHEAD(stop, stop_next, 1)) | (blank & either & LANES_AHEAD(letter, letter_next, 1)) |
             (comma & either) | (round & behind_low) | (m->lines & LANES_AHEAD(line, line_next, 1));
    s->last.low = low;
    s->last.alnum = alnum;
    s->last.word = word;
    s->last.one = one;
    s->last.two = two;
}

LEAF void changes(struct pass *s, lanes *found)
{
    const struct masks *m = s->now;
    const lanes small = m->small, capital = m->base64 & ~(m->part | m->digit | small);
    *found = (small & LANES_BACK(s->last.capital, capital, 1)) | (capital & LANES_BACK(s->last.small, small, 1));
    s->last.small = small;
    s->last.capital = capital;
}

/* Bit i: bit i of `to` is set, or all of `on` from there up to a bit of `to` before that word's end, not too far. */
LEAF void reach(const lanes *to, const lanes *on, lanes *found)
{
    lanes x = *to, p = *on;
    for (unsigned n = 1; n < REACH_MOST; n *= 2) {
        x |= p & x >> n;
        p &= p >> n;
    }
    *found = x;
}

/* Breaks behind a word, up to the next gap behind which there are only words: most are such, and are none. A word has no digit
 * and one change of case at most, what is behind the break one more. Told of each 64 bytes alone; of what goes on beyond
 * them others ask (breaks.c). `digit`, `gap` and `change`: the rows of that name. */
LEAF void between_words(struct pass *s, const lanes *digit, const lanes *gap, const lanes *change, lanes *found)
{
    const struct masks *m = s->now;
    const lanes first = m->token & ~LANES_BACK(s->last.token, m->token, 1), plain = m->token & ~(*digit | *change);
    const lanes one = ((first & plain) + plain) & ~plain; /* a sum carries to where a row of bits ends */
    const lanes two = (((one & *change & ~*digit) << 1) + plain) & ~plain;
    lanes line, none, few;
    ends_of(m, &line);
    lanes behind = (one | two) & ~m->token;
    behind |= (behind & line & ~m->lines) << 1; /* a carriage return before a line feed */
    const lanes on = ~(*digit | *gap | *change);
    reach(gap, &on, &none);
    const lanes once = none | (*change & ~(*digit | *gap) & none >> 1);
    reach(&once, &on, &few);
    *found &= ~(m->cut & ~m->end & behind & few >> 1);
    s->last.token = m->token;
}

/* ---- what is looked at alone ------------------------------------------------------------------------------- */

static bool is_hex(char c) { return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f'); }

#define QUOTED_NEAR 24u

/* "=41=4B": whether the sign at `at` is the second of two that are near each other. */
static bool is_quoted(struct pass *s, size_t at)
{
    const char *p = s->text.p + at;
    if (!is_hex(p[1]) || !is_hex(p[2]) || p[1] >= 'a' || p[2] >= 'a') return false;
    bool near = s->quoted && at - s->quoted < QUOTED_NEAR;
    for (size_t k = s->quoted; near && k < at; k++) near = s->text.p[k] > ' ' && s->text.p[k] != '&';
    s->quoted = at + 1;
    return near;
}

/* Whether a character reference that somebody reads (decode.c) begins with these two bytes. */
static inline bool begins_entity(char a, char b)
{
    static const char second[26][4] = {['z' - 'a'] = "w", ['r' - 'a'] = "l",   ['a' - 'a'] = "mps", ['b' - 'a'] = "s",
                                       ['c' - 'a'] = "o", ['d' - 'a'] = "ao",  ['e' - 'a'] = "qx",  ['g' - 'a'] = "t",
                                       ['h' - 'a'] = "y", ['l' - 'a'] = "tor", ['n' - 'a'] = "bu",  ['p' - 'a'] = "el",
                                       ['q' - 'a'] = "u", ['s' - 'a'] = "ohe"};
    if (a == '#' || (a == 'Z' && b == 'e') || (a == 'N' && b == 'o') || (a == 'U' && b == 'n')) return true;
    if (a < 'a' || a > 'z') return false;
    const char *s = second[a - 'a'];
    return b && (b == s[0] || b == s[1] || b == s[2]);
}

static inline bool is_percent(const char *p) { return (is_hex(p[1]) && is_hex(p[2])) || (p[1] | 32) == 'u'; }

/* Percent escapes, character references and quoted-printable among the rare bytes; two bytes stand behind each. */
static void look_at_rare(struct pass *s, struct signs *x, unsigned k)
{
    for (uint64_t w = x->rare[k]; w; w &= w - 1) {
        const size_t at = s->base + k * 64 + (size_t)__builtin_ctzll(w);
        const char *p = s->text.p + at;
        if (*p == '%') x->percent[k] |= is_percent(p) ? w & -w : 0;
        else if (*p == '&') x->entity[k] |= begins_entity(p[1], p[2]) ? w & -w : 0;
        else x->equals[k] |= is_quoted(s, at) ? w & -w : 0;
    }
}

static unsigned kind(enum mark k, const lanes *row) { return (unsigned)(lanes_any(row) != 0) << k; }

static void look_at_signs(struct pass *s, struct signs *x)
{
    x->percent = x->entity = x->equals = (lanes){0};
    for (unsigned k = 0; k < LANES; k++)
        if (x->rare[k]) look_at_rare(s, x, k);
    s->kinds |= kind(MARK_PERCENT, &x->percent) | kind(MARK_ENTITY, &x->entity) | kind(MARK_QUOTED, &x->equals);
}

/* ---- all of it --------------------------------------------------------------------------------------------- */

/* The rows of one step. */
LEAF void mark_step(struct pass *s, uint64_t *w, size_t room)
{
    const struct masks *m = s->now, *n = s->next;
    const lanes zero = {0};
    lanes found, digit, gap, change, literal, pair, code, base64, hex, sixteen, base32;
#define ROW(k, mask) (*(lanes_row *)(void *)(w + (k)*room) = (mask))
    listed(m, &pair);
    codes(m, &code);
    breaks(s, &found, &literal);
    digit = m->digit | literal | (m->cut & m->end);
    gaps(s, &gap);
    changes(s, &change);
    between_words(s, &digit, &gap, &change, &found);
    ROW(MARK_BREAK, found);
    ROW(MARK_ESCAPE, m->slash);
    ROW(MARK_PAIRS, pair);
    ROW(MARK_CODES, code);
    ROW(MARK_TOKEN, m->token);
    ROW(MARK_DIGIT, digit);
    ROW(MARK_GAP, gap);
    ROW(MARK_CHANGE, change);
    ROW(MARK_WHITE, m->white);
    hex_places(s, &hex, &sixteen);
    base64_places(s, &change, &sixteen, &base64, &base32);
    ROW(MARK_BASE64, base64);
    ROW(MARK_HEX, hex);
    ROW(MARK_BASE32, base32);
    struct signs x = {.rare = m->rare & LANES_AHEAD(m->token, n->token, 1) & LANES_AHEAD(m->base64, n->base64, 2)};
    if (lanes_any(&x.rare)) look_at_signs(s, &x);
    else x.percent = x.entity = x.equals = zero;
    ROW(MARK_PERCENT, x.percent);
    ROW(MARK_ENTITY, x.entity);
    ROW(MARK_QUOTED, x.equals);
    ROW(MARK_ANY, m->slash | pair | code | x.percent | x.entity | x.equals);
#undef ROW
    s->slash |= m->slash;
    s->pair |= pair;
    s->run |= base64;
    s->hex |= hex;
    s->code |= code;
    s->base32 |= base32;
    s->last.base64 = m->base64;
    s->last.part = m->part;
    s->last.hex = m->hex;
    s->last.digit = m->digit;
}

/* Of the places in the row of a kind those stay where text may begin. */
static void keep(struct marks *m, struct slice text, enum mark k, bool (*those)(const char *text, uint64_t *place, size_t words))
{
    const size_t words = text.n / 64 + 1;
    uint64_t *const row = m->word + k * m->room, *const any = m->word + MARK_ANY * m->room;
    if (!those(text.p, row, words)) return;
    for (size_t i = 0; i < words; i++) any[i] |= row[i];
    m->kinds |= 1u << k;
}

struct ways {
    void (*sort)(const char *p, struct masks *m);
    void (*part)(const char *p, size_t n, struct masks *m); /* of the last n bytes, fewer than a step; NULL: sort does it */
};

LEAF void sort_at(struct slice text, size_t at, struct masks *m, struct ways ways)
{
    if (at >= text.n) memset(m, 0, sizeof *m);
    else if (text.n - at >= LANES_STEP) ways.sort(text.p + at, m);
    else if (ways.part) ways.part(text.p + at, text.n - at, m);
    else {
        char part[LANES_STEP] = {0};
        memcpy(part, text.p + at, text.n - at);
        ways.sort(part, m);
    }
}

LEAF void mark_all(struct marks *m, struct slice text, struct ways ways)
{
    struct masks both[2];
    struct pass s = {.text = text};
    uint64_t *w = m->word;
    const size_t room = m->room;
    sort_at(text, 0, &both[0], ways);
    for (unsigned i = 0; s.base <= text.n; s.base += LANES_STEP, w += LANES, i ^= 1) { /* masks stay where they are */
        s.now = &both[i];
        s.next = &both[i ^ 1];
        sort_at(text, s.base + LANES_STEP, &both[i ^ 1], ways);
        mark_step(&s, w, room);
    }
    for (unsigned k = 0; k < MARK_ROWS; k++) w[k * room] = 0; /* whoever reads 64 bits from somewhere on needs no end */
    m->kinds = s.kinds | kind(MARK_ESCAPE, &s.slash) | kind(MARK_PAIRS, &s.pair) | kind(MARK_CODES, &s.code);
    if (lanes_any(&s.run)) keep(m, text, MARK_BASE64, alphabet_keep_base64);
    if (lanes_any(&s.hex)) keep(m, text, MARK_HEX, alphabet_keep_hex);
    if (lanes_any(&s.base32)) keep(m, text, MARK_BASE32, alphabet_keep_base32);
    if (m->kinds) m->kinds |= 1u << MARK_ANY;
}

static void mark_plain(struct marks *m, struct slice text) { mark_all(m, text, (struct ways){sort_plain, NULL}); }
#if defined(__x86_64__)
AVX2 static void mark_avx2(struct marks *m, struct slice text) { mark_all(m, text, (struct ways){sort_avx2, NULL}); }
AVX512 static void mark_avx512(struct marks *m, struct slice text) { mark_all(m, text, (struct ways){sort_avx512, part_avx512}); }
#endif

/* ---- the entry --------------------------------------------------------------------------------------------- */

static void (*chosen)(struct marks *m, struct slice text) = mark_plain;

bool marks_way(unsigned way)
{
    bool known = way == 2;
#if defined(__x86_64__)
    if (way == 0) known = vector_spreads() && __builtin_cpu_supports("bmi2");
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
    const size_t words = (text.n / LANES_STEP + 1) * LANES + 1;
    if (words > m->room) {
        const size_t room = words < ROOM_MOST ? words + words / 2 : words; /* what is larger does not stay */
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
