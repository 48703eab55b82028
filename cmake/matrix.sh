#!/usr/bin/env bash
# Builds and tests the kernels and layers for each compiler and machine of the matrix, and prints a table.
# Usage: cmake/matrix.sh [preset]...
set -uo pipefail
cd "$(dirname "$0")/.."
presets=("$@")
[ $# -gt 0 ] || presets=(zen3 uncontracted v3 scalar libcxx newest-clang arm64)

cmake/install-dependencies.sh matrix
mkdir -p build
status=0
table="| preset | compiler | tests | failed |"$'\n'"|---|---|---|---|"
for preset in "${presets[@]}"; do
  log=build/$preset.log
  cmake --workflow --preset "$preset" 2>&1 | tee "$log" || status=1
  compiler=$(sed -n 's/^CMAKE_CXX_COMPILER:[^=]*=//p' "build/$preset/CMakeCache.txt")
  # One line for each run of the tests: zen3 has one for each level.
  runs=$(sed -n 's/.*, \([0-9]*\) tests failed out of \([0-9]*\)$/\2 | \1/p' "$log")
  while read -r counts; do
    table+=$'\n'"| $preset | $("$compiler" --version | head -n 1) | ${counts:-not built |} |"
  done <<<"$runs"
done
printf '%s\n' "$table"
exit "$status"
