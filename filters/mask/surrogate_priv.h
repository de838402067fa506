/* Shared by surrogate.c (keys, uniqueness) and surrogate_kinds.c (one maker a kind). Nobody else includes this. */
#ifndef PRIVET_MASK_SURROGATE_PRIV_H
#define PRIVET_MASK_SURROGATE_PRIV_H

#include "filters/mask/surrogate.h"

#define SURROGATE_VALUE_MAX 256u /* longer values, and those with line breaks, are tokenized */
#define SURROGATE_MAX       512u

/* What a maker has: the value, its key, and numbers that depend on key, value and attempt alone. */
struct maker {
    struct slice value;
    const struct rule *rule;
    unsigned char key[32]; /* for FF1 */
    unsigned char draw_key[32];
    unsigned attempt; /* 0, 1, ...: until the surrogate is free */
    unsigned char drawn[32];
    size_t draws, left;
    char out[SURROGATE_MAX];
    size_t n;
    bool failed;
};

/* Appends; marks failure when there is no room. */
void maker_add(struct maker *m, struct slice s);
/* A number below n (n <= 2^24), from the keyed stream. */
unsigned maker_draw(struct maker *m, unsigned n);
/* FF1 over the ASCII letters and digits of s, each class by itself, in place: digits to digits, letters to letters of
 * the same case. `hex`: where they are all hex digits, to hex digits. */
void maker_scramble(struct maker *m, char *s, size_t n, bool hex);

/* Makes m->out; false if this kind cannot be made of this value. */
bool surrogate_make(struct maker *m);

#endif
