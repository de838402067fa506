/* Crypto-currency addresses: base58check, bech32 and bech32m, EIP-55, cashaddr, each with its own checksum. */
#include "filters/detect/valid.h"

#include <openssl/sha.h>

static const char base58_bitcoin[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
static const char base58_ripple[] = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz";

/* Big-endian bytes of a base-58 number, leading "zero" digits as zero bytes; 0 if it is none or longer than room. */
static size_t base58(struct slice v, const char *alphabet, uint8_t *out, size_t room)
{
    uint8_t le[128];
    size_t n = 0, zeros = 0;
    if (v.n == 0 || v.n > 120) return 0;
    for (size_t i = 0; i < v.n; i++) {
        const char *p = v.p[i] ? strchr(alphabet, v.p[i]) : NULL;
        if (!p) return 0;
        unsigned carry = (unsigned)(p - alphabet);
        if (carry == 0 && n == 0) zeros++;
        for (size_t k = 0; k < n; k++, carry >>= 8) le[k] = (uint8_t)(carry += le[k] * 58u);
        for (; carry; carry >>= 8) le[n++] = (uint8_t)carry;
    }
    if (zeros + n > room) return 0;
    memset(out, 0, zeros);
    for (size_t k = 0; k < n; k++) out[zeros + k] = le[n - 1 - k];
    return zeros + n;
}

static size_t base58check(struct slice v, const char *alphabet, uint8_t *out, size_t room)
{
    uint8_t hash[SHA256_DIGEST_LENGTH];
    size_t n = base58(v, alphabet, out, room);
    if (n < 5) return 0;
    SHA256(out, n - 4, hash);
    SHA256(hash, sizeof hash, hash);
    return memcmp(hash, out + n - 4, 4) == 0 ? n - 4 : 0;
}

/* Versions of Bitcoin, Litecoin, Dogecoin, Dash, Tron and their test nets; two bytes for Zcash. */
static bool base58check_ok(struct slice v)
{
    static const uint8_t versions[] = {0x00, 0x05, 0x1E, 0x16, 0x30, 0x32, 0x4C, 0x10, 0x41, 0x6F, 0xC4, 0x3A, 0x1C};
    uint8_t out[128];
    size_t n = base58check(v, base58_bitcoin, out, sizeof out);
    if (n == 22) return out[0] == 0x1C && (out[1] == 0xB8 || out[1] == 0xBD);
    return n == 21 && memchr(versions, out[0], sizeof versions) != NULL;
}

/* xpub, ypub, zpub (78 bytes) and WIF private keys (33 and 34). */
static bool base58_key_ok(struct slice v)
{
    uint8_t out[128];
    size_t n = base58check(v, base58_bitcoin, out, sizeof out);
    return n == 78 || ((n == 33 || n == 34) && (out[0] == 0x80 || out[0] == 0xEF));
}

static bool ripple_ok(struct slice v)
{
    uint8_t out[128];
    return base58check(v, base58_ripple, out, sizeof out) == 21 && out[0] == 0;
}

/* Thirty-two bytes without a checksum. */
static bool solana_ok(struct slice v)
{
    uint8_t out[128];
    return base58(v, base58_bitcoin, out, sizeof out) == 32;
}

static uint32_t bech32_step(uint32_t c, unsigned value)
{
    static const uint32_t gen[5] = {0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3};
    uint32_t top = c >> 25;
    c = (c & 0x1FFFFFF) << 5 ^ value;
    for (unsigned i = 0; i < 5; i++)
        if (top >> i & 1) c ^= gen[i];
    return c;
}

static bool bech32_ok(struct slice v)
{
    static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    size_t one = v.n;
    bool upper = false, lower = false;
    uint32_t c = 1;
    if (v.n < 14 || v.n > 120) return false;
    while (one > 0 && v.p[one - 1] != '1') one--;
    if (one < 2 || v.n - one < 6) return false;
    for (size_t i = 0; i < v.n; i++) {
        upper |= v.p[i] >= 'A' && v.p[i] <= 'Z';
        lower |= v.p[i] >= 'a' && v.p[i] <= 'z';
        if (v.p[i] < 33 || v.p[i] > 126) return false;
    }
    if (upper && lower) return false;
    for (size_t i = 0; i + 1 < one; i++) c = bech32_step(c, (unsigned)(v.p[i] | (upper && v.p[i] >= 'A' ? 32 : 0)) >> 5);
    c = bech32_step(c, 0);
    for (size_t i = 0; i + 1 < one; i++) c = bech32_step(c, (unsigned)(v.p[i] | (upper && v.p[i] >= 'A' ? 32 : 0)) & 31);
    for (size_t i = one; i < v.n; i++) {
        const char *p = strchr(alphabet, v.p[i] >= 'A' ? v.p[i] | 32 : v.p[i]);
        if (!p) return false;
        c = bech32_step(c, (unsigned)(p - alphabet));
    }
    return c == 1 || c == 0x2BC830A3;
}

/* Bitcoin Cash: prefix "bitcoincash:" (may be left out), 40-bit polynomial over the same alphabet. */
static bool cashaddr_ok(struct slice v)
{
    static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l", prefix[] = "bitcoincash";
    static const uint64_t gen[5] = {0x98F2BC8E61, 0x79B76D99E2, 0xF33E5FB3C4, 0xAE2EABE2A8, 0x1E4F43E470};
    uint64_t c = 1;
    size_t colon = slice_find(v, ':');
    if (colon < v.n) {
        if (!slice_eq(slice_of(v.p, colon), SLICE("bitcoincash"))) return false;
        v = slice_of(v.p + colon + 1, v.n - colon - 1);
    }
    if (v.n != 42) return false;
    for (size_t i = 0; i < sizeof prefix + v.n; i++) {
        unsigned value = 0;
        if (i < sizeof prefix - 1) value = (unsigned)prefix[i] & 31;
        else if (i >= sizeof prefix) {
            const char *p = v.p[i - sizeof prefix] ? strchr(alphabet, v.p[i - sizeof prefix]) : NULL;
            if (!p) return false;
            value = (unsigned)(p - alphabet);
        }
        uint64_t top = c >> 35;
        c = (c & 0x07FFFFFFFF) << 5 ^ value;
        for (unsigned k = 0; k < 5; k++)
            if (top >> k & 1) c ^= gen[k];
    }
    return c == 1;
}

/* Keccak-f[1600] (FIPS 202's permutation); Ethereum pads with 0x01, as the submission did, so OpenSSL's SHA-3 is no help. */
static void keccak_f(uint64_t a[25])
{
    static const uint8_t rot[24] = {1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44};
    static const uint8_t lane[24] = {10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1};
    uint8_t lfsr = 1;
    for (int round = 0; round < 24; round++) {
        uint64_t b[5], t;
        for (int x = 0; x < 5; x++) b[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
        for (int x = 0; x < 5; x++) {
            t = b[(x + 4) % 5] ^ (b[(x + 1) % 5] << 1 | b[(x + 1) % 5] >> 63);
            for (int y = 0; y < 25; y += 5) a[y + x] ^= t;
        }
        t = a[1];
        for (int i = 0; i < 24; i++) {
            uint64_t next = a[lane[i]];
            a[lane[i]] = t << rot[i] | t >> (64 - rot[i]);
            t = next;
        }
        for (int y = 0; y < 25; y += 5) {
            for (int x = 0; x < 5; x++) b[x] = a[y + x];
            for (int x = 0; x < 5; x++) a[y + x] = b[x] ^ (~b[(x + 1) % 5] & b[(x + 2) % 5]);
        }
        for (int j = 0; j < 7; j++) { /* the round constant's bits come from an LFSR over x^8+x^6+x^5+x^4+1 */
            if (lfsr & 1) a[0] ^= (uint64_t)1 << ((1 << j) - 1);
            lfsr = (uint8_t)(lfsr << 1 ^ (lfsr & 0x80 ? 0x71 : 0));
        }
    }
}

static void keccak256_short(const char *s, size_t n, uint8_t out[32])
{
    uint64_t a[25] = {0};
    for (size_t i = 0; i < n; i++) a[i / 8] ^= (uint64_t)(unsigned char)s[i] << i % 8 * 8;
    a[n / 8] ^= (uint64_t)1 << n % 8 * 8;
    a[16] ^= (uint64_t)0x80 << 56; /* rate 136: the last byte of lane 16 */
    keccak_f(a);
    for (size_t i = 0; i < 32; i++) out[i] = (uint8_t)(a[i / 8] >> i % 8 * 8);
}

static bool eth_ok(struct slice v)
{
    char s[40];
    uint8_t hash[32];
    bool upper = false, lower = false;
    if (v.n == 42 && v.p[0] == '0' && (v.p[1] | 32) == 'x') v = slice_of(v.p + 2, 40);
    if (v.n != 40) return false;
    for (size_t i = 0; i < 40; i++) {
        char c = v.p[i];
        upper |= c >= 'A' && c <= 'F';
        lower |= c >= 'a' && c <= 'f';
        s[i] = (char)(c >= 'A' ? c | 32 : c);
        if (!((c >= '0' && c <= '9') || (s[i] >= 'a' && s[i] <= 'f'))) return false;
    }
    if (!upper || !lower) return true; /* no case, no checksum */
    keccak256_short(s, 40, hash);
    for (size_t i = 0; i < 40; i++) {
        bool high = (hash[i / 2] >> (i & 1 ? 0 : 4) & 8) != 0;
        if (s[i] >= 'a' && (v.p[i] < 'a') != high) return false;
    }
    return true;
}

/* Monero: eleven-character blocks of eight bytes; the checksum is Keccak over the rest. Shape only. */
static bool monero_ok(struct slice v)
{
    if (v.n != 95 || (v.p[0] != '4' && v.p[0] != '8')) return false;
    for (size_t i = 0; i < v.n; i++)
        if (!v.p[i] || !strchr(base58_bitcoin, v.p[i])) return false;
    return true;
}

const struct validator valid_coin[] = {
    {"base58check", base58check_ok, "Bitcoin protocol, Base58Check",
     VALID_LIST("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", "16Yeky6GMjeNkAiNcBY7ZhrLoMSgg1BoyZ"),
     VALID_LIST("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3", "16Yeky6GMjeNkAiNcBY7ZhrLoMSgg1BoyZ2", "0", "")},
    {"base58_key", base58_key_ok, "BIP-32, WIF", VALID_LIST("5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ"),
     VALID_LIST("5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTK", "")},
    {"ripple", ripple_ok, "XRP Ledger base58", VALID_LIST("rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"),
     VALID_LIST("rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTi", "r")},
    {"solana", solana_ok, "Solana account addresses", VALID_LIST("4Nd1mBQtrMJVYVfKf2PJy9NZUZdTAsp7D4xWLs4gDB4T"),
     VALID_LIST("4Nd1mBQtrMJVYVfKf2PJy9NZUZ", "0")},
    {"bech32", bech32_ok, "BIP-173, BIP-350",
     VALID_LIST("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
                "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"),
     VALID_LIST("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", "bc1Qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "bc1", "")},
    {"cashaddr", cashaddr_ok, "Bitcoin Cash address specification",
     VALID_LIST("bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"),
     VALID_LIST("bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6b", "")},
    {"eth", eth_ok, "EIP-55",
     VALID_LIST("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359"),
     VALID_LIST("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe", "")},
    {"monero", monero_ok, "Monero address format",
     VALID_LIST("44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A"),
     VALID_LIST("44AFFq5", "")},
    VALID_END,
};
