/* The digits of base64 and hex, and whether a text may begin with some of them: what lets almost every identifier, path and
 * hash go by before anybody decodes it. */
#ifndef PRIVET_TEXT_ALPHABET_H
#define PRIVET_TEXT_ALPHABET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

extern uint8_t alphabet_base64[256]; /* of both alphabets; 255: none */
extern int8_t alphabet_hex[256];     /* -1: none */
extern uint8_t alphabet_base32[256]; /* of both cases; 255: none */

#define ALPHABET_BASE64 16u /* digits that alphabet_begins_base64 looks at */
#define ALPHABET_HEX    16u
#define ALPHABET_BASE32 16u

/* False if so many digits are sure to begin no text of one byte or two a character: the bytes they stand for are control
 * characters, or no whole characters of UTF-8. */
extern bool (*alphabet_begins_base64)(const char *p);
extern bool (*alphabet_begins_hex)(const char *p);
bool alphabet_begins_base32(const char *p); /* digits or not */

/* The same of many places: bit i of word k is of text + 64k + i, and stays if the digits there may begin text. Returns whether
 * any does. */
extern bool (*alphabet_keep_base64)(const char *text, uint64_t *place, size_t words);
extern bool (*alphabet_keep_hex)(const char *text, uint64_t *place, size_t words);
bool alphabet_keep_base32(const char *text, uint64_t *place, size_t words);

/* For tests: all ways this processor knows. False if there is no such way. */
bool alphabet_way(unsigned way);

#endif
