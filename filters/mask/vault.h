/* The vault of one request: placeholder <-> original, for what may be put back into the answer. Owned by the exchange,
 * wiped at its end. Placeholders are <TYPE_N>, N by first appearance; the same value of the same type has the same one.
 * A placeholder-like string that stands in the user's own text is reserved first (vault_reserve), so it is never
 * given out and never restored to another's value. Bounded: VAULT_MAX entries. */
#ifndef PRIVET_MASK_VAULT_H
#define PRIVET_MASK_VAULT_H

#include "filters/policy.h"
#include "proxy/base/buf.h"

#define VAULT_MAX              65536u
#define VAULT_PLACEHOLDER_MAX  64u

struct vault;
struct vault *vault_new(void) MUST_CHECK;
void vault_free(struct vault *v);

/* Reserves every placeholder-like string (<WORD_N> and its bent forms) of a text. Cheap when there is none. */
enum err vault_reserve(struct vault *v, struct slice text) MUST_CHECK;
/* The placeholder for a value; `cls` says whether it is a secret (never restored into tool arguments). *out lives as
 * long as the vault. */
enum err vault_tokenize(struct vault *v, const char *type, enum rule_class cls, struct slice value, struct slice *out) MUST_CHECK;
/* Records a surrogate that was made for a value. */
enum err vault_surrogate(struct vault *v, const char *type, enum rule_class cls, struct slice value, struct slice surrogate) MUST_CHECK;
size_t vault_count(const struct vault *v);

/* What replaces a value under an action, appended to *out: plain text, not escaped. Not for ALLOW, FLAG, BLOCK. */
struct mask_ctx {
    struct vault *vault;       /* needed for reversible actions */
    const struct policy *policy;
};
enum err mask_value(const struct mask_ctx *m, enum action a, const struct rule *rule, struct slice value, struct buf *out) MUST_CHECK;

#endif
