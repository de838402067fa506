/* The first bytes of an expression as a table, and a look at 64 places of a text at a time. */
#include "filters/detect/allow.h"

#include "filters/detect/structure.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define ANY ((1u << ALLOW_FRONT) - 1)

enum err allow_front(const char *regex, struct tail_maker *m, struct allow_front *out)
{
    const char *complaint;
    struct byteset front[SHAPE_FRONT];
    struct tail_start start = {.n = 0};
    struct shape *s = NULL;
    memset(out->may, ANY, sizeof out->may);
    out->tail = NULL;
    if (shape_read(regex, shape_needs_utf(regex), SHAPE_SHORT, &s, &complaint) != ERR_OK) return ERR_OK;
    shape_front(s, front);
    for (unsigned c = 0; c < 256; c++)
        for (unsigned k = 0; k < ALLOW_FRONT; k++)
            if (!byteset_has(&front[k], (unsigned char)c)) out->may[c] &= (uint8_t) ~(1u << k);
    start.states = shape_begin(s, &start.n);
    enum err e = start.n ? tail_build(m, s, &start, 1, &out->tail) : ERR_OK;
    shape_free(s);
    return e;
}

static bool goes_on(const struct allow_front *f, struct slice in, size_t i)
{
    return !f->tail || tail_may(f->tail, in.p + i, in.n - i);
}

/* What is behind the text may be anything. */
static size_t begin_plain(const struct allow_front *f, struct slice in, size_t i)
{
    for (; i < in.n; i++) {
        const size_t n = in.n - i < ALLOW_FRONT ? in.n - i : ALLOW_FRONT;
        size_t k = 0;
        while (k < n && f->may[(unsigned char)in.p[i + k]] >> k & 1) k++;
        if (k == n && goes_on(f, in, i)) break;
    }
    return i;
}

#if defined(__x86_64__)
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vbmi")))

/* The bits of 64 bytes; of those beyond ASCII all. */
AVX512 static inline __m512i bits_of(const char *p, __m512i low, __m512i high)
{
    const __m512i v = _mm512_loadu_si512(p);
    return _mm512_mask_mov_epi8(_mm512_permutex2var_epi8(low, v, high), _mm512_movepi8_mask(v), _mm512_set1_epi8(ANY));
}

AVX512 static size_t begin_avx512(const struct allow_front *f, struct slice in)
{
    const __m512i low = _mm512_loadu_si512(f->may), high = _mm512_loadu_si512(f->may + 64);
    size_t i = 0;
    for (; in.n - i >= 64 + ALLOW_FRONT - 1; i += 64) {
        uint64_t m = ~0ull;
        for (unsigned k = 0; k < ALLOW_FRONT; k++)
            m &= _mm512_test_epi8_mask(bits_of(in.p + i + k, low, high), _mm512_set1_epi8((char)(1 << k)));
        for (; m; m &= m - 1)
            if (goes_on(f, in, i + (unsigned)__builtin_ctzll(m))) return i + (unsigned)__builtin_ctzll(m);
    }
    return begin_plain(f, in, i);
}
#endif

bool allow_begins(const struct allow_front *f, struct slice in, size_t *from)
{
    *from = 0;
    if (!in.n) return true;
#if defined(__x86_64__)
    const bool vectors = structure_vectors() == VECTORS_AVX512 && __builtin_cpu_supports("avx512vbmi");
    *from = vectors ? begin_avx512(f, in) : begin_plain(f, in, 0);
#else
    *from = begin_plain(f, in, 0);
#endif
    if (*from == in.n) return false;
    while (*from && ((unsigned char)in.p[*from] & 0xC0) == 0x80) --*from; /* PCRE2 begins at characters */
    return true;
}
