/* A strict, byte-exact JSON tokenizer (RFC 8259): finds where every value lies and changes nothing. One pass
 * of vector instructions finds the ends of strings (quotes.h), the rest is a flat loop with an explicit stack, so depth costs
 * no C stack.
 *
 * Refused: anything that is not exactly one value with optional white space round it, a BOM, invalid UTF-8 (overlong,
 * surrogates, above U+10FFFF), control bytes in strings, bad escapes, bad numbers, nesting beyond max_depth, duplicate
 * keys in one object (compared after unescaping). Lone surrogate escapes are allowed and kept as they are. */
#ifndef PRIVET_TEXT_JSON_H
#define PRIVET_TEXT_JSON_H

#include "filters/text/quotes.h"
#include "proxy/base/buf.h"

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_KEY, JSON_ARRAY, JSON_OBJECT };

#define JSON_NONE UINT32_MAX

struct json_node {
    uint32_t off;    /* first byte: of the text inside the quotes for strings and keys, of the literal or bracket else */
    uint32_t end;    /* one past the last byte, in the same sense (the closing quote, or past the bracket) */
    uint32_t parent; /* the array or object it is in; JSON_NONE for the root */
    uint32_t key;    /* its key's node, if it is a member's value; else JSON_NONE */
    uint32_t next;   /* the node behind this value and all below it (skip) */
    uint32_t index;  /* place among its siblings, from 0 (members and elements; a key has its value's) */
    uint8_t type;    /* enum json_type */
    bool escaped;    /* a string or key with a backslash in it */
    bool ascii;      /* a string or key of ASCII bytes only, but DEL, and without \b and \f */
    uint16_t depth;  /* of the root: 0 */
};

/* Nodes in document order; a key comes just before its value. Reusable: json_parse keeps the memory. */
struct json_doc {
    struct slice text;
    struct json_node *node;
    uint32_t count, room;
    uint32_t *stack; /* json.c's own */
    uint32_t stack_room;
    void *dup;            /* json.c's own: duplicate check of large objects */
    struct quotes quotes; /* of the text */
};

struct json_limits {
    uint32_t max_depth; /* 0: 128 */
    uint32_t max_nodes; /* 0: 8 Mi */
    bool allow_duplicates;
};

/* text.n < 4 GiB. The doc points into text. ERR_JSON, ERR_UTF8, ERR_JSON_DEPTH, ERR_JSON_DUPLICATE, ERR_LIMIT (too
 * many nodes), ERR_MEMORY. *at, if not NULL, is the offset of the mistake. */
enum err json_parse(struct json_doc *d, struct slice text, const struct json_limits *lim, size_t *at) MUST_CHECK;
void json_doc_free(struct json_doc *d);

static inline struct slice json_raw(const struct json_doc *d, uint32_t i)
{
    return slice_of(d->text.p + d->node[i].off, d->node[i].end - d->node[i].off);
}
/* True if string or key i, unescaped, equals s. */
bool json_escaped_eq(const struct json_doc *d, uint32_t i, struct slice s);
static inline bool json_text_eq(const struct json_doc *d, uint32_t i, struct slice s)
{
    return d->node[i].escaped ? json_escaped_eq(d, i, s) : slice_eq(json_raw(d, i), s);
}
/* The value of member `name` of object i (first level), or JSON_NONE. */
uint32_t json_member(const struct json_doc *d, uint32_t object, struct slice name);
/* The k-th element of array i, or JSON_NONE. Linear. */
uint32_t json_element(const struct json_doc *d, uint32_t array, uint32_t k);
/* First child value (or key, of an object) of container i, or JSON_NONE; iterate with node[].next while parent == i. */
uint32_t json_first(const struct json_doc *d, uint32_t container);

/* Appends string content unescaped (UTF-8; a lone surrogate becomes U+FFFD). The input is known to be valid. */
enum err json_unescape(struct slice raw, struct buf *out) MUST_CHECK;
/* The escape at raw.p[0] == '\\', of valid string content: writes its UTF-8 (a pair of surrogates is one character, a
 * lone one U+FFFD) and returns the number of bytes, 1..4; *used is the length of the escape in the source. */
size_t json_escape_read(struct slice raw, char out[4], size_t *used);
/* Appends text as the inside of a JSON string: escapes '"', '\' and control bytes, keeps everything else. Invalid
 * UTF-8 is ERR_UTF8. */
enum err json_escape(struct slice text, struct buf *out) MUST_CHECK;

/* Splices: replaces byte ranges of a text, everything else goes out as it came. Ranges ascend and do not overlap. */
struct splice {
    uint32_t off, end;
    struct slice with; /* as it must stand in the text: already escaped */
};
enum err json_splice(struct slice text, const struct splice *s, size_t n, struct buf *out) MUST_CHECK;

#endif
