/* The allocator for everything that may hold text: what is freed is wiped first.
 *
 * mem_* behave as malloc/calloc/realloc/free do (NULL on failure; mem_free(NULL) is a no-op), except that the whole
 * usable size is wiped before it goes back, and that realloc never leaves the old copy behind. The hooks route the
 * libraries that see text (libevent, cJSON, PCRE2) through the same functions; call mem_install_hooks() first thing
 * in main and in a test, before any of them allocates. Blocks of megabytes are of huge pages, where the system has them: they
 * cost a page fault each 4 KiB else.
 *
 * Blocks are MEM_BLOCK bytes from a per-thread free list: the unit of network buffers. A block is wiped up to the
 * `used` bytes its owner says it wrote. The list keeps at most MEM_BLOCKS_KEPT a thread. */
#ifndef PRIVET_BASE_MEM_H
#define PRIVET_BASE_MEM_H

#include <stddef.h>

#define MEM_BLOCK       16384u
#define MEM_BLOCKS_KEPT 256u

#define MUST_CHECK __attribute__((warn_unused_result))

void *mem_alloc(size_t n) MUST_CHECK;
void *mem_zalloc(size_t n) MUST_CHECK;
void *mem_realloc(void *p, size_t n) MUST_CHECK;
void mem_free(void *p);
/* As mem_free, for a block of which only the first `used` bytes were ever written: the rest is not touched, so pages of a
 * large block that were never needed are never fetched. */
void mem_free_used(void *p, size_t used);
/* realloc as it is, for lists of offsets and the like, which hold no text: nothing is wiped, and large ones move without
 * a copy. */
void *mem_resize(void *p, size_t n) MUST_CHECK;
/* A NUL-terminated copy of n bytes. */
char *mem_strndup(const char *s, size_t n) MUST_CHECK;
char *mem_strdup(const char *s) MUST_CHECK;
/* A wipe the compiler keeps. */
void mem_wipe(void *p, size_t n);

void *mem_block_get(void) MUST_CHECK;
void mem_block_put(void *block, size_t used);
/* Gives this thread's free list back to the system; at thread end. */
void mem_blocks_trim(void);

/* For other libraries' hooks and for PCRE2's general context ((size, data) signature). */
void mem_install_hooks(void);
void *mem_pcre2_alloc(size_t n, void *unused);
void mem_pcre2_free(void *p, void *unused);

#endif
