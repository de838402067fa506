/* The state machine of a request: it alone sees the client's connection and the target's.
 *
 *   X_BODY --> X_SCREEN --recorded--> X_CONNECT --sent--> X_HEAD --answer head--> X_HOLD --commit--> X_RELAY --> X_DONE
 *                                        ^                   |                       |
 *                                        +---- next target --+-----------------------+   (only while nothing went out)
 *
 * Any state may go to X_DONE: refused, failed, or the client left. The request is screened once, in X_SCREEN: at once, or
 * elsewhere while the loop goes on (exchange_screen.c); every target gets the same bytes. Functions that may end the
 * exchange are called last and return at once: x may be gone behind x_end.
 * Names: client_* for the connection, x_* for the exchange, up_* for what a target's connection tells. */
#include "proxy/exchange_private.h"
#include "proxy/base/clock.h"
#include "proxy/base/log.h"

#include <assert.h>
#include <unistd.h>

#define CLIENT_IN_MAX (256u * 1024)
#define UP_HEAD_MAX   (192u * 1024) /* less than a target's input buffer holds */
#define INTERIM_MAX   16u
#define HOLD_MAX      (1024u * 1024) /* held stream bytes beyond which holding stops */
#define SAW_MAX       (1024u * 1024) /* of an answer kept for `logging: redacted` */
#define ATTEMPT_LEAST (10 * MS_NS)   /* with less time left nobody else is asked: timers may also be a little early */
#define REUSE_GRACE   (1 * S_NS)     /* a kept connection that dies this soon was closed before our bytes came */
#define RATE_LEAST    1024u          /* bytes a second, below which a body or the reading of an answer is given up */
#define DRAIN_MS      1000u          /* draining: time for a connection without a request to say something */

static _Thread_local struct client *clients; /* of this worker */

static const char *const state_names[X_STATES] = {"body", "screen", "connect", "head", "hold", "relay", "done"};
static const uint8_t legal[X_STATES] = {
    [X_BODY] = 1 << X_SCREEN | 1 << X_DONE,
    [X_SCREEN] = 1 << X_CONNECT | 1 << X_DONE,
    [X_CONNECT] = 1 << X_CONNECT | 1 << X_HEAD | 1 << X_DONE,
    [X_HEAD] = 1 << X_CONNECT | 1 << X_HOLD | 1 << X_RELAY | 1 << X_DONE,
    [X_HOLD] = 1 << X_CONNECT | 1 << X_RELAY | 1 << X_DONE,
    [X_RELAY] = 1 << X_DONE,
};

static void x_set_state(struct exchange *x, enum x_state s)
{
    assert(legal[x->state] & 1 << s);
    log_event(LOG_DEBUG, "exchange", LOG_NAME("from", state_names[x->state]), LOG_NAME("to", state_names[s]));
    x->state = s;
}

static void client_step(struct client *c);
static void client_gone(struct client *c);
static void x_attempt(struct exchange *x, uint64_t now);
static void x_end(struct exchange *x, enum err e);
static void x_fail(struct exchange *x, enum err e);
static void up_step(struct exchange *x);

/* ---- the exchange's own life ---- */

/* Exchanges that are over are kept for the next requests: heads are large, and clearing them is not free. */
#define SPARES_MAX 64u
static _Thread_local struct exchange *spares[SPARES_MAX];
static _Thread_local unsigned spare_count;

static struct exchange *x_new(struct client *c)
{
    struct exchange *x = spare_count ? spares[--spare_count] : mem_zalloc(sizeof *x);
    if (!x) return NULL;
    memset(x, 0, offsetof(struct exchange, rec.finding));
    x->findings_header[0] = x->served[0] = 0;
    x->kept.n = 0;
    x->rec.kept = &x->kept;
    x->head.count = x->up_head.count = 0;
    x->head.query = x->head.path = SLICE_NONE;
    memset(x->head.first, 0, sizeof x->head.first);
    memset(x->up_head.first, 0, sizeof x->up_head.first);
    x->c = c;
    x->w = c->w;
    x->snap = snapshot_ref(c->w->snapshot);
    const struct config *cf = x->snap->config;
    x->head_mem = buf_make(cf->limits.header_bytes + 16);
    x->up_head_mem = buf_make(cf->limits.header_bytes + 16);
    x->body = buf_make(cf->limits.body_bytes);
    x->hold = buf_make(cf->limits.answer_bytes);
    x->out = buf_make(cf->limits.answer_bytes + cf->limits.event_bytes);
    x->saw_answer = buf_make(SAW_MAX);
    x->state = X_BODY;
    x->start = clock_mono_ns();
    c->x = x;
    c->w->exchanges++;
    if (c->w->metrics) {
        metric_add(c->w->metrics, M_REQUESTS, 1);
        metric_add(c->w->metrics, M_REQUESTS_OPEN, 1);
    }
    return x;
}

/* Lets go of the target; a connection that cannot be used again is closed, which cancels what the target is doing. */
static void up_drop(struct exchange *x)
{
    if (x->connecting) upstream_cancel(x->connecting);
    if (x->up) conn_free(x->up);
    if (x->hold_timer) event_free(x->hold_timer);
    x->connecting = NULL;
    x->up = NULL;
    x->hold_timer = NULL;
}

static void x_free(struct exchange *x)
{
    up_drop(x);
    x_screen_cancel(x);
    answer_free(x->answer);
    screening_free(&x->sc);
    buf_free(&x->head_mem);
    buf_free(&x->up_head_mem);
    buf_free(&x->body);
    buf_free(&x->hold);
    buf_free(&x->out);
    buf_free(&x->saw_answer);
    x->w->exchanges--;
    if (x->w->metrics) metric_add(x->w->metrics, M_REQUESTS_OPEN, (uint64_t)-1);
    snapshot_unref(x->snap);
    mem_wipe(&x->sc, sizeof x->sc);
    if (spare_count < SPARES_MAX) spares[spare_count++] = x;
    else mem_free(x);
}

/* ---- the client's connection ---- */

static void client_free(struct client *c, bool finish)
{
    *c->prev = c->next;
    if (c->next) c->next->prev = c->prev;
    c->w->connections--;
    if (c->w->metrics) metric_add(c->w->metrics, M_CONNECTIONS_OPEN, (uint64_t)-1);
    if (c->cut) conn_abort(c->conn);
    else if (finish) conn_finish(c->conn);
    else conn_free(c->conn);
    mem_free(c);
}

/* A limit for the client to read what waits for it; client_slow looks at how far it got. */
static void client_arm_reading(struct client *c)
{
    if (conn_is_stuck(c->conn)) c->out_mark = conn_taken(c->conn);
    conn_deadline(c->conn, c->w->snapshot->config->limits.client_idle_timeout);
}

/* The exchange is over: record it, and go on with the connection or close it. x is gone afterwards, c may be. */
static void x_end(struct exchange *x, enum err e)
{
    struct client *c = x->c;
    bool keep = x->keep_alive && !c->closing && !c->w->draining && x->body_whole && e != ERR_CLIENT_GONE;
    x_set_state(x, X_DONE);
    x_record_end(x, e);
    c->x = NULL;
    x_free(x);
    conn_flush_soon(c->conn);
    if (e == ERR_CLIENT_GONE) {
        client_free(c, false);
        return;
    }
    if (!keep) {
        if (c->stepping) c->closing = true; /* client_step closes when it comes back to it */
        else client_free(c, true);
        return;
    }
    client_arm_reading(c);
    conn_resume(c->conn);
    client_step(c);
}

/* An answer of our own, before anything else was sent. */
static void x_fail(struct exchange *x, enum err e)
{
    if (x->committed) { /* too late for a clean error: say it in the stream if there is one, and cut */
        struct buf b = buf_make(65536);
        if (x->mode == MODE_STREAM && x->ep->dialect->error_event(err_row(e), &b) == ERR_OK &&
            x_send_chunk(x, buf_slice(&b)) != ERR_OK)
            log_event(LOG_DEBUG, "error_event_dropped");
        buf_free(&b);
        x->keep_alive = false; /* without the last chunk, or short of the length: the client sees a cut */
        x->c->cut = x->until_close;
        x_end(x, e);
        return;
    }
    if (!x->body_whole) x->keep_alive = false;
    if (err_row(e)->status == 0 || x_send_error(x, e) != ERR_OK) {
        x->keep_alive = false;
        x->body_whole = false;
    }
    x_end(x, e);
}

/* ---- attempts ---- */

static bool x_may_fall_back(const struct exchange *x, enum err e)
{
    return !x->committed && x->plan_at + 1 < x->plan.count && (x->route->config->fallback_on & route_trigger(e)) &&
           x->rec.attempts < x->route->config->attempts && x->rec.attempts < AUDIT_ATTEMPTS_MAX &&
           (!x->attempts_until || clock_mono_ns() + ATTEMPT_LEAST < x->attempts_until);
}

/* The attempt failed with e. Tries the next target if the route says so; else fails the exchange. */
static void x_attempt_failed(struct exchange *x, enum err e, int status)
{
    const struct target *t = x->plan.target[x->plan_at];
    x_record_attempt(x, t, e, status);
    if (e != ERR_UP_REFUSAL && e != ERR_UP_CONTENT_FILTER && e != ERR_UP_CONTEXT_LENGTH) route_report(x->w, x->route, t, false);
    bool again = x_may_fall_back(x, e);
    up_drop(x);
    if (!again) {
        x_fail(x, e);
        return;
    }
    answer_free(x->answer);
    x->answer = NULL;
    buf_free(&x->hold);
    buf_free(&x->out);
    buf_free(&x->saw_answer);
    buf_free(&x->up_head_mem);
    x->plan_at++;
    x_attempt(x, clock_mono_ns());
}

static enum err timeout_reason(const struct exchange *x)
{
    uint64_t now = clock_mono_ns();
    if (x->attempt_until && now >= x->attempt_until) return ERR_UP_TOTAL;
    return x->up_answered ? ERR_UP_IDLE : ERR_UP_FIRST_BYTE;
}

/* The next limit on the target: first byte or idle, but never beyond the total one, nor, before its answer begins,
 * beyond the request's deadline for all attempts. */
static void up_arm(struct exchange *x, uint32_t ms)
{
    uint64_t now = clock_mono_ns(), until = ms ? now + ms * MS_NS : UINT64_MAX;
    if (x->attempt_until && x->attempt_until < until) until = x->attempt_until;
    if (x->attempts_until && x->attempts_until < until && !x->up_answered) until = x->attempts_until;
    if (until == UINT64_MAX) conn_deadline(x->up, 0);
    else conn_deadline(x->up, (unsigned)((until > now ? until - now : 0) / MS_NS) + 1);
}

static const struct config_timeouts *x_timeouts(const struct exchange *x)
{
    return &x->plan.target[x->plan_at]->backend->config->timeouts;
}

/* Gives the request's body to the target as fast as it takes it. False: the connection is dead, on_end will tell. */
static void x_feed(struct exchange *x)
{
    while (x->part_at < 3 && conn_out_len(x->up) < CONN_HIGH) {
        struct slice *p = &x->part[x->part_at];
        size_t n = p->n < CONN_HIGH ? p->n : CONN_HIGH;
        if (n && conn_write(x->up, slice_of(p->p, n)) != ERR_OK) break;
        p->p += n;
        p->n -= n;
        x->rec.sent_bytes += n;
        if (p->n == 0) x->part_at++;
    }
    conn_flush_soon(x->up);
}

/* The scrubbed body with the target's model where the caller's was. */
static void x_parts(struct exchange *x, const struct target *t)
{
    struct slice b = x->send;
    x->part_at = 0;
    x->part[0] = b;
    x->part[1] = x->part[2] = SLICE_NONE;
    if (!t->model || x->sc.model_end <= x->sc.model_off || x->sc.model_end > b.n) return;
    x->part[0] = slice_of(b.p, x->sc.model_off);
    x->part[1] = slice_str(t->model);
    x->part[2] = slice_of(b.p + x->sc.model_end, b.n - x->sc.model_end);
}

static void up_data(void *arg)
{
    struct exchange *x = arg;
    if (x->state != X_CONNECT) up_step(x);
}
static void up_end(void *arg, enum conn_end why);
static void up_drain(void *arg)
{
    struct exchange *x = arg;
    x_feed(x);
}
static const struct conn_ops up_ops = {NULL, up_data, up_end, up_drain};

/* A connection is there: send. */
static void x_connected(struct exchange *x, struct conn *up, bool reused)
{
    x->up = up;
    x->up_reused = reused;
    x->up_answered = false;
    x->up_seen = 0;
    x->interim = 0;
    conn_set_owner(up, &up_ops, x);
    conn_mark(up);
    if (x->w->metrics) metric_add(x->w->metrics, reused ? M_UP_REUSED : M_UP_CONNECTS, 1);
    x_set_state(x, X_HEAD);
    x_parts(x, x->plan.target[x->plan_at]);
    if (conn_in(up).n) { /* a server that speaks before it was asked */
        if (x->w->metrics) metric_add(x->w->metrics, M_POISONED, 1);
        x_attempt_failed(x, ERR_UP_MALFORMED, 0);
        return;
    }
    if (x_send_upstream_head(x) != ERR_OK) {
        x_attempt_failed(x, ERR_UP_CLOSED, 0);
        return;
    }
    up_arm(x, x_timeouts(x)->first_byte);
    x_feed(x);
}

static void on_upstream(void *arg, enum err e, struct conn *conn)
{
    struct exchange *x = arg;
    x->connecting = NULL;
    if (e) x_attempt_failed(x, e, 0);
    else x_connected(x, conn, false);
}

/* Names, addresses and handshakes have no more time than the attempt, and all attempts together, have left. */
static void x_connect_fresh(struct exchange *x)
{
    uint64_t until = x->attempts_until;
    if (x->attempt_until && (!until || x->attempt_until < until)) until = x->attempt_until;
    x->connecting = upstream_get(x->w, x->plan.target[x->plan_at]->backend, until, on_upstream, x);
    if (x->connecting) return;
    x_record_attempt(x, x->plan.target[x->plan_at], ERR_OVERLOAD, 0);
    x_fail(x, ERR_OVERLOAD);
}

static void x_attempt(struct exchange *x, uint64_t now)
{
    const struct target *t = x->plan.target[x->plan_at];
    x_set_state(x, X_CONNECT);
    x->attempt_start = now;
    uint32_t total = t->backend->config->timeouts.total;
    x->attempt_until = total ? x->attempt_start + total * MS_NS : 0;
    x->rec.attempts++;
    x->rec.model_served = t->model ? t->model : x->rec.model_asked;
    if (x->w->metrics) metric_add(x->w->metrics, M_ATTEMPTS, 1);
    struct conn *kept = upstream_take(x->w, t->backend);
    if (kept) x_connected(x, kept, true);
    else x_connect_fresh(x);
}

/* ---- the request ---- */

/* The target's name for the model is spliced into JSON: what would need escaping was refused by the configuration. */
static enum err x_route(struct exchange *x)
{
    struct slice model = slice_str(x->sc.model);
    if (x->caller && x->caller->models.n && model.n) {
        bool ok = false;
        for (size_t i = 0; i < x->caller->models.n && !ok; i++) ok = slice_glob(slice_str(x->caller->models.v[i]), model);
        if (!ok) return ERR_FORBIDDEN;
    }
    x->route = routes_find(x->snap->routes, model);
    if (!x->route) return ERR_NO_ROUTE;
    x->rec.rerouted = x->sc.reroute;
    route_plan(x->route, x->w, x_dice(x->w), x->sc.reroute, &x->plan);
    return x->plan.count ? ERR_OK : ERR_BLOCKED;
}

/* The body has been screened, with this result. */
void x_screened(struct exchange *x, enum err e)
{
    if (!e) e = x_screen_head(x);
    x_vet_model(x, e);
    uint64_t now = clock_mono_ns();
    x->rec.screen_us = (now - x->screen_start) / 1000;
    if (x->w->metrics) metric_observe_us(x->w->metrics, H_SCREEN, x->rec.screen_us);
    x_findings(x);
    if (!e) e = x_route(x);
    if (!e) {
        uint32_t total = x->route->config->retry_total;
        x->attempts_until = total ? x->screen_start + total * MS_NS : 0;
        e = x_record_intent(x);
    }
    if (e) x_fail(x, e);
    else x_attempt(x, now);
}

/* The request is whole. */
static void x_ready(struct exchange *x)
{
    enum err e;
    x->body_whole = true;
    x->rec.request_bytes = buf_len(&x->body);
    conn_deadline(x->c->conn, 0);
    x_set_state(x, X_SCREEN);
    if (x_screen(x, &e)) x_screened(x, e);
}

/* The next bytes of the body have their limit, and so has the whole: a byte now and then does not keep a connection. */
static void x_arm_body(struct exchange *x)
{
    uint64_t now = clock_mono_ns(), limit = x->snap->config->limits.client_body_timeout * MS_NS;
    uint64_t last = x->start + limit + buf_len(&x->body) * (S_NS / RATE_LEAST), until = now + limit;
    if (last < until) until = last;
    conn_deadline(x->c->conn, until > now ? (unsigned)((until - now) / MS_NS) + 1 : 1);
}

/* Takes what has come of the body. */
static void x_read_body(struct exchange *x)
{
    struct conn *conn = x->c->conn;
    while (!x->framing.done) {
        size_t used;
        struct slice data;
        enum err e = http_body_next(&x->framing, conn_in(conn), &used, &data);
        if (!e && data.n) e = buf_add(&x->body, data);
        if (e == ERR_LIMIT) e = ERR_BODY_TOO_LARGE;
        if (e) {
            x_fail(x, e);
            return;
        }
        if (used) conn_consume(conn, used);
        if (!used && !x->framing.done) {
            if (x->c->eof) x_fail(x, ERR_CLIENT_EOF);
            else x_arm_body(x);
            return;
        }
    }
    x_ready(x);
}

/* JSON in UTF-8, or nothing said. */
static bool content_type_ok(struct slice v)
{
    size_t semi = slice_find(v, ';');
    struct slice type = slice_trim(slice_of(v.p, semi)), rest = slice_of(v.p + semi, v.n - semi);
    if (v.n == 0) return true;
    bool json = slice_ieq(type, SLICE("application/json")) ||
                (type.n > 5 && slice_ieq(slice_of(type.p + type.n - 5, 5), SLICE("+json")));
    if (!json) return false;
    size_t k = 0;
    while (k + 8 <= rest.n && !slice_ieq(slice_of(rest.p + k, 8), SLICE("charset="))) k++;
    if (k + 8 > rest.n) return true;
    struct slice set = slice_trim(slice_of(rest.p + k + 8, rest.n - k - 8));
    return slice_ieq(set, SLICE("utf-8")) || slice_ieq(set, SLICE("utf8")) || slice_ieq(set, SLICE("\"utf-8\""));
}

static enum err x_check_endpoint(struct exchange *x)
{
    x->ep = endpoint_find(x->head.path);
    if (x->ep->kind == EP_UNKNOWN) {
        if (x->policy_config->unknown == ENDPOINTS_BLOCK) return ERR_ENDPOINT;
        x->unscreened = x->policy_config->unknown == ENDPOINTS_PASS;
        x->ep = endpoint_scan(x->ep);
    }
    if (x->ep->methods && !(x->ep->methods & 1u << x->head.method)) return ERR_METHOD;
    if (x->head.method == HM_TRACE || x->head.method == HM_CONNECT || x->head.method == HM_OTHER) return ERR_METHOD;
    return ERR_OK;
}

static enum err x_check_fields(struct exchange *x)
{
    struct slice coding = http_value(&x->head, HF_CONTENT_ENCODING);
    size_t credentials = 0;
    for (size_t i = 0; i < x->head.count; i++) credentials += x->head.field[i].id == HF_AUTHORIZATION;
    if (credentials > 1) return ERR_HEAD; /* the one we look at must be the one that is used */
    if (coding.n && !slice_ieq(coding, SLICE("identity"))) return ERR_MEDIA_TYPE;
    if (http_get(&x->head, HF_CONTENT_RANGE)) return ERR_HEAD;
    if (x->framing.kind != HTTP_NO_BODY && !x->framing.done && !x->unscreened &&
        !content_type_ok(http_value(&x->head, HF_CONTENT_TYPE)))
        return ERR_MEDIA_TYPE;
    return ERR_OK;
}

/* The head is parsed (slices into head_mem). Everything that can be said before the body is said here. */
static void x_begin(struct exchange *x)
{
    struct http_framing f;
    const struct config *c = x->snap->config;
    x->keep_alive = x->head.keep_alive;
    x_request_id(x);
    enum err e = x_identify(x);
    x_vet_id(x);
    if (!e) e = x_check_endpoint(x);
    x_record_start(x);
    enum err fe = http_request_framing(&x->head, c->limits.body_bytes, &f);
    if (fe) {
        x_fail(x, fe);
        return;
    }
    http_body_start(&x->framing, f, c->limits.body_bytes);
    x->body_whole = x->framing.done;
    if (!e) e = x_check_fields(x);
    if (e) {
        x_fail(x, e);
        return;
    }
    if (!x->framing.done && x->head.expect_continue && x->head.minor >= 1 && conn_in(x->c->conn).n == 0) {
        if (conn_write(x->c->conn, SLICE("HTTP/1.1 100 Continue\r\n\r\n")) == ERR_OK) conn_flush(x->c->conn);
    }
    x_read_body(x);
}

/* Keeps the head's bytes for the exchange, and moves its slices there. */
static bool x_keep_head(struct exchange *x, const struct http_head *h, struct slice bytes)
{
    if (buf_add(&x->head_mem, bytes) != ERR_OK) return false;
    http_head_moved(&x->head, h, bytes, buf_slice(&x->head_mem).p);
    return true;
}

/* Refuses what is no request, or cannot be kept: an answer, a record and a close. */
static void x_refuse(struct exchange *x, enum err e)
{
    x->head.count = 0; /* of a head that was not parsed to its end nothing is believed */
    memset(x->head.first, 0, sizeof x->head.first);
    x->head.method = HM_OTHER;
    x->head.minor = 1;
    x->policy_config = &x->snap->config->policies[0];
    x->policy = x->snap->policies[0];
    x_request_id(x);
    x_record_start(x);
    x_fail(x, e);
}

static void client_refuse(struct client *c, enum err e)
{
    struct exchange *x = x_new(c);
    c->closing = true;
    if (x) x_refuse(x, e);
    else if (!c->stepping) client_free(c, false);
}

/* Draining: what has connected may still ask, but must do so now. */
static void client_arm_head(struct client *c)
{
    unsigned ms = c->w->snapshot->config->limits.client_header_timeout;
    conn_deadline(c->conn, c->w->draining && ms > DRAIN_MS ? DRAIN_MS : ms);
}

static void client_head(struct client *c, bool *more)
{
    static _Thread_local struct http_head h;
    const struct config *cf = c->w->snapshot->config;
    size_t used;
    struct slice in = conn_in(c->conn);
    enum err e = http_request_head(in, cf->limits.header_bytes, &c->head_seen, &h, &used);
    *more = false;
    if (e == ERR_AGAIN) {
        if (c->eof) {
            c->closing = true;
            if (in.n > 2) client_refuse(c, ERR_CLIENT_EOF);
        } else if (in.n && !c->head_begun) { /* one limit for the whole head, however slowly its bytes come */
            c->head_begun = true;
            client_arm_head(c);
        }
        return;
    }
    c->head_seen = 0;
    c->head_begun = false;
    c->served = true;
    if (e) {
        client_refuse(c, e);
        return;
    }
    *more = true;
    struct exchange *x = x_new(c);
    if (!x || !x_keep_head(x, &h, slice_of(in.p, used))) {
        c->closing = true;
        if (x) x_refuse(x, ERR_OVERLOAD);
        return;
    }
    conn_consume(c->conn, used);
    x_begin(x);
}

/* Serves what has arrived: requests one after the other, never two at a time, and none while the client does not read
 * the answers it has. */
static void client_step(struct client *c)
{
    bool more = true;
    if (c->stepping) return;
    c->stepping = true;
    while (more && !c->x && !c->closing && conn_out_len(c->conn) <= CONN_HIGH) client_head(c, &more);
    c->stepping = false;
    if (!c->x && c->closing) {
        conn_flush(c->conn);
        client_free(c, true);
    }
}

static void client_data(void *arg)
{
    struct client *c = arg;
    if (!c->x) client_step(c);
    else if (c->x->state == X_BODY) {
        /* x_end may run client_step again, which must find a consistent connection: nothing is touched behind this. */
        x_read_body(c->x);
    }
}

/* Has the client gone, or only ended its side? A socket cannot tell until something is written to it: a peer that is
 * gone answers with a reset. An interim answer, or a comment between events, is something a living one ignores. */
static void client_probe(struct client *c)
{
    struct exchange *x = c->x;
    enum err e = ERR_OK;
    if (x->head.minor == 0) return;
    if (!x->committed) e = conn_write(c->conn, SLICE("HTTP/1.1 102 Processing\r\n\r\n"));
    else if (x->mode == MODE_STREAM) e = x_send_chunk(x, SLICE(": still here\n\n"));
    if (!e) conn_flush(c->conn);
}

static void client_gone(struct client *c)
{
    struct exchange *x = c->x;
    if (!x) {
        client_free(c, false);
        return;
    }
    if (x->state != X_BODY && x->rec.attempts) x_record_attempt(x, x->plan.target[x->plan_at], ERR_CLIENT_GONE, 0);
    x_end(x, ERR_CLIENT_GONE);
}

/* The time to read an answer is over. True if the client is slow, but not idle: it gets more. */
static bool client_slow(struct client *c)
{
    uint64_t idle = c->w->snapshot->config->limits.client_idle_timeout;
    if (conn_out_len(c->conn) == 0 || conn_taken(c->conn) - c->out_mark < idle * RATE_LEAST / 1000) return false;
    client_arm_reading(c);
    return true;
}

static void client_timeout(struct client *c)
{
    bool body = c->x && c->x->state == X_BODY;
    if (body) x_fail(c->x, ERR_CLIENT_TIMEOUT);
    else if (client_slow(c)) return;
    else if (!c->x && conn_in(c->conn).n && conn_is_open(c->conn) && conn_out_len(c->conn) == 0)
        client_refuse(c, ERR_CLIENT_TIMEOUT);
    else client_gone(c); /* idle, or it does not read its answer */
}

static void client_end(void *arg, enum conn_end why)
{
    struct client *c = arg;
    if (why == CONN_TLS_ERROR || why == CONN_TLS_VERIFY)
        if (c->w->metrics) metric_add(c->w->metrics, M_HANDSHAKE_FAILED, 1);
    if (why == CONN_TIMEOUT) {
        client_timeout(c);
        return;
    }
    if (why != CONN_EOF && why != CONN_TRUNCATED) {
        client_gone(c);
        return;
    }
    c->eof = true;
    if (!c->x) {
        client_step(c); /* serves what is whole, refuses what is not, and closes */
        return;
    }
    if (c->x->state == X_BODY) x_read_body(c->x);
    else client_probe(c);
}

static void client_drain(void *arg)
{
    struct client *c = arg;
    if (!c->x) {
        client_step(c);
    } else if (c->x->up && c->x->state == X_RELAY) { /* in other states the deadline is not about reading */
        conn_deadline(c->conn, 0);
        conn_resume(c->x->up);
        up_step(c->x);
    }
}

static void client_open(void *arg) { client_arm_head(arg); }

static const struct conn_ops client_ops = {client_open, client_data, client_end, client_drain};

void exchange_accept(struct worker *w, int fd, SSL_CTX *tls)
{
    const struct config *cf = w->snapshot->config;
    struct conn_limits lim = {CLIENT_IN_MAX, cf->limits.answer_bytes + cf->limits.event_bytes + (1u << 20)};
    if (lim.in_max < cf->limits.header_bytes + 1) lim.in_max = cf->limits.header_bytes + 1;
    struct client *c = mem_zalloc(sizeof *c);
    if (!c) {
        static _Thread_local uint64_t said;
        if (log_due(&said)) log_event(LOG_ERROR, "no_memory_for_connection");
        close(fd);
        return;
    }
    c->w = w;
    c->conn = conn_accept(w, fd, tls, lim, &client_ops, c);
    if (!c->conn) {
        mem_free(c);
        return;
    }
    c->next = clients;
    c->prev = &clients;
    if (clients) clients->prev = &c->next;
    clients = c;
    w->connections++;
    if (w->metrics) {
        metric_add(w->metrics, M_CONNECTIONS, 1);
        metric_add(w->metrics, M_CONNECTIONS_OPEN, 1);
    }
    client_arm_head(c);
}

/* A kept connection that says nothing is closed at once. One that was just made, or whose next request is on its way
 * into us, has a moment: its client could not know. */
void exchange_drain(struct worker *w)
{
    (void)w;
    for (struct client *c = clients, *next; c; c = next) {
        next = c->next;
        if (c->x) c->closing = true;
        else if (c->served && conn_is_quiet(c->conn)) client_free(c, true);
        else client_arm_head(c);
    }
}

void exchange_cut(struct worker *w)
{
    w->draining = true;
    while (clients) {
        struct exchange *x = clients->x;
        if (!x) {
            client_gone(clients);
            continue;
        }
        if (x->rec.attempts) x_record_attempt(x, x->plan.target[x->plan_at], ERR_DRAINING, 0);
        x_fail(x, ERR_DRAINING);
    }
    while (spare_count) mem_free(spares[--spare_count]);
    x_screen_fini();
}

/* ---- the answer ---- */

static void x_finish(struct exchange *x, enum err e)
{
    struct conn *up = x->up;
    const struct target *t = x->plan.target[x->plan_at];
    struct worker *w = x->w;
    bool whole = x->up_framing.done && x->up_framing.kind != HTTP_UNTIL_CLOSE && x->up_head.keep_alive && x->part_at >= 3 && up &&
                 conn_out_len(up) == 0;
    if (up && conn_in(up).n) { /* bytes behind the answer: the connection is poisoned */
        if (w->metrics) metric_add(w->metrics, M_POISONED, 1);
        whole = false;
    }
    x_record_attempt(x, t, e, x->up_head.status);
    route_report(w, x->route, t, x->up_head.status < 500 && x->up_head.status != 429);
    x->up = NULL;
    if (up && whole) upstream_put(w, t->backend, up);
    else if (up) conn_free(up);
    x_end(x, e);
}

static void x_note_first_byte(struct exchange *x)
{
    if (!x->first_byte) x->first_byte = clock_mono_ns();
}

/* Sends the head with `length` (see x_send_answer_head) and moves on to X_RELAY. */
static enum err x_commit(struct exchange *x, int64_t length)
{
    x->chunked = length == -1;
    enum err e = x_send_answer_head(x, length);
    x_note_first_byte(x);
    x_set_state(x, X_RELAY);
    if (x->mode == MODE_STREAM && x->w->metrics) metric_add(x->w->metrics, M_STREAMS, 1);
    return e;
}

/* Queues what waits in out; slows the target down if the client does not keep up. */
static enum err x_pass_on(struct exchange *x)
{
    enum err e = x_send_chunk(x, buf_slice(&x->out));
    buf_consume(&x->out, buf_len(&x->out));
    conn_flush_soon(x->c->conn);
    if (!e && x->up && conn_out_len(x->c->conn) > CONN_HIGH) {
        conn_pause(x->up);
        conn_deadline(x->up, 0); /* it is the client that is slow now */
        client_arm_reading(x->c);
    }
    return e;
}

static enum err answer_error(enum answer_state s)
{
    switch (s) {
    case ANSWER_REFUSED: return ERR_UP_REFUSAL;
    case ANSWER_FILTERED: return ERR_UP_CONTENT_FILTER;
    case ANSWER_FAILED: return ERR_UP_5XX;
    default: return ERR_OK;
    }
}

/* Codes of a 4xx body that another model may not give: a longer context, another filter. */
static enum err refusal_of_body(struct slice body)
{
    static const struct {
        struct slice mark;
        enum err e;
    } marks[] = {
        {SLICE_INIT("context_length_exceeded"), ERR_UP_CONTEXT_LENGTH},
        {SLICE_INIT("maximum context length"), ERR_UP_CONTEXT_LENGTH},
        {SLICE_INIT("prompt is too long"), ERR_UP_CONTEXT_LENGTH},
        {SLICE_INIT("exceed_context_size"), ERR_UP_CONTEXT_LENGTH},
        {SLICE_INIT("\"content_filter\""), ERR_UP_CONTENT_FILTER},
        {SLICE_INIT("data_inspection_failed"), ERR_UP_CONTENT_FILTER},
        {SLICE_INIT("ResponsibleAIPolicyViolation"), ERR_UP_CONTENT_FILTER},
        {SLICE_INIT("contentFilter"), ERR_UP_CONTENT_FILTER},
    };
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (slice_search(body, marks[i].mark) < body.n) return marks[i].e;
    return ERR_OK;
}

/* A whole body has been collected in hold. */
static void x_whole_done(struct exchange *x)
{
    bool changed = false;
    struct slice body = buf_slice(&x->hold);
    int status = x->up_head.status;
    if (x->policy_config->logging == LOGGING_REDACTED && body.n <= SAW_MAX && buf_add(&x->saw_answer, body) != ERR_OK)
        buf_free(&x->saw_answer);
    enum err e = answer_whole(x->answer, status, body, &x->out, &changed);
    if (e) {
        x_attempt_failed(x, ERR_UP_MALFORMED, status);
        return;
    }
    enum err why = status >= 400 ? refusal_of_body(body) : answer_error(answer_state(x->answer));
    if (why && x_may_fall_back(x, why)) {
        x_attempt_failed(x, why, status);
        return;
    }
    struct slice send = changed ? buf_slice(&x->out) : body;
    e = x_commit(x, (int64_t)send.n);
    if (!e) e = x_send_chunk(x, send);
    if (e) { /* its connection is dead, or memory is out */
        client_gone(x->c);
        return;
    }
    x_finish(x, ERR_OK);
}

static void on_hold_timer(evutil_socket_t fd, short what, void *arg);

static enum err x_hold_time(struct exchange *x)
{
    uint32_t ms = x->snap->config->limits.refusal_hold;
    struct timeval tv = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000) * 1000};
    if (!x->hold_timer) x->hold_timer = evtimer_new(x->w->base, on_hold_timer, x);
    return x->hold_timer && evtimer_add(x->hold_timer, &tv) == 0 ? ERR_OK : ERR_MEMORY;
}

/* What the answer's state means now, for a stream. Returns false if x is gone. */
static bool x_stream_step(struct exchange *x)
{
    if (x->state == X_HOLD) {
        enum err why = answer_error(answer_state(x->answer));
        if (why && x_may_fall_back(x, why)) {
            x_attempt_failed(x, why, x->up_head.status);
            return false;
        }
        if (answer_state(x->answer) == ANSWER_HOLD) {
            if (buf_len(&x->out) < HOLD_MAX) return true;
            answer_release(x->answer);
        }
        if (x_commit(x, -1) != ERR_OK) {
            client_gone(x->c);
            return false;
        }
    }
    if (x_pass_on(x) != ERR_OK) { /* the client's queue is past its cap */
        client_gone(x->c);
        return false;
    }
    return true;
}

static void on_hold_timer(evutil_socket_t fd, short what, void *arg)
{
    struct exchange *x = arg;
    (void)fd, (void)what;
    if (x->state != X_HOLD) return;
    answer_release(x->answer);
    if (buf_len(&x->out)) x_stream_step(x);
}

/* The target has ended a stream, whole or not. */
static void x_stream_done(struct exchange *x, enum err framing)
{
    enum err e = answer_finish(x->answer, &x->out);
    if (x->ep->kind != EP_CHAT && e == ERR_UP_TRUNCATED) e = ERR_OK;
    if (framing) e = framing;
    if (e && x->state == X_HOLD && (x_may_fall_back(x, e) || buf_len(&x->out) == 0)) { /* nothing came: a plain error */
        x_attempt_failed(x, e, x->up_head.status);
        return;
    }
    answer_release(x->answer);
    if (!x_stream_step(x)) return;
    if (e) {
        x_attempt_failed(x, e, x->up_head.status);
        return;
    }
    if (x->chunked && conn_write(x->c->conn, HTTP_LAST_CHUNK) != ERR_OK) x->keep_alive = false;
    /* A stream that carried an error ended well as HTTP; the record says what it was. */
    x_finish(x, answer_facts(x->answer)->error_event ? ERR_UP_5XX : ERR_OK);
}

/* The body's end, by its framing or (framing != ERR_OK) against it. */
static void x_body_done(struct exchange *x, enum err framing)
{
    if (x->mode == MODE_STREAM) {
        x_stream_done(x, framing);
        return;
    }
    if (framing) {
        x_attempt_failed(x, framing, x->up_head.status);
        return;
    }
    if (x->mode == MODE_WHOLE) {
        x_whole_done(x);
        return;
    }
    if (x->chunked && conn_write(x->c->conn, HTTP_LAST_CHUNK) != ERR_OK) x->keep_alive = false;
    x_finish(x, ERR_OK);
}

/* One piece of the answer's body. Returns false if x is gone. */
static bool x_body_piece(struct exchange *x, struct slice data)
{
    enum err e = ERR_OK;
    if (x->mode == MODE_WHOLE) {
        e = buf_add(&x->hold, data);
    } else if (x->mode == MODE_RAW) {
        if (x_send_chunk(x, data) == ERR_OK && x_pass_on(x) == ERR_OK) return true;
        client_gone(x->c); /* no fault of the target's */
        return false;
    } else {
        if (x->policy_config->logging == LOGGING_REDACTED && buf_add(&x->saw_answer, data) != ERR_OK) x->saw_answer.cap = 0;
        e = answer_push(x->answer, data, &x->out);
        if (!e) return x_stream_step(x);
        if (buf_len(&x->out) && x->state == X_RELAY && x_pass_on(x) != ERR_OK) e = ERR_CLIENT_GONE;
    }
    if (!e) return true;
    x_attempt_failed(x, e == ERR_LIMIT ? ERR_UP_TOO_LARGE : e, x->up_head.status);
    return false;
}

static bool is_event_stream(const struct exchange *x)
{
    struct slice v = http_value(&x->up_head, HF_CONTENT_TYPE);
    return slice_ieq(slice_trim(slice_of(v.p, slice_find(v, ';'))), SLICE("text/event-stream"));
}

static enum err x_new_answer(struct exchange *x)
{
    const struct config *c = x->snap->config;
    bool refusals = x->route->config->fallback_on & FB_REFUSAL && x_may_fall_back(x, ERR_UP_REFUSAL);
    struct answer_opts o = {
        .endpoint = x->ep,
        .refusals = refusals ? x->snap->refusals : NULL,
        .vault = x->sc.vault,
        .policy = x->policy,
        .event_max = c->limits.event_bytes,
        .hold_max = c->limits.refusal_bytes,
    };
    x->answer = answer_new(&o);
    return x->answer ? ERR_OK : ERR_MEMORY;
}

/* Statuses that mean "try another". */
static enum err status_error(int status)
{
    if (status == 429) return ERR_UP_429;
    return status >= 500 ? ERR_UP_5XX : ERR_OK;
}

static enum err x_choose_mode(struct exchange *x)
{
    struct slice coding = http_value(&x->up_head, HF_CONTENT_ENCODING);
    bool readable = coding.n == 0 || slice_ieq(coding, SLICE("identity"));
    bool chat = x->ep->kind == EP_CHAT;
    x->mode = MODE_RAW;
    if (x->up_framing.done || (!chat && !x->sc.vault)) return ERR_OK;
    if (!readable) return ERR_UP_MALFORMED;
    x->mode = is_event_stream(x) && x->up_head.status < 300 ? MODE_STREAM : MODE_WHOLE;
    enum err e = x_new_answer(x);
    if (e || x->mode != MODE_STREAM) return e;
    if (x->plan_at + 1 < x->plan.count && x->rec.attempts < x->route->config->attempts) return x_hold_time(x);
    answer_release(x->answer); /* nobody else to ask: nothing to hold for */
    return ERR_OK;
}

/* The head of the answer is there. Returns false if x is gone. */
static bool x_answer_head(struct exchange *x)
{
    struct http_framing f;
    int status = x->up_head.status;
    uint64_t max = x->ep->kind == EP_CHAT ? x->snap->config->limits.answer_bytes : UINT64_MAX / 4;
    enum err e = http_response_framing(&x->up_head, x->head.method, max, &f);
    enum err retry = status_error(status);
    if (!e && retry && x_may_fall_back(x, retry)) e = retry;
    if (!e) {
        http_body_start(&x->up_framing, f, max);
        x->no_body = x->up_framing.done && f.kind == HTTP_NO_BODY;
        e = x_choose_mode(x);
    }
    if (e) {
        x_attempt_failed(x, e, status);
        return false;
    }
    if (x->mode != MODE_RAW) {
        x_set_state(x, X_HOLD);
        return true;
    }
    int64_t length = f.kind == HTTP_LENGTH ? (int64_t)f.length : -1;
    if (f.kind == HTTP_NO_BODY) {
        uint64_t n = 0;
        length = slice_u64(http_value(&x->up_head, HF_CONTENT_LENGTH), INT64_MAX, &n) ? (int64_t)n : -2;
        if (status == 204 || status == 304) length = -2;
    }
    if (x_commit(x, length) != ERR_OK) {
        client_gone(x->c);
        return false;
    }
    conn_flush_soon(x->c->conn);
    return true;
}

/* Reads the head of the answer, skipping interim ones. Returns true when the body is next; false: wait, or x is gone. */
static bool x_read_answer_head(struct exchange *x)
{
    for (;;) {
        size_t used;
        size_t limit = x->snap->config->limits.header_bytes;
        if (limit > UP_HEAD_MAX) limit = UP_HEAD_MAX;
        enum err e = http_response_head(conn_in(x->up), limit, &x->up_seen, &x->up_head, &used);
        if (e == ERR_AGAIN) return false;
        bool ours = !e && x->up_head.status >= 200;
        if (!e && !ours && (x->up_head.status == 101 || ++x->interim > INTERIM_MAX)) e = ERR_UP_MALFORMED;
        if (!e && ours) { /* the slices must outlive the connection's buffer */
            buf_free(&x->up_head_mem);
            struct slice bytes = slice_of(conn_in(x->up).p, used);
            e = buf_add(&x->up_head_mem, bytes);
            if (!e) http_head_moved(&x->up_head, &x->up_head, bytes, buf_slice(&x->up_head_mem).p);
        }
        if (e) {
            x_attempt_failed(x, ERR_UP_MALFORMED, 0);
            return false;
        }
        conn_consume(x->up, used);
        x->up_seen = 0;
        if (!ours) continue;
        x->up_answered = true;
        if (x->w->metrics) metric_observe_us(x->w->metrics, H_UPSTREAM_FIRST_BYTE, (clock_mono_ns() - x->attempt_start) / 1000);
        return x_answer_head(x);
    }
}

/* Reads on in what the target has sent. */
static void up_step(struct exchange *x)
{
    if (x->state == X_HEAD && !x_read_answer_head(x)) return;
    while (!x->up_framing.done) {
        size_t used;
        struct slice data;
        enum err e = http_body_next(&x->up_framing, conn_in(x->up), &used, &data);
        if (e) {
            x_body_done(x, e == ERR_BODY_TOO_LARGE ? ERR_UP_TOO_LARGE : ERR_UP_MALFORMED);
            return;
        }
        if (data.n && !x_body_piece(x, data)) return;
        if (used) conn_consume(x->up, used);
        if (!used && !x->up_framing.done) {
            if (conn_out_len(x->c->conn) <= CONN_HIGH || !x->committed) up_arm(x, x_timeouts(x)->idle);
            return;
        }
    }
    x_body_done(x, ERR_OK);
}

static enum err end_reason(const struct exchange *x, enum conn_end why)
{
    switch (why) {
    case CONN_TIMEOUT: return timeout_reason(x);
    case CONN_TLS_VERIFY: return ERR_UP_TLS;
    default: return ERR_UP_CLOSED;
    }
}

static void up_end(void *arg, enum conn_end why)
{
    struct exchange *x = arg;
    bool eof = why == CONN_EOF || why == CONN_TRUNCATED;
    if (x->state == X_HEAD) {
        bool untouched = x->up_reused && !x->up_answered && conn_in(x->up).n == 0 && why != CONN_TIMEOUT && conn_unheard(x->up);
        if (untouched && clock_mono_ns() - x->attempt_start < REUSE_GRACE) {
            /* The server had closed a kept connection before a byte of our request reached it: not an attempt of its
             * own. Had one arrived, sending again could do twice what was asked once. */
            up_drop(x);
            x_set_state(x, X_CONNECT);
            x_connect_fresh(x);
            return;
        }
        x_attempt_failed(x, end_reason(x, why), 0);
        return;
    }
    if (eof && why == CONN_EOF && http_body_eof(&x->up_framing) == ERR_OK) {
        x_body_done(x, ERR_OK);
        return;
    }
    x_body_done(x, end_reason(x, why));
}
