#!/usr/bin/env bash
# Every macro that a header of dlfs leaves behind begins with DLFS_.
# Usage: check_macros.sh <compiler> <include option>...
set -euo pipefail
compiler=$1
shift
include=$(cd "$(dirname "$0")/../../include" && pwd)
printf '#include <dlfs/io.hpp>\n#include <dlfs/io/history.hpp>\n#include <dlfs/io/cpp_file.hpp>\n#include <dlfs/io/folded_network.hpp>\n#include <dlfs/compiled.hpp>\n' |
  "$compiler" -std=c++20 -I "$include" "$@" -E -dD -x c++ - |
  awk -v include="$include/dlfs/" '
    /^# [0-9]+ "/ { is_own = index($3, include) > 0; seen += is_own }
    is_own && /^#define / && $2 !~ /^DLFS_/ { defined[$2] = 1 }
    is_own && /^#undef / { delete defined[$2] }
    END {
      if (!seen) { print "no header of dlfs was read"; exit 1 }
      for (name in defined) { print "a macro without DLFS_: " name; failures++ }
      exit failures > 0
    }'
