#include "dlfs/simd/level.hpp"

#include <gtest/gtest.h>

#include "support/tensors.hpp"

namespace dlfs::simd {
namespace {

TEST(SimdLevel, BaseIsSupportedEverywhere) { EXPECT_TRUE(is_supported(Level::base)); }

TEST(SimdLevel, SetLevelForcesEachLevelOfTheMachine) {
  const Level before = level();
  for (Level forced : all_levels) {
    if (!is_supported(forced)) {
      EXPECT_EQ(test::error_of<ValueError>([&] { set_level(forced); }),
                str_cat("simd: this machine has no ", to_string(forced)));
      continue;
    }
    set_level(forced);
    EXPECT_EQ(level(), forced);
  }
  set_level(before);
}

TEST(SimdLevel, EnvironmentLowersTheInitialLevel) {
  const auto initial_level_of = [](const char* name) {
    setenv("DLFS_ISA", name, 1);
    const Level found = dlfs::detail::initial_simd_level();
    unsetenv("DLFS_ISA");
    return found;
  };
  EXPECT_EQ(initial_level_of("base"), Level::base);
  EXPECT_EQ(initial_level_of("avx2"), is_supported(Level::avx2) ? Level::avx2 : Level::base);
  EXPECT_EQ(initial_level_of("avx512"), dlfs::detail::initial_simd_level());
  EXPECT_EQ(initial_level_of(""), dlfs::detail::initial_simd_level());
  EXPECT_EQ(test::error_of<ValueError>([&] { initial_level_of("AVX2"); }),
            "simd: expected DLFS_ISA to be base, avx2 or avx512, got AVX2");
  unsetenv("DLFS_ISA");
}

}  // namespace
}  // namespace dlfs::simd
