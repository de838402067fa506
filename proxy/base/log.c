/* Formats one event as one line and writes it with one system call. */
#include "proxy/base/log.h"
#include "proxy/base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static _Atomic int least_level = LOG_INFO;
static _Atomic bool as_json;

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void log_setup(enum log_level least, bool json)
{
    atomic_store(&least_level, (int)least);
    atomic_store(&as_json, json);
}

bool log_due(uint64_t *last)
{
    uint64_t now = clock_mono_ns() / S_NS + 1;
    if (*last == now) return false;
    *last = now;
    return true;
}

bool log_wants(enum log_level level) { return (int)level >= atomic_load_explicit(&least_level, memory_order_relaxed); }

struct line {
    char p[4096];
    size_t n;
};

static void put(struct line *l, const char *s)
{
    size_t n = strlen(s);
    if (n > sizeof l->p - 2 - l->n) n = sizeof l->p - 2 - l->n;
    memcpy(l->p + l->n, s, n);
    l->n += n;
}

static void put_escaped(struct line *l, const char *s)
{
    char hex[8];
    for (size_t i = 0; s && s[i] && i < LOG_NAME_MAX; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\') snprintf(hex, sizeof hex, "\\u%04x", c);
        else snprintf(hex, sizeof hex, "%c", c);
        put(l, hex);
    }
}

static void put_value(struct line *l, const struct log_field *f, bool json)
{
    char num[32];
    switch (f->type) {
    case LOG_T_U64:
        snprintf(num, sizeof num, "%llu", (unsigned long long)f->u);
        put(l, num);
        break;
    case LOG_T_I64:
        snprintf(num, sizeof num, "%lld", (long long)f->u);
        put(l, num);
        break;
    case LOG_T_BOOL: put(l, f->u ? "true" : "false"); break;
    case LOG_T_NAME:
    case LOG_T_ERRNO:
        if (json) put(l, "\"");
        put_escaped(l, f->type == LOG_T_NAME ? f->name : strerrordesc_np((int)f->u));
        if (json) put(l, "\"");
        break;
    }
}

void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t count)
{
    struct line l = {.n = 0};
    char now[25];
    bool json = atomic_load(&as_json);
    clock_rfc3339(clock_wall_ns(), now);
    put(&l, json ? "{\"time\":\"" : "");
    put(&l, now);
    put(&l, json ? "\",\"level\":\"" : " ");
    put(&l, level_names[level]);
    put(&l, json ? "\",\"event\":\"" : " ");
    put_escaped(&l, event);
    put(&l, json ? "\"" : "");
    for (size_t i = 0; i < count; i++) {
        put(&l, json ? ",\"" : " ");
        put_escaped(&l, fields[i].key);
        put(&l, json ? "\":" : "=");
        put_value(&l, &fields[i], json);
    }
    if (json) put(&l, "}");
    l.p[l.n++] = '\n';
    ssize_t w = write(STDERR_FILENO, l.p, l.n);
    (void)w; /* a log that cannot be written must not stop the service */
}
