/* A worker: one thread with one event_base (NOLOCK), its own listeners (SO_REUSEPORT), resolver, upstream pools,
 * journal segment, metrics and detection scratch. Workers share nothing that is written on the hot path.
 * Other threads reach a worker only by its inbox: a function and an argument, woken by an eventfd. */
#ifndef PRIVET_WORKER_H
#define PRIVET_WORKER_H

#include "proxy/base/err.h"
#include "proxy/base/mem.h"

#include <event2/event.h>
#include <pthread.h>

struct evdns_base;
struct snapshot;
struct journal;
struct metrics;
struct upstreams;
struct detect_scratch;
struct screener;
struct screenpool;
struct server;
struct conn;
struct warm;
struct soon;

struct worker {
    unsigned id;
    pthread_t thread;
    struct server *server;
    struct event_base *base;
    struct evdns_base *dns;         /* made at first use by resolver.c */
    void *resolver_cache;           /* resolver.c's own */
    struct snapshot *snapshot;      /* the current one; an exchange takes its own reference */
    struct journal *journal;        /* this worker's; NULL where audit is off (tests) */
    struct metrics *metrics;        /* this worker's own counters */
    struct upstreams *upstreams;    /* idle connections by target: route/upstream.c */
    struct detect_scratch *scratch; /* filters/detect */
    struct screener *screener;      /* filters/screen.h */
    struct screenpool *pool;        /* screens large bodies: screenpool.h; shared. NULL: there is none (tests) */
    uint64_t dice;                  /* state of a small generator, for weights and ids; never 0 */
    uint64_t outcome_lost_said;     /* when it was last logged that a record could not be written: once a second */
    size_t exchanges;               /* requests being served */
    size_t connections;             /* client connections open */
    bool draining;                  /* no new requests; keep-alive ends */
    struct conn *lingering;         /* connections that write their rest and go: net/conn.c */
    struct warm *warm;              /* TLS connections that were busy just now: net/conn.c */
    struct soon *soon;              /* connections with something to write in this turn: net/conn.c */
    struct inbox *inbox;
};

/* Runs fn(w, arg) on the worker's thread, soon. Thread-safe. ERR_LIMIT if WORKER_INBOX_MAX wait. */
#define WORKER_INBOX_MAX 1024
enum err worker_post(struct worker *w, void (*fn)(struct worker *w, void *arg), void *arg) MUST_CHECK;

/* Makes what a worker needs besides its thread, on the calling thread: for server.c and for tests. */
enum err worker_init(struct worker *w, unsigned id) MUST_CHECK;
void worker_fini(struct worker *w);

#endif
