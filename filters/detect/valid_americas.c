/* Identifiers of North and South America. */
#include "filters/detect/valid.h"

VALID_WSUM(ar_cuit_sum, {{5, 4, 3, 2, 7, 6, 5, 4, 3, 2}, 10, 11, WSUM_COMPLEMENT, 9})
VALID_WSUM(pe_ruc_sum, {{5, 4, 3, 2, 7, 6, 5, 4, 3, 2}, 10, 11, WSUM_LAST, -1})
VALID_WSUM(uy_ci_ok, {{2, 9, 8, 7, 6, 3, 4}, 7, 10, WSUM_COMPLEMENT, -1})
VALID_WSUM(uy_rut_ok, {{4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2}, 11, 11, WSUM_COMPLEMENT, -1})
VALID_WSUM(br_pis_ok, {{3, 2, 9, 8, 7, 6, 5, 4, 3, 2}, 10, 11, WSUM_COMPLEMENT, 0})

static bool us_ssn_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    if (valid_alnum(v, s) != 9 || !valid_is_digits(s, 9)) return false;
    unsigned area = (unsigned)valid_number(s, 3);
    if (area == 0 || area == 666 || area >= 900 || valid_number(s + 3, 2) == 0 || valid_number(s + 5, 4) == 0) return false;
    /* Published in advertisements, hence void. */
    return memcmp(s, "078051120", 9) != 0 && memcmp(s, "219099999", 9) != 0;
}

static bool us_itin_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    if (valid_alnum(v, s) != 9 || !valid_is_digits(s, 9) || s[0] != '9') return false;
    unsigned group = (unsigned)valid_number(s + 3, 2);
    return (group >= 50 && group <= 65) || (group >= 70 && group <= 88) || (group >= 90 && group <= 92) || group >= 94;
}

static bool us_ein_ok(struct slice v)
{
    static const char no[] = "00 07 08 09 17 18 19 28 29 49 69 70 78 79 89 96 97";
    char s[VALID_MAX + 1], prefix[3];
    if (valid_alnum(v, s) != 9 || !valid_is_digits(s, 9)) return false;
    memcpy(prefix, s, 2);
    prefix[2] = 0;
    return strstr(no, prefix) == NULL;
}

static bool us_npi_ok(struct slice v)
{
    uint8_t d[VALID_MAX] = {8, 0, 8, 4, 0}, t[VALID_MAX];
    if (valid_digits(v, t) != 10 || (t[0] != 1 && t[0] != 2)) return false;
    memcpy(d + 5, t, 10);
    return valid_luhn_digits(d, 15);
}

/* C A AN N A AN N A A N N: letters without S L O I B Z. */
static bool us_mbi_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    static const char kind[] = "9AX9AX9AA99";
    if (valid_alnum(v, s) != 11 || s[0] == '0') return false;
    for (size_t i = 0; i < 11; i++) {
        bool digit = s[i] <= '9';
        if ((kind[i] == '9' && !digit) || (kind[i] == 'A' && digit) || strchr("SLOIBZ", s[i])) return false;
    }
    return true;
}

static bool dea_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    if (valid_alnum(v, s) != 9 || !strchr("ABCDEFGHJKLMPRSTUX", s[0]) || !((s[1] >= 'A' && s[1] <= 'Z') || s[1] == '9') ||
        !valid_is_digits(s + 2, 7))
        return false;
    unsigned odd = (unsigned)(s[2] + s[4] + s[6] - 3 * '0'), even = (unsigned)(s[3] + s[5] + s[7] - 3 * '0');
    return (odd + 2 * even) % 10 == (unsigned)(s[8] - '0') && valid_number(s + 2, 7) > 0;
}

static bool ca_sin_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    return valid_digits(v, d) == 9 && d[0] && d[0] != 8 && !valid_same(d, 9) && valid_luhn_digits(d, 9);
}

/* Receita Federal: two digits over mod 11; since 2026 a CNPJ's first twelve may be letters, counted as ASCII - 48. */
static bool br_two_digits(const char *s, size_t body, unsigned top)
{
    for (size_t k = 0; k < 2; k++) {
        unsigned sum = 0, w = 2;
        for (size_t i = body + k; i-- > 0; w = w == top ? 2 : w + 1) sum += (unsigned)(s[i] - '0') * w;
        unsigned c = sum % 11 < 2 ? 0 : 11 - sum % 11;
        if (s[body + k] != (char)('0' + c)) return false;
    }
    return true;
}

static bool br_cpf_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    uint8_t d[VALID_MAX];
    return valid_digits(v, d) == 11 && !valid_same(d, 11) && valid_alnum(v, s) == 11 && br_two_digits(s, 9, 99);
}

static bool br_cnpj_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    if (valid_alnum(v, s) != 14 || !valid_is_digits(s + 12, 2) || memcmp(s, "00000000", 8) == 0) return false;
    return br_two_digits(s, 12, 9);
}

static bool date_at(const char *s)
{
    return valid_is_digits(s, 6) &&
           valid_yymmdd((unsigned)valid_number(s, 2), (unsigned)valid_number(s + 2, 2), (unsigned)valid_number(s + 4, 2));
}

/* RENAPO: the alphabet counts Ñ after N, so letters after it are one more. */
static bool mx_curp_ok(struct slice v)
{
    static const char states[] = "ASBCBSCCCLCMCSCHDFDGGTGRHGJCMCMNMSNTNLOCPLQTQRSPSLSRTCTSTLVZYNZSNE";
    char s[VALID_MAX + 1];
    unsigned sum = 0;
    bool known = false;
    if (valid_alnum(v, s) != 18 || !valid_layout(s, "AAAA999999AAAAAAX9") || !date_at(s + 4) || !strchr("HMX", s[10]))
        return false;
    for (size_t i = 0; i + 1 < sizeof states - 1; i += 2) known |= memcmp(states + i, s + 11, 2) == 0;
    if (!known) return false;
    for (unsigned i = 0; i < 17; i++) {
        unsigned x = s[i] <= '9' ? (unsigned)(s[i] - '0') : (unsigned)(s[i] - 'A' + 10) + (s[i] > 'N' ? 1u : 0u);
        sum += x * (18 - i);
    }
    return s[17] == (char)('0' + (10 - sum % 10) % 10);
}

/* SAT: three (companies) or four letters (with & and Ñ), a date, a homoclave of three. */
static bool mx_rfc_ok(struct slice v)
{
    char s[14];
    size_t n = 0;
    for (size_t i = 0; i < v.n; i++) {
        unsigned char c = (unsigned char)v.p[i];
        if (c == ' ' || c == '-') continue;
        if (c == 0xC3 && i + 1 < v.n && ((unsigned char)v.p[i + 1] == 0x91 || (unsigned char)v.p[i + 1] == 0xB1)) c = '&', i++;
        if (c >= 'a' && c <= 'z') c = (unsigned char)(c - 32);
        if (n == 13) return false;
        s[n++] = (char)c;
    }
    s[n] = 0;
    if (n != 12 && n != 13) return false;
    size_t k = n - 9;
    for (size_t i = 0; i < k; i++)
        if (!(s[i] >= 'A' && s[i] <= 'Z') && s[i] != '&') return false;
    return date_at(s + k) && valid_layout(s + k + 6, "XXX");
}

static bool ar_cuit_ok(struct slice v)
{
    static const char types[] = "20 23 24 25 26 27 30 33 34 50 51 55";
    char s[VALID_MAX + 1], t[3];
    if (valid_alnum(v, s) != 11 || !valid_is_digits(s, 11)) return false;
    memcpy(t, s, 2);
    t[2] = 0;
    return strstr(types, t) != NULL && ar_cuit_sum(slice_of(s, 11));
}

static bool cl_rut_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    size_t n = valid_alnum(v, s);
    unsigned sum = 0;
    if ((n != 8 && n != 9) || !valid_is_digits(s, n - 1) || valid_number(s, n - 1) < 1000000) return false;
    for (size_t i = 0; i + 1 < n; i++) sum += (unsigned)(s[n - 2 - i] - '0') * (unsigned)(i % 6 + 2);
    return s[n - 1] == "0K987654321"[sum % 11];
}

static bool co_nit_ok(struct slice v)
{
    static const uint8_t w[15] = {3, 7, 13, 17, 19, 23, 29, 37, 41, 43, 47, 53, 59, 67, 71};
    uint8_t d[VALID_MAX];
    size_t n = valid_digits(v, d);
    unsigned sum = 0;
    if (n < 8 || n > 16 || valid_same(d, n)) return false;
    for (size_t i = 0; i + 1 < n; i++) sum += d[n - 2 - i] * w[i];
    return "01987654321"[sum % 11] == (char)('0' + d[n - 1]);
}

static bool ec_ci_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    size_t n = valid_digits(v, d);
    unsigned p = n ? d[0] * 10u + d[1] : 0;
    if (n != 10 && n != 13) return false;
    return ((p >= 1 && p <= 24) || p == 30 || p == 50) && d[2] < 6 && valid_luhn_digits(d, 10) && (n == 10 || d[12] > 0);
}

static bool do_cedula_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    return valid_digits(v, d) == 11 && !valid_same(d, 11) && valid_luhn_digits(d, 11);
}

static bool do_rnc_ok(struct slice v)
{
    static const uint8_t w[8] = {7, 9, 8, 6, 5, 4, 3, 2};
    uint8_t d[VALID_MAX];
    unsigned sum = 0;
    if (valid_digits(v, d) != 9) return false;
    for (size_t i = 0; i < 8; i++) sum += d[i] * w[i];
    return (10 - sum % 11 % 10) % 9 + 1 == d[8];
}

static bool pe_ruc_ok(struct slice v)
{
    char s[VALID_MAX + 1], t[3];
    if (valid_alnum(v, s) != 11) return false;
    memcpy(t, s, 2);
    t[2] = 0;
    return strstr("10 15 16 17 20", t) != NULL && pe_ruc_sum(slice_of(s, 11));
}

static bool ve_rif_ok(struct slice v)
{
    static const uint8_t w[8] = {3, 2, 7, 6, 5, 4, 3, 2};
    char s[VALID_MAX + 1];
    const char *kinds = "VEJPG", *k;
    static const uint8_t kind[5] = {4, 8, 12, 16, 20};
    if (valid_alnum(v, s) != 10 || !valid_is_digits(s + 1, 9) || !(k = strchr(kinds, s[0]))) return false;
    unsigned sum = kind[k - kinds];
    for (size_t i = 0; i < 8; i++) sum += (unsigned)(s[i + 1] - '0') * w[i];
    return s[9] == "00987654321"[sum % 11];
}

const struct validator valid_americas[] = {
    {"us_ssn", us_ssn_ok, "SSA POMS RM 10201", VALID_LIST("078-05-1123", "536-90-4399", "11-1234567"),
     VALID_LIST("078-05-0000", "666-12-3456", "900-12-3456", "078-05-1120", "1")},
    {"us_itin", us_itin_ok, "IRS IRM 3.21.263", VALID_LIST("912-90-3456", "900-70-0000"),
     VALID_LIST("912-93-3456", "812-90-3456", "9")},
    {"us_ein", us_ein_ok, "IRS, valid EIN prefixes", VALID_LIST("91-1144442", "01-1234567"), VALID_LIST("07-1144442", "1")},
    {"us_npi", us_npi_ok, "CMS NPI, Luhn with 80840", VALID_LIST("1245319599", "1003000126", "1234567893"),
     VALID_LIST("1234567890", "0234567893", "123456789")},
    {"us_mbi", us_mbi_ok, "CMS MBI format", VALID_LIST("1EG4-TE5-MK73", "9XX9XX9XX99"),
     VALID_LIST("1EG4-TE5-OK73", "0EG4TE5MK73", "1EG4")},
    {"dea", dea_ok, "21 CFR 1301, DEA number", VALID_LIST("GL0285191", "EU4488929", "K92993548"),
     VALID_LIST("GL0285192", "I10285191", "G")},
    {"ca_sin", ca_sin_ok, "ESDC, Luhn", VALID_LIST("130 692 544", "435-418-165", "948584792"),
     VALID_LIST("130 692 545", "000000000", "1")},
    {"br_cpf", br_cpf_ok, "Receita Federal, mod 11", VALID_LIST("390.533.447-05", "529.982.247-25"),
     VALID_LIST("231.002.999-00", "11111111111", "1")},
    {"br_cnpj", br_cnpj_ok, "Receita Federal, IN RFB 2.229/2024",
     VALID_LIST("16.727.230/0001-97", "11867044000130", "12.ABC.345/01DE-35"),
     VALID_LIST("16.727.230.0001-98", "00000000000000", "1")},
    {"br_pis", br_pis_ok, "Caixa, PIS/PASEP", VALID_LIST("120.56412.54-5"), VALID_LIST("120.56412.54-8", "1")},
    {"mx_curp", mx_curp_ok, "RENAPO", VALID_LIST("BOXW310820HNERXN09", "HEGG560427MVZRRL04"),
     VALID_LIST("BOXW310820HNERXN08", "BOXW311320HNERXN09", "B")},
    {"mx_rfc", mx_rfc_ok, "SAT", VALID_LIST("GODE 561231 GR8", "SCE000520HU0", "&&&030828PX7"),
     VALID_LIST("BUEI591341815", "GODE561231", "")},
    {"ar_cuit", ar_cuit_ok, "AFIP, mod 11", VALID_LIST("20-05536168-2", "30534868460"),
     VALID_LIST("20-05536168-3", "99055361682", "2")},
    {"cl_rut", cl_rut_ok, "Registro Civil, mod 11", VALID_LIST("12.531.909-2", "8352320-4", "76086428-5"),
     VALID_LIST("12531909-3", "1-9", "1")},
    {"co_nit", co_nit_ok, "DIAN, mod 11", VALID_LIST("213.123.432-1"), VALID_LIST("213123433-1", "1")},
    {"ec_ci", ec_ci_ok, "Registro Civil del Ecuador", VALID_LIST("171430710-3", "0926687856"),
     VALID_LIST("1714307104", "8814307107", "1")},
    {"do_cedula", do_cedula_ok, "Junta Central Electoral, Luhn", VALID_LIST("001-1391820-5"), VALID_LIST("00113918204", "1")},
    {"do_rnc", do_rnc_ok, "DGII", VALID_LIST("1-01-85004-3"), VALID_LIST("1018A0043", "101850042", "1")},
    {"pe_ruc", pe_ruc_ok, "SUNAT, mod 11", VALID_LIST("20512333797"), VALID_LIST("20512333798", "1")},
    {"uy_ci", uy_ci_ok, "DNIC", VALID_LIST("3.456.789-4"), VALID_LIST("3.456.789-1", "1")},
    {"uy_rut", uy_rut_ok, "DGI", VALID_LIST("211003420017"), VALID_LIST("211003420018", "1")},
    {"ve_rif", ve_rif_ok, "SENIAT", VALID_LIST("V-11470283-4", "V114702834"), VALID_LIST("V-11470283-3", "1")},
    VALID_END,
};
