/* What a request's masking gave out, both ways: value to placeholder while the prompt is rewritten, placeholder to
 * value while the answer is read. Text lies in an arena that is wiped with the vault; look-ups are by keyed hash, so
 * that no caller can choose values that collide. */
#include "filters/mask/vault.h"

#include "filters/mask/placeholder.h"

#include <assert.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdio.h>

#define TYPES_MAX    512u
#define RESERVED_MAX (1u << 20)
#define TRIE_MAX     (1u << 23) /* bytes of all surrogates together */
#define CHUNK_FIRST  2048u
#define CHUNK_MAX    65536u
#define NONE         UINT32_MAX
#define AMBIGUOUS    (NONE - 1) /* a loose form of two values: of neither */
#define FORM_MAX     64u        /* bytes of a loose form */
#define FORM_DIGITS  6u         /* digits that make a number */
#define SEPARATOR    3u         /* most bytes of one */

struct chunk { /* of the arena */
    struct chunk *next;
    size_t used, size;
    char data[];
};

struct entry {
    struct vault_entry e;
    uint64_t by_value, by_word; /* hashes */
    uint32_t type;
};

struct type {
    char name[PH_TYPE_MAX + 1]; /* as it stands in placeholders */
    size_t len;
    uint32_t last; /* highest number given out */
};

/* Open addressing over indices of entries; NONE is empty. */
struct table {
    uint32_t *slot;
    size_t size;
};

struct edge { /* of the trie of surrogates */
    uint32_t key_node;
    uint32_t child; /* 0: empty */
    uint8_t byte;
};

struct vault {
    struct entry *entry;
    size_t count, room;
    struct table by_value, by_word;
    struct type *types;
    size_t type_count, type_room;
    uint64_t *reserved; /* hashes of canonical words; 0 is empty. A collision skips a number, no more */
    size_t reserved_count, reserved_size;
    struct edge *edge;
    size_t edge_count, edge_size;
    uint32_t *node_entry; /* by trie node */
    uint32_t node_count, node_room;
    struct chunk *arena;
    size_t longest; /* surrogate */
    bool has_form[VAULT_FORMS];
    uint8_t first[256];
};

/* ---- hashing: SipHash-1-3 (Aumasson, Bernstein 2012) under a key of the process ---- */

static uint64_t hash_key[2];
static bool hash_ready;
static pthread_once_t hash_once = PTHREAD_ONCE_INIT;

static void hash_init(void) { hash_ready = RAND_bytes((unsigned char *)hash_key, sizeof hash_key) == 1; }

static inline uint64_t rotl(uint64_t x, int b) { return x << b | x >> (64 - b); }

static inline void sip_round(uint64_t v[4])
{
    v[0] += v[1], v[1] = rotl(v[1], 13) ^ v[0], v[0] = rotl(v[0], 32);
    v[2] += v[3], v[3] = rotl(v[3], 16) ^ v[2];
    v[0] += v[3], v[3] = rotl(v[3], 21) ^ v[0];
    v[2] += v[1], v[1] = rotl(v[1], 17) ^ v[2], v[2] = rotl(v[2], 32);
}

static uint64_t hash(uint64_t tweak, struct slice s)
{
    uint64_t k0 = hash_key[0] ^ tweak, k1 = hash_key[1];
    uint64_t v[4] = {k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du, k0 ^ 0x6c7967656e657261u, k1 ^ 0x7465646279746573u};
    size_t i = 0;
    for (; i + 8 <= s.n; i += 8) {
        uint64_t m;
        memcpy(&m, s.p + i, 8);
        v[3] ^= m;
        sip_round(v);
        v[0] ^= m;
    }
    uint64_t last = (uint64_t)s.n << 56;
    if (i < s.n) memcpy(&last, s.p + i, s.n - i); /* the length stays in the top byte: at most 7 bytes are copied */
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (int k = 0; k < 3; k++) sip_round(v);
    uint64_t h = v[0] ^ v[1] ^ v[2] ^ v[3];
    return h ? h : 1;
}

/* ---- arena ---- */

static enum err keep(struct vault *v, struct slice s, struct slice *out)
{
    struct chunk *c = v->arena;
    if (!c || c->size - c->used < s.n) {
        size_t size = c ? c->size * 2 : CHUNK_FIRST;
        if (size > CHUNK_MAX) size = CHUNK_MAX;
        if (size < s.n) size = s.n;
        struct chunk *q = mem_alloc(sizeof *q + size);
        if (!q) return ERR_MEMORY;
        *q = (struct chunk){.next = c, .size = size};
        v->arena = c = q;
    }
    char *at = c->data + c->used;
    if (s.n) memcpy(at, s.p, s.n);
    c->used += s.n;
    *out = slice_of(at, s.n);
    return ERR_OK;
}

/* ---- tables ---- */

static enum err table_grow(struct vault *v, struct table *t, bool words)
{
    if (t->size && v->count * 2 < t->size) return ERR_OK;
    size_t size = t->size ? t->size * 2 : 32;
    uint32_t *slot = mem_alloc(size * sizeof *slot);
    if (!slot) return ERR_MEMORY;
    memset(slot, 0xff, size * sizeof *slot);
    for (size_t k = 0; k < t->size; k++) {
        uint32_t i = t->slot[k];
        if (i == NONE) continue;
        uint64_t h = words ? v->entry[i].by_word : v->entry[i].by_value;
        size_t at = h & (size - 1);
        while (slot[at] != NONE) at = (at + 1) & (size - 1);
        slot[at] = i;
    }
    mem_free(t->slot);
    *t = (struct table){slot, size};
    return ERR_OK;
}

static void table_put(struct table *t, uint64_t h, uint32_t i)
{
    size_t at = h & (t->size - 1);
    while (t->slot[at] != NONE) at = (at + 1) & (t->size - 1);
    t->slot[at] = i;
}

static const struct entry *find_value(const struct vault *v, uint64_t h, uint32_t type, bool surrogate, struct slice value)
{
    const struct table *t = &v->by_value;
    if (!t->size) return NULL;
    for (size_t at = h & (t->size - 1); t->slot[at] != NONE; at = (at + 1) & (t->size - 1)) {
        const struct entry *e = &v->entry[t->slot[at]];
        if (e->by_value == h && e->type == type && e->e.surrogate == surrogate && slice_eq(e->e.value, value)) return e;
    }
    return NULL;
}

static struct slice word_of(const struct vault_entry *e) { return slice_of(e->out.p + 1, e->out.n - 2); }

const struct vault_entry *vault_find_word(const struct vault *v, struct slice word)
{
    const struct table *t = &v->by_word;
    if (!t->size) return NULL;
    uint64_t h = hash(1, word);
    for (size_t at = h & (t->size - 1); t->slot[at] != NONE; at = (at + 1) & (t->size - 1)) {
        const struct entry *e = &v->entry[t->slot[at]];
        if (e->by_word == h && slice_eq(word_of(&e->e), word)) return &e->e;
    }
    return NULL;
}

/* ---- types ---- */

/* A type's name as it stands in placeholders; false if none can be made of it. */
static bool canon_type(const char *name, struct type *t)
{
    *t = (struct type){.len = 0};
    for (; name[t->len] && t->len < PH_TYPE_MAX; t->len++) {
        char c = name[t->len];
        if (c >= 'a' && c <= 'z') c = (char)(c - 32);
        t->name[t->len] = ph_word_byte((unsigned char)c) ? c : '_';
    }
    return t->len && t->name[0] >= 'A' && t->name[0] <= 'Z';
}

static uint32_t find_type(const struct vault *v, const struct type *t)
{
    for (uint32_t i = 0; i < v->type_count; i++)
        if (strcmp(v->types[i].name, t->name) == 0) return i;
    return NONE;
}

static enum err type_of(struct vault *v, const char *name, uint32_t *out)
{
    struct type canon;
    if (!canon_type(name, &canon)) return ERR_SHAPE;
    if ((*out = find_type(v, &canon)) != NONE) return ERR_OK;
    if (v->type_count == TYPES_MAX) return ERR_LIMIT;
    if (v->type_count == v->type_room) {
        size_t room = v->type_room ? v->type_room * 2 : 8;
        struct type *t = mem_realloc(v->types, room * sizeof *t);
        if (!t) return ERR_MEMORY;
        v->types = t;
        v->type_room = room;
    }
    v->types[v->type_count] = canon;
    *out = (uint32_t)v->type_count++;
    return ERR_OK;
}

bool vault_word_may_grow(const struct vault *v, struct slice word, bool two_words)
{
    for (size_t i = 0; i < v->type_count; i++) {
        const struct type *t = &v->types[i];
        if (!t->last || memcmp(t->name, word.p, word.n < t->len ? word.n : t->len)) continue;
        if (two_words && !memchr(t->name, '_', t->len)) continue;
        if (word.n <= t->len) return true;
        if (word.p[t->len] != '_') continue;
        size_t d = t->len + 1;
        while (d < word.n && word.p[d] >= '0' && word.p[d] <= '9') d++;
        if (d == word.n && word.n - t->len - 1 <= PH_DIGITS_MAX) return true;
    }
    return false;
}

/* ---- reserving ---- */

static size_t reserved_slot(const uint64_t *set, size_t size, uint64_t h)
{
    size_t at = h & (size - 1);
    while (set[at] && set[at] != h) at = (at + 1) & (size - 1);
    return at;
}

static enum err reserve_word(struct vault *v, struct slice word)
{
    if (v->reserved_count * 2 >= v->reserved_size) {
        size_t size = v->reserved_size ? v->reserved_size * 2 : 64;
        uint64_t *set = mem_zalloc(size * sizeof *set);
        if (!set) return ERR_MEMORY;
        for (size_t i = 0; i < v->reserved_size; i++)
            if (v->reserved[i]) set[reserved_slot(set, size, v->reserved[i])] = v->reserved[i];
        mem_free(v->reserved);
        v->reserved = set;
        v->reserved_size = size;
    }
    uint64_t h = hash(2, word);
    size_t at = reserved_slot(v->reserved, v->reserved_size, h);
    if (v->reserved[at]) return ERR_OK;
    if (v->reserved_count == RESERVED_MAX) return ERR_LIMIT;
    v->reserved[at] = h;
    v->reserved_count++;
    return ERR_OK;
}

bool vault_is_reserved(const struct vault *v, struct slice word)
{
    return v->reserved_size && v->reserved[reserved_slot(v->reserved, v->reserved_size, hash(2, word))];
}

/* In JSON or code a word may stand right behind an escape: \nEMAIL_ADDRESS_1, \u003cEMAIL_ADDRESS_1. Then the word
 * without the escape's letters is reserved as well. */
static enum err reserve_behind_escape(struct vault *v, struct slice text, const struct ph_word *w)
{
    if (w->start == 0 || text.p[w->start - 1] != '\\') return ERR_OK;
    static const size_t skip[] = {1, 5};
    for (int k = 0; k < 2; k++) {
        struct ph_word inner;
        if (w->used <= skip[k]) break;
        if (ph_read_word(slice_of(text.p + w->start + skip[k], w->used - skip[k]), true, &inner) != PH_YES) continue;
        enum err e = reserve_word(v, slice_of(inner.text, inner.len));
        if (e) return e;
    }
    return ERR_OK;
}

enum err vault_reserve(struct vault *v, struct slice text)
{
    struct ph_word w;
    size_t at = 0;
    while (ph_next(text, &at, &w)) {
        enum err e = reserve_word(v, slice_of(w.text, w.len));
        if (!e) e = reserve_behind_escape(v, text, &w);
        if (e) return e;
    }
    return ERR_OK;
}

/* ---- giving out ---- */

static enum err entry_room(struct vault *v)
{
    if (v->count >= VAULT_MAX) return ERR_LIMIT;
    if (v->count == v->room) {
        size_t room = v->room ? v->room * 2 : 16;
        struct entry *q = mem_realloc(v->entry, room * sizeof *q);
        if (!q) return ERR_MEMORY;
        v->entry = q;
        v->room = room;
    }
    enum err e = table_grow(v, &v->by_value, false);
    return e ? e : table_grow(v, &v->by_word, true);
}

static uint64_t value_hash(uint32_t type, bool surrogate, struct slice value)
{
    return hash(16 + (uint64_t)type * 2 + surrogate, value);
}

static void may_begin(struct vault *v, char c)
{
    v->first[(unsigned char)c] = 1;
    if (c >= 'A' && c <= 'Z') v->first[(unsigned char)(c + 32)] = 1;
}

enum err vault_tokenize(struct vault *v, const char *type, enum rule_class cls, struct slice value, struct slice *out)
{
    uint32_t t;
    enum err e = type_of(v, type, &t);
    if (e) return e;
    uint64_t h = value_hash(t, false, value);
    const struct entry *known = find_value(v, h, t, false, value);
    if (known) {
        *out = known->e.out;
        return ERR_OK;
    }
    char text[VAULT_PLACEHOLDER_MAX + 1];
    struct type *ty = &v->types[t];
    uint32_t number = ty->last;
    int n;
    do {
        n = snprintf(text, sizeof text, "<%s_%u>", ty->name, ++number);
        if (n < 0 || (size_t)n >= sizeof text || number > VAULT_MAX + RESERVED_MAX) return ERR_LIMIT;
    } while (vault_is_reserved(v, slice_of(text + 1, (size_t)n - 2)));
    struct entry x = {.by_value = h, .type = t, .e.secret = cls == RULE_SECRETS};
    if ((e = entry_room(v))) return e;
    if ((e = keep(v, value, &x.e.value))) return e;
    if ((e = keep(v, slice_of(text, (size_t)n), &x.e.out))) return e;
    x.by_word = hash(1, word_of(&x.e));
    v->entry[v->count] = x;
    table_put(&v->by_value, x.by_value, (uint32_t)v->count);
    table_put(&v->by_word, x.by_word, (uint32_t)v->count);
    v->count++;
    ty->last = number;
    may_begin(v, ty->name[0]);
    *out = x.e.out;
    return ERR_OK;
}

/* ---- surrogates ---- */

static size_t edge_slot(const struct edge *set, size_t size, uint32_t node, unsigned char byte)
{
    uint64_t k = ((uint64_t)node << 8 | byte) * 0x9e3779b97f4a7c15u;
    size_t at = (size_t)(k >> 20) & (size - 1);
    while (set[at].child && (set[at].key_node != node || set[at].byte != byte)) at = (at + 1) & (size - 1);
    return at;
}

uint32_t vault_trie_step(const struct vault *v, uint32_t node, unsigned char byte)
{
    return v->edge_size ? v->edge[edge_slot(v->edge, v->edge_size, node, byte)].child : 0;
}

static enum err trie_grow(struct vault *v)
{
    if (v->edge_count * 2 >= v->edge_size) {
        size_t size = v->edge_size ? v->edge_size * 2 : 256;
        struct edge *set = mem_zalloc(size * sizeof *set);
        if (!set) return ERR_MEMORY;
        for (size_t i = 0; i < v->edge_size; i++) {
            const struct edge *x = &v->edge[i];
            if (x->child) set[edge_slot(set, size, x->key_node, x->byte)] = *x;
        }
        mem_free(v->edge);
        v->edge = set;
        v->edge_size = size;
    }
    if (v->node_count < v->node_room) return ERR_OK;
    uint32_t room = v->node_room ? v->node_room * 2 : 128;
    uint32_t *q = mem_realloc(v->node_entry, room * sizeof *q);
    if (!q) return ERR_MEMORY;
    v->node_entry = q;
    v->node_room = room;
    return ERR_OK;
}

static enum err trie_add(struct vault *v, enum vault_form form, struct slice s, uint32_t *node)
{
    enum err e = trie_grow(v);
    if (e) return e;
    while (v->node_count < VAULT_FORMS) v->node_entry[v->node_count++] = NONE; /* the roots */
    *node = form;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        uint32_t child = vault_trie_step(v, *node, c);
        if (!child) {
            if (v->node_count >= TRIE_MAX) return ERR_LIMIT;
            if ((e = trie_grow(v))) return e;
            child = v->node_count++;
            v->node_entry[child] = NONE;
            v->edge[edge_slot(v->edge, v->edge_size, *node, c)] = (struct edge){*node, child, c};
            v->edge_count++;
        }
        *node = child;
    }
    return ERR_OK;
}

static uint32_t trie_find(const struct vault *v, struct slice s)
{
    uint32_t node = 0;
    for (size_t i = 0; i < s.n; i++)
        if (!(node = vault_trie_step(v, node, (unsigned char)s.p[i]))) return NONE;
    return node && v->node_entry[node] != NONE ? v->node_entry[node] : NONE;
}

const struct vault_entry *vault_trie_end(const struct vault *v, uint32_t node)
{
    return node && v->node_entry[node] < AMBIGUOUS ? &v->entry[v->node_entry[node]].e : NULL;
}

bool vault_surrogate_free(const struct vault *v, struct slice surrogate)
{
    if (trie_find(v, surrogate) != NONE) return false;
    for (uint32_t t = 0; t < v->type_count; t++)
        for (int s = 0; s < 2; s++)
            if (find_value(v, value_hash(t, s, surrogate), t, s, surrogate)) return false;
    return true;
}

bool vault_surrogate_of(const struct vault *v, const char *type, struct slice value, struct slice *out)
{
    struct type canon;
    uint32_t t = canon_type(type, &canon) ? find_type(v, &canon) : NONE;
    const struct entry *e = t == NONE ? NULL : find_value(v, value_hash(t, true, value), t, true, value);
    if (e) *out = e->e.out;
    return e != NULL;
}

bool vault_has_form(const struct vault *v, enum vault_form form) { return v->has_form[form]; }

size_t vault_separator(struct slice s, bool *partial)
{
    static const char wide[][4] = {"\xc2\xa0", "\xe2\x80\x91", "\xe2\x80\xaf", "\xe2\x80\x89"}; /* no-break, narrow */
    *partial = s.n == 0;
    if (s.n && s.p[0] && strchr(" -./()", s.p[0])) return 1;
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++) {
        size_t n = strlen(wide[i]), have = s.n < n ? s.n : n;
        if (memcmp(s.p, wide[i], have) != 0) continue;
        if (have == n) return n;
        *partial = true;
    }
    return 0;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
static char small(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }

/* The loose form of a surrogate; false if it has none. Words alone have none: a name may be a word as well. */
static bool loose_form(enum vault_form form, struct slice s, char out[FORM_MAX], size_t *n)
{
    size_t digits = 0, other = 0;
    bool partial;
    *n = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        digits += is_digit(c);
        other += !is_letter(c);
        if (form == VAULT_NUMBER && !is_digit(c) && !is_letter(c)) {
            if (c != '+' && vault_separator(slice_of(s.p + i, 1), &partial) != 1) return false;
            continue;
        }
        if (*n == FORM_MAX) return false;
        out[(*n)++] = small(c);
    }
    return form == VAULT_NUMBER ? digits >= FORM_DIGITS : other > 0;
}

/* Enters the loose forms of the last entry. An address of the internet is no number: its dots count. */
static enum err add_forms(struct vault *v, struct slice surrogate, bool numbers)
{
    char text[FORM_MAX];
    size_t n;
    uint32_t node, last = (uint32_t)v->count - 1;
    for (enum vault_form f = VAULT_NUMBER; f < VAULT_FORMS; f++) {
        if ((f == VAULT_NUMBER && !numbers) || v->node_count > TRIE_MAX / 2) continue;
        if (!loose_form(f, surrogate, text, &n)) continue;
        enum err e = trie_add(v, f, slice_of(text, n), &node);
        if (e) return e;
        uint32_t *was = &v->node_entry[node];
        bool same = *was < AMBIGUOUS && slice_eq(v->entry[*was].e.value, v->entry[last].e.value);
        if (!same) *was = *was == NONE ? last : AMBIGUOUS;
        v->has_form[f] = true;
        v->first[(unsigned char)text[0]] = 1;
        if (is_letter(text[0])) v->first[(unsigned char)(text[0] - 32)] = 1;
        size_t most = f == VAULT_NUMBER ? n * (1 + 2 * SEPARATOR) + 1 : 2 * n;
        if (most > v->longest) v->longest = most;
    }
    mem_wipe(text, sizeof text);
    return ERR_OK;
}

enum err vault_surrogate(struct vault *v, const char *type, enum rule_class cls, struct slice value, struct slice surrogate)
{
    uint32_t t;
    enum err e = type_of(v, type, &t);
    if (e) return e;
    if (surrogate.n == 0) return ERR_SHAPE;
    uint64_t h = value_hash(t, true, value);
    const struct entry *known = find_value(v, h, t, true, value);
    if (known) return slice_eq(known->e.out, surrogate) ? ERR_OK : ERR_INTERNAL;
    uint32_t taken = trie_find(v, surrogate), node;
    if (taken != NONE && !slice_eq(v->entry[taken].e.value, value)) return ERR_INTERNAL;
    struct entry x = {.by_value = h, .type = t, .e.secret = cls == RULE_SECRETS, .e.surrogate = true};
    if ((e = entry_room(v))) return e;
    if ((e = keep(v, value, &x.e.value))) return e;
    if ((e = keep(v, surrogate, &x.e.out))) return e;
    if ((e = trie_add(v, VAULT_EXACT, surrogate, &node))) return e;
    v->entry[v->count] = x;
    /* The same value of another type may have the same surrogate: a secret stays one. */
    if (taken == NONE || x.e.secret) v->node_entry[node] = (uint32_t)v->count;
    table_put(&v->by_value, x.by_value, (uint32_t)v->count);
    v->count++;
    v->first[(unsigned char)surrogate.p[0]] = 1;
    if (surrogate.n > v->longest) v->longest = surrogate.n;
    return x.e.secret ? ERR_OK : add_forms(v, surrogate, strcmp(v->types[t].name, "IP_ADDRESS") != 0);
}

/* ---- life ---- */

struct vault *vault_new(void)
{
    pthread_once(&hash_once, hash_init);
    if (!hash_ready) return NULL;
    struct vault *v = mem_zalloc(sizeof *v);
    if (!v) return NULL;
    static const unsigned char brackets[] = {'<', '\\', '&', 0xef, 0xe3};
    for (size_t i = 0; i < sizeof brackets; i++) v->first[brackets[i]] = 1;
    return v;
}

void vault_free(struct vault *v)
{
    if (!v) return;
    while (v->arena) {
        struct chunk *c = v->arena;
        v->arena = c->next;
        mem_free(c);
    }
    mem_free(v->entry);
    mem_free(v->by_value.slot);
    mem_free(v->by_word.slot);
    mem_free(v->types);
    mem_free(v->reserved);
    mem_free(v->edge);
    mem_free(v->node_entry);
    mem_free(v);
}

size_t vault_count(const struct vault *v) { return v->count; }
const uint8_t *vault_first(const struct vault *v) { return v->first; }
size_t vault_longest_surrogate(const struct vault *v) { return v->longest; }
