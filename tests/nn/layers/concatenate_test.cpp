#include "dlfs/nn/layers/concatenate.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "dlfs/dlfs.hpp"
#include "support/error_of.hpp"
#include "support/expect_tensor.hpp"

namespace dlfs {
namespace {

static_assert(MultiInputLayer<Concatenate<float>> && !Layer<Concatenate<float>>);

TEST(Concatenate, IsNumPysForEachAxis) {
  Rng rng(1);
  for (const Index axis : {1, 2, 3}) {
    std::vector<Tensor<float>> x;
    for (const Index extent : {2, 1, 3}) {
      x.push_back(
          random_normal<float>(Shape{2, 3, 4, 5}.with(static_cast<int>(axis), extent), rng));
    }
    const Graph<float> net({"a", "b", "c"},
                           {{"all", Concatenate<float>({.axis = axis}), {"a", "b", "c"}}});
    test::expect_equal(net.predict({x[0], x[1], x[2]}), concatenate(x, static_cast<int>(axis)));
  }
}

TEST(Concatenate, GradientsAgreeWithCentralDifferences) {
  Rng rng(1);
  for (const Index axis : {1, 2}) {
    std::vector<Tensor<double>> x;
    for (const Index extent : {2, 1, 3}) {
      x.push_back(random_normal<double>(Shape{2, 3, 4}.with(static_cast<int>(axis), extent), rng));
    }
    const auto report = check_gradients(Concatenate<double>({.axis = axis}), x);
    EXPECT_TRUE(report.passes(1e-7)) << to_string(report);
  }
}

TEST(Concatenate, RefusesWhatDoesNotFit) {
  const std::vector<Shape> shapes{{5, 2, 3}, {5, 2, 4}};
  EXPECT_EQ(test::error_of<ShapeError>([&] { Concatenate<float>().output_shape(shapes); }),
            "concatenate: expected inputs that differ in axis 1 alone, got (5, 2, 3) and "
            "(5, 2, 4)");
  EXPECT_EQ(Concatenate<float>({.axis = 2}).output_shape(shapes), (Shape{5, 2, 7}));
  EXPECT_THROW(Concatenate<float>({.axis = 3}).output_shape(shapes), ShapeError);
  EXPECT_THROW(Concatenate<float>({.axis = 0}), ValueError);
  EXPECT_THROW(Concatenate<float>({.axis = 8}), ValueError);
}

}  // namespace
}  // namespace dlfs
