/* TLS: every cut, ends with and without close_notify, verification, pins, client certificates, resumption, memory. */
#include "tests/unit/proxy/net/certs.h"
#include "tests/unit/proxy/net/net.h"

#include <malloc.h>
#include <openssl/err.h>

static struct certs certs;

static int group_setup(void **state)
{
    (void)state;
    certs_make(&certs);
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    certs_remove(&certs);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    worker_bare();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    worker_bare_end();
    return 0;
}

static SSL_CTX *server_ctx(const char *client_ca)
{
    const char *why = NULL;
    SSL_CTX *c = tls_server_ctx(
        &(struct tls_server_opts){
            .certificate = certs.crt, .key = certs.key, .client_ca = client_ca, .min_version = TLS1_2_VERSION},
        &why);
    if (!c) fail_msg("%s", why);
    return c;
}

static SSL_CTX *client_ctx(const char *ca, const char *pin)
{
    const char *why = NULL;
    SSL_CTX *c = tls_client_ctx(&(struct tls_client_opts){.ca = ca, .pin = pin}, &why);
    if (!c) fail_msg("%s", why);
    return c;
}

/* A TLS client of plain OpenSSL over memory: the test moves its bytes, in pieces as it likes. */
struct raw {
    SSL_CTX *ctx;
    SSL *ssl;
    int fd;
    size_t piece; /* most bytes sent at once */
};

static void raw_open(struct raw *r, int fd, int version, size_t piece)
{
    r->ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_max_proto_version(r->ctx, version);
    r->ssl = SSL_new(r->ctx);
    SSL_set_bio(r->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(r->ssl);
    r->fd = fd;
    r->piece = piece;
    fcntl(fd, F_SETFL, O_NONBLOCK);
}

/* Moves what waits: out in pieces with a turn of the loop after each, in whole. */
static void raw_move(struct raw *r)
{
    char b[20000];
    int n;
    while ((n = BIO_read(SSL_get_wbio(r->ssl), b, (int)(r->piece < sizeof b ? r->piece : sizeof b))) > 0) {
        assert_int_equal(send(r->fd, b, (size_t)n, MSG_NOSIGNAL), n);
        loop_once(1);
    }
    loop_once(1);
    ssize_t got;
    while ((got = recv(r->fd, b, sizeof b, 0)) > 0) BIO_write(SSL_get_rbio(r->ssl), b, (int)got);
}

static void raw_handshake(struct raw *r)
{
    uint64_t end = clock_mono_ns() + WITHIN_MS * MS_NS;
    while (SSL_do_handshake(r->ssl) != 1) {
        assert_int_equal(SSL_get_error(r->ssl, -1), SSL_ERROR_WANT_READ);
        raw_move(r);
        assert_true(clock_mono_ns() < end);
    }
    raw_move(r);
}

static size_t raw_read(struct raw *r, char *out, size_t want)
{
    size_t n = 0;
    uint64_t end = clock_mono_ns() + WITHIN_MS * MS_NS;
    while (n < want && clock_mono_ns() < end) {
        int k = SSL_read(r->ssl, out + n, (int)(want - n));
        if (k > 0) n += (size_t)k;
        else if (SSL_get_error(r->ssl, k) == SSL_ERROR_ZERO_RETURN) break;
        else raw_move(r);
    }
    ERR_clear_error();
    return n;
}

static void raw_close(struct raw *r)
{
    SSL_free(r->ssl);
    SSL_CTX_free(r->ctx);
    if (r->fd >= 0) close(r->fd);
}

static void echo_at_every_cut(int version)
{
    static const char text[] = "POST /v1/chat/completions HTTP/1.1\r\n\r\n{\"a\":1}";
    SSL_CTX *ctx = server_ctx(NULL);
    for (size_t piece = 1; piece < 400; piece += piece < 40 ? 1 : 23) {
        struct owner o;
        struct raw r;
        int fd[2];
        char back[sizeof text];
        owner_init(&o);
        o.echo = true;
        tcp_pair(fd);
        owner_accept(&o, fd[0], ctx, LIM);
        raw_open(&r, fd[1], version, piece);
        raw_handshake(&r);
        assert_int_equal(SSL_version(r.ssl), version);
        assert_int_equal(SSL_write(r.ssl, text, sizeof text), (int)sizeof text);
        assert_int_equal(SSL_write(r.ssl, text, sizeof text), (int)sizeof text); /* two records */
        raw_move(&r);
        LOOP_UNTIL(o.got.end == 2 * sizeof text);
        assert_memory_equal(o.got.p, text, sizeof text);
        assert_memory_equal(o.got.p + sizeof text, text, sizeof text);
        assert_int_equal(raw_read(&r, back, sizeof back), sizeof back);
        assert_memory_equal(back, text, sizeof text);
        assert_int_equal(o.opened, 1);
        assert_int_equal(o.ends, 0);
        owner_fini(&o);
        raw_close(&r);
    }
    SSL_CTX_free(ctx);
}

static void echo_at_every_cut_12(void **state)
{
    (void)state;
    echo_at_every_cut(TLS1_2_VERSION);
}
static void echo_at_every_cut_13(void **state)
{
    (void)state;
    echo_at_every_cut(TLS1_3_VERSION);
}

static void ends(void **state)
{
    (void)state;
    SSL_CTX *ctx = server_ctx(NULL);
    for (int notify = 0; notify < 2; notify++) {
        struct owner o;
        struct raw r;
        int fd[2];
        char back[8];
        owner_on_pair(&o, fd, ctx, LIM);
        raw_open(&r, fd[1], TLS1_3_VERSION, 20000);
        raw_handshake(&r);
        SSL_write(r.ssl, "ask", 3);
        if (notify) SSL_shutdown(r.ssl);
        raw_move(&r);
        shutdown(fd[1], SHUT_WR);
        LOOP_UNTIL(o.ends == 1);
        assert_int_equal(o.end[notify ? CONN_EOF : CONN_TRUNCATED], 1);
        assert_int_equal(o.got.end, 3);
        assert_true(conn_at_eof(o.c));
        assert_true(loop_turns(50) < 15);
        /* The other direction goes on after either end. */
        assert_int_equal(conn_write(o.c, SLICE("answer")), ERR_OK);
        conn_flush(o.c);
        raw_move(&r);
        SSL_set_quiet_shutdown(r.ssl, 1);
        assert_int_equal(raw_read(&r, back, 6), 6);
        assert_memory_equal(back, "answer", 6);
        assert_int_equal(o.ends, 1);
        owner_fini(&o); /* says close_notify */
        assert_int_equal(raw_read(&r, back, 1), 0);
        assert_true(SSL_get_shutdown(r.ssl) & SSL_RECEIVED_SHUTDOWN);
        raw_close(&r);
    }
    SSL_CTX_free(ctx);
}

static void resets_and_garbage(void **state)
{
    (void)state;
    SSL_CTX *ctx = server_ctx(NULL);
    for (int how = 0; how < 4; how++) { /* 0: reset, 1: reset while paused, 2: garbage, 3: plain HTTP for a handshake */
        struct owner o;
        struct raw r;
        int fd[2];
        owner_on_pair(&o, fd, ctx, LIM);
        raw_open(&r, fd[1], TLS1_3_VERSION, 20000);
        if (how == 3) {
            assert_int_equal(send(fd[1], "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
            LOOP_UNTIL(o.ends == 1);
            assert_int_equal(o.opened, 0);
            assert_int_equal(o.end[CONN_TLS_ERROR], 1);
        } else {
            raw_handshake(&r);
            if (how == 1) conn_pause(o.c);
            if (how == 2) {
                assert_int_equal(send(fd[1], "\x17\x03\x03\x00\x20garbagegarbagegarbagegarbagegar", 37, 0), 37);
            } else {
                reset_close(fd[1]);
                r.fd = -1;
            }
            LOOP_UNTIL(o.ends == 1);
            assert_int_equal(o.end[how == 2 ? CONN_TLS_ERROR : CONN_RESET], 1);
        }
        assert_false(conn_is_open(o.c));
        owner_fini(&o);
        raw_close(&r);
    }
    SSL_CTX_free(ctx);
}

/* Two of our own connections: server s, client c. */
struct pair {
    struct owner s, c;
};

static void pair_start(struct pair *p, SSL_CTX *server, SSL_CTX *client, const char *host)
{
    struct sockaddr_in a;
    int l = loopback(&a);
    owner_init(&p->s);
    owner_init(&p->c);
    p->c.inside_call = true;
    p->c.c = conn_connect(&W, (struct sockaddr *)&a, sizeof a, client, host, LIM, &owner_ops, &p->c);
    p->c.inside_call = false;
    assert_non_null(p->c.c);
    int fd = accept4(l, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_true(fd >= 0);
    close(l);
    owner_accept(&p->s, fd, server, LIM);
}

/* A byte there and back, to a server that echoes. */
static void pair_echo(struct pair *p)
{
    assert_int_equal(conn_write(p->c.c, SLICE("x")), ERR_OK);
    conn_flush(p->c.c);
    LOOP_UNTIL(p->c.got.end == 1);
}

static void pair_end(struct pair *p)
{
    owner_fini(&p->s);
    owner_fini(&p->c);
}

static void verification(void **state)
{
    (void)state;
    const struct {
        const char *host, *ca, *pin;
        bool ok;
    } rows[] = {
        {"localhost", certs.ca, NULL, true},
        {"localhost.", certs.ca, NULL, true},
        {"127.0.0.1", certs.ca, NULL, true},
        {"LOCALHOST", certs.ca, NULL, true},
        {"localhost", certs.ca, certs.pin, true},
        {"localhost", certs.ca, certs.wrong_pin, false},
        {"example.com", certs.ca, NULL, false},
        {"127.0.0.2", certs.ca, NULL, false},
        {"localhost", certs.other_ca, NULL, false},
        {"localhost", certs.other_ca, certs.pin, false},
        {"localhost", NULL, NULL, false},
        {"sub.localhost", certs.ca, NULL, false},
        {"example.com", certs.ca, certs.pin, false},
    };
    SSL_CTX *server = server_ctx(NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pair p;
        SSL_CTX *client = client_ctx(rows[i].ca, rows[i].pin);
        pair_start(&p, server, client, rows[i].host);
        assert_int_equal(conn_write(p.c.c, SLICE("key")), ERR_OK); /* must not leave before the check */
        if (rows[i].ok) {
            conn_flush(p.c.c);
            LOOP_UNTIL(p.c.opened && p.s.opened && p.s.got.end == 3);
            assert_true(conn_is_tls(p.c.c));
        } else {
            LOOP_UNTIL(p.c.ends && p.s.ends);
            assert_int_equal(p.c.end[CONN_TLS_VERIFY], 1);
            assert_int_equal(p.c.opened, 0);
            assert_int_equal(p.s.got.end, 0);
        }
        pair_end(&p);
        SSL_CTX_free(client);
    }
    SSL_CTX_free(server);
}

static void nothing_to_check_is_refused(void **state)
{
    (void)state;
    SSL_CTX *client = client_ctx(certs.ca, NULL);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(9)};
    assert_null(conn_connect(&W, (struct sockaddr *)&a, sizeof a, client, "", LIM, &owner_ops, NULL));
    assert_null(conn_connect(&W, (struct sockaddr *)&a, sizeof a, client, ".", LIM, &owner_ops, NULL));
    SSL_CTX_free(client);
}

static void client_certificates(void **state)
{
    (void)state;
    SSL_CTX *server = server_ctx(certs.ca);
    for (int with = 0; with < 2; with++) {
        struct pair p;
        char name[64] = "?";
        SSL_CTX *client = client_ctx(certs.ca, NULL);
        if (with) {
            assert_int_equal(SSL_CTX_use_certificate_file(client, certs.client_crt, SSL_FILETYPE_PEM), 1);
            assert_int_equal(SSL_CTX_use_PrivateKey_file(client, certs.client_key, SSL_FILETYPE_PEM), 1);
        }
        pair_start(&p, server, client, "localhost");
        LOOP_UNTIL(p.s.opened || p.s.ends);
        assert_int_equal(p.s.opened, with);
        assert_int_equal(p.s.end[CONN_TLS_VERIFY], !with);
        assert_int_equal(conn_tls_subject(p.s.c, name, sizeof name), with);
        if (with) assert_string_equal(name, "CN=batch,O=Example");
        if (with) assert_false(conn_tls_subject(p.s.c, name, 10)); /* never a cut name */
        pair_end(&p);
        SSL_CTX_free(client);
    }
    SSL_CTX_free(server);
}

static void sessions_resume(void **state)
{
    (void)state;
    SSL_CTX *server = server_ctx(certs.ca), *client = client_ctx(certs.ca, certs.pin);
    assert_int_equal(SSL_CTX_use_certificate_file(client, certs.client_crt, SSL_FILETYPE_PEM), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey_file(client, certs.client_key, SSL_FILETYPE_PEM), 1);
    const struct {
        const char *host;
        long hits;
    } rows[] = {{"localhost", 0}, {"localhost", 1}, {"localhost", 2}, {"127.0.0.1", 2}, {"127.0.0.1", 3}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pair p;
        char name[64];
        pair_start(&p, server, client, rows[i].host);
        p.s.echo = true;
        LOOP_UNTIL(p.c.opened && p.s.opened);
        pair_echo(&p);
        assert_int_equal(SSL_CTX_sess_hits(server), rows[i].hits);
        assert_true(conn_tls_subject(p.s.c, name, sizeof name)); /* a resumed one still knows its client */
        pair_end(&p);
    }
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

/* A reload makes a new context of the same files: sessions go on. With another client_ca they do not. */
static void sessions_survive_a_reload(void **state)
{
    (void)state;
    SSL_CTX *client = client_ctx(certs.ca, NULL);
    assert_int_equal(SSL_CTX_use_certificate_file(client, certs.client_crt, SSL_FILETYPE_PEM), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey_file(client, certs.client_key, SSL_FILETYPE_PEM), 1);
    const struct {
        const char *ca;
        long hits;
    } rows[] = {{certs.ca, 0}, {certs.ca, 1}, {NULL, 0}, {NULL, 1}, {certs.ca, 0}, {certs.ca, 1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pair p;
        SSL_CTX *server = server_ctx(rows[i].ca);
        pair_start(&p, server, client, "localhost");
        p.s.echo = true;
        LOOP_UNTIL(p.c.opened && p.s.opened);
        pair_echo(&p);
        assert_int_equal(SSL_CTX_sess_hits(server), rows[i].hits);
        pair_end(&p);
        SSL_CTX_free(server);
    }
    SSL_CTX_free(client);
}

/* 5 MB through TLS to a reader that stops at every turn. */
static void slow_reader(void **state)
{
    (void)state;
    SSL_CTX *server = server_ctx(NULL), *client = client_ctx(certs.ca, NULL);
    struct pair p;
    const size_t total = 5u << 20;
    size_t made = 0, seen = 0;
    unsigned drains = 0;
    unsigned char chunk[9000];
    pair_start(&p, server, client, "localhost");
    LOOP_UNTIL(p.c.opened && p.s.opened);
    p.c.keep = true; /* bytes wait in conn_in until we take them here */
    bool stopped = false;
    uint64_t end = clock_mono_ns() + 10 * S_NS;
    for (unsigned turn = 0; seen < total; turn++) {
        assert_true(clock_mono_ns() < end);
        while (!stopped && made < total) {
            size_t n = total - made < sizeof chunk ? total - made : sizeof chunk;
            for (size_t i = 0; i < n; i++) chunk[i] = (unsigned char)((made + i) * 37 >> 2);
            assert_int_equal(conn_write(p.s.c, slice_of(chunk, n)), ERR_OK);
            p.s.inside_call = true;
            conn_flush(p.s.c);
            p.s.inside_call = false;
            made += n;
            stopped = conn_out_len(p.s.c) > CONN_HIGH;
        }
        loop_once(0);
        if (turn % 3 == 0) conn_pause(p.c.c);
        struct slice s = conn_in(p.c.c);
        size_t n = s.n > 7000 ? 7000 : s.n;
        assert_true(s.n <= 65536);
        for (size_t i = 0; i < n; i++) assert_int_equal((unsigned char)s.p[i], (unsigned char)((seen + i) * 37 >> 2));
        if (n) conn_consume(p.c.c, n);
        seen += n;
        if (turn % 3 == 1) conn_resume(p.c.c);
        if (p.s.drained > drains) {
            drains = p.s.drained;
            stopped = false;
        }
    }
    assert_true(drains > 0);
    assert_int_equal(p.s.ends + p.c.ends, 0);
    pair_end(&p);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

static void free_in_any_callback(void **state)
{
    (void)state;
    SSL_CTX *server = server_ctx(NULL), *client = client_ctx(certs.ca, NULL);
    for (unsigned bit = ON_OPEN; bit <= ON_END; bit *= 2) {
        struct pair p;
        pair_start(&p, server, client, "localhost");
        p.s.free_on = bit;
        assert_int_equal(conn_write(p.c.c, SLICE("x")), ERR_OK);
        LOOP_UNTIL(p.c.opened);
        if (bit == ON_END) {
            LOOP_UNTIL(p.s.got.end == 1);
            conn_free(p.c.c);
            p.c.c = NULL;
        }
        LOOP_UNTIL(p.s.c == NULL);
        pair_end(&p);
    }
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

static void finish_says_close_notify(void **state)
{
    (void)state;
    SSL_CTX *server = server_ctx(NULL), *client = client_ctx(certs.ca, NULL);
    struct pair p;
    static char big[600000];
    pair_start(&p, server, client, "localhost");
    LOOP_UNTIL(p.c.opened && p.s.opened);
    assert_int_equal(conn_write(p.s.c, slice_of(big, sizeof big)), ERR_OK);
    conn_finish(p.s.c);
    p.s.c = NULL;
    LOOP_UNTIL(p.c.ends == 1);
    assert_int_equal(p.c.end[CONN_EOF], 1);
    assert_int_equal(p.c.got.end, sizeof big);
    pair_end(&p);
    LOOP_UNTIL(W.lingering == NULL);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

static void only_http11_is_spoken(void **state)
{
    (void)state;
    SSL_CTX *ctx = server_ctx(NULL);
    static const struct {
        const char *protos;
        unsigned n;
        bool ok;
    } rows[] = {{"\x02h2\x08http/1.1", 12, true}, {"\x02h2", 3, false}};
    for (int i = 0; i < 2; i++) {
        struct owner o;
        struct raw r;
        int fd[2];
        owner_on_pair(&o, fd, ctx, LIM);
        raw_open(&r, fd[1], TLS1_3_VERSION, 20000);
        SSL_set_alpn_protos(r.ssl, (const unsigned char *)rows[i].protos, rows[i].n);
        if (rows[i].ok) {
            const unsigned char *got;
            unsigned n;
            raw_handshake(&r);
            SSL_get0_alpn_selected(r.ssl, &got, &n);
            assert_int_equal(n, 8);
            assert_memory_equal(got, "http/1.1", 8);
        } else {
            SSL_do_handshake(r.ssl);
            raw_move(&r);
            LOOP_UNTIL(o.ends == 1);
            assert_int_equal(o.end[CONN_TLS_ERROR], 1);
        }
        owner_fini(&o);
        raw_close(&r);
    }
    SSL_CTX_free(ctx);
}

static void old_versions_and_suites_are_refused(void **state)
{
    (void)state;
    SSL_CTX *ctx = server_ctx(NULL);
    static const struct {
        int version;
        const char *suites;
    } rows[] = {{TLS1_1_VERSION, "ALL:@SECLEVEL=0"},
                {TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256:@SECLEVEL=0"},
                {TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct owner o;
        struct raw r;
        int fd[2];
        owner_on_pair(&o, fd, ctx, LIM);
        raw_open(&r, fd[1], rows[i].version, 20000);
        SSL_set_min_proto_version(r.ssl, TLS1_VERSION);
        assert_int_equal(SSL_set_cipher_list(r.ssl, rows[i].suites), 1);
        SSL_do_handshake(r.ssl);
        raw_move(&r);
        LOOP_UNTIL(o.ends == 1);
        assert_int_equal(o.opened, 0);
        assert_int_equal(o.end[CONN_TLS_ERROR], 1);
        owner_fini(&o);
        raw_close(&r);
    }
    SSL_CTX_free(ctx);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    const char *why = NULL;
    struct tls_server_opts s = {.certificate = "/nowhere.pem", .key = certs.key, .min_version = TLS1_2_VERSION};
    assert_null(tls_server_ctx(&s, &why));
    assert_non_null(strstr(why, "cannot read certificate"));
    s.certificate = certs.crt, s.key = certs.client_key;
    assert_null(tls_server_ctx(&s, &why));
    assert_true(strstr(why, "key") != NULL);
    s.key = certs.key, s.client_ca = certs.key;
    assert_null(tls_server_ctx(&s, &why));
    assert_non_null(strstr(why, "client_ca"));
    assert_null(tls_client_ctx(&(struct tls_client_opts){.ca = "/nowhere.pem"}, &why));
    assert_non_null(strstr(why, "cannot read ca"));
    static const char *const pins[] = {"",
                                       "sha256//",
                                       "sha256//AAAA",
                                       "md5//AAAA",
                                       "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
                                       "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA!="};
    for (size_t i = 0; i < sizeof pins / sizeof pins[0]; i++) {
        assert_null(tls_client_ctx(&(struct tls_client_opts){.ca = certs.ca, .pin = pins[i]}, &why));
        assert_non_null(strstr(why, "pin"));
    }
    assert_int_equal(ERR_peek_error(), 0);
}

static void idle_is_small(void **state)
{
    (void)state;
    enum { N = 100 };
    static struct pair p[N];
    SSL_CTX *server = server_ctx(NULL), *client = client_ctx(certs.ca, NULL);
    struct pair warm;
    pair_start(&warm, server, client, "localhost");
    LOOP_UNTIL(warm.c.opened && warm.s.opened);
    size_t before = mallinfo2().uordblks;
    for (int i = 0; i < N; i++) {
        pair_start(&p[i], server, client, "localhost");
        p[i].s.echo = true;
        LOOP_UNTIL(p[i].c.opened && p[i].s.opened);
        pair_echo(&p[i]);
        buf_free(&p[i].c.got);
        buf_free(&p[i].s.got);
    }
    loop_turns(2500); /* a sweep finds them idle */
    mem_blocks_trim();
    size_t each = (mallinfo2().uordblks - before) / (2 * N);
    print_message("             %zu bytes for an idle TLS connection\n", each);
    if (before) assert_in_range(each, 1000, 20 * 1024); /* a sanitizer's allocator counts nothing */
    for (int i = 0; i < N; i++) pair_end(&p[i]);
    pair_end(&warm);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        T(echo_at_every_cut_12),
        T(echo_at_every_cut_13),
        T(ends),
        T(resets_and_garbage),
        T(verification),
        T(nothing_to_check_is_refused),
        T(client_certificates),
        T(sessions_resume),
        T(sessions_survive_a_reload),
        T(slow_reader),
        T(free_in_any_callback),
        T(finish_says_close_notify),
        T(only_http11_is_spoken),
        T(old_versions_and_suites_are_refused),
        T(mistakes_are_named),
        T(idle_is_small),
#undef T
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
