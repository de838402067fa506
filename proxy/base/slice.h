/* A slice is a view of bytes somebody else owns: a pointer and a length, never NUL-terminated by contract.
 * It is a value; it lives no longer than the bytes it points at. */
#ifndef PRIVET_BASE_SLICE_H
#define PRIVET_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const char *p;
    size_t n;
};

#define SLICE_NONE ((struct slice){NULL, 0})
/* For string literals and arrays whose length is known at compile time. */
#define SLICE(lit) ((struct slice){(lit), sizeof(lit) - 1})
/* Initialiser for static tables. */
#define SLICE_INIT(lit)                                                                                                          \
    {                                                                                                                            \
        (lit), sizeof(lit) - 1                                                                                                   \
    }

static inline struct slice slice_of(const void *p, size_t n) { return (struct slice){(const char *)p, n}; }
static inline struct slice slice_str(const char *s) { return (struct slice){s, s ? strlen(s) : 0}; }
static inline bool slice_eq(struct slice a, struct slice b) { return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0); }
/* ASCII case is ignored; any other byte must be equal. */
bool slice_ieq(struct slice a, struct slice b);
bool slice_starts(struct slice s, struct slice prefix);
bool slice_ends(struct slice s, struct slice suffix);
/* The index of byte c, or s.n. */
size_t slice_find(struct slice s, char c);
/* The index of the first occurrence of `what`, or s.n. */
size_t slice_search(struct slice s, struct slice what);
/* Without leading and trailing SP and HTAB. */
struct slice slice_trim(struct slice s);
/* A decimal number without sign. False if empty, not all digits, or above max (compared before multiplying). */
bool slice_u64(struct slice s, uint64_t max, uint64_t *out);
/* Shell-like match with '*' (any bytes) and '?' (one byte); ASCII case matters. Linear in s.n * stars. */
bool slice_glob(struct slice pattern, struct slice s);

#endif
