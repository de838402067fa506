/* Journals: the chain over appends, rotations and restarts; two writers; old workers; retention; a full disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/unit/proxy/audit/audit_dir.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

static enum err append(struct audit *a, unsigned worker, unsigned n, bool outcome)
{
    char w[12];
    snprintf(w, sizeof w, "%u", worker);
    struct audit_record r = dir_record(w, n);
    return outcome ? journal_outcome(audit_journal(a, worker), &r) : journal_intent(audit_journal(a, worker), &r);
}

/* As a worker does it: a refused intent is tried again until the audit thread has made room. */
static void append_surely(struct audit *a, unsigned worker, unsigned n, bool outcome)
{
    uint64_t end = clock_mono_ns() + 10 * S_NS;
    while (append(a, worker, n, outcome) != ERR_OK) {
        assert_true(clock_mono_ns() < end);
        usleep(100);
    }
}

static void test_round_trip(void **state)
{
    (void)state;
    struct audit_opts o = dir_opts(1, AUDIT_SEGMENT_MIN);
    struct dir_seen seen;
    uint64_t lines = 0;
    for (unsigned run = 0; run < 3; run++) {
        struct audit *a = dir_start(&o);
        for (unsigned i = 0; i < 300; i++, lines += 2) {
            append_surely(a, 0, i, false);
            append_surely(a, 0, i, true);
        }
        assert_true(dir_wait(a, all_synced));
        struct audit_status s;
        audit_status(a, &s);
        assert_int_equal(s.appended, lines);
        assert_false(s.failing);
        audit_stop(a, 0);
        assert_int_equal(dir_read(0, &seen), 0);
        assert_int_equal(seen.lines, lines);
        assert_int_equal(seen.torn, 0);
        assert_true(seen.segments > 3 * (run + 1));
    }
}

/* Many starts without a request leave one segment. */
static void test_idle_restarts(void **state)
{
    (void)state;
    struct audit_opts o = dir_opts(1, AUDIT_SEGMENT_MIN);
    struct dir_seen seen;
    for (unsigned run = 0; run < 5; run++) audit_stop(dir_start(&o), 0);
    assert_int_equal(dir_read(0, &seen), 0);
    assert_int_equal(seen.segments, 1);
    assert_int_equal(seen.lines, 0);
    struct audit *a = dir_start(&o);
    append_surely(a, 0, 1, false);
    audit_stop(a, 0);
    assert_int_equal(dir_read(0, &seen), 0);
    assert_int_equal(seen.segments, 1);
    assert_int_equal(seen.lines, 1);
}

static void test_one_writer(void **state)
{
    (void)state;
    struct audit_opts o = dir_opts(1, AUDIT_SEGMENT_MIN);
    struct audit *a = dir_start(&o), *b = NULL;
    const char *why = NULL;
    assert_int_equal(audit_start(&o, &b, &why), ERR_IO);
    assert_null(b);
    assert_string_equal(why, "another process writes to this directory");
    audit_stop(a, 0);
    audit_stop(dir_start(&o), 0);
}

static void test_wrong_options(void **state)
{
    (void)state;
    struct audit *a = NULL;
    const char *why = NULL;
    struct audit_opts o = dir_opts(1, AUDIT_SEGMENT_MIN - 1);
    assert_int_equal(audit_start(&o, &a, &why), ERR_IO);
    assert_non_null(why);
    o = dir_opts(0, AUDIT_SEGMENT_MIN);
    assert_int_equal(audit_start(&o, &a, &why), ERR_IO);
    o = dir_opts(1, AUDIT_SEGMENT_MIN);
    o.directory = "/proc/nowhere/at/all";
    assert_int_equal(audit_start(&o, &a, &why), ERR_IO);
}

/* Without a key of the operator's, one is made, kept to its owner, and taken again. */
static void test_own_key(void **state)
{
    (void)state;
    struct audit_opts o = dir_opts(1, AUDIT_SEGMENT_MIN);
    struct stat st;
    char path[200], one[33] = "", two[33] = "";
    o.chain_key = SLICE_NONE;
    snprintf(path, sizeof path, "%s/chain.key", dir_path);
    for (unsigned run = 0; run < 2; run++) {
        audit_stop(dir_start(&o), 0);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_size, 32);
        assert_int_equal(st.st_mode & 0777, 0600);
        int fd = open(path, O_RDONLY);
        assert_int_equal(read(fd, run ? two : one, 32), 32);
        close(fd);
    }
    assert_memory_equal(one, two, 32);
}

struct job {
    struct audit *a;
    unsigned worker, n;
};
static void *work(void *arg)
{
    struct job *j = arg;
    char w[12];
    snprintf(w, sizeof w, "%u", j->worker);
    for (unsigned i = 0; i < j->n;) {
        struct audit_record r = dir_record(w, i);
        if (journal_outcome(audit_journal(j->a, j->worker), &r) == ERR_OK) i++;
        else usleep(100);
    }
    return NULL;
}

static void test_concurrent(void **state)
{
    (void)state;
    enum { W = 4, N = 2000 };
    struct audit_opts o = dir_opts(W, 256 * 1024);
    struct audit *a = dir_start(&o);
    pthread_t t[W];
    struct job jobs[W];
    struct dir_seen seen;
    for (unsigned i = 0; i < W; i++) {
        jobs[i] = (struct job){a, i, N};
        assert_int_equal(pthread_create(&t[i], NULL, work, &jobs[i]), 0);
    }
    for (unsigned i = 0; i < W; i++) pthread_join(t[i], NULL);
    audit_stop(a, 0);
    for (unsigned i = 0; i < W; i++) {
        assert_int_equal(dir_read(i, &seen), 0);
        assert_int_equal(seen.lines, N);
    }
    /* With fewer workers the other journals are left as they are, and taken up again later. */
    o.workers = 1;
    audit_stop(dir_start(&o), 0);
    o.workers = W;
    a = dir_start(&o);
    for (unsigned i = 0; i < W; i++) append_surely(a, i, N, true);
    audit_stop(a, 0);
    for (unsigned i = 0; i < W; i++) {
        assert_int_equal(dir_read(i, &seen), 0);
        assert_int_equal(seen.lines, N + 1);
    }
}

static bool failing(const struct audit_status *s) { return s->failing; }
static bool not_failing(const struct audit_status *s) { return !s->failing; }

/* Intents stop first, then outcomes; when there is room again, both go on, and nothing in between is torn. */
static void fill_and_recover(struct audit *a, void (*make_room)(void))
{
    struct dir_seen seen;
    struct audit_status s;
    unsigned n = 0, outcomes = 0;
    while (append(a, 0, n, false) == ERR_OK) {
        n++;
        assert_true(n < 100000);
        if (n % 64 == 0) usleep(2000); /* lets the audit thread find the last room there is */
    }
    usleep(20000);
    while (append(a, 0, n, false) == ERR_OK) n++;
    assert_true(append(a, 0, 0, true) == ERR_OK); /* the part kept for outcomes */
    for (outcomes = 1; append(a, 0, outcomes, true) == ERR_OK; outcomes++) assert_true(outcomes < 100000);
    assert_true(dir_wait(a, failing));
    audit_status(a, &s);
    assert_true(s.failed >= 2);
    assert_int_equal(s.appended, n + outcomes);
    make_room();
    assert_true(dir_wait(a, not_failing));
    append_surely(a, 0, n, false);
    append_surely(a, 0, n, true);
    audit_stop(a, 0);
    assert_int_equal(dir_read(0, &seen), 0);
    assert_int_equal(seen.lines, n + outcomes + 2);
    assert_int_equal(seen.torn, 0);
}

static void remove_filler(void)
{
    char path[200];
    snprintf(path, sizeof path, "%s/fill", dir_path);
    assert_int_equal(unlink(path), 0);
}

/* A file system of a megabyte, where this test may mount one. */
static void test_full_disk(void **state)
{
    (void)state;
    if (geteuid() != 0 || mount("tmpfs", dir_path, "tmpfs", 0, "size=1m")) skip();
    char path[200], block[4096] = "";
    snprintf(path, sizeof path, "%s/fill", dir_path);
    struct audit_opts o = dir_opts(1, 16u << 20); /* more than there is: smaller segments are made */
    struct audit *a = dir_start(&o);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    while (write(fd, block, sizeof block) == (ssize_t)sizeof block) {
    }
    close(fd);
    fill_and_recover(a, remove_filler);
    assert_int_equal(umount(dir_path), 0);
}

static struct rlimit old_limit;
static void lift_limit(void) { assert_int_equal(setrlimit(RLIMIT_FSIZE, &old_limit), 0); }

static void test_file_limit(void **state)
{
    (void)state;
    struct audit_opts o = dir_opts(1, 2 * AUDIT_SEGMENT_MIN);
    struct audit *a = dir_start(&o);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old_limit), 0);
    struct rlimit l = {AUDIT_SEGMENT_MIN / 2, old_limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
    fill_and_recover(a, lift_limit);
}

/* Segments older than `retain` go, the one in use stays, and the head says up to where they were removed. */
static void test_retention(void **state)
{
    (void)state;
    struct audit_opts o = dir_opts(1, AUDIT_SEGMENT_MIN);
    struct audit *a = dir_start(&o);
    for (unsigned i = 0; i < 1000; i++) append_surely(a, 0, i, true);
    audit_stop(a, 0);
    struct segment_name *list;
    size_t n, left;
    int dir = open(dir_path, O_RDONLY | O_DIRECTORY);
    assert_int_equal(segment_list(dir, &list, &n), ERR_OK);
    assert_true(n > 4);
    for (size_t i = 0; i < n; i++) {
        char file[SEGMENT_FILE_MAX];
        struct timespec t[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
        segment_file(&list[i], file);
        if (i != n - 2) assert_int_equal(utimensat(dir, file, t, 0), 0); /* the one before the last is young */
    }
    mem_free(list);
    o.retain_ms = 3600 * 1000;
    audit_stop(dir_start(&o), 0); /* the first tick is done before audit_start returns */
    assert_int_equal(segment_list(dir, &list, &left), ERR_OK);
    assert_int_equal(left, 3); /* the young one, the one after it, and the new one */
    struct chain c;
    struct head h;
    chain_init(&c, SLICE(KEY));
    assert_int_equal(head_read(dir, &list[0], &c, &h), HEAD_OK);
    assert_int_equal(h.oldest, list[0].number);
    assert_int_equal(list[0].number, n - 1);
    mem_free(list);
    close(dir);
}

/* A long redacted text fits a segment, cut if it must be. */
static void test_long_text(void **state)
{
    (void)state;
    struct audit_opts o = dir_opts(1, AUDIT_SEGMENT_MIN);
    struct audit *a = dir_start(&o);
    struct dir_seen seen;
    size_t n = 5u << 20;
    char *big = malloc(n);
    assert_non_null(big);
    memset(big, '\n', n);
    for (unsigned i = 0; i < 20; i++) {
        struct audit_record r = dir_record("x", i);
        uint64_t end = clock_mono_ns() + 10 * S_NS;
        r.redacted_request = slice_of(big, n);
        while (journal_intent(audit_journal(a, 0), &r) != ERR_OK) {
            assert_true(clock_mono_ns() < end);
            usleep(100);
        }
    }
    free(big);
    audit_stop(a, 0);
    assert_int_equal(dir_read(0, &seen), 0);
    assert_int_equal(seen.lines, 20);
}

int main(void)
{
    mem_install_hooks();
#define T(f) cmocka_unit_test_setup_teardown(f, dir_setup, dir_teardown)
    const struct CMUnitTest tests[] = {
        T(test_round_trip), T(test_idle_restarts), T(test_one_writer), T(test_wrong_options), T(test_own_key),
        T(test_concurrent), T(test_full_disk),     T(test_file_limit), T(test_retention),     T(test_long_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
