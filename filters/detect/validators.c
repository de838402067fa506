/* The table of validators: families of rows gathered once, looked up by name when rules are compiled.
 * Shannon entropy lives here too, since rules ask for it beside them. */
#include "filters/detect/valid.h"

#include <math.h>
#include <pthread.h>

#define ROWS_MAX 256

static struct validator rows[ROWS_MAX];
static size_t row_count;
static pthread_once_t gathered = PTHREAD_ONCE_INIT;

static void gather(void)
{
    static const struct validator *const families[] = {valid_bank,    valid_europe, valid_north, valid_americas, valid_asia,
                                                       valid_pacific, valid_net,    valid_coin,  valid_phone,    valid_token,
                                                       valid_secret,  valid_thing,  valid_name};
    for (size_t f = 0; f < sizeof families / sizeof *families; f++)
        for (const struct validator *r = families[f]; r->name && row_count < ROWS_MAX; r++) rows[row_count++] = *r;
}

const struct validator *validators(size_t *n)
{
    (void)pthread_once(&gathered, gather);
    *n = row_count;
    return rows;
}

const struct validator *validator_find(const char *name)
{
    size_t n;
    const struct validator *v = validators(&n);
    for (size_t i = 0; i < n; i++)
        if (strcmp(v[i].name, name) == 0) return &v[i];
    return NULL;
}

float entropy_shannon(struct slice s)
{
    uint32_t count[256] = {0};
    double bits = 0;
    for (size_t i = 0; i < s.n; i++) count[(unsigned char)s.p[i]]++;
    for (size_t i = 0; i < 256; i++) {
        if (!count[i]) continue;
        double p = (double)count[i] / (double)s.n;
        bits -= p * log2(p);
    }
    return (float)bits;
}
