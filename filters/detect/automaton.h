/* Which of many rules may match at a place: one deterministic automaton over the first bytes of all of them. Bytes are
 * told apart by kind only (digit, letter, each separator), so that it stays small; rules are bits. */
#ifndef PRIVET_DETECT_AUTOMATON_H
#define PRIVET_DETECT_AUTOMATON_H

#include "filters/detect/shape.h"

#define TABLE_RULES 384u
#define TABLE_WORDS (TABLE_RULES / 64u)
struct bits {
    uint64_t w[TABLE_WORDS];
};

struct automaton {
    uint8_t symbol[256];
    uint16_t *next;  /* [state][symbol]: a state, 0 for "none can match", or AUTOMATON_STOP | a mask */
    uint16_t *alive; /* [state]: the mask of the rules that may still match */
    struct bits *masks;
    size_t states, mask_count;
};
#define AUTOMATON_SYMBOLS 16u
#define AUTOMATON_STOP    0x8000u
#define AUTOMATON_START   1u

/* The kind of a byte. */
uint8_t automaton_symbol(unsigned char c);
/* Of shapes[0..n), n <= TABLE_RULES. Where it would grow too large it stops early and lets more rules through. */
enum err automaton_build(struct automaton *a, struct shape *const *shapes, size_t n) MUST_CHECK;
void automaton_free(struct automaton *a);

#define AUTOMATON_LOOK 40u
/* The rules that may match at p[0..n): NULL if none. */
static inline const struct bits *automaton_run(const struct automaton *a, const unsigned char *p, size_t n)
{
    unsigned state = AUTOMATON_START;
    if (n > AUTOMATON_LOOK) n = AUTOMATON_LOOK;
    for (size_t i = 0; i < n; i++) {
        state = a->next[state * AUTOMATON_SYMBOLS + a->symbol[p[i]]];
        if (!state) return NULL;
        if (state & AUTOMATON_STOP) return &a->masks[state & ~AUTOMATON_STOP];
    }
    return &a->masks[a->alive[state]];
}

#endif
