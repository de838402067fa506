/* Inside of the configuration loader: the schema's rows, the types of their values, and the loader that walks a file by
 * them. Only config/ includes it, and the test that walks the rows. */
#ifndef PRIVET_CONFIG_LOAD_H
#define PRIVET_CONFIG_LOAD_H

#include "config/arena.h"
#include "config/doc.h"

struct loader;
struct schema_row;

/* A scalar as it was written and as it is after ${} expansion. */
struct text {
    struct slice raw;
    struct slice s;        /* NUL-terminated, owned by the configuration; equals raw for a default */
    struct config_pos pos; /* line 0: a default */
};

/* One type of value. Every function returns false after adding a mistake. `field` is where the value goes. */
struct schema_type {
    const char *name;   /* as the reference prints it: "size" */
    const char *expect; /* what a message says was expected: "a size such as 32KiB, 64MiB or 4096" */
    bool (*set)(struct loader *l, const struct schema_row *row, const struct text *v, void *field);
    /* Types that are lists of scalars (one scalar counts as a list of one), else NULL. */
    bool (*set_list)(struct loader *l, const struct schema_row *row, const struct text *v, size_t n, void *field);
    /* Types that take any node. */
    bool (*set_node)(struct loader *l, const struct schema_row *row, yaml_node_t *node, void *field);
};

enum {
    ROW_REQUIRED = 1, /* a mistake if its mapping is there and it is not */
    ROW_FIXED = 2,    /* a change needs a restart, not a reload */
    ROW_SECRET = 4,   /* never quoted in a message */
};

/* One key. Paths name lists by [] and maps of the operator's own names by .* */
struct schema_row {
    const char *path;
    const struct schema_type *type;
    size_t offset, width;       /* of the field in the innermost list item, map item or struct config */
    const char *def;            /* as it would be written; lists separated by ", "; NULL: none */
    uint64_t min, max;          /* numbers: bounds (max 0: that of the field); texts: most bytes; choices: min is the
                                 * first one's value */
    const char *const *names;   /* enumerations and words, NULL-terminated */
    const char *const *planned; /* words that are known and not built yet */
    size_t item, count_offset;  /* lists and maps: size of an item, where their number goes */
    unsigned flags;
    const char *help;
    const char *good, *bad; /* what the test writes: taken, and refused */
};

const struct schema_row *schema_rows(size_t *n);
const struct schema_row *schema_find(const char *path);
/* True if row is a key of the mapping at prefix ("" is the top, "listeners[]", "policies.*"); *name is its last part. */
bool schema_is_child(const struct schema_row *row, const char *prefix, const char **name);

/* Types, types.c unless said otherwise. */
extern const struct schema_type type_section, type_list, type_map, type_extends, type_planned; /* load.c */
extern const struct schema_type type_string, type_bool, type_int, type_size, type_duration, type_enum, type_word, type_strings,
    type_bits, type_secret, type_name, type_fraction;
extern const struct schema_type type_address, type_admin_address, type_url, type_detector_url, type_redis_url, type_key_hash,
    type_backend_key, type_chain_key, type_dictionary_key, type_pin, type_file, type_path, type_target, type_target_own,
    type_target_alone, type_targets, type_rule_actions; /* values.c */

/* Where a field's value was written, for the checks across fields. */
struct note {
    const void *field;
    bool item; /* an item of a list or map, which has the address of its first field */
    struct config_pos pos;
};

struct loaded; /* a struct config and the memory behind it */
struct loader {
    struct config *c;
    struct loaded *own;
    struct doc doc;
    struct mistakes m;
    struct note *notes;
    size_t note_count, note_room;
    char dir[4096]; /* of the configuration file, without a trailing slash */
    bool no_memory;
};

/* Memory of the configuration: zeroed, wiped and freed with it. NULL sets no_memory. */
void *loader_alloc(struct loader *l, size_t n);
char *loader_copy(struct loader *l, struct slice s);
void loader_note(struct loader *l, const void *field, struct config_pos pos);
/* Where a field was written, or `other`. */
struct config_pos loader_pos(const struct loader *l, const void *field, struct config_pos other);
bool loader_given(const struct loader *l, const void *field);

/* The scalar with ${} expanded. False with a mistake. */
bool text_of(struct loader *l, const struct schema_row *row, const yaml_node_t *node, struct text *out);
/* "key: expected X, found Y" with the value as written, or without it where it may be a secret. Returns false. */
bool text_wrong(struct loader *l, const struct schema_row *row, const struct text *v, const char *expect);
/* As text_wrong for a word that is none of `known`: names the nearest, or all. */
bool text_unknown(struct loader *l, const struct schema_row *row, const struct text *v, const char *const *known);
/* The last part of a row's path. */
const char *row_key(const struct schema_row *row);
/* A number as its row's type writes it: "32KiB", "10s". False if the row holds no number. */
bool number_print(const struct schema_row *row, uint64_t v, char out[40]);
/* Loads one value into its field by its type, defaults included. */
bool value_load(struct loader *l, const struct schema_row *row, yaml_node_t *node, void *field);

/* secret.c: ${NAME} and file:NAME. */
bool expand_env(struct loader *l, struct slice raw, struct config_pos pos, struct slice *out);
/* An absolute path as it is, else below the configuration file's directory. */
char *path_of(struct loader *l, struct slice s);
/* Reads a credential: trailing newline cut. */
bool credential_read(struct loader *l, const struct schema_row *row, const struct text *v, struct slice *out);

/* values.c: "host:port" and "[v6]:port". */
bool address_parse(struct slice s, char host[256], uint16_t *port);
bool address_is_loopback(const char *host);

/* check.c: what one field alone cannot tell. */
void config_check(struct loader *l);
/* paths.c */
void find_rules_dir(struct loader *l);
/* Every pack that the file names is there. */
void check_packs(struct loader *l);

#endif
