#!/usr/bin/env bash
# Conan makes the package and its test_package builds. What ConanCenter has is taken from the system.
. "$(dirname "$0")/common.sh"
skip_without conan
[ -e /usr/include/eigen3/Eigen/Core ] || { echo 'skipped: Eigen is not where Debian has it'; exit 77; }

export CONAN_HOME=$work/home CXX=$compiler CONAN_CMAKE_GENERATOR=$generator
conan profile detect
sed -i 's/^compiler.cppstd=.*/compiler.cppstd=20/; s/^build_type=.*/build_type=Debug/' home/profiles/default
conan remote disable '*'
for library in eigen/3.4.0 libpng/1.6.39 nlohmann_json/3.11.2 zlib/1.2.13; do
  conan export "$packaging/conan_system_library.py" --name "${library%/*}" --version "${library#*/}"
done

cp -r "$source_dir/cmake/packaging/conan/test_package" .
conan create "$source_dir/cmake/packaging/conan" --build=missing --test-folder="$work/test_package"
conan create "$source_dir/cmake/packaging/conan" --build=missing --test-folder="$work/test_package" \
  -o 'dlfs/*:compiled=True' >compiled.log 2>&1 || { cat compiled.log; exit 1; }
grep -q DLFS_COMPILED_IO "$(find test_package -name 'dlfs-debug-*-data.cmake')"
conan list 'dlfs/*:*'
