#include "dlfs/gemm/row_product.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/core/rng.hpp"
#include "dlfs/gemm/gemm.hpp"
#include "dlfs/tensor/creation.hpp"
#include "support/levels.hpp"

namespace dlfs::gemm {
namespace {

/// Compares with gemm for b (k, parts n): the sums may be several chains.
template <class T>
void expect_the_product(Index k, Index parts, Index n) {
  SCOPED_TRACE(str_cat(k, " by ", parts, " x ", n));
  Rng rng(static_cast<std::uint64_t>(k + n));
  const auto a = random_normal<T>({k}, rng);
  const auto b = random_normal<T>({k, parts * n}, rng, 1);
  auto expected = random_normal<T>({parts * n}, rng, 1);

  const RowProduct<T> product(k, parts, n, {b.data(), parts * n, 1});
  const Index width = RowProduct<T>::padded(n);
  ASSERT_EQ(product.columns(), parts * width);
  Tensor<T> sums({parts * width});
  for (Index part = 0; part < parts; ++part) {
    std::copy_n(expected.data() + part * n, n, sums.data() + part * width);
  }
  Tensor<T> apart({parts * width});
  product.run(a.data(), sums.data(), apart.data());
  product.run(a.data(), sums.data(), sums.data());

  gemm<T>(1, k, parts * n, {a.data(), k, 1}, {b.data(), parts * n, 1},
          {expected.data(), parts * n, 1}, Store::add);
  for (Index j = 0; j < parts * width; ++j) {
    const bool is_end = j % width >= n;
    const T value = is_end ? T(0) : expected(j / width * n + j % width);
    const double tolerance = 8 * std::numeric_limits<T>::epsilon() * static_cast<double>(k);
    EXPECT_NEAR(sums(j), value, tolerance) << j;
    EXPECT_EQ(apart(j), sums(j)) << j;
  }
}

TEST(RowProduct, IsThatOfGemm) {
  test::at_every_level([] {
    for (Index k : {1, 2, 7, 16, 784, 785, 1600}) {
      for (Index n : {1, 3, 4, 8, 15, 16, 17, 40, 130}) {
        expect_the_product<float>(k, 1, n);
        expect_the_product<double>(k, 3, n);
      }
    }
  });
}

TEST(RowProduct, TakesAnyStrides) {
  const std::vector<float> b{1, 2, 3, 4, 5, 6};  // (2, 3), transposed
  const RowProduct<float> product(3, 1, 2, {b.data(), 1, 3});
  Tensor<float> out({product.columns()});
  const std::vector<float> a{1, 10, 100};
  product.run(a.data(), out.data(), out.data());
  EXPECT_EQ(out(0), 321);
  EXPECT_EQ(out(1), 654);
}

}  // namespace
}  // namespace dlfs::gemm
