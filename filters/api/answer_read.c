/* What an answer says of itself: end, usage, model, error, refusal, filter; and whether a stream may be let go.
 * Reads the parsed JSON of one event or body; changes nothing of it. */
#include "filters/api/answer_priv.h"

static bool truthy(const struct json_doc *d, uint32_t i)
{
    if (i == JSON_NONE) return false;
    const struct json_node *n = &d->node[i];
    if (n->type == JSON_NULL || n->type == JSON_FALSE) return false;
    return n->type != JSON_STRING || n->end > n->off;
}

static bool has_text(const struct json_doc *d, uint32_t i)
{
    return i != JSON_NONE && d->node[i].type == JSON_STRING && d->node[i].end > d->node[i].off;
}

uint64_t answer_number(const struct json_doc *d, uint32_t object, struct slice name, uint64_t max, uint64_t none)
{
    uint32_t i = json_member(d, object, name);
    uint64_t v;
    return i != JSON_NONE && d->node[i].type == JSON_NUMBER && slice_u64(json_raw(d, i), max, &v) ? v : none;
}

/* Printable ASCII, for records. Escapes are not read: names have none. */
static void keep_name(const struct json_doc *d, uint32_t i, char *out, size_t room)
{
    struct slice s = json_raw(d, i);
    size_t n = s.n < room - 1 ? s.n : room - 1;
    for (size_t k = 0; k < n; k++) out[k] = s.p[k] >= ' ' && s.p[k] <= '~' ? s.p[k] : '?';
    out[n] = 0;
}

/* ---- the decision ---- */

static void decide(struct answer *a, enum answer_state s)
{
    if (s == ANSWER_REFUSED) a->facts.refused = true;
    if (s == ANSWER_FILTERED) a->facts.filtered = true;
    if (a->state == ANSWER_HOLD) a->state = s;
}

/* Content other than text: it commits, and what follows is not an opening. */
static void commit(struct answer *a)
{
    a->testing = false;
    decide(a, ANSWER_GO);
}

static void test_opening(struct answer *a, bool whole)
{
    if (!a->testing) return;
    enum refusal_answer r = refusals_test(a->o.refusals, buf_slice(&a->opening), whole);
    if (r == REFUSAL_MAYBE) return;
    a->testing = false;
    decide(a, r == REFUSAL_YES ? ANSWER_REFUSED : ANSWER_GO);
}

void answer_opening_ends(struct answer *a)
{
    if (a->testing && buf_len(&a->opening)) test_opening(a, true);
    else if (a->testing) a->testing = false;
}

/* Text of an answer, as much as may be held. What the opening cannot take is no opening any more. */
static void take_text(struct answer *a, uint64_t choice, struct slice raw, bool whole)
{
    if (!a->testing) {
        decide(a, ANSWER_GO);
        return;
    }
    if (choice != 0) {
        a->other_text += raw.n;
        if (a->other_text > a->o.hold_max && !whole) commit(a);
        return;
    }
    enum err e = json_unescape(raw, &a->opening); /* ERR_LIMIT: what fits is more than any pattern looks at */
    if (whole) return;
    test_opening(a, false);
    if (a->testing && (e || buf_len(&a->opening) > a->o.hold_max)) commit(a);
}

/* ---- errors ---- */

static bool filter_code(const struct json_doc *d, uint32_t error)
{
    static const struct slice codes[] = {SLICE_INIT("content_filter"), SLICE_INIT("data_inspection_failed"), SLICE_INIT("1301"),
                                         SLICE_INIT("content_policy_violation")};
    uint32_t code = json_member(d, error, SLICE("code"));
    if (code == JSON_NONE || (d->node[code].type != JSON_STRING && d->node[code].type != JSON_NUMBER)) return false;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (slice_eq(json_raw(d, code), codes[i])) return true;
    return false;
}

static void read_error(struct answer *a, uint32_t error)
{
    a->facts.error_event = true;
    a->testing = false;
    bool filter = filter_code(&a->doc, error);
    if (filter) a->facts.filtered = true;
    decide(a, filter ? ANSWER_FILTERED : ANSWER_FAILED);
}

/* ---- choices ---- */

static bool is_filter(struct slice finish)
{
    return slice_eq(finish, SLICE("content_filter")) || slice_eq(finish, SLICE("sensitive"));
}

/* Mistral answers in parts: [{type:text,text}, {type:thinking,...}]. */
static void read_parts(struct answer *a, uint64_t choice, uint32_t parts, bool whole)
{
    const struct json_doc *d = &a->doc;
    for (uint32_t i = json_first(d, parts); i < d->node[parts].next && i != JSON_NONE; i = d->node[i].next) {
        uint32_t text = json_member(d, i, SLICE("text"));
        if (has_text(d, text)) take_text(a, choice, json_raw(d, text), whole);
        else if (truthy(d, json_member(d, i, SLICE("thinking"))) && !whole) commit(a);
    }
}

/* A member of delta or message. */
static void read_member(struct answer *a, uint64_t choice, uint32_t key, bool whole)
{
    static const struct slice reasoning[] = {SLICE_INIT("reasoning_content"), SLICE_INIT("reasoning"),
                                             SLICE_INIT("reasoning_details"), SLICE_INIT("audio")};
    static const struct slice tools[] = {SLICE_INIT("tool_calls"), SLICE_INIT("function_call")};
    const struct json_doc *d = &a->doc;
    uint32_t v = key + 1;
    const struct json_node *n = &d->node[v];
    bool empty = n->type == JSON_STRING                            ? n->end == n->off
                 : n->type == JSON_ARRAY || n->type == JSON_OBJECT ? n->next == v + 1
                                                                   : true;
    if (empty) return;
    if (json_text_eq(d, key, SLICE("content"))) {
        if (n->type == JSON_STRING) take_text(a, choice, json_raw(d, v), whole);
        else if (n->type == JSON_ARRAY) read_parts(a, choice, v, whole);
        return;
    }
    if (json_text_eq(d, key, SLICE("refusal"))) {
        a->testing = false;
        decide(a, ANSWER_REFUSED);
        return;
    }
    for (size_t i = 0; i < sizeof tools / sizeof tools[0]; i++)
        if (json_text_eq(d, key, tools[i])) {
            a->tool_called = true;
            commit(a);
            return;
        }
    /* Reasoning shows that the model is at work, and is what the client waits for: it is not held. */
    for (size_t i = 0; i < sizeof reasoning / sizeof reasoning[0]; i++)
        if (!whole && json_text_eq(d, key, reasoning[i])) commit(a);
}

static void read_finish(struct answer *a, uint64_t choice, uint32_t finish, bool whole)
{
    struct slice raw = json_raw(&a->doc, finish);
    keep_name(&a->doc, finish, a->facts.finish, sizeof a->facts.finish);
    if (choice < CHOICES_MAX) a->choice_done[choice] = 1;
    if (is_filter(raw)) {
        a->testing = false;
        decide(a, ANSWER_FILTERED);
        a->facts.filtered = true;
        return;
    }
    if (choice != 0 || whole) return;
    answer_opening_ends(a);
    if (!slice_eq(raw, SLICE("error"))) decide(a, ANSWER_GO);
}

static void read_choice(struct answer *a, uint32_t c, bool whole)
{
    const struct json_doc *d = &a->doc;
    if (d->node[c].type != JSON_OBJECT) return;
    uint64_t index = answer_number(d, c, SLICE("index"), UINT32_MAX, d->node[c].index);
    if (index < CHOICES_MAX) a->choice_seen[index] = 1;
    uint32_t finish = json_member(d, c, SLICE("finish_reason"));
    /* In a whole answer a filter's mark counts before the text it left. */
    if (whole && has_text(d, finish)) read_finish(a, index, finish, true);
    uint32_t m = json_member(d, c, whole ? SLICE("message") : SLICE("delta"));
    if (m != JSON_NONE && d->node[m].type == JSON_OBJECT)
        for (uint32_t k = m + 1; k < d->node[m].next; k = d->node[k + 1].next) read_member(a, index, k, whole);
    if (!whole && has_text(d, finish)) read_finish(a, index, finish, false);
}

static void read_usage(struct answer *a, uint32_t u)
{
    const uint64_t max = (uint64_t)1 << 53;
    a->facts.prompt_tokens = answer_number(&a->doc, u, SLICE("prompt_tokens"), max, a->facts.prompt_tokens);
    a->facts.completion_tokens = answer_number(&a->doc, u, SLICE("completion_tokens"), max, a->facts.completion_tokens);
}

static void update_terminal(struct answer *a)
{
    bool any = false, all = true;
    for (size_t i = 0; i < CHOICES_MAX; i++) {
        any |= a->choice_seen[i];
        all &= a->choice_done[i] || !a->choice_seen[i];
    }
    a->facts.terminal = a->end_mark || (any && all);
}

void answer_read_openai(struct answer *a, bool whole)
{
    const struct json_doc *d = &a->doc;
    if (d->node[0].type != JSON_OBJECT) return;
    uint32_t error = JSON_NONE, choices = JSON_NONE;
    for (uint32_t k = 1; k < d->node[0].next; k = d->node[k + 1].next) {
        const struct json_node *v = &d->node[k + 1];
        if (json_text_eq(d, k, SLICE("error"))) error = k + 1;
        else if (json_text_eq(d, k, SLICE("choices")) && v->type == JSON_ARRAY) choices = k + 1;
        else if (json_text_eq(d, k, SLICE("usage")) && v->type == JSON_OBJECT) read_usage(a, k + 1);
        else if (!a->facts.model[0] && json_text_eq(d, k, SLICE("model")) && v->type == JSON_STRING)
            keep_name(d, k + 1, a->facts.model, sizeof a->facts.model);
    }
    if (truthy(d, error)) read_error(a, error);
    if (choices != JSON_NONE && d->node[choices].next > choices + 1) {
        for (uint32_t c = choices + 1; c < d->node[choices].next; c = d->node[c].next) read_choice(a, c, whole);
        update_terminal(a);
    }
    if (!whole) return;
    if (a->tool_called) a->testing = false;
    answer_opening_ends(a);
    decide(a, ANSWER_GO);
}
