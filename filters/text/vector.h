/* What passes over text share: bytes in a range, and compared bytes as bits of one word. For x86-64; AVX2 only where the
 * processor has it. Widths: 16 bytes (SSE2), 32 (AVX2). */
#ifndef PRIVET_TEXT_VECTOR_H
#define PRIVET_TEXT_VECTOR_H

#include <immintrin.h>
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

#endif
