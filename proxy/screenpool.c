/* Threads that take jobs from one queue under one lock. A job is always in exactly one place: in the queue, among those
 * under way (being worked on, or in a worker's inbox), or with the worker it came from. */
#include "proxy/screenpool.h"
#include "filters/detect/engine.h"
#include "filters/screen.h"
#include "proxy/base/log.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#define RETRY_NS 1000000L /* between two tries at a full inbox */

struct hand {
    struct screenpool *pool;
    pthread_t thread;
    struct screener *screener;
    struct detect_scratch *scratch;
    unsigned id;
    bool running;
};

struct screenpool {
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct screenjob *first, **last; /* under the lock, as all that follows */
    struct screenjob *under_way;
    unsigned waiting, queue;
    uint64_t bytes;
    _Atomic bool stopping; /* also read without it */
    struct hand hand[SCREENPOOL_THREADS_MAX];
    unsigned hands;
};

/* ---- the lists, under the lock ---- */

static void push(struct screenpool *p, struct screenjob *j)
{
    j->queued = true;
    j->next = NULL;
    j->prev = p->last;
    *p->last = j;
    p->last = &j->next;
    p->waiting++;
    p->bytes += j->bytes;
}

static void pull(struct screenpool *p, struct screenjob *j)
{
    assert(j->queued && p->waiting);
    *j->prev = j->next;
    if (j->next) j->next->prev = j->prev;
    else p->last = j->prev;
    j->queued = false;
    p->waiting--;
    p->bytes -= j->bytes;
}

static void start(struct screenpool *p, struct screenjob *j)
{
    j->next = p->under_way;
    j->prev = &p->under_way;
    if (j->next) j->next->prev = &j->next;
    p->under_way = j;
}

static void leave(struct screenjob *j)
{
    *j->prev = j->next;
    if (j->next) j->next->prev = j->prev;
}

/* ---- on a worker's thread ---- */

static void on_done(struct worker *w, void *arg)
{
    struct screenjob *j = arg;
    (void)w;
    pthread_mutex_lock(&j->pool->lock);
    leave(j);
    pthread_mutex_unlock(&j->pool->lock);
    if (j->cancelled) /* set on this thread alone */
        j->drop(j);
    else j->done(j);
}

enum err screenpool_submit(struct screenpool *p, struct screenjob *j)
{
    enum err e = ERR_OK;
    j->pool = p;
    j->cancelled = false;
    pthread_mutex_lock(&p->lock);
    if (p->stopping || p->waiting >= p->queue || (p->waiting && p->bytes + j->bytes > SCREENPOOL_BYTES)) {
        e = ERR_OVERLOAD;
    } else {
        push(p, j);
        pthread_cond_signal(&p->work);
    }
    pthread_mutex_unlock(&p->lock);
    return e;
}

void screenpool_cancel(struct screenjob *j)
{
    struct screenpool *p = j->pool;
    pthread_mutex_lock(&p->lock);
    bool queued = j->queued;
    if (queued) pull(p, j);
    pthread_mutex_unlock(&p->lock);
    j->cancelled = true;
    if (queued) j->drop(j);
}

/* ---- on a screening thread ---- */

bool screenjob_unwanted(const struct screenjob *j)
{
    return atomic_load_explicit(&j->cancelled, memory_order_relaxed) ||
           (j->pool && atomic_load_explicit(&j->pool->stopping, memory_order_relaxed));
}

static bool stopping(struct screenpool *p) { return atomic_load(&p->stopping); }

/* A full inbox is a worker behind with its work: it empties it in one go when it comes to it. At the end nobody does,
 * and the job stays among those under way for screenpool_stop. */
static void give_back(struct screenpool *p, struct screenjob *j)
{
    const struct timespec moment = {0, RETRY_NS};
    while (worker_post(j->w, on_done, j) != ERR_OK && !stopping(p)) nanosleep(&moment, NULL);
}

static struct screenjob *next_job(struct screenpool *p)
{
    pthread_mutex_lock(&p->lock);
    while (!p->first && !p->stopping) pthread_cond_wait(&p->work, &p->lock);
    struct screenjob *j = p->stopping ? NULL : p->first;
    if (j) {
        pull(p, j);
        start(p, j);
    }
    pthread_mutex_unlock(&p->lock);
    return j;
}

static void *hand_run(void *arg)
{
    struct hand *h = arg;
    struct screenjob *j;
    char name[16];
    snprintf(name, sizeof name, "privet-s%u", h->id);
    (void)pthread_setname_np(pthread_self(), name);
    while ((j = next_job(h->pool))) {
        j->work(j, h->screener, h->scratch);
        give_back(h->pool, j);
    }
    mem_blocks_trim();
    return NULL;
}

/* ---- its life ---- */

static bool hand_start(struct screenpool *p, unsigned i)
{
    struct hand *h = &p->hand[i];
    sigset_t all, before;
    h->pool = p;
    h->id = i;
    p->hands = i + 1;
    h->screener = screener_new();
    h->scratch = detect_scratch_new();
    if (!h->screener || !h->scratch) return false;
    sigfillset(&all); /* signals are the main thread's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    h->running = pthread_create(&h->thread, NULL, hand_run, h) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return h->running;
}

struct screenpool *screenpool_start(unsigned threads, unsigned queue)
{
    struct screenpool *p = mem_zalloc(sizeof *p);
    if (!p) return NULL;
    p->last = &p->first;
    p->queue = queue;
    pthread_mutex_init(&p->lock, NULL); /* neither fails with the standard attributes */
    pthread_cond_init(&p->work, NULL);
    if (threads < 1) threads = 1;
    if (threads > SCREENPOOL_THREADS_MAX) threads = SCREENPOOL_THREADS_MAX;
    for (unsigned i = 0; i < threads; i++)
        if (!hand_start(p, i)) {
            if (!screenpool_stop(p, UINT32_MAX)) log_event(LOG_ERROR, "screening_stuck");
            return NULL;
        }
    return p;
}

static bool join_all(struct screenpool *p, unsigned ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(ms / 1000) + 1;
    for (unsigned i = 0; i < p->hands; i++) {
        struct hand *h = &p->hand[i];
        if (h->running && pthread_timedjoin_np(h->thread, NULL, &until) != 0) return false;
        h->running = false;
    }
    return true;
}

bool screenpool_stop(struct screenpool *p, unsigned ms)
{
    struct screenjob *j;
    if (!p) return true;
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    if (!join_all(p, ms)) return false;
    while ((j = p->first)) {
        pull(p, j);
        j->drop(j);
    }
    while ((j = p->under_way)) {
        leave(j);
        j->drop(j);
    }
    for (unsigned i = 0; i < p->hands; i++) {
        screener_free(p->hand[i].screener);
        detect_scratch_free(p->hand[i].scratch);
    }
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->lock);
    mem_free(p);
    return true;
}
