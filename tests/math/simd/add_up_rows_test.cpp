#include <vector>

#include <gtest/gtest.h>

#include "dlfs/math/simd/kernels.hpp"
#include "math/simd/levels.hpp"

namespace dlfs {
namespace {

using tests::at_every_level;

template <class T>
class SimdAddUpRows : public testing::Test {};
using Elements = testing::Types<float, double, long double, int, Eigen::half>;
TYPED_TEST_SUITE(SimdAddUpRows, Elements);

TYPED_TEST(SimdAddUpRows, SumsEachColumnAndNoOther) {
  using T = TypeParam;
  using Sum = simd::RegisterElement<T>;
  constexpr Index stride = 150;
  std::vector<T> x(4 * stride);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<T>(static_cast<int>(i % 13) - 6);
  const T shift = static_cast<T>(2);
  const auto product = [](const auto& a, const auto& b, const auto& c, auto& term) {
    term = a * (b - c);
  };
  at_every_level([&] {
    for (Index rows : {0, 1, 3}) {
      for (Index columns = 0; columns < stride; ++columns) {
        std::vector<Sum> sums(stride, Sum(77));
        simd::add_up_rows(product, rows, columns, sums.data(),
                          simd::Operand<T>{x.data() + 1, 1, stride}, simd::Operand<T>{x.data()},
                          simd::Operand<T>{&shift, 0});
        for (Index j = 0; j < columns; ++j) {
          const auto at = [&](Index i) { return static_cast<Sum>(x[static_cast<std::size_t>(i)]); };
          Sum expected(0);
          for (Index i = 0; i < rows; ++i) expected += at(i * stride + 1 + j) * (at(j) - Sum(2));
          ASSERT_EQ(sums[static_cast<std::size_t>(j)], expected)
              << "column " << j << " of " << columns << ", " << rows << " rows";
        }
        EXPECT_EQ(sums[static_cast<std::size_t>(columns)], Sum(77));
      }
    }
  });
}

}  // namespace
}  // namespace dlfs
