/* Listening sockets from an address and a port, and their names. */
#ifndef PRIVET_NET_BIND_H
#define PRIVET_NET_BIND_H

#include "proxy/base/mem.h"

#include <stdbool.h>
#include <stdint.h>

/* A bound, listening, non-blocking socket. *port 0 takes any free port, and is set to it. share: SO_REUSEPORT, for one
 * socket a worker. -1 with *why (static) on failure. Resolves names: for the start, not for a worker. */
int bind_listen(const char *host, uint16_t *port, bool share, const char **why) MUST_CHECK;
/* "HOST:PORT", IPv6 in brackets. */
void bind_name(const char *host, uint16_t port, char *out, size_t n);

#endif
