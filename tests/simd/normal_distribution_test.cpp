#include "dlfs/simd/normal_distribution.hpp"

#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/simd/kernels.hpp"
#include "support/levels.hpp"

namespace dlfs {
namespace {

template <class T>
class NormalDistribution : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(NormalDistribution, Scalars);

TYPED_TEST(NormalDistribution, MatchesTheStandardLibrary) {
  using T = TypeParam;
  constexpr long double unit = std::numeric_limits<T>::epsilon();
  constexpr long double tiny = std::numeric_limits<T>::min();
  std::vector<T> x;
  for (int i = -20000; i <= 20000; ++i) x.push_back(static_cast<T>(i) / 1000);
  test::at_every_level([&] {
    std::vector<T> density(x.size()), cumulative(x.size());
    simd::map([]<class V>(const V& point, V& d, V& c) { simd::normal_distribution(point, d, c); },
              std::ssize(x), x.data(), density.data(), cumulative.data());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const long double point = x[i];
      const long double exact =
          std::exp(-point * point / 2) / std::sqrt(2 * std::numbers::pi_v<long double>);
      // exp(-x^2 / 2) takes over the rounding of its argument.
      ASSERT_LE(std::abs(density[i] - exact), 2 * unit * exact * (1 + point * point / 2) + tiny)
          << point;
      ASSERT_LE(std::abs(cumulative[i] - std::erfc(-point / std::sqrt(2.0L)) / 2), 2 * unit)
          << point;
    }
  });
}

TYPED_TEST(NormalDistribution, TailIsExactRelativeToItself) {
  using T = TypeParam;
  std::vector<T> x;
  for (int i = 0; i <= 800; ++i) x.push_back(-static_cast<T>(i) / 100);
  std::vector<T> density(x.size()), cumulative(x.size());
  simd::map([]<class V>(const V& point, V& d, V& c) { simd::normal_distribution(point, d, c); },
            std::ssize(x), x.data(), density.data(), cumulative.data());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const long double exact = std::erfc(-static_cast<long double>(x[i]) / std::sqrt(2.0L)) / 2;
    EXPECT_LE(std::abs(cumulative[i] / exact - 1), 40 * std::numeric_limits<T>::epsilon()) << x[i];
  }
}

TYPED_TEST(NormalDistribution, SingleElementsGoToTheStandardLibrary) {
  TypeParam density, cumulative;
  simd::normal_distribution(TypeParam(0), density, cumulative);
  EXPECT_NEAR(density, 0.3989422804014327, 1e-7);
  EXPECT_EQ(cumulative, TypeParam(0.5));
}

}  // namespace
}  // namespace dlfs
