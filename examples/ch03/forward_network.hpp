#pragma once

#include "ch03/activations.hpp"

// The network of section 3.4: two inputs, three and two hidden units, two outputs.

namespace ch03 {

struct Network {
  dlfs::Tensor<double> W1, b1, W2, b2, W3, b3;
};

inline Network init_network() {
  using dlfs::array;
  return {.W1 = array<double>({{0.1, 0.3, 0.5}, {0.2, 0.4, 0.6}}),
          .b1 = array<double>({0.1, 0.2, 0.3}),
          .W2 = array<double>({{0.1, 0.4}, {0.2, 0.5}, {0.3, 0.6}}),
          .b2 = array<double>({0.1, 0.2}),
          .W3 = array<double>({{0.1, 0.3}, {0.2, 0.4}}),
          .b3 = array<double>({0.1, 0.2})};
}

/// The weighted sums a of each layer, and the activations of them.
struct Signals {
  dlfs::Tensor<double> a1, z1, a2, z2, y;
};

/// x (N, 2) -> y (N, 2), row by row; the output layer's activation is the identity.
inline Signals forward(const Network& network, const dlfs::Tensor<double>& x) {
  Signals s;
  s.a1 = matmul(x, network.W1) + network.b1;
  s.z1 = ch03::sigmoid(s.a1);
  s.a2 = matmul(s.z1, network.W2) + network.b2;
  s.z2 = ch03::sigmoid(s.a2);
  s.y = matmul(s.z2, network.W3) + network.b3;
  return s;
}

}  // namespace ch03
