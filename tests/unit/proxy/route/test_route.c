/* Routes: which one serves a model, how weights fall, what a broken target does to the order. */
#include "proxy/route/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static char any_model[] = "*", chat_models[] = "chat-*", name_a[] = "a", name_b[] = "b", name_s[] = "safe",
            echo[] = "builtin:echo";
static char big[] = "big/v2";

static struct config_backend backends[3];
static struct config_target split[2], fallback[2], sensitive;
static struct config_route routes[2];
static struct config conf;
static char *chat_globs[] = {chat_models}, *any_globs[] = {any_model};

static struct routes *build(void)
{
    const char *why = NULL;
    for (int i = 0; i < 3; i++) backends[i] = (struct config_backend){.url = echo, .builtin_echo = true};
    backends[0].name = name_a;
    backends[1].name = name_b;
    backends[2].name = name_s;
    split[0] = (struct config_target){0, NULL, 90};
    split[1] = (struct config_target){1, big, 10};
    fallback[0] = (struct config_target){1, big, 0};
    fallback[1] = (struct config_target){0, NULL, 0};
    sensitive = (struct config_target){2, NULL, 0};
    routes[0] = (struct config_route){.name = name_a,
                                      .match_models = {chat_globs, 1},
                                      .split = split,
                                      .split_count = 2,
                                      .fallback = fallback,
                                      .fallback_count = 2,
                                      .sensitive = &sensitive,
                                      .attempts = 3,
                                      .breaker_failures = 2,
                                      .breaker_within = 60000,
                                      .breaker_open = 60000};
    routes[1] = (struct config_route){.name = name_b, .match_models = {any_globs, 1}, .split = split, .split_count = 1};
    conf = (struct config){.backends = backends, .backend_count = 3, .routes = routes, .route_count = 2};
    struct routes *r = routes_build(&conf, &why);
    assert_non_null(r);
    return r;
}

static void finds_by_model(void **state)
{
    (void)state;
    struct routes *r = build();
    assert_ptr_equal(routes_find(r, SLICE("chat-large")), &r->routes[0]);
    assert_ptr_equal(routes_find(r, SLICE("other")), &r->routes[1]);
    assert_ptr_equal(routes_find(r, SLICE_NONE), &r->routes[0]); /* names no model: the first */
    conf.route_count = 1;
    struct routes *one = routes_build(&conf, &(const char *){NULL});
    assert_null(routes_find(one, SLICE("other")));
    routes_free(one);
    routes_free(r);
}

static void weights_and_fallbacks(void **state)
{
    (void)state;
    struct routes *r = build();
    struct route_plan p;
    unsigned first_a = 0;
    for (uint64_t dice = 0; dice < 1000; dice++) {
        route_plan(&r->routes[0], NULL, dice, false, &p);
        assert_int_equal(p.count, 2); /* the one that was drawn is not tried twice */
        assert_string_not_equal(p.target[0]->name, p.target[1]->name);
        first_a += strcmp(p.target[0]->name, "a") == 0;
    }
    assert_int_equal(first_a, 900);
    assert_string_equal(r->routes[0].split[1].name, "b/big/v2");
    route_plan(&r->routes[0], NULL, 1, true, &p);
    assert_int_equal(p.count, 1);
    assert_string_equal(p.target[0]->name, "safe");
    route_plan(&r->routes[1], NULL, 1, true, &p); /* no sensitive target: nowhere to go */
    assert_int_equal(p.count, 0);
    routes_free(r);
}

static void a_broken_target_goes_last(void **state)
{
    (void)state;
    struct routes *r = build();
    struct route_plan p;
    route_plan(&r->routes[0], NULL, 0, false, &p);
    assert_string_equal(p.target[0]->name, "a");
    route_report(NULL, &r->routes[0], p.target[0], false);
    route_plan(&r->routes[0], NULL, 0, false, &p);
    assert_string_equal(p.target[0]->name, "a"); /* one failure is none */
    route_report(NULL, &r->routes[0], p.target[0], false);
    route_plan(&r->routes[0], NULL, 0, false, &p);
    assert_string_equal(p.target[0]->name, "b/big/v2");
    assert_string_equal(p.target[1]->name, "a");
    route_report(NULL, &r->routes[0], p.target[1], true);
    route_plan(&r->routes[0], NULL, 0, false, &p);
    assert_string_equal(p.target[0]->name, "a");
    routes_free(r);
}

static void every_upstream_error_has_a_trigger(void **state)
{
    (void)state;
    for (int e = 0; e < ERR_COUNT; e++) {
        bool upstream = err_row((enum err)e)->retryable;
        assert_int_equal(route_trigger((enum err)e) != 0, upstream);
    }
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_by_model),
        cmocka_unit_test(weights_and_fallbacks),
        cmocka_unit_test(a_broken_target_goes_last),
        cmocka_unit_test(every_upstream_error_has_a_trigger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
