/* The admin listener: health, readiness, metrics and status over plain HTTP/1.1, on a thread and an event base of its
 * own, so that it answers while every worker is busy. GET and HEAD only; nothing here shows text or can change anything.
 *
 *   /healthz  200 "ok" as long as the process lives
 *   /readyz   200, or 503 with the reasons: starting, draining, audit
 *   /metrics  Prometheus text 0.0.4
 *   /status   JSON: version, state, snapshot, workers, connections, requests, audit
 */
#ifndef PRIVET_ADMIN_ADMIN_H
#define PRIVET_ADMIN_ADMIN_H

#include "proxy/audit/journal.h"
#include "proxy/audit/metrics.h"

#include <stdatomic.h>

enum admin_state { ADMIN_STARTING, ADMIN_READY, ADMIN_DRAINING };

/* What it shows: written by the server, read here. Lives longer than the listener. */
struct admin_info {
    _Atomic int state;               /* enum admin_state */
    _Atomic uint64_t snapshot;       /* number of the current one */
    _Atomic uint64_t loaded_wall_ns; /* when it was loaded */
    _Atomic uint64_t reloads_failed;
    uint64_t started_wall_ns, started_mono_ns;
    unsigned workers;
    struct metrics *const *metrics;      /* of each worker */
    _Atomic(const struct audit *) audit; /* NULL: off, or not yet started */
};

struct admin;

/* Binds (port 0: any; *port is set), and serves on a new thread. ERR_IO with *why. */
enum err admin_start(const char *host, uint16_t *port, struct admin_info *info, struct admin **out, const char **why) MUST_CHECK;
void admin_stop(struct admin *a);

#endif
