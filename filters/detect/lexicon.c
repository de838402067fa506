/* Building a lexicon: every way a word and what may follow it can look at a place (lexicon_inside.h) is entered into the
 * rows. Nearly every word has one; a short one that may go on with anything has many. */
#include "filters/detect/lexicon_inside.h"

#include <stdlib.h>

#define ENTRIES_MAX 400000u

/* What is common in text is kept apart: five classes of other bytes, eleven of letters. */
const uint8_t lexicon_class[128] = {
    ['\t'] = 1, ['\n'] = 1, ['\r'] = 1, [' '] = 1,  ['0' ... '9'] = 2, ['='] = 3,  [':'] = 3,  ['"'] = 3,  ['\''] = 3, ['!'] = 4,
    ['#'] = 4,  ['$'] = 4,  ['%'] = 4,  ['&'] = 4,  ['('] = 4,         [')'] = 4,  ['*'] = 4,  ['+'] = 4,  [','] = 4,  ['-'] = 4,
    ['.'] = 4,  ['/'] = 4,  [';'] = 4,  ['<'] = 4,  ['>'] = 4,         ['?'] = 4,  ['@'] = 4,  ['['] = 4,  ['\\'] = 4, [']'] = 4,
    ['^'] = 4,  ['_'] = 4,  ['`'] = 4,  ['{'] = 4,  ['|'] = 4,         ['}'] = 4,  ['~'] = 4,  ['e'] = 5,  ['t'] = 6,  ['q'] = 6,
    ['a'] = 7,  ['x'] = 7,  ['o'] = 8,  ['j'] = 8,  ['z'] = 8,         ['i'] = 9,  ['k'] = 9,  ['n'] = 10, ['v'] = 10, ['s'] = 11,
    ['b'] = 11, ['h'] = 12, ['p'] = 12, ['y'] = 12, ['r'] = 13,        ['g'] = 13, ['f'] = 13, ['d'] = 14, ['l'] = 14, ['c'] = 15,
    ['u'] = 15, ['m'] = 15, ['w'] = 15, ['E'] = 5,  ['T'] = 6,         ['Q'] = 6,  ['A'] = 7,  ['X'] = 7,  ['O'] = 8,  ['J'] = 8,
    ['Z'] = 8,  ['I'] = 9,  ['K'] = 9,  ['N'] = 10, ['V'] = 10,        ['S'] = 11, ['B'] = 11, ['H'] = 12, ['P'] = 12, ['Y'] = 12,
    ['R'] = 13, ['G'] = 13, ['F'] = 13, ['D'] = 14, ['L'] = 14,        ['C'] = 15, ['U'] = 15, ['M'] = 15, ['W'] = 15,
};

/* --- the ways a word can look */

struct look {
    uint32_t row, bits;
    uint32_t word;
};

struct builder {
    const struct lexicon_word *words;
    size_t n;
    struct lexicon *l;
    struct look *look;
    size_t count, room;
};

/* The bytes that can stand from a word's place on. */
static struct byteset bytes_at(const struct lexicon_word *w, size_t i)
{
    struct slice t = entries_from(w);
    struct byteset s = {{0}};
    if (i >= t.n) return i - t.n < 2 ? w->after[i - t.n] : byteset_all();
    unsigned char c = (unsigned char)t.p[i];
    byteset_add(&s, c);
    if (c >= 'a' && c <= 'z') byteset_add(&s, (unsigned char)(c - 32));
    return s;
}

static uint32_t classes_of(const struct byteset *s)
{
    uint32_t classes = 0;
    for (unsigned c = 0; c < 256; c++)
        if (byteset_has(s, (unsigned char)c)) classes |= 1u << lexicon_class[c & 127];
    return classes;
}

static enum err enter(struct builder *b, size_t word, uint32_t key, uint32_t bits)
{
    if (b->count == ENTRIES_MAX) return ERR_LIMIT;
    if (b->count == b->room) {
        size_t room = b->room ? b->room * 2 : 4096;
        struct look *v = mem_realloc(b->look, room * sizeof *v);
        if (!v) return ERR_MEMORY;
        b->look = v;
        b->room = room;
    }
    b->look[b->count++] = (struct look){lexicon_row(key), bits, (uint32_t)word};
    return ERR_OK;
}

/* A key, with the bytes that can follow: `first` those at the first of the two places. */
static enum err enter_key(struct builder *b, size_t word, uint32_t key, size_t behind, struct byteset first)
{
    const struct lexicon_word *w = &b->words[word];
    struct byteset second = bytes_at(w, behind + 1);
    uint32_t one = classes_of(&first), two = classes_of(&second);
    size_t len = entries_from(w).n;
    if (behind >= len) one |= 1, two |= 1; /* the text may end here */
    if (behind + 1 >= len) two |= 1;
    if (!one || !two) return ERR_OK;
    return enter(b, word, key, one | two << 16);
}

/* Keys of raw bytes: `key` has n of them. */
static enum err enter_raw(struct builder *b, size_t word, uint32_t key, unsigned n, unsigned bytes)
{
    const struct lexicon_word *w = &b->words[word];
    if (n == bytes) return enter_key(b, word, key, 4, bytes_at(w, 4));
    struct byteset s = bytes_at(w, n);
    if (n >= entries_from(w).n) byteset_add(&s, 0); /* behind the text */
    bool done[256] = {false};
    for (unsigned c = 0; c < 256; c++) {
        uint32_t folded = c | 0x20;
        if (!byteset_has(&s, (unsigned char)c) || done[folded]) continue;
        done[folded] = true;
        enum err e = enter_raw(b, word, key | folded << 8 * n, n + 1, bytes);
        if (e) return e;
    }
    return ERR_OK;
}

static void split_letters(const struct byteset *s, struct byteset *letters, struct byteset *others)
{
    static const struct byteset alphabet = {{0, 0x07fffffe07fffffeu, 0, 0}};
    for (int i = 0; i < 4; i++) {
        letters->w[i] = s->w[i] & alphabet.w[i];
        others->w[i] = s->w[i] & ~alphabet.w[i];
    }
}

/* Keys of letters: `key` has n of them. */
static enum err enter_run(struct builder *b, size_t word, uint32_t key, unsigned n)
{
    const struct lexicon_word *w = &b->words[word];
    struct byteset s = bytes_at(w, n), letters, others;
    if (n == 4) return enter_key(b, word, key, 4, s);
    split_letters(&s, &letters, &others);
    if (b->l->humps && n >= 2) { /* the run may end before any capital */
        for (unsigned c = 'A'; c <= 'Z'; c++)
            if (byteset_has(&s, (unsigned char)c)) byteset_add(&others, (unsigned char)c);
    }
    enum err e = enter_key(b, word, key, n, others);
    for (unsigned c = 'a'; c <= 'z' && !e; c++) {
        bool small = byteset_has(&letters, (unsigned char)c), big = byteset_has(&letters, (unsigned char)(c - 32));
        if (b->l->humps && n >= entries_from(w).n) big = false; /* no hump: may be left out */
        if (small || big) e = enter_run(b, word, key | c << 8 * n, n + 1);
    }
    return e;
}

static enum err enter_word(struct builder *b, size_t word)
{
    unsigned char c = (unsigned char)entries_from(&b->words[word]).p[0];
    if (lexicon_letter(c)) return enter_run(b, word, c | 0x20u, 1);
    return enter_raw(b, word, 0, 0, c >= 0xe0 ? 3 : 4);
}

static unsigned count_letters(const struct byteset *s)
{
    uint64_t small = 0x07fffffe00000000u, capitals = 0x07fffffeu;
    return (unsigned)__builtin_popcountll(((s->w[1] & small) >> 32) | (s->w[1] & capitals));
}

/* How many keys the word can have, about. */
static size_t count_looks(const struct lexicon_word *w, bool humps)
{
    struct slice t = entries_from(w);
    size_t looks = 1;
    for (size_t i = t.n; i < 4; i++) {
        struct byteset s = bytes_at(w, i), behind = bytes_at(w, t.n);
        if ((unsigned char)t.p[0] >= 0xe0) break;
        if ((unsigned char)t.p[0] >= 0x80) looks *= 128;
        else if (!humps && count_letters(&behind)) looks *= 1 + count_letters(&s);
    }
    for (size_t i = 0; i < t.n && i < 4 && (unsigned char)t.p[0] < 0x80; i++)
        if (!lexicon_letter((unsigned char)t.p[i])) return 1;
    return looks;
}

bool lexicon_takes(const struct lexicon_word *w, bool humps)
{
    if (w->text.n > 255 || w->text.n < w->lead + 2) return false;
    unsigned char c = (unsigned char)entries_from(w).p[0];
    return (lexicon_letter(c) || c >= 0xc2) && count_looks(w, humps) <= (w->lead ? LEXICON_LOOKS_LEAD : LEXICON_LOOKS);
}

/* --- rows */

static int by_row(const void *a, const void *b)
{
    const struct look *x = a, *y = b;
    if (x->row != y->row) return x->row < y->row ? -1 : 1;
    return (x->word > y->word) - (x->word < y->word);
}

/* An entry to be: a word in a part of a row. */
struct listed {
    uint32_t hash, part, word;
};

/* The words of a row, each once, with what they look like: *listed. Their number. */
static size_t fill_row(struct builder *b, const struct look *look, size_t n, struct listed *listed)
{
    struct lexicon *l = b->l;
    const uint32_t part[2] = {look->row, look->row | PART_LONG};
    size_t words = 0;
    for (size_t i = 0; i < n; i++) {
        size_t len = entries_from(&b->words[look[i].word]).n, spare = len < 8 ? 64 - 8 * len : 0;
        uint8_t *most = &l->spare[part[len >= LONG_FROM]];
        if (spare > *most) *most = (uint8_t)spare;
    }
    for (size_t i = 0; i < n; i++) {
        struct slice t = entries_from(&b->words[look[i].word]);
        uint64_t v = entries_bytes(t, 0) | FOLD8;
        uint32_t in = part[t.n >= LONG_FROM];
        l->row[look->row] |= t.n >= LONG_FROM ? 1ull << (ROW_LONG + lexicon_in_row(v)) : look[i].bits;
        if (i && look[i].word == look[i - 1].word) continue;
        listed[words++] = (struct listed){lexicon_hash(v, l->spare[in], in), in, look[i].word};
    }
    return words;
}

/* Sorts what was entered into the rows; one word is in a row once. Returns the number of *listed. */
static size_t fill_rows(struct builder *b, struct listed *listed)
{
    size_t n = 0;
    if (b->count) qsort(b->look, b->count, sizeof *b->look, by_row);
    for (size_t i = 0, end; i < b->count; i = end) {
        for (end = i; end < b->count && b->look[end].row == b->look[i].row;) end++;
        n += fill_row(b, b->look + i, end - i, listed + n);
    }
    return n;
}

static int by_hash(const void *a, const void *b)
{
    const struct listed *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    if (x->part != y->part) return x->part < y->part ? -1 : 1;
    return (x->word > y->word) - (x->word < y->word);
}

/* Sorts entries to be into lists, one for each hash. */
static void fill_lists(struct lexicon *l, struct listed *v, size_t n, struct entry_ref *refs)
{
    size_t lists = 0, last = KNOWN_WORDS;
    if (n) qsort(v, n, sizeof *v, by_hash);
    for (size_t i = 0; i < n; i++) {
        uint32_t hash = v[i].hash, word = hash >> 6;
        refs[i] = (struct entry_ref){v[i].word, (uint16_t)v[i].part};
        if (i && hash == v[i - 1].hash) continue;
        if (word != last) l->before[word] = (uint16_t)lists;
        last = word;
        l->known[word] |= 1ull << (hash & 63);
        l->first[lists++] = (uint32_t)i;
    }
    l->first[lists] = (uint32_t)n;
}

static enum err build(struct builder *b)
{
    struct lexicon *l = b->l;
    enum err e = ERR_OK;
    for (size_t i = 0; i < b->n && !e; i++) e = enter_word(b, i);
    if (e) return e;
    struct listed *listed = mem_alloc((b->count + 1) * sizeof *listed);
    struct entry_ref *refs = mem_alloc((b->count + 1) * sizeof *refs);
    l->first = mem_alloc((b->count + 1) * sizeof *l->first);
    e = ERR_MEMORY;
    if (listed && refs && l->first) {
        size_t n = fill_rows(b, listed);
        fill_lists(l, listed, n, refs);
        e = entries_build(&l->entries, b->words, b->n, refs, n);
    }
    mem_free(listed);
    mem_free(refs);
    return e;
}

enum err lexicon_build(const struct lexicon_word *words, size_t n, bool humps, struct lexicon **out)
{
    *out = NULL;
    if (!n) return ERR_OK;
    if (n > UINT16_MAX / 3) return ERR_LIMIT;
    struct builder b = {.words = words, .n = n, .l = mem_zalloc(sizeof *b.l)};
    if (!b.l) return ERR_MEMORY;
    b.l->humps = humps;
    enum err e = build(&b);
    mem_free(b.look);
    if (e) lexicon_free(b.l);
    else *out = b.l;
    return e;
}

void lexicon_free(struct lexicon *l)
{
    if (!l) return;
    entries_free(&l->entries);
    mem_free(l->first);
    mem_free(l);
}
