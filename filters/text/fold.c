/* Folding: what a reader (or a model) sees as plain letters and digits becomes plain letters and digits. The table is
 * made from ranges once before main; characters that only deceive inside a Latin word (Cyrillic, Greek,
 * Armenian and Cherokee look-alikes) are folded only there, so that ordinary Russian and Greek stay as they are. Source of the forms:
 * Unicode 15 (general categories, compatibility decompositions, confusables.txt for the look-alikes). */
#include "filters/text/odd.h"
#include "filters/text/utf8.h"
#include "filters/text/view.h"

/* ---- what a character becomes ------------------------------------------------------------------------------ */

enum { FOLD_KEEP = 0, FOLD_DROP = 1, FOLD_JOINER = 2, FOLD_TAG = 3, FOLD_MARK = 4, FOLD_LIKE = 0x80 };
/* One byte a character: FOLD_*, or the ASCII byte it becomes; with FOLD_LIKE, only inside a Latin token. Two-digit
 * forms (circled 10 to 20) are worked out apart. */
#define BMP_TABLE 0x3400u /* from here on ranges decide */
static uint8_t table[BMP_TABLE];

struct range {
    uint16_t first, last;
    uint8_t to;   /* of the first */
    uint8_t step; /* 0: all become `to`; 1: counted up */
};
static const struct range ranges[] = {
    {0x00, 0x08, FOLD_DROP, 0},     {0x0B, 0x0C, FOLD_DROP, 0},     {0x0E, 0x1A, FOLD_DROP, 0},
    {0x1C, 0x1F, FOLD_DROP, 0},     {0x7F, 0x84, FOLD_DROP, 0},     {0x85, 0x85, '\n', 0},
    {0x86, 0x9F, FOLD_DROP, 0},     {0xA0, 0xA0, ' ', 0},           {0xAD, 0xAD, FOLD_DROP, 0},
    {0xB2, 0xB3, '2', 1},           {0xB9, 0xB9, '1', 0},           {0xAA, 0xAA, 'a', 0},
    {0xBA, 0xBA, 'o', 0},           {0x0300, 0x034E, FOLD_MARK, 0}, {0x034F, 0x034F, FOLD_DROP, 0},
    {0x0350, 0x036F, FOLD_MARK, 0}, {0x061C, 0x061C, FOLD_DROP, 0}, {0x115F, 0x1160, FOLD_DROP, 0},
    {0x17B4, 0x17B5, FOLD_DROP, 0}, {0x180B, 0x180F, FOLD_DROP, 0}, {0x1680, 0x1680, ' ', 0},
    {0x2000, 0x200A, ' ', 0},       {0x200B, 0x200B, FOLD_DROP, 0}, {0x200C, 0x200D, FOLD_JOINER, 0},
    {0x200E, 0x200F, FOLD_DROP, 0}, {0x2010, 0x2015, '-', 0},       {0x2018, 0x2019, '\'', 0},
    {0x201B, 0x201B, '\'', 0},      {0x201C, 0x201F, '"', 0},       {0x2024, 0x2024, '.', 0},
    {0x2028, 0x2029, '\n', 0},      {0x202A, 0x202E, FOLD_DROP, 0}, {0x202F, 0x202F, ' ', 0},
    {0x2032, 0x2032, '\'', 0},      {0x2033, 0x2033, '"', 0},       {0x2044, 0x2044, '/', 0},
    {0x205F, 0x205F, ' ', 0},       {0x2060, 0x2064, FOLD_DROP, 0}, {0x2066, 0x206F, FOLD_DROP, 0},
    {0x2070, 0x2070, '0', 0},       {0x2071, 0x2071, 'i', 0},       {0x2074, 0x2079, '4', 1},
    {0x207B, 0x207B, '-', 0},       {0x207F, 0x207F, 'n', 0},       {0x2080, 0x2089, '0', 1},
    {0x20D0, 0x20F0, FOLD_MARK, 0}, {0x2212, 0x2212, '-', 0},       {0x2215, 0x2215, '/', 0},
    {0x2236, 0x2236, ':', 0},       {0x2460, 0x2468, '1', 1},       {0x2474, 0x247C, '1', 1},
    {0x2488, 0x2490, '1', 1},       {0x249C, 0x24B5, 'a', 1},       {0x24B6, 0x24CF, 'A', 1},
    {0x24D0, 0x24E9, 'a', 1},       {0x24EA, 0x24EA, '0', 0},       {0x24F5, 0x24FD, '1', 1},
    {0x24FF, 0x24FF, '0', 0},       {0x2776, 0x277E, '1', 1},       {0x2780, 0x2788, '1', 1},
    {0x278A, 0x2792, '1', 1},       {0x2800, 0x2800, FOLD_DROP, 0}, {0x3000, 0x3000, ' ', 0},
    {0x3164, 0x3164, FOLD_DROP, 0}, {0x2065, 0x2065, FOLD_DROP, 0}, {0x0483, 0x0489, FOLD_MARK, 0},
    {0x0591, 0x05BD, FOLD_MARK, 0}, {0x0610, 0x061A, FOLD_MARK, 0}, {0x064B, 0x065F, FOLD_MARK, 0},
    {0x06D6, 0x06DC, FOLD_MARK, 0}, {0x1AB0, 0x1ACE, FOLD_MARK, 0}, {0x1DC0, 0x1DFF, FOLD_MARK, 0},
    {0x02D7, 0x02D7, '-', 0},       {0x1806, 0x1806, '-', 0},       {0x2043, 0x2043, '-', 0},
    {0x2053, 0x2053, '-', 0},       {0x2796, 0x2796, '-', 0},       {0x2795, 0x2795, '+', 0},
    {0x2571, 0x2571, '/', 0},       {0x29F8, 0x29F8, '/', 0},       {0x2219, 0x2219, '.', 0},
    {0x22C5, 0x22C5, '.', 0},
};

/* Single letters: "U+XXXX becomes the byte". Letter-like symbols, modifier letters, small capitals. */
static const struct {
    uint16_t from;
    char to;
} singles[] = {
    {0x2102, 'C'}, {0x210A, 'g'}, {0x210B, 'H'}, {0x210C, 'H'}, {0x210D, 'H'}, {0x210E, 'h'}, {0x210F, 'h'}, {0x2110, 'I'},
    {0x2111, 'I'}, {0x2112, 'L'}, {0x2113, 'l'}, {0x2115, 'N'}, {0x2119, 'P'}, {0x211A, 'Q'}, {0x211B, 'R'}, {0x211C, 'R'},
    {0x211D, 'R'}, {0x2124, 'Z'}, {0x2128, 'Z'}, {0x212A, 'K'}, {0x212C, 'B'}, {0x212D, 'C'}, {0x212F, 'e'}, {0x2130, 'E'},
    {0x2131, 'F'}, {0x2133, 'M'}, {0x2134, 'o'}, {0x2139, 'i'}, {0x2145, 'D'}, {0x2146, 'd'}, {0x2147, 'e'}, {0x2148, 'i'},
    {0x2149, 'j'}, {0x2160, 'I'}, {0x2164, 'V'}, {0x2169, 'X'}, {0x216C, 'L'}, {0x216D, 'C'}, {0x216E, 'D'}, {0x216F, 'M'},
    {0x2170, 'i'}, {0x2174, 'v'}, {0x2179, 'x'}, {0x217C, 'l'}, {0x217D, 'c'}, {0x217E, 'd'}, {0x217F, 'm'}, {0x02B0, 'h'},
    {0x02B2, 'j'}, {0x02B3, 'r'}, {0x02B7, 'w'}, {0x02B8, 'y'}, {0x02E1, 'l'}, {0x02E2, 's'}, {0x02E3, 'x'}, {0x2090, 'a'},
    {0x2091, 'e'}, {0x2092, 'o'}, {0x2093, 'x'}, {0x2095, 'h'}, {0x2096, 'k'}, {0x2097, 'l'}, {0x2098, 'm'}, {0x2099, 'n'},
    {0x209A, 'p'}, {0x209B, 's'}, {0x209C, 't'}, {0x1D2C, 'A'}, {0x1D2E, 'B'}, {0x1D30, 'D'}, {0x1D31, 'E'}, {0x1D33, 'G'},
    {0x1D34, 'H'}, {0x1D35, 'I'}, {0x1D36, 'J'}, {0x1D37, 'K'}, {0x1D38, 'L'}, {0x1D39, 'M'}, {0x1D3A, 'N'}, {0x1D3C, 'O'},
    {0x1D3E, 'P'}, {0x1D3F, 'R'}, {0x1D40, 'T'}, {0x1D41, 'U'}, {0x1D42, 'W'}, {0x1D43, 'a'}, {0x1D47, 'b'}, {0x1D48, 'd'},
    {0x1D49, 'e'}, {0x1D4D, 'g'}, {0x1D4F, 'k'}, {0x1D50, 'm'}, {0x1D52, 'o'}, {0x1D56, 'p'}, {0x1D57, 't'}, {0x1D58, 'u'},
    {0x1D5B, 'v'}, {0x1D9C, 'c'}, {0x1DA0, 'f'}, {0x1DBB, 'z'}, {0x1D00, 'a'}, {0x0299, 'b'}, {0x1D04, 'c'}, {0x1D05, 'd'},
    {0x1D07, 'e'}, {0x0262, 'g'}, {0x029C, 'h'}, {0x026A, 'i'}, {0x1D0A, 'j'}, {0x1D0B, 'k'}, {0x029F, 'l'}, {0x1D0D, 'm'},
    {0x0274, 'n'}, {0x1D0F, 'o'}, {0x1D18, 'p'}, {0x0280, 'r'}, {0x1D1B, 't'}, {0x1D1C, 'u'}, {0x1D20, 'v'}, {0x1D21, 'w'},
    {0x028F, 'y'}, {0x1D22, 'z'}, {0x0131, 'i'}, {0x0237, 'j'}, {0x0261, 'g'}, {0x0251, 'a'},
};

/* Look-alikes: only inside a token that also holds ASCII letters or digits. */
static const struct {
    uint16_t from;
    char to;
} likes[] = {
    /* Cyrillic */
    {0x0410, 'A'},
    {0x0412, 'B'},
    {0x0415, 'E'},
    {0x0417, '3'},
    {0x041A, 'K'},
    {0x041C, 'M'},
    {0x041D, 'H'},
    {0x041E, 'O'},
    {0x0420, 'P'},
    {0x0421, 'C'},
    {0x0422, 'T'},
    {0x0423, 'Y'},
    {0x0425, 'X'},
    {0x0405, 'S'},
    {0x0406, 'I'},
    {0x0408, 'J'},
    {0x042C, 'b'},
    {0x0430, 'a'},
    {0x0435, 'e'},
    {0x043A, 'k'},
    {0x043E, 'o'},
    {0x0440, 'p'},
    {0x0441, 'c'},
    {0x0443, 'y'},
    {0x0445, 'x'},
    {0x0455, 's'},
    {0x0456, 'i'},
    {0x0457, 'i'},
    {0x0458, 'j'},
    {0x0461, 'w'},
    {0x0474, 'V'},
    {0x0475, 'v'},
    {0x04AE, 'Y'},
    {0x04AF, 'y'},
    {0x04BB, 'h'},
    {0x04C0, 'I'},
    {0x04CF, 'l'},
    {0x0501, 'd'},
    {0x050C, 'G'},
    {0x051B, 'q'},
    {0x051A, 'Q'},
    {0x051C, 'W'},
    {0x051D, 'w'},
    /* Greek */
    {0x0391, 'A'},
    {0x0392, 'B'},
    {0x0395, 'E'},
    {0x0396, 'Z'},
    {0x0397, 'H'},
    {0x0399, 'I'},
    {0x039A, 'K'},
    {0x039C, 'M'},
    {0x039D, 'N'},
    {0x039F, 'O'},
    {0x03A1, 'P'},
    {0x03A4, 'T'},
    {0x03A5, 'Y'},
    {0x03A7, 'X'},
    {0x03B1, 'a'},
    {0x03B9, 'i'},
    {0x03BA, 'k'},
    {0x03BD, 'v'},
    {0x03BF, 'o'},
    {0x03C1, 'p'},
    {0x03C4, 't'},
    {0x03C5, 'u'},
    {0x03C7, 'x'},
    {0x03F2, 'c'},
    {0x03F3, 'j'},
    {0x03F9, 'C'},
    /* Armenian */
    {0x054D, 'U'},
    {0x054F, 'S'},
    {0x0575, 'j'},
    {0x0555, 'O'},
    {0x0578, 'n'},
    {0x057D, 'u'},
    {0x0581, 'g'},
    {0x0585, 'o'},
    {0x0570, 'h'},
    {0x0566, 'q'},
    /* Cherokee */
    {0x13A0, 'D'},
    {0x13A1, 'R'},
    {0x13A2, 'T'},
    {0x13A5, 'i'},
    {0x13A9, 'Y'},
    {0x13AA, 'A'},
    {0x13AB, 'J'},
    {0x13AC, 'E'},
    {0x13B3, 'W'},
    {0x13B7, 'M'},
    {0x13BB, 'H'},
    {0x13BD, 'Y'},
    {0x13C0, 'G'},
    {0x13C2, 'h'},
    {0x13C3, 'Z'},
    {0x13C6, 'I'},
    {0x13CE, '4'},
    {0x13CF, 'b'},
    {0x13D2, 'R'},
    /* Coptic */
    {0x2C80, 'A'},
    {0x2C82, 'B'},
    {0x2C88, 'E'},
    {0x2C8E, 'H'},
    {0x2C92, 'I'},
    {0x2C94, 'K'},
    {0x2C98, 'M'},
    {0x2C9A, 'N'},
    {0x2C9E, 'O'},
    {0x2C9F, 'o'},
    {0x2CA2, 'P'},
    {0x2CA3, 'p'},
    {0x2CA4, 'C'},
    {0x2CA5, 'c'},
    {0x2CA6, 'T'},
    {0x2CA8, 'Y'},
    {0x2CAC, 'X'},
    /* signs */
    {0x00B7, '.'},
    {0x0589, ':'},
    {0x058A, '-'},
    {0x02D0, ':'},
    {0x13D4, 'W'},
    {0x13D5, 'S'},
    {0x13D9, 'V'},
    {0x13DA, 'S'},
    {0x13DE, 'L'},
    {0x13DF, 'C'},
    {0x13E2, 'P'},
    {0x13E6, 'K'},
    {0x13F3, 'G'},
    {0x13F4, 'B'},
};

/* The zeros of scripts with their own decimal digits (general category Nd). */
static const uint16_t zeros[] = {0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66,
                                 0x0CE6, 0x0D66, 0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810,
                                 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50};
static const uint32_t high_zeros[] = {0xA620,  0xA8D0,  0xA900,  0xA9D0,  0xA9F0,  0xAA50,  0xABF0,  0x104A0, 0x10D30,
                                      0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0,
                                      0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x11F50, 0x16A60, 0x16AC0,
                                      0x16B50, 0x1CCF0, 0x1E140, 0x1E2F0, 0x1E4F0, 0x1E950, 0x1F101};
/* Lisu capitals, from U+A4D0 on, which are Latin ones but for those that are turned. */
static const char lisu[] = "BP.DT.GK.JC.ZF.MNLSR..VH..WXY.A.E.IOU";

__attribute__((constructor)) static void make_table(void)
{
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        for (uint32_t c = ranges[i].first; c <= ranges[i].last; c++)
            table[c] = (uint8_t)(ranges[i].to + (ranges[i].step ? c - ranges[i].first : 0));
    for (size_t i = 0; i < sizeof singles / sizeof singles[0]; i++) table[singles[i].from] = (uint8_t)singles[i].to;
    for (size_t i = 0; i < sizeof likes / sizeof likes[0]; i++) table[likes[i].from] = (uint8_t)(likes[i].to | FOLD_LIKE);
    for (size_t i = 0; i < sizeof zeros / sizeof zeros[0]; i++)
        for (uint32_t d = 0; d < 10; d++) table[zeros[i] + d] = (uint8_t)('0' + d);
    uint32_t leads = 0;
    for (uint32_t c = 0x80; c < 0x800; c++) leads |= (uint32_t)(table[c] != FOLD_KEEP) << (c >> 6);
    odd_learn(leads);
}

/* Characters above the table. */
static uint8_t fold_high(uint32_t c)
{
    if (c >= 0xA4D0 && c < 0xA4D0 + sizeof lisu - 1) return lisu[c - 0xA4D0] == '.' ? FOLD_KEEP : (uint8_t)lisu[c - 0xA4D0];
    if (c < 0xA620 || (c >= 0xAC00 && c < 0xE000) || (c >= 0xF900 && c < 0xFE00)) return FOLD_KEEP;
    if (c >= 0x1F300 && c < 0x1FB00) return FOLD_KEEP; /* pictures: most of what is up here */
    if (c >= 0xE000 && c < 0xF900) return FOLD_DROP;   /* nobody's */
    if (c == 0xA789) return ':';
    if (c == 0xA78A) return '=';
    if ((c >= 0xFE33 && c <= 0xFE34) || (c >= 0xFE4D && c <= 0xFE4F)) return '_';
    if (c >= 0xFF01 && c <= 0xFF5E) return c == 0xFF0C || c == 0xFF1B ? FOLD_KEEP : (uint8_t)(c - 0xFEE0);
    if (c >= 0xFE00 && c <= 0xFE0F) return FOLD_JOINER;
    if (c >= 0xFE20 && c <= 0xFE2F) return FOLD_MARK;
    if (c == 0xFEFF || c == 0xFFA0 || (c >= 0xFFF9 && c <= 0xFFFF)) return FOLD_DROP;
    if (c >= 0xFE50 && c <= 0xFE6B) { /* small forms */
        static const char small[] = ",\0.\0;:?!-()\0\0\0\0#&*+-<>=\0\\$%@";
        return (uint8_t)small[c - 0xFE50];
    }
    if (c == 0xFF61) return '.';
    if (c == 0xA730) return 'f';
    if (c == 0xA731) return 's';
    if (c >= 0x1D400 && c <= 0x1D6A3) {
        uint32_t k = (c - 0x1D400) % 52;
        return (uint8_t)(k < 26 ? 'A' + k : 'a' + k - 26);
    }
    if (c == 0x1D6A4) return 'i';
    if (c == 0x1D6A5) return 'j';
    if (c >= 0x1D7CE && c <= 0x1D7FF) return (uint8_t)('0' + (c - 0x1D7CE) % 10);
    if (c >= 0x1FBF0 && c <= 0x1FBF9) return (uint8_t)('0' + c - 0x1FBF0);
    if (c >= 0x1F110 && c <= 0x1F129) return (uint8_t)('A' + c - 0x1F110);
    if (c >= 0x1F130 && c <= 0x1F149) return (uint8_t)('A' + c - 0x1F130);
    if (c >= 0x1F150 && c <= 0x1F169) return (uint8_t)('A' + c - 0x1F150);
    if (c >= 0x1F170 && c <= 0x1F189) return (uint8_t)('A' + c - 0x1F170);
    if (c >= 0x1BCA0 && c <= 0x1BCA3) return FOLD_DROP;
    if (c >= 0x1D173 && c <= 0x1D17A) return FOLD_DROP;
    if (c >= 0x13430 && c <= 0x1345F) return FOLD_DROP;
    if (c >= 0x1CCD6 && c <= 0x1CCEF) return (uint8_t)('A' + c - 0x1CCD6);
    if (c >= 0xE0000 && c <= 0xE007F) return FOLD_TAG;
    if (c >= 0xE0100 && c <= 0xE01EF) return FOLD_JOINER;
    if (c >= 0xE0080 && c <= 0xE0FFF) return FOLD_DROP; /* to be ignored, whatever they will be */
    for (size_t i = 0; i < sizeof high_zeros / sizeof high_zeros[0]; i++)
        if (c >= high_zeros[i] && c < high_zeros[i] + 10) return (uint8_t)('0' + c - high_zeros[i]);
    return FOLD_KEEP;
}

static inline uint8_t fold_of(uint32_t c) { return c < BMP_TABLE ? table[c] : fold_high(c); }

/* Circled, parenthesised and full-stop numbers from 10 to 20, or 0. */
static unsigned number_of(uint32_t c)
{
    if (c >= 0x2469 && c <= 0x2473) return c - 0x2469 + 10;
    if (c >= 0x247D && c <= 0x2487) return c - 0x247D + 10;
    if (c >= 0x2491 && c <= 0x249B) return c - 0x2491 + 10;
    if (c >= 0x24EB && c <= 0x24F4) return c - 0x24EB + 11;
    return 0;
}

/* Length of a flag of a region at p, if one stands there: U+1F3F4, one to six tag letters or digits, U+E007F. These
 * are the one use of tag characters that is meant to be seen. */
static size_t flag_len(const char *p, size_t n)
{
    if (n < 12 || memcmp(p, "\xF0\x9F\x8F\xB4", 4) != 0) return 0;
    for (size_t i = 4; i + 4 <= n && i <= 28; i += 4) {
        size_t k;
        uint32_t c = utf8_next(p + i, p + n, &k);
        if (c == 0xE007F) return i > 4 ? i + 4 : 0;
        if (!((c >= 0xE0061 && c <= 0xE007A) || (c >= 0xE0030 && c <= 0xE0039))) return 0;
    }
    return 0;
}

bool view_next_tags(struct slice text, size_t *at, size_t *end)
{
    for (size_t i = *at; i < text.n;) {
        const char *hit = memchr(text.p + i, 0xF3, text.n - i);
        if (!hit) break;
        i = (size_t)(hit - text.p);
        size_t n, k = i;
        while (k < text.n && fold_of(utf8_next(text.p + k, text.p + text.n, &n)) == FOLD_TAG) k += n;
        bool flag = i >= 4 && k > i && flag_len(text.p + i - 4, text.n - i + 4) == k - i + 4;
        if (k > i && !flag) {
            *at = i;
            *end = k;
            return true;
        }
        i = k > i ? k : i + 1;
    }
    return false;
}

/* ---- scanning ---------------------------------------------------------------------------------------------- */

static inline bool is_letter(unsigned char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }
static inline bool is_alnum(unsigned char c) { return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z'); }

/* A word of look-alikes that is looked at character by character: all of it is. */
static inline size_t next_odd(struct odd *o, size_t i, size_t *word_end)
{
    if (i < *word_end) return i;
    i = odd_next(o, i);
    if (i < o->text.n && odd_foreign((unsigned char)o->text.p[i])) *word_end = odd_foreign_end(o->text, i);
    return i;
}

bool view_needs_fold(struct slice text)
{
    struct odd odd = odd_of(text);
    size_t word_end = 0;
    for (size_t i = 0, n; (i = next_odd(&odd, i, &word_end)) < text.n; i += n) {
        if (!((unsigned char)text.p[i] & 0x80)) return true;
        if ((n = flag_len(text.p + i, text.n - i))) continue;
        uint32_t u = utf8_next(text.p + i, text.p + text.n, &n);
        uint8_t f = fold_of(u);
        unsigned char before = i ? (unsigned char)text.p[i - 1] : 0, after = i + n < text.n ? (unsigned char)text.p[i + n] : 0;
        if (f == FOLD_JOINER || f == FOLD_MARK) {
            if (before < 0x80) return true;
        } else if (f & FOLD_LIKE) {
            const unsigned char beyond = text.n - i > n + 1 ? (unsigned char)text.p[i + n + 1] : 0;
            if (is_alnum(before) || is_alnum(after) || (after == '-' && is_letter(beyond))) return true;
        } else if (f != FOLD_KEEP || number_of(u)) return true;
    }
    return false;
}

/* ---- folding ----------------------------------------------------------------------------------------------- */

#define LIKE_WORDS 3u  /* words of look-alikes only, behind one that looks Latin */
#define LIKE_MOST  64u /* bytes of such a word */

struct folder {
    struct view *v;
    struct slice text;
    uint32_t s;
    struct fold_counts *counts;
    size_t kept;                   /* where the run that stays begins */
    size_t token_begin, token_end; /* of the token that `latin` is about */
    unsigned mixed;                /* ... which looks Latin and is not, or is one of so many words behind such a one */
    bool latin;
    bool ascii; /* the last byte written is ASCII (or nothing is written yet) */
};

/* Writes what stays before i. */
static enum err flush(struct folder *f, size_t i)
{
    enum err e = view_add(f->v, slice_of(f->text.p + f->kept, i - f->kept), f->s + (uint32_t)f->kept);
    if (i > f->kept) f->ascii = !((unsigned char)f->text.p[i - 1] & 0x80);
    return e;
}

static inline bool in_token(uint32_t c)
{
    if (c < 0x80) return is_alnum((unsigned char)c) || c == '_' || c == '-';
    uint8_t f = fold_of(c);
    if (f == FOLD_DROP || f == FOLD_JOINER || f == FOLD_MARK) return true;
    return (f & FOLD_LIKE) || (c >= 0x370 && c < 0x590) || is_alnum(f);
}

static inline bool is_sign(uint32_t c) { return c == '_' || c == '-'; }

/* Where the word of look-alikes begins that stands behind a token which looks Latin and is not; 0: there is none. */
static size_t like_word(const struct folder *f)
{
    const struct slice t = f->text;
    const size_t word = f->token_end + 1;
    if (!f->mixed || f->mixed > LIKE_WORDS || word >= t.n || t.p[word - 1] != ' ') return 0;
    size_t i = word;
    for (size_t n; i < t.n && i - word < LIKE_MOST && (t.p[i] & 0x80); i += n)
        if (!(fold_of(utf8_next(t.p + i, t.p + t.n, &n)) & FOLD_LIKE)) return 0;
    return i > word && i - word < LIKE_MOST ? word : 0;
}

/* Whether the token round i (letters and digits, seen through what is invisible) holds ASCII letters or digits; or the one before
 * it does, which has look-alikes as well: "РRIVАТЕ КЕУ". */
static bool token_is_latin(struct folder *f, size_t i)
{
    if (i < f->token_end) return f->latin;
    size_t from = i;
    f->latin = i && i == like_word(f);
    f->mixed = f->latin ? f->mixed + 1 : 0;
    while (from > 0) { /* back to where the last token ended at most: linear in all */
        size_t b = from - 1;
        while (b > 0 && ((unsigned char)f->text.p[b] & 0xC0) == 0x80) b--;
        size_t n;
        uint32_t c = utf8_next(f->text.p + b, f->text.p + f->text.n, &n);
        if (b < f->token_end || !in_token(c)) break;
        if (c < 0x80 ? !is_sign(c) : is_alnum(fold_of(c))) f->latin = true;
        from = b;
    }
    size_t to = i;
    while (to < f->text.n) {
        size_t n;
        uint32_t c = utf8_next(f->text.p + to, f->text.p + f->text.n, &n);
        if (!in_token(c)) break;
        if (c < 0x80 ? !is_sign(c) : is_alnum(fold_of(c))) f->latin = true;
        to += n;
    }
    f->token_begin = from;
    f->token_end = to;
    if (f->latin && !f->mixed) f->mixed = 1; /* it is asked about because of a look-alike */
    return f->latin;
}

/* Length of the ANSI escape at p[0] == ESC: CSI with its letter, OSC with its end, else ESC alone. */
static size_t ansi_len(const char *p, size_t n)
{
    if (n < 2) return 1;
    size_t i = 2;
    if (p[1] == '[') {
        while (i < n && i < 64 && p[i] >= 0x20 && p[i] < 0x40) i++;
        return i < n && p[i] >= 0x40 && p[i] < 0x7F ? i + 1 : 1;
    }
    return 1;
}

static enum err replace(struct folder *f, size_t i, size_t n, struct slice with)
{
    enum err e = flush(f, i);
    if (!e && with.n) {
        e = view_add_unit(f->v, with, f->s + (uint32_t)i, (uint32_t)n);
        f->ascii = true;
    }
    f->kept = i + n;
    return e;
}

/* The character at i, of n bytes. */
static enum err fold_char(struct folder *f, size_t i, uint32_t c, size_t n)
{
    uint8_t to = fold_of(c);
    unsigned two = number_of(c);
    bool ascii = i > f->kept ? !((unsigned char)f->text.p[i - 1] & 0x80) : f->ascii;
    if (two) {
        const char digits[2] = {(char)('0' + two / 10), (char)('0' + two % 10)};
        f->counts->folded++;
        return replace(f, i, n, slice_of(digits, 2));
    }
    switch (to) {
    case FOLD_KEEP: return ERR_OK;
    case FOLD_DROP: f->counts->invisible++; return replace(f, i, n, SLICE_NONE);
    case FOLD_TAG: f->counts->tags++; return replace(f, i, n, SLICE_NONE);
    case FOLD_JOINER:
        if (!ascii) return ERR_OK;
        f->counts->invisible++;
        return replace(f, i, n, SLICE_NONE);
    case FOLD_MARK: return ascii ? replace(f, i, n, SLICE_NONE) : ERR_OK;
    default: break;
    }
    if (to & FOLD_LIKE) {
        if (!token_is_latin(f, i)) return ERR_OK;
        to &= 0x7F;
    }
    if (is_alnum(to)) f->counts->folded++;
    const char one = (char)to;
    return replace(f, i, n, slice_of(&one, 1));
}

/* All of the token round i, of which only what stands beside ASCII may have been looked for; *n: to its end. */
static enum err fold_token(struct folder *f, size_t i, size_t *n)
{
    enum err e = ERR_OK;
    size_t k = f->token_begin > f->kept ? f->token_begin : f->kept;
    for (size_t len; k < f->token_end && !e; k += len) {
        const uint32_t c = utf8_next(f->text.p + k, f->text.p + f->text.n, &len);
        if (c >= 0x80) e = fold_char(f, k, c, len);
    }
    *n = f->token_end - i;
    return e;
}

/* The next character to look at, from i on: also a word behind one that looks Latin and is not. */
static size_t next_char(const struct folder *f, struct odd *odd, size_t i, size_t *word_end)
{
    const size_t word = i <= f->token_end + 1 ? like_word(f) : 0;
    const size_t next = word && i + 1 >= word ? word : next_odd(odd, i, word_end);
    if (!word || next < word) return next;
    *word_end = odd_foreign_end(f->text, word);
    return word;
}

enum err view_fold(struct view *v, struct slice text, uint32_t s, struct fold_counts *counts)
{
    struct folder f = {.v = v, .text = text, .s = s, .counts = counts, .ascii = true};
    struct odd odd = odd_of(text);
    size_t word_end = 0, n;
    enum err e = ERR_OK;
    for (size_t i = 0; !e && (i = next_char(&f, &odd, i, &word_end)) < text.n; i += n) {
        unsigned char b = (unsigned char)text.p[i];
        n = 1;
        if (b < 0x80) { /* a control character */
            if (b == 0x1B) n = ansi_len(text.p + i, text.n - i);
            counts->invisible++;
            e = replace(&f, i, n, SLICE_NONE);
        } else if ((n = flag_len(text.p + i, text.n - i)) == 0) {
            uint32_t c = utf8_next(text.p + i, text.p + text.n, &n);
            const bool token = (fold_of(c) & FOLD_LIKE) && i >= f.token_end && token_is_latin(&f, i);
            e = token ? fold_token(&f, i, &n) : fold_char(&f, i, c, n);
        }
    }
    return e ? e : flush(&f, text.n);
}
