/* Looking for what folding could care about. One rule for a byte and its neighbours, written twice: byte by byte, for the ends
 * of a text and for any processor, and 32 or 64 bytes at a time. */
#include "filters/text/odd.h"

#include <string.h>

#if defined(__x86_64__)
#include "filters/text/vector.h"
#endif

static uint32_t odd_leads; /* bit k: among the characters that begin with 0xC0 + k some are folded */

static inline bool is_control(unsigned char c) { return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F; }
static inline bool is_word(unsigned char c) { return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_'; }

static inline bool is_letter(unsigned char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }

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
    if (a == '-' && t.n - i > 3 && is_letter(p[3])) return true;
    return is_word(a) || a <= 8 || a == 0x1B || (a >= 0x80 && !odd_foreign(a));
}

static bool is_odd(struct slice t, size_t i)
{
    const unsigned char *p = (const unsigned char *)t.p + i, c = *p;
    if (c < 0x80) return is_control(c);
    if (c < 0xC0) return false;
    if (odd_foreign(c)) return has_neighbour(t, i);
    if (c < 0xE0) return odd_leads >> (c - 0xC0) & 1;
    if ((c >= 0xE4 && c <= 0xE9) || (c >= 0xEB && c <= 0xED)) return false; /* CJK, Hangul */
    if (t.n - i < 3) return true;
    if (c == 0xEA) return p[1] < 0xB0 || p[1] > 0xBF;                                       /* Hangul from there on */
    if (c == 0xE3) return (p[1] == 0x80 && p[2] == 0x80) || (p[1] == 0x85 && p[2] == 0xA4); /* the wide blank, the filler */
    if (c == 0xEF) return p[1] != 0xBC || (p[2] != 0x8C && p[2] != 0x9B); /* a comma and a semicolon stay as they are */
    return true;
}

static uint64_t odd_plain(struct slice t, size_t i)
{
    uint64_t odd = 0;
    for (unsigned k = 0; k < ODD_BLOCK && i + k < t.n; k++) odd |= (uint64_t)is_odd(t, i + k) << k;
    return odd;
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
AVX2 static inline __m256i letters(__m256i v) { return within(either(v, _mm256_set1_epi8(32)), 'a', 'z'); }
AVX2 static inline __m256i words(__m256i v) { return either(either(letters(v), within(v, '0', '9')), is(v, '_')); }
AVX2 static inline __m256i controls(__m256i v)
{
    return either(less(within(v, 0, 0x1F), either(within(v, '\t', '\n'), is(v, '\r'))), is(v, 0x7F));
}
AVX2 static inline __m256i foreign(__m256i v) { return within(v, 0xCE, 0xD6); }
AVX2 static inline __m256i high(__m256i v) { return _mm256_cmpgt_epi8(_mm256_setzero_si256(), v); }

static uint8_t lead_bits[32]; /* a bit for each of sixteen first bytes, twice: 1 for 0xC., 2 for 0xD. */

/* Of the bytes at p those that is_odd() names, where some are beyond ASCII: two before and three behind them are read. */
AVX2 static uint32_t odd_32(const char *p)
{
    const __m256i leads = load((const char *)lead_bits);
    const __m256i v = load(p), one = load(p + 1), two = load(p + 2), start = within(v, 0xC0, 0xFF);
    const __m256i kind = _mm256_blendv_epi8(_mm256_set1_epi8(1), _mm256_set1_epi8(2), _mm256_slli_epi16(v, 3));
    const __m256i learnt = both(_mm256_shuffle_epi8(leads, both(v, _mm256_set1_epi8(15))), kind);
    const __m256i of_two = both(within(v, 0xC0, 0xDF), less(less(_mm256_set1_epi8(-1), is(learnt, 0)), foreign(v)));
    const __m256i blank = either(both(is(one, 0x80), is(two, 0x80)), both(is(one, 0x85), is(two, 0xA4)));
    const __m256i stays = both(is(one, 0xBC), either(is(two, 0x8C), is(two, 0x9B)));
    __m256i plain = either(within(v, 0xC0, 0xDF), either(within(v, 0xE4, 0xE9), within(v, 0xEB, 0xED)));
    plain = either(plain, either(both(is(v, 0xEA), within(one, 0xB0, 0xBF)), less(is(v, 0xE3), blank)));
    plain = either(plain, both(is(v, 0xEF), stays));
    __m256i odd = either(controls(v), either(of_two, less(start, plain)));
    const __m256i f = foreign(v);
    if (_mm256_movemask_epi8(f)) {
        const __m256i before = load(p - 1), second = load(p - 2);
        __m256i near = either(words(before), less(high(before), foreign(second)));
        near = either(near, either(either(words(two), either(within(two, 0, 8), is(two, 0x1B))), less(high(two), foreign(two))));
        near = either(near, both(is(two, '-'), letters(load(p + 3))));
        odd = either(odd, both(f, near));
    }
    return (uint32_t)_mm256_movemask_epi8(odd);
}

AVX2 static uint64_t odd_avx2(struct slice t, size_t i)
{
    if (i < 2 || t.n - i < ODD_BLOCK + 3) return odd_plain(t, i);
    uint64_t odd = 0;
    for (unsigned k = 0; k < 64; k += 32) {
        const __m256i v = load(t.p + i + k);
        uint32_t m = (uint32_t)_mm256_movemask_epi8(controls(v));
        if (_mm256_movemask_epi8(v)) m = odd_32(t.p + i + k);
        odd |= (uint64_t)m << k;
    }
    return odd;
}

/* ---- 64 bytes at a time ------------------------------------------------------------------------------------ */

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vbmi,avx2,bmi,bmi2")))

/* What a first byte of a character says, and what of that the second and the third do not contradict. */
enum {
    ALWAYS = 1,
    BLANK = 2,   /* E3 80 80 */
    FILLER = 4,  /* E3 85 A4 */
    WIDE = 8,    /* EF, but BC */
    WIDE2 = 16,  /* EF BC, but 8C and 9B */
    HANGUL = 32, /* EA, but B0 to BF */
    FOREIGN = 64,
};
#define NO_TEXT 127                                                 /* in the tables of others: ASCII */
static uint8_t lead_kinds[64], second_kinds[128], third_kinds[128]; /* by their lower bits */

static void learn_kinds(void)
{
    for (unsigned k = 0; k < 64; k++) {
        const unsigned c = 0xC0 + k;
        const bool plain = c < 0xE0 ? !(odd_leads >> k & 1) : (c >= 0xE4 && c <= 0xE9) || (c >= 0xEB && c <= 0xED);
        lead_kinds[k] = odd_foreign((unsigned char)c) ? FOREIGN : plain ? 0 : ALWAYS;
    }
    lead_kinds[0xE3 - 0xC0] = BLANK | FILLER;
    lead_kinds[0xEF - 0xC0] = WIDE | WIDE2;
    lead_kinds[0xEA - 0xC0] = HANGUL;
    memset(second_kinds, ALWAYS | WIDE | HANGUL, sizeof second_kinds);
    memset(third_kinds, ALWAYS | WIDE | WIDE2 | HANGUL, sizeof third_kinds);
    for (unsigned k = 0x30; k < 0x40; k++) second_kinds[k] = ALWAYS | WIDE;
    second_kinds[0] |= BLANK;
    second_kinds[0x05] |= FILLER;
    second_kinds[0x3C] = ALWAYS | WIDE2;
    third_kinds[0] |= BLANK;
    third_kinds[0x24] |= FILLER;
    third_kinds[0x0C] &= (uint8_t)~WIDE2;
    third_kinds[0x1B] &= (uint8_t)~WIDE2;
    for (unsigned k = 0; k < 32; k++) lead_bits[k] = (uint8_t)((odd_leads >> k % 16 & 1) | (odd_leads >> (k % 16 + 16) & 1) << 1);
}

/* Bits below n. */
AVX512 static inline uint64_t below(size_t n) { return n < 64 ? _bzhi_u64(~0ull, (unsigned)n) : ~0ull; }
AVX512 static inline __m512i load_some(const char *p, uint64_t some) { return _mm512_maskz_loadu_epi8(some, p); }
AVX512 static inline uint64_t are(__m512i v, unsigned c) { return _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8((char)c)); }
AVX512 static inline uint64_t among(__m512i v, unsigned first, unsigned last)
{
    return _mm512_cmple_epu8_mask(_mm512_sub_epi8(v, _mm512_set1_epi8((char)first)), _mm512_set1_epi8((char)(last - first)));
}
AVX512 static inline uint64_t are_letters(__m512i v) { return among(_mm512_or_si512(v, _mm512_set1_epi8(32)), 'a', 'z'); }
AVX512 static inline uint64_t are_words(__m512i v) { return are_letters(v) | among(v, '0', '9') | are(v, '_'); }
AVX512 static inline uint64_t are_controls(__m512i v)
{
    const uint64_t low = _mm512_cmple_epu8_mask(v, _mm512_set1_epi8(8)) | are(v, 0x7F); /* white space is 9, 10 and 13 */
    return low | _mm512_mask_cmpneq_epi8_mask(among(v, 0x0B, 0x1F), v, _mm512_set1_epi8('\r'));
}

/* has_neighbour() of the bytes from t.p[i] on, of which `two` are those two further on; of those in `foreign`. */
AVX512 static inline uint64_t neighbours(struct slice t, size_t i, __m512i two, uint64_t foreign)
{
    const char *p = t.p + i;
    const size_t rest = t.n - i;
    const __m512i before = load_some(p - 1, below(rest) & ~(i < 1 ? 1ull : 0));
    const __m512i second = load_some(p - 2, below(rest) & ~(i < 1 ? 3ull : i < 2 ? 1ull : 0));
    const uint64_t hidden = _mm512_cmple_epu8_mask(two, _mm512_set1_epi8(8)) | are(two, 0x1B), dash = are(two, '-') & foreign;
    const uint64_t left = are_words(before) | (_mm512_movepi8_mask(before) & ~among(second, 0xCE, 0xD6));
    const uint64_t right = are_words(two) | hidden | (_mm512_movepi8_mask(two) & ~among(two, 0xCE, 0xD6));
    const uint64_t near = left | (right & below(rest - (rest < 2 ? rest : 2))) | ~below(rest - 1);
    if (!dash) return near & foreign;
    const uint64_t beyond = below(rest - (rest < 3 ? rest : 3));
    return foreign & (near | (dash & beyond & are_letters(load_some(p + 3, beyond))));
}

AVX512 static inline __m512i kinds_of(__m512i v, const uint8_t table[128])
{
    const __m512i low = _mm512_loadu_si512(table), high = _mm512_loadu_si512(table + 64);
    return _mm512_permutex2var_epi8(low, _mm512_max_epu8(v, _mm512_set1_epi8(NO_TEXT)), high);
}

/* Of the bytes v from t.p[i] on those that is_odd() names, where `start` are first bytes beyond ASCII. */
AVX512 static inline uint64_t odd_high(struct slice t, size_t i, __m512i v, uint64_t start)
{
    const size_t rest = t.n - i, room = rest - (rest < 2 ? rest : 2);
    const __m512i one = load_some(t.p + i + 1, below(rest - 1)), two = load_some(t.p + i + 2, below(room));
    const __m512i kind = _mm512_maskz_permutexvar_epi8(start, v, _mm512_loadu_si512(lead_kinds));
    const __m512i those = _mm512_and_si512(kinds_of(one, second_kinds), kinds_of(two, third_kinds));
    uint64_t odd = _mm512_test_epi8_mask(kind, those);
    const uint64_t foreign = _mm512_test_epi8_mask(kind, _mm512_set1_epi8(FOREIGN));
    if (room < 64) odd |= _mm512_test_epi8_mask(kind, _mm512_set1_epi8((char)~FOREIGN)) & among(v, 0xE0, 0xFF) & ~below(room);
    return foreign ? odd | neighbours(t, i, two, foreign) : odd;
}

AVX512 static uint64_t odd_avx512(struct slice t, size_t i)
{
    const uint64_t here = below(t.n - i);
    const __m512i v = load_some(t.p + i, here);
    const uint64_t start = _mm512_cmpge_epu8_mask(v, _mm512_set1_epi8((char)0xC0));
    const uint64_t odd = are_controls(v) & here;
    return start ? odd | odd_high(t, i, v, start) : odd;
}
#endif

/* Of the bytes from t.p[i] on those that is_odd() names. */
static uint64_t (*chosen)(struct slice t, size_t i) = odd_plain;

bool odd_way(unsigned way)
{
    bool known = way == 2;
#if defined(__x86_64__)
    if (way == 0) known = vector_spreads() && __builtin_cpu_supports("bmi2");
    if (way == 1) known = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
    if (known) chosen = way == 0 ? odd_avx512 : way == 1 ? odd_avx2 : odd_plain;
#endif
    return known;
}

__attribute__((constructor)) static void choose(void)
{
    for (unsigned way = 0; !odd_way(way);) way++;
}

void odd_learn(uint32_t those)
{
    odd_leads = those;
#if defined(__x86_64__)
    learn_kinds();
#endif
}

size_t odd_foreign_end(struct slice t, size_t i)
{
    while (t.n - i >= 2 && odd_foreign((unsigned char)t.p[i]) && ((unsigned char)t.p[i + 1] & 0xC0) == 0x80) i += 2;
    return i;
}

size_t odd_next(struct odd *o, size_t i)
{
    const struct slice t = o->text;
    uint64_t odd = 0;
    size_t at = i - i % ODD_BLOCK;
    for (; at < t.n && !odd; at += ODD_BLOCK) {
        if (at != o->at) o->bits = chosen(t, at);
        o->at = at;
        odd = o->bits & (at < i ? ~0ull << i % ODD_BLOCK : ~0ull);
    }
    if (!odd) return t.n;
    size_t k = at - ODD_BLOCK + (size_t)__builtin_ctzll(odd);
    if (odd_foreign((unsigned char)t.p[k])) /* the end of a word, perhaps: back to its beginning */
        while (k >= i + 2 && odd_foreign((unsigned char)t.p[k - 2]) && ((unsigned char)t.p[k - 1] & 0xC0) == 0x80) k -= 2;
    return k;
}
