#!/usr/bin/env bash
# Programs find the installed headers by pkg-config alone, wherever the folder is moved.
. "$(dirname "$0")/common.sh"
skip_without pkg-config

configure
cmake --install build --prefix "$work/first" >/dev/null
mv first moved
export PKG_CONFIG_PATH=$work/moved/share/pkgconfig
pkg-config --exists eigen3 || { echo 'skipped: pkg-config does not know eigen3'; exit 77; }

pkg-config --print-errors --exists dlfs dlfs-io
[ "$(pkg-config --modversion dlfs)" = "$(sed -n 's/^project(dlfs VERSION \([0-9.]*\).*/\1/p' "$source_dir/CMakeLists.txt")" ]
case " $(pkg-config --cflags dlfs) " in
  *" -I$work/moved/"*) ;;
  *) echo "not the moved folder: $(pkg-config --cflags dlfs)"; exit 1 ;;
esac

# shellcheck disable=SC2046  # words
compile "$compiler" "$packaging/program.cpp" program $(pkg-config --cflags --libs dlfs)
./program
# shellcheck disable=SC2046  # words
compile "$compiler" "$source_dir/tests/consumers/consumer.cpp" consumer $(pkg-config --cflags --libs dlfs-io)
./consumer
