/* The log: one line an event, whatever bytes a name holds; JSON that a parser takes; levels; nothing cut in two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <cjson/cJSON.h>
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "proxy/base/clock.h"
#include "proxy/base/log.h"

static char said[1 << 20];

/* Runs one function with standard error going into a file, and reads that. */
static size_t capture(void (*run)(void))
{
    FILE *f = tmpfile();
    assert_non_null(f);
    int kept = dup(STDERR_FILENO);
    assert_true(kept >= 0 && dup2(fileno(f), STDERR_FILENO) >= 0);
    run();
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    close(kept);
    rewind(f);
    size_t n = fread(said, 1, sizeof said - 1, f);
    said[n] = 0;
    fclose(f);
    return n;
}

static size_t lines(void)
{
    size_t n = 0;
    for (const char *p = said; *p; p++) n += *p == '\n';
    return n;
}

static const char *nasty = "a\"b\\c\nd\re\x1b[31m\x7f\xff\xc3\xab\xe2\x80\xae";

static void log_nasty(void)
{
    log_event(LOG_WARN, "event", LOG_NAME("name", nasty), LOG_U64("n", UINT64_MAX), LOG_I64("i", -5), LOG_BOOL("b", true),
              LOG_ERR(ERR_BLOCKED), LOG_ERRNO(ENOENT), LOG_NAME("none", NULL));
}

static void test_json_is_escaped(void **state)
{
    (void)state;
    log_setup(LOG_INFO, true);
    size_t n = capture(log_nasty);
    assert_int_equal(lines(), 1);
    assert_int_equal(said[n - 1], '\n');
    for (size_t i = 0; i + 1 < n; i++) assert_true(said[i] >= ' ' && said[i] < 0x7f);
    cJSON *j = cJSON_Parse(said);
    assert_non_null(j);
    assert_string_equal(cJSON_GetObjectItem(j, "event")->valuestring, "event");
    assert_string_equal(cJSON_GetObjectItem(j, "level")->valuestring, "warn");
    assert_string_equal(cJSON_GetObjectItem(j, "error")->valuestring, "blocked");
    assert_string_equal(cJSON_GetObjectItem(j, "errno")->valuestring, "No such file or directory");
    assert_int_equal(cJSON_GetObjectItem(j, "i")->valueint, -5);
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(j, "b")));
    const char *name = cJSON_GetObjectItem(j, "name")->valuestring;
    assert_memory_equal(name, nasty, 12); /* the ASCII part comes back whole */
    assert_non_null(strstr(said, "18446744073709551615"));
    cJSON_Delete(j);
}

static void test_text_is_escaped(void **state)
{
    (void)state;
    log_setup(LOG_INFO, false);
    size_t n = capture(log_nasty);
    assert_int_equal(lines(), 1);
    for (size_t i = 0; i + 1 < n; i++) assert_true(said[i] >= ' ' && said[i] < 0x7f);
    assert_non_null(strstr(said, " warn event name=a"));
}

static void log_levels(void)
{
    log_event(LOG_DEBUG, "debug", LOG_U64("n", 1));
    log_event(LOG_INFO, "info", LOG_U64("n", 1));
    log_event(LOG_ERROR, "error", LOG_U64("n", 1));
}

static void test_levels(void **state)
{
    (void)state;
    static const size_t want[] = {3, 2, 1, 1, 0};
    for (int level = LOG_DEBUG; level <= LOG_OFF; level++) {
        log_setup((enum log_level)level, true);
        capture(log_levels);
        assert_int_equal(lines(), want[level]);
    }
}

static char huge[100000];
static void log_huge(void)
{
    struct log_field f[64];
    for (size_t i = 0; i < 64; i++) f[i] = LOG_NAME("a-name", huge);
    log_write(LOG_ERROR, "huge", f, 64);
}

static void test_long_lines_are_cut(void **state)
{
    (void)state;
    memset(huge, 'x', sizeof huge - 1);
    log_setup(LOG_INFO, true);
    size_t n = capture(log_huge);
    assert_int_equal(lines(), 1);
    assert_true(n <= 4096);
    const char *first = strchr(said, 'x');
    size_t run = 0;
    while (first && first[run] == 'x') run++;
    assert_int_equal(run, LOG_NAME_MAX);
}

static void *many(void *unused)
{
    for (int i = 0; i < 500; i++) log_event(LOG_INFO, "line", LOG_NAME("pad", "0123456789012345678901234567890123456789"));
    return unused;
}

static void log_threads(void)
{
    pthread_t t[4];
    for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&t[i], NULL, many, NULL), 0);
    for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
}

/* One write a line: lines of several threads never mix. */
static void test_threads(void **state)
{
    (void)state;
    log_setup(LOG_INFO, true);
    capture(log_threads);
    assert_int_equal(lines(), 2000);
    for (char *save = NULL, *l = strtok_r(said, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
        cJSON *j = cJSON_Parse(l);
        assert_non_null(j);
        cJSON_Delete(j);
    }
}

static void test_clock(void **state)
{
    (void)state;
    char out[25];
    clock_rfc3339(0, out);
    assert_string_equal(out, "1970-01-01T00:00:00.000Z");
    clock_rfc3339(1795437000123ull * MS_NS, out);
    assert_string_equal(out, "2026-11-23T12:30:00.123Z");
    uint64_t a = clock_mono_ns(), b = clock_mono_ns();
    assert_true(a > 0 && b >= a);
    assert_true(clock_wall_ns() > 1700000000ull * S_NS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_is_escaped),    cmocka_unit_test(test_text_is_escaped), cmocka_unit_test(test_levels),
        cmocka_unit_test(test_long_lines_are_cut), cmocka_unit_test(test_threads),         cmocka_unit_test(test_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
