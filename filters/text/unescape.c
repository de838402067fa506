/* Unescaping into a view: blocks of 64 bytes are written without their backslashes at one stroke where the processor can, else
 * what stands between two escapes is copied whole. Where escapes begin is known before (quotes.h). */
#include "filters/text/json.h"
#include "filters/text/view.h"
#include "proxy/base/hex.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define PIECE_MOST 512u /* source bytes of a piece: a question about it reads them again */

/* What the letter behind a backslash means, of the escapes of one byte; 0: another. */
static const char letters[128] = {
    ['"'] = '"', ['\\'] = '\\', ['/'] = '/', ['b'] = '\b', ['f'] = '\f', ['n'] = '\n', ['r'] = '\r', ['t'] = '\t'};

struct writer {
    struct view *v;
    struct slice raw;
    const uint64_t *escapes; /* bit at + i: an escape begins at raw.p[i] */
    size_t at;
    char *first, *out; /* in v->text: where the writing began, and goes on */
    uint32_t base, s;  /* of `first` in the view, of raw in the source */
    size_t next;       /* from here in raw the next piece may begin */
    bool unicode;
};

/* At the unit that begins at raw.p[i], which is written next. Room was made before. */
static inline void piece_at(struct writer *w, size_t i)
{
    if (i < w->next) return;
    w->v->piece[w->v->count++] = (struct view_piece){w->base + (uint32_t)(w->out - w->first), w->s + (uint32_t)i, VIEW_ESCAPED};
    w->next = i + PIECE_MOST;
}

static inline bool is_unicode(const struct writer *w, size_t i)
{
    return w->raw.n - i >= 2 && w->raw.p[i] == '\\' && w->raw.p[i + 1] == 'u';
}

/* The escape of the kind \u at i; returns where it ends. */
static inline size_t write_one(struct writer *w, size_t i)
{
    size_t used;
    piece_at(w, i);
    w->unicode = true;
    const int c = w->raw.n - i < 6 ? -1 : hex4_read(w->raw.p + i + 2);
    if (c >= 0x800 && (c < 0xD800 || c > 0xDFFF)) { /* most of them: three bytes, and nobody to ask */
        w->out[0] = (char)(0xE0 | c >> 12);
        w->out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        w->out[2] = (char)(0x80 | (c & 0x3F));
        w->out += 3;
        return i + 6;
    }
    if (c >= 0x80 && c < 0x800) {
        w->out[0] = (char)(0xC0 | c >> 6);
        w->out[1] = (char)(0x80 | (c & 0x3F));
        w->out += 2;
        return i + 6;
    }
    w->out += json_escape_read(slice_of(w->raw.p + i, w->raw.n - i), w->out, &used);
    return i + used;
}

/* Such in a row. */
static size_t write_unicode(struct writer *w, size_t i)
{
    do i = write_one(w, i);
    while (is_unicode(w, i));
    return i;
}

static void write_plain(struct writer *w)
{
    const char *p = w->raw.p;
    for (size_t i = 0, n = w->raw.n; i < n;) {
        piece_at(w, i);
        const size_t k = bits_next(w->escapes, w->at + i, w->at + n) - w->at;
        if (n - k >= 32 && k - i <= 32) memcpy(w->out, p + i, 32); /* most are short: a copy of fixed length is quicker */
        else memcpy(w->out, p + i, k - i);
        w->out += k - i;
        i = k;
        if (i == n) break;
        if (p[i + 1] == 'u') {
            i = write_unicode(w, i);
            continue;
        }
        *w->out++ = letters[(unsigned char)p[i + 1] & 127];
        i += 2;
    }
}

#if defined(__x86_64__)
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi,avx512vbmi2,bmi,bmi2,popcnt")))

/* For each byte the number of the one before it. */
static const uint8_t one_before[64] = {0,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
                                       21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42,
                                       43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62};

/* The 64 bits from bit i on. */
static inline uint64_t bits_at(const uint64_t *row, size_t i, size_t end)
{
    const size_t w = i / 64;
    const unsigned k = (unsigned)(i % 64);
    return row[w] >> k | (k && (w + 1) * 64 < end ? row[w + 1] << (64 - k) : 0);
}

/* A block with escapes of the kind \\u in it: `u` has the letters, `keep` what is written of the block. */
struct spelled {
    __m512i bytes;
    uint64_t u, keep;
};

/* Writes their characters where their last digits are, and keeps as many of those as there are bytes. Returns the letters of
 * those that cannot be told so: halves of pairs, what is no number, and what ends behind the block. */
AVX512 static inline uint64_t spell(struct spelled *b)
{
    const __m512i before = _mm512_loadu_si512(one_before), v = b->bytes;
    const __m512i low = _mm512_sub_epi8(_mm512_or_si512(v, _mm512_set1_epi8(32)), _mm512_set1_epi8('a'));
    const __mmask64 letter = _mm512_cmple_epu8_mask(low, _mm512_set1_epi8(5));
    const uint64_t hex = letter | _mm512_cmple_epu8_mask(_mm512_sub_epi8(v, _mm512_set1_epi8('0')), _mm512_set1_epi8(9));
    __m512i digit = _mm512_and_si512(v, _mm512_set1_epi8(15)); /* four bits of the number */
    digit = _mm512_mask_add_epi8(digit, letter, digit, _mm512_set1_epi8(9));
    const uint64_t zero = _mm512_testn_epi8_mask(digit, digit), eight = _mm512_test_epi8_mask(digit, _mm512_set1_epi8(8));
    const uint64_t half = _mm512_cmpeq_epi8_mask(digit, _mm512_set1_epi8(13)) >> 1 & eight >> 2;
    const uint64_t bad = b->u & (half | ~(hex >> 1 & hex >> 2 & hex >> 3 & hex >> 4));
    const uint64_t two = b->u & zero >> 1 & ~(eight >> 2), one = two & zero >> 2 & ~(eight >> 3); /* bytes at most */
    /* x has the digit before each: 1110xxxx 10xxxxdd 10xxdddd */
    const __m512i x = _mm512_permutexvar_epi8(before, digit), high = _mm512_set1_epi8((char)0x80);
    const __m512i first = _mm512_or_si512(x, _mm512_set1_epi8((char)0xE0));
    const __m512i quarter = _mm512_and_si512(_mm512_srli_epi16(digit, 2), _mm512_set1_epi8(3));
    __m512i second = _mm512_or_si512(_mm512_or_si512(_mm512_slli_epi16(x, 2), quarter), high);
    second = _mm512_or_si512(second, _mm512_maskz_mov_epi8(two << 3, _mm512_set1_epi8(0x40)));
    const __m512i third = _mm512_or_si512(_mm512_slli_epi16(_mm512_and_si512(x, _mm512_set1_epi8(3)), 4),
                                          _mm512_or_si512(digit, high));
    const __m512i alone = _mm512_or_si512(_mm512_slli_epi16(x, 4), digit);
    __m512i out = _mm512_mask_blend_epi8(b->u << 2, v, first);
    out = _mm512_mask_blend_epi8(b->u << 3, out, second);
    out = _mm512_mask_blend_epi8(b->u << 4, out, third);
    b->bytes = _mm512_mask_blend_epi8(one << 4, out, alone);
    b->keep &= ~(b->u | b->u << 1 | two << 2 | one << 3);
    return bad;
}

AVX512 static void write_avx512(struct writer *w)
{
    const __m512i low = _mm512_loadu_si512(letters), high = _mm512_loadu_si512(letters + 64);
    const size_t n = w->raw.n;
    uint64_t carry = 0; /* the first byte is escaped */
    for (size_t i = 0; i < n;) {
        const uint64_t here = n - i < 64 ? _bzhi_u64(~0ull, (unsigned)(n - i)) : ~0ull;
        const uint64_t starts = bits_at(w->escapes, w->at + i, w->at + n) & here, escaped = starts << 1 | carry;
        const __m512i v = _mm512_maskz_loadu_epi8(here, w->raw.p + i);
        piece_at(w, i - carry);
        struct spelled b = {_mm512_mask_blend_epi8(escaped, v, _mm512_permutex2var_epi8(low, v, high)),
                            _mm512_mask_cmpeq_epi8_mask(escaped, v, _mm512_set1_epi8('u')), here & ~starts};
        const uint64_t bad = b.u ? spell(&b) : 0;
        w->unicode |= b.u != 0;
        unsigned stop = 64; /* the letter of the first escape that is left */
        if (bad) {
            stop = (unsigned)__builtin_ctzll(bad);
            b.keep &= stop ? _bzhi_u64(~0ull, stop - 1) : 0;
        }
        _mm512_storeu_si512(w->out, _mm512_maskz_compress_epi8(b.keep, b.bytes));
        w->out += __builtin_popcountll(b.keep);
        carry = bad ? 0 : starts >> 63;
        i += bad ? (size_t)stop - 1 : 64; /* wraps where its backslash is in the block before */
        if (stop < 60) i = write_one(w, i);
    }
}
#endif

static void (*chosen)(struct writer *w) = write_plain;

bool view_unescape_way(unsigned way)
{
    bool known = way == 1;
#if defined(__x86_64__)
    if (way == 0)
        known = __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("bmi2");
    if (known) chosen = way == 0 ? write_avx512 : write_plain;
#endif
    return known;
}

__attribute__((constructor)) static void choose(void)
{
    for (unsigned way = 0; !view_unescape_way(way);) way++;
}

enum err view_unescape(struct view *v, struct slice raw, uint32_t s, const uint64_t *escapes, size_t at, bool *unicode)
{
    enum err e = buf_reserve(&v->text, raw.n + VIEW_SLACK);
    if (!e) e = view_room(v, raw.n / PIECE_MOST + 1);
    if (e) return e;
    struct writer w = {.v = v, .raw = raw, .escapes = escapes, .at = at, .first = buf_tail(&v->text), .s = s};
    w.out = w.first;
    w.base = (uint32_t)v->text.end;
    chosen(&w);
    buf_commit(&v->text, (size_t)(w.out - w.first));
    if (v->text.high < v->text.end + VIEW_SLACK) v->text.high = v->text.end + VIEW_SLACK; /* written, and to be wiped */
    if (w.unicode) *unicode = true;
    return ERR_OK;
}
