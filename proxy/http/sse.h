/* Server-sent events (WHATWG HTML, 9.2): a byte-level parser. Accepts LF, CRLF and CR line ends, "data:" with and
 * without a space, several data lines, comments, id and retry, a byte order mark at the start, and any cut of the
 * bytes, also inside a UTF-8 sequence. The same events come out wherever the bytes were cut. */
#ifndef PRIVET_HTTP_SSE_H
#define PRIVET_HTTP_SSE_H

#include "proxy/base/buf.h"

/* An event. Slices live until the next call on the parser. */
struct sse_event {
    struct slice raw;  /* every byte since the event before, comments and line ends with it: forward as it is */
    struct slice type; /* of the "event:" field; empty if none */
    struct slice data; /* data lines joined by LF; points into raw where there is one line */
    bool has_data;     /* false: comments, ids or blank lines only */
};

struct sse {
    struct buf raw;    /* bytes of the event that is not whole yet */
    struct buf data;   /* joined data, used only for several data lines */
    size_t scanned;    /* bytes of raw already looked at */
    bool last_cr;      /* the byte before was CR: a following LF belongs to the same line end */
    bool started;
    size_t consumed;   /* of raw, by the event given out last */
};

/* max: the longest event, in bytes. */
void sse_start(struct sse *s, size_t max);
void sse_free(struct sse *s);
/* Appends bytes. ERR_UP_TOO_LARGE if one event passes the limit. */
enum err sse_feed(struct sse *s, struct slice in) MUST_CHECK;
/* The next whole event: ERR_OK, or ERR_AGAIN if there is none. */
enum err sse_next(struct sse *s, struct sse_event *ev) MUST_CHECK;
/* At the end of input: bytes of an unfinished event as one last event (some servers leave out the last blank line);
 * ERR_AGAIN if there are none. */
enum err sse_last(struct sse *s, struct sse_event *ev) MUST_CHECK;

#endif
