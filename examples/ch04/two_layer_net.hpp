#pragma once

#include "ch03/activations.hpp"
#include "ch04/losses.hpp"

namespace ch04 {

/// The parameters of a TwoLayerNet. Its gradient has the same members.
struct Weights {
  dlfs::Tensor<double> W1, b1, W2, b2;
};

/// The network of section 4.5: affine - sigmoid - affine - softmax.
/// Book: ch04/two_layer_net.py.
///
///   x (N, in)   labels (N)   y (N, out)   W1 (in, hidden)   W2 (hidden, out)
struct TwoLayerNet {
  Weights weights;

  TwoLayerNet(dlfs::Index in, dlfs::Index hidden, dlfs::Index out, dlfs::Rng& rng)
      : weights{.W1 = dlfs::random_normal<double>({in, hidden}, rng, 0.01),
                .b1 = dlfs::zeros<double>({hidden}),
                .W2 = dlfs::random_normal<double>({hidden, out}, rng, 0.01),
                .b2 = dlfs::zeros<double>({out})} {}

  dlfs::Tensor<double> predict(const dlfs::Tensor<double>& x) const {
    const auto& [W1, b1, W2, b2] = weights;
    const auto z1 = ch03::sigmoid(matmul(x, W1) + b1);
    return softmax(matmul(z1, W2) + b2);
  }

  double loss(const dlfs::Tensor<double>& x, const dlfs::Labels& labels) const {
    return cross_entropy_error(predict(x), labels);
  }

  double accuracy(const dlfs::Tensor<double>& x, const dlfs::Labels& labels) const {
    return dlfs::accuracy(predict(x), labels);
  }

  /// By central differences: two losses of the batch for each weight.
  Weights numerical_gradient(const dlfs::Tensor<double>& x, const dlfs::Labels& labels) {
    const auto loss_W = [&](const dlfs::Tensor<double>&) { return loss(x, labels); };
    return {.W1 = dlfs::numerical_gradient(loss_W, weights.W1),
            .b1 = dlfs::numerical_gradient(loss_W, weights.b1),
            .W2 = dlfs::numerical_gradient(loss_W, weights.W2),
            .b2 = dlfs::numerical_gradient(loss_W, weights.b2)};
  }

  /// By backpropagation, which chapter 5 explains. It costs as much as three forward passes.
  Weights gradient(const dlfs::Tensor<double>& x, const dlfs::Labels& labels) const {
    const auto& [W1, b1, W2, b2] = weights;
    const auto z1 = ch03::sigmoid(matmul(x, W1) + b1);
    const auto y = softmax(matmul(z1, W2) + b2);

    auto dy = y;  // (y - one_hot(labels)) / N
    for (dlfs::Index n = 0; n < labels.size(); ++n) dy(n, labels(n)) -= 1;
    dy /= static_cast<double>(labels.size());
    const auto dz1 = matmul(dy, W2.transpose());
    const auto da1 = dz1 * z1 * (1 - z1);
    return {.W1 = matmul(x.transpose(), da1),
            .b1 = sum(da1, 0),
            .W2 = matmul(z1.transpose(), dy),
            .b2 = sum(dy, 0)};
  }

  void descend(const Weights& gradient, double rate) {
    weights.W1 -= rate * gradient.W1;
    weights.b1 -= rate * gradient.b1;
    weights.W2 -= rate * gradient.W2;
    weights.b2 -= rate * gradient.b2;
  }
};

}  // namespace ch04
