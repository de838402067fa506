/* Classifies bytes 64 at a time into bit masks and finds the beginnings of runs with shifts and carries: no byte of
 * ordinary prose is ever looked at alone. */
#include "filters/detect/structure.h"

#include "filters/text/vector.h"

struct masks {                                           /* of 64 bytes */
    uint64_t digit, letter, at, colon, dash, extra, hex; /* extra: '+', '/', '_'; hex: a to f */
};

#define WORDS (STRUCTURE_BLOCK / 64u)

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

static void classify_sse2(const char *p, size_t words, struct masks *m)
{
    for (size_t i = 0; i < words; i++, p += 64) {
        __m128i v[4];
        for (int k = 0; k < 4; k++) v[k] = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * k));
        m[i].digit = EACH(DIGIT);
        m[i].letter = EACH(LETTER);
        m[i].at = EACH(AT);
        m[i].colon = EACH(COLON);
        m[i].dash = EACH(DASH);
        m[i].extra = EACH(EXTRA);
        m[i].hex = EACH(HEX);
    }
}

#define AVX2 VECTOR_AVX2

AVX2 static inline __m256i equal2(__m256i v, char c) { return _mm256_cmpeq_epi8(v, _mm256_set1_epi8(c)); }

AVX2 static inline __m256i extra2(__m256i v)
{
    return _mm256_or_si256(equal2(v, '+'), _mm256_or_si256(equal2(v, '/'), equal2(v, '_')));
}

AVX2 static void classify_avx2(const char *p, size_t words, struct masks *m)
{
    for (size_t i = 0; i < words; i++, p += 64) {
        __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)p);
        __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));
        __m256i space = _mm256_set1_epi8(0x20), small_a = _mm256_or_si256(a, space), small_b = _mm256_or_si256(b, space);
        m[i].digit = vector_join2(vector_within2(a, '0', 9), vector_within2(b, '0', 9));
        m[i].letter = vector_join2(vector_within2(small_a, 'a', 25), vector_within2(small_b, 'a', 25));
        m[i].at = vector_join2(equal2(a, '@'), equal2(b, '@'));
        m[i].colon = vector_join2(equal2(a, ':'), equal2(b, ':'));
        m[i].dash = vector_join2(equal2(a, '-'), equal2(b, '-'));
        m[i].extra = vector_join2(extra2(a), extra2(b));
        m[i].hex = vector_join2(vector_within2(small_a, 'a', 5), vector_within2(small_b, 'a', 5));
    }
}

#define AVX512 __attribute__((target("avx512f,avx512bw")))

AVX512 static inline uint64_t within5(__m512i v, char lo, char span)
{
    return _mm512_cmple_epu8_mask(_mm512_sub_epi8(v, _mm512_set1_epi8(lo)), _mm512_set1_epi8(span));
}

AVX512 static inline uint64_t equal5(__m512i v, char c) { return _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(c)); }

AVX512 static void classify_avx512(const char *p, size_t words, struct masks *m)
{
    for (size_t i = 0; i < words; i++, p += 64) {
        __m512i v = _mm512_loadu_si512((const void *)p), small = _mm512_or_si512(v, _mm512_set1_epi8(0x20));
        m[i].digit = within5(v, '0', 9);
        m[i].letter = within5(small, 'a', 25);
        m[i].at = equal5(v, '@');
        m[i].colon = equal5(v, ':');
        m[i].dash = equal5(v, '-');
        m[i].extra = equal5(v, '+') | equal5(v, '/') | equal5(v, '_');
        m[i].hex = within5(small, 'a', 5);
    }
}

static _Atomic int in_use = -1;

enum vectors structure_limit(enum vectors best)
{
    enum vectors have = VECTORS_SSE2;
    if (__builtin_cpu_supports("avx2")) have = VECTORS_AVX2;
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

static void classify(const char *p, size_t words, struct masks *m)
{
    enum vectors v = structure_vectors();
    if (v == VECTORS_AVX512) classify_avx512(p, words, m);
    else if (v == VECTORS_AVX2) classify_avx2(p, words, m);
    else classify_sse2(p, words, m);
}

/* --- runs */

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

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
static bool is_extra(char c) { return c == '+' || c == '/' || c == '_' || c == '-'; }

static inline size_t put(uint32_t *v, size_t n, uint64_t mask, size_t base)
{
    while (mask) {
        v[n++] = (uint32_t)(base + (size_t)__builtin_ctzll(mask));
        mask &= mask - 1;
    }
    return n;
}

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

/* Bit i of the result is bit i + n of the two words. */
static inline uint64_t ahead(uint64_t word, uint64_t next, unsigned n) { return n ? word >> n | next << (64 - n) : word; }

/* Starts inside a clock time or behind the first group of an ISO date or a UUID: no number begins there. Bits of `here`
 * are taken back by up to 13 bytes, so what crosses a word is looked at from the word it begins in, and what is behind
 * the word's end goes to *later. */
static uint64_t inside(const struct masks *m, const struct masks *next, uint64_t *later)
{
    uint64_t dead = *later;
    *later = 0;
#define DIGIT_AT(n)   ahead(m->digit, next->digit, n)
#define DASH_AT(n)    ahead(m->dash, next->dash, n)
#define COLON_AT(n)   ahead(m->colon, next->colon, n)
#define KILL(mask, n) dead |= (mask) << (n), *later |= (n) ? (mask) >> (64 - (n)) : 0
    uint64_t two = m->digit & DIGIT_AT(1);
    uint64_t minutes = two & COLON_AT(2) & DIGIT_AT(3) & DIGIT_AT(4); /* 12:34 */
    if (minutes) {
        uint64_t clock = minutes & COLON_AT(5) & DIGIT_AT(6) & DIGIT_AT(7); /* 12:34:56 */
        dead |= clock;
        KILL(clock, 3);
        KILL(clock, 6);
    }
    uint64_t dash4 = DASH_AT(4);
    if (two & dash4) {
        uint64_t date = two & DIGIT_AT(2) & DIGIT_AT(3) & dash4 & DIGIT_AT(5) & DIGIT_AT(6) & DASH_AT(7) & DIGIT_AT(8) &
                        DIGIT_AT(9) & ~DIGIT_AT(10);
        KILL(date, 5);
        KILL(date, 8);
    }
    uint64_t uuid = m->dash & DASH_AT(5) & DASH_AT(10) & DASH_AT(15);
    if (uuid) {
        KILL(uuid, 1);
        KILL(uuid, 6);
        KILL(uuid, 11);
        KILL(uuid, 16);
    }
    return dead;
}

/* Whether the bytes that describe() reads may be outside the text. */
static bool at_edge(struct slice text, size_t at, size_t run, size_t end)
{
    if (end < run + NUMBER_BEHIND) end = run + NUMBER_BEHIND;
    return text.n - at < (end > NUMBER_AHEAD ? end : NUMBER_AHEAD) || at < NUMBER_LETTERS + 3;
}

/* All there is to say of the number at text[at]. `digits`: the digits from there on; `letters`: what stands before, the
 * byte before it on top; `inner`: it can't be at an edge. */
static struct structure_number describe(struct slice text, size_t at, uint64_t digits, uint64_t letters, bool glued, bool inner)
{
    const unsigned char *p = (const unsigned char *)text.p + at;
    struct structure_number n = {.at = (uint32_t)at, .how = glued ? NUMBER_GLUED : 0};
    unsigned run = (unsigned)__builtin_ctzll(~digits | 1ull << 63), run1 = run < NUMBER_RUN ? run : NUMBER_RUN;
    unsigned run2 = (unsigned)__builtin_ctzll(~(digits >> (run1 + 1)));
    if (run2 > NUMBER_RUN) run2 = NUMBER_RUN;
    if (run == 63 || (!inner && at_edge(text, at, run, run1 + run2 + 2 + NUMBER_BEHIND))) {
        n.how |= NUMBER_EDGE;
        return n;
    }
    if (p[-1] == '+' || p[-1] == '(') n.how |= NUMBER_SIGNED;
    bool apart = !glued && (p[-1] == ' ' || p[-1] == '-');
    unsigned word = (unsigned)__builtin_clzll(~(letters << apart) | 1);
    if (glued ? word <= NUMBER_LETTERS : apart && word <= NUMBER_PREFIX) n.letters = (uint8_t)(word & 31);
    n.run = (uint8_t)run;
    n.key = (uint16_t)number_key(run1, number_kind[p[run1]], run2, number_kind[p[run1 + 1 + run2]]);
    return n;
}

/* Digits behind the letters that a token begins with: adding the first of the letters to all of them carries through
 * each run to the byte behind it. */
static uint64_t find_glued(const struct masks *m, const struct masks *before)
{
    uint64_t word = m->digit | m->letter, initial = m->letter & ~(word << 1 | (before->digit | before->letter) >> 63);
    unsigned n = (unsigned)__builtin_clzll(~before->letter | 1); /* letters that reach this word */
    bool goes_on = n > 0 && !(n < 63 && (before->digit >> (63 - n) & 1));
    return (m->letter + initial + goes_on) & ~m->letter & m->digit;
}

/* The numbers that begin in one word. *later: as inside() has it. */
static void find_numbers(const struct masks *m, struct slice text, size_t base, uint64_t *later, struct structure *out)
{
    uint64_t dead = inside(m, m + 1, later);
    uint64_t starts = m->digit & ~(m->digit << 1 | m[-1].digit >> 63) & ~dead, letter = m->letter << 1 | m[-1].letter >> 63;
    uint64_t glued = starts & letter ? find_glued(m, m - 1) : 0;
    bool inner = base >= NUMBER_LETTERS + 3 && text.n - base >= 192;
    for (starts &= ~letter | glued; starts; starts &= starts - 1) {
        unsigned i = (unsigned)__builtin_ctzll(starts);
        uint64_t letters = i ? m->letter << (64 - i) | m[-1].letter >> i : m[-1].letter;
        out->number[out->numbers++] = describe(text, base + i, ahead(m->digit, m[1].digit, i), letters, glued >> i & 1, inner);
    }
}

static void put_token(struct structure *out, size_t end, size_t len)
{
    if (len >= STRUCTURE_TOKEN) out->token[out->tokens++] = (struct structure_token){(uint32_t)(end - len), (uint32_t)len};
}

/* Token runs that end in this word; *run is what reaches its start. */
static void find_tokens(const struct masks *m, size_t base, size_t *run, struct structure *out)
{
    uint64_t t = m->digit | m->letter | m->extra | m->dash;
    if (t == ~0ull) {
        *run += 64;
        return;
    }
    size_t head = (size_t)__builtin_ctzll(~t);
    put_token(out, base + head, *run + head);
    t &= ~0ull << head;
    size_t tail = (size_t)__builtin_clzll(~t);
    *run = tail;
    if (tail) t &= ~0ull >> tail;
    uint64_t x = t & (t >> 1);
    x &= x >> 2;
    x &= x >> 4;
    x &= x >> 8; /* 16 in a row from here */
    x &= x >> (STRUCTURE_TOKEN - 16);
    for (uint64_t starts = x & ~(x << 1); starts; starts &= starts - 1) {
        size_t at = (size_t)__builtin_ctzll(starts), len = (size_t)__builtin_ctzll(~(t >> at));
        put_token(out, base + at + len, len);
    }
}

/* Colons before a hex digit or another colon, in what may be an address: two in a row, or five of them; dashes between
 * groups of two. */
static void find_colons(const struct masks *m, size_t base, struct structure *out)
{
    uint64_t hex = m->digit | m->hex, next_hex = m[1].digit | m[1].hex;
    uint64_t colons = m->colon & ((hex | m->colon) >> 1 | (next_hex | m[1].colon) << 63);
    uint64_t dashes = m->dash & ahead(m->dash, m[1].dash, 3) & ahead(m->dash, m[1].dash, 6) & (hex >> 1 | next_hex << 63);
    for (uint64_t hits = colons | dashes; hits; hits &= hits - 1) {
        unsigned i = (unsigned)__builtin_ctzll(hits);
        uint64_t c = ahead(m->colon, m[1].colon, i), five = c;
        if (colons >> i & 1 && !(c & (c >> 1 | 1ull << 63))) {
            for (int k = 0; k < 4; k++) five &= five - 1;
            if (!five) continue;
        }
        out->colon[out->colons++] = (uint32_t)(base + i);
    }
}

static void classify_part(const char *p, size_t n, struct masks *m)
{
    char part[64] = {0};
    memcpy(part, p, n < 64 ? n : 64);
    classify(part, 1, m);
}

/* The 64 bytes before a block. */
static void classify_before(struct slice text, size_t from, struct masks *m)
{
    char part[64] = {0};
    size_t n = from < 64 ? from : 64;
    memcpy(part + 64 - n, text.p + from - n, n);
    classify(part, 1, m);
}

void structure_find(struct slice text, size_t from, size_t to, unsigned want, struct structure *out)
{
    struct masks v[WORDS + 2], *m = v + 1;
    size_t n = to - from, words = n / 64, run = want & STRUCTURE_TOKENS ? run_before(text, from) : 0;
    uint64_t later = 0;
    classify_before(text, from, v);
    classify(text.p + from, words, m);
    if (n % 64) {
        classify_part(text.p + from + words * 64, n % 64, &m[words]);
        words++;
    }
    classify_part(text.p + to, text.n - to, &m[words]); /* what is behind the block */
    out->numbers = out->ats = out->colons = out->tokens = 0;
    for (size_t i = 0; i < words; i++) {
        size_t base = from + i * 64;
        if (!(m[i].digit | m[i].dash)) later = 0;
        else if (want & STRUCTURE_NUMBERS) find_numbers(&m[i], text, base, &later, out);
        if ((want & STRUCTURE_AT) && m[i].at) out->ats = put(out->at, out->ats, m[i].at, base);
        if ((want & STRUCTURE_COLON) && (m[i].colon | m[i].dash)) find_colons(&m[i], base, out);
        if (want & STRUCTURE_TOKENS) find_tokens(&m[i], base, &run, out);
    }
    if (to == text.n && (want & STRUCTURE_TOKENS) && n % 64 == 0) put_token(out, to, run);
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

unsigned structure_extras(struct slice token, const char extras[4])
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
