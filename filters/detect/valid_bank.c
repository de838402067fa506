/* Money: payment cards, bank accounts, banks. Issuer ranges follow ISO/IEC 7812 assignments as the schemes publish them. */
#include "filters/detect/valid.h"

static bool luhn_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    size_t n = valid_digits(v, d);
    return n >= 2 && !valid_same(d, n) && valid_luhn_digits(d, n);
}

/* First six digits from lo to hi, lengths as a bit set. */
struct issuer {
    uint32_t lo, hi, lengths;
};
#define LEN(a)    (1u << (a))
#define LEN_16_19 (LEN(16) | LEN(17) | LEN(18) | LEN(19))

static bool issuer_known(const struct issuer *t, size_t rows, const uint8_t *d, size_t n)
{
    uint32_t head = 0;
    if (n < 12 || n > 19) return false;
    for (size_t i = 0; i < 6; i++) head = head * 10 + d[i];
    for (size_t i = 0; i < rows; i++)
        if (head >= t[i].lo && head <= t[i].hi && (t[i].lengths >> n & 1)) return true;
    return false;
}

static const struct issuer issuers[] = {
    {400000, 499999, LEN(13) | LEN(16) | LEN(19)}, /* Visa */
    {510000, 559999, LEN(16)},                     /* Mastercard */
    {222100, 272099, LEN(16)},
    {340000, 349999, LEN(15)}, /* American Express */
    {370000, 379999, LEN(15)},
    {601100, 601199, LEN_16_19},         /* Discover */
    {644000, 659999, LEN_16_19},         /* Discover, RuPay, Elo, Troy */
    {300000, 305999, LEN(14) | LEN(16)}, /* Diners Club */
    {309500, 309599, LEN(14) | LEN(16)},
    {360000, 369999, LEN(14) | LEN(16)},
    {380000, 399999, LEN(14) | LEN(16)},
    {352800, 358999, LEN_16_19}, /* JCB */
    {620000, 629999, LEN_16_19}, /* UnionPay */
    {810000, 829999, LEN_16_19}, /* UnionPay, RuPay */
    {220000, 220499, LEN_16_19}, /* Mir */
    {500000, 509999, LEN_16_19}, /* Maestro, RuPay, Verve, Elo, Dankort */
    {560000, 589999, LEN_16_19}, /* Maestro */
    {600000, 609999, LEN(16)},   /* RuPay, Hipercard, Ukrcard */
    {630000, 639999, LEN_16_19}, /* Maestro, InstaPayment, InterPayment */
    {670000, 679999, LEN_16_19}, /* Maestro */
    {860000, 860099, LEN(16)},   /* Uzcard */
    {979200, 979299, LEN(16)},   /* Troy */
    {986000, 986099, LEN(16)},   /* Humo */
};
/* Rarer shapes: too many other numbers look so, a rule asks for them beside a word only. */
static const struct issuer issuers_rare[] = {
    {100000, 199999, LEN(15)}, /* UATP, old JCB */
    {213100, 213199, LEN(15)}, /* old JCB */
    {350000, 359999, LEN(16)},
    {360000, 369999, LEN(15) | LEN(17) | LEN(18) | LEN(19)},
    {500000, 509999, LEN(12) | LEN(13) | LEN(14) | LEN(15)},
    {560000, 589999, LEN(12) | LEN(13) | LEN(14) | LEN(15)},
    {600000, 699999, LEN(12) | LEN(13) | LEN(14) | LEN(15) | LEN_16_19},
};

static bool card_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    size_t n = valid_digits(v, d);
    return issuer_known(issuers, sizeof issuers / sizeof *issuers, d, n) && valid_luhn_digits(d, n);
}

static bool card_any_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    size_t n = valid_digits(v, d);
    return card_ok(v) ||
           (issuer_known(issuers_rare, sizeof issuers_rare / sizeof *issuers_rare, d, n) && valid_luhn_digits(d, n));
}

/* Debit and credit cards issued in China: 16 to 19 digits under 62, 60, 68, 69 and 9; older ones under 4 and 5. */
static bool cn_bank_card_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    size_t n = valid_digits(v, d);
    return n >= 16 && n <= 19 && (d[0] == 6 || d[0] == 9 || d[0] == 4 || d[0] == 5) && valid_luhn_digits(d, n);
}

/* Country and length, as the SWIFT IBAN registry and the countries that use the scheme without being in it give them. */
static const char iban_lengths[] =
    "AD24AE23AL28AO25AT20AZ28BA20BE16BF28BG22BH22BI27BJ28BR29BY28CF27CG27CH21CI28CM27CR22CV25CY28CZ24DE22DJ27DK18DO28DZ26"
    "EE20EG29ES24FI18FK18FO18FR27GA27GB22GE22GI23GL18GQ27GR27GT28GW25HN28HR21HU28IE22IL23IQ23IR26IS26IT27JO30KM27KW30KZ20"
    "LB28LC32LI21LT20LU20LV21LY25MA28MC27MD24ME22MG27MK19ML28MN20MR27MT31MU30MZ25NE28NI28NL18NO15OM23PK24PL28PS29PT25QA29"
    "RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SN28SO23ST25SV28TD27TG28TL23TN24TR26UA29VA22VG24XK20YE30";

static bool iban_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    size_t n = valid_alnum(v, s);
    if (n < 15 || n > 34 || !valid_is_letters(s, 2) || !valid_is_digits(s + 2, 2)) return false;
    for (size_t i = 0; i + 3 < sizeof iban_lengths - 1; i += 4) {
        if (memcmp(iban_lengths + i, s, 2) != 0) continue;
        char turned[VALID_MAX + 1];
        if (valid_number(iban_lengths + i + 2, 2) != n) return false;
        memcpy(turned, s + 4, n - 4);
        memcpy(turned + n - 4, s, 4);
        return valid_mod97(turned, n) == 1;
    }
    return false;
}

static bool swift_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    size_t n = valid_alnum(v, s);
    return (n == 8 || n == 11) && n == v.n && valid_is_letters(s, 6) && valid_country(s + 4);
}

static bool aba_ok(struct slice v)
{
    static const struct wsum w = {{3, 7, 1, 3, 7, 1, 3, 7, 1}, 9, 10, WSUM_ZERO, -1};
    uint8_t d[VALID_MAX];
    size_t n = valid_digits(v, d);
    unsigned head = n ? d[0] * 10u + d[1] : 99;
    return n == 9 && (head <= 12 || (head >= 21 && head <= 32) || (head >= 61 && head <= 72) || head == 80) &&
           valid_wsum(&w, d, n);
}

static bool lei_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    size_t n = valid_alnum(v, s);
    return n == 20 && valid_is_digits(s, 4) && valid_is_digits(s + 18, 2) && valid_mod97(s, n) == 1;
}

/* Mexico's CLABE: 18 digits, weights 3 7 1, each product mod 10. */
static bool clabe_ok(struct slice v)
{
    static const uint8_t w[3] = {3, 7, 1};
    uint8_t d[VALID_MAX];
    unsigned sum = 0;
    size_t n = valid_digits(v, d);
    if (n != 18 || valid_same(d, n)) return false;
    for (size_t i = 0; i < 17; i++) sum += d[i] * w[i % 3] % 10u;
    return (10 - sum % 10) % 10 == d[17];
}

/* Spain's CCC: bank, office, two control digits, account. */
static bool es_ccc_ok(struct slice v)
{
    static const uint8_t w[10] = {1, 2, 4, 8, 5, 10, 9, 7, 3, 6};
    uint8_t d[VALID_MAX];
    unsigned a = 0, b = 0;
    if (valid_digits(v, d) != 20 || valid_same(d, 20)) return false;
    for (size_t i = 0; i < 8; i++) a += d[i] * w[i + 2];
    for (size_t i = 0; i < 10; i++) b += d[i + 10] * w[i];
    a = 11 - a % 11;
    b = 11 - b % 11;
    return d[8] == (a == 10 ? 1 : a == 11 ? 0 : a) && d[9] == (b == 10 ? 1 : b == 11 ? 0 : b);
}

/* Czech and Slovak accounts: [prefix-]number/bank, each part weighted 6 3 7 9 10 5 8 4 2 1, mod 11. */
static bool cz_account_ok(struct slice v)
{
    static const uint8_t w[10] = {1, 2, 4, 8, 5, 10, 9, 7, 3, 6};
    size_t slash = slice_find(v, '/');
    if (slash + 5 != v.n || slash < 2 || !valid_is_digits(v.p + slash + 1, 4)) return false;
    for (size_t end = slash; end > 0;) {
        unsigned sum = 0, k = 0;
        while (end > 0 && v.p[end - 1] >= '0' && v.p[end - 1] <= '9') {
            if (k == 10) return false;
            sum += (unsigned)(v.p[--end] - '0') * w[k++];
        }
        if (k == 0 || sum % 11 || (end > 0 && v.p[end - 1] != '-')) return false;
        if (end > 0) end--;
    }
    return true;
}

static bool card_expiry_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    size_t n = valid_digits(v, d);
    if (n != 4 && n != 6 && n != 3) return false;
    unsigned m = n == 3 ? d[0] : d[0] * 10u + d[1];
    return m >= 1 && m <= 12;
}

const struct validator valid_bank[] = {
    {"luhn", luhn_ok, "ISO/IEC 7812-1 annex B", VALID_LIST("4111111111111111", "79927398713", "4012-8888-8888-1881"),
     VALID_LIST("4111111111111112", "0000000000", "", "x")},
    {"card", card_ok, "ISO/IEC 7812-1, issuer ranges and lengths",
     VALID_LIST("4111 1111 1111 1111", "378282246310005", "5555555555554444", "2223003122003222", "30569309025904",
                "6200000000000005", "3530111333300000", "6011000990139424", "5019717010103742", "4222222222222"),
     VALID_LIST("4111111111111112", "1234567812345670", "122000000000003", "0000000000000000", "411111111111111x")},
    {"card_any", card_any_ok, "ISO/IEC 7812-1, with rare ranges",
     VALID_LIST("122000000000003", "4111111111111111", "676770011200", "213161594239298"),
     VALID_LIST("122000000000004", "8944501234567890123")},
    {"cn_bank_card", cn_bank_card_ok, "ISO/IEC 7812-1, JR/T 0008-2000",
     VALID_LIST("6228481561644461519", "6245-5280-1588-7805-261"), VALID_LIST("6228481561644461518", "62284815616444", "")},
    {"iban", iban_ok, "ISO 13616, ISO 7064 MOD 97-10, SWIFT IBAN registry",
     VALID_LIST("GB82 WEST 1234 5698 7654 32", "DE89370400440532013000", "MT84MALT011000012345MTLCAST001S", "NO9386011117947",
                "fr1420041010050500013m02606"),
     VALID_LIST("GB82 WEST 1234 5698 7654 33", "DE8937040044053201300", "ZZ89370400440532013000", "DE", "")},
    {"swift", swift_ok, "ISO 9362, ISO 3166-1", VALID_LIST("DEUTDEFF", "DEUTDEFF500", "bbvatwtp"),
     VALID_LIST("DEUTXXFF", "DEUTDEF", "PASSWORD", "DEUT-DEFF")},
    {"aba", aba_ok, "ABA routing number policy", VALID_LIST("121000358", "3222-7162-7", "111000025"),
     VALID_LIST("421042111", "11100002B", "112000025")},
    {"lei", lei_ok, "ISO 17442", VALID_LIST("529900TODVLNUTNSYF94", "213800WWNILTD76WIX72"),
     VALID_LIST("529900TODVLNUTNSYF95", "5299")},
    {"clabe", clabe_ok, "Asociación de Bancos de México, CLABE", VALID_LIST("032180000118359719"),
     VALID_LIST("032180000118359718", "0")},
    {"es_ccc", es_ccc_ok, "Consejo Superior Bancario, CCC", VALID_LIST("1234-1234-16 1234567890"),
     VALID_LIST("1234-1234-17 1234567890", "1")},
    {"cz_account", cz_account_ok, "ČNB decree 169/2011", VALID_LIST("34278-0727558021/0100"),
     VALID_LIST("2701445778/2010", "/2010", "1/2", "")},
    {"card_expiry", card_expiry_ok, "ISO/IEC 7813", VALID_LIST("09/27", "12/2029", "1/28"),
     VALID_LIST("13/27", "00/27", "1", "")},
    VALID_END,
};
