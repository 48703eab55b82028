#include "dlfs/simd/multiply_add.hpp"

#include <type_traits>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/simd/kernels.hpp"
#include "support/levels.hpp"

namespace dlfs {
namespace {

using test::at_every_level;

template <class T>
class MultiplyAdd : public testing::Test {};
using Numbers = testing::Types<float, double>;
TYPED_TEST_SUITE(MultiplyAdd, Numbers);

// The square of 1 + 2^-n is 1 + 2^(1 - n) + 2^-2n. Its last term is lost where the product is
// rounded before the sum.
TYPED_TEST(MultiplyAdd, RoundsOnceWhereTheLevelCanAndElseTwice) {
  using T = TypeParam;
  const T power = std::is_same_v<T, float> ? T(1) / (1 << 13) : T(1) / (1 << 27);
  at_every_level([&] {
    const bool is_fused = simd::level() != simd::Level::base || simd::detail::base_fuses;
    for (const Index count : {1, 7, 64}) {
      const std::vector<T> x(static_cast<std::size_t>(count), 1 + power);
      std::vector<T> out(x.size());
      const T rest = -(1 + 2 * power);
      const T* const in = x.data();
      simd::map(
          [rest]<class V>(const V& a, V& result) { simd::multiply_add<V>(a, a, rest, result); },
          count, in, out.data());
      for (const T each : out) ASSERT_EQ(each, is_fused ? power * power : T(0)) << count;
    }
  });
}

TYPED_TEST(MultiplyAdd, TakesElementsForVectorsAndAnOperandForTheResult) {
  using T = TypeParam;
  at_every_level([] {
    const std::vector<T> x(21, T(3));
    std::vector<T> out(21, T(5));
    const T* const in = x.data();
    simd::map([]<class V>(const V& a, V& sum) { simd::multiply_add(a, T(2), sum, sum); }, 21, in,
              out.data());
    for (const T each : out) ASSERT_EQ(each, T(11));
  });
}

}  // namespace
}  // namespace dlfs
