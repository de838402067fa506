/* The pages of the admin listener: one row for each path. Numbers, states and our own words only. */
#include "proxy/admin/pages.h"
#include "proxy/base/clock.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define TYPE_TEXT "text/plain; charset=utf-8"
#define TYPE_JSON "application/json"
#define TYPE_PROM "text/plain; version=0.0.4; charset=utf-8"

static const char *const states[] = {"starting", "ready", "draining"};

static uint64_t sum(const struct admin_info *info, enum metric m)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < info->workers; i++) n += atomic_load_explicit(&info->metrics[i]->v[m], memory_order_relaxed);
    return n;
}

/* False if there is no audit. */
static bool audit_of(const struct admin_info *info, struct audit_status *out)
{
    const struct audit *a = atomic_load_explicit(&info->audit, memory_order_acquire);
    if (a) audit_status(a, out);
    return a != NULL;
}

static enum err page_health(const struct admin_info *info, struct admin_page *p, struct buf *b)
{
    (void)info;
    p->type = TYPE_TEXT;
    return buf_add(b, SLICE("ok\n"));
}

static enum err page_ready(const struct admin_info *info, struct admin_page *p, struct buf *b)
{
    int state = atomic_load(&info->state);
    struct audit_status a;
    bool audit = audit_of(info, &a) && a.failing, ready = state == ADMIN_READY && !audit;
    p->type = TYPE_JSON;
    p->status = ready ? 200 : 503;
    if (ready) return buf_add(b, SLICE("{\"ready\":true,\"reasons\":[]}\n"));
    return buf_addf(b, "{\"ready\":false,\"reasons\":[%s%s%s%s%s]}\n", state == ADMIN_READY ? "" : "\"",
                    state == ADMIN_READY ? "" : states[state], state == ADMIN_READY ? "" : "\"",
                    state != ADMIN_READY && audit ? "," : "", audit ? "\"audit\"" : "");
}

static enum err page_status(const struct admin_info *info, struct admin_page *p, struct buf *b)
{
    struct audit_status a;
    char loaded[25];
    clock_rfc3339(atomic_load(&info->loaded_wall_ns), loaded);
    p->type = TYPE_JSON;
    enum err e = buf_addf(b,
                          "{\"version\":\"%s\",\"state\":\"%s\",\"uptime_s\":%llu,\"workers\":%u,\"snapshot\":%llu,"
                          "\"loaded\":\"%s\",\"reloads_failed\":%llu,",
                          PRIVET_VERSION, states[atomic_load(&info->state)],
                          (unsigned long long)((clock_mono_ns() - info->started_mono_ns) / S_NS), info->workers,
                          (unsigned long long)atomic_load(&info->snapshot), loaded,
                          (unsigned long long)atomic_load(&info->reloads_failed));
    if (!e)
        e = buf_addf(b, "\"connections\":%llu,\"requests_in_flight\":%llu,\"requests\":%llu,\"audit\":",
                     (unsigned long long)sum(info, M_CONNECTIONS_OPEN), (unsigned long long)sum(info, M_REQUESTS_OPEN),
                     (unsigned long long)sum(info, M_REQUESTS));
    if (e) return e;
    if (!audit_of(info, &a)) return buf_add(b, SLICE("null}\n"));
    return buf_addf(b, "{\"appended\":%llu,\"synced\":%llu,\"failed\":%llu,\"failing\":%s,\"redis\":%s,\"shipped\":%llu}}\n",
                    (unsigned long long)a.appended, (unsigned long long)a.synced, (unsigned long long)a.failed,
                    a.failing ? "true" : "false",
                    !a.redis_configured ? "null"
                    : a.redis_up        ? "\"up\""
                                        : "\"down\"",
                    (unsigned long long)a.shipped);
}

/* ---- metrics ---- */

struct gauge {
    const char *name, *type, *help;
    double value;
};

static enum err add_gauges(struct buf *b, const struct gauge *g, size_t n)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < n && !e; i++)
        if (g[i].value >= 0) /* below: not known */
            e = buf_addf(b, "# HELP %s %s\n# TYPE %s %s\n%s %.17g\n", g[i].name, g[i].help, g[i].name, g[i].type, g[i].name,
                         g[i].value);
    return e;
}

static double resident_bytes(void)
{
    char text[128];
    unsigned long long size, pages = 0;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0) close(fd);
    if (n <= 0) return 0;
    text[n] = 0;
    if (sscanf(text, "%llu %llu", &size, &pages) != 2) return 0; /* house: the kernel wrote it */
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static double open_descriptors(void)
{
    DIR *d = opendir("/proc/self/fd"); /* not ours to open once the process cannot be dumped, unless we are root */
    double n = 0;
    if (!d) return -1;
    while (readdir(d)) n++;
    closedir(d);
    return n - 3; /* ".", ".." and the directory's own */
}

static enum err add_process(struct buf *b, const struct admin_info *info)
{
    struct rusage ru = {0};
    struct rlimit rl = {0};
    (void)getrusage(RUSAGE_SELF, &ru);
    (void)getrlimit(RLIMIT_NOFILE, &rl);
    double cpu = (double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) + (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6;
    const struct gauge g[] = {
        {"process_cpu_seconds_total", "counter", "User and system CPU time", cpu},
        {"process_resident_memory_bytes", "gauge", "Resident memory", resident_bytes()},
        {"process_open_fds", "gauge", "Open file descriptors", open_descriptors()},
        {"process_max_fds", "gauge", "Most file descriptors that may be open", (double)rl.rlim_cur},
        {"process_start_time_seconds", "gauge", "Start, since 1970-01-01 UTC", (double)info->started_wall_ns / 1e9},
        {"privet_workers", "gauge", "Worker threads", info->workers},
        {"privet_ready", "gauge", "1 if requests are served", atomic_load(&info->state) == ADMIN_READY},
        {"privet_config_snapshot", "gauge", "Number of the configuration in use", (double)atomic_load(&info->snapshot)},
        {"privet_config_loaded_seconds", "gauge", "When it was loaded, since 1970-01-01 UTC",
         (double)atomic_load(&info->loaded_wall_ns) / 1e9},
        {"privet_config_reload_failures_total", "counter", "Reloads refused", (double)atomic_load(&info->reloads_failed)},
    };
    return add_gauges(b, g, sizeof g / sizeof g[0]);
}

static enum err add_audit(struct buf *b, const struct audit_status *a)
{
    const struct gauge g[] = {
        {"privet_audit_appended_total", "counter", "Audit lines written", (double)a->appended},
        {"privet_audit_synced_total", "counter", "Audit lines on the disk for certain", (double)a->synced},
        {"privet_audit_refused_total", "counter", "Audit lines refused", (double)a->failed},
        {"privet_audit_failing", "gauge", "1 while the disk takes no lines", a->failing},
        {"privet_audit_shipped_total", "counter", "Audit lines shipped to Redis", (double)a->shipped},
        {"privet_audit_redis_up", "gauge", "1 while Redis answers", a->redis_up},
    };
    size_t n = sizeof g / sizeof g[0];
    return add_gauges(b, g, a->redis_configured ? n : n - 2);
}

static enum err page_metrics(const struct admin_info *info, struct admin_page *p, struct buf *b)
{
    struct audit_status a;
    p->type = TYPE_PROM;
    enum err e = metrics_write(info->metrics, info->workers, b);
    if (!e) e = add_process(b, info);
    if (!e && audit_of(info, &a)) e = add_audit(b, &a);
    return e;
}

static const struct {
    struct slice path;
    enum err (*write)(const struct admin_info *info, struct admin_page *p, struct buf *b);
} pages[] = {
    {SLICE_INIT("/healthz"), page_health},
    {SLICE_INIT("/readyz"), page_ready},
    {SLICE_INIT("/metrics"), page_metrics},
    {SLICE_INIT("/status"), page_status},
};

enum err admin_page(struct slice path, const struct admin_info *info, struct admin_page *page, struct buf *body)
{
    *page = (struct admin_page){200, TYPE_TEXT};
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++)
        if (slice_eq(path, pages[i].path)) return pages[i].write(info, page, body);
    page->status = 404;
    return buf_add(body, SLICE("not found\n"));
}
