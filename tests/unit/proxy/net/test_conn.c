/* Connections over plain sockets: cuts, ends, resets, deadlines, back-pressure, freeing inside callbacks. */
#include "tests/unit/proxy/net/net.h"

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

static void send_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t r = send(fd, p, n, MSG_NOSIGNAL);
        assert_true(r > 0);
        p += r, n -= (size_t)r;
    }
}

static void echo_at_every_cut(void **state)
{
    (void)state;
    static const char text[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    size_t n = sizeof text - 1;
    for (size_t cut = 1; cut < n; cut++) {
        struct owner o;
        char back[64];
        int fd[2];
        owner_init(&o);
        o.echo = true;
        tcp_pair(fd);
        owner_accept(&o, fd[0], NULL, LIM);
        send_all(fd[1], text, cut);
        LOOP_UNTIL(o.got.end == cut);
        send_all(fd[1], text + cut, n - cut);
        LOOP_UNTIL(o.got.end == n);
        assert_memory_equal(o.got.p, text, n);
        assert_int_equal(recv(fd[1], back, n, MSG_WAITALL), (ssize_t)n);
        assert_memory_equal(back, text, n);
        assert_int_equal(o.opened, 1);
        assert_int_equal(o.ends, 0);
        assert_int_equal(strncmp(conn_peer(o.c), "127.0.0.1:", 10), 0);
        owner_fini(&o);
        assert_int_equal(recv(fd[1], back, 1, 0), 0);
        close(fd[1]);
    }
}

static void open_comes_once_and_first(void **state)
{
    (void)state;
    struct owner o;
    int fd[2];
    owner_init(&o);
    tcp_pair(fd);
    send_all(fd[1], "x", 1);
    owner_accept(&o, fd[0], NULL, LIM);
    assert_int_equal(o.opened, 0);
    LOOP_UNTIL(o.datas == 1);
    assert_int_equal(o.opened, 1);
    owner_fini(&o);
    close(fd[1]);
    /* An adopted one is open at once and is never told so. */
    owner_init(&o);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
    o.c = conn_adopt(&W, fd[0], LIM, &owner_ops, &o);
    assert_true(conn_is_open(o.c));
    send_all(fd[1], "x", 1);
    LOOP_UNTIL(o.datas == 1);
    assert_int_equal(o.opened, 0);
    owner_fini(&o);
    close(fd[1]);
}

static void half_close_keeps_the_write_side(void **state)
{
    (void)state;
    struct owner o;
    int fd[2];
    char back[8];
    owner_on_pair(&o, fd, NULL, LIM);
    send_all(fd[1], "ask", 3);
    shutdown(fd[1], SHUT_WR);
    LOOP_UNTIL(o.ends == 1);
    assert_int_equal(o.end[CONN_EOF], 1);
    assert_int_equal(o.got.end, 3);
    assert_true(conn_at_eof(o.c));
    assert_true(loop_turns(60) < 15); /* silent afterwards */
    assert_int_equal(conn_write(o.c, SLICE("answer")), ERR_OK);
    conn_flush(o.c);
    assert_int_equal(recv(fd[1], back, 6, MSG_WAITALL), 6);
    assert_memory_equal(back, "answer", 6);
    assert_int_equal(o.ends, 1);
    owner_fini(&o);
    close(fd[1]);
}

/* In each of these states a reset must be told, and waiting for it must not spin. */
enum waiting { PAUSED, PAUSED_WITH_DATA, AFTER_END, FULL, READING };

static void reset_is_noticed(enum waiting how)
{
    struct owner o;
    int fd[2];
    static char fill[65536 + 10];
    owner_on_pair(&o, fd, NULL, LIM);
    LOOP_UNTIL(o.opened == 1);
    if (how == PAUSED || how == PAUSED_WITH_DATA) conn_pause(o.c);
    if (how == PAUSED_WITH_DATA) send_all(fd[1], "early", 5);
    if (how == AFTER_END) {
        shutdown(fd[1], SHUT_WR);
        LOOP_UNTIL(o.end[CONN_EOF] == 1);
    }
    if (how == FULL) {
        o.keep = true;
        send_all(fd[1], fill, sizeof fill);
        LOOP_UNTIL(conn_in(o.c).n == 65536);
    }
    assert_true(loop_turns(60) < 15);
    assert_int_equal(o.end[CONN_RESET], 0);
    reset_close(fd[1]);
    LOOP_UNTIL(o.end[CONN_RESET] == 1);
    assert_false(conn_is_open(o.c));
    assert_int_equal(conn_write(o.c, SLICE("x")), ERR_IO);
    assert_true(loop_turns(60) < 15);
    assert_int_equal(o.end[CONN_RESET], 1);
    owner_fini(&o);
}

static void reset_while_paused(void **state)
{
    (void)state;
    reset_is_noticed(PAUSED);
}
static void reset_while_paused_with_data(void **state)
{
    (void)state;
    reset_is_noticed(PAUSED_WITH_DATA);
}
static void reset_after_end(void **state)
{
    (void)state;
    reset_is_noticed(AFTER_END);
}
static void reset_while_full(void **state)
{
    (void)state;
    reset_is_noticed(FULL);
}
static void reset_while_reading(void **state)
{
    (void)state;
    reset_is_noticed(READING);
}

static void pause_and_resume(void **state)
{
    (void)state;
    struct owner o;
    int fd[2];
    owner_on_pair(&o, fd, NULL, LIM);
    LOOP_UNTIL(o.opened == 1);
    for (int i = 1; i < 5; i++) {
        conn_pause(o.c);
        send_all(fd[1], "abc", 3);
        loop_turns(20);
        assert_int_equal(o.datas, i - 1);
        o.inside_call = true;
        conn_resume(o.c);
        o.inside_call = false;
        LOOP_UNTIL(o.datas == (unsigned)i);
        assert_int_equal(o.got.end, 3 * i);
    }
    owner_fini(&o);
    close(fd[1]);
}

static void input_stops_at_its_limit(void **state)
{
    (void)state;
    struct owner o;
    int fd[2];
    static char data[400000];
    size_t sent = 0;
    for (size_t i = 0; i < sizeof data; i++) data[i] = (char)(i * 7 + i / 251);
    owner_init(&o);
    o.keep = true;
    tcp_pair(fd);
    fcntl(fd[1], F_SETFL, O_NONBLOCK);
    owner_accept(&o, fd[0], NULL, LIM);
    while (o.got.end < sizeof data) {
        if (sent < sizeof data) {
            ssize_t r = send(fd[1], data + sent, sizeof data - sent, MSG_NOSIGNAL);
            if (r > 0) sent += (size_t)r;
        }
        LOOP_UNTIL(conn_in(o.c).n == 65536 || o.got.end + conn_in(o.c).n == sent);
        assert_true(conn_in(o.c).n <= 65536);
        size_t n = conn_in(o.c).n > 30000 ? 30000 : conn_in(o.c).n; /* in part, so that the bytes must move */
        assert_int_equal(buf_add(&o.got, slice_of(conn_in(o.c).p, n)), ERR_OK);
        conn_consume(o.c, n);
    }
    assert_memory_equal(o.got.p, data, sizeof data);
    owner_fini(&o);
    close(fd[1]);
}

static void answer_before_a_reset_is_read(void **state)
{
    (void)state;
    struct owner o;
    int fd[2];
    owner_on_pair(&o, fd, NULL, LIM);
    LOOP_UNTIL(o.opened == 1);
    assert_int_equal(conn_write(o.c, SLICE("body that nobody reads")), ERR_OK);
    conn_flush(o.c);
    send_all(fd[1], "HTTP/1.1 413", 12);
    close(fd[1]); /* with unread input: a reset */
    for (int i = 0; i < 3; i++) {
        if (conn_write(o.c, SLICE("more")) != ERR_OK) break;
        o.inside_call = true;
        conn_flush(o.c);
        o.inside_call = false;
    }
    LOOP_UNTIL(o.ends > 0);
    assert_int_equal(o.end[CONN_RESET], 1);
    assert_int_equal(o.end[CONN_EOF], 0);
    assert_int_equal(o.got.end, 12);
    owner_fini(&o);
}

static void deadlines(void **state)
{
    (void)state;
    struct owner o;
    int fd[2];
    owner_on_pair(&o, fd, NULL, LIM);
    uint64_t t = clock_mono_ns();
    conn_deadline(o.c, 40);
    LOOP_UNTIL(o.end[CONN_TIMEOUT] == 1);
    assert_true(clock_mono_ns() - t >= 39 * MS_NS);
    assert_true(conn_is_open(o.c)); /* the owner may still answer */
    loop_turns(30);
    assert_int_equal(o.end[CONN_TIMEOUT], 1);
    conn_deadline(o.c, 20);
    conn_deadline(o.c, 0);
    loop_turns(50);
    assert_int_equal(o.end[CONN_TIMEOUT], 1);
    conn_deadline(o.c, 20); /* put off: the timer fires early and is armed again */
    t = clock_mono_ns();
    conn_deadline(o.c, 100);
    LOOP_UNTIL(o.end[CONN_TIMEOUT] == 2);
    assert_true(clock_mono_ns() - t >= 99 * MS_NS);
    conn_deadline(o.c, 60000); /* drawn nearer */
    conn_deadline(o.c, 20);
    LOOP_UNTIL(o.end[CONN_TIMEOUT] == 3);
    owner_fini(&o);
    close(fd[1]);
}

static void output_has_a_limit(void **state)
{
    (void)state;
    struct owner o;
    int fd[2];
    static char big[700000];
    owner_on_pair(&o, fd, NULL, LIM);
    assert_int_equal(conn_write(o.c, slice_of(big, sizeof big)), ERR_OK);
    assert_int_equal(conn_write(o.c, slice_of(big, sizeof big)), ERR_LIMIT);
    assert_int_equal(conn_out_len(o.c), sizeof big);
    owner_fini(&o);
    close(fd[1]);
}

/* A slow reader: the producer stops above CONN_HIGH and goes on at on_drain. */
static void slow_reader(void **state)
{
    (void)state;
    struct owner o;
    int fd[2];
    const size_t total = 6u << 20;
    size_t made = 0, read_back = 0;
    unsigned drains = 0;
    unsigned char chunk[10000], in[30000];
    owner_init(&o);
    tcp_pair(fd);
    fcntl(fd[1], F_SETFL, O_NONBLOCK);
    owner_accept(&o, fd[0], NULL, LIM);
    LOOP_UNTIL(o.opened == 1);
    bool stopped = false;
    while (read_back < total) {
        while (!stopped && made < total) {
            size_t n = total - made < sizeof chunk ? total - made : sizeof chunk;
            for (size_t i = 0; i < n; i++) chunk[i] = (unsigned char)((made + i) * 131 >> 3);
            assert_int_equal(conn_write(o.c, slice_of(chunk, n)), ERR_OK);
            o.inside_call = true;
            conn_flush(o.c);
            o.inside_call = false;
            made += n;
            stopped = conn_out_len(o.c) > CONN_HIGH;
        }
        assert_true(conn_out_len(o.c) <= CONN_HIGH + sizeof chunk);
        loop_once(1);
        ssize_t r = recv(fd[1], in, sizeof in, 0);
        for (ssize_t i = 0; i < r; i++) assert_int_equal(in[i], (unsigned char)((read_back + (size_t)i) * 131 >> 3));
        if (r > 0) read_back += (size_t)r;
        if (o.drained > drains) {
            assert_true(conn_out_len(o.c) <= CONN_LOW);
            drains = o.drained;
            stopped = false;
        }
    }
    assert_true(drains > 0);
    owner_fini(&o);
    close(fd[1]);
}

static void free_in_any_callback(void **state)
{
    (void)state;
    for (unsigned bit = ON_OPEN; bit <= ON_DRAIN; bit *= 2) {
        struct owner o;
        int fd[2];
        static char big[900000];
        owner_init(&o);
        o.free_on = bit;
        tcp_pair(fd);
        fcntl(fd[1], F_SETFL, O_NONBLOCK);
        owner_accept(&o, fd[0], NULL, LIM);
        if (bit != ON_OPEN) LOOP_UNTIL(o.opened == 1);
        if (bit == ON_DATA || bit == ON_END) send_all(fd[1], "x", 1);
        if (bit == ON_DATA || bit == ON_END) shutdown(fd[1], SHUT_WR);
        if (bit == ON_DRAIN) {
            for (int i = 0; i < 8 && conn_out_len(o.c) <= CONN_LOW; i++) {
                assert_int_equal(conn_write(o.c, slice_of(big, sizeof big)), ERR_OK);
                conn_flush(o.c);
            }
            assert_true(conn_out_len(o.c) > CONN_LOW);
        }
        uint64_t end = clock_mono_ns() + WITHIN_MS * MS_NS;
        while (o.c) {
            assert_true(clock_mono_ns() < end);
            loop_once(1);
            if (bit == ON_DRAIN) (void)!recv(fd[1], big, sizeof big, 0);
        }
        unsigned calls = o.opened + o.datas + o.ends + o.drained;
        loop_turns(20);
        assert_int_equal(o.opened + o.datas + o.ends + o.drained, calls); /* no call after conn_free */
        owner_fini(&o);
        close(fd[1]);
    }
}

static void no_callback_after_free(void **state)
{
    (void)state;
    struct owner o;
    int fd[2];
    owner_init(&o);
    tcp_pair(fd);
    owner_accept(&o, fd[0], NULL, LIM); /* on_open is due */
    conn_deadline(o.c, 1);
    send_all(fd[1], "x", 1);
    usleep(2000);
    conn_free(o.c);
    o.c = NULL;
    loop_turns(20);
    assert_int_equal(o.opened + o.datas + o.ends, 0);
    owner_fini(&o);
    close(fd[1]);
}

static void connect_and_refusal(void **state)
{
    (void)state;
    struct owner o;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    char b[4];
    int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(l, (struct sockaddr *)&a, n), 0);
    assert_int_equal(getsockname(l, (struct sockaddr *)&a, &n), 0);
    owner_init(&o);
    o.inside_call = true;
    o.c = conn_connect(&W, (struct sockaddr *)&a, n, NULL, NULL, LIM, &owner_ops, &o);
    o.inside_call = false;
    assert_non_null(o.c);
    LOOP_UNTIL(o.ends == 1);
    assert_int_equal(o.end[CONN_REFUSED], 1);
    assert_int_equal(o.opened, 0);
    owner_fini(&o);
    assert_int_equal(listen(l, 4), 0);
    owner_init(&o);
    o.c = conn_connect(&W, (struct sockaddr *)&a, n, NULL, NULL, LIM, &owner_ops, &o);
    assert_int_equal(conn_write(o.c, SLICE("hey")), ERR_OK); /* waits for the connection */
    conn_flush(o.c);
    LOOP_UNTIL(o.opened == 1 && conn_out_len(o.c) == 0);
    int fd = accept4(l, NULL, NULL, SOCK_CLOEXEC);
    assert_int_equal(recv(fd, b, 3, MSG_WAITALL), 3);
    owner_fini(&o);
    close(fd);
    close(l);
}

static void finish_writes_the_rest(void **state)
{
    (void)state;
    struct owner o;
    int fd[2];
    static char big[900000];
    size_t got = 0;
    owner_init(&o);
    tcp_pair(fd);
    fcntl(fd[1], F_SETFL, O_NONBLOCK);
    owner_accept(&o, fd[0], NULL, LIM);
    LOOP_UNTIL(o.opened == 1);
    size_t sent = 0;
    for (int i = 0; i < 8 && conn_out_len(o.c) == 0; i++) {
        assert_int_equal(conn_write(o.c, slice_of(big, sizeof big)), ERR_OK);
        conn_flush(o.c);
        sent += sizeof big;
    }
    assert_true(conn_out_len(o.c) > 0);
    conn_finish(o.c);
    o.c = NULL;
    assert_non_null(W.lingering);
    uint64_t end = clock_mono_ns() + WITHIN_MS * MS_NS;
    for (;;) {
        (void)!send(fd[1], big, 1000, MSG_NOSIGNAL); /* talks on: must not turn the answer into a reset */
        loop_once(1);
        ssize_t r = recv(fd[1], big, 100000, 0);
        if (r == 0) break;
        assert_true(r > 0 || errno == EAGAIN);
        assert_true(clock_mono_ns() < end);
        if (r > 0) got += (size_t)r;
    }
    assert_int_equal(got, sent);
    close(fd[1]);
    LOOP_UNTIL(W.lingering == NULL);
    owner_fini(&o);
}

static void finish_ends_in_time(void **state)
{
    (void)state;
    struct owner o;
    int fd[2];
    owner_on_pair(&o, fd, NULL, LIM);
    LOOP_UNTIL(o.opened == 1);
    conn_finish(o.c); /* the peer never closes */
    o.c = NULL;
    uint64_t t = clock_mono_ns();
    LOOP_UNTIL(W.lingering == NULL);
    assert_true(clock_mono_ns() - t < (CONN_LINGER_MS + 1000) * MS_NS);
    assert_true(clock_mono_ns() - t > (CONN_LINGER_MS - 100) * MS_NS);
    close(fd[1]);
    /* A peer that has ended already needs no waiting. */
    tcp_pair(fd);
    owner_accept(&o, fd[0], NULL, LIM);
    shutdown(fd[1], SHUT_WR);
    LOOP_UNTIL(o.end[CONN_EOF] == 1);
    assert_int_equal(conn_write(o.c, SLICE("bye")), ERR_OK);
    conn_finish(o.c);
    o.c = NULL;
    assert_null(W.lingering);
    char b[4];
    assert_int_equal(recv(fd[1], b, 3, MSG_WAITALL), 3);
    assert_int_equal(recv(fd[1], b, 1, 0), 0);
    close(fd[1]);
    /* And the end of the worker cuts. */
    tcp_pair(fd);
    owner_accept(&o, fd[0], NULL, LIM);
    conn_finish(o.c);
    o.c = NULL;
    conn_cut_lingering(&W);
    assert_null(W.lingering);
    close(fd[1]);
    owner_fini(&o);
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        T(echo_at_every_cut),
        T(open_comes_once_and_first),
        T(half_close_keeps_the_write_side),
        T(reset_while_paused),
        T(reset_while_paused_with_data),
        T(reset_after_end),
        T(reset_while_full),
        T(reset_while_reading),
        T(pause_and_resume),
        T(input_stops_at_its_limit),
        T(answer_before_a_reset_is_read),
        T(deadlines),
        T(output_has_a_limit),
        T(slow_reader),
        T(free_in_any_callback),
        T(no_callback_after_free),
        T(connect_and_refusal),
        T(finish_writes_the_rest),
        T(finish_ends_in_time),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
