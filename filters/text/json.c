/* The JSON tokenizer: one pass over the bytes into a flat array of nodes. `struct parser` holds the cursor and the container
 * that is open, the document's stack those around it.
 *
 * States: in a container that is `fresh` (its end may come, or its first value), behind a value in one (its end, or ',' and
 * the next), and behind the only value (the end of the text). */
#include "filters/text/json.h"

#include "filters/text/utf8.h"
#include "proxy/base/hex.h"

#include <assert.h>
#include <sys/random.h>

#if defined(__x86_64__)
#include <immintrin.h>
#if !defined(TEXT_NO_AVX2)
#define JSON_AVX2 1
#endif
#endif

#define DEPTH_DEFAULT 128u
#define DEPTH_MOST    60000u
#define NODES_DEFAULT (8u << 20)
#define NODES_FIRST   256u
#define PAIRWISE_MOST 12u /* keys compared each with each; above, a table */

/* ---- scanning ---------------------------------------------------------------------------------------------- */

/* A string's next interesting byte: '"', '\' or a control byte; `end` if there is none. *high is set if a byte above
 * 0x7F was passed. */
static const char *scan_bytes(const char *p, const char *end, bool *high)
{
    unsigned char seen = 0;
    for (; p < end; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '"' || c == '\\' || c < 0x20) break;
        seen |= c;
    }
    if (seen & 0x80) *high = true;
    return p;
}

#if defined(__x86_64__)
static inline const char *scan_sse2(const char *p, const char *end, bool *high)
{
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'), ctl = _mm_set1_epi8(0x1F);
    for (; end - p >= 16; p += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i stop = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash)),
                                    _mm_cmpeq_epi8(_mm_min_epu8(v, ctl), v));
        unsigned m = (unsigned)_mm_movemask_epi8(stop), h = (unsigned)_mm_movemask_epi8(v);
        if (m) {
            unsigned k = (unsigned)__builtin_ctz(m);
            if (h & ((1u << k) - 1)) *high = true;
            return p + k;
        }
        if (h) *high = true;
    }
    return scan_bytes(p, end, high);
}
#endif

#ifdef JSON_AVX2
__attribute__((target("avx2"))) static const char *scan_avx2(const char *p, const char *end, bool *high)
{
    const __m256i quote = _mm256_set1_epi8('"'), slash = _mm256_set1_epi8('\\'), ctl = _mm256_set1_epi8(0x1F);
    unsigned seen = 0;
    for (; end - p >= 32; p += 32) {
        __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p);
        __m256i stop = _mm256_or_si256(_mm256_or_si256(_mm256_cmpeq_epi8(v, quote), _mm256_cmpeq_epi8(v, slash)),
                                       _mm256_cmpeq_epi8(_mm256_min_epu8(v, ctl), v));
        unsigned m = (unsigned)_mm256_movemask_epi8(stop), h = (unsigned)_mm256_movemask_epi8(v);
        if (m) {
            unsigned k = (unsigned)__builtin_ctz(m);
            if (seen | (h & ((1u << k) - 1))) *high = true;
            return p + k;
        }
        seen |= h;
    }
    if (seen) *high = true;
    return scan_sse2(p, end, high);
}
#endif

static inline const char *scan_string(const char *p, const char *end, bool *high)
{
#if defined(__x86_64__)
    if (end - p >= 16) { /* most strings end here */
        const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i stop = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'))),
                                    _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1F)), v));
        unsigned m = (unsigned)_mm_movemask_epi8(stop), h = (unsigned)_mm_movemask_epi8(v);
        if (m) {
            unsigned k = (unsigned)__builtin_ctz(m);
            if (h & ((1u << k) - 1)) *high = true;
            return p + k;
        }
        if (h) *high = true;
        p += 16;
    }
#ifdef JSON_AVX2
    if (__builtin_cpu_supports("avx2")) return scan_avx2(p, end, high);
#endif
    return scan_sse2(p, end, high);
#else
    return scan_bytes(p, end, high);
#endif
}

static inline bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

static inline const char *skip_space(const char *p, const char *end)
{
    if (p < end && !is_space(*p)) return p;
    if (end - p >= 2 && !is_space(p[1])) return p + 1; /* one blank is common */
#if defined(__x86_64__)
    for (; end - p >= 16; p += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i white = _mm_or_si128(
            _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8(' ')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\n'))),
            _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('\r')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\t'))));
        unsigned m = (unsigned)_mm_movemask_epi8(white) ^ 0xFFFFu;
        if (m) return p + __builtin_ctz(m);
    }
#endif
    while (p < end && is_space(*p)) p++;
    return p;
}

/* ---- escapes ----------------------------------------------------------------------------------------------- */

static int hex4(const char *p, const char *end) { return end - p < 4 ? -1 : hex4_read(p); }

size_t json_escape_read(struct slice raw, char out[4], size_t *used)
{
    const char *p = raw.p, *end = raw.p + raw.n;
    *used = 2;
    out[0] = '\\';
    if (raw.n < 2) {
        *used = raw.n;
        return 1;
    }
    switch (p[1]) {
    case 'b': out[0] = '\b'; return 1;
    case 'f': out[0] = '\f'; return 1;
    case 'n': out[0] = '\n'; return 1;
    case 'r': out[0] = '\r'; return 1;
    case 't': out[0] = '\t'; return 1;
    case 'u': break;
    default: out[0] = p[1]; return 1;
    }
    int c = hex4(p + 2, end);
    if (c < 0) return 1; /* not valid content; total all the same */
    *used = 6;
    if (c >= 0xD800 && c < 0xDC00 && end - p >= 12 && p[6] == '\\' && p[7] == 'u') {
        int low = hex4(p + 8, end);
        if (low >= 0xDC00 && low < 0xE000) {
            *used = 12;
            return utf8_put(0x10000u + ((uint32_t)(c - 0xD800) << 10) + (uint32_t)(low - 0xDC00), out);
        }
    }
    return utf8_put((uint32_t)c, out); /* a lone surrogate becomes U+FFFD there */
}

enum err json_unescape(struct slice raw, struct buf *out)
{
    size_t i = 0;
    while (i < raw.n) {
        const char *hit = memchr(raw.p + i, '\\', raw.n - i);
        size_t run = (hit ? (size_t)(hit - raw.p) : raw.n) - i;
        enum err e = buf_add(out, slice_of(raw.p + i, run));
        if (e) return e;
        i += run;
        if (i == raw.n) break;
        char c[4];
        size_t used, n = json_escape_read(slice_of(raw.p + i, raw.n - i), c, &used);
        e = buf_add(out, slice_of(c, n));
        if (e) return e;
        i += used;
    }
    return ERR_OK;
}

enum err json_escape(struct slice text, struct buf *out)
{
    static const char hex[] = "0123456789abcdef";
    if (!utf8_valid(text, NULL)) return ERR_UTF8;
    if (text.n == 0) return ERR_OK;
    const char *p = text.p, *end = text.p + text.n;
    while (p < end) {
        bool high = false;
        const char *q = scan_string(p, end, &high);
        enum err e = buf_add(out, slice_of(p, (size_t)(q - p)));
        if (e || q == end) return e;
        char esc[6] = {'\\', *q, 0, 0, 0, 0};
        size_t n = 2;
        switch (*q) {
        case '"':
        case '\\': break;
        case '\n': esc[1] = 'n'; break;
        case '\r': esc[1] = 'r'; break;
        case '\t': esc[1] = 't'; break;
        default:
            memcpy(esc + 1, "u00", 3);
            esc[4] = hex[*q >> 4 & 15];
            esc[5] = hex[*q & 15];
            n = 6;
        }
        e = buf_add(out, slice_of(esc, n));
        if (e) return e;
        p = q + 1;
    }
    return ERR_OK;
}

/* ---- text of strings and keys ------------------------------------------------------------------------------ */

/* Compares two string contents without making either: both are read as unescaped bytes. */
static bool content_eq(struct slice a, struct slice b)
{
    char ca[4], cb[4];
    size_t na = 0, nb = 0, ia = 0, ib = 0, used; /* bytes waiting in ca and cb, and those consumed of them */
    while (1) {
        if (ia == na) {
            ia = 0;
            na = a.n ? 1 : 0;
            used = na;
            if (a.n && a.p[0] == '\\') na = json_escape_read(a, ca, &used);
            else if (a.n) ca[0] = a.p[0];
            a = slice_of(a.p + used, a.n - used);
        }
        if (ib == nb) {
            ib = 0;
            nb = b.n ? 1 : 0;
            used = nb;
            if (b.n && b.p[0] == '\\') nb = json_escape_read(b, cb, &used);
            else if (b.n) cb[0] = b.p[0];
            b = slice_of(b.p + used, b.n - used);
        }
        if (!na || !nb) return na == nb;
        if (ca[ia++] != cb[ib++]) return false;
    }
}

bool json_escaped_eq(const struct json_doc *d, uint32_t i, struct slice s)
{
    struct slice raw = json_raw(d, i);
    size_t k = 0;
    while (raw.n && k < s.n) {
        char c[4] = {raw.p[0], 0, 0, 0};
        size_t used = 1, n = 1;
        if (raw.p[0] == '\\') n = json_escape_read(raw, c, &used);
        if (n > s.n - k || memcmp(c, s.p + k, n) != 0) return false;
        k += n;
        raw = slice_of(raw.p + used, raw.n - used);
    }
    return !raw.n && k == s.n;
}

static bool keys_equal(const struct json_doc *d, uint32_t a, uint32_t b)
{
    if (!d->node[a].escaped && !d->node[b].escaped) {
        const struct slice x = json_raw(d, a), y = json_raw(d, b);
        return x.n == y.n && (x.n == 0 || (x.p[0] == y.p[0] && memcmp(x.p, y.p, x.n) == 0)); /* most differ at once */
    }
    if (!d->node[a].escaped) return json_text_eq(d, b, json_raw(d, a));
    if (!d->node[b].escaped) return json_text_eq(d, a, json_raw(d, b));
    return content_eq(json_raw(d, a), json_raw(d, b));
}

/* ---- duplicate keys ---------------------------------------------------------------------------------------- */

struct slot {
    uint32_t key, hash; /* key node + 1; 0: empty */
};
/* For objects of many keys. The hash is SipHash-1-3 (Aumasson, Bernstein 2012) under a random key, so that nobody
 * can choose keys that fall together. */
struct dup {
    uint64_t k0, k1;
    struct slot *slot;
    uint32_t room; /* a power of two */
    struct buf text;
};

static inline uint64_t rotl(uint64_t x, int b) { return x << b | x >> (64 - b); }

static inline void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotl(v[1], 13) ^ v[0];
    v[3] = rotl(v[3], 16) ^ v[2];
    v[0] = rotl(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotl(v[1], 17) ^ v[2];
    v[3] = rotl(v[3], 21) ^ v[0];
    v[2] = rotl(v[2], 32);
}

static uint32_t sip_hash(const struct dup *t, struct slice s)
{
    uint64_t v[4] = {t->k0 ^ 0x736f6d6570736575ull, t->k1 ^ 0x646f72616e646f6dull, t->k0 ^ 0x6c7967656e657261ull,
                     t->k1 ^ 0x7465646279746573ull};
    uint64_t m, len = (uint64_t)s.n << 56;
    for (; s.n >= 8; s = slice_of(s.p + 8, s.n - 8)) {
        memcpy(&m, s.p, 8);
        v[3] ^= m;
        sip_round(v);
        v[0] ^= m;
    }
    m = 0;
    memcpy(&m, s.p, s.n);
    m |= len;
    v[3] ^= m;
    sip_round(v);
    v[0] ^= m;
    v[2] ^= 0xFF;
    for (int i = 0; i < 3; i++) sip_round(v);
    return (uint32_t)(v[0] ^ v[1] ^ v[2] ^ v[3]);
}

static enum err dup_table(struct json_doc *d, uint32_t keys, struct dup **out)
{
    struct dup *t = d->dup;
    if (!t) {
        t = mem_zalloc(sizeof *t);
        if (!t) return ERR_MEMORY;
        t->text = buf_make(UINT32_MAX);
        d->dup = t;
        uint64_t seed[2];
        if (getrandom(seed, sizeof seed, 0) != (ssize_t)sizeof seed) {
            mem_free(t);
            d->dup = NULL;
            return ERR_INTERNAL;
        }
        t->k0 = seed[0];
        t->k1 = seed[1];
    }
    uint32_t room = 64;
    while (room / 2 < keys) room *= 2;
    if (room > t->room) {
        mem_free(t->slot);
        t->room = 0;
        t->slot = mem_alloc((size_t)room * sizeof *t->slot);
        if (!t->slot) return ERR_MEMORY;
        t->room = room;
    }
    memset(t->slot, 0, (size_t)room * sizeof *t->slot);
    *out = t;
    return ERR_OK;
}

static enum err dup_by_table(struct json_doc *d, uint32_t object, uint32_t keys, uint32_t *bad)
{
    struct dup *t;
    enum err e = dup_table(d, keys, &t);
    if (e) return e;
    uint32_t mask = 64;
    while (mask / 2 < keys) mask *= 2;
    mask--;
    for (uint32_t k = object + 1; k < d->count; k = d->node[k + 1].next) {
        struct slice s = json_raw(d, k);
        if (d->node[k].escaped) {
            buf_truncate(&t->text, 0);
            e = json_unescape(s, &t->text);
            if (e) return e;
            s = buf_slice(&t->text);
        }
        uint32_t h = sip_hash(t, s), i = h & mask;
        for (; t->slot[i].key; i = (i + 1) & mask)
            if (t->slot[i].hash == h && keys_equal(d, t->slot[i].key - 1, k)) {
                *bad = k;
                return ERR_JSON_DUPLICATE;
            }
        t->slot[i] = (struct slot){k + 1, h};
    }
    return ERR_OK;
}

/* Called when the object's last node is d->node[count - 1]. */
static enum err dup_check(struct json_doc *d, uint32_t object, uint32_t keys, uint32_t *bad)
{
    if (keys < 2) return ERR_OK;
    if (keys > PAIRWISE_MOST) return dup_by_table(d, object, keys, bad);
    uint32_t key[PAIRWISE_MOST], n = 0;
    for (uint32_t k = object + 1; k < d->count; k = d->node[k + 1].next) {
        const struct json_node *a = &d->node[k];
        for (uint32_t j = 0; j < n; j++) {
            const struct json_node *b = &d->node[key[j]];
            bool may = a->end - a->off == b->end - b->off || a->escaped || b->escaped;
            if (may && keys_equal(d, key[j], k)) {
                *bad = k;
                return ERR_JSON_DUPLICATE;
            }
        }
        key[n++] = k;
    }
    return ERR_OK;
}

/* ---- parsing ----------------------------------------------------------------------------------------------- */

#define PARSER static inline __attribute__((always_inline))

/* An open container. */
struct level {
    uint32_t node, children;
    uint64_t keys; /* bits of its keys' hashes */
    bool object;
    bool alike; /* two of its keys have the same bit, or one is escaped: they may be equal */
};
/* Everything is made part of one function, so that what changes with every value stays in registers: nothing that is
 * called gets a pointer to this. */
struct parser {
    struct json_doc *d;
    const char *base, *p, *end;
    const uint64_t *ends, *escapes, *highs; /* rows of quotes.h */
    struct json_node *node;                 /* d->node */
    uint32_t count, room;                   /* nodes; room: for as many as there may be and fit */
    struct level open, *level;              /* the innermost container, and d->stack: those around it */
    uint32_t depth, max_depth, max_nodes;
    bool fresh; /* nothing stands in the innermost container yet */
    bool duplicates;
};

static __attribute__((noinline)) enum err grow_nodes(struct json_doc *d, uint32_t max_nodes)
{
    if (d->count >= max_nodes) return ERR_LIMIT;
    uint32_t room = d->room ? d->room * 2 : NODES_FIRST;
    void *q = mem_resize(d->node, (size_t)room * sizeof *d->node); /* offsets, no text */
    if (!q) return ERR_MEMORY;
    d->node = q;
    d->room = room;
    return ERR_OK;
}

static __attribute__((noinline)) enum err grow_stack(struct json_doc *d)
{
    uint32_t room = d->stack_room ? d->stack_room * 2 : 64;
    void *q = mem_realloc(d->stack, (size_t)room * sizeof(struct level));
    if (!q) return ERR_MEMORY;
    d->stack = q;
    d->stack_room = room;
    return ERR_OK;
}

PARSER enum err room_for_node(struct parser *ps)
{
    if (ps->count < ps->room) return ERR_OK;
    ps->d->count = ps->count;
    enum err e = grow_nodes(ps->d, ps->max_nodes);
    ps->node = ps->d->node;
    ps->room = ps->d->room < ps->max_nodes ? ps->d->room : ps->max_nodes;
    return e;
}

/* Adds x, placed in the open container. There is room. */
PARSER void add_node(struct parser *ps, struct json_node x)
{
    const uint32_t i = ps->count++;
    const bool key = x.type == JSON_KEY;
    x.parent = ps->open.node;
    x.key = ps->open.object && !key ? i - 1 : JSON_NONE;
    x.next = i + 1;
    x.index = ps->open.children;
    x.depth = (uint16_t)ps->depth;
    ps->open.children += !key;
    ps->node[i] = x;
}

/* What quotes.h knows of a string whose content begins at `from`. */
struct string {
    size_t end;
    bool escaped, high;
};

PARSER struct string string_at(const struct parser *ps, size_t from)
{
    const size_t w = from / 64, all = (size_t)(ps->end - ps->base);
    const unsigned k = (unsigned)(from % 64);
    const uint64_t x = ps->ends[w] >> k;
    if (x) { /* most strings are short */
        const unsigned n = (unsigned)__builtin_ctzll(x);
        const uint64_t in = ((1ull << n) - 1) << k;
        return (struct string){from + n, (ps->escapes[w] & in) != 0, (ps->highs[w] & in) != 0};
    }
    const size_t end = bits_next(ps->ends, from, all);
    const bool high = !ps->d->quotes.ascii && bits_next(ps->highs, from, end) != end;
    return (struct string){end, bits_next(ps->escapes, from, end) != end, high};
}

PARSER enum err string_node(struct parser *ps, enum json_type type)
{
    enum err e = room_for_node(ps);
    if (e) return e;
    const size_t from = (size_t)(ps->p + 1 - ps->base), all = (size_t)(ps->end - ps->base), bad = ps->d->quotes.bad;
    const struct string s = string_at(ps, from);
    if (bad < s.end || s.end == all) {
        ps->p = ps->base + (bad < s.end ? bad : all);
        return ERR_JSON;
    }
    add_node(ps,
             (struct json_node){
                 .off = (uint32_t)from, .end = (uint32_t)s.end, .type = (uint8_t)type, .escaped = s.escaped, .ascii = !s.high});
    ps->p = ps->base + s.end + 1;
    return ERR_OK;
}

static const char *digits(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9') p++;
    return p;
}

/* The end of the number at p, or the mistake in it. */
static const char *number_end(const char *p, const char *end, bool *good)
{
    const char *q;
    *good = false;
    if (*p == '-') p++;
    q = digits(p, end);
    if (q == p || (*p == '0' && q - p > 1)) return p;
    p = q;
    if (p < end && *p == '.') {
        q = digits(++p, end);
        if (q == p) return p;
        p = q;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < end && (*p == '+' || *p == '-')) p++;
        q = digits(p, end);
        if (q == p) return p;
        p = q;
    }
    *good = true;
    return p;
}

PARSER enum err number_node(struct parser *ps)
{
    enum err e = room_for_node(ps);
    if (e) return e;
    bool good;
    const char *p = number_end(ps->p, ps->end, &good);
    add_node(ps, (struct json_node){
                     .off = (uint32_t)(ps->p - ps->base), .end = (uint32_t)(p - ps->base), .type = (uint8_t)JSON_NUMBER});
    ps->p = p;
    return good ? ERR_OK : ERR_JSON;
}

PARSER enum err literal_node(struct parser *ps)
{
    enum err e = room_for_node(ps);
    if (e) return e;
    const enum json_type type = *ps->p == 't' ? JSON_TRUE : *ps->p == 'f' ? JSON_FALSE : JSON_NULL;
    const struct slice word = type == JSON_TRUE ? SLICE("true") : type == JSON_FALSE ? SLICE("false") : SLICE("null");
    if (!slice_starts(slice_of(ps->p, (size_t)(ps->end - ps->p)), word)) return ERR_JSON;
    const uint32_t off = (uint32_t)(ps->p - ps->base);
    add_node(ps, (struct json_node){.off = off, .end = off + (uint32_t)word.n, .type = (uint8_t)type});
    ps->p += word.n;
    return ERR_OK;
}

PARSER enum err open_container(struct parser *ps, enum json_type type)
{
    if (ps->depth >= ps->max_depth) return ERR_JSON_DEPTH;
    if (ps->depth >= ps->d->stack_room) {
        enum err e = grow_stack(ps->d);
        if (e) return e;
        ps->level = (struct level *)(void *)ps->d->stack;
    }
    enum err e = room_for_node(ps);
    if (e) return e;
    add_node(ps, (struct json_node){.off = (uint32_t)(ps->p - ps->base), .type = (uint8_t)type});
    ps->level[ps->depth++] = ps->open;
    ps->open = (struct level){.node = ps->count - 1, .object = type == JSON_OBJECT};
    ps->fresh = true;
    ps->p++;
    return ERR_OK;
}

/* At the closing bracket of the open container. */
PARSER enum err close_container(struct parser *ps)
{
    const struct level l = ps->open;
    if (l.alike && !ps->duplicates) {
        uint32_t bad = l.node;
        ps->d->count = ps->count;
        enum err e = dup_check(ps->d, l.node, l.children, &bad);
        if (e) {
            ps->p = ps->base + ps->node[bad].off;
            return e;
        }
    }
    ps->p++;
    ps->node[l.node].end = (uint32_t)(ps->p - ps->base);
    ps->node[l.node].next = ps->count;
    ps->open = ps->level[--ps->depth];
    ps->fresh = false;
    return ERR_OK;
}

PARSER enum err value(struct parser *ps)
{
    ps->fresh = false;
    switch (*ps->p) {
    case '"': return string_node(ps, JSON_STRING);
    case '{':
    case '[': return open_container(ps, *ps->p == '{' ? JSON_OBJECT : JSON_ARRAY);
    case 't':
    case 'f':
    case 'n': return literal_node(ps);
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9': return number_node(ps);
    default: return ERR_JSON;
    }
}

/* A key and its colon. */
PARSER enum err key(struct parser *ps)
{
    if (*ps->p != '"') return ERR_JSON;
    enum err e = string_node(ps, JSON_KEY);
    if (e) return e;
    const struct json_node *n = &ps->node[ps->count - 1];
    const unsigned char *s = (const unsigned char *)ps->base; /* a quote stands on each side of the key */
    const uint64_t bit = 1ull << ((n->end - n->off + s[n->off] * 5u + s[n->end - 1] * 17u) % 64);
    ps->open.alike |= n->escaped || (ps->open.keys & bit);
    ps->open.keys |= bit;
    ps->p = skip_space(ps->p, ps->end);
    if (ps->p == ps->end || *ps->p != ':') return ERR_JSON;
    ps->p = skip_space(ps->p + 1, ps->end);
    return ps->p == ps->end ? ERR_JSON : ERR_OK;
}

PARSER enum err run(struct parser *ps)
{
    ps->p = skip_space(ps->p, ps->end);
    if (ps->p == ps->end) return ERR_JSON;
    enum err e = value(ps);
    while (!e) {
        ps->p = skip_space(ps->p, ps->end);
        if (ps->depth == 0) return ps->p == ps->end ? ERR_OK : ERR_JSON;
        if (ps->p == ps->end) return ERR_JSON;
        if (*ps->p == (ps->open.object ? '}' : ']')) {
            e = close_container(ps);
            continue;
        }
        if (!ps->fresh) {
            if (*ps->p != ',') return ERR_JSON;
            ps->p = skip_space(ps->p + 1, ps->end);
            if (ps->p == ps->end) return ERR_JSON;
        }
        if (ps->open.object) e = key(ps);
        if (!e) e = value(ps);
    }
    return e;
}

/* The nodes of a text whose quotes are known; *p: where it went wrong. */
static enum err read_nodes(struct json_doc *d, const struct json_limits *lim, const char **p)
{
    struct parser ps = {.d = d, .base = d->text.p, .p = d->text.p, .end = d->text.p + d->text.n};
    ps.ends = quotes_bits(&d->quotes, QUOTES_END);
    ps.escapes = quotes_bits(&d->quotes, QUOTES_ESCAPE);
    ps.highs = quotes_bits(&d->quotes, QUOTES_HIGH);
    ps.level = (struct level *)(void *)d->stack;
    ps.open = (struct level){.node = JSON_NONE};
    ps.max_depth = lim && lim->max_depth ? lim->max_depth : DEPTH_DEFAULT;
    if (ps.max_depth > DEPTH_MOST) ps.max_depth = DEPTH_MOST;
    assert(!lim || lim->max_nodes <= 1u << 30);
    ps.max_nodes = lim && lim->max_nodes ? lim->max_nodes : NODES_DEFAULT;
    ps.duplicates = lim && lim->allow_duplicates;
    ps.node = d->node;
    ps.room = d->room < ps.max_nodes ? d->room : ps.max_nodes;
    enum err e = run(&ps);
    d->count = ps.count;
    *p = ps.p;
    return e;
}

enum err json_parse(struct json_doc *d, struct slice text, const struct json_limits *lim, size_t *at)
{
    d->text = text;
    d->count = 0;
    if (at) *at = 0;
    if (text.n == 0) return ERR_JSON;
    if (text.n >= UINT32_MAX) return ERR_LIMIT;
    enum err e = quotes_make(&d->quotes, text);
    if (e) return e;
    if (!d->quotes.ascii && !utf8_valid(text, at)) return ERR_UTF8;
    const char *p;
    e = read_nodes(d, lim, &p);
    struct dup *t = d->dup;
    if (t) buf_free(&t->text); /* holds no key longer than the call */
    if (e && at) *at = (size_t)(p - text.p);
    return e;
}

void json_doc_free(struct json_doc *d)
{
    struct dup *t = d->dup;
    if (t) {
        buf_free(&t->text);
        mem_free(t->slot);
        mem_free(t);
    }
    quotes_free(&d->quotes);
    mem_free_used(d->node, 0);
    mem_free(d->stack);
    *d = (struct json_doc){.text = SLICE_NONE};
}

/* ---- walking ----------------------------------------------------------------------------------------------- */

uint32_t json_first(const struct json_doc *d, uint32_t container)
{
    const struct json_node *n = &d->node[container];
    return (n->type == JSON_ARRAY || n->type == JSON_OBJECT) && n->next > container + 1 ? container + 1 : JSON_NONE;
}

uint32_t json_member(const struct json_doc *d, uint32_t object, struct slice name)
{
    if (d->node[object].type != JSON_OBJECT) return JSON_NONE;
    for (uint32_t k = object + 1, end = d->node[object].next; k < end; k = d->node[k + 1].next)
        if (json_text_eq(d, k, name)) return k + 1;
    return JSON_NONE;
}

uint32_t json_element(const struct json_doc *d, uint32_t array, uint32_t k)
{
    if (d->node[array].type != JSON_ARRAY) return JSON_NONE;
    for (uint32_t i = array + 1, end = d->node[array].next; i < end; i = d->node[i].next)
        if (k-- == 0) return i;
    return JSON_NONE;
}

/* ---- splicing ---------------------------------------------------------------------------------------------- */

enum err json_splice(struct slice text, const struct splice *s, size_t n, struct buf *out)
{
    size_t from = 0, total = text.n;
    for (size_t i = 0; i < n; i++) {
        assert(s[i].off >= from && s[i].end >= s[i].off && s[i].end <= text.n);
        from = s[i].end;
        total += s[i].with.n;
    }
    enum err e = buf_reserve(out, total); /* a little too much, and never twice */
    if (e == ERR_LIMIT) e = ERR_OK;       /* it may still fit without what is cut out */
    from = 0;
    for (size_t i = 0; i < n && !e; i++) {
        e = buf_add(out, slice_of(text.p + from, s[i].off - from));
        if (!e) e = buf_add(out, s[i].with);
        from = s[i].end;
    }
    return e ? e : buf_add(out, slice_of(text.p + from, text.n - from));
}
