#!/usr/bin/env bash
# Reports which lines and branches of include/ the tests run, header by header, and the sums in the last line.
# Usage: cmake/coverage.sh; the programs take DLFS_DATA and DLFS_BOOK as always.
set -euo pipefail
cd "$(dirname "$0")/.."
cmake/install-dependencies.sh develop

cmake --preset coverage
cmake --build --preset coverage
profiles=$PWD/build/coverage/profiles
rm -rf "$profiles"
mkdir "$profiles"
objects=()
for program in build/coverage/tests/dlfs_*_tests build/coverage/tests/*/dlfs_*_tests; do
  [ -x "$program" ] || continue
  objects+=(-object "$program")
  # Each level of instructions has code of its own.
  for level in avx512 avx2 base; do
    (cd build/coverage &&
      LLVM_PROFILE_FILE=$profiles/$(basename "$program").$level.%m.profraw DLFS_ISA=$level \
        "../../$program" --gtest_brief=1) || echo "$program at $level: a test fails" >&2
  done
done
version=$(clang++ -dumpversion)
"llvm-profdata-${version%%.*}" merge -sparse "$profiles"/*.profraw -o "$profiles/all.profdata"
"llvm-cov-${version%%.*}" report "${objects[@]:1}" -instr-profile="$profiles/all.profdata" \
  -show-region-summary=false -show-instantiation-summary=false include/dlfs
