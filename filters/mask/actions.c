/* The actions, a row each, and what each puts in a value's place. */
#include "filters/mask/surrogate.h"
#include "filters/mask/vault.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#define MASK_STARS_MAX 32u /* a masked key block must not blow up the prompt, nor tell its length */
#define HASH_BYTES     8u  /* of HMAC-SHA256, shown as hex */
#define CALLER_MAX     4096u

static const struct action_row rows[] = {
    {ACTION_ALLOW, "allow", false, "let it through; it is not counted"},
    {ACTION_FLAG, "flag", false, "count and record it, leave it as it is"},
    {ACTION_REDACT, "redact", false, "put [REDACTED:rule-id] in its place"},
    {ACTION_MASK, "mask", false, "stars; the last four characters stay"},
    {ACTION_HASH, "hash", false, "put [HASH:rule-id:...] in its place: the same value, the same hash"},
    {ACTION_TOKENIZE, "tokenize", true, "put <TYPE_1> in its place and the original back in the answer"},
    {ACTION_SURROGATE, "surrogate", true, "put another valid-looking value in its place and the original back"},
    {ACTION_REROUTE, "reroute", true, "send the request to the route's sensitive target, tokenized"},
    {ACTION_BLOCK, "block", false, "refuse the request"},
};
_Static_assert(sizeof rows / sizeof rows[0] == ACTION_COUNT, "one row for each action");

const struct action_row *action_row(enum action a)
{
    assert((unsigned)a < ACTION_COUNT);
    return &rows[a];
}

enum action action_find(struct slice name)
{
    for (size_t i = 0; i < ACTION_COUNT; i++)
        if (slice_eq(name, slice_str(rows[i].name))) return rows[i].action;
    return ACTION_COUNT;
}

static enum err add_tagged(struct buf *out, struct slice tag, const char *id, struct slice tail)
{
    size_t was = buf_len(out);
    enum err e = buf_add(out, tag);
    if (!e) e = buf_add(out, slice_str(id));
    if (!e) e = buf_add(out, tail);
    if (e) buf_truncate(out, was);
    return e;
}

static bool char_start(char c) { return ((unsigned char)c & 0xc0) != 0x80; }

/* The last four characters stay, but never more than half of them. */
static enum err add_mask(struct buf *out, struct slice value)
{
    size_t chars = 0;
    for (size_t i = 0; i < value.n; i++) chars += char_start(value.p[i]);
    size_t keep = chars / 2 < 4 ? chars / 2 : 4, stars = chars - keep, from = value.n;
    for (size_t k = keep; k && from;)
        if (char_start(value.p[--from])) k--;
    if (stars > MASK_STARS_MAX) stars = MASK_STARS_MAX;
    if (stars == 0) stars = 1;
    enum err e = buf_reserve(out, stars + value.n - from);
    if (e) return e;
    memset(buf_tail(out), '*', stars);
    buf_commit(out, stars);
    return buf_add(out, slice_of(value.p + from, value.n - from));
}

static enum err add_hash(struct buf *out, struct slice key, const char *id, struct slice value)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (key.n == 0 || key.n > INT32_MAX) return ERR_INTERNAL;
    if (!HMAC(EVP_sha256(), key.p, (int)key.n, (const unsigned char *)value.p, value.n, mac, &n) || n < HASH_BYTES)
        return ERR_INTERNAL;
    static const char hex[] = "0123456789abcdef";
    char tail[1 + 2 * HASH_BYTES + 1];
    tail[0] = ':';
    for (size_t i = 0; i < HASH_BYTES; i++) {
        tail[1 + 2 * i] = hex[mac[i] >> 4];
        tail[2 + 2 * i] = hex[mac[i] & 15];
    }
    tail[sizeof tail - 1] = ']';
    mem_wipe(mac, sizeof mac);
    return add_tagged(out, SLICE("[HASH:"), id, slice_of(tail, sizeof tail));
}

enum err mask_caller_key(struct slice key, struct slice caller, unsigned char out[MASK_KEY])
{
    struct buf in = buf_make(CALLER_MAX + 64);
    unsigned n = 0;
    enum err e = buf_add(&in, SLICE("privet surrogates of "));
    if (!e) e = buf_add(&in, caller);
    if (!e &&
        (key.n > INT32_MAX ||
         !HMAC(EVP_sha256(), key.p, (int)key.n, (const unsigned char *)buf_slice(&in).p, buf_len(&in), out, &n) || n != MASK_KEY))
        e = ERR_INTERNAL;
    buf_free(&in);
    return e;
}

static enum err add_placeholder(const struct mask_ctx *m, const struct rule *rule, struct slice value, struct buf *out)
{
    struct slice ph;
    if (!m->vault) return ERR_INTERNAL;
    enum err e = vault_tokenize(m->vault, rule->type, rule->cls, value, &ph);
    return e ? e : buf_add(out, ph);
}

enum err mask_value(const struct mask_ctx *m, enum action a, const struct rule *rule, struct slice value, struct buf *out)
{
    switch (a) {
    case ACTION_REDACT: return add_tagged(out, SLICE("[REDACTED:"), rule->id, SLICE("]"));
    case ACTION_MASK: return add_mask(out, value);
    case ACTION_HASH: return add_hash(out, policy_key(m->policy), rule->id, value);
    case ACTION_TOKENIZE:
    case ACTION_REROUTE: return add_placeholder(m, rule, value, out);
    case ACTION_SURROGATE:
        if (!m->vault) return ERR_INTERNAL;
        return surrogate_value(m->vault, m->key, rule, value, out);
    case ACTION_ALLOW:
    case ACTION_FLAG:
    case ACTION_BLOCK:
    case ACTION_COUNT: break;
    }
    return ERR_INTERNAL; /* these put nothing in a value's place: the caller must not ask */
}
