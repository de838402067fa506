/* Rows of bits, one for each byte of a text, and going from one to the next. */
#ifndef PRIVET_TEXT_BITS_H
#define PRIVET_TEXT_BITS_H

#include <stddef.h>
#include <stdint.h>

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

#endif
