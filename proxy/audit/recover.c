/* Finds the true end of a journal: the last whole line, what is torn after it, what the head says should be there.
 * A long segment is read from where the head says it was synced, if the line there is the one the head means. */
#include "proxy/audit/recover.h"
#include "proxy/base/log.h"

#include <fcntl.h>
#include <unistd.h>

#define WHOLE_READ (1024u * 1024u) /* a segment synced no further is read from its start */

static bool head_fits(const struct segment_reader *r, const struct head *h)
{
    char end[LINE_MAC + 3];
    if (h->offset < sizeof end) return false;
    ssize_t n = pread(r->fd, end, sizeof end, (off_t)(h->offset - sizeof end));
    return n == (ssize_t)sizeof end && memcmp(end, h->mac, LINE_MAC) == 0 && memcmp(end + LINE_MAC, "\"}\n", 3) == 0;
}

static void take_line(struct recovered *out, struct slice text, uint64_t end, bool first)
{
    struct line l;
    if (!line_parse(text, &l)) {
        out->damaged++;
        return;
    }
    out->seq = l.seq;
    memcpy(out->mac, l.mac, LINE_MAC);
    out->end = end;
    out->only_header = first && slice_eq(line_get(l.record, "event"), SLICE("segment")) && line_get(l.record, "torn").n == 0 &&
                       line_get(l.record, "lost").n == 0;
}

/* ERR_AGAIN: nothing was ever written there. */
static enum err read_segment(int dir, const struct head *h, struct recovered *out)
{
    struct segment_reader r;
    struct slice text;
    uint64_t from = 0;
    enum segment_read got;
    enum err e = segment_open(&r, dir, &out->last, 0);
    if (e) return e;
    if (h && h->segment == out->last.number && h->offset > WHOLE_READ && head_fits(&r, h)) {
        from = r.at = out->end = h->offset;
        out->seq = h->seq;
        memcpy(out->mac, h->mac, LINE_MAC);
    }
    while ((got = segment_next(&r, UINT64_MAX, &text)) == SEGMENT_LINE) take_line(out, text, r.at, from == 0 && out->end == 0);
    if (got == SEGMENT_FAILED) e = ERR_IO;
    out->torn = segment_used(&r, out->end) - out->end;
    if (out->torn) out->only_header = false;
    segment_close(&r);
    if (!e && out->end == 0 && out->torn == 0) e = ERR_AGAIN;
    return e;
}

/* The state of the newest segment that has a whole line. Empty ones after it go; one with a torn header stays, and its
 * bytes count as torn. */
static enum err newest(int dir, const struct head *h, const struct segment_name *list, size_t n, struct recovered *out)
{
    struct recovered one;
    char file[SEGMENT_FILE_MAX];
    for (; n > 0; n--) {
        one = (struct recovered){.last = list[n - 1]};
        memcpy(one.mac, LINE_FIRST, LINE_MAC);
        enum err e = read_segment(dir, h, &one);
        segment_file(&one.last, file);
        if (e == ERR_AGAIN && unlinkat(dir, file, 0)) return ERR_IO;
        if (e == ERR_AGAIN) continue;
        if (e) return e;
        if (out->last.number) { /* a newer one is there, with a torn header */
            one.last = out->last;
            one.torn = out->torn;
            one.only_header = false;
        }
        *out = one;
        if (one.end) break;
    }
    return ERR_OK;
}

enum err journal_recover(int dir, const struct chain *c, const struct segment_name *journal, const struct segment_name *list,
                         size_t n, struct recovered *out)
{
    struct head h;
    *out = (struct recovered){0};
    memcpy(out->mac, LINE_FIRST, LINE_MAC);
    enum head_state hs = head_read(dir, journal, c, &h);
    enum err e = newest(dir, hs == HEAD_OK ? &h : NULL, list, n, out);
    if (e) return e;
    if (hs == HEAD_BAD) log_event(LOG_ERROR, "audit_head_not_valid", LOG_U64("worker", journal->worker));
    if (hs == HEAD_OK && h.seq > out->seq) out->lost = h.seq - out->seq;
    if (hs == HEAD_OK && h.segment > out->last.number) {
        out->last = *journal;
        out->last.number = h.segment;
        out->only_header = false;
    }
    return ERR_OK;
}
