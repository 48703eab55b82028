#include "dlfs/tensor/functions.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "dlfs/simd/level.hpp"
#include "dlfs/tensor/creation.hpp"
#include "support/tensors.hpp"

namespace dlfs {
namespace {

using test::are_close;
using test::elements;
using test::error_of;
using test::infinity;
using test::nan;
using test::random_tensor;

template <class T>
class Function : public testing::Test {};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(Function, Reals);

/// Expects f(x) within `units` in the last place of the standard library's, at every level.
template <class T, class F, class G>
void expect_matches(std::string_view name, const Tensor<T>& x, F f, G standard, double units) {
  const simd::Level best = simd::level();
  for (simd::Level level : simd::all_levels) {
    if (!simd::is_supported(level)) continue;
    simd::set_level(level);
    const auto found = f(x);
    for (Index i = 0; i < x.size(); ++i) {
      const long double expected = standard(static_cast<long double>(x(i)));
      const T rounded = static_cast<T>(expected);
      if (std::isnan(rounded)) {
        ASSERT_TRUE(std::isnan(found(i))) << name << "(" << x(i) << ")";
        continue;
      }
      if (std::isinf(rounded) || rounded == 0) {
        ASSERT_EQ(found(i), rounded) << name << "(" << x(i) << ")";
        ASSERT_EQ(std::signbit(found(i)), std::signbit(rounded)) << name << "(" << x(i) << ")";
        continue;
      }
      const T unit = std::abs(std::nextafter(rounded, T(0)) - rounded);
      ASSERT_NEAR(found(i), rounded, units * static_cast<double>(unit))
          << name << "(" << x(i) << ") at " << simd::to_string(level);
    }
  }
  simd::set_level(best);
}

/// Numbers of every magnitude, both signs, and the special ones.
template <class T>
Tensor<T> wide_numbers() {
  using Limits = std::numeric_limits<T>;
  auto x = random_tensor<T>({3000});
  const auto exponents = random_tensor<T>({3000}, 7);
  for (Index i = 0; i < x.size(); ++i) {
    x(i) = std::ldexp(x(i), static_cast<int>(exponents(i) * T(Limits::max_exponent) / 3));
  }
  const T special[] = {0,
                       T(-0.0),
                       1,
                       -1,
                       T(0.5),
                       T(-0.5),
                       T(1.5),
                       T(2.5),
                       Limits::infinity(),
                       -Limits::infinity(),
                       Limits::quiet_NaN(),
                       Limits::min(),
                       Limits::denorm_min(),
                       Limits::max(),
                       T(0.70710678),
                       T(1.4142136)};
  std::copy(std::begin(special), std::end(special), x.begin());
  return x;
}

TYPED_TEST(Function, RoundingIsExact) {
  using T = TypeParam;
  const auto x = wide_numbers<T>();
  using L = long double;
  expect_matches(
      "floor", x, [](const auto& v) { return floor(v); }, [](L v) { return std::floor(v); }, 0);
  expect_matches(
      "ceil", x, [](const auto& v) { return ceil(v); }, [](L v) { return std::ceil(v); }, 0);
  expect_matches(
      "round", x, [](const auto& v) { return round(v); }, [](L v) { return std::nearbyint(v); }, 0);
  expect_matches(
      "trunc", x, [](const auto& v) { return trunc(v); }, [](L v) { return std::trunc(v); }, 0);
  expect_matches(
      "abs", x, [](const auto& v) { return abs(v); }, [](L v) { return std::abs(v); }, 0);
  expect_matches(
      "square", x, [](const auto& v) { return square(v); }, [](L v) { return v * v; }, 1);
}

TYPED_TEST(Function, LogarithmsAreWithinThreeUnits) {
  using T = TypeParam;
  auto x = wide_numbers<T>();
  using L = long double;
  const auto expect_logarithms = [&] {
    expect_matches(
        "log", x, [](const auto& v) { return log(v); }, [](L v) { return std::log(v); }, 2);
    expect_matches(
        "log2", x, [](const auto& v) { return log2(v); }, [](L v) { return std::log2(v); }, 3);
  };
  expect_logarithms();
  x = random_tensor<T>({3000}) * T(0.3) + 1;  // where the logarithm is small
  expect_logarithms();
  const auto powers = power(full<T>({20}, 2), arange<T>(0, 20));
  EXPECT_EQ(elements(log2(powers)), elements(arange<T>(0, 20)));
}

TYPED_TEST(Function, ExponentialsAreWithinFourUnits) {
  using T = TypeParam;
  const auto x = random_tensor<T>({3000}) * 20;
  using L = long double;
  expect_matches(
      "exp", x, [](const auto& v) { return exp(v); }, [](L v) { return std::exp(v); }, 2);
  expect_matches(
      "expm1", x, [](const auto& v) { return expm1(v); }, [](L v) { return std::expm1(v); }, 4);
  expect_matches(
      "tanh", x, [](const auto& v) { return tanh(v); }, [](L v) { return std::tanh(v); }, 3);
  expect_matches(
      "sigmoid", x, [](const auto& v) { return sigmoid(v); },
      [](L v) { return 1 / (1 + std::exp(-v)); }, 3);
}

TYPED_TEST(Function, TheOthersAreThoseOfTheStandardLibrary) {
  using T = TypeParam;
  const auto x = random_tensor<T>({50}) * T(0.3);
  const auto expect = [&](const Tensor<T>& found, T (*f)(T)) {
    for (Index i = 0; i < x.size(); ++i) EXPECT_EQ(found(i), f(x(i)));
  };
  expect(sin(x), std::sin);
  expect(cos(x), std::cos);
  expect(tan(x), std::tan);
  expect(arctan(x), std::atan);
  expect(sinh(x), std::sinh);
  expect(cosh(x), std::cosh);
  expect(cbrt(x), std::cbrt);
  expect(log1p(clip(x, T(-0.9), T(9))),
         [](T v) { return std::log1p(std::min(std::max(v, T(-0.9)), T(9))); });
  const auto inside = clip(x, -1, 1);
  for (Index i = 0; i < x.size(); ++i) {
    EXPECT_EQ(arcsin(inside)(i), std::asin(inside(i)));
    EXPECT_EQ(arccos(inside)(i), std::acos(inside(i)));
    EXPECT_EQ(log10(abs(x))(i), std::log10(std::abs(x(i))));
    EXPECT_EQ(reciprocal(x)(i), 1 / x(i));
  }
  EXPECT_TRUE(are_close(arctan2(array<T>({1, -1}), array<T>({-1, 0})),
                        array<T>({T(2.356194490192345), T(-1.5707963267948966)}), 1e-6));
}

// The values are NumPy's.
TEST(Division, RoundsDownAndLeavesTheSignOfTheDivisor) {
  const auto a = array<int>({7, -7, 7, -7, 0, 5});
  const auto b = array<int>({3, 3, -3, -3, 4, 0});
  EXPECT_EQ(elements(floor_divide(a, b)), (std::vector<double>{2, -3, -3, 2, 0, 0}));
  EXPECT_EQ(elements(remainder(a, b)), (std::vector<double>{1, 2, -2, -1, 0, 0}));
  const auto x = array<double>({7.5, -7.5, 7.5, -7.5});
  const auto y = array<double>({2, 2, -2, -2});
  EXPECT_EQ(elements(floor_divide(x, y)), (std::vector<double>{3, -4, -4, 3}));
  EXPECT_EQ(elements(remainder(x, y)), (std::vector<double>{1.5, 0.5, -0.5, -1.5}));
  const auto least = array<std::int8_t>({-128});
  EXPECT_EQ(elements(floor_divide(least, -1)), std::vector<double>{-128});
  EXPECT_EQ(elements(remainder(least, -1)), std::vector<double>{0});
}

TEST(Power, OfIntegersIsExactAndWrapsAround) {
  EXPECT_EQ(elements(power(array<std::int64_t>({3, -2, 0}), array<std::int64_t>({4, 3, 0}))),
            (std::vector<double>{81, -8, 1}));
  EXPECT_EQ(elements(power(array<std::int8_t>({2}), 7)), std::vector<double>{-128});
  EXPECT_EQ(elements(power(array<float>({4, 9}), 0.5f)), (std::vector<double>{2, 3}));
  EXPECT_EQ(error_of<ValueError>([] { return power(array<int>({2}), -1); }),
            "power: an integer to a negative power is no integer");
}

TEST(Sign, TellsBelowFromAbove) {
  EXPECT_EQ(elements(sign(array<int>({-5, 0, 7}))), (std::vector<double>{-1, 0, 1}));
  EXPECT_TRUE(are_close(sign(array<float>({-0.5f, 0, 3, nan})), array<float>({-1, 0, 1, nan})));
}

TEST(Abs, WorksForIntegers) {
  EXPECT_EQ(elements(abs(array<std::int8_t>({-5, 0, 7}))), (std::vector<double>{5, 0, 7}));
  EXPECT_EQ(elements(abs(array<std::uint8_t>({200}))), std::vector<double>{200});
}

TEST(Classification, TellsFiniteInfiniteAndNaN) {
  const auto x = array<double>({0, -infinity, infinity, std::nan(""), 1e308});
  EXPECT_EQ(elements(isnan(x)), (std::vector<double>{0, 0, 0, 1, 0}));
  EXPECT_EQ(elements(isinf(x)), (std::vector<double>{0, 1, 1, 0, 0}));
  EXPECT_EQ(elements(isfinite(x)), (std::vector<double>{1, 0, 0, 0, 1}));
}

}  // namespace
}  // namespace dlfs
