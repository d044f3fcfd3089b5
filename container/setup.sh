#!/usr/bin/env bash
# Installs, by name, what Holt needs to be built and tested on Debian 12 or 13. Quick when nothing is missing.
# Usage: container/setup.sh build|test     ("test" adds what only the tests need)
set -euo pipefail

build_packages=(
  bazel-bootstrap bazel-rules-java bazel-rules-proto bazel-skylib bazel-platforms
  g++ pkg-config ca-certificates openssl curl git python3
  libssl-dev libevent-dev libgrpc++-dev libgrpc-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc
  libabsl-dev libfmt-dev libsqlite3-dev libseccomp-dev libcap-ng-dev libc-ares-dev libsimdjson-dev libcli11-dev
  libgtest-dev libgmock-dev libbenchmark-dev
)
test_packages=(nginx-light sqlite3 clang libclang-rt-14-dev clang-format procps)

deps_prefix=/opt/holt-deps

say() { printf 'setup: %s\n' "$*" >&2; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"
  elif command -v sudo >/dev/null 2>&1; then sudo "$@"
  else die "packages are missing and this is not root and sudo is not there: as root, run container/setup.sh $mode"
  fi
}

missing() {
  local package installed
  installed=$(dpkg-query -W -f='${db:Status-Abbrev}${Package}\n' "$@" 2>/dev/null | sed -n 's/^ii //p')
  for package in "$@"; do
    grep -qxF "$package" <<<"$installed" || printf '%s ' "$package"
  done
}

# The end-to-end tests need Node 18 or newer with npm, from wherever it comes.
node_packages() {
  local major
  major=$(node --version 2>/dev/null | sed -n 's/^v\([0-9]*\)\..*/\1/p')
  if [ "${major:-0}" -ge 18 ] && command -v npm >/dev/null 2>&1; then return 0; fi
  echo nodejs npm
}

install_packages() {
  local wanted
  wanted=$(missing "$@")
  [ -z "$wanted" ] && return 0
  command -v apt-get >/dev/null 2>&1 || die "this is not Debian (no apt-get); install by hand: $wanted"
  say "installing: $wanted"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update >/dev/null ||
    die "apt-get update failed: check the network and /etc/apt/sources.list"
  # shellcheck disable=SC2086
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $wanted >/dev/null ||
    die "apt-get install failed for: $wanted"
}

# llhttp exists from Debian 13 on. On Debian 12 its static library is taken from there: one signature-checked download
# of that single package, unpacked to a private prefix. The system's own sources and pins are not touched.
install_llhttp() {
  [ -e "$deps_prefix/usr/include/llhttp.h" ] && return 0
  [ -e /usr/include/llhttp.h ] && return 0
  if apt-cache show libllhttp-dev >/dev/null 2>&1; then install_packages libllhttp-dev; return 0; fi
  local work uri
  work=$(mktemp -d)
  trap 'rm -rf "$work"' RETURN
  chmod 755 "$work"
  uri=$(debian_uri)
  mkdir -p "$work/parts" "$work/lists/partial" "$work/cache/archives/partial"
  cat >"$work/parts/trixie.sources" <<SOURCES
Types: deb
URIs: $uri
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
  local apt=(apt-get -qq -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$work/parts"
    -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root)
  say "taking llhttp's static library from Debian 13 into $deps_prefix"
  as_root "${apt[@]}" update >/dev/null || die "could not read Debian 13's package list from $uri"
  (cd "$work" && as_root "${apt[@]}" download libllhttp-dev >/dev/null) || die "could not download libllhttp-dev"
  as_root mkdir -p "$deps_prefix"
  as_root dpkg -x "$work"/libllhttp-dev_*.deb "$deps_prefix"
}

# The mirror this machine already uses for Debian itself.
debian_uri() {
  local found
  found=$(grep -rhoE '^URIs: .*|^deb(-src)? .*' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null |
    grep -oE '(https?|file)://[^ ]+/debian/?( |$)' | head -1 | tr -d ' ')
  printf '%s\n' "${found:-http://deb.debian.org/debian}"
}

mode=${1:-build}
case "$mode" in
  build) install_packages "${build_packages[@]}" ;;
  test)
    read -ra node <<<"$(node_packages)"
    install_packages "${build_packages[@]}" "${test_packages[@]}" "${node[@]}"
    ;;
  *) die "usage: container/setup.sh build|test" ;;
esac
install_llhttp
