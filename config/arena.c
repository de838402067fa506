/* Pieces of wiped memory, freed whole. */
#include "config/arena.h"

#define CHUNK_SIZE 16384u

struct arena_chunk {
    struct arena_chunk *next;
    size_t used, size;
    _Alignas(16) char data[];
};

void *arena_alloc(struct arena *a, size_t n)
{
    struct arena_chunk *k = a->chunks;
    n = (n + 15) & ~(size_t)15;
    if (!k || k->size - k->used < n) {
        size_t size = n > CHUNK_SIZE ? n : CHUNK_SIZE;
        k = mem_zalloc(sizeof *k + size);
        if (!k) return NULL;
        k->size = size;
        k->next = a->chunks;
        a->chunks = k;
    }
    void *p = k->data + k->used;
    k->used += n;
    return p;
}

char *arena_copy(struct arena *a, struct slice s)
{
    char *p = arena_alloc(a, s.n + 1);
    if (p && s.n) memcpy(p, s.p, s.n);
    return p;
}

void arena_free(struct arena *a)
{
    while (a->chunks) {
        struct arena_chunk *k = a->chunks;
        a->chunks = k->next;
        mem_free(k);
    }
}
