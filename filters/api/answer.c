/* Drives the reading of an answer: a whole body at once, a stream event by event. Reads each event's JSON once, lets
 * answer_read.c say what it means and answer_put.c put originals back, and writes it on: as it came where nothing
 * changed. Dialects are rows below. */
#include "filters/api/answer_priv.h"

#define OPENING_MAX   (1u << 20)
#define JSON_DEPTH    512u
#define EVENT_MAX_DEF (8u << 20)

static const struct answer_row rows[] = {
    {"openai", answer_read_openai, SLICE_INIT("[DONE]")},
};
/* For endpoints whose answers nobody knows: strings are restored where they are JSON, and nothing is expected. */
static const struct answer_row unknown_row = {"", NULL, SLICE_INIT("[DONE]")};

static const struct answer_row *row_of(const struct endpoint *ep)
{
    if (!ep || ep->kind != EP_CHAT || !ep->dialect) return &unknown_row;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].dialect, ep->dialect->name) == 0) return &rows[i];
    return &unknown_row;
}

struct answer *answer_new(const struct answer_opts *o)
{
    struct answer *a = mem_zalloc(sizeof *a);
    if (!a) return NULL;
    a->o = *o;
    a->row = row_of(o->endpoint);
    a->state = a->row->read ? ANSWER_HOLD : ANSWER_GO;
    a->testing = o->refusals != NULL;
    a->opening = buf_make(OPENING_MAX);
    a->scratch = a->plain = a->joined = buf_make(SCRATCH_MAX);
    sse_start(&a->sse, o->event_max ? o->event_max : EVENT_MAX_DEF);
    return a;
}

void answer_free(struct answer *a)
{
    if (!a) return;
    answer_put_free(a);
    buf_free(&a->opening);
    sse_free(&a->sse);
    json_doc_free(&a->doc);
    mem_free(a);
}

static enum err parse(struct answer *a, struct slice text)
{
    const struct json_limits lim = {.max_depth = JSON_DEPTH, .allow_duplicates = true};
    enum err e = json_parse(&a->doc, text, &lim, NULL);
    return !e || e == ERR_MEMORY ? e : ERR_UP_MALFORMED;
}

/* ---- whole bodies ---- */

enum err answer_whole(struct answer *a, int status, struct slice body, struct buf *out, bool *changed)
{
    *changed = false;
    bool good = status >= 200 && status < 300;
    enum err e = parse(a, body);
    if (e == ERR_UP_MALFORMED && !(good && a->row->read)) return ERR_OK;
    if (e) return e;
    if (good && a->row->read) a->row->read(a, true);
    if (!a->o.vault) return ERR_OK;
    e = answer_put(a, NULL, out);
    if (e || !a->edits) return e;
    *changed = true;
    return answer_spliced(a, false, out);
}

/* ---- streams ---- */

static bool data_line(struct slice l) { return slice_starts(l, SLICE("data")) && (l.n == 4 || l.p[4] == ':'); }

/* An event of several data lines: the first one gets all of the JSON, the others go; the rest stays. */
static enum err reframe_lines(struct answer *a, struct slice raw, struct buf *out)
{
    bool done = false;
    enum err e = ERR_OK;
    if (slice_starts(raw, SLICE("\xef\xbb\xbf"))) {
        e = buf_add(out, slice_of(raw.p, 3));
        raw = slice_of(raw.p + 3, raw.n - 3);
    }
    while (raw.n && !e) {
        size_t n = 0;
        while (n < raw.n && raw.p[n] != '\n' && raw.p[n] != '\r') n++;
        size_t end = n < raw.n ? n + 1 : n;
        if (end < raw.n && raw.p[n] == '\r' && raw.p[end] == '\n') end++;
        if (!data_line(slice_of(raw.p, n))) {
            e = buf_add(out, slice_of(raw.p, end));
        } else if (!done) {
            done = true;
            e = buf_add(out, SLICE("data: "));
            if (!e) e = answer_spliced(a, true, out);
            if (!e) e = buf_add(out, slice_of(raw.p + n, end - n));
        }
        raw = slice_of(raw.p + end, raw.n - end);
    }
    return e;
}

/* The event with a->doc's edits; framing, comments and other fields as they came. */
static enum err reframe(struct answer *a, const struct sse_event *ev, struct buf *out)
{
    struct slice raw = ev->raw, data = ev->data;
    if ((uintptr_t)data.p < (uintptr_t)raw.p || (uintptr_t)data.p > (uintptr_t)raw.p + raw.n) return reframe_lines(a, raw, out);
    size_t at = (size_t)(data.p - raw.p);
    enum err e = buf_add(out, slice_of(raw.p, at));
    if (!e) e = answer_spliced(a, false, out);
    return e ? e : buf_add(out, slice_of(data.p + data.n, raw.n - at - data.n));
}

static enum err take_end_mark(struct answer *a, const struct sse_event *ev, struct buf *out)
{
    a->end_mark = a->facts.terminal = true;
    answer_opening_ends(a);
    if (a->state == ANSWER_HOLD) a->state = ANSWER_GO;
    enum err e = answer_flush(a, out);
    return e ? e : buf_add(out, ev->raw);
}

static enum err take_event(struct answer *a, const struct sse_event *ev, struct buf *out)
{
    struct slice data = slice_trim(ev->data);
    if (!ev->has_data || data.n == 0) return buf_add(out, ev->raw);
    if (slice_eq(data, a->row->end_mark)) return take_end_mark(a, ev, out);
    enum err e = parse(a, ev->data);
    if (e == ERR_UP_MALFORMED && !a->row->read) return buf_add(out, ev->raw);
    if (e) return e;
    if (a->row->read) a->row->read(a, false);
    if (!a->o.vault) return buf_add(out, ev->raw);
    e = answer_put(a, ev, out);
    if (e) return e;
    return a->edits ? reframe(a, ev, out) : buf_add(out, ev->raw);
}

enum err answer_push(struct answer *a, struct slice bytes, struct buf *out)
{
    struct sse_event ev;
    while (bytes.n) {
        size_t n = bytes.n < SSE_FEED_MAX / 2 ? bytes.n : SSE_FEED_MAX / 2;
        enum err e = sse_feed(&a->sse, slice_of(bytes.p, n));
        while (!e && !(e = sse_next(&a->sse, &ev))) e = take_event(a, &ev, out);
        if (e != ERR_AGAIN) return e;
        bytes = slice_of(bytes.p + n, bytes.n - n);
    }
    return ERR_OK;
}

enum err answer_finish(struct answer *a, struct buf *out)
{
    struct sse_event ev;
    enum err e;
    while (!(e = sse_last(&a->sse, &ev))) {
        e = take_event(a, &ev, out);
        if (e == ERR_UP_MALFORMED) continue; /* cut in mid-event: nothing a client could read */
        if (e) return e;
    }
    if (e != ERR_AGAIN) return e;
    e = answer_flush(a, out);
    if (e) return e;
    if (!a->row->read || a->facts.terminal || a->facts.error_event) {
        answer_opening_ends(a);
        if (a->state == ANSWER_HOLD) a->state = ANSWER_GO;
        return ERR_OK;
    }
    return ERR_UP_TRUNCATED;
}

void answer_release(struct answer *a)
{
    a->released = true;
    if (a->state == ANSWER_HOLD) a->state = ANSWER_GO;
}

enum answer_state answer_state(const struct answer *a) { return a->state; }
const struct answer_facts *answer_facts(const struct answer *a) { return &a->facts; }
