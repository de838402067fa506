/* The arithmetic that check digits are made of: weighted sums, Luhn, ISO 7064, Verhoeff, ICAO 9303, the calendar.
 * Everything here is total: any bytes, any length. */
#include "filters/detect/valid.h"

static bool separator(unsigned char c)
{
    return c == ' ' || c == '\t' || c == '-' || c == '.' || c == '/' || c == '_' || c == '(' || c == ')' || c == '[' || c == ']';
}

size_t valid_alnum(struct slice v, char out[VALID_MAX + 1])
{
    size_t n = 0;
    for (size_t i = 0; i < v.n; i++) {
        unsigned char c = (unsigned char)v.p[i];
        if (separator(c)) continue;
        if (c == 0xC2 && i + 1 < v.n && (unsigned char)v.p[i + 1] == 0xA0) { /* NBSP */
            i++;
            continue;
        }
        if (c >= 'a' && c <= 'z') c = (unsigned char)(c - 32);
        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')) || n == VALID_MAX) return 0;
        out[n++] = (char)c;
    }
    out[n] = 0;
    return n;
}

size_t valid_digits(struct slice v, uint8_t d[VALID_MAX])
{
    char s[VALID_MAX + 1];
    size_t n = valid_alnum(v, s);
    if (!valid_is_digits(s, n)) return 0;
    for (size_t i = 0; i < n; i++) d[i] = (uint8_t)(s[i] - '0');
    return n;
}

bool valid_is_digits(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] < '0' || s[i] > '9') return false;
    return true;
}

bool valid_is_letters(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] < 'A' || s[i] > 'Z') return false;
    return true;
}

uint64_t valid_number(const char *s, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++) v = v * 10 + (uint64_t)(s[i] - '0');
    return v;
}

bool valid_same(const uint8_t *d, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (d[i] != d[0]) return false;
    return true;
}

bool valid_layout(const char *s, const char *layout)
{
    for (; *layout; s++, layout++) {
        bool digit = *s >= '0' && *s <= '9', letter = *s >= 'A' && *s <= 'Z';
        if (*layout == '9' ? !digit : *layout == 'A' ? !letter : *layout == 'X' ? !digit && !letter : *s != *layout) return false;
    }
    return *s == 0;
}

bool valid_wsum(const struct wsum *w, const uint8_t *d, size_t n)
{
    long sum = 0;
    if (n != (size_t)w->n + (w->rule == WSUM_ZERO ? 0 : 1) || valid_same(d, n)) return false;
    for (size_t i = 0; i < w->n; i++) sum += w->w[i] * d[i];
    long r = ((sum % w->mod) + w->mod) % w->mod;
    if (w->rule == WSUM_ZERO) return r == 0;
    if (w->rule == WSUM_COMPLEMENT) r = (w->mod - r) % w->mod;
    if (w->rule == WSUM_LAST) r = (w->mod - r) % 10;
    if (r == 10) r = w->ten;
    return r == d[n - 1];
}

bool valid_luhn_digits(const uint8_t *d, size_t n)
{
    unsigned sum = 0;
    if (n < 2) return false;
    for (size_t i = 0; i < n; i++) {
        unsigned x = d[n - 1 - i];
        if (i & 1) x = x * 2 > 9 ? x * 2 - 9 : x * 2;
        sum += x;
    }
    return sum % 10 == 0;
}

bool valid_mod11_10(const uint8_t *d, size_t n)
{
    unsigned p = 10;
    if (n < 2) return false;
    for (size_t i = 0; i + 1 < n; i++) {
        p = (p + d[i]) % 10;
        p = (p ? p : 10) * 2 % 11;
    }
    return (p + d[n - 1]) % 10 == 1;
}

bool valid_mod11_2(const char *s, size_t n)
{
    unsigned p = 0;
    if (n < 2 || !valid_is_digits(s, n - 1)) return false;
    for (size_t i = 0; i + 1 < n; i++) p = (p + (unsigned)(s[i] - '0')) * 2 % 11;
    unsigned check = (12 - p) % 11;
    return check == 10 ? s[n - 1] == 'X' : s[n - 1] == (char)('0' + check);
}

unsigned valid_mod97(const char *s, size_t n)
{
    unsigned r = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned v = s[i] <= '9' ? (unsigned)(s[i] - '0') : (unsigned)(s[i] - 'A' + 10);
        r = (r * (v > 9 ? 100 : 10) + v) % 97;
    }
    return r;
}

/* Verhoeff (1969): the dihedral group D5 as arithmetic instead of a table; the permutation's powers by iteration. */
static unsigned d5(unsigned a, unsigned b)
{
    if (a < 5) return b < 5 ? (a + b) % 5 : (a + b - 5) % 5 + 5;
    return b < 5 ? (a - 5 + 5 - b) % 5 + 5 : (a + 5 - b) % 5;
}

bool valid_verhoeff_digits(const uint8_t *d, size_t n)
{
    static const uint8_t perm[10] = {1, 5, 7, 6, 2, 8, 3, 0, 9, 4};
    unsigned c = 0;
    if (n < 2) return false;
    for (size_t i = 0; i < n; i++) {
        unsigned x = d[n - 1 - i];
        for (size_t k = 0; k < i % 8; k++) x = perm[x];
        c = d5(c, x);
    }
    return c == 0;
}

int valid_icao(const char *s, size_t n)
{
    static const int w[3] = {7, 3, 1};
    int sum = 0;
    for (size_t i = 0; i < n; i++) {
        int v = s[i] >= '0' && s[i] <= '9' ? s[i] - '0' : s[i] >= 'A' && s[i] <= 'Z' ? s[i] - 'A' + 10 : s[i] == '<' ? 0 : -1;
        if (v < 0) return -1;
        sum = (sum + v * w[i % 3]) % 10;
    }
    return sum;
}

bool valid_ymd(unsigned y, unsigned m, unsigned d)
{
    static const uint8_t days[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (y < 1800 || y > 2100 || m < 1 || m > 12 || d < 1) return false;
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    return d <= (m == 2 && leap ? 29u : days[m]);
}

bool valid_yymmdd(unsigned yy, unsigned m, unsigned d)
{
    return yy < 100 && (valid_ymd(1900 + yy, m, d) || valid_ymd(2000 + yy, m, d));
}

bool valid_country(const char s[2])
{
    static const char codes[] =
        "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCRCUCVCWCXCYCZ"
        "DEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJM"
        "JOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONP"
        "NRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTN"
        "TOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSXKYEYTZAZMZW";
    for (size_t i = 0; i + 1 < sizeof codes - 1; i += 2)
        if (codes[i] == s[0] && codes[i + 1] == s[1]) return true;
    return false;
}

size_t valid_base64(struct slice v, uint8_t *out, size_t room)
{
    uint32_t acc = 0;
    unsigned bits = 0;
    size_t n = 0;
    while (v.n && v.p[v.n - 1] == '=') v.n--;
    if (v.n % 4 == 1) return 0;
    for (size_t i = 0; i < v.n; i++) {
        char c = v.p[i];
        int x = c >= 'A' && c <= 'Z'   ? c - 'A'
                : c >= 'a' && c <= 'z' ? c - 'a' + 26
                : c >= '0' && c <= '9' ? c - '0' + 52
                : c == '+' || c == '-' ? 62
                : c == '/' || c == '_' ? 63
                                       : -1;
        if (x < 0) return 0;
        acc = acc << 6 | (uint32_t)x;
        bits += 6;
        if (bits >= 8) {
            if (n == room) return 0;
            bits -= 8;
            out[n++] = (uint8_t)(acc >> bits);
        }
    }
    return n;
}
