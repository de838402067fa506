/* Heads of HTTP/1.x requests and answers: a strict parser for RFC 9112 over a whole head, and the one function that
 * says how long a body is. Peers' heads are never forwarded as bytes: the exchange writes new ones from the fields.
 *
 * Slices point into the input and live as long as it does. Nothing is allocated. Malformed or ambiguous input is an
 * error, never repaired: no obs-fold, no bare CR or LF, no NUL, no white space before a colon, one Host, tokens where
 * RFC 9110 wants tokens, no control bytes in values, exactly "HTTP/1.0" or "HTTP/1.1". */
#ifndef PRIVET_HTTP_HEAD_H
#define PRIVET_HTTP_HEAD_H

#include "proxy/base/buf.h"
#include "proxy/base/err.h"
#include "proxy/base/slice.h"

#define HTTP_FIELDS_MAX 128 /* more are ERR_HEAD_TOO_LARGE */
#define HTTP_TARGET_MAX 16384u

/* Fields the proxy acts on; every other is HF_OTHER. The table in head.c maps names (ASCII case ignored). */
enum http_fid {
    HF_OTHER,
    HF_HOST,
    HF_CONTENT_LENGTH,
    HF_TRANSFER_ENCODING,
    HF_CONNECTION,
    HF_KEEP_ALIVE,
    HF_PROXY_CONNECTION,
    HF_PROXY_AUTHORIZATION,
    HF_PROXY_AUTHENTICATE,
    HF_TE,
    HF_TRAILER,
    HF_UPGRADE,
    HF_HTTP2_SETTINGS,
    HF_EXPECT,
    HF_CONTENT_TYPE,
    HF_CONTENT_ENCODING,
    HF_CONTENT_RANGE,
    HF_ACCEPT_ENCODING,
    HF_AUTHORIZATION,
    HF_X_API_KEY,
    HF_API_KEY,
    HF_X_GOOG_API_KEY,
    HF_COOKIE,
    HF_X_REQUEST_ID,
    HF_RETRY_AFTER,
    HF_RETRY_AFTER_MS,
    HF_X_SHOULD_RETRY,
    HF_DATE,
    HF_SERVER,
    HF_SET_COOKIE,
    HF_RANGE,
    HF_X_FORWARDED_FOR,
    HF_X_FORWARDED_HOST,
    HF_X_FORWARDED_PROTO,
    HF_FORWARDED,
    HF_VIA,
    HF_CONTENT_MD5,
    HF_DIGEST,
    HF_ETAG,
    HF_COUNT
};

enum http_method { HM_GET, HM_HEAD, HM_POST, HM_PUT, HM_DELETE, HM_PATCH, HM_OPTIONS, HM_CONNECT, HM_TRACE, HM_OTHER };

struct http_field {
    enum http_fid id;
    struct slice name, value; /* value trimmed of OWS */
    bool hop;                 /* as http_field_is_hop says, by its name */
    bool nominated;           /* named by a Connection field: hop-by-hop */
};

struct http_head {
    /* request */
    enum http_method method;
    struct slice method_text;
    struct slice target; /* as sent */
    struct slice path;   /* of origin-form or absolute-form; "/" if the latter has none */
    struct slice query;  /* without '?'; empty if none */
    struct slice host;   /* the authority that counts: from an absolute-form target, else from Host */
    /* answer */
    int status;
    /* both */
    int minor;       /* 0 or 1 */
    bool keep_alive; /* after version and Connection options */
    bool expect_continue;
    size_t count;
    struct http_field field[HTTP_FIELDS_MAX];
    size_t first[HF_COUNT]; /* 1 + index of the first field with this id; 0 if none */
};

/* Parses the head at the start of `in`. ERR_AGAIN while the empty line has not arrived and fewer than limit bytes
 * wait; then ERR_TARGET_TOO_LONG or ERR_HEAD_TOO_LARGE. On success *used is the head's length. One empty line before
 * a request line is skipped (RFC 9112 2.2). Looks at the new bytes only once: *seen is the caller's resume mark,
 * 0 at the start of each head. CONNECT, TRACE, unknown methods, "*" and authority-form are ERR_METHOD or ERR_HEAD;
 * a path with a bad percent escape, an encoded NUL, CR, LF, '/' or '\', dot segments or an empty first segment is
 * ERR_HEAD, so that route and upstream cannot disagree; so is any other empty segment, an escape of an unreserved
 * byte, an absolute-form whose authority is not Host's, a second Authorization or key or content field, and a known
 * name spelt with '_' for '-'. Expect other than 100-continue: ERR_EXPECTATION (HTTP/1.0: ignored).
 * Bytes that cannot open a request (TLS, another protocol) are ERR_HEAD as soon as they are seen. */
enum err http_request_head(struct slice in, size_t limit, size_t *seen, struct http_head *out, size_t *used) MUST_CHECK;

/* The same for an answer. Errors are ERR_UP_MALFORMED. 1xx heads are returned like others: the caller skips them;
 * 101 is malformed, since no upgrade is ever asked for. */
enum err http_response_head(struct slice in, size_t limit, size_t *seen, struct http_head *out, size_t *used) MUST_CHECK;

/* The id of a field name (ASCII case ignored), HF_OTHER if it is not one of ours or no token. */
enum http_fid http_field_id(struct slice name);

/* A head whose bytes have been copied from `from` to `to`: dst is src with its slices at the new place. dst may be src. */
void http_head_moved(struct http_head *dst, const struct http_head *src, struct slice from, const char *to);

static inline const struct http_field *http_get(const struct http_head *h, enum http_fid id)
{
    return h->first[id] ? &h->field[h->first[id] - 1] : NULL;
}
static inline struct slice http_value(const struct http_head *h, enum http_fid id)
{
    const struct http_field *f = http_get(h, id);
    return f ? f->value : SLICE_NONE;
}

enum http_framing_kind { HTTP_NO_BODY, HTTP_LENGTH, HTTP_CHUNKED, HTTP_UNTIL_CLOSE };
struct http_framing {
    enum http_framing_kind kind;
    uint64_t length; /* HTTP_LENGTH only */
};

/* How the body behind this head is framed (RFC 9112 6.3), in one place for both directions. Refused, with
 * ERR_FRAMING or ERR_UP_MALFORMED: Content-Length with Transfer-Encoding, more than one or a malformed length (a list
 * of equal ones too; leading zeros pass, write lengths anew), any coding but one single "chunked",
 * Transfer-Encoding in HTTP/1.0, a Connection field that names either, and either with a status that never has a body
 * (but for Content-Length: 0). A POST, PUT or PATCH without both is ERR_LENGTH_REQUIRED. Lengths above max are ERR_BODY_TOO_LARGE
 * (ERR_UP_TOO_LARGE), compared before multiplying. */
enum err http_request_framing(const struct http_head *h, uint64_t max, struct http_framing *out) MUST_CHECK;
enum err http_response_framing(const struct http_head *h, enum http_method asked, uint64_t max,
                               struct http_framing *out) MUST_CHECK;

/* True if the field must not be passed on: hop-by-hop, framing, nominated by Connection, Host, or Expect (met here). */
static inline bool http_field_is_hop(const struct http_field *f) { return f->hop || f->nominated; }

/* The registered reason phrase, or "Unknown". */
const char *http_reason(int status);

#endif
