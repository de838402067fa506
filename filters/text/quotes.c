/* The pass: 512 bytes at a time become masks, 64 bits to a word; carries tell which backslashes escape (as in Langdale and Lemire, "Parsing
 * Gigabytes of JSON per Second", 2019), a running parity of quotes tells what is inside a string. */
#include "filters/text/quotes.h"

#include "filters/text/lanes.h"

#include <string.h>

#if defined(__x86_64__) && !defined(TEXT_NO_AVX2)
#include "filters/text/vector.h"
#endif

/* ESCAPE: goes behind a backslash; HIDES: ... and is then a control character nobody sees */
enum { QUOTE = 1, SLASH = 2, CONTROL = 4, ASCII = 8, ESCAPE = 16, UNICODE = 32, HEX = 64, HIDES = 128 };
#define AHEAD     1024u  /* bytes: nobody has read them before */
#define ROOM_MOST 32768u /* words: a longer row does not stay, and needs none to spare */
static uint8_t classes[128];

__attribute__((constructor)) static void make_classes(void)
{
    static const struct {
        const char *bytes;
        uint8_t bits;
    } rows[] = {{"\"", QUOTE},
                {"\\", SLASH},
                {"\"\\/bfnrtu", ESCAPE},
                {"u", UNICODE /* four hex digits follow */},
                {"0123456789abcdefABCDEF", HEX},
                {"bf", HIDES}};
    for (unsigned c = 0; c < 127; c++) classes[c] = c < 0x20 ? ASCII | CONTROL : ASCII;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (const char *p = rows[i].bytes; *p; p++) classes[(unsigned char)*p] |= rows[i].bits;
}

/* In the order of the classes. */
struct masks {
    lanes quote, slash, control, ascii;
    lanes escape, unicode, hex, hides; /* what only matters where there are escapes */
};
struct ways { /* how a processor sorts the bytes of a step */
    void (*sort)(const char *p, struct masks *m);
    void (*part)(const char *p, size_t n, struct masks *m); /* the same of the last n bytes, fewer; NULL: sort does it */
    void (*look)(const char *p, struct masks *m);           /* the second half of it; NULL: sort has done it, it costs nothing */
    void (*inside)(const lanes *quote, uint64_t *inside, lanes *in); /* what is in strings, by their quotes */
};

static inline void sort_plain(const char *p, struct masks *m)
{
    uint64_t row[8][LANES] = {{0}};
    for (unsigned i = 0; i < LANES_STEP; i++) {
        const unsigned char c = (unsigned char)p[i];
        for (unsigned k = 0; c < 128 && k < 8; k++) row[k][i / 64] |= (uint64_t)(classes[c] >> k & 1) << i % 64;
    }
    memcpy(m, row, sizeof *m);
}

static inline uint64_t parity_plain(uint64_t x)
{
    for (unsigned k = 1; k < 64; k *= 2) x ^= x << k;
    return x;
}

/* parity: bit i says whether an odd number of bits up to i is set. *inside: all ones if the step before ends in a string. */
LANES_LEAF void inside_by(const lanes *quote, uint64_t *inside, lanes *in, uint64_t (*parity)(uint64_t x))
{
    for (unsigned k = 0; k < LANES; k++) {
        (*in)[k] = parity((*quote)[k]) ^ *inside;
        *inside = 0 - ((*in)[k] >> 63);
    }
}

static inline void inside_plain(const lanes *quote, uint64_t *inside, lanes *in) { inside_by(quote, inside, in, parity_plain); }

#if defined(__x86_64__) && !defined(TEXT_NO_AVX2)
#define AVX2   __attribute__((target("avx2,pclmul,bmi,bmi2")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vbmi,gfni,vpclmulqdq,avx2,pclmul,bmi,bmi2")))

AVX2 static inline uint64_t join(const __m256i v[2]) { return vector_join2(v[0], v[1]); }

AVX2 static inline void sort_avx2(const char *p, struct masks *m)
{
    for (unsigned k = 0; k < LANES; k++, p += 64) {
        __m256i v[2], quote[2], slash[2], control[2], high[2];
        for (int i = 0; i < 2; i++) {
            v[i] = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32 * i));
            quote[i] = _mm256_cmpeq_epi8(v[i], _mm256_set1_epi8('"'));
            slash[i] = _mm256_cmpeq_epi8(v[i], _mm256_set1_epi8('\\'));
            control[i] = _mm256_cmpeq_epi8(_mm256_min_epu8(v[i], _mm256_set1_epi8(0x1F)), v[i]);
            high[i] = _mm256_cmpeq_epi8(_mm256_max_epu8(v[i], _mm256_set1_epi8(0x7F)), v[i]);
        }
        m->quote[k] = join(quote);
        m->slash[k] = join(slash);
        m->control[k] = join(control);
        m->ascii[k] = ~join(high);
    }
}

AVX2 static inline void look_avx2(const char *p, struct masks *m)
{
    for (unsigned k = 0; k < LANES; k++, p += 64) {
        __m256i escape[2], unicode[2], hex[2], hides[2];
        for (int i = 0; i < 2; i++) {
            const __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32 * i));
#define IS(c)    _mm256_cmpeq_epi8(v, _mm256_set1_epi8(c))
#define OR(a, b) _mm256_or_si256(a, b)
            unicode[i] = IS('u');
            hides[i] = OR(IS('b'), IS('f'));
            escape[i] = OR(OR(OR(IS('"'), IS('\\')), OR(IS('/'), IS('n'))), OR(hides[i], OR(OR(IS('r'), IS('t')), unicode[i])));
            hex[i] = OR(vector_within2(v, '0', 9), vector_within2(OR(v, _mm256_set1_epi8(32)), 'a', 5));
#undef OR
#undef IS
        }
        m->escape[k] = join(escape);
        m->unicode[k] = join(unicode);
        m->hex[k] = join(hex);
        m->hides[k] = join(hides);
    }
}

AVX2 static inline uint64_t parity_clmul(uint64_t x)
{
    const __m128i all = _mm_set1_epi8(-1);
    return (uint64_t)_mm_cvtsi128_si64(_mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)x), all, 0));
}

AVX2 static inline void inside_clmul(const lanes *quote, uint64_t *inside, lanes *in)
{
    inside_by(quote, inside, in, parity_clmul);
}

AVX512 static inline void inside_avx512(const lanes *quote, uint64_t *inside, lanes *in)
{
    const __m512i x = _mm512_loadu_si512(quote), ones = _mm512_set1_epi8(-1);
    const __m512i own = _mm512_unpacklo_epi64(_mm512_clmulepi64_epi128(x, ones, 0), _mm512_clmulepi64_epi128(x, ones, 1));
    unsigned odd = _cvtmask8_u32(_mm512_movepi64_mask(own)); /* words with an odd number of quotes */
    odd ^= odd << 1;
    odd ^= odd << 2;
    odd ^= odd << 4; /* ... and so far */
    const __mmask8 before = (__mmask8)(odd << 1 ^ (unsigned)*inside);
    _mm512_storeu_si512(in, _mm512_xor_si512(own, _mm512_movm_epi64(before)));
    *inside ^= 0 - (uint64_t)(odd >> 7 & 1);
}

AVX512 static inline void sort_avx512(const char *p, struct masks *m) { vector_spread(p, LANES_STEP, ' ', classes, m); }
AVX512 static inline void part_avx512(const char *p, size_t n, struct masks *m) { vector_spread(p, n, ' ', classes, m); }
#endif

#define LEAF LANES_LEAF

/* The bytes of a word that a backslash stands before; *carry: the one behind the word is escaped. */
LEAF uint64_t escaped_by(uint64_t slash, uint64_t *carry)
{
    const uint64_t even = 0x5555555555555555ull;
    slash &= ~*carry;
    const uint64_t follows = slash << 1 | *carry, odd = slash & ~even & ~follows;
    uint64_t sum;
    *carry = (uint64_t)__builtin_add_overflow(odd, slash, &sum);
    return (even ^ sum << 1) & follows;
}

/* What is wrong in a word; the masks are of what is in strings. */
struct wrong {
    uint64_t control, escape; /* control bytes; what no backslash may stand before */
    uint64_t digit;           /* no hex digit where one is due */
    uint64_t unicode, before; /* escapes they are due behind, here and in the word before */
};

/* The first mistake of the word at `base`. */
static __attribute__((noinline)) size_t mistake(const struct wrong *w, size_t base)
{
    size_t at = w->control ? base + (size_t)__builtin_ctzll(w->control) : SIZE_MAX;
    if (w->escape && base + (size_t)__builtin_ctzll(w->escape) - 1 < at) at = base + (size_t)__builtin_ctzll(w->escape) - 1;
    if (!w->digit) return at;
    const uint64_t here = w->unicode & ((w->digit & -w->digit) - 1); /* the one it is due behind is the last of these */
    const size_t u = here ? base + 63 - (size_t)__builtin_clzll(here) : base - 1 - (size_t)__builtin_clzll(w->before);
    return u - 1 < at ? u - 1 : at;
}

/* What is known of strings from one step to the next. */
struct pass {
    uint64_t carry, inside; /* the next byte is escaped; all ones: in a string */
    lanes unicode;          /* of the last step: escapes that digits are due behind */
    lanes ascii;            /* so far */
};

/* Looks for mistakes in the step at `at`. `escaped` and `in`: what a backslash stands before, and what is in strings. */
LEAF void check(struct quotes *q, struct pass *s, const struct masks *m, const lanes *escaped, const lanes *in, size_t at)
{
    const lanes control = m->control & *in, u = *escaped & *in & m->unicode, escape = *escaped & *in & ~m->escape;
    const lanes due = LANES_BACK(s->unicode, u, 1) | LANES_BACK(s->unicode, u, 2) | LANES_BACK(s->unicode, u, 3) |
                      LANES_BACK(s->unicode, u, 4);
    const lanes digit = due & ~m->hex, wrong = control | escape | digit, before = LANES_BEFORE(s->unicode, u);
    s->unicode = u;
    if (!lanes_any(&wrong) || q->bad != SIZE_MAX) return;
    for (unsigned k = 0; k < LANES && q->bad == SIZE_MAX; k++) {
        const struct wrong x = {control[k], escape[k], digit[k], u[k], before[k]};
        if (wrong[k]) q->bad = mistake(&x, at + k * 64);
    }
}

/* The step at `at` of n bytes more. */
LEAF void find_step(struct quotes *q, struct pass *s, const char *p, size_t n, size_t at, struct ways ways)
{
    struct masks m;
    char copy[LANES_STEP];
    if (n < LANES_STEP && !ways.part) {
        memset(copy, ' ', sizeof copy);
        memcpy(copy, p, n);
        p = copy;
        n = sizeof copy;
    }
    if (n < LANES_STEP) ways.part(p, n, &m);
    else ways.sort(p, &m);
    if (ways.look && (lanes_any(&m.slash) | lanes_any(&s->unicode) | s->carry)) ways.look(p, &m);
    else if (ways.look) m.escape = m.unicode = m.hex = m.hides = (lanes){0}; /* nobody asks */
    const lanes last = {0, 0, 0, 0, 0, 0, 0, s->carry << 63};
    lanes in, escaped = LANES_BACK(last, m.slash, 1), rows = m.slash & escaped;
    if (!lanes_any(&rows)) s->carry = m.slash[LANES - 1] >> 63;
    else /* rows of backslashes */
        for (unsigned k = 0; k < LANES; k++) escaped[k] = escaped_by(m.slash[k], &s->carry);
    const lanes quote = m.quote & ~escaped;
    ways.inside(&quote, &s->inside, &in);
    uint64_t *const w = q->word + at / 64;
    *(lanes_row *)(void *)(w + QUOTES_END * q->room) = quote;
    *(lanes_row *)(void *)(w + QUOTES_ESCAPE * q->room) = m.slash & ~escaped;
    m.ascii &= ~(escaped & m.hides);
    *(lanes_row *)(void *)(w + QUOTES_HIGH * q->room) = ~m.ascii;
    s->ascii &= m.ascii;
    check(q, s, &m, &escaped, &in, at);
}

LEAF void find_all(struct quotes *q, struct slice t, struct ways ways)
{
    struct pass s = {0};
    s.ascii = ~s.ascii;
    q->bad = SIZE_MAX;
    for (size_t at = 0; at <= t.n; at += LANES_STEP) {
        for (size_t k = 0; k < LANES_STEP && t.n - at > AHEAD + k; k += 64) __builtin_prefetch(t.p + at + AHEAD + k);
        find_step(q, &s, t.p + at, t.n - at, at, ways);
    }
    const lanes high = ~s.ascii;
    q->ascii = !lanes_any(&high);
}

static void find_plain(struct quotes *q, struct slice t) { find_all(q, t, (struct ways){sort_plain, NULL, NULL, inside_plain}); }
#if defined(__x86_64__) && !defined(TEXT_NO_AVX2)
AVX2 static void find_avx2(struct quotes *q, struct slice t)
{
    find_all(q, t, (struct ways){sort_avx2, NULL, look_avx2, inside_clmul});
}
AVX512 static void find_avx512(struct quotes *q, struct slice t)
{
    find_all(q, t, (struct ways){sort_avx512, part_avx512, NULL, inside_avx512});
}
#endif

static void (*chosen)(struct quotes *q, struct slice t) = find_plain;

bool quotes_way(unsigned way)
{
    bool known = way == 2;
#if defined(__x86_64__) && !defined(TEXT_NO_AVX2)
    const bool both = __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("pclmul");
    if (way == 0) known = both && vector_spreads() && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("vpclmulqdq");
    if (way == 1) known = both && __builtin_cpu_supports("avx2");
    if (known) chosen = way == 0 ? find_avx512 : way == 1 ? find_avx2 : find_plain;
#endif
    return known;
}

__attribute__((constructor)) static void choose(void)
{
    for (unsigned way = 0; !quotes_way(way);) way++;
}

enum err quotes_make(struct quotes *q, struct slice text)
{
    const size_t words = (text.n / LANES_STEP + 1) * LANES;
    if (words > q->room) {
        const size_t room = words < ROOM_MOST ? words + words / 2 : words; /* what is larger does not stay */
        uint64_t *v = mem_alloc(room * QUOTES_ROWS * sizeof *v);
        if (!v) return ERR_MEMORY;
        mem_free_used(q->word, 0); /* places, no text */
        q->word = v;
        q->room = room;
    }
    chosen(q, text);
    return ERR_OK;
}

void quotes_free(struct quotes *q)
{
    mem_free_used(q->word, 0);
    *q = (struct quotes){.word = NULL};
}
