/* Words compared with places of a text: the last step of every search for words, whatever found the places and told which
 * few of the entries can stand there. Many are compared at a time, without a branch on what the text holds: entries are
 * all over the memory, and nothing waits for one. */
#ifndef PRIVET_DETECT_ENTRIES_H
#define PRIVET_DETECT_ENTRIES_H

#include "filters/detect/lexicon.h"

#include <emmintrin.h>

#define ENTRY_HEAD   16u
#define ENTRY_BEFORE 4u  /* of them before the place */
#define ENTRY_BLANK  'Z' /* no word has a capital */
#define ENTRY_LANES  4u  /* heads compared at once */

struct entry {
    uint32_t word;
    uint16_t tag;            /* the finder's own */
    uint16_t prev, after[2]; /* in sets */
    uint8_t lead, len;       /* bytes before the place, and of the word */
};

struct entries {
    char (*head)[ENTRY_HEAD]; /* of each entry: the word's bytes round its place, ENTRY_BLANK where it has none */
    struct entry *entry;
    struct byteset *sets;
    char *texts;
    uint32_t *text; /* by word, in texts */
    size_t nested;  /* the most words at one place */
};

struct entry_ref {
    uint32_t word;
    uint16_t tag;
};

/* A word's place is its byte `lead`. Entry i is made of refs[i]. ERR_LIMIT if more than LEXICON_NESTED words can stand at
 * one place. To be freed whatever is returned. */
enum err entries_build(struct entries *e, const struct lexicon_word *words, size_t n, const struct entry_ref *refs,
                       size_t count) MUST_CHECK;
void entries_free(struct entries *e);

/* Places in a text, each with the entries to compare there: [first, end), those that have the tag. */
#define PLACES 64u
struct places {
    size_t count;
    uint32_t at[PLACES], first[PLACES], end[PLACES], tag[PLACES];
};

/* The entries that stand at their places, in the same order, into hits: their number. One hit more may be written, and is
 * none. p is used up. */
size_t entries_compare(const struct entries *l, struct slice text, struct places *p, struct lexicon_hit *hits);

/* There must be room for a place, whose bytes are asked for early. */
static inline void entries_place(const struct entries *l, struct places *p, uint32_t at, uint32_t first, uint32_t end,
                                 uint32_t tag)
{
    _mm_prefetch(l->head[first], _MM_HINT_T0);
    p->at[p->count] = at;
    p->first[p->count] = first;
    p->end[p->count] = end;
    p->tag[p->count++] = tag;
}

/* The eight bytes at a place, 0 behind the text. */
static inline uint64_t entries_bytes(struct slice text, size_t at)
{
    uint64_t v = 0;
    size_t left = text.n - at;
    if (left >= 8) memcpy(&v, text.p + at, 8);
    else memcpy(&v, text.p + at, left);
    return v;
}

/* A word from its place on. */
static inline struct slice entries_from(const struct lexicon_word *w)
{
    return slice_of(w->text.p + w->lead, w->text.n - w->lead);
}

#endif
