/* Classifies bytes 64 at a time into bit masks and finds the beginnings of runs with shifts and carries: no byte of
 * ordinary prose is ever looked at alone. */
#include "filters/detect/structure.h"

#include "filters/text/vector.h"

#define PART_WORDS 64u /* of a block, looked at together */
#define PART       (PART_WORDS * 64u)
#define ROOM       (PART_WORDS + 16u) /* the word before it, the one behind it, and what vectors write too much */
enum { BEFORE, FIRST };

/* Rows of bits, one for each byte of a part, from the word before it on. */
struct masks {
    uint64_t digit[ROOM], letter[ROOM], at[ROOM], colon[ROOM], dash[ROOM], extra[ROOM], hex[ROOM]; /* '+', '/', '_'; a to f */
};
struct places {
    uint64_t clock[ROOM], date[ROOM], uuid[ROOM];               /* where such a thing begins */
    uint64_t number[ROOM], glued[ROOM], token[ROOM], end[ROOM]; /* first digits; bytes of tokens; last bytes of long ones */
    uint64_t colon[ROOM];
};

/* --- classification */

#define EACH(f)   vector_join4(f(v[0]), f(v[1]), f(v[2]), f(v[3]))
#define DIGIT(x)  vector_within(x, '0', 9)
#define LETTER(x) vector_within(_mm_or_si128(x, _mm_set1_epi8(0x20)), 'a', 25)
#define HEX(x)    vector_within(_mm_or_si128(x, _mm_set1_epi8(0x20)), 'a', 5)
#define AT(x)     _mm_cmpeq_epi8(x, _mm_set1_epi8('@'))
#define COLON(x)  _mm_cmpeq_epi8(x, _mm_set1_epi8(':'))
#define DASH(x)   _mm_cmpeq_epi8(x, _mm_set1_epi8('-'))
#define EXTRA(x)                                                                                                                 \
    _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('+')),                                                                          \
                 _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('/')), _mm_cmpeq_epi8(x, _mm_set1_epi8('_'))))

static void classify_sse2(const char *p, size_t i, size_t to, struct masks *m)
{
    for (; i < to; i++, p += 64) {
        __m128i v[4];
        for (int k = 0; k < 4; k++) v[k] = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * k));
        m->digit[i] = EACH(DIGIT);
        m->letter[i] = EACH(LETTER);
        m->at[i] = EACH(AT);
        m->colon[i] = EACH(COLON);
        m->dash[i] = EACH(DASH);
        m->extra[i] = EACH(EXTRA);
        m->hex[i] = EACH(HEX);
    }
}

#define AVX2 VECTOR_AVX2

AVX2 static inline __m256i equal2(__m256i v, char c) { return _mm256_cmpeq_epi8(v, _mm256_set1_epi8(c)); }

AVX2 static inline __m256i extra2(__m256i v)
{
    return _mm256_or_si256(equal2(v, '+'), _mm256_or_si256(equal2(v, '/'), equal2(v, '_')));
}

AVX2 static void classify_avx2(const char *p, size_t i, size_t to, struct masks *m)
{
    for (; i < to; i++, p += 64) {
        __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)p);
        __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));
        __m256i space = _mm256_set1_epi8(0x20), small_a = _mm256_or_si256(a, space), small_b = _mm256_or_si256(b, space);
        m->digit[i] = vector_join2(vector_within2(a, '0', 9), vector_within2(b, '0', 9));
        m->letter[i] = vector_join2(vector_within2(small_a, 'a', 25), vector_within2(small_b, 'a', 25));
        m->at[i] = vector_join2(equal2(a, '@'), equal2(b, '@'));
        m->colon[i] = vector_join2(equal2(a, ':'), equal2(b, ':'));
        m->dash[i] = vector_join2(equal2(a, '-'), equal2(b, '-'));
        m->extra[i] = vector_join2(extra2(a), extra2(b));
        m->hex[i] = vector_join2(vector_within2(small_a, 'a', 5), vector_within2(small_b, 'a', 5));
    }
}

#define AVX512 __attribute__((target("avx512f,avx512bw")))

AVX512 static inline uint64_t within5(__m512i v, char lo, char span)
{
    return _mm512_cmple_epu8_mask(_mm512_sub_epi8(v, _mm512_set1_epi8(lo)), _mm512_set1_epi8(span));
}

AVX512 static inline uint64_t equal5(__m512i v, char c) { return _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(c)); }

AVX512 static void classify_avx512(const char *p, size_t i, size_t to, struct masks *m)
{
    for (; i < to; i++, p += 64) {
        __m512i v = _mm512_loadu_si512((const void *)p), small = _mm512_or_si512(v, _mm512_set1_epi8(0x20));
        m->digit[i] = within5(v, '0', 9);
        m->letter[i] = within5(small, 'a', 25);
        m->at[i] = equal5(v, '@');
        m->colon[i] = equal5(v, ':');
        m->dash[i] = equal5(v, '-');
        m->extra[i] = equal5(v, '+') | equal5(v, '/') | equal5(v, '_');
        m->hex[i] = within5(small, 'a', 5);
    }
}

static _Atomic int in_use = -1;

enum vectors structure_limit(enum vectors best)
{
    enum vectors have = VECTORS_SSE2;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2")) have = VECTORS_AVX2;
    if (have && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")) have = VECTORS_AVX512;
    if (best < have) have = best;
    in_use = (int)have;
    return have;
}

enum vectors structure_vectors(void)
{
    int v = in_use;
    return v < 0 ? structure_limit(VECTORS_AVX512) : (enum vectors)v;
}

/* The words i up to `to` of a part. */
static void classify(const char *p, size_t i, size_t to, struct masks *m)
{
    enum vectors v = structure_vectors();
    if (v == VECTORS_AVX512) classify_avx512(p, i, to, m);
    else if (v == VECTORS_AVX2) classify_avx2(p, i, to, m);
    else classify_sse2(p, i, to, m);
}

/* --- parts */

/* 4 and on: " -./:(),+_\n#" */
const uint8_t number_kind[256] = {['0' ... '9'] = KIND_DIGIT,
                                  ['A' ... 'Z'] = KIND_LETTER,
                                  ['a' ... 'z'] = KIND_LETTER,
                                  [128 ... 255] = KIND_HIGH,
                                  [' '] = KIND_BLANK,
                                  ['-'] = KIND_DASH,
                                  ['.'] = 6,
                                  ['/'] = 7,
                                  [':'] = 8,
                                  ['('] = 9,
                                  [')'] = 10,
                                  [','] = 11,
                                  ['+'] = 12,
                                  ['_'] = 13,
                                  ['\n'] = 14,
                                  ['#'] = 15};

/* A part of a block: what was found in it, from text[from] on. */
struct part {
    struct slice text;
    size_t from, words;
    struct masks m;
    struct places p;
    uint16_t list[PART + 64];
};

/* Bit i of the result is bit i + n of the two words. */
static inline uint64_t ahead(uint64_t word, uint64_t next, unsigned n) { return n ? word >> n | next << (64 - n) : word; }

/* Of the byte before a number: a sign, or what sets a short word apart. */
enum { APART = 8 };
static const uint8_t before_number[256] = {['+'] = NUMBER_SIGNED, ['('] = NUMBER_SIGNED, [' '] = APART, ['-'] = APART};

/* Digits of the second run. */
static inline unsigned number_second(uint64_t digits, unsigned run1)
{
    return (unsigned)__builtin_ctzll(~(digits >> (run1 + 1)) | 1ull << NUMBER_RUN);
}

/* Whether the bytes that tell of the number at text[at] may be outside the text, or its first run is not known. */
static inline bool at_edge(struct slice text, size_t at, uint64_t digits, unsigned run)
{
    if (run == 63 || at < NUMBER_LETTERS + 3) return true;
    if (text.n - at >= 64 + NUMBER_BEHIND) return false;
    unsigned run1 = run < NUMBER_RUN ? run : NUMBER_RUN, end = run1 + number_second(digits, run1) + 2 + NUMBER_BEHIND;
    if (end < run + NUMBER_BEHIND) end = run + NUMBER_BEHIND;
    return text.n - at < (end > NUMBER_AHEAD ? end : NUMBER_AHEAD);
}

/* --- places, by vectors */

static inline uint64_t busy8(const uint64_t *row)
{
    uint64_t busy = 0;
    for (unsigned i = 0; i < 8; i++) busy |= (uint64_t)(row[i] != 0) << i;
    return busy;
}

#define EIGHT(n) n, n + 1, n + 2, n + 3, n + 4, n + 5, n + 6, n + 7
static const uint8_t byte_places[64] = {EIGHT(0), EIGHT(8), EIGHT(16), EIGHT(24), EIGHT(32), EIGHT(40), EIGHT(48), EIGHT(56)};

AVX512 static inline uint64_t busy8_avx512(const uint64_t *row)
{
    __m512i v = _mm512_loadu_si512((const void *)row);
    return _mm512_test_epi64_mask(v, v);
}

#define KERNEL(name)  name##_sse2
#define KERNEL_TARGET __attribute__((unused))
#define KERNEL_BYTES  16
#define KERNEL_BUSY   busy8
#include "filters/detect/structure_words.h"

#define KERNEL(name)  name##_avx2
#define KERNEL_TARGET __attribute__((target("avx2,bmi,bmi2,popcnt,lzcnt")))
#define KERNEL_BYTES  32
#define KERNEL_BUSY   busy8
#include "filters/detect/structure_words.h"

#define KERNEL(name)  name##_avx512
#define KERNEL_TARGET __attribute__((target("avx512f,avx512bw,bmi,bmi2,popcnt,lzcnt")))
#define KERNEL_BYTES  64
#define KERNEL_BUSY   busy8_avx512
#include "filters/detect/structure_words.h"

/* The same as list(), where the processor packs bytes. */
__attribute__((target("avx512f,avx512bw,avx512vbmi2,bmi,popcnt"))) static size_t list_packed(const uint64_t *row, size_t words,
                                                                                             uint16_t *out)
{
    const __m512i places = _mm512_loadu_si512((const void *)byte_places);
    uint64_t busy = 0;
    for (size_t i = 0; i < words; i += 8) busy |= busy8_avx512(&row[FIRST + i]) << i;
    if (words < 64) busy &= (1ull << words) - 1;
    size_t n = 0;
    for (; busy; busy &= busy - 1) {
        size_t w = (size_t)__builtin_ctzll(busy), count = (size_t)__builtin_popcountll(row[FIRST + w]);
        __m512i packed = _mm512_maskz_compress_epi8(row[FIRST + w], places), base = _mm512_set1_epi16((short)(w * 64));
        _mm512_storeu_si512((void *)(out + n), _mm512_add_epi16(_mm512_cvtepu8_epi16(_mm512_castsi512_si256(packed)), base));
        if (count > 32) {
            __m512i rest = _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(packed, 1));
            _mm512_storeu_si512((void *)(out + n + 32), _mm512_add_epi16(rest, base));
        }
        n += count;
    }
    return n;
}

/* One way through a part for each kind of vector. */
static const struct {
    void (*dead)(const struct masks *m, size_t to, struct places *out);
    void (*numbers)(const struct masks *m, size_t to, struct places *out);
    void (*tokens)(const struct masks *m, size_t to, struct places *out);
    size_t (*list)(const uint64_t *row, size_t words, uint16_t *out);
    void (*put_numbers)(const struct part *v, size_t n, struct structure *out);
} way[] = {{find_dead_sse2, find_numbers_sse2, find_tokens_sse2, list_sse2, put_numbers_sse2},
           {find_dead_avx2, find_numbers_avx2, find_tokens_avx2, list_avx2, put_numbers_avx2},
           {find_dead_avx512, find_numbers_avx512, find_tokens_avx512, list_avx512, put_numbers_avx512}};

/* --- the others, one by one */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
static bool is_extra(char c) { return c == '+' || c == '/' || c == '_' || c == '-'; }

/* Length of the run of token bytes that reaches text[from]. */
static size_t run_before(struct slice text, size_t from)
{
    size_t n = 0;
    while (n < from && n < STRUCTURE_LONG) {
        char c = text.p[from - n - 1];
        if (!is_letter(c) && !is_digit(c) && !is_extra(c)) break;
        n++;
    }
    return n;
}

/* Length of the run of token bytes that ends with the byte at `last` of the part. */
static size_t run_length(const struct part *v, size_t last)
{
    const uint64_t *row = v->p.token;
    size_t w = FIRST + last / 64, n = last % 64 + 1;
    uint64_t gaps = ~row[w] << (64 - n);
    if (gaps) return (size_t)__builtin_clzll(gaps);
    while (--w >= FIRST && row[w] == ~0ull) n += 64;
    return w >= FIRST ? n + (size_t)__builtin_clzll(~row[w]) : n + run_before(v->text, v->from);
}

/* Two digits at least among the last 64 bytes of the run. */
static bool has_digits(const struct part *v, size_t last, size_t len)
{
    const uint64_t *row = &v->m.digit[FIRST + last / 64];
    size_t i = last % 64;
    uint64_t digits = row[0] << (63 - i) | (row[-1] >> 1) >> i;
    if (len < 64) digits >>= 64 - len;
    return (digits & (digits - 1)) != 0;
}

static void put_tokens(const struct part *v, size_t n, struct structure *out)
{
    for (size_t k = 0; k < n; k++) {
        size_t last = v->list[k], len = run_length(v, last);
        out->token[out->tokens] = (struct structure_token){(uint32_t)(v->from + last + 1 - len), (uint32_t)len};
        out->tokens += has_digits(v, last, len);
    }
}

/* Colons are of use in what may be an address: two in a row, or five of them; dashes are between groups of two. */
static void put_colons(const struct part *v, size_t n, struct structure *out)
{
    for (size_t k = 0; k < n; k++) {
        const uint64_t *row = &v->m.colon[FIRST + v->list[k] / 64u];
        uint64_t c = ahead(row[0], row[1], v->list[k] % 64u), five = c;
        if ((c & 1) && !(c & (c >> 1 | 1ull << 63))) {
            for (int i = 0; i < 4; i++) five &= five - 1;
            if (!five) continue;
        }
        out->colon[out->colons++] = (uint32_t)(v->from + v->list[k]);
    }
}

static void find_places(struct part *v, unsigned want, struct structure *out)
{
    enum vectors h = structure_vectors();
    size_t (*list)(const uint64_t *row, size_t words, uint16_t *out) = way[h].list;
    size_t end = FIRST + v->words, n;
    if (h == VECTORS_AVX512 && __builtin_cpu_supports("avx512vbmi2")) list = list_packed;
    if (want & STRUCTURE_NUMBERS) {
        way[h].dead(&v->m, end, &v->p);
        way[h].numbers(&v->m, end, &v->p);
        way[h].put_numbers(v, list(v->p.number, v->words, v->list), out);
    }
    if (want & STRUCTURE_AT) {
        n = list(v->m.at, v->words, v->list);
        for (size_t k = 0; k < n; k++) out->at[out->ats++] = (uint32_t)(v->from + v->list[k]);
    }
    if (!(want & (STRUCTURE_TOKENS | STRUCTURE_COLON))) return;
    way[h].tokens(&v->m, end, &v->p);
    if (want & STRUCTURE_TOKENS) put_tokens(v, list(v->p.end, v->words, v->list), out);
    if (want & STRUCTURE_COLON) put_colons(v, list(v->p.colon, v->words, v->list), out);
}

/* Up to 64 bytes, the last of them at the end of the word or the first at its beginning; the rest is zeros. */
static void classify_some(const char *p, size_t n, bool before, size_t word, struct masks *m)
{
    char some[64] = {0};
    if (!n) {
        m->digit[word] = m->letter[word] = m->at[word] = m->colon[word] = m->dash[word] = m->extra[word] = m->hex[word] = 0;
        return;
    }
    memcpy(before ? some + 64 - n : some, p, n);
    classify(some, word, word + 1, m);
}

void structure_find(struct slice text, size_t from, size_t to, unsigned want, struct structure *out)
{
    struct part v;
    v.text = text;
    out->numbers = out->ats = out->colons = out->tokens = 0;
    for (; from < to; from += PART) {
        size_t n = to - from < PART ? to - from : PART, whole = n / 64, before = from < 64 ? from : 64;
        v.from = from;
        v.words = (n + 63) / 64;
        size_t behind = from + v.words * 64, rest = behind < text.n ? text.n - behind : 0;
        classify_some(text.p + from - before, before, true, BEFORE, &v.m);
        classify(text.p + from, FIRST, FIRST + whole, &v.m);
        if (n % 64) classify_some(text.p + from + whole * 64, n % 64, false, FIRST + whole, &v.m);
        classify_some(text.p + text.n - rest, rest < 64 ? rest : 64, false, FIRST + v.words, &v.m);
        find_places(&v, want, out);
    }
}

/* --- tokens */

/* 1 digits, 2 small letters, 4 capitals, 0 the rest */
static inline __m128i kinds_of(__m128i v)
{
    return _mm_or_si128(_mm_and_si128(vector_within(v, '0', 9), _mm_set1_epi8(1)),
                        _mm_or_si128(_mm_and_si128(vector_within(v, 'a', 25), _mm_set1_epi8(2)),
                                     _mm_and_si128(vector_within(v, 'A', 25), _mm_set1_epi8(4))));
}

/* The sum of the bytes' numbers of times. */
static inline unsigned sum_of(__m128i v)
{
    __m128i s = _mm_sad_epu8(v, _mm_setzero_si128());
    return (unsigned)_mm_cvtsi128_si32(s) + (unsigned)_mm_extract_epi16(s, 4);
}

bool structure_rare(struct slice token)
{
    static const char ones[32] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
    const __m128i one = _mm_set1_epi8(1);
    __m128i before = _mm_set1_epi8(8), digits = _mm_setzero_si128(), letters = digits, changes = digits; /* the first is one */
    if (token.n > 16 * 255) return false;
    for (size_t i = 0; i < token.n; i += 16) {
        size_t n = token.n - i < 16 ? token.n - i : 16;
        char part[16] = {0};
        const char *p = token.p + i;
        if (n < 16) p = memcpy(part, p, n);
        __m128i kinds = kinds_of(_mm_loadu_si128((const __m128i *)(const void *)p));
        __m128i shifted = _mm_or_si128(_mm_slli_si128(kinds, 1), _mm_srli_si128(before, 15));
        __m128i here = _mm_and_si128(_mm_loadu_si128((const __m128i *)(const void *)(ones + 16 - n)), one);
        changes = _mm_add_epi8(changes, _mm_andnot_si128(_mm_cmpeq_epi8(kinds, shifted), here));
        digits = _mm_add_epi8(digits, _mm_and_si128(kinds, one));
        letters = _mm_add_epi8(letters, _mm_and_si128(_mm_cmpgt_epi8(kinds, one), one));
        before = kinds;
    }
    return sum_of(digits) >= 2 && sum_of(letters) >= 4 && sum_of(changes) * 4 >= token.n;
}

static unsigned kinds_sse2(struct slice token)
{
    __m128i small = _mm_setzero_si128(), capital = small, no_hex = small;
    for (size_t i = 0; i < token.n; i += 16) {
        char part[16];
        const char *p = token.p + i;
        if (token.n - i < 16) {
            memset(part, '0', sizeof part);
            p = memcpy(part, p, token.n - i);
        }
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        small = _mm_or_si128(small, vector_within(v, 'a', 25));
        capital = _mm_or_si128(capital, vector_within(v, 'A', 25));
        no_hex = _mm_or_si128(no_hex, _mm_xor_si128(_mm_or_si128(HEX(v), DIGIT(v)), _mm_set1_epi8(-1)));
    }
    return (_mm_movemask_epi8(small) ? VALUE_SMALL : 0u) | (_mm_movemask_epi8(capital) ? VALUE_CAPITAL : 0u) |
           (_mm_movemask_epi8(no_hex) ? VALUE_NO_HEX : 0u);
}

static unsigned extras_sse2(struct slice token, const char extras[4])
{
    __m128i seen[4];
    unsigned out = 0;
    for (int k = 0; k < 4; k++) seen[k] = _mm_setzero_si128();
    for (size_t i = 0; i < token.n; i += 16) {
        char part[16] = {0};
        const char *p = token.p + i;
        if (token.n - i < 16) p = memcpy(part, p, token.n - i);
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        for (int k = 0; k < 4; k++) seen[k] = _mm_or_si128(seen[k], _mm_cmpeq_epi8(v, _mm_set1_epi8(extras[k])));
    }
    for (unsigned k = 0; k < 4; k++) out |= (unsigned)(_mm_movemask_epi8(seen[k]) != 0) << k;
    return out;
}

AVX512 static struct structure_bytes bytes_avx512(struct slice token, const char extras[4])
{
    uint64_t small = 0, capital = 0, no_hex = 0, seen[4] = {0};
    for (size_t i = 0; i < token.n; i += 64) {
        const uint64_t in = token.n - i < 64 ? (1ull << (token.n - i)) - 1 : ~0ull;
        const __m512i v = _mm512_maskz_loadu_epi8(in, token.p + i), low = _mm512_or_si512(v, _mm512_set1_epi8(0x20));
        small |= within5(v, 'a', 25);
        capital |= within5(v, 'A', 25);
        no_hex |= in & ~(within5(v, '0', 9) | within5(low, 'a', 5));
        for (int k = 0; k < 4; k++) seen[k] |= in & equal5(v, extras[k]);
    }
    return (struct structure_bytes){(small ? VALUE_SMALL : 0u) | (capital ? VALUE_CAPITAL : 0u) | (no_hex ? VALUE_NO_HEX : 0u),
                                    (unsigned)(seen[0] != 0) | (unsigned)(seen[1] != 0) << 1 | (unsigned)(seen[2] != 0) << 2 |
                                        (unsigned)(seen[3] != 0) << 3};
}

struct structure_bytes structure_bytes(struct slice token, const char extras[4])
{
    if (structure_vectors() == VECTORS_AVX512) return bytes_avx512(token, extras);
    return (struct structure_bytes){kinds_sse2(token), extras_sse2(token, extras)};
}
