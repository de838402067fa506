/* The service's own log: levelled, JSON or text, one line an event, to standard error.
 *
 * It cannot be given text from a body: a line is an event name (a literal) and typed fields. A name field takes only
 * strings from configuration or from our own tables, is cut at LOG_NAME_MAX bytes, and every byte outside printable
 * ASCII, quotes and backslashes is escaped, so that nothing can forge a line. Thread-safe: one write(2) a line.
 *
 *   log_event(LOG_INFO, "listening", LOG_NAME("address", addr), LOG_U64("workers", n));
 */
#ifndef PRIVET_BASE_LOG_H
#define PRIVET_BASE_LOG_H

#include "proxy/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_NAME_MAX 200u

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_OFF };

struct log_field {
    const char *key; /* a literal */
    enum { LOG_T_U64, LOG_T_I64, LOG_T_NAME, LOG_T_BOOL, LOG_T_ERRNO } type;
    uint64_t u;
    const char *name;
};

#define LOG_U64(k, v)  ((struct log_field){.key = "" k, .type = LOG_T_U64, .u = (uint64_t)(v)})
#define LOG_I64(k, v)  ((struct log_field){.key = "" k, .type = LOG_T_I64, .u = (uint64_t)(int64_t)(v)})
#define LOG_BOOL(k, v) ((struct log_field){.key = "" k, .type = LOG_T_BOOL, .u = (v) ? 1 : 0})
/* Configuration names, file names, addresses, table names. Never a byte a peer sent. */
#define LOG_NAME(k, s) ((struct log_field){.key = "" k, .type = LOG_T_NAME, .name = (s)})
#define LOG_ERR(e)     LOG_NAME("error", err_name(e))
#define LOG_ERRNO(n)   ((struct log_field){.key = "errno", .type = LOG_T_ERRNO, .u = (uint64_t)(n)})

/* Before the first thread starts, and again at reload. */
void log_setup(enum log_level least, bool json);
/* True once a second at most, for lines that a fault could write with every request. One `last` for each place. */
bool log_due(uint64_t *last);
bool log_wants(enum log_level level);
void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t count);

#define log_event(level, event, ...)                                                                                             \
    do {                                                                                                                         \
        if (log_wants(level)) {                                                                                                  \
            const struct log_field log_f_[] = {__VA_ARGS__};                                                                     \
            log_write((level), "" event, log_f_, sizeof log_f_ / sizeof log_f_[0]);                                              \
        }                                                                                                                        \
    } while (0)

#endif
