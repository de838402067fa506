/* Sixteen digits become the bytes they stand for, and those are asked at once whether text may begin so: bytes that go on
 * stand behind one beyond ASCII and nowhere else, nothing is a control character; NUL is in every second place or in none. */
#include "filters/text/alphabet.h"

#include <string.h>

#if defined(__x86_64__)
#include "filters/text/vector.h"
#endif

#define LEAF static inline __attribute__((always_inline)) /* made anew for each processor */

#define BASE64_BYTES 11u /* the last digit may be padding */
#define HEX_BYTES    8u
#define BASE32_BYTES 10u
#define EVERY_SECOND 0x55u /* of the first eight */

uint8_t alphabet_base64[256];
int8_t alphabet_hex[256];
uint8_t alphabet_base32[256];

__attribute__((constructor)) static void make_values(void)
{
    memset(alphabet_hex, -1, sizeof alphabet_hex);
    for (int i = 0; i < 10; i++) alphabet_hex['0' + i] = (int8_t)i;
    for (int i = 0; i < 6; i++) alphabet_hex['a' + i] = alphabet_hex['A' + i] = (int8_t)(10 + i);
    memset(alphabet_base64, 255, sizeof alphabet_base64);
    for (unsigned i = 0; i < 26; i++) {
        alphabet_base64['A' + i] = (uint8_t)i;
        alphabet_base64['a' + i] = (uint8_t)(26 + i);
    }
    for (unsigned i = 0; i < 10; i++) alphabet_base64['0' + i] = (uint8_t)(52 + i);
    memset(alphabet_base32, 255, sizeof alphabet_base32);
    for (unsigned i = 0; i < 26; i++) alphabet_base32['A' + i] = alphabet_base32['a' + i] = (uint8_t)i;
    for (unsigned i = 0; i < 6; i++) alphabet_base32['2' + i] = (uint8_t)(26 + i);
    alphabet_base64['+'] = alphabet_base64['-'] = 62;
    alphabet_base64['/'] = alphabet_base64['_'] = 63;
}

/* What the bytes of a head are, a bit each. */
struct head {
    unsigned zero, control, wrong, next, high; /* wrong: never in UTF-8; next: goes on in a character */
};

LEAF bool begins_text(struct head h, unsigned bytes)
{
    const unsigned all = (1u << bytes) - 1, lead = h.high & ~h.next;
    const bool wide = ((h.zero & EVERY_SECOND) == EVERY_SECOND) | ((h.zero & EVERY_SECOND << 1) == EVERY_SECOND << 1);
    const bool narrow = ((h.control | h.wrong | (h.next & ~(h.high << 1)) | (lead << 1 & ~h.next)) & all) == 0;
    return h.zero & all ? wide : narrow; /* nobody knows beforehand: no branches */
}

static struct head head_plain(const unsigned char *b, unsigned bytes)
{
    struct head h = {0, 0, 0, 0, 0};
    for (unsigned i = 0; i < bytes; i++) {
        const unsigned c = b[i], bit = 1u << i;
        if (c == 0) h.zero |= bit;
        if ((c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7F) h.control |= bit;
        if (c == 0xC0 || c == 0xC1 || c >= 0xF5) h.wrong |= bit;
        if ((c & 0xC0) == 0x80) h.next |= bit;
        if (c & 0x80) h.high |= bit;
    }
    return h;
}

/* FF FE or FE FF, which UTF-16 begins with: "//4" or "/v8". */
static inline bool is_wide_mark(const char *p)
{
    const bool first = (p[0] == '/') | (p[0] == '_'), second = (p[1] == '/') | (p[1] == '_');
    return first & ((second & (p[2] >= '4') & (p[2] <= '7')) | ((p[1] == 'v') & (p[2] == '8')));
}

static bool base64_plain(const char *p)
{
    unsigned char b[BASE64_BYTES + 1];
    uint32_t acc = 0;
    for (unsigned i = 0, bits = 0, n = 0; i < ALPHABET_BASE64; i++) {
        acc = acc << 6 | (alphabet_base64[(unsigned char)p[i]] & 63);
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        b[n++] = (unsigned char)(acc >> bits);
    }
    return begins_text(head_plain(b, BASE64_BYTES), BASE64_BYTES) || is_wide_mark(p);
}

static bool hex_plain(const char *p)
{
    unsigned char b[HEX_BYTES];
    for (unsigned i = 0; i < HEX_BYTES; i++)
        b[i] = (unsigned char)((unsigned)alphabet_hex[(unsigned char)p[2 * i]] << 4 |
                               (unsigned)alphabet_hex[(unsigned char)p[2 * i + 1]]);
    return begins_text(head_plain(b, HEX_BYTES), HEX_BYTES);
}

/* Most are told by their first digits: what begins text is no control character. */
bool alphabet_begins_base32(const char *p)
{
    unsigned char b[BASE32_BYTES];
    const unsigned first = alphabet_base32[(unsigned char)p[0]], second = alphabet_base32[(unsigned char)p[1]];
    uint32_t acc = 0;
    if (first == 0 || (first >= 2 && first < 4) || (first >= 16 && first < 24) || (first | second) == 255) return false;
    for (unsigned i = 0, bits = 0, n = 0; i < ALPHABET_BASE32; i++) {
        const unsigned v = alphabet_base32[(unsigned char)p[i]];
        if (v == 255) return false;
        acc = acc << 5 | v;
        bits += 5;
        if (bits < 8) continue;
        bits -= 8;
        b[n++] = (unsigned char)(acc >> bits);
    }
    return begins_text(head_plain(b, BASE32_BYTES), BASE32_BYTES);
}

#if defined(__x86_64__)
#define SSSE3 __attribute__((target("ssse3,popcnt")))

static inline __m128i load(const char *p) { return _mm_loadu_si128((const __m128i *)(const void *)p); }
static inline __m128i is(__m128i v, char c) { return _mm_cmpeq_epi8(v, _mm_set1_epi8(c)); }
static inline unsigned bits(__m128i v) { return (unsigned)_mm_movemask_epi8(v); }

static inline struct head head_sse2(__m128i v)
{
    const __m128i line = _mm_or_si128(_mm_or_si128(is(v, '\n'), is(v, '\r')), is(v, '\t'));
    const __m128i control = _mm_or_si128(_mm_andnot_si128(line, vector_within(v, 0, 0x1F)), is(v, 0x7F));
    const __m128i wrong = _mm_or_si128(vector_within(v, (char)0xC0, 1), vector_within(v, (char)0xF5, 10));
    return (struct head){bits(is(v, 0)), bits(control), bits(wrong), bits(vector_within(v, (char)0x80, 0x3F)), bits(v)};
}

/* The twelve bytes that sixteen digits of base64 stand for (Mula and Lemire, "Faster Base64 Encoding and Decoding Using AVX2
 * Instructions", 2018). */
SSSE3 LEAF bool base64_ssse3(const char *p)
{
    const __m128i v = load(p);
    __m128i off = _mm_and_si128(vector_within(v, 'A', 25), _mm_set1_epi8(-65));
    off = _mm_or_si128(off, _mm_and_si128(vector_within(v, 'a', 25), _mm_set1_epi8(26 - 97)));
    off = _mm_or_si128(off, _mm_and_si128(vector_within(v, '0', 9), _mm_set1_epi8(52 - 48)));
    off = _mm_or_si128(off, _mm_and_si128(is(v, '+'), _mm_set1_epi8(62 - 43)));
    off = _mm_or_si128(off, _mm_and_si128(is(v, '-'), _mm_set1_epi8(62 - 45)));
    off = _mm_or_si128(off, _mm_and_si128(is(v, '/'), _mm_set1_epi8(63 - 47)));
    off = _mm_or_si128(off, _mm_and_si128(is(v, '_'), _mm_set1_epi8(63 - 95)));
    const __m128i pairs = _mm_maddubs_epi16(_mm_and_si128(_mm_add_epi8(v, off), _mm_set1_epi8(63)), _mm_set1_epi32(0x01400140));
    const __m128i fours = _mm_madd_epi16(pairs, _mm_set1_epi32(0x00011000));
    const __m128i order = _mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
    const bool begins = begins_text(head_sse2(_mm_shuffle_epi8(fours, order)), BASE64_BYTES), wide = is_wide_mark(p);
    return begins | wide;
}

SSSE3 LEAF bool hex_ssse3(const char *p)
{
    const __m128i v = load(p), letter = _mm_cmpgt_epi8(v, _mm_set1_epi8('9'));
    const __m128i value = _mm_add_epi8(_mm_and_si128(v, _mm_set1_epi8(15)), _mm_and_si128(letter, _mm_set1_epi8(9)));
    const __m128i pairs = _mm_maddubs_epi16(value, _mm_set1_epi16(0x0110));
    return begins_text(head_sse2(_mm_packus_epi16(pairs, pairs)), HEX_BYTES);
}
#endif

/* ---- many at a time ---------------------------------------------------------------------------------------- */

#define WORDS    32u /* of a row at a step */
#define TOGETHER 4u  /* places */

/* The places of the bits in some words, few of which have any; the last once more, up to a whole number together. Returns how
 * many. */
LEAF size_t list(const uint64_t *word, size_t words, uint16_t *place)
{
    uint8_t some[WORDS];
    size_t n = 0, all = 0;
    for (size_t i = 0; i < words; i++) { /* without a question */
        some[n] = (uint8_t)i;
        n += word[i] != 0;
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t w = word[some[i]];
        do place[all++] = (uint16_t)(some[i] * 64u + (unsigned)__builtin_ctzll(w));
        while (w &= w - 1);
    }
    for (; all % TOGETHER; all++) place[all] = place[all - 1];
    return all;
}

/* `begins` says of so many places which may begin text. */
LEAF bool keep(const char *text, uint64_t *word, size_t words, unsigned (*begins)(const char *text, const uint16_t at[TOGETHER]))
{
    uint16_t place[WORDS * 64];
    unsigned any = 0;
    for (size_t w = 0; w < words; w += WORDS, text += WORDS * 64, word += WORDS) {
        const size_t n = list(word, words - w < WORDS ? words - w : WORDS, place);
        for (size_t i = 0; i < n; i += TOGETHER) {
            const unsigned those = begins(text, place + i);
            for (unsigned k = 0; k < TOGETHER; k++)
                word[place[i + k] / 64] &= ~((uint64_t)(~those >> k & 1) << place[i + k] % 64);
            any |= those;
        }
    }
    return any != 0;
}

LEAF unsigned one_by_one(const char *text, const uint16_t at[TOGETHER], bool (*begins)(const char *p))
{
    unsigned those = 0;
    for (unsigned k = 0; k < TOGETHER; k++) those |= (unsigned)begins(text + at[k]) << k;
    return those;
}

static unsigned base64_each(const char *text, const uint16_t at[TOGETHER]) { return one_by_one(text, at, base64_plain); }
static unsigned hex_each(const char *text, const uint16_t at[TOGETHER]) { return one_by_one(text, at, hex_plain); }
static bool keep_base64_plain(const char *text, uint64_t *place, size_t n) { return keep(text, place, n, base64_each); }
static bool keep_hex_plain(const char *text, uint64_t *place, size_t n) { return keep(text, place, n, hex_each); }

#if defined(__x86_64__)
SSSE3 LEAF unsigned base64_each_ssse3(const char *text, const uint16_t at[TOGETHER])
{
    return one_by_one(text, at, base64_ssse3);
}
SSSE3 LEAF unsigned hex_each_ssse3(const char *text, const uint16_t at[TOGETHER]) { return one_by_one(text, at, hex_ssse3); }
SSSE3 static bool keep_base64_ssse3(const char *text, uint64_t *place, size_t n)
{
    return keep(text, place, n, base64_each_ssse3);
}
SSSE3 static bool keep_hex_ssse3(const char *text, uint64_t *place, size_t n) { return keep(text, place, n, hex_each_ssse3); }

/* ---- four places at once: sixteen bytes each, and sixteen bits --------------------------------------------- */

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi,bmi,bmi2,popcnt")))

AVX512 static inline __m512i each(__m128i v) { return _mm512_broadcast_i32x4(v); }

/* What is in no text of UTF-8, by the lower and the upper half of the byte: a bit for each upper half there is such of. */
AVX512 static inline uint64_t never_text(__m512i b)
{
    const __m128i low = _mm_setr_epi8(11, 11, 3, 3, 3, 19, 19, 19, 19, 18, 18, 19, 19, 18, 19, 23);
    const __m128i high = _mm_setr_epi8(1, 2, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 8, 0, 0, 16); /* 0, 1, 7, C, F */
    const __m512i half = _mm512_set1_epi8(15);
    return _mm512_test_epi8_mask(_mm512_shuffle_epi8(each(low), _mm512_and_si512(b, half)),
                                 _mm512_shuffle_epi8(each(high), _mm512_and_si512(_mm512_srli_epi16(b, 4), half)));
}

/* is_wide_mark() of each. */
AVX512 static inline unsigned wide_marks(__m512i v)
{
#define ARE(c) _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(c))
    const uint64_t slash = ARE('/') | ARE('_'),
                   fours = _mm512_cmple_epu8_mask(_mm512_sub_epi8(v, _mm512_set1_epi8('4')), _mm512_set1_epi8(3));
    const uint64_t mark = slash & ((slash >> 1 & fours >> 2) | (ARE('v') >> 1 & ARE('8') >> 2));
#undef ARE
    return (unsigned)_pext_u64(mark, 0x0001000100010001ull);
}

/* begins_text() of each. */
AVX512 static inline unsigned begin_text(__m512i b, uint64_t all)
{
    const uint64_t zero = _mm512_testn_epi8_mask(b, b), high = _mm512_movepi8_mask(b);
    const uint64_t next = high & _mm512_cmplt_epi8_mask(b, _mm512_set1_epi8((char)0xC0)), lead = high & ~next;
    const uint64_t wrong = never_text(b) | (next & ~(high << 1)) | (lead << 1 & ~next);
#define LANE(x)  _mm_cvtsi64_si128((long long)(x))
#define EVERY(n) _mm_cmpeq_epi16_mask(_mm_and_si128(LANE(zero), _mm_set1_epi16(n)), _mm_set1_epi16(n))
    const unsigned narrow = _mm_testn_epi16_mask(LANE(wrong & all), LANE(wrong & all)), wide = EVERY(0x55) | EVERY(0xAA);
    const unsigned zeros = _mm_test_epi16_mask(LANE(zero & all), LANE(zero & all));
#undef EVERY
#undef LANE
    return ((zeros & wide) | (~zeros & narrow)) & ((1u << TOGETHER) - 1); /* there is room for eight */
}

AVX512 LEAF unsigned base64_four(const char *text, const uint16_t at[TOGETHER])
{
    const __m512i low = _mm512_loadu_si512(alphabet_base64), high = _mm512_loadu_si512(alphabet_base64 + 64);
    __m512i v = _mm512_castsi128_si512(load(text + at[0]));
    v = _mm512_inserti32x4(v, load(text + at[1]), 1);
    v = _mm512_inserti32x4(v, load(text + at[2]), 2);
    v = _mm512_inserti32x4(v, load(text + at[3]), 3);
    const __m512i digit = _mm512_and_si512(_mm512_permutex2var_epi8(low, v, high), _mm512_set1_epi8(63));
    const __m512i fours = _mm512_madd_epi16(_mm512_maddubs_epi16(digit, _mm512_set1_epi32(0x01400140)),
                                            _mm512_set1_epi32(0x00011000));
    const __m128i order = _mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
    const uint64_t all = 0x0001000100010001ull * ((1u << BASE64_BYTES) - 1);
    return begin_text(_mm512_shuffle_epi8(fours, each(order)), all) | wide_marks(v);
}

AVX512 static bool keep_base64_avx512(const char *text, uint64_t *place, size_t n) { return keep(text, place, n, base64_four); }
#endif

/* There are few of these. */
bool alphabet_keep_base32(const char *text, uint64_t *place, size_t words)
{
    uint64_t all = 0;
    for (size_t k = 0; k < words; all |= place[k++])
        for (uint64_t w = place[k]; w; w &= w - 1)
            if (!alphabet_begins_base32(text + k * 64 + (unsigned)__builtin_ctzll(w))) place[k] &= ~(w & -w);
    return all != 0;
}

/* ---- the entries ------------------------------------------------------------------------------------------- */

bool (*alphabet_begins_base64)(const char *p) = base64_plain;
bool (*alphabet_begins_hex)(const char *p) = hex_plain;
bool (*alphabet_keep_base64)(const char *text, uint64_t *place, size_t words) = keep_base64_plain;
bool (*alphabet_keep_hex)(const char *text, uint64_t *place, size_t words) = keep_hex_plain;

bool alphabet_way(unsigned way)
{
    bool known = way == 2;
#if defined(__x86_64__)
    const bool ssse3 = __builtin_cpu_supports("ssse3") && __builtin_cpu_supports("popcnt");
    if (way == 0) known = ssse3 && vector_spreads() && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("bmi2");
    if (way == 1) known = ssse3;
    if (!known) return false;
    alphabet_begins_base64 = way < 2 ? base64_ssse3 : base64_plain;
    alphabet_begins_hex = way < 2 ? hex_ssse3 : hex_plain;
    alphabet_keep_base64 = way == 0 ? keep_base64_avx512 : way == 1 ? keep_base64_ssse3 : keep_base64_plain;
    alphabet_keep_hex = way < 2 ? keep_hex_ssse3 : keep_hex_plain;
#endif
    return known;
}

__attribute__((constructor)) static void choose(void)
{
    for (unsigned way = 0; !alphabet_way(way);) way++;
}
