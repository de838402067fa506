/* Names, listing and reading of journal files, and the signed head. */
#include "proxy/audit/segment.h"
#include "proxy/base/clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK    (64u * 1024u)
#define LINE_CAP (4u * 1024u * 1024u) /* above what the writer makes: see journal.c */

void segment_file(const struct segment_name *s, char out[SEGMENT_FILE_MAX])
{
    snprintf(out, SEGMENT_FILE_MAX, "%.8s.w%u.%08u.jsonl", s->instance, s->worker, s->number);
}

void segment_journal(const struct segment_name *s, char out[SEGMENT_FILE_MAX])
{
    snprintf(out, SEGMENT_FILE_MAX, "%.8s.w%u", s->instance, s->worker);
}

static bool number_up_to(const char *p, const char *end, uint64_t max, uint64_t *out)
{
    return slice_u64(slice_of(p, (size_t)(end - p)), max, out);
}

bool segment_name_parse(const char *file, struct segment_name *out)
{
    char again[SEGMENT_FILE_MAX];
    uint64_t worker, number;
    if (strspn(file, "0123456789abcdef") != 8 || strncmp(file + 8, ".w", 2) != 0) return false;
    const char *dot = strchr(file + 10, '.'), *end = dot ? strchr(dot + 1, '.') : NULL;
    if (!end || strcmp(end, ".jsonl") != 0) return false;
    if (!number_up_to(file + 10, dot, JOURNALS_MAX - 1, &worker) || !number_up_to(dot + 1, end, UINT32_MAX, &number))
        return false;
    *out = (struct segment_name){.worker = (unsigned)worker, .number = (uint32_t)number};
    memcpy(out->instance, file, 8);
    segment_file(out, again); /* one file has one name: "007" is nobody's */
    return number > 0 && strcmp(again, file) == 0;
}

bool segment_same_journal(const struct segment_name *a, const struct segment_name *b)
{
    return a->worker == b->worker && memcmp(a->instance, b->instance, 8) == 0;
}

int segment_order(const struct segment_name *a, const struct segment_name *b)
{
    int c = memcmp(a->instance, b->instance, 8);
    if (c) return c;
    if (a->worker != b->worker) return a->worker < b->worker ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

static int order(const void *x, const void *y) { return segment_order(x, y); }

enum err segment_list(int dir, struct segment_name **out, size_t *n)
{
    struct segment_name *all = NULL, one;
    size_t size = 0, count = 0;
    enum err e = ERR_OK;
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d) {
        if (fd >= 0) close(fd);
        return ERR_IO;
    }
    for (const struct dirent *entry; !e && (entry = readdir(d));) {
        if (!segment_name_parse(entry->d_name, &one)) continue;
        if (count == size) {
            size = size ? 2 * size : 64;
            struct segment_name *more = size > SEGMENTS_MAX ? NULL : mem_realloc(all, size * sizeof *all);
            if (!more) {
                e = ERR_MEMORY;
                break;
            }
            all = more;
        }
        all[count++] = one;
    }
    closedir(d);
    if (e) {
        mem_free(all);
        return e;
    }
    if (count) qsort(all, count, sizeof *all, order);
    *out = all;
    *n = count;
    return ERR_OK;
}

enum err segment_open(struct segment_reader *r, int dir, const struct segment_name *s, uint64_t from)
{
    char file[SEGMENT_FILE_MAX];
    segment_file(s, file);
    *r = (struct segment_reader){
        .fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), .buf = buf_make(LINE_CAP), .at = from};
    return r->fd < 0 ? ERR_IO : ERR_OK;
}

void segment_close(struct segment_reader *r)
{
    if (r->fd >= 0) close(r->fd);
    buf_free(&r->buf);
    r->fd = -1;
}

/* Reads on at the end of the buffer. The number of bytes; 0 at the end; -1 on failure. */
static ssize_t more(struct segment_reader *r, uint64_t limit)
{
    uint64_t end = r->at + buf_len(&r->buf);
    if (end >= limit) return 0;
    size_t want = limit - end < CHUNK ? (size_t)(limit - end) : CHUNK;
    if (want > r->buf.cap - buf_len(&r->buf)) want = r->buf.cap - buf_len(&r->buf);
    if (want == 0 || buf_reserve(&r->buf, want)) return -1;
    ssize_t n;
    do n = pread(r->fd, buf_tail(&r->buf), want, (off_t)end);
    while (n < 0 && errno == EINTR);
    if (n > 0) buf_commit(&r->buf, (size_t)n);
    return n;
}

/* Gives up the line handed out before: it ends at the buffer's first newline, by construction. */
static void drop(struct segment_reader *r, size_t n)
{
    r->at += n;
    /* Not buf_consume at the very end: the memory is wanted again. */
    r->buf.off += n;
    if (r->buf.off == r->buf.end) r->buf.off = r->buf.end = 0;
}

enum segment_read segment_next(struct segment_reader *r, uint64_t limit, struct slice *line)
{
    for (size_t seen = 0;;) {
        struct slice have = buf_slice(&r->buf);
        size_t nl = seen + slice_find(slice_of(have.p + seen, have.n - seen), '\n');
        size_t nul = seen + slice_find(slice_of(have.p + seen, nl - seen), 0);
        if (nul < nl) return nul == 0 ? SEGMENT_END : SEGMENT_TORN;
        if (nl < have.n) {
            *line = slice_of(have.p, nl);
            drop(r, nl + 1);
            return SEGMENT_LINE;
        }
        seen = have.n;
        ssize_t got = more(r, limit);
        if (got < 0) return SEGMENT_FAILED;
        if (got == 0) return seen == 0 ? SEGMENT_END : SEGMENT_TORN;
    }
}

uint64_t segment_used(struct segment_reader *r, uint64_t from)
{
    char chunk[CHUNK / 4];
    uint64_t used = from;
    for (uint64_t at = from;;) {
        ssize_t n = pread(r->fd, chunk, sizeof chunk, (off_t)at);
        if (n <= 0) break;
        for (size_t i = (size_t)n; i > 0; i--) {
            if (chunk[i - 1] == 0) continue;
            used = at + i;
            break;
        }
        at += (uint64_t)n;
    }
    return used;
}

enum err chain_key_read(int dir, const char *file, char bytes[CHAIN_KEY_MAX], struct slice *out)
{
    int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : pread(fd, bytes, CHAIN_KEY_MAX, 0);
    if (fd >= 0) close(fd);
    if (n > 0 && bytes[n - 1] == '\n') n--;
    if (n > 0 && bytes[n - 1] == '\r') n--;
    if (n < (ssize_t)CHAIN_KEY_MIN) return ERR_IO;
    *out = slice_of(bytes, (size_t)n);
    return ERR_OK;
}

enum err head_write(int fd, const struct head *h, const struct chain *c, struct slice journal)
{
    char text[HEAD_SIZE], time[25], sig[LINE_MAC];
    clock_rfc3339(h->wall_ns, time);
    int n = snprintf(text, sizeof text,
                     "{\"journal\":\"%.*s\",\"seq\":%llu,\"mac\":\"%.64s\",\"segment\":%u,\"offset\":%llu,"
                     "\"oldest\":%u,\"time\":\"%s\"",
                     (int)journal.n, journal.p, (unsigned long long)h->seq, h->mac, h->segment, (unsigned long long)h->offset,
                     h->oldest, time);
    if (n < 0 || (size_t)n > sizeof text - 100) return ERR_LIMIT;
    chain_mac(c, slice_of(text, (size_t)n), sig);
    int m = snprintf(text + n, sizeof text - (size_t)n, ",\"sig\":\"%.64s\"}", sig);
    size_t end = (size_t)n + (size_t)m;
    memset(text + end, ' ', sizeof text - end);
    text[sizeof text - 1] = '\n';
    return pwrite(fd, text, sizeof text, 0) == (ssize_t)sizeof text ? ERR_OK : ERR_IO;
}

static bool head_parse(struct slice s, const struct chain *c, struct slice journal, struct head *out)
{
    static const char mark[] = ",\"sig\":\"";
    char sig[LINE_MAC];
    uint64_t segment, oldest;
    size_t at = slice_search(s, SLICE(mark));
    if (s.n - at < sizeof mark - 1 + LINE_MAC) return false;
    struct slice body = slice_of(s.p, at);
    chain_mac(c, body, sig);
    if (CRYPTO_memcmp(sig, s.p + at + sizeof mark - 1, LINE_MAC) != 0) return false;
    struct slice mac = line_get(body, "mac");
    if (mac.n != LINE_MAC || !slice_eq(line_get(body, "journal"), journal)) return false;
    memcpy(out->mac, mac.p, LINE_MAC);
    if (!slice_u64(line_get(body, "segment"), UINT32_MAX, &segment) || !slice_u64(line_get(body, "oldest"), UINT32_MAX, &oldest))
        return false;
    out->segment = (uint32_t)segment;
    out->oldest = (uint32_t)oldest;
    return slice_u64(line_get(body, "seq"), UINT64_MAX, &out->seq) &&
           slice_u64(line_get(body, "offset"), UINT64_MAX, &out->offset);
}

enum head_state head_read(int dir, const struct segment_name *s, const struct chain *c, struct head *out)
{
    char file[SEGMENT_FILE_MAX + 8], journal[SEGMENT_FILE_MAX], text[HEAD_SIZE];
    segment_journal(s, journal);
    snprintf(file, sizeof file, "%s.head", journal);
    *out = (struct head){0};
    int fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return errno == ENOENT ? HEAD_NONE : HEAD_BAD;
    ssize_t n = pread(fd, text, sizeof text, 0);
    close(fd);
    if (n == 0) return HEAD_NONE; /* made, and not written yet */
    return n > 0 && head_parse(slice_of(text, (size_t)n), c, slice_str(journal), out) ? HEAD_OK : HEAD_BAD;
}
