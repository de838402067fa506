/* Screening: the order of the steps, what a policy makes of each finding, and the rewriting. Reading is gather.c's,
 * finding is detect/'s, and what stands in a value's place is mask/'s. */
#include "filters/screen.h"

#include "filters/gather.h"

#include <assert.h>
#include <stdlib.h>

#define SKIP_SCORE  800u /* thousandths: from here on a secret in an identifier counts */
#define PLACES_KEPT (1u << 16)
#define VALUE_MOST  ((size_t)1 << 31)
#define DECODE_MOST 8u

/* In a meter's units: a finding brought back to the body, a value replaced, a finding put in its place among others. */
#define WORK_FINDING 128u
#define WORK_REPLACE 512u
#define WORK_SORT    32u

struct change { /* what stands in place of acting finding i: in `replaced` */
    uint32_t off, len;
};

/* One screening, from its first step to its last. */
struct run {
    struct screener *s;
    const struct ruleset *rs;
    const struct policy *pol;
    const struct endpoint *ep;
    struct screening *out;
    bool blocked, observe, vault;
    struct finding now; /* the finding being placed */
    struct slice value; /* as it reads */
    bool encoded;       /* it was hidden */
    const char *caller; /* NULL: nobody in particular */
    struct slice key;   /* for surrogates */
    unsigned char own_key[MASK_KEY];
    enum action act;
};

struct screener {
    struct run run;
    struct gather g;
    struct json_doc doc;
    struct findings found;   /* as detect_scan gives them */
    struct findings acting;  /* in bytes of the body: to be changed */
    struct findings flagged; /* in bytes of the body: to be counted */
    struct findings firm;    /* of acting: those that are not only masked */
    struct findings secret;  /* of acting: secrets */
    struct findings signs;   /* of prompt injection, in bytes of the body; their scores are weights */
    struct findings aside;   /* plain text: what never hides another finding; requests: what is cut out */
    struct gather_place *place;
    size_t places, place_room;
    struct change *change;
    struct splice *splice;
    size_t change_room, splices, splice_room;
    struct buf replaced, scratch[2];
    struct gather_pieces pieces; /* of free text, for others to look at */
    struct meter *meter;         /* or NULL */
};

struct screener *screener_new(void)
{
    struct screener *s = mem_zalloc(sizeof *s);
    if (!s) return NULL;
    s->replaced = buf_make(VALUE_MOST);
    s->scratch[0] = buf_make(VALUE_MOST);
    s->scratch[1] = buf_make(VALUE_MOST);
    s->g.v = view_make(GATHER_SELF - 1);
    s->g.under = view_make(GATHER_SELF - 1);
    return s;
}

void screener_free(struct screener *s)
{
    if (!s) return;
    gather_free(&s->g);
    json_doc_free(&s->doc);
    findings_free(&s->found);
    findings_free(&s->acting);
    findings_free(&s->flagged);
    findings_free(&s->signs);
    findings_free(&s->firm);
    findings_free(&s->secret);
    findings_free(&s->aside);
    gather_pieces_free(&s->pieces);
    mem_free(s->place);
    mem_free(s->change);
    mem_free(s->splice);
    buf_free(&s->replaced);
    buf_free(&s->scratch[0]);
    buf_free(&s->scratch[1]);
    mem_free(s);
}

void screener_meter(struct screener *s, struct meter *m) { s->meter = m; }

static void trim(struct findings *f)
{
    if (f->room > PLACES_KEPT) findings_free(f);
    f->count = 0;
}

/* Nothing of a body stays behind. */
static void wipe(struct screener *s)
{
    gather_reset(&s->g);
    if (s->doc.room > PLACES_KEPT || s->doc.quotes.room > PLACES_KEPT) json_doc_free(&s->doc);
    s->doc.text = SLICE_NONE;
    trim(&s->found);
    trim(&s->acting);
    trim(&s->flagged);
    trim(&s->signs);
    trim(&s->firm);
    trim(&s->secret);
    trim(&s->aside);
    s->places = 0;
    s->pieces.count = 0;
    if (s->pieces.room > PLACES_KEPT) gather_pieces_free(&s->pieces);
    s->meter = NULL;
    mem_wipe(&s->run, sizeof s->run);
    buf_free(&s->replaced);
    buf_free(&s->scratch[0]);
    buf_free(&s->scratch[1]);
}

static struct gather_limits limits_of(const struct screen_limits *l, struct meter *m)
{
    struct gather_limits g = {l->decode_base64, l->decode_hex, l->decode_percent, l->json_depth, m};
    if (g.base64 > DECODE_MOST) g.base64 = DECODE_MOST;
    if (g.hex > DECODE_MOST) g.hex = DECODE_MOST;
    if (g.percent > DECODE_MOST) g.percent = DECODE_MOST;
    return g;
}

/* What a limit of ours means to the caller: the body was not seen whole. */
static enum err not_scanned(enum err e) { return e == ERR_LIMIT || e == ERR_INTERNAL ? ERR_NOT_SCANNED : e; }

/* ---- one screening ----------------------------------------------------------------------------------------- */

static void count(struct screening *out, uint16_t rule, enum action act)
{
    for (size_t i = 0; i < out->count_rows; i++)
        if (out->counts[i].rule == rule && out->counts[i].action == act) {
            out->counts[i].count++;
            return;
        }
    if (out->count_rows == SCREEN_COUNTS_MAX) out->counts_more++;
    else out->counts[out->count_rows++] = (struct screen_count){rule, (uint8_t)act, 1};
}

static enum err add_place(struct screener *s, const struct gather_place *p)
{
    if (s->places == s->place_room) {
        size_t room = s->place_room ? s->place_room * 2 : 64;
        void *q = mem_realloc(s->place, room * sizeof *s->place);
        if (!q) return ERR_MEMORY;
        s->place = q;
        s->place_room = room;
    }
    s->place[s->places++] = *p;
    return ERR_OK;
}

/* One place of the finding r->now. */
static enum err take(void *arg, const struct gather_place *p)
{
    struct run *r = arg;
    struct screener *s = r->s;
    const struct json_doc *d = &s->doc;
    uint32_t node = gather_node(d, p->start);
    struct finding f = {p->start, p->end, r->now.rule, r->now.score};
    bool fixed = d->node[node].type != JSON_STRING; /* a key or a number: it cannot be rewritten safely */
    if (!fixed) {
        enum text_class c = s->g.cls[node];
        if (c == TEXT_SKIP && (ruleset_rule(r->rs, f.rule)->cls != RULE_SECRETS || f.score < SKIP_SCORE)) return ERR_OK;
        fixed = c == TEXT_SKIP || c == TEXT_NAME;
    }
    if (policy_allows_at(r->pol, f.rule, r->value, d, node)) return ERR_OK;
    if (ruleset_rule(r->rs, f.rule)->cls == RULE_INJECTION) {
        struct finding sign = f;
        sign.score = injection_weight(f.score, r->ep->dialect->origin(d, node), r->encoded);
        enum err e = findings_add(&s->signs, sign);
        if (e || r->act == ACTION_FLAG) return e; /* counted as a sign: it never hides what else is flagged there */
    }
    if (r->act == ACTION_FLAG) return findings_add(&s->flagged, f);
    if (fixed || r->act == ACTION_BLOCK) {
        r->blocked = true;
        count(r->out, f.rule, ACTION_BLOCK);
        return ERR_OK;
    }
    if (r->act == ACTION_REROUTE) r->out->reroute = true;
    if (action_row(r->act)->reversible) r->vault = true;
    enum err e = findings_add(&s->acting, f);
    if (!e && r->act != ACTION_MASK) e = findings_add(&s->firm, f);
    if (!e && ruleset_rule(r->rs, f.rule)->cls == RULE_SECRETS) e = findings_add(&s->secret, f);
    return e ? e : add_place(s, p);
}

/* Whether a finding in a joined text says anything new; or one in a decoded text: what names its value was looked at where it
 * stands, and whole. */
static bool joined_counts(const struct gather *g, const struct ruleset *rs, const struct finding *f)
{
    const struct gather_text *t = gather_text_at(g, f->start);
    if (t->kind == GATHER_BREAKS && !ruleset_joins(rs, f->rule)) return false;
    if (t->kind == GATHER_DERIVED && f->end <= t->value) return false;
    if (t->kind != GATHER_BREAKS && t->kind != GATHER_PARTS) return true;
    return f->end <= t->end && !gather_one_piece(g, f->start, f->end);
}

/* The one of a resolved list that f overlaps, or NULL. */
static const struct finding *touched(const struct findings *list, const struct finding *f)
{
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (list->v[mid].end <= f->start) low = mid + 1;
        else high = mid;
    }
    return low < list->count && list->v[low].start < f->end ? &list->v[low] : NULL;
}

/* What is done with a resolved finding. Four characters show only where no other value, of another span, is to be hidden
 * whole; what has the same span is the same value under a coarser name. */
static enum action action_of(const struct run *r, const struct finding *f)
{
    enum action a = policy_action(r->pol, f->rule);
    const struct finding *firm = a == ACTION_MASK ? touched(&r->s->firm, f) : NULL;
    return firm && (firm->start != f->start || firm->end != f->end) ? ACTION_REDACT : a;
}

/* Brings what was found back to the body, under the policy. */
static enum err judge(struct run *r)
{
    struct screener *s = r->s;
    const char *text = s->g.v.text.p;
    enum err e = ERR_OK;
    for (size_t i = 0; i < s->found.count && !e; i++) {
        r->now = s->found.v[i];
        r->act = policy_action(r->pol, r->now.rule);
        if (!meter_add(s->meter, WORK_FINDING + (r->now.end - r->now.start))) return ERR_NOT_SCANNED;
        if (r->act == ACTION_ALLOW || r->now.start >= r->now.end) continue;
        if (!joined_counts(&s->g, r->rs, &r->now)) continue;
        r->value = slice_of(text + r->now.start, r->now.end - r->now.start);
        if (policy_allows(r->pol, r->value)) continue;
        r->encoded = gather_text_at(&s->g, r->now.start)->encoded;
        e = gather_places(&s->g, r->now.start, r->now.end, take, r);
    }
    struct findings *const all[] = {&s->acting, &s->flagged, &s->signs, &s->firm, &s->secret};
    for (size_t i = 0; i < sizeof all / sizeof all[0] && !e; i++) {
        findings_resolve(r->rs, all[i]);
        if (!meter_add(s->meter, WORK_SORT * all[i]->count)) e = ERR_NOT_SCANNED;
    }
    for (size_t i = 0; i < s->flagged.count; i++) count(r->out, s->flagged.v[i].rule, ACTION_FLAG);
    for (size_t i = 0; i < s->signs.count; i++)
        if (policy_action(r->pol, s->signs.v[i].rule) == ACTION_FLAG) count(r->out, s->signs.v[i].rule, ACTION_FLAG);
    for (size_t i = 0; i < s->acting.count; i++) count(r->out, s->acting.v[i].rule, action_of(r, &s->acting.v[i]));
    return e;
}

/* What all signs of prompt injection come to, and what the policy makes of that. */
static void weigh(struct run *r)
{
    struct screening *out = r->out;
    out->injection_sum = injection_sum(&r->s->signs, out->fold.tags);
    out->injection = injection_level(out->injection_sum);
    enum action a = policy_injection(r->pol, out->injection);
    if (a == ACTION_REROUTE) out->reroute = true;
    if (a == ACTION_BLOCK) r->blocked = true;
}

/* One place of invisible instructions: cut out, where text may be rewritten. */
static enum err take_cut(void *arg, const struct gather_place *p)
{
    struct run *r = arg;
    const struct json_doc *d = &r->s->doc;
    uint32_t node = gather_node(d, p->start);
    enum text_class c = d->node[node].type == JSON_STRING && !p->number ? (enum text_class)r->s->g.cls[node] : TEXT_NAME;
    if (c == TEXT_NAME) r->blocked = true; /* a name cannot be rewritten */
    if (c != TEXT_FREE && c != TEXT_JSON) return ERR_OK;
    return findings_add(&r->s->aside, (struct finding){p->start, p->end, 0, 0});
}

/* Tag characters (U+E0000..E007F) show nothing and are read by models: they go, whatever the policy is about. */
static enum err cut_tags(struct run *r)
{
    const struct gather *g = &r->s->g;
    enum err e = ERR_OK;
    for (uint32_t i = 0; i < g->cut_count && !e; i++) {
        uint32_t a = g->cut[i].start, b = g->cut[i].end;
        if (a & GATHER_SELF) e = gather_places(g, a & ~GATHER_SELF, b & ~GATHER_SELF, take_cut, r);
        else e = take_cut(r, &(struct gather_place){a, b, 1, false});
    }
    findings_resolve(r->rs, &r->s->aside);
    return e;
}

/* ---- rewriting --------------------------------------------------------------------------------------------- */

static int by_start(const void *a, const void *b)
{
    const struct gather_place *x = a, *y = b;
    return (x->start > y->start) - (x->start < y->start);
}

/* How the resolved finding f stands in the body: of the place it begins with. */
static struct gather_place place_of(const struct screener *s, const struct finding *f)
{
    size_t low = 0, high = s->places;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (s->place[mid].start < f->start) low = mid + 1;
        else high = mid;
    }
    assert(low < s->places && s->place[low].start == f->start);
    struct gather_place p = s->place[low];
    p.end = f->end;
    return p;
}

/* A value goes on without the tag characters in it, also where it is masked in part or remembered. */
static enum err drop_tags(struct screener *s, struct slice *v)
{
    size_t at = 0, end;
    if (!view_next_tags(*v, &at, &end)) return ERR_OK;
    struct buf *b = &s->scratch[v->p == buf_slice(&s->scratch[0]).p]; /* the one it is not in */
    size_t from = 0;
    buf_truncate(b, 0);
    enum err e = ERR_OK;
    do {
        e = buf_add(b, slice_of(v->p + from, at - from));
        at = from = end;
    } while (!e && view_next_tags(*v, &at, &end));
    if (!e) e = buf_add(b, slice_of(v->p + from, v->n - from));
    *v = buf_slice(b);
    return e;
}

/* The place's bytes as text: unescaped as often as it stands in strings. */
static enum err read_value(struct screener *s, const struct gather_place *p, struct slice *out)
{
    struct slice v = slice_of(s->g.body.p + p->start, p->end - p->start);
    for (unsigned i = 0; i < p->level && memchr(v.p, '\\', v.n); i++) {
        struct buf *b = &s->scratch[i & 1];
        buf_truncate(b, 0);
        enum err e = json_unescape(v, b);
        if (e) return e;
        v = buf_slice(b);
    }
    *out = v;
    return drop_tags(s, out);
}

/* Appends a replacement to s->replaced as it must stand in the body. */
static enum err write_value(struct screener *s, const struct gather_place *p, struct slice plain)
{
    struct slice v = plain;
    unsigned level = p->level;
    enum err e = ERR_OK;
    if (p->number) {
        struct buf *b = &s->scratch[level & 1];
        buf_truncate(b, 0);
        e = buf_add_byte(b, '"');
        if (!e) e = json_escape(v, b);
        if (!e) e = buf_add_byte(b, '"');
        v = buf_slice(b);
    }
    for (; level > 0 && !e; level--) { /* never writes where it reads: the parity of the level alternates */
        struct buf *b = &s->scratch[(level - 1) & 1];
        buf_truncate(b, 0);
        e = json_escape(v, b);
        v = buf_slice(b);
    }
    return e ? e : buf_add(&s->replaced, v);
}

/* What comes in place of acting finding i. */
static enum err replace(struct run *r, size_t i)
{
    struct screener *s = r->s;
    const struct finding *f = &s->acting.v[i];
    const struct mask_ctx m = {r->out->vault, r->pol, r->key};
    const struct gather_place p = place_of(s, f);
    struct slice value;
    struct buf plain = buf_make(VALUE_MOST);
    size_t was = buf_len(&s->replaced);
    if (!meter_add(s->meter, WORK_REPLACE + (f->end - f->start))) return ERR_NOT_SCANNED;
    enum err e = read_value(s, &p, &value);
    struct rule rule = *ruleset_rule(r->rs, f->rule);
    if (touched(&s->secret, f)) rule.cls = RULE_SECRETS; /* no tool gets it, whatever it is called */
    if (!e) e = mask_value(&m, action_of(r, f), &rule, value, &plain);
    if (!e) e = write_value(s, &p, buf_slice(&plain));
    buf_free(&plain);
    if (e) return e;
    s->change[i] = (struct change){(uint32_t)was, (uint32_t)(buf_len(&s->replaced) - was)};
    return ERR_OK;
}

/* Where a member of the top object comes in the prompt, as providers put it together: 0 first. */
static unsigned rank_of(const struct json_doc *d, uint32_t key)
{
    static const struct {
        struct slice name;
        unsigned rank;
    } rows[] = {{SLICE_INIT("tools"), 0},  {SLICE_INIT("functions"), 0},    {SLICE_INIT("response_format"), 0},
                {SLICE_INIT("system"), 1}, {SLICE_INIT("instructions"), 1}, {SLICE_INIT("messages"), 2},
                {SLICE_INIT("input"), 2},  {SLICE_INIT("prompt"), 2}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (json_text_eq(d, key, rows[i].name)) return rows[i].rank;
    return 3;
}
#define RANKS 4u

/* Replaces in prompt order, so that the numbers of placeholders do not depend on where a client writes its tools. */
static enum err replace_all(struct run *r)
{
    struct screener *s = r->s;
    const struct json_doc *d = &s->doc;
    if (d->node[0].type != JSON_OBJECT) {
        enum err e = ERR_OK;
        for (size_t i = 0; i < s->acting.count && !e; i++) e = replace(r, i);
        return e;
    }
    for (unsigned rank = 0; rank < RANKS; rank++) {
        size_t i = 0;
        for (uint32_t k = 1; k < d->count && i < s->acting.count; k = d->node[k + 1].next) {
            uint32_t next = d->node[k + 1].next;
            uint32_t end = next < d->count ? d->node[next].off : UINT32_MAX;
            bool mine = rank_of(d, k) == rank;
            for (; i < s->acting.count && s->acting.v[i].start < end; i++) {
                enum err e = mine ? replace(r, i) : ERR_OK;
                if (e) return e;
            }
        }
    }
    return ERR_OK;
}

static enum err room_for_changes(struct screener *s)
{
    size_t n = s->acting.count, m = n + s->aside.count;
    if (n > s->change_room || !s->change) {
        mem_free(s->change);
        s->change_room = 0;
        s->change = mem_alloc(n * sizeof *s->change);
        if (!s->change) return ERR_MEMORY;
        s->change_room = n;
    }
    if (m > s->splice_room || !s->splice) {
        mem_free(s->splice);
        s->splice_room = 0;
        s->splice = mem_alloc(m * sizeof *s->splice);
        if (!s->splice) return ERR_MEMORY;
        s->splice_room = m;
    }
    return ERR_OK;
}

/* Replacements and cuts in one ascending row; what is cut inside a replaced value is gone with it. */
static void list_splices(struct screener *s)
{
    size_t k = 0;
    uint32_t from = 0;
    s->splices = 0;
    for (size_t i = 0; i <= s->acting.count; i++) {
        uint32_t start = i < s->acting.count ? s->acting.v[i].start : UINT32_MAX;
        for (; k < s->aside.count && s->aside.v[k].start < start; k++) {
            uint32_t a = s->aside.v[k].start, b = s->aside.v[k].end;
            if (a < from) a = from;
            if (b > start) b = start;
            if (a < b) s->splice[s->splices++] = (struct splice){a, b, SLICE_NONE};
        }
        if (i == s->acting.count) break;
        from = s->acting.v[i].end;
        s->splice[s->splices++] = (struct splice){start, from, slice_of(s->replaced.p + s->change[i].off, s->change[i].len)};
        while (k < s->aside.count && s->aside.v[k].end <= from) k++;
    }
}

static enum err splice_all(struct screener *s, struct slice body, struct buf *out)
{
    list_splices(s);
    size_t total = body.n;
    for (size_t i = 0; i < s->splices; i++) total += s->splice[i].with.n;
    *out = buf_make(total);
    return json_splice(body, s->splice, s->splices, out);
}

static enum err rewrite(struct run *r)
{
    struct screener *s = r->s;
    enum err e = room_for_changes(s);
    if (e) return e;
    if (r->vault) {
        r->out->vault = vault_new();
        if (!r->out->vault) return ERR_MEMORY;
        if ((e = vault_reserve(r->out->vault, buf_slice(&s->g.v.text)))) return e;
        if (r->caller && (e = mask_caller_key(r->key, slice_str(r->caller), r->own_key))) return e;
        if (r->caller) r->key = slice_of(r->own_key, MASK_KEY);
    }
    if (s->places) qsort(s->place, s->places, sizeof *s->place, by_start);
    e = replace_all(r);
    if (!e) e = splice_all(s, s->g.body, &r->out->body);
    if (e) return e;
    r->out->changed = true;
    int64_t moved = 0; /* of the model's name: by what changed before it */
    for (size_t i = 0; i < s->splices && s->splice[i].off < r->out->model_off; i++)
        moved += (int64_t)s->splice[i].with.n - (int64_t)(s->splice[i].end - s->splice[i].off);
    if (r->out->model_end) {
        r->out->model_off = (uint32_t)(r->out->model_off + moved);
        r->out->model_end = (uint32_t)(r->out->model_end + moved);
    }
    return ERR_OK;
}

/* ---- requests ---------------------------------------------------------------------------------------------- */

static enum err read_model(const struct json_doc *d, uint32_t node, struct screening *out)
{
    out->model_off = d->node[node].off;
    out->model_end = d->node[node].end;
    struct slice s = json_raw(d, node);
    struct buf b = buf_make(VALUE_MOST);
    enum err e = ERR_OK;
    if (d->node[node].escaped) {
        e = json_unescape(s, &b);
        s = buf_slice(&b);
    }
    size_t n = s.n < sizeof out->model - 1 ? s.n : sizeof out->model - 1;
    for (size_t i = 0; i < n; i++) out->model[i] = s.p[i] >= 0x20 && s.p[i] < 0x7F ? s.p[i] : '?';
    if (d->node[node].escaped) buf_free(&b);
    return e;
}

static enum err read_facts(const struct json_doc *d, struct screening *out)
{
    if (d->node[0].type != JSON_OBJECT) return ERR_OK;
    uint32_t model = json_member(d, 0, SLICE("model")), stream = json_member(d, 0, SLICE("stream"));
    out->stream = stream != JSON_NONE && d->node[stream].type == JSON_TRUE;
    return model != JSON_NONE && d->node[model].type == JSON_STRING ? read_model(d, model, out) : ERR_OK;
}

/* Searches what was gathered. */
static enum err search(struct screener *s, struct detect_scratch *scratch, const struct ruleset *rs)
{
    detect_scratch_meter(scratch, s->meter);
    enum err e = detect_scan(rs, scratch, buf_slice(&s->g.v.text), &s->found);
    detect_scratch_meter(scratch, NULL);
    return e;
}

/* Reads the body and searches it. */
static enum err begin(struct run *r, struct detect_scratch *scratch, const struct screen_limits *lim, struct slice body)
{
    struct screener *s = r->s;
    const struct json_limits jl = {.max_depth = lim->json_depth};
    const struct gather_limits gl = limits_of(lim, s->meter);
    if (body.n >= GATHER_SELF) return ERR_BODY_TOO_LARGE;
    enum err e = json_parse(&s->doc, body, &jl, NULL);
    if (!e && !meter_add(s->meter, body.n)) e = ERR_NOT_SCANNED;
    if (e) return e == ERR_LIMIT ? ERR_NOT_SCANNED : e;
    if (r->ep->kind == EP_CHAT && s->doc.node[0].type != JSON_OBJECT) return ERR_SHAPE;
    e = read_facts(&s->doc, r->out);
    if (!e) e = gather_json(&s->g, &s->doc, r->ep->dialect, &gl);
    if (e) return not_scanned(e);
    r->out->fold = s->g.fold;
    r->out->opaque = s->g.opaque;
    r->out->decoded = s->g.decoded;
    if (s->g.opaque && policy_opaque_block(r->pol) && !r->observe) return ERR_OPAQUE;
    if (s->g.count == 0) return ERR_OK;
    return not_scanned(search(s, scratch, r->rs));
}

/* Decides about all that was found, and rewrites. */
static enum err finish(struct run *r)
{
    struct screener *s = r->s;
    if (s->g.count == 0 && s->g.cut_count == 0) return ERR_OK;
    enum err e = judge(r);
    if (e) return not_scanned(e);
    weigh(r);
    if (r->observe) {
        r->out->reroute = false;
        return ERR_OK;
    }
    if (s->g.cut_count && (e = cut_tags(r))) return not_scanned(e);
    if (r->blocked || s->g.key_tags) return ERR_BLOCKED;
    return s->acting.count || s->aside.count ? not_scanned(rewrite(r)) : ERR_OK;
}

enum err screen_begin(struct screener *s, struct detect_scratch *scratch, const struct ruleset *rs, const struct policy *pol,
                      const struct screen_limits *lim, const struct endpoint *ep, struct slice body, struct screening *out)
{
    memset(out, 0, sizeof *out);
    s->run = (struct run){
        .s = s, .rs = rs, .pol = pol, .ep = ep, .out = out, .observe = policy_observes(pol), .key = policy_key(pol)};
    s->run.caller = lim->caller && *lim->caller ? lim->caller : NULL;
    out->error = begin(&s->run, scratch, lim, body);
    if (out->error) wipe(s);
    return out->error;
}

enum err screen_pieces(struct screener *s, struct slice *text, const struct gather_piece **piece, size_t *n)
{
    enum err e = gather_pieces(&s->g, &s->doc, &s->pieces);
    *text = buf_slice(&s->g.v.text);
    *piece = s->pieces.v;
    *n = s->pieces.count;
    return e;
}

enum err screen_add(struct screener *s, struct finding f)
{
    assert(f.start <= f.end && f.end <= buf_len(&s->g.v.text));
    return findings_add(&s->found, f);
}

enum err screen_finish(struct screener *s)
{
    struct screening *out = s->run.out;
    out->error = finish(&s->run);
    if (out->error && out->changed) {
        buf_free(&out->body);
        out->changed = false;
    }
    wipe(s);
    return out->error;
}

void screen_drop(struct screener *s) { wipe(s); }

enum err screen_request(struct screener *s, struct detect_scratch *scratch, const struct ruleset *rs, const struct policy *pol,
                        const struct screen_limits *lim, const struct endpoint *ep, struct slice body, struct screening *out)
{
    enum err e = screen_begin(s, scratch, rs, pol, lim, ep, body, out);
    return e ? e : screen_finish(s);
}

void screening_free(struct screening *s)
{
    buf_free(&s->body);
    vault_free(s->vault);
    mem_wipe(s, sizeof *s);
}

/* ---- plain text -------------------------------------------------------------------------------------------- */

struct plain {
    struct screener *s;
    const struct ruleset *rs;
    struct finding now;
};

static enum err take_plain(void *arg, const struct gather_place *p)
{
    struct plain *x = arg;
    struct finding f = {p->start, p->end, x->now.rule, x->now.score};
    bool injection = ruleset_rule(x->rs, f.rule)->cls == RULE_INJECTION;
    return findings_add(injection ? &x->s->aside : &x->s->acting, f);
}

static enum err scan_plain(struct screener *s, struct detect_scratch *scratch, const struct ruleset *rs,
                           const struct screen_limits *lim, struct slice text)
{
    const struct gather_limits gl = limits_of(lim, s->meter);
    enum err e = gather_plain(&s->g, text, &gl);
    if (e || s->g.count == 0) return e;
    e = search(s, scratch, rs);
    struct plain x = {s, rs, {0, 0, 0, 0}};
    for (size_t i = 0; i < s->found.count && !e; i++) {
        x.now = s->found.v[i];
        if (!meter_add(s->meter, WORK_FINDING)) e = ERR_NOT_SCANNED;
        else if (x.now.start < x.now.end && joined_counts(&s->g, rs, &x.now))
            e = gather_places(&s->g, x.now.start, x.now.end, take_plain, &x);
    }
    if (e) return e;
    findings_resolve(rs, &s->acting);
    findings_resolve(rs, &s->aside);
    return ERR_OK;
}

enum err screen_text(struct screener *s, struct detect_scratch *scratch, const struct ruleset *rs,
                     const struct screen_limits *lim, struct slice text, struct findings *spans)
{
    enum err e = text.n ? not_scanned(scan_plain(s, scratch, rs, lim, text)) : ERR_OK;
    size_t i = 0, k = 0;
    while (!e && (i < s->acting.count || k < s->aside.count)) { /* both ascend */
        bool first = k == s->aside.count || (i < s->acting.count && s->acting.v[i].start <= s->aside.v[k].start);
        e = findings_add(spans, first ? s->acting.v[i++] : s->aside.v[k++]);
    }
    wipe(s);
    return e;
}

/* Whether [start, end) of JSON text is a number: then what replaces it needs quotes. */
static bool is_number(const struct json_doc *d, uint32_t start, uint32_t end)
{
    if (!d->count) return false;
    const struct json_node *n = &d->node[gather_node(d, start)];
    return n->type == JSON_NUMBER && n->off == start && n->end == end;
}

/* A replacement that is right however deep the text is in strings: nothing in it needs an escape. */
static void make_safe(char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] == '"' || p[i] == '\\' || (unsigned char)p[i] < 0x20) p[i] = '*';
}

static enum err redact_one(struct screener *s, const struct ruleset *rs, const struct mask_ctx *m, struct slice text,
                           const struct finding *f, struct buf *out)
{
    bool number = is_number(&s->doc, f->start, f->end);
    enum action act = policy_action(m->policy, f->rule);
    if (act == ACTION_BLOCK) act = ACTION_REDACT; /* there is nobody to refuse */
    enum err e = number ? buf_add_byte(out, '"') : ERR_OK;
    size_t was = buf_len(out);
    if (!e) e = mask_value(m, act, ruleset_rule(rs, f->rule), slice_of(text.p + f->start, f->end - f->start), out);
    if (e) return e;
    make_safe(out->p + out->off + was, buf_len(out) - was);
    return number ? buf_add_byte(out, '"') : ERR_OK;
}

/* What stays of a text, without tag characters. */
static enum err add_rest(struct slice text, struct buf *out)
{
    size_t from = 0, at = 0, end;
    enum err e = ERR_OK;
    for (; !e && view_next_tags(text, &at, &end); at = from = end) e = buf_add(out, slice_of(text.p + from, at - from));
    return e ? e : buf_add(out, slice_of(text.p + from, text.n - from));
}

enum err screen_redact(struct screener *s, const struct ruleset *rs, const struct policy *pol, struct slice text,
                       const struct findings *spans, struct vault **vault, struct buf *out)
{
    struct mask_ctx m = {NULL, pol, policy_key(pol)};
    enum err e = ERR_OK;
    for (size_t i = 0; i < spans->count && !e; i++) {
        enum action act = policy_action(pol, spans->v[i].rule);
        if (act == ACTION_ALLOW || act == ACTION_FLAG) continue;
        struct slice v = slice_of(text.p + spans->v[i].start, spans->v[i].end - spans->v[i].start);
        if (policy_allows(pol, v) || policy_allows_at(pol, spans->v[i].rule, v, NULL, 0)) continue;
        if (action_row(act)->reversible && !m.vault) {
            if (!*vault) *vault = vault_new();
            m.vault = *vault;
            e = m.vault ? vault_reserve(m.vault, text) : ERR_MEMORY;
        }
        if (!e) e = findings_add(&s->acting, spans->v[i]);
    }
    findings_resolve(rs, &s->acting);
    const struct json_limits jl = {.allow_duplicates = true};
    if (!e && json_parse(&s->doc, text, &jl, NULL) != ERR_OK) s->doc.count = 0;
    uint32_t from = 0;
    for (size_t i = 0; i < s->acting.count && !e; i++) {
        const struct finding *f = &s->acting.v[i];
        e = add_rest(slice_of(text.p + from, f->start - from), out);
        if (!e) e = redact_one(s, rs, &m, text, f, out);
        from = f->end;
    }
    if (!e) e = add_rest(slice_of(text.p + from, text.n - from), out);
    wipe(s);
    return e;
}
