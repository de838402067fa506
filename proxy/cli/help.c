/* privet help [COMMAND]: the commands, one command's options, or (help config) every key of the configuration. */
#include "config/config.h"
#include "proxy/cli/cli.h"

#include <stdio.h>
#include <string.h>

#define COMMANDS_MAX 32

static int overview(void)
{
    size_t n;
    const struct cli_command *rows = cli_commands(&n);
    puts("usage: privet COMMAND [OPTION...]\n");
    for (size_t i = 0; i < n; i++) printf("  %-12s  %s\n", rows[i].name, rows[i].help);
    puts("\nprivet help COMMAND shows a command's options, privet help config every key of the configuration file.");
    return CLI_OK;
}

static int help_config(void)
{
    struct buf out = buf_make(1u << 20);
    enum err e = config_print_schema(&out);
    if (e == ERR_OK) {
        struct slice s = buf_slice(&out);
        fwrite(s.p, 1, s.n, stdout);
    }
    buf_free(&out);
    return e == ERR_OK ? CLI_OK : CLI_FAILED;
}

static int help_command(char *word)
{
    const char *known[COMMANDS_MAX + 1];
    size_t n, count = 0;
    const struct cli_command *rows = cli_commands(&n);
    for (size_t i = 0; i < n && count < COMMANDS_MAX; i++) {
        known[count++] = rows[i].name;
        if (strcmp(rows[i].name, word) != 0) continue;
        char ask[] = "--help";
        char *argv[] = {word, ask, NULL};
        printf("%s: %s\n", rows[i].name, rows[i].help);
        return rows[i].run(2, argv);
    }
    known[count++] = "config";
    return cli_unknown("help", "command", word, known, count);
}

int cli_help(int argc, char **argv)
{
    static const struct cli_option options[] = {{0}};
    struct cli_args a;
    int status = cli_parse(argc, argv, "[COMMAND | config]", options, &a);
    if (status != CLI_GO) return status;
    if (a.operands == 0) return overview();
    if (a.operands > 1) return cli_wrong("help", "one command at a time, found `%s` too", a.operand[1]);
    if (!strcmp(a.operand[0], "config")) return help_config();
    return help_command(a.operand[0]);
}
