/* Builds routes from the configuration and orders a request's targets.
 * A breaker is each worker's own: after `failures` within `within`, a target goes to the end of the plan for `open`;
 * then one request tries it again. Sharing it between workers would cost a written cache line on every request. */
#include "proxy/route/route.h"
#include "proxy/base/clock.h"
#include "proxy/net/tls.h"
#include "proxy/worker.h"

#include <openssl/sha.h>
#include <stdatomic.h>
#include <stdio.h>

/* A worker keeps breakers by a hash of the target's name, so that they outlive a reload. */
#define BREAKERS 256u
struct breaker {
    uint32_t name_hash;
    uint32_t failures;
    uint64_t first_failure, open_until;
};
static _Thread_local struct breaker breakers[BREAKERS];

static uint32_t name_hash(const char *s)
{
    uint32_t h = 2166136261u;
    for (; *s; s++) h = (h ^ (uint8_t)*s) * 16777619u;
    return h ? h : 1;
}

static struct breaker *breaker_of(const struct target *t)
{
    uint32_t h = name_hash(t->name);
    struct breaker *b = &breakers[h % BREAKERS];
    if (b->name_hash != h) *b = (struct breaker){.name_hash = h};
    return b;
}

static bool build_target(struct routes *r, const struct config_target *c, struct target *t)
{
    t->backend = &r->backends[c->backend];
    t->model = c->model;
    t->weight = c->weight;
    t->number = r->target_count++;
    int n = snprintf(t->name, sizeof t->name, "%s%s%s", t->backend->config->name, c->model ? "/" : "", c->model ? c->model : "");
    return n > 0 && (size_t)n < sizeof t->name;
}

static bool build_targets(struct routes *r, const struct config_target *c, size_t n, struct target **out)
{
    *out = mem_zalloc(n * sizeof **out);
    if (!*out) return false;
    for (size_t i = 0; i < n; i++)
        if (!build_target(r, &c[i], &(*out)[i])) return false;
    return true;
}

/* Address and name decide, and every TLS context is a number of its own: a connection made under one snapshot's TLS
 * settings is never used by another's. SHA-256 cut to 64 bits: no two backends of a configuration meet by chance. */
static uint64_t pool_key(const struct config_backend *c)
{
    static _Atomic uint64_t contexts;
    unsigned char d[SHA256_DIGEST_LENGTH];
    char text[512];
    uint64_t context = c->https ? atomic_fetch_add(&contexts, 1) + 1 : 0, key;
    int n = snprintf(text, sizeof text, "%s|%u|%llu", c->builtin_echo ? "echo" : c->host, c->port, (unsigned long long)context);
    if (n < 0) n = 0;
    SHA256((const unsigned char *)text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1, d);
    memcpy(&key, d, sizeof key);
    return key;
}

bool backend_build(const struct config_backend *c, struct backend *b, const char **why)
{
    b->config = c;
    b->pool_key = pool_key(c);
    if (c->builtin_echo) {
        snprintf(b->host_field, sizeof b->host_field, "echo.builtin");
        return true;
    }
    bool v6 = strchr(c->host, ':') != NULL;
    uint16_t usual = c->https ? 443 : 80;
    char port[8] = "";
    if (c->port != usual) snprintf(port, sizeof port, ":%u", c->port);
    int n = snprintf(b->host_field, sizeof b->host_field, "%s%s%s%s", v6 ? "[" : "", c->host, v6 ? "]" : "", port);
    if (n < 0 || (size_t)n >= sizeof b->host_field) {
        *why = "the host name is too long";
        return false;
    }
    if (!c->https) return true;
    struct tls_client_opts o = {.ca = c->tls_ca, .pin = c->tls_pin};
    b->tls = tls_client_ctx(&o, why);
    return b->tls != NULL;
}

static bool build_route(struct routes *r, const struct config_route *c, struct route *t)
{
    t->config = c;
    if (!build_targets(r, c->split, c->split_count, &t->split)) return false;
    t->split_count = c->split_count;
    if (!build_targets(r, c->fallback, c->fallback_count, &t->fallback)) return false;
    t->fallback_count = c->fallback_count;
    if (c->sensitive && !build_targets(r, c->sensitive, 1, &t->sensitive)) return false;
    for (size_t i = 0; i < t->split_count; i++) {
        if (t->split[i].weight == 0) t->split[i].weight = 1;
        t->weight_sum += t->split[i].weight;
    }
    return true;
}

struct routes *routes_build(const struct config *c, const char **why)
{
    struct routes *r = mem_zalloc(sizeof *r);
    *why = "out of memory";
    if (!r) return NULL;
    r->backends = mem_zalloc(c->backend_count * sizeof *r->backends);
    r->routes = mem_zalloc(c->route_count * sizeof *r->routes);
    if (!r->backends || !r->routes) goto fail;
    for (size_t i = 0; i < c->backend_count; i++) {
        r->backends[i].index = (uint16_t)i;
        r->backend_count = i + 1;
        if (!backend_build(&c->backends[i], &r->backends[i], why)) goto fail;
    }
    for (size_t i = 0; i < c->route_count; i++) {
        r->route_count = i + 1;
        if (!build_route(r, &c->routes[i], &r->routes[i])) goto fail;
    }
    return r;
fail:
    routes_free(r);
    return NULL;
}

void routes_free(struct routes *r)
{
    if (!r) return;
    for (size_t i = 0; i < r->route_count; i++) {
        mem_free(r->routes[i].split);
        mem_free(r->routes[i].fallback);
        mem_free(r->routes[i].sensitive);
    }
    for (size_t i = 0; i < r->backend_count; i++) SSL_CTX_free(r->backends[i].tls);
    mem_free(r->routes);
    mem_free(r->backends);
    mem_free(r);
}

const struct route *routes_find(const struct routes *r, struct slice model)
{
    if (model.n == 0) return r->route_count ? &r->routes[0] : NULL;
    for (size_t i = 0; i < r->route_count; i++) {
        const struct config_strings *m = &r->routes[i].config->match_models;
        if (m->n == 0) return &r->routes[i];
        for (size_t k = 0; k < m->n; k++)
            if (slice_glob(slice_str(m->v[k]), model)) return &r->routes[i];
    }
    return NULL;
}

static const struct target *pick(const struct route *r, uint64_t dice)
{
    uint64_t x = dice % r->weight_sum;
    for (size_t i = 0; i < r->split_count; i++) {
        if (x < r->split[i].weight) return &r->split[i];
        x -= r->split[i].weight;
    }
    return &r->split[0];
}

static void plan_add(struct route_plan *p, const struct target *t)
{
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->target[i]->name, t->name) == 0) return;
    if (p->count < ROUTE_PLAN_MAX) p->target[p->count++] = t;
}

/* Moves targets with an open breaker behind the others, order kept within both. */
static void open_ones_last(struct route_plan *p)
{
    const struct target *open[ROUTE_PLAN_MAX];
    size_t opens = 0, kept = 0;
    uint64_t now = 0;
    for (size_t i = 0; i < p->count; i++) {
        const struct breaker *b = breaker_of(p->target[i]);
        if (b->open_until && !now) now = clock_mono_ns();
        if (b->open_until > now) open[opens++] = p->target[i];
        else p->target[kept++] = p->target[i];
    }
    for (size_t i = 0; i < opens; i++) p->target[kept + i] = open[i];
}

void route_plan(const struct route *r, struct worker *w, uint64_t dice, bool reroute, struct route_plan *out)
{
    (void)w;
    out->count = 0;
    if (reroute) {
        if (r->sensitive) plan_add(out, r->sensitive);
        return;
    }
    plan_add(out, pick(r, dice));
    for (size_t i = 0; i < r->fallback_count; i++) plan_add(out, &r->fallback[i]);
    if (out->count > 1) open_ones_last(out);
}

void route_report(struct worker *w, const struct route *r, const struct target *t, bool ok)
{
    (void)w;
    struct breaker *b = breaker_of(t);
    if (ok) {
        b->failures = 0;
        b->open_until = 0;
        return;
    }
    const struct config_route *c = r->config;
    uint64_t now = clock_mono_ns();
    if (b->failures == 0 || now - b->first_failure > c->breaker_within * MS_NS) {
        b->failures = 0;
        b->first_failure = now;
    }
    /* After an open spell one more failure opens it again at once. */
    bool half_open = b->open_until && b->open_until <= now;
    if (++b->failures >= c->breaker_failures || half_open) b->open_until = now + c->breaker_open * MS_NS;
}

uint32_t route_trigger(enum err e)
{
    switch ((int)e) {
    case ERR_UP_CONNECT:
    case ERR_UP_TLS:
    case ERR_UP_CLOSED: return FB_CONNECT;
    case ERR_UP_FIRST_BYTE: return FB_FIRST_BYTE;
    case ERR_UP_IDLE: return FB_IDLE;
    case ERR_UP_TOTAL: return FB_TOTAL;
    case ERR_UP_429: return FB_429;
    case ERR_UP_5XX: return FB_5XX;
    case ERR_UP_REFUSAL: return FB_REFUSAL;
    case ERR_UP_CONTENT_FILTER: return FB_CONTENT_FILTER;
    case ERR_UP_CONTEXT_LENGTH: return FB_CONTEXT_LENGTH;
    case ERR_UP_MALFORMED:
    case ERR_UP_TRUNCATED:
    case ERR_UP_TOO_LARGE: return FB_MALFORMED;
    default: return 0;
    }
}
