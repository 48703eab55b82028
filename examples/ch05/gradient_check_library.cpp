// Section 5.7.3 with the layers of the library: backpropagation agrees with numerical gradients.
// Book:    ch05/gradient_check.py (784-50-10 on the first three training images)
// Run:     gradient_check_library [--data DIR] [--seed N]
// Expect:  mean differences of at most 2e-10 (up to 2e-5 in the book, which adds 1e-7
//          in the log)
#include <cstdio>

#include "ch05/two_layer_net_library.hpp"
#include "support/digits.hpp"
#include "support/program.hpp"

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 5.7.3: gradient check of the two-layer network",
       .seed = 1,
       .reads_digits = true},
      [](const examples::Options& options) {
        const auto batch = slice(examples::load_digits<double>(options).train, 0, 3);
        Rng rng(options.seed);
        auto network = ch05::two_layer_net<double>(784, 50, 10, rng);

        const auto report =
            check_gradients(network, SoftmaxCrossEntropy<double>(), batch.inputs, batch.targets);
        for (const auto& tensor : report.tensors) {
          std::printf("%-15s %.2e\n", tensor.tensor.c_str(), tensor.mean_difference);
          if (!(tensor.mean_difference <= 1e-9)) throw ValueError(to_string(report));
        }
      });
}
