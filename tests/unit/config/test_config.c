/* The configuration: every row of the schema with its own example and counterexample, places of mistakes, defaults,
 * inheritance, environment, credentials, the checks across fields. */
#include "config/load.h"
#include "filters/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static char dir[64];

static void write_file(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

static const char *const files[] = {"server.pem", "server.key", "terms.txt", "own.yaml", "terms.txt.key", "chain.key", "c.yaml"};
#define FILES (sizeof files / sizeof files[0])

static int setup(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/privet-config-XXXXXX");
    if (!mkdtemp(dir)) return -1;
    for (size_t i = 0; i < FILES; i++) write_file(files[i], "x\n");
    write_file("terms.txt.key", "fedcba9876543210\n");
    write_file("chain.key", "0123456789abcdef0123456789abcdef\n");
    return 0;
}

static int teardown(void **state)
{
    char path[256];
    (void)state;
    for (size_t i = 0; i < FILES; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, files[i]);
        unlink(path);
    }
    return rmdir(dir);
}

static char report_text[65536];
static size_t report_count;

/* Loads a text; what was reported is in report_text, with the directory cut from file names. */
static struct config *load(const char *yaml)
{
    char path[256];
    struct config_report r = {0};
    write_file("c.yaml", yaml);
    snprintf(path, sizeof path, "%s/c.yaml", dir);
    struct config *c = config_load(path, &r);
    struct slice s = buf_slice(&r.text);
    size_t cut = strlen(dir) + 1, n = 0;
    for (size_t i = 0; i < s.n && n < sizeof report_text - 1;) {
        if (s.n - i >= cut && !memcmp(s.p + i, dir, cut - 1)) i += cut;
        else report_text[n++] = s.p[i++];
    }
    report_text[n] = 0;
    report_count = r.count;
    buf_free(&r.text);
    return c;
}

static struct config *must_load(const char *yaml)
{
    struct config *c = load(yaml);
    if (!c || report_count) print_error("%s", report_text);
    assert_non_null(c);
    assert_int_equal(report_count, 0);
    return c;
}

static void must_report(const char *text)
{
    if (!strstr(report_text, text)) print_error("wanted: %s\nfound:\n%s", text, report_text);
    assert_non_null(strstr(report_text, text));
}

static void must_fail(const char *yaml, const char *report)
{
    struct config *c = load(yaml);
    if (c) print_error("taken:\n%s", yaml);
    assert_null(c);
    must_report(report);
}

#define LISTEN  "listeners: [{address: 127.0.0.1:0}]\n"
#define BACKEND "backends: {x: {url: builtin:echo}}\n"
#define ROUTE   "routes: [{name: r, target: x}]\n"
#define BASE    LISTEN BACKEND ROUTE

/* ---- every row -------------------------------------------------------------------------------------------------- */

struct setting {
    char path[128], value[256];
};
struct tree {
    struct setting v[64];
    size_t n;
};

static void put(struct tree *t, const char *path, const char *value)
{
    assert_true(t->n < 64);
    snprintf(t->v[t->n].path, sizeof t->v[t->n].path, "%s", path);
    snprintf(t->v[t->n].value, sizeof t->v[t->n].value, "%s", value);
    t->n++;
}

/* Takes out path and what is below it. */
static void cut(struct tree *t, const char *path)
{
    size_t n = 0, len = strlen(path);
    for (size_t i = 0; i < t->n; i++) {
        bool below = !strncmp(t->v[i].path, path, len) && (!t->v[i].path[len] || strchr(".[", t->v[i].path[len]));
        if (!below) t->v[n++] = t->v[i];
    }
    t->n = n;
}

static void add(char *out, const char *text)
{
    assert_true(strlen(out) + strlen(text) < 4096);
    strcat(out, text);
}

/* Writes the settings below prefix as a flow mapping. Lists get one item, maps of names the one name x. */
static void emit(const struct tree *t, const char *prefix, char *out)
{
    char done[32][64], sub[256];
    size_t count = 0, plen = strlen(prefix);
    add(out, "{");
    for (size_t i = 0; i < t->n; i++) {
        const char *rest = t->v[i].path + plen;
        if (strncmp(t->v[i].path, prefix, plen) != 0 || (plen && *rest++ != '.')) continue;
        size_t len = strcspn(rest, ".["), k = 0;
        const char *after = rest + len;
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)len, rest);
        while (k < count && strcmp(done[k], name) != 0) k++;
        if (k < count) continue;
        snprintf(done[count++], 64, "%s", name);
        bool list = !strncmp(after, "[]", 2), map = !strncmp(after, ".*", 2);
        snprintf(sub, sizeof sub, "%s%s%s%s", prefix, plen ? "." : "", name, list ? "[]" : map ? ".*" : "");
        add(out, count > 1 ? ", " : "");
        add(out, name);
        add(out, list ? ": [" : map ? ": {x: " : ": ");
        if (*after) emit(t, sub, out);
        else add(out, t->v[i].value);
        add(out, list ? "]" : map ? "}" : "");
    }
    add(out, "}");
}

/* A configuration in which any one row can be set. */
static void base_tree(struct tree *t)
{
    static const char *const base[][2] = {
        {"listeners[].address", "127.0.0.1:0"},
        {"listeners[].tls.certificate", "server.pem"},
        {"listeners[].tls.key", "server.key"},
        {"listeners[].tls.client_ca", "server.pem"},
        {"clients[].name", "c"},
        {"clients[].key_hash", "sha256:0000000000000000000000000000000000000000000000000000000000000000"},
        {"filters.dictionaries.*.file", "terms.txt"},
        {"filters.detectors[].name", "d"},
        {"filters.detectors[].url", "https://localhost:2/analyze"},
        {"backends.*.url", "https://localhost:1"},
        {"routes[].name", "r"},
        {"routes[].target", "x"},
    };
    t->n = 0;
    for (size_t i = 0; i < sizeof base / sizeof base[0]; i++) put(t, base[i][0], base[i][1]);
}

static bool starts(const char *path, const char *prefix) { return !strncmp(path, prefix, strlen(prefix)); }

static void write_row(const struct schema_row *row, const char *value, char *out)
{
    struct tree t;
    base_tree(&t);
    if (starts(row->path, "routes[].split")) {
        cut(&t, "routes[].target");
        if (strcmp(row->path, "routes[].split") != 0) put(&t, "routes[].split[].target", "x");
    }
    if (starts(row->path, "audit.redis.")) put(&t, "audit.redis.url", "redis://localhost");
    if (!strcmp(row->path, "filters.dictionaries.*.key") || !strcmp(row->path, "filters.dictionaries.*.hashed")) {
        cut(&t, "filters.dictionaries.*.file");
        put(&t, "filters.dictionaries.*.hashed", "terms.txt");
    }
    cut(&t, row->path);
    put(&t, row->path, value);
    out[0] = 0;
    emit(&t, "", out);
    add(out, "\n");
}

static bool holds_others(const struct schema_row *row)
{
    return row->type == &type_section || row->type == &type_list || row->type == &type_map || row->type == &type_planned;
}

static void test_rows(void **state)
{
    size_t n;
    const struct schema_row *rows = schema_rows(&n);
    char yaml[4096];
    (void)state;
    assert_true(n > 80);
    for (size_t i = 0; i < n; i++) {
        const struct schema_row *row = &rows[i];
        assert_true(strlen(row->help) > 5);
        assert_true(schema_find(row->path) == row); /* no row twice */
        if (!holds_others(row)) assert_non_null(row->good);
        if (row->good) {
            write_row(row, row->good, yaml);
            struct config *c = load(yaml);
            if (!c) print_error("%s: %s\n%s%s", row->path, row->good, yaml, report_text);
            assert_non_null(c);
            config_free(c);
        }
        assert_non_null(row->bad);
        write_row(row, row->bad, yaml);
        must_fail(yaml, row_key(row));
        assert_true(starts(report_text, "c.yaml:1:"));
        if (row->type == &type_planned) must_report("planned, not in this version");
        if (row->flags & ROW_SECRET && strlen(row->bad) > 6 && !starts(row->bad, "file:"))
            if (strstr(report_text, row->bad)) fail_msg("%s shows its value: %s", row->path, report_text);
    }
}

static void test_actions_are_the_rows(void **state)
{
    const struct schema_row *row = schema_find("policies.*.request.rules");
    (void)state;
    for (unsigned a = 0; a < ACTION_COUNT; a++) assert_string_equal(row->names[a], action_row((enum action)a)->name);
    assert_null(row->names[ACTION_COUNT]);
}

static void test_schema_prints(void **state)
{
    struct buf out = buf_make(1u << 20);
    size_t n;
    const struct schema_row *rows = schema_rows(&n);
    (void)state;
    assert_int_equal(config_print_schema(&out), ERR_OK);
    for (size_t i = 0; i < n; i++) assert_true(slice_search(buf_slice(&out), slice_str(rows[i].path)) < buf_len(&out));
    assert_true(slice_search(buf_slice(&out), SLICE("size, 256 to 1MiB, default 32KiB")) < buf_len(&out));
    buf_free(&out);
}

/* ---- values ----------------------------------------------------------------------------------------------------- */

static void test_defaults(void **state)
{
    (void)state;
    struct config *c = must_load(BASE);
    assert_int_equal(c->workers, 0);
    assert_int_equal(c->limits.header_bytes, 32 * 1024);
    assert_int_equal(c->limits.body_bytes, 64 << 20);
    assert_int_equal(c->limits.event_bytes, 8 << 20);
    assert_int_equal(c->limits.client_header_timeout, 10000);
    assert_int_equal(c->limits.client_idle_timeout, 75000);
    assert_int_equal(c->limits.connections, 20000);
    assert_int_equal(c->limits.json_depth, 128);
    assert_int_equal(c->limits.screen_time, 250);
    assert_int_equal(c->limits.refusal_hold, 2000);
    assert_int_equal(c->limits.refusal_bytes, 400);
    assert_int_equal(c->policy_count, 1);
    const struct config_policy *p = &c->policies[0];
    assert_string_equal(p->name, "default");
    assert_string_equal(p->secrets, "redact");
    assert_string_equal(p->pii, "tokenize");
    assert_string_equal(p->injection, "flag");
    assert_string_equal(p->opaque, "allow");
    assert_true(p->restore_text && p->restore_tool_arguments && p->findings_header && !p->observe);
    assert_int_equal(p->unknown, ENDPOINTS_BLOCK);
    assert_int_equal(p->logging, LOGGING_METADATA);
    assert_int_equal(p->on_filter_error, ON_ERROR_BLOCK);
    assert_int_equal(c->filters.packs.n, 3);
    assert_string_equal(c->filters.packs.v[2], "injection");
    assert_int_equal(c->filters.decode_base64, 3);
    assert_int_equal(c->filters.decode_percent, 3);
    const struct config_backend *b = &c->backends[0];
    assert_true(b->builtin_echo);
    assert_string_equal(b->dialect, "openai");
    assert_int_equal(b->timeouts.total, 600000);
    assert_int_equal(b->connections, 32);
    const struct config_route *r = &c->routes[0];
    assert_int_equal(r->match_models.n, 0);
    assert_int_equal(r->split_count, 1);
    assert_int_equal(r->fallback_on, FB_CONNECT | FB_FIRST_BYTE | FB_IDLE | FB_429 | FB_5XX | FB_MALFORMED);
    assert_int_equal(r->attempts, 3);
    assert_int_equal(r->retry_total, 60000);
    assert_int_equal(r->breaker_open, 15000);
    assert_true(c->logging.json);
    assert_int_equal(c->logging.level, 1);
    assert_null(c->audit.directory);
    assert_null(c->admin_host);
    assert_int_equal(c->audit.segment, 64 << 20);
    config_free(c);
}

static const char full[] = LISTEN
    "admin: {address: \"127.0.0.1:9080\"}\nworkers: auto\nlimits: {header_bytes: 16KiB, connections: 100}\n"
    "clients:\n  - name: bot\n"
    "    key_hash: \"sha256:00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF\"\n"
    "    policy: strict\n    purpose: commercial\n    models: [\"chat-*\"]\n"
    "  - {name: batch, key_hash: \"sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddee00\"}\n"
    "policies:\n  strict:\n    extends: default\n    request: {secrets: block, pii: reroute, rules: {PERSON: tokenize}}\n"
    "    logging: redacted\n    mode: observe\n"
    "  default:\n    request:\n      secrets: mask\n      pii: hash\n"
    "      rules: {CREDIT_CARD: mask, private-key: block, PERSON: flag}\n"
    "      allow: [\"support@example.com\", \"re:.*@example\\\\.org\"]\n      dictionaries: [names]\n      opaque: block\n"
    "    response: {restore: {text: true, tool_arguments: false, never_tools: [\"http_get\"]}}\n"
    "    endpoints: {unknown: scan}\n"
    "filters:\n  packs: [./own.yaml]\n  dictionaries:\n    names: {file: terms.txt}\n    customers: {hashed: terms.txt}\n"
    "  decode: {base64: 3}\n"
    "backends:\n  local: {url: \"http://[::1]:8000/base/v1/\", hosting: self-hosted, timeouts: {connect: 1s, total: 5m}}\n"
    "  hosted: {url: \"https://API.example.com\", hosting: hosted, key: \"${PRIVET_TEST_KEY}\"}\n"
    "  own: {url: \"https://x.example:1\", key: passthrough, tls: {ca: server.pem}}\n"
    "routes:\n  - name: chat\n    match: {model: \"chat-*\"}\n"
    "    split: [{target: hosted/gpt-4o, weight: 90}, {target: local/org/qwen, weight: 10}]\n"
    "    fallback: [local/org/qwen, own]\n    fallback_on: [429, refusal]\n    sensitive: local/org/qwen\n"
    "    retries: {attempts: 2, total: 10s}\n    breaker: {failures: 2, within: 3s, open: 4s}\n"
    "logging: {level: warn, format: text}\n"
    "audit:\n  journal: {directory: j, segment: 1MiB, retain: 1d, sync: 50ms}\n  chain_key: \"file:chain.key\"\n"
    "  redis: {url: \"redis://u:p@localhost:6379/0\", stream: {maxlen: 10}, request_ttl: 1h, prefix: gw}\n";

static void check_full_policies(const struct config *c)
{
    const struct config_policy *s = &c->policies[0], *d = &c->policies[1];
    assert_string_equal(s->name, "strict");
    assert_string_equal(s->secrets, "block");
    assert_string_equal(s->opaque, "block"); /* inherited from a policy written below it */
    assert_true(s->observe && !d->observe);
    assert_int_equal(s->rule_count, 3);
    assert_string_equal(s->rules[0].rule, "CREDIT_CARD");
    assert_string_equal(s->rules[2].rule, "PERSON");
    assert_string_equal(s->rules[2].action, "tokenize");
    assert_string_equal(d->rules[2].action, "flag");
    assert_int_equal(s->logging, LOGGING_REDACTED);
    assert_int_equal(s->unknown, ENDPOINTS_SCAN);
    assert_string_equal(s->never_tools.v[0], "http_get");
    assert_false(s->restore_tool_arguments);
    assert_string_equal(d->allow.v[1], "re:.*@example\\.org");
    assert_string_equal(c->clients[0].key_hash, "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
    assert_string_equal(c->clients[1].policy, "default");
    assert_int_equal(c->filters.dictionary_count, 2);
    assert_string_equal(c->filters.dictionaries[1].key, "fedcba9876543210");
    assert_int_equal(c->filters.dictionaries[1].key_len, 16);
}

static void check_full_targets(const struct config *c)
{
    const struct config_backend *b = c->backends;
    const struct config_route *r = c->routes;
    assert_string_equal(b[0].host, "::1");
    assert_string_equal(b[0].base_path, "/base");
    assert_int_equal(b[0].timeouts.connect, 1000);
    assert_int_equal(b[0].timeouts.first_byte, 60000);
    assert_string_equal(b[1].host, "api.example.com");
    assert_int_equal(b[1].port, 443);
    assert_string_equal(b[1].key, "sk-test-1234");
    assert_int_equal(b[1].hosting, HOSTING_HOSTED);
    assert_true(b[2].key_passthrough);
    assert_null(b[2].key);
    assert_int_equal(r->split_count, 2);
    assert_int_equal(r->split[0].backend, 1);
    assert_int_equal(r->split[0].weight, 90);
    assert_string_equal(r->split[1].model, "org/qwen");
    assert_int_equal(r->fallback_count, 2);
    assert_null(r->fallback[1].model);
    assert_int_equal(r->fallback_on, FB_429 | FB_REFUSAL);
    assert_int_equal(r->sensitive->backend, 0);
    assert_int_equal(r->breaker_within, 3000);
}

static void test_full(void **state)
{
    (void)state;
    setenv("PRIVET_TEST_KEY", "sk-test-1234", 1);
    struct config *c = must_load(full);
    check_full_policies(c);
    check_full_targets(c);
    assert_int_equal(c->admin_port, 9080);
    assert_false(c->logging.json);
    assert_int_equal(c->audit.chain_key_len, 32);
    assert_int_equal(c->audit.redis_ttl, 3600000);
    assert_string_equal(c->audit.redis_prefix, "gw");
    config_free(c);
    unsetenv("PRIVET_TEST_KEY");
}

static void test_listeners(void **state)
{
    (void)state;
    struct config *c = must_load(
        "listeners:\n  - address: 0.0.0.0:8443\n    tls:\n      certificate: server.pem\n      key: server.key\n"
        "      client_ca: server.pem\n      min_version: \"1.3\"\n  - address: \"[::1]:8080\"\n"
        "  - {address: \"0.0.0.0:81\", allow_plaintext: true}\n" BACKEND ROUTE "clients: [{name: b, tls_subject: \"CN=b\"}]\n");
    assert_int_equal(c->listener_count, 3);
    assert_true(c->listeners[0].tls && !c->listeners[1].tls);
    assert_int_equal(c->listeners[0].min_version, 13);
    assert_non_null(strstr(c->listeners[0].client_ca, "/server.pem"));
    assert_string_equal(c->listeners[1].host, "::1");
    assert_int_equal(c->listeners[1].port, 8080);
    assert_int_equal(c->listeners[1].min_version, 12);
    assert_int_equal(c->listeners[1].pos.line, 8);
    assert_int_equal(c->listeners[1].pos.col, 5);
    assert_string_equal(c->clients[0].tls_subject, "CN=b");
    config_free(c);
}

/* ---- mistakes --------------------------------------------------------------------------------------------------- */

static void test_positions_and_order(void **state)
{
    (void)state;
    must_fail("# one\nlistenrs:\n  - address: 127.0.0.1:0\nbackends:\n  x:\n    url: builtin:echo\n    dialect: openia\n"
              "routes:\n  - name: r\n    target: y/m\n    retries: {attemps: 2}\nmodels: {}\nlimits:\n  body_bytes: 1 GB\n",
              "c.yaml:2:1: unknown key `listenrs`; did you mean `listeners`?\n"
              "c.yaml:2:1: `listeners` is missing: where callers connect\n"
              "c.yaml:7:14: dialect: unknown `openia`; did you mean `openai`?\n"
              "c.yaml:10:13: target: unknown `y`; did you mean `x`?\n"
              "c.yaml:11:15: unknown key `attemps`; did you mean `attempts`?\n"
              "c.yaml:12:1: models: planned, not in this version: remove it\n"
              "c.yaml:14:15: body_bytes: expected a size such as 4096, 32KiB, 64MiB, 1GiB, found `1 GB`\n");
    assert_int_equal(report_count, 7);
}

static void test_unknown_key_elsewhere(void **state)
{
    (void)state;
    must_fail("listeners: [{address: 127.0.0.1:0, certificate: server.pem}]\n" BACKEND ROUTE,
              "c.yaml:1:36: unknown key `certificate` here; it belongs at `listeners[].tls.certificate`");
    must_fail(BASE "qqqqqqqq: 1\n", "c.yaml:4:1: unknown key `qqqqqqqq`\n");
}

static void test_yaml_mistakes(void **state)
{
    (void)state;
    must_fail("a: [1\n", "c.yaml:2:1: not valid YAML");
    must_fail("a: \xff\n", "c.yaml:1:4: not valid YAML");
    must_fail("", "c.yaml:1:1: empty");
    must_fail("[1]\n", "c.yaml:1:1: expected a mapping");
    must_fail(BASE "---\na: 1\n", "c.yaml:5:1: expected one YAML document, found a second");
    must_fail(BASE "workers: 1\nworkers: 2\n", "c.yaml:5:1: duplicate key `workers`: first at line 4");
    must_fail(BASE "<<: {workers: 1}\n", "c.yaml:4:1: merge keys");
    must_fail(BASE "limits: {<<: {body_bytes: 1}}\n", "c.yaml:4:10: merge keys");
    must_fail("a: *b\n", "c.yaml:1:4: not valid YAML: found undefined alias");
    must_fail("? [a]\n: b\n", "c.yaml:1:3: expected a key, found a list");
    must_fail(BASE "\"work\\ners: 1\": 1\n", "c.yaml:4:1: unknown key `work?ers: 1`"); /* no second line is forged */
    struct config_report r = {0};
    assert_null(config_load("/no/such/file.yaml", &r));
    assert_int_equal(slice_search(buf_slice(&r.text), SLICE("/no/such/file.yaml: cannot be read: No such file")), 0);
    buf_free(&r.text);
}

static void test_cross_checks(void **state)
{
    static const struct {
        const char *yaml, *report;
    } cases[] = {
        {"listeners: [{address: 0.0.0.0:80}]\n" BACKEND ROUTE, "c.yaml:1:23: address: plain HTTP is for loopback"},
        {"listeners: [{address: 127.0.0.1:80}, {address: 127.0.0.1:80}]\n" BACKEND ROUTE,
         "c.yaml:1:48: address: `127.0.0.1:80` is listed twice"},
        {"listeners: [{address: 127.0.0.1:80}]\nadmin: {address: localhost:80}\n" BACKEND ROUTE,
         "c.yaml:2:18: address: `127.0.0.1:80` is a listener's already"},
        {BASE "clients: [{name: a}]\n", "c.yaml:4:11: clients: a caller is known by"},
        {BASE "clients: [{name: a, tls_subject: CN=a}]\n", "c.yaml:4:34: tls_subject: no listener asks"},
        {BASE "policies: {a: {request: {pii: reroute}}}\n",
         "c.yaml:3:10: routes: policy `a` reroutes, and this route has no `sensitive`"},
        {BASE "policies: {a: {request: {rules: {X: reroute}}}}\n", "has no `sensitive`"},
        {BASE "policies: {a: {extends: b}, b: {extends: a}}\n", "c.yaml:4:42: extends: `a` extends itself in a circle"},
        {BASE "policies: {a: {extends: a}}\n", "c.yaml:4:25: extends: `a` extends itself in a circle"},
        {BASE "policies: {a: {extends: b}, bb: {}}\n", "c.yaml:4:25: extends: unknown `b`; did you mean `bb`?"},
        {BASE "filters: {dictionaries: {d: {}}}\n",
         "c.yaml:4:26: dictionaries: `d` needs either `file` or `hashed`, found neither"},
        {BASE "filters: {dictionaries: {d: {file: terms.txt, key: kkkkkkkkk}}}\n", "c.yaml:4:52: key: is for `hashed`"},
        {BASE "filters: {dictionaries: {d: {hashed: terms.txt, key: short}}}\n",
         "c.yaml:4:54: key: expected a key of at least 16 bytes"},
        {BASE "filters: {dictionaries: {d: {hashed: server.pem}}}\n", "c.yaml:4:38: key: file `server.pem.key` cannot be read"},
        {LISTEN "backends: {x: {url: \"http://h\", tls: {ca: server.pem}}}\n" ROUTE, "c.yaml:2:43: ca: the url is not https"},
        {LISTEN "backends: {x: {url: \"http://u:p@h\"}}\n" ROUTE, "c.yaml:2:21: url: a user or password"},
        {LISTEN BACKEND "routes: [{name: r}]\n", "c.yaml:3:10: routes: needs `target` or `split`"},
        {LISTEN BACKEND "routes: [{name: r, target: x, split: [{target: x}]}]\n", "split: the route has a `target` already"},
        {LISTEN BACKEND "routes: [{name: r, split: []}]\n", "split: expected at least one target"},
        {LISTEN BACKEND "routes: [{name: r, target: x}, {name: r, target: x}]\n",
         "c.yaml:3:39: name: `r` is used twice: first at line 3"},
        {LISTEN BACKEND "routes: [{name: r, target: x, fallback: [x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x]}]\n",
         "routes: at most 16 targets"},
        {BASE "filters: {packs: [./own.yaml, ./own.yaml]}\n", "c.yaml:4:31: packs: `./own.yaml` is listed twice"},
        {BASE "filters: {packs: [./no.yaml]}\n", "c.yaml:4:19: packs: file `./no.yaml` cannot be read"},
        {BASE "policies: {a: }\nclients: [{name: q, key_hash: \"sha256:00112233445566778899aabbccddeeff"
              "00112233445566778899aabbccddeeff\", policy: aa}]\n",
         "policy: unknown `aa`; did you mean `a`?"},
        {BASE "policies: {a: {request: {rules: {\"a*b\": block}}}}\n", "rules: expected a rule's id"},
        {BASE "audit: {journal: {directory: [a]}}\n", "directory: expected a path, found a list"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) must_fail(cases[i].yaml, cases[i].report);
}

static void test_audit_default(void **state)
{
    (void)state;
    struct config *c = must_load(BASE "audit:\n");
    assert_string_equal(c->audit.directory, "/var/lib/privet/audit");
    config_free(c);
}

/* ---- environment and credentials -------------------------------------------------------------------------------- */

static struct config *load_key(const char *key)
{
    char yaml[512];
    snprintf(yaml, sizeof yaml, LISTEN ROUTE "backends: {x: {url: builtin:echo, key: %s}}\n", key);
    return load(yaml);
}

static void test_environment(void **state)
{
    static const char *const good[][2] = {{"\"${PRIVET_A}\"", "aaa"},          {"\"x${PRIVET_A}y${PRIVET_A}\"", "xaaayaaa"},
                                          {"\"${PRIVET_NONE:-d:e}\"", "d:e"},  {"\"${PRIVET_EMPTY:-d}\"", "d"},
                                          {"\"$${PRIVET_A}\"", "${PRIVET_A}"}, {"\"$PRIVET_A$\"", "$PRIVET_A$"}};
    static const char *const bad[][2] = {{"\"${PRIVET_NONE}\"", "c.yaml:3:40: ${PRIVET_NONE} is not set"},
                                         {"\"${PRIVET_EMPTY}\"", "key: expected a text that is not empty"},
                                         {"\"${PRIVET_A\"", "expected ${NAME} or ${NAME:-default}"},
                                         {"\"${1A}\"", "expected ${NAME}"},
                                         {"\"${PRIVET_A:x}\"", "expected ${NAME}"}};
    (void)state;
    setenv("PRIVET_A", "aaa", 1);
    setenv("PRIVET_EMPTY", "", 1);
    unsetenv("PRIVET_NONE");
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct config *c = load_key(good[i][0]);
        if (!c) print_error("%s: %s", good[i][0], report_text);
        assert_non_null(c);
        assert_string_equal(c->backends[0].key, good[i][1]);
        config_free(c);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_null(load_key(bad[i][0]));
        must_report(bad[i][1]);
    }
    setenv("PRIVET_N", "no-number", 1);
    must_fail(BASE "workers: \"${PRIVET_N}\"\n", "workers: expected a whole number, found `${PRIVET_N}`");
    assert_null(strstr(report_text, "no-number"));
    unsetenv("PRIVET_A");
    unsetenv("PRIVET_EMPTY");
    unsetenv("PRIVET_N");
}

static void test_credentials(void **state)
{
    static const char *const names[] = {"k", "two", "nothing"};
    char sub[128], path[160];
    (void)state;
    struct config *c = load_key("\"file:chain.key\"");
    assert_non_null(c);
    assert_string_equal(c->backends[0].key, "0123456789abcdef0123456789abcdef");
    config_free(c);
    assert_null(load_key("\"file:nowhere\""));
    must_report("c.yaml:3:40: key: file `nowhere` cannot be read: No such file");
    assert_null(load_key("\"file:\""));
    must_report("no name after file:");
    snprintf(sub, sizeof sub, "%s/creds", dir);
    assert_int_equal(mkdir(sub, 0700), 0);
    write_file("creds/k", "from-systemd\r\n");
    write_file("creds/two", "two\nlines\n");
    write_file("creds/nothing", "\n");
    setenv("CREDENTIALS_DIRECTORY", sub, 1);
    c = load_key("\"file:k\"");
    assert_non_null(c);
    assert_string_equal(c->backends[0].key, "from-systemd");
    config_free(c);
    assert_null(load_key("\"file:two\""));
    must_report("a key of printable characters");
    assert_null(strstr(report_text, "lines"));
    assert_null(load_key("\"file:nothing\""));
    must_report("is empty");
    unsetenv("CREDENTIALS_DIRECTORY");
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", sub, names[i]);
        unlink(path);
    }
    rmdir(sub);
}

static void test_secrets_stay_out_of_messages(void **state)
{
    (void)state;
    assert_null(load_key("\"sk-hush hush\""));
    must_report("key: expected");
    assert_null(strstr(report_text, "hush"));
    must_fail(BASE "audit: {chain_key: hushhush}\n",
              "c.yaml:4:20: chain_key: expected a key of at least 16 bytes, found something else");
    must_fail(BASE "audit: {redis: {url: \"redis://:hushhush@h:x\"}}\n", "url: expected redis://");
    assert_null(strstr(report_text, "hush"));
    must_fail(BASE "clients: [{name: a, key_hash: hushhush}]\n", "key_hash: expected sha256:");
    assert_null(strstr(report_text, "hush"));
}

/* ---- small parts ------------------------------------------------------------------------------------------------ */

static void test_addresses(void **state)
{
    static const struct {
        const char *text, *host;
        unsigned port;
    } good[] = {{"127.0.0.1:0", "127.0.0.1", 0},
                {"[::]:65535", "::", 65535},
                {"localhost:1", "127.0.0.1", 1},
                {"[::ffff:127.0.0.1]:2", "::ffff:127.0.0.1", 2}};
    static const char *const bad[] = {"",       "127.0.0.1", ":80",         "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
                                      "::1:80", "[::1]80",   "[::1]",       "h:1",        "[127.0.0.1]:1",   "1.2.3:1",
                                      "[:1",    "[]:1",      "127.0.0.1:1 "};
    char host[256];
    uint16_t port;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(address_parse(slice_str(good[i].text), host, &port));
        assert_string_equal(host, good[i].host);
        assert_int_equal(port, good[i].port);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_false(address_parse(slice_str(bad[i]), host, &port));
    assert_true(address_is_loopback("127.9.9.9") && address_is_loopback("::1") && address_is_loopback("::ffff:127.0.0.1"));
    assert_false(address_is_loopback("128.0.0.1") || address_is_loopback("::") || address_is_loopback("0.0.0.0"));
}

static void test_urls(void **state)
{
    static const char *const bad[] = {"http://",         "http:///x",  "http://h:0",    "http://h:x",  "http://h?q",
                                      "http://h/ x",     "http://h/#", "http://-h",     "http://[::1", "http://[::x]/",
                                      "http://h/a/../b", "HTTP://h",   "builtin:eccho", "https://h\\x"};
    char yaml[512];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(yaml, sizeof yaml, LISTEN "backends: {x: {url: '%s'}}\n" ROUTE, bad[i]);
        must_fail(yaml, "c.yaml:2:21: url: expected http");
    }
}

static void test_nearest(void **state)
{
    static const char *const known[] = {"listeners", "limits", "logging", "CREDIT_CARD"};
    char word[300];
    (void)state;
    assert_string_equal(config_nearest("listenrs", known, 4), "listeners");
    assert_string_equal(config_nearest("lsiteners", known, 4), "listeners");
    assert_string_equal(config_nearest("loging", known, 4), "logging");
    assert_string_equal(config_nearest("credit_card", known, 4), "CREDIT_CARD");
    assert_null(config_nearest("backends", known, 4));
    assert_null(config_nearest("", known, 4));
    memset(word, 'a', sizeof word - 1);
    word[sizeof word - 1] = 0;
    assert_null(config_nearest(word, known, 4));
}

static void test_rules_dir(void **state)
{
    char path[512];
    (void)state;
    setenv("PRIVET_RULES", "/somewhere", 1);
    struct config *c = must_load(BASE);
    assert_string_equal(c->filters.rules_dir, "/somewhere");
    config_free(c);
    unsetenv("PRIVET_RULES");
    c = must_load(BASE);
    assert_non_null(strstr(c->filters.rules_dir, "/config/rules")); /* the source tree's */
    config_free(c);
    snprintf(path, sizeof path, "%s/rules", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    c = must_load(BASE);
    assert_string_equal(c->filters.rules_dir, path);
    config_free(c);
    rmdir(path);
}

/* Any byte changed or cut must be a mistake or a configuration, never a crash (SAN=1 looks closer). */
static void test_damaged(void **state)
{
    static const char yaml[] = "listeners: [{address: 127.0.0.1:0, tls: {certificate: server.pem, key: server.key}}]\n"
                               "policies: &p {a: {extends: default, request: {rules: {A: mask}, allow: [x, y]}}}\n"
                               "backends: {x: {url: builtin:echo, key: \"${HOME}\"}}\n"
                               "routes: [{name: r, target: x, fallback: [x/m]}]\n";
    static const char swap[] = "\n {}[]:,&*\"'#x$-\x01\xff";
    char text[sizeof yaml];
    (void)state;
    for (size_t i = 0; i < sizeof yaml - 1; i++) {
        memcpy(text, yaml, sizeof yaml);
        text[i] = swap[i % (sizeof swap - 1)];
        config_free(load(text));
        text[i] = 0;
        config_free(load(text));
    }
}

int main(void)
{
    mem_install_hooks();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_actions_are_the_rows),
        cmocka_unit_test(test_schema_prints),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_listeners),
        cmocka_unit_test(test_positions_and_order),
        cmocka_unit_test(test_unknown_key_elsewhere),
        cmocka_unit_test(test_yaml_mistakes),
        cmocka_unit_test(test_cross_checks),
        cmocka_unit_test(test_audit_default),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_credentials),
        cmocka_unit_test(test_secrets_stay_out_of_messages),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_rules_dir),
        cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
