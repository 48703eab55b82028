#pragma once

#include <cmath>

#include "dlfs/core/rng.hpp"

namespace dlfs {

/// How many inputs feed one output of a layer, and how many outputs one input feeds.
struct Fans {
  Index in = 0;
  Index out = 0;
};

/// Fills a new weight tensor: callable with (weight, fans, rng).
template <class I, class T>
concept Initializer = requires(const I& initializer, Tensor<T>& weight, Fans fans, Rng& rng) {
  initializer(weight, fans, rng);
};

/// Normal with a fixed standard deviation. The book's early networks use 0.01 (section 4.5).
struct Normal {
  double deviation = 0.01;

  template <class T>
  void operator()(Tensor<T>& weight, Fans, Rng& rng) const {
    for (T& value : weight) value = static_cast<T>(deviation * rng.normal());
  }
};

/// Normal with variance 1 / fan_in, for sigmoid and tanh: section 6.2.2 of the book, after Glorot
/// and Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010).
struct Xavier {
  template <class T>
  void operator()(Tensor<T>& weight, Fans fans, Rng& rng) const {
    Normal{std::sqrt(1.0 / static_cast<double>(fans.in))}(weight, fans, rng);
  }
};

/// Normal with variance 2 / fan_in, for ReLU: section 6.2.3 of the book, after He et al., "Delving
/// deep into rectifiers" (2015).
struct He {
  template <class T>
  void operator()(Tensor<T>& weight, Fans fans, Rng& rng) const {
    Normal{std::sqrt(2.0 / static_cast<double>(fans.in))}(weight, fans, rng);
  }
};

}  // namespace dlfs
