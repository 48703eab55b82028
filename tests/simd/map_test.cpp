#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/simd/kernels.hpp"
#include "support/levels.hpp"

namespace dlfs {
namespace {

using test::at_every_level;

template <class T>
class SimdMap : public testing::Test {};
using MapElements = testing::Types<float, double, long double, int, Eigen::half>;
TYPED_TEST_SUITE(SimdMap, MapElements);

TYPED_TEST(SimdMap, RunsTheFormulaOnceForEachElementAndForNoOther) {
  using T = TypeParam;
  at_every_level([] {
    for (std::size_t count = 0; count <= 40; ++count) {
      std::vector<T> x(count + 1, T(3));
      std::vector<T> sum(count + 1, T(7));
      const T* const in = x.data();
      simd::map([]<class V>(const V& each, V& total) { total += each; }, static_cast<Index>(count),
                in, sum.data());
      for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(sum[i], T(10)) << i << " of " << count;
      EXPECT_EQ(sum[count], T(7));
    }
  });
}

TEST(SimdMap, WorksInPlace) {
  at_every_level([] {
    std::vector<float> x(21);
    std::iota(x.begin(), x.end(), 0.0f);
    const float* const in = x.data();
    simd::map([]<class V>(const V& each, V& out) { out = each * each; }, 21, in, x.data());
    for (std::size_t i = 0; i < x.size(); ++i) EXPECT_EQ(x[i], static_cast<float>(i * i));
  });
}

TEST(SimdMap, MixesElementsThatFillNoVectors) {
  const std::vector<Eigen::half> x(5, Eigen::half(1.5f));
  std::vector<float> sum(5, 1);
  simd::map([](const auto& each, auto& total) { total += each; }, 5, x.data(), sum.data());
  EXPECT_EQ(sum, std::vector<float>(5, 2.5f));
}

}  // namespace
}  // namespace dlfs
