/* The strict parser for heads of HTTP/1.x messages, and the one function that says how long a body is.
 * Two passes: the first looks once at every byte, sixteen at a time, finds the end of the head and refuses every
 * control byte that is not HTAB or a whole CRLF; the second splits lines that are then known to be clean. */
#include "proxy/http/head.h"
#include "proxy/http/chars.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define METHOD_MAX             16u  /* longer ones are no method of anybody's */
#define HOST_MAX               262u /* 255 bytes of name, ':' and a port */
#define CONNECTION_OPTIONS_MAX 32u  /* each is compared with every field */

/* ---- names of fields ------------------------------------------------------------------------------------------ */

struct name_row {
    struct slice name;
    enum http_fid id;
    bool single; /* a second one is refused: two parsers might each believe another one */
    bool hop;
};

/* Ordered by length; name_start[n] is the first row of length n. */
static const struct name_row names[] = {
    {SLICE_INIT("te"), HF_TE, false, true},
    {SLICE_INIT("via"), HF_VIA, false, false},
    {SLICE_INIT("host"), HF_HOST, true, true},
    {SLICE_INIT("date"), HF_DATE, false, false},
    {SLICE_INIT("etag"), HF_ETAG, false, false},
    {SLICE_INIT("range"), HF_RANGE, true, false},
    {SLICE_INIT("cookie"), HF_COOKIE, false, false},
    {SLICE_INIT("expect"), HF_EXPECT, true, true},
    {SLICE_INIT("server"), HF_SERVER, false, false},
    {SLICE_INIT("digest"), HF_DIGEST, false, false},
    {SLICE_INIT("trailer"), HF_TRAILER, false, true},
    {SLICE_INIT("upgrade"), HF_UPGRADE, false, true},
    {SLICE_INIT("api-key"), HF_API_KEY, true, false},
    {SLICE_INIT("x-api-key"), HF_X_API_KEY, true, false},
    {SLICE_INIT("forwarded"), HF_FORWARDED, false, false},
    {SLICE_INIT("connection"), HF_CONNECTION, false, true},
    {SLICE_INIT("keep-alive"), HF_KEEP_ALIVE, false, true},
    {SLICE_INIT("set-cookie"), HF_SET_COOKIE, false, false},
    {SLICE_INIT("content-md5"), HF_CONTENT_MD5, false, false},
    {SLICE_INIT("retry-after"), HF_RETRY_AFTER, false, false},
    {SLICE_INIT("content-type"), HF_CONTENT_TYPE, true, false},
    {SLICE_INIT("x-request-id"), HF_X_REQUEST_ID, false, false},
    {SLICE_INIT("authorization"), HF_AUTHORIZATION, true, false},
    {SLICE_INIT("content-range"), HF_CONTENT_RANGE, true, false},
    {SLICE_INIT("content-length"), HF_CONTENT_LENGTH, false, true}, /* counted by the framing */
    {SLICE_INIT("x-goog-api-key"), HF_X_GOOG_API_KEY, true, false},
    {SLICE_INIT("http2-settings"), HF_HTTP2_SETTINGS, false, true},
    {SLICE_INIT("retry-after-ms"), HF_RETRY_AFTER_MS, false, false},
    {SLICE_INIT("x-should-retry"), HF_X_SHOULD_RETRY, false, false},
    {SLICE_INIT("accept-encoding"), HF_ACCEPT_ENCODING, false, false},
    {SLICE_INIT("x-forwarded-for"), HF_X_FORWARDED_FOR, false, false},
    {SLICE_INIT("content-encoding"), HF_CONTENT_ENCODING, true, false},
    {SLICE_INIT("proxy-connection"), HF_PROXY_CONNECTION, false, true},
    {SLICE_INIT("x-forwarded-host"), HF_X_FORWARDED_HOST, false, false},
    {SLICE_INIT("x-forwarded-proto"), HF_X_FORWARDED_PROTO, false, false},
    {SLICE_INIT("transfer-encoding"), HF_TRANSFER_ENCODING, false, true}, /* counted by the framing */
    {SLICE_INIT("proxy-authenticate"), HF_PROXY_AUTHENTICATE, false, true},
    {SLICE_INIT("proxy-authorization"), HF_PROXY_AUTHORIZATION, true, true},
};

#define NAME_MAX_LEN 19u
static const uint8_t name_start[NAME_MAX_LEN + 2] = {0, 0, 0, 1, 2, 5, 6, 10, 13, 13, 15, 18, 20, 22, 24, 29, 31, 34, 36, 37, 38};

/* A token's letters differ from their lower case in one bit; no other token byte becomes one of a known name by it. */
static bool same_name(const char *p, const struct slice *row)
{
    if ((p[0] | 0x20) != row->p[0] || (p[row->n - 1] | 0x20) != row->p[row->n - 1]) return false;
    for (size_t i = 1; i + 1 < row->n; i++)
        if ((p[i] | 0x20) != row->p[i]) return false;
    return true;
}

static const struct name_row *find_name(struct slice name)
{
    if (name.n > NAME_MAX_LEN) return NULL;
    for (unsigned i = name_start[name.n]; i < name_start[name.n + 1]; i++)
        if (same_name(name.p, &names[i].name)) return &names[i];
    return NULL;
}

enum http_fid http_field_id(struct slice name)
{
    const struct name_row *r = http_all(name, HC_TOKEN) ? find_name(name) : NULL;
    return r ? r->id : HF_OTHER;
}

/* "Content_Length" becomes the real one in servers that make variables of names: refused where it would be known. */
static bool disguised(struct slice name)
{
    char plain[NAME_MAX_LEN];
    if (name.n > NAME_MAX_LEN || !memchr(name.p, '_', name.n)) return false;
    for (size_t i = 0; i < name.n; i++) plain[i] = name.p[i] == '_' ? '-' : name.p[i];
    return find_name(slice_of(plain, name.n)) != NULL;
}

/* ---- the first pass: where the head ends, and that its bytes are clean ------------------------------------------ */

enum scan { SCAN_MORE, SCAN_END, SCAN_BAD };

/* p[i] is a control byte. CR needs its LF, LF its CR; an LF two bytes behind another ends the head. */
static enum scan scan_control(struct slice in, size_t i, size_t *end)
{
    if (in.p[i] == '\r') return i + 1 < in.n && in.p[i + 1] != '\n' ? SCAN_BAD : SCAN_MORE;
    if (in.p[i] != '\n' || i == 0 || in.p[i - 1] != '\r') return SCAN_BAD;
    if (i < 2 || in.p[i - 2] != '\n') return SCAN_MORE;
    *end = i + 1;
    return SCAN_END;
}

static bool is_control(char c) { return !http_is(c, HC_VALUE); }

static enum scan scan_head(struct slice in, size_t start, size_t *end)
{
    size_t i = start;
    if (i > 0 && i < in.n && in.p[i - 1] == '\r' && in.p[i] != '\n') return SCAN_BAD;
#ifdef __SSE2__
    const __m128i top = _mm_set1_epi8(0x1f), tab = _mm_set1_epi8('\t'), del = _mm_set1_epi8(0x7f);
    for (; i + 16 <= in.n; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(in.p + i));
        __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, top), v);
        __m128i bad = _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(v, tab), low), _mm_cmpeq_epi8(v, del));
        for (unsigned m = (unsigned)_mm_movemask_epi8(bad); m; m &= m - 1) {
            enum scan s = scan_control(in, i + (size_t)__builtin_ctz(m), end);
            if (s != SCAN_MORE) return s;
        }
    }
#endif
    for (; i < in.n; i++) {
        if (!is_control(in.p[i])) continue;
        enum scan s = scan_control(in, i, end);
        if (s != SCAN_MORE) return s;
    }
    return SCAN_MORE;
}

/* Runs the first pass. On ERR_OK *end is the head's length; `opening` is how many bytes of empty line come first. */
static enum err whole_head(struct slice in, size_t limit, size_t *seen, size_t opening, size_t *end)
{
    struct slice part = slice_of(in.p, in.n < limit ? in.n : limit);
    size_t start = *seen < part.n ? *seen : part.n;
    switch (scan_head(part, start, end)) {
    case SCAN_BAD: return ERR_HEAD;
    case SCAN_END: return ERR_OK;
    case SCAN_MORE: break;
    }
    *seen = part.n;
    if (part.n < limit) return ERR_AGAIN;
    bool one_line = part.n <= opening || !memchr(part.p + opening, '\n', part.n - opening);
    return one_line ? ERR_TARGET_TOO_LONG : ERR_HEAD_TOO_LARGE;
}

/* ---- fields ----------------------------------------------------------------------------------------------------- */

static void reset(struct http_head *h)
{
    h->method = HM_OTHER;
    h->method_text = h->target = h->path = h->query = h->host = SLICE_NONE;
    h->status = 0;
    h->minor = 1;
    h->keep_alive = h->expect_continue = false;
    h->count = 0;
    memset(h->first, 0, sizeof h->first);
}

static enum err add_field(struct http_head *h, struct slice name, struct slice value)
{
    if (h->count == HTTP_FIELDS_MAX) return ERR_HEAD_TOO_LARGE;
    const struct name_row *r = find_name(name);
    if (!r && disguised(name)) return ERR_HEAD;
    enum http_fid id = r ? r->id : HF_OTHER;
    if (r && r->single && h->first[id]) return ERR_HEAD;
    h->field[h->count++] = (struct http_field){.id = id, .name = name, .value = value, .hop = r && r->hop};
    if (!h->first[id]) h->first[id] = h->count;
    return ERR_OK;
}

/* Lines from p to the empty one, which is there: the first pass has seen it, and that every CR has its LF. */
static enum err parse_fields(const char *p, const char *end, struct http_head *h)
{
    while (*p != '\r') {
        const char *colon = p;
        while (http_is(*colon, HC_TOKEN)) colon++;
        if (colon == p || *colon != ':') return ERR_HEAD; /* white space, a fold, no colon, an empty name */
        const char *eol = memchr(colon, '\r', (size_t)(end - colon));
        if (!eol) return ERR_HEAD;
        struct slice value = slice_trim(slice_of(colon + 1, (size_t)(eol - colon - 1)));
        enum err e = add_field(h, slice_of(p, (size_t)(colon - p)), value);
        if (e) return e;
        p = eol + 2;
    }
    return ERR_OK;
}

static void nominate(struct http_head *h, struct slice option)
{
    enum http_fid id = find_name(option) ? find_name(option)->id : HF_OTHER;
    for (size_t i = 0; i < h->count; i++)
        if (h->field[i].id == id && slice_ieq(h->field[i].name, option)) h->field[i].nominated = true;
}

/* The options of every Connection field: whether the connection lives on, and which fields end here. */
static bool connection_options(struct http_head *h)
{
    bool stays = false, closes = false;
    unsigned options = 0;
    for (size_t i = h->first[HF_CONNECTION]; i > 0 && i <= h->count; i++) {
        if (h->field[i - 1].id != HF_CONNECTION) continue;
        struct slice rest = h->field[i - 1].value;
        while (rest.n) {
            size_t comma = slice_find(rest, ',');
            struct slice option = slice_trim(slice_of(rest.p, comma));
            size_t eaten = comma < rest.n ? comma + 1 : comma;
            rest = slice_of(rest.p + eaten, rest.n - eaten);
            if (option.n == 0) continue;
            if (!http_all(option, HC_TOKEN) || ++options > CONNECTION_OPTIONS_MAX) return false;
            if (slice_ieq(option, SLICE("close"))) closes = true;
            else if (slice_ieq(option, SLICE("keep-alive"))) stays = true;
            nominate(h, option);
        }
    }
    h->keep_alive = !closes && (h->minor == 1 || stays);
    return true;
}

/* ---- request line and target ------------------------------------------------------------------------------------ */

static enum http_method find_method(struct slice m)
{
    static const struct {
        struct slice text;
        enum http_method method;
    } rows[] = {
        {SLICE_INIT("POST"), HM_POST},       {SLICE_INIT("GET"), HM_GET},       {SLICE_INIT("HEAD"), HM_HEAD},
        {SLICE_INIT("PUT"), HM_PUT},         {SLICE_INIT("DELETE"), HM_DELETE}, {SLICE_INIT("PATCH"), HM_PATCH},
        {SLICE_INIT("OPTIONS"), HM_OPTIONS}, {SLICE_INIT("TRACE"), HM_TRACE},   {SLICE_INIT("CONNECT"), HM_CONNECT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (slice_eq(m, rows[i].text)) return rows[i].method;
    return HM_OTHER;
}

/* "" or ":PORT". */
static bool port_ok(struct slice s)
{
    uint64_t port;
    return s.n == 0 || (s.p[0] == ':' && s.n <= 6 && slice_u64(slice_of(s.p + 1, s.n - 1), 65535, &port));
}

/* uri-host [":" port], RFC 9110 7.2, without what no host name holds: sub-delims, escapes, an empty port. */
static bool host_ok(struct slice s)
{
    if (s.n == 0 || s.n > HOST_MAX) return false;
    size_t n;
    if (s.p[0] == '[') {
        size_t close = slice_find(s, ']');
        if (close == s.n || close < 3) return false;
        for (size_t i = 1; i < close; i++)
            if (http_hex(s.p[i]) < 0 && s.p[i] != ':' && s.p[i] != '.') return false;
        n = close + 1;
    } else {
        n = slice_find(s, ':');
        if (!http_all(slice_of(s.p, n), HC_HOST)) return false;
    }
    return port_ok(slice_of(s.p + n, s.n - n));
}

/* The byte that the escape at s.p[i] stands for, or -1. */
static int escaped(struct slice s, size_t i)
{
    if (s.n - i < 3) return -1;
    int hi = http_hex(s.p[i + 1]), lo = http_hex(s.p[i + 2]);
    return hi < 0 || lo < 0 ? -1 : hi * 16 + lo;
}

/* "." and "..", also with the parameters that some servers cut off before they resolve dots. */
static bool dot_segment(const char *p, size_t n)
{
    struct slice s = slice_of(p, n);
    s.n = slice_find(s, ';');
    return slice_eq(s, SLICE(".")) || slice_eq(s, SLICE(".."));
}

/* One spelling for each path, so that the route here and the server behind cannot differ: no empty or dot segments,
 * no escape of a byte that needs none, of a separator or of a control byte. */
static bool path_ok(struct slice s)
{
    size_t seg = 1;
    for (size_t i = 1; i < s.n; i++) {
        if (s.p[i] == '/') {
            if (i == seg || dot_segment(s.p + seg, i - seg)) return false;
            seg = i + 1;
        } else if (s.p[i] == '%') {
            int c = escaped(s, i);
            if (c < 0x20 || c == 0x7f || c == '/' || c == '\\' || http_is((char)c, HC_HOST)) return false;
            i += 2;
        } else if (!http_is(s.p[i], HC_PATH)) {
            return false;
        }
    }
    return !dot_segment(s.p + seg, s.n - seg);
}

static bool query_ok(struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '%') {
            if (escaped(s, i) < 0) return false;
            i += 2;
        } else if (!http_is(s.p[i], HC_QUERY)) {
            return false;
        }
    }
    return true;
}

/* Path and query of an origin-form, or of what follows the authority of an absolute-form. */
static bool parse_origin(struct slice s, struct http_head *h)
{
    size_t q = slice_find(s, '?');
    h->path = q ? slice_of(s.p, q) : SLICE("/");
    if (q < s.n) h->query = slice_of(s.p + q + 1, s.n - q - 1);
    return h->path.p[0] == '/' && path_ok(h->path) && query_ok(h->query);
}

static enum err parse_target(struct http_head *h)
{
    struct slice t = h->target;
    if (t.n == 0) return ERR_HEAD;
    if (t.n > HTTP_TARGET_MAX) return ERR_TARGET_TOO_LONG;
    if (t.p[0] == '/') return parse_origin(t, h) ? ERR_OK : ERR_HEAD;
    if (slice_eq(t, SLICE("*"))) return h->method == HM_OPTIONS ? ERR_METHOD : ERR_HEAD;
    size_t skip = 0;
    if (t.n > 7 && slice_ieq(slice_of(t.p, 7), SLICE("http://"))) skip = 7;
    else if (t.n > 8 && slice_ieq(slice_of(t.p, 8), SLICE("https://"))) skip = 8;
    if (!skip) return ERR_HEAD;
    struct slice rest = slice_of(t.p + skip, t.n - skip);
    size_t n = slice_find(rest, '/'), q = slice_find(rest, '?');
    if (q < n) n = q;
    h->host = slice_of(rest.p, n);
    if (!host_ok(h->host)) return ERR_HEAD;
    return parse_origin(slice_of(rest.p + n, rest.n - n), h) ? ERR_OK : ERR_HEAD;
}

static enum err parse_version(struct slice v, struct http_head *h)
{
    if (v.n != 8 || memcmp(v.p, "HTTP/", 5) != 0) return ERR_HEAD;
    if (v.p[5] < '0' || v.p[5] > '9' || v.p[6] != '.' || v.p[7] < '0' || v.p[7] > '9') return ERR_HEAD;
    if (v.p[5] != '1' || v.p[7] > '1') return ERR_VERSION;
    h->minor = v.p[7] - '0';
    return ERR_OK;
}

static enum err parse_request_line(struct slice line, struct http_head *h)
{
    size_t a = slice_find(line, ' ');
    if (a == line.n) return ERR_HEAD;
    struct slice rest = slice_of(line.p + a + 1, line.n - a - 1);
    size_t b = slice_find(rest, ' ');
    if (b == rest.n) return ERR_HEAD;
    h->method_text = slice_of(line.p, a);
    h->target = slice_of(rest.p, b);
    enum err e = parse_version(slice_of(rest.p + b + 1, rest.n - b - 1), h);
    if (e) return e;
    h->method = find_method(h->method_text);
    if (h->method == HM_OTHER || h->method == HM_CONNECT || h->method == HM_TRACE) return ERR_METHOD;
    return parse_target(h);
}

/* Bytes that cannot open a request are refused as they come, or a peer that speaks TLS here would wait for the
 * deadline. *opening: the empty line that one request may start with. */
static enum err check_opening(struct slice in, size_t *opening)
{
    *opening = in.n >= 2 && in.p[0] == '\r' && in.p[1] == '\n' ? 2 : 0;
    if (in.n == 0 || (in.n == 1 && in.p[0] == '\r')) return ERR_AGAIN;
    for (size_t i = *opening; i < in.n; i++) {
        size_t at = i - *opening;
        if (at > 0 && in.p[i] == ' ') return ERR_OK;
        if (at == METHOD_MAX || !http_is(in.p[i], HC_TOKEN)) return ERR_HEAD;
    }
    return ERR_OK;
}

/* What must hold between the parts of a request head. */
static enum err check_request(struct http_head *h)
{
    const struct http_field *host = http_get(h, HF_HOST), *expect = http_get(h, HF_EXPECT);
    if (!host && h->minor == 1) return ERR_HEAD;
    if (host && !host_ok(host->value)) return ERR_HEAD;
    if (host && h->host.n && !slice_ieq(h->host, host->value)) return ERR_HEAD; /* which one would the next hop take? */
    if (host) h->host = host->value;
    if (!connection_options(h)) return ERR_HEAD;
    if (host && host->nominated) return ERR_HEAD;
    if (!expect || h->minor == 0) return ERR_OK; /* RFC 9110 10.1.1: ignored in HTTP/1.0 */
    if (!slice_ieq(expect->value, SLICE("100-continue"))) return ERR_EXPECTATION;
    h->expect_continue = true;
    return ERR_OK;
}

enum err http_request_head(struct slice in, size_t limit, size_t *seen, struct http_head *out, size_t *used)
{
    size_t opening, end = 0;
    enum err e = check_opening(in, &opening);
    if (e) return e;
    e = whole_head(in, limit, seen, opening, &end);
    if (e) return e;
    reset(out);
    const char *p = in.p + opening, *last = in.p + end;
    const char *eol = memchr(p, '\r', (size_t)(last - p));
    if (!eol || eol == p) return ERR_HEAD;
    e = parse_request_line(slice_of(p, (size_t)(eol - p)), out);
    if (!e) e = parse_fields(eol + 2, last, out);
    if (!e) e = check_request(out);
    if (!e) *used = end;
    return e;
}

/* ---- answers ---------------------------------------------------------------------------------------------------- */

/* "HTTP/1.1 200 OK"; the reason is ignored and may be missing, with or without its space. */
static bool parse_status_line(struct slice line, struct http_head *h)
{
    if (line.n < 12 || parse_version(slice_of(line.p, 8), h) || line.p[8] != ' ') return false;
    uint64_t status;
    if (!slice_u64(slice_of(line.p + 9, 3), 599, &status) || status < 100 || status == 101) return false;
    if (line.n > 12 && line.p[12] != ' ') return false;
    h->status = (int)status;
    return true;
}

enum err http_response_head(struct slice in, size_t limit, size_t *seen, struct http_head *out, size_t *used)
{
    static const char opening[] = "HTTP/1.";
    size_t n = in.n < sizeof opening - 1 ? in.n : sizeof opening - 1, end = 0;
    if (n && memcmp(in.p, opening, n) != 0) return ERR_UP_MALFORMED;
    enum err e = whole_head(in, limit, seen, 0, &end);
    if (e == ERR_AGAIN) return e;
    if (e) return ERR_UP_MALFORMED;
    reset(out);
    const char *eol = memchr(in.p, '\r', end);
    if (!eol || !parse_status_line(slice_of(in.p, (size_t)(eol - in.p)), out)) return ERR_UP_MALFORMED;
    if (parse_fields(eol + 2, in.p + end, out) || !connection_options(out)) return ERR_UP_MALFORMED;
    *used = end;
    return ERR_OK;
}

/* ---- framing ---------------------------------------------------------------------------------------------------- */

enum declared { DECLARED_NONE, DECLARED_LENGTH, DECLARED_CHUNKED, DECLARED_TOO_LARGE, DECLARED_BAD };

/* The only field of its kind that has this id. */
static bool only_one(const struct http_head *h, enum http_fid id)
{
    for (size_t i = h->first[id]; i < h->count; i++)
        if (h->field[i].id == id) return false;
    return true;
}

/* What Content-Length and Transfer-Encoding say, for both directions. */
static enum declared declared_framing(const struct http_head *h, uint64_t max, uint64_t *length)
{
    const struct http_field *cl = http_get(h, HF_CONTENT_LENGTH), *te = http_get(h, HF_TRANSFER_ENCODING);
    if (!cl && !te) return DECLARED_NONE;
    if (cl && te) return DECLARED_BAD;
    if (cl ? cl->nominated || !only_one(h, HF_CONTENT_LENGTH) : te->nominated || !only_one(h, HF_TRANSFER_ENCODING))
        return DECLARED_BAD;
    if (te) return h->minor == 1 && slice_ieq(te->value, SLICE("chunked")) ? DECLARED_CHUNKED : DECLARED_BAD;
    struct slice d = cl->value;
    if (d.n == 0) return DECLARED_BAD;
    for (size_t i = 0; i < d.n; i++)
        if (d.p[i] < '0' || d.p[i] > '9') return DECLARED_BAD;
    return slice_u64(d, max, length) ? DECLARED_LENGTH : DECLARED_TOO_LARGE;
}

enum err http_request_framing(const struct http_head *h, uint64_t max, struct http_framing *out)
{
    *out = (struct http_framing){.kind = HTTP_NO_BODY, .length = 0};
    switch (declared_framing(h, max, &out->length)) {
    case DECLARED_NONE:
        return h->method == HM_POST || h->method == HM_PUT || h->method == HM_PATCH ? ERR_LENGTH_REQUIRED : ERR_OK;
    case DECLARED_LENGTH: out->kind = HTTP_LENGTH; return ERR_OK;
    case DECLARED_CHUNKED: out->kind = HTTP_CHUNKED; return ERR_OK;
    case DECLARED_TOO_LARGE: return ERR_BODY_TOO_LARGE;
    case DECLARED_BAD: break;
    }
    return ERR_FRAMING;
}

enum err http_response_framing(const struct http_head *h, enum http_method asked, uint64_t max, struct http_framing *out)
{
    *out = (struct http_framing){.kind = HTTP_NO_BODY, .length = 0};
    uint64_t length = 0;
    bool never = h->status < 200 || h->status == 204, none = never || h->status == 304 || asked == HM_HEAD;
    enum declared d = declared_framing(h, none ? UINT64_MAX : max, &length);
    if (d == DECLARED_BAD || (none && d == DECLARED_TOO_LARGE)) return ERR_UP_MALFORMED;
    if (never && (d == DECLARED_CHUNKED || length > 0)) return ERR_UP_MALFORMED; /* RFC 9112 6.1, RFC 9110 8.6 */
    if (none) return ERR_OK;
    if (d == DECLARED_TOO_LARGE) return ERR_UP_TOO_LARGE;
    out->kind = d == DECLARED_LENGTH ? HTTP_LENGTH : d == DECLARED_CHUNKED ? HTTP_CHUNKED : HTTP_UNTIL_CLOSE;
    out->length = length;
    return ERR_OK;
}

/* ---- reasons ---------------------------------------------------------------------------------------------------- */

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {100, "Continue"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {208, "Already Reported"},
    {226, "IM Used"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {506, "Variant Also Negotiates"},
    {507, "Insufficient Storage"},
    {508, "Loop Detected"},
    {511, "Network Authentication Required"},
};

const char *http_reason(int status)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status) return reasons[i].reason;
    return "Unknown";
}

static struct slice follow(struct slice s, struct slice from, const char *to)
{
    bool inside = s.p && s.p >= from.p && s.p <= from.p + from.n; /* "/" for an absolute-form without a path is not */
    return inside ? slice_of(to + (s.p - from.p), s.n) : s;
}

void http_head_moved(struct http_head *dst, const struct http_head *src, struct slice from, const char *to)
{
    if (dst != src) { /* the unused part of the fields is large: it is not copied */
        memcpy(dst, src, offsetof(struct http_head, field));
        memcpy(dst->first, src->first, sizeof dst->first);
    }
    dst->method_text = follow(src->method_text, from, to);
    dst->target = follow(src->target, from, to);
    dst->path = follow(src->path, from, to);
    dst->query = follow(src->query, from, to);
    dst->host = follow(src->host, from, to);
    for (size_t i = 0; i < src->count; i++) {
        dst->field[i] = src->field[i];
        dst->field[i].name = follow(src->field[i].name, from, to);
        dst->field[i].value = follow(src->field[i].value, from, to);
    }
}
