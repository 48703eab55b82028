#include "dlfs/nn/layers/multiply.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "dlfs/dlfs.hpp"
#include "support/error_of.hpp"
#include "support/expect_tensor.hpp"

namespace dlfs {
namespace {

static_assert(MultiInputLayer<Multiply<float>> && !Layer<Multiply<float>>);

TEST(Multiply, MultipliesElementByElement) {
  const Graph<float> net({"a", "b"}, {{"product", Multiply<float>(), {"a", "b", "a"}}});
  const Tensor<float> a({1, 2}, {2, 3}), b({1, 2}, {10, 20});
  test::expect_equal(net.predict({a, b}), Tensor<float>({1, 2}, {40, 180}));
}

TEST(Multiply, GradientsAgreeWithCentralDifferences) {
  Rng rng(1);
  for (const std::size_t count : {1u, 2u, 5u}) {
    std::vector<Tensor<double>> x;
    while (x.size() < count) x.push_back(random_normal<double>({3, 2, 5}, rng));
    const auto report = check_gradients(Multiply<double>(), x);
    EXPECT_TRUE(report.passes(1e-7)) << to_string(report);
  }
}

TEST(Multiply, RefusesInputsOfDifferentShapes) {
  const std::vector<Shape> shapes{{5, 2}, {5, 3}};
  EXPECT_EQ(test::error_of<ShapeError>([&] { Multiply<float>().output_shape(shapes); }),
            "multiply: expected inputs of the same shape, got (5, 2) and (5, 3)");
}

}  // namespace
}  // namespace dlfs
