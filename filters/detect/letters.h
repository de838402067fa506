/* The other case of letters beyond ASCII that keywords in European languages use: Latin-1, Latin Extended-A, Greek,
 * Cyrillic. Facts of Unicode's case mapping, simple one-to-one pairs only. */
#ifndef PRIVET_DETECT_LETTERS_H
#define PRIVET_DETECT_LETTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 0 if c is no such letter or has no other case. *upper: c itself is the capital. */
static inline uint32_t letter_other_case(uint32_t c, bool *upper)
{
    *upper = false;
    if (c >= 0xe0 && c <= 0xfe && c != 0xf7) return c - 32;
    if (c >= 0x430 && c <= 0x44f) return c - 32;
    if (c >= 0x450 && c <= 0x45f) return c - 80;
    if (c >= 0x3b1 && c <= 0x3c9 && c != 0x3c2) return c - 32;
    if (c >= 0x100 && c <= 0x17f && c != 0x130 && c != 0x131 && c != 0x138 && c != 0x149 && c != 0x17f) {
        bool odd_upper = (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e);
        if (c == 0x178) { /* the capital of U+00FF */
            *upper = true;
            return 0xff;
        }
        *upper = ((c & 1) != 0) == odd_upper;
        return *upper ? c + 1 : c - 1;
    }
    *upper = true;
    if (c >= 0xc0 && c <= 0xde && c != 0xd7) return c + 32;
    if (c >= 0x410 && c <= 0x42f) return c + 32;
    if (c >= 0x400 && c <= 0x40f) return c + 80;
    if (c >= 0x391 && c <= 0x3a9 && c != 0x3a2) return c + 32;
    return 0;
}

/* The small letter of a capital; more scripts than above: accented Greek, Vietnamese. Final sigma is sigma. */
static inline uint32_t letter_small(uint32_t c)
{
    bool upper;
    uint32_t other = c < 0x460 ? letter_other_case(c, &upper) : 0;
    if (other && upper) return other;
    if (c == 0x386) return 0x3ac;
    if (c >= 0x388 && c <= 0x38a) return c + 37;
    if (c == 0x38c) return 0x3cc;
    if (c == 0x38e || c == 0x38f) return c + 63;
    if (c == 0x3c2) return 0x3c3;
    if (c >= 0x1e00 && c <= 0x1eff && !(c & 1) && !(c >= 0x1e96 && c <= 0x1e9f)) return c + 1;
    return c;
}

static inline bool letter_is_mark(uint32_t c) { return c >= 0x300 && c <= 0x36f; }
/* A small letter and the mark behind it as one character; 0 if there is none. */
uint32_t letter_compose(uint32_t base, uint32_t mark);

/* A two-byte UTF-8 character at p. */
static inline uint32_t letter_read2(const unsigned char *p) { return ((p[0] & 0x1fu) << 6) | (p[1] & 0x3fu); }
static inline void letter_write2(uint32_t c, unsigned char *p)
{
    p[0] = (unsigned char)(0xc0 | (c >> 6));
    p[1] = (unsigned char)(0x80 | (c & 0x3f));
}
/* 0xdf and 0x178's partners cross no length: everything above stays within two bytes. */
static inline bool letter_is_lead2(unsigned char c) { return c >= 0xc3 && c <= 0xd2; }

#endif
