/* What can be read off a gitleaks rule's expression: the words without which it never matches (they lead to it where the
 * rule names none), and which of its groups can be the value. */
#include "config/rules.h"

#include <stdio.h>

#define DEPTH_MAX 40u

/* ---- words: of each part either all texts it matches, or words of which one is in each of them ------------------- */

struct words {
    bool exact;
    unsigned n; /* exact: 0 is never; else 0: nothing is known */
    char s[LITERALS_MAX][LITERAL_LEN + 1];
};

struct reader {
    const char *p, *end;
    unsigned depth;
    bool quoted;
};

static struct words nothing_known(void) { return (struct words){.exact = false}; }
static struct words text_of(const char *p, size_t n)
{
    struct words w = {.exact = true, .n = 1};
    for (size_t i = 0; i < n; i++) w.s[0][i] = p[i] >= 'A' && p[i] <= 'Z' ? (char)(p[i] + 32) : p[i];
    return w;
}

/* False if there is no room. */
static bool add_word(struct words *w, const char *s)
{
    for (unsigned i = 0; i < w->n; i++)
        if (!strcmp(w->s[i], s)) return true;
    size_t n = strlen(s);
    if (w->n == LITERALS_MAX || n > LITERAL_LEN) return false;
    memcpy(w->s[w->n++], s, n + 1);
    return true;
}

static size_t shortest(const struct words *w)
{
    size_t least = w->n ? LITERAL_LEN : 0;
    for (unsigned i = 0; i < w->n; i++)
        if (strlen(w->s[i]) < least) least = strlen(w->s[i]);
    return least;
}

/* All texts become words to look for: of no use if one of them is empty. */
static void loosen(struct words *w)
{
    if (w->exact && shortest(w) == 0) w->n = 0;
    w->exact = false;
}

static struct words either(struct words a, struct words b)
{
    bool exact = a.exact && b.exact;
    if (!exact) {
        loosen(&a);
        loosen(&b);
        if (!a.n || !b.n) return nothing_known();
    }
    for (unsigned i = 0; i < b.n; i++)
        if (!add_word(&a, b.s[i])) return nothing_known();
    return a;
}

/* One behind the other, where both are known to the letter. */
static bool joined(const struct words *a, const struct words *b, struct words *out)
{
    *out = (struct words){.exact = true};
    if (!a->exact || !b->exact) return false;
    for (unsigned i = 0; i < a->n; i++)
        for (unsigned k = 0; k < b->n; k++) {
            char both[2 * LITERAL_LEN + 1];
            (void)snprintf(both, sizeof both, "%s%s", a->s[i], b->s[k]);
            if (!add_word(out, both)) return false;
        }
    return true;
}

static void offer(struct words *best, struct words w)
{
    loosen(&w);
    if (shortest(&w) > shortest(best)) *best = w;
}

static struct words read_alt(struct reader *r);

/* "(?i)", "(?s:", "(?P<name>": past it. False for a group that is nothing but flags. */
static bool skip_opening(struct reader *r)
{
    if (r->p == r->end || *r->p != '?') return true;
    for (r->p++; r->p < r->end && *r->p != ':' && *r->p != '>' && *r->p != ')'; r->p++) {
    }
    return r->p < r->end && *r->p++ != ')';
}

static struct words read_group(struct reader *r)
{
    if (!skip_opening(r)) return text_of("", 0);
    if (++r->depth > DEPTH_MAX) {
        r->p = r->end;
        return nothing_known();
    }
    struct words w = read_alt(r);
    r->depth--;
    if (r->p < r->end) r->p++;
    return w;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

/* Behind a backslash: the byte it stands for, -1 for nothing (\b), -2 for one of several. */
static int read_escape(struct reader *r)
{
    if (r->p == r->end) return -2;
    char c = *r->p++;
    if (strchr("bBAzZ", c)) return -1;
    if (c == 'x' && r->end - r->p >= 2 && hex(r->p[0]) >= 0 && hex(r->p[1]) >= 0) {
        r->p += 2;
        return hex(r->p[-2]) << 4 | hex(r->p[-1]);
    }
    if ((c == 'p' || c == 'P' || c == 'x') && r->p < r->end) {
        bool braces = *r->p++ == '{';
        while (braces && r->p < r->end && *r->p++ != '}') {
        }
        return -2;
    }
    bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    return letter || (c >= '0' && c <= '9') ? -2 : (unsigned char)c;
}

/* A class of a few bytes is that many texts. */
static struct words read_class(struct reader *r)
{
    struct words w = {.exact = true};
    bool few = true, first = true;
    if (r->p < r->end && *r->p == '^') few = false, r->p++;
    for (; r->p < r->end && (*r->p != ']' || first); first = false) {
        int c = (unsigned char)*r->p++;
        if (c == '[' && r->p < r->end && *r->p == ':') {
            while (r->p < r->end && *r->p++ != ']') {
            }
            c = -2;
        } else if (c == '\\') {
            c = read_escape(r);
        }
        bool range = r->end - r->p > 1 && *r->p == '-' && r->p[1] != ']';
        if (range) r->p++;
        struct words one = text_of((char[]){(char)c}, 1);
        if (range || c <= 0 || c >= 0x80 || w.n == 4 || !add_word(&w, one.s[0])) few = false;
    }
    if (r->p < r->end) r->p++;
    return few ? w : nothing_known();
}

static struct words read_atom(struct reader *r)
{
    char c = *r->p++;
    if (r->quoted || (c == '\\' && r->p < r->end && *r->p == 'Q')) {
        if (!r->quoted) return r->quoted = true, r->p++, text_of("", 0);
        if (c == '\\' && r->p < r->end && *r->p == 'E') return r->quoted = false, r->p++, text_of("", 0);
        return text_of(&c, 1);
    }
    if (c == '(') return read_group(r);
    if (c == '[') return read_class(r);
    if (c == '^' || c == '$') return text_of("", 0);
    if (c == '.') return nothing_known();
    if (c != '\\') return text_of(&c, 1);
    int e = read_escape(r);
    c = (char)e;
    return e == -1 ? text_of("", 0) : e <= 0 ? nothing_known() : text_of(&c, 1);
}

/* *, +, ?, {2}, {2,}, {2,5} at p: its length, 0 if there is none. */
static size_t quantifier(const char *p, const char *end, unsigned *min, unsigned *max)
{
    const char *q = p;
    *min = *max = 1;
    if (p == end) return 0;
    if (*p == '*' || *p == '+' || *p == '?') {
        *min = *p == '+';
        *max = *p == '?' ? 1 : 1000;
        q++;
    } else if (*p == '{') {
        unsigned v[2] = {0, 0}, k = 0, digits = 0;
        for (q++; q < end && *q != '}'; q++) {
            if (*q == ',' && k == 0 && digits) k = 1;
            else if (*q >= '0' && *q <= '9' && v[k] < 1000) v[k] = v[k] * 10 + (unsigned)(*q - '0'), digits++;
            else return 0;
        }
        if (q == end || !digits) return 0;
        *min = v[0];
        *max = q[-1] == ',' ? 1000 : v[k];
        q++;
    } else {
        return 0;
    }
    if (q < end && *q == '?') q++;
    return (size_t)(q - p);
}

static struct words read_repeat(struct reader *r)
{
    struct words w = read_atom(r);
    unsigned min, max;
    size_t n = r->quoted ? 0 : quantifier(r->p, r->end, &min, &max);
    r->p += n;
    if (!n || (min == 1 && max == 1)) return w;
    if (min == 0 && max == 1 && w.exact && add_word(&w, "")) return w;
    if (min == 0) return nothing_known();
    loosen(&w);
    return w;
}

static struct words read_cat(struct reader *r)
{
    struct words so_far = text_of("", 0), best = nothing_known(), more, next;
    bool exact = true;
    while (r->p < r->end && (r->quoted || (*r->p != '|' && *r->p != ')'))) {
        next = read_repeat(r);
        if (joined(&so_far, &next, &more)) {
            so_far = more;
            continue;
        }
        exact = false;
        offer(&best, so_far);
        if (!next.exact) offer(&best, next);
        so_far = next.exact ? next : text_of("", 0);
    }
    if (exact) return so_far;
    offer(&best, so_far);
    return best;
}

static struct words read_alt(struct reader *r)
{
    struct words w = read_cat(r);
    while (r->p < r->end && *r->p == '|') {
        r->p++;
        w = either(w, read_cat(r));
    }
    return w;
}

size_t regex_literals(struct slice regex, char out[LITERALS_MAX][LITERAL_LEN + 1])
{
    struct reader r = {.p = regex.p, .end = regex.p + regex.n};
    struct words w = read_alt(&r);
    loosen(&w);
    if (r.p != r.end || shortest(&w) < 2) return 0;
    memcpy(out, w.s, sizeof w.s);
    return w.n;
}

/* ---- groups ------------------------------------------------------------------------------------------------------- */

/* Past the group or the class or the escape or the byte at p. *varies: it is not a choice of fixed words. */
static const char *skip(const char *p, const char *end, bool *varies)
{
    unsigned min, max;
    struct reader r = {.p = p + 1, .end = end};
    if (*p == '\\') *varies |= read_escape(&r) == -2;
    else if (*p == '[') *varies |= !read_class(&r).exact;
    else if (*p == '.') *varies = true;
    else if (*p == '(' && skip_opening(&r)) {
        while (r.p < end && *r.p != ')') r.p = skip(r.p, end, varies);
        if (r.p < end) r.p++;
    }
    size_t n = quantifier(r.p, end, &min, &max);
    if (n && max > 1) *varies = true;
    return r.p + n;
}

/* A group that repeats holds its last turn only, and one that holds fixed words holds no secret. */
static bool may_be_value(const char *p, const char *end)
{
    struct reader r = {.p = p + 1, .end = end};
    bool varies = false;
    unsigned min, max;
    if (!skip_opening(&r)) return true;
    while (r.p < end && *r.p != ')') r.p = skip(r.p, end, &varies);
    return varies && (r.p == end || !quantifier(r.p + 1, end, &min, &max) || max <= 1);
}

enum err regex_value_groups(struct slice regex, struct buf *out)
{
    const char *end = regex.p + regex.n;
    enum err e = ERR_OK;
    if (slice_search(regex, SLICE("\\Q")) < regex.n) return buf_add(out, regex); /* may quote brackets */
    for (const char *p = regex.p, *next; p < end && !e; p = next) {
        bool varies = false, named = *p == '(' && end - p > 3 && (!strncmp(p, "(?P<", 4) || !strncmp(p, "(?<", 3));
        next = *p == '\\' || *p == '[' ? skip(p, end, &varies) : p + 1;
        if (*p != '(' || (p + 1 < end && p[1] == '?' && !named) || may_be_value(p, end)) {
            e = buf_add(out, slice_of(p, (size_t)(next - p)));
            continue;
        }
        if (named) next = (const char *)memchr(p, '>', (size_t)(end - p)) + 1;
        e = buf_add(out, SLICE("(?:"));
    }
    return e;
}
