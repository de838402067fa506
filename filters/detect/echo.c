/* The same value once more: a secret that was found by what stands beside it is looked for near by, where nothing does;
 * of a person's name the words that lists know are, which then stand alone. Only values that can't be a common word, and
 * only in a window, so the cost is bounded. */
#include "filters/detect/scan.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define ECHO_LEAST  12u
#define ECHO_MOST   512u
#define ECHO_WINDOW 16384u /* bytes on each side of the value */
#define ECHO_VALUES 64u    /* in one text */
#define NAME_LEAST  4u
#define NAME_WINDOW 65536u /* bytes behind the name */
#define NAME_WORDS  24u    /* in one text, each of which is found so often at most */
#define NAME_TIMES  200u

/* --- looking for a value */

#if defined(__x86_64__)
/* By its first byte and its last, 64 places at a time. */
__attribute__((target("avx512f,avx512bw,bmi"))) static const char *echo_avx512(const char *p, size_t n, struct slice v)
{
    const __m512i first = _mm512_set1_epi8(v.p[0]), last = _mm512_set1_epi8(v.p[v.n - 1]);
    const size_t places = n - v.n + 1;
    for (size_t i = 0; i < places; i += 64) {
        const uint64_t in = places - i < 64 ? (1ull << (places - i)) - 1 : ~0ull;
        const __m512i a = _mm512_maskz_loadu_epi8(in, p + i), b = _mm512_maskz_loadu_epi8(in, p + i + v.n - 1);
        uint64_t m = _mm512_mask_cmpeq_epi8_mask(_mm512_mask_cmpeq_epi8_mask(in, a, first), b, last);
        for (; m; m &= m - 1) {
            const char *at = p + i + __builtin_ctzll(m);
            if (memcmp(at, v.p, v.n) == 0) return at;
        }
    }
    return NULL;
}
#endif

const char *echo_find(struct slice in, struct slice v)
{
    if (!v.n || in.n < v.n) return NULL;
#if defined(__x86_64__)
    if (structure_vectors() == VECTORS_AVX512) return echo_avx512(in.p, in.n, v);
#endif
    return memmem(in.p, in.n, v.p, v.n);
}

/* --- secrets */

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
        const char *p = echo_find(slice_of(s->text.p + from, to - from), v);
        if (!p) return;
        size_t at = (size_t)(p - s->text.p), end = at + v.n;
        bool alone = (at == 0 || !is_alnum(p[-1])) && (end == s->text.n || !is_alnum(s->text.p[end]));
        if (alone) scan_found(s, f->rule, at, end, f->score);
        from = end;
    }
}

/* --- names */

struct name_words {
    struct slice v[NAME_WORDS];
    size_t to[NAME_WORDS]; /* it was looked for so far */
    unsigned times[NAME_WORDS];
    size_t count;
};

/* A letter, or what joins words to one: a name within is part of a path, an address, an identifier. */
static bool is_joined(char c) { return is_alnum(c) || (unsigned char)c >= 0x80 || strchr("_@/\\#$&=-+", c) != NULL; }

static bool stands_alone(struct slice t, size_t at, size_t end)
{
    if (at > 0 && (is_joined(t.p[at - 1]) || t.p[at - 1] == '.')) return false;
    return end == t.n ||
           !(is_joined(t.p[end]) || t.p[end] == '(' || (t.p[end] == '.' && end + 1 < t.n && is_alnum(t.p[end + 1])));
}

static void look_for_name(struct detect_scratch *s, const struct finding *f, struct slice word, size_t from, size_t to,
                          unsigned *times)
{
    while (from < to && to - from >= word.n && *times < NAME_TIMES) {
        const char *p = echo_find(slice_of(s->text.p + from, to - from), word);
        if (!p) return;
        size_t at = (size_t)(p - s->text.p), end = at + word.n;
        if ((at < f->start || at >= f->end) && stands_alone(s->text, at, end)) {
            scan_found(s, f->rule, at, end, f->score);
            ++*times;
        }
        from = end;
    }
}

/* The parts of a name that are names and nothing else. */
static void echo_name(struct detect_scratch *s, const struct finding *f, struct name_words *done)
{
    struct slice t = s->text;
    scan_segment(s, f->start);
    size_t lo = f->start > s->seg_lo + ECHO_WINDOW ? f->start - ECHO_WINDOW : s->seg_lo;
    size_t hi = s->seg_hi > f->end + NAME_WINDOW ? f->end + NAME_WINDOW : s->seg_hi;
    for (size_t a = f->start, b; a < f->end && !s->err; a = b + 1) {
        for (b = a; b < f->end && t.p[b] != ' '; b++) {
        }
        struct slice word = slice_of(t.p + a, b - a);
        unsigned kind = word.n >= NAME_LEAST ? names_word(s->rs->names, word) : 0;
        if (!(kind & (NAME_GIVEN | NAME_FAMILY)) || kind & (NAME_GIVEN_WORD | NAME_NEVER)) continue;
        size_t k = 0;
        while (k < done->count && !slice_eq(done->v[k], word)) k++;
        if (k == NAME_WORDS) return;
        if (k == done->count) {
            done->v[done->count++] = word;
            done->to[k] = done->times[k] = 0;
        }
        look_for_name(s, f, word, done->to[k] > lo ? done->to[k] : lo, hi, &done->times[k]);
        done->to[k] = hi;
    }
}

void echo_scan(struct detect_scratch *s, size_t first)
{
    struct name_words names = {.count = 0};
    size_t last = s->out->count;
    unsigned done = 0;
    for (size_t i = first; i < last && done < ECHO_VALUES && !s->err; i++) {
        const struct finding f = s->out->v[i]; /* the list may move */
        if (s->rs->names && strcmp(s->rs->rules[f.rule].pub.type, "PERSON") == 0) echo_name(s, &f, &names);
        if (s->rs->rules[f.rule].pub.cls != RULE_SECRETS || f.end - f.start < ECHO_LEAST || f.end - f.start > ECHO_MOST) continue;
        if (!telling(slice_of(s->text.p + f.start, f.end - f.start))) continue;
        done++;
        scan_segment(s, f.start); /* a joined text's findings may not count: they say nothing about others */
        size_t lo = s->seg_lo, hi = s->seg_hi;
        look_in(s, &f, f.start > lo + ECHO_WINDOW ? f.start - ECHO_WINDOW : lo, f.start);
        look_in(s, &f, f.end, hi > f.end + ECHO_WINDOW ? f.end + ECHO_WINDOW : hi);
    }
}
