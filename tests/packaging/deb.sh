#!/usr/bin/env bash
# The Debian package holds the headers, and a program compiles against what it unpacks.
. "$(dirname "$0")/common.sh"
skip_without dpkg-deb
skip_without pkg-config

configure
(cd build && cpack -G DEB)
package=$(echo build/libdlfs-dev_*_all.deb)
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

dpkg-deb -x "$package" root
export PKG_CONFIG_PATH=$work/root/usr/share/pkgconfig
pkg-config --exists eigen3 || { echo 'skipped: pkg-config does not know eigen3'; exit 77; }
# shellcheck disable=SC2046  # words
compile "$compiler" "$packaging/program.cpp" program $(pkg-config --cflags --libs dlfs)
./program
