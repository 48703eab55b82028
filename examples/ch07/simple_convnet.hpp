#pragma once

#include <dlfs/dlfs.hpp>

/// The network of section 7.5: conv - relu - pool - affine - relu - affine - (softmax).
/// Book: ch07/simple_convnet.py.
struct SimpleConvNetOptions {
  dlfs::Index channels = 1;
  dlfs::Index image = 28;  // height and width
  dlfs::Index filters = 30;
  dlfs::Index kernel = 5;
  dlfs::Index padding = 0;
  dlfs::Index stride = 1;
  dlfs::Index hidden = 100;
  dlfs::Index classes = 10;
};

/// The book starts with Normal{0.01}; with He's weights learning starts sooner (section 6.2.3).
template <class T, class Initializer = dlfs::He>
dlfs::Sequential<T> simple_convnet(dlfs::Rng& rng, const SimpleConvNetOptions& options = {},
                                   const Initializer& initializer = {}) {
  using namespace dlfs;
  const Index convolved =
      (options.image + 2 * options.padding - options.kernel) / options.stride + 1;
  const Index pooled = convolved / 2;
  const Index features = options.filters * pooled * pooled;
  return {
      {"conv1", Convolution<T>({.in = options.channels,
                                .filters = options.filters,
                                .kernel = options.kernel,
                                .stride = options.stride,
                                .padding = options.padding},
                               initializer, rng)},
      {"relu1", Relu<T>()},
      {"pool1", MaxPooling<T>({.kernel = 2, .stride = 2})},
      {"affine1", Affine<T>({.in = features, .out = options.hidden}, initializer, rng)},
      {"relu2", Relu<T>()},
      {"affine2", Affine<T>({.in = options.hidden, .out = options.classes}, initializer, rng)},
  };
}
