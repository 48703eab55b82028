#pragma once

#include "ch04/losses.hpp"

namespace ch04 {

/// The smallest network of section 4.4.2: weights and softmax, no bias.
struct SimpleNet {
  dlfs::Tensor<double> W;  // (2, 3)

  /// x (N, 2) -> logits (N, 3)
  dlfs::Tensor<double> predict(const dlfs::Tensor<double>& x) const { return matmul(x, W); }

  double loss(const dlfs::Tensor<double>& x, const dlfs::Labels& labels) const {
    return cross_entropy_error(softmax(predict(x)), labels);
  }
};

}  // namespace ch04
