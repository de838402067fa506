/* What comes from outside the file: ${NAME} from the environment, file:NAME from a credential, paths beside the file. */
#include "config/load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TEXT_CAP       65536u
#define CREDENTIAL_CAP 65536u
#define NAME_MAX_      128u

static bool name_char(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (!first && c >= '0' && c <= '9');
}

/* One "${NAME}" or "${NAME:-default}" at the front of s, appended to out; *used bytes. False with a mistake. */
static bool expand_one(struct loader *l, struct slice s, struct config_pos pos, struct buf *out, size_t *used)
{
    char name[NAME_MAX_];
    size_t n = 2, end = slice_find(s, '}');
    while (n < end && name_char(s.p[n], n == 2)) n++;
    bool fallback = n + 1 < end && s.p[n] == ':' && s.p[n + 1] == '-';
    if (end == s.n || n == 2 || n - 2 >= sizeof name || (n != end && !fallback)) {
        mistake_add(&l->m, pos, "expected ${NAME} or ${NAME:-default}; write $${ for the characters themselves");
        return false;
    }
    memcpy(name, s.p + 2, n - 2);
    name[n - 2] = 0;
    const char *value = getenv(name);
    struct slice v = slice_str(value);
    if (fallback && v.n == 0) v = slice_of(s.p + n + 2, end - n - 2);
    else if (!value) {
        mistake_add(&l->m, pos, "${%s} is not set in the environment", name);
        return false;
    }
    *used = end + 1;
    if (buf_add(out, v) == ERR_OK) return true;
    mistake_add(&l->m, pos, "longer than %u bytes when ${%s} is expanded", TEXT_CAP, name);
    return false;
}

bool expand_env(struct loader *l, struct slice raw, struct config_pos pos, struct slice *out)
{
    struct buf b = buf_make(TEXT_CAP);
    size_t i = 0, used = 0;
    bool ok = raw.n <= TEXT_CAP;
    if (!ok) mistake_add(&l->m, pos, "longer than %u bytes", TEXT_CAP);
    while (ok && i < raw.n) {
        struct slice rest = slice_of(raw.p + i, raw.n - i);
        if (slice_starts(rest, SLICE("$${"))) { /* an escape: the dollar goes */
            ok = buf_add(&b, SLICE("${")) == ERR_OK;
            i += 3;
        } else if (slice_starts(rest, SLICE("${"))) {
            ok = expand_one(l, rest, pos, &b, &used);
            i += used;
        } else {
            ok = buf_add(&b, slice_of(rest.p, 1)) == ERR_OK;
            i++;
        }
    }
    char *p = ok ? loader_copy(l, buf_slice(&b)) : NULL;
    *out = slice_of(p, p ? buf_len(&b) : 0);
    buf_free(&b);
    return p != NULL;
}

char *path_of(struct loader *l, struct slice s)
{
    size_t dir = strlen(l->dir);
    if (s.n && s.p[0] == '/') return loader_copy(l, s);
    char *p = loader_alloc(l, dir + s.n + 2);
    if (!p) return NULL;
    memcpy(p, l->dir, dir);
    p[dir] = '/';
    memcpy(p + dir + 1, s.p, s.n);
    return p;
}

/* $CREDENTIALS_DIRECTORY/NAME where systemd gave one, else beside the configuration file. */
static char *credential_path(struct loader *l, struct slice name)
{
    const char *dir = getenv("CREDENTIALS_DIRECTORY");
    if (name.n && name.p[0] != '/' && dir && dir[0] == '/') {
        size_t n = strlen(dir) + name.n + 2;
        char *p = loader_alloc(l, n);
        if (p) snprintf(p, n, "%s/%.*s", dir, (int)name.n, name.p);
        if (!p || access(p, F_OK) == 0) return p;
    }
    return path_of(l, name);
}

bool credential_read(struct loader *l, const struct schema_row *row, const struct text *v, struct slice *out)
{
    size_t n = 0;
    char text[128];
    *out = v->s;
    if (!slice_starts(v->s, SLICE("file:"))) {
        if (v->s.n) return true;
        return text_wrong(l, row, v, "a text that is not empty");
    }
    struct slice name = slice_of(v->s.p + 5, v->s.n - 5);
    char *path = credential_path(l, name);
    if (!path) return false;
    errno = 0;
    char *bytes = name.n ? file_read(path, CREDENTIAL_CAP, &n) : NULL;
    if (!bytes) {
        mistake_add(&l->m, v->pos, "%s: file `%.200s` cannot be read: %s", row_key(row), path,
                    name.n ? errno_text(errno ? errno : ENOMEM, text) : "no name after file:");
        return false;
    }
    if (n && bytes[n - 1] == '\n') n--;
    char *p = loader_copy(l, slice_of(bytes, n));
    mem_free(bytes);
    *out = slice_of(p, n);
    if (n == 0) mistake_add(&l->m, v->pos, "%s: file `%.200s` is empty", row_key(row), path);
    return p != NULL && n > 0;
}
