/* Walks the error table: every row is whole, its name is its own, and its status fits what it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/base/err.h"

static void test_rows(void **state)
{
    (void)state;
    for (int i = 0; i < ERR_COUNT; i++) {
        const struct err_row *r = err_row((enum err)i);
        assert_int_equal(r->err, i);
        assert_non_null(r->name);
        assert_true(strlen(r->name) > 0 && strlen(r->name) < 32);
        for (const char *p = r->name; *p; p++) assert_true((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '_');
        for (int k = 0; k < i; k++) assert_string_not_equal(r->name, err_row((enum err)k)->name);
        assert_string_equal(r->name, err_name((enum err)i));
        assert_non_null(r->text);
        if (i == ERR_OK) continue;
        assert_true(r->status == 0 || (r->status >= 400 && r->status <= 599));
        assert_non_null(r->type);
        assert_true(strlen(r->text) > 10);
        assert_int_equal(r->text[strlen(r->text) - 1], '.');
        for (const char *p = r->text; *p; p++)
            assert_true(*p >= ' ' && *p < 0x7f && *p != '"' && *p != '\\'); /* goes into JSON */
        if (r->status >= 500 && i != ERR_VERSION) assert_string_not_equal(r->type, "invalid_request_error");
        if (r->status >= 400 && r->status < 500) assert_string_not_equal(r->type, "server_error");
    }
}

/* Only what an upstream did may be tried again elsewhere; what a client did, or what we refused, never. */
static void test_retryable(void **state)
{
    (void)state;
    for (int i = 0; i < ERR_COUNT; i++) {
        bool upstream = i >= ERR_UP_CONNECT && i < ERR_UP_ALL_FAILED;
        if (err_row((enum err)i)->retryable != upstream) fail_msg("%s", err_name((enum err)i));
    }
    assert_int_equal(err_row(ERR_BLOCKED)->status / 100, 4);
    assert_int_equal(err_row(ERR_NOT_SCANNED)->status, 503);
    assert_int_equal(err_row(ERR_CLIENT_GONE)->status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_retryable)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
