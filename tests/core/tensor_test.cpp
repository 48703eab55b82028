#include "dlfs/core/tensor.hpp"  // first: proves the header self-contained

#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <Eigen/Core>
#include <gtest/gtest.h>

#include "support/error_of.hpp"

namespace dlfs {
namespace {

using test::error_of;

constexpr Index largest = std::numeric_limits<Index>::max();

// A tensor holds plain numbers.
template <class T>
concept CanBeAnElement = requires {
  typename Tensor<T>;
};
static_assert(CanBeAnElement<float> && CanBeAnElement<Eigen::half> && CanBeAnElement<bool>);
static_assert(!CanBeAnElement<const float> && !CanBeAnElement<std::string> &&
              !CanBeAnElement<float&>);

static_assert(std::is_nothrow_move_constructible_v<Tensor<float>> &&
              std::is_nothrow_move_assignable_v<Tensor<float>>);
static_assert(!std::is_convertible_v<Shape, Tensor<float>>);

// A tensor is an argument where a view is wanted, but a const one gives no view that writes.
static_assert(std::is_convertible_v<Tensor<float>&, TensorView<float>>);
static_assert(std::is_convertible_v<Tensor<float>&, TensorView<const float>>);
static_assert(std::is_convertible_v<const Tensor<float>&, TensorView<const float>>);
static_assert(!std::is_convertible_v<Tensor<float>, TensorView<const float>>);
static_assert(!std::is_convertible_v<const Tensor<float>&, TensorView<float>>);
static_assert(!std::is_convertible_v<Tensor<float>, TensorView<float>>);
static_assert(!std::is_convertible_v<Tensor<float>&, TensorView<double>>);

/// Whether each member function that returns a view gives a TensorView<T> of an X.
template <class X, class T>
concept GivesViewsOf = requires(X&& x) {
  { std::forward<X>(x).view() } -> std::same_as<TensorView<T>>;
  { std::forward<X>(x)[0] } -> std::same_as<TensorView<T>>;
  { std::forward<X>(x).rows(0, 1) } -> std::same_as<TensorView<T>>;
  { std::forward<X>(x).slice(0, Slice{}) } -> std::same_as<TensorView<T>>;
  { std::forward<X>(x).transpose() } -> std::same_as<TensorView<T>>;
  { std::forward<X>(x).transpose({0, 1}) } -> std::same_as<TensorView<T>>;
  { std::forward<X>(x).reshape({-1}) } -> std::same_as<TensorView<T>>;
};
static_assert(GivesViewsOf<Tensor<float>&, float>);
static_assert(GivesViewsOf<const Tensor<float>&, const float>);

// A view of an expiring tensor does not compile.
template <class X>
concept GivesAnyView = requires(X&& x) {
  std::forward<X>(x).view();
}
|| requires(X&& x) { std::forward<X>(x)[0]; }
|| requires(X&& x) { std::forward<X>(x).rows(0, 1); }
|| requires(X&& x) { std::forward<X>(x).slice(0, Slice{}); }
|| requires(X&& x) { std::forward<X>(x).transpose(); }
|| requires(X&& x) { std::forward<X>(x).transpose({0, 1}); };
static_assert(GivesAnyView<Tensor<float>&> && !GivesAnyView<Tensor<float>> &&
              !GivesAnyView<const Tensor<float>>);

template <class X>
concept CanReshape = requires(X&& x) {
  std::forward<X>(x).reshape({-1});
};
static_assert(CanReshape<Tensor<float>> && !CanReshape<const Tensor<float>>);
static_assert(std::is_same_v<decltype(Tensor<float>().reshape({-1})), Tensor<float>>);

// What an operand may be.
static_assert(AnyTensor<const Tensor<float>&> && AnyTensor<TensorView<const int>> &&
              !AnyTensor<float> && !AnyTensor<std::vector<float>>);
static_assert(std::is_same_v<Element<const TensorView<const bool>&>, bool>);

template <class T>
class TensorOf : public testing::Test {};

using Elements = testing::Types<float, double, Eigen::half, Eigen::bfloat16, std::int8_t,
                                std::int16_t, std::int32_t, std::int64_t, std::uint8_t, bool>;
TYPED_TEST_SUITE(TensorOf, Elements);

TYPED_TEST(TensorOf, HoldsEveryElementType) {
  using T = TypeParam;
  const T zero(0);
  const T one(1);
  auto x = array<T>({{zero, one}, {one, zero}, {one, one}});
  EXPECT_EQ(x.shape(), (Shape{3, 2}));
  EXPECT_EQ(x(0, 1), one);
  EXPECT_EQ(x(-2, -1), zero);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(x.data()) % alignment, 0u);

  x.transpose()(0, 0) = one;
  EXPECT_EQ(x.slice(0, {.step = -1})(2, 0), one);

  auto y = x;
  y.fill(zero);
  EXPECT_EQ(x(0, 0), one);
  EXPECT_EQ(y(0, 0), zero);
  EXPECT_EQ(Tensor<T>({4})(3), zero);
  EXPECT_EQ(ones<T>({2, 2})(1, 1), one);
  EXPECT_EQ(full<T>({2}, one)(1), one);
  EXPECT_EQ(zeros<T>({}).item(), zero);
}

TEST(Tensor, ByDefaultIsEmpty) {
  const Tensor<float> x;
  EXPECT_EQ(x.shape(), Shape{0});
  EXPECT_TRUE(x.empty());
  EXPECT_EQ(x.begin(), x.end());
  EXPECT_EQ(Tensor<float>(x).shape(), Shape{0});
}

TEST(Tensor, OfAShapeHoldsZeros) {
  for (float element : Tensor<float>({3, 5})) EXPECT_EQ(element, 0);
}

TEST(Tensor, OfRankZeroHoldsOneElement) {
  Tensor<int> x(Shape{});
  EXPECT_EQ(x.rank(), 0);
  EXPECT_EQ(x.size(), 1);
  x() = 7;
  EXPECT_EQ(x.item(), 7);
  EXPECT_EQ(std::as_const(x).item(), 7);
}

TEST(Tensor, WithoutElementsHasItsShape) {
  const Tensor<int> x({2, 0, 3});
  EXPECT_EQ(x.shape(), (Shape{2, 0, 3}));
  EXPECT_TRUE(x.empty());
  EXPECT_EQ(x[1].shape(), (Shape{0, 3}));
  EXPECT_EQ(x.slice(2, {2, {}}).shape(), (Shape{2, 0, 1}));
  EXPECT_EQ(x.transpose().rows(1, 3).shape(), (Shape{2, 0, 2}));
  EXPECT_EQ(x.reshape({0, 9}).shape(), (Shape{0, 9}));
}

TEST(Tensor, TakesValuesInRowMajorOrder) {
  const Tensor<int> x({2, 2}, {1, 2, 3, 4});
  EXPECT_EQ(x(1, 0), 3);
  const std::vector<int> values{5, 6};
  EXPECT_EQ((Tensor<int>({2}, values))(1), 6);
  EXPECT_EQ(error_of<ShapeError>([] {
              return Tensor<int>({2, 2}, {1, 2, 3});
            }),
            "tensor: 3 values for the shape (2, 2)");
}

TEST(Tensor, RejectsMoreMemoryThanCanBeCounted) {
  EXPECT_EQ(error_of<ValueError>([] { return Tensor<double>({Index{1} << 60}); }),
            "memory for 1152921504606846976 elements of 8 bytes");
  Tensor<double> x({2}, {1, 2});
  EXPECT_THROW(x.resize({largest}), ValueError);
  EXPECT_EQ(x.shape(), Shape{2});
  EXPECT_EQ(x(1), 2);
}

TEST(Tensor, ACopyIsACopy) {
  Tensor<int> x({2}, {1, 2});
  Tensor<int> y = x;
  y(0) = 5;
  EXPECT_EQ(x(0), 1);
  x = y;
  x(1) = 6;
  EXPECT_EQ(y(1), 2);
  EXPECT_EQ(x(0), 5);
}

TEST(Tensor, CopyingIntoATensorKeepsItsMemoryWhereItSuffices) {
  Tensor<int> x({2, 3});
  const int* const memory = x.data();
  const auto smaller = array<int>({{3, 4}});
  x = smaller;
  EXPECT_EQ(x.data(), memory);
  EXPECT_EQ(x.shape(), (Shape{1, 2}));
  EXPECT_EQ(x(0, 1), 4);
  x = std::as_const(x);
  EXPECT_EQ(x.data(), memory);
  EXPECT_EQ(x(0, 0), 3);
  const auto as_large = ones<int>({3, 2});
  x = as_large;
  EXPECT_EQ(x.data(), memory);
  EXPECT_EQ(x(2, 1), 1);
  x.resize({6});
  EXPECT_EQ(x.data(), memory);
  EXPECT_EQ(x(5), 1);
  const auto larger = full<int>({100}, 7);
  x = larger;
  EXPECT_EQ(x.shape(), Shape{100});
  EXPECT_EQ(x(99), 7);
}

TEST(Tensor, AssigningItselfChangesNothing) {
  Tensor<int> x({2}, {1, 2});
  auto& alias = x;
  x = alias;
  EXPECT_EQ(x(1), 2);
  x = std::move(alias);
  EXPECT_EQ(x.shape(), Shape{2});
  EXPECT_EQ(x(1), 2);
}

TEST(Tensor, MovingHandsTheMemoryOn) {
  Tensor<int> x({2}, {1, 2});
  const int* const memory = x.data();
  Tensor<int> y = std::move(x);
  EXPECT_EQ(y.data(), memory);
  Tensor<int> z({5});
  z = std::move(y);
  EXPECT_EQ(z.data(), memory);
  EXPECT_EQ(z.shape(), Shape{2});
}

TEST(Tensor, MovedFromIsEmptyAndMayBeUsedAgain) {
  Tensor<int> x({2}, {1, 2});
  const Tensor<int> constructed = std::move(x);
  EXPECT_EQ(x.shape(), Shape{0});  // NOLINT(bugprone-use-after-move)
  x = constructed;
  EXPECT_EQ(x(1), 2);

  Tensor<int> assigned({3});
  assigned = std::move(x);
  EXPECT_EQ(x.shape(), Shape{0});  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(x.begin(), x.end());
  x.resize({4});
  x.fill(9);
  EXPECT_EQ(x(3), 9);
  EXPECT_EQ(assigned(1), 2);

  std::swap(x, assigned);
  EXPECT_EQ(x(1), 2);
  EXPECT_EQ(assigned(3), 9);
}

TEST(Tensor, ResizingToAShapeThatItHadKeepsTheMemory) {
  Tensor<int> x({4, 4});
  const int* const memory = x.data();
  x.resize({2});
  x.resize({0, 3});
  x.resize(x.shape());
  x.resize({2, 8});
  EXPECT_EQ(x.data(), memory);
  EXPECT_EQ(x.shape(), (Shape{2, 8}));
}

TEST(Tensor, PartsAreViewsOfItsMemory) {
  Tensor<int> x({2, 3}, {0, 1, 2, 3, 4, 5});
  x[1](0) = 30;
  x.rows(0, 1)(0, 0) = 10;
  x.slice(1, {.step = -1})(0, 0) = 20;
  x.transpose({1, 0})(1, 1) = 40;
  x.reshape({-1})(5) = 50;
  const std::vector<int> expected{10, 1, 20, 30, 40, 50};
  EXPECT_EQ(std::vector<int>(x.begin(), x.end()), expected);
}

TEST(Tensor, ErrorsAreThoseOfTheView) {
  const Tensor<int> x({2, 3});
  EXPECT_EQ(error_of<ShapeError>([&] { return x(0, 3); }),
            "indexing: index 3 is out of range for axis 1 of the shape (2, 3)");
  EXPECT_EQ(error_of<ShapeError>([&] { return x.item(); }),
            "item: expected one element, got shape (2, 3)");
  EXPECT_EQ(error_of<ShapeError>([&] { return x.reshape({4}); }),
            "reshape: (2, 3) has 6 elements, (4,) has 4");
}

TEST(Tensor, ReshapingAnExpiringTensorKeepsItsMemory) {
  Tensor<int> x({2, 3}, {0, 1, 2, 3, 4, 5});
  const int* const memory = x.data();
  Tensor<int> y = std::move(x).reshape({3, -1});
  EXPECT_EQ(y.data(), memory);
  EXPECT_EQ(y.shape(), (Shape{3, 2}));
  EXPECT_EQ(y(2, 1), 5);
  EXPECT_THROW(std::move(y).reshape({4}), ShapeError);
  EXPECT_EQ(y.shape(), (Shape{3, 2}));  // NOLINT(bugprone-use-after-move)
}

TEST(Array, HasTheShapeOfItsNesting) {
  EXPECT_EQ(array<float>(3).shape(), Shape{});
  EXPECT_EQ(array<float>({}).shape(), Shape{0});
  EXPECT_EQ(array<float>({1}).shape(), Shape{1});
  EXPECT_EQ(array<float>({{1}}).shape(), (Shape{1, 1}));
  EXPECT_EQ(array<float>({{{1}}}).shape(), (Shape{1, 1, 1}));
  EXPECT_EQ(array<float>({{}, {}}).shape(), (Shape{2, 0}));
  EXPECT_EQ(array<float>({{{1, 2}, {3, 4}, {5, 6}}}).shape(), (Shape{1, 3, 2}));
}

TEST(Array, HoldsTheValuesInOrder) {
  const auto x = array<double>({{{0, 1}, {2, 3}}, {{4, 5}, {6, 7.5f}}});
  for (int i = 0; i < 7; ++i) EXPECT_EQ(x.data()[i], i);
  EXPECT_EQ(x(1, 1, 1), 7.5);
  EXPECT_EQ(array<float>(3).item(), 3);
}

TEST(Array, RejectsARaggedList) {
  EXPECT_EQ(error_of<ShapeError>([] {
              return array<int>({{1, 2}, {3}});
            }),
            "array: ragged list: an entry of shape (2,) stands beside one of shape (1,)");
  EXPECT_EQ(error_of<ShapeError>([] {
              return array<int>({1, {2}});
            }),
            "array: ragged list: an entry of shape () stands beside one of shape (1,)");
  EXPECT_THROW(array<int>({{{1}, {2}}, {{1}, {2, 3}}}), ShapeError);
  EXPECT_THROW(array<int>({{}, {1}}), ShapeError);
}

TEST(Array, HasAtMostEightAxes) {
  EXPECT_EQ(array<int>({{{{{{{{1}}}}}}}}).rank(), 8);
  EXPECT_THROW(array<int>({{{{{{{{{1}}}}}}}}}), ShapeError);
}

}  // namespace
}  // namespace dlfs
