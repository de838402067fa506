/* Reads placeholders and their bent forms. Pure text: it knows the form, not which ones were given out. */
#include "filters/mask/placeholder.h"

static bool split(struct ph_word *w)
{
    size_t d = w->len;
    while (d && w->text[d - 1] >= '0' && w->text[d - 1] <= '9') d--;
    size_t digits = w->len - d;
    if (digits == 0 || digits > PH_DIGITS_MAX || w->text[d] == '0') return false;
    if (d < 2 || w->text[d - 1] != '_' || d - 1 > PH_TYPE_MAX) return false;
    w->type_len = d - 1;
    return true;
}

enum ph_result ph_read_word(struct slice s, bool final, struct ph_word *w)
{
    w->len = w->type_len = w->used = 0;
    w->lower = false;
    size_t i = 0;
    for (;; i++) {
        if (i == s.n) {
            w->used = i;
            if (!final) return w->len > PH_WORD_MAX ? PH_NO : PH_PARTIAL;
            break;
        }
        unsigned char c = (unsigned char)s.p[i];
        if (c == '\\') {
            if (i + 1 == s.n && !final) {
                w->used = i;
                return w->len > PH_WORD_MAX ? PH_NO : PH_PARTIAL;
            }
            if (i + 1 == s.n || s.p[i + 1] != '_') break;
            c = (unsigned char)s.p[++i];
        }
        if (!ph_word_byte(c)) break;
        if (w->len > PH_WORD_MAX) return PH_NO;
        if (c >= 'a' && c <= 'z') {
            w->lower = true;
            c = (unsigned char)(c - 32);
        }
        w->text[w->len++] = (char)c;
    }
    w->used = i;
    if (w->len == 0 || w->len > PH_WORD_MAX || (w->text[0] >= '0' && w->text[0] <= '9')) return PH_NO;
    return split(w) ? PH_YES : PH_NO;
}

static const struct slice openers[] = {
    SLICE_INIT("<"),       SLICE_INIT("\\<"),          SLICE_INIT("&lt;"),         SLICE_INIT("\\u003c"),
    SLICE_INIT("\\u003C"), SLICE_INIT("\xef\xbc\x9c"), SLICE_INIT("\xe3\x80\x88"),
};
static const struct slice closers[] = {
    SLICE_INIT(">"),       SLICE_INIT("\\>"),          SLICE_INIT("&gt;"),         SLICE_INIT("\\u003e"),
    SLICE_INIT("\\u003E"), SLICE_INIT("\xef\xbc\x9e"), SLICE_INIT("\xe3\x80\x89"),
};
#define BRACKETS (sizeof openers / sizeof openers[0])

static size_t bracket(const struct slice *set, struct slice s, bool *partial)
{
    *partial = false;
    for (size_t i = 0; i < BRACKETS; i++) {
        size_t n = set[i].n < s.n ? set[i].n : s.n;
        if (memcmp(set[i].p, s.p, n)) continue;
        if (n == set[i].n) {
            *partial = false;
            return n;
        }
        *partial = true;
    }
    return 0;
}

size_t ph_open(struct slice s, bool *partial) { return bracket(openers, s, partial); }
size_t ph_close(struct slice s, bool *partial) { return bracket(closers, s, partial); }

/* The start of the word that ends before `end`: not further back than a placeholder is long. */
static size_t word_start(struct slice t, size_t floor, size_t end)
{
    size_t i = end;
    while (i > floor && end - i <= 2 * PH_WORD_MAX) {
        unsigned char c = (unsigned char)t.p[i - 1];
        if (ph_word_byte(c)) {
            i--;
            continue;
        }
        if (c == '\\' && i < end && t.p[i] == '_') {
            i--;
            continue;
        }
        break;
    }
    return i;
}

bool ph_next(struct slice text, size_t *at, struct ph_word *w)
{
    size_t from = *at;
    while (from < text.n) {
        const char *u = memchr(text.p + from, '_', text.n - from);
        if (!u) break;
        size_t i = (size_t)(u - text.p) + 1;
        from = i;
        if (i >= text.n || text.p[i] < '1' || text.p[i] > '9') continue;
        size_t start = word_start(text, 0, i);
        enum ph_result r = ph_read_word(slice_of(text.p + start, text.n - start), true, w);
        w->start = start;
        if (start + w->used > from) from = start + w->used;
        while (r != PH_YES && from < text.n && ph_word_byte((unsigned char)text.p[from])) from++; /* stays linear */
        if (r != PH_YES) continue;
        *at = from;
        return true;
    }
    *at = text.n;
    return false;
}
