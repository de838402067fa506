/* What a regular expression can begin with: a small reader of PCRE2 syntax that turns an expression into an automaton
 * of bytes and answers, for every position behind an anchor, which bytes may stand there. It only ever errs towards
 * "may": what it does not understand (back references, conditions, too many states) allows every byte. The engine
 * uses it to know where to anchor and to dismiss nearly every trigger without calling PCRE2. */
#ifndef PRIVET_DETECT_SHAPE_H
#define PRIVET_DETECT_SHAPE_H

#include "proxy/base/err.h"
#include "proxy/base/mem.h"
#include "proxy/base/slice.h"

struct byteset {
    uint64_t w[4];
};
static inline bool byteset_has(const struct byteset *s, unsigned char c) { return (s->w[c >> 6] >> (c & 63)) & 1; }
static inline void byteset_add(struct byteset *s, unsigned char c) { s->w[c >> 6] |= 1ull << (c & 63); }
static inline struct byteset byteset_all(void) { return (struct byteset){{~0ull, ~0ull, ~0ull, ~0ull}}; }

#define SHAPE_FRONT 20  /* positions looked at */
#define SHAPE_AFTER 2   /* positions looked at behind a literal */
#define SHAPE_RUN   320 /* longest first run of token bytes that is told from longer ones */
#define SHAPE_REACH 96  /* furthest a keyword may stand from the start of a match */

struct shape;
/* A shape is used by one thread at a time: it holds what a simulation needs. */
#define SHAPE_LONG    300u       /* copies of a single byte's repetition that are told apart, where lengths of tokens matter */
#define SHAPE_FAR     98u        /* ... where a keyword stands far from the start of a match */
#define SHAPE_SHORT   20u        /* ... where only the first bytes matter */
#define SHAPE_BOUNDED (1u << 14) /* alone: what is repeated to a limit is read twice at most, for shape_ambiguous only */
#define SHAPE_COARSE  (1u << 15) /* added: what may be repeated several times more is read as a loop */
/* Reads a regex that PCRE2 has compiled already. *complaint is set to a message (static) if the expression repeats
 * what already repeats without bound, which can take exponential time; NULL otherwise. */
enum err shape_read(const char *regex, bool utf, unsigned copies, struct shape **out, const char **complaint) MUST_CHECK;
void shape_free(struct shape *s);

/* True if the expression must be compiled with PCRE2_UTF: it names characters beyond ASCII where bytes will not do. */
bool shape_needs_utf(const char *regex);

/* Where the literal (any ASCII case) can stand: its distance from the start of a match, in bytes. *lo == *hi is exact;
 * *hi == SHAPE_REACH means so far or further. False if the expression does not spell it out. */
bool shape_find(struct shape *s, struct slice literal, unsigned *lo, unsigned *hi);
/* Which bytes may follow the literal found by shape_find, by position behind it; and of its letters (the first 64 bytes),
 * bit by bit, which may be small and which capitals. */
struct shape_literal {
    struct byteset after[SHAPE_AFTER];
    uint64_t lower, upper;
    unsigned lo, hi;     /* as shape_find's */
    struct byteset prev; /* what may stand before the match, where the literal begins it (lo 0) */
    int tail;            /* the states behind it, by number (many literals of a rule share them); -1: not kept */
};
#define SHAPE_TAILS 40u
size_t shape_tails(const struct shape *s);
/* The states of a tail; valid as long as the shape. */
const uint16_t *shape_tail(const struct shape *s, unsigned tail, size_t *n);
bool shape_literal(struct shape *s, struct slice literal, struct shape_literal *out);
/* Which bytes may stand before a match. The beginning of the text always may. */
struct byteset shape_prev(struct shape *s);
/* Which bytes may stand at each position from the start of a match. */
void shape_front(struct shape *s, struct byteset out[SHAPE_FRONT]);
/* Of a match that begins with digits: which bytes may stand behind its first run of them, and behind that; behind its
 * second run (which may be empty) and the byte that ends it; by the first digit, which may be the second (bit 10: there
 * may be but one). */
void shape_number(struct shape *s, struct byteset after[3], struct byteset beyond[3], uint16_t pair[10]);
/* The states a match begins in; valid until the shape is asked something else. */
const uint16_t *shape_begin(struct shape *s, size_t *n);
/* How many bytes of `token` a match may begin with before another byte, or the end of the text, must come: bit n for n
 * bytes, bit SHAPE_RUN for that many and more. */
struct shape_runs {
    uint64_t w[SHAPE_RUN / 64 + 1];
};
void shape_runs(struct shape *s, const struct byteset *token, struct shape_runs *out);
/* Whether a match's first run of `token` may be made of `only`, a part of it, alone. */
bool shape_run_of(struct shape *s, const struct byteset *token, const struct byteset *only);
/* Whether a match is of `token` alone, but for what must follow it. */
bool shape_only(struct shape *s, const struct byteset *token);
/* The states a match is in behind its first byte `c`; none if there may be no such byte. Valid until the shape is asked
 * something else. */
const uint16_t *shape_behind(struct shape *s, unsigned char c, size_t *n);
/* What may stand in it, or behind the match if that ends in a run of `token`. */
struct byteset shape_run_bytes(struct shape *s, const struct byteset *token);
/* The first place from..to-1 of every match that reaches it where only a few bytes may stand. */
bool shape_narrow(struct shape *s, unsigned from, unsigned to, unsigned *at, struct byteset *set);
static inline bool shape_runs_has(const struct shape_runs *r, size_t n)
{
    if (n > SHAPE_RUN) n = SHAPE_RUN;
    return (r->w[n / 64] >> (n % 64)) & 1;
}

/* The automaton itself, for numbers.c and tail.c. State 0..shape_states-1; what q leads to without a byte is followed inside. */
/* SHAPE_LOOK: the byte before must be of the set; SHAPE_ANY: from here on anything may be. */
enum shape_kind { SHAPE_EMPTY, SHAPE_SPLIT, SHAPE_LOOK, SHAPE_SET, SHAPE_ANY };
struct shape_state {
    uint8_t kind;
    uint16_t out, alt;
    struct byteset set;
    uint16_t size; /* of set, once the shape is read */
};
size_t shape_states(const struct shape *s);
const struct shape_state *shape_state(const struct shape *s, size_t q);
uint16_t shape_start(const struct shape *s);

#endif
