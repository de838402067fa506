/* Who is calling, under which id, and what is written down about it: kinds, counts and names.
 * Values of fields and bodies are looked at here (keys, queries, fields are screened) but never kept. */
#include "proxy/exchange_private.h"
#include "proxy/audit/journal.h"
#include "proxy/base/clock.h"
#include "proxy/base/hex.h"
#include "proxy/base/log.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>

uint64_t x_dice(struct worker *w)
{
    uint64_t v = w->dice ? w->dice : (clock_mono_ns() ^ ((uint64_t)(w->id + 1) << 56)) | 1;
    v ^= v << 13;
    v ^= v >> 7;
    v ^= v << 17;
    w->dice = v;
    return v * 0x2545f4914f6cdd1dull;
}

/* A caller's own id is kept if it is short and plain; it goes into records, so it must not be able to hold more. */
static bool id_is_plain(struct slice s)
{
    if (s.n == 0 || s.n > 64) return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.' ||
              c == ':'))
            return false;
    }
    return true;
}

static void x_own_id(struct exchange *x)
{
    const uint64_t a = x_dice(x->w), b = x_dice(x->w);
    memcpy(x->rec.id, "req_", 4);
    hex8(x->rec.id + 4, (uint32_t)(a >> 32));
    hex8(x->rec.id + 12, (uint32_t)a);
    hex8(x->rec.id + 20, (uint32_t)(b >> 32));
    x->rec.id[28] = 0;
}

void x_request_id(struct exchange *x)
{
    struct slice theirs = http_value(&x->head, HF_X_REQUEST_ID);
    if (id_is_plain(theirs)) {
        memcpy(x->rec.id, theirs.p, theirs.n);
        x->rec.id[theirs.n] = 0;
        return;
    }
    x_own_id(x);
}

/* The key a caller shows, whichever field it comes in. */
static struct slice caller_key(const struct http_head *h)
{
    struct slice v = http_value(h, HF_AUTHORIZATION);
    if (v.n > 7 && slice_ieq(slice_of(v.p, 7), SLICE("bearer "))) return slice_trim(slice_of(v.p + 7, v.n - 7));
    v = http_value(h, HF_X_API_KEY);
    return v.n ? v : http_value(h, HF_API_KEY);
}

static void key_hash_hex(struct slice key, char out[65])
{
    unsigned char d[SHA256_DIGEST_LENGTH];
    SHA256((const unsigned char *)key.p, key.n, d);
    for (size_t i = 0; i < sizeof d; i++) snprintf(out + 2 * i, 3, "%02x", d[i]);
    OPENSSL_cleanse(d, sizeof d);
}

static const struct config_client *find_caller(struct exchange *x)
{
    const struct config *c = x->snap->config;
    struct slice key = caller_key(&x->head);
    char hash[65] = "", subject[512];
    bool have_subject = conn_tls_subject(x->c->conn, subject, sizeof subject);
    if (key.n) key_hash_hex(key, hash);
    const struct config_client *found = NULL;
    for (size_t i = 0; i < c->client_count; i++) {
        const struct config_client *k = &c->clients[i];
        bool ok = (k->key_hash && hash[0] && CRYPTO_memcmp(k->key_hash, hash, 64) == 0) ||
                  (k->tls_subject && have_subject && strcmp(k->tls_subject, subject) == 0);
        if (ok && !found) found = k;
    }
    return found;
}

enum err x_identify(struct exchange *x)
{
    const struct config *c = x->snap->config;
    const char *name = "default";
    if (c->client_count) {
        x->caller = find_caller(x);
        if (x->caller) name = x->caller->policy;
    }
    int i = config_policy_index(c, name);
    if (i < 0) i = 0;
    x->policy_config = &c->policies[i];
    x->policy = x->snap->policies[i];
    return c->client_count && !x->caller ? ERR_UNAUTHORIZED : ERR_OK;
}

void x_record_start(struct exchange *x)
{
    struct audit_record *r = &x->rec;
    r->wall_ns = clock_wall_ns();
    r->client = x->caller ? x->caller->name : "";
    r->peer = conn_peer(x->c->conn);
    r->policy = x->policy_config ? x->policy_config->name : "";
    r->route = "";
    r->dialect = x->ep ? x->ep->dialect->name : "";
    r->endpoint = x->ep ? x->ep->name : "";
    static const char *const methods[] = {"GET",   "HEAD",    "POST",    "PUT",   "DELETE",
                                          "PATCH", "OPTIONS", "CONNECT", "TRACE", "OTHER"};
    r->method = methods[x->head.method];
    r->model_asked = "";
    r->model_served = "";
    r->error = "ok";
    r->snapshot = x->snap->number;
    r->observe = x->policy && policy_observes(x->policy);
}

/* Findings by type, for the header: "EMAIL_ADDRESS=1,CREDIT_CARD=2". Secrets are named by their rule. */
struct kind {
    const char *name;
    uint32_t count;
};

static void add_kind(struct kind *kinds, size_t *n, size_t max, const char *name, uint32_t count)
{
    for (size_t i = 0; i < *n; i++)
        if (strcmp(kinds[i].name, name) == 0) {
            kinds[i].count += count;
            return;
        }
    if (*n < max) kinds[(*n)++] = (struct kind){name, count};
}

void x_findings(struct exchange *x)
{
    struct kind kinds[32];
    size_t n = 0, at = 0;
    struct audit_record *r = &x->rec;
    r->findings = 0;
    for (size_t i = 0; i < x->sc.count_rows; i++) {
        const struct screen_count *c = &x->sc.counts[i];
        const struct rule *rule = ruleset_rule(x->snap->rules, c->rule);
        if (c->action != ACTION_ALLOW) add_kind(kinds, &n, 32, rule->cls == RULE_PII ? rule->type : rule->id, c->count);
        if (r->findings < AUDIT_FINDINGS_MAX)
            r->finding[r->findings++] = (struct audit_finding){rule->id, rule->type, action_row((enum action)c->action)->name,
                                                               c->count};
        if (x->w->metrics) metric_finding(x->w->metrics, rule->cls, (enum action)c->action, c->count);
    }
    r->findings_more = x->sc.counts_more;
    x->findings_header[0] = 0;
    for (size_t i = 0; i < n; i++) {
        int k = snprintf(x->findings_header + at, sizeof x->findings_header - at, "%s%s=%u", at ? "," : "", kinds[i].name,
                         kinds[i].count);
        if (k < 0 || (size_t)k >= sizeof x->findings_header - at) {
            x->findings_header[at] = 0;
            break;
        }
        at += (size_t)k;
    }
    r->injection = x->sc.injection ? injection_name(x->sc.injection) : "";
    r->injection_sum = x->sc.injection_sum;
    if (x->sc.injection && x->w->metrics) metric_injection(x->w->metrics, x->sc.injection);
    r->opaque = x->sc.opaque;
    r->decoded = x->sc.decoded;
    r->invisible = x->sc.fold.invisible;
    r->tags = x->sc.fold.tags;
    r->model_asked = x->model_hidden ? "" : x->sc.model;
    r->stream = x->sc.stream;
}

enum err x_record_intent(struct exchange *x)
{
    x->rec.route = x->route->config->name;
    if (x->policy_config->logging == LOGGING_NONE || !x->w->journal) return ERR_OK;
    if (x->policy_config->logging == LOGGING_REDACTED) x->rec.redacted_request = x->send;
    enum err e = journal_intent(x->w->journal, &x->rec);
    x->rec.redacted_request = SLICE_NONE;
    if (e && x->w->metrics) metric_add(x->w->metrics, M_AUDIT_FAILED, 1);
    x->intent_written = e == ERR_OK;
    return e ? ERR_AUDIT : ERR_OK;
}

void x_record_attempt(struct exchange *x, const struct target *t, enum err e, int status)
{
    struct audit_record *r = &x->rec;
    size_t i = r->attempts ? r->attempts - 1 : 0;
    uint64_t ns = clock_mono_ns() - x->attempt_start;
    r->attempt[i] = (struct audit_attempt){t->name, err_name(e), status, (uint32_t)(ns / MS_NS)};
    if (e && x->w->metrics) metric_attempt_failed(x->w->metrics, e);
}

static void count_end(struct exchange *x, enum err e)
{
    struct metrics *m = x->w->metrics;
    if (!m) return;
    if (e) metric_error(m, e);
    if (x->status) metric_status(m, x->status);
    metric_observe_us(m, H_REQUEST, x->rec.total_us);
    if (x->rec.first_byte_us) metric_observe_us(m, H_FIRST_BYTE, x->rec.first_byte_us);
    metric_add(m, M_ANSWER_BYTES, x->rec.answer_bytes);
    metric_add(m, M_REQUEST_BYTES, x->rec.request_bytes);
    if (x->rec.prompt_tokens) metric_add(m, M_PROMPT_TOKENS, x->rec.prompt_tokens);
    if (x->rec.completion_tokens) metric_add(m, M_COMPLETION_TOKENS, x->rec.completion_tokens);
    if (x->rec.restored) metric_add(m, M_RESTORED, x->rec.restored);
    if (x->rec.foreign) metric_add(m, M_FOREIGN, x->rec.foreign);
    if (x->rec.tags) metric_add(m, M_INVISIBLE_TAGS, x->rec.tags);
    if (x->rec.attempts > 1) metric_add(m, M_FALLBACKS, x->rec.attempts - 1);
}

void x_record_end(struct exchange *x, enum err e)
{
    struct audit_record *r = &x->rec;
    uint64_t now = clock_mono_ns();
    r->error = err_name(e);
    r->status = e == ERR_CLIENT_GONE && !x->committed ? 499 : x->status;
    r->client_gone = e == ERR_CLIENT_GONE;
    r->truncated = e == ERR_UP_TRUNCATED || e == ERR_UP_CLOSED;
    r->total_us = (now - x->start) / 1000;
    r->first_byte_us = x->first_byte ? (x->first_byte - x->start) / 1000 : 0;
    if (x->answer) {
        const struct answer_facts *f = answer_facts(x->answer);
        r->prompt_tokens = f->prompt_tokens;
        r->completion_tokens = f->completion_tokens;
        r->restored = f->restored;
        r->foreign = f->foreign;
        r->refused = f->refused;
        r->filtered = f->filtered;
        memcpy(x->served, f->model, sizeof f->model);
        x->served[sizeof f->model - 1] = 0;
        if (x->served[0] && !x->model_hidden) r->model_served = x->served;
    }
    count_end(x, e);
    if (!x->policy_config || x->policy_config->logging == LOGGING_NONE || !x->w->journal) return;
    if (x->policy_config->logging == LOGGING_REDACTED) r->redacted_answer = buf_slice(&x->saw_answer);
    if (journal_outcome(x->w->journal, r) != ERR_OK) {
        if (x->w->metrics) metric_add(x->w->metrics, M_AUDIT_FAILED, 1);
        if (now - x->w->outcome_lost_said > S_NS) {
            x->w->outcome_lost_said = now;
            static _Thread_local uint64_t said;
            if (log_due(&said)) log_event(LOG_ERROR, "audit_outcome_lost", LOG_U64("worker", x->w->id));
        }
    }
}

#define HEAD_TIME (25 * MS_NS) /* of computing, for all that is screened of a head: on the worker, so that is all there is */

/* Fields we act on are read, not passed on; of Content-Type only the parameters may say anything. */
static bool field_is_ours(const struct http_field *f)
{
    if (f->id == HF_CONTENT_TYPE) return f->value.n <= sizeof "application/json; charset=utf-8";
    return f->id != HF_OTHER;
}

/* Values of fields in which nothing at all was found, under the rules of snapshot `number`. A program says the same of
 * itself with every request: it is searched once. Compared byte for byte; a worker's own. */
#define CLEAN_VALUES 64u
#define CLEAN_LENGTH 192u
static _Thread_local struct clean_value {
    uint64_t number;
    size_t n;
    char p[CLEAN_LENGTH];
} clean_values[CLEAN_VALUES];

static struct clean_value *clean_slot(struct slice v)
{
    uint64_t first = 0, last = 0;
    if (v.n > CLEAN_LENGTH || v.n < sizeof first) return NULL;
    memcpy(&first, v.p, sizeof first);
    memcpy(&last, v.p + v.n - sizeof last, sizeof last);
    return &clean_values[((first ^ (last << 7) ^ v.n) * 0x9e3779b97f4a7c15ull) >> 58];
}

static bool clean_known(const struct exchange *x, const struct clean_value *c, struct slice v)
{
    return c && c->number == x->snap->number && slice_eq(slice_of(c->p, c->n), v);
}

static void clean_keep(const struct exchange *x, struct clean_value *c, struct slice v)
{
    if (!c) return;
    c->number = x->snap->number;
    c->n = v.n;
    memcpy(c->p, v.p, v.n);
}

static void count_one(struct screening *sc, uint16_t rule, enum action a)
{
    for (size_t i = 0; i < sc->count_rows; i++)
        if (sc->counts[i].rule == rule && sc->counts[i].action == a) {
            sc->counts[i].count++;
            return;
        }
    if (sc->count_rows < SCREEN_COUNTS_MAX) sc->counts[sc->count_rows++] = (struct screen_count){rule, (uint8_t)a, 1};
    else sc->counts_more++;
}

/* One text of a head. *hit: something in it must not go on. *seen, if not NULL: there is something that is not allowed,
 * even if the policy only looks on. */
static enum err screen_piece(struct exchange *x, struct slice text, bool *hit, bool *seen)
{
    struct clean_value *clean = clean_slot(text);
    if (clean_known(x, clean, text)) return ERR_OK;
    const struct config *c = x->snap->config;
    struct screen_limits lim = {c->limits.json_depth, c->filters.decode_base64, c->filters.decode_hex, c->filters.decode_percent,
                                NULL};
    struct findings f = {0};
    if (!x->head_meter.limit) x_meter_start(&x->head_meter, HEAD_TIME, NULL);
    screener_meter(x->w->screener, &x->head_meter.m);
    enum err e = screen_text(x->w->screener, x->w->scratch, x->snap->rules, &lim, text, &f);
    x_meter_pause(&x->head_meter);
    for (size_t i = 0; i < f.count && !e; i++) {
        struct slice v = slice_of(text.p + f.v[i].start, f.v[i].end - f.v[i].start);
        enum action a = policy_allows(x->policy, v) || policy_allows_at(x->policy, f.v[i].rule, v, NULL, 0)
                            ? ACTION_ALLOW
                            : policy_action(x->policy, f.v[i].rule);
        if (seen) *seen = *seen || a != ACTION_ALLOW;
        else count_one(&x->sc, f.v[i].rule, a);
        if (a > ACTION_FLAG && !policy_observes(x->policy)) *hit = true;
    }
    if (!e && f.count == 0) clean_keep(x, clean, text);
    findings_free(&f);
    return e ? ERR_NOT_SCANNED : ERR_OK;
}

/* A record must not keep a secret that poses as an id, not even that of a request that is refused for its head. */
void x_vet_id(struct exchange *x)
{
    bool hit = false, seen = false;
    struct slice id = http_value(&x->head, HF_X_REQUEST_ID);
    if (slice_eq(id, slice_str(x->rec.id)) && (screen_piece(x, id, &hit, &seen) != ERR_OK || seen)) x_own_id(x);
}

/* The model's name is written down, so it is looked at once more by itself, where anything at all was found; what was
 * not screened to its end, or is cut, is not believed. */
void x_vet_model(struct exchange *x, enum err e)
{
    bool hit = false, seen = false;
    struct slice model = slice_str(x->sc.model);
    if (model.n == 0 || (!e && x->sc.count_rows == 0)) return;
    x->model_hidden = model.n >= sizeof x->sc.model - 1 || screen_piece(x, model, &hit, &seen) != ERR_OK || seen;
}

/* A finding in the path or query refuses the request; a field that holds one stays here. */
enum err x_screen_head(struct exchange *x)
{
    bool hit = false;
    enum err e = ERR_OK;
    if (x->head.query.n) e = screen_piece(x, x->head.query, &hit, NULL);
    if (!e && x->ep->kind != EP_CHAT) e = screen_piece(x, x->head.path, &hit, NULL);
    if (e) return e;
    if (hit) return ERR_BLOCKED;
    for (size_t i = 0; i < x->head.count; i++) {
        struct http_field *f = &x->head.field[i];
        hit = false;
        if (field_is_ours(f) || f->value.n < 6 || http_field_is_hop(f)) continue;
        if ((e = screen_piece(x, f->value, &hit, NULL))) return e;
        if (hit) f->nominated = true; /* as hop-by-hop: it goes no further */
    }
    return ERR_OK;
}
