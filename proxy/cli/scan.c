/* privet scan: finds secrets and personal data in files, standard input or labelled JSON lines, and says where they are,
 * never what they are; or shows or does what a policy would do about them. Memory is bounded: a file is read in pieces. */
#include "config/rules.h"
#include "filters/screen.h"
#include "filters/text/json.h"
#include "proxy/cli/cli.h"
#include "proxy/snapshot.h"

#include <errno.h>
#include <limits.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>

#define PIECE          (4u * 1024 * 1024)   /* of a file, scanned at once */
#define OVERLAP        (64u * 1024)         /* of the piece that is scanned again with the next: twice the longest value */
#define LINE_MAX_BYTES (256u * 1024 * 1024) /* of a JSON line */

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_JSONL };

struct scan {
    struct snapshot *snapshot; /* with -c */
    struct ruleset *own_rules; /* without */
    struct policy *own_policy;
    const struct ruleset *rules;
    const struct policy *policy;
    struct screen_limits limits;
    struct screener *screener;
    struct detect_scratch *scratch;
    struct findings spans;
    struct vault *vault; /* of the file or record at hand: what got a placeholder in it */
    struct buf out;
    enum format format;
    bool redact, diff, body;
    bool failed; /* something could not be read or scanned */
    uint64_t found;
    uint64_t printed; /* elements of a JSON array */
};

static void fail(struct scan *s, const char *name, const char *why)
{
    fprintf(stderr, "privet scan: %s: %s\n", name, why);
    s->failed = true;
}

/* What is in s->out goes to standard output. */
static void flush(struct scan *s)
{
    struct slice o = buf_slice(&s->out);
    if (o.n && fwrite(o.p, 1, o.n, stdout) != o.n) s->failed = true;
    buf_truncate(&s->out, 0);
}

static void put(struct scan *s, struct slice text)
{
    if (buf_len(&s->out) > PIECE) flush(s);
    if (buf_add(&s->out, text) != ERR_OK) s->failed = true;
}

static void put_str(struct scan *s, const char *text) { put(s, slice_str(text)); }

/* A word and the number behind it. */
static void put_number(struct scan *s, const char *before, uint64_t v)
{
    put_str(s, before);
    if (buf_add_u64(&s->out, v) != ERR_OK) s->failed = true;
}

static void put_json(struct scan *s, struct slice text)
{
    put_str(s, "\"");
    if (json_escape(text, &s->out) != ERR_OK) put_str(s, "?"); /* a file's name that is no UTF-8 */
    put_str(s, "\"");
}

/* --- findings as lines */

struct place {
    const char *file;
    uint64_t base; /* bytes of the file before this piece */
    uint64_t line; /* of the piece's first byte, from 1 */
    uint64_t col;  /* bytes of that line before the piece */
};

/* Moves p over text. */
static void advance(struct place *p, struct slice text)
{
    for (size_t i = 0; i < text.n;) {
        const char *nl = memchr(text.p + i, '\n', text.n - i);
        if (!nl) {
            p->col += text.n - i;
            break;
        }
        p->line++;
        p->col = 0;
        i = (size_t)(nl - text.p) + 1;
    }
    p->base += text.n;
}

static void print_finding(struct scan *s, const struct place *at, const struct finding *f)
{
    const struct rule *r = ruleset_rule(s->rules, f->rule);
    if (s->format == FORMAT_TEXT) {
        put_str(s, at->file);
        put_number(s, ":", at->line);
        put_number(s, ":", at->col + 1);
        put_str(s, ": ");
        put_str(s, r->id);
        put_str(s, " ");
        put_str(s, r->type);
        put_str(s, "\n");
        return;
    }
    put_str(s, s->printed++ ? ",\n {\"file\":" : "[\n {\"file\":");
    put_json(s, slice_str(at->file));
    put_number(s, ",\"line\":", at->line);
    put_number(s, ",\"column\":", at->col + 1);
    put_number(s, ",\"start\":", at->base);
    put_number(s, ",\"end\":", at->base + (f->end - f->start));
    put_str(s, ",\"rule\":");
    put_json(s, slice_str(r->id));
    put_str(s, ",\"type\":");
    put_json(s, slice_str(r->type));
    put_str(s, "}");
}

static void print_findings(struct scan *s, struct place at, struct slice text)
{
    size_t done = 0;
    for (size_t i = 0; i < s->spans.count; i++) {
        const struct finding *f = &s->spans.v[i];
        advance(&at, slice_of(text.p + done, f->start - done));
        done = f->start;
        print_finding(s, &at, f);
    }
}

/* --- what a policy would change */

/* Which file, and under which policy; the line goes on. */
static void put_file(struct scan *s, const char *name)
{
    put_str(s, "--- ");
    put_str(s, name);
    put_str(s, "\n+++ ");
    put_str(s, name);
    put_str(s, " under policy ");
    put_str(s, policy_name(s->policy));
    if (policy_observes(s->policy)) put_str(s, " (which only observes)");
}

static void put_lines(struct scan *s, char mark, struct slice text)
{
    while (text.n) {
        const char *nl = memchr(text.p, '\n', text.n);
        size_t n = nl ? (size_t)(nl - text.p) : text.n;
        put(s, slice_of(&mark, 1));
        put(s, slice_of(text.p, n));
        put_str(s, "\n");
        if (!nl) return;
        text = slice_of(text.p + n + 1, text.n - n - 1);
    }
}

/* Lines as they are and as they would be; under one mark if nothing changes. */
static void put_change(struct scan *s, struct slice old, struct slice new)
{
    bool same = slice_eq(old, new);
    put_lines(s, same ? ' ' : '-', old);
    if (!same) put_lines(s, '+', new);
}

/* One hunk: the lines that findings [from, to) stand in, and as the policy would send them. */
static void put_hunk(struct scan *s, struct place at, struct slice lines, size_t lines_at, size_t from, size_t to)
{
    struct findings part = {0};
    struct buf new = buf_make(8 * PIECE);
    enum err e = ERR_OK;
    put_number(s, "@@ ", at.line);
    put_str(s, " @@");
    for (size_t i = from; i < to && !e; i++) {
        struct finding f = s->spans.v[i];
        put_str(s, i == from ? " " : ", ");
        put_str(s, ruleset_rule(s->rules, f.rule)->id);
        put_str(s, " ");
        put_str(s, action_row(policy_action(s->policy, f.rule))->name);
        f.start -= (uint32_t)lines_at;
        f.end -= (uint32_t)lines_at;
        e = findings_add(&part, f);
    }
    put_str(s, "\n");
    if (!e) e = screen_redact(s->screener, s->rules, s->policy, lines, &part, &s->vault, &new);
    if (e) fail(s, at.file, err_name(e));
    else put_change(s, lines, buf_slice(&new));
    findings_free(&part);
    buf_free(&new);
}

static void print_diff(struct scan *s, struct place at, struct slice text)
{
    size_t done = 0;
    for (size_t i = 0; i < s->spans.count;) {
        const struct finding *v = s->spans.v;
        size_t from = v[i].start, to = v[i].end, k = i + 1;
        while (from > 0 && text.p[from - 1] != '\n') from--;
        for (;; k++) {
            while (to < text.n && text.p[to] != '\n') to++;
            if (k >= s->spans.count || v[k].start >= to) break;
            if (v[k].end > to) to = v[k].end;
        }
        advance(&at, slice_of(text.p + done, from - done));
        done = from;
        put_hunk(s, at, slice_of(text.p + from, to - from), from, i, k);
        i = k;
    }
}

/* --- files */

static void drop_vault(struct scan *s)
{
    vault_free(s->vault);
    s->vault = NULL;
}

static void keep_before(struct findings *f, size_t *cut)
{
    size_t n = 0;
    for (size_t i = 0; i < f->count && f->v[i].start < *cut; i++) {
        if (f->v[i].end > *cut) *cut = f->v[i].end;
        n++;
    }
    f->count = n;
}

/* Scans what is in `in`, tells of the part that is certain, and consumes it. */
static bool scan_piece(struct scan *s, struct place *at, struct buf *in, bool last)
{
    struct slice text = buf_slice(in);
    s->spans.count = 0;
    enum err e = screen_text(s->screener, s->scratch, s->rules, &s->limits, text, &s->spans);
    size_t cut = text.n;
    if (!e && !last) {
        cut = text.n - OVERLAP;
        while (cut > OVERLAP && text.p[cut - 1] != '\n') cut--;
        if (cut == OVERLAP) cut = text.n - OVERLAP;
        keep_before(&s->spans, &cut);
    }
    struct slice done = slice_of(text.p, cut);
    s->found += s->spans.count;
    if (!e && s->redact) e = screen_redact(s->screener, s->rules, s->policy, done, &s->spans, &s->vault, &s->out);
    else if (!e && s->diff) print_diff(s, *at, done);
    else if (!e) print_findings(s, *at, done);
    if (e) {
        fail(s, at->file, err_name(e));
        return false;
    }
    flush(s);
    advance(at, done);
    buf_consume(in, cut);
    return true;
}

static void scan_file(struct scan *s, FILE *f, const char *name)
{
    struct buf in = buf_make(PIECE + OVERLAP);
    struct place at = {name, 0, 1, 0};
    if (s->diff) {
        put_file(s, name);
        put_str(s, "\n");
    }
    for (bool last = false; !last;) {
        while (buf_len(&in) < PIECE && !last) {
            if (buf_reserve(&in, PIECE - buf_len(&in)) != ERR_OK) {
                fail(s, name, err_name(ERR_MEMORY));
                goto done;
            }
            size_t n = fread(buf_tail(&in), 1, PIECE - buf_len(&in), f);
            buf_commit(&in, n);
            last = n == 0;
        }
        if (!scan_piece(s, &at, &in, last)) break;
    }
    if (ferror(f)) fail(s, name, "cannot be read");
done:
    drop_vault(s);
    buf_free(&in);
}

/* --- request bodies */

static void put_counts(struct scan *s, const struct screening *r)
{
    for (size_t i = 0; i < r->count_rows; i++) {
        put_str(s, i ? ", " : "@@ ");
        put_str(s, ruleset_rule(s->rules, r->counts[i].rule)->id);
        put_str(s, " ");
        put_str(s, action_row((enum action)r->counts[i].action)->name);
        put_number(s, " ", r->counts[i].count);
        s->found += r->counts[i].count;
    }
    if (r->fold.tags) put_number(s, r->count_rows ? ", tag characters " : "@@ tag characters ", r->fold.tags);
    if (r->count_rows || r->fold.tags) put_str(s, " @@\n");
}

/* No value in JSON has a line end in it, so lines stay side by side. */
static void put_body_lines(struct scan *s, struct slice old, struct slice new)
{
    while (old.n || new.n) {
        size_t a = slice_find(old, '\n'), b = slice_find(new, '\n');
        if (!slice_eq(slice_of(old.p, a), slice_of(new.p, b))) put_change(s, slice_of(old.p, a), slice_of(new.p, b));
        a += a < old.n;
        b += b < new.n;
        old = slice_of(old.p + a, old.n - a);
        new = slice_of(new.p + b, new.n - b);
    }
}

static void print_body(struct scan *s, const char *name, struct slice body, const struct screening *r)
{
    put_file(s, name);
    put_str(s, r->error ? ": refused, " : r->reroute ? ": sent to the sensitive target" : ": sent");
    if (r->error) put_str(s, err_name(r->error));
    put_str(s, ", injection ");
    put_str(s, injection_name(r->injection));
    put_str(s, "\n");
    put_counts(s, r);
    if (!r->error && r->changed) put_body_lines(s, body, buf_slice(&r->body));
}

/* A file that is one request's body: what the proxy would do with it, to the byte. */
static void scan_body(struct scan *s, FILE *f, const char *name)
{
    struct buf in = buf_make(LINE_MAX_BYTES);
    struct screening r = {0};
    size_t n = 1;
    while (n && !s->failed) {
        if (buf_reserve(&in, PIECE) != ERR_OK) fail(s, name, err_name(ERR_BODY_TOO_LARGE));
        else buf_commit(&in, n = fread(buf_tail(&in), 1, PIECE, f));
    }
    if (ferror(f)) fail(s, name, "cannot be read");
    struct slice body = buf_slice(&in);
    const struct endpoint *chat = endpoint_find(SLICE("/v1/chat/completions"));
    if (!s->failed) {
        enum err e = screen_request(s->screener, s->scratch, s->rules, s->policy, &s->limits, chat, body, &r);
        if (e && e != ERR_BLOCKED && e != ERR_OPAQUE) fail(s, name, err_name(e));
        else if (s->diff) print_body(s, name, body, &r);
        else if (e) fail(s, name, err_name(e));
        else put(s, r.changed ? buf_slice(&r.body) : body);
    }
    flush(s);
    screening_free(&r);
    buf_free(&in);
}

/* --- JSON lines */

static void put_spans(struct scan *s)
{
    put_str(s, "\"spans\":[");
    for (size_t i = 0; i < s->spans.count; i++) {
        const struct finding *f = &s->spans.v[i];
        const struct rule *r = ruleset_rule(s->rules, f->rule);
        put_number(s, i ? ",{\"start\":" : "{\"start\":", f->start);
        put_number(s, ",\"end\":", f->end);
        put_str(s, ",\"type\":");
        put_json(s, slice_str(r->type));
        put_str(s, ",\"rule\":");
        put_json(s, slice_str(r->id));
        put_str(s, "}");
    }
    put_str(s, "]");
}

/* The id as it stands in the line, quotes and all. */
static void put_id(struct scan *s, const struct json_doc *d)
{
    uint32_t id = json_member(d, 0, SLICE("id"));
    put_str(s, "{\"id\":");
    if (id == JSON_NONE) put_str(s, "null");
    else if (d->node[id].type == JSON_STRING) put(s, slice_of(json_raw(d, id).p - 1, json_raw(d, id).n + 2));
    else put(s, json_raw(d, id));
    put_str(s, ",");
}

static enum err scan_record(struct scan *s, const struct json_doc *d, struct buf *text, struct buf *rewritten)
{
    if (d->node[0].type != JSON_OBJECT) return ERR_SHAPE;
    uint32_t t = json_member(d, 0, SLICE("text"));
    if (t == JSON_NONE || d->node[t].type != JSON_STRING) return ERR_SHAPE;
    s->spans.count = 0;
    enum err e = json_unescape(json_raw(d, t), text);
    if (!e) e = screen_text(s->screener, s->scratch, s->rules, &s->limits, buf_slice(text), &s->spans);
    if (!e && s->redact) e = screen_redact(s->screener, s->rules, s->policy, buf_slice(text), &s->spans, &s->vault, rewritten);
    drop_vault(s);
    if (e) return e;
    s->found += s->spans.count;
    put_id(s, d);
    if (s->redact) {
        put_str(s, "\"text\":");
        put_json(s, buf_slice(rewritten));
        put_str(s, ",");
    }
    put_spans(s);
    put_str(s, "}\n");
    return ERR_OK;
}

static void scan_lines(struct scan *s, FILE *f, const char *name)
{
    char *line = NULL, where[PATH_MAX + 32];
    size_t room = 0;
    ssize_t n;
    struct json_doc d = {0};
    struct json_limits lim = {.max_depth = s->limits.json_depth};
    struct buf text = buf_make(LINE_MAX_BYTES), rewritten = buf_make(LINE_MAX_BYTES);
    for (uint64_t number = 1; (n = getline(&line, &room, f)) > 0; number++) {
        while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r')) n--;
        if (!n) continue;
        buf_truncate(&text, 0);
        buf_truncate(&rewritten, 0);
        size_t at = 0;
        enum err e = (size_t)n > LINE_MAX_BYTES ? ERR_LIMIT : json_parse(&d, slice_of(line, (size_t)n), &lim, &at);
        if (!e) e = scan_record(s, &d, &text, &rewritten);
        if (!e) continue;
        (void)snprintf(where, sizeof where, "%s:%llu", name, (unsigned long long)number);
        fail(s, where, e == ERR_SHAPE ? "not an object with a string \"text\"" : err_name(e));
    }
    if (ferror(f)) fail(s, name, "cannot be read");
    if (line) mem_wipe(line, room);
    free(line);
    json_doc_free(&d);
    buf_free(&text);
    buf_free(&rewritten);
    flush(s);
}

/* --- set-up */

enum { OPT_CONFIG, OPT_RULES, OPT_FORMAT, OPT_REDACT, OPT_POLICY, OPT_DIFF, OPT_BODY, OPT_EXIT };

static const struct cli_option options[] = {
    {"--config", "-c", "FILE", "rules, dictionaries and policies of a configuration"},
    {"--rules", NULL, "PACK,...", "packs by name or path; default secrets,pii,injection"},
    {"--format", "-f", "FORMAT", "text (default): FILE:LINE:COL: rule type; json; jsonl: {\"id\",\"text\"} a line in, spans out"},
    {"--redact", NULL, NULL, "write the text as the policy would send it"},
    {"--policy", NULL, "NAME", "the configuration's policy for --redact and --diff; default `default`"},
    {"--diff", NULL, NULL, "show what the policy would change, line by line, values and all: it is your own file"},
    {"--body", NULL, NULL, "a FILE is the body of one chat request: with --diff or --redact, exactly what the proxy would do"},
    {"--exit-code", NULL, "N", "status when something is found; default 1 when listing, 0 for jsonl, --redact and --diff"},
    {0},
};

static void on_problem(void *arg, const struct rule_def *def, const char *message)
{
    (void)arg;
    if (def)
        fprintf(stderr, "%s:%u: rule `%s`: %s\n", def->file ? def->file : "rules", def->line, def->id ? def->id : "?", message);
    else fprintf(stderr, "privet scan: %s\n", message);
}

/* Rules without a configuration: packs from the shipped directory, and paths. */
static bool load_packs(struct scan *s, const char *list)
{
    char dir[PATH_MAX], path[PATH_MAX], name[PATH_MAX], here[] = "./";
    rules_dir(NULL, dir, sizeof dir);
    struct config c = {.path = here, .filters = {.rules_dir = dir}};
    struct config_report report = {.text = buf_make(1024 * 1024)};
    struct rule_pack pack = {0};
    bool ok = true;
    for (const char *p = list; *p;) {
        size_t n = strcspn(p, ",");
        (void)snprintf(name, sizeof name, "%.*s", (int)n, p);
        rule_pack_path(&c, name, path, sizeof path);
        if (n && !rule_pack_load(&pack, path, &report)) ok = false;
        p += n + (p[n] == ',');
    }
    struct slice r = buf_slice(&report.text);
    if (r.n) (void)fwrite(r.p, 1, r.n, stderr);
    if (ok) ok = ruleset_build(pack.defs, pack.count, on_problem, NULL, &s->own_rules) == ERR_OK;
    s->rules = s->own_rules;
    rule_pack_free(&pack);
    buf_free(&report.text);
    return ok;
}

/* A policy without a configuration: what is found is redacted. */
static bool plain_policy(struct scan *s)
{
    unsigned char key[32];
    struct policy_def d = {
        .name = "redact", .cls = {ACTION_REDACT, ACTION_REDACT, ACTION_FLAG}, .key = slice_of(key, sizeof key)};
    bool ok = RAND_bytes(key, sizeof key) == 1 && policy_build(&d, s->rules, on_problem, NULL, &s->own_policy) == ERR_OK;
    mem_wipe(key, sizeof key);
    s->policy = s->own_policy;
    return ok;
}

static bool load_config(struct scan *s, const char *path, const char *policy)
{
    struct buf report = buf_make(1024 * 1024);
    s->snapshot = snapshot_load(path, &report);
    struct slice r = buf_slice(&report);
    if (r.n) (void)fwrite(r.p, 1, r.n, stderr);
    buf_free(&report);
    if (!s->snapshot) return false;
    const struct config *c = s->snapshot->config;
    int i = config_policy_index(c, policy);
    if (i < 0) {
        fprintf(stderr, "privet scan: %s has no policy `%s`\n", path, policy);
        return false;
    }
    s->policy = s->snapshot->policies[i];
    s->rules = s->snapshot->rules;
    s->limits = (struct screen_limits){c->limits.json_depth, c->filters.decode_base64, c->filters.decode_hex,
                                       c->filters.decode_percent, NULL};
    return true;
}

static bool set_up(struct scan *s, const struct cli_args *a)
{
    s->limits = (struct screen_limits){128, 3, 3, 3, NULL};
    s->out = buf_make(LINE_MAX_BYTES);
    s->screener = screener_new();
    s->scratch = detect_scratch_new();
    if (!s->screener || !s->scratch) return false;
    const char *policy = a->value[OPT_POLICY] ? a->value[OPT_POLICY] : "default";
    if (a->value[OPT_CONFIG]) return load_config(s, a->value[OPT_CONFIG], policy);
    return load_packs(s, a->value[OPT_RULES] ? a->value[OPT_RULES] : "secrets,pii,injection") && plain_policy(s);
}

static void tear_down(struct scan *s)
{
    findings_free(&s->spans);
    buf_free(&s->out);
    screener_free(s->screener);
    detect_scratch_free(s->scratch);
    policy_free(s->own_policy);
    if (s->snapshot) snapshot_unref(s->snapshot);
    ruleset_free(s->own_rules);
}

static int check_options(struct scan *s, const struct cli_args *a, int *exit_code)
{
    static const char *const formats[] = {"text", "json", "jsonl"};
    const char *f = a->value[OPT_FORMAT] ? a->value[OPT_FORMAT] : "text";
    size_t i = 0;
    while (i < 3 && strcmp(f, formats[i])) i++;
    if (i == 3) return cli_unknown("scan", "format", f, formats, 3);
    s->format = (enum format)i;
    s->redact = a->value[OPT_REDACT] != NULL;
    s->diff = a->value[OPT_DIFF] != NULL;
    s->body = a->value[OPT_BODY] != NULL;
    if (s->body && !s->redact && !s->diff) return cli_wrong("scan", "--body goes with --diff or --redact");
    if (s->body && s->format != FORMAT_TEXT) return cli_wrong("scan", "--body has no other format");
    if (s->redact && s->diff) return cli_wrong("scan", "--redact or --diff, not both");
    if (s->diff && s->format != FORMAT_TEXT) return cli_wrong("scan", "--diff has a format of its own");
    if (s->redact && s->format == FORMAT_JSON) return cli_wrong("scan", "--redact goes with text or jsonl");
    if (a->value[OPT_CONFIG] && a->value[OPT_RULES]) return cli_wrong("scan", "the rules come from -c or from --rules");
    if (a->value[OPT_POLICY] && !a->value[OPT_CONFIG])
        return cli_wrong("scan", "--policy needs the configuration it is in: -c FILE");
    *exit_code = s->redact || s->diff || s->format == FORMAT_JSONL ? 0 : 1;
    uint64_t n;
    if (a->value[OPT_EXIT]) {
        if (!slice_u64(slice_str(a->value[OPT_EXIT]), 255, &n)) return cli_wrong("scan", "--exit-code takes 0 to 255");
        *exit_code = (int)n;
    }
    return CLI_GO;
}

static void scan_operand(struct scan *s, const char *name)
{
    bool standard = strcmp(name, "-") == 0;
    FILE *f = standard ? stdin : fopen(name, "re");
    if (!f) {
        fail(s, name, strerror(errno));
        return;
    }
    if (s->format == FORMAT_JSONL) scan_lines(s, f, standard ? "stdin" : name);
    else if (s->body) scan_body(s, f, standard ? "stdin" : name);
    else scan_file(s, f, standard ? "stdin" : name);
    if (!standard) fclose(f);
}

int cli_scan(int argc, char **argv)
{
    struct cli_args a;
    struct scan s = {0};
    int exit_code = 0, status = cli_parse(argc, argv, "[FILE...]", options, &a);
    if (status == CLI_GO) status = check_options(&s, &a, &exit_code);
    if (status != CLI_GO) return status;
    if (!set_up(&s, &a)) {
        tear_down(&s);
        return CLI_FAILED;
    }
    for (int i = 0; i < a.operands; i++) scan_operand(&s, a.operand[i]);
    if (!a.operands) scan_operand(&s, "-");
    if (s.format == FORMAT_JSON) put_str(&s, s.printed ? "\n]\n" : "[]\n");
    flush(&s);
    if (fflush(stdout) != 0) s.failed = true;
    tear_down(&s);
    return s.failed ? CLI_FAILED : s.found ? exit_code : CLI_OK;
}
