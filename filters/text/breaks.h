/* Breaks in tokens: of all places where a token may be broken, those that are worth to be looked at (gather_join.c). A part of
 * marks.c, which finds the places and writes the rows this goes by. */
#ifndef PRIVET_TEXT_BREAKS_H
#define PRIVET_TEXT_BREAKS_H

#include "filters/text/marks.h"

/* Of the places in row MARK_BREAK those stay where a value may be broken, and are told in MARK_ANY; all other rows are written.
 * A place is a line feed, emphasis or a tag's beginning, behind a token, a backslash, a carriage return or the blank in a
 * number; or a quote. */
void breaks_mark(struct marks *m, struct slice text);

/* For tests: all ways this processor knows. False if there is no such way. */
bool breaks_way(unsigned way);

/* Where a string literal goes on that ends with the quote at i: "a" + "b", 'a' . 'b', "a" \ "b", "a" "b"; i if not. */
size_t breaks_literal(struct slice text, size_t i);

/* Where the one token of the line behind the line end at i begins, if that line and the one before it begin alike, but for
 * numbers: "12: ", "[INFO] ", "2026-11-23 10:15:10 ". 0: not so. `white` is the row MARK_WHITE, and byte 0 of the text number
 * `at` there. */
size_t breaks_margin(const uint64_t *white, size_t at, struct slice text, size_t i);

#endif
