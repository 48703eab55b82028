#include "dlfs/core/option.hpp"

#include <limits>

#include <gtest/gtest.h>

#include "support/error_of.hpp"

namespace dlfs {
namespace {

using detail::OptionRange;
using test::error_of;

constexpr double largest = std::numeric_limits<float>::max();

static_assert(detail::at_least(1).contains(1) && !detail::at_least(1).contains(0.999));
static_assert(detail::at_least(1).contains(largest) && !detail::at_least(1).contains(2 * largest));
static_assert(!detail::above(0).contains(0) && detail::above(0).contains(1e-30));
static_assert(!detail::above(0).contains(1e-40));  // not a normal float
static_assert(detail::between(0, 1).contains(0) && detail::between(0, 1).contains(1));
static_assert(detail::half_open(0, 1).contains(0) && !detail::half_open(0, 1).contains(1));

TEST(OptionRange, ContainsNeitherNanNorInfinity) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (const OptionRange& range : {detail::at_least(0), detail::above(0), detail::between(0, 1)}) {
    for (const double value : {nan, infinity, -infinity}) EXPECT_FALSE(range.contains(value));
  }
}

TEST(OptionRange, ReadsAsInASentence) {
  EXPECT_EQ(to_string(detail::at_least(2)), "of at least 2");
  EXPECT_EQ(to_string(detail::above(0)), "above 0");
  EXPECT_EQ(to_string(detail::between(0, 1)), "in [0, 1]");
  EXPECT_EQ(to_string(detail::half_open(0, 1)), "in [0, 1)");
}

TEST(ExpectOption, NamesTheOperationTheOptionAndTheValue) {
  EXPECT_NO_THROW(detail::expect_option("op", "rate", 0.5, detail::between(0, 1)));
  EXPECT_EQ(
      error_of<ValueError>([] { detail::expect_option("op", "rate", -0.5, detail::above(0)); }),
      "op: expected rate above 0, got -0.5");
  // An integer keeps all its digits.
  EXPECT_EQ(error_of<ValueError>([] {
              detail::expect_option("op", "count", Index{-123456789}, detail::at_least(1));
            }),
            "op: expected count of at least 1, got -123456789");
}

TEST(Checked, ReturnsTheOptionsThatItHasChecked) {
  struct Options {
    void check() const { detail::expect_option("op", "rate", rate, detail::at_least(0)); }
    double rate;
  };
  const Options good{1};
  EXPECT_EQ(&detail::checked(good), &good);
  EXPECT_THROW(detail::checked(Options{-1}), ValueError);
}

}  // namespace
}  // namespace dlfs
