#pragma once

#include "common/functions.hpp"

namespace ch04 {

/// The smallest network of section 4.4.2: weights and softmax, no bias.
struct SimpleNet {
  dlfs::Tensor<double> W;  // (2, 3)

  /// x (N, 2) -> logits (N, 3)
  dlfs::Tensor<double> predict(const dlfs::Tensor<double>& x) const { return matmul(x, W); }

  double loss(const dlfs::Tensor<double>& x, const dlfs::Labels& labels) const {
    return common::cross_entropy_error(common::softmax(predict(x)), labels);
  }
};

}  // namespace ch04
