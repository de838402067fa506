/* Makes surrogates and keeps them apart: derives keys for a type, asks the kind's maker, and tries again until the
 * result is neither the original nor anything the vault knows. What has no good surrogate is tokenized instead. */
#include "filters/mask/surrogate_priv.h"

#include "filters/mask/ff1.h"
#include "filters/mask/placeholder.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#define ATTEMPTS    64u
#define LEAST_CHARS 5u /* letters and digits of a surrogate: a shorter one would be met by chance in an answer */

void maker_add(struct maker *m, struct slice s)
{
    if (s.n > sizeof m->out - m->n) {
        m->failed = true;
        return;
    }
    if (s.n) memcpy(m->out + m->n, s.p, s.n);
    m->n += s.n;
}

/* ---- keys ---- */

static bool mac(struct slice key, struct slice a, struct slice b, unsigned char out[32])
{
    unsigned char in[64 + SURROGATE_VALUE_MAX];
    unsigned n = 0;
    if (a.n + b.n > sizeof in) return false;
    memcpy(in, a.p, a.n);
    if (b.n) memcpy(in + a.n, b.p, b.n);
    bool ok = HMAC(EVP_sha256(), key.p, (int)key.n, in, a.n + b.n, out, &n) && n == 32;
    mem_wipe(in, sizeof in);
    return ok;
}

/* The stream of numbers: HMAC over attempt, place in the stream and value. */
unsigned maker_draw(struct maker *m, unsigned n)
{
    if (m->left < 4) {
        unsigned char head[3] = {(unsigned char)m->attempt, (unsigned char)m->draws, (unsigned char)(m->draws >> 8)};
        if (m->draws++ > 0xffff || !mac(slice_of(m->draw_key, 32), slice_of(head, 3), m->value, m->drawn)) {
            m->failed = true;
            return 0;
        }
        m->left = 32;
    }
    uint32_t x;
    memcpy(&x, m->drawn + 32 - m->left, 4);
    m->left -= 4;
    return n ? x % n : 0;
}

/* ---- scrambling ---- */

enum { CLASS_DIGIT, CLASS_LOWER, CLASS_UPPER, CLASS_HEX, CLASSES };
static const unsigned radix[CLASSES] = {10, 26, 26, 16};

static int class_of(char c, bool hex)
{
    if (hex) return ph_word_byte((unsigned char)c) && c != '_' ? CLASS_HEX : -1;
    if (c >= '0' && c <= '9') return CLASS_DIGIT;
    if (c >= 'a' && c <= 'z') return CLASS_LOWER;
    return c >= 'A' && c <= 'Z' ? CLASS_UPPER : -1;
}

static uint8_t digit_of(char c, int cls)
{
    if (c >= '0' && c <= '9') return (uint8_t)(c - '0');
    return (uint8_t)((c | 0x20) - 'a' + (cls == CLASS_HEX ? 10 : 0));
}

static char char_of(uint8_t d, int cls, bool upper)
{
    if (cls == CLASS_DIGIT || (cls == CLASS_HEX && d < 10)) return (char)('0' + d);
    return (char)((cls == CLASS_UPPER || upper ? 'A' : 'a') + d - (cls == CLASS_HEX ? 10 : 0));
}

/* Letters and digits that are all hex digits, with both letters and digits, and in one case. */
static bool is_hex(const char *s, size_t n, bool *upper)
{
    size_t digits = 0, lower = 0, up = 0;
    for (size_t i = 0; i < n; i++) {
        char c = s[i];
        if (c >= '0' && c <= '9') digits++;
        else if (c >= 'a' && c <= 'f') lower++;
        else if (c >= 'A' && c <= 'F') up++;
        else if (ph_word_byte((unsigned char)c) && c != '_') return false;
    }
    *upper = up > 0;
    return digits + lower + up >= 8 && digits && (lower == 0) != (up == 0);
}

/* One class of a value: FF1 in equal parts, none longer than FF1 takes. A single digit is shifted: FF1 wants two. */
static void encrypt(struct maker *m, int cls, uint8_t *d, size_t n)
{
    size_t most = ff1_max(radix[cls]), parts = (n + most - 1) / most;
    for (size_t k = 0, at = 0; k < parts; k++) {
        size_t end = n * (k + 1) / parts;
        unsigned char tweak[4] = {(unsigned char)cls, (unsigned char)k, (unsigned char)m->attempt, (unsigned char)n};
        if (end - at == 1) {
            unsigned char r[32];
            if (!mac(slice_of(m->draw_key, 32), slice_of(tweak, 4), SLICE_NONE, r)) m->failed = true;
            else d[at] = (uint8_t)((d[at] + 1 + r[0] % (radix[cls] - 1)) % radix[cls]);
        } else if (ff1_encrypt(slice_of(m->key, 32), slice_of(tweak, 4), radix[cls], d + at, end - at)) {
            m->failed = true;
        }
        at = end;
    }
}

void maker_scramble(struct maker *m, char *s, size_t n, bool hex)
{
    bool upper = false;
    hex = hex && is_hex(s, n, &upper);
    uint8_t d[SURROGATE_MAX];
    if (n > sizeof d) {
        m->failed = true;
        return;
    }
    for (int cls = 0; cls < CLASSES; cls++) {
        size_t k = 0;
        for (size_t i = 0; i < n; i++)
            if (class_of(s[i], hex) == cls) d[k++] = digit_of(s[i], cls);
        if (!k) continue;
        encrypt(m, cls, d, k);
        k = 0;
        for (size_t i = 0; i < n; i++)
            if (class_of(s[i], hex) == cls) s[i] = char_of(d[k++], cls, hex && upper);
    }
    mem_wipe(d, sizeof d);
}

/* ---- the driver ---- */

static bool start(struct maker *m, struct slice key, const struct rule *rule, struct slice value)
{
    *m = (struct maker){.value = value, .rule = rule};
    char label[96];
    size_t t = strlen(rule->type);
    static const char ff1[] = "privet surrogate ff1 ", draw[] = "privet surrogate draw ";
    if (t > sizeof label - sizeof draw || t + sizeof draw > 64 + SURROGATE_VALUE_MAX) return false;
    return mac(key, slice_of(ff1, sizeof ff1 - 1), slice_of(rule->type, t), m->key) &&
           mac(key, slice_of(draw, sizeof draw - 1), slice_of(rule->type, t), m->draw_key);
}

static bool fits(const struct maker *m)
{
    size_t chars = 0;
    for (size_t i = 0; i < m->n; i++) {
        unsigned char c = (unsigned char)m->out[i];
        if (c >= 0xc0) chars += 2; /* a Chinese name of two characters is as telling as four letters */
        else chars += ph_word_byte(c) && c != '_';
    }
    return chars >= LEAST_CHARS;
}

/* Finds a free surrogate; false if there is none. */
static bool make(struct vault *v, struct maker *m)
{
    for (m->attempt = 0; m->attempt < ATTEMPTS; m->attempt++) {
        m->n = m->draws = m->left = 0;
        m->failed = false;
        if (!surrogate_make(m) || m->failed || !fits(m)) return false;
        struct slice s = slice_of(m->out, m->n);
        if (!slice_ieq(s, m->value) && vault_surrogate_free(v, s)) return true;
    }
    return false;
}

static bool simple(struct slice value)
{
    if (value.n < 4 || value.n > SURROGATE_VALUE_MAX) return false;
    for (size_t i = 0; i < value.n; i++)
        if ((unsigned char)value.p[i] < ' ') return false;
    return true;
}

enum err surrogate_value(struct vault *v, struct slice key, const struct rule *rule, struct slice value, struct buf *out)
{
    struct slice s;
    if (vault_surrogate_of(v, rule->type, value, &s)) return buf_add(out, s);
    struct maker m;
    enum err e = ERR_OK;
    if (key.n && key.n <= INT32_MAX && simple(value) && start(&m, key, rule, value) && make(v, &m)) {
        s = slice_of(m.out, m.n);
        e = vault_surrogate(v, rule->type, rule->cls, value, s);
    } else {
        e = vault_tokenize(v, rule->type, rule->cls, value, &s);
    }
    if (!e) e = buf_add(out, s);
    mem_wipe(&m, sizeof m);
    return e;
}
