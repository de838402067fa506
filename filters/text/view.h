/* A view is a text made readable from a source: unescaped, folded, decoded; with a map that brings every range of it
 * back to the source's bytes. Detection runs on views; masking happens in the source.
 *
 * Layers compose: a view of a view maps back twice. All builders are linear in their input and append to *out, whose
 * memory is reused between calls (view_reset). A view may be its own source: builders append a part made from an
 * earlier part, with source offsets the caller marks as it likes. The builders never write more bytes than they read
 * and VIEW_SLACK, so that a caller who reserves that first may pass a slice of the very view. */
#ifndef PRIVET_TEXT_VIEW_H
#define PRIVET_TEXT_VIEW_H

#include "proxy/base/buf.h"

#define VIEW_SLACK   64u
#define VIEW_SELF    0x80000000u /* in a source offset: it is one of the view's own text */
#define VIEW_UNDER   0x80000000u /* in a width: the source is `under`, and the rest is the width there */
#define VIEW_ESCAPED 0x7FFFFFFFu

/* View bytes from v on (up to the next piece) come from source bytes from s on: one to one if width is 0; one to one but
 * for JSON escapes, each of which is a unit, if it is VIEW_ESCAPED (whoever asks reads the source again: questions are
 * few and escapes are many); else the whole run comes from the unit [s, s + width). Bytes of the source between pieces
 * were dropped. */
struct view_piece {
    uint32_t v, s, width;
};
struct view {
    struct buf text;
    struct view_piece *piece;
    size_t count, room;
    struct slice source;      /* what offsets without VIEW_SELF are in: set it before pieces are VIEW_ESCAPED */
    const struct view *under; /* or NULL: what pieces that are VIEW_UNDER come from; it has none of those itself */
};

struct view view_make(size_t cap);
/* Empties and wipes it up to what was written; memory beyond `keep` bytes goes back. */
void view_reset(struct view *v, size_t keep);
void view_free(struct view *v);
/* Source range of view range [start, end), start < end: from the first byte of the unit of `start` to the last byte of
 * the unit of `end - 1`. */
void view_back(const struct view *v, uint32_t start, uint32_t end, uint32_t *s_start, uint32_t *s_end);
/* The piece that view byte `at` belongs to. */
size_t view_piece_at(const struct view *v, uint32_t at);
/* The other way: the view range that the unit of source byte s became, which comes from piece i. */
void view_forward(const struct view *v, size_t i, uint32_t s, uint32_t *start, uint32_t *end);

/* Appends src one to one, or a byte run standing for one source unit. `s` is the source offset of src's first byte. */
enum err view_add(struct view *v, struct slice src, uint32_t s) MUST_CHECK;
enum err view_add_unit(struct view *v, struct slice bytes, uint32_t s, uint32_t width) MUST_CHECK;
/* Text the caller wrote at the end of v->text himself, from `at` on, stands for one source unit. */
enum err view_mark(struct view *v, uint32_t at, uint32_t s, uint32_t width) MUST_CHECK;

/* Room for so many more pieces. */
enum err view_room(struct view *v, size_t pieces) MUST_CHECK;

/* Moves [at, end of v) to the end of `tail`: a piece must begin at `at`. */
enum err view_split(struct view *v, uint32_t at, struct view *tail) MUST_CHECK;
/* Pieces from number `first` on have v->under as their source. */
void view_on_under(struct view *v, size_t first);

/* JSON string content (between the quotes) unescaped: `s` is where raw stands in the source; bit `at` + i of `escapes` is
 * set if an escape begins at raw.p[i] (quotes.h). *unicode is set if one of them was of the kind \u. */
enum err view_unescape(struct view *v, struct slice raw, uint32_t s, const uint64_t *escapes, size_t at,
                       bool *unicode) MUST_CHECK;
/* For tests: chooses one of the ways to unescape, from 0 on. False if this processor has no such way. */
bool view_unescape_way(unsigned way);

/* What folding met. */
struct fold_counts {
    uint32_t invisible; /* zero-width, bidi, soft hyphen, variation selectors, BOM, control characters, what is to be ignored */
    uint32_t tags;      /* Unicode tag characters (U+E0000..E007F): invisible instructions */
    uint32_t folded;    /* full-width, mathematical, look-alike letters and digits */
};
/* True if folding would change anything: a quick vector pass; ASCII without control characters is the common "no". */
bool view_needs_fold(struct slice text);
/* Invisible and control characters and ANSI escape sequences dropped, full-width and mathematical letters and digits, circled
 * and other compatibility forms and Cyrillic/Greek look-alikes inside Latin tokens folded to ASCII, exotic spaces to
 * SP, dashes and quotes to ASCII. Other text stays: so do joiners and variation selectors between characters that are
 * not ASCII (emoji, Persian, Indic). `s` is where text stands in the source. */
/* The next run of tag characters at or after *at, [*at, *end); false if there is none. Flags of regions, which are
 * written with them, are neither given here nor counted nor folded. */
bool view_next_tags(struct slice text, size_t *at, size_t *end);
enum err view_fold(struct view *v, struct slice text, uint32_t s, struct fold_counts *counts) MUST_CHECK;

#endif
