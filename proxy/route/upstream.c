/* The pool of kept-alive upstream connections and the making of new ones.
 * States of a request for a new one: RESOLVING -> CONNECTING (each address in turn) -> done.
 * The answer always comes from the event loop, never from inside upstream_get. */
#include "proxy/route/upstream.h"
#include "proxy/base/clock.h"
#include "proxy/net/resolver.h"
#include "proxy/worker.h"

#include <assert.h>
#include <sys/socket.h>
#include <unistd.h>

#define IDLE_MS         60000u
#define CONNECT_MS      5000u
#define IDLE_PER_WORKER 1024u
#define UP_IN_MAX       (256u * 1024)
#define UP_OUT_MAX      (3u * 1024 * 1024)

struct idle {
    struct idle *next, **prev;
    struct conn *conn;
    struct upstreams *pool;
    uint64_t key;
};

#define SPARES_MAX 64u

struct upstreams {
    struct idle *first;
    size_t count;
    struct idle *spare[SPARES_MAX]; /* places of connections that were taken */
    unsigned spares;
};

static struct idle *idle_get(struct upstreams *u) { return u->spares ? u->spare[--u->spares] : mem_alloc(sizeof(struct idle)); }

static void idle_put(struct upstreams *u, struct idle *i)
{
    if (u->spares < SPARES_MAX) u->spare[u->spares++] = i;
    else mem_free(i);
}

static void idle_drop(struct idle *i)
{
    *i->prev = i->next;
    if (i->next) i->next->prev = i->prev;
    i->pool->count--;
    conn_free(i->conn);
    idle_put(i->pool, i);
}

/* Anything that happens to an idle connection means that it is of no use: data nobody asked for, an end, a timeout. */
static void idle_data(void *arg) { idle_drop(arg); }
static void idle_end(void *arg, enum conn_end why)
{
    (void)why;
    idle_drop(arg);
}
static const struct conn_ops idle_ops = {NULL, idle_data, idle_end, NULL};

struct upstreams *upstreams_new(void) { return mem_zalloc(sizeof(struct upstreams)); }

void upstreams_free(struct upstreams *u)
{
    if (!u) return;
    while (u->first) idle_drop(u->first);
    while (u->spares) mem_free(u->spare[--u->spares]);
    mem_free(u);
}

void upstream_put(struct worker *w, struct backend *b, struct conn *c)
{
    struct upstreams *u = w->upstreams;
    struct idle *i = u && u->count < IDLE_PER_WORKER && conn_is_open(c) && !conn_at_eof(c) && conn_in(c).n == 0 ? idle_get(u)
                                                                                                                : NULL;
    if (!i) {
        conn_free(c);
        return;
    }
    i->conn = c;
    i->pool = u;
    i->key = b->pool_key;
    i->next = u->first;
    i->prev = &u->first;
    if (u->first) u->first->prev = &i->next;
    u->first = i;
    u->count++;
    conn_set_owner(c, &idle_ops, i);
    conn_deadline(c, IDLE_MS);
    conn_resume(c);
    /* The backend's own limit: the oldest of the same key goes. */
    size_t same = 0;
    if (u->count <= b->config->connections) return;
    for (struct idle *k = u->first, *next; k; k = next) {
        next = k->next;
        if (k->key == b->pool_key && ++same > b->config->connections) idle_drop(k);
    }
}

struct conn *upstream_take(struct worker *w, const struct backend *b)
{
    struct upstreams *u = w->upstreams;
    if (!u) return NULL;
    for (struct idle *i = u->first; i; i = i->next) {
        if (i->key != b->pool_key) continue;
        struct conn *c = i->conn;
        *i->prev = i->next;
        if (i->next) i->next->prev = i->prev;
        u->count--;
        idle_put(u, i);
        return c;
    }
    return NULL;
}

struct upstream_req {
    struct worker *w;
    struct backend *b;
    upstream_cb cb;
    void *arg;
    struct event *later; /* gives an answer from the loop; also the connect limit */
    struct resolver_req *resolving;
    struct resolved addrs;
    size_t next_addr;
    struct conn *conn;
    enum err err;
    uint64_t give_up; /* mono ns */
};

static void req_free(struct upstream_req *r)
{
    if (r->later) event_free(r->later);
    mem_free(r);
}

static void answer(struct upstream_req *r, enum err e)
{
    upstream_cb cb = r->cb;
    void *arg = r->arg;
    struct conn *c = r->conn;
    if (c) conn_deadline(c, 0);
    req_free(r);
    cb(arg, e, c);
}

/* From the loop: an answer is ready, or the connect limit has passed. */
static void on_later(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct upstream_req *r = arg;
    if (r->conn && r->err == ERR_OK && conn_is_open(r->conn)) {
        answer(r, ERR_OK);
        return;
    }
    if (r->conn) conn_free(r->conn);
    r->conn = NULL;
    if (r->resolving) resolver_cancel(r->resolving);
    r->resolving = NULL;
    answer(r, r->err ? r->err : ERR_UP_CONNECT);
}

static void answer_later(struct upstream_req *r, enum err e)
{
    struct timeval now = {0, 0};
    r->err = e;
    /* A failure to add the timer would hang the request; the loop's allocator has then failed for everybody. */
    if (evtimer_add(r->later, &now) != 0) event_active(r->later, EV_TIMEOUT, 1);
}

static void connect_next(struct upstream_req *r);

static void up_open(void *arg)
{
    struct upstream_req *r = arg;
    answer(r, ERR_OK);
}
static void up_data(void *arg) { (void)arg; /* a server that speaks first: the exchange sees the bytes and refuses */ }
static void up_end(void *arg, enum conn_end why)
{
    struct upstream_req *r = arg;
    conn_free(r->conn);
    r->conn = NULL;
    r->err = why == CONN_TLS_VERIFY ? ERR_UP_TLS : ERR_UP_CONNECT;
    connect_next(r);
}
static const struct conn_ops connecting_ops = {up_open, up_data, up_end, NULL};
static const struct conn_limits up_limits = {UP_IN_MAX, UP_OUT_MAX};

static void connect_next(struct upstream_req *r)
{
    while (r->next_addr < r->addrs.count) {
        size_t k = r->next_addr++;
        r->conn = conn_connect(r->w, (struct sockaddr *)&r->addrs.addr[k], r->addrs.len[k], r->b->tls, r->b->config->host,
                               up_limits, &connecting_ops, r);
        if (!r->conn) continue;
        /* Each address gets its share of the connect limit, so that one black hole does not eat it all. */
        size_t left = r->addrs.count - k;
        uint64_t now = clock_mono_ns(), ms = r->give_up > now ? (r->give_up - now) / MS_NS : 1;
        if (left > 1) conn_deadline(r->conn, (unsigned)(ms / left + 1));
        return;
    }
    answer_later(r, r->err ? r->err : ERR_UP_CONNECT);
}

static void on_resolved(void *arg, enum err e, const struct resolved *addrs)
{
    struct upstream_req *r = arg;
    r->resolving = NULL;
    if (e) {
        answer_later(r, ERR_UP_CONNECT);
        return;
    }
    r->addrs = *addrs;
    connect_next(r);
}

static void start_echo(struct upstream_req *r)
{
    int fd[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd) != 0) {
        answer_later(r, ERR_UP_CONNECT);
        return;
    }
    r->conn = conn_adopt(r->w, fd[0], up_limits, &connecting_ops, r);
    if (!r->conn) { /* conn_adopt closed fd[0] */
        close(fd[1]);
        answer_later(r, ERR_UP_CONNECT);
        return;
    }
    if (echo_serve(r->w, fd[1]) != ERR_OK) {
        conn_free(r->conn);
        r->conn = NULL;
        answer_later(r, ERR_UP_CONNECT);
        return;
    }
    answer_later(r, ERR_OK);
}

struct upstream_req *upstream_get(struct worker *w, struct backend *b, uint64_t until, upstream_cb cb, void *arg)
{
    struct upstream_req *r = mem_zalloc(sizeof *r);
    if (!r) return NULL;
    *r = (struct upstream_req){.w = w, .b = b, .cb = cb, .arg = arg};
    r->later = evtimer_new(w->base, on_later, r);
    if (!r->later) {
        mem_free(r);
        return NULL;
    }
    if (b->config->builtin_echo) {
        start_echo(r);
        return r;
    }
    uint64_t now = clock_mono_ns(), ns = (b->config->timeouts.connect ? b->config->timeouts.connect : CONNECT_MS) * MS_NS;
    if (until && until < now + ns) ns = until > now ? until - now : 0;
    struct timeval limit = {(time_t)(ns / S_NS), (suseconds_t)(ns % S_NS / 1000)};
    r->give_up = now + ns;
    if (evtimer_add(r->later, &limit) != 0) {
        answer_later(r, ERR_UP_CONNECT);
        return r;
    }
    r->resolving = resolver_get(w, b->config->host, b->config->port, on_resolved, r);
    return r;
}

void upstream_cancel(struct upstream_req *r)
{
    if (r->resolving) resolver_cancel(r->resolving);
    if (r->conn) conn_free(r->conn);
    req_free(r);
}
