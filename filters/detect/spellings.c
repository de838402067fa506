/* Words as others write them: "passport number" is passport_number in a table and passportNumber in a program, "número" is
 * numero on a keyboard that has no accents. The rules name each once. */
#include "filters/detect/spellings.h"

#include <string.h>

#define UNMARKED_LEAST 5u /* bytes of a word without its marks: "né" is not "ne" */

/* Letters of U+00C0..U+017F without their marks, those that are none left out as '?'. */
static const char bare[] = "aaaaaa?ceeeeiiii?nooooo?ouuuuy??aaaaaa?ceeeeiiii?nooooo?ouuuuy?y"
                           "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii??jjkkklllllll"
                           "lllnnnnnn???oooooo??rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzz?";

static size_t unmark(const char *word, char out[KEYWORD_MAX + 1])
{
    size_t n = 0;
    for (const unsigned char *p = (const unsigned char *)word; *p; p++) {
        unsigned at = (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
        bool latin = p[0] >= 0xc3 && p[0] <= 0xc5 && (p[1] & 0xc0u) == 0x80 && bare[at - 0xc0] != '?';
        out[n++] = latin ? bare[at - 0xc0] : (char)*p;
        if (latin) p++;
    }
    out[n] = 0;
    return n;
}

/* The word with its blanks written otherwise; '\0' for none at all. */
static void rejoin(const char *word, char joint, char out[KEYWORD_MAX + 1])
{
    size_t n = 0;
    for (; *word; word++)
        if (*word != ' ') out[n++] = *word;
        else if (joint) out[n++] = joint;
    out[n] = 0;
}

size_t spellings(const char *word, char out[SPELLINGS][KEYWORD_MAX + 1])
{
    static const char joints[] = {' ', '_', '-', 0};
    char plain[KEYWORD_MAX + 1];
    size_t n = 0;
    if (strlen(word) > KEYWORD_MAX) return 0;
    bool marked = unmark(word, plain) >= UNMARKED_LEAST && strcmp(word, plain) != 0, blank = strchr(word, ' ');
    for (size_t i = 0; i < (blank ? sizeof joints : 1); i++) {
        rejoin(word, joints[i], out[n++]);
        if (marked) rejoin(plain, joints[i], out[n++]);
    }
    return n;
}
