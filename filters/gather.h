/* One text made of all the texts of a body: strings unescaped, folded, decoded, inner JSON opened, pieces that belong
 * together joined; with a way back from any range of it to the bytes of the body. Internal to screen.c.
 *
 * The gathered text is a view that is also its own source: a piece's source offset with GATHER_SELF set is an offset
 * of the gathered text itself, else one of the body. Texts in it are separated by DETECT_GAP. */
#ifndef PRIVET_FILTERS_GATHER_H
#define PRIVET_FILTERS_GATHER_H

#include "filters/api/dialect.h"
#include "filters/meter.h"
#include "filters/text/marks.h"
#include "filters/text/view.h"

#define GATHER_SELF   VIEW_SELF
#define GATHER_LEVELS 8u /* JSON in strings in JSON: deeper ones are text with escapes */

enum gather_kind {
    GATHER_BODY,    /* from the body */
    GATHER_LEAF,    /* a string or key of inner JSON, unescaped */
    GATHER_DERIVED, /* folded or decoded from another text */
    GATHER_PARTS,   /* content parts of one message, joined */
    GATHER_BREAKS,  /* a token without the breaks in it: for rules that join only */
};

struct gather_text {
    uint32_t start, end; /* in the gathered text */
    uint32_t key_end;    /* a key stands before the value: [start, key_end); else start */
    uint32_t value;      /* where the value begins */
    uint32_t inner;      /* it is JSON: index + 1 into inner[]; else 0 */
    uint8_t kind;        /* enum gather_kind */
    uint8_t level;       /* how often a replacement in it must be escaped for the body */
    bool encoded;        /* it was base64, hex or percent escapes */
};
struct gather_leaf { /* a string, key or number of inner JSON; offsets of the gathered text */
    uint32_t off, end;
    uint32_t text; /* its own text: index + 1, or 0 */
    uint8_t type;  /* enum json_type */
};
struct gather_inner {
    uint32_t first, count; /* leaves, ascending */
};
struct gather_part {
    uint32_t text;
    bool follows; /* the part before it is of the same message */
};

struct gather_cut { /* invisible instructions: source offsets as a piece has them */
    uint32_t start, end;
};

struct gather {
    struct view v;
    struct view under;  /* an unescaped string while it is folded */
    struct marks marks; /* of the texts of the level that is decoded */
    uint32_t marked;    /* where in the gathered text they begin */
    struct gather_text *text;
    uint32_t count, room;
    struct gather_leaf *leaf;
    uint32_t leaf_count, leaf_room;
    struct gather_inner *inner;
    uint32_t inner_count, inner_room;
    struct gather_part *part;
    uint32_t part_count, part_room;
    struct gather_cut *cut;
    uint32_t cut_count, cut_room;
    struct json_doc doc[GATHER_LEVELS]; /* of inner JSON, by depth */
    struct fold_counts fold;
    uint32_t opaque, decoded;
    bool encoded;                    /* texts begun now are of a decoded run */
    bool key_tags;                   /* tag characters in an object key of the body */
    uint32_t part_array, part_index; /* where the last part stood */
    uint8_t *cls;                    /* enum text_class by node of the body: strings only */
    uint32_t cls_room;
    struct slice body;
    struct meter *meter; /* or NULL */
    size_t metered;      /* bytes of text it knows of */
};

struct gather_limits {
    uint32_t base64, hex, percent; /* decoding levels */
    uint32_t json_depth;
    struct meter *meter;
};

void gather_free(struct gather *g);
/* Wipes what the last body left; keeps the memory, if it is not large. */
void gather_reset(struct gather *g);

/* Everything of a parsed body. Errors: ERR_LIMIT, ERR_MEMORY, ERR_NOT_SCANNED (the meter). */
enum err gather_json(struct gather *g, const struct json_doc *d, const struct dialect *dialect,
                     const struct gather_limits *lim) MUST_CHECK;
/* Plain text as one text. */
enum err gather_plain(struct gather *g, struct slice text, const struct gather_limits *lim) MUST_CHECK;

/* A place in the body that a range of the gathered text comes from. */
struct gather_place {
    uint32_t start, end; /* bytes of the body: whole escapes, whole encoded runs */
    uint8_t level;
    bool number; /* a number of inner JSON: its replacement needs quotes */
};
/* Called for each place; a range of JSON text is cut into its strings, keys and numbers. */
typedef enum err (*gather_sink)(void *arg, const struct gather_place *p);
enum err gather_places(const struct gather *g, uint32_t start, uint32_t end, gather_sink sink, void *arg) MUST_CHECK;
/* The text that offset `at` lies in or behind. */
const struct gather_text *gather_text_at(const struct gather *g, uint32_t at);
/* True if a range of a joined text lies within one of the pieces it was joined from: then it was seen there. */
bool gather_one_piece(const struct gather *g, uint32_t start, uint32_t end);

/* The string, key or number of the body that byte `at` of it lies in. */
uint32_t gather_node(const struct json_doc *d, uint32_t at);

/* Pieces of free text: gather_piece.c. *out is emptied first. */
struct gather_piece;
struct gather_pieces {
    struct gather_piece *v;
    size_t count, room;
};
enum err gather_pieces(const struct gather *g, const struct json_doc *d, struct gather_pieces *out) MUST_CHECK;
void gather_pieces_free(struct gather_pieces *p);

/* gather.c's parts */
enum err gather_open(struct gather *g, enum gather_kind kind, unsigned level) MUST_CHECK;
enum err gather_close(struct gather *g, const struct gather_limits *lim) MUST_CHECK;
enum err gather_parts(struct gather *g) MUST_CHECK;
enum err gather_breaks(struct gather *g, uint32_t text) MUST_CHECK;
/* A slice of the gathered text that stays where it is while n more bytes are appended. */
enum err gather_slice(struct gather *g, uint32_t start, uint32_t end, size_t n, struct slice *out) MUST_CHECK;

#endif
