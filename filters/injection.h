/* How likely it is that a request carries somebody else's instructions: signs (findings of class injection, invisible
 * tags) are weighed by where they stand, and add up to a level. */
#ifndef PRIVET_FILTERS_INJECTION_H
#define PRIVET_FILTERS_INJECTION_H

#include "filters/api/dialect.h"
#include "filters/detect/engine.h"
#include "filters/policy.h"

/* What a sign of this score (thousandths) weighs, in thousandths of one sure sign in a user's own turn. */
uint16_t injection_weight(uint16_t score, enum text_origin origin, bool encoded);
/* All signs together: resolved findings whose score is their weight, a rule counted once; and tag characters. */
uint32_t injection_sum(const struct findings *signs, uint32_t tags);
enum injection_level injection_level(uint32_t sum);
/* "none", "low", "medium", "high" */
const char *injection_name(enum injection_level l);

#endif
