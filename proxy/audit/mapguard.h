/* A mapped file that somebody cuts short kills whoever writes to the map (SIGBUS). Ranges that are guarded here do not:
 * the missing part becomes ordinary memory, which nothing of reaches the file, and a flag says so. */
#ifndef PRIVET_AUDIT_MAPGUARD_H
#define PRIVET_AUDIT_MAPGUARD_H

#include "proxy/base/mem.h"

#include <stdatomic.h>
#include <stdbool.h>

/* Guards a writable mapping from now on: *cut becomes true before the write that met the hole goes on. Returns what
 * mapguard_remove takes, 0 if there are too many. The handler is installed with the first one. */
unsigned mapguard_add(void *map, size_t size, _Atomic bool *cut) MUST_CHECK;
/* Before it is unmapped. 0 is nothing. */
void mapguard_remove(unsigned guard);

#endif
