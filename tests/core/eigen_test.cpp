#include "dlfs/core/eigen.hpp"  // first: proves the header self-contained

#include <cstdint>
#include <type_traits>

#include <gtest/gtest.h>

#include "support/error_of.hpp"

namespace dlfs {
namespace {

using test::error_of;

// A map of const elements is const, and an expiring tensor has none.
template <class X, class Map>
concept IsMatrixOf = requires(X&& x) {
  { as_matrix(std::forward<X>(x)) } -> std::same_as<Map>;
};
static_assert(IsMatrixOf<Tensor<float>&, MatrixMap<float>>);
static_assert(IsMatrixOf<const Tensor<float>&, MatrixMap<const float>>);
static_assert(IsMatrixOf<TensorView<float>, MatrixMap<float>>);
static_assert(IsMatrixOf<TensorView<const float>, MatrixMap<const float>>);

template <class X, class Map>
concept IsArrayOf = requires(X&& x) {
  { as_array(std::forward<X>(x)) } -> std::same_as<Map>;
};
static_assert(IsArrayOf<Tensor<float>&, ArrayMap<float>>);
static_assert(IsArrayOf<const Tensor<float>&, ArrayMap<const float>>);
static_assert(IsArrayOf<TensorView<float>, ArrayMap<float>>);
static_assert(IsArrayOf<TensorView<const float>, ArrayMap<const float>>);

template <class X>
concept HasMap = requires(X&& x) {
  as_matrix(std::forward<X>(x));
}
|| requires(X&& x) { as_array(std::forward<X>(x)); };
static_assert(HasMap<Tensor<float>&> && !HasMap<Tensor<float>> && !HasMap<const Tensor<float>>);

static_assert(!std::is_assignable_v<decltype(MatrixMap<const float>(nullptr, 1, 1)(0, 0)), float>);

template <class X>
concept HasView = requires(X&& x) {
  as_view(std::forward<X>(x));
};
static_assert(HasView<Eigen::MatrixXf&> && HasView<const Eigen::ArrayXXd&>);
static_assert(!HasView<Eigen::MatrixXf>, "it expires");
static_assert(!HasView<decltype(Eigen::MatrixXf() + Eigen::MatrixXf())>, "it has no memory");

TEST(AsView, IsTheEigenMatrixItself) {
  Eigen::MatrixXf columns(2, 3);  // column by column in memory
  columns << 1, 2, 3, 4, 5, 6;
  const TensorView<float> view = as_view(columns);
  EXPECT_EQ(to_string(view.shape()), "(2, 3)");
  EXPECT_EQ(view(1, 0), 4);
  view(0, 2) = 9;
  EXPECT_EQ(columns(0, 2), 9);

  const Eigen::Array<int, 2, 2, Eigen::RowMajor> rows{{1, 2}, {3, 4}};
  const TensorView<const int> fixed = as_view(rows);
  EXPECT_EQ(fixed(1, 0), 3);
  EXPECT_EQ(fixed.data(), rows.data());
}

TEST(AsView, BlocksAndVectorsKeepTheirStrides) {
  Eigen::MatrixXd matrix(3, 3);
  matrix << 1, 2, 3, 4, 5, 6, 7, 8, 9;
  const auto row = as_view(matrix.row(1));
  EXPECT_EQ(to_string(row.shape()), "(3,)");
  EXPECT_EQ(row(2), 6);
  const auto block = as_view(matrix.bottomRightCorner(2, 2));
  EXPECT_EQ(block(0, 1), 6);
  EXPECT_EQ(block(1, 0), 8);
  EXPECT_EQ(to_string(as_view(Eigen::VectorXd(Eigen::VectorXd::Ones(4)).head(2)).shape()), "(2,)");
}

TEST(AsMatrix, IsTheTensorItself) {
  auto x = array<float>({{1, 2, 3}, {4, 5, 6}});
  auto matrix = as_matrix(x);
  EXPECT_EQ(matrix.data(), x.data());
  EXPECT_EQ(matrix.rows(), 2);
  EXPECT_EQ(matrix.cols(), 3);
  EXPECT_EQ(matrix(1, 0), 4);
  matrix.row(0) *= 10;
  EXPECT_EQ(x(0, 2), 30);
  EXPECT_EQ(as_matrix(std::as_const(x)).sum(), 75);
}

TEST(AsMatrix, RowsMayLieApartInAnyOrder) {
  auto x = array<float>({{1, 2, 3}, {4, 5, 6}, {7, 8, 9}});
  EXPECT_EQ(as_matrix(x.slice(1, {1, 3})).sum(), 2 + 3 + 5 + 6 + 8 + 9);
  EXPECT_EQ(as_matrix(x.slice(0, {.step = 2}))(1, 0), 7);
  EXPECT_EQ(as_matrix(x.slice(0, {.step = -1}))(0, 2), 9);
  EXPECT_EQ(as_matrix(x[1].broadcast_to({4, 3})).colwise().sum(), Eigen::RowVector3f(16, 20, 24));
}

TEST(AsMatrix, ReversedRowsEnterAProduct) {
  const auto x = array<float>({{1, 2}, {3, 4}});
  const RowMajorMatrix<float> product =
      as_matrix(x.slice(0, {.step = -1})) * as_matrix(x.slice(0, {.step = -1}));
  EXPECT_EQ(product, (Eigen::Matrix2f() << 3 * 3 + 4 * 1, 3 * 4 + 4 * 2,  //
                      1 * 3 + 2 * 1, 1 * 4 + 2 * 2)
                         .finished());
}

TEST(AsMatrix, OfOneColumnNeedsNoDenseRows) {
  auto x = array<float>({{1, 2, 3}, {4, 5, 6}});
  const auto column = as_matrix(x.slice(1, {.start = 0, .step = 3}));
  EXPECT_EQ(column.rows(), 2);
  EXPECT_EQ(column.cols(), 1);
  EXPECT_EQ(column(1, 0), 4);
}

TEST(AsMatrix, MayBeEmpty) {
  const Tensor<float> tall({3, 0});
  EXPECT_EQ(as_matrix(tall).rows(), 3);
  EXPECT_EQ(as_matrix(tall).sum(), 0);
  EXPECT_EQ(as_matrix(tall.transpose()).cols(), 3);
}

TEST(AsMatrix, NeedsRankTwoAndDenseRows) {
  const Tensor<float> x({2, 3, 4});
  EXPECT_EQ(error_of<ShapeError>([&] { as_matrix(x); }),
            "as_matrix: expected rank 2, got (2, 3, 4)");
  EXPECT_EQ(error_of<ShapeError>([&] { as_matrix(x[0].transpose()); }),
            "as_matrix: the rows of the view of shape (4, 3) are not dense");
  EXPECT_THROW(as_matrix(x[0].slice(1, {.step = -1})), ShapeError);
}

TEST(AsArray, IsTheTensorItself) {
  Tensor<double> x({2, 3, 4});
  as_array(x) = 2.5;
  EXPECT_EQ(x(1, 2, 3), 2.5);
  as_array(x[0]) += 1;
  EXPECT_EQ(as_array(std::as_const(x)).sum(), 12 * 2.5 + 12 * 3.5);
  EXPECT_EQ(as_array(x).data(), x.data());
}

TEST(AsArray, TakesScalarsAndNothing) {
  const auto scalar = full<float>({}, 3);
  EXPECT_EQ(as_array(scalar).size(), 1);
  EXPECT_EQ(as_array(scalar)(0), 3);
  const Tensor<float> nothing({2, 0});
  EXPECT_EQ(as_array(nothing).size(), 0);
}

TEST(AsArray, NeedsContiguousElements) {
  const Tensor<float> x({2, 3});
  EXPECT_EQ(error_of<ShapeError>([&] { as_array(x.transpose()); }),
            "as_array: the view of shape (3, 2) is not contiguous");
  EXPECT_THROW(as_array(x.slice(0, {.step = -1})), ShapeError);
}

template <class T>
class EigenMapOf : public testing::Test {};

using Elements = testing::Types<float, double, Eigen::half, Eigen::bfloat16, std::int8_t,
                                std::int16_t, std::int32_t, std::int64_t, std::uint8_t, bool>;
TYPED_TEST_SUITE(EigenMapOf, Elements);

TYPED_TEST(EigenMapOf, EveryElementTypeHasMaps) {
  using T = TypeParam;
  auto x = zeros<T>({2, 3});
  as_array(x).setOnes();
  EXPECT_EQ(as_matrix(x)(1, 2), T(1));
  as_matrix(x).row(1).setZero();
  EXPECT_EQ(x(1, 0), T(0));
  EXPECT_EQ(x(0, 0), T(1));
}

}  // namespace
}  // namespace dlfs
