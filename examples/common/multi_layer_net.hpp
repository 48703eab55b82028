#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "common/layers.hpp"
#include "common/network.hpp"

// Book: common/multi_layer_net.py.

namespace common {

struct MultiLayerNetOptions {
  Index input_size = 784;
  std::vector<Index> hidden_size_list{};
  Index output_size = 10;
  std::string activation = "relu";  // or "sigmoid"
  /// A standard deviation; or "relu" or "he" for He's, "sigmoid" or "xavier" for Xavier's.
  std::variant<double, std::string> weight_init_std = "relu";
  double weight_decay_lambda = 0;  // factor of an L2 penalty
};

inline double initial_scale(const std::variant<double, std::string>& weight_init_std,
                            Index input_size) {
  if (const double* scale = std::get_if<double>(&weight_init_std)) return *scale;
  const auto& name = std::get<std::string>(weight_init_std);
  const auto n = static_cast<double>(input_size);
  if (name == "relu" || name == "he") return std::sqrt(2 / n);
  if (name == "sigmoid" || name == "xavier") return std::sqrt(1 / n);
  throw ValueError("weight_init_std: expected relu, he, sigmoid or xavier, got ", name);
}

inline std::shared_ptr<Layer> make_activation(const std::string& name) {
  if (name == "relu") return std::make_shared<Relu>();
  if (name == "sigmoid") return std::make_shared<Sigmoid>();
  throw ValueError("activation: expected relu or sigmoid, got ", name);
}

/// affine - activation for each hidden layer, then affine - (softmax).
class MultiLayerNet : public Network {
 public:
  MultiLayerNet(const MultiLayerNetOptions& options, Rng& rng)
      : weight_decay_lambda_(options.weight_decay_lambda) {
    std::vector<Index> sizes = options.hidden_size_list;
    sizes.push_back(options.output_size);
    Index input_size = options.input_size;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      const std::string number = std::to_string(i + 1);
      Array& W = params["W" + number];
      Array& b = params["b" + number];
      const double scale = initial_scale(options.weight_init_std, input_size);
      W = random_normal<double>({input_size, sizes[i]}, rng, scale);
      b = zeros<double>({sizes[i]});
      affines_.push_back(std::make_shared<Affine>(W, b));
      layers_.push_back(affines_.back());
      if (i + 1 < sizes.size()) layers_.push_back(make_activation(options.activation));
      input_size = sizes[i];
    }
  }

  Array predict(const Array& x, bool /*train_flg*/ = false) override {
    Array out = x;
    for (const auto& layer : layers_) out = layer->forward(out);
    return out;
  }

  double loss(const Array& x, const Labels& t, bool /*train_flg*/ = false) override {
    double weight_decay = 0;
    for (const auto& [key, param] : params) {
      if (key[0] == 'W') weight_decay += 0.5 * weight_decay_lambda_ * sum(square(param));
    }
    return last_layer_.forward(predict(x), t) + weight_decay;
  }

  Arrays gradient(const Array& x, const Labels& t) override {
    loss(x, t);

    Array dout = last_layer_.backward();
    auto layers = layers_;
    std::reverse(layers.begin(), layers.end());
    for (const auto& layer : layers) dout = layer->backward(dout);

    Arrays grads;
    for (std::size_t i = 0; i < affines_.size(); ++i) {
      const std::string number = std::to_string(i + 1);
      grads["W" + number] = affines_[i]->dW + weight_decay_lambda_ * params["W" + number];
      grads["b" + number] = affines_[i]->db;
    }
    return grads;
  }

 private:
  double weight_decay_lambda_;
  std::vector<std::shared_ptr<Layer>> layers_;  // in the order of forward
  std::vector<std::shared_ptr<Affine>> affines_;
  SoftmaxWithLoss last_layer_;
};

}  // namespace common
