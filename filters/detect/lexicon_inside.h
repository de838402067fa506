/* A lexicon from the inside, and how a place in a text is told: what lexicon.c builds and lexicon_find.c searches.
 *
 * A place has a key, told by the byte it begins with: up to four letters of a run of them (folded; a run also ends at
 * a hump of aCamelName, if the lexicon knows humps, but not before its third letter), the first three bytes of a long
 * character, four bytes of anything else. Two bytes behind it (of a long character: those after the next byte) have a
 * class each. Bytes behind the text are 0.
 *
 * A row, found by a hash of the key, has its words in two parts. For the short ones it has a bit for each class of the first
 * byte behind the key and of the second, for the long ones a bit for each hash of their first eight bytes. Where a place passes
 * a part, more of its first bytes are looked up: as many as the shortest of the part has, eight at most. A bit map has a bit
 * for a hash of them, and where it is set a list has the entries. */
#ifndef PRIVET_DETECT_LEXICON_INSIDE_H
#define PRIVET_DETECT_LEXICON_INSIDE_H

#include "filters/detect/entries.h"

#define ROW_BITS 13u
#define ROWS     (1u << ROW_BITS)

#define KNOWN_BITS  16u /* of a hash: a bit map that fits the first cache and is nearly empty */
#define KNOWN_WORDS ((1u << KNOWN_BITS) / 64)

#define LONG_FROM 8u /* bytes */

/* A row's bits: by the class of the first byte, of the second, by hash. */
#define ROW_SECOND 16u
#define ROW_LONG   32u

struct lexicon {
    uint64_t row[ROWS];
    uint8_t spare[2 * ROWS]; /* of a part: bits of the first eight bytes that are not looked up */
    uint64_t known[KNOWN_WORDS];
    uint16_t before[KNOWN_WORDS]; /* how many bits are set before a word of `known`: with those in it, a list's number */
    uint32_t *first;              /* a list's entries: from the one place to the next */
    bool humps;
    struct entries entries; /* their tags: below */
};

/* A row's parts are told apart by a bit more. Words are entered under one, their entries' tag, and found at such places only. */
#define PART_LONG ROWS
_Static_assert(ROW_BITS < 16, "a tag has 16 bits");

#define FOLD4 0x20202020u
#define FOLD8 0x2020202020202020u

#define LEXICON_MIX  0x9e3779b97f4a7c15u
#define LEXICON_MIX4 0x9e3779b1u
#define LEXICON_MIX8 0x85ebca77u

/* Of a place's first eight bytes, folded: for a row. */
static inline unsigned lexicon_in_row(uint64_t v)
{
    return ((uint32_t)v * LEXICON_MIX4 + (uint32_t)(v >> 32) * LEXICON_MIX8) >> 27;
}

/* Of those of them that a part looks up: a short word has many parts. */
static inline uint32_t lexicon_hash(uint64_t v, unsigned spare, uint32_t part)
{
    return (uint32_t)(((v << spare) ^ part) * LEXICON_MIX >> (64 - KNOWN_BITS));
}

static inline uint32_t lexicon_row(uint32_t key) { return (key * LEXICON_MIX4) >> (32 - ROW_BITS); }

/* Classes of bytes behind a key; only seven bits of a byte count. 0 is of the end of the text. */
extern const uint8_t lexicon_class[128];

static inline bool lexicon_letter(unsigned char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

/* A search: places that may have a word. */
#define LEXICON_BATCH 32u /* words of 64 bytes looked through before what is left is looked up */

struct lexicon_search {
    const struct lexicon *l;
    struct slice text;
    bool letter, lower; /* the byte before is one */
    size_t count;       /* some more are written and not counted */
    uint32_t at[2 * LEXICON_BATCH * 64 + 16];
    uint32_t as[2 * LEXICON_BATCH * 64 + 16]; /* the part of a row; once looked up with the hash before it */
};

/* lexicon_wide.c: one batch of text[from, to), with AVX-512: where it ends. */
size_t lexicon_batch_wide(struct lexicon_search *s, size_t from, size_t to);

#endif
