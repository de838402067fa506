/* Closing lines with the HMAC chain, and taking lines apart again.
 * HMAC is RFC 2104 over SHA-256; the padded key is hashed once for each chain. */
#include "proxy/audit/line.h"
#include "proxy/base/hex.h"

#include <assert.h>
#include <openssl/crypto.h>

#define SHA_BLOCK 64u

static const char digits[] = "0123456789abcdef";

void chain_init(struct chain *c, struct slice key)
{
    unsigned char k[SHA_BLOCK] = {0}, pad[SHA_BLOCK];
    if (key.n > SHA_BLOCK) SHA256((const unsigned char *)key.p, key.n, k);
    else if (key.n) memcpy(k, key.p, key.n);
    for (size_t i = 0; i < SHA_BLOCK; i++) pad[i] = k[i] ^ 0x36;
    SHA256_Init(&c->inner);
    SHA256_Update(&c->inner, pad, sizeof pad);
    for (size_t i = 0; i < SHA_BLOCK; i++) pad[i] = k[i] ^ 0x5c;
    SHA256_Init(&c->outer);
    SHA256_Update(&c->outer, pad, sizeof pad);
    mem_wipe(k, sizeof k);
    mem_wipe(pad, sizeof pad);
}

void chain_mac(const struct chain *c, struct slice text, char hex[LINE_MAC])
{
    unsigned char md[SHA256_DIGEST_LENGTH];
    SHA256_CTX x = c->inner;
    SHA256_Update(&x, text.p, text.n);
    SHA256_Final(md, &x);
    x = c->outer;
    SHA256_Update(&x, md, sizeof md);
    SHA256_Final(md, &x);
    hex_bytes(hex, md, sizeof md);
}

#define K_JOURNAL ",\"journal\":\""
#define K_SEQ     "\",\"seq\":"
#define K_PREV    ",\"prev\":\""
#define K_MAC     ",\"mac\":\""
#define K_END     "\"}\n"

static char *copy(char *p, const char *s, size_t n)
{
    memcpy(p, s, n);
    return p + n;
}

static char *copy_u64(char *p, uint64_t v)
{
    char d[20];
    size_t i = sizeof d;
    do d[--i] = (char)('0' + v % 10);
    while (v /= 10);
    return copy(p, d + i, sizeof d - i);
}

enum err line_close(struct buf *line, const struct chain *c, struct slice journal, uint64_t seq, char last[LINE_MAC])
{
    assert(journal.n <= 32);
    enum err e = buf_reserve(line, LINE_TAIL_MAX);
    if (e) return e;
    char *start = buf_tail(line), *p = start;
    p = copy(p, K_JOURNAL, sizeof K_JOURNAL - 1);
    p = copy(p, journal.p, journal.n);
    p = copy(p, K_SEQ, sizeof K_SEQ - 1);
    p = copy_u64(p, seq);
    p = copy(p, K_PREV, sizeof K_PREV - 1);
    p = copy(p, last, LINE_MAC);
    p = copy(p, "\"", 1);
    buf_commit(line, (size_t)(p - start));
    chain_mac(c, buf_slice(line), last);
    start = p;
    p = copy(p, K_MAC, sizeof K_MAC - 1);
    p = copy(p, last, LINE_MAC);
    p = copy(p, K_END, sizeof K_END - 1);
    buf_commit(line, (size_t)(p - start));
    return ERR_OK;
}

/* Takes `what` off the end of *s. */
static bool chop(struct slice *s, const char *what, size_t n)
{
    if (!slice_ends(*s, slice_of(what, n))) return false;
    s->n -= n;
    return true;
}

static bool chop_mac(struct slice *s, const char **mac)
{
    if (s->n < LINE_MAC) return false;
    s->n -= LINE_MAC;
    *mac = s->p + s->n;
    for (size_t i = 0; i < LINE_MAC; i++)
        if (!memchr(digits, (*mac)[i], 16)) return false;
    return true;
}

/* Leaves *s with what stands before the seq. */
static bool chop_end(struct slice *s, struct line *out)
{
    if (!chop(s, "\"}", 2) || !chop_mac(s, &out->mac) || !chop(s, K_MAC, sizeof K_MAC - 1)) return false;
    out->signed_part = *s;
    if (!chop(s, "\"", 1) || !chop_mac(s, &out->prev) || !chop(s, K_PREV, sizeof K_PREV - 1)) return false;
    size_t n = 0;
    while (n < s->n && n < 20 && s->p[s->n - 1 - n] >= '0' && s->p[s->n - 1 - n] <= '9') n++;
    if (!slice_u64(slice_of(s->p + s->n - n, n), UINT64_MAX, &out->seq)) return false;
    s->n -= n;
    return chop(s, K_SEQ, sizeof K_SEQ - 1);
}

bool line_parse_end(struct slice s, struct line *out)
{
    *out = (struct line){.all = s};
    return chop_end(&s, out);
}

bool line_parse(struct slice s, struct line *out)
{
    *out = (struct line){.all = s};
    if (!chop_end(&s, out)) return false;
    size_t n = 0;
    while (n < s.n && s.p[s.n - 1 - n] != '"') n++;
    out->journal = slice_of(s.p + s.n - n, n);
    s.n -= n;
    if (!chop(&s, K_JOURNAL, sizeof K_JOURNAL - 1)) return false;
    out->record = s;
    return s.n >= 2 && s.p[0] == '{';
}

bool line_mac_holds(const struct line *l, const struct chain *c)
{
    char hex[LINE_MAC];
    chain_mac(c, l->signed_part, hex);
    return CRYPTO_memcmp(hex, l->mac, LINE_MAC) == 0;
}

/* One past the string that opens at i, or s.n + 1 if it does not end. */
static size_t string_end(struct slice s, size_t i)
{
    for (i++; i < s.n; i++) {
        if (s.p[i] == '\\') i++;
        else if (s.p[i] == '"') return i + 1;
    }
    return s.n + 1;
}

/* One past the value that starts at i: a string, or anything up to a comma or a closing brace outside of it. */
static size_t value_end(struct slice s, size_t i)
{
    size_t depth = 0;
    while (i < s.n) {
        char c = s.p[i];
        if (c == '"') {
            i = string_end(s, i);
            continue;
        }
        if (depth == 0 && (c == ',' || c == '}' || c == ']')) break;
        if (c == '{' || c == '[') depth++;
        if (c == '}' || c == ']') depth--;
        i++;
    }
    return i;
}

bool line_member(struct slice s, size_t *at, struct slice *key, struct slice *value)
{
    size_t i = *at;
    if (i + 1 >= s.n || (s.p[i] != '{' && s.p[i] != ',') || s.p[i + 1] != '"') return false;
    size_t k = i + 2, end = string_end(s, i + 1);
    if (end >= s.n || s.p[end] != ':') return false;
    *key = slice_of(s.p + k, end - 1 - k);
    size_t stop = value_end(s, end + 1);
    if (stop > s.n || stop == end + 1) return false;
    *value = slice_of(s.p + end + 1, stop - end - 1);
    *at = stop;
    return true;
}

struct slice line_get(struct slice record, const char *name)
{
    struct slice key, value;
    for (size_t at = 0; line_member(record, &at, &key, &value);) {
        if (!slice_eq(key, slice_str(name))) continue;
        if (value.n >= 2 && value.p[0] == '"') value = slice_of(value.p + 1, value.n - 2);
        return value;
    }
    return SLICE_NONE;
}
