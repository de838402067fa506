/* The subset construction over one shape from given states on, breadth first, within a table of fixed size and a budget
 * of work: what is not worked out "may" match. */
#include "filters/detect/tail.h"

#define CLASSES_MAX 64u
#define SETS_MAX    128u
#define NODES_MAX   8000u
#define POOL_MAX    (1u << 18) /* all that nodes lead to, all sets of nodes */
#define FRONT_MAX   1000u      /* nodes in one set: more are not told apart */
#define WORK_MAX    200000u    /* nodes put into sets */
#define SLOTS       16384u     /* of a hash table of sets: a power of two, twice their number and more */
#define IFS_MAX     64u        /* lookbehinds told apart */
#define NONE        UINT16_MAX

/* What a node leads to: another node, if the byte that led there is of a lookbehind's (0: whatever it is). */
struct way {
    uint16_t node, only_if;
};

/* A state that takes a byte, and what it leads to then: a span of `pool`. */
struct node {
    uint64_t takes; /* classes, one bit each */
    uint32_t first, n;
    uint16_t q; /* in the shape */
    bool any;   /* leads to where anything may be */
};

/* What the automaton is in after some bytes: nodes, a span of `item`. */
struct set {
    uint32_t first, n;
    uint32_t hash;
};

struct tail_maker {
    const struct shape *s;
    struct tail *t;
    uint16_t to[TAIL_RAW]; /* by state and class: the next state */
    struct tail_shrinker *shrinker;
    /* by state of the shape: */
    size_t room;
    uint16_t *node_of; /* its node */
    uint16_t *like;    /* the first node that leads to it */
    uint32_t *seen, look;
    uint16_t *stack;

    struct byteset only_if[IFS_MAX]; /* what lookbehinds ask of the byte before; the first asks nothing */
    uint64_t if_takes[IFS_MAX];      /* ... by class */
    uint64_t if_sign[CLASSES_MAX];   /* by class: a sign of those it is of */
    size_t ifs;
    struct wait {
        uint16_t q, only_if;
    } wait[IFS_MAX]; /* lookbehinds to be passed */
    size_t waits;

    struct node node[NODES_MAX];
    size_t nodes, starts;
    struct way pool[POOL_MAX];
    uint16_t item[POOL_MAX];
    size_t pooled, items;
    struct set set[TAIL_STATES];
    uint16_t slot[SLOTS];
    size_t states, most; /* most: rows the table has */
    /* the set being built */
    uint16_t found[NODES_MAX];
    size_t found_n;
    uint32_t mark[NODES_MAX], round, hash;
    bool any;
    uint32_t work;
};

/* --- nodes */

/* The node of a state that takes a byte; NONE if there are too many. */
static uint16_t node_number(struct tail_maker *b, uint16_t q)
{
    if (b->node_of[q] == NONE && b->nodes < NODES_MAX) {
        b->node[b->nodes] = (struct node){.q = q};
        b->node_of[q] = (uint16_t)b->nodes++;
    }
    return b->node_of[q];
}

/* What both of two lookbehinds ask. Where there are too many it is what the first asks: that allows more. */
static uint16_t both_ifs(struct tail_maker *b, uint16_t x, const struct byteset *y)
{
    struct byteset s;
    for (int i = 0; i < 4; i++) s.w[i] = b->only_if[x].w[i] & y->w[i];
    for (size_t k = 0; k < b->ifs; k++)
        if (memcmp(&b->only_if[k], &s, sizeof s) == 0) return (uint16_t)k;
    if (b->ifs == IFS_MAX) return x;
    b->only_if[b->ifs] = s;
    return (uint16_t)b->ifs++;
}

/* Puts what q reaches without a byte behind what is in the pool; lookbehinds wait. False if anything may be there, or there
 * is too much. */
static bool reach_until(struct tail_maker *b, uint16_t q, uint16_t only_if)
{
    size_t top = 0;
    b->stack[top++] = q;
    while (top) {
        q = b->stack[--top];
        if (b->seen[q] == b->look) continue;
        b->seen[q] = b->look;
        const struct shape_state *st = shape_state(b->s, q);
        if (st->kind == SHAPE_SET) {
            uint16_t k = node_number(b, q);
            if (k == NONE || b->pooled == POOL_MAX) return false;
            b->pool[b->pooled++] = (struct way){k, only_if};
            continue;
        }
        if (st->kind == SHAPE_ANY) return false;
        if (st->kind == SHAPE_LOOK) {
            if (b->waits == IFS_MAX) return false;
            b->wait[b->waits++] = (struct wait){st->out, both_ifs(b, only_if, &st->set)};
            continue;
        }
        b->stack[top++] = st->out;
        if (st->kind == SHAPE_SPLIT) b->stack[top++] = st->alt;
    }
    return true;
}

static bool reach(struct tail_maker *b, uint16_t q)
{
    b->waits = 0;
    b->look++;
    bool ok = reach_until(b, q, 0);
    for (size_t i = 0; i < b->waits && ok; i++) {
        b->look++;
        ok = reach_until(b, b->wait[i].q, b->wait[i].only_if);
    }
    return ok;
}

/* All nodes behind the starts, each with what it leads to. The first stand for the starts. */
static void make_nodes(struct tail_maker *b, const struct tail_start *v, size_t n)
{
    b->only_if[0] = byteset_all();
    b->ifs = 1;
    b->nodes = b->starts = n;
    for (size_t k = 0; k < n; k++) {
        b->node[k] = (struct node){.first = (uint32_t)b->pooled};
        for (size_t i = 0; i < v[k].n && !b->node[k].any; i++) b->node[k].any = !reach(b, v[k].states[i]);
        b->node[k].n = (uint32_t)b->pooled - b->node[k].first;
    }
    for (size_t i = 0; i < b->pooled; i++) b->pool[i].only_if = 0; /* what stands before a start is not known */
    for (size_t k = n; k < b->nodes; k++) {
        struct node *x = &b->node[k];
        uint16_t out = shape_state(b->s, x->q)->out, like = b->like[out];
        if (like != NONE) {
            x->first = b->node[like].first;
            x->n = b->node[like].n;
            x->any = b->node[like].any;
            continue;
        }
        b->like[out] = (uint16_t)k;
        x->first = (uint32_t)b->pooled;
        x->any = !reach(b, out);
        x->n = (uint32_t)(b->pooled - x->first);
    }
}

/* --- classes: bytes that no node tells apart */

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

static void add_sign(uint64_t sign[CLASSES_MAX], uint64_t classes, uint32_t k)
{
    uint64_t mix = (k + 1) * 0x9e3779b97f4a7c15ull;
    mix ^= mix >> 29;
    for (; classes; classes &= classes - 1) sign[__builtin_ctzll(classes)] += mix * (mix | 1);
}

/* Refines the classes by each different set of the nodes, then notes what each node takes. */
static void make_classes(struct tail_maker *b)
{
    struct byteset known[SETS_MAX], members[CLASSES_MAX] = {{{0}}};
    uint64_t takes[SETS_MAX] = {0};
    uint8_t set_of[NODES_MAX] = {0};
    size_t sets = 0;
    for (size_t i = b->starts; i < b->nodes; i++) {
        const struct byteset *set = &shape_state(b->s, b->node[i].q)->set;
        size_t k = 0;
        while (k < sets && memcmp(&known[k], set, sizeof *set)) k++;
        if (k == sets && sets < SETS_MAX) known[sets++] = *set;
        set_of[i] = (uint8_t)k;
    }
    size_t of_nodes = sets;
    for (size_t i = 1; i < b->ifs && sets < SETS_MAX; i++) known[sets++] = b->only_if[i];
    number_classes(b->t, known, sets);
    for (unsigned c = 0; c < 256; c++) byteset_add(&members[b->t->cls[c]], (unsigned char)c);
    for (size_t k = 0; k < sets; k++)
        for (unsigned c = 0; c < b->t->classes; c++)
            if (meets(&known[k], &members[c])) takes[k] |= 1ull << c;
    memset(b->if_sign, 0, sizeof b->if_sign);
    for (size_t i = 0; i < b->ifs; i++) {
        b->if_takes[i] = 0;
        for (unsigned c = 0; c < b->t->classes; c++)
            if (meets(&b->only_if[i], &members[c])) b->if_takes[i] |= 1ull << c;
        add_sign(b->if_sign, b->if_takes[i], (uint32_t)i);
    }
    for (size_t i = b->starts; i < b->nodes; i++) {
        b->node[i].takes = set_of[i] < of_nodes ? takes[set_of[i]] : 0;
        for (unsigned c = 0; set_of[i] >= of_nodes && c < b->t->classes; c++)
            if (meets(&shape_state(b->s, b->node[i].q)->set, &members[c])) b->node[i].takes |= 1ull << c;
    }
}

/* --- sets of nodes */

static void begin(struct tail_maker *b)
{
    b->found_n = 0;
    b->hash = 0;
    b->any = false;
    b->round++;
}

/* Adds what a node leads to by a class. */
static void add(struct tail_maker *b, const struct node *from, unsigned c)
{
    b->any |= from->any;
    for (uint32_t i = 0; i < from->n && !b->any; i++) {
        uint16_t k = b->pool[from->first + i].node;
        if (b->mark[k] == b->round || !(b->if_takes[b->pool[from->first + i].only_if] >> c & 1)) continue;
        b->mark[k] = b->round;
        b->found[b->found_n++] = k;
        b->hash += (k + 1u) * 0x9e3779b1u ^ k >> 3;
        b->work++;
    }
}

/* Whether a set is the one found: of sets as large, one all of whose nodes are. */
static bool is_found(const struct tail_maker *b, const struct set *s)
{
    if (s->hash != b->hash || s->n != b->found_n) return false;
    for (uint32_t i = 0; i < s->n; i++)
        if (b->mark[b->item[s->first + i]] != b->round) return false;
    return true;
}

/* The state for what was found; TAIL_MAY where there is no room for one. */
static uint16_t state_of(struct tail_maker *b)
{
    if (b->any || b->found_n > FRONT_MAX) return TAIL_MAY;
    if (!b->found_n) return TAIL_NONE;
    uint32_t at = b->hash ^ b->hash >> 15;
    while (b->slot[at % SLOTS] && !is_found(b, &b->set[b->slot[at % SLOTS]])) at++;
    uint16_t *slot = &b->slot[at % SLOTS];
    if (!*slot) {
        if (b->states == b->most || b->items + b->found_n > POOL_MAX) return TAIL_MAY;
        memcpy(b->item + b->items, b->found, b->found_n * sizeof *b->found);
        b->set[b->states] = (struct set){(uint32_t)b->items, (uint32_t)b->found_n, b->hash};
        b->items += b->found_n;
        *slot = (uint16_t)b->states++;
    }
    return *slot;
}

/* A row: classes that the same nodes take lead to the same place. */
static void fill_row(struct tail_maker *b, size_t row)
{
    const struct set from = b->set[row];
    const uint16_t *item = b->item + from.first;
    uint64_t sign[CLASSES_MAX];
    uint16_t *next = b->to + row * b->t->classes;
    memcpy(sign, b->if_sign, sizeof sign);
    for (uint32_t k = 0; k < from.n; k++) add_sign(sign, b->node[item[k]].takes, k + IFS_MAX);
    for (unsigned c = 0; c < b->t->classes; c++) {
        unsigned like = 0;
        while (sign[like] != sign[c]) like++;
        if (like < c) {
            next[c] = next[like];
            continue;
        }
        begin(b);
        for (uint32_t k = 0; k < from.n && !b->any; k++)
            if (b->node[item[k]].takes >> c & 1) add(b, &b->node[item[k]], c);
        next[c] = state_of(b);
    }
}

static void construct(struct tail_maker *b, struct tail_start *v, size_t n)
{
    make_nodes(b, v, n);
    make_classes(b);
    b->most = TAIL_RAW / b->t->classes;
    if (b->most > TAIL_STATES) b->most = TAIL_STATES;
    for (size_t i = 0; i < TAIL_START * b->t->classes; i++) b->to[i] = i < b->t->classes ? TAIL_NONE : TAIL_MAY;
    b->states = TAIL_START;
    for (size_t i = 0; i < n; i++) {
        begin(b);
        add(b, &b->node[i], 0);
        v[i].row = state_of(b);
    }
    size_t row = TAIL_START;
    for (; row < b->states && b->work < WORK_MAX; row++) fill_row(b, row);
    for (size_t i = row * b->t->classes; i < b->states * b->t->classes; i++) b->to[i] = TAIL_MAY;
}

/* --- entry */

struct tail_maker *tail_maker_new(void)
{
    struct tail_maker *b = mem_zalloc(sizeof *b);
    if (!b) return NULL;
    b->t = mem_alloc(sizeof *b->t + TAIL_ROOM * sizeof *b->t->next);
    b->shrinker = tail_shrinker_new();
    if (b->t && b->shrinker) return b;
    tail_maker_free(b);
    return NULL;
}

void tail_maker_free(struct tail_maker *b)
{
    if (!b) return;
    mem_free(b->t);
    mem_free(b->shrinker);
    mem_free(b->node_of);
    mem_free(b->like);
    mem_free(b->seen);
    mem_free(b->stack);
    mem_free(b);
}

/* Room for what is kept by state of a shape. */
static enum err fit(struct tail_maker *b, size_t states)
{
    if (states <= b->room) return ERR_OK;
    size_t room = states + states / 2;
    uint16_t *node_of = mem_realloc(b->node_of, room * sizeof *node_of);
    if (node_of) b->node_of = node_of;
    uint16_t *like = mem_realloc(b->like, room * sizeof *like);
    if (like) b->like = like;
    uint32_t *seen = mem_realloc(b->seen, room * sizeof *seen);
    if (seen) b->seen = seen;
    uint16_t *stack = mem_realloc(b->stack, room * 2 * sizeof *stack);
    if (stack) b->stack = stack;
    if (!node_of || !like || !seen || !stack) return ERR_MEMORY;
    memset(node_of, 0xff, room * sizeof *node_of);
    memset(like, 0xff, room * sizeof *like);
    memset(seen, 0, room * sizeof *seen);
    b->look = 0;
    b->room = room;
    return ERR_OK;
}

enum err tail_build(struct tail_maker *b, const struct shape *s, struct tail_start *v, size_t n, struct tail **out)
{
    *out = NULL;
    enum err e = fit(b, shape_states(s) + 1);
    if (e) return e;
    b->s = s;
    b->pooled = b->items = 0;
    b->work = 0;
    memset(b->slot, 0, sizeof b->slot);
    construct(b, v, n);
    for (size_t i = n; i < b->nodes; i++) b->node_of[b->node[i].q] = b->like[shape_state(s, b->node[i].q)->out] = NONE;
    b->states = tail_shrink(b->shrinker, b->to, b->states, b->t);
    bool tells = false;
    for (size_t i = 0; i < n; i++) {
        size_t state = tail_shrunk(b->shrinker, v[i].row);
        v[i].row = (uint16_t)(state == TAIL_MAY ? 0 : state * b->t->classes);
        tells |= state != TAIL_MAY;
    }
    if (!tells) return ERR_OK;
    size_t size = sizeof **out + b->states * b->t->classes * sizeof b->t->next[0];
    *out = mem_alloc(size);
    if (!*out) return ERR_MEMORY;
    memcpy(*out, b->t, size);
    return ERR_OK;
}

/* --- walking */

/* Near the end of the text, byte by byte. */
static uint32_t follow_last(const struct tail_walk *w, const unsigned char *end)
{
    const struct tail *t = w->t;
    uint32_t row = w->row;
    for (const unsigned char *p = w->p; p < end && row > t->classes;) row = t->next[row + t->cls[*p++]];
    return row;
}

/* Steps are taken without asking where they lead, several at once: walks do not wait for one another then, nor for a
 * branch that nobody can foretell. */
void tail_follow(struct tail_walk *v, size_t n, const char *text_end, bool *may)
{
    const unsigned char *end = (const unsigned char *)text_end;
    for (unsigned far = 0; n && far < TAIL_LOOK; far += TAIL_STEPS) {
        size_t left = 0;
        for (size_t i = 0; i < n; i++) {
            const struct tail *t = v[i].t;
            const unsigned char *p = v[i].p;
            const uint32_t id = v[i].id, classes = t->classes;
            size_t row = v[i].row;
            if ((size_t)(end - p) < TAIL_STEPS) {
                may[id] = follow_last(&v[i], end);
                continue;
            }
            const uint16_t *column[TAIL_STEPS]; /* known before the row is: of a step only one load waits for the last */
#pragma GCC unroll 8
            for (unsigned k = 0; k < TAIL_STEPS; k++) column[k] = t->next + t->cls[p[k]];
#pragma GCC unroll 8
            for (unsigned k = 0; k < TAIL_STEPS; k++) row = column[k][row];
            may[id] = row;
            v[left].t = t;
            v[left].p = p + TAIL_STEPS;
            v[left].row = (uint32_t)row;
            v[left].id = id;
            left += row > classes;
        }
        n = left;
    }
}
