/* Needles from the inside: what needles.c builds and needles_find.c searches.
 *
 * A word's window is four bytes of it, or all it has and what may stand behind. Words whose windows are alike share a
 * bucket, and a bucket has a set of bytes for each of the four places: where a text's four bytes are in a bucket's four
 * sets, one of its words may be. Eight buckets make a group: a byte's bits in a table of 128 say whose sets have it (only
 * seven bits of a byte count). Words of four bytes and more have two groups, shorter ones the third. What passes has a
 * list, by a hash of as many bytes as its words have for sure; what all words of a list have in common is looked at
 * before they are compared. Bytes behind the text are 0. */
#ifndef PRIVET_DETECT_NEEDLES_INSIDE_H
#define PRIVET_DETECT_NEEDLES_INSIDE_H

#include "filters/detect/entries.h"
#include "filters/detect/needles.h"

#define WINDOW 4u
#define GROUPS 3u
#define BRIEF  2u /* the group of words shorter than a window */

#define HASH_BITS  11u
#define HASH_LEAST 2u /* of two, three or four bytes */
#define HASHES     ((WINDOW - HASH_LEAST + 1) << HASH_BITS)

struct needles {
    uint8_t has[GROUPS][WINDOW][128];
    uint32_t byte[WINDOW][256]; /* the same for one byte at a time: a group's bits behind the other's */
    /* the same, and some more, by the lower half of bytes whose fifth bit is 0, of those where it is 1, by the upper half */
    uint8_t half[GROUPS][WINDOW][3][16];
    uint16_t list[HASHES]; /* by hash; 0: a list that nothing passes */
    struct needle_list {
        uint64_t bits, care; /* of the first eight bytes, folded: what is sure, and where */
        uint32_t first, end; /* entries */
    } * lists;
    struct entries entries;
};

static inline uint64_t needles_fold(uint64_t v) { return v | 0x2020202020202020u; }

/* Of a place's first eight bytes, folded; `look` of them count. */
static inline uint32_t needles_hash(uint64_t v, unsigned look)
{
    uint64_t hash = (v << 8 * (8 - look)) * 0x9e3779b97f4a7c15u >> (64 - HASH_BITS);
    return (uint32_t)hash | (look - HASH_LEAST) << HASH_BITS;
}

#endif
