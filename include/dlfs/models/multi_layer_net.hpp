#pragma once

#include <concepts>
#include <string>
#include <vector>

#include "dlfs/core/option.hpp"
#include "dlfs/net/sequential.hpp"
#include "dlfs/nn/initializers.hpp"
#include "dlfs/nn/layers/affine.hpp"
#include "dlfs/nn/layers/batch_normalization.hpp"
#include "dlfs/nn/layers/dropout.hpp"
#include "dlfs/nn/layers/relu.hpp"
#include "dlfs/nn/layers/sigmoid.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of multi_layer_net.
struct MultiLayerNetOptions {
  /// What follows each hidden affine layer.
  enum class Activation { relu, sigmoid };

  Index in = 784;                                         ///< numbers in a sample
  std::vector<Index> hidden = {100, 100, 100, 100, 100};  ///< units of each hidden layer
  Index out = 10;                                         ///< numbers in a row of the output
  Activation activation = Activation::relu;               ///< behind each hidden affine layer
  bool batch_normalization = false;                       ///< after each hidden affine layer
  double dropout = 0;  ///< ratio after each activation; 0 for none
  /// When the numbers that dropout keeps are scaled.
  DropoutScaling dropout_scaling = DropoutScaling::in_training;

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    for (const Index units : hidden) {
      detail::expect_option("multi_layer_net", "hidden", units, detail::at_least(1));
    }
    detail::expect_option("multi_layer_net", "in", in, detail::at_least(1));
    detail::expect_option("multi_layer_net", "out", out, detail::at_least(1));
    detail::expect_option("multi_layer_net", "dropout", dropout, detail::half_open(0, 1));
  }
};

/// A fully connected network of any depth: affine, batch normalisation, activation and dropout for
/// each hidden layer, then an affine layer for the logits.
///
///   x (N, in) -> logits (N, out); layers affine1, batch_norm1, activation1, dropout1, affine2...
///
/// Source: Saitoh, "Deep Learning from Scratch" vol. 1, chapter 6: MultiLayerNet and
/// MultiLayerNetExtend of its common/.
template <std::floating_point T>
Sequential<T> multi_layer_net(const MultiLayerNetOptions& options,
                              const Initializer<T> auto& initializer, Rng& rng) {
  options.check();
  Sequential<T> network;
  Index in = options.in;
  int number = 1;
  for (Index units : options.hidden) {
    const std::string suffix = std::to_string(number++);
    network.add("affine" + suffix, Affine<T>({.in = in, .out = units}, initializer, rng));
    if (options.batch_normalization) {
      network.add("batch_norm" + suffix,
                  BatchNormalization<T>({.features = units,  // as in the book
                                         .epsilon = 1e-6,
                                         .unbiased_running_variance = false}));
    }
    if (options.activation == MultiLayerNetOptions::Activation::relu) {
      network.add("activation" + suffix, Relu<T>());
    } else {
      network.add("activation" + suffix, Sigmoid<T>());
    }
    if (options.dropout > 0) {
      network.add("dropout" + suffix,
                  Dropout<T>({.ratio = options.dropout, .scaling = options.dropout_scaling}, rng));
    }
    in = units;
  }
  network.add("affine" + std::to_string(number),
              Affine<T>({.in = in, .out = options.out}, initializer, rng));
  return network;
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
