/* Accepting connections: in bounded turns, with a pause where descriptors or the connection limit run out.
 *
 * Out of descriptors: a level-triggered listener would spin, so it sleeps for PAUSE_MS, after a spare descriptor has been
 * used to accept and close a few of those who wait: they learn at once what a full backlog would tell them late. */
#include "proxy/listen.h"
#include "proxy/audit/metrics.h"
#include "proxy/base/clock.h"
#include "proxy/base/log.h"
#include "proxy/exchange.h"
#include "proxy/net/bind.h"
#include "proxy/snapshot.h"

#include <assert.h>
#include <errno.h>
#include <event2/event_struct.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPT_TURN 64 /* accepted in one turn of the loop; then the others have theirs */
#define STOP_TURNS  64 /* ... times ACCEPT_TURN are taken at the end */
#define PAUSE_MS    100
#define SHED_MAX    8 /* closed with the spare descriptor in each pause */

struct listener {
    struct listeners *all;
    size_t index; /* in the configuration, and of snapshot.listener_tls */
    int fd;
    struct event ev;
};

struct listeners {
    struct listen_shared *shared;
    struct worker *w;
    struct event resume_ev;
    bool paused;
    int spare; /* a descriptor kept for the day when there is none */
    size_t count;
    struct listener l[];
};

enum err listeners_bind(const struct config *c, uint16_t *ports, struct listen_shared *shared, struct listeners **out,
                        const char **what, const char **why)
{
    struct listeners *l = mem_zalloc(sizeof *l + c->listener_count * sizeof l->l[0]);
    *out = NULL;
    *what = "";
    *why = "out of memory";
    if (!l) return ERR_MEMORY;
    l->shared = shared;
    l->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    for (size_t i = 0; i < c->listener_count; i++) {
        struct listener *x = &l->l[i];
        *what = c->listeners[i].address;
        x->all = l;
        x->index = i;
        x->fd = bind_listen(c->listeners[i].host, &ports[i], true, why);
        if (x->fd < 0) {
            listeners_free(l);
            return ERR_IO;
        }
        l->count++;
    }
    *out = l;
    return ERR_OK;
}

/* ---- accepting ---- */

static void warn(struct listeners *l, const char *reason)
{
    uint64_t now = clock_mono_ns() / S_NS, last = atomic_load_explicit(&l->shared->warned, memory_order_relaxed);
    if (now == last || !atomic_compare_exchange_strong(&l->shared->warned, &last, now)) return; /* a line a second */
    log_event(LOG_WARN, "connections_refused", LOG_NAME("reason", reason));
}

static void pause_accepting(struct listeners *l)
{
    struct timeval tv = {.tv_usec = PAUSE_MS * 1000};
    for (size_t i = 0; i < l->count; i++) event_del(&l->l[i].ev);
    l->paused = true;
    if (event_add(&l->resume_ev, &tv) != 0) log_event(LOG_ERROR, "accepting_stopped");
}

static void resume_accepting(struct listeners *l)
{
    l->paused = false;
    for (size_t i = 0; i < l->count; i++)
        if (event_add(&l->l[i].ev, NULL) != 0) {
            pause_accepting(l);
            return;
        }
}

/* All workers' connections against the one limit. Their counters are what metrics show; a moment late is no harm. */
static bool at_limit(const struct listeners *l)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < l->shared->worker_count; i++)
        n += atomic_load_explicit(&l->shared->workers[i]->metrics->v[M_CONNECTIONS_OPEN], memory_order_relaxed);
    return n >= l->w->snapshot->config->limits.connections;
}

static void shed(struct listener *x)
{
    struct listeners *l = x->all;
    for (int i = 0; i < SHED_MAX && l->spare >= 0; i++) {
        close(l->spare);
        int fd = accept4(x->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) close(fd);
        l->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (fd < 0) break;
    }
    if (l->spare < 0) l->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* False when there is nothing more to take now. */
static bool accept_one(struct listener *x)
{
    struct listeners *l = x->all;
    if (at_limit(l)) {
        warn(l, "limits.connections");
        pause_accepting(l);
        return false;
    }
    int fd = accept4(x->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        exchange_accept(l->w, fd, l->w->snapshot->listener_tls[x->index]);
        return true;
    }
    switch (errno) {
    case EAGAIN: return false;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        warn(l, strerrordesc_np(errno));
        shed(x);
        pause_accepting(l);
        return false;
    default: /* this connection's own failure: accept(2) says to take the next */ return true;
    }
}

static void on_accept(evutil_socket_t fd, short what, void *arg)
{
    struct listener *x = arg;
    (void)fd, (void)what;
    for (int i = 0; i < ACCEPT_TURN && accept_one(x); i++) continue;
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    resume_accepting(arg);
}

enum err listeners_start(struct listeners *l, struct worker *w)
{
    l->w = w;
    if (event_assign(&l->resume_ev, w->base, -1, 0, on_resume, l) != 0) return ERR_INTERNAL;
    for (size_t i = 0; i < l->count; i++) {
        struct listener *x = &l->l[i];
        if (event_assign(&x->ev, w->base, x->fd, EV_READ | EV_PERSIST, on_accept, x) != 0) return ERR_INTERNAL;
    }
    for (size_t i = 0; i < l->count; i++)
        if (event_add(&l->l[i].ev, NULL) != 0) return ERR_IO;
    return ERR_OK;
}

void listeners_stop(struct listeners *l)
{
    for (size_t i = 0; i < l->count && l->w; i++) {
        struct listener *x = &l->l[i];
        /* They have connected: closing now would reset them. */
        for (int n = 0; n < ACCEPT_TURN * STOP_TURNS && !l->paused && accept_one(x); n++) continue;
    }
    for (size_t i = 0; i < l->count; i++) {
        if (l->w) event_del(&l->l[i].ev);
        close(l->l[i].fd);
    }
    if (l->w) event_del(&l->resume_ev);
    l->count = 0;
    l->w = NULL; /* its base may be gone when we are called again */
}

void listeners_free(struct listeners *l)
{
    if (!l) return;
    listeners_stop(l);
    if (l->spare >= 0) close(l->spare);
    mem_free(l);
}
