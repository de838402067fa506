/* The admin listener's connections: one request read, one answer written, a handful of visitors at a time.
 * States of a visitor: reading a head -> answering -> reading again, or finished. */
#include "proxy/admin/admin.h"
#include "proxy/admin/pages.h"
#include "proxy/base/log.h"
#include "proxy/http/head.h"
#include "proxy/net/bind.h"
#include "proxy/net/conn.h"
#include "proxy/worker.h"

#include <errno.h>
#include <event2/event_struct.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define VISITORS_MAX 64
#define HEAD_MAX     8192u
#define PAGE_MAX     (4u * 1024 * 1024)
#define HEAD_MS      5000
#define IDLE_MS      15000
#define WRITE_MS     15000
#define PAUSE_MS     200 /* after a failed accept */
#define PIPELINE_MAX 64  /* requests answered in one turn */

struct visitor {
    struct admin *a;
    struct conn *c;
    size_t seen; /* http_request_head's mark */
    struct visitor *next, **prev;
};

struct admin {
    struct worker w; /* only its base is used: conn wants a worker */
    struct admin_info *info;
    int fd, stop_fd;
    pthread_t thread;
    struct event accept_ev, stop_ev, pause_ev;
    struct visitor *visitors;
    unsigned count;
    struct http_head head; /* of the request being read; too large for a stack that is already deep */
};

static void visitor_gone(struct visitor *v, bool finish)
{
    struct admin *a = v->a;
    if (finish) conn_finish(v->c);
    else conn_free(v->c);
    *v->prev = v->next;
    if (v->next) v->next->prev = v->prev;
    a->count--;
    mem_free(v);
}

/* The head and the body of an answer. */
static enum err write_answer(struct conn *c, int status, const char *type, struct slice body, bool with_body, bool close)
{
    struct buf h = buf_make(1024);
    enum err e = buf_addf(&h,
                          "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nCache-Control: no-store\r\n"
                          "X-Content-Type-Options: nosniff\r\n%s%s\r\n",
                          status, http_reason(status), type, body.n, status == 405 ? "Allow: GET, HEAD\r\n" : "",
                          close ? "Connection: close\r\n" : "");
    if (!e) e = conn_write(c, buf_slice(&h));
    if (!e && with_body) e = conn_write(c, body);
    buf_free(&h);
    return e;
}

static void refuse(struct visitor *v, int status)
{
    const char *reason = http_reason(status);
    enum err e = write_answer(v->c, status, "text/plain; charset=utf-8", slice_str(reason), true, true);
    visitor_gone(v, !e);
}

/* True if the visitor may ask again. */
static bool answer(struct visitor *v, const struct http_head *h)
{
    struct http_framing f;
    struct admin_page page;
    struct buf body = buf_make(PAGE_MAX);
    if (h->method != HM_GET && h->method != HM_HEAD) {
        refuse(v, 405);
        return false;
    }
    bool keep = h->keep_alive && http_request_framing(h, 0, &f) == ERR_OK && f.kind == HTTP_NO_BODY;
    enum err e = admin_page(h->path, v->a->info, &page, &body);
    if (!e) e = write_answer(v->c, page.status, page.type, buf_slice(&body), h->method == HM_GET, !keep);
    buf_free(&body);
    if (e || !keep) {
        visitor_gone(v, !e);
        return false;
    }
    return true;
}

static void on_data(void *arg)
{
    struct visitor *v = arg;
    struct http_head *h = &v->a->head;
    for (int i = 0; i < PIPELINE_MAX; i++) {
        size_t used;
        enum err e = http_request_head(conn_in(v->c), HEAD_MAX, &v->seen, h, &used);
        if (e == ERR_AGAIN) {
            conn_flush(v->c);
            conn_deadline(v->c, conn_out_len(v->c) ? WRITE_MS : conn_in(v->c).n ? HEAD_MS : IDLE_MS);
            return;
        }
        if (e) {
            refuse(v, err_row(e)->status);
            return;
        }
        if (!answer(v, h)) return;
        v->seen = 0;
        conn_consume(v->c, used);
        if (conn_in(v->c).n == 0) break;
    }
    conn_flush(v->c);
    conn_deadline(v->c, conn_out_len(v->c) ? WRITE_MS : IDLE_MS);
}

static void on_end(void *arg, enum conn_end why)
{
    struct visitor *v = arg;
    visitor_gone(v, why == CONN_EOF && conn_out_len(v->c) > 0);
}

static const struct conn_ops visitor_ops = {.on_data = on_data, .on_end = on_end};

static void receive(struct admin *a, int fd)
{
    struct conn_limits lim = {.in_max = 2 * HEAD_MAX, .out_max = 2 * PAGE_MAX};
    struct visitor *v = a->count < VISITORS_MAX ? mem_zalloc(sizeof *v) : NULL;
    if (!v) {
        close(fd);
        return;
    }
    v->a = a;
    v->c = conn_accept(&a->w, fd, NULL, lim, &visitor_ops, v);
    if (!v->c) {
        mem_free(v);
        return;
    }
    v->next = a->visitors;
    if (v->next) v->next->prev = &v->next;
    v->prev = &a->visitors;
    a->visitors = v;
    a->count++;
    conn_deadline(v->c, HEAD_MS);
}

static void on_accept(evutil_socket_t fd, short what, void *arg)
{
    struct admin *a = arg;
    (void)what;
    for (int i = 0; i < VISITORS_MAX; i++) {
        int c = accept4((int)fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (c >= 0) {
            receive(a, c);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            struct timeval tv = {.tv_usec = PAUSE_MS * 1000};
            event_del(&a->accept_ev);
            if (event_add(&a->pause_ev, &tv) != 0) log_event(LOG_ERROR, "admin_accept_stopped");
            return;
        }
    }
}

static void on_pause_over(evutil_socket_t fd, short what, void *arg)
{
    struct admin *a = arg;
    (void)fd, (void)what;
    if (event_add(&a->accept_ev, NULL) != 0) log_event(LOG_ERROR, "admin_accept_stopped");
}

static void on_stop(evutil_socket_t fd, short what, void *arg)
{
    struct admin *a = arg;
    (void)fd, (void)what;
    event_base_loopbreak(a->w.base);
}

static void *run(void *arg)
{
    struct admin *a = arg;
    (void)pthread_setname_np(pthread_self(), "privet-admin");
    event_base_loop(a->w.base, EVLOOP_NO_EXIT_ON_EMPTY);
    while (a->visitors) visitor_gone(a->visitors, false);
    conn_fini(&a->w);
    mem_blocks_trim();
    return NULL;
}

static void admin_free(struct admin *a)
{
    if (a->w.base) event_base_free(a->w.base);
    if (a->fd >= 0) close(a->fd);
    if (a->stop_fd >= 0) close(a->stop_fd);
    mem_free(a);
}

static bool make_events(struct admin *a)
{
    struct event_config *cfg = event_config_new();
    if (!cfg) return false;
    if (event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK) == 0 && event_config_require_features(cfg, EV_FEATURE_ET) == 0)
        a->w.base = event_base_new_with_config(cfg);
    event_config_free(cfg);
    return a->w.base && event_assign(&a->accept_ev, a->w.base, a->fd, EV_READ | EV_PERSIST, on_accept, a) == 0 &&
           event_assign(&a->stop_ev, a->w.base, a->stop_fd, EV_READ, on_stop, a) == 0 &&
           event_assign(&a->pause_ev, a->w.base, -1, 0, on_pause_over, a) == 0 && event_add(&a->accept_ev, NULL) == 0 &&
           event_add(&a->stop_ev, NULL) == 0;
}

enum err admin_start(const char *host, uint16_t *port, struct admin_info *info, struct admin **out, const char **why)
{
    struct admin *a = mem_zalloc(sizeof *a);
    *out = NULL;
    *why = "out of memory";
    if (!a) return ERR_MEMORY;
    a->info = info;
    a->stop_fd = -1;
    a->fd = bind_listen(host, port, false, why);
    if (a->fd >= 0) {
        a->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        *why = "cannot make its thread";
        if (a->stop_fd >= 0 && make_events(a) && pthread_create(&a->thread, NULL, run, a) == 0) {
            *out = a;
            return ERR_OK;
        }
    }
    admin_free(a);
    return ERR_IO;
}

void admin_stop(struct admin *a)
{
    const uint64_t one = 1;
    if (!a) return;
    if (write(a->stop_fd, &one, sizeof one) != sizeof one) log_event(LOG_ERROR, "admin_stop", LOG_ERRNO(errno));
    pthread_join(a->thread, NULL);
    admin_free(a);
}
