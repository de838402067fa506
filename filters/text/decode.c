/* Decoders: find what is written in another alphabet, and read it. Finders go from mark to mark (marks.h); readers
 * walk a run once and stop where it ceases to be text, so that everything stays linear whatever comes. */
#include "filters/text/decode.h"

#include "filters/text/alphabet.h"
#include "filters/text/utf8.h"

#include <assert.h>

#if defined(__x86_64__)
#include "filters/text/vector.h"
#endif

#define BASE64_MIN  16u
#define HEX_MIN     18u
#define OPAQUE_MIN  64u
#define LINE_LEAST  16u
#define LINE_SURE   60u /* shorter ones must read as text, too */
#define LINE_MOST   128u
#define INDENT_MOST 32u
#define LINE_LONG   24u
#define LINES_NEAR  64u /* bytes between two escapes in lines that are read together */
#define BASE32_HEAD 10u
#define CODES_HEAD  64u
#define CODES_LEAST 10u
#define FOURS_LEAST 6u
#define PAIRS_FIRST 4u /* groups of hex tried as the first of a list */
#define PLUS_FAR    32u
#define ZEROS_MOST  32u         /* before the number of a character reference */
#define PADDING     "=.@:!#$%&" /* or what else ends a run of base64 in a token */

/* ---- classes of bytes -------------------------------------------------------------------------------------- */

static inline int hex_value(char c) { return alphabet_hex[(unsigned char)c]; }
static inline bool is_base64(char c) { return alphabet_base64[(unsigned char)c] != 255; }
static inline bool is_separator(char c) { return c == '/' || c == '+' || c == '-' || c == '_'; }

#if defined(__x86_64__)
static inline __m128i load16(const char *p) { return _mm_loadu_si128((const __m128i *)(const void *)p); }
static inline __m128i is(__m128i v, char c) { return _mm_cmpeq_epi8(v, _mm_set1_epi8(c)); }
static inline __m128i base64_16(__m128i v)
{
    __m128i letter = vector_within(_mm_or_si128(v, _mm_set1_epi8(32)), 'a', 25), digit = vector_within(v, '/', 10);
    __m128i other = _mm_or_si128(_mm_or_si128(is(v, '+'), is(v, '-')), is(v, '_'));
    return _mm_or_si128(_mm_or_si128(letter, digit), other);
}
static inline uint64_t base64_64(const char *p)
{
    uint64_t m = 0;
    for (unsigned i = 0; i < 4; i++) m |= (uint64_t)(unsigned)_mm_movemask_epi8(base64_16(load16(p + 16 * i))) << (16 * i);
    return m;
}
#else
static uint64_t base64_64(const char *p)
{
    uint64_t m = 0;
    for (unsigned i = 0; i < 64; i++) m |= (uint64_t)is_base64(p[i]) << i;
    return m;
}
#endif

/* The base64 bytes of the block of 64 at `at`; what lies behind the text is none. */
static uint64_t base64_mask(struct slice t, size_t at)
{
    if (t.n - at >= 64) return base64_64(t.p + at);
    char pad[64] = {0};
    memcpy(pad, t.p + at, t.n - at);
    return base64_64(pad);
}

static inline unsigned low_ones(uint64_t m) { return ~m ? (unsigned)__builtin_ctzll(~m) : 64; }

/* A text and what is marked in it: text.p[0] is byte `at` of what was marked. */
struct marked {
    struct slice text;
    const struct marks *m;
    size_t at;
};

static inline size_t next_mark(const struct marked *x, enum mark kind, size_t from)
{
    return marks_next(x->m, kind, x->at + from, x->at + x->text.n) - x->at;
}

_Static_assert(BASE64_MIN == MARK_RUN_LEAST && HEX_MIN == MARK_HEX_LEAST, "what is marked is what is looked for");

/* ---- is it text? ------------------------------------------------------------------------------------------- */

/* Judges decoded bytes as they come: printable ASCII, white space and whole UTF-8 characters are good. */
struct judge {
    size_t good, bad;
    unsigned need;                          /* continuation bytes still due */
    enum { NARROW, WIDE_LE, WIDE_BE } wide; /* UTF-16 of ASCII: every second byte is NUL and is dropped */
    bool second;                            /* the next byte is the second of its pair */
};

static inline void judge_byte(struct judge *j, unsigned char c)
{
    if (j->need) {
        if ((c & 0xC0) == 0x80) {
            j->good++;
            j->need--;
            return;
        }
        j->bad++;
        j->need = 0;
    }
    if (c < 0x80) {
        if (c >= 0x20 ? c != 0x7F : c == '\n' || c == '\r' || c == '\t') j->good++;
        else j->bad++;
        return;
    }
    j->need = c >= 0xC2 && c < 0xE0 ? 1 : c >= 0xE0 && c < 0xF0 ? 2 : c >= 0xF0 && c < 0xF5 ? 3 : 0;
    if (j->need) j->good++;
    else j->bad++;
}

/* True if the byte is dropped: the NUL of a wide character. */
static inline bool judge_drops(struct judge *j, char c)
{
    if (j->wide == NARROW) return false;
    if (j->good + j->bad == 0 && (unsigned char)c >= 0xFE) { /* the mark at its beginning */
        j->second = !j->second;
        return true;
    }
    bool high = j->second == (j->wide == WIDE_LE);
    j->second = !j->second;
    return high && c == 0;
}

static inline bool judge_gives_up(const struct judge *j) { return j->bad * 10 > j->good + 20; }
static inline bool judge_is_text(const struct judge *j) { return j->good > 0 && j->bad * 10 <= j->good + j->bad; }

/* Heads of formats that are not text although they begin printable. */
static bool known_binary(struct slice s)
{
    static const struct slice heads[] = {
        SLICE_INIT("%PDF-"),
        SLICE_INIT("\x89PNG"),
        SLICE_INIT("GIF8"),
        SLICE_INIT("\xFF\xD8\xFF"),
        SLICE_INIT("PK\x03\x04"),
        SLICE_INIT("RIFF"),
        SLICE_INIT("ID3"),
        SLICE_INIT("OggS"),
        SLICE_INIT("fLaC"),
        SLICE_INIT("\x1F\x8B\x08"),
        SLICE_INIT("II*\0"),
        SLICE_INIT("MM\0*"),
        SLICE_INIT("\x1A\x45\xDF\xA3"),
        SLICE_INIT("\x28\xB5\x2F\xFD"),
        SLICE_INIT("\xFD"
                   "7zXZ"),
        SLICE_INIT("wOFF"),
        SLICE_INIT("wOF2"),
        SLICE_INIT("\x7F"
                   "ELF"),
        SLICE_INIT("Rar!"),
        SLICE_INIT("7z\xBC\xAF"),
        SLICE_INIT("BM"),
        SLICE_INIT("SQLite format 3"),
        SLICE_INIT("\xD0\xCF\x11\xE0"),
    };
    if (s.n >= 12 && memcmp(s.p + 4, "ftyp", 4) == 0) return true; /* MP4, HEIC, AVIF */
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        if (!slice_starts(s, heads[i])) continue;
        if (heads[i].n > 2) return true;
        /* two letters alone prove nothing: a bitmap's reserved bytes are zero */
        if (s.n >= 10 && memcmp(s.p + 6, "\0\0\0\0", 4) == 0) return true;
    }
    return false;
}

/* ---- base64 ------------------------------------------------------------------------------------------------ */

/* Reads [start, end) as base64 (white space skipped) into out, at most room bytes, and judges. Stops where it is no
 * text any more; *stop is there. Returns the bytes read. With out NULL nothing is kept, with j NULL nothing judged. */
static size_t read_base64(struct slice t, size_t start, size_t end, struct judge *j, char *out, size_t room, size_t *stop)
{
    uint32_t acc = 0;
    unsigned bits = 0;
    size_t n = 0, i = start;
    for (; i < end && n < room; i++) {
        unsigned v = alphabet_base64[(unsigned char)t.p[i]];
        if (v == 255) continue; /* line ends and padding */
        acc = acc << 6 | v;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        char c = (char)(acc >> bits);
        if (j && judge_drops(j, c)) continue;
        if (j) judge_byte(j, (unsigned char)c);
        if (j && judge_gives_up(j)) break;
        if (out) out[n] = c;
        n++;
    }
    *stop = i;
    return n;
}

static bool all_text(const char *p, size_t n, size_t step)
{
    struct judge j = {0, 0, 0, NARROW, false};
    for (size_t i = 0; i < n && !j.bad; i += step) judge_byte(&j, (unsigned char)p[i]);
    return j.bad == 0;
}

/* The first bytes must all be text, of one byte or two a character: what lets almost every identifier, path and hash
 * go by at once. */
static bool head_is_text(const char *p, size_t n, struct judge *j)
{
    *j = (struct judge){0, 0, 0, NARROW, false};
    if (n >= 10 && (unsigned char)p[0] == 0xFF && (unsigned char)p[1] == 0xFE && !p[3] && !p[5] && !p[7]) j->wide = WIDE_LE;
    if (n >= 10 && (unsigned char)p[0] == 0xFE && (unsigned char)p[1] == 0xFF && !p[2] && !p[4] && !p[6]) j->wide = WIDE_BE;
    if (j->wide != NARROW) return all_text(p + 2 + (j->wide == WIDE_BE), n - 2 - (j->wide == WIDE_BE), 2);
    if (n >= 8 && !p[1] && !p[3] && !p[5] && !p[7]) j->wide = WIDE_LE;
    else if (n >= 8 && !p[0] && !p[2] && !p[4] && !p[6]) j->wide = WIDE_BE;
    if (j->wide == NARROW) return all_text(p, n, 1) && !known_binary(slice_of(p, n));
    return all_text(p + (j->wide == WIDE_BE), n - (j->wide == WIDE_BE), 2);
}

static bool base64_is_text(struct slice t, size_t start, size_t end, struct judge *j)
{
    char head[12];
    size_t stop, n = read_base64(t, start, end, NULL, head, sizeof head, &stop);
    return n >= 11 && head_is_text(head, n, j);
}

/* Where the next line of a wrapped run begins, if the run ends at `at` with its line; else t.n. */
static size_t next_line(struct slice t, size_t at)
{
    size_t i = at, indent = 0;
    if (i < t.n && t.p[i] == '\\') i++; /* of C and shells */
    if (i < t.n && t.p[i] == '\r') i++;
    if (i >= t.n || t.p[i] != '\n') return t.n;
    i++;
    while (i < t.n && (t.p[i] == ' ' || t.p[i] == '\t' || t.p[i] == '>') && indent++ < INDENT_MOST) i++;
    return i;
}

/* Whether base64 that begins a group at `start` is text to its end, of one byte or two a character. */
static bool line_is_text(struct slice t, size_t start, size_t end)
{
    char line[LINE_MOST];
    size_t stop, n = read_base64(t, start, end, NULL, line, sizeof line, &stop);
    struct judge j = {0, 0, 0, NARROW, false};
    for (size_t i = 0; i < n; i++)
        if (line[i]) judge_byte(&j, (unsigned char)line[i]);
    return n > 0 && j.bad == 0 && j.need == 0;
}

static bool is_word(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((s.p[i] < 'a' || s.p[i] > 'z') && (i || s.p[i] < 'A' || s.p[i] > 'Z')) return false;
    return true;
}

/* A run of whole groups of four may go on in lines of the same length; the last may be shorter. Short lines, and a last one
 * whose padding is missing, must read as text, or they are the next words. */
static size_t wrapped_end(struct slice t, size_t start, size_t end)
{
    size_t line = end - start, at = end;
    if (line < LINE_LEAST || line > LINE_MOST || line % 4 || t.p[end - 1] == '=') return end;
    while (1) {
        const size_t i = next_line(t, at);
        size_t k = 0, pad = 0;
        while (i + k < t.n && k <= line && is_base64(t.p[i + k])) k++;
        if (k == 0 || k > line) return at;
        while (k < line && pad < 2 && i + k + pad < t.n && t.p[i + k + pad] == '=') pad++;
        const bool whole = (k + pad) % 4 == 0, sure = whole && line >= LINE_SURE;
        if (!whole && (k % 4 == 1 || is_word(slice_of(t.p + i, k)))) return at;
        if (!sure && !line_is_text(t, i, i + k)) return at;
        at = i + k;
        if (k < line) return at;
    }
}

static bool parts_pairs[256]; /* what stands between two hex pairs */

__attribute__((constructor)) static void make_parts(void)
{
    for (const char *p = " ,:;-\t\r\n"; *p; p++) parts_pairs[(unsigned char)*p] = true;
}

/* Behind the group of so many hex digits at i, before which "0x" may stand; i if there is none. */
static inline size_t hex_group(struct slice t, size_t i, size_t digits)
{
    size_t k = i;
    if (t.n - k >= digits + 2 && t.p[k] == '0' && (t.p[k + 1] | 32) == 'x') k += 2;
    if (t.n - k < digits) return i;
    for (const size_t end = k + digits; k < end; k++)
        if (hex_value(t.p[k]) < 0) return i;
    return k < t.n && hex_value(t.p[k]) >= 0 ? i : k;
}

/* The end of a list of such groups, with up to three signs between two; *enough is false if they are too few. */
static size_t pairs_end(struct slice t, size_t start, size_t digits, bool *enough)
{
    size_t end = start, at = start, count = 0;
    while (at < t.n) {
        const size_t next = hex_group(t, at, digits);
        if (next == at) break;
        count++;
        at = end = next;
        while (at < t.n && at - end < 4 && parts_pairs[(unsigned char)t.p[at]]) at++;
        if (at == end) break;
    }
    if (digits == 4 && at > end) { /* an odd number of bytes */
        const size_t last = hex_group(t, at, 2);
        if (last > at) end = last;
    }
    *enough = count >= (digits == 4 ? FOURS_LEAST : HEX_MIN / 2);
    return end;
}

/* The run of base64 that byte i is in, with a sign behind it that may be padding: where it ends, and where it begins, not
 * before `least` nor further off than matters (wrapped_end). */
static size_t run_end(struct slice t, size_t i)
{
    unsigned k;
    do {
        k = low_ones(base64_mask(t, i));
        i += k;
    } while (k == 64 && i < t.n);
    return i < t.n && strchr(PADDING, t.p[i]) && t.p[i] ? i + 1 : i;
}
static size_t run_begin(struct slice t, size_t i, size_t least)
{
    size_t k = i;
    while (k > least && i - k <= LINE_MOST && is_base64(t.p[k - 1])) k--;
    return k;
}

/* Where base64 of text may begin next, at `at` or behind it: what was read last may have ended within its run. */
static size_t next_begin(const struct marked *x, size_t at)
{
    const struct slice t = x->text, near = slice_of(t.p, t.n - at < BASE64_MIN ? t.n : at + BASE64_MIN);
    const bool within = at && at < t.n && is_base64(t.p[at]) && is_base64(t.p[at - 1]);
    if (within && run_end(near, at) - at == BASE64_MIN && alphabet_begins_base64(t.p + at)) return at;
    return next_mark(x, MARK_BASE64, at);
}

static bool next_base64(const struct marked *x, uint32_t *from, struct decode_run *run)
{
    const struct slice t = x->text;
    if (*from == 0) run->behind = run->wrapped = 0;
    for (size_t cand = next_begin(x, *from); cand < t.n; cand = next_mark(x, MARK_BASE64, cand + 1)) {
        if (cand >= run->behind) run->behind = (uint32_t)run_end(t, cand);
        const size_t end = run->behind;
        struct judge j;
        if (!base64_is_text(t, cand, end, &j)) continue;
        const size_t last = end <= run->wrapped ? run->wrapped : wrapped_end(t, run_begin(t, cand, *from), end);
        size_t stop;
        (void)read_base64(t, cand, last, &j, NULL, SIZE_MAX, &stop);
        while (stop < last && !is_separator(t.p[stop])) stop++;
        while (stop < t.n && stop - last < 2 && stop >= last && t.p[stop] == '=') stop++;
        *run = (struct decode_run){(uint32_t)cand, (uint32_t)stop, DECODE_BASE64, (uint32_t)last, run->behind};
        *from = (uint32_t)stop;
        return true;
    }
    *from = (uint32_t)t.n;
    return false;
}

enum decode_payload decode_payload(struct slice raw)
{
    if (raw.n < OPAQUE_MIN) return PAYLOAD_NONE;
    char head[OPAQUE_MIN];
    size_t n = 0, i = 0;
    for (; i < raw.n && n < sizeof head; i++) {
        char c = raw.p[i];
        if (c == '\\' && i + 1 < raw.n && raw.p[i + 1] == '/') continue;
        if (!is_base64(c)) return PAYLOAD_NONE;
        head[n++] = c;
    }
    if (n < sizeof head) return PAYLOAD_NONE;
    while (i < raw.n) { /* the rest, a block at a step */
        unsigned k = low_ones(base64_mask(raw, i));
        i += k;
        if (k == 64 || i >= raw.n) continue;
        if (raw.p[i] == '\\' && i + 1 < raw.n && raw.p[i + 1] == '/') i += 2;
        else break;
    }
    while (i < raw.n && raw.p[i] == '=') i++;
    if (i < raw.n) return PAYLOAD_NONE;
    struct judge j = {0, 0, 0, NARROW, false};
    char out[48];
    size_t stop, got = read_base64(slice_of(head, n), 0, n, NULL, out, sizeof out, &stop);
    if (known_binary(slice_of(out, got))) return PAYLOAD_FORMAT;
    for (i = 0; i < got; i++) judge_byte(&j, (unsigned char)out[i]);
    return judge_is_text(&j) ? PAYLOAD_NONE : PAYLOAD_BINARY;
}

/* ---- hex --------------------------------------------------------------------------------------------------- */

/* Reads [start, end) as hex, as read_base64 does. */
static size_t read_hex(struct slice t, size_t start, size_t end, struct judge *j, char *out, size_t room, size_t *stop)
{
    size_t n = 0, i = start;
    while (i + 2 <= end && n < room) {
        const int high = hex_value(t.p[i]), low = hex_value(t.p[i + 1]);
        if (low < 0 && high == 0 && (t.p[i + 1] | 32) == 'x') i += 2;
        else if (high < 0 || low < 0) i++; /* between lines or pairs */
        if (high < 0 || low < 0) continue;
        i += 2;
        char c = (char)(high << 4 | low);
        if (j && judge_drops(j, c)) continue;
        if (j) judge_byte(j, (unsigned char)c);
        if (j && judge_gives_up(j)) break;
        if (out) out[n] = c;
        n++;
    }
    *stop = i;
    return n;
}

static bool hex_is_text(struct slice t, size_t start, size_t end, struct judge *j)
{
    char head[HEX_MIN / 2];
    size_t stop, n = read_hex(t, start, end, NULL, head, sizeof head, &stop);
    return head_is_text(head, n, j);
}

static bool is_hex(char c) { return hex_value(c) >= 0; }
static bool is_base32(char c) { return alphabet_base32[(unsigned char)c] != 255; }

/* Where what ends with its line at `end` goes on in lines no longer than the first, of whole groups of digits. */
static size_t next_lines(struct slice t, size_t start, size_t end, size_t group, bool (*is_digit)(char c))
{
    const size_t line = end - start;
    while (line % group == 0) {
        const size_t i = next_line(t, end);
        size_t k = 0;
        while (i + k < t.n && k <= line && is_digit(t.p[i + k])) k++;
        if (k < 2 || k % 2 || k > line || (i + k < t.n && is_base64(t.p[i + k]))) return end;
        end = i + k;
        if (k < line) return end;
    }
    return end;
}

static inline bool is_alnum(char c) { return alphabet_base64[(unsigned char)c] < 62; }

/* Where the list that i lies in begins: marks are somewhere in it. The end of a word is none of its groups. */
static size_t pairs_begin(struct slice t, size_t i, size_t digits, size_t least)
{
    if (hex_group(t, i, digits) == i) return i;
    while (i > least) {
        size_t k = i;
        while (k > least && i - k < 4 && parts_pairs[(unsigned char)t.p[k - 1]]) k--;
        if (k == i || k < least + digits) break;
        k -= digits;
        if (k >= least + 2 && t.p[k - 2] == '0' && (t.p[k - 1] | 32) == 'x') k -= 2;
        if (hex_group(t, k, digits) == k || (k > 0 && is_alnum(t.p[k - 1]))) break;
        i = k;
    }
    return i;
}

/* Tables of numbers and of code points have groups of four, too: text has letters among its digits, and nothing but text. */
static bool fours_are_text(struct slice t, size_t start, size_t end)
{
    struct judge j = {0, 0, 0, NARROW, false};
    size_t stop, letters = 0;
    (void)read_hex(t, start, end, &j, NULL, SIZE_MAX, &stop);
    for (size_t i = start; i < end; i++) letters += hex_value(t.p[i]) > 9;
    return j.bad == 0 && letters > 0;
}

/* Behind the first group of a list. */
static size_t pairs_next(struct slice t, size_t i, size_t digits)
{
    i = hex_group(t, i, digits);
    while (i < t.n && parts_pairs[(unsigned char)t.p[i]]) i++;
    return i;
}

static bool next_pairs(const struct marked *x, uint32_t *from, struct decode_run *run)
{
    const struct slice t = x->text;
    size_t least = *from, mark = least;
    struct judge j;
    while ((mark = next_mark(x, MARK_PAIRS, mark)) < t.n) {
        bool enough;
        const size_t digits = hex_group(t, mark, 4) > mark ? 4 : 2;
        size_t start = pairs_begin(t, mark, digits, least);
        const size_t end = pairs_end(t, start, digits, &enough);
        /* The first may be the last words, or a number, of what stands before the list. */
        for (unsigned i = 0; enough && i < PAIRS_FIRST && end - start >= HEX_MIN; i++, start = pairs_next(t, start, digits)) {
            if (!hex_is_text(t, start, end, &j) || (digits == 4 && !fours_are_text(t, start, end))) continue;
            *run = (struct decode_run){(uint32_t)start, (uint32_t)end, DECODE_PAIRS, 0, 0};
            *from = (uint32_t)end;
            return true;
        }
        mark = least = end > mark ? end : mark + 1;
    }
    *from = (uint32_t)t.n;
    return false;
}

static bool next_hex(const struct marked *x, uint32_t *from, struct decode_run *run)
{
    const struct slice t = x->text;
    size_t at = *from;
    while ((at = next_mark(x, MARK_HEX, at)) < t.n) {
        size_t last = at + HEX_MIN;
        struct judge j;
        while (last < t.n && hex_value(t.p[last]) >= 0) last++;
        if (hex_is_text(t, at, last, &j)) {
            last = next_lines(t, at, last, 2, is_hex);
            *run = (struct decode_run){(uint32_t)at, (uint32_t)last, DECODE_HEX, 0, 0};
            *from = (uint32_t)last;
            return true;
        }
        at = last;
    }
    *from = (uint32_t)t.n;
    return false;
}

/* ---- base32 ------------------------------------------------------------------------------------------------ */

/* Reads [start, end) as base32, as read_base64 does. */
static size_t read_base32(struct slice t, size_t start, size_t end, struct judge *j, char *out, size_t room, size_t *stop)
{
    uint32_t acc = 0;
    unsigned bits = 0;
    size_t n = 0, i = start;
    for (; i < end && n < room; i++) {
        const unsigned v = alphabet_base32[(unsigned char)t.p[i]];
        if (v == 255) continue; /* line ends and padding */
        acc = acc << 5 | v;
        bits += 5;
        if (bits < 8) continue;
        bits -= 8;
        const char c = (char)(acc >> bits);
        if (j) judge_byte(j, (unsigned char)c);
        if (j && judge_gives_up(j)) break;
        if (out) out[n] = c;
        n++;
    }
    *stop = i;
    return n;
}

static bool base32_is_text(struct slice t, size_t start, size_t end, struct judge *j)
{
    char head[BASE32_HEAD];
    size_t stop, n = read_base32(t, start, end, NULL, head, sizeof head, &stop);
    return n == sizeof head && head_is_text(head, n, j) && j->wide == NARROW;
}

static bool next_base32(const struct marked *x, uint32_t *from, struct decode_run *run)
{
    const struct slice t = x->text;
    size_t at = *from;
    while ((at = next_mark(x, MARK_BASE32, at)) < t.n) {
        size_t last = at;
        struct judge j;
        while (last < t.n && is_base32(t.p[last])) last++;
        if (base32_is_text(t, at, last, &j)) {
            last = next_lines(t, at, last, 8, is_base32);
            for (size_t pad = last; last < t.n && last - pad < 6 && t.p[last] == '='; last++) {
            }
            *run = (struct decode_run){(uint32_t)at, (uint32_t)last, DECODE_BASE32, 0, 0};
            *from = (uint32_t)last;
            return true;
        }
        at = last > at ? last : at + 1;
    }
    *from = (uint32_t)t.n;
    return false;
}

/* ---- decimal codes ----------------------------------------------------------------------------------------- */

static bool parts_codes[256], ends_codes[256]; /* what stands between two numbers, what behind the last */

__attribute__((constructor)) static void make_code_parts(void)
{
    for (const char *p = " ,;\t\r\n"; *p; p++) parts_codes[(unsigned char)*p] = ends_codes[(unsigned char)*p] = true;
    for (const char *p = ")]}|\"'`"; *p; p++) ends_codes[(unsigned char)*p] = true;
}

/* Behind the number at i, which is a byte and stands alone; i if there is none. */
static size_t code_at(struct slice t, size_t i, unsigned *value)
{
    size_t k = i;
    *value = 0;
    for (; k < t.n && k - i < 3 && t.p[k] >= '0' && t.p[k] <= '9'; k++) *value = *value * 10 + (unsigned)(t.p[k] - '0');
    const bool ends = k == t.n || ends_codes[(unsigned char)t.p[k]] || (t.p[k] == '.' && (t.n - k == 1 || t.p[k + 1] <= ' '));
    return k > i && ends && *value <= 255 && (k - i == 1 || t.p[i] != '0') ? k : i;
}

/* Reads [start, end) as numbers, as read_base64 does. */
static size_t read_codes(struct slice t, size_t start, size_t end, struct judge *j, char *out, size_t room, size_t *stop)
{
    size_t n = 0, i = start;
    while (i < end && n < room) {
        unsigned c;
        const size_t next = code_at(t, i, &c);
        if (next == i) { /* between numbers */
            i++;
            continue;
        }
        i = next;
        if (j) judge_byte(j, (unsigned char)c);
        if (j && judge_gives_up(j)) break;
        if (out) out[n] = (char)c;
        n++;
    }
    *stop = i;
    return n;
}

/* Text has few signs of the rare kind, and is longer than a column or two. */
bool decode_codes_are_text(struct slice s)
{
    static const char rare[] = "<>[]\\^`|~*?;%$&";
    struct judge j;
    size_t signs = 0;
    if (s.n < CODES_LEAST) return false;
    for (size_t i = 0; i < s.n; i++) signs += memchr(rare, s.p[i], sizeof rare - 1) != NULL;
    return signs * 8 <= s.n && head_is_text(s.p, s.n, &j) && j.wide == NARROW;
}

static bool codes_are_text(struct slice t, size_t start, size_t end, struct judge *j)
{
    char head[CODES_HEAD];
    size_t stop, n = read_codes(t, start, end, NULL, head, sizeof head, &stop);
    *j = (struct judge){0, 0, 0, NARROW, false};
    while (n == sizeof head && n > CODES_LEAST && (head[n - 1] & 0x80)) n--; /* no half a character */
    return decode_codes_are_text(slice_of(head, n));
}

/* Where the list begins that the number at i is of. */
static size_t codes_begin(struct slice t, size_t i, size_t least)
{
    unsigned c;
    while (1) {
        size_t k = i;
        while (k > least && t.p[k - 1] >= '0' && t.p[k - 1] <= '9' && i - k < 3) k--;
        if (k < i && !(k > 0 && (is_base64(t.p[k - 1]) || t.p[k - 1] == '.')) && code_at(t, k, &c) > k) i = k;
        else if (code_at(t, i, &c) == i) return i;
        for (k = i; k > least && i - k < 3 && parts_codes[(unsigned char)t.p[k - 1]]; k--) {
        }
        if (k == i || k == least || t.p[k - 1] < '0' || t.p[k - 1] > '9') return i;
        size_t first = k;
        while (first > least && k - first < 4 && t.p[first - 1] >= '0' && t.p[first - 1] <= '9') first--;
        if (first > 0 && (is_base64(t.p[first - 1]) || t.p[first - 1] == '.')) return i;
        if (code_at(t, first, &c) != k) return i;
        i = first;
    }
}

static size_t codes_end(struct slice t, size_t i)
{
    size_t end = i;
    unsigned c;
    while (i < t.n) {
        const size_t next = code_at(t, i, &c);
        if (next == i) break;
        end = i = next;
        while (i < t.n && i - end < 3 && parts_codes[(unsigned char)t.p[i]]) i++;
        if (i == end) break;
    }
    return end;
}

static bool next_codes(const struct marked *x, uint32_t *from, struct decode_run *run)
{
    const struct slice t = x->text;
    size_t least = *from, mark = least;
    struct judge j;
    while ((mark = next_mark(x, MARK_CODES, mark)) < t.n) {
        const size_t start = codes_begin(t, mark, least), end = codes_end(t, start);
        if (end > start && codes_are_text(t, start, end, &j)) {
            *run = (struct decode_run){(uint32_t)start, (uint32_t)end, DECODE_CODES, 0, 0};
            *from = (uint32_t)end;
            return true;
        }
        mark = least = end > mark ? end : mark + 1;
    }
    *from = (uint32_t)t.n;
    return false;
}

/* ---- escapes, percent, entities: one unit at a time -------------------------------------------------------- */

/* A unit at t.p[i]: its bytes in out (at most 4), *used its length in the text; 0 if there is none. */
typedef size_t (*unit_reader)(struct slice t, size_t i, char out[4], size_t *used);

static int hex_run(struct slice t, size_t i, size_t n)
{
    if (t.n - i < n) return -1;
    int v = 0;
    for (size_t k = 0; k < n; k++) {
        int h = hex_value(t.p[i + k]);
        if (h < 0) return -1;
        v = v << 4 | h;
    }
    return v;
}

static size_t unit_u(struct slice t, size_t i, char out[4], size_t *used)
{
    if (i + 2 < t.n && t.p[i + 2] == '{') {
        size_t k = i + 3;
        uint32_t c = 0;
        for (; k < t.n && k < i + 10 && hex_value(t.p[k]) >= 0; k++) c = c << 4 | (uint32_t)hex_value(t.p[k]);
        if (k == i + 3 || k >= t.n || t.p[k] != '}') return 0;
        *used = k + 1 - i;
        return utf8_put(c, out);
    }
    int c = i + 2 <= t.n ? hex_run(t, i + 2, 4) : -1;
    if (c < 0) return 0;
    *used = 6;
    if (c >= 0xD800 && c < 0xDC00 && t.n - i >= 12 && t.p[i + 6] == '\\' && t.p[i + 7] == 'u') {
        int low = hex_run(t, i + 8, 4);
        if (low >= 0xDC00 && low < 0xE000) {
            *used = 12;
            return utf8_put(0x10000u + ((uint32_t)(c - 0xD800) << 10) + (uint32_t)(low - 0xDC00), out);
        }
    }
    return utf8_put((uint32_t)c, out);
}

/* A sign inside a token that Markdown's writers put a backslash before: "sk\_live\_4e...". Dashes may be many, and a plus sign is
 * what a number begins with. */
static bool escapes_sign(struct slice t, size_t i)
{
    const char c = t.p[i + 1], behind = t.n - i > 2 ? t.p[i + 2] : 0;
    if (!c || !strchr("_-.@*!#$&+=~:", c)) return false;
    if ((c == '-' || c == '=') && i && t.p[i - 1] == c) return true;
    return (c == '-' || c == '+' || (i && is_alnum(t.p[i - 1]))) && (behind == '\\' || is_alnum(behind));
}

static size_t unit_escape(struct slice t, size_t i, char out[4], size_t *used)
{
    static const char from[] = "\"'\\/bfnrtve0", to[] = "\"'\\/\b\f\n\r\t\v\033\0";
    if (t.n - i < 2) return 0;
    char c = t.p[i + 1];
    int v;
    *used = 2;
    switch (c) {
    case 'u': return unit_u(t, i, out, used);
    case 'U':
        v = hex_run(t, i + 2, 8);
        *used = 10;
        return v < 0 ? 0 : utf8_put((uint32_t)v, out);
    case 'x':
        if (t.n - i > 2 && t.p[i + 2] == '{') return unit_u(t, i, out, used);
        v = hex_run(t, i + 2, 2);
        *used = 4;
        out[0] = (char)v;
        return v < 0 ? 0 : 1;
    default: break;
    }
    if (c >= '0' && c <= '3' && t.n - i >= 4 && t.p[i + 2] >= '0' && t.p[i + 2] <= '7' && t.p[i + 3] >= '0' &&
        t.p[i + 3] <= '7') {
        *used = 4;
        out[0] = (char)((c - '0') << 6 | (t.p[i + 2] - '0') << 3 | (t.p[i + 3] - '0'));
        return 1;
    }
    const char *hit = memchr(from, c, sizeof from - 1);
    if (!hit && !escapes_sign(t, i)) return 0;
    out[0] = hit ? to[hit - from] : c;
    return 1;
}

static size_t unit_percent(struct slice t, size_t i, char out[4], size_t *used)
{
    if (t.n - i < 3) return 0;
    if ((t.p[i + 1] | 32) == 'u') { /* escape() of old browsers */
        int c = hex_run(t, i + 2, 4);
        *used = 6;
        return c < 0 ? 0 : utf8_put((uint32_t)c, out);
    }
    int v = hex_run(t, i + 1, 2);
    *used = 3;
    out[0] = (char)v;
    return v < 0 ? 0 : 1;
}

#define SOFT_HYPHEN "\xC2\xAD" /* invisible, as they all are: folding drops it */

static size_t unit_entity(struct slice t, size_t i, char out[4], size_t *used)
{
    static const struct {
        struct slice name;
        const char *text;
    } names[] = {
        {SLICE_INIT("lt;"), "<"},
        {SLICE_INIT("gt;"), ">"},
        {SLICE_INIT("amp;"), "&"},
        {SLICE_INIT("quot;"), "\""},
        {SLICE_INIT("apos;"), "'"},
        {SLICE_INIT("nbsp;"), " "},
        {SLICE_INIT("commat;"), "@"},
        {SLICE_INIT("period;"), "."},
        {SLICE_INIT("colon;"), ":"},
        {SLICE_INIT("sol;"), "/"},
        {SLICE_INIT("bsol;"), "\\"},
        {SLICE_INIT("lowbar;"), "_"},
        {SLICE_INIT("hyphen;"), "-"},
        {SLICE_INIT("dash;"), "-"},
        {SLICE_INIT("equals;"), "="},
        {SLICE_INIT("plus;"), "+"},
        {SLICE_INIT("num;"), "#"},
        {SLICE_INIT("dollar;"), "$"},
        {SLICE_INIT("percnt;"), "%"},
        {SLICE_INIT("excl;"), "!"},
        {SLICE_INIT("ast;"), "*"},
        {SLICE_INIT("semi;"), ";"},
        {SLICE_INIT("UnderBar;"), "_"},
        {SLICE_INIT("shy;"), SOFT_HYPHEN},
        {SLICE_INIT("zwnj;"), SOFT_HYPHEN},
        {SLICE_INIT("zwj;"), SOFT_HYPHEN},
        {SLICE_INIT("lrm;"), SOFT_HYPHEN},
        {SLICE_INIT("rlm;"), SOFT_HYPHEN},
        {SLICE_INIT("ZeroWidthSpace;"), SOFT_HYPHEN},
        {SLICE_INIT("NoBreak;"), SOFT_HYPHEN},
    };
    struct slice rest = slice_of(t.p + i + 1, t.n - i - 1);
    if (rest.n >= 2 && rest.p[0] == '#') {
        bool hex = (rest.p[1] | 32) == 'x';
        size_t k = hex ? 2 : 1, first = k;
        uint32_t c = 0;
        while (rest.n - k > 1 && k - first < ZEROS_MOST && rest.p[k] == '0' && hex_value(rest.p[k + 1]) >= 0) k++;
        first = k;
        for (; k < rest.n && k < first + 8; k++) {
            int d = hex_value(rest.p[k]);
            if (d < 0 || (!hex && d > 9)) break;
            c = c * (hex ? 16u : 10u) + (uint32_t)d;
        }
        if (k == first) return 0;
        *used = k + 1 + (k < rest.n && rest.p[k] == ';');
        if (c > 0x10FFFF) c = UTF8_REPLACEMENT;
        return utf8_put(c, out);
    }
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
        if (rest.n && rest.p[0] == names[k].name.p[0] && slice_starts(rest, names[k].name)) {
            *used = 1 + names[k].name.n;
            const size_t n = strlen(names[k].text);
            memcpy(out, names[k].text, n);
            return n;
        }
    return 0;
}

/* Quoted-printable: "=41", and a line end that is none. */
static size_t unit_quoted(struct slice t, size_t i, char out[4], size_t *used)
{
    if (t.n - i < 3) return 0;
    const int v = t.p[i + 1] >= 'a' || t.p[i + 2] >= 'a' ? -1 : hex_run(t, i + 1, 2); /* its digits are capitals */
    *used = 3;
    out[0] = (char)v;
    return v < 0 ? 0 : 1;
}

struct unit_kind {
    char mark;
    enum mark marked;
    uint32_t context; /* bytes of its line that are read with it, on each side */
    unit_reader read;
};
static const struct unit_kind unit_kinds[] = {
    [DECODE_ESCAPES] = {'\\', MARK_ESCAPE, 256, unit_escape},
    [DECODE_PERCENT] = {'%', MARK_PERCENT, 96, unit_percent},
    [DECODE_ENTITIES] = {'&', MARK_ENTITY, 96, unit_entity},
    [DECODE_QUOTED] = {'=', MARK_QUOTED, 96, unit_quoted},
};

static inline bool ends_run(char c) { return c == '\n' || c == 0x1E; }

/* Escapes are read with what stands round them in their line, but no further than a context can matter: a line may be a
 * whole file. A cut is made at white space where there is some near by. */
static size_t context_start(struct slice t, size_t i, size_t least, size_t most)
{
    size_t k = i;
    while (k > least && !ends_run(t.p[k - 1])) {
        if (i - k >= most && ((unsigned char)t.p[k - 1] <= ' ' || i - k >= 2 * most)) break;
        k--;
    }
    return k;
}

/* Whether long tokens stand on both sides of the line end at i, or one behind it and a unit before: keys and certificates have
 * many such lines, and few escapes. */
static bool is_wrapped(const struct marked *x, size_t i, bool unit)
{
    const uint64_t *token = marks_row(x->m, MARK_TOKEN);
    const size_t end = i && x->text.p[i - 1] == '\r' ? i - 1 : i;
    if (i + 1 + LINE_LONG > x->text.n || ~bits_from(token, x->at + i + 1) << (64 - LINE_LONG)) return false;
    return unit || (end >= LINE_LONG && ~bits_before(token, x->at + end) >> (64 - LINE_LONG) == 0);
}

/* Where the next unit is, if it stands near by and the text between is of the lines of one text; else `at`. */
static size_t unit_near(const struct marked *x, size_t at, const struct unit_kind *u)
{
    const struct slice t = x->text, near = slice_of(t.p, t.n - at < LINES_NEAR ? t.n : at + LINES_NEAR);
    const struct marked part = {near, x->m, x->at};
    const size_t k = next_mark(&part, u->marked, at);
    char out[4];
    size_t used;
    return k < near.n && u->read(t, k, out, &used) && !memchr(t.p + at, 0x1E, k - at) ? k : at;
}

static const struct slice pem_end = SLICE_INIT("\n-----END ");

static size_t context_end(const struct marked *x, size_t i, const struct unit_kind *u)
{
    const struct slice t = x->text;
    size_t k = i;
    char out[4];
    while (k < t.n) {
        size_t used = 0;
        if (ends_run(t.p[k])) { /* what is written so may go on in the next line */
            size_t next = t.p[k] == '\n' ? unit_near(x, k, u) : k;
            if (next == k && t.p[k] == '\n' && (is_wrapped(x, k, k == i) || slice_starts(slice_of(t.p + k, t.n - k), pem_end)))
                i = next = k + 1;
            if (next == k) break;
            k = next;
            if (k == t.n) break;
        }
        if (t.p[k] == u->mark && u->read(t, k, out, &used)) {
            k += used;
            i = k;
            continue;
        }
        if (k - i >= u->context && ((unsigned char)t.p[k] <= ' ' || k - i >= 2 * u->context)) break;
        k++;
    }
    return k;
}

static bool next_units(const struct marked *x, enum decode_kind kind, uint32_t *from, struct decode_run *run)
{
    const struct unit_kind *u = &unit_kinds[kind];
    const struct slice t = x->text;
    size_t i = *from;
    char out[4];
    size_t used;
    while ((i = next_mark(x, u->marked, i)) < t.n) {
        if (!u->read(t, i, out, &used)) {
            i++;
            continue;
        }
        const size_t start = context_start(t, i, *from, u->context), end = context_end(x, i + used, u);
        *run = (struct decode_run){(uint32_t)start, (uint32_t)end, kind, 0, 0};
        *from = (uint32_t)end;
        return true;
    }
    *from = (uint32_t)t.n;
    return false;
}

/* A plus sign in a word with percent escapes may be a blank: forms are sent so. Whether one at i is, in [from, to); not in a
 * mailbox ("jane+news%40..."). */
static bool is_blank_sign(struct slice t, size_t i, size_t from, size_t to)
{
    size_t a = i, b = i;
    char out[4];
    while (a > from && i - a < PLUS_FAR && (unsigned char)t.p[a - 1] > ' ' && t.p[a - 1] != '%') a--;
    while (b < to && b - i < PLUS_FAR && (unsigned char)t.p[b] > ' ' && t.p[b] != '%') b++;
    size_t used;
    if (t.n - b >= 3 && memcmp(t.p + b, "%40", 3) == 0) return false;
    if (a > from && t.p[a - 1] == '%' && unit_percent(t, a - 1, out, &used)) return used == 3; /* escape() leaves it as it is */
    return b < to && t.p[b] == '%' && unit_percent(t, b, out, &used) && used == 3;
}

static const char *next_sign(struct slice in, const struct decode_run *run, size_t i)
{
    const char *hit = memchr(in.p + i, unit_kinds[run->kind].mark, run->end - i);
    if (run->kind != DECODE_PERCENT) return hit;
    const char *plus = memchr(in.p + i, '+', (hit ? (size_t)(hit - in.p) : run->end) - i);
    return plus ? plus : hit;
}

static enum err read_units(struct slice t, const struct decode_run *run, uint32_t s, struct view *v)
{
    const struct unit_kind *u = &unit_kinds[run->kind];
    struct slice in = slice_of(t.p, run->end);
    size_t i = run->start, kept = i;
    enum err e = ERR_OK;
    while (i < run->end && !e) {
        const char *hit = next_sign(in, run, i);
        if (!hit) break;
        i = (size_t)(hit - in.p);
        char out[4] = {' '};
        size_t used = 1, n = *hit == u->mark ? u->read(in, i, out, &used) : is_blank_sign(in, i, run->start, run->end);
        if (!n) {
            i++;
            continue;
        }
        e = view_add(v, slice_of(in.p + kept, i - kept), s + (uint32_t)kept);
        if (!e) e = view_add_unit(v, slice_of(out, n), s + (uint32_t)i, (uint32_t)used);
        i += used;
        kept = i;
    }
    return e ? e : view_add(v, slice_of(in.p + kept, run->end - kept), s + (uint32_t)kept);
}

/* ---- the two entries --------------------------------------------------------------------------------------- */

bool decode_next(struct slice text, const struct marks *m, size_t at, enum decode_kind kind, uint32_t *from,
                 struct decode_run *run)
{
    const struct marked x = {text, m, at};
    switch (kind) {
    case DECODE_BASE64: return next_base64(&x, from, run);
    case DECODE_HEX: return next_hex(&x, from, run);
    case DECODE_PAIRS: return next_pairs(&x, from, run);
    case DECODE_BASE32: return next_base32(&x, from, run);
    case DECODE_CODES: return next_codes(&x, from, run);
    default: return next_units(&x, kind, from, run);
    }
}

static const struct reader {
    bool (*is_text)(struct slice t, size_t start, size_t end, struct judge *j);
    size_t (*read)(struct slice t, size_t start, size_t end, struct judge *j, char *out, size_t room, size_t *stop);
    size_t least;
} readers[DECODE_KINDS] = {
    [DECODE_BASE64] = {base64_is_text, read_base64, 1},
    [DECODE_HEX] = {hex_is_text, read_hex, HEX_MIN},
    [DECODE_PAIRS] = {hex_is_text, read_hex, HEX_MIN},
    [DECODE_BASE32] = {base32_is_text, read_base32, BASE32_HEAD},
    [DECODE_CODES] = {codes_are_text, read_codes, 2 * CODES_LEAST},
};

enum err decode_run(struct slice text, const struct decode_run *run, uint32_t s, struct view *v)
{
    assert(run->start < run->end && run->end <= text.n);
    if (run->kind < DECODE_BASE64) return read_units(text, run, s, v);
    size_t len = run->end - run->start, stop;
    enum err e = buf_reserve(&v->text, len);
    if (e) return e;
    struct judge j;
    const struct reader *r = &readers[run->kind];
    if (len < r->least || !r->is_text(text, run->start, run->end, &j)) return ERR_SHAPE;
    char *out = buf_tail(&v->text);
    size_t n = r->read(text, run->start, run->end, &j, out, len, &stop);
    while (n && j.need) { /* a character cut at the end is no text */
        n--;
        if (((unsigned char)out[n] & 0xC0) == 0xC0) break;
    }
    if (n == 0 || !judge_is_text(&j)) {
        mem_wipe(out, n);
        return ERR_SHAPE;
    }
    uint32_t at = (uint32_t)v->text.end;
    buf_commit(&v->text, n);
    return view_mark(v, at, s + run->start, (uint32_t)len);
}
