/* Words compared with places of a text: what an entry says of the bytes before, at and behind it, and how it is made of
 * a word. */
#include "filters/detect/entries.h"

#include "filters/text/vector.h"

#include <stdlib.h>

_Static_assert(sizeof(struct entry) == 32, "two fill a line of the cache");

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

/* Whether the text has an entry's head from p on: what it tells nothing of is a capital. */
static inline bool has_head(const struct entry *e, const char *p)
{
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p), head = _mm_loadu_si128((const __m128i *)(const void *)e->head);
    v = _mm_or_si128(v, _mm_and_si128(vector_within(v, 'A', 25), _mm_set1_epi8(0x20)));
    __m128i same = _mm_or_si128(_mm_cmpeq_epi8(v, head), _mm_cmpeq_epi8(head, _mm_set1_epi8(ENTRY_BLANK)));
    return _mm_movemask_epi8(same) == 0xffff;
}

/* Keeps those picked whose heads are there. */
static void keep_heads(const struct entries *l, struct slice text, struct picks *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->count; i++) {
        char part[ENTRY_HEAD] = {0}; /* the last bytes */
        uint32_t at = p->at[i], entry = p->entry[i];
        const struct entry *e = &l->entry[entry];
        bool keep = (e->tag == p->tag[i]) & (e->lead <= at);
        at -= keep ? e->lead : 0;
        const char *from = text.p + at;
        if (at + ENTRY_HEAD > text.n) from = memcpy(part, from, text.n - at);
        keep &= has_head(e, from);
        p->at[n] = at;
        p->entry[n] = entry;
        n += keep;
    }
    p->count = n;
}

/* What stands before and behind a word whose head is there. */
static inline bool stands(const struct entries *l, const struct entry *e, struct slice text, size_t start)
{
    const unsigned char *p = (const unsigned char *)text.p;
    size_t end = start + e->len;
    if (end > text.n) return false;
    bool ok = !start || byteset_has(&l->sets[e->prev], p[start - 1]);
    if (end < text.n) ok &= byteset_has(&l->sets[e->after[0]], p[end]);
    if (end + 1 < text.n) ok &= byteset_has(&l->sets[e->after[1]], p[end + 1]);
    return ok;
}

size_t entries_compare(const struct entries *l, struct slice text, struct picks *p, struct lexicon_hit *hits)
{
    size_t n = 0;
    keep_heads(l, text, p);
    for (size_t i = 0; i < p->count; i++) {
        const struct entry *e = &l->entry[p->entry[i]];
        const char *rest = text.p + p->at[i] + ENTRY_HEAD;
        bool ok = stands(l, e, text, p->at[i]);
        if (ok & (e->len > ENTRY_HEAD)) ok = same(rest, l->texts + l->text[e->word] + ENTRY_HEAD, e->len - ENTRY_HEAD);
        hits[n] = (struct lexicon_hit){p->at[i], e->word};
        n += ok;
    }
    p->count = 0;
    return n;
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

static struct entry make_entry(struct builder *b, size_t word)
{
    const struct lexicon_word *w = &b->words[word];
    struct slice t = w->text;
    struct entry e = {.word = (uint32_t)word, .lead = (uint8_t)w->lead, .len = (uint8_t)t.n};
    for (size_t i = 0; i < ENTRY_HEAD; i++) e.head[i] = i < t.n ? t.p[i] : ENTRY_BLANK;
    e.prev = set_number(b, &w->prev);
    for (int i = 0; i < 2; i++) e.after[i] = set_number(b, &w->after[i]);
    return e;
}

static int compare_slices(struct slice x, struct slice y)
{
    int c = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);
    return c ? c : (x.n > y.n) - (x.n < y.n);
}

/* By what they are from their places on, then by what is before that. */
static int by_place(const void *a, const void *b)
{
    const struct lexicon_word *x = *(const struct lexicon_word *const *)a, *y = *(const struct lexicon_word *const *)b;
    int c = compare_slices(entries_from(x), entries_from(y));
    if (c) return c;
    return x->lead != y->lead ? (x->lead > y->lead) - (x->lead < y->lead) : memcmp(x->text.p, y->text.p, x->lead);
}

/* Words that differ before the place only, in as many bytes: of "db_password" and "my_password" one can stand there. */
static bool exclude(const struct lexicon_word *x, const struct lexicon_word *y)
{
    return x->lead == y->lead && slice_eq(entries_from(x), entries_from(y)) && memcmp(x->text.p, y->text.p, x->lead) != 0;
}

static bool begins(struct slice w, struct slice with) { return w.n >= with.n && memcmp(w.p, with.p, with.n) == 0; }

/* The most words that can stand at one place: sorted, those a word begins with stand before it. */
static enum err count_nested(const struct lexicon_word *words, size_t n, size_t *most)
{
    const struct lexicon_word **v = mem_alloc(n * sizeof *v);
    struct slice stack[LEXICON_NESTED];
    size_t deep = 0;
    *most = 0;
    if (!v) return ERR_MEMORY;
    for (size_t i = 0; i < n; i++) v[i] = &words[i];
    qsort(v, n, sizeof *v, by_place);
    enum err e = ERR_OK;
    for (size_t i = 0; i < n && !e; i++) {
        if (i && exclude(v[i], v[i - 1])) continue;
        struct slice from = entries_from(v[i]);
        while (deep && !begins(from, stack[deep - 1])) deep--;
        if (deep == LEXICON_NESTED) e = ERR_LIMIT;
        else stack[deep++] = from;
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
    e->text = mem_alloc(b->n * sizeof *e->text);
    b->sets = mem_alloc(3 * b->n * sizeof *b->sets);
    if (!e->texts || !e->text || !b->sets) return ERR_MEMORY;
    for (size_t i = 0; i < b->n; i++) {
        struct slice w = b->words[i].text;
        made[i] = make_entry(b, i);
        e->text[i] = (uint32_t)at;
        memcpy(e->texts + at, w.p, w.n);
        at += w.n;
    }
    e->sets = mem_alloc((b->set_count + 1) * sizeof *e->sets);
    if (!e->sets) return ERR_MEMORY;
    memcpy(e->sets, b->sets, b->set_count * sizeof *e->sets);
    return ERR_OK;
}

enum err entries_build(struct entries *e, const struct lexicon_word *words, size_t n, const struct entry_ref *refs, size_t count)
{
    struct builder b = {.words = words, .n = n};
    *e = (struct entries){.entry = mem_alloc((count + 1) * sizeof *e->entry)};
    struct entry *made = mem_alloc(n * sizeof *made);
    enum err x = n > UINT16_MAX / 3 ? ERR_LIMIT : !e->entry || !made ? ERR_MEMORY : count_nested(words, n, &e->nested);
    if (!x) x = make_all(e, &b, made);
    for (size_t i = 0; i < count && !x; i++) {
        e->entry[i] = made[refs[i].word];
        e->entry[i].tag = refs[i].tag;
    }
    mem_free(made);
    mem_free(b.sets);
    return x;
}

void entries_free(struct entries *e)
{
    mem_free(e->entry);
    mem_free(e->sets);
    mem_free(e->texts);
    mem_free(e->text);
}
