/* Builds everything one configuration asks for, or nothing; counts who uses it.
 * Every mistake of every part goes into one report, so that an operator sees them all in one run. */
#include "proxy/snapshot.h"
#include "config/rules.h"
#include "filters/api/refusal.h"
#include "filters/detect/rules.h"
#include "proxy/detector.h"
#include "proxy/net/tls.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>

#define DICTIONARY_MAX (1024u * 1024 * 1024)

static _Atomic uint64_t numbers;

struct build {
    struct config *config;
    struct snapshot *snap;
    struct config_report report;
    bool failed;
};

static void complain(struct build *b, struct config_pos pos, const char *what, const char *name, const char *why)
{
    config_report_add(&b->report, b->config->path, pos, "%s `%s`: %s", what, name, why);
    b->failed = true;
}

static void on_rule_problem(void *arg, const struct rule_def *def, const char *message)
{
    struct build *b = arg;
    struct config_pos pos = {def ? def->line : 0, def && def->line ? 1 : 0};
    b->failed = true;
    if (def) config_report_add(&b->report, def->file ? def->file : b->config->path, pos, "rule `%s`: %s", def->id, message);
    else config_report_add(&b->report, b->config->path, pos, "%s", message);
}

/* A whole file, for dictionaries. */
static bool read_file(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "re");
    bool ok = f != NULL;
    while (ok) {
        if (buf_reserve(out, 65536) != ERR_OK) {
            ok = false;
            break;
        }
        size_t n = fread(buf_tail(out), 1, 65536, f);
        buf_commit(out, n);
        if (n == 0) {
            ok = !ferror(f);
            break;
        }
    }
    if (f) fclose(f);
    return ok;
}

static void build_dictionaries(struct build *b)
{
    const struct config *c = b->config;
    for (size_t i = 0; i < c->filters.dictionary_count && !b->failed; i++) {
        const struct config_dictionary *d = &c->filters.dictionaries[i];
        struct buf text = buf_make(DICTIONARY_MAX);
        if (!read_file(d->file ? d->file : d->hashed, &text)) {
            complain(b, d->pos, "dictionary", d->name, "the file cannot be read");
        } else {
            struct dictionary_def def = {.name = d->name};
            if (d->file) def.terms = buf_slice(&text);
            else def.fingerprints = buf_slice(&text);
            def.key = slice_of(d->key, d->key_len);
            if (ruleset_add_dictionary(b->snap->rules, &def, on_rule_problem, b) != ERR_OK && !b->failed)
                complain(b, d->pos, "dictionary", d->name, "it cannot be built");
        }
        buf_free(&text);
    }
}

static void build_detectors(struct build *b)
{
    const struct config *c = b->config;
    if (!c->filters.detector_count) return;
    b->snap->detectors = mem_zalloc(c->filters.detector_count * sizeof *b->snap->detectors);
    if (!b->snap->detectors) b->failed = true;
    for (size_t i = 0; i < c->filters.detector_count && b->snap->detectors; i++) {
        const struct config_detector *d = &c->filters.detectors[i];
        const char *why = "";
        b->snap->detector_count = i + 1;
        if (!detector_build(&b->snap->detectors[i], d, b->snap->rules, &why))
            complain(b, d->http.pos, "detector", d->http.name, why);
    }
}

static void build_rules(struct build *b)
{
    struct rule_pack pack = {0};
    char path[4096];
    for (size_t i = 0; i < b->config->filters.packs.n; i++) {
        rule_pack_path(b->config, b->config->filters.packs.v[i], path, sizeof path);
        if (!rule_pack_load(&pack, path, &b->report)) b->failed = true;
    }
    if (!b->failed && ruleset_build(pack.defs, pack.count, on_rule_problem, b, &b->snap->rules) != ERR_OK && !b->failed)
        complain(b, (struct config_pos){0, 0}, "filters", "packs", "the rules cannot be built");
    if (!b->failed) build_dictionaries(b);
    if (!b->failed) build_detectors(b);
    rule_pack_free(&pack);

    struct refusal_pack refusals = {0};
    rule_pack_path(b->config, "refusals", path, sizeof path);
    if (!refusal_pack_load(&refusals, path, &b->report)) b->failed = true;
    if (!b->failed && refusals_build(refusals.defs, refusals.count, &b->snap->refusals) != ERR_OK)
        complain(b, (struct config_pos){0, 0}, "pack", "refusals", "the patterns cannot be built");
    refusal_pack_free(&refusals);
}

/* The key for hashes and surrogates. Bound to the audit chain key where there is one, so that it outlives restarts and
 * is the same on every instance that shares it; else random for this process. */
static bool policy_secret(const struct config *c, unsigned char out[32])
{
    static unsigned char random_key[32];
    static bool made;
    static const char label[] = "privet policy key v1";
    unsigned n = 32;
    if (c->audit.chain_key_len) {
        return HMAC(EVP_sha256(), c->audit.chain_key, (int)c->audit.chain_key_len, (const unsigned char *)label, sizeof label - 1,
                    out, &n) != NULL;
    }
    if (!made && getrandom(random_key, sizeof random_key, 0) == sizeof random_key) made = true;
    memcpy(out, random_key, 32);
    return made; /* a key of zeros would let anybody undo hashes by trying */
}

static void build_policy(struct build *b, const struct config_policy *c, struct policy **out, struct slice key)
{
    struct policy_rule_def *rules = mem_zalloc(c->rule_count * sizeof *rules);
    if (!rules) {
        b->failed = true;
        return;
    }
    for (size_t i = 0; i < c->rule_count; i++) {
        rules[i].rule = c->rules[i].rule;
        rules[i].action = action_find(slice_str(c->rules[i].action));
        if (rules[i].action == ACTION_COUNT)
            complain(b, c->rules[i].pos, "action", c->rules[i].action, "there is none of this name");
    }
    struct policy_def d = {
        .name = c->name,
        .observe = c->observe,
        .cls = {action_find(slice_str(c->secrets)), action_find(slice_str(c->pii)), action_find(slice_str(c->injection))},
        .injection = {ACTION_ALLOW, action_find(slice_str(c->injection_low)), action_find(slice_str(c->injection_medium)),
                      action_find(slice_str(c->injection_high))},
        .rules = rules,
        .rule_count = c->rule_count,
        .allow = (const char *const *)c->allow.v,
        .allow_count = c->allow.n,
        .dictionaries = (const char *const *)c->dictionaries.v,
        .dictionary_count = c->dictionaries.n,
        .opaque_block = strcmp(c->opaque, "block") == 0,
        .restore_text = c->restore_text,
        .restore_tool_arguments = c->restore_tool_arguments,
        .never_tools = (const char *const *)c->never_tools.v,
        .never_tool_count = c->never_tools.n,
        .key = key,
    };
    for (int i = 0; i < 3; i++)
        if (d.cls[i] == ACTION_COUNT) complain(b, c->pos, "policy", c->name, "an action has no known name");
    if (!b->failed && policy_build(&d, b->snap->rules, on_rule_problem, b, out) != ERR_OK && !b->failed)
        complain(b, c->pos, "policy", c->name, "it cannot be built");
    mem_free(rules);
}

static void build_policies(struct build *b)
{
    unsigned char key[32];
    if (!policy_secret(b->config, key)) complain(b, (struct config_pos){0, 0}, "policies", "key", "no key can be made");
    b->snap->policies = mem_zalloc(b->config->policy_count * sizeof *b->snap->policies);
    if (!b->snap->policies) b->failed = true;
    for (size_t i = 0; i < b->config->policy_count && b->snap->policies; i++) {
        b->snap->policy_count = i + 1;
        build_policy(b, &b->config->policies[i], &b->snap->policies[i], slice_of(key, sizeof key));
    }
    OPENSSL_cleanse(key, sizeof key);
}

static void build_listeners(struct build *b)
{
    const struct config *c = b->config;
    b->snap->listener_tls = mem_zalloc(c->listener_count * sizeof *b->snap->listener_tls);
    if (!b->snap->listener_tls) b->failed = true;
    for (size_t i = 0; i < c->listener_count && b->snap->listener_tls; i++) {
        const struct config_listener *l = &c->listeners[i];
        const char *why = NULL;
        b->snap->listener_count = i + 1;
        if (!l->tls) continue;
        struct tls_server_opts o = {l->certificate, l->key, l->client_ca, l->min_version == 13 ? TLS1_3_VERSION : TLS1_2_VERSION};
        b->snap->listener_tls[i] = tls_server_ctx(&o, &why);
        if (!b->snap->listener_tls[i]) complain(b, l->pos, "listener", l->address, why ? why : "TLS cannot be set up");
    }
}

static void snapshot_free(struct snapshot *s)
{
    for (size_t i = 0; i < s->policy_count; i++) policy_free(s->policies[i]);
    for (size_t i = 0; i < s->listener_count; i++) SSL_CTX_free(s->listener_tls[i]);
    for (size_t i = 0; i < s->detector_count; i++) detector_clear(&s->detectors[i]);
    mem_free(s->detectors);
    mem_free(s->policies);
    mem_free(s->listener_tls);
    routes_free(s->routes);
    refusals_free(s->refusals);
    ruleset_free(s->rules);
    if (s->config) config_free(s->config);
    mem_free(s);
}

struct snapshot *snapshot_load(const char *path, struct buf *report)
{
    struct build b = {.report.text = buf_make(1024 * 1024)};
    b.snap = mem_zalloc(sizeof *b.snap);
    if (!b.snap) return NULL;
    atomic_init(&b.snap->refs, 1);
    b.config = b.snap->config = config_load(path, &b.report);
    if (!b.config) {
        b.failed = true;
    } else {
        build_rules(&b);
        if (b.snap->rules) build_policies(&b);
        build_listeners(&b);
        const char *why = NULL;
        b.snap->routes = routes_build(b.config, &why);
        if (!b.snap->routes) complain(&b, (struct config_pos){0, 0}, "backends", "tls", why);
    }
    if (report && buf_add(report, buf_slice(&b.report.text)) != ERR_OK) b.failed = true;
    buf_free(&b.report.text);
    if (b.failed) {
        snapshot_free(b.snap);
        return NULL;
    }
    b.snap->number = atomic_fetch_add(&numbers, 1) + 1;
    return b.snap;
}

struct snapshot *snapshot_ref(struct snapshot *s)
{
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void snapshot_unref(struct snapshot *s)
{
    if (s && atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) == 1) snapshot_free(s);
}
