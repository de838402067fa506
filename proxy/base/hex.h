/* Numbers as hexadecimal digits and back, without a table: all digits in one word. For little-endian machines. */
#ifndef PRIVET_BASE_HEX_H
#define PRIVET_BASE_HEX_H

#include <stdint.h>
#include <string.h>

/* The eight digits of v, the most significant first, in lower case; no NUL. */
static inline void hex8(char out[8], uint32_t v)
{
    uint64_t x = __builtin_bswap32(v);
    x = (x | x << 16) & 0x0000ffff0000ffffu;
    x = (x | x << 8) & 0x00ff00ff00ff00ffu;
    x = (x >> 4 & 0x000f000f000f000fu) | (x & 0x000f000f000f000fu) << 8;
    uint64_t above = (x + 0x0606060606060606u) >> 4 & 0x0101010101010101u; /* 1 in the bytes of nibbles above nine */
    x += 0x3030303030303030u + above * ('a' - '0' - 10);
    memcpy(out, &x, sizeof x);
}

/* The number that four digits at p say, in either case; -1 if they are no digits. */
static inline int hex4_read(const char *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    const uint32_t number = v ^ 0x30303030u, letter = (v | 0x20202020u) ^ 0x60606060u; /* 0 to 9, 1 to 6 where it is one */
    const uint32_t is_number = ~((number + 0x76767676u) | v) & 0x80808080u;
    const uint32_t is_letter = ~((letter + 0x79797979u) | v) & (letter + 0x7f7f7f7fu) & 0x80808080u;
    if ((is_number | is_letter) != 0x80808080u) return -1; /* a byte of more than 7 bits carries on, but is none itself */
    uint32_t x = __builtin_bswap32((v & 0x0f0f0f0fu) + (is_letter >> 7) * 9);
    x = (x | x >> 4) & 0x00ff00ffu;
    return (int)((x | x >> 8) & 0xffffu);
}

/* 2 * n digits for n bytes, n a multiple of four. */
static inline void hex_bytes(char *out, const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i += 4) {
        uint32_t v;
        memcpy(&v, p + i, sizeof v);
        hex8(out + 2 * i, __builtin_bswap32(v));
    }
}

#endif
