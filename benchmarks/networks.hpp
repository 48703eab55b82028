#pragma once

// The four networks of the book that whole steps are measured with, on random images.

#include <string_view>

#include "ch07/simple_convnet.hpp"
#include "ch08/deep_convnet.hpp"
#include <dlfs/dlfs.hpp>

namespace dlfs::bench {

/// 784-100-10, trained by SGD: sections 4.5 and 5.7.
struct TwoLayerNet {
  static constexpr std::string_view name = "TwoLayerNet";
  static auto optimizer() { return Sgd<float>({.learning_rate = 0.1}); }
  static Sequential<float> make(Rng& rng) {
    return multi_layer_net<float>({.hidden = {100}}, He{}, rng);
  }
};

/// 784-100-100-100-100-10 with batch normalisation, trained by SGD: section 6.3.
struct BatchNormNet {
  static constexpr std::string_view name = "BatchNormNet";
  static auto optimizer() { return Sgd<float>({.learning_rate = 0.1}); }
  static Sequential<float> make(Rng& rng) {
    return multi_layer_net<float>({.hidden = {100, 100, 100, 100}, .batch_normalization = true},
                                  He{}, rng);
  }
};

/// Section 7.5.
struct SimpleConvNet {
  static constexpr std::string_view name = "SimpleConvNet";
  static auto optimizer() { return Adam<float>(); }
  static Sequential<float> make(Rng& rng) { return simple_convnet<float>(rng); }
};

/// Section 8.1.
struct DeepConvNet {
  static constexpr std::string_view name = "DeepConvNet";
  static auto optimizer() { return Adam<float>(); }
  static Sequential<float> make(Rng& rng) { return deep_convnet<float>(rng); }
};

inline Dataset<float> random_batch(Index samples) {
  Rng rng(1);
  Dataset<float> data{random_uniform<float>({samples, 1, 28, 28}, rng), Labels({samples})};
  for (std::int32_t& label : data.targets) label = static_cast<std::int32_t>(rng.below(10));
  return data;
}

}  // namespace dlfs::bench
