/* The life of the process: start, serve, reload, drain, stop.
 * States: STARTING -> SERVING -> DRAINING -> CUTTING. The main thread serves nobody: it has the signals, a tick, and the
 * workers' inboxes. What it must know of a worker it asks by a post; the answer comes as atomics in the worker's slot. */
#include "proxy/server.h"
#include "proxy/admin/admin.h"
#include "proxy/audit/journal.h"
#include "proxy/base/clock.h"
#include "proxy/base/log.h"
#include "proxy/exchange.h"
#include "proxy/listen.h"
#include "proxy/net/bind.h"
#include "proxy/net/resolver.h"
#include "proxy/notify.h"
#include "proxy/screenpool.h"
#include "proxy/snapshot.h"
#include "proxy/worker.h"

#include <assert.h>
#include <errno.h>
#include <event2/dns.h>
#include <openssl/crypto.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define WORKERS_MAX   256u
#define TICK_MS       1000
#define DRAIN_TICK_MS 20
#define SIGNAL_MS     500   /* a signal so soon after the first is the same wish, sent to a group as well as to us */
#define CUT_MS        5000  /* a worker that has not stopped by then is stuck */
#define SCREEN_CUT_MS 15000 /* a screening ends at the next step of its meter: some tenths of a second for the largest body */
#define SHIP_MS       2000  /* what is left for Redis at the end */
#define RETIRED_MAX   16
#define REPORT_MAX    (1024u * 1024)

enum life { STARTING, SERVING, DRAINING, CUTTING };

struct slot {
    struct worker w;
    struct listeners *listeners;
    bool running;
    bool drain_posted;
    uint64_t snapshot_posted;        /* number */
    uint64_t asked;                  /* pings posted */
    uint64_t asked_at_drain;         /* ... before the order to drain */
    _Atomic uint64_t answered, busy; /* the worker's answers */
};

struct server {
    const char *path;
    enum life life;
    struct event_base *base;
    struct event *hup, *term, *intr, *tick, *reload;
    struct snapshot *current;
    struct snapshot *retired[RETIRED_MAX]; /* replaced, perhaps still used; freed here, not on a worker */
    size_t retired_count;
    struct audit *audit;
    struct admin *admin;
    struct admin_info info;
    struct screenpool *pool;
    struct slot *slots;
    unsigned count;
    struct worker **workers;
    struct metrics **metrics;
    struct listen_shared shared;
    uint16_t *ports, admin_port;
    uint64_t drain_since, drain_until;
    bool failed;
};

static struct slot *slot_of(struct worker *w) { return &w->server->slots[w->id]; }

/* ---- on the workers' threads ---- */

static void do_ping(struct worker *w, void *arg)
{
    struct slot *s = slot_of(w);
    atomic_store(&s->busy, w->exchanges + w->connections + (w->lingering != NULL));
    atomic_store(&s->answered, (uint64_t)(uintptr_t)arg);
}

static void do_swap(struct worker *w, void *arg)
{
    struct snapshot *old = w->snapshot;
    w->snapshot = arg;
    snapshot_unref(old);
    resolver_reload(w);
}

static void do_drain(struct worker *w, void *arg)
{
    (void)arg;
    listeners_stop(slot_of(w)->listeners);
    w->draining = true;
    exchange_drain(w);
}

static void do_cut(struct worker *w, void *arg)
{
    (void)arg;
    listeners_stop(slot_of(w)->listeners);
    exchange_cut(w);
    event_base_loopbreak(w->base);
}

static void *worker_run(void *arg)
{
    struct worker *w = arg;
    char name[16];
    snprintf(name, sizeof name, "privet-w%u", w->id);
    (void)pthread_setname_np(pthread_self(), name);
    enum err e = listeners_start(slot_of(w)->listeners, w);
    if (e) { /* or the kernel would give it connections that nobody takes */
        log_event(LOG_ERROR, "listeners_failed", LOG_U64("worker", w->id), LOG_ERR(e));
        listeners_stop(slot_of(w)->listeners);
    }
    event_base_loop(w->base, EVLOOP_NO_EXIT_ON_EMPTY);
    mem_blocks_trim();
    return NULL;
}

/* ---- asking the workers ---- */

static void post_snapshot(struct server *sv, struct slot *s)
{
    if (!s->running || s->snapshot_posted == sv->current->number) return;
    if (worker_post(&s->w, do_swap, snapshot_ref(sv->current)) == ERR_OK) s->snapshot_posted = sv->current->number;
    else snapshot_unref(sv->current); /* the next tick tries again */
}

static void ask_all(struct server *sv)
{
    bool alive = true;
    for (unsigned i = 0; i < sv->count; i++) {
        struct slot *s = &sv->slots[i];
        if (!s->running) continue;
        if (atomic_load(&s->answered) != s->asked) {
            alive = false;
            continue;
        }
        if (worker_post(&s->w, do_ping, (void *)(uintptr_t)(s->asked + 1)) == ERR_OK) s->asked++;
    }
    if (alive && notify_watchdog_ms()) notify_send("WATCHDOG=1");
}

static void free_retired(struct server *sv, bool all)
{
    size_t kept = 0;
    for (size_t i = 0; i < sv->retired_count; i++) {
        struct snapshot *s = sv->retired[i];
        if (all || atomic_load(&s->refs) == 1) snapshot_unref(s);
        else sv->retired[kept++] = s;
    }
    sv->retired_count = kept;
}

static void retire(struct server *sv, struct snapshot *s)
{
    free_retired(sv, false);
    if (sv->retired_count == RETIRED_MAX) { /* whoever uses it last frees it then */
        snapshot_unref(sv->retired[0]);
        memmove(sv->retired, sv->retired + 1, --sv->retired_count * sizeof sv->retired[0]);
    }
    sv->retired[sv->retired_count++] = s;
}

/* ---- reload ---- */

static void log_report(const struct buf *report)
{
    struct slice s = buf_slice(report);
    char line[LOG_NAME_MAX];
    while (s.n) {
        size_t n = slice_find(s, '\n'), cut = n < sizeof line ? n : sizeof line - 1;
        memcpy(line, s.p, cut);
        line[cut] = 0;
        log_event(LOG_ERROR, "config_problem", LOG_NAME("problem", line));
        if (n == s.n) break;
        s.p += n + 1, s.n -= n + 1;
    }
}

/* Sockets stay for the life of the process: closing one of SO_REUSEPORT drops the handshakes that wait in it. */
static bool same_listeners(const struct config *a, const struct config *b)
{
    if (a->listener_count != b->listener_count) return false;
    for (size_t i = 0; i < a->listener_count; i++)
        if (strcmp(a->listeners[i].address, b->listeners[i].address) != 0 || a->listeners[i].tls != b->listeners[i].tls)
            return false;
    return true;
}

static bool same_text(const char *a, const char *b) { return a == b || (a && b && strcmp(a, b) == 0); }

static void warn_unreloadable(const struct config *a, const struct config *b)
{
    const struct {
        const char *key;
        bool same;
    } rows[] = {
        {"workers", a->workers == b->workers},
        {"admin.address", same_text(a->admin_host, b->admin_host) && a->admin_port == b->admin_port},
        {"audit.journal", same_text(a->audit.directory, b->audit.directory) && a->audit.segment == b->audit.segment &&
                              a->audit.retain == b->audit.retain && a->audit.sync == b->audit.sync},
        {"audit.chain_key",
         a->audit.chain_key_len == b->audit.chain_key_len &&
             (!a->audit.chain_key_len || memcmp(a->audit.chain_key, b->audit.chain_key, a->audit.chain_key_len) == 0)},
        {"audit.redis", same_text(a->audit.redis_url, b->audit.redis_url) && a->audit.redis_maxlen == b->audit.redis_maxlen &&
                            a->audit.redis_ttl == b->audit.redis_ttl && same_text(a->audit.redis_prefix, b->audit.redis_prefix)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (!rows[i].same) log_event(LOG_WARN, "restart_needed", LOG_NAME("key", rows[i].key));
}

static void show_snapshot(struct server *sv)
{
    atomic_store(&sv->info.snapshot, sv->current->number);
    atomic_store(&sv->info.loaded_wall_ns, clock_wall_ns());
}

static void swap_in(struct server *sv, struct snapshot *s)
{
    warn_unreloadable(sv->current->config, s->config);
    log_setup((enum log_level)s->config->logging.level, s->config->logging.json);
    retire(sv, sv->current);
    sv->current = s;
    show_snapshot(sv);
    for (unsigned i = 0; i < sv->count; i++) post_snapshot(sv, &sv->slots[i]);
    log_event(LOG_INFO, "reloaded", LOG_U64("snapshot", s->number));
}

static void reload(struct server *sv)
{
    struct buf report = buf_make(REPORT_MAX);
    notify_reloading();
    struct snapshot *s = snapshot_load(sv->path, &report);
    bool ok = s != NULL;
    if (s && !same_listeners(sv->current->config, s->config)) {
        log_event(LOG_ERROR, "restart_needed", LOG_NAME("key", "listeners"));
        snapshot_unref(s);
        ok = false;
    }
    if (ok) {
        swap_in(sv, s);
    } else {
        log_report(&report);
        atomic_fetch_add(&sv->info.reloads_failed, 1);
        log_event(LOG_ERROR, "reload_refused", LOG_U64("keeps_snapshot", sv->current->number));
    }
    notify_send("READY=1\nSTATUS=serving, configuration %llu%s", (unsigned long long)sv->current->number,
                ok ? "" : " (a reload was refused, see the log)");
    buf_free(&report);
}

/* ---- drain and cut ---- */

static void set_tick(struct server *sv, unsigned ms)
{
    struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};
    if (event_add(sv->tick, &tv) != 0) log_event(LOG_ERROR, "no_tick");
}

static void begin_cut(struct server *sv, const char *why)
{
    uint64_t left = 0;
    for (unsigned i = 0; i < sv->count; i++) left += atomic_load(&sv->slots[i].busy);
    sv->life = CUTTING;
    log_event(left ? LOG_WARN : LOG_INFO, "stopping", LOG_NAME("because", why), LOG_U64("still_busy", left));
    event_base_loopbreak(sv->base);
}

static void begin_drain(struct server *sv)
{
    uint64_t ms = sv->current->config->limits.drain_timeout;
    sv->life = DRAINING;
    sv->drain_since = clock_mono_ns();
    sv->drain_until = sv->drain_since + ms * MS_NS;
    atomic_store(&sv->info.state, ADMIN_DRAINING);
    notify_send("STOPPING=1\nSTATUS=draining");
    log_event(LOG_INFO, "draining", LOG_U64("at_most_ms", ms));
    set_tick(sv, DRAIN_TICK_MS);
}

static void go_on_draining(struct server *sv)
{
    bool idle = true;
    for (unsigned i = 0; i < sv->count; i++) {
        struct slot *s = &sv->slots[i];
        if (!s->running) continue;
        if (!s->drain_posted) {
            s->drain_posted = worker_post(&s->w, do_drain, NULL) == ERR_OK;
            s->asked_at_drain = s->asked;
        }
        /* Only the answer to a question asked after the order counts: the inbox keeps their order. */
        if (!s->drain_posted || atomic_load(&s->answered) <= s->asked_at_drain || atomic_load(&s->busy)) idle = false;
    }
    if (idle) begin_cut(sv, "drained");
    else if (clock_mono_ns() >= sv->drain_until) begin_cut(sv, "limits.drain_timeout");
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct server *sv = arg;
    (void)fd, (void)what;
    if (sv->life == DRAINING) go_on_draining(sv);
    if (sv->life == CUTTING) return;
    ask_all(sv);
    for (unsigned i = 0; i < sv->count; i++) post_snapshot(sv, &sv->slots[i]);
    free_retired(sv, false);
    unsigned ms = TICK_MS, dog = notify_watchdog_ms();
    if (dog && dog / 3 < ms) ms = dog / 3 ? dog / 3 : 1;
    set_tick(sv, sv->life == DRAINING ? DRAIN_TICK_MS : ms);
}

static void on_reload(evutil_socket_t fd, short what, void *arg)
{
    struct server *sv = arg;
    (void)fd, (void)what;
    if (sv->life == SERVING) reload(sv);
}

/* Called once for each signal: however many came while one reload was under way, they ask for one more. */
static void on_hup(evutil_socket_t fd, short what, void *arg)
{
    const struct timeval now = {0, 0};
    struct server *sv = arg;
    (void)fd, (void)what;
    if (evtimer_add(sv->reload, &now) != 0)
        log_event(LOG_ERROR, "reload_refused", LOG_U64("keeps_snapshot", sv->current->number));
}

static void on_term(evutil_socket_t fd, short what, void *arg)
{
    struct server *sv = arg;
    (void)fd, (void)what;
    if (sv->life == SERVING) begin_drain(sv);
    else if (sv->life == DRAINING && clock_mono_ns() - sv->drain_since > SIGNAL_MS * MS_NS) begin_cut(sv, "second signal");
}

/* ---- start and stop ---- */

#if defined(__SANITIZE_ADDRESS__)
#define MAY_BE_TRACED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MAY_BE_TRACED 1
#endif
#endif
#ifndef MAY_BE_TRACED
#define MAY_BE_TRACED 0 /* only where the leak checker must trace us: it counts as a debugger */
#endif

/* Limits of the process, before anything of it holds a secret. */
static void settle_process(void)
{
    struct rlimit rl = {0, 0};
    if (!MAY_BE_TRACED && prctl(PR_SET_DUMPABLE, 0) != 0) log_event(LOG_WARN, "dumpable", LOG_ERRNO(errno));
    if (setrlimit(RLIMIT_CORE, &rl) != 0) log_event(LOG_WARN, "core_limit", LOG_ERRNO(errno));
    if (getrlimit(RLIMIT_NOFILE, &rl) == 0 && rl.rlim_cur < rl.rlim_max) {
        rl.rlim_cur = rl.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &rl) != 0) log_event(LOG_WARN, "file_limit", LOG_ERRNO(errno));
    }
    signal(SIGPIPE, SIG_IGN);
}

/* /proc/PID/environ shows where the kernel put the environment, and keys may be in it: they move to where only getenv
 * finds them, for reloads. */
static void hide_environment(void)
{
    static char *block; /* for the life of the process: getenv points into it */
    size_t all = 1;
    for (char **e = environ; e && *e; e++) all += strlen(*e) + 1;
    char *at = block = mem_alloc(all);
    for (char **e = environ; at && e && *e; e++) {
        size_t n = strlen(*e) + 1;
        memcpy(at, *e, n);
        mem_wipe(*e, n);
        *e = at;
        at += n;
    }
}

static void warn_descriptors(const struct config *c)
{
    struct rlimit rl;
    if (getrlimit(RLIMIT_NOFILE, &rl) != 0 || rl.rlim_cur == RLIM_INFINITY) return;
    if (c->limits.connections * 2 + 64 > rl.rlim_cur) /* a client's and its target's */
        log_event(LOG_WARN, "few_descriptors", LOG_U64("have", rl.rlim_cur), LOG_U64("connections", c->limits.connections));
}

static void library_log(int severity, const char *msg)
{
    if (severity >= EVENT_LOG_WARN) log_event(LOG_WARN, "libevent", LOG_NAME("message", msg));
}
static void resolver_log(int is_warning, const char *msg)
{
    if (is_warning) log_event(LOG_WARN, "resolver", LOG_NAME("message", msg));
}

static unsigned worker_count(const struct config *c)
{
    cpu_set_t set;
    unsigned n = c->workers;
    if (n == 0) n = sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
    return n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : n;
}

static bool failed(struct server *sv, const char *part, const char *what, const char *why)
{
    log_event(LOG_ERROR, "start_failed", LOG_NAME("part", part), LOG_NAME("what", what), LOG_NAME("why", why));
    sv->failed = true;
    return false;
}

static bool start_audit(struct server *sv)
{
    const struct config_audit *c = &sv->current->config->audit;
    const char *why = "";
    if (!c->directory) return true;
    struct audit_opts o = {
        .directory = c->directory,
        .segment = c->segment,
        .retain_ms = c->retain,
        .sync_ms = c->sync,
        .chain_key = slice_of(c->chain_key, c->chain_key_len),
        .workers = sv->count,
        .redis_url = c->redis_url,
        .redis_maxlen = c->redis_maxlen,
        .redis_ttl_ms = c->redis_ttl,
        .redis_prefix = c->redis_prefix,
    };
    if (audit_start(&o, &sv->audit, &why) != ERR_OK) return failed(sv, "audit", c->directory, why);
    atomic_store(&sv->info.audit, sv->audit);
    return true;
}

/* Binding with SO_REUSEPORT succeeds beside another process that does so too, and would share its connections: the
 * first of our sockets asks for the address alone. */
static bool addresses_are_free(struct server *sv)
{
    const struct config *c = sv->current->config;
    for (size_t i = 0; i < c->listener_count; i++) {
        const char *why = "";
        uint16_t port = c->listeners[i].port;
        int fd = port ? bind_listen(c->listeners[i].host, &port, false, &why) : -1;
        if (port && fd < 0) return failed(sv, "listener", c->listeners[i].address, why);
        if (fd >= 0) close(fd);
    }
    return true;
}

static bool make_workers(struct server *sv)
{
    const struct config *c = sv->current->config;
    const char *what = "", *why = "";
    sv->slots = mem_zalloc(sv->count * sizeof *sv->slots);
    sv->workers = mem_zalloc(sv->count * sizeof *sv->workers);
    sv->metrics = mem_zalloc(sv->count * sizeof *sv->metrics);
    sv->ports = mem_zalloc((c->listener_count + 1) * sizeof *sv->ports);
    if (!sv->slots || !sv->workers || !sv->metrics || !sv->ports) return failed(sv, "memory", "", "out of memory");
    for (size_t i = 0; i < c->listener_count; i++) sv->ports[i] = c->listeners[i].port;
    for (unsigned i = 0; i < sv->count; i++) {
        struct worker *w = &sv->slots[i].w;
        enum err e = worker_init(w, i);
        if (e) return failed(sv, "worker", "", err_name(e));
        w->server = sv;
        w->snapshot = snapshot_ref(sv->current);
        sv->slots[i].snapshot_posted = sv->current->number;
        sv->workers[i] = w;
        sv->metrics[i] = w->metrics;
    }
    sv->shared.workers = sv->workers;
    sv->shared.worker_count = sv->count;
    if (!addresses_are_free(sv)) return false;
    for (unsigned i = 0; i < sv->count; i++)
        if (listeners_bind(c, sv->ports, &sv->shared, &sv->slots[i].listeners, &what, &why) != ERR_OK)
            return failed(sv, "listener", what, why);
    return true;
}

static bool start_admin(struct server *sv)
{
    const struct config *c = sv->current->config;
    const char *why = "";
    sv->info.workers = sv->count;
    sv->info.metrics = sv->metrics;
    sv->info.started_wall_ns = clock_wall_ns();
    sv->info.started_mono_ns = clock_mono_ns();
    show_snapshot(sv);
    sv->admin_port = c->admin_port;
    if (!c->admin_host || admin_start(c->admin_host, &sv->admin_port, &sv->info, &sv->admin, &why) == ERR_OK) return true;
    return failed(sv, "admin", c->admin_host, why);
}

static bool start_threads(struct server *sv)
{
    sv->pool = screenpool_start(sv->count, SCREENPOOL_QUEUE);
    if (!sv->pool) return failed(sv, "screening", "", "no threads");
    for (unsigned i = 0; i < sv->count; i++) {
        struct slot *s = &sv->slots[i];
        s->w.pool = sv->pool;
        if (sv->audit) s->w.journal = audit_journal(sv->audit, i);
        if (pthread_create(&s->w.thread, NULL, worker_run, &s->w) != 0) return failed(sv, "worker", "", "no thread");
        s->running = true;
    }
    return true;
}

static bool start_events(struct server *sv)
{
    sv->base = event_base_new();
    if (!sv->base) return failed(sv, "events", "", "out of memory");
    sv->hup = evsignal_new(sv->base, SIGHUP, on_hup, sv);
    sv->term = evsignal_new(sv->base, SIGTERM, on_term, sv);
    sv->intr = evsignal_new(sv->base, SIGINT, on_term, sv);
    sv->tick = evtimer_new(sv->base, on_tick, sv);
    sv->reload = evtimer_new(sv->base, on_reload, sv);
    if (!sv->hup || !sv->term || !sv->intr || !sv->tick || !sv->reload || event_add(sv->hup, NULL) != 0 ||
        event_add(sv->term, NULL) != 0 || event_add(sv->intr, NULL) != 0)
        return failed(sv, "events", "", "out of memory");
    return true;
}

static void announce(struct server *sv)
{
    const struct config *c = sv->current->config;
    char name[300];
    for (size_t i = 0; i < c->listener_count; i++) {
        bind_name(c->listeners[i].host, sv->ports[i], name, sizeof name);
        printf("listening %s%s\n", name, c->listeners[i].tls ? " tls" : "");
        log_event(LOG_INFO, "listening", LOG_NAME("address", name), LOG_BOOL("tls", c->listeners[i].tls));
    }
    if (sv->admin) {
        bind_name(c->admin_host, sv->admin_port, name, sizeof name);
        printf("admin %s\n", name);
        log_event(LOG_INFO, "admin", LOG_NAME("address", name));
    }
    puts("ready");
    fflush(stdout);
}

static bool start(struct server *sv)
{
    sigset_t all, before;
    sv->count = worker_count(sv->current->config);
    warn_descriptors(sv->current->config);
    if (!start_events(sv) || !make_workers(sv)) return false;
    /* Signals are the main thread's: the others are born with all of them blocked. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool ok = start_audit(sv) && start_admin(sv) && start_threads(sv);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ok;
}

static void join_worker(struct slot *s)
{
    struct timespec until;
    if (!s->running) return;
    enum err e = worker_post(&s->w, do_cut, NULL);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += CUT_MS / 1000;
    if (e == ERR_OK && pthread_timedjoin_np(s->w.thread, NULL, &until) == 0) {
        s->running = false;
        return;
    }
    log_event(LOG_ERROR, "worker_stuck", LOG_U64("worker", s->w.id));
    _exit(1); /* nothing it uses may be taken from under it; the journal is on the page cache's side already */
}

/* What a screening thread has in hand is bounded; like a worker, one that does not end takes the process with it. */
static void stop_screening(struct server *sv)
{
    if (screenpool_stop(sv->pool, SCREEN_CUT_MS)) return;
    log_event(LOG_ERROR, "screening_stuck");
    _exit(1);
}

static void stop(struct server *sv)
{
    for (unsigned i = 0; i < sv->count && sv->slots; i++) join_worker(&sv->slots[i]);
    stop_screening(sv);
    admin_stop(sv->admin);
    atomic_store(&sv->info.audit, NULL);
    audit_stop(sv->audit, SHIP_MS);
    for (unsigned i = 0; i < sv->count && sv->slots; i++) {
        struct slot *s = &sv->slots[i];
        struct snapshot *snap = s->w.snapshot;
        listeners_free(s->listeners);
        if (s->w.base) worker_fini(&s->w);
        snapshot_unref(snap);
    }
    struct event *events[] = {sv->hup, sv->term, sv->intr, sv->tick, sv->reload};
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        if (events[i]) event_free(events[i]);
    if (sv->base) event_base_free(sv->base);
    free_retired(sv, true);
    snapshot_unref(sv->current);
    mem_free(sv->slots);
    mem_free(sv->workers);
    mem_free(sv->metrics);
    mem_free(sv->ports);
    mem_blocks_trim();
}

static bool load_first(struct server *sv)
{
    struct buf report = buf_make(REPORT_MAX);
    sv->current = snapshot_load(sv->path, &report);
    struct slice s = buf_slice(&report);
    if (!sv->current) {
        fwrite(s.p, 1, s.n, stderr);
        log_event(LOG_ERROR, "config_refused", LOG_NAME("file", sv->path));
    }
    buf_free(&report);
    return sv->current != NULL;
}

int server_run(const char *path)
{
    struct server sv = {.path = path};
    settle_process();
    hide_environment();
    event_set_log_callback(library_log);
    evdns_set_log_fn(resolver_log);
    notify_start();
    if (!OSSL_LIB_CTX_get0_global_default()) { /* without its context OpenSSL 3.0 does not fail, it crashes */
        failed(&sv, "openssl", "", "out of memory");
        return 1;
    }
    if (!load_first(&sv)) return 1;
    log_setup((enum log_level)sv.current->config->logging.level, sv.current->config->logging.json);
    if (start(&sv)) {
        sv.life = SERVING;
        atomic_store(&sv.info.state, ADMIN_READY);
        announce(&sv);
        notify_send("READY=1\nSTATUS=serving, configuration %llu", (unsigned long long)sv.current->number);
        on_tick(-1, 0, &sv);
        event_base_dispatch(sv.base);
    }
    stop(&sv);
    if (!sv.failed) log_event(LOG_INFO, "stopped");
    notify_stop();
    return sv.failed ? 1 : 0;
}
