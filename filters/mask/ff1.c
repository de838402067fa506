/* FF1 after NIST SP 800-38G: ten Feistel rounds over two halves of a digit string, with CBC-MAC over AES as the round
 * function. Halves are numbers below 2^120, so that plain 128-bit arithmetic does. */
#include "filters/mask/ff1.h"

#include <openssl/evp.h>

#define ROUNDS    10
#define HALF_BITS 120u
#define BLOCK     16u
#define INPUT_MAX (2 * BLOCK + FF1_TWEAK_MAX + 2 * BLOCK) /* P and Q */

typedef unsigned __int128 u128;

struct ff1 {
    EVP_CIPHER_CTX *aes; /* one block at a time */
    unsigned radix;
    size_t b, d; /* bytes of a half's number, and of a round's output: the standard's names */
    unsigned char p[BLOCK];
    struct slice tweak;
};

/* Digits that a half may have. */
static size_t half_max(unsigned radix)
{
    u128 m = 1, limit = (u128)1 << HALF_BITS;
    size_t n = 0;
    while (m <= limit / radix) {
        m *= radix;
        n++;
    }
    return n;
}

size_t ff1_max(unsigned radix) { return 2 * half_max(radix); }

static u128 power(unsigned radix, size_t n)
{
    u128 m = 1;
    while (n--) m *= radix;
    return m;
}

static u128 number(unsigned radix, const uint8_t *digits, size_t n)
{
    u128 x = 0;
    for (size_t i = 0; i < n; i++) x = x * radix + digits[i];
    return x;
}

static void digits_of(unsigned radix, u128 x, uint8_t *digits, size_t n)
{
    while (n--) {
        digits[n] = (uint8_t)(x % radix);
        x /= radix;
    }
}

static bool encrypt_block(struct ff1 *f, const unsigned char in[BLOCK], unsigned char out[BLOCK])
{
    int n = 0;
    return EVP_EncryptUpdate(f->aes, out, &n, in, (int)BLOCK) == 1 && n == (int)BLOCK;
}

/* CBC-MAC of whole blocks. */
static bool prf(struct ff1 *f, const unsigned char *in, size_t n, unsigned char r[BLOCK])
{
    memset(r, 0, BLOCK);
    for (size_t at = 0; at < n; at += BLOCK) {
        unsigned char x[BLOCK];
        for (size_t i = 0; i < BLOCK; i++) x[i] = r[i] ^ in[at + i];
        if (!encrypt_block(f, x, r)) return false;
    }
    return true;
}

static void set_p(struct ff1 *f, size_t n, size_t u)
{
    const unsigned char p[BLOCK] = {1,
                                    2,
                                    1,
                                    0,
                                    (unsigned char)(f->radix >> 8),
                                    (unsigned char)f->radix,
                                    ROUNDS,
                                    (unsigned char)u,
                                    (unsigned char)(n >> 24),
                                    (unsigned char)(n >> 16),
                                    (unsigned char)(n >> 8),
                                    (unsigned char)n,
                                    0,
                                    0,
                                    (unsigned char)(f->tweak.n >> 8),
                                    (unsigned char)f->tweak.n};
    memcpy(f->p, p, BLOCK);
}

/* The round's number y, reduced modulo m. */
static bool round_value(struct ff1 *f, int round, u128 half, u128 m, u128 *y)
{
    unsigned char in[INPUT_MAX] = {0}, r[BLOCK], s[BLOCK];
    size_t tail = f->tweak.n + f->b + 1, pad = (BLOCK - tail % BLOCK) % BLOCK, n = BLOCK + tail + pad;
    memcpy(in, f->p, BLOCK);
    if (f->tweak.n) memcpy(in + BLOCK, f->tweak.p, f->tweak.n);
    in[n - f->b - 1] = (unsigned char)round;
    for (size_t i = 0; i < f->b; i++) in[n - 1 - i] = (unsigned char)(half >> (8 * i));
    if (!prf(f, in, n, r)) return false;
    *y = 0;
    for (size_t i = 0; i < f->d; i++) {
        size_t block = i / BLOCK;
        if (i % BLOCK == 0) {
            memcpy(s, r, BLOCK);
            if (block) {
                s[BLOCK - 1] ^= (unsigned char)block;
                unsigned char x[BLOCK];
                memcpy(x, s, BLOCK);
                if (!encrypt_block(f, x, s)) return false;
            }
        }
        *y = (*y << 8 | s[i % BLOCK]) % m;
    }
    return true;
}

static enum err run(struct ff1 *f, uint8_t *digits, size_t n)
{
    size_t u = n / 2, v = n - u;
    u128 mu = power(f->radix, u), mv = power(f->radix, v);
    size_t bits = 0;
    for (u128 x = mv - 1; x; x >>= 1) bits++;
    f->b = (bits + 7) / 8;
    f->d = 4 * ((f->b + 3) / 4) + 4;
    set_p(f, n, u);
    u128 a = number(f->radix, digits, u), b = number(f->radix, digits + u, v);
    for (int i = 0; i < ROUNDS; i++) {
        u128 m = i % 2 ? mv : mu, y;
        if (!round_value(f, i, b, m, &y)) return ERR_INTERNAL;
        u128 c = (a + y) % m;
        a = b;
        b = c;
    }
    digits_of(f->radix, a, digits, u);
    digits_of(f->radix, b, digits + u, v);
    return ERR_OK;
}

enum err ff1_encrypt(struct slice key, struct slice tweak, unsigned radix, uint8_t *digits, size_t n)
{
    if (radix < 2 || radix > FF1_RADIX_MAX || n < 2 || n > ff1_max(radix) || tweak.n > FF1_TWEAK_MAX) return ERR_INTERNAL;
    for (size_t i = 0; i < n; i++)
        if (digits[i] >= radix) return ERR_INTERNAL;
    const EVP_CIPHER *c = key.n == 16 ? EVP_aes_128_ecb() : key.n == 24 ? EVP_aes_192_ecb() : EVP_aes_256_ecb();
    if (key.n != 16 && key.n != 24 && key.n != 32) return ERR_INTERNAL;
    struct ff1 f = {.aes = EVP_CIPHER_CTX_new(), .radix = radix, .tweak = tweak};
    if (!f.aes) return ERR_MEMORY;
    enum err e = ERR_INTERNAL;
    if (EVP_EncryptInit_ex(f.aes, c, NULL, (const unsigned char *)key.p, NULL) == 1 && EVP_CIPHER_CTX_set_padding(f.aes, 0) == 1)
        e = run(&f, digits, n);
    EVP_CIPHER_CTX_free(f.aes);
    return e;
}
