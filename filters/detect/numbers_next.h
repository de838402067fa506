/* The way through a block's numbers, compiled once for each kind of processor. Whoever includes it defines KERNEL(name),
 * KERNEL_TARGET, and a vector: KERNEL_VECTOR, KERNEL_LOAD, KERNEL_STORE, KERNEL_AND, KERNEL_OR, KERNEL_ANY. No guard. */

#define KERNEL_LANES (sizeof(struct bits) / sizeof(KERNEL_VECTOR))

struct KERNEL(set) {
    KERNEL_VECTOR v[KERNEL_LANES];
};

KERNEL_TARGET static inline struct KERNEL(set) KERNEL(load)(const struct bits *b)
{
    struct KERNEL(set) s = {{KERNEL_LOAD(b, 0)}};
    for (size_t i = 1; i < KERNEL_LANES; i++) s.v[i] = KERNEL_LOAD(b, i);
    return s;
}

KERNEL_TARGET static inline void KERNEL(meet)(struct KERNEL(set) * s, const struct bits *b)
{
    for (size_t i = 0; i < KERNEL_LANES; i++) s->v[i] = KERNEL_AND(s->v[i], KERNEL_LOAD(b, i));
}

KERNEL_TARGET static inline bool KERNEL(any)(const struct KERNEL(set) * s)
{
    KERNEL_VECTOR x = s->v[0];
    for (size_t i = 1; i < KERNEL_LANES; i++) x = KERNEL_OR(x, s->v[i]);
    return KERNEL_ANY(x);
}

KERNEL_TARGET static inline bool KERNEL(any_of)(const struct KERNEL(set) * s, const struct KERNEL(set) * w)
{
    KERNEL_VECTOR x = KERNEL_OR(s->v[0], w->v[0]);
    for (size_t i = 1; i < KERNEL_LANES; i++) x = KERNEL_OR(x, KERNEL_OR(s->v[i], w->v[i]));
    return KERNEL_ANY(x);
}

/* What is left once the first bytes have been looked at one by one. */
KERNEL_TARGET static bool KERNEL(front)(const struct numbers *t, const unsigned char *p, struct KERNEL(set) s, struct bits *out)
{
    for (size_t k = 0; k < NUMBER_FRONT; k++) KERNEL(meet)(&s, &t->front[k * t->classes + t->cls[p[k]]]);
    if (!KERNEL(any)(&s)) return false;
    for (size_t i = 0; i < KERNEL_LANES; i++) KERNEL_STORE(out, i, s.v[i]);
    return true;
}

KERNEL_TARGET static size_t KERNEL(next)(const struct numbers *t, const unsigned char *text, const struct number_asked *q,
                                         size_t i, struct number_found *out)
{
    const struct structure_number *v = q->v;
    for (; i < q->n && v[i].at < q->limit; i++) {
        const unsigned char *p = text + v[i].at, *end = p + v[i].run;
        out->any[0] = out->any[1] = out->any[2] = false;
        if (v[i].how & NUMBER_EDGE) return i;
        /* Both ways at once, without a question: to ask costs more than to look. Of no letters the sets are empty. */
        bool apart = !(v[i].how & NUMBER_GLUED);
        const unsigned char *a = p - v[i].letters - apart;
        unsigned first = p[0] - (unsigned)'0', second = p[1] - (unsigned)'0';
        struct KERNEL(set) s = KERNEL(load)(q->only), w;
        KERNEL(meet)(&s, &q->near[v[i].at / 64 & q->near_mask]);
        w = s;
        KERNEL(meet)(&s, &t->set[t->look[WAY_PLAIN][v[i].key]]);
        KERNEL(meet)(&s, &t->prev[is_digit(p[-2])][p[-1]]);
        KERNEL(meet)(&s, &t->pair[first][second < 10 ? second : 10]);
        KERNEL(meet)(&s, &t->after[0][end[0]]);
        KERNEL(meet)(&s, &t->after[1][end[1]]);
        KERNEL(meet)(&s, &t->after[2][end[2]]);
        KERNEL(meet)(&w, &t->set[t->look[WAY_LETTERED + apart][v[i].key]]);
        KERNEL(meet)(&w, &t->letters[apart][v[i].letters]);
        KERNEL(meet)(&w, &t->prev[is_digit(a[-2])][a[-1]]);
        KERNEL(meet)(&w, &t->front[t->cls[a[0]]]);
        KERNEL(meet)(&w, &t->front[t->classes + t->cls[a[1]]]);
        if (!KERNEL(any_of)(&s, &w)) {
            if (v[i].how & NUMBER_SIGNED) return i;
            continue;
        }
        unsigned run1 = v[i].key >> 12, run2 = v[i].key >> 4 & 15;
        end = p + run1 + run2 + 2;
        if (run1 < NUMBER_RUN && run2 < NUMBER_RUN)
            for (size_t k = 0; k < NUMBER_BEHIND; k++) KERNEL(meet)(&s, &t->beyond[k][end[k]]);
        out->any[0] = KERNEL(front)(t, p, s, &out->plain);
        if (v[i].letters) out->any[1 + apart] = KERNEL(front)(t, a, w, apart ? &out->prefixed : &out->lettered);
        if (out->any[0] | out->any[1] | out->any[2] | (v[i].how & NUMBER_SIGNED)) return i;
    }
    return i;
}

#undef KERNEL_LANES

#undef KERNEL
#undef KERNEL_TARGET
#undef KERNEL_VECTOR
#undef KERNEL_LOAD
#undef KERNEL_STORE
#undef KERNEL_AND
#undef KERNEL_OR
#undef KERNEL_ANY
