#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "common/layers.hpp"
#include "common/multi_layer_net.hpp"
#include "common/network.hpp"

// Book: common/multi_layer_net_extend.py.

namespace common {

struct MultiLayerNetExtendOptions {
  Index input_size = 784;
  std::vector<Index> hidden_size_list{};
  Index output_size = 10;
  std::string activation = "relu";                             // as in MultiLayerNetOptions
  std::variant<double, std::string> weight_init_std = "relu";  // also
  double weight_decay_lambda = 0;                              // factor of an L2 penalty
  bool use_dropout = false;
  double dropout_ration = 0.5;
  bool use_batchnorm = false;
};

/// affine - batch normalisation - activation - dropout for each hidden layer, then affine -
/// (softmax).
class MultiLayerNetExtend : public Network {
 public:
  MultiLayerNetExtend(const MultiLayerNetExtendOptions& options, Rng& rng)
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
      input_size = sizes[i];
      if (i + 1 == sizes.size()) break;

      if (options.use_batchnorm) {
        Array& gamma = params["gamma" + number];
        Array& beta = params["beta" + number];
        gamma = ones<double>({sizes[i]});
        beta = zeros<double>({sizes[i]});
        batch_norms_.push_back(std::make_shared<BatchNormalization>(gamma, beta));
        layers_.push_back(batch_norms_.back());
      }
      layers_.push_back(make_activation(options.activation));
      if (options.use_dropout) {
        layers_.push_back(std::make_shared<Dropout>(options.dropout_ration, rng));
      }
    }
  }

  Array predict(const Array& x, bool train_flg = false) override {
    Array out = x;
    for (const auto& layer : layers_) {
      layer->train_flg = train_flg;
      out = layer->forward(out);
    }
    return out;
  }

  double loss(const Array& x, const Labels& t, bool train_flg = false) override {
    double weight_decay = 0;
    for (const auto& [key, param] : params) {
      if (key[0] == 'W') weight_decay += 0.5 * weight_decay_lambda_ * sum(square(param));
    }
    return last_layer_.forward(predict(x, train_flg), t) + weight_decay;
  }

  Arrays gradient(const Array& x, const Labels& t) override {
    loss(x, t, true);

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
    for (std::size_t i = 0; i < batch_norms_.size(); ++i) {
      const std::string number = std::to_string(i + 1);
      grads["gamma" + number] = batch_norms_[i]->dgamma;
      grads["beta" + number] = batch_norms_[i]->dbeta;
    }
    return grads;
  }

 private:
  double weight_decay_lambda_;
  std::vector<std::shared_ptr<Layer>> layers_;  // in the order of forward
  std::vector<std::shared_ptr<Affine>> affines_;
  std::vector<std::shared_ptr<BatchNormalization>> batch_norms_;
  SoftmaxWithLoss last_layer_;
};

}  // namespace common
