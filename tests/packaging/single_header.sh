#!/usr/bin/env bash
# A program prints the same whether it includes dlfs.single.hpp or the folder dlfs/.
. "$(dirname "$0")/common.sh"
skip_without python3

configure
cmake --build build --target single_header
mkdir alone
mv build/dlfs.single.hpp alone

for each in g++ clang++; do
  command -v "$each" >/dev/null || continue
  compile "$each" "$packaging/program.cpp" "single_$each" -D DLFS_SINGLE_HEADER -I alone "${eigen[@]}" -pthread \
    -Wall -Wextra -Wpedantic -Wconversion -Wno-sign-conversion -Wshadow -Werror
  compile "$each" "$packaging/program.cpp" "tree_$each" -I "$source_dir/include" "${eigen[@]}" -pthread
  diff <(./"single_$each") <(./"tree_$each")
  echo "$each: the same $(./"single_$each" | wc -l) figures"
  tested=yes
done
[ -n "${tested-}" ]
