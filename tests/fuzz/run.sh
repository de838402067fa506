#!/bin/bash
# run.sh [SECONDS] [NAME...]: builds every tests/fuzz/fuzz_NAME.c with libFuzzer, ASan and UBSan into build-fuzz and runs
# each for SECONDS (5), from the seeds in tests/corpus/NAME and what earlier runs found in build-fuzz/corpus/NAME.
# An input that fails stays in build-fuzz/found/. The last line is the sum.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
seconds=${1:-5}
shift
san="-fsanitize=address,undefined -fno-sanitize-recover=all"
flags=(CC=clang BUILD=build-fuzz OPT="-O1 -fno-omit-frame-pointer" HARDEN=-fPIE SANF="$san -fsanitize=fuzzer-no-link")
http=$(for c in proxy/http/*.c; do echo "build-fuzz/${c%.c}.o"; done)
# shellcheck disable=SC2086
make -s -j2 "${flags[@]}" build-fuzz/libprivet-filters.a $http || { echo "0 passed, 1 failed"; exit 1; }

passed=0 failed=0
for source in tests/fuzz/fuzz_*.c; do
    name=${source##*/fuzz_} name=${name%.c}
    [ $# = 0 ] || [[ " $* " == *" $name "* ]] || continue
    program=build-fuzz/fuzz_$name
    # shellcheck disable=SC2086
    if ! clang -std=c11 -D_GNU_SOURCE -g -O1 -fno-omit-frame-pointer -Wall -Wextra $san -fsanitize=fuzzer -I. \
        $(pkg-config --cflags libpcre2-8 libhs libcjson libevent) -o "$program" "$source" $http build-fuzz/libprivet-filters.a \
        -levent_core -lssl -lcrypto -lpcre2-8 -lhs -lcjson -lpthread -lm; then
        failed=$((failed + 1))
        echo "FAIL $name does not build"
        continue
    fi
    mkdir -p "build-fuzz/corpus/$name" build-fuzz/found
    seeds=()
    [ -d "tests/corpus/$name" ] && seeds=("tests/corpus/$name")
    if "$program" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=20 -max_len=8192 -print_final_stats=1 -verbosity=0 \
        -artifact_prefix="build-fuzz/found/$name-" "build-fuzz/corpus/$name" "${seeds[@]}" >"build-fuzz/$name.log" 2>&1; then
        passed=$((passed + 1))
        echo "PASS $name $(sed -n 's/^stat::number_of_executed_units: */inputs: /p' "build-fuzz/$name.log")"
    else
        failed=$((failed + 1))
        echo "FAIL $name"
        tail -40 "build-fuzz/$name.log"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
