/* Looking for what folding could care about. One rule for a byte and its neighbours, written twice: byte by byte, for the ends
 * of a text and for any processor, and 32 bytes at a time. */
#include "filters/text/odd.h"

#if defined(__x86_64__)
#include "filters/text/vector.h"
#endif

static uint32_t odd_leads; /* bit k: among the characters that begin with 0xC0 + k some are folded */

static inline bool is_word(unsigned char c) { return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_'; }

/* Whether the word that the character of two bytes at i belongs to may be looked at again for what stands beside it. */
static bool has_neighbour(struct slice t, size_t i)
{
    const unsigned char *p = (const unsigned char *)t.p + i;
    if (i) {
        if (is_word(p[-1])) return true;
        if (p[-1] >= 0x80 && (i < 2 || !odd_foreign(p[-2]))) return true;
    }
    if (t.n - i <= 2) return t.n - i < 2;
    const unsigned char a = p[2];
    return is_word(a) || a == 0 || a == 0x1B || (a >= 0x80 && !odd_foreign(a));
}

static bool is_odd(struct slice t, size_t i)
{
    const unsigned char *p = (const unsigned char *)t.p + i, c = *p;
    if (c < 0x80) return c == 0 || c == 0x1B;
    if (c < 0xC0) return false;
    if (odd_foreign(c)) return has_neighbour(t, i);
    if (c < 0xE0) return odd_leads >> (c - 0xC0) & 1;
    if ((c >= 0xE4 && c <= 0xE9) || (c >= 0xEB && c <= 0xED)) return false; /* CJK, Hangul */
    if (t.n - i < 3) return true;
    if (c == 0xEA) return p[1] < 0xB0;                                                      /* Hangul from there on */
    if (c == 0xE3) return (p[1] == 0x80 && p[2] == 0x80) || (p[1] == 0x85 && p[2] == 0xA4); /* the wide blank, the filler */
    if (c == 0xEF) return p[1] != 0xBC || (p[2] != 0x8C && p[2] != 0x9B); /* a comma and a semicolon stay as they are */
    return true;
}

static size_t next_plain(struct slice t, size_t i)
{
    while (i < t.n && !is_odd(t, i)) i++;
    return i;
}

#if defined(__x86_64__)
#define AVX2 __attribute__((target("avx2,bmi,bmi2")))

AVX2 static inline __m256i load(const char *p) { return _mm256_loadu_si256((const __m256i *)(const void *)p); }
AVX2 static inline __m256i is(__m256i v, unsigned c) { return _mm256_cmpeq_epi8(v, _mm256_set1_epi8((char)c)); }
AVX2 static inline __m256i within(__m256i v, unsigned first, unsigned last)
{
    return vector_within2(v, (char)first, (char)(last - first));
}
AVX2 static inline __m256i either(__m256i a, __m256i b) { return _mm256_or_si256(a, b); }
AVX2 static inline __m256i both(__m256i a, __m256i b) { return _mm256_and_si256(a, b); }
AVX2 static inline __m256i less(__m256i a, __m256i b) { return _mm256_andnot_si256(b, a); } /* a without b */
AVX2 static inline __m256i words(__m256i v)
{
    return either(either(within(either(v, _mm256_set1_epi8(32)), 'a', 'z'), within(v, '0', '9')), is(v, '_'));
}
AVX2 static inline __m256i foreign(__m256i v) { return within(v, 0xCE, 0xD6); }
AVX2 static inline __m256i high(__m256i v) { return _mm256_cmpgt_epi8(_mm256_setzero_si256(), v); }

/* Of the bytes at p those that is_odd() names, where some are beyond ASCII: two before and two behind them are read. */
AVX2 static uint32_t odd_32(const char *p, __m256i leads)
{
    const __m256i v = load(p), one = load(p + 1), two = load(p + 2), start = within(v, 0xC0, 0xFF);
    /* leads has a bit for each of sixteen first bytes: 1 for 0xC., 2 for 0xD. */
    const __m256i kind = _mm256_blendv_epi8(_mm256_set1_epi8(1), _mm256_set1_epi8(2), _mm256_slli_epi16(v, 3));
    const __m256i learnt = both(_mm256_shuffle_epi8(leads, both(v, _mm256_set1_epi8(15))), kind);
    const __m256i of_two = both(within(v, 0xC0, 0xDF), less(less(_mm256_set1_epi8(-1), is(learnt, 0)), foreign(v)));
    const __m256i blank = either(both(is(one, 0x80), is(two, 0x80)), both(is(one, 0x85), is(two, 0xA4)));
    const __m256i stays = both(is(one, 0xBC), either(is(two, 0x8C), is(two, 0x9B)));
    __m256i plain = either(within(v, 0xC0, 0xDF), either(within(v, 0xE4, 0xE9), within(v, 0xEB, 0xED)));
    plain = either(plain, either(both(is(v, 0xEA), within(one, 0xB0, 0xFF)), less(is(v, 0xE3), blank)));
    plain = either(plain, both(is(v, 0xEF), stays));
    __m256i odd = either(either(is(v, 0), is(v, 0x1B)), either(of_two, less(start, plain)));
    const __m256i f = foreign(v);
    if (_mm256_movemask_epi8(f)) {
        const __m256i before = load(p - 1), second = load(p - 2);
        __m256i near = either(words(before), less(high(before), foreign(second)));
        near = either(near, either(either(words(two), either(is(two, 0), is(two, 0x1B))), less(high(two), foreign(two))));
        odd = either(odd, both(f, near));
    }
    return (uint32_t)_mm256_movemask_epi8(odd);
}

AVX2 static size_t next_avx2(struct slice t, size_t i)
{
    uint8_t row[32];
    for (unsigned k = 0; k < 16; k++) row[k] = row[k + 16] = (uint8_t)((odd_leads >> k & 1) | (odd_leads >> (k + 16) & 1) << 1);
    const __m256i leads = load((const char *)row);
    while (i < t.n && i < 2 && !is_odd(t, i)) i++;
    if (i < 2) return i;
    for (; t.n - i >= 34; i += 32) {
        const __m256i v = load(t.p + i);
        uint32_t m;
        if (_mm256_movemask_epi8(v)) m = odd_32(t.p + i, leads);
        else m = (uint32_t)_mm256_movemask_epi8(either(is(v, 0), is(v, 0x1B)));
        if (m) return i + (unsigned)__builtin_ctz(m);
    }
    return next_plain(t, i);
}
#endif

static size_t (*chosen)(struct slice t, size_t i) = next_plain;

bool odd_way(unsigned way)
{
    bool known = way == 1;
#if defined(__x86_64__)
    if (way == 0) known = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
    if (known) chosen = way == 0 ? next_avx2 : next_plain;
#endif
    return known;
}

__attribute__((constructor)) static void choose(void)
{
    for (unsigned way = 0; !odd_way(way);) way++;
}

void odd_learn(uint32_t leads) { odd_leads = leads; }

size_t odd_foreign_end(struct slice t, size_t i)
{
    while (t.n - i >= 2 && odd_foreign((unsigned char)t.p[i]) && ((unsigned char)t.p[i + 1] & 0xC0) == 0x80) i += 2;
    return i;
}

size_t odd_next(struct slice t, size_t i)
{
    size_t k = chosen(t, i);
    if (k < t.n && odd_foreign((unsigned char)t.p[k])) /* the end of a word, perhaps: back to its beginning */
        while (k >= i + 2 && odd_foreign((unsigned char)t.p[k - 2]) && ((unsigned char)t.p[k - 1] & 0xC0) == 0x80) k -= 2;
    return k;
}
