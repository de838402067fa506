/* What may follow a keyword, told exactly for its first bytes: a small deterministic automaton of one rule behind one of
 * its keywords. It answers in a few steps what PCRE2 would need a call for: nearly every "key", "name" or "note" in a text
 * is followed by something that no rule wants. */
#ifndef PRIVET_DETECT_TAIL_H
#define PRIVET_DETECT_TAIL_H

#include "filters/detect/shape.h"

#define TAIL_ROOM 12288u /* entries of the table */
#define TAIL_LOOK 96u    /* bytes followed in a text */

struct tail {
    uint8_t cls[256];
    uint32_t classes;
    uint16_t next[]; /* where a state's row is, plus the class: where the next one's row is, TAIL_NONE for "cannot match",
                      * TAIL_MAY for "may, as far as this goes" */
};
enum { TAIL_NONE, TAIL_MAY };

/* From the states a shape is in behind a literal. NULL *out if a table would tell nothing. */
enum err tail_build(const struct shape *s, const uint16_t *states, size_t n, struct tail **out) MUST_CHECK;

static inline bool tail_may(const struct tail *t, const char *text, size_t n)
{
    const unsigned char *p = (const unsigned char *)text;
    uint32_t row = t->classes;
    if (n > TAIL_LOOK) n = TAIL_LOOK;
    for (size_t i = 0; i < n; i++) {
        row = t->next[row + t->cls[p[i]]];
        if (row <= TAIL_MAY) return row;
    }
    return true;
}

#endif
