/* Writes one audit record as a JSON object, left open for the journal to close with its chain.
 * Called twice a request on the hot path: it writes straight into the buffer's memory, eight bytes of a string at a
 * time, without printf; a member that is empty, 0 or false is left out. */
#include "proxy/audit/record.h"
#include "proxy/base/clock.h"

#include <assert.h>
#include <stdio.h>

#define NAME_MAX_BYTES 256u /* a longer name is cut: names are configuration, or our own tables' */
#define FIRST_ROOM     4096u

struct writer {
    char *p, *end;
    bool full; /* did not fit: the caller makes room and writes it all again */
};

static inline bool room(struct writer *w, size_t n)
{
    if ((size_t)(w->end - w->p) >= n) return true;
    w->full = true;
    return false;
}

static inline void put(struct writer *w, const char *s, size_t n)
{
    if (!room(w, n)) return;
    memcpy(w->p, s, n);
    w->p += n;
}
#define PUT(w, lit) put((w), "" lit, sizeof(lit) - 1)

static inline void put_u64(struct writer *w, uint64_t v)
{
    char d[20];
    size_t i = sizeof d;
    do d[--i] = (char)('0' + v % 10);
    while (v /= 10);
    put(w, d + i, sizeof d - i);
}

/* Any byte of x that cannot stand in a JSON string as it is: below 0x20, '"', '\\', 0x7f and above. Exact for
 * "is there one", as borrows and carries only spread from a byte that counts. */
static inline bool word_needs_care(uint64_t x)
{
    const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
    uint64_t low = x - ones * 0x20, quote = (x ^ (ones * 0x22)) - ones, slash = (x ^ (ones * 0x5c)) - ones;
    return ((low | quote | slash | (x + ones) | x) & high) != 0;
}

/* The length of the well-formed UTF-8 sequence at s (RFC 3629), or 0. */
static size_t utf8_sequence(const unsigned char *s, size_t n)
{
    unsigned char c = s[0];
    if (c < 0x80) return 1;
    if (c < 0xc2 || c > 0xf4) return 0;
    size_t len = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (n < len) return 0;
    unsigned char lo = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80, hi = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    if (s[1] < lo || s[1] > hi) return 0;
    for (size_t i = 2; i < len; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    return len;
}

static void put_escape(struct writer *w, unsigned code)
{
    static const char hex[] = "0123456789abcdef";
    const char u[6] = {'\\', 'u', '0', '0', hex[code >> 4 & 15], hex[code & 15]};
    const char *brief = code == '"' ? "\\\"" : code == '\\' ? "\\\\" : code == '\n' ? "\\n" : NULL;
    if (brief) put(w, brief, 2);
    else put(w, u, sizeof u);
}

/* One character at s; returns its length. C1 controls are escaped too: terminals obey them. */
static size_t put_char(struct writer *w, const unsigned char *s, size_t n)
{
    size_t len = utf8_sequence(s, n);
    if (len == 0) {
        PUT(w, "\\ufffd"); /* mended rather than refused: an answer may end inside a character */
        return 1;
    }
    if (len == 1 && (s[0] < 0x20 || s[0] == '"' || s[0] == '\\' || s[0] == 0x7f)) put_escape(w, s[0]);
    else if (len == 2 && s[0] == 0xc2 && s[1] < 0xa0) put_escape(w, s[1]);
    else put(w, (const char *)s, len);
    return len;
}

/* Escapes n bytes, stopping before `most` bytes of output are passed; returns how many bytes of s went out. */
static size_t put_escaped(struct writer *w, const char *s, size_t n, size_t most)
{
    size_t i = 0;
    const char *limit = (size_t)(w->end - w->p) < most ? w->end : w->p + most;
    while (i < n) {
        uint64_t x;
        if (n - i >= sizeof x) {
            memcpy(&x, s + i, sizeof x);
            if (!word_needs_care(x)) {
                if ((size_t)(limit - w->p) < sizeof x) break;
                memcpy(w->p, &x, sizeof x);
                w->p += sizeof x;
                i += sizeof x;
                continue;
            }
        }
        if ((size_t)(limit - w->p) < 6) break;
        i += put_char(w, (const unsigned char *)s + i, n - i);
    }
    if (i < n && limit == w->end) w->full = true;
    return i;
}

/* Fewer than eight bytes that can stand as they are. False: nothing was written. */
static inline bool put_brief(struct writer *w, const char *s, size_t n)
{
    const uint64_t plain = 0x6161616161616161u;
    if ((size_t)(w->end - w->p) < n) return false;
    if (n >= 4) {
        uint32_t a, b;
        memcpy(&a, s, sizeof a);
        memcpy(&b, s + n - sizeof b, sizeof b);
        if (word_needs_care(a | (uint64_t)b << 32)) return false;
        memcpy(w->p, &a, sizeof a);
        memcpy(w->p + n - sizeof b, &b, sizeof b);
    } else if (n) {
        unsigned char a = (unsigned char)s[0], b = (unsigned char)s[n / 2], c = (unsigned char)s[n - 1];
        if (word_needs_care((plain & ~(uint64_t)0xffffff) | a | (uint64_t)b << 8 | (uint64_t)c << 16)) return false;
        w->p[0] = (char)a;
        w->p[n / 2] = (char)b;
        w->p[n - 1] = (char)c;
    }
    w->p += n;
    return true;
}

static void put_name(struct writer *w, const char *s)
{
    size_t n = s ? strnlen(s, NAME_MAX_BYTES) : 0;
    for (uint64_t x; n >= sizeof x && (size_t)(w->end - w->p) >= sizeof x; s += sizeof x, n -= sizeof x) {
        memcpy(&x, s, sizeof x);
        if (word_needs_care(x)) break;
        memcpy(w->p, &x, sizeof x);
        w->p += sizeof x;
    }
    if (n >= sizeof(uint64_t) || !put_brief(w, s, n)) put_escaped(w, s, n, SIZE_MAX);
}

/* Members; `key` is the literal up to the value: ",\"client\":". */
#define NAME(w, key, value)                                                                                                      \
    do {                                                                                                                         \
        const char *v_ = (value);                                                                                                \
        if (v_ && *v_) {                                                                                                         \
            PUT(w, key "\"");                                                                                                    \
            put_name(w, v_);                                                                                                     \
            PUT(w, "\"");                                                                                                        \
        }                                                                                                                        \
    } while (0)
#define NUMBER(w, key, value)                                                                                                    \
    do {                                                                                                                         \
        uint64_t v_ = (value);                                                                                                   \
        if (v_) {                                                                                                                \
            PUT(w, key);                                                                                                         \
            put_u64(w, v_);                                                                                                      \
        }                                                                                                                        \
    } while (0)
#define FLAG(w, key, value)                                                                                                      \
    do {                                                                                                                         \
        if (value) PUT(w, key "true");                                                                                           \
    } while (0)

/* RFC 3339 with milliseconds. The text up to the second is kept from the call before: gmtime costs more than the
 * rest of a line. */
static void put_time(struct writer *w, uint64_t wall_ns)
{
    static _Thread_local uint64_t kept_second = UINT64_MAX;
    static _Thread_local char kept[25];
    if (wall_ns / S_NS != kept_second) {
        clock_rfc3339(wall_ns, kept);
        kept_second = wall_ns / S_NS;
    }
    unsigned ms = (unsigned)(wall_ns / MS_NS % 1000);
    const char tail[5] = {(char)('0' + ms / 100), (char)('0' + ms / 10 % 10), (char)('0' + ms % 10), 'Z', '"'};
    put(w, kept, 20);
    put(w, tail, sizeof tail);
}

static void put_attempts(struct writer *w, const struct audit_record *r)
{
    if (r->attempts == 0) return;
    PUT(w, ",\"attempts\":[");
    for (size_t i = 0; i < r->attempts && i < AUDIT_ATTEMPTS_MAX; i++) {
        const struct audit_attempt *a = &r->attempt[i];
        if (i) PUT(w, ",");
        PUT(w, "{\"target\":\"");
        put_name(w, a->target);
        PUT(w, "\",\"reason\":\"");
        put_name(w, a->reason);
        PUT(w, "\"");
        NUMBER(w, ",\"status\":", a->status > 0 ? (uint64_t)a->status : 0);
        NUMBER(w, ",\"ms\":", a->ms);
        PUT(w, "}");
    }
    PUT(w, "]");
}

static void put_findings(struct writer *w, const struct audit_record *r)
{
    if (r->findings == 0) return;
    PUT(w, ",\"findings\":[");
    for (size_t i = 0; i < r->findings && i < AUDIT_FINDINGS_MAX; i++) {
        const struct audit_finding *f = &r->finding[i];
        if (i) PUT(w, ",");
        PUT(w, "{\"rule\":\"");
        put_name(w, f->rule);
        PUT(w, "\",\"type\":\"");
        put_name(w, f->type);
        PUT(w, "\",\"action\":\"");
        put_name(w, f->action);
        PUT(w, "\",\"count\":");
        put_u64(w, f->count);
        PUT(w, "}");
    }
    PUT(w, "]");
    NUMBER(w, ",\"findings_more\":", r->findings_more);
}

/* What the model saw or said; cut (and said so) where it would make the line too long. */
static void put_text(struct writer *w, const char *key, size_t key_len, struct slice text, size_t most)
{
    if (text.n == 0) return;
    put(w, key, key_len);
    PUT(w, "\":\"");
    size_t went = put_escaped(w, text.p, text.n, most);
    PUT(w, "\"");
    if (went < text.n) {
        put(w, key, key_len);
        PUT(w, "_cut_from\":");
        put_u64(w, text.n);
    }
}

static void put_common(struct writer *w, const struct audit_record *r)
{
    PUT(w, ",\"time\":\"");
    put_time(w, r->wall_ns);
    NAME(w, ",\"client\":", r->client);
    NAME(w, ",\"peer\":", r->peer);
    NAME(w, ",\"policy\":", r->policy);
    NAME(w, ",\"route\":", r->route);
    NAME(w, ",\"dialect\":", r->dialect);
    NAME(w, ",\"method\":", r->method);
    NAME(w, ",\"endpoint\":", r->endpoint);
    NAME(w, ",\"model_asked\":", r->model_asked);
    FLAG(w, ",\"stream\":", r->stream);
    FLAG(w, ",\"observe\":", r->observe);
    FLAG(w, ",\"rerouted\":", r->rerouted);
    NUMBER(w, ",\"screen_us\":", r->screen_us);
    NUMBER(w, ",\"request_bytes\":", r->request_bytes);
    NUMBER(w, ",\"opaque\":", r->opaque);
    NUMBER(w, ",\"decoded\":", r->decoded);
    NUMBER(w, ",\"invisible\":", r->invisible);
    NUMBER(w, ",\"tags\":", r->tags);
    NUMBER(w, ",\"detectors_failed\":", r->detectors_failed);
    NAME(w, ",\"injection\":", r->injection);
    NUMBER(w, ",\"injection_sum\":", r->injection_sum);
    NUMBER(w, ",\"snapshot\":", r->snapshot);
    put_findings(w, r);
}

/* The members that both lines have: the outcome takes them as the intent wrote them. */
static void put_kept(struct writer *w, const struct audit_record *r, bool outcome)
{
    struct audit_kept *k = r->kept;
    if (outcome && k && k->n) {
        put(w, k->p, k->n);
        return;
    }
    const char *start = w->p;
    put_common(w, r);
    size_t n = (size_t)(w->p - start);
    if (outcome || !k || w->full || n > sizeof k->p) return;
    memcpy(k->p, start, n);
    k->n = n;
}

static void put_outcome(struct writer *w, const struct audit_record *r)
{
    NUMBER(w, ",\"status\":", r->status > 0 ? (uint64_t)r->status : 0);
    NAME(w, ",\"error\":", r->error);
    NAME(w, ",\"model_served\":", r->model_served);
    FLAG(w, ",\"truncated\":", r->truncated);
    FLAG(w, ",\"refused\":", r->refused);
    FLAG(w, ",\"filtered\":", r->filtered);
    FLAG(w, ",\"client_gone\":", r->client_gone);
    NUMBER(w, ",\"first_byte_us\":", r->first_byte_us);
    NUMBER(w, ",\"total_us\":", r->total_us);
    NUMBER(w, ",\"sent_bytes\":", r->sent_bytes);
    NUMBER(w, ",\"answer_bytes\":", r->answer_bytes);
    NUMBER(w, ",\"prompt_tokens\":", r->prompt_tokens);
    NUMBER(w, ",\"completion_tokens\":", r->completion_tokens);
    NUMBER(w, ",\"restored\":", r->restored);
    NUMBER(w, ",\"foreign\":", r->foreign);
    put_attempts(w, r);
}

static void put_record(struct writer *w, const struct audit_record *r, bool outcome, size_t text_max)
{
    static const char request[] = ",\"redacted_request", answer[] = ",\"redacted_answer";
    PUT(w, "{\"event\":\"");
    if (outcome) PUT(w, "outcome");
    else PUT(w, "intent");
    PUT(w, "\",\"id\":\"");
    put_name(w, r->id);
    PUT(w, "\"");
    put_kept(w, r, outcome);
    if (outcome) {
        put_outcome(w, r);
        put_text(w, answer, sizeof answer - 1, r->redacted_answer, text_max);
    } else {
        put_text(w, request, sizeof request - 1, r->redacted_request, text_max);
    }
}

enum err audit_record_write(const struct audit_record *r, bool outcome, struct buf *out)
{
    assert(r->attempts <= AUDIT_ATTEMPTS_MAX && r->findings <= AUDIT_FINDINGS_MAX);
    size_t left = out->cap - buf_len(out);
    /* Half of what is left is for everything else: it never needs that much, and a line must not fail for its text. */
    size_t text_max = left / 2 < AUDIT_TEXT_MAX ? left / 2 : AUDIT_TEXT_MAX;
    for (size_t want = FIRST_ROOM;; want *= 4) {
        if (want > left) want = left;
        enum err e = buf_reserve(out, want);
        if (e) return e;
        struct writer w = {buf_tail(out), buf_tail(out) + buf_room(out), false};
        if (buf_room(out) > left) w.end = w.p + left;
        put_record(&w, r, outcome, text_max);
        if (!w.full) {
            buf_commit(out, (size_t)(w.p - buf_tail(out)));
            return ERR_OK;
        }
        mem_wipe(buf_tail(out), (size_t)(w.p - buf_tail(out)));
        if (want == left) return ERR_LIMIT;
    }
}
