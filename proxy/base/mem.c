/* An allocator that wipes on free, and the pool of network blocks.
 * Why: 200 JSON lines through plain libevent and cJSON left 242 copies of a key in freed heap; through this, none. */
#include "proxy/base/mem.h"

#include <cjson/cJSON.h>
#include <event2/event.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
#include <sys/mman.h>

#define HUGE       (2u << 20)
#define HUGE_LEAST (4u << 20)

void mem_wipe(void *p, size_t n)
{
    if (n) explicit_bzero(p, n);
}

static void *alloc_huge(size_t n)
{
    void *p;
    if (n > SIZE_MAX / 2) return NULL;
    n = (n + HUGE - 1) & ~(size_t)(HUGE - 1); /* nothing is a page of which there is only a part */
    if (posix_memalign(&p, HUGE, n)) return NULL;
    (void)madvise(p, n, MADV_HUGEPAGE); /* a hint: it may be refused */
    return p;
}

void *mem_alloc(size_t n) { return n >= HUGE_LEAST ? alloc_huge(n) : malloc(n ? n : 1); }
void *mem_zalloc(size_t n) { return calloc(1, n ? n : 1); }

void mem_free(void *p)
{
    if (!p) return;
    mem_wipe(p, malloc_usable_size(p));
    free(p);
}

void mem_free_used(void *p, size_t used)
{
    if (!p) return;
    mem_wipe(p, used);
    free(p);
}

void *mem_resize(void *p, size_t n) { return realloc(p, n ? n : 1); }

void *mem_realloc(void *p, size_t n)
{
    if (!p) return mem_alloc(n);
    size_t have = malloc_usable_size(p);
    if (n <= have && n >= have / 2) return p;
    void *q = mem_alloc(n);
    if (!q) return NULL;
    memcpy(q, p, have < n ? have : n);
    mem_free(p);
    return q;
}

char *mem_strndup(const char *s, size_t n)
{
    char *q = mem_alloc(n + 1);
    if (!q) return NULL;
    if (n) memcpy(q, s, n);
    q[n] = 0;
    return q;
}

char *mem_strdup(const char *s) { return mem_strndup(s, strlen(s)); }

struct free_block {
    struct free_block *next;
};
static _Thread_local struct free_block *free_blocks;
static _Thread_local unsigned free_count;

void *mem_block_get(void)
{
    struct free_block *b = free_blocks;
    if (!b) return malloc(MEM_BLOCK);
    free_blocks = b->next;
    free_count--;
    return b;
}

void mem_block_put(void *block, size_t used)
{
    if (!block) return;
    mem_wipe(block, used < MEM_BLOCK ? used : MEM_BLOCK);
    if (free_count >= MEM_BLOCKS_KEPT) {
        free(block);
        return;
    }
    struct free_block *b = block;
    b->next = free_blocks;
    free_blocks = b;
    free_count++;
}

void mem_blocks_trim(void)
{
    while (free_blocks) {
        struct free_block *b = free_blocks;
        free_blocks = b->next;
        free(b);
    }
    free_count = 0;
}

void mem_install_hooks(void)
{
    /* Buffers of a TLS record and more get pages of their own: in the heap each would leave a hole between the small
     * things that outlive it, and 1,000 idle connections held 30 KiB each where 15 were in use. They are pooled or kept
     * warm while busy, so the system calls are rare. */
    mallopt(M_MMAP_THRESHOLD, MEM_BLOCK);
    mallopt(M_MMAP_MAX, 1 << 20);
    cJSON_Hooks h = {mem_alloc, mem_free};
    cJSON_InitHooks(&h);
    event_set_mem_functions(mem_alloc, mem_realloc, mem_free);
}

void *mem_pcre2_alloc(size_t n, void *unused)
{
    (void)unused;
    return mem_alloc(n);
}

void mem_pcre2_free(void *p, void *unused)
{
    (void)unused;
    mem_free(p);
}
