/* Time. Deadlines and durations use the monotonic clock, records the wall clock; both in nanoseconds. */
#ifndef PRIVET_BASE_CLOCK_H
#define PRIVET_BASE_CLOCK_H

#include <stdint.h>

#define MS_NS 1000000ull
#define S_NS  1000000000ull

/* Reads the clock. */
uint64_t clock_mono_ns(void);
uint64_t clock_wall_ns(void);   /* since 1970-01-01 UTC */
uint64_t clock_thread_ns(void); /* what this thread has computed: a system call */
/* RFC 3339 with milliseconds, UTC: "2026-11-23T12:30:00.123Z" and its NUL: 25 bytes. */
void clock_rfc3339(uint64_t wall_ns, char out[25]);

#endif
