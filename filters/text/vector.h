/* What passes over text share: bytes in a range, and compared bytes as bits of one word. For x86-64; AVX2 only where the
 * processor has it. Widths: 16 bytes (SSE2), 32 (AVX2). */
#ifndef PRIVET_TEXT_VECTOR_H
#define PRIVET_TEXT_VECTOR_H

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VECTOR_AVX2 __attribute__((target("avx2")))

/* Ones where a byte is lo..lo+span, as unsigned numbers. */
static inline __m128i vector_within(__m128i v, char lo, char span)
{
    __m128i x = _mm_sub_epi8(v, _mm_set1_epi8(lo));
    return _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(span)), x);
}

/* Bit i: the top bit of byte i of the four. */
static inline uint64_t vector_join4(__m128i a, __m128i b, __m128i c, __m128i d)
{
    return (uint64_t)(uint32_t)_mm_movemask_epi8(a) | (uint64_t)(uint32_t)_mm_movemask_epi8(b) << 16 |
           (uint64_t)(uint32_t)_mm_movemask_epi8(c) << 32 | (uint64_t)(uint32_t)_mm_movemask_epi8(d) << 48;
}

/* The same of 32 bytes. */
VECTOR_AVX2 static inline __m256i vector_within2(__m256i v, char lo, char span)
{
    __m256i x = _mm256_sub_epi8(v, _mm256_set1_epi8(lo));
    return _mm256_cmpeq_epi8(_mm256_min_epu8(x, _mm256_set1_epi8(span)), x);
}

VECTOR_AVX2 static inline uint64_t vector_join2(__m256i a, __m256i b)
{
    return (uint64_t)(uint32_t)_mm256_movemask_epi8(a) | (uint64_t)(uint32_t)_mm256_movemask_epi8(b) << 32;
}

/* Bits of 512 bytes at a time, in rows: VBMI sorts bytes, GFNI turns eight bytes of eight bits over. */
#define VECTOR_SPREAD __attribute__((target("avx512f,avx512bw,avx512vbmi,gfni,avx2,bmi,bmi2")))

static inline bool vector_spreads(void)
{
    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("gfni");
}

/* Turns eight rows of eight words over. */
VECTOR_SPREAD static inline void vector_turn(__m512i v[8])
{
    __m512i a[8], b[8];
#pragma GCC unroll 8
    for (int i = 0; i < 8; i += 2) {
        a[i] = _mm512_unpacklo_epi64(v[i], v[i + 1]);
        a[i + 1] = _mm512_unpackhi_epi64(v[i], v[i + 1]);
    }
#pragma GCC unroll 8
    for (int i = 0; i < 2; i++)
#pragma GCC unroll 8
        for (int k = 0; k < 2; k++) {
            b[4 * i + k] = _mm512_shuffle_i64x2(a[4 * i + k], a[4 * i + k + 2], 0x88);
            b[4 * i + k + 2] = _mm512_shuffle_i64x2(a[4 * i + k], a[4 * i + k + 2], 0xDD);
        }
#pragma GCC unroll 8
    for (int k = 0; k < 4; k++) {
        v[k] = _mm512_shuffle_i64x2(b[k], b[k + 4], 0x88);
        v[k + 4] = _mm512_shuffle_i64x2(b[k], b[k + 4], 0xDD);
    }
}

/* Bytes [64 * i, 64 * i + 64) of n; what is behind the last reads as `pad`, and is not touched. How many there are nobody can
 * foretell. */
VECTOR_SPREAD static inline __m512i vector_load(const char *p, size_t n, int i, char pad)
{
    const size_t at = 64 * (size_t)i;
    if (n >= 512) return _mm512_loadu_si512(p + at);
    const size_t left = n > at ? n - at : 0;
    const __mmask64 mask = _bzhi_u64(~0ull, (unsigned)(left < 64 ? left : 64));
    return _mm512_mask_loadu_epi8(_mm512_set1_epi8(pad), mask, left ? p + at : p);
}

/* Row k: bit k of the class of each of 512 bytes; n of them are at p. Bytes beyond ASCII have none. */
VECTOR_SPREAD static inline void vector_spread(const char *p, size_t n, char pad, const uint8_t table[128], void *rows)
{
    const __m512i low = _mm512_loadu_si512(table), high = _mm512_loadu_si512(table + 64),
                  one = _mm512_set1_epi64((long long)0x8040201008040201ull);
    const __m512i back = _mm512_broadcast_i32x4(_mm_setr_epi8(7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8));
    __m512i v[8], order = _mm512_set1_epi64(0x3830282018100800); /* byte k of each word makes word k */
    order = _mm512_add_epi8(order,
                            _mm512_setr_epi64(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303, 0x0404040404040404,
                                              0x0505050505050505, 0x0606060606060606, 0x0707070707070707));
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) {
        const __m512i x = _mm512_shuffle_epi8(vector_load(p, n, i, pad), back);
        const __m512i c = _mm512_maskz_permutex2var_epi8(~_mm512_movepi8_mask(x), low, x, high);
        v[i] = _mm512_permutexvar_epi8(order, _mm512_gf2p8affine_epi64_epi8(one, c, 0));
    }
    vector_turn(v);
#pragma GCC unroll 8
    for (int k = 0; k < 8; k++) _mm512_storeu_si512((char *)rows + 64 * k, v[k]);
}

#endif
