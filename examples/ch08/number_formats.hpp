#pragma once

#include <algorithm>

#include <dlfs/dlfs.hpp>

namespace ch08 {

/// Rounds the numbers of x to the format `Stored`, for example float16.
template <class Stored, class T>
dlfs::Tensor<T> rounded_to(const dlfs::Tensor<T>& x) {
  return dlfs::cast<T>(dlfs::cast<Stored>(x));
}

/// Rounds the network's parameters to `Stored`. Returns their size in that format, in bytes.
template <class Stored, class T>
dlfs::Index round_weights_to(dlfs::Sequential<T>& network) {
  dlfs::Index bytes = 0;
  for (dlfs::Parameter<T>* parameter : network.parameters()) {
    parameter->value = rounded_to<Stored>(parameter->value);
    bytes += parameter->value.size() * static_cast<dlfs::Index>(sizeof(Stored));
  }
  return bytes;
}

/// Rounds the network's weights to 8 bits, with one scale for each filter or unit. Biases stay
/// unchanged. Returns the size of weights, scales and biases, in bytes.
template <class T>
dlfs::Index quantize_weights(dlfs::Sequential<T>& network) {
  dlfs::Index bytes = 0;
  for (dlfs::Parameter<T>* parameter : network.parameters()) {
    dlfs::Tensor<T>& value = parameter->value;
    dlfs::Index numbers = value.size();  // in float: scales, or a bias
    if (value.rank() > 1) {
      const int outputs = value.rank() == 4 ? 0 : 1;  // a convolution's filters, affine units
      const auto quantized = dlfs::quantize(value, outputs);
      value = dlfs::dequantize(quantized);
      numbers = quantized.scales.size();
      bytes += quantized.values.size();
    }
    bytes += numbers * static_cast<dlfs::Index>(sizeof(float));
  }
  return bytes;
}

}  // namespace ch08
