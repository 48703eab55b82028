#!/usr/bin/env bash
# Programs find the installed headers and the library by pkg-config alone, wherever the folder is moved.
. "$(dirname "$0")/common.sh"
skip_without pkg-config

configure_compiled
cmake --install build --prefix "$work/first" >/dev/null
mv first moved
export PKG_CONFIG_PATH=$work/moved/share/pkgconfig:$(dirname "$(find "$work/moved" -name dlfs-compiled.pc)")
pkg-config --exists eigen3 || { echo 'skipped: pkg-config does not know eigen3'; exit 77; }

pkg-config --print-errors --exists dlfs dlfs-io dlfs-compiled
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

# The same program, by one other word. Its templates are those of the library.
# shellcheck disable=SC2046  # words
"$compiler" -std=c++20 -O0 -c "$source_dir/tests/consumers/consumer.cpp" -o consumer.o \
  $(pkg-config --cflags dlfs-compiled)
nm -C consumer.o | grep ' U dlfs::NeuralNetwork<float>::predict'
# shellcheck disable=SC2046  # words
"$compiler" consumer.o -o consumer_compiled $(pkg-config --libs dlfs-compiled)
./consumer_compiled
