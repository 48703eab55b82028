#pragma once

#include <concepts>

#include "dlfs/core/option.hpp"
#include "dlfs/net/sequential.hpp"
#include "dlfs/nn/initializers.hpp"
#include "dlfs/nn/layers/affine.hpp"
#include "dlfs/nn/layers/average_pooling.hpp"
#include "dlfs/nn/layers/convolution.hpp"
#include "dlfs/nn/layers/tanh.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of lenet5.
struct LeNet5Options {
  Index channels = 1;  ///< channels of the input
  Index image = 28;    ///< height and width, at least 12
  Index classes = 10;  ///< numbers in a row of the output

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("lenet5", "channels", channels, detail::at_least(1));
    detail::expect_option("lenet5", "image", image, detail::at_least(12));
    detail::expect_option("lenet5", "classes", classes, detail::at_least(1));
  }
};

/// LeNet-5, which read handwritten digits on cheques; 61,706 parameters for images of 28x28.
///
///   x (N, channels, image, image) -> logits (N, classes)
///
/// In today's form: the second convolution sees all six channels, pooling has no weights, and an
/// affine layer replaces the radial basis functions.
/// Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document
/// recognition" (1998); Saitoh, "Deep Learning from Scratch" vol. 1, section 7.7.1.
template <std::floating_point T>
Sequential<T> lenet5(const LeNet5Options& options, Rng& rng) {
  options.check();
  const Xavier xavier{};
  const Index pooled = (options.image / 2 - 4) / 2;
  return {
      {"conv1", Convolution<T>({.in = options.channels, .filters = 6, .kernel = 5, .padding = 2},
                               xavier, rng)},
      {"tanh1", Tanh<T>()},
      {"pool1", AveragePooling<T>({.kernel = 2, .stride = 2})},
      {"conv2", Convolution<T>({.in = 6, .filters = 16, .kernel = 5}, xavier, rng)},
      {"tanh2", Tanh<T>()},
      {"pool2", AveragePooling<T>({.kernel = 2, .stride = 2})},
      {"affine1", Affine<T>({.in = Shape{16, pooled, pooled}.size(), .out = 120}, xavier, rng)},
      {"tanh3", Tanh<T>()},
      {"affine2", Affine<T>({.in = 120, .out = 84}, xavier, rng)},
      {"tanh4", Tanh<T>()},
      {"affine3", Affine<T>({.in = 84, .out = options.classes}, xavier, rng)}};
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
