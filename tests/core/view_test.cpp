#include "dlfs/core/view.hpp"  // first: proves the header self-contained

#include <array>
#include <cstdint>
#include <limits>
#include <numeric>
#include <optional>
#include <type_traits>
#include <vector>

#include <gtest/gtest.h>

#include "support/error_of.hpp"

namespace dlfs {
namespace {

using test::error_of;

constexpr Index largest = std::numeric_limits<Index>::max();
constexpr Index lowest = std::numeric_limits<Index>::min();

// Const-correctness is a matter of types.
static_assert(std::is_convertible_v<TensorView<float>, TensorView<const float>>);
static_assert(!std::is_constructible_v<TensorView<float>, TensorView<const float>>);
static_assert(!std::is_constructible_v<TensorView<const double>, TensorView<float>>);
static_assert(!std::is_assignable_v<TensorView<float>&, TensorView<const float>>);
static_assert(std::is_same_v<decltype(TensorView<const float>()(0)), const float&>);
static_assert(std::is_same_v<decltype(TensorView<float>()(0)), float&>);
static_assert(std::is_same_v<TensorView<const float>::value_type, float>);
static_assert(std::is_trivially_copyable_v<TensorView<float>>);

// `x[0] = y` would move a temporary view and leave the elements as they are.
static_assert(std::is_assignable_v<TensorView<float>&, TensorView<float>>);
static_assert(!std::is_assignable_v<TensorView<float>, TensorView<float>>);

/// The elements in row-major order, by nothing but operator() and operator[].
template <class T>
std::vector<int> elements(TensorView<T> x) {
  if (x.rank() == 0) return {static_cast<int>(x())};
  std::vector<int> all;
  for (Index i = 0; i < x.extent(0); ++i) {
    for (int element : elements(x[i])) all.push_back(element);
  }
  return all;
}

/// 0, 1, 2... in a view of its own memory.
class View : public testing::Test {
 protected:
  TensorView<int> counting(const Shape& shape) {
    memory_.resize(static_cast<std::size_t>(shape.size()));
    std::iota(memory_.begin(), memory_.end(), 0);
    return {memory_.data(), shape};
  }

 private:
  std::vector<int> memory_;
};

constexpr std::array<int, 6> six{0, 1, 2, 3, 4, 5};
constexpr TensorView<const int> two_by_three(six.data(), {2, 3});
static_assert(two_by_three(1, 2) == 5 && two_by_three(-1, -3) == 3);
static_assert(two_by_three.transpose()(2, 1) == 5);
static_assert(two_by_three.slice(1, {.step = -1})(0, 0) == 2);

TEST_F(View, ByDefaultIsEmpty) {
  constexpr TensorView<float> view;
  EXPECT_EQ(view.data(), nullptr);
  EXPECT_EQ(view.shape(), Shape{0});
  EXPECT_TRUE(view.empty());
  EXPECT_TRUE(view.is_contiguous());
}

TEST_F(View, HasRowMajorStrides) {
  const auto x = counting({2, 3, 4});
  EXPECT_EQ(x.stride(0), 12);
  EXPECT_EQ(x.stride(1), 4);
  EXPECT_EQ(x.stride(-1), 1);
  EXPECT_EQ(elements(x).back(), 23);
  EXPECT_THROW(x.stride(3), ShapeError);
}

TEST_F(View, IndicesCountFromEitherEnd) {
  const auto x = counting({2, 3});
  EXPECT_EQ(x(1, 0), 3);
  EXPECT_EQ(x(-1, -1), 5);
  EXPECT_EQ(x(std::int8_t{1}, std::uint64_t{2}), 5);
  x(0, 1) = 7;
  EXPECT_EQ(x.data()[1], 7);
}

TEST_F(View, AnIndexOutOfRangeIsAnError) {
  const auto x = counting({2, 3});
  EXPECT_EQ(error_of<ShapeError>([&] { return x(2, 0); }),
            "indexing: index 2 is out of range for axis 0 of the shape (2, 3)");
  EXPECT_EQ(error_of<ShapeError>([&] { return x(0, -4); }),
            "indexing: index -4 is out of range for axis 1 of the shape (2, 3)");
  EXPECT_EQ(error_of<ShapeError>([&] { return x[2]; }),
            "indexing: index 2 is out of range for axis 0 of the shape (2, 3)");
  EXPECT_THROW(x(lowest, 0), ShapeError);
  EXPECT_THROW(x(0, largest), ShapeError);
  EXPECT_THROW(counting({0, 3})[0], ShapeError);
  EXPECT_THROW(counting({0, 3})[-1], ShapeError);
}

TEST_F(View, AWrongNumberOfIndicesIsAnError) {
  const auto x = counting({2, 3});
  EXPECT_EQ(error_of<ShapeError>([&] { return x(1); }), "indexing: 1 indices for the shape (2, 3)");
  EXPECT_THROW(x(), ShapeError);
  EXPECT_THROW(x(0, 0, 0), ShapeError);
}

TEST_F(View, AScalarHasOneElementAndNoAxis) {
  const auto x = counting({});
  EXPECT_EQ(x.rank(), 0);
  EXPECT_EQ(x(), 0);
  EXPECT_EQ(x.item(), 0);
  EXPECT_TRUE(x.is_contiguous());
  EXPECT_EQ(x.transpose().shape(), Shape{});
  EXPECT_EQ(x.reshape({1, 1}).shape(), (Shape{1, 1}));
  EXPECT_EQ(x.reshape({-1}).shape(), Shape{1});
  EXPECT_EQ(error_of<ShapeError>([&] { return x[0]; }),
            "indexing: a tensor of rank 0 has no axis to index");
  EXPECT_EQ(error_of<ShapeError>([&] { return x.rows(0, 0); }),
            "rows: [0, 0) of a tensor of shape ()");
  EXPECT_THROW(x.slice(0, {}), ShapeError);
}

TEST_F(View, ItemIsTheOnlyElement) {
  EXPECT_EQ(counting({1, 1}).item(), 0);
  EXPECT_EQ(counting({2, 3})[1].slice(0, {1, 2}).item(), 4);
  EXPECT_EQ(error_of<ShapeError>([&] { return counting({2}).item(); }),
            "item: expected one element, got shape (2,)");
  EXPECT_THROW(counting({0}).item(), ShapeError);
}

TEST_F(View, AnEntryHasOneRankLess) {
  const auto x = counting({2, 3, 4});
  EXPECT_EQ(x[1].shape(), (Shape{3, 4}));
  EXPECT_EQ(x[-1][0](3), 15);
  EXPECT_EQ(elements(x[0][1]), (std::vector{4, 5, 6, 7}));
  EXPECT_EQ(x[0][0][0].rank(), 0);
  EXPECT_EQ(elements(x.transpose()[2]), (std::vector{2, 14, 6, 18, 10, 22}));
}

TEST_F(View, RowsAreAHalfOpenRange) {
  const auto x = counting({4, 2});
  EXPECT_EQ(elements(x.rows(1, 3)), (std::vector{2, 3, 4, 5}));
  EXPECT_EQ(x.rows(0, 4).shape(), (Shape{4, 2}));
  EXPECT_EQ(x.rows(4, 4).shape(), (Shape{0, 2}));
  EXPECT_EQ(error_of<ShapeError>([&] { return x.rows(1, 5); }),
            "rows: [1, 5) of a tensor of shape (4, 2)");
  EXPECT_THROW(x.rows(-1, 2), ShapeError);
  EXPECT_THROW(x.rows(2, 1), ShapeError);
}

/// What Python gives for list(range(extent))[start:stop:step], walked step by step.
std::vector<int> python_slice(Index extent, std::optional<Index> start, std::optional<Index> stop,
                              Index step) {
  const auto bounded = [&](Index position, Index low, Index high) {
    if (position < 0) position += extent;
    if (position < low) return low;
    return position > high ? high : position;
  };
  std::vector<int> positions;
  if (step > 0) {
    const Index last = stop ? bounded(*stop, 0, extent) : extent;
    for (Index p = start ? bounded(*start, 0, extent) : 0; p < last; p += step) {
      positions.push_back(static_cast<int>(p));
    }
  } else {
    const Index last = stop ? bounded(*stop, -1, extent - 1) : -1;
    for (Index p = start ? bounded(*start, -1, extent - 1) : extent - 1; p > last; p += step) {
      positions.push_back(static_cast<int>(p));
    }
  }
  return positions;
}

TEST_F(View, SlicesAreThoseOfPython) {
  std::vector<std::optional<Index>> positions{std::nullopt};
  for (Index position = -7; position <= 7; ++position) positions.emplace_back(position);
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a over the length and entries of each slice
  const auto add_to_hash = [&](int value) {
    hash = (hash ^ static_cast<std::uint64_t>(value)) * 0x100000001b3;
  };
  for (Index extent = 0; extent <= 5; ++extent) {
    const auto x = counting({extent});
    for (const auto& start : positions) {
      for (const auto& stop : positions) {
        for (Index step = -7; step <= 7; ++step) {
          if (step == 0) continue;
          const auto slice = elements(x.slice(0, {start, stop, step}));
          ASSERT_EQ(slice, python_slice(extent, start, stop, step))
              << extent << ": " << (start ? str_cat(*start) : "") << ':'
              << (stop ? str_cat(*stop) : "") << ':' << step;
          add_to_hash(static_cast<int>(slice.size()));
          for (int element : slice) add_to_hash(element);
        }
      }
    }
  }
  EXPECT_EQ(hash, 0x2c3c601bc052e4f1) << "the hash that Python 3.11 gives over its own slices";
}

TEST_F(View, SlicesOfAnyAxisKeepTheOthers) {
  const auto x = counting({3, 4});
  EXPECT_EQ(elements(x.slice(1, {1, 3})), (std::vector{1, 2, 5, 6, 9, 10}));
  EXPECT_EQ(elements(x.slice(-1, {.step = -2})), (std::vector{3, 1, 7, 5, 11, 9}));
  EXPECT_EQ(elements(x.slice(0, {.step = -1}).slice(0, {1, {}})),
            (std::vector{4, 5, 6, 7, 0, 1, 2, 3}));
  EXPECT_EQ(elements(x.slice(0, {.step = -2}).slice(0, {.step = -1}).slice(1, {0, 1})),
            (std::vector{0, 8}));
  x.slice(1, {.step = 3})(1, 1) = -1;
  EXPECT_EQ(x(1, 3), -1);
}

TEST_F(View, SlicesTakeExtremeBoundsAndSteps) {
  const auto x = counting({3, 4});
  for (Index step : {largest, largest / 2, Index{4}}) {
    EXPECT_EQ(elements(x.slice(0, {.step = step})), (std::vector{0, 1, 2, 3}));
    EXPECT_EQ(elements(x.slice(0, {.step = -step})), (std::vector{8, 9, 10, 11}));
  }
  EXPECT_EQ(elements(x.slice(0, {.step = lowest})), (std::vector{8, 9, 10, 11}));
  EXPECT_EQ(x.slice(0, {lowest, largest}).shape(), (Shape{3, 4}));
  EXPECT_EQ(x.slice(0, {largest, lowest, -1}).shape(), (Shape{3, 4}));
  EXPECT_EQ(x.slice(0, {largest, lowest}).shape(), (Shape{0, 4}));
}

TEST_F(View, ASliceNeedsAnAxisAndAStep) {
  const auto x = counting({3, 4});
  EXPECT_EQ(error_of<ValueError>([&] { return x.slice(0, {.step = 0}); }),
            "slice: the step cannot be 0");
  EXPECT_EQ(error_of<ShapeError>([&] { return x.slice(2, {}); }),
            "axis 2 is out of range for the shape (3, 4)");
}

TEST_F(View, AnEmptyViewNeverLeavesItsMemory) {
  const TensorView<int> nowhere(nullptr, {0, 5});
  EXPECT_EQ(nowhere.slice(1, {2, 4}).data(), nullptr);
  EXPECT_EQ(nowhere.slice(1, {.step = -1}).data(), nullptr);
  EXPECT_EQ(nowhere.transpose()[3].data(), nullptr);
  EXPECT_EQ(nowhere.transpose().rows(2, 4).data(), nullptr);
  EXPECT_EQ(nowhere.transpose().rows(2, 4).shape(), (Shape{2, 0}));

  const auto column = counting({3, 4}).slice(1, {3, 4});
  EXPECT_EQ(column.rows(3, 3).data(), column.data());
  EXPECT_EQ(column.slice(0, {.step = -1}).rows(3, 3).data(), &column(2, 0));
}

TEST_F(View, TransposeReversesTheAxes) {
  const auto x = counting({2, 3, 4});
  const auto y = x.transpose();
  EXPECT_EQ(y.shape(), (Shape{4, 3, 2}));
  EXPECT_EQ(y(3, 1, 1), x(1, 1, 3));
  EXPECT_EQ(elements(y.transpose()), elements(x));
}

TEST_F(View, TransposePutsTheNamedAxisFirst) {
  const auto x = counting({2, 3, 4});
  const auto y = x.transpose({2, 0, 1});
  EXPECT_EQ(y.shape(), (Shape{4, 2, 3}));
  EXPECT_EQ(y(3, 1, 2), x(1, 2, 3));
  EXPECT_EQ(elements(x.transpose({-1, -3, -2})), elements(y));
}

TEST_F(View, TransposeNeedsEveryAxisOnce) {
  const auto x = counting({2, 3});
  EXPECT_EQ(error_of<ShapeError>([&] {
              return x.transpose({0, -2});
            }),
            "transpose: axis 0 is named twice");
  EXPECT_EQ(error_of<ShapeError>([&] { return x.transpose({1}); }),
            "transpose: 1 axes given for the shape (2, 3)");
  EXPECT_EQ(error_of<ShapeError>([&] {
              return x.transpose({0, 2});
            }),
            "axis 2 is out of range for the shape (2, 3)");
  EXPECT_THROW(x.transpose({0, 1, 0}), ShapeError);
  EXPECT_THROW(x.transpose({}), ShapeError);
}

TEST_F(View, IsContiguousWhereTheElementsLieDenseInOrder) {
  const auto x = counting({4, 3, 2});
  EXPECT_TRUE(x.rows(1, 3).is_contiguous());
  EXPECT_TRUE(x[2].is_contiguous());
  EXPECT_FALSE(x.transpose().is_contiguous());
  EXPECT_FALSE(x.slice(0, {.step = 2}).is_contiguous());
  EXPECT_FALSE(x.slice(0, {.step = -1}).is_contiguous());
  EXPECT_FALSE(x.slice(1, {0, 2}).is_contiguous());
  EXPECT_FALSE(counting({1, 2}).broadcast_to({2, 2}).is_contiguous());
}

TEST_F(View, StridesOfSingleAndOfNoElementsDoNotMatter) {
  const auto x = counting({4, 3});
  EXPECT_TRUE(x.slice(0, {1, 2}).slice(1, {.step = -3}).is_contiguous());
  EXPECT_TRUE(x.slice(0, {.step = 4}).is_contiguous());
  EXPECT_TRUE(x.slice(1, {1, 1}).transpose().is_contiguous());
  EXPECT_TRUE(counting({4, 1}).transpose().is_contiguous());
}

TEST_F(View, ReshapeKeepsTheElementsInOrder) {
  const auto x = counting({2, 6});
  EXPECT_EQ(x.reshape({3, 4}).shape(), (Shape{3, 4}));
  EXPECT_EQ(x.reshape(Shape{4, 3})(3, 2), 11);
  EXPECT_EQ(elements(x.rows(1, 2).reshape({3, 2})), (std::vector{6, 7, 8, 9, 10, 11}));
  EXPECT_EQ(x.reshape({12}).data(), x.data());
}

TEST_F(View, ReshapeResolvesOneUnknownExtent) {
  const auto x = counting({2, 6});
  EXPECT_EQ(x.reshape({-1}).shape(), Shape{12});
  EXPECT_EQ(x.reshape({3, -1}).shape(), (Shape{3, 4}));
  EXPECT_EQ(x.reshape({2, -1, 3}).shape(), (Shape{2, 2, 3}));
  EXPECT_EQ(counting({0, 3}).reshape({-1, 3}).shape(), (Shape{0, 3}));
  EXPECT_EQ(counting({0, 3}).reshape({5, -1}).shape(), (Shape{5, 0}));
}

TEST_F(View, ReshapeNeedsNoDenseMemoryWhereTheAxesStayApart) {
  const auto x = counting({4, 6});
  EXPECT_EQ(elements(x.slice(0, {.step = 2}).reshape({2, 2, 3})),
            elements(x.slice(0, {.step = 2})));
  EXPECT_EQ(elements(x.slice(1, {.step = -2}).reshape({2, 2, 1, 3})),
            elements(x.slice(1, {.step = -2})));
  EXPECT_EQ(elements(x.slice(1, {.step = 2}).reshape({-1})), elements(x.slice(1, {.step = 2})));
  EXPECT_EQ(elements(x.transpose().reshape({3, 2, 4})), elements(x.transpose()));
  EXPECT_EQ(elements(x[0].broadcast_to({2, 3, 6}).reshape({6, 6})),
            elements(x[0].broadcast_to({6, 6})));
  EXPECT_THROW(x.slice(1, {0, 4}).reshape({2, 8}), ShapeError);
}

TEST_F(View, ReshapeErrorsNameWhatWasAskedFor) {
  const auto x = counting({2, 6});
  EXPECT_EQ(error_of<ShapeError>([&] {
              return x.reshape({5, 2});
            }),
            "reshape: (2, 6) has 12 elements, (5, 2) has 10");
  EXPECT_EQ(error_of<ShapeError>([&] {
              return x.reshape({-1, 5});
            }),
            "reshape: (2, 6) has 12 elements, which -1 cannot divide into parts of 5");
  EXPECT_EQ(error_of<ShapeError>([&] {
              return x.reshape({-1, -1});
            }),
            "reshape: (2, 6): more than one -1");
  EXPECT_EQ(error_of<ShapeError>([&] {
              return x.reshape({-2, 6});
            }),
            "an extent cannot be negative: -2");
  EXPECT_EQ(error_of<ShapeError>([&] { return x.transpose().reshape({12}); }),
            "reshape: the view of shape (6, 2) cannot become (12,) where it lies: reshape a copy() "
            "of it");
  EXPECT_THROW(x.reshape({0, -1}), ShapeError);
  EXPECT_THROW(counting({0, 3}).reshape({0, -1}), ShapeError);
  EXPECT_THROW(x.reshape({Index{1} << 40, Index{1} << 40, -1}), ShapeError);
}

TEST_F(View, BroadcastRepeatsWithoutCopying) {
  const auto row = counting({3});
  EXPECT_EQ(elements(row.broadcast_to({2, 3})), (std::vector{0, 1, 2, 0, 1, 2}));
  EXPECT_EQ(row.broadcast_to({2, 3}).data(), row.data());
  EXPECT_EQ(elements(row.reshape({3, 1}).broadcast_to({3, 2})), (std::vector{0, 0, 1, 1, 2, 2}));
  EXPECT_EQ(elements(row[1].broadcast_to({2, 2})), (std::vector{1, 1, 1, 1}));
  EXPECT_EQ(elements(row.broadcast_to({2, 3}).slice(1, {.step = -1})),
            (std::vector{2, 1, 0, 2, 1, 0}));
  EXPECT_EQ(row.broadcast_to({Index{1} << 40, Index{1} << 20, 3})(-1, -1, 2), 2);
}

TEST_F(View, BroadcastReachesAnExtentOfZero) {
  EXPECT_EQ(counting({1, 3}).broadcast_to({0, 3}).shape(), (Shape{0, 3}));
  EXPECT_THROW(counting({0}).broadcast_to({2}), ShapeError);
}

TEST_F(View, BroadcastErrorNamesBothShapes) {
  EXPECT_EQ(error_of<ShapeError>([&] {
              return counting({2, 3}).broadcast_to({4, 3});
            }),
            "broadcast_to: (2, 3) does not broadcast to (4, 3)");
  EXPECT_EQ(error_of<ShapeError>([&] {
              return counting({1, 3}).broadcast_to({3});
            }),
            "broadcast_to: (1, 3) does not broadcast to (3,)");
  EXPECT_THROW(counting({1}).broadcast_to({}), ShapeError);
}

}  // namespace
}  // namespace dlfs
