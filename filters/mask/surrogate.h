/* Surrogates: another value of the same kind and shape, so that code, forms and models that check formats go on
 * working. Deterministic under the policy's key, never the original, never the same for two values of one vault. */
#ifndef PRIVET_MASK_SURROGATE_H
#define PRIVET_MASK_SURROGATE_H

#include "filters/mask/vault.h"

/* Appends the surrogate of a value to *out and records it in the vault. */
enum err surrogate_value(struct vault *v, struct slice key, const struct rule *rule, struct slice value,
                         struct buf *out) MUST_CHECK;

#endif
