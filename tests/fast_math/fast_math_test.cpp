// The library in a file that is compiled with -ffast-math, by clang with -fno-finite-math-only,
// which it asks for: what it promises holds there, too.

#include <bit>
#include <cmath>
#include <cstdint>

#include <gtest/gtest.h>

#include "dlfs/functional/activation.hpp"
#include "dlfs/functional/cross_entropy.hpp"
#include "dlfs/functional/softmax.hpp"
#include "dlfs/tensor/comparison.hpp"
#include "dlfs/tensor/creation.hpp"
#include "dlfs/tensor/format.hpp"
#include "dlfs/tensor/sorting.hpp"
#include "support/levels.hpp"

#if !defined(__FAST_MATH__) && !defined(__clang__)  // which has no macro for what is left
#error "this test shows nothing without -ffast-math"
#endif

namespace dlfs {
namespace {

// A NaN that no compiler has computed with.
float unseen_nan() {
  volatile std::uint32_t bits = 0x7fc00001u;
  return std::bit_cast<float>(std::uint32_t{bits});
}

TEST(FastMath, FormulasHold) {
  test::at_every_level([] {
    const auto x = arange<float>(-9, 9, 0.25f);
    const auto e = exp(x), s = sigmoid(x), t = tanh(x), r = round(x), l = log(e);
    for (Index i = 0; i < x.size(); ++i) {
      const double at = static_cast<double>(x(i));
      EXPECT_NEAR(e(i) / std::exp(at), 1, 2e-7) << at;
      EXPECT_NEAR(s(i) * (1 + std::exp(-at)), 1, 4e-7) << at;
      EXPECT_NEAR(t(i), std::tanh(at), 2e-7) << at;
      EXPECT_NEAR(l(i), at, 2e-6) << at;
      EXPECT_LE(std::abs(r(i) - x(i)), 0.5f) << at;
      EXPECT_EQ(static_cast<float>(static_cast<int>(r(i))), r(i)) << at;
    }
    const auto y = softmax(array<float>({0, 1}));
    EXPECT_NEAR(y(1), 0.7310586, 1e-7);
    EXPECT_NEAR(log_softmax(array<float>({1e7f, 1e7f}))(0), -0.6931472, 1e-6);
    Tensor<float> gradient({1, 2});
    const auto label = array<std::int32_t>({0});
    EXPECT_NEAR(softmax_cross_entropy(array<float>({{0, 1}}), const_view(label), gradient.view()),
                1.3132617, 1e-6);
    EXPECT_NEAR(gradient(0, 0), -0.7310586, 1e-7);
  });
}

TEST(FastMath, NansAreSeen) {
  test::at_every_level([] {
    const float nan = unseen_nan();
    const auto x = array<float>({3, nan, 1, 2, 5, 4});
    EXPECT_EQ(count_nonzero(isnan(x)), 1);
    EXPECT_EQ(count_nonzero(isfinite(x)), 5);
    EXPECT_EQ(argmax(x, 0).item(), 1);
    EXPECT_EQ(argsort(x)(5), 1);
    EXPECT_EQ(to_string(sort(x)), "[ 1.  2.  3.  4.  5. nan]");
    EXPECT_EQ(to_string(maximum(x, 4.0f)), "[ 4. nan  4.  4.  5.  4.]");
    EXPECT_EQ(count_nonzero(isnan(softmax(x))), 6);
    Tensor<float> y(x.shape());
    relu(x, y.view());
    EXPECT_EQ(to_string(y), "[ 3. nan  1.  2.  5.  4.]");
    EXPECT_FALSE(allclose(x, x));
    EXPECT_TRUE(allclose(x, x, {.equal_nan = true}));
    EXPECT_FALSE(array_equal(x, x));
  });
}

TEST(FastMath, QuotientsByZeroAreInfinite) {
  const auto x = array<float>({0, 1, -1, 0});
  EXPECT_EQ(to_string(1 / x), "[inf  1. -1. inf]");
  EXPECT_EQ(to_string(isinf(1 / x)), "[ True False False  True]");
}

}  // namespace
}  // namespace dlfs
