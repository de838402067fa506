/* Identifiers of Australia and New Zealand. */
#include "filters/detect/valid.h"

VALID_WSUM(au_tfn_nine, {{1, 4, 3, 7, 5, 8, 6, 9, 10}, 9, 11, WSUM_ZERO, -1})
VALID_WSUM(au_tfn_eight, {{10, 7, 8, 4, 6, 3, 5, 1}, 8, 11, WSUM_ZERO, -1})
VALID_WSUM(au_acn_ok, {{8, 7, 6, 5, 4, 3, 2, 1}, 8, 10, WSUM_COMPLEMENT, -1})

static bool au_tfn_ok(struct slice v) { return au_tfn_nine(v) || au_tfn_eight(v); }

static bool au_abn_ok(struct slice v)
{
    static const uint8_t w[11] = {10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19};
    uint8_t d[VALID_MAX];
    unsigned sum = 0;
    if (valid_digits(v, d) != 11 || d[0] == 0) return false;
    d[0]--;
    for (size_t i = 0; i < 11; i++) sum += d[i] * w[i];
    return sum % 89 == 0;
}

static bool au_medicare_ok(struct slice v)
{
    static const uint8_t w[8] = {1, 3, 7, 9, 1, 3, 7, 9};
    uint8_t d[VALID_MAX];
    size_t n = valid_digits(v, d);
    unsigned sum = 0;
    if ((n != 10 && n != 11) || d[0] < 2 || d[0] > 6 || d[9] == 0) return false;
    for (size_t i = 0; i < 8; i++) sum += d[i] * w[i];
    return sum % 10 == d[8];
}

static bool nz_ird_ok(struct slice v)
{
    static const uint8_t first[8] = {3, 2, 7, 6, 5, 4, 3, 2}, second[8] = {7, 4, 3, 2, 5, 2, 7, 6};
    char s[VALID_MAX + 1];
    size_t n = valid_alnum(v, s);
    if (n != 8 && n != 9) return false;
    uint8_t d[VALID_MAX] = {0};
    if (valid_digits(v, d + (n == 8 ? 1 : 0)) != n) return false;
    uint64_t value = valid_number(s, n);
    if (value < 10000000 || value > 150000000) return false;
    unsigned a = 0, b = 0;
    for (size_t i = 0; i < 8; i++) a += d[i] * first[i], b += d[i] * second[i];
    unsigned c = (11 - a % 11) % 11;
    if (c == 10) c = (11 - b % 11) % 11;
    return c == d[8];
}

/* New Zealand's health number: three letters, three digits, check digit mod 11 (the new form's check letter mod 24). */
static bool nz_nhi_ok(struct slice v)
{
    static const char letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZ";
    char s[VALID_MAX + 1];
    unsigned sum = 0;
    if (valid_alnum(v, s) != 7 || !(valid_layout(s, "AAA9999") || valid_layout(s, "AAA99AA"))) return false;
    for (unsigned i = 0; i < 6; i++) {
        const char *p = s[i] > '9' ? strchr(letters, s[i]) : NULL;
        if (s[i] > '9' && !p) return false;
        sum += (p ? (unsigned)(p - letters) + 1 : (unsigned)(s[i] - '0')) * (7 - i);
    }
    if (s[6] > '9') return s[6] == letters[(24 - sum % 24 + 23) % 24];
    return sum % 11 && (11 - sum % 11) % 10 == (unsigned)(s[6] - '0');
}

const struct validator valid_pacific[] = {
    {"au_tfn", au_tfn_ok, "ATO, mod 11", VALID_LIST("123 456 782", "565051603"), VALID_LIST("999999999", "824 753 557", "1")},
    {"au_abn", au_abn_ok, "ABR, mod 89", VALID_LIST("83 914 571 673", "19406270520"),
     VALID_LIST("99 999 999 999", "52824753557", "1")},
    {"au_acn", au_acn_ok, "ASIC, mod 10", VALID_LIST("000 000 019", "006249976"), VALID_LIST("824 753 557", "1")},
    {"au_medicare", au_medicare_ok, "Services Australia, mod 10", VALID_LIST("2123 45670 1"), VALID_LIST("2123 25870 1", "1")},
    {"nz_ird", nz_ird_ok, "Inland Revenue, mod 11", VALID_LIST("49-098-576", "047-179-025", "35901981"),
     VALID_LIST("136410133", "9125568", "1")},
    {"nz_nhi", nz_nhi_ok, "HISO 10046", VALID_LIST("ZAC5361", "JBX3656"), VALID_LIST("ZAC5362", "AIO1234", "Z")},
    VALID_END,
};
