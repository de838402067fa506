/* Takes the framing off bodies of HTTP/1.x messages: a length, chunks, or until the peer closes.
 *
 * States of the chunked coding (RFC 9112 7.1), in the order of the bytes:
 *   SIZE       hex digits              EXT, EXT_NAME, EXT_VALUE, EXT_TEXT, EXT_QUOTED, EXT_PAIR, EXT_AFTER  ;name="value"
 *   SIZE_LF    CR seen behind them     DATA, DATA_CR, DATA_LF     the chunk and its CRLF
 *   TRAILER, TRAILER_NAME, TRAILER_VALUE, TRAILER_LF, END_LF     fields behind the last chunk, the empty line */
#include "proxy/http/body.h"
#include "proxy/http/chars.h"

enum {
    SIZE,
    EXT,
    EXT_NAME,
    EXT_VALUE,
    EXT_TEXT,
    EXT_QUOTED,
    EXT_PAIR,
    EXT_AFTER,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER,
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    END_LF
};

void http_body_start(struct http_body *b, struct http_framing f, uint64_t max)
{
    *b = (struct http_body){.kind = f.kind, .state = SIZE, .max = max};
    if (f.kind == HTTP_LENGTH) b->left = f.length;
    b->done = f.kind == HTTP_NO_BODY || (f.kind == HTTP_LENGTH && f.length == 0);
}

/* The size is known: what data pays for is taken off the overhead, so that tiny chunks pass and long lines do not. */
static enum err size_known(struct http_body *b)
{
    if (b->digits == 0) return ERR_FRAMING;
    if (b->left > b->max - b->total) return ERR_BODY_TOO_LARGE;
    uint64_t paid = b->left < HTTP_OVERHEAD_MAX ? 16 + 2 * b->left : HTTP_OVERHEAD_MAX;
    if (b->left) b->overhead = b->overhead > paid ? b->overhead - (uint32_t)paid : 0;
    return ERR_OK;
}

/* Fields that say something about the message's framing, way, caller or content must come before the body
 * (RFC 9110 6.5.1); of the fields we know, only these may follow it. */
static bool trailer_allowed(struct slice name)
{
    switch (http_field_id(name)) {
    case HF_OTHER:
    case HF_DATE:
    case HF_ETAG:
    case HF_SERVER:
    case HF_DIGEST:
    case HF_CONTENT_MD5:
    case HF_X_REQUEST_ID: return true;
    default: return false;
    }
}

static bool trailer_byte(struct http_body *b, char c)
{
    switch (b->state) {
    case TRAILER:
        b->name_n = 0;
        if (c == '\r') {
            b->state = END_LF;
            return true;
        }
        b->state = TRAILER_NAME;
        __attribute__((fallthrough));
    case TRAILER_NAME:
        if (c == ':' && b->name_n > 0) {
            b->state = TRAILER_VALUE;
            return b->name_n == sizeof b->name || trailer_allowed(slice_of(b->name, b->name_n));
        }
        if (b->name_n < sizeof b->name) b->name[b->name_n++] = c;
        return http_is(c, HC_TOKEN);
    case TRAILER_VALUE:
        if (c == '\r') b->state = TRAILER_LF;
        return c == '\r' || http_is(c, HC_VALUE);
    case TRAILER_LF: b->state = TRAILER; return c == '\n';
    default: /* END_LF */ b->done = true; return c == '\n';
    }
}

/* Extensions: *( ";" name [ "=" ( token / quoted-string ) ] ), RFC 9112 7.1.1, without the white space it suffers. */
static bool ext_byte(struct http_body *b, char c)
{
    bool token = http_is(c, HC_TOKEN);
    int next = c == ';' ? EXT : c == '\r' ? SIZE_LF : -1; /* what may follow a whole name or value */
    switch (b->state) {
    case EXT: b->state = EXT_NAME; return token;
    case EXT_NAME:
        if (!token) b->state = c == '=' ? EXT_VALUE : next;
        break;
    case EXT_VALUE: b->state = c == '"' ? EXT_QUOTED : EXT_TEXT; return token || c == '"';
    case EXT_TEXT:
        if (!token) b->state = next;
        break;
    case EXT_QUOTED:
        if (c == '"') b->state = EXT_AFTER;
        else if (c == '\\') b->state = EXT_PAIR;
        else return http_is(c, HC_QUOTED);
        break;
    case EXT_PAIR: b->state = EXT_QUOTED; return http_is(c, HC_VALUE);
    default: /* EXT_AFTER */ b->state = next; break;
    }
    return b->state >= 0;
}

static enum err size_byte(struct http_body *b, char c)
{
    int digit = http_hex(c);
    if (digit >= 0) {
        if (b->digits == 16) return ERR_FRAMING;
        b->left = b->left << 4 | (uint64_t)digit;
        b->digits++;
        return ERR_OK;
    }
    if (c != '\r' && c != ';') return ERR_FRAMING;
    b->state = c == ';' ? EXT : SIZE_LF;
    return b->digits ? ERR_OK : ERR_FRAMING;
}

/* One byte that is not data. */
static enum err frame_byte(struct http_body *b, char c)
{
    if (++b->overhead > HTTP_OVERHEAD_MAX) return ERR_FRAMING;
    switch (b->state) {
    case SIZE: return size_byte(b, c);
    case SIZE_LF: b->state = b->left ? DATA : TRAILER; return c == '\n' ? size_known(b) : ERR_FRAMING;
    case DATA_CR: b->state = DATA_LF; return c == '\r' ? ERR_OK : ERR_FRAMING;
    case DATA_LF:
        b->state = SIZE;
        b->left = b->digits = 0;
        return c == '\n' ? ERR_OK : ERR_FRAMING;
    case TRAILER:
    case TRAILER_NAME:
    case TRAILER_VALUE:
    case TRAILER_LF:
    case END_LF: return trailer_byte(b, c) ? ERR_OK : ERR_FRAMING;
    default: return ext_byte(b, c) ? ERR_OK : ERR_FRAMING;
    }
}

static struct slice take(struct http_body *b, const char *p, size_t n)
{
    if (n > b->left) n = (size_t)b->left;
    b->left -= n;
    b->total += n;
    return slice_of(p, n);
}

static enum err next_chunked(struct http_body *b, struct slice in, size_t *used, struct slice *data)
{
    size_t i = 0;
    while (i < in.n && !b->done) {
        if (b->state == DATA) {
            if (data->n) break; /* one piece a call; the framing between it and the next is already done */
            *data = take(b, in.p + i, in.n - i);
            i += data->n;
            if (b->left == 0) b->state = DATA_CR;
            continue;
        }
        enum err e = frame_byte(b, in.p[i++]);
        if (e) return e;
    }
    *used = i;
    return ERR_OK;
}

enum err http_body_next(struct http_body *b, struct slice in, size_t *used, struct slice *data)
{
    *used = 0;
    *data = slice_of(in.p, 0);
    if (b->done || in.n == 0) return ERR_OK;
    switch (b->kind) {
    case HTTP_CHUNKED: return next_chunked(b, in, used, data);
    case HTTP_LENGTH:
        if (b->left > b->max - b->total) return ERR_BODY_TOO_LARGE;
        *data = take(b, in.p, in.n);
        b->done = b->left == 0;
        break;
    case HTTP_UNTIL_CLOSE:
        if (in.n > b->max - b->total) return ERR_BODY_TOO_LARGE;
        b->total += in.n;
        *data = in;
        break;
    case HTTP_NO_BODY: break;
    }
    *used = data->n;
    return ERR_OK;
}

enum err http_body_eof(struct http_body *b)
{
    if (b->kind == HTTP_UNTIL_CLOSE) b->done = true;
    return b->done ? ERR_OK : ERR_CLIENT_EOF;
}

size_t http_chunk_head(char out[20], size_t n)
{
    static const char hex[] = "0123456789abcdef";
    size_t len = 1;
    while (len < 16 && n >> (4 * len)) len++;
    for (size_t i = 0; i < len; i++) out[i] = hex[n >> (4 * (len - 1 - i)) & 15];
    out[len] = '\r';
    out[len + 1] = '\n';
    return len + 2;
}
