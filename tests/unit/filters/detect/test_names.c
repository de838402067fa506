/* Where names begin, against what the words of a made-up text are known to be: with all the vectors this processor has,
 * wherever the text is cut into blocks. */
#include "filters/detect/names.h"
#include "filters/detect/structure.h"
#include "proxy/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 88172645463325252u;
static unsigned rnd(unsigned n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % n;
}

static struct names *make_lists(void)
{
    struct names *n = NULL;
    assert_int_equal(names_new(&n), ERR_OK);
    assert_int_equal(names_add(n, SLICE("Anna Jean Élodie Иван\nMarguerite-Louise Bo Šárka"), NAME_GIVEN), ERR_OK);
    assert_int_equal(names_add(n, SLICE("Will Paris Rose"), NAME_GIVEN_WORD), ERR_OK);
    assert_int_equal(names_add(n, SLICE("Schmidt O'Brien Österberg Łukaszewicz Ng Петров"), NAME_FAMILY), ERR_OK);
    assert_int_equal(names_add(n, SLICE("River Street The"), NAME_NEVER), ERR_OK);
    return n;
}

/* What is glued to a word before and behind it makes it none that could be a name's second, or first. */
static const struct token {
    const char *text;
    unsigned lead; /* bytes before the word */
    unsigned kind;
    bool first, second, capitals, initial, ends; /* ends: as family names do */
} token[] = {
    {"Anna", 0, NAME_GIVEN, true, true, false, false, false},
    {"ANNA", 0, NAME_GIVEN, true, true, true, false, false},
    {"(Anna", 1, NAME_GIVEN, true, false, false, false, false},
    {"“Anna", 3, NAME_GIVEN, true, false, false, false, false},
    {"«Anna", 2, NAME_GIVEN, true, false, false, false, false},
    {"👋Anna", 4, NAME_GIVEN, true, false, false, false, false},
    {"word—Anna", 7, NAME_GIVEN, true, false, false, false, false},
    {"人名人名人名人名人名人名人名人名人名人名Anna", 60, NAME_GIVEN, true, false, false, false, false},
    {"Anna,", 0, NAME_GIVEN, false, true, false, false, false},
    {"x_Anna", 2, NAME_GIVEN, true, false, false, false, false},
    {"Élodie", 0, NAME_GIVEN, true, true, false, false, false},
    {"Šárka", 0, NAME_GIVEN, true, true, false, false, false},
    {"Иван", 0, NAME_GIVEN, true, true, false, false, false},
    {"Jean-Marc", 0, NAME_GIVEN, true, true, false, false, false},
    {"Marguerite-Louise", 0, NAME_GIVEN, true, true, false, false, false},
    {"Will", 0, NAME_GIVEN_WORD, true, true, false, false, false},
    {"PARIS", 0, NAME_GIVEN_WORD, true, true, true, false, false},
    {"Schmidt", 0, NAME_FAMILY, true, true, false, false, false},
    {"SCHMIDT", 0, NAME_FAMILY, true, true, true, false, false},
    {"Schmidt's", 0, NAME_FAMILY, false, true, false, false, false},
    {"Schmidt”", 0, NAME_FAMILY, false, true, false, false, false},
    {"Schmidt’s", 0, NAME_FAMILY, false, true, false, false, false},
    {"Schmidt👋", 0, NAME_FAMILY, false, true, false, false, false},
    {"O'Brien", 0, NAME_FAMILY, true, true, false, false, false},
    {"Österberg", 0, NAME_FAMILY, true, true, false, false, false},
    {"Łukaszewicz", 0, NAME_FAMILY, true, true, false, false, true},
    {"Петров.", 0, NAME_FAMILY, false, true, false, false, false},
    {"Meyer-Schmidt", 0, NAME_FAMILY, true, true, false, false, false},
    {"Zablonski", 0, 0, true, true, false, false, true},
    {"Vorkapović", 0, 0, true, true, false, false, true},
    {"Horenko", 0, 0, true, true, false, false, true},
    {"River", 0, NAME_NEVER, true, true, false, false, false},
    {"The", 0, NAME_NEVER, true, true, false, false, false},
    {"Zyx", 0, 0, true, true, false, false, false},
    {"Zyxwvutsrqponmlkjihgfedcbaabcdefghijklmnopqrstuvwxyzabcdef", 0, 0, false, false, false, false, false},
    {"J.", 0, 0, false, false, false, true, false},
    {"J", 0, 0, false, false, false, true, false},
    {"anna", 0, 0, false, false, false, false, false},
    {"schmidt", 0, 0, false, false, false, false, false},
    {"же", 0, 0, false, false, false, false, false},
    {"été", 0, 0, false, false, false, false, false},
    {"of", 0, 0, false, false, false, false, false},
    {"人名", 0, 0, false, false, false, false, false},
    {"42", 0, 0, false, false, false, false, false},
    {"-", 0, 0, false, false, false, false, false},
};
#define TOKENS    (sizeof token / sizeof *token)
#define TEXT_MAX  40000u
#define PIECE_MAX 64u

static uint32_t wanted[TEXT_MAX], found[TEXT_MAX];

static bool together(const struct token *a, const struct token *b)
{
    const unsigned given = NAME_GIVEN | NAME_GIVEN_WORD;
    if (!a->first || !b->second || ((a->kind | b->kind) & NAME_NEVER) || a->capitals != b->capitals) return false;
    if (a->capitals) return (a->kind & given) && (b->kind & NAME_FAMILY);
    return a->kind == NAME_GIVEN || b->kind == NAME_FAMILY || b->ends;
}

/* Text of `n` tokens in its own memory, so that a sanitizer sees a byte read too far; the names in it are in wanted[]. */
static struct slice make_text(size_t n, size_t *names)
{
    static const char *const gap[] = {" ", " ", " ", " ", " ", "  ", "\n", ", ", ". "};
    static struct {
        const struct token *t;
        size_t at;
        bool blank; /* one, and nothing else, is behind it */
    } made[TEXT_MAX / 2];
    static char text[TEXT_MAX];
    size_t len = 0, k = 0;
    for (; k < n && len + PIECE_MAX + 4 < TEXT_MAX; k++) {
        const struct token *t = &token[rnd(TOKENS)];
        const char *g = gap[rnd(sizeof gap / sizeof *gap)];
        made[k].t = t;
        made[k].at = len + t->lead;
        made[k].blank = strcmp(g, " ") == 0 || (strcmp(t->text, "J") == 0 && strcmp(g, ". ") == 0);
        len += (size_t)snprintf(text + len, TEXT_MAX - len, "%s%s", t->text, g);
    }
    *names = 0;
    for (size_t i = 0; i + 1 < k; i++) {
        size_t j = i + 1;
        if (!made[i].blank) continue;
        while (j + 1 < k && j < i + 3 && made[j].t->initial && made[j].blank) j++;
        if (together(made[i].t, made[j].t)) wanted[(*names)++] = (uint32_t)made[i].at;
    }
    char *exact = malloc(len + 1);
    assert_non_null(exact);
    memcpy(exact, text, len);
    return slice_of(exact, len);
}

static void check(const struct names *l, struct slice t, size_t names, unsigned pieces)
{
    size_t n = 0;
    for (size_t from = 0; from < t.n;) {
        size_t left = t.n - from < NAMES_BLOCK ? t.n - from : NAMES_BLOCK, size = pieces > 1 ? 1 + rnd((unsigned)left) : left;
        uint32_t here[NAMES_ROOM];
        size_t got = names_find(l, t, from, from + size, here);
        assert_true(n + got < TEXT_MAX);
        memcpy(found + n, here, got * sizeof *here);
        n += got;
        from += size;
    }
    for (size_t i = 0; i < n && i < names; i++)
        if (found[i] != wanted[i])
            fail_msg("a name at %u, wanted at %u: %.40s", found[i], wanted[i],
                     t.p + (found[i] < wanted[i] ? found[i] : wanted[i]));
    assert_int_equal(n, names);
}

static void names_are_found(void **arg)
{
    (void)arg;
    struct names *l = make_lists();
    for (unsigned way = VECTORS_SSE2; way <= VECTORS_AVX512; way++) {
        if (structure_limit((enum vectors)way) != (enum vectors)way) continue;
        for (unsigned round = 0; round < 400; round++) {
            size_t names;
            struct slice t = make_text(1 + rnd(round % 8 ? 40 : 6000), &names);
            check(l, t, names, 1);
            check(l, t, names, 4);
            free((void *)(uintptr_t)t.p);
        }
    }
    (void)structure_limit(VECTORS_AVX512);
    names_free(l);
}

/* A text of nothing but the beginnings of words has the most places a block can have. */
static void all_blocks_have_room(void **arg)
{
    (void)arg;
    struct names *l = make_lists();
    char *t = malloc(NAMES_BLOCK + 64);
    uint32_t here[NAMES_ROOM];
    assert_non_null(t);
    for (size_t i = 0; i < NAMES_BLOCK + 64; i++) t[i] = i % 2 ? ' ' : 'A';
    assert_int_equal(names_find(l, slice_of(t, NAMES_BLOCK + 64), 0, NAMES_BLOCK, here), 0);
    for (size_t i = 0; i < NAMES_BLOCK + 64; i++) t[i] = "Bo "[i % 3];
    assert_int_equal(names_find(l, slice_of(t, NAMES_BLOCK + 64), 0, NAMES_BLOCK, here), NAMES_BLOCK / 3);
    free(t);
    names_free(l);
}

static void words_are_known(void **arg)
{
    (void)arg;
    struct names *l = make_lists();
    assert_int_equal(names_word(l, SLICE("Anna")), NAME_GIVEN);
    assert_int_equal(names_word(l, SLICE("ANNA")), NAME_GIVEN);
    assert_int_equal(names_word(l, SLICE("Ann")), 0);
    assert_int_equal(names_word(l, SLICE("Annas")), 0);
    assert_int_equal(names_word(l, SLICE("Bo")), NAME_GIVEN);
    assert_int_equal(names_word(l, SLICE("B")), 0);
    assert_int_equal(names_word(l, SLICE("Marguerite-Louise")), NAME_GIVEN);
    assert_int_equal(names_word(l, SLICE("Marguerite-Louisa")), 0);
    assert_int_equal(names_add(l, SLICE("Anna"), NAME_FAMILY), ERR_OK);
    assert_int_equal(names_word(l, SLICE("Anna")), NAME_GIVEN | NAME_FAMILY);
    names_free(l);
}

static void too_many_are_refused(void **arg)
{
    (void)arg;
    struct names *l = make_lists();
    char word[16];
    enum err e = ERR_OK;
    unsigned n = 0;
    for (; n < 20000 && !e; n++) e = names_add(l, slice_of(word, (size_t)snprintf(word, sizeof word, "Name%u", n)), NAME_GIVEN);
    assert_int_equal(e, ERR_LIMIT);
    assert_true(n > 10000);
    assert_int_equal(names_word(l, SLICE("Name77")), NAME_GIVEN);
    assert_int_equal(names_word(l, SLICE("Name19999")), 0);
    names_free(l);
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found),
        cmocka_unit_test(all_blocks_have_room),
        cmocka_unit_test(words_are_known),
        cmocka_unit_test(too_many_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
