/* The same value once more: a secret that was found by what stands beside it is looked for near by, where nothing does.
 * Only values long and mixed enough that they can't be a common word, and only in a window, so the cost is bounded. */
#include "filters/detect/scan.h"

#define ECHO_LEAST  12u
#define ECHO_MOST   512u
#define ECHO_WINDOW 16384u /* bytes on each side of the value */
#define ECHO_VALUES 64u    /* in one text */

static bool is_alnum(char c) { return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'); }

/* Letters and digits both, or small letters and capitals in turn, so that neither a word nor a number is taken for a
 * secret elsewhere. */
static bool telling(struct slice v)
{
    unsigned digits = 0, letters = 0, turns = 0;
    for (size_t i = 0; i < v.n; i++) {
        bool d = v.p[i] >= '0' && v.p[i] <= '9', letter = !d && is_alnum(v.p[i]);
        digits += d;
        letters += letter;
        turns += letter && i && is_alnum(v.p[i - 1]) && ((v.p[i] ^ v.p[i - 1]) & 0x20) != 0;
    }
    return letters >= 2 && (digits >= 2 || turns * 4 >= v.n);
}

static void look_in(struct detect_scratch *s, const struct finding *f, size_t from, size_t to)
{
    struct slice v = slice_of(s->text.p + f->start, f->end - f->start);
    while (from < to && to - from >= v.n) {
        const char *p = memmem(s->text.p + from, to - from, v.p, v.n);
        if (!p) return;
        size_t at = (size_t)(p - s->text.p), end = at + v.n;
        bool alone = (at == 0 || !is_alnum(p[-1])) && (end == s->text.n || !is_alnum(s->text.p[end]));
        if (alone) scan_found(s, f->rule, at, end, f->score);
        from = end;
    }
}

void echo_scan(struct detect_scratch *s, size_t first)
{
    size_t last = s->out->count;
    unsigned done = 0;
    for (size_t i = first; i < last && done < ECHO_VALUES && !s->err; i++) {
        const struct finding f = s->out->v[i]; /* the list may move */
        if (s->rs->rules[f.rule].pub.cls != RULE_SECRETS || f.end - f.start < ECHO_LEAST || f.end - f.start > ECHO_MOST) continue;
        if (!telling(slice_of(s->text.p + f.start, f.end - f.start))) continue;
        done++;
        scan_segment(s, f.start); /* a joined text's findings may not count: they say nothing about others */
        size_t lo = s->seg_lo, hi = s->seg_hi;
        look_in(s, &f, f.start > lo + ECHO_WINDOW ? f.start - ECHO_WINDOW : lo, f.start);
        look_in(s, &f, f.end, hi > f.end + ECHO_WINDOW ? f.end + ECHO_WINDOW : hi);
    }
}
