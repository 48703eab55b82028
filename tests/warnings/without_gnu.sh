#!/usr/bin/env bash
# The headers ask a compiler for none of GNU's extensions unless it says that it has them: clang, when it does not say
# so, takes the same paths as MSVC. libstdc++ needs them, libc++ does not.
# Usage: without_gnu.sh <clang++> <include option>...
set -euo pipefail
compiler=$1
shift
cd "$(dirname "$0")/../.."
flags=(-std=c++20 -fsyntax-only -fgnuc-version=0 -stdlib=libc++)
if ! echo '#include <version>' | "$compiler" "${flags[@]}" -x c++ - 2>/dev/null; then
  echo "$compiler has no libc++"
  exit 77
fi
"$compiler" "${flags[@]}" -Wall -Wextra -Wpedantic -Wconversion -Wno-sign-conversion -Wshadow -Werror -I include "$@" \
  tests/warnings/without_gnu.cpp
