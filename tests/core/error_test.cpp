#include "dlfs/core/error.hpp"  // first: proves the header self-contained

#include <cstdint>
#include <limits>
#include <new>
#include <string>
#include <type_traits>

#include <gtest/gtest.h>

namespace other {
struct Colour {};
std::string to_string(Colour) { return "blue"; }
struct Huge {};
std::string to_string(Huge) { throw std::bad_alloc(); }
}  // namespace other

namespace dlfs {
namespace {

template <class E>
constexpr bool is_member_of_the_family =
    std::is_base_of_v<Error, E>&& std::is_base_of_v<std::runtime_error, E> &&
    !std::is_convertible_v<std::string, E>;

static_assert(is_member_of_the_family<ShapeError> && is_member_of_the_family<ValueError> &&
              is_member_of_the_family<FormatError> && is_member_of_the_family<IoError>);

TEST(Error, WhatIsTheMessage) {
  try {
    throw ShapeError("affine: expected (2, 3)");
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "affine: expected (2, 3)");
  }
}

TEST(Error, HasNoMessageIfThereIsNoMemoryForIt) {
  EXPECT_STREQ(ShapeError("the shape is ", other::Huge()).what(), "");
}

TEST(Concat, JoinsTextOfEveryKind) {
  const std::string text = "text";
  EXPECT_EQ(str_cat(), "");
  EXPECT_EQ(str_cat("a ", text, std::string_view(", view"), '!'), "a text, view!");
}

TEST(Concat, FindsToStringOfOtherNamespaces) {
  EXPECT_EQ(str_cat("the sky is ", other::Colour{}), "the sky is blue");
}

TEST(Concat, WritesIntegersOfEveryWidth) {
  EXPECT_EQ(str_cat(std::int8_t{-128}, ' ', std::uint8_t{255}), "-128 255");
  EXPECT_EQ(str_cat(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(str_cat(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
}

TEST(Concat, WritesTheShortestNumberThatReadsBackTheSame) {
  EXPECT_EQ(str_cat(0.1, ' ', 0.1f, ' ', 1.0, ' ', -0.0), "0.1 0.1 1 -0");
  EXPECT_EQ(str_cat(1.0 / 3), "0.3333333333333333");
  EXPECT_EQ(str_cat(std::numeric_limits<double>::lowest()), "-1.7976931348623157e+308");
  EXPECT_EQ(str_cat(std::numeric_limits<double>::denorm_min()), "5e-324");
  EXPECT_EQ(str_cat(std::numeric_limits<double>::infinity()), "inf");
  EXPECT_EQ(str_cat(std::numeric_limits<double>::quiet_NaN()), "nan");
}

}  // namespace
}  // namespace dlfs
