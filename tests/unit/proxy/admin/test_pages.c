/* The admin pages: what is ready and what is not, numbers that add up, text a scraper can read. */
#include "proxy/admin/pages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <cjson/cJSON.h>
#include <stdio.h>

static struct metrics m[3];
static struct metrics *const all[3] = {&m[0], &m[1], &m[2]};
static struct admin_info info = {.workers = 3, .metrics = all, .started_wall_ns = 1700000000000000000ull};

static char *page(const char *path, int *status)
{
    struct admin_page p;
    struct buf b = buf_make(1 << 20);
    assert_int_equal(admin_page(slice_str(path), &info, &p, &b), ERR_OK);
    *status = p.status;
    char *text = mem_strndup(b.p + b.off, buf_len(&b));
    buf_free(&b);
    return text;
}

static void readiness(void **state)
{
    (void)state;
    static const struct {
        int state, status;
        const char *text;
    } rows[] = {{ADMIN_STARTING, 503, "{\"ready\":false,\"reasons\":[\"starting\"]}\n"},
                {ADMIN_READY, 200, "{\"ready\":true,\"reasons\":[]}\n"},
                {ADMIN_DRAINING, 503, "{\"ready\":false,\"reasons\":[\"draining\"]}\n"}};
    for (size_t i = 0; i < 3; i++) {
        int status;
        atomic_store(&info.state, rows[i].state);
        char *text = page("/readyz", &status);
        assert_int_equal(status, rows[i].status);
        assert_string_equal(text, rows[i].text);
        mem_free(text);
        text = page("/healthz", &status);
        assert_int_equal(status, 200);
        mem_free(text);
    }
}

static void status_adds_up(void **state)
{
    (void)state;
    int status;
    metric_add(&m[0], M_CONNECTIONS_OPEN, 2);
    metric_add(&m[2], M_CONNECTIONS_OPEN, 5);
    metric_add(&m[1], M_REQUESTS, 11);
    atomic_store(&info.snapshot, 4);
    char *text = page("/status", &status);
    cJSON *j = cJSON_Parse(text);
    assert_non_null(j);
    assert_int_equal(cJSON_GetObjectItem(j, "connections")->valueint, 7);
    assert_int_equal(cJSON_GetObjectItem(j, "requests")->valueint, 11);
    assert_int_equal(cJSON_GetObjectItem(j, "snapshot")->valueint, 4);
    assert_int_equal(cJSON_GetObjectItem(j, "workers")->valueint, 3);
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(j, "audit")));
    cJSON_Delete(j);
    mem_free(text);
}

/* Each family is declared once, HELP and TYPE before its samples. */
static void metrics_are_readable(void **state)
{
    (void)state;
    int status;
    char *text = page("/metrics", &status), *save = NULL;
    char declared[64][80];
    size_t families = 0;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char name[80], rest[16];
        if (sscanf(line, "# TYPE %79s %15s", name, rest) == 2) {
            for (size_t i = 0; i < families; i++) assert_string_not_equal(declared[i], name);
            assert_true(families < 64);
            strcpy(declared[families++], name);
        } else if (line[0] != '#') {
            bool known = false;
            for (size_t i = 0; i < families; i++) known |= strncmp(line, declared[i], strlen(declared[i])) == 0;
            assert_true(known);
        }
    }
    assert_true(families > 20);
    mem_free(text);
}

static void unknown_paths(void **state)
{
    (void)state;
    static const char *const paths[] = {"/", "", "/healthz/", "/Healthz", "/metrics?x", "/statu", "/statusx"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        int status;
        mem_free(page(paths[i], &status));
        assert_int_equal(status, 404);
    }
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readiness),
        cmocka_unit_test(status_adds_up),
        cmocka_unit_test(metrics_are_readable),
        cmocka_unit_test(unknown_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
