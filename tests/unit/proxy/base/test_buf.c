/* The capped queue: it holds what was put in, never more than its cap, and leaves no byte behind in its memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/base/buf.h"

static void test_empty(void **state)
{
    (void)state;
    struct buf b = buf_make(10);
    assert_int_equal(buf_len(&b), 0);
    assert_int_equal(buf_slice(&b).n, 0);
    assert_int_equal(buf_add(&b, SLICE_NONE), ERR_OK);
    assert_int_equal(buf_add(&b, SLICE("")), ERR_OK);
    assert_null(b.p);
    buf_consume(&b, 0);
    buf_free(&b);
    buf_free(&b);
}

static void test_cap(void **state)
{
    (void)state;
    struct buf b = buf_make(5);
    assert_int_equal(buf_add(&b, SLICE("abcdef")), ERR_LIMIT);
    assert_int_equal(buf_add(&b, SLICE("abcd")), ERR_OK);
    assert_int_equal(buf_add(&b, SLICE("ef")), ERR_LIMIT);
    assert_true(slice_eq(buf_slice(&b), SLICE("abcd")));
    assert_int_equal(buf_add_byte(&b, 'e'), ERR_OK);
    assert_int_equal(buf_add_byte(&b, 'f'), ERR_LIMIT);
    buf_consume(&b, 2);
    assert_int_equal(buf_add(&b, SLICE("fg")), ERR_OK);
    assert_true(slice_eq(buf_slice(&b), SLICE("cdefg")));
    assert_int_equal(buf_reserve(&b, SIZE_MAX), ERR_LIMIT);
    assert_int_equal(buf_reserve(&b, SIZE_MAX - 2), ERR_LIMIT);
    buf_free(&b);
    assert_int_equal(b.cap, 5);
}

static void test_numbers_and_formats(void **state)
{
    (void)state;
    struct buf b = buf_make(2000);
    assert_int_equal(buf_add_u64(&b, 0), ERR_OK);
    assert_int_equal(buf_add_u64(&b, UINT64_MAX), ERR_OK);
    assert_int_equal(buf_addf(&b, "-%s-%d", "x", 7), ERR_OK);
    assert_true(slice_eq(buf_slice(&b), SLICE("018446744073709551615-x-7")));
    char big[600];
    memset(big, 'a', sizeof big - 1);
    big[sizeof big - 1] = 0;
    assert_int_equal(buf_addf(&b, "%s", big), ERR_LIMIT); /* formats are for short text */
    assert_int_equal(buf_len(&b), 25);
    buf_truncate(&b, 3);
    assert_true(slice_eq(buf_slice(&b), SLICE("018")));
    buf_free(&b);
}

/* Against a plain model: appends, consumptions and truncations of many sizes, over the sizes of a pooled block. */
static void test_against_a_model(void **state)
{
    (void)state;
    static char model[200000];
    size_t n = 0;
    const size_t cap = 100000;
    struct buf b = buf_make(cap);
    srand(7);
    for (int round = 0; round < 20000; round++) {
        char text[3000];
        size_t size = (size_t)rand() % (round % 100 == 0 ? sizeof text : 40);
        for (size_t i = 0; i < size; i++) text[i] = (char)rand();
        enum err e = buf_add(&b, slice_of(text, size));
        assert_int_equal(e, n + size > cap ? ERR_LIMIT : ERR_OK);
        if (!e) {
            memcpy(model + n, text, size);
            n += size;
        }
        if (rand() % 3 == 0) {
            size_t gone = n ? (size_t)rand() % (n < 3000 ? n + 1 : 3000) : 0;
            buf_consume(&b, gone);
            memmove(model, model + gone, n - gone);
            n -= gone;
        }
        if (rand() % 50 == 0) buf_truncate(&b, n = n / 2);
        if (rand() % 500 == 0) buf_consume(&b, n), n = 0;
        assert_int_equal(buf_len(&b), n);
        if (n) assert_memory_equal(buf_slice(&b).p, model, n);
    }
    buf_free(&b);
}

/* Whatever way a block was used, nothing of it is left when it comes from the pool again. */
static void test_wiped(void **state)
{
    (void)state;
    struct buf b = buf_make(MEM_BLOCK);
    for (size_t i = 0; i < 1000; i++) assert_int_equal(buf_add(&b, SLICE("secret")), ERR_OK);
    buf_truncate(&b, 10); /* the highest byte ever written counts, not the length */
    buf_consume(&b, 10);
    char *block = mem_block_get();
    assert_non_null(block);
    for (size_t i = sizeof(void *); i < MEM_BLOCK; i++)
        if (block[i] == 's' && memcmp(block + i, "secret", 6) == 0) fail_msg("left at %zu", i);
    mem_block_put(block, 0);
    mem_blocks_trim();
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),           cmocka_unit_test(test_cap),   cmocka_unit_test(test_numbers_and_formats),
        cmocka_unit_test(test_against_a_model), cmocka_unit_test(test_wiped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
