/* Where words can begin, with AVX-512: a block's starts are listed with the eight bytes they begin with, so that rows are
 * looked up for eight of them at a time, however many a block has. */
#include "filters/detect/lexicon_inside.h"

#include <immintrin.h>

#define AVX512                                                                                                                   \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi,bmi2,popcnt")))

#define ROOM (LEXICON_BATCH * 64 + 16)

/* Of each start; some more are written and not counted. */
struct starts {
    size_t count;
    _Alignas(64) uint32_t at[ROOM];
    _Alignas(64) uint32_t first[ROOM];  /* its first four bytes; then where a row has its bits: LOOK_ */
    _Alignas(64) uint32_t behind[ROOM]; /* four more; then the row's number */
    _Alignas(64) uint64_t bits[ROOM];   /* the row */
};

/* --- starts */

AVX512 static inline __m512i read_block(const struct lexicon_search *s, size_t from)
{
    size_t left = from < s->text.n ? s->text.n - from : 0;
    return _mm512_maskz_loadu_epi8(left < 64 ? (1ull << left) - 1 : ~0ull, s->text.p + (left ? from : 0));
}

AVX512 static inline uint64_t letters_in(__m512i v)
{
    __m512i folded = _mm512_or_si512(v, _mm512_set1_epi8(0x20));
    return _mm512_cmple_epu8_mask(_mm512_sub_epi8(folded, _mm512_set1_epi8('a')), _mm512_set1_epi8(25));
}

AVX512 static inline uint64_t capitals_in(__m512i v)
{
    return _mm512_cmple_epu8_mask(_mm512_sub_epi8(v, _mm512_set1_epi8('A')), _mm512_set1_epi8(25));
}

/* Where words may begin in a block. Then s says what is before the next. */
AVX512 static inline uint64_t find_starts(struct lexicon_search *s, __m512i raw)
{
    uint64_t letter = letters_in(raw), lead = _mm512_cmpge_epu8_mask(raw, _mm512_set1_epi8((char)0xc2));
    uint64_t starts = (letter & ~(letter << 1 | s->letter)) | lead;
    if (s->l->humps) {
        uint64_t upper = capitals_in(raw), small = letter & ~upper;
        starts |= upper & (small << 1 | s->lower);
        s->lower = small >> 63;
    }
    s->letter = letter >> 63;
    return starts;
}

AVX512 static inline void add_starts(struct starts *v, size_t from, __m512i raw, __m512i next, uint64_t starts)
{
    const __m512i iota = _mm512_set_epi8(63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42,
                                         41, 40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20,
                                         19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    const __m512i four = _mm512_set_epi32(0x0f0f0f0f, 0x0e0e0e0e, 0x0d0d0d0d, 0x0c0c0c0c, 0x0b0b0b0b, 0x0a0a0a0a, 0x09090909,
                                          0x08080808, 0x07070707, 0x06060606, 0x05050505, 0x04040404, 0x03030303, 0x02020202,
                                          0x01010101, 0);
    __m512i places = _mm512_maskz_compress_epi8(starts, iota);
    size_t end = v->count + (size_t)__builtin_popcountll(starts);
    for (size_t i = v->count; i < end; i += 16) {
        __m512i at = _mm512_cvtepu8_epi32(_mm512_castsi512_si128(places));
        __m512i bytes = _mm512_add_epi8(_mm512_permutexvar_epi8(four, places), _mm512_set1_epi32(0x03020100));
        _mm512_storeu_si512(v->at + i, _mm512_add_epi32(at, _mm512_set1_epi32((int)from)));
        _mm512_storeu_si512(v->first + i, _mm512_permutex2var_epi8(raw, bytes, next));
        bytes = _mm512_add_epi8(bytes, _mm512_set1_epi8(4));
        _mm512_storeu_si512(v->behind + i, _mm512_permutex2var_epi8(raw, bytes, next));
        places = _mm512_alignr_epi64(places, places, 2);
    }
    v->count = end;
}

AVX512 static void list_starts(struct lexicon_search *s, size_t from, size_t end, struct starts *v)
{
    v->count = 0;
    __m512i raw = read_block(s, from);
    for (; from < end; from += 64) {
        __m512i next = read_block(s, from + 64);
        uint64_t here = end - from < 64 ? (1ull << (end - from)) - 1 : ~0ull;
        add_starts(v, from, raw, next, here & find_starts(s, raw));
        raw = next;
    }
}

/* --- rows */

/* Ones where a run of letters has a hump. */
AVX512 static inline __m512i humps_of(__m512i first)
{
    uint64_t upper = capitals_in(first), lower = letters_in(first) & ~upper;
    return _mm512_maskz_set1_epi8(upper & lower << 1 & 0xcccccccccccccccc, 1);
}

/* Keys of sixteen places: *bits is how many bits they have to the two bytes behind them. */
AVX512 static inline __m512i keys_of(__m512i first, bool humps, __m512i *bits)
{
    __m512i folded = _mm512_or_si512(first, _mm512_set1_epi8(0x20));
    __m512i ends = _mm512_subs_epu8(_mm512_sub_epi8(folded, _mm512_set1_epi8('a')), _mm512_set1_epi8(25));
    ends = _mm512_min_epu8(ends, _mm512_set1_epi8(1)); /* 1 where a run of letters ends */
    if (humps) ends = _mm512_or_si512(ends, humps_of(first));
    __m512i run = _mm512_andnot_si512(ends, _mm512_sub_epi32(ends, _mm512_set1_epi32(1))), key = _mm512_and_si512(folded, run);
    *bits = _mm512_popcnt_epi32(run);
    __mmask16 other = _mm512_testn_epi32_mask(run, run);
    if (other) {
        __mmask16 wide = _mm512_mask_cmpge_epu32_mask(other, _mm512_and_si512(first, _mm512_set1_epi32(0xff)),
                                                      _mm512_set1_epi32(0xe0));
        key = _mm512_mask_mov_epi32(key, other, folded);
        key = _mm512_mask_and_epi32(key, wide, key, _mm512_set1_epi32(0xffffff));
        *bits = _mm512_mask_mov_epi32(*bits, other, _mm512_set1_epi32(32));
    }
    return key;
}

/* A byte each: where a row has the bit of the first class, of the second, of the hash. */
#define LOOK_SECOND 8
#define LOOK_LONG   16

AVX512 static void make_looks(bool humps, struct starts *v)
{
    const __m512i low = _mm512_loadu_si512(lexicon_class), high = _mm512_loadu_si512(lexicon_class + 64);
    const __m512i space = _mm512_set1_epi8(0x20), mix4 = _mm512_set1_epi32((int)LEXICON_MIX4);
    const __m512i parts = _mm512_set1_epi32(ROW_SECOND << LOOK_SECOND | ROW_LONG << LOOK_LONG);
    for (size_t i = 0; i < v->count; i += 16) {
        __m512i first = _mm512_load_si512(v->first + i), behind = _mm512_load_si512(v->behind + i), bits;
        __m512i row = _mm512_srli_epi32(_mm512_mullo_epi32(keys_of(first, humps, &bits), mix4), 32 - ROW_BITS);
        /* the two bytes behind the key, with one before them */
        __m512i two = _mm512_shrdv_epi32(first, behind, _mm512_sub_epi32(bits, _mm512_set1_epi32(8)));
        two = _mm512_srli_epi32(_mm512_permutex2var_epi8(low, two, high), 8);
        __m512i hash = _mm512_mullo_epi32(_mm512_or_si512(behind, space), _mm512_set1_epi32((int)LEXICON_MIX8));
        hash = _mm512_add_epi32(hash, _mm512_mullo_epi32(_mm512_or_si512(first, space), mix4));
        hash = _mm512_slli_epi32(_mm512_srli_epi32(hash, 27), LOOK_LONG);
        two = _mm512_and_si512(two, _mm512_set1_epi32(0xffff));
        _mm512_store_si512(v->first + i, _mm512_or_si512(_mm512_or_si512(two, hash), parts));
        _mm512_store_si512(v->behind + i, row);
    }
}

/* One by one is twice as fast as to let the processor gather them. */
static void read_rows(const struct lexicon *l, struct starts *v)
{
#pragma GCC unroll 4
    for (size_t i = 0; i < v->count; i++) v->bits[i] = l->row[v->behind[i]];
}

AVX512 static inline __m512i read_8(const uint32_t *v)
{
    return _mm512_cvtepu32_epi64(_mm256_load_si256((const __m256i *)(const void *)v));
}

/* Enters those of the starts that may be words, as short ones and as long ones. */
AVX512 static void keep_starts(struct lexicon_search *s, const struct starts *v)
{
    const __m512i part = _mm512_set1_epi64((long long)PART_LONG << 32);
    size_t n = 0;
    for (size_t i = 0; i < v->count; i += 8) {
        unsigned there = v->count - i < 8 ? (1u << (v->count - i)) - 1 : 0xff;
        __m512i at = read_8(v->at + i), row = read_8(v->behind + i);
        __m512i bits = _mm512_multishift_epi64_epi8(read_8(v->first + i), _mm512_load_si512(v->bits + i));
        __m512i both = _mm512_and_si512(bits, _mm512_srli_epi64(bits, LOOK_SECOND));
        unsigned brief = _mm512_test_epi64_mask(both, _mm512_set1_epi64(1)) & there;
        unsigned whole = _mm512_test_epi64_mask(bits, _mm512_set1_epi64(1 << LOOK_LONG)) & there;
        __mmask16 may = (__mmask16)(_pdep_u32(brief, 0x5555) | _pdep_u32(whole, 0xaaaa));
        at = _mm512_or_si512(at, _mm512_slli_epi64(at, 32));
        row = _mm512_or_si512(_mm512_or_si512(row, _mm512_slli_epi64(row, 32)), part);
        _mm512_storeu_si512(s->at + n, _mm512_maskz_compress_epi32(may, at));
        _mm512_storeu_si512(s->as + n, _mm512_maskz_compress_epi32(may, row));
        n += (unsigned)__builtin_popcount(may);
    }
    s->count = n;
}

AVX512 size_t lexicon_batch_wide(struct lexicon_search *s, size_t from, size_t to)
{
    struct starts v;
    size_t end = to - from < 64 * LEXICON_BATCH ? to : from + 64 * LEXICON_BATCH;
    list_starts(s, from, end, &v);
    make_looks(s->l->humps, &v);
    read_rows(s->l, &v);
    keep_starts(s, &v);
    return end;
}
