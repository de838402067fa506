#!/usr/bin/env python3
"""The rules of the house that no compiler checks: functions that are banned, and where; lines; how a file opens.

BANNED grows by rows. A use that is right all the same carries a comment on its own line: /* house: why */.
"""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LINE_MAX = 170

EVERYWHERE = ("proxy/", "filters/", "config/")
TEXT = ("filters/", "proxy/exchange", "proxy/http/", "proxy/net/", "proxy/route/", "proxy/audit/", "proxy/base/")
QUIET = ("filters/", "config/", "proxy/exchange", "proxy/http/", "proxy/net/", "proxy/route/", "proxy/audit/",
         "proxy/admin/", "proxy/base/", "proxy/server", "proxy/snapshot", "proxy/worker")
# function, where it is banned, files it is allowed in, why
BANNED = (
    (r"strcpy|strcat|stpcpy|sprintf|vsprintf|gets", EVERYWHERE, (), "writes without a limit"),
    (r"strncpy|strncat", EVERYWHERE, (), "may leave out the NUL"),
    (r"strtok|strtok_r", EVERYWHERE, (), "writes into what it reads"),
    (r"atoi|atol|atoll|atof", EVERYWHERE, (), "cannot fail; slice_u64 can"),
    (r"scanf|sscanf|fscanf|vsscanf", EVERYWHERE, (), "overflows silently"),
    (r"alloca", EVERYWHERE, (), "no limit on the stack"),
    (r"system|popen|wordexp", EVERYWHERE, (), "runs a shell"),
    (r"rand|srand|random|drand48", EVERYWHERE, (), "can be guessed; RAND_bytes or getrandom"),
    (r"tmpnam|mktemp|tempnam", EVERYWHERE, (), "a race"),
    (r"setjmp|longjmp|sigsetjmp", EVERYWHERE, (), "skips the one label that cleans up"),
    (r"gethostbyname|inet_ntoa|localtime|gmtime|asctime|ctime", EVERYWHERE, (), "not for threads"),
    (r"malloc|calloc|realloc|free|strdup|strndup|asprintf|vasprintf|reallocarray|aligned_alloc|posix_memalign", TEXT,
     ("proxy/base/mem.c",), "is not wiped when it goes; mem.h is"),
    (r"printf|puts|putchar|perror|vprintf", QUIET, ("proxy/server.c",), "goes past the log; log.h takes typed fields"),
    (r"fprintf|fputs|vfprintf", QUIET, (), "goes past the log; log.h takes typed fields"),
    (r"sleep|usleep|nanosleep", TEXT, (), "stalls a worker"),
)
COMPILED = [(re.compile(r"(?<![\w.>])(%s)\s*\(" % names), where, allowed, why) for names, where, allowed, why in BANNED]
TOKEN = re.compile(r"""/\*.*?\*/ | //[^\n]* | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'""", re.S | re.X)


def sources():
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "proxy", "filters", "config", "tests"], cwd=ROOT,
                         check=True, stdout=subprocess.PIPE, universal_newlines=True).stdout
    return [f for f in out.split("\n") if f.endswith((".c", ".h")) and os.path.exists(os.path.join(ROOT, f))]


def code_only(text):
    """Comments and strings become spaces; lines stay where they are."""
    return TOKEN.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), text)


def check_calls(path, text, problems):
    lines = text.split("\n")
    for number, line in enumerate(code_only(text).split("\n"), 1):
        for pattern, where, allowed, why in COMPILED:
            m = pattern.search(line)
            if m and path.startswith(where) and path not in allowed and "/* house:" not in lines[number - 1]:
                problems.append("%s:%d: %s: %s" % (path, number, m.group(1), why))


def check_lines(path, text, problems):
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > LINE_MAX and '"' not in line:  # a row of a table may be as long as its texts are
            problems.append("%s:%d: %d characters; %d are enough" % (path, number, len(line), LINE_MAX))
        if line != line.rstrip():
            problems.append("%s:%d: white space at the end" % (path, number))
        if "\t" in line:
            problems.append("%s:%d: a tab" % (path, number))
    if not text.endswith("\n") or text.endswith("\n\n"):
        problems.append("%s: must end with one line end" % path)
    if not text.startswith("/*"):
        problems.append("%s:1: a file opens with its job" % path)


def selftest():
    bad, good = [], []
    check_calls("filters/x.c", "char *p = malloc(4);\nprintf(\"x\");\n", bad)
    check_calls("proxy/cli/x.c", "strcpy(a, b);\n", bad)
    check_calls("filters/x.c", "/* malloc(4) */ mem_free(p); x.free(y); h->free(z); \"gets(\";\n", good)
    check_calls("proxy/cli/x.c", "printf(\"ok\");\n", good)
    if len(bad) != 3 or good:
        raise SystemExit("house: the check itself is broken: %s %s" % (bad, good))


def main():
    selftest()
    problems, files = [], sources()
    for path in files:
        with open(os.path.join(ROOT, path), encoding="utf-8") as f:
            text = f.read()
        check_lines(path, text, problems)
        if not path.startswith("tests/"):
            check_calls(path, text, problems)
    for p in problems:
        print(p)
    print("house: %d files, %d problems" % (len(files), len(problems)))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
