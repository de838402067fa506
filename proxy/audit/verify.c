/* Walks the chain of every journal and names the place and the kind of each break.
 *
 * Going on after a break matters as much as finding it: a line that cannot be trusted may stand for one number
 * (`garbled`), and a number that is skipped and found further down is owed, not missing. */
#include "proxy/audit/verify.h"
#include "proxy/audit/segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define OWED_MAX       4096u /* numbers out of their place, at once */
#define LOOK_AHEAD_MAX 1000u /* searches for such numbers, in all: each may read a segment */
#define OPEN_LISTED    100u

struct verify {
    int dir, heads; /* heads: -1 if there are no kept ones */
    struct chain chain;
    struct buf *report;
    struct audit_counts counts;
    size_t said, looked;
    bool live; /* a writer holds the lock */
};

/* Where the walk through one journal stands. */
struct walk {
    struct verify *v;
    struct segment_name seg;
    char label[SEGMENT_FILE_MAX], file[SEGMENT_FILE_MAX];
    struct slice journal;
    uint64_t line_no;
    uint64_t expect;     /* seq of the next record */
    char last[LINE_MAC]; /* mac of the last good line in its place */
    bool started;        /* a segment was read */
    bool known;          /* `last` and `expect` hold */
    uint64_t garbled;    /* lines since then that cannot be trusted */
    uint64_t torn;       /* bytes after the last line of the segment before */
    struct head head;
    enum head_state head_state;
    struct head kept; /* a copy from elsewhere */
    enum head_state kept_state;
    bool kept_passed, kept_met; /* a line with its seq was seen; and had its mac */
    uint64_t owed[OWED_MAX];
    size_t owed_count;
    struct pairs *pairs;
};

/* --- reporting --- */

static void say(struct walk *w, const char *kind, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void say(struct walk *w, const char *kind, const char *fmt, ...)
{
    struct verify *v = w->v;
    char what[256], line[400];
    va_list ap;
    if (strcmp(kind, "note") == 0) v->counts.notes++;
    else v->counts.breaks++;
    if (v->said++ >= AUDIT_REPORT_MAX) return;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    int n = snprintf(line, sizeof line, "%s:%llu: %s: %s\n", w->file, (unsigned long long)w->line_no, kind, what);
    if (n > 0 && buf_add(v->report, slice_of(line, (size_t)n))) v->said = AUDIT_REPORT_MAX;
}

typedef unsigned long long ull;

/* "seq 7" or "seqs 7 to 9" */
static void say_missing(struct walk *w, uint64_t from, uint64_t to, const char *where)
{
    if (from == to) say(w, "missing", "the line with seq %llu%s", (ull)from, where);
    else say(w, "missing", "%llu lines, seq %llu to %llu%s", (ull)(to - from + 1), (ull)from, (ull)to, where);
}

/* --- intents waiting for their outcome: a table by a hash of the id --- */

struct open_intent {
    uint64_t hash;
    uint32_t count, segment;
    uint64_t line;
    char id[65];
};
struct pairs {
    struct open_intent *v;
    size_t size, used; /* a power of two; slots taken, done ones included */
    bool gave_up;      /* out of memory: nothing is said about pairs */
};

static uint64_t hash_id(struct slice id)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    for (size_t i = 0; i < id.n; i++) h = (h ^ (unsigned char)id.p[i]) * 1099511628211u;
    return h ? h : 1;
}

static struct open_intent *pair_slot(struct pairs *p, uint64_t hash)
{
    size_t i = (size_t)hash & (p->size - 1);
    while (p->v[i].hash && p->v[i].hash != hash) i = (i + 1) & (p->size - 1);
    return &p->v[i];
}

/* Room for one more, without the slots that are done. */
static bool pairs_grow(struct pairs *p)
{
    if (2 * (p->used + 1) <= p->size) return true;
    size_t open = 0;
    for (size_t i = 0; i < p->size; i++) open += p->v[i].count != 0;
    struct pairs fresh = {.size = p->size ? p->size : 1024};
    while (fresh.size < 4 * (open + 1)) fresh.size *= 2;
    fresh.v = mem_zalloc(fresh.size * sizeof *fresh.v);
    if (!fresh.v) return false;
    for (size_t i = 0; i < p->size; i++) {
        if (p->v[i].count == 0) continue;
        *pair_slot(&fresh, p->v[i].hash) = p->v[i];
        fresh.used++;
    }
    mem_free(p->v);
    *p = fresh;
    return true;
}

static void pair(struct walk *w, const struct line *l)
{
    struct pairs *p = w->pairs;
    struct slice event = line_get(l->record, "event"), id = line_get(l->record, "id");
    bool intent = slice_eq(event, SLICE("intent"));
    if (p->gave_up || (!intent && !slice_eq(event, SLICE("outcome")))) return;
    if (!pairs_grow(p)) {
        p->gave_up = true;
        return;
    }
    uint64_t hash = hash_id(id);
    struct open_intent *o = pair_slot(p, hash);
    if (!intent) {
        if (o->count) o->count--;
        return;
    }
    if (!o->hash) p->used++;
    o->hash = hash;
    o->count++;
    o->segment = w->seg.number;
    o->line = w->line_no;
    size_t n = id.n < 64 ? id.n : 64;
    memcpy(o->id, id.p, n);
    o->id[n] = 0;
}

static void say_open(struct walk *w)
{
    struct pairs *p = w->pairs;
    size_t listed = 0, more = 0;
    for (size_t i = 0; i < p->size && !p->gave_up; i++) {
        const struct open_intent *o = &p->v[i];
        if (o->count == 0) continue;
        if (++listed > OPEN_LISTED) {
            more++;
            continue;
        }
        w->seg.number = o->segment;
        segment_file(&w->seg, w->file);
        w->line_no = o->line;
        say(w, "note", "intent without outcome (%s), id %s", w->v->live ? "still under way, or unknown" : "unknown outcome",
            o->id);
    }
    if (more) say(w, "note", "and %zu more intents without outcome", more);
    mem_free(p->v);
}

/* --- lines --- */

static bool owed_take(struct walk *w, uint64_t seq)
{
    for (size_t i = 0; i < w->owed_count; i++) {
        if (w->owed[i] != seq) continue;
        w->owed[i] = w->owed[--w->owed_count];
        return true;
    }
    return false;
}

/* Which of the seqs from..to stand further down in this segment, from file offset `at` on? Those become owed; the
 * number of the others is returned. */
static uint64_t look_ahead(struct walk *w, uint64_t at, uint64_t from, uint64_t to)
{
    struct segment_reader r;
    struct slice s;
    struct line l;
    uint64_t missing = to - from + 1;
    if (w->v->looked++ >= LOOK_AHEAD_MAX || segment_open(&r, w->v->dir, &w->seg, at)) return missing;
    while (missing && w->owed_count < OWED_MAX && segment_next(&r, UINT64_MAX, &s) == SEGMENT_LINE) {
        if (!line_parse(s, &l) || l.seq < from || l.seq > to || !line_mac_holds(&l, &w->v->chain)) continue;
        bool have = false;
        for (size_t i = 0; i < w->owed_count; i++) have |= w->owed[i] == l.seq;
        if (have) continue;
        w->owed[w->owed_count++] = l.seq;
        missing--;
    }
    segment_close(&r);
    return missing;
}

static bool is_owed(const struct walk *w, uint64_t seq)
{
    for (size_t i = 0; i < w->owed_count; i++)
        if (w->owed[i] == seq) return true;
    return false;
}

/* A line whose number is above the one that should come. */
static void check_gap(struct walk *w, uint64_t seq, uint64_t at)
{
    if (seq - w->expect <= w->garbled) return; /* the garbled lines had those numbers */
    if (look_ahead(w, at, w->expect, seq - 1) == 0) return;
    uint64_t from = w->expect, left = w->garbled;
    while (left-- && from < seq) from++; /* those stood where the garbled ones stand */
    while (from < seq && is_owed(w, from)) from++;
    uint64_t to = seq - 1;
    while (to > from && is_owed(w, to)) to--;
    if (from < seq) say_missing(w, from, to, " before this one");
}

static void advance(struct walk *w, const struct line *l, uint64_t expect)
{
    w->expect = expect;
    memcpy(w->last, l->mac, LINE_MAC);
    w->garbled = 0;
    w->known = true;
}

static void check_record(struct walk *w, const struct line *l, uint64_t at)
{
    if (slice_eq(line_get(l->record, "event"), SLICE("segment"))) {
        say(w, "out of order", "a segment's header inside a segment");
        return;
    }
    if (w->known && l->seq < w->expect) {
        if (owed_take(w, l->seq)) say(w, "out of order", "seq %llu stands after seq %llu", (ull)l->seq, (ull)w->expect - 1);
        else say(w, "duplicated", "seq %llu was there before", (ull)l->seq);
        return;
    }
    if (w->known && l->seq > w->expect) check_gap(w, l->seq, at);
    else if (w->known && !w->garbled && memcmp(l->prev, w->last, LINE_MAC) != 0)
        say(w, "chain", "seq %llu does not follow the line before", (ull)l->seq);
    advance(w, l, l->seq + 1);
    pair(w, l);
}

static uint64_t number_of(const struct line *l, const char *name)
{
    uint64_t v = 0;
    struct slice s = line_get(l->record, name);
    return slice_u64(s, UINT64_MAX, &v) ? v : 0;
}

/* The header says where the segment goes on, and what the writer found when it came back from a crash. */
static void check_header(struct walk *w, const struct line *l)
{
    uint64_t first = number_of(l, "first"), torn = number_of(l, "torn"), lost = number_of(l, "lost");
    if (!slice_eq(line_get(l->record, "event"), SLICE("segment"))) {
        say(w, "missing", "the segment's header");
        check_record(w, l, 0);
        return;
    }
    if (number_of(l, "segment") != w->seg.number)
        say(w, "chain", "the header is that of segment %llu", (ull)number_of(l, "segment"));
    if (w->torn && torn != w->torn) say(w, "edited", "%llu bytes after the last line of the segment before", (ull)w->torn);
    else if (torn)
        say(w, "note", "a torn line of %llu bytes ends the segment before: the writer was killed or lost power", (ull)torn);
    if (lost > (torn ? 1 : 0))
        say(w, "cut", "%llu lines, up to seq %llu, were synced and gone when the writer came back", (ull)lost, (ull)first - 1);
    if (w->known && first > w->expect + lost && first - w->expect - lost > w->garbled)
        say_missing(w, w->expect + w->garbled, first - lost - 1, " at the end of the segment before");
    else if (w->known && first < w->expect)
        say(w, "chain", "the segment goes on from seq %llu, the one before ends with %llu", (ull)first, (ull)w->expect - 1);
    else if (w->known && first == w->expect + lost && !w->garbled && memcmp(l->prev, w->last, LINE_MAC) != 0)
        say(w, "chain", "the segment does not follow the one before");
    advance(w, l, first);
}

static void check_line(struct walk *w, struct slice text, uint64_t at)
{
    struct line l;
    bool parsed = line_parse(text, &l);
    w->v->counts.lines++;
    if (!parsed || !line_mac_holds(&l, &w->v->chain)) {
        say(w, "edited", parsed ? "the mac does not fit the line" : "not a line of a journal");
        w->garbled++;
        return;
    }
    if (!slice_eq(l.journal, w->journal)) {
        say(w, "foreign", "a line of journal %.*s, seq %llu", (int)l.journal.n, l.journal.p, (ull)l.seq);
        return;
    }
    if (w->head_state == HEAD_OK && w->head.segment == w->seg.number && w->head.offset == at &&
        memcmp(l.mac, w->head.mac, LINE_MAC) != 0)
        say(w, "chain", "not the line the head file means");
    if (w->kept_state == HEAD_OK && l.seq == w->kept.seq) { /* a record, or the header after it: both bear that seq */
        w->kept_passed = true;
        w->kept_met = w->kept_met || memcmp(l.mac, w->kept.mac, LINE_MAC) == 0;
    }
    if (w->line_no == 1) check_header(w, &l);
    else check_record(w, &l, at);
}

/* --- segments and journals --- */

/* The segment after *now: by its number, or else the next one listed (a list may lack what was made meanwhile). */
static bool next_segment(struct verify *v, const struct segment_name *list, size_t n, struct segment_name *now)
{
    char file[SEGMENT_FILE_MAX];
    struct segment_name after = *now;
    after.number++;
    segment_file(&after, file);
    if (faccessat(v->dir, file, R_OK, AT_SYMLINK_NOFOLLOW)) {
        size_t i = 0;
        while (i < n && list[i].number <= now->number) i++;
        if (i == n) return false;
        after = list[i];
    }
    *now = after;
    return true;
}

/* `growing`: a running writer may be writing there now. */
static void check_segment(struct walk *w, bool growing)
{
    struct segment_reader r;
    struct slice s;
    enum segment_read got;
    w->line_no = 0;
    if (segment_open(&r, w->v->dir, &w->seg, 0)) {
        if (errno != ENOENT) say(w, "missing", "the file cannot be read");
        if (!w->started) w->known = false; /* retention took it after it was listed */
        return;
    }
    w->started = true;
    w->v->counts.segments++;
    while ((got = segment_next(&r, UINT64_MAX, &s)) == SEGMENT_LINE) {
        w->line_no++;
        check_line(w, s, r.at);
    }
    w->line_no++;
    if (got == SEGMENT_FAILED) say(w, "edited", "no line, but bytes without end");
    uint64_t used = growing ? r.at : segment_used(&r, r.at);
    w->torn = used - r.at;
    if (w->torn && w->line_no == 1) w->garbled = 0; /* a torn header: no record was in it */
    segment_close(&r);
}

static void check_end(struct walk *w)
{
    if (w->torn) say(w, "note", "a torn line of %llu bytes at the end: the writer was killed or lost power", (ull)w->torn);
    uint64_t end = w->known ? w->expect - 1 : 0;
    if (w->head_state == HEAD_BAD) say(w, "cut", "the head file was edited, or is of another key");
    else if (w->head_state == HEAD_NONE && end > 0) say(w, "cut", "the head file is gone");
    else if (w->head_state == HEAD_OK && w->head.seq > end + w->garbled + (w->torn ? 1 : 0))
        say(w, "cut", "the head file knows of seq %llu, the journal ends with %llu", (ull)w->head.seq, (ull)end);
}

static void check_kept(struct walk *w)
{
    uint64_t end = w->known ? w->expect - 1 : 0;
    if (w->kept_state == HEAD_BAD) say(w, "cut", "the kept head was edited, or is of another key");
    else if (w->kept_state == HEAD_OK && w->kept.seq > end)
        say(w, "cut", "the kept head knows of seq %llu, the journal ends with %llu", (ull)w->kept.seq, (ull)end);
    else if (w->kept_passed && !w->kept_met) say(w, "chain", "seq %llu is not the line the kept head means", (ull)w->kept.seq);
}

/* list[0..n): one journal's segments. */
static bool check_journal(struct verify *v, const struct segment_name *list, size_t n)
{
    struct pairs pairs = {0};
    struct walk *w = mem_zalloc(sizeof *w);
    if (!w) return false;
    w->v = v;
    w->pairs = &pairs;
    w->seg = list[0];
    segment_journal(&list[0], w->label);
    segment_file(&list[0], w->file);
    w->journal = slice_str(w->label);
    w->head_state = head_read(v->dir, &list[0], &v->chain, &w->head); /* before the lines: a writer may go on */
    w->kept_state = v->heads < 0 ? HEAD_NONE : head_read(v->heads, &list[0], &v->chain, &w->kept);
    memcpy(w->last, LINE_FIRST, LINE_MAC);
    w->expect = 1;
    w->known = list[0].number == 1;
    uint32_t next = w->head_state == HEAD_OK && w->head.oldest ? w->head.oldest : 1;
    v->counts.journals++;
    struct segment_name now = list[0];
    for (bool last = false; !last;) {
        w->seg = now;
        segment_file(&now, w->file);
        w->line_no = 1;
        if (now.number > next) {
            say(w, "missing", "segments %u to %u", next, now.number - 1);
            w->torn = 0;
        }
        next = now.number + 1;
        /* A running writer may be ahead of us for ever: what it had synced when we began is enough. */
        bool enough = v->live && (w->head_state != HEAD_OK || now.number >= w->head.segment);
        last = !next_segment(v, list, n, &now) || enough;
        check_segment(w, last && v->live);
    }
    check_end(w);
    check_kept(w);
    say_open(w);
    mem_free(w);
    return true;
}

/* A head whose journal has no segment left. */
static void check_heads(struct verify *v, const struct segment_name *list, size_t n)
{
    struct segment_name name;
    int fd = openat(v->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d) return;
    for (const struct dirent *e; (e = readdir(d));) {
        char as_segment[300];
        size_t len = strlen(e->d_name), i = 0;
        if (len < 5 || strcmp(e->d_name + len - 5, ".head") != 0) continue;
        snprintf(as_segment, sizeof as_segment, "%.*s.00000001.jsonl", (int)(len - 5), e->d_name);
        if (!segment_name_parse(as_segment, &name)) continue;
        while (i < n && !segment_same_journal(&list[i], &name)) i++;
        if (i < n) continue;
        struct walk w = {.v = v, .line_no = 1};
        snprintf(w.file, sizeof w.file, "%.*s", (int)sizeof w.file - 1, e->d_name);
        say(&w, "missing", "every segment of this journal");
    }
    closedir(d);
}

static bool writer_is_there(int dir)
{
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = openat(dir, "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool yes = fd >= 0 && fcntl(fd, F_OFD_GETLK, &l) == 0 && l.l_type != F_UNLCK;
    if (fd >= 0) close(fd);
    return yes;
}

static int verify_dir(struct verify *v)
{
    struct segment_name *list;
    size_t n;
    bool ok = true;
    v->live = writer_is_there(v->dir);
    if (segment_list(v->dir, &list, &n)) return -1;
    for (size_t i = 0; i < n && ok;) {
        size_t end = i + 1;
        while (end < n && segment_same_journal(&list[end], &list[i])) end++;
        ok = check_journal(v, list + i, end - i);
        i = end;
    }
    check_heads(v, list, n);
    mem_free(list);
    if (!ok) return -1;
    return v->counts.breaks > INT32_MAX ? INT32_MAX : (int)v->counts.breaks;
}

int audit_verify(const char *directory, struct slice chain_key, const char *heads, struct audit_counts *counts,
                 struct buf *report)
{
    char own[CHAIN_KEY_MAX];
    int result = -1;
    struct verify v = {.dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), .heads = -1, .report = report};
    if (v.dir < 0) return -1;
    if (heads) v.heads = open(heads, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (heads && v.heads < 0) {
        close(v.dir);
        return -1;
    }
    if (chain_key.n || !chain_key_read(v.dir, "chain.key", own, &chain_key)) {
        chain_init(&v.chain, chain_key);
        result = verify_dir(&v);
    }
    mem_wipe(own, sizeof own);
    mem_wipe(&v.chain, sizeof v.chain);
    if (v.heads >= 0) close(v.heads);
    close(v.dir);
    if (counts) *counts = v.counts;
    return result;
}
