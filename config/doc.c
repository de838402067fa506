/* Reads YAML through libyaml's document interface and keeps every node's line and column. */
#include "config/doc.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <fcntl.h>

#define KEYS_MAX 4096u

static char *read_all(int fd, size_t cap, size_t *n)
{
    struct stat st;
    if (fstat(fd, &st) != 0) return NULL;
    if (S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        return NULL;
    }
    size_t room = st.st_size > 0 && (size_t)st.st_size < cap ? (size_t)st.st_size + 1 : 65536, len = 0;
    char *p = mem_alloc(room);
    while (p) {
        ssize_t got = read(fd, p + len, room - len);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) break;
        if (got == 0) {
            *n = len;
            return p;
        }
        len += (size_t)got;
        if (len > cap) {
            errno = EFBIG;
            break;
        }
        if (len == room) {
            char *q = mem_realloc(p, room * 2);
            if (!q) break;
            p = q;
            room *= 2;
        }
    }
    mem_free(p);
    return NULL;
}

const char *errno_text(int e, char out[128]) { return strerror_r(e, out, 128); }

char *file_read(const char *path, size_t cap, size_t *n)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return NULL;
    char *p = read_all(fd, cap, n);
    int e = errno;
    close(fd);
    errno = e;
    return p;
}

static struct config_pos pos_of_mark(yaml_mark_t m) { return (struct config_pos){(unsigned)m.line + 1, (unsigned)m.column + 1}; }

/* Line and column (in bytes) of an offset: what libyaml's reader gives for bytes that are no UTF-8. */
static struct config_pos pos_of_offset(const char *p, size_t n, size_t off)
{
    struct config_pos pos = {1, 1};
    for (size_t i = 0; i < n && i < off; i++) {
        pos.col++;
        if (p[i] == '\n') pos = (struct config_pos){pos.line + 1, 1};
    }
    return pos;
}

static void add_yaml_problem(const yaml_parser_t *y, const char *bytes, size_t n, struct mistakes *m)
{
    const char *what = y->problem ? y->problem : "unknown problem";
    if (y->error == YAML_MEMORY_ERROR) mistake_add(m, (struct config_pos){0, 0}, "out of memory");
    else if (y->error == YAML_READER_ERROR)
        mistake_add(m, pos_of_offset(bytes, n, y->problem_offset), "not valid YAML: %s", what);
    else if (y->context)
        mistake_add(m, pos_of_mark(y->problem_mark), "not valid YAML: %s (%s, line %zu)", what, y->context,
                    y->context_mark.line + 1);
    else mistake_add(m, pos_of_mark(y->problem_mark), "not valid YAML: %s", what);
}

/* libyaml has no allocator of ours: its input buffers may hold a secret and are wiped by hand. */
static void wipe_parser(yaml_parser_t *y)
{
    if (y->raw_buffer.start) mem_wipe(y->raw_buffer.start, (size_t)(y->raw_buffer.end - y->raw_buffer.start));
    if (y->buffer.start) mem_wipe(y->buffer.start, (size_t)(y->buffer.end - y->buffer.start));
    yaml_parser_delete(y);
}

static bool parse(struct doc *d, const char *bytes, size_t n, struct mistakes *m)
{
    yaml_parser_t y;
    yaml_document_t second;
    bool ok = false;
    if (!yaml_parser_initialize(&y)) {
        mistake_add(m, (struct config_pos){0, 0}, "out of memory");
        return false;
    }
    yaml_parser_set_input_string(&y, (const unsigned char *)bytes, n);
    if (!yaml_parser_load(&y, &d->yaml)) {
        add_yaml_problem(&y, bytes, n, m);
        goto out;
    }
    d->open = true;
    d->root = yaml_document_get_root_node(&d->yaml);
    if (!d->root) {
        ok = true;
        goto out;
    }
    if (!yaml_parser_load(&y, &second)) {
        add_yaml_problem(&y, bytes, n, m);
        goto out;
    }
    yaml_node_t *more = yaml_document_get_root_node(&second);
    if (more) mistake_add(m, doc_pos(more), "expected one YAML document, found a second");
    ok = more == NULL;
    yaml_document_delete(&second);
out:
    wipe_parser(&y);
    return ok;
}

bool doc_open(struct doc *d, const char *path, size_t cap, struct mistakes *m)
{
    size_t n = 0;
    *d = (struct doc){.open = false};
    errno = 0;
    char *bytes = file_read(path, cap, &n);
    if (!bytes) {
        int e = errno ? errno : ENOMEM;
        char text[128];
        if (e == EFBIG) mistake_add(m, (struct config_pos){0, 0}, "larger than %zu bytes", cap);
        else mistake_add(m, (struct config_pos){0, 0}, "cannot be read: %s", errno_text(e, text));
        return false;
    }
    bool ok = parse(d, bytes, n, m);
    mem_free(bytes);
    return ok;
}

void doc_close(struct doc *d)
{
    if (!d->open) return;
    for (yaml_node_t *n = d->yaml.nodes.start; n < d->yaml.nodes.top; n++)
        if (n->type == YAML_SCALAR_NODE) mem_wipe(n->data.scalar.value, n->data.scalar.length);
    yaml_document_delete(&d->yaml);
    d->open = false;
    d->root = NULL;
}

struct config_pos doc_pos(const yaml_node_t *n) { return pos_of_mark(n->start_mark); }

struct slice doc_text(const yaml_node_t *n) { return slice_of((const char *)n->data.scalar.value, n->data.scalar.length); }

bool doc_is_null(const yaml_node_t *n)
{
    if (n->type != YAML_SCALAR_NODE || n->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) return false;
    struct slice s = doc_text(n);
    return s.n == 0 || slice_eq(s, SLICE("~")) || slice_ieq(s, SLICE("null"));
}

const char *doc_found(const yaml_node_t *n, char out[80])
{
    if (doc_is_map(n)) return "a mapping";
    if (doc_is_list(n)) return "a list";
    if (doc_is_null(n)) return "nothing";
    struct slice s = doc_text(n);
    snprintf(out, 80, "`%.*s%s`", (int)(s.n > 60 ? 60 : s.n), s.p, s.n > 60 ? "..." : "");
    return out;
}

size_t doc_count(const yaml_node_t *n)
{
    if (doc_is_list(n)) return (size_t)(n->data.sequence.items.top - n->data.sequence.items.start);
    if (doc_is_map(n)) return (size_t)(n->data.mapping.pairs.top - n->data.mapping.pairs.start);
    return 0;
}

yaml_node_t *doc_item(struct doc *d, const yaml_node_t *list, size_t i)
{
    return yaml_document_get_node(&d->yaml, list->data.sequence.items.start[i]);
}

yaml_node_t *doc_key(struct doc *d, const yaml_node_t *map, size_t i)
{
    return yaml_document_get_node(&d->yaml, map->data.mapping.pairs.start[i].key);
}

yaml_node_t *doc_value(struct doc *d, const yaml_node_t *map, size_t i)
{
    return yaml_document_get_node(&d->yaml, map->data.mapping.pairs.start[i].value);
}

yaml_node_t *doc_get(struct doc *d, const yaml_node_t *map, const char *key)
{
    for (size_t i = 0; i < doc_count(map); i++) {
        yaml_node_t *k = doc_key(d, map, i);
        if (doc_is_scalar(k) && slice_eq(doc_text(k), slice_str(key))) return doc_value(d, map, i);
    }
    return NULL;
}

/* The earlier key equal to key i, or NULL. */
static yaml_node_t *earlier(struct doc *d, const yaml_node_t *map, size_t i, struct slice name)
{
    for (size_t j = 0; j < i; j++) {
        yaml_node_t *k = doc_key(d, map, j);
        if (doc_is_scalar(k) && slice_eq(doc_text(k), name)) return k;
    }
    return NULL;
}

bool doc_check_keys(struct doc *d, const yaml_node_t *map, struct mistakes *m)
{
    bool ok = true;
    size_t n = doc_count(map);
    if (n > KEYS_MAX) {
        mistake_add(m, doc_pos(map), "more than %u keys in one mapping", KEYS_MAX);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        yaml_node_t *k = doc_key(d, map, i), *first;
        char found[80];
        if (!doc_is_scalar(k) || doc_text(k).n == 0 || strlen(doc_text(k).p) != doc_text(k).n) {
            mistake_add(m, doc_pos(k), "expected a key, found %s", doc_found(k, found));
            ok = false;
        } else if (slice_eq(doc_text(k), SLICE("<<"))) {
            mistake_add(m, doc_pos(k), "merge keys (<<) are not supported: write the keys out, or use `extends`");
            ok = false;
        } else if ((first = earlier(d, map, i, doc_text(k)))) {
            mistake_add(m, doc_pos(k), "duplicate key %s: first at line %u", doc_found(k, found), doc_pos(first).line);
            ok = false;
        }
    }
    return ok;
}
