/* Names of persons: two words with capitals, a blank between them, of which a list knows one, or the second ends as only
 * family names do. Finds where such a name begins; what belongs to it is the rule's matter (trigger: names). */
#ifndef PRIVET_DETECT_NAMES_H
#define PRIVET_DETECT_NAMES_H

#include "proxy/base/buf.h"

/* What a word can be. A given name that is a word too, or a family name, needs a family name behind it. */
enum { NAME_GIVEN = 1, NAME_GIVEN_WORD = 2, NAME_FAMILY = 4, NAME_NEVER = 8 };
#define NAME_BYTES 48u /* of the longest word looked up */

struct names;
enum err names_new(struct names **out) MUST_CHECK;
void names_free(struct names *n);
/* Enters words (UTF-8, between blanks or line ends; ASCII and European letters of any case) as `kind`. ERR_LIMIT: there
 * are too many. */
enum err names_add(struct names *n, struct slice words, unsigned kind) MUST_CHECK;
/* What a word is: NAME_ bits. */
unsigned names_word(const struct names *n, struct slice word);

/* Beginnings of names whose first blank is in text[from - 1, to), at most NAMES_BLOCK bytes, ascending: their number. The
 * next block begins at `to`. */
#define NAMES_BLOCK 16384u
#define NAMES_ROOM  (NAMES_BLOCK / 2 + 8)
size_t names_find(const struct names *n, struct slice text, size_t from, size_t to, uint32_t found[NAMES_ROOM]);

#endif
