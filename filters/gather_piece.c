/* What of a gathered text is prose for others to read: strings of the body and of the JSON in them, folded and decoded
 * forms. Keys, numbers and names with a grammar are left out: what is found there cannot be rewritten, so that a
 * recogniser's guess would block the request; so are joined fragments, which repeat what stands elsewhere. */
#include "filters/gather.h"
#include "filters/screen.h"

#define PIECE_LEAST 2u
#define STEPS_MOST  64u

uint32_t gather_node(const struct json_doc *d, uint32_t at)
{
    uint32_t low = 0, high = d->count;
    while (high - low > 1) {
        uint32_t mid = low + (high - low) / 2;
        if (d->node[mid].off <= at) low = mid;
        else high = mid;
    }
    return low;
}

void gather_pieces_free(struct gather_pieces *p)
{
    mem_free(p->v);
    *p = (struct gather_pieces){NULL, 0, 0};
}

static enum err add(struct gather_pieces *p, uint32_t start, uint32_t end)
{
    if (end - start < PIECE_LEAST) return ERR_OK;
    if (p->count == p->room) {
        size_t room = p->room ? p->room * 2 : 64;
        struct gather_piece *v = mem_realloc(p->v, room * sizeof *v);
        if (!v) return ERR_MEMORY;
        p->v = v;
        p->room = room;
    }
    p->v[p->count++] = (struct gather_piece){start, end};
    return ERR_OK;
}

/* Whether byte `at` of the gathered text comes from a string of the body that is free text. */
static bool is_free(const struct gather *g, const struct json_doc *d, uint32_t at)
{
    for (unsigned steps = 0; steps < STEPS_MOST; steps++) {
        uint32_t s, e;
        view_back(&g->v, at, at + 1, &s, &e);
        if (!(s & GATHER_SELF)) {
            uint32_t node = gather_node(d, s);
            if (d->node[node].type != JSON_STRING) return false;
            return g->cls[node] == TEXT_FREE || g->cls[node] == TEXT_JSON;
        }
        at = s & ~GATHER_SELF;
        const struct gather_text *t = gather_text_at(g, at);
        if (at < t->value) return false; /* in the key that lent context */
    }
    return false;
}

static enum err add_value(const struct gather *g, const struct json_doc *d, const struct gather_text *t,
                          struct gather_pieces *out)
{
    if (t->inner || t->value >= t->end || !is_free(g, d, t->value)) return ERR_OK;
    return add(out, t->value, t->end);
}

enum err gather_pieces(const struct gather *g, const struct json_doc *d, struct gather_pieces *out)
{
    enum err e = ERR_OK;
    out->count = 0;
    for (uint32_t i = 0; i < g->count && !e; i++) {
        const struct gather_text *t = &g->text[i];
        if (t->kind == GATHER_BODY || t->kind == GATHER_DERIVED) e = add_value(g, d, t, out);
    }
    for (uint32_t i = 0; i < g->leaf_count && !e; i++) {
        const struct gather_leaf *l = &g->leaf[i];
        if (l->type != JSON_STRING || l->off >= l->end) continue;
        if (l->text) e = add_value(g, d, &g->text[l->text - 1], out);
        else if (is_free(g, d, l->off)) e = add(out, l->off, l->end);
    }
    return e;
}
