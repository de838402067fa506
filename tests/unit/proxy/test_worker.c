/* A worker's inbox: order, wake-ups from other threads, its limit, and what a worker is made of. */
#include "proxy/worker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sched.h>
#include <stdint.h>
#include <cmocka.h>

static struct worker w;
static unsigned seen[WORKER_INBOX_MAX + 8];
static unsigned count;

static int setup(void **state)
{
    (void)state;
    count = 0;
    return worker_init(&w, 7) != ERR_OK;
}

static int teardown(void **state)
{
    (void)state;
    worker_fini(&w);
    return 0;
}

static void note(struct worker *x, void *arg)
{
    assert_ptr_equal(x, &w);
    seen[count++] = (unsigned)(uintptr_t)arg;
}

static void finish(struct worker *x, void *arg)
{
    (void)arg;
    event_base_loopbreak(x->base);
}

static void has_its_parts(void **state)
{
    (void)state;
    assert_int_equal(w.id, 7);
    assert_non_null(w.base);
    assert_non_null(w.metrics);
    assert_non_null(w.upstreams);
    assert_non_null(w.scratch);
    assert_non_null(w.screener);
    assert_true(w.dice != 0);
    assert_null(w.journal);
}

static void keeps_order_and_limit(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 3; round++) { /* the ring turns over */
        count = 0;
        for (uintptr_t i = 0; i < WORKER_INBOX_MAX; i++) assert_int_equal(worker_post(&w, note, (void *)i), ERR_OK);
        assert_int_equal(worker_post(&w, note, NULL), ERR_LIMIT);
        assert_int_equal(count, 0); /* nothing runs inside a post */
        event_base_loop(w.base, EVLOOP_NONBLOCK);
        assert_int_equal(count, WORKER_INBOX_MAX);
        for (unsigned i = 0; i < count; i++) assert_int_equal(seen[i], i);
        count = 0;
        for (uintptr_t i = 0; i < 100; i++) assert_int_equal(worker_post(&w, note, (void *)(i + 5)), ERR_OK);
        event_base_loop(w.base, EVLOOP_NONBLOCK);
        assert_int_equal(count, 100);
        assert_int_equal(seen[99], 104);
    }
}

static void post_again(struct worker *x, void *arg)
{
    uintptr_t left = (uintptr_t)arg;
    count++;
    if (left && worker_post(x, post_again, (void *)(left - 1)) != ERR_OK) count = 1000000;
    if (!left) event_base_loopbreak(x->base);
}

static void a_letter_may_post(void **state)
{
    (void)state;
    assert_int_equal(worker_post(&w, post_again, (void *)(uintptr_t)50), ERR_OK);
    event_base_loop(w.base, 0);
    assert_int_equal(count, 51);
}

enum { THREADS = 4, EACH = 5000 };
static _Atomic unsigned posted;

static unsigned tallied;

static void tally(struct worker *x, void *arg)
{
    (void)x, (void)arg;
    tallied++;
}

static void *tally_poster(void *arg)
{
    (void)arg;
    for (unsigned i = 0; i < EACH; i++)
        while (worker_post(&w, tally, NULL) == ERR_LIMIT) sched_yield();
    if (++posted == THREADS)
        while (worker_post(&w, finish, NULL) == ERR_LIMIT) sched_yield();
    return NULL;
}

static void nothing_is_lost_between_threads(void **state)
{
    (void)state;
    pthread_t t[THREADS];
    for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&t[i], NULL, tally_poster, NULL), 0);
    event_base_loop(w.base, EVLOOP_NO_EXIT_ON_EMPTY); /* sleeps between letters: a lost wake-up would hang here */
    for (int i = 0; i < THREADS; i++) pthread_join(t[i], NULL);
    event_base_loop(w.base, EVLOOP_NONBLOCK);
    assert_int_equal(tallied, THREADS * EACH);
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        T(has_its_parts),
        T(keeps_order_and_limit),
        T(a_letter_may_post),
        T(nothing_is_lost_between_threads),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
