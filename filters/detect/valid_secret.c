/* What tells a secret from the code and prose around it: rarity of a token, placeholders, identifiers, and passwords.
 * Regular expressions of the generic rules stay simple; here is what they cannot say. */
#include "filters/detect/valid.h"

#include "filters/detect/words.h"

static bool is_low(char c) { return c >= 'a' && c <= 'z'; }
static bool is_up(char c) { return c >= 'A' && c <= 'Z'; }
static bool is_dig(char c) { return c >= '0' && c <= '9'; }
static bool is_hex(char c) { return is_dig(c) || ((c | 32) >= 'a' && (c | 32) <= 'f'); }

/* Pairs of letters that make up nineteen of twenty in English words and in the names of code: row first, bit second. */
static const uint32_t common_pairs[26] = {
    0x11eb94e, 0x0104a11, 0x01acc91, 0x0004119, 0x1efb93d, 0x0124931, 0x0060110, 0x0084111, 0x22e787d,
    0x0000010, 0x0000010, 0x11c4939, 0x004d111, 0x03c617d, 0x07efd6e, 0x01ec911, 0x0100000, 0x13e795d,
    0x11cc195, 0x11ec195, 0x00eb936, 0x0004111, 0x0000191, 0x0088000, 0x000c000, 0x0000010,
};

/* A value, counted. A segment is what a reader of names sees as one word: "Base", "64", "URL", "token". */
struct looks {
    unsigned n, low, up, dig, other;
    unsigned segments; /* of letters or of digits */
    unsigned digit_runs;
    unsigned pairs, common; /* pairs of letters within a segment */
    unsigned distinct;
    unsigned run;     /* longest run up or down the alphabet or the digits */
    unsigned in_runs; /* bytes in runs of four and more */
    unsigned wordy;   /* bytes in segments of four letters and more that look like words */
    unsigned shaped;  /* letters in segments of three and more that are small but for the first */
    bool hex, one_case;
};

static bool begins_segment(const char *p, size_t i)
{
    char a = p[i - 1], b = p[i];
    if (is_dig(a) != is_dig(b)) return true;
    return is_low(a) && is_up(b);
}

/* A segment being read: letters, pairs of them, common pairs, and capitals behind the first. */
struct segment {
    unsigned len, pairs, common, up;
};

static void end_segment(struct looks *l, struct segment *s)
{
    if (s->len >= 4 && s->common * 4 >= s->pairs * 3) l->wordy += s->len;
    if (s->len >= 3 && !s->up) l->shaped += s->len;
    *s = (struct segment){0, 0, 0, 0};
}

static struct looks look(struct slice v)
{
    struct looks l = {.hex = true};
    uint64_t seen[4] = {0};
    struct segment seg = {0, 0, 0, 0};
    unsigned up = 1, down = 1;
    for (size_t i = 0; i < v.n; i++) {
        char c = v.p[i];
        up = i && c == v.p[i - 1] + 1 ? up + 1 : 1;
        down = i && c == v.p[i - 1] - 1 ? down + 1 : 1;
        if (up > l.run) l.run = up;
        if (down > l.run) l.run = down;
        l.in_runs += up >= 4 ? (up == 4 ? 4 : 1) : down >= 4 ? (down == 4 ? 4 : 1) : 0;
        unsigned char u = (unsigned char)c;
        if (!(seen[u >> 6] >> (u & 63) & 1)) seen[u >> 6] |= 1ull << (u & 63), l.distinct++;
        bool letter = is_low(c) || is_up(c);
        l.low += is_low(c);
        l.up += is_up(c);
        l.dig += is_dig(c);
        l.hex &= is_hex(c);
        if (!letter && !is_dig(c)) {
            l.other++;
            end_segment(&l, &seg);
            continue;
        }
        bool fresh = i == 0 || !(is_low(v.p[i - 1]) || is_up(v.p[i - 1]) || is_dig(v.p[i - 1])) || begins_segment(v.p, i);
        if (fresh) {
            end_segment(&l, &seg);
            l.segments++;
            l.digit_runs += is_dig(c);
        } else if (letter) {
            bool usual = common_pairs[(v.p[i - 1] | 32) - 'a'] >> ((c | 32) - 'a') & 1;
            l.pairs++, seg.pairs++;
            l.common += usual, seg.common += usual;
            seg.up += is_up(c);
        }
        seg.len += letter;
    }
    end_segment(&l, &seg);
    l.n = (unsigned)v.n;
    l.one_case = !l.low || !l.up;
    return l;
}

#define WORDS_LOOK 256u /* what stands in for a value is short; a longer one is not read for each of the words */

/* Two letters of any case, told from most others. */
static unsigned pair_of(const char *p) { return ((unsigned)p[0] & 31) << 5 | ((unsigned)p[1] & 31); }

static bool begins_with(struct slice v, const char *word)
{
    size_t k = 0;
    while (k < v.n && word[k] && (is_up(v.p[k]) ? v.p[k] + 32 : v.p[k]) == word[k]) k++;
    return !word[k];
}

/* Nearly no word's first two letters are in a value. */
static bool has_word(struct slice v, const char *const *words)
{
    uint64_t pairs[16] = {0};
    if (v.n > WORDS_LOOK) v.n = WORDS_LOOK;
    for (size_t i = 0; i + 1 < v.n; i++) pairs[pair_of(v.p + i) >> 6] |= 1ull << (pair_of(v.p + i) & 63);
    for (; *words; words++) {
        unsigned pair = pair_of(*words);
        if (!(pairs[pair >> 6] >> (pair & 63) & 1)) continue;
        for (size_t i = 0; i + 1 < v.n; i++)
            if (begins_with(slice_of(v.p + i, v.n - i), *words)) return true;
    }
    return false;
}

/* The same few bytes over and over, or a run through the keyboard's digits. */
static bool monotone(const struct looks *l) { return l->distinct * 4 < (l->n < 32 ? l->n : 32) && l->distinct < 5; }

static bool is_name_byte(char c) { return is_low(c) || is_up(c) || is_dig(c) || c == '_'; }

static bool opens_template(char c) { return c == '$' || c == '%' || c == '#' || c == '{' || c == '<'; }

/* ${name}, {{ name }}, $(cmd, %(name)s, #{name}, <%: filled in later by somebody else. */
static bool template_at(struct slice v, size_t i)
{
    static const struct {
        const char *open;
        char close;
    } kinds[] = {{"${", '}'}, {"{{", '}'}, {"%{", '}'}, {"#{", '}'}, {"%(", ')'}, {"$(", ')'}, {"<%", '>'}, {"$[", ']'}};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        if (i + 2 >= v.n || memcmp(v.p + i, kinds[k].open, 2) != 0) continue;
        size_t e = i + 2;
        while (e < v.n && (is_name_byte(v.p[e]) || strchr(" .:-=$'\"/|%", v.p[e])) && v.p[e]) e++;
        if (e == v.n || v.p[e] == kinds[k].close || v.p[e] == '[' || v.p[e] == '(') return true;
    }
    return false;
}

/* Passwords that manuals print, which all the world knows: git's, GitLab's, Redis's, Java's, a comic's. */
static bool is_published(struct slice v)
{
    static const char *const known[] = {"s3cre7", "5ivel!fe", "foobared", "changeit", "correcthorsebatterystaple", NULL};
    for (const char *const *k = known; *k; k++)
        if (strlen(*k) == v.n && slice_ieq(v, slice_str(*k))) return true;
    return false;
}

/* Words people write where the secret is to be filled in. */
static bool placeholder(struct slice v)
{
    static const char *const words[] = {
        "your",   "xxxx",   "placeholder", "changeme",   "change_me", "change-me", "replace", "redacted",  "dummy",
        "insert", "****",   "....",        "_here",      "-here",     "todo",      "fixme",   "undefined", "not_set",
        "notset", "foobar", "process.env", "os.environ", "getenv",    "secrets.",  "vault:",  "example",   NULL};
    if (v.n == 0) return true;
    if ((v.p[0] == '<' && v.p[v.n - 1] == '>') || (v.p[0] == '{' && v.p[v.n - 1] == '}') ||
        (v.p[0] == '[' && v.p[v.n - 1] == ']'))
        return true;
    if (v.p[0] == '%' && v.p[v.n - 1] == '%') return true;
    for (size_t i = 0; i < v.n; i++)
        if (opens_template(v.p[i]) && template_at(v, i)) return true;
    return has_word(v, words) || is_published(v);
}

static bool is_uuid(struct slice v)
{
    if (v.n != 36) return false;
    for (size_t i = 0; i < 36; i++)
        if (i == 8 || i == 13 || i == 18 || i == 23 ? v.p[i] != '-' : !is_hex(v.p[i])) return false;
    return true;
}

/* Labels of small letters, digits and dashes, the last of letters only; a port may follow. */
static bool is_host(struct slice v, size_t dots)
{
    size_t n = slice_find(v, ':'), label = 0, letters = 0, longest = 0;
    if (dots < 2) return false;
    for (size_t i = n + 1; i < v.n; i++)
        if (!is_dig(v.p[i])) return false;
    for (size_t i = 0; i < n; i++) {
        char c = v.p[i];
        if (c == '.') {
            if (label > longest) longest = label;
            label = letters = 0;
            continue;
        }
        if (!is_low(c) && !is_dig(c) && c != '-' && c != '_') return false;
        label++;
        letters += is_low(c);
    }
    return letters == label && label >= 2 && label <= 12 && longest <= 24;
}

/* 2025-05-14 within. */
static bool has_date(struct slice v)
{
    for (size_t i = 0; i + 10 <= v.n; i++) {
        const char *p = v.p + i;
        if ((p[0] == '1' || p[0] == '2') && is_dig(p[1]) && is_dig(p[2]) && is_dig(p[3]) && (p[4] == '-' || p[4] == '/') &&
            p[7] == p[4] && is_dig(p[5]) && is_dig(p[6]) && is_dig(p[8]) && is_dig(p[9]) && (p[5] == '0' || p[5] == '1') &&
            p[8] <= '3')
            return true;
    }
    return false;
}

/* module.Class.member */
static bool is_member(struct slice v, const struct looks *l)
{
    for (size_t i = 0; i < v.n; i++) {
        bool fresh = i == 0 || v.p[i - 1] == '.';
        if (v.p[i] == '.' ? fresh : !is_name_byte(v.p[i]) || (fresh && is_dig(v.p[i]))) return false;
    }
    return v.n <= 64 && l->wordy >= 6 && l->wordy * 2 >= l->n;
}

/* Path, URL, host, version, date, number with a unit. */
static bool is_place(struct slice v, const struct looks *l)
{
    size_t slashes = 0, dots = 0;
    for (size_t i = 0; i < v.n; i++) slashes += v.p[i] == '/', dots += v.p[i] == '.';
    if (slice_search(v, SLICE("://")) < v.n || (dots && slice_starts(v, SLICE("//")))) return true;
    if (v.p[0] == '/' && slashes >= 2 && (!l->up || l->wordy * 2 >= l->n)) return true;
    if ((v.p[0] == '.' || v.p[0] == '~') && slashes) return true;
    if (slashes >= 1 && l->wordy * 2 >= l->n) return true;
    if (dots >= 2 && l->dig + dots == l->n) return true;
    return is_host(v, dots) || has_date(v) || (dots && is_member(v, l));
}

/* xmlSecTransformDsaSha256GetKlass, V1alpha1AuditSinkSpec: syllables with capitals, as names of code have them. */
static bool is_camel(const struct looks *l)
{
    unsigned letters = l->low + l->up;
    return !l->one_case && letters >= 8 && l->dig <= letters && l->shaped * 3 >= letters * 2 && l->common * 100 >= l->pairs * 60;
}

/* P11_KIT_URI_FOR_MODULE: a constant, by its capitals and the lines between its words. */
static bool is_constant(struct slice v, const struct looks *l)
{
    unsigned lines = 0, part = 0;
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] != '_' && !is_up(v.p[i]) && !is_dig(v.p[i])) return false;
        lines += v.p[i] == '_';
        part = v.p[i] == '_' ? 0 : part + 1;
        if (part > 12) return false;
    }
    return lines >= 2 && l->up > 2 * l->dig && l->segments <= 2 * lines + 3;
}

/* Letters and digits in an order no name, word or path has. */
static bool rare(const struct looks *l)
{
    unsigned solid = l->low + l->up + l->dig;
    if (l->n < 8 || solid * 5 < l->n * 4 || monotone(l) || is_camel(l)) return false;
    if ((l->run >= 8 || l->in_runs * 3 >= l->n * 2) && l->n >= 14 && l->low + l->up >= 4)
        return true; /* abcdefghijkl1234: made up, but no name */
    if (l->wordy * 2 > solid) return false;
    if (l->hex && l->n >= 20 && l->dig >= 2) return l->distinct >= 6;
    if (l->low + l->up < 2) return false;
    if (l->dig >= 2 && solid <= 3 * l->segments) return true;
    if (l->dig && !l->one_case && solid * 10 <= 32 * l->segments) return true;
    if (l->digit_runs >= 3 && solid <= 5 * l->segments) return true;
    if (l->dig && l->pairs >= 8 && l->common * 100 < l->pairs * 62) return true;
    return !l->dig && l->pairs >= 12 && l->common * 100 < l->pairs * 50;
}

/* Letters alone, small ones and capitals in turn as no name has them: KmSWeCmEkCKBtzDx. */
static bool scrambled(const struct looks *l)
{
    return !l->dig && !l->other && l->n >= 12 && l->low >= 3 && l->up >= 3 && l->n <= 3 * l->segments &&
           l->common * 100 < l->pairs * 70;
}

static bool rare_token_ok(struct slice v)
{
    if (v.n < 10) return false;
    struct looks l = look(v);
    return (l.dig || l.run >= 8 || l.n >= 20) && rare(&l) && !is_place(v, &l) && !is_constant(v, &l) &&
           slice_search(v, SLICE("::")) == v.n && !is_uuid(v) && !placeholder(v);
}

/* Rare, and no hash: of letters beyond f, capitals and small ones or digits among them. */
static bool rare_text_ok(struct slice v)
{
    struct looks l = look(v);
    return !l.hex && rare_token_ok(v);
}

/* Both cases and digits, as base64 of random bytes has. */
static bool rare_mixed_ok(struct slice v)
{
    struct looks l = look(v);
    return !l.hex && l.low >= 3 && l.up >= 3 && l.distinct >= 14 && l.wordy * 2 < l.n && !is_camel(&l) && !placeholder(v) &&
           !is_place(v, &l);
}

/* Beside a name that says secret what is less rare counts too, and so do numbers. */
static bool less_rare(const struct looks *l)
{
    if (rare(l)) return true;
    if (l->hex && l->n >= 16 && l->dig >= 2) return l->distinct >= 5;
    if (l->wordy * 2 > l->low + l->up + l->dig) return false;
    if (l->n >= 14 && l->dig >= 3 && l->low + l->up >= 3 && l->wordy * 3 < l->n) return true;
    if (l->n >= 20 && l->pairs >= 8 && l->common * 100 < l->pairs * 66) return true;
    return scrambled(l) || (l->dig == l->n && l->n >= 14 && l->distinct >= 6);
}

/* 0x8009030D: a number of code. */
static bool is_number(struct slice v)
{
    if (v.n > 10 || v.n < 3 || v.p[0] != '0' || (v.p[1] | 32) != 'x') return false;
    for (size_t i = 2; i < v.n; i++)
        if (!is_hex(v.p[i])) return false;
    return true;
}

static bool secret_token_ok(struct slice v)
{
    if (is_number(v)) return false;
    if (!is_uuid(v)) {
        struct looks l = look(v);
        if (!less_rare(&l) || monotone(&l) || is_camel(&l) || is_place(v, &l) || is_constant(v, &l)) return false;
    }
    return !placeholder(v);
}

/* --- passwords */

/* Reads like code: a call, a member, an index, a reference to a variable. */
static bool is_code(struct slice v)
{
    if (v.p[0] == '$' && v.n > 1 && (v.p[1] == '{' || v.p[1] == '(' || v.p[1] == '[')) return true;
    if (v.p[0] == '$' || v.p[0] == '@' || v.p[0] == '&' || v.p[0] == ':' || v.p[0] == '*') {
        size_t i = 1;
        while (i < v.n && (is_name_byte(v.p[i]) || v.p[i] == '.' || v.p[i] == '-' || v.p[i] == '>')) i++;
        struct looks l = look(slice_of(v.p + 1, v.n - 1));
        if (i == v.n && (v.p[0] == '$' || !rare(&l))) return true;
    }
    size_t i = 0;
    while (i < v.n && (is_name_byte(v.p[i]) || v.p[i] == '.')) i++;
    if (i > 0 && i < v.n && (v.p[i] == '(' || v.p[i] == '[') && !is_dig(v.p[0])) return true;
    size_t call = slice_search(v, SLICE("()"));
    return (call > 0 && call < v.n && is_name_byte(v.p[call - 1])) || slice_search(v, SLICE("->")) < v.n ||
           slice_search(v, SLICE("::")) < v.n || slice_search(v, SLICE("=>")) < v.n || slice_search(v, SLICE("//")) < v.n;
}

/* Words that stand where a password is spoken of: types, states, other fields. Whole value, ASCII case ignored. */
static bool is_stock(struct slice v)
{
    static const char *const stock[] = {"true",         "false",      "null",
                                        "none",         "nil",        "string",
                                        "str",          "text",       "password",
                                        "passwd",       "pass",       "pwd",
                                        "secret",       "token",      "yes",
                                        "no",           "optional",   "required",
                                        "hidden",       "input",      "type",
                                        "any",          "bytes",      "bool",
                                        "boolean",      "int",        "number",
                                        "object",       "empty",      "default",
                                        "test",         "username",   "user",
                                        "name",         "login",      "email",
                                        "value",        "key",        "field",
                                        "error",        "invalid",    "incorrect",
                                        "wrong",        "missing",    "const",
                                        "self",         "this",       "new",
                                        "var",          "let",        "auto",
                                        "void",         "char",       "std",
                                        "unknown",      "passphrase", "plain",
                                        "plaintext",    "encrypted",  "prompt",
                                        "the",          "and",        "not",
                                        "set",          "unset",      "must",
                                        "should",       "cannot",     "is",
                                        "are",          "was",        "for",
                                        "with",         "from",       "or",
                                        "reset",        "change",     "forgot",
                                        "manager",      "protected",  "authentication",
                                        "auth",         "basic",      "bearer",
                                        "undefined",    "redacted",   "varchar",
                                        "credentials",  "hash",       "hashed",
                                        "length",       "policy",     "confirm",
                                        "confirmation", "mypassword", "your_password",
                                        "yourpassword", "define",     "undef",
                                        "inline",       NULL};
    for (const char *const *s = stock; *s; s++)
        if (strlen(*s) == v.n && slice_ieq(v, slice_str(*s))) return true;
    return false;
}

static bool not_placeholder_ok(struct slice v) { return v.n > 0 && !placeholder(v) && !is_code(v) && !is_stock(v); }

/* registry-password, SOME_TOKEN, SetPassword: the name of a secret, not one. */
static bool is_secret_name(struct slice v)
{
    static const char *const ends[] = {"password", "passwd", "pass", "pwd", "secret", "token", "key", "credentials", NULL};
    size_t at = v.n;
    for (size_t i = 0; i < v.n; i++)
        if (!is_low(v.p[i]) && !is_up(v.p[i]) && v.p[i] != '_' && v.p[i] != '-') return false;
    while (at > 0 && v.p[at - 1] != '_' && v.p[at - 1] != '-' && !(at < v.n && is_up(v.p[at]) && is_low(v.p[at - 1]))) at--;
    for (const char *const *e = ends; at > 0 && *e; e++)
        if (slice_ieq(slice_of(v.p + at, v.n - at), slice_str(*e))) return true;
    return false;
}

/* ^7.0.3, >=1.2, %s:%s, #!/bin/sh: versions, formats and the beginnings of programs. */
static bool is_version_or_format(struct slice v)
{
    size_t i = 0, dots = 0;
    while (i < v.n && strchr("^~<>=v", v.p[i]) && v.p[i]) i++;
    while (i < v.n && (is_dig(v.p[i]) || v.p[i] == '.')) dots += v.p[i++] == '.';
    return (i == v.n && dots) || slice_search(v, SLICE("%s")) < v.n || slice_starts(v, SLICE("#!")) ||
           slice_search(v, SLICE("&quot")) < v.n;
}

/* What stands for a password in quotes behind a name that says so: nearly everything but code, types and prose. */
static bool password_ok(struct slice v)
{
    if (v.n < 4 || !not_placeholder_ok(v) || is_secret_name(v) || is_version_or_format(v) || is_number(v)) return false;
    struct looks l = look(v);
    unsigned spaces = 0;
    for (size_t i = 0; i < v.n; i++) spaces += v.p[i] == ' ';
    if (spaces == 1 && is_stock(slice_of(v.p, slice_find(v, ' ')))) return false; /* "not set" */
    if (spaces && l.wordy * 10 >= (l.n - spaces) * 6) return false;
    return l.distinct >= 3 && slice_search(v, SLICE("://")) == v.n;
}

static bool is_mixed(struct slice v)
{
    struct looks l = look(v);
    if (l.distinct < 5 || !(l.low + l.up) || is_place(v, &l)) return false;
    if (!l.dig) {
        bool mark = false;
        if (l.wordy * 10 >= (l.low + l.up) * 8) return false;
        for (size_t i = 0; i < v.n; i++)
            if ((unsigned char)v.p[i] >= 0x80 || (v.p[i] == '?' && i + 1 < v.n && v.p[i + 1] == '.')) return false;
        for (size_t i = 0; i < v.n; i++) mark |= strchr("!@#$%^&*?+=~", v.p[i]) != NULL && v.p[i];
        return (mark && l.n >= 8 && !(strchr("?!", v.p[v.n - 1]) && l.other == 1)) ||
               (l.n >= 12 && l.pairs >= 6 && l.common * 100 < l.pairs * 55);
    }
    bool ident = true;
    for (size_t i = 0; i < v.n && ident; i++) ident = is_name_byte(v.p[i]) || v.p[i] == '.';
    /* item2, utf8_name, sha256: a word and a number are no password; Winter2024x and harbor-silver-58 may be. */
    if (ident && l.dig < 3 && l.segments <= 4 && l.common * 100 >= l.pairs * 60) return false;
    return true;
}

/* A password nobody would take for a word, a name or a number in prose or for an identifier in code: letters with digits
 * or marks. */
static bool mixed_password_ok(struct slice v)
{
    if (v.n < 6 || v.p[0] == ':') return false;
    if (v.p[0] == '@' && slice_find(v, ':') < v.n) return false; /* @host:port, the end of a URL */
    return is_mixed(v) && !is_version_or_format(v) && not_placeholder_ok(v);
}

/* IhqSb1Gg: letters of both cases with digits among them, in pairs no name has; Html5Page and Sha256Sum are names. */
static bool is_jumble(struct slice v, const struct looks *l)
{
    static const char *const kinds[] = {"html", "xml",  "http", "utf",   "base64", "md5", "sha",
                                        "ssl",  "x509", "json", "oauth", "sql",    NULL};
    if (l->n < 8 || l->n > 24 || !l->low || !l->up || l->other || l->digit_runs != 1 || l->pairs < 3) return false;
    return !is_dig(v.p[0]) && !is_dig(v.p[v.n - 1]) && l->common * 100 < l->pairs * 75 && !has_word(v, kinds);
}

/* correct-horse-battery, rocket-harbor-orchid-6: words with dashes between and perhaps a number behind them, none of
 * which says what a name in code says. */
static bool is_passphrase(struct slice v, unsigned least)
{
    static const char *const names[] = {"pass", "secret", "cred", "token", "admin", "user", "name", "config", "value",
                                        "key",  "auth",   "file", "field", "based", "less", "side", "case",   NULL};
    unsigned words = 0;
    size_t part = 0;
    bool number = false;
    for (size_t i = 0; i <= v.n; i++) {
        if (i < v.n && v.p[i] != '-') {
            if (is_dig(v.p[i]) ? i > part && !number : !is_low(v.p[i]) || number) return false;
            number |= is_dig(v.p[i]);
            part = i == 0 || v.p[i - 1] == '-' ? i : part;
            continue;
        }
        if (i == part || (i > 0 && v.p[i - 1] == '-')) return false;
        if (number && i < v.n) return false;
        if (!number && (i - part < 4 || i - part > 10)) return false;
        words += !number;
        part = i + 1;
    }
    return words >= least && v.n <= 48 && !has_word(v, names);
}

/* Passw0rd, c0ff33: digits that stand for letters within a word. */
static bool is_leet(struct slice v, const struct looks *l)
{
    unsigned within = 0, nought = 0;
    if (v.n < 6 || v.n > 20 || l->other || l->low < 3) return false;
    for (size_t i = 1; i + 1 < v.n; i++) {
        if (!is_dig(v.p[i]) || is_dig(v.p[i - 1]) || is_dig(v.p[i + 1])) continue;
        if (!strchr("013457", v.p[i])) return false;
        within++;
        nought += v.p[i] == '0';
    }
    return !is_dig(v.p[0]) && (nought || within > 1) && l->digit_runs == within + is_dig(v.p[v.n - 1]);
}

/* Behind "password:" or "password =": letters and a digit will do, unless they are a name of code. */
static bool password_set_ok(struct slice v)
{
    if (mixed_password_ok(v)) return true;
    if (is_passphrase(v, 3)) return not_placeholder_ok(v);
    if (v.n < 6 || v.n > 24) return false;
    struct looks l = look(v);
    if (scrambled(&l) || is_jumble(v, &l) || is_leet(v, &l)) return not_placeholder_ok(v);
    if (!l.dig || l.low + l.up < 3 || l.other || l.distinct < 4) return false;
    size_t word = v.n;
    while (word > 0 && is_dig(v.p[word - 1])) word--;
    return word < v.n && l.digit_runs == 1 && (l.dig > 1 || l.n >= 7) && !is_stock(slice_of(v.p, word)) && not_placeholder_ok(v);
}

/* A value of an assignment in an environment or a connection string: a word will do, a piece of code will not. */
static bool password_word_ok(struct slice v)
{
    if (!password_ok(v)) return false;
    struct looks l = look(v);
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] == '(' || v.p[i] == '.' || v.p[i] == '[') return l.dig > 0 && mixed_password_ok(v);
    return l.dig < l.n && !slice_ieq(v, SLICE("getpass")) && !slice_ieq(v, SLICE("password1"));
}

/* RiverTiger4821: two words and a number that is the last of it, of three digits, or two behind words in full. */
static bool two_words(const struct looks *l)
{
    if (!l->low || l->up < 2 || l->other || l->segments != 3 || l->digit_runs != 1) return false;
    return l->dig >= 3 || (l->dig == 2 && l->up == 2 && l->shaped == l->low + l->up && l->shaped >= 10);
}

/* uiZyXI^ldN*akGI: letters of both cases, no digit, and marks between them as no code has them. */
static bool many_marks(struct slice v, const struct looks *l)
{
    unsigned marks = 0;
    for (size_t i = 1; i + 1 < v.n; i++) marks += strchr("!@#$%^&*~+", v.p[i]) && v.p[i];
    return !l->dig && l->n >= 10 && l->low >= 3 && l->up >= 3 && marks >= 2 && marks == l->other &&
           l->common * 100 < l->pairs * 70;
}

/* In prose, with no operator before it: only what nobody takes for a word, a host, a file or a number. */
static bool password_prose_ok(struct slice v)
{
    struct looks l = look(v);
    if (scrambled(&l) && !placeholder(v)) return true;
    if (is_passphrase(v, 3) && l.dig && l.low + l.up >= 14) return !placeholder(v);
    if (l.dig == 2 && two_words(&l)) return !placeholder(v);
    if (many_marks(v, &l)) return !placeholder(v) && !is_code(v);
    if (!l.dig || l.dig == l.n || v.p[0] == '*' || v.p[0] == '&' || !mixed_password_ok(v) || is_uuid(v)) return false;
    size_t dots = 0, slashes = 0, marks = 0, dashes = 0, lows = 0;
    for (size_t i = 0; i < v.n; i++) {
        char c = v.p[i];
        lows += c == '_';
        dots += c == '.', slashes += c == '/' || c == '\\', dashes += c == '-';
        marks += c == '!' || c == '@' || c == '#' || c == '$' || c == '%' || c == '^' || c == '&' || c == '*' || c == '~';
        if ((unsigned char)c >= 0x80 || c == '=' || c == '[' || c == '{') return false;
    }
    if (dots || slashes || lows > 1) return false;
    if (marks) return marks * 2 < l.n;
    if (dashes) return dashes >= 2 && dashes <= 5 && l.wordy >= 4 && l.low + l.up >= 8 && l.dig >= 2 && is_dig(v.p[v.n - 1]);
    return rare(&l) || (l.low && l.up && l.segments >= 4 && l.n >= 8) || two_words(&l);
}

/* Behind a user's name: as behind a colon, but one digit behind a word is a version. */
static bool password_beside_ok(struct slice v)
{
    if (!password_set_ok(v)) return false;
    struct looks l = look(v);
    return l.dig != 1 || l.other || !is_dig(v.p[v.n - 1]);
}

/* Codes to recover an account, between blanks, commas or dashes of a list: most of them with digits. */
static bool recovery_codes_ok(struct slice v)
{
    unsigned codes = 0, digits = 0;
    size_t i = 0;
    while (i < v.n) {
        unsigned n = 0, dig = 0, solid = 0;
        for (; i < v.n && v.p[i] != '\n' && v.p[i] != ',' && v.p[i] != ';' && v.p[i] != '\t'; i++, n++)
            dig += is_dig(v.p[i]), solid += is_name_byte(v.p[i]);
        codes += solid >= 6;
        digits += solid >= 6 && dig >= (codes > 2 ? 1 : 2);
        i++;
    }
    return codes && digits * 10 >= codes * 6;
}

/* Base32, perhaps in groups of four: with the digits it has, or letters in an order no word has. */
static bool secret_spaced_ok(struct slice v)
{
    char flat[128];
    size_t n = 0;
    for (size_t i = 0; i < v.n && n < sizeof flat; i++)
        if (v.p[i] != ' ' && v.p[i] != '-') flat[n++] = v.p[i];
    return n >= 16 && secret_token_ok(slice_of(flat, n));
}

/* What a cookie holds: chance somewhere, and no template or words. */
static bool rare_cookie_ok(struct slice v)
{
    struct looks l = look(v);
    return l.dig >= 2 && l.distinct >= 8 && l.wordy * 2 < l.low + l.up + l.dig && !placeholder(v);
}

/* In a path: a UUID, a long row of hexadecimal digits, or chance; names of files and pages are neither. */
static bool path_token_ok(struct slice v)
{
    struct looks l = look(v);
    if (is_uuid(v) || (l.hex && l.n >= 32 && l.distinct >= 8)) return true;
    return l.dig >= 2 && l.wordy * 4 < l.n && rare_token_ok(v);
}

/* user:password, or a token in place of the user and no password */
static bool user_password_ok(struct slice v)
{
    size_t colon = slice_find(v, ':');
    if (colon + 1 == v.n) return secret_token_ok(slice_of(v.p, colon));
    if (colon >= v.n) return false;
    if (colon == 0) return mixed_password_ok(slice_of(v.p + 1, v.n - 1));
    struct slice user = slice_of(v.p, colon), pass = slice_of(v.p + colon + 1, v.n - colon - 1);
    struct looks l = look(pass);
    return password_ok(pass) && l.dig < l.n && !slice_ieq(user, pass) && not_placeholder_ok(user) == (user.p[0] != '$') &&
           pass.p[0] != '/' && user.p[0] != '$';
}

/* Between user and host of a URL: any word, but no template. */
static bool url_password_ok(struct slice v)
{
    static const char *const words[] = {"xxxx", "****", "....", "redacted", "your", "changeme", NULL};
    if (v.n == 0 || v.p[0] == '<' || v.p[0] == '[' || v.p[0] == '{' || v.p[0] == '*') return false;
    for (size_t i = 0; i < v.n; i++)
        if (opens_template(v.p[i]) && template_at(v, i)) return false;
    return !has_word(v, words) && !is_published(v) && !is_code(v);
}

/* base64 of user:password, the password may be empty. */
static bool basic_pair_ok(struct slice v)
{
    uint8_t out[1024];
    size_t n = valid_base64(v, out, sizeof out), colon = slice_find(slice_of(out, n), ':');
    if (n < 4 || colon >= n) return false;
    for (size_t i = 0; i < n; i++)
        if (out[i] < 0x20 || out[i] == 0x7F) return false;
    struct looks l = look(v);
    return l.dig || l.other || l.up > 2 || l.n % 4 == 0; /* else a word: "Basic Operations" */
}

/* Brackets as no code has them: one closes that was never opened so, or one is never closed. */
static bool brackets_odd(struct slice v)
{
    char open[32];
    size_t n = 0;
    for (size_t i = 0; i < v.n; i++) {
        char c = v.p[i], want = c == ')' ? '(' : c == ']' ? '[' : c == '}' ? '{' : 0;
        if ((c == '(' || c == '[' || c == '{') && n < sizeof open) open[n++] = c;
        if (want && (n == 0 || open[--n] != want)) return true;
    }
    return n > 0;
}

/* A heap of marks, letters and digits from a generator of passwords: many kinds of marks, and brackets no code has. */
static bool odd_secret_ok(struct slice v)
{
    if (v.n < 12 || !brackets_odd(v)) return false;
    struct looks l = look(v);
    unsigned kinds = 0;
    if (l.low + l.up + l.dig < 6 || l.other * 5 < l.n || l.wordy * 3 >= l.n) return false;
    for (const char *m = "!@#$%^&*()[]{}<>-_+=|?~;:,./\\"; *m; m++) kinds += slice_find(v, *m) < v.n;
    return kinds >= 4 && !is_stock(v);
}

/* Words of BIP-39's list, eleven at least; the last may be cut short. */
static bool seed_words_ok(struct slice v)
{
    unsigned words = 0, distinct = 0;
    int seen[25];
    size_t i = 0;
    while (i < v.n) {
        while (i < v.n && !is_low(v.p[i] | 32)) i++;
        size_t from = i;
        while (i < v.n && is_low(v.p[i] | 32)) i++;
        if (i == from) break;
        int w = i - from > 8 ? -1 : bip39_word(slice_of(v.p + from, i - from));
        if (w < 0) {
            if (i < v.n || i - from > 3) return false;
            break;
        }
        bool dup = false;
        for (unsigned k = 0; k < distinct; k++) dup |= seen[k] == w;
        if (!dup && distinct < 25) seen[distinct++] = w;
        words++;
    }
    return words >= 8 && words <= 25 && distinct * 4 >= words * 3;
}

unsigned validator_needs(const struct validator *v)
{
    if (v->ok == rare_text_ok) return VALUE_NO_HEX;
    return v->ok == rare_mixed_ok ? VALUE_SMALL | VALUE_CAPITAL | VALUE_NO_HEX : 0;
}

const struct validator valid_secret[] = {
    {"rare_token", rare_token_ok, "ours: lengths of the words a name would have, and pairs of letters",
     VALID_LIST("3lyTWqHMt5UySny2drdPYheRTEzrNux8Cn5JWFHL", "9qpbVNj3Fdxc38gIixFq", "7cc938e45e63e9014f88f811be240ba0395c02dd",
                "ld9oqdefulr8099jt5tdejksjz7aivh"),
     VALID_LIST("getAccessTokenV2", "x-amz-security-token2", "com.example.app.v2.TokenProvider", "aaaaaaaaaaaaaaaa",
                "your-api-key-1234abcd", "us-east-1-cluster-02", "123e4567-e89b-12d3-a456-426614174000", "",
                "node_modules/base64/index2.js", "xmlSecTransformDsaSha256GetKlass", "P11_KIT_URI_FOR_MODULE",
                "AArch64::AEK_SSBS")},
    {"secret_token", secret_token_ok, "ours",
     VALID_LIST("123e4567-e89b-12d3-a456-426614174000", "jpyv4n5peifzr3am", "8792298709184863", "abcdefghijklmnopqrstuvtt12"),
     VALID_LIST("accessToken", "${TOKEN}", "my-app-secret", "https://a.example/b1c2d3e4f5", "xxxxxxxxxxxxxxxx",
                "V1alpha1AuditSinkSpec", "KAFKA_SASL_GSSAPI_KRB5_CONF", "/var/lib/ihmnzb/mdyzt.czl", "//google.aip.dev/158",
                "0x8009030D", "")},
    {"not_placeholder", not_placeholder_ok, "ours", VALID_LIST("hunter2", "s3cr3t!"),
     VALID_LIST("${DB_PASS}", "<password>", "changeme", "getPassword()", "true", "")},
    {"password_like", password_ok, "ours", VALID_LIST("cackle!", "super$ecret", "whiteduke"),
     VALID_LIST("password", "String", "SOME_PASSWORD", "os.environ[\"P\"]", "Enter your password", "abc", "SetPassword",
                "not set", "")},
    {"password_mixed", mixed_password_ok, "ours", VALID_LIST("P@ssw0rd!", "orchid-dragon-29", "Tiger1735@", "o^fmFaGAJyGW"),
     VALID_LIST("manager", "incorrect", "item2", "utf8_name", "self.password", "@localhost:8080", "saklanmaktadır", "")},
    {"rare_text", rare_text_ok, "ours", VALID_LIST("9c14koUc3f04PrzlpCcU"),
     VALID_LIST("7cc938e45e63e9014f88f811be240ba0395c02dd", "")},
    {"rare_mixed", rare_mixed_ok, "ours", VALID_LIST("3lyTWqHMt5UySny2drdPYheRTEzrNux8Cn5JWFHL"),
     VALID_LIST("7cc938e45e63e9014f88f811be240ba0395c02dd", "")},
    {"password_set", password_set_ok, "ours",
     VALID_LIST("hunter2", "BlueOcean77", "P@ssw0rd!", "Giey8Jmx", "Passw0rd", "rocket-harbor-orchid-6"),
     VALID_LIST("Html5Page", "user2", "write-protected", "my-secret-name", "user_name2", "password2", "string", "")},
    {"password_word", password_word_ok, "ours", VALID_LIST("whiteduke", "dragon-orchid-23"),
     VALID_LIST("getpass", "self.password", "12345", "None", "")},
    {"password_prose", password_prose_ok, "ours",
     VALID_LIST("orchid-dragon-29", "P@ssSATn4O#", "RocketPrincess92", "uiZyXI^ldN*akGI"),
     VALID_LIST("sha256", "example.com", "user2", "/etc/passwd2", "")},
    {"password_beside", password_beside_ok, "ours", VALID_LIST("azerty12", "Passw0rd", "correct-horse-battery"),
     VALID_LIST("version2", "manager", "user", "")},
    {"recovery_codes", recovery_codes_ok, "ours", VALID_LIST("a1b2c-3d4e5", "1234 5678\n8765 4321"),
     VALID_LIST("are listed", "below,above", "")},
    {"secret_spaced", secret_spaced_ok, "RFC 4648", VALID_LIST("puzj hbta h7nq ktrb pmdo b4ol otkv z25q"),
     VALID_LIST("this code from your", "authenticationrequired", "")},
    {"rare_cookie", rare_cookie_ok, "ours", VALID_LIST("bob%7C1760000000%7CqZzHlckMdub0ebd2zfcIlB1Om1eTCyeM3yG6xALpknG"),
     VALID_LIST("the-value-of-the-cookie", "${SESSION}", "")},
    {"path_token", path_token_ok, "ours", VALID_LIST("4f563b77-89a9-40f7-adcc-e595daae176a", "by5f0wz9ul1ejt6ihj6ld4rzfu"),
     VALID_LIST("how-to-receive-webhooks-v2", "useTheThingThatIsNamed2", "")},
    {"user_password", user_password_ok, "RFC 7617", VALID_LIST("admin:s3cr3tPw9", "9qpbVNj3Fdxc38gIixFq:"),
     VALID_LIST("1000:1000", "root:root", "user:", ":x", "")},
    {"url_password", url_password_ok, "ours", VALID_LIST("hunter2", "password", "p%40ss"),
     VALID_LIST("${PASS}", "<password>", "$PASS", "xxxxx", "")},
    {"basic_pair", basic_pair_ok, "RFC 7617", VALID_LIST("dXNlcjpwYXNzd29yZDE=", "YnJvd3Nlcjo="),
     VALID_LIST("authentication", "Operations", "")},
    {"odd_secret", odd_secret_ok, "ours", VALID_LIST("q{{w}e)r${t]y(u[i>-_$#op}}", "x)K2#m(Q!v9$Lr"),
     VALID_LIST("foo(bar[baz].get)", "a->b(c)", "items[keys(foo)]", "")},
    {"seed_words", seed_words_ok, "BIP-39",
     VALID_LIST("absent afraid among antenna agree addict also absurd account almost antenna about"),
     VALID_LIST("the quick brown fox jumps over the lazy dog", "about about about about about about about about about", "")},
    VALID_END,
};
