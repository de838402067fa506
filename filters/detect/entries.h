/* Words compared with a place of a text: the last step of every search for words, whatever found the place and told
 * which few of the entries can stand there. */
#ifndef PRIVET_DETECT_ENTRIES_H
#define PRIVET_DETECT_ENTRIES_H

#include "filters/detect/lexicon.h"

struct entry {
    uint64_t head, care; /* the word's eight bytes at its place; all bits of those it has */
    uint32_t at;         /* in texts, of the byte at its place */
    uint32_t word;
    uint16_t prev, after[2]; /* in sets */
    uint8_t lead, len;       /* bytes before the place, and from it on */
};

struct entries {
    struct entry *entry;
    struct byteset *sets;
    char *texts;
    size_t nested; /* the most words at one place */
};

/* A word's place is its byte `lead`. Entry i is of word which[i]. ERR_LIMIT if more than LEXICON_NESTED words begin with
 * one another, each at its place. To be freed whatever is returned. */
enum err entries_build(struct entries *e, const struct lexicon_word *words, size_t n, const uint32_t *which,
                       size_t count) MUST_CHECK;
void entries_free(struct entries *e);

/* The eight bytes at a place, 0 behind the text. */
static inline uint64_t entries_bytes(struct slice text, size_t at)
{
    uint64_t v = 0;
    size_t left = text.n - at;
    if (left >= 8) memcpy(&v, text.p + at, 8);
    else memcpy(&v, text.p + at, left);
    return v;
}

/* Small letters for the capitals of ASCII. */
static inline uint64_t entries_small(uint64_t v)
{
    uint64_t seven = v & 0x7f7f7f7f7f7f7f7fu;
    uint64_t from_a = seven + 0x3f3f3f3f3f3f3f3fu, behind_z = seven + 0x2525252525252525u;
    return v | ((from_a & ~behind_z & ~v & 0x8080808080808080u) >> 2);
}

/* True if the entry stands at `at`, where its head is. */
bool entries_stands(const struct entries *l, const struct entry *e, struct slice text, size_t at);

/* Of the entries [first, end) those that stand at `at`, into hits: their number. */
static inline size_t entries_compare(const struct entries *l, size_t first, size_t end, struct slice text, uint32_t at,
                                     struct lexicon_hit *hits)
{
    uint64_t v = entries_small(entries_bytes(text, at));
    size_t n = 0;
    for (const struct entry *e = l->entry + first; e < l->entry + end; e++)
        if (!((v ^ e->head) & e->care) && entries_stands(l, e, text, at)) hits[n++] = (struct lexicon_hit){at - e->lead, e->word};
    return n;
}

/* A word from its place on. */
static inline struct slice entries_from(const struct lexicon_word *w)
{
    return slice_of(w->text.p + w->lead, w->text.n - w->lead);
}

#endif
