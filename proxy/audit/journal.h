/* The journal: append-only, chained, the truth about what passed. One for each worker: a preallocated, mapped segment
 * (posix_fallocate, MAP_SHARED); an append copies the line and then stores the length with release order. No system
 * call and no lock on the hot path; the page cache survives kill -9. The audit thread does fsync, rotation (it keeps a
 * next segment ready), retention and shipping.
 *
 * A line is one JSON object: the record, then "journal" (instance and worker), "seq" (from 1, no gaps in one journal),
 * "prev" (the mac of the line before) and "mac": HMAC-SHA256 under the chain key over the line before the mac field,
 * hex (line.h). A segment opens with a header line, itself in the chain, that names the segment before, so that a
 * missing segment shows. Unused bytes are NUL. Files: DIRECTORY/INSTANCE.wN.SEGMENT.jsonl (segment.h). A torn last
 * line after a crash is recognised, stays where it is and is no break: the writer goes on in a new segment.
 * DIRECTORY/INSTANCE.wN.head holds (seq, mac, time), signed, rewritten by the audit thread at each fsync: dropping
 * the end of the journal shows against it. DIRECTORY/lock is held while a process writes there.
 *
 * Where the disk has no room for a segment, smaller ones are tried down to AUDIT_SEGMENT_MIN; where there is none, a
 * last eighth of the segment is kept for outcomes and intents are refused; an fsync that failed is never taken for a
 * success: the segment is left and written anew. All that heals by itself; where Redis has all of an old segment, that one
 * makes room before its time. */
#ifndef PRIVET_AUDIT_JOURNAL_H
#define PRIVET_AUDIT_JOURNAL_H

#include "proxy/audit/record.h"

struct journal;
struct audit; /* the audit thread and its journals */

#define AUDIT_SEGMENT_MIN (64u * 1024u)

struct audit_opts {
    const char *directory;
    uint64_t segment;   /* bytes; at least AUDIT_SEGMENT_MIN */
    uint64_t retain_ms; /* 0: forever */
    uint32_t sync_ms;
    struct slice chain_key; /* empty: DIRECTORY/chain.key, made with 32 random bytes and mode 0600 if it is not there */
    unsigned workers;
    const char *redis_url; /* NULL: none */
    uint64_t redis_maxlen, redis_ttl_ms;
    const char *redis_prefix;
};

/* Opens or continues the directory's journals and starts the audit thread. ERR_IO with *why set. */
enum err audit_start(const struct audit_opts *o, struct audit **out, const char **why) MUST_CHECK;
/* Everything appended so far is synced; tries to ship what is left for at most wait_ms; stops the thread. */
void audit_stop(struct audit *a, unsigned wait_ms);
/* The journal of worker i: for that thread only. */
struct journal *audit_journal(struct audit *a, unsigned i);

/* Appends a line. ERR_AUDIT if the disk is full or no segment is ready: the request must be refused then. */
enum err journal_intent(struct journal *j, const struct audit_record *r) MUST_CHECK;
enum err journal_outcome(struct journal *j, const struct audit_record *r) MUST_CHECK;

/* For /readyz and /metrics; thread-safe. */
struct audit_status {
    uint64_t appended, synced, shipped; /* lines ever, all journals: the sums of their seqs */
    uint64_t failed;                    /* appends refused */
    bool redis_configured, redis_up;
    bool failing; /* the disk does not take lines now */
};
void audit_status(const struct audit *a, struct audit_status *out);

#endif
