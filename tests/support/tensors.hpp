#pragma once

#include <cmath>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/core/eigen.hpp"
#include "dlfs/core/parallel_for.hpp"
#include "dlfs/core/rng.hpp"
#include "dlfs/core/tensor.hpp"
#include "support/error_of.hpp"

namespace dlfs::test {

inline constexpr float nan = std::numeric_limits<float>::quiet_NaN();
inline constexpr float infinity = std::numeric_limits<float>::infinity();

/// The elements in row-major order, read one by one through the strides.
template <AnyTensor X>
std::vector<double> elements(const X& x) {
  const TensorView<const Element<X>> view = x;
  if (view.rank() == 0) return {static_cast<double>(*view.data())};
  std::vector<double> values;
  for (Index i = 0; i < view.extent(0); ++i) {
    for (double value : elements(view[i])) values.push_back(value);
  }
  return values;
}

/// Whether both have the same shape and their elements differ by at most `tolerance`.
template <AnyTensor X, AnyTensor Y>
testing::AssertionResult are_close(const X& x, const Y& y, double tolerance = 0) {
  if (x.shape() != y.shape()) {
    return testing::AssertionFailure() << to_string(x.shape()) << " and " << to_string(y.shape());
  }
  const auto a = elements(x);
  const auto b = elements(y);
  for (std::size_t i = 0; i < a.size(); ++i) {
    const bool is_close = std::abs(a[i] - b[i]) <= tolerance || a[i] == b[i] ||
                          (std::isnan(a[i]) && std::isnan(b[i]));
    if (!is_close) return testing::AssertionFailure() << i << ": " << a[i] << " and " << b[i];
  }
  return testing::AssertionSuccess();
}

template <class T>
Tensor<T> magnitudes(Tensor<T> x) {
  for (T& element : x) element = std::abs(element);
  return x;
}

/// The tolerance for sums in another order, relative to the sum of the terms' magnitudes.
template <class T>
constexpr double rounding = std::is_same_v<T, float> ? 1e-5 : 1e-12;

/// Whether each sum differs by at most `tolerance` times the sum of its terms' magnitudes.
template <class T>
testing::AssertionResult agree(const Tensor<T>& sums, const Tensor<T>& expected,
                               const Tensor<T>& of_magnitudes, double tolerance = rounding<T>) {
  if (sums.shape() != expected.shape()) return testing::AssertionFailure() << "other shapes";
  for (Index i = 0; i < sums.size(); ++i) {
    const double error = std::abs(static_cast<double>(sums.data()[i]) - expected.data()[i]);
    if (error <= tolerance * static_cast<double>(of_magnitudes.data()[i])) continue;
    return testing::AssertionFailure()
           << "entry " << i << ": " << sums.data()[i] << " and " << expected.data()[i];
  }
  return testing::AssertionSuccess();
}

inline double inner_product(const Tensor<double>& a, const Tensor<double>& b) {
  return (as_array(a) * as_array(b)).sum();
}

/// Uniform in [-1, 1).
template <class T>
Tensor<T> random_tensor(const Shape& shape, std::uint64_t seed = 1) {
  Rng rng(seed);
  Tensor<T> tensor(shape);
  for (T& element : tensor) element = static_cast<T>(rng.uniform(-1, 1));
  return tensor;
}

/// Expects that `compute` gives the same result, bit by bit, with 1, 2 and 3 threads.
template <class Compute>
void expect_same_for_any_thread_count(const Compute& compute) {
  const int before = thread_count();
  set_thread_count(1);
  const auto expected = compute();
  for (int threads : {2, 3}) {
    set_thread_count(threads);
    EXPECT_TRUE(are_close(compute(), expected)) << threads << " threads";
  }
  set_thread_count(before);
}

}  // namespace dlfs::test
