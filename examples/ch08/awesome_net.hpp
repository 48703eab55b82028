#pragma once

#include <string>

#include <dlfs/dlfs.hpp>

/// The network that the book leaves to the reader: six convolutions in pairs, as in VGG, with batch
/// normalisation. Each pooling doubles the filters. The last one takes the mean of each channel.
///
///   x (N, 1, 28, 28) -> logits (N, 10); 72,666 parameters
template <class T>
dlfs::Sequential<T> awesome_net(dlfs::Rng& rng) {
  using namespace dlfs;
  Sequential<T> net;
  Index channels = 1;
  int number = 0;
  const auto add_convolution = [&](Index filters) {
    const std::string suffix = std::to_string(++number);
    net.add("conv" + suffix,
            Convolution<T>({.in = channels, .filters = filters, .padding = 1, .bias = false}, He{},
                           rng));
    net.add("norm" + suffix, BatchNormalization<T>({.features = filters}));
    net.add("relu" + suffix, Relu<T>());
    channels = filters;
  };
  add_convolution(16);
  add_convolution(16);
  net.add("pool1", MaxPooling<T>({.kernel = 2, .stride = 2}));
  add_convolution(32);
  add_convolution(32);
  net.add("pool2", MaxPooling<T>({.kernel = 2, .stride = 2}));
  add_convolution(64);
  add_convolution(64);
  net.add("pool3", GlobalAveragePooling<T>());
  net.add("dropout", Dropout<T>({.ratio = 0.2}, rng));
  net.add("affine", Affine<T>({.in = channels, .out = 10}, He{}, rng));
  return net;
}
