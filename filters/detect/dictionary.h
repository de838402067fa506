/* Dictionaries: the operator's own words, names and numbers. A term is a sequence of tokens; case, and what separates
 * tokens, do not matter: "Acme-42 GmbH" is found as "ACME 42 gmbh", "4111 1111" as "41111111". Tokens are words of
 * letters and digits; in scripts written without spaces each character is one.
 *
 * A dictionary may be plain, or hold keyed fingerprints only. The file `privet dictionary hash` writes is, all numbers
 * decimal, a head of lines and two binary tables:
 *
 *   privet-dictionary 1\n
 *   salt <32 hex digits>\n             random, for this file
 *   check <16 hex digits>\n            of the key: HMAC-SHA256(key, salt || "check"), cut
 *   tokens <most tokens of a term>\n
 *   terms <fingerprints>\n
 *   filter <64-bit words>\n
 *   \n
 *   filter words, little-endian: a blocked Bloom filter of SipHash-1-3 values of terms and of their beginnings
 *   fingerprints, 16 bytes each, ascending: HMAC-SHA256(key, salt || "term" || normalised term), cut
 *
 * SipHash's key is HMAC-SHA256(key, salt || "filter"), cut. Without the key neither table says what is in it. */
#ifndef PRIVET_DETECT_DICTIONARY_H
#define PRIVET_DETECT_DICTIONARY_H

#include "proxy/base/buf.h"

#define DICTIONARY_KEY_MIN    16u  /* bytes of a key */
#define DICTIONARY_TERM_MAX   200u /* bytes of a normalised term */
#define DICTIONARY_TOKENS_MAX 24u  /* tokens of a term */

struct dictionary_hashed {
    size_t terms;   /* fingerprints written */
    size_t skipped; /* lines that are no term: too long, or without two letters or digits */
};

/* The first line of a list that is no UTF-8, from 1; 0 if all are. Its terms would never be found. */
size_t dictionary_bad_line(struct slice list);
/* Appends the file for a list of terms, one a line (UTF-8). ERR_SHAPE: the key is too short. */
enum err dictionary_hash(struct slice list, struct slice key, struct buf *out, struct dictionary_hashed *counts) MUST_CHECK;

/* The normal form of a term in out[DICTIONARY_TERM_MAX]: its length, 0 if it is none; *tokens is their number. */
size_t dictionary_normal(struct slice term, char *out, unsigned *tokens);

#endif
