#pragma once

#include <array>
#include <concepts>
#include <string>

#include "dlfs/core/option.hpp"
#include "dlfs/net/sequential.hpp"
#include "dlfs/nn/initializers.hpp"
#include "dlfs/nn/layers/affine.hpp"
#include "dlfs/nn/layers/convolution.hpp"
#include "dlfs/nn/layers/dropout.hpp"
#include "dlfs/nn/layers/max_pooling.hpp"
#include "dlfs/nn/layers/relu.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of alexnet.
struct AlexNetOptions {
  Index channels = 1;                                       ///< channels of the input
  Index image = 28;                                         ///< height and width, at least 15
  std::array<Index, 5> filters = {96, 256, 384, 384, 256};  ///< multiples of 2, except the first
  Index hidden = 4096;                                      ///< units of the two affine layers
  Index classes = 10;                                       ///< numbers in a row of the output

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    for (const Index count : filters) {
      detail::expect_option("alexnet", "filters", count, detail::at_least(1));
    }
    detail::expect_option("alexnet", "channels", channels, detail::at_least(1));
    detail::expect_option("alexnet", "image", image, detail::at_least(15));
    detail::expect_option("alexnet", "hidden", hidden, detail::at_least(1));
    detail::expect_option("alexnet", "classes", classes, detail::at_least(1));
  }
};

/// AlexNet for small images: five convolutions, of which the second, fourth and fifth have two
/// groups, overlapping pooling and dropout. The first convolution has windows of 5x5 with stride 1;
/// the original's 11x11 with stride 4 are for the large photographs of ImageNet. There is no local
/// response normalisation.
///
///   x (N, channels, image, image) -> logits (N, classes)
///
/// Source: Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural
/// networks" (2012); Saitoh, "Deep Learning from Scratch" vol. 1, section 7.7.2.
template <std::floating_point T>
Sequential<T> alexnet(const AlexNetOptions& options, Rng& rng) {
  options.check();
  Sequential<T> network;
  Index channels = options.channels;
  Index image = options.image;
  const auto add_convolution = [&](int number, Index kernel, Index groups) {
    const std::string suffix = std::to_string(number);
    const Index filters = options.filters[static_cast<std::size_t>(number) - 1];
    network.add("conv" + suffix, Convolution<T>({.in = channels,
                                                 .filters = filters,
                                                 .kernel = kernel,
                                                 .padding = kernel / 2,
                                                 .groups = groups},
                                                He{}, rng));
    network.add("relu" + suffix, Relu<T>());
    channels = filters;
  };
  const auto add_pooling = [&](const std::string& name) {
    network.add(name, MaxPooling<T>({.kernel = 3, .stride = 2}));
    image = (image - 3) / 2 + 1;
  };
  const auto add_affine = [&](int number, Index in, Index out) {
    network.add("affine" + std::to_string(number), Affine<T>({.in = in, .out = out}, He{}, rng));
  };
  add_convolution(1, 5, 1);
  add_pooling("pool1");
  add_convolution(2, 5, 2);
  add_pooling("pool2");
  add_convolution(3, 3, 1);
  add_convolution(4, 3, 2);
  add_convolution(5, 3, 2);
  add_pooling("pool3");
  network.add("dropout1", Dropout<T>({.ratio = 0.5}, rng));
  add_affine(1, Shape{channels, image, image}.size(), options.hidden);
  network.add("relu6", Relu<T>());
  network.add("dropout2", Dropout<T>({.ratio = 0.5}, rng));
  add_affine(2, options.hidden, options.hidden);
  network.add("relu7", Relu<T>());
  add_affine(3, options.hidden, options.classes);
  return network;
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
