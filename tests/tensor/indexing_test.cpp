#include "dlfs/tensor/indexing.hpp"  // first: proves the header self-contained

#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

#include "dlfs/tensor/reduce.hpp"
#include "support/tensors.hpp"

// What NumPy gives for many shapes is in numpy/tensors_test.cpp.

namespace dlfs {
namespace {

using test::are_close;
using test::error_of;

template <class X, class I>
concept CanTake = requires(X x, I indices) {
  take(x, indices, 0);
};
template <class X, class B>
concept CanPlace = requires(X x, Tensor<bool> mask, B values) {
  index_put(x, mask, values);
};
static_assert(CanTake<TensorView<const float>, Tensor<std::uint8_t>>);
static_assert(!CanTake<Tensor<float>, Tensor<float>> && !CanTake<Tensor<float>, Tensor<bool>>);
static_assert(CanPlace<Tensor<float>&, float> && CanPlace<TensorView<float>, Tensor<float>>);
static_assert(!CanPlace<const Tensor<float>&, float> && !CanPlace<Tensor<float>&, Tensor<double>>);

Tensor<double> two_by_three() { return array<double>({{1, 2, 3}, {4, 5, 6}}); }

TEST(Indexing, TakesEntriesInTheOrderOfTheIndices) {
  const auto x = two_by_three();
  EXPECT_TRUE(are_close(take(x, array<int>({-1, 0, 0}), 1), array<double>({{3, 1, 1}, {6, 4, 4}})));
  EXPECT_TRUE(are_close(take(x.transpose(), array<int>({2}), 0), array<double>({{3, 6}})));
}

TEST(Indexing, TakesWholeRows) {
  auto x = Tensor<float>({40, 1000});
  for (Index i = 0; i < 40; ++i) x[i].reshape({-1})(0) = static_cast<float>(i);
  const auto y = take(x, array<Index>({{39, 3}, {-39, 0}}), 0);
  EXPECT_EQ(y.shape(), (Shape{2, 2, 1000}));
  EXPECT_EQ(y(0, 0, 0), 39);
  EXPECT_EQ(y(1, 0, 0), 1);
}

TEST(Indexing, TakingTheArgmaxAlongItsAxisGivesTheMaxima) {
  const auto x = test::random_tensor<float>({7, 50});
  for (int axis : {0, 1}) {
    const auto positions = argmax(x, axis, KeepDims::yes);
    EXPECT_TRUE(are_close(take_along_axis(x, positions, axis), max(x, axis, KeepDims::yes)));
  }
}

TEST(Indexing, PutsNumbersAndTensors) {
  auto x = two_by_three();
  index_put(x, array<int>({0, -1}), 7, 1);
  EXPECT_TRUE(are_close(x, array<double>({{7, 2, 7}, {7, 5, 7}})));
  index_put(x[1], array<int>({0, 1}), array<double>({8, 9}), 0);
  EXPECT_TRUE(are_close(x, array<double>({{7, 2, 7}, {8, 9, 7}})));
  put_along_axis(x, array<int>({{1}, {-1}}), 0, 1);
  EXPECT_TRUE(are_close(x, array<double>({{7, 0, 7}, {8, 9, 0}})));
}

TEST(Indexing, TheLastValueOfAnIndexStays) {
  auto x = array<double>({0, 0});
  index_put(x, array<int>({1, 1, 1}), array<double>({5, 6, 7}), 0);
  EXPECT_TRUE(are_close(x, array<double>({0, 7})));
}

TEST(Indexing, ValuesMayBeOfTheTensorItself) {
  auto x = two_by_three();
  index_put(x, array<int>({2, 1, 0}), x, 1);
  EXPECT_TRUE(are_close(x, array<double>({{3, 2, 1}, {6, 5, 4}})));
  put_along_axis(x, array<int>({{1, 2, 0}}), x, 1);
  EXPECT_TRUE(are_close(x, array<double>({{1, 3, 2}, {4, 6, 5}})));
  index_put(x, array<bool>({true, true}), x(Slice{.step = -1}));
  EXPECT_TRUE(are_close(x, array<double>({{4, 6, 5}, {1, 3, 2}})));
  auto indices = array<int>({1, 2, 0});
  put_along_axis(indices, indices, indices, 0);
  EXPECT_TRUE(are_close(indices, array<int>({0, 1, 2})));
}

TEST(Indexing, AMaskChoosesElementsOrRows) {
  auto x = two_by_three();
  EXPECT_TRUE(are_close(extract(x > 2.0, x), array<double>({3, 4, 5, 6})));
  EXPECT_TRUE(are_close(extract(array<bool>({false, true}), x), array<double>({{4, 5, 6}})));
  EXPECT_EQ(extract(x > 9.0, x).shape(), Shape{0});
  index_put(x, x > 4.0, -1);
  EXPECT_TRUE(are_close(x, array<double>({{1, 2, 3}, {4, -1, -1}})));
}

template <class T>
class PlaceNumber : public testing::Test {};
using PlaceElements = testing::Types<float, double, int, std::int8_t, Eigen::half, bool>;
TYPED_TEST_SUITE(PlaceNumber, PlaceElements);

TYPED_TEST(PlaceNumber, ChangesTheChosenElementsOfViewsAndNoOthers) {
  using T = TypeParam;
  for (Index columns : {1, 7, 40, 300}) {
    Tensor<T> whole({5, columns});
    Tensor<bool> mask({columns, 5});
    for (Index i = 0; i < whole.size(); ++i) {
      whole.data()[i] = static_cast<T>(i % 3 == 0);
      mask.data()[i] = i % 7 < 3;
    }
    const Tensor<T> before = whole;
    const auto x = whole.view()(Slice{.step = -2}, all);
    const auto chosen = mask.transpose()(Slice{1, 4}, all);
    index_put(x, chosen, T(1));
    for (Index i = 0; i < 5; ++i) {
      for (Index j = 0; j < columns; ++j) {
        const bool is_chosen = i % 2 == 0 && chosen((4 - i) / 2, j);
        ASSERT_EQ(whole(i, j), is_chosen ? T(1) : before(i, j)) << i << ", " << j;
      }
    }
  }
}

TEST(Indexing, AMaskAndANumberMayLieInTheTensorItself) {
  Tensor<bool> x({90, 90});
  for (Index i = 0; i < x.size(); ++i) x.data()[i] = i % 7 < 3;
  const Tensor<bool> before = x;
  index_put(x, x.transpose(), false);
  for (Index i = 0; i < 90; ++i) {
    for (Index j = 0; j < 90; ++j) {
      ASSERT_EQ(x(i, j), before(i, j) && !before(j, i)) << i << ", " << j;
    }
  }
  auto y = two_by_three();
  index_put(y, y < 4.0, y(0, 1, ellipsis));
  EXPECT_TRUE(are_close(y, array<double>({{2, 2, 2}, {4, 5, 6}})));
}

TEST(Indexing, AnIndexOutOfRangeIsAnErrorBeforeAnythingIsWritten) {
  auto x = two_by_three();
  const std::string expected = "indexing: index 3 is out of range for axis 1 of the shape (2, 3)";
  EXPECT_EQ(error_of<ShapeError>([&] { take(x, array<int>({0, 3}), 1); }), expected);
  EXPECT_EQ(error_of<ShapeError>([&] { index_put(x, array<int>({0, 3}), 9, -1); }), expected);
  EXPECT_EQ(error_of<ShapeError>([&] { take_along_axis(x, array<int>({{0, 3}}), 1); }), expected);
  EXPECT_EQ(error_of<ShapeError>([&] { put_along_axis(x, array<int>({{0, 3}}), 9, 1); }), expected);
  EXPECT_EQ(error_of<ShapeError>([&] { take(x, array<std::int8_t>({-3}), 0); }),
            "indexing: index -3 is out of range for axis 0 of the shape (2, 3)");
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();  // is -1 as a signed number
  EXPECT_EQ(error_of<ShapeError>([&] { take(x, array<std::uint64_t>({most}), 0); }),
            "indexing: index 18446744073709551615 is out of range for axis 0 of the shape (2, 3)");
  EXPECT_THROW(take(x, array<Index>({std::numeric_limits<Index>::min()}), 0), ShapeError);
  EXPECT_TRUE(are_close(x, two_by_three()));
}

TEST(Indexing, ShapesThatDoNotFitAreErrors) {
  auto x = two_by_three();
  EXPECT_EQ(error_of<ShapeError>([&] { take(x, array<int>({0}), 2); }),
            "axis 2 is out of range for the shape (2, 3)");
  EXPECT_EQ(error_of<ShapeError>([&] {
              index_put(x, array<int>({0, 1}), array<double>({1, 2, 3}), 1);
            }),
            "index_put: shapes (2, 2) and (3,) do not broadcast: axis -1 has extents 2 and 3");
  EXPECT_EQ(error_of<ShapeError>([&] { take_along_axis(x, array<int>({0}), 1); }),
            "take_along_axis: indices of shape (1,) for the shape (2, 3)");
  EXPECT_EQ(
      error_of<ShapeError>([&] {
        take_along_axis(x, array<int>({{0}, {0}, {0}}), 1);
      }),
      "take_along_axis: shapes (2, 1) and (3, 1) do not broadcast: axis -2 has extents 2 and 3");
  EXPECT_EQ(error_of<ShapeError>([&] {
              extract(array<bool>({true, false, true}), x);
            }),
            "extract: a mask of shape (3,) does not cover the first axes of the shape (2, 3)");
  EXPECT_EQ(error_of<ShapeError>([&] {
              index_put(x, x > 4.0, array<double>({1, 2, 3}));
            }),
            "index_put: shapes (2,) and (3,) do not broadcast: axis -1 has extents 2 and 3");
  EXPECT_EQ(error_of<ShapeError>([&] {
              index_put(x, array<int>({0}), ones<double>({1, 2, 1}), 1);
            }),
            "index_put: an operand of shape (1, 2, 1) does not broadcast into the shape (2, 1)");
  EXPECT_TRUE(are_close(x, two_by_three()));
}

TEST(Indexing, AssignTakesANumber) {
  auto x = two_by_three();
  assign(x(all, Slice{.step = 2}), 0);
  EXPECT_TRUE(are_close(x, array<double>({{0, 2, 0}, {0, 5, 0}})));
}

}  // namespace
}  // namespace dlfs
