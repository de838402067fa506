/* How old a file is, told by a wall clock that may be wrong: a jump of the clock makes nothing older. What lies before a
 * jump has its age by the clock as it was, what was written behind it by the clock as it is. */
#ifndef PRIVET_AUDIT_AGE_H
#define PRIVET_AUDIT_AGE_H

#include <stdbool.h>
#include <stdint.h>

struct age_clock {
    uint64_t wall, mono; /* when age_look was called last */
    int64_t skew;        /* how far all jumps together have set the clock forward */
    uint64_t jumped;     /* by the wall clock: behind the last jump; 0: none was seen */
};

/* `newest`: the wall time of the youngest file that is there, 0 if there is none. Where all of them would be too old at
 * once (`retain`), the clock may as well have jumped while nobody looked. Returns true if that was taken to be so. */
bool age_start(struct age_clock *c, uint64_t newest, uint64_t retain);
/* Compares both clocks; to be called now and then. Returns true if the wall clock has jumped. */
bool age_look(struct age_clock *c);
/* In ns, of what was written at this wall time. */
uint64_t age_of(const struct age_clock *c, uint64_t written);

#endif
