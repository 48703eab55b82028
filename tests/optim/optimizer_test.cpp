#include "dlfs/optim/optimizer.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "dlfs/math/elementwise.hpp"

namespace dlfs {
namespace {

struct WithoutStep {
  using Scalar = float;
};
static_assert(!Optimizer<WithoutStep> && !Optimizer<int>);

TEST(Update, VisitsEveryElementOnceWithItsGradientAndState) {
  for (const Index size : {0, 1, 15, 16, 4097, 32768, 100001}) {
    Parameter<float> parameter("w", Tensor<float>({size}));
    Tensor<float> state({size});
    for (Index i = 0; i < size; ++i) state(i) = static_cast<float>(i);
    parameter.gradient = ones<float>({size});
    detail::update(
        []<class V>(V& w, const V& dw, V& position) {
          w += position + dw;
          position = -position;
        },
        parameter, 0.0, state);
    for (Index i = 0; i < size; ++i) {
      ASSERT_EQ(parameter.value(i), static_cast<float>(i) + 1) << size;
      ASSERT_EQ(state(i), -static_cast<float>(i)) << size;
    }
  }
}

}  // namespace
}  // namespace dlfs
