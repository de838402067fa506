/* The command line: one row for each subcommand. */
#include "proxy/base/mem.h"
#include "proxy/cli/cli.h"
#include "config/config.h"
#include "proxy/server.h"

#include <stdio.h>
#include <string.h>

int cli_run(int argc, char **argv)
{
    static const struct cli_option options[] = {{"--config", "-c", "FILE", "the configuration file"}, {0}};
    struct cli_args a;
    int status = cli_parse(argc, argv, NULL, options, &a);
    if (status != CLI_GO) return status;
    if (!a.value[0]) return cli_wrong("run", "which configuration? -c FILE");
    return server_run(a.value[0]);
}

static const struct cli_command commands[] = {
    {"run", cli_run, "serve by a configuration file"},
    {"check", cli_check, "read a configuration and its rules; name every mistake"},
    {"scan", cli_scan, "find secrets and personal data in files or standard input"},
    {"rules", cli_rules, "test or list the rule packs"},
    {"audit", cli_audit, "verify, follow and look up audit records"},
    {"dictionary", cli_dictionary, "turn a list of terms into fingerprints"},
    {"keys", cli_keys, "make a key for a caller"},
    {"version", cli_version, "print the version and those of the libraries"},
    {"help", cli_help, "explain a command, or every key of the configuration"},
};
#define COMMANDS (sizeof commands / sizeof commands[0])

const struct cli_command *cli_commands(size_t *n)
{
    *n = COMMANDS;
    return commands;
}

static int unknown_command(const char *word)
{
    const char *known[COMMANDS];
    for (size_t i = 0; i < COMMANDS; i++) known[i] = commands[i].name;
    const char *near = config_nearest(word, known, COMMANDS);
    if (near) fprintf(stderr, "privet: unknown command `%s`: did you mean `%s`?\n", word, near);
    else fprintf(stderr, "privet: unknown command `%s`: `privet help` lists them\n", word);
    return CLI_USAGE;
}

int main(int argc, char **argv)
{
    char help[] = "help", version[] = "version";
    mem_install_hooks();
    if (argc < 2) {
        char *none[] = {help, NULL};
        (void)cli_help(1, none);
        return CLI_USAGE;
    }
    char *name = argv[1];
    if (!strcmp(name, "--help") || !strcmp(name, "-h")) name = help;
    if (!strcmp(name, "--version") || !strcmp(name, "-V")) name = version;
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, name) != 0) continue;
        argv[1] = name;
        int status = commands[i].run(argc - 1, argv + 1);
        if (fflush(stdout) != 0 && status == CLI_OK) return CLI_FAILED;
        return status;
    }
    return unknown_command(name);
}
