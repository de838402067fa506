/* Searching a lexicon: vectors tell where words can begin, a row's bits dismiss nearly all of those places, what is left
 * is looked up and compared. Three ways to do the first two: SSE2 and AVX2 with one place at a time, AVX-512 with eight. */
#include "filters/detect/lexicon_inside.h"

#include "filters/text/vector.h"

#define BATCH LEXICON_BATCH

/* --- looking up */

/* Dismisses places whose first bytes are not known, without a branch on what they hold. */
static void look_up(struct lexicon_search *s)
{
    const struct lexicon *l = s->l;
    size_t n = 0;
    for (size_t i = 0; i < s->count; i++) {
        uint32_t at = s->at[i], part = s->as[i];
        uint32_t hash = lexicon_hash(entries_bytes(s->text, at) | FOLD8, l->spare[part], part);
        s->at[n] = at;
        s->as[n] = hash << 16 | part;
        n += l->known[hash >> 6] >> (hash & 63) & 1;
    }
    s->count = n;
}

/* Known places [i, end) with their entries. */
static inline __attribute__((always_inline)) void place_some(const struct lexicon_search *s, size_t i, size_t end,
                                                             struct places *p)
{
    const struct lexicon *l = s->l;
    p->count = 0;
    for (; i < end; i++) {
        uint32_t hash = s->as[i] >> 16, tag = s->as[i] & 0xffff;
        uint64_t below = l->known[hash >> 6] & ((1ull << (hash & 63)) - 1);
        const uint32_t *first = l->first + l->before[hash >> 6] + __builtin_popcountll(below);
        entries_place(&l->entries, p, s->at[i], first[0], first[1], tag);
    }
}

_Static_assert(PLACES *LEXICON_NESTED < LEXICON_ROOM, "hits of so many find room");

/* The known places' entries: the number of hits; *next is where to go on if there is no room for all. */
static inline __attribute__((always_inline)) size_t compare(struct lexicon_search *s, struct lexicon_hit *hits, size_t room,
                                                            size_t *next)
{
    const struct lexicon *l = s->l;
    struct places p;
    size_t n = 0;
    for (size_t i = 0, end; i < s->count; i = end) {
        end = s->count - i < PLACES ? s->count : i + PLACES;
        if (end < s->count && s->at[end] == s->at[end - 1]) end--; /* both parts of a place are of one lot */
        *next = s->at[i];
        if (n + PLACES * l->entries.nested > room) return n;
        place_some(s, i, end, &p);
        n += entries_compare(&l->entries, s->text, &p, hits + n);
    }
    *next = SIZE_MAX;
    return n;
}

__attribute__((target("popcnt"))) static size_t compare_popcnt(struct lexicon_search *s, struct lexicon_hit *hits, size_t room,
                                                               size_t *next)
{
    return compare(s, hits, room, next);
}

static size_t compare_plain(struct lexicon_search *s, struct lexicon_hit *hits, size_t room, size_t *next)
{
    return compare(s, hits, room, next);
}

/* --- where words can begin, one by one */

struct masks {
    uint64_t letter, upper, lead; /* lead: 0xc2 and above */
};

#define EACH(f)   vector_join4(f(v[0]), f(v[1]), f(v[2]), f(v[3]))
#define LETTER(x) vector_within(_mm_or_si128(x, _mm_set1_epi8(0x20)), 'a', 25)
#define UPPER(x)  vector_within(x, 'A', 25)
#define LEAD(x)   vector_within(x, (char)0xc2, 0x3d)

static void classify_sse2(const char *p, size_t words, struct masks *m)
{
    for (size_t i = 0; i < words; i++, p += 64) {
        __m128i v[4];
        for (int k = 0; k < 4; k++) v[k] = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * k));
        m[i] = (struct masks){EACH(LETTER), EACH(UPPER), EACH(LEAD)};
    }
}

#define AVX2 VECTOR_AVX2

AVX2 static void classify_avx2(const char *p, size_t words, struct masks *m)
{
    __m256i space = _mm256_set1_epi8(0x20);
    for (size_t i = 0; i < words; i++, p += 64) {
        __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)p);
        __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));
        m[i].letter = vector_join2(vector_within2(_mm256_or_si256(a, space), 'a', 25),
                                   vector_within2(_mm256_or_si256(b, space), 'a', 25));
        m[i].upper = vector_join2(vector_within2(a, 'A', 25), vector_within2(b, 'A', 25));
        m[i].lead = vector_join2(vector_within2(a, (char)0xc2, 0x3d), vector_within2(b, (char)0xc2, 0x3d));
    }
}

/* Enters what a place may have: eight bytes can be read at p. letters, humps: of the bytes from p on, the lowest bit first. */
static inline void add_start(struct lexicon_search *s, size_t at, const char *p, uint32_t letters, uint32_t humps)
{
    uint64_t v;
    memcpy(&v, p, 8);
    uint32_t n = (uint32_t)__builtin_ctz(~letters | (humps & 12) | 16), q = n, bytes = n;
    if (!(letters & 1)) {
        bytes = (unsigned char)v >= 0xe0 ? 3 : 4;
        q = 4;
    }
    uint32_t row = lexicon_row((uint32_t)((v | FOLD4) & ((1ull << 8 * bytes) - 1)));
    uint32_t two = (uint32_t)(v >> 8 * q);
    uint64_t bits = s->l->row[row];
    s->at[s->count] = (uint32_t)at;
    s->as[s->count] = row;
    s->count += bits >> lexicon_class[two & 127] & bits >> ROW_SECOND >> lexicon_class[two >> 8 & 127] & 1;
    s->at[s->count] = (uint32_t)at;
    s->as[s->count] = row | PART_LONG;
    s->count += bits >> ROW_LONG >> lexicon_in_row(v | FOLD8) & 1;
}

/* The starts in 64 bytes, without a branch on what they hold. `behind`: the letters and humps of the eight bytes behind. */
static void add_starts(struct lexicon_search *s, size_t base, const char *p, uint64_t starts, const uint64_t letters[2],
                       const uint64_t humps[2])
{
    for (; starts; starts &= starts - 1) {
        unsigned i = (unsigned)__builtin_ctzll(starts);
        uint32_t letter = (uint32_t)(letters[0] >> i | (letters[1] << 1) << (63 - i));
        uint32_t hump = (uint32_t)(humps[0] >> i | (humps[1] << 1) << (63 - i));
        add_start(s, base + i, p + i, letter, hump);
    }
}

static uint64_t humps_of(const struct lexicon *l, const struct masks *m, uint64_t lower)
{
    return l->humps ? m->upper & ((m->letter & ~m->upper) << 1 | lower) : 0;
}

/* Bytes [from, from + 64 * words) of the text, of which those before `to` count; p has eight more that can be read. */
static void find_one_by_one(struct lexicon_search *s, size_t from, size_t to, const char *p, size_t words, bool avx2)
{
    struct masks m[BATCH + 1] = {{0, 0, 0}};
    if (avx2) classify_avx2(p, words, m);
    else classify_sse2(p, words, m);
    const char *behind = p + 64 * words;
    for (unsigned i = 0; i < 4; i++) {
        m[words].letter |= (uint64_t)lexicon_letter((unsigned char)behind[i]) << i;
        m[words].upper |= (uint64_t)(behind[i] >= 'A' && behind[i] <= 'Z') << i;
    }
    uint64_t letter = s->letter, hump = humps_of(s->l, &m[0], s->lower);
    for (size_t i = 0; i < words; i++) {
        uint64_t starts = (m[i].letter & ~(m[i].letter << 1 | letter)) | m[i].lead | hump;
        uint64_t small = m[i].letter & ~m[i].upper;
        uint64_t next = humps_of(s->l, &m[i + 1], small >> 63);
        if (to - from < 64) starts &= (1ull << (to - from)) - 1;
        add_starts(s, from, p, starts, (uint64_t[]){m[i].letter, m[i + 1].letter}, (uint64_t[]){hump, next});
        letter = m[i].letter >> 63;
        hump = next;
        s->lower = small >> 63;
        from += 64;
        p += 64;
    }
    s->letter = letter;
}

/* One batch from `from` on: where it ends. */
static size_t batch_one_by_one(struct lexicon_search *s, size_t from, size_t to, bool avx2)
{
    size_t n = to - from, words = n / 64 < BATCH ? n / 64 : BATCH;
    if (words && s->text.n - from < 64 * words + 8) words--;
    if (words) {
        find_one_by_one(s, from, to, s->text.p + from, words, avx2);
        return from + 64 * words;
    }
    char part[64 + 8] = {0}; /* the last bytes */
    size_t left = s->text.n - from;
    memcpy(part, s->text.p + from, left < sizeof part ? left : sizeof part);
    find_one_by_one(s, from, to, part, 1, avx2);
    return n < 64 ? to : from + 64;
}

/* --- entry */

static _Atomic int way = -1; /* not asked yet */

static enum lexicon_way best_way(void)
{
    if (__builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vpopcntdq") &&
        __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt"))
        return LEXICON_AVX512;
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt") ? LEXICON_AVX2 : LEXICON_SSE2;
}

enum lexicon_way lexicon_limit(enum lexicon_way best)
{
    enum lexicon_way have = best_way();
    have = best < have ? best : have;
    way = (int)have;
    return have;
}

enum lexicon_way lexicon_way(void)
{
    int how = way;
    if (how < 0) way = how = (int)best_way();
    return (enum lexicon_way)how;
}

size_t lexicon_find(const struct lexicon *l, struct slice text, size_t from, size_t to, struct lexicon_hit hits[LEXICON_ROOM],
                    size_t *next)
{
    struct lexicon_search s;
    s.l = l;
    s.text = text;
    s.letter = from > 0 && lexicon_letter((unsigned char)text.p[from - 1]);
    s.lower = s.letter && text.p[from - 1] >= 'a';
    enum lexicon_way how = lexicon_way();
    size_t n = 0;
    while (from < to) {
        size_t stop = SIZE_MAX;
        s.count = 0;
        from = how == LEXICON_AVX512 ? lexicon_batch_wide(&s, from, to) : batch_one_by_one(&s, from, to, how == LEXICON_AVX2);
        look_up(&s);
        n += (how == LEXICON_SSE2 ? compare_plain : compare_popcnt)(&s, hits + n, LEXICON_ROOM - 1 - n, &stop);
        if (stop == SIZE_MAX) continue;
        *next = stop;
        return n;
    }
    *next = to;
    return n;
}
