#include "dlfs/math/format.hpp"

#include <sstream>

#include <gtest/gtest.h>

#include "math/support.hpp"

namespace dlfs {
namespace {

using tests::infinity;
using tests::nan;

template <class T>
Tensor<T> counting(const Shape& shape) {
  Tensor<T> tensor(shape);
  for (Index i = 0; i < tensor.size(); ++i) tensor.data()[i] = static_cast<T>(i);
  return tensor;
}

// The expected texts are NumPy's.

TEST(Format, PointsStandBelowOneAnother) {
  EXPECT_EQ(to_string(array<double>({1, 2, 3})), "[1. 2. 3.]");
  EXPECT_EQ(to_string(array<double>({{1, -2.5}, {3.25, 100}})),
            "[[  1.    -2.5 ]\n"
            " [  3.25 100.  ]]");
}

TEST(Format, IntegersAndBooleansAreAlignedAtTheRight) {
  EXPECT_EQ(to_string(array<int>({{1, 20}, {-3, 4}})), "[[ 1 20]\n [-3  4]]");
  EXPECT_EQ(to_string(array<std::uint8_t>({5, 200})), "[  5 200]");
  EXPECT_EQ(to_string(array<bool>({true, false})), "[ True False]");
}

TEST(Format, StreamsTakeTensorsAndViews) {
  const auto x = array<float>({{1, -2.5f}, {3, 0.5f}});
  std::ostringstream text;
  text << x << '\n' << x[0] << '\n' << array<bool>({true, false});
  EXPECT_EQ(text.str(), to_string(x) + "\n[ 1.  -2.5]\n[ True False]");
}

TEST(Format, HigherRanksAreSeparatedByEmptyLines) {
  EXPECT_EQ(to_string(counting<int>({2, 2, 2})),
            "[[[0 1]\n"
            "  [2 3]]\n"
            "\n"
            " [[4 5]\n"
            "  [6 7]]]");
}

TEST(Format, RankZeroIsABareNumber) {
  EXPECT_EQ(to_string(full<float>({}, 1)), "1.0");
  EXPECT_EQ(to_string(full<double>({}, -2.5)), "-2.5");
  EXPECT_EQ(to_string(full<bool>({}, true)), "True");
  EXPECT_EQ(to_string(full<int>({}, 7)), "7");
}

TEST(Format, EmptyTensorsAreEmptyBrackets) {
  EXPECT_EQ(to_string(Tensor<float>()), "[]");
  EXPECT_EQ(to_string(Tensor<float>({3, 0})), "[]");
}

TEST(Format, ShortestDigitsAreCutAfterEight) {
  EXPECT_EQ(to_string(array<float>({0.1f, 1 / 3.0f})), "[0.1        0.33333334]");
  EXPECT_EQ(to_string(array<double>({0.1, 2 / 3.0})), "[0.1        0.66666667]");
  EXPECT_EQ(to_string(array<double>({0.100000000001, 1})), "[0.1 1. ]");
}

TEST(Format, WideRangesHaveExponents) {
  EXPECT_EQ(to_string(array<double>({1e10, 1})), "[1.e+10 1.e+00]");
  EXPECT_EQ(to_string(array<double>({1.5e10, 1})), "[1.5e+10 1.0e+00]");
  EXPECT_EQ(to_string(array<double>({1e-5})), "[1.e-05]");
  EXPECT_EQ(to_string(array<double>({1 / 3.0, 2e3})), "[3.33333333e-01 2.00000000e+03]");
  EXPECT_EQ(to_string(array<double>({1e300, 1e-5})), "[1.e+300 1.e-005]");
  EXPECT_EQ(to_string(array<double>({1000, 1})), "[1000.    1.]");
}

TEST(Format, NaNAndInfinityAreWords) {
  EXPECT_EQ(to_string(array<double>({nan, 1, -infinity})), "[ nan   1. -inf]");
  EXPECT_EQ(to_string(array<double>({nan, 1e10})), "[   nan 1.e+10]");
  EXPECT_EQ(to_string(array<double>({-nan, 1})), "[nan  1.]");
}

TEST(Format, HalfTypesShowTheDigitsThatTheyHold) {
  const Tensor<Eigen::half> x({2}, {Eigen::half(0.1f), Eigen::half(-3.14159f)});
  EXPECT_EQ(to_string(x), "[ 0.1  -3.14]");
}

TEST(Format, BeyondAThousandElementsTheMiddleIsLeftOut) {
  EXPECT_EQ(to_string(counting<int>({1001})), "[   0    1    2 ...  998  999 1000]");
  EXPECT_EQ(to_string(counting<int>({500, 3})),
            "[[   0    1    2]\n"
            " [   3    4    5]\n"
            " [   6    7    8]\n"
            " ...\n"
            " [1491 1492 1493]\n"
            " [1494 1495 1496]\n"
            " [1497 1498 1499]]");
}

TEST(Format, LongRowsAreBroken) {
  EXPECT_EQ(to_string(counting<int>({30})),
            "[ 0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15 16 17 18 19 20 21 22 23\n"
            " 24 25 26 27 28 29]");
  EXPECT_EQ(to_string(counting<double>({30})),
            "[ 0.  1.  2.  3.  4.  5.  6.  7.  8.  9. 10. 11. 12. 13. 14. 15. 16. 17.\n"
            " 18. 19. 20. 21. 22. 23. 24. 25. 26. 27. 28. 29.]");
}

TEST(Format, ViewsAreReadThroughTheirStrides) {
  const auto x = counting<int>({2, 3});
  EXPECT_EQ(to_string(x.transpose()), "[[0 3]\n [1 4]\n [2 5]]");
}

TEST(Format, IsFoundByConcat) { EXPECT_EQ(concat("x = ", array<float>({1, 2})), "x = [1. 2.]"); }

}  // namespace
}  // namespace dlfs
