/* How a request's body is screened. A small one is screened at once, on the worker. What would hold up everybody else goes
 * to a screening thread, and where external detectors are to look at the text too, it waits for them: then the body and
 * all that screening needs belong to a job and not to the exchange, whose client may leave meanwhile.
 *
 *   WHOLE                                     no detectors: one step
 *   BEGIN --> ASK --all answered--> FINISH    with detectors; BEGIN and FINISH on a screening thread if the body is large
 */
#include "proxy/exchange_private.h"
#include "proxy/base/clock.h"
#include "proxy/base/log.h"
#include "proxy/detector.h"
#include "proxy/screenpool.h"

#define LARGE_BODY (128u * 1024) /* what takes about half a millisecond or more */
#define SLICE_TIME (5 * MS_NS)   /* of computing, after which a small body that turns out to be hard goes the way of large ones */
#define MIB        (1u << 20)

enum step { STEP_WHOLE, STEP_BEGIN, STEP_ASK, STEP_FINISH };

struct x_job;
struct asked { /* one detector's turn */
    struct x_job *job;
    struct detector_ask *ask; /* NULL: it is not asked, or has answered */
    uint64_t start;           /* mono ns */
};

struct x_job {
    struct screenjob job; /* first: they are the same to the pool */
    struct exchange *x;   /* for the worker's thread; dead once the job is cancelled */
    struct snapshot *snap;
    const struct policy *policy;
    const struct endpoint *ep;
    struct screen_limits lim;
    struct buf body;
    struct screening sc;
    struct x_meter meter;
    enum step step;
    bool in_pool, hard;        /* hard: whatever its size, nothing of it is done on the worker */
    struct screener *screener; /* with detectors: keeps the text between the steps */
    struct asked asked[CONFIG_DETECTORS_MAX];
    unsigned asking;
};

static struct x_job *of(struct screenjob *j) { return (struct x_job *)(void *)j; }

static struct screen_limits limits_of(const struct exchange *x)
{
    const struct config *c = x->snap->config;
    return (struct screen_limits){c->limits.json_depth, c->filters.decode_base64, c->filters.decode_hex,
                                  c->filters.decode_percent, x->caller ? x->caller->name : ""};
}

static bool has_text(const struct exchange *x)
{
    return x->framing.kind != HTTP_NO_BODY && !x->unscreened && !(buf_len(&x->body) == 0 && x->ep->kind != EP_CHAT);
}

static const struct endpoint *endpoint_of(const struct exchange *x)
{
    return x->ep->kind == EP_PASS ? endpoint_scan(x->ep) : x->ep;
}

static bool asks_detectors(const struct exchange *x)
{
    for (size_t i = 0; i < x->snap->detector_count; i++)
        if (detector_wanted(&x->snap->detectors[i], x->policy)) return true;
    return false;
}

/* ---- how long it takes ---- */

static bool over(void *arg)
{
    struct x_meter *m = arg;
    uint64_t now = clock_thread_ns();
    if (m->job && screenjob_unwanted(m->job)) return true;
    if (!m->since) m->since = now;
    return m->used + (now - m->since) > m->limit;
}

void x_meter_start(struct x_meter *m, uint64_t limit_ns, const struct screenjob *j)
{
    *m = (struct x_meter){.m = {.stop = over, .arg = m}, .job = j, .limit = limit_ns};
}

void x_meter_pause(struct x_meter *m)
{
    if (m->since) m->used += clock_thread_ns() - m->since;
    m->since = 0;
}

static uint64_t limit_of(const struct exchange *x)
{
    return (1 + buf_len(&x->body) / MIB) * x->snap->config->limits.screen_time * MS_NS;
}

static void say_stopped(const struct x_meter *m, size_t bytes)
{
    static _Thread_local uint64_t said;
    if (m->m.stopped && m->used > m->limit && log_due(&said))
        log_event(LOG_WARN, "screening_too_long", LOG_U64("bytes", bytes), LOG_U64("cpu_ms", m->used / MS_NS));
}

/* The body has been screened into x->sc. */
static enum err take_result(struct exchange *x, enum err e)
{
    x->screened = true;
    x->send = !e && x->sc.changed ? buf_slice(&x->sc.body) : buf_slice(&x->body);
    if (x->w->metrics) metric_add(x->w->metrics, M_SCREENED_BYTES, buf_len(&x->body));
    return e;
}

/* ---- a job's life ---- */

/* Screeners that wait with a text; a few are kept, for each worker. */
#define SCREENERS_KEPT 8u
static _Thread_local struct screener *kept[SCREENERS_KEPT];
static _Thread_local unsigned kept_count;

static struct screener *screener_get(void) { return kept_count ? kept[--kept_count] : screener_new(); }

static void screener_put(struct screener *s)
{
    if (kept_count < SCREENERS_KEPT) {
        screen_drop(s);
        kept[kept_count++] = s;
        return;
    }
    screener_free(s);
}

void x_screen_fini(void)
{
    while (kept_count) screener_free(kept[--kept_count]);
}

static void stop_asking(struct x_job *j)
{
    for (size_t i = 0; i < CONFIG_DETECTORS_MAX; i++) {
        if (j->asked[i].ask) detector_cancel(j->asked[i].ask);
        j->asked[i].ask = NULL;
    }
    j->asking = 0;
}

static void job_free(struct x_job *j)
{
    stop_asking(j);
    if (j->screener) {
        screen_drop(j->screener);
        screener_free(j->screener);
    }
    screening_free(&j->sc);
    buf_free(&j->body);
    snapshot_unref(j->snap);
    mem_free(j);
}

static void job_drop(struct screenjob *job) { job_free(of(job)); }

/* The job is over: body and result come back to the exchange. */
static void job_end(struct x_job *j, enum err e)
{
    struct exchange *x = j->x;
    size_t cap = x->body.cap;
    stop_asking(j);
    say_stopped(&j->meter, buf_len(&j->body));
    if (j->screener) screener_put(j->screener);
    j->screener = NULL;
    x->job = NULL;
    x->body = j->body;
    x->sc = j->sc;
    j->body = buf_make(cap);
    mem_wipe(&j->sc, sizeof j->sc);
    job_free(j);
    x_screened(x, take_result(x, e));
}

/* ---- its steps ---- */

/* On a screening thread, or at once on the worker. The error is in sc. */
static void job_work(struct screenjob *job, struct screener *s, struct detect_scratch *scratch)
{
    struct x_job *j = of(job);
    struct slice body = buf_slice(&j->body);
    enum err e = ERR_INTERNAL;
    screener_meter(j->screener ? j->screener : s, &j->meter.m);
    switch (j->step) {
    case STEP_WHOLE: e = screen_request(s, scratch, j->snap->rules, j->policy, &j->lim, j->ep, body, &j->sc); break;
    case STEP_BEGIN: e = screen_begin(j->screener, scratch, j->snap->rules, j->policy, &j->lim, j->ep, body, &j->sc); break;
    case STEP_FINISH: e = screen_finish(j->screener); break;
    case STEP_ASK: break; /* never here */
    }
    x_meter_pause(&j->meter);
    j->sc.error = e;
}

/* A step on the worker, for as long as a slice lasts. False: it was not enough. What was done is done again elsewhere. */
static bool job_slice(struct x_job *j)
{
    struct worker *w = j->job.w;
    uint64_t limit = j->meter.limit;
    bool again = j->step != STEP_FINISH && w->pool && limit > SLICE_TIME; /* finishing cannot be begun anew */
    if (again) j->meter.limit = SLICE_TIME;
    job_work(&j->job, w->screener, w->scratch);
    j->meter.limit = limit;
    if (!again || !j->meter.m.stopped) return true;
    x_meter_start(&j->meter, limit, &j->job);
    screening_free(&j->sc);
    j->hard = true;
    log_event(LOG_DEBUG, "screening_hard");
    return false;
}

static void job_ask(struct x_job *j);

/* On the worker, behind a step. */
static void job_next(struct x_job *j)
{
    if (!j->sc.error && j->step == STEP_BEGIN) job_ask(j);
    else job_end(j, j->sc.error);
}

static void job_done(struct screenjob *job)
{
    of(job)->in_pool = false;
    job_next(of(job));
}

/* Sends the job to a screening thread if its body is large; else the step is done here and the caller goes on. */
static enum err job_step(struct x_job *j, enum step step, bool *here)
{
    struct worker *w = j->job.w;
    j->step = step;
    *here = (!j->hard && buf_len(&j->body) <= LARGE_BODY) || !w->pool;
    if (*here && (*here = job_slice(j))) return ERR_OK;
    enum err e = screenpool_submit(w->pool, &j->job);
    j->in_pool = e == ERR_OK;
    return e;
}

static void job_finish(struct x_job *j)
{
    bool here;
    enum err e = job_step(j, STEP_FINISH, &here);
    if (e || here) job_end(j, e ? e : j->sc.error);
}

/* ---- detectors ---- */

/* A detector did not look at the text: what its on_error says. False: the request is refused. */
static bool without(struct x_job *j, const struct detector *d, enum err e)
{
    static _Thread_local uint64_t said;
    struct worker *w = j->job.w;
    uint64_t now = clock_mono_ns();
    if (w->metrics) metric_add(w->metrics, M_DETECTOR_FAILED, 1);
    if (now - said > S_NS) {
        said = now;
        log_event(LOG_WARN, "detector_failed", LOG_NAME("detector", d->config->http.name), LOG_ERR(e));
    }
    if (d->config->on_error == ON_ERROR_BLOCK && !policy_observes(j->policy)) return false;
    if (d->config->on_error != ON_ERROR_ALLOW) j->x->rec.detectors_failed++;
    return true;
}

static void on_asked(void *arg, enum err e)
{
    struct asked *a = arg;
    struct x_job *j = a->job;
    struct worker *w = j->job.w;
    size_t i = (size_t)(a - j->asked);
    a->ask = NULL;
    j->asking--;
    if (w->metrics) metric_observe_us(w->metrics, H_DETECTOR, (clock_mono_ns() - a->start) / 1000);
    if (e && !without(j, &j->snap->detectors[i], e)) job_end(j, ERR_NOT_SCANNED);
    else if (j->asking == 0) job_finish(j);
}

/* The text has been read: everybody who is to look at it is asked at once. */
static void job_ask(struct x_job *j)
{
    struct worker *w = j->job.w;
    j->step = STEP_ASK;
    for (size_t i = 0; i < j->snap->detector_count; i++) {
        struct detector *d = &j->snap->detectors[i];
        struct asked *a = &j->asked[i];
        if (!detector_wanted(d, j->policy)) continue;
        a->start = clock_mono_ns();
        enum err e = detector_ask(w, d, j->snap->rules, j->screener, on_asked, a, &a->ask);
        if (e && !without(j, d, e)) {
            job_end(j, ERR_NOT_SCANNED);
            return;
        }
        if (!a->ask) continue;
        j->asking++;
        if (w->metrics) metric_add(w->metrics, M_DETECTOR_CALLS, 1);
    }
    if (j->asking == 0) job_finish(j);
}

/* ---- for exchange.c ---- */

static struct x_job *job_new(struct exchange *x, bool detectors)
{
    struct x_job *j = mem_zalloc(sizeof *j);
    if (!j) return NULL;
    j->job = (struct screenjob){.w = x->w, .bytes = buf_len(&x->body), .work = job_work, .done = job_done, .drop = job_drop};
    j->x = x;
    j->snap = snapshot_ref(x->snap);
    j->policy = x->policy;
    j->ep = endpoint_of(x);
    j->lim = limits_of(x);
    x_meter_start(&j->meter, limit_of(x), &j->job);
    for (size_t i = 0; i < CONFIG_DETECTORS_MAX; i++) j->asked[i].job = j;
    j->screener = detectors ? screener_get() : NULL;
    if (detectors && !j->screener) {
        job_free(j);
        return NULL;
    }
    j->body = x->body;
    x->body = buf_make(x->body.cap);
    return j;
}

/* Starts a job. True: it is over, with *e, and so is the job. */
static bool job_start(struct exchange *x, bool detectors, bool hard, enum err *e)
{
    struct x_job *j = job_new(x, detectors);
    bool here;
    *e = ERR_OVERLOAD;
    if (!j) return true;
    x->job = j;
    j->hard = hard;
    *e = job_step(j, detectors ? STEP_BEGIN : STEP_WHOLE, &here);
    if (*e) { /* the queue is full */
        x->job = NULL;
        job_free(j);
        return true;
    }
    if (here) job_next(j);
    return false;
}

bool x_screen(struct exchange *x, enum err *e)
{
    *e = ERR_OK;
    x->screen_start = clock_mono_ns();
    x->send = buf_slice(&x->body);
    if (!has_text(x)) return true;
    bool detectors = x->snap->detector_count && asks_detectors(x);
    if (detectors || (buf_len(&x->body) > LARGE_BODY && x->w->pool)) return job_start(x, detectors, false, e);
    const struct screen_limits lim = limits_of(x);
    const uint64_t limit = limit_of(x), slice = x->w->pool && limit > SLICE_TIME ? SLICE_TIME : limit;
    struct x_meter meter;
    x_meter_start(&meter, slice, NULL);
    screener_meter(x->w->screener, &meter.m);
    *e = screen_request(x->w->screener, x->w->scratch, x->snap->rules, x->policy, &lim, endpoint_of(x), buf_slice(&x->body),
                        &x->sc);
    x_meter_pause(&meter);
    if (meter.m.stopped && slice < limit) {
        screening_free(&x->sc);
        log_event(LOG_DEBUG, "screening_hard");
        return job_start(x, false, true, e);
    }
    say_stopped(&meter, buf_len(&x->body));
    *e = take_result(x, *e);
    return true;
}

void x_screen_cancel(struct exchange *x)
{
    struct x_job *j = x->job;
    x->job = NULL;
    if (!j) return;
    if (j->in_pool) screenpool_cancel(&j->job);
    else job_free(j);
}
