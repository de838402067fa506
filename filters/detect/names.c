/* Finding names: vectors tell where words begin with a capital; adding those places to all letters carries through each such
 * word to the byte behind it, and where that is a blank before another capital, lists are asked. Prose has few such
 * places, code hardly any. */
#include "filters/detect/names.h"

#include "filters/detect/letters.h"
#include "filters/detect/structure.h"
#include "filters/text/vector.h"

#define WORDS_MAX 12000u
#define SLOTS     32768u /* a power of two, more than twice as many */
#define KINDS     15u
#define FRONTS    512u /* words of 64 bits: what is looked at most stays in the first cache */

struct names {
    size_t count;
    uint64_t given[FRONTS], family[FRONTS]; /* a bit for what words of a list begin with (front_of) */
    uint64_t end[64];                       /* ... for the last two bytes of family_ends (end_of) */
    uint32_t slot[SLOTS];                   /* a word's hash, its lowest bits what it is; 0: empty */
};

/* Ends that family names have and hardly another word with a capital, and how many bytes a word then has at least. */
static const struct {
    const char *end;
    uint8_t len, least;
} family_ends[] = {
    {"ová", 4, 6},    {"ović", 5, 7},   {"ević", 5, 7},   {"ovic", 4, 7},    {"evic", 4, 7},   {"wski", 4, 6},  {"wska", 4, 6},
    {"nski", 4, 7},   {"ński", 5, 7},   {"ńska", 5, 7},   {"lski", 4, 7},    {"wicz", 4, 7},   {"czyk", 4, 7},  {"enko", 4, 7},
    {"ский", 8, 12},  {"ская", 8, 12},  {"енко", 8, 12},  {"швили", 10, 14}, {"shvili", 6, 9}, {"adze", 4, 7},  {"poulos", 6, 9},
    {"poulou", 6, 9}, {"akis", 4, 7},   {"idis", 4, 7},   {"escu", 4, 6},    {"rsson", 5, 7},  {"nsson", 5, 7}, {"lsson", 5, 7},
    {"ksson", 5, 7},  {"dóttir", 7, 9}, {"dottir", 6, 9}, {"oğlu", 5, 7},    {"yev", 3, 6},    {"yeva", 4, 7},  {"iyev", 4, 7},
    {"ович", 8, 14},  {"евич", 8, 14},  {"овна", 8, 14},  {"евна", 8, 14},   {"ична", 8, 14},  {"fsson", 5, 7}, {"tsson", 5, 7},
    {"dsson", 5, 7},  {"gsson", 5, 7},  {"ström", 6, 7},  {"qvist", 5, 8},   {"gaard", 5, 8},  {"yan", 3, 8},   {"vych", 4, 8},
    {"chuk", 4, 7},   {"čová", 6, 6},   {"ovich", 5, 8},  {"evich", 5, 8},   {"idze", 4, 8},
};

static inline void set(uint64_t bits[], unsigned i) { bits[i / 64] |= 1ull << i % 64; }
static inline unsigned has(const uint64_t bits[], unsigned i) { return bits[i / 64] >> i % 64 & 1; }
static inline unsigned end_of(const char *p) /* of two bytes, in 12 bits */
{
    uint16_t v;
    memcpy(&v, p, 2);
    return (v ^ v >> 5) & 0xfff;
}

enum err names_new(struct names **out)
{
    *out = mem_zalloc(sizeof **out);
    if (!*out) return ERR_MEMORY;
    for (size_t i = 0; i < sizeof family_ends / sizeof *family_ends; i++)
        set((*out)->end, end_of(family_ends[i].end + family_ends[i].len - 2));
    return ERR_OK;
}

void names_free(struct names *n) { mem_free(n); }

/* --- words */

static uint64_t bytes_of(const char *p, size_t n) /* at most 8 */
{
    uint64_t v = 0;
    memcpy(&v, p, n);
    return v;
}

/* A bit of each byte does not count: that of case in ASCII and Latin-1. Where words of other letters are to be known, a
 * list has them as they are written. */
static uint32_t hash_of(struct slice w)
{
    const uint64_t fold = 0x2020202020202020u, mix = 0x9e3779b97f4a7c15u;
    uint64_t h = w.n, v;
    size_t i = 0;
    for (; w.n - i >= 8; i += 8) {
        memcpy(&v, w.p + i, 8);
        h = (h ^ (v | fold)) * mix;
        h ^= h >> 32;
    }
    if (w.n >= 8) memcpy(&v, w.p + w.n - 8, 8);
    else if (w.n >= 4) v = bytes_of(w.p, 4) | bytes_of(w.p + w.n - 4, 4) << 32;
    else v = bytes_of(w.p, 2) | (uint64_t)(unsigned char)w.p[w.n - 1] << 16;
    h = (h ^ (v | fold)) * mix;
    h ^= h >> 32;
    uint32_t out = (uint32_t)h & ~KINDS;
    return out ? out : ~KINDS;
}

/* The same of the first eight bytes, of which `len` are the word's, in 15 bits. */
static inline unsigned front_of(uint64_t v, size_t len)
{
    uint64_t mask = len < 8 ? (1ull << 8 * len) - 1 : ~0ull;
    return (unsigned)(((v | 0x2020202020202020u) & mask) * 0x9e3779b97f4a7c15u >> 49);
}

static size_t slot_of(const struct names *n, uint32_t hash)
{
    size_t i = (hash * 0x9e3779b1u) >> 17;
    while (n->slot[i] && (n->slot[i] & ~KINDS) != hash) i = (i + 1) & (SLOTS - 1);
    return i;
}

unsigned names_word(const struct names *n, struct slice word)
{
    return word.n < 2 || word.n > NAME_BYTES ? 0 : n->slot[slot_of(n, hash_of(word))] & KINDS;
}

enum err names_add(struct names *n, struct slice words, unsigned kind)
{
    for (size_t i = 0, from = 0; i <= words.n; i++) {
        if (i < words.n && words.p[i] != ' ' && words.p[i] != '\n') continue;
        if (i > from + 1) {
            uint32_t hash = hash_of(slice_of(words.p + from, i - from));
            size_t at = slot_of(n, hash);
            if (!n->slot[at] && ++n->count > WORDS_MAX) return ERR_LIMIT;
            n->slot[at] |= hash | kind;
            unsigned front = front_of(bytes_of(words.p + from, i - from < 8 ? i - from : 8), i - from);
            if (kind & (NAME_GIVEN | NAME_GIVEN_WORD)) set(n->given, front);
            if (kind & NAME_FAMILY) set(n->family, front);
        }
        from = i + 1;
    }
    return ERR_OK;
}

/* --- one name */

static bool is_letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
static bool is_word(char c) { return is_letter(c) || (unsigned char)c >= 0x80 || c == '\'' || c == '-'; }

/* A capital at p, of European letters; *len its bytes. */
static bool is_capital(const char *p, size_t left, size_t *len)
{
    *len = 1;
    if (*p >= 'A' && *p <= 'Z') return true;
    if (left < 2 || !letter_is_lead2((unsigned char)*p)) return false;
    bool upper;
    *len = 2;
    return letter_other_case(letter_read2((const unsigned char *)p), &upper) && upper;
}

struct word {
    struct slice text;
    unsigned kind;
    bool capitals; /* all of it */
};

/* What a word is, or the parts of one with a hyphen are. False if it does not begin with a capital. */
static bool read_word(const struct names *n, struct slice w, struct word *out)
{
    size_t len, second;
    if (w.n < 2 || w.n > NAME_BYTES || !is_capital(w.p, w.n, &len)) return false;
    if (w.n > 2 && w.p[w.n - 2] == '\'' && w.p[w.n - 1] == 's') w.n -= 2;
    out->text = w;
    out->capitals = w.n > len && is_capital(w.p + len, w.n - len, &second);
    out->kind = names_word(n, w);
    size_t dash = slice_find(w, '-');
    if (!out->kind && dash < w.n) {
        out->kind = names_word(n, slice_of(w.p, dash)) & (NAME_GIVEN | NAME_FAMILY | NAME_NEVER);
        out->kind |= names_word(n, slice_of(w.p + dash + 1, w.n - dash - 1)) & (NAME_FAMILY | NAME_NEVER);
    }
    return true;
}

static bool ends_as_family(const struct names *n, struct slice w)
{
    if (w.n < 6 || !has(n->end, end_of(w.p + w.n - 2))) return false;
    for (size_t i = 0; i < sizeof family_ends / sizeof *family_ends; i++) {
        size_t len = family_ends[i].len;
        if (w.n >= family_ends[i].least && memcmp(w.p + w.n - len, family_ends[i].end, len) == 0) return true;
    }
    return false;
}

static bool is_name(const struct names *n, const struct word *a, const struct word *b)
{
    const unsigned given = NAME_GIVEN | NAME_GIVEN_WORD;
    if ((a->kind | b->kind) & NAME_NEVER || a->capitals != b->capitals) return false;
    if (a->capitals) return (a->kind & given) && (b->kind & NAME_FAMILY);
    if (a->kind & NAME_GIVEN || b->kind & NAME_FAMILY) return true;
    return ends_as_family(n, b->text);
}

/* Quotes, blanks, Chinese begin with it: no letter of European names does. */
static bool is_foreign(char c) { return (unsigned char)c >= 0xe2 || c == (char)0xc2; }

static size_t word_end(struct slice t, size_t at)
{
    size_t end = at;
    while (end < t.n && end - at <= NAME_BYTES && is_word(t.p[end]) && !is_foreign(t.p[end])) end++;
    while (end > at && (t.p[end - 1] == '-' || t.p[end - 1] == '\'')) end--;
    return end;
}

/* Behind up to two initials: "H. ", "M ". */
static size_t skip_initials(struct slice t, size_t at)
{
    for (int k = 0; k < 2 && at + 3 < t.n && t.p[at] >= 'A' && t.p[at] <= 'Z'; k++) {
        size_t next = at + 1 + (t.p[at + 1] == '.');
        if (t.p[next] != ' ') break;
        at = next + 1;
    }
    return at;
}

/* The blank at `at` has a capital behind it: where a name it belongs to begins, or `at` if there is none. */
static size_t name_around(const struct names *n, struct slice t, size_t at)
{
    size_t a = at, least = at > NAME_BYTES ? at - NAME_BYTES : 0;
    while (a > least && is_word(t.p[a - 1])) a--;
    for (size_t i = a; i < at; i++) {
        if ((unsigned char)t.p[i] >= 0xe2) a = i + ((unsigned char)t.p[i] >= 0xf0 ? 4 : 3);
        else if (t.p[i] == (char)0xc2) a = i + 2;
        else if (i == a && (t.p[i] == '\'' || t.p[i] == '-')) a = i + 1;
    }
    if (a >= at) return at;
    struct word first, second;
    if (!read_word(n, slice_of(t.p + a, at - a), &first) || first.kind & NAME_NEVER) return at;
    size_t b = skip_initials(t, at + 1);
    if (!read_word(n, slice_of(t.p + b, word_end(t, b) - b), &second)) return at;
    return is_name(n, &first, &second) ? a : at;
}

/* --- where two capitals meet */

struct masks {                           /* of 64 bytes */
    uint64_t letter, upper, blank, high; /* high: beyond ASCII; where there is nothing such the rest is 0 */
    uint64_t latin, more, cyrillic;      /* first bytes of letters: of Latin-1, Latin Extended-A, Cyrillic */
    uint64_t below_a0, below_b0;         /* second bytes of capitals: of Latin-1, of Cyrillic */
};
struct walk {                       /* what the 64 bytes before say */
    uint64_t carry, letter;         /* a word with a capital reaches this place; whether the last two bytes are letters */
    uint64_t latin, more, cyrillic; /* the highest bit: the last byte is a first one */
    uint64_t met;                   /* the highest bit: the last byte is the blank behind such a word */
};

#define BLOCK_WORDS (NAMES_BLOCK / 64)
struct places {
    uint64_t word[BLOCK_WORDS + 3]; /* [1] is the first: letters, and what is beyond ASCII */
    uint64_t meet[BLOCK_WORDS + 3]; /* blanks between two words that begin with capitals */
    uint16_t some[BLOCK_WORDS + 3]; /* words of `meet` that are not 0, ascending */
};

/* Adding the places where words begin with a capital to all letters carries through those words to the byte behind. Of a
 * capital beyond ASCII the place is its second byte. */
static inline void step(struct walk *w, const struct masks *m, struct places *out, size_t i)
{
    uint64_t word = m->letter | m->high, start = m->upper & ~(m->letter << 1 | w->letter >> 1), next = m->upper, sum, all;
    if (m->high) {
        uint64_t capital = (m->latin << 1 | w->latin >> 63) & m->below_a0;
        capital |= (m->more << 1 | w->more >> 63) | ((m->cyrillic << 1 | w->cyrillic >> 63) & m->below_b0);
        start |= capital & ~(m->letter << 2 | w->letter);
        next |= m->latin | m->more | m->cyrillic;
    }
    bool over = __builtin_add_overflow(word, start, &sum);
    over |= __builtin_add_overflow(sum, w->carry, &all);
    uint64_t here = all & ~word & m->blank;
    out->word[i] = word;
    out->meet[i - 1] |= w->met & next << 63;
    out->meet[i] = here & next >> 1;
    *w = (struct walk){over, m->letter >> 62, m->latin, m->more, m->cyrillic, here};
}

/* All of `words` times 64 bytes. */
#define COLLECT(READ)                                                                                                            \
    struct walk s = *w;                                                                                                          \
    for (size_t i = 0; i < words; i++) {                                                                                         \
        struct masks m = READ(p + 64 * i);                                                                                       \
        step(&s, &m, out, at + i);                                                                                               \
    }                                                                                                                            \
    *w = s

#define EACH(f)   vector_join4(f(v[0]), f(v[1]), f(v[2]), f(v[3]))
#define LETTER(x) vector_within(_mm_or_si128(x, _mm_set1_epi8(0x20)), 'a', 25)
#define UPPER(x)  vector_within(x, 'A', 25)
#define BLANK(x)  _mm_cmpeq_epi8(x, _mm_set1_epi8(' '))
#define HIGH(x)   (x)
#define LATIN(x)  _mm_cmpeq_epi8(x, _mm_set1_epi8((char)0xc3))
#define MORE(x)   vector_within(x, (char)0xc4, 1)
#define CYR(x)    _mm_cmpeq_epi8(x, _mm_set1_epi8((char)0xd0))
#define BELOWA(x) vector_within(x, (char)0x80, 0x1f)
#define BELOWB(x) vector_within(x, (char)0x80, 0x2f)

static inline struct masks read_sse2(const char *p)
{
    __m128i v[4];
    for (int k = 0; k < 4; k++) v[k] = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * k));
    struct masks m = {EACH(LETTER), EACH(UPPER), EACH(BLANK), EACH(HIGH), 0, 0, 0, 0, 0};
    if (!m.high) return m;
    return (struct masks){m.letter, m.upper, m.blank, m.high, EACH(LATIN), EACH(MORE), EACH(CYR), EACH(BELOWA), EACH(BELOWB)};
}

static void collect_sse2(const char *p, size_t words, size_t at, struct walk *w, struct places *out) { COLLECT(read_sse2); }

#define AVX2 VECTOR_AVX2
AVX2 static inline uint64_t within_avx2(const __m256i v[2], char lo, char span)
{
    return vector_join2(vector_within2(v[0], lo, span), vector_within2(v[1], lo, span));
}

AVX2 static inline struct masks read_avx2(const char *p)
{
    const __m256i space = _mm256_set1_epi8(0x20);
    const __m256i v[2] = {_mm256_loadu_si256((const __m256i *)(const void *)p),
                          _mm256_loadu_si256((const __m256i *)(const void *)(p + 32))};
    const __m256i low[2] = {_mm256_or_si256(v[0], space), _mm256_or_si256(v[1], space)};
    struct masks m = {
        within_avx2(low, 'a', 25), within_avx2(v, 'A', 25), within_avx2(v, ' ', 0), vector_join2(v[0], v[1]), 0, 0, 0, 0, 0};
    if (!m.high) return m;
    return (struct masks){m.letter,
                          m.upper,
                          m.blank,
                          m.high,
                          within_avx2(v, (char)0xc3, 0),
                          within_avx2(v, (char)0xc4, 1),
                          within_avx2(v, (char)0xd0, 0),
                          within_avx2(v, (char)0x80, 0x1f),
                          within_avx2(v, (char)0x80, 0x2f)};
}

AVX2 static void collect_avx2(const char *p, size_t words, size_t at, struct walk *w, struct places *out) { COLLECT(read_avx2); }

#define AVX512 __attribute__((target("avx512f,avx512bw")))
AVX512 static inline uint64_t within5(__m512i v, char lo, char span)
{
    return _mm512_cmple_epu8_mask(_mm512_sub_epi8(v, _mm512_set1_epi8(lo)), _mm512_set1_epi8(span));
}

AVX512 static inline struct masks read_avx512(const char *p)
{
    __m512i v = _mm512_loadu_si512((const void *)p), space = _mm512_set1_epi8(0x20);
    struct masks m = {within5(_mm512_or_si512(v, space), 'a', 25),
                      within5(v, 'A', 25),
                      _mm512_cmpeq_epi8_mask(v, space),
                      _mm512_movepi8_mask(v),
                      0,
                      0,
                      0,
                      0,
                      0};
    if (!m.high) return m;
    return (struct masks){m.letter,
                          m.upper,
                          m.blank,
                          m.high,
                          within5(v, (char)0xc3, 0),
                          within5(v, (char)0xc4, 1),
                          within5(v, (char)0xd0, 0),
                          within5(v, (char)0x80, 0x1f),
                          within5(v, (char)0x80, 0x2f)};
}

AVX512 static void collect_avx512(const char *p, size_t words, size_t at, struct walk *w, struct places *out)
{
    COLLECT(read_avx512);
}

typedef void (*collect_fn)(const char *p, size_t words, size_t at, struct walk *w, struct places *out);
static const collect_fn ways[] = {
    [VECTORS_SSE2] = collect_sse2, [VECTORS_AVX2] = collect_avx2, [VECTORS_AVX512] = collect_avx512};

static bool is_wide(char c) { return is_letter(c) || (unsigned char)c >= 0x80; }

/* True if a word with a capital may end before `end`. */
static bool capital_before(struct slice t, size_t end)
{
    for (size_t a = end; a > 0 && end - a < NAME_BYTES && is_wide(t.p[a - 1]); a--)
        if ((t.p[a - 1] >= 'A' && t.p[a - 1] <= 'Z') || letter_is_lead2((unsigned char)t.p[a - 1])) return true;
    return false;
}

/* All places in text[from, to), and the blank before `from` in meet[0]: how many words of them are not 0. */
static size_t find_places(struct slice t, size_t from, size_t to, struct places *out)
{
    struct walk w = {.carry = from && capital_before(t, from)};
    if (from > 1 && t.p[from - 1] == ' ' && capital_before(t, from - 1)) w.met = 1ull << 63;
    collect_fn collect = ways[structure_vectors()];
    size_t whole = (to - from) / 64, left = (to - from) % 64, n = 0;
    char part[64] = {0};
    out->word[0] = out->meet[0] = 0;
    collect(t.p + from, whole, 1, &w, out);
    memcpy(part, t.p + to - left, left);
    collect(part, 1, 1 + whole, &w, out); /* perhaps nothing, but for what reaches it */
    out->word[whole + 2] = 0;
    for (size_t i = 0; i < whole + 2; i++) {
        out->some[n] = (uint16_t)i;
        n += out->meet[i] != 0;
    }
    return n;
}

/* The places as a list: their number. Nearly always there are no more than two in 64 bytes. */
static size_t flatten(const struct places *p, size_t some, uint32_t *out)
{
    size_t n = 0;
    for (size_t j = 0; j < some; j++) {
        uint32_t base = (uint32_t)p->some[j] * 64;
        uint64_t bits = p->meet[p->some[j]], rest = bits & (bits - 1);
        out[n] = base + (uint32_t)__builtin_ctzll(bits);
        out[n + 1] = base + (uint32_t)__builtin_ctzll(rest | 1ull << 63);
        n += rest ? 2 : 1;
        for (rest &= rest - 1; rest; rest &= rest - 1) out[n++] = base + (uint32_t)__builtin_ctzll(rest);
    }
    return n;
}

/* Something beyond ASCII, or such right behind it. */
static inline bool has_high(const char *p, size_t n)
{
    uint64_t all = 0, v;
    for (size_t i = 0; i < n; i += 8) {
        memcpy(&v, p + i, 8);
        all |= v;
    }
    return all & 0x8080808080808080u;
}

/* Quotes, dashes, Chinese are glued to the word. */
static bool has_foreign(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_foreign(p[i])) return true;
    return false;
}

/* False if the words around the blank, a bit of p->word, can't be a name, by how they begin and end. */
static inline bool may_be(const struct names *n, struct slice t, size_t at, const struct places *p, uint32_t bit)
{
    unsigned i = bit % 64;
    size_t k = bit / 64;
    uint64_t before = i ? p->word[k] << (64 - i) | p->word[k - 1] >> i : p->word[k - 1];
    uint64_t behind = p->word[k] >> i >> 1 | p->word[k + 1] << (63 - i);
    size_t a = (size_t)__builtin_clzll(~before | 1), b = (size_t)__builtin_ctzll(~behind | 1ull << 63);
    const char *first = t.p + at - a, *second = t.p + at + 1;
    uint64_t v, u;
    memcpy(&v, first, 8);
    memcpy(&u, second, 8);
    if (b == 1 || a == 63 || b == 63) return true; /* an initial, or what takes a longer look */
    if (has_high(first, a + 1 + b) && has_foreign(first, a + 1 + b)) return true;
    unsigned given = has(n->given, front_of(v, a)) | (first[-1] == '-') | (first[-1] == '\'');
    unsigned apart = (second[b] == '-') | (second[b] == '\'');
    return given | apart | has(n->family, front_of(u, b)) | has(n->end, end_of(second + b - 2));
}

size_t names_find(const struct names *n, struct slice text, size_t from, size_t to, uint32_t found[NAMES_ROOM])
{
    struct places p;
    size_t some = find_places(text, from, to, &p);
    size_t count = 0, kept = 0, met = flatten(&p, some, found);
    for (size_t i = 0; i < met; i++) {
        uint32_t bit = found[i];
        size_t at = from + bit - 64;
        found[kept] = bit;
        kept += bit < 64 + 72 || to - at < 80 || may_be(n, text, at, &p, bit); /* near an edge words are not known whole */
    }
    for (size_t i = 0; i < kept; i++) {
        size_t at = from + found[i] - 64, start = name_around(n, text, at);
        if (start < at) found[count++] = (uint32_t)start;
    }
    return count;
}
