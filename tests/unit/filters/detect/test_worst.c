/* The worst strings of every rule that ships: its keywords over and over, its examples cut short over and over, its
 * keywords before long runs of what its expression repeats. What a scan does (calls of PCRE2, bytes searched for context)
 * must stay in proportion to the text, and what cannot be scanned must say so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "filters/detect/engine.h"
#include "filters/meter.h"
#include "tests/unit/filters/packs.h"

#define SMALL        (8u * 1024)   /* for every rule */
#define LARGE        (512u * 1024) /* for those that cost most */
#define WORST        12u
#define TRIES_A_BYTE 4u    /* calls of PCRE2 for a byte of text, all rules together: a rule alone has about one */
#define UNITS_A_BYTE 1000u /* of work; times are only printed */

static struct rule_pack pack;
static struct ruleset *rules;
static struct detect_scratch *scratch;
static struct findings found;
static struct meter work;

static double cpu(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int setup(void **state)
{
    (void)state;
    scratch = detect_scratch_new();
    return !scratch || !packs_build(&pack, &rules);
}

static int teardown(void **state)
{
    (void)state;
    findings_free(&found);
    detect_scratch_free(scratch);
    ruleset_free(rules);
    rule_pack_free(&pack);
    return 0;
}

/* ---- the strings ---- */

#define SEED_MAX 4096u
struct seed {
    char text[SEED_MAX]; /* repeated to fill */
    size_t n, head;      /* the first `head` bytes only once */
};
#define SEEDS_MAX 40u

static void add_seed(struct seed *v, size_t *n, const char *head, const char *unit, size_t unit_n)
{
    size_t h = strlen(head);
    if (*n == SEEDS_MAX || unit_n == 0 || h + unit_n > SEED_MAX) return;
    struct seed *s = &v[(*n)++];
    memcpy(s->text, head, h);
    memcpy(s->text + h, unit, unit_n);
    s->n = h + unit_n;
    s->head = h;
}

static size_t seeds_of(const struct rule_def *d, struct seed *v)
{
    static const char *const runs[] = {"a", "A", "0", "a0", " ", "=", "=\"", "-", "@", ".", "a.", "1-", "\n", "{2,", "\xc3\xa9"};
    size_t n = 0;
    for (size_t k = 0; k < d->keyword_count && k < 3; k++) add_seed(v, &n, "", d->keywords[k], strlen(d->keywords[k]));
    const char *word = d->keyword_count ? d->keywords[0] : "";
    for (size_t k = 0; k < sizeof runs / sizeof runs[0]; k++) add_seed(v, &n, word, runs[k], strlen(runs[k]));
    for (size_t k = 0; k < d->example_count && k < 2; k++) {
        const char *e = d->examples[k];
        size_t len = strlen(e);
        for (size_t part = 2; part <= 4; part++) add_seed(v, &n, "", e, len * part / 4);
        if (len > 1) add_seed(v, &n, "", e, len - 1); /* almost */
        add_seed(v, &n, e, e + len - 1, 1);           /* and no end */
    }
    return n;
}

/* ---- one scan ---- */

static enum err run(const struct seed *s, size_t size, char *room, struct detect_stats *st)
{
    memcpy(room, s->text, s->n);
    for (size_t at = s->n, unit = s->n - s->head; at < size; at += unit)
        memcpy(room + at, s->text + s->head, unit < size - at ? unit : size - at);
    *st = (struct detect_stats){0};
    work = (struct meter){0};
    detect_scratch_stats(scratch, st);
    detect_scratch_meter(scratch, &work);
    found.count = 0;
    enum err e = detect_scan(rules, scratch, slice_of(room, size), &found);
    detect_scratch_stats(scratch, NULL);
    detect_scratch_meter(scratch, NULL);
    return e;
}

struct worst {
    const struct rule_def *rule;
    struct seed seed;
    double cost; /* seconds for SMALL */
};

static void keep_worst(struct worst *w, const struct rule_def *d, const struct seed *s, double cost)
{
    size_t least = 0;
    for (size_t i = 1; i < WORST; i++)
        if (w[i].cost < w[least].cost) least = i;
    if (cost > w[least].cost) w[least] = (struct worst){d, *s, cost};
}

static void test_worst_strings(void **state)
{
    (void)state;
    static struct seed seeds[SEEDS_MAX];
    static struct worst worst[WORST];
    char *room = malloc(LARGE);
    struct detect_stats st;
    size_t strings = 0, refused = 0;
    double begin = cpu();
    for (size_t i = 0; i < pack.count; i++) {
        size_t n = seeds_of(&pack.defs[i], seeds);
        for (size_t k = 0; k < n; k++) {
            double t = cpu();
            enum err e = run(&seeds[k], SMALL, room, &st);
            if (e != ERR_OK && e != ERR_NOT_SCANNED) fail_msg("%s: %s", pack.defs[i].id, err_name(e));
            refused += e != ERR_OK;
            if (st.tries > (uint64_t)TRIES_A_BYTE * SMALL)
                fail_msg("%s: %llu tries", pack.defs[i].id, (unsigned long long)st.tries);
            keep_worst(worst, &pack.defs[i], &seeds[k], cpu() - t);
            strings++;
        }
    }
    print_message("%zu strings of 8 KiB, %zu could not be scanned, %.1f s\n", strings, refused, cpu() - begin);
    for (size_t i = 0; i < WORST; i++) {
        double t = cpu();
        enum err e = run(&worst[i].seed, LARGE, room, &st);
        double took = cpu() - t;
        print_message("%-40s %6.1f ms for 8 KiB, %7.1f for 512 KiB, %9llu tries, %4llu units a byte, %s\n", worst[i].rule->id,
                      worst[i].cost * 1e3, took * 1e3, (unsigned long long)st.tries, (unsigned long long)work.done / LARGE,
                      err_name(e));
        assert_true(st.tries <= (uint64_t)TRIES_A_BYTE * LARGE);
        if (work.done > (uint64_t)UNITS_A_BYTE * LARGE)
            fail_msg("%s: %llu units", worst[i].rule->id, (unsigned long long)work.done);
    }
    free(room);
}

/* What stands before each is only looked at where a word of streets is near. */
static void test_postcodes_in_a_row(void **state)
{
    (void)state;
    static const char row[] = "EC1A 1BB M1 1AE DN55 2PT SW1A 2AA B33 8TH CR2 6XH W1A 0AX L1 8JQ ";
    struct detect_stats stats = {0};
    char *text = malloc(LARGE);
    assert_non_null(text);
    for (size_t i = 0; i < LARGE; i++) text[i] = row[i % (sizeof row - 1)];
    detect_scratch_stats(scratch, &stats);
    found.count = 0;
    assert_int_equal(detect_scan(rules, scratch, slice_of(text, LARGE), &found), ERR_OK);
    detect_scratch_stats(scratch, NULL);
    assert_in_range(found.count, LARGE / 10, LARGE / 4);
    printf("postcodes: %.3f tries a byte\n", (double)stats.tries / LARGE);
    assert_true(stats.tries < LARGE / 4);
    free(text);
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_worst_strings), cmocka_unit_test(test_postcodes_in_a_row)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
