/* Needles against a naive search: the same words at the same places, every way to search, wherever a text is cut. */
#include "filters/detect/needles.h"

#include "tests/unit/filters/detect/naive_words.h"

static void make_words(size_t n)
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
        if (len >= 2 && is_new(w)) word[words++] = (struct lexicon_word){w, some_bytes(), {some_bytes(), some_bytes()}, 0};
    }
}

/* Searched in pieces that end at `cut`, the text gives every word once and nothing else. */
static void compare(const struct needles *l, struct slice t, size_t cut, size_t cut2)
{
    static struct lexicon_hit all[WORDS_MAX * TEXT_MAX / 8];
    const size_t end[3] = {cut, cut2, t.n};
    size_t n = 0, wanted = 0, at = 0;
    for (int i = 0; i < 3; i++)
        while (at < end[i]) {
            size_t next = at, got = needles_find(l, t, at, end[i], hits, &next);
            assert_true(next > at && next <= end[i] && n + got <= sizeof all / sizeof *all);
            memcpy(all + n, hits, got * sizeof *all);
            n += got;
            at = next;
        }
    qsort(all, n, sizeof *all, by_place);
    for (size_t i = 0; i < t.n; i++)
        for (size_t w = 0; w < words; w++) {
            if (!stands(&word[w], t, i)) continue;
            if (!found(all, n, i, w)) fail_msg("word %zu at %zu of %zu is lost", w, i, t.n);
            wanted++;
        }
    assert_int_equal(n, wanted);
}

/* The text at the very end of its memory, so that nothing can be read behind it unnoticed. */
static void compare_ways(const struct needles *l, struct slice text)
{
    char *exact = malloc(text.n + 1);
    assert_non_null(exact);
    memcpy(exact + 1, text.p, text.n);
    struct slice t = slice_of(exact + 1, text.n);
    for (int way = LEXICON_SSE2; way <= LEXICON_AVX512; way++) {
        if (lexicon_limit((enum lexicon_way)way) != (enum lexicon_way)way) continue; /* this processor has it not */
        size_t cut = rnd((unsigned)t.n + 1), cut2 = cut + rnd((unsigned)(t.n - cut) + 1);
        compare(l, t, t.n, t.n);
        compare(l, t, cut, cut2);
    }
    (void)lexicon_limit(LEXICON_AVX512);
    free(exact);
}

static void test_same_as_naive(void **st)
{
    (void)st;
    static char text[TEXT_MAX + 16];
    unsigned built = 0;
    for (unsigned i = 0; i < 300; i++) {
        struct needles *l = NULL;
        state = 4000 + i;
        make_words(1 + rnd(i % 3 ? 12 : 120));
        if (needles_build(word, words, &l) != ERR_OK) continue; /* too many begin with one another */
        compare_ways(l, slice_of(text, make_text(text, 32 + rnd(i % 10 ? 400 : TEXT_MAX - 32))));
        needles_free(l);
        built++;
    }
    assert_true(built > 250);
}

/* Every length around the blocks, a word at its very end and everywhere in it. */
static void test_edges(void **st)
{
    (void)st;
    static const char *const w[] = {"<|", "-u", "://", "key", "auth", "token", "password", "passphrases", "密码", "q~", "7za"};
    struct needles *l = NULL;
    words = 0;
    for (size_t i = 0; i < sizeof w / sizeof w[0]; i++)
        word[words++] = (struct lexicon_word){slice_str(w[i]), byteset_all(), {byteset_all(), byteset_all()}, 0};
    assert_int_equal(needles_build(word, words, &l), ERR_OK);
    for (size_t n = 1; n < 200; n++)
        for (size_t k = 0; k < words; k++) {
            char t[200];
            state = n * 100 + k;
            memset(t, ' ', n);
            for (size_t at = n % 7; at + word[k].text.n <= n; at += word[k].text.n + 1 + n % 3)
                memcpy(t + at, word[k].text.p, word[k].text.n);
            if (n >= word[k].text.n) memcpy(t + n - word[k].text.n, word[k].text.p, word[k].text.n);
            compare_ways(l, slice_of(t, n));
        }
    needles_free(l);
}

/* More hits than there is room for: the search goes on where it stopped. */
static void test_room(void **st)
{
    (void)st;
    struct needles *l = NULL;
    size_t n = 40000 * 3, at = 0, all = 0;
    char *t = malloc(n);
    assert_non_null(t);
    for (size_t i = 0; i < n; i += 3) memcpy(t + i, "ab ", 3);
    struct byteset any = byteset_all();
    word[0] = (struct lexicon_word){SLICE("ab"), any, {any, any}, 0};
    word[1] = (struct lexicon_word){SLICE("b a"), any, {any, any}, 0};
    word[2] = (struct lexicon_word){SLICE("ab ab "), any, {any, any}, 0};
    assert_int_equal(needles_build(word, 3, &l), ERR_OK);
    while (at < n) {
        size_t before = at, got = needles_find(l, slice_of(t, n), at, n, hits, &at);
        assert_true(got <= LEXICON_ROOM && at > before);
        all += got;
    }
    assert_int_equal(all, 3 * 40000 - 2);
    needles_free(l);
    free(t);
}

/* More words in a list than are compared at a time. */
static void test_alike(void **st)
{
    (void)st;
    static char text[TEXT_MAX];
    struct needles *l = NULL;
    struct slice t = slice_of(text, make_alike(0, text));
    assert_int_equal(needles_build(word, words, &l), ERR_OK);
    compare_ways(l, t);
    compare_ways(l, slice_of(text + 3, t.n - 7)); /* of the first word only the end is there */
    needles_free(l);
}

static void test_limits(void **st)
{
    (void)st;
    static char a[64];
    struct needles *l = NULL;
    struct byteset any = byteset_all();
    memset(a, 'a', sizeof a);
    assert_int_equal(needles_build(word, 0, &l), ERR_OK);
    assert_null(l);
    for (size_t i = 0; i <= LEXICON_NESTED; i++) word[i] = (struct lexicon_word){slice_of(a, 2 + i), any, {any, any}, 0};
    assert_int_equal(needles_build(word, LEXICON_NESTED + 1, &l), ERR_LIMIT);
    assert_null(l);
    assert_int_equal(needles_build(word, LEXICON_NESTED, &l), ERR_OK);
    words = LEXICON_NESTED;
    compare_ways(l, slice_of(a, sizeof a)); /* as many hits as there can be */
    needles_free(l);
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest t[] = {cmocka_unit_test(test_same_as_naive), cmocka_unit_test(test_edges),
                                   cmocka_unit_test(test_room), cmocka_unit_test(test_alike), cmocka_unit_test(test_limits)};
    return cmocka_run_group_tests(t, NULL, NULL);
}
