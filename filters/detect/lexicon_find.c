/* Searching a lexicon: vectors tell where words can begin, a row's bits dismiss nearly all of those places, what is left
 * is compared. Three ways to do the first two: SSE2 and AVX2 with one place at a time, AVX-512 with sixteen. */
#include "filters/detect/lexicon_inside.h"

#include "filters/text/vector.h"

#define BATCH 32u /* words of 64 bytes looked through before what is left is compared */

struct search {
    const struct lexicon *l;
    struct slice text;
    bool letter, lower; /* the byte before is one */
    size_t count;       /* places where a word may begin, and their rows; some more are written and not counted */
    uint32_t at[BATCH * 64 + 16], row[BATCH * 64 + 16];
    size_t known; /* of those: places whose first bytes are known, once for each of a row's looks */
    uint32_t known_at[2 * BATCH * 64 + 1], known_as[2 * BATCH * 64 + 1]; /* as: hash and tag */
    struct picks picks;
};

/* --- looking up */

static inline uint64_t look(struct search *s, size_t n, uint32_t at, uint64_t v, uint32_t row, unsigned bytes)
{
    uint32_t tag = lexicon_tag(row, bytes), hash = lexicon_hash(v, bytes, tag);
    s->known_at[n] = at;
    s->known_as[n] = hash << 16 | tag;
    return s->l->known[hash >> 6] >> (hash & 63) & 1;
}

/* Dismisses places whose first bytes are not known, without a branch on what they hold. */
static void look_up(struct search *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->count; i++) {
        uint32_t at = s->at[i], row = s->row[i], least = s->l->looks[row] & 15, more = s->l->looks[row] >> 4;
        uint64_t v = entries_bytes(s->text, at) | FOLD8;
        n += look(s, n, at, v, row, least);
        n += look(s, n, at, v, row, more + !more) & (more > 0);
    }
    s->known = n;
}

/* The known places' entries: the number of hits; *next is where to go on if there is no room for all. */
static size_t compare(struct search *s, struct lexicon_hit *hits, size_t room, size_t *next)
{
    const struct lexicon *l = s->l;
    size_t n = 0;
    for (size_t i = 0; i < s->known; i++) {
        uint32_t at = s->known_at[i], hash = s->known_as[i] >> 16, tag = s->known_as[i] & 0xffff;
        if (n + s->picks.count + l->entries.nested > room && (i == 0 || at != s->known_at[i - 1])) {
            n += entries_compare(&l->entries, s->text, &s->picks, hits + n);
            *next = at;
            if (n + l->entries.nested > room) return n;
        }
        uint64_t below = l->known[hash >> 6] & ((1ull << (hash & 63)) - 1);
        const uint32_t *first = l->first + l->before[hash >> 6] + __builtin_popcountll(below);
        n += entries_pick(&l->entries, s->text, &s->picks, at, first[0], first[1], tag, hits + n);
    }
    *next = SIZE_MAX;
    return n + entries_compare(&l->entries, s->text, &s->picks, hits + n);
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

/* Whether a word can be at p: eight bytes can be read. letters, humps: of the bytes from p on, the lowest bit first. */
static inline bool may_begin(const struct lexicon *l, const char *p, uint32_t letters, uint32_t humps, uint32_t *row)
{
    uint64_t v;
    memcpy(&v, p, 8);
    uint32_t n = (uint32_t)__builtin_ctz(~letters | (humps & 12) | 16), q = n, bytes = n;
    if (!(letters & 1)) {
        bytes = (unsigned char)v >= 0xe0 ? 3 : 4;
        q = 4;
    }
    uint32_t key = (uint32_t)((v | FOLD4) & ((1ull << 8 * bytes) - 1));
    uint32_t two = (uint32_t)(v >> 8 * q);
    *row = lexicon_row(key);
    uint32_t bits = l->row[*row];
    return (bits >> lexicon_class[two & 127]) & (bits >> 16 >> lexicon_class[two >> 8 & 127]) & 1;
}

/* The starts in 64 bytes, without a branch on what they hold. `behind`: the letters and humps of the eight bytes behind. */
static void add_starts(struct search *s, size_t base, const char *p, uint64_t starts, const uint64_t letters[2],
                       const uint64_t humps[2])
{
    for (; starts; starts &= starts - 1) {
        unsigned i = (unsigned)__builtin_ctzll(starts);
        uint32_t row, letter = (uint32_t)(letters[0] >> i | (letters[1] << 1) << (63 - i));
        uint32_t hump = (uint32_t)(humps[0] >> i | (humps[1] << 1) << (63 - i));
        bool may = may_begin(s->l, p + i, letter, hump, &row);
        s->at[s->count] = (uint32_t)(base + i);
        s->row[s->count] = row;
        s->count += may;
    }
}

static uint64_t humps_of(const struct lexicon *l, const struct masks *m, uint64_t lower)
{
    return l->humps ? m->upper & ((m->letter & ~m->upper) << 1 | lower) : 0;
}

/* Bytes [from, from + 64 * words) of the text, of which those before `to` count; p has eight more that can be read. */
static void find_one_by_one(struct search *s, size_t from, size_t to, const char *p, size_t words, bool avx2)
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
static size_t batch_one_by_one(struct search *s, size_t from, size_t to, bool avx2)
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

/* --- sixteen at a time */

#define AVX512                                                                                                                   \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi,bmi2,popcnt")))

struct block {
    __m512i raw, run; /* run: letters folded, other bytes 0; the highest bit set at a hump */
    uint64_t starts;
};

AVX512 static inline struct block read_block(struct search *s, size_t from)
{
    struct block b;
    size_t left = from < s->text.n ? s->text.n - from : 0;
    uint64_t there = left < 64 ? (1ull << left) - 1 : ~0ull;
    b.raw = _mm512_maskz_loadu_epi8(there, s->text.p + (left ? from : 0));
    __m512i folded = _mm512_or_si512(b.raw, _mm512_set1_epi8(0x20));
    uint64_t letter = _mm512_cmple_epu8_mask(_mm512_sub_epi8(folded, _mm512_set1_epi8('a')), _mm512_set1_epi8(25));
    uint64_t lead = _mm512_cmpge_epu8_mask(b.raw, _mm512_set1_epi8((char)0xc2));
    b.run = _mm512_maskz_mov_epi8(letter, folded);
    b.starts = (letter & ~(letter << 1 | s->letter)) | lead;
    if (s->l->humps) {
        uint64_t upper = _mm512_cmple_epu8_mask(_mm512_sub_epi8(b.raw, _mm512_set1_epi8('A')), _mm512_set1_epi8(25));
        uint64_t small = letter & ~upper, hump = upper & (small << 1 | s->lower);
        b.starts |= hump;
        b.run = _mm512_or_si512(b.run, _mm512_maskz_set1_epi8(hump, (char)0x80));
        s->lower = small >> 63;
    }
    s->letter = letter >> 63;
    return b;
}

/* Of sixteen places in a block, `at` in it: which may begin a word, and their rows. */
AVX512 static inline __mmask16 may_begin_16(const struct lexicon *l, const struct block *b, const struct block *next, __m512i at,
                                            __mmask16 all, __m512i *row)
{
    const __m512i first = _mm512_set4_epi32(0x0c0c0c0c, 0x08080808, 0x04040404, 0), ones = _mm512_set1_epi32(0x01010101);
    __m512i index = _mm512_add_epi8(_mm512_shuffle_epi8(at, first), _mm512_set1_epi32(0x03020100));
    __m512i x = _mm512_permutex2var_epi8(b->run, index, next->run);
    __m512i t = _mm512_and_si512(x, _mm512_set1_epi32(0x7f7f7f7f));
    __m512i ends = _mm512_and_si512(_mm512_andnot_si512(t, _mm512_sub_epi32(t, ones)), _mm512_set1_epi32((int)0x80808080));
    ends = _mm512_or_si512(ends, _mm512_and_si512(x, _mm512_set1_epi32((int)0x80800000)));
    ends = _mm512_srli_epi32(ends, 7);
    __m512i run = _mm512_andnot_si512(ends, _mm512_sub_epi32(ends, _mm512_set1_epi32(1)));
    __m512i key = _mm512_and_si512(t, run), n = _mm512_srli_epi32(_mm512_popcnt_epi32(run), 3);
    __mmask16 other = all & _mm512_testn_epi32_mask(t, _mm512_set1_epi32(0xff));
    if (other) {
        __m512i raw = _mm512_permutex2var_epi8(b->raw, index, next->raw);
        __mmask16 wide = _mm512_mask_cmpge_epu32_mask(other, _mm512_and_si512(raw, _mm512_set1_epi32(0xff)),
                                                      _mm512_set1_epi32(0xe0));
        key = _mm512_mask_or_epi32(key, other, raw, _mm512_set1_epi32(FOLD4));
        key = _mm512_mask_and_epi32(key, wide, key, _mm512_set1_epi32(0xffffff));
        n = _mm512_mask_mov_epi32(n, other, _mm512_set1_epi32(4));
    }
    *row = _mm512_srli_epi32(_mm512_mullo_epi32(key, _mm512_set1_epi32((int)0x9e3779b1)), 32 - ROW_BITS);
    __m512i bits = _mm512_i32gather_epi32(*row, l->row, 4);
    __m512i two = _mm512_add_epi8(_mm512_shuffle_epi8(_mm512_add_epi32(at, n), first), _mm512_set1_epi32(0x00000100));
    two = _mm512_permutex2var_epi8(b->raw, two, next->raw);
    two = _mm512_permutex2var_epi8(_mm512_loadu_si512(lexicon_class), two, _mm512_loadu_si512(lexicon_class + 64));
    __m512i one = _mm512_and_si512(two, _mm512_set1_epi32(15)),
            second = _mm512_and_si512(_mm512_srli_epi32(two, 8), _mm512_set1_epi32(15));
    __m512i both = _mm512_and_si512(_mm512_srlv_epi32(bits, one), _mm512_srlv_epi32(_mm512_srli_epi32(bits, 16), second));
    return _mm512_mask_test_epi32_mask(all, both, _mm512_set1_epi32(1));
}

AVX512 static inline void add_block(struct search *s, size_t from, const struct block *b, const struct block *next,
                                    uint64_t starts)
{
    const __m512i iota = _mm512_set_epi8(63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42,
                                         41, 40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20,
                                         19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    __m512i places = _mm512_maskz_compress_epi8(starts, iota);
    for (int n = __builtin_popcountll(starts); n > 0; n -= 16) {
        __mmask16 lanes = (__mmask16)(n < 16 ? (1u << n) - 1 : 0xffffu);
        __m512i row, at = _mm512_cvtepu8_epi32(_mm512_castsi512_si128(places));
        __mmask16 may = may_begin_16(s->l, b, next, at, lanes, &row);
        places = _mm512_alignr_epi64(places, places, 2);
        at = _mm512_add_epi32(at, _mm512_set1_epi32((int)from));
        _mm512_storeu_si512(s->at + s->count, _mm512_maskz_compress_epi32(may, at));
        _mm512_storeu_si512(s->row + s->count, _mm512_maskz_compress_epi32(may, row));
        s->count += (unsigned)__builtin_popcount(may);
    }
}

AVX512 static size_t batch_16(struct search *s, size_t from, size_t to)
{
    size_t end = to - from < 64 * BATCH ? to : from + 64 * BATCH;
    struct block b = read_block(s, from);
    for (; from < end; from += 64) {
        bool letter = s->letter, lower = s->lower;
        struct block next = read_block(s, from + 64);
        uint64_t starts = end - from < 64 ? b.starts & ((1ull << (end - from)) - 1) : b.starts;
        add_block(s, from, &b, &next, starts);
        if (end - from <= 64) { /* the next block is read again, or not at all */
            s->letter = letter;
            s->lower = lower;
        }
        b = next;
    }
    return end;
}

/* --- entry */

static _Atomic int way = -1; /* not asked yet */

static enum lexicon_way best_way(void)
{
    if (__builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vpopcntdq"))
        return LEXICON_AVX512;
    return __builtin_cpu_supports("avx2") ? LEXICON_AVX2 : LEXICON_SSE2;
}

enum lexicon_way lexicon_limit(enum lexicon_way best)
{
    enum lexicon_way have = best_way();
    have = best < have ? best : have;
    way = (int)have;
    return have;
}

_Static_assert(LEXICON_NESTED < LEXICON_ROOM, "hits find room");

enum lexicon_way lexicon_way(void)
{
    int how = way;
    if (how < 0) way = how = (int)best_way();
    return (enum lexicon_way)how;
}

size_t lexicon_find(const struct lexicon *l, struct slice text, size_t from, size_t to, struct lexicon_hit hits[LEXICON_ROOM],
                    size_t *next)
{
    struct search s;
    s.l = l;
    s.text = text;
    s.picks.count = 0;
    s.letter = from > 0 && lexicon_letter((unsigned char)text.p[from - 1]);
    s.lower = s.letter && text.p[from - 1] >= 'a';
    enum lexicon_way how = lexicon_way();
    size_t n = 0;
    while (from < to) {
        size_t stop;
        s.count = 0;
        from = how == LEXICON_AVX512 ? batch_16(&s, from, to) : batch_one_by_one(&s, from, to, how == LEXICON_AVX2);
        look_up(&s);
        n += compare(&s, hits + n, LEXICON_ROOM - 1 - n, &stop);
        if (stop == SIZE_MAX) continue;
        *next = stop;
        return n;
    }
    *next = to;
    return n;
}
