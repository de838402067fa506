/* One maker for each kind of value, a row each: what stays of the shape, and which range the result lies in. Ranges are
 * those that nobody owns where there are such: reserved domains, documentation addresses, numbers never issued. */
#include "filters/detect/validators.h"
#include "filters/mask/surrogate_priv.h"

#include <stdio.h>

static bool digit(char c) { return c >= '0' && c <= '9'; }
static bool letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

static bool ascii(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80) return false;
    return true;
}

static void add_number(struct maker *m, unsigned v, int width)
{
    char t[16];
    int n = snprintf(t, sizeof t, "%0*u", width, v);
    maker_add(m, slice_of(t, n > 0 ? (size_t)n : 0));
}

/* The value's digits, at most max; 0 if there are more. */
static size_t digits_of(struct slice v, char *d, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < v.n; i++) {
        if (!digit(v.p[i])) continue;
        if (n == max) return 0;
        d[n++] = v.p[i];
    }
    return n;
}

/* The value with these digits in its digits' places. */
static void put_digits(struct maker *m, const char *d)
{
    for (size_t i = 0; i < m->value.n; i++) maker_add(m, slice_of(digit(m->value.p[i]) ? d++ : m->value.p + i, 1));
}

/* ---- anything ---- */

static bool make_any(struct maker *m)
{
    if (!ascii(m->value)) return false; /* letters that would stay as they are would tell */
    maker_add(m, m->value);
    maker_scramble(m, m->out, m->n, true);
    return true;
}

/* ---- numbers with check digits: scrambled until the validator is content ---- */

#define TRIES 600u

/* Types are named after what checks them, too: an identifier that an external recogniser found has no other check. */
static const struct validator *validator_of_type(const char *type)
{
    char name[64];
    size_t n = 0;
    for (; n < sizeof name - 1 && type[n]; n++) name[n] = (char)(type[n] >= 'A' && type[n] <= 'Z' ? type[n] + 32 : type[n]);
    name[n] = 0;
    return validator_find(name);
}

/* Whether it would be taken for a value of the rule. */
static bool passes(const struct maker *m, struct slice s)
{
    const struct rule *r = m->rule;
    for (size_t i = 0; i < r->validate_count; i++)
        if (!r->validate[i]->ok(s)) return false;
    const struct validator *v = r->validate_count ? NULL : validator_of_type(r->type);
    return !v || v->ok(s);
}

static void redraw(struct maker *m, char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (digit(s[i])) s[i] = (char)('0' + maker_draw(m, 10));
        else if (letter(s[i])) s[i] = (char)((s[i] & 0x20) + 'A' + (char)maker_draw(m, 26));
    }
}

/* Month and day of the four digits at p, plausible? */
static bool month_day(const char *p)
{
    unsigned month = (unsigned)(p[0] - '0') * 10 + (unsigned)(p[1] - '0');
    unsigned day = (unsigned)(p[2] - '0') * 10 + (unsigned)(p[3] - '0');
    return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/* The first eight digits in a row that are a date in the value, or else the first six, become another date. */
static void plant_date(struct maker *m)
{
    for (int century = 1; century >= 0; century--)
        for (size_t i = 0, len = century ? 8 : 6; i + len <= m->value.n; i++) {
            const char *p = m->value.p + i;
            size_t run = 0;
            while (run < len && digit(p[run])) run++;
            if (run < len || !month_day(p + len - 4)) continue;
            if (century && memcmp(p, "19", 2) && memcmp(p, "20", 2)) continue;
            char t[12];
            unsigned year = 50 + maker_draw(m, 49), month = 1 + maker_draw(m, 12);
            snprintf(t, sizeof t, "%s%02u%02u%02u", century ? "19" : "", year, month, 1 + maker_draw(m, 28));
            memcpy(m->out + i, t, len);
            return;
        }
}

/* Tries the last letter or digit in all its values, then the last two digits. */
static bool repair(struct maker *m)
{
    size_t last = m->n;
    while (last && !digit(m->out[last - 1]) && !letter(m->out[last - 1])) last--;
    if (!last--) return false;
    char *c = m->out + last;
    bool low = *c >= 'a';
    for (int k = 0; k < 36; k++) {
        *c = (char)(k < 10 ? '0' + k : (low ? 'a' : 'A') + k - 10);
        bool check = *c == 'X' || *c == 'K' || strchr("xXkK", m->value.p[last]); /* stands for ten */
        if (digit(*c) != digit(m->value.p[last]) && !check) continue;
        if (passes(m, slice_of(m->out, m->n))) return true;
    }
    *c = '0';
    if (last == 0 || !digit(c[-1]) || !digit(m->value.p[last])) return false;
    for (int k = 0; k < 100; k++) {
        c[-1] = (char)('0' + k / 10);
        c[0] = (char)('0' + k % 10);
        if (passes(m, slice_of(m->out, m->n))) return true;
    }
    return false;
}

/* Everything but the first `keep` bytes anew: what a number begins with may be fixed by law. */
static bool try_from(struct maker *m, size_t keep)
{
    m->n = 0;
    maker_add(m, m->value);
    if (m->failed || keep >= m->n) return false;
    redraw(m, m->out + keep, m->n - keep);
    plant_date(m);
    return repair(m);
}

static bool make_checked(struct maker *m)
{
    maker_add(m, m->value);
    maker_scramble(m, m->out, m->n, false);
    if (passes(m, slice_of(m->out, m->n)) || repair(m)) return true;
    static const size_t keep[] = {0, 1, 2, 3, 6, 7}; /* as little as will do */
    for (unsigned k = 0; k < TRIES && !m->failed; k++)
        if (try_from(m, keep[k * (sizeof keep / sizeof keep[0]) / TRIES])) return true;
    return false;
}

/* ---- cards: a test number of the same issuer, passing Luhn (ISO/IEC 7812-1) ---- */

static const struct {
    const char *starts, *test; /* the issuer's first digits; the test number's first six */
} issuers[] = {
    {"34", "378282"}, {"37", "378282"},   {"36", "361489"}, {"38", "385200"}, {"30", "305693"}, {"35", "353011"},
    {"4", "424242"},  {"51", "555555"},   {"52", "555555"}, {"53", "555555"}, {"54", "555555"}, {"55", "555555"},
    {"2", "222300"},  {"6011", "601111"}, {"65", "650002"}, {"62", "620000"}, {"50", "501800"}, {"67", "675964"},
};

static char luhn_digit(const char *d, size_t n)
{
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned x = (unsigned)(d[n - 1 - i] - '0');
        if (i % 2 == 0) x = x * 2 > 9 ? x * 2 - 9 : x * 2;
        sum += x;
    }
    return (char)('0' + (10 - sum % 10) % 10);
}

static bool make_card(struct maker *m)
{
    char d[20];
    size_t n = digits_of(m->value, d, 19);
    if (n < 12 || !ascii(m->value)) return make_any(m);
    const char *test = NULL;
    for (size_t i = 0; i < sizeof issuers / sizeof issuers[0] && !test; i++)
        if (strncmp(d, issuers[i].starts, strlen(issuers[i].starts)) == 0) test = issuers[i].test;
    char own[7] = {d[0], d[1], '0', '0', '0', '0', 0};
    maker_scramble(m, d, n - 1, false);
    memcpy(d, test ? test : own, 6);
    d[n - 1] = luhn_digit(d, n - 1);
    put_digits(m, d);
    return true;
}

/* ---- IBAN (ISO 13616): the country stays, check digits by mod 97 ---- */

static unsigned mod97(const char *s, size_t n, unsigned r)
{
    for (size_t i = 0; i < n; i++) {
        unsigned x = digit(s[i]) ? (unsigned)(s[i] - '0') : (unsigned)((s[i] | 0x20) - 'a' + 10);
        r = (r * (x > 9 ? 100 : 10) + x) % 97;
    }
    return r;
}

static bool make_iban(struct maker *m)
{
    char s[40];
    size_t n = 0;
    for (size_t i = 0; i < m->value.n; i++) {
        char c = m->value.p[i];
        if (!digit(c) && !letter(c)) continue;
        if (n == sizeof s) return make_any(m);
        s[n++] = c;
    }
    if (n < 15 || n > 34 || !letter(s[0]) || !letter(s[1]) || !ascii(m->value)) return make_any(m);
    maker_scramble(m, s + 4, n - 4, false);
    unsigned r = mod97(s + 4, n - 4, 0);
    r = mod97(s, 2, r);
    r = 98 - r * 100 % 97;
    s[2] = (char)('0' + r / 10);
    s[3] = (char)('0' + r % 10);
    size_t k = 0;
    for (size_t i = 0; i < m->value.n; i++) {
        char c = m->value.p[i];
        maker_add(m, slice_of(digit(c) || letter(c) ? &s[k++] : &m->value.p[i], 1));
    }
    return true;
}

/* ---- telephone numbers: country code, area's first digit and format stay ---- */

/* Digits of a country code (ITU-T E.164) at the start of d. */
static size_t country_code(const char *d)
{
    static const char two[] =
        "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 "
        "81 82 84 86 90 91 92 93 94 95 98 ";
    if (d[0] == '1' || d[0] == '7') return 1;
    const char pair[4] = {d[0], d[1], ' ', 0};
    return strstr(two, pair) ? 2 : 3;
}

/* North America: 555-0100 to 555-0199 are kept for fiction in every area. */
static void nanp(struct maker *m, char *d)
{
    d[0] = (char)('2' + maker_draw(m, 8));
    d[1] = (char)('0' + maker_draw(m, 9));
    do d[2] = (char)('0' + maker_draw(m, 10));
    while (d[1] == '1' && d[2] == '1' && !m->failed);
    memcpy(d + 3, "55501", 5);
    d[8] = (char)('0' + maker_draw(m, 10));
    d[9] = (char)('0' + maker_draw(m, 10));
}

static bool make_phone(struct maker *m)
{
    char d[24] = {0};
    size_t n = digits_of(m->value, d, 20), keep = 0;
    if (n < 7 || !ascii(m->value)) return make_any(m);
    bool plus = m->value.p[0] == '+' || (m->value.n > 1 && m->value.p[0] == '(' && m->value.p[1] == '+');
    if (plus) keep = country_code(d);
    else if (d[0] == '0' && d[1] == '0') keep = 2 + country_code(d + 2);
    else if (n == 11 && d[0] == '1' && d[1] >= '2' && memchr(m->value.p, '-', m->value.n)) keep = 1;
    bool america = (keep == 1 || (keep == 3 && d[0] == '0')) && n - keep == 10 && d[keep - 1] == '1';
    if (america || (!keep && n == 10 && d[0] >= '2' && d[3] >= '2')) {
        nanp(m, d + keep);
        put_digits(m, d);
        return true;
    }
    bool china = !keep && n == 13 && memcmp(d, "861", 3) == 0; /* its country code without a sign */
    if (china) keep = 2;
    if (!keep && m->value.p[0] == '(') { /* an area of its own: any other may be of another length */
        while (keep + 1 < m->value.n && digit(m->value.p[keep + 1])) keep++;
        keep -= keep > 0;
    }
    while (keep < n && d[keep] == '0') keep++;                    /* the trunk prefix */
    keep += n > keep && n - keep == 11 && d[keep] == '1' ? 2 : 1; /* a Chinese mobile number begins with 13 to 19 */
    if (n < keep + 4) return make_any(m);
    maker_scramble(m, d + keep, n - keep, false);
    put_digits(m, d);
    return true;
}

/* ---- e-mail: example.com, .org and .net belong to nobody (RFC 2606) ---- */

static const char *const given[] = {
    "Adele",  "Alban",  "Alina",   "Anselm",  "Ariane",  "Aurel",   "Beata",  "Benno",  "Bianca", "Bruno",   "Camilla",
    "Caspar", "Celia",  "Clemens", "Cora",    "Cyril",   "Dagmar",  "Damian", "Delia",  "Dorian", "Edda",    "Elias",
    "Elvira", "Emil",   "Esther",  "Fabian",  "Felicia", "Flora",   "Gerda",  "Gideon", "Greta",  "Hanno",   "Hedwig",
    "Henrik", "Ilona",  "Irina",   "Isidor",  "Jasper",  "Jolanda", "Judith", "Karin",  "Kilian", "Larissa", "Leander",
    "Leonie", "Linus",  "Livia",   "Magnus",  "Marlene", "Matteo",  "Milena", "Nadine", "Niklas", "Ottilie", "Pascal",
    "Ramona", "Rasmus", "Sabine",  "Severin", "Silvan",  "Tamara",  "Tobias", "Ulrike", "Viktor",
};
static const char *const family[] = {
    "Abendroth", "Adler",     "Althaus",  "Bachmann",   "Bergmann", "Birkner",  "Brandt",    "Buchholz",
    "Castelli",  "Dahlberg",  "Dorfner",  "Eberle",     "Ekmann",   "Falkner",  "Feldmann",  "Fontaine",
    "Garbers",   "Gruber",    "Hagedorn", "Halvorsen",  "Hartwig",  "Heller",   "Holmgren",  "Imhoff",
    "Jansen",    "Kestner",   "Kirchner", "Kowalczyk",  "Kranz",    "Lambert",  "Lindqvist", "Lorenz",
    "Maibach",   "Marchetti", "Moreau",   "Nadler",     "Nordahl",  "Oberholz", "Olsson",    "Ostermann",
    "Pellegrin", "Petersen",  "Quandt",   "Rautenberg", "Reinhold", "Rosati",   "Ruppert",   "Sandberg",
    "Schilling", "Seidel",    "Sommer",   "Steiner",    "Talvera",  "Thalberg", "Tiedemann", "Ullmann",
    "Vandamme",  "Vogler",    "Wallner",  "Weidner",    "Westphal", "Winkler",  "Zacharias", "Ziegler",
};
#define NAMES 64u

static void add_lower(struct maker *m, const char *s)
{
    for (; *s; s++) {
        char c = (char)(*s >= 'A' && *s <= 'Z' ? *s + 32 : *s);
        if ((unsigned char)c < 0x80) maker_add(m, slice_of(&c, 1));
    }
}

static bool make_email(struct maker *m)
{
    static const char base32[] = "abcdefghijkmnpqrstuvwxyz23456789";
    static const char *const domain[] = {"@example.com", "@example.org", "@example.net"};
    add_lower(m, given[maker_draw(m, NAMES)]);
    maker_add(m, SLICE("."));
    add_lower(m, family[maker_draw(m, NAMES)]);
    for (int i = 0; i < 4; i++) maker_add(m, slice_of(&base32[maker_draw(m, 32)], 1));
    maker_add(m, slice_str(domain[maker_draw(m, 3)]));
    return true;
}

/* ---- names ---- */

static const char *const han_family[] = {"\xe6\xac\xa7\xe9\x98\xb3", "\xe8\xaf\xb8\xe8\x91\x9b", "\xe5\x8f\xb8\xe5\xbe\x92",
                                         "\xe6\x85\x95\xe5\xae\xb9", "\xe4\xb8\x8a\xe5\xae\x98", "\xe7\x9a\x87\xe7\x94\xab",
                                         "\xe5\xb0\x89\xe8\xbf\x9f", "\xe5\x8d\x97\xe5\xae\xab"};
static const char *const han_given[] = {
    "\xe4\xba\x88\xe5\xae\x89", "\xe6\x99\xaf\xe8\xa1\x8c", "\xe7\x9f\xa5\xe8\xbf\x9c", "\xe5\xb1\xb1\xe5\xb2\x9a",
    "\xe6\xb8\x85\xe8\xb6\x8a", "\xe5\x8d\x97\xe4\xb9\x94", "\xe4\xb9\xa6\xe5\xb2\x9a", "\xe6\x99\x9a\xe6\x99\xb4",
    "\xe6\x80\x80\xe7\x91\xbe", "\xe6\x98\x8e\xe8\xbf\x9c", "\xe6\x80\x9d\xe9\xbd\x90", "\xe8\xaf\x97\xe5\xa9\xb7",
    "\xe6\x89\xbf\xe5\xae\x87", "\xe8\xb6\x8a\xe6\xb3\xbd", "\xe9\x9d\x99\xe5\xa7\x9d", "\xe6\x96\x87\xe6\x9f\x8f"};

static bool is_han(struct slice s)
{
    for (size_t i = 0; i < s.n; i += 3)
        if (s.n - i < 3 || (unsigned char)s.p[i] < 0xe3 || (unsigned char)s.p[i] > 0xe9) return false;
    return s.n >= 6;
}

static void add_name(struct maker *m, const char *name, struct slice word)
{
    bool upper = word.n > 1 && word.p[0] >= 'A' && word.p[0] <= 'Z' && word.p[1] >= 'A' && word.p[1] <= 'Z';
    bool lower = word.n && word.p[0] >= 'a' && word.p[0] <= 'z';
    if (lower) {
        add_lower(m, name);
        return;
    }
    for (; *name; name++) {
        char c = (char)(upper && *name >= 'a' && *name <= 'z' ? *name - 32 : *name);
        maker_add(m, slice_of(&c, 1));
    }
}

/* As many words as the name has, at most three; the last one a family name. */
static bool make_person(struct maker *m)
{
    if (is_han(m->value)) {
        maker_add(m, slice_str(han_family[maker_draw(m, 8)]));
        maker_add(m, slice_str(han_given[maker_draw(m, 16)]));
        return true;
    }
    if ((unsigned char)m->value.p[0] >= 0xe0) return false; /* another script: no list for it */
    size_t words = 0;
    for (size_t i = 0; i < m->value.n;) {
        size_t n = 0;
        while (i + n < m->value.n && m->value.p[i + n] != ' ') n++;
        if (n && words < 3) {
            size_t end = i + n;
            while (end < m->value.n && m->value.p[end] == ' ') end++;
            bool last = words == 2 || (end == m->value.n && words);
            if (words) maker_add(m, SLICE(" "));
            add_name(m, (last ? family : given)[maker_draw(m, NAMES)], slice_of(m->value.p + i, n));
            words++;
        }
        i += n + 1;
    }
    return words > 0;
}

/* ---- addresses of machines: documentation ranges (RFC 5737, RFC 3849, RFC 7042) ---- */

static bool make_ip(struct maker *m)
{
    static const char *const nets[] = {"192.0.2.", "198.51.100.", "203.0.113."};
    char *end;
    struct slice v = m->value;
    if (memchr(v.p, ':', v.n) && !memchr(v.p, '.', v.n)) {
        maker_add(m, SLICE("2001:db8"));
        for (int i = 0; i < 6; i++) {
            char t[8];
            int n = snprintf(t, sizeof t, ":%x", 1 + maker_draw(m, 0xfffe));
            maker_add(m, slice_of(t, (size_t)n));
        }
        const char *tail = memchr(v.p, '/', v.n);
        if (tail) maker_add(m, slice_of(tail, (size_t)(v.p + v.n - tail)));
        return true;
    }
    char text[SURROGATE_VALUE_MAX + 1];
    memcpy(text, v.p, v.n);
    text[v.n] = 0;
    end = text;
    for (int i = 0; i < 4; i++) {
        size_t n = strspn(end, "0123456789");
        if (n == 0 || n > 3 || (i < 3 && end[n] != '.')) return make_any(m);
        end += n + (i < 3);
    }
    maker_add(m, slice_str(nets[maker_draw(m, 3)]));
    add_number(m, 1 + maker_draw(m, 254), 1);
    maker_add(m, slice_str(end)); /* a port or a prefix length */
    return true;
}

/* Locally administered addresses: nobody's card has one. */
static bool make_mac(struct maker *m)
{
    if (!make_any(m)) return false;
    if (m->n < 2) return false;
    for (size_t i = 0; i < m->n; i++) { /* one of letters alone is hexadecimal too */
        const char low = (char)(m->out[i] | 0x20);
        if (low > 'f' && low <= 'z') m->out[i] = (char)(m->out[i] - low + 'a' + (low - 'a') % 6);
    }
    m->out[0] = '0';
    m->out[1] = '2';
    return true;
}

/* ---- dates ---- */

static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                     "July",    "August",   "September", "October", "November", "December"};

struct group { /* of digits */
    size_t at, n;
    unsigned v;
};

/* What the groups of digits are: a year of four digits, first or last, with a month and a day, or a year and a day
 * beside the name of a month. Ambiguous days and months both become at most 12. */
static void date_group(struct maker *m, const struct group *g, size_t k, size_t count)
{
    if (g[k].n == 8) { /* 19800312 */
        add_number(m, g[k].v / 10000 - 5 + maker_draw(m, 11), 4);
        add_number(m, 1 + maker_draw(m, 12), 2);
        add_number(m, 1 + maker_draw(m, 28), 2);
    } else if (g[k].n == 4) {
        add_number(m, g[k].v - 5 + maker_draw(m, 11), 4);
    } else if (g[k].n > 2 || k > 2) {
        maker_add(m, slice_of(m->value.p + g[k].at, g[k].n)); /* a time's fraction, a zone */
    } else if (g[k].n == 1 || (g[k].v <= 12 && count > 2)) {  /* may be a month */
        add_number(m, 1 + maker_draw(m, 9), (int)g[k].n);
    } else {
        add_number(m, 10 + maker_draw(m, 19), 2);
    }
}

/* The index of the month that a word names, whole or by its first three letters; 12 if none. */
static unsigned month_of(struct slice w)
{
    unsigned i = 0;
    while (i < 12 && !(w.n >= 3 && slice_ieq(w, slice_of(months[i], w.n == 3 ? 3 : strlen(months[i]))))) i++;
    return i;
}

static bool make_date(struct maker *m)
{
    struct group g[8];
    size_t count = 0;
    struct slice v = m->value;
    for (size_t i = 0; i < v.n && count < 8; i++) {
        if (!digit(v.p[i])) continue;
        g[count] = (struct group){.at = i};
        for (; i < v.n && digit(v.p[i]); i++) {
            g[count].v = g[count].v * 10 + (unsigned)(v.p[i] - '0');
            if (++g[count].n > 8) return false;
        }
        count++;
    }
    for (size_t k = 0; k < count; k++)
        if ((g[k].n == 4 && (g[k].v < 1000 || g[k].v > 2900)) || (g[k].n == 8 && g[k].v / 10000 - 1000 > 1900)) return false;
    if (count == 0 || !((g[0].n == 4 || g[0].n == 8) || (count > 1 && g[count > 2 ? 2 : 1].n == 4))) return false;
    size_t k = 0;
    for (size_t i = 0; i < v.n;) {
        size_t n = 0;
        if (k < count && g[k].at == i) {
            date_group(m, g, k, count);
            n = g[k++].n;
        } else if (letter(v.p[i])) {
            while (i + n < v.n && letter(v.p[i + n])) n++;
            struct slice w = slice_of(v.p + i, n);
            if (month_of(w) < 12) {
                const char *other = months[maker_draw(m, 12)];
                maker_add(m, slice_of(other, n == 3 ? 3 : strlen(other)));
            } else {
                maker_add(m, w);
            }
        } else {
            n = 1;
            maker_add(m, slice_of(v.p + i, 1));
        }
        i += n;
    }
    return true;
}

/* ---- US social security numbers: areas 900 to 999 were never issued; groups below 50 are no ITIN either ---- */

static bool make_ssn(struct maker *m)
{
    char d[16];
    if (digits_of(m->value, d, 9) != 9 || !ascii(m->value)) return make_any(m);
    char t[16];
    snprintf(t, sizeof t, "9%02u%02u%04u", maker_draw(m, 100), 1 + maker_draw(m, 49), 1 + maker_draw(m, 9999));
    put_digits(m, t);
    return true;
}

/* ---- URLs: the scheme stays, the host is in a reserved domain ---- */

static bool make_url(struct maker *m)
{
    struct slice v = m->value;
    size_t scheme = slice_search(v, SLICE("://")), host = scheme < v.n ? scheme + 3 : 0, path = host;
    if (!ascii(v)) return false;
    while (path < v.n && v.p[path] != '/' && v.p[path] != '?' && v.p[path] != '#') path++;
    maker_add(m, slice_of(v.p, host));
    char label[16];
    int n = snprintf(label, sizeof label, "h%06x", maker_draw(m, 1u << 24));
    maker_add(m, slice_of(label, (size_t)n));
    maker_add(m, SLICE(".example.com"));
    size_t at = m->n;
    maker_add(m, slice_of(v.p + path, v.n - path));
    if (!m->failed) maker_scramble(m, m->out + at, m->n - at, true);
    return true;
}

/* ---- vehicles (ISO 3779): letters but I, O and Q ---- */

static bool make_vin(struct maker *m)
{
    if (!ascii(m->value)) return false;
    maker_add(m, m->value);
    maker_scramble(m, m->out, m->n, false);
    for (size_t i = 0; i < m->n; i++)
        if (strchr("IOQioq", m->out[i])) m->out[i]++;
    return passes(m, slice_of(m->out, m->n)) || repair(m) || !passes(m, m->value);
}

/* ---- crypto addresses: other kinds have a checksum over bits that letters do not show ---- */

static bool make_coin(struct maker *m)
{
    if (m->value.n != 42 || m->value.p[0] != '0' || (m->value.p[1] | 32) != 'x') return false;
    maker_add(m, m->value);
    for (size_t i = 2; i < 42; i++) m->out[i] = "0123456789abcdef"[maker_draw(m, 16)]; /* in one case: no checksum (EIP-55) */
    return true;
}

/* ---- ages: the words stay ---- */

static bool make_age(struct maker *m)
{
    bool any = false;
    for (size_t i = 0; i < m->value.n; i++) {
        char c = m->value.p[i];
        if (digit(c)) c = (char)('1' + maker_draw(m, 9));
        any = any || digit(c);
        maker_add(m, slice_of(&c, 1));
    }
    return any;
}

/* What letters put for letters would turn into nonsense. */
static bool make_none(struct maker *m)
{
    (void)m;
    return false;
}

/* ---- the table ---- */

static const struct {
    const char *type;
    bool (*make)(struct maker *m);
} kinds[] = {
    {"CREDIT_CARD", make_card},
    {"CN_BANK_CARD", make_card},
    {"EMAIL_ADDRESS", make_email},
    {"PHONE_NUMBER", make_phone},
    {"IBAN_CODE", make_iban},
    {"IP_ADDRESS", make_ip},
    {"MAC_ADDRESS", make_mac},
    {"PERSON", make_person},
    {"DATE_OF_BIRTH", make_date},
    {"DATE_TIME", make_date},
    {"DATE", make_date},
    {"US_SSN", make_ssn},
    {"URL", make_url},
    {"VIN", make_vin},
    {"CRYPTO", make_coin},
    {"AGE", make_age},
    {"STREET_ADDRESS", make_none},
    {"LOCATION", make_none},
    {"ORGANIZATION", make_none},
    {"SEED_PHRASE", make_none},
};

bool surrogate_make(struct maker *m)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].type, m->rule->type) == 0) return kinds[i].make(m);
    bool checked = m->rule->validate_count || validator_of_type(m->rule->type);
    if (checked && m->rule->cls == RULE_PII && ascii(m->value) && passes(m, m->value)) return make_checked(m);
    return make_any(m);
}
