/* The pass: 64 bytes at a time become masks; carries tell which backslashes escape (as in Langdale and Lemire, "Parsing
 * Gigabytes of JSON per Second", 2019), a running parity of quotes tells what is inside a string. */
#include "filters/text/quotes.h"
#include "proxy/base/hex.h"

#include <string.h>

#if defined(__x86_64__) && !defined(TEXT_NO_AVX2)
#include "filters/text/vector.h"
#endif

enum { ESCAPE = 1, UNICODE = 2 }; /* may stand behind a backslash; four hex digits follow */
static const uint8_t letters[128] = {['"'] = ESCAPE, ['\\'] = ESCAPE, ['/'] = ESCAPE, ['b'] = ESCAPE,          ['f'] = ESCAPE,
                                     ['n'] = ESCAPE, ['r'] = ESCAPE,  ['t'] = ESCAPE, ['u'] = ESCAPE | UNICODE};

struct masks {
    uint64_t quote, slash, control, high;
};
struct ways { /* how a processor sorts 64 bytes */
    void (*sort)(const char *p, struct masks *m);
    void (*look)(const char *p, uint64_t escaped, uint64_t *good, uint64_t *unicode);
};

static inline void sort_plain(const char *p, struct masks *m)
{
    *m = (struct masks){0, 0, 0, 0};
    for (unsigned i = 0; i < 64; i++) {
        const unsigned char c = (unsigned char)p[i];
        m->quote |= (uint64_t)(c == '"') << i;
        m->slash |= (uint64_t)(c == '\\') << i;
        m->control |= (uint64_t)(c < 0x20) << i;
        m->high |= (uint64_t)(c >> 7) << i;
    }
}

static inline void look_plain(const char *p, uint64_t escaped, uint64_t *good, uint64_t *unicode)
{
    *good = *unicode = 0;
    for (; escaped; escaped &= escaped - 1) {
        const unsigned char c = (unsigned char)p[__builtin_ctzll(escaped)];
        const unsigned l = c < 128 ? letters[c] : 0;
        if (l & ESCAPE) *good |= escaped & -escaped;
        if (l & UNICODE) *unicode |= escaped & -escaped;
    }
}

#if defined(__x86_64__) && !defined(TEXT_NO_AVX2)
#define AVX2   __attribute__((target("avx2,bmi,bmi2")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vbmi,avx2,bmi,bmi2")))

AVX2 static inline uint64_t join(const __m256i v[2]) { return vector_join2(v[0], v[1]); }

AVX2 static inline void sort_avx2(const char *p, struct masks *m)
{
    __m256i v[2], quote[2], slash[2], control[2];
    for (int i = 0; i < 2; i++) {
        v[i] = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32 * i));
        quote[i] = _mm256_cmpeq_epi8(v[i], _mm256_set1_epi8('"'));
        slash[i] = _mm256_cmpeq_epi8(v[i], _mm256_set1_epi8('\\'));
        control[i] = _mm256_cmpeq_epi8(_mm256_min_epu8(v[i], _mm256_set1_epi8(0x1F)), v[i]);
    }
    *m = (struct masks){join(quote), join(slash), join(control), join(v)};
}

AVX512 static inline void sort_avx512(const char *p, struct masks *m)
{
    const __m512i v = _mm512_loadu_si512(p);
    m->quote = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('"'));
    m->slash = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\\'));
    m->control = _mm512_cmplt_epu8_mask(v, _mm512_set1_epi8(0x20));
    m->high = _mm512_movepi8_mask(v);
}

AVX512 static inline void look_avx512(const char *p, uint64_t escaped, uint64_t *good, uint64_t *unicode)
{
    const __m512i v = _mm512_loadu_si512(p);
    const __mmask64 ascii = escaped & ~_mm512_movepi8_mask(v);
    const __m512i c = _mm512_maskz_permutex2var_epi8(ascii, _mm512_loadu_si512(letters), v, _mm512_loadu_si512(letters + 64));
    *good = _mm512_test_epi8_mask(c, _mm512_set1_epi8(ESCAPE));
    *unicode = _mm512_test_epi8_mask(c, _mm512_set1_epi8(UNICODE));
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

LEAF uint64_t parity(uint64_t x)
{
    for (unsigned k = 1; k < 64; k *= 2) x ^= x << k;
    return x;
}

static inline bool has_digits(struct slice t, size_t at) { return t.n - at > 4 && hex4_read(t.p + at + 1) >= 0; }

/* The first mistake of the block at `base`, or SIZE_MAX. `escaped` are those in strings. */
LEAF size_t mistake(struct slice t, size_t base, const char *p, uint64_t control, uint64_t escaped, struct ways ways)
{
    uint64_t good = 0, unicode = 0;
    if (escaped) ways.look(p, escaped, &good, &unicode);
    uint64_t wrong = escaped & ~good;
    for (uint64_t w = unicode & escaped; w; w &= w - 1)
        if (!has_digits(t, base + (size_t)__builtin_ctzll(w))) wrong |= w & -w;
    size_t at = wrong ? base + (size_t)__builtin_ctzll(wrong) - 1 : SIZE_MAX; /* its backslash */
    if (control && base + (size_t)__builtin_ctzll(control) < at) at = base + (size_t)__builtin_ctzll(control);
    return at;
}

LEAF void find_all(struct quotes *q, struct slice t, struct ways ways)
{
    uint64_t carry = 0, inside = 0, high = 0, *w = q->word;
    char part[64];
    q->bad = SIZE_MAX;
    for (size_t at = 0; at <= t.n; at += 64, w++) {
        const char *p = t.p + at;
        struct masks m;
        if (t.n - at < 64) {
            memset(part, ' ', sizeof part);
            memcpy(part, p, t.n - at);
            p = part;
        }
        ways.sort(p, &m);
        uint64_t escaped = 0;
        const uint64_t before = carry;
        if (m.slash | carry) escaped = escaped_by(m.slash, &carry);
        const uint64_t quote = m.quote & ~escaped, in = (quote ? parity(quote) : 0) ^ inside;
        inside = 0 - (in >> 63); /* all ones if the block ends within a string */
        if ((m.control | escaped) & in && q->bad == SIZE_MAX) q->bad = mistake(t, at, p, m.control & in, escaped & in, ways);
        high |= m.high;
        w[QUOTES_END * q->room] = quote;
        w[QUOTES_ESCAPE * q->room] = m.slash & ~(escaped | before);
        w[QUOTES_HIGH * q->room] = m.high;
    }
    q->ascii = !high;
}

static void find_plain(struct quotes *q, struct slice t) { find_all(q, t, (struct ways){sort_plain, look_plain}); }
#if defined(__x86_64__) && !defined(TEXT_NO_AVX2)
AVX2 static void find_avx2(struct quotes *q, struct slice t) { find_all(q, t, (struct ways){sort_avx2, look_plain}); }
AVX512 static void find_avx512(struct quotes *q, struct slice t) { find_all(q, t, (struct ways){sort_avx512, look_avx512}); }
#endif

static void (*chosen)(struct quotes *q, struct slice t) = find_plain;

bool quotes_way(unsigned way)
{
    bool known = way == 2;
#if defined(__x86_64__) && !defined(TEXT_NO_AVX2)
    if (way == 0)
        known = __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("bmi2");
    if (way == 1) known = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
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
