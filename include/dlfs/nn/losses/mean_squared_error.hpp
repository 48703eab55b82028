#pragma once

#include <concepts>
#include <string_view>

#include "dlfs/core/eigen.hpp"
#include "dlfs/nn/loss.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The loss of a regression: mean((y - t)^2) over all elements; its gradient is 2 (y - t) / size.
/// (Section 4.2.1 of the book has the sum of squares of one sample, halved.)
template <std::floating_point T>
class MeanSquaredError {
 public:
  using Scalar = T;
  static constexpr std::string_view kind = "mean squared error";

  /// @throws ShapeError unless t is shaped like y, or if there are no elements to take a mean of.
  T forward(const Tensor<T>& y, const Tensor<T>& t) {
    if (y.shape() != t.shape()) {
      throw ShapeError("mean squared error: expected targets of shape ", y.shape(),
                       ", as the output, got ", t.shape());
    }
    if (y.empty()) {
      throw ShapeError("mean squared error: expected an output that is not empty, got shape ",
                       y.shape());
    }
    const T per_element = T(1) / static_cast<T>(y.size());
    dy_.resize(y.shape());
    auto dy = as_array(dy_);
    dy = as_array(y) - as_array(t);
    const T loss = dy.square().sum() * per_element;
    dy *= 2 * per_element;
    return loss;
  }

  const Tensor<T>& backward() const { return dy_; }

 private:
  Tensor<T> dy_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
