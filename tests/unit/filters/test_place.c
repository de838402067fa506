/* Places: what lies in one and what does not, whatever the body looks like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "filters/place.h"
#include "proxy/base/mem.h"

/* Whether the one string "!" (or key "!") of a body lies in the place. */
static bool lies(const char *place, const char *body)
{
    struct place p;
    const char *why;
    struct json_doc d = {.text = SLICE_NONE};
    assert_int_equal(place_parse(slice_str(place), &p, &why), ERR_OK);
    const struct json_limits lim = {.max_depth = 500};
    assert_int_equal(json_parse(&d, slice_str(body), &lim, NULL), ERR_OK);
    uint32_t i = 0;
    while (i < d.count && !((d.node[i].type == JSON_STRING || d.node[i].type == JSON_KEY) && json_text_eq(&d, i, SLICE("!"))))
        i++;
    assert_true(i < d.count);
    bool yes = place_holds(&p, &d, i);
    json_doc_free(&d);
    place_free(&p);
    return yes;
}

static void test_keys(void **state)
{
    (void)state;
    assert_true(lies("a", "{\"a\":\"!\"}"));
    assert_true(lies("a", "{\"a\":{\"b\":[[{\"c\":\"!\"}]]}}"));
    assert_true(lies("a.b", "{\"a\":{\"b\":[[{\"c\":\"!\"}]]}}"));
    assert_true(lies("a.b.c", "{\"a\":{\"b\":[[{\"c\":\"!\"}]]}}"));
    assert_true(lies("a.*.c", "{\"a\":{\"b\":{\"c\":\"!\"}}}"));
    assert_true(lies("a.b*", "{\"a\":{\"bcd\":\"!\"}}"));
    assert_true(lies("a", "{\"a\":{\"!\":1}}"));
    assert_true(lies("a.!", "{\"a\":{\"!\":1}}"));
    assert_true(lies("a", "[{\"a\":\"!\"}]"));
    assert_false(lies("a", "{\"b\":\"!\"}"));
    assert_false(lies("b", "{\"a\":{\"b\":\"!\"}}"));
    assert_false(lies("a.b", "{\"a\":\"!\"}"));
    assert_false(lies("a.b", "{\"a\":{\"c\":{\"b\":\"!\"}}}"));
    assert_false(lies("a", "[\"!\"]"));
    assert_false(lies("a", "{\"\\u0061\":\"!\"}"));
}

static void test_conditions(void **state)
{
    (void)state;
    assert_true(lies("m[role=tool]", "{\"m\":[{\"role\":\"tool\",\"c\":\"!\"}]}"));
    assert_true(lies("m[role=tool]", "{\"m\":[{\"c\":[{\"t\":\"!\"}],\"role\":\"tool\"}]}"));
    assert_true(lies("m[role=t*].c.t", "{\"m\":[{\"c\":[{\"t\":\"!\"}],\"role\":\"tool\"}]}"));
    assert_true(lies("m[role=tool].c", "{\"m\":{\"role\":\"tool\",\"c\":\"!\"}}"));
    assert_true(lies("m.c[type=text].t", "{\"m\":[{\"c\":[{\"type\":\"text\",\"t\":\"!\"}]}]}"));
    assert_true(lies("m[v=1.5]", "{\"m\":[{\"v\":\"1.5\",\"c\":\"!\"}]}"));
    assert_false(lies("m[role=tool]", "{\"m\":[{\"role\":\"user\",\"c\":\"!\"},{\"role\":\"tool\"}]}"));
    assert_false(lies("m[role=tool]", "{\"m\":[{\"role\":\"t\\u006fol\",\"c\":\"!\"}]}"));
    assert_false(lies("m[role=tool]", "{\"m\":\"!\"}"));
    assert_false(lies("m[role=tool]", "{\"m\":[\"!\"]}"));
    assert_false(lies("m[role=tool]", "{\"m\":[{\"role\":1,\"c\":\"!\"}]}"));
}

/* What would take long to answer is answered "no". */
static void test_bounds(void **state)
{
    (void)state;
    char t[4000];
    size_t n = (size_t)sprintf(t, "{\"m\":[{");
    for (int i = 0; i < 40; i++) n += (size_t)sprintf(t + n, "\"k%d\":1,", i);
    sprintf(t + n, "\"role\":\"tool\",\"c\":\"!\"}]}");
    assert_false(lies("m[role=tool]", t));
    assert_true(lies("m", t));
    n = (size_t)sprintf(t, "{\"m\":");
    for (int i = 0; i < 100; i++) t[n++] = '[';
    n += (size_t)sprintf(t + n, "\"!\"");
    for (int i = 0; i < 100; i++) t[n++] = ']';
    t[n++] = '}';
    t[n] = 0;
    assert_false(lies("m", t));
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_keys), cmocka_unit_test(test_conditions),
                                       cmocka_unit_test(test_bounds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
