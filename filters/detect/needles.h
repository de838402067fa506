/* Words that may stand anywhere in a text, inside of other words too. A vector pass looks at four bytes of each word,
 * where it is the least like ordinary text: it tells the few places where one of them can be. */
#ifndef PRIVET_DETECT_NEEDLES_H
#define PRIVET_DETECT_NEEDLES_H

#include "filters/detect/lexicon.h"

struct needles;

/* As a lexicon's words (of 2 to 255 bytes), but `lead` is not asked for. NULL *out for no words; ERR_LIMIT as there. */
enum err needles_build(const struct lexicon_word *words, size_t n, struct needles **out) MUST_CHECK;
void needles_free(struct needles *l);

/* Words in text[from, to) into hits: their number. A word belongs to where its four bytes are: searched piece by piece, a
 * text gives each word once. Nearly in the order of the text. *next as with lexicon_find. */
size_t needles_find(const struct needles *l, struct slice text, size_t from, size_t to, struct lexicon_hit hits[LEXICON_ROOM],
                    size_t *next);

#endif
