/* Routes: which targets a request may go to, in which order; and what this worker knows of their health. */
#ifndef PRIVET_ROUTE_ROUTE_H
#define PRIVET_ROUTE_ROUTE_H

#include "config/config.h"
#include "proxy/base/err.h"
#include "proxy/base/mem.h"

#include <openssl/ssl.h>

struct worker;

/* A backend with what was built for it. Its address is its identity within a snapshot. */
struct backend {
    const struct config_backend *config;
    uint16_t index;
    SSL_CTX *tls;         /* NULL: plain or built in */
    char host_field[280]; /* value of the Host field */
    uint64_t pool_key;    /* what makes two backends the same for a kept connection; see route.c */
};

/* Fills *b from c (index is the caller's). False with *why. */
bool backend_build(const struct config_backend *c, struct backend *b, const char **why) MUST_CHECK;

struct target {
    struct backend *backend;
    const char *model; /* NULL: the caller's */
    char name[256];    /* "backend/model" or "backend" */
    uint32_t weight;
    uint32_t number; /* unique in the snapshot, for breakers */
};

struct route {
    const struct config_route *config;
    struct target *split, *fallback, *sensitive;
    size_t split_count, fallback_count;
    uint64_t weight_sum;
};

struct routes {
    struct backend *backends;
    size_t backend_count;
    struct route *routes;
    size_t route_count;
    uint32_t target_count;
};

/* Builds from a checked configuration. NULL with *why on failure (CA file, memory). */
struct routes *routes_build(const struct config *c, const char **why) MUST_CHECK;
void routes_free(struct routes *r);

/* The first route that serves `model` (a glob of match.model; a request that names no model gets the first route);
 * NULL if none does. */
const struct route *routes_find(const struct routes *r, struct slice model);

/* The order of targets for one request: split by weight (`dice`: any uniformly distributed 64 bits), then fallbacks in
 * their order; those whose breaker is open go to the end. reroute: the sensitive target alone (an empty plan if the
 * route has none). */
#define ROUTE_PLAN_MAX 16
struct route_plan {
    const struct target *target[ROUTE_PLAN_MAX];
    size_t count;
};
void route_plan(const struct route *r, struct worker *w, uint64_t dice, bool reroute, struct route_plan *out);
/* What happened, for the breaker of this worker. */
void route_report(struct worker *w, const struct route *r, const struct target *t, bool ok);
/* The FB_ bit that an attempt's failure answers to; 0: never falls back. */
uint32_t route_trigger(enum err e);

#endif
