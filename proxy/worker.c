/* What a worker is made of, and its inbox: the only door through which other threads reach it.
 * A post is a slot in a ring under a mutex and a write to an eventfd; nothing of it is on the way of a request. */
#include "proxy/worker.h"
#include "filters/detect/engine.h"
#include "filters/screen.h"
#include "proxy/audit/metrics.h"
#include "proxy/net/conn.h"
#include "proxy/net/resolver.h"
#include "proxy/route/upstream.h"

#include <event2/event_struct.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

struct letter {
    void (*fn)(struct worker *w, void *arg);
    void *arg;
};

struct inbox {
    pthread_mutex_t lock;
    int fd;
    struct event ev;
    unsigned first, count; /* under the lock, as is the ring */
    struct letter ring[WORKER_INBOX_MAX];
};

enum err worker_post(struct worker *w, void (*fn)(struct worker *w, void *arg), void *arg)
{
    struct inbox *in = w->inbox;
    const uint64_t one = 1;
    pthread_mutex_lock(&in->lock);
    bool room = in->count < WORKER_INBOX_MAX;
    if (room) in->ring[(in->first + in->count++) % WORKER_INBOX_MAX] = (struct letter){fn, arg};
    bool wake = in->count == 1;
    pthread_mutex_unlock(&in->lock);
    if (!room) return ERR_LIMIT;
    /* Only the first of several wakes: the worker empties the ring. The counter cannot be full, so this cannot fail. */
    if (wake && write(in->fd, &one, sizeof one) != sizeof one) return ERR_IO;
    return ERR_OK;
}

static bool take(struct inbox *in, struct letter *out)
{
    pthread_mutex_lock(&in->lock);
    bool any = in->count > 0;
    if (any) {
        *out = in->ring[in->first];
        in->first = (in->first + 1) % WORKER_INBOX_MAX;
        in->count--;
    }
    pthread_mutex_unlock(&in->lock);
    return any;
}

static void on_inbox(evutil_socket_t fd, short what, void *arg)
{
    struct worker *w = arg;
    struct letter l;
    uint64_t n;
    (void)what;
    if (read((int)fd, &n, sizeof n) != sizeof n) return; /* woken for nothing */
    while (take(w->inbox, &l)) l.fn(w, l.arg);
}

static enum err inbox_make(struct worker *w)
{
    struct inbox *in = mem_zalloc(sizeof *in);
    if (!in) return ERR_MEMORY;
    w->inbox = in;
    in->fd = -1;
    if (pthread_mutex_init(&in->lock, NULL) != 0) return ERR_MEMORY;
    in->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (in->fd < 0) return ERR_IO;
    if (event_assign(&in->ev, w->base, in->fd, EV_READ | EV_PERSIST, on_inbox, w) != 0 || event_add(&in->ev, NULL) != 0)
        return ERR_IO;
    return ERR_OK;
}

static void inbox_free(struct worker *w)
{
    struct inbox *in = w->inbox;
    if (!in) return;
    if (in->fd >= 0) {
        if (event_initialized(&in->ev)) event_del(&in->ev);
        close(in->fd);
    }
    pthread_mutex_destroy(&in->lock);
    mem_free(in);
    w->inbox = NULL;
}

static struct event_base *base_make(void)
{
    struct event_config *cfg = event_config_new();
    struct event_base *b = NULL;
    if (!cfg) return NULL;
    /* One thread owns it; others use the inbox. conn.c rests on edges, which epoll has. */
    if (event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK) == 0 && event_config_require_features(cfg, EV_FEATURE_ET) == 0)
        b = event_base_new_with_config(cfg);
    event_config_free(cfg);
    return b;
}

enum err worker_init(struct worker *w, unsigned id)
{
    *w = (struct worker){.id = id};
    enum err e = ERR_MEMORY;
    if (getrandom(&w->dice, sizeof w->dice, 0) != sizeof w->dice || w->dice == 0) w->dice = id + 1;
    w->base = base_make();
    if (!w->base) goto failed;
    e = inbox_make(w);
    if (e) goto failed;
    e = ERR_MEMORY;
    w->metrics = mem_zalloc(sizeof *w->metrics);
    w->upstreams = upstreams_new();
    w->scratch = detect_scratch_new();
    w->screener = screener_new();
    if (w->metrics && w->upstreams && w->scratch && w->screener) return ERR_OK;
failed:
    worker_fini(w);
    return e;
}

void worker_fini(struct worker *w)
{
    inbox_free(w); /* first: what letters point to may be gone */
    upstreams_free(w->upstreams);
    /* The built-in model's ends of kept connections see that these are closed, and free themselves. */
    if (w->base) event_base_loop(w->base, EVLOOP_NONBLOCK);
    conn_fini(w);
    if (w->base) resolver_fini(w);
    screener_free(w->screener);
    detect_scratch_free(w->scratch);
    mem_free(w->metrics);
    if (w->base) event_base_free(w->base);
    *w = (struct worker){.id = w->id};
}
