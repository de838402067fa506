/* The subset construction over one shape from given states on, breadth first, within a table of fixed size and a budget
 * of work: what is not worked out "may" match. */
#include "filters/detect/tail.h"

#include <stdlib.h>

#define CLASSES_MAX 64u
#define FRONT_MAX   256u   /* states of the shape in one set: more are not told apart */
#define WORK_MAX    20000u /* states of the shape added */

struct set {
    uint16_t *v; /* states, ascending */
    size_t n;
    uint32_t hash;
};

struct builder {
    const struct shape *s;
    struct tail *t;
    struct set set[TAIL_STATES];
    size_t states, most; /* most: rows the table has */
    uint64_t *takes;     /* by state of the shape: the classes it takes, one bit each; filled where reached */
    uint16_t *found, *stack;
    size_t found_n;
    uint32_t *mark, round;
    bool any; /* the set being built holds "anything" */
    uint32_t work;
};

/* --- sets of states */

/* Adds a state and what it reaches without a byte. */
static void add(struct builder *b, uint16_t q)
{
    size_t top = 0;
    b->stack[top++] = q;
    while (top) {
        q = b->stack[--top];
        if (b->mark[q] == b->round) continue;
        b->mark[q] = b->round;
        b->work++;
        const struct shape_state *st = shape_state(b->s, q);
        if (st->kind == SHAPE_ANY) b->any = true;
        else if (st->kind == SHAPE_SET) b->found[b->found_n++] = q;
        else {
            b->stack[top++] = st->out;
            if (st->kind == SHAPE_SPLIT) b->stack[top++] = st->alt;
        }
    }
}

static void begin(struct builder *b)
{
    b->found_n = 0;
    b->any = false;
    b->round++;
}

/* --- classes: bytes that no state behind the literal tells apart */

/* Each byte's sign is the sets it is in; bytes of one sign are one class. */
static void number_classes(struct tail *t, const struct byteset *sets, size_t n)
{
    uint64_t sign[256][2] = {{0}};
    uint8_t first[CLASSES_MAX] = {0};
    for (size_t k = 0; k < n; k++)
        for (unsigned i = 0; i < 4; i++)
            for (uint64_t w = sets[k].w[i]; w; w &= w - 1)
                sign[i * 64 + (unsigned)__builtin_ctzll(w)][k >> 6] |= 1ull << (k & 63);
    t->classes = 0;
    for (unsigned c = 0; c < 256; c++) {
        unsigned k = 0;
        while (k < t->classes && (sign[first[k]][0] != sign[c][0] || sign[first[k]][1] != sign[c][1])) k++;
        if (k == CLASSES_MAX) k = CLASSES_MAX - 1; /* the last is coarse: allowed, only less exact */
        else if (k == t->classes) first[t->classes++] = (uint8_t)c;
        t->cls[c] = (uint8_t)k;
    }
}

static bool meets(const struct byteset *x, const struct byteset *y)
{
    return (x->w[0] & y->w[0]) | (x->w[1] & y->w[1]) | (x->w[2] & y->w[2]) | (x->w[3] & y->w[3]);
}

#define SETS_MAX 128u

/* Walks everything behind the start: refines the classes by each different set, then notes what each state takes. */
static void make_classes(struct builder *b, const uint16_t *states, size_t n)
{
    struct byteset known[SETS_MAX], members[CLASSES_MAX] = {{{0}}};
    size_t sets = 0;
    begin(b);
    for (size_t i = 0; i < n; i++) add(b, states[i]);
    for (size_t i = 0; i < b->found_n; i++) add(b, shape_state(b->s, b->found[i])->out); /* found grows as it is walked */
    for (size_t i = 0; i < b->found_n && sets < SETS_MAX; i++) {
        const struct byteset *set = &shape_state(b->s, b->found[i])->set;
        size_t k = 0;
        while (k < sets && memcmp(&known[k], set, sizeof *set)) k++;
        if (k < sets) continue;
        known[sets++] = *set;
    }
    number_classes(b->t, known, sets);
    for (unsigned c = 0; c < 256; c++) byteset_add(&members[b->t->cls[c]], (unsigned char)c);
    for (size_t i = 0; i < b->found_n; i++) {
        uint64_t takes = 0;
        for (unsigned c = 0; c < b->t->classes; c++)
            if (meets(&shape_state(b->s, b->found[i])->set, &members[c])) takes |= 1ull << c;
        b->takes[b->found[i]] = takes;
    }
    b->work = 0;
}

/* --- construction */

static int by_number(const void *x, const void *y) { return *(const uint16_t *)x - *(const uint16_t *)y; }

/* Most sets are small, and nearly in order. */
static void sort_found(struct builder *b)
{
    if (b->found_n > 64) {
        qsort(b->found, b->found_n, sizeof *b->found, by_number);
        return;
    }
    for (size_t i = 1; i < b->found_n; i++) {
        uint16_t q = b->found[i];
        size_t k = i;
        for (; k && b->found[k - 1] > q; k--) b->found[k] = b->found[k - 1];
        b->found[k] = q;
    }
}

static uint32_t hash_found(const struct builder *b)
{
    uint32_t h = (uint32_t)b->found_n;
    for (size_t i = 0; i < b->found_n; i++) h = (h ^ b->found[i]) * 0x01000193u;
    return h;
}

/* The row of the state for what was found; TAIL_MAY where there is no room for one. */
static enum err state_of(struct builder *b, uint16_t *row)
{
    uint16_t may = (uint16_t)(TAIL_MAY * b->t->classes);
    *row = may;
    if (b->any || b->found_n > FRONT_MAX) return ERR_OK;
    *row = TAIL_NONE;
    if (!b->found_n) return ERR_OK;
    sort_found(b);
    uint32_t hash = hash_found(b);
    for (size_t i = TAIL_START; i < b->states; i++)
        if (b->set[i].hash == hash && b->set[i].n == b->found_n &&
            memcmp(b->set[i].v, b->found, b->found_n * sizeof *b->found) == 0) {
            *row = (uint16_t)(i * b->t->classes);
            return ERR_OK;
        }
    *row = may;
    if (b->states == b->most) return ERR_OK;
    struct set *s = &b->set[b->states];
    s->v = mem_alloc(b->found_n * sizeof *s->v);
    if (!s->v) return ERR_MEMORY;
    memcpy(s->v, b->found, b->found_n * sizeof *s->v);
    s->n = b->found_n;
    s->hash = hash;
    *row = (uint16_t)(b->states++ * b->t->classes);
    return ERR_OK;
}

/* A row: classes that the same states take lead to the same place. */
static enum err fill_row(struct builder *b, size_t row)
{
    uint64_t sign[CLASSES_MAX][FRONT_MAX / 64] = {{0}};
    struct set from = b->set[row];
    uint16_t *next = b->t->next + row * b->t->classes;
    for (size_t k = 0; k < from.n; k++)
        for (uint64_t w = b->takes[from.v[k]]; w; w &= w - 1) sign[__builtin_ctzll(w)][k >> 6] |= 1ull << (k & 63);
    for (unsigned c = 0; c < b->t->classes; c++) {
        unsigned same = 0;
        while (memcmp(sign[same], sign[c], sizeof sign[c])) same++;
        if (same < c) {
            next[c] = next[same];
            continue;
        }
        begin(b);
        for (size_t i = 0; i < FRONT_MAX / 64; i++)
            for (uint64_t w = sign[c][i]; w; w &= w - 1)
                add(b, shape_state(b->s, from.v[i * 64 + (size_t)__builtin_ctzll(w)])->out);
        enum err e = state_of(b, &next[c]);
        if (e) return e;
    }
    return ERR_OK;
}

static enum err construct(struct builder *b, const uint16_t *states, size_t n)
{
    uint16_t start;
    make_classes(b, states, n);
    b->most = TAIL_ROOM / b->t->classes;
    if (b->most > TAIL_STATES) b->most = TAIL_STATES;
    uint16_t may = (uint16_t)(TAIL_MAY * b->t->classes);
    for (size_t i = 0; i < TAIL_ROOM; i++) b->t->next[i] = i < may ? 0 : may;
    b->states = TAIL_START;
    begin(b);
    for (size_t i = 0; i < n; i++) add(b, states[i]);
    enum err e = state_of(b, &start);
    for (size_t i = TAIL_START; i < b->states && !e && b->work < WORK_MAX; i++) e = fill_row(b, i);
    return e;
}

enum err tail_build(const struct shape *s, const uint16_t *states, size_t n, struct tail **out)
{
    *out = NULL;
    size_t all = shape_states(s), used = 0;
    struct builder *b = mem_zalloc(sizeof *b);
    if (!b) return ERR_MEMORY;
    b->s = s;
    b->t = mem_alloc(sizeof *b->t + TAIL_ROOM * sizeof *b->t->next);
    b->found = mem_alloc((all + 1) * sizeof *b->found);
    b->stack = mem_alloc((all + 1) * 2 * sizeof *b->stack);
    b->mark = mem_zalloc((all + 1) * sizeof *b->mark);
    b->takes = mem_zalloc((all + 1) * sizeof *b->takes);
    enum err e = b->t && b->found && b->stack && b->mark && b->takes ? construct(b, states, n) : ERR_MEMORY;
    if (!e && b->states > TAIL_START) e = tail_shrink(b->t, &b->states);
    if (!e && b->states > TAIL_START) {
        used = b->states * b->t->classes;
        *out = mem_alloc(sizeof **out + used * sizeof b->t->next[0]);
        if (*out) memcpy(*out, b->t, sizeof **out + used * sizeof b->t->next[0]);
        else e = ERR_MEMORY;
    }
    for (size_t i = 0; i < TAIL_STATES; i++) mem_free(b->set[i].v);
    mem_free(b->t);
    mem_free(b->found);
    mem_free(b->stack);
    mem_free(b->mark);
    mem_free(b->takes);
    mem_free(b);
    return e;
}

/* --- walking */

/* Steps are taken without asking where they lead, several at once: walks do not wait for one another then, nor for a
 * branch that nobody can foretell. */
void tail_follow(struct tail_walk *v, size_t n, const char *text_end, bool *may)
{
    const unsigned char *end = (const unsigned char *)text_end;
    for (unsigned far = 0; n && far < TAIL_LOOK; far += TAIL_STEPS) {
        size_t left = 0;
        for (size_t i = 0; i < n; i++) {
            struct tail_walk w = v[i];
            const struct tail *t = w.t;
            if ((size_t)(end - w.p) < TAIL_STEPS) {
                while (w.p < end && w.row > t->classes) w.row = t->next[w.row + t->cls[*w.p++]];
                may[w.id] = w.row;
                continue;
            }
            size_t row = w.row;
#pragma GCC unroll 8
            for (unsigned k = 0; k < TAIL_STEPS; k++) row = t->next[row + t->cls[w.p[k]]];
            w.row = (uint32_t)row;
            w.p += TAIL_STEPS;
            may[w.id] = w.row;
            v[left] = w;
            left += w.row > t->classes;
        }
        n = left;
    }
}
