/* Validators: what a computer can check of a number without asking anybody. One function a row; a row carries its own
 * examples and counterexamples, which one test walks. A validator sees the value as it was found (separators and all). */
#ifndef PRIVET_DETECT_VALIDATORS_H
#define PRIVET_DETECT_VALIDATORS_H

#include "proxy/base/slice.h"

/* What bytes a value has. */
enum value_kinds { VALUE_SMALL = 1, VALUE_CAPITAL = 2, VALUE_NO_HEX = 4 }; /* small letters, capitals, more than hex digits */

struct validator {
    const char *name;                     /* "luhn", "iban", "verhoeff" ... as rules name it */
    bool (*ok)(struct slice value);       /* total: any bytes, any length */
    const char *source;                   /* standard or publication of the algorithm */
    const char *const *good, *const *bad; /* NULL-terminated */
};

/* All rows; *n is their number. */
const struct validator *validators(size_t *n);
const struct validator *validator_find(const char *name);
/* VALUE_ bits of what every good value of it has. */
unsigned validator_needs(const struct validator *v);

/* Shannon entropy in bits a byte. */
float entropy_shannon(struct slice s);

#endif
