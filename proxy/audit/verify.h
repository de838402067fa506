/* Reading journals: `privet audit verify|tail|show`. Nothing here writes, and all of it works beside a running writer. */
#ifndef PRIVET_AUDIT_VERIFY_H
#define PRIVET_AUDIT_VERIFY_H

#include "proxy/base/buf.h"

struct audit_counts {
    uint64_t journals, segments, lines, breaks, notes;
};

/* Checks every journal of a directory against the chain key (empty: DIRECTORY/chain.key). One line for each finding
 * into report, at most AUDIT_REPORT_MAX: "FILE:LINE: KIND: what". The kinds:
 *   edited        the mac does not fit the line, or it is no line at all
 *   missing       lines, or whole segments, are gone before this one
 *   out of order  this line stands after one that it comes before
 *   duplicated    this line was there already
 *   foreign       a line of another journal
 *   chain         a line that is good by itself and does not follow the one before
 *   cut           the end is gone: the head file knows of more, or is itself gone or no longer good
 *   note          no break: a torn last line after a crash; an intent without an outcome
 * `heads` may name a directory with copies of head files taken earlier and kept elsewhere (else NULL): somebody who cuts
 * the end and puts an old head back is found by them. Returns the number of breaks, or -1 if a directory or the key
 * cannot be read. `counts` may be NULL. */
#define AUDIT_REPORT_MAX 1000
int audit_verify(const char *directory, struct slice chain_key, const char *heads, struct audit_counts *counts,
                 struct buf *report);
/* The last n lines of all journals by time; the lines of one request id: as they stand in the journal. -1 on failure. */
int audit_tail(const char *directory, unsigned n, struct buf *out);
int audit_show(const char *directory, const char *id, struct buf *out);

#endif
