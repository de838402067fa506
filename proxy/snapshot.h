/* A snapshot: one configuration with everything built from it (rules, policies, routes, TLS contexts), immutable,
 * counted, swapped whole. An exchange holds one from its first byte to its last. */
#ifndef PRIVET_SNAPSHOT_H
#define PRIVET_SNAPSHOT_H

#include "config/config.h"
#include "filters/policy.h"
#include "proxy/base/err.h"
#include "proxy/base/mem.h"
#include "proxy/route/route.h"

#include <openssl/ssl.h>
#include <stdatomic.h>

struct ruleset;
struct refusals;
struct detector;

struct snapshot {
    _Atomic unsigned refs;
    uint64_t number; /* counts loads in this process, from 1 */
    struct config *config;
    struct ruleset *rules;
    struct refusals *refusals;
    struct policy **policies; /* by index of config->policies */
    struct routes *routes;
    struct detector *detectors; /* by index of config->filters.detectors */
    SSL_CTX **listener_tls;     /* by index of config->listeners; NULL entries are plain */
    size_t policy_count, listener_count, detector_count;
};

/* Loads, checks and builds everything. NULL if anything is wrong: every mistake is written to `report` (a line each,
 * FILE:LINE:COL: message) unless report is NULL. */
struct snapshot *snapshot_load(const char *path, struct buf *report) MUST_CHECK;
struct snapshot *snapshot_ref(struct snapshot *s);
void snapshot_unref(struct snapshot *s);

#endif
