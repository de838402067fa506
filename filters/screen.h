/* The only entry to the filters for requests: a body in; a decision, a rewritten body and findings out. No socket, no
 * clock, no global state. Fail closed: any error but ERR_OK means that the body must not be sent.
 *
 * Way: json_parse -> dialect says which strings are text -> views (unescaped, folded, decoded, inner JSON) gathered ->
 * detect_scan -> offsets brought back -> policy -> mask_value -> splices. Keys, numbers and names with a grammar that
 * hold something to be masked cannot be rewritten safely: the request is blocked. */
#ifndef PRIVET_FILTERS_SCREEN_H
#define PRIVET_FILTERS_SCREEN_H

#include "filters/api/dialect.h"
#include "filters/detect/engine.h"
#include "filters/injection.h"
#include "filters/mask/vault.h"
#include "filters/meter.h"
#include "filters/policy.h"
#include "filters/text/view.h"

struct gather_piece { /* a piece of free text */
    uint32_t start, end;
};

struct screen_limits {
    uint32_t json_depth;
    uint32_t decode_base64, decode_hex, decode_percent; /* levels */
    const char *caller;                                 /* whose surrogates these are; NULL or "": nobody's in particular */
};

/* Findings by rule and action: what records and metrics carry. Never a value. */
struct screen_count {
    uint16_t rule;
    uint8_t action; /* enum action: what was done (or, under observe, would have been) */
    uint32_t count;
};
#define SCREEN_COUNTS_MAX 64 /* further kinds are added up in the last row's place: counts_more */

struct screening {
    enum err error; /* ERR_OK: send it. Else refuse with this: ERR_BLOCKED, ERR_JSON, ERR_NOT_SCANNED, ... */
    bool changed;   /* body holds the rewritten bytes; else the original is to be sent */
    bool reroute;   /* a finding asks for the sensitive target */
    struct buf body;
    struct vault *vault; /* NULL: nothing to restore */
    struct screen_count counts[SCREEN_COUNTS_MAX];
    size_t count_rows;
    uint32_t counts_more;
    struct fold_counts fold; /* tags: tag characters; they are cut out of text (not under observe), so changed may be
                                true without a finding */
    enum injection_level injection;
    uint32_t injection_sum; /* of all signs, in thousandths of one sure sign in a user's own turn */
    uint32_t opaque;        /* strings that could not be read */
    uint32_t decoded;       /* runs found inside base64, hex, percent, escapes */
    /* Facts of the request, for routing and records. Offsets are into the bytes to be sent. */
    uint32_t model_off, model_end; /* inside the quotes; both 0 if the request names no model */
    char model[128];               /* unescaped, cut; NUL-terminated; printable ASCII kept, others '?' */
    bool stream;
};

/* One for each thread; reused, wiped in between. */
struct screener;
struct screener *screener_new(void) MUST_CHECK;
void screener_free(struct screener *s);
/* Measures the next screening with m, from its first step to its last, and ends it with ERR_NOT_SCANNED where it says so. */
void screener_meter(struct screener *s, struct meter *m);

/* Screens a JSON body for an endpoint. The returned value is also out->error. `out` is zeroed first; screening_free it
 * in any case. The vault is made only when something reversible was masked. */
enum err screen_request(struct screener *s, struct detect_scratch *scratch, const struct ruleset *rs, const struct policy *pol,
                        const struct screen_limits *lim, const struct endpoint *ep, struct slice body,
                        struct screening *out) MUST_CHECK;
/* The same in steps, where somebody else looks at the text too before it is rewritten. screen_begin reads and searches;
 * on an error it is over. Then screen_add for what others find, and screen_finish, which decides and rewrites, or
 * screen_drop. The screener, the body, and all else given must stay as they are from the first step to the last, which
 * may run on different threads. Findings are in bytes of *text (the pieces' as well), rules are of the same set. */
enum err screen_begin(struct screener *s, struct detect_scratch *scratch, const struct ruleset *rs, const struct policy *pol,
                      const struct screen_limits *lim, const struct endpoint *ep, struct slice body,
                      struct screening *out) MUST_CHECK;
/* What of it is free text, as it reads: strings, strings of inner JSON, what was folded and decoded; no keys, names, or
 * numbers. Ascending but for inner JSON; disjoint. */
enum err screen_pieces(struct screener *s, struct slice *text, const struct gather_piece **piece, size_t *n) MUST_CHECK;
enum err screen_add(struct screener *s, struct finding f) MUST_CHECK;
enum err screen_finish(struct screener *s) MUST_CHECK;
void screen_drop(struct screener *s);
/* Screens plain text as one string of class TEXT_FREE: `privet scan`, header fields, queries. Findings are resolved
 * and in bytes of `text`; *spans is appended to. */
enum err screen_text(struct screener *s, struct detect_scratch *scratch, const struct ruleset *rs,
                     const struct screen_limits *lim, struct slice text, struct findings *spans) MUST_CHECK;
/* text rewritten under a policy, into out: `privet scan --redact`. Reversible values go into *vault, which is made when
 * it is first needed: pieces of one file share it, or two values would have one placeholder. The caller frees it. */
enum err screen_redact(struct screener *s, const struct ruleset *rs, const struct policy *pol, struct slice text,
                       const struct findings *spans, struct vault **vault, struct buf *out) MUST_CHECK;
void screening_free(struct screening *s);

#endif
