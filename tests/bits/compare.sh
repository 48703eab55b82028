#!/bin/sh
# Compiles the programs beside it with different flags, and compares what they print: the bits of
# all results, at each level of this machine.
#
#   compare.sh FOLDER INCLUDE EIGEN CXX [all]
#
# FOLDER takes the programs. `all`: every combination of flags, instead of those that differ most.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
folder=$1
include=$2
eigen=$3
cxx=$4
mkdir -p "$folder"
cd "$folder"
rm -f ./*.expected ./*.statistics

failed=0
compare() { # NAME COMPILER FLAGS...
  name=$1
  shift
  command -v "$1" > /dev/null || return 0
  for program in functions training; do
    "$@" -std=c++20 -c -I "$include" -I "$here/.." -isystem "$eigen" "$here/$program.cpp" \
      -o $program.o
    "$1" $program.o -o $program -pthread
    ./$program > "$program.$name"
    [ -f $program.expected ] || cp "$program.$name" $program.expected
    if ! diff $program.expected "$program.$name" > $program.diff; then
      failed=1
      echo "$program: $* gives other bits than the first flags in"
      sed -n 's/^> \([^ ]* [^ ]*\).*/  \1/p' $program.diff | sort -u
    fi
  done
  echo "compared: $*"
}

compare debug "$cxx" -O0
compare zen g++ -O2 -march=native -mtune=znver3 -fdump-statistics
compare clang_native clang++ -O1 -march=native
if [ "${5-}" = all ]; then
  compare usual g++ -O2
  compare native g++ -O2 -march=native
  compare portable_zen g++ -O2 -mtune=znver3
  compare better g++ -O1
  compare best g++ -O3
  compare apart g++ -O2 -march=native -ffp-contract=off
  compare best_native g++ -O3 -march=native
  compare v3 g++ -O2 -march=x86-64-v3 -mtune=znver3
  compare clang_debug clang++ -O0
  compare clang_usual clang++ -O2
  compare clang_best clang++ -O3 -march=native
  compare clang_apart clang++ -O2 -march=native -ffp-contract=off
  compare clang_fast clang++ -O2 -march=native -ffp-contract=fast
fi

# The functions in which g++ fused what the code leaves open. The products of these are exact.
exact='dlfs::Rng::\|dlfs::detail::digits::\|add_blurred_noise'
if grep -h '"fused multiply-adds inserted"' ./*.statistics 2> /dev/null | grep -v "$exact"; then
  echo "These functions leave it to the compiler how a product and a sum are rounded."
  failed=1
fi
exit $failed
