#pragma once

#include <gtest/gtest.h>

#include "dlfs/simd/level.hpp"

namespace dlfs::test {

/// Runs the test at every level of this machine, then restores the level.
template <class Act>
void at_every_level(const Act& act) {
  const simd::Level before = simd::level();
  for (simd::Level level : simd::all_levels) {
    if (!simd::is_supported(level)) continue;
    simd::set_level(level);
    SCOPED_TRACE(simd::to_string(level));
    act();
  }
  simd::set_level(before);
}

}  // namespace dlfs::test
