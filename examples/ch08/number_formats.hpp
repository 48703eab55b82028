#pragma once

#include <algorithm>

#include <dlfs/dlfs.hpp>

namespace ch08 {

/// The numbers of x as they are after being stored as `Stored`, float16 or another.
template <class Stored, class T>
dlfs::Tensor<T> rounded_to(const dlfs::Tensor<T>& x) {
  return dlfs::cast<T>(dlfs::cast<Stored>(x));
}

/// Rounds the network's parameters to `Stored`; returns the bytes that they take as such.
template <class Stored, class T>
dlfs::Index round_weights_to(dlfs::Sequential<T>& network) {
  dlfs::Index bytes = 0;
  for (dlfs::Parameter<T>* parameter : network.parameters()) {
    parameter->value = rounded_to<Stored>(parameter->value);
    bytes += parameter->value.size() * static_cast<dlfs::Index>(sizeof(Stored));
  }
  return bytes;
}

/// Rounds the network's weights to 8 bits, with a scale for each filter or unit, and leaves biases
/// as they are; returns the bytes that all of it takes.
template <class T>
dlfs::Index quantize_weights(dlfs::Sequential<T>& network) {
  dlfs::Index bytes = 0;
  for (dlfs::Parameter<T>* parameter : network.parameters()) {
    dlfs::Tensor<T>& value = parameter->value;
    dlfs::Index numbers = value.size();  // that are not in 8 bits
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
