#!/usr/bin/env python3
"""Checks who may include whom: the table in proxy/README.md and "Who may include whom" of the plan, by machine.

Every #include "..." of proxy, filters and config is looked up here. A file of a room may include its own room, and
what its row names: rooms, or single headers. Prints each include that is not allowed; exit status 1 if there is one.
"""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

FILTERS = ("filters/",)
PLAIN_FILTERS = ("filters/detect/rules.h", "filters/api/refusal.h", "filters/policy.h")  # definitions without code
# Longest prefix first: the first row that fits a file is its room.
MAY_INCLUDE = (
    ("proxy/base/", ()),
    ("proxy/net/", ("proxy/base/", "proxy/worker.h")),
    ("proxy/http/", ("proxy/base/",)),
    ("proxy/route/", ("proxy/base/", "proxy/net/", "proxy/http/", "config/", "proxy/worker.h")),
    ("proxy/audit/", ("proxy/base/", "config/", "filters/policy.h")),
    ("proxy/admin/", ("proxy/base/", "proxy/net/", "proxy/http/", "config/", "proxy/audit/", "proxy/worker.h")),
    ("proxy/cli/", ("proxy/", "config/") + FILTERS),
    ("proxy/", ("proxy/", "config/") + FILTERS),
    ("filters/", ("filters/", "proxy/base/")),
    ("config/", ("proxy/base/",) + PLAIN_FILTERS),
)
# Libraries that a room must not know, whatever it includes of ours: filters are text, HTTP is bytes.
FORBIDDEN_LIBRARIES = (
    ("filters/", r"event2/|openssl/ssl|sys/socket|netinet/|arpa/|hiredis|yaml\.h|sys/epoll|time\.h"),
    ("proxy/base/", r"openssl/ssl|sys/socket|hiredis|yaml\.h|hs\.h"),
    ("proxy/http/", r"event2/|openssl/|sys/socket|hiredis|yaml\.h|hs\.h|pcre2"),
    ("config/", r"event2/|openssl/ssl|sys/socket|hiredis|hs\.h"),
)
OURS = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
THEIRS = re.compile(r"^\s*#\s*include\s+<([^>]+)>")


def sources():
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "proxy", "filters", "config"], cwd=ROOT, check=True,
                         stdout=subprocess.PIPE, universal_newlines=True).stdout
    return [f for f in out.split("\n") if f.endswith((".c", ".h")) and os.path.exists(os.path.join(ROOT, f))]


def room_of(path):
    for room, may in MAY_INCLUDE:
        if path.startswith(room):
            return room, may
    raise SystemExit("layers: no row for " + path)


def check(path, lines, problems):
    room, may = room_of(path)
    library = [pattern for prefix, pattern in FORBIDDEN_LIBRARIES if path.startswith(prefix)]
    for number, line in enumerate(lines, 1):
        m = OURS.match(line)
        if m:
            target = m.group(1)
            if not os.path.exists(os.path.join(ROOT, target)):
                problems.append("%s:%d: \"%s\" is not a path from the root" % (path, number, target))
            elif room_of(target)[0] != room and not target.startswith(may):
                problems.append("%s:%d: %s may not include %s" % (path, number, room, target))
        m = THEIRS.match(line)
        if m and any(re.match(pattern, m.group(1)) for pattern in library):
            problems.append("%s:%d: %s may not include <%s>" % (path, number, room, m.group(1)))


def selftest():
    bad = []
    check("filters/text/json.c", ['#include "proxy/http/head.h"', "#include <event2/event.h>"], bad)
    check("proxy/http/head.c", ['#include "filters/policy.h"'], bad)
    check("proxy/base/buf.c", ['#include "proxy/http/head.h"'], bad)
    check("proxy/http/head.c", ['#include "head.h"'], bad)
    good = []
    check("filters/text/json.c", ['#include "proxy/base/buf.h"', '#include "filters/text/json.h"', "#include <string.h>"], good)
    if len(bad) != 5 or good:
        raise SystemExit("layers: the check itself is broken: %s %s" % (bad, good))


def main():
    selftest()
    problems, files = [], sources()
    for path in files:
        with open(os.path.join(ROOT, path), encoding="utf-8") as f:
            check(path, f, problems)
    for p in problems:
        print(p)
    print("layers: %d files, %d problems" % (len(files), len(problems)))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
