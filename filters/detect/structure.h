/* Structural triggers: one vector pass over a block of text that finds where numbers, '@', colon groups and long
 * tokens begin. SSE2 everywhere, AVX2 where the processor has it. */
#ifndef PRIVET_DETECT_STRUCTURE_H
#define PRIVET_DETECT_STRUCTURE_H

#include "proxy/base/slice.h"

#define STRUCTURE_BLOCK 16384u /* bytes of a pass, a multiple of 64 */

#define STRUCTURE_TOKEN 20u  /* least bytes of a token of letters, digits, '+', '/', '_', '-' */
#define STRUCTURE_LONG  512u /* a token of so many may be longer */

/* Offsets into the text, ascending. */
struct structure {
    struct structure_number {
        uint32_t at;    /* first digit of a run with no letter or digit before it, or behind the letters a token begins with */
        uint8_t how[2]; /* NUMBER_ bits, as number_looks has them */
    } number[STRUCTURE_BLOCK];
    uint32_t at[STRUCTURE_BLOCK];
    uint32_t colon[STRUCTURE_BLOCK]; /* a colon or dash that may join hex groups */
    struct structure_token {
        uint32_t start, len;
    } token[STRUCTURE_BLOCK / STRUCTURE_TOKEN + 8]; /* of STRUCTURE_TOKEN and more bytes, that end in the block */
    size_t numbers, ats, colons, tokens;
};

enum { STRUCTURE_NUMBERS = 1, STRUCTURE_AT = 2, STRUCTURE_COLON = 4, STRUCTURE_TOKENS = 8 };

/* What a number looks like from its first digit: a first run of digits, the kind of byte behind it, a second run (it may
 * be empty), the kind of byte behind that. For every such look, how some rule may begin there. */
#define NUMBER_RUN 15u /* longest run told from longer ones */
struct number_looks {
    uint8_t symbol[256];      /* kinds of bytes, 0..15 */
    uint8_t joiner[256];      /* 1 for bytes that may join this number to what is before it */
    uint8_t how[2][1u << 16]; /* of rules that stand alone, and of those that need a word near by */
};
enum {
    NUMBER_CLEAN = 1,        /* at the digit; before it stands no joiner */
    NUMBER_JOINED = 2,       /* at the digit, behind a joiner */
    NUMBER_JOINED_DIGIT = 4, /* ... with a digit before the joiner */
    NUMBER_BEHIND_LETTER = 8,
    NUMBER_PREFIXED = 16, /* at a short word before the digit: "AA 12" */
    NUMBER_SIGNED = 32,   /* at '+' or '(' before it */
    NUMBER_LETTERED = 64  /* at the letters it is glued to */
};
static inline unsigned number_key(unsigned run1, unsigned symbol1, unsigned run2, unsigned symbol2)
{
    return run1 << 12 | symbol1 << 8 | run2 << 4 | symbol2;
}

/* Looks at text[from, to), to - from <= STRUCTURE_BLOCK, and before `from` for what goes on there. Numbers no rule may
 * begin with are left out. */
void structure_find(struct slice text, size_t from, size_t to, unsigned want, const struct number_looks *looks,
                    struct structure *out);

#endif
