/* What is still to be shipped of one journal: a place in its segments, and the synced lines from there on. */
#ifndef PRIVET_AUDIT_CARGO_H
#define PRIVET_AUDIT_CARGO_H

#include "proxy/audit/segment.h"

struct cargo {
    int dir;
    struct segment_name name; /* number: the segment that is open */
    char label[SEGMENT_FILE_MAX];
    struct head head; /* up to here it is synced: nothing further is read */
    struct segment_reader reader;
    uint64_t next;  /* seq of the next line to hand out */
    bool stuck;     /* Redis has more than the journal: nothing is sent until somebody looked into it */
    uint64_t acked; /* up to this seq Redis has them */
    struct {        /* the place after line `acked`, where it is known: written to INSTANCE.wN.shipped */
        uint64_t seq, offset;
        uint32_t segment;
    } mark;
    int mark_fd;
    bool mark_dirty;
};

/* Does not open the segments yet. `name.number` is of no account. */
enum err cargo_open(struct cargo *c, int dir, const struct segment_name *name) MUST_CHECK;
void cargo_close(struct cargo *c);
/* Goes to the first line whose seq is at least `seq`. */
enum err cargo_seek(struct cargo *c, uint64_t seq) MUST_CHECK;
/* The next synced record (segment headers are passed over); its slices stand until the next call. ERR_AGAIN: all that
 * is synced was handed out. ERR_IO: a file cannot be read. */
enum err cargo_next(struct cargo *c, struct line *out) MUST_CHECK;
/* Redis has everything handed out so far. */
void cargo_ack(struct cargo *c);
/* Writes the mark down, if it moved: only to find the place faster after a restart; Redis' own last id decides. */
void cargo_save(struct cargo *c);

#endif
