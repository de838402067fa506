/* The list of findings, and how overlaps are settled: every sensitive byte stays covered, once, under the name that
 * describes it best. */
#include "filters/detect/engine.h"

#include <stdlib.h>

enum err findings_add(struct findings *f, struct finding x)
{
    if (f->count >= FINDINGS_MAX) return ERR_NOT_SCANNED;
    if (f->count == f->room) {
        size_t room = f->room ? f->room * 2 : 64;
        struct finding *v = mem_realloc(f->v, room * sizeof *v);
        if (!v) return ERR_MEMORY;
        f->v = v;
        f->room = room;
    }
    f->v[f->count++] = x;
    return ERR_OK;
}

void findings_free(struct findings *f)
{
    mem_free(f->v);
    *f = (struct findings){0};
}

static int by_start(const void *a, const void *b)
{
    const struct finding *x = a, *y = b;
    if (x->start != y->start) return x->start < y->start ? -1 : 1;
    if (x->end != y->end) return x->end > y->end ? -1 : 1;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    return (x->rule > y->rule) - (x->rule < y->rule);
}

static bool covers(const struct finding *a, const struct finding *b)
{
    return a->start <= b->start && a->end >= b->end && a->end - a->start > b->end - b->start;
}

/* Whether x describes the place better than `best` does. Spans are those the rules found, not the grown ones. */
static bool better(const struct finding *x, const struct finding *best)
{
    if (covers(x, best)) return true;
    if (covers(best, x)) return false;
    if (x->score != best->score) return x->score > best->score;
    return x->end - x->start > best->end - best->start;
}

#define NEIGHBOURS 16u

static bool is_type(const struct ruleset *rs, const struct finding *f, const char *type)
{
    return f->rule < ruleset_count(rs) && strcmp(ruleset_rule(rs, f->rule)->type, type) == 0;
}

/* "secret@host" is no mailbox where "user:secret" was found to be a credential: the host stays, the credential is named. */
static void drop_mailboxes(const struct ruleset *rs, struct findings *f)
{
    size_t n = 0;
    for (size_t i = 0; i < f->count; i++) {
        const struct finding *m = &f->v[i];
        bool drop = false;
        if (is_type(rs, m, "EMAIL_ADDRESS")) {
            for (size_t k = i > NEIGHBOURS ? i - NEIGHBOURS : 0; k < f->count && k < i + NEIGHBOURS && !drop; k++)
                drop = f->v[k].start <= m->start && f->v[k].end > m->start && f->v[k].end < m->end &&
                       is_type(rs, &f->v[k], "URL_OR_DB_CREDENTIALS");
        }
        if (!drop) f->v[n++] = *m;
    }
    f->count = n;
}

void findings_resolve(const struct ruleset *rs, struct findings *f)
{
    if (f->count < 2) return;
    qsort(f->v, f->count, sizeof *f->v, by_start);
    if (rs) drop_mailboxes(rs, f);
    size_t n = 0;
    for (size_t i = 0; i < f->count;) {
        struct finding best = f->v[i];
        uint32_t start = best.start, end = best.end;
        for (i++; i < f->count && f->v[i].start < end; i++) {
            if (f->v[i].end > end) end = f->v[i].end;
            if (better(&f->v[i], &best)) best = f->v[i];
        }
        best.start = start;
        best.end = end;
        f->v[n++] = best;
    }
    f->count = n;
}
