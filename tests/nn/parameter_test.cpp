#include "dlfs/nn/parameter.hpp"

#include <gtest/gtest.h>

#include "support/expect_tensor.hpp"

namespace dlfs {
namespace {

TEST(Parameter, HasNoGradientBeforeTheFirstBackwardPass) {
  const Parameter<float> parameter("weight", array<float>({{1, 2}, {3, 4}}));
  EXPECT_EQ(parameter.name, "weight");
  test::expect_equal(parameter.value, array<float>({{1, 2}, {3, 4}}));
  EXPECT_TRUE(parameter.gradient.empty());
}

TEST(Parameter, IsAValue) {
  Parameter<float> original("weight", array<float>({1, 2}));
  const Parameter<float> copy = original;
  original.value(0) = 9;
  original.gradient = array<float>({5, 6});
  test::expect_equal(copy.value, array<float>({1, 2}));
  EXPECT_TRUE(copy.gradient.empty());
}

}  // namespace
}  // namespace dlfs
