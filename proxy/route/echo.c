/* The demo model (builtin:echo): answers a chat completion with the last user message, whole or streamed word by word,
 * so that `make demo` needs no network and no account. It tells what it saw in the field x-echo-saw (base64), which no
 * restoring touches.
 * States of a connection: HEAD -> BODY -> (STREAMING ->) HEAD. */
#include "proxy/base/clock.h"
#include "proxy/http/body.h"
#include "proxy/http/head.h"
#include "proxy/route/upstream.h"
#include "proxy/worker.h"

#include <cjson/cJSON.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <unistd.h>

#define ECHO_HEAD_MAX (64u * 1024)
#define ECHO_BODY_MAX (64u * 1024 * 1024)
#define ECHO_SAW_MAX  6000u /* bytes of text the x-echo-saw field shows */
#define ECHO_GAP_MS   5

struct echo {
    struct worker *w;
    struct conn *conn;
    struct buf head, body;
    struct http_head h;
    struct http_body framing;
    size_t seen;
    bool in_body, get, head_only;
    struct event *tick;
    char *text; /* what is being streamed */
    size_t text_len, text_off;
    char model[128];
};

static void echo_free(struct echo *e)
{
    if (e->tick) event_free(e->tick);
    if (e->conn) conn_free(e->conn);
    buf_free(&e->head);
    buf_free(&e->body);
    mem_free(e->text);
    mem_free(e);
}

static enum err put_head(struct echo *e, struct buf *out, int status, const char *type, const char *framing)
{
    enum err x = buf_addf(out, "HTTP/1.1 %d %s\r\ncontent-type: %s\r\n%s", status, http_reason(status), type, framing);
    if (x || !e->text) return x;
    size_t n = e->text_len < ECHO_SAW_MAX ? e->text_len : ECHO_SAW_MAX;
    if ((x = buf_add(out, SLICE("x-echo-saw: ")))) return x;
    if ((x = buf_reserve(out, 4 * n / 3 + 8))) return x;
    int len = EVP_EncodeBlock((unsigned char *)buf_tail(out), (unsigned char *)e->text, (int)n);
    buf_commit(out, (size_t)len);
    return buf_add(out, SLICE("\r\n"));
}

/* One JSON document as the body of an answer. False: give up the connection. */
static bool send_json(struct echo *e, int status, cJSON *doc)
{
    char *body = doc ? cJSON_PrintUnformatted(doc) : NULL;
    struct buf out = buf_make(ECHO_BODY_MAX);
    char len[64];
    bool ok = false;
    cJSON_Delete(doc);
    if (!body) return false;
    snprintf(len, sizeof len, "content-length: %zu\r\n", strlen(body));
    if (put_head(e, &out, status, "application/json", len) == ERR_OK && buf_add(&out, SLICE("\r\n")) == ERR_OK &&
        (e->head_only || buf_add(&out, slice_str(body)) == ERR_OK) && conn_write(e->conn, buf_slice(&out)) == ERR_OK)
        ok = true;
    mem_free(body);
    buf_free(&out);
    if (ok) conn_flush(e->conn);
    return ok;
}

static cJSON *error_doc(const char *text)
{
    cJSON *d = cJSON_CreateObject(), *x = d ? cJSON_AddObjectToObject(d, "error") : NULL;
    if (x) {
        cJSON_AddStringToObject(x, "message", text);
        cJSON_AddStringToObject(x, "type", "invalid_request_error");
        cJSON_AddNullToObject(x, "param");
        cJSON_AddNullToObject(x, "code");
    }
    return d;
}

static cJSON *models_doc(void)
{
    cJSON *d = cJSON_CreateObject();
    cJSON_AddStringToObject(d, "object", "list");
    cJSON *a = cJSON_AddArrayToObject(d, "data"), *m = cJSON_CreateObject();
    cJSON_AddStringToObject(m, "id", "echo");
    cJSON_AddStringToObject(m, "object", "model");
    cJSON_AddNumberToObject(m, "created", 0);
    cJSON_AddStringToObject(m, "owned_by", "privet");
    cJSON_AddItemToArray(a, m);
    return d;
}

static cJSON *completion(const struct echo *e, bool chunk)
{
    cJSON *d = cJSON_CreateObject();
    cJSON_AddStringToObject(d, "id", "chatcmpl-echo");
    cJSON_AddStringToObject(d, "object", chunk ? "chat.completion.chunk" : "chat.completion");
    cJSON_AddNumberToObject(d, "created", (double)(clock_wall_ns() / S_NS));
    cJSON_AddStringToObject(d, "model", e->model);
    return d;
}

static cJSON *choice(cJSON *doc, const char *field, const char *finish)
{
    cJSON *a = cJSON_AddArrayToObject(doc, "choices"), *c = cJSON_CreateObject();
    cJSON_AddItemToArray(a, c);
    cJSON_AddNumberToObject(c, "index", 0);
    cJSON *m = cJSON_AddObjectToObject(c, field);
    if (finish) cJSON_AddStringToObject(c, "finish_reason", finish);
    else cJSON_AddNullToObject(c, "finish_reason");
    return m;
}

/* The text of a message's content: the string, or its text parts joined by newlines. */
static bool content_text(const cJSON *content, struct buf *out)
{
    if (cJSON_IsString(content)) return buf_add(out, slice_str(content->valuestring)) == ERR_OK;
    const cJSON *part;
    cJSON_ArrayForEach(part, content)
    {
        const cJSON *t = cJSON_GetObjectItemCaseSensitive(part, "text");
        if (!cJSON_IsString(t)) continue;
        if (buf_len(out) && buf_add_byte(out, '\n') != ERR_OK) return false;
        if (buf_add(out, slice_str(t->valuestring)) != ERR_OK) return false;
    }
    return true;
}

static bool take_text(struct echo *e, const cJSON *doc)
{
    struct buf t = buf_make(ECHO_BODY_MAX);
    const cJSON *messages = cJSON_GetObjectItemCaseSensitive(doc, "messages"), *m, *last = NULL;
    cJSON_ArrayForEach(m, messages)
    {
        const cJSON *role = cJSON_GetObjectItemCaseSensitive(m, "role");
        if (cJSON_IsString(role) && strcmp(role->valuestring, "user") == 0) last = m;
    }
    bool ok = !last || content_text(cJSON_GetObjectItemCaseSensitive(last, "content"), &t);
    mem_free(e->text);
    e->text_len = buf_len(&t);
    e->text_off = 0;
    e->text = ok ? mem_strndup(e->text_len ? buf_slice(&t).p : "", e->text_len) : NULL;
    buf_free(&t);
    return e->text != NULL;
}

static bool send_event(struct echo *e, cJSON *doc)
{
    char *s = doc ? cJSON_PrintUnformatted(doc) : NULL;
    char head[20];
    cJSON_Delete(doc);
    if (!s) return false;
    size_t n = strlen(s);
    bool ok = conn_write(e->conn, slice_of(head, http_chunk_head(head, n + 8))) == ERR_OK &&
              conn_write(e->conn, SLICE("data: ")) == ERR_OK && conn_write(e->conn, slice_of(s, n)) == ERR_OK &&
              conn_write(e->conn, SLICE("\n\n\r\n")) == ERR_OK;
    mem_free(s);
    return ok;
}

static bool echo_read(struct echo *e);

/* The next word of the stream, or its end. */
static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct echo *e = arg;
    struct timeval gap = {0, ECHO_GAP_MS * 1000};
    if (conn_out_len(e->conn) > CONN_HIGH) { /* the reader is slow: wait */
        if (evtimer_add(e->tick, &gap) != 0) echo_free(e);
        return;
    }
    cJSON *doc = completion(e, true);
    if (e->text_off < e->text_len) {
        size_t end = e->text_off + 1;
        while (end < e->text_len && e->text[end] != ' ' && end - e->text_off < 24) end++;
        while (end < e->text_len && ((unsigned char)e->text[end] & 0xc0) == 0x80) end++;
        char *word = mem_strndup(e->text + e->text_off, end - e->text_off);
        cJSON *delta = choice(doc, "delta", NULL);
        if (word) cJSON_AddStringToObject(delta, "content", word);
        mem_free(word);
        e->text_off = end;
        if (!word || !send_event(e, doc) || evtimer_add(e->tick, &gap) != 0) {
            echo_free(e);
            return;
        }
        conn_flush(e->conn);
        return;
    }
    choice(doc, "delta", "stop");
    if (!send_event(e, doc) || conn_write(e->conn, SLICE("e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")) != ERR_OK) {
        echo_free(e);
        return;
    }
    conn_flush(e->conn);
    mem_free(e->text);
    e->text = NULL;
    if (!echo_read(e)) echo_free(e);
}

static bool start_stream(struct echo *e)
{
    struct buf out = buf_make(ECHO_BODY_MAX);
    if (put_head(e, &out, 200, "text/event-stream", "transfer-encoding: chunked\r\n") != ERR_OK ||
        buf_add(&out, SLICE("\r\n")) != ERR_OK || conn_write(e->conn, buf_slice(&out)) != ERR_OK) {
        buf_free(&out);
        return false;
    }
    buf_free(&out);
    cJSON *doc = completion(e, true), *delta = choice(doc, "delta", NULL);
    cJSON_AddStringToObject(delta, "role", "assistant");
    cJSON_AddStringToObject(delta, "content", "");
    if (!send_event(e, doc)) return false;
    conn_flush(e->conn);
    struct timeval gap = {0, ECHO_GAP_MS * 1000};
    return evtimer_add(e->tick, &gap) == 0;
}

static bool serve_chat(struct echo *e)
{
    struct slice b = buf_slice(&e->body);
    cJSON *doc = cJSON_ParseWithLength(b.p, b.n);
    if (!cJSON_IsObject(doc) || !take_text(e, doc)) {
        cJSON_Delete(doc);
        return send_json(e, 400, error_doc("not a chat completion request"));
    }
    const cJSON *m = cJSON_GetObjectItemCaseSensitive(doc, "model");
    snprintf(e->model, sizeof e->model, "%s", cJSON_IsString(m) ? m->valuestring : "echo");
    bool stream = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(doc, "stream"));
    cJSON_Delete(doc);
    if (stream) return start_stream(e);
    cJSON *answer = completion(e, false), *msg = choice(answer, "message", "stop");
    cJSON_AddStringToObject(msg, "role", "assistant");
    cJSON_AddStringToObject(msg, "content", e->text);
    cJSON *u = cJSON_AddObjectToObject(answer, "usage");
    double words = (double)(e->text_len / 4 + 1);
    cJSON_AddNumberToObject(u, "prompt_tokens", words);
    cJSON_AddNumberToObject(u, "completion_tokens", words);
    cJSON_AddNumberToObject(u, "total_tokens", 2 * words);
    bool ok = send_json(e, 200, answer);
    mem_free(e->text);
    e->text = NULL;
    return ok;
}

static bool serve(struct echo *e)
{
    struct slice path = e->h.path;
    bool ok;
    if (slice_ends(path, SLICE("/models"))) ok = send_json(e, 200, models_doc());
    else if (e->h.method == HM_POST && slice_ends(path, SLICE("/chat/completions"))) ok = serve_chat(e);
    else ok = send_json(e, 404, error_doc("the built-in echo model knows chat completions only"));
    buf_free(&e->head);
    buf_free(&e->body);
    e->in_body = false;
    return ok;
}

static bool read_head(struct echo *e, bool *more)
{
    size_t used;
    enum err x = http_request_head(conn_in(e->conn), ECHO_HEAD_MAX, &e->seen, &e->h, &used);
    struct http_framing f;
    if (x == ERR_AGAIN) {
        *more = false;
        return true;
    }
    if (x || http_request_framing(&e->h, ECHO_BODY_MAX, &f) != ERR_OK) return false;
    /* The head's slices must outlive the bytes: keep a copy and parse it there. */
    size_t again = 0, n;
    if (buf_add(&e->head, slice_of(conn_in(e->conn).p, used)) != ERR_OK ||
        http_request_head(buf_slice(&e->head), ECHO_HEAD_MAX, &again, &e->h, &n) != ERR_OK)
        return false;
    conn_consume(e->conn, used);
    e->seen = 0;
    e->head_only = e->h.method == HM_HEAD;
    http_body_start(&e->framing, f, ECHO_BODY_MAX);
    e->in_body = true;
    return true;
}

/* Reads on while there is something; false: give up. */
static bool echo_read(struct echo *e)
{
    bool more = true;
    while (more && !e->text) {
        if (!e->in_body) {
            if (!read_head(e, &more)) return false;
            continue;
        }
        while (!e->framing.done) {
            size_t used;
            struct slice data;
            if (http_body_next(&e->framing, conn_in(e->conn), &used, &data) != ERR_OK) return false;
            if (data.n && buf_add(&e->body, data) != ERR_OK) return false;
            if (used) conn_consume(e->conn, used);
            if (!used && !e->framing.done) return true;
        }
        if (!serve(e)) return false;
    }
    return true;
}

static void on_data(void *arg)
{
    struct echo *e = arg;
    if (!e->text && !echo_read(e)) echo_free(e);
}
static void on_end(void *arg, enum conn_end why)
{
    (void)why;
    echo_free(arg);
}
static const struct conn_ops ops = {NULL, on_data, on_end, NULL};

enum err echo_serve(struct worker *w, int fd)
{
    struct echo *e = mem_zalloc(sizeof *e);
    struct conn_limits lim = {256u * 1024, 8u * 1024 * 1024 + ECHO_BODY_MAX};
    if (!e) return ERR_MEMORY;
    e->w = w;
    e->head = buf_make(ECHO_HEAD_MAX);
    e->body = buf_make(ECHO_BODY_MAX);
    e->tick = evtimer_new(w->base, on_tick, e);
    if (e->tick) e->conn = conn_adopt(w, fd, lim, &ops, e);
    else close(fd);
    if (!e->conn) { /* conn_adopt has closed fd */
        echo_free(e);
        return ERR_MEMORY;
    }
    return ERR_OK;
}
