/* Words compared with places of a text: the last step of every search for words, whatever found the places and told which
 * few of the entries can stand there. Many are compared at a time, without a branch on what the text holds: entries are
 * all over the memory, and nothing waits for one. */
#ifndef PRIVET_DETECT_ENTRIES_H
#define PRIVET_DETECT_ENTRIES_H

#include "filters/detect/lexicon.h"

#include <emmintrin.h>

#define ENTRY_HEAD  16u
#define ENTRY_BLANK 'Z' /* no word has a capital */

struct entry {
    char head[ENTRY_HEAD]; /* the word's first bytes, ENTRY_BLANK where it has none */
    uint32_t word;
    uint16_t tag;            /* the finder's own */
    uint16_t prev, after[2]; /* in sets */
    uint8_t lead, len;       /* bytes before the place, and of the word */
};

struct entries {
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

/* Entries to compare with places. */
#define PICKS 256u
struct picks {
    size_t count; /* at most PICKS: some more are written and not counted */
    uint32_t at[PICKS + 4], entry[PICKS + 4], tag[PICKS + 4];
};

/* Of those picked the ones that stand at their places and have the tag asked for, in the same order, into hits: their
 * number. One hit more may be written, and is none. Nothing is picked afterwards. */
size_t entries_compare(const struct entries *l, struct slice text, struct picks *p, struct lexicon_hit *hits);

/* Picks the entries [first, end); those picked before are compared if there is no room: the number of hits. */
static inline size_t entries_pick(const struct entries *l, struct slice text, struct picks *p, uint32_t at, uint32_t first,
                                  uint32_t end, uint32_t tag, struct lexicon_hit *hits)
{
    size_t n = 0;
    _mm_prefetch((const char *)(l->entry + first), _MM_HINT_T0);
    do {
        if (p->count + 4 > PICKS) n += entries_compare(l, text, p, hits + n);
        __m128i four = _mm_add_epi32(_mm_set1_epi32((int)first), _mm_set_epi32(3, 2, 1, 0));
        _mm_storeu_si128((__m128i *)(void *)(p->at + p->count), _mm_set1_epi32((int)at));
        _mm_storeu_si128((__m128i *)(void *)(p->entry + p->count), four);
        _mm_storeu_si128((__m128i *)(void *)(p->tag + p->count), _mm_set1_epi32((int)tag));
        p->count += end - first < 4 ? end - first : 4;
        first += 4;
    } while (first < end); /* seldom more than four */
    return n;
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
