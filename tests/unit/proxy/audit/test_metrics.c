/* The Prometheus text: every row of every table is there with HELP and TYPE, workers add up, histograms are whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "proxy/audit/metrics.h"

#include <stdio.h>
#include <stdlib.h>

static struct metrics *all[3];

static int setup(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) all[i] = calloc(1, sizeof *all[i]);
    return all[0] && all[1] && all[2] ? 0 : -1;
}
static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) free(all[i]);
    return 0;
}

static char *written(void)
{
    struct buf b = buf_make(1u << 20);
    assert_int_equal(metrics_write(all, 3, &b), ERR_OK);
    char *s = mem_strndup(buf_slice(&b).p, buf_len(&b));
    assert_non_null(s);
    buf_free(&b);
    return s;
}

static bool has(const char *text, const char *fmt, ...)
{
    char line[300];
    va_list ap;
    va_start(ap, fmt);
    line[0] = '\n';
    vsnprintf(line + 1, sizeof line - 1, fmt, ap);
    va_end(ap);
    return strstr(text, line) || strncmp(text, line + 1, strlen(line + 1)) == 0;
}

static void test_rows(void **state)
{
    (void)state;
    static const struct {
        const char *name, *type, *help;
    } rows[] = {
#define X(id, name, type, help) {name, #type, help},
        METRICS_TABLE(X)
#undef X
    };
    for (size_t i = 0; i < METRIC_COUNT; i++)
        for (size_t w = 0; w < 3; w++) metric_add(all[w], (enum metric)i, 10 * i + w);
    char *t = written();
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        assert_true(has(t, "# HELP %s %s\n", rows[i].name, rows[i].help));
        assert_true(has(t, "# TYPE %s %s\n", rows[i].name, rows[i].type));
        assert_true(has(t, "%s %zu\n", rows[i].name, 30 * i + 3));
        size_t n = strlen(rows[i].name); /* counters end in _total, gauges do not */
        assert_int_equal(strcmp(rows[i].type, "counter") == 0, n > 6 && strcmp(rows[i].name + n - 6, "_total") == 0);
    }
    mem_free(t);
}

static void test_gauge_across_workers(void **state)
{
    (void)state;
    metric_add(all[0], M_REQUESTS_OPEN, 2);
    metric_add(all[1], M_REQUESTS_OPEN, (uint64_t)-1);
    char *t = written();
    assert_true(has(t, "privet_requests_in_flight 1\n"));
    mem_free(t);
}

static void test_labels(void **state)
{
    (void)state;
    for (int e = 0; e < ERR_COUNT; e++) {
        metric_error(all[0], (enum err)e);
        metric_attempt_failed(all[1], (enum err)e);
    }
    for (int c = 0; c < 3; c++)
        for (int a = 0; a < ACTION_COUNT; a++) metric_finding(all[2], (enum rule_class)c, (enum action)a, 5);
    static const int statuses[] = {200, 204, 404, 503, 101, 302, 0, 600, -1};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) metric_status(all[0], statuses[i]);
    char *t = written();
    for (int e = 0; e < ERR_COUNT; e++) {
        assert_true(has(t, "privet_errors_total{error=\"%s\"} 1\n", err_name((enum err)e)));
        assert_true(has(t, "privet_upstream_failures_total{reason=\"%s\"} 1\n", err_name((enum err)e)));
    }
    for (int a = 0; a < ACTION_COUNT; a++)
        assert_true(has(t, "privet_findings_total{class=\"pii\",action=\"%s\"} 5\n", action_row((enum action)a)->name));
    assert_true(has(t, "privet_answers_total{class=\"2xx\"} 2\n"));
    assert_true(has(t, "privet_answers_total{class=\"other\"} 3\n"));
    mem_free(t);
}

static void test_histogram(void **state)
{
    (void)state;
    metric_observe_us(all[0], H_SCREEN, 10);
    metric_observe_us(all[1], H_SCREEN, 11);
    metric_observe_us(all[2], H_SCREEN, 2000000);
    char *t = written();
    assert_true(has(t, "# TYPE privet_screen_duration_seconds histogram\n"));
    assert_true(has(t, "privet_screen_duration_seconds_bucket{le=\"0.000010\"} 1\n"));
    assert_true(has(t, "privet_screen_duration_seconds_bucket{le=\"0.000025\"} 2\n"));
    assert_true(has(t, "privet_screen_duration_seconds_bucket{le=\"1.000000\"} 2\n"));
    assert_true(has(t, "privet_screen_duration_seconds_bucket{le=\"+Inf\"} 3\n"));
    assert_true(has(t, "privet_screen_duration_seconds_sum 2.000021\n"));
    assert_true(has(t, "privet_screen_duration_seconds_count 3\n"));
    assert_true(has(t, "privet_request_duration_seconds_count 0\n"));
    mem_free(t);
}

/* Each family is told of once, each line is a comment or "name value", and the cap is kept. */
static void test_shape(void **state)
{
    (void)state;
    char *t = written(), *save = NULL, seen[64][80];
    size_t families = 0;
    for (char *line = strtok_r(t, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char name[80];
        if (sscanf(line, "# TYPE %79s", name) == 1) {
            for (size_t i = 0; i < families; i++) assert_string_not_equal(seen[i], name);
            assert_true(families < 64);
            memcpy(seen[families++], name, sizeof name);
        } else if (line[0] != '#') {
            const char *space = strrchr(line, ' ');
            assert_non_null(space);
            assert_true(strspn(space + 1, "-0123456789.") == strlen(space + 1) && space[1]);
        }
    }
    assert_int_equal(families, METRIC_COUNT + 5 + HIST_COUNT);
    mem_free(t);
    struct buf small = buf_make(200);
    assert_int_equal(metrics_write(all, 3, &small), ERR_LIMIT);
    buf_free(&small);
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gauge_across_workers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_labels, setup, teardown),
        cmocka_unit_test_setup_teardown(test_histogram, setup, teardown),
        cmocka_unit_test_setup_teardown(test_shape, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
