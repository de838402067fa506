/* The last lines of all journals, and all lines of one request. Both read whole segments and keep few lines. */
#include "proxy/audit/segment.h"
#include "proxy/audit/verify.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define TAIL_MAX 100000u

/* A copy of one line. */
struct kept {
    char *text;
    size_t n;
    uint64_t seq, time_at; /* time_at: where the value of "time" stands in text */
};
struct ring {
    struct kept *v;
    size_t size, count, next; /* next: the oldest once it is full */
    bool failed;
};

static bool is_record(const struct line *l) { return !slice_eq(line_get(l->record, "event"), SLICE("segment")); }

static void keep(struct ring *r, const struct line *l)
{
    struct slice time = line_get(l->record, "time");
    struct kept k = {.n = l->all.n, .seq = l->seq, .time_at = time.n ? (uint64_t)(time.p - l->all.p) : 0};
    if (time.n != 24 || !(k.text = mem_strndup(l->all.p, l->all.n))) {
        r->failed = r->failed || time.n == 24;
        return;
    }
    mem_free(r->v[r->next].text);
    r->v[r->next] = k;
    r->next = (r->next + 1) % r->size;
    if (r->count < r->size) r->count++;
}

static int by_time(const void *x, const void *y)
{
    const struct kept *a = x, *b = y;
    int c = memcmp(a->text + a->time_at, b->text + b->time_at, 24);
    return c ? c : (a->seq > b->seq) - (a->seq < b->seq);
}

static size_t read_into(int dir, const struct segment_name *s, struct ring *r)
{
    struct segment_reader reader;
    struct slice text;
    struct line l;
    size_t lines = 0;
    if (segment_open(&reader, dir, s, 0)) return 0;
    while (segment_next(&reader, UINT64_MAX, &text) == SEGMENT_LINE) {
        if (!line_parse(text, &l) || !is_record(&l)) continue;
        keep(r, &l);
        lines++;
    }
    segment_close(&reader);
    return lines;
}

static void ring_free(struct ring *r)
{
    for (size_t i = 0; i < r->size && r->v; i++) mem_free(r->v[i].text);
    mem_free(r->v);
}

/* The last n lines of one journal: as many segments from the end as it takes. Appends to all[]. */
static bool journal_tail(int dir, const struct segment_name *list, size_t count, unsigned n, struct kept **all, size_t *have)
{
    struct kept *more = mem_realloc(*all, (*have + n) * sizeof **all);
    if (!more) return false;
    *all = more;
    for (size_t i = count, left = n; i > 0 && left > 0; i--) {
        struct ring r = {.v = mem_zalloc(left * sizeof *r.v), .size = left};
        if (r.v) read_into(dir, &list[i - 1], &r);
        bool ok = r.v && !r.failed;
        for (size_t k = 0; ok && k < r.count; k++) {
            (*all)[(*have)++] = r.v[k];
            r.v[k].text = NULL;
        }
        left -= ok ? r.count : 0;
        ring_free(&r);
        if (!ok) return false;
    }
    return true;
}

static bool write_line(struct buf *out, struct slice text) { return !buf_add(out, text) && !buf_add_byte(out, '\n'); }

int audit_tail(const char *directory, unsigned n, struct buf *out)
{
    struct segment_name *list;
    struct kept *all = NULL;
    size_t count, have = 0;
    int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (n > TAIL_MAX) n = TAIL_MAX;
    if (dir < 0 || segment_list(dir, &list, &count)) {
        if (dir >= 0) close(dir);
        return -1;
    }
    bool ok = true;
    for (size_t i = 0; i < count && ok && n;) {
        size_t end = i + 1;
        while (end < count && segment_same_journal(&list[end], &list[i])) end++;
        ok = journal_tail(dir, list + i, end - i, n, &all, &have);
        i = end;
    }
    if (ok && have) qsort(all, have, sizeof *all, by_time);
    for (size_t i = have > n ? have - n : 0; i < have && ok; i++) ok = write_line(out, slice_of(all[i].text, all[i].n));
    for (size_t i = 0; i < have; i++) mem_free(all[i].text);
    mem_free(all);
    mem_free(list);
    close(dir);
    return ok ? 0 : -1;
}

int audit_show(const char *directory, const char *id, struct buf *out)
{
    struct segment_name *list;
    struct segment_reader r;
    struct slice text, want = slice_str(id);
    struct line l;
    size_t count;
    bool ok = true;
    int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0 || segment_list(dir, &list, &count)) {
        if (dir >= 0) close(dir);
        return -1;
    }
    for (size_t i = 0; i < count && ok; i++) {
        if (segment_open(&r, dir, &list[i], 0)) continue;
        while (ok && segment_next(&r, UINT64_MAX, &text) == SEGMENT_LINE)
            if (line_parse(text, &l) && is_record(&l) && slice_eq(line_get(l.record, "id"), want)) ok = write_line(out, text);
        segment_close(&r);
    }
    mem_free(list);
    close(dir);
    return ok ? 0 : -1;
}
