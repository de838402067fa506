/* Where the strings of a JSON text lie: one pass over its bytes that finds quotes, escapes and mistakes in strings, so that
 * no string is ever read for its end. */
#ifndef PRIVET_TEXT_QUOTES_H
#define PRIVET_TEXT_QUOTES_H

#include "filters/text/bits.h"
#include "proxy/base/err.h"
#include "proxy/base/mem.h"
#include "proxy/base/slice.h"

enum quotes_row {
    QUOTES_END,    /* a quote that begins or ends a string */
    QUOTES_ESCAPE, /* a backslash that begins an escape */
    QUOTES_HIGH,   /* a byte beyond ASCII, or what hides as well: DEL, the letter of \b and \f */
    QUOTES_ROWS
};

struct quotes {
    uint64_t *word; /* room words for each row, one behind the other */
    size_t room;
    size_t bad; /* the first control byte or bad escape in a string, by the quotes before it; SIZE_MAX: none */
    bool ascii; /* there is none of those */
};

/* ERR_MEMORY. */
enum err quotes_make(struct quotes *q, struct slice text) MUST_CHECK;
void quotes_free(struct quotes *q);

static inline const uint64_t *quotes_bits(const struct quotes *q, enum quotes_row row) { return q->word + (size_t)row * q->room; }

/* For tests: chooses one of the ways quotes_make can work, from 0 on. False if this processor has no such way. */
bool quotes_way(unsigned way);

#endif
