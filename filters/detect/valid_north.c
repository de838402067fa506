/* Identifiers of northern and eastern Europe, the Caucasus and central Asia. */
#include "filters/detect/valid.h"

VALID_WSUM(pl_nip_ok, {{6, 5, 7, 2, 3, 4, 5, 6, 7}, 9, 11, WSUM_REMAINDER, -1})
VALID_WSUM(pl_regon_nine, {{8, 9, 2, 3, 4, 5, 6, 7}, 8, 11, WSUM_REMAINDER, 0})
VALID_WSUM(pl_regon_long, {{2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8}, 13, 11, WSUM_REMAINDER, 0})
VALID_WSUM(cz_ico_ok, {{8, 7, 6, 5, 4, 3, 2}, 7, 11, WSUM_LAST, -1})
VALID_WSUM(gr_afm_sum, {{256, 128, 64, 32, 16, 8, 4, 2}, 8, 11, WSUM_REMAINDER, 0})
VALID_WSUM(no_orgnr_ok, {{3, 2, 7, 6, 5, 4, 3, 2}, 8, 11, WSUM_COMPLEMENT, -1})
VALID_WSUM(dk_cvr_ok, {{2, 7, 6, 5, 4, 3, 2, 1}, 8, 11, WSUM_ZERO, -1})
VALID_WSUM(dk_cpr_sum, {{4, 3, 2, 7, 6, 5, 4, 3, 2, 1}, 10, 11, WSUM_ZERO, -1})
VALID_WSUM(fi_ytunnus_ok, {{7, 9, 10, 5, 8, 4, 2}, 7, 11, WSUM_COMPLEMENT, -1})
VALID_WSUM(hu_taj_ok, {{3, 7, 3, 7, 3, 7, 3, 7}, 8, 10, WSUM_REMAINDER, -1})
VALID_WSUM(hu_tax_sum, {{1, 2, 3, 4, 5, 6, 7, 8, 9}, 9, 11, WSUM_REMAINDER, -1})
VALID_WSUM(jmbg_sum, {{7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2}, 12, 11, WSUM_COMPLEMENT, -1})
VALID_WSUM(si_ddv_ok, {{8, 7, 6, 5, 4, 3, 2}, 7, 11, WSUM_COMPLEMENT, 0})
VALID_WSUM(ru_inn_ten, {{2, 4, 10, 3, 5, 9, 4, 6, 8}, 9, 11, WSUM_REMAINDER, 0})
VALID_WSUM(ru_inn_11, {{7, 2, 4, 10, 3, 5, 9, 4, 6, 8}, 10, 11, WSUM_REMAINDER, 0})
VALID_WSUM(ru_inn_12, {{3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8}, 11, 11, WSUM_REMAINDER, 0})
VALID_WSUM(ua_rntrc_ok, {{-1, 5, 7, 9, 4, 6, 10, 5, 7}, 9, 11, WSUM_REMAINDER, 0})
VALID_WSUM(pl_pesel_sum, {{1, 3, 7, 9, 1, 3, 7, 9, 1, 3}, 10, 10, WSUM_COMPLEMENT, -1})
VALID_WSUM(ro_cnp_sum, {{2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9}, 12, 11, WSUM_REMAINDER, 1})
VALID_WSUM(bg_egn_sum, {{2, 4, 8, 5, 10, 9, 7, 3, 6}, 9, 11, WSUM_REMAINDER, 0})
VALID_WSUM(no_first, {{3, 7, 6, 1, 8, 9, 4, 5, 2}, 9, 11, WSUM_COMPLEMENT, -1})
VALID_WSUM(no_second, {{5, 4, 3, 2, 7, 6, 5, 4, 3, 2}, 10, 11, WSUM_COMPLEMENT, -1})
VALID_WSUM(balt_first, {{1, 2, 3, 4, 5, 6, 7, 8, 9, 1}, 10, 11, WSUM_REMAINDER, -1})
VALID_WSUM(balt_second, {{3, 4, 5, 6, 7, 8, 9, 1, 2, 3}, 10, 11, WSUM_REMAINDER, 0})
VALID_WSUM(kz_first, {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, 11, 11, WSUM_REMAINDER, -1})
VALID_WSUM(kz_second, {{3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2}, 11, 11, WSUM_REMAINDER, -1})

/* Two digits at i as a number. */
static unsigned two(const uint8_t *d, size_t i) { return d[i] * 10u + d[i + 1]; }

static bool pl_pesel_ok(struct slice v)
{
    static const uint16_t century[5] = {1900, 2000, 2100, 2200, 1800};
    uint8_t d[VALID_MAX];
    if (valid_digits(v, d) != 11 || !pl_pesel_sum(v)) return false;
    return valid_ymd(century[two(d, 2) / 20] + two(d, 0), two(d, 2) % 20, two(d, 4)) || two(d, 2) / 20 == 2 ||
           two(d, 2) / 20 == 3;
}

static bool pl_regon_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    size_t n = valid_alnum(v, s);
    return n == 9 ? pl_regon_nine(slice_of(s, 9)) : n == 14 && pl_regon_long(slice_of(s, 14)) && pl_regon_nine(slice_of(s, 9));
}

/* Polish identity card: three letters, six digits, the check digit stands fourth: 7 3 1 9 7 3 1 7 3. */
static bool pl_id_card_ok(struct slice v)
{
    static const uint8_t w[9] = {7, 3, 1, 9, 7, 3, 1, 7, 3};
    char s[VALID_MAX + 1];
    unsigned sum = 0;
    if (valid_alnum(v, s) != 9 || !valid_layout(s, "AAA999999")) return false;
    for (size_t i = 0; i < 9; i++) sum += w[i] * (unsigned)(s[i] > '9' ? s[i] - 'A' + 10 : s[i] - '0');
    return sum % 10 == 0;
}

/* Czech and Slovak birth number; women's months are +50, crowded days' +20 and +70; before 1954 nine digits. */
static bool cz_rc_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    uint8_t d[VALID_MAX];
    size_t n = valid_digits(v, d);
    if ((n != 9 && n != 10) || valid_alnum(v, s) != n) return false;
    unsigned m = two(d, 2) % 50;
    if (m > 20) m -= 20;
    if (!valid_yymmdd(two(d, 0), m, two(d, 4))) return false;
    if (n == 9) return two(d, 0) <= 53;
    return valid_number(s, 10) % 11 == 0 || (valid_number(s, 9) % 11 == 10 && d[9] == 0);
}

static bool ro_cnp_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    if (valid_digits(v, d) != 13 || d[0] == 0 || !ro_cnp_sum(v)) return false;
    return valid_yymmdd(two(d, 1), two(d, 3), two(d, 5));
}

static bool bg_egn_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    if (valid_digits(v, d) != 10 || !bg_egn_sum(v)) return false;
    unsigned m = two(d, 2), y = m > 40 ? 2000u : m > 20 ? 1800u : 1900u;
    return valid_ymd(y + two(d, 0), m - (m > 40 ? 40 : m > 20 ? 20 : 0), two(d, 4));
}

static bool hr_oib_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    return valid_digits(v, d) == 11 && !valid_same(d, 11) && valid_mod11_10(d, 11);
}

static bool gr_amka_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    return valid_digits(v, d) == 11 && valid_yymmdd(two(d, 4), two(d, 2), two(d, 0)) && valid_luhn_digits(d, 11);
}

static bool gr_afm_ok(struct slice v)
{
    char s[VALID_MAX + 1], *p = s;
    size_t n = valid_alnum(v, s);
    if (n == 11 && (memcmp(s, "EL", 2) == 0 || memcmp(s, "GR", 2) == 0)) p += 2, n -= 2;
    return n == 9 && gr_afm_sum(slice_of(p, n));
}

static bool se_personnummer_ok(struct slice v)
{
    uint8_t d[VALID_MAX], *p = d;
    size_t n = slice_find(v, '+') < v.n ? 0 : valid_digits(v, d);
    if (n == 0) { /* over a hundred years old: '+' instead of '-' */
        char t[16];
        if (v.n != 11 || v.p[6] != '+') return false;
        memcpy(t, v.p, 11);
        t[6] = '-';
        n = valid_digits(slice_of(t, 11), d);
    }
    if (n == 12) {
        if (two(d, 0) < 18 || two(d, 0) > 20) return false;
        p += 2;
        n -= 2;
    }
    unsigned day = n == 10 ? two(p, 4) % 60 : 0;
    return n == 10 && valid_yymmdd(two(p, 0), two(p, 2), day) && valid_luhn_digits(p, 10);
}

static bool se_orgnr_ok(struct slice v)
{
    uint8_t d[VALID_MAX], *p = d;
    size_t n = valid_digits(v, d);
    if (n == 12 && two(d, 0) == 16) p += 2, n -= 2;
    return n == 10 && p[2] >= 2 && p[0] && p[0] != 4 && valid_luhn_digits(p, 10);
}

static bool dk_cpr_date_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    return valid_digits(v, d) == 10 && valid_yymmdd(two(d, 4), two(d, 2), two(d, 0));
}
/* Numbers given out since 2007 need not pass the sum. */
static bool dk_cpr_ok(struct slice v) { return dk_cpr_date_ok(v) && dk_cpr_sum(v); }

/* D-numbers add 40 to the day, H-numbers 40 to the month, test numbers 80 or 65. */
static bool no_fodselsnummer_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    char s[VALID_MAX + 1];
    if (valid_digits(v, d) != 11 || valid_alnum(v, s) != 11) return false;
    return valid_yymmdd(two(d, 4), two(d, 2) % 40, two(d, 0) % 40) && no_first(slice_of(s, 10)) && no_second(slice_of(s, 11));
}

static bool fi_hetu_ok(struct slice v)
{
    char s[12];
    if (v.n != 11) return false;
    for (size_t i = 0; i < 11; i++) s[i] = (char)(v.p[i] >= 'a' && v.p[i] <= 'z' ? v.p[i] - 32 : v.p[i]);
    s[11] = 0;
    if (!valid_is_digits(s, 6) || !valid_is_digits(s + 7, 3) || !s[6] || !strchr("-+ABCDEFYXWVU", s[6])) return false;
    if (!valid_yymmdd((unsigned)valid_number(s + 4, 2), (unsigned)valid_number(s + 2, 2), (unsigned)valid_number(s, 2)))
        return false;
    uint64_t n = valid_number(s, 6) * 1000 + valid_number(s + 7, 3);
    return valid_number(s + 7, 3) >= 2 && s[10] == "0123456789ABCDEFHJKLMNPRSTUVWXY"[n % 31];
}

/* Estonia and Lithuania share the scheme: century and sex, date, serial, two rounds of weights. */
static bool balt_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    if (valid_digits(v, d) != 11 || d[0] == 0 || valid_same(d, 11)) return false;
    if (d[0] < 9 && !valid_yymmdd(two(d, 1), two(d, 3), two(d, 5)) && !(two(d, 3) == 0 || two(d, 5) == 0)) return false;
    unsigned sum = 0;
    for (unsigned i = 0; i < 10; i++) sum += d[i] * (i % 9 + 1);
    return sum % 11 == 10 ? balt_second(v) : balt_first(v);
}

static bool lv_pk_ok(struct slice v)
{
    static const uint8_t w[10] = {10, 5, 8, 4, 2, 1, 6, 3, 7, 9};
    uint8_t d[VALID_MAX];
    unsigned sum = 0;
    if (valid_digits(v, d) != 11) return false;
    if (d[0] == 3 && d[1] >= 2) return !valid_same(d + 2, 9); /* since 2017: 32…, no date, no published sum */
    for (size_t i = 0; i < 10; i++) sum += d[i] * w[i];
    return valid_yymmdd(two(d, 4), two(d, 2), two(d, 0)) && d[6] <= 2 && (1 + sum) % 11 % 10 == d[10];
}

/* Személyi azonosító: forward weights until 1996, backward ones since. */
static bool hu_id_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    unsigned up = 0, down = 0;
    if (valid_digits(v, d) != 11 || d[0] == 0 || d[0] > 8 || !valid_yymmdd(two(d, 1), two(d, 3), two(d, 5))) return false;
    for (unsigned i = 0; i < 10; i++) up += d[i] * (i + 1), down += d[i] * (10 - i);
    return up % 11 == d[10] || down % 11 == d[10];
}

static bool hu_tax_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    return valid_digits(v, d) == 10 && d[0] == 8 && hu_tax_sum(v);
}

/* EMŠO, JMBG: the unique master number of the states of former Yugoslavia. */
static bool jmbg_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    if (valid_digits(v, d) != 13 || !jmbg_sum(v)) return false;
    unsigned y = d[4] * 100u + two(d, 5);
    return valid_ymd(y < 800 ? 2000 + y : 1000 + y, two(d, 2), two(d, 0));
}

static bool ru_inn_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    size_t n = valid_alnum(v, s);
    return n == 10 ? ru_inn_ten(v) : n == 12 && ru_inn_11(slice_of(s, 11)) && ru_inn_12(slice_of(s, 12));
}

static bool ru_snils_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    unsigned sum = 0;
    if (valid_digits(v, d) != 11 || valid_same(d, 9)) return false;
    for (unsigned i = 0; i < 9; i++) sum += d[i] * (9 - i);
    return sum % 101 % 100 == two(d, 9);
}

static bool ru_ogrn_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    size_t n = valid_alnum(v, s);
    if ((n != 13 && n != 15) || !valid_is_digits(s, n) || s[0] == '0') return false;
    return valid_number(s, n - 1) % (n - 2) % 10 == (uint64_t)(s[n - 1] - '0');
}

static bool kz_iin_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    unsigned sum = 0;
    if (valid_digits(v, d) != 12 || !valid_yymmdd(two(d, 0), two(d, 2), two(d, 4)) || d[6] > 6) return false;
    for (unsigned i = 0; i < 11; i++) sum += d[i] * (i + 1);
    return sum % 11 == 10 ? kz_second(v) : kz_first(v);
}

static bool is_kennitala_ok(struct slice v)
{
    static const uint8_t w[9] = {3, 2, 7, 6, 5, 4, 3, 2, 1};
    uint8_t d[VALID_MAX];
    unsigned sum = 0;
    if (valid_digits(v, d) != 10 || (d[9] != 9 && d[9] != 0 && d[9] != 8)) return false;
    for (size_t i = 0; i < 9; i++) sum += d[i] * w[i];
    return sum % 11 == 0 && valid_yymmdd(two(d, 4), two(d, 2), two(d, 0) % 40);
}

const struct validator valid_north[] = {
    {"pl_pesel", pl_pesel_ok, "Ustawa o ewidencji ludności", VALID_LIST("44051401458", "02070803628"),
     VALID_LIST("44051401459", "44055401458", "4")},
    {"pl_nip", pl_nip_ok, "Ministerstwo Finansów, mod 11", VALID_LIST("856-734-62-15", "5260001246"),
     VALID_LIST("8567346216", "1")},
    {"pl_regon", pl_regon_ok, "GUS, mod 11", VALID_LIST("192598184", "12345678512347"), VALID_LIST("192598183", "1")},
    {"pl_id_card", pl_id_card_ok, "MSWiA, 7 3 1", VALID_LIST("ABA300000", "ABS 123456"), VALID_LIST("ABA400000", "A")},
    {"cz_rc", cz_rc_ok, "Zákon 133/2000 Sb.", VALID_LIST("710319/2745", "8801251680", "530121999"),
     VALID_LIST("7103192746", "710339/2745", "1")},
    {"cz_ico", cz_ico_ok, "ČSÚ, mod 11", VALID_LIST("25596641", "45193258"), VALID_LIST("25596640", "1")},
    {"ro_cnp", ro_cnp_ok, "Legea 105/1996", VALID_LIST("1630615123457"), VALID_LIST("1632215123457", "1630615123458", "1")},
    {"bg_egn", bg_egn_ok, "ЕСГРАОН, mod 11", VALID_LIST("752316 926 3", "8032056031", "0010100100"),
     VALID_LIST("8019010008", "7552A10004", "1")},
    {"hr_oib", hr_oib_ok, "ISO 7064 MOD 11,10", VALID_LIST("33392005961"), VALID_LIST("33392005962", "1")},
    {"gr_amka", gr_amka_ok, "ΗΔΙΚΑ, Luhn", VALID_LIST("25036505284", "01013099997"), VALID_LIST("01013099999", "0")},
    {"gr_afm", gr_afm_ok, "ΑΑΔΕ, mod 11", VALID_LIST("094259216", "EL 023456780"), VALID_LIST("094259217", "1")},
    {"se_personnummer", se_personnummer_ok, "SKV 704, Luhn",
     VALID_LIST("880320-0016", "198712202384", "19910924-2397", "880320+0016"), VALID_LIST("880320-0018", "881320-0016", "1")},
    {"se_orgnr", se_orgnr_ok, "Bolagsverket, Luhn", VALID_LIST("212000-0142", "5567037485", "165567037485"),
     VALID_LIST("212000-0143", "1")},
    {"dk_cpr", dk_cpr_ok, "CPR-kontoret, mod 11", VALID_LIST("211062-5629", "2110625629"),
     VALID_LIST("2110625628", "2113625629", "1")},
    {"dk_cpr_date", dk_cpr_date_ok, "CPR-kontoret, numbers since 2007", VALID_LIST("211062-5628", "0101110117"),
     VALID_LIST("321062-5628", "")},
    {"dk_cvr", dk_cvr_ok, "Erhvervsstyrelsen, mod 11", VALID_LIST("13585628"), VALID_LIST("13585627", "1")},
    {"no_fodselsnummer", no_fodselsnummer_ok, "Skatteetaten", VALID_LIST("151086 95088", "29126214926"),
     VALID_LIST("15108695077", "1")},
    {"no_orgnr", no_orgnr_ok, "Brønnøysundregistrene, mod 11", VALID_LIST("988 077 917"), VALID_LIST("988077918", "1")},
    {"fi_hetu", fi_hetu_ok, "DVV, mod 31", VALID_LIST("131052-308T", "020594X903P", "131052a308t"),
     VALID_LIST("131052-308U", "310252-308Y", "1")},
    {"fi_ytunnus", fi_ytunnus_ok, "PRH, mod 11", VALID_LIST("2077474-0"), VALID_LIST("2077474-1", "1")},
    {"ee_ik", balt_ok, "EVS 585", VALID_LIST("36805280109"), VALID_LIST("36805280108", "36813280109", "1")},
    {"lt_asmens", balt_ok, "Gyventojų registras", VALID_LIST("33309240064", "96813280109"), VALID_LIST("33309240164", "")},
    {"lv_pk", lv_pk_ok, "PMLP", VALID_LIST("161175-19997", "32867300679"), VALID_LIST("161375-19997", "161175-19998", "1")},
    {"hu_id", hu_id_ok, "1996. évi XX. törvény", VALID_LIST("36805280109"), VALID_LIST("36805280108", "1")},
    {"hu_tax", hu_tax_ok, "NAV, adóazonosító jel", VALID_LIST("8071592153"), VALID_LIST("8071592154", "1")},
    {"hu_taj", hu_taj_ok, "NEAK, TAJ", VALID_LIST("111 111 110"), VALID_LIST("111111111", "1")},
    {"jmbg", jmbg_ok, "EMŠO, JMBG, ЕМБГ", VALID_LIST("0101006500006", "0101006 50 000 6"),
     VALID_LIST("0101006500007", "3202006500006", "1")},
    {"si_ddv", si_ddv_ok, "FURS, mod 11", VALID_LIST("50223054", "15012557"), VALID_LIST("50223055", "1")},
    {"ru_inn", ru_inn_ok, "ФНС, приказ ММВ-7-6/435@", VALID_LIST("7813045547", "123456789047"),
     VALID_LIST("1234567895", "123456789037", "1")},
    {"ru_snils", ru_snils_ok, "ПФР, постановление 192п", VALID_LIST("112-233-445 95", "11223344595"),
     VALID_LIST("11223344596", "1")},
    {"ru_ogrn", ru_ogrn_ok, "ФНС, ОГРН", VALID_LIST("1022200525819", "385768585948949"), VALID_LIST("1022500001328", "1")},
    {"ua_rntrc", ua_rntrc_ok, "ДПС, РНОКПП", VALID_LIST("1759013776", "3132220152"), VALID_LIST("1759013770", "1")},
    {"kz_iin", kz_iin_ok, "ИИН, закон 223-III", VALID_LIST("820910300018"), VALID_LIST("820910300017", "821310300019", "1")},
    {"is_kennitala", is_kennitala_ok, "Þjóðskrá", VALID_LIST("450401-3150", "120174-3399"), VALID_LIST("530575-0299", "1")},
    VALID_END,
};
