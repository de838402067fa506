/* Words by their first bytes: two, three, four, or six of longer words. A place is dismissed by two loads without a
 * branch; a place that is not goes through the few words that share its first bytes. */
#include "filters/detect/lexicon.h"

#include <immintrin.h>
#include <stdlib.h>

#define HASH_BITS 16u

enum { TWO, THREE, FOUR, SIX }; /* classes: words of 2, 3, 4 and 5, 6 and more bytes */

struct entry {
    uint64_t first;            /* as many of the word's first bytes as its class looks at, folded; the class in the top byte */
    uint64_t head, fold, care; /* its first eight bytes, the case bit of its letters among them, all bits of those it has */
    uint32_t at;               /* in texts */
    uint32_t word;
    uint8_t len;
};

struct lexicon {
    uint32_t third[1024]; /* by five bits of each of the first two bytes: five bits of the third of words of three; all of two */
    uint8_t next[2][256]; /* 1 for bytes that may follow a word of two, of three */
    bool humps, loose;    /* loose: a word of two or three letters may go on with letters */
    uint32_t four[(1u << HASH_BITS) / 32]; /* by a hash of the first four bytes: words of four and five */
    uint32_t six[(1u << HASH_BITS) / 32];  /* by a hash of six: longer ones */
    struct entry *entry;                   /* by `first`, then longest first */
    size_t count, nested;
    uint32_t *slot; /* hash table: place of the first entry with a `first`, + 1 */
    size_t slots;
    char *texts;
};

#define FOLD 0x2020202020202020u

static unsigned class_of(size_t len) { return len >= 6 ? SIX : len >= 4 ? FOUR : len == 3 ? THREE : TWO; }
static inline uint64_t class_bytes(unsigned cls, uint64_t folded)
{
    static const uint64_t mask[] = {0xffff, 0xffffff, 0xffffffff, 0xffffffffffff};
    return (folded & mask[cls]) | (uint64_t)cls << 56;
}
static inline uint32_t pair_of(uint32_t v) { return (v & 31) << 5 | (v >> 8 & 31); }
static inline uint32_t hash_four(uint32_t folded) { return (folded * 0x9e3779b1u) >> (32 - HASH_BITS); }
static inline uint32_t hash_six(uint64_t folded) { return (uint32_t)((folded << 16) * 0x9e3779b97f4a7c15u >> (64 - HASH_BITS)); }
static inline uint32_t hash_first(uint64_t first) { return (uint32_t)((first * 0x9e3779b97f4a7c15u) >> (64 - HASH_BITS)); }
static inline bool has_bit(const uint32_t *w, uint32_t i) { return (w[i >> 5] >> (i & 31)) & 1u; }
static void set_bit(uint32_t *w, uint32_t i) { w[i >> 5] |= 1u << (i & 31); }

static bool is_letter(unsigned char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

bool lexicon_takes(struct slice word)
{
    return word.n >= 2 && word.n <= 255 && (is_letter((unsigned char)word.p[0]) || (unsigned char)word.p[0] >= 0xc2);
}

/* --- building */

static struct entry make_entry(struct slice w, size_t at, size_t id)
{
    struct entry e = {.at = (uint32_t)at, .word = (uint32_t)id, .len = (uint8_t)w.n};
    size_t n = w.n < 8 ? w.n : 8;
    unsigned char fold[8] = {0}, care[8] = {0};
    for (size_t i = 0; i < n; i++) {
        fold[i] = w.p[i] >= 'a' && w.p[i] <= 'z' ? 0x20 : 0;
        care[i] = 0xff;
    }
    memcpy(&e.head, w.p, n);
    memcpy(&e.fold, fold, 8);
    memcpy(&e.care, care, 8);
    e.first = class_bytes(class_of(w.n), e.head | FOLD);
    return e;
}

static int by_first(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->first != y->first) return x->first < y->first ? -1 : 1;
    if (x->len != y->len) return x->len > y->len ? -1 : 1;
    return (x->word > y->word) - (x->word < y->word);
}

static void mark_entry(struct lexicon *l, const struct entry *e)
{
    uint32_t four = hash_four((uint32_t)e->first);
    switch (class_of(e->len)) {
    case TWO: l->third[pair_of((uint32_t)e->first)] = UINT32_MAX; return;
    case THREE: l->third[pair_of((uint32_t)e->first)] |= 1u << (e->first >> 16 & 31); return;
    case FOUR: set_bit(l->four, four); return;
    default: set_bit(l->six, hash_six(e->first)); return;
    }
}

static void index_entries(struct lexicon *l)
{
    qsort(l->entry, l->count, sizeof *l->entry, by_first);
    for (size_t i = 0; i < l->count; i++) {
        const struct entry *e = &l->entry[i];
        mark_entry(l, e);
        if (i && l->entry[i - 1].first == e->first) continue;
        size_t s = hash_first(e->first) & (l->slots - 1);
        while (l->slot[s]) s = (s + 1) & (l->slots - 1);
        l->slot[s] = (uint32_t)i + 1;
    }
}

bool lexicon_loose(struct slice word, const struct byteset *next, bool humps)
{
    uint64_t letters = humps ? 0x07fffffe00000000u : 0x07fffffe07fffffeu; /* a capital is a hump, or makes no match */
    if (word.n > 3 || (next && !(next->w[1] & letters))) return false;
    for (size_t i = 0; i < word.n; i++)
        if (!is_letter((unsigned char)word.p[i])) return false;
    return true;
}

static void add_next(struct lexicon *l, size_t len, const struct byteset *next)
{
    for (unsigned c = 0; len <= 3 && c < 256; c++)
        if (!next || byteset_has(next, (unsigned char)c)) l->next[len - 2][c] = 1;
}

/* The most words that begin with one another, whatever their classes. */
static size_t most_nested(const struct lexicon *l)
{
    size_t most = 0;
    for (size_t i = 0; i < l->count; i++) {
        const struct entry *e = &l->entry[i];
        size_t n = 1;
        for (size_t k = 0; k < l->count; k++) {
            const struct entry *o = &l->entry[k];
            n += o->len < e->len && l->texts[o->at] == l->texts[e->at] && memcmp(l->texts + e->at, l->texts + o->at, o->len) == 0;
        }
        if (n > most) most = n;
    }
    return most;
}

enum err lexicon_build(const struct slice *words, const struct byteset *next, size_t n, bool humps, struct lexicon **out)
{
    *out = NULL;
    if (!n) return ERR_OK;
    struct lexicon *l = mem_zalloc(sizeof *l);
    if (!l) return ERR_MEMORY;
    size_t bytes = 0, at = 0;
    for (size_t i = 0; i < n; i++) bytes += words[i].n;
    for (l->slots = 64; l->slots < 3 * n; l->slots *= 2) {
    }
    l->humps = humps;
    l->entry = mem_alloc(n * sizeof *l->entry);
    l->slot = mem_zalloc(l->slots * sizeof *l->slot);
    l->texts = mem_alloc(bytes);
    enum err e = l->entry && l->slot && l->texts ? ERR_OK : ERR_MEMORY;
    for (; !e && l->count < n; l->count++) {
        struct slice w = words[l->count];
        memcpy(l->texts + at, w.p, w.n);
        l->entry[l->count] = make_entry(w, at, l->count);
        add_next(l, w.n, next ? &next[l->count] : NULL);
        l->loose = l->loose || lexicon_loose(w, next ? &next[l->count] : NULL, humps);
        at += w.n;
    }
    if (!e) index_entries(l);
    if (!e && (l->nested = most_nested(l)) > LEXICON_NESTED) e = ERR_LIMIT;
    if (e) lexicon_free(l);
    else *out = l;
    return e;
}

void lexicon_free(struct lexicon *l)
{
    if (!l) return;
    mem_free(l->entry);
    mem_free(l->slot);
    mem_free(l->texts);
    mem_free(l);
}

/* --- where words can begin */

#define BATCH 32u /* words of 64 bytes classified at once */

struct masks {
    uint64_t letter, upper, lead; /* lead: 0xc2 and above */
};

static inline uint64_t join4(__m128i a, __m128i b, __m128i c, __m128i d)
{
    return (uint64_t)(uint32_t)_mm_movemask_epi8(a) | (uint64_t)(uint32_t)_mm_movemask_epi8(b) << 16 |
           (uint64_t)(uint32_t)_mm_movemask_epi8(c) << 32 | (uint64_t)(uint32_t)_mm_movemask_epi8(d) << 48;
}

static inline __m128i within(__m128i v, char lo, char span)
{
    __m128i x = _mm_sub_epi8(v, _mm_set1_epi8(lo));
    return _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(span)), x);
}

#define EACH(f)   join4(f(v[0]), f(v[1]), f(v[2]), f(v[3]))
#define LETTER(x) within(_mm_or_si128(x, _mm_set1_epi8(0x20)), 'a', 25)
#define UPPER(x)  within(x, 'A', 25)
#define LEAD(x)   within(x, (char)0xc2, 0x3d)

static void classify_sse2(const char *p, size_t words, struct masks *m)
{
    for (size_t i = 0; i < words; i++, p += 64) {
        __m128i v[4];
        for (int k = 0; k < 4; k++) v[k] = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * k));
        m[i] = (struct masks){EACH(LETTER), EACH(UPPER), EACH(LEAD)};
    }
}

#define AVX2 __attribute__((target("avx2")))

AVX2 static inline uint64_t join2(__m256i a, __m256i b)
{
    return (uint64_t)(uint32_t)_mm256_movemask_epi8(a) | (uint64_t)(uint32_t)_mm256_movemask_epi8(b) << 32;
}

AVX2 static inline __m256i within2(__m256i v, char lo, char span)
{
    __m256i x = _mm256_sub_epi8(v, _mm256_set1_epi8(lo));
    return _mm256_cmpeq_epi8(_mm256_min_epu8(x, _mm256_set1_epi8(span)), x);
}

AVX2 static void classify_avx2(const char *p, size_t words, struct masks *m)
{
    __m256i space = _mm256_set1_epi8(0x20);
    for (size_t i = 0; i < words; i++, p += 64) {
        __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)p);
        __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));
        m[i].letter = join2(within2(_mm256_or_si256(a, space), 'a', 25), within2(_mm256_or_si256(b, space), 'a', 25));
        m[i].upper = join2(within2(a, 'A', 25), within2(b, 'A', 25));
        m[i].lead = join2(within2(a, (char)0xc2, 0x3d), within2(b, (char)0xc2, 0x3d));
    }
}

static void classify(const char *p, size_t words, struct masks *m)
{
    static _Atomic int have = -1;
    int h = have;
    if (h < 0) have = h = __builtin_cpu_supports("avx2") ? 1 : 0;
    if (h) classify_avx2(p, words, m);
    else classify_sse2(p, words, m);
}

/* --- search */

static bool same(const char *text, const char *word, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        if (c >= 'A' && c <= 'Z') c = (char)(c + 32);
        if (c != word[i]) return false;
    }
    return true;
}

struct search {
    const struct lexicon *l;
    struct slice text;
    struct lexicon_hit *hits;
    size_t count;
};

/* Words whose folded first bytes are `first`; v are the eight bytes of the text as they are. */
static void look_up(struct search *s, uint64_t first, uint64_t v, size_t at)
{
    const struct lexicon *l = s->l;
    for (size_t k = hash_first(first) & (l->slots - 1); l->slot[k]; k = (k + 1) & (l->slots - 1)) {
        size_t i = l->slot[k] - 1;
        if (l->entry[i].first != first) continue;
        for (; i < l->count && l->entry[i].first == first; i++) {
            const struct entry *e = &l->entry[i];
            if ((((v | e->fold) ^ e->head) & e->care) || e->len > s->text.n - at) continue;
            if (e->len > 8 && !same(s->text.p + at + 8, l->texts + e->at + 8, e->len - 8u)) continue;
            s->hits[s->count++] = (struct lexicon_hit){(uint32_t)at, e->word};
        }
        return;
    }
}

static inline bool may_be_short(const struct lexicon *l, uint32_t v) { return l->third[pair_of(v)] >> (v >> 16 & 31) & 1u; }
static inline bool may_be_four(const struct lexicon *l, uint64_t v) { return has_bit(l->four, hash_four((uint32_t)(v | FOLD))); }
static inline bool may_be_six(const struct lexicon *l, uint64_t v) { return has_bit(l->six, hash_six(v | FOLD)); }

static void look_at(struct search *s, size_t at)
{
    const struct lexicon *l = s->l;
    uint64_t v = 0;
    size_t left = s->text.n - at;
    if (left >= 8) memcpy(&v, s->text.p + at, 8);
    else memcpy(&v, s->text.p + at, left);
    uint64_t folded = v | FOLD;
    if (may_be_short(l, (uint32_t)v)) {
        if (l->next[0][v >> 16 & 255]) look_up(s, class_bytes(TWO, folded), v, at);
        if (l->next[1][v >> 24 & 255]) look_up(s, class_bytes(THREE, folded), v, at);
    }
    if (may_be_four(l, v)) look_up(s, class_bytes(FOUR, folded), v, at);
    if (may_be_six(l, v)) look_up(s, class_bytes(SIX, folded), v, at);
}

/* The starts in 64 bytes; `brief` are those a word of two or three bytes may be at. Places a word may begin at are
 * gathered first, without a branch on what they hold. */
static void look_all(struct search *s, size_t base, uint64_t starts, uint64_t brief)
{
    uint8_t place[65]; /* one is written and not counted */
    size_t n = 0;
    const char *p = s->text.p + base;
    if (s->text.n - base < 64 + 8) { /* near the end of the text */
        for (; starts; starts &= starts - 1) look_at(s, base + (size_t)__builtin_ctzll(starts));
        return;
    }
    for (uint64_t w = starts & ~brief; w; w &= w - 1) {
        unsigned i = (unsigned)__builtin_ctzll(w);
        uint64_t v;
        memcpy(&v, p + i, 8);
        place[n] = (uint8_t)i;
        n += (unsigned)may_be_four(s->l, v) | (unsigned)may_be_six(s->l, v);
    }
    for (uint64_t w = starts & brief; w; w &= w - 1) {
        unsigned i = (unsigned)__builtin_ctzll(w);
        uint64_t v;
        memcpy(&v, p + i, 8);
        place[n] = (uint8_t)i;
        n += (unsigned)may_be_four(s->l, v) | (unsigned)may_be_six(s->l, v) | (unsigned)may_be_short(s->l, (uint32_t)v);
    }
    for (size_t k = 0; k < n; k++) look_at(s, base + place[k]);
}

/* Starts of runs of two or three letters, as far as these 64 bytes tell, and characters beyond ASCII. */
static uint64_t brief_starts(const struct lexicon *l, const struct masks *m, uint64_t starts, uint64_t humps)
{
    if (l->loose) return ~0ull;
    uint64_t end = ~m->letter | humps;
    uint64_t edge = 7ull << 61; /* what is behind them is not known */
    return (starts & (end >> 2 | end >> 3)) | edge | m->lead;
}

_Static_assert(2 * 64 * LEXICON_NESTED <= LEXICON_ROOM, "64 bytes' hits find room");

size_t lexicon_find(const struct lexicon *l, struct slice text, size_t from, size_t to, struct lexicon_hit hits[LEXICON_ROOM],
                    size_t *next)
{
    struct search s = {l, text, hits, 0};
    struct masks m[BATCH];
    uint64_t letter = from > 0 && is_letter((unsigned char)text.p[from - 1]);
    uint64_t lower = letter && text.p[from - 1] >= 'a';
    while (from < to) {
        size_t n = to - from, words = n / 64 < BATCH ? n / 64 : BATCH;
        if (words) {
            classify(text.p + from, words, m);
        } else { /* the last bytes */
            char part[64] = {0};
            memcpy(part, text.p + from, n);
            classify(part, words = 1, m);
        }
        for (size_t i = 0; i < words; i++, from += 64) {
            uint64_t small = m[i].letter & ~m[i].upper;
            uint64_t hump = l->humps ? m[i].upper & (small << 1 | lower) : 0;
            uint64_t starts = (m[i].letter & ~(m[i].letter << 1 | letter)) | m[i].lead | hump;
            if (s.count + 64 * l->nested > LEXICON_ROOM) {
                *next = from;
                return s.count;
            }
            letter = m[i].letter >> 63;
            lower = small >> 63;
            look_all(&s, from, starts, brief_starts(l, &m[i], starts, hump));
        }
    }
    *next = to;
    return s.count;
}
