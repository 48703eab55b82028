#include "dlfs/core/promotion.hpp"

#include <cstdint>

#include <gtest/gtest.h>

#include "dlfs/tensor/creation.hpp"
#include "dlfs/tensor/functions.hpp"
#include "support/tensors.hpp"

namespace dlfs {
namespace {

using Eigen::bfloat16;
using Eigen::half;
using test::are_close;
using test::elements;

template <class A, class B, class Result>
constexpr bool gives = std::same_as<Promoted<A, B>, Result>&& std::same_as<Promoted<B, A>, Result>;

// All as np.promote_types says, except for bfloat16, which NumPy lacks.
static_assert(gives<float, float, float> && gives<bool, bool, bool>);
static_assert(gives<bool, std::int8_t, std::int8_t> && gives<bool, half, half>);
static_assert(gives<bool, float, float> && gives<bool, std::uint8_t, std::uint8_t>);
static_assert(gives<std::int8_t, std::int64_t, std::int64_t>);
static_assert(gives<std::uint8_t, std::int8_t, std::int16_t>);
static_assert(gives<std::uint8_t, std::int16_t, std::int16_t>);
static_assert(gives<std::uint16_t, std::int8_t, std::int32_t>);
static_assert(gives<std::uint32_t, std::int32_t, std::int64_t>);
static_assert(gives<std::uint64_t, std::int8_t, double>);
static_assert(gives<std::int8_t, half, half> && gives<std::uint8_t, half, half>);
static_assert(gives<std::int16_t, half, float> && gives<std::int32_t, half, double>);
static_assert(gives<std::int16_t, float, float> && gives<std::uint16_t, float, float>);
static_assert(gives<std::int32_t, float, double> && gives<std::int64_t, float, double>);
static_assert(gives<std::int64_t, double, double> && gives<std::uint8_t, double, double>);
static_assert(gives<half, float, float> && gives<float, double, double>);
static_assert(gives<half, bfloat16, float> && gives<bfloat16, float, float>);

template <class A, class B>
concept CanAddInto = requires(A& a, B& b) {
  a += b;
};
template <class A, class B>
concept CanAssign = requires(A& a, B& b) {
  assign(a, b);
};
static_assert(CanAddInto<Tensor<float>, Tensor<double>> && CanAddInto<Tensor<float>, Tensor<int>>);
static_assert(!CanAddInto<Tensor<int>, Tensor<float>>, "real numbers become no integers");
static_assert(CanAssign<Tensor<half>, Tensor<float>> && !CanAssign<Tensor<int>, Tensor<float>>);
static_assert(!CanAssign<Tensor<bool>, Tensor<int>> && CanAssign<Tensor<int>, Tensor<bool>>);

TEST(Promotion, ComputesInThePromotedType) {
  const auto bytes = array<std::uint8_t>({200, 100});
  const auto signed_bytes = array<std::int8_t>({100, -100});
  const Tensor<std::int16_t> sum = bytes + signed_bytes;
  EXPECT_EQ(elements(sum), (std::vector<double>{300, 0}));

  const auto big = array<std::int32_t>({16777217, -3});
  const Tensor<double> product = big * array<float>({1, 0.5f});
  EXPECT_EQ(elements(product), (std::vector<double>{16777217, -1.5}));

  const Tensor<float> masked = array<bool>({{true}, {false}}) * array<float>({2, 3});
  EXPECT_TRUE(are_close(masked, array<float>({{2, 3}, {0, 0}})));

  EXPECT_EQ(elements(array<std::uint8_t>({255}) > array<std::int8_t>({-1})),
            std::vector<double>{1});
  const Tensor<float> chosen =
      where(array<bool>({true, false}), array<std::int16_t>({3, 4}), array<float>({0.5f, 0.25f}));
  EXPECT_TRUE(are_close(chosen, array<float>({3, 0.25f})));
}

TEST(Promotion, LongVectorsOfAnyPairOfTypesMatchSingleElements) {
  const auto x = arange<std::int32_t>(0, 1000) - 500;
  const auto expect_sums = [&]<class A, class B>(A, B) {
    const auto a = cast<A>(x);
    const auto b = cast<B>(x);
    const auto found = a + b;
    for (Index i = 0; i < x.size(); ++i) {
      using P = Promoted<A, B>;
      const P sum = static_cast<P>(static_cast<P>(a(i)) + static_cast<P>(b(i)));
      ASSERT_EQ(found(i), sum) << "element " << i;
    }
  };
  const auto expect_with_all = [&]<class A>(A a) {
    expect_sums(a, std::int8_t{});
    expect_sums(a, std::uint8_t{});
    expect_sums(a, std::int16_t{});
    expect_sums(a, std::int32_t{});
    expect_sums(a, std::int64_t{});
    expect_sums(a, half{});
    expect_sums(a, bfloat16{});
    expect_sums(a, float{});
    expect_sums(a, double{});
  };
  expect_with_all(std::int8_t{});
  expect_with_all(std::uint8_t{});
  expect_with_all(std::int32_t{});
  expect_with_all(std::int64_t{});
  expect_with_all(half{});
  expect_with_all(float{});
  expect_with_all(double{});
}

TEST(Promotion, InPlaceTheResultTakesTheTypeOfWhatIsChanged) {
  auto x = array<float>({1, 2});
  x += array<double>({0.5, 0.25});
  x *= array<std::int32_t>({2, 4});
  EXPECT_TRUE(are_close(x, array<float>({3, 9})));
  auto counts = zeros<std::int64_t>({2});
  counts += x > 4;
  EXPECT_EQ(elements(counts), (std::vector<double>{0, 1}));
  assign(x, array<std::uint8_t>({7}));
  EXPECT_TRUE(are_close(x, array<float>({7, 7})));
}

}  // namespace
}  // namespace dlfs
