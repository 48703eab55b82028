#!/usr/bin/env bash
# clang-tidy and the warnings of clang++ over two files: one of all headers of include/ with their class templates for float, one of all headers of
# examples/ with the sources of examples/support/. `cmake/tidy.sh all` also checks tests, programs and benchmarks as
# build/asan and build/clang compile them, which takes much longer.
set -euo pipefail
cd "$(dirname "$0")/.."

work=build/tidy
mkdir -p "$work"
mapfile -t headers < <(cd include && git ls-files '*.hpp')
python3 cmake/header_checks.py include cmake/header_checks.txt "$work" "${headers[@]}"
for header in "${headers[@]}"; do
  cat "$work/$header.cpp"
done >"$work/headers.cpp"
git ls-files 'examples/*.hpp' 'examples/support/*.cpp' | sed "s|.*|#include \"$PWD/&\"  // NOLINT|" >"$work/examples.cpp"

eigen=$(pkg-config --cflags-only-I eigen3 | sed 's/-I/-isystem /g')
check() {
  # shellcheck disable=SC2086  # words
  clang-tidy --quiet "$work/$1.cpp" -- -std=c++20 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -I "$PWD/include" -I "$PWD/examples" $eigen \
    -D 'DLFS_SOURCE_DATA_DIR=""' -D 'DLFS_SOURCE_EXAMPLES_DIR=""'
}
status=0
check headers &
check examples || status=1
wait $! || status=1

if [ "${1-}" = all ]; then
  run-clang-tidy -quiet -p build/asan "$PWD/tests/" || status=1
  run-clang-tidy -quiet -p build/clang "$PWD/(examples|benchmarks)/" || status=1
fi
exit $status
