/* Putting originals back, whole or streamed. A restorer is the state of one text channel (choice x field, tool-call
 * index). It holds back only the longest tail that may still become a placeholder (bounded by the longest placeholder
 * or surrogate of the vault) and gives out the rest at once; flush gives what is left. The same answer comes out
 * wherever the input was cut.
 *
 * Bent placeholders are restored too: EMAIL_ADDRESS_1 without brackets as a whole word, \<EMAIL\_ADDRESS\_1\>, lower
 * case, full-width brackets, &lt;...&gt;, \u003c...\u003e. Without brackets *and* in lower case only where the type has
 * two words: email_address_1 is no accident, person_1 may well be a variable. Reserved ones are left alone.
 * Surrogates are restored where they stand as they were given out, not inside a longer word or number; those of personal
 * data also in other case, and numbers in other groups: then the original comes without groups if they came without. */
#ifndef PRIVET_MASK_RESTORE_H
#define PRIVET_MASK_RESTORE_H

#include "filters/mask/vault.h"

enum restore_mode {
    RESTORE_TEXT,      /* plain text: originals as they are */
    RESTORE_JSON_TEXT, /* JSON inside the text (tool arguments): originals escaped as JSON string content, and secrets
                          are not restored at all */
    RESTORE_TOOL_TEXT, /* plain text for a tool: as RESTORE_TEXT, but no secrets */
    RESTORE_NONE,      /* nothing is put back; only the foreign are counted */
};

struct restore {
    struct vault *vault;
    enum restore_mode mode;
    char *tail; /* held back; room for the longest candidate */
    size_t tail_len, tail_room;
    uint32_t restored, foreign; /* placeholders put back; placeholder-like strings that belong to nobody */
    unsigned char prev;         /* the byte before: a word begins only behind a byte that is none of a word */
    uint8_t escape;             /* RESTORE_JSON_TEXT: bytes of a JSON escape seen so far */
    uint8_t word_len;           /* <WORD seen so far, for counting the foreign; 0: outside */
    char word[VAULT_PLACEHOLDER_MAX];
};

enum err restore_init(struct restore *r, struct vault *v, enum restore_mode mode) MUST_CHECK;
void restore_free(struct restore *r);
enum err restore_push(struct restore *r, struct slice text, struct buf *out) MUST_CHECK;
enum err restore_flush(struct restore *r, struct buf *out) MUST_CHECK;
static inline size_t restore_held(const struct restore *r) { return r->tail_len; }

#endif
