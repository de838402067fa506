/* Where a token may be broken: a line end, Markdown emphasis, or a quote that a string literal may go on behind. One
 * definition for the hint and for the search that follows it. */
#ifndef PRIVET_TEXT_BREAKS_H
#define PRIVET_TEXT_BREAKS_H

#if defined(__x86_64__)
#include <emmintrin.h>

static inline __m128i breaks_is(__m128i v, char c) { return _mm_cmpeq_epi8(v, _mm_set1_epi8(c)); }

static inline __m128i breaks_within(__m128i v, char first, char span)
{
    __m128i x = _mm_sub_epi8(v, _mm_set1_epi8(first));
    return _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(span)), x);
}

/* Quotes with white space or an operator behind them: v the bytes, w those one further on. */
static inline __m128i breaks_quote(__m128i v, __m128i w)
{
    __m128i quote = _mm_or_si128(breaks_is(v, '"'), breaks_is(v, '\''));
    __m128i white = _mm_or_si128(_mm_or_si128(breaks_is(w, ' '), breaks_is(w, '\t')),
                                 _mm_or_si128(breaks_is(w, '\n'), breaks_is(w, '\r')));
    __m128i join = _mm_or_si128(_mm_or_si128(breaks_is(w, '+'), breaks_is(w, '.')),
                                _mm_or_si128(breaks_is(w, '&'), breaks_is(w, '\\')));
    return _mm_and_si128(quote, _mm_or_si128(white, join));
}

static inline __m128i breaks_mark(__m128i v)
{
    return _mm_or_si128(_mm_or_si128(breaks_is(v, '`'), breaks_is(v, '*')), breaks_is(v, '~'));
}

/* Bit by bit, the breaks among the 16 bytes at p; 17 are read. */
static inline unsigned breaks_16(const char *p)
{
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i sure = _mm_or_si128(breaks_mark(v), breaks_is(v, '\n')), quote = _mm_or_si128(breaks_is(v, '"'), breaks_is(v, '\''));
    if (!_mm_movemask_epi8(_mm_or_si128(sure, quote))) return 0;
    return (unsigned)_mm_movemask_epi8(
        _mm_or_si128(sure, breaks_quote(v, _mm_loadu_si128((const __m128i *)(const void *)(p + 1)))));
}
#endif

#endif
