#include "dlfs/net/plan.hpp"

#include <cstddef>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/dlfs.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

using detail::Link;
using detail::Rows;
using detail::Segment;
using detail::TemporaryPlan;

/// affine (2 -> 3), batch normalisation of the whole batch, relu.
std::vector<Link<float>> chain() {
  Rng rng(1);
  return {{1, "affine", Affine<float>({.in = 2, .out = 3}, He{}, rng)},
          {2, "norm", BatchNormalization<float>({.features = 3})},
          {3, "relu", Relu<float>()}};
}

TEST(Plan, KnowsTheShapeOfEachActivation) {
  const auto links = chain();
  const TemporaryPlan<float> plan(links, {5, 2}, false);
  EXPECT_EQ(plan.count(), 3);
  EXPECT_EQ(plan.rows(), 5);
  EXPECT_EQ(plan.shape_into(0), (Shape{5, 2}));
  EXPECT_EQ(plan.shape_into(2), plan.y(1));
  EXPECT_EQ(plan.y(2), (Shape{5, 3}));
}

TEST(Plan, CutsTheChainAtLayersOfTheWholeBatch) {
  const auto links = chain();
  const TemporaryPlan<float> plan(links, {5, 2}, true);
  ASSERT_TRUE(plan.traits(1).whole_batch);
  EXPECT_EQ(plan.segment_from(0).last, 1);
  EXPECT_EQ(plan.segment_from(1).last, 2);
  EXPECT_EQ(plan.segment_to(3).first, 2);
  EXPECT_EQ(plan.segment_from(1).pieces, 1);
  EXPECT_EQ(plan.segment_from(1).tile_rows, 5);
  EXPECT_EQ(plan.largest_between_segments(), 15);
}

TEST(Plan, StoresWhatTheBackwardPassReads) {
  const std::vector<Link<float>> links{{1, "tanh", Tanh<float>()},
                                       {2, "flatten", Flatten<float>()}};
  ASSERT_TRUE(links[0].layer.traits().keeps_output);
  const TemporaryPlan<float> predicts(links, {4, 2}, false);
  EXPECT_EQ(predicts.stored_bytes(), 0);
  std::byte store[1024];
  EXPECT_EQ(predicts.stored_y(store, 0, {1, 3}).data(), nullptr);
  EXPECT_EQ(predicts.stored_y(store, 0, {1, 3}).shape(), (Shape{2, 2}));
  const TemporaryPlan<float> trains(links, {4, 2}, true);
  EXPECT_GE(trains.stored_bytes(), 4 * 2 * static_cast<Index>(sizeof(float)));
}

TEST(Plan, ErrorsNameTheLayer) {
  const auto links = chain();
  EXPECT_TRUE(test::error_of<ShapeError>([&] {
                TemporaryPlan<float>(links, {5, 4}, true);
              }).starts_with("layer 1 (affine): affine: "));
  EXPECT_EQ(test::error_of<ShapeError>([&] { TemporaryPlan<float>(links, Shape{}, true); }),
            "network: expected x of shape (N, ...), got ()");
  EXPECT_THROW(TemporaryPlan<float>({}, {5, 2}, true), ValueError);
}

TEST(Segment, CoversEveryRowOnceInTilesOfItsPieces) {
  const Segment segment{.first = 0, .last = 1, .pieces = 3, .tile_rows = 4, .tile_elements = 0};
  std::vector<Index> rows;
  for (Index piece = 0; piece < 3; ++piece) {
    segment.for_each_tile(31, piece, [&](Rows tile) {
      EXPECT_LE(tile.last - tile.first, 4);
      for (Index row = tile.first; row < tile.last; ++row) rows.push_back(row);
    });
  }
  ASSERT_EQ(rows.size(), 31u);
  for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i], static_cast<Index>(i));
}

TEST(Segment, ABatchOfNothingIsOneEmptyTile) {
  const Segment segment{.first = 0, .last = 1, .pieces = 1, .tile_rows = 1, .tile_elements = 0};
  int tiles = 0;
  segment.for_each_tile(0, 0, [&](Rows tile) {
    ++tiles;
    EXPECT_EQ(tile.first, tile.last);
  });
  EXPECT_EQ(tiles, 1);
}

}  // namespace
}  // namespace dlfs
