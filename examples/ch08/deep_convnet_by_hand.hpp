#pragma once

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "common/layers.hpp"
#include "common/network.hpp"

namespace ch08 {

using common::Array;
using common::Arrays;
using dlfs::Index;
using dlfs::Labels;

/// The network of section 8.1.1 by hand: three times conv - relu - conv - relu - pool, then affine
/// - relu - dropout - affine - dropout - (softmax). Book: ch08/deep_convnet.py.
///
///   x (N, 1, 28, 28) -> scores (N, 10)
class DeepConvNet : public common::Network {
 public:
  explicit DeepConvNet(dlfs::Rng& rng, double dropout_ratio = 0.5, Index hidden_size = 50) {
    const auto convolution = [&](Index filters, Index channels, Index pad) {
      const auto [W, b] = add_params({filters, channels, 3, 3}, channels * 3 * 3, filters, rng);
      return weighted_.emplace_back(std::make_shared<common::Convolution>(*W, *b, 1, pad));
    };
    const auto affine = [&](Index in, Index out) {
      const auto [W, b] = add_params({in, out}, in, out, rng);
      return weighted_.emplace_back(std::make_shared<common::Affine>(*W, *b));
    };
    const auto relu = [] { return std::make_shared<common::Relu>(); };
    const auto pooling = [] { return std::make_shared<common::Pooling>(2, 2, 2); };
    const auto dropout = [&] { return std::make_shared<common::Dropout>(dropout_ratio, rng); };
    const auto add = [&](std::initializer_list<std::shared_ptr<common::Layer>> layers) {
      layers_.insert(layers_.end(), layers);
    };
    add({convolution(16, 1, 1), relu(), convolution(16, 16, 1), relu(), pooling()});
    add({convolution(32, 16, 1), relu(), convolution(32, 32, 2), relu(), pooling()});
    add({convolution(64, 32, 1), relu(), convolution(64, 64, 1), relu(), pooling()});
    add({affine(64 * 4 * 4, hidden_size), relu(), dropout()});
    add({affine(hidden_size, 10), dropout()});
  }

  Array predict(const Array& x, bool train_flg = false) override {
    Array out = x;
    for (const auto& layer : layers_) {
      layer->train_flg = train_flg;
      out = layer->forward(out);
    }
    return out;
  }

  /// As in the book, always with dropout.
  double loss(const Array& x, const Labels& t, bool /*train_flg*/ = true) override {
    return last_layer_.forward(predict(x, true), t);
  }

  Arrays gradient(const Array& x, const Labels& t) override {
    loss(x, t);

    Array dout = last_layer_.backward();
    auto layers = layers_;
    std::reverse(layers.begin(), layers.end());
    for (const auto& layer : layers) dout = layer->backward(dout);

    Arrays grads;
    for (std::size_t i = 0; i < weighted_.size(); ++i) {
      grads["W" + std::to_string(i + 1)] = weighted_[i]->dW;
      grads["b" + std::to_string(i + 1)] = weighted_[i]->db;
    }
    return grads;
  }

 private:
  struct WeightAndBias {
    Array* W;
    Array* b;
  };

  /// He's weights for outputs that each depend on `fan_in` inputs.
  WeightAndBias add_params(const dlfs::Shape& shape, Index fan_in, Index outputs, dlfs::Rng& rng) {
    const std::string number = std::to_string(weighted_.size() + 1);
    Array& W = params["W" + number];
    Array& b = params["b" + number];
    W = dlfs::random_normal<double>(shape, rng, std::sqrt(2.0 / static_cast<double>(fan_in)));
    b = dlfs::zeros<double>({outputs});
    return {&W, &b};
  }

  std::vector<std::shared_ptr<common::Layer>> layers_;               // in the order of forward
  std::vector<std::shared_ptr<common::LayerWithWeights>> weighted_;  // those that learn
  common::SoftmaxWithLoss last_layer_;
};

}  // namespace ch08
