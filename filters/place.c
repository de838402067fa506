/* Reads places and asks whether a node lies in one. Every question takes bounded time: what is nested too deep, or hides
 * the member that is asked for behind many others, is not in any place. */
#include "filters/place.h"

#include "proxy/base/mem.h"

#define DEPTH_MAX   64u
#define MEMBERS_MAX 32u

/* ---- reading ---- */

/* "[role=system]" behind a key: cuts the text. */
static const char *read_condition(char *open, struct place_key *k)
{
    char *close = strchr(open, ']'), *eq = strchr(open, '=');
    if (!close || close[1] || !eq || eq > close || eq == open + 1 || close == eq + 1)
        return "expected [KEY=VALUE] at the key's end";
    *open = *eq = *close = 0;
    k->member = open + 1;
    k->value = eq + 1;
    return NULL;
}

/* The dot that ends a key: not one of a condition's value. */
static char *key_end(char *p)
{
    bool inside = false;
    for (; *p && (inside || *p != '.'); p++) inside = *p == '[' || (inside && *p != ']');
    return p;
}

static const char *read_keys(struct place *out)
{
    char *p = out->text;
    while (1) {
        if (out->n == PLACE_KEYS) return "more than 8 keys";
        char *end = key_end(p);
        bool last = !*end;
        *end = 0;
        char *open = strchr(p, '[');
        struct place_key *k = &out->key[out->n++];
        k->key = p;
        const char *why = open ? read_condition(open, k) : NULL;
        if (why) return why;
        if (!*k->key) return "a key is empty";
        if (last) return NULL;
        p = end + 1;
    }
}

enum err place_parse(struct slice text, struct place *out, const char **why)
{
    *out = (struct place){0};
    *why = NULL;
    if (!(out->text = mem_strndup(text.p, text.n))) return ERR_MEMORY;
    if (!(*why = read_keys(out))) return ERR_OK;
    place_free(out);
    return ERR_SHAPE;
}

void place_free(struct place *p)
{
    mem_free(p->text);
    *p = (struct place){0};
}

/* ---- asking ---- */

uint32_t place_member(const struct json_doc *d, uint32_t object, struct slice name)
{
    uint32_t k = object + 1;
    for (unsigned i = 0; i < MEMBERS_MAX && k < d->node[object].next; i++) {
        if (json_text_eq(d, k, name)) return k + 1;
        k = d->node[k + 1].next;
    }
    return JSON_NONE;
}

static bool key_matches(const struct json_doc *d, uint32_t key, const char *glob)
{
    if (d->node[key].escaped) return false; /* a name that wants to look like another */
    return slice_glob(slice_str(glob), json_raw(d, key));
}

static bool condition_holds(const struct json_doc *d, uint32_t object, const struct place_key *k)
{
    uint32_t v = place_member(d, object, slice_str(k->member));
    return v != JSON_NONE && d->node[v].type == JSON_STRING && !d->node[v].escaped &&
           slice_glob(slice_str(k->value), json_raw(d, v));
}

bool place_holds(const struct place *p, const struct json_doc *d, uint32_t i)
{
    uint32_t way[DEPTH_MAX]; /* from the node up to the root */
    size_t n = 0, k = 0;
    if (d->node[i].type == JSON_KEY) i++;
    for (; i != JSON_NONE; i = d->node[i].parent) {
        if (n == DEPTH_MAX) return false;
        way[n++] = i;
    }
    for (size_t at = n; at-- > 0 && k < p->n;) {
        const struct place_key *key = &p->key[k];
        if (d->node[way[at]].key == JSON_NONE) continue; /* the root, or an element */
        if (!key_matches(d, d->node[way[at]].key, key->key)) return false;
        k++;
        if (!key->member) continue;
        while (at > 0 && d->node[way[at]].type == JSON_ARRAY) at--;
        if (d->node[way[at]].type != JSON_OBJECT || !condition_holds(d, way[at], key)) return false;
    }
    return k == p->n;
}
