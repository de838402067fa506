/* What the families of validators share: reading a value's digits, weighted sums, the well-known check schemes, dates.
 * Private to filters/detect; rules name the rows of validators.h. */
#ifndef PRIVET_DETECT_VALID_H
#define PRIVET_DETECT_VALID_H

#include "filters/detect/validators.h"

#define VALID_MAX 64 /* no number worth checking is longer */

/* A family is a table ended by a row without a name. */
extern const struct validator valid_bank[], valid_europe[], valid_north[], valid_americas[], valid_asia[], valid_pacific[],
    valid_net[], valid_coin[], valid_phone[], valid_token[], valid_secret[], valid_thing[], valid_name[];

#define VALID_LIST(...) ((const char *const[]){__VA_ARGS__, NULL})
#define VALID_END                                                                                                                \
    {                                                                                                                            \
        NULL, NULL, NULL, NULL, NULL                                                                                             \
    }

/* The value's letters (upper case) and digits, separators (space, NBSP, tab, - . / _ ( ) [ ]) left out. 0 if there is
 * any other byte, or too many. out is NUL-terminated. */
size_t valid_alnum(struct slice v, char out[VALID_MAX + 1]);
/* The same, as numbers 0..9; 0 if a letter is among them. */
size_t valid_digits(struct slice v, uint8_t d[VALID_MAX]);
/* n characters of s are digits / letters. */
bool valid_is_digits(const char *s, size_t n);
bool valid_is_letters(const char *s, size_t n);
/* The number n characters stand for; they must be digits, n <= 18. */
uint64_t valid_number(const char *s, size_t n);
/* All n the same: never a real number. */
bool valid_same(const uint8_t *d, size_t n);
/* s matches a layout: '9' a digit, 'A' a letter, 'X' either, others themselves; whole length. */
bool valid_layout(const char *s, const char *layout);

/* A number with one check digit over a weighted sum. */
enum wsum_rule {
    WSUM_ZERO,       /* the weighted sum of all digits is 0 mod m */
    WSUM_REMAINDER,  /* last digit = sum mod m */
    WSUM_COMPLEMENT, /* last digit = (m - sum mod m) mod m */
    WSUM_LAST,       /* last digit = (m - sum mod m) mod 10 */
};
struct wsum {
    int16_t w[24]; /* one for each digit but the last (each digit for WSUM_ZERO) */
    uint8_t n;     /* how many weights */
    uint8_t mod;
    uint8_t rule;
    int8_t ten; /* what a remainder of 10 stands for; -1: there is no such number */
};
bool valid_wsum(const struct wsum *w, const uint8_t *d, size_t n);
/* Defines a validator that is nothing but such a sum. */
#define VALID_WSUM(name, ...)                                                                                                    \
    static bool name(struct slice v)                                                                                             \
    {                                                                                                                            \
        static const struct wsum w_ = __VA_ARGS__;                                                                               \
        uint8_t d_[VALID_MAX];                                                                                                   \
        return valid_wsum(&w_, d_, valid_digits(v, d_));                                                                         \
    }

bool valid_luhn_digits(const uint8_t *d, size_t n);
/* ISO/IEC 7064: MOD 11,10 and MOD 11-2 (digits, last may be 'X') and MOD 97-10 over letters and digits. */
bool valid_mod11_10(const uint8_t *d, size_t n);
bool valid_mod11_2(const char *s, size_t n);
unsigned valid_mod97(const char *s, size_t n);
bool valid_verhoeff_digits(const uint8_t *d, size_t n);
/* ICAO 9303: weights 7 3 1 over 0-9 A-Z '<'; the check digit, or -1 for another byte. */
int valid_icao(const char *s, size_t n);

/* Gregorian calendar, years 1800..2100. */
bool valid_ymd(unsigned y, unsigned m, unsigned d);
/* A two-digit year: true if it is a date in 19yy or 20yy (29 February counts if either is a leap year). */
bool valid_yymmdd(unsigned yy, unsigned m, unsigned d);
/* ISO 3166-1 alpha-2, and XK. */
bool valid_country(const char s[2]);

/* Bytes of base64 or base64url (padding optional); 0 if it is not, or longer than room. */
size_t valid_base64(struct slice v, uint8_t *out, size_t room);

#endif
