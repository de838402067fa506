/* A disk that fails: an msync or fsync that failed is never taken for a success, appends go on elsewhere, and what was
 * not synced is written anew once the disk works again. msync and fsync are ours here, and fail as they are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/unit/proxy/audit/audit_dir.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static _Atomic int fail_percent;
static _Atomic unsigned failed_calls;
static _Atomic uint32_t dice = 12345;

static bool fails(void)
{
    uint32_t x = dice * 1664525u + 1013904223u;
    dice = x;
    if ((int)((x >> 16) % 100) >= fail_percent) return false;
    failed_calls++;
    errno = EIO;
    return true;
}

int fsync(int fd) { return fails() ? -1 : (int)syscall(SYS_fsync, fd); }
int msync(void *p, size_t n, int flags) { return fails() ? -1 : (int)syscall(SYS_msync, p, n, flags); }

static enum err append(struct audit *a, unsigned n)
{
    struct audit_record r = dir_record("0", n);
    return journal_outcome(audit_journal(a, 0), &r);
}

static bool failing(const struct audit_status *s) { return s->failing; }
static bool not_failing(const struct audit_status *s) { return !s->failing; }

/* The disk fails for a while: nothing counts as synced meanwhile, everything does afterwards, and the old segment was
 * left and lies whole in a new file. */
static void test_outage(void **state)
{
    (void)state;
    struct audit_opts o = dir_opts(1, AUDIT_SEGMENT_MIN);
    struct audit_status s;
    struct dir_seen seen;
    struct stat before, after;
    char path[300];
    struct audit *a = dir_start(&o);
    assert_int_equal(append(a, 0), ERR_OK);
    assert_true(dir_wait(a, all_synced));
    struct segment_name *list;
    size_t n;
    int dir = open(dir_path, O_RDONLY | O_DIRECTORY);
    assert_int_equal(segment_list(dir, &list, &n), ERR_OK);
    char file[SEGMENT_FILE_MAX];
    segment_file(&list[0], file);
    snprintf(path, sizeof path, "%s/%s", dir_path, file);
    assert_int_equal(stat(path, &before), 0);
    mem_free(list);
    close(dir);

    fail_percent = 100;
    assert_int_equal(append(a, 1), ERR_OK);
    assert_true(dir_wait(a, failing));
    assert_int_equal(append(a, 2), ERR_OK); /* in the next segment */
    unsigned calls = failed_calls;
    for (uint64_t end = clock_mono_ns() + 10 * S_NS; failed_calls < calls + 5 && clock_mono_ns() < end;) usleep(1000);
    audit_status(a, &s);
    assert_int_equal(s.appended, 3);
    assert_int_equal(s.synced, 1);

    fail_percent = 0;
    assert_true(dir_wait(a, not_failing));
    assert_true(dir_wait(a, all_synced));
    assert_int_equal(stat(path, &after), 0);
    assert_true(before.st_ino != after.st_ino);
    assert_int_equal(append(a, 3), ERR_OK);
    audit_stop(a, 0);
    assert_int_equal(dir_read(0, &seen), 0);
    assert_int_equal(seen.lines, 4);
    assert_int_equal(seen.segments, 2);
}

/* Nobody appends while it fails: the worker cannot leave the segment, and it is synced in place. */
static void test_idle_outage(void **state)
{
    (void)state;
    struct audit_opts o = dir_opts(1, AUDIT_SEGMENT_MIN);
    struct dir_seen seen;
    struct audit *a = dir_start(&o);
    fail_percent = 100;
    assert_int_equal(append(a, 0), ERR_OK);
    assert_true(dir_wait(a, failing));
    fail_percent = 0;
    assert_true(dir_wait(a, not_failing));
    assert_true(dir_wait(a, all_synced));
    assert_int_equal(append(a, 1), ERR_OK);
    audit_stop(a, 0);
    assert_int_equal(dir_read(0, &seen), 0);
    assert_int_equal(seen.lines, 2);
    assert_int_equal(seen.segments, 2); /* it was left at the first chance all the same */
}

/* One call in ten fails, over many rotations: what is told as synced is on the disk, and in the end all of it. */
static void test_now_and_then(void **state)
{
    (void)state;
    struct audit_opts o = dir_opts(1, AUDIT_SEGMENT_MIN);
    struct dir_seen seen;
    struct audit_status s;
    o.sync_ms = 1;
    fail_percent = 0;
    struct audit *a = dir_start(&o);
    unsigned n = 0;
    fail_percent = 10;
    for (uint64_t end = clock_mono_ns() + 20 * S_NS; n < 5000;) {
        assert_true(clock_mono_ns() < end);
        if (append(a, n) == ERR_OK) n++;
        else usleep(100);
        if (n % 20 == 0) usleep(200);
        if (n % 500 == 0) {
            audit_status(a, &s);
            assert_true(s.synced <= s.appended);
            assert_int_equal(dir_read(0, &seen), 0);
            assert_true(seen.lines >= s.synced);
        }
    }
    fail_percent = 0;
    assert_true(dir_wait(a, all_synced));
    audit_stop(a, 0);
    assert_int_equal(dir_read(0, &seen), 0);
    assert_int_equal(seen.lines, 5000);
    assert_true(failed_calls > 10);
}

/* It still fails when the process ends: nothing is lost that the page cache holds, and the next start goes on. */
static void test_to_the_end(void **state)
{
    (void)state;
    struct audit_opts o = dir_opts(1, AUDIT_SEGMENT_MIN);
    struct dir_seen seen;
    fail_percent = 0;
    struct audit *a = dir_start(&o);
    assert_int_equal(append(a, 0), ERR_OK);
    fail_percent = 100;
    assert_int_equal(append(a, 1), ERR_OK);
    audit_stop(a, 0);
    fail_percent = 0;
    a = dir_start(&o);
    assert_int_equal(append(a, 2), ERR_OK);
    audit_stop(a, 0);
    assert_int_equal(dir_read(0, &seen), 0);
    assert_int_equal(seen.lines, 3);
}

int main(void)
{
    mem_install_hooks();
#define T(f) cmocka_unit_test_setup_teardown(f, dir_setup, dir_teardown)
    const struct CMUnitTest tests[] = {T(test_outage), T(test_idle_outage), T(test_now_and_then), T(test_to_the_end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
