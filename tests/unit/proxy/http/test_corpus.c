/* The raw cases of tests/corpus/h1 through the head and body parsers alone, cut at every size up to some dozen bytes:
 * what must be forwarded parses, what must be refused does not, except where the refusal is a policy's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "proxy/base/mem.h"
#include "proxy/http/body.h"

#define FOLDER   "tests/corpus/h1/"
#define BODY_MAX (1u << 20)

static char *read_file(const char *name, size_t *n)
{
    char path[300];
    snprintf(path, sizeof path, FOLDER "%s", name);
    FILE *f = fopen(path, "rb");
    if (!f) return NULL;
    char *text = malloc(2 << 20);
    assert_non_null(text);
    *n = fread(text, 1, (2 << 20) - 1, f);
    text[*n] = 0;
    fclose(f);
    return text;
}

struct outcome {
    enum err err; /* of the first message that is not good; ERR_AGAIN: input ended inside a head */
    unsigned good;
    size_t data;
};

/* One message after the other, as a connection sees them: at most `step` new bytes at a time. */
static struct outcome serve(struct slice in, size_t step)
{
    static struct http_head head;
    struct outcome o = {.err = ERR_OK};
    size_t at = 0, have = 0;
    while (at < in.n) {
        size_t seen = 0, used = 0;
        do {
            have = have + step < in.n ? have + step : in.n;
            o.err = http_request_head(slice_of(in.p + at, have - at), 32768, &seen, &head, &used);
        } while (o.err == ERR_AGAIN && have < in.n);
        struct http_framing f;
        if (!o.err) o.err = http_request_framing(&head, BODY_MAX, &f);
        if (o.err) return o;
        at += used;
        struct http_body b;
        http_body_start(&b, f, BODY_MAX);
        while (!b.done) {
            struct slice data;
            if (have < at) have = at;
            o.err = http_body_next(&b, slice_of(in.p + at, have - at), &used, &data);
            if (o.err) return o;
            at += used;
            o.data += data.n;
            if (used == 0 && !b.done) {
                if (have == in.n) {
                    o.err = http_body_eof(&b);
                    return o;
                }
                have = have + step < in.n ? have + step : in.n;
            }
        }
        o.good++;
        if (!head.keep_alive) return o;
    }
    return o;
}

/* Refused later: by the exchange (no route, a body's type or coding) or by JSON, not by the framing of bytes. */
static bool refused_later(const char *name, const char *kind)
{
    static const char *const names[] = {"tg-case.raw", "pl-404-body.raw"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (!strcmp(name, names[i])) return true;
    return !strcmp(kind, "policy") || !strncmp(name, "pol-", 4);
}

static void check_case(const cJSON *row)
{
    const char *name = cJSON_GetObjectItem(row, "file")->valuestring, *kind = cJSON_GetObjectItem(row, "kind")->valuestring;
    const char *expect = cJSON_GetObjectItem(row, "expect")->valuestring;
    const cJSON *many = cJSON_GetObjectItem(row, "n");
    size_t n;
    char *text = read_file(name, &n);
    if (!text) return; /* those of a megabyte are made by the system test's runner */
    struct outcome whole = serve(slice_of(text, n), n);
    for (size_t step = 1; step < 24; step++) {
        if (n > 20000 && step > 2) break;
        struct outcome cut = serve(slice_of(text, n), step * (n > 20000 ? 1000 : 1));
        if (cut.err != whole.err || cut.good != whole.good) fail_msg("%s: another outcome at step %zu", name, step);
    }
    if (!strcmp(expect, "forward")) {
        if (whole.good < (many ? (unsigned)many->valueint : 1)) fail_msg("%s: %s", name, err_name(whole.err));
    } else if (!refused_later(name, kind)) {
        if (whole.good) fail_msg("%s: %u messages passed", name, whole.good);
        bool wants_answer = !strcmp(expect, "reject-4xx");
        if (wants_answer && (whole.err == ERR_AGAIN || whole.err == ERR_OK)) fail_msg("%s: no verdict", name);
    }
    free(text);
}

static void test_cases(void **state)
{
    (void)state;
    size_t n;
    char *index = read_file("index.json", &n);
    if (!index) skip(); /* run from another folder */
    cJSON *rows = cJSON_Parse(index), *row;
    assert_non_null(rows);
    assert_true(cJSON_GetArraySize(rows) > 250);
    cJSON_ArrayForEach(row, rows) check_case(row);
    cJSON_Delete(rows);
    free(index);
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
