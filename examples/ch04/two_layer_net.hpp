#pragma once

#include "common/functions.hpp"
#include "common/gradient.hpp"

namespace ch04 {

using common::Array;
using common::Arrays;

/// The network of section 4.5: affine - sigmoid - affine - softmax.
/// Book: ch04/two_layer_net.py.
///
///   x (N, in)   labels t (N)   y (N, out)   W1 (in, hidden)   W2 (hidden, out)
struct TwoLayerNet {
  Arrays params;

  TwoLayerNet(dlfs::Index in, dlfs::Index hidden, dlfs::Index out, dlfs::Rng& rng,
              double weight_init_std = 0.01) {
    params["W1"] = dlfs::random_normal<double>({in, hidden}, rng, weight_init_std);
    params["b1"] = dlfs::zeros<double>({hidden});
    params["W2"] = dlfs::random_normal<double>({hidden, out}, rng, weight_init_std);
    params["b2"] = dlfs::zeros<double>({out});
  }

  Array predict(const Array& x) const {
    const Array z1 = common::sigmoid(matmul(x, params.at("W1")) + params.at("b1"));
    return common::softmax(matmul(z1, params.at("W2")) + params.at("b2"));
  }

  double loss(const Array& x, const dlfs::Labels& t) const {
    return common::cross_entropy_error(predict(x), t);
  }

  double accuracy(const Array& x, const dlfs::Labels& t) const {
    return dlfs::accuracy(predict(x), t);
  }

  /// By central differences: two losses of the batch for each weight.
  Arrays numerical_gradient(const Array& x, const dlfs::Labels& t) {
    const auto loss_W = [&](const Array&) { return loss(x, t); };
    Arrays grads;
    for (auto& [key, param] : params) grads[key] = common::numerical_gradient(loss_W, param);
    return grads;
  }

  /// By backpropagation, which chapter 5 explains. It costs as much as three forward passes.
  Arrays gradient(const Array& x, const dlfs::Labels& t) const {
    const Array z1 = common::sigmoid(matmul(x, params.at("W1")) + params.at("b1"));
    const Array y = common::softmax(matmul(z1, params.at("W2")) + params.at("b2"));

    Array dy = y;  // (y - one_hot(t)) / N
    for (dlfs::Index n = 0; n < t.size(); ++n) dy(n, t(n)) -= 1;
    dy /= static_cast<double>(t.size());
    const Array dz1 = matmul(dy, params.at("W2").transpose());
    const Array da1 = dz1 * z1 * (1 - z1);
    Arrays grads;
    grads["W1"] = matmul(x.transpose(), da1);
    grads["b1"] = sum(da1, 0);
    grads["W2"] = matmul(z1.transpose(), dy);
    grads["b2"] = sum(dy, 0);
    return grads;
  }
};

}  // namespace ch04
