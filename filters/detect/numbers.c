/* Builds the tables of numbers: walks the shapes of all rules at once along every look a number can have, and notes which
 * rules are left at its end; and asks the tables, with vectors. */
#include "filters/detect/numbers.h"

#include <immintrin.h>
#include <stdlib.h>

/* --- walking: sets of states of all rules */

#define ANY_STATE 0xffffu /* in place of a rule's states once anything may follow */

struct states { /* (place << 16 | state), by place */
    uint32_t *v;
    size_t n;
};

struct builder {
    struct numbers *t;
    const struct number_rule *rule;
    size_t rules;
    const struct number_rule *at[TABLE_RULES]; /* by place */
    struct byteset kind[NUMBER_KINDS];
    size_t base[TABLE_RULES + 1]; /* of a rule's states among all */
    uint16_t *takes;              /* by state: the kinds of bytes it takes */
    uint32_t *mark, round;
    uint16_t *stack;
    uint8_t *summed; /* by state: it is in the sum */
    struct states s[6];
    struct bits *set;
    size_t sets, room;
    uint16_t *bucket; /* by hash: a set's number + 1 */
};
#define SETS_MAX 0xfff0u
#define BUCKETS  0x20000u

static bool meets(const struct byteset *x, const struct byteset *y)
{
    return (x->w[0] & y->w[0]) | (x->w[1] & y->w[1]) | (x->w[2] & y->w[2]) | (x->w[3] & y->w[3]);
}

/* Adds a rule's state and what it reaches without a byte. */
static void add_state(struct builder *b, struct states *to, size_t place, uint16_t q)
{
    const struct shape *s = b->at[place]->shape;
    size_t top = 0;
    b->stack[top++] = q;
    while (top) {
        q = b->stack[--top];
        uint32_t *mark = &b->mark[b->base[place] + q];
        if (*mark == b->round) continue;
        *mark = b->round;
        const struct shape_state *st = shape_state(s, q);
        if (st->kind == SHAPE_SET || st->kind == SHAPE_ANY) {
            to->v[to->n++] = (uint32_t)place << 16 | q;
            continue;
        }
        b->stack[top++] = st->out;
        if (st->kind == SHAPE_SPLIT) b->stack[top++] = st->alt;
    }
}

static void begin(struct builder *b, struct states *to)
{
    to->n = 0;
    b->round++;
}

static void add_start(struct builder *b, struct states *to)
{
    begin(b, to);
    for (size_t i = 0; i < b->t->count; i++)
        if (b->at[i]) add_state(b, to, i, shape_start(b->at[i]->shape));
}

/* What `from` becomes by a byte of one of the kinds, added to `to`. */
static void add_step(struct builder *b, const struct states *from, unsigned kinds, struct states *to)
{
    for (size_t i = 0; i < from->n; i++) {
        size_t place = from->v[i] >> 16;
        uint16_t q = (uint16_t)from->v[i];
        const struct shape_state *st = shape_state(b->at[place]->shape, q);
        if (!(b->takes[b->base[place] + q] & kinds)) continue;
        add_state(b, to, place, st->kind == SHAPE_ANY ? q : st->out);
    }
}

static void step(struct builder *b, const struct states *from, unsigned kinds, struct states *to)
{
    begin(b, to);
    add_step(b, from, kinds, to);
}

/* By kind of byte: the rules that may go on with it. */
static void going_on(const struct builder *b, const struct states *s, struct bits out[NUMBER_KINDS])
{
    memset(out, 0, NUMBER_KINDS * sizeof *out);
    for (size_t i = 0; i < s->n;) {
        size_t place = s->v[i] >> 16;
        unsigned takes = 0;
        for (; i < s->n && s->v[i] >> 16 == place; i++) takes |= b->takes[b->base[place] + (s->v[i] & 0xffff)];
        for (; takes; takes &= takes - 1) bits_set(&out[__builtin_ctz(takes)], place);
    }
}

static int by_place(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* --- looks */

/* The number of a set; SETS_MAX if there is no room. */
static size_t set_number(struct builder *b, const struct bits *m)
{
    uint64_t h = 0;
    for (size_t i = 0; i < TABLE_WORDS; i++) h = (h ^ m->w[i]) * 0x9e3779b97f4a7c15u ^ h >> 31;
    size_t slot = (size_t)(h >> 32) % BUCKETS;
    for (; b->bucket[slot]; slot = (slot + 1) % BUCKETS)
        if (memcmp(&b->set[b->bucket[slot] - 1], m, sizeof *m) == 0) return b->bucket[slot] - 1u;
    if (b->sets == SETS_MAX) return SETS_MAX;
    if (b->sets == b->room) {
        size_t room = b->room ? b->room * 2 : 512;
        struct bits *v = mem_realloc(b->set, room * sizeof *v);
        if (!v) return SETS_MAX;
        b->set = v;
        b->room = room;
    }
    b->set[b->sets] = *m;
    b->bucket[slot] = (uint16_t)(b->sets + 1);
    return b->sets++;
}

/* Enters every number whose first run and the byte behind it led to `behind`. */
static enum err enter_second(struct builder *b, enum number_way way, unsigned run1, unsigned kind1, struct states *behind)
{
    struct states *u = behind, *other = &b->s[4];
    struct bits on[NUMBER_KINDS];
    for (unsigned run2 = 0; run2 <= NUMBER_RUN && u->n; run2++) {
        going_on(b, u, on);
        for (unsigned kind2 = 0; kind2 < NUMBER_KINDS; kind2++) {
            if (kind2 == KIND_DIGIT && run2 < NUMBER_RUN) continue;
            size_t set = set_number(b, &on[kind2]);
            if (set == SETS_MAX) return ERR_MEMORY;
            b->t->look[way][number_key(run1, kind1, run2, kind2)] = (uint16_t)set;
        }
        step(b, u, 1u << KIND_DIGIT, other);
        struct states *was = u;
        u = other;
        other = was == behind ? &b->s[5] : was;
    }
    return ERR_OK;
}

/* Enters every look of a number whose digits begin in s[0], which is lost. */
static enum err enter_looks(struct builder *b, enum number_way way)
{
    struct states *s = &b->s[0], *other = &b->s[1];
    enum err e = ERR_OK;
    for (unsigned run1 = 1; run1 <= NUMBER_RUN && s->n && !e; run1++) {
        step(b, s, 1u << KIND_DIGIT, other);
        struct states *was = s;
        s = other;
        other = was;
        for (unsigned kind1 = 0; kind1 < NUMBER_KINDS && !e; kind1++) {
            if (kind1 == KIND_DIGIT && run1 < NUMBER_RUN) continue;
            step(b, s, 1u << kind1, &b->s[3]);
            e = enter_second(b, way, run1, kind1, &b->s[3]);
        }
    }
    return e;
}

/* Adds what goes on with a digit to the sum in s[2]. */
static void add_sum(struct builder *b, const struct states *s)
{
    struct states *sum = &b->s[2];
    for (size_t i = 0; i < s->n; i++) {
        size_t k = b->base[s->v[i] >> 16] + (s->v[i] & 0xffff);
        if (b->summed[k] || !(b->takes[k] & 1u << KIND_DIGIT)) continue;
        b->summed[k] = 1;
        sum->v[sum->n++] = s->v[i];
    }
}

/* The sum, into s[0]. */
static void take_sum(struct builder *b)
{
    struct states *sum = &b->s[2];
    for (size_t i = 0; i < sum->n; i++) b->summed[b->base[sum->v[i] >> 16] + (sum->v[i] & 0xffff)] = 0;
    qsort(sum->v, sum->n, sizeof *sum->v, by_place);
    memcpy(b->s[0].v, sum->v, sum->n * sizeof *sum->v);
    b->s[0].n = sum->n;
    sum->n = 0;
}

/* Numbers behind letters, glued or set apart. */
static enum err enter_lettered(struct builder *b, bool apart)
{
    const unsigned blank = 1u << KIND_BLANK | 1u << KIND_DASH;
    unsigned most = apart ? NUMBER_PREFIX : NUMBER_LETTERS;
    struct states *s = &b->s[0], *other = &b->s[1];
    struct bits on[NUMBER_KINDS];
    add_start(b, s);
    for (unsigned n = 1; n <= most; n++) {
        step(b, s, 1u << KIND_LETTER, other);
        struct states *was = s;
        s = other;
        other = was;
        struct states *digits = s;
        if (apart) {
            digits = &b->s[3];
            step(b, s, blank, digits);
        }
        going_on(b, digits, on);
        b->t->letters[apart][n] = on[KIND_DIGIT];
        add_sum(b, digits);
    }
    take_sum(b);
    return enter_looks(b, apart ? WAY_PREFIXED : WAY_LETTERED);
}

static enum err enter_signed(struct builder *b)
{
    unsigned sign = 1u << number_kind['+'] | 1u << number_kind['('];
    struct states *s = &b->s[0], *other = &b->s[1];
    add_start(b, s);
    for (unsigned n = 1; n <= NUMBER_SIGNS; n++) {
        step(b, s, sign, other);
        struct states *was = s;
        s = other;
        other = was;
        add_sum(b, s);
    }
    take_sum(b);
    return enter_looks(b, WAY_SIGNED);
}

/* --- bytes */

static void enter_runs(struct numbers *t, size_t place, const struct number_rule *r)
{
    const struct byteset alnum = {{0x03ff000000000000u, 0x07fffffe07fffffeu, 0, 0}};
    struct shape_runs runs;
    shape_runs(r->shape, &alnum, &runs);
    for (size_t k = 0; k <= SHAPE_RUN; k++)
        if (shape_runs_has(&runs, k)) bits_set(&t->runs[k < NUMBER_ALNUM ? k : NUMBER_ALNUM], place);
}

static void enter_bytes(struct numbers *t, size_t place, const struct number_rule *r)
{
    struct byteset after[NUMBER_BEHIND], beyond[NUMBER_BEHIND];
    uint16_t pair[10];
    shape_number(r->shape, after, beyond, pair);
    for (unsigned c = 0; c < 256; c++) {
        if (byteset_has(&r->prev, (unsigned char)c)) bits_set(&t->prev[0][c], place);
        if (byteset_has(&r->prev_digit, (unsigned char)c)) bits_set(&t->prev[1][c], place);
        for (unsigned k = 0; k < NUMBER_BEHIND; k++) {
            if (byteset_has(&after[k], (unsigned char)c)) bits_set(&t->after[k][c], place);
            if (byteset_has(&beyond[k], (unsigned char)c)) bits_set(&t->beyond[k][c], place);
        }
    }
    for (unsigned d = 0; d < 10; d++)
        for (unsigned k = 0; k < 11; k++)
            if (pair[d] >> k & 1) bits_set(&t->pair[d][k], place);
    enter_runs(t, place, r);
    bits_set(&t->all, place);
    if (!r->near) bits_set(&t->alone, place);
    if (!r->start) bits_set(&t->later, place);
    for (unsigned c = r->digits_min; c <= r->digits_max && c < 32; c++) bits_set(&t->digits[c], place);
    if (r->digits_max > 31) bits_set(&t->digits[31], place);
}

/* Memory for vectors. */
static void *aligned(struct numbers *t, size_t which, size_t n)
{
    char *p = mem_zalloc(n + 64);
    t->memory[which] = p;
    return p ? p + (64 - (uintptr_t)p % 64) % 64 : NULL;
}

/* Bytes no rule tells apart share a class, which keeps the tables in the first-level cache. */
static enum err enter_front(struct builder *b)
{
    struct numbers *t = b->t;
    struct bits *full = mem_zalloc(256 * NUMBER_FRONT * sizeof *full); /* [byte][position] */
    if (!full) return ERR_MEMORY;
    for (size_t i = 0; i < t->count; i++) {
        struct byteset front[SHAPE_FRONT];
        if (!b->at[i]) continue;
        shape_front(b->at[i]->shape, front);
        for (unsigned k = 0; k < NUMBER_FRONT; k++)
            for (unsigned c = 0; c < 256; c++)
                if (byteset_has(&front[k], (unsigned char)c)) bits_set(&full[c * NUMBER_FRONT + k], i);
    }
    uint8_t first[256] = {0};
    for (unsigned c = 0; c < 256; c++) {
        size_t k = 0;
        while (k < t->classes && memcmp(&full[first[k] * NUMBER_FRONT], &full[c * NUMBER_FRONT], NUMBER_FRONT * sizeof *full))
            k++;
        if (k == t->classes) first[t->classes++] = (uint8_t)c;
        t->cls[c] = (uint8_t)k;
    }
    t->front = aligned(t, 1, NUMBER_FRONT * t->classes * sizeof *t->front);
    for (unsigned k = 0; t->front && k < NUMBER_FRONT; k++)
        for (size_t c = 0; c < t->classes; c++) t->front[k * t->classes + c] = full[first[c] * NUMBER_FRONT + k];
    mem_free(full);
    return t->front ? ERR_OK : ERR_MEMORY;
}

static enum err build_tails(struct builder *b)
{
    struct tail_maker *m = tail_maker_new();
    enum err e = m ? ERR_OK : ERR_MEMORY;
    for (size_t i = 0; i < b->t->count && !e; i++) {
        struct tail_start start;
        if (!b->at[i]) continue;
        start.states = shape_begin(b->at[i]->shape, &start.n);
        e = tail_build(m, b->at[i]->shape, &start, 1, &b->t->tail[i]);
    }
    tail_maker_free(m);
    return e;
}

static bool meet(const struct bits *x, const struct bits *y)
{
    uint64_t any = 0;
    for (size_t i = 0; i < TABLE_WORDS; i++) any |= x->w[i] & y->w[i];
    return any != 0;
}

/* The kinds of bytes that some rule of a set may stand behind. */
static uint16_t kinds_before(const struct bits *set, const struct bits behind[NUMBER_KINDS])
{
    unsigned kinds = 0;
    for (unsigned k = 0; k < NUMBER_KINDS; k++) kinds |= (unsigned)meet(set, &behind[k]) << k;
    return (uint16_t)(kinds & ~(1u << KIND_DIGIT));
}

/* What is asked of a number first: of the rules of a set, by the kinds of bytes that the set's plain matches stand behind. A
 * match that begins with a word set apart does so whatever follows it. */
static void enter_begins(struct builder *b, const struct bits *of, const struct bits *apart, const uint16_t *kinds,
                         unsigned shift)
{
    struct numbers *t = b->t;
    const unsigned sign = 1u << number_kind['+'] | 1u << number_kind['('];
    for (size_t key = 0; key < sizeof t->begins / sizeof t->begins[0]; key++) {
        uint64_t may = kinds[t->look[WAY_PLAIN][key]];
        if (meet(&b->set[t->look[WAY_LETTERED][key]], of) || meet(&b->set[t->look[WAY_PREFIXED][key]], apart))
            may |= 1u << BEGINS_LETTERED;
        if (meet(&b->set[t->look[WAY_SIGNED][key]], apart)) may |= sign;
        t->begins[key] |= may << shift;
    }
}

static enum err build_begins(struct builder *b)
{
    struct numbers *t = b->t;
    uint16_t *kinds = mem_zalloc(b->sets * sizeof *kinds); /* by set */
    if (!kinds) return ERR_MEMORY;
    for (unsigned way = 0; way < 4; way++) {
        const bool alone = way & 1, longer = way & 2;
        const struct bits *apart = alone ? &t->alone : &t->all;
        struct bits of = *apart, behind[NUMBER_KINDS] = {{{0}}};
        for (size_t i = 0; i < TABLE_WORDS && longer; i++) of.w[i] &= t->runs[NUMBER_ALNUM].w[i];
        for (unsigned c = 0; c < 256; c++)
            for (size_t i = 0; i < TABLE_WORDS; i++)
                behind[number_kind[c]].w[i] |= (t->prev[0][c].w[i] | t->prev[1][c].w[i]) & of.w[i];
        for (size_t s = 0; s < b->sets; s++) kinds[s] = kinds_before(&b->set[s], behind);
        enter_begins(b, &of, apart, kinds, (alone ? BEGINS_ALONE : 0u) + (longer ? BEGINS_LONG : 0u));
    }
    mem_free(kinds);
    return ERR_OK;
}

/* --- the whole */

static enum err place_rules(struct builder *b)
{
    struct numbers *t = b->t;
    for (int near = 0; near < 2; near++) {
        for (size_t i = 0; i < b->rules; i++) {
            if (b->rule[i].near != (near == 1)) continue;
            if (t->count == TABLE_RULES) return ERR_LIMIT;
            t->rule[t->count] = b->rule[i].rule;
            b->at[t->count++] = &b->rule[i];
        }
        if (near) continue;
        t->near_word = (t->count + 63) / 64;
        t->count = t->near_word * 64;
    }
    return ERR_OK;
}

static enum err prepare(struct builder *b)
{
    size_t most = 0;
    for (unsigned c = 0; c < 256; c++) byteset_add(&b->kind[number_kind[c]], (unsigned char)c);
    for (size_t i = 0; i < b->t->count; i++) {
        size_t n = b->at[i] ? shape_states(b->at[i]->shape) : 0;
        b->base[i + 1] = b->base[i] + n;
        if (n > most) most = n;
    }
    size_t all = b->base[b->t->count] + 1;
    b->takes = mem_zalloc(all * sizeof *b->takes);
    b->mark = mem_zalloc(all * sizeof *b->mark);
    b->stack = mem_alloc((most + 1) * 2 * sizeof *b->stack);
    b->summed = mem_zalloc(all);
    b->bucket = mem_zalloc(BUCKETS * sizeof *b->bucket);
    bool ok = b->takes && b->mark && b->stack && b->summed && b->bucket;
    for (size_t i = 0; i < sizeof b->s / sizeof b->s[0]; i++) {
        b->s[i].v = mem_alloc(all * sizeof *b->s[i].v);
        ok = ok && b->s[i].v;
    }
    if (!ok) return ERR_MEMORY;
    for (size_t i = 0; i < b->t->count; i++)
        for (size_t q = 0; b->at[i] && q < shape_states(b->at[i]->shape); q++) {
            const struct shape_state *st = shape_state(b->at[i]->shape, q);
            for (unsigned k = 0; k < NUMBER_KINDS; k++)
                if (st->kind == SHAPE_ANY || (st->kind == SHAPE_SET && meets(&st->set, &b->kind[k])))
                    b->takes[b->base[i] + q] |= (uint16_t)(1u << k);
        }
    return ERR_OK;
}

static enum err construct(struct builder *b)
{
    const struct bits none = {{0}};
    struct numbers *t = b->t;
    if (set_number(b, &none) != 0) return ERR_MEMORY; /* 0: no rule */
    add_start(b, &b->s[0]);
    enum err e = enter_looks(b, WAY_PLAIN);
    for (int apart = 0; apart < 2 && !e; apart++) e = enter_lettered(b, apart == 1);
    if (!e) e = enter_signed(b);
    for (size_t i = 0; i < t->count && !e; i++)
        if (b->at[i]) enter_bytes(t, i, b->at[i]);
    if (!e) e = enter_front(b);
    if (!e) e = build_begins(b);
    if (!e) e = build_tails(b);
    if (e) return e;
    t->set = aligned(t, 2, b->sets * sizeof *t->set);
    if (t->set) memcpy(t->set, b->set, b->sets * sizeof *t->set);
    return t->set ? ERR_OK : ERR_MEMORY;
}

static struct numbers *numbers_new(void)
{
    struct numbers place = {.count = 0}, *t = aligned(&place, 0, sizeof *t);
    if (t) t->memory[0] = place.memory[0];
    return t;
}

enum err numbers_build(const struct number_rule *v, size_t n, struct numbers **out)
{
    *out = NULL;
    struct builder *b = mem_zalloc(sizeof *b);
    if (!b) return ERR_MEMORY;
    b->t = numbers_new();
    b->rule = v;
    b->rules = n;
    enum err e = b->t ? place_rules(b) : ERR_MEMORY;
    if (!e) e = prepare(b);
    if (!e) e = construct(b);
    mem_free(b->takes);
    mem_free(b->mark);
    mem_free(b->stack);
    mem_free(b->summed);
    mem_free(b->bucket);
    mem_free(b->set);
    for (size_t i = 0; i < sizeof b->s / sizeof b->s[0]; i++) mem_free(b->s[i].v);
    if (e) numbers_free(b->t);
    else *out = b->t;
    mem_free(b);
    return e;
}

void numbers_free(struct numbers *t)
{
    if (!t) return;
    for (size_t i = 0; i < TABLE_RULES; i++) mem_free(t->tail[i]);
    mem_free(t->memory[1]);
    mem_free(t->memory[2]);
    mem_free(t->memory[0]);
}

/* --- asking */

static inline bool is_digit(unsigned char c) { return c >= '0' && c <= '9'; }

#define KERNEL(name)          name##_sse2
#define KERNEL_TARGET         __attribute__((unused))
#define KERNEL_VECTOR         __m128i
#define KERNEL_LOAD(b, i)     _mm_loadu_si128((const __m128i *)(const void *)(b) + (i))
#define KERNEL_STORE(b, i, x) _mm_storeu_si128((__m128i *)(void *)(b) + (i), x)
#define KERNEL_AND            _mm_and_si128
#define KERNEL_OR             _mm_or_si128
#define KERNEL_ANY(x)         (_mm_movemask_epi8(_mm_cmpeq_epi8(x, _mm_setzero_si128())) != 0xffff)
#include "filters/detect/numbers_look.h"

#define KERNEL(name)          name##_avx2
#define KERNEL_TARGET         __attribute__((target("avx2,bmi,bmi2")))
#define KERNEL_VECTOR         __m256i
#define KERNEL_LOAD(b, i)     _mm256_loadu_si256((const __m256i *)(const void *)(b) + (i))
#define KERNEL_STORE(b, i, x) _mm256_storeu_si256((__m256i *)(void *)(b) + (i), x)
#define KERNEL_AND            _mm256_and_si256
#define KERNEL_OR             _mm256_or_si256
#define KERNEL_ANY(x)         (!_mm256_testz_si256(x, x))
#include "filters/detect/numbers_look.h"

#define KERNEL(name)          name##_avx512
#define KERNEL_TARGET         __attribute__((target("avx512f,bmi,bmi2")))
#define KERNEL_VECTOR         __m512i
#define KERNEL_LOAD(b, i)     _mm512_loadu_si512((const __m512i *)(const void *)(b) + (i))
#define KERNEL_STORE(b, i, x) _mm512_storeu_si512((__m512i *)(void *)(b) + (i), x)
#define KERNEL_AND            _mm512_and_si512
#define KERNEL_OR             _mm512_or_si512
#define KERNEL_ANY(x)         (_mm512_test_epi64_mask(x, x) != 0)
#include "filters/detect/numbers_look.h"

void numbers_look(const struct numbers *t, struct slice text, const struct number_asked *q, size_t i, struct number_batch *out)
{
    const unsigned char *p = (const unsigned char *)text.p;
    enum vectors h = structure_vectors();
    if (h == VECTORS_AVX512) look_avx512(t, p, q, i, out);
    else if (h == VECTORS_AVX2) look_avx2(t, p, q, i, out);
    else look_sse2(t, p, q, i, out);
}

bool numbers_at(const struct numbers *t, struct slice text, size_t anchor, const struct bits *only, struct bits *out)
{
    const unsigned char *p = (const unsigned char *)text.p + anchor;
    size_t n = text.n - anchor < NUMBER_FRONT ? text.n - anchor : NUMBER_FRONT;
    const struct bits *prev = anchor ? &t->prev[anchor > 1 && is_digit(p[-2])][p[-1]] : &t->all;
    enum vectors h = structure_vectors();
    if (h == VECTORS_AVX512) return look_at_avx512(t, p, n, only, prev, out);
    if (h == VECTORS_AVX2) return look_at_avx2(t, p, n, only, prev, out);
    return look_at_sse2(t, p, n, only, prev, out);
}
