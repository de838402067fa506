/* A small HTTP client on the connections and the parser that everything else uses.
 * States: CONNECTING (a kept connection skips it) -> HEAD -> BODY -> answered, once, from the loop. */
#include "proxy/route/call.h"
#include "proxy/http/body.h"
#include "proxy/route/upstream.h"
#include "proxy/worker.h"

#define CALL_HEAD_MAX    (16u * 1024) /* of the answer */
#define CALL_INTERIM_MAX 16u

struct call {
    struct worker *w;
    struct backend *b;
    call_cb cb;
    void *arg;
    struct event *timer;
    struct upstream_req *connecting;
    struct conn *up;
    bool reused, head_done, keep;
    int status;
    unsigned interim;
    size_t seen;
    struct buf head;   /* of the request */
    struct buf body;   /* of the request */
    struct slice rest; /* of the body, still to be sent */
    struct buf answer;
    struct http_body framing;
    struct http_head in; /* slices into the connection's buffer: good only while it is looked at */
};

static void call_free(struct call *c)
{
    if (c->connecting) upstream_cancel(c->connecting);
    if (c->up) conn_free(c->up);
    if (c->timer) event_free(c->timer);
    buf_free(&c->head);
    buf_free(&c->body);
    buf_free(&c->answer);
    mem_free(c);
}

void call_cancel(struct call *c) { call_free(c); }

/* The one end. The callback may do anything but touch the call. */
static void call_end(struct call *c, enum err e)
{
    struct buf answer = c->answer;
    call_cb cb = c->cb;
    void *arg = c->arg;
    int status = c->status;
    c->answer = buf_make(0);
    if (!e && c->keep && c->rest.n == 0 && conn_in(c->up).n == 0) {
        upstream_put(c->w, c->b, c->up);
        c->up = NULL;
    }
    call_free(c);
    cb(arg, e, status, buf_slice(&answer));
    buf_free(&answer);
}

/* ---- the request ---- */

static enum err write_head(struct call *c, struct slice path)
{
    const char *key = c->b->config->key;
    enum err e = buf_add(&c->head, SLICE("POST "));
    if (!e) e = buf_add(&c->head, path);
    if (!e) e = buf_addf(&c->head, " HTTP/1.1\r\nhost: %s\r\n", c->b->host_field);
    if (!e && key) e = buf_addf(&c->head, "authorization: Bearer %s\r\n", key);
    if (!e)
        e = buf_addf(&c->head,
                     "content-type: application/json\r\naccept: application/json\r\naccept-encoding: identity\r\n"
                     "content-length: %zu\r\n\r\n",
                     buf_len(&c->body));
    return e;
}

/* A write that fails is told by on_end, with whatever the service said before. */
static void feed(struct call *c)
{
    while (c->rest.n && conn_out_len(c->up) < CONN_HIGH) {
        size_t n = c->rest.n < CONN_HIGH ? c->rest.n : CONN_HIGH;
        if (conn_write(c->up, slice_of(c->rest.p, n)) != ERR_OK) break;
        c->rest.p += n;
        c->rest.n -= n;
    }
    conn_flush(c->up);
}

/* ---- the answer ---- */

/* ERR_AGAIN: there is no whole head yet. */
static enum err read_head(struct call *c)
{
    struct http_framing f;
    size_t used;
    for (;;) {
        enum err e = http_response_head(conn_in(c->up), CALL_HEAD_MAX, &c->seen, &c->in, &used);
        if (e) return e == ERR_AGAIN ? e : ERR_UP_MALFORMED;
        c->seen = 0;
        if (c->in.status >= 200) break;
        if (c->in.status == 101 || ++c->interim > CALL_INTERIM_MAX) return ERR_UP_MALFORMED;
        conn_consume(c->up, used);
    }
    struct slice coding = http_value(&c->in, HF_CONTENT_ENCODING);
    if (coding.n && !slice_ieq(coding, SLICE("identity"))) return ERR_UP_MALFORMED;
    enum err e = http_response_framing(&c->in, HM_POST, c->answer.cap, &f);
    if (e) return e == ERR_UP_TOO_LARGE ? e : ERR_UP_MALFORMED;
    http_body_start(&c->framing, f, c->answer.cap);
    c->status = c->in.status;
    c->keep = c->in.keep_alive && f.kind != HTTP_UNTIL_CLOSE;
    c->head_done = true;
    conn_consume(c->up, used);
    return ERR_OK;
}

/* ERR_AGAIN: more is to come. */
static enum err read_body(struct call *c)
{
    while (!c->framing.done) {
        size_t used;
        struct slice data;
        enum err e = http_body_next(&c->framing, conn_in(c->up), &used, &data);
        if (!e && data.n) e = buf_add(&c->answer, data);
        if (e) return e == ERR_BODY_TOO_LARGE || e == ERR_LIMIT ? ERR_UP_TOO_LARGE : e == ERR_MEMORY ? e : ERR_UP_MALFORMED;
        if (used) conn_consume(c->up, used);
        else if (!c->framing.done) return ERR_AGAIN;
    }
    return ERR_OK;
}

static void on_data(void *arg)
{
    struct call *c = arg;
    enum err e = c->head_done ? ERR_OK : read_head(c);
    if (!e) e = read_body(c);
    if (e != ERR_AGAIN) call_end(c, e);
}

static void on_drain(void *arg) { feed(arg); }

static void connect_fresh(struct call *c);

static void on_end(void *arg, enum conn_end why)
{
    struct call *c = arg;
    if (c->reused && !c->head_done && conn_in(c->up).n == 0) { /* it was closed before our bytes came */
        conn_free(c->up);
        c->up = NULL;
        connect_fresh(c);
        return;
    }
    bool whole = c->head_done && why == CONN_EOF && http_body_eof(&c->framing) == ERR_OK;
    call_end(c, whole ? ERR_OK : ERR_UP_CLOSED);
}

static const struct conn_ops ops = {NULL, on_data, on_end, on_drain};

/* ---- the connection ---- */

static void send_on(struct call *c, struct conn *up, bool reused)
{
    c->up = up;
    c->reused = reused;
    c->rest = buf_slice(&c->body);
    c->seen = 0;
    conn_set_owner(up, &ops, c);
    conn_deadline(up, 0); /* the call has its own */
    if (conn_write(up, buf_slice(&c->head)) == ERR_OK) feed(c);
}

static void on_connected(void *arg, enum err e, struct conn *conn)
{
    struct call *c = arg;
    c->connecting = NULL;
    if (e) call_end(c, e);
    else if (conn_in(conn).n) { /* it speaks before it was asked */ c->up = conn;
        call_end(c, ERR_UP_MALFORMED);
    } else send_on(c, conn, false);
}

static void connect_fresh(struct call *c)
{
    c->connecting = upstream_get(c->w, c->b, 0, on_connected, c);
    if (!c->connecting) call_end(c, ERR_MEMORY);
}

static void on_time(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    call_end(arg, ERR_UP_TOTAL);
}

struct call *call_start(struct worker *w, const struct call_opts *o, call_cb cb, void *arg)
{
    struct timeval limit = {(time_t)(o->timeout / 1000), (suseconds_t)(o->timeout % 1000) * 1000};
    struct buf body = *o->body;
    *o->body = buf_make(o->body->cap);
    struct call *c = mem_zalloc(sizeof *c);
    if (!c) {
        buf_free(&body);
        return NULL;
    }
    *c = (struct call){.w = w, .b = o->backend, .cb = cb, .arg = arg, .body = body};
    c->head = buf_make(64 * 1024);
    c->answer = buf_make(o->answer_bytes);
    c->timer = evtimer_new(w->base, on_time, c);
    if (!c->timer || evtimer_add(c->timer, &limit) != 0 || write_head(c, o->path) != ERR_OK) goto failed;
    struct conn *kept = upstream_take(w, o->backend);
    if (kept) {
        send_on(c, kept, true);
        return c;
    }
    c->connecting = upstream_get(w, o->backend, 0, on_connected, c);
    if (c->connecting) return c;
failed:
    call_free(c);
    return NULL;
}
