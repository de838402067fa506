/* Walks a file by the schema: every key of every mapping is looked up in the table and loaded by its type into the C
 * value. Mistakes do not stop the walk, so that one run names all of them. */
#include "config/load.h"

#include <assert.h>
#include <stdio.h>

#define FILE_CAP  (1u << 20)
#define ITEMS_MAX 4096u
#define PATH_SIZE 128

struct loaded {
    struct config c; /* first: config_free gets its address */
    struct arena memory;
};

void *loader_alloc(struct loader *l, size_t n)
{
    void *p = arena_alloc(&l->own->memory, n);
    if (!p) l->no_memory = true;
    return p;
}

char *loader_copy(struct loader *l, struct slice s)
{
    char *p = arena_copy(&l->own->memory, s);
    if (!p) l->no_memory = true;
    return p;
}

static void note(struct loader *l, const void *field, bool item, struct config_pos pos)
{
    if (l->note_count == l->note_room) {
        size_t room = l->note_room ? l->note_room * 2 : 256;
        struct note *v = mem_realloc(l->notes, room * sizeof *v);
        if (!v) {
            l->no_memory = true;
            return;
        }
        l->notes = v;
        l->note_room = room;
    }
    l->notes[l->note_count++] = (struct note){field, item, pos};
}

static const struct note *find_note(const struct loader *l, const void *field, bool item)
{
    for (size_t i = l->note_count; i-- > 0;)
        if (l->notes[i].field == field && l->notes[i].item == item) return &l->notes[i];
    return NULL;
}

void loader_note(struct loader *l, const void *field, struct config_pos pos) { note(l, field, false, pos); }

struct config_pos loader_pos(const struct loader *l, const void *field, struct config_pos other)
{
    const struct note *n = find_note(l, field, false);
    return n ? n->pos : other;
}

bool loader_given(const struct loader *l, const void *field) { return find_note(l, field, false) != NULL; }

static struct config_pos item_pos(const struct loader *l, const void *item)
{
    const struct note *n = find_note(l, item, true);
    return n ? n->pos : (struct config_pos){0, 0};
}

static void *field_of(const struct schema_row *row, void *base) { return (char *)base + row->offset; }

/* Splits a default at ", " for the types that are lists. */
static size_t split_default(const char *def, struct text *v, size_t max)
{
    size_t n = 0;
    struct slice rest = slice_str(def);
    while (n < max) {
        size_t at = slice_search(rest, SLICE(", "));
        v[n++] = (struct text){.raw = {rest.p, at}, .s = {rest.p, at}};
        if (at == rest.n) break;
        rest = slice_of(rest.p + at + 2, rest.n - at - 2);
    }
    return n;
}

static void set_default(struct loader *l, const struct schema_row *row, void *base)
{
    struct text v[16];
    bool ok;
    if (!row->def) return;
    if (row->type->set_list) {
        ok = row->type->set_list(l, row, v, split_default(row->def, v, 16), field_of(row, base));
    } else {
        v[0] = (struct text){.raw = slice_str(row->def), .s = slice_str(row->def)};
        ok = row->type->set(l, row, v, field_of(row, base));
    }
    assert(ok || l->no_memory); /* a default that its own type refuses; the schema test walks them */
}

static void child_path(char out[PATH_SIZE], const char *prefix, const char *rest)
{
    int n = snprintf(out, PATH_SIZE, "%s%s", prefix, rest);
    assert(n > 0 && n < PATH_SIZE);
}

/* Fills in every default below prefix, through sections, not into items that are not there. */
static void set_defaults(struct loader *l, const char *prefix, void *base)
{
    size_t n;
    const struct schema_row *rows = schema_rows(&n);
    const char *name;
    for (size_t i = 0; i < n; i++) {
        if (!schema_is_child(&rows[i], prefix, &name)) continue;
        if (rows[i].type == &type_section) set_defaults(l, rows[i].path, base);
        else set_default(l, &rows[i], base);
    }
}

/* A key that the mapping at prefix does not have: the nearest that it has, or the place where that name belongs. */
static void unknown_key(struct loader *l, const char *prefix, const yaml_node_t *key)
{
    const char *known[128], *name, *near;
    size_t n, count = 0;
    const struct schema_row *rows = schema_rows(&n);
    const struct schema_row *elsewhere = NULL;
    char word[64];
    struct slice s = doc_text(key);
    snprintf(word, sizeof word, "%.*s%s", (int)(s.n > 60 ? 60 : s.n), s.p, s.n > 60 ? "..." : "");
    for (size_t i = 0; i < n; i++) {
        if (schema_is_child(&rows[i], prefix, &name) && count < 128) known[count++] = name;
        if (!elsewhere && !strcmp(row_key(&rows[i]), word)) elsewhere = &rows[i];
    }
    near = config_nearest(word, known, count);
    if (near) mistake_add(&l->m, doc_pos(key), "unknown key `%s`; did you mean `%s`?", word, near);
    else if (elsewhere) mistake_add(&l->m, doc_pos(key), "unknown key `%s` here; it belongs at `%s`", word, elsewhere->path);
    else mistake_add(&l->m, doc_pos(key), "unknown key `%s`", word);
}

static bool is_known(const char *prefix, struct slice key)
{
    size_t n;
    const struct schema_row *rows = schema_rows(&n);
    const char *name;
    for (size_t i = 0; i < n; i++)
        if (schema_is_child(&rows[i], prefix, &name) && slice_eq(slice_str(name), key)) return true;
    return false;
}

static yaml_node_t *key_node(struct doc *d, const yaml_node_t *map, const char *name)
{
    for (size_t i = 0; i < doc_count(map); i++) {
        yaml_node_t *k = doc_key(d, map, i);
        if (doc_is_scalar(k) && slice_eq(doc_text(k), slice_str(name))) return k;
    }
    return NULL;
}

/* Loads the mapping at prefix into base: rows in the table's order, so that what others refer to comes first. */
static bool load_keys(struct loader *l, const char *prefix, yaml_node_t *map, void *base)
{
    size_t n, before = l->m.count;
    const struct schema_row *rows = schema_rows(&n);
    const char *name;
    (void)doc_check_keys(&l->doc, map, &l->m);
    for (size_t i = 0; i < doc_count(map); i++) {
        yaml_node_t *k = doc_key(&l->doc, map, i);
        if (doc_is_scalar(k) && !slice_eq(doc_text(k), SLICE("<<")) && !is_known(prefix, doc_text(k))) unknown_key(l, prefix, k);
    }
    for (size_t i = 0; i < n; i++) {
        if (!schema_is_child(&rows[i], prefix, &name)) continue;
        yaml_node_t *k = key_node(&l->doc, map, name), *v = k ? doc_get(&l->doc, map, name) : NULL;
        if (k && rows[i].type == &type_planned)
            mistake_add(&l->m, doc_pos(k), "%s: planned, not in this version: remove it", name);
        else if (v) (void)value_load(l, &rows[i], v, field_of(&rows[i], base));
        else if (rows[i].flags & ROW_REQUIRED) mistake_add(&l->m, doc_pos(map), "`%s` is missing: %s", name, rows[i].help);
    }
    return l->m.count == before;
}

static bool wrong_node(struct loader *l, const struct schema_row *row, const yaml_node_t *node, const char *expect)
{
    char found[80];
    const char *f = (row->flags & ROW_SECRET) && doc_is_scalar(node) ? "something else" : doc_found(node, found);
    mistake_add(&l->m, doc_pos(node), "%s: expected %s, found %s", row_key(row), expect, f);
    return false;
}

static bool set_section(struct loader *l, const struct schema_row *row, yaml_node_t *node, void *field)
{
    void *base = (char *)field - row->offset;
    if (row->width == sizeof(bool)) *(bool *)field = true; /* sections whose presence says something */
    if (doc_is_null(node)) return true;
    if (!doc_is_map(node)) return wrong_node(l, row, node, "a mapping");
    return load_keys(l, row->path, node, base);
}

static bool set_items(struct loader *l, const struct schema_row *row, yaml_node_t *node, void *field)
{
    char prefix[PATH_SIZE];
    void *base = (char *)field - row->offset;
    size_t n = doc_count(node), before = l->m.count;
    if (doc_is_null(node) && !(row->flags & ROW_REQUIRED)) return true;
    if (!doc_is_list(node)) return wrong_node(l, row, node, "a list");
    if (n == 0 && (row->flags & ROW_REQUIRED)) return wrong_node(l, row, node, "at least one item");
    if (n > ITEMS_MAX) {
        mistake_add(&l->m, doc_pos(node), "%s: more than %u items", row_key(row), ITEMS_MAX);
        return false;
    }
    char *items = loader_alloc(l, (n ? n : 1) * row->item);
    if (!items) return false;
    child_path(prefix, row->path, "[]");
    for (size_t i = 0; i < n; i++) {
        yaml_node_t *item = doc_item(&l->doc, node, i);
        void *at = items + i * row->item;
        set_defaults(l, prefix, at);
        note(l, at, true, doc_pos(item));
        if (!doc_is_map(item)) (void)wrong_node(l, row, item, "a mapping");
        else (void)load_keys(l, prefix, item, at);
    }
    memcpy(field, &items, sizeof items);
    memcpy((char *)base + row->count_offset, &n, sizeof n);
    return l->m.count == before;
}

/* ---- maps of the operator's own names; policies also inherit ------------------------------------------------- */

struct map_walk {
    struct loader *l;
    const struct schema_row *row;
    yaml_node_t *node;
    char prefix[PATH_SIZE];
    char *items;
    unsigned char *state; /* 0 untouched, 1 being loaded, 2 loaded */
    size_t n;
};

static void load_entry(struct map_walk *w, size_t i);

/* Copies the parent's values over the item. The built-in defaults hold where there is no parent. */
static void inherit(struct map_walk *w, size_t i, yaml_node_t *value)
{
    struct loader *l = w->l;
    char *at = w->items + i * w->row->item, *name = *(char **)(void *)at;
    yaml_node_t *ext = doc_is_map(value) ? doc_get(&l->doc, value, "extends") : NULL;
    const char *known[ITEMS_MAX];
    const struct schema_row *row = schema_find("policies.*.extends");
    struct text t;
    size_t n = 0, p;
    if (!ext || w->row != schema_find("policies") || !doc_is_scalar(ext)) return;
    if (!text_of(l, row, ext, &t)) return;
    for (p = 0; p < w->n; p++)
        if (slice_eq(doc_text(doc_key(&l->doc, w->node, p)), t.s)) break;
    if (p == w->n) {
        for (size_t k = 0; k < w->n; k++)
            if (k != i) known[n++] = *(char **)(void *)(w->items + k * w->row->item);
        known[n] = NULL;
        if (!slice_eq(t.s, SLICE("default"))) (void)text_unknown(l, row, &t, known);
        return; /* `default` that is not written: the built-in defaults */
    }
    if (w->state[p] == 1) {
        mistake_add(&l->m, doc_pos(ext), "extends: `%.60s` extends itself in a circle", t.s.p);
        return;
    }
    load_entry(w, p);
    memcpy(at, w->items + p * w->row->item, w->row->item);
    memcpy(at, &name, sizeof name);
}

static void load_entry(struct map_walk *w, size_t i)
{
    struct loader *l = w->l;
    yaml_node_t *key = doc_key(&l->doc, w->node, i), *value = doc_value(&l->doc, w->node, i);
    char *at = w->items + i * w->row->item;
    if (w->state[i]) return;
    w->state[i] = 1;
    set_defaults(l, w->prefix, at);
    inherit(w, i, value);
    note(l, at, true, doc_pos(key));
    if (doc_is_map(value)) (void)load_keys(l, w->prefix, value, at);
    else if (!doc_is_null(value)) (void)wrong_node(l, w->row, value, "a mapping");
    else {
        yaml_node_t empty = *value; /* `name:` alone has no keys: the required ones are missing */
        empty.type = YAML_MAPPING_NODE;
        empty.data.mapping.pairs.start = empty.data.mapping.pairs.top = NULL;
        (void)load_keys(l, w->prefix, &empty, at);
    }
    w->state[i] = 2;
}

static bool set_map(struct loader *l, const struct schema_row *row, yaml_node_t *node, void *field)
{
    struct map_walk w = {.l = l, .row = row, .node = node, .n = doc_count(node)};
    void *base = (char *)field - row->offset;
    size_t before = l->m.count;
    if (doc_is_null(node) && !(row->flags & ROW_REQUIRED)) return true;
    if (!doc_is_map(node)) return wrong_node(l, row, node, "a mapping of names");
    if (w.n == 0 && (row->flags & ROW_REQUIRED)) return wrong_node(l, row, node, "at least one entry");
    if (!doc_check_keys(&l->doc, node, &l->m)) return false;
    child_path(w.prefix, row->path, ".*");
    w.items = loader_alloc(l, (w.n + 1) * row->item); /* one more: the policy `default` may be added */
    w.state = loader_alloc(l, w.n ? w.n : 1);
    if (!w.items || !w.state) return false;
    for (size_t i = 0; i < w.n; i++) {
        yaml_node_t *key = doc_key(&l->doc, node, i);
        struct text t = {.raw = doc_text(key), .s = doc_text(key), .pos = doc_pos(key)};
        if (!type_name.set(l, row, &t, w.items + i * row->item)) return false;
    }
    for (size_t i = 0; i < w.n; i++) load_entry(&w, i);
    memcpy(field, &w.items, sizeof w.items);
    memcpy((char *)base + row->count_offset, &w.n, sizeof w.n);
    return l->m.count == before;
}

/* `extends` is followed before the policy's own keys are read (inherit); here it is only a known key. */
static bool set_extends(struct loader *l, const struct schema_row *row, const struct text *v, void *field)
{
    (void)l, (void)row, (void)v, (void)field;
    return true;
}

const struct schema_type type_section = {"section", "a mapping", NULL, NULL, set_section};
const struct schema_type type_list = {"list", "a list", NULL, NULL, set_items};
const struct schema_type type_map = {"map", "a mapping of names", NULL, NULL, set_map};
const struct schema_type type_extends = {"name", "a policy's name", set_extends, NULL, NULL};
const struct schema_type type_planned = {"planned", "nothing", NULL, NULL, NULL}; /* a mistake wherever it stands */

/* ---- one value ------------------------------------------------------------------------------------------------ */

static bool load_list(struct loader *l, const struct schema_row *row, yaml_node_t *node, void *field)
{
    size_t n = doc_is_list(node) ? doc_count(node) : 1, good = 0;
    if (n > ITEMS_MAX) {
        mistake_add(&l->m, doc_pos(node), "%s: more than %u items", row_key(row), ITEMS_MAX);
        return false;
    }
    struct text *v = loader_alloc(l, (n ? n : 1) * sizeof *v);
    if (!v) return false;
    for (size_t i = 0; i < n; i++) {
        yaml_node_t *item = doc_is_list(node) ? doc_item(&l->doc, node, i) : node;
        if (!doc_is_scalar(item) || doc_is_null(item)) (void)wrong_node(l, row, item, row->type->expect);
        else if (text_of(l, row, item, &v[good])) good++;
    }
    return row->type->set_list(l, row, v, good, field) && good == n;
}

bool value_load(struct loader *l, const struct schema_row *row, yaml_node_t *node, void *field)
{
    struct text t;
    loader_note(l, field, doc_pos(node));
    if (row->type->set_node) return row->type->set_node(l, row, node, field);
    if (row->type->set_list && !doc_is_map(node)) return load_list(l, row, node, field);
    if (!doc_is_scalar(node) || doc_is_null(node)) return wrong_node(l, row, node, row->type->expect);
    return text_of(l, row, node, &t) && row->type->set(l, row, &t, field);
}

/* ---- the whole file ------------------------------------------------------------------------------------------- */

static void set_dir(struct loader *l, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 1;
    if (n == 0) n = 1;             /* the root itself */
    if (n >= sizeof l->dir) n = 0; /* such a path was not opened */
    memcpy(l->dir, slash ? path : ".", n);
    l->dir[n] = 0;
}

static void add_default_policy(struct loader *l)
{
    struct config *c = l->c;
    if (config_policy_index(c, "default") >= 0) return;
    if (!c->policies) c->policies = loader_alloc(l, sizeof *c->policies);
    if (!c->policies) return;
    struct config_policy *d = &c->policies[c->policy_count];
    d->name = loader_copy(l, SLICE("default"));
    set_defaults(l, "policies.*", d);
    if (d->name) c->policy_count++;
}

/* pos of every item, from the notes. */
static void set_positions(struct loader *l)
{
    struct config *c = l->c;
    for (size_t i = 0; i < c->listener_count; i++) c->listeners[i].pos = item_pos(l, &c->listeners[i]);
    for (size_t i = 0; i < c->client_count; i++) c->clients[i].pos = item_pos(l, &c->clients[i]);
    for (size_t i = 0; i < c->policy_count; i++) c->policies[i].pos = item_pos(l, &c->policies[i]);
    for (size_t i = 0; i < c->backend_count; i++) c->backends[i].pos = item_pos(l, &c->backends[i]);
    for (size_t i = 0; i < c->route_count; i++) c->routes[i].pos = item_pos(l, &c->routes[i]);
    for (size_t i = 0; i < c->filters.detector_count; i++)
        c->filters.detectors[i].http.pos = item_pos(l, &c->filters.detectors[i]);
    for (size_t i = 0; i < c->filters.dictionary_count; i++)
        c->filters.dictionaries[i].pos = item_pos(l, &c->filters.dictionaries[i]);
}

static void load_file(struct loader *l, const char *path)
{
    if (!doc_open(&l->doc, path, FILE_CAP, &l->m)) return;
    set_defaults(l, "", l->c);
    if (!l->doc.root) {
        mistake_add(&l->m, (struct config_pos){1, 1}, "empty: at least listeners, backends and routes are needed");
        return;
    }
    if (!doc_is_map(l->doc.root)) {
        mistake_add(&l->m, doc_pos(l->doc.root), "expected a mapping of keys such as listeners, backends, routes");
        return;
    }
    (void)load_keys(l, "", l->doc.root, l->c);
    set_positions(l);
    add_default_policy(l);
    find_rules_dir(l);
    config_check(l);
}

struct config *config_load(const char *path, struct config_report *report)
{
    struct loader l = {0};
    struct config *out = NULL;
    l.own = mem_zalloc(sizeof *l.own);
    if (!l.own) return NULL;
    l.c = &l.own->c;
    set_dir(&l, path);
    l.c->path = loader_copy(&l, slice_str(path));
    load_file(&l, path);
    if (l.no_memory) mistake_add(&l.m, (struct config_pos){0, 0}, "out of memory");
    if (l.m.count == 0 && !l.m.lost && !l.no_memory) out = l.c;
    mistakes_report(&l.m, path, report);
    doc_close(&l.doc);
    mem_free(l.notes);
    if (!out) config_free(l.c);
    return out;
}

struct config *config_standard(void)
{
    struct loader l = {0};
    l.own = mem_zalloc(sizeof *l.own);
    if (!l.own) return NULL;
    l.c = &l.own->c;
    l.c->path = loader_copy(&l, SLICE("privet.yaml"));
    set_dir(&l, "/nonexistent/privet.yaml"); /* rules beside the working directory are not meant */
    set_defaults(&l, "", l.c);
    add_default_policy(&l);
    find_rules_dir(&l);
    mem_free(l.notes);
    if (!l.no_memory) return l.c;
    config_free(l.c);
    return NULL;
}

void config_free(struct config *c)
{
    if (!c) return;
    struct loaded *own = (struct loaded *)(void *)c;
    arena_free(&own->memory);
    mem_free(own);
}

int config_policy_index(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->policy_count; i++)
        if (!strcmp(c->policies[i].name, name)) return (int)i;
    return -1;
}

int config_backend_index(const struct config *c, struct slice name)
{
    for (size_t i = 0; i < c->backend_count; i++)
        if (slice_eq(slice_str(c->backends[i].name), name)) return (int)i;
    return -1;
}
