/* Finding and decoding what is hidden in a text: JSON and C escapes one level deeper, percent escapes, HTML entities,
 * base64, base64url and hex runs. Each finder gives runs in ascending order; a run's decoding is a view whose source
 * offsets are those of the text it was found in. */
#ifndef PRIVET_TEXT_DECODE_H
#define PRIVET_TEXT_DECODE_H

#include "filters/text/view.h"

enum decode_kind { DECODE_ESCAPES, DECODE_PERCENT, DECODE_ENTITIES, DECODE_BASE64, DECODE_HEX, DECODE_KINDS };

struct decode_run {
    uint32_t start, end;
    enum decode_kind kind;
};

/* The next run of `kind` at or after *from; false if there is none. Base64 and hex runs are at least 16 characters,
 * not part of a longer token, and not a `data:` image. */
bool decode_next(struct slice text, enum decode_kind kind, uint32_t *from, struct decode_run *run);
/* Decodes a run into v (appended). ERR_SHAPE if it is not text after all (below nine tenths printable, or a known
 * binary head): then v is as it was. For escapes, percent and entities every byte maps to its own unit; for base64
 * and hex the whole run is one unit. */
enum err decode_run(struct slice text, const struct decode_run *run, struct view *v) MUST_CHECK;

#endif
