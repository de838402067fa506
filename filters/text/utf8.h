/* UTF-8 (RFC 3629): exact validation, and reading one character at a time from text that is known to be valid. */
#ifndef PRIVET_TEXT_UTF8_H
#define PRIVET_TEXT_UTF8_H

#include "proxy/base/slice.h"

#define UTF8_REPLACEMENT 0xFFFDu

/* True if every byte belongs to a well-formed character: no overlong form, no surrogate, nothing above U+10FFFF.
 * *at, if not NULL, is the offset of the first byte of the first character that is not. */
bool utf8_valid(struct slice s, size_t *at);
/* For tests: all ways this processor knows, from 0 to 2. False if there is no such way. */
bool utf8_way(unsigned way);

/* The character at p (p < end): *n is its length in bytes. A byte that starts no well-formed character is returned
 * as UTF8_REPLACEMENT with *n == 1, so that any bytes can be walked. */
uint32_t utf8_next(const char *p, const char *end, size_t *n);
/* Writes c (a scalar value; others become U+FFFD) and returns the number of bytes, 1..4. */
size_t utf8_put(uint32_t c, char out[4]);

#endif
