/* The parser of a subcommand's arguments: every way to write an option, and every way to get it wrong. */
#include "proxy/cli/cli.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static const struct cli_option options[] = {
    {"--config", "-c", "FILE", "a file"}, {"--redact", NULL, NULL, "a flag"}, {"--format", "-f", "text|json", "a word"}, {0}};

static char said[4096];

/* Calls the parser with standard output and error going to `said`. */
static int parse(const char *operands, struct cli_args *out, int argc, const char *const *words)
{
    static char copy[16][64];
    char *argv[17];
    FILE *f = tmpfile();
    assert_non_null(f);
    assert_true(argc <= 16);
    for (int i = 0; i < argc; i++) {
        snprintf(copy[i], sizeof copy[i], "%s", words[i]);
        argv[i] = copy[i];
    }
    argv[argc] = NULL;
    fflush(stdout);
    fflush(stderr);
    int keep1 = dup(1), keep2 = dup(2);
    assert_true(keep1 >= 0 && keep2 >= 0 && dup2(fileno(f), 1) == 1 && dup2(fileno(f), 2) == 2);
    int status = cli_parse(argc, argv, operands, options, out);
    fflush(stdout);
    fflush(stderr);
    int ok = dup2(keep1, 1) == 1 && dup2(keep2, 2) == 2;
    close(keep1);
    close(keep2);
    assert_true(ok);
    rewind(f);
    said[fread(said, 1, sizeof said - 1, f)] = 0;
    fclose(f);
    /* operands live in this call's argv */
    for (int i = 0; i < out->operands; i++) assert_non_null(out->operand[i]);
    static char *kept[16];
    for (int i = 0; i < out->operands; i++) kept[i] = out->operand[i];
    out->operand = kept;
    return status;
}

#define PARSE(operands, out, ...)                                                                                                \
    parse((operands), (out), (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)), (const char *[]){__VA_ARGS__})

static void test_taken(void **state)
{
    struct cli_args a;
    (void)state;
    assert_int_equal(PARSE("[FILE...]", &a, "scan", "-c", "x", "one", "--redact", "--format=json", "-", "--", "--two"), CLI_GO);
    assert_string_equal(a.value[0], "x");
    assert_string_equal(a.value[1], "");
    assert_string_equal(a.value[2], "json");
    assert_int_equal(a.operands, 3);
    assert_string_equal(a.operand[0], "one");
    assert_string_equal(a.operand[1], "-");
    assert_string_equal(a.operand[2], "--two");
    assert_string_equal(said, "");
    assert_int_equal(PARSE(NULL, &a, "scan"), CLI_GO);
    assert_null(a.value[0]);
    assert_int_equal(a.operands, 0);
    assert_int_equal(PARSE(NULL, &a, "scan", "--config=", "-f", "-c"), CLI_GO); /* an empty value, and one like an option */
    assert_string_equal(a.value[0], "");
    assert_string_equal(a.value[2], "-c");
}

static void test_help(void **state)
{
    struct cli_args a;
    (void)state;
    assert_int_equal(PARSE("[FILE...]", &a, "scan", "--help"), CLI_OK);
    assert_non_null(strstr(said, "usage: privet scan [OPTION...] [FILE...]"));
    assert_non_null(strstr(said, "-c, --config FILE"));
    assert_int_equal(PARSE(NULL, &a, "scan", "-h", "--wrong"), CLI_OK);
}

static void test_refused(void **state)
{
    static const struct {
        const char *word, *report;
    } cases[] = {{"--confg", "unknown option `--confg`: did you mean `--config`?"},
                 {"--zzzzzzzz", "unknown option `--zzzzzzzz`\n"},
                 {"-x", "unknown option `-x`"},
                 {"--confg=y", "unknown option `--confg`: did you mean `--config`?"},
                 {"--config", "--config needs a value: FILE"},
                 {"--redact=yes", "--redact takes no value"},
                 {"word", "takes no operand, found `word`"}};
    struct cli_args a;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(PARSE(NULL, &a, "scan", cases[i].word), CLI_USAGE);
        if (!strstr(said, cases[i].report)) print_error("%s\n", said);
        assert_non_null(strstr(said, cases[i].report));
        assert_int_equal(strncmp(said, "privet scan: ", 13), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_taken), cmocka_unit_test(test_help), cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
