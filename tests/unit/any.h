/* Numbers for tests that try many things: the same in every run. */
#ifndef PRIVET_TESTS_ANY_H
#define PRIVET_TESTS_ANY_H

#include <stdint.h>

static uint32_t any_seed = 1;

/* Below n, which is not 0 and at most 2^24. */
static inline uint32_t any(uint32_t n)
{
    any_seed = any_seed * 1664525u + 1013904223u;
    return (any_seed >> 8) % n;
}

#endif
