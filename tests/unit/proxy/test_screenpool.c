/* The screening threads: jobs come back to their worker, a full queue refuses, cancelled jobs are dropped and never done,
 * and whatever is left at the end is dropped once. */
#include "proxy/screenpool.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <semaphore.h>

#define JOBS 600u

struct test_job {
    struct screenjob job;
    pthread_t worked_by;
    bool waits, endless; /* endless: works until nobody wants it */
};

static struct worker w;
static struct screenpool *pool;
static sem_t gate, begun;
static _Atomic unsigned worked, dropped;
static unsigned done, wanted;

static struct test_job *of(struct screenjob *j) { return (struct test_job *)(void *)j; }

static void work(struct screenjob *j, struct screener *s, struct detect_scratch *scratch)
{
    struct test_job *t = of(j);
    if (!s || !scratch) return; /* counted as not worked */
    t->worked_by = pthread_self();
    worked++;
    if (t->endless) sem_post(&begun);
    while (t->endless && !screenjob_unwanted(j)) sched_yield();
    if (!t->waits) return;
    sem_post(&begun);
    while (sem_wait(&gate) != 0) {
    }
}

static void on_done(struct screenjob *j)
{
    assert_false(pthread_equal(of(j)->worked_by, pthread_self()));
    mem_free(j);
    if (++done == wanted) event_base_loopbreak(w.base);
}

static void on_drop(struct screenjob *j)
{
    dropped++;
    mem_free(j);
}

static struct test_job *job(bool waits)
{
    struct test_job *t = mem_zalloc(sizeof *t);
    assert_non_null(t);
    t->job = (struct screenjob){.w = &w, .bytes = 10, .work = work, .done = on_done, .drop = on_drop};
    t->waits = waits;
    return t;
}

static int setup(void **state)
{
    (void)state;
    pool = NULL;
    worked = dropped = 0;
    done = wanted = 0;
    sem_init(&gate, 0, 0);
    sem_init(&begun, 0, 0);
    return worker_init(&w, 1) != ERR_OK;
}

static int teardown(void **state)
{
    (void)state;
    worker_fini(&w);
    sem_destroy(&gate);
    sem_destroy(&begun);
    return 0;
}

static void jobs_come_back(void **state)
{
    (void)state;
    pool = screenpool_start(4, JOBS);
    assert_non_null(pool);
    wanted = JOBS;
    for (unsigned i = 0; i < JOBS; i++) assert_int_equal(screenpool_submit(pool, &job(false)->job), ERR_OK);
    event_base_loop(w.base, EVLOOP_NO_EXIT_ON_EMPTY);
    assert_int_equal(done, JOBS);
    assert_int_equal(worked, JOBS);
    assert_true(screenpool_stop(pool, 10000));
    assert_int_equal(dropped, 0);
}

/* One job under way and `queue` more: the next is refused, and goes in again once there is room. */
static void a_full_queue_refuses(void **state)
{
    (void)state;
    pool = screenpool_start(1, 2);
    assert_non_null(pool);
    assert_int_equal(screenpool_submit(pool, &job(true)->job), ERR_OK);
    while (sem_wait(&begun) != 0) {
    }
    assert_int_equal(screenpool_submit(pool, &job(false)->job), ERR_OK);
    assert_int_equal(screenpool_submit(pool, &job(false)->job), ERR_OK);
    struct test_job *more = job(false);
    assert_int_equal(screenpool_submit(pool, &more->job), ERR_OVERLOAD);
    wanted = 3;
    sem_post(&gate);
    event_base_loop(w.base, EVLOOP_NO_EXIT_ON_EMPTY);
    assert_int_equal(screenpool_submit(pool, &more->job), ERR_OK);
    wanted = 4;
    event_base_loop(w.base, EVLOOP_NO_EXIT_ON_EMPTY);
    assert_int_equal(done, 4);
    assert_true(screenpool_stop(pool, 10000));
}

/* Bytes are bounded too, but one job alone is never too heavy. */
static void a_heavy_queue_refuses(void **state)
{
    (void)state;
    pool = screenpool_start(1, 10);
    assert_non_null(pool);
    assert_int_equal(screenpool_submit(pool, &job(true)->job), ERR_OK);
    while (sem_wait(&begun) != 0) {
    }
    struct test_job *heavy = job(false), *light = job(false);
    heavy->job.bytes = (size_t)SCREENPOOL_BYTES + 1;
    assert_int_equal(screenpool_submit(pool, &heavy->job), ERR_OK);
    assert_int_equal(screenpool_submit(pool, &light->job), ERR_OVERLOAD);
    wanted = 2;
    sem_post(&gate);
    event_base_loop(w.base, EVLOOP_NO_EXIT_ON_EMPTY);
    assert_int_equal(screenpool_submit(pool, &light->job), ERR_OK);
    wanted = 3;
    event_base_loop(w.base, EVLOOP_NO_EXIT_ON_EMPTY);
    assert_true(screenpool_stop(pool, 10000));
}

static void cancelled_jobs_are_dropped(void **state)
{
    (void)state;
    pool = screenpool_start(1, 10);
    assert_non_null(pool);
    struct test_job *under_way = job(true), *first = job(false), *middle = job(false), *last = job(false);
    assert_int_equal(screenpool_submit(pool, &under_way->job), ERR_OK);
    while (sem_wait(&begun) != 0) {
    }
    assert_int_equal(screenpool_submit(pool, &first->job), ERR_OK);
    assert_int_equal(screenpool_submit(pool, &middle->job), ERR_OK);
    assert_int_equal(screenpool_submit(pool, &last->job), ERR_OK);
    screenpool_cancel(&middle->job);
    assert_int_equal(dropped, 1); /* it waited: at once */
    screenpool_cancel(&last->job);
    assert_int_equal(dropped, 2);
    screenpool_cancel(&under_way->job);
    assert_int_equal(dropped, 2);                                        /* a thread has it */
    assert_int_equal(screenpool_submit(pool, &job(false)->job), ERR_OK); /* the queue's end is right */
    wanted = 2;
    sem_post(&gate);
    event_base_loop(w.base, EVLOOP_NO_EXIT_ON_EMPTY);
    assert_int_equal(dropped, 3);
    assert_int_equal(done, 2);
    assert_true(screenpool_stop(pool, 10000));
    assert_int_equal(dropped, 3);
}

/* Waiting, under way, and in the inbox of a worker whose loop has ended: each is dropped once. */
static void the_end_drops_what_is_left(void **state)
{
    (void)state;
    pool = screenpool_start(1, 10);
    assert_non_null(pool);
    assert_int_equal(screenpool_submit(pool, &job(false)->job), ERR_OK);
    assert_int_equal(screenpool_submit(pool, &job(true)->job), ERR_OK);
    while (sem_wait(&begun) != 0) {
    } /* the first is in the inbox now */
    assert_int_equal(screenpool_submit(pool, &job(false)->job), ERR_OK);
    assert_false(screenpool_stop(pool, 0)); /* a thread is still at work: nothing is taken from it */
    assert_int_equal(dropped, 0);
    struct test_job *late = job(false);
    assert_int_equal(screenpool_submit(pool, &late->job), ERR_OVERLOAD);
    mem_free(late);
    sem_post(&gate);
    assert_true(screenpool_stop(pool, 10000));
    assert_int_equal(dropped, 3);
    assert_int_equal(worked, 2);
    assert_int_equal(done, 0);
}

/* Work that would never end does where its job is cancelled, or all of them are over. */
static void what_nobody_wants_ends(void **state)
{
    (void)state;
    pool = screenpool_start(2, 10);
    assert_non_null(pool);
    struct test_job *cancelled = job(false), *left = job(false);
    cancelled->endless = left->endless = true;
    assert_int_equal(screenpool_submit(pool, &cancelled->job), ERR_OK);
    assert_int_equal(screenpool_submit(pool, &left->job), ERR_OK);
    for (int i = 0; i < 2; i++)
        while (sem_wait(&begun) != 0) {
        }
    screenpool_cancel(&cancelled->job);
    assert_int_equal(screenpool_submit(pool, &job(false)->job), ERR_OK); /* a thread is free for it */
    wanted = 1;
    event_base_loop(w.base, EVLOOP_NO_EXIT_ON_EMPTY);
    assert_true(screenpool_stop(pool, 10000));
    assert_int_equal(dropped, 2);
}

/* A worker behind with its inbox gets everything in the end. */
static void nop(struct worker *x, void *arg) { (void)x, (void)arg; }

static void a_full_inbox_only_delays(void **state)
{
    (void)state;
    pool = screenpool_start(2, 10);
    assert_non_null(pool);
    for (unsigned i = 0; i < WORKER_INBOX_MAX; i++) assert_int_equal(worker_post(&w, nop, NULL), ERR_OK);
    for (unsigned i = 0; i < 5; i++) assert_int_equal(screenpool_submit(pool, &job(false)->job), ERR_OK);
    while (worked < 2) sched_yield(); /* both threads stand before the full inbox */
    wanted = 5;
    event_base_loop(w.base, EVLOOP_NO_EXIT_ON_EMPTY);
    assert_int_equal(done, 5);
    assert_true(screenpool_stop(pool, 10000));
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        T(jobs_come_back),
        T(a_full_queue_refuses),
        T(a_heavy_queue_refuses),
        T(cancelled_jobs_are_dropped),
        T(the_end_drops_what_is_left),
        T(what_nobody_wants_ends),
        T(a_full_inbox_only_delays),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
