#include "dlfs/core/rounded.hpp"

#include <gtest/gtest.h>

namespace dlfs {
namespace {

static_assert(detail::rounded(1.5) == 1.5);  // works in constant expressions

// The square of 1 + 2^-n is 1 + 2^(1 - n) + 2^-2n, whose last term is lost when it is rounded.
template <class T>
T error_of_a_square(T power) {
  volatile T x = 1 + power;
  const T a = x;
  return detail::rounded(a * a) - (1 + 2 * power);
}

TEST(Rounded, AProductIsRoundedBeforeItMeetsTheSum) {
  EXPECT_EQ(error_of_a_square(1.0f / (1 << 13)), 0.0f);
  EXPECT_EQ(error_of_a_square(1.0 / (1 << 27)), 0.0);
}

template <class T>
T hidden(T x) {
  detail::make_opaque(x);
  return x;
}

TEST(MakeOpaque, ChangesNoValue) {
  EXPECT_EQ(hidden(1.5f), 1.5f);
  EXPECT_EQ(hidden(-2.5), -2.5);
  EXPECT_EQ(hidden(3.5L), 3.5L);
  EXPECT_EQ(hidden(-7), -7);
  EXPECT_EQ(hidden(static_cast<unsigned char>(200)), 200);
}

}  // namespace
}  // namespace dlfs
