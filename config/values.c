/* The types of values with a grammar of their own: addresses, URLs, keys, files, targets, tables of actions. */
#include "config/load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_MIN 16u /* bytes of a key for HMAC */

static bool put_string(struct loader *l, struct slice s, void *field)
{
    char *p = loader_copy(l, s);
    if (p) memcpy(field, &p, sizeof p);
    return p != NULL;
}

/* ---- addresses -------------------------------------------------------------------------------------------------- */

/* "host:port" or "[v6]:port" taken apart; the host is not looked at. */
static bool split_port(struct slice s, struct slice *host, struct slice *port)
{
    size_t at;
    if (s.n && s.p[0] == '[') {
        at = slice_find(s, ']');
        if (at + 1 >= s.n || s.p[at + 1] != ':') return false;
        *host = slice_of(s.p + 1, at - 1);
        at++;
    } else {
        at = slice_find(s, ':');
        if (at == s.n) return false;
        *host = slice_of(s.p, at);
    }
    *port = slice_of(s.p + at + 1, s.n - at - 1);
    return host->n > 0;
}

bool address_parse(struct slice s, char host[256], uint16_t *port)
{
    struct slice h, p;
    uint64_t n;
    struct in6_addr a;
    if (!split_port(s, &h, &p) || h.n > 255 || !slice_u64(p, 65535, &n)) return false;
    if (slice_ieq(h, SLICE("localhost"))) h = SLICE("127.0.0.1");
    memcpy(host, h.p, h.n);
    host[h.n] = 0;
    *port = (uint16_t)n;
    return inet_pton(s.p[0] == '[' ? AF_INET6 : AF_INET, host, &a) == 1;
}

bool address_is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, host, &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
    if (inet_pton(AF_INET6, host, &v6) != 1) return false;
    if (IN6_IS_ADDR_V4MAPPED(&v6)) return v6.s6_addr[12] == 127;
    return IN6_IS_ADDR_LOOPBACK(&v6) != 0;
}

static bool set_listener_address(struct loader *l, const struct schema_row *row, const struct text *v, void *field)
{
    struct config_listener *x = (void *)((char *)field - row->offset);
    char host[256];
    if (!address_parse(v->s, host, &x->port)) return text_wrong(l, row, v, row->type->expect);
    return put_string(l, v->s, &x->address) && put_string(l, slice_str(host), &x->host);
}

static bool set_admin_address(struct loader *l, const struct schema_row *row, const struct text *v, void *field)
{
    char host[256];
    (void)field;
    if (!address_parse(v->s, host, &l->c->admin_port)) return text_wrong(l, row, v, row->type->expect);
    return put_string(l, slice_str(host), &l->c->admin_host);
}

/* ---- URLs ------------------------------------------------------------------------------------------------------- */

static bool host_name(struct slice s)
{
    if (s.n == 0 || s.n > 253) return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._", c))) return false;
    }
    return s.p[0] != '.' && s.p[0] != '-';
}

/* "host", "host:port", "[v6]", "[v6]:port". */
static bool parse_authority(struct slice s, uint16_t standard, char host[256], uint16_t *port)
{
    struct slice h = s, p = SLICE_NONE;
    struct in6_addr v6;
    uint64_t n = standard;
    bool bracket = s.n && s.p[0] == '[';
    if (bracket && s.p[s.n - 1] == ']') h = slice_of(s.p + 1, s.n - 2);
    else if (bracket || slice_find(s, ':') < s.n) {
        if (!split_port(s, &h, &p) || !slice_u64(p, 65535, &n) || n == 0) return false;
    }
    if (h.n == 0 || h.n > 253) return false;
    for (size_t i = 0; i < h.n; i++) host[i] = (char)(h.p[i] >= 'A' && h.p[i] <= 'Z' ? h.p[i] + 32 : h.p[i]);
    host[h.n] = 0;
    *port = (uint16_t)n;
    return bracket ? inet_pton(AF_INET6, host, &v6) == 1 : host_name(h);
}

/* The path in front of /v1/...: no query, no fragment, nothing that a request line could not hold. */
static bool base_path(struct slice s, struct slice *out)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] >= 127 || strchr("?#\"<>\\^`{|}", s.p[i])) return false;
    while (s.n && s.p[s.n - 1] == '/') s.n--;
    if (slice_ends(s, SLICE("/v1"))) s.n -= 3; /* SDKs call it a base URL with /v1; our paths bring their own */
    *out = s;
    return slice_search(s, SLICE("/../")) == s.n && !slice_ends(s, SLICE("/.."));
}

static bool set_url(struct loader *l, const struct schema_row *row, const struct text *v, void *field)
{
    struct config_backend *b = (void *)((char *)field - row->offset);
    struct slice path;
    char host[256];
    if (slice_eq(v->s, SLICE("builtin:echo"))) {
        b->builtin_echo = true;
        return put_string(l, v->s, &b->url) && put_string(l, SLICE("builtin"), &b->host) &&
               put_string(l, SLICE(""), &b->base_path);
    }
    b->https = slice_starts(v->s, SLICE("https://"));
    if (!b->https && !slice_starts(v->s, SLICE("http://"))) return text_wrong(l, row, v, row->type->expect);
    size_t scheme = b->https ? 8 : 7;
    struct slice rest = slice_of(v->s.p + scheme, v->s.n - scheme);
    size_t slash = slice_find(rest, '/');
    struct slice authority = slice_of(rest.p, slash);
    if (slice_find(authority, '@') < authority.n) {
        mistake_add(&l->m, v->pos, "url: a user or password in a URL ends up in logs: use `key`");
        return false;
    }
    if (!parse_authority(authority, b->https ? 443 : 80, host, &b->port) ||
        !base_path(slice_of(rest.p + slash, rest.n - slash), &path))
        return text_wrong(l, row, v, row->type->expect);
    return put_string(l, v->s, &b->url) && put_string(l, slice_str(host), &b->host) && put_string(l, path, &b->base_path);
}

/* A detector is a backend (struct config_detector begins with one) that is never the one inside. */
static bool set_detector_url(struct loader *l, const struct schema_row *row, const struct text *v, void *field)
{
    struct config_backend *b = (void *)((char *)field - row->offset);
    if (slice_starts(v->s, SLICE("builtin:"))) return text_wrong(l, row, v, row->type->expect);
    if (!set_url(l, row, v, field)) return false;
    return *b->base_path || put_string(l, SLICE("/analyze"), &b->base_path);
}

static bool redis_db(struct slice s)
{
    uint64_t n;
    return s.n == 0 || slice_u64(s, 1000, &n);
}

static bool set_redis_url(struct loader *l, const struct schema_row *row, const struct text *v, void *field)
{
    static const char *const planned[] = {"rediss://", "redis+sentinel://", "rediss+sentinel://", "redis+cluster://"};
    char host[256];
    uint16_t port;
    bool ok = false;
    for (size_t i = 0; i < sizeof planned / sizeof planned[0]; i++) {
        if (!slice_starts(v->s, slice_str(planned[i]))) continue;
        mistake_add(&l->m, v->pos, "url: %s is planned, not in this version", planned[i]);
        return false;
    }
    if (slice_starts(v->s, SLICE("redis://"))) {
        struct slice rest = slice_of(v->s.p + 8, v->s.n - 8);
        size_t slash = slice_find(rest, '/'), at = rest.n;
        struct slice authority = slice_of(rest.p, slash);
        for (size_t i = 0; i < authority.n; i++)
            if (authority.p[i] == '@') at = i; /* the last: a password may hold one */
        if (at < authority.n) authority = slice_of(authority.p + at + 1, authority.n - at - 1);
        ok = parse_authority(authority, 6379, host, &port) &&
             (slash == rest.n || redis_db(slice_of(rest.p + slash + 1, rest.n - slash - 1)));
    } else if (slice_starts(v->s, SLICE("unix:///"))) {
        struct slice path = slice_of(v->s.p + 7, v->s.n - 7);
        size_t q = slice_find(path, '?');
        struct slice query = slice_of(path.p + q, path.n - q);
        ok = q > 1 && q < 108 &&
             (query.n == 0 ||
              (slice_starts(query, SLICE("?db=")) && query.n > 4 && redis_db(slice_of(query.p + 4, query.n - 4))));
    }
    if (!ok) return text_wrong(l, row, v, row->type->expect);
    return put_string(l, v->s, field);
}

/* ---- keys and files --------------------------------------------------------------------------------------------- */

static bool set_key_hash(struct loader *l, const struct schema_row *row, const struct text *v, void *field)
{
    char hex[65];
    if (!slice_starts(v->s, SLICE("sha256:")) || v->s.n != 7 + 64) return text_wrong(l, row, v, row->type->expect);
    for (size_t i = 0; i < 64; i++) {
        char c = v->s.p[7 + i];
        if (c >= 'A' && c <= 'F') c = (char)(c + 32);
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return text_wrong(l, row, v, row->type->expect);
        hex[i] = c;
    }
    return put_string(l, slice_of(hex, 64), field);
}

/* It becomes a header field's value: printable ASCII without spaces, so that it can end no line. */
static bool set_backend_key(struct loader *l, const struct schema_row *row, const struct text *v, void *field)
{
    struct config_backend *b = (void *)((char *)field - row->offset);
    struct slice s;
    if (slice_eq(v->raw, SLICE("passthrough"))) {
        b->key_passthrough = true;
        return true;
    }
    if (!credential_read(l, row, v, &s)) return false;
    if (s.n && s.p[s.n - 1] == '\r') s.n--; /* a file made elsewhere */
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] >= 127) return text_wrong(l, row, v, "a key of printable characters without spaces");
    return put_string(l, s, field);
}

static bool set_chain_key(struct loader *l, const struct schema_row *row, const struct text *v, void *field)
{
    struct slice s;
    if (!credential_read(l, row, v, &s)) return false;
    if (s.n < KEY_MIN) return text_wrong(l, row, v, "a key of at least 16 bytes");
    l->c->audit.chain_key_len = s.n;
    return put_string(l, s, field);
}

static bool set_dictionary_key(struct loader *l, const struct schema_row *row, const struct text *v, void *field)
{
    struct config_dictionary *d = (void *)((char *)field - row->offset);
    struct slice s;
    if (!credential_read(l, row, v, &s)) return false;
    if (s.n < KEY_MIN) return text_wrong(l, row, v, "a key of at least 16 bytes");
    d->key_len = s.n;
    return put_string(l, s, field);
}

static bool set_pin(struct loader *l, const struct schema_row *row, const struct text *v, void *field)
{
    bool ok = slice_starts(v->s, SLICE("sha256//")) && v->s.n == 8 + 44 && v->s.p[51] == '=';
    for (size_t i = 8; ok && i < 51; i++) {
        char c = v->s.p[i];
        ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
    }
    if (!ok) return text_wrong(l, row, v, row->type->expect);
    return put_string(l, v->s, field);
}

static bool set_file(struct loader *l, const struct schema_row *row, const struct text *v, void *field)
{
    struct stat st;
    char text[128];
    if (v->s.n == 0) return text_wrong(l, row, v, row->type->expect);
    char *path = path_of(l, v->s);
    if (!path) return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int e = fd < 0 ? errno : fstat(fd, &st) != 0 ? errno : S_ISDIR(st.st_mode) ? EISDIR : 0;
    if (fd >= 0) close(fd);
    if (e) {
        mistake_add(&l->m, v->pos, "%s: file `%.200s` cannot be read: %s", row_key(row), path, errno_text(e, text));
        return false;
    }
    memcpy(field, &path, sizeof path);
    return true;
}

static bool set_path(struct loader *l, const struct schema_row *row, const struct text *v, void *field)
{
    if (v->s.n == 0 || v->s.n > 2000) return text_wrong(l, row, v, row->type->expect);
    char *path = path_of(l, v->s);
    if (path) memcpy(field, &path, sizeof path);
    return path != NULL;
}

/* ---- targets ---------------------------------------------------------------------------------------------------- */

/* "backend" or "backend/model", split at the first slash: a model's own name may hold more of them. */
static bool parse_target(struct loader *l, const struct schema_row *row, const struct text *v, struct config_target *out)
{
    size_t slash = slice_find(v->s, '/');
    struct slice name = slice_of(v->s.p, slash);
    struct slice model = slash < v->s.n ? slice_of(v->s.p + slash + 1, v->s.n - slash - 1) : SLICE_NONE;
    bool ok = name.n > 0 && model.n < 192 && (slash == v->s.n || model.n > 0);
    for (size_t i = 0; ok && i < model.n; i++) ok = (unsigned char)model.p[i] >= ' ' && !strchr("\"\\\177", model.p[i]);
    if (!ok) return text_wrong(l, row, v, row->type->expect);
    int i = config_backend_index(l->c, name);
    if (i < 0) {
        size_t n = l->c->backend_count, k = 0;
        const char **known = loader_alloc(l, (n + 1) * sizeof *known);
        struct text b = {.raw = {v->raw.p, slice_find(v->raw, '/')}, .s = {loader_copy(l, name), name.n}, .pos = v->pos};
        if (!known || !b.s.p) return false;
        for (; k < n; k++) known[k] = l->c->backends[k].name;
        known[n] = NULL;
        return text_unknown(l, row, &b, known);
    }
    out->backend = (uint16_t)i;
    return !model.n || put_string(l, model, &out->model);
}

static bool set_target(struct loader *l, const struct schema_row *row, const struct text *v, void *field)
{
    return parse_target(l, row, v, field);
}

static bool set_target_own(struct loader *l, const struct schema_row *row, const struct text *v, void *field)
{
    struct config_target *t = loader_alloc(l, sizeof *t);
    if (!t || !parse_target(l, row, v, t)) return false;
    memcpy(field, &t, sizeof t);
    return true;
}

/* `target: x` is a split of one. */
static bool set_target_alone(struct loader *l, const struct schema_row *row, const struct text *v, void *field)
{
    struct config_route *r = (void *)((char *)field - row->offset);
    struct config_target *t = loader_alloc(l, sizeof *t);
    if (!t) return false;
    r->split = t;
    r->split_count = 1;
    t->weight = 1;
    return parse_target(l, row, v, t);
}

static bool set_targets(struct loader *l, const struct schema_row *row, const struct text *v, size_t n, void *field)
{
    struct config_target *t = loader_alloc(l, (n ? n : 1) * sizeof *t);
    bool ok = t != NULL;
    for (size_t i = 0; t && i < n; i++)
        if (!parse_target(l, row, &v[i], &t[i])) ok = false;
    if (!ok) return false;
    memcpy(field, &t, sizeof t);
    memcpy((char *)field - row->offset + row->count_offset, &n, sizeof n);
    return true;
}

/* ---- a policy's table of rules and actions ---------------------------------------------------------------------- */

static bool load_rule(struct loader *l, const struct schema_row *row, yaml_node_t *key, yaml_node_t *value,
                      struct config_rule_action *out)
{
    struct text v;
    struct slice k = doc_text(key);
    char found[80];
    size_t star = slice_find(k, '*');
    if (k.n > 128 || star + 1 < k.n) {
        mistake_add(&l->m, doc_pos(key), "rules: expected a rule's id, a type, or a prefix with `*` at its end, found %s",
                    doc_found(key, found));
        return false;
    }
    if (!doc_is_scalar(value) || doc_is_null(value)) {
        mistake_add(&l->m, doc_pos(value), "rules: expected an action, found %s", doc_found(value, found));
        return false;
    }
    out->pos = doc_pos(key);
    return text_of(l, row, value, &v) && type_word.set(l, row, &v, &out->action) && put_string(l, k, &out->rule);
}

static bool names_rule(struct loader *l, yaml_node_t *map, const char *rule) { return doc_get(&l->doc, map, rule) != NULL; }

/* What the parent policy says stays, except where this table names the same rule. */
static bool set_rule_actions(struct loader *l, const struct schema_row *row, yaml_node_t *node, void *field)
{
    struct config_policy *p = (void *)((char *)field - row->offset);
    size_t n = doc_count(node), before = l->m.count, count = 0;
    char found[80];
    if (doc_is_null(node)) return true;
    if (!doc_is_map(node)) {
        mistake_add(&l->m, doc_pos(node), "rules: expected a mapping of rules to actions, found %s", doc_found(node, found));
        return false;
    }
    if (!doc_check_keys(&l->doc, node, &l->m)) return false;
    struct config_rule_action *v = loader_alloc(l, (p->rule_count + n + 1) * sizeof *v);
    if (!v) return false;
    for (size_t i = 0; i < p->rule_count; i++)
        if (!names_rule(l, node, p->rules[i].rule)) v[count++] = p->rules[i];
    for (size_t i = 0; i < n; i++)
        if (load_rule(l, row, doc_key(&l->doc, node, i), doc_value(&l->doc, node, i), &v[count])) count++;
    p->rules = v;
    p->rule_count = count;
    return l->m.count == before;
}

const struct schema_type type_address = {"address", "an address such as 127.0.0.1:8443 or [::1]:8443", set_listener_address, NULL,
                                         NULL};
const struct schema_type type_admin_address = {"address", "an address such as 127.0.0.1:9080 or [::1]:9080", set_admin_address,
                                               NULL, NULL};
const struct schema_type type_url = {"URL", "http://host[:port][/path], https://host[:port][/path] or builtin:echo", set_url,
                                     NULL, NULL};
const struct schema_type type_detector_url = {"url", "a URL such as http://127.0.0.1:5002/analyze", set_detector_url, NULL, NULL};
const struct schema_type type_redis_url = {"URL", "redis://[user:password@]host[:port][/db] or unix:///path[?db=0]",
                                           set_redis_url, NULL, NULL};
const struct schema_type type_key_hash = {"hash", "sha256: and 64 hex digits, as `privet keys new` prints them", set_key_hash,
                                          NULL, NULL};
const struct schema_type type_backend_key = {"secret", "a key, ${NAME}, file:NAME or passthrough", set_backend_key, NULL, NULL};
const struct schema_type type_chain_key = {"secret", "a key, ${NAME} or file:NAME", set_chain_key, NULL, NULL};
const struct schema_type type_dictionary_key = {"secret", "a key, ${NAME} or file:NAME", set_dictionary_key, NULL, NULL};
const struct schema_type type_pin = {"pin", "sha256// and the base64 of a public key's SHA-256", set_pin, NULL, NULL};
const struct schema_type type_file = {"file", "the name of a file", set_file, NULL, NULL};
const struct schema_type type_path = {"path", "a path", set_path, NULL, NULL};
const struct schema_type type_target = {"target", "backend or backend/model", set_target, NULL, NULL};
const struct schema_type type_target_own = {"target", "backend or backend/model", set_target_own, NULL, NULL};
const struct schema_type type_target_alone = {"target", "backend or backend/model", set_target_alone, NULL, NULL};
const struct schema_type type_targets = {"list of targets", "a list of backend or backend/model", NULL, set_targets, NULL};
const struct schema_type type_rule_actions = {"map of actions", "a mapping of rules to actions", NULL, NULL, set_rule_actions};
