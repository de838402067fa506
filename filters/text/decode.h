/* Finding and decoding what is hidden in a text: JSON and C escapes one level deeper, percent escapes, HTML entities,
 * base64, base64url and hex runs. Each finder gives runs in ascending order; a run's decoding is a view whose source
 * offsets are those of the text it was found in. */
#ifndef PRIVET_TEXT_DECODE_H
#define PRIVET_TEXT_DECODE_H

#include "filters/text/marks.h"
#include "filters/text/view.h"

enum decode_kind {
    DECODE_ESCAPES,
    DECODE_PERCENT,
    DECODE_ENTITIES,
    DECODE_QUOTED, /* quoted-printable */
    DECODE_BASE64, /* from here on a run is one unit */
    DECODE_HEX,
    DECODE_PAIRS, /* hex in pairs or fours: "41 4b", "41:4B", "0x41, 0x4b", "414b 4941" */
    DECODE_BASE32,
    DECODE_CODES, /* characters as decimal numbers: "[65, 75, 73]", "65 75 73" */
    DECODE_KINDS
};

struct decode_run {
    uint32_t start, end;
    enum decode_kind kind;
    uint32_t wrapped, behind; /* the finder's own: where the lines of base64 end that were read last, and their first */
};

/* The next run of `kind` at or after *from, which moves behind it; false if there is none. m has the marks of the text, whose
 * first byte is number `at` of what was marked. Escapes of all kinds are taken
 * with their line (some 256 bytes of it on each side, or 96). Base64 (and base32) and hex runs have at least 16 and 20 characters,
 * are whole tokens or whole parts between "/+-_", and their first bytes look like text; both may be wrapped in equal
 * lines. */
bool decode_next(struct slice text, const struct marks *m, size_t at, enum decode_kind kind, uint32_t *from,
                 struct decode_run *run);
/* Decodes a run into v (appended); `s` is the source offset of text's first byte. ERR_SHAPE if it is not text after
 * all (below nine tenths printable, or a known binary head): then v is as it was. For escapes, percent and entities
 * every byte maps to its own unit; for base64 and hex the whole run is one unit. Never longer than the run. */
enum err decode_run(struct slice text, const struct decode_run *run, uint32_t s, struct view *v) MUST_CHECK;

/* Whether bytes that were written as numbers are text: numbers of any data may be printable. At least ten. */
bool decode_codes_are_text(struct slice bytes);

/* What JSON string content is that is nothing but base64 (a slash may be escaped) of at least 64 characters. */
enum decode_payload {
    PAYLOAD_NONE,   /* not base64, or of text: to be read */
    PAYLOAD_BINARY, /* of no text and no format we know: ciphertext, samples, or no base64 at all but a long token */
    PAYLOAD_FORMAT, /* of an image, audio, archive, document */
};
enum decode_payload decode_payload(struct slice raw);

#endif
