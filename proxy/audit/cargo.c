/* Finding and reading the lines of a journal that Redis has not. */
#include "proxy/audit/cargo.h"
#include "proxy/base/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define MARK_SIZE 64u

/* The next number of "SEQ SEGMENT OFFSET"; false if there is none. */
static bool take_number(struct slice *s, uint64_t max, uint64_t *out)
{
    size_t n = slice_find(*s, ' ');
    bool ok = slice_u64(slice_of(s->p, n), max, out);
    n += n < s->n;
    *s = slice_of(s->p + n, s->n - n);
    return ok;
}

static void mark_read(struct cargo *c)
{
    char text[MARK_SIZE];
    uint64_t seq, segment, offset;
    ssize_t n = pread(c->mark_fd, text, sizeof text, 0);
    struct slice s = slice_of(text, n > 0 ? (size_t)n : 0);
    if (!take_number(&s, UINT64_MAX, &seq) || !take_number(&s, UINT32_MAX, &segment) || !take_number(&s, UINT64_MAX, &offset))
        return;
    c->mark.seq = seq;
    c->mark.segment = (uint32_t)segment;
    c->mark.offset = offset;
}

enum err cargo_open(struct cargo *c, int dir, const struct segment_name *name)
{
    char file[SEGMENT_FILE_MAX + 8];
    *c = (struct cargo){.dir = dir, .name = *name, .reader = SEGMENT_READER_NONE, .next = 1};
    segment_journal(name, c->label);
    snprintf(file, sizeof file, "%s.shipped", c->label);
    c->mark_fd = openat(dir, file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (c->mark_fd < 0) return ERR_IO;
    mark_read(c);
    return ERR_OK;
}

void cargo_save(struct cargo *c)
{
    char text[MARK_SIZE];
    if (!c->mark_dirty) return;
    int n = snprintf(text, sizeof text, "%llu %u %llu", (unsigned long long)c->mark.seq, c->mark.segment,
                     (unsigned long long)c->mark.offset);
    if (n < 0 || (size_t)n >= sizeof text) return;
    memset(text + n, ' ', sizeof text - (size_t)n);
    text[sizeof text - 1] = '\n';
    if (pwrite(c->mark_fd, text, sizeof text, 0) == (ssize_t)sizeof text) c->mark_dirty = false;
}

void cargo_close(struct cargo *c)
{
    cargo_save(c);
    segment_close(&c->reader);
    if (c->mark_fd >= 0) close(c->mark_fd);
    c->mark_fd = -1;
}

static enum err go_to(struct cargo *c, uint32_t segment, uint64_t offset)
{
    segment_close(&c->reader);
    c->name.number = segment;
    return segment_open(&c->reader, c->dir, &c->name, offset);
}

/* The mark is right if the line that ends there is the one before the wanted one. */
static bool mark_fits(struct cargo *c, uint64_t seq)
{
    char end[LINE_TAIL_MAX];
    struct line l;
    if (c->mark.seq + 1 != seq || c->mark.segment > c->head.segment) return false;
    if (c->mark.segment == c->head.segment && c->mark.offset > c->head.offset) return false;
    if (go_to(c, c->mark.segment, c->mark.offset)) return false;
    size_t n = c->mark.offset < sizeof end ? (size_t)c->mark.offset : sizeof end;
    return n > 1 && pread(c->reader.fd, end, n, (off_t)(c->mark.offset - n)) == (ssize_t)n && end[n - 1] == '\n' &&
           line_parse_end(slice_of(end, n - 1), &l) && l.seq + 1 == seq;
}

/* The first seq that can be in a segment, as its header says; UINT64_MAX if it has no good header. */
static uint64_t first_of(struct cargo *c, const struct segment_name *s)
{
    struct segment_reader r;
    struct slice text;
    struct line l;
    uint64_t first = UINT64_MAX;
    if (segment_open(&r, c->dir, s, 0)) return first;
    if (segment_next(&r, UINT64_MAX, &text) == SEGMENT_LINE && line_parse_end(text, &l)) first = l.seq + 1;
    segment_close(&r);
    return first;
}

/* The last segment that begins at or before seq, or the first there is; ERR_AGAIN: there is none. */
static enum err find_segment(struct cargo *c, uint64_t seq, uint32_t *out)
{
    struct segment_name *list;
    size_t n;
    enum err e = segment_list(c->dir, &list, &n);
    if (e) return e;
    *out = 0;
    for (size_t i = n; i > 0; i--) {
        if (!segment_same_journal(&list[i - 1], &c->name) || list[i - 1].number > c->head.segment) continue;
        *out = list[i - 1].number;
        if (first_of(c, &list[i - 1]) <= seq) break;
    }
    mem_free(list);
    return *out ? ERR_OK : ERR_AGAIN;
}

enum err cargo_seek(struct cargo *c, uint64_t seq)
{
    uint32_t segment;
    c->next = seq;
    c->acked = seq - 1;
    if (seq > c->head.seq && c->mark.seq + 1 != seq) { /* nothing to send yet: the end of what is synced is the place */
        c->mark.seq = c->head.seq;
        c->mark.segment = c->head.segment;
        c->mark.offset = c->head.offset;
    }
    if (c->head.segment == 0 || mark_fits(c, seq)) return ERR_OK;
    segment_close(&c->reader);
    enum err e = find_segment(c, seq, &segment);
    if (e == ERR_AGAIN) return ERR_OK;
    return e ? e : go_to(c, segment, 0);
}

/* The next segment there is, up to the one that is synced. ERR_AGAIN: none yet. */
static enum err next_segment(struct cargo *c)
{
    for (uint32_t n = c->name.number + 1; n <= c->head.segment; n++)
        if (go_to(c, n, 0) == ERR_OK) return ERR_OK; /* one that is missing is the verifier's to tell */
    return ERR_AGAIN;
}

enum err cargo_next(struct cargo *c, struct line *out)
{
    struct slice text;
    for (;;) {
        if (c->head.segment == 0 || c->next > c->head.seq) return ERR_AGAIN;
        if (c->reader.fd < 0) {
            enum err e = cargo_seek(c, c->next);
            if (e) return e;
            if (c->reader.fd < 0) return ERR_AGAIN;
        }
        bool last = c->name.number >= c->head.segment;
        enum segment_read got = segment_next(&c->reader, last ? c->head.offset : UINT64_MAX, &text);
        if (got == SEGMENT_FAILED) return ERR_IO;
        if (got != SEGMENT_LINE) {
            if (last) return ERR_AGAIN;
            if (next_segment(c)) return ERR_IO;
            continue;
        }
        if (!line_parse(text, out) || out->seq < c->next) continue; /* edited, doubled, or before the place */
        if (slice_eq(line_get(out->record, "event"), SLICE("segment"))) continue;
        c->next = out->seq + 1;
        return ERR_OK;
    }
}

void cargo_ack(struct cargo *c)
{
    if (c->acked + 1 == c->next || c->reader.fd < 0) return;
    c->acked = c->next - 1;
    c->mark.seq = c->acked;
    c->mark.segment = c->name.number;
    c->mark.offset = c->reader.at;
    c->mark_dirty = true;
}
