#!/bin/sh
# Installs what the given purpose needs from Debian's or Ubuntu's packages; does nothing where all of it is there.
# Usage: install-dependencies.sh demo|test|develop|matrix
set -eu

demo="g++ cmake ninja-build libeigen3-dev zlib1g-dev libpng-dev libjpeg-dev nlohmann-json3-dev libcli11-dev gnuplot-nox"
test="$demo libgtest-dev libbenchmark-dev pkg-config python3"
develop="$test clang clang-format clang-tidy doxygen libclang-rt-dev libc++-dev libc++abi-dev llvm g++-aarch64-linux-gnu qemu-user"
matrix="$develop clang-22"

case "${1-}" in
  demo) packages=$demo ;;
  test) packages=$test ;;
  develop) packages=$develop ;;
  matrix) packages=$matrix ;;
  *)
    echo "usage: $0 demo|test|develop|matrix" >&2
    exit 2
    ;;
esac

if ! command -v apt-get >/dev/null; then
  # CMake fetches the libraries; the tools must be there.
  if command -v c++ >/dev/null && command -v cmake >/dev/null && command -v ninja >/dev/null; then
    exit 0
  fi
  echo "$0: no apt-get here; install what these Debian packages hold: $packages" >&2
  exit 1
fi

missing=
for package in $packages; do
  status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) || true
  [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
[ "$(id -u)" -eq 0 ] || as_root=sudo
"$(dirname "$0")/quietly.sh" "Installing:$missing" sh -euc "
  $as_root apt-get update -qq
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing"
