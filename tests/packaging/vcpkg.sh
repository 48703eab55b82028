#!/usr/bin/env bash
# The vcpkg port installs what find_package finds. vcpkg itself is not run: vcpkg_port.cmake stands in for it.
. "$(dirname "$0")/common.sh"

cmake -D work="$work" -D generator="$generator" -D compiler="$compiler" -P "$packaging/vcpkg_port.cmake"
cmake -S "$source_dir/tests/consumers/find_package" -B consumer -G "$generator" -D CMAKE_CXX_COMPILER="$compiler" \
  -D CMAKE_PREFIX_PATH="$work/packages" -D more_components=compiled >configure.log
cmake --build consumer
consumer/consumer
