/* privet rules: test (every rule finds its examples and leaves its counterexamples alone) or list the rule packs. */
#include "config/rules.h"
#include "filters/detect/engine.h"
#include "proxy/cli/cli.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct work {
    struct rule_pack pack;
    struct config_report report;
    struct ruleset *rules;
    struct detect_scratch *scratch;
    struct findings found;
    size_t tested, failed;
};

static void on_problem(void *arg, const struct rule_def *def, const char *message)
{
    struct work *w = arg;
    struct config_pos pos = {def ? def->line : 0, def && def->line ? 1 : 0};
    config_report_add(&w->report, def && def->file ? def->file : "rules", pos, "rule `%s`: %s", def ? def->id : "", message);
}

/* The packs of a configuration, or the files that are named, or the shipped three. */
static bool load_packs(struct work *w, const struct config *c, char **files, int n)
{
    char path[PATH_MAX];
    bool ok = true;
    for (int i = 0; i < n; i++) ok &= rule_pack_load(&w->pack, files[i], &w->report);
    for (size_t i = 0; !n && i < c->filters.packs.n; i++) {
        rule_pack_path(c, c->filters.packs.v[i], path, sizeof path);
        ok &= rule_pack_load(&w->pack, path, &w->report);
    }
    return ok;
}

static bool build(struct work *w)
{
    if (ruleset_build(w->pack.defs, w->pack.count, on_problem, w, &w->rules) != ERR_OK) return false;
    w->scratch = detect_scratch_new();
    return w->scratch != NULL;
}

/* Whether rule i finds something in the text; -1: it could not be scanned. */
static int finds(struct work *w, size_t i, const char *text)
{
    w->found.count = 0;
    if (detect_scan(w->rules, w->scratch, slice_str(text), &w->found) != ERR_OK) return -1;
    for (size_t k = 0; k < w->found.count; k++)
        if (w->found.v[k].rule == i) return 1;
    return 0;
}

static void expect(struct work *w, const struct rule_def *d, const char *text, size_t number, bool wanted)
{
    int i = ruleset_find(w->rules, d->id);
    int got = i < 0 ? -1 : finds(w, (size_t)i, text);
    w->tested++;
    if (got == (int)wanted) return;
    w->failed++;
    printf("%s:%u:1: rule `%s`: %s %zu %s\n", d->file, d->line, d->id, wanted ? "example" : "counterexample", number,
           got < 0  ? "could not be scanned"
           : wanted ? "is not found"
                    : "is found");
}

static int test_rules(struct work *w)
{
    size_t bare = 0;
    for (size_t k = 0; k < w->pack.count; k++) {
        const struct rule_def *d = &w->pack.defs[k];
        for (size_t i = 0; i < d->example_count; i++) expect(w, d, d->examples[i], i + 1, true);
        for (size_t i = 0; i < d->counterexample_count; i++) expect(w, d, d->counterexamples[i], i + 1, false);
        if (!d->example_count) bare++;
    }
    printf("%zu rules, %zu examples and counterexamples, %zu failed, %zu rules without an example\n", w->pack.count, w->tested,
           w->failed, bare);
    return w->failed ? CLI_FAILED : CLI_OK;
}

static int list_rules(const struct work *w)
{
    static const char *const classes[] = {"secrets", "pii", "injection"};
    for (size_t k = 0; k < w->pack.count; k++) {
        const struct rule_def *d = &w->pack.defs[k];
        printf("%-40s %-10s %-24s %s\n", d->id, classes[d->cls], d->type, d->description);
    }
    return CLI_OK;
}

static void print_report(const struct buf *b)
{
    struct slice s = buf_slice(b);
    if (s.n) fwrite(s.p, 1, s.n, stdout);
}

static int with_packs(const struct config *c, bool list, bool notes, char **files, int n)
{
    struct work w = {.pack = {0}};
    int status = CLI_FAILED;
    if (load_packs(&w, c, files, n) && build(&w)) status = list ? list_rules(&w) : test_rules(&w);
    print_report(&w.report.text);
    if (notes) print_report(&w.pack.notes);
    findings_free(&w.found);
    detect_scratch_free(w.scratch);
    ruleset_free(w.rules);
    rule_pack_free(&w.pack);
    buf_free(&w.report.text);
    return status;
}

int cli_rules(int argc, char **argv)
{
    static const struct cli_option options[] = {{"--config", "-c", "FILE", "take the packs of this configuration"},
                                                {"--notes", NULL, NULL, "say what of a file was left out"},
                                                {0}};
    static const char *const actions[] = {"test", "list"};
    struct cli_args a;
    int status = cli_parse(argc, argv, "test|list [PACK.yaml...]", options, &a);
    if (status != CLI_GO) return status;
    if (a.operands < 1) return cli_wrong("rules", "expected `test` or `list`");
    bool list = !strcmp(a.operand[0], "list");
    if (!list && strcmp(a.operand[0], "test") != 0) return cli_unknown("rules", "action", a.operand[0], actions, 2);
    if (a.value[0] && a.operands > 1) return cli_wrong("rules", "either a configuration or packs, found both");
    struct config_report report = {0};
    struct config *c = a.value[0] ? config_load(a.value[0], &report) : config_standard();
    if (c) status = with_packs(c, list, a.value[1] != NULL, a.operand + 1, a.operands - 1);
    else status = CLI_FAILED;
    print_report(&report.text);
    buf_free(&report.text);
    config_free(c);
    return status;
}
