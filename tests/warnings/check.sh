#!/usr/bin/env bash
# No warning comes from the headers, whatever of these flags a user compiles with. The files instantiate most of the
# library; warnings of their own lines do not count.
# Usage: check.sh <compiler> <include option>...
set -euo pipefail
compiler=$1
shift
cd "$(dirname "$0")/../.."

flags=(-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast -Wdouble-promotion
  -Wfloat-conversion -Wnull-dereference -Wcast-qual -Wformat=2 -Wnon-virtual-dtor -Woverloaded-virtual -Wundef
  -Wredundant-decls -Wextra-semi -Wzero-as-null-pointer-constant -Wsuggest-override -Wswitch-enum -Wunused -Wvla
  -Wmisleading-indentation -Wimplicit-fallthrough -Wdeprecated-copy-dtor -Wmissing-declarations -Wmismatched-tags)
# Not -Weffc++, -Wfloat-equal, -Wswitch-default, -Wnoexcept: zero is compared with on purpose, and a default would hide
# an enumerator that is left out.
if "$compiler" --version | grep -q clang; then
  flags+=(-Wcast-align -Wshadow-all -Wcomma -Wrange-loop-analysis -Wthread-safety -Wunreachable-code)
else
  flags+=(-Wuseless-cast -Wcast-align=strict -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wsign-promo
    -Wctor-dtor-privacy -Wstrict-null-sentinel -Wcomma-subscript -Wvolatile -Wconditionally-supported -Wredundant-tags)
fi

status=0
for file in tests/odr/first_test.cpp tests/core/promotion_test.cpp tests/numpy/arrays_test.cpp \
  tests/nn/layer_test.cpp tests/nn/layers/{batch_normalization,layer_normalization,convolution}_test.cpp \
  tests/net/branches_test.cpp tests/io/{npz,load_onnx,network_file,cpp_file}_test.cpp; do
  if ! message=$("$compiler" -std=c++20 -fsyntax-only "${flags[@]}" -I include -I tests "$@" \
    -D 'DLFS_FIXTURES=""' -D 'DLFS_CXX=""' "$file" 2>&1); then
    echo "$file does not compile:"
    echo "$message" | grep -m 5 'error' || true
    status=1
  fi
  if found=$(echo "$message" | grep -E '^include/dlfs/.*warning:' | sort -u); then
    echo "$found"
    status=1
  fi
done
exit $status
