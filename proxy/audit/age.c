/* Ages by two clocks: the monotonic one tells how far the wall clock should have come. */
#include "proxy/audit/age.h"
#include "proxy/base/clock.h"

#include <stdbool.h>

#define JUMP_LEAST (5 * (int64_t)S_NS) /* what is less is slewing, or a thread that had to wait */

static void read_both(struct age_clock *c)
{
    c->wall = clock_wall_ns();
    c->mono = clock_mono_ns();
}

bool age_start(struct age_clock *c, uint64_t newest, uint64_t retain)
{
    *c = (struct age_clock){0};
    read_both(c);
    if (!newest || !retain || c->wall < newest || c->wall - newest <= retain) return false;
    c->skew = (int64_t)(c->wall - newest);
    c->jumped = c->wall;
    return true;
}

bool age_look(struct age_clock *c)
{
    uint64_t wall = c->wall, mono = c->mono;
    read_both(c);
    int64_t jump = (int64_t)(c->wall - wall) - (int64_t)(c->mono - mono);
    if (jump < JUMP_LEAST && jump > -JUMP_LEAST) return false;
    c->skew += jump;
    c->jumped = c->wall;
    return true;
}

uint64_t age_of(const struct age_clock *c, uint64_t written)
{
    uint64_t now = c->wall;
    bool before = !c->jumped || written < c->jumped || written > now;
    if (before && c->skew > 0) now -= (uint64_t)c->skew;
    return written < now ? now - written : 0;
}
