#pragma once

#include <string>

#include <dlfs/dlfs.hpp>

/// The network of section 8.1.1: three times conv - relu - conv - relu - pool, then affine - relu -
/// dropout - affine - dropout - (softmax). Book: ch08/deep_convnet.py.
///
///   x (N, 1, 28, 28) -> logits (N, 10)
///
/// The fourth convolution pads by 2, so that images of 14 by 14 become 16 by 16. As in the book, a
/// dropout follows the last layer, too: in training it hides half of the logits. Both dropouts
/// scale in evaluation, because the book's stored weights need it.
template <class T>
dlfs::Sequential<T> deep_convnet(dlfs::Rng& rng, dlfs::Index hidden = 50) {
  using namespace dlfs;
  Sequential<T> net;
  Index channels = 1;
  int number = 1;
  const auto add_convolution = [&](Index filters, Index padding) {
    const std::string suffix = std::to_string(number++);
    net.add("conv" + suffix,
            Convolution<T>({.in = channels, .filters = filters, .padding = padding}, He{}, rng));
    net.add("relu" + suffix, Relu<T>());
    channels = filters;
  };
  const auto add_pooling = [&](const std::string& name) {
    net.add(name, MaxPooling<T>({.kernel = 2, .stride = 2}));
  };
  add_convolution(16, 1);
  add_convolution(16, 1);
  add_pooling("pool1");
  add_convolution(32, 1);
  add_convolution(32, 2);
  add_pooling("pool2");
  add_convolution(64, 1);
  add_convolution(64, 1);
  add_pooling("pool3");
  const DropoutOptions dropout{.ratio = 0.5, .scaling = DropoutScaling::in_evaluation};
  net.add("affine1", Affine<T>({.in = 64 * 4 * 4, .out = hidden}, He{}, rng));
  net.add("relu7", Relu<T>());
  net.add("dropout1", Dropout<T>(dropout, rng));
  net.add("affine2", Affine<T>({.in = hidden, .out = 10}, He{}, rng));
  net.add("dropout2", Dropout<T>(dropout, rng));
  return net;
}
