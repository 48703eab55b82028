#pragma once

#include <algorithm>
#include <vector>

#include "common/gradient.hpp"
#include "common/layers.hpp"

namespace ch05 {

using common::Array;
using common::Arrays;
using dlfs::Index;
using dlfs::Labels;

/// The network of section 5.7.2: affine - relu - affine - (softmax). Book: ch05/two_layer_net.py.
///
///   x (N, in)   labels t (N)   W1 (in, hidden)   W2 (hidden, out)
class TwoLayerNet {
 public:
  TwoLayerNet(Index in, Index hidden, Index out, dlfs::Rng& rng, double weight_init_std = 0.01) {
    params["W1"] = dlfs::random_normal<double>({in, hidden}, rng, weight_init_std);
    params["b1"] = dlfs::zeros<double>({hidden});
    params["W2"] = dlfs::random_normal<double>({hidden, out}, rng, weight_init_std);
    params["b2"] = dlfs::zeros<double>({out});
  }
  TwoLayerNet(const TwoLayerNet&) = delete;  // its layers refer to its params
  TwoLayerNet& operator=(const TwoLayerNet&) = delete;

  /// The scores (N, out) before softmax.
  Array predict(const Array& x) {
    Array out = x;
    for (common::Layer* layer : layers_) out = layer->forward(out);
    return out;
  }

  double loss(const Array& x, const Labels& t) { return last_layer_.forward(predict(x), t); }

  double accuracy(const Array& x, const Labels& t) { return dlfs::accuracy(predict(x), t); }

  /// By central differences: two losses of the batch for each weight.
  Arrays numerical_gradient(const Array& x, const Labels& t) {
    const auto loss_W = [&](const Array&) { return loss(x, t); };
    Arrays grads;
    for (auto& [key, param] : params) grads[key] = common::numerical_gradient(loss_W, param);
    return grads;
  }

  /// By backpropagation: forward through all layers, then backward in reversed order.
  Arrays gradient(const Array& x, const Labels& t) {
    loss(x, t);

    Array dout = last_layer_.backward();
    auto layers = layers_;
    std::reverse(layers.begin(), layers.end());
    for (common::Layer* layer : layers) dout = layer->backward(dout);

    Arrays grads;
    grads["W1"] = affine1_.dW;
    grads["b1"] = affine1_.db;
    grads["W2"] = affine2_.dW;
    grads["b2"] = affine2_.db;
    return grads;
  }

  Arrays params;

 private:
  common::Affine affine1_{params["W1"], params["b1"]};
  common::Relu relu1_;
  common::Affine affine2_{params["W2"], params["b2"]};
  std::vector<common::Layer*> layers_{&affine1_, &relu1_, &affine2_};
  common::SoftmaxWithLoss last_layer_;
};

}  // namespace ch05
