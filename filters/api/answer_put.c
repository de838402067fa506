/* Puts originals back into the JSON of an answer: walks its strings, tells which belong to a channel of a stream, and
 * notes what changes as edits. A channel's held tail comes out with a later piece of it, or, when the channel is left or
 * ends, as a copy of its last event cut down to that text. */
#include "filters/api/answer_priv.h"

#include <assert.h>
#include <stdlib.h>

#define PATH_MAX_  64u /* deeper strings are left as they are */
#define ARGS_DEPTH 6u  /* of choices[].message.tool_calls[].id; arguments that are an object lie deeper */

/* Identifiers, enums, signatures and encoded data: never changed. */
static const struct slice skip_keys[] = {
    SLICE_INIT("id"),           SLICE_INIT("object"),
    SLICE_INIT("model"),        SLICE_INIT("role"),
    SLICE_INIT("type"),         SLICE_INIT("finish_reason"),
    SLICE_INIT("signature"),    SLICE_INIT("data"),
    SLICE_INIT("format"),       SLICE_INIT("native_finish_reason"),
    SLICE_INIT("obfuscation"),  SLICE_INIT("service_tier"),
    SLICE_INIT("b64_json"),     SLICE_INIT("system_fingerprint"),
    SLICE_INIT("tool_call_id"), SLICE_INIT("encrypted_content"),
};

/* Members that are calls of tools in the dialects that are spoken, and members that are arguments wherever they stand: a
 * secret is put back in none of them. */
static const struct slice call_keys[] = {SLICE_INIT("tool_calls"), SLICE_INIT("function_call"), SLICE_INIT("functionCall"),
                                         SLICE_INIT("toolUse"), SLICE_INIT("tool_use")};
static const struct slice args_keys[] = {SLICE_INIT("arguments"), SLICE_INIT("args"), SLICE_INIT("partial_json")};

/* Members of a delta that arrive in pieces. */
static const struct {
    struct slice key;
    enum text_kind kind;
} piece_keys[] = {
    {SLICE_INIT("content"), TEXT_CONTENT},     {SLICE_INIT("text"), TEXT_CONTENT},
    {SLICE_INIT("refusal"), TEXT_CONTENT},     {SLICE_INIT("transcript"), TEXT_CONTENT},
    {SLICE_INIT("arguments"), TEXT_TOOL},      {SLICE_INIT("input"), TEXT_TOOL},
    {SLICE_INIT("reasoning"), TEXT_REASONING}, {SLICE_INIT("reasoning_content"), TEXT_REASONING},
    {SLICE_INIT("thinking"), TEXT_REASONING},  {SLICE_INIT("summary"), TEXT_REASONING},
};

/* Where a string stands. */
struct place {
    uint32_t path[PATH_MAX_]; /* nodes from the root to the string */
    size_t depth;             /* of path */
    uint64_t hash, holder_hash;
    uint32_t choice_node; /* JSON_NONE: in no choice */
    int32_t choice;
    enum text_kind kind;
    bool tool; /* of a tool call */
    bool args; /* its arguments, or below them */
    bool json; /* arguments as JSON in a string */
    bool logprobs;
};

static bool key_is(const struct json_doc *d, uint32_t i, struct slice s)
{
    return d->node[i].key != JSON_NONE && json_text_eq(d, d->node[i].key, s);
}

static struct slice leaf_key(const struct json_doc *d, uint32_t i)
{
    while (i != JSON_NONE && d->node[i].key == JSON_NONE) i = d->node[i].parent;
    return i == JSON_NONE ? SLICE_NONE : json_raw(d, d->node[i].key);
}

static bool is_among(struct slice key, const struct slice *keys, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (slice_eq(key, keys[i])) return true;
    return false;
}
#define AMONG(key, keys) is_among(key, keys, sizeof(keys) / sizeof(keys)[0])

/* An object that says by its type that it is a call, or an event of one: "tool_use", "mcp_call",
 * "response.function_call_arguments.delta". */
static bool is_call(const struct json_doc *d, uint32_t object)
{
    if (d->node[object].type != JSON_OBJECT) return false;
    const uint32_t type = json_member(d, object, SLICE("type"));
    if (type == JSON_NONE || d->node[type].type != JSON_STRING) return false;
    const struct slice s = json_raw(d, type);
    return memmem(s.p, s.n, "_call", 5) || memmem(s.p, s.n, "tool_use", 8);
}

static uint64_t mix(uint64_t h, struct slice s)
{
    for (size_t i = 0; i < s.n; i++) h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3u; /* FNV-1a */
    return (h ^ 0xff) * 0x100000001b3u;
}

/* Parallel parts of a stream are told apart by their own "index", not by where they stand in one event. */
static uint64_t element_index(const struct json_doc *d, uint32_t i)
{
    uint64_t own = d->node[i].index;
    return d->node[i].type == JSON_OBJECT ? answer_number(d, i, SLICE("index"), INT32_MAX, own) : own;
}

/* One step down the path. */
static void place_step(const struct json_doc *d, struct place *p, size_t k, bool *reasoning, bool *delta)
{
    uint32_t i = p->path[k];
    bool leaf = k + 1 == p->depth;
    if (d->node[i].key == JSON_NONE) {
        uint64_t index = element_index(d, i);
        if (k == 2 && key_is(d, p->path[1], SLICE("choices"))) {
            p->choice_node = i;
            p->choice = (int32_t)index;
        }
        p->hash = mix(p->hash, slice_of(&index, sizeof index));
        return;
    }
    struct slice key = json_raw(d, d->node[i].key);
    if (p->choice_node == JSON_NONE && is_call(d, p->path[k - 1])) p->tool = true;
    if (!p->args && (p->tool || AMONG(key, args_keys))) {
        p->holder_hash = p->hash;
        const bool json = AMONG(key, args_keys) || slice_eq(key, SLICE("delta"));
        p->args = json || slice_eq(key, SLICE("input"));
        p->json = leaf && json;
        p->tool = true;
    }
    p->hash = mix(p->hash, key);
    if (AMONG(key, call_keys)) p->tool = true;
    if (slice_eq(key, SLICE("reasoning_details")) || slice_eq(key, SLICE("thinking"))) *reasoning = true;
    if (k == 3 && p->choice_node != JSON_NONE) {
        if (slice_eq(key, SLICE("delta")) || (leaf && slice_eq(key, SLICE("text")))) *delta = true;
        if (slice_eq(key, SLICE("logprobs"))) p->logprobs = true;
    }
    if (slice_eq(key, SLICE("annotations"))) *delta = false; /* whole in their event */
    if (!leaf || !*delta) return;
    for (size_t n = 0; n < sizeof piece_keys / sizeof piece_keys[0]; n++)
        if (slice_eq(key, piece_keys[n].key)) p->kind = piece_keys[n].kind;
    if (p->kind == TEXT_TOOL && !p->tool) p->kind = TEXT_WHOLE;
    if (p->kind == TEXT_CONTENT && *reasoning) p->kind = TEXT_REASONING;
}

static bool find_place(const struct json_doc *d, uint32_t string, struct place *p)
{
    size_t n = d->node[string].depth + 1u;
    if (n > PATH_MAX_) return false;
    p->depth = n;
    p->choice_node = JSON_NONE;
    p->choice = -1;
    p->hash = 0xcbf29ce484222325u;
    p->holder_hash = 0;
    p->kind = TEXT_WHOLE;
    p->tool = p->args = p->json = p->logprobs = false;
    for (uint32_t i = string; n--; i = d->node[i].parent) p->path[n] = i;
    bool reasoning = false, delta = false;
    for (size_t k = 1; k < p->depth; k++) place_step(d, p, k, &reasoning, &delta);
    return true;
}

/* ---- tools ---- */

static struct tool *find_tool(struct answer *a, uint64_t place)
{
    for (size_t i = 0; i < a->tools; i++)
        if (a->tool[i].place == place) return &a->tool[i];
    return NULL;
}

/* A tool's name, whole or in pieces; a server that repeats it in every piece means the same name. */
static enum err take_tool_name(struct answer *a, uint64_t place, struct slice name)
{
    struct tool *t = find_tool(a, place);
    if (!t) {
        if (a->tools >= CHANNELS_MAX) return ERR_LIMIT;
        if (a->tools == a->tool_room) {
            size_t room = a->tool_room ? a->tool_room * 2 : 4;
            struct tool *q = mem_realloc(a->tool, room * sizeof *q);
            if (!q) return ERR_MEMORY;
            a->tool = q;
            a->tool_room = room;
        }
        t = &a->tool[a->tools++];
        *t = (struct tool){.place = place};
    }
    if (slice_eq(slice_of(t->name, t->len), name)) return ERR_OK;
    size_t n = name.n < sizeof t->name - t->len ? name.n : sizeof t->name - t->len;
    if (n) memcpy(t->name + t->len, name.p, n);
    t->len += n;
    t->cut = t->cut || n < name.n;
    return ERR_OK;
}

static enum err take_names(struct answer *a)
{
    const struct json_doc *d = &a->doc;
    struct place p;
    for (uint32_t i = 0; i < d->count; i++) {
        const struct json_node *n = &d->node[i];
        if (n->type != JSON_STRING || n->end == n->off || !key_is(d, i, SLICE("name"))) continue;
        if (!find_place(d, i, &p) || !p.tool || p.args) continue;
        enum err e = take_tool_name(a, p.holder_hash, json_raw(d, i));
        if (e) return e;
    }
    return ERR_OK;
}

static enum restore_mode mode_of(struct answer *a, const struct place *p)
{
    const struct policy *pol = a->o.policy;
    if (!p->tool) return !pol || policy_restores_text(pol) ? RESTORE_TEXT : RESTORE_NONE;
    const struct tool *t = find_tool(a, p->holder_hash);
    struct slice name = t && !t->cut ? slice_of(t->name, t->len) : SLICE_NONE;
    if (pol && !policy_restores_tool(pol, name)) return RESTORE_NONE;
    return p->json ? RESTORE_JSON_TEXT : RESTORE_TOOL_TEXT;
}

/* ---- edits ---- */

static enum err add_edit(struct answer *a, uint32_t off, uint32_t end, size_t from)
{
    if (a->edits == a->edit_room) {
        size_t room = a->edit_room ? a->edit_room * 2 : 16;
        struct edit *q = mem_realloc(a->edit, room * sizeof *q);
        if (!q) return ERR_MEMORY;
        a->edit = q;
        a->edit_room = room;
    }
    a->edit[a->edits++] = (struct edit){off, end, from, buf_len(&a->scratch)};
    return ERR_OK;
}

/* Adds text; for a data line with its line ends, which can only be white space there, made spaces. */
static enum err add_text(struct slice s, bool line, struct buf *out)
{
    enum err e = buf_reserve(out, s.n);
    if (e) return e;
    char *p = buf_tail(out);
    if (s.n) memcpy(p, s.p, s.n);
    buf_commit(out, s.n);
    for (size_t i = 0; line && i < s.n; i++)
        if (p[i] == '\n' || p[i] == '\r') p[i] = ' ';
    return ERR_OK;
}

enum err answer_spliced(const struct answer *a, bool line, struct buf *out)
{
    struct slice text = a->doc.text, with = buf_slice(&a->scratch);
    size_t from = 0;
    enum err e = ERR_OK;
    for (size_t i = 0; i < a->edits && !e; i++) {
        const struct edit *x = &a->edit[i];
        assert(x->off >= from && x->end >= x->off);
        e = add_text(slice_of(text.p + from, x->off - from), line, out);
        if (!e && x->to > x->from) e = buf_add(out, slice_of(with.p + x->from, x->to - x->from));
        from = x->end;
    }
    return e ? e : add_text(slice_of(text.p + from, text.n - from), line, out);
}

/* ---- strings ---- */

/* The text of a string: its bytes where nothing is escaped, else unescaped into a->plain. */
static enum err plain_text(struct answer *a, struct slice raw, struct slice *text)
{
    *text = raw;
    if (!memchr(raw.p, '\\', raw.n)) return ERR_OK;
    buf_truncate(&a->plain, 0);
    enum err e = json_unescape(raw, &a->plain);
    *text = buf_slice(&a->plain);
    return e;
}

static void count(struct answer *a, struct restore *r)
{
    a->facts.restored += r->restored;
    a->facts.foreign += r->foreign;
    r->restored = r->foreign = 0;
}

/* a->joined holds the restored text: it goes to scratch, escaped. */
static enum err note_edit(struct answer *a, uint32_t string, struct slice raw_tail)
{
    const struct json_node *n = &a->doc.node[string];
    size_t from = buf_len(&a->scratch);
    enum err e = json_escape(buf_slice(&a->joined), &a->scratch);
    if (!e) e = buf_add(&a->scratch, raw_tail);
    return e ? e : add_edit(a, n->off, n->end, from);
}

/* A string that is complete in itself. */
static enum err put_whole(struct answer *a, uint32_t string, enum restore_mode mode)
{
    struct slice text;
    enum err e = plain_text(a, json_raw(&a->doc, string), &text);
    if (e) return e;
    a->one.mode = mode;
    buf_truncate(&a->joined, 0);
    e = restore_push(&a->one, text, &a->joined);
    if (!e) e = restore_flush(&a->one, &a->joined);
    if (!e && a->one.restored) e = note_edit(a, string, SLICE_NONE);
    count(a, &a->one);
    return e;
}

static enum err channel_of(struct answer *a, const struct place *p, struct channel **out)
{
    for (size_t i = 0; i < a->channels; i++)
        if (a->channel[i].place == p->hash) {
            *out = &a->channel[i];
            return ERR_OK;
        }
    if (a->channels >= CHANNELS_MAX) return ERR_LIMIT;
    if (a->channels == a->channel_room) {
        size_t room = a->channel_room ? a->channel_room * 2 : 4;
        struct channel *q = mem_realloc(a->channel, room * sizeof *q);
        if (!q) return ERR_MEMORY;
        a->channel = q;
        a->channel_room = room;
    }
    struct channel *c = &a->channel[a->channels];
    *c = (struct channel){.place = p->hash, .choice = p->choice, .kind = p->kind, .copy = buf_make(SCRATCH_MAX)};
    enum err e = restore_init(&c->restore, a->o.vault, mode_of(a, p));
    if (e) return e;
    a->channels++;
    *out = c;
    return ERR_OK;
}

static bool holds(const struct channel *c) { return c->has_high || restore_held(&c->restore); }

/* Whether the string content ends in the escape of a high surrogate: its other half comes with the next piece. */
static bool ends_high(struct slice raw)
{
    if (raw.n < 6) return false;
    const char *p = raw.p + raw.n - 6;
    if (p[0] != '\\' || p[1] != 'u' || (p[2] | 0x20) != 'd' || !memchr("89abAB", p[3], 6)) return false;
    size_t slashes = 0;
    while (slashes < raw.n - 6 && p[-1 - (long)slashes] == '\\') slashes++;
    return slashes % 2 == 0;
}

/* Raw content with the half pair held before it, and without one at its end. *fresh: into a->joined. */
static enum err join_pairs(struct answer *a, struct channel *c, struct slice *raw, bool *changed)
{
    enum err e = ERR_OK;
    *changed = c->has_high;
    if (c->has_high) {
        buf_truncate(&a->joined, 0);
        e = buf_add(&a->joined, slice_of(c->high, sizeof c->high));
        if (!e) e = buf_add(&a->joined, *raw);
        *raw = buf_slice(&a->joined);
        c->has_high = false;
    }
    if (e || !ends_high(*raw)) return e;
    raw->n -= sizeof c->high;
    memcpy(c->high, raw->p + raw->n, sizeof c->high);
    *changed = c->has_high = true;
    return ERR_OK;
}

/* A piece of a channel. `last`: the channel ends with this event. */
static enum err put_piece(struct answer *a, struct channel *c, uint32_t string, bool last)
{
    struct slice raw = json_raw(&a->doc, string), text, tail = SLICE_NONE;
    bool changed;
    c->used = true;
    enum err e = join_pairs(a, c, &raw, &changed);
    if (!e) e = plain_text(a, raw, &text);
    if (e) return e;
    if (text.p == raw.p && changed && raw.n) { /* the text must not lie where the restored one is to go */
        buf_truncate(&a->plain, 0);
        e = buf_add(&a->plain, text);
        text = buf_slice(&a->plain);
    }
    buf_truncate(&a->joined, 0);
    changed = changed || restore_held(&c->restore);
    if (!e) e = restore_push(&c->restore, text, &a->joined);
    if (!e && last) e = restore_flush(&c->restore, &a->joined);
    if (last && c->has_high) {
        tail = slice_of(c->high, sizeof c->high);
        c->has_high = false;
    }
    changed = changed || restore_held(&c->restore) || c->restore.restored;
    if (!e && changed) e = note_edit(a, string, tail);
    count(a, &c->restore);
    return e;
}

/* ---- copies of events ---- */

/* A value's bytes, a string's with its quotes. */
static struct slice whole_value(const struct json_doc *d, uint32_t i)
{
    struct slice s = json_raw(d, i);
    return d->node[i].type == JSON_STRING ? slice_of(s.p - 1, s.n + 2) : s;
}

/* Appends node path[k] cut down to the path: of a choice all is kept, with finish and logprobs null; inside its delta
 * only the path, and what says which part it is. */
static enum err write_cut(struct answer *a, const struct place *p, size_t k, struct buf *out, size_t *hole)
{
    const struct json_doc *d = &a->doc;
    uint32_t i = p->path[k];
    const struct json_node *n = &d->node[i];
    if (k + 1 == p->depth) {
        enum err e = buf_add_byte(out, '"');
        *hole = buf_len(out);
        return e ? e : buf_add_byte(out, '"');
    }
    bool object = n->type == JSON_OBJECT, first = true;
    enum err e = buf_add_byte(out, object ? '{' : '[');
    for (uint32_t v = i + 1; v < n->next && !e; v = d->node[v].next) {
        uint32_t key = JSON_NONE;
        if (object) key = v++;
        bool on_path = v == p->path[k + 1];
        bool keep = on_path ||
                    (object && (k <= 2 || json_text_eq(d, key, SLICE("index")) || json_text_eq(d, key, SLICE("type"))));
        if (!keep) continue;
        if (!first) e = buf_add_byte(out, ',');
        first = false;
        if (!e && object) e = buf_add(out, slice_of(json_raw(d, key).p - 1, json_raw(d, key).n + 2));
        if (!e && object) e = buf_add_byte(out, ':');
        if (e) break;
        bool null = k == 2 && (json_text_eq(d, key, SLICE("logprobs")) || json_text_eq(d, key, SLICE("finish_reason")));
        if (on_path) e = write_cut(a, p, k + 1, out, hole);
        else if (null) e = buf_add(out, SLICE("null"));
        else e = add_text(whole_value(d, v), true, out);
    }
    return e ? e : buf_add_byte(out, object ? '}' : ']');
}

static enum err make_copy(struct answer *a, struct channel *c, const struct place *p, struct slice type)
{
    struct buf *b = &c->copy;
    buf_truncate(b, 0);
    enum err e = ERR_OK;
    if (type.n) {
        e = buf_add(b, SLICE("event: "));
        if (!e) e = buf_add(b, type);
        if (!e) e = buf_add_byte(b, '\n');
    }
    if (!e) e = buf_add(b, SLICE("data: "));
    if (!e) e = write_cut(a, p, 0, b, &c->hole);
    return e ? e : buf_add(b, SLICE("\n\n"));
}

static enum err flush_channel(struct answer *a, struct channel *c, struct buf *out)
{
    buf_truncate(&a->joined, 0);
    enum err e = restore_flush(&c->restore, &a->joined);
    count(a, &c->restore);
    struct slice copy = buf_slice(&c->copy);
    assert(c->hole && c->hole < copy.n);
    if (!e) e = buf_add(out, slice_of(copy.p, c->hole));
    if (!e) e = json_escape(buf_slice(&a->joined), out);
    if (!e && c->has_high) e = buf_add(out, slice_of(c->high, sizeof c->high));
    c->has_high = false;
    return e ? e : buf_add(out, slice_of(copy.p + c->hole, copy.n - c->hole));
}

enum err answer_flush(struct answer *a, struct buf *out)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < a->channels && !e; i++)
        if (holds(&a->channel[i])) e = flush_channel(a, &a->channel[i], out);
    return e;
}

/* ---- one event or body ---- */

static bool choice_ends(const struct json_doc *d, uint32_t choice)
{
    uint32_t f = choice == JSON_NONE ? JSON_NONE : json_member(d, choice, SLICE("finish_reason"));
    return f != JSON_NONE && d->node[f].type != JSON_NULL;
}

static enum err put_string(struct answer *a, uint32_t i, const struct sse_event *event)
{
    const struct json_doc *d = &a->doc;
    struct place p;
    if (d->node[i].end == d->node[i].off) return ERR_OK;
    bool skip = AMONG(leaf_key(d, i), skip_keys);
    if (skip && d->node[i].depth <= ARGS_DEPTH) return ERR_OK;
    if (!find_place(d, i, &p) || p.logprobs || (skip && !p.args)) return ERR_OK;
    if (p.tool && !p.args && key_is(d, i, SLICE("name"))) return ERR_OK;
    if (!event || p.kind == TEXT_WHOLE) return put_whole(a, i, mode_of(a, &p));
    struct channel *c;
    enum err e = channel_of(a, &p, &c);
    if (!e) e = put_piece(a, c, i, choice_ends(d, p.choice_node));
    return e || !holds(c) ? e : make_copy(a, c, &p, event->type);
}

/* Tokens of text that was restored would tell another text: null, in every choice with an edit. Both lists ascend. */
static enum err drop_logprobs(struct answer *a)
{
    const struct json_doc *d = &a->doc;
    uint32_t choices = json_member(d, 0, SLICE("choices"));
    if (choices == JSON_NONE || d->node[choices].type != JSON_ARRAY || !a->edits) return ERR_OK;
    size_t k = 0, n = a->edits;
    for (uint32_t c = choices + 1; c < d->node[choices].next; c = d->node[c].next) {
        while (k < n && a->edit[k].off < d->node[c].off) k++;
        if (k == n || a->edit[k].off >= d->node[c].end) continue;
        uint32_t lp = json_member(d, c, SLICE("logprobs"));
        if (lp == JSON_NONE || (d->node[lp].type != JSON_OBJECT && d->node[lp].type != JSON_ARRAY)) continue;
        size_t from = buf_len(&a->scratch);
        enum err e = buf_add(&a->scratch, SLICE("null"));
        if (!e) e = add_edit(a, d->node[lp].off, d->node[lp].end, from);
        if (e) return e;
    }
    return ERR_OK;
}

static int by_offset(const void *x, const void *y)
{
    const struct edit *a = x, *b = y;
    return a->off < b->off ? -1 : a->off > b->off;
}

/* Whether this event ends channel c or turns to another kind of text of the same choice. */
static bool left(const struct answer *a, const struct channel *c)
{
    const struct json_doc *d = &a->doc;
    if (a->facts.error_event) return true;
    for (size_t i = 0; i < a->channels; i++) {
        const struct channel *o = &a->channel[i];
        if (o->used && o->choice == c->choice && o->kind != c->kind) return true;
    }
    uint32_t choices = json_member(d, 0, SLICE("choices"));
    if (choices == JSON_NONE || d->node[choices].type != JSON_ARRAY) return false;
    for (uint32_t k = choices + 1; k < d->node[choices].next; k = d->node[k].next)
        if (element_index(d, k) == (uint64_t)c->choice && choice_ends(d, k)) return true;
    return false;
}

static enum err flush_left(struct answer *a, struct buf *out)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < a->channels && !e; i++) {
        struct channel *c = &a->channel[i];
        if (!c->used && holds(c) && left(a, c)) e = flush_channel(a, c, out);
    }
    for (size_t i = 0; i < a->channels; i++) a->channel[i].used = false;
    return e;
}

enum err answer_put(struct answer *a, const struct sse_event *event, struct buf *out)
{
    a->edits = 0;
    buf_truncate(&a->scratch, 0);
    if (!a->one.vault) {
        enum err e = restore_init(&a->one, a->o.vault, RESTORE_TEXT);
        if (e) return e;
    }
    const struct json_doc *d = &a->doc;
    enum err e = take_names(a);
    for (uint32_t i = 0; i < d->count && !e; i++) {
        if (d->node[i].type == JSON_STRING) e = put_string(a, i, event);
        else if (d->node[i].depth == 3 && key_is(d, i, SLICE("logprobs"))) i = d->node[i].next - 1;
    }
    if (!e) e = drop_logprobs(a);
    if (!e && a->edits > 1) qsort(a->edit, a->edits, sizeof *a->edit, by_offset);
    if (!e && event) e = flush_left(a, out);
    return e;
}

void answer_put_free(struct answer *a)
{
    for (size_t i = 0; i < a->channels; i++) {
        restore_free(&a->channel[i].restore);
        buf_free(&a->channel[i].copy);
    }
    restore_free(&a->one);
    mem_free(a->channel);
    mem_free(a->tool);
    mem_free(a->edit);
    buf_free(&a->scratch);
    buf_free(&a->plain);
    buf_free(&a->joined);
}
