#pragma once

#include <algorithm>
#include <vector>

#include "common/layers.hpp"
#include "common/network.hpp"

namespace ch07 {

using common::Array;
using common::Arrays;
using dlfs::Index;
using dlfs::Labels;

struct ByHandOptions {
  Index channels = 1;
  Index image = 28;  // height and width
  Index filter_num = 30;
  Index filter_size = 5;
  Index pad = 0;
  Index stride = 1;
  Index hidden_size = 100;
  Index output_size = 10;
  double weight_init_std = 0.01;
};

/// The network of section 7.5 by hand: conv - relu - pool - affine - relu - affine - (softmax).
/// Book: ch07/simple_convnet.py.
class SimpleConvNet : public common::Network {
 public:
  SimpleConvNet(const ByHandOptions& options, dlfs::Rng& rng)
      : conv1_(params["W1"], params["b1"], options.stride, options.pad) {
    const auto random = [&](const dlfs::Shape& shape) {
      return dlfs::random_normal<double>(shape, rng, options.weight_init_std);
    };
    const Index size = options.filter_size;
    const Index conv_output =
        common::conv_output_size(options.image, size, options.stride, options.pad);
    const Index pool_output = options.filter_num * (conv_output / 2) * (conv_output / 2);
    params["W1"] = random({options.filter_num, options.channels, size, size});
    params["b1"] = dlfs::zeros<double>({options.filter_num});
    params["W2"] = random({pool_output, options.hidden_size});
    params["b2"] = dlfs::zeros<double>({options.hidden_size});
    params["W3"] = random({options.hidden_size, options.output_size});
    params["b3"] = dlfs::zeros<double>({options.output_size});
  }

  Array predict(const Array& x, bool /*train_flg*/ = false) override {
    Array out = x;
    for (common::Layer* layer : layers_) out = layer->forward(out);
    return out;
  }

  double loss(const Array& x, const Labels& t, bool /*train_flg*/ = false) override {
    return last_layer_.forward(predict(x), t);
  }

  Arrays gradient(const Array& x, const Labels& t) override {
    loss(x, t);

    Array dout = last_layer_.backward();
    auto layers = layers_;
    std::reverse(layers.begin(), layers.end());
    for (common::Layer* layer : layers) dout = layer->backward(dout);

    return {{"W1", conv1_.dW},   {"b1", conv1_.db},    //
            {"W2", affine1_.dW}, {"b2", affine1_.db},  //
            {"W3", affine2_.dW}, {"b3", affine2_.db}};
  }

 private:
  common::Convolution conv1_;
  common::Relu relu1_;
  common::Pooling pool1_{2, 2, 2};
  common::Affine affine1_{params["W2"], params["b2"]};
  common::Relu relu2_;
  common::Affine affine2_{params["W3"], params["b3"]};
  std::vector<common::Layer*> layers_{&conv1_, &relu1_, &pool1_, &affine1_, &relu2_, &affine2_};
  common::SoftmaxWithLoss last_layer_;
};

}  // namespace ch07
