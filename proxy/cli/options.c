/* Parses a subcommand's arguments by its table of options, and words its complaints. */
#include "config/config.h"
#include "proxy/cli/cli.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int cli_wrong(const char *name, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fprintf(stderr, "privet %s: ", name);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    return CLI_USAGE;
}

int cli_unknown(const char *name, const char *what, const char *word, const char *const *known, size_t n)
{
    const char *near = config_nearest(word, known, n);
    if (near) return cli_wrong(name, "unknown %s `%s`: did you mean `%s`?", what, word, near);
    return cli_wrong(name, "unknown %s `%s`", what, word);
}

static void usage(const char *name, const char *operands, const struct cli_option *options)
{
    printf("usage: privet %s%s%s%s\n", name, options->name ? " [OPTION...]" : "", operands ? " " : "", operands ? operands : "");
    for (const struct cli_option *o = options; o->name; o++) {
        char left[64];
        snprintf(left, sizeof left, "%s%s%s%s%s", o->alias ? o->alias : "", o->alias ? ", " : "", o->name, o->value ? " " : "",
                 o->value ? o->value : "");
        printf("  %-26s  %s\n", left, o->help);
    }
}

/* The row of the option that arg (n bytes of it) names, or -1. */
static int row_of(const struct cli_option *options, const char *arg, size_t n)
{
    for (int i = 0; options[i].name; i++) {
        if (strlen(options[i].name) == n && !strncmp(options[i].name, arg, n)) return i;
        if (options[i].alias && strlen(options[i].alias) == n && !strncmp(options[i].alias, arg, n)) return i;
    }
    return -1;
}

static int unknown_option(const char *name, const struct cli_option *options, const char *arg, size_t n)
{
    const char *known[CLI_OPTIONS_MAX + 1];
    char word[128];
    size_t count = 0;
    for (; options[count].name; count++) known[count] = options[count].name;
    known[count++] = "--help";
    snprintf(word, sizeof word, "%.*s", (int)(n < sizeof word ? n : sizeof word - 1), arg);
    return cli_unknown(name, "option", word, known, count);
}

int cli_parse(int argc, char **argv, const char *operands, const struct cli_option *options, struct cli_args *out)
{
    const char *name = argv[0];
    bool ended = false;
    *out = (struct cli_args){.operand = argv + 1};
    for (int i = 1; i < argc; i++) {
        char *arg = argv[i];
        if (ended || arg[0] != '-' || arg[1] == 0) {
            if (!operands) return cli_wrong(name, "takes no operand, found `%s`", arg);
            out->operand[out->operands++] = arg;
            continue;
        }
        if (!strcmp(arg, "--")) {
            ended = true;
            continue;
        }
        if (!strcmp(arg, "--help") || !strcmp(arg, "-h")) {
            usage(name, operands, options);
            return CLI_OK;
        }
        const char *eq = arg[1] == '-' ? strchr(arg, '=') : NULL;
        size_t n = eq ? (size_t)(eq - arg) : strlen(arg);
        int row = row_of(options, arg, n);
        if (row < 0) return unknown_option(name, options, arg, n);
        assert(row < CLI_OPTIONS_MAX);
        if (!options[row].value && eq) return cli_wrong(name, "%s takes no value", options[row].name);
        if (!options[row].value) {
            out->value[row] = "";
        } else if (eq) {
            out->value[row] = eq + 1;
        } else if (++i < argc) {
            out->value[row] = argv[i];
        } else {
            return cli_wrong(name, "%s needs a value: %s", options[row].name, options[row].value);
        }
    }
    return CLI_GO;
}
