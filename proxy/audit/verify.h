/* Reading journals: `privet audit verify|tail|show`. */
#ifndef PRIVET_AUDIT_VERIFY_H
#define PRIVET_AUDIT_VERIFY_H

#include "proxy/base/buf.h"

/* Checks every journal of a directory against the chain key. One line for each finding into report: FILE:LINE: what
 * (edited, missing, out of order, cut, head ahead of the journal, intent without outcome is a note). Returns the number
 * of breaks, or -1 if the directory cannot be read. */
int audit_verify(const char *directory, struct slice chain_key, struct buf *report);
/* The last n lines of all journals by time; the lines of one request id. -1 on failure. */
int audit_tail(const char *directory, unsigned n, struct buf *out);
int audit_show(const char *directory, const char *id, struct buf *out);

#endif
