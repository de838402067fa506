/* Tokens whose own bytes say what they are: JWT, base64, GitHub's and npm's checksum, Basic credentials, UUIDs. */
#include "filters/detect/valid.h"

#include "filters/detect/words.h"

#define TOKEN_ROOM 4096

static bool jwt_ok(struct slice v)
{
    uint8_t out[TOKEN_ROOM];
    size_t n = valid_base64(slice_of(v.p, slice_find(v, '.')), out, sizeof out);
    struct slice json = slice_of(out, n);
    return n > 8 && out[0] == '{' && slice_search(json, SLICE("\"alg\"")) < n;
}

static bool base64_ok(struct slice v)
{
    uint8_t out[TOKEN_ROOM];
    return valid_base64(v, out, sizeof out) > 0;
}

/* Decodes to text: printable ASCII or UTF-8 lead and tail bytes. */
static bool base64_text_ok(struct slice v)
{
    uint8_t out[TOKEN_ROOM];
    size_t n = valid_base64(v, out, sizeof out), plain = 0;
    for (size_t i = 0; i < n; i++)
        plain += (out[i] >= 0x20 && out[i] < 0x7F) || out[i] == '\n' || out[i] == '\t' || out[i] == '\r';
    return n > 0 && plain * 10 >= n * 9;
}

static bool basic_auth_ok(struct slice v)
{
    uint8_t out[TOKEN_ROOM];
    size_t n = valid_base64(v, out, sizeof out), colon = slice_find(slice_of(out, n), ':');
    if (!base64_text_ok(v)) return false;
    return colon < n && colon + 1 < n;
}

/* CRC-32 (IEEE 802.3), bit by bit: thirty bytes a token. */
static uint32_t crc32_of(const char *s, size_t n)
{
    uint32_t c = 0xFFFFFFFFu;
    for (size_t i = 0; i < n; i++) {
        c ^= (unsigned char)s[i];
        for (int k = 0; k < 8; k++) c = c >> 1 ^ (c & 1 ? 0xEDB88320u : 0);
    }
    return ~c;
}

/* The last six of 36 characters are the first thirty's CRC-32 in base 62. Raises confidence; many test tokens fail it. */
static bool crc_token_ok(struct slice v)
{
    static const char base[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    size_t at = v.n;
    while (at > 0 && v.p[at - 1] != '_') at--;
    if (v.n - at != 36) return false;
    uint32_t crc = crc32_of(v.p + at, 30);
    for (size_t i = 0; i < 6; i++, crc /= 62)
        if (v.p[v.n - 1 - i] != base[crc % 62]) return false;
    return true;
}

static bool uuid_ok(struct slice v)
{
    if (v.n != 36) return false;
    for (size_t i = 0; i < 36; i++) {
        char c = v.p[i];
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (c != '-') return false;
        } else if (!((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f'))) return false;
    }
    return true;
}

/* Not a made-up number: at least three different digits, and not a run up or down. */
static bool not_dummy_ok(struct slice v)
{
    unsigned seen = 0, kinds = 0, up = 0, down = 0, n = 0;
    int last = -9;
    for (size_t i = 0; i < v.n; i++) {
        int c = v.p[i] - '0';
        if (c < 0 || c > 9) continue;
        if (!(seen >> c & 1)) seen |= 1u << c, kinds++;
        up += c == (last + 1) % 10;
        down += c == (last + 9) % 10;
        last = c;
        n++;
    }
    return n >= 4 && kinds >= 3 && up < n - 1 && down < n - 1;
}

const struct validator valid_token[] = {
    {"jwt", jwt_ok, "RFC 7519",
     VALID_LIST("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.e30"),
     VALID_LIST("eyJ0eXAiOiJKV1QifQ.e30.x", "abc.def.ghi", "")},
    {"base64", base64_ok, "RFC 4648", VALID_LIST("aGVsbG8=", "aGVsbG8", "-_-_"), VALID_LIST("a", "a b=", "")},
    {"base64_text", base64_text_ok, "RFC 4648", VALID_LIST("aGVsbG8gd29ybGQ="), VALID_LIST("//79/A==", "!", "")},
    {"basic_auth", basic_auth_ok, "RFC 7617", VALID_LIST("dXNlcjpwYXNz"), VALID_LIST("dXNlcg==", "dXNlcjo=", "")},
    {"crc_token", crc_token_ok, "GitHub engineering blog 2021-04-05; npm 2021-09-23",
     VALID_LIST("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"), VALID_LIST("ghp_0000000000000000000000000000002C8GjT", "ghp_", "")},
    {"uuid", uuid_ok, "RFC 9562", VALID_LIST("123e4567-e89b-12d3-a456-426614174000"),
     VALID_LIST("123e4567e89b12d3a456426614174000", "g23e4567-e89b-12d3-a456-426614174000", "")},
    {"bip39", bip39_ok, "BIP-39",
     VALID_LIST("abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about",
                "legal winner thank year wave sausage worth useful legal winner thank yellow"),
     VALID_LIST("abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon",
                "the quick brown fox jumps over the lazy dog and then sleeps", "abandon", "")},
    {"not_dummy", not_dummy_ok, "ours: no repeated or running digits", VALID_LIST("412874", "A1234567-9"),
     VALID_LIST("123456789", "111111", "987654", "")},
    VALID_END,
};
