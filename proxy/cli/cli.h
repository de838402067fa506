/* Subcommands: one file and one row of main.c's table each. A command is called with its own name in argv[0], parses
 * its arguments by a table of options and returns the process's exit status.
 *
 *   static const struct cli_option options[] = {
 *       {"--config", "-c", "FILE", "configuration file"}, {"--redact", NULL, NULL, "rewrite instead of listing"}, {0}};
 *   struct cli_args a;
 *   int status = cli_parse(argc, argv, "[FILE...]", options, &a);
 *   if (status != CLI_GO) return status;
 */
#ifndef PRIVET_CLI_H
#define PRIVET_CLI_H

#include <stdbool.h>
#include <stddef.h>

enum {
    CLI_GO = -1, /* of cli_parse: go on */
    CLI_OK = 0,
    CLI_FAILED = 1, /* the work was done and the answer is no: mistakes found, a file could not be read */
    CLI_USAGE = 2   /* unknown command, option or operand */
};

struct cli_command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help; /* one line */
};
/* The rows of main.c. */
const struct cli_command *cli_commands(size_t *n);

struct cli_option {
    const char *name;  /* "--format"; NULL ends a table */
    const char *alias; /* "-f", or NULL */
    const char *value; /* what the usage calls the value, or NULL for a flag */
    const char *help;
};
#define CLI_OPTIONS_MAX 24
struct cli_args {
    const char *value[CLI_OPTIONS_MAX]; /* by row of the option table: NULL if absent, "" for a flag that was given */
    char **operand;                     /* what is no option, in order (argv is reordered) */
    int operands;
};
/* Parses "--name value", "--name=value", "-x value" and flags; "--" ends the options; "-" is an operand. `--help` and
 * `-h` print the usage made from the table: CLI_OK. An unknown option is named with the nearest known one, and so is a
 * missing value: CLI_USAGE. `operands` describes the operands for the usage; NULL: none are taken. */
int cli_parse(int argc, char **argv, const char *operands, const struct cli_option *options, struct cli_args *out);
/* Prints "privet NAME: message" to standard error and returns CLI_USAGE. */
int cli_wrong(const char *name, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* As cli_wrong, with "did you mean `x`?" where a known word is near. */
int cli_unknown(const char *name, const char *what, const char *word, const char *const *known, size_t n);

/* The commands. */
int cli_run(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_scan(int argc, char **argv);
int cli_rules(int argc, char **argv);
int cli_audit(int argc, char **argv);
int cli_dictionary(int argc, char **argv);
int cli_keys(int argc, char **argv);
int cli_version(int argc, char **argv);
int cli_help(int argc, char **argv);

#endif
