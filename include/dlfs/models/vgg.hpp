#pragma once

#include <concepts>
#include <string>
#include <vector>

#include "dlfs/core/option.hpp"
#include "dlfs/net/sequential.hpp"
#include "dlfs/nn/initializers.hpp"
#include "dlfs/nn/layers/affine.hpp"
#include "dlfs/nn/layers/batch_normalization.hpp"
#include "dlfs/nn/layers/convolution.hpp"
#include "dlfs/nn/layers/dropout.hpp"
#include "dlfs/nn/layers/max_pooling.hpp"
#include "dlfs/nn/layers/relu.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Consecutive convolutions of 3x3, each with ReLU, and a pooling that halves the image.
struct VggBlock {
  Index convolutions = 2;  ///< how many follow one another
  Index filters = 64;      ///< channels of their outputs
};

/// Options of vgg.
struct VggOptions {
  Index channels = 1;                                            ///< channels of the input
  Index image = 28;                                              ///< height and width
  std::vector<VggBlock> blocks = {{2, 64}, {2, 128}, {3, 256}};  ///< each ends with a max pooling
  bool batch_normalization = false;                              ///< after each convolution
  std::vector<Index> hidden = {512, 512};  ///< units of each hidden affine layer
  double dropout = 0.5;                    ///< ratio after each hidden affine layer; 0 for none
  Index classes = 10;                      ///< numbers in a row of the output

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    Index smallest = 1;
    for (const VggBlock& block : blocks) {
      detail::expect_option("vgg", "blocks' convolutions", block.convolutions, detail::at_least(1));
      detail::expect_option("vgg", "blocks' filters", block.filters, detail::at_least(1));
      smallest = detail::checked_product("vgg", smallest, Index{2});  // pooling halves the image
    }
    detail::expect_option("vgg", "image", image, detail::at_least(static_cast<double>(smallest)));
    for (const Index units : hidden) {
      detail::expect_option("vgg", "hidden", units, detail::at_least(1));
    }
    detail::expect_option("vgg", "channels", channels, detail::at_least(1));
    detail::expect_option("vgg", "dropout", dropout, detail::half_open(0, 1));
    detail::expect_option("vgg", "classes", classes, detail::at_least(1));
  }
};

/// The blocks of VGG-16; its fully connected layers are those of VggOptions::hidden.
inline std::vector<VggBlock> vgg16_blocks() {
  return {{2, 64}, {2, 128}, {3, 256}, {3, 512}, {3, 512}};
}

/// A network of VGG blocks: deep and simple.
///
///   x (N, channels, image, image) -> logits (N, classes); layers conv1_1, relu1_1, conv1_2, ...,
///   pool1, conv2_1, ..., affine1, ...
///
/// Source: Simonyan and Zisserman, "Very deep convolutional networks for large-scale image
/// recognition" (2015); Saitoh, "Deep Learning from Scratch" vol. 1, section 8.2.2.
template <std::floating_point T>
Sequential<T> vgg(const VggOptions& options, Rng& rng) {
  options.check();
  Sequential<T> network;
  Index channels = options.channels;
  Index image = options.image;
  int block_number = 0;
  for (const VggBlock& block : options.blocks) {
    const std::string prefix = std::to_string(++block_number);
    for (Index i = 1; i <= block.convolutions; ++i) {
      const std::string suffix = str_cat(prefix, '_', i);
      network.add("conv" + suffix, Convolution<T>({.in = channels,
                                                   .filters = block.filters,
                                                   .padding = 1,
                                                   .bias = !options.batch_normalization},
                                                  He{}, rng));
      if (options.batch_normalization) {
        network.add("norm" + suffix, BatchNormalization<T>({.features = block.filters}));
      }
      network.add("relu" + suffix, Relu<T>());
      channels = block.filters;
    }
    network.add("pool" + prefix, MaxPooling<T>({.kernel = 2, .stride = 2}));
    image /= 2;
  }
  Index features = Shape{channels, image, image}.size();
  int number = 1;
  for (Index units : options.hidden) {
    const std::string suffix = std::to_string(number++);
    network.add("affine" + suffix, Affine<T>({.in = features, .out = units}, He{}, rng));
    network.add("relu" + suffix, Relu<T>());
    if (options.dropout > 0) {
      network.add("dropout" + suffix, Dropout<T>({.ratio = options.dropout}, rng));
    }
    features = units;
  }
  network.add("affine" + std::to_string(number),
              Affine<T>({.in = features, .out = options.classes}, He{}, rng));
  return network;
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
