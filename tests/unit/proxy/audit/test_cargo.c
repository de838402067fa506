/* What is shipped of a journal: every line once from any place on, only what is synced, over segments and restarts,
 * with a right position file, a wrong one and none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "proxy/audit/cargo.h"
#include "tests/unit/proxy/audit/audit_dir.h"

#define LINES 500u

static struct segment_name name;
static struct head head;
static int dir;

static int setup(void **state)
{
    if (dir_setup(state)) return -1;
    struct audit_opts o = dir_opts(1, AUDIT_SEGMENT_MIN);
    struct segment_name *list;
    size_t n;
    struct chain c;
    struct audit *a = dir_start(&o);
    for (unsigned i = 0; i < LINES; i++) {
        struct audit_record r = dir_record("0", i);
        while (journal_outcome(audit_journal(a, 0), &r) != ERR_OK) usleep(100);
    }
    audit_stop(a, 0);
    dir = open(dir_path, O_RDONLY | O_DIRECTORY);
    if (segment_list(dir, &list, &n)) return -1;
    name = list[0];
    chain_init(&c, SLICE(KEY));
    mem_free(list);
    return n > 3 && head_read(dir, &name, &c, &head) == HEAD_OK && head.seq == LINES ? 0 : -1;
}

static int teardown(void **state)
{
    close(dir);
    return dir_teardown(state);
}

static struct cargo open_cargo(void)
{
    struct cargo c;
    assert_int_equal(cargo_open(&c, dir, &name), ERR_OK);
    c.head = head;
    return c;
}

/* Reads to the end: the seqs must be from..to, one by one. */
static void read_all(struct cargo *c, uint64_t from, uint64_t to)
{
    struct line l;
    enum err e;
    for (; (e = cargo_next(c, &l)) == ERR_OK; from++) {
        if (l.seq != from) print_error("seq %llu, wanted %llu\n", (unsigned long long)l.seq, (unsigned long long)from);
        assert_int_equal(l.seq, from);
    }
    assert_int_equal(e, ERR_AGAIN);
    assert_int_equal(from, to + 1);
    assert_int_equal(cargo_next(c, &l), ERR_AGAIN);
}

static void test_from_every_place(void **state)
{
    (void)state;
    for (uint64_t seq = 1; seq <= LINES + 1; seq += 7) {
        struct cargo c = open_cargo();
        assert_int_equal(cargo_seek(&c, seq), ERR_OK);
        assert_int_equal(c.acked, seq - 1);
        read_all(&c, seq, LINES);
        cargo_close(&c);
    }
}

/* Seeks go back and forth; the mark leads on after a restart, and a wrong one does not mislead. */
static void test_marks(void **state)
{
    (void)state;
    struct line l;
    char path[200];
    for (uint64_t stop = 1; stop <= LINES; stop += 61) {
        struct cargo c = open_cargo();
        assert_int_equal(cargo_seek(&c, 1), ERR_OK);
        for (uint64_t i = 0; i < stop; i++) assert_int_equal(cargo_next(&c, &l), ERR_OK);
        cargo_ack(&c);
        assert_int_equal(c.acked, stop);
        for (uint64_t i = stop; i < LINES && i < stop + 5; i++)
            assert_int_equal(cargo_next(&c, &l), ERR_OK); /* sent, not acked */
        cargo_close(&c);
        c = open_cargo();
        assert_int_equal(c.mark.seq, stop);
        uint64_t at = c.mark.offset;
        assert_int_equal(cargo_seek(&c, stop + 1), ERR_OK);
        assert_true(c.reader.at == at || c.name.number > c.mark.segment);
        read_all(&c, stop + 1, LINES);
        assert_int_equal(cargo_seek(&c, stop / 2 + 1), ERR_OK);
        read_all(&c, stop / 2 + 1, LINES);
        c.mark.offset += 3;
        assert_int_equal(cargo_seek(&c, stop + 1), ERR_OK);
        read_all(&c, stop + 1, LINES);
        cargo_close(&c);
    }
    snprintf(path, sizeof path, "%s/%.8s.w0.shipped", dir_path, name.instance);
    static const char *const wrong[] = {"", "x", "12", "5 99 77", "5 1 99999999999", "499 1 10", "18446744073709551615 1 1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int fd = open(path, O_WRONLY | O_TRUNC);
        assert_int_equal(write(fd, wrong[i], strlen(wrong[i])), (ssize_t)strlen(wrong[i]));
        close(fd);
        struct cargo c = open_cargo();
        assert_int_equal(cargo_seek(&c, 6), ERR_OK);
        read_all(&c, 6, LINES);
        cargo_close(&c);
    }
}

/* Nothing past the synced place goes out, and it goes on when more is synced. */
static void test_only_synced(void **state)
{
    (void)state;
    struct line l;
    struct cargo full = open_cargo(), c = open_cargo();
    assert_int_equal(cargo_seek(&full, 1), ERR_OK);
    c.head = (struct head){0};
    assert_int_equal(cargo_seek(&c, 1), ERR_OK);
    assert_int_equal(cargo_next(&c, &l), ERR_AGAIN);
    for (uint64_t i = 1; i <= LINES; i++) {
        assert_int_equal(cargo_next(&full, &l), ERR_OK);
        c.head.seq = i;
        c.head.segment = full.name.number;
        c.head.offset = full.reader.at;
        assert_int_equal(cargo_next(&c, &l), ERR_OK);
        assert_int_equal(l.seq, i);
        assert_int_equal(cargo_next(&c, &l), ERR_AGAIN);
    }
    cargo_close(&full);
    cargo_close(&c);
}

/* A segment that is gone, and a line that was edited, do not stop the rest. */
static void test_damage(void **state)
{
    (void)state;
    char file[SEGMENT_FILE_MAX];
    struct line l;
    struct segment_name second = name;
    second.number = 2;
    segment_file(&second, file);
    assert_int_equal(unlinkat(dir, file, 0), 0);
    struct cargo c = open_cargo();
    assert_int_equal(cargo_seek(&c, 1), ERR_OK);
    uint64_t n = 0, last = 0;
    while (cargo_next(&c, &l) == ERR_OK) {
        assert_true(l.seq > last);
        last = l.seq;
        n++;
    }
    assert_int_equal(last, LINES);
    assert_true(n > LINES / 2 && n < LINES);
    cargo_close(&c);
}

int main(void)
{
    mem_install_hooks();
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {T(test_from_every_place), T(test_marks), T(test_only_synced), T(test_damage)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
