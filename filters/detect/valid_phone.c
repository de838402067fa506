/* Telephone numbers: ITU-T E.164 country codes with the lengths their numbering plans allow, and national forms. */
#include "filters/detect/valid.h"

/* Country code and the least and most digits after it. Source: ITU-T E.164 annex and national numbering plans. */
struct plan {
    uint16_t code;
    uint8_t min, max;
};
static const struct plan plans[] = {
    {1, 10, 10},  {7, 10, 10},  {20, 8, 10},  {27, 9, 9},   {30, 10, 10}, {31, 9, 9},   {32, 8, 9},   {33, 9, 9},  {34, 9, 9},
    {36, 8, 9},   {39, 6, 12},  {40, 9, 9},   {41, 9, 9},   {43, 4, 13},  {44, 7, 10},  {45, 8, 8},   {46, 7, 9},  {47, 8, 8},
    {48, 9, 9},   {49, 5, 12},  {51, 8, 9},   {52, 10, 11}, {53, 6, 8},   {54, 10, 11}, {55, 10, 11}, {56, 9, 9},  {57, 8, 10},
    {58, 10, 10}, {60, 7, 10},  {61, 9, 9},   {62, 7, 12},  {63, 8, 10},  {64, 8, 10},  {65, 8, 8},   {66, 8, 9},  {81, 9, 10},
    {82, 8, 11},  {84, 8, 10},  {86, 8, 11},  {90, 10, 10}, {91, 10, 10}, {92, 8, 10},  {93, 9, 9},   {94, 9, 9},  {95, 7, 10},
    {98, 8, 10},  {211, 9, 9},  {212, 9, 9},  {213, 8, 9},  {216, 8, 8},  {218, 8, 10}, {220, 7, 7},  {221, 9, 9}, {222, 8, 8},
    {223, 8, 8},  {224, 8, 9},  {225, 8, 10}, {226, 8, 8},  {227, 8, 8},  {228, 8, 8},  {229, 8, 10}, {230, 7, 8}, {231, 7, 9},
    {232, 8, 8},  {233, 9, 9},  {234, 7, 10}, {235, 8, 8},  {236, 8, 8},  {237, 8, 9},  {238, 7, 7},  {239, 7, 7}, {240, 9, 9},
    {241, 7, 8},  {242, 9, 9},  {243, 7, 9},  {244, 9, 9},  {245, 7, 9},  {246, 7, 7},  {247, 4, 6},  {248, 7, 7}, {249, 9, 9},
    {250, 8, 9},  {251, 9, 9},  {252, 7, 9},  {253, 8, 8},  {254, 9, 10}, {255, 9, 9},  {256, 9, 9},  {257, 8, 8}, {258, 8, 9},
    {260, 9, 9},  {261, 7, 10}, {262, 9, 9},  {263, 5, 10}, {264, 8, 9},  {265, 7, 9},  {266, 8, 8},  {267, 7, 8}, {268, 8, 8},
    {269, 7, 7},  {290, 4, 5},  {291, 7, 7},  {297, 7, 7},  {298, 6, 6},  {299, 6, 6},  {350, 8, 8},  {351, 9, 9}, {352, 4, 11},
    {353, 7, 10}, {354, 7, 9},  {355, 8, 9},  {356, 8, 8},  {357, 8, 8},  {358, 5, 12}, {359, 7, 9},  {370, 8, 8}, {371, 8, 8},
    {372, 7, 8},  {373, 8, 8},  {374, 8, 8},  {375, 9, 9},  {376, 6, 9},  {377, 8, 9},  {378, 6, 10}, {380, 9, 9}, {381, 8, 10},
    {382, 8, 9},  {383, 8, 9},  {385, 8, 9},  {386, 8, 8},  {387, 8, 9},  {389, 8, 8},  {420, 9, 9},  {421, 9, 9}, {423, 7, 9},
    {500, 5, 5},  {501, 7, 7},  {502, 8, 8},  {503, 7, 8},  {504, 8, 8},  {505, 7, 8},  {506, 8, 8},  {507, 7, 8}, {508, 6, 6},
    {509, 8, 8},  {590, 9, 9},  {591, 8, 8},  {592, 7, 7},  {593, 8, 9},  {594, 9, 9},  {595, 7, 9},  {596, 9, 9}, {597, 6, 7},
    {598, 7, 8},  {599, 7, 8},  {670, 7, 8},  {672, 6, 6},  {673, 7, 7},  {674, 7, 7},  {675, 7, 8},  {676, 5, 7}, {677, 5, 7},
    {678, 5, 7},  {679, 7, 7},  {680, 7, 7},  {681, 6, 6},  {682, 5, 5},  {683, 4, 7},  {685, 5, 7},  {686, 5, 8}, {687, 6, 6},
    {688, 5, 7},  {689, 6, 8},  {690, 4, 7},  {691, 7, 7},  {692, 7, 7},  {800, 8, 8},  {850, 6, 17}, {852, 8, 8}, {853, 8, 8},
    {855, 8, 9},  {856, 8, 10}, {870, 9, 9},  {880, 8, 10}, {881, 8, 9},  {882, 7, 12}, {883, 7, 12}, {886, 8, 9}, {960, 7, 7},
    {961, 7, 8},  {962, 8, 9},  {963, 8, 9},  {964, 8, 10}, {965, 8, 8},  {966, 8, 9},  {967, 7, 9},  {968, 8, 8}, {970, 8, 9},
    {971, 8, 9},  {972, 8, 9},  {973, 8, 8},  {974, 8, 8},  {975, 7, 8},  {976, 8, 8},  {977, 8, 10}, {992, 9, 9}, {993, 8, 8},
    {994, 8, 9},  {995, 9, 9},  {996, 9, 9},  {998, 9, 9},
};

static bool nanp(const uint8_t *d)
{
    return d[0] >= 2 && d[1] != 9 && d[3] >= 2 && !(d[1] == 1 && d[2] == 1) && !(d[4] == 1 && d[5] == 1);
}

/* Country codes are prefix-free, so at most one row fits. A trunk "0" after the code, as in +44 (0)20, is allowed. */
static bool international(const uint8_t *d, size_t n)
{
    if (n < 7 || n > 16 || d[0] == 0) return false;
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
        unsigned code = plans[i].code, len = code < 10 ? 1 : code < 100 ? 2 : 3;
        unsigned head = len == 1 ? d[0] : len == 2 ? d[0] * 10u + d[1] : d[0] * 100u + d[1] * 10u + d[2];
        if (head != code) continue;
        size_t rest = n - len;
        if (code == 1) return rest == 10 && d[1] >= 2 && d[4] >= 2;
        if (d[len] == 0 && code != 39 && rest > plans[i].min) rest--;
        return rest >= plans[i].min && rest <= plans[i].max && !valid_same(d + len, n - len);
    }
    return false;
}

/* An extension ("x12", "ext. 5", "转8001") is no part of the number itself. */
static size_t phone_digits(struct slice v, uint8_t d[VALID_MAX])
{
    for (size_t i = 0, digits = 0; i < v.n; i++) {
        unsigned char c = (unsigned char)v.p[i];
        digits += c >= '0' && c <= '9';
        if (digits >= 6 && ((c | 32) == 'x' || (c | 32) == 'e' || (c | 32) == 'd' || (c >= 0x80 && c != 0xC2 && c != 0xA0)))
            v.n = i;
    }
    if (v.n && v.p[0] == '+') v.p++, v.n--;
    return valid_digits(v, d);
}

static bool phone_e164_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    size_t n = phone_digits(v, d);
    if (n > 2 && v.p[0] == '0' && d[0] == 0 && d[1] == 0) return international(d + 2, n - 2);
    return international(d, n);
}

static bool phone_nanp_ok(struct slice v)
{
    uint8_t d[VALID_MAX], *p = d;
    size_t n = phone_digits(v, d);
    if (n == 11 && d[0] == 1) p++, n--;
    return n == 10 && nanp(p);
}

static bool phone_cn_landline_ok(struct slice v)
{
    uint8_t d[VALID_MAX], *p = d;
    size_t n = phone_digits(v, d);
    if (n >= 12 && d[0] == 8 && d[1] == 6 && d[2] == 0) p += 2, n -= 2;
    if (n < 10 || n > 12 || p[0] != 0 || p[1] == 0) return false;
    size_t area = p[1] <= 2 ? 3 : 4; /* 010, 02x: three digits */
    return n - area >= 7 && n - area <= 8 && p[area] >= 2 && !valid_same(p + area, n - area);
}

/* Any number somebody called a telephone number: 6 to 15 digits, not all the same. */
static bool phone_any_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    size_t n = phone_digits(v, d);
    return n >= 6 && n <= 15 && !valid_same(d, n);
}

/* National form with the trunk prefix 0: nine to eleven digits. */
static bool phone_trunk_ok(struct slice v)
{
    uint8_t d[VALID_MAX];
    size_t n = phone_digits(v, d);
    return n >= 9 && n <= 12 && d[0] == 0 && d[1] != 0 && !valid_same(d + 1, n - 1);
}

const struct validator valid_phone[] = {
    {"phone_e164", phone_e164_ok, "ITU-T E.164, national numbering plans",
     VALID_LIST("+49 30 91136334", "+1 415 555 0132", "+44 (0)20 7946 0958", "0033 6 82 43 76 38", "+37477123456",
                "+41 44 668 18 00"),
     VALID_LIST("+49", "+999 123 456 789", "+1 115 555 0132", "+33 6 82 43 76", "+123", "")},
    {"phone_nanp", phone_nanp_ok, "NANPA", VALID_LIST("415-732-8510", "(415) 555-0132", "1 617 204 9052"),
     VALID_LIST("115-555-0132", "415-055-0132", "211-555-0132", "415-732-851", "")},
    {"phone_cn_landline", phone_cn_landline_ok, "MIIT numbering plan",
     VALID_LIST("0571-89646189", "021-23656986", "(010) 50036790"), VALID_LIST("0571-0964618", "1571-89646189", "010-1234", "")},
    {"phone_trunk", phone_trunk_ok, "national numbering plans", VALID_LIST("0612457898", "030 91136334", "07888814488"),
     VALID_LIST("00612457898", "612457898", "0111111111", "")},
    {"phone_any", phone_any_ok, "ITU-T E.164, length", VALID_LIST("312345", "+49 30 1234567", "(800) 123-4567 x532"),
     VALID_LIST("12345", "11111111", "1234567890123456", "x")},
    VALID_END,
};
