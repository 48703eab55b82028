#!/usr/bin/env bash
# The Debian packages hold the headers and the library, and a program compiles against what they unpack.
. "$(dirname "$0")/common.sh"
skip_without dpkg-deb
skip_without pkg-config

configure_compiled
(cd build && cpack -G DEB)
package=$(echo build/libdlfs-dev_*_all.deb)
compiled=$(echo build/libdlfs-compiled-dev_*_"$(dpkg --print-architecture)".deb)
dpkg-deb --info "$package"
dpkg-deb -c "$package" >content
for file in include/dlfs/dlfs.hpp include/dlfs/io.hpp share/cmake/dlfs/dlfsConfig.cmake share/pkgconfig/dlfs.pc \
  share/doc/libdlfs-dev/copyright; do
  grep -q " \./usr/$file$" content || { echo "$file is missing:"; cat content; exit 1; }
done
# Every header that the repository has, and no other.
(cd "$source_dir/include" && find dlfs -name '*.hpp' | sort) >expected
sed -n 's|.* \./usr/include/\(.*\.hpp\)$|\1|p' content | sort | diff expected -
[ "$(dpkg-deb -f "$package" Architecture)" = all ]
dpkg-deb -f "$package" Depends | grep -q libeigen3-dev

dpkg-deb --info "$compiled"
dpkg-deb -c "$compiled" | sed -n 's|.* \./usr/\(.*[^/]\)$|\1|p' | sort >content
diff - content <<END
lib/libdlfs_compiled.a
lib/pkgconfig/dlfs-compiled.pc
share/cmake/dlfs/dlfs-compiled-targets-release.cmake
share/cmake/dlfs/dlfs-compiled-targets.cmake
share/doc/libdlfs-compiled-dev/copyright
END
version=$(dpkg-deb -f "$package" Version)
dpkg-deb -f "$compiled" Depends | grep -qF "libdlfs-dev (= $version), zlib1g-dev"

dpkg-deb -x "$package" root
dpkg-deb -x "$compiled" root
export PKG_CONFIG_PATH=$work/root/usr/share/pkgconfig:$work/root/usr/lib/pkgconfig
pkg-config --exists eigen3 || { echo 'skipped: pkg-config does not know eigen3'; exit 77; }
# shellcheck disable=SC2046  # words
compile "$compiler" "$packaging/program.cpp" program $(pkg-config --cflags --libs dlfs)
./program
# shellcheck disable=SC2046  # words
compile "$compiler" "$packaging/program.cpp" program_compiled $(pkg-config --cflags --libs dlfs-compiled)
./program_compiled
