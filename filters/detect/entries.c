/* Words compared with a place of a text: what an entry says of the bytes before, at and behind it, and how it is made of
 * a word. */
#include "filters/detect/entries.h"

#include <stdlib.h>

/* --- comparing */

static bool same(const char *text, const char *word, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        if (c >= 'A' && c <= 'Z') c = (char)(c + 32);
        if (c != word[i]) return false;
    }
    return true;
}

bool entries_stands(const struct entries *l, const struct entry *e, struct slice text, size_t at)
{
    const unsigned char *p = (const unsigned char *)text.p;
    size_t end = at + e->len;
    if (end > text.n || (e->len > 8 && !same(text.p + at + 8, l->texts + e->at + 8, e->len - 8u))) return false;
    if (e->lead > at || !same(text.p + at - e->lead, l->texts + e->at - e->lead, e->lead)) return false;
    at -= e->lead;
    if (at && !byteset_has(&l->sets[e->prev], p[at - 1])) return false;
    if (end < text.n && !byteset_has(&l->sets[e->after[0]], p[end])) return false;
    return end + 1 >= text.n || byteset_has(&l->sets[e->after[1]], p[end + 1]);
}

/* --- building */

struct builder {
    const struct lexicon_word *words;
    size_t n;
    struct byteset *sets;
    size_t set_count;
};

static uint16_t set_number(struct builder *b, const struct byteset *s)
{
    size_t i = 0;
    while (i < b->set_count && memcmp(&b->sets[i], s, sizeof *s)) i++;
    if (i == b->set_count) b->sets[b->set_count++] = *s;
    return (uint16_t)i;
}

static struct entry make_entry(struct builder *b, size_t word, size_t at)
{
    const struct lexicon_word *w = &b->words[word];
    struct slice t = entries_from(w);
    struct entry e = {.at = (uint32_t)(at + w->lead), .word = (uint32_t)word, .lead = (uint8_t)w->lead, .len = (uint8_t)t.n};
    size_t n = t.n < 8 ? t.n : 8;
    memcpy(&e.head, t.p, n);
    e.care = n == 8 ? ~0ull : (1ull << 8 * n) - 1;
    e.prev = set_number(b, &w->prev);
    for (int i = 0; i < 2; i++) e.after[i] = set_number(b, &w->after[i]);
    return e;
}

static int by_text(const void *a, const void *b)
{
    const struct slice *x = a, *y = b;
    size_t n = x->n < y->n ? x->n : y->n;
    int c = memcmp(x->p, y->p, n);
    return c ? c : (x->n > y->n) - (x->n < y->n);
}

static bool begins(struct slice w, struct slice with) { return w.n >= with.n && memcmp(w.p, with.p, with.n) == 0; }

/* The most words that begin with one another: sorted, those a word begins with stand before it. */
static enum err count_nested(const struct lexicon_word *words, size_t n, size_t *most)
{
    struct slice stack[LEXICON_NESTED], *v = mem_alloc(n * sizeof *v);
    size_t deep = 0;
    *most = 0;
    if (!v) return ERR_MEMORY;
    for (size_t i = 0; i < n; i++) v[i] = entries_from(&words[i]);
    qsort(v, n, sizeof *v, by_text);
    enum err e = ERR_OK;
    for (size_t i = 0; i < n && !e; i++) {
        while (deep && !begins(v[i], stack[deep - 1])) deep--;
        if (deep == LEXICON_NESTED) e = ERR_LIMIT;
        else stack[deep++] = v[i];
        if (deep > *most) *most = deep;
    }
    mem_free(v);
    return e;
}

/* The words' texts, one behind the other; `made` gets their entries, by word. */
static enum err make_all(struct entries *e, struct builder *b, struct entry *made)
{
    size_t bytes = 0, at = 0;
    for (size_t i = 0; i < b->n; i++) bytes += b->words[i].text.n;
    e->texts = mem_alloc(bytes);
    b->sets = mem_alloc(3 * b->n * sizeof *b->sets);
    if (!e->texts || !b->sets) return ERR_MEMORY;
    for (size_t i = 0; i < b->n; i++) {
        struct slice w = b->words[i].text;
        made[i] = make_entry(b, i, at);
        memcpy(e->texts + at, w.p, w.n);
        at += w.n;
    }
    e->sets = mem_alloc((b->set_count + 1) * sizeof *e->sets);
    if (!e->sets) return ERR_MEMORY;
    memcpy(e->sets, b->sets, b->set_count * sizeof *e->sets);
    return ERR_OK;
}

enum err entries_build(struct entries *e, const struct lexicon_word *words, size_t n, const uint32_t *which, size_t count)
{
    struct builder b = {.words = words, .n = n};
    *e = (struct entries){.entry = mem_alloc((count + 1) * sizeof *e->entry)};
    struct entry *made = mem_alloc(n * sizeof *made);
    enum err x = n > UINT16_MAX / 3 ? ERR_LIMIT : !e->entry || !made ? ERR_MEMORY : count_nested(words, n, &e->nested);
    if (!x) x = make_all(e, &b, made);
    for (size_t i = 0; i < count && !x; i++) e->entry[i] = made[which[i]];
    mem_free(made);
    mem_free(b.sets);
    return x;
}

void entries_free(struct entries *e)
{
    mem_free(e->entry);
    mem_free(e->sets);
    mem_free(e->texts);
}
