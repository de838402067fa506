/* Structural triggers: one vector pass over a block of text that finds where numbers, '@', colon groups and long
 * tokens begin. SSE2 everywhere, AVX2 where the processor has it. */
#ifndef PRIVET_DETECT_STRUCTURE_H
#define PRIVET_DETECT_STRUCTURE_H

#include "proxy/base/slice.h"

#define STRUCTURE_BLOCK 16384u /* bytes of a pass, a multiple of 64 */

#define STRUCTURE_TOKEN 20u /* least bytes of a token of letters, digits, '+', '/', '_', '-' */
#define STRUCTURE_LONG  512u /* a token of so many may be longer */

/* Offsets into the text, ascending. */
struct structure {
    uint32_t number[STRUCTURE_BLOCK];   /* first digit of a run with no letter or digit before it */
    uint32_t lettered[STRUCTURE_BLOCK]; /* first digit behind the letters a token begins with */
    uint32_t at[STRUCTURE_BLOCK];
    uint32_t colon[STRUCTURE_BLOCK];    /* a colon or dash that may join hex groups */
    struct structure_token {
        uint32_t start, len;
    } token[STRUCTURE_BLOCK / STRUCTURE_TOKEN + 8]; /* of STRUCTURE_TOKEN and more bytes, that end in the block */
    size_t numbers, lettereds, ats, colons, tokens;
};

enum { STRUCTURE_NUMBERS = 1, STRUCTURE_AT = 2, STRUCTURE_COLON = 4, STRUCTURE_TOKENS = 8 };

/* Which patterns of digits a number may begin with: of its first 16 bytes bit k says that byte k is a digit. */
#define STRUCTURE_PATTERN 16u
struct structure_patterns {
    uint64_t w[(1u << STRUCTURE_PATTERN) / 64];
};

/* Looks at text[from, to), to - from <= STRUCTURE_BLOCK, and before `from` for what goes on there. Numbers whose pattern
 * is not in `numbers` are left out. */
void structure_find(struct slice text, size_t from, size_t to, unsigned want, const struct structure_patterns *numbers, struct structure *out);

#endif
