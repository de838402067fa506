/* Joining what was cut apart: content parts of one message, and tokens with line breaks or Markdown emphasis inside.
 * Only the neighbourhood of each cut is copied, so a long text costs no more than a short one. */
#include "filters/gather.h"

#include "filters/detect/engine.h"

#define PART_EDGE      1024u /* bytes of a part looked at on each side of a cut */
#define PART_SHORT     256u  /* a part that may lie in the middle of a value */
#define PARTS_TOGETHER 4u
#define TOKEN_BACK     256u
#define TOKEN_EDGE     1024u
#define TOKEN_LEAST    16u
#define WHITE_MOST     64u
#define PIECES_MOST    32u
#define TOGETHER_MOST  200u /* more than two pieces are short ones, or all */
#define HASH_LEAST     12u
#define NUMBER_LEAST   8u
#define PREFIX_MOST    12u
#define WORD_LEAST     4u
#define LINE_LEAST     32u
#define WORK_BREAK     8u /* in a meter's units */

/* ---- content parts ----------------------------------------------------------------------------------------- */

/* Copies [start, end) of the gathered text to its end. */
static enum err copy(struct gather *g, uint32_t start, uint32_t end)
{
    struct slice s = SLICE_NONE;
    enum err e = gather_slice(g, start, end, end - start + sizeof DETECT_GAP, &s);
    return e ? e : view_add(&g->v, s, start | GATHER_SELF);
}

static enum err end_joined(struct gather *g)
{
    struct gather_text *t = &g->text[g->count];
    t->end = (uint32_t)g->v.text.end;
    if (t->end == t->start) return ERR_OK;
    g->count++;
    return buf_add(&g->v.text, SLICE(DETECT_GAP));
}

static bool is_short(const struct gather_text *t, uint32_t most) { return t->end - t->value <= most; }

/* Parts [first, last] of a message as one text: of the outer ones only the edges, short ones between whole. */
static enum err join_parts(struct gather *g, uint32_t first, uint32_t last)
{
    const struct gather_text a = g->text[g->part[first].text];
    enum err e = gather_open(g, GATHER_PARTS, a.level);
    if (!e) e = copy(g, is_short(&a, PART_EDGE) ? a.value : a.end - PART_EDGE, a.end);
    for (uint32_t i = first + 1; i <= last && !e; i++) {
        const struct gather_text t = g->text[g->part[i].text];
        e = copy(g, t.value, i < last || is_short(&t, PART_EDGE) ? t.end : t.value + PART_EDGE);
    }
    return e ? e : end_joined(g);
}

/* Where a value ends is not known, and a letter of the next part may hide it: so two, three and four parts together,
 * and a whole row of short ones. */
enum err gather_parts(struct gather *g)
{
    enum err e = ERR_OK;
    for (uint32_t i = 0; i < g->part_count && !e; i++) {
        uint32_t k = i + 1;
        for (; k < g->part_count && g->part[k].follows && k - i < PARTS_TOGETHER && !e; k++) {
            e = join_parts(g, i, k);
            if (!is_short(&g->text[g->part[k].text], PART_SHORT)) break;
        }
        if (e || g->part[i].follows) continue;
        for (k = i + 1; k < g->part_count && g->part[k].follows && is_short(&g->text[g->part[k].text], PART_SHORT);) k++;
        if (k - i > PARTS_TOGETHER) e = join_parts(g, i, k - 1);
    }
    return e;
}

/* ---- broken tokens ----------------------------------------------------------------------------------------- */

static bool token_bytes[256];

__attribute__((constructor)) static void make_tokens(void)
{
    for (const char *p = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_+/=.-@"; *p; p++)
        token_bytes[(unsigned char)*p] = true;
}

static inline bool is_token(char c) { return token_bytes[(unsigned char)c]; }
static inline bool is_emphasis(char c) { return c == '*' || c == '`' || c == '~'; }
static inline bool is_quote(char c) { return c == '"' || c == '\''; }
static inline bool is_white(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static size_t skip_white(struct slice s, size_t i)
{
    size_t most = i + WHITE_MOST;
    while (i < s.n && i < most && is_white(s.p[i])) i++;
    return i;
}

/* Where a string literal goes on that ends with the quote at i: "a" + "b", 'a' . 'b', "a" \ "b", "a" "b"; i if not. */
static size_t literal_end(struct slice s, size_t i)
{
    size_t k = skip_white(s, i + 1);
    if (k < s.n && (s.p[k] == '+' || s.p[k] == '.' || s.p[k] == '&' || s.p[k] == '\\')) k++;
    if (k < s.n && s.p[k] == '.' && s.p[k - 1] == '.') k++;
    k = skip_white(s, k);
    return k > i + 1 && k < s.n && s.p[k] == s.p[i] ? k + 1 : i;
}

/* Where a break that begins at i ends: emphasis marks, a string literal's end and next beginning, or a line end (a
 * backslash before it, white space and quote marks behind it); i if there is none. */
static size_t break_end(struct slice s, size_t i)
{
    if (i < s.n && is_quote(s.p[i])) return literal_end(s, i);
    size_t k = i;
    while (k < s.n && is_emphasis(s.p[k])) k++;
    size_t line = k;
    if (line < s.n && s.p[line] == '\\') line++;
    if (line < s.n && s.p[line] == '\r') line++;
    if (line >= s.n || s.p[line] != '\n') return k;
    k = line + 1;
    while (k < s.n && (s.p[k] == ' ' || s.p[k] == '\t' || s.p[k] == '>')) k++;
    while (k < s.n && is_emphasis(s.p[k])) k++;
    return k;
}

/* Where the token that the break at i cuts begins, not before `least`; i if none does. */
static size_t token_begin(struct slice s, size_t i, size_t least)
{
    if (i > least && s.p[i] == '\n' && s.p[i - 1] == '\r') i--;
    if (i > least && s.p[i - 1] == '\\') i--;
    size_t k = i;
    while (k > least && i - k < TOKEN_BACK && is_token(s.p[k - 1])) k--;
    return k;
}

/* A token in pieces: where each piece stands. */
struct pieces {
    uint32_t n;
    struct {
        size_t begin, end;
    } at[PIECES_MOST];
};

static size_t token_end(struct slice s, size_t i)
{
    while (i < s.n && is_token(s.p[i])) i++;
    return i;
}

/* Reads the pieces from `begin` on; returns where the last one ends. */
static size_t read_pieces(struct slice s, size_t begin, struct pieces *p)
{
    p->n = 0;
    while (1) {
        size_t end = token_end(s, begin), k;
        p->at[p->n].begin = begin;
        p->at[p->n++].end = end;
        if (p->n == PIECES_MOST) return end;
        k = break_end(s, end);
        if (k == end || k >= s.n || !is_token(s.p[k])) return end;
        begin = k;
    }
}

static inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
static inline bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
static inline bool is_letter(char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }

/* Length of the word s begins with: small letters, the first may be a capital. 0 if letters and digits go on otherwise. */
static size_t word_at(struct slice s)
{
    size_t k = 0;
    while (k < s.n && (is_lower(s.p[k]) || (k == 0 && is_letter(s.p[k])))) k++;
    return k < s.n && (is_digit(s.p[k]) || is_letter(s.p[k]) || s.p[k] == '_' || s.p[k] == '-') ? 0 : k;
}

/* Whether a value may begin in this piece: every token that is looked for has a name in front, so no number, date or hash
 * is its beginning. */
static bool may_begin(struct slice s)
{
    size_t k = 0;
    while (k < s.n && (is_digit(s.p[k]) || (s.p[k] >= 'a' && s.p[k] <= 'f') || s.p[k] == '-' || s.p[k] == '.')) k++;
    return k < s.n || k < HASH_LEAST;
}

/* Whether a value may end in this piece: not where a word, a path, a host or a date of the text begins. */
static bool may_end(struct slice s)
{
    if (s.p[0] == '@' || (s.n > 1 && s.p[0] == '-' && s.p[1] == '-')) return false;
    if (word_at(s) >= WORD_LEAST) return false;
    size_t k = 0;
    while (k < s.n && (is_digit(s.p[k]) || s.p[k] == '-' || s.p[k] == '.')) k++;
    return k < s.n || k < NUMBER_LEAST;
}

/* NAME=value: the next setting begins here. */
static bool is_setting(struct slice s)
{
    size_t k = 0;
    while (k < s.n && (is_letter(s.p[k]) || s.p[k] == '_')) k++;
    return k >= WORD_LEAST && k + 1 < s.n && s.p[k] == '=' && s.p[k + 1] != '=';
}

/* The same prefix again (hf_..., ntn_...): another token, and no part of the first. Parts of a JWT begin alike. */
static bool is_another(struct slice first, struct slice last)
{
    size_t k = 0;
    while (k < first.n && k < last.n && k < PREFIX_MOST && first.p[k] == last.p[k]) {
        if (k >= 2 && (first.p[k] == '_' || first.p[k] == '-')) return true;
        k++;
    }
    return false;
}

/* Whether pieces [first, last] together could be a value at all: long enough, and not only letters. */
static bool worth(struct slice s, const struct pieces *p, uint32_t first, uint32_t last)
{
    size_t length = 0;
    bool odd = false;
    for (uint32_t i = first; i <= last; i++) {
        size_t n = p->at[i].end - p->at[i].begin;
        length += n;
        for (size_t k = 0; k < n && k < TOKEN_EDGE && !odd; k++) odd = is_digit(s.p[p->at[i].begin + k]);
    }
    if (!odd || length < TOKEN_LEAST || !(last - first < 2 || last - first + 1 == p->n || length <= TOGETHER_MOST)) return false;
    const size_t a = p->at[first].begin, b = p->at[last].begin;
    const struct slice head = slice_of(s.p + a, p->at[first].end - a), tail = slice_of(s.p + b, p->at[last].end - b);
    return may_begin(head) && may_end(tail) && !is_setting(tail) && (first == last || !is_another(head, tail));
}

/* Lines of one length, as base64 is wrapped: they are looked at together, and two by two only at the ends. */
static bool wrapped(const struct pieces *p, uint32_t i)
{
    size_t n = p->at[i].end - p->at[i].begin;
    if (i == 0 || i + 2 >= p->n || n < LINE_LEAST) return false;
    return p->at[i - 1].end - p->at[i - 1].begin == n && p->at[i + 1].end - p->at[i + 1].begin == n;
}

/* Pieces [first, last] as one text: of the outer ones only the edges. */
static enum err add_token(struct gather *g, const struct gather_text *t, const struct pieces *p, uint32_t first, uint32_t last)
{
    enum err e = gather_open(g, GATHER_BREAKS, t->level);
    for (uint32_t i = first; i <= last && !e; i++) {
        size_t a = p->at[i].begin, b = p->at[i].end;
        if (i == first && b - a > TOKEN_EDGE) a = b - TOKEN_EDGE;
        if (i == last && b - a > TOKEN_EDGE) b = a + TOKEN_EDGE;
        e = copy(g, t->value + (uint32_t)a, t->value + (uint32_t)b);
    }
    return e ? e : end_joined(g);
}

/* As with parts: where the value ends is not known, so two to four pieces together, and all of them. */
static enum err add_tokens(struct gather *g, const struct gather_text *t, const struct pieces *p)
{
    enum err e = ERR_OK;
    for (uint32_t i = 0; i < p->n && !e; i++)
        for (uint32_t k = i + 1; k < p->n && !e; k++) {
            bool near_by = k - i < PARTS_TOGETHER, all = i == 0 && k == p->n - 1;
            if ((!near_by || wrapped(p, i)) && !all) continue;
            struct slice s = SLICE_NONE;
            if ((e = gather_slice(g, t->value, t->end, 0, &s))) break;
            if (worth(s, p, i, k)) e = add_token(g, t, p, i, k);
        }
    return e;
}

enum err gather_breaks(struct gather *g, uint32_t text)
{
    const struct gather_text t = g->text[text];
    const size_t at = t.value - g->marked, end = t.end - g->marked;
    struct pieces p;
    size_t least = 0, i = 0;
    if (!meter_add(g->meter, t.end - t.value)) return ERR_NOT_SCANNED;
    while ((i = marks_next(&g->marks, MARK_BREAK, at + i, end) - at) < t.end - t.value) {
        struct slice s = SLICE_NONE;
        enum err e = gather_slice(g, t.value, t.end, 0, &s);
        if (e) return e;
        if (!meter_add(g->meter, WORK_BREAK)) return ERR_NOT_SCANNED;
        if (is_quote(s.p[i]) && literal_end(s, i) == i) {
            i++;
            continue;
        }
        size_t begin = token_begin(s, i, least);
        if (begin == i || !is_token(s.p[begin])) {
            i++;
            continue;
        }
        size_t last = read_pieces(s, begin, &p);
        if (p.n > 1 && (e = add_tokens(g, &t, &p))) return e;
        if (p.n == PIECES_MOST) last = p.at[p.n - 1].begin; /* the last piece begins the next row */
        least = last > i ? last : i + 1;
        i = least;
    }
    return ERR_OK;
}
