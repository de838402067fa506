/* Rows of bits, one for each byte of a text, and going from one to the next. */
#ifndef PRIVET_TEXT_BITS_H
#define PRIVET_TEXT_BITS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The first bit in [from, to) that is set, or `to`. */
static inline size_t bits_next(const uint64_t *row, size_t from, size_t to)
{
    if (from >= to) return to;
    size_t w = from / 64;
    uint64_t x = row[w] & ~0ull << from % 64;
    while (!x) {
        if (++w * 64 >= to) return to;
        x = row[w];
    }
    const size_t at = w * 64 + (size_t)__builtin_ctzll(x);
    return at < to ? at : to;
}

/* The first bit in [from, to) that is not set, or `to`. */
static inline size_t bits_end(const uint64_t *row, size_t from, size_t to)
{
    if (from >= to) return to;
    size_t w = from / 64;
    uint64_t x = ~row[w] & ~0ull << from % 64;
    while (!x) {
        if (++w * 64 >= to) return to;
        x = ~row[w];
    }
    const size_t at = w * 64 + (size_t)__builtin_ctzll(x);
    return at < to ? at : to;
}

/* The 64 bits from bit i on; there is a word behind the one it is in. */
static inline uint64_t bits_from(const uint64_t *row, size_t i)
{
    const unsigned k = (unsigned)(i % 64);
    return row[i / 64] >> k | row[i / 64 + 1] << 1 << (63 - k);
}
/* The 64 bits before bit i, the nearest uppermost. */
static inline uint64_t bits_before(const uint64_t *row, size_t i)
{
    return i >= 64 ? bits_from(row, i - 64) : i ? row[0] << (64 - i) : 0;
}

/* The same with one load, but BITS_NEAR bits of them only: from a row that begins within others. */
#define BITS_NEAR 57u
static inline uint64_t bits_near(const uint64_t *row, size_t i)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t x;
    memcpy(&x, (const unsigned char *)row + i / 8, sizeof x);
    return x >> i % 8;
#else
    return bits_from(row, i);
#endif
}
/* What is before the row's first bit is not told. */
static inline uint64_t bits_near_before(const uint64_t *row, size_t i)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t x;
    memcpy(&x, (const unsigned char *)row + (i + 7) / 8 - sizeof x, sizeof x);
    return x << (-i & 7);
#else
    return bits_before(row, i);
#endif
}

/* Where the bits begin that are set right before `from`, not before `least`. */
static inline size_t bits_begin(const uint64_t *row, size_t from, size_t least)
{
    while (from > least) {
        const uint64_t x = ~bits_before(row, from);
        const size_t n = x ? (size_t)__builtin_clzll(x) : 64;
        if (n >= from - least) return least;
        from -= n;
        if (n < 64) break;
    }
    return from;
}

/* How many bits of [from, to) are set; there is a word behind the last. */
static inline size_t bits_count(const uint64_t *row, size_t from, size_t to)
{
    size_t n = 0;
    for (; from < to; from += 64) {
        const uint64_t x = bits_from(row, from), here = to - from < 64 ? x & ((1ull << (to - from)) - 1) : x;
        n += (size_t)__builtin_popcountll(here);
    }
    return n;
}

#endif
