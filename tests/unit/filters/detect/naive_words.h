/* What tests of searches for words share: words and texts made of what the searches tell apart, and a naive search. */
#ifndef PRIVET_TESTS_NAIVE_WORDS_H
#define PRIVET_TESTS_NAIVE_WORDS_H

#include "filters/detect/lexicon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 400u
#define TEXT_MAX  6000u

static struct lexicon_word word[WORDS_MAX];
static char store[WORDS_MAX][80];
static size_t words;
static struct lexicon_hit hits[LEXICON_ROOM];

static uint64_t state;
static unsigned rnd(unsigned n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % n;
}

static bool upper(unsigned char c) { return c >= 'A' && c <= 'Z'; }
static bool small(unsigned char c) { return c >= 'a' && c <= 'z'; }

/* --- the naive search */

/* `place`: where the word's byte `lead` is. */
static bool stands(const struct lexicon_word *w, struct slice t, size_t place)
{
    const unsigned char *p = (const unsigned char *)t.p;
    if (place < w->lead) return false;
    size_t at = place - w->lead;
    size_t end = at + w->text.n;
    if (end > t.n || !slice_ieq(slice_of(t.p + at, w->text.n), w->text)) return false;
    if (at && !byteset_has(&w->prev, p[at - 1])) return false;
    if (end < t.n && !byteset_has(&w->after[0], p[end])) return false;
    return end + 1 >= t.n || byteset_has(&w->after[1], p[end + 1]);
}

static int by_place(const void *a, const void *b)
{
    const struct lexicon_hit *x = a, *y = b;
    if (x->start != y->start) return x->start < y->start ? -1 : 1;
    return (x->word > y->word) - (x->word < y->word);
}

static bool found(const struct lexicon_hit *in, size_t n, size_t at, size_t w)
{
    struct lexicon_hit key = {(uint32_t)at, (uint32_t)w};
    return n && bsearch(&key, in, n, sizeof *in, by_place) != NULL;
}

/* --- texts and words of what is told apart */

static const char *const piece[] = {"a",    "b",    "ab", "aB", "Ab", "key", "KEY", "Key", "name", "e",    "eM",   "tax",
                                    "ID",   "Id",   "id", " ",  " ",  "_",   "-",   ":",   "=",    "\"",   "\n",   "1",
                                    "23",   "é",    "É",  "я",  "Я",  "да",  "न",   "密",  "码",   "密码", "\xc2", "\xff",
                                    "\x80", "\xe5", "𝒳",  "z",  "Z",  "@",   "[",   "`",   "{",    "\x01"};
#define PIECES (sizeof piece / sizeof piece[0])

static size_t make_text(char *out, size_t room)
{
    size_t n = 0;
    while (n + 8 < room) {
        if (rnd(3) == 0 && words) { /* a word, in any case */
            struct slice w = word[rnd((unsigned)words)].text;
            size_t k = rnd(4) ? w.n : 1 + rnd((unsigned)w.n);
            for (size_t i = 0; i < k && n + 8 < room; i++, n++)
                out[n] = small((unsigned char)w.p[i]) && rnd(4) == 0 ? (char)(w.p[i] - 32) : w.p[i];
        } else {
            const char *p = piece[rnd(PIECES)];
            memcpy(out + n, p, strlen(p));
            n += strlen(p);
        }
    }
    return n;
}

static struct byteset some_bytes(void)
{
    struct byteset s = byteset_all();
    switch (rnd(5)) {
    case 0: return s;
    case 1: s.w[1] &= ~0x07fffffe07fffffeu; return s;
    case 2: s.w[1] &= ~0x07fffffe00000000u; return s;
    case 3: return (struct byteset){{0x2c00218400002600u, 0x07fffffe00000000u, 0, 0}};
    default: return (struct byteset){{0x0000000100002600u | rnd(1u << 30), rnd(1u << 30), ~0u, ~0ull}};
    }
}

/* Words that differ in nothing but what stands before "_password": a list of them all; and a text of half of them. */
static size_t make_alike(size_t lead, char *text)
{
    struct byteset any = byteset_all();
    size_t n = 0;
    for (words = 0; words < WORDS_MAX; words++) {
        unsigned i = (unsigned)words;
        size_t len = (size_t)snprintf(store[i], sizeof store[i], "%c%c_password", 'a' + (int)(i / 20), 'a' + (int)(i % 20));
        word[i] = (struct lexicon_word){slice_of(store[i], len), any, {any, any}, lead};
        if (i % 7 < 4) n += (size_t)snprintf(text + n, sizeof store[i], "%s ", store[i]);
    }
    return n;
}

static bool is_new(struct slice w)
{
    for (size_t i = 0; i < words; i++)
        if (slice_eq(word[i].text, w)) return false;
    return true;
}

#endif
