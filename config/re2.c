/* Go's regular expressions (RE2 syntax) in PCRE2's: the same but for a few escapes. What RE2 refuses is not looked for.
 * Source: the syntax pages of RE2 and pcre2syntax(3), pcre2pattern(3). */
#include "config/rules.h"

struct reader {
    struct slice s;
    size_t i;
    struct buf *out;
    const char **why;
    bool in_class, quoted;
    size_t class_start; /* just behind the '[' or "[^" */
};

static bool put(struct reader *r, const char *p, size_t n)
{
    if (buf_add(r->out, slice_of(p, n)) == ERR_OK) return true;
    *r->why = "too long";
    return false;
}

static bool octal(const char *p)
{
    for (int i = 0; i < 3; i++)
        if (p[i] < '0' || p[i] > '7') return false;
    return p[0] <= '3';
}

/* \123 could be a back reference in PCRE2: write it in hex. */
static bool put_octal(struct reader *r, const char *p)
{
    unsigned v = (unsigned)(p[0] - '0') * 64 + (unsigned)(p[1] - '0') * 8 + (unsigned)(p[2] - '0');
    static const char hex[] = "0123456789abcdef";
    char x[4] = {'\\', 'x', hex[v >> 4], hex[v & 15]};
    return put(r, x, 4);
}

/* A backslash and what it makes. */
static bool escape(struct reader *r)
{
    const char *p = r->s.p + r->i;
    size_t left = r->s.n - r->i;
    if (left < 2) {
        *r->why = "it ends with a backslash";
        return false;
    }
    r->i += 2;
    switch (p[1]) {
    case 'z': return put(r, "\\Z", 2);   /* a text ends with a line end here, whether or not its writer gave it one */
    case 'v': return put(r, "\\x0b", 4); /* one character in RE2, a class in PCRE2 */
    case 'C': *r->why = "\\C matches one byte of a character, which is not allowed here"; return false;
    case 'Q': r->quoted = true; return put(r, "\\Q", 2);
    default:
        if (p[1] >= '1' && p[1] <= '7' && left >= 4 && octal(p + 1)) {
            r->i += 2;
            return put_octal(r, p + 1);
        }
        if (p[1] >= '1' && p[1] <= '9') {
            *r->why = "back references are not in RE2";
            return false;
        }
        return put(r, p, 2);
    }
}

/* \Q...\E: everything as it stands. */
static bool quoted(struct reader *r)
{
    if (slice_starts(slice_of(r->s.p + r->i, r->s.n - r->i), SLICE("\\E"))) {
        r->quoted = false;
        r->i += 2;
        return put(r, "\\E", 2);
    }
    return put(r, r->s.p + r->i++, 1);
}

static bool in_class(struct reader *r)
{
    const char *p = r->s.p + r->i;
    struct slice rest = slice_of(p, r->s.n - r->i);
    if (slice_starts(rest, SLICE("[:"))) { /* [:alpha:] and [:^alpha:] are the same in both */
        size_t end = slice_search(rest, SLICE(":]"));
        if (end < rest.n) {
            r->i += end + 2;
            return put(r, p, end + 2);
        }
    }
    if (slice_starts(rest, SLICE("[.")) || slice_starts(rest, SLICE("[="))) { /* nothing special in RE2 */
        r->i++;
        return put(r, "\\[", 2);
    }
    if (*p == ']' && r->i > r->class_start) r->in_class = false;
    r->i++;
    return put(r, p, 1);
}

static bool plain(struct reader *r)
{
    const char *p = r->s.p + r->i;
    struct slice rest = slice_of(p, r->s.n - r->i);
    if (*p == '[') {
        bool negated = rest.n > 1 && p[1] == '^';
        r->in_class = true;
        r->i += negated ? 2 : 1;
        r->class_start = r->i;
        return put(r, p, negated ? 2 : 1);
    }
    if (slice_starts(rest, SLICE("{,"))) { /* literal in RE2; newer PCRE2 takes {,n} for a quantifier */
        r->i++;
        return put(r, "\\{", 2);
    }
    r->i++;
    return put(r, p, 1);
}

bool re2_translate(struct slice re2, struct buf *out, const char **why)
{
    struct reader r = {.s = re2, .out = out, .why = why};
    bool ok = true;
    while (ok && r.i < re2.n) {
        if (r.quoted) ok = quoted(&r);
        else if (re2.p[r.i] == '\\') ok = escape(&r);
        else if (r.in_class) ok = in_class(&r);
        else ok = plain(&r);
    }
    return ok;
}
