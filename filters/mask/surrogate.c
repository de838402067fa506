/* Surrogates. For now every kind is tokenized: reversible and safe, though not format-preserving. */
#include "filters/mask/surrogate.h"

enum err surrogate_value(struct vault *v, struct slice key, const struct rule *rule, struct slice value, struct buf *out)
{
    (void)key;
    struct slice ph;
    enum err e = vault_tokenize(v, rule->type, rule->cls, value, &ph);
    return e ? e : buf_add(out, ph);
}
