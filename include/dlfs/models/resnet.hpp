#pragma once

#include <concepts>
#include <string>
#include <vector>

#include "dlfs/core/option.hpp"
#include "dlfs/net/residual.hpp"
#include "dlfs/net/sequential.hpp"
#include "dlfs/nn/initializers.hpp"
#include "dlfs/nn/layers/affine.hpp"
#include "dlfs/nn/layers/average_pooling.hpp"
#include "dlfs/nn/layers/batch_normalization.hpp"
#include "dlfs/nn/layers/convolution.hpp"
#include "dlfs/nn/layers/global_average_pooling.hpp"
#include "dlfs/nn/layers/pad_channels.hpp"
#include "dlfs/nn/layers/relu.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of resnet.
struct ResNetOptions {
  Index channels = 1;                         ///< channels of the input
  std::vector<Index> filters = {16, 32, 64};  ///< of each stage; the image is halved between them
  Index blocks = 3;                           ///< in each stage; a block has two convolutions
  Index classes = 10;                         ///< numbers in a row of the output

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    if (filters.empty()) throw ValueError("resnet: expected at least one stage");
    for (const Index count : filters) {
      detail::expect_option("resnet", "filters", count, detail::at_least(1));
    }
    detail::expect_option("resnet", "channels", channels, detail::at_least(1));
    detail::expect_option("resnet", "blocks", blocks, detail::at_least(1));
    detail::expect_option("resnet", "classes", classes, detail::at_least(1));
  }
};

/// Two convolutions of 3x3, each with batch normalisation, and a shortcut around them. Where the
/// image size or the channels change, the shortcut skips pixels and adds channels of zeros. ReLU
/// follows the sum.
///
///   x (N, in, H, W) -> y (N, filters, H / stride, W / stride), rounded up
template <std::floating_point T>
Residual<T> residual_block(Index in, Index filters, Index stride, Rng& rng) {
  const auto convolution = [&rng](Index from, Index to, Index step) {
    return Convolution<T>({.in = from, .filters = to, .stride = step, .padding = 1, .bias = false},
                          He{}, rng);
  };
  Sequential<T> body{{"conv1", convolution(in, filters, stride)},
                     {"norm1", BatchNormalization<T>({.features = filters})},
                     {"relu", Relu<T>()},
                     {"conv2", convolution(filters, filters, 1)},
                     {"norm2", BatchNormalization<T>({.features = filters})}};
  if (in == filters && stride == 1) return Residual<T>(std::move(body));
  Sequential<T> shortcut{{"skip", AveragePooling<T>({.kernel = 1, .stride = stride})},
                         {"pad", PadChannels<T>({.channels = filters})}};
  return Residual<T>(std::move(body), std::move(shortcut));
}

/// A residual network for small images with 2 * stages * blocks + 2 layers. The default is
/// ResNet-20; 9 blocks in each stage make ResNet-56.
///
///   x (N, channels, H, W) -> logits (N, classes), for images of 28x28, 32x32 or any other size;
///   layers conv, norm, relu, block1_1, relu1_1, ..., pool, affine
///
/// Source: He, Zhang, Ren, Sun, "Deep residual learning for image recognition" (2016), section 4.2;
/// Saitoh, "Deep Learning from Scratch" vol. 1, section 8.2.4.
template <std::floating_point T>
Sequential<T> resnet(const ResNetOptions& options, Rng& rng) {
  options.check();
  Index channels = options.filters.front();
  Sequential<T> network{
      {"conv",
       Convolution<T>({.in = options.channels, .filters = channels, .padding = 1, .bias = false},
                      He{}, rng)},
      {"norm", BatchNormalization<T>({.features = channels})},
      {"relu", Relu<T>()}};
  int stage = 0;
  for (Index filters : options.filters) {
    ++stage;
    for (Index block = 1; block <= options.blocks; ++block) {
      const std::string suffix = str_cat(stage, '_', block);
      const Index stride = stage > 1 && block == 1 ? 2 : 1;
      network.add("block" + suffix, residual_block<T>(channels, filters, stride, rng));
      network.add("relu" + suffix, Relu<T>());
      channels = filters;
    }
  }
  network.add("pool", GlobalAveragePooling<T>());
  network.add("affine", Affine<T>({.in = channels, .out = options.classes}, He{}, rng));
  return network;
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
