/* Redis URLs: a table of what is taken and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "proxy/audit/redis.h"

#include <stdio.h>

static const struct {
    const char *url;
    const char *host, *user, *password, *path; /* NULL host and path: refused */
    unsigned port, db;
} rows[] = {
    {"redis://127.0.0.1:6379/0", "127.0.0.1", "", "", "", 6379, 0},
    {"redis://redis.example", "redis.example", "", "", "", 6379, 0},
    {"redis://redis.example/", "redis.example", "", "", "", 6379, 0},
    {"redis://redis.example:7000/12", "redis.example", "", "", "", 7000, 12},
    {"redis://[::1]:7000/1", "::1", "", "", "", 7000, 1},
    {"redis://[::1]", "::1", "", "", "", 6379, 0},
    {"redis://:secret@h:1/2", "h", "", "secret", "", 1, 2},
    {"redis://secret@h", "h", "", "secret", "", 6379, 0},
    {"redis://u:p@h", "h", "u", "p", "", 6379, 0},
    {"redis://u:p@q:r@h", "h", "u", "p@q:r", "", 6379, 0},
    {"redis://u:%40%3A%2F%25@h", "h", "u", "@:/%", "", 6379, 0},
    {"unix:///run/redis.sock", "", "", "", "/run/redis.sock", 0, 0},
    {"unix:///run/redis.sock?db=3", "", "", "", "/run/redis.sock", 0, 3},
    {"redis://", NULL, NULL, NULL, NULL, 0, 0},
    {"redis://:6379", NULL, NULL, NULL, NULL, 0, 0},
    {"redis://h:0", NULL, NULL, NULL, NULL, 0, 0},
    {"redis://h:65536", NULL, NULL, NULL, NULL, 0, 0},
    {"redis://h:x", NULL, NULL, NULL, NULL, 0, 0},
    {"redis://h/x", NULL, NULL, NULL, NULL, 0, 0},
    {"redis://[::1", NULL, NULL, NULL, NULL, 0, 0},
    {"redis://[::1]x", NULL, NULL, NULL, NULL, 0, 0},
    {"redis://:%4@h", NULL, NULL, NULL, NULL, 0, 0},
    {"redis://:%zz@h", NULL, NULL, NULL, NULL, 0, 0},
    {"redis://:a%00b@h", NULL, NULL, NULL, NULL, 0, 0},
    {"rediss://h", NULL, NULL, NULL, NULL, 0, 0},
    {"redis+sentinel://h", NULL, NULL, NULL, NULL, 0, 0},
    {"unix://run/redis.sock", NULL, NULL, NULL, NULL, 0, 0},
    {"unix:///", NULL, NULL, NULL, NULL, 0, 0},
    {"unix:///run/s?x=3", NULL, NULL, NULL, NULL, 0, 0},
    {"http://h", NULL, NULL, NULL, NULL, 0, 0},
    {"", NULL, NULL, NULL, NULL, 0, 0},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct redis_url u;
        enum err e = redis_url_parse(rows[i].url, &u);
        if ((e == ERR_OK) != (rows[i].host != NULL)) print_error("%s: %s\n", rows[i].url, err_name(e));
        assert_int_equal(e == ERR_OK, rows[i].host != NULL);
        if (e) continue;
        assert_string_equal(u.host, rows[i].host);
        assert_string_equal(u.user, rows[i].user);
        assert_string_equal(u.password, rows[i].password);
        assert_string_equal(u.path, rows[i].path);
        assert_int_equal(u.port, rows[i].port);
        assert_int_equal(u.db, rows[i].db);
    }
}

/* Too long for what takes it: refused, not cut. */
static void test_long(void **state)
{
    (void)state;
    char url[3000];
    struct redis_url u;
    snprintf(url, sizeof url, "redis://:%01000d@h", 0);
    assert_int_equal(redis_url_parse(url, &u), ERR_SHAPE);
    snprintf(url, sizeof url, "redis://%0500d", 0);
    assert_int_equal(redis_url_parse(url, &u), ERR_SHAPE);
    snprintf(url, sizeof url, "unix:///%0200d", 0);
    assert_int_equal(redis_url_parse(url, &u), ERR_SHAPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_long)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
