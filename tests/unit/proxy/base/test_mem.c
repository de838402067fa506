/* The allocator wipes: what was freed, or left by a realloc, is not in the memory that is given out next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <event2/buffer.h>

#include "proxy/base/mem.h"

/* Under a sanitizer freed memory may not be looked at; the block pool, which keeps its memory, always may. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CAN_LOOK 0
#else
#define CAN_LOOK 1
#endif

static void test_wipes_on_free(void **state)
{
    (void)state;
    if (!CAN_LOOK) skip();
    char *p = mem_alloc(2000);
    assert_non_null(p);
    memset(p, 'S', 2000);
    char *volatile was = p;
    mem_free(p);
    char *q = mem_alloc(2000); /* the allocator gives the same chunk again */
    assert_ptr_equal(was, q);
    for (size_t i = 16; i < 2000; i++) assert_int_not_equal(q[i], 'S');
    mem_free(q);
}

static void test_growing(void **state)
{
    (void)state;
    char *p = mem_realloc(NULL, 100);
    assert_non_null(p);
    for (int i = 0; i < 100; i++) p[i] = (char)i;
    for (size_t n = 100; n < 100000; n = n * 3 / 2) {
        p = mem_realloc(p, n);
        assert_non_null(p);
        for (int i = 0; i < 100; i++) assert_int_equal(p[i], i);
    }
    p = mem_realloc(p, 50);
    assert_non_null(p);
    for (int i = 0; i < 50; i++) assert_int_equal(p[i], i);
    mem_free(p);
    mem_free(NULL);
}

static void test_strings(void **state)
{
    (void)state;
    char *a = mem_strdup("abc"), *b = mem_strndup("abcdef", 2), *c = mem_strndup(NULL, 0);
    assert_string_equal(a, "abc");
    assert_string_equal(b, "ab");
    assert_string_equal(c, "");
    mem_free(a);
    mem_free(b);
    mem_free(c);
    char *z = mem_zalloc(1000);
    assert_non_null(z);
    for (int i = 0; i < 1000; i++) assert_int_equal(z[i], 0);
    mem_free(z);
    void *none = mem_alloc(0);
    assert_non_null(none);
    mem_free(none);
    if (CAN_LOOK) assert_null(mem_alloc(SIZE_MAX / 2)); /* ASan ends the program at such a size */
}

static void test_blocks(void **state)
{
    (void)state;
    char *blocks[MEM_BLOCKS_KEPT + 10];
    for (size_t i = 0; i < MEM_BLOCKS_KEPT + 10; i++) {
        blocks[i] = mem_block_get();
        assert_non_null(blocks[i]);
        memset(blocks[i], 'S', MEM_BLOCK);
    }
    for (size_t i = 0; i < MEM_BLOCKS_KEPT + 10; i++) mem_block_put(blocks[i], MEM_BLOCK + 5);
    mem_block_put(NULL, 3);
    for (size_t i = 0; i < MEM_BLOCKS_KEPT; i++) {
        blocks[i] = mem_block_get();
        for (size_t k = sizeof(void *); k < MEM_BLOCK; k++) assert_int_equal(blocks[i][k], 0);
    }
    for (size_t i = 0; i < MEM_BLOCKS_KEPT; i++) mem_block_put(blocks[i], 0);
    mem_blocks_trim();
    mem_blocks_trim();
}

/* The libraries that see text go through the same functions. */
static void test_hooks(void **state)
{
    (void)state;
    if (!CAN_LOOK) skip();
    cJSON *j = cJSON_Parse("{\"key\":\""
                           "AKIAQQQQQQQQQQQQQQQQ-long-enough-for-a-chunk-of-its-own-0123456789"
                           "\"}");
    assert_non_null(j);
    char *volatile text = cJSON_GetObjectItem(j, "key")->valuestring;
    size_t n = strlen(text);
    cJSON_Delete(j);
    char *chunks[16], *again = NULL; /* the same chunk comes back, not always first */
    for (int i = 0; i < 16; i++) {
        chunks[i] = mem_alloc(n + 1);
        if (chunks[i] == text) again = chunks[i];
    }
    assert_non_null(again);
    for (size_t i = 16; i < n; i++) assert_int_equal(again[i], 0);
    for (int i = 0; i < 16; i++) mem_free(chunks[i]);
    struct evbuffer *e = evbuffer_new();
    assert_non_null(e);
    assert_int_equal(evbuffer_add(e, "abc", 3), 0);
    evbuffer_free(e);
    char *p = mem_pcre2_alloc(10, NULL);
    assert_non_null(p);
    mem_pcre2_free(p, NULL);
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wipes_on_free), cmocka_unit_test(test_growing), cmocka_unit_test(test_strings),
        cmocka_unit_test(test_blocks),        cmocka_unit_test(test_hooks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
