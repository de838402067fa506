/* Structural triggers: one vector pass over a block of text that finds where numbers, '@', colon groups and long
 * tokens begin. SSE2 everywhere, AVX2 where the processor has it. */
#ifndef PRIVET_DETECT_STRUCTURE_H
#define PRIVET_DETECT_STRUCTURE_H

#include "filters/detect/validators.h"

#define STRUCTURE_BLOCK 16384u /* bytes of a pass, a multiple of 64 */

#define STRUCTURE_TOKEN 20u  /* least bytes of a token of letters, digits, '+', '/', '_', '-' */
#define STRUCTURE_LONG  512u /* a token of so many may be longer */

/* What a number looks like from its first digit on: a first run of digits, the kind of byte behind it, a second run (it
 * may be empty), the kind of byte behind that. */
#define NUMBER_RUN     15u /* longest run told from longer ones */
#define NUMBER_LETTERS 24u /* letters a number may be glued to */
#define NUMBER_PREFIX  4u  /* letters of a short word before it: "AA 12 34 56 B", "CHE-116.281.710" */
#define NUMBER_AHEAD   16u /* bytes from its first digit on that may be read, if it is not at an edge */
#define NUMBER_BEHIND  3u  /* ... and behind each of the two runs */
#define NUMBER_KINDS   16u
#define NUMBER_ALNUM   31u                                                      /* letters and digits in a row that are counted */
enum { KIND_OTHER, KIND_DIGIT, KIND_LETTER, KIND_HIGH, KIND_BLANK, KIND_DASH }; /* the first of them */
extern const uint8_t number_kind[256];
static inline unsigned number_key(unsigned run1, unsigned kind1, unsigned run2, unsigned kind2)
{
    return run1 << 12 | kind1 << 8 | run2 << 4 | kind2;
}

enum {
    NUMBER_EDGE = 1,  /* too near to an end of the text for the rest to be true */
    NUMBER_GLUED = 2, /* behind the letters a token begins with; else no letter or digit is before it */
    NUMBER_SIGNED = 4 /* behind '+' or '(' */
};

/* Offsets into the text, ascending. */
struct structure {
    struct structure_number {
        uint32_t at; /* the first digit */
        uint16_t key;
        uint8_t run;     /* digits of the first run */
        uint8_t how;     /* NUMBER_ bits */
        uint8_t before;  /* the kind of the byte before it */
        uint8_t letters; /* it is glued to, or of a short word before a blank or dash; 0: none, or more */
        uint8_t alnum;   /* letters and digits from the first digit on; NUMBER_ALNUM: so many, and more */
    } number[STRUCTURE_BLOCK];
    uint32_t at[STRUCTURE_BLOCK];
    uint32_t colon[STRUCTURE_BLOCK]; /* a colon or dash that may join hex groups */
    struct structure_token {
        uint32_t start, len;
    } token[STRUCTURE_BLOCK / STRUCTURE_TOKEN + 8]; /* of STRUCTURE_TOKEN and more bytes, that end in the block */
    size_t numbers, ats, colons, tokens;
};

enum { STRUCTURE_NUMBERS = 1, STRUCTURE_AT = 2, STRUCTURE_COLON = 4, STRUCTURE_TOKENS = 8 };

/* Looks at text[from, to), a block of STRUCTURE_BLOCK bytes or what is left of the text, and before `from` for what goes on
 * there. */
void structure_find(struct slice text, size_t from, size_t to, unsigned want, struct structure *out);

/* Whether a token changes between small letters, capitals, digits and the rest often enough to be no word, path or
 * number. */
bool structure_rare(struct slice token);
/* What bytes are in a token: VALUE_ bits of validators.h; and which of four: bit k for extras[k]. */
struct structure_bytes {
    unsigned kinds, extras;
};
struct structure_bytes structure_bytes(struct slice token, const char extras[4]);

/* The vectors in use here and for numbers; for tests: the best of those this processor has that may be used from now on.
 * All find the same. */
enum vectors { VECTORS_SSE2, VECTORS_AVX2, VECTORS_AVX512 };
enum vectors structure_vectors(void);
enum vectors structure_limit(enum vectors best);

#endif
