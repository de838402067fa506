/* Identifiers of Asia, the Middle East and Africa. */
#include "filters/detect/valid.h"

VALID_WSUM(kw_civil_sum, {{2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}, 11, 11, WSUM_COMPLEMENT, -1})

static unsigned two(const uint8_t *d, size_t i) { return d[i] * 10u + d[i + 1]; }

static bool cn_id_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    if (valid_alnum(v, s) != 18 || !valid_is_digits(s, 17) || s[0] < '1' || s[0] > '9') return false;
    unsigned y = (unsigned)valid_number(s + 6, 4);
    return y >= 1880 && valid_ymd(y, (unsigned)valid_number(s + 10, 2), (unsigned)valid_number(s + 12, 2)) &&
           valid_mod11_2(s, 18);
}

/* Cards of the first generation: fifteen digits, a two-digit year, no check. */
static bool cn_id15_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    return valid_digits(v, d) == 15 && two(d, 0) >= 11 && two(d, 0) <= 82 && valid_yymmdd(two(d, 6), two(d, 8), two(d, 10));
}

static bool cn_uscc_ok(struct slice v)
{
    static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    char s[VALID_MAX + 1];
    unsigned sum = 0, w = 1;
    if (valid_alnum(v, s) != 18 || !valid_is_digits(s + 2, 6) || !strchr("123456789ANY", s[0])) return false;
    for (size_t i = 0; i < 17; i++, w = w * 3 % 31) {
        const char *p = strchr(alphabet, s[i]);
        if (!p) return false;
        sum += (unsigned)(p - alphabet) * w;
    }
    return s[17] == alphabet[(31 - sum % 31) % 31];
}

static bool cn_mobile_ok(struct slice v)
{
    uint8_t d[VALID_MAX], *p = d;
    if (v.n && v.p[0] == '+') v.p++, v.n--;
    size_t n = valid_digits(v, d);
    if (n == 15 && d[0] == 0 && d[1] == 0) p += 2, n -= 2;
    if (n == 13 && p[0] == 8 && p[1] == 6) p += 2, n -= 2;
    return n == 11 && p[0] == 1 && p[1] >= 3 && !valid_same(p + 5, 6);
}

/* Taiwan: the letter counts as two digits; citizens' second digit is 1 or 2, residents' 8 or 9, older ones' a letter. */
static bool tw_id_ok(struct slice v)
{
    static const char order[] = "ABCDEFGHJKLMNPQRSTUVXYWZIO";
    char s[VALID_MAX + 1];
    if (valid_alnum(v, s) != 10 || !(s[0] >= 'A' && s[0] <= 'Z') || !valid_is_digits(s + 2, 8)) return false;
    const char *a = strchr(order, s[0]), *b = s[1] >= 'A' && s[1] <= 'D' ? strchr(order, s[1]) : NULL;
    if (!b && !strchr("1289", s[1])) return false;
    unsigned x = (unsigned)(a - order) + 10, sum = x / 10 + x % 10 * 9;
    sum += (b ? (unsigned)(b - order) % 10 : (unsigned)(s[1] - '0')) * 8;
    for (unsigned i = 2; i < 9; i++) sum += (unsigned)(s[i] - '0') * (9 - i);
    return (sum + (unsigned)(s[9] - '0')) % 10 == 0;
}

static bool tw_ubn_ok(struct slice v)
{
    static const uint8_t w[8] = {1, 2, 1, 2, 1, 2, 4, 1};
    uint8_t d[VALID_MAX];
    unsigned sum = 0;
    if (valid_digits(v, d) != 8 || valid_same(d, 8)) return false;
    for (size_t i = 0; i < 8; i++) {
        unsigned x = d[i] * (unsigned)w[i];
        sum += x / 10 + x % 10;
    }
    return sum % 5 == 0 || (d[6] == 7 && (sum + 1) % 5 == 0);
}

static bool hk_id_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    size_t n = valid_alnum(v, s), letters = n == 9 ? 2 : 1;
    if ((n != 8 && n != 9) || !valid_is_letters(s, letters) || !valid_is_digits(s + letters, 6)) return false;
    unsigned sum = letters == 1 ? 36u * 9 : (unsigned)(s[0] - 'A' + 10) * 9, w = 8;
    for (size_t i = letters - 1; i + 1 < n; i++) sum += w-- * (s[i] > '9' ? (unsigned)(s[i] - 'A' + 10) : (unsigned)(s[i] - '0'));
    unsigned c = (11 - sum % 11) % 11;
    return s[n - 1] == (c == 10 ? 'A' : (char)('0' + c));
}

/* Birth date, century and sex, region; a check digit until October 2020. */
static bool kr_rrn_date_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    return valid_digits(v, d) == 13 && d[6] <= 9 && valid_yymmdd(two(d, 0), two(d, 2), two(d, 4));
}

static bool kr_rrn_ok(struct slice v)
{
    static const uint8_t w[12] = {2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5};
    uint8_t d[VALID_MAX];
    unsigned sum = 0;
    if (!kr_rrn_date_ok(v)) return false;
    (void)valid_digits(v, d);
    for (size_t i = 0; i < 12; i++) sum += d[i] * w[i];
    unsigned c = (11 - sum % 11) % 10, foreign = (13 - sum % 11) % 10;
    return d[12] == c || (d[6] >= 5 && d[6] <= 8 && d[12] == foreign);
}

static bool kr_brn_ok(struct slice v)
{
    static const uint8_t w[9] = {1, 3, 7, 1, 3, 7, 1, 3, 5};
    uint8_t d[VALID_MAX];
    unsigned sum = 0;
    if (valid_digits(v, d) != 10 || two(d, 0) < 10) return false;
    for (size_t i = 0; i < 9; i++) sum += d[i] * w[i];
    sum += d[8] * 5u / 10;
    return (10 - sum % 10) % 10 == d[9];
}

static bool jp_my_number_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    unsigned sum = 0;
    if (valid_digits(v, d) != 12 || valid_same(d, 12)) return false;
    for (unsigned n = 1; n <= 11; n++) sum += d[11 - n] * (n <= 6 ? n + 1 : n - 5);
    return d[11] == (sum % 11 <= 1 ? 0 : 11 - sum % 11);
}

static bool jp_corporate_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    unsigned sum = 0;
    if (valid_digits(v, d) != 13 || valid_same(d, 13)) return false;
    for (unsigned i = 1; i < 13; i++) sum += d[13 - i] * (i & 1 ? 1u : 2u);
    return d[0] == 9 - sum % 9;
}

static bool sg_nric_ok(struct slice v)
{
    static const uint8_t w[7] = {2, 7, 6, 5, 4, 3, 2};
    char s[VALID_MAX + 1];
    unsigned sum = 0;
    if (valid_alnum(v, s) != 9 || !strchr("STFGM", s[0]) || !valid_is_digits(s + 1, 7)) return false;
    for (size_t i = 0; i < 7; i++) sum += (unsigned)(s[i + 1] - '0') * w[i];
    if (s[0] == 'T' || s[0] == 'G') sum += 4;
    if (s[0] == 'M') return s[8] == "XWUTRQPNJLK"[(sum + 3) % 11];
    return s[8] == (s[0] == 'S' || s[0] == 'T' ? "JZIHGFEDCBA" : "XWUTRQPNMLK")[sum % 11];
}

/* ACRA: businesses (8 digits), local companies (year, 5 digits), other entities (T yy LL 9999). */
static bool sg_uen_ok(struct slice v)
{
    static const uint8_t wb[8] = {10, 4, 9, 3, 8, 2, 7, 1}, wl[9] = {10, 8, 6, 4, 9, 7, 5, 3, 1},
                         wo[9] = {4, 3, 5, 3, 10, 2, 2, 5, 7};
    static const char other[] = "ABCDEFGHJKLMNPQRSTUVWX0123456789";
    char s[VALID_MAX + 1];
    size_t n = valid_alnum(v, s);
    unsigned sum = 0;
    if (n == 9 && valid_layout(s, "99999999A")) {
        for (size_t i = 0; i < 8; i++) sum += (unsigned)(s[i] - '0') * wb[i];
        return s[8] == "XMKECAWLJDB"[sum % 11];
    }
    if (n == 10 && valid_layout(s, "999999999A")) {
        for (size_t i = 0; i < 9; i++) sum += (unsigned)(s[i] - '0') * wl[i];
        return s[9] == "ZKCMDNERGWH"[sum % 11] && valid_number(s, 4) <= 2100;
    }
    if (n != 10 || !valid_layout(s, "A99AX9999A") || !strchr("RST", s[0])) return false;
    for (size_t i = 0; i < 9; i++) {
        const char *p = strchr(other, s[i]);
        if (!p) return false;
        sum += (unsigned)(p - other) * wo[i];
    }
    return s[9] == other[(sum + 33 - 5) % 11];
}

static bool th_id_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    unsigned sum = 0;
    if (valid_digits(v, d) != 13 || d[0] == 0 || d[0] == 9) return false;
    for (unsigned i = 0; i < 12; i++) sum += d[i] * (13 - i);
    return (11 - sum % 11) % 10 == d[12];
}

static bool my_nric_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    if (valid_digits(v, d) != 12 || !valid_yymmdd(two(d, 0), two(d, 2), two(d, 4))) return false;
    unsigned place = two(d, 6);
    return place != 0 && place != 17 && place != 18 && place != 19 && place != 20 && place != 69 && place != 70 && place != 73 &&
           place != 80 && place != 81 && place != 94 && place != 95 && place != 96 && place != 97;
}

static bool id_nik_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    if (valid_digits(v, d) != 16 || two(d, 0) < 11 || two(d, 0) > 97) return false;
    return valid_yymmdd(two(d, 10), two(d, 8), two(d, 6) % 40) && (two(d, 12) || two(d, 14));
}

static bool in_aadhaar_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    if (valid_digits(v, d) != 12 || d[0] < 2 || !valid_verhoeff_digits(d, 12)) return false;
    for (size_t i = 0; i < 6; i++)
        if (d[i] != d[11 - i]) return true;
    return false; /* palindromes are never given out */
}

static bool in_pan_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    return valid_alnum(v, s) == 10 && valid_layout(s, "AAAAA9999A") && memcmp(s + 5, "0000", 4) != 0;
}

static bool in_gstin_layout_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    if (valid_alnum(v, s) != 15 || !valid_layout(s, "99AAAAA9999AXZX")) return false;
    unsigned state = (unsigned)valid_number(s, 2);
    return (state >= 1 && state <= 38) || state == 97 || state == 99;
}

static bool in_gstin_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    unsigned sum = 0;
    if (!in_gstin_layout_ok(v)) return false;
    (void)valid_alnum(v, s);
    for (size_t i = 0; i < 14; i++) {
        unsigned x = (s[i] <= '9' ? (unsigned)(s[i] - '0') : (unsigned)(s[i] - 'A' + 10)) * (i & 1 ? 2u : 1u);
        sum += x / 36 + x % 36;
    }
    return s[14] == "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(36 - sum % 36) % 36];
}

static bool verhoeff_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    size_t n = valid_digits(v, d);
    return n >= 2 && !valid_same(d, n) && valid_verhoeff_digits(d, n);
}

static bool tr_tckn_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    unsigned odd = 0, even = 0;
    if (valid_digits(v, d) != 11 || d[0] == 0) return false;
    for (size_t i = 0; i < 9; i++) *(i & 1 ? &even : &odd) += d[i];
    return (odd * 7 + 1000 - even) % 10 == d[9] && (odd + even + d[9]) % 10 == d[10];
}

static bool tr_vkn_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    unsigned sum = 0;
    if (valid_digits(v, d) != 10 || valid_same(d, 10)) return false;
    for (unsigned i = 0; i < 9; i++) {
        unsigned a = (d[i] + 9 - i) % 10, x = a * (1u << (9 - i)) % 9;
        sum += a && !x ? 9 : x;
    }
    return (10 - sum % 10) % 10 == d[9];
}

static bool il_id_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    size_t n = valid_digits(v, d);
    return (n == 8 || n == 9) && !valid_same(d, n) && valid_luhn_digits(d, n);
}

static bool za_id_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    return valid_digits(v, d) == 13 && valid_yymmdd(two(d, 0), two(d, 2), two(d, 4)) && d[10] <= 2 && valid_luhn_digits(d, 13);
}

static bool ph_tin_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    size_t n = valid_digits(v, d);
    unsigned sum = 0;
    if (n != 9 && n != 12 && n != 14) return false;
    for (unsigned i = 0; i < 8; i++) sum += d[i] * (9 - i);
    return sum && sum % 11 == d[8];
}

static bool vn_mst_ok(struct slice v)
{
    static const uint8_t w[9] = {31, 29, 23, 19, 17, 13, 7, 5, 3};
    uint8_t d[VALID_MAX];
    size_t n = valid_digits(v, d);
    unsigned sum = 0;
    if (n != 10 && n != 13) return false;
    for (size_t i = 0; i < 9; i++) sum += d[i] * w[i];
    return 10 - sum % 11 == d[9] && (d[2] || d[3] || d[4] || d[5] || d[6] || d[7] || d[8]);
}

/* Twelve digits: province, sex and century, year, serial. */
static bool vn_cccd_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    if (valid_digits(v, d) != 12) return false;
    unsigned province = d[0] * 100u + two(d, 1);
    return province >= 1 && province <= 96 && d[3] <= 3 && !valid_same(d + 6, 6);
}

static bool pk_cnic_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    return valid_digits(v, d) == 13 && d[0] >= 1 && d[0] <= 7 && !valid_same(d, 12);
}

/* Sri Lanka: nine digits and V or X, or since 2016 twelve: year, day of the year (+500 for women). */
static bool lk_nic_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    size_t n = valid_alnum(v, s);
    bool old = n == 10 && (s[9] == 'V' || s[9] == 'X') && valid_is_digits(s, 9);
    if (!old && (n != 12 || !valid_is_digits(s, 12))) return false;
    unsigned day = (unsigned)valid_number(s + (old ? 2 : 4), 3) % 500;
    return day >= 1 && day <= 366 && (old || (valid_number(s, 4) >= 1900 && valid_number(s, 4) <= 2030));
}

static bool ir_melli_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    unsigned sum = 0;
    if (valid_digits(v, d) != 10 || valid_same(d, 10)) return false;
    for (unsigned i = 0; i < 9; i++) sum += d[i] * (10 - i);
    return d[9] == (sum % 11 < 2 ? sum % 11 : 11 - sum % 11);
}

static bool ae_id_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    return valid_digits(v, d) == 15 && d[0] == 7 && d[1] == 8 && d[2] == 4 && (d[3] == 1 || d[3] == 2) &&
           valid_luhn_digits(d, 15);
}

static bool eg_nid_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    if (valid_digits(v, d) != 14 || (d[0] != 2 && d[0] != 3)) return false;
    return valid_ymd((d[0] == 2 ? 1900u : 2000u) + two(d, 1), two(d, 3), two(d, 5)) && (two(d, 7) <= 35 || two(d, 7) == 88) &&
           two(d, 7);
}

static bool sa_id_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    return valid_digits(v, d) == 10 && (d[0] == 1 || d[0] == 2) && valid_luhn_digits(d, 10);
}

static bool kw_civil_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    return valid_digits(v, d) == 12 && d[0] >= 1 && d[0] <= 3 && valid_yymmdd(two(d, 1), two(d, 3), two(d, 5)) && kw_civil_sum(v);
}

const struct validator valid_asia[] = {
    {"cn_id", cn_id_ok, "GB 11643-1999, ISO 7064 MOD 11-2",
     VALID_LIST("11010519491231002X", "440305195607151255", "51010719630601549x"),
     VALID_LIST("110105194912310020", "110105194913310023", "11010519491231002", "")},
    {"cn_id15", cn_id15_ok, "GB 11643-1989", VALID_LIST("110105491231002"),
     VALID_LIST("110105491331002", "990105491231002", "1")},
    {"cn_uscc", cn_uscc_ok, "GB 32100-2015, MOD 31-3", VALID_LIST("91110000600037341L", "9144030028280865KJ"),
     VALID_LIST("91110000600037342L", "A1110000I00037341L", "9")},
    {"cn_mobile", cn_mobile_ok, "MIIT numbering plan",
     VALID_LIST("13901826463", "+86 139 0182 6463", "139-0182-6463", "008613901826463"),
     VALID_LIST("12901826463", "1390182646", "15000000000", "")},
    {"tw_id", tw_id_ok, "Ministry of the Interior, mod 10", VALID_LIST("A123456789", "A219758834"),
     VALID_LIST("A123456788", "A323456789", "1")},
    {"tw_ubn", tw_ubn_ok, "Ministry of Finance, rules of 2023", VALID_LIST("00501503", "60004304", "73761420"),
     VALID_LIST("00501502", "1")},
    {"hk_id", hk_id_ok, "Immigration Department, mod 11", VALID_LIST("G123456(A)", "A494866[4]", "AB987654(3)"),
     VALID_LIST("G123456(B)", "A494866[5]", "A")},
    {"kr_rrn", kr_rrn_ok, "Ministry of the Interior and Safety", VALID_LIST("971013-9019902", "790427-1457449", "911124-5678906"),
     VALID_LIST("971013-9019903", "971313-9019902", "1")},
    {"kr_rrn_date", kr_rrn_date_ok, "numbers since October 2020 have no check digit", VALID_LIST("960121-1234567"),
     VALID_LIST("961321-1234567", "1")},
    {"kr_brn", kr_brn_ok, "National Tax Service", VALID_LIST("104-86-56659", "1168200276"), VALID_LIST("123-45-67890", "1")},
    {"jp_my_number", jp_my_number_ok, "総務省令 85/2014", VALID_LIST("123456789018"), VALID_LIST("123456789012", "1")},
    {"jp_corporate", jp_corporate_ok, "国税庁 法人番号", VALID_LIST("5-8356-7825-6246", "6671470548996"),
     VALID_LIST("2-8356-7825-6246", "1")},
    {"sg_nric", sg_nric_ok, "ICA, mod 11", VALID_LIST("S2740116C", "S9108268C", "T7572225C", "S3853137I"),
     VALID_LIST("S2740116D", "A2740116C", "S")},
    {"sg_uen", sg_uen_ok, "ACRA", VALID_LIST("00192200M", "197401143C", "S16FC0121D", "T16RF0037C"),
     VALID_LIST("123456", "00192200X", "197401143D", "T16RF0037D")},
    {"th_id", th_id_ok, "Bureau of Registration Administration", VALID_LIST("1-1012-30000-00-1", "3456789012347"),
     VALID_LIST("3456789012348", "0262009417481", "1")},
    {"my_nric", my_nric_ok, "Jabatan Pendaftaran Negara", VALID_LIST("770305-02-1234", "890131065014"),
     VALID_LIST("771305-02-1234", "770305-17-1234", "1")},
    {"id_nik", id_nik_ok, "Permendagri 40/2019", VALID_LIST("3171011708450001", "3171015708450001"),
     VALID_LIST("3171011713450001", "31710117084500", "1")},
    {"verhoeff", verhoeff_ok, "Verhoeff 1969", VALID_LIST("2363", "234123412346"), VALID_LIST("2364", "1", "0000", "")},
    {"in_aadhaar", in_aadhaar_ok, "UIDAI, Verhoeff", VALID_LIST("3123 4567 8909", "943986109620"),
     VALID_LIST("123456789012", "3123 4567 8908", "1")},
    {"in_pan", in_pan_ok, "Income Tax Department", VALID_LIST("ABCPD1234Z", "aaaaa1111a"),
     VALID_LIST("ABCPD0000Z", "ABCP1234Z", "")},
    {"in_gstin", in_gstin_ok, "GSTN, mod 36", VALID_LIST("27AAPFU0939F1ZV"), VALID_LIST("27AAPFU0939F1ZW", "99", "")},
    {"in_gstin_layout", in_gstin_layout_ok, "GSTN", VALID_LIST("27ABCDE1234F1Z5"),
     VALID_LIST("00ABCDE1234F1Z5", "27ABCDE1234F1Y5", "2")},
    {"tr_tckn", tr_tckn_ok, "NVİ", VALID_LIST("17291716060", "76543210794"), VALID_LIST("17291716050", "02531814694", "1")},
    {"tr_vkn", tr_vkn_ok, "GİB", VALID_LIST("4540536920"), VALID_LIST("4540536921", "1")},
    {"il_id", il_id_ok, "Population Registry, Luhn", VALID_LIST("3933742-3", "337090443"),
     VALID_LIST("3933742-2", "000000000", "1")},
    {"za_id", za_id_ok, "Department of Home Affairs, Luhn", VALID_LIST("7503305044089", "0001015002288"),
     VALID_LIST("8503305044089", "9125568", "9913326789285")},
    {"ph_tin", ph_tin_ok, "BIR, mod 11", VALID_LIST("000-123-456-000", "000-123-456"), VALID_LIST("000-123-457-000", "1")},
    {"vn_mst", vn_mst_ok, "Tổng cục Thuế", VALID_LIST("0100233488", "2000730546-015", "0314409058-002"),
     VALID_LIST("0100233480", "1")},
    {"vn_cccd", vn_cccd_ok, "Nghị định 137/2015/NĐ-CP", VALID_LIST("079203001234"), VALID_LIST("979203001234", "1")},
    {"pk_cnic", pk_cnic_ok, "NADRA", VALID_LIST("34201-0891231-8"), VALID_LIST("94201-0891231-8", "1")},
    {"lk_nic", lk_nic_ok, "Department for Registration of Persons", VALID_LIST("199931512253", "722222222V"),
     VALID_LIST("199940012253", "722222222A", "1")},
    {"ir_melli", ir_melli_ok, "سازمان ثبت احوال, mod 11", VALID_LIST("0499370899", "0963695398"), VALID_LIST("0499370898", "1")},
    {"ae_id", ae_id_ok, "ICA, Luhn", VALID_LIST("784-1979-1234567-1"), VALID_LIST("784-1979-1234567-2", "1")},
    {"eg_nid", eg_nid_ok, "Civil Status Organization", VALID_LIST("29001010101231"), VALID_LIST("29013010101231", "1")},
    {"sa_id", sa_id_ok, "Absher, Luhn", VALID_LIST("1000000008"), VALID_LIST("1000000009", "3000000008", "1")},
    {"kw_civil", kw_civil_ok, "PACI, mod 11", VALID_LIST("290010100011"), VALID_LIST("290130100014", "1")},
    VALID_END,
};
