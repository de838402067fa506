/* The subset construction over one shape from given states on, breadth first, within a table of fixed size and a budget
 * of work: what is not worked out "may" match. */
#include "filters/detect/tail.h"

#include <stdlib.h>

#define STATES_MAX  250u
#define CLASSES_MAX 48u
#define WORK_MAX    30000u /* states of the shape looked at */
#define SETS_MAX    64u    /* different sets that tell classes apart */

struct set {
    uint16_t *v; /* states, ascending; NULL: none yet */
    size_t n;
};

struct builder {
    const struct shape *s;
    struct tail *t;
    struct byteset members[CLASSES_MAX];
    struct set set[STATES_MAX];
    size_t states, most; /* most: rows the table has */
    uint16_t *found, *stack;
    size_t found_n;
    uint32_t *mark, round;
    bool any; /* the set being built holds "anything" */
    uint32_t work;
};

/* --- classes: bytes that no set of the shape tells apart */

static void refine(struct tail *t, const struct byteset *set)
{
    uint8_t inside[CLASSES_MAX];
    memset(inside, 0, sizeof inside); /* the class for members that leave theirs, 0: not yet */
    uint32_t in[CLASSES_MAX] = {0}, all[CLASSES_MAX] = {0};
    for (unsigned c = 0; c < 256; c++) {
        all[t->cls[c]]++;
        in[t->cls[c]] += byteset_has(set, (unsigned char)c);
    }
    for (unsigned c = 0; c < 256; c++) {
        unsigned k = t->cls[c];
        if (!byteset_has(set, (unsigned char)c) || in[k] == all[k]) continue;
        if (!inside[k]) {
            if (t->classes == CLASSES_MAX) continue; /* stays coarse: allowed, only less exact */
            inside[k] = (uint8_t)t->classes++;
        }
        t->cls[c] = inside[k];
    }
}

static void make_classes(struct builder *b)
{
    struct byteset known[SETS_MAX];
    size_t n = 0;
    b->t->classes = 1;
    for (size_t q = 0; q < shape_states(b->s) && n < SETS_MAX; q++) {
        const struct shape_state *st = shape_state(b->s, q);
        if (st->kind != SHAPE_SET) continue;
        size_t i = 0;
        while (i < n && memcmp(&known[i], &st->set, sizeof st->set)) i++;
        if (i < n) continue;
        known[n++] = st->set;
        refine(b->t, &st->set);
    }
    for (unsigned c = 0; c < 256; c++) byteset_add(&b->members[b->t->cls[c]], (unsigned char)c);
}

static bool meets(const struct byteset *x, const struct byteset *y)
{
    return (x->w[0] & y->w[0]) | (x->w[1] & y->w[1]) | (x->w[2] & y->w[2]) | (x->w[3] & y->w[3]);
}

/* --- sets of states */

/* Adds a state and what it reaches without a byte. */
static void add(struct builder *b, uint16_t q)
{
    size_t top = 0;
    b->stack[top++] = q;
    while (top && !b->any) {
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

static int by_number(const void *x, const void *y) { return *(const uint16_t *)x - *(const uint16_t *)y; }

/* The state for what was found; TAIL_MAY where there is no room for one. */
static enum err state_of(struct builder *b, uint8_t *state)
{
    *state = TAIL_MAY;
    if (b->any) return ERR_OK;
    *state = TAIL_NONE;
    if (!b->found_n) return ERR_OK;
    qsort(b->found, b->found_n, sizeof *b->found, by_number);
    for (size_t i = TAIL_START; i < b->states; i++)
        if (b->set[i].n == b->found_n && memcmp(b->set[i].v, b->found, b->found_n * sizeof *b->found) == 0) {
            *state = (uint8_t)i;
            return ERR_OK;
        }
    *state = TAIL_MAY;
    if (b->states == b->most) return ERR_OK;
    struct set *s = &b->set[b->states];
    s->v = mem_alloc(b->found_n * sizeof *s->v);
    if (!s->v) return ERR_MEMORY;
    memcpy(s->v, b->found, b->found_n * sizeof *s->v);
    s->n = b->found_n;
    *state = (uint8_t)b->states++;
    return ERR_OK;
}

static enum err fill(struct builder *b)
{
    memset(b->t->next, TAIL_MAY, TAIL_BYTES);
    enum err e = ERR_OK;
    for (size_t i = TAIL_START; i < b->states && !e && b->work < WORK_MAX; i++)
        for (unsigned c = 0; c < b->t->classes && !e; c++) {
            begin(b);
            for (size_t k = 0; k < b->set[i].n && !b->any; k++) {
                const struct shape_state *st = shape_state(b->s, b->set[i].v[k]);
                b->work++;
                if (meets(&st->set, &b->members[c])) add(b, st->out);
            }
            e = state_of(b, &b->t->next[i * b->t->classes + c]);
        }
    return e;
}

enum err tail_build(const struct shape *s, const uint16_t *states, size_t n, struct tail **out)
{
    *out = NULL;
    size_t all = shape_states(s);
    struct builder *b = mem_zalloc(sizeof *b);
    if (!b) return ERR_MEMORY;
    b->s = s;
    b->t = mem_zalloc(sizeof *b->t + TAIL_BYTES);
    b->found = mem_alloc((all + 1) * sizeof *b->found);
    b->stack = mem_alloc((all + 1) * 2 * sizeof *b->stack);
    b->mark = mem_zalloc((all + 1) * sizeof *b->mark);
    enum err e = b->t && b->found && b->stack && b->mark ? ERR_OK : ERR_MEMORY;
    uint8_t start = TAIL_MAY;
    if (!e) {
        make_classes(b);
        b->most = TAIL_BYTES / b->t->classes;
        if (b->most > STATES_MAX) b->most = STATES_MAX;
        b->states = TAIL_START;
        begin(b);
        for (size_t i = 0; i < n; i++) add(b, states[i]);
        e = state_of(b, &start);
    }
    if (!e && start == TAIL_START) e = fill(b);
    size_t used = b->states * (b->t ? b->t->classes : 0);
    if (!e && start == TAIL_START) *out = mem_alloc(sizeof **out + used);
    if (*out) memcpy(*out, b->t, sizeof **out + used);
    else if (!e && start == TAIL_START) e = ERR_MEMORY;
    for (size_t i = 0; i < STATES_MAX; i++) mem_free(b->set[i].v);
    mem_free(b->t);
    mem_free(b->found);
    mem_free(b->stack);
    mem_free(b->mark);
    mem_free(b);
    return e;
}
