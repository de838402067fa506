/* Speed of detection: MB/s of the search over each kind of text and of whole chat bodies made of it (JSON in, findings
 * out), what the triggers let through, the rules that cost most, and what loading costs. Called by detect.py; prints one JSON object.
 *   bench_detect DATA.jsonl [PACK,...] [SECONDS] [SOURCE]
 * DATA: {"source","text"} a line; texts of one source are one corpus, scanned one by one;
 * SOURCE: only sources with this in their name. */
#include "config/rules.h"
#include "filters/screen.h"
#include "filters/text/json.h"
#include "proxy/base/clock.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#define CORPORA 64
#define TOP     (getenv("TOP") ? (size_t)atoi(getenv("TOP")) : 10)

struct corpus {
    char name[64];
    struct slice *text, *body;
    size_t count, room, bytes, body_bytes;
};
static struct corpus corpus[CORPORA];
static size_t corpora;

static uint64_t cpu_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static long peak_kib(void)
{
    struct rusage r;
    (void)getrusage(RUSAGE_SELF, &r);
    return r.ru_maxrss;
}

static void die(const char *what)
{
    fprintf(stderr, "bench_detect: %s\n", what);
    exit(1);
}

static struct corpus *corpus_of(struct slice name)
{
    for (size_t i = 0; i < corpora; i++)
        if (slice_eq(slice_str(corpus[i].name), name)) return &corpus[i];
    if (corpora == CORPORA || name.n >= sizeof corpus[0].name) die("too many sources");
    struct corpus *c = &corpus[corpora++];
    memcpy(c->name, name.p, name.n);
    return c;
}

/* A chat request with the text as its last message. */
static struct slice body_of(struct slice raw)
{
    struct buf b = buf_make(1u << 30);
    enum err e = buf_add(&b, SLICE("{\"model\":\"gpt-4o\",\"stream\":true,\"messages\":[{\"role\":\"system\",\"content\":\"You "
                                   "are a helpful assistant.\"},"
                                   "{\"role\":\"user\",\"content\":\""));
    if (!e) e = buf_add(&b, raw);
    if (!e) e = buf_add(&b, SLICE("\"}]}"));
    if (e) die("memory");
    return buf_slice(&b); /* kept to the end */
}

static void add_text(struct slice source, struct slice raw)
{
    struct corpus *c = corpus_of(source);
    struct buf b = buf_make(1u << 30);
    if (json_unescape(raw, &b) != ERR_OK) die("text");
    if (c->count == c->room) {
        c->room = c->room ? c->room * 2 : 64;
        c->text = realloc(c->text, c->room * sizeof *c->text);
        c->body = realloc(c->body, c->room * sizeof *c->body);
        if (!c->text || !c->body) die("memory");
    }
    c->text[c->count] = buf_slice(&b);
    c->body[c->count] = body_of(raw);
    c->bytes += buf_len(&b);
    c->body_bytes += c->body[c->count++].n;
}

static void load_data(const char *path, const char *only)
{
    FILE *f = fopen(path, "re");
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    struct json_doc d = {0};
    if (!f) die("data cannot be read");
    while ((n = getline(&line, &room, f)) > 0) {
        while (n && (line[n - 1] == '\n')) n--;
        if (json_parse(&d, slice_of(line, (size_t)n), NULL, NULL) != ERR_OK) die("a line is not JSON");
        uint32_t s = json_member(&d, 0, SLICE("source")), t = json_member(&d, 0, SLICE("text"));
        if (s == JSON_NONE || t == JSON_NONE) continue;
        if (only && slice_search(json_raw(&d, s), slice_str(only)) == json_raw(&d, s).n) continue;
        add_text(json_raw(&d, s), json_raw(&d, t));
    }
    free(line);
    json_doc_free(&d);
    fclose(f);
}

static void on_problem(void *arg, const struct rule_def *def, const char *message)
{
    (void)arg;
    fprintf(stderr, "%s: %s\n", def && def->id ? def->id : "rules", message);
}

static struct ruleset *load_rules(const char *list)
{
    char dir[PATH_MAX], path[PATH_MAX], name[PATH_MAX], here[] = "./";
    rules_dir(NULL, dir, sizeof dir);
    struct config c = {.path = here, .filters = {.rules_dir = dir}};
    struct config_report report = {.text = buf_make(1 << 20)};
    struct rule_pack pack = {0};
    struct ruleset *rs = NULL;
    uint64_t t0 = cpu_ns();
    for (const char *p = list; *p;) {
        size_t n = strcspn(p, ",");
        (void)snprintf(name, sizeof name, "%.*s", (int)n, p);
        rule_pack_path(&c, name, path, sizeof path);
        if (n && !rule_pack_load(&pack, path, &report)) {
            fprintf(stderr, "%.*s", (int)buf_len(&report.text), buf_slice(&report.text).p);
            die("a pack cannot be read");
        }
        p += n + (p[n] == ',');
    }
    uint64_t t1 = cpu_ns();
    if (ruleset_build(pack.defs, pack.count, on_problem, NULL, &rs) != ERR_OK) die("the rules cannot be built");
    uint64_t t2 = cpu_ns();
    printf("{\"rules\":%zu,\"read_ms\":%.1f,\"build_ms\":%.1f,\"load_kib\":%ld", pack.count, (double)(t1 - t0) / 1e6,
           (double)(t2 - t1) / 1e6, peak_kib());
    rule_pack_free(&pack);
    return rs;
}

static size_t scan_all(const struct ruleset *rs, struct detect_scratch *s, const struct corpus *c, struct findings *f)
{
    size_t found = 0;
    for (size_t i = 0; i < c->count; i++) {
        f->count = 0;
        if (detect_scan(rs, s, c->text[i], f) != ERR_OK) die("not scanned");
        found += f->count;
    }
    return found;
}

struct screen_all {
    struct screener *screener;
    struct policy *policy;
    const struct endpoint *endpoint;
};

/* What is found is flagged, so that the search is measured and not the rewriting. */
static struct screen_all screen_make(const struct ruleset *rs)
{
    struct policy_def d = {
        .name = "flag", .cls = {ACTION_FLAG, ACTION_FLAG, ACTION_FLAG}, .key = SLICE("0123456789abcdef0123456789abcdef")};
    struct screen_all x = {.screener = screener_new(), .endpoint = endpoint_find(SLICE("/v1/chat/completions"))};
    if (!x.screener || !x.endpoint || policy_build(&d, rs, on_problem, NULL, &x.policy) != ERR_OK) die("screening");
    return x;
}

static double screen_rate(const struct screen_all *x, const struct ruleset *rs, struct detect_scratch *s, const struct corpus *c)
{
    const struct screen_limits lim = {128, 3, 3, 3, NULL};
    uint64_t t0 = cpu_ns();
    for (size_t i = 0; i < c->count; i++) {
        struct screening out;
        if (screen_request(x->screener, s, rs, x->policy, &lim, x->endpoint, c->body[i], &out) != ERR_OK)
            die("a body is not screened");
        screening_free(&out);
    }
    return (double)c->body_bytes * 1e3 / (double)(cpu_ns() - t0);
}

static const struct detect_rule_stats *sort_by;
static int by_cycles(const void *a, const void *b)
{
    uint64_t x = sort_by[*(const size_t *)a].cycles, y = sort_by[*(const size_t *)b].cycles;
    return (x < y) - (x > y);
}

static void print_costly(const struct ruleset *rs, const struct detect_rule_stats *rule, double mb)
{
    size_t n = ruleset_count(rs), *order = malloc((n + 1) * sizeof *order);
    if (!order) die("memory");
    for (size_t i = 0; i < n; i++) order[i] = i;
    sort_by = rule;
    qsort(order, n, sizeof *order, by_cycles);
    printf(",\"costly\":[");
    for (size_t i = 0; i < TOP && i < n; i++) {
        const struct detect_rule_stats *r = &rule[order[i]];
        printf("%s{\"rule\":\"%s\",\"tries_mb\":%.1f,\"matches_mb\":%.2f,\"cycles_kb\":%.1f}", i ? "," : "",
               ruleset_rule(rs, order[i])->id, (double)r->tries / mb, (double)r->matches / mb, (double)r->cycles / mb / 1e3);
    }
    printf("]");
    free(order);
}

static void measure(const struct ruleset *rs, struct detect_scratch *s, const struct screen_all *x, const struct corpus *c,
                    double seconds, struct detect_rule_stats *all)
{
    struct findings f = {0};
    struct detect_stats st = {.rule = all};
    (void)scan_all(rs, s, c, &f); /* what is cold would be laid to the rules that come first */
    detect_scratch_stats(s, &st);
    size_t found = scan_all(rs, s, c, &f);
    detect_scratch_stats(s, NULL);
    struct detect_stats body = {0};
    detect_scratch_stats(s, &body);
    (void)screen_rate(x, rs, s, c);
    detect_scratch_stats(s, NULL);
    double best = 0, best_body = 0, mb = (double)c->bytes / 1e6;
    uint64_t end = clock_mono_ns() + (uint64_t)(seconds * 1e9);
    do {
        uint64_t t0 = cpu_ns();
        (void)scan_all(rs, s, c, &f);
        double rate = (double)c->bytes * 1e3 / (double)(cpu_ns() - t0);
        if (rate > best) best = rate;
        rate = getenv("SEARCH_ONLY") ? 0 : screen_rate(x, rs, s, c);
        if (rate > best_body) best_body = rate;
    } while (clock_mono_ns() < end);
    printf("{\"corpus\":\"%s\",\"bytes\":%zu,\"texts\":%zu,\"mb_s\":%.0f,\"body_mb_s\":%.0f,\"body_share\":%.2f,\"found\":%zu,"
           "\"keywords_mb\":%.0f,\"structural_mb\":%.0f,\"tries_mb\":%.0f,\"context\":%.2f}",
           c->name, c->bytes, c->count, best, best_body, (double)body.bytes / (double)c->body_bytes, found,
           (double)st.keyword_hits / mb, (double)st.structural_hits / mb, (double)st.tries / mb,
           (double)st.context_bytes / (double)c->bytes);
    findings_free(&f);
}

int main(int argc, char **argv)
{
    mem_install_hooks();
    if (argc < 2) die("usage: bench_detect DATA.jsonl [PACK,...] [SECONDS] [SOURCE]");
    struct ruleset *rs = load_rules(argc > 2 ? argv[2] : "secrets,pii,injection");
    load_data(argv[1], argc > 4 ? argv[4] : NULL);
    double seconds = argc > 3 ? atof(argv[3]) : 1.0, mb = 0;
    struct detect_scratch *s = detect_scratch_new();
    struct detect_rule_stats *all = calloc(ruleset_count(rs) + 1, sizeof *all);
    if (!s || !all) die("memory");
    struct screen_all x = screen_make(rs);
    printf(",\"corpora\":[");
    for (size_t i = 0; i < corpora; i++) {
        printf("%s\n", i ? "," : "");
        measure(rs, s, &x, &corpus[i], seconds, all);
        mb += (double)corpus[i].bytes / 1e6;
    }
    printf("\n]");
    print_costly(rs, all, mb);
    printf("}\n");
    free(all);
    screener_free(x.screener);
    policy_free(x.policy);
    detect_scratch_free(s);
    ruleset_free(rs);
    return 0;
}
