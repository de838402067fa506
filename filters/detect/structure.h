/* Structural triggers: one vector pass over a block of text that finds where numbers, '@', colon groups and long
 * tokens begin. SSE2 everywhere, AVX2 where the processor has it. */
#ifndef PRIVET_DETECT_STRUCTURE_H
#define PRIVET_DETECT_STRUCTURE_H

#include "proxy/base/slice.h"

#define STRUCTURE_BLOCK 16384u /* bytes of a pass, a multiple of 64 */

/* Offsets into the text, ascending. */
struct structure {
    uint32_t number[STRUCTURE_BLOCK];   /* first digit of a run with no letter or digit before it */
    uint32_t lettered[STRUCTURE_BLOCK]; /* first digit behind the letters a token begins with */
    uint32_t at[STRUCTURE_BLOCK];
    uint32_t colon[STRUCTURE_BLOCK];    /* a colon or dash that may join hex groups */
    uint32_t token[STRUCTURE_BLOCK];    /* first byte of a token of STRUCTURE_TOKEN and more bytes */
    size_t numbers, lettereds, ats, colons, tokens;
};
#define STRUCTURE_TOKEN 20u /* letters, digits, '+', '/', '_', '-' */

enum { STRUCTURE_NUMBERS = 1, STRUCTURE_AT = 2, STRUCTURE_COLON = 4, STRUCTURE_TOKENS = 8 };

/* Looks at text[from, to), to - from <= STRUCTURE_BLOCK, and before `from` for what goes on there. */
void structure_find(struct slice text, size_t from, size_t to, unsigned want, struct structure *out);

#endif
