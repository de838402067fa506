/* How a request's body is screened: at once on the worker, or, where that would hold up everybody else, by a screening
 * thread. What a thread works on belongs to a job and not to the exchange, whose client may leave meanwhile. */
#include "proxy/exchange_private.h"
#include "proxy/base/clock.h"
#include "proxy/screenpool.h"

#define LARGE_BODY (128u * 1024) /* what takes about half a millisecond or more */

struct x_job {
    struct screenjob job; /* first: they are the same to the pool */
    struct exchange *x;   /* for the worker's thread; dead once the job is cancelled */
    struct snapshot *snap;
    const struct policy *policy;
    const struct endpoint *ep;
    struct screen_limits lim;
    struct buf body;
    struct screening sc;
};

static struct screen_limits limits_of(const struct exchange *x)
{
    const struct config *c = x->snap->config;
    return (struct screen_limits){c->limits.json_depth, c->filters.decode_base64, c->filters.decode_hex, c->filters.decode_percent,
                                  x->caller ? x->caller->name : ""};
}

static bool has_text(const struct exchange *x)
{
    return x->framing.kind != HTTP_NO_BODY && !x->unscreened && !(buf_len(&x->body) == 0 && x->ep->kind != EP_CHAT);
}

static const struct endpoint *endpoint_of(const struct exchange *x)
{
    return x->ep->kind == EP_PASS ? endpoint_scan(x->ep) : x->ep;
}

/* The body has been screened into x->sc. */
static enum err take_result(struct exchange *x, enum err e)
{
    x->screened = true;
    x->send = !e && x->sc.changed ? buf_slice(&x->sc.body) : buf_slice(&x->body);
    if (x->w->metrics) metric_add(x->w->metrics, M_SCREENED_BYTES, buf_len(&x->body));
    return e;
}

/* ---- jobs ---- */

static void job_free(struct x_job *j)
{
    screening_free(&j->sc);
    buf_free(&j->body);
    snapshot_unref(j->snap);
    mem_free(j);
}

static void job_drop(struct screenjob *job) { job_free((struct x_job *)(void *)job); }

/* On a screening thread. The error is in sc. */
static void job_work(struct screenjob *job, struct screener *s, struct detect_scratch *scratch)
{
    struct x_job *j = (struct x_job *)(void *)job;
    j->sc.error = screen_request(s, scratch, j->snap->rules, j->policy, &j->lim, j->ep, buf_slice(&j->body), &j->sc);
}

/* Body and result come back to the exchange. */
static void job_done(struct screenjob *job)
{
    struct x_job *j = (struct x_job *)(void *)job;
    struct exchange *x = j->x;
    size_t cap = x->body.cap;
    x->job = NULL;
    x->body = j->body;
    x->sc = j->sc;
    j->body = buf_make(cap);
    mem_wipe(&j->sc, sizeof j->sc);
    job_free(j);
    x_screened(x, take_result(x, x->sc.error));
}

static enum err job_start(struct exchange *x)
{
    struct x_job *j = mem_zalloc(sizeof *j);
    if (!j) return ERR_OVERLOAD;
    j->job = (struct screenjob){.w = x->w, .bytes = buf_len(&x->body), .work = job_work, .done = job_done, .drop = job_drop};
    j->x = x;
    j->snap = snapshot_ref(x->snap);
    j->policy = x->policy;
    j->ep = endpoint_of(x);
    j->lim = limits_of(x);
    j->body = x->body;
    enum err e = screenpool_submit(x->w->pool, &j->job);
    if (e) { /* the body is still the exchange's */
        j->body = buf_make(0);
        job_free(j);
        return e;
    }
    x->body = buf_make(x->body.cap);
    x->job = j;
    return ERR_OK;
}

/* ---- for exchange.c ---- */

bool x_screen(struct exchange *x, enum err *e)
{
    *e = ERR_OK;
    x->screen_start = clock_mono_ns();
    x->send = buf_slice(&x->body);
    if (!has_text(x)) return true;
    if (buf_len(&x->body) > LARGE_BODY && x->w->pool) {
        *e = job_start(x);
        return *e != ERR_OK;
    }
    const struct screen_limits lim = limits_of(x);
    *e = screen_request(x->w->screener, x->w->scratch, x->snap->rules, x->policy, &lim, endpoint_of(x), buf_slice(&x->body), &x->sc);
    *e = take_result(x, *e);
    return true;
}

void x_screen_cancel(struct exchange *x)
{
    if (x->job) screenpool_cancel(&x->job->job);
    x->job = NULL;
}
