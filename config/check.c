/* What one field alone cannot tell: names that must mean something, addresses that exclude each other, keys that need
 * one another. Mistakes point at the value where it was written. */
#include "config/load.h"

#include <stdio.h>

#define PLAN_MAX 16u /* targets of one request: ROUTE_PLAN_MAX of proxy/route/route.h */

static void check_listeners(struct loader *l)
{
    const struct config *c = l->c;
    for (size_t i = 0; i < c->listener_count; i++) {
        const struct config_listener *x = &c->listeners[i];
        if (!x->host) continue;
        struct config_pos pos = loader_pos(l, &x->address, x->pos);
        if (!x->tls && !x->allow_plaintext && !address_is_loopback(x->host))
            mistake_add(&l->m, pos, "address: plain HTTP is for loopback addresses: add `tls`, or `allow_plaintext: true`");
        for (size_t j = 0; j < i; j++)
            if (x->port && c->listeners[j].host && c->listeners[j].port == x->port && !strcmp(c->listeners[j].host, x->host))
                mistake_add(&l->m, pos, "address: `%.100s` is listed twice", x->address);
        if (x->port && c->admin_host && c->admin_port == x->port && !strcmp(c->admin_host, x->host))
            mistake_add(&l->m, loader_pos(l, &c->admin_host, pos), "address: `%.100s` is a listener's already", x->address);
    }
}

static bool takes_certificates(const struct config *c)
{
    for (size_t i = 0; i < c->listener_count; i++)
        if (c->listeners[i].client_ca) return true;
    return false;
}

static bool same(const char *a, const char *b) { return a && b && !strcmp(a, b); }

static void check_policy_name(struct loader *l, struct config_client *x)
{
    struct config *c = l->c;
    if (!x->policy || config_policy_index(c, x->policy) >= 0) return;
    const char **known = loader_alloc(l, (c->policy_count + 1) * sizeof *known);
    if (!known) return;
    for (size_t i = 0; i < c->policy_count; i++) known[i] = c->policies[i].name;
    struct text t = {.raw = slice_str(x->policy), .s = slice_str(x->policy), .pos = loader_pos(l, &x->policy, x->pos)};
    (void)text_unknown(l, schema_find("clients[].policy"), &t, known);
}

static void check_clients(struct loader *l)
{
    struct config *c = l->c;
    bool certificates = takes_certificates(c);
    for (size_t i = 0; i < c->client_count; i++) {
        struct config_client *x = &c->clients[i];
        if (!loader_given(l, &x->key_hash) && !loader_given(l, &x->tls_subject))
            mistake_add(&l->m, x->pos, "clients: a caller is known by `key_hash` or `tls_subject`, found neither");
        if (x->tls_subject && !certificates)
            mistake_add(&l->m, loader_pos(l, &x->tls_subject, x->pos),
                        "tls_subject: no listener asks for certificates: `tls.client_ca` is missing");
        for (size_t j = 0; j < i; j++) {
            const struct config_client *y = &c->clients[j];
            if (same(x->name, y->name))
                mistake_add(&l->m, loader_pos(l, &x->name, x->pos), "name: `%s` is used twice: first at line %u", x->name,
                            y->pos.line);
            if (same(x->key_hash, y->key_hash))
                mistake_add(&l->m, loader_pos(l, &x->key_hash, x->pos), "key_hash: the same as at line %u", y->pos.line);
            if (same(x->tls_subject, y->tls_subject))
                mistake_add(&l->m, loader_pos(l, &x->tls_subject, x->pos), "tls_subject: the same as at line %u", y->pos.line);
        }
        check_policy_name(l, x);
    }
}

static void check_dictionary_names(struct loader *l, const struct config_policy *p)
{
    struct config *c = l->c;
    size_t n = c->filters.dictionary_count;
    const char **known = loader_alloc(l, (n + 1) * sizeof *known);
    if (!known) return;
    for (size_t i = 0; i < n; i++) known[i] = c->filters.dictionaries[i].name;
    for (size_t i = 0; i < p->dictionaries.n; i++) {
        size_t k = 0;
        while (k < n && strcmp(known[k], p->dictionaries.v[i]) != 0) k++;
        if (k < n) continue;
        struct slice name = slice_str(p->dictionaries.v[i]);
        struct text t = {.raw = name, .s = name, .pos = loader_pos(l, &p->dictionaries.v[i], p->pos)};
        (void)text_unknown(l, schema_find("policies.*.request.dictionaries"), &t, known);
    }
}

/* An inherited list of dictionaries is checked where it was written. */
static bool inherited(const struct config *c, size_t i)
{
    for (size_t j = 0; j < c->policy_count; j++)
        if (j != i && c->policies[j].dictionaries.v == c->policies[i].dictionaries.v && j < i) return true;
    return false;
}

static bool reroutes(const struct config_policy *p)
{
    bool yes = same(p->secrets, "reroute") || same(p->pii, "reroute") || same(p->injection, "reroute");
    for (size_t i = 0; i < p->rule_count; i++) yes |= same(p->rules[i].action, "reroute");
    return yes;
}

static void check_policies(struct loader *l)
{
    struct config *c = l->c;
    const char *who = NULL;
    for (size_t i = 0; i < c->policy_count; i++) {
        if (!inherited(c, i)) check_dictionary_names(l, &c->policies[i]);
        if (!who && reroutes(&c->policies[i])) who = c->policies[i].name;
    }
    for (size_t i = 0; who && i < c->route_count; i++)
        if (!loader_given(l, &c->routes[i].sensitive))
            mistake_add(&l->m, c->routes[i].pos, "routes: policy `%s` reroutes, and this route has no `sensitive` target", who);
}

/* The key of a hashed dictionary is beside its fingerprints unless it is named. */
static void check_dictionaries(struct loader *l)
{
    struct config *c = l->c;
    for (size_t i = 0; i < c->filters.dictionary_count; i++) {
        struct config_dictionary *d = &c->filters.dictionaries[i];
        bool file = loader_given(l, &d->file);
        bool hashed = loader_given(l, &d->hashed);
        bool key = loader_given(l, &d->key);
        if (file == hashed)
            mistake_add(&l->m, d->pos, "dictionaries: `%s` needs either `file` or `hashed`, found %s", d->name,
                        file ? "both" : "neither");
        if (key && !hashed) mistake_add(&l->m, loader_pos(l, &d->key, d->pos), "key: is for `hashed` dictionaries");
        if (key || !d->hashed) continue;
        char name[4200];
        struct schema_row row = *schema_find("filters.dictionaries.*.key");
        int n = snprintf(name, sizeof name, "file:%.4000s.key", d->hashed);
        struct text t = {.raw = {name, (size_t)n}, .s = {name, (size_t)n}, .pos = loader_pos(l, &d->hashed, d->pos)};
        (void)row.type->set(l, &row, &t, &d->key);
    }
}

static void check_backends(struct loader *l)
{
    const struct config *c = l->c;
    for (size_t i = 0; i < c->backend_count; i++) {
        const struct config_backend *b = &c->backends[i];
        if (!b->url || b->https) continue;
        if (b->tls_ca) mistake_add(&l->m, loader_pos(l, &b->tls_ca, b->pos), "ca: the url is not https");
        if (b->tls_pin) mistake_add(&l->m, loader_pos(l, &b->tls_pin, b->pos), "pin: the url is not https");
    }
    if (c->backend_count > UINT16_MAX) mistake_add(&l->m, (struct config_pos){0, 0}, "more than 65535 backends");
}

static void check_detectors(struct loader *l)
{
    const struct config *c = l->c;
    if (c->filters.detector_count > CONFIG_DETECTORS_MAX)
        mistake_add(&l->m, c->filters.detectors[CONFIG_DETECTORS_MAX].http.pos, "detectors: at most %u", CONFIG_DETECTORS_MAX);
    for (size_t i = 0; i < c->filters.detector_count; i++) {
        struct config_detector *d = &c->filters.detectors[i];
        struct config_backend *b = &d->http;
        b->timeouts.connect = d->timeout;
        if (b->url && !b->https && b->tls_ca) mistake_add(&l->m, loader_pos(l, &b->tls_ca, b->pos), "ca: the url is not https");
        if (b->url && !b->https && b->tls_pin)
            mistake_add(&l->m, loader_pos(l, &b->tls_pin, b->pos), "pin: the url is not https");
        if (b->key_passthrough) mistake_add(&l->m, loader_pos(l, &b->key, b->pos), "key: callers' keys are not for detectors");
        for (size_t j = 0; j < i; j++)
            if (same(b->name, c->filters.detectors[j].http.name))
                mistake_add(&l->m, loader_pos(l, &b->name, b->pos), "name: `%s` is used twice: first at line %u", b->name,
                            c->filters.detectors[j].http.pos.line);
    }
}

/* Which of target and split was written: their fields are one, so the file is asked. */
static void check_target_or_split(struct loader *l, size_t i)
{
    yaml_node_t *routes = doc_get(&l->doc, l->doc.root, "routes"), *route = doc_item(&l->doc, routes, i), *t, *s;
    if (!doc_is_map(route)) return;
    t = doc_get(&l->doc, route, "target");
    s = doc_get(&l->doc, route, "split");
    if (t && s) mistake_add(&l->m, doc_pos(s), "split: the route has a `target` already");
    if (!t && !s) mistake_add(&l->m, doc_pos(route), "routes: needs `target` or `split`");
    if (!t && s && doc_is_list(s) && doc_count(s) == 0) mistake_add(&l->m, doc_pos(s), "split: expected at least one target");
}

static void check_routes(struct loader *l)
{
    const struct config *c = l->c;
    for (size_t i = 0; i < c->route_count; i++) {
        const struct config_route *r = &c->routes[i];
        check_target_or_split(l, i);
        if (r->split_count + r->fallback_count > PLAN_MAX)
            mistake_add(&l->m, r->pos, "routes: at most %u targets, `split` and `fallback` together", PLAN_MAX);
        for (size_t j = 0; j < i; j++)
            if (same(r->name, c->routes[j].name))
                mistake_add(&l->m, loader_pos(l, &r->name, r->pos), "name: `%s` is used twice: first at line %u", r->name,
                            c->routes[j].pos.line);
    }
}

static void check_audit(struct loader *l)
{
    struct config *c = l->c;
    if (!doc_get(&l->doc, l->doc.root, "audit") || c->audit.directory) return;
    if (loader_given(l, &c->audit.directory)) return;
    c->audit.directory = loader_copy(l, SLICE("/var/lib/privet/audit"));
}

void config_check(struct loader *l)
{
    check_listeners(l);
    check_clients(l);
    check_policies(l);
    check_dictionaries(l);
    check_detectors(l);
    check_backends(l);
    check_routes(l);
    check_audit(l);
    check_packs(l);
}
