/* privet version: what this is, and which libraries it runs on. */
#include "proxy/cli/cli.h"

#include <event2/event.h>
#include <hs.h>
#include <openssl/crypto.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>

int cli_version(int argc, char **argv)
{
    static const struct cli_option options[] = {{0}};
    struct cli_args a;
    char pcre2[64] = "";
    int status = cli_parse(argc, argv, NULL, options, &a);
    if (status != CLI_GO) return status;
    pcre2_config(PCRE2_CONFIG_VERSION, pcre2);
    printf("privet %s\nlibevent %s\n%s\nPCRE2 %s\nVectorscan %s\n", PRIVET_VERSION, event_get_version(),
           OpenSSL_version(OPENSSL_VERSION), pcre2, hs_version());
    return CLI_OK;
}
