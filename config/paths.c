/* Where rule packs are: the rules directory of this configuration, and the path of a named pack in it. */
#include "config/load.h"
#include "config/rules.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PACKS_MAX 256

static bool is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, R_OK) == 0;
}

/* The source tree above the executable (build/privet, build/tests/unit/...), known by a file that only it has. */
static bool above_executable(char *out, size_t n)
{
    char exe[PATH_MAX], mark[PATH_MAX + 32];
    ssize_t len = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (len <= 0) return false;
    exe[len] = 0;
    for (int up = 0; up < 6; up++) {
        char *slash = strrchr(exe, '/');
        if (!slash || slash == exe) return false;
        *slash = 0;
        snprintf(mark, sizeof mark, "%s/config/schema.c", exe);
        if (!is_file(mark)) continue;
        int k = snprintf(out, n, "%s/config/rules", exe);
        return k > 0 && (size_t)k < n && is_dir(out);
    }
    return false;
}

/* PREFIX/share/privet/rules for an executable in PREFIX/bin. */
static bool beside_prefix(char *out, size_t n)
{
    char exe[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (len <= 0) return false;
    exe[len] = 0;
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(exe, '/');
        if (!slash) return false;
        *slash = 0;
    }
    int k = snprintf(out, n, "%s/share/privet/rules", exe);
    return k > 0 && (size_t)k < n && is_dir(out);
}

void rules_dir(const char *beside, char *out, size_t n)
{
    const char *env = getenv("PRIVET_RULES");
    if (n) out[0] = 0;
    if (beside) snprintf(out, n, "%s/rules", beside);
    if (env && env[0]) snprintf(out, n, "%s", env);
    else if (!is_dir(out) && !above_executable(out, n) && !beside_prefix(out, n)) snprintf(out, n, "/usr/share/privet/rules");
}

void find_rules_dir(struct loader *l)
{
    char path[PATH_MAX + 64];
    rules_dir(l->dir, path, sizeof path);
    l->c->filters.rules_dir = loader_copy(l, slice_str(path));
}

void rule_pack_path(const struct config *c, const char *pack, char *out, size_t n)
{
    const char *slash = strrchr(c->path, '/');
    int k;
    if (pack[0] == '/') k = snprintf(out, n, "%s", pack);
    else if (strchr(pack, '/')) k = snprintf(out, n, "%.*s/%s", slash ? (int)(slash - c->path) : 1, slash ? c->path : ".", pack);
    else k = snprintf(out, n, "%s/%s.yaml", c->filters.rules_dir, pack);
    if (n && (k < 0 || (size_t)k >= n)) out[0] = 0; /* no such path */
}

/* Names of the packs that are there, for the nearest one. */
static size_t list_packs(struct loader *l, const char **known, size_t max)
{
    DIR *d = opendir(l->c->filters.rules_dir);
    size_t n = 0;
    struct dirent *e;
    while (d && n < max && (e = readdir(d))) {
        struct slice s = slice_str(e->d_name);
        if (!slice_ends(s, SLICE(".yaml")) || slice_eq(s, SLICE("refusals.yaml"))) continue;
        known[n] = loader_copy(l, slice_of(s.p, s.n - 5));
        if (known[n]) n++;
    }
    if (d) closedir(d);
    return n;
}

void check_packs(struct loader *l)
{
    struct config *c = l->c;
    const char *known[PACKS_MAX + 1];
    char path[PATH_MAX];
    for (size_t i = 0; c->filters.rules_dir && i < c->filters.packs.n; i++) {
        const char *pack = c->filters.packs.v[i];
        struct config_pos pos = loader_pos(l, &c->filters.packs.v[i], (struct config_pos){0, 0});
        for (size_t j = 0; j < i; j++)
            if (!strcmp(pack, c->filters.packs.v[j])) mistake_add(&l->m, pos, "packs: `%.100s` is listed twice", pack);
        rule_pack_path(c, pack, path, sizeof path);
        if (is_file(path) || !pos.line) continue; /* a default pack that is missing is named when it is loaded */
        struct text t = {.raw = slice_str(pack), .s = slice_str(pack), .pos = pos};
        known[list_packs(l, known, PACKS_MAX)] = NULL;
        if (strchr(pack, '/')) mistake_add(&l->m, pos, "packs: file `%.200s` cannot be read", path);
        else if (!is_dir(c->filters.rules_dir))
            mistake_add(&l->m, pos, "packs: no rules directory `%.200s` (set PRIVET_RULES)", c->filters.rules_dir);
        else (void)text_unknown(l, schema_find("filters.packs"), &t, known);
    }
}
