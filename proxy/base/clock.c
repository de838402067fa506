/* Reading and writing time. */
#include "proxy/base/clock.h"

#include <stdio.h>
#include <time.h>

static uint64_t read_clock(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * S_NS + (uint64_t)t.tv_nsec;
}

uint64_t clock_mono_ns(void) { return read_clock(CLOCK_MONOTONIC); }
uint64_t clock_wall_ns(void) { return read_clock(CLOCK_REALTIME); }
uint64_t clock_thread_ns(void) { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

void clock_rfc3339(uint64_t wall_ns, char out[25])
{
    time_t s = (time_t)(wall_ns / S_NS);
    struct tm tm;
    gmtime_r(&s, &tm);
    char day[24];
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out, 25, "%.19s.%03uZ", day, (unsigned)(wall_ns / MS_NS % 1000));
}
