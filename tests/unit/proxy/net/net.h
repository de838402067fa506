/* What the tests of connections share: a bare worker, a loop with a deadline, and an owner that writes down what it is
 * told. */
#ifndef TESTS_UNIT_PROXY_NET_NET_H
#define TESTS_UNIT_PROXY_NET_NET_H

#include "proxy/base/clock.h"
#include "proxy/base/mem.h"
#include "proxy/net/conn.h"
#include "proxy/net/tls.h"
#include "proxy/worker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WITHIN_MS 5000
#define LIM       ((struct conn_limits){.in_max = 65536, .out_max = 1 << 20})

static struct worker W;

static void worker_bare(void)
{
    struct event_config *cfg = event_config_new();
    event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK);
    memset(&W, 0, sizeof W);
    W.base = event_base_new_with_config(cfg);
    event_config_free(cfg);
    assert_non_null(W.base);
}

static void worker_bare_end(void)
{
    conn_fini(&W);
    event_base_free(W.base);
    W.base = NULL;
}

/* Turns the loop until `cond` holds; fails the test after WITHIN_MS. */
#define LOOP_UNTIL(cond)                                                                                                         \
    do {                                                                                                                         \
        uint64_t end_ = clock_mono_ns() + WITHIN_MS * MS_NS;                                                                     \
        while (!(cond)) {                                                                                                        \
            if (clock_mono_ns() > end_) fail_msg("not within %d ms: %s", WITHIN_MS, #cond);                                      \
            loop_once(5);                                                                                                        \
        }                                                                                                                        \
    } while (0)

static void loop_nothing(evutil_socket_t fd, short what, void *arg) { (void)fd, (void)what, (void)arg; }

/* One turn, waiting for at most ms. */
static void loop_once(unsigned ms)
{
    struct timeval tv = {0, (suseconds_t)ms * 1000};
    struct event *t = evtimer_new(W.base, loop_nothing, NULL);
    event_add(t, &tv);
    event_base_loop(W.base, EVLOOP_ONCE);
    event_free(t);
}

/* Turns the loop for ms and says how often it woke. */
static __attribute__((unused)) unsigned loop_turns(unsigned ms)
{
    unsigned n = 0;
    uint64_t end = clock_mono_ns() + ms * MS_NS;
    while (clock_mono_ns() < end) {
        loop_once(10);
        n++;
    }
    return n;
}

enum on { ON_OPEN = 1, ON_DATA = 2, ON_END = 4, ON_DRAIN = 8 };

struct owner {
    struct conn *c;
    unsigned opened, drained, ends, datas;
    unsigned end[8]; /* by enum conn_end */
    struct buf got;
    bool keep; /* leave the bytes in conn_in */
    bool echo;
    bool pause_on_data;
    unsigned free_on; /* bits of enum on */
    bool inside_call; /* set by a test around a call that must not call back */
};

static bool owner_frees(struct owner *o, enum on what)
{
    assert_false(o->inside_call);
    assert_non_null(o->c);
    if (!(o->free_on & (unsigned)what)) return false;
    conn_free(o->c);
    o->c = NULL;
    return true;
}

static void owner_open(void *arg)
{
    struct owner *o = arg;
    o->opened++;
    owner_frees(o, ON_OPEN);
}

static void owner_data(void *arg)
{
    struct owner *o = arg;
    o->datas++;
    if (o->pause_on_data) conn_pause(o->c);
    if (!o->keep) {
        struct slice s = conn_in(o->c);
        assert_true(s.n > 0);
        assert_int_equal(buf_add(&o->got, s), ERR_OK);
        if (o->echo) {
            assert_int_equal(conn_write(o->c, s), ERR_OK);
            conn_flush(o->c);
        }
        conn_consume(o->c, s.n);
    }
    owner_frees(o, ON_DATA);
}

static void owner_end(void *arg, enum conn_end why)
{
    struct owner *o = arg;
    o->ends++;
    o->end[why]++;
    owner_frees(o, ON_END);
}

static void owner_drain(void *arg)
{
    struct owner *o = arg;
    o->drained++;
    owner_frees(o, ON_DRAIN);
}

static const __attribute__((unused)) struct conn_ops owner_ops = {owner_open, owner_data, owner_end, owner_drain};

static __attribute__((unused)) void owner_init(struct owner *o)
{
    memset(o, 0, sizeof *o);
    o->got = buf_make(64u << 20);
}

static __attribute__((unused)) void owner_fini(struct owner *o)
{
    if (o->c) conn_free(o->c);
    o->c = NULL;
    buf_free(&o->got);
}

/* A listening socket on a free port of loopback, and its address. */
static __attribute__((unused)) int loopback(struct sockaddr_in *a)
{
    socklen_t n = sizeof *a;
    int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    *a = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(bind(l, (struct sockaddr *)a, n), 0);
    assert_int_equal(listen(l, 4), 0);
    assert_int_equal(getsockname(l, (struct sockaddr *)a, &n), 0);
    return l;
}

/* A TCP pair over loopback; [0] is non-blocking for conn, [1] blocking for the test. */
static __attribute__((unused)) void tcp_pair(int fd[2])
{
    struct sockaddr_in a;
    int l = loopback(&a);
    fd[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd[1], (struct sockaddr *)&a, sizeof a), 0);
    fd[0] = accept4(l, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_true(fd[0] >= 0);
    close(l);
}

static __attribute__((unused)) void reset_close(int fd)
{
    struct linger l = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
    close(fd);
}

/* Accepts `fd` as a server connection of owner o. */
static __attribute__((unused)) void owner_accept(struct owner *o, int fd, SSL_CTX *tls, struct conn_limits lim)
{
    o->inside_call = true;
    o->c = conn_accept(&W, fd, tls, lim, &owner_ops, o);
    o->inside_call = false;
    assert_non_null(o->c);
}

/* Both at once: o serves one end of a new pair, the test has fd[1]. */
static __attribute__((unused)) void owner_on_pair(struct owner *o, int fd[2], SSL_CTX *tls, struct conn_limits lim)
{
    owner_init(o);
    tcp_pair(fd);
    owner_accept(o, fd[0], tls, lim);
}

#endif
