#include "dlfs/core/element.hpp"

#include <cstdint>
#include <string>
#include <type_traits>

#include <gtest/gtest.h>

namespace dlfs {
namespace {

static_assert(RealElement<float> && RealElement<double> && RealElement<long double>);
static_assert(RealElement<Eigen::half> && RealElement<Eigen::bfloat16>);
static_assert(!RealElement<int> && !RealElement<bool> && !RealElement<std::string>);

static_assert(NumberElement<float> && NumberElement<Eigen::bfloat16>);
static_assert(NumberElement<std::int8_t> && NumberElement<std::uint64_t>);
static_assert(!NumberElement<bool> && !NumberElement<std::string>);

static_assert(detail::NumberTensor<Tensor<int>&> && detail::NumberTensor<TensorView<const float>>);
static_assert(!detail::NumberTensor<Tensor<bool>> && !detail::NumberTensor<int>);
static_assert(detail::RealTensor<Tensor<Eigen::half>> && !detail::RealTensor<Tensor<int>>);

template <class T, class Expected>
constexpr bool adds_up_in = std::is_same_v<Accumulator<T>, Expected>;
static_assert(adds_up_in<bool, std::int64_t> && adds_up_in<std::int8_t, std::int64_t>);
static_assert(adds_up_in<std::uint8_t, std::uint64_t> && adds_up_in<Index, std::int64_t>);
static_assert(adds_up_in<float, float> && adds_up_in<double, double>);
static_assert(adds_up_in<Eigen::half, float> && adds_up_in<Eigen::bfloat16, float>);

TEST(Accumulator, BeginsWithZero) {
  EXPECT_EQ(detail::accumulator_of<bool>(), 0);
  EXPECT_EQ(detail::accumulator_of<Eigen::half>(), 0.0f);
}

}  // namespace
}  // namespace dlfs
