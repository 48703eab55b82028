#!/usr/bin/env bash
# Runs the tests with sanitizers, builds and tests the kernels and layers for each compiler and machine of the matrix, builds
# the programs by clang++, and prints the table that docs/matrix.md keeps. Its minutes are those of one processor.
# Usage: cmake/matrix.sh [preset]...
set -uo pipefail
cd "$(dirname "$0")/.."
presets=("$@")
[ $# -gt 0 ] || presets=(clang asan tsan zen3 uncontracted v3 scalar libcxx newest-clang arm64)

cmake/install-dependencies.sh matrix
mkdir -p build

# The processor seconds of all commands so far.
used_seconds() {
  times >build/times
  seconds=$(awk -F '[ms ]+' 'NR == 2 { print int(60 * ($1 + $3) + $2 + $4) }' build/times)
}

status=0
table="| preset | compiler | tests | failed | minutes |"$'\n'"|---|---|---:|---:|---:|"
for preset in "${presets[@]}"; do
  log=build/$preset.log
  used_seconds
  before=$seconds
  result=built
  cmake --workflow --preset "$preset" 2>&1 | tee "$log" || { status=1; result='not built'; }
  used_seconds
  compiler=$(sed -n 's/^CMAKE_CXX_COMPILER:[^=]*=//p' "build/$preset/CMakeCache.txt")
  # zen3 runs its tests once for each level.
  counts=$(sed -n 's/.*, \([0-9]*\) tests failed out of \([0-9]*\)$/\2 \1/p' "$log" |
    awk -v result="$result" '{ tests += $1; failed += $2 } END { print NR ? tests " | " failed : result " |" }')
  table+=$'\n'"| $preset | $("$compiler" --version | head -n 1) | $counts | $(((seconds - before + 30) / 60)) |"
done
printf '\n%s, %s:\n\n%s\n' "$(date -I)" "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)" "$table"
exit "$status"
