/* The screening threads: bodies that would hold a worker's loop for more than about half a millisecond are screened
 * here, beside it. A job goes in from a worker, is worked on by one thread with a screener and a scratch of its own,
 * and comes back to the same worker by its inbox. The queue is bounded in jobs and in bytes. */
#ifndef PRIVET_SCREENPOOL_H
#define PRIVET_SCREENPOOL_H

#include "proxy/base/err.h"
#include "proxy/base/mem.h"
#include "proxy/worker.h"

#include <stdatomic.h>

#define SCREENPOOL_THREADS_MAX 8u
#define SCREENPOOL_QUEUE       256u            /* jobs that wait */
#define SCREENPOOL_BYTES       (1024ull << 20) /* ... and bytes of them */

struct screenpool;

/* The first member of what a caller submits. The job owns all that `work` touches: whoever asked for it may be gone. */
struct screenjob {
    struct worker *w; /* where `done` runs */
    size_t bytes;     /* what it weighs in the queue */
    /* On a screening thread. */
    void (*work)(struct screenjob *j, struct screener *s, struct detect_scratch *scratch);
    /* On the worker's thread, behind `work`, unless it was cancelled. The job is the caller's again. */
    void (*done)(struct screenjob *j);
    /* Frees a job that nobody waits for, on any thread; `work` may not have run. */
    void (*drop)(struct screenjob *j);
    /* The pool's own. */
    struct screenpool *pool;
    struct screenjob *next, **prev; /* in the queue, or among those under way */
    bool queued;
    _Atomic bool cancelled;
};

/* NULL if memory is out or a thread cannot be started. `queue`: SCREENPOOL_QUEUE, or less in tests. */
struct screenpool *screenpool_start(unsigned threads, unsigned queue) MUST_CHECK;
/* Lets the threads end what they have in hand, drops every other job, frees. The workers' loops must have ended; their
 * inboxes must not be emptied afterwards. False, with nothing freed: a thread did not end within `ms`. */
bool screenpool_stop(struct screenpool *p, unsigned ms) MUST_CHECK;

/* Takes the job over. ERR_OVERLOAD if the queue is full: the job is still the caller's. */
enum err screenpool_submit(struct screenpool *p, struct screenjob *j) MUST_CHECK;
/* On the job's worker: nobody waits for it any more. It is dropped now or when its work is over. */
void screenpool_cancel(struct screenjob *j);

/* For `work`, now and then: nobody waits for the job any more, or the pool is to stop. */
bool screenjob_unwanted(const struct screenjob *j);

#endif
