/* The pass: 64 bytes at a time become masks of a few classes of bytes; carries and shifts find runs and tokens in them, and
 * only at a break or a sign is a byte looked at alone. */
#include "filters/text/marks.h"
#include "filters/text/alphabet.h"

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
};
#define CLASSES 8u
#define FURTHER 2u
static uint8_t classes[256], further[256];

__attribute__((constructor)) static void make_classes(void)
{
    static const struct {
        const char *bytes;
        uint8_t bits;
    } rows[] = {
        {"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+/-_", BASE64},
        {"0123456789", BASE64 | DIGIT},
        {"=.:!#$%&", TOKEN},
        {"@", TOKEN | DIGIT},
        {"\n`*~<", CUT},
        {"\"'", QUOTE},
        {"\\", SLASH},
        {" \t>", WHITE},
        {"%&", RARE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (const char *p = rows[i].bytes; *p; p++) classes[(unsigned char)*p] |= rows[i].bits;
    for (const char *p = "0123456789abcdefABCDEF"; *p; p++) further[(unsigned char)*p] |= HEX;
    for (const char *p = "+/-_"; *p; p++) further[(unsigned char)*p] |= PART;
}

struct masks {
    uint64_t base64, digit, token, cut, quote, slash, white, rare; /* token: all a token has */
    uint64_t hex, part;
    uint64_t returns, equals; /* single bytes */
};

static void sort_plain(const char *p, struct masks *m)
{
    uint64_t bit[CLASSES] = {0}, more[FURTHER] = {0}, returns = 0, equals = 0;
    for (unsigned i = 0; i < 64; i++) {
        const unsigned c = classes[(unsigned char)p[i]], d = further[(unsigned char)p[i]];
        returns |= (uint64_t)(p[i] == '\r') << i;
        equals |= (uint64_t)(p[i] == '=') << i;
        for (unsigned k = 0; k < CLASSES; k++) bit[k] |= (uint64_t)(c >> k & 1) << i;
        for (unsigned k = 0; k < FURTHER; k++) more[k] |= (uint64_t)(d >> k & 1) << i;
    }
    *m = (struct masks){bit[0], bit[1], bit[0] | bit[2], bit[3],  bit[4],  bit[5],
                        bit[6], bit[7], more[0],         more[1], returns, equals};
}

#if defined(__x86_64__)
#define AVX2   __attribute__((target("avx2,bmi,bmi2")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vbmi,avx2,bmi,bmi2")))

AVX2 static inline __m256i is(__m256i v, char c) { return _mm256_cmpeq_epi8(v, _mm256_set1_epi8(c)); }
AVX2 static inline __m256i either(__m256i a, __m256i b) { return _mm256_or_si256(a, b); }
AVX2 static inline uint64_t join(const __m256i v[2]) { return vector_join2(v[0], v[1]); }

AVX2 static inline void sort_avx2(const char *p, struct masks *m)
{
    __m256i base64[2], digit[2], token[2], cut[2], quote[2], slash[2], white[2], rare[2], hex[2], part[2], returns[2], equals[2];
    for (int i = 0; i < 2; i++) {
        const __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32 * i));
        const __m256i small = either(v, _mm256_set1_epi8(32)), letter = vector_within2(small, 'a', 25),
                      dot = vector_within2(v, '-', 2);                      /* - . / */
        const __m256i number = vector_within2(v, '0', 10), at = is(v, '@'); /* 0-9 : */
        const __m256i plus = either(is(v, '+'), is(v, '_')), figure = _mm256_andnot_si256(is(v, ':'), number);
        const __m256i common = either(either(letter, figure), plus), dash = _mm256_andnot_si256(is(v, '.'), dot);
        base64[i] = either(common, dash);
        digit[i] = either(figure, at);
        hex[i] = either(vector_within2(small, 'a', 5), figure);
        part[i] = either(plus, dash);
        token[i] = either(either(either(common, dot), either(is(v, '='), at)),
                          either(either(vector_within2(v, '#', 3), is(v, '!')), number));
        cut[i] = either(either(either(is(v, '\n'), is(v, '*')), either(is(v, '`'), is(v, '~'))), is(v, '<'));
        quote[i] = either(is(v, '"'), is(v, '\''));
        slash[i] = is(v, '\\');
        white[i] = either(either(is(v, ' '), is(v, '\t')), is(v, '>'));
        rare[i] = vector_within2(v, '%', 1);
        returns[i] = is(v, '\r');
        equals[i] = is(v, '=');
    }
    *m = (struct masks){join(base64), join(digit), join(token), join(cut),  join(quote),   join(slash),
                        join(white),  join(rare),  join(hex),   join(part), join(returns), join(equals)};
}

AVX512 static inline void sort_avx512(const char *p, struct masks *m)
{
    const __m512i v = _mm512_loadu_si512(p);
    const __mmask64 ascii = ~_mm512_movepi8_mask(v);
    const __m512i c = _mm512_maskz_permutex2var_epi8(ascii, _mm512_loadu_si512(classes), v, _mm512_loadu_si512(classes + 64));
    const __m512i d = _mm512_maskz_permutex2var_epi8(ascii, _mm512_loadu_si512(further), v, _mm512_loadu_si512(further + 64));
#define HAS(bits) _mm512_test_epi8_mask(c, _mm512_set1_epi8((char)(bits)))
    m->base64 = HAS(BASE64);
    m->digit = HAS(DIGIT);
    m->token = HAS(BASE64 | TOKEN);
    m->cut = HAS(CUT);
    m->quote = HAS(QUOTE);
    m->slash = HAS(SLASH);
    m->white = HAS(WHITE);
    m->rare = HAS(RARE);
    m->hex = _mm512_test_epi8_mask(d, _mm512_set1_epi8(HEX));
    m->part = _mm512_test_epi8_mask(d, _mm512_set1_epi8(PART));
    m->returns = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\r'));
    m->equals = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('='));
#undef HAS
}
#endif

/* ---- what the masks tell ----------------------------------------------------------------------------------- */

/* The text, the block looked at and the one behind it. */
struct pass {
    struct slice text;
    size_t base; /* of the block */
    const struct masks *now, *next;
    size_t quoted;    /* behind the last sign of quoted-printable */
    uint64_t base64;  /* bit 0: the byte before the block is base64 */
    uint64_t part;    /* ... it stands before another part of a run */
    uint64_t hex;     /* ... it is a hex digit */
    uint64_t last;    /* bytes of tokens in the block before it */
    uint64_t before;  /* bit 0: a break may follow the byte before the block */
    uint64_t token;   /* ... it is of a token */
    uint64_t digit;   /* ... it is a digit */
    uint64_t plain;   /* ... of one that has no digit up to here */
    uint64_t carried; /* ... it is a carriage return behind such a token */
};

#define LEAF static inline __attribute__((always_inline)) /* made anew for each processor */

/* The 64 bits from bit n < 128 on, of two words. (Written so because shifts of 128 bits are slow on many processors.) */
static inline uint64_t ahead(uint64_t now, uint64_t next, unsigned n)
{
    return n < 64 ? now >> n | next << 1 << (63 - n) : next >> (n - 64);
}

static inline bool is_class(const struct pass *s, size_t i, unsigned bits)
{
    return i < s->text.n && (classes[(unsigned char)s->text.p[i]] & bits) != 0;
}
static inline bool is_byte(const struct pass *s, size_t i, char c) { return i < s->text.n && s->text.p[i] == c; }
static inline bool is_emphasis(const struct pass *s, size_t i)
{
    return is_class(s, i, CUT) && s->text.p[i] != '\n' && s->text.p[i] != '<';
}
#define TAG_MOST 64u

/* Where the tag at i ends; i if there is none. */
static size_t behind_tag(const struct pass *s, size_t i)
{
    const size_t n = s->text.n - i < TAG_MOST ? s->text.n - i : TAG_MOST;
    if (n < 3) return i;
    const char *p = s->text.p + i, c = (char)((p[1] == '/' ? p[2] : p[1]) | 32);
    const char *end = c >= 'a' && c <= 'z' ? memchr(p, '>', n) : NULL;
    return end ? (size_t)(end - s->text.p) + 1 : i;
}

/* Behind emphasis and tags. */
static inline size_t behind_marks(const struct pass *s, size_t i)
{
    while (1) {
        const size_t k = is_byte(s, i, '<') ? behind_tag(s, i) : i + is_emphasis(s, i);
        if (k == i) return i;
        i = k;
    }
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

/* Whether a string literal that ends with the quote at i might go on: white space or an operator comes next, and then more
 * of those or a quote. */
static inline bool quote_goes_on(const struct pass *s, size_t i)
{
    static const bool join[256] = {
        [' '] = true, ['\t'] = true, ['\n'] = true, ['\r'] = true, ['+'] = true, ['.'] = true, ['&'] = true, ['\\'] = true};
    if (s->text.n - i < 3 || !join[(unsigned char)s->text.p[i + 1]]) return false;
    const char c = s->text.p[i + 2];
    return c == s->text.p[i] || join[(unsigned char)c];
}

/* The mark of a list, a comment or a table's row. */
static inline bool is_margin(const struct pass *s, size_t i)
{
    const char c = i < s->text.n ? s->text.p[i] : 0;
    return c == '-' || c == '*' || c == '+' || c == '#' || c == '/' || c == '|';
}

/* Where the break at i ends: marks of emphasis, or a line end with what may stand round it. */
LEAF size_t behind_break(const struct pass *s, size_t i)
{
    i = behind_marks(s, i);
    size_t k = i;
    if (is_byte(s, k, '\\')) k++;
    if (is_byte(s, k, '\r')) k++;
    if (!is_byte(s, k, '\n')) return i;
    k++;
    while (is_class(s, k, WHITE)) {
        const unsigned in = (unsigned)(k - s->base);
        if (in >= 128) break; /* further than the masks tell: somebody else shall look */
        const uint64_t low = ~ahead(s->now->white, s->next->white, in);
        k += low ? (size_t)__builtin_ctzll(low) : 64;
        if (low) break;
    }
    size_t list = k;
    while (list - k < 3 && is_margin(s, list)) list++;
    if (list > k && is_byte(s, list, ' ')) k = list + 1;
    return behind_marks(s, k);
}

#define TOGETHER   9u  /* bytes: two pieces that are shorter together are no value, if not of one number */
#define WORDS_MOST 24u /* two words are no longer */

/* False if the break at i is sure to hold no value. `plain`: the token before it has no digit. */
LEAF bool worth(const struct pass *s, size_t i, bool plain)
{
    const size_t k = behind_break(s, i);
    if (k == i) return false;
    const unsigned in = (unsigned)(k - s->base);
    if (in >= 64 + 48) return true;
    const uint64_t left = ahead(s->now->token, s->next->token, in);
    const unsigned n = ~left ? (unsigned)__builtin_ctzll(~left) : 64;
    if (n == 0) return i && is_class(s, i - 1, DIGIT) && is_byte(s, k, ' ') && is_class(s, k + 1, DIGIT); /* groups of a number */
    if (in + n >= 128 || n == 64) return true;
    const size_t end = k + n;
    if (is_class(s, end, CUT | QUOTE | SLASH) || is_byte(s, end, '\r')) return true; /* there may be a third piece */
    /* the length of the token before it, up to 64 */
    const unsigned at = (unsigned)(i - s->base);
    const uint64_t rest = ~ahead(s->last, s->now->token, at);
    const unsigned before = rest ? (unsigned)__builtin_clzll(rest) : 64;
    const bool digit = (ahead(s->now->digit, s->next->digit, in) & ((1ull << n) - 1)) != 0;
    if (plain && !digit && (before + n < WORDS_MOST || before == 64)) return false;
    return before == 0 || before + n >= TOGETHER || (digit && !plain);
}

LEAF uint64_t breaks(struct pass *s)
{
    const struct masks *m = s->now;
    const uint64_t returns = m->returns;
    uint64_t sum, found = 0;
    /* Adding the first bytes of tokens to what is no digit carries through each token without one to the byte behind it. */
    const uint64_t word = m->token & ~m->digit, first = m->token & ~(m->token << 1 | s->token);
    const uint64_t over = (uint64_t)__builtin_add_overflow(word, word & first, &sum) |
                          (uint64_t)__builtin_add_overflow(sum, s->plain, &sum);
    const uint64_t behind = sum & ~m->token, plain = behind | (behind & returns) << 1 | s->carried;
    const uint64_t group = m->white & (m->digit << 1 | s->digit);
    const uint64_t follows = m->token | m->slash | returns | group;
    for (uint64_t w = (m->cut | m->quote) & (follows << 1 | s->before); w; w &= w - 1) {
        const size_t at = s->base + (size_t)__builtin_ctzll(w);
        const uint64_t bit = w & -w;
        if (bit & m->quote ? quote_goes_on(s, at) : worth(s, at, (plain & bit) != 0)) found |= bit;
    }
    s->before = follows >> 63;
    s->last = m->token;
    s->token = m->token >> 63;
    s->digit = m->digit >> 63;
    s->plain = over;
    s->carried = (behind & returns) >> 63;
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

LEAF void mark_all(struct marks *m, struct slice text, sorter sort)
{
    struct masks both[2];
    struct pass s = {.text = text};
    uint64_t *w = m->word;
    uint64_t all[MARK_KINDS] = {0};
    const size_t room = m->room;
    sort_at(text, 0, &both[0], sort);
    for (unsigned i = 0; s.base <= text.n; s.base += 64, w++, i ^= 1) { /* masks stay where they are: copies of them would wait */
        uint64_t row[MARK_KINDS] = {0};
        s.now = &both[i];
        s.next = &both[i ^ 1];
        sort_at(text, s.base + 64, &both[i ^ 1], sort);
        if (s.now->rare) signs(&s, &row[MARK_PERCENT], &row[MARK_ENTITY]);
        const uint64_t run = runs(&s);
        if (run) row[MARK_BASE64] = base64_begins(&s, run);
        if (run) row[MARK_HEX] = hex_begins(&s);
        row[MARK_ESCAPE] = s.now->slash;
        row[MARK_PAIRS] = listed(&s);
        row[MARK_QUOTED] = quoted(&s);
        row[MARK_BREAK] = breaks(&s);
        for (unsigned k = MARK_ANY + 1; k < MARK_KINDS; k++) row[MARK_ANY] |= row[k];
        for (unsigned k = 0; k < MARK_KINDS; k++) {
            w[k * room] = row[k];
            all[k] |= row[k];
        }
        s.base64 = s.now->base64 >> 63;
        s.part = s.now->part >> 63;
        s.hex = s.now->hex >> 63;
    }
    for (unsigned k = 0; k < MARK_KINDS; k++) m->kinds |= (unsigned)(all[k] != 0) << k;
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
    const size_t words = text.n / 64 + 1;
    if (words > m->room) {
        const size_t room = words + words / 2;
        uint64_t *v = mem_alloc(room * MARK_KINDS * sizeof *v);
        if (!v) return ERR_MEMORY;
        mem_free_used(m->word, 0); /* places, no text */
        m->word = v;
        m->room = room;
    }
    m->kinds = 0;
    chosen(m, text);
    return ERR_OK;
}

void marks_free(struct marks *m)
{
    mem_free_used(m->word, 0);
    *m = (struct marks){NULL, 0, 0};
}
