/* Where folding could care: most of a text in any language is passed by in vectors. For fold.c. */
#ifndef PRIVET_TEXT_ODD_H
#define PRIVET_TEXT_ODD_H

#include "proxy/base/slice.h"

#include <stdint.h>

#define ODD_BLOCK 64u

struct odd {
    struct slice text;
    size_t at;     /* of the block that is known; SIZE_MAX: none */
    uint64_t bits; /* what is odd in it */
};

static inline struct odd odd_of(struct slice text) { return (struct odd){text, SIZE_MAX, 0}; }

/* The next byte at or after i that folding could care about: a control character but white space, or the first byte of a
 * character it might fold; t.n if there is none. A word of Greek, Cyrillic, Armenian or Hebrew (U+0380..U+05BF, where nothing but look-alikes is folded)
 * is passed by if ASCII that is no part of a word stands on both sides of it; if not, its first byte at or after i is
 * given. In bytes that are no UTF-8, what is malformed simply stays. */
size_t odd_next(struct odd *o, size_t i);

/* True for the first byte of a character of U+0380..U+05BF. */
static inline bool odd_foreign(unsigned char c) { return c >= 0xCE && c <= 0xD6; }
/* The end of the run of such characters at i. */
size_t odd_foreign_end(struct slice t, size_t i);

/* Before anything else: which characters below U+0800 are folded: bit k, some with the first byte 0xC0 + k. */
void odd_learn(uint32_t those);
/* For tests: chooses one of the ways to look, from 0 on. False if this processor has no such way. */
bool odd_way(unsigned way);

#endif
