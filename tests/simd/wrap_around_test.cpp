#include "dlfs/simd/wrap_around.hpp"

#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

#if defined(DLFS_SIMD_VECTORS)
#include <array>
#include <cstring>
#endif

namespace dlfs {
namespace {

constexpr auto times = [](const auto& a, const auto& b, auto& out) { out = a * b; };

template <class T>
class WrapAround : public testing::Test {};
using Integers = testing::Types<std::int8_t, std::int16_t, std::int32_t, std::int64_t>;
TYPED_TEST_SUITE(WrapAround, Integers);

TYPED_TEST(WrapAround, GoesOnFromTheOtherEndOfTheRange) {
  using T = TypeParam;
  using Limits = std::numeric_limits<T>;
  T sum = Limits::max();
  simd::detail::add_to(T(1), sum);
  EXPECT_EQ(sum, Limits::min());
  simd::detail::add_to(T(-1), sum);
  EXPECT_EQ(sum, Limits::max());
  T product;
  simd::detail::wrap_around(times, product, Limits::max(), Limits::max());
  EXPECT_EQ(product, 1);
  simd::detail::wrap_around(times, product, Limits::min(), T(-1));
  EXPECT_EQ(product, Limits::min());
}

TEST(WrapAroundOfReals, IsThePlainOperation) {
  double product;
  simd::detail::wrap_around(times, product, 1.5, -2.0);
  EXPECT_EQ(product, -3.0);
}

#if defined(DLFS_SIMD_VECTORS)
TEST(WrapAroundOfVectors, GoesOnFromTheOtherEndInEachLane) {
  typedef std::int32_t Vector __attribute__((vector_size(16)));
  constexpr std::int32_t most = std::numeric_limits<std::int32_t>::max();
  Vector sum = {most, 1, -1, 0};
  const Vector more = {1, most, -most, 5};
  simd::detail::add_to(more, sum);
  std::array<std::int32_t, 4> lanes;
  std::memcpy(lanes.data(), &sum, sizeof sum);
  EXPECT_EQ(lanes, (std::array<std::int32_t, 4>{-most - 1, -most - 1, -most - 1, 5}));
}
#endif

}  // namespace
}  // namespace dlfs
