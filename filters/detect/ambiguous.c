/* Whether an expression can take exponential time: inside a loop of its automaton some text can be read in two ways that
 * end at the same place, as in (a|a)* or (a|ab?b?)+. Then each turn doubles the ways. Source: Weideman and others,
 * "Analyzing matching time behavior of backtracking regular expression matchers", 2016 (exponential ambiguity). */
#include "filters/detect/ambiguous.h"

#include <assert.h>

#define LOOP_MAX 64u /* states of one loop that read a byte; larger ones are not looked at */
#define UNSEEN   0u

/* Tarjan's strongly connected components, with a stack of our own. */
struct walk {
    const struct shape *s;
    uint32_t *order, *low; /* by state, from 1; order of one that is done: DONE */
    uint16_t *path, *open; /* states on the way; states whose component is not known yet */
    uint8_t *next;         /* by state: which of its ways is to be taken */
    size_t path_n, open_n;
    uint32_t count;
};
#define DONE UINT32_MAX

/* What state q leads to by way k. */
static bool way(const struct shape *s, uint16_t q, unsigned k, uint16_t *to)
{
    const struct shape_state *st = shape_state(s, q);
    if (st->kind == SHAPE_ANY || k > (st->kind == SHAPE_SPLIT ? 1u : 0u)) return false;
    *to = k ? st->alt : st->out;
    return true;
}

/* ---- one loop ---- */

struct loop {
    uint16_t state[LOOP_MAX]; /* those that read a byte */
    size_t n;
    uint64_t then[LOOP_MAX]; /* which of them may read the next */
    uint8_t *mark;           /* by state: 0 not of the loop, 1 of it, 2 seen in this round */
};

static size_t place(const struct loop *l, uint16_t q)
{
    size_t i = 0;
    while (i < l->n && l->state[i] != q) i++;
    return i;
}

/* Which states of the loop read the byte behind that of state i. */
static void follow(const struct shape *s, struct loop *l, size_t i, uint16_t *stack, const uint16_t *all, size_t count)
{
    size_t top = 0;
    l->then[i] = 0;
    for (size_t k = 0; k < count; k++) l->mark[all[k]] = 1;
    uint16_t q = shape_state(s, l->state[i])->out;
    if (l->mark[q] == 1) l->mark[stack[top++] = q] = 2;
    while (top) {
        q = stack[--top];
        if (shape_state(s, q)->kind == SHAPE_SET) {
            l->then[i] |= 1ull << place(l, q);
            continue;
        }
        uint16_t to;
        for (unsigned k = 0; way(s, q, k, &to); k++)
            if (l->mark[to] == 1) l->mark[stack[top++] = to] = 2;
    }
}

static bool share(const struct shape *s, const struct loop *l, size_t a, size_t b)
{
    const struct byteset *x = &shape_state(s, l->state[a])->set, *y = &shape_state(s, l->state[b])->set;
    return (x->w[0] & y->w[0]) || (x->w[1] & y->w[1]) || (x->w[2] & y->w[2]) || (x->w[3] & y->w[3]);
}

/* Pairs of states that the same text leads to from one state: whether such a pair can come together again. */
static bool parts_and_meets(const struct shape *s, const struct loop *l)
{
    uint64_t todo[LOOP_MAX] = {0}, done[LOOP_MAX] = {0}; /* of pairs a < b: bit b of row a */
    for (size_t i = 0; i < l->n; i++)
        for (uint64_t w = l->then[i]; w; w &= w - 1) todo[__builtin_ctzll(w)] |= w & (w - 1);
    for (bool more = true; more;) {
        more = false;
        for (size_t a = 0; a < l->n; a++) {
            for (uint64_t w = todo[a] & ~done[a]; w; w = todo[a] & ~done[a]) {
                size_t b = (size_t)__builtin_ctzll(w);
                done[a] |= 1ull << b;
                more = true;
                if (!share(s, l, a, b)) continue;
                if (l->then[a] & l->then[b]) return true;
                for (uint64_t x = l->then[a]; x; x &= x - 1)
                    for (uint64_t y = l->then[b]; y; y &= y - 1) {
                        int p = __builtin_ctzll(x), q = __builtin_ctzll(y);
                        todo[p < q ? p : q] |= 1ull << (p < q ? q : p);
                    }
            }
        }
    }
    return false;
}

static bool loop_ambiguous(const struct shape *s, const uint16_t *all, size_t count, uint8_t *mark, uint16_t *stack)
{
    struct loop l = {.mark = mark};
    for (size_t i = 0; i < count; i++) {
        if (shape_state(s, all[i])->kind != SHAPE_SET) continue;
        if (l.n == LOOP_MAX) return false;
        l.state[l.n++] = all[i];
    }
    if (l.n < 2) return false;
    for (size_t i = 0; i < l.n; i++) follow(s, &l, i, stack, all, count);
    for (size_t i = 0; i < count; i++) mark[all[i]] = 0;
    return parts_and_meets(s, &l);
}

/* ---- all loops ---- */

static void enter(struct walk *w, uint16_t q)
{
    w->order[q] = w->low[q] = ++w->count;
    w->path[w->path_n++] = q;
    w->open[w->open_n++] = q;
}

/* Takes the next way of the last state of the path; false if there is none. */
static bool advance(struct walk *w)
{
    uint16_t q = w->path[w->path_n - 1], to;
    if (!way(w->s, q, w->next[q], &to)) return false;
    w->next[q]++;
    if (w->order[to] == UNSEEN) enter(w, to);
    else if (w->order[to] != DONE && w->order[to] < w->low[q]) w->low[q] = w->order[to];
    return true;
}

static bool any_loop_ambiguous(struct walk *w, uint8_t *mark, uint16_t *stack)
{
    enter(w, shape_start(w->s));
    while (w->path_n) {
        if (advance(w)) continue;
        uint16_t q = w->path[--w->path_n];
        if (w->path_n && w->low[q] < w->low[w->path[w->path_n - 1]]) w->low[w->path[w->path_n - 1]] = w->low[q];
        if (w->low[q] != w->order[q]) continue;
        size_t end = w->open_n, at = end;
        do w->order[w->open[--at]] = DONE;
        while (w->open[at] != q);
        w->open_n = at;
        if (end - at > 1 && loop_ambiguous(w->s, w->open + at, end - at, mark, stack)) return true;
    }
    return false;
}

enum err shape_ambiguous(const struct shape *s, bool *ambiguous)
{
    size_t n = shape_states(s);
    struct walk w = {.s = s};
    w.order = mem_zalloc(n * sizeof *w.order);
    w.low = mem_zalloc(n * sizeof *w.low);
    w.path = mem_alloc(n * sizeof *w.path);
    w.open = mem_alloc(n * sizeof *w.open);
    w.next = mem_zalloc(n);
    uint8_t *mark = mem_zalloc(n);
    uint16_t *stack = mem_alloc(n * sizeof *stack);
    bool ok = w.order && w.low && w.path && w.open && w.next && mark && stack;
    *ambiguous = ok && any_loop_ambiguous(&w, mark, stack);
    mem_free(w.order);
    mem_free(w.low);
    mem_free(w.path);
    mem_free(w.open);
    mem_free(w.next);
    mem_free(mark);
    mem_free(stack);
    return ok ? ERR_OK : ERR_MEMORY;
}
