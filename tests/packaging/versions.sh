#!/usr/bin/env bash
# Every file that names the version names that of project().
set -euo pipefail
cd "$(dirname "$0")/../.."

version=$(sed -n 's/^project(dlfs VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
[ -n "$version" ]
status=0
check() {  # <file> <the line that it must have>
  grep -qxF -- "$2" "$1" || {
    echo "$1 does not say $2"
    status=1
  }
}
check vcpkg.json "  \"version\": \"$version\","
check cmake/packaging/vcpkg/dlfs/vcpkg.json "  \"version\": \"$version\","
check CITATION.cff "version: $version"
exit $status
