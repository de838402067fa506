#!/bin/sh
# Installs what building, running and testing Privet need on Debian 12, and only what is missing.
set -eu
PKGS="gcc make pkg-config git ca-certificates openssl python3 libevent-dev libssl-dev libpcre2-dev libvectorscan-dev libcjson-dev
libhiredis-dev libyaml-dev libnghttp2-dev libcmocka-dev redis-server cppcheck clang clang-format libclang-rt-14-dev"
missing=
for p in $PKGS; do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
done
[ -z "$missing" ] && exit 0
echo "installing:$missing"
SUDO=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "not root and no sudo: install by hand:$missing" >&2; exit 1; }
    SUDO=sudo
fi
# Debian starts a redis-server when it is installed; tests start their own on a port of their own.
$SUDO env DEBIAN_FRONTEND=noninteractive apt-get update -q
$SUDO env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
