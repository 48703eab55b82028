#include <vector>

#include <gtest/gtest.h>

#include "dlfs/simd/kernels.hpp"
#include "support/levels.hpp"

namespace dlfs {
namespace {

using test::at_every_level;

template <class T>
class SimdAddUp : public testing::Test {};
using SummedElements = testing::Types<float, double, long double, int, Eigen::half>;
TYPED_TEST_SUITE(SimdAddUp, SummedElements);

constexpr Index row_stride = 150;

/// Small whole numbers of both signs.
template <class T>
std::vector<T> numbers() {
  std::vector<T> x(4 * row_stride);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<T>(static_cast<int>(i % 13) - 6);
  return x;
}

/// Two sums: of a (b - c), and of b.
constexpr auto two_terms = []<class V>(const V& a, const V& b, const V& c, V& products, V& sum) {
  products += a * (b - c);
  sum += b;
};

TYPED_TEST(SimdAddUp, SumsEachColumnAndNoOther) {
  using T = TypeParam;
  using Sum = simd::RegisterElement<T>;
  const std::vector<T> x = numbers<T>();
  const T shift = static_cast<T>(2);
  at_every_level([&] {
    for (Index rows : {0, 1, 3}) {
      for (Index columns = 0; columns < row_stride; ++columns) {
        std::vector<Sum> products(row_stride, Sum(77));
        std::vector<Sum> sums(row_stride, Sum(78));
        simd::add_up_rows(two_terms, rows, columns, std::array{products.data(), sums.data()},
                          simd::Operand<T>{x.data() + 1, 1, row_stride}, simd::Operand<T>{x.data()},
                          simd::Operand<T>{&shift, 0});
        for (Index j = 0; j < columns; ++j) {
          const auto at = [&](Index i) { return static_cast<Sum>(x[static_cast<std::size_t>(i)]); };
          Sum expected(0);
          for (Index i = 0; i < rows; ++i)
            expected += at(i * row_stride + 1 + j) * (at(j) - Sum(2));
          ASSERT_EQ(products[static_cast<std::size_t>(j)], expected)
              << "column " << j << " of " << columns << ", " << rows << " rows";
          ASSERT_EQ(sums[static_cast<std::size_t>(j)], static_cast<Sum>(rows) * at(j));
        }
        EXPECT_EQ(products[static_cast<std::size_t>(columns)], Sum(77));
        EXPECT_EQ(sums[static_cast<std::size_t>(columns)], Sum(78));
      }
    }
  });
}

TYPED_TEST(SimdAddUp, SumsManyRowsByHalves) {
  using T = TypeParam;
  using Sum = simd::RegisterElement<T>;
  constexpr Index columns = 20;
  at_every_level([&] {
    for (Index rows : {31, 32, 33, 1000, 1024, 1025, 2047, 5000}) {
      std::vector<T> x(static_cast<std::size_t>(rows * columns));
      for (Index i = 0; i < rows * columns; ++i) {
        x[static_cast<std::size_t>(i)] = static_cast<T>(static_cast<int>(i / columns * i % 5) - 2);
      }
      std::vector<Sum> sums(columns);
      simd::add_up_rows([]<class V>(const V& number, V& sum) { sum += number; }, rows, columns,
                        std::array{sums.data()}, simd::Operand<T>{x.data(), 1, columns});
      for (Index j = 0; j < columns; ++j) {
        Sum expected(0);
        for (Index i = 0; i < rows; ++i) {
          expected += static_cast<Sum>(x[static_cast<std::size_t>(i * columns + j)]);
        }
        ASSERT_EQ(sums[static_cast<std::size_t>(j)], expected) << rows << " rows, column " << j;
      }
    }
  });
}

TYPED_TEST(SimdAddUp, SumsEachRowAndNoMoreOfIt) {
  using T = TypeParam;
  using Sum = simd::RegisterElement<T>;
  const std::vector<T> x = numbers<T>();
  const std::vector<T> shifts{static_cast<T>(2), static_cast<T>(-1), static_cast<T>(3)};
  at_every_level([&] {
    for (Index columns = 0; columns < row_stride; ++columns) {
      std::vector<Sum> products(4, Sum(77));
      std::vector<Sum> sums(4, Sum(78));
      simd::add_up_columns(two_terms, 3, columns, std::array{products.data(), sums.data()},
                           simd::Operand<T>{x.data() + 1, 1, row_stride},
                           simd::Operand<T>{x.data()}, simd::Operand<T>{shifts.data(), 0, 1});
      for (Index i = 0; i < 3; ++i) {
        const auto at = [&](Index k) { return static_cast<Sum>(x[static_cast<std::size_t>(k)]); };
        const auto row = static_cast<std::size_t>(i);
        Sum product(0);
        Sum sum(0);
        for (Index j = 0; j < columns; ++j) {
          product += at(i * row_stride + 1 + j) * (at(j) - static_cast<Sum>(shifts[row]));
          sum += at(j);
        }
        ASSERT_EQ(products[row], product) << "row " << i << " of " << columns << " columns";
        ASSERT_EQ(sums[row], sum) << "row " << i << " of " << columns << " columns";
      }
      EXPECT_EQ(products[3], Sum(77));
      EXPECT_EQ(sums[3], Sum(78));
    }
  });
}

TYPED_TEST(SimdAddUp, SumsLongRowsByHalves) {
  using T = TypeParam;
  using Sum = simd::RegisterElement<T>;
  at_every_level([&] {
    for (Index columns : {255, 256, 257, 2047, 2048, 2049, 5000, 70001}) {
      std::vector<T> x(static_cast<std::size_t>(columns));
      Sum expected(0);
      for (Index i = 0; i < columns; ++i) {
        x[static_cast<std::size_t>(i)] = static_cast<T>(static_cast<int>(i % 11) - 5);
        expected += static_cast<Sum>(x[static_cast<std::size_t>(i)]);
      }
      Sum sum(77);
      simd::add_up_columns([]<class V>(const V& number, V& total) { total += number; }, 1, columns,
                           std::array{&sum}, simd::Operand<T>{x.data()});
      ASSERT_EQ(sum, expected) << columns << " columns";
    }
  });
}

}  // namespace
}  // namespace dlfs
