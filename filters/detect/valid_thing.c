/* Things with a number of their own: vehicles, telephones, chips; and the machine-readable zone of travel documents. */
#include "filters/detect/valid.h"

#include <pthread.h>

static bool vin_ok(struct slice v)
{
    static const uint8_t w[17] = {8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2};
    static const char letters[] = "ABCDEFGHJKLMNPRSTUVWXYZ", values[] = "12345678123457923456789";
    char s[VALID_MAX + 1];
    unsigned sum = 0, digits = 0;
    if (valid_alnum(v, s) != 17 || v.n != 17) return false;
    for (size_t i = 0; i < 17; i++) {
        const char *p = s[i] > '9' ? strchr(letters, s[i]) : NULL;
        if (s[i] > '9' && !p) return false;
        digits += !p;
        sum += w[i] * (unsigned)((p ? values[p - letters] : s[i]) - '0');
    }
    return digits < 17 && s[8] == "0123456789X"[sum % 11];
}

/* Shape alone: no I O Q, letters and digits both; for places where the check digit is not used. */
static bool vin_shape_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    unsigned digits = 0;
    if (valid_alnum(v, s) != 17 || v.n != 17 || strpbrk(s, "IOQ")) return false;
    for (size_t i = 0; i < 17; i++) digits += s[i] <= '9';
    return digits >= 3 && digits <= 16;
}

static bool imei_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    size_t n = valid_digits(v, d);
    return n == 15 && !valid_same(d, n) && valid_luhn_digits(d, n);
}

/* With a software version there is no check digit. */
static bool imei_any_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    size_t n = valid_digits(v, d);
    return imei_ok(v) || ((n == 14 || n == 16 || n == 17) && !valid_same(d, n));
}

static bool iccid_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    size_t n = valid_digits(v, d);
    return n >= 18 && n <= 20 && d[0] == 8 && d[1] == 9 && (n != 19 || valid_luhn_digits(d, n) || d[2] == 8);
}

static bool imsi_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    return valid_digits(v, d) == 15 && d[0] >= 2 && d[0] <= 7 && !valid_same(d, 15);
}

static bool mrz_field(const char *s, size_t from, size_t n, size_t check)
{
    int c = valid_icao(s + from, n);
    return c >= 0 && (s[check] == (char)('0' + c) || (c == 0 && s[check] == '<'));
}

/* The line with the numbers: TD3 (44), TD2 and old visas (36), TD1's first and second (30). */
static bool mrz_ok(struct slice v)
{
    const char *s = v.p;
    if (v.n == 44 || v.n == 36) return mrz_field(s, 0, 9, 9) && mrz_field(s, 13, 6, 19) && mrz_field(s, 21, 6, 27);
    if (v.n != 30) return false;
    if (s[0] >= '0' && s[0] <= '9') return mrz_field(s, 0, 6, 6) && mrz_field(s, 8, 6, 14);
    return strchr("ACI", s[0]) != NULL && s[0] && mrz_field(s, 5, 9, 14);
}

/* UPS: "1Z", sixteen characters, a check digit: letters count as (code - 63) mod 10. */
static bool ups_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    unsigned sum = 0;
    if (valid_alnum(v, s) != 18 || s[0] != '1' || s[1] != 'Z') return false;
    for (size_t i = 2; i < 17; i++) {
        unsigned x = (s[i] <= '9' ? (unsigned)(s[i] - '0') : (unsigned)(s[i] - 63) % 10) * (i & 1 ? 2u : 1u);
        sum += x;
    }
    return s[17] == (char)('0' + (10 - sum % 10) % 10);
}

/* A number that is right under some country's scheme: for places where it stands alone and nothing says which. */
static const char *const schemes[] = {"aba",         "ca_sin",          "au_tfn",     "au_acn",           "au_abn",
                                      "au_medicare", "nz_ird",          "de_tax_id",  "de_lanr",          "nl_bsn",
                                      "pt_nif",      "fr_siren",        "fr_nir",     "fr_nif",           "be_nn",
                                      "ch_ahv",      "at_svnr",         "pl_pesel",   "pl_nip",           "pl_regon",
                                      "cz_rc",       "ro_cnp",          "bg_egn",     "hr_oib",           "gr_amka",
                                      "gr_afm",      "se_personnummer", "se_orgnr",   "no_fodselsnummer", "lt_asmens",
                                      "lv_pk",       "hu_tax",          "jmbg",       "ru_inn",           "ru_snils",
                                      "ua_rntrc",    "kz_iin",          "us_npi",     "br_cpf",           "br_cnpj",
                                      "ar_cuit",     "ec_ci",           "do_cedula",  "pe_ruc",           "cn_id",
                                      "kr_rrn",      "kr_rrn_date",     "kr_brn",     "jp_my_number",     "jp_corporate",
                                      "th_id",       "id_nik",          "in_aadhaar", "tr_tckn",          "il_id",
                                      "za_id",       "ir_melli",        "ae_id",      "uk_nhs",           "card_any",
                                      "imei"};
#define SCHEMES (sizeof schemes / sizeof *schemes)
static bool (*scheme_ok[SCHEMES])(struct slice v); /* of those there are */
static size_t scheme_count;
static pthread_once_t schemes_known = PTHREAD_ONCE_INIT;

static void find_schemes(void)
{
    for (size_t i = 0; i < SCHEMES; i++) {
        const struct validator *row = validator_find(schemes[i]);
        if (row) scheme_ok[scheme_count++] = row->ok;
    }
}

static bool any_id_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    size_t n = valid_digits(v, d);
    if (n == 0 || valid_same(d, n)) return false;
    (void)pthread_once(&schemes_known, find_schemes);
    for (size_t i = 0; i < scheme_count; i++)
        if (scheme_ok[i](v)) return true;
    return false;
}

static bool orcid_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    return valid_alnum(v, s) == 16 && valid_mod11_2(s, 16);
}

const struct validator valid_thing[] = {
    {"vin", vin_ok, "ISO 3779, 49 CFR 565", VALID_LIST("1M8GDM9AXKP042788", "2T2HK31U38C057399", "JB3BA36KXHU036784"),
     VALID_LIST("1M8GDM9A1KP042788", "11131517191011111", "1M8GDM9AXKP04278", "1M8GDM9AXKP04278O", "")},
    {"vin_shape", vin_shape_ok, "ISO 3779", VALID_LIST("1M8GDM9A1KP042788", "WVWZZZ1JZ3W386752"),
     VALID_LIST("11131517191011111", "ABCDEFGHJKLMNPRST", "")},
    {"imei", imei_ok, "3GPP TS 23.003, Luhn", VALID_LIST("35-209900-176148-1", "354178036859789"),
     VALID_LIST("490154203237517", "")},
    {"imei_any", imei_any_ok, "3GPP TS 23.003", VALID_LIST("49-015420-323751", "35-209900-176148-23", "354178036859789"),
     VALID_LIST("354178036859780", "1")},
    {"iccid", iccid_ok, "ITU-T E.118, Luhn", VALID_LIST("8944500102198304826", "89860000000000000000"),
     VALID_LIST("8844500102198304826", "89", "")},
    {"imsi", imsi_ok, "ITU-T E.212", VALID_LIST("460001234567890", "310150123456789"),
     VALID_LIST("960001234567890", "46000", "")},
    {"mrz", mrz_ok, "ICAO Doc 9303",
     VALID_LIST("L898902C36UTO7408122F1204159ZE184226B<<<<<10", "7408122F1204159UTO<<<<<<<<<<<6",
                "I<UTOD231458907<<<<<<<<<<<<<<<"),
     VALID_LIST("L898902C37UTO7408122F1204159ZE184226B<<<<<10", "L898902C36", "")},
    {"orcid", orcid_ok, "ISO 27729, ISO 7064 MOD 11-2", VALID_LIST("0000-0002-1825-0097", "0000-0002-1694-233X"),
     VALID_LIST("0000-0002-1825-0098", "0000-0002-1694-2330", "1")},
    {"any_id", any_id_ok, "ours: any of sixty national schemes", VALID_LIST("130692544", "943986109620", "4111111111111111"),
     VALID_LIST("111111111", "12345678", "x", "")},
    {"ups", ups_ok, "UPS tracking number guide", VALID_LIST("1Z9YF1280343418566", "1Z 999 AA1 0123 456 784"),
     VALID_LIST("1Z9YF1280343418567", "1Z", "")},
    VALID_END,
};
