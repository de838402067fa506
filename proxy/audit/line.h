/* A line of a journal: how it is closed with the chain, and how it is read again.
 *
 *   {...record...,"journal":"1a2b3c4d.w0","seq":12,"prev":"<64 hex>","mac":"<64 hex>"}\n
 *
 * mac is HMAC-SHA256 under the chain key over every byte of the line before `,"mac":`; prev, which is among them, is the
 * mac of the line before. The end of a line has a fixed shape, so it is read from its end: nothing in the record, whose
 * strings are escaped, can look like it. */
#ifndef PRIVET_AUDIT_LINE_H
#define PRIVET_AUDIT_LINE_H

#include "proxy/base/buf.h"
#include "proxy/base/slice.h"

#define OPENSSL_SUPPRESS_DEPRECATED /* SHA256_*: a copied EVP context costs more than the hash of a line */
#include <openssl/sha.h>

#define LINE_MAC      64u  /* hex digits */
#define LINE_TAIL_MAX 300u /* bytes after the record, newline included, for a journal name of at most 32 bytes */
#define LINE_FIRST    "0000000000000000000000000000000000000000000000000000000000000000" /* prev of the first line */

/* The two padded halves of an HMAC key, hashed once; then each mac costs the line and one block. */
struct chain {
    SHA256_CTX inner, outer;
};
void chain_init(struct chain *c, struct slice key);
void chain_mac(const struct chain *c, struct slice text, char hex[LINE_MAC]);

/* Closes the record in `line` (see audit_record_write): adds journal, seq, prev, mac and newline. `last` is the mac of
 * the line before on entry, of this line on return. ERR_LIMIT if the buffer's cap is too small (last stays). */
enum err line_close(struct buf *line, const struct chain *c, struct slice journal, uint64_t seq, char last[LINE_MAC]) MUST_CHECK;

struct line {
    struct slice all; /* without newline */
    struct slice signed_part;
    struct slice record; /* the members before "journal", from the opening brace on */
    struct slice journal;
    uint64_t seq;
    const char *prev, *mac; /* LINE_MAC digits each */
};
/* `s` without its newline. False if it has not the shape of a line. */
bool line_parse(struct slice s, struct line *out) MUST_CHECK;
/* Only seq, prev, mac and signed_part (its end), from the last bytes of a line: s may start anywhere in it. */
bool line_parse_end(struct slice s, struct line *out) MUST_CHECK;
bool line_mac_holds(const struct line *l, const struct chain *c) MUST_CHECK;

/* Walks the members of a record: *at starts at 0. Key and value are slices of the text: the key without quotes, the
 * value as it is written. False at the end, or where it is no JSON object of ours. */
bool line_member(struct slice record, size_t *at, struct slice *key, struct slice *value);
/* The value of one member, strings without their quotes and not unescaped; empty if it is not there. */
struct slice line_get(struct slice record, const char *name);

#endif
