/* Eight words of bits, one bit for each of 512 bytes of text: what passes over text work on at a step. Vectors of the compiler's,
 * which it makes of what the processor has. */
#ifndef PRIVET_TEXT_LANES_H
#define PRIVET_TEXT_LANES_H

#include <stdint.h>

#define LANES      8u
#define LANES_STEP (64 * LANES)                                 /* bytes of text */
#define LANES_LEAF static inline __attribute__((always_inline)) /* made anew for each processor */
typedef uint64_t lanes __attribute__((vector_size(8 * LANES))); /* by pointer only: how they are handed over differs */
typedef uint64_t lanes_row __attribute__((vector_size(8 * LANES), aligned(8), may_alias)); /* in a row of words */

/* Of the words of x, before which those of `last` stand, or behind which those of `next`: the word before each, behind each. */
#define LANES_BEFORE(last, x) __builtin_shufflevector(last, x, 7, 8, 9, 10, 11, 12, 13, 14)
#define LANES_BEHIND(x, next) __builtin_shufflevector(x, next, 1, 2, 3, 4, 5, 6, 7, 8)
/* Bit i: bit i - n; bit i + n, 0 < n < 64. */
#define LANES_BACK(last, x, n)  ((x) << (n) | LANES_BEFORE(last, x) >> (64 - (n)))
#define LANES_AHEAD(x, next, n) ((x) >> (n) | LANES_BEHIND(x, next) << (64 - (n)))

/* All words in one. */
LANES_LEAF uint64_t lanes_any(const lanes *x)
{
    uint64_t all = 0;
    for (unsigned k = 0; k < LANES; k++) all |= (*x)[k];
    return all;
}

#endif
