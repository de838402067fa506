/* FF1: format-preserving encryption of digit strings (NIST SP 800-38G, algorithm 7) on AES. */
#ifndef PRIVET_MASK_FF1_H
#define PRIVET_MASK_FF1_H

#include "proxy/base/err.h"
#include "proxy/base/mem.h"
#include "proxy/base/slice.h"

#define FF1_RADIX_MAX 62u
#define FF1_TWEAK_MAX 64u

/* The most digits of a radix that one call takes: each half stays below 2^120. At least 40. */
size_t ff1_max(unsigned radix);

/* Encrypts n digits (each below radix; 2 <= n <= ff1_max) in place. A permutation of all strings of n digits for each
 * key and tweak. key: 16, 24 or 32 bytes. The standard asks for at least radix^n = 100. */
enum err ff1_encrypt(struct slice key, struct slice tweak, unsigned radix, uint8_t *digits, size_t n) MUST_CHECK;

#endif
