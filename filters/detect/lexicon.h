/* A set of words found where a word can begin: at the first of a run of letters, at a hump of aCamelName if asked for,
 * and at every character beyond ASCII. Vector passes find those places and dismiss nearly all of them. Faster
 * than a search for literals anywhere, by the number of places that need not be looked at. */
#ifndef PRIVET_DETECT_LEXICON_H
#define PRIVET_DETECT_LEXICON_H

#include "filters/detect/shape.h"

struct lexicon;
struct lexicon_hit {
    uint32_t start, word;
};

/* A word in lower case (ASCII), which bytes may stand before it and at the two places behind it. It is looked for where
 * its byte `lead` can begin a word: "x-api-key" at its "api". */
struct lexicon_word {
    struct slice text;
    struct byteset prev, after[2];
    size_t lead;
};

/* True if a word can be one of a lexicon's: from its place on it begins with a letter or beyond ASCII, has 2 to 255 bytes
 * and looks in not too many ways. A word of two or three letters that may go on with any has many: each makes a lexicon
 * slower. */
#define LEXICON_LOOKS      60u
#define LEXICON_LOOKS_LEAD 4u /* with a lead: it may as well be looked for elsewhere */
bool lexicon_takes(const struct lexicon_word *w, bool humps);
/* A word's id is its index. The texts are copied. NULL *out for no words; ERR_LIMIT if more than LEXICON_NESTED words
 * can stand at one place ("tel", "telephone", ...). `humps`: words begin and end at humps too. */
#define LEXICON_NESTED 32u
enum err lexicon_build(const struct lexicon_word *words, size_t n, bool humps, struct lexicon **out) MUST_CHECK;
void lexicon_free(struct lexicon *l);

/* Words whose place is in text[from, to), ASCII case ignored, into hits[0..LEXICON_ROOM), in order of their places: their number. *next
 * is where to go on: `to`, or before it if room might run out. A word may reach behind `to`; what is before and behind it
 * in the text is as its sets say. In a lexicon of humps a word of two or three letters may be left out where a letter
 * follows that is no hump. */
#define LEXICON_ROOM 32768u
size_t lexicon_find(const struct lexicon *l, struct slice text, size_t from, size_t to, struct lexicon_hit hits[LEXICON_ROOM],
                    size_t *next);

/* How lexicons and needles are searched. For tests: the best way that may be used from now on, of those this processor
 * has. All find the same. */
enum lexicon_way { LEXICON_SSE2, LEXICON_AVX2, LEXICON_AVX512 };
enum lexicon_way lexicon_way(void);
enum lexicon_way lexicon_limit(enum lexicon_way best);

#endif
