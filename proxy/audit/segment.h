/* The files of a journal, as they lie on disk: names, listing, reading line by line, and the head file.
 * Shared by the writer (recovery), the shipper and the verifier; everything here only reads, but for the head.
 *
 *   DIRECTORY/1a2b3c4d.w0.00000007.jsonl   segment 7 of worker 0's journal of instance 1a2b3c4d
 *   DIRECTORY/1a2b3c4d.w0.head             how far that journal was synced, signed under the chain key
 *
 * A segment is lines, then NUL bytes to its preallocated size while it is written; its first line is a header:
 *   {"event":"segment","time":..,"segment":7,"before":"1a2b3c4d.w0.00000006.jsonl","first":123[,"torn":N][,"lost":N]..}
 * first: the seq of its first record; torn: bytes of a torn line at the end of the segment before, left there;
 * lost: how many lines the head file knew of and the journal had no more when the writer came back. */
#ifndef PRIVET_AUDIT_SEGMENT_H
#define PRIVET_AUDIT_SEGMENT_H

#include "proxy/audit/line.h"

#define SEGMENT_FILE_MAX 40u
#define SEGMENTS_MAX     1000000u
#define JOURNALS_MAX     1024u /* worker numbers: more than one machine has cores */

struct segment_name {
    char instance[9]; /* 8 hex digits */
    unsigned worker;
    uint32_t number; /* from 1 */
};
void segment_file(const struct segment_name *s, char out[SEGMENT_FILE_MAX]);
/* "1a2b3c4d.w0" */
void segment_journal(const struct segment_name *s, char out[SEGMENT_FILE_MAX]);
bool segment_name_parse(const char *file, struct segment_name *out) MUST_CHECK;
bool segment_same_journal(const struct segment_name *a, const struct segment_name *b);
/* By instance, worker, number; as qsort wants it. */
int segment_order(const struct segment_name *a, const struct segment_name *b);
/* All segments of a directory, ordered by instance, worker, number; release *out with mem_free. */
enum err segment_list(int dir, struct segment_name **out, size_t *n) MUST_CHECK;

struct segment_reader {
    int fd; /* -1: closed */
    struct buf buf;
    uint64_t at; /* file offset of the first byte in buf */
};
enum segment_read {
    SEGMENT_LINE,
    SEGMENT_END,   /* end of file, or NUL bytes, after a whole line */
    SEGMENT_TORN,  /* a line that does not end: the end of file or a NUL byte stands in it */
    SEGMENT_FAILED /* cannot be read, or a line is longer than a line can be */
};
#define SEGMENT_READER_NONE ((struct segment_reader){.fd = -1})
enum err segment_open(struct segment_reader *r, int dir, const struct segment_name *s, uint64_t from) MUST_CHECK;
/* The next line without its newline; it stands until the next call. Does not read past `limit` (file offset). */
enum segment_read segment_next(struct segment_reader *r, uint64_t limit, struct slice *line);
/* One past the last byte that is not NUL, looking from `from` on; `from` if there is none. */
uint64_t segment_used(struct segment_reader *r, uint64_t from);
void segment_close(struct segment_reader *r);

/* The chain key's bytes as a file holds them: as in the configuration, one line end at its end does not count. At
 * least CHAIN_KEY_MIN bytes. `dir` may be AT_FDCWD. */
#define CHAIN_KEY_MIN 16u
#define CHAIN_KEY_MAX 4096u
enum err chain_key_read(int dir, const char *file, char bytes[CHAIN_KEY_MAX], struct slice *out) MUST_CHECK;

#define HEAD_SIZE 512u
struct head {
    uint64_t seq, offset, wall_ns;
    uint32_t segment; /* the one that holds the last synced line */
    uint32_t oldest;  /* the oldest one retention has left */
    char mac[LINE_MAC];
};
/* Rewrites the head in place: one write of HEAD_SIZE bytes. */
enum err head_write(int fd, const struct head *h, const struct chain *c, struct slice journal) MUST_CHECK;
enum head_state { HEAD_OK, HEAD_NONE, HEAD_BAD };
enum head_state head_read(int dir, const struct segment_name *s, const struct chain *c, struct head *out) MUST_CHECK;

#endif
