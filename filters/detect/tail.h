/* What may follow a keyword, told exactly for its first bytes: a small deterministic automaton of one rule behind one of
 * its keywords. It answers in a few steps what PCRE2 would need a call for: nearly every "key", "name" or "note" in a text
 * is followed by something that no rule wants. */
#ifndef PRIVET_DETECT_TAIL_H
#define PRIVET_DETECT_TAIL_H

#include "filters/detect/shape.h"

#define TAIL_ROOM   60000u /* entries of the table */
#define TAIL_STATES 6000u  /* while it is made */
#define TAIL_RAW    (1u << 18)
#define TAIL_LOOK   256u /* bytes followed in a text */
#define TAIL_STEPS  8u   /* of them at once */
#define TAIL_FIRST  4u   /* nearly half of all walks end here */

struct tail {
    uint8_t cls[256];
    uint32_t classes;
    uint16_t next[]; /* where a state's row is, plus the class: where the next one's row is */
};
/* States by number: a state's row is at its number times `classes`. The first two lead nowhere else. */
enum {
    TAIL_NONE, /* cannot match */
    TAIL_MAY,  /* may, as far as this goes */
    TAIL_START,
};

/* What makes them holds memory that is used again. */
struct tail_maker;
struct tail_maker *tail_maker_new(void) MUST_CHECK;
void tail_maker_free(struct tail_maker *m);
/* From the states a shape is in behind literals: one automaton for all, and where in it each of them starts (0: nothing is
 * known there). NULL *out if it would tell nothing at all. */
struct tail_start {
    const uint16_t *states;
    size_t n;
    uint16_t row;
};
enum err tail_build(struct tail_maker *m, const struct shape *s, struct tail_start *v, size_t n, struct tail **out) MUST_CHECK;

/* Makes an automaton least: of `to`, a row of t->classes next states for each state. Writes t->next, and returns its states;
 * those there is no room for become TAIL_MAY. */
struct tail_shrinker;
struct tail_shrinker *tail_shrinker_new(void) MUST_CHECK;
size_t tail_shrink(struct tail_shrinker *s, const uint16_t *to, size_t states, struct tail *t);
/* What a state has become. */
size_t tail_shrunk(const struct tail_shrinker *s, size_t state);

/* Whether a match may go on with text[0..n), of an automaton with one start. */
static inline bool tail_may(const struct tail *t, const char *text, size_t n)
{
    const unsigned char *p = (const unsigned char *)text;
    uint32_t row = TAIL_START * t->classes;
    if (n > TAIL_LOOK) n = TAIL_LOOK;
    for (size_t i = 0; i < n && row > t->classes; i++) row = t->next[row + t->cls[p[i]]];
    return row != TAIL_NONE;
}

/* Where TAIL_FIRST bytes lead to from a row. */
static inline uint32_t tail_first(const struct tail *t, uint32_t row, const unsigned char p[TAIL_FIRST])
{
    const uint16_t *column[TAIL_FIRST];
    for (unsigned k = 0; k < TAIL_FIRST; k++) column[k] = t->next + t->cls[p[k]];
    for (unsigned k = 0; k < TAIL_FIRST; k++) row = column[k][row];
    return row;
}

/* The same for many at once: a walk from a place in a text on. */
struct tail_walk {
    const struct tail *t;
    const unsigned char *p; /* the next byte */
    uint32_t row, id;       /* id: the caller's, below TAIL_WALKS */
};
#define TAIL_WALKS 256u
/* Walks all of v[0..n), to `end` or TAIL_LOOK bytes far, and sets may[id] of each: whether it may match. v is used up. */
void tail_follow(struct tail_walk *v, size_t n, const char *end, bool *may);

#endif
