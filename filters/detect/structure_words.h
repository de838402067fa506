/* What begins and ends where, by bits: some words of masks at once, compiled once for each kind of processor. Whoever
 * includes it defines KERNEL(name), KERNEL_TARGET, KERNEL_BYTES, the width of a vector, and KERNEL_BUSY(row): a bit for each
 * of eight words that has any. No guard. */

typedef uint64_t KERNEL(words) __attribute__((vector_size(KERNEL_BYTES), aligned(8), may_alias));

#define KERNEL_STEP        (KERNEL_BYTES / 8)
#define KERNEL_AT(row, i)  (*(const KERNEL(words) *)(const void *)&(row)[i])
#define KERNEL_PUT(row, i) (*(KERNEL(words) *)(void *)&(row)[i])
/* Bit k of the result is bit k + n of a row, bit k - n of it. */
#define KERNEL_AHEAD(here, next, n) ((here) >> (n) | (next) << (64 - (n)))
#define KERNEL_BACK(here, last, n)  ((here) << (n) | (last) >> (64 - (n)))

/* Where clock times, ISO dates and UUIDs' dashes begin; in the word before the part too, which they may begin in. */
KERNEL_TARGET static void KERNEL(find_dead)(const struct masks *m, size_t to, struct places *out)
{
    for (size_t i = BEFORE; i < to; i += KERNEL_STEP) {
        KERNEL(words) d = KERNEL_AT(m->digit, i), next = KERNEL_AT(m->digit, i + 1);
        KERNEL(words) c = KERNEL_AT(m->colon, i), colons = KERNEL_AT(m->colon, i + 1);
        KERNEL(words) h = KERNEL_AT(m->dash, i), dashes = KERNEL_AT(m->dash, i + 1);
        KERNEL(words) two = d & KERNEL_AHEAD(d, next, 1), digit3 = KERNEL_AHEAD(d, next, 3), digit6 = KERNEL_AHEAD(d, next, 6);
        KERNEL_PUT(out->clock, i) = two & KERNEL_AHEAD(c, colons, 2) & digit3 & KERNEL_AHEAD(d, next, 4) &
                                    KERNEL_AHEAD(c, colons, 5) & digit6 & KERNEL_AHEAD(d, next, 7);
        KERNEL_PUT(out->date, i) = two & KERNEL_AHEAD(d, next, 2) & digit3 & KERNEL_AHEAD(h, dashes, 4) &
                                   KERNEL_AHEAD(d, next, 5) & digit6 & KERNEL_AHEAD(h, dashes, 7) & KERNEL_AHEAD(d, next, 8) &
                                   KERNEL_AHEAD(d, next, 9) & ~KERNEL_AHEAD(d, next, 10);
        KERNEL_PUT(out->uuid, i) = h & KERNEL_AHEAD(h, dashes, 5) & KERNEL_AHEAD(h, dashes, 10) & KERNEL_AHEAD(h, dashes, 15);
    }
}

/* Where numbers begin: behind no letter or digit, or behind the letters that a token begins with, and not inside of what
 * find_dead() found. Adding the first of the letters to all of them carries through each run to the byte behind it. */
KERNEL_TARGET static void KERNEL(find_numbers)(const struct masks *m, size_t to, struct places *out)
{
    for (size_t i = FIRST; i < to; i += KERNEL_STEP) {
        KERNEL(words) d = KERNEL_AT(m->digit, i), d0 = KERNEL_AT(m->digit, i - 1);
        KERNEL(words) a = KERNEL_AT(m->letter, i), a0 = KERNEL_AT(m->letter, i - 1);
        KERNEL(words) dead = KERNEL_AT(out->clock, i), last = KERNEL_AT(out->clock, i - 1);
        dead |= KERNEL_BACK(dead, last, 3) | KERNEL_BACK(dead, last, 6);
        KERNEL(words) date = KERNEL_AT(out->date, i), date0 = KERNEL_AT(out->date, i - 1);
        dead |= KERNEL_BACK(date, date0, 5) | KERNEL_BACK(date, date0, 8);
        KERNEL(words) uuid = KERNEL_AT(out->uuid, i), uuid0 = KERNEL_AT(out->uuid, i - 1);
        dead |= KERNEL_BACK(uuid, uuid0, 1) | KERNEL_BACK(uuid, uuid0, 6);
        dead |= KERNEL_BACK(uuid, uuid0, 11) | KERNEL_BACK(uuid, uuid0, 16);
        KERNEL(words) sum0 = a0 + (a0 & ~((d0 | a0) << 1)), carry = (a0 & ~sum0) >> 63; /* letters go on from the word before */
        KERNEL(words) glued = (a + (a & ~KERNEL_BACK(d | a, d0 | a0, 1)) + carry) & ~a & d;
        KERNEL_PUT(out->glued, i) = glued;
        KERNEL_PUT(out->number, i) = d & ~KERNEL_BACK(d, d0, 1) & ~dead & (glued | ~KERNEL_BACK(a, a0, 1));
    }
}

/* The last bytes of runs of at least STRUCTURE_TOKEN token bytes, and colons before a hex digit or another colon, dashes
 * between groups of two. */
KERNEL_TARGET static void KERNEL(find_tokens)(const struct masks *m, size_t to, struct places *out)
{
    for (size_t i = BEFORE; i <= to; i += KERNEL_STEP) {
        KERNEL(words) h = KERNEL_AT(m->dash, i), dashes = KERNEL_AT(m->dash, i + 1), c = KERNEL_AT(m->colon, i);
        KERNEL(words) d = KERNEL_AT(m->digit, i), hex = d | KERNEL_AT(m->hex, i);
        KERNEL(words) next = KERNEL_AT(m->digit, i + 1) | KERNEL_AT(m->hex, i + 1);
        KERNEL(words) joined = h & KERNEL_AHEAD(h, dashes, 3) & KERNEL_AHEAD(h, dashes, 6) & KERNEL_AHEAD(hex, next, 1);
        KERNEL_PUT(out->token, i) = d | KERNEL_AT(m->letter, i) | KERNEL_AT(m->extra, i) | h;
        KERNEL_PUT(out->colon, i) = joined | (c & KERNEL_AHEAD(hex | c, next | KERNEL_AT(m->colon, i + 1), 1));
    }
    for (size_t i = FIRST; i < to; i += KERNEL_STEP) {
        KERNEL(words) t = KERNEL_AT(out->token, i), t0 = KERNEL_AT(out->token, i - 1);
        KERNEL(words) ends = t & ~KERNEL_AHEAD(t, KERNEL_AT(out->token, i + 1), 1);
        for (int n = 1; n < 16; n *= 2) {
            t &= KERNEL_BACK(t, t0, n);
            t0 &= t0 << n;
        }
        t &= KERNEL_BACK(t, t0, STRUCTURE_TOKEN - 16); /* 20 in a row up to here */
        KERNEL_PUT(out->end, i) = t & ends;
    }
}

/* The places of a row's bits, ascending, from the part's beginning; four are written where there is one. */
KERNEL_TARGET static size_t KERNEL(list)(const uint64_t *row, size_t words, uint16_t *out)
{
    uint64_t busy = 0;
    size_t n = 0;
    for (size_t i = 0; i < words; i += 8) busy |= KERNEL_BUSY(&row[FIRST + i]) << i;
    if (words < 64) busy &= (1ull << words) - 1;
    for (; busy; busy &= busy - 1) {
        size_t base = (size_t)__builtin_ctzll(busy) * 64;
        uint64_t bits = row[FIRST + base / 64];
        size_t end = n + (size_t)__builtin_popcountll(bits);
        for (size_t k = 0; k < 4; k++, bits &= bits - 1)
            out[n + k] = (uint16_t)(base + (size_t)__builtin_ctzll(bits | 1ull << 63));
        for (n += 4; n < end; n++, bits &= bits - 1) out[n] = (uint16_t)(base + (size_t)__builtin_ctzll(bits));
        n = end;
    }
    return n;
}

/* All there is to say of the number at p, without a branch: of most runs nobody could foretell which way it goes.
 * `digits`: the digits from there on, `alnum`: the letters too; `letters`: what stands before, the byte before it on top. */
KERNEL_TARGET static inline void KERNEL(describe)(const unsigned char *p, uint64_t digits, uint64_t alnum, uint64_t letters,
                                                  unsigned run, struct structure_number *out)
{
    unsigned run1 = (unsigned)__builtin_ctzll(~digits | 1ull << NUMBER_RUN), run2 = number_second(digits, run1);
    unsigned before = before_number[p[-1]], apart = before / APART, glued = out->how;
    unsigned most = apart * NUMBER_PREFIX + glued / NUMBER_GLUED * NUMBER_LETTERS; /* it can't be both */
    unsigned word = (unsigned)__builtin_clzll(~(letters << apart) | 1);
    out->letters = (uint8_t)(word & (0u - (word <= most))); /* nobody could foretell a branch */
    out->how = (uint8_t)(glued | (before & NUMBER_SIGNED));
    out->before = number_kind[p[-1]];
    out->run = (uint8_t)run;
    out->alnum = (uint8_t)__builtin_ctzll(~alnum | 1ull << NUMBER_ALNUM);
    out->key = (uint16_t)number_key(run1, number_kind[p[run1]], run2, number_kind[p[run1 + 1 + run2]]);
}

KERNEL_TARGET static void KERNEL(put_numbers)(const struct part *v, size_t n, struct structure *out)
{
    struct structure_number *to = out->number + out->numbers;
    for (size_t k = 0; k < n; k++, to++) {
        size_t at = v->from + v->list[k], w = FIRST + v->list[k] / 64u;
        unsigned i = v->list[k] % 64u;
        uint64_t letters = v->m.letter[w - 1] >> i | (v->m.letter[w] << 1) << (63 - i);
        uint64_t digits = v->m.digit[w] >> i | (v->m.digit[w + 1] << 1) << (63 - i);
        uint64_t alnum = digits | v->m.letter[w] >> i | (v->m.letter[w + 1] << 1) << (63 - i);
        unsigned run = (unsigned)__builtin_ctzll(~digits | 1ull << 63), how = (v->p.glued[w] >> i & 1) * NUMBER_GLUED;
        *to = (struct structure_number){.at = (uint32_t)at, .how = (uint8_t)how};
        if (at_edge(v->text, at, digits, run)) to->how |= NUMBER_EDGE;
        else KERNEL(describe)((const unsigned char *)v->text.p + at, digits, alnum, letters, run, to);
    }
    out->numbers += n;
}

#undef KERNEL_STEP
#undef KERNEL_AT
#undef KERNEL_PUT
#undef KERNEL_AHEAD
#undef KERNEL_BACK

#undef KERNEL
#undef KERNEL_TARGET
#undef KERNEL_BYTES
#undef KERNEL_BUSY
