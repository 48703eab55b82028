#include "dlfs/nn/layers/pad_channels.hpp"

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

using test::error_of;

static_assert(Layer<PadChannels<float>> && Layer<PadChannels<double>>);

TEST(PadChannels, PutsZerosBehindTheChannels) {
  test::Bench bench(PadChannels<float>({.channels = 3}), array<float>({{{1, 2}}, {{3, 4}}}));
  bench.forward();
  test::expect_equal(bench.y, array<float>({{{1, 2}, {0, 0}, {0, 0}}, {{3, 4}, {0, 0}, {0, 0}}}));
  bench.backward(array<float>({{{1, 2}, {5, 5}, {5, 5}}, {{3, 4}, {5, 5}, {5, 5}}}));
  test::expect_equal(bench.dx, array<float>({{{1, 2}}, {{3, 4}}}));
}

TEST(PadChannels, KeepsTheContractOfALayer) {
  Rng rng(1);
  const auto x = random_normal<double>({3, 2, 4, 5}, rng);
  test::expect_contract(PadChannels<double>({.channels = 5}), x);
  test::expect_contract(PadChannels<double>({.channels = 2}), x);
  test::expect_right_gradients(PadChannels<double>({.channels = 5}), x);
}

TEST(PadChannels, RefusesMoreChannels) {
  EXPECT_EQ(error_of<ShapeError>([] {
              PadChannels<float>({.channels = 2}).output_shape({1, 3, 4, 4});
            }),
            "pad channels: expected x of shape (N, C, ...) with at most 2 channels, got "
            "(1, 3, 4, 4)");
}

}  // namespace
}  // namespace dlfs
