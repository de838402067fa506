/* privet audit verify|tail|show: reads the journals, also while the proxy writes them. Where they lie and under which
 * key comes from the configuration file, or from --directory and --key-file. */
#include "config/config.h"
#include "proxy/audit/segment.h"
#include "proxy/audit/verify.h"
#include "proxy/cli/cli.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define OUT_MAX      (256u * 1024u * 1024u)
#define TAIL_DEFAULT 20u
#define TAIL_MOST    10000u

enum { OPT_CONFIG, OPT_DIRECTORY, OPT_KEY_FILE, OPT_COUNT, OPT_JSON, OPT_HEADS };
static const struct cli_option options[] = {
    {"--config", "-c", "FILE", "the configuration file that names the journal's directory and key"},
    {"--directory", "-d", "DIR", "the journal's directory"},
    {"--key-file", "-k", "FILE", "the chain key (default: the configuration's, else DIR/chain.key)"},
    {"--lines", "-n", "N", "tail: how many records (default 20)"},
    {"--json", NULL, NULL, "tail, show: the lines as they stand in the journal"},
    {"--heads", NULL, "DIR", "verify: copies of the *.head files that were taken earlier and kept elsewhere"},
    {0}};

struct place {
    struct config *config; /* owns what it gave; NULL without -c */
    const char *directory;
    struct slice key;
    char key_bytes[CHAIN_KEY_MAX];
};

/* --- output: what comes from a file somebody may have edited must not steer a terminal --- */

static void print_safely(struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i], next = i + 1 < s.n ? (unsigned char)s.p[i + 1] : 0;
        bool control = (c < 0x20 && c != '\n') || c == 0x7f || (c == 0xc2 && next >= 0x80 && next < 0xa0);
        putchar(control ? '?' : c);
    }
}

/* Left-bound in `width` columns (of ASCII), cut with a '~' where it is longer. */
static void print_column(struct slice s, size_t width)
{
    bool cut = s.n > width;
    print_safely(slice_of(s.p, cut ? width - 1 : s.n));
    if (cut) putchar('~');
    for (size_t i = s.n; i < width; i++) putchar(' ');
    putchar(' ');
}

static bool next_line(struct slice *rest, struct slice *line)
{
    if (rest->n == 0) return false;
    size_t n = slice_find(*rest, '\n');
    *line = slice_of(rest->p, n);
    n += n < rest->n;
    *rest = slice_of(rest->p + n, rest->n - n);
    return true;
}

/* --- verify --- */

static int verify(const struct place *p, const char *heads)
{
    struct audit_counts c;
    struct buf report = buf_make(OUT_MAX);
    int breaks = audit_verify(p->directory, p->key, heads, &c, &report);
    if (breaks < 0) {
        fprintf(stderr, "privet audit: %s: no journal can be read there, or no chain key: name it with --key-file\n",
                p->directory);
        buf_free(&report);
        return CLI_FAILED;
    }
    print_safely(buf_slice(&report));
    if (c.breaks + c.notes > AUDIT_REPORT_MAX) printf("... and more: %d are listed\n", AUDIT_REPORT_MAX);
    printf("%llu journals, %llu segments, %llu lines: %llu breaks, %llu notes\n", (unsigned long long)c.journals,
           (unsigned long long)c.segments, (unsigned long long)c.lines, (unsigned long long)c.breaks,
           (unsigned long long)c.notes);
    buf_free(&report);
    return breaks ? CLI_FAILED : CLI_OK;
}

/* --- tail --- */

/* "email=2 aws-access-token=1" from the findings array. */
static void print_findings(struct slice list)
{
    struct slice mark = SLICE("{\"rule\":\"");
    for (size_t at; (at = slice_search(list, mark)) < list.n;) {
        struct slice item = slice_of(list.p + at, list.n - at);
        item.n = slice_find(item, '}');
        print_safely(line_get(item, "rule"));
        putchar('=');
        print_safely(line_get(item, "count"));
        putchar(' ');
        list = slice_of(item.p + item.n, (size_t)(list.p + list.n - (item.p + item.n)));
    }
}

static void print_row(const struct line *l)
{
    struct slice r = l->record, model = line_get(r, "model_served"), us = line_get(r, "total_us"), ms = us;
    bool outcome = slice_eq(line_get(r, "event"), SLICE("outcome"));
    if (ms.n > 3) ms.n -= 3;
    else if (ms.n) ms = SLICE("0");
    print_column(line_get(r, "time"), 24);
    print_column(line_get(r, "id"), 28);
    print_column(line_get(r, "client"), 12);
    print_column(model.n ? model : line_get(r, "model_asked"), 22);
    print_column(outcome ? line_get(r, "status") : SLICE("..."), 6);
    print_column(outcome ? line_get(r, "error") : SLICE("no outcome yet"), 14);
    print_column(ms, 7);
    print_findings(line_get(r, "findings"));
    putchar('\n');
}

/* True if this intent's outcome follows in the rest. */
static bool has_outcome(const struct line *intent, struct slice rest)
{
    struct slice text, id = line_get(intent->record, "id");
    struct line l;
    while (next_line(&rest, &text))
        if (line_parse(text, &l) && slice_eq(line_get(l.record, "id"), id) &&
            slice_eq(line_get(l.record, "event"), SLICE("outcome")))
            return true;
    return false;
}

/* One row a request: its outcome, or its intent while there is none. */
static void print_table(struct slice all, uint64_t n)
{
    struct slice rest, text;
    struct line l;
    uint64_t rows = 0, skip;
    for (int print = 0; print < 2; print++) {
        skip = print && rows > n ? rows - n : 0;
        if (print)
            printf("%-24s %-28s %-12s %-22s %-6s %-14s %-7s %s\n", "TIME", "ID", "CLIENT", "MODEL", "STATUS", "ERROR", "MS",
                   "FINDINGS");
        for (rest = all; next_line(&rest, &text);) {
            if (!line_parse(text, &l)) continue;
            bool intent = slice_eq(line_get(l.record, "event"), SLICE("intent"));
            if (intent && has_outcome(&l, rest)) continue;
            if (!print) rows++;
            else if (skip) skip--;
            else print_row(&l);
        }
    }
}

static int tail(const struct place *p, const char *count, bool json)
{
    uint64_t n = TAIL_DEFAULT;
    struct buf out = buf_make(OUT_MAX);
    if (count && (!slice_u64(slice_str(count), TAIL_MOST, &n) || n == 0))
        return cli_wrong("audit", "--lines takes a number from 1 to %u", TAIL_MOST);
    /* A request has two lines; for the table both are wanted. */
    if (audit_tail(p->directory, (unsigned)(json ? n : 2 * n), &out)) {
        fprintf(stderr, "privet audit: %s: no journal can be read there\n", p->directory);
        return CLI_FAILED;
    }
    if (json) print_safely(buf_slice(&out));
    else print_table(buf_slice(&out), n);
    buf_free(&out);
    return CLI_OK;
}

/* --- show --- */

static void print_members(struct slice record)
{
    struct slice key, value;
    for (size_t at = 0; line_member(record, &at, &key, &value);) {
        printf("  ");
        print_column(key, 18);
        print_safely(value);
        putchar('\n');
    }
}

static int show(const struct place *p, const char *id, bool json)
{
    struct buf out = buf_make(OUT_MAX);
    struct slice rest, text;
    struct line l;
    if (audit_show(p->directory, id, &out)) {
        fprintf(stderr, "privet audit: %s: no journal can be read there\n", p->directory);
        return CLI_FAILED;
    }
    rest = buf_slice(&out);
    int status = rest.n ? CLI_OK : CLI_FAILED;
    if (rest.n == 0) fprintf(stderr, "privet audit: no record of `%s`\n", id);
    while (next_line(&rest, &text)) {
        if (json) {
            print_safely(text);
            putchar('\n');
        } else if (line_parse(text, &l)) {
            print_safely(l.journal);
            printf(" seq %llu\n", (unsigned long long)l.seq);
            print_members(l.record);
        }
    }
    buf_free(&out);
    return status;
}

/* --- where --- */

static int find_place(const struct cli_args *a, struct place *p)
{
    *p = (struct place){.directory = a->value[OPT_DIRECTORY]};
    if (a->value[OPT_CONFIG]) {
        struct config_report report = {.text = buf_make(1u << 20)};
        p->config = config_load(a->value[OPT_CONFIG], &report);
        print_safely(buf_slice(&report.text));
        buf_free(&report.text);
        if (!p->config) return CLI_FAILED;
        const struct config_audit *c = &p->config->audit;
        if (!p->directory) p->directory = c->directory;
        if (c->chain_key) p->key = slice_of(c->chain_key, c->chain_key_len);
    }
    if (!p->directory)
        return a->value[OPT_CONFIG] ? cli_wrong("audit", "%s keeps no journal: it has no `audit:` section", a->value[OPT_CONFIG])
                                    : cli_wrong("audit", "which journal? -c FILE or --directory DIR");
    if (a->value[OPT_KEY_FILE] && chain_key_read(AT_FDCWD, a->value[OPT_KEY_FILE], p->key_bytes, &p->key)) {
        fprintf(stderr, "privet audit: %s: cannot be read, or has fewer than %u bytes\n", a->value[OPT_KEY_FILE], CHAIN_KEY_MIN);
        return CLI_FAILED;
    }
    return CLI_GO;
}

int cli_audit(int argc, char **argv)
{
    static const char *const actions[] = {"verify", "tail", "show"};
    struct cli_args a;
    struct place p;
    int status = cli_parse(argc, argv, "verify | tail | show ID", options, &a);
    if (status != CLI_GO) return status;
    if (a.operands == 0) return cli_wrong("audit", "expected `verify`, `tail` or `show ID`");
    const char *action = a.operand[0];
    bool is_show = strcmp(action, "show") == 0;
    if (!is_show && strcmp(action, "verify") != 0 && strcmp(action, "tail") != 0)
        return cli_unknown("audit", "action", action, actions, 3);
    if (a.operands != (is_show ? 2 : 1))
        return cli_wrong("audit", is_show ? "show takes one request id" : "%s takes no operand", action);
    status = find_place(&a, &p);
    if (status == CLI_GO)
        status = is_show          ? show(&p, a.operand[1], a.value[OPT_JSON] != NULL)
                 : *action == 'v' ? verify(&p, a.value[OPT_HEADS])
                                  : tail(&p, a.value[OPT_COUNT], a.value[OPT_JSON] != NULL);
    mem_wipe(p.key_bytes, sizeof p.key_bytes);
    config_free(p.config);
    return status;
}
