/* privet check: builds everything a configuration asks for, serves nothing, and names every mistake. */
#include "proxy/cli/cli.h"
#include "proxy/snapshot.h"

#include <stdio.h>

#define REPORT_CAP (8u << 20)

int cli_check(int argc, char **argv)
{
    static const struct cli_option options[] = {
        {"--config", "-c", "FILE", "the configuration file"}, {"--quiet", "-q", NULL, "print mistakes only"}, {0}};
    struct cli_args a;
    int status = cli_parse(argc, argv, NULL, options, &a);
    if (status != CLI_GO) return status;
    if (!a.value[0]) return cli_wrong("check", "which configuration? -c FILE");
    struct buf report = buf_make(REPORT_CAP);
    struct snapshot *s = snapshot_load(a.value[0], &report);
    struct slice text = buf_slice(&report);
    if (text.n) fwrite(text.p, 1, text.n, stdout);
    if (!s && !text.n) printf("%s: it cannot be loaded: out of memory\n", a.value[0]);
    if (s && !a.value[1])
        printf("%s: good: %zu listeners, %zu policies, %zu rules, %zu backends, %zu routes\n", a.value[0],
               s->config->listener_count, s->config->policy_count, s->rules ? ruleset_count(s->rules) : 0,
               s->config->backend_count, s->config->route_count);
    status = s ? CLI_OK : CLI_FAILED;
    snapshot_unref(s);
    buf_free(&report);
    return status;
}
