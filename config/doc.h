/* A YAML file as nodes with positions, and the mistakes found in it. Shared by the configuration and the rule packs;
 * nobody else includes it. */
#ifndef PRIVET_CONFIG_DOC_H
#define PRIVET_CONFIG_DOC_H

#include "config/config.h"

#include <yaml.h>

/* Mistakes are gathered while several passes run and reported in file order. */
struct mistake {
    struct config_pos pos;
    size_t number; /* order of discovery, for mistakes at one place */
    char *text;
};
struct mistakes {
    struct mistake *v;
    size_t count, room;
    bool lost; /* memory ran out, or there were more than MISTAKES_MAX */
};
#define MISTAKES_MAX 1000u

void mistake_add(struct mistakes *m, struct config_pos pos, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Sorts them, hands them to the report and forgets them. */
void mistakes_report(struct mistakes *m, const char *file, struct config_report *r);

struct doc {
    yaml_document_t yaml;
    yaml_node_t *root; /* NULL: an empty file */
    bool open;
};
/* Reads the file's one document. False with the mistakes added: not readable, above `cap` bytes, not YAML, more than
 * one document. doc_close in any case. */
bool doc_open(struct doc *d, const char *path, size_t cap, struct mistakes *m);
/* Wipes the scalars (they may be secrets) and frees. */
void doc_close(struct doc *d);

struct config_pos doc_pos(const yaml_node_t *n);
static inline bool doc_is_scalar(const yaml_node_t *n) { return n->type == YAML_SCALAR_NODE; }
static inline bool doc_is_list(const yaml_node_t *n) { return n->type == YAML_SEQUENCE_NODE; }
static inline bool doc_is_map(const yaml_node_t *n) { return n->type == YAML_MAPPING_NODE; }
/* Nothing written, `~` or `null`, unquoted. */
bool doc_is_null(const yaml_node_t *n);
struct slice doc_text(const yaml_node_t *scalar);
/* "a mapping", "a list", "`text`" cut at 60 bytes, "nothing": what was found, for a message. */
const char *doc_found(const yaml_node_t *n, char out[80]);

size_t doc_count(const yaml_node_t *n); /* items of a list, pairs of a mapping */
yaml_node_t *doc_item(struct doc *d, const yaml_node_t *list, size_t i);
yaml_node_t *doc_key(struct doc *d, const yaml_node_t *map, size_t i);
yaml_node_t *doc_value(struct doc *d, const yaml_node_t *map, size_t i);
/* The value of a key, or NULL. */
yaml_node_t *doc_get(struct doc *d, const yaml_node_t *map, const char *key);
/* Keys that are no plain words, duplicates and merge keys are mistakes; false if there was one. */
bool doc_check_keys(struct doc *d, const yaml_node_t *map, struct mistakes *m);

/* What an errno says, by any thread. */
const char *errno_text(int e, char out[128]);
/* The whole file in memory that wipes on free, or NULL with errno set (EFBIG: above cap). */
char *file_read(const char *path, size_t cap, size_t *n);

#endif
