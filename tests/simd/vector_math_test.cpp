#include "dlfs/simd/vector_math.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/core/rng.hpp"
#include "dlfs/simd/kernels.hpp"
#include "support/levels.hpp"

namespace dlfs {
namespace {

using test::at_every_level;

/// Numbers of all magnitudes, more of those where the functions change, and all special ones.
template <class T>
std::vector<T> arguments() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> x{0,
                   T(-0.0),
                   Limits::infinity(),
                   -Limits::infinity(),
                   Limits::quiet_NaN(),
                   Limits::denorm_min(),
                   -Limits::denorm_min(),
                   Limits::min(),
                   Limits::max(),
                   Limits::lowest()};
  Rng rng(1);
  const double largest = std::log(static_cast<double>(Limits::max()));
  for (int i = 0; i < 50000; ++i) {
    const T fraction = static_cast<T>(rng.uniform(-1, 1));
    x.push_back(2 * fraction);
    x.push_back(static_cast<T>(1.2 * largest) * fraction);
    const Index exponents = Limits::max_exponent - Limits::min_exponent + Limits::digits;
    x.push_back(
        std::ldexp(fraction, Limits::max_exponent - static_cast<int>(rng.below(exponents))));
  }
  return x;
}

/// |found - exact| in units of the last place of the exact result, rounded to T.
template <class T>
long double error_in_ulps(T found, long double exact) {
  const T rounded = static_cast<T>(exact);
  if (detail::is_nan(rounded)) {
    return detail::is_nan(found) ? 0 : std::numeric_limits<double>::infinity();
  }
  if (!detail::is_finite(rounded) || rounded == 0) {
    const bool is_equal = found == rounded && std::signbit(found) == std::signbit(rounded);
    return is_equal ? 0 : std::numeric_limits<double>::infinity();
  }
  const T magnitude = std::abs(rounded);
  return std::abs((found - exact) / (magnitude - std::nextafter(magnitude, T(0))));
}

/// `formula(x, out)` beside a function of the standard library, computed in long double.
template <class T, class Formula, class Exact>
void expect_ulps(double most, const Formula& formula, const Exact& exact) {
  const std::vector<T> x = arguments<T>();
  at_every_level([&] {
    std::vector<T> y(x.size());
    simd::map(formula, std::ssize(x), x.data(), y.data());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const long double expected = exact(static_cast<long double>(x[i]));
      ASSERT_LE(error_in_ulps(y[i], expected), most) << x[i] << ": " << y[i] << ", " << expected;
    }
  });
}

template <class T>
class VectorMath : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(VectorMath, Scalars);

TYPED_TEST(VectorMath, SqrtIsCorrectlyRounded) {
  expect_ulps<TypeParam>(
      0.5001, []<class V>(const V& x, V& out) { simd::sqrt(x, out); },
      [](long double x) { return std::sqrt(x); });
}

TYPED_TEST(VectorMath, ExpIsWithinTwoUnitsInTheLastPlace) {
  expect_ulps<TypeParam>(
      2, []<class V>(const V& x, V& out) { simd::exp(x, out); },
      [](long double x) { return std::exp(x); });
}

TYPED_TEST(VectorMath, Expm1IsWithinFourUnitsInTheLastPlace) {
  expect_ulps<TypeParam>(
      4, []<class V>(const V& x, V& out) { simd::expm1(x, out); },
      [](long double x) { return std::expm1(x); });
}

TYPED_TEST(VectorMath, TanhIsWithinThreeUnitsInTheLastPlace) {
  expect_ulps<TypeParam>(
      3, []<class V>(const V& x, V& out) { simd::tanh(x, out); },
      [](long double x) { return std::tanh(x); });
}

TYPED_TEST(VectorMath, Log1pOfAFractionIsWithinThreeUnitsInTheLastPlace) {
  std::vector<TypeParam> x{0, std::numeric_limits<TypeParam>::denorm_min(), 1};
  for (int i = 1; i < 10000; ++i) x.push_back(static_cast<TypeParam>(i) / 10000);
  at_every_level([&] {
    std::vector<TypeParam> y(x.size());
    simd::map([]<class V>(const V& input, V& out) { simd::log1p_of_fraction(input, out); },
              std::ssize(x), x.data(), y.data());
    for (std::size_t i = 0; i < x.size(); ++i) {
      ASSERT_LE(error_in_ulps(y[i], std::log1p(static_cast<long double>(x[i]))), 3) << x[i];
    }
  });
}

// The sanitizers see integers that overflow on the way to a result that is not used.
TYPED_TEST(VectorMath, TakesNumbersOfAnyMagnitude) {
  using T = TypeParam;
  std::vector<T> x;
  for (T number = T(1.7); number < std::numeric_limits<T>::infinity(); number *= T(1.9)) {
    x.push_back(number), x.push_back(-number);
    x.push_back(1 / number), x.push_back(-1 / number);
  }
  const auto values_of = [&](const auto& f) {
    std::vector<T> y(x.size());
    simd::map(f, std::ssize(x), x.data(), y.data());
    return y;
  };
  at_every_level([&] {
    const auto e = values_of([]<class V>(const V& in, V& out) { simd::exp(in, out); });
    const auto m = values_of([]<class V>(const V& in, V& out) { simd::expm1(in, out); });
    const auto l = values_of([]<class V>(const V& in, V& out) { simd::log(in, out); });
    const auto s = values_of([]<class V>(const V& in, V& out) { simd::sigmoid(in, out); });
    const auto t = values_of([]<class V>(const V& in, V& out) { simd::tanh(in, out); });
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto at = static_cast<long double>(x[i]);
      ASSERT_EQ(std::isnan(l[i]), at < 0) << at;
      if (at > 0) {
        ASSERT_LE(error_in_ulps(l[i], std::log(at)), 3) << at;
      }
      if (std::abs(at) < 1000) continue;
      ASSERT_EQ(e[i], at > 0 ? std::numeric_limits<T>::infinity() : 0) << at;
      ASSERT_EQ(m[i], at > 0 ? std::numeric_limits<T>::infinity() : -1) << at;
      ASSERT_EQ(s[i], at > 0 ? 1 : 0) << at;
      ASSERT_EQ(t[i], at > 0 ? 1 : -1) << at;
    }
  });
}

TEST(VectorMath, SingleElementsGoToTheStandardLibrary) {
  float y;
  simd::exp(0.5f, y);
  EXPECT_EQ(y, std::exp(0.5f));
  simd::expm1(0.5f, y);
  EXPECT_EQ(y, std::expm1(0.5f));
  simd::tanh(0.5f, y);
  EXPECT_EQ(y, std::tanh(0.5f));
  simd::sqrt(0.5f, y);
  EXPECT_EQ(y, std::sqrt(0.5f));
}

}  // namespace
}  // namespace dlfs
