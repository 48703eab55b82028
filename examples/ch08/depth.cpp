// Section 8.1.3: why networks are deep. Stacked small windows see as many pixels as a large one,
// with fewer parameters.
// Book:    section 8.1.3 (text; figures 8-5 and 8-6)
// Run:     depth
// Expect:  a table: two windows of 3x3 see 5x5 pixels, three see 7x7
#include <cstdio>

#include "support/program.hpp"
#include <dlfs/dlfs.hpp>

using namespace dlfs;

constexpr Index image = 31;

/// Stacked convolutions of one channel each.
static Sequential<double> stack(Index layers, Index kernel, Rng& rng) {
  Sequential<double> network;
  for (Index i = 1; i <= layers; ++i) {
    network.add(str_cat("conv", i),
                Convolution<double>({.in = 1, .kernel = kernel, .padding = kernel / 2}, He{}, rng));
  }
  return network;
}

/// The number of pixels in a row on which the middle of the output depends: those with a gradient.
static Index receptive_field(Sequential<double>& network) {
  const Tensor<double> x({1, 1, image, image});
  network.forward(x);
  Tensor<double> dy({1, 1, image, image});
  dy(0, 0, image / 2, image / 2) = 1;
  const Tensor<double> dx = network.backward_to_input(dy);
  return count_nonzero(dx[0][0][image / 2]);
}

static void report(Index layers, Index kernel) {
  Rng rng(1);
  auto network = stack(layers, kernel, rng);
  const Index pixels = receptive_field(network);
  std::printf("%-10s  %11s  %7td\n", str_cat(layers, " of ", kernel, "x", kernel).c_str(),
              str_cat(pixels, "x", pixels).c_str(), layers * kernel * kernel);
}

int main(int argc, char** argv) {
  return examples::run_program(argc, argv, "Section 8.1.3: what stacked convolutions see",
                               [](const examples::Options&) {
                                 std::printf("windows     pixels seen  weights\n");
                                 report(1, 5);
                                 report(2, 3);
                                 report(1, 7);
                                 report(3, 3);
                                 report(1, 15);
                                 report(7, 3);
                               });
}
