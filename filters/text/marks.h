/* Marks: one pass over a text that says, bit by bit, where it is worth a second look. Everything that reads a text again
 * (unescaping once more, decoding, joining what is broken) goes from mark to mark; what has none is never read again. */
#ifndef PRIVET_TEXT_MARKS_H
#define PRIVET_TEXT_MARKS_H

#include "filters/text/bits.h"
#include "proxy/base/err.h"
#include "proxy/base/mem.h"
#include "proxy/base/slice.h"

enum mark {
    MARK_ANY,     /* one of the others */
    MARK_ESCAPE,  /* a backslash */
    MARK_PERCENT, /* a percent sign with two hex digits, or a 'u', behind it */
    MARK_ENTITY,  /* an ampersand with the first two bytes of a character reference behind it */
    MARK_QUOTED,  /* "=" with two hex digits behind it, and another such before it or behind it */
    MARK_PAIRS,   /* two hex digits, or four characters, of several such apart by a sign or two */
    MARK_BASE64,  /* MARK_RUN_LEAST bytes of base64 that may stand for text: a run begins, or a part of one behind "/+-_" */
    MARK_HEX,     /* MARK_HEX_LEAST hex digits, and none before them, that may stand for text */
    MARK_BASE32,  /* MARK_RUN_LEAST digits of base32, of one case, that may stand for text: a run begins */
    MARK_CODES,   /* decimal numbers of two digits or three, several with a comma or white space between */
    MARK_BREAK,   /* a break in a token that may hold a value: line end, emphasis, quote (gather_join.c) */
    MARK_KINDS,
    /* classes of bytes, for whoever looks at a place */
    MARK_TOKEN = MARK_KINDS, /* letters, digits, "+/-_=.@:!#$%&" */
    MARK_DIGIT,              /* digits and '@', and where a token's parts may lie far apart: tags, literals */
    MARK_CHANGE,             /* a small letter behind a capital, or a capital behind a small one */
    MARK_WHITE,              /* what a line may begin with: blanks and '>' */
    MARK_GAP,                /* no token goes on behind it, broken or not */
    MARK_ROWS
};
#define MARK_RUN_LEAST 16u
#define MARK_HEX_LEAST 18u

struct marks {
    uint64_t *word; /* room words for each row, one behind the other */
    size_t room;
    unsigned kinds; /* bit k: there is a mark of kind k */
};

static inline bool marks_has(const struct marks *m, enum mark kind) { return m->kinds >> kind & 1; }

/* Marks all of text. A mark may be where nothing is; where something is there always is one. ERR_MEMORY. */
enum err marks_make(struct marks *m, struct slice text) MUST_CHECK;
void marks_free(struct marks *m);

static inline const uint64_t *marks_row(const struct marks *m, enum mark row) { return m->word + (size_t)row * m->room; }

/* The first mark of a kind in [from, to), or `to`. */
static inline size_t marks_next(const struct marks *m, enum mark kind, size_t from, size_t to)
{
    return bits_next(marks_row(m, kind), from, to);
}
/* The first byte at or after `from` without a mark of the kind, or `to`. */
static inline size_t marks_end(const struct marks *m, enum mark kind, size_t from, size_t to)
{
    return bits_end(marks_row(m, kind), from, to);
}

/* For tests: all ways this processor knows of sorting bytes, each as marks_make would use it. False if there is no
 * such way. */
bool marks_way(unsigned way);

#endif
