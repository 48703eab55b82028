#!/usr/bin/env bash
# Each mistake.cpp here fails to compile, and the reason, which its first line states, is within the first lines of
# what the compiler says. Usage: check.sh <compiler> <folder for a precompiled header> <include option>...
set -euo pipefail
compiler=$1 work=$2
shift 2
here=$(dirname "$0")
include=$here/../../include
options=(-std=c++20 -I "$include" "$@")
lines=5

mkdir -p "$work/dlfs"
if "$compiler" --version | grep -q clang; then
  "$compiler" "${options[@]}" -x c++-header "$include/dlfs/dlfs.hpp" -o "$work/dlfs.pch" 2>/dev/null
  options+=(-include-pch "$work/dlfs.pch")
else
  "$compiler" "${options[@]}" -x c++-header "$include/dlfs/dlfs.hpp" -o "$work/dlfs/dlfs.hpp.gch" 2>/dev/null
  options=(-I "$work" "${options[@]}")
fi

failures=0
fail() {
  echo "$1"
  head -n "$lines" "$work/message"
  failures=$((failures + 1))
}
for mistake in "$here"/*.cpp; do
  words=$(sed -n '1s|^// expect: ||p' "$mistake")
  if "$compiler" "${options[@]}" -fsyntax-only "$mistake" 2>"$work/message"; then
    fail "$mistake compiles"
  elif [ -z "$words" ] || ! head -n "$lines" "$work/message" | grep -qF -- "$words"; then
    fail "$mistake: the first $lines lines do not say '$words':"
  fi
done

# Without C++20 there is one reason, and nothing of the headers after it.
for header in dlfs/dlfs.hpp dlfs/io.hpp; do
  echo "#include <$header>" >"$work/standard.cpp"
  if "$compiler" -std=c++17 -I "$include" "${@}" -fsyntax-only "$work/standard.cpp" 2>"$work/message"; then
    fail "$header compiles as C++17"
  elif ! head -n "$lines" "$work/message" | grep -q 'dlfs needs C++20' || [ "$(wc -l <"$work/message")" -gt 12 ]; then
    fail "$header as C++17: expected 'dlfs needs C++20' and at most 12 lines, got $(wc -l <"$work/message"):"
  fi
done
[ "$failures" -eq 0 ] || { echo "$compiler: $failures failures"; exit 1; }
