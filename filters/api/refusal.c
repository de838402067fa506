/* Tells a refusal by its opening words. The opening is brought to a normal form and matched, anchored, against all
 * patterns at once; PCRE2's partial matching says whether more text could still make it one. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "filters/api/refusal.h"

#include <pcre2.h>

#define PATTERNS_MAX 4096u
#define PATTERN_MAX  512u  /* bytes, normal form */
#define SHORT_CHARS  300u  /* "any", "exact" and late openings count only in answers of at most this */
#define LATE_CHARS   24u   /* an opening may come this late in a short answer's first sentence: "Hello! I'm sorry, ..." */
#define OPENING_MAX  2048u /* bytes of normal form that are looked at: more than SHORT_CHARS and any pattern */

struct pattern {
    char *text;
    size_t len;
    enum refusal_where where;
};
struct refusals {
    struct pattern *pattern;
    size_t count;
    pcre2_general_context *pcre;
    pcre2_code *opening; /* every START pattern; NULL if there is none */
};

/* ---- normal form ---- */

struct normal {
    char text[OPENING_MAX + 8];
    size_t len;
    bool more;     /* the text goes on behind what is kept */
    bool thinking; /* a <think> block with something in it is open */
};

static const struct slice think_open = SLICE_INIT("<think>"), think_close = SLICE_INIT("</think>");

struct fold {
    const char *from, *to;
};
static const struct fold folds[] = {
    /* quotes */
    {"\xe2\x80\x98", "'"},
    {"\xe2\x80\x99", "'"},
    {"\xca\xbc", "'"},
    {"\xe2\x80\x9b", "'"},
    {"\xc2\xb4", "'"},
    {"\xe2\x80\x9c", "\""},
    {"\xe2\x80\x9d", "\""},
    /* white space */
    {"\xc2\xa0", " "},
    {"\xe3\x80\x80", " "},
    {"\xe2\x80\xaf", " "},
    {"\xe2\x80\x83", " "},
    {"\xe2\x80\x82", " "},
    {"\xe2\x80\x89", " "},
    /* nothing at all */
    {"\xe2\x80\x8b", ""},
    {"\xef\xbb\xbf", ""},
    {"\xe2\x80\x8d", ""},
    /* dashes */
    {"\xe2\x80\x91", "-"},
    {"\xe2\x80\x93", "-"},
    {"\xe2\x80\x94", "-"},
};

/* One character of s folded to at most 4 bytes; *n is what it took. A cut UTF-8 sequence passes as its bytes. */
static struct slice fold_char(struct slice s, char one[4], size_t *n)
{
    unsigned char c = (unsigned char)s.p[0];
    *n = 1;
    if (c < 0x80) {
        one[0] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
        if (c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v') one[0] = ' ';
        return slice_of(one, 1);
    }
    for (size_t i = 0; i < sizeof folds / sizeof folds[0]; i++) {
        size_t k = strlen(folds[i].from);
        if (s.n < k || memcmp(s.p, folds[i].from, k)) continue;
        *n = k;
        return slice_str(folds[i].to);
    }
    if (c == 0xef && s.n >= 3) { /* U+FF01..FF5E: full-width ASCII */
        unsigned u = 0xf000u | ((unsigned)s.p[1] & 0x3f) << 6 | ((unsigned)s.p[2] & 0x3f);
        if (u >= 0xff01 && u <= 0xff5e) {
            *n = 3;
            unsigned a = u - 0xfee0;
            one[0] = (char)(a >= 'A' && a <= 'Z' ? a + 32 : a);
            return slice_of(one, 1);
        }
    }
    size_t k = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
    if (k > s.n) k = s.n;
    memcpy(one, s.p, k);
    *n = k;
    return slice_of(one, k);
}

/* A <think> block at the start of s: its length with the closing tag, or all of s while it is open. */
static size_t think_block(struct slice s, bool *open_with_text)
{
    if (!slice_starts(s, think_open)) return 0;
    size_t at = slice_search(s, think_close);
    if (at < s.n) return at + think_close.n;
    struct slice in = slice_of(s.p + think_open.n, s.n - think_open.n);
    for (size_t i = 0; i < in.n; i++) /* what may be the closing tag, cut, is not text yet */
        if (!strchr(" \t\r\n", in.p[i])) {
            struct slice rest = slice_of(in.p + i, in.n - i);
            *open_with_text = rest.n >= think_close.n || !slice_starts(think_close, rest);
            break;
        }
    return s.n;
}

static void normalise(struct slice s, struct normal *o)
{
    o->len = 0;
    o->more = o->thinking = false;
    char one[4];
    for (size_t i = 0; i < s.n;) {
        size_t n = s.p[i] == '<' ? think_block(slice_of(s.p + i, s.n - i), &o->thinking) : 0;
        if (n) {
            i += n;
            continue;
        }
        struct slice c = fold_char(slice_of(s.p + i, s.n - i), one, &n);
        i += n;
        if (c.n == 0) continue;
        if (c.p[0] == ' ' && (o->len == 0 || o->text[o->len - 1] == ' ')) continue;
        if (o->len == 0 && strchr("*_#>-", c.p[0])) continue; /* Markdown before the first word */
        if (o->len + c.n > OPENING_MAX) {
            o->more = true;
            return;
        }
        memcpy(o->text + o->len, c.p, c.n);
        o->len += c.n;
    }
}

static void trim_end(struct normal *o)
{
    while (o->len && o->text[o->len - 1] == ' ') o->len--;
}

static size_t chars(struct slice s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

/* ---- building ---- */

static enum err compile(struct refusals *r)
{
    struct buf re = buf_make(PATTERNS_MAX * (PATTERN_MAX + 8));
    enum err e = buf_add(&re, SLICE("(?:"));
    size_t n = 0;
    for (size_t i = 0; !e && i < r->count; i++) {
        struct pattern *p = &r->pattern[i];
        if (p->where != REFUSAL_START) continue;
        if (n++) e = buf_add(&re, SLICE("|"));
        if (!e) e = buf_add(&re, SLICE("\\Q")); /* normal form is lower case: no \E in it */
        if (!e) e = buf_add(&re, slice_of(p->text, p->len));
        if (!e) e = buf_add(&re, SLICE("\\E"));
    }
    if (!e) e = buf_add(&re, SLICE(")"));
    if (!e && n) {
        int code = 0;
        PCRE2_SIZE at = 0;
        pcre2_compile_context *cc = pcre2_compile_context_create(r->pcre);
        struct slice text = buf_slice(&re);
        if (cc) r->opening = pcre2_compile((PCRE2_SPTR)text.p, text.n, PCRE2_ANCHORED, &code, &at, cc);
        pcre2_compile_context_free(cc);
        e = r->opening ? ERR_OK : cc ? ERR_SHAPE : ERR_MEMORY;
        if (r->opening) (void)pcre2_jit_compile(r->opening, PCRE2_JIT_PARTIAL_HARD);
    }
    buf_free(&re);
    return e;
}

static enum err add(struct refusals *r, const struct refusal_def *d)
{
    struct normal o;
    normalise(slice_str(d->pattern), &o);
    trim_end(&o);
    if (o.len == 0 || o.len > PATTERN_MAX || o.more) return ERR_SHAPE;
    struct pattern *p = &r->pattern[r->count];
    p->text = mem_strndup(o.text, o.len);
    if (!p->text) return ERR_MEMORY;
    p->len = o.len;
    p->where = d->where;
    r->count++;
    return ERR_OK;
}

enum err refusals_build(const struct refusal_def *defs, size_t n, struct refusals **out)
{
    *out = NULL;
    if (n > PATTERNS_MAX) return ERR_LIMIT;
    struct refusals *r = mem_zalloc(sizeof *r);
    if (!r) return ERR_MEMORY;
    r->pattern = mem_zalloc(n * sizeof *r->pattern);
    r->pcre = pcre2_general_context_create(mem_pcre2_alloc, mem_pcre2_free, NULL);
    enum err e = r->pattern && r->pcre ? ERR_OK : ERR_MEMORY;
    for (size_t i = 0; !e && i < n; i++) e = add(r, &defs[i]);
    if (!e) e = compile(r);
    if (e) {
        refusals_free(r);
        return e;
    }
    *out = r;
    return ERR_OK;
}

void refusals_free(struct refusals *r)
{
    if (!r) return;
    for (size_t i = 0; i < r->count; i++) mem_free(r->pattern[i].text);
    pcre2_code_free(r->opening);
    pcre2_general_context_free(r->pcre);
    mem_free(r->pattern);
    mem_free(r);
}

/* ---- testing ---- */

static enum refusal_answer opening(const struct refusals *r, struct slice s)
{
    if (!r->opening) return REFUSAL_NO;
    pcre2_match_data *md = pcre2_match_data_create(1, r->pcre);
    if (!md) return REFUSAL_NO; /* out of memory: do not hold an answer for it */
    int rc = pcre2_match(r->opening, (PCRE2_SPTR)s.p, s.n, 0, PCRE2_PARTIAL_HARD, md, NULL);
    pcre2_match_data_free(md);
    if (rc >= 0) return REFUSAL_YES;
    return rc == PCRE2_ERROR_PARTIAL ? REFUSAL_MAYBE : REFUSAL_NO;
}

/* One past the first sentence's end mark. */
static size_t first_sentence(struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '.' || s.p[i] == '!' || s.p[i] == '?') return i + 1;
        if (s.n - i >= 3 && memcmp(s.p + i, "\xe3\x80\x82", 3) == 0) return i + 3;
    }
    return s.n;
}

static bool short_answer(const struct refusals *r, struct slice s)
{
    struct slice first = slice_of(s.p, first_sentence(s));
    for (size_t i = 0; i < r->count; i++) {
        const struct pattern *p = &r->pattern[i];
        struct slice pat = slice_of(p->text, p->len);
        size_t at;
        switch (p->where) {
        case REFUSAL_EXACT:
            if (slice_eq(s, pat)) return true;
            break;
        case REFUSAL_ANY:
            if (slice_search(s, pat) < s.n) return true;
            break;
        case REFUSAL_START:
            at = slice_search(first, pat);
            if (at < first.n && chars(slice_of(first.p, at)) <= LATE_CHARS) return true;
            break;
        }
    }
    return false;
}

static enum refusal_answer test(const struct refusals *r, struct normal *o, bool whole)
{
    if (whole) trim_end(o);
    struct slice s = slice_of(o->text, o->len);
    if (o->len == 0) return whole || o->thinking ? REFUSAL_NO : REFUSAL_MAYBE;
    if (!whole && slice_starts(think_open, s)) return REFUSAL_MAYBE; /* "<thi" */
    enum refusal_answer a = opening(r, s);
    if (a == REFUSAL_YES || !whole) return a;
    if (!o->more && chars(s) <= SHORT_CHARS && short_answer(r, s)) return REFUSAL_YES;
    return REFUSAL_NO;
}

enum refusal_answer refusals_test(const struct refusals *r, struct slice text, bool whole)
{
    struct normal o;
    normalise(text, &o);
    enum refusal_answer a = test(r, &o, whole);
    mem_wipe(o.text, o.len);
    return a;
}
