/* Memory that is given out in pieces and freed whole, wiped: what a configuration or a rule pack owns. */
#ifndef PRIVET_CONFIG_ARENA_H
#define PRIVET_CONFIG_ARENA_H

#include "proxy/base/mem.h"
#include "proxy/base/slice.h"

struct arena_chunk;
struct arena {
    struct arena_chunk *chunks;
};

/* Zeroed, aligned for any type; NULL if memory is out. */
void *arena_alloc(struct arena *a, size_t n) MUST_CHECK;
/* A NUL-terminated copy. */
char *arena_copy(struct arena *a, struct slice s) MUST_CHECK;
void arena_free(struct arena *a);

#endif
