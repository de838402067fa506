/* The way back: from a range of the gathered text to places in the body. A text leads to the text it was made from,
 * and so on down to the body; in JSON text a range is cut into strings, keys and numbers, so that what replaces it can
 * never break the JSON. */
#include "filters/gather.h"

#include <assert.h>

const struct gather_text *gather_text_at(const struct gather *g, uint32_t at)
{
    uint32_t low = 0, high = g->count;
    assert(high > 0);
    while (high - low > 1) {
        uint32_t mid = low + (high - low) / 2;
        if (g->text[mid].start <= at) low = mid;
        else high = mid;
    }
    return &g->text[low];
}

bool gather_one_piece(const struct gather *g, uint32_t start, uint32_t end)
{
    const struct view_piece *a = &g->v.piece[view_piece_at(&g->v, start)], *b = &g->v.piece[view_piece_at(&g->v, end - 1)];
    return a == b || gather_text_at(g, start)->kind == GATHER_PARTS
               ? gather_text_at(g, a->s & ~GATHER_SELF) == gather_text_at(g, b->s & ~GATHER_SELF)
               : false;
}

struct placing {
    const struct gather *g;
    gather_sink sink;
    void *arg;
    unsigned steps; /* texts on the way at present */
    bool joined;    /* came through a joined text */
};
#define STEPS_MOST 64u /* far above what the levels allow */

static enum err place(struct placing *p, const struct gather_text *t, uint32_t a, uint32_t b);

static inline bool continues(char c) { return ((unsigned char)c & 0xC0) == 0x80; }

/* Rules count bytes: a range may begin or end inside a character, which is taken whole. */
static void whole_characters(struct slice body, uint32_t *s, uint32_t *e)
{
    for (int i = 0; i < 3 && *s > 0 && continues(body.p[*s]); i++) --*s;
    for (int i = 0; i < 3 && *e < body.n && continues(body.p[*e]); i++) ++*e;
}

/* Down from text t, whose range [a, b) lies within one leaf. */
static enum err down(struct placing *p, const struct gather_text *t, uint32_t a, uint32_t b, unsigned level, bool number)
{
    uint32_t s, e;
    for (unsigned steps = 0; steps < STEPS_MOST; steps++) {
        view_back(&p->g->v, a, b, &s, &e);
        if (t->kind == GATHER_BODY) {
            whole_characters(p->g->body, &s, &e);
            const struct gather_place at = {s, e, (uint8_t)level, number};
            return p->sink(p->arg, &at);
        }
        a = s & ~GATHER_SELF;
        b = e & ~GATHER_SELF;
        const struct gather_text *from = gather_text_at(p->g, a);
        if (t->kind != GATHER_LEAF) return place(p, from, a, b);
        t = from;
    }
    return ERR_INTERNAL;
}

/* A joined text: pieces of one source text together, each source text apart. */
static enum err place_joined(struct placing *p, uint32_t a, uint32_t b)
{
    const struct view *v = &p->g->v;
    size_t i = view_piece_at(v, a), last = view_piece_at(v, b - 1);
    enum err e = ERR_OK;
    while (i <= last && !e) {
        const struct gather_text *from = gather_text_at(p->g, v->piece[i].s & ~GATHER_SELF);
        size_t k = i;
        while (k < last && gather_text_at(p->g, v->piece[k + 1].s & ~GATHER_SELF) == from) k++;
        uint32_t x = a > v->piece[i].v ? a : v->piece[i].v, y = k == last ? b : v->piece[k + 1].v, s, end;
        view_back(v, x, y, &s, &end);
        e = place(p, from, s & ~GATHER_SELF, end & ~GATHER_SELF);
        i = k + 1;
    }
    return e;
}

/* The range of a leaf's own text that source bytes [a, b) became: whole units. */
static void forward(const struct gather *g, const struct gather_text *t, uint32_t a, uint32_t b, uint32_t *x, uint32_t *y)
{
    const struct view_piece *piece = g->v.piece;
    size_t first = view_piece_at(&g->v, t->start), end = view_piece_at(&g->v, t->end - 1) + 1, at[2];
    const uint32_t want[2] = {a, b - 1};
    for (int k = 0; k < 2; k++) {
        size_t low = first, high = end;
        while (high - low > 1) {
            size_t mid = low + (high - low) / 2;
            if ((piece[mid].s & ~GATHER_SELF) <= want[k]) low = mid;
            else high = mid;
        }
        at[k] = low;
    }
    uint32_t ignored;
    view_forward(&g->v, at[0], a | GATHER_SELF, x, &ignored);
    view_forward(&g->v, at[1], (b - 1) | GATHER_SELF, &ignored, y);
    if (*y > t->end) *y = t->end;
    if (*x >= *y) *x = *y - 1;
}

/* The first leaf of inner JSON that ends behind `a`. */
static uint32_t leaf_at(const struct gather *g, const struct gather_inner *in, uint32_t a)
{
    uint32_t low = in->first, high = in->first + in->count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (g->leaf[mid].end <= a) low = mid + 1;
        else high = mid;
    }
    return low;
}

static enum err place_inner(struct placing *p, const struct gather_text *t, uint32_t a, uint32_t b)
{
    const struct gather *g = p->g;
    const struct gather_inner *in = &g->inner[t->inner - 1];
    enum err e = ERR_OK;
    for (uint32_t i = leaf_at(g, in, a); i < in->first + in->count && g->leaf[i].off < b && !e; i++) {
        const struct gather_leaf *l = &g->leaf[i];
        uint32_t x = a > l->off ? a : l->off, y = b < l->end ? b : l->end;
        if (x >= y) continue; /* an empty string */
        if (l->type == JSON_NUMBER) e = down(p, t, l->off, l->end, t->level, true);
        else if (!l->text) e = down(p, t, x, y, t->level + 1u, false);
        else if (p->joined) { /* else it was looked at in its own text, and better */
            const struct gather_text *own = &g->text[l->text - 1];
            forward(g, own, x, y, &x, &y);
            e = place(p, own, x, y);
        }
    }
    return e;
}

static enum err place(struct placing *p, const struct gather_text *t, uint32_t a, uint32_t b)
{
    if (b > t->end) b = t->end;
    if (a < t->value && t->key_end > t->start) {
        if (a < t->key_end && b <= t->value) b = b < t->key_end ? b : t->key_end; /* in the key */
        else a = t->value;                                                        /* the key only lent context */
    }
    if (a >= b) return ERR_OK;
    if (++p->steps > STEPS_MOST) return ERR_INTERNAL;
    enum err e;
    if (t->kind == GATHER_PARTS || t->kind == GATHER_BREAKS) e = place_joined(p, a, b);
    else if (t->inner && a >= t->value) e = place_inner(p, t, a, b);
    else e = down(p, t, a, b, t->level, false);
    p->steps--;
    return e;
}

enum err gather_places(const struct gather *g, uint32_t start, uint32_t end, gather_sink sink, void *arg)
{
    const struct gather_text *t = gather_text_at(g, start);
    struct placing p = {g, sink, arg, 0, t->kind == GATHER_PARTS || t->kind == GATHER_BREAKS};
    return place(&p, t, start, end);
}
