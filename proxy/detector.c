/* Asking an external recogniser: the request written from the pieces of a text, the answer's characters brought back to
 * bytes. Whatever is not exactly as it should be in an answer is a failure of the detector, never "nothing found". */
#include "proxy/detector.h"
#include "filters/text/json.h"
#include "filters/text/utf8.h"
#include "proxy/route/call.h"
#include "proxy/worker.h"

#include <stdio.h>
#include <stdlib.h>

#define ANSWER_MAX  (8u * 1024 * 1024)
#define PIECES_MOST 20000u
#define NUMBER_MOST 40u /* bytes of a number in an answer */
#define JOINED_GAP  2u  /* characters between joined texts */

/* What Presidio's own recognisers tell (docs, supported entities), beside what a detector's `entities` names. */
static const char *const known[] = {
    "AGE",
    "AU_ABN",
    "AU_ACN",
    "AU_MEDICARE",
    "AU_TFN",
    "CREDIT_CARD",
    "CRYPTO",
    "DATE_TIME",
    "EMAIL_ADDRESS",
    "ES_NIE",
    "ES_NIF",
    "FI_PERSONAL_IDENTITY_CODE",
    "IBAN_CODE",
    "ID",
    "IN_AADHAAR",
    "IN_PAN",
    "IN_PASSPORT",
    "IN_VEHICLE_REGISTRATION",
    "IN_VOTER",
    "IP_ADDRESS",
    "IT_DRIVER_LICENSE",
    "IT_FISCAL_CODE",
    "IT_IDENTITY_CARD",
    "IT_PASSPORT",
    "IT_VAT_CODE",
    "KR_RRN",
    "LOCATION",
    "MAC_ADDRESS",
    "MEDICAL_LICENSE",
    "NRP",
    "ORGANIZATION",
    "PERSON",
    "PHONE_NUMBER",
    "PL_PESEL",
    "SG_NRIC_FIN",
    "SG_UEN",
    "STREET_ADDRESS",
    "TH_TNIN",
    "TITLE",
    "UK_NHS",
    "UK_NINO",
    "URL",
    "US_BANK_NUMBER",
    "US_DRIVER_LICENSE",
    "US_ITIN",
    "US_PASSPORT",
    "US_SSN",
    "ZIP_CODE",
};
#define KNOWN (sizeof known / sizeof known[0])

/* ---- of a snapshot ---- */

static enum err add_rule(struct detector *d, struct ruleset *rs, const char *type)
{
    char id[200];
    snprintf(id, sizeof id, "%s:%s", d->config->http.name, type);
    if (ruleset_find(rs, id) >= 0) return ERR_OK;
    enum err e = ruleset_add_external(rs, id, type);
    if (!e) d->rules++;
    return e;
}

bool detector_build(struct detector *d, const struct config_detector *c, struct ruleset *rs, const char **why)
{
    enum err e;
    *why = "there are too many rules, or no memory";
    d->config = c;
    d->rule = (uint16_t)ruleset_count(rs);
    e = add_rule(d, rs, "OTHER");
    for (size_t i = 0; i < KNOWN && !e; i++) e = add_rule(d, rs, known[i]);
    for (size_t i = 0; i < c->entities.n && !e; i++) e = add_rule(d, rs, c->entities.v[i]);
    return !e && backend_build(&c->http, &d->backend, why);
}

void detector_clear(struct detector *d)
{
    SSL_CTX_free(d->backend.tls);
    d->backend.tls = NULL;
}

bool detector_wanted(const struct detector *d, const struct policy *p)
{
    for (unsigned i = 0; i < d->rules; i++)
        if (policy_action(p, (uint16_t)(d->rule + i)) != ACTION_ALLOW) return true;
    return false;
}

/* ---- an ask ---- */

/* A piece of text as it was sent: its characters from `first` on in `at`, and one more entry for its end. */
struct sent {
    uint32_t first, count;
};

struct detector_ask {
    struct detector *d;
    const struct ruleset *rs;
    struct screener *s;
    detector_cb cb;
    void *arg;
    struct call *call;
    struct sent *piece;
    size_t pieces;
    uint32_t *at; /* by character: where it begins in the screener's text */
    size_t chars, room;
};

static _Thread_local unsigned under_way;

static void ask_free(struct detector_ask *a)
{
    if (a->call) call_cancel(a->call);
    mem_free(a->piece);
    mem_free(a->at);
    mem_free(a);
    under_way--;
}

void detector_cancel(struct detector_ask *a) { ask_free(a); }

/* One character of a JSON string; *n bytes of the source. What is no UTF-8 is U+FFFD, one a byte. */
static enum err put_char(struct buf *b, const char *p, const char *end, size_t *n)
{
    unsigned char c = (unsigned char)*p;
    *n = 1;
    if (c < 0x80) {
        if (c == '"' || c == '\\') {
            enum err e = buf_add_byte(b, '\\');
            if (e) return e;
        }
        return c < 0x20 || c == 0x7F ? buf_addf(b, "\\u%04x", c) : buf_add_byte(b, (char)c);
    }
    char out[4];
    size_t k = utf8_put(utf8_next(p, end, n), out);
    return buf_add(b, slice_of(out, k));
}

/* Writes the inside of a string, and notes where its characters begin. */
static enum err put_piece(struct detector_ask *a, struct slice text, const struct gather_piece *p, size_t i, struct buf *b)
{
    const char *c = text.p + p->start, *end = text.p + p->end;
    enum err e = ERR_OK;
    a->piece[i].first = (uint32_t)a->chars;
    while (c < end && !e) {
        size_t n;
        if (a->chars + 1 + JOINED_GAP > a->room) return ERR_INTERNAL;
        a->at[a->chars++] = (uint32_t)(c - text.p);
        e = put_char(b, c, end, &n);
        c += n;
    }
    a->piece[i].count = (uint32_t)(a->chars - a->piece[i].first);
    for (unsigned k = 0; k < JOINED_GAP; k++) a->at[a->chars++] = p->end;
    return e;
}

static enum err put_texts(struct detector_ask *a, struct slice text, const struct gather_piece *p, struct buf *b)
{
    bool list = a->pieces > 1 && a->d->config->batch;
    struct slice between = list ? SLICE("\",\"") : SLICE("\\n\\n");
    enum err e = list ? buf_add(b, SLICE("[\"")) : buf_add_byte(b, '"');
    for (size_t i = 0; i < a->pieces && !e; i++) {
        if (i) e = buf_add(b, between);
        if (!e) e = put_piece(a, text, &p[i], i, b);
    }
    if (!e) e = list ? buf_add(b, SLICE("\"]")) : buf_add_byte(b, '"');
    return e;
}

static enum err write_request(struct detector_ask *a, struct slice text, const struct gather_piece *p, struct buf *b)
{
    const struct config_detector *c = a->d->config;
    enum err e = buf_add(b, SLICE("{\"text\":"));
    if (!e) e = put_texts(a, text, p, b);
    if (!e)
        e = buf_addf(b, ",\"language\":\"%s\",\"score_threshold\":%u.%03u}", c->language, c->min_score / 1000,
                     c->min_score % 1000);
    return e;
}

/* ---- the answer ---- */

struct span {
    uint32_t start, end; /* characters */
    uint16_t rule, score;
};

static bool read_number(const struct json_doc *d, uint32_t node, double *out)
{
    char text[NUMBER_MOST + 1];
    if (node == JSON_NONE || d->node[node].type != JSON_NUMBER) return false;
    struct slice s = json_raw(d, node);
    if (s.n > NUMBER_MOST) return false;
    memcpy(text, s.p, s.n);
    text[s.n] = 0;
    *out = strtod(text, NULL);
    return true;
}

/* A whole number of characters, at most `most`. */
static bool read_place(const struct json_doc *d, uint32_t node, uint64_t most, uint32_t *out)
{
    uint64_t n;
    if (node == JSON_NONE || d->node[node].type != JSON_NUMBER || !slice_u64(json_raw(d, node), most, &n)) return false;
    *out = (uint32_t)n;
    return true;
}

static uint16_t rule_of(const struct detector_ask *a, const struct json_doc *d, uint32_t type)
{
    for (unsigned i = 1; i < a->d->rules; i++)
        if (json_text_eq(d, type, slice_str(ruleset_rule(a->rs, a->d->rule + i)->type))) return (uint16_t)(a->d->rule + i);
    return a->d->rule;
}

static enum err read_span(const struct detector_ask *a, const struct json_doc *d, uint32_t node, uint64_t most, struct span *out)
{
    double score;
    if (d->node[node].type != JSON_OBJECT) return ERR_UP_MALFORMED;
    uint32_t type = json_member(d, node, SLICE("entity_type"));
    bool ok = type != JSON_NONE && d->node[type].type == JSON_STRING &&
              read_place(d, json_member(d, node, SLICE("start")), most, &out->start) &&
              read_place(d, json_member(d, node, SLICE("end")), most, &out->end) &&
              read_number(d, json_member(d, node, SLICE("score")), &score);
    if (!ok || out->start > out->end || !(score >= 0 && score <= 1)) return ERR_UP_MALFORMED;
    out->score = (uint16_t)(score * 1000 + 0.5);
    out->rule = rule_of(a, d, type);
    return ERR_OK;
}

/* A span within piece i, in its characters. */
static enum err take(const struct detector_ask *a, size_t i, uint32_t start, uint32_t end, const struct span *s)
{
    const uint32_t *at = a->at + a->piece[i].first;
    if (start >= end || s->score < a->d->config->min_score) return ERR_OK;
    return screen_add(a->s, (struct finding){at[start], at[end], s->rule, s->score});
}

/* The spans of one text of a list. */
static enum err read_list(const struct detector_ask *a, const struct json_doc *d, uint32_t list, size_t i)
{
    struct span s;
    enum err e = d->node[list].type == JSON_ARRAY ? ERR_OK : ERR_UP_MALFORMED;
    for (uint32_t k = json_first(d, list); !e && k != JSON_NONE && k < d->count && d->node[k].parent == list;
         k = d->node[k].next) {
        e = read_span(a, d, k, a->piece[i].count, &s);
        if (!e) e = take(a, i, s.start, s.end, &s);
    }
    return e;
}

/* The piece that character `at` of the joined text belongs to. */
static size_t piece_at(const struct detector_ask *a, uint32_t at)
{
    size_t low = 0, high = a->pieces;
    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;
        if (a->piece[mid].first <= at) low = mid;
        else high = mid;
    }
    return low;
}

/* The spans of the joined text; one over a gap counts on both its sides. */
static enum err read_joined(const struct detector_ask *a, const struct json_doc *d, uint32_t list)
{
    struct span s;
    enum err e = d->node[list].type == JSON_ARRAY ? ERR_OK : ERR_UP_MALFORMED;
    for (uint32_t k = json_first(d, list); !e && k != JSON_NONE && k < d->count && d->node[k].parent == list;
         k = d->node[k].next) {
        e = read_span(a, d, k, a->chars - JOINED_GAP, &s);
        for (size_t i = e ? a->pieces : piece_at(a, s.start); !e && i < a->pieces && a->piece[i].first < s.end; i++) {
            const struct sent *p = &a->piece[i];
            uint32_t from = s.start > p->first ? s.start - p->first : 0, to = s.end - p->first;
            e = take(a, i, from, to < p->count ? to : p->count, &s);
        }
    }
    return e;
}

static enum err read_answer(const struct detector_ask *a, const struct json_doc *d)
{
    if (d->node[0].type != JSON_ARRAY) return ERR_UP_MALFORMED;
    if (a->pieces == 1) return read_list(a, d, 0, 0);
    if (!a->d->config->batch) return read_joined(a, d, 0);
    size_t i = 0;
    enum err e = ERR_OK;
    for (uint32_t k = json_first(d, 0); !e && k != JSON_NONE && k < d->count && d->node[k].parent == 0; k = d->node[k].next, i++)
        e = i < a->pieces ? read_list(a, d, k, i) : ERR_UP_MALFORMED;
    return e ? e : i == a->pieces ? ERR_OK : ERR_UP_MALFORMED; /* one list for each text */
}

static void on_answer(void *arg, enum err e, int status, struct slice body)
{
    struct detector_ask *a = arg;
    detector_cb cb = a->cb;
    void *its = a->arg;
    struct json_doc d = {0};
    const struct json_limits lim = {.max_depth = 32, .allow_duplicates = true};
    a->call = NULL;
    if (!e && status != 200) e = status >= 500 ? ERR_UP_5XX : status == 429 ? ERR_UP_429 : ERR_UP_MALFORMED;
    if (!e && json_parse(&d, body, &lim, NULL) != ERR_OK) e = ERR_UP_MALFORMED;
    if (!e) e = read_answer(a, &d);
    json_doc_free(&d);
    ask_free(a);
    cb(its, e);
}

/* ---- asking ---- */

static enum err start(struct worker *w, struct detector_ask *a, struct slice text, const struct gather_piece *p, size_t bytes)
{
    struct buf body = buf_make(bytes * 6 + a->pieces * 4 + 256);
    a->room = bytes + a->pieces * JOINED_GAP + 1;
    a->piece = mem_alloc(a->pieces * sizeof *a->piece);
    a->at = mem_alloc(a->room * sizeof *a->at);
    enum err e = a->piece && a->at ? write_request(a, text, p, &body) : ERR_MEMORY;
    const struct call_opts o = {&a->d->backend, slice_str(a->d->config->http.base_path), &body, a->d->config->timeout,
                                ANSWER_MAX};
    if (!e && !(a->call = call_start(w, &o, on_answer, a))) e = ERR_MEMORY;
    buf_free(&body);
    return e;
}

enum err detector_ask(struct worker *w, struct detector *d, const struct ruleset *rs, struct screener *s, detector_cb cb,
                      void *arg, struct detector_ask **out)
{
    struct slice text;
    const struct gather_piece *p;
    size_t n, bytes = 0;
    *out = NULL;
    enum err e = screen_pieces(s, &text, &p, &n);
    if (e || n == 0) return e;
    for (size_t i = 0; i < n; i++) bytes += p[i].end - p[i].start;
    if (n > PIECES_MOST || bytes > d->config->text_bytes) return ERR_LIMIT;
    if (under_way >= DETECTOR_CALLS_MAX) return ERR_OVERLOAD;
    struct detector_ask *a = mem_zalloc(sizeof *a);
    if (!a) return ERR_MEMORY;
    under_way++;
    *a = (struct detector_ask){.d = d, .rs = rs, .s = s, .cb = cb, .arg = arg, .pieces = n};
    e = start(w, a, text, p, bytes);
    if (e) {
        ask_free(a);
        return e;
    }
    *out = a;
    return ERR_OK;
}
