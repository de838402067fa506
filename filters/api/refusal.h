/* How a refusal opens: patterns of config/rules/refusals.yaml, matched on a normalised opening with PCRE2 partial
 * matching, so that a stream is held only while it may still be a refusal. */
#ifndef PRIVET_API_REFUSAL_H
#define PRIVET_API_REFUSAL_H

#include "proxy/base/buf.h"

enum refusal_where { REFUSAL_START, REFUSAL_ANY, REFUSAL_EXACT };
struct refusal_def {
    const char *pattern; /* literal text, already in normal form */
    const char *lang;
    enum refusal_where where;
};
struct refusals;
enum err refusals_build(const struct refusal_def *defs, size_t n, struct refusals **out) MUST_CHECK;
void refusals_free(struct refusals *r);

enum refusal_answer { REFUSAL_NO, REFUSAL_MAYBE, REFUSAL_YES };
/* The opening of an answer's text so far; `whole`: nothing follows. Normalises (case, quotes, white space, leading
 * markdown, <think> blocks). MAYBE only if !whole: some pattern may still match at the start. Patterns of kind ANY and
 * EXACT count only for whole answers of at most 300 characters. */
enum refusal_answer refusals_test(const struct refusals *r, struct slice text, bool whole);

#endif
