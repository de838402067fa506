/* How much work a screening has done, and who may end it. The filters know no clock: whoever has something screened says
 * by `stop` whether it has gone on for long enough, or nobody waits for it any more, and is asked now and then. */
#ifndef PRIVET_FILTERS_METER_H
#define PRIVET_FILTERS_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define METER_EVERY (1u << 18) /* units from one question to the next: well below a millisecond */

/* One for each screening, from its first step to its last; zeroed but for stop and arg. */
struct meter {
    uint64_t done;           /* units: about what it costs to look at a byte */
    uint64_t asked;          /* done, when stop was asked last */
    bool (*stop)(void *arg); /* true: stop now; NULL: nobody stops it */
    void *arg;
    bool stopped;
};

/* False: stop; what was screened so far counts for nothing (ERR_NOT_SCANNED). m may be NULL: nobody measures. */
static inline bool meter_ask(struct meter *m)
{
    if (!m) return true;
    m->asked = m->done;
    if (!m->stopped && m->stop && m->stop(m->arg)) m->stopped = true;
    return !m->stopped;
}
/* The same, after `units` more; asks only when it is time to. */
static inline bool meter_add(struct meter *m, uint64_t units)
{
    if (!m) return true;
    m->done += units;
    return m->done - m->asked < METER_EVERY ? !m->stopped : meter_ask(m);
}

#endif
