/* A set of words found where a word can begin: at the first of a run of letters, at a hump of aCamelName if asked for,
 * and at every character beyond ASCII. A vector pass finds those places, two lookups dismiss nearly all of them. Faster
 * than a search for literals anywhere, by the number of places that need not be looked at. */
#ifndef PRIVET_DETECT_LEXICON_H
#define PRIVET_DETECT_LEXICON_H

#include "filters/detect/shape.h"

struct lexicon;
struct lexicon_hit {
    uint32_t start, word;
};

/* True if a word can be one of a lexicon's: it begins with a letter or beyond ASCII, and has 2 to 255 bytes. */
bool lexicon_takes(struct slice word);
/* True for a word of two or three letters that may go on with a letter: a lexicon that has one is slower. `next` as below. */
bool lexicon_loose(struct slice word, const struct byteset *next, bool humps);
/* Of words in lower case (ASCII); the word's id is its place. The texts are copied. NULL *out for no words; ERR_LIMIT if more than
 * LEXICON_NESTED words begin with one another ("tel", "telephone", ...). `next`: by word, which bytes may follow it: a hint
 * that saves looking at longer ones. `humps`: words begin and end at humps too. */
#define LEXICON_NESTED 16u
enum err lexicon_build(const struct slice *words, const struct byteset *next, size_t n, bool humps,
                       struct lexicon **out) MUST_CHECK;
void lexicon_free(struct lexicon *l);

/* Words that start in text[from, to), ASCII case ignored, into hits[0..LEXICON_ROOM), in no order: their number. *next
 * is where to go on: `to`, or before it if room might run out. A word may reach behind `to`. */
#define LEXICON_ROOM 16384u
size_t lexicon_find(const struct lexicon *l, struct slice text, size_t from, size_t to, struct lexicon_hit hits[LEXICON_ROOM],
                    size_t *next);

#endif
