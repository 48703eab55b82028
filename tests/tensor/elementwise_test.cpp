#include <cmath>
#include <utility>

#include <gtest/gtest.h>

#include "dlfs/tensor/functions.hpp"
#include "support/tensors.hpp"

namespace dlfs {
namespace {

using Eigen::bfloat16;
using Eigen::half;
using test::are_close;
using test::elements;
using test::error_of;
using test::infinity;
using test::nan;
using test::random_tensor;

template <class A, class B>
concept CanAdd = requires(A a, B b) {
  a + b;
};
template <class A, class B>
concept CanDivide = requires(A a, B b) {
  a / b;
};
template <class A, class B>
concept CanAddTo = requires(B b) {
  std::declval<A>() += b;
};
template <class X>
concept CanTakeExp = requires(X x) {
  exp(x);
};

static_assert(CanAdd<Tensor<float>&, TensorView<const float>> && CanAdd<Tensor<float>&, int>);
static_assert(CanAdd<Tensor<float>&, Tensor<double>&>, "mixed element types are promoted");
static_assert(!CanAdd<Tensor<int>&, double>, "a fraction beside integers");
static_assert(!CanAdd<Tensor<bool>&, Tensor<bool>&> && !CanAdd<Tensor<float>&, const char*>);
static_assert(!CanDivide<Tensor<int>&, Tensor<int>&> && !CanTakeExp<Tensor<int>&>);
static_assert(CanAddTo<Tensor<float>&, float> && CanAddTo<TensorView<float>, Tensor<float>&>);
static_assert(!CanAddTo<TensorView<const float>, float> && !CanAddTo<const Tensor<float>&, float>);
static_assert(!CanAddTo<Tensor<float>, float>, "an expiring tensor");

TEST(Elementwise, ArithmeticMatchesHandComputedValues) {
  const auto a = array<float>({6, 8, -3});
  const auto b = array<float>({3, 2, 4});
  EXPECT_TRUE(are_close(a + b, array<float>({9, 10, 1})));
  EXPECT_TRUE(are_close(a - b, array<float>({3, 6, -7})));
  EXPECT_TRUE(are_close(a * b, array<float>({18, 16, -12})));
  EXPECT_TRUE(are_close(a / b, array<float>({2, 4, -0.75f})));
  EXPECT_TRUE(are_close(-a, array<float>({-6, -8, 3})));
}

TEST(Elementwise, NumbersStandOnEitherSide) {
  const auto x = array<float>({1, 2, 4});
  EXPECT_TRUE(are_close(x - 1, array<float>({0, 1, 3})));
  EXPECT_TRUE(are_close(1 - x, array<float>({0, -1, -3})));
  EXPECT_TRUE(are_close(8.0 / x, array<float>({8, 4, 2})));
  EXPECT_TRUE(are_close(x / 2.0f, array<float>({0.5f, 1, 2})));
}

TEST(Broadcasting, RepeatsRowsColumnsAndBoth) {
  const auto x = array<float>({{1, 2, 3}, {4, 5, 6}});
  const auto row = array<float>({10, 20, 30});
  const auto column = array<float>({{100}, {200}});
  EXPECT_TRUE(are_close(x + row, array<float>({{11, 22, 33}, {14, 25, 36}})));
  EXPECT_TRUE(are_close(row + x, array<float>({{11, 22, 33}, {14, 25, 36}})));
  EXPECT_TRUE(are_close(x + column, array<float>({{101, 102, 103}, {204, 205, 206}})));
  EXPECT_TRUE(are_close(column - row, array<float>({{90, 80, 70}, {190, 180, 170}})));
  EXPECT_TRUE(are_close(x + full<float>({}, 1), array<float>({{2, 3, 4}, {5, 6, 7}})));
  EXPECT_TRUE(are_close(x + full<float>({1, 1, 1}, 1), array<float>({{{2, 3, 4}, {5, 6, 7}}})));
}

TEST(Broadcasting, AgreesWithIndexingForEveryKindOfPair) {
  const Shape shapes[] = {{2, 3, 4, 5}, {3, 1, 5}, {2, 1, 4, 1}, {1, 3, 1, 1}, {5}, {4, 5}, {}};
  for (const Shape& first : shapes) {
    for (const Shape& second : shapes) {
      const auto a = random_tensor<double>(first, 1);
      const auto b = random_tensor<double>(second, 2);
      const auto sum = a - b;
      EXPECT_EQ(sum.shape(), broadcast_shapes(first, second, ""));
      const auto left = elements(a.view().broadcast_to(sum.shape()));
      const auto right = elements(b.view().broadcast_to(sum.shape()));
      const auto found = elements(sum);
      for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i], left[i] - right[i]);
    }
  }
}

TEST(Broadcasting, ZeroExtentsGiveEmptyResults) {
  EXPECT_EQ((Tensor<float>({0, 3}) + array<float>({1, 2, 3})).shape(), Shape({0, 3}));
  EXPECT_EQ((Tensor<float>({2, 0}) * Tensor<float>({2, 1})).shape(), Shape({2, 0}));
}

TEST(Elementwise, ViewsOfAnyStridesAreOperands) {
  const auto x = random_tensor<double>({40, 60});
  const auto expect_negated = [](TensorView<const double> view) {
    const auto before = elements(view);
    const auto after = elements(-view);
    for (std::size_t i = 0; i < before.size(); ++i) EXPECT_EQ(after[i], -before[i]);
  };
  expect_negated(x.transpose());
  expect_negated(x.slice(0, {.step = -1}));
  expect_negated(x.slice(1, {.step = -2}));
  expect_negated(x.slice(0, {.start = 3, .stop = 30, .step = 7}).slice(1, {.start = 1}));
  expect_negated(x[3].broadcast_to({5, 60}));
  expect_negated(x.slice(1, {.stop = 1}).broadcast_to({40, 1000}));
  const auto images = random_tensor<double>({2, 3, 4, 5});
  expect_negated(images.transpose({2, 0, 3, 1}));
}

TEST(Elementwise, LongStridedRowsAreWorkedInPieces) {
  const auto x = random_tensor<float>({5000});
  const auto reversed = x.slice(0, {.step = -1});
  const auto doubled = reversed + reversed;
  for (Index i = 0; i < 5000; ++i) EXPECT_EQ(doubled(i), 2 * x(4999 - i));
  auto y = zeros<float>({10000});
  y.slice(0, {.step = 2}) += x;
  for (Index i = 0; i < 5000; ++i) EXPECT_EQ(y(2 * i), x(i));
}

TEST(Elementwise, ExpiringOperandLendsItsMemory) {
  auto a = random_tensor<float>({3, 4});
  const float* memory = a.data();
  auto b = std::move(a) + 1.0f;
  EXPECT_EQ(b.data(), memory);
  auto c = 2.0f - exp(-std::move(b));
  EXPECT_EQ(c.data(), memory);
  auto row = random_tensor<float>({4});
  const auto d = std::move(row) + std::move(c);
  EXPECT_EQ(d.data(), memory) << "the row is too small, the matrix fits";
}

TEST(Elementwise, LvalueOperandsStayAsTheyAre) {
  const auto a = array<float>({1, 2});
  const auto b = a + a;
  EXPECT_TRUE(are_close(a, array<float>({1, 2})));
  EXPECT_NE(b.data(), a.data());
}

TEST(InPlace, UpdatesATensorOrAView) {
  auto x = array<float>({{1, 2, 3}, {4, 5, 6}});
  x += array<float>({10, 20, 30});
  EXPECT_TRUE(are_close(x, array<float>({{11, 22, 33}, {14, 25, 36}})));
  x.transpose() -= array<float>({1, 2});
  EXPECT_TRUE(are_close(x, array<float>({{10, 21, 32}, {12, 23, 34}})));
  x[0] *= 2;
  x.slice(1, {.start = 1}) /= 2.0f;
  EXPECT_TRUE(are_close(x, array<float>({{20, 21, 32}, {12, 11.5f, 17}})));
  (x += 1) += 1;
  EXPECT_EQ(x(0, 0), 22);
}

TEST(InPlace, OverlappingOperandIsReadBeforeItIsWritten) {
  auto x = array<float>({{1, 2}, {3, 4}});
  x += x.transpose();
  EXPECT_TRUE(are_close(x, array<float>({{2, 5}, {5, 8}})));
  auto y = array<float>({1, 2, 3, 4});
  y.rows(1, 4) += y.rows(0, 3);
  EXPECT_TRUE(are_close(y, array<float>({1, 3, 5, 7})));
  y -= y(1);
  EXPECT_TRUE(are_close(y, array<float>({-2, 0, 2, 4})));
  y += y;
  EXPECT_TRUE(are_close(y, array<float>({-4, 0, 4, 8})));
}

TEST(Elementwise, MathematicalFunctionsMatchTheStandardLibrary) {
  auto x = random_tensor<double>({7, 9});
  x += 1.5;
  const auto expect = [&](const Tensor<double>& found, double (*f)(double)) {
    for (Index i = 0; i < x.size(); ++i) {
      EXPECT_NEAR(found.data()[i], f(x.data()[i]), 1e-14);
    }
  };
  expect(exp(x), std::exp);
  expect(log(x), std::log);
  expect(sqrt(x), std::sqrt);
  expect(tanh(x), std::tanh);
  expect(abs(-x), std::abs);
  expect(square(x), [](double value) { return value * value; });
}

TEST(Elementwise, MaximumAndMinimumPropagateNaN) {
  const auto a = array<float>({1, nan, 3, 4, 5, nan, 7, -infinity, 9});
  const auto b = array<float>({2, 2, nan, 3, 6, nan, 7, 0, infinity});
  EXPECT_TRUE(are_close(maximum(a, b), array<float>({2, nan, nan, 4, 6, nan, 7, 0, infinity})));
  EXPECT_TRUE(are_close(minimum(a, b), array<float>({1, nan, nan, 3, 5, nan, 7, -infinity, 9})));
  EXPECT_TRUE(are_close(maximum(array<int>({-1, 2}), 0), array<int>({0, 2})));
}

TEST(Elementwise, ClipLimitsAndPropagatesNaN) {
  EXPECT_TRUE(
      are_close(clip(array<float>({-2, 0.5f, 2, nan}), -1, 1), array<float>({-1, 0.5f, 1, nan})));
}

TEST(Comparison, GivesBooleans) {
  const auto a = array<float>({1, 2, 3, nan, 1});
  const auto b = array<float>({2, 2, 2, nan, 0});
  EXPECT_EQ(elements(a < b), (std::vector<double>{1, 0, 0, 0, 0}));
  EXPECT_EQ(elements(a <= b), (std::vector<double>{1, 1, 0, 0, 0}));
  EXPECT_EQ(elements(a > b), (std::vector<double>{0, 0, 1, 0, 1}));
  EXPECT_EQ(elements(a >= b), (std::vector<double>{0, 1, 1, 0, 1}));
  EXPECT_EQ(elements(equal(a, b)), (std::vector<double>{0, 1, 0, 0, 0}));
  EXPECT_EQ(elements(not_equal(a, b)), (std::vector<double>{1, 0, 1, 1, 1}));
  EXPECT_EQ(elements(a > 1.5f), (std::vector<double>{0, 1, 1, 0, 0}));
  EXPECT_EQ(elements(equal(a > 1.5f, true)), (std::vector<double>{0, 1, 1, 0, 0}));
}

TEST(Where, ChoosesAndBroadcasts) {
  const auto condition = array<bool>({{true}, {false}});
  EXPECT_TRUE(are_close(where(condition, array<float>({1, 2}), 0), array<float>({{1, 2}, {0, 0}})));
  const auto x = array<float>({-1, 2});
  EXPECT_TRUE(are_close(where(x > 0, x, -x), array<float>({1, 2})));
}

TEST(Cast, ConvertsAsStaticCast) {
  EXPECT_EQ(elements(cast<int>(array<float>({1.9f, -1.9f}))), (std::vector<double>{1, -1}));
  EXPECT_EQ(elements(cast<bool>(array<float>({0, 0.5f}))), (std::vector<double>{0, 1}));
  EXPECT_EQ(elements(cast<float>(array<bool>({true, false}))), (std::vector<double>{1, 0}));
  EXPECT_EQ(elements(cast<half>(array<double>({0.1}))), (std::vector<double>{0.0999755859375}));
}

TEST(Map, AppliesAFunctionOfOneNumber) {
  const auto x = array<int>({{1, 2}, {3, 4}});
  const auto y = vectorize(x.transpose(), [](int value) { return value / 2.0; });
  EXPECT_TRUE(are_close(y, array<double>({{0.5, 1.5}, {1, 2}})));
}

TEST(Copy, IsDenseAndItsOwn) {
  auto x = array<float>({{1, 2}, {3, 4}});
  const auto y = copy(x.transpose());
  x(0, 1) = 9;
  EXPECT_TRUE(are_close(y, array<float>({{1, 3}, {2, 4}})));
}

TEST(Assign, BroadcastsIntoAView) {
  auto x = zeros<float>({2, 3});
  assign(x, array<float>({1, 2, 3}));
  EXPECT_TRUE(are_close(x, array<float>({{1, 2, 3}, {1, 2, 3}})));
  assign(x.slice(1, {.step = 2}), array<float>({{7}, {8}}));
  EXPECT_TRUE(are_close(x, array<float>({{7, 2, 7}, {8, 2, 8}})));
}

TEST(Assign, CopiesEverySizeAndNothingBeyond) {
  for (const Index size : {1, 1023, 1024, 1031, 262'144, 262'145}) {
    const auto x = random_tensor<float>({size}, 1);
    Tensor<float> whole({size});
    assign(whole, x);
    EXPECT_TRUE(are_close(whole, x, 0)) << size;
    auto larger = full<float>({size + 1}, -1);
    assign(larger.slice(0, {.stop = size}), x);
    EXPECT_TRUE(are_close(larger.slice(0, {.stop = size}), x, 0)) << size;
    EXPECT_EQ(larger(size), -1) << size;
  }
}

TEST(Assign, OverlappingSourceIsReadBeforeItIsWritten) {
  auto x = array<float>({{1, 2}, {3, 4}});
  assign(x, x.transpose());
  EXPECT_TRUE(are_close(x, array<float>({{1, 3}, {2, 4}})));
  auto y = random_tensor<float>({2000});
  const auto before = y;
  assign(y.rows(0, 1500), y.slice(0, {.step = -1}).rows(0, 1500));
  for (Index i = 0; i < 1500; ++i) EXPECT_EQ(y(i), before(1999 - i));
}

template <class T>
class HalfType : public testing::Test {};
using HalfTypes = testing::Types<half, bfloat16>;
TYPED_TEST_SUITE(HalfType, HalfTypes);

TYPED_TEST(HalfType, WorksThroughout) {
  const auto x = cast<TypeParam>(array<float>({{-1, 2, 3}, {4, -5, 6}}));
  EXPECT_TRUE(are_close(x + x, array<float>({{-2, 4, 6}, {8, -10, 12}})));
  EXPECT_TRUE(are_close(x * 2 - 1, array<float>({{-3, 3, 5}, {7, -11, 11}})));
  EXPECT_TRUE(are_close(maximum(x, 0), array<float>({{0, 2, 3}, {4, 0, 6}})));
  EXPECT_TRUE(are_close(abs(-x.transpose()), array<float>({{1, 4}, {2, 5}, {3, 6}})));
  EXPECT_TRUE(are_close(exp(x), exp(cast<float>(x)), 2));
  EXPECT_TRUE(are_close(x < 3.0f, array<bool>({{true, true, false}, {false, true, false}})));
  EXPECT_TRUE(are_close(where(x > 0, x, TypeParam(0)), array<float>({{0, 2, 3}, {4, 0, 6}})));
}

TEST(Elementwise, ShapeErrorNamesTheOperationAndBothShapes) {
  auto x = zeros<float>({2, 3});
  const auto y = zeros<float>({2});
  EXPECT_EQ(error_of<ShapeError>([&] { return x - y; }),
            "subtract: shapes (2, 3) and (2,) do not broadcast: axis -1 has extents 3 and 2");
  EXPECT_EQ(error_of<ShapeError>([&] { x *= y; }),
            "multiply: shapes (2, 3) and (2,) do not broadcast: axis -1 has extents 3 and 2");
  EXPECT_EQ(error_of<ShapeError>([&] {
              x += zeros<float>({4, 2, 3});
            }),
            "add: an operand of shape (4, 2, 3) does not broadcast into the shape (2, 3)");
  EXPECT_EQ(error_of<ShapeError>([&] { assign(x, y); }),
            "assign: shapes (2, 3) and (2,) do not broadcast: axis -1 has extents 3 and 2");
  EXPECT_EQ(error_of<ShapeError>([&] { where(x > 0, y, y); }),
            "where: shapes (2, 3) and (2,) do not broadcast: axis -1 has extents 3 and 2");
}

}  // namespace
}  // namespace dlfs
