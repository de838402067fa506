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

/* Enters what of a set goes with the bytes from the third on, one by one. 1 if anything does. */
KERNEL_TARGET static inline unsigned KERNEL(front)(const struct numbers *t, const unsigned char *p, struct KERNEL(set) s,
                                                   struct bits *out)
{
    for (size_t k = 2; k < NUMBER_FRONT; k++) KERNEL(meet)(&s, &t->front[k * t->classes + t->cls[p[k]]]);
    for (size_t i = 0; i < KERNEL_LANES; i++) KERNEL_STORE(out, i, s.v[i]);
    return KERNEL(any)(&s);
}

/* Asked of every number: whether any rule begins at such a one at all, and where. No question in between: it would be
 * guessed wrong too often; so too in what follows. */
KERNEL_TARGET static void KERNEL(choose)(const struct numbers *t, const struct number_asked *q, size_t i,
                                         uint32_t plain[NUMBER_BATCH], uint32_t lettered[NUMBER_BATCH], struct number_batch *out)
{
    size_t n = 0, m = 0, odd = 0;
    for (size_t end = q->n - i < NUMBER_BATCH ? q->n : i + NUMBER_BATCH; i < end && q->v[i].at < q->limit; i++) {
        const struct structure_number *v = &q->v[i];
        unsigned shift = (q->bare >> (v->at / 64 & q->near_mask) & 1) * BEGINS_ALONE;
        uint64_t may = t->begins[v->key] >> (shift + v->alnum / NUMBER_ALNUM * BEGINS_LONG);
        plain[n] = lettered[m] = (uint32_t)i;
        n += may >> v->before & 1;
        m += may >> BEGINS_LETTERED & (v->letters > 0);
        if ((v->how & NUMBER_EDGE) || (v->how & NUMBER_SIGNED && t->look[WAY_SIGNED][v->key])) out->odd[odd++] = (uint32_t)i;
    }
    out->next = i;
    out->odd[odd] = NUMBER_NONE;
    out->plains = n;
    out->lettereds = m;
}

/* Matches that begin at the digit, by the first few tables. */
KERNEL_TARGET static inline struct KERNEL(set) KERNEL(meet_plain)(const struct numbers *t, const unsigned char *p,
                                                                  const struct number_asked *q, const struct structure_number *v)
{
    const unsigned char *end = p + v->run;
    unsigned first = p[0] - (unsigned)'0', second = p[1] - (unsigned)'0';
    struct KERNEL(set) s = KERNEL(load)(q->only);
    KERNEL(meet)(&s, &q->near[v->at / 64 & q->near_mask]);
    KERNEL(meet)(&s, &t->set[t->look[WAY_PLAIN][v->key]]);
    KERNEL(meet)(&s, &t->runs[v->alnum]);
    KERNEL(meet)(&s, &t->prev[is_digit(p[-2])][p[-1]]);
    KERNEL(meet)(&s, &t->pair[first][second < 10 ? second : 10]);
    KERNEL(meet)(&s, &t->after[0][end[0]]);
    KERNEL(meet)(&s, &t->after[1][end[1]]);
    KERNEL(meet)(&s, &t->after[2][end[2]]);
    return s;
}

/* Those that begin at a, the letters before it. */
KERNEL_TARGET static inline struct KERNEL(set)
    KERNEL(meet_lettered)(const struct numbers *t, const unsigned char *a, const struct number_asked *q,
                          const struct structure_number *v)
{
    bool apart = !(v->how & NUMBER_GLUED);
    unsigned run = apart ? v->letters : v->letters + v->alnum;
    struct KERNEL(set) s = KERNEL(load)(q->only);
    KERNEL(meet)(&s, &q->near[v->at / 64 & q->near_mask]);
    KERNEL(meet)(&s, &t->set[t->look[WAY_LETTERED + apart][v->key]]);
    KERNEL(meet)(&s, &t->letters[apart][v->letters]);
    KERNEL(meet)(&s, &t->runs[run < NUMBER_ALNUM ? run : NUMBER_ALNUM]);
    KERNEL(meet)(&s, &t->prev[is_digit(a[-2])][a[-1]]);
    KERNEL(meet)(&s, &t->front[t->cls[a[0]]]);
    KERNEL(meet)(&s, &t->front[t->classes + t->cls[a[1]]]);
    return s;
}

static inline const unsigned char *KERNEL(letters)(const unsigned char *text, const struct structure_number *v)
{
    return text + v->at - v->letters - !(v->how & NUMBER_GLUED);
}

KERNEL_TARGET static void KERNEL(look_plain)(const struct numbers *t, const unsigned char *text, const struct number_asked *q,
                                             uint32_t list[NUMBER_BATCH], struct number_batch *out)
{
    struct KERNEL(set) met[NUMBER_BATCH];
    size_t left = 0, n = 0;
    for (size_t k = 0; k < out->plains; k++) {
        const struct structure_number *v = &q->v[list[k]];
        list[left] = list[k];
        met[left] = KERNEL(meet_plain)(t, text + v->at, q, v);
        left += KERNEL(any)(&met[left]);
    }
    for (size_t k = 0; k < left; k++) {
        const struct structure_number *v = &q->v[list[k]];
        unsigned run1 = v->key >> 12, run2 = v->key >> 4 & 15;
        const unsigned char *p = text + v->at, *end = p + run1 + run2 + 2;
        if (run1 < NUMBER_RUN && run2 < NUMBER_RUN)
            for (size_t i = 0; i < NUMBER_BEHIND; i++) KERNEL(meet)(&met[k], &t->beyond[i][end[i]]);
        out->plain[n].number = list[k];
        n += KERNEL(front)(t, p, met[k], &out->plain[n].set);
    }
    out->plain[n].number = NUMBER_NONE;
}

KERNEL_TARGET static void KERNEL(look_lettered)(const struct numbers *t, const unsigned char *text, const struct number_asked *q,
                                                uint32_t list[NUMBER_BATCH], struct number_batch *out)
{
    struct KERNEL(set) met[NUMBER_BATCH];
    size_t left = 0, n = 0;
    for (size_t k = 0; k < out->lettereds; k++) {
        const struct structure_number *v = &q->v[list[k]];
        list[left] = list[k];
        met[left] = KERNEL(meet_lettered)(t, KERNEL(letters)(text, v), q, v);
        left += KERNEL(any)(&met[left]);
    }
    for (size_t k = 0; k < left; k++) {
        out->lettered[n].number = list[k];
        n += KERNEL(front)(t, KERNEL(letters)(text, &q->v[list[k]]), met[k], &out->lettered[n].set);
    }
    out->lettered[n].number = NUMBER_NONE;
}

KERNEL_TARGET static void KERNEL(look)(const struct numbers *t, const unsigned char *text, const struct number_asked *q, size_t i,
                                       struct number_batch *out)
{
    uint32_t plain[NUMBER_BATCH], lettered[NUMBER_BATCH];
    KERNEL(choose)(t, q, i, plain, lettered, out);
    KERNEL(look_plain)(t, text, q, plain, out);
    KERNEL(look_lettered)(t, text, q, lettered, out);
}

/* What of a set may begin at p, by the byte before it and the n bytes from it on. */
KERNEL_TARGET static bool KERNEL(look_at)(const struct numbers *t, const unsigned char *p, size_t n, const struct bits *only,
                                          const struct bits *prev, struct bits *out)
{
    struct KERNEL(set) s = KERNEL(load)(only);
    KERNEL(meet)(&s, prev);
    for (size_t k = 0; k < n; k++) KERNEL(meet)(&s, &t->front[k * t->classes + t->cls[p[k]]]);
    for (size_t i = 0; i < KERNEL_LANES; i++) KERNEL_STORE(out, i, s.v[i]);
    return KERNEL(any)(&s);
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
