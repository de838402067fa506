/* privet dictionary hash: turns a list of terms into keyed fingerprints, so that the proxy knows the terms when it sees
 * them without holding the list. */
#include "filters/detect/dictionary.h"
#include "proxy/base/mem.h"
#include "proxy/cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LIST_MAX ((size_t)4 * 1024 * 1024 * 1024 - 1)
#define KEY_MAX  65536u

static bool read_all(FILE *f, struct buf *out)
{
    for (;;) {
        if (buf_reserve(out, 65536) != ERR_OK) return false;
        size_t n = fread(buf_tail(out), 1, 65536, f);
        buf_commit(out, n);
        if (!n) return !ferror(f);
    }
}

/* The key's bytes; one newline at the end does not belong to it. */
static bool read_key(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "re");
    bool ok = f && read_all(f, out);
    if (!ok) fprintf(stderr, "privet dictionary: %s: %s\n", path, f ? "cannot be read" : strerror(errno));
    if (f) fclose(f);
    struct slice k = buf_slice(out);
    if (ok && k.n && k.p[k.n - 1] == '\n') buf_truncate(out, k.n - 1);
    return ok;
}

static int write_out(struct slice s, const struct dictionary_hashed *counts)
{
    if (fwrite(s.p, 1, s.n, stdout) != s.n || fflush(stdout) != 0) {
        fprintf(stderr, "privet dictionary: %s\n", strerror(errno));
        return CLI_FAILED;
    }
    fprintf(stderr, "%zu terms\n", counts->terms);
    if (!counts->skipped) return CLI_OK;
    fprintf(stderr,
            "privet dictionary: %zu lines left out: a term needs two letters or digits, and at most 24 words and 200 bytes\n",
            counts->skipped);
    return CLI_FAILED;
}

int cli_dictionary(int argc, char **argv)
{
    static const struct cli_option options[] = {
        {"--key-file", "-k", "FILE", "the key, 16 bytes or more: the proxy needs the same"},
        {0},
    };
    static const char *const actions[] = {"hash"};
    struct cli_args a;
    int status = cli_parse(argc, argv, "hash < LIST > FILE", options, &a);
    if (status != CLI_GO) return status;
    if (a.operands != 1) return cli_wrong("dictionary", "expected `hash`, a list on standard input");
    if (strcmp(a.operand[0], "hash") != 0) return cli_unknown("dictionary", "action", a.operand[0], actions, 1);
    if (!a.value[0]) return cli_wrong("dictionary", "which key? --key-file FILE");
    if (isatty(STDOUT_FILENO)) return cli_wrong("dictionary", "fingerprints are no text: send standard output to a file");
    struct buf key = buf_make(2 * KEY_MAX), list = buf_make(LIST_MAX), out = buf_make(LIST_MAX);
    struct dictionary_hashed counts;
    status = CLI_FAILED;
    if (read_key(a.value[0], &key)) {
        enum err e = read_all(stdin, &list) ? ERR_OK : ERR_IO;
        size_t bad = dictionary_bad_line(buf_slice(&list));
        if (!e && !bad) e = dictionary_hash(buf_slice(&list), buf_slice(&key), &out, &counts);
        if (bad) fprintf(stderr, "privet dictionary: line %zu is not UTF-8\n", bad);
        else if (e == ERR_SHAPE) fprintf(stderr, "privet dictionary: the key is shorter than %u bytes\n", DICTIONARY_KEY_MIN);
        else if (e) fprintf(stderr, "privet dictionary: %s\n", err_name(e));
        else status = write_out(buf_slice(&out), &counts);
    }
    buf_free(&key);
    buf_free(&list);
    buf_free(&out);
    return status;
}
