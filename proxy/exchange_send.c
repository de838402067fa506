/* The heads an exchange writes: the request's for a target, the answer's for the client, and errors of our own.
 * Heads are always written anew from parsed fields; no byte of a peer's head goes through unparsed. */
#include "proxy/exchange_private.h"

#include <stdio.h>

#define HEAD_OUT_MAX (2u * 1024 * 1024) /* more than limits.header_bytes may say */

static enum err add_field(struct buf *b, struct slice name, struct slice value)
{
    enum err e = buf_reserve(b, name.n + value.n + 4);
    if (e) return e;
    char *t = buf_tail(b);
    memcpy(t, name.p, name.n);
    memcpy(t + name.n, ": ", 2);
    if (value.n) memcpy(t + name.n + 2, value.p, value.n);
    memcpy(t + name.n + 2 + value.n, "\r\n", 2);
    buf_commit(b, name.n + value.n + 4);
    return ERR_OK;
}

static enum err add_number(struct buf *b, struct slice name, uint64_t value)
{
    enum err e = buf_add(b, name);
    if (!e) e = buf_add_u64(b, value);
    return e ? e : buf_add(b, SLICE("\r\n"));
}

/* Fields of the client's that a target gets: not hop-by-hop, not what we write ourselves, no credentials unless the
 * target passes them through, nothing that names the client's network. */
static bool field_goes_up(const struct http_field *f, bool credentials)
{
    if (http_field_is_hop(f)) return false;
    switch ((int)f->id) {
    case HF_AUTHORIZATION:
    case HF_X_API_KEY:
    case HF_API_KEY:
    case HF_X_GOOG_API_KEY: return credentials;
    case HF_COOKIE:
    case HF_PROXY_AUTHORIZATION:
    case HF_ACCEPT_ENCODING:
    case HF_CONTENT_LENGTH:
    case HF_CONTENT_ENCODING:
    case HF_CONTENT_MD5:
    case HF_DIGEST:
    case HF_EXPECT:
    case HF_X_REQUEST_ID:
    case HF_X_FORWARDED_FOR:
    case HF_X_FORWARDED_HOST:
    case HF_X_FORWARDED_PROTO:
    case HF_FORWARDED:
    case HF_VIA:
    case HF_RANGE:
    case HF_RETRY_AFTER: /* these belong to answers: in a request they are a way round the screening */
    case HF_RETRY_AFTER_MS:
    case HF_X_SHOULD_RETRY:
    case HF_SERVER:
    case HF_SET_COOKIE:
    case HF_ETAG:
    case HF_DATE:
    case HF_PROXY_AUTHENTICATE: return false;
    default: return true;
    }
}

/* Path for the target: its base path, then the caller's path. A base of ".../v1" and a path of "/v1/..." do not double. */
static enum err add_target(struct exchange *x, struct buf *b, const struct config_backend *t)
{
    struct slice base = t->builtin_echo ? SLICE_NONE : slice_str(t->base_path), path = x->head.path;
    if (slice_ends(base, SLICE("/v1")) && slice_starts(path, SLICE("/v1/"))) base.n -= 3;
    enum err e = buf_add(b, base);
    if (!e) e = buf_add(b, path);
    if (!e && x->head.query.n) e = buf_add_byte(b, '?');
    if (!e && x->head.query.n) e = buf_add(b, x->head.query);
    return e;
}

static enum err add_credentials(struct buf *b, const struct config_backend *t)
{
    enum err e;
    if (!t->key) return ERR_OK;
    if ((e = buf_add(b, SLICE("authorization: Bearer ")))) return e;
    if ((e = buf_add(b, slice_str(t->key)))) return e;
    return buf_add(b, SLICE("\r\n"));
}

enum err x_send_upstream_head(struct exchange *x)
{
    const struct backend *be = x->plan.target[x->plan_at]->backend;
    const struct config_backend *t = be->config;
    struct buf b = buf_make(HEAD_OUT_MAX);
    size_t length = x->part[0].n + x->part[1].n + x->part[2].n;
    bool has_body = x->framing.kind != HTTP_NO_BODY;
    enum err e = buf_add(&b, x->head.method_text);
    if (!e) e = buf_add_byte(&b, ' ');
    if (!e) e = add_target(x, &b, t);
    if (!e) e = buf_add(&b, SLICE(" HTTP/1.1\r\n"));
    if (!e) e = add_field(&b, SLICE("host"), slice_str(be->host_field));
    for (size_t i = 0; i < x->head.count && !e; i++)
        if (field_goes_up(&x->head.field[i], t->key_passthrough))
            e = add_field(&b, x->head.field[i].name, x->head.field[i].value);
    if (!e) e = add_credentials(&b, t);
    if (!e) e = add_field(&b, SLICE("x-request-id"), slice_str(x->rec.id));
    if (!e) e = buf_add(&b, SLICE("accept-encoding: identity\r\n"));
    if (!e && has_body) e = add_number(&b, SLICE("content-length: "), length);
    if (!e) e = buf_add(&b, SLICE("\r\n"));
    if (!e) e = conn_write(x->up, buf_slice(&b));
    buf_free(&b);
    return e;
}

/* Fields of a target's answer that the client gets. Alternative services and cookies would lead it round the proxy. */
static bool field_goes_down(const struct http_field *f, bool changed)
{
    if (http_field_is_hop(f)) return false;
    switch ((int)f->id) {
    case HF_CONTENT_LENGTH:
    case HF_SET_COOKIE:
    case HF_X_REQUEST_ID: return false;
    case HF_CONTENT_MD5:
    case HF_DIGEST:
    case HF_ETAG: return !changed;
    default: break;
    }
    return !slice_ieq(f->name, SLICE("alt-svc")) && !slice_ieq(f->name, SLICE("strict-transport-security")) &&
           !(f->name.n > 9 && slice_ieq(slice_of(f->name.p, 9), SLICE("x-privet-")));
}

static enum err add_status(struct buf *b, int status)
{
    enum err e = status == 200 ? buf_add(b, SLICE("HTTP/1.1 200 OK\r\n")) : buf_add(b, SLICE("HTTP/1.1 "));
    if (e || status == 200) return e;
    if ((e = buf_add_u64(b, (uint64_t)status)) || (e = buf_add_byte(b, ' '))) return e;
    if ((e = buf_add(b, slice_str(http_reason(status))))) return e;
    return buf_add(b, SLICE("\r\n"));
}

/* The fields of our own on every answer, and the end of the head. */
static enum err add_own(struct exchange *x, struct buf *b, int64_t length, bool give_up)
{
    enum err e = add_field(b, SLICE("x-request-id"), slice_str(x->rec.id));
    bool close = !x->keep_alive || x->c->closing || x->w->draining;
    if (!e && x->rec.attempts) e = add_number(b, SLICE("x-privet-attempts: "), x->rec.attempts);
    if (!e && x->findings_header[0] && x->policy_config->findings_header)
        e = add_field(b, SLICE("x-privet-findings"), slice_str(x->findings_header));
    if (!e && give_up) e = buf_add(b, SLICE("x-should-retry: false\r\n"));
    if (!e && length == -1) e = buf_add(b, SLICE("transfer-encoding: chunked\r\n"));
    if (!e && length >= 0) e = add_number(b, SLICE("content-length: "), (uint64_t)length);
    if (!e && close) e = buf_add(b, SLICE("connection: close\r\n"));
    if (!e && !close && x->head.minor == 0) e = buf_add(b, SLICE("connection: keep-alive\r\n"));
    return e ? e : buf_add(b, SLICE("\r\n"));
}

/* True if we tried more than one target and none was good: the client's own retries would only multiply ours. */
static bool gave_up(const struct exchange *x, int status) { return (status == 429 || status >= 500) && x->rec.attempts > 1; }

enum err x_send_answer_head(struct exchange *x, int64_t length)
{
    struct buf b = buf_make(HEAD_OUT_MAX);
    int status = x->up_head.status;
    bool give_up = gave_up(x, status), changed = x->mode != MODE_RAW;
    if (x->head.minor == 0 && length == -1) { /* no chunks for HTTP/1.0: the end of the connection ends the body */
        x->keep_alive = false;
        x->chunked = false;
        x->until_close = true;
        length = -2;
    }
    enum err e = add_status(&b, status);
    for (size_t i = 0; i < x->up_head.count && !e; i++) {
        const struct http_field *f = &x->up_head.field[i];
        if (give_up && f->id == HF_X_SHOULD_RETRY) continue;
        if (field_goes_down(f, changed)) e = add_field(&b, f->name, f->value);
    }
    const struct http_field *theirs = http_get(&x->up_head, HF_X_REQUEST_ID);
    if (!e && theirs && !slice_eq(theirs->value, slice_str(x->rec.id)))
        e = add_field(&b, SLICE("x-upstream-request-id"), theirs->value);
    if (!e) e = add_own(x, &b, length, give_up);
    if (!e) e = conn_write(x->c->conn, buf_slice(&b));
    buf_free(&b);
    x->status = status;
    x->committed = true;
    return e;
}

enum err x_send_error(struct exchange *x, enum err why)
{
    const struct err_row *row = err_row(why);
    struct buf b = buf_make(HEAD_OUT_MAX), body = buf_make(HEAD_OUT_MAX);
    const struct dialect *d = x->ep ? x->ep->dialect : dialect_find(SLICE("openai"));
    enum err e = d->error_body(row, x->rec.id, &body);
    x->status = row->status;
    x->committed = true;
    if (!e) e = add_status(&b, row->status);
    if (!e) e = buf_add(&b, SLICE("content-type: application/json\r\n"));
    if (!e && why == ERR_METHOD) e = buf_add(&b, SLICE("allow: GET, HEAD, POST, OPTIONS\r\n"));
    if (!e) e = add_own(x, &b, (int64_t)buf_len(&body), gave_up(x, row->status));
    if (!e && x->head.method != HM_HEAD) e = buf_add(&b, buf_slice(&body));
    if (!e) e = conn_write(x->c->conn, buf_slice(&b));
    buf_free(&b);
    buf_free(&body);
    return e;
}

enum err x_send_chunk(struct exchange *x, struct slice data)
{
    char head[20];
    enum err e = ERR_OK;
    if (data.n == 0 || x->no_body) return ERR_OK;
    if (x->chunked) e = conn_write(x->c->conn, slice_of(head, http_chunk_head(head, data.n)));
    if (!e) e = conn_write(x->c->conn, data);
    if (!e && x->chunked) e = conn_write(x->c->conn, HTTP_CHUNK_END);
    if (!e) x->rec.answer_bytes += data.n;
    return e;
}
