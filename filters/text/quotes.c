/* The pass: 64 bytes at a time become masks; carries tell which backslashes escape (as in Langdale and Lemire, "Parsing
 * Gigabytes of JSON per Second", 2019), a running parity of quotes tells what is inside a string. */
#include "filters/text/quotes.h"

#include <string.h>

#if defined(__x86_64__) && !defined(TEXT_NO_AVX2)
#include "filters/text/vector.h"
#endif

enum { QUOTE = 1, SLASH = 2, CONTROL = 4, ESCAPE = 8, UNICODE = 16, HEX = 32 }; /* ESCAPE: may stand behind a backslash */
#define CLASSES 6u
#define AHEAD   1024u /* bytes: nobody has read them before */
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
                {"0123456789abcdefABCDEF", HEX}};
    for (unsigned c = 0; c < 0x20; c++) classes[c] = CONTROL;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (const char *p = rows[i].bytes; *p; p++) classes[(unsigned char)*p] |= rows[i].bits;
}

struct masks {
    uint64_t quote, slash, control, high;
};
struct letters { /* what only matters where there are escapes */
    uint64_t escape, unicode, hex;
};
struct ways { /* how a processor sorts 64 bytes */
    void (*sort)(const char *p, struct masks *m, struct letters *l);
    void (*look)(const char *p, struct letters *l); /* NULL: sort has done it, it costs nothing */
    uint64_t (*parity)(uint64_t x);                 /* bit i: whether an odd number of bits up to i is set */
};

static inline void sort_plain(const char *p, struct masks *m, struct letters *l)
{
    (void)l;
    *m = (struct masks){0, 0, 0, 0};
    for (unsigned i = 0; i < 64; i++) {
        const unsigned char c = (unsigned char)p[i];
        m->quote |= (uint64_t)(c == '"') << i;
        m->slash |= (uint64_t)(c == '\\') << i;
        m->control |= (uint64_t)(c < 0x20) << i;
        m->high |= (uint64_t)(c >> 7) << i;
    }
}

static inline void look_plain(const char *p, struct letters *l)
{
    *l = (struct letters){0, 0, 0};
    for (unsigned i = 0; i < 64; i++) {
        const unsigned char c = (unsigned char)p[i];
        const uint64_t k = c < 128 ? classes[c] : 0;
        l->escape |= (k / ESCAPE & 1) << i;
        l->unicode |= (k / UNICODE & 1) << i;
        l->hex |= (k / HEX & 1) << i;
    }
}

static inline uint64_t parity_plain(uint64_t x)
{
    for (unsigned k = 1; k < 64; k *= 2) x ^= x << k;
    return x;
}

#if defined(__x86_64__) && !defined(TEXT_NO_AVX2)
#define AVX2   __attribute__((target("avx2,pclmul,bmi,bmi2")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vbmi,avx2,pclmul,bmi,bmi2")))

AVX2 static inline uint64_t join(const __m256i v[2]) { return vector_join2(v[0], v[1]); }

AVX2 static inline void sort_avx2(const char *p, struct masks *m, struct letters *l)
{
    (void)l;
    __m256i v[2], quote[2], slash[2], control[2];
    for (int i = 0; i < 2; i++) {
        v[i] = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32 * i));
        quote[i] = _mm256_cmpeq_epi8(v[i], _mm256_set1_epi8('"'));
        slash[i] = _mm256_cmpeq_epi8(v[i], _mm256_set1_epi8('\\'));
        control[i] = _mm256_cmpeq_epi8(_mm256_min_epu8(v[i], _mm256_set1_epi8(0x1F)), v[i]);
    }
    *m = (struct masks){join(quote), join(slash), join(control), join(v)};
}

AVX2 static inline void look_avx2(const char *p, struct letters *l)
{
    __m256i escape[2], unicode[2], hex[2];
    for (int i = 0; i < 2; i++) {
        const __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32 * i));
#define IS(c)    _mm256_cmpeq_epi8(v, _mm256_set1_epi8(c))
#define OR(a, b) _mm256_or_si256(a, b)
        unicode[i] = IS('u');
        escape[i] = OR(OR(OR(IS('"'), IS('\\')), OR(IS('/'), IS('b'))),
                       OR(OR(IS('f'), IS('n')), OR(OR(IS('r'), IS('t')), unicode[i])));
        hex[i] = OR(vector_within2(v, '0', 9), vector_within2(OR(v, _mm256_set1_epi8(32)), 'a', 5));
#undef OR
#undef IS
    }
    *l = (struct letters){join(escape), join(unicode), join(hex)};
}

AVX2 static inline uint64_t parity_clmul(uint64_t x)
{
    const __m128i all = _mm_set1_epi8(-1);
    return (uint64_t)_mm_cvtsi128_si64(_mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)x), all, 0));
}

AVX512 static inline void sort_avx512(const char *p, struct masks *m, struct letters *l)
{
    const __m512i v = _mm512_loadu_si512(p);
    uint64_t bit[CLASSES];
    m->high = _mm512_movepi8_mask(v);
    __m512i c = _mm512_maskz_permutex2var_epi8(~m->high, _mm512_loadu_si512(classes), v, _mm512_loadu_si512(classes + 64));
    c = _mm512_slli_epi16(c, 8 - CLASSES);
#pragma GCC unroll 6
    for (unsigned k = CLASSES; k-- > 0; c = _mm512_add_epi8(c, c)) bit[k] = _mm512_movepi8_mask(c);
    m->quote = bit[0], m->slash = bit[1], m->control = bit[2];
    l->escape = bit[3], l->unicode = bit[4], l->hex = bit[5];
}
#endif

#define LEAF static inline __attribute__((always_inline)) /* made anew for each processor */

/* The bytes of a block that a backslash stands before; *carry: the one behind the block is escaped. */
LEAF uint64_t escaped_by(uint64_t slash, uint64_t *carry)
{
    const uint64_t even = 0x5555555555555555ull;
    slash &= ~*carry;
    const uint64_t follows = slash << 1 | *carry, odd = slash & ~even & ~follows;
    uint64_t sum;
    *carry = (uint64_t)__builtin_add_overflow(odd, slash, &sum);
    return (even ^ sum << 1) & follows;
}

/* What is wrong in a block; the masks are of what is in strings. */
struct wrong {
    uint64_t control, escape; /* control bytes; what no backslash may stand before */
    uint64_t digit;           /* no hex digit where one is due */
    uint64_t unicode, before; /* escapes they are due behind, here and in the block before */
};

/* The first mistake of the block at `base`. */
static __attribute__((noinline)) size_t mistake(const struct wrong *w, size_t base)
{
    size_t at = w->control ? base + (size_t)__builtin_ctzll(w->control) : SIZE_MAX;
    if (w->escape && base + (size_t)__builtin_ctzll(w->escape) - 1 < at) at = base + (size_t)__builtin_ctzll(w->escape) - 1;
    if (!w->digit) return at;
    const uint64_t here = w->unicode & ((w->digit & -w->digit) - 1); /* the one it is due behind is the last of these */
    const size_t u = here ? base + 63 - (size_t)__builtin_clzll(here) : base - 1 - (size_t)__builtin_clzll(w->before);
    return u - 1 < at ? u - 1 : at;
}

LEAF void find_all(struct quotes *q, struct slice t, struct ways ways)
{
    uint64_t carry = 0, inside = 0, high = 0, due = 0, before = 0, *w = q->word;
    const size_t room = q->room;
    char part[64];
    q->bad = SIZE_MAX;
    for (size_t at = 0; at <= t.n; at += 64, w++) {
        const char *p = t.p + at;
        struct masks m;
        struct letters l;
        if (t.n - at < 64) {
            memset(part, ' ', sizeof part);
            memcpy(part, p, t.n - at);
            p = part;
        }
        __builtin_prefetch(t.n - at > AHEAD ? t.p + at + AHEAD : t.p);
        ways.sort(p, &m, &l);
        const uint64_t escaped = escaped_by(m.slash, &carry), quote = m.quote & ~escaped, in = ways.parity(quote) ^ inside;
        struct wrong wrong = {.control = m.control & in, .before = before};
        inside = 0 - (in >> 63); /* all ones if the block ends within a string */
        if (!ways.look || escaped | due) {
            if (ways.look) ways.look(p, &l);
            const uint64_t u = escaped & in & l.unicode;
            wrong.unicode = u;
            wrong.escape = escaped & in & ~l.escape;
            wrong.digit = (due | u << 1 | u << 2 | u << 3 | u << 4) & ~l.hex;
            due = u >> 63 | u >> 62 | u >> 61 | u >> 60;
            before = u;
        }
        if ((wrong.control | wrong.escape | wrong.digit) && q->bad == SIZE_MAX) q->bad = mistake(&wrong, at);
        high |= m.high;
        w[QUOTES_END * room] = quote;
        w[QUOTES_ESCAPE * room] = m.slash & ~escaped;
        w[QUOTES_HIGH * room] = m.high;
    }
    q->ascii = !high;
}

static void find_plain(struct quotes *q, struct slice t) { find_all(q, t, (struct ways){sort_plain, look_plain, parity_plain}); }
#if defined(__x86_64__) && !defined(TEXT_NO_AVX2)
AVX2 static void find_avx2(struct quotes *q, struct slice t)
{
    find_all(q, t, (struct ways){sort_avx2, look_avx2, parity_clmul});
}
AVX512 static void find_avx512(struct quotes *q, struct slice t)
{
    find_all(q, t, (struct ways){sort_avx512, NULL, parity_clmul});
}
#endif

static void (*chosen)(struct quotes *q, struct slice t) = find_plain;

bool quotes_way(unsigned way)
{
    bool known = way == 2;
#if defined(__x86_64__) && !defined(TEXT_NO_AVX2)
    const bool both = __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("pclmul");
    if (way == 0) known = both && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi");
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
    const size_t words = text.n / 64 + 1;
    if (words > q->room) {
        const size_t room = words + words / 2;
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
