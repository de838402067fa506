/* Finds what the vault gave out in an answer and puts the originals back, however the answer is cut.
 *
 * At every byte where something given out may begin, the text from there is matched: no, yes, or "not enough text yet".
 * Only the last is held back. As each answer depends on nothing but the text, the cuts cannot change it. */
#include "filters/mask/restore.h"

#include "filters/mask/placeholder.h"
#include "filters/text/json.h"

#include <assert.h>

/* The longest bent placeholder: each '_' with a backslash, the longest brackets, the byte behind. */
#define BENT_MAX (2 * PH_WORD_MAX + 16)

struct match {
    const struct vault_entry *entry;
    size_t used;
    bool bare; /* a number without what separates its groups */
};

static size_t candidate_max(const struct restore *r)
{
    size_t s = vault_longest_surrogate(r->vault) + 2;
    return s > BENT_MAX ? s : BENT_MAX;
}

enum err restore_init(struct restore *r, struct vault *v, enum restore_mode mode)
{
    assert(v);
    *r = (struct restore){.vault = v, .mode = mode};
    return ERR_OK;
}

void restore_free(struct restore *r)
{
    mem_free(r->tail);
    mem_wipe(r->word, sizeof r->word);
    *r = (struct restore){.vault = r->vault, .mode = r->mode, .restored = r->restored, .foreign = r->foreign};
}

/* ---- matching ---- */

static bool given(const struct restore *r, const struct vault_entry *e) { return e && !(e->secret && r->mode != RESTORE_TEXT); }

/* `<TYPE_N>` with any brackets. */
static enum ph_result match_bracketed(const struct restore *r, struct slice s, bool final, struct match *m)
{
    bool partial;
    size_t open = ph_open(s, &partial);
    if (!open) return partial && !final ? PH_PARTIAL : PH_NO;
    struct ph_word w;
    enum ph_result got = ph_read_word(slice_of(s.p + open, s.n - open), final, &w);
    if (got == PH_PARTIAL) return vault_word_may_grow(r->vault, slice_of(w.text, w.len), false) ? PH_PARTIAL : PH_NO;
    if (got == PH_NO) return PH_NO;
    m->entry = vault_find_word(r->vault, slice_of(w.text, w.len));
    if (!given(r, m->entry)) return PH_NO;
    size_t at = open + w.used, close = ph_close(slice_of(s.p + at, s.n - at), &partial);
    if (!close) return partial && !final ? PH_PARTIAL : PH_NO;
    m->used = at + close;
    return PH_YES;
}

/* TYPE_N as a whole word. */
static enum ph_result match_bare(const struct restore *r, struct slice s, bool final, struct match *m)
{
    struct ph_word w;
    enum ph_result got = ph_read_word(s, final, &w);
    if (got == PH_PARTIAL) return vault_word_may_grow(r->vault, slice_of(w.text, w.len), w.lower) ? PH_PARTIAL : PH_NO;
    if (got == PH_NO) return PH_NO;
    if (w.lower && !memchr(w.text, '_', w.type_len)) return PH_NO;
    m->entry = vault_find_word(r->vault, slice_of(w.text, w.len));
    m->used = w.used;
    return given(r, m->entry) ? PH_YES : PH_NO;
}

/* Letters and digits: a surrogate inside a longer one of these is somebody else's. */
static bool alnum(unsigned char c) { return ph_word_byte(c) && c != '_'; }

/* Whether the number or word ends behind byte i. */
static bool ends(struct slice s, size_t i)
{
    return i + 1 == s.n || !alnum((unsigned char)s.p[i]) || !alnum((unsigned char)s.p[i + 1]);
}

/* The longest surrogate that begins here, as it was given out. */
static enum ph_result match_exact(const struct restore *r, struct slice s, bool final, struct match *m)
{
    uint32_t node = VAULT_EXACT;
    enum ph_result best = PH_NO;
    for (size_t i = 0; i < s.n; i++) {
        node = vault_trie_step(r->vault, node, (unsigned char)s.p[i]);
        if (!node) return best;
        if (i + 1 == s.n && !final) return PH_PARTIAL; /* it may go on, or be part of a longer word */
        const struct vault_entry *e = vault_trie_end(r->vault, node);
        if (!e || !given(r, e) || !ends(s, i)) continue;
        *m = (struct match){e, i + 1, false};
        best = PH_YES;
    }
    return best;
}

/* The same in any case, with any blanks. */
static enum ph_result match_folded(const struct restore *r, struct slice s, bool final, struct match *m)
{
    uint32_t node = VAULT_FOLDED;
    enum ph_result best = PH_NO;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == 0xc2 && i + 1 == s.n && !final) return PH_PARTIAL;
        if (c == 0xc2 && i + 1 < s.n && (unsigned char)s.p[i + 1] == 0xa0) c = ' ', i++;
        if (c >= 'A' && c <= 'Z') c = (unsigned char)(c + 32);
        node = vault_trie_step(r->vault, node, c);
        if (!node) return best;
        if (i + 1 == s.n && !final) return PH_PARTIAL;
        const struct vault_entry *e = vault_trie_end(r->vault, node);
        if (!e || !given(r, e) || !ends(s, i)) continue;
        *m = (struct match){e, i + 1, false};
        best = PH_YES;
    }
    return best;
}

/* Past at most two separators of a number, which something of it must follow. */
static enum ph_result skip_separators(struct slice s, bool final, size_t *i)
{
    for (int k = 0; k < 2; k++) {
        bool partial;
        size_t n = vault_separator(slice_of(s.p + *i, s.n - *i), &partial);
        if (!n) return partial && !final ? PH_PARTIAL : PH_YES;
        *i += n;
    }
    return *i == s.n && !final ? PH_PARTIAL : PH_YES;
}

/* A number in any groups. What stands before its first digit, + or (, is part of it if it was. */
static enum ph_result match_number(const struct restore *r, struct slice s, bool final, struct match *m)
{
    uint32_t node = VAULT_NUMBER;
    enum ph_result best = PH_NO;
    char lead = s.p[0] == '+' || s.p[0] == '(' ? s.p[0] : 0;
    bool bare = true;
    for (size_t i = lead ? 1 : 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c >= 'A' && c <= 'Z') c = (unsigned char)(c + 32);
        node = alnum(c) ? vault_trie_step(r->vault, node, c) : 0;
        if (!node) return best;
        if (i + 1 == s.n && !final) return PH_PARTIAL;
        const struct vault_entry *e = vault_trie_end(r->vault, node);
        if (e && given(r, e) && ends(s, i) && (!lead || e->out.p[0] == lead)) {
            *m = (struct match){e, i + 1, bare};
            best = PH_YES;
        }
        size_t next = i + 1;
        if (skip_separators(s, final, &next) == PH_PARTIAL) return PH_PARTIAL;
        bare &= next == i + 1;
        i = next - 1;
    }
    return lead && s.n == 1 && !final ? PH_PARTIAL : best;
}

/* The longest surrogate that begins here, in the form it was given out in if there is a choice. */
static enum ph_result match_surrogate(const struct restore *r, struct slice s, bool final, struct match *m)
{
    static enum ph_result (*const form[])(const struct restore *, struct slice, bool,
                                          struct match *) = {match_exact, match_number, match_folded};
    enum ph_result best = PH_NO;
    bool partial = false;
    if (alnum(r->prev) && alnum((unsigned char)s.p[0])) return PH_NO;
    for (int f = 0; f < VAULT_FORMS; f++) {
        struct match found = {0};
        if (f != VAULT_EXACT && !vault_has_form(r->vault, (enum vault_form)f)) continue;
        enum ph_result got = form[f](r, s, final, &found);
        partial |= got == PH_PARTIAL;
        if (got != PH_YES || (best == PH_YES && found.used <= m->used)) continue;
        *m = found;
        best = PH_YES;
    }
    return partial ? PH_PARTIAL : best;
}

static enum ph_result match_here(const struct restore *r, struct slice s, bool final, struct match *m)
{
    unsigned char c = (unsigned char)s.p[0];
    enum ph_result got = PH_NO;
    if (vault_longest_surrogate(r->vault)) got = match_surrogate(r, s, final, m);
    if (got != PH_NO) return got;
    if (!ph_word_byte(c)) return match_bracketed(r, s, final, m);
    return ph_word_byte(r->prev) ? PH_NO : match_bare(r, s, final, m);
}

/* ---- what goes out ---- */

/* Counts <TYPE_N> that the vault never gave out and the user did not write: the model made it up, or took it from
 * another conversation. */
static void count_foreign(struct restore *r, struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!r->word_len) {
            const char *lt = memchr(s.p + i, '<', s.n - i);
            if (!lt) return;
            i = (size_t)(lt - s.p);
            r->word[0] = '<';
            r->word_len = 1;
            continue;
        }
        unsigned char c = (unsigned char)s.p[i];
        if (ph_word_byte(c) && !(c >= 'a' && c <= 'z') && r->word_len < sizeof r->word) {
            r->word[r->word_len++] = (char)c;
            continue;
        }
        struct ph_word w;
        struct slice word = slice_of(r->word + 1, r->word_len - 1u);
        if (c == '>' && ph_read_word(word, true, &w) == PH_YES && !vault_find_word(r->vault, word) &&
            !vault_is_reserved(r->vault, word))
            r->foreign++;
        r->word_len = c == '<';
    }
}

static enum err put_literal(struct restore *r, struct slice s, struct buf *out)
{
    if (s.n == 0) return ERR_OK;
    count_foreign(r, s);
    return buf_add(out, s);
}

static enum err put_value(const struct restore *r, struct slice value, struct buf *out)
{
    return r->mode == RESTORE_JSON_TEXT ? json_escape(value, out) : buf_add(out, value);
}

static enum err put_original(struct restore *r, const struct match *m, struct buf *out)
{
    struct slice v = m->entry->value, given_out = m->entry->out;
    bool grouped = false, partial;
    r->restored++;
    r->word_len = 0;
    for (size_t i = 1; m->bare && i < given_out.n; i++) /* only what the model took out is taken out */
        grouped |= vault_separator(slice_of(given_out.p + i, given_out.n - i), &partial) > 0;
    if (!grouped) return put_value(r, v, out);
    enum err e = ERR_OK;
    for (size_t i = 0; i < v.n && !e;) {
        size_t n = vault_separator(slice_of(v.p + i, v.n - i), &partial);
        if (!n) e = put_value(r, slice_of(v.p + i, 1), out);
        i += n ? n : 1;
    }
    return e;
}

/* Passes one byte that begins nothing. In JSON an escape is one unit: what follows \n begins a word. */
static void pass(struct restore *r, unsigned char c)
{
    r->prev = c;
    if (r->mode != RESTORE_JSON_TEXT) return;
    if (r->escape == 0) {
        r->escape = c == '\\';
        return;
    }
    if (r->escape == 1 && c == 'u') {
        r->escape = 2;
        return;
    }
    if (r->escape > 1 && ++r->escape < 6) return;
    r->escape = 0;
    r->prev = 0;
}

/* Gives out s from *done on, as far as matches that begin before `stop` are decided. */
static enum err scan(struct restore *r, struct slice s, size_t stop, bool final, size_t *done, struct buf *out)
{
    const uint8_t *first = vault_first(r->vault);
    size_t i = *done, from = i;
    enum err e = ERR_OK;
    while (i < stop) {
        if (r->escape == 0) {
            size_t was = i;
            while (i < stop && !first[(unsigned char)s.p[i]]) i++;
            if (i > was) r->prev = (unsigned char)s.p[i - 1];
            if (i == stop) break;
            struct match m = {0};
            enum ph_result got = match_here(r, slice_of(s.p + i, s.n - i), final, &m);
            if (got == PH_PARTIAL) break;
            if (got == PH_YES) {
                e = put_literal(r, slice_of(s.p + from, i - from), out);
                if (!e) e = put_original(r, &m, out);
                if (e) return e;
                r->prev = (unsigned char)s.p[i + m.used - 1];
                from = i += m.used;
                continue;
            }
        }
        pass(r, (unsigned char)s.p[i++]);
    }
    *done = i;
    return put_literal(r, slice_of(s.p + from, i - from), out);
}

static enum err tail_add(struct restore *r, struct slice s)
{
    if (!r->tail) {
        r->tail_room = 2 * candidate_max(r);
        r->tail = mem_alloc(r->tail_room);
        if (!r->tail) return ERR_MEMORY;
    }
    if (s.n > r->tail_room - r->tail_len) return ERR_INTERNAL; /* a candidate longer than the longest */
    if (s.n) memcpy(r->tail + r->tail_len, s.p, s.n);
    r->tail_len += s.n;
    return ERR_OK;
}

/* Decides what the held tail is, with enough of the new text behind it. *used: bytes of text that are dealt with. */
static enum err push_tail(struct restore *r, struct slice text, size_t *used, struct buf *out)
{
    size_t held = r->tail_len, more = candidate_max(r), done = 0;
    if (more > text.n) more = text.n;
    enum err e = tail_add(r, slice_of(text.p, more));
    if (e) return e;
    e = scan(r, slice_of(r->tail, held + more), held, false, &done, out);
    if (e) return e;
    if (done >= held) {
        *used = done - held;
        r->tail_len = 0;
        return ERR_OK;
    }
    /* Still undecided: then all of the text is in the tail. */
    assert(more == text.n);
    *used = more;
    memmove(r->tail, r->tail + done, held + more - done);
    r->tail_len = held + more - done;
    return ERR_OK;
}

enum err restore_push(struct restore *r, struct slice text, struct buf *out)
{
    if (text.n == 0) return ERR_OK;
    if (r->mode == RESTORE_NONE) return put_literal(r, text, out);
    size_t done = 0;
    enum err e;
    if (r->tail_len) {
        e = push_tail(r, text, &done, out);
        if (e || r->tail_len) return e;
    }
    e = scan(r, text, text.n, false, &done, out);
    return e ? e : tail_add(r, slice_of(text.p + done, text.n - done));
}

enum err restore_flush(struct restore *r, struct buf *out)
{
    size_t done = 0;
    enum err e = ERR_OK;
    if (r->tail_len) e = scan(r, slice_of(r->tail, r->tail_len), r->tail_len, true, &done, out);
    r->tail_len = 0;
    r->prev = 0;
    r->escape = r->word_len = 0;
    return e;
}
