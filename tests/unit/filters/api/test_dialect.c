/* Endpoints and what OpenAI's strings are: each row of the tables is walked, and a key alone hides nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "filters/api/dialect.h"

#include <cjson/cJSON.h>
#include <stdio.h>

static void test_endpoints(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        enum endpoint_kind kind;
    } rows[] = {
        {"/v1/chat/completions", EP_CHAT},
        {"/v1/models", EP_PASS},
        {"/v1/models/gpt-4o", EP_PASS},
        {"/v1/models/ft:gpt-4o:org::x7", EP_PASS},
        {"/v1/models/org%2Fname", EP_PASS},
        {"/v1/models/org/name", EP_PASS},
        {"", EP_UNKNOWN},
        {"/", EP_UNKNOWN},
        {"/v1/chat/completions/", EP_UNKNOWN},
        {"/V1/chat/completions", EP_UNKNOWN},
        {"/v1/Chat/completions", EP_UNKNOWN},
        {"//v1/chat/completions", EP_UNKNOWN},
        {"/v1/chat/completions?x", EP_UNKNOWN},
        {"/v1/chat/completion", EP_UNKNOWN},
        {"/v1/chat%2Fcompletions", EP_UNKNOWN},
        {"/v1/models/", EP_UNKNOWN},
        {"/v1/models/..", EP_UNKNOWN},
        {"/v1/models/../chat/completions", EP_UNKNOWN},
        {"/v1/models/x/..", EP_UNKNOWN},
        {"/v1/models/..%2Fx", EP_UNKNOWN},
        {"/v1/models/%2e%2e", EP_UNKNOWN},
        {"/v1/models//x", EP_UNKNOWN},
        {"/v1/models/a b", EP_UNKNOWN},
        {"/v1/models/a%2", EP_UNKNOWN},
        {"/v1/modelsx", EP_UNKNOWN},
        {"/v1/embeddings", EP_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct endpoint *e = endpoint_find(slice_str(rows[i].path));
        assert_non_null(e);
        if (e->kind != rows[i].kind) fail_msg("%s is %s", rows[i].path, e->name);
        assert_non_null(e->dialect);
    }
    size_t n;
    const struct endpoint *all = endpoints(&n);
    for (size_t i = 0; i < n; i++) {
        assert_true(all[i].path[0] == '/' && all[i].name[0]);
        assert_ptr_equal(dialect_find(slice_str(all[i].dialect->name)), all[i].dialect);
    }
    assert_int_equal(endpoint_scan(endpoint_find(SLICE("/nobody")))->kind, EP_SCAN);
    assert_null(dialect_find(SLICE("nobody")));
}

/* The class of the only string "@" ... of a body: the one marked by standing at the path's end. */
static void expect(const char *body, const char *needle, enum text_class want)
{
    struct json_doc d = {.text = SLICE_NONE};
    assert_int_equal(json_parse(&d, slice_str(body), NULL, NULL), ERR_OK);
    const struct dialect *dialect = dialect_find(SLICE("openai"));
    bool seen = false, own = false;
    for (uint32_t i = 0; i < d.count; i++) {
        if (d.node[i].type == JSON_KEY && d.node[i].depth == 1) own = json_text_eq(&d, i, dialect->own);
        if (d.node[i].type != JSON_STRING || !slice_starts(json_raw(&d, i), slice_str(needle))) continue;
        const struct string_said said = dialect->classify(&d, i, own);
        const enum text_class c = said.cls;
        assert_int_equal(said.key_known, d.node[i].key != JSON_NONE && dialect->key_known(&d, d.node[i].key));
        if (c != want) fail_msg("%.200s: class %d, not %d", body, (int)c, (int)want);
        seen = true;
    }
    assert_true(seen);
    json_doc_free(&d);
}

#define PNG  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
#define PNG4 "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg" PNGS PNGS PNGS PNGS
#define PNGS "AAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5Er"

#define LONG "QVhYgf" PNGS PNGS PNGS PNGS

static void test_classes(void **state)
{
    (void)state;
    expect("{\"messages\":[{\"role\":\"user\",\"content\":\"@\"}]}", "@", TEXT_FREE);
    expect("{\"messages\":[{\"role\":\"user\",\"content\":\"@\"}]}", "user", TEXT_SKIP);
    expect("{\"messages\":[{\"role\":\"a role with spaces\"}]}", "a role", TEXT_FREE);
    expect("{\"messages\":[{\"name\":\"@\"}]}", "@", TEXT_FREE);
    expect("{\"model\":\"@\"}", "@", TEXT_NAME);
    expect("{\"x\":{\"model\":\"abc\"}}", "abc", TEXT_SKIP);
    expect("{\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"@\"}}]}", "@", TEXT_NAME);
    expect("{\"functions\":[{\"name\":\"@\"}]}", "@", TEXT_NAME);
    expect("{\"response_format\":{\"json_schema\":{\"name\":\"@\"}}}", "@", TEXT_NAME);
    expect("{\"tools\":[{\"function\":{\"parameters\":{\"default\":{\"name\":\"@\"}}}}]}", "@", TEXT_FREE);
    expect("{\"messages\":[{\"tool_calls\":[{\"function\":{\"arguments\":\"@\"}}]}]}", "@", TEXT_JSON);
    expect("{\"messages\":[{\"tool_call_id\":\"call_abc\"}]}", "call", TEXT_SKIP);
    expect("{\"messages\":[{\"tool_call_id\":\"call abc\"}]}", "call", TEXT_FREE);
    expect("{\"user_id\":\"abc\"}", "abc", TEXT_FREE);
    expect("{\"user\":\"abc\"}", "abc", TEXT_FREE);
    expect("{\"metadata\":{\"id\":\"abc\",\"customer_id\":\"abcd\"}}", "abc", TEXT_FREE);
    expect("{\"t\\u0079pe\":\"abc\"}", "abc", TEXT_FREE);
    expect("{\"type\":\"0123456789012345678901234567890123456789012345678901234567890123\"}", "0", TEXT_SKIP);
    expect("{\"type\":\"01234567890123456789012345678901234567890123456789012345678901234\"}", "0", TEXT_FREE);
    expect("{\"url\":\"data:image/png;base64," PNG "\"}", "data:", TEXT_OPAQUE);
    expect("{\"url\":\"data:image\\/png;base64," PNG "\"}", "data:", TEXT_OPAQUE);
    expect("{\"content\":\"DATA:image/png;charset=x;BASE64," PNG "\"}", "DATA:", TEXT_OPAQUE);
    expect("{\"url\":\"data:image/png;base64," PNG " and text\"}", "data:", TEXT_FREE);
    expect("{\"url\":\"data: my image/png;base64," PNG "\"}", "data:", TEXT_FREE);
    expect("{\"url\":\"data:text/plain;base64,VGhpcyBpcyBhIGxvbmcgdGV4dCB0aGF0IGlzIHdyYXBwZWQgYXQgc2l4dHktZm91ciBj\"}",
           "data:", TEXT_FREE);
    expect("{\"input_audio\":{\"data\":\"" PNG4 "\"}}", "iVBO", TEXT_OPAQUE);
    expect("{\"anything\":\"" PNG4 "\"}", "iVBO", TEXT_OPAQUE);
    expect("{\"anything\":\"" PNG "\"}", "iVBO", TEXT_FREE);
    expect("{\"anything\":\"" LONG "\"}", "QVhY", TEXT_FREE); /* a long token, or ciphertext: it is looked at */
    expect("{\"input_audio\":{\"data\":\"" LONG "\"}}", "QVhY", TEXT_OPAQUE);
    expect("{\"signature\":\"" LONG "\"}", "QVhY", TEXT_SKIP);
    expect("{\"signature\":\"some words\"}", "some", TEXT_FREE);
    expect("{\"encrypted_content\":\"AKIAQX3BD7ZJ2M5KW6RT\"}", "AKIA", TEXT_FREE);
    expect("[\"abc\"]", "abc", TEXT_FREE);
    expect("\"abc\"", "abc", TEXT_FREE);
}

static void test_keys_known(void **state)
{
    (void)state;
    struct json_doc d = {.text = SLICE_NONE};
    assert_int_equal(
        json_parse(&d, SLICE("{\"messages\":1,\"password\":2,\"\":3,\"thread_id\":4,\"n\":5,\"rol\\u0065\":6}"), NULL, NULL),
        ERR_OK);
    static const bool want[] = {true, false, false, true, true, false};
    for (uint32_t k = 0; k < 6; k++) assert_int_equal(dialect_find(SLICE("openai"))->key_known(&d, 1 + 2 * k), want[k]);
    json_doc_free(&d);
}

static void test_errors(void **state)
{
    (void)state;
    for (int i = 0; i < ERR_COUNT; i++) {
        const struct err_row *row = err_row((enum err)i);
        struct buf b = buf_make(4096);
        const struct dialect *d = dialect_find(SLICE("openai"));
        assert_int_equal(d->error_body(row, "req-1", &b), ERR_OK);
        cJSON *j = cJSON_ParseWithLength(b.p, buf_len(&b));
        assert_non_null(j);
        cJSON *e = cJSON_GetObjectItemCaseSensitive(j, "error");
        assert_int_equal(cJSON_GetArraySize(j), 1);
        assert_int_equal(cJSON_GetArraySize(e), 4);
        if (row->text) assert_string_equal(cJSON_GetObjectItem(e, "message")->valuestring, row->text);
        if (row->type) assert_string_equal(cJSON_GetObjectItem(e, "type")->valuestring, row->type);
        assert_true(cJSON_IsNull(cJSON_GetObjectItem(e, "param")));
        if (row->code) assert_string_equal(cJSON_GetObjectItem(e, "code")->valuestring, row->code);
        else assert_true(cJSON_IsNull(cJSON_GetObjectItem(e, "code")));
        cJSON_Delete(j);
        buf_free(&b);
        assert_int_equal(d->error_event(row, &b), ERR_OK);
        assert_true(slice_starts(buf_slice(&b), SLICE("data: {\"error\":")) && slice_ends(buf_slice(&b), SLICE("}}\n\n")));
        buf_free(&b);
    }
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_endpoints),
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_keys_known),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
