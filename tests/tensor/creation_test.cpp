#include "dlfs/tensor/creation.hpp"

#include <cstdint>
#include <iterator>
#include <limits>
#include <list>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/error_of.hpp"

namespace dlfs {
namespace {

/// The numbers of a stream, which can be read once.
struct NumbersOf {
  std::istream* stream;
  auto begin() const { return std::istream_iterator<double>(*stream); }
  auto end() const { return std::istream_iterator<double>(); }
};

TEST(FromRange, TakesContainersAndStreams) {
  const auto x = from_range(std::list<int>{4, 5, 6});
  ASSERT_EQ(to_string(x.shape()), "(3,)");
  EXPECT_EQ(x(2), 6);
  std::istringstream stream("1.5 2.5");
  const auto read = from_range(NumbersOf{&stream});
  ASSERT_EQ(read.size(), 2);
  EXPECT_EQ(read(1), 2.5);
  EXPECT_TRUE(from_range(std::vector<float>{}).empty());
}

TEST(Arange, HasTheElementsOfNumPy) {
  const auto x = arange<double>(-5, 5, 0.1);
  ASSERT_EQ(to_string(x.shape()), "(100,)");
  EXPECT_EQ(x(0), -5.0);
  EXPECT_EQ(x(1), -4.9);
  EXPECT_EQ(x(50), -1.7763568394002505e-14);
  EXPECT_EQ(x(99), 4.899999999999965);
  EXPECT_EQ(arange(0.0, 6.0, 0.1).size(), 60);
  EXPECT_EQ(arange(-2.0, 2.5, 0.25).size(), 18);
}

TEST(Arange, CountsDownAndStopsAtOnce) {
  const auto x = arange(2.0f, 0.0f, -0.5f);
  EXPECT_EQ(x.size(), 4);
  EXPECT_EQ(x(3), 0.5f);
  EXPECT_TRUE(arange(1.0, 1.0).empty());
  EXPECT_TRUE(arange(1.0, 0.0).empty());
}

TEST(Arange, CountsIntegersExactly) {
  const auto x = arange<int>(2, 9, 3);
  ASSERT_EQ(to_string(x.shape()), "(3,)");
  EXPECT_EQ(x(2), 8);
  EXPECT_EQ(arange<int>(8).size(), 8);
  EXPECT_EQ(arange<int>(5, -1, -2).size(), 3);
  EXPECT_EQ(arange<int>(0, 4, 2).size(), 2);
  EXPECT_TRUE(arange<int>(5, 0).empty());
  EXPECT_TRUE(arange<int>(5, 5, -1).empty());
  EXPECT_EQ(arange<std::int64_t>((1LL << 60) + 1, (1LL << 60) + 3)(1), (1LL << 60) + 2);
  EXPECT_EQ(test::error_of<ValueError>([] { arange<int>(0, 1, 0); }),
            "arange: no such range: 0 to 1 by 0");
}

TEST(Arange, RejectsARangeWithoutEnd) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(test::error_of<ValueError>([] { arange(0.0, 1.0, 0.0); }),
            "arange: no such range: 0 to 1 by 0");
  EXPECT_EQ(test::error_of<ValueError>([&] { arange(0.0, infinity); }),
            "arange: no such range: 0 to inf by 1");
}

TEST(Linspace, EndsWhereItShould) {
  const auto x = linspace(0.0, 0.3, 4);
  EXPECT_EQ(x(3), 0.3);
  EXPECT_EQ(linspace(5.0, 7.0, 1)(0), 5.0);
  EXPECT_TRUE(linspace(5.0, 7.0, 0).empty());
  EXPECT_EQ(test::error_of<ValueError>([] { linspace(0.0, 1.0, -1); }),
            "linspace: expected a count of at least 0, got -1");
}

TEST(Eye, OfOtherThanSquares) {
  EXPECT_EQ(eye<int>(3, 2)(1, 1), 1);
  EXPECT_EQ(eye<int>(3, 2)(2, 1), 0);
  EXPECT_TRUE(eye<int>(0).empty());
}

}  // namespace
}  // namespace dlfs
