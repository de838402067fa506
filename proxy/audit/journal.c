/* The writer of journals: appending on a worker's thread, and beside it the audit thread, which syncs, rotates, keeps
 * a next segment ready, forgets what is too old and feeds the shipper.
 *
 * A segment goes from hand to hand: the audit thread makes it and puts it into journal->ready; the worker takes it from
 * there when its own is full (one exchange), and that tells the audit thread that the one before will not grow. */
#include "proxy/audit/journal.h"
#include "proxy/audit/age.h"
#include "proxy/audit/mapguard.h"
#include "proxy/audit/pages.h"
#include "proxy/audit/recover.h"
#include "proxy/audit/redis.h"
#include "proxy/audit/segment.h"
#include "proxy/base/clock.h"
#include "proxy/base/log.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define RESERVE_PART  8u /* this part of a segment is for outcomes when no next one is ready */
#define RESERVE_MAX   (256u * 1024u)
#define LINE_MAX_SIZE (3u * 1024u * 1024u) /* two texts never meet in one line; below segment.c's LINE_CAP */
#define WARM_LEAST    (256u * 1024u)       /* made writable ahead of the worker */
#define WARM_BUSY     (1024u * 1024u)
#define RUSH_BEGINS   (PAGES_HUGE / 2) /* written between two syncs: huge pages are worth while */
#define RUSH_ENDS     (PAGES_HUGE / 8)
#define STEP_MS       4u /* where more than WARM_LEAST is written between two syncs: how often that is looked after */
#define SLOW_TICK_NS  (1 * S_NS)
#define RETAIN_NS     (60 * S_NS)
#define SETTLED_NS    (3 * S_NS) /* a Redis that syncs every second has it on its disk by then */

struct seg {
    struct segment_name name;
    int fd;
    char *map;
    size_t size;
    _Atomic size_t end; /* bytes written: stored by the worker with release order */
    _Atomic bool leave; /* the audit thread wants the worker to go on in the next one */
    _Atomic bool cut;   /* somebody cut the file short: what is written here is lost */
    size_t synced;      /* audit thread from here on */
    struct pages pages;
    unsigned guard;
    bool cut_said;
    bool failed;      /* an fsync failed: what was not synced by then is written anew */
    struct seg *next; /* newer */
};

struct journal {
    struct audit *audit;
    char label[SEGMENT_FILE_MAX]; /* "1a2b3c4d.w0" */
    struct slice name;
    bool writing; /* false: a worker of an earlier run, kept for shipping and retention */
    /* the worker's */
    struct seg *cur;
    struct buf line, header;
    uint64_t seq;
    char last[LINE_MAC];
    _Atomic(struct seg *) ready;
    _Atomic uint64_t appended, refused;
    _Atomic bool starved; /* intents are refused for want of room */
    /* the audit thread's */
    struct seg *oldest, *newest; /* open segments; newest may still be the ready one */
    struct segment_name made;    /* the newest number given out */
    int head_fd;
    struct head head;
    bool rush;    /* it was written so fast that huge pages are worth while */
    bool no_room; /* said so already */
};

struct audit {
    int dir, lock, wake;
    char instance[9];
    struct chain chain;
    size_t segment;
    uint64_t retain_ns;
    uint32_t sync_ms;
    struct journal *journals; /* `workers` that write, then those of earlier runs */
    size_t journal_count;
    unsigned workers;
    struct event_base *base;
    struct event *timer, *step_timer, *wake_event;
    struct shipper *shipper; /* NULL: no Redis */
    pthread_t thread;
    _Atomic bool stopping;
    _Atomic unsigned stop_wait_ms;
    _Atomic uint64_t synced;
    _Atomic bool sync_failing;
    struct age_clock age;
    uint64_t slow_at, retain_at; /* monotonic: when the slower chores are due */
    bool disk_filling, sync_said;
    struct pages_mood huge;
    bool busy; /* much was written before the last sync: steps are taken */
};

/* --- the worker's side --- */

static size_t reserve_of(const struct seg *s)
{
    return s->size / RESERVE_PART < RESERVE_MAX ? s->size / RESERVE_PART : RESERVE_MAX;
}

/* Copies a whole line in and publishes it. */
static void seg_put(struct seg *s, struct slice line)
{
    size_t end = atomic_load_explicit(&s->end, memory_order_relaxed);
    assert(s->size - end >= line.n);
    memcpy(s->map + end, line.p, line.n);
    atomic_store_explicit(&s->end, end + line.n, memory_order_release);
}

static bool seg_cut(const struct seg *s) { return atomic_load_explicit(&s->cut, memory_order_relaxed); }

static bool seg_takes(const struct seg *s, size_t n)
{
    return s->size - atomic_load_explicit(&s->end, memory_order_relaxed) >= n;
}

/* The first line of a segment. `torn` and `lost` come from recovery; `before` is the segment before, or NULL. */
static enum err header_write(struct journal *j, struct seg *s, const struct segment_name *before, uint64_t torn, uint64_t lost)
{
    char time[25], file[SEGMENT_FILE_MAX] = "", keep[LINE_MAC];
    clock_rfc3339(clock_wall_ns(), time);
    if (before) segment_file(before, file);
    buf_truncate(&j->header, 0);
    enum err e = buf_addf(&j->header, "{\"event\":\"segment\",\"time\":\"%s\",\"segment\":%u,\"before\":\"%s\",\"first\":%llu",
                          time, s->name.number, file, (unsigned long long)j->seq + 1);
    if (!e && torn) e = buf_addf(&j->header, ",\"torn\":%llu", (unsigned long long)torn);
    if (!e && lost) e = buf_addf(&j->header, ",\"lost\":%llu", (unsigned long long)lost);
    memcpy(keep, j->last, LINE_MAC);
    if (!e) e = line_close(&j->header, &j->audit->chain, j->name, j->seq, j->last);
    if (e) {
        memcpy(j->last, keep, LINE_MAC);
        return e;
    }
    seg_put(s, buf_slice(&j->header));
    buf_truncate(&j->header, 0);
    return ERR_OK;
}

/* Goes on in the next segment, if one is ready. One system call, once a segment: it wakes the audit thread. */
static bool rotate(struct journal *j)
{
    struct seg *old = j->cur, *next = atomic_load_explicit(&j->ready, memory_order_acquire);
    const uint64_t one = 1;
    if (!next || header_write(j, next, &old->name, 0, 0)) return false;
    j->cur = next;
    atomic_store_explicit(&j->ready, NULL, memory_order_release); /* tells that `old` is whole */
    ssize_t w = write(j->audit->wake, &one, sizeof one);
    (void)w; /* the timer comes too */
    return true;
}

/* Room for n bytes in j->cur. Where no next segment is ready the reserve is for outcomes: all of it for requests that
 * were sent, half of it for those that were refused, so that a flood of refusals does not cost the others theirs. */
static bool make_room(struct journal *j, size_t n, bool outcome, bool sent)
{
    bool leave = atomic_load_explicit(&j->cur->leave, memory_order_relaxed) || seg_cut(j->cur);
    if (!leave && seg_takes(j->cur, n + reserve_of(j->cur))) return true;
    if (rotate(j)) return seg_takes(j->cur, n);
    if (seg_cut(j->cur)) return false;
    return outcome && seg_takes(j->cur, n + (sent ? 0 : reserve_of(j->cur) / 2));
}

/* The closed line goes in. Where the segment was cut short it is lost, like what stood before it: the chain tells. */
static enum err seg_put_counted(struct journal *j)
{
    seg_put(j->cur, buf_slice(&j->line));
    j->seq++;
    atomic_store_explicit(&j->appended, j->seq, memory_order_relaxed);
    return seg_cut(j->cur) ? ERR_AUDIT : ERR_OK;
}

static enum err append(struct journal *j, const struct audit_record *r, bool outcome)
{
    buf_truncate(&j->line, 0);
    enum err e = audit_record_write(r, outcome, &j->line);
    if (!e) {
        /* Before the line is closed: a rotation puts a header between, which the chain goes through. */
        if (!make_room(j, buf_len(&j->line) + LINE_TAIL_MAX, outcome, r->attempts > 0)) e = ERR_AUDIT;
    }
    if (!e) e = line_close(&j->line, &j->audit->chain, j->name, j->seq + 1, j->last);
    if (!e) e = seg_put_counted(j);
    if (e) {
        atomic_store_explicit(&j->refused, atomic_load_explicit(&j->refused, memory_order_relaxed) + 1, memory_order_relaxed);
        atomic_store_explicit(&j->starved, e == ERR_AUDIT, memory_order_relaxed);
        return ERR_AUDIT;
    }
    if (!outcome && atomic_load_explicit(&j->starved, memory_order_relaxed))
        atomic_store_explicit(&j->starved, false, memory_order_relaxed);
    return ERR_OK;
}

enum err journal_intent(struct journal *j, const struct audit_record *r) { return append(j, r, false); }
enum err journal_outcome(struct journal *j, const struct audit_record *r) { return append(j, r, true); }

/* --- segments, on the audit thread --- */

static void seg_free(struct seg *s)
{
    if (!s) return;
    mapguard_remove(s->guard);
    if (s->map) munmap(s->map, s->size);
    if (s->fd >= 0) close(s->fd);
    mem_free(s);
}

/* A disk that has room for few segments gets smaller ones. */
static size_t seg_size(const struct seg *s, size_t size)
{
    struct statvfs v;
    if (fstatvfs(s->fd, &v)) return size;
    while (size / 2 >= AUDIT_SEGMENT_MIN && size > (uint64_t)v.f_bavail * v.f_frsize / 4) size /= 2;
    return size;
}

/* Gives the file its blocks, so that no write through the mapping can fail: as much as asked for, or half, and so on.
 * `keep` bytes are there already and stay. */
static bool seg_allocate(struct seg *s, size_t size, size_t keep)
{
    for (size = seg_size(s, size); size >= AUDIT_SEGMENT_MIN; size /= 2) {
        int err;
        do err = posix_fallocate(s->fd, 0, (off_t)size);
        while (err == EINTR);
        if (err == 0) {
            s->size = size;
            return true;
        }
        if (ftruncate(s->fd, (off_t)keep)) return false; /* what a partial success took */
        errno = err;
        if (err != ENOSPC && err != EDQUOT && err != EFBIG) return false;
    }
    return false;
}

static bool seg_map(struct seg *s)
{
    void *p = mmap(NULL, s->size, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
    if (p == MAP_FAILED) return false;
    s->map = p;
    s->pages = (struct pages){.map = p, .size = s->size};
    madvise(p, s->size, MADV_DONTDUMP);
    madvise(p, s->size, MADV_RANDOM); /* no reading ahead: it would zero megabytes in one page fault */
    s->guard = mapguard_add(p, s->size, &s->cut);
    return s->guard != 0;
}

/* Makes the file of j's next segment and maps it. NULL if there is no room. */
static struct seg *seg_make(struct journal *j)
{
    char file[SEGMENT_FILE_MAX];
    struct segment_name name = j->made;
    struct seg *s = mem_zalloc(sizeof *s);
    if (!s) return NULL;
    name.number++;
    segment_file(&name, file);
    s->name = name;
    s->fd = openat(j->audit->dir, file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->fd < 0) {
        mem_free(s);
        return NULL;
    }
    if (!seg_allocate(s, j->audit->segment, 0) || !seg_map(s) || fsync(j->audit->dir)) {
        int why = errno;
        unlinkat(j->audit->dir, file, 0);
        seg_free(s);
        errno = why;
        return NULL;
    }
    j->made = name;
    return s;
}

/* Goes on in a segment that holds only its header: a proxy that restarts without a request makes no new files. */
static struct seg *seg_resume(struct journal *j, const struct recovered *r)
{
    char file[SEGMENT_FILE_MAX];
    struct seg *s = mem_zalloc(sizeof *s);
    if (!s) return NULL;
    segment_file(&r->last, file);
    s->name = r->last;
    s->fd = openat(j->audit->dir, file, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (s->fd < 0 || !seg_allocate(s, j->audit->segment, (size_t)r->end) || !seg_map(s)) {
        seg_free(s);
        return NULL;
    }
    atomic_store(&s->end, (size_t)r->end);
    j->made = r->last;
    return s;
}

/* --- syncing --- */

static size_t page_size(void) { return (size_t)sysconf(_SC_PAGESIZE); }

/* The failed part once more, for a segment the worker may still write to: every page is made dirty again, since the
 * kernel calls a page clean whose write failed. Bytes below `end` do not change any more, so this races with nobody. */
static bool seg_sync_again(struct seg *s, size_t end)
{
    size_t page = page_size();
    for (size_t at = s->synced / page * page; at < end; at += page) {
        volatile char *p = s->map + at;
        char same = *p;
        *p = same;
    }
    return fsync(s->fd) == 0;
}

static bool write_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t w = write(fd, p, n);
        if (w < 0 && errno == EINTR) continue;
        if (w <= 0) return false;
        p += w;
        n -= (size_t)w;
    }
    return true;
}

/* Not by the mapping: what must be fetched from a disk that fails is an error here, and a signal there. */
static bool copy_file(int from, int to, size_t n)
{
    char *block = mem_block_get();
    bool ok = block != NULL;
    for (size_t at = 0; ok && at < n;) {
        ssize_t got = pread(from, block, n - at < MEM_BLOCK ? n - at : MEM_BLOCK, (off_t)at);
        ok = got > 0 ? write_all(to, block, (size_t)got) : got < 0 && errno == EINTR;
        if (got > 0) at += (size_t)got;
    }
    mem_block_put(block, MEM_BLOCK);
    return ok;
}

/* A segment nobody writes to any more goes whole into a new file, which takes the place of the one that failed. */
static bool seg_write_anew(struct audit *a, struct seg *s, size_t end)
{
    char file[SEGMENT_FILE_MAX], fresh[SEGMENT_FILE_MAX + 8];
    segment_file(&s->name, file);
    snprintf(fresh, sizeof fresh, "%s.new", file);
    int fd = openat(a->dir, fresh, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return false;
    if (!copy_file(s->fd, fd, end) || fsync(fd) || renameat(a->dir, fresh, a->dir, file) || fsync(a->dir)) {
        unlinkat(a->dir, fresh, 0);
        close(fd);
        return false;
    }
    close(s->fd);
    s->fd = fd;
    return true;
}

/* Only the part that was written: the warm pages after it stay dirty and writable. */
static bool seg_flush(struct seg *s, size_t end)
{
    pages_unmap(&s->pages, end);
    size_t from = s->synced / page_size() * page_size();
    return msync(s->map + from, end - from, MS_SYNC) == 0;
}

/* Whether the file is shorter than we made it: what was in the part that is gone is lost. Said once; there is nothing to
 * bring to the disk any more. */
static bool seg_was_cut(struct seg *s)
{
    struct stat st;
    if (!seg_cut(s) && fstat(s->fd, &st) == 0 && (uint64_t)st.st_size < s->size) atomic_store(&s->cut, true);
    if (!seg_cut(s)) return false;
    if (!s->cut_said)
        log_event(LOG_ERROR, "audit_segment_cut", LOG_U64("worker", s->name.worker), LOG_U64("segment", s->name.number));
    s->cut_said = true;
    s->failed = false;
    s->synced = atomic_load_explicit(&s->end, memory_order_acquire);
    return true;
}

/* Brings what the worker appended to the disk. `whole`: the worker has left it. */
static bool seg_sync(struct audit *a, struct seg *s, bool whole)
{
    if (seg_was_cut(s)) return true;
    size_t end = atomic_load_explicit(&s->end, memory_order_acquire);
    if (!whole) pages_warm(&s->pages, end, WARM_LEAST);
    if (end == s->synced && !(s->failed && whole)) return true;
    bool ok = !s->failed ? seg_flush(s, end) : whole ? seg_write_anew(a, s, end) : seg_sync_again(s, end);
    if (ok) {
        s->synced = end;
        if (whole) s->failed = false;
        return true;
    }
    int why = errno;
    if (!s->failed)
        log_event(LOG_ERROR, "audit_sync_failed", LOG_U64("worker", s->name.worker), LOG_U64("segment", s->name.number),
                  LOG_ERRNO(why));
    s->failed = true;
    atomic_store_explicit(&s->leave, true, memory_order_relaxed);
    return false;
}

/* What is synced, as the last line before that place tells. */
static void head_take(struct journal *j, const struct seg *s)
{
    struct line l;
    size_t n = s->synced < LINE_TAIL_MAX ? s->synced : LINE_TAIL_MAX;
    if (n == 0 || seg_cut(s) || !line_parse_end(slice_of(s->map + s->synced - n, n - 1), &l)) return;
    j->head.seq = l.seq;
    j->head.segment = s->name.number;
    j->head.offset = s->synced;
    memcpy(j->head.mac, l.mac, LINE_MAC);
}

/* The last segment the worker was seen to use: only that one may still grow. */
static struct seg *journal_current(struct journal *j)
{
    struct seg *ready = atomic_load_explicit(&j->ready, memory_order_acquire);
    if (!ready) return j->newest;
    struct seg *s = j->oldest;
    while (s->next != ready) s = s->next;
    return s;
}

/* What is synced need not stay in memory, unless it is to be shipped. */
static void seg_drop(const struct audit *a, struct seg *s)
{
    if (!a->shipper && !s->failed && s->synced > LINE_TAIL_MAX) pages_drop(&s->pages, s->fd, s->synced - LINE_TAIL_MAX);
}

/* A whole and synced segment gives back the room it did not need. */
static void seg_finish(struct seg *s)
{
    if (!seg_cut(s) && (ftruncate(s->fd, (off_t)s->synced) || fsync(s->fd)))
        log_event(LOG_WARN, "audit_segment_not_cut", LOG_U64("segment", s->name.number), LOG_ERRNO(errno));
    seg_free(s);
}

static bool journal_sync(struct journal *j)
{
    struct audit *a = j->audit;
    struct head before = j->head;
    struct seg *current = journal_current(j);
    size_t grown = atomic_load_explicit(&current->end, memory_order_relaxed) - current->synced;
    bool ok = true;
    if (grown > WARM_LEAST) a->busy = true;
    if (current->synced) j->rush = grown > (j->rush ? RUSH_ENDS : RUSH_BEGINS);
    for (struct seg *s = j->oldest; s && ok; s = s->next) {
        ok = seg_sync(a, s, s != current);
        if (s->synced) head_take(j, s);
        if (s == current) break;
    }
    if (ok && !j->rush && !seg_cut(current)) pages_calm(&current->pages, current->fd, current->synced);
    while (j->oldest != current && !j->oldest->failed && j->oldest->synced == atomic_load(&j->oldest->end)) {
        struct seg *s = j->oldest;
        j->oldest = s->next;
        seg_finish(s);
    }
    if (before.offset != j->head.offset || before.segment != j->head.segment || before.oldest != j->head.oldest) {
        j->head.wall_ns = clock_wall_ns();
        if (head_write(j->head_fd, &j->head, &a->chain, j->name)) log_event(LOG_WARN, "audit_head_not_written", LOG_ERRNO(errno));
    }
    return ok;
}

/* --- retention --- */

static uint64_t written_at(const struct audit *a, const char *file)
{
    struct stat st;
    if (fstatat(a->dir, file, &st, AT_SYMLINK_NOFOLLOW)) return 0;
    return (uint64_t)st.st_mtim.tv_sec * S_NS + (uint64_t)st.st_mtim.tv_nsec;
}

/* May this segment of j go? By age; or, `pressed` for room, when Redis has all of it and had the time to write it down. */
static bool may_go(struct journal *j, const struct segment_name *s, const char *file, bool pressed)
{
    struct audit *a = j->audit;
    uint64_t written = written_at(a, file), age = written ? age_of(&a->age, written) : 0;
    if (a->retain_ns && age > a->retain_ns) return true;
    return pressed && a->shipper && s->number < shipper_segment(a->shipper, (size_t)(j - a->journals)) && age > SETTLED_NS;
}

/* Removes segments from the oldest on, never one that is in use. The head says so first: what is missing below
 * head.oldest was removed by us. Returns how many went; one is enough when pressed. */
static size_t journal_forget(struct journal *j, const struct segment_name *list, size_t n, bool pressed)
{
    uint32_t used = j->oldest ? j->oldest->name.number : j->head.segment;
    char file[SEGMENT_FILE_MAX];
    size_t gone = 0;
    for (size_t i = 0; i < n && !(pressed && gone); i++) {
        if (!segment_same_journal(&list[i], &j->made)) continue;
        segment_file(&list[i], file);
        if (list[i].number >= used || !may_go(j, &list[i], file, pressed)) break;
        j->head.oldest = list[i].number + 1;
        j->head.wall_ns = clock_wall_ns();
        if (head_write(j->head_fd, &j->head, &j->audit->chain, j->name) || unlinkat(j->audit->dir, file, 0)) break;
        log_event(pressed ? LOG_WARN : LOG_INFO, "audit_segment_removed", LOG_NAME("file", file), LOG_BOOL("disk_full", pressed));
        gone++;
    }
    return gone;
}

/* A clock that jumps makes no segment too old. */
static void look_at_clock(struct audit *a)
{
    if (age_look(&a->age)) log_event(LOG_WARN, "audit_clock_jumped", LOG_BOOL("forward", a->age.skew > 0));
}

static size_t forget_old(struct audit *a, bool pressed)
{
    look_at_clock(a);
    struct segment_name *list;
    size_t n, gone = 0;
    if ((a->retain_ns == 0 && !pressed) || segment_list(a->dir, &list, &n)) return 0;
    for (size_t i = 0; i < a->journal_count; i++) gone += journal_forget(&a->journals[i], list, n, pressed);
    mem_free(list);
    return gone;
}

/* Keeps a next segment ready. */
static void journal_prepare(struct journal *j)
{
    if (atomic_load_explicit(&j->ready, memory_order_acquire)) return;
    struct seg *s = seg_make(j);
    if (!s && j->audit->shipper && forget_old(j->audit, true)) s = seg_make(j);
    if (!s) {
        if (!j->no_room) log_event(LOG_ERROR, "audit_no_room", LOG_U64("worker", j->made.worker), LOG_ERRNO(errno));
        j->no_room = true;
        return;
    }
    if (j->no_room) log_event(LOG_INFO, "audit_room_again", LOG_U64("worker", j->made.worker));
    j->no_room = false;
    atomic_store_explicit(&j->starved, false, memory_order_relaxed);
    pages_warm(&s->pages, 0, WARM_LEAST);
    j->newest->next = s;
    j->newest = s;
    atomic_store_explicit(&j->ready, s, memory_order_release);
}

/* --- alarms --- */

static void watch_disk(struct audit *a)
{
    struct statvfs v;
    if (fstatvfs(a->dir, &v) || v.f_blocks == 0) return;
    bool filling = v.f_bavail * 5 < v.f_blocks; /* 80 % are gone */
    if (filling && !a->disk_filling)
        log_event(LOG_WARN, "audit_disk_filling", LOG_U64("percent_used", 100 - v.f_bavail * 100 / v.f_blocks));
    a->disk_filling = filling;
}

/* --- the thread --- */

static void tick(struct audit *a)
{
    uint64_t now = clock_mono_ns(), synced = 0;
    bool ok = true;
    a->busy = false;
    for (size_t i = 0; i < a->journal_count; i++) {
        struct journal *j = &a->journals[i];
        if (j->writing) {
            journal_prepare(j);
            if (!journal_sync(j)) ok = false;
        }
        synced += j->head.seq;
        if (a->shipper) shipper_synced(a->shipper, i, &j->head);
    }
    atomic_store_explicit(&a->synced, synced, memory_order_relaxed);
    if (ok && atomic_load_explicit(&a->sync_failing, memory_order_relaxed)) log_event(LOG_INFO, "audit_syncs_again");
    atomic_store_explicit(&a->sync_failing, !ok, memory_order_relaxed);
    if (now >= a->slow_at) {
        a->slow_at = now + SLOW_TICK_NS;
        watch_disk(a);
    }
    if (now >= a->retain_at) {
        a->retain_at = now + RETAIN_NS;
        forget_old(a, false);
    }
    if (a->shipper) shipper_run(a->shipper);
}

static void step_later(struct audit *a)
{
    static const struct timeval tv = {.tv_usec = STEP_MS * 1000};
    if (a->busy && !evtimer_pending(a->step_timer, NULL)) (void)event_add(a->step_timer, &tv); /* the next tick comes anyway */
}

/* Between two syncs, for workers that write much: a little of everything, so that none of it is ever long. */
static void on_step(evutil_socket_t fd, short what, void *arg)
{
    struct audit *a = arg;
    (void)fd, (void)what;
    for (size_t i = 0; i < a->journal_count; i++) {
        struct journal *j = &a->journals[i];
        if (!j->writing) continue;
        struct seg *s = journal_current(j);
        size_t end = atomic_load_explicit(&s->end, memory_order_acquire);
        if (seg_cut(s)) continue; /* part of it is no file any more */
        pages_send(&s->pages, s->fd, end);
        /* What one piece leaves the next one takes: what is dropped just before is the memory that is found first. */
        if (!j->rush || s->pages.warm < end + PAGES_HUGE / 2) seg_drop(a, s);
        if (j->rush) pages_warm_huge(&s->pages, &a->huge, end);
        else pages_warm(&s->pages, end, WARM_BUSY);
    }
    step_later(a);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    tick(arg);
    step_later(arg);
}

static void on_shipped(void *arg)
{
    struct audit *a = arg;
    if (atomic_load(&a->stopping)) event_base_loopbreak(a->base);
}

/* The workers are gone: the last lines are synced, and Redis gets a while to take them. */
static void stop(struct audit *a)
{
    unsigned wait_ms = atomic_load(&a->stop_wait_ms);
    struct timeval wait = {.tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000};
    tick(a);
    if (!a->shipper || !wait_ms || shipper_done(a->shipper)) {
        event_base_loopbreak(a->base);
        return;
    }
    event_base_loopexit(a->base, &wait);
    shipper_last(a->shipper);
}

/* A worker took the ready segment, or it is time to stop. */
static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    struct audit *a = arg;
    uint64_t n;
    (void)what;
    ssize_t got = read(fd, &n, sizeof n);
    (void)got;
    for (size_t i = 0; i < a->journal_count; i++)
        if (a->journals[i].writing) journal_prepare(&a->journals[i]);
    if (atomic_load(&a->stopping)) stop(a);
}

static void *run(void *arg)
{
    struct audit *a = arg;
    event_base_dispatch(a->base);
    mem_blocks_trim();
    return NULL;
}

/* The last words of a journal: everything synced, the unused room and the unused segment given back. */
static void journal_close(struct journal *j)
{
    char file[SEGMENT_FILE_MAX];
    struct seg *ready = atomic_load(&j->ready);
    if (j->cur) {
        if (ready) {
            segment_file(&ready->name, file);
            unlinkat(j->audit->dir, file, 0);
            struct seg *s = j->oldest;
            while (s->next != ready) s = s->next;
            s->next = NULL;
            j->newest = s;
            atomic_store(&j->ready, NULL);
            seg_free(ready);
        }
        if (!journal_sync(j)) log_event(LOG_ERROR, "audit_not_all_synced", LOG_U64("worker", j->made.worker));
    }
    while (j->oldest) {
        struct seg *s = j->oldest;
        j->oldest = s->next;
        if (!s->failed && s->synced == atomic_load(&s->end)) seg_finish(s);
        else seg_free(s);
    }
    if (j->head_fd >= 0) close(j->head_fd);
    buf_free(&j->line);
    buf_free(&j->header);
}

/* --- starting and stopping --- */

#define FAIL(text) return (*why = (text), ERR_IO)

static enum err make_directory(const char *path)
{
    char part[4096];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof part) return ERR_IO;
    for (size_t i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i] != 0) continue;
        memcpy(part, path, i);
        part[i] = 0;
        if (mkdir(part, 0700) && errno != EEXIST) return ERR_IO;
    }
    return ERR_OK;
}

/* The bytes of a small file; if there is none, `fresh` is written to it, whole or not at all. */
static ssize_t keep_file(int dir, const char *name, struct slice fresh, char *out, size_t size)
{
    char temp[64];
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT) {
        snprintf(temp, sizeof temp, "%s.new", name);
        fd = openat(dir, temp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0) return -1;
        if (!write_all(fd, fresh.p, fresh.n) || fsync(fd) || renameat(dir, temp, dir, name) || fsync(dir)) {
            close(fd);
            return -1;
        }
    }
    if (fd < 0) return -1;
    ssize_t n = pread(fd, out, size, 0);
    close(fd);
    return n;
}

static enum err take_instance(struct audit *a, const char **why)
{
    uint32_t random;
    char fresh[16], have[16] = "";
    if (getentropy(&random, sizeof random)) FAIL("no random bytes");
    int n = snprintf(fresh, sizeof fresh, "%08x\n", random);
    ssize_t got = keep_file(a->dir, "instance", slice_of(fresh, (size_t)n), have, sizeof have - 1);
    if (got < 8 || strspn(have, "0123456789abcdef") != 8) FAIL("the file `instance` is not eight hex digits");
    memcpy(a->instance, have, 8);
    return ERR_OK;
}

static enum err take_key(struct audit *a, struct slice key, const char **why)
{
    char fresh[32], have[CHAIN_KEY_MAX];
    if (key.n == 0) {
        if (getentropy(fresh, sizeof fresh)) FAIL("no random bytes");
        ssize_t got = keep_file(a->dir, "chain.key", slice_of(fresh, sizeof fresh), have, sizeof have);
        mem_wipe(fresh, sizeof fresh);
        if (got < 0 || chain_key_read(a->dir, "chain.key", have, &key))
            FAIL("the file `chain.key` cannot be read or has fewer than 16 bytes");
    }
    chain_init(&a->chain, key);
    mem_wipe(have, sizeof have);
    return ERR_OK;
}

/* One writer a directory, also among processes. The lock goes with the process, however it ends. */
static enum err take_lock(struct audit *a, const char **why)
{
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    a->lock = openat(a->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (a->lock < 0) FAIL("the lock file cannot be made");
    if (fcntl(a->lock, F_OFD_SETLK, &l)) FAIL("another process writes to this directory");
    return ERR_OK;
}

static void say_recovered(const struct journal *j, const struct recovered *r)
{
    if (r->torn)
        log_event(LOG_WARN, "audit_torn_line", LOG_NAME("journal", j->label), LOG_U64("segment", r->last.number),
                  LOG_U64("offset", r->end), LOG_U64("bytes", r->torn));
    if (r->lost > (r->torn ? 1 : 0))
        log_event(LOG_ERROR, "audit_lines_lost", LOG_NAME("journal", j->label), LOG_U64("lines", r->lost));
    if (r->damaged) log_event(LOG_ERROR, "audit_lines_damaged", LOG_NAME("journal", j->label), LOG_U64("lines", r->damaged));
}

/* Takes up a journal where it ended. */
static enum err journal_open(struct journal *j, const struct segment_name *list, size_t n, const char **why)
{
    char file[SEGMENT_FILE_MAX + 8];
    struct recovered r;
    struct audit *a = j->audit;
    if (journal_recover(a->dir, &a->chain, &j->made, list, n, &r)) FAIL("a journal cannot be read");
    if (head_read(a->dir, &j->made, &a->chain, &j->head) != HEAD_OK) j->head.oldest = n ? list[0].number : 1;
    j->made.number = r.last.number;
    snprintf(file, sizeof file, "%s.head", j->label);
    j->head_fd = openat(a->dir, file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (j->head_fd < 0) FAIL("a head file cannot be made");
    j->seq = r.seq + r.lost;
    memcpy(j->last, r.mac, LINE_MAC);
    atomic_store(&j->appended, j->seq);
    if (!j->writing) {
        j->head.seq = r.seq;
        j->head.segment = r.last.number;
        j->head.offset = r.end;
        return ERR_OK;
    }
    say_recovered(j, &r);
    struct seg *s = r.only_header && !r.lost ? seg_resume(j, &r) : seg_make(j);
    if (!s) FAIL("no room for a journal segment");
    j->oldest = j->newest = j->cur = s;
    if (!atomic_load(&s->end) && header_write(j, s, r.last.number ? &r.last : NULL, r.torn, r.lost)) FAIL("out of memory");
    return ERR_OK;
}

static void take_age(struct audit *a, const struct segment_name *list, size_t n)
{
    char file[SEGMENT_FILE_MAX];
    uint64_t newest = 0;
    for (size_t i = 0; i < n; i++) {
        segment_file(&list[i], file);
        uint64_t w = written_at(a, file);
        if (w > newest) newest = w;
    }
    if (age_start(&a->age, newest, a->retain_ns)) log_event(LOG_WARN, "audit_clock_jumped", LOG_BOOL("forward", true));
}

/* A journal for each worker, and one for each worker number that has left segments. */
static enum err journals_open(struct audit *a, const char **why)
{
    struct segment_name *list;
    size_t n, i = 0;
    if (segment_list(a->dir, &list, &n)) FAIL("the directory cannot be listed");
    enum err e = ERR_OK;
    take_age(a, list, n);
    for (unsigned w = 0; w < JOURNALS_MAX && !e; w++) {
        struct segment_name name = {.worker = w};
        memcpy(name.instance, a->instance, 9);
        while (i < n && !segment_same_journal(&list[i], &name) && segment_order(&list[i], &name) < 0) i++;
        size_t end = i;
        while (end < n && segment_same_journal(&list[end], &name)) end++;
        if (w >= a->workers && end == i) continue;
        struct journal *j = &a->journals[a->journal_count++];
        *j = (struct journal){.audit = a,
                              .writing = w < a->workers,
                              .made = name,
                              .head_fd = -1,
                              .line = buf_make(a->segment / 2 < LINE_MAX_SIZE ? a->segment / 2 : LINE_MAX_SIZE),
                              .header = buf_make(MEM_BLOCK)};
        segment_journal(&name, j->label);
        j->name = slice_str(j->label);
        e = journal_open(j, list + i, end - i, why);
        i = end;
    }
    mem_free(list);
    return e;
}

static enum err base_make(struct audit *a, const char **why)
{
    struct event_config *cfg = event_config_new();
    if (!cfg) FAIL("out of memory");
    event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK);
    a->base = event_base_new_with_config(cfg);
    event_config_free(cfg);
    if (!a->base) FAIL("no event base");
    return ERR_OK;
}

static enum err shipper_make(struct audit *a, const struct audit_opts *o, const char **why)
{
    struct ship_opts so = {.base = a->base,
                           .dir = a->dir,
                           .url = o->redis_url,
                           .prefix = o->redis_prefix,
                           .maxlen = o->redis_maxlen,
                           .ttl_ms = o->redis_ttl_ms};
    if (!o->redis_url || !*o->redis_url) return ERR_OK;
    enum err e = shipper_new(&so, &a->shipper, why);
    for (size_t i = 0; !e && i < a->journal_count; i++) {
        *why = "the position files for Redis cannot be made";
        e = shipper_add(a->shipper, &a->journals[i].made);
    }
    if (!e) shipper_on_done(a->shipper, on_shipped, a);
    return e ? ERR_IO : ERR_OK;
}

static enum err thread_start(struct audit *a, const char **why)
{
    struct timeval every = {.tv_sec = a->sync_ms / 1000, .tv_usec = a->sync_ms % 1000 * 1000};
    a->timer = event_new(a->base, -1, EV_PERSIST, on_timer, a);
    a->step_timer = evtimer_new(a->base, on_step, a);
    a->wake_event = event_new(a->base, a->wake, EV_READ | EV_PERSIST, on_wake, a);
    if (!a->timer || !a->step_timer || !a->wake_event || event_add(a->timer, &every) || event_add(a->wake_event, NULL))
        FAIL("out of memory");
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old); /* signals are for the main thread */
    int failed = pthread_create(&a->thread, NULL, run, a);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (failed) FAIL("no thread");
    pthread_setname_np(a->thread, "privet-audit");
    return ERR_OK;
}

static void audit_free(struct audit *a)
{
    shipper_free(a->shipper);
    for (size_t i = 0; i < a->journal_count; i++) journal_close(&a->journals[i]);
    if (a->timer) event_free(a->timer);
    if (a->step_timer) event_free(a->step_timer);
    if (a->wake_event) event_free(a->wake_event);
    if (a->base) event_base_free(a->base);
    if (a->wake >= 0) close(a->wake);
    if (a->lock >= 0) close(a->lock);
    if (a->dir >= 0) close(a->dir);
    mem_free(a->journals);
    mem_free(a);
}

static enum err open_all(struct audit *a, const struct audit_opts *o, const char **why)
{
    if (o->workers == 0 || o->workers > JOURNALS_MAX) FAIL("too many workers");
    if (o->segment < AUDIT_SEGMENT_MIN || o->segment > SIZE_MAX / 2) FAIL("the segment size is below 64 KiB");
    if (make_directory(o->directory)) FAIL("the directory cannot be made");
    a->dir = open(o->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (a->dir < 0) FAIL("the directory cannot be opened");
    a->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    a->journals = mem_zalloc(JOURNALS_MAX * sizeof *a->journals);
    if (a->wake < 0 || !a->journals) FAIL("out of memory");
    enum err e = take_lock(a, why);
    if (!e) e = take_instance(a, why);
    if (!e) e = take_key(a, o->chain_key, why);
    if (!e) e = journals_open(a, why);
    if (!e) e = base_make(a, why);
    if (!e) e = shipper_make(a, o, why);
    if (e) return e;
    tick(a); /* the headers are on the disk before the first request */
    return thread_start(a, why);
}

enum err audit_start(const struct audit_opts *o, struct audit **out, const char **why)
{
    struct audit *a = mem_zalloc(sizeof *a);
    *out = NULL;
    if (!a) FAIL("out of memory");
    a->dir = a->lock = a->wake = -1;
    a->segment = (size_t)o->segment;
    a->retain_ns = o->retain_ms > UINT64_MAX / MS_NS ? 0 : o->retain_ms * MS_NS;
    a->sync_ms = o->sync_ms ? o->sync_ms : 1;
    a->workers = o->workers;
    enum err e = open_all(a, o, why);
    if (e) {
        audit_free(a);
        return e;
    }
    *out = a;
    return ERR_OK;
}

void audit_stop(struct audit *a, unsigned wait_ms)
{
    const uint64_t one = 1;
    if (!a) return;
    atomic_store(&a->stop_wait_ms, wait_ms);
    atomic_store(&a->stopping, true);
    ssize_t w = write(a->wake, &one, sizeof one);
    (void)w;
    pthread_join(a->thread, NULL);
    audit_free(a);
}

struct journal *audit_journal(struct audit *a, unsigned i)
{
    assert(i < a->workers);
    return &a->journals[i];
}

void audit_status(const struct audit *a, struct audit_status *out)
{
    *out = (struct audit_status){.synced = atomic_load_explicit(&a->synced, memory_order_relaxed),
                                 .failing = atomic_load_explicit(&a->sync_failing, memory_order_relaxed),
                                 .redis_configured = a->shipper != NULL,
                                 .redis_up = a->shipper && shipper_up(a->shipper),
                                 .shipped = a->shipper ? shipper_shipped(a->shipper) : 0};
    for (size_t i = 0; i < a->journal_count; i++) {
        const struct journal *j = &a->journals[i];
        out->appended += atomic_load_explicit(&j->appended, memory_order_relaxed);
        out->failed += atomic_load_explicit(&j->refused, memory_order_relaxed);
        if (atomic_load_explicit(&j->starved, memory_order_relaxed)) out->failing = true;
    }
}
