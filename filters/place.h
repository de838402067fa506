/* Places in a body, as an operator writes them in an allow list: `tools`, `messages[role=system].content`,
 * `metadata.*_id`. Keys from the top down, with dots between; arrays need no mention; a key may be a glob; [KEY=VALUE]
 * asks that the object there (or the element, of an array) has such a member. A place holds all that is below it. */
#ifndef PRIVET_FILTERS_PLACE_H
#define PRIVET_FILTERS_PLACE_H

#include "filters/text/json.h"

#define PLACE_KEYS 8u /* of one place */

struct place {
    char *text; /* cut into the strings below */
    struct place_key {
        const char *key, *member, *value; /* member NULL: no condition */
    } key[PLACE_KEYS];
    size_t n;
};

/* ERR_SHAPE with *why (static) if it means nothing. */
enum err place_parse(struct slice text, struct place *out, const char **why) MUST_CHECK;
void place_free(struct place *p);
/* Whether node i (a string, number or key) lies in it. */
bool place_holds(const struct place *p, const struct json_doc *d, uint32_t i);
/* The value of one of the first members of an object, or JSON_NONE: bounded, for questions that are asked of every
 * finding. */
uint32_t place_member(const struct json_doc *d, uint32_t object, struct slice name);

#endif
