// What NumPy makes of arrays, case by case: fixtures/make_arrays.py says what a line holds.

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/core/axes.hpp"
#include "dlfs/tensor/creation.hpp"
#include "dlfs/tensor/einsum.hpp"
#include "dlfs/tensor/joining.hpp"
#include "dlfs/tensor/sorting.hpp"
#include "dlfs/tensor/statistics.hpp"
#include "support/tensors.hpp"

namespace dlfs {
namespace {

struct Case {
  std::string operation, type;
  Shape shape;
  std::vector<double> arguments;
  bool is_error = false;
  Tensor<double> result;
};

std::vector<double> numbers(const std::string& text) {
  std::vector<double> found;
  std::istringstream words(text);
  for (std::string word; words >> word;) found.push_back(std::strtod(word.c_str(), nullptr));
  return found;
}

Shape shape_of(const std::string& text) {
  Shape shape;
  for (double extent : numbers(text)) shape.push_back(static_cast<Index>(extent));
  return shape;
}

Case parse(const std::string& line) {
  std::vector<std::string> fields(1);
  for (char c : line) c == '\t' ? fields.emplace_back() : (fields.back() += c, fields.back());
  Case parsed{fields.at(0), fields[1], shape_of(fields.at(2)), numbers(fields.at(3)), false, {}};
  parsed.is_error = fields.at(4) == "error";
  if (!parsed.is_error) parsed.result = Tensor<double>(shape_of(fields[4]), numbers(fields.at(5)));
  return parsed;
}

template <class T>
Tensor<T> sample(const Shape& shape) {
  Tensor<T> x(shape);
  for (Index i = 0; i < x.size(); ++i) {
    const Index value = (7 * i + 3) % 11;
    if constexpr (std::same_as<T, bool>) {
      x.data()[i] = value % 2 == 1;
    } else {
      x.data()[i] = static_cast<T>(std::unsigned_integral<T> ? value : value - 5);
    }
  }
  return x;
}

/// The results of the operations that reduce any set of axes.
template <class T>
Tensor<double> reduced(const std::string& operation, const Tensor<T>& x, const Axes& axes,
                       KeepDims keep) {
  const auto widened = [](const auto& result) { return cast<double>(result); };
  if (operation == "sum") return widened(sum(x, axes, keep));
  if (operation == "mean") return widened(mean(x, axes, keep));
  if (operation == "variance") return widened(variance(x, axes, keep));
  if (operation == "standard_deviation") return widened(standard_deviation(x, axes, keep));
  if (operation == "any_of") return widened(any_of(x, axes, keep));
  if (operation == "all_of") return widened(all_of(x, axes, keep));
  if (operation == "count_nonzero") return widened(count_nonzero(x, axes, keep));
  if constexpr (RealElement<T>) {
    if (operation == "norm") return widened(norm(x, axes, Norm::two, keep));
    if (operation == "norm_one") return widened(norm(x, axes, Norm::one, keep));
    if (operation == "norm_infinity") return widened(norm(x, axes, Norm::infinity, keep));
  }
  if constexpr (!std::same_as<T, bool>) {
    if (operation == "min") return widened(min(x, axes, keep));
    if (operation == "max") return widened(max(x, axes, keep));
  }
  throw std::logic_error("unknown operation " + operation);
}

Axes axes_of(const std::vector<double>& arguments) {
  const auto axis = [&](std::size_t i) { return static_cast<int>(arguments.at(i)); };
  switch (arguments.size()) {
    case 1:
      return Axes(std::initializer_list<int>{});
    case 2:
      return {axis(1)};
    case 3:
      return {axis(1), axis(2)};
    case 4:
      return {axis(1), axis(2), axis(3)};
    default:
      return {axis(1), axis(2), axis(3), axis(4)};
  }
}

template <class T>
Tensor<double> along_axis(const std::string& operation, const Tensor<T>& x, int axis) {
  const auto widened = [](const auto& result) { return cast<double>(result); };
  if (operation == "argmin") return widened(argmin(x, axis));
  if (operation == "argmax") return widened(argmax(x, axis));
  if (operation == "cumsum") return widened(cumsum(x, axis));
  if (operation == "flip") return widened(flip(x, axis));
  if (operation == "roll") return widened(roll(x, -2, axis));
  if (operation == "repeat") return widened(repeat(x, 3, axis));
  if (operation == "sort") return widened(sort(x, axis));
  if (operation == "argsort") return widened(argsort(x, axis));
  if (operation == "split") return widened(split(x, {1, -1}, axis)[1]);
  const auto reversed = flip(x, -1);
  if (operation == "stack") return widened(stack<T>({x, reversed}, axis));
  return widened(concatenate<T>({x, reversed, x}, axis));
}

template <class T>
Tensor<double> padded(const std::string& mode, const Tensor<T>& x, Padding by) {
  const PadMode filling = mode == "constant" ? PadMode::constant
                          : mode == "edge"   ? PadMode::edge
                                             : PadMode::reflect;
  return cast<double>(pad(x, {by}, filling));
}

template <class T>
Tensor<double> run(const Case& of) {
  const auto argument = [&](std::size_t i) { return static_cast<Index>(of.arguments.at(i)); };
  const auto x = sample<T>(of.shape);
  const std::string& operation = of.operation;
  if (operation.starts_with("pad_")) {
    return padded(operation.substr(4), x, {argument(0), argument(1)});
  }
  if (operation == "tile") return cast<double>(tile(x, {2, 3}));
  if (operation == "unique") return cast<double>(unique(x).values);
  if (operation == "unique_counts") return cast<double>(unique(x).counts);
  if constexpr (std::floating_point<T>) {
    if (operation == "histogram") return cast<double>(histogram(x, 4, -4, 4).counts);
    if (operation == "linspace") {
      return cast<double>(
          linspace(static_cast<T>(of.arguments[0]), static_cast<T>(of.arguments[1]), argument(2)));
    }
  }
  if constexpr (NumberElement<T>) {
    if (operation == "outer") return cast<double>(outer(x, x));
  }
  if constexpr (std::floating_point<T> || std::same_as<T, std::int32_t>) {
    if (operation == "matmul") return cast<double>(matmul(x, swap_axes(x, -1, -2)));
    if (operation == "tensordot") return cast<double>(tensordot(x, x.transpose(), 1));
  }
  if (of.arguments.size() == 1 && of.shape.rank() > 0) {
    return along_axis(operation, x, static_cast<int>(argument(0)));
  }
  return reduced(operation, x, axes_of(of.arguments), KeepDims{argument(0) != 0});
}

template <class T>
void check(const Case& expected) {
  Tensor<double> actual;
  bool is_error = false;
  try {
    actual = run<T>(expected);
  } catch (const Error&) {
    is_error = true;
  }
  ASSERT_EQ(is_error, expected.is_error);
  if (is_error) return;
  ASSERT_EQ(actual.shape(), expected.result.shape());
  const double tolerance = std::same_as<T, Eigen::half> ? 1e-3
                           : std::same_as<T, float>     ? 1e-6
                                                        : 1e-14;
  for (Index i = 0; i < actual.size(); ++i) {
    const double found = actual.data()[i];
    const double wanted = expected.result.data()[i];
    if (std::isnan(wanted) && std::isnan(found)) continue;
    EXPECT_NEAR(found, wanted, tolerance * std::max(1.0, std::abs(wanted))) << "element " << i;
  }
}

TEST(Arrays, AreThoseOfNumPy) {
  std::ifstream file(DLFS_FIXTURES "/arrays.txt");
  int cases = 0;
  for (std::string line; std::getline(file, line); ++cases) {
    SCOPED_TRACE(line);
    const Case expected = parse(line);
    if (expected.type == "f4") check<float>(expected);
    if (expected.type == "f8") check<double>(expected);
    if (expected.type == "f2") check<Eigen::half>(expected);
    if (expected.type == "i1") check<std::int8_t>(expected);
    if (expected.type == "i2") check<std::int16_t>(expected);
    if (expected.type == "i4") check<std::int32_t>(expected);
    if (expected.type == "i8") check<std::int64_t>(expected);
    if (expected.type == "u1") check<std::uint8_t>(expected);
    if (expected.type == "b1") check<bool>(expected);
  }
  EXPECT_GT(cases, 900);
}

}  // namespace
}  // namespace dlfs
