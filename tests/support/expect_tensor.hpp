#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/core/tensor.hpp"

namespace dlfs::test {

template <class T>
std::vector<T> values(const Tensor<T>& x) {
  return std::vector<T>(x.begin(), x.end());
}

/// Expects the same shape, and entries that differ by at most `tolerance` times the largest of
/// `expected`.
template <class T>
void expect_close(const Tensor<T>& actual, const Tensor<T>& expected, double tolerance) {
  ASSERT_EQ(to_string(actual.shape()), to_string(expected.shape()));
  double largest = 0;
  for (T value : expected) largest = std::max(largest, std::abs(static_cast<double>(value)));
  for (Index i = 0; i < actual.size(); ++i) {
    ASSERT_NEAR(actual.data()[i], expected.data()[i], tolerance * largest) << "entry " << i;
  }
}

/// Expects the same shape and the same entries.
template <class T>
void expect_equal(const Tensor<T>& actual, const Tensor<T>& expected) {
  EXPECT_EQ(to_string(actual.shape()), to_string(expected.shape()));
  EXPECT_EQ(values(actual), values(expected));
}

}  // namespace dlfs::test
