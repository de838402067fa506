/* Looking after a mapped file's pages changes none of its bytes, whatever is asked in whatever order while another
 * thread goes on writing; and what it does is bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "proxy/audit/pages.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIZE (12u << 20)
#define LINE 1031u

struct file {
    int fd;
    struct pages p;
    _Atomic size_t end;
};

static void file_open(struct file *f)
{
    char path[] = "/tmp/privet-pages-XXXXXX";
    f->fd = mkstemp(path);
    assert_true(f->fd >= 0);
    unlink(path);
    assert_int_equal(posix_fallocate(f->fd, 0, SIZE), 0);
    char *map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, f->fd, 0);
    assert_true(map != MAP_FAILED);
    (void)madvise(map, SIZE, MADV_RANDOM);
    f->p = (struct pages){.map = map, .size = SIZE};
    atomic_init(&f->end, 0);
}

static void file_close(struct file *f)
{
    munmap(f->p.map, SIZE);
    close(f->fd);
}

static char byte_at(size_t i) { return (char)(1 + (i * 2654435761u >> 13) % 255); }

static void *fill(void *arg)
{
    struct file *f = arg;
    for (size_t end = 0; end + LINE <= SIZE; end += LINE) {
        for (size_t i = 0; i < LINE; i++) f->p.map[end + i] = byte_at(end + i);
        atomic_store_explicit(&f->end, end + LINE, memory_order_release);
    }
    return NULL;
}

static void check(const struct file *f, size_t end)
{
    char *all = malloc(SIZE);
    assert_non_null(all);
    assert_int_equal(pread(f->fd, all, SIZE, 0), SIZE);
    for (size_t i = 0; i < SIZE; i++)
        if (all[i] != (i < end ? byte_at(i) : 0) || f->p.map[i] != all[i]) fail_msg("byte %zu is not what was written", i);
    free(all);
}

static void test_bytes_stay(void **state)
{
    (void)state;
    struct file f;
    struct pages_mood mood = {0};
    pthread_t writer;
    uint32_t dice = 7;
    file_open(&f);
    assert_int_equal(pthread_create(&writer, NULL, fill, &f), 0);
    for (size_t end = 0; end + LINE <= SIZE;) {
        end = atomic_load_explicit(&f.end, memory_order_acquire);
        mood.until = 0; /* however slow they are here */
        dice = dice * 1664525u + 1013904223u;
        if (dice >> 28 & 1) pages_unmap(&f.p, end);
        switch (dice >> 29) {
        case 0:
        case 1: pages_warm(&f.p, end, 1u << 20); break;
        case 2:
        case 3: pages_warm_huge(&f.p, &mood, end); break;
        case 4: pages_send(&f.p, f.fd, end); break;
        case 5:
            if (fsync(f.fd) == 0) pages_calm(&f.p, f.fd, end);
            break;
        default:
            if (fsync(f.fd) == 0) pages_drop(&f.p, f.fd, end);
        }
        assert_true(f.p.warm <= SIZE && f.p.sent <= end && f.p.dropped <= end);
    }
    assert_int_equal(pthread_join(writer, NULL), 0);
    check(&f, SIZE / LINE * LINE);
    file_close(&f);
}

/* Each call does its share and no more. */
static void test_shares(void **state)
{
    (void)state;
    struct file f;
    struct pages_mood mood = {0};
    file_open(&f);
    pages_warm(&f.p, 0, 4u << 20);
    bool populates = f.p.warm > 0; /* kernels before 5.14 do not */
    if (populates) assert_int_equal(f.p.warm, PAGES_WARM_MOST);
    pages_warm(&f.p, 0, PAGES_WARM_MOST);
    if (populates) assert_int_equal(f.p.warm, PAGES_WARM_MOST);      /* there already */
    for (size_t i = 2; i <= PAGES_HUGE / PAGES_WARM_MOST / 2; i++) { /* begun with small ones: goes on with them */
        pages_warm_huge(&f.p, &mood, 0);
        if (populates) assert_int_equal(f.p.warm, i * PAGES_WARM_MOST);
    }
    pages_warm_huge(&f.p, &mood, 0);
    if (populates) assert_int_equal(f.p.warm, PAGES_HUGE / 2); /* half of one is left */
    for (size_t i = 0; i < PAGES_HUGE / PAGES_WARM_MOST; i++) pages_warm_huge(&f.p, &mood, PAGES_HUGE - 1);
    assert_int_equal(f.p.huge, 2 * PAGES_HUGE); /* to the end with small ones, then one that is huge */
    mood.until = UINT64_MAX;
    pages_warm_huge(&f.p, &mood, 2 * PAGES_HUGE); /* huge ones were slow: small ones for a while */
    if (populates) assert_int_equal(f.p.warm, 2 * PAGES_HUGE + PAGES_WARM_MOST);
    mood.until = 0;
    pages_warm_huge(&f.p, &mood, SIZE - 5);
    assert_true(f.p.warm <= SIZE);

    pages_send(&f.p, f.fd, PAGES_SEND_MOST - 1);
    assert_int_equal(f.p.sent, 0);
    pages_send(&f.p, f.fd, 3u << 20);
    assert_int_equal(f.p.sent, 2u << 20); /* the huge page that is being written stays */
    pages_send(&f.p, f.fd, 5u << 20);
    assert_int_equal(f.p.sent, 5u << 20);
    pages_drop(&f.p, f.fd, 5u << 20);
    assert_int_equal(f.p.dropped, PAGES_HUGE);
    pages_drop(&f.p, f.fd, 5u << 20);
    pages_drop(&f.p, f.fd, 5u << 20);
    assert_int_equal(f.p.dropped, 2 * PAGES_HUGE);
    for (int i = 0; i < 3; i++) pages_calm(&f.p, f.fd, 3u << 20);
    assert_int_equal(f.p.huge, 0);
    check(&f, 0);
    file_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bytes_stay), cmocka_unit_test(test_shares)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
