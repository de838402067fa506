/* Numbers: which rules may match at a digit, or at the sign or letters before it. A number is described by a few small
 * facts (the lengths of its first two groups, what stands before, between and behind them); for each there is a set of
 * rules it leaves possible, and nearly every number of a text is dismissed by the sets having no rule in common. */
#ifndef PRIVET_DETECT_NUMBERS_H
#define PRIVET_DETECT_NUMBERS_H

#include "filters/detect/shape.h"
#include "filters/detect/structure.h"
#include "filters/detect/tail.h"

#define TABLE_RULES 512u
#define TABLE_WORDS (TABLE_RULES / 64u)
/* A set of a table's rules: one vector, or some. */
struct bits {
    uint64_t w[TABLE_WORDS];
};

static inline void bits_set(struct bits *b, size_t i) { b->w[i >> 6] |= 1ull << (i & 63); }

#define NUMBER_SIGNS 3u  /* '+' and '(' before a number that may belong to it */
#define NUMBER_FRONT 12u /* bytes of a match told by where they stand */
#define NUMBER_START 8u  /* a rule for the beginning of a text begins within so many bytes of it */

/* Where a match may begin. */
enum number_way {
    WAY_PLAIN,    /* at the digit */
    WAY_LETTERED, /* at the letters it is glued to: "GB82", "x12" */
    WAY_PREFIXED, /* at a short word before it that a blank or dash sets apart */
    WAY_SIGNED,   /* at '+' or '(' before it */
    NUMBER_WAYS
};

enum { BEGINS_LETTERED = KIND_DIGIT, BEGINS_ALONE = 16, BEGINS_LONG = 32 }; /* no digit is ever before a number */

struct numbers {
    struct bits prev[2][256];                   /* by the byte before the match; the second with a digit before that */
    struct bits pair[10][11];                   /* by the first two digits; 10: there is but one */
    struct bits after[NUMBER_BEHIND][256];      /* by the bytes behind the first group */
    struct bits beyond[NUMBER_BEHIND][256];     /* by those behind the second and the byte that ends it */
    struct bits letters[2][NUMBER_LETTERS + 1]; /* by how many letters the match begins with; the second: a short word */
    struct bits digits[32];                     /* by number of digits; 31: that many and more */
    struct bits runs[NUMBER_ALNUM + 1];         /* by how many letters and digits the match begins with */
    struct bits all, later, alone; /* every rule; all but those for the beginning of a text; that need no word near by */
    struct bits *front;            /* [NUMBER_FRONT][classes]: by the bytes from the match's beginning on */
    struct bits *set;
    uint16_t look[NUMBER_WAYS][1u << 16]; /* by number_key: a set's number */
    uint64_t begins[1u << 16];            /* by number_key: bit k: some rule may begin at such a number behind a byte of kind k;
                                * BEGINS_LETTERED: at letters before it; BEGINS_ALONE bits up: of rules in `alone`;
                                * BEGINS_LONG bits up: if NUMBER_ALNUM letters and digits follow one another */
    uint8_t cls[256];                     /* byte -> class of bytes no rule tells apart */
    size_t classes;
    uint16_t rule[TABLE_RULES];
    size_t count;                   /* places in use: of rules that stand alone first, then of rules that need a word near by */
    size_t near_word;               /* w[near_word] on are the latter's */
    struct tail *tail[TABLE_RULES]; /* the whole beginning of a match; or NULL */
    void *memory[3];
};

struct number_rule { /* what is asked of a rule */
    uint16_t rule;
    bool near, start; /* needs a word near by; only at the beginning of a text */
    unsigned digits_min, digits_max;
    struct shape *shape;
    struct byteset prev, prev_digit;
};
/* ERR_LIMIT: too many rules. */
enum err numbers_build(const struct number_rule *v, size_t n, struct numbers **out) MUST_CHECK;
void numbers_free(struct numbers *t);

/* What may begin at some numbers, each list ascending and ended by NUMBER_NONE. */
#define NUMBER_BATCH 64u
#define NUMBER_NONE  UINT32_MAX
struct number_batch {
    size_t next;              /* the first number not asked about */
    size_t plains, lettereds; /* looked at */
    struct number_found {
        struct bits set;
        uint32_t number;                                   /* its place among all */
    } plain[NUMBER_BATCH + 1], lettered[NUMBER_BATCH + 1]; /* at the digit; at letters before it, glued or set apart */
    uint32_t odd[NUMBER_BATCH + 1]; /* to be looked at closely: NUMBER_EDGE, or NUMBER_SIGNED and some rule has a sign */
};
struct number_asked {
    const struct structure_number *v;
    size_t n, limit; /* of v; an offset in the text */
    const struct bits *only;
    const struct bits *near; /* by place in the text: near[at / 64 & near_mask] */
    size_t near_mask;
    uint32_t bare; /* bit at / 64 & near_mask: no rule there but those in `alone` */
};
/* Of numbers from v[i] on and before the limit: where some rule both of `only` and of `near` may begin. */
void numbers_look(const struct numbers *t, struct slice text, const struct number_asked *q, size_t i, struct number_batch *out);
/* The rules of `only` that may begin at text[anchor], however near to an end of the text. False if none. */
bool numbers_at(const struct numbers *t, struct slice text, size_t anchor, const struct bits *only, struct bits *out);

#endif
