#!/bin/sh
# What the compilers do not say: clang-format, cppcheck, and the rules of the house (tests/house.py).
set -eu
cd "$(dirname "$0")/.."
status=0
python3 tests/house.py || status=1
find proxy filters config tests -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run --Werror || status=1 # else: make format
cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --std=c11 --language=c --inline-suppr -j2 \
    --template='{file}:{line}: {severity} {id}: {message}' \
    -I. -D_GNU_SOURCE -D__SSE2__ -D__x86_64__ proxy filters config || status=1
[ $status = 0 ] && echo "lint: clean"
exit $status
