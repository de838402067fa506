/* How a word that stands near a value is also written: in the keys of tables and programs, and in haste. */
#ifndef PRIVET_DETECT_SPELLINGS_H
#define PRIVET_DETECT_SPELLINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "filters/detect/compiled.h"

#define SPELLINGS 8u

/* Writes the word as it is, as_one, as-one and asone, each also without the marks over its letters ("número" as "numero"),
 * and says how many there are; 0 if the word is longer than a keyword may be. */
size_t spellings(const char *word, char out[SPELLINGS][KEYWORD_MAX + 1]);

#endif
