/* Names to addresses, by libevent's resolver, both families; literals need no look-up. Answers are kept for a short
 * time (at most RESOLVER_KEEP_S) per worker so that a new connection seldom waits. */
#ifndef PRIVET_NET_RESOLVER_H
#define PRIVET_NET_RESOLVER_H

#include "proxy/base/err.h"
#include "proxy/base/mem.h"

#include <netinet/in.h>
#include <sys/socket.h>

#define RESOLVER_KEEP_S 30
#define RESOLVER_ADDRS  8

struct worker;
struct resolved {
    size_t count;
    struct sockaddr_storage addr[RESOLVER_ADDRS];
    socklen_t len[RESOLVER_ADDRS];
};
struct resolver_req;

/* err is ERR_OK with at least one address, or ERR_UP_CONNECT. May be called from inside resolver_get (literals, kept
 * answers). */
typedef void (*resolver_cb)(void *arg, enum err err, const struct resolved *r);

/* NULL if the answer was given at once or the request failed at once (cb was called in both cases). */
struct resolver_req *resolver_get(struct worker *w, const char *host, uint16_t port, resolver_cb cb, void *arg);
/* cb is not called any more. */
void resolver_cancel(struct resolver_req *r);

/* Forgets kept answers and reads resolv.conf and hosts again: at a reload of the configuration. */
void resolver_reload(struct worker *w);
/* At the worker's end. Requests still open are answered with ERR_UP_CONNECT. */
void resolver_fini(struct worker *w);

#endif
