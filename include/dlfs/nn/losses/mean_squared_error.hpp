#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <string_view>

#include "dlfs/core/pairwise.hpp"
#include "dlfs/nn/loss.hpp"
#include "dlfs/simd/kernels.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The loss of a regression: mean((y - t)^2) over all elements. The gradient is 2 (y - t) / size.
/// (Section 4.2.1 of the book uses half the sum of squares of one sample.)
template <std::floating_point T>
class MeanSquaredError {
 public:
  using Scalar = T;  ///< the element type
  /// Its name in checkpoints and messages.
  static constexpr std::string_view kind = "mean squared error";

  /// @throws ShapeError unless t is shaped like y, or if there are no elements.
  T forward(const Tensor<T>& y, const Tensor<T>& t) {
    if (y.shape() != t.shape()) {
      throw ShapeError("mean squared error: expected targets of shape ", y.shape(),
                       ", as the output, got ", t.shape());
    }
    if (y.empty()) {
      throw ShapeError("mean squared error: expected an output that is not empty, got shape ",
                       y.shape());
    }
    dy_.resize(y.shape());
    const T scale = static_cast<T>(2 / static_cast<double>(y.size()));
    const auto square_sum = [&](Index block) {
      const Index first = block * block_elements;
      const Index count = std::min(block_elements, y.size() - first);
      T* const dy = dy_.data() + first;
      T sum;
      simd::map([]<class V>(const V& a, const V& b, V& out) { out = a - b; }, count,
                y.data() + first, t.data() + first, dy);
      simd::add_up_columns(
          []<class V>(const V& d, V& squares) { simd::multiply_add(d, d, squares, squares); }, 1,
          count, std::array{&sum}, simd::Operand<T>{dy});
      simd::map([scale]<class V>(V& d) { d *= scale; }, count, dy);
      return static_cast<double>(sum);
    };
    const Index blocks = (y.size() + block_elements - 1) / block_elements;
    const auto sum = detail::sum_pairwise<double>(0, blocks, square_sum);
    return static_cast<T>(sum / static_cast<double>(y.size()));
  }

  /// The gradient with respect to the output, valid until the next `forward`.
  const Tensor<T>& backward() const& { return dy_; }
  const Tensor<T>& backward() const&& = delete;

 private:
  static constexpr Index block_elements = 4096;  // fit in the first-level cache

  Tensor<T> dy_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
