#include "dlfs/tensor/reduce.hpp"

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <type_traits>

#include <gtest/gtest.h>

#include "dlfs/core/rng.hpp"
#include "dlfs/simd/level.hpp"
#include "dlfs/tensor/reference/reduce.hpp"
#include "support/tensors.hpp"

namespace dlfs {
namespace {

using test::are_close;
using test::elements;
using test::error_of;
using test::infinity;
using test::nan;
using test::random_tensor;

TEST(Sum, RunsOverOneAxisSeveralOrAll) {
  const auto x = array<float>({{1, 2, 3}, {4, 5, 6}});
  EXPECT_EQ(sum(x), 21);
  EXPECT_TRUE(are_close(sum(x, 0), array<float>({5, 7, 9})));
  EXPECT_TRUE(are_close(sum(x, 1), array<float>({6, 15})));
  EXPECT_TRUE(are_close(sum(x, -2), array<float>({5, 7, 9})));
  EXPECT_TRUE(are_close(sum(x, {0, -1}), full<float>({}, 21)));
  EXPECT_TRUE(are_close(sum(x, 0, KeepDims::yes), array<float>({{5, 7, 9}})));
  EXPECT_TRUE(are_close(sum(x, {1, 0}, KeepDims::yes), array<float>({{21}})));
}

/// The sum over the flagged axes, element by element.
Tensor<double> plain_sum(TensorView<const double> x, const detail::AxisFlags& reduced,
                         int axis = 0) {
  if (x.rank() == 0) return full<double>({}, *x.data());
  Tensor<double> total;
  Shape stacked{x.extent(0)};
  for (Index i = 0; i < x.extent(0); ++i) {
    const auto part = plain_sum(x[i], reduced, axis + 1);
    if (i == 0) {
      for (Index extent : part.shape()) stacked.push_back(extent);
      total = Tensor<double>(reduced[static_cast<std::size_t>(axis)] ? part.shape() : stacked);
    }
    for (Index j = 0; j < part.size(); ++j) {
      const bool adds = reduced[static_cast<std::size_t>(axis)];
      total.data()[adds ? j : i * part.size() + j] += part.data()[j];
    }
  }
  return total;
}

TEST(Sum, AgreesWithAPlainLoopForEverySetOfAxesAndEveryView) {
  const auto x = random_tensor<double>({3, 4, 5, 6});
  for (const auto& view :
       {x.view(), x.transpose(), x.transpose({1, 3, 0, 2}),
        x.slice(3, {.step = -2}).slice(1, {.step = 3}), x[0][0][0].broadcast_to({2, 3, 2, 6})}) {
    for (unsigned set = 0; set < 16; ++set) {
      detail::AxisFlags reduced{};
      for (unsigned axis = 0; axis < 4; ++axis) reduced[axis] = (set >> axis & 1) != 0;
      Tensor<double> found(detail::reduced_shape(view.shape(), reduced, KeepDims::no));
      detail::reduce_into<detail::Sum>(found.view(), view, reduced, 0.0, std::identity());
      EXPECT_TRUE(are_close(found, plain_sum(view, reduced), 1e-12))
          << to_string(view.shape()) << " set " << set;
    }
  }
}

TEST(Sum, LongAxesAreSummedInPieces) {
  const auto x = random_tensor<double>({2, 2500});
  const auto wide = random_tensor<double>({100, 1300});
  const auto deep = random_tensor<double>({2, 3, 700});
  EXPECT_TRUE(are_close(sum(x, 1), plain_sum(x, {false, true}), 1e-11));
  EXPECT_TRUE(are_close(sum(x.slice(1, {.step = -1}), 1), plain_sum(x, {false, true}), 1e-11));
  EXPECT_TRUE(are_close(sum(deep, 1), plain_sum(deep, {false, true, false}), 1e-11));
  EXPECT_TRUE(are_close(sum(wide, 0), plain_sum(wide, {true, false}), 1e-11));
}

TEST(Sum, MillionFloatsAreExactToOneInAMillion) {
  for (float value : {0.1f, 0.3f, 0.7f, 1.1f}) {
    const auto x = full<float>({1000, 1000}, value);
    const double exact = 1e6 * static_cast<double>(value);
    EXPECT_NEAR(sum(x) / exact, 1, 1e-6);
    EXPECT_NEAR(sum(x.slice(1, {.step = 2})) / exact, 0.5, 1e-6);
    const auto tall = full<float>({250000, 4}, value);
    EXPECT_NEAR(sum(tall, 0)(3) / exact, 0.25, 1e-6);
  }
}

TEST(Sum, HalfTypesAccumulateInFloat) {
  const auto x = full<Eigen::half>({100, 40}, Eigen::half(0.5f));
  EXPECT_EQ(static_cast<float>(sum(x)), 2000);
  EXPECT_EQ(static_cast<float>(sum(x, 0)(0)), 50);
  EXPECT_EQ(static_cast<float>(mean(full<Eigen::half>({4000}, Eigen::half(100.0f)))), 100)
      << "the sum is beyond half";
}

TEST(Sum, IntegersAndBooleansHave64Bits) {
  EXPECT_EQ(sum(full<std::int8_t>({1000}, 100)), 100'000);
  EXPECT_EQ(sum(array<bool>({true, false, true})), 2);
  static_assert(std::is_same_v<decltype(sum(Tensor<std::uint8_t>())), std::uint64_t>);
  EXPECT_TRUE(are_close(sum(array<int>({{1, 2}, {3, 4}}), 0), array<int>({4, 6})));
}

TEST(Sum, OfNothingIsZero) {
  EXPECT_EQ(sum(Tensor<float>({0, 3})), 0);
  EXPECT_TRUE(are_close(sum(Tensor<float>({3, 0}), 1), zeros<float>({3})));
  EXPECT_EQ(sum(Tensor<float>({0, 3}), 1).shape(), Shape({0}));
}

TEST(Mean, DividesByTheNumberOfReducedElements) {
  const auto x = array<float>({{1, 2, 3}, {4, 5, 6}});
  EXPECT_EQ(mean(x), 3.5f);
  EXPECT_TRUE(are_close(mean(x, 0), array<float>({2.5f, 3.5f, 4.5f})));
  EXPECT_TRUE(are_close(mean(x, 1, KeepDims::yes), array<float>({{2}, {5}})));
  EXPECT_EQ(mean(array<int>({1, 2})), 1.5);
  EXPECT_EQ(mean(array<bool>({true, true, false, true})), 0.75);
  EXPECT_TRUE(std::isnan(mean(Tensor<float>({0}))));
}

TEST(Extremes, FindTheLargestAndTheSmallest) {
  const auto x = array<float>({{1, -infinity, 3}, {4, 5, -6}});
  EXPECT_EQ(max(x), 5);
  EXPECT_EQ(min(x), -infinity);
  EXPECT_TRUE(are_close(max(x, 0), array<float>({4, 5, 3})));
  EXPECT_TRUE(are_close(min(x, 1), array<float>({-infinity, -6})));
  EXPECT_TRUE(are_close(max(x.transpose(), -1, KeepDims::yes), array<float>({{4}, {5}, {3}})));
  EXPECT_EQ(max(array<int>({-3, -2})), -2);
}

TEST(Extremes, PropagateNaN) {
  for (Index position : {0, 5, 16, 40}) {
    auto x = random_tensor<float>({41});
    x(position) = nan;
    EXPECT_TRUE(std::isnan(max(x)) && std::isnan(min(x))) << position;
    EXPECT_TRUE(std::isnan(max(x.reshape({41, 1}), 0)(0))) << position;
  }
}

TEST(Extremes, OfNothingAreAValueError) {
  EXPECT_EQ(error_of<ValueError>([] {
              max(Tensor<float>({0, 3}));
            }),
            "max: no elements in the shape (0, 3)");
  EXPECT_EQ(error_of<ValueError>([] {
              min(Tensor<float>({3, 0}), 1);
            }),
            "min: no elements along the reduced axes of the shape (3, 0)");
  EXPECT_EQ(max(Tensor<float>({0, 3}), 1).shape(), Shape({0}));
}

TEST(Argmax, GivesTheFirstOfEquals) {
  const auto x = array<float>({{1, 3, 3}, {5, 4, 5}});
  EXPECT_EQ(elements(argmax(x, 1)), (std::vector<double>{1, 0}));
  EXPECT_EQ(elements(argmax(x, 0)), (std::vector<double>{1, 1, 1}));
  EXPECT_EQ(elements(argmax(x.slice(1, {.step = -1}), -1)), (std::vector<double>{0, 0}));
  EXPECT_EQ(argmax(x, 1, KeepDims::yes).shape(), Shape({2, 1}));
  EXPECT_EQ(argmax(random_tensor<float>({2, 3, 4}), 1).shape(), Shape({2, 4}));
}

TEST(Argmax, FirstNaNWins) {
  EXPECT_EQ(elements(argmax(array<float>({{1, nan, 3, nan}, {nan, 2, infinity, 0}}), 1)),
            (std::vector<double>{1, 0}));
}

TEST(Argmax, OfNothingIsAValueError) {
  EXPECT_EQ(error_of<ValueError>([] {
              argmax(Tensor<float>({3, 0}), 1);
            }),
            "argmax: no elements along axis 1 of the shape (3, 0)");
  EXPECT_EQ(argmax(Tensor<float>({0, 3}), 1).shape(), Shape({0}));
}

TEST(SumRows, AgreesWithTheReference) {
  for (const Shape& shape : {Shape{1, 1}, Shape{100, 10}, Shape{7, 1000}, Shape{1000, 3}}) {
    const auto x = random_tensor<float>(shape);
    Tensor<float> out({shape[1]});
    sum_rows(x, out);
    EXPECT_TRUE(are_close(out, reference::sum_rows(x), 1e-5)) << to_string(shape);
  }
}

TEST(SumRows, StoreChoosesToOverwriteOrToAdd) {
  const auto x = array<float>({{1, 2}, {3, 4}});
  auto out = full<float>({2}, 100);
  sum_rows(x, out, Store::add);
  EXPECT_TRUE(are_close(out, array<float>({104, 106})));
  sum_rows(x, out);
  EXPECT_TRUE(are_close(out, array<float>({4, 6})));
  sum_rows(Tensor<float>({0, 2}), out, Store::add);
  EXPECT_TRUE(are_close(out, array<float>({4, 6})));
  sum_rows(Tensor<float>({0, 2}), out);
  EXPECT_TRUE(are_close(out, zeros<float>({2})));
}

TEST(SumRows, ShapeErrorNamesTheOperationAndBothShapes) {
  Tensor<float> out({2});
  EXPECT_EQ(error_of<ShapeError>([&] {
              sum_rows(Tensor<float>({2, 3}), out);
            }),
            "sum_rows: expected out of shape (3,), got (2,)");
  EXPECT_EQ(error_of<ShapeError>([&] { sum_rows(Tensor<float>({2}), out); }),
            "sum_rows: expected a matrix, got (2,)");
}

TEST(Reduce, IsBitIdenticalForAnyThreadCount) {
  const auto x = random_tensor<float>({700, 900});
  test::expect_same_for_any_thread_count([&] { return sum(x, 0); });
  test::expect_same_for_any_thread_count([&] { return full<float>({}, sum(x)); });
}

TEST(Reduce, AxisErrorsNameTheAxisAndTheShape) {
  const Tensor<float> x({2, 3});
  EXPECT_EQ(error_of<ShapeError>([&] { sum(x, 2); }),
            "axis 2 is out of range for the shape (2, 3)");
  EXPECT_EQ(error_of<ShapeError>([&] {
              mean(x, {0, -2});
            }),
            "mean: axis -2 of the shape (2, 3) is named twice");
  EXPECT_EQ(error_of<ShapeError>([&] {
              max(x, {0, 0, 0, 0, 0, 0, 0, 0, 0});
            }),
            "9 axes named, where a shape has at most 8");
  EXPECT_EQ(error_of<ShapeError>([&] { argmax(x, -3); }),
            "axis -3 is out of range for the shape (2, 3)");
}

template <class T>
class Position : public testing::Test {};
using PositionElements = testing::Types<float, double, std::int8_t, std::uint16_t, std::int64_t>;
TYPED_TEST_SUITE(Position, PositionElements);

/// The first element that no other is better than, or the first NaN.
template <class T, class IsBetter>
Index plain_position(const Tensor<T>& x, IsBetter is_better) {
  Index best = 0;
  for (Index i = 1; i < x.size(); ++i) {
    if (x(best) != x(best)) break;
    if (x(i) != x(i) || is_better(x(i), x(best))) best = i;
  }
  return best;
}

TYPED_TEST(Position, IsTheFirstOfEqualsAtEveryLevelAndLength) {
  using T = TypeParam;
  const simd::Level machine = simd::level();
  Rng rng(3);
  for (simd::Level level : simd::all_levels) {
    if (!simd::is_supported(level)) continue;
    simd::set_level(level);
    for (Index size : {1, 2, 7, 15, 16, 17, 33, 64, 100, 511, 512, 513, 700, 1025, 2048, 5000}) {
      for (int repetition = 0; repetition < 20; ++repetition) {
        auto x =
            cast<T>(random_integers<std::int32_t>({size}, rng, 1, repetition % 3 == 0 ? 5 : 100));
        if (repetition % 4 == 1) {  // only one is the best, perhaps the last
          x(size - 1 - rng.below(size / 16 + 1)) = T(101);
          x(size - 1 - rng.below(size / 16 + 1)) = T(0);
        }
        if constexpr (std::floating_point<T>) {
          if (repetition % 5 == 4) x(rng.below(size)) = std::numeric_limits<T>::quiet_NaN();
        }
        ASSERT_EQ(argmax(x, 0)(), plain_position(x, std::greater())) << "size " << size;
        ASSERT_EQ(argmin(x, 0)(), plain_position(x, std::less())) << "size " << size;
      }
    }
  }
  simd::set_level(machine);
}

}  // namespace
}  // namespace dlfs
