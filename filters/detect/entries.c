/* Words compared with places of a text: what an entry says of the bytes before, at and behind it, and how it is made of
 * a word. */
#include "filters/detect/entries.h"

#include "filters/text/vector.h"

#include <stdlib.h>

_Static_assert(sizeof(struct entry) == 16 && ENTRY_HEAD * ENTRY_LANES == 64, "four fill a line of the cache");

/* --- comparing heads */

/* Entries whose heads are there. */
#define PICKS 256u
struct picks {
    size_t count; /* at most PICKS: some more are written and not counted */
    uint32_t place[PICKS + ENTRY_LANES], entry[PICKS + ENTRY_LANES];
};

/* The bytes round a place, 0 where the text has none, capitals made small. */
static inline __m128i read_head(struct slice text, size_t at)
{
    char part[ENTRY_HEAD] = {0};
    const char *from = text.p + at - ENTRY_BEFORE;
    if (__builtin_expect(at < ENTRY_BEFORE || text.n - at < ENTRY_HEAD - ENTRY_BEFORE, 0)) {
        size_t before = at < ENTRY_BEFORE ? at : ENTRY_BEFORE, n = before + text.n - at, skip = ENTRY_BEFORE - before;
        memcpy(part + skip, text.p + at - before, n < ENTRY_HEAD - skip ? n : ENTRY_HEAD - skip);
        from = part;
    }
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)from);
    return _mm_or_si128(v, _mm_and_si128(vector_within(v, 'A', 25), _mm_set1_epi8(0x20)));
}

/* Picks from place i's entries on, and from the next places', as long as there is room: the first place that is not done,
 * `first` where it goes on. */
static size_t pick_plain(const struct entries *l, struct slice text, struct places *p, size_t i, struct picks *out)
{
    for (; i < p->count; i++) {
        __m128i v = read_head(text, p->at[i]);
        for (uint32_t *k = &p->first[i]; *k < p->end[i]; ++*k) {
            if (out->count == PICKS) return i;
            __m128i head = _mm_loadu_si128((const __m128i *)(const void *)l->head[*k]);
            __m128i same = _mm_or_si128(_mm_cmpeq_epi8(v, head), _mm_cmpeq_epi8(head, _mm_set1_epi8(ENTRY_BLANK)));
            out->place[out->count] = (uint32_t)i;
            out->entry[out->count] = *k;
            out->count += _mm_movemask_epi8(same) == 0xffff;
        }
    }
    return i;
}

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,bmi,bmi2,popcnt")))

/* The same; nearly always there are no more than ENTRY_LANES. */
AVX512 static size_t pick_avx512(const struct entries *l, struct slice text, struct places *p, size_t i, struct picks *out)
{
    const __m128i lanes = _mm_set_epi32(3, 2, 1, 0);
    for (; i < p->count; i++) {
        __m512i v = _mm512_broadcast_i32x4(read_head(text, p->at[i]));
        uint32_t k = p->first[i], end = p->end[i];
        do {
            if (out->count > PICKS - ENTRY_LANES) {
                p->first[i] = k;
                return i;
            }
            __m512i head = _mm512_loadu_si512(l->head[k]);
            __m512i other = _mm512_maskz_sub_epi8(_mm512_cmpneq_epi8_mask(head, _mm512_set1_epi8(ENTRY_BLANK)), v, head);
            unsigned halves = _mm512_test_epi64_mask(other, other);
            __mmask8 may = (__mmask8)_bzhi_u32(_pext_u32(~(halves | halves >> 1), 0x55),
                                               end - k < ENTRY_LANES ? end - k : ENTRY_LANES);
            __m128i entry = _mm_maskz_compress_epi32(may, _mm_add_epi32(lanes, _mm_set1_epi32((int)k)));
            _mm_storeu_si128((__m128i *)(void *)(out->entry + out->count), entry);
            _mm_storeu_si128((__m128i *)(void *)(out->place + out->count), _mm_set1_epi32((int)i));
            out->count += (unsigned)__builtin_popcount(may);
            k += ENTRY_LANES;
        } while (k < end);
    }
    return i;
}

/* --- comparing the rest */

static bool same(const char *text, const char *word, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        if (c >= 'A' && c <= 'Z') c = (char)(c + 32);
        if (c != word[i]) return false;
    }
    return true;
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

static size_t keep_standing(const struct entries *l, struct slice text, const struct places *p, const struct picks *v,
                            struct lexicon_hit *hits)
{
    size_t n = 0;
    for (size_t i = 0; i < v->count; i++) {
        const struct entry *e = &l->entry[v->entry[i]];
        uint32_t at = p->at[v->place[i]];
        bool ok = (e->tag == p->tag[v->place[i]]) & (e->lead <= at);
        at -= ok ? e->lead : 0;
        ok &= stands(l, e, text, at);
        if (ok & ((e->lead > ENTRY_BEFORE) | (e->len - e->lead > (int)(ENTRY_HEAD - ENTRY_BEFORE))))
            ok = same(text.p + at, l->texts + l->text[e->word], e->len);
        hits[n] = (struct lexicon_hit){at, e->word};
        n += ok;
    }
    return n;
}

size_t entries_compare(const struct entries *l, struct slice text, struct places *p, struct lexicon_hit *hits)
{
    const bool wide = lexicon_way() == LEXICON_AVX512;
    size_t n = 0;
    for (size_t i = 0; i < p->count;) {
        struct picks v;
        v.count = 0;
        i = (wide ? pick_avx512 : pick_plain)(l, text, p, i, &v);
        n += keep_standing(l, text, p, &v, hits + n);
    }
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
    e.prev = set_number(b, &w->prev);
    for (int i = 0; i < 2; i++) e.after[i] = set_number(b, &w->after[i]);
    return e;
}

static void make_head(const struct lexicon_word *w, char head[ENTRY_HEAD])
{
    for (size_t i = 0; i < ENTRY_HEAD; i++) {
        size_t at = w->lead + i - ENTRY_BEFORE; /* far behind where it is before the word */
        head[i] = at < w->text.n ? w->text.p[at] : ENTRY_BLANK;
    }
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
    *e = (struct entries){.head = mem_zalloc((count + ENTRY_LANES) * sizeof *e->head),
                          .entry = mem_alloc((count + 1) * sizeof *e->entry)};
    struct entry *made = mem_alloc(n * sizeof *made);
    enum err x = n > UINT16_MAX / 3               ? ERR_LIMIT
                 : !e->head || !e->entry || !made ? ERR_MEMORY
                                                  : count_nested(words, n, &e->nested);
    if (!x) x = make_all(e, &b, made);
    for (size_t i = 0; i < count && !x; i++) {
        e->entry[i] = made[refs[i].word];
        e->entry[i].tag = refs[i].tag;
        make_head(&words[refs[i].word], e->head[i]);
    }
    mem_free(made);
    mem_free(b.sets);
    return x;
}

void entries_free(struct entries *e)
{
    mem_free(e->head);
    mem_free(e->entry);
    mem_free(e->sets);
    mem_free(e->texts);
    mem_free(e->text);
}
