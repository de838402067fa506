/* The verifier: each kind of tampering is found, named and placed; what a crash leaves is no break; and all of it with
 * a writer at work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "proxy/audit/verify.h"
#include "tests/unit/proxy/audit/audit_dir.h"

#include <ctype.h>
#include <pthread.h>

#define N 10u /* requests, with two lines each, after the header: line 2k is the intent of request k, from 1 */

static char *report;
static const char *kept_heads; /* NULL, or where copies lie */
static struct audit_counts counts;

static int verify(void)
{
    struct buf b = buf_make(1u << 20);
    mem_free(report);
    int n = audit_verify(dir_path, SLICE(KEY), kept_heads, &counts, &b);
    report = mem_strndup(buf_len(&b) ? buf_slice(&b).p : "", buf_len(&b));
    assert_non_null(report);
    buf_free(&b);
    return n;
}

static void append(struct audit *a, unsigned worker, unsigned n)
{
    char w[12];
    snprintf(w, sizeof w, "%u", worker);
    struct audit_record r = dir_record(w, n);
    uint64_t end = clock_mono_ns() + 10 * S_NS;
    while (journal_intent(audit_journal(a, worker), &r) != ERR_OK) assert_true(clock_mono_ns() < end);
    while (journal_outcome(audit_journal(a, worker), &r) != ERR_OK) assert_true(clock_mono_ns() < end);
}

static void write_journal(unsigned workers, unsigned from, unsigned n)
{
    struct audit_opts o = dir_opts(workers, AUDIT_SEGMENT_MIN);
    struct audit *a = dir_start(&o);
    for (unsigned w = 0; w < workers; w++)
        for (unsigned i = 0; i < n; i++) append(a, w, from + i);
    audit_stop(a, 0);
}

/* The path of worker w's segment (or of its head, number 0). */
static const char *path_of(unsigned w, unsigned number)
{
    static char path[300];
    struct segment_name *list, name = {.worker = w};
    char file[SEGMENT_FILE_MAX];
    size_t n;
    int dir = open(dir_path, O_RDONLY | O_DIRECTORY);
    assert_int_equal(segment_list(dir, &list, &n), ERR_OK);
    assert_true(n > 0);
    memcpy(name.instance, list[0].instance, 9);
    mem_free(list);
    close(dir);
    name.number = number;
    if (number) {
        segment_file(&name, file);
        snprintf(path, sizeof path, "%s/%s", dir_path, file);
    } else {
        segment_journal(&name, file);
        snprintf(path, sizeof path, "%s/%s.head", dir_path, file);
    }
    return path;
}

/* A file as lines, changed by the cases and written back. */
struct text {
    char *p, *line[4000];
    size_t n, lines;
};
static struct text load(const char *path)
{
    struct text t = {0};
    struct stat st;
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    t.n = (size_t)st.st_size;
    t.p = malloc(t.n + 1);
    assert_non_null(t.p);
    assert_int_equal(read(fd, t.p, t.n), (ssize_t)t.n);
    t.p[t.n] = 0;
    close(fd);
    for (char *q = t.p; q < t.p + t.n; q = strchr(q, '\n') + 1) t.line[t.lines++] = q;
    return t;
}
static size_t length(const struct text *t, size_t i) { return (size_t)(strchr(t->line[i], '\n') + 1 - t->line[i]); }

static void store(const char *path, const char *p, size_t n)
{
    int fd = open(path, O_WRONLY | O_TRUNC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, p, n), (ssize_t)n);
    close(fd);
}

/* Writes the lines back in another order: "0-3 5-20" leaves out line 4. */
static void reorder(const struct text *t, const char *order)
{
    size_t n = 0, from, to;
    int used;
    char *out = malloc(2 * t->n), path[300];
    assert_non_null(out);
    for (; sscanf(order, "%zu-%zu%n", &from, &to, &used) == 2; order += used)
        for (size_t i = from; i <= to; i++) {
            memcpy(out + n, t->line[i], length(t, i));
            n += length(t, i);
        }
    snprintf(path, sizeof path, "%s", path_of(0, 1));
    store(path, out, n);
    free(out);
}

static void expect(int breaks, const char *finding)
{
    int got = verify();
    if (got != breaks || !strstr(report, finding))
        print_error("%d breaks, wanted %d with \"%s\"; report:\n%s", got, breaks, finding, report);
    assert_int_equal(got, breaks);
    assert_non_null(strstr(report, finding));
}

static void test_whole(void **state)
{
    (void)state;
    write_journal(3, 0, 300);
    assert_int_equal(verify(), 0);
    assert_string_equal(report, "");
    assert_int_equal(counts.journals, 3);
    assert_true(counts.segments > 12);
    assert_int_equal(counts.lines, 3 * 600 + counts.segments);
    write_journal(2, 300, 10);
    assert_int_equal(verify(), 0);
    assert_string_equal(report, "");
    struct buf b = buf_make(4096);
    assert_true(audit_verify(dir_path, SLICE("another key, 16+"), NULL, NULL, &b) > 0);
    buf_free(&b);
    b = buf_make(4096);
    assert_int_equal(audit_verify("/nowhere", SLICE(KEY), NULL, NULL, &b), -1);
    assert_int_equal(audit_verify(dir_path, SLICE_NONE, NULL, NULL, &b), -1); /* no chain.key there */
    buf_free(&b);
}

/* Every byte of a line in the middle, a bit or all of them flipped: found at that line (or, for a line end, as lines that are none). */
static void test_every_bit(void **state)
{
    (void)state;
    write_journal(1, 0, N);
    char path[300];
    snprintf(path, sizeof path, "%s", path_of(0, 1));
    struct text t = load(path);
    size_t from = (size_t)(t.line[4] - t.p), to = (size_t)(t.line[5] - t.p);
    for (size_t i = from; i < to; i++) {
        const int flips[] = {1 << i % 8, 255};
        for (size_t k = 0; k < 2; k++) {
            t.p[i] = (char)(t.p[i] ^ flips[k]);
            store(path, t.p, t.n);
            int got = verify();
            if (got < 1 || !strstr(report, ".jsonl:5: ")) print_error("byte %zu: %d\n%s", i - from, got, report);
            assert_true(got >= 1);
            assert_non_null(strstr(report, ".jsonl:5: "));
            if (i + 1 < to && t.p[i] != '\n' && t.p[i] != 0) assert_int_equal(got, 1);
            t.p[i] = (char)(t.p[i] ^ flips[k]);
        }
    }
    store(path, t.p, t.n);
    assert_int_equal(verify(), 0);
    free(t.p);
}

static void test_reordered(void **state)
{
    (void)state;
    static const struct {
        const char *name, *order;
        int breaks;
        const char *finding;
    } rows[] = {
        {"as it was", "0-20", 0, ""},
        {"one deleted", "0-3 5-20", 1, ".jsonl:5: missing: the line with seq 4 before this one\n"},
        {"three deleted", "0-3 7-20", 1, ".jsonl:5: missing: 3 lines, seq 4 to 6 before this one\n"},
        {"the first deleted", "0-0 2-20", 1, ".jsonl:2: missing: the line with seq 1 before this one\n"},
        {"the header deleted", "1-20", 2, ".jsonl:1: missing: the segment's header\n"},
        {"two swapped", "0-3 5-5 4-4 6-20", 1, ".jsonl:6: out of order: seq 4 stands after seq 5\n"},
        {"the last two swapped", "0-18 20-20 19-19", 2, ".jsonl:21: out of order: seq 19 stands after seq 20\n"},
        {"moved down", "0-3 5-8 4-4 9-20", 1, ".jsonl:9: out of order: seq 4 stands after seq 8\n"},
        {"moved up", "0-2 8-8 3-7 9-20", 5, ".jsonl:5: out of order: seq 3 stands after seq 8\n"},
        {"duplicated", "0-4 4-20", 1, ".jsonl:6: duplicated: seq 4 was there before\n"},
        {"duplicated far away", "0-20 4-4", 1, ".jsonl:22: duplicated: seq 4 was there before\n"},
        {"the end dropped", "0-17", 1, "cut: the head file knows of seq 20, the journal ends with 17\n"},
        {"the last line dropped", "0-19", 1, "cut: the head file knows of seq 20, the journal ends with 19\n"},
        {"all dropped", "", 1, "cut: the head file knows of seq 20, the journal ends with 0\n"},
    };
    write_journal(1, 0, N);
    struct text t = load(path_of(0, 1));
    assert_int_equal(t.lines, 2 * N + 1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        reorder(&t, rows[i].order);
        expect(rows[i].breaks, rows[i].finding);
    }
    free(t.p);
}

/* A record of another host (another instance under the same key), and one under another key. */
static void test_foreign(void **state)
{
    (void)state;
    char stolen[4096], path[300];
    write_journal(1, 0, N);
    struct text t = load(path_of(0, 1));
    size_t len = length(&t, 4);
    memcpy(stolen, t.line[4], len);
    free(t.p);
    dir_teardown(state);
    dir_setup(state);
    write_journal(1, 0, N);
    snprintf(path, sizeof path, "%s", path_of(0, 1));
    t = load(path);
    size_t at = (size_t)(t.line[4] - t.p), old = length(&t, 4);
    char *out = malloc(t.n + len);
    assert_non_null(out);
    memcpy(out, t.p, at);
    memcpy(out + at, stolen, len);
    memcpy(out + at + len, t.p + at + old, t.n - at - old);
    store(path, out, t.n - old + len);
    expect(2, ".jsonl:5: foreign: a line of journal ");
    assert_non_null(strstr(report, ".jsonl:6: missing: the line with seq 4 before this one\n"));
    free(out);
    free(t.p);
}

static void test_segments(void **state)
{
    (void)state;
    write_journal(1, 0, 400);
    char path[300], saved[300], head[300];
    snprintf(saved, sizeof saved, "%s/saved", dir_path);
    snprintf(head, sizeof head, "%s", path_of(0, 0));
    snprintf(path, sizeof path, "%s", path_of(0, 3));
    assert_int_equal(rename(path, saved), 0);
    expect(2, "missing: segments 3 to 3\n");
    assert_non_null(strstr(report, " at the end of the segment before\n"));
    assert_int_equal(rename(saved, path), 0);
    snprintf(path, sizeof path, "%s", path_of(0, 1));
    assert_int_equal(rename(path, saved), 0);
    expect(1, "missing: segments 1 to 1\n");
    assert_int_equal(rename(saved, path), 0);
    /* The end of a segment in the middle. */
    snprintf(path, sizeof path, "%s", path_of(0, 2));
    struct text t = load(path);
    store(path, t.p, (size_t)(t.line[t.lines - 3] - t.p));
    expect(1, "00000003.jsonl:1: missing: 3 lines, seq ");
    store(path, t.p, t.n - 7);
    expect(2, "edited: ");
    store(path, t.p, t.n);
    free(t.p);
    /* The head. */
    assert_int_equal(rename(head, saved), 0);
    expect(1, "cut: the head file is gone\n");
    assert_int_equal(rename(saved, head), 0);
    t = load(head);
    *strchr(t.p, '4') = '5';
    store(head, t.p, t.n);
    expect(1, "cut: the head file was edited, or is of another key\n");
    free(t.p);
    assert_int_equal(verify(), 1);
}

/* The end cut off and an old head put back in its place: only a copy of the head kept elsewhere tells. */
static void test_kept_head(void **state)
{
    (void)state;
    char path[300], head[300], kept[200], copy[400];
    struct audit_opts o = dir_opts(1, AUDIT_SEGMENT_MIN);
    struct audit *a = dir_start(&o);
    for (unsigned i = 0; i < 3; i++) append(a, 0, i);
    assert_true(dir_wait(a, all_synced));
    snprintf(head, sizeof head, "%s", path_of(0, 0));
    snprintf(path, sizeof path, "%s", path_of(0, 1));
    struct text old = load(head);
    append(a, 0, 3);
    audit_stop(a, 0);
    snprintf(kept, sizeof kept, "%s.kept", dir_path);
    snprintf(copy, sizeof copy, "%s%s", kept, strrchr(head, '/'));
    assert_int_equal(mkdir(kept, 0700), 0);
    struct text now = load(head), t = load(path);
    close(open(copy, O_WRONLY | O_CREAT, 0600));
    store(copy, now.p, now.n);
    kept_heads = kept;
    expect(0, "");
    store(head, old.p, old.n);
    store(path, t.p, (size_t)(t.line[7] - t.p));
    expect(1, "cut: the kept head knows of seq 8, the journal ends with 6\n");
    kept_heads = NULL;
    expect(0, "");
    kept_heads = kept;
    write_journal(1, 10, 5); /* the writer goes on: other lines under the same numbers */
    expect(1, "chain: seq 8 is not the line the kept head means\n");
    store(copy, now.p, now.n / 4);
    expect(1, "cut: the kept head was edited, or is of another key\n");
    unlink(copy);
    expect(0, "");
    rmdir(kept);
    kept_heads = NULL;
    free(old.p);
    free(now.p);
    free(t.p);
}

/* Everything but the head removed. */
static void test_all_segments_gone(void **state)
{
    (void)state;
    char path[300];
    write_journal(1, 0, N);
    snprintf(path, sizeof path, "%s", path_of(0, 1));
    assert_int_equal(unlink(path), 0);
    expect(1, ".head:1: missing: every segment of this journal\n");
}

/* Cut at every byte of the last lines, with a head from before them (kill -9 before the sync): a torn line is a note,
 * a whole one is the end, and the writer goes on from there without a break. */
static void test_torn(void **state)
{
    (void)state;
    struct audit_opts o = dir_opts(1, AUDIT_SEGMENT_MIN);
    struct audit *a = dir_start(&o);
    for (unsigned i = 0; i < 3; i++) append(a, 0, i);
    assert_true(dir_wait(a, all_synced));
    char head[300], path[300], second[300];
    snprintf(head, sizeof head, "%s", path_of(0, 0));
    snprintf(path, sizeof path, "%s", path_of(0, 1));
    snprintf(second, sizeof second, "%s", path_of(0, 2));
    struct text h = load(head);
    append(a, 0, 3);
    audit_stop(a, 0);
    struct text t = load(path);
    assert_int_equal(t.lines, 9);
    o.sync_ms = 60000;
    for (size_t cut = (size_t)(t.line[7] - t.p); cut <= t.n; cut++) {
        size_t whole = 0;
        for (size_t i = 1; i < t.lines; i++) whole += t.line[i] + length(&t, i) <= t.p + cut;
        bool torn = cut != (size_t)(t.line[7] - t.p) && t.p[cut - 1] != '\n';
        unlink(second);
        store(path, t.p, cut);
        store(head, h.p, h.n);
        expect(0, torn ? "note: a torn line of " : "");
        a = dir_start(&o);
        assert_int_equal(audit_journal(a, 0) != NULL, 1);
        append(a, 0, 4);
        audit_stop(a, 0);
        expect(0, torn ? "note: a torn line of " : "");
        assert_int_equal(counts.segments, 2);
        assert_int_equal(counts.lines, whole + 2 + 2); /* two headers, two new lines */
    }
    free(t.p);
    free(h.p);
}

/* The last line cut although it was synced (as the fault list does it): still no break, but said; two lines: a break,
 * also after the writer came back and the head was written anew. */
static void test_cut_behind_the_head(void **state)
{
    (void)state;
    char path[300], second[300];
    write_journal(1, 0, N);
    snprintf(path, sizeof path, "%s", path_of(0, 1));
    snprintf(second, sizeof second, "%s", path_of(0, 2));
    struct text t = load(path);
    store(path, t.p, t.n - 7);
    expect(0, "note: a torn line of ");
    write_journal(1, N, 1);
    expect(0, "00000002.jsonl:1: note: a torn line of ");
    unlink(second);
    store(path, t.p, (size_t)(t.line[t.lines - 3] - t.p));
    expect(1, "cut: the head file knows of seq 22, the journal ends with 17\n");
    write_journal(1, N, 1);
    expect(2, "00000003.jsonl:1: cut: 5 lines, up to seq 22, were synced and gone when the writer came back\n");
    free(t.p);
}

/* Killed while the header of a new segment was being copied. */
static void test_torn_header(void **state)
{
    (void)state;
    char path[300];
    struct audit_opts o = dir_opts(1, AUDIT_SEGMENT_MIN);
    write_journal(1, 0, N);
    write_journal(1, N, 1);
    snprintf(path, sizeof path, "%s", path_of(0, 2));
    struct text t = load(path);
    for (size_t cut = 0; cut + 1 < length(&t, 0); cut += 13) {
        char third[300];
        store(path, t.p, cut);
        snprintf(third, sizeof third, "%s", path_of(0, 3));
        unlink(third);
        char head[300];
        snprintf(head, sizeof head, "%s", path_of(0, 0));
        unlink(head);
        struct audit *a = dir_start(&o);
        append(a, 0, N);
        audit_stop(a, 0);
        expect(0, cut ? "note: a torn line of " : "");
        unlink(third);
    }
    free(t.p);
}

static void test_open_intent(void **state)
{
    (void)state;
    struct audit_opts o = dir_opts(1, AUDIT_SEGMENT_MIN);
    struct audit *a = dir_start(&o);
    for (unsigned i = 0; i < 1500; i++) append(a, 0, i);
    struct audit_record r = dir_record("lonely", 7);
    while (journal_intent(audit_journal(a, 0), &r) != ERR_OK) usleep(100);
    audit_stop(a, 0);
    expect(0, ": note: intent without outcome (unknown outcome), id req-lonely-7\n");
    assert_int_equal(counts.notes, 1);
}

/* Reads over and over while workers write and segments rotate: never a break. */
static _Atomic unsigned writing;
static void *write_on(void *arg)
{
    for (unsigned i = 0; i < 4000; i++) {
        struct audit_record r = dir_record("0", i);
        while (journal_intent(arg, &r) != ERR_OK) usleep(50);
        while (journal_outcome(arg, &r) != ERR_OK) usleep(50);
        if (i % 20 == 0) usleep(1000);
    }
    writing--;
    return NULL;
}

static void test_while_writing(void **state)
{
    (void)state;
    struct audit_opts o = dir_opts(2, AUDIT_SEGMENT_MIN);
    o.sync_ms = 1;
    struct audit *a = dir_start(&o);
    pthread_t t[2];
    writing = 2;
    for (unsigned i = 0; i < 2; i++) assert_int_equal(pthread_create(&t[i], NULL, write_on, audit_journal(a, i)), 0);
    int worst = 0;
    for (int i = 0; (i < 3 || writing) && worst == 0; i++) worst = verify();
    if (worst) print_error("%s", report);
    for (unsigned i = 0; i < 2; i++) pthread_join(t[i], NULL);
    assert_int_equal(worst, 0);
    audit_stop(a, 0);
    assert_int_equal(verify(), 0);
    assert_true(counts.lines > 16000);
}

static size_t count_lines(const struct buf *b, const char *what)
{
    size_t n = 0;
    struct slice s = buf_slice(b), w = slice_str(what);
    for (size_t i; (i = slice_search(s, w)) < s.n; n++) s = slice_of(s.p + i + w.n, s.n - i - w.n);
    return n;
}

static void test_tail_and_show(void **state)
{
    (void)state;
    write_journal(2, 0, 200);
    struct buf b = buf_make(1u << 20);
    assert_int_equal(audit_tail(dir_path, 6, &b), 0);
    assert_int_equal(count_lines(&b, "\n"), 6);
    assert_int_equal(count_lines(&b, "req-0-199\""), 2);
    assert_int_equal(count_lines(&b, "req-1-199\""), 2);
    assert_int_equal(count_lines(&b, "-198\""), 2);
    buf_free(&b);
    b = buf_make(4u << 20);
    assert_int_equal(audit_tail(dir_path, 100000, &b), 0);
    assert_int_equal(count_lines(&b, "\n"), 800);
    assert_int_equal(count_lines(&b, "\"event\":\"segment\""), 0);
    buf_free(&b);
    assert_int_equal(audit_show(dir_path, "req-1-3", &b), 0);
    assert_int_equal(count_lines(&b, "\n"), 2);
    assert_int_equal(count_lines(&b, "\"event\":\"intent\",\"id\":\"req-1-3\""), 1);
    buf_free(&b);
    assert_int_equal(audit_show(dir_path, "req-1-", &b), 0);
    assert_int_equal(buf_len(&b), 0);
    assert_int_equal(audit_show("/nowhere", "x", &b), -1);
    assert_int_equal(audit_tail("/nowhere", 1, &b), -1);
    b.cap = 100;
    assert_int_equal(audit_tail(dir_path, 1, &b), -1); /* no room: said, not cut */
    buf_free(&b);
}

int main(void)
{
    mem_install_hooks();
#define T(f) cmocka_unit_test_setup_teardown(f, dir_setup, dir_teardown)
    const struct CMUnitTest tests[] = {
        T(test_whole),         T(test_every_bit),         T(test_reordered),   T(test_foreign),
        T(test_segments),      T(test_all_segments_gone), T(test_torn),        T(test_cut_behind_the_head),
        T(test_torn_header),   T(test_kept_head),         T(test_open_intent), T(test_while_writing),
        T(test_tail_and_show),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
