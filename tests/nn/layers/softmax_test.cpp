#include "dlfs/nn/layers/softmax.hpp"

#include <gtest/gtest.h>

#include "dlfs/functional/softmax.hpp"
#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(Layer<Softmax<float>> && Layer<Softmax<double>>);
static_assert(!test::Instantiable<Softmax, int>);

TEST(Softmax, IsAlongTheClasses) {
  Rng rng(1);
  const auto x = random_normal<double>({3, 4, 2, 5}, rng);
  test::Bench bench(Softmax<double>(), x);
  bench.forward();
  const auto last = softmax(copy(x.view().transpose({0, 2, 3, 1})));
  test::expect_close(bench.y, copy(last.view().transpose({0, 3, 1, 2})), 1e-15);
  const auto rows = random_normal<double>({3, 4}, rng);
  test::Bench flat(Softmax<double>(), rows);
  flat.forward();
  test::expect_close(flat.y, softmax(rows), 1e-15);
}

TEST(Softmax, GradientsAgreeWithCentralDifferences) {
  Rng rng(1);
  for (const Shape& shape : {Shape{4, 5}, Shape{1, 2}, Shape{3, 4, 7}, Shape{2, 3, 2, 5}}) {
    test::expect_right_gradients(Softmax<double>(), random_normal<double>(shape, rng));
  }
  test::expect_contract(Softmax<float>(), random_normal<float>({5, 3, 7}, rng));
  test::expect_contract(Softmax<float>(), random_normal<float>({5, 1000}, rng));
}

TEST(Softmax, ErrorsNameTheShape) {
  EXPECT_EQ(test::error_of<ShapeError>([] { Softmax<float>().output_shape({3}); }),
            "softmax: expected x of shape (N, C, ...), got (3,)");
}

}  // namespace
}  // namespace dlfs
