/* Connections: sockets, TLS, waiting bytes and deadlines, one system call for what one call can do.
 * States: CONNECTING -> HANDSHAKE -> OPEN -> FAILED; LINGERING after conn_finish. The end of the peer's side (`eof`) is
 * no state of its own: writing goes on.
 *
 * Reading is level-triggered and stays registered; conn_pause only sets a flag. Only when an event comes that cannot be
 * used (paused, full, after the end) does the connection change to its edge watch: EV_WRITE|EV_ET alone, which is
 * silent about input, but still wakes for room to write and for a reset. (With EV_CLOSED alone libevent 2.1 would lose
 * EPOLLERR and spin.) Reading again changes back. */
#include "proxy/net/conn.h"
#include "proxy/base/clock.h"
#include "proxy/net/tls.h"
#include "proxy/worker.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <event2/event_struct.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <linux/sockios.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define READ_TURN    (64u * 1024) /* most plain bytes read in one turn of the loop, so that others get theirs */
#define READ_LEAST   4096u        /* room below this is enlarged before a read, if the limit allows */
#define TLS_RECORD   16384u
#define LINGER_BYTES (32u * 1024 * 1024) /* most input that is read and thrown away while lingering */
#define WARM_MS      1000                /* a TLS connection idle for one to two of these gives its buffers back */
#define WARM_MAX     128
#define SOON_MAX     32     /* connections that wait for the end of a turn */
#define SOON_BYTES   16384u /* more than this does not wait for it */
#define CLOCK_STEP   4      /* ms that the coarse clock may be behind (CONFIG_HZ=250) */
#define FINISH_MS    60000  /* most time the rest of the output may take in conn_finish */
#define STALL_MS     10000  /* ... and most time without progress */

enum state { ST_CONNECTING, ST_HANDSHAKE, ST_OPEN, ST_FAILED, ST_LINGERING };

struct conn {
    struct worker *w;
    const struct conn_ops *ops; /* NULL once nobody may be called any more */
    void *arg;
    SSL *ssl;
    int fd;
    int io_errno; /* why reading failed, or writing under OpenSSL; 0 if it did not */
    enum state state;
    enum conn_end late_end; /* what `later` has to report */
    unsigned busy;          /* callbacks and loops on the stack: the memory lives until 0 */
    bool client;            /* we connected */
    bool dead;              /* conn_free was called */
    bool paused;
    bool eof;                                            /* the peer ended its side */
    bool io_eof;                                         /* recv said 0 under OpenSSL */
    bool io_short;                                       /* the last recv did not fill its room: the socket is empty */
    bool more;                                           /* bytes may wait inside OpenSSL, where no event tells of them */
    bool write_failed;                                   /* the socket takes no more; input may still be read to its end */
    bool write_on;                                       /* write_ev is added (level) */
    bool edge;                                           /* the edge watch is on */
    bool was_high;                                       /* output was above CONN_LOW: on_drain is owed */
    bool late_open, late_drain, late_read, has_late_end; /* work for `later` */
    bool shut;                                           /* lingering: our side is ended */
    bool active;                                         /* TLS: something was read or written since the last sweep */
    struct buf in, out;
    uint64_t deadline;  /* clock_mono_ns; 0: none */
    uint64_t armed;     /* when timer_ev fires; 0: not added */
    uint64_t finish_by; /* lingering: no later than this */
    size_t discarded;
    uint64_t sent, mark;       /* bytes the socket took, and how many of them before conn_mark */
    struct conn *next, **prev; /* lingering ones: worker.lingering */
    unsigned short warm, soon; /* 1 + its slot in worker.warm, worker.soon; 0: none */
    struct event read_ev, write_ev, timer_ev, later_ev;
    char peer[56];
};

static void on_readable(evutil_socket_t fd, short what, void *arg);
static void on_writable(evutil_socket_t fd, short what, void *arg);
static void on_timer(evutil_socket_t fd, short what, void *arg);
static void on_later(evutil_socket_t fd, short what, void *arg);

/* ---- life and death ---- */

static void hold(struct conn *c) { c->busy++; }

/* False if the connection is gone now. */
static bool release(struct conn *c)
{
    assert(c->busy > 0);
    if (--c->busy > 0 || !c->dead) return !c->dead;
    mem_free(c);
    return false;
}

/* OpenSSL's buffers are 33 KiB. A busy connection keeps them, because taking, wiping and freeing them for each record
 * costs a microsecond; but at most WARM_MAX of a worker, and only until a sweep finds them idle. The slots are a clock:
 * the hand passes over those active since it last came, and takes the first that was not. */
struct warm {
    struct event *timer;
    unsigned hand, count;
    struct conn *slot[WARM_MAX];
};

static void cool(struct conn *c)
{
    struct warm *m = c->w->warm;
    if (!c->warm || !m) return;
    m->slot[c->warm - 1] = NULL;
    m->count--;
    c->warm = 0;
}

static bool cool_if_idle(struct conn *c)
{
    bool idle = !c->active;
    c->active = false;
    if (!idle || !SSL_free_buffers(c->ssl)) return false; /* it refuses while they hold something */
    cool(c);
    return true;
}

static void sweep_later(struct warm *m)
{
    static const struct timeval tv = {WARM_MS / 1000, WARM_MS % 1000 * 1000};
    (void)event_add(m->timer, &tv); /* without it memory is held longer, no more */
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
    struct warm *m = arg;
    (void)fd, (void)what;
    for (size_t i = 0; i < WARM_MAX; i++)
        if (m->slot[i]) (void)cool_if_idle(m->slot[i]);
    if (m->count) sweep_later(m);
}

static struct warm *warm_make(struct worker *w)
{
    struct warm *m = mem_zalloc(sizeof *m);
    if (m) m->timer = evtimer_new(w->base, on_sweep, m);
    if (m && m->timer) return w->warm = m;
    mem_free(m);
    return NULL;
}

static void warm(struct conn *c)
{
    struct warm *m = c->w->warm;
    c->active = true;
    if (c->warm) return;
    if (!m) m = warm_make(c->w);
    for (unsigned i = 0; m && i < 2 * WARM_MAX; i++) {
        unsigned at = m->hand;
        m->hand = (at + 1) % WARM_MAX;
        if (m->slot[at] && !cool_if_idle(m->slot[at])) continue;
        m->slot[at] = c;
        c->warm = (unsigned short)(at + 1);
        if (m->count++ == 0) sweep_later(m);
        return;
    }
}

/* Those that have something to write when the events of this turn are done with. */
struct soon {
    struct event *ev; /* behind the events that are active now */
    unsigned count;
    struct conn *slot[SOON_MAX];
};

static void on_soon(evutil_socket_t fd, short what, void *arg)
{
    struct soon *s = arg;
    (void)fd, (void)what;
    /* Requests first: those who are to answer them can begin. conn_flush calls nobody back. */
    for (int pass = 0; pass < 2; pass++)
        for (unsigned i = 0; i < s->count; i++) {
            struct conn *c = s->slot[i];
            if (!c || c->client == (pass == 1)) continue;
            s->slot[i] = NULL;
            c->soon = 0;
            conn_flush(c);
        }
    s->count = 0;
}

static struct soon *soon_make(struct worker *w)
{
    struct soon *s = mem_zalloc(sizeof *s);
    if (s) s->ev = event_new(w->base, -1, 0, on_soon, s);
    if (s && s->ev) return w->soon = s;
    mem_free(s);
    return NULL;
}

void conn_flush_soon(struct conn *c)
{
    struct soon *s = c->w->soon ? c->w->soon : soon_make(c->w);
    if (c->soon || conn_out_len(c) == 0) return;
    if (!s || s->count == SOON_MAX || conn_out_len(c) > SOON_BYTES) {
        conn_flush(c);
        return;
    }
    s->slot[s->count++] = c;
    c->soon = (unsigned short)s->count;
    if (s->count == 1) event_active(s->ev, EV_TIMEOUT, 0);
}

static void unwatch(struct conn *c)
{
    event_del(&c->read_ev);
    event_del(&c->write_ev);
    c->write_on = c->edge = false;
}

static void destroy(struct conn *c)
{
    assert(!c->dead);
    c->dead = true;
    c->ops = NULL;
    unwatch(c);
    event_del(&c->timer_ev);
    event_del(&c->later_ev);
    if (c->prev) {
        *c->prev = c->next;
        if (c->next) c->next->prev = c->prev;
    }
    cool(c);
    if (c->soon) c->w->soon->slot[c->soon - 1] = NULL;
    SSL_free(c->ssl);
    close(c->fd);
    buf_free(&c->in);
    buf_free(&c->out);
    if (c->busy == 0) mem_free(c);
}

/* Runs on_later in this turn of the loop, after the callers of now have returned. */
static void later(struct conn *c) { event_active(&c->later_ev, EV_TIMEOUT, 0); }

static bool watch_read(struct conn *c)
{
    return event_assign(&c->read_ev, c->w->base, c->fd, EV_READ | EV_PERSIST, on_readable, c) == 0 &&
           event_add(&c->read_ev, NULL) == 0;
}

static bool watch_write(struct conn *c, bool on)
{
    if (c->edge || c->write_on == on) return true;
    c->write_on = on;
    return (on ? event_add(&c->write_ev, NULL) : event_del(&c->write_ev)) == 0;
}

/* Reports a failure once; nothing is read or written afterwards. From the loop only, with the connection held. */
static void fail(struct conn *c, enum conn_end why)
{
    if (c->dead || c->state == ST_FAILED) return;
    if (c->state == ST_LINGERING) {
        destroy(c);
        return;
    }
    c->state = ST_FAILED;
    unwatch(c);
    buf_free(&c->out);
    if (c->ops) c->ops->on_end(c->arg, why);
}

/* The same from inside a call of the owner. */
static void fail_later(struct conn *c, enum conn_end why)
{
    if (c->has_late_end || c->state == ST_FAILED) return;
    c->has_late_end = true;
    c->late_end = why;
    later(c);
}

static void watch_edge(struct conn *c)
{
    if (c->edge) return;
    unwatch(c);
    c->edge = true;
    if (event_assign(&c->write_ev, c->w->base, c->fd, EV_WRITE | EV_ET | EV_PERSIST, on_writable, c) != 0 ||
        event_add(&c->write_ev, NULL) != 0)
        fail_later(c, CONN_RESET);
}

static void watch_level(struct conn *c)
{
    if (!c->edge) return;
    unwatch(c);
    if (event_assign(&c->write_ev, c->w->base, c->fd, EV_WRITE | EV_PERSIST, on_writable, c) != 0 || !watch_read(c) ||
        !watch_write(c, buf_len(&c->out) > 0))
        fail_later(c, CONN_RESET);
}

/* ---- OpenSSL's way to the socket ---- */

/* A BIO of our own: it keeps errno, so that a reset and an end are told apart without OpenSSL's error queue; it saves the
 * recv that would only say "nothing more"; and it leaves the handling of an end without close_notify to us, so that the
 * other direction goes on. */
static int bio_read(BIO *b, char *out, int n)
{
    struct conn *c = BIO_get_data(b);
    BIO_clear_retry_flags(b);
    if (c->io_short) {
        BIO_set_retry_read(b);
        return -1;
    }
    ssize_t r = recv(c->fd, out, (size_t)n, 0);
    if (r > 0) {
        c->io_short = r < n;
        return (int)r;
    }
    if (r == 0) {
        c->io_eof = true;
        return 0;
    }
    if (errno == EAGAIN || errno == EINTR) {
        c->io_short = errno == EAGAIN;
        BIO_set_retry_read(b);
    } else {
        c->io_errno = errno;
    }
    return -1;
}

static int bio_write(BIO *b, const char *p, int n)
{
    struct conn *c = BIO_get_data(b);
    BIO_clear_retry_flags(b);
    ssize_t r = send(c->fd, p, (size_t)n, MSG_NOSIGNAL);
    if (r >= 0) {
        c->sent += (size_t)r;
        return (int)r;
    }
    if (errno == EAGAIN || errno == EINTR) BIO_set_retry_write(b);
    else c->io_errno = errno;
    return -1;
}

static long bio_ctrl(BIO *b, int cmd, long num, void *ptr)
{
    (void)b, (void)num, (void)ptr;
    return cmd == BIO_CTRL_FLUSH || cmd == BIO_CTRL_DUP;
}

static BIO_METHOD *bio_method;
static pthread_once_t bio_once = PTHREAD_ONCE_INIT;

static void make_bio_method(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "privet socket");
    if (m && BIO_meth_set_read(m, bio_read) && BIO_meth_set_write(m, bio_write) && BIO_meth_set_ctrl(m, bio_ctrl)) bio_method = m;
}

static bool tls_attach(struct conn *c, SSL_CTX *ctx, const char *host)
{
    pthread_once(&bio_once, make_bio_method);
    BIO *b = bio_method ? BIO_new(bio_method) : NULL;
    if (!b) return false;
    BIO_set_data(b, c);
    BIO_set_init(b, 1);
    c->ssl = SSL_new(ctx);
    if (!c->ssl) {
        BIO_free(b);
        return false;
    }
    SSL_set_bio(c->ssl, b, b);
    if (!host) {
        SSL_set_accept_state(c->ssl);
        return true;
    }
    SSL_set_connect_state(c->ssl);
    return tls_client_prepare(c->ssl, host) == ERR_OK;
}

/* OpenSSL judges a result by its error queue: what others left there must go first. */
static void tls_clean_queue(void)
{
    if (ERR_peek_error()) ERR_clear_error();
}

/* Why an SSL call failed for good. */
static enum conn_end tls_failure(const struct conn *c)
{
    unsigned long e = ERR_peek_error();
    int r = ERR_GET_LIB(e) == ERR_LIB_SSL ? ERR_GET_REASON(e) : 0;
    bool verify = r == SSL_R_CERTIFICATE_VERIFY_FAILED || r == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE;
    ERR_clear_error();
    if (verify) return CONN_TLS_VERIFY;
    if (c->io_errno) return CONN_RESET;
    return CONN_TLS_ERROR;
}

/* ---- reading ---- */

enum got { GOT_NOTHING, GOT_FULL, GOT_END, GOT_TRUNCATED, GOT_FAILURE };

/* Room for at least one useful read; 0 if the limit is reached or memory is out (then *why says so). */
static size_t room(struct conn *c, enum err *why)
{
    size_t left = c->in.cap - buf_len(&c->in), want = READ_LEAST;
    *why = ERR_OK;
    if (left == 0) return 0;
    if (!c->in.p || buf_room(&c->in) < want) {
        *why = buf_reserve(&c->in, left < want ? left : want);
        if (*why) return 0;
    }
    return buf_room(&c->in) < left ? buf_room(&c->in) : left;
}

static enum got read_plain(struct conn *c, enum conn_end *why)
{
    size_t total = 0;
    while (total < READ_TURN) {
        enum err e;
        size_t n = room(c, &e);
        *why = CONN_RESET;
        if (n == 0) return e ? GOT_FAILURE : GOT_FULL;
        ssize_t r = recv(c->fd, buf_tail(&c->in), n, 0);
        if (r == 0) return c->write_failed ? GOT_FAILURE : GOT_END;
        if (r < 0 && (errno == EAGAIN || errno == EINTR)) return GOT_NOTHING;
        if (r < 0) {
            c->io_errno = errno;
            return GOT_FAILURE;
        }
        buf_commit(&c->in, (size_t)r);
        if ((size_t)r < n) break; /* whatever comes next comes with an event */
        total += (size_t)r;
    }
    return GOT_NOTHING;
}

static enum got tls_read_result(struct conn *c, int n, enum conn_end *why)
{
    switch (SSL_get_error(c->ssl, n)) {
    case SSL_ERROR_WANT_READ: return GOT_NOTHING;
    case SSL_ERROR_WANT_WRITE: /* the answer to a key update */
        if (!watch_write(c, true)) break;
        return GOT_NOTHING;
    case SSL_ERROR_ZERO_RETURN: return c->write_failed ? GOT_FAILURE : GOT_END;
    case SSL_ERROR_SYSCALL:
        if (c->io_eof && !c->io_errno && !c->write_failed) return GOT_TRUNCATED;
        break;
    default: break;
    }
    *why = c->write_failed ? CONN_RESET : tls_failure(c);
    ERR_clear_error();
    return GOT_FAILURE;
}

static enum got read_tls(struct conn *c, enum conn_end *why)
{
    c->more = false;
    warm(c);
    tls_clean_queue();
    for (;;) {
        enum err e;
        size_t n = room(c, &e);
        *why = CONN_RESET;
        if (n == 0) {
            c->more = true;
            return e ? GOT_FAILURE : GOT_FULL;
        }
        int r = SSL_read(c->ssl, buf_tail(&c->in), n < INT32_MAX ? (int)n : INT32_MAX);
        if (r <= 0) return tls_read_result(c, r, why);
        buf_commit(&c->in, (size_t)r);
        if (!SSL_has_pending(c->ssl)) return GOT_NOTHING;
    }
}

/* Reads what is there and tells the owner. The connection is held. */
static void do_read(struct conn *c)
{
    enum conn_end why = CONN_RESET;
    size_t before = buf_len(&c->in);
    c->io_short = false;
    enum got g = c->ssl ? read_tls(c, &why) : read_plain(c, &why);
    if (g == GOT_END || g == GOT_TRUNCATED) c->eof = true;
    bool fresh = buf_len(&c->in) > before;
    if (!fresh && buf_len(&c->in) == 0) buf_free(&c->in); /* the block we took for nothing */
    if (fresh && c->ops) c->ops->on_data(c->arg);
    if (c->dead) return;
    if (g == GOT_FAILURE) {
        fail(c, why);
        return;
    }
    if (g == GOT_FULL && !c->paused && buf_len(&c->in) >= c->in.cap) watch_edge(c);
    if (c->eof && c->ops) c->ops->on_end(c->arg, g == GOT_END ? CONN_EOF : CONN_TRUNCATED);
}

static bool may_read(const struct conn *c) { return c->state == ST_OPEN && !c->paused && !c->eof && buf_len(&c->in) < c->in.cap; }

/* ---- writing ---- */

/* One write of what waits. 1: something went, 0: the socket is full, -1: it takes no more. */
static int write_once(struct conn *c)
{
    struct slice s = buf_slice(&c->out);
    if (!c->ssl) {
        ssize_t n = send(c->fd, s.p, s.n, MSG_NOSIGNAL);
        if (n >= 0) {
            c->sent += (size_t)n;
            buf_consume(&c->out, (size_t)n);
            return 1;
        }
        return errno == EINTR ? 1 : errno == EAGAIN ? 0 : -1;
    }
    int n = SSL_write(c->ssl, s.p, s.n < INT32_MAX ? (int)s.n : INT32_MAX);
    if (n > 0) {
        buf_consume(&c->out, (size_t)n);
        return 1;
    }
    switch (SSL_get_error(c->ssl, n)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return 0;
    default: ERR_clear_error(); return -1;
    }
}

/* False if the socket takes no more. */
static bool write_out(struct conn *c)
{
    int r = 1;
    if (c->ssl) {
        warm(c);
        tls_clean_queue();
    }
    while (r > 0 && buf_len(&c->out) > 0) r = write_once(c);
    if (r < 0) {
        c->write_failed = true;
        buf_free(&c->out);
        (void)watch_write(c, false);
        return false;
    }
    return watch_write(c, buf_len(&c->out) > 0);
}

static bool drained(struct conn *c)
{
    if (!c->was_high || buf_len(&c->out) > CONN_LOW) return false;
    c->was_high = false;
    return true;
}

/* A failed write is not the end: an answer may have come before the reset. What can be read is read first; the read
 * then meets the error itself. From the loop, held. */
static void after_failed_write(struct conn *c)
{
    if (may_read(c)) do_read(c);
    if (c->dead || c->state == ST_FAILED) return;
    if (!may_read(c) || c->ssl) {
        fail(c, CONN_RESET);
        return;
    }
    struct pollfd p = {.fd = c->fd, .events = POLLIN}; /* more than one turn's worth may wait */
    if (poll(&p, 1, 0) <= 0 || !(p.revents & POLLIN)) fail(c, CONN_RESET);
}

/* ---- lingering ---- */

static void linger_end_side(struct conn *c)
{
    c->shut = true;
    if (c->ssl) {
        tls_clean_queue();
        (void)SSL_shutdown(c->ssl); /* close_notify; the peer's is not waited for */
        ERR_clear_error();
    }
    if (c->eof) { /* nothing can come, so nothing can be answered by a reset */
        destroy(c);
        return;
    }
    shutdown(c->fd, SHUT_WR);
    conn_deadline(c, CONN_LINGER_MS);
    watch_level(c);
}

static void linger_read(struct conn *c)
{
    char *b = mem_block_get();
    ssize_t n = -1;
    for (int i = 0; b && i < 4; i++) {
        n = recv(c->fd, b, MEM_BLOCK, 0);
        if (n <= 0) break;
        c->discarded += (size_t)n;
    }
    bool again = n > 0 || (n < 0 && b && (errno == EAGAIN || errno == EINTR));
    mem_block_put(b, MEM_BLOCK);
    if (n == 0) c->eof = true;
    if (n == 0 && !c->shut) watch_edge(c); /* half closed: the rest still goes out */
    else if (!again || c->discarded > LINGER_BYTES) destroy(c);
}

static void linger_write(struct conn *c)
{
    size_t before = buf_len(&c->out);
    if (!write_out(c)) {
        destroy(c);
        return;
    }
    if (buf_len(&c->out) == 0) {
        linger_end_side(c);
        return;
    }
    if (buf_len(&c->out) == before) return;
    uint64_t now = clock_mono_ns();
    if (now >= c->finish_by) destroy(c);
    else conn_deadline(c, STALL_MS);
}

void conn_finish(struct conn *c)
{
    if (c->state != ST_OPEN || c->write_failed || c->has_late_end) {
        conn_free(c);
        return;
    }
    hold(c);
    c->state = ST_LINGERING;
    c->ops = NULL;
    c->late_open = c->late_drain = c->late_read = false;
    buf_free(&c->in);
    c->next = c->w->lingering;
    if (c->next) c->next->prev = &c->next;
    c->prev = &c->w->lingering;
    c->w->lingering = c;
    c->finish_by = clock_mono_ns() + FINISH_MS * MS_NS;
    conn_deadline(c, STALL_MS);
    if (!c->eof) watch_level(c);
    linger_write(c);
    (void)release(c);
}

void conn_cut_lingering(struct worker *w)
{
    while (w->lingering) destroy(w->lingering);
}

void conn_fini(struct worker *w)
{
    conn_cut_lingering(w);
    if (w->warm) event_free(w->warm->timer);
    mem_free(w->warm);
    w->warm = NULL;
    if (w->soon) event_free(w->soon->ev);
    mem_free(w->soon);
    w->soon = NULL;
}

/* ---- events ---- */

static void opened(struct conn *c)
{
    c->state = ST_OPEN;
    if (c->ssl && SSL_free_buffers(c->ssl)) cool(c); /* many come and say nothing for long */
    if (c->ops && c->ops->on_open) c->ops->on_open(c->arg);
    /* Data may have come with the end of the handshake, into OpenSSL, where no event tells of it. */
    if (!c->dead && c->ssl && SSL_has_pending(c->ssl)) {
        if (may_read(c)) do_read(c);
        else c->more = true;
    }
}

static void do_handshake(struct conn *c)
{
    c->io_short = false;
    warm(c);
    tls_clean_queue();
    int r = SSL_do_handshake(c->ssl);
    if (r == 1) {
        if (!watch_write(c, buf_len(&c->out) > 0)) fail(c, CONN_RESET);
        else opened(c);
        return;
    }
    switch (SSL_get_error(c->ssl, r)) {
    case SSL_ERROR_WANT_READ:
        if (!watch_write(c, false)) fail(c, CONN_RESET);
        return;
    case SSL_ERROR_WANT_WRITE:
        if (!watch_write(c, true)) fail(c, CONN_RESET);
        return;
    default: fail(c, tls_failure(c));
    }
}

static void connected(struct conn *c)
{
    int e = 0;
    socklen_t n = sizeof e;
    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &e, &n) != 0 || e != 0) {
        fail(c, CONN_REFUSED);
        return;
    }
    if (!watch_write(c, buf_len(&c->out) > 0) || !watch_read(c)) {
        fail(c, CONN_RESET);
        return;
    }
    c->state = c->ssl ? ST_HANDSHAKE : ST_OPEN;
    if (c->ssl) do_handshake(c);
    else opened(c);
}

/* Does the late work whose time it is by the order of things: open before data. */
static void open_late(struct conn *c)
{
    if (!c->late_open) return;
    c->late_open = false;
    if (c->ops && c->ops->on_open) c->ops->on_open(c->arg);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct conn *c = arg;
    hold(c);
    open_late(c);
    if (!c->dead) switch (c->state) {
        case ST_HANDSHAKE: do_handshake(c); break;
        case ST_OPEN:
            if (may_read(c)) do_read(c);
            else watch_edge(c);
            break;
        case ST_LINGERING: linger_read(c); break;
        case ST_CONNECTING:
        case ST_FAILED: break;
        }
    (void)release(c);
}

/* Room to write, or (in the edge watch) a reset. */
static void open_writable(struct conn *c)
{
    if (buf_len(&c->out) > 0) {
        if (!write_out(c)) {
            after_failed_write(c);
            return;
        }
        if (drained(c) && c->ops && c->ops->on_drain) c->ops->on_drain(c->arg);
        if (c->dead || c->state != ST_OPEN) return;
    }
    if (c->edge) {
        struct pollfd p = {.fd = c->fd};
        if (poll(&p, 1, 0) > 0 && (p.revents & POLLERR)) fail(c, CONN_RESET);
        return;
    }
    if (c->ssl && may_read(c)) do_read(c); /* SSL_read may have wanted to write */
    if (!c->dead && c->state == ST_OPEN && !watch_write(c, buf_len(&c->out) > 0)) fail(c, CONN_RESET);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct conn *c = arg;
    hold(c);
    open_late(c);
    if (!c->dead) switch (c->state) {
        case ST_CONNECTING: connected(c); break;
        case ST_HANDSHAKE: do_handshake(c); break;
        case ST_OPEN: open_writable(c); break;
        case ST_LINGERING:
            if (!c->shut) linger_write(c);
            break;
        case ST_FAILED: break;
        }
    (void)release(c);
}

static void on_later(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct conn *c = arg;
    hold(c);
    open_late(c);
    if (!c->dead && c->late_read) {
        c->late_read = false;
        if (may_read(c)) {
            watch_level(c);
            do_read(c);
        }
    }
    if (!c->dead && c->late_drain) {
        c->late_drain = false;
        if (c->ops && c->ops->on_drain) c->ops->on_drain(c->arg);
    }
    if (!c->dead && c->has_late_end) {
        c->has_late_end = false;
        if (c->write_failed && c->late_end == CONN_RESET) after_failed_write(c);
        else fail(c, c->late_end);
    }
    (void)release(c);
}

static void arm(struct conn *c, uint64_t now)
{
    uint64_t ns = c->deadline > now ? c->deadline - now : 0;
    struct timeval tv = {.tv_sec = (time_t)(ns / S_NS), .tv_usec = (suseconds_t)(ns % S_NS / 1000 + 1)};
    c->armed = c->deadline;
    if (event_add(&c->timer_ev, &tv) != 0) c->armed = 0;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct conn *c = arg;
    c->armed = 0;
    if (c->deadline == 0 || c->state == ST_FAILED) return;
    uint64_t now = clock_mono_ns();
    if (now < c->deadline) {
        arm(c, now);
        return;
    }
    c->deadline = 0;
    if (c->state == ST_LINGERING) {
        destroy(c);
        return;
    }
    hold(c);
    if (c->ops) c->ops->on_end(c->arg, CONN_TIMEOUT);
    (void)release(c);
}

/* ---- making ---- */

static void name_peer(struct conn *c, const struct sockaddr *sa)
{
    char ip[INET6_ADDRSTRLEN] = "?";
    if (sa->sa_family == AF_INET) {
        const struct sockaddr_in *a = (const void *)sa;
        inet_ntop(AF_INET, &a->sin_addr, ip, sizeof ip);
        snprintf(c->peer, sizeof c->peer, "%s:%u", ip, ntohs(a->sin_port));
    } else if (sa->sa_family == AF_INET6) {
        const struct sockaddr_in6 *a = (const void *)sa;
        bool v4 = IN6_IS_ADDR_V4MAPPED(&a->sin6_addr);
        if (v4) inet_ntop(AF_INET, &a->sin6_addr.s6_addr[12], ip, sizeof ip);
        else inet_ntop(AF_INET6, &a->sin6_addr, ip, sizeof ip);
        snprintf(c->peer, sizeof c->peer, v4 ? "%s:%u" : "[%s]:%u", ip, ntohs(a->sin6_port));
    } else {
        snprintf(c->peer, sizeof c->peer, "local");
    }
}

static struct conn *make(struct worker *w, int fd, struct conn_limits lim, const struct conn_ops *ops, void *arg)
{
    struct conn *c = mem_zalloc(sizeof *c);
    if (!c) return NULL;
    c->w = w;
    c->fd = fd;
    c->ops = ops;
    c->arg = arg;
    c->in = buf_make(lim.in_max < TLS_RECORD ? TLS_RECORD : lim.in_max);
    c->out = buf_make(lim.out_max);
    if (event_assign(&c->read_ev, w->base, fd, EV_READ | EV_PERSIST, on_readable, c) != 0 ||
        event_assign(&c->write_ev, w->base, fd, EV_WRITE | EV_PERSIST, on_writable, c) != 0 ||
        event_assign(&c->timer_ev, w->base, -1, 0, on_timer, c) != 0 ||
        event_assign(&c->later_ev, w->base, -1, 0, on_later, c) != 0) {
        mem_free(c);
        return NULL;
    }
    return c;
}

static void no_delay(int fd)
{
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* fails on other kinds of socket: no matter */
}

struct conn *conn_accept(struct worker *w, int fd, SSL_CTX *tls, struct conn_limits lim, const struct conn_ops *ops, void *arg)
{
    struct sockaddr_storage ss = {0};
    socklen_t n = sizeof ss;
    struct conn *c = make(w, fd, lim, ops, arg);
    if (!c) {
        close(fd);
        return NULL;
    }
    no_delay(fd);
    (void)getpeername(fd, (struct sockaddr *)&ss, &n);
    name_peer(c, (struct sockaddr *)&ss);
    c->state = tls ? ST_HANDSHAKE : ST_OPEN;
    if ((tls && !tls_attach(c, tls, NULL)) || !watch_read(c)) {
        ERR_clear_error();
        destroy(c);
        return NULL;
    }
    if (!tls) {
        c->late_open = true;
        later(c);
    }
    return c;
}

struct conn *conn_connect(struct worker *w, const struct sockaddr *addr, socklen_t addr_len, SSL_CTX *tls, const char *host,
                          struct conn_limits lim, const struct conn_ops *ops, void *arg)
{
    int fd = socket(addr->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return NULL;
    struct conn *c = make(w, fd, lim, ops, arg);
    if (!c) {
        close(fd);
        return NULL;
    }
    no_delay(fd);
    name_peer(c, addr);
    c->client = true;
    c->state = ST_CONNECTING;
    if (tls && !tls_attach(c, tls, host)) {
        ERR_clear_error();
        destroy(c);
        return NULL;
    }
    if (connect(fd, addr, addr_len) != 0 && errno != EINPROGRESS) {
        fail_later(c, CONN_REFUSED);
    } else if (!watch_write(c, true)) {
        destroy(c);
        return NULL;
    }
    return c;
}

struct conn *conn_adopt(struct worker *w, int fd, struct conn_limits lim, const struct conn_ops *ops, void *arg)
{
    struct sockaddr_storage ss = {0};
    socklen_t n = sizeof ss;
    struct conn *c = evutil_make_socket_nonblocking(fd) == 0 ? make(w, fd, lim, ops, arg) : NULL;
    if (!c) {
        close(fd);
        return NULL;
    }
    (void)getpeername(fd, (struct sockaddr *)&ss, &n);
    name_peer(c, (struct sockaddr *)&ss);
    c->state = ST_OPEN;
    if (!watch_read(c)) {
        destroy(c);
        return NULL;
    }
    return c;
}

void conn_free(struct conn *c)
{
    if (c->ssl && c->state == ST_OPEN && !c->write_failed && !c->has_late_end) {
        tls_clean_queue();
        (void)SSL_shutdown(c->ssl);
        ERR_clear_error();
    }
    destroy(c);
}

void conn_abort(struct conn *c)
{
    struct linger reset = {.l_onoff = 1};
    conn_flush(c);
    (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    destroy(c);
}

void conn_set_owner(struct conn *c, const struct conn_ops *ops, void *arg)
{
    c->ops = ops;
    c->arg = arg;
}

/* ---- the owner's calls ---- */

struct slice conn_in(const struct conn *c) { return buf_slice(&c->in); }

/* Reads again where reading had stopped and no event would say that there is something. */
static void read_again(struct conn *c)
{
    if ((!c->edge && !c->more) || c->late_read || c->dead || !may_read(c)) return;
    c->late_read = true;
    later(c);
}

void conn_consume(struct conn *c, size_t n)
{
    buf_consume(&c->in, n);
    read_again(c);
}

enum err conn_write(struct conn *c, struct slice s)
{
    if (c->state == ST_FAILED || c->write_failed || c->has_late_end) return ERR_IO;
    enum err e = buf_add(&c->out, s);
    if (e) return e;
    if (buf_len(&c->out) > CONN_LOW) c->was_high = true;
    return ERR_OK;
}

void conn_flush(struct conn *c)
{
    if (c->state != ST_OPEN || c->write_failed || buf_len(&c->out) == 0 || c->write_on) return;
    if (!write_out(c)) {
        fail_later(c, CONN_RESET);
        return;
    }
    if (drained(c)) {
        c->late_drain = true;
        later(c);
    }
}

size_t conn_out_len(const struct conn *c) { return buf_len(&c->out); }
bool conn_is_stuck(const struct conn *c) { return buf_len(&c->out) > 0 && !c->soon; }

void conn_mark(struct conn *c) { c->mark = c->sent; }

uint64_t conn_taken(const struct conn *c)
{
    int waiting = 0;
    return ioctl(c->fd, SIOCOUTQ, &waiting) == 0 && waiting > 0 ? c->sent - (uint64_t)waiting : c->sent;
}

bool conn_unheard(const struct conn *c)
{
    if (c->sent == c->mark) return true;
    /* A reset may come without saying what had arrived, unless an end came first: Linux calls that EPIPE. */
    if (!c->eof && c->io_errno != EPIPE) return false;
    return conn_taken(c) <= c->mark;
}

bool conn_is_quiet(const struct conn *c)
{
    struct pollfd p = {.fd = c->fd, .events = POLLIN};
    return conn_is_open(c) && buf_len(&c->in) == 0 && !c->more && poll(&p, 1, 0) == 0;
}

void conn_pause(struct conn *c) { c->paused = true; }

void conn_resume(struct conn *c)
{
    if (!c->paused) return;
    c->paused = false;
    read_again(c);
}

void conn_deadline(struct conn *c, unsigned ms)
{
    if (ms == 0) {
        c->deadline = 0;
        return;
    }
    /* Set many times a request: the coarse clock is enough, and made up for. */
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    uint64_t now = (uint64_t)t.tv_sec * S_NS + (uint64_t)t.tv_nsec;
    c->deadline = now + ((uint64_t)ms + CLOCK_STEP) * MS_NS;
    if (c->armed == 0 || c->deadline < c->armed) arm(c, now);
}

bool conn_is_open(const struct conn *c) { return c->state == ST_OPEN && !c->write_failed && !c->has_late_end; }
bool conn_is_tls(const struct conn *c) { return c->ssl != NULL; }
bool conn_at_eof(const struct conn *c) { return c->eof || c->state == ST_FAILED; }
const char *conn_peer(const struct conn *c) { return c->peer; }

bool conn_tls_subject(const struct conn *c, char *out, size_t n)
{
    X509 *x = c->ssl ? SSL_get0_peer_certificate(c->ssl) : NULL;
    if (!x || SSL_get_verify_result(c->ssl) != X509_V_OK) return false;
    BIO *b = BIO_new(BIO_s_mem());
    char *p;
    bool ok = b && X509_NAME_print_ex(b, X509_get_subject_name(x), 0, XN_FLAG_RFC2253) >= 0;
    long len = ok ? BIO_get_mem_data(b, &p) : 0;
    ok = ok && len > 0 && (size_t)len < n; /* a cut name could be another's */
    if (ok) {
        memcpy(out, p, (size_t)len);
        out[len] = 0;
    }
    BIO_free(b);
    return ok;
}
