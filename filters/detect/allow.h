/* Where an expression of an allow-list may match, by the bytes it begins with: most lines hold no such place, and PCRE2 need
 * not be asked. */
#ifndef PRIVET_DETECT_ALLOW_H
#define PRIVET_DETECT_ALLOW_H

#include "filters/detect/tail.h"

#define ALLOW_FRONT 4u /* bytes looked at */

struct allow_front {
    uint8_t may[256];  /* bit k: the byte may be the k-th of a match; all bits where nothing is known */
    struct tail *tail; /* the whole beginning of a match; or NULL */
};
enum err allow_front(const char *regex, struct tail_maker *m, struct allow_front *out) MUST_CHECK;
/* Whether there may be a match, and that it does not begin before *from. */
bool allow_begins(const struct allow_front *f, struct slice in, size_t *from);

#endif
