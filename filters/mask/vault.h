/* The vault of one request: placeholder <-> original, for what may be put back into the answer. Owned by the exchange,
 * wiped at its end. Placeholders are <TYPE_N>, N by first appearance; the same value of the same type has the same one.
 * A placeholder-like string that stands in the user's own text is reserved first (vault_reserve), so it is never
 * given out and never restored to another's value. Bounded: VAULT_MAX entries. */
#ifndef PRIVET_MASK_VAULT_H
#define PRIVET_MASK_VAULT_H

#include "filters/policy.h"
#include "proxy/base/buf.h"

#define VAULT_MAX             (1u << 21)
#define VAULT_PLACEHOLDER_MAX 64u

struct vault;
struct vault *vault_new(void) MUST_CHECK;
void vault_free(struct vault *v);

/* Reserves every placeholder-like string (<WORD_N> and its bent forms) of a text. Cheap when there is none. */
enum err vault_reserve(struct vault *v, struct slice text) MUST_CHECK;
/* The placeholder for a value; `cls` says whether it is a secret (never restored into tool arguments). *out lives as
 * long as the vault. */
enum err vault_tokenize(struct vault *v, const char *type, enum rule_class cls, struct slice value, struct slice *out) MUST_CHECK;
/* Records a surrogate that was made for a value. */
enum err vault_surrogate(struct vault *v, const char *type, enum rule_class cls, struct slice value,
                         struct slice surrogate) MUST_CHECK;
size_t vault_count(const struct vault *v);
/* The surrogate recorded for a value, if there is one; and whether a surrogate is free to be given to a value: it is
 * neither another value's surrogate nor itself an original. */
bool vault_surrogate_of(const struct vault *v, const char *type, struct slice value, struct slice *out);
bool vault_surrogate_free(const struct vault *v, struct slice surrogate);

/* For restore.c: what the vault gave out. */
struct vault_entry {
    struct slice value; /* the original */
    struct slice out;   /* what stands for it */
    bool secret, surrogate;
};
/* By canonical word ("EMAIL_ADDRESS_1"); NULL if it was never given out. */
const struct vault_entry *vault_find_word(const struct vault *v, struct slice word);
/* Whether a canonical word stood in the user's own text. */
bool vault_is_reserved(const struct vault *v, struct slice word);
/* Whether a canonical word may grow into one that was given out (of a type of two words and more, if only such count). */
bool vault_word_may_grow(const struct vault *v, struct slice word, bool two_words);
/* 256 flags: bytes at which anything given out can begin (brackets, first letters in either case, surrogates). */
const uint8_t *vault_first(const struct vault *v);
/* Surrogates as tries: from the node that is the form's number, the child by a byte, 0 if there is none; the entry that
 * ends at a node, or NULL. Models write numbers in other groups and words in other case: of those of personal data there
 * are two more forms, as long as they stand for one value only. */
enum vault_form {
    VAULT_EXACT,
    VAULT_NUMBER, /* letters and digits alone, small: "+49 30 90-18" as "49309018" */
    VAULT_FOLDED, /* small letters: "anna.k4@example.org" */
    VAULT_FORMS
};
bool vault_has_form(const struct vault *v, enum vault_form form);
/* Bytes of what may stand between the digits of a number (blank, hyphen, no-break blank ...) at the front of a text; 0 if
 * there is none; *partial if there may be, with more text. */
size_t vault_separator(struct slice s, bool *partial);
uint32_t vault_trie_step(const struct vault *v, uint32_t node, unsigned char byte);
const struct vault_entry *vault_trie_end(const struct vault *v, uint32_t node);
/* Bytes of the longest surrogate as it may be written; 0 if there is none. */
size_t vault_longest_surrogate(const struct vault *v);

/* What replaces a value under an action, appended to *out: plain text, not escaped. Not for ALLOW, FLAG, BLOCK. */
struct mask_ctx {
    struct vault *vault; /* needed for reversible actions */
    const struct policy *policy;
    struct slice key; /* for surrogates: the policy's, or what was derived from it for the caller */
};
/* The key for a caller's surrogates: what two callers see of the same value has nothing in common. */
#define MASK_KEY 32u
enum err mask_caller_key(struct slice key, struct slice caller, unsigned char out[MASK_KEY]) MUST_CHECK;
enum err mask_value(const struct mask_ctx *m, enum action a, const struct rule *rule, struct slice value,
                    struct buf *out) MUST_CHECK;

#endif
