/* Where a journal ends when a writer comes back to it, after a clean stop or a crash. */
#ifndef PRIVET_AUDIT_RECOVER_H
#define PRIVET_AUDIT_RECOVER_H

#include "proxy/audit/segment.h"

struct recovered {
    struct segment_name last; /* the last segment that holds anything; number 0: none */
    uint64_t seq;             /* of its last whole line; 0: none */
    char mac[LINE_MAC];       /* of its last whole line, or LINE_FIRST */
    uint64_t end, torn;       /* bytes of whole lines; bytes after them */
    uint64_t damaged;         /* lines that are none, before the end: somebody edited them */
    uint64_t lost;            /* lines the head knows and the journal has no more */
    bool only_header;         /* nothing but its header is in it, and that says nothing special: go on in it */
};

/* `list`: the segments of one journal, ascending. Removes empty segments (made ready, never used) from the end. */
enum err journal_recover(int dir, const struct chain *c, const struct segment_name *journal, const struct segment_name *list,
                         size_t n, struct recovered *out) MUST_CHECK;

#endif
