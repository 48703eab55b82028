#include "dlfs/nn/layers/log_softmax.hpp"

#include <gtest/gtest.h>

#include "dlfs/functional/softmax.hpp"
#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(Layer<LogSoftmax<float>> && Layer<LogSoftmax<double>>);
static_assert(!test::Instantiable<LogSoftmax, int>);

TEST(LogSoftmax, IsAlongTheClasses) {
  Rng rng(1);
  const auto x = random_normal<double>({3, 4, 2, 5}, rng);
  test::Bench bench(LogSoftmax<double>(), x);
  bench.forward();
  const auto last = log_softmax(copy(x.view().transpose({0, 2, 3, 1})));
  test::expect_close(bench.y, copy(last.view().transpose({0, 3, 1, 2})), 1e-15);
  const auto rows = random_normal<double>({3, 4}, rng);
  test::Bench flat(LogSoftmax<double>(), rows);
  flat.forward();
  test::expect_close(flat.y, log_softmax(rows), 1e-15);
}

TEST(LogSoftmax, GradientsAgreeWithCentralDifferences) {
  Rng rng(1);
  for (const Shape& shape : {Shape{4, 5}, Shape{1, 2}, Shape{3, 4, 7}, Shape{2, 3, 2, 5}}) {
    test::expect_right_gradients(LogSoftmax<double>(), random_normal<double>(shape, rng));
  }
  test::expect_contract(LogSoftmax<float>(), random_normal<float>({5, 3, 7}, rng));
  test::expect_contract(LogSoftmax<float>(), random_normal<float>({5, 1000}, rng));
}

TEST(LogSoftmax, ErrorsNameTheShape) {
  EXPECT_EQ(test::error_of<ShapeError>([] { LogSoftmax<float>().output_shape({3}); }),
            "log softmax: expected x of shape (N, C, ...), got (3,)");
}

}  // namespace
}  // namespace dlfs
