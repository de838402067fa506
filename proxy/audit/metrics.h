/* Metrics: a table of names, one array of counters for each worker (written by that worker alone, read with relaxed
 * atomics), added up when /metrics is asked for (Prometheus text format 0.0.4). */
#ifndef PRIVET_AUDIT_METRICS_H
#define PRIVET_AUDIT_METRICS_H

#include "filters/policy.h"
#include "proxy/base/buf.h"
#include "proxy/base/err.h"

#include <stdatomic.h>

/* Rows: enum name, Prometheus name, type, help. */
#define METRICS_TABLE(X)                                                                                                         \
    X(M_CONNECTIONS, "privet_client_connections_total", counter, "Client connections accepted")                                  \
    X(M_CONNECTIONS_OPEN, "privet_client_connections", gauge, "Client connections open")                                         \
    X(M_HANDSHAKE_FAILED, "privet_tls_handshake_failures_total", counter, "Client TLS handshakes that failed")                   \
    X(M_REQUESTS, "privet_requests_total", counter, "Requests whose head was parsed")                                            \
    X(M_REQUESTS_OPEN, "privet_requests_in_flight", gauge, "Requests being served")                                              \
    X(M_STREAMS, "privet_streams_total", counter, "Answers streamed")                                                            \
    X(M_REQUEST_BYTES, "privet_request_body_bytes_total", counter, "Body bytes from clients")                                    \
    X(M_ANSWER_BYTES, "privet_answer_body_bytes_total", counter, "Body bytes to clients")                                        \
    X(M_SCREENED_BYTES, "privet_screened_bytes_total", counter, "Body bytes screened")                                           \
    X(M_RESTORED, "privet_placeholders_restored_total", counter, "Placeholders put back into answers")                           \
    X(M_FOREIGN, "privet_placeholders_foreign_total", counter, "Placeholder-like strings in answers that belong to nobody")      \
    X(M_INVISIBLE_TAGS, "privet_invisible_tag_characters_total", counter, "Unicode tag characters removed")                      \
    X(M_DETECTOR_CALLS, "privet_detector_calls_total", counter, "Calls of external detectors")                                   \
    X(M_DETECTOR_FAILED, "privet_detector_failures_total", counter,                                                              \
      "Calls of external detectors that failed, or could not be made")                                                           \
    X(M_ATTEMPTS, "privet_upstream_attempts_total", counter, "Attempts at targets")                                              \
    X(M_FALLBACKS, "privet_fallbacks_total", counter, "Attempts after the first one of a request")                               \
    X(M_UP_CONNECTS, "privet_upstream_connects_total", counter, "Connections opened to targets")                                 \
    X(M_UP_REUSED, "privet_upstream_reused_total", counter, "Requests sent on a kept connection")                                \
    X(M_PROMPT_TOKENS, "gen_ai_client_input_tokens_total", counter, "Prompt tokens, as answers tell")                            \
    X(M_COMPLETION_TOKENS, "gen_ai_client_output_tokens_total", counter, "Completion tokens, as answers tell")                   \
    X(M_AUDIT_FAILED, "privet_audit_append_failures_total", counter, "Audit lines that could not be written")                    \
    X(M_POISONED, "privet_upstream_extra_bytes_total", counter, "Upstream connections dropped for bytes nobody asked for")

enum metric {
#define X(id, name, type, help) id,
    METRICS_TABLE(X)
#undef X
        METRIC_COUNT
};

/* Histograms, in seconds; bucket bounds in metrics.c. */
enum metric_hist { H_REQUEST, H_SCREEN, H_DETECTOR, H_FIRST_BYTE, H_UPSTREAM_FIRST_BYTE, HIST_COUNT };
#define HIST_BUCKETS   16
#define METRIC_ACTIONS 9 /* ACTION_COUNT */

struct metrics {
    _Atomic uint64_t v[METRIC_COUNT];
    _Atomic uint64_t errors[ERR_COUNT];           /* privet_errors_total{error="..."} */
    _Atomic uint64_t attempts_failed[ERR_COUNT];  /* privet_upstream_failures_total{reason="..."} */
    _Atomic uint64_t status[6];                   /* privet_answers_total{class="2xx"} ... by status / 100 */
    _Atomic uint64_t findings[3][METRIC_ACTIONS]; /* privet_findings_total{class=,action=} */
    _Atomic uint64_t injection[INJECTION_LEVELS]; /* privet_injection_requests_total{level="high"} */
    struct {
        _Atomic uint64_t bucket[HIST_BUCKETS + 1], count, sum_us;
    } hist[HIST_COUNT];
};

static inline void metric_add(struct metrics *m, enum metric k, uint64_t n)
{
    /* One writer: a plain load and store, made visible to the reader. */
    atomic_store_explicit(&m->v[k], atomic_load_explicit(&m->v[k], memory_order_relaxed) + n, memory_order_relaxed);
}
void metric_error(struct metrics *m, enum err e);
void metric_attempt_failed(struct metrics *m, enum err e);
void metric_status(struct metrics *m, int status);
void metric_finding(struct metrics *m, enum rule_class cls, enum action a, uint64_t n);
void metric_injection(struct metrics *m, enum injection_level level);
void metric_observe_us(struct metrics *m, enum metric_hist h, uint64_t us);

/* The sum of all workers' metrics as Prometheus text. */
enum err metrics_write(struct metrics *const *all, size_t n, struct buf *out) MUST_CHECK;

#endif
