/* A lexicon from the inside, and how a place in a text is told: what lexicon.c builds and lexicon_find.c searches.
 *
 * A place has a key, told by the byte it begins with: up to four letters of a run of them (folded; a run also ends at
 * a hump of aCamelName, if the lexicon knows humps, but not before its third letter), the first three bytes of a long
 * character, four bytes of anything else. Two bytes behind it (of a long character: those after the next byte) have a
 * class each. A row, found by a hash of the key, has a bit for each class of the first and of the second. Where both are
 * set, the place's first bytes are looked up: a bit map has a bit for a hash of them, and where it is set a list has the
 * entries. How many bytes the row says: its words are told apart by two such numbers, so that short ones do not hide what
 * the long ones have more. Bytes behind the text are 0. */
#ifndef PRIVET_DETECT_LEXICON_INSIDE_H
#define PRIVET_DETECT_LEXICON_INSIDE_H

#include "filters/detect/entries.h"

#define ROW_BITS 13u
#define ROWS     (1u << ROW_BITS)

#define KNOWN_BITS  16u /* of a hash: a bit map that fits the first cache and is nearly empty */
#define KNOWN_WORDS ((1u << KNOWN_BITS) / 64)

struct lexicon {
    uint32_t row[ROWS];
    uint8_t looks[ROWS]; /* how many bytes of a row's words are looked up: two numbers of four bits, the second may be 0 */
    uint64_t known[KNOWN_WORDS];
    uint16_t before[KNOWN_WORDS]; /* how many bits are set before a word of `known`: with those in it, a list's number */
    uint32_t *first;              /* a list's entries: from the one place to the next */
    bool humps;
    struct entries entries; /* their tags: below */
};

/* A word is entered under a row and a number of bytes looked up, and found at such places only. */
static inline uint32_t lexicon_tag(uint32_t row, unsigned look) { return row << 3 | (look - 1); }
_Static_assert(ROW_BITS + 3 <= 16, "a tag has 16 bits");

#define FOLD4 0x20202020u
#define FOLD8 0x2020202020202020u

/* Of a place's first eight bytes, folded, of which `look` count, and of its tag: a short word has many rows. */
static inline uint32_t lexicon_hash(uint64_t v, unsigned look, uint32_t tag)
{
    return (uint32_t)(((v << 8 * (8 - look)) ^ tag) * 0x9e3779b97f4a7c15u >> (64 - KNOWN_BITS));
}

static inline uint32_t lexicon_row(uint32_t key) { return (key * 0x9e3779b1u) >> (32 - ROW_BITS); }

/* Classes of bytes behind a key; only seven bits of a byte count. 0 is of the end of the text. */
extern const uint8_t lexicon_class[128];

static inline bool lexicon_letter(unsigned char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

#endif
