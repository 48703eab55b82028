#include "dlfs/functional/quantization.hpp"

#include <cstdint>

#include <gtest/gtest.h>

#include "support/expect_tensor.hpp"
#include "support/tensors.hpp"

namespace dlfs {
namespace {

using test::error_of;
using test::random_tensor;

TEST(Quantization, GivesEachSliceAScaleOfItsOwn) {
  const auto x = array<double>({{127, -3.4, 0}, {0.5, -1.27, 0.25}});
  const auto rows = quantize(x, 0);
  test::expect_equal(rows.values, array<std::int8_t>({{127, -3, 0}, {50, -127, 25}}));
  test::expect_close(rows.scales, array<double>({1, 0.01}), 1e-15);
  const auto columns = quantize(x, 1);
  test::expect_close(columns.scales, array<double>({1, 3.4 / 127, 0.25 / 127}), 1e-15);
  test::expect_equal(columns.values, array<std::int8_t>({{127, -127, 0}, {0, -47, 127}}));
}

TEST(Quantization, ErrsByHalfAStepAtTheMost) {
  const auto x = random_tensor<float>({4, 3, 5, 5}, 1);
  for (const int axis : {0, 1, -1}) {
    const auto quantized = quantize(x, axis);
    const auto back = dequantize(quantized);
    ASSERT_EQ(back.shape(), x.shape());
    const auto exact = move_axis(x.view(), axis, 0), rounded = move_axis(back.view(), axis, 0);
    for (Index i = 0; i < exact.extent(0); ++i) {
      const float half_a_step = quantized.scales(i) / 2;
      EXPECT_GT(half_a_step, 0);
      EXPECT_LE(max(abs(exact[i] - rounded[i])), half_a_step * 1.0001f);
    }
  }
}

TEST(Quantization, OfZerosIsZero) {
  const auto quantized = quantize(zeros<float>({2, 3}), 0);
  test::expect_equal(quantized.scales, zeros<float>({2}));
  test::expect_equal(dequantize(quantized), zeros<float>({2, 3}));
}

TEST(Quantization, RefusesWhatHasNoLargest) {
  for (double entry : {test::infinity, test::nan}) {
    const auto x = array<double>({1, entry});
    EXPECT_EQ(error_of<ValueError>([&] { quantize(x, 0); }), "quantize: an entry is not finite");
  }
}

}  // namespace
}  // namespace dlfs
