/* Reads a regular expression into an automaton of byte sets (Thompson's construction; a repeated atom is simply read
 * again for each copy) and simulates its first steps. Copies are capped: beyond the cap a repetition becomes a loop,
 * which allows more, never less. */
#include "filters/detect/shape.h"

#include "filters/detect/letters.h"

#include <stdlib.h>

#define STATES_MAX  60000u
#define COPIES_MAX  16u /* of a group */
#define DEPTH_MAX   60u
#define AHEAD_MAX   64u /* states a lookahead is applied to: one with more is for PCRE2 */
#define COARSE_FROM 1u
#define LOOP_FROM   16u /* a repetition that may go on so long counts as a loop for the linearity check */

#define K_EMPTY SHAPE_EMPTY
#define K_SPLIT SHAPE_SPLIT
#define K_SET   SHAPE_SET
#define K_ANY   SHAPE_ANY
#define K_AHEAD 255u /* the next byte must be of the set, or the text ends: only while a shape is made */

struct shape {
    struct shape_state *v;
    size_t count, room;
    uint16_t start;
    uint8_t *lo, *hi; /* by state: least and greatest number of bytes before it, 255 if not reached */
    struct front {    /* sets of states, for simulation */
        uint16_t *v;
        size_t n;
        uint32_t *mark; /* by state: the round it was added in */
        uint32_t round;
        uint16_t *stack;
    } a, b, c;
    struct byteset *prev; /* by state a match can begin at: what may stand before it */
    uint16_t *narrow;     /* states whose set is narrow, grouped by the bytes they take, small letters for both cases */
    uint32_t narrow_at[257];
    struct tail_known { /* what follows a set of states: the same behind nearly all keywords of a rule */
        uint16_t *v;
        size_t n;
        struct byteset after[SHAPE_AFTER];
    } tail[SHAPE_TAILS];
    unsigned tails;
};

struct frag {
    uint16_t in, out;
    bool nullable, loop; /* loop: what it must match is nothing but an unbounded repetition */
};

struct reader {
    const unsigned char *p, *end;
    struct shape *s;
    bool utf, icase, dotall, extended;
    bool full; /* out of states or memory */
    unsigned depth;
    unsigned inside; /* lookarounds */
    bool stopped;    /* a lookahead at the end was read */
    unsigned copies_set;
    bool coarse;  /* SHAPE_COARSE */
    bool bounded; /* SHAPE_BOUNDED */
    bool unsure;  /* the class being read may have any byte */
    const char *complaint;
};

static bool is_word(unsigned c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; }
static bool is_space(unsigned c) { return c == ' ' || (c >= 9 && c <= 13); }
static bool is_digit(unsigned c) { return c >= '0' && c <= '9'; }

static uint16_t add_state(struct reader *r, enum shape_kind kind)
{
    struct shape *s = r->s;
    if (r->full || s->count == STATES_MAX) {
        r->full = true;
        return 0;
    }
    if (s->count == s->room) {
        size_t room = s->room ? s->room * 2 : 256;
        struct shape_state *v = mem_realloc(s->v, room * sizeof *v);
        if (!v) {
            r->full = true;
            return 0;
        }
        s->v = v;
        s->room = room;
    }
    s->v[s->count] = (struct shape_state){.kind = (uint8_t)kind};
    return (uint16_t)s->count++;
}

static struct frag frag_empty(struct reader *r)
{
    uint16_t q = add_state(r, K_EMPTY);
    return (struct frag){q, q, true, false};
}

/* Everything is possible from here on. */
static struct frag frag_unknown(struct reader *r)
{
    uint16_t q = add_state(r, K_ANY);
    uint16_t e = add_state(r, K_EMPTY);
    return (struct frag){q, e, false, false};
}

static struct frag frag_set(struct reader *r, struct byteset set)
{
    uint16_t q = add_state(r, K_SET), e = add_state(r, K_EMPTY);
    if (r->full) return (struct frag){0, 0, false, false};
    r->s->v[q].set = set;
    r->s->v[q].out = e;
    return (struct frag){q, e, false, false};
}

static void link_states(struct reader *r, uint16_t from, uint16_t to)
{
    if (!r->full) r->s->v[from].out = to;
}

static struct frag frag_cat(struct reader *r, struct frag a, struct frag b)
{
    link_states(r, a.out, b.in);
    bool loop = (a.loop && b.nullable) || (b.loop && a.nullable);
    return (struct frag){a.in, b.out, a.nullable && b.nullable, loop};
}

static struct frag frag_alt(struct reader *r, struct frag a, struct frag b)
{
    uint16_t q = add_state(r, K_SPLIT), e = add_state(r, K_EMPTY);
    if (r->full) return a;
    r->s->v[q].out = a.in;
    r->s->v[q].alt = b.in;
    link_states(r, a.out, e);
    link_states(r, b.out, e);
    return (struct frag){q, e, a.nullable || b.nullable, a.loop || b.loop};
}

static struct frag frag_star(struct reader *r, struct frag a)
{
    uint16_t q = add_state(r, K_SPLIT), e = add_state(r, K_EMPTY);
    if (r->full) return a;
    r->s->v[q].out = a.in;
    r->s->v[q].alt = e;
    link_states(r, a.out, q);
    return (struct frag){q, e, true, true};
}

static struct frag frag_maybe(struct reader *r, struct frag a)
{
    struct frag e = frag_empty(r);
    return frag_alt(r, a, e);
}

/* One character beyond ASCII, or any of `set`, in UTF mode: a lead byte and any number of following bytes. */
static struct frag frag_multibyte(struct reader *r, struct byteset set)
{
    set.w[2] = set.w[3] = ~0ull;
    struct byteset follow = {{0, 0, ~0ull, 0}};
    struct frag lead = frag_set(r, set), rest = frag_set(r, follow);
    struct frag f = frag_cat(r, lead, frag_star(r, rest));
    f.loop = false;
    return f;
}

/* --- characters and classes */

static void set_fold(struct byteset *s)
{
    for (unsigned c = 'a'; c <= 'z'; c++) {
        if (byteset_has(s, (unsigned char)c)) byteset_add(s, (unsigned char)(c - 32));
        else if (byteset_has(s, (unsigned char)(c - 32))) byteset_add(s, (unsigned char)c);
    }
}

static void set_if(struct byteset *s, bool (*is)(unsigned), bool negate)
{
    for (unsigned c = 0; c < 256; c++)
        if (is(c) != negate) byteset_add(s, (unsigned char)c);
}

static bool is_hspace(unsigned c) { return c == ' ' || c == '\t' || c == 0xa0; }
static bool is_vspace(unsigned c) { return (c >= 10 && c <= 13) || c == 0x85; }
static bool is_not_newline(unsigned c) { return c != '\n'; }

/* \d and its like. False if c names no class. */
static bool set_escape(struct byteset *s, unsigned char c, bool *beyond)
{
    static const struct {
        unsigned char name;
        bool (*is)(unsigned);
        bool negate, beyond; /* beyond: characters past 255 too */
    } rows[] = {
        {'d', is_digit, false, false}, {'D', is_digit, true, true},        {'w', is_word, false, false},
        {'W', is_word, true, true},    {'s', is_space, false, false},      {'S', is_space, true, true},
        {'h', is_hspace, false, true}, {'H', is_hspace, true, true},       {'v', is_vspace, false, true},
        {'V', is_vspace, true, true},  {'N', is_not_newline, false, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].name != c) continue;
        set_if(s, rows[i].is, rows[i].negate);
        if (rows[i].beyond) *beyond = true;
        return true;
    }
    return false;
}

static unsigned hex_value(unsigned char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10u;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10u;
    return 16;
}

/* \xhh and \x{h...}, behind the x. */
static uint32_t read_hex(struct reader *r)
{
    uint32_t v = 0;
    if (r->p < r->end && *r->p == '{') {
        for (r->p++; r->p < r->end && *r->p != '}'; r->p++)
            if (v < 0x110000 && hex_value(*r->p) < 16) v = v * 16 + hex_value(*r->p);
        if (r->p < r->end) r->p++;
        return v;
    }
    for (int i = 0; i < 2 && r->p < r->end && hex_value(*r->p) < 16; i++) v = v * 16 + hex_value(*r->p++);
    return v;
}

/* A character escape, behind the backslash: its value; 0x110000 if it is none that we know. */
static uint32_t read_char_escape(struct reader *r)
{
    unsigned char c = *r->p++;
    switch (c) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'f': return '\f';
    case 'a': return 7;
    case 'e': return 27;
    case 'x': return read_hex(r);
    case '0': return 0;
    default: return is_word(c) ? 0x110000 : c;
    }
}

/* \p{..} and \P{..}, behind the letter: of ASCII what the name says, and everything beyond. False if the name is not known
 * or might mean more where case is ignored: then all of it. */
static bool read_property(struct reader *r, bool negate, struct byteset *set)
{
    static const struct {
        const char *name, *chars;
        bool cased;
    } known[] = {{"Lu", "AZ", true},      {"Ll", "az", true},    {"L", "azAZ", false},     {"M", "", false},
                 {"N", "09", false},      {"Han", "", false},    {"Latin", "azAZ", false}, {"Greek", "", false},
                 {"Cyrillic", "", false}, {"Hangul", "", false}, {"Hiragana", "", false},  {"Katakana", "", false}};
    const unsigned char *at = r->p;
    size_t n = r->p < r->end;
    if (n && *r->p == '{') {
        while (r->p < r->end && *r->p != '}') r->p++;
        at++;
        n = (size_t)(r->p - at);
    }
    if (r->p < r->end) r->p++;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strlen(known[i].name) != n || memcmp(known[i].name, at, n) != 0 || (known[i].cased && r->icase)) continue;
        struct byteset s = {{0}};
        for (const char *k = known[i].chars; *k; k += 2)
            for (unsigned c = (unsigned char)k[0]; c <= (unsigned char)k[1]; c++) byteset_add(&s, (unsigned char)c);
        for (int k = 0; k < 2; k++) set->w[k] |= negate ? ~s.w[k] : s.w[k];
        set->w[2] = set->w[3] = ~0ull;
        return true;
    }
    *set = byteset_all();
    return false;
}

/* One character as it stands in the pattern: a byte, or in UTF mode a whole character (value: anything >= 0x80). */
static uint32_t read_plain(struct reader *r)
{
    unsigned char c = *r->p++;
    if (!r->utf || c < 0xc0) return c;
    while (r->p < r->end && (*r->p & 0xc0) == 0x80) r->p++;
    return 0x10ffff;
}

static const struct {
    const char *name;
    const char *chars; /* ranges */
} posix_classes[] = {
    {"alpha", "azAZ"},   {"digit", "09"},      {"alnum", "azAZ09"},   {"upper", "AZ"},     {"lower", "az"}, {"xdigit", "09afAF"},
    {"space", "\t\r  "}, {"word", "azAZ09__"}, {"punct", "!/:@[`{~"}, {"blank", "\t\t  "}, {"graph", "!~"}, {"print", " ~"},
};

/* [:alpha:] or [:^alpha:] at r->p. False if there is none. One that is negated or not listed may be any byte. */
static bool read_posix(struct reader *r, struct byteset *set, bool *beyond)
{
    const unsigned char *p = r->p + 2;
    if (r->end - r->p < 5 || r->p[0] != '[' || r->p[1] != ':') return false;
    const bool negate = *p == '^';
    if (negate) p++;
    size_t n = 0;
    while (p + n < r->end && p[n] >= 'a' && p[n] <= 'z') n++;
    if (n == 0 || r->end - (p + n) < 2 || p[n] != ':' || p[n + 1] != ']') return false;
    const char *chars = NULL;
    for (size_t i = 0; i < sizeof posix_classes / sizeof posix_classes[0] && !negate; i++)
        if (strlen(posix_classes[i].name) == n && memcmp(p, posix_classes[i].name, n) == 0) chars = posix_classes[i].chars;
    if (!chars) {
        *set = byteset_all();
        *beyond = r->unsure = true;
    }
    for (const char *k = chars; k && *k; k += 2)
        for (unsigned c = (unsigned char)k[0]; c <= (unsigned char)k[1]; c++) byteset_add(set, (unsigned char)c);
    r->p = p + n + 2;
    return true;
}

/* One member of a class; ranges too. */
static void read_member(struct reader *r, struct byteset *set, bool *beyond)
{
    if (read_posix(r, set, beyond)) return;
    uint32_t lo;
    if (*r->p == '\\' && r->p + 1 < r->end) {
        r->p++;
        if (set_escape(set, *r->p, beyond)) {
            r->p++;
            return;
        }
        if (*r->p == 'p' || *r->p == 'P') {
            bool negate = *r->p++ == 'P';
            *beyond = true;
            if (!read_property(r, negate, set)) r->unsure = true;
            return;
        }
        if (*r->p == 'b') { /* backspace */
            r->p++;
            lo = 8;
        } else {
            lo = read_char_escape(r);
        }
    } else {
        lo = read_plain(r);
    }
    uint32_t hi = lo;
    if (r->end - r->p >= 2 && r->p[0] == '-' && r->p[1] != ']' &&
        !(r->p[1] == '\\' && r->end - r->p > 2 && memchr("dDwWsShHvVN", r->p[2], 11))) {
        r->p++;
        if (*r->p == '\\' && r->p + 1 < r->end) {
            r->p++;
            hi = read_char_escape(r);
        } else {
            hi = read_plain(r);
        }
    }
    if (lo == 0x110000 || hi == 0x110000) { /* other names: anything */
        *set = byteset_all();
        *beyond = r->unsure = true;
        while (r->p < r->end && *r->p != '}' && *r->p != ']') r->p++;
        if (r->p < r->end && *r->p == '}') r->p++;
        return;
    }
    if (hi > 0x7f && r->utf) *beyond = true;
    for (uint32_t c = lo; c <= hi && c < (r->utf ? 128u : 256u); c++) byteset_add(set, (unsigned char)c);
}

static struct frag read_class(struct reader *r)
{
    struct byteset set = {{0}};
    bool beyond = false, negate = r->p < r->end && *r->p == '^';
    if (negate) r->p++;
    bool first = true;
    r->unsure = false;
    while (r->p < r->end && (first || *r->p != ']')) {
        first = false;
        read_member(r, &set, &beyond);
    }
    if (r->p < r->end) r->p++;
    if (r->icase) set_fold(&set);
    if (negate) {
        for (int i = 0; i < 4; i++) set.w[i] = ~set.w[i];
        beyond = true;
    }
    if (r->unsure) set = byteset_all();
    return r->utf && beyond ? frag_multibyte(r, set) : frag_set(r, set);
}

static struct frag read_byte(struct reader *r, uint32_t c)
{
    struct byteset set = {{0}};
    byteset_add(&set, (unsigned char)c);
    if (r->icase) set_fold(&set);
    return frag_set(r, set);
}

/* --- atoms, groups, repetition */

static struct frag read_alt(struct reader *r);
static struct frag read_cat(struct reader *r);

static void skip_to(struct reader *r, unsigned char c)
{
    while (r->p < r->end && *r->p != c) r->p++;
    if (r->p < r->end) r->p++;
}

/* (?imsx-imsx) and (?i: ; behind the question mark. True if a group follows (':'), false if ')' was read. */
static bool read_flags(struct reader *r)
{
    bool on = true;
    for (; r->p < r->end; r->p++) {
        switch (*r->p) {
        case '-': on = false; break;
        case '^': r->icase = r->dotall = r->extended = false; break;
        case 'i': r->icase = on; break;
        case 's': r->dotall = on; break;
        case 'x': r->extended = on; break;
        case ':': r->p++; return true;
        case ')': r->p++; return false;
        default: break;
        }
    }
    return false;
}

static struct frag read_body(struct reader *r)
{
    if (r->depth >= DEPTH_MAX) {
        r->full = true;
        return (struct frag){0};
    }
    r->depth++;
    bool icase = r->icase, dotall = r->dotall, extended = r->extended;
    struct frag f = read_alt(r);
    r->icase = icase;
    r->dotall = dotall;
    r->extended = extended;
    r->depth--;
    if (r->p < r->end && *r->p == ')') r->p++;
    return f;
}

/* Behind the group that opens at p. */
static const unsigned char *skip_group(const unsigned char *p, const unsigned char *end)
{
    int depth = 0;
    for (bool cls = false; p < end; p++) {
        if (*p == '\\') p++;
        else if (cls) cls = *p != ']';
        else if (*p == '[') {
            cls = true;
            if (p + 1 < end && p[1] == '^') p++;
            if (p + 1 < end && p[1] == ']') p++;
        } else if (*p == '(') depth++;
        else if (*p == ')' && --depth == 0) return p + 1;
    }
    return end;
}

/* True if nothing but lookarounds and the ends of groups follows: what stands here ends the match. */
static bool at_the_end(const struct reader *r)
{
    const unsigned char *p = r->p;
    while (p < r->end) {
        if (*p == ')') p++;
        else if (r->end - p > 3 && p[0] == '(' && p[1] == '?' &&
                 (p[2] == '!' || p[2] == '=' || (p[2] == '<' && (p[3] == '!' || p[3] == '='))))
            p = skip_group(p, r->end);
        else return false;
    }
    return true;
}

/* The one set a fragment is, or NULL. */
static const struct byteset *only_set(const struct reader *r, struct frag f)
{
    if (r->full) return NULL;
    const struct shape_state *st = &r->s->v[f.in];
    while (st->kind == K_EMPTY && st->out != f.out && st->out) st = &r->s->v[st->out];
    return st->kind == K_SET && st->out == f.out ? &st->set : NULL;
}

/* True if the end of a fragment is reached from q without a byte. */
static bool reaches(const struct reader *r, uint16_t q, uint16_t end, unsigned depth)
{
    const struct shape_state *st = &r->s->v[q];
    if (q == end || depth == 0) return true;
    if (st->kind == K_SET || st->kind == K_ANY) return false;
    return reaches(r, st->out, end, depth - 1) || (st->kind == K_SPLIT && reaches(r, st->alt, end, depth - 1));
}

#define REACH_DEPTH 12u

/* The bytes a fragment, whose states are those from `first` on, may end with. */
static struct byteset last_bytes(const struct reader *r, struct frag f, size_t first)
{
    struct byteset last = {{0}};
    if (reaches(r, f.in, f.out, REACH_DEPTH)) return byteset_all();
    for (size_t q = first; q < r->s->count; q++) {
        const struct shape_state *st = &r->s->v[q];
        if (st->kind == K_ANY) return byteset_all();
        if (st->kind != K_SET || !reaches(r, st->out, f.out, REACH_DEPTH)) continue;
        for (int i = 0; i < 4; i++) last.w[i] |= st->set.w[i];
    }
    return last;
}

/* A lookbehind of one byte, or the last byte of a longer one; the rest is for PCRE2 to check. */
static struct frag frag_look(struct reader *r, struct frag body, bool not, size_t first)
{
    if (r->full) return (struct frag){0};
    const struct byteset *set = only_set(r, body);
    struct byteset last;
    if (!set && not ) return frag_empty(r);
    if (!set) {
        last = last_bytes(r, body, first);
        set = &last;
    }
    struct byteset may = *set;
    for (int i = 0; not &&i < 4; i++) may.w[i] = ~may.w[i];
    if (not &&r->utf) may.w[2] = may.w[3] = ~0ull;
    uint16_t q = add_state(r, SHAPE_LOOK), e = add_state(r, K_EMPTY);
    if (r->full) return (struct frag){0};
    r->s->v[q].set = may;
    r->s->v[q].out = e;
    return (struct frag){q, e, true, false};
}

/* The states that take a byte, from q on; false if there are too many. */
static bool takers_of(const struct reader *r, uint16_t q, uint16_t out[AHEAD_MAX], size_t *n)
{
    uint16_t stack[AHEAD_MAX], seen[2 * AHEAD_MAX];
    size_t top = 0, known = 0;
    stack[top++] = q;
    *n = 0;
    while (top) {
        q = stack[--top];
        const struct shape_state *st = &r->s->v[q];
        size_t k = 0;
        while (k < known && seen[k] != q) k++;
        if (k < known) continue;
        if (known == 2 * AHEAD_MAX || *n == AHEAD_MAX || top + 2 > AHEAD_MAX) return false;
        seen[known++] = q;
        if (st->kind == K_SET || st->kind == K_ANY) {
            out[(*n)++] = q;
            continue;
        }
        stack[top++] = st->out;
        if (st->kind == K_SPLIT) stack[top++] = st->alt;
    }
    return *n > 0;
}

/* The bytes a fragment that takes one at least may begin with; false if that is not known. */
static bool first_bytes(const struct reader *r, struct frag f, struct byteset *out)
{
    uint16_t taker[AHEAD_MAX];
    size_t n;
    *out = (struct byteset){{0}};
    if (reaches(r, f.in, f.out, REACH_DEPTH) || !takers_of(r, f.in, taker, &n)) return false;
    for (size_t i = 0; i < n; i++) {
        if (r->s->v[taker[i]].kind == K_ANY) return false;
        for (int k = 0; k < 4; k++) out->w[k] |= r->s->v[taker[i]].set.w[k];
    }
    return true;
}

/* The bytes of a lookahead's alternatives that are one byte each; *others: it has more alternatives. Behind its sign. */
static struct byteset read_one_byte(struct reader *r, bool *others)
{
    struct byteset all = {{0}};
    *others = r->depth >= DEPTH_MAX;
    bool icase = r->icase, dotall = r->dotall, extended = r->extended;
    r->inside++;
    r->depth++;
    for (;;) {
        const struct byteset *one = only_set(r, read_cat(r));
        for (int i = 0; one && i < 4; i++) all.w[i] |= one->w[i];
        *others = *others || !one;
        if (r->full || r->p >= r->end || *r->p != '|') break;
        r->p++;
    }
    r->depth--;
    r->inside--;
    r->icase = icase;
    r->dotall = dotall;
    r->extended = extended;
    if (r->p < r->end && *r->p == ')') r->p++;
    return all;
}

/* A lookahead, behind its sign. The first at the end of the match says what must follow: it may as well be read as part
 * of it, or a (?!) of one byte where a token stops. Elsewhere what it says of the next byte is kept, the rest is for
 * PCRE2 to check. */
static struct frag read_lookahead(struct reader *r, bool not )
{
    const unsigned char *at = r->p;
    r->inside++;
    struct frag f = read_body(r);
    r->inside--;
    if (r->full) return frag_empty(r);
    bool others, end = !r->stopped && at_the_end(r);
    if (end && !not ) {
        r->stopped = true;
        return f;
    }
    r->p = at;
    struct byteset set = read_one_byte(r, &others);
    if (r->full || (others && !not &&!first_bytes(r, f, &set))) return frag_empty(r);
    for (int i = 0; not &&i < 4; i++) set.w[i] = ~set.w[i];
    if (r->utf) set.w[2] = set.w[3] = ~0ull;
    if (end) {
        r->stopped = true;
        f = frag_set(r, set);
        f.nullable = true; /* at the end of the text */
        return f;
    }
    uint16_t q = add_state(r, K_AHEAD), e = add_state(r, K_EMPTY);
    if (r->full) return (struct frag){0};
    r->s->v[q].set = set;
    r->s->v[q].out = e;
    return (struct frag){q, e, true, false};
}

/* Behind "(?". */
static struct frag read_special_group(struct reader *r)
{
    unsigned char c = r->p < r->end ? *r->p : 0, d = r->p + 1 < r->end ? r->p[1] : 0;
    if (c == '#') {
        skip_to(r, ')');
        return frag_empty(r);
    }
    if (c == '=' || c == '!' || (c == '<' && (d == '=' || d == '!'))) {
        r->p += c == '<' ? 2 : 1;
        if (c != '<' && !r->inside) return read_lookahead(r, c == '!');
        r->inside++;
        size_t first = r->s->count;
        struct frag f = read_body(r);
        r->inside--;
        return c == '<' && !r->inside ? frag_look(r, f, d == '!', first) : frag_empty(r);
    }
    if (c == '>') {
        r->p++;
        struct frag f = read_body(r);
        f.loop = false;
        return f;
    }
    if (c == '|') {
        r->p++;
        return read_body(r);
    }
    if (c == 'P' && d == '<') r->p++, c = '<';
    if (c == '<' || c == '\'') {
        r->p++;
        skip_to(r, c == '<' ? '>' : '\'');
        return read_body(r);
    }
    if (c == ':' || c == '-' || c == '^' || (c >= 'a' && c <= 'z')) {
        bool icase = r->icase, dotall = r->dotall, extended = r->extended;
        if (!read_flags(r)) return frag_empty(r);
        struct frag f = read_body(r);
        r->icase = icase;
        r->dotall = dotall;
        r->extended = extended;
        return f;
    }
    r->full = true; /* conditions, recursion: not understood */
    return (struct frag){0};
}

static struct frag read_group(struct reader *r)
{
    if (r->p < r->end && *r->p == '*') { /* a verb */
        skip_to(r, ')');
        return frag_empty(r);
    }
    if (r->p < r->end && *r->p == '?') {
        r->p++;
        return read_special_group(r);
    }
    return read_body(r);
}

/* Behind the backslash. */
static struct frag read_escape(struct reader *r)
{
    if (r->p >= r->end) return frag_empty(r);
    unsigned char c = *r->p;
    struct byteset set = {{0}};
    bool beyond = false;
    if (set_escape(&set, c, &beyond)) {
        r->p++;
        return r->utf && beyond ? frag_multibyte(r, set) : frag_set(r, set);
    }
    if (strchr("bBAzZGK", c)) {
        r->p++;
        return frag_empty(r);
    }
    if (c == 'Q') {
        struct frag f = frag_empty(r);
        for (r->p++; r->p < r->end && !(r->p[0] == '\\' && r->p + 1 < r->end && r->p[1] == 'E'); r->p++)
            f = frag_cat(r, f, read_byte(r, *r->p));
        if (r->p < r->end) r->p += 2;
        return f;
    }
    if (c == 'E') {
        r->p++;
        return frag_empty(r);
    }
    if (c == 'p' || c == 'P') {
        r->p++;
        (void)read_property(r, c == 'P', &set);
        return frag_multibyte(r, set);
    }
    uint32_t v = read_char_escape(r);
    if (v == 0x110000) return frag_unknown(r);
    if (v < (r->utf ? 0x80u : 0x100u)) return read_byte(r, v);
    return frag_multibyte(r, (struct byteset){{0}});
}

/* A character beyond ASCII in UTF mode, with its other case where case is ignored. */
static struct frag read_character(struct reader *r)
{
    const unsigned char *at = r->p;
    struct frag f = read_byte(r, *r->p++);
    while (r->p < r->end && (*r->p & 0xc0) == 0x80) f = frag_cat(r, f, read_byte(r, *r->p++));
    bool upper;
    if (!r->icase || r->p - at != 2 || !letter_is_lead2(at[0])) return f;
    uint32_t other = letter_other_case(letter_read2(at), &upper);
    if (!other) return f;
    unsigned char o[2];
    letter_write2(other, o);
    struct frag g = read_byte(r, o[0]);
    return frag_alt(r, f, frag_cat(r, g, read_byte(r, o[1])));
}

static struct frag read_atom(struct reader *r)
{
    unsigned char c = *r->p;
    if (c == '(') {
        r->p++;
        return read_group(r);
    }
    if (c == '[') {
        r->p++;
        return read_class(r);
    }
    if (c == '\\') {
        r->p++;
        return read_escape(r);
    }
    if (c == '^' || c == '$') {
        r->p++;
        return frag_empty(r);
    }
    if (c == '.') {
        r->p++;
        struct byteset set = byteset_all();
        if (!r->dotall) set.w[0] &= ~(1ull << '\n');
        return r->utf ? frag_multibyte(r, set) : frag_set(r, set);
    }
    if (c < 0x80 || !r->utf) {
        r->p++;
        return read_byte(r, c);
    }
    return read_character(r);
}

#define UNBOUNDED 100000u

/* A quantifier at r->p. False if there is none. */
static bool read_quantifier(struct reader *r, unsigned *min, unsigned *max, bool *possessive)
{
    *possessive = false;
    if (r->p >= r->end) return false;
    unsigned char c = *r->p;
    if (c == '*') *min = 0, *max = UNBOUNDED;
    else if (c == '+') *min = 1, *max = UNBOUNDED;
    else if (c == '?') *min = 0, *max = 1;
    else if (c == '{') {
        const unsigned char *q = r->p + 1;
        unsigned a = 0, b = 0;
        bool comma = false, digits = false;
        for (; q < r->end && is_digit(*q) && a < UNBOUNDED; q++) a = a * 10 + (unsigned)(*q - '0'), digits = true;
        b = a;
        if (digits && q < r->end && *q == ',') {
            comma = true;
            q++;
            if (q < r->end && *q == '}') b = UNBOUNDED;
            else
                for (b = 0; q < r->end && is_digit(*q) && b < UNBOUNDED; q++) b = b * 10 + (unsigned)(*q - '0');
        }
        (void)comma;
        if (!digits || q >= r->end || *q != '}') return false;
        *min = a;
        *max = b;
        r->p = q;
    } else return false;
    r->p++;
    if (r->p < r->end && *r->p == '?') r->p++;
    else if (r->p < r->end && *r->p == '+') r->p++, *possessive = true;
    return true;
}

static struct frag read_copy(struct reader *r, const unsigned char *at)
{
    r->p = at;
    return read_atom(r);
}

static struct frag read_repeat(struct reader *r)
{
    const unsigned char *at = r->p;
    bool icase = r->icase, dotall = r->dotall, extended = r->extended;
    struct frag one = read_atom(r);
    bool same = icase == r->icase && dotall == r->dotall && extended == r->extended;
    unsigned min, max;
    bool possessive;
    if (!same || !read_quantifier(r, &min, &max, &possessive)) return one;
    const unsigned char *after = r->p;
    if (one.loop && max > 1 && !possessive) r->complaint = "a repetition of a repetition without bound can take exponential time";
    bool loop = max >= LOOP_FROM && !possessive;
    struct frag f = frag_empty(r);
    bool used = false;
    unsigned most = !r->full && r->s->v[one.in].kind == K_SET && r->s->v[one.in].out == one.out ? r->copies_set : COPIES_MAX;
    unsigned copies = min < most ? min : most;
    for (unsigned i = 0; i < copies && !r->full; i++) {
        f = frag_cat(r, f, used ? read_copy(r, at) : one);
        used = true;
    }
    if (r->bounded && max < UNBOUNDED) {
        if (max > min) f = frag_cat(r, f, frag_maybe(r, used ? read_copy(r, at) : one));
    } else if (max > most || min > most || (r->coarse && max > min + COARSE_FROM)) {
        f = frag_cat(r, f, frag_star(r, used ? read_copy(r, at) : one));
    } else {
        for (unsigned i = copies; i < max && !r->full; i++) {
            f = frag_cat(r, f, frag_maybe(r, used ? read_copy(r, at) : one));
            used = true;
        }
    }
    r->p = after;
    f.nullable = min == 0 || one.nullable;
    f.loop = loop || (one.loop && max >= 1);
    return f;
}

static void skip_extended(struct reader *r)
{
    while (r->extended && r->p < r->end) {
        if (is_space(*r->p)) r->p++;
        else if (*r->p == '#') skip_to(r, '\n');
        else return;
    }
}

static struct frag read_cat(struct reader *r)
{
    struct frag f = frag_empty(r);
    skip_extended(r);
    while (r->p < r->end && *r->p != '|' && *r->p != ')' && !r->full) {
        f = frag_cat(r, f, read_repeat(r));
        skip_extended(r);
    }
    return f;
}

static struct frag read_alt(struct reader *r)
{
    struct frag f = read_cat(r);
    while (r->p < r->end && *r->p == '|' && !r->full) {
        r->p++;
        f = frag_alt(r, f, read_cat(r));
    }
    return f;
}

/* --- simulation */

static bool front_make(struct front *f, size_t states)
{
    f->v = mem_alloc(states * sizeof *f->v);
    f->stack = mem_alloc((states + 1) * 2 * sizeof *f->stack);
    f->mark = mem_zalloc(states * sizeof *f->mark);
    return f->v && f->stack && f->mark;
}

static void front_free(struct front *f)
{
    mem_free(f->v);
    mem_free(f->stack);
    mem_free(f->mark);
}

static void front_clear(struct front *f)
{
    f->n = 0;
    f->round++;
}

/* Adds what q, which takes no byte, reaches without one. */
static void front_follow(struct front *f, const struct shape *s, uint16_t q)
{
    size_t top = 0;
    f->stack[top++] = q;
    while (top) {
        q = f->stack[--top];
        if (f->mark[q] == f->round) continue;
        f->mark[q] = f->round;
        const struct shape_state *st = &s->v[q];
        if (st->kind == K_SET || st->kind == K_ANY) {
            f->v[f->n++] = q;
            continue;
        }
        f->stack[top++] = st->out;
        if (st->kind == K_SPLIT) f->stack[top++] = st->alt;
    }
}

static uint16_t set_size(const struct byteset *s)
{
    unsigned n = 0;
    for (int i = 0; i < 4; i++) n += (unsigned)__builtin_popcountll(s->w[i]);
    return (uint16_t)n;
}

/* Adds q and what it reaches without a byte. Most take one: no room is wanted for those that wait. */
static inline void front_add(struct front *f, const struct shape *s, uint16_t q)
{
    if (f->mark[q] == f->round) return;
    if (s->v[q].kind != K_SET && s->v[q].kind != K_ANY) {
        front_follow(f, s, q);
        return;
    }
    f->mark[q] = f->round;
    f->v[f->n++] = q;
}

/* What *from becomes by a byte (c < 0: by any), swapped into *from. Only sets of at most `widest` members are passed. */
static void front_step(struct shape *s, struct front **from, struct front **other, int c, size_t widest)
{
    struct front *to = *other, *f = *from;
    front_clear(to);
    for (size_t i = 0; i < f->n; i++) {
        const struct shape_state *st = &s->v[f->v[i]];
        if (st->kind == K_ANY) {
            if (widest >= 256) front_add(to, s, f->v[i]);
            continue;
        }
        bool ok = c < 0 || byteset_has(&st->set, (unsigned char)c);
        if (!ok && c >= 'a' && c <= 'z') ok = byteset_has(&st->set, (unsigned char)(c - 32));
        if (!ok && c >= 'A' && c <= 'Z') ok = byteset_has(&st->set, (unsigned char)(c + 32));
        if (ok && st->size <= widest) front_add(to, s, st->out);
    }
    *from = to;
    *other = f;
}

/* What *from becomes by a byte of a set, swapped into *from. */
static void front_through(struct shape *s, struct front **from, struct front **other, const struct byteset *set)
{
    struct front *to = *other, *f = *from;
    front_clear(to);
    for (size_t i = 0; i < f->n; i++) {
        const struct shape_state *st = &s->v[f->v[i]];
        uint64_t in = 0;
        for (int k = 0; k < 4; k++) in |= st->set.w[k] & set->w[k];
        if (st->kind == K_ANY) front_add(to, s, f->v[i]);
        else if (in) front_add(to, s, st->out);
    }
    *from = to;
    *other = f;
}

static struct byteset front_bytes(const struct front *f, const struct shape *s)
{
    struct byteset out = {{0}};
    for (size_t i = 0; i < f->n; i++) {
        const struct shape_state *st = &s->v[f->v[i]];
        if (st->kind == K_ANY) return byteset_all();
        for (int k = 0; k < 4; k++) out.w[k] |= st->set.w[k];
    }
    return out;
}

static void front_begin(struct shape *s, struct front *f)
{
    front_clear(f);
    front_add(f, s, s->start);
}

/* The state an empty one leads to, so that simulation need not go through it. */
static uint16_t behind_empty(const struct shape *s, uint16_t q)
{
    while (s->v[q].kind == K_EMPTY) q = s->v[q].out;
    return q;
}

static enum err make_ready(struct shape *s)
{
    if (!front_make(&s->a, s->count) || !front_make(&s->b, s->count) || !front_make(&s->c, s->count)) return ERR_MEMORY;
    s->start = behind_empty(s, s->start);
    for (size_t q = 0; q < s->count; q++) {
        struct shape_state *st = &s->v[q];
        if (st->kind != K_EMPTY && st->kind != K_ANY) st->out = behind_empty(s, st->out);
        if (st->kind == K_SPLIT) st->alt = behind_empty(s, st->alt);
        st->size = set_size(&st->set);
    }
    return ERR_OK;
}

static bool unite(struct byteset *into, const struct byteset *s)
{
    uint64_t more = 0;
    for (int i = 0; i < 4; i++) {
        more |= s->w[i] & ~into->w[i];
        into->w[i] |= s->w[i];
    }
    return more != 0;
}

/* For every state a match can begin at: what may stand before it then. All ways to it are followed until nothing new
 * comes of it. */
static bool look_back(struct shape *s)
{
    if (s->prev) return true;
    uint16_t *stack = mem_alloc((s->count + 1) * sizeof *stack);
    uint8_t *waits = mem_zalloc(s->count);
    s->prev = mem_zalloc(s->count * sizeof *s->prev);
    bool ok = stack && waits && s->prev;
    size_t top = 0;
    if (ok) {
        s->prev[s->start] = byteset_all();
        stack[top++] = s->start;
    }
    while (ok && top) {
        uint16_t q = stack[--top];
        const struct shape_state *st = &s->v[q];
        waits[q] = 0;
        if (st->kind == K_SET || st->kind == K_ANY) continue;
        struct byteset set = s->prev[q];
        for (int i = 0; st->kind == SHAPE_LOOK && i < 4; i++) set.w[i] &= st->set.w[i];
        uint16_t to[2] = {st->out, st->kind == K_SPLIT ? st->alt : st->out};
        for (int i = 0; i < 2; i++)
            if (unite(&s->prev[to[i]], &set) && !waits[to[i]]) waits[stack[top++] = to[i]] = 1;
    }
    mem_free(stack);
    mem_free(waits);
    return ok;
}

struct byteset shape_prev(struct shape *s)
{
    struct byteset all = {{0}};
    if (!look_back(s)) return byteset_all();
    front_begin(s, &s->a);
    for (size_t i = 0; i < s->a.n; i++) (void)unite(&all, &s->prev[s->a.v[i]]);
    return all;
}

/* Fills lo and hi by walking SHAPE_REACH steps, once. */
static bool measure(struct shape *s)
{
    struct front *a = &s->a, *b = &s->b;
    if (s->lo) return s->hi != NULL;
    s->lo = mem_alloc(s->count);
    s->hi = mem_alloc(s->count);
    if (!s->lo || !s->hi) return false;
    memset(s->lo, 255, s->count);
    memset(s->hi, 255, s->count);
    front_begin(s, a);
    for (unsigned k = 0; k <= SHAPE_REACH && a->n; k++) {
        for (size_t i = 0; i < a->n; i++) {
            uint16_t q = a->v[i];
            if (s->lo[q] == 255) s->lo[q] = (uint8_t)k;
            s->hi[q] = (uint8_t)k;
        }
        front_step(s, &a, &b, -1, 256);
    }
    return true;
}

/* Makes a lookahead's state a choice of what follows it, each with those bytes only that it lets through. */
static void apply_ahead(struct reader *r, uint16_t q)
{
    uint16_t taker[AHEAD_MAX];
    size_t n;
    struct byteset may = r->s->v[q].set;
    r->s->v[q].kind = K_EMPTY;
    if (!takers_of(r, q, taker, &n)) return;
    for (size_t i = 0; i < n; i++) {
        if (r->s->v[taker[i]].kind == K_ANY) continue;
        uint16_t copy = add_state(r, K_SET);
        if (r->full) return;
        r->s->v[copy] = r->s->v[taker[i]];
        for (int k = 0; k < 4; k++) r->s->v[copy].set.w[k] &= may.w[k];
        taker[i] = copy;
    }
    for (size_t i = 0; i + 1 < n; i++) {
        uint16_t next = i + 2 < n ? add_state(r, K_SPLIT) : taker[n - 1];
        if (r->full) return;
        r->s->v[q].kind = K_SPLIT;
        r->s->v[q].out = taker[i];
        r->s->v[q].alt = next;
        q = next;
    }
    if (n == 1) r->s->v[q].out = taker[0];
}

/* False if it has too many states, or says what is not understood. */
static bool read_all(struct shape *s, const char *regex, bool utf, unsigned copies, const char **complaint)
{
    struct reader r = {.p = (const unsigned char *)regex,
                       .end = (const unsigned char *)regex + strlen(regex),
                       .s = s,
                       .utf = utf,
                       .copies_set = copies & ~(SHAPE_COARSE | SHAPE_BOUNDED),
                       .coarse = copies & SHAPE_COARSE,
                       .bounded = copies & SHAPE_BOUNDED};
    s->count = 0;
    struct frag f = read_alt(&r);
    uint16_t any = add_state(&r, K_ANY);
    link_states(&r, f.out, any);
    s->start = f.in;
    *complaint = r.complaint;
    for (size_t q = s->count; q-- > 0 && !r.full;)
        if (s->v[q].kind == K_AHEAD) apply_ahead(&r, (uint16_t)q);
    return !r.full && r.p == r.end;
}

enum err shape_read(const char *regex, bool utf, unsigned copies, struct shape **out, const char **complaint)
{
    *out = NULL;
    struct shape *s = mem_zalloc(sizeof *s);
    if (!s) return ERR_MEMORY;
    enum err e = ERR_MEMORY;
    if (!read_all(s, regex, utf, copies, complaint) &&
        !read_all(s, regex, utf, COPIES_MAX | (copies & SHAPE_COARSE), complaint)) {
        struct reader r = {.s = s};
        s->count = 0; /* everything may be */
        s->start = add_state(&r, K_ANY);
        if (r.full) goto done;
    }
    e = make_ready(s);
done:
    if (e) shape_free(s);
    else *out = s;
    return e;
}

void shape_free(struct shape *s)
{
    if (!s) return;
    mem_free(s->v);
    mem_free(s->lo);
    mem_free(s->hi);
    mem_free(s->narrow);
    mem_free(s->prev);
    for (unsigned i = 0; i < s->tails; i++) mem_free(s->tail[i].v);
    front_free(&s->a);
    front_free(&s->b);
    front_free(&s->c);
    mem_free(s);
}

size_t shape_states(const struct shape *s) { return s->count; }
const struct shape_state *shape_state(const struct shape *s, size_t q) { return &s->v[q]; }
uint16_t shape_start(const struct shape *s) { return s->start; }

#define SPELLED 8u /* sets of at most so many bytes spell a literal: [_-], [Aa] */
#define STRICT  SIZE_MAX
#define LENIENT 2u /* ... or only its first two bytes are spelled, the rest is in wider sets: S[UOA][A-Z2-7] for "sua" */

/* True if the literal can be read from state q on, its first `narrow` bytes in narrow sets. */
static bool spells(struct shape *s, uint16_t q, struct slice literal, size_t narrow)
{
    struct front *a = &s->a, *b = &s->b;
    front_clear(a);
    front_add(a, s, q);
    for (size_t i = 0; i < literal.n && a->n; i++) front_step(s, &a, &b, (unsigned char)literal.p[i], i < narrow ? SPELLED : 256);
    return a->n > 0;
}

/* Sorts the narrow states by byte: two rounds of counting. */
static bool index_narrow(struct shape *s)
{
    uint32_t at[257] = {0};
    for (int fill = 0; fill < 2; fill++) {
        for (size_t q = 0; q < s->count; q++) {
            if (s->v[q].kind != K_SET || s->lo[q] == 255 || s->v[q].size > SPELLED) continue;
            struct byteset small = s->v[q].set; /* capitals as small letters */
            uint64_t capitals = small.w[1] & 0x07fffffeu;
            small.w[1] = (small.w[1] ^ capitals) | capitals << 32;
            for (unsigned k = 0; k < 4; k++)
                for (uint64_t w = small.w[k]; w; w &= w - 1) {
                    unsigned c = k * 64 + (unsigned)__builtin_ctzll(w);
                    if (fill) s->narrow[at[c]++] = (uint16_t)q;
                    else at[c + 1]++;
                }
        }
        if (fill) break;
        for (unsigned c = 0; c < 256; c++) at[c + 1] += at[c];
        memcpy(s->narrow_at, at, sizeof at);
        s->narrow = mem_alloc(at[256] * sizeof *s->narrow);
        if (!s->narrow) return false;
    }
    return true;
}

/* Puts into s->a what a match can come to without a state of s->c. */
static void pass_by(struct shape *s)
{
    struct front *a = &s->a;
    front_clear(a);
    for (size_t i = 0; i < s->c.n; i++) a->mark[s->c.v[i]] = a->round;
    front_add(a, s, s->start);
    for (size_t i = 0; i < a->n; i++)
        if (s->v[a->v[i]].kind == K_SET) front_add(a, s, s->v[a->v[i]].out);
}

/* Of the narrow states that begin with c, the nearest one more than `hi` bytes from the start that a match comes to
 * without those of s->c and that the literal starts from; false if there is none. */
static bool find_beside(struct shape *s, unsigned char c, struct slice literal, size_t narrow, unsigned hi, uint16_t *found)
{
    uint16_t may[SHAPE_TAILS];
    size_t n = 0;
    unsigned lo = 255;
    pass_by(s);
    for (uint32_t k = s->narrow_at[c]; k < s->narrow_at[c + 1] && n < SHAPE_TAILS; k++) {
        uint16_t q = s->narrow[k];
        if (s->lo[q] > hi && s->a.mark[q] == s->a.round && s->c.mark[q] != s->c.round) may[n++] = q;
    }
    for (size_t i = 0; i < n; i++) {
        if (s->lo[may[i]] >= lo || !spells(s, may[i], literal, narrow)) continue;
        lo = s->lo[may[i]];
        *found = may[i];
    }
    return lo < 255;
}

/* Puts into s->c the states the literal starts from: those nearest to the start of a match and, where none begins with
 * it, those of other matches, which never come to these. */
static bool find_narrow(struct shape *s, struct slice literal, size_t narrow, unsigned *lo, unsigned *hi)
{
    *lo = 255;
    *hi = 0;
    front_clear(&s->c);
    if (!literal.n || (!s->narrow && !index_narrow(s))) return false;
    unsigned char c = (unsigned char)literal.p[0];
    bool others = false;
    if (c >= 'A' && c <= 'Z') c |= 0x20;
    for (uint32_t i = s->narrow_at[c]; i < s->narrow_at[c + 1]; i++) {
        uint16_t q = s->narrow[i];
        others |= s->lo[q] > *lo;
        if (s->lo[q] > *lo || !spells(s, q, literal, narrow)) continue;
        if (s->lo[q] < *lo) {
            others |= *lo < 255;
            *lo = s->lo[q];
            *hi = 0;
            front_clear(&s->c);
        }
        if (s->hi[q] > *hi) *hi = s->hi[q];
        front_add(&s->c, s, q);
    }
    for (uint16_t q; others && *lo > 0 && *lo < 255 && s->c.n < SHAPE_TAILS && find_beside(s, c, literal, narrow, *hi, &q);) {
        if (s->hi[q] > *hi) *hi = s->hi[q];
        front_add(&s->c, s, q);
    }
    return *lo != 255;
}

bool shape_find(struct shape *s, struct slice literal, unsigned *lo, unsigned *hi)
{
    return measure(s) && (find_narrow(s, literal, STRICT, lo, hi) || find_narrow(s, literal, LENIENT, lo, hi));
}

static void follow(struct shape *s, struct front *a, struct front *b, struct byteset *out, int n)
{
    for (int k = 0; k < n; k++) {
        out[k] = front_bytes(a, s);
        front_step(s, &a, &b, -1, 256);
    }
}

/* follow, by what is remembered: the number of the tail, or -1. */
static int follow_known(struct shape *s, struct front *a, struct front *b, struct byteset out[SHAPE_AFTER])
{
    for (unsigned i = 0; i < s->tails; i++) {
        const struct tail_known *t = &s->tail[i];
        if (t->n != a->n || memcmp(t->v, a->v, a->n * sizeof *t->v) != 0) continue;
        memcpy(out, t->after, sizeof t->after);
        return (int)i;
    }
    struct tail_known *t = s->tails < SHAPE_TAILS ? &s->tail[s->tails] : NULL;
    if (t && (t->v = mem_alloc(a->n * sizeof *t->v)) != NULL) {
        memcpy(t->v, a->v, a->n * sizeof *t->v);
        t->n = a->n;
    }
    follow(s, a, b, out, SHAPE_AFTER);
    if (!t || !t->v) return -1;
    memcpy(t->after, out, sizeof t->after);
    return (int)s->tails++;
}

size_t shape_tails(const struct shape *s) { return s->tails; }

const uint16_t *shape_tail(const struct shape *s, unsigned tail, size_t *n)
{
    *n = s->tail[tail].n;
    return s->tail[tail].v;
}

bool shape_literal(struct shape *s, struct slice literal, struct shape_literal *out)
{
    for (int k = 0; k < SHAPE_AFTER; k++) out->after[k] = byteset_all();
    out->lower = out->upper = ~0ull;
    out->prev = byteset_all();
    out->tail = -1;
    struct front *a = &s->a, *b = &s->b;
    if (!shape_find(s, literal, &out->lo, &out->hi)) return false;
    if (out->lo == 0 && look_back(s)) {
        out->prev = (struct byteset){{0}};
        for (size_t i = 0; i < s->c.n; i++) (void)unite(&out->prev, &s->prev[s->c.v[i]]);
    }
    front_clear(a);
    for (size_t i = 0; i < s->c.n; i++) front_add(a, s, s->c.v[i]);
    for (size_t i = 0; i < literal.n; i++) {
        unsigned char c = (unsigned char)(literal.p[i] | 0x20);
        struct byteset here = front_bytes(a, s);
        if (i < 64 && c >= 'a' && c <= 'z') {
            if (!byteset_has(&here, c)) out->lower &= ~(1ull << i);
            if (!byteset_has(&here, (unsigned char)(c - 32))) out->upper &= ~(1ull << i);
        }
        front_step(s, &a, &b, (unsigned char)literal.p[i], 256);
    }
    out->tail = follow_known(s, a, b, out->after);
    return true;
}

/* a without what cannot take a byte of `token`; whether anything else may come is returned. */
static bool keep_token(struct front *a, const struct shape *s, const struct byteset *token)
{
    bool other = false;
    size_t n = 0;
    for (size_t i = 0; i < a->n; i++) {
        const struct shape_state *st = &s->v[a->v[i]];
        if (st->kind == K_ANY) {
            other = true;
            a->v[n++] = a->v[i];
            continue;
        }
        uint64_t in = 0, not_in = 0;
        for (int k = 0; k < 4; k++) {
            in |= st->set.w[k] & token->w[k];
            not_in |= st->set.w[k] & ~token->w[k];
        }
        other = other || not_in;
        if (in) a->v[n++] = a->v[i];
    }
    a->n = n;
    return other;
}

void shape_runs(struct shape *s, const struct byteset *token, struct shape_runs *out)
{
    struct front *a = &s->a, *b = &s->b;
    memset(out, 0, sizeof *out);
    front_begin(s, a);
    for (size_t n = 0; n <= SHAPE_RUN && a->n; n++) {
        bool longer = n == SHAPE_RUN; /* whatever is left may go on for ever */
        if (keep_token(a, s, token) || longer) out->w[n / 64] |= 1ull << (n % 64);
        front_step(s, &a, &b, -1, 256);
    }
}

#define NARROW 4u /* bytes of a set that tells something */

/* All a match may be in while it takes bytes of `only` alone, into s->c. */
static void front_within(struct shape *s, const struct byteset *only)
{
    struct front *a = &s->a, *b = &s->b, *all = &s->c;
    front_clear(all);
    front_begin(s, a);
    for (bool more = true; more;) {
        size_t had = all->n;
        for (size_t i = 0; i < a->n; i++) front_add(all, s, a->v[i]);
        more = all->n > had;
        front_through(s, &a, &b, only);
    }
}

bool shape_run_of(struct shape *s, const struct byteset *token, const struct byteset *only)
{
    struct byteset others, has;
    for (int k = 0; k < 4; k++) others.w[k] = ~token->w[k];
    front_within(s, only);
    has = front_bytes(&s->c, s);
    for (int k = 0; k < 4; k++)
        if (has.w[k] & others.w[k]) return true;
    return false;
}

bool shape_only(struct shape *s, const struct byteset *token)
{
    struct byteset others;
    struct front *c = &s->c, *b = &s->b;
    for (int k = 0; k < 4; k++) others.w[k] = ~token->w[k];
    front_within(s, token);
    front_through(s, &c, &b, &others);
    for (size_t i = 0; i < c->n; i++)
        if (s->v[c->v[i]].kind != K_ANY) return false;
    return true;
}

const uint16_t *shape_behind(struct shape *s, unsigned char c, size_t *n)
{
    struct byteset others = byteset_all();
    others.w[c >> 6] ^= 1ull << (c & 63);
    front_within(s, &others);
    front_clear(&s->a);
    for (size_t i = 0; i < s->c.n; i++) {
        const struct shape_state *st = &s->v[s->c.v[i]];
        if (st->kind == K_ANY) {
            front_clear(&s->a);
            break;
        }
        if (byteset_has(&st->set, c)) front_add(&s->a, s, st->out);
    }
    *n = s->a.n;
    return s->a.v;
}

struct byteset shape_run_bytes(struct shape *s, const struct byteset *token)
{
    front_within(s, token);
    return front_bytes(&s->c, s);
}

bool shape_narrow(struct shape *s, unsigned from, unsigned to, unsigned *at, struct byteset *set)
{
    struct front *a = &s->a, *b = &s->b;
    front_begin(s, a);
    for (*at = 0; *at < to; ++*at) {
        *set = front_bytes(a, s);
        if (*at >= from && set_size(set) <= NARROW) return true;
        front_step(s, &a, &b, -1, 256);
    }
    return false;
}

void shape_front(struct shape *s, struct byteset out[SHAPE_FRONT])
{
    front_begin(s, &s->a);
    follow(s, &s->a, &s->b, out, SHAPE_FRONT);
}

const uint16_t *shape_begin(struct shape *s, size_t *n)
{
    front_begin(s, &s->a);
    *n = s->a.n;
    return s->a.v;
}

static const struct byteset digits = {{0x03ff000000000000u, 0, 0, 0}}, others = {{~0x03ff000000000000u, ~0ull, ~0ull, ~0ull}};

/* What *from becomes by any number of digits, also put into `all` (which may hold what it becomes by none). */
static void front_run(struct shape *s, struct front **from, struct front **other, struct front *all)
{
    for (bool more = true; more;) {
        size_t had = all->n;
        front_through(s, from, other, &digits);
        for (size_t i = 0; i < (*from)->n; i++) front_add(all, s, (*from)->v[i]);
        more = all->n > had;
    }
}

void shape_number(struct shape *s, struct byteset after[3], struct byteset beyond[3], uint16_t pair[10])
{
    struct front *a = &s->a, *b = &s->b, *c = &s->c;
    front_clear(c);
    front_begin(s, a);
    front_run(s, &a, &b, c);
    after[0] = front_bytes(c, s);
    front_through(s, &c, &b, &others);
    after[1] = front_bytes(c, s);
    front_clear(a); /* c is kept in a while its run is followed */
    for (size_t i = 0; i < c->n; i++) front_add(a, s, c->v[i]);
    front_step(s, &c, &b, -1, 256);
    after[2] = front_bytes(c, s);
    front_clear(c);
    for (size_t i = 0; i < a->n; i++) front_add(c, s, a->v[i]);
    front_run(s, &a, &b, c);
    front_through(s, &c, &b, &others);
    for (int k = 0; k < 3; k++) {
        beyond[k] = front_bytes(c, s);
        front_step(s, &c, &b, -1, 256);
    }
    for (unsigned d = 0; d < 10; d++) {
        struct byteset digit = {{1ull << ('0' + d), 0, 0, 0}}, next;
        a = &s->a, b = &s->b;
        front_begin(s, a);
        front_through(s, &a, &b, &digit);
        next = front_bytes(a, s);
        pair[d] = (uint16_t)(next.w[0] >> '0' & 0x3ff);
        if ((next.w[0] & others.w[0]) | next.w[1] | next.w[2] | next.w[3]) pair[d] |= 1u << 10;
    }
}

/* --- does it need UTF mode */

static bool lead_folds(unsigned char c) { return (c >= 0xc3 && c <= 0xd6) || c == 0xe1; }

bool shape_needs_utf(const char *regex)
{
    const unsigned char *p = (const unsigned char *)regex;
    bool icase = strstr(regex, "(?i") != NULL, in_class = false;
    if (strstr(regex, "(*UTF)") || strstr(regex, "(*UCP)")) return true;
    for (; *p; p++) {
        if (*p == '\\' && p[1]) {
            p++;
            if (*p == 'p' || *p == 'P' || *p == 'X') return true;
            if (*p == 'x' && p[1] == '{' && strtoul((const char *)p + 2, NULL, 16) > 0x7f) return true;
            if (*p == 'N' && p[1] == '{') return true;
            continue;
        }
        if (*p == '[' && !in_class) {
            in_class = true;
            if (p[1] == '^') p++;
            if (p[1] == ']') p++;
            continue;
        }
        if (*p == '[' && in_class && p[1] == ':') {
            const char *e = strstr((const char *)p, ":]");
            if (e) p = (const unsigned char *)e + 1;
            continue;
        }
        if (*p == ']') in_class = false;
        if (*p < 0x80) continue;
        if (in_class || (icase && lead_folds(*p))) return true;
        if ((*p & 0xc0) == 0x80 && (p[1] & 0xc0) != 0x80 && p[1] && strchr("?*+{", p[1])) return true;
    }
    return false;
}
