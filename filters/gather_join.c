/* Joining what was cut apart: content parts of one message, and tokens with line breaks or Markdown emphasis inside.
 * Only the neighbourhood of each cut is copied, so a long text costs no more than a short one. */
#include "filters/gather.h"

#include "filters/detect/engine.h"
#include "filters/text/breaks.h"

#include <strings.h>

#define PART_EDGE      1024u /* bytes of a part looked at on each side of a cut */
#define PART_SHORT     256u  /* a part that may lie in the middle of a value */
#define PARTS_TOGETHER 4u
#define TOKEN_BACK     256u
#define TOKEN_EDGE     1024u
#define TOKEN_LEAST    16u
#define PIECES_MOST    160u
#define BLANKS_MOST    16u
#define COLUMN_LEAST   24u
#define TAG_MOST       64u
#define MARKS_MOST     128u
#define MARGIN_MOST    64u
#define GROUPS_MOST    64u
#define CONTEXT_MOST   96u
#define NUMBER_MOST    32u
#define DIGITS_LEAST   8u
#define DIGITS_MOST    40u
#define LINE_LOOK      256u
#define RECORD_ALIKE   3u /* bytes two lines begin with: no number is in both */
#define RECORD_SURE    6u /* ... nor anything else */
#define SHORT_LEAST    7u
#define CASES_LEAST    6u
#define FEW_PIECES     12u
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

/* A text as it lies now: whatever is appended may move it. */
static inline struct slice text_now(const struct gather *g, const struct gather_text *t)
{
    return slice_of(g->v.text.p + t->value, t->end - t->value);
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

enum { IN_TOKEN = 1, IN_GROUP = 2, IN_HEX = 4, IN_NUMBER = 8, IN_DIGITS = 16 };
static uint8_t kinds[256];

__attribute__((constructor)) static void make_kinds(void)
{
    for (const char *p = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_+/=.-@:!#$%&"; *p; p++)
        kinds[(unsigned char)*p] |= IN_TOKEN;
    for (const char *p = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"; *p; p++) kinds[(unsigned char)*p] |= IN_GROUP;
    for (const char *p = "0123456789abcdefABCDEF"; *p; p++) kinds[(unsigned char)*p] |= IN_HEX;
    for (const char *p = "0123456789 -.()+/:="; *p; p++) kinds[(unsigned char)*p] |= IN_NUMBER;
    for (unsigned c = '0'; c <= '9'; c++) kinds[c] |= IN_DIGITS;
}

static inline bool is_token(char c) { return kinds[(unsigned char)c] & IN_TOKEN; }
static inline bool is_group(char c) { return kinds[(unsigned char)c] & IN_GROUP; }
static inline bool is_emphasis(char c) { return c == '*' || c == '`' || c == '~'; }
/* A single tilde is no mark. */
static inline bool is_mark(struct slice s, size_t i)
{
    return is_emphasis(s.p[i]) && (s.p[i] != '~' || (i + 1 < s.n && s.p[i + 1] == '~') || (i > 0 && s.p[i - 1] == '~'));
}
static inline bool is_quote(char c) { return c == '"' || c == '\''; }
static inline bool is_white(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
static inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
static inline bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
static inline bool is_letter(char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }

/* A group of a number ends before i, where marks begin: "5333 **7161**", "(415) <b>555". */
static bool ends_group(struct slice s, size_t i)
{
    size_t k = i;
    while (k > 0 && i - k < 2 && (s.p[k - 1] == ' ' || s.p[k - 1] == '(' || s.p[k - 1] == ')')) k--;
    return k < i && k > 0 && is_digit(s.p[k - 1]);
}

/* The end of an HTML comment at i; i if there is none. */
static size_t comment_end(struct slice s, size_t i)
{
    const size_t n = s.n - i < TAG_MOST ? s.n - i : TAG_MOST;
    if (n < 7 || memcmp(s.p + i, "<!--", 4) != 0) return i;
    const char *end = memmem(s.p + i + 4, n - 4, "-->", 3);
    return end ? (size_t)(end - s.p) + 3 : i;
}

/* The end of an HTML tag at i that only shapes text; i if there is none. */
static size_t tag_end(struct slice s, size_t i)
{
    static const char names[][8] = {"b",   "i",   "u",   "s",    "em",   "br",   "tt",   "wbr",   "sub",   "sup",
                                    "del", "ins", "kbd", "span", "code", "font", "mark", "small", "strong"};
    size_t k = i + 1, n = 0;
    char name[8] = {0};
    if (k < s.n && s.p[k] == '!') return comment_end(s, i);
    if (k < s.n && s.p[k] == '/') k++;
    for (; k + n < s.n && n < 7 && is_letter(s.p[k + n]); n++) name[n] = (char)(s.p[k + n] | 32);
    bool known = false;
    for (size_t j = 0; n && j < sizeof names / sizeof names[0] && !known; j++) known = memcmp(names[j], name, sizeof name) == 0;
    if (!known) return i;
    for (k += n; k < s.n && k - i < TAG_MOST && s.p[k] != '<' && s.p[k] != '\n'; k++)
        if (s.p[k] == '>') return k + 1;
    return i;
}

/* Emphasis marks and tags from i on. */
static size_t skip_marks(struct slice s, size_t i)
{
    size_t most = i + MARKS_MOST;
    while (i < s.n && i < most) {
        size_t k = s.p[i] == '<' ? tag_end(s, i) : i + is_mark(s, i);
        if (k == i) break;
        i = k;
    }
    return i;
}

/* What may stand before a line that goes on: quote marks, a list's or a comment's mark, and white space. */
static size_t skip_margin(struct slice s, size_t i)
{
    size_t most = i + MARGIN_MOST, n = most < s.n ? most : s.n;
    while (i < n && (s.p[i] == ' ' || s.p[i] == '\t' || s.p[i] == '>' || s.p[i] == '|')) i++;
    size_t k = i;
    while (k < n && k - i < 3 && (s.p[k] == '/' || s.p[k] == '#')) k++;
    if (k == i && k < n && (s.p[k] == '-' || s.p[k] == '*' || s.p[k] == '+')) k++;
    if (k < n && k > i && s.p[k] == ' ') i = k + 1;
    else if (k == i + 1 && s.p[i] == '+' && k < n && s.p[k] != '+') i = k; /* a diff's mark */
    return skip_marks(s, i);
}

/* Where a break that begins at i ends: emphasis marks, a string literal's end and next beginning, or a line end (a
 * backslash or what else says that a line goes on before it, its margin behind it); i if there is none. */
static size_t break_end(struct slice s, size_t i)
{
    if (i < s.n && is_quote(s.p[i])) return breaks_literal(s, i);
    size_t k = skip_marks(s, i), line = k;
    if (s.n - line >= 2 && s.p[line] == ' ' && (s.p[line + 1] == '\\' || s.p[line + 1] == '\n')) line++;
    if (line < s.n && s.p[line] == '\\') line++;
    if (line < s.n && s.p[line] == '\r') line++;
    return line < s.n && s.p[line] == '\n' ? skip_margin(s, line + 1) : k;
}

/* A text, and what marks.h has of its bytes: byte 0 is number `at` there. */
struct marked {
    struct slice s;
    const struct marks *m;
    size_t at;
};

/* Where the token that the break at i cuts begins, not before `least`; i if none does. */
static size_t token_begin(const struct marked *x, size_t i, size_t least)
{
    const struct slice s = x->s;
    if (i > least && s.p[i] == '\n' && s.p[i - 1] == '\r') i--;
    if (i > least && s.p[i - 1] == '\\') i--;
    if (i > least && s.p[i - 1] == ' ' && i < s.n && s.p[i] == '\\') i--;
    size_t k = i;
    if (k > least + 2 && ends_group(s, k))
        while (k > least && !is_digit(s.p[k - 1])) k--;
    if (i - k >= TOKEN_BACK) return k;
    if (least + TOKEN_BACK < i) least = i - TOKEN_BACK;
    return bits_begin(marks_row(x->m, MARK_TOKEN), x->at + k, x->at + least) - x->at;
}

/* A token in pieces: where each piece stands. */
struct pieces {
    uint32_t n;
    enum { UNKNOWN, NONE, ONE } number; /* whether digits of the numbers round the first cut are enough for one: is_number() */
    bool digits, mail;                  /* one of the pieces has digits; an '@' */
    struct piece {
        uint32_t begin, end;
        bool digit, line; /* it has a digit; a line end comes behind it */
        bool margin;      /* ... and a margin that both lines have (breaks_margin) */
        uint16_t changes; /* between small letters and capitals */
    } at[PIECES_MOST];
};

static struct piece read_piece(const struct marked *t, size_t begin, size_t end, struct pieces *p)
{
    struct piece x = {.begin = (uint32_t)begin, .end = (uint32_t)end};
    const size_t most = end - begin > TOKEN_EDGE ? begin + TOKEN_EDGE : end;
    const size_t changes = bits_count(marks_row(t->m, MARK_CHANGE), t->at + begin + 1, t->at + most);
    x.changes = (uint16_t)changes;
    const size_t sign = marks_next(t->m, MARK_DIGIT, t->at + begin, t->at + most) - t->at;
    if (sign == most) return x;
    for (size_t k = sign; k < most && !x.digit; k++) x.digit = is_digit(t->s.p[k]);
    p->digits |= x.digit;
    p->mail |= memchr(t->s.p + sign, '@', most - sign) != NULL;
    return x;
}

/* The end of a token, or of a number in groups. */
static size_t token_end(const struct marked *x, size_t i)
{
    const struct slice s = x->s;
    const size_t most = s.n - i > GROUPS_MOST ? i + GROUPS_MOST : s.n;
    while (1) {
        i = marks_end(x->m, MARK_TOKEN, x->at + i, x->at + s.n) - x->at;
        if (i == 0 || i + 1 >= most || !(is_group(s.p[i - 1]) || s.p[i - 1] == ')')) return i;
        size_t k = i;
        while (k < most && k - i < 2 && (s.p[k] == ' ' || s.p[k] == '(' || s.p[k] == ')')) k++;
        if (k == i || k >= most || !is_group(s.p[k]) || (!is_digit(s.p[i - 1]) && !is_digit(s.p[k]))) return i;
        i = k;
    }
}

/* A line may end in a colon only inside an address: behind some of its digits, and those behind another colon, of the piece
 * before or this one. */
static bool is_label(struct slice s, const struct piece *before, size_t begin, size_t end)
{
    if (s.p[end - 1] != ':') return false;
    size_t k = end - 1;
    while (k > begin && end - k < 6 && kinds[(unsigned char)s.p[k - 1]] & IN_HEX) k--;
    if (k == end - 1) return true;
    if (k == begin) return !before || !memchr(s.p + before->begin, ':', before->end - before->begin);
    return s.p[k - 1] != ':';
}

/* Where emphasis begins behind the blank after a group; 0 if it does not. */
static size_t marks_follow(struct slice s, size_t end)
{
    size_t k = end;
    while (k < s.n && k - end < 2 && (s.p[k] == ' ' || s.p[k] == '(' || s.p[k] == ')')) k++;
    return k > end && k < s.n && (s.p[k] == '<' || is_mark(s, k)) ? k : 0;
}

static inline bool is_break(char c) { return c == '\n' || c == '\r' || c == '\\' || is_quote(c) || is_emphasis(c); }

static inline unsigned two_digits(const char *p) { return 10 * (unsigned)(p[0] - '0') + (unsigned)(p[1] - '0'); }

/* A date or a time: "2024-05-", "12:30:", "31.12.". */
static bool is_date(struct slice s)
{
    size_t k = 0;
    while (k < s.n && k < 5 && is_digit(s.p[k])) k++;
    if (s.n - k < 4 || (k != 4 && k != 2) || (s.p[k] != '-' && s.p[k] != '/' && s.p[k] != '.' && s.p[k] != ':')) return false;
    if (!is_digit(s.p[k + 1]) || !is_digit(s.p[k + 2])) return false;
    if (k == 2 && s.p[k] == '.' && (two_digits(s.p) > 31 || two_digits(s.p + 3) > 12)) return false; /* of an IP address */
    return s.p[k + 3] == s.p[k] || (s.n - k >= 7 && s.p[k + 3] == ' ' && is_digit(s.p[k + 4]) && s.p[k + 6] == ':');
}

/* Where a line that goes on at k, behind the line end at i, goes on if what stands there is a margin still, and no token or
 * number in groups to the end of its line. */
static size_t behind_margin(const struct marked *t, size_t i, size_t k, bool *margin)
{
    const struct slice s = t->s;
    size_t end = marks_end(t->m, MARK_TOKEN, t->at + k, t->at + s.n) - t->at;
    const bool date = is_date(slice_of(s.p + k, s.n - k));
    while (!date && end > k && s.n - end > 1 && s.p[end] == ' ' && is_digit(s.p[end - 1]) && is_digit(s.p[end + 1]))
        end = marks_end(t->m, MARK_TOKEN, t->at + end + 1, t->at + s.n) - t->at;
    const size_t blank = end < s.n && s.p[end] == ' '; /* it may end its line */
    const bool alone = end > k && (s.n - end == blank || is_break(s.p[end + blank]) || is_lower(s.p[k])); /* or the next word */
    const size_t behind = alone ? 0 : breaks_margin(marks_row(t->m, MARK_WHITE), t->at, s, i);
    *margin = behind > k;
    return *margin ? behind : k;
}

/* The line end in a break, which mostly is all of it. */
static inline const char *line_end(const char *p, size_t n) { return *p == '\n' ? p : memchr(p, '\n', n); }

/* Reads the pieces from `begin` on; returns where the last one ends. */
static size_t read_pieces(const struct marked *t, size_t begin, struct pieces *p)
{
    const struct slice s = t->s;
    p->n = 0;
    p->digits = p->mail = false;
    while (1) {
        size_t k = begin, end;
        while (!is_token(s.p[k])) k++; /* a blank before a group */
        end = token_end(t, k);
        if (end < s.n && is_group(s.p[end - 1]) && marks_follow(s, end)) end = marks_follow(s, end);
        if (s.n - end > 1 && s.p[end] == ' ' && (s.p[end + 1] == '\n' || s.p[end + 1] == '\r') && is_group(s.p[end - 1])) end++;
        struct piece *x = &p->at[p->n++];
        *x = read_piece(t, begin, end, p);
        if (p->n == PIECES_MOST) return end;
        k = break_end(s, end);
        const char *line = k > end ? line_end(s.p + end, k - end) : NULL;
        x->line = line;
        if (line) k = behind_margin(t, (size_t)(line - s.p), k, &x->margin);
        if (k == end || k >= s.n || (x->line && is_label(s, p->n > 1 ? x - 1 : NULL, begin, end))) return end;
        if (line && p->n > 1 && x[-1].margin && !x->margin) return end; /* the margin of a line with something else */
        begin = k;
        while (k < s.n && k - begin < 2 && (s.p[k] == ' ' || s.p[k] == '(' || s.p[k] == ')')) k++;
        if (k >= s.n || !is_token(s.p[k]) || (k > begin && !is_digit(s.p[k]))) return end;
    }
}

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

/* A name before a value: what it begins goes with nothing before it. */
static bool is_assignment(struct slice s, size_t n)
{
    size_t k = 0;
    while (k < n && (is_letter(s.p[k]) || is_digit(s.p[k]) || s.p[k] == '_' || s.p[k] == '-' || s.p[k] == '.')) k++;
    if (k == 0) return false;
    if (k < n) return (s.p[k] == '=' || s.p[k] == ':') && !(s.p[k] == '=' && (k + 1 == n || s.p[k + 1] == '='));
    size_t end = k; /* blanks before the sign, and a blank or a quote mark behind it */
    while (end < s.n && end - k < BLANKS_MOST && (s.p[end] == ' ' || s.p[end] == '\t')) end++;
    if (end + 1 >= s.n) return false;
    if (s.p[end] == ':') return is_white(s.p[end + 1]) || is_quote(s.p[end + 1]);
    return end > k && s.p[end] == '=';
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

/* A checksum before a file's name, as md5sum and its kin list them: it is no end of the line before. */
static bool is_checksum(struct slice s, size_t n)
{
    if ((n != 32 && n != 40 && n != 56 && n != 64 && n != 96 && n != 128) || s.n - n < 3) return false;
    if (s.p[n] != ' ' || (s.p[n + 1] != ' ' && s.p[n + 1] != '*') || is_white(s.p[n + 2])) return false;
    for (size_t k = 0; k < n; k++)
        if (!(kinds[(unsigned char)s.p[k]] & IN_HEX)) return false;
    return true;
}

/* Whether a value may end in this piece, the beginning of s: not where a word, a path, a host or a date of the text begins. */
static bool may_end(struct slice s, size_t n, bool number)
{
    if (s.p[0] == '@' || (n > 1 && s.p[0] == '-' && s.p[1] == '-')) return false;
    if (!number && memchr(s.p, '/', n) && memchr(s.p, '.', n)) return false; /* src/main.c */
    if (is_checksum(s, n)) return false;
    size_t word = word_at(slice_of(s.p, n)), k = 0;
    if (word >= WORD_LEAST) return false;
    if (word && word == n && s.n - n >= 2 && s.p[n] == ' ' && (is_letter(s.p[n + 1]) || s.p[n + 1] == '='))
        return false; /* "and so on" */
    if (number) return !memchr(s.p, '=', n);
    if (is_assignment(s, n)) return false;
    while (k < n && (is_digit(s.p[k]) || s.p[k] == '-' || s.p[k] == '.')) k++;
    return k < n || k < NUMBER_LEAST;
}

/* What stands before the first piece in its line, for the names that say what it is. */
static size_t context_begin(struct slice s, size_t begin)
{
    size_t k = begin;
    while (k > 0 && begin - k < CONTEXT_MOST && s.p[k - 1] != '\n') k--;
    while (k < begin && k > 0 && ((unsigned char)s.p[k] & 0xC0) == 0x80) k++; /* no half a character */
    return k;
}

/* Whether what stands before the piece says what it is: "key: ", "key=", "key is ". */
static bool is_named(struct slice s, size_t begin)
{
    size_t k = begin;
    while (k > 0 && begin - k < 4 && (s.p[k - 1] == ' ' || s.p[k - 1] == '"' || s.p[k - 1] == '\'')) k--;
    if (k == 0) return false;
    char c = s.p[k - 1];
    if (c == ':' || c == '=' || (unsigned char)c >= 0x80) return true;
    return k >= 3 && k < begin && s.p[k - 1] == 's' && s.p[k - 2] == 'i' && s.p[k - 3] == ' ';
}

/* Counts the digits of a number's groups at k, one step of `step` at a time, up to `end`. */
struct digits {
    size_t digits, dots;
};
static void count_digits(struct slice s, size_t k, size_t n, int step, struct digits *d)
{
    for (; n; n--, k = step > 0 ? k + 1 : k - 1) {
        const char c = s.p[k];
        if (!(kinds[(unsigned char)c] & (IN_NUMBER | IN_HEX | IN_GROUP))) return;
        d->digits += is_digit(c);
        d->dots += c == '.' || c == ':';
    }
}

static bool in_number(char c, bool hex) { return kinds[(unsigned char)c] & (IN_NUMBER | IN_GROUP | (hex ? IN_HEX : 0)); }

/* Whether the digits on both sides of the first cut may be one number. */
static bool count_number(struct slice s, const struct pieces *p)
{
    struct digits d = {0, 0};
    const size_t a = p->at[0].end;
    if (!p->digits || p->n > COLUMN_LEAST) return false; /* a column of numbers, not one number */
    if (!in_number(s.p[a - 1], true) || !in_number(s.p[p->at[1].begin], true)) return false;
    count_digits(s, a - 1, a < NUMBER_MOST ? a : NUMBER_MOST, -1, &d);
    for (uint32_t i = 1; i < p->n && i < 8; i++) {
        const size_t n = p->at[i].end - p->at[i].begin;
        count_digits(s, p->at[i].begin, n < NUMBER_MOST ? n : NUMBER_MOST, 1, &d);
    }
    const bool address = d.dots >= 3 && d.digits >= 4;
    return address || (d.digits >= DIGITS_LEAST && d.digits <= DIGITS_MOST);
}

/* The same, counted once and only where somebody asks. */
static bool is_number(struct slice s, struct pieces *p)
{
    if (p->number == UNKNOWN) p->number = count_number(s, p) ? ONE : NONE;
    return p->number == ONE;
}

/* Lines that begin alike are records, one behind the other, and not one value in two lines. */
static bool is_record(struct slice s, const struct piece *left, const struct piece *right, size_t alike)
{
    const size_t most = left->begin < LINE_LOOK ? 0 : left->begin - LINE_LOOK;
    const char *line = memrchr(s.p + most, '\n', left->begin - most);
    size_t k = skip_margin(s, line ? (size_t)(line - s.p) + 1 : most), n = 0;
    if (k + alike > left->begin) return false;
    while (n < alike && right->begin + n < s.n && s.p[k + n] == s.p[right->begin + n]) n++;
    return n == alike;
}

/* Whether a mailbox that ends at `end` is whole: what follows is not of it. */
static bool is_whole(struct slice s, size_t end)
{
    static const char *const names[] = {".com", ".org", ".net", ".edu", ".gov", ".info",
                                        ".io",  ".de",  ".fr",  ".uk",  ".es",  ".it"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t n = strlen(names[i]);
        if (end >= n && strncasecmp(s.p + end - n, names[i], n) == 0) return true;
    }
    return false;
}

static inline bool is_domain(char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '.'; }

/* A mailbox cut apart: what is before the cut is none yet, or what follows ends like one. */
static bool is_mailbox(struct slice s, const struct pieces *p, uint32_t first, uint32_t last)
{
    bool at = false, dot = false, before = false;
    size_t name = 0; /* what stands behind the last dot, and the dot */
    for (uint32_t i = first; i <= last && p->mail; i++) {
        if (i == last) before = at && name > 3;
        for (size_t k = p->at[i].begin; k < p->at[i].end; k++) {
            const char c = s.p[k];
            if (c == '@') at = true, dot = false, name = 0;
            else if (at && !is_domain(c)) return dot && i == last && !before;
            else if (at && c == '.') dot = true, name = 1;
            else name += name > 0;
        }
        if (i < last && at && p->at[i].line && is_whole(s, p->at[i].end)) return false;
    }
    return at && dot && (!before || memchr(s.p + p->at[last].begin, '.', p->at[last].end - p->at[last].begin));
}

/* Whether pieces [first, last] are more than words. */
static bool is_odd(const struct pieces *p, uint32_t first, uint32_t last, size_t *length)
{
    size_t changes = 0;
    bool digit = false;
    *length = 0;
    for (uint32_t i = first; i <= last; i++) {
        *length += p->at[i].end - p->at[i].begin;
        digit |= p->at[i].digit;
        changes += p->at[i].changes;
    }
    return digit || changes >= CASES_LEAST;
}

static bool has_alnum(struct slice s)
{
    for (size_t k = 0; k < s.n && k < TOKEN_EDGE; k++)
        if (is_letter(s.p[k]) || is_digit(s.p[k])) return true;
    return false;
}

/* Nothing but digits and marks in pieces [first, last]: lines of a column, where they are no number in groups. */
static bool is_column(struct slice s, const struct pieces *p, uint32_t first, uint32_t last)
{
    for (uint32_t i = first; i <= last; i++)
        for (size_t k = p->at[i].begin; k < p->at[i].end; k++)
            if (is_letter(s.p[k])) return false;
    return true;
}

/* Whether pieces [first, last] together could be a value at all. (What costs little and is seldom so is asked first.) */
static bool worth(struct slice s, struct pieces *p, uint32_t first, uint32_t last)
{
    size_t length;
    const bool odd = is_odd(p, first, last, &length);
    if (!(odd || p->mail) || !(last - first < 2 || last - first + 1 == p->n || length <= TOGETHER_MOST)) return false;
    const size_t a = p->at[first].begin, b = p->at[last].begin, behind = p->at[last].end;
    const bool line = p->at[last - 1].line;
    if (line && is_date(slice_of(s.p + b, s.n - b))) return false;
    if (p->mail && is_mailbox(s, p, first, last)) return !line || behind == s.n || s.p[behind] != '('; /* else a decorator */
    if (!odd) return false;
    const struct slice head = slice_of(s.p + a, p->at[first].end - a), tail = slice_of(s.p + b, behind - b);
    if (line && (!has_alnum(head) || !has_alnum(tail))) return false;
    const bool number = is_number(s, p) && !(line && is_record(s, &p->at[last - 1], &p->at[last], RECORD_ALIKE));
    if (line && !may_end(slice_of(s.p + b, s.n - b), tail.n, number)) return false;
    const bool named = first == 0 && is_named(s, a);
    if (!number) {
        if (length < (named ? SHORT_LEAST : TOKEN_LEAST) || is_another(head, tail) || (!named && !may_begin(head))) return false;
        if (line && is_column(s, p, first, last)) return false;
    }
    return !line || !is_record(s, &p->at[last - 1], &p->at[last], RECORD_SURE);
}

/* Lines of one length, as base64 is wrapped: they are looked at together, and two by two only at the ends. */
static bool wrapped(const struct pieces *p, uint32_t i)
{
    size_t n = p->at[i].end - p->at[i].begin;
    if (i == 0 || i + 2 >= p->n || n < LINE_LEAST) return false;
    return p->at[i - 1].end - p->at[i - 1].begin == n && p->at[i + 1].end - p->at[i + 1].begin == n;
}

/* Copies [a, b) of t without the marks in it. */
static enum err copy_unmarked(struct gather *g, const struct gather_text *t, size_t a, size_t b)
{
    enum err e = ERR_OK;
    for (size_t k = a; k < b && !e;) {
        const struct slice s = text_now(g, t);
        size_t end = k, behind;
        while (end < b && s.p[end] != '<' && !is_emphasis(s.p[end])) end++;
        behind = end < b ? skip_marks(s, end) : b;
        if (behind == end) behind = ++end; /* a sign of its own */
        if (end > b) end = b;
        e = copy(g, t->value + (uint32_t)k, t->value + (uint32_t)end);
        k = behind;
    }
    return e;
}

static inline bool ends_in_hyphen(struct slice s, size_t end) { return s.p[end - 1] == '-' || s.p[end - 1] == '='; }

/* Pieces [first, last] as one text: of the outer ones only the edges, with what stands round them in their lines. */
static enum err add_token(struct gather *g, const struct gather_text *t, const struct pieces *p, uint32_t first, uint32_t last,
                          bool hyphens)
{
    const struct slice s = text_now(g, t);
    size_t from = first ? p->at[first].begin : context_begin(s, p->at[first].begin), to = p->at[last].end;
    while (last == p->n - 1 && to < s.n && to - p->at[last].end < CONTEXT_MOST && !is_white(s.p[to]) && !is_emphasis(s.p[to]))
        to++;
    while (to < s.n && to > p->at[last].end && ((unsigned char)s.p[to] & 0xC0) == 0x80) to--;
    enum err e = gather_open(g, GATHER_BREAKS, t->level);
    for (uint32_t i = first; i <= last && !e; i++) {
        size_t a = i == first ? from : p->at[i].begin, b = i == last ? to : p->at[i].end;
        if (i == first && b - a > TOKEN_EDGE) a = b - TOKEN_EDGE;
        if (i == last && b - a > TOKEN_EDGE) b = a + TOKEN_EDGE;
        if (hyphens && i < last && b > a && ends_in_hyphen(text_now(g, t), b)) b--;
        if (i == first && a < p->at[i].begin) {
            e = copy_unmarked(g, t, a, p->at[i].begin);
            a = p->at[i].begin;
        }
        if (a < b && !e) e = copy(g, t->value + (uint32_t)a, t->value + (uint32_t)b);
    }
    return e ? e : end_joined(g);
}

/* A line that ends in a hyphen may be hyphenated, or the hyphen is of the token. */
static bool hyphenated(struct slice s, const struct pieces *p, uint32_t first, uint32_t last)
{
    for (uint32_t i = first; i < last; i++)
        if (ends_in_hyphen(s, p->at[i].end)) return true;
    return false;
}

/* Pieces [first, last] with and without the hyphens at the ends of lines. */
static enum err try_token(struct gather *g, const struct gather_text *t, struct pieces *p, uint32_t first, uint32_t last)
{
    if (!worth(text_now(g, t), p, first, last)) return ERR_OK;
    enum err e = add_token(g, t, p, first, last, false);
    return !e && hyphenated(text_now(g, t), p, first, last) ? add_token(g, t, p, first, last, true) : e;
}

/* Many pieces: those of each line together, and all of them. */
static enum err add_lines(struct gather *g, const struct gather_text *t, struct pieces *p)
{
    enum err e = ERR_OK;
    uint32_t first = 0;
    for (uint32_t i = 0; i < p->n && !e; i++) {
        if (i + 1 < p->n && !p->at[i].line) continue;
        if (i - first >= PARTS_TOGETHER && i + 1 - first < p->n) e = try_token(g, t, p, first, i);
        first = i + 1;
    }
    return e;
}

/* As with parts: where the value ends is not known, so two to four pieces together, and all of them. */
static enum err add_tokens(struct gather *g, const struct gather_text *t, struct pieces *p)
{
    enum err e = ERR_OK;
    size_t length;
    if (!p->mail && !is_odd(p, 0, p->n - 1, &length)) return ERR_OK;
    p->number = UNKNOWN;
    if (p->n > FEW_PIECES) e = add_lines(g, t, p);
    for (uint32_t i = 0; i < p->n && !e; i++)
        for (uint32_t k = i + 1; k < p->n && k - i < PARTS_TOGETHER && !e; k++) {
            if (wrapped(p, i) || (p->n > FEW_PIECES && p->at[i].end - p->at[i].begin < WORD_LEAST)) continue;
            e = try_token(g, t, p, i, k);
        }
    for (uint32_t n = p->n; n > PARTS_TOGETHER && n + 2 >= p->n && !e; n--) e = try_token(g, t, p, 0, n - 1);
    return e;
}

/* False if worth() is sure to say so of any of the pieces together: they are words. */
static bool may_be_worth(const struct pieces *p)
{
    size_t changes = 0;
    for (uint32_t i = 0; i < p->n; i++) {
        if (p->at[i].digit) return true;
        changes += p->at[i].changes;
    }
    return p->mail || changes >= CASES_LEAST;
}

enum err gather_breaks(struct gather *g, uint32_t text)
{
    const struct gather_text t = g->text[text];
    const size_t at = t.value - g->marked, end = t.end - g->marked;
    struct pieces p;
    size_t least = 0, i = 0;
    if (!meter_add(g->meter, t.end - t.value)) return ERR_NOT_SCANNED;
    while ((i = marks_next(&g->marks, MARK_BREAK, at + i, end) - at) < t.end - t.value) {
        const struct slice s = text_now(g, &t);
        if (!meter_add(g->meter, WORK_BREAK)) return ERR_NOT_SCANNED;
        if (is_quote(s.p[i]) && breaks_literal(s, i) == i) {
            i++;
            continue;
        }
        const struct marked x = {s, &g->marks, at};
        size_t begin = token_begin(&x, i, least);
        if (begin == i || !is_token(s.p[begin])) {
            i++;
            continue;
        }
        size_t last = read_pieces(&x, begin, &p);
        const enum err e = p.n > 1 && may_be_worth(&p) ? add_tokens(g, &t, &p) : ERR_OK;
        if (e) return e;
        if (p.n == PIECES_MOST) last = p.at[p.n - 1].begin; /* the last piece begins the next row */
        least = last > i ? last : i + 1;
        i = least;
    }
    return ERR_OK;
}
