/* The lexicon against a naive search: the same words at the same places, every way to search, on texts made of what
 * it tells apart. */
#include "tests/unit/filters/detect/naive_words.h"

static bool letter(unsigned char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

/* --- the naive search */

static bool starts(struct slice t, size_t at, bool humps)
{
    unsigned char c = (unsigned char)t.p[at], b = at ? (unsigned char)t.p[at - 1] : 0;
    return (letter(c) && !letter(b)) || c >= 0xc2 || (humps && upper(c) && small(b));
}

/* A short word of letters before a letter that is no hump: it may be left out. */
static bool optional(const struct lexicon_word *w, struct slice t, size_t place, bool humps)
{
    size_t end = place + w->text.n - w->lead;
    if (!humps || w->text.n - w->lead > 3 || end >= t.n || !letter((unsigned char)t.p[end])) return false;
    for (size_t i = w->lead; i < w->text.n; i++)
        if (!letter((unsigned char)w->text.p[i])) return false;
    return !(upper((unsigned char)t.p[end]) && small((unsigned char)t.p[end - 1]));
}

/* --- comparing */

static void compare(const struct lexicon *l, struct slice t, size_t from, size_t to, bool humps)
{
    size_t next = 0, n = lexicon_find(l, t, from, to, hits, &next), wanted = 0;
    assert_int_equal(next, to);
    for (size_t i = 1; i < n; i++)
        assert_true(hits[i - 1].start + word[hits[i - 1].word].lead <= hits[i].start + word[hits[i].word].lead);
    qsort(hits, n, sizeof *hits, by_place);
    for (size_t at = from; at < to; at++) {
        if (!starts(t, at, humps)) continue;
        for (size_t w = 0; w < words; w++) {
            if (!stands(&word[w], t, at)) continue;
            bool is = found(hits, n, at - word[w].lead, w);
            if (!is && !optional(&word[w], t, at, humps)) fail_msg("word %zu at %zu of %zu is lost", w, at, t.n);
            wanted += is;
        }
    }
    assert_int_equal(n, wanted); /* and nothing else, nothing twice */
}

/* `humps`: what follows a word of letters is no small letter, as context words have it. */
static void make_words(size_t n, bool humps)
{
    words = 0;
    for (size_t tries = 0; words < n && tries < 100 * n; tries++) {
        char *p = store[words];
        size_t len = 0, pieces = 1 + rnd(5);
        for (size_t i = 0; i < pieces; i++) {
            const char *x = piece[rnd(PIECES)];
            memcpy(p + len, x, strlen(x));
            len += strlen(x);
        }
        for (size_t i = 0; i < len; i++)
            if (upper((unsigned char)p[i])) p[i] = (char)(p[i] + 32);
        struct slice w = slice_of(p, len);
        if (!is_new(w)) continue;
        struct lexicon_word x = {w, some_bytes(), {some_bytes(), some_bytes()}, 0};
        size_t most = rnd(4) ? 0 : len;
        while (x.lead < most && (x.lead == 0 || letter((unsigned char)p[x.lead - 1]) || !lexicon_takes(&x, humps))) x.lead++;
        if (!lexicon_takes(&x, humps)) continue;
        if (humps && letter((unsigned char)p[len - 1])) x.after[0].w[1] &= ~0x07fffffe00000000u;
        word[words++] = x;
    }
}

/* True if the words made a lexicon: not too many begin with one another. */
static bool one_round(size_t n, bool humps, size_t room)
{
    static char text[TEXT_MAX + 16];
    struct lexicon *l = NULL;
    make_words(n, humps);
    if (lexicon_build(word, words, humps, &l) != ERR_OK) return false;
    assert_non_null(l);
    struct slice t = slice_of(text, make_text(text, room));
    char *exact = malloc(t.n + 1); /* nothing can be read behind it unnoticed */
    assert_non_null(exact);
    memcpy(exact, t.p, t.n);
    t.p = exact;
    for (int way = LEXICON_SSE2; way <= LEXICON_AVX512; way++) {
        if (lexicon_limit((enum lexicon_way)way) != (enum lexicon_way)way) continue; /* this processor has it not */
        size_t from = rnd((unsigned)t.n + 1), to = from + rnd((unsigned)(t.n - from) + 1);
        compare(l, t, 0, t.n, humps);
        compare(l, t, from, to, humps);
    }
    (void)lexicon_limit(LEXICON_AVX512);
    free(exact);
    lexicon_free(l);
    return true;
}

static void test_same_as_naive(void **st)
{
    (void)st;
    unsigned built = 0;
    for (unsigned i = 0; i < 300; i++) {
        state = 1000 + i;
        built += one_round(1 + rnd(i % 3 ? 12 : 60), i & 1, 32 + rnd(i % 10 ? 400 : TEXT_MAX - 32));
    }
    assert_true(built > 250);
}

/* Every length around a block of 64 bytes, a word at its very end and everywhere in it. */
static void test_edges(void **st)
{
    (void)st;
    static const char *const w[] = {"ab",          "key", "name", "token", "secret", "password",
                                    "passphrases", "é",   "日本", "密码",  "привет"};
    struct lexicon *l = NULL;
    words = 0;
    for (size_t i = 0; i < sizeof w / sizeof w[0]; i++)
        if (strcmp(w[i], "é"))
            word[words++] = (struct lexicon_word){slice_str(w[i]), byteset_all(), {byteset_all(), byteset_all()}, 0};
    for (int humps = 0; humps < 2; humps++) {
        for (size_t i = 0; i < words && humps; i++)
            if (letter((unsigned char)word[i].text.p[0])) word[i].after[0].w[1] &= ~0x07fffffe00000000u;
        assert_int_equal(lexicon_build(word, words, humps, &l), ERR_OK);
        for (int way = LEXICON_SSE2; way <= LEXICON_AVX512; way++) {
            if (lexicon_limit((enum lexicon_way)way) != (enum lexicon_way)way) continue;
            for (size_t n = 1; n < 200; n++)
                for (size_t k = 0; k < words; k++) {
                    char *t = malloc(n);
                    assert_non_null(t);
                    memset(t, ' ', n);
                    for (size_t at = n % 7; at + word[k].text.n <= n; at += word[k].text.n + 1 + n % 3)
                        memcpy(t + at, word[k].text.p, word[k].text.n);
                    if (n >= word[k].text.n) memcpy(t + n - word[k].text.n, word[k].text.p, word[k].text.n);
                    compare(l, slice_of(t, n), 0, n, humps);
                    compare(l, slice_of(t, n), n / 3, n - n / 4, humps);
                    free(t);
                }
        }
        lexicon_free(l);
    }
    (void)lexicon_limit(LEXICON_AVX512);
}

/* More hits than there is room for: the search goes on where it stopped. */
static void test_room(void **st)
{
    (void)st;
    struct lexicon *l = NULL;
    size_t n = 40000 * 3, at = 0, all = 0;
    char *t = malloc(n);
    assert_non_null(t);
    for (size_t i = 0; i < n; i += 3) memcpy(t + i, "ab ", 3);
    struct byteset any = byteset_all();
    word[0] = (struct lexicon_word){SLICE("ab"), any, {any, any}, 0};
    word[1] = (struct lexicon_word){SLICE("ab "), any, {any, any}, 0};
    word[2] = (struct lexicon_word){SLICE("ab ab "), any, {any, any}, 0};
    word[0].after[0].w[1] = 0;
    assert_int_equal(lexicon_build(word, 3, false, &l), ERR_OK);
    while (at < n) {
        size_t before = at, got = lexicon_find(l, slice_of(t, n), at, n, hits, &at);
        assert_true(got <= LEXICON_ROOM && at > before);
        all += got;
    }
    assert_int_equal(all, 3 * 40000 - 1);
    lexicon_free(l);
    free(t);
}

/* More words in a list than are compared at a time. */
static void test_alike(void **st)
{
    (void)st;
    static char text[TEXT_MAX];
    struct lexicon *l = NULL;
    struct slice t = slice_of(text, make_alike(3, text));
    assert_int_equal(lexicon_build(word, words, false, &l), ERR_OK);
    for (int way = LEXICON_SSE2; way <= LEXICON_AVX512; way++) {
        if (lexicon_limit((enum lexicon_way)way) != (enum lexicon_way)way) continue;
        compare(l, t, 0, t.n, false);
        compare(l, slice_of(text + 3, t.n - 7), 0, t.n - 7, false); /* of the first word only the end is there */
    }
    lexicon_free(l);
}

static void test_limits(void **st)
{
    (void)st;
    static char a[64];
    struct lexicon *l = NULL;
    struct byteset any = byteset_all();
    memset(a, 'a', sizeof a);
    assert_int_equal(lexicon_build(word, 0, false, &l), ERR_OK);
    assert_null(l);
    for (size_t i = 0; i <= LEXICON_NESTED; i++) word[i] = (struct lexicon_word){slice_of(a, 5 + i), any, {any, any}, 0};
    assert_int_equal(lexicon_build(word, LEXICON_NESTED + 1, false, &l), ERR_LIMIT);
    assert_null(l);
    assert_int_equal(lexicon_build(word, LEXICON_NESTED, false, &l), ERR_OK);
    lexicon_free(l);
    word[0] = (struct lexicon_word){SLICE("x-ab"), any, {any, any}, 2};
    assert_false(lexicon_takes(&word[0], false)); /* may go on with any two letters */
    word[0].after[0].w[1] = 0;
    assert_true(lexicon_takes(&word[0], false));
    word[0].lead = 1;
    assert_false(lexicon_takes(&word[0], false)); /* no word begins at the dash */
    word[0].lead = 3;
    assert_false(lexicon_takes(&word[0], false));
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest t[] = {cmocka_unit_test(test_same_as_naive), cmocka_unit_test(test_edges),
                                   cmocka_unit_test(test_room), cmocka_unit_test(test_alike), cmocka_unit_test(test_limits)};
    return cmocka_run_group_tests(t, NULL, NULL);
}
