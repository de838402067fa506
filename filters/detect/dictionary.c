/* Dictionaries: reads a text token by token, asks a Bloom filter whether any term begins so, and looks up what is left:
 * a plain term in a hash table, a fingerprint in a sorted list. Almost every word costs one short hash. */
#include "filters/detect/dictionary.h"

#include "filters/detect/letters.h"
#include "filters/detect/scan.h"
#include "filters/detect/siphash.h"
#include "filters/text/utf8.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>

#define PRINT     16u /* bytes of a fingerprint */
#define SALT      16u
#define MAGIC     "privet-dictionary 1\n"
#define BITS_EACH 16u /* of the filter, for each term and each beginning */
#define GAP_MAX   16u /* bytes that separate two tokens of one term in a text */
#define TERMS_MAX 20000000u

struct dictionary {
    uint64_t sip[2];
    uint64_t *filter;
    uint64_t filter_words;
    unsigned tokens; /* most tokens of a term */
    /* plain */
    char *terms;    /* length byte and normal form, one behind the other */
    uint32_t *slot; /* offset + 1 in terms, by hash */
    size_t slots;   /* a power of two */
    /* hashed */
    unsigned char *print; /* sorted */
    size_t prints;
    unsigned char salt[SALT];
    unsigned char *key;
    size_t key_len;
};

void dictionary_free(struct dictionary *d)
{
    if (!d) return;
    mem_free(d->filter);
    mem_free(d->terms);
    mem_free(d->slot);
    mem_free(d->print);
    mem_free(d->key);
    mem_free(d);
}

/* --- tokens */

enum { T_BREAK, T_WORD, T_ALONE };

/* What the character at p is, and its length. */
static unsigned token_class(const unsigned char *p, size_t n, size_t *len)
{
    unsigned char c = *p;
    *len = 1;
    if (c < 0x80) return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ? T_WORD : T_BREAK;
    *len = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc2 ? 2 : 1;
    if (*len > n || *len == 1) {
        *len = 1;
        return T_BREAK;
    }
    if (*len == 2) return c >= 0xc3 ? T_WORD : T_BREAK;
    if (c == 0xe1) return T_WORD;
    if (c == 0xe2 || c == 0xef || (c == 0xe3 && p[1] == 0x80)) return T_BREAK; /* punctuation and symbols */
    return T_ALONE;
}

/* The token at or behind *at, at most `gap` bytes away: its range. False if there is none. */
static bool next_token(struct slice t, size_t *at, size_t gap, size_t *end)
{
    const unsigned char *p = (const unsigned char *)t.p;
    size_t i = *at, len = 0;
    unsigned cls = T_BREAK;
    while (i < t.n && i - *at <= gap && (cls = token_class(p + i, t.n - i, &len)) == T_BREAK) i += len;
    if (i >= t.n || cls == T_BREAK) {
        *at = i;
        return false;
    }
    *at = i;
    i += len;
    while (cls == T_WORD && i < t.n && token_class(p + i, t.n - i, &len) == T_WORD) i += len;
    *end = i;
    return true;
}

struct normal {
    char text[DICTIONARY_TERM_MAX];
    size_t n;
};

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* A character of two or three bytes at p, of n: its length, 0 if it is no such. */
static size_t read_wide(const unsigned char *p, size_t n, uint32_t *c)
{
    if (p[0] >= 0xc2 && p[0] < 0xe0 && n > 1) return *c = letter_read2(p), 2;
    if (p[0] == 0xe1 && n > 2) return *c = (p[0] & 0xfu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu), 3;
    return 0;
}

static void put_wide(struct normal *w, uint32_t c)
{
    unsigned char b[3] = {(unsigned char)(0xe0 | c >> 12), (unsigned char)(0x80 | (c >> 6 & 0x3f)),
                          (unsigned char)(0x80 | (c & 0x3f))};
    size_t n = c < 0x800 ? 2 : 3;
    if (n == 2) letter_write2(c, b);
    memcpy(w->text + w->n, b, n);
    w->n += n;
}

/* Takes an accent into the letter before it. False if no such letter is known. */
static bool compose(struct normal *w, uint32_t mark)
{
    size_t at = w->n;
    uint32_t base;
    while (at > 0 && ((unsigned char)w->text[--at] & 0xc0) == 0x80) {
    }
    if (at == w->n) return false;
    if (!read_wide((const unsigned char *)w->text + at, w->n - at, &base)) base = (unsigned char)w->text[at];
    if (base == 'i' && mark == 0x307) return true; /* the small letter of U+0130, in some eyes */
    uint32_t whole = letter_compose(base, mark);
    if (!whole) return false;
    w->n = at;
    put_wide(w, whole);
    return true;
}

/* Appends a token in lower case and in one of the ways to write accents, with a blank before it unless digits meet. False
 * if it gets too long. */
static bool normal_add(struct normal *w, struct slice token)
{
    if (w->n + token.n + 1 > sizeof w->text) return false;
    if (w->n && !(is_digit(w->text[w->n - 1]) && is_digit(token.p[0]))) w->text[w->n++] = ' ';
    for (size_t i = 0, n; i < token.n; i += n) {
        unsigned char c = (unsigned char)token.p[i];
        uint32_t wide;
        n = c < 0x80 ? 0 : read_wide((const unsigned char *)token.p + i, token.n - i, &wide);
        if (!n) {
            w->text[w->n++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
            n = 1;
        } else if (wide == 0xdf || wide == 0x1e9e) { /* sharp s */
            w->text[w->n++] = 's';
            w->text[w->n++] = 's';
        } else if (wide == 0x130) {
            w->text[w->n++] = 'i';
        } else if (!letter_is_mark(wide) || !compose(w, wide)) {
            put_wide(w, letter_small(wide));
        }
    }
    return true;
}

size_t dictionary_normal(struct slice term, char *out, unsigned *tokens)
{
    struct normal w = {.n = 0};
    *tokens = 0;
    for (size_t at = 0, end; next_token(term, &at, term.n, &end); at = end) {
        if (++*tokens > DICTIONARY_TOKENS_MAX || !normal_add(&w, slice_of(term.p + at, end - at))) return 0;
    }
    if (w.n < 2) return 0;
    memcpy(out, w.text, w.n);
    return w.n;
}

/* --- the filter: one word of 64 bits for a value, four bits in it */

static uint64_t filter_mask(uint64_t h)
{
    return 1ull << (h & 63) | 1ull << (h >> 6 & 63) | 1ull << (h >> 12 & 63) | 1ull << (h >> 18 & 63);
}
static uint64_t filter_place(const struct dictionary *d, uint64_t h)
{
    return (uint64_t)((unsigned __int128)(h ^ h << 40) * d->filter_words >> 64);
}
static void filter_add(struct dictionary *d, uint64_t h) { d->filter[filter_place(d, h)] |= filter_mask(h); }
static bool filter_has(const struct dictionary *d, uint64_t h)
{
    uint64_t m = filter_mask(h);
    return (d->filter[filter_place(d, h)] & m) == m;
}
/* A whole term is entered once more, under another value, so that a beginning is not taken for a term. */
static uint64_t whole(uint64_t h) { return sip_rotl(h * 0x9e3779b97f4a7c15u, 29); }

static uint64_t sip(const struct dictionary *d, const struct normal *w) { return siphash13(d->sip, w->text, w->n); }

/* True if a token of a text may end behind byte i of a normal form: at a blank, at the end, and between any two digits,
 * which may be grouped in any way. */
static bool may_end(const char *w, size_t i, size_t n)
{
    return i + 1 == n || w[i + 1] == ' ' || (is_digit(w[i]) && is_digit(w[i + 1]));
}

static size_t count_ends(const char *w, size_t n)
{
    size_t ends = 0;
    for (size_t i = 0; i < n; i++) ends += may_end(w, i, n);
    return ends;
}

/* Enters a normal form and its beginnings. */
static void filter_term(struct dictionary *d, const char *w, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (may_end(w, i, n)) filter_add(d, siphash13(d->sip, w, i + 1));
    filter_add(d, whole(siphash13(d->sip, w, n)));
}

/* --- a list of terms */

size_t dictionary_bad_line(struct slice list)
{
    size_t at = 0, line = 1;
    if (utf8_valid(list, &at)) return 0;
    for (size_t i = 0; i < at; i++) line += list.p[i] == '\n';
    return line;
}

struct term_list {
    struct slice rest;
    size_t skipped;
};

/* The next usable line; false at the end. */
static bool next_term(struct term_list *l, struct slice *term, char *normal, size_t *n, unsigned *tokens)
{
    while (l->rest.n) {
        size_t len = slice_find(l->rest, '\n');
        *term = slice_of(l->rest.p, len);
        size_t skip = len < l->rest.n ? len + 1 : len;
        l->rest = slice_of(l->rest.p + skip, l->rest.n - skip);
        *n = dictionary_normal(*term, normal, tokens);
        if (*n) return true;
        struct slice bare = slice_trim(*term);
        if (bare.n && !(bare.n == 1 && bare.p[0] == '\r')) l->skipped++;
    }
    return false;
}

/* Counts, and makes the filter large enough. */
static enum err size_filter(struct dictionary *d, struct slice list, size_t *terms, size_t *bytes, size_t *skipped)
{
    struct term_list l = {.rest = list};
    struct slice term;
    char normal[DICTIONARY_TERM_MAX];
    size_t n, entries = 0;
    unsigned tokens;
    *terms = *bytes = 0;
    while (next_term(&l, &term, normal, &n, &tokens)) {
        ++*terms;
        *bytes += n + 1;
        size_t ends = count_ends(normal, n);
        entries += ends + 1;
        tokens = ends < DICTIONARY_TOKENS_MAX ? (unsigned)ends : DICTIONARY_TOKENS_MAX;
        if (tokens > d->tokens) d->tokens = tokens;
    }
    *skipped = l.skipped;
    if (*terms > TERMS_MAX || *bytes > UINT32_MAX / 2) return ERR_LIMIT;
    d->filter_words = entries * BITS_EACH / 64 + 1;
    d->filter = mem_zalloc(d->filter_words * sizeof *d->filter);
    return d->filter ? ERR_OK : ERR_MEMORY;
}

/* --- plain */

static size_t slot_of(const struct dictionary *d, uint64_t h) { return (size_t)(h >> 20) & (d->slots - 1); }

/* The slot a normal form is in, or would go to. */
static size_t find_slot(const struct dictionary *d, const char *normal, size_t n, uint64_t h)
{
    size_t i = slot_of(d, h);
    for (; d->slot[i]; i = (i + 1) & (d->slots - 1)) {
        const char *t = d->terms + d->slot[i] - 1;
        if ((unsigned char)*t == n && memcmp(t + 1, normal, n) == 0) break;
    }
    return i;
}

static enum err build_plain(struct dictionary *d, struct slice list, size_t *terms, size_t *skipped)
{
    size_t bytes, at = 0, n;
    enum err e = size_filter(d, list, terms, &bytes, skipped);
    if (e) return e;
    for (d->slots = 64; d->slots < *terms * 2; d->slots *= 2) {
    }
    d->slot = mem_zalloc(d->slots * sizeof *d->slot);
    d->terms = mem_alloc(bytes);
    if (!d->slot || !d->terms) return ERR_MEMORY;
    struct term_list l = {.rest = list};
    struct slice term;
    struct normal w;
    unsigned tokens;
    while (next_term(&l, &term, w.text, &w.n, &tokens)) {
        n = w.n;
        size_t i = find_slot(d, w.text, n, sip(d, &w));
        if (d->slot[i]) continue;
        d->slot[i] = (uint32_t)at + 1;
        d->terms[at++] = (char)n;
        memcpy(d->terms + at, w.text, n);
        at += n;
        filter_term(d, w.text, n);
    }
    return ERR_OK;
}

/* --- hashed */

static bool derive(struct slice key, const unsigned char salt[SALT], const char *label, const char *text, size_t n,
                   unsigned char out[32])
{
    unsigned char in[SALT + 16 + DICTIONARY_TERM_MAX];
    size_t m = SALT, k = strlen(label);
    memcpy(in, salt, SALT);
    memcpy(in + m, label, k);
    m += k;
    if (n) memcpy(in + m, text, n);
    m += n;
    unsigned len = 32;
    bool ok = HMAC(EVP_sha256(), key.p, (int)key.n, in, m, out, &len) != NULL;
    mem_wipe(in, m);
    return ok;
}

static bool derive_sip(struct dictionary *d, struct slice key)
{
    unsigned char h[32];
    if (!derive(key, d->salt, "filter", NULL, 0, h)) return false;
    memcpy(d->sip, h, sizeof d->sip);
    mem_wipe(h, sizeof h);
    return true;
}

static int print_order(const void *a, const void *b) { return memcmp(a, b, PRINT); }

static enum err put_hex(struct buf *out, const char *name, const unsigned char *p, size_t n)
{
    enum err e = buf_addf(out, "%s ", name);
    for (size_t i = 0; i < n && !e; i++) e = buf_addf(out, "%02x", p[i]);
    return e ? e : buf_add_byte(out, '\n');
}

static enum err write_file(const struct dictionary *d, struct slice key, struct buf *out)
{
    unsigned char check[32];
    if (!derive(key, d->salt, "check", NULL, 0, check)) return ERR_INTERNAL;
    enum err e = buf_add(out, SLICE(MAGIC));
    if (!e) e = put_hex(out, "salt", d->salt, SALT);
    if (!e) e = put_hex(out, "check", check, 8);
    if (!e) e = buf_addf(out, "tokens %u\nterms %zu\nfilter %llu\n\n", d->tokens, d->prints, (unsigned long long)d->filter_words);
    if (!e) e = buf_add(out, slice_of(d->filter, d->filter_words * sizeof *d->filter));
    return e ? e : buf_add(out, slice_of(d->print, d->prints * PRINT));
}

enum err dictionary_hash(struct slice list, struct slice key, struct buf *out, struct dictionary_hashed *counts)
{
    *counts = (struct dictionary_hashed){0};
    if (key.n < DICTIONARY_KEY_MIN) return ERR_SHAPE;
    struct dictionary *d = mem_zalloc(sizeof *d);
    if (!d) return ERR_MEMORY;
    size_t terms, bytes, n;
    enum err e = RAND_bytes(d->salt, SALT) == 1 && derive_sip(d, key) ? ERR_OK : ERR_INTERNAL;
    if (!e) e = size_filter(d, list, &terms, &bytes, &counts->skipped);
    if (!e && !(d->print = mem_alloc(terms * PRINT))) e = ERR_MEMORY;
    struct term_list l = {.rest = list};
    struct slice term;
    char normal[DICTIONARY_TERM_MAX];
    unsigned tokens;
    while (!e && next_term(&l, &term, normal, &n, &tokens)) {
        unsigned char h[32];
        filter_term(d, normal, n);
        if (derive(key, d->salt, "term", normal, n, h)) memcpy(d->print + d->prints++ * PRINT, h, PRINT);
        else e = ERR_INTERNAL;
    }
    if (!e) {
        if (d->prints) qsort(d->print, d->prints, PRINT, print_order);
        size_t kept = 0;
        for (size_t i = 0; i < d->prints; i++)
            if (!i || memcmp(d->print + i * PRINT, d->print + (kept - 1) * PRINT, PRINT))
                memmove(d->print + kept++ * PRINT, d->print + i * PRINT, PRINT);
        counts->terms = d->prints = kept;
        e = write_file(d, key, out);
    }
    dictionary_free(d);
    return e;
}

/* A head line "name value\n" at the front of *s. */
static bool head_line(struct slice *s, const char *name, struct slice *value)
{
    size_t n = slice_find(*s, '\n'), k = strlen(name);
    if (n == s->n || n < k + 1 || memcmp(s->p, name, k) || s->p[k] != ' ') return false;
    *value = slice_of(s->p + k + 1, n - k - 1);
    *s = slice_of(s->p + n + 1, s->n - n - 1);
    return true;
}

static bool head_number(struct slice *s, const char *name, uint64_t max, uint64_t *out)
{
    struct slice v;
    return head_line(s, name, &v) && slice_u64(v, max, out);
}

static bool read_hex(struct slice v, unsigned char *out, size_t n)
{
    if (v.n != 2 * n) return false;
    for (size_t i = 0; i < n; i++) {
        char two[3] = {v.p[2 * i], v.p[2 * i + 1], 0}, *end;
        out[i] = (unsigned char)strtoul(two, &end, 16);
        if (end != two + 2) return false;
    }
    return true;
}

/* Reads a file of fingerprints; what is wrong with it, or NULL. */
static const char *read_file(struct dictionary *d, struct slice file, struct slice key, size_t *terms)
{
    struct slice v;
    unsigned char check[8], h[32];
    uint64_t tokens, count;
    if (!slice_starts(file, SLICE(MAGIC))) return "it is no file of `privet dictionary hash`";
    file = slice_of(file.p + sizeof MAGIC - 1, file.n - (sizeof MAGIC - 1));
    if (!head_line(&file, "salt", &v) || !read_hex(v, d->salt, SALT) || !head_line(&file, "check", &v) ||
        !read_hex(v, check, 8) || !head_number(&file, "tokens", DICTIONARY_TOKENS_MAX, &tokens) ||
        !head_number(&file, "terms", TERMS_MAX, &count) || !head_number(&file, "filter", UINT32_MAX, &d->filter_words) ||
        !file.n || file.p[0] != '\n' || !d->filter_words)
        return "its head is damaged";
    file = slice_of(file.p + 1, file.n - 1);
    if (file.n != d->filter_words * 8 + count * PRINT) return "it is cut short";
    if (key.n < DICTIONARY_KEY_MIN) return "its key is missing or shorter than 16 bytes";
    if (!derive(key, d->salt, "check", NULL, 0, h) || memcmp(h, check, 8) || !derive_sip(d, key))
        return "it was made with another key";
    d->tokens = (unsigned)tokens;
    d->prints = *terms = (size_t)count;
    d->filter = mem_alloc(d->filter_words * 8);
    d->print = mem_alloc(d->prints * PRINT);
    d->key = mem_alloc(key.n);
    if (!d->filter || !d->print || !d->key) return "there is no memory for it";
    memcpy(d->filter, file.p, d->filter_words * 8);
    if (d->prints) memcpy(d->print, file.p + d->filter_words * 8, d->prints * PRINT);
    memcpy(d->key, key.p, key.n);
    d->key_len = key.n;
    return NULL;
}

static bool has_print(const struct dictionary *d, const struct normal *w)
{
    unsigned char h[32];
    if (!derive(slice_of(d->key, d->key_len), d->salt, "term", w->text, w->n, h)) return true; /* rather found than missed */
    return bsearch(h, d->print, d->prints, PRINT, print_order) != NULL;
}

/* --- as rules of a set */

static void say(ruleset_report report, void *arg, const char *name, const char *what)
{
    char message[300];
    (void)snprintf(message, sizeof message, "dictionary `%.100s`: %s", name, what);
    if (report) report(arg, NULL, message);
}

static enum err add_rule(struct ruleset *rs, const char *name, struct dictionary *d)
{
    char id[200];
    (void)snprintf(id, sizeof id, "dictionary:%s", name);
    return ruleset_append(rs, (struct rule){id, "DICTIONARY", "a term of the operator's own list", RULE_PII, NULL, 0}, d);
}

enum err ruleset_add_dictionary(struct ruleset *rs, const struct dictionary_def *def, ruleset_report report, void *arg)
{
    struct dictionary *d = mem_zalloc(sizeof *d);
    if (!d) return ERR_MEMORY;
    size_t terms = 0, skipped = 0;
    const char *wrong = NULL;
    char text[64];
    enum err e = ERR_OK;
    size_t bad = def->fingerprints.p ? 0 : dictionary_bad_line(def->terms);
    if (bad) {
        (void)snprintf(text, sizeof text, "line %zu is not UTF-8", bad);
        wrong = text;
    } else if (def->fingerprints.p) {
        wrong = read_file(d, def->fingerprints, def->key, &terms);
    } else if (RAND_bytes((unsigned char *)d->sip, sizeof d->sip) != 1) {
        e = ERR_INTERNAL;
    } else {
        e = build_plain(d, def->terms, &terms, &skipped);
        if (e == ERR_LIMIT) wrong = "it is too large";
        else if (skipped) wrong = "a line is no term: it needs two letters or digits, and at most 24 words and 200 bytes";
    }
    if (wrong) e = ERR_SHAPE;
    if (!e) e = add_rule(rs, def->name, d);
    if (e) dictionary_free(d);
    if (wrong) say(report, arg, def->name, wrong);
    return e;
}

/* --- scanning */

static bool is_term(const struct dictionary *d, const struct normal *w, uint64_t h)
{
    if (!filter_has(d, whole(h))) return false;
    return d->print ? has_print(d, w) : d->slot[find_slot(d, w->text, w->n, h)] != 0;
}

/* The end of the longest term that starts with the token [at, end), or 0. */
static size_t longest_term(const struct dictionary *d, struct slice text, size_t at, size_t end)
{
    struct normal w = {.n = 0};
    size_t longest = 0;
    for (unsigned n = 0; n < d->tokens; n++) {
        if (!normal_add(&w, slice_of(text.p + at, end - at))) break;
        uint64_t h = sip(d, &w);
        if (!filter_has(d, h)) break;
        if (is_term(d, &w, h)) longest = end;
        at = end;
        if (!next_token(text, &at, GAP_MAX, &end)) break;
    }
    return longest;
}

void dictionary_scan(struct detect_scratch *s, uint16_t rule)
{
    const struct dictionary *d = s->rs->rules[rule].dictionary;
    for (size_t at = 0, end; !s->err && next_token(s->text, &at, s->text.n, &end);) {
        size_t last = longest_term(d, s->text, at, end);
        if (!meter_add(s->meter, WORK_TOKEN)) s->err = ERR_NOT_SCANNED;
        if (last) scan_found(s, rule, at, last, 1000);
        at = last ? last : end;
    }
}
