/* Names to addresses by evdns, with literals answered at once and fresh answers kept for a while.
 * evdns may answer inside the call or much later, also after a cancel: a request lives until it has. */
#include "proxy/net/resolver.h"
#include "proxy/base/clock.h"
#include "proxy/worker.h"

#include <arpa/inet.h>
#include <assert.h>
#include <event2/dns.h>
#include <event2/util.h>
#include <stdio.h>
#include <string.h>

#define CACHE_ENTRIES 32
#define HOST_MAX      255 /* RFC 1035: a name's longest form */

struct entry {
    char host[HOST_MAX + 1]; /* "" if unused */
    uint16_t port;
    uint64_t until;
    struct resolved r;
};

struct cache {
    unsigned next; /* replaced next */
    struct entry e[CACHE_ENTRIES];
};

struct resolver_req {
    struct worker *w;
    resolver_cb cb; /* NULL once cancelled or answered */
    void *arg;
    struct evdns_getaddrinfo_request *dns;
    bool inside; /* resolver_get is still on the stack */
    bool done;
    uint16_t port;
    char host[HOST_MAX + 1];
};

static bool literal(const char *host, uint16_t port, struct resolved *r)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    r->count = 1;
    if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
        memcpy(&r->addr[0], &v4, sizeof v4);
        r->len[0] = sizeof v4;
        return true;
    }
    if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1) {
        memcpy(&r->addr[0], &v6, sizeof v6);
        r->len[0] = sizeof v6;
        return true;
    }
    return false;
}

static struct entry *cached(struct worker *w, const char *host, uint16_t port)
{
    struct cache *c = w->resolver_cache;
    if (!c) return NULL;
    for (size_t i = 0; i < CACHE_ENTRIES; i++)
        if (c->e[i].port == port && strcmp(c->e[i].host, host) == 0) return &c->e[i];
    return NULL;
}

static void keep(struct worker *w, const char *host, uint16_t port, const struct resolved *r)
{
    if (!w->resolver_cache) w->resolver_cache = mem_zalloc(sizeof(struct cache));
    struct cache *c = w->resolver_cache;
    if (!c) return; /* without memory every look-up asks: slower, not wrong */
    struct entry *e = cached(w, host, port);
    if (!e) {
        e = &c->e[c->next];
        c->next = (c->next + 1) % CACHE_ENTRIES;
    }
    snprintf(e->host, sizeof e->host, "%s", host);
    e->port = port;
    e->until = clock_mono_ns() + RESOLVER_KEEP_S * S_NS;
    e->r = *r;
}

/* Takes the list in its order; false if nothing in it can be used. */
static bool collect(const struct evutil_addrinfo *list, struct resolved *r)
{
    r->count = 0;
    for (const struct evutil_addrinfo *a = list; a && r->count < RESOLVER_ADDRS; a = a->ai_next) {
        if ((a->ai_family != AF_INET && a->ai_family != AF_INET6) || a->ai_addrlen > sizeof r->addr[0]) continue;
        memcpy(&r->addr[r->count], a->ai_addr, a->ai_addrlen);
        r->len[r->count++] = (socklen_t)a->ai_addrlen;
    }
    return r->count > 0;
}

static void answered(int result, struct evutil_addrinfo *list, void *arg)
{
    struct resolver_req *q = arg;
    struct resolved r;
    bool ok = result == 0 && collect(list, &r);
    if (list) evutil_freeaddrinfo(list);
    q->done = true;
    resolver_cb cb = q->cb;
    void *cb_arg = q->arg;
    q->cb = NULL;
    if (ok) keep(q->w, q->host, q->port, &r);
    if (!q->inside) mem_free(q);
    if (cb) cb(cb_arg, ok ? ERR_OK : ERR_UP_CONNECT, ok ? &r : NULL);
}

static bool start(struct worker *w)
{
    if (w->dns) return true;
    w->dns = evdns_base_new(w->base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (!w->dns) return false;
    /* A missing file leaves evdns with the resolver on this machine, which is what resolv.conf(5) says too. */
    (void)evdns_base_resolv_conf_parse(w->dns, DNS_OPTIONS_ALL, "/etc/resolv.conf");
    (void)evdns_base_set_option(w->dns, "timeout", "2");
    (void)evdns_base_set_option(w->dns, "attempts", "2");
    return true;
}

static struct resolver_req *ask(struct worker *w, const char *host, uint16_t port, resolver_cb cb, void *arg)
{
    struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP};
    char service[8];
    struct resolver_req *q = start(w) ? mem_zalloc(sizeof *q) : NULL;
    if (!q) {
        cb(arg, ERR_UP_CONNECT, NULL);
        return NULL;
    }
    *q = (struct resolver_req){.w = w, .cb = cb, .arg = arg, .inside = true, .port = port};
    snprintf(q->host, sizeof q->host, "%s", host);
    snprintf(service, sizeof service, "%u", port);
    q->dns = evdns_getaddrinfo(w->dns, host, service, &hints, answered, q);
    q->inside = false;
    if (q->done) {
        mem_free(q);
        return NULL;
    }
    return q;
}

struct resolver_req *resolver_get(struct worker *w, const char *host, uint16_t port, resolver_cb cb, void *arg)
{
    struct resolved r;
    if (literal(host, port, &r)) {
        cb(arg, ERR_OK, &r);
        return NULL;
    }
    if (host[0] == 0 || strlen(host) > HOST_MAX) {
        cb(arg, ERR_UP_CONNECT, NULL);
        return NULL;
    }
    struct entry *e = cached(w, host, port);
    if (e && clock_mono_ns() < e->until) {
        r = e->r; /* the entry may be replaced while cb runs */
        cb(arg, ERR_OK, &r);
        return NULL;
    }
    return ask(w, host, port, cb, arg);
}

void resolver_cancel(struct resolver_req *r)
{
    assert(r->cb && "neither answered nor cancelled");
    r->cb = NULL;
    if (r->dns) evdns_getaddrinfo_cancel(r->dns); /* answered() comes by the loop and frees r */
}

void resolver_reload(struct worker *w)
{
    mem_free(w->resolver_cache);
    w->resolver_cache = NULL;
    if (!w->dns) return;
    evdns_base_clear_nameservers_and_suspend(w->dns);
    evdns_base_clear_host_addresses(w->dns);
    (void)evdns_base_resolv_conf_parse(w->dns, DNS_OPTIONS_ALL, "/etc/resolv.conf");
    (void)evdns_base_resume(w->dns);
}

void resolver_fini(struct worker *w)
{
    if (w->dns) {
        evdns_base_free(w->dns, 1);
        w->dns = NULL;
        event_base_loop(w->base, EVLOOP_NONBLOCK); /* the answers of cancelled requests, which free them */
    }
    mem_free(w->resolver_cache);
    w->resolver_cache = NULL;
}
