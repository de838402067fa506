/* Numbers as the search takes them, found one byte at a time: what the vector passes are compared with. */
#ifndef NAIVE_NUMBERS_H
#define NAIVE_NUMBERS_H

#include "filters/detect/structure.h"

static inline bool naive_digit(struct slice t, size_t i) { return i < t.n && t.p[i] >= '0' && t.p[i] <= '9'; }
static inline bool naive_letter(struct slice t, size_t i) { return i < t.n && (t.p[i] | 0x20) >= 'a' && (t.p[i] | 0x20) <= 'z'; }

/* Whether text[at...] looks like `like`, where 0 stands for any digit. */
static inline bool naive_like(struct slice t, size_t at, const char *like)
{
    for (size_t i = 0; like[i]; i++)
        if (like[i] == '0' ? !naive_digit(t, at + i) : (like[i] != '.' && (at + i >= t.n || t.p[at + i] != like[i])))
            return false;
    return true;
}

/* Inside a clock time, or behind the first group of a date or UUID. */
static inline bool naive_dead(struct slice t, size_t at)
{
    static const size_t clock[] = {0, 3, 6}, date[] = {5, 8}, uuid[] = {1, 6, 11, 16};
    for (size_t k = 0; k < 3; k++)
        if (at >= clock[k] && naive_like(t, at - clock[k], "00:00:00")) return true;
    for (size_t k = 0; k < 2; k++)
        if (at >= date[k] && naive_like(t, at - date[k], "0000-00-00") && !naive_digit(t, at - date[k] + 10)) return true;
    for (size_t k = 0; k < 4; k++)
        if (at >= uuid[k] && naive_like(t, at - uuid[k], "-....-....-....-")) return true;
    return false;
}

/* Letters that end before text[at]. */
static inline size_t naive_letters(struct slice t, size_t at)
{
    size_t n = 0;
    while (n < at && naive_letter(t, at - n - 1)) n++;
    return n;
}

/* Whether a number begins here. *glued: behind the letters that a token begins with. */
static inline bool naive_number(struct slice t, size_t at, bool *glued)
{
    size_t n = naive_letters(t, at);
    *glued = n > 0;
    if (!naive_digit(t, at) || (at && naive_digit(t, at - 1)) || naive_dead(t, at)) return false;
    return n == 0 || n >= 64 || n == at || !naive_digit(t, at - n - 1);
}

#endif
