/* The nearest known word to a misspelt one: edit distance with transpositions, ASCII case ignored. */
#include "config/config.h"

#include <limits.h>

#define WORD_MAX 64

static int lower(char c) { return c >= 'A' && c <= 'Z' ? c + 32 : (unsigned char)c; }

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    if (b < a) a = b;
    return c < a ? c : a;
}

/* Optimal string alignment distance (Damerau 1964); words longer than WORD_MAX are far from everything. */
static unsigned distance(const char *a, size_t n, const char *b, size_t m)
{
    unsigned rows[3][WORD_MAX + 1];
    unsigned *before = rows[0], *above = rows[1], *row = rows[2];
    if (n > WORD_MAX || m > WORD_MAX) return UINT_MAX;
    for (size_t j = 0; j <= m; j++) above[j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned cost = lower(a[i - 1]) != lower(b[j - 1]);
            row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + cost);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]) &&
                before[j - 2] + 1 < row[j])
                row[j] = before[j - 2] + 1;
        }
        unsigned *spare = before;
        before = above;
        above = row;
        row = spare;
    }
    return above[m];
}

const char *config_nearest(const char *word, const char *const *known, size_t n)
{
    size_t len = strlen(word);
    unsigned most = (unsigned)(len / 3 > 1 ? len / 3 : 1), best = most + 1;
    const char *near = NULL;
    for (size_t i = 0; i < n; i++) {
        unsigned d = distance(word, len, known[i], strlen(known[i]));
        if (d < best) {
            best = d;
            near = known[i];
        }
    }
    return near;
}
