/* What is done to a journal from outside: files cut short under the writer, and a wall clock that jumps. The writer
 * lives, says so, and goes on in the next segment; nothing fresh is thrown away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "proxy/audit/age.h"
#include "proxy/audit/mapguard.h"
#include "tests/unit/proxy/audit/audit_dir.h"

#include <errno.h>
#include <sys/mman.h>
#include <time.h>

/* The clocks of this program, in place of proxy/base/clock.c's. */
static _Atomic int64_t wall_off, mono_off; /* the audit thread reads them too */

static uint64_t read_clock(clockid_t id, int64_t off)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (uint64_t)((int64_t)((uint64_t)t.tv_sec * S_NS + (uint64_t)t.tv_nsec) + off);
}
uint64_t clock_mono_ns(void) { return read_clock(CLOCK_MONOTONIC, mono_off); }
uint64_t clock_wall_ns(void) { return read_clock(CLOCK_REALTIME, wall_off); }
uint64_t clock_thread_ns(void) { return read_clock(CLOCK_THREAD_CPUTIME_ID, 0); }
void clock_rfc3339(uint64_t wall_ns, char out[25])
{
    (void)wall_ns;
    memcpy(out, "2026-11-23T12:30:00.123Z", 25);
}

static void wait_for(int64_t ns)
{
    mono_off += ns;
    wall_off += ns;
}

static enum err append(struct audit *a, unsigned n)
{
    struct audit_record r = dir_record("0", n);
    return journal_outcome(audit_journal(a, 0), &r);
}

static unsigned cut_all(off_t to)
{
    struct segment_name *list;
    size_t n;
    char file[SEGMENT_FILE_MAX];
    int dir = open(dir_path, O_RDONLY | O_DIRECTORY);
    assert_int_equal(segment_list(dir, &list, &n), ERR_OK);
    for (size_t i = 0; i < n; i++) {
        segment_file(&list[i], file);
        int fd = openat(dir, file, O_RDWR);
        assert_true(fd >= 0);
        assert_int_equal(ftruncate(fd, to), 0);
        close(fd);
    }
    mem_free(list);
    close(dir);
    return (unsigned)n;
}

static void test_guard(void **state)
{
    (void)state;
    size_t size = 16 * 4096;
    int fd = memfd_create("guard", MFD_CLOEXEC);
    _Atomic bool cut = false;
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    volatile char *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(map != MAP_FAILED);
    unsigned guard = mapguard_add((void *)(uintptr_t)map, size, &cut);
    assert_true(guard);
    map[0] = map[5 * 4096] = 'a';
    assert_false(cut);
    assert_int_equal(ftruncate(fd, 4 * 4096), 0);
    errno = 7;
    map[5 * 4096 + 17] = 'b'; /* a bus error, were it not for the guard */
    assert_int_equal(errno, 7);
    assert_true(cut);
    assert_int_equal(map[0], 'a');
    assert_int_equal(map[5 * 4096 + 17], 'b');
    map[size - 1] = 'c';
    mapguard_remove(guard);
    munmap((void *)(uintptr_t)map, size);
    close(fd);
}

/* Cut to nothing, to a part, and to within the page that is written to: at most a few records are lost, the next ones
 * are written to a new segment, and what is missing shows. */
static void test_cut_under_the_writer(void **state)
{
    (void)state;
    static const off_t to[] = {0, 5000, 100};
    struct audit_opts o = dir_opts(1, AUDIT_SEGMENT_MIN);
    struct dir_seen seen;
    struct audit *a = dir_start(&o);
    unsigned n = 0;
    for (size_t i = 0; i < sizeof to / sizeof to[0]; i++) {
        for (unsigned k = 0; k < 10; k++) assert_int_equal(append(a, n++), ERR_OK);
        assert_true(dir_wait(a, all_synced));
        assert_true(cut_all(to[i]) >= 1);
        /* Those on the way are refused, or lost with the file; then a new segment is there. */
        uint64_t end = clock_mono_ns() + 10 * S_NS;
        for (unsigned good = 0; good < 50; n++) {
            good = append(a, n) == ERR_OK ? good + 1 : 0;
            assert_true(clock_mono_ns() < end);
            usleep(1000);
        }
        assert_true(dir_wait(a, all_synced));
    }
    struct audit_status s;
    audit_status(a, &s);
    assert_false(s.failing);
    audit_stop(a, 0);
    assert_int_equal(dir_read(0, &seen), -1); /* the chain has holes */
    a = dir_start(&o);                        /* and the next writer starts all the same */
    assert_int_equal(append(a, n), ERR_OK);
    audit_stop(a, 0);
}

/* ---- the clock ---- */

static void test_ages(void **state)
{
    (void)state;
    struct age_clock c;
    const uint64_t day = 86400 * S_NS, now = clock_wall_ns();
    assert_false(age_start(&c, now - day, 90 * day));
    assert_int_equal(age_of(&c, c.wall - day) / S_NS, 86400);
    assert_false(age_look(&c));
    wall_off += (int64_t)(400 * day); /* a year and more */
    assert_true(age_look(&c));
    assert_int_equal(age_of(&c, now - day) / S_NS, 86400);
    uint64_t fresh = clock_wall_ns();
    wait_for((int64_t)day); /* no jump */
    assert_false(age_look(&c));
    assert_int_equal(age_of(&c, now - day) / S_NS, 2 * 86400);
    assert_int_equal(age_of(&c, fresh) / S_NS, 86400);
    wall_off -= (int64_t)(400 * day); /* and back */
    assert_true(age_look(&c));
    assert_int_equal(age_of(&c, now - day) / S_NS, 2 * 86400);
    assert_int_equal(age_of(&c, clock_wall_ns() + day), 0);
    wall_off = mono_off = 0;
    assert_true(age_start(&c, now - 100 * day, 90 * day)); /* away for longer than anything is kept */
    assert_int_equal(age_of(&c, now - 101 * day) / S_NS, 86400);
}

static size_t segments(void)
{
    struct segment_name *list;
    size_t n;
    int dir = open(dir_path, O_RDONLY | O_DIRECTORY);
    assert_int_equal(segment_list(dir, &list, &n), ERR_OK);
    mem_free(list);
    close(dir);
    return n;
}

static void test_a_jump_drops_nothing(void **state)
{
    (void)state;
    const int64_t hour = 3600 * (int64_t)S_NS;
    struct audit_opts o = dir_opts(1, AUDIT_SEGMENT_MIN);
    o.retain_ms = 24 * 3600 * 1000;
    struct audit *a = dir_start(&o);
    for (unsigned i = 0, good = 0; good < 400; i++) good += append(a, i) == ERR_OK;
    assert_true(dir_wait(a, all_synced));
    size_t before = segments();
    assert_true(before > 3);
    wall_off += 1000 * hour;
    for (unsigned pass = 0; pass < 2; pass++) { /* chores that come each minute */
        wait_for(hour / 30);
        usleep(100 * 1000);
        assert_int_equal(append(a, 0), ERR_OK);
        assert_true(dir_wait(a, all_synced));
    }
    assert_true(segments() >= before);
    audit_stop(a, 0);
    before = segments();
    a = dir_start(&o); /* with the clock still wrong */
    assert_true(segments() >= before);
    wait_for(25 * hour); /* in time they do go */
    uint64_t end = read_clock(CLOCK_MONOTONIC, 0) + 10 * S_NS;
    while (segments() > 2) {
        assert_true(read_clock(CLOCK_MONOTONIC, 0) < end);
        usleep(1000);
    }
    audit_stop(a, 0);
    wall_off = mono_off = 0;
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guard),
        cmocka_unit_test_setup_teardown(test_cut_under_the_writer, dir_setup, dir_teardown),
        cmocka_unit_test(test_ages),
        cmocka_unit_test_setup_teardown(test_a_jump_drops_nothing, dir_setup, dir_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
