/* The grammar of placeholders: <TYPE_N> as Privet writes it, and the bent forms in which models and users write it.
 * One parser for both sides: what a user's text reserves is exactly what an answer could be taken for. */
#ifndef PRIVET_MASK_PLACEHOLDER_H
#define PRIVET_MASK_PLACEHOLDER_H

#include "proxy/base/slice.h"

#define PH_WORD_MAX   62u /* "TYPE_N": with brackets at most VAULT_PLACEHOLDER_MAX */
#define PH_TYPE_MAX   52u
#define PH_DIGITS_MAX 8u

enum ph_result {
    PH_NO,      /* cannot be one, whatever follows */
    PH_PARTIAL, /* the text ended while it still could be one */
    PH_YES,
};

/* A word as it stands, and its canonical form: upper case, without the backslashes of Markdown. */
struct ph_word {
    char text[PH_WORD_MAX + 2];
    size_t len;      /* of text */
    size_t type_len; /* text[0..type_len) is TYPE; 0 unless PH_YES */
    size_t start;    /* where it stands, from ph_next */
    size_t used;     /* bytes of the source */
    bool lower;      /* the source had a lower-case letter */
};

static inline bool ph_word_byte(unsigned char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* Reads the word at the start of s: letters, digits and '_' (which may have a backslash before it) up to the first
 * other byte. PH_YES if it has the form TYPE_N; `final`: nothing follows s. After PH_PARTIAL w holds what was read. */
enum ph_result ph_read_word(struct slice s, bool final, struct ph_word *w);

/* Length of the bracket that opens (closes) a placeholder at the start of s: < \< &lt; \u003c and full-width forms.
 * 0: there is none. *partial: s ended inside what may be one. */
size_t ph_open(struct slice s, bool *partial);
size_t ph_close(struct slice s, bool *partial);

/* The next placeholder-like word at or after *at, in any form, with the bytes around it: used to reserve. */
bool ph_next(struct slice text, size_t *at, struct ph_word *w);

#endif
