#include "dlfs/nn/layers/add.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "dlfs/dlfs.hpp"
#include "support/error_of.hpp"
#include "support/expect_tensor.hpp"

namespace dlfs {
namespace {

static_assert(MultiInputLayer<Add<float>> && !Layer<Add<float>>);

TEST(Add, AddsItsInputs) {
  const Graph<float> net({"a", "b", "c"}, {{"sum", Add<float>(), {"a", "b", "c"}}});
  const Tensor<float> a({1, 2}, {1, 2}), b({1, 2}, {10, 20}), c({1, 2}, {100, 200});
  test::expect_equal(net.predict({a, b, c}), Tensor<float>({1, 2}, {111, 222}));
}

TEST(Add, GradientsAgreeWithCentralDifferences) {
  Rng rng(1);
  for (const std::size_t count : {1u, 2u, 5u}) {
    const std::vector<Tensor<double>> x(count, random_normal<double>({3, 2, 5}, rng));
    const auto report = check_gradients(Add<double>(), x);
    EXPECT_TRUE(report.passes(1e-7)) << to_string(report);
  }
}

TEST(Add, RefusesInputsOfDifferentShapes) {
  const std::vector<Shape> shapes{{5, 2}, {5, 2}, {5, 3}};
  EXPECT_EQ(test::error_of<ShapeError>([&] { Add<float>().output_shape(shapes); }),
            "add: expected inputs of the same shape, got (5, 2) and (5, 3)");
  EXPECT_THROW(Add<float>().output_shape({}), ShapeError);
}

}  // namespace
}  // namespace dlfs
