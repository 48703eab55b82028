#include "dlfs/net/arena.hpp"

#include <cstddef>
#include <random>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace dlfs {
namespace {

using detail::Arena;

TEST(Arena, PutsWhatLivesTogetherSideBySide) {
  Arena arena;
  EXPECT_EQ(arena.take(100), 0);
  EXPECT_EQ(arena.take(1), 128);
  EXPECT_EQ(arena.take(0), 0);
  EXPECT_EQ(arena.bytes(), 192);
}

TEST(Arena, GivesFreePlacesAgain) {
  Arena arena;
  const Index a = arena.take(64);
  const Index b = arena.take(64);
  const Index c = arena.take(64);
  arena.release(a, 64);
  EXPECT_EQ(arena.take(64), a);
  arena.release(a, 64);
  arena.release(b, 64);
  EXPECT_EQ(arena.take(128), a);  // both join
  arena.release(c, 64);
  EXPECT_EQ(arena.take(640), c);  // the last grows
  EXPECT_EQ(arena.bytes(), c + 640);
}

TEST(Arena, NeverGivesAPlaceTwiceAtATime) {
  std::mt19937 rng(1);
  const auto draw = [&](Index end) {
    return static_cast<Index>(rng() % static_cast<std::size_t>(end));
  };
  Arena arena;
  std::vector<std::pair<Index, Index>> taken;
  for (int i = 0; i < 2000; ++i) {
    if (!taken.empty() && draw(2) == 0) {
      const auto k = static_cast<std::size_t>(draw(std::ssize(taken)));
      arena.release(taken[k].first, taken[k].second);
      taken.erase(taken.begin() + static_cast<Index>(k));
      continue;
    }
    const Index bytes = 1 + draw(999);
    const Index offset = arena.take(bytes);
    EXPECT_LE(offset + bytes, arena.bytes());
    EXPECT_EQ(offset % 64, 0);
    for (const auto& [other, count] : taken) {
      ASSERT_TRUE(offset + bytes <= other || other + count <= offset);
    }
    taken.emplace_back(offset, bytes);
  }
}

}  // namespace
}  // namespace dlfs
