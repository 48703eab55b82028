#include "dlfs/functional/map_coordinates.hpp"

#include <string>

#include <gtest/gtest.h>

#include "dlfs/core/rng.hpp"
#include "dlfs/functional/reference/map_coordinates.hpp"
#include "dlfs/tensor/creation.hpp"
#include "support/error_of.hpp"
#include "support/expect_tensor.hpp"
#include "support/tensors.hpp"

namespace dlfs {
namespace {

using test::infinity;
using test::nan;

TEST(MapCoordinates, InterpolatesByHand) {
  const auto x = array<double>({{{1, 2}, {3, 5}}});
  const auto rows = array<double>({{0, 0.5, 0.5, 1}});
  const auto columns = array<double>({{0.25, 0, 0.5, 1}});
  Tensor<double> y({1, 1, 4});
  map_coordinates<double>(x, rows, columns, y);
  EXPECT_EQ(y(0, 0, 0), 1.25);
  EXPECT_EQ(y(0, 0, 1), 2);
  EXPECT_EQ(y(0, 0, 2), 2.75);
  EXPECT_EQ(y(0, 0, 3), 5);
}

TEST(MapCoordinates, OutsideLieZeros) {
  const auto x = array<double>({{{1, 2}, {3, 5}}});
  const auto rows = array<double>({{-0.5, 1.75, 0, -1, 2, 1e300, nan, -infinity, infinity}});
  const auto columns = array<double>({{0, 1, -0.25, 0, 0, 0, 0, 1, 1}});
  Tensor<double> y({1, 1, 9});
  map_coordinates<double>(x, rows, columns, y);
  const double expected[] = {0.5, 1.25, 0.75, 0, 0, 0, 0, 0, 0};
  for (Index i = 0; i < 9; ++i) EXPECT_EQ(y(0, 0, i), expected[i]) << i;
}

TEST(MapCoordinates, IsTheReferenceTwin) {
  Rng rng(1);
  for (const Shape& shape : {Shape{1, 1, 1}, Shape{3, 7, 4}, Shape{2, 1, 9}}) {
    const auto x = random_normal<float>(shape, rng);
    const auto rows = random_uniform<float>({5, 6}, rng, -2, static_cast<double>(shape[1]) + 1);
    const auto columns = random_uniform<float>({5, 6}, rng, -2, static_cast<double>(shape[2]) + 1);
    Tensor<float> y({shape[0], 5, 6}), expected(y.shape());
    map_coordinates<float>(x, rows, columns, y);
    reference::map_coordinates<float>(x, rows, columns, expected);
    for (Index i = 0; i < y.size(); ++i) EXPECT_NEAR(y.data()[i], expected.data()[i], 2e-6) << i;
  }
}

TEST(MapCoordinates, MayWriteOverItsInput) {
  Rng rng(1);
  auto x = random_normal<float>({3, 5, 5}, rng);
  const auto rows = random_uniform<float>({5, 5}, rng, 0, 4);
  const auto columns = random_uniform<float>({5, 5}, rng, 0, 4);
  Tensor<float> y(x.shape());
  map_coordinates<float>(x, rows, columns, y);
  map_coordinates<float>(x, rows, columns, x);
  test::expect_equal(x, y);
}

TEST(MapCoordinates, ShapeErrorsNameTheOperandAndItsShape) {
  const Tensor<float> x({1, 4, 4}), rows({2, 3}), columns({3, 2});
  Tensor<float> y({1, 2, 3});
  EXPECT_EQ(test::error_of<ShapeError>([&] { map_coordinates<float>(x, rows, columns, y); }),
            "map_coordinates: expected columns of shape (2, 3), got (3, 2)");
  EXPECT_EQ(test::error_of<ShapeError>([&] { map_coordinates<float>(rows, rows, rows, y); }),
            "map_coordinates: expected x (C, H, W) and rows (OH, OW), got (2, 3) and (2, 3)");
  EXPECT_EQ(test::error_of<ShapeError>([&] { map_coordinates<float>(x, columns, columns, y); }),
            "map_coordinates: expected y of shape (1, 3, 2), got (1, 2, 3)");
}

}  // namespace
}  // namespace dlfs
