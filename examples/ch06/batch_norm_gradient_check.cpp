// Section 6.3: backpropagation through batch normalisation agrees with numerical gradients.
// Book:    ch06/batch_norm_gradient_check.py (784-100-100-10). The book takes one sample: all its
//          normalised values are zero, and so are most gradients. This program takes 8.
// Run:     batch_norm_gradient_check [--data DIR] [--seed N]
// Expect:  mean differences of at most 1e-9
#include <cstdio>

#include "support/digits.hpp"
#include "support/program.hpp"
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 6.3: gradient check of batch normalisation",
       .seed = 1,
       .reads_digits = true},
      [](const examples::Options& options) {
        const auto batch = slice(examples::load_digits<double>(options).train, 0, 8);
        Rng rng(options.seed);
        const Index units = options.quick ? 10 : 100;
        auto network = multi_layer_net<double>(
            {.hidden = {units, units}, .batch_normalization = true}, He{}, rng);

        const auto report =
            check_gradients(network, SoftmaxCrossEntropy<double>(), batch.inputs, batch.targets);
        for (const auto& tensor : report.tensors) {
          std::printf("%-18s %.2e\n", tensor.tensor.c_str(), tensor.mean_difference);
          if (!(tensor.mean_difference <= 1e-9)) throw ValueError(to_string(report));
        }
      });
}
