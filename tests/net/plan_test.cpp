#include "dlfs/net/plan.hpp"

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/dlfs.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

using detail::Place;
using detail::Plan;
using detail::PlanCache;
using detail::Rows;
using detail::Segment;
using detail::Topology;

/// A network of one input whose layers follow one another.
Topology<float> chain_of(std::vector<NamedLayer<float>> layers) {
  Topology<float> network{.inputs = {"x"}, .layers = {}, .nodes = {}, .outputs = {}};
  for (auto& [name, layer] : layers) {
    const Index i = std::ssize(network.nodes);
    network.layers.push_back({.layer = std::move(layer)});
    network.nodes.push_back({name, i, {i}});
    network.outputs = {i + 1};
  }
  return network;
}

/// affine (2 -> 3), batch normalisation of the whole batch, relu.
Topology<float> chain() {
  Rng rng(1);
  return chain_of({{"affine", Affine<float>({.in = 2, .out = 3}, He{}, rng)},
                   {"norm", BatchNormalization<float>({.features = 3})},
                   {"relu", Relu<float>()}});
}

Plan<float> plan_of(const Topology<float>& network, const Shape& x, bool with_backward) {
  const TensorView<const float> view(nullptr, x);
  return {network, {&view, 1}, with_backward};
}

TEST(Plan, KnowsTheShapeOfEachValue) {
  const auto network = chain();
  const auto plan = plan_of(network, {5, 2}, false);
  EXPECT_EQ(plan.steps().size(), 3u);
  EXPECT_EQ(plan.rows(), 5);
  EXPECT_EQ(plan.value(0).shape, (Shape{5, 2}));
  EXPECT_EQ(plan.value(2).shape, (Shape{5, 3}));
  EXPECT_EQ(plan.output_shape(), (Shape{5, 3}));
}

TEST(Plan, DividesTheNetworkAtLayersOfTheWholeBatch) {
  const auto network = chain();
  const auto plan = plan_of(network, {10000, 2}, true);
  ASSERT_EQ(plan.segments().size(), 3u);
  EXPECT_EQ(plan.segments()[1].first, 1);
  EXPECT_EQ(plan.segments()[1].last, 2);
  EXPECT_EQ(plan.segments()[1].pieces, 1);
  EXPECT_EQ(plan.segments()[1].tile_rows, 10000);
}

TEST(Plan, RunsASmallBatchInOneSegment) {
  const auto network = chain();
  for (const bool with_backward : {false, true}) {
    const auto plan = plan_of(network, {5, 2}, with_backward);
    ASSERT_EQ(plan.segments().size(), 1u);
    EXPECT_EQ(plan.segments()[0].pieces, 1);
    EXPECT_EQ(plan.segments()[0].tile_rows, 5);
    EXPECT_TRUE(plan.rows_steps().empty());  // batch normalisation needs views
  }
}

TEST(Plan, ListsStepsOfDenseRows) {
  Rng rng(1);
  const auto network = chain_of({{"affine1", Affine<float>({.in = 2, .out = 3}, He{}, rng)},
                                 {"relu", Relu<float>()},
                                 {"affine2", Affine<float>({.in = 3, .out = 1}, He{}, rng)}});
  const auto plan = plan_of(network, {4, 2}, false);
  ASSERT_EQ(plan.rows_steps().size(), 3u);
  const auto steps = plan.rows_steps();
  EXPECT_EQ(steps[0].x_offset, -1);
  EXPECT_EQ(steps[2].y_offset, -1);
  EXPECT_EQ(steps[1].x_offset, steps[0].y_offset);
  EXPECT_EQ(steps[1].x_size, 3);
  EXPECT_EQ(steps[2].y_size, 1);
  EXPECT_TRUE(plan_of(network, {4, 2}, true).rows_steps().empty());
  EXPECT_TRUE(plan_of(network, {100000, 2}, false).rows_steps().empty());
}

TEST(Plan, StoresWhatTheBackwardPassReads) {
  const auto network = chain_of({{"tanh", Tanh<float>()}, {"flatten", Flatten<float>()}});
  ASSERT_TRUE(network.layer(0).layer.traits().keeps_output);
  const auto predicts = plan_of(network, {4, 2}, false);
  EXPECT_EQ(predicts.stored_bytes(), 0);
  EXPECT_EQ(predicts.value(1).place, Place::tile);
  const auto trains = plan_of(network, {4, 2}, true);
  EXPECT_EQ(trains.value(1).place, Place::store);
  EXPECT_GE(trains.stored_bytes(), 4 * 2 * static_cast<Index>(sizeof(float)));
}

TEST(Plan, ReusesTheMemoryOfValuesThatNobodyReadsAnyMore) {
  std::vector<NamedLayer<float>> layers;
  for (int i = 0; i < 9; ++i) layers.push_back({str_cat("relu", i), Relu<float>()});
  const auto network = chain_of(layers);
  const auto plan = plan_of(network, {4, 100}, true);
  const Index bytes = detail::Arena::aligned(4 * 100 * static_cast<Index>(sizeof(float)));
  EXPECT_EQ(plan.segments()[0].backward_tile_bytes, 2 * bytes);
  EXPECT_EQ(plan_of(network, {4, 100}, false).segments()[0].forward_tile_bytes, 2 * bytes);
}

TEST(Plan, RunsAMaximumBeforeAMonotoneFunctionThatItAloneReads) {
  auto network =
      chain_of({{"relu", Relu<float>()}, {"pool", MaxPooling<float>({.kernel = 2, .stride = 2})}});
  EXPECT_EQ(plan_of(network, {1, 1, 4, 4}, false).value(1).shape, (Shape{1, 1, 2, 2}));
  network.outputs = {1, 2};
  EXPECT_EQ(plan_of(network, {1, 1, 4, 4}, false).value(1).shape, (Shape{1, 1, 4, 4}));
}

TEST(Plan, ErrorsNameTheLayer) {
  const auto network = chain();
  EXPECT_TRUE(test::error_of<ShapeError>([&] {
                plan_of(network, {5, 4}, true);
              }).starts_with("layer 1 (affine): affine: "));
  EXPECT_EQ(test::error_of<ShapeError>([&] { plan_of(network, Shape{}, true); }),
            "network: expected x of shape (N, ...), got ()");
  EXPECT_THROW(plan_of(chain_of({}), {5, 2}, true), ValueError);
}

TEST(PlanCache, FindsAPlanUntilAParameterHasAnotherShape) {
  auto network = chain();
  const PlanCache<float> cache;
  std::optional<Plan<float>> temporary;
  const auto find = [&](const Shape& x, bool with_backward) {
    const TensorView<const float> view(nullptr, x);
    return &cache.plan_for(network, {&view, 1}, with_backward, temporary);
  };
  const auto* const plan = find({5, 2}, false);
  EXPECT_EQ(find({5, 2}, false), plan);
  EXPECT_NE(find({5, 2}, true), plan);
  EXPECT_NE(find({6, 2}, false), plan);
  network.layers[0].layer.parameters()[0]->value = Tensor<float>({4, 3});
  EXPECT_THROW(find({5, 2}, false), ShapeError);
  EXPECT_EQ(find({5, 4}, false)->value(0).shape, (Shape{5, 4}));
}

TEST(PlanCache, GivesTemporaryPlansWhenItIsFull) {
  const auto network = chain();
  const PlanCache<float> cache;
  std::optional<Plan<float>> temporary;
  for (Index rows = 1; !temporary; ++rows) {
    ASSERT_LT(rows, 1000);
    const TensorView<const float> view(nullptr, {rows, 2});
    const Plan<float>& plan = cache.plan_for(network, {&view, 1}, false, temporary);
    EXPECT_EQ(plan.rows(), rows);
  }
  EXPECT_TRUE(cache.is_full());
}

TEST(Segment, CoversEveryRowOnceInTilesOfItsPieces) {
  const Segment segment{.first = 0, .last = 1, .pieces = 3, .tile_rows = 4};
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
  const Segment segment{.first = 0, .last = 1, .pieces = 1, .tile_rows = 1};
  int tiles = 0;
  segment.for_each_tile(0, 0, [&](Rows tile) {
    ++tiles;
    EXPECT_EQ(tile.first, tile.last);
  });
  EXPECT_EQ(tiles, 1);
}

}  // namespace
}  // namespace dlfs
