/* One POST of a JSON body to a backend, and its whole answer, within one deadline: how the proxy itself asks a service.
 * Connections are kept as those to models are. A kept one that turns out to be closed before a byte of the answer came
 * is replaced once by a new one. */
#ifndef PRIVET_ROUTE_CALL_H
#define PRIVET_ROUTE_CALL_H

#include "proxy/route/route.h"

struct call;

/* ERR_OK: the answer was whole, with this status, and `body` is valid until the callback returns. Else ERR_UP_CONNECT,
 * ERR_UP_TLS, ERR_UP_TOTAL (the deadline), ERR_UP_MALFORMED, ERR_UP_TOO_LARGE, ERR_UP_CLOSED, ERR_MEMORY. */
typedef void (*call_cb)(void *arg, enum err e, int status, struct slice body);

struct call_opts {
    struct backend *backend;
    struct slice path;   /* of the request line; copied */
    struct buf *body;    /* taken over, and emptied */
    uint32_t timeout;    /* ms, above 0 */
    size_t answer_bytes; /* most of an answer */
};

/* cb is never called from inside. NULL only if memory is out (the body is taken and gone then). */
struct call *call_start(struct worker *w, const struct call_opts *o, call_cb cb, void *arg) MUST_CHECK;
/* cb is not called any more; the connection is closed, which cancels what the service does. */
void call_cancel(struct call *c);

#endif
