/* An automaton made least: states that nothing tells apart become one, and so do classes; a state that cannot fail any more
 * says so at once. What is walked in texts is then a few rows close together, that stay in the caches. */
#include "filters/detect/tail.h"

#define SLOTS (2 * 8192u) /* of a hash table of states: a power of two, twice their number */

struct tail_shrinker {
    size_t states, classes;
    const uint16_t *to;                             /* [states][classes]: the state a class leads to */
    uint16_t block[TAIL_STATES], next[TAIL_STATES]; /* a state's block, and as it will be */
    uint16_t first[TAIL_STATES];                    /* a block's first state */
    uint16_t slot[SLOTS];
    uint32_t factor[256];    /* of a class in a state's hash: odd */
    size_t kept;             /* blocks there is room for */
    bool fails[TAIL_STATES]; /* a state leads to TAIL_NONE by something */
};

/* States that cannot fail are as good as TAIL_MAY. */
static void split_safe(struct tail_shrinker *s)
{
    memset(s->fails, 0, sizeof s->fails);
    s->fails[TAIL_NONE] = true;
    for (bool more = true; more;) {
        more = false;
        for (size_t q = s->states; q-- > TAIL_START;) {
            if (s->fails[q]) continue;
            for (size_t c = 0; c < s->classes && !s->fails[q]; c++) s->fails[q] = s->fails[s->to[q * s->classes + c]];
            more |= s->fails[q];
        }
    }
    for (size_t q = 0; q < s->states; q++) s->block[q] = q == TAIL_NONE ? TAIL_NONE : s->fails[q] ? TAIL_START : TAIL_MAY;
}

static bool same(const struct tail_shrinker *s, size_t p, size_t q)
{
    const uint16_t *x = s->to + p * s->classes, *y = s->to + q * s->classes;
    size_t c = 0;
    while (c < s->classes && s->block[x[c]] == s->block[y[c]]) c++;
    return c == s->classes && s->block[p] == s->block[q];
}

/* Moore's refinement, one round: states of a block that lead to different blocks part. The number of blocks. */
static size_t refine(struct tail_shrinker *s)
{
    size_t blocks = TAIL_START;
    memset(s->slot, 0, sizeof s->slot);
    for (size_t q = 0; q < s->states; q++) {
        if (s->block[q] < TAIL_START) {
            s->next[q] = s->block[q];
            continue;
        }
        const uint16_t *to = s->to + q * s->classes;
        uint32_t h = s->block[q];
        for (size_t c = 0; c < s->classes; c++) h += s->block[to[c]] * s->factor[c]; /* none waits for the one before */
        h = (h * 0x9e3779b1u) >> 16;
        while (s->slot[h % SLOTS] && !same(s, s->first[s->slot[h % SLOTS]], q)) h++;
        uint16_t *slot = &s->slot[h % SLOTS];
        if (!*slot) {
            *slot = (uint16_t)blocks++;
            s->first[*slot] = (uint16_t)q;
        }
        s->next[q] = *slot;
    }
    memcpy(s->block, s->next, s->states * sizeof *s->block);
    return blocks;
}

/* Whether two classes lead to the same blocks from everywhere. */
static bool same_class(const struct tail_shrinker *s, size_t blocks, size_t c, size_t d)
{
    for (size_t b = TAIL_START; b < blocks; b++) {
        const uint16_t *to = s->to + s->first[b] * s->classes;
        if (s->block[to[c]] != s->block[to[d]]) return false;
    }
    return true;
}

static size_t rewrite(struct tail_shrinker *s, size_t blocks, struct tail *t)
{
    uint8_t of[256] = {0}, first[256];
    uint32_t n = 0;
    for (size_t c = 0; c < s->classes; c++) {
        uint32_t k = 0;
        while (k < n && !same_class(s, blocks, c, first[k])) k++;
        of[c] = (uint8_t)k;
        if (k == n) first[n++] = (uint8_t)c;
    }
    for (unsigned c = 0; c < 256; c++) t->cls[c] = of[t->cls[c]];
    if (blocks * n > TAIL_ROOM) blocks = TAIL_ROOM / n;
    for (size_t b = 0; b < blocks; b++)
        for (size_t c = 0; c < n; c++) {
            size_t next = b < TAIL_START ? b : s->block[s->to[s->first[b] * s->classes + first[c]]];
            t->next[b * n + c] = (uint16_t)((next < blocks ? next : TAIL_MAY) * n);
        }
    t->classes = n;
    return s->kept = blocks;
}

struct tail_shrinker *tail_shrinker_new(void)
{
    struct tail_shrinker *s = mem_alloc(sizeof *s);
    uint32_t f = 1;
    for (size_t c = 0; s && c < 256; c++) s->factor[c] = f *= 0x01000193u;
    return s;
}

size_t tail_shrink(struct tail_shrinker *s, const uint16_t *to, size_t states, struct tail *t)
{
    s->states = states;
    s->classes = t->classes;
    s->to = to;
    split_safe(s);
    size_t blocks = TAIL_START + 1, had;
    do had = blocks;
    while ((blocks = refine(s)) > had);
    return rewrite(s, blocks, t);
}

size_t tail_shrunk(const struct tail_shrinker *s, size_t state) { return s->block[state] < s->kept ? s->block[state] : TAIL_MAY; }
