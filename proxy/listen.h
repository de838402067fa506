/* Listening sockets: one for each worker and configured address (SO_REUSEPORT, so that the kernel spreads connections),
 * all on the same port where port 0 was asked for. What is accepted goes to exchange_accept with the TLS context of the
 * worker's current snapshot, so that a reload changes certificates. */
#ifndef PRIVET_LISTEN_H
#define PRIVET_LISTEN_H

#include "config/config.h"
#include "proxy/worker.h"

#include <stdatomic.h>

struct listeners; /* of one worker */

/* What all workers' listeners share. */
struct listen_shared {
    struct worker *const *workers; /* for the limit on connections, which counts all of them */
    unsigned worker_count;
    _Atomic uint64_t warned; /* mono seconds of the last line about refused connections */
};

/* Binds every address of c. ports[i] is set to the real port where it is 0, and used where it is not. ERR_IO with *what
 * (the address, of c) and *why on failure. The sockets do not accept before listeners_start. */
enum err listeners_bind(const struct config *c, uint16_t *ports, struct listen_shared *shared, struct listeners **out,
                        const char **what, const char **why) MUST_CHECK;
/* Starts to accept on w's thread. */
enum err listeners_start(struct listeners *l, struct worker *w) MUST_CHECK;
/* Takes what has already been connected, then closes: on w's thread, or before the start. */
void listeners_stop(struct listeners *l);
void listeners_free(struct listeners *l);

#endif
