/* UTF-8 validation, vectorised, and single characters. The vector part classifies each pair of neighbouring bytes by
 * three 16-entry tables (Keiser and Lemire, "Validating UTF-8 In Less Than One Instruction Per Byte", 2021); whatever
 * it dislikes is looked at again byte by byte, which gives the exact place. */
#include "filters/text/utf8.h"

#if defined(__x86_64__)
#include <immintrin.h>
#if !defined(TEXT_NO_AVX2)
#define UTF8_AVX2 1
#endif
#endif

/* Length of the well-formed character at p, or 0. */
static size_t char_len(const unsigned char *p, size_t n)
{
    unsigned c = p[0];
    if (c < 0x80) return 1;
    if (c < 0xC2 || c > 0xF4 || n < 2) return 0;
    unsigned d = p[1], low = 0x80, high = 0xBF;
    if (c == 0xE0) low = 0xA0;
    else if (c == 0xED) high = 0x9F;
    else if (c == 0xF0) low = 0x90;
    else if (c == 0xF4) high = 0x8F;
    if (d < low || d > high) return 0;
    if (c < 0xE0) return 2;
    if (n < 3 || (p[2] & 0xC0) != 0x80) return 0;
    if (c < 0xF0) return 3;
    return n >= 4 && (p[3] & 0xC0) == 0x80 ? 4 : 0;
}

static size_t valid_prefix(const char *s, size_t n)
{
    size_t i = 0;
    while (i < n) {
        uint64_t w;
        if (n - i >= 8 && (memcpy(&w, s + i, 8), (w & 0x8080808080808080ull) == 0)) {
            i += 8;
            continue;
        }
        size_t k = char_len((const unsigned char *)s + i, n - i);
        if (!k) break;
        i += k;
    }
    return i;
}

#ifdef UTF8_AVX2
/* What can be wrong with two neighbouring bytes; a bit survives only if all three tables have it. */
enum {
    SHORT = 1,      /* a lead byte without its continuation */
    LONG = 2,       /* a continuation behind ASCII */
    OVER3 = 4,      /* E0 80..9F */
    LARGE = 8,      /* F4 90.., F5.. */
    SURROGATE = 16, /* ED A0.. */
    OVER2 = 32,     /* C0, C1 */
    OVER4 = 64,     /* F0 80..8F; F5.. 80..8F */
    CONT2 = 128,    /* two continuations: right only in the 3rd and 4th place */
    CARRY = SHORT | LONG | CONT2,
};
#define TWICE(...)                                                                                                               \
    {                                                                                                                            \
        __VA_ARGS__, __VA_ARGS__                                                                                                 \
    }
static const uint8_t first_high[32] = TWICE(LONG, LONG, LONG, LONG, LONG, LONG, LONG, LONG, CONT2, CONT2, CONT2, CONT2,
                                            SHORT | OVER2, SHORT, SHORT | OVER3 | SURROGATE, SHORT | LARGE | OVER4);
static const uint8_t first_low[32] = TWICE(
    CARRY | OVER3 | OVER2 | OVER4, CARRY | OVER2, CARRY, CARRY, CARRY | LARGE, CARRY | LARGE | OVER4, CARRY | LARGE | OVER4,
    CARRY | LARGE | OVER4, CARRY | LARGE | OVER4, CARRY | LARGE | OVER4, CARRY | LARGE | OVER4, CARRY | LARGE | OVER4,
    CARRY | LARGE | OVER4, CARRY | LARGE | OVER4 | SURROGATE, CARRY | LARGE | OVER4, CARRY | LARGE | OVER4);
static const uint8_t second_high[32] = TWICE(SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, SHORT,
                                             LONG | OVER2 | CONT2 | OVER3 | OVER4, LONG | OVER2 | CONT2 | OVER3 | LARGE,
                                             LONG | OVER2 | CONT2 | SURROGATE | LARGE, LONG | OVER2 | CONT2 | SURROGATE | LARGE,
                                             SHORT, SHORT, SHORT, SHORT);

#define LOAD(p) _mm256_loadu_si256((const __m256i *)(const void *)(p))

/* Non-zero bytes where the 32 bytes at p, seen with the three before them, are wrong. */
__attribute__((target("avx2"))) static inline __m256i check32(const char *p)
{
    const __m256i nibble = _mm256_set1_epi8(15);
    __m256i cur = LOAD(p), before = LOAD(p - 1);
    __m256i wrong = _mm256_and_si256(
        _mm256_and_si256(_mm256_shuffle_epi8(LOAD(first_high), _mm256_and_si256(_mm256_srli_epi16(before, 4), nibble)),
                         _mm256_shuffle_epi8(LOAD(first_low), _mm256_and_si256(before, nibble))),
        _mm256_shuffle_epi8(LOAD(second_high), _mm256_and_si256(_mm256_srli_epi16(cur, 4), nibble)));
    /* Saturating: the top bit is set only where the byte two (three) before is E0.. (F0..). */
    __m256i third = _mm256_subs_epu8(LOAD(p - 2), _mm256_set1_epi8((char)(0xE0 - 0x80)));
    __m256i fourth = _mm256_subs_epu8(LOAD(p - 3), _mm256_set1_epi8((char)(0xF0 - 0x80)));
    __m256i must = _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8((char)0x80));
    return _mm256_xor_si256(must, wrong);
}

__attribute__((target("avx2"))) static bool valid_avx2(const char *s, size_t n)
{
    char edge[3 + 64] = {0};
    size_t head = n < 32 ? n : 32;
    memcpy(edge + 3, s, head);
    __m256i wrong = check32(edge + 3);
    if (n < 32) return _mm256_testz_si256(wrong, wrong) != 0; /* the zeros behind show a cut character */
    size_t i = 32;
    bool ascii_before = false;
    for (; n - i >= 32; i += 32) {
        bool ascii = _mm256_movemask_epi8(LOAD(s + i)) == 0;
        if (!(ascii && ascii_before)) wrong = _mm256_or_si256(wrong, check32(s + i));
        ascii_before = ascii;
    }
    memset(edge, 0, sizeof edge);
    memcpy(edge, s + i - 3, 3 + n - i);
    wrong = _mm256_or_si256(wrong, check32(edge + 3));
    return _mm256_testz_si256(wrong, wrong) != 0;
}

#define AVX512 __attribute__((target("avx512f,avx512bw")))

/* Entry i of a table for each byte's nibble i. */
AVX512 static inline __m512i look64(const uint8_t table[32], __m512i nibbles)
{
    const __m512i t = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(const void *)table));
    return _mm512_shuffle_epi8(t, _mm512_and_si512(nibbles, _mm512_set1_epi8(15)));
}

/* The same of 64 bytes; `cur` is what is at p. */
AVX512 static inline __m512i check64(const char *p, __m512i cur)
{
    const __m512i before = _mm512_loadu_si512(p - 1);
    const __m512i first = look64(first_high, _mm512_srli_epi16(before, 4)), low = look64(first_low, before),
                  second = look64(second_high, _mm512_srli_epi16(cur, 4));
    const __m512i third = _mm512_subs_epu8(_mm512_loadu_si512(p - 2), _mm512_set1_epi8((char)(0xE0 - 0x80)));
    const __m512i fourth = _mm512_subs_epu8(_mm512_loadu_si512(p - 3), _mm512_set1_epi8((char)(0xF0 - 0x80)));
    const __m512i must = _mm512_and_si512(_mm512_or_si512(third, fourth), _mm512_set1_epi8((char)0x80));
    return _mm512_xor_si512(must, _mm512_and_si512(_mm512_and_si512(first, low), second));
}

/* The blocks before a text's first 64 bytes and behind its last whole ones are made up. That half of a text is ASCII nobody
 * could foretell of a block, so only long stretches of it are passed by. */
AVX512 static bool valid_avx512(const char *s, size_t n)
{
    char edge[3 + 64] = {0};
    memcpy(edge + 3, s, n < 64 ? n : 64);
    __m512i wrong = check64(edge + 3, _mm512_loadu_si512(edge + 3));
    if (n < 64) return !_mm512_test_epi64_mask(wrong, wrong); /* the zeros behind show a cut character */
    size_t i = 64;
    while (n - i >= 256) {
        const __m512i a = _mm512_loadu_si512(s + i), b = _mm512_loadu_si512(s + i + 64), c = _mm512_loadu_si512(s + i + 128),
                      d = _mm512_loadu_si512(s + i + 192);
        const __m512i all = _mm512_or_si512(_mm512_or_si512(a, b), _mm512_or_si512(c, d));
        if (_mm512_movepi8_mask(all)) {
            wrong = _mm512_or_si512(wrong, _mm512_or_si512(check64(s + i, a), check64(s + i + 64, b)));
            wrong = _mm512_or_si512(wrong, _mm512_or_si512(check64(s + i + 128, c), check64(s + i + 192, d)));
        } else { /* what goes before may be cut */
            wrong = _mm512_or_si512(wrong, check64(s + i, a));
        }
        i += 256;
    }
    for (; n - i >= 64; i += 64) wrong = _mm512_or_si512(wrong, check64(s + i, _mm512_loadu_si512(s + i)));
    memset(edge, 0, sizeof edge);
    memcpy(edge, s + i - 3, 3 + n - i);
    wrong = _mm512_or_si512(wrong, check64(edge + 3, _mm512_loadu_si512(edge + 3)));
    return !_mm512_test_epi64_mask(wrong, wrong);
}

static bool valid_none(const char *s, size_t n)
{
    (void)s;
    return !n;
}

static bool (*valid)(const char *s, size_t n) = valid_none;

bool utf8_way(unsigned way)
{
    const bool known[] = {__builtin_cpu_supports("avx512bw"), __builtin_cpu_supports("avx2"), true};
    static bool (*const ways[])(const char *s, size_t n) = {valid_avx512, valid_avx2, valid_none};
    if (way >= sizeof known / sizeof known[0] || !known[way]) return false;
    valid = ways[way];
    return true;
}

__attribute__((constructor)) static void choose(void)
{
    for (unsigned way = 0; !utf8_way(way);) way++;
}
#else
static bool valid(const char *s, size_t n)
{
    (void)s;
    return !n;
}

bool utf8_way(unsigned way) { return way == 2; }
#endif

bool utf8_valid(struct slice s, size_t *at)
{
    if (s.n && valid(s.p, s.n)) return true;
    size_t i = valid_prefix(s.p, s.n);
    if (i == s.n) return true;
    if (at) *at = i;
    return false;
}

uint32_t utf8_next(const char *p, const char *end, size_t *n)
{
    const unsigned char *u = (const unsigned char *)p;
    size_t k = char_len(u, (size_t)(end - p));
    *n = k ? k : 1;
    switch (k) {
    case 1: return u[0];
    case 2: return (uint32_t)(u[0] & 0x1F) << 6 | (u[1] & 0x3Fu);
    case 3: return (uint32_t)(u[0] & 0x0F) << 12 | (u[1] & 0x3Fu) << 6 | (u[2] & 0x3Fu);
    case 4: return (uint32_t)(u[0] & 0x07) << 18 | (u[1] & 0x3Fu) << 12 | (u[2] & 0x3Fu) << 6 | (u[3] & 0x3Fu);
    default: return UTF8_REPLACEMENT;
    }
}

size_t utf8_put(uint32_t c, char out[4])
{
    if (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) c = UTF8_REPLACEMENT;
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}
