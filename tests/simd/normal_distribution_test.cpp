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

TYPED_TEST(NormalDistribution, HoldsForSingleElements) {
  constexpr long double unit = std::numeric_limits<TypeParam>::epsilon();
  for (int i = -800; i <= 800; ++i) {
    const TypeParam x = static_cast<TypeParam>(i) / 100;
    TypeParam density, cumulative;
    simd::normal_distribution(x, density, cumulative);
    const long double exact_density = std::exp(-static_cast<long double>(x) * x / 2) /
                                      std::sqrt(2 * std::numbers::pi_v<long double>);
    const long double exact = std::erfc(-static_cast<long double>(x) / std::sqrt(2.0L)) / 2;
    EXPECT_LE(std::abs(density / exact_density - 1), 40 * unit) << x;
    EXPECT_LE(std::abs(cumulative / exact - 1), 40 * unit) << x;
  }
}

TEST(NormalDistributionOfLongDouble, GoesToTheStandardLibrary) {
  long double density, cumulative;
  simd::normal_distribution(-1.0L, density, cumulative);
  EXPECT_LE(std::abs(density - 0.24197072451914334980L), 1e-18L);
  EXPECT_LE(std::abs(cumulative - 0.15865525393145705142L), 1e-18L);
}

}  // namespace
}  // namespace dlfs
