/* Connections to backends: a pool of idle kept-alive ones per worker and backend; new ones through the resolver, trying
 * each address in turn within the connect limit. builtin:echo gets one end of a socketpair whose other end is the demo
 * model (echo.c) on the same worker. */
#ifndef PRIVET_ROUTE_UPSTREAM_H
#define PRIVET_ROUTE_UPSTREAM_H

#include "proxy/net/conn.h"
#include "proxy/route/route.h"

struct upstream_req;

/* conn is open, and the caller's from now on, or NULL with err ERR_UP_CONNECT or ERR_UP_TLS. */
typedef void (*upstream_cb)(void *arg, enum err err, struct conn *conn);

/* A kept connection, at once, or NULL: the caller's from now on (conn_set_owner). */
struct conn *upstream_take(struct worker *w, const struct backend *b);
/* A new connection: its name resolved, made and its handshake done within the backend's limit and before `until` (mono ns; 0:
 * no more than that limit). cb is never called from inside; NULL only if memory is out. */
struct upstream_req *upstream_get(struct worker *w, struct backend *b, uint64_t until, upstream_cb cb, void *arg) MUST_CHECK;
void upstream_cancel(struct upstream_req *r);
/* Gives a connection back after a whole answer, to be kept. It must be idle with nothing to read. */
void upstream_put(struct worker *w, struct backend *b, struct conn *c);

/* Per worker. Idle connections of backends of old snapshots close as they time out. */
struct upstreams *upstreams_new(void) MUST_CHECK;
void upstreams_free(struct upstreams *u);

/* The demo model on an adopted fd. */
enum err echo_serve(struct worker *w, int fd) MUST_CHECK;

#endif
