/* A file's bytes, for tests that read cases from disk. */
#ifndef TEST_SLURP_H
#define TEST_SLURP_H

#include <stdio.h>
#include <stdlib.h>

/* dir/name with a NUL behind it, to be freed; NULL if there is none. */
static char *slurp(const char *dir, const char *name, size_t *n)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "rb");
    if (!f) return NULL;
    fseek(f, 0, SEEK_END);
    *n = (size_t)ftell(f);
    rewind(f);
    char *t = malloc(*n + 1);
    assert_int_equal(fread(t, 1, *n, f), *n);
    t[*n] = 0;
    fclose(f);
    return t;
}

#endif
