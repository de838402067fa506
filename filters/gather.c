/* Gathering: from a body to one text. Strings first, in the body's order, each with what it hides inside (inner JSON,
 * folded forms); then what only shows when pieces are joined; then decoded runs, level by level, over all of it. */
#include "filters/gather.h"

#include "filters/detect/engine.h"
#include "filters/text/decode.h"

#include <assert.h>

#define TEXTS_FIRST    64u
#define TEXT_KEPT      (2u << 20)
#define UNDER_KEPT     TEXT_KEPT
#define NODES_KEPT     (1u << 16)
#define NUMBER_LEAST   9u   /* digits of a number worth a look */
#define SKIP_LEAST     16u  /* a shorter identifier holds no key */
#define SHORTEST_TOKEN 8u   /* a mailbox, or eight digits, and what breaks it */
#define UNFOLDED_EDGE  512u /* bytes on each side of what was dropped */
#define DATA_MOST      80u
#define NAME_MOST      48u /* bytes before an encoded value that may name it */
#define CODES_LEAST    10u /* numbers in an array that may be text */
#define CODES_HEAD     64u
#define UNIT_LEVELS    3u  /* escapes in escapes, entities in entities */
#define WORK_TEXT      64u /* in a meter's units: a text begun */

static const struct slice between = SLICE_INIT("\": \""); /* what rules expect between a key and its value */

/* ---- lists ------------------------------------------------------------------------------------------------- */

static enum err grow(void **list, uint32_t *room, size_t each)
{
    uint32_t want = *room ? *room * 2 : TEXTS_FIRST;
    if (want > GATHER_SELF) return ERR_LIMIT;
    void *q = mem_realloc(*list, want * each);
    if (!q) return ERR_MEMORY;
    *list = q;
    *room = want;
    return ERR_OK;
}

/* Room for one more element of a list of struct gather. */
#define ROOM(g, list, count, room_)                                                                                              \
    ((g)->count < (g)->room_ ? ERR_OK : grow((void **)(void *)&(g)->list, &(g)->room_, sizeof *(g)->list))

void gather_free(struct gather *g)
{
    view_free(&g->v);
    view_free(&g->under);
    mem_free(g->text);
    mem_free(g->leaf);
    mem_free(g->inner);
    mem_free(g->part);
    mem_free(g->cls);
    mem_free(g->cut);
    marks_free(&g->marks);
    for (unsigned i = 0; i < GATHER_LEVELS; i++) json_doc_free(&g->doc[i]);
    memset(g, 0, sizeof *g);
}

void gather_reset(struct gather *g)
{
    view_reset(&g->v, TEXT_KEPT);
    view_reset(&g->under, UNDER_KEPT);
    if (g->leaf_room > NODES_KEPT) {
        mem_free(g->leaf);
        g->leaf = NULL;
        g->leaf_room = 0;
    }
    if (g->room > NODES_KEPT) {
        mem_free(g->text);
        g->text = NULL;
        g->room = 0;
    }
    if (g->cls_room > TEXT_KEPT) {
        mem_free(g->cls);
        g->cls = NULL;
        g->cls_room = 0;
    }
    for (unsigned i = 0; i < GATHER_LEVELS; i++)
        if (g->doc[i].room > NODES_KEPT) json_doc_free(&g->doc[i]);
    if (g->marks.room > NODES_KEPT) marks_free(&g->marks);
    g->count = g->leaf_count = g->inner_count = g->part_count = g->cut_count = 0;
    g->fold = (struct fold_counts){0, 0, 0};
    g->opaque = g->decoded = 0;
    g->encoded = g->key_tags = false;
    g->part_array = JSON_NONE;
    g->body = SLICE_NONE;
    g->meter = NULL;
    g->metered = 0;
}

/* ---- one text ---------------------------------------------------------------------------------------------- */

enum err gather_slice(struct gather *g, uint32_t start, uint32_t end, size_t n, struct slice *out)
{
    enum err e = buf_reserve(&g->v.text, n + VIEW_SLACK);
    if (e) return e;
    assert(g->v.text.off == 0 && end <= g->v.text.end);
    *out = slice_of(g->v.text.p + start, end - start);
    return ERR_OK;
}

enum err gather_open(struct gather *g, enum gather_kind kind, unsigned level)
{
    enum err e = ROOM(g, text, count, room);
    if (e) return e;
    uint32_t at = (uint32_t)g->v.text.end;
    size_t more = at > g->metered ? at - g->metered : 0; /* a text may be taken back */
    g->metered = at;
    if (!meter_add(g->meter, WORK_TEXT + more)) return ERR_NOT_SCANNED;
    g->text[g->count] = (struct gather_text){.start = at,
                                             .end = at,
                                             .key_end = at,
                                             .value = at,
                                             .kind = (uint8_t)kind,
                                             .level = (uint8_t)level,
                                             .encoded = g->encoded};
    return ERR_OK;
}

static enum err add_gap(struct gather *g) { return buf_add(&g->v.text, SLICE(DETECT_GAP)); }

/* Remembers where tag characters stand in s: from source offset `base` on, or from there on in `under`. */
static enum err note_tags(struct gather *g, struct slice s, uint32_t base, const struct view *under)
{
    for (size_t at = 0, end; view_next_tags(s, &at, &end); at = end) {
        enum err e = ROOM(g, cut, cut_count, cut_room);
        if (e) return e;
        struct gather_cut c = {base + (uint32_t)at, base + (uint32_t)end};
        if (under) view_back(under, c.start, c.end, &c.start, &c.end);
        g->cut[g->cut_count++] = c;
    }
    return ERR_OK;
}

/* Folds [start, end) of the gathered text into a text of its own. */
static enum err add_folded(struct gather *g, uint32_t start, uint32_t end, unsigned level)
{
    struct slice s = SLICE_NONE;
    uint32_t tags = g->fold.tags;
    bool decoded = gather_text_at(g, start)->kind == GATHER_DERIVED;
    enum err e = gather_open(g, GATHER_DERIVED, level);
    if (!e) e = gather_slice(g, start, end, end - start + sizeof DETECT_GAP, &s);
    if (!e) e = view_fold(&g->v, s, start | GATHER_SELF, &g->fold);
    if (!e && g->fold.tags != tags && !decoded) e = note_tags(g, s, start | GATHER_SELF, NULL);
    if (e) return e;
    struct gather_text *t = &g->text[g->count];
    t->end = (uint32_t)g->v.text.end;
    if (t->end == t->start) return ERR_OK; /* nothing was left of it */
    g->count++;
    return add_gap(g);
}

static bool looks_json(struct slice s)
{
    size_t a = 0, b = s.n;
    while (a < b && (s.p[a] == ' ' || s.p[a] == '\n' || s.p[a] == '\r' || s.p[a] == '\t')) a++;
    if (a == b || (s.p[a] != '{' && s.p[a] != '[')) return false;
    while (b > a && (s.p[b - 1] == ' ' || s.p[b - 1] == '\n' || s.p[b - 1] == '\r' || s.p[b - 1] == '\t')) b--;
    return b - a >= 2 && s.p[b - 1] == (s.p[a] == '{' ? '}' : ']');
}

static enum err open_inner(struct gather *g, uint32_t text, unsigned depth, const struct gather_limits *lim);

/* Ends the text begun last at the end of what was appended since; folds it and opens JSON in it where there is need. */
static enum err close_text(struct gather *g, bool may_fold, unsigned depth, const struct gather_limits *lim)
{
    struct gather_text *t = &g->text[g->count];
    uint32_t index = g->count;
    t->end = (uint32_t)g->v.text.end;
    if (t->end == t->value) { /* an empty value */
        if (t->key_end == t->start) return ERR_OK;
        t->end = t->key_end; /* only the key is left */
        t->value = t->key_end = t->start;
    }
    const struct gather_text was = *t;
    g->count++;
    enum err e = add_gap(g);
    struct slice value = slice_of(g->v.text.p + was.value, was.end - was.value);
    bool json = depth < GATHER_LEVELS && looks_json(value);
    if (!e && may_fold && view_needs_fold(value)) e = add_folded(g, was.value, was.end, was.level);
    if (!e && json) e = open_inner(g, index, depth, lim);
    return e;
}

enum err gather_close(struct gather *g, const struct gather_limits *lim) { return close_text(g, true, GATHER_LEVELS, lim); }

/* ---- inner JSON -------------------------------------------------------------------------------------------- */

/* A leaf that reads differently from how it stands, or is JSON again, gets a text of its own: with its key before it,
 * for the context. What is found inside it counts there, and not in the text around it, which is at `base`. */
static enum err open_leaf(struct gather *g, uint32_t leaf, uint32_t base, unsigned level, unsigned depth,
                          const struct gather_limits *lim)
{
    struct gather_leaf l = g->leaf[leaf], before = leaf ? g->leaf[leaf - 1] : l;
    struct slice raw = SLICE_NONE;
    enum err e = gather_open(g, GATHER_LEAF, level);
    if (!e && l.type == JSON_STRING && before.type == JSON_KEY && before.off < before.end) {
        e = gather_slice(g, before.off, before.end, before.end - before.off + between.n, &raw);
        if (!e) e = view_add(&g->v, raw, before.off | GATHER_SELF);
        g->text[g->count].key_end = (uint32_t)g->v.text.end;
        if (!e) e = buf_add(&g->v.text, between);
        g->text[g->count].value = (uint32_t)g->v.text.end;
    }
    if (!e) e = gather_slice(g, l.off, l.end, l.end - l.off + sizeof DETECT_GAP, &raw);
    const struct quotes *q = &g->doc[depth - 1].quotes;
    bool odd = !q->ascii;
    if (!e) e = view_unescape(&g->v, raw, l.off | GATHER_SELF, quotes_bits(q, QUOTES_ESCAPE), l.off - base, &odd);
    if (e) return e;
    g->leaf[leaf].text = g->count + 1;
    return close_text(g, odd, depth, lim);
}

static bool wants_text(const struct gather *g, const struct json_node *n, uint32_t base)
{
    if (n->off == n->end) return false;
    return n->escaped || (n->type == JSON_STRING && looks_json(slice_of(g->v.text.p + base + n->off, n->end - n->off)));
}

static enum err open_inner(struct gather *g, uint32_t text, unsigned depth, const struct gather_limits *lim)
{
    const struct gather_text t = g->text[text];
    struct json_doc *d = &g->doc[depth];
    const struct json_limits jl = {.max_depth = lim->json_depth, .allow_duplicates = true};
    enum err e = json_parse(d, slice_of(g->v.text.p + t.value, t.end - t.value), &jl, NULL);
    if (e == ERR_MEMORY || e == ERR_LIMIT) return e;
    if (!meter_add(g->meter, t.end - t.value)) return ERR_NOT_SCANNED;
    if (e) return ERR_OK; /* text that only looks like it */
    if ((e = ROOM(g, inner, inner_count, inner_room))) return e;
    uint32_t first = g->leaf_count;
    for (uint32_t i = 0; i < d->count; i++) {
        const struct json_node *n = &d->node[i];
        if (n->type != JSON_STRING && n->type != JSON_KEY && n->type != JSON_NUMBER) continue;
        if ((e = ROOM(g, leaf, leaf_count, leaf_room))) return e;
        bool own = n->type != JSON_NUMBER && wants_text(g, n, t.value);
        g->leaf[g->leaf_count++] = (struct gather_leaf){t.value + n->off, t.value + n->end, own, n->type};
    }
    uint32_t last = g->leaf_count;
    g->inner[g->inner_count++] = (struct gather_inner){first, last - first};
    g->text[text].inner = g->inner_count;
    for (uint32_t i = first; i < last && !e; i++)
        if (g->leaf[i].text) {
            g->leaf[i].text = 0;
            e = open_leaf(g, i, t.value, t.level + 1u, depth + 1, lim);
        }
    return e;
}

/* ---- the body ---------------------------------------------------------------------------------------------- */

struct walk {
    struct gather *g;
    const struct json_doc *d;
    const struct dialect *dialect;
    const struct gather_limits *lim;
    bool own; /* below the dialect's member of that name */
};

/* *odd is set if folding may change something: there is more than ASCII, or what is written \u. */
static enum err add_content(struct gather *g, const struct json_doc *d, uint32_t i, bool *odd)
{
    const struct json_node *n = &d->node[i];
    struct slice raw = json_raw(d, i);
    *odd = !n->ascii;
    if (!n->escaped) return view_add(&g->v, raw, n->off);
    return view_unescape(&g->v, raw, n->off, quotes_bits(&d->quotes, QUOTES_ESCAPE), n->off, odd);
}

/* Before a value whose key is nobody's: the key goes with it, for the context it lends. */
static enum err add_key(const struct walk *w, uint32_t key, bool known)
{
    struct gather *g = w->g;
    if (known || key == JSON_NONE || w->d->node[key].off == w->d->node[key].end) return ERR_OK;
    bool odd;
    enum err e = add_content(g, w->d, key, &odd);
    g->text[g->count].key_end = (uint32_t)g->v.text.end;
    if (!e) e = buf_add(&g->v.text, between);
    g->text[g->count].value = (uint32_t)g->v.text.end;
    return e;
}

/* Remembers text parts of one message that follow each other, an image or the like between them or not. `empty`: nothing is left of this one to be read, and what is
 * before it meets what is behind it. */
static enum err note_part(const struct walk *w, uint32_t i, uint32_t text, bool empty)
{
    struct gather *g = w->g;
    const struct json_node *node = w->d->node;
    uint32_t object = node[i].parent, key = node[i].key;
    if (key == JSON_NONE || object == JSON_NONE || node[object].parent == JSON_NONE ||
        node[node[object].parent].type != JSON_ARRAY)
        return ERR_OK;
    if (!json_text_eq(w->d, key, SLICE("text"))) return ERR_OK;
    uint32_t array = node[object].parent, index = node[object].index;
    bool follows = g->part_array == array && g->part_index < index && g->part_count;
    if (empty && !follows) return ERR_OK;
    g->part_array = array;
    g->part_index = index;
    if (empty) return ERR_OK;
    enum err e = ROOM(g, part, part_count, part_room);
    if (!e) g->part[g->part_count++] = (struct gather_part){text, follows};
    return e;
}

/* Bytes [from, to) of g->under as a text of their own. */
static enum err add_unfolded(struct gather *g, uint32_t from, uint32_t to, const struct gather_limits *lim)
{
    const char *p = g->under.text.p;
    while (from > 0 && ((unsigned char)p[from] & 0xC0) == 0x80) from--;
    while (to < g->under.text.end && ((unsigned char)p[to] & 0xC0) == 0x80) to++;
    const size_t first = g->v.count;
    enum err e = gather_open(g, GATHER_BODY, 1);
    if (!e) e = view_add(&g->v, slice_of(p + from, to - from), from);
    if (e) return e;
    view_on_under(&g->v, first);
    return close_text(g, false, GATHER_LEVELS, lim);
}

static inline bool is_white(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/* What was dropped may have stood between two words: where it was, the text also stays as it was, as far round it as
 * matters. Pieces from `first` on were folded from [from, end) of g->under. */
static enum err keep_unfolded(struct gather *g, size_t first, uint32_t from, const struct gather_limits *lim)
{
    const uint32_t end = (uint32_t)g->under.text.end, last = (uint32_t)g->v.count;
    const char *p = g->under.text.p;
    uint32_t seen = from, low = from, high = from; /* [low, high) is to be kept */
    const uint32_t text_end = g->text[g->count - 1].end;
    enum err e = ERR_OK;
    for (uint32_t i = (uint32_t)first; i < last && !e; i++) {
        const struct view_piece x = g->v.piece[i];
        const uint32_t width = x.width & ~VIEW_UNDER, to = i + 1 < last ? g->v.piece[i + 1].v : text_end;
        if (x.s > seen && seen > from && !is_white(p[seen - 1]) && !is_white(p[x.s])) {
            const uint32_t a = seen - from > UNFOLDED_EDGE ? seen - UNFOLDED_EDGE : from;
            if (a > high) {
                if (high > low) e = add_unfolded(g, low, high, lim);
                low = a;
            }
            high = end - x.s > UNFOLDED_EDGE ? x.s + UNFOLDED_EDGE : end;
        }
        seen = width ? x.s + width : x.s + (to - x.v);
    }
    return !e && high > low ? add_unfolded(g, low, high, lim) : e;
}

/* Ends a text that needs folding: it is folded in place. */
static enum err close_folded(struct gather *g, uint32_t value, const struct gather_limits *lim)
{
    const struct fold_counts before = g->fold;
    const uint32_t from = (uint32_t)g->under.text.end;
    enum err e = view_split(&g->v, value, &g->under);
    const size_t first = g->v.count;
    const struct slice s = slice_of(g->under.text.p + from, g->under.text.end - from);
    if (!e) e = view_fold(&g->v, s, from, &g->fold);
    if (e) return e;
    view_on_under(&g->v, first);
    const uint32_t texts = g->count;
    e = close_text(g, false, GATHER_LEVELS, lim);
    const bool dropped = g->fold.invisible != before.invisible || g->fold.tags != before.tags;
    if (!e && dropped && g->count > texts) e = keep_unfolded(g, first, from, lim);
    if (!e && g->fold.tags != before.tags) e = note_tags(g, s, from, &g->under);
    return e;
}

static enum err add_string(const struct walk *w, uint32_t i)
{
    struct gather *g = w->g;
    const struct json_node *n = &w->d->node[i];
    g->cls[i] = TEXT_FREE;
    if (n->off == n->end && n->key == JSON_NONE) return ERR_OK;
    const struct string_said said = w->dialect->classify(w->d, i, w->own);
    g->cls[i] = (uint8_t)said.cls;
    switch (said.cls) {
    case TEXT_OPAQUE: g->opaque++; return ERR_OK;
    case TEXT_SKIP:
        if (n->end - n->off < SKIP_LEAST || n->end - n->off > 128) return ERR_OK; /* beyond: a signature */
        break;
    default: break;
    }
    uint32_t text = g->count;
    enum err e = gather_open(g, GATHER_BODY, 1);
    if (!e) e = add_key(w, n->key, said.key_known);
    if (e) return e;
    bool odd;
    e = add_content(g, w->d, i, &odd);
    if (e) return e;
    uint32_t value = g->text[g->count].value;
    struct slice s = slice_of(g->v.text.p + value, g->v.text.end - value);
    const bool json = looks_json(s);
    if (json || !odd || !view_needs_fold(s)) e = close_text(g, json && odd, 0, w->lim);
    else e = close_folded(g, value, w->lim);
    return e ? e : note_part(w, i, text, g->count == text);
}

static enum err add_number(const struct walk *w, uint32_t i)
{
    struct gather *g = w->g;
    struct slice s = json_raw(w->d, i);
    if (s.n < NUMBER_LEAST) return ERR_OK;
    const uint32_t key = w->d->node[i].key;
    if (key != JSON_NONE && w->dialect->key_known(w->d, key)) return ERR_OK;
    for (size_t k = s.p[0] == '-'; k < s.n; k++)
        if (s.p[k] < '0' || s.p[k] > '9') return ERR_OK;
    enum err e = gather_open(g, GATHER_BODY, 1);
    if (!e) e = add_key(w, key, false);
    if (!e) e = view_add(&g->v, s, w->d->node[i].off);
    return e ? e : close_text(g, false, GATHER_LEVELS, w->lim);
}

/* An array of numbers may be text, byte by byte. What is found in it has the whole array as its place, which is no string. */
static enum err add_codes(const struct walk *w, uint32_t i)
{
    struct gather *g = w->g;
    const struct json_node *array = &w->d->node[i];
    const uint32_t n = array->next - i - 1;
    if (n < CODES_LEAST || array[1].type != JSON_NUMBER || array[1].end - array[1].off > 3) return ERR_OK;
    enum err e = gather_open(g, GATHER_BODY, 1);
    if (!e) e = buf_reserve(&g->v.text, n);
    if (e) return e;
    const uint32_t at = (uint32_t)g->v.text.end;
    char *out = buf_tail(&g->v.text);
    uint32_t k = 0;
    for (uint64_t v; k < n && array[k + 1].type == JSON_NUMBER && slice_u64(json_raw(w->d, i + 1 + k), 255, &v); k++)
        out[k] = (char)v;
    if (k < n || !decode_codes_are_text(slice_of(out, n < CODES_HEAD ? n : CODES_HEAD))) {
        mem_wipe(out, k);
        return ERR_OK;
    }
    buf_commit(&g->v.text, n);
    g->decoded++;
    e = view_mark(&g->v, at, array->off, array->end - array->off);
    return e ? e : gather_close(g, w->lim);
}

/* A key cannot be rewritten, so what is hidden in it must be known. */
static enum err look_for_key_tags(const struct walk *w, uint32_t key)
{
    struct slice s = json_raw(w->d, key);
    struct buf b = buf_make(s.n + 1);
    size_t at = 0, end;
    enum err e = ERR_OK;
    if (w->d->node[key].escaped) {
        e = json_unescape(s, &b);
        s = buf_slice(&b);
    }
    if (!e && view_next_tags(s, &at, &end)) w->g->key_tags = true;
    buf_free(&b);
    return e;
}

/* A key whose value is not gathered with it, or in which something may be hidden: beside a value it only lends context. */
static enum err add_lone_key(const struct walk *w, uint32_t key)
{
    const struct json_node *n = &w->d->node[key];
    if ((n->escaped || !n->ascii) && !w->g->key_tags) {
        enum err e = look_for_key_tags(w, key);
        if (e) return e;
    }
    const struct json_node *value = &w->d->node[key + 1];
    bool number = value->type == JSON_NUMBER && value->end - value->off >= NUMBER_LEAST;
    const bool plain = n->ascii && !n->escaped && n->end - n->off < SKIP_LEAST; /* nothing can be hidden in it */
    if ((value->type == JSON_STRING || number) && plain) return ERR_OK;
    if (w->dialect->key_known(w->d, key)) return ERR_OK;
    enum err e = gather_open(w->g, GATHER_BODY, 1);
    bool odd = false;
    if (!e) e = add_content(w->g, w->d, key, &odd);
    if (e) return e;
    /* With what follows a key: rules for what stands all alone are about values. */
    w->g->text[w->g->count].key_end = (uint32_t)w->g->v.text.end;
    e = buf_add(&w->g->v.text, between);
    w->g->text[w->g->count].value = (uint32_t)w->g->v.text.end;
    return e ? e : close_text(w->g, odd, GATHER_LEVELS, w->lim);
}

/* ---- decoded runs ------------------------------------------------------------------------------------------ */

/* Length of the "data:text/plain;base64," that s ends with. */
static uint32_t data_url(struct slice s)
{
    const struct slice base64 = SLICE(";base64,"), data = SLICE("data:");
    if (s.n < base64.n + data.n || memcmp(s.p + s.n - base64.n, base64.p, base64.n) != 0) return 0;
    for (size_t k = base64.n + data.n; k <= s.n && k < DATA_MOST; k++)
        if (memcmp(s.p + s.n - k, data.p, data.n) == 0) return (uint32_t)k;
    return 0;
}

/* What stands before an encoded value in its line and names it ("key=", "password: ") goes before what it was. */
static enum err add_name(struct gather *g, const struct gather_text *t, struct slice s, uint32_t at)
{
    uint32_t end = at, k;
    if (end >= 2 && s.p[end - 2] == '0' && (s.p[end - 1] | 32) == 'x') end -= 2;
    end -= data_url(slice_of(s.p, end));
    const uint32_t named = end;
    while (end > 0 && named - end < 4 && (s.p[end - 1] == ' ' || s.p[end - 1] == '"' || s.p[end - 1] == '\'')) end--;
    for (k = end; k > 0 && end - k < NAME_MOST && s.p[k - 1] != '\n'; k--) {
    }
    while (k > 0 && k < end && ((unsigned char)s.p[k] & 0xC0) == 0x80) k++;
    if (k == end || g->text[g->count].value != g->v.text.end) return ERR_OK;
    enum err e = view_add(&g->v, slice_of(s.p + k, end - k), (t->value + k) | GATHER_SELF);
    if (!e) e = buf_add_byte(&g->v.text, ' '); /* the value is a word of its own */
    g->text[g->count].value = (uint32_t)g->v.text.end;
    g->text[g->count].key_end = g->text[g->count].value - 1;
    return e;
}

/* All runs of one kind. */
static enum err decode_text(struct gather *g, uint32_t text, enum decode_kind kind, const struct gather_limits *lim)
{
    const struct gather_text t = g->text[text];
    if (!meter_add(g->meter, t.end - t.value)) return ERR_NOT_SCANNED;
    uint32_t from = 0;
    struct decode_run run;
    while (from < t.end - t.value) {
        struct slice s = SLICE_NONE;
        enum err e = gather_slice(g, t.value, t.end, 0, &s);
        if (e) return e;
        if (!decode_next(s, &g->marks, t.value - g->marked, kind, &from, &run)) return ERR_OK;
        e = meter_add(g->meter, run.end - run.start) ? ERR_OK : ERR_NOT_SCANNED;
        if (!e) e = gather_slice(g, t.value, t.end, run.end - run.start + sizeof DETECT_GAP + NAME_MOST, &s);
        if (!e) e = gather_open(g, GATHER_DERIVED, t.level);
        const size_t pieces = g->v.count, bytes = buf_len(&g->v.text);
        if (!e && kind >= DECODE_BASE64) e = add_name(g, &t, s, run.start);
        if (!e) e = decode_run(s, &run, t.value | GATHER_SELF, &g->v);
        if (e == ERR_SHAPE) { /* no text after all */
            g->v.count = pieces;
            buf_truncate(&g->v.text, bytes);
            continue;
        }
        if (!e) e = gather_close(g, lim);
        if (e) return e;
        if (kind != DECODE_ESCAPES) g->decoded++;
    }
    return ERR_OK;
}

static const enum mark mark_of[DECODE_KINDS] = {
    [DECODE_ESCAPES] = MARK_ESCAPE, [DECODE_PERCENT] = MARK_PERCENT, [DECODE_ENTITIES] = MARK_ENTITY,
    [DECODE_QUOTED] = MARK_QUOTED,  [DECODE_PAIRS] = MARK_PAIRS,     [DECODE_BASE64] = MARK_BASE64,
    [DECODE_HEX] = MARK_HEX,        [DECODE_BASE32] = MARK_BASE32,   [DECODE_CODES] = MARK_CODES,
};

/* All of one text that has a mark. */
static enum err decode_one(struct gather *g, uint32_t i, const uint32_t levels[DECODE_KINDS], unsigned level,
                           const struct gather_limits *lim)
{
    const struct gather_text t = g->text[i];
    const size_t from = t.value - g->marked, to = t.end - g->marked;
    enum err e = ERR_OK;
    for (enum decode_kind k = 0; k < DECODE_KINDS && !e; k++) {
        if (level >= levels[k] || !marks_has(&g->marks, mark_of[k])) continue;
        if (marks_next(&g->marks, mark_of[k], from, to) == to) continue;
        if (k == DECODE_ESCAPES && t.inner) continue; /* opened properly */
        g->encoded = t.encoded || k >= DECODE_BASE64 || k == DECODE_PERCENT;
        e = decode_text(g, i, k, lim);
    }
    g->encoded = t.encoded;
    if (!e && to - from >= SHORTEST_TOKEN && t.kind != GATHER_BREAKS) e = gather_breaks(g, i);
    return e;
}

/* One level: everything in texts [first, last). */
static enum err decode_level(struct gather *g, uint32_t first, uint32_t last, unsigned level, const struct gather_limits *lim)
{
    const uint32_t levels[DECODE_KINDS] = {
        [DECODE_ESCAPES] = UNIT_LEVELS, [DECODE_PERCENT] = lim->percent, [DECODE_ENTITIES] = UNIT_LEVELS,
        [DECODE_QUOTED] = UNIT_LEVELS,  [DECODE_BASE64] = lim->base64,   [DECODE_HEX] = lim->hex,
        [DECODE_PAIRS] = lim->hex,      [DECODE_BASE32] = lim->base64,   [DECODE_CODES] = lim->hex};
    g->marked = g->text[first].start;
    enum err e = marks_make(&g->marks, slice_of(g->v.text.p + g->marked, g->v.text.end - g->marked));
    const size_t end = g->v.text.end - g->marked;
    for (uint32_t i = first; i < last && !e;) {
        const size_t mark = marks_next(&g->marks, MARK_ANY, g->text[i].value - g->marked, end);
        while (i < last && g->text[i].end - g->marked <= mark) i++;
        if (i == last) break;
        if (g->text[i].value - g->marked <= mark) e = decode_one(g, i++, levels, level, lim); /* else it was in a key */
    }
    g->encoded = false;
    return e;
}

static enum err decode_all(struct gather *g, const struct gather_limits *lim)
{
    unsigned most = UNIT_LEVELS;
    if (lim->base64 > most) most = lim->base64;
    if (lim->hex > most) most = lim->hex;
    if (lim->percent > most) most = lim->percent;
    enum err e = gather_parts(g);
    uint32_t first = 0;
    for (unsigned level = 0; level < most && first < g->count && !e; level++) {
        uint32_t last = g->count;
        e = decode_level(g, first, last, level, lim);
        first = last;
    }
    return e;
}

/* ---- the two entries --------------------------------------------------------------------------------------- */

static void start(struct gather *g, struct slice body, const struct gather_limits *lim)
{
    gather_reset(g);
    g->body = g->v.source = g->under.source = body;
    g->v.under = &g->under;
    g->meter = lim->meter;
    size_t cap = body.n > (GATHER_SELF - 1) / 8 - (1u << 20) ? GATHER_SELF - 1 : body.n * 8 + (1u << 20);
    g->v.text.cap = cap;
}

static enum err room_for_classes(struct gather *g, uint32_t nodes)
{
    if (nodes <= g->cls_room) return ERR_OK;
    mem_free(g->cls);
    g->cls_room = 0;
    g->cls = mem_alloc(nodes * 2);
    if (!g->cls) return ERR_MEMORY;
    g->cls_room = nodes * 2;
    return ERR_OK;
}

enum err gather_json(struct gather *g, const struct json_doc *d, const struct dialect *dialect, const struct gather_limits *lim)
{
    start(g, d->text, lim);
    struct walk w = {g, d, dialect, lim, false};
    enum err e = room_for_classes(g, d->count);
    /* with what is derived, so that a large text need not move: pages nobody writes to cost nothing */
    if (!e) e = buf_reserve(&g->v.text, d->text.n + d->text.n / 8 + 64);
    for (uint32_t i = 0; i < d->count && !e; i++) {
        switch (d->node[i].type) {
        case JSON_STRING: e = add_string(&w, i); break;
        case JSON_KEY:
            if (d->node[i].depth == 1) w.own = json_text_eq(d, i, dialect->own);
            e = add_lone_key(&w, i);
            break;
        case JSON_NUMBER: e = add_number(&w, i); break;
        case JSON_ARRAY: e = add_codes(&w, i); break;
        default: break;
        }
    }
    return e ? e : decode_all(g, lim);
}

enum err gather_plain(struct gather *g, struct slice text, const struct gather_limits *lim)
{
    start(g, text, lim);
    if (text.n >= GATHER_SELF) return ERR_LIMIT;
    enum err e = gather_open(g, GATHER_BODY, 0);
    if (!e) e = view_add(&g->v, text, 0);
    if (!e) e = close_text(g, true, 0, lim);
    return e ? e : decode_all(g, lim);
}
