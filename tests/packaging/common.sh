# Sourced by the checks of this folder, each of which is called with
# <folder to work in> <compiler> <generator> <include option of Eigen>...
set -euo pipefail

packaging=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source_dir=$(cd "$packaging/../.." && pwd)
work=$1
compiler=$2
generator=$3
eigen=("${@:4}")

rm -rf "$work"
mkdir -p "$work"
cd "$work"

# skip_without <program>: ends the check as skipped where the program is missing.
skip_without() {
  command -v "$1" >/dev/null || {
    echo "skipped: there is no $1 here"
    exit 77
  }
}

# configure [<option>...]: dlfs alone, from nothing, in the folder build.
configure() {
  cmake -S "$source_dir" -B build -G "$generator" -D CMAKE_BUILD_TYPE=Release -D CMAKE_CXX_COMPILER="$compiler" \
    -D DLFS_BUILD_TESTS=OFF -D DLFS_BUILD_EXAMPLES=OFF -D DLFS_BUILD_BENCHMARKS=OFF "$@" >configure.log ||
    { cat configure.log; exit 1; }
}

# configure_compiled [<option>...]: the same with dlfs::compiled, which is built as quickly as can be.
configure_compiled() {
  configure -D DLFS_COMPILED=ON -D CMAKE_CXX_FLAGS_RELEASE=-O0 "$@"
  cmake --build build
}

# compile <compiler> <source> <program> [<option>...]: quickly, as what counts is that it builds.
compile() {
  "$1" -std=c++20 -O0 "$2" -o "$3" "${@:4}"
}
