/* Counting on the hot path, and adding up all workers' counters as Prometheus text when somebody asks. */
#include "proxy/audit/metrics.h"

#include <assert.h>

static_assert(METRIC_ACTIONS == ACTION_COUNT, "one counter for each action");

static const char *const class_names[] = {"secrets", "pii", "injection"};
static const char *const status_names[] = {"other", "1xx", "2xx", "3xx", "4xx", "5xx"};

static const struct metric_row {
    const char *name, *type, *help;
} rows[METRIC_COUNT] = {
#define X(id, n, t, h) [id] = {n, #t, h},
    METRICS_TABLE(X)
#undef X
};

/* Bucket bounds in microseconds: what happens inside this process, and what waits for a model. */
static const uint32_t fast[HIST_BUCKETS] = {10,   25,    50,    100,   250,    500,    1000,   2500,
                                            5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000};
static const uint32_t slow[HIST_BUCKETS] = {1000,   2500,    5000,    10000,   25000,    50000,    100000,   250000,
                                            500000, 1000000, 2500000, 5000000, 10000000, 30000000, 60000000, 300000000};

static const struct hist_row {
    const char *name, *help;
    const uint32_t *bounds;
} hists[HIST_COUNT] = {
    [H_REQUEST] = {"privet_request_duration_seconds", "From a request's whole head to the end of its answer", slow},
    [H_SCREEN] = {"privet_screen_duration_seconds", "Time spent screening a request", fast},
    [H_DETECTOR] = {"privet_detector_duration_seconds", "Time an external detector took to answer or fail", fast},
    [H_FIRST_BYTE] = {"privet_first_byte_seconds", "From a request's whole head to the first byte of its answer", slow},
    [H_UPSTREAM_FIRST_BYTE] = {"privet_upstream_first_byte_seconds", "From sending to a target to its answer's head", slow},
};

static void bump(_Atomic uint64_t *v, uint64_t n)
{
    atomic_store_explicit(v, atomic_load_explicit(v, memory_order_relaxed) + n, memory_order_relaxed);
}

void metric_error(struct metrics *m, enum err e)
{
    assert((unsigned)e < ERR_COUNT);
    bump(&m->errors[e], 1);
}

void metric_attempt_failed(struct metrics *m, enum err e)
{
    assert((unsigned)e < ERR_COUNT);
    bump(&m->attempts_failed[e], 1);
}

void metric_status(struct metrics *m, int status) { bump(&m->status[status >= 100 && status < 600 ? status / 100 : 0], 1); }

void metric_finding(struct metrics *m, enum rule_class cls, enum action a, uint64_t n)
{
    assert((unsigned)cls < 3 && (unsigned)a < METRIC_ACTIONS);
    bump(&m->findings[cls][a], n);
}

void metric_injection(struct metrics *m, enum injection_level level)
{
    assert((unsigned)level < INJECTION_LEVELS);
    bump(&m->injection[level], 1);
}

void metric_observe_us(struct metrics *m, enum metric_hist h, uint64_t us)
{
    assert((unsigned)h < HIST_COUNT);
    size_t i = 0;
    while (i < HIST_BUCKETS && us > hists[h].bounds[i]) i++;
    bump(&m->hist[h].bucket[i], 1);
    bump(&m->hist[h].count, 1);
    bump(&m->hist[h].sum_us, us);
}

/* The sum of one counter, given by its place in the first worker's struct. */
static uint64_t total(struct metrics *const *all, size_t n, const _Atomic uint64_t *in_first)
{
    ptrdiff_t at = (const char *)in_first - (const char *)all[0];
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += atomic_load_explicit((const _Atomic uint64_t *)(const void *)((const char *)all[i] + at), memory_order_relaxed);
    return sum;
}

static enum err family(struct buf *out, const char *name, const char *type, const char *help)
{
    return buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static enum err seconds(struct buf *out, uint64_t us)
{
    return buf_addf(out, "%llu.%06llu", (unsigned long long)(us / 1000000), (unsigned long long)(us % 1000000));
}

static enum err write_plain(struct metrics *const *all, size_t n, struct buf *out)
{
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        enum err e = family(out, rows[i].name, rows[i].type, rows[i].help);
        /* A gauge goes down by adding the two's complement: the sum over workers comes out right. */
        if (!e) e = buf_addf(out, "%s %lld\n", rows[i].name, (long long)total(all, n, &all[0]->v[i]));
        if (e) return e;
    }
    return ERR_OK;
}

/* One family with a label whose values are names of errors; rows that never counted are left out. */
static enum err write_errors(struct metrics *const *all, size_t n, const char *name, const char *label, const char *help,
                             const _Atomic uint64_t *first, struct buf *out)
{
    enum err e = family(out, name, "counter", help);
    for (int i = 0; !e && i < ERR_COUNT; i++) {
        uint64_t v = total(all, n, first + i);
        if (v) e = buf_addf(out, "%s{%s=\"%s\"} %llu\n", name, label, err_name((enum err)i), (unsigned long long)v);
    }
    return e;
}

static enum err write_status(struct metrics *const *all, size_t n, struct buf *out)
{
    enum err e = family(out, "privet_answers_total", "counter", "Answers to clients by class of status");
    for (size_t i = 0; !e && i < 6; i++)
        e = buf_addf(out, "privet_answers_total{class=\"%s\"} %llu\n", status_names[i],
                     (unsigned long long)total(all, n, &all[0]->status[i]));
    return e;
}

static enum err write_findings(struct metrics *const *all, size_t n, struct buf *out)
{
    enum err e = family(out, "privet_findings_total", "counter", "What screening found, by class of rule and action");
    for (size_t c = 0; c < 3; c++)
        for (size_t a = 0; !e && a < METRIC_ACTIONS; a++) {
            uint64_t v = total(all, n, &all[0]->findings[c][a]);
            if (v)
                e = buf_addf(out, "privet_findings_total{class=\"%s\",action=\"%s\"} %llu\n", class_names[c],
                             action_row((enum action)a)->name, (unsigned long long)v);
        }
    return e;
}

static enum err write_injection(struct metrics *const *all, size_t n, struct buf *out)
{
    static const char *const names[INJECTION_LEVELS] = {"none", "low", "medium", "high"};
    enum err e = family(out, "privet_injection_requests_total", "counter", "Requests with signs of prompt injection, by level");
    for (size_t i = INJECTION_LOW; !e && i < INJECTION_LEVELS; i++)
        e = buf_addf(out, "privet_injection_requests_total{level=\"%s\"} %llu\n", names[i],
                     (unsigned long long)total(all, n, &all[0]->injection[i]));
    return e;
}

static enum err write_hist(struct metrics *const *all, size_t n, size_t h, struct buf *out)
{
    const char *name = hists[h].name;
    uint64_t below = 0;
    enum err e = family(out, name, "histogram", hists[h].help);
    for (size_t i = 0; !e && i < HIST_BUCKETS; i++) {
        below += total(all, n, &all[0]->hist[h].bucket[i]);
        e = buf_addf(out, "%s_bucket{le=\"", name);
        if (!e) e = seconds(out, hists[h].bounds[i]);
        if (!e) e = buf_addf(out, "\"} %llu\n", (unsigned long long)below);
    }
    /* The count is what the buckets add up to, so that the text agrees with itself while workers go on counting. */
    below += total(all, n, &all[0]->hist[h].bucket[HIST_BUCKETS]);
    if (!e) e = buf_addf(out, "%s_bucket{le=\"+Inf\"} %llu\n%s_sum ", name, (unsigned long long)below, name);
    if (!e) e = seconds(out, total(all, n, &all[0]->hist[h].sum_us));
    if (!e) e = buf_addf(out, "\n%s_count %llu\n", name, (unsigned long long)below);
    return e;
}

enum err metrics_write(struct metrics *const *all, size_t n, struct buf *out)
{
    if (n == 0) return ERR_OK;
    enum err e = write_plain(all, n, out);
    if (!e) e = write_errors(all, n, "privet_errors_total", "error", "Requests that ended with an error", all[0]->errors, out);
    if (!e)
        e = write_errors(all, n, "privet_upstream_failures_total", "reason", "Attempts at targets that failed",
                         all[0]->attempts_failed, out);
    if (!e) e = write_status(all, n, out);
    if (!e) e = write_findings(all, n, out);
    if (!e) e = write_injection(all, n, out);
    for (size_t h = 0; !e && h < HIST_COUNT; h++) e = write_hist(all, n, h, out);
    return e;
}
