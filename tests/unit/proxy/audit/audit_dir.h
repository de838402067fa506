/* For the tests of this room: a directory of their own, a writer on it, and what lies in it afterwards. */
#ifndef TEST_AUDIT_DIR_H
#define TEST_AUDIT_DIR_H

#include "proxy/audit/journal.h"
#include "proxy/audit/segment.h"
#include "proxy/base/clock.h"
#include "proxy/base/log.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY "a chain key for tests, 32 bytes.."

static char dir_path[128];

static int dir_setup(void **state)
{
    const char *base = getenv("TMPDIR");
    (void)state;
    if (!base) base = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm"; /* thousands of syncs: not on a shared disk */
    snprintf(dir_path, sizeof dir_path, "%s/privet-audit-XXXXXX", base);
    log_setup(LOG_OFF, false);
    return mkdtemp(dir_path) ? 0 : -1;
}

/* Removes every file, and the directory. */
static int dir_teardown(void **state)
{
    (void)state;
    DIR *d = opendir(dir_path);
    if (!d) return -1;
    for (const struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.') unlinkat(dirfd(d), e->d_name, 0);
    closedir(d);
    return rmdir(dir_path);
}

static struct audit_opts dir_opts(unsigned workers, uint64_t segment)
{
    return (struct audit_opts){
        .directory = dir_path, .segment = segment, .sync_ms = 5, .chain_key = SLICE(KEY), .workers = workers};
}

static inline struct audit *dir_start(const struct audit_opts *o)
{
    struct audit *a = NULL;
    const char *why = NULL;
    enum err e = audit_start(o, &a, &why);
    if (e) print_error("audit_start: %s: %s\n", err_name(e), why);
    assert_int_equal(e, ERR_OK);
    return a;
}

static inline struct audit_record dir_record(const char *worker, unsigned n)
{
    struct audit_record r = {.wall_ns = 1795437000123456789u + n * MS_NS,
                             .client = "support-bot",
                             .peer = "127.0.0.1:4711",
                             .policy = "strict",
                             .route = "chat",
                             .dialect = "openai",
                             .endpoint = "/v1/chat/completions",
                             .method = "POST",
                             .model_asked = "chat-large",
                             .model_served = "gpt-4o",
                             .error = "ok",
                             .status = 200,
                             .attempts = 1,
                             .findings = 1};
    snprintf(r.id, sizeof r.id, "req-%s-%u", worker, n);
    r.attempt[0] = (struct audit_attempt){"openai/gpt-4o", "ok", 200, 700};
    r.finding[0] = (struct audit_finding){"email", "EMAIL_ADDRESS", "tokenize", 2};
    return r;
}

/* Deadlines, not sleeps: true once `status` says so. */
static inline bool dir_wait(struct audit *a, bool (*done)(const struct audit_status *))
{
    struct audit_status s;
    for (uint64_t end = clock_mono_ns() + 10 * S_NS; clock_mono_ns() < end; usleep(1000)) {
        audit_status(a, &s);
        if (done(&s)) return true;
    }
    return false;
}
static inline bool all_synced(const struct audit_status *s) { return s->synced == s->appended; }

/* Reads one journal as a stranger would: checks the chain, counts lines, segments and torn tails. -1: broken. */
struct dir_seen {
    uint64_t lines, segments, torn, next;
    char last[LINE_MAC];
};
static inline int dir_read(unsigned worker, struct dir_seen *out)
{
    struct segment_name *list;
    size_t n;
    struct chain c;
    struct slice s;
    struct line l;
    enum segment_read got;
    int dir = open(dir_path, O_RDONLY | O_DIRECTORY), bad = 0;
    *out = (struct dir_seen){.next = 1};
    memcpy(out->last, LINE_FIRST, LINE_MAC);
    chain_init(&c, SLICE(KEY));
    if (dir < 0 || segment_list(dir, &list, &n)) return -1;
    for (size_t i = 0; i < n && !bad; i++) {
        struct segment_reader r;
        if (list[i].worker != worker) continue;
        if (segment_open(&r, dir, &list[i], 0)) return -1;
        for (bool first = true; (got = segment_next(&r, UINT64_MAX, &s)) == SEGMENT_LINE && !bad; first = false) {
            bad = !line_parse(s, &l) || !line_mac_holds(&l, &c) || memcmp(l.prev, out->last, LINE_MAC) != 0 ||
                  l.seq != out->next - (first ? 1 : 0);
            if (bad) break;
            memcpy(out->last, l.mac, LINE_MAC);
            if (first) out->segments++;
            else out->lines++, out->next++;
        }
        if (got == SEGMENT_TORN) out->torn++;
        if (got == SEGMENT_FAILED) bad = 1;
        segment_close(&r);
    }
    mem_free(list);
    close(dir);
    return bad ? -1 : 0;
}

#endif
