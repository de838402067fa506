#!/bin/sh
# The way through, shown: starts Privet over TLS with the shipped configuration and its built-in echo model, sends a
# prompt full of secrets, plain and streamed, and prints what the app sent, what the model saw and what the app got.
#   tests/demo.sh PRIVET [ONCE] [REDIS]
set -eu
cd "$(dirname "$0")/.."
exec python3 tests/demo.py --privet "$1" ${2:+--once} ${3:+--redis}
