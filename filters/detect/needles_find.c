/* Searching needles: a pass over the bytes tells the places whose four bytes are in a bucket's sets; of those the ones
 * that have a list are compared. Three ways for the pass: one by one, AVX2 and AVX-512. */
#include "filters/detect/needles_inside.h"

#include "filters/text/vector.h"

#define BATCH 32u /* words of 64 bytes looked through before what is left is looked up */

struct marked {
    size_t count; /* some more are written and not counted */
    uint32_t at[BATCH * 64 + 16];
};

struct search {
    const struct needles *l;
    struct slice text;
    struct marked whole, brief;
    size_t known; /* places that have a list */
    uint32_t at[3 * BATCH * 64 + 1], list[3 * BATCH * 64 + 1];
};

/* --- places */

/* Enters a place if a bucket has its bytes, without a branch on that. */
static inline void add_place(struct search *s, size_t at, const char *p)
{
    const uint32_t(*byte)[256] = s->l->byte;
    const unsigned char *c = (const unsigned char *)p;
    struct marked *whole = &s->whole, *brief = &s->brief;
    uint32_t may = byte[0][c[0]] & byte[1][c[1]] & byte[2][c[2]] & byte[3][c[3]];
    whole->at[whole->count] = brief->at[brief->count] = (uint32_t)at;
    whole->count += (may & ((1u << 8 * BRIEF) - 1)) != 0;
    brief->count += (may >> 8 * BRIEF) != 0;
}

/* Places [from, from + n), whose bytes are at p: with WINDOW - 1 more. */
static void find_one_by_one(struct search *s, size_t from, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) add_place(s, from + i, p + i);
}

/* Where a group has the four bytes from each place on: `in` tells it for one of the four. Written out, not looped over, so
 * that nothing leaves the registers. */
#define ALL4(and, in, g) and(and(in(g, 0), in(g, 1)), and(in(g, 2), in(g, 3)))
_Static_assert(GROUPS == 3 && WINDOW == 4, "written out");

VECTOR_AVX2 static inline __m256i half_of(const uint8_t half[16], __m256i v)
{
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)half)), v);
}

/* Of bytes the low five bits, as an index for half_of: where the fifth is 1, a 0 is told. */
VECTOR_AVX2 static inline __m256i low_five(__m256i v, char flip)
{
    v = _mm256_xor_si256(_mm256_and_si256(v, _mm256_set1_epi8(31)), _mm256_set1_epi8(flip));
    return _mm256_add_epi8(v, _mm256_set1_epi8(0x70));
}

/* The same as one by one; up to 32 bytes more can be read. The halves of bytes tell of nearly all places that no bucket
 * has them. */
VECTOR_AVX2 static void find_32(struct search *s, size_t from, const char *p, size_t n)
{
#define LOAD(k)   _mm256_loadu_si256((const __m256i *)(const void *)(p + i + (k)))
#define UPPER(k)  _mm256_and_si256(_mm256_srli_epi16(v[k], 4), _mm256_set1_epi8(15))
#define LOW(g, k) _mm256_or_si256(half_of(l->half[g][k][0], zero[k]), half_of(l->half[g][k][1], one[k]))
#define IN(g, k)  _mm256_and_si256(LOW(g, k), half_of(l->half[g][k][2], upper[k]))
    const struct needles *l = s->l;
    for (size_t i = 0; i < n; i += 32) {
        const __m256i v[WINDOW] = {LOAD(0), LOAD(1), LOAD(2), LOAD(3)};
        const __m256i zero[WINDOW] = {low_five(v[0], 0), low_five(v[1], 0), low_five(v[2], 0), low_five(v[3], 0)};
        const __m256i one[WINDOW] = {low_five(v[0], 16), low_five(v[1], 16), low_five(v[2], 16), low_five(v[3], 16)};
        const __m256i upper[WINDOW] = {UPPER(0), UPPER(1), UPPER(2), UPPER(3)};
        __m256i any = _mm256_or_si256(ALL4(_mm256_and_si256, IN, 0), ALL4(_mm256_and_si256, IN, 1));
        any = _mm256_or_si256(any, ALL4(_mm256_and_si256, IN, BRIEF));
        uint32_t may = ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(any, _mm256_setzero_si256()));
        if (n - i < 32) may &= (1u << (n - i)) - 1;
        for (; may; may &= may - 1) {
            size_t at = i + (unsigned)__builtin_ctz(may);
            add_place(s, from + at, p + at);
        }
    }
#undef IN
}

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi,avx512vbmi2,popcnt")))

AVX512 static inline void add_places(struct marked *v, size_t from, uint64_t at)
{
    const __m512i iota = _mm512_set_epi8(63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42,
                                         41, 40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20,
                                         19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    __m512i places = _mm512_maskz_compress_epi8(at, iota), base = _mm512_set1_epi32((int)from);
    uint32_t *out = v->at + v->count;
    v->count += (unsigned)__builtin_popcountll(at);
    do {
        _mm512_storeu_si512(out, _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_castsi512_si128(places)), base));
        places = _mm512_alignr_epi64(places, places, 2);
        out += 16;
    } while (out < v->at + v->count);
}

/* The same; up to 64 bytes more can be read. */
AVX512 static void find_64(struct search *s, size_t from, const char *p, size_t n)
{
#define TABLE(g, at)                                                                                                             \
    {                                                                                                                            \
        _mm512_loadu_si512(l->has[g][0] + (at)), _mm512_loadu_si512(l->has[g][1] + (at)),                                        \
            _mm512_loadu_si512(l->has[g][2] + (at)), _mm512_loadu_si512(l->has[g][3] + (at))                                     \
    }
#define IN(g, k) _mm512_permutex2var_epi8(low[g][k], v[k], high[g][k])
    const struct needles *l = s->l;
    const __m512i low[GROUPS][WINDOW] = {TABLE(0, 0), TABLE(1, 0), TABLE(2, 0)};
    const __m512i high[GROUPS][WINDOW] = {TABLE(0, 64), TABLE(1, 64), TABLE(2, 64)};
    for (size_t i = 0; i < n; i += 64) {
        const __m512i v[WINDOW] = {_mm512_loadu_si512(p + i), _mm512_loadu_si512(p + i + 1), _mm512_loadu_si512(p + i + 2),
                                   _mm512_loadu_si512(p + i + 3)};
        __m512i whole = _mm512_or_si512(ALL4(_mm512_and_si512, IN, 0), ALL4(_mm512_and_si512, IN, 1));
        __m512i brief = ALL4(_mm512_and_si512, IN, BRIEF);
        uint64_t here = n - i < 64 ? (1ull << (n - i)) - 1 : ~0ull;
        add_places(&s->whole, from + i, here & _mm512_test_epi8_mask(whole, whole));
        here &= _mm512_test_epi8_mask(brief, brief);
        if (here) add_places(&s->brief, from + i, here); /* rare */
    }
}

/* --- looking up */

/* Those of the places that have what all of a list have, without a branch on it. */
static void look_up(struct search *s, const struct marked *v, unsigned look)
{
    const struct needles *l = s->l;
    size_t n = s->known;
    for (size_t i = 0; i < v->count; i++) {
        uint64_t bytes = needles_fold(entries_bytes(s->text, v->at[i]));
        uint16_t list = l->list[needles_hash(bytes, look)];
        s->at[n] = v->at[i];
        s->list[n] = list;
        n += (bytes & l->lists[list].care) == l->lists[list].bits;
    }
    s->known = n;
}

/* One batch: where it ends. */
static size_t find_batch(struct search *s, size_t from, size_t to, size_t most, enum lexicon_way way)
{
    char part[(BATCH + 1) * 64 + WINDOW]; /* the last bytes */
    size_t n = to - from < most ? to - from : most, left = s->text.n - from;
    const char *p = s->text.p + from;
    s->whole.count = s->brief.count = s->known = 0;
    if (left < n + 64 + WINDOW) {
        size_t have = left < n + WINDOW ? left : n + WINDOW;
        memset(part + have, 0, sizeof part - have);
        memcpy(part, p, have);
        p = part;
    }
    if (way == LEXICON_AVX512) find_64(s, from, p, n);
    else if (way == LEXICON_AVX2) find_32(s, from, p, n);
    else find_one_by_one(s, from, p, n);
    look_up(s, &s->whole, WINDOW);
    for (unsigned look = HASH_LEAST; look < WINDOW; look++) look_up(s, &s->brief, look);
    return from + n;
}

/* The entries of the places that have a list: the number of hits. */
static size_t compare(const struct search *s, struct lexicon_hit *hits)
{
    const struct entries *l = &s->l->entries;
    size_t n = 0;
    for (size_t i = 0; i < s->known;) {
        struct places p;
        for (p.count = 0; i < s->known && p.count < PLACES; i++) {
            const struct needle_list *list = &s->l->lists[s->list[i]];
            entries_place(l, &p, s->at[i], list->first, list->end, 0);
        }
        n += entries_compare(l, s->text, &p, hits + n);
    }
    return n;
}

_Static_assert(64 * LEXICON_NESTED < LEXICON_ROOM, "a batch finds room");

size_t needles_find(const struct needles *l, struct slice text, size_t from, size_t to, struct lexicon_hit hits[LEXICON_ROOM],
                    size_t *next)
{
    struct search s;
    s.l = l;
    s.text = text;
    enum lexicon_way way = lexicon_way();
    size_t n = 0, nested = l->entries.nested, most = (LEXICON_ROOM - 1) / (64 * nested);
    most = 64 * (most < BATCH ? most : BATCH);
    while (from < to && n + most * nested < LEXICON_ROOM) {
        from = find_batch(&s, from, to, most, way);
        n += compare(&s, hits + n);
    }
    *next = from;
    return n;
}
