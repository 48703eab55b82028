#include "dlfs/nn/loss.hpp"

#include <gtest/gtest.h>

namespace dlfs {
namespace {

struct SumOfOutputs {
  using Scalar = float;
  float forward(const Tensor<float>& y, const Tensor<float>&) {
    dy.resize(y.shape());
    dy.fill(1);
    float sum = 0;
    for (float value : y) sum += value;
    return sum;
  }
  const Tensor<float>& backward() const { return dy; }
  Tensor<float> dy;
};
static_assert(Loss<SumOfOutputs, Tensor<float>>);
static_assert(!Loss<SumOfOutputs, Tensor<double>>);

struct LossWithoutBackward {
  using Scalar = float;
  float forward(const Tensor<float>&, const Tensor<float>&) { return 0; }
};
static_assert(!Loss<LossWithoutBackward, Tensor<float>>);

struct LossOfAnotherType : SumOfOutputs {
  double forward(const Tensor<float>&, const Tensor<float>&) { return 0; }
};
static_assert(!Loss<LossOfAnotherType, Tensor<float>>);

TEST(Loss, IsAnythingWithForwardAndBackward) {
  SumOfOutputs loss;
  EXPECT_EQ(loss.forward(array<float>({1, 2, 3}), Tensor<float>()), 6);
  EXPECT_EQ(loss.backward().shape(), Shape{3});
}

}  // namespace
}  // namespace dlfs
