/* The table of endpoints, and finding a row by path. Paths are compared byte for byte: what is spelled otherwise
 * (another case, "//", an escape) is an unknown path, and policy decides. */
#include "filters/api/dialect.h"

#include "filters/api/openai.h"

static const struct dialect *const dialects[] = {&dialect_openai};

/* Bits of enum http_method's order: GET HEAD POST PUT DELETE PATCH OPTIONS. */
#define M_POST 4u

static const struct endpoint rows[] = {
    {"/v1/chat/completions", "chat.completions", EP_CHAT, M_POST, &dialect_openai},
    {"/v1/models", "models", EP_PASS, 0, &dialect_openai},
    {"/v1/models/", "models.one", EP_PASS, 0, &dialect_openai}, /* a slash at the end: one identifier follows */
};
static const struct endpoint unknown_row = {"", "unknown", EP_UNKNOWN, 0, &dialect_openai};
static const struct endpoint scan_row = {"", "scan", EP_SCAN, 0, &dialect_openai};

/* An identifier of a model: parts of unreserved bytes between slashes (raw or %2F), none of them "." or "..". */
static bool is_identifier(struct slice s)
{
    static const char other[] = "._:@+~=-";
    size_t part = 0, dots = 0;
    if (s.n == 0 || s.n > 256) return false;
    for (size_t i = 0; i <= s.n; i++) {
        char c = i < s.n ? s.p[i] : '/';
        bool slash = c == '/';
        if (c == '%') {
            if (s.n - i < 3 || !slice_ieq(slice_of(s.p + i, 3), SLICE("%2F"))) return false;
            i += 2;
            slash = true;
        }
        if (slash) {
            if (part == 0 || (part <= 2 && dots == part)) return false;
            part = dots = 0;
            continue;
        }
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && !memchr(other, c, sizeof other - 1)) return false;
        part++;
        dots += c == '.';
    }
    return true;
}

const struct endpoint *endpoint_find(struct slice path)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slice want = slice_str(rows[i].path);
        if (slice_eq(path, want)) return want.p[want.n - 1] == '/' ? &unknown_row : &rows[i];
        if (want.p[want.n - 1] == '/' && slice_starts(path, want) && is_identifier(slice_of(path.p + want.n, path.n - want.n)))
            return &rows[i];
    }
    return &unknown_row;
}

const struct endpoint *endpoint_scan(const struct endpoint *unknown)
{
    (void)unknown; /* one dialect so far: its row */
    return &scan_row;
}

const struct dialect *dialect_find(struct slice name)
{
    for (size_t i = 0; i < sizeof dialects / sizeof dialects[0]; i++)
        if (slice_eq(name, slice_str(dialects[i]->name))) return dialects[i];
    return NULL;
}

const struct endpoint *endpoints(size_t *n)
{
    *n = sizeof rows / sizeof rows[0];
    return rows;
}
