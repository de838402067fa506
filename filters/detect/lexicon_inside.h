/* A lexicon from the inside, and how a place in a text is told: what lexicon.c builds and lexicon_find.c searches.
 *
 * A place has a key, told by the byte it begins with: up to four letters of a run of them (folded; a run also ends at
 * a hump of aCamelName, if the lexicon knows humps, but not before its third letter), the first three bytes of a long
 * character, four bytes of anything else. Two bytes behind it (of a long character: those after the next byte) have a
 * class each. A row, found by a hash of the key, has a bit for each class of the first and of the second: where both
 * are set, the row's few entries are compared. Bytes behind the text are 0. */
#ifndef PRIVET_DETECT_LEXICON_INSIDE_H
#define PRIVET_DETECT_LEXICON_INSIDE_H

#include "filters/detect/entries.h"

#define ROW_BITS 13u
#define ROWS     (1u << ROW_BITS)

struct lexicon {
    uint32_t row[ROWS], late[ROWS]; /* late: by the bytes LATE and LATE + 1 from the start on, whatever the key */
    uint32_t first[ROWS + 1];       /* a row's entries: from the one place to the next */
    bool humps;
    struct entries entries;
};

#define LATE  6u
#define FOLD4 0x20202020u

static inline uint32_t lexicon_row(uint32_t key) { return (key * 0x9e3779b1u) >> (32 - ROW_BITS); }

/* Classes of bytes behind a key; only seven bits of a byte count. 0 is of the end of the text. */
extern const uint8_t lexicon_class[128];

static inline bool lexicon_letter(unsigned char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

#endif
