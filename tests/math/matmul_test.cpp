#include "dlfs/math/matmul.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/math/comparison.hpp"
#include "dlfs/math/elementwise.hpp"
#include "dlfs/math/reference/matmul.hpp"
#include "math/simd/levels.hpp"
#include "math/support.hpp"

namespace dlfs {
namespace {

using tests::are_close;
using tests::error_of;
using tests::random_tensor;

/// The same elements in memory of another order: the view's columns are dense.
template <class T>
Tensor<T> stored_transposed(const Tensor<T>& x) {
  Tensor<T> y({x.extent(1), x.extent(0)});
  for (Index i = 0; i < x.extent(0); ++i) {
    for (Index j = 0; j < x.extent(1); ++j) y(j, i) = x(i, j);
  }
  return y;
}

template <class T>
class MatmulOf : public testing::Test {};
using Elements =
    testing::Types<float, double, long double, std::int8_t, std::uint8_t, std::int16_t,
                   std::uint16_t, std::int32_t, std::uint32_t, std::int64_t, std::uint64_t>;
TYPED_TEST_SUITE(MatmulOf, Elements);

TYPED_TEST(MatmulOf, TwoMatricesMatchesHandComputedValues) {
  const auto a = array<TypeParam>({{1, 2, 3}, {4, 5, 6}});
  const auto b = array<TypeParam>({{1, 0}, {2, 1}, {0, 3}});
  EXPECT_TRUE(are_close(matmul(a, b), array<TypeParam>({{5, 11}, {14, 23}})));
}

TYPED_TEST(MatmulOf, ManyRowsAndColumnsMatchTheReference) {
  Tensor<TypeParam> a({37, 20}), b({20, 41});
  for (Index i = 0; i < a.size(); ++i) a.data()[i] = i % 3 == 0;
  for (Index i = 0; i < b.size(); ++i) b.data()[i] = i % 5 == 0;
  EXPECT_TRUE(are_close(matmul(a, b), reference::matmul(a, b)));
}

class MatmulShapes : public testing::TestWithParam<std::tuple<Index, Index, Index>> {};

TEST_P(MatmulShapes, EveryStorageOrderAgreesWithTheReference) {
  const auto [m, k, n] = GetParam();
  const auto a = random_tensor<double>({m, k}, 1);
  const auto b = random_tensor<double>({k, n}, 2);
  const auto expected = reference::matmul(a, b);
  const auto a_columns = stored_transposed(a);
  const auto b_columns = stored_transposed(b);
  EXPECT_TRUE(are_close(matmul(a, b), expected, 1e-12));
  EXPECT_TRUE(are_close(matmul(a_columns.transpose(), b), expected, 1e-12));
  EXPECT_TRUE(are_close(matmul(a, b_columns.transpose()), expected, 1e-12));
  EXPECT_TRUE(are_close(matmul(a_columns.transpose(), b_columns.transpose()), expected, 1e-12));
}

TEST_P(MatmulShapes, SumIsAddedToWhatWasThere) {
  const auto [m, k, n] = GetParam();
  const auto a = random_tensor<double>({m, k}, 1);
  const auto b = random_tensor<double>({k, n}, 2);
  const auto a_columns = stored_transposed(a);
  const auto before = random_tensor<double>({m, n}, 3);
  auto expected = reference::matmul(a, b);
  for (Index i = 0; i < m; ++i) {
    for (Index j = 0; j < n; ++j) expected(i, j) += before(i, j);
  }
  auto out = before;
  matmul(a, b, out, Store::add);
  EXPECT_TRUE(are_close(out, expected, 1e-12));
  out = before;
  matmul(a_columns.transpose(), b, out, Store::add);
  EXPECT_TRUE(are_close(out, expected, 1e-12));
}

TEST_P(MatmulShapes, OnlyTheOutputIsWritten) {
  const auto [m, k, n] = GetParam();
  const auto a = random_tensor<float>({m, k}, 1);
  const auto b = random_tensor<float>({k, n}, 2);
  const auto expected = matmul(a, b);
  for (const Index gap : {0, 3}) {
    auto surroundings = full<float>({m + 2, n + gap}, 9);
    matmul(a, b, surroundings.rows(1, m + 1).slice(1, {.stop = n}));
    EXPECT_TRUE(are_close(surroundings.rows(1, m + 1).slice(1, {.stop = n}), expected, 0));
    for (const Index row : {Index{0}, m + 1}) {
      for (Index j = 0; j < n + gap; ++j) EXPECT_EQ(surroundings(row, j), 9);
    }
    for (Index i = 1; i <= m; ++i) {
      for (Index j = n; j < n + gap; ++j) EXPECT_EQ(surroundings(i, j), 9);
    }
  }
}

/// out(i, j) + a(i, 0) b(0, j) + a(i, 1) b(1, j) + ..., from left to right, each product and sum
/// rounded at once or, at a level that cannot, the product first. What is beyond the first chain is
/// added up by itself.
template <class T>
Tensor<T> chains(const Tensor<T>& a, const Tensor<T>& b, const Tensor<T>& out) {
  const bool fuses = simd::detail::base_fuses || simd::level() != simd::Level::base;
  const Index depth = a.extent(1);
  const Index length = simd::chain_length<T>(depth);
  Tensor<T> sums = out;
  Tensor<T> chain = out;
  for (Index first = 0; first < depth; first += length) {
    for (Index i = 0; i < a.extent(0); ++i) {
      for (Index t = first; t < std::min(first + length, depth); ++t) {
        for (Index j = 0; j < b.extent(1); ++j) {
          T& sum = chain(i, j);
          sum = fuses ? std::fma(a(i, t), b(t, j), sum) : detail::rounded(a(i, t) * b(t, j)) + sum;
        }
      }
    }
    sums = first == 0 ? chain : sums + chain;
    chain.fill(0);
  }
  return sums;
}

/// The same elements in memory of different orders, with gaps or without.
template <class T>
class Layouts {
 public:
  explicit Layouts(const Tensor<T>& x)
      : plain_(x), columns_(stored_transposed(x)), spread_({2 * x.extent(0), 3 * x.extent(1)}) {
    assign(elements(), x);
    backwards_ = copy(x.slice(0, {.step = -1}).slice(1, {.step = -1}));
  }

  std::vector<TensorView<const T>> all() const {
    return {plain_, columns_.transpose(), elements(),
            backwards_.slice(0, {.step = -1}).slice(1, {.step = -1})};
  }

 private:
  TensorView<const T> elements() const {
    return spread_.slice(0, {.step = 2}).slice(1, {.step = 3});
  }
  TensorView<T> elements() { return spread_.slice(0, {.step = 2}).slice(1, {.step = 3}); }

  Tensor<T> plain_, columns_, spread_, backwards_;
};

template <class T>
void expect_chains(const Shape& shape_a, const Shape& shape_b) {
  const auto a = random_tensor<T>(shape_a, 1);
  const auto b = random_tensor<T>(shape_b, 2);
  const auto before = random_tensor<T>({shape_a[0], shape_b[1]}, 3);
  const Layouts<T> layouts_of_a(a), layouts_of_b(b);
  tests::at_every_level([&] {
    const auto expected = chains(a, b, Tensor<T>(before.shape()));
    const auto added = chains(a, b, before);
    for (const TensorView<const T>& left : layouts_of_a.all()) {
      for (const TensorView<const T>& right : layouts_of_b.all()) {
        SCOPED_TRACE(testing::Message() << "strides " << left.stride(0) << ", " << left.stride(1)
                                        << " and " << right.stride(0) << ", " << right.stride(1));
        EXPECT_TRUE(array_equal(matmul(left, right), expected));
        auto out = before;
        matmul(left, right, out, Store::add);
        EXPECT_TRUE(array_equal(out, added));
      }
    }
  });
}

TEST_P(MatmulShapes, SumsAreChainsInTheOrderOfTheTerms) {
  const auto [m, k, n] = GetParam();
  expect_chains<float>({m, k}, {k, n});
  expect_chains<double>({m, k}, {k, n});
}

TEST_P(MatmulShapes, OperandsWithGapsAgreeWithTheReference) {
  const auto [m, k, n] = GetParam();
  const auto a = random_tensor<float>({2 * m, 3 * k}, 1);
  const auto b = random_tensor<float>({k, n}, 2);
  const auto rows = a.slice(0, {.step = 2}).slice(1, {.stop = k});
  const auto elements = a.slice(0, {.step = 2}).slice(1, {.step = 3});
  const auto reversed = b.slice(0, {.step = -1}).slice(1, {.step = -1});
  EXPECT_TRUE(are_close(matmul(rows, b), reference::matmul(rows, b), 1e-3));
  EXPECT_TRUE(are_close(matmul(elements, b), reference::matmul(elements, b), 1e-3));
  const auto last_row_first = b.slice(0, {.step = -1});
  EXPECT_TRUE(
      are_close(matmul(rows, last_row_first), reference::matmul(rows, last_row_first), 1e-3));
  EXPECT_TRUE(are_close(matmul(rows, reversed), reference::matmul(rows, reversed), 1e-3));
}

INSTANTIATE_TEST_SUITE_P(
    Matmul, MatmulShapes,
    testing::Values(std::tuple(1, 1, 1), std::tuple(3, 5, 7), std::tuple(1, 300, 17),
                    std::tuple(33, 20, 1), std::tuple(65, 31, 130), std::tuple(97, 3, 101),
                    std::tuple(1, 29, 103), std::tuple(7, 40, 20), std::tuple(250, 19, 10),
                    std::tuple(250, 19, 5), std::tuple(205, 35, 301), std::tuple(35, 533, 34),
                    std::tuple(5, 3, 2065), std::tuple(98, 170, 100), std::tuple(1, 1, 16),
                    std::tuple(1, 40, 33), std::tuple(100, 50, 10), std::tuple(21, 530, 9),
                    std::tuple(11, 530, 36), std::tuple(40, 1, 18), std::tuple(1024, 9, 140),
                    std::tuple(26, 20, 1024), std::tuple(19, 16, 48), std::tuple(8, 32, 16),
                    std::tuple(32, 70, 16), std::tuple(32, 41, 8), std::tuple(16, 41, 4),
                    std::tuple(1, 1700, 5), std::tuple(1, 800, 90), std::tuple(9, 1700, 3),
                    std::tuple(33, 1700, 9), std::tuple(40, 900, 33)));

TEST(Matmul, BlocksOfALargeProductFitTogether) {
  auto a = random_tensor<float>({301, 257}, 1);
  auto b = random_tensor<float>({257, 203}, 2);
  for (float& element : a) element = std::round(8 * element);  // small integers: sums are exact
  for (float& element : b) element = std::round(8 * element);
  const auto product = matmul(a, b);
  for (Index row = 0; row < 301; row += 43) {
    EXPECT_TRUE(are_close(product.rows(row, row + 43), matmul(a.rows(row, row + 43), b))) << row;
  }
}

TEST(Matmul, PartsOfADeepProductAreAddedUp) {
  constexpr Index m = 70, k = 13'001, n = 40;
  ASSERT_GT(detail::depth_parts(m, k, n), 1);
  const auto a = random_tensor<double>({m, k}, 1);
  const auto b = random_tensor<double>({k, n}, 2);
  const auto a_columns = stored_transposed(a);
  const auto b_columns = stored_transposed(b);
  auto expected = reference::matmul(a, b);
  auto wide = ones<double>({m, n + 3});
  const auto out = wide.slice(1, {2, n + 2});
  matmul(a, b, out);
  EXPECT_TRUE(are_close(copy(out), expected, 1e-11));
  matmul(a_columns.transpose(), b_columns.transpose(), out, Store::add);
  for (double& sum : expected) sum *= 2;
  EXPECT_TRUE(are_close(copy(out), expected, 1e-11));
  for (Index i = 0; i < m; ++i) {
    for (Index j : {Index{0}, Index{1}, n + 2}) EXPECT_EQ(wide(i, j), 1);
  }
}

TEST(Matmul, BroadcastOperandIsReadWithItsZeroStrides) {
  const auto row = array<float>({1, 2, 3});
  const auto ones_matrix = ones<float>({3, 2});
  EXPECT_TRUE(are_close(matmul(row.view().broadcast_to({2, 3}), ones_matrix),
                        array<float>({{6, 6}, {6, 6}})));
  EXPECT_TRUE(are_close(matmul(row.view().reshape({3, 1}).broadcast_to({3, 3}), ones_matrix),
                        array<float>({{3, 3}, {6, 6}, {9, 9}})));
}

TEST(Matmul, StoreChoosesToOverwriteOrToAdd) {
  const auto a = array<float>({{1, 2}});
  const auto b = array<float>({{3}, {4}});
  auto out = full<float>({1, 1}, 100);
  matmul(a, b, out, Store::add);
  EXPECT_EQ(out(0, 0), 111);
  matmul(a, b, out);
  EXPECT_EQ(out(0, 0), 11);
}

TEST(Matmul, OutputMayBeRowsOfAWiderMatrix) {
  auto wide = full<float>({2, 4}, 9);
  const auto identity = array<float>({{1, 0}, {0, 1}});
  matmul(identity, array<float>({{1, 2}, {3, 4}}), wide.slice(1, {.start = 1, .stop = 3}));
  EXPECT_TRUE(are_close(wide, array<float>({{9, 1, 2, 9}, {9, 3, 4, 9}})));
}

TEST(Matmul, RowsOfTheOutputMayRunBackwards) {
  Tensor<float> out({2, 2});
  const auto identity = array<float>({{1, 0}, {0, 1}});
  matmul(identity, array<float>({{1, 2}, {3, 4}}), out.slice(0, {.step = -1}));
  EXPECT_TRUE(are_close(out, array<float>({{3, 4}, {1, 2}})));
}

TEST(Matmul, WithoutElementsIsEmptyOrZero) {
  EXPECT_EQ(matmul(Tensor<float>({0, 3}), Tensor<float>({3, 2})).shape(), Shape({0, 2}));
  EXPECT_TRUE(
      are_close(matmul(Tensor<float>({2, 0}), Tensor<float>({0, 3})), zeros<float>({2, 3})));
  auto sum = ones<float>({2, 3});
  matmul(Tensor<float>({2, 0}), Tensor<float>({0, 3}), sum, Store::add);
  EXPECT_TRUE(are_close(sum, ones<float>({2, 3})));
}

TEST(Matmul, IsBitIdenticalForAnyThreadCount) {
  for (const auto& [m, k, n] :
       {std::tuple(100, 784, 100), std::tuple(301, 257, 203), std::tuple(100, 4320, 100)}) {
    const auto a = random_tensor<float>({m, k}, 1);
    const auto b = random_tensor<float>({k, n}, 2);
    tests::expect_same_for_any_thread_count([&] { return matmul(a, b); });
  }
}

TEST(Matmul, ShapeErrorNamesTheOperationAndBothShapes) {
  const Tensor<float> a({2, 3});
  EXPECT_EQ(error_of<ShapeError>([&] {
              matmul(a, Tensor<float>({4, 5}));
            }),
            "matmul: the inner extents differ: (2, 3) times (4, 5)");
  Tensor<float> out({3, 3});
  EXPECT_EQ(error_of<ShapeError>([&] { matmul(a, Tensor<float>({3}), out); }),
            "matmul: expected two matrices, got (2, 3) times (3,)");
  EXPECT_EQ(error_of<ShapeError>([&] {
              matmul(a, Tensor<float>({3, 2}), out);
            }),
            "matmul: expected an output of shape (2, 2), got (3, 3)");
}

TEST(Matmul, AnySizeThatDiffersIsAShapeError) {
  const auto a = random_tensor<float>({2, 3});
  const auto b = random_tensor<float>({3, 4});
  Tensor<float> out({2, 4});
  EXPECT_NO_THROW(matmul(a, b, out));
  for (const Index depth : {2, 4}) {
    EXPECT_THROW(matmul(a, random_tensor<float>({depth, 4}), out), ShapeError) << depth;
  }
  for (const Shape& shape : {Shape{1, 4}, {3, 4}, {2, 3}, {2, 5}, {8}, {1, 2, 4}}) {
    Tensor<float> other(shape);
    EXPECT_THROW(matmul(a, b, other), ShapeError) << to_string(shape);
  }
}

TEST(Matmul, OutputWithoutDenseRowsIsAShapeError) {
  Tensor<float> out({2, 2});
  EXPECT_EQ(error_of<ShapeError>([&] {
              matmul(Tensor<float>({2, 3}), Tensor<float>({3, 2}), out.transpose());
            }),
            "matmul: the rows of the output are not dense");
}

}  // namespace
}  // namespace dlfs
