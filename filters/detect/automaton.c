/* The subset construction over the shapes of many rules at once, breadth first and within a budget: states near the
 * start are exact, and where the budget ends the rules alive there are taken to match. */
#include "filters/detect/automaton.h"

#define STATES_MAX 8000u
#define WORK_MAX   15000000u /* NFA states looked at: some 30 ms */
#define MASKS_MAX  0x7ffeu
#define ANY_STATE  0xffffu /* in place of a rule's states once anything may follow */

struct set { /* of NFA states, (rule << 16 | state), ascending */
    uint32_t *v;
    uint32_t n;
    uint32_t hash;
};

struct builder {
    struct automaton *a;
    struct shape *const *shape;
    size_t rules;
    struct byteset symbol_set[256];
    struct set *set; /* by state */
    uint32_t *bucket;
    size_t bucket_count;
    size_t base[TABLE_RULES + 1]; /* of a rule's states among all */
    uint32_t *mark;
    uint32_t round;
    uint16_t *stack;
    uint32_t *found; /* the set being built */
    size_t found_n;
    uint64_t work;
    size_t states_room;
    struct bits *mask;
    size_t mask_room;
    uint16_t *mask_bucket; /* by hash: a mask's number + 1 */
};
#define MASK_BUCKETS (4u * MASKS_MAX)

/* --- symbols */

uint8_t automaton_symbol(unsigned char c)
{
    static const char single[] = " -./:(),+_\n#"; /* symbols 4 and on */
    _Static_assert(4 + sizeof single - 1 <= AUTOMATON_SYMBOLS, "a row holds every symbol");
    unsigned l = c | 0x20;
    if (c >= 128) return 3;
    if (c >= '0' && c <= '9') return 1;
    if (l >= 'a' && l <= 'z') return 2;
    const char *s = c ? strchr(single, c) : NULL;
    return s ? (uint8_t)(4 + (s - single)) : 0;
}

static void make_symbols(struct builder *b)
{
    for (unsigned c = 0; c < 256; c++) {
        b->a->symbol[c] = automaton_symbol((unsigned char)c);
        byteset_add(&b->symbol_set[b->a->symbol[c]], (unsigned char)c);
    }
}

static bool meets(const struct byteset *x, const struct byteset *y)
{
    return (x->w[0] & y->w[0]) | (x->w[1] & y->w[1]) | (x->w[2] & y->w[2]) | (x->w[3] & y->w[3]);
}

/* --- sets */

/* Adds a rule's state and what it reaches without a byte. True if that is "anything". */
static bool close_state(struct builder *b, size_t rule, uint16_t q)
{
    const struct shape *s = b->shape[rule];
    size_t top = 0;
    b->stack[top++] = q;
    while (top) {
        q = b->stack[--top];
        uint32_t *mark = &b->mark[b->base[rule] + q];
        if (*mark == b->round) continue;
        *mark = b->round;
        b->work++;
        const struct shape_state *st = shape_state(s, q);
        if (st->kind == SHAPE_ANY) return true;
        if (st->kind == SHAPE_SET) {
            b->found[b->found_n++] = (uint32_t)rule << 16 | q;
            continue;
        }
        b->stack[top++] = st->out;
        if (st->kind == SHAPE_SPLIT) b->stack[top++] = st->alt;
    }
    return false;
}

static void sort_u32(uint32_t *v, size_t n)
{
    for (size_t i = 1; i < n; i++) { /* short and nearly sorted: a rule at a time */
        uint32_t x = v[i];
        size_t k = i;
        for (; k > 0 && v[k - 1] > x; k--) v[k] = v[k - 1];
        v[k] = x;
    }
}

/* What a set becomes by a symbol, into b->found. */
static void step(struct builder *b, const struct set *from, unsigned symbol)
{
    b->found_n = 0;
    b->round++;
    for (uint32_t i = 0; i < from->n;) {
        size_t rule = from->v[i] >> 16, first = b->found_n;
        bool any = false;
        for (; i < from->n && from->v[i] >> 16 == rule; i++) {
            uint16_t q = (uint16_t)from->v[i];
            if (any) continue;
            b->work++;
            if (q == ANY_STATE) any = true;
            else if (meets(&shape_state(b->shape[rule], q)->set, &b->symbol_set[symbol]))
                any = close_state(b, rule, shape_state(b->shape[rule], q)->out);
        }
        if (any) {
            b->found_n = first;
            b->found[b->found_n++] = (uint32_t)rule << 16 | ANY_STATE;
        } else {
            sort_u32(b->found + first, b->found_n - first);
        }
    }
}

static uint32_t hash_found(const struct builder *b)
{
    uint64_t h = 0x9e3779b97f4a7c15u;
    for (size_t i = 0; i < b->found_n; i++) h = (h ^ b->found[i]) * 0xff51afd7ed558ccdu ^ h >> 29;
    return (uint32_t)(h >> 16);
}

/* True if every rule alive has come to "anything": looking on changes nothing. */
static bool is_final(const struct builder *b)
{
    for (size_t i = 0; i < b->found_n; i++)
        if ((b->found[i] & 0xffff) != ANY_STATE) return false;
    return true;
}

/* The mask of the rules in b->found: its number, or MASKS_MAX if there is no room. */
static size_t mask_of_found(struct builder *b)
{
    struct bits m = {{0}};
    struct automaton *a = b->a;
    for (size_t i = 0; i < b->found_n; i++) m.w[b->found[i] >> 22] |= 1ull << (b->found[i] >> 16 & 63);
    uint64_t h = 0;
    for (size_t i = 0; i < TABLE_WORDS; i++) h = (h ^ m.w[i]) * 0x9e3779b97f4a7c15u ^ h >> 31;
    size_t slot = (size_t)(h >> 32) % MASK_BUCKETS;
    for (; b->mask_bucket[slot]; slot = (slot + 1) % MASK_BUCKETS)
        if (memcmp(&b->mask[b->mask_bucket[slot] - 1], &m, sizeof m) == 0) return b->mask_bucket[slot] - 1u;
    if (a->mask_count >= MASKS_MAX) return MASKS_MAX;
    if (a->mask_count == b->mask_room) {
        size_t room = b->mask_room ? b->mask_room * 2 : 256;
        struct bits *v = mem_realloc(b->mask, room * sizeof *v);
        if (!v) return MASKS_MAX;
        b->mask = v;
        b->mask_room = room;
    }
    b->mask[a->mask_count] = m;
    b->mask_bucket[slot] = (uint16_t)(a->mask_count + 1);
    return a->mask_count++;
}

static enum err add_state(struct builder *b, uint32_t hash, size_t mask, size_t *state)
{
    struct automaton *a = b->a;
    if (a->states == b->states_room) {
        size_t room = b->states_room ? b->states_room * 2 : 512;
        struct set *s = mem_realloc(b->set, room * sizeof *s);
        if (s) b->set = s;
        uint16_t *next = mem_realloc(a->next, room * AUTOMATON_SYMBOLS * sizeof *next);
        if (next) a->next = next;
        uint16_t *alive = mem_realloc(a->alive, room * sizeof *alive);
        if (alive) a->alive = alive;
        if (!s || !next || !alive) return ERR_MEMORY;
        b->states_room = room;
    }
    struct set *s = &b->set[a->states];
    *s = (struct set){mem_alloc(b->found_n * sizeof *s->v), (uint32_t)b->found_n, hash};
    if (!s->v) return ERR_MEMORY;
    memcpy(s->v, b->found, b->found_n * sizeof *s->v);
    memset(a->next + a->states * AUTOMATON_SYMBOLS, 0, AUTOMATON_SYMBOLS * sizeof *a->next);
    a->alive[a->states] = (uint16_t)mask;
    *state = a->states++;
    return ERR_OK;
}

/* The state, or the stop, that b->found is. */
static enum err find_state(struct builder *b, uint16_t *to)
{
    *to = 0;
    if (!b->found_n) return ERR_OK;
    uint32_t hash = hash_found(b);
    size_t i = hash % b->bucket_count;
    for (; b->bucket[i]; i = (i + 1) % b->bucket_count) {
        const struct set *s = &b->set[b->bucket[i]];
        if (s->hash == hash && s->n == b->found_n && memcmp(s->v, b->found, s->n * sizeof *s->v) == 0) {
            *to = (uint16_t)b->bucket[i];
            return ERR_OK;
        }
    }
    size_t mask = mask_of_found(b), state;
    if (mask == MASKS_MAX) return ERR_MEMORY;
    if (is_final(b) || b->a->states >= STATES_MAX || b->work > WORK_MAX) {
        *to = (uint16_t)(AUTOMATON_STOP | mask);
        return ERR_OK;
    }
    enum err e = add_state(b, hash, mask, &state);
    if (!e) {
        b->bucket[i] = (uint32_t)state;
        *to = (uint16_t)state;
    }
    return e;
}

/* --- the whole */

static enum err prepare(struct builder *b)
{
    size_t most = 0;
    for (size_t i = 0; i < b->rules; i++) {
        size_t n = shape_states(b->shape[i]);
        b->base[i + 1] = b->base[i] + n;
        if (n > most) most = n;
    }
    b->bucket_count = 4 * STATES_MAX + 1;
    b->bucket = mem_zalloc(b->bucket_count * sizeof *b->bucket);
    b->mark = mem_zalloc((b->base[b->rules] + 1) * sizeof *b->mark);
    b->found = mem_alloc((b->base[b->rules] + b->rules + 1) * sizeof *b->found);
    b->stack = mem_alloc((most + 1) * 2 * sizeof *b->stack);
    b->mask_bucket = mem_zalloc(MASK_BUCKETS * sizeof *b->mask_bucket);
    return b->bucket && b->mark && b->found && b->stack && b->mask_bucket ? ERR_OK : ERR_MEMORY;
}

static enum err construct(struct builder *b)
{
    size_t state;
    b->found_n = 0;
    enum err e = add_state(b, 0, 0, &state); /* state 0: none */
    b->round++;
    for (size_t i = 0; i < b->rules && !e; i++) {
        size_t first = b->found_n;
        if (close_state(b, i, shape_start(b->shape[i]))) {
            b->found_n = first;
            b->found[b->found_n++] = (uint32_t)i << 16 | ANY_STATE;
        } else {
            sort_u32(b->found + first, b->found_n - first);
        }
    }
    if (!e) e = add_state(b, hash_found(b), mask_of_found(b), &state);
    for (size_t s = AUTOMATON_START; s < b->a->states && !e; s++)
        for (unsigned c = 0; c < AUTOMATON_SYMBOLS && !e; c++) {
            uint16_t to = 0;
            step(b, &b->set[s], c);
            e = find_state(b, &to);
            b->a->next[s * AUTOMATON_SYMBOLS + c] = to;
        }
    return e;
}

enum err automaton_build(struct automaton *a, struct shape *const *shapes, size_t n)
{
    struct builder b = {.a = a, .shape = shapes, .rules = n};
    *a = (struct automaton){0};
    make_symbols(&b);
    enum err e = prepare(&b);
    if (!e) e = construct(&b);
    for (size_t i = 0; i < a->states; i++) mem_free(b.set[i].v);
    mem_free(b.set);
    mem_free(b.bucket);
    mem_free(b.mark);
    mem_free(b.found);
    mem_free(b.stack);
    mem_free(b.mask_bucket);
    a->masks = b.mask;
    if (e) automaton_free(a);
    return e;
}

void automaton_free(struct automaton *a)
{
    mem_free(a->next);
    mem_free(a->alive);
    mem_free(a->masks);
    *a = (struct automaton){0};
}
