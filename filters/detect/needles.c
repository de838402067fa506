/* Building needles: which four bytes of a word are its window, and which words share a bucket, so that ordinary text
 * passes as seldom as can be had. Each word goes where it costs the least, twice over. */
#include "filters/detect/needles_inside.h"

#include <stdlib.h>

#define BUCKETS (GROUPS * 8)
#define ROUNDS  2

struct set7 {
    uint64_t w[2];
};
struct window {
    struct set7 at[WINDOW];
    uint64_t grams[WINDOW]; /* bit i: common[i] has one of the bytes there */
};

struct builder {
    const struct lexicon_word *words;
    size_t n;
    struct lexicon_word *placed; /* the words with their windows' places as leads */
    uint8_t *bucket;             /* of each word */
    struct window sets[BUCKETS];
    float chance[128]; /* how often a byte is in text, about */
};

#define NO_BUCKET 0xff

/* --- what is common in text */

/* Letters that stand together far more often than each by itself would tell, and how often in 100,000 bytes of prose and code,
 * about. */
static const struct {
    char text[WINDOW + 1];
    uint8_t often;
} common[64] = {
    {"tion", 212}, {"http", 82}, {"name", 81}, {"type", 78}, {"sion", 76}, {"comm", 74}, {"port", 69}, {"cont", 69},
    {"ions", 66},  {"atio", 65}, {"ctio", 64}, {"stat", 63}, {"file", 62}, {"from", 59}, {"ourc", 57}, {"urce", 56},
    {"sour", 56},  {"requ", 56}, {"cons", 56}, {"ttps", 56}, {"ject", 54}, {"vers", 53}, {"turn", 51}, {"resp", 51},
    {"etur", 50},  {"retu", 50}, {"spon", 50}, {"erro", 50}, {"rror", 50}, {"mple", 49}, {"comp", 49}, {"serv", 48},
    {"mode", 48},  {"espo", 48}, {"test", 48}, {"ring", 47}, {"inte", 47}, {"onse", 47}, {"data", 47}, {"ment", 46},
    {"pons", 46},  {"ersi", 46}, {"eque", 45}, {"uest", 45}, {"ptio", 45}, {"stri", 45}, {"conf", 44}, {"ques", 44},
    {"rsio", 43},  {"with", 41}, {"ommi", 40}, {"mmit", 40}, {"onfi", 40}, {"onte", 40}, {"date", 40}, {"this", 40},
    {"para", 40},  {"odel", 39}, {"node", 39}, {"trin", 38}, {"tool", 38}, {"time", 38}, {"func", 38}, {"that", 38},
};

static void guess_chances(float chance[128])
{
    static const float letter[26] = {.065f, .013f, .028f, .035f, .100f, .018f, .016f, .035f, .060f, .003f, .008f, .036f, .023f,
                                     .060f, .062f, .020f, .002f, .055f, .055f, .075f, .025f, .010f, .013f, .004f, .014f, .002f};
    for (unsigned c = 0; c < 128; c++) chance[c] = c < ' ' ? .0005f : .004f;
    for (unsigned i = 0; i < 26; i++) {
        chance['a' + i] = letter[i];
        chance['A' + i] = .001f + letter[i] / 12;
    }
    for (unsigned c = '0'; c <= '9'; c++) chance[c] = .007f;
    chance[' '] = .15f;
    chance['\n'] = .02f;
}

static float set_chance(const struct builder *b, const struct set7 *s)
{
    float sum = 0;
    for (unsigned i = 0; i < 2; i++)
        for (uint64_t x = s->w[i]; x; x &= x - 1) sum += b->chance[64 * i + (unsigned)__builtin_ctzll(x)];
    return sum;
}

static float window_chance(const struct builder *b, const struct window *w)
{
    float product = 1;
    uint64_t grams = ~0ull;
    for (unsigned i = 0; i < WINDOW; i++) {
        product *= set_chance(b, &w->at[i]);
        grams &= w->grams[i];
    }
    for (; grams; grams &= grams - 1) product += (float)common[__builtin_ctzll(grams)].often * 1e-5f;
    return product;
}

/* --- windows */

static bool has7(const struct set7 *s, unsigned c) { return s->w[c >> 6] >> (c & 63) & 1; }
static void add7(struct set7 *s, unsigned c) { s->w[(c & 127) >> 6] |= 1ull << (c & 63); }

/* The bytes that can stand at a word's byte i, or behind it. */
static struct set7 bytes_at(const struct lexicon_word *w, size_t i)
{
    struct set7 s = {{0, 0}};
    if (i < w->text.n) {
        unsigned char c = (unsigned char)w->text.p[i];
        add7(&s, c);
        if (c >= 'a' && c <= 'z') add7(&s, c - 32u);
        return s;
    }
    add7(&s, 0);
    for (unsigned c = 0; c < 256; c++)
        if (i - w->text.n >= 2 || byteset_has(&w->after[i - w->text.n], (unsigned char)c)) add7(&s, c);
    return s;
}

static struct window window_at(const struct lexicon_word *w, size_t place)
{
    struct window v;
    for (size_t i = 0; i < WINDOW; i++) {
        v.at[i] = bytes_at(w, place + i);
        v.grams[i] = 0;
        for (unsigned k = 0; k < 64; k++) v.grams[i] |= (uint64_t)has7(&v.at[i], (unsigned char)common[k].text[i]) << k;
    }
    return v;
}

static void add_window(struct window *to, const struct window *v)
{
    for (unsigned i = 0; i < WINDOW; i++) {
        to->at[i].w[0] |= v->at[i].w[0];
        to->at[i].w[1] |= v->at[i].w[1];
        to->grams[i] |= v->grams[i];
    }
}

/* --- buckets */

/* Puts a word where it makes passing more likely by the least. */
static void place_word(struct builder *b, size_t word)
{
    const struct lexicon_word *w = &b->words[word];
    bool brief = w->text.n < WINDOW;
    unsigned from = brief ? BRIEF * 8 : 0, to = brief ? BUCKETS : BRIEF * 8;
    float best = 2, before[BUCKETS] = {0};
    struct window chosen = {0};
    for (unsigned k = from; k < to; k++) before[k] = window_chance(b, &b->sets[k]);
    for (size_t place = 0; place == 0 || place + WINDOW <= w->text.n; place++) {
        struct window own = window_at(w, place);
        for (unsigned k = from; k < to; k++) {
            struct window with = b->sets[k];
            add_window(&with, &own);
            float more = window_chance(b, &with) - before[k];
            if (more >= best) continue;
            best = more;
            chosen = with;
            b->bucket[word] = (uint8_t)k;
            b->placed[word].lead = place;
        }
    }
    b->sets[b->bucket[word]] = chosen;
}

static void take_out(struct builder *b, size_t word)
{
    unsigned k = b->bucket[word];
    b->bucket[word] = NO_BUCKET;
    b->sets[k] = (struct window){0};
    for (size_t i = 0; i < b->n; i++) {
        if (b->bucket[i] != k) continue;
        struct window own = window_at(&b->words[i], b->placed[i].lead);
        add_window(&b->sets[k], &own);
    }
}

static void fill_tables(struct needles *l, const struct builder *b)
{
    for (unsigned k = 0; k < BUCKETS; k++)
        for (unsigned i = 0; i < WINDOW; i++)
            for (unsigned c = 0; c < 256; c++) {
                if (!(b->sets[k].at[i].w[(c & 127) >> 6] >> (c & 63) & 1)) continue;
                uint8_t bit = (uint8_t)(1u << k % 8);
                l->has[k / 8][i][c & 127] |= bit;
                l->byte[i][c] |= 1u << k;
                l->half[k / 8][i][c >> 4 & 1][c & 15] |= bit;
                l->half[k / 8][i][2][c >> 4] |= bit;
            }
}

/* --- lists */

struct listed {
    uint32_t hash, word;
};

static int by_hash(const void *a, const void *b)
{
    const struct listed *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return (x->word > y->word) - (x->word < y->word);
}

/* Adds an entry to its list, the last one or a new one. */
static void add_entry(struct needles *l, struct slice word, uint32_t hash, uint32_t at, size_t *lists)
{
    uint64_t bits = needles_fold(entries_bytes(word, 0)), care = word.n < 8 ? (1ull << 8 * word.n) - 1 : ~0ull;
    if (!l->list[hash]) {
        l->lists[*lists] = (struct needle_list){bits, ~0ull, at, at};
        l->list[hash] = (uint16_t)(*lists)++;
    }
    struct needle_list *list = &l->lists[l->list[hash]];
    list->care &= care & ~(list->bits ^ bits);
    list->bits &= list->care;
    list->end = at + 1;
}

static enum err fill_lists(struct needles *l, const struct builder *b)
{
    struct listed *v = mem_alloc(b->n * sizeof *v);
    struct entry_ref *refs = mem_alloc(b->n * sizeof *refs);
    l->lists = mem_alloc((b->n + 1) * sizeof *l->lists);
    enum err e = v && refs && l->lists ? ERR_OK : ERR_MEMORY;
    for (size_t i = 0; i < b->n && !e; i++) {
        struct slice from = entries_from(&b->placed[i]);
        unsigned look = from.n < WINDOW ? (unsigned)from.n : WINDOW;
        v[i] = (struct listed){needles_hash(needles_fold(entries_bytes(from, 0)), look), (uint32_t)i};
    }
    if (!e) qsort(v, b->n, sizeof *v, by_hash);
    for (size_t i = 0; i < b->n && !e; i++) refs[i] = (struct entry_ref){v[i].word, 0};
    if (!e) e = entries_build(&l->entries, b->placed, b->n, refs, b->n);
    if (!e) {
        size_t lists = 1;
        l->lists[0] = (struct needle_list){1, 0, 0, 0};
        for (size_t i = 0; i < b->n; i++) add_entry(l, entries_from(&b->placed[v[i].word]), v[i].hash, (uint32_t)i, &lists);
    }
    mem_free(v);
    mem_free(refs);
    return e;
}

/* --- the whole */

enum err needles_build(const struct lexicon_word *words, size_t n, struct needles **out)
{
    *out = NULL;
    if (!n) return ERR_OK;
    if (n > UINT16_MAX / 3) return ERR_LIMIT;
    struct needles *l = mem_zalloc(sizeof *l);
    struct builder b = {.words = words, .n = n, .placed = mem_alloc(n * sizeof *b.placed), .bucket = mem_alloc(n)};
    enum err e = l && b.placed && b.bucket ? ERR_OK : ERR_MEMORY;
    if (!e) {
        guess_chances(b.chance);
        memcpy(b.placed, words, n * sizeof *b.placed);
        memset(b.bucket, NO_BUCKET, n);
        for (int round = 0; round < ROUNDS; round++)
            for (size_t i = 0; i < n; i++) {
                if (round) take_out(&b, i);
                place_word(&b, i);
            }
        fill_tables(l, &b);
        e = fill_lists(l, &b);
    }
    mem_free(b.placed);
    mem_free(b.bucket);
    if (e) needles_free(l);
    else *out = l;
    return e;
}

void needles_free(struct needles *l)
{
    if (!l) return;
    entries_free(&l->entries);
    mem_free(l->lists);
    mem_free(l);
}
