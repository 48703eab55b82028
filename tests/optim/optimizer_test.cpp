#include "dlfs/optim/optimizer.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace dlfs {
namespace {

struct WithoutStep {
  using Scalar = float;
};
static_assert(!Optimizer<WithoutStep> && !Optimizer<int>);

TEST(ForEachBlock, VisitsEveryElementOnceInBlocksThatMatch) {
  for (const Index size : {0, 1, 4095, 4096, 4097, 32768, 100001}) {
    Tensor<float> positions({size});
    for (Index i = 0; i < size; ++i) positions(i) = static_cast<float>(i);
    Tensor<float> sums({size});
    detail::for_each_block([](auto sum, auto position) { sum += position; }, size, sums, positions);
    for (Index i = 0; i < size; ++i) ASSERT_EQ(sums(i), static_cast<float>(i)) << size;
  }
}

}  // namespace
}  // namespace dlfs
