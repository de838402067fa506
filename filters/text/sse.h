/* Server-sent events (WHATWG HTML, 9.2): a byte-level parser. Accepts LF, CRLF and CR line ends, "data:" with and
 * without a space, several data lines, comments, id and retry, a byte order mark at the start, and any cut of the
 * bytes, also inside a UTF-8 sequence. The same events come out wherever the bytes were cut. */
#ifndef PRIVET_TEXT_SSE_H
#define PRIVET_TEXT_SSE_H

#include "proxy/base/buf.h"

/* An event. Slices live until the next call on the parser. */
struct sse_event {
    struct slice raw;  /* every byte since the event before, comments and line ends with it: forward as it is */
    struct slice type; /* of the "event:" field; empty if none */
    struct slice data; /* data lines joined by LF; points into raw where there is one line */
    bool has_data;     /* false: comments, ids or blank lines only */
};

#define SSE_FEED_MAX (1u << 20) /* most bytes that may wait beside one event */

struct sse {
    struct buf raw;    /* bytes not given out yet, and the event given out last */
    struct buf joined; /* data lines joined by LF; used only for several of them */
    size_t max;
    size_t consumed;                   /* of raw, by the event given out last */
    size_t line;                       /* where the line that is not whole yet starts */
    size_t scanned;                    /* no line end between `line` and here */
    size_t data, data_n, type, type_n; /* in raw: the first data line's value, the last event line's */
    size_t data_lines;
    bool started; /* the byte order mark has been looked for */
};

/* max: the longest event, in bytes, with its comments and line ends. */
void sse_start(struct sse *s, size_t max);
void sse_free(struct sse *s);
/* Appends bytes. Take out what is whole with sse_next before feeding again: more than SSE_FEED_MAX bytes beside an
 * event of the longest kind are ERR_UP_TOO_LARGE. */
enum err sse_feed(struct sse *s, struct slice in) MUST_CHECK;
/* The next whole event: ERR_OK, or ERR_AGAIN if there is none. ERR_UP_TOO_LARGE if an event, whole or not, passes the
 * limit. An empty line that ends in CR is whole with the byte behind it, since that may be its LF. */
enum err sse_next(struct sse *s, struct sse_event *ev) MUST_CHECK;
/* At the end of input: bytes of an unfinished event as one last event (some servers leave out the last blank line);
 * ERR_AGAIN if there are none. Whole events that still wait come first. */
enum err sse_last(struct sse *s, struct sse_event *ev) MUST_CHECK;

#endif
