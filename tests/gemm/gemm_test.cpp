#include "dlfs/gemm/gemm.hpp"

#include <cmath>
#include <cstdint>
#include <type_traits>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/core/rng.hpp"
#include "support/levels.hpp"

// Products of tensors, with every way to divide them, are in tests/tensor/matmul_test.cpp.

namespace dlfs {
namespace {

using test::at_every_level;

static_assert(gemm::block_extent(100, 192, 4) == 100);
static_assert(gemm::block_extent(200, 192, 4) == 100);
static_assert(gemm::block_extent(389, 192, 4) == 132);
static_assert(gemm::chain_length<float>(784) == 784 && gemm::chain_length<float>(785) == 393);

template <class T>
std::vector<T> random_numbers(Index count, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<T> numbers(static_cast<std::size_t>(count));
  for (T& number : numbers) number = static_cast<T>(rng.uniform(-1, 1));
  return numbers;
}

template <class T>
class GemmFrom : public testing::Test {};
using Numbers = testing::Types<float, double>;
TYPED_TEST_SUITE(GemmFrom, Numbers);

TYPED_TEST(GemmFrom, AddsTheProductToAStartOfEachRow) {
  using T = TypeParam;
  at_every_level([] {
    for (const Index m : {1, 2, 13, 200}) {
      for (const Index n : {1, 5, 16, 67}) {
        for (const Index k : {1, 9, 40, 900}) {
          const auto a = random_numbers<T>(m * k, 1);
          const auto b = random_numbers<T>(k * n, 2);
          const auto start = random_numbers<T>(m, 3);
          const Index row = n + 2;  // the rows of the result lie apart
          std::vector<T> c(static_cast<std::size_t>(m * row), T(9));
          gemm::gemm_from<T>(start.data(), m, k, n, {a.data(), k, 1}, {b.data(), n, 1},
                             {c.data(), row, 1});
          for (Index i = 0; i < m; ++i) {
            for (Index j = 0; j < row; ++j) {
              const T found = c[static_cast<std::size_t>(i * row + j)];
              if (j >= n) {
                ASSERT_EQ(found, T(9)) << "a gap was written";
                continue;
              }
              double expected = start[static_cast<std::size_t>(i)];
              double magnitude = std::abs(expected);
              for (Index t = 0; t < k; ++t) {
                const double term = static_cast<double>(a[static_cast<std::size_t>(i * k + t)]) *
                                    static_cast<double>(b[static_cast<std::size_t>(t * n + j)]);
                expected += term;
                magnitude += std::abs(term);
              }
              const double rounding = std::is_same_v<T, float> ? 1e-5 : 1e-12;
              ASSERT_NEAR(found, expected, rounding * magnitude)
                  << m << ", " << k << ", " << n << ": " << i << ", " << j;
            }
          }
        }
      }
    }
  });
}

}  // namespace
}  // namespace dlfs
