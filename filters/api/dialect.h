/* Dialects: what the APIs look like. One row for each dialect, one row for each endpoint; the next dialect is rows and
 * one file. Here: which endpoint a request means, which strings of a request are text, what errors look like. Answers
 * are api/answer.h. Facts: shared fieldmap.md, sections 1 and 2. */
#ifndef PRIVET_API_DIALECT_H
#define PRIVET_API_DIALECT_H

#include "filters/text/json.h"

enum endpoint_kind {
    EP_CHAT,    /* JSON request screened, answer restored, whole or streamed */
    EP_PASS,    /* passed through with any method a target knows; a body, if any, is screened as EP_SCAN */
    EP_SCAN,    /* unknown path under `endpoints: {unknown: scan}`: every string of a JSON body */
    EP_UNKNOWN, /* unknown path */
};

struct dialect;
struct endpoint {
    const char *path; /* "/v1/chat/completions"; with a slash at its end: and an identifier behind it */
    const char *name; /* "chat.completions", for records and metrics */
    enum endpoint_kind kind;
    unsigned methods; /* bits 1 << enum http_method value order: GET HEAD POST PUT DELETE PATCH OPTIONS; 0: any */
    const struct dialect *dialect;
};

/* What a string of a request is. */
enum text_class {
    TEXT_SKIP,   /* an identifier, an enum value, a signature: looked at for secrets only, never changed; one blocks */
    TEXT_FREE,   /* text: screened, rewritten */
    TEXT_JSON,   /* JSON in a string: screened inside, replacements escaped twice */
    TEXT_NAME,   /* a name with a grammar: screened; a finding blocks instead of rewriting */
    TEXT_OPAQUE, /* base64 payload, image, audio, file: cannot be read; policy decides */
};

/* Who wrote a string of a request, as far as its place tells. */
enum text_origin {
    ORIGIN_USER,   /* or nobody in particular */
    ORIGIN_SYSTEM, /* the application: it may well say what must not be done */
    ORIGIN_ASSISTANT,
    ORIGIN_GIVEN, /* tool results, documents: nobody who may give orders */
    ORIGIN_COUNT
};

struct string_said {
    enum text_class cls;
    bool key_known; /* it has a key, for which key_known() is true */
};

struct dialect {
    const char *name; /* "openai" */
    struct slice own; /* the member of the top object in which no string is the protocol's, whatever its key: "metadata" */
    /* Of string value node i; called for strings only. own: it is below that member. */
    struct string_said (*classify)(const struct json_doc *d, uint32_t i, bool own);
    /* Whose text node i is. */
    enum text_origin (*origin)(const struct json_doc *d, uint32_t i);
    /* True if key node i is one of the protocol's own: it holds no text and lends no context. */
    bool (*key_known)(const struct json_doc *d, uint32_t i);
    /* Appends an error body in the dialect's shape. Text comes from the table row, never from a peer. */
    enum err (*error_body)(const struct err_row *row, const char *request_id, struct buf *out);
    /* Appends an error as a stream event. */
    enum err (*error_event)(const struct err_row *row, struct buf *out);
};

/* The endpoint a path (without query) means, compared byte for byte: never NULL (an EP_UNKNOWN row for paths nobody
 * knows, with the dialect the path looks like, "openai" if none). */
const struct endpoint *endpoint_find(struct slice path);
/* The row used for EP_UNKNOWN paths that are scanned. */
const struct endpoint *endpoint_scan(const struct endpoint *unknown);
const struct dialect *dialect_find(struct slice name);
/* All rows, for the test that walks them. */
const struct endpoint *endpoints(size_t *n);

#endif
