/* Whether an expression is not linear enough. */
#ifndef PRIVET_DETECT_AMBIGUOUS_H
#define PRIVET_DETECT_AMBIGUOUS_H

#include "filters/detect/shape.h"

/* True in *ambiguous if a loop of the expression can read a text in two ways: backtracking may then take exponential
 * time. Loops of more than 64 states are not looked at. ERR_MEMORY. */
enum err shape_ambiguous(const struct shape *s, bool *ambiguous) MUST_CHECK;

#endif
