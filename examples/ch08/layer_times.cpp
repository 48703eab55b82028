// Section 8.3.1: where the time goes in a deep network.
// Book:    section 8.3.1 (text; figure 8-12: AlexNet, 95 % of the time in convolution)
// Run:     layer_times [--batch-size N]
// Expect:  a table of the layers' times; convolutions take nearly all
#include <cstdio>

#include "ch08/deep_convnet.hpp"
#include "support/program.hpp"
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 8.3.1: where the time goes in a deep network", .batch_size = 100},
      [](const examples::Options& options) {
        Rng rng(0);
        const auto network = deep_convnet<float>(rng);
        const auto x = random_uniform<float>({options.batch_size, 1, 28, 28}, rng);
        std::printf("%s", to_string(profile(network, x)).c_str());
      });
}
