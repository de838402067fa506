/* privet keys new: makes a caller's key, prints it once, and the hash that goes into the configuration. */
#include "proxy/base/mem.h"
#include "proxy/cli/cli.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#define KEY_CHARS 43 /* 43 of 62 letters and digits: 256 bits */
#define PREFIX    "pvt-"

/* Letters and digits only, so that a key survives shells, headers and double clicks; bytes past 247 are thrown away
 * so that every one of the 62 is equally likely. */
static bool random_key(char out[sizeof PREFIX + KEY_CHARS])
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    size_t n = strlen(PREFIX), end = n + KEY_CHARS;
    memcpy(out, PREFIX, n);
    while (n < end) {
        unsigned char b[64];
        if (RAND_bytes(b, sizeof b) != 1) return false;
        for (size_t i = 0; i < sizeof b && n < end; i++)
            if (b[i] < 248) out[n++] = alphabet[b[i] % 62];
        mem_wipe(b, sizeof b);
    }
    out[end] = 0;
    return true;
}

static int keys_new(void)
{
    char key[sizeof PREFIX + KEY_CHARS];
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (!random_key(key) || EVP_Digest(key, strlen(key), hash, &n, EVP_sha256(), NULL) != 1) {
        mem_wipe(key, sizeof key);
        fputs("privet keys: no random bytes to be had\n", stderr);
        return CLI_FAILED;
    }
    printf("key:      %s\nkey_hash: \"sha256:", key);
    for (unsigned i = 0; i < n; i++) printf("%02x", hash[i]);
    puts("\"\nThe key is shown this once: give it to the caller. The hash goes into the configuration, under clients.");
    mem_wipe(key, sizeof key);
    return CLI_OK;
}

int cli_keys(int argc, char **argv)
{
    static const struct cli_option options[] = {{0}};
    static const char *const actions[] = {"new"};
    struct cli_args a;
    int status = cli_parse(argc, argv, "new", options, &a);
    if (status != CLI_GO) return status;
    if (a.operands != 1) return cli_wrong("keys", "expected `new`");
    if (strcmp(a.operand[0], "new") != 0) return cli_unknown("keys", "action", a.operand[0], actions, 1);
    return keys_new();
}
