/* Validators: what a computer can check of a number without asking anybody. One function a row; a row carries its own
 * examples and counterexamples, which one test walks. A validator sees the value as it was found (separators and all). */
#ifndef PRIVET_DETECT_VALIDATORS_H
#define PRIVET_DETECT_VALIDATORS_H

#include "proxy/base/slice.h"

struct validator {
    const char *name;                     /* "luhn", "iban", "verhoeff" ... as rules name it */
    bool (*ok)(struct slice value);       /* total: any bytes, any length */
    const char *source;                   /* standard or publication of the algorithm */
    const char *const *good, *const *bad; /* NULL-terminated */
};

/* All rows; *n is their number. */
const struct validator *validators(size_t *n);
const struct validator *validator_find(const char *name);

/* Shannon entropy in bits a byte. */
float entropy_shannon(struct slice s);

#endif
