/* The resolver against a name server of our own on the same loop. */
#include "proxy/net/resolver.h"
#include "tests/unit/proxy/net/net.h"

#include <event2/dns.h>
#include <event2/dns_struct.h>

static struct evdns_server_port *server;
static unsigned questions;

struct answer {
    unsigned calls;
    enum err err;
    struct resolved r;
};

static void take(void *arg, enum err err, const struct resolved *r)
{
    struct answer *a = arg;
    a->calls++;
    a->err = err;
    if (r) a->r = *r;
}

static void serve(struct evdns_server_request *req, void *arg)
{
    (void)arg;
    static unsigned char v4[] = {192, 0, 2, 1, 192, 0, 2, 2};
    static unsigned char v6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
    int rc = DNS_ERR_NOTEXIST;
    questions++;
    for (int i = 0; i < req->nquestions; i++) {
        const struct evdns_server_question *q = req->questions[i];
        if (evutil_ascii_strcasecmp(q->name, "silent.test") == 0) {
            evdns_server_request_drop(req);
            return;
        }
        if (evutil_ascii_strcasecmp(q->name, "both.test") != 0) continue;
        rc = 0;
        if (q->type == EVDNS_TYPE_A) evdns_server_request_add_a_reply(req, q->name, 2, v4, 60);
        if (q->type == EVDNS_TYPE_AAAA) evdns_server_request_add_aaaa_reply(req, q->name, 1, v6, 60);
    }
    evdns_server_request_respond(req, rc);
}

static int setup(void **state)
{
    (void)state;
    char text[32];
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    worker_bare();
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    server = evdns_add_server_port_with_base(W.base, fd, 0, serve, NULL);
    W.dns = evdns_base_new(W.base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    snprintf(text, sizeof text, "127.0.0.1:%u", ntohs(a.sin_port));
    assert_int_equal(evdns_base_nameserver_ip_add(W.dns, text), 0);
    evdns_base_set_option(W.dns, "timeout", "0.3");
    evdns_base_set_option(W.dns, "attempts", "1");
    questions = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    resolver_fini(&W);
    evdns_close_server_port(server);
    worker_bare_end();
    return 0;
}

static void literals_are_immediate(void **state)
{
    (void)state;
    struct answer a = {0};
    assert_null(resolver_get(&W, "127.0.0.1", 8443, take, &a));
    assert_int_equal(a.calls, 1);
    assert_int_equal(a.err, ERR_OK);
    const struct sockaddr_in *v4 = (void *)&a.r.addr[0];
    assert_int_equal(v4->sin_family, AF_INET);
    assert_int_equal(ntohs(v4->sin_port), 8443);
    assert_int_equal(ntohl(v4->sin_addr.s_addr), INADDR_LOOPBACK);
    assert_null(resolver_get(&W, "::1", 443, take, &a));
    assert_int_equal(a.calls, 2);
    assert_int_equal(a.r.addr[0].ss_family, AF_INET6);
    assert_int_equal(a.r.len[0], sizeof(struct sockaddr_in6));
    assert_int_equal(questions, 0);
}

static void names_are_asked_once_and_kept(void **state)
{
    (void)state;
    struct answer a = {0}, b = {0};
    unsigned v4 = 0, v6 = 0;
    assert_non_null(resolver_get(&W, "both.test", 443, take, &a));
    assert_int_equal(a.calls, 0);
    LOOP_UNTIL(a.calls == 1);
    assert_int_equal(a.err, ERR_OK);
    assert_int_equal(a.r.count, 3);
    for (size_t i = 0; i < a.r.count; i++) {
        v4 += a.r.addr[i].ss_family == AF_INET;
        v6 += a.r.addr[i].ss_family == AF_INET6;
        uint16_t port = a.r.addr[i].ss_family == AF_INET ? ((struct sockaddr_in *)&a.r.addr[i])->sin_port
                                                         : ((struct sockaddr_in6 *)&a.r.addr[i])->sin6_port;
        assert_int_equal(ntohs(port), 443);
    }
    assert_int_equal(v4, 2);
    assert_int_equal(v6, 1);
    unsigned asked = questions;
    assert_null(resolver_get(&W, "both.test", 443, take, &b));
    assert_int_equal(b.calls, 1);
    assert_int_equal(b.r.count, 3);
    assert_int_equal(questions, asked);
    resolver_reload(&W); /* forgets; and would ask the machine's own servers now */
    assert_null(W.resolver_cache);
}

static void failures(void **state)
{
    (void)state;
    struct answer a = {0};
    assert_non_null(resolver_get(&W, "nowhere.test", 443, take, &a));
    LOOP_UNTIL(a.calls == 1);
    assert_int_equal(a.err, ERR_UP_CONNECT);
    assert_non_null(resolver_get(&W, "silent.test", 443, take, &a));
    LOOP_UNTIL(a.calls == 2);
    assert_int_equal(a.err, ERR_UP_CONNECT);
    char long_name[300];
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = 0;
    assert_null(resolver_get(&W, long_name, 443, take, &a));
    assert_null(resolver_get(&W, "", 443, take, &a));
    assert_int_equal(a.calls, 4);
    assert_int_equal(a.err, ERR_UP_CONNECT);
}

static void cancelled_ones_are_silent(void **state)
{
    (void)state;
    struct answer a = {0}, b = {0};
    struct resolver_req *q = resolver_get(&W, "both.test", 443, take, &a);
    resolver_cancel(q);
    q = resolver_get(&W, "silent.test", 443, take, &b);
    loop_turns(50);
    resolver_cancel(q);
    loop_turns(500);
    assert_int_equal(a.calls + b.calls, 0);
    /* One that is cancelled and whose answer has not come by the worker's end must not leak: the sanitizer tells. */
    q = resolver_get(&W, "silent.test", 443, take, &b);
    resolver_cancel(q);
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        T(literals_are_immediate),
        T(names_are_asked_once_and_kept),
        T(failures),
        T(cancelled_ones_are_silent),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
