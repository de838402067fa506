/* Identifiers of western and southern Europe. Each row's source names who publishes the scheme. */
#include "filters/detect/valid.h"

VALID_WSUM(uk_nhs_ok, {{10, 9, 8, 7, 6, 5, 4, 3, 2}, 9, 11, WSUM_COMPLEMENT, -1})
VALID_WSUM(pt_nif_sum, {{9, 8, 7, 6, 5, 4, 3, 2}, 8, 11, WSUM_COMPLEMENT, 0})
VALID_WSUM(nl_bsn_nine, {{9, 8, 7, 6, 5, 4, 3, 2, -1}, 9, 11, WSUM_ZERO, -1})
VALID_WSUM(ch_uid_sum, {{5, 4, 3, 2, 7, 6, 5, 4}, 8, 11, WSUM_COMPLEMENT, -1})

static bool uk_nino_ok(struct slice v)
{
    static const char bad_pairs[] = "BGGBNKKNTNNTZZ";
    char s[VALID_MAX + 1];
    size_t n = valid_alnum(v, s);
    if (n != 9 || !valid_layout(s, "AA999999A") || s[8] > 'D') return false;
    if (strchr("DFIQUV", s[0]) || strchr("DFIOQUV", s[1])) return false;
    for (size_t i = 0; i + 1 < sizeof bad_pairs - 1; i += 2)
        if (memcmp(bad_pairs + i, s, 2) == 0) return false;
    return true;
}

static bool uk_utr_ok(struct slice v)
{
    static const uint8_t w[9] = {6, 7, 8, 9, 10, 5, 4, 3, 2};
    uint8_t d[VALID_MAX];
    unsigned sum = 0;
    if (valid_digits(v, d) != 10 || valid_same(d, 10)) return false;
    for (size_t i = 0; i < 9; i++) sum += d[i + 1] * w[i];
    return "21987654321"[sum % 11] == (char)('0' + d[0]);
}

/* Divisible by 97, or off by 42 or 55 for numbers issued since 2010; GD and HA for government and health. */
static bool uk_vat_digits(const char *s, size_t n)
{
    unsigned sum = 0;
    if ((n != 9 && n != 12) || !valid_is_digits(s, n)) return false;
    for (unsigned i = 0; i < 7; i++) sum += (8 - i) * (unsigned)(s[i] - '0');
    sum += (unsigned)valid_number(s + 7, 2);
    return sum && (sum % 97 == 0 || sum % 97 == 42 || sum % 97 == 55);
}

static bool uk_vat_ok(struct slice v)
{
    char s[VALID_MAX + 1], *p = s;
    size_t n = valid_alnum(v, s);
    if (n > 2 && (memcmp(p, "GB", 2) == 0 || memcmp(p, "XI", 2) == 0)) p += 2, n -= 2;
    if (n == 5 && memcmp(p, "GD", 2) == 0) return valid_is_digits(p + 2, 3) && valid_number(p + 2, 3) < 500;
    if (n == 5 && memcmp(p, "HA", 2) == 0) return valid_is_digits(p + 2, 3) && valid_number(p + 2, 3) >= 500;
    if (n == 11 && (memcmp(p, "GD8888", 6) == 0 || memcmp(p, "HA8888", 6) == 0))
        return valid_is_digits(p + 6, 5) && valid_number(p + 6, 3) % 97 == valid_number(p + 9, 2);
    return uk_vat_digits(p, n);
}

/* DVLA: five characters of the surname, birth date with the decade first, initials, arbitrary, check. */
static bool uk_driving_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    size_t n = valid_alnum(v, s);
    if (n != 16 && n != 18) return false;
    for (size_t i = 0; i < 5; i++)
        if (!(s[i] >= 'A' && s[i] <= 'Z') && s[i] != '9') return false;
    if (s[0] == '9' || !valid_is_digits(s + 5, 6)) return false;
    unsigned month = (unsigned)valid_number(s + 6, 2) % 50, day = (unsigned)valid_number(s + 8, 2);
    return month >= 1 && month <= 12 && day >= 1 && day <= 31 && s[11] >= 'A' && ((s[12] >= 'A' && s[12] <= 'Z') || s[12] == '9');
}

static bool uk_postcode_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    size_t n = valid_alnum(v, s);
    if (n == 6 && memcmp(s, "GIR0AA", 6) == 0) return true;
    if (n < 5 || n > 7 || !valid_layout(s + n - 3, "9AA")) return false;
    char in[3] = {s[n - 2], s[n - 1], 0};
    if (strpbrk(in, "CIKMOV")) return false;
    s[n - 3] = 0;
    if (strchr("QVX", s[0]) || (s[1] >= 'A' && strchr("IJZ", s[1]))) return false;
    return valid_layout(s, "A9") || valid_layout(s, "A99") || valid_layout(s, "A9A") || valid_layout(s, "AA9") ||
           valid_layout(s, "AA99") || valid_layout(s, "AA9A");
}

static bool fr_nir_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    size_t n = valid_alnum(v, s);
    if (n != 15 || s[0] < '1' || s[0] > '8') return false;
    if (s[5] == '2' && (s[6] == 'A' || s[6] == 'B')) s[6] = s[6] == 'A' ? '9' : '8', s[5] = '1';
    if (!valid_is_digits(s, n)) return false;
    unsigned month = (unsigned)valid_number(s + 3, 2);
    if (!((month >= 1 && month <= 12) || (month >= 20 && month <= 42) || month >= 50)) return false;
    return 97 - valid_number(s, 13) % 97 == valid_number(s + 13, 2);
}

static bool fr_nif_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    size_t n = valid_alnum(v, s);
    return n == 13 && s[0] <= '3' && valid_is_digits(s, n) && valid_number(s, 10) > 0 &&
           valid_number(s, 10) % 511 == valid_number(s + 10, 3);
}

static bool luhn_of(struct slice v, size_t len)
{
    uint8_t d[VALID_MAX];
    return valid_digits(v, d) == len && !valid_same(d, len) && valid_luhn_digits(d, len);
}
static bool fr_siren_ok(struct slice v) { return luhn_of(v, 9); }
static bool fr_siret_ok(struct slice v) { return luhn_of(v, 14); }

static bool de_tax_id_ok(struct slice v)
{
    uint8_t d[VALID_MAX], seen[10] = {0};
    if (valid_digits(v, d) != 11 || d[0] == 0 || !valid_mod11_10(d, 11)) return false;
    for (size_t i = 0; i < 10; i++)
        if (++seen[d[i]] > 3) return false;
    return true;
}

static bool de_vat_ok(struct slice v)
{
    char s[VALID_MAX + 1], *p = s;
    size_t n = valid_alnum(v, s);
    if (n == 11 && memcmp(s, "DE", 2) == 0) p += 2, n -= 2;
    uint8_t d[VALID_MAX];
    return n == 9 && p[0] != '0' && valid_digits(slice_of(p, n), d) == 9 && !valid_same(d, 9) && valid_mod11_10(d, 9);
}

/* Rentenversicherungsnummer (VKVV § 4): the letter counts as its two-digit place, products by their digit sums. */
static bool de_social_security_ok(struct slice v)
{
    static const uint8_t w[12] = {2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1};
    char s[VALID_MAX + 1];
    if (valid_alnum(v, s) != 12 || !valid_layout(s, "99999999A999")) return false;
    unsigned day = (unsigned)valid_number(s + 2, 2), month = (unsigned)valid_number(s + 4, 2), sum = 0;
    if (day < 1 || (day > 31 && day < 51) || day > 81 || month < 1 || month > 12) return false;
    uint8_t d[12];
    for (size_t i = 0; i < 8; i++) d[i] = (uint8_t)(s[i] - '0');
    d[8] = (uint8_t)((s[8] - 'A' + 1) / 10);
    d[9] = (uint8_t)((s[8] - 'A' + 1) % 10);
    d[10] = (uint8_t)(s[9] - '0');
    d[11] = (uint8_t)(s[10] - '0');
    for (size_t i = 0; i < 12; i++) {
        unsigned x = d[i] * (unsigned)w[i];
        sum += x / 10 + x % 10;
    }
    return sum % 10 == (unsigned)(s[11] - '0');
}

/* Serial and check digit of identity cards and passports: eight or nine characters, then ICAO 9303's digit. */
static bool de_id_card_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    size_t n = valid_alnum(v, s);
    if ((n != 9 && n != 10) || !strchr("CFGHJKLMNPRTVWXYZ", s[0])) return false;
    return s[n - 1] >= '0' && s[n - 1] <= '9' && valid_icao(s, n - 1) == s[n - 1] - '0';
}

/* Krankenversichertennummer: the letter as two digits, then Luhn's weights from the left. */
static bool de_kvnr_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    if (valid_alnum(v, s) != 10 || !valid_layout(s, "A999999999")) return false;
    uint8_t d[10] = {(uint8_t)((s[0] - 'A' + 1) / 10), (uint8_t)((s[0] - 'A' + 1) % 10)};
    for (size_t i = 2; i < 10; i++) d[i] = (uint8_t)(s[i - 1] - '0');
    unsigned sum = 0;
    for (size_t i = 0; i < 10; i++) {
        unsigned x = d[i] * (i & 1 ? 2u : 1u);
        sum += x / 10 + x % 10;
    }
    return sum % 10 == (unsigned)(s[9] - '0');
}

/* Lebenslange Arztnummer: six digits weighted 4 9, a check digit, two digits of the specialty. */
static bool de_lanr_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    unsigned sum = 0;
    if (valid_digits(v, d) != 9) return false;
    for (size_t i = 0; i < 6; i++) sum += d[i] * (i & 1 ? 9u : 4u);
    return (10 - sum % 10) % 10 == d[6] && (d[7] || d[8]);
}

static char nif_letter(uint64_t n) { return "TRWAGMYFPDXBNJZSQVHLCKE"[n % 23]; }

static bool es_nif_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    size_t n = valid_alnum(v, s);
    if ((n != 8 && n != 9) || !valid_is_digits(s, n - 1)) return false;
    return s[n - 1] == nif_letter(valid_number(s, n - 1));
}

static bool es_nie_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    size_t n = valid_alnum(v, s);
    if (n != 9 || s[0] < 'X' || s[0] > 'Z' || !valid_is_digits(s + 1, 7)) return false;
    s[0] = (char)('0' + (s[0] - 'X'));
    return s[8] == nif_letter(valid_number(s, 8));
}

static bool es_cif_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    unsigned sum = 0;
    if (valid_alnum(v, s) != 9 || !strchr("ABCDEFGHJKLMNPQRSUVW", s[0]) || !valid_is_digits(s + 1, 7)) return false;
    for (size_t i = 1; i < 8; i++) {
        unsigned x = (unsigned)(s[i] - '0') * (i & 1 ? 2u : 1u);
        sum += x / 10 + x % 10;
    }
    unsigned c = (10 - sum % 10) % 10;
    return s[8] == (char)('0' + c) || s[8] == "JABCDEFGHI"[c];
}

/* Decreto 12/03/1974: odd places by a table, even ones by value, mod 26; omocodia letters stand for digits. */
static bool it_fiscal_code_ok(struct slice v)
{
    static const uint8_t odd[36] = {1,  0,  5, 7, 9,  13, 15, 17, 19, 21, 1,  0,  5,  7,  9,  13, 15, 17,
                                    19, 21, 2, 4, 18, 20, 11, 3,  6,  8,  12, 14, 16, 10, 22, 25, 24, 23};
    char s[VALID_MAX + 1];
    unsigned sum = 0;
    if (valid_alnum(v, s) != 16 || !valid_is_letters(s, 6) || !strchr("ABCDEHLMPRST", s[8]) || !valid_is_letters(s + 11, 1) ||
        !valid_is_letters(s + 15, 1))
        return false;
    for (size_t i = 6; i < 15; i++)
        if (i != 8 && i != 11 && !strchr("0123456789LMNPQRSTUV", s[i])) return false;
    for (size_t i = 0; i < 15; i++) {
        unsigned x = s[i] <= '9' ? (unsigned)(s[i] - '0') : (unsigned)(s[i] - 'A' + 10);
        sum += i & 1 ? (x > 9 ? x - 10 : x) : odd[x];
    }
    return s[15] == (char)('A' + sum % 26);
}

static bool it_piva_ok(struct slice v)
{
    char s[VALID_MAX + 1], *p = s;
    size_t n = valid_alnum(v, s);
    if (n == 13 && memcmp(s, "IT", 2) == 0) p += 2, n -= 2;
    if (n != 11 || !valid_is_digits(p, n) || valid_number(p, 7) == 0) return false;
    unsigned office = (unsigned)valid_number(p + 7, 3);
    return ((office >= 1 && office <= 100) || office == 120 || office == 121 || office == 888 || office == 999) &&
           luhn_of(slice_of(p, n), 11);
}

static bool pt_nif_ok(struct slice v)
{
    char s[VALID_MAX + 1], *p = s;
    size_t n = valid_alnum(v, s);
    if (n == 11 && memcmp(s, "PT", 2) == 0) p += 2, n -= 2;
    return n == 9 && p[0] != '0' && (p[0] != '4' || p[1] == '5') && pt_nif_sum(slice_of(p, n));
}

static bool pt_cc_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    unsigned sum = 0;
    if (valid_alnum(v, s) != 12 || !valid_layout(s, "999999999XX9")) return false;
    for (size_t i = 0; i < 12; i++) {
        unsigned x = s[i] <= '9' ? (unsigned)(s[i] - '0') : (unsigned)(s[i] - 'A' + 10);
        if (i % 2 == 0) x = x * 2 > 9 ? x * 2 - 9 : x * 2;
        sum += x;
    }
    return sum % 10 == 0;
}

static bool nl_bsn_ok(struct slice v)
{
    char s[VALID_MAX + 1], t[10];
    size_t n = valid_alnum(v, s);
    if (n == 9) return nl_bsn_nine(slice_of(s, n));
    if (n != 8) return false;
    t[0] = '0';
    memcpy(t + 1, s, 8);
    return nl_bsn_nine(slice_of(t, 9));
}

static bool be_nn_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    if (valid_alnum(v, s) != 11 || !valid_is_digits(s, 11)) return false;
    unsigned m = (unsigned)valid_number(s + 2, 2) % 20, day = (unsigned)valid_number(s + 4, 2);
    if (m > 12 || day > 31 || valid_number(s, 9) == 0) return false;
    uint64_t body = valid_number(s, 9), check = valid_number(s + 9, 2);
    return 97 - body % 97 == check || 97 - (2000000000u + body) % 97 == check;
}

static bool be_vat_ok(struct slice v)
{
    char s[VALID_MAX + 1], *p = s;
    size_t n = valid_alnum(v, s);
    if (n == 12 && memcmp(s, "BE", 2) == 0) p += 2, n -= 2;
    return n == 10 && p[0] <= '1' && valid_is_digits(p, n) && valid_number(p, 8) > 0 &&
           97 - valid_number(p, 8) % 97 == valid_number(p + 8, 2);
}

static bool ean13(const uint8_t *d)
{
    unsigned sum = 0;
    for (size_t i = 0; i < 13; i++) sum += d[i] * (i & 1 ? 3u : 1u);
    return sum % 10 == 0;
}

static bool ch_ahv_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    return valid_digits(v, d) == 13 && d[0] == 7 && d[1] == 5 && d[2] == 6 && ean13(d);
}

static bool ch_uid_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    size_t n = valid_alnum(v, s);
    return n >= 12 && memcmp(s, "CHE", 3) == 0 && ch_uid_sum(slice_of(s + 3, 9));
}

/* The check digit stands fourth. */
static bool at_svnr_ok(struct slice v)
{
    static const uint8_t w[10] = {3, 7, 9, 0, 5, 8, 4, 2, 1, 6};
    uint8_t d[VALID_MAX];
    unsigned sum = 0;
    if (valid_digits(v, d) != 10 || d[0] == 0) return false;
    for (size_t i = 0; i < 10; i++) sum += d[i] * w[i];
    unsigned day = d[4] * 10u + d[5], month = d[6] * 10u + d[7];
    return sum % 11 == d[3] && day >= 1 && day <= 31 && month >= 1 && month <= 15;
}

/* ATU: Luhn's weights, 96 minus the sum. */
static bool at_vat_ok(struct slice v)
{
    char s[VALID_MAX + 1], *p = s;
    unsigned sum = 0;
    size_t n = valid_alnum(v, s);
    if (n == 11 && memcmp(s, "AT", 2) == 0) p += 2, n -= 2;
    if (n != 9 || p[0] != 'U' || !valid_is_digits(p + 1, 8)) return false;
    for (size_t i = 1; i < 8; i++) {
        unsigned x = (unsigned)(p[i] - '0') * (i & 1 ? 1u : 2u);
        sum += x / 10 + x % 10;
    }
    return (unsigned)(p[8] - '0') == (106 - sum % 10) % 10 || (unsigned)(p[8] - '0') == (96 - sum % 10) % 10;
}

static bool ie_pps_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    size_t n = valid_alnum(v, s);
    unsigned sum = 0;
    if ((n != 8 && n != 9) || !valid_layout(s, n == 8 ? "9999999A" : "9999999AA")) return false;
    for (unsigned i = 0; i < 7; i++) sum += (8 - i) * (unsigned)(s[i] - '0');
    if (n == 9 && s[8] > 'I' && !strchr("WTX", s[8])) return false;
    if (n == 9 && s[8] <= 'I') sum += 9u * (unsigned)(s[8] - 'A' + 1);
    return s[7] == "WABCDEFGHIJKLMNOPQRSTUV"[sum % 23];
}

static bool lu_id_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    uint8_t d[VALID_MAX];
    if (valid_alnum(v, s) != 13 || valid_digits(v, d) != 13) return false;
    /* Luhn over the first eleven and its digit, Verhoeff over the first eleven and the last. */
    if (!valid_ymd((unsigned)valid_number(s, 4), (unsigned)valid_number(s + 4, 2), (unsigned)valid_number(s + 6, 2)))
        return false;
    if (!valid_luhn_digits(d, 12)) return false;
    d[11] = d[12];
    return valid_verhoeff_digits(d, 12);
}

const struct validator valid_europe[] = {
    {"uk_nhs", uk_nhs_ok, "NHS Data Dictionary, NHS number", VALID_LIST("401-023-2137", "943 476 5919"),
     VALID_LIST("401-023-2138", "4010232", "")},
    {"uk_nino", uk_nino_ok, "HMRC NIM39110", VALID_LIST("AA 12 34 56 B", "ab123456c"),
     VALID_LIST("AA123456H", "FQ000000C", "BG123456A", "")},
    {"uk_utr", uk_utr_ok, "HMRC unique taxpayer reference, mod 11", VALID_LIST("1955839661"), VALID_LIST("2955839662", "1")},
    {"uk_vat", uk_vat_ok, "HMRC VAT notice 700, mod 97", VALID_LIST("GB 997 7094 44", "980780684", "HA888856782", "GB100190874"),
     VALID_LIST("802311781", "9807806842", "GB")},
    {"uk_driving", uk_driving_ok, "DVLA driver number", VALID_LIST("MORGA607054SM9IJ", "FO999512018AA1AB"),
     VALID_LIST("MORGA627054SM9IJ", "MORGA")},
    {"uk_postcode", uk_postcode_ok, "Royal Mail PAF, BS 7666", VALID_LIST("W1A 1HQ", "GIR0AA", "SW1A 1AA", "m1 1ae", "DN55 1PT"),
     VALID_LIST("QA1 1AA", "W1A 1HC", "AAA 1AA", "A")},
    {"fr_nir", fr_nir_ok, "INSEE, décret 82-103", VALID_LIST("2 95 10 99 126 111 93", "253072A07300443", "253072B07300470"),
     VALID_LIST("295109912611192", "1")},
    {"fr_nif", fr_nif_ok, "DGFiP, numéro SPI, mod 511", VALID_LIST("30 23 217 600 053"), VALID_LIST("3023217600054", "")},
    {"fr_siren", fr_siren_ok, "INSEE, Luhn", VALID_LIST("552 008 443", "732829320"), VALID_LIST("552 008 444", "1")},
    {"fr_siret", fr_siret_ok, "INSEE, Luhn", VALID_LIST("73282932000074"), VALID_LIST("73282932000079", "")},
    {"de_tax_id", de_tax_id_ok, "BZSt, § 139b AO, ISO 7064 MOD 11,10", VALID_LIST("36 574 261 809", "12345678903"),
     VALID_LIST("36574261890", "02345678901", "1")},
    {"de_vat", de_vat_ok, "BZSt, ISO 7064 MOD 11,10", VALID_LIST("DE136695976", "DE-136-695-976", "129273398"),
     VALID_LIST("DE123456789", "DE1")},
    {"de_social_security", de_social_security_ok, "VKVV § 4", VALID_LIST("65070803A019", "15 070649 C 103"),
     VALID_LIST("15070649C100", "15071349C103", "1507")},
    {"de_id_card", de_id_card_ok, "PAuswV, ICAO Doc 9303", VALID_LIST("L01X00T44", "C01234565", "C01X00T478"),
     VALID_LIST("L01X00T47", "C01234567", "C")},
    {"de_kvnr", de_kvnr_ok, "§ 290 SGB V", VALID_LIST("C000500021", "A123456780", "M123456785"), VALID_LIST("C000500022", "")},
    {"de_lanr", de_lanr_ok, "KBV, Arztnummern-Richtlinie", VALID_LIST("234567701", "999999901", "987654401"),
     VALID_LIST("100000401", "123")},
    {"es_nif", es_nif_ok, "Real Decreto 1065/2007", VALID_LIST("55555555-K", "12345678Z", "1111111G"),
     VALID_LIST("12345678A", "Z")},
    {"es_nie", es_nie_ok, "Orden INT/2058/2008", VALID_LIST("Z8078221M", "Y8063915-Z", "x9613851n"),
     VALID_LIST("Y8063915Q", "Y806391Q")},
    {"es_cif", es_cif_ok, "Real Decreto 1065/2007", VALID_LIST("J99216582", "A13585625", "P2807900B"),
     VALID_LIST("J99216583", "A")},
    {"it_fiscal_code", it_fiscal_code_ok, "D.M. 12/03/1974", VALID_LIST("AAAAAA00B11C333Y", "RSSMRA85T10A562S"),
     VALID_LIST("AAAAAA00B11C333M", "A")},
    {"it_piva", it_piva_ok, "Agenzia delle Entrate, Luhn", VALID_LIST("01333550323", "IT00743110157"),
     VALID_LIST("00000000000", "01333550324")},
    {"pt_nif", pt_nif_ok, "DL 14/2013, mod 11", VALID_LIST("501964843", "PT 501442600"), VALID_LIST("501964842", "1")},
    {"pt_cc", pt_cc_ok, "Cartão de Cidadão", VALID_LIST("00000000 0 ZZ4", "054546796ZY7"), VALID_LIST("00000000 0 ZZ3", "")},
    {"nl_bsn", nl_bsn_ok, "Wet algemene bepalingen burgerservicenummer, elfproef",
     VALID_LIST("111222333", "941331490", "9413.31.490"), VALID_LIST("111252333", "000000000", "1112")},
    {"be_nn", be_nn_ok, "KB 3 april 1984, mod 97", VALID_LIST("85.07.30-033 28", "00012511119", "17073003384"),
     VALID_LIST("85073003329", "00000000097", "8")},
    {"be_vat", be_vat_ok, "FOD Financiën, mod 97", VALID_LIST("BE 0428.759.497", "0403170701"),
     VALID_LIST("BE431150351", "0428759498")},
    {"ch_ahv", ch_ahv_ok, "AHVN13, EAN-13", VALID_LIST("756.9217.0769.85", "7569217076985"),
     VALID_LIST("756.9217.0769.84", "123.4567.8910.19")},
    {"ch_uid", ch_uid_ok, "BFS, UID mod 11", VALID_LIST("CHE-100.155.212", "CHE107787577IVA"),
     VALID_LIST("CHE-100.155.213", "CHE")},
    {"at_svnr", at_svnr_ok, "Hauptverband, § 31 ASVG", VALID_LIST("1237 010180"), VALID_LIST("2237 010180", "1")},
    {"at_vat", at_vat_ok, "BMF, UID", VALID_LIST("ATU13585627", "AT U13585627"), VALID_LIST("U13585626", "ATU")},
    {"ie_pps", ie_pps_ok, "Department of Social Protection, mod 23",
     VALID_LIST("6433435F", "6433435OA", "1234567WH", "6433435IH"), VALID_LIST("6433435E", "6433435VH", "111222333")},
    {"lu_id", lu_id_ok, "Loi du 19 juin 2013, Luhn and Verhoeff", VALID_LIST("1893120105732"), VALID_LIST("1893120105733", "")},
    VALID_END,
};
